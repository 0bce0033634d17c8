//! Normal random numbers from uniform ones.

use num_complex::Complex64;
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// Draws a complex normal number z with $`\mathrm E |z|^2 = 1`$, whose real and imaginary part are independent of variance 1/2.
///
/// The modulus has $`P(|z|^2 > t) = e^{-t}`$ and the phase is uniform (Box and Muller): two uniform numbers for each z, so that how many
/// numbers were drawn does not depend on their values. The elementary functions are those of `libm`, which are the same on every machine.
///
/// # References
/// BM58.
#[inline]
pub(crate) fn complex_normal<R: Rng + ?Sized>(rng: &mut R) -> Complex64 {
    // In (0, 1], so that the logarithm is finite.
    let below = 1.0 - rng.random::<f64>();
    let radius = (-libm::log(below)).sqrt();
    let (sin, cos) = libm::sincos(TAU * rng.random::<f64>());
    Complex64::new(radius * cos, radius * sin)
}

/// Draws a real normal number of variance 1, from as many uniform numbers as a complex one.
#[inline]
pub(crate) fn real_normal<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    std::f64::consts::SQRT_2 * complex_normal(rng).re
}
