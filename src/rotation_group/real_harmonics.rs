//! Coefficients of a real signal on the sphere, laid out for vector arithmetic.

use std::f64::consts::PI;

use ndarray::ArrayView3;
use num_complex::Complex64;

use crate::{Error, Result};

/// Numbers in the widest vector register there is; every row is padded to a multiple of it.
pub(super) const LANES: usize = 8;

pub(super) fn padded(len: usize) -> usize {
    len.next_multiple_of(LANES)
}

/// The coefficients of order m ≥ 0 of a real signal with several channels, split into real and
/// imaginary parts and laid out for [`RealCorrelator`](super::RealCorrelator).
///
/// Memory: about `$`C (L+8) L`$` numbers for L < 8, `$`C L^2`$` for large L.
#[derive(Debug, Clone)]
pub struct RealHarmonics {
    pub(super) band_limit: usize,
    pub(super) channels: usize,
    /// Degree by degree, channel by channel, `padded(l + 1)` orders.
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
    mean_square: f64,
}

impl RealHarmonics {
    /// Takes the orders m ≥ 0 from the coefficients of a real signal.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[channels, L, 2L − 1]`, entry `[c, l, m + L − 1]`; orders m < 0 are not
    ///   read, since a real signal has `$`f_{l,-m} = (-1)^m \overline{f_{lm}}`$`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] or [`Error::Empty`] if the shape is not as above,
    /// [`Error::NotFinite`] if a coefficient is not finite.
    pub fn new(coeffs: ArrayView3<'_, Complex64>) -> Result<Self> {
        let (channels, band_limit, width) = coeffs.dim();
        if channels == 0 || band_limit == 0 {
            return Err(Error::Empty {
                what: "coefficients".into(),
            });
        }
        if width != 2 * band_limit - 1 {
            return Err(Error::ShapeMismatch {
                what: "coefficients".into(),
                expected: format!("[channels, {band_limit}, {}]", 2 * band_limit - 1),
                found: coeffs.shape().to_vec(),
            });
        }
        let len = channels * (0..band_limit).map(|l| padded(l + 1)).sum::<usize>();
        let (mut re, mut im) = (vec![0.0; len], vec![0.0; len]);
        let (mut row, mut square) = (0, 0.0);
        for l in 0..band_limit {
            for c in 0..channels {
                for m in 0..=l {
                    let value = coeffs[[c, l, band_limit - 1 + m]];
                    if !(value.re.is_finite() && value.im.is_finite()) {
                        return Err(Error::NotFinite {
                            what: "coefficients".into(),
                            index: vec![c, l, band_limit - 1 + m],
                        });
                    }
                    // The imaginary part of order zero vanishes for a real signal.
                    let imaginary = if m == 0 { 0.0 } else { value.im };
                    re[row + m] = value.re;
                    im[row + m] = imaginary;
                    let multiplicity = if m == 0 { 1.0 } else { 2.0 };
                    square += multiplicity * (value.re * value.re + imaginary * imaginary);
                }
                row += padded(l + 1);
            }
        }
        Ok(RealHarmonics {
            band_limit,
            channels,
            re,
            im,
            mean_square: square / (4.0 * PI * channels as f64),
        })
    }

    /// Band limit `L`, exclusive.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The mean over the sphere of the mean over the channels of the squared signal: the
    /// correlation of the signal with itself at the identity.
    pub fn mean_square(&self) -> f64 {
        self.mean_square
    }
}
