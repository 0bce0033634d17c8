//! Transforms against the double-double oracle, and the oracle itself.

/// A decimal number of 40 digits is read with some roundings, a sine has some thirty: in units of 2⁻¹⁰⁴.
pub const DD_CONSTANT: f64 = 16.0;

/// A few operations of at most two units each.
pub const DD_OPERATION: f64 = 8.0;

/// Sine of an angle whose own last place counts.
pub const DD_ANGLE: f64 = 8.0;

/// Recursions in the degree lose about as many units as the degree, a few times as many at single points.
pub fn dd_recursion(degree: usize) -> f64 {
    64.0 + 64.0 * degree as f64
}

pub const CLOSED_FORM: f64 = super::CLOSED_FORM;

/// Wigner functions of the crate: some ε at low degrees; rounding of the recursion grows more slowly than the degree.
pub fn wigner(degree: usize) -> f64 {
    f64::EPSILON * (8.0 + 0.25 * degree as f64)
}

/// Gauss–Legendre angles and weights of the crate, relative: rounded once or twice.
pub const NODE: f64 = 8.0 * f64::EPSILON;

/// Synthesis, relative to the largest sample: a recursion of L steps loses up to L^1.5 ε at single points, its share of all
/// others is L ε. The largest that was seen, up to L = 2048, is a third of this.
pub fn synthesis(band_limit: usize) -> f64 {
    let limit = band_limit as f64;
    f64::EPSILON * (12.0 + limit + 0.15 * limit.powf(1.5))
}

/// Analysis of rounded samples, absolute, coefficients of size one: the errors of single points are averaged. The largest
/// that was seen is (4 + 1.5 L) ε.
pub fn analysis(band_limit: usize) -> f64 {
    f64::EPSILON * (12.0 + 4.0 * band_limit as f64)
}

/// Synthesis in single precision rounds once: half a unit of the largest sample, and what double precision adds.
pub const SINGLE_SYNTHESIS: f64 = 0.51 * f32::EPSILON as f64;

/// Analysis of samples in single precision: their roundings add up like independent ones.
pub const SINGLE_ANALYSIS: f64 = f32::EPSILON as f64;

/// Functions of spin with some orders only, on some rings: fewer terms, and the largest sample is smaller. The largest that was seen is
/// 1.54 times the bound of [`synthesis`].
pub fn spin_synthesis(band_limit: usize) -> f64 {
    2.0 * synthesis(band_limit)
}

/// Low orders on the rings next to the poles, relative to the bound of the sum: the rounding of the recursion adds up there;
/// the largest that was seen, in order 0, is 0.21 L^1.5 ε.
pub fn polar_ring(band_limit: usize) -> f64 {
    f64::EPSILON * (8.0 + 0.6 * (band_limit as f64).powf(1.5))
}
