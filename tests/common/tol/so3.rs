//! Wigner functions and transforms on SO(3).

pub const GOLDEN: f64 = super::GOLDEN;

/// Wigner functions: seeds are products of up to 2ℓ rounded factors, and rounding enters the recursion at each of ℓ steps.
pub fn wigner_d(degree: usize) -> f64 {
    4.0 * f64::EPSILON * (degree as f64 + 4.0)
}

/// Sums of up to L² terms bounded by one with Wigner functions of degree below L, errors adding as a random walk.
pub fn transform(band_limit: usize) -> f64 {
    16.0 * f64::EPSILON * (band_limit as f64 + 4.0)
}

/// Synthesis on SO(3) against sums in double-double arithmetic, relative to the largest sample: a quarter of this was seen.
pub fn synthesis(band_limit: usize) -> f64 {
    2.0 * f64::EPSILON * (band_limit as f64 + 4.0)
}

/// Wigner functions that do not oscillate, relative to their own values: the seeds have powers up to 2ℓ of a sine and a cosine that
/// are rounded, an ε each, and as many rounded products.
pub fn tiny_wigner_d(degree: usize) -> f64 {
    4.0 * f64::EPSILON * (degree as f64 + 4.0)
}

/// Explicit factorial sums lose a factor that grows like $`2^{\ell}`$ to cancellation.
pub fn factorial_sum(degree: usize) -> f64 {
    8.0 * f64::EPSILON * 2.0_f64.powi(degree as i32)
}

/// Brute-force quadrature on the sphere: some thousand terms, each with an error of a transform.
pub fn quadrature(band_limit: usize) -> f64 {
    4.0 * transform(band_limit)
}

/// A rotation of coefficients, relative to the norm of the degree: rounding at each of L steps adds like a random walk, four times as
/// much where the recursion changes at sin β = 1/2. Measured: 3.4e-15 at L = 65, 5.1e-15 at L = 512; this is four times it.
pub fn rotation(band_limit: usize) -> f64 {
    f64::EPSILON * (16.0 + 6.0 * (band_limit as f64).sqrt())
}

/// A rotation found by matching: the gradient is known to about ε of the curvature; the promise is 1e-8, 4.5e7 ε.
pub const MATCHED: f64 = 4.5e5 * f64::EPSILON;

/// Wigner symbols, relative to the largest of their family: rounding of the coefficients and of each step of a recursion adds like a random
/// walk. Measured: 4e-15 at degree 10, 4e-14 at degree 10⁴.
pub fn symbol(degree: usize) -> f64 {
    f64::EPSILON * (16.0 + 4.0 * (degree as f64).sqrt())
}

/// Below this part of the largest value of a family, all values lie in a tail.
pub const TAIL: f64 = f64::EPSILON * f64::EPSILON;

/// Wigner symbols in a tail, relative to their own values: a product of as many ratios as the degree.
pub fn symbol_tail(degree: usize) -> f64 {
    4.0 * f64::EPSILON * (16.0 + degree as f64)
}

/// A root of a rational number, and the root of a quotient of two rounded numbers.
pub const EXACT: f64 = 4.0 * f64::EPSILON;
