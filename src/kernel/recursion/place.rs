//! The places where the steps of the recursion act: the fibres of a pair, the fibres of a signal with itself, and numbers after
//! the pooling.

use std::ops::Range;

use crate::activation::{Activation, Precision, PreparedVariance, Variance, VarianceField};
use crate::network::{Filter, Init};
use crate::{Error, Result};

use super::close_pair::{ClosePair, closeness};
use super::geometry::{Geometry, Side};
use super::runs::{activate_own_runs, activate_runs};

/// The rounding error of $`1 - c^2`$ after a mean over many fibres, for a correlation c.
pub(super) const POOLED_NOISE: f64 = 64.0 * f64::EPSILON;

/// Rounding of a covariance and of a variance in one layer, which reach their values by different operations.
const COPY_NOISE: f64 = 16.0 * f64::EPSILON;

/// Both kernels at the points of a batch, and spare buffers for the branches of sums.
#[derive(Debug, Clone, Default)]
pub(super) struct Fibres<T> {
    pub(super) nngp: Vec<T>,
    pub(super) ntk: Vec<T>,
    /// Buffers that a sum takes for the kernels of its other branch, and returns afterwards.
    pub(super) waiting: Vec<[Vec<T>; 2]>,
}

/// A place where the steps act: the fibres of a pair, the fibres of a signal with itself, or numbers after the pooling.
pub(super) trait Place<T> {
    /// The part of the group on which the kernels are known.
    type Region: Copy;

    /// The current region.
    fn region(&self) -> Self::Region;

    /// Sets the region back to the start of a sum, before its second branch.
    fn return_to(&mut self, region: Self::Region);

    /// Replaces both kernels by their means over a filter.
    fn average(&mut self, filter: &Filter, fibres: &mut Fibres<T>);

    /// Applies an activation, or the normalisation: K ← E[σ(u) σ(v)], Θ ← E[σ'(u) σ'(v)] Θ.
    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<T>) -> Result<()>;

    /// Called after a layer with weights has changed both kernels.
    fn scaled(&mut self, init: Init) {
        let _ = init;
    }

    /// Called at the end of the second branch of a sum, before its kernels are added to the kernels of the first branch.
    ///
    /// # Arguments
    /// * `first` — the region at the end of the first branch
    fn summed(&mut self, first: Self::Region) {
        let _ = first;
    }
}

/// The variances of both signals before one activation, for the fibres of a family.
///
/// The four arrays are the variance and its factor of the left signal, then the variance and its factor of the right signal.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered<T> {
    /// The family for which the values were gathered.
    pub(super) family: Option<i64>,
    /// The values for all batches of the family.
    pub(super) everywhere: [Vec<T>; 4],
    /// Buffers for the values at the points of one batch.
    pub(super) at_points: [Vec<T>; 4],
}

/// The fibres of a pair of signals.
pub(super) struct PairPlace<'a, G: Geometry> {
    pub(super) geometry: &'a G,
    pub(super) workspace: &'a mut G::Workspace,
    pub(super) region: G::Region,
    /// For each signal, its variances before the remaining activations.
    pub(super) variances: [std::slice::Iter<'a, VarianceField<G::Scalar>>; 2],
    /// One entry per remaining activation.
    pub(super) gathered: std::slice::IterMut<'a, Gathered<G::Scalar>>,
    /// Covariances within this relative distance of their bound count as the bound.
    pub(super) noise: f64,
}

