//! Integration over a group with respect to the invariant measure of total mass 1.

use std::f64::consts::TAU;
use std::ops::{Add, Mul};

use ndarray::aview1;

use super::rotation::{EulerZyz, Rotation};
use super::traits::FiniteGroup;
use crate::check;
use crate::sphere::Sampling;
use crate::{Error, Result};

/// The largest degree for which a quadrature on SO(3) is listed node by node (8 million nodes).
pub const MAX_HAAR_DEGREE: usize = 255;

/// Largest deviation of the total mass from 1: rounding in the sum of a few million weights.
const MASS_GUARD: f64 = 1e-10;

/// Which functions a quadrature integrates without error, rounding apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// Every function: the quadrature sums over all elements of a finite group.
    EveryFunction,
    /// All matrix entries of irreducible representations up to this degree; on SO(3) the Wigner functions
    /// $`D^\ell_{mn}`$ with $`\ell`$ at most this, which are the polynomials of this degree in the entries of `R`.
    Degree(usize),
}

/// Nodes and weights that integrate over a group, the whole group having mass 1.
///
/// ```math
/// \int_G f(g) \, dg \approx \sum_i w_i \, f(g_i) , \qquad \sum_i w_i = 1 , \qquad \int f(h g) \, dg = \int f(g h) \, dg = \int f(g) \, dg
/// ```
/// Within its [`Exactness`] the sum is invariant under left and right translation too.
///
/// # Examples
/// ```
/// use haarmonic::group::{HaarQuadrature, Rotation};
/// use haarmonic::sphere::Sampling;
///
/// let haar = HaarQuadrature::rotations(2, Sampling::GaussLegendre)?;
/// let mean_square: f64 = haar.integrate(|r: &Rotation| r.to_matrix()[0][1].powi(2));
/// assert!((mean_square - 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HaarQuadrature<E> {
    nodes: Vec<E>,
    weights: Vec<f64>,
    exactness: Exactness,
}

impl<E: Clone> HaarQuadrature<E> {
    /// Makes a quadrature from nodes and weights; what it is exact for is taken on trust.
    ///
    /// # Arguments
    /// * `nodes` — at least one element of the group
    /// * `weights` — one weight per node, of sum 1; negative weights are allowed
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::ShapeMismatch`] or [`Error::NotFinite`] for malformed input,
    /// [`Error::InvalidValue`] if the sum of the weights is not 1.
    pub fn new(nodes: Vec<E>, weights: Vec<f64>, exactness: Exactness) -> Result<Self> {
        if nodes.is_empty() {
            return Err(Error::empty("nodes of the Haar quadrature"));
        }
        if weights.len() != nodes.len() {
            return Err(Error::shape(
                "weights of the Haar quadrature",
                format!("[{}]", nodes.len()),
                vec![weights.len()],
            ));
        }
        check::finite("weights of the Haar quadrature", aview1(&weights))?;
        let mass: f64 = weights.iter().sum();
        if (mass - 1.0).abs() > MASS_GUARD {
            return Err(Error::invalid(
                "sum of the weights of the Haar quadrature",
                mass,
                "1",
            ));
        }
        Ok(HaarQuadrature {
            nodes,
            weights,
            exactness,
        })
    }

    /// Lists a finite group, every element with weight 1/order.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::{CyclicGroup, HaarQuadrature};
    ///
    /// let haar = HaarQuadrature::finite(&CyclicGroup::new(4)?);
    /// assert_eq!(haar.integrate(|&j| j as f64), 1.5);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn finite<G: FiniteGroup<Element = E>>(group: &G) -> Self {
        let order = group.order();
        HaarQuadrature {
            nodes: (0..order).map(|i| group.element(i)).collect(),
            weights: vec![1.0 / order as f64; order],
            exactness: Exactness::EveryFunction,
        }
    }

    /// Returns the nodes.
    pub fn nodes(&self) -> &[E] {
        &self.nodes
    }

    /// Returns the weights, one per node; their sum is 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Returns which functions are integrated exactly.
    pub fn exactness(&self) -> Exactness {
        self.exactness
    }

    /// Returns the weighted sum of `f` over the nodes; `f` may be real or complex.
    pub fn integrate<T>(&self, mut f: impl FnMut(&E) -> T) -> T
    where
        T: Default + Add<Output = T> + Mul<f64, Output = T>,
    {
        self.nodes
            .iter()
            .zip(&self.weights)
            .fold(T::default(), |sum, (node, &weight)| sum + f(node) * weight)
    }
}

impl HaarQuadrature<Rotation> {
    /// Makes the product quadrature on SO(3) that is exact for all Wigner functions up to `degree`.
    ///
    /// ```math
    /// \int_{SO(3)} f = \frac{1}{8\pi^2} \int_0^{2\pi} \! d\alpha \int_0^\pi \! \sin\beta \, d\beta \int_0^{2\pi} \! d\gamma \, f(\alpha, \beta, \gamma)
    /// ```
    /// `degree + 1` equispaced angles in α and in γ (fewer would take $`e^{i(d+1)\alpha}`$ for a constant one
    /// degree earlier), and the rings of `sampling` in β, as few as `degree` allows: `degree / 2 + 1` for
    /// Gauss–Legendre, twice as many for Driscoll–Healy, `degree + 1` for McEwen–Wiaux.
    /// Nodes run over γ slowest, then β, then α.
    ///
    /// # Arguments
    /// * `degree` — 0 to [`MAX_HAAR_DEGREE`]
    /// * `sampling` — the nodes in β
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the degree is above [`MAX_HAAR_DEGREE`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::HaarQuadrature;
    /// use haarmonic::sphere::Sampling;
    ///
    /// let haar = HaarQuadrature::rotations(6, Sampling::GaussLegendre)?;
    /// assert_eq!(haar.nodes().len(), 7 * 4 * 7);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn rotations(degree: usize, sampling: Sampling) -> Result<Self> {
        if degree > MAX_HAAR_DEGREE {
            return Err(Error::invalid(
                "degree of the quadrature on SO(3)",
                degree,
                format!("0 to {MAX_HAAR_DEGREE}"),
            ));
        }
        let band_limit = match sampling {
            Sampling::GaussLegendre | Sampling::DriscollHealy | Sampling::ClenshawCurtis => {
                degree / 2 + 1
            }
            Sampling::McEwenWiaux => degree + 1,
        };
        let betas = sampling.colatitudes(band_limit)?;
        let ring_weights = sampling.colatitude_weights(band_limit)?;
        let count = degree + 1;
        let angle = |i: usize| TAU * i as f64 / count as f64;
        let per_ring = (2 * count * count) as f64;

        let total = betas.len() * count * count;
        let mut nodes = Vec::with_capacity(total);
        let mut weights = Vec::with_capacity(total);
        for gamma in 0..count {
            for (&beta, &weight) in betas.iter().zip(&ring_weights) {
                for alpha in 0..count {
                    nodes.push(EulerZyz::new(angle(alpha), beta, angle(gamma))?.into());
                    weights.push(weight / per_ring);
                }
            }
        }
        HaarQuadrature::new(nodes, weights, Exactness::Degree(degree))
    }
}
