//! The mean over SO(3) of functions with a kink at one rotation.

use std::f64::consts::PI;

use super::super::rotation::Rotation;
use super::circle::equispaced;
use crate::Result;
use crate::numeric::GaussLegendre;

/// Polar coordinates on SO(3) about one rotation, for functions that have a kink there.
///
/// ```math
/// \int_{SO(3)} F(r) \, dr = \frac{1}{4\pi^2} \int_{S^2} dn \int_0^{2\pi} d\omega \, \sin^2\tfrac{\omega}{2} \; F(c \exp(\omega n))
/// ```
/// A function of the angle between two Gaussian features is $`A + |\sin\tfrac\omega2| B`$, with smooth A and B, near the rotation c that
/// takes one signal to the other. For a fixed axis n it is a smooth function of ω on [0, 2π], so Gauss–Legendre nodes in ω converge
/// exponentially. Opposite axes give one circle, so half of the sphere suffices.
///
/// Let u be the rotation that takes the polar axis to n. A node is c exp(ωn) = c u Rz(ω) u⁻¹, and its weight is the product of the weights
/// of axis and angle.
#[derive(Debug, Clone)]
pub(crate) struct PolarRule {
    /// The rotations u with the weights of the axes.
    axes: Vec<(Rotation, f64)>,
    /// The angles ω with their weights.
    angles: Vec<(f64, f64)>,
}

impl PolarRule {
    /// Makes the rule.
    ///
    /// # Arguments
    /// * `band_limit` — M, for ⌈M/2⌉ rings of axes on the northern half and 2M angles
    pub(crate) fn new(band_limit: usize) -> Result<Self> {
        let rings = 2 * band_limit.div_ceil(2);
        let longitudes = 2 * rings;
        let rule = GaussLegendre::new(rings)?;
        let mut axes = Vec::with_capacity(rings / 2 * longitudes);
        // Weights sum to 2 over both halves, and so to 1 over the northern half.
        let north = rule.colatitudes.iter().zip(&rule.weights);
        for (&theta, &weight) in north.filter(|&(&theta, _)| theta < 0.5 * PI) {
            for phi in equispaced(longitudes) {
                let u = Rotation::about_z(phi)?.compose(&Rotation::about_y(theta)?);
                axes.push((u, weight / longitudes as f64));
            }
        }
        let rule = GaussLegendre::new(2 * band_limit)?;
        let mut angles: Vec<(f64, f64)> = rule
            .nodes
            .iter()
            .zip(&rule.weights)
            .map(|(&node, &weight)| {
                let omega = PI * (1.0 + node);
                (omega, weight * (0.5 * omega).sin().powi(2))
            })
            .collect();
        angles.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(PolarRule { axes, angles })
    }

    /// The rotations u, each with its weight in the mean over axes.
    pub(crate) fn axes(&self) -> &[(Rotation, f64)] {
        &self.axes
    }

    /// The angles ω in increasing order, symmetric about π, each with its weight.
    pub(crate) fn angles(&self) -> &[(f64, f64)] {
        &self.angles
    }
}
