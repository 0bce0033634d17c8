//! Nodes and weights that integrate over a group, and the groups that have them.

use std::ops::{Add, Mul};

use ndarray::aview1;

use super::super::traits::{FiniteGroup, Group};
use crate::check;
use crate::{Error, Result};

/// Largest deviation of the total mass from 1, for rounding in the sum of a few million weights.
const MASS_GUARD: f64 = 1e-10;

/// A group with an invariant measure of total mass 1, the Haar measure, and quadratures for it.
///
/// ```math
/// \int_G f(h g) \, dg = \int_G f(g h) \, dg = \int_G f(g) \, dg , \qquad \int_G dg = 1
/// ```
/// Every [`FiniteGroup`] and SO(3) implement this trait; users implement it for their own infinite groups.
///
/// # Examples
/// ```
/// use haarmonic::group::{CyclicGroup, Haar, RotationGroup};
///
/// let sixth_turns = CyclicGroup::new(6)?.haar(0)?;
/// assert_eq!(sixth_turns.nodes().len(), 6);
/// let rotations = RotationGroup.haar(2)?;
/// let mean_square: f64 = rotations.integrate(|r| r.to_matrix()[0][1].powi(2));
/// assert!((mean_square - 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub trait Haar: Group {
    /// Returns nodes and weights that integrate matrix entries of irreducible representations up to `degree` exactly,
    /// in the sense of [`Exactness::Degree`]. For a finite group and any degree, the nodes are all elements.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the degree exceeds the largest one of the group's quadrature.
    fn haar(&self, degree: usize) -> Result<HaarQuadrature<Self::Element>>;
}

impl<G: FiniteGroup> Haar for G {
    fn haar(&self, _: usize) -> Result<HaarQuadrature<G::Element>> {
        Ok(HaarQuadrature::finite(self))
    }
}

/// The functions that a quadrature integrates without error except rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    /// Every function: the quadrature sums over all elements of a finite group.
    EveryFunction,
    /// All matrix entries of irreducible representations up to this degree. On SO(3) these are the Wigner functions $`D^\ell_{mn}`$ with
    /// ℓ up to this degree, which span the polynomials of this degree in the entries of `R`.
    Degree(usize),
}

/// Nodes and weights that integrate over a group of total mass 1.
///
/// ```math
/// \int_G f(g) \, dg \approx \sum_i w_i \, f(g_i) , \qquad \sum_i w_i = 1 , \qquad \int f(h g) \, dg = \int f(g h) \, dg = \int f(g) \, dg
/// ```
/// For functions within its [`Exactness`] the sum is invariant under left and right translations, too.
///
/// # Examples
/// ```
/// use haarmonic::group::{Exactness, HaarQuadrature};
///
/// // The circle, as angles: four equal steps integrate trigonometric polynomials of degree 3.
/// let angles: Vec<f64> = (0..4).map(|k| f64::from(k) * std::f64::consts::FRAC_PI_2).collect();
/// let haar = HaarQuadrature::new(angles, vec![0.25; 4], Exactness::Degree(3))?;
/// let mean: f64 = haar.integrate(|angle| angle.cos().powi(2));
/// assert!((mean - 0.5).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HaarQuadrature<E> {
    nodes: Vec<E>,
    weights: Vec<f64>,
    exactness: Exactness,
}

impl<E: Clone> HaarQuadrature<E> {
    /// Makes a quadrature from nodes and weights; the stated exactness is not checked.
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

    /// Returns the class of functions that are integrated exactly.
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
