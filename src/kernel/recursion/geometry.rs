//! The interface of a geometry to the recursion.

use crate::Result;
use crate::kernel::signals::Inputs;

use crate::activation::Real;
use crate::network::Filter;

use super::close_pair::ClosePair;
use super::layers::Recursion;
use super::polynomial::PolynomialKernels;

/// One of the two signals of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The first signal, read at g.
    Left,
    /// The second signal, read at r g.
    Right,
}

/// The points of a fibre in runs of equal length, each of which belongs to one point of either signal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Runs<'a> {
    /// Points of the fibre per run.
    pub(crate) len: usize,
    /// For each run, the point of the left and of the right signal.
    pub(crate) points: &'a [[usize; 2]],
}

/// The lifting, the filters and the pooling of one kind of input space, fibre by fibre.
///
/// A fibre is the kernel $`\varphi_r(g) = K_{g, rg}`$ at one relative element r. A layer before pooling never
/// couples two fibres: a filter averages a fibre over its support, and an activation acts on each point of a fibre. A geometry
/// computes the fibres of a pair of signals in batches that fit a cache. If all filters are global, a fibre is one number and a batch
/// holds many fibres. With local filters a batch is one fibre, which is a function on the group or on the space.
///
/// A geometry does not know the layers: it neither multiplies by weight variances nor applies activations. Average poolings part the layers
/// in stages ([`stages`](crate::network::stages)): they add fibres, and a geometry says which fibres of a stage need which ones of the stage before.
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
    /// The fibres of a batch, and the part of the group on which they are known; a filter may make this part smaller.
    type Region: Copy + Send;

    /// Whether a fibre, and with it the variance of a signal, is a function. Otherwise the variance of a signal is one number per
    /// activation and is kept with the signal.
    const FIELDS: bool;
    /// Whether variances that are functions are kept with the signal, and not computed again for each pair.
    const STORED: bool = !Self::FIELDS;
    /// Whether the fibre of a signal with itself couples different points of the signal, so that its variances are only some of the values.
    const COUPLED: bool = false;

    /// Converts the signal of a row of the kernel matrix.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for inputs of another space.
    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<Self::Signal>;

    /// Allocates scratch for one thread.
    fn make_workspace(&self) -> Self::Workspace;

    /// The number of orientations: the ways in which the signals of a pair are transformed before they are multiplied.
    fn orientation_count(
        &self,
        pair: [&Self::Signal; 2],
        workspace: &mut Self::Workspace,
    ) -> Result<usize> {
        let _ = (pair, workspace);
        Ok(1)
    }

    /// Returns for each side whether it differs from the side in the orientation before; every side of orientation 0 counts as different.
    fn changes(&self, orientation: usize, workspace: &Self::Workspace) -> [bool; 2] {
        let _ = workspace;
        [orientation == 0; 2]
    }

    /// Transforms those signals of a pair that [change](Self::changes); called for the orientations 0, 1, … in this order.
    ///
    /// # Arguments
    /// * `turned` — the transformed signals, from the orientation before to this one; none stands for an untransformed signal
    fn turn(
        &self,
        pair: [&Self::Signal; 2],
        orientation: usize,
        turned: &mut [Option<Self::Signal>; 2],
        workspace: &mut Self::Workspace,
    ) -> Result<()> {
        let _ = (pair, orientation, turned, workspace);
        Ok(())
    }

    /// Does the work that all batches of a pair in one orientation share. Returns the number of batches.
    ///
    /// # Arguments
    /// * `pair` — the transformed signals
    fn begin(
        &self,
        pair: [&Self::Signal; 2],
        orientation: usize,
        workspace: &mut Self::Workspace,
    ) -> usize;

    /// Writes the fibres of a batch after the filter of the lifting, $`(A_S\, p_r)(g)`$ with
    /// $`p_r(x) = \frac1c \sum_c a_c(x)\, b_c(r x)`$, and sets the length of `fibres`.
    ///
    /// [`begin`](Self::begin) must have been called for the pair.
    fn lift(
        &self,
        pair: [&Self::Signal; 2],
        filter: &Filter,
        batch: usize,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<Self::Scalar>,
    ) -> Self::Region;

    /// Does the work of [`lift`](Self::lift) for a signal with itself at the identity r = e.
    fn lift_self(
        &self,
        filter: &Filter,
        signal: &Self::Signal,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<Self::Scalar>,
    ) -> Self::Region;

    /// Replaces fibres by their means over a filter; returns the region on which the means are known.
    fn average(
        &self,
        filter: &Filter,
        region: Self::Region,
        workspace: &mut Self::Workspace,
        fibres: &mut Vec<Self::Scalar>,
    ) -> Self::Region;

    /// Does the work of [`average`](Self::average) for both kernels at once.
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

    /// Does the work of [`begin`](Self::begin) for a signal with itself, for the sole purpose of the fibre r = e at the start of a stage
    /// that follows a pooling. Returns the number of batches of the first stage.
    ///
    /// # Arguments
    /// * `start` — the stage, and which of its links has the pooling
    fn begin_own(
        &self,
        signal: &Self::Signal,
        start: (usize, usize),
        workspace: &mut Self::Workspace,
    ) -> usize {
        let _ = (signal, start, workspace);
        unreachable!("only images have average poolings")
    }

    /// The region of the fibre r = e at the start of a stage.
    fn identity(&self, stage: usize) -> Self::Region {
        let _ = stage;
        unreachable!("only images have average poolings")
    }

    /// Adds both kernels of a batch after the last layer of a stage to the fibres of the stages that follow, where poolings average them.
    fn pass_on(
        &self,
        stage: usize,
        region: Self::Region,
        workspace: &mut Self::Workspace,
        kernels: [&[Self::Scalar]; 2],
    ) {
        let _ = (stage, region, workspace, kernels);
        unreachable!("only images have average poolings")
    }

    /// Writes the next batch at the start of a stage after the first one; none if no further fibre of the stage is complete.
    fn resume(
        &self,
        stage: usize,
        workspace: &mut Self::Workspace,
        kernels: [&mut Vec<Self::Scalar>; 2],
    ) -> Option<Self::Region> {
        let _ = (stage, workspace, kernels);
        None
    }

    /// The number of the family of a batch. A family consists of consecutive batches for which [`gather`](Self::gather) writes equal
    /// values.
    fn family(&self, region: Self::Region) -> i64;

    /// Writes the values of a function of one signal that the batches of a family need; the function is given on the whole group.
    /// Called only if [`FIELDS`](Self::FIELDS).
    fn gather(
        &self,
        side: Side,
        field: &[Self::Scalar],
        region: Self::Region,
        out: &mut Vec<Self::Scalar>,
    );

    /// Returns, from gathered values, the values at the points of the fibres of a batch, in the order of these points.
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

    /// The runs of a fibre, for a geometry whose variances are constant over runs: it needs no [`gather`](Self::gather).
    fn runs<'w>(&self, region: Self::Region, workspace: &'w Self::Workspace) -> Option<Runs<'w>> {
        let _ = (region, workspace);
        None
    }

    /// Whether the variances of a signal depend on the level of a refinement.
    fn variances_by_level(&self) -> bool {
        false
    }

    /// Clamps covariances to the bound $`|k| \le \sqrt{q_1 q_2}`$, which means on a grid may exceed by their discretisation.
    fn confine(&self, variances: [&[Self::Scalar]; 2], fibres: &mut [Self::Scalar]) {
        let _ = (variances, fibres);
    }

    /// Clamps variances to zero from below.
    fn confine_own(&self, variances: &mut [Self::Scalar]) {
        let _ = variances;
    }

    /// The variances of a signal among the values of its fibre r = e.
    fn own_variances<'f>(
        &self,
        region: Self::Region,
        fibres: &'f [Self::Scalar],
        out: &'f mut Vec<Self::Scalar>,
    ) -> &'f [Self::Scalar] {
        let _ = (region, out);
        fibres
    }

    /// The numbers of points of both signals, if a fibre is a matrix over pairs of points.
    fn points(&self, region: Self::Region) -> [usize; 2] {
        let _ = region;
        [1, 1]
    }

    /// The number of points of a signal, where features may be read without a pooling.
    fn point_count(&self, signal: &Self::Signal) -> usize {
        let _ = signal;
        1
    }

    /// The contribution of a batch to the mean over all fibres of all orientations, with Haar weights.
    fn mean(&self, region: Self::Region, fibres: &[Self::Scalar]) -> f64;

    /// Returns two signals as a pair that carries its angle, for a geometry with one fibre and without averages; none otherwise.
    fn close_pair(&self, pair: [&Self::Signal; 2]) -> Option<ClosePair> {
        let _ = pair;
        None
    }

    /// Writes the mean products of one signal with others, before the first layer, for a geometry with one fibre that is a number; returns
    /// whether it has done so.
    fn write_products<'s>(
        &self,
        signal: &Self::Signal,
        others: impl Iterator<Item = &'s Self::Signal>,
        out: &mut [f64],
    ) -> bool
    where
        Self::Signal: 's,
    {
        let _ = (signal, others, out);
        false
    }

    /// For each power p = 0, 1, … of the correlation whose mean over the group is an inner product of features of both signals: the number of
    /// panels of features, and their length. Empty for a geometry that has no such features.
    fn power_panels(&self) -> &[[usize; 2]] {
        &[]
    }

    /// Writes one panel of the features of a power of the correlation.
    fn write_power(&self, signal: &Self::Signal, power: usize, panel: usize, out: &mut [f64]) {
        let _ = (signal, power, panel, out);
    }

    /// The kernels as polynomials whose powers have features; none without features.
    fn polynomials(&self, recursion: &Recursion) -> Option<PolynomialKernels> {
        let powers = self.power_panels().len();
        recursion.polynomials(powers.checked_sub(1)?)
    }

    /// Whether the features of a power can be other than zero for a signal.
    fn has_power(&self, signal: &Self::Signal, power: usize) -> bool {
        let _ = (signal, power);
        true
    }

    /// The derivatives of a linear function of the features in the numbers of a signal; none if they are not known here.
    ///
    /// # Arguments
    /// * `factors` — for each power that counts, its number and the factors of its features, panel after panel
    fn pull_features(
        &self,
        signal: &Self::Signal,
        factors: &[(usize, Vec<f64>)],
    ) -> Option<Vec<f64>> {
        let _ = (signal, factors);
        None
    }

    /// Whether the features of a signal take longer than its products with a few others, so that they are made once for a whole matrix.
    fn makes_features_once(&self) -> bool {
        false
    }

    /// Whether products of features are cheaper than fibres.
    fn prefers_features(&self) -> bool {
        false
    }

    /// The adjoints of the operations of this geometry, for derivatives in the signals; none if they do not exist.
    fn adjoint(&self) -> Option<&dyn Adjoint<Self>>
    where
        Self: Sized,
    {
        None
    }

    /// The mean of the fibre r = e of a signal with itself.
    fn own_mean(&self, region: Self::Region, fibres: &[Self::Scalar]) -> f64 {
        let _ = region;
        fibres.iter().map(|value| value.wide()).sum::<f64>() / fibres.len() as f64
    }
}