impl<G: Geometry> Place<G::Scalar> for PairPlace<'_, G> {
    type Region = G::Region;

    fn region(&self) -> G::Region {
        self.region
    }

    fn return_to(&mut self, region: G::Region) {
        self.region = region;
    }

    fn average(&mut self, filter: &Filter, fibres: &mut Fibres<G::Scalar>) {
        self.region = average(self.geometry, filter, self.region, self.workspace, fibres);
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<G::Scalar>) -> Result<()> {
        let Fibres { nngp, ntk, .. } = fibres;
        let [left, right] = &mut self.variances;
        let a = left.next().expect("one variance per activation");
        let b = right.next().expect("one variance per activation");
        if let Some(runs) = self.geometry.runs(self.region, self.workspace) {
            self.gathered.next();
            let variances = [a.variance(), b.variance()];
            return activate_runs(self.geometry, runs, activation, variances, [nngp, ntk]);
        }
        // Variances that are numbers need no gathering. Variances that are functions are gathered once per family, and restricted to the
        // points of each batch.
        if let (&[qa], &[qb]) = (a.variance(), b.variance()) {
            self.gathered.next();
            let (qa, qb) = (Variance::Constant(qa), Variance::Constant(qb));
            return activation.apply_rounded(qa, qb, nngp, Some(ntk), self.noise);
        }
        let gathered = self.gathered.next().expect("one entry per activation");
        let (geometry, region) = (self.geometry, self.region);
        let family = Some(geometry.family(region));
        let sides = [Side::Left, Side::Left, Side::Right, Side::Right];
        if gathered.family != family {
            let fields = [a.variance(), a.factor(), b.variance(), b.factor()];
            for ((out, field), side) in gathered.everywhere.iter_mut().zip(fields).zip(sides) {
                geometry.gather(side, field, region, out);
            }
            gathered.family = family;
        }
        let [e1, e2, e3, e4] = &gathered.everywhere;
        let [p1, p2, p3, p4] = &mut gathered.at_points;
        let [qa, fa, qb, fb] = [
            geometry.restrict(sides[0], e1, region, p1),
            geometry.restrict(sides[1], e2, region, p2),
            geometry.restrict(sides[2], e3, region, p3),
            geometry.restrict(sides[3], e4, region, p4),
        ];
        geometry.confine([qa, qb], nngp);
        let prepared = |variance, factor, plain| PreparedVariance {
            variance,
            factor,
            plain,
        };
        activation.apply_prepared_rounded(
            prepared(qa, fa, a.plain()),
            prepared(qb, fb, b.plain()),
            nngp,
            ntk,
            self.noise,
        )
    }
}

/// A signal with itself at r = e, where the kernel is the variance.
pub(super) struct SelfPlace<'a, G: Geometry> {
    pub(super) geometry: &'a G,
    pub(super) workspace: &'a mut G::Workspace,
    pub(super) region: G::Region,
    pub(super) variances: &'a mut Vec<VarianceField<G::Scalar>>,
    pub(super) met: usize,
}

impl<G: Geometry> Place<G::Scalar> for SelfPlace<'_, G> {
    type Region = G::Region;

    fn region(&self) -> G::Region {
        self.region
    }

    fn return_to(&mut self, region: G::Region) {
        self.region = region;
    }

    fn average(&mut self, filter: &Filter, fibres: &mut Fibres<G::Scalar>) {
        self.region = average(self.geometry, filter, self.region, self.workspace, fibres);
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<G::Scalar>) -> Result<()> {
        let Fibres { nngp, ntk, .. } = fibres;
        if self.met == self.variances.len() {
            self.variances.push(VarianceField::default());
        }
        let field = &mut self.variances[self.met];
        self.met += 1;
        if G::COUPLED {
            if let Some(runs) = self.geometry.runs(self.region, self.workspace) {
                return activate_own_runs(self.geometry, runs, activation, field, [nngp, ntk]);
            }
            return activate_coupled(self.geometry, self.region, activation, field, nngp, ntk);
        }
        self.geometry.confine_own(nngp);
        activation.prepare_into(nngp, field)?;
        if let &[q] = &nngp[..] {
            // The call for a pair with constant variances, so that a signal with itself gives equal bits as a pair.
            let q = Variance::Constant(q);
            return activation.apply(q, q, nngp, Some(ntk));
        }
        let own = field.view();
        activation.apply_prepared(own, own, nngp, ntk)
    }
}

/// Applies an activation to a signal with itself where the fibre couples its points: as for a pair, with the variances of either side gathered.
fn activate_coupled<G: Geometry>(
    geometry: &G,
    region: G::Region,
    activation: &Activation,
    field: &mut VarianceField<G::Scalar>,
    nngp: &mut [G::Scalar],
    ntk: &mut [G::Scalar],
) -> Result<()> {
    let mut buffer = Vec::new();
    let variances = geometry.own_variances(region, nngp, &mut buffer);
    activation.prepare_into(variances, field)?;
    if let &[q] = field.variance() {
        // The call for a pair of single points.
        geometry.confine([&[q], &[q]], nngp);
        let q = Variance::Constant(q);
        return activation.apply_rounded(q, q, nngp, Some(ntk), G::Scalar::NOISE);
    }
    let gathered = [Side::Left, Side::Right].map(|side| {
        [field.variance(), field.factor()].map(|values| {
            let mut out = Vec::new();
            geometry.gather(side, values, region, &mut out);
            out
        })
    });
    let [[qa, fa], [qb, fb]] = &gathered;
    geometry.confine([qa, qb], nngp);
    let prepared = |variance, factor| PreparedVariance {
        variance,
        factor,
        plain: field.plain(),
    };
    activation.apply_prepared_rounded(
        prepared(qa, fa),
        prepared(qb, fb),
        nngp,
        ntk,
        G::Scalar::NOISE,
    )
}

