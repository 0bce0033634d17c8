//! Networks with global filters, on any group: tensors with two indices over the group.
//!
//! After a global filter a pair of samples (f, g), (f', rg) has kernels that depend on r only, and K and Θ at r are functions of the
//! covariance at r of the first layer. A tensor has two such indices, r and r', and its sources are means over the third element t,
//! at the four samples (f, e), (f', r), (f, t), (f', r't) (`docs/theory.md`). Biases need r' ∈ {e, r} only: they take as many expectations
//! as there are pairs (r, t). The variance of the mean over the group takes the triples (r, r', t).
//!
//! The elements are all elements of a finite group, or the nodes of a quadrature on SO(3).

mod expect;
mod pair;
mod places;
mod tensors;

pub(super) use places::{Places, Rule};
pub(super) use tensors::tensors;

use crate::Result;
use crate::progress::Counter;

use super::layers::Steps;
use super::pair::PairRecursion;
use pair::Recursion;

/// Kernels of the means of two signals over the group, with biases and variances.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pooled {
    /// K and Θ, by the same nodes.
    pub(super) kernel: [f64; 2],
    pub(super) bias: [f64; 2],
    /// Zero if they were not asked for.
    pub(super) variance: [f64; 2],
}

/// Computes the corrections of two signals.
///
/// # Arguments
/// * `spread` — whether variances are needed
///
/// # Errors
/// The errors of expectations, and [`Error::Cancelled`](crate::Error::Cancelled).
pub(super) fn pooled(
    (steps, recursion): (&Steps, &PairRecursion),
    places: &Places,
    signals: [usize; 2],
    spread: bool,
    counter: &Counter<'_>,
) -> Result<Pooled> {
    Recursion::new(steps, recursion, places, signals)?.pooled(spread, counter)
}