/// The adjoints of the lifting, the filters and the mean of a geometry, in double precision.
///
/// Each method is the transpose of the linear map of the [`Geometry`] method that it names: $`\langle A x, y\rangle = \langle x, A^\top
/// y\rangle`$. The cotangent of a signal is an array of numbers in the order of the signal's own storage.
pub(crate) trait Adjoint<G: Geometry>: Sync {
    /// The number of entries of the cotangent of a signal.
    fn cotangent_len(&self, signal: &G::Signal) -> usize;

    /// The Euclidean norm of a signal, the scale of its derivatives; read only for quadratures that are refined.
    fn norm(&self, signal: &G::Signal) -> f64 {
        let _ = signal;
        1.0
    }

    /// Allocates scratch for one thread.
    fn gradient_workspace(&self, geometry: &G) -> G::Workspace {
        geometry.make_workspace()
    }

    /// The adjoint of [`Geometry::mean`]: writes the cotangents of the points of a batch.
    fn spread(&self, region: G::Region, cotangent: f64, fibres: &mut Vec<f64>);

    /// The adjoint of [`Geometry::average`].
    ///
    /// # Arguments
    /// * `regions` — before and after the mean over the filter
    fn average_adjoint(
        &self,
        filter: &Filter,
        regions: [G::Region; 2],
        workspace: &mut G::Workspace,
        fibres: &mut Vec<f64>,
    );