/// Replaces both kernels by their means over a filter; returns the new region.
fn average<G: Geometry>(
    geometry: &G,
    filter: &Filter,
    region: G::Region,
    workspace: &mut G::Workspace,
    fibres: &mut Fibres<G::Scalar>,
) -> G::Region {
    let Fibres { nngp, ntk, .. } = fibres;
    geometry.average_both(filter, region, workspace, [nngp, ntk])
}

/// The kernels of one signal with a row of other signals, after the pooling.
pub(super) struct RowPlace<'a> {
    /// The point of the row's signal in its variance fields.
    pub(super) row: usize,
    /// One field per remaining activation.
    pub(super) row_variances: std::slice::Iter<'a, VarianceField>,
    /// One field per remaining activation, with one point per column.
    pub(super) column_variances: std::slice::Iter<'a, VarianceField>,
    /// The relative amount by which a covariance may exceed its bound.
    pub(super) slack: f64,
    /// For each column, whether it met a kink at nearly full correlation.
    pub(super) close: &'a mut [bool],
}

impl Place<f64> for RowPlace<'_> {
    type Region = ();

    fn region(&self) {}

    fn return_to(&mut self, (): ()) {}

    fn average(&mut self, _: &Filter, _: &mut Fibres<f64>) {
        unreachable!("no convolution follows the pooling in a network that was checked")
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<f64>) -> Result<()> {
        let expected = "one variance per activation";
        let row = self.row_variances.next().expect(expected);
        let columns = self.column_variances.next().expect(expected);
        let (own, others) = (row.variance()[self.row], columns.variance());
        // The limits −1 mark no column: no correlation is above 2 or below −2. A pair at a kink is recognised by its angle.
        let (closeness, copy) = match closeness(activation) {
            Some(limits) => (limits, 0.0),
            None => ([-1.0; 2], COPY_NOISE),
        };
        let nngp = &mut fibres.nngp;
        clamp(nngp, own, others, self.slack, closeness, copy, self.close)?;
        activation.apply_row(
            (row, self.row),
            columns,
            nngp,
            &mut fibres.ntk,
            POOLED_NOISE,
        )
    }
}

/// A signal with itself, after the pooling.
pub(super) struct PooledSelfPlace<'a> {
    /// One field per activation, to which one point is appended.
    pub(super) variances: &'a mut Vec<VarianceField>,
    pub(super) met: usize,
}

impl Place<f64> for PooledSelfPlace<'_> {
    type Region = ();

    fn region(&self) {}

    fn return_to(&mut self, (): ()) {}

    fn average(&mut self, _: &Filter, _: &mut Fibres<f64>) {
        unreachable!("no convolution follows the pooling in a network that was checked")
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<f64>) -> Result<()> {
        if self.met == self.variances.len() {
            self.variances.push(VarianceField::default());
        }
        let q = fibres.nngp[0];
        activation.prepare_one_more(q, &mut self.variances[self.met])?;
        self.met += 1;
        let q = Variance::Constant(q);
        activation.apply(q, q, &mut fibres.nngp, Some(&mut fibres.ntk))
    }
}

/// One nearly collinear pair, which is carried through the layers with its angle.
pub(super) struct ClosePlace {
    pair: ClosePair,
}

impl ClosePlace {
    /// Applies the first layer to a pair.
    ///
    /// # Arguments
    /// * `pair` — the pair before the first layer
    /// * `first` — weights and biases of the first layer
    pub(super) fn new(pair: ClosePair, first: Init) -> Self {
        ClosePlace {
            pair: pair.scaled(first),
        }
    }

    /// Both kernels before the second layer.
    pub(super) fn fibres(&self) -> Fibres<f64> {
        Fibres {
            nngp: vec![self.pair.k],
            ntk: vec![self.pair.k],
            waiting: Vec::new(),
        }
    }
}

impl Place<f64> for ClosePlace {
    type Region = ClosePair;

    fn region(&self) -> ClosePair {
        self.pair
    }

    fn return_to(&mut self, pair: ClosePair) {
        self.pair = pair;
    }

    fn average(&mut self, _: &Filter, _: &mut Fibres<f64>) {
        unreachable!("a network of vectors that was checked has no convolutions")
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<f64>) -> Result<()> {
        let (pair, derivative) = self.pair.activated(activation)?;
        self.pair = pair;
        fibres.nngp[0] = pair.k;
        fibres.ntk[0] *= derivative;
        Ok(())
    }

    fn scaled(&mut self, init: Init) {
        self.pair = self.pair.scaled(init);
    }

