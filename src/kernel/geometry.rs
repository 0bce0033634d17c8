//! What a geometry has to say so that the recursion can run over it.

use crate::Result;

/// How the features of one group are lifted and pooled, fibre by fibre.
///
/// A fibre is the kernel `$`g \mapsto K_{g, rg}`$` at one relative element r; no layer before pooling
/// couples two of them. With global filters every fibre is constant in g: it is one number, and the
/// fibres of one pair of signals form a slice that the recursion maps pointwise. A geometry hands
/// that slice out in batches that fit a cache.
///
/// A geometry knows nothing of layers: it neither scales nor activates.
///
/// # References
/// Misof25 for the layers; the fibre-wise form is described in `docs/theory.md`.
pub trait Geometry: Sync {
    /// A prepared signal.
    type Signal: Send + Sync;
    /// Scratch of one thread.
    type Workspace: Send;

    /// Allocates scratch for one thread.
    fn make_workspace(&self) -> Self::Workspace;

    /// Number of batches of fibres.
    fn batch_count(&self) -> usize;

    /// Does the work that all batches of a pair share.
    fn begin(&self, a: &Self::Signal, b: &Self::Signal, workspace: &mut Self::Workspace);

    /// Writes the mean over the space of `$`\frac1c \sum_c a_c(x) \, b_c(r x)`$` for each fibre r of
    /// the batch; sets the length of `fibres`.
    fn lift(
        &self,
        a: &Self::Signal,
        b: &Self::Signal,
        batch: usize,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<f64>,
    );

    /// The part that a batch contributes to the mean over all fibres, with Haar weights.
    fn mean(&self, batch: usize, fibres: &[f64]) -> f64;

    /// What [`lift`](Self::lift) gives for a signal with itself at the identity, in closed form.
    fn mean_square(&self, signal: &Self::Signal) -> f64;
}

/// One geometry, or several that approximate the same mean over the group ever more closely.
pub trait Refinement: Sync {
    /// The geometry of each level.
    type Level: Geometry;

    /// Whether the mean over the group is exact, so that there is one level and no error.
    const EXACT: bool;

    /// Number of levels; at least one.
    fn level_count(&self) -> usize;

    /// The geometry of a level, built on first use.
    ///
    /// # Errors
    /// Whatever building the tables may meet.
    fn level(&self, index: usize) -> Result<&Self::Level>;

    /// What distinguishes a level, for messages and reports: its quadrature band limit.
    fn band_limit(&self, index: usize) -> usize;
}
