//! Which fibres the mean over SO(3) needs, and their Haar weights.
//!
//! The kernel at the pair of elements (g, rg) of two signals f, f' is that at (e, Rz(ω)) of the signals f∘p and f'∘q,
//! if q Rz(ω) = r p; and rotations of both elements alike do not change its mean. So a fibre is a pair of turned
//! signals, one of them rotated about the polar axis once more: a *shift*.

use std::f64::consts::{PI, TAU};

use crate::Result;
use crate::group::Rotation;
use crate::numeric::GaussLegendre;

/// A pair of rotations p, q by which the signals of a pair are turned, and what its fibres weigh in the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// Nothing for the identity.
    pub left: Option<Rotation>,
    pub right: Option<Rotation>,
    /// Of each fibre.
    pub weight: f64,
    /// Whether the left one is that of the turn before.
    pub same_left: bool,
}

/// A product of quadratures in the Euler angles: Gauss–Legendre in cos β, equal steps in α and γ.
///
/// ```math
/// \int_{SO(3)} F(r) \, dr \approx \sum_{ijk} \frac{w_j}{2 n_\alpha n_\gamma} \, F(R_z(\alpha_i) R_y(\beta_j) R_z(\gamma_k))
/// ```
/// The angle γ is a shift.
#[derive(Debug, Clone)]
pub(super) struct ProductRule {
    /// Rz(α) Ry(β), and the weight of each of their fibres.
    turns: Vec<(Rotation, f64)>,
}

impl ProductRule {
    /// # Arguments
    /// * `band_limit` — M: M angles β, 2M − 1 angles α
    /// * `shifts` — number of angles γ, at least 2M − 1
    pub(super) fn new(band_limit: usize, shifts: usize) -> Result<Self> {
        let rule = GaussLegendre::new(band_limit)?;
        let alphas = 2 * band_limit - 1;
        let mut turns = Vec::with_capacity(alphas * band_limit);
        for (&beta, &weight) in rule.colatitudes.iter().zip(&rule.weights) {
            for i in 0..alphas {
                let alpha = TAU * i as f64 / alphas as f64;
                let turn = Rotation::about_z(alpha)?.compose(&Rotation::about_y(beta)?);
                turns.push((turn, weight / (2 * alphas * shifts) as f64));
            }
        }
        Ok(ProductRule { turns })
    }

    pub(super) fn len(&self) -> usize {
        self.turns.len()
    }

    pub(super) fn turn(&self, index: usize) -> Turn {
        let (right, weight) = self.turns[index];
        Turn {
            left: None,
            right: Some(right),
            weight,
            same_left: index > 0,
        }
    }
}

/// Polar coordinates on SO(3) about one rotation, for functions that have a kink there.
///
/// ```math
/// \int_{SO(3)} F(r) \, dr = \frac{1}{4\pi^2} \int_{S^2} dn \int_0^{2\pi} d\omega \, \sin^2\tfrac{\omega}{2} \; F(c \exp(\omega n))
/// ```
/// A function of the angle between two Gaussian features is $`A + |\sin\tfrac\omega2| B`$ near the rotation c that lays one
/// signal upon the other, with smooth A and B: along the axis n smooth on the open interval up to both ends, where Gauss–Legendre
/// nodes in ω converge exponentially. Opposite axes give the same circle, so that half of the sphere suffices.
///
/// With u the rotation that takes the polar axis to n, exp(ωn) = u Rz(ω) u⁻¹: both signals are turned by u, and one of them
/// by ω about the polar axis.
#[derive(Debug, Clone)]
pub(super) struct PolarRule {
    /// u and its weight in the mean over axes.
    axes: Vec<(Rotation, f64)>,
    /// ω and its weight, in ascending order, symmetric about π.
    angles: Vec<(f64, f64)>,
}

