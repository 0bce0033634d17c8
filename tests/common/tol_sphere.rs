//! Tolerances of the sphere tests, and the one comparison that uses them. All are relative to the largest value compared.

#![allow(dead_code)]

use num_complex::Complex64;

/// The agreed bound against the golden file.
pub const GOLDEN: f64 = 4504.0 * f64::EPSILON;

/// Closed forms of low degree: a few operations each.
pub const CLOSED_FORM: f64 = 16.0 * f64::EPSILON;

/// Quadrature of polynomials: a sum of positive terms, each correct to a few ε.
pub fn quadrature(nodes: usize) -> f64 {
    8.0 * f64::EPSILON * (nodes as f64).sqrt().max(1.0)
}

/// Transforms: rounding in the recursion grows like L^1.5 at single points, its share of a whole signal like L; measured 0.4 L ε.
pub fn transform(band_limit: usize) -> f64 {
    8.0 * f64::EPSILON * (4.0 + band_limit as f64)
}

/// Sums over all orders at one point (addition theorem): the L^1.5 of the recursion shows; measured 0.02 L^1.5 ε near the poles.
pub fn point(band_limit: usize) -> f64 {
    f64::EPSILON * (32.0 + 0.5 * (band_limit as f64).powf(1.5))
}

/// Compares entry by entry, relative to the largest wanted value; refuses NaN and infinity.
#[track_caller]
pub fn assert_close<'a, T: Into<Complex64> + Copy + 'a>(
    found: impl IntoIterator<Item = &'a T>,
    wanted: impl IntoIterator<Item = &'a T>,
    tolerance: f64,
) {
    let found: Vec<Complex64> = found.into_iter().map(|v| (*v).into()).collect();
    let wanted: Vec<Complex64> = wanted.into_iter().map(|v| (*v).into()).collect();
    assert_eq!(found.len(), wanted.len(), "numbers of values");
    let scale = wanted.iter().fold(0.0_f64, |a, v| a.max(v.norm()));
    for (i, (f, w)) in found.iter().zip(&wanted).enumerate() {
        assert!(f.is_finite() && w.is_finite(), "index {i}: {f} against {w}");
        let error = (f - w).norm();
        assert!(
            error <= tolerance * scale,
            "index {i}: found {f}, wanted {w}, error {error:e}, allowed {:e}",
            tolerance * scale
        );
    }
}
