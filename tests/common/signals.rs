//! Random real signals on the sphere, as coefficients.

use ndarray::Array4;
use num_complex::Complex64;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Coefficients `[n, channels, L, 2L − 1]` with `$`f_{l,-m} = (-1)^m \overline{f_{lm}}`$`, uniform in the square of side
/// 2 and divided by `(1 + l)^falloff`.
pub fn random_signals(
    rng: &mut ChaCha8Rng,
    [n, channels, band_limit]: [usize; 3],
    falloff: i32,
) -> Array4<Complex64> {
    let mut coeffs = Array4::zeros((n, channels, band_limit, 2 * band_limit - 1));
    for mut signal in coeffs.outer_iter_mut() {
        for mut channel in signal.outer_iter_mut() {
            for l in 0..band_limit {
                for m in 0..=l {
                    let re = rng.random_range(-1.0..1.0);
                    let im = if m == 0 {
                        0.0
                    } else {
                        rng.random_range(-1.0..1.0)
                    };
                    let value = Complex64::new(re, im) / (1.0 + l as f64).powi(falloff);
                    let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
                    channel[[l, band_limit - 1 - m]] = sign * value.conj();
                    channel[[l, band_limit - 1 + m]] = value;
                }
            }
        }
    }
    coeffs
}
