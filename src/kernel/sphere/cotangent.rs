//! Cotangents of signals on the sphere.
//!
//! The numbers of a real signal are the real and imaginary parts of its coefficients, channel by channel, order m ≥ 0 by order, degree l ≥ m by
//! degree. Its cotangent is the array of derivatives by these numbers; the coefficients of order −m move with those of order m. The derivative
//! itself is a real function $`\bar f`$ on the sphere, with $`\delta = \int \bar f \, \delta f`$: its coefficients of order m > 0 are half of the
//! derivatives by the real and the imaginary part, since each of these numbers stands for two orders.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;

use crate::Result;
use crate::group::EulerZyz;
use crate::sphere::{CoefficientRotation, CoefficientRotationScratch};

/// The length of the cotangent of a signal with some channels.
pub(crate) fn cotangent_len(channels: usize, band_limit: usize) -> usize {
    channels * channel_len(band_limit)
}

/// The length of the cotangent of one channel.
pub(crate) fn channel_len(band_limit: usize) -> usize {
    band_limit * (band_limit + 1)
}

/// The order m and the degree l of each coefficient of a channel, in the order of its numbers.
pub(crate) fn places(band_limit: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..band_limit).flat_map(move |m| (m..band_limit).map(move |l| (m, l)))
}

/// Writes the coefficients of the derivative as a function, shape `[L, 2L − 1]`.
pub(crate) fn write_coefficients(cotangent: &[f64], mut coeffs: ArrayViewMut2<'_, Complex64>) {
    let band_limit = coeffs.nrows();
    coeffs.fill(Complex64::ZERO);
    for ((m, l), number) in places(band_limit).zip(cotangent.chunks_exact(2)) {
        let own = match m {
            0 => Complex64::new(number[0], 0.0),
            _ => 0.5 * Complex64::new(number[0], number[1]),
        };
        let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
        coeffs[[l, band_limit - 1 - m]] = sign * own.conj();
        coeffs[[l, band_limit - 1 + m]] = own;
    }
}

/// Adds the cotangent whose derivative as a function has coefficients `coeffs`.
fn add_coefficients(coeffs: ArrayView2<'_, Complex64>, cotangent: &mut [f64]) {
    let band_limit = coeffs.nrows();
    for ((m, l), number) in places(band_limit).zip(cotangent.chunks_exact_mut(2)) {
        let own = coeffs[[l, band_limit - 1 + m]];
        if m == 0 {
            number[0] += own.re;
        } else {
            number[0] += 2.0 * own.re;
            number[1] += 2.0 * own.im;
        }
    }
}

/// Adds the cotangents of a rotated signal, rotated back, to those of the signal, channel by channel.
///
/// # Arguments
/// * `back` — the plan, and the rotation that takes the cotangents back; none for the identity
pub(crate) fn add_rotated_back(
    pulled: &[f64],
    band_limit: usize,
    back: Option<(&CoefficientRotation, &EulerZyz)>,
    scratch: &mut CoefficientRotationScratch,
    cotangent: &mut [f64],
) -> Result<()> {
    let mut own = Array2::zeros((band_limit, 2 * band_limit - 1));
    let mut rotated = own.clone();
    let len = channel_len(band_limit);
    for (out, pulled) in cotangent
        .chunks_exact_mut(len)
        .zip(pulled.chunks_exact(len))
    {
        write_coefficients(pulled, own.view_mut());
        let Some((rotation, g)) = back else {
            add_coefficients(own.view(), out);
            continue;
        };
        rotation.rotate_into(own.view(), g, rotated.view_mut(), scratch)?;
        add_coefficients(rotated.view(), out);
    }
    Ok(())
}