    /// Does the work of [`average_adjoint`](Self::average_adjoint) for the cotangents of both kernels at once.
    fn average_both_adjoint(
        &self,
        filter: &Filter,
        regions: [G::Region; 2],
        workspace: &mut G::Workspace,
        [nngp, ntk]: [&mut Vec<f64>; 2],
    ) {
        self.average_adjoint(filter, regions, workspace, nngp);
        self.average_adjoint(filter, regions, workspace, ntk);
    }

    /// The adjoint of [`Geometry::gather`] and [`Geometry::restrict`]: adds the values at the points of a batch to a function of one signal.
    fn scatter(&self, side: Side, region: G::Region, values: &[f64], field: &mut [f64]);

    /// The adjoint of [`Geometry::own_variances`] where fibres couple their points: adds to the cotangents of the fibre of a signal with itself.
    fn own_variances_adjoint(&self, region: G::Region, field: &[f64], fibres: &mut [f64]) {
        let _ = (region, field, fibres);
        unreachable!("only the fibres of graphs couple their points")
    }

    /// The adjoint of [`Geometry::lift`]: adds to the cotangents of those of both signals that are given.
    ///
    /// Without average poolings it is called after [`Geometry::lift`] of the batch, and before that of the next one.
    ///
    /// # Arguments
    /// * `region` — as [`Geometry::lift`] returned it
    /// * `fibres` — the cotangents of the batch after the filter of the lifting; used up
    fn lift_adjoint(
        &self,
        pair: [&G::Signal; 2],
        filter: &Filter,
        region: G::Region,
        workspace: &mut G::Workspace,
        fibres: &mut Vec<f64>,
        cotangents: [Option<&mut [f64]>; 2],
    );

