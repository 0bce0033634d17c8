//! Fallible loops over all threads of the current pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::Result;

/// Calls a function for each index, in any order. The loop is compiled once for all functions: a call through a pointer is nothing beside
/// the work of an index.
fn for_each_index(count: usize, body: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(body);
}

/// A panic ends the loop, so nobody looks at what it left behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Computes one value per index, in any order, with scratch that each thread reuses.
///
/// # Errors
/// The error of the least index that has one, independent of the threads: equal inputs give equal messages. Indices above a failed
/// index may be left out.
pub(crate) fn try_map_init<W: Send, T: Send>(
    count: usize,
    scratch: impl Fn() -> W + Sync,
    compute: impl Fn(&mut W, usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let failed = AtomicUsize::new(count);
    let idle: Mutex<Vec<W>> = Mutex::default();
    let results: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::default()).collect();
    for_each_index(count, &|index| {
        // Only the order of indices counts, not the memory of other threads.
        if index > failed.load(Ordering::Relaxed) {
            return;
        }
        let free = lock(&idle).pop();
        let mut own = free.unwrap_or_else(&scratch);
        let result = compute(&mut own, index);
        lock(&idle).push(own);
        if result.is_err() {
            failed.fetch_min(index, Ordering::Relaxed);
        }
        *lock(&results[index]) = Some(result);
    });
    // Omitted results lie above an error, where the collection stops.
    let results = results
        .into_iter()
        .map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
    results.flatten().collect()
}

/// Computes one value per index, as [`try_map_init`] without scratch.
pub(crate) fn try_map<T: Send>(
    count: usize,
    compute: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    try_map_init(count, || (), |(), index| compute(index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_first_error_is_returned() {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(4)
            .build()
            .unwrap();
        let error = |index: usize| Error::invalid("index", index, "a small one");
        for _ in 0..200 {
            let found = pool.install(|| {
                try_map(1000, |index| match index {
                    0..=6 => {
                        std::thread::yield_now();
                        Ok(index)
                    }
                    _ => Err(error(index)),
                })
            });
            assert_eq!(found, Err(error(7)));
        }
        assert_eq!(try_map(3, Ok), Ok(vec![0, 1, 2]));
    }
}
