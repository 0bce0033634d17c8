//! The mean over rotations about one axis.

use std::f64::consts::{PI, TAU};

use crate::Result;
use crate::numeric::GaussLegendre;

/// Angles in equal steps from 0 once around.
pub(crate) fn equispaced(count: usize) -> Vec<f64> {
    (0..count).map(|k| TAU * k as f64 / count as f64).collect()
}

/// Equal steps with their weights: exact for trigonometric polynomials of degrees below their number.
pub(crate) fn uniform_circle(count: usize) -> Vec<(f64, f64)> {
    let weight = 1.0 / count as f64;
    equispaced(count)
        .into_iter()
        .map(|omega| (omega, weight))
        .collect()
}

/// Rotations about one axis, for functions of the angle that have a kink at one of them: Gauss–Legendre nodes from
/// there once around.
#[derive(Debug, Clone)]
pub(crate) struct CircleRule {
    /// ω and its weight in the mean over angles.
    angles: Vec<(f64, f64)>,
}

impl CircleRule {
    /// # Arguments
    /// * `band_limit` — M: 2M angles
    pub(crate) fn new(band_limit: usize) -> Result<Self> {
        let rule = GaussLegendre::new(2 * band_limit)?;
        let nodes = rule.nodes.iter().zip(&rule.weights);
        let angles = nodes.map(|(&node, &weight)| (PI * (1.0 + node), 0.5 * weight));
        Ok(CircleRule {
            angles: angles.collect(),
        })
    }

    /// Angles from the kink on, each with its weight.
    pub(crate) fn angles(&self) -> &[(f64, f64)] {
        &self.angles
    }
}
