//! Pixels of maps that were not measured: the mark of HEALPix and NaN.

use super::transform::Sample;
use crate::{Error, Result};
use ndarray::{ArrayView, IxDyn};

/// The value that marks a masked pixel of a HEALPix map.
///
/// A map in single precision holds the nearest `f32`; both count as the mark, as does every number within 1e-5 of it, the
/// tolerance of healpy. It is no value: transforms of [`RingPlan`](super::RingPlan) refuse it.
pub const UNSEEN: f64 = -1.6375e30;

/// The largest relative distance from the mark at which a number counts as the mark; the tolerance of healpy.
const TOLERANCE: f64 = 1e-5;

/// Whether a number marks a masked pixel.
#[inline(always)]
fn is_unseen(value: f64) -> bool {
    (value - UNSEEN).abs() <= -TOLERANCE * UNSEEN
}

/// Whether a pixel is masked: the mark, or NaN.
pub(super) fn is_masked<T: Pixel>(pixel: T) -> bool {
    let number = pixel.value();
    number.is_nan() || is_unseen(number)
}

/// A real sample of a map: `f32` or `f64`. An example is at [`masked_to`].
pub trait Pixel: Sample {
    /// The sample in double precision.
    fn value(self) -> f64;
}

impl Pixel for f64 {
    fn value(self) -> f64 {
        self
    }
}

impl Pixel for f32 {
    fn value(self) -> f64 {
        self.into()
    }
}

/// Replaces masked pixels, [`UNSEEN`] or NaN, and returns which pixels were masked.
///
/// Before an analysis, users of healpy set masked pixels to zero, or to the mean of the other pixels. Either value leaves a bias
/// that depends on the mask.
///
/// # Arguments
/// * `map` — real samples in any order; masked ones are overwritten
/// * `value` — the new value of masked pixels
///
/// # Errors
/// [`Error::NotFinite`] if `value` or an entry of the map is infinite, or `value` is NaN; the map is unchanged then.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{UNSEEN, masked_to};
/// let mut map = [1.0, UNSEEN, f64::NAN, 3.0];
/// assert_eq!(masked_to(&mut map, 0.0)?, [false, true, true, false]);
/// assert_eq!(map, [1.0, 0.0, 0.0, 3.0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn masked_to<T: Pixel>(map: &mut [T], value: T) -> Result<Vec<bool>> {
    let not_finite = |what: &str, index| Err(Error::not_finite(what, index));
    if !value.finite() {
        return not_finite("value of masked pixels", Vec::new());
    }
    if let Some(index) = map.iter().position(|pixel| pixel.value().is_infinite()) {
        return not_finite("map", vec![index]);
    }
    let mask = map.iter_mut().map(|pixel| {
        let masked = is_masked(*pixel);
        if masked {
            *pixel = value;
        }
        masked
    });
    Ok(mask.collect())
}

/// Refuses samples with masked pixels.
pub(super) fn check_unmasked<T: Sample>(samples: &ArrayView<'_, T, IxDyn>) -> Result<()> {
    let masked = samples
        .iter()
        .filter(|sample| (0..T::ROWS).any(|part| is_unseen(sample.part(part))))
        .count();
    if masked == 0 {
        return Ok(());
    }
    Err(Error::invalid(
        "samples",
        format!(
            "{masked} masked pixels of {} (UNSEEN, -1.6375e30)",
            samples.len()
        ),
        "values everywhere: set masked pixels to zero or another value first (`sphere::masked_to`)",
    ))
}
