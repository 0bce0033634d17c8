//! The mean over rotations about one axis.

use std::f64::consts::{PI, TAU};

use crate::Result;
use crate::numeric::GaussLegendre;

/// Angles in equal steps from 0 to below 2π.
pub(crate) fn equispaced(count: usize) -> Vec<f64> {
    (0..count).map(|k| TAU * k as f64 / count as f64).collect()
}

/// Equal steps with their weights; the mean is exact for trigonometric polynomials of degrees below the number of steps.
pub(crate) fn uniform_circle(count: usize) -> Vec<(f64, f64)> {
    let weight = 1.0 / count as f64;
    equispaced(count)
        .into_iter()
        .map(|omega| (omega, weight))
        .collect()
}

/// The mean over rotations about one axis, for functions with a kink at one angle: Gauss–Legendre nodes on the circle from the kink to
/// the kink.
#[derive(Debug, Clone)]
pub(crate) struct CircleRule {
    /// Angles ω relative to the kink, with their weights in the mean.
    angles: Vec<(f64, f64)>,
}

impl CircleRule {
    /// Makes the rule.
    ///
    /// # Arguments
    /// * `band_limit` — M, for 2M angles
    pub(crate) fn new(band_limit: usize) -> Result<Self> {
        let rule = GaussLegendre::new(2 * band_limit)?;
        let nodes = rule.nodes.iter().zip(&rule.weights);
        let angles = nodes.map(|(&node, &weight)| (PI * (1.0 + node), 0.5 * weight));
        Ok(CircleRule {
            angles: angles.collect(),
        })
    }

    /// The angles relative to the kink, each with its weight.
    pub(crate) fn angles(&self) -> &[(f64, f64)] {
        &self.angles
    }
}
