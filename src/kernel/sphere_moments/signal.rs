//! Signals on the sphere by their coefficients in a real basis.

use std::f64::consts::{PI, SQRT_2};

use ndarray::ArrayView3;
use num_complex::Complex64;

/// The coefficients of a signal in real harmonics, over $`\sqrt{4\pi c}`$ for c channels.
///
/// The correlation of two signals at r = e is then the sum of all products.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MomentSignal {
    /// Degree after degree: 2l + 1 rows of one number per channel.
    values: Vec<f64>,
    channels: usize,
}

impl MomentSignal {
    /// Converts a signal.
    ///
    /// # Arguments
    /// * `coeffs` — of a real signal, shape `[channels, L, 2L − 1]`
    pub(super) fn new(coeffs: ArrayView3<'_, Complex64>) -> Self {
        let (channels, band_limit, _) = coeffs.dim();
        let norm = (4.0 * PI * channels as f64).sqrt().recip();
        let mut values = Vec::with_capacity(channels * band_limit * band_limit);
        for l in 0..band_limit {
            let mut row = |m: usize, part: fn(Complex64) -> f64, scale: f64| {
                let of_channel = |c| scale * part(coeffs[[c, l, m + band_limit - 1]]);
                values.extend((0..channels).map(of_channel));
            };
            row(0, |z| z.re, norm);
            for m in 1..=l {
                row(m, |z| z.re, SQRT_2 * norm);
                row(m, |z| z.im, SQRT_2 * norm);
            }
        }
        MomentSignal { values, channels }
    }

    /// The rows of a degree, 2l + 1 of one number per channel.
    pub(super) fn degree(&self, l: usize) -> &[f64] {
        &self.values[self.channels * l * l..self.channels * (l + 1) * (l + 1)]
    }

    /// The correlation of the signal with itself at r = e.
    pub(super) fn mean_square(&self) -> f64 {
        self.values.iter().map(|v| v * v).sum()
    }
}
