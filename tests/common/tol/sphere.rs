//! Transforms on the sphere, relative to the largest value compared.

pub const CLOSED_FORM: f64 = super::CLOSED_FORM;
pub const GOLDEN: f64 = super::GOLDEN;

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

/// A matrix that is found from its products with some vectors, relative to the sizes of its rows.
pub fn solved(condition: f64) -> f64 {
    64.0 * f64::EPSILON * condition
}

/// Mode-coupling matrices, relative to their largest entry: sums of 2L products of Wigner functions, each with a rounding error that grows like the
/// root of L.
pub fn coupling(band_limit: usize) -> f64 {
    f64::EPSILON * (32.0 + 8.0 * (band_limit as f64).sqrt())
}
