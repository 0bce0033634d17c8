//! Layouts of coefficients, and how the axes of arrays are read: a batch, then one signal or its coefficients.

use super::limits::Limits;
use crate::check::Finite;
use crate::{Error, Result};
use ndarray::{Array, ArrayViewMut, Dimension, IxDyn};

/// Where the coefficients of one signal lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[L, 2N − 1]`, entry `[l, m + N − 1]`.
    Full,
    /// `[N (2L + 1 − N) / 2]`, entry `m (2L − 1 − m) / 2 + l`, m ≥ 0, for real signals.
    Half,
}

impl Layout {
    /// Coefficients of one signal.
    pub(crate) fn len(self, limits: Limits) -> usize {
        match self {
            Layout::Full => limits.degrees * (2 * limits.orders - 1),
            Layout::Half => limits.half_len(),
        }
    }

    /// Where order m ≥ 0 of degree m is, and the distance to the next degree.
    pub(crate) fn column(self, limits: Limits, m: usize) -> (usize, usize) {
        match self {
            Layout::Full => {
                let (width, zero) = (2 * limits.orders - 1, limits.orders - 1);
                (m * width + zero + m, width)
            }
            Layout::Half => (half_index(limits.degrees, m, m), 1),
        }
    }
}

/// Coefficients with m ≥ 0 of all orders.
pub(crate) fn half_len(limit: usize) -> usize {
    limit * (limit + 1) / 2
}

/// Where the half layout has degree l and order m ≥ 0.
#[inline(always)]
pub(crate) fn half_index(limit: usize, l: usize, m: usize) -> usize {
    m * (2 * limit - 1 - m) / 2 + l
}

/// The leading axes of an array, whose last ones have to be `axes`.
pub(crate) fn leading<'a>(what: &str, shape: &'a [usize], axes: &[usize]) -> Result<&'a [usize]> {
    let wanted = || format!("[.., {}]", join(axes));
    shape
        .strip_suffix(axes)
        .ok_or_else(|| Error::shape(what, wanted(), shape.to_vec()))
}

/// Returns the layout of an array of coefficients with the leading axes of the signals.
pub(crate) fn layout_of<C: Copy, const N: usize>(
    what: &str,
    shape: &[usize],
    leading: &[usize],
    layouts: [(C, &[usize]); N],
) -> Result<C> {
    let fits = |axes: &[usize]| shape.strip_suffix(axes) == Some(leading);
    if let Some((layout, _)) = layouts.iter().find(|(_, axes)| fits(axes)) {
        return Ok(*layout);
    }
    let wanted = layouts.map(|(_, axes)| format!("[{}]", join(&[leading, axes].concat())));
    Err(Error::shape(what, wanted.join(" or "), shape.to_vec()))
}

/// A shape with the leading axes of an array, and others in place of its last `count`.
pub(crate) fn replace_axes<D: Dimension>(
    what: &str,
    shape: &[usize],
    count: usize,
    axes: &[usize],
) -> Result<D> {
    let Some(leading) = shape.len().checked_sub(count) else {
        let expected = format!("{count} axes or more");
        return Err(Error::shape(what, expected, shape.to_vec()));
    };
    let mut replaced = D::zeros(leading + axes.len());
    replaced.slice_mut()[..leading].copy_from_slice(&shape[..leading]);
    replaced.slice_mut()[leading..].copy_from_slice(axes);
    Ok(replaced)
}

/// Works on an array as one slice, or on a copy that is written back if the work succeeds.
pub(crate) fn in_place<T: Finite + Default>(
    array: &mut ArrayViewMut<'_, T, IxDyn>,
    work: impl FnOnce(&mut [T]) -> bool,
) -> bool {
    if let Some(values) = array.as_slice_mut() {
        return work(values);
    }
    let mut copy = Array::from_elem(array.raw_dim(), T::default());
    let done = work(copy.as_slice_mut().expect("a new array is contiguous"));
    if done {
        array.assign(&copy);
    }
    done
}

fn join(axes: &[usize]) -> String {
    let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
    axes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_layout_has_no_gaps() {
        for limit in 1..9 {
            for orders in 1..=limit {
                let column = |m| (m..limit).map(move |l| half_index(limit, l, m));
                let limits = Limits::new(limit, orders).unwrap();
                let entries = (0..orders).flat_map(column);
                assert!(entries.eq(0..Layout::Half.len(limits)), "{limit} {orders}");
            }
        }
    }

    #[test]
    fn the_rank_tells_the_layout() {
        let layouts: [(Layout, &[usize]); 2] = [(Layout::Full, &[2, 3]), (Layout::Half, &[3])];
        for (shape, leading, want) in [
            (&[2, 3][..], &[][..], Some(Layout::Full)),
            (&[3], &[], Some(Layout::Half)),
            (&[5, 3], &[5], Some(Layout::Half)),
            (&[2, 3], &[2], Some(Layout::Half)),
            (&[4, 2, 3], &[4], Some(Layout::Full)),
            (&[4, 2, 3], &[4, 2], Some(Layout::Half)),
            (&[4, 3], &[5], None),
            (&[2, 4], &[], None),
        ] {
            let found = layout_of("coefficients", shape, leading, layouts);
            assert_eq!(found.ok(), want, "{shape:?} {leading:?}");
        }
        let error = layout_of("coefficients", &[7], &[2], layouts).unwrap_err();
        assert!(error.to_string().contains("[2, 2, 3] or [2, 3]"), "{error}");
    }
}
