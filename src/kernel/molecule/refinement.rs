//! Quadratures of growing band limit, and the degree of kernels that are polynomials.

use std::sync::OnceLock;

use crate::Result;
use crate::activation::{Activation, Real};
use crate::kernel::refine::{LevelIndex, Refinement};
use crate::network::{Layer, MAX_MOLECULE_BAND_LIMIT, Network, Quadrature};

use super::geometry::MoleculeGeometry;
use super::rotations::Rotations;

/// Growth of the band limit from one quadrature to the next.
const GROWTH: f64 = 1.5;
/// The band limit of the first quadrature.
const FIRST: usize = 3;

fn grown(nodes: usize) -> usize {
    (nodes as f64 * GROWTH).ceil() as usize
}

/// Haar quadratures of growing band limit, each built when it is first needed.
pub(super) struct MoleculeRefinement<T: Real> {
    network: Network,
    improper: bool,
    quadratures: Vec<usize>,
    levels: Vec<OnceLock<MoleculeGeometry<T>>>,
}

impl<T: Real> MoleculeRefinement<T> {
    /// Makes the quadratures of a network: one of a given band limit and one for its error, or a sequence.
    ///
    /// # Errors
    /// The errors of the construction of the first rule.
    pub(super) fn new(network: &Network, improper: bool) -> Result<Self> {
        let quadratures: Vec<usize> = match network.quadrature() {
            Quadrature::BandLimit(nodes) => vec![nodes, grown(nodes)],
            Quadrature::Tolerance(_) => {
                std::iter::successors(Some(FIRST), |&nodes| Some(grown(nodes)))
                    .take_while(|&nodes| nodes <= MAX_MOLECULE_BAND_LIMIT)
                    .collect()
            }
        };
        let refinement = MoleculeRefinement {
            network: network.clone(),
            improper,
            levels: quadratures.iter().map(|_| OnceLock::new()).collect(),
            quadratures,
        };
        refinement.level([0, 0])?;
        Ok(refinement)
    }
}

impl<T: Real> Refinement for MoleculeRefinement<T> {
    type Level = MoleculeGeometry<T>;

    fn steps(&self) -> [usize; 2] {
        [self.levels.len(), 1]
    }

    fn level(&self, [index, _]: LevelIndex) -> Result<&MoleculeGeometry<T>> {
        match self.levels[index].get() {
            Some(level) => Ok(level),
            None => {
                let rotations = Rotations::haar(self.quadratures[index], self.improper)?;
                let level = MoleculeGeometry::new(&self.network, rotations);
                Ok(self.levels[index].get_or_init(|| level))
            }
        }
    }

    fn describe(&self, [index, _]: LevelIndex) -> String {
        format!("quadrature band limit {}", self.quadratures[index])
    }
}

/// The degree of both kernels in the entries of the relative rotation before the mean over the group; none if they are no polynomials.
///
/// A message adds the degree of its spectrum, and a polynomial of degree p multiplies by p. The derivative of a polynomial has degree p − 1, which
/// multiplies the degree of Θ: both kernels have one degree.
pub(super) fn degree(layers: &[Layer]) -> Option<usize> {
    fn after(layers: &[Layer], start: usize) -> Option<usize> {
        let mut degree = start;
        for layer in layers {
            match layer {
                Layer::Message { message, .. } => degree = degree.checked_add(message.degree())?,
                Layer::Activation(
                    Activation::Monomial { degree: power } | Activation::Hermite { degree: power },
                ) => degree = degree.checked_mul(usize::try_from(*power).ok()?)?,
                Layer::Activation(_) => return None,
                Layer::Residual { branch, shortcut } => {
                    degree = after(branch, degree)?.max(after(shortcut, degree)?);
                }
                Layer::GroupPooling => return Some(degree),
                _ => {}
            }
        }
        Some(degree)
    }
    after(layers, 0)
}
