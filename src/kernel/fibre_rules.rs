//! The fibres at the nodes of the Haar rules.
//!
//! The kernel of two signals f, f' at the elements (p, r p) equals the kernel of the signals f∘p and f'∘q at (e, Rz(ω)) if
//! q Rz(ω) = r p. The mean of a fibre over the group does not depend on p. A fibre is therefore computed from a pair of rotated signals,
//! one of which is rotated once more about the polar axis by ω: this last rotation is a *shift*.

use crate::Result;
use crate::group::Rotation;
use crate::group::haar::{CircleRule, PolarRule, ProductRule};

/// A pair of rotations p, q by which the signals of a pair are rotated, and the weight of its fibres in the mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// The rotation p; `None` for the identity.
    pub left: Option<Rotation>,
    /// The rotation q; `None` for the identity.
    pub right: Option<Rotation>,
    /// The weight of each fibre in the mean.
    pub weight: f64,
    /// Whether the left rotation equals the left rotation of the pair before.
    pub same_left: bool,
}

/// The pairs of rotations of the product rule in the Euler angles; γ is a shift.
#[derive(Debug, Clone)]
pub(super) struct ProductTurns {
    /// The rotations Rz(α) Ry(β), and the weight of each of their fibres.
    tilts: Vec<(Rotation, f64)>,
}

impl ProductTurns {
    /// Makes the rule.
    ///
    /// # Arguments
    /// * `band_limit` — M: M angles β, 2M − 1 angles α
    /// * `shifts` — number of angles γ, at least 2M − 1
    pub(super) fn new(band_limit: usize, shifts: usize) -> Result<Self> {
        let rule = ProductRule::gauss_legendre(band_limit, 2 * band_limit - 1, shifts)?;
        Ok(ProductTurns {
            tilts: rule.tilts()?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.tilts.len()
    }

    pub(super) fn turn(&self, index: usize) -> Turn {
        let (right, weight) = self.tilts[index];
        Turn {
            left: None,
            right: Some(right),
            weight,
            same_left: index > 0,
        }
    }
}

/// The rotation by ω about the axis n = u e_z, after which c acts, is r = c u Rz(ω) u⁻¹. With p = u, the left signal is rotated by u and
/// the right one by q = r p = c u Rz(ω).
impl PolarRule {
    /// Number of fibres; `same` stands for a signal with itself.
    pub(super) fn len(&self, same: bool) -> usize {
        self.axes().len() * self.angle_count(same)
    }

    /// Number of angles; for a signal with itself r and r⁻¹ have equal means, so half of the angles suffice.
    pub(super) fn angle_count(&self, same: bool) -> usize {
        self.angles().len() / if same { 2 } else { 1 }
    }

    /// The rotations of a fibre.
    ///
    /// # Arguments
    /// * `centre` — c; `None` for the identity
    pub(super) fn turn(&self, index: usize, centre: Option<Rotation>, same: bool) -> Turn {
        let angles = self.angle_count(same);
        let (u, axis_weight) = self.axes()[index / angles];
        let (omega, angle_weight) = self.angles()[index % angles];
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

impl CircleRule {
    pub(super) fn len(&self) -> usize {
        self.angles().len()
    }

    /// The rotations of a fibre.
    ///
    /// # Arguments
    /// * `kink` — the angle about the polar axis at which the integrand has its kink
    pub(super) fn turn(&self, index: usize, kink: f64) -> Turn {
        let (omega, weight) = self.angles()[index];
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
    use std::f64::consts::TAU;

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
        let product = ProductTurns::new(4, shifts).unwrap();
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
        // Half of the angles suffices for functions with equal values at r and its inverse.
        let half = of(true, None);
        assert!((half[0] - 1.0).abs() < tol::MEAN);
        assert!((half[3] - 0.2).abs() < tol::MEAN);
    }
}