    /// The adjoint of the work that the batches of a pair in one orientation share; adds to the cotangents of those of both signals that are
    /// given.
    fn begin_adjoint(
        &self,
        pair: [&G::Signal; 2],
        orientation: usize,
        workspace: &mut G::Workspace,
        cotangents: [Option<&mut [f64]>; 2],
    ) -> Result<()> {
        let _ = (pair, orientation, workspace, cotangents);
        Ok(())
    }

    /// The adjoint of [`Geometry::pass_on`]: writes the cotangents of both kernels after the last layer of a stage, from those that
    /// [`resume_adjoint`](Self::resume_adjoint) took.
    fn pass_on_adjoint(
        &self,
        stage: usize,
        region: G::Region,
        workspace: &mut G::Workspace,
        kernels: [&mut Vec<f64>; 2],
    ) {
        let _ = (stage, region, workspace, kernels);
        unreachable!("only images have average poolings")
    }

    /// The adjoint of [`Geometry::resume`]: takes the cotangents of both kernels of a batch at the start of a stage.
    fn resume_adjoint(
        &self,
        stage: usize,
        region: G::Region,
        workspace: &mut G::Workspace,
        kernels: [&[f64]; 2],
    ) {
        let _ = (stage, region, workspace, kernels);
        unreachable!("only images have average poolings")
    }

    /// The adjoint of [`Geometry::lift_self`].
    fn lift_self_adjoint(
        &self,
        filter: &Filter,
        signal: &G::Signal,
        region: G::Region,
        workspace: &mut G::Workspace,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    );

    /// The adjoint of [`Geometry::turn`]: adds the cotangent of a transformed signal to the cotangent of the signal.
    fn turn_back(
        &self,
        side: Side,
        orientation: usize,
        turned: &[f64],
        workspace: &mut G::Workspace,
        cotangent: &mut [f64],
    ) -> Result<()> {
        let _ = (side, orientation, turned, workspace, cotangent);
        unreachable!("only geometries with orientations transform signals")
    }
}
