//! Normalised associated Legendre functions by recursion in the degree, with an extended exponent.
//!
//! ```math
//! \bar P_{\ell m}(\theta) = (-1)^m \sqrt{\tfrac{2\ell+1}{4\pi} \tfrac{(\ell-m)!}{(\ell+m)!}} \, \sin^m\theta \, \frac{d^m P_\ell(x)}{dx^m} , \qquad
//! Y_{\ell m}(\theta, \varphi) = \bar P_{\ell m}(\theta) \, e^{i m \varphi} , \qquad m \ge 0
//! ```
//! Near the poles $`\sin^m\theta`$ underflows, although the functions of high degree are not small. A value is therefore
//! `mantissa * 2^(-512 * scale)` until its scale reaches zero.

use crate::{Error, Result};
use std::f64::consts::PI;

/// One unit of scale.
pub(crate) const SCALE_UNIT: f64 = f64::from_bits((1023 + 512) << 52);
/// Its inverse.
pub(crate) const SCALE_UNIT_INVERSE: f64 = f64::from_bits((1023 - 512) << 52);
/// Values below this are negligible beside the largest values, which are of order one.
pub(crate) const NEGLIGIBLE: f64 = f64::from_bits((1023 - 128) << 52);
/// A mantissa at or above this loses one unit of scale.
pub(crate) const MANTISSA_LIMIT: f64 = SCALE_UNIT * NEGLIGIBLE;

/// The coupling of neighbouring degrees: $`x \bar P_{\ell} = \epsilon_{\ell+1} \bar P_{\ell+1} + \epsilon_\ell \bar P_{\ell-1}`$.
pub(crate) fn coupling(degree: usize, order: usize) -> f64 {
    let (l, m) = (degree as f64, order as f64);
    ((l - m) * (l + m) / ((2.0 * l - 1.0) * (2.0 * l + 1.0))).sqrt()
}

/// The functions of equal degree and order, $`\bar P_{mm} = c_m \sin^m\theta`$, order after order.
#[derive(Debug, Clone)]
pub(crate) struct Sectoral {
    /// sin θ, rounded.
    sine: f64,
    /// The part of sin θ that the rounding lost.
    sine_low: f64,
    /// m.
    pub order: usize,
    /// Value up to the scale.
    pub mantissa: f64,
    /// Units of scale below the mantissa.
    pub scale: u32,
}

impl Sectoral {
    /// Starts at order zero.
    pub(crate) fn new(sine: f64, cosine: f64) -> Self {
        // sin² + cos² = 1 gives the digits that the rounding of the sine lost, which m multiplications would amplify.
        let defect = (-sine).mul_add(sine, 1.0) - cosine * cosine;
        let sine_low = if sine > 0.5 {
            defect / (2.0 * sine)
        } else {
            0.0
        };
        Sectoral {
            sine,
            sine_low,
            order: 0,
            mantissa: (0.25 / PI).sqrt(),
            scale: 0,
        }
    }

    /// Goes on to the next order, $`\bar P_{mm} = -\sqrt{1 + \tfrac{1}{2m}} \sin\theta \, \bar P_{m-1,m-1}`$.
    pub(crate) fn advance(&mut self) {
        self.order += 1;
        let factor = -(1.0 + 0.5 / self.order as f64).sqrt();
        let p = self.mantissa * factor;
        self.mantissa = p.mul_add(self.sine, p * self.sine_low);
        if self.mantissa.abs() < NEGLIGIBLE && self.mantissa != 0.0 {
            self.mantissa *= SCALE_UNIT;
            self.scale += 1;
        }
    }
}

/// Computes $`\bar P_{\ell m}(\theta)`$ for one order and all degrees below the band limit.
///
/// Conventions: see [`crate::conventions`]. The values include the phase $`(-1)^m`$.
///
/// # Arguments
/// * `order` — $`m \ge 0`$
/// * `colatitude` — θ in radians, in $`[0, \pi]`$
/// * `out` — shape `[L]`, whose length is the band limit; entry `l`, zero for `l < order`; overwritten
///
/// # Cost and accuracy
/// O(L + m) time; values below $`10^{-38}`$ may come out as zero.
///
/// # Errors
/// [`Error::InvalidValue`] if θ is outside $`[0, \pi]`$ or not finite.
///
/// # Examples
/// ```
/// let mut p = [0.0; 2];
/// haarmonic::numeric::normalised_legendre(1, 0.5, &mut p)?;
/// let exact = -(3.0 / (8.0 * std::f64::consts::PI)).sqrt() * 0.5_f64.sin();
/// assert!((p[1] - exact).abs() < 4.0 * f64::EPSILON && p[0] == 0.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn normalised_legendre(order: usize, colatitude: f64, out: &mut [f64]) -> Result<()> {
    check_colatitude(colatitude)?;
    out.fill(0.0);
    let (sine, cosine) = colatitude.sin_cos();
    let mut start = Sectoral::new(sine, cosine);
    if order >= out.len() {
        return Ok(());
    }
    for _ in 0..order {
        start.advance();
    }
    // Near a pole x = ±(1 − u) with a small u: the rounding of x would change all degrees in one direction.
    let (polar, u) = (cosine.abs() > sine, sine * sine / (1.0 + cosine.abs()));
    let times_cosine = |value: f64| {
        if polar {
            (value - u * value) * cosine.signum()
        } else {
            value * cosine
        }
    };
    // P_{l+1} = (x P_l − ε_l P_{l−1}) / ε_{l+1}, with both values at the scale of the current one.
    let (mut scale, mut here, mut before) = (start.scale, start.mantissa, 0.0);
    let mut epsilon = 0.0;
    for (l, value) in out.iter_mut().enumerate().skip(order) {
        if scale == 0 {
            *value = here;
        }
        let epsilon_next = coupling(l + 1, order);
        let next = (times_cosine(here) - epsilon * before) / epsilon_next;
        (before, here, epsilon) = (here, next, epsilon_next);
        if scale > 0 && here.abs() >= MANTISSA_LIMIT {
            here *= SCALE_UNIT_INVERSE;
            before *= SCALE_UNIT_INVERSE;
            scale -= 1;
        }
    }
    Ok(())
}

/// Accepts a colatitude in `[0, π]`.
pub(crate) fn check_colatitude(colatitude: f64) -> Result<()> {
    if (0.0..=PI).contains(&colatitude) {
        return Ok(());
    }
    Err(Error::invalid(
        "colatitude",
        colatitude,
        "radians between 0 and pi",
    ))
}

/// Evaluates the Legendre polynomials $`P_l(1 - u)`$ for all `l < out.len()`.
///
/// The argument `u = 1 − x = 2 sin²(θ/2)` keeps its relative precision at the north pole, and so do the differences
/// $`P_l - P_{l-1}`$ that the recursion carries.
///
/// # Arguments
/// * `u` — in `[0, 2]`; it is not checked
/// * `out` — shape `[L]`, entry `l`; overwritten
///
/// # Cost and accuracy
/// O(L) time.
///
/// # Examples
/// ```
/// let mut p = [0.0; 3];
/// haarmonic::numeric::legendre_polynomials(0.25, &mut p);
/// assert_eq!(p, [1.0, 0.75, 0.34375]);
/// ```
pub fn legendre_polynomials(u: f64, out: &mut [f64]) {
    let (mut value, mut difference) = (1.0, 0.0);
    for (l, slot) in out.iter_mut().enumerate() {
        *slot = value;
        // difference = l (P_l − P_{l−1})
        difference -= (2 * l + 1) as f64 * u * value;
        value += difference / (l + 1) as f64;
    }
}
