//! Spin-weighted signals at rings, by sums over functions in double-double arithmetic.

use super::double_double::Dd;
use super::harmonics_oracle::spin_harmonic;
use haarmonic::sphere::Rings;
use ndarray::{Array1, Array2, ArrayView2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Coefficients `[L, 2N − 1]`, zero where |m| > l and below the spin; those of a real signal if asked for.
pub fn random_coeffs(
    [degrees, orders]: [usize; 2],
    least: usize,
    real: bool,
    seed: u64,
) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut coeffs = Array2::zeros((degrees, 2 * orders - 1));
    let zero = orders - 1;
    for l in least..degrees {
        for m in 0..=l.min(zero) {
            let mut number =
                || Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5);
            let (mut plus, mut minus) = (number(), number());
            if real {
                if m == 0 {
                    plus.im = 0.0;
                }
                minus = if m % 2 == 0 {
                    plus.conj()
                } else {
                    -plus.conj()
                };
            }
            coeffs[[l, zero - m]] = minus;
            coeffs[[l, zero + m]] = plus;
        }
    }
    coeffs
}

/// $`\sum \hat f_{\ell m} \, {}_sY_{\ell m}`$ at all samples of rings, for coefficients `[L, 2N − 1]`.
pub fn spin_sums(coeffs: ArrayView2<'_, Complex64>, spin: i64, rings: &Rings) -> Array1<Complex64> {
    let (degrees, zero) = (coeffs.nrows(), coeffs.ncols() / 2);
    let mut samples = Array1::zeros(rings.samples());
    for (index, ring) in rings.rings().iter().enumerate() {
        let orders: Vec<Complex64> = (0..coeffs.ncols())
            .map(|column| {
                let m = column as i64 - zero as i64;
                let first = m.unsigned_abs().max(spin.unsigned_abs()) as usize;
                if first >= degrees {
                    return Complex64::ZERO;
                }
                let functions = spin_harmonic(degrees, spin, m, Dd::from(ring.colatitude));
                let terms = functions.iter().zip(first..);
                terms.map(|(y, l)| y.round() * coeffs[[l, column]]).sum()
            })
            .collect();
        for (p, at) in rings.range(index).enumerate() {
            let phi = ring.first_longitude + 2.0 * PI * p as f64 / ring.longitudes as f64;
            for (column, order) in orders.iter().enumerate() {
                let m = column as f64 - zero as f64;
                samples[at] += order * Complex64::cis(m * phi);
            }
        }
    }
    samples
}

/// $`\sum \overline{a} b`$.
pub fn product<'a>(
    a: impl IntoIterator<Item = &'a Complex64>,
    b: impl IntoIterator<Item = &'a Complex64>,
) -> Complex64 {
    a.into_iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}
