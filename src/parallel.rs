//! Fallible loops over all threads of the current pool.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::Result;

/// Computes one value per index, in any order, with scratch that each thread reuses.
///
/// # Errors
/// The error of the least index that has one, independent of the threads: equal inputs give equal messages. Indices above a failed
/// index may be left out.
pub(crate) fn try_map_init<W, T: Send>(
    count: usize,
    scratch: impl Fn() -> W + Send + Sync,
    compute: impl Fn(&mut W, usize) -> Result<T> + Send + Sync,
) -> Result<Vec<T>> {
    let failed = AtomicUsize::new(count);
    let results: Vec<Option<Result<T>>> = (0..count)
        .into_par_iter()
        .map_init(scratch, |scratch, index| {
            // Only the order of indices counts, not the memory of other threads.
            if index > failed.load(Ordering::Relaxed) {
                return None;
            }
            let result = compute(scratch, index);
            if result.is_err() {
                failed.fetch_min(index, Ordering::Relaxed);
            }
            Some(result)
        })
        .collect();
    // Omitted results lie above an error, where the collection stops.
    results.into_iter().flatten().collect()
}

/// Computes one value per index, as [`try_map_init`] without scratch.
pub(crate) fn try_map<T: Send>(
    count: usize,
    compute: impl Fn(usize) -> Result<T> + Send + Sync,
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