impl PolarRule {
    /// # Arguments
    /// * `band_limit` — M: 2 ⌈M/2⌉ rings of axes, 2M angles
    pub(super) fn new(band_limit: usize) -> Result<Self> {
        let rings = 2 * band_limit.div_ceil(2);
        let longitudes = 2 * rings;
        let rule = GaussLegendre::new(rings)?;
        let mut axes = Vec::with_capacity(rings / 2 * longitudes);
        // The northern half, with twice the weight.
        let north = rule.colatitudes.iter().zip(&rule.weights);
        for (&theta, &weight) in north.filter(|&(&theta, _)| theta < 0.5 * PI) {
            for i in 0..longitudes {
                let phi = TAU * i as f64 / longitudes as f64;
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

    /// u and its weight in the mean over axes.
    pub(super) fn axes(&self) -> &[(Rotation, f64)] {
        &self.axes
    }

    /// ω and its weight, in ascending order, symmetric about π.
    pub(super) fn angles(&self) -> &[(f64, f64)] {
        &self.angles
    }

    /// Number of fibres; of a signal with itself r and r⁻¹ give the same, so that half of the angles suffice.
    pub(super) fn len(&self, same: bool) -> usize {
        self.axes.len() * self.angle_count(same)
    }

    /// Of a signal with itself half of the angles.
    pub(super) fn angle_count(&self, same: bool) -> usize {
        self.angles.len() / if same { 2 } else { 1 }
    }

    /// # Arguments
    /// * `centre` — c; nothing for the identity
    pub(super) fn turn(&self, index: usize, centre: Option<Rotation>, same: bool) -> Turn {
        let angles = self.angle_count(same);
        let (u, axis_weight) = self.axes[index / angles];
        let (omega, angle_weight) = self.angles[index % angles];
        let twice = if same { 2.0 } else { 1.0 };
        let about_z = Rotation::about_z(omega).expect("the angle is finite");
        let right = u.compose(&about_z);
        Turn {
            left: Some(u),
            right: Some(centre.map_or(right, |c| c.compose(&right))),
            weight: twice * axis_weight * angle_weight,
            same_left: !index.is_multiple_of(angles),
        }
    }
}

/// Rotations about the polar axis, for functions of the angle that have a kink at one of them: Gauss–Legendre nodes from
/// there once around.
#[derive(Debug, Clone)]
pub(super) struct CircleRule {
    /// ω and its weight in the mean over angles.
    angles: Vec<(f64, f64)>,
}

impl CircleRule {
    /// # Arguments
    /// * `band_limit` — M: 2M angles
    pub(super) fn new(band_limit: usize) -> Result<Self> {
        let rule = GaussLegendre::new(2 * band_limit)?;
        let nodes = rule.nodes.iter().zip(&rule.weights);
        let angles = nodes.map(|(&node, &weight)| (PI * (1.0 + node), 0.5 * weight));
        Ok(CircleRule {
            angles: angles.collect(),
        })
    }

    pub(super) fn angles(&self) -> &[(f64, f64)] {
        &self.angles
    }

    pub(super) fn len(&self) -> usize {
        self.angles.len()
    }

    /// # Arguments
    /// * `kink` — the angle about the polar axis at which it is
    pub(super) fn turn(&self, index: usize, kink: f64) -> Turn {
        let (omega, weight) = self.angles[index];
        Turn {
            left: None,
            right: Some(Rotation::about_z(kink + omega).expect("the angle is finite")),
            weight,
            same_left: index > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// Wigner's function of the entries of a matrix: products of entries have degrees up to their number.
    fn moments(weighted: impl Iterator<Item = (Rotation, f64)>) -> [f64; 4] {
        let mut sums = [0.0; 4];
        for (r, w) in weighted {
            let m = r.to_matrix();
            sums[0] += w;
            sums[1] += w * m[0][1] * m[0][1];
            sums[2] += w * m[0][1] * m[1][2] * m[2][0];
            sums[3] += w * m[2][2].powi(4);
        }
        sums
    }

    #[test]
    fn both_rules_integrate_polynomials_of_the_entries() {
        // ∫ R₀₁² = 1/3, ∫ R₀₁ R₁₂ R₂₀ = 1/6, ∫ R₂₂⁴ = 1/5 on a group of mass one.
        let want = [1.0, 1.0 / 3.0, 1.0 / 6.0, 0.2];
        let shifts = 8;
        let product = ProductRule::new(4, shifts).unwrap();
        let product = moments((0..product.len() * shifts).map(|i| {
            let turn = product.turn(i / shifts);
            let gamma = Rotation::about_z(TAU * (i % shifts) as f64 / shifts as f64).unwrap();
            (turn.right.unwrap().compose(&gamma), turn.weight)
        }));
        let polar = PolarRule::new(10).unwrap();
        let centre = Rotation::about_x(0.7).unwrap();
        let of = |same: bool, centre: Option<Rotation>| {
            moments((0..polar.len(same)).map(|i| {
                let turn = polar.turn(i, centre, same);
                let left = turn.left.unwrap().inverse();
                (turn.right.unwrap().compose(&left), turn.weight)
            }))
        };
        for found in [product, of(false, None), of(false, Some(centre))] {
            for (found, want) in found.iter().zip(want) {
                assert!((found - want).abs() < tol::MEAN, "{found} {want}");
            }
        }
        // Half of the angles: functions that do not tell r from its inverse.
        let half = of(true, None);
        assert!((half[0] - 1.0).abs() < tol::MEAN);
        assert!((half[3] - 0.2).abs() < tol::MEAN);
    }
}
