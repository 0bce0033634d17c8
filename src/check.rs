//! Checks of arguments, written once: shapes, finite numbers, ranges. Each returns the error that names the argument.

use crate::{Error, Result};
use ndarray::{ArrayView, Dimension, IntoDimension};
use num_complex::Complex;

/// Sums that do not wait for each other.
const SUMS: usize = 8;

/// A number that may be NaN or infinite.
pub trait Finite: Copy {
    /// Zero, or NaN if the number is infinite or NaN. A sum of defects asks many numbers without a branch for each.
    fn defect(self) -> f64;

    /// Whether the number is neither infinite nor NaN.
    #[inline(always)]
    fn finite(self) -> bool {
        self.defect() == 0.0
    }
}

macro_rules! finite {
    ($($number:ty)*) => {$(
        impl Finite for $number {
            #[inline(always)]
            fn defect(self) -> f64 {
                f64::from(self) * 0.0
            }
        }

        impl Finite for Complex<$number> {
            #[inline(always)]
            fn defect(self) -> f64 {
                self.re.defect() + self.im.defect()
            }
        }
    )*};
}

finite! { f64 f32 }

/// Whether no number is infinite or NaN.
#[inline(always)]
pub(crate) fn all_finite<T: Finite>(values: &[T]) -> bool {
    let mut defects = [0.0; SUMS];
    let (whole, rest) = values.as_chunks::<SUMS>();
    for values in whole {
        for i in 0..SUMS {
            defects[i] += values[i].defect();
        }
    }
    let mut defect = 0.0;
    for value in rest {
        defect += value.defect();
    }
    for value in defects {
        defect += value;
    }
    defect == 0.0
}

/// The index of the first entry that is infinite or NaN.
#[inline]
pub(crate) fn first_not_finite<T: Finite, D: Dimension>(
    array: &ArrayView<'_, T, D>,
) -> Option<Vec<usize>> {
    let finite = match array.as_slice() {
        Some(values) => all_finite(values),
        None => array.iter().all(|value| value.finite()),
    };
    if finite { None } else { find(array) }
}

#[cold]
fn find<T: Finite, D: Dimension>(array: &ArrayView<'_, T, D>) -> Option<Vec<usize>> {
    let (index, _) = array.indexed_iter().find(|(_, value)| !value.finite())?;
    Some(index.into_dimension().slice().to_vec())
}

/// Refuses an array that holds a NaN or an infinity, and names the first.
pub(crate) fn finite<T: Finite, D: Dimension>(
    what: &str,
    array: ArrayView<'_, T, D>,
) -> Result<()> {
    match first_not_finite(&array) {
        None => Ok(()),
        Some(index) => Err(Error::not_finite(what, index)),
    }
}

/// Refuses another shape than the expected one.
pub(crate) fn shape(what: &str, found: &[usize], expected: &[usize]) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::shape(what, expected, found)),
    }
}

/// Refuses an argument without entries.
pub(crate) fn not_empty(what: &str, len: usize) -> Result<()> {
    match len {
        0 => Err(Error::empty(what)),
        _ => Ok(()),
    }
}

/// A finite number.
pub(crate) fn finite_number(what: &str, value: f64) -> Result<()> {
    number_with(what, value, true, "a finite number")
}

/// A finite number above 0.
pub(crate) fn positive(what: &str, value: f64) -> Result<()> {
    number_with(what, value, value > 0.0, "a finite number above 0")
}

/// A finite number, 0 or above.
pub(crate) fn not_negative(what: &str, value: f64) -> Result<()> {
    number_with(what, value, value >= 0.0, "a finite number, at least 0")
}

/// A finite angle in radians.
pub(crate) fn angle(what: &str, value: f64) -> Result<()> {
    number_with(what, value, true, "a finite angle")
}

/// A finite vector other than zero; returns it with a largest entry of size 1.
pub(crate) fn direction<const N: usize>(what: &str, vector: [f64; N]) -> Result<[f64; N]> {
    let largest = vector.iter().fold(0.0_f64, |m, c| m.max(c.abs()));
    match all_finite(&vector) && largest > 0.0 {
        true => Ok(vector.map(|c| c / largest)),
        false => Err(Error::invalid(
            what,
            format!("{vector:?}"),
            "a finite vector other than zero",
        )),
    }
}

fn number_with(what: &str, value: f64, allowed: bool, expected: &'static str) -> Result<()> {
    match allowed && value.is_finite() {
        true => Ok(()),
        false => Err(Error::invalid(what, value, expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array3, ArrayView3, Axis, Slice, aview1};
    use num_complex::Complex64;

    /// Any one number of any length, whichever part of it.
    #[test]
    fn every_place_counts() {
        for len in 0..3 * SUMS {
            let values = vec![f64::MAX; len];
            assert!(all_finite(&values));
            assert_eq!(first_not_finite(&aview1(&values)), None);
            for at in 0..len {
                for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    let mut real = values.clone();
                    real[at] = bad;
                    assert!(!all_finite(&real));
                    assert_eq!(first_not_finite(&aview1(&real)), Some(vec![at]));
                    let mut single = vec![f32::MAX; len];
                    assert!(all_finite(&single));
                    single[at] = bad as f32;
                    assert!(!all_finite(&single));
                    for bad in [Complex64::new(bad, 1.0), Complex64::new(1.0, bad)] {
                        let mut complex = vec![Complex64::ONE; len];
                        complex[at] = bad;
                        assert!(!all_finite(&complex));
                    }
                }
            }
        }
    }

    /// Also where the order in memory is another one, or has gaps.
    #[test]
    fn the_first_in_the_order_of_indices_is_named() {
        let mut array = Array3::<f64>::zeros((3, 4, 5));
        array[[1, 3, 0]] = f64::NAN;
        array[[2, 0, 1]] = f64::INFINITY;
        let named = |view: ArrayView3<'_, f64>| match finite("array", view) {
            Err(Error::NotFinite { what, index }) if what == "array" => index,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(array.view()), [1, 3, 0]);
        assert_eq!(named(array.t()), [0, 3, 1]);
        let mut part = array.slice_axis(Axis(0), Slice::from(1..));
        part.slice_axis_inplace(Axis(2), Slice::from(..).step_by(2));
        part.invert_axis(Axis(1));
        assert_eq!(named(part), [0, 0, 0]);
        let finite = array.slice_axis(Axis(0), Slice::from(..1));
        assert_eq!(super::finite("array", finite), Ok(()));
        let none = Array1::<f64>::zeros(0);
        assert_eq!(super::finite("array", none.view()), Ok(()));
    }
}
