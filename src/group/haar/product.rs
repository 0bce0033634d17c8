//! The mean over SO(3) by a product of quadratures in the Euler angles.

use super::super::rotation::{Rotation, RotationGroup};
use super::circle::equispaced;
use super::quadrature::{Exactness, Haar, HaarQuadrature};
use crate::numeric::GaussLegendre;
use crate::{Error, Result};

/// The largest degree for which a quadrature on SO(3) is listed node by node (8 million nodes).
pub const MAX_HAAR_DEGREE: usize = 255;

/// A product rule: equal steps in α and γ, and rings in β with given weights.
///
/// ```math
/// \int_{SO(3)} F(r) \, dr = \frac{1}{8\pi^2} \int_0^{2\pi} \! d\alpha \int_{-1}^{1} \! d\cos\beta \int_0^{2\pi} \! d\gamma \, F
///   \approx \sum_{ijk} \frac{w_j}{2 n_\alpha n_\gamma} \, F(R_z(\alpha_i) R_y(\beta_j) R_z(\gamma_k))
/// ```
/// With one angle γ the rule is a mean over the sphere.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProductRule {
    betas: Vec<f64>,
    /// The Haar weight of one node, for each β.
    point_weights: Vec<f64>,
    n_alpha: usize,
    n_gamma: usize,
}

impl ProductRule {
    /// Makes the rule from rings.
    ///
    /// # Arguments
    /// * `betas`, `weights` — the rings, with weights for $`d\cos\beta`$ of sum 2
    pub(crate) fn new(betas: Vec<f64>, weights: &[f64], n_alpha: usize, n_gamma: usize) -> Self {
        let measure = 2.0 * (n_alpha * n_gamma) as f64;
        ProductRule {
            betas,
            point_weights: weights.iter().map(|weight| weight / measure).collect(),
            n_alpha,
            n_gamma,
        }
    }

    /// Makes the rule with Gauss–Legendre nodes in cos β; with M rings and at least 2M angles it is exact for degrees below 2M.
    pub(crate) fn gauss_legendre(rings: usize, n_alpha: usize, n_gamma: usize) -> Result<Self> {
        let rule = GaussLegendre::new(rings)?;
        Ok(Self::new(rule.colatitudes, &rule.weights, n_alpha, n_gamma))
    }

    pub(crate) fn alphas(&self) -> Vec<f64> {
        equispaced(self.n_alpha)
    }

    pub(crate) fn betas(&self) -> &[f64] {
        &self.betas
    }

    pub(crate) fn gammas(&self) -> Vec<f64> {
        equispaced(self.n_gamma)
    }

    /// Numbers of angles, `[γ, β, α]`.
    pub(crate) fn shape(&self) -> [usize; 3] {
        [self.n_gamma, self.betas.len(), self.n_alpha]
    }

    /// The Haar weight of one node, for each β.
    pub(crate) fn point_weights(&self) -> &[f64] {
        &self.point_weights
    }

    /// The rotations Rz(α) Ry(β) for all β and, for each β, all α, with the weight of one node. A node is such a rotation times Rz(γ).
    pub(crate) fn tilts(&self) -> Result<Vec<(Rotation, f64)>> {
        let mut tilts = Vec::with_capacity(self.n_alpha * self.betas.len());
        for (&beta, &weight) in self.betas.iter().zip(&self.point_weights) {
            for alpha in self.alphas() {
                let tilt = Rotation::about_z(alpha)?.compose(&Rotation::about_y(beta)?);
                tilts.push((tilt, weight));
            }
        }
        Ok(tilts)
    }
}

impl HaarQuadrature<Rotation> {
    /// Makes a product quadrature on SO(3) from rings in β, exact for all Wigner functions up to `degree`.
    ///
    /// ```math
    /// \int_{SO(3)} f = \frac{1}{8\pi^2} \int_0^{2\pi} \! d\alpha \int_0^\pi \! \sin\beta \, d\beta \int_0^{2\pi} \! d\gamma \, f(\alpha, \beta, \gamma)
    /// ```
    /// α and γ take `degree + 1` equal steps, the smallest number with this exactness. Nodes run over γ slowest, then β, then α.
    /// [`RotationGroup`]'s [`haar`](Haar::haar) takes Gauss–Legendre rings.
    ///
    /// # Arguments
    /// * `rings` — angles β with weights for $`d\cos\beta`$ of sum 2, exact for Legendre polynomials up to `degree`;
    ///   the exactness is not checked
    /// * `degree` — 0 to [`MAX_HAAR_DEGREE`]
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the degree is above [`MAX_HAAR_DEGREE`], an angle is not finite, or the weights do not sum
    /// to 2; [`Error::Empty`] without rings.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::HaarQuadrature;
    /// use haarmonic::sphere::Sampling;
    ///
    /// let sampling = Sampling::DriscollHealy;
    /// let rings = sampling.colatitudes(4)?.into_iter().zip(sampling.colatitude_weights(4)?);
    /// let haar = HaarQuadrature::product(&rings.collect::<Vec<_>>(), 6)?;
    /// assert_eq!(haar.nodes().len(), 7 * 8 * 7);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn product(rings: &[(f64, f64)], degree: usize) -> Result<Self> {
        check_degree(degree)?;
        let (betas, weights): (Vec<f64>, Vec<f64>) = rings.iter().copied().unzip();
        let rule = ProductRule::new(betas, &weights, degree + 1, degree + 1);
        let tilts = rule.tilts()?;
        let mut nodes = Vec::with_capacity(tilts.len() * (degree + 1));
        let mut weights = Vec::with_capacity(tilts.len() * (degree + 1));
        for gamma in rule.gammas() {
            let turn = Rotation::about_z(gamma)?;
            nodes.extend(tilts.iter().map(|(tilt, _)| tilt.compose(&turn)));
            weights.extend(tilts.iter().map(|(_, weight)| weight));
        }
        HaarQuadrature::new(nodes, weights, Exactness::Degree(degree))
    }
}

/// The quadrature has Gauss–Legendre rings, and the smallest number of them, `degree / 2 + 1`.
impl Haar for RotationGroup {
    fn haar(&self, degree: usize) -> Result<HaarQuadrature<Rotation>> {
        check_degree(degree)?;
        let rule = GaussLegendre::new(degree / 2 + 1)?;
        let rings: Vec<_> = rule.colatitudes.into_iter().zip(rule.weights).collect();
        HaarQuadrature::product(&rings, degree)
    }
}

fn check_degree(degree: usize) -> Result<()> {
    if degree > MAX_HAAR_DEGREE {
        return Err(Error::invalid(
            "degree of the quadrature on SO(3)",
            degree,
            format!("0 to {MAX_HAAR_DEGREE}"),
        ));
    }
    Ok(())
}
