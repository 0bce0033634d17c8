//! What a geometry has to say so that the recursion can run over it.

use crate::Result;
use crate::kernel::signals::Inputs;

use crate::activation::Real;
use crate::network::Filter;

use super::close_pair::ClosePair;

/// Which of the two signals of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The first, seen at g.
    Left,
    /// The second, seen at r g.
    Right,
}

/// How the features of one group are lifted, averaged and pooled, fibre by fibre.
///
/// A fibre is the kernel $`\varphi_r(g) = K_{g, rg}`$ at one relative element r. A layer before pooling never
/// couples two of them: a filter averages a fibre over its support, an activation acts on each of its
/// points. A geometry hands out the fibres of a pair of signals in batches that fit a cache: where
/// all filters are global a fibre is one number, and a batch holds many of them; with local filters
/// a batch is one fibre, a function on the group or on the space.
///
/// A geometry does not know the layers: it neither multiplies by weight variances nor applies activations.
///
/// # References
/// Misof25 for the layers; the fibre-wise form is described in `docs/theory.md`.
pub(crate) trait Geometry: Send + Sync + 'static {
    /// The precision in which fibres are computed.
    type Scalar: Real;
    /// A prepared signal.
    type Signal: Send + Sync;
    /// Scratch of one thread.
    type Workspace: Send;
    /// Which fibres a batch holds, and where on the group they are known: a filter may leave less.
    type Region: Copy;

    /// Whether a fibre is a function, so that a signal's variance is one too. If not, a variance is
    /// one number, and is kept with the signal.
    const FIELDS: bool;

    /// Takes over the signal of a row of the kernel.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for inputs of another space.
    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<Self::Signal>;

    /// Allocates scratch for one thread.
    fn make_workspace(&self) -> Self::Workspace;

    /// The number of ways in which the signals of a pair are transformed before they are multiplied.
    fn orientation_count(
        &self,
        pair: [&Self::Signal; 2],
        workspace: &mut Self::Workspace,
    ) -> Result<usize> {
        let _ = (pair, workspace);
        Ok(1)
    }

    /// Turns the signals of a pair; called for the orientations from 0 on, one after the other.
    ///
    /// # Arguments
    /// * `turned` — of both sides what the orientation before left there; nothing for a signal as it is
    ///
    /// Returns which of the two sides differ from the orientation before, or from nothing.
    fn turn(
        &self,
        pair: [&Self::Signal; 2],
        orientation: usize,
        turned: &mut [Option<Self::Signal>; 2],
        workspace: &mut Self::Workspace,
    ) -> Result<[bool; 2]> {
        let _ = (pair, turned, workspace);
        Ok([orientation == 0; 2])
    }

    /// Does the work that all batches of a pair in one orientation share. Returns the number of batches.
    ///
    /// # Arguments
    /// * `pair` — both signals as they were turned
    fn begin(
        &self,
        pair: [&Self::Signal; 2],
        orientation: usize,
        workspace: &mut Self::Workspace,
    ) -> usize;

    /// Writes the fibres of a batch of the pair that was begun after the filter of the lifting,
    /// $`(A_S\, p_r)(g)`$ with $`p_r(x) = \frac1c \sum_c a_c(x)\, b_c(r x)`$; sets the length of `fibres`.
    fn lift(
        &self,
        pair: [&Self::Signal; 2],
        filter: &Filter,
        batch: usize,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<Self::Scalar>,
    ) -> Self::Region;

    /// The same for a signal with itself at the identity r = e.
    fn lift_self(
        &self,
        filter: &Filter,
        signal: &Self::Signal,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<Self::Scalar>,
    ) -> Self::Region;

    /// Replaces fibres by their means over a filter; returns where they are known now.
    fn average(
        &self,
        filter: &Filter,
        region: Self::Region,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<Self::Scalar>,
    ) -> Self::Region;

    /// Does the same for both kernels at once.
    fn average_both(
        &self,
        filter: &Filter,
        region: Self::Region,
        workspace: &mut Self::Workspace,
        [nngp, ntk]: [&mut Vec<Self::Scalar>; 2],
    ) -> Self::Region {
        self.average(filter, region, workspace, nngp);
        self.average(filter, region, workspace, ntk)
    }

    /// The number of the family that a batch belongs to: what [`gather`](Self::gather) writes is the same for its
    /// batches, which follow each other.
    fn family(&self, region: Self::Region) -> i64;

    /// Writes what the batches of a family need of a function of one signal that is given everywhere.
    /// Called where [`FIELDS`](Self::FIELDS) only.
    fn gather(
        &self,
        side: Side,
        field: &[Self::Scalar],
        region: Self::Region,
        out: &mut Vec<Self::Scalar>,
    );

    /// From what was gathered, the values at the points that the fibres of a batch visit, in their
    /// order.
    fn restrict<'f>(
        &self,
        side: Side,
        gathered: &'f [Self::Scalar],
        region: Self::Region,
        out: &'f mut Vec<Self::Scalar>,
    ) -> &'f [Self::Scalar] {
        let _ = (side, region, out);
        gathered
    }

    /// Takes covariances back to the bound that their variances set, where averages on a grid exceed it by their
    /// discretisation.
    fn confine(&self, variances: [&[Self::Scalar]; 2], fibres: &mut [Self::Scalar]) {
        let _ = (variances, fibres);
    }

    /// The same for variances, which are not negative.
    fn confine_own(&self, variances: &mut [Self::Scalar]) {
        let _ = variances;
    }

    /// The part that a batch contributes to the mean over all fibres of all orientations, with Haar weights.
    fn mean(&self, region: Self::Region, fibres: &[Self::Scalar]) -> f64;

    /// Two signals as a pair that carries its angle, where there is one fibre and nothing is averaged.
    fn close_pair(&self, pair: [&Self::Signal; 2]) -> Option<ClosePair> {
        let _ = pair;
        None
    }

    /// The mean of the fibre r = e of a signal with itself.
    fn own_mean(&self, region: Self::Region, fibres: &[Self::Scalar]) -> f64 {
        let _ = region;
        fibres.iter().map(|value| value.wide()).sum::<f64>() / fibres.len() as f64
    }
}
