//! Bumps on the sphere whose profile is a Gaussian of the cosine.

use std::f64::consts::PI;

use crate::numeric::{GaussLegendre, legendre_polynomials};
use crate::sphere::limits::check_band_limit;
use crate::{Error, Result};

/// The value of the profile at its angular width.
const VALUE_AT_WIDTH: f64 = 0.05;
/// The value of u beyond which exp(−u²) is neglected; it is far below ε there.
const PROFILE_REACH: f64 = 7.0;
/// The number of quadrature nodes for exp(−u²) on `[0, PROFILE_REACH]`; a factor that is a polynomial of degree d needs d / 2 more.
const PROFILE_NODES: usize = 48;

/// The constant b of the profile $`\exp(-(t - 1)^2 / b)`$, which is 0.05 at the angular width.
pub(crate) fn bump_variance(angular_width: f64) -> f64 {
    // 1 − cos ω = 2 sin²(ω/2) keeps its digits for a small ω.
    let drop = 2.0 * (0.5 * angular_width).sin().powi(2);
    -drop * drop / VALUE_AT_WIDTH.ln()
}

/// Refuses angular widths out of range.
///
/// # Errors
/// [`Error::InvalidValue`] for a width outside (0, π], or so small that b is no normal number.
pub(crate) fn check_bump_width(angular_width: f64) -> Result<()> {
    let ok = angular_width > 0.0 && angular_width <= PI && bump_variance(angular_width).is_normal();
    match ok {
        true => Ok(()),
        false => Err(Error::invalid(
            "angular width",
            angular_width,
            "a width in (0, π]",
        )),
    }
}

/// The Funk–Hecke coefficients $`\lambda_\ell = 2\pi \int_{-1}^{1} \exp(-(t - 1)^2 / b) P_\ell(t) \, dt`$ of a bump, with an error of a few ε ·
/// $`\lambda_0`$.
///
/// # Errors
/// [`Error::InvalidValue`] for a band limit or a width out of range.
pub(crate) fn bump_coefficients(angular_width: f64, band_limit: usize) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    check_bump_width(angular_width)?;
    let natural_width = bump_variance(angular_width).sqrt();
    // In u = (1 − t)/√b the profile is exp(−u²), and the Gauss–Legendre nodes cover only u ≤ PROFILE_REACH.
    let reach = PROFILE_REACH.min(2.0 / natural_width);
    let rule = GaussLegendre::new(PROFILE_NODES + band_limit / 2)?;
    let mut lambda = vec![0.0; band_limit];
    let mut polynomials = vec![0.0; band_limit];
    for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
        let u = 0.5 * reach * (1.0 + node);
        let mass = PI * reach * natural_width * weight * (-u * u).exp();
        // The recurrence takes 1 − t, which keeps its digits near the pole.
        legendre_polynomials(u * natural_width, &mut polynomials);
        for (entry, p) in lambda.iter_mut().zip(&polynomials) {
            *entry += mass * p;
        }
    }
    Ok(lambda)
}