    fn summed(&mut self, first: ClosePair) {
        self.pair = first.plus(self.pair);
    }
}

/// Clamps covariances to their bounds, and marks the columns whose covariance nearly attains its bound.
///
/// A signal with itself, whose covariance equals both variances exactly, is not marked.
///
/// # Arguments
/// * `slack` — the relative amount by which rounding or a quadrature may exceed a bound
/// * `closeness` — the distances from 1 and from −1 below which a correlation is marked
/// * `copy` — where both variances are equal, and the covariance so nearly equal to them, relatively, the pair is a signal and its copy. In
///   a chaotic network every layer multiplies the distance of a correlation from 1; without this a rounding error would grow until a
///   signal and its copy were as different as any two
///
/// # Errors
/// [`Error::NotACovariance`] if a covariance exceeds its bound by more than the slack.
fn clamp(
    nngp: &mut [f64],
    row_variance: f64,
    column_variances: &[f64],
    slack: f64,
    closeness: [f64; 2],
    copy: f64,
    close: &mut [bool],
) -> Result<()> {
    let valid = pulp::Arch::new().dispatch(Clamp {
        nngp: &mut *nngp,
        root: row_variance.sqrt(),
        row_variance,
        column_variances,
        guard: 1.0 + slack,
        limits: [1.0 - closeness[0], closeness[1] - 1.0],
        copy: copy * row_variance,
        close,
    });
    if valid {
        return Ok(());
    }
    let exceeds = |(k, q): (&f64, &f64)| {
        let bound = row_variance.sqrt() * q.sqrt() * (1.0 + slack);
        (k.abs() > bound).then_some((*k, *q))
    };
    let (k, q) = nngp
        .iter()
        .zip(column_variances)
        .find_map(exceeds)
        .expect("one of them was beyond its bound");
    Err(Error::NotACovariance {
        q1: row_variance,
        q2: q,
        k,
    })
}

/// Columns that are checked at once.
const CHUNK: usize = 64;

/// The loop of [`clamp`]: k ← min(max(k, −b), b) with the bound b = √(q₁ q₂).
///
/// Covariances, variances and marks of a row are contiguous arrays over the columns. Nearly all covariances lie well within their bounds, where
/// nothing is to be done: a loop that only reads, and that the compiler vectorises, finds the chunks of columns where one does not. It
/// returns whether all covariances are valid, and leaves invalid ones unchanged.
struct Clamp<'a> {
    nngp: &'a mut [f64],
    /// The root of the row's variance.
    root: f64,
    row_variance: f64,
    column_variances: &'a [f64],
    guard: f64,
    /// Correlations above the first and below the second are close to ±1.
    limits: [f64; 2],
    /// How far the covariance of a signal and its copy may be from their variance.
    copy: f64,
    close: &'a mut [bool],
}

impl pulp::NullaryFnOnce for Clamp<'_> {
    type Output = bool;

    #[inline(always)]
    fn call(mut self) -> bool {
        let [above, below] = self.limits;
        // The correlation of a copy is 1 up to its rounding; that of the products is a few ε.
        let ordinary = (1.0 - 2.0 * COPY_NOISE).min(above).min(-below) * (1.0 - COPY_NOISE);
        let scale = ordinary * self.root;
        let len = self.nngp.len();
        let mut valid = true;
        for start in (0..len).step_by(CHUNK) {
            let range = start..len.min(start + CHUNK);
            let points = self.nngp[range.clone()].iter();
            let mut special = 0_u64;
            for (k, q) in points.zip(&self.column_variances[range.clone()]) {
                // NaN is not within.
                let within = k.abs() <= scale * q.sqrt();
                special |= u64::from(!within);
            }
            if special != 0 {
                valid &= self.chunk(range);
            }
        }
        valid
    }
}

impl Clamp<'_> {
    /// Clamps and marks some columns.
    fn chunk(&mut self, range: Range<usize>) -> bool {
        let [above, below] = self.limits;
        let mut valid = true;
        for i in range {
            let (k, q) = (self.nngp[i], self.column_variances[i]);
            let copy = q == self.row_variance && (k - q).abs() <= self.copy;
            let k = if copy { q } else { k };
            let bound = self.root * q.sqrt();
            // NaN does not count as an excess: the activation refuses it later.
            let excess = k.abs() > bound * self.guard;
            valid &= !excess;
            let near = k > above * bound || k < below * bound;
            let same = k == self.row_variance && k == q;
            self.close[i] |= near && !same;
            self.nngp[i] = match k.abs() > bound && !excess {
                true => bound.copysign(k),
                false => k,
            };
        }
        valid
    }
}
