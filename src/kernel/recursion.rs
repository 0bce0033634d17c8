//! The recursion of NNGP and NTK through the layers, written once for all geometries.

use crate::activation::{Activation, PreparedVariance, Variance, VarianceField};
use crate::network::{InputSpace, Layer, Network, Scale, Support};
use crate::special::Real;
use crate::{Error, Result};

use super::geometry::{Geometry, Side};

/// One step of the recursion.
#[derive(Debug, Clone)]
enum Step {
    /// A linear layer: $`K' = \sigma_w^2 A_S K + \sigma_b^2,\ \Theta' = K' + \sigma_w^2 A_S \Theta`$, with the
    /// mean $`A_S`$ over the filter of a convolution.
    Linear(Scale, Option<Support>),
    /// $`K' = E[\sigma(u)\sigma(v)],\ \Theta' = E[\sigma'(u)\sigma'(v)]\,\Theta`$.
    Activation(Activation),
    /// The sum of two independent branches, whose kernels add.
    Sum([Vec<Step>; 2]),
}

/// The layers of a network as maps of covariances: those before the mean over the group, and those
/// after it.
///
/// # References
/// Misof25 for group convolutions and pooling, Jacot18 and Lee19 for the rest.
#[derive(Debug, Clone)]
pub(crate) struct Recursion {
    /// The first layer: $`K = \sigma_w^2 A_S p + \sigma_b^2,\ \Theta = K`$, counted once.
    first: (Scale, Support),
    before: Vec<Step>,
    after: Vec<Step>,
}

/// A pair of kernel values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KernelPair {
    /// `$`K`$`, the covariance of the outputs at initialisation.
    pub nngp: f64,
    /// `$`\Theta`$`, the neural tangent kernel.
    pub ntk: f64,
}

/// The variances of one signal: one before each activation, and the kernel of the signal with
/// itself at the identity of the group behind the last layer before pooling. Kept where they are
/// numbers; empty where they are functions.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelfCovariance<T: Real> {
    /// One per activation before pooling, in the order in which they are met.
    pub variances: Vec<VarianceField<T>>,
    /// Values at r = e; they bound the kernel at every other r.
    pub at_identity: KernelPair,
}

/// Buffers of one thread: the fibres of a batch and what belongs to them.
#[derive(Debug, Clone)]
pub(crate) struct FibreBuffers<T: Real> {
    fibres: Fibres<T>,
    variances: [Vec<VarianceField<T>>; 2],
    gathered: Vec<Gathered<T>>,
}

/// What the fibres of a family meet before one activation: of both signals, the variance and its factor.
#[derive(Debug, Clone)]
struct Gathered<T> {
    family: Option<i64>,
    everywhere: [Vec<T>; 4],
    at_points: [Vec<T>; 4],
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Gathered {
            family: None,
            everywhere: Default::default(),
            at_points: Default::default(),
        }
    }
}

impl<T: Real> Default for FibreBuffers<T> {
    fn default() -> Self {
        FibreBuffers {
            fibres: Fibres::default(),
            variances: [Vec::new(), Vec::new()],
            gathered: Vec::new(),
        }
    }
}

/// Both kernels at the points of a batch, and copies that wait for the other branch of a sum.
#[derive(Debug, Clone)]
struct Fibres<T> {
    nngp: Vec<T>,
    ntk: Vec<T>,
    waiting: Vec<[Vec<T>; 2]>,
}

impl<T> Default for Fibres<T> {
    fn default() -> Self {
        Fibres {
            nngp: Vec::new(),
            ntk: Vec::new(),
            waiting: Vec::new(),
        }
    }
}

/// Where the steps act: on the fibres of a pair, on a signal's own, on numbers behind the pooling.
trait Place<T: Real> {
    /// Where the kernels are known.
    type Region: Copy;

    fn region(&self) -> Self::Region;

    fn return_to(&mut self, region: Self::Region);

    /// Takes both kernels to their means over a filter's support.
    fn average(&mut self, support: &Support, fibres: &mut Fibres<T>);

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<T>) -> Result<()>;
}

/// Carries both kernels through `steps`.
fn run<T: Real, P: Place<T>>(steps: &[Step], place: &mut P, fibres: &mut Fibres<T>) -> Result<()> {
    for step in steps {
        match step {
            Step::Linear(scale, support) => {
                if let Some(support) = support {
                    place.average(support, fibres);
                }
                linear(*scale, &mut fibres.nngp, &mut fibres.ntk, false);
            }
            Step::Activation(activation) => place.activate(activation, fibres)?,
            Step::Sum([first, second]) => {
                let start = place.region();
                let mut other = fibres.waiting.pop().unwrap_or_default();
                other[0].clone_from(&fibres.nngp);
                other[1].clone_from(&fibres.ntk);
                run(first, place, fibres)?;
                std::mem::swap(&mut other[0], &mut fibres.nngp);
                std::mem::swap(&mut other[1], &mut fibres.ntk);
                place.return_to(start);
                run(second, place, fibres)?;
                add(&other[0], &mut fibres.nngp);
                add(&other[1], &mut fibres.ntk);
                fibres.waiting.push(other);
            }
        }
    }
    Ok(())
}

fn linear<T: Real>(scale: Scale, nngp: &mut [T], ntk: &mut [T], first: bool) {
    pulp::Arch::new().dispatch(Linear {
        weight: T::of(scale.weight_std * scale.weight_std),
        bias: T::of(scale.bias_std * scale.bias_std),
        first,
        nngp,
        ntk,
    });
}

struct Linear<'a, T> {
    weight: T,
    bias: T,
    first: bool,
    nngp: &'a mut [T],
    ntk: &'a mut [T],
}

impl<T: Real> pulp::WithSimd for Linear<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let (weight, bias) = (self.weight, self.bias);
        for (k, t) in self.nngp.iter_mut().zip(self.ntk) {
            *k = weight * *k + bias;
            *t = if self.first { *k } else { *k + weight * *t };
        }
    }
}

fn add<T: Real>(terms: &[T], sums: &mut [T]) {
    for (sum, &term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// The fibres of a pair of signals.
struct PairPlace<'a, G: Geometry> {
    geometry: &'a G,
    workspace: &'a mut G::Workspace,
    region: G::Region,
    /// Of the two signals, those before the activations that are still to come.
    variances: [std::slice::Iter<'a, VarianceField<G::Scalar>>; 2],
    /// One per activation.
    gathered: std::slice::IterMut<'a, Gathered<G::Scalar>>,
}

impl<G: Geometry> Place<G::Scalar> for PairPlace<'_, G> {
    type Region = G::Region;

    fn region(&self) -> G::Region {
        self.region
    }

    fn return_to(&mut self, region: G::Region) {
        self.region = region;
    }

    fn average(&mut self, support: &Support, fibres: &mut Fibres<G::Scalar>) {
        let Fibres { nngp, ntk, .. } = fibres;
        self.region = average(
            self.geometry,
            support,
            self.region,
            self.workspace,
            nngp,
            ntk,
        );
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<G::Scalar>) -> Result<()> {
        let Fibres { nngp, ntk, .. } = fibres;
        let [a, b] = self
            .variances
            .each_mut()
            .map(|of_signal| of_signal.next().expect("one variance per activation"));
        if let (&[qa], &[qb]) = (a.variance(), b.variance()) {
            self.gathered.next();
            let (qa, qb) = (Variance::Constant(qa), Variance::Constant(qb));
            return activation.apply(qa, qb, nngp, Some(ntk));
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
        let prepared = |variance, factor, plain| PreparedVariance {
            variance,
            factor,
            plain,
        };
        activation.apply_prepared(
            prepared(qa, fa, a.plain()),
            prepared(qb, fb, b.plain()),
            nngp,
            ntk,
        )
    }
}

/// A signal with itself at r = e, where the kernel is the variance.
struct SelfPlace<'a, G: Geometry> {
    geometry: &'a G,
    workspace: &'a mut G::Workspace,
    region: G::Region,
    variances: &'a mut Vec<VarianceField<G::Scalar>>,
    met: usize,
}

impl<G: Geometry> Place<G::Scalar> for SelfPlace<'_, G> {
    type Region = G::Region;

    fn region(&self) -> G::Region {
        self.region
    }

    fn return_to(&mut self, region: G::Region) {
        self.region = region;
    }

    fn average(&mut self, support: &Support, fibres: &mut Fibres<G::Scalar>) {
        let Fibres { nngp, ntk, .. } = fibres;
        self.region = average(
            self.geometry,
            support,
            self.region,
            self.workspace,
            nngp,
            ntk,
        );
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<G::Scalar>) -> Result<()> {
        let Fibres { nngp, ntk, .. } = fibres;
        if self.met == self.variances.len() {
            self.variances.push(VarianceField::default());
        }
        let field = &mut self.variances[self.met];
        self.met += 1;
        activation.prepare_into(nngp, field)?;
        if let &[q] = &nngp[..] {
            // As a pair does it, so that a signal with itself gives the same bits.
            let q = Variance::Constant(q);
            return activation.apply(q, q, nngp, Some(ntk));
        }
        let own = PreparedVariance {
            variance: field.variance(),
            factor: field.factor(),
            plain: field.plain(),
        };
        activation.apply_prepared(own, own, nngp, ntk)
    }
}

fn average<G: Geometry>(
    geometry: &G,
    support: &Support,
    region: G::Region,
    workspace: &mut G::Workspace,
    nngp: &mut Vec<G::Scalar>,
    ntk: &mut Vec<G::Scalar>,
) -> G::Region {
    geometry.average(support, region, workspace, nngp);
    geometry.average(support, region, workspace, ntk)
}

/// One signal against a row of others, behind the pooling.
struct RowPlace<'a> {
    row_variances: std::slice::Iter<'a, f64>,
    column_variances: std::slice::Iter<'a, Vec<f64>>,
    slack: f64,
}

impl Place<f64> for RowPlace<'_> {
    type Region = ();

    fn region(&self) {}

    fn return_to(&mut self, (): ()) {}

    fn average(&mut self, _: &Support, _: &mut Fibres<f64>) {
        unreachable!("no convolution follows the pooling in a network that was checked")
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<f64>) -> Result<()> {
        let expected = "one variance per activation";
        let &row = self.row_variances.next().expect(expected);
        let columns = self.column_variances.next().expect(expected);
        clamp(&mut fibres.nngp, row, columns, self.slack)?;
        activation.apply(
            Variance::Constant(row),
            Variance::Field(columns),
            &mut fibres.nngp,
            Some(&mut fibres.ntk),
        )
    }
}

/// A signal with itself, behind the pooling.
struct PooledSelfPlace {
    variances: Vec<f64>,
}

impl Place<f64> for PooledSelfPlace {
    type Region = ();

    fn region(&self) {}

    fn return_to(&mut self, (): ()) {}

    fn average(&mut self, _: &Support, _: &mut Fibres<f64>) {
        unreachable!("no convolution follows the pooling in a network that was checked")
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<f64>) -> Result<()> {
        let q = fibres.nngp[0];
        self.variances.push(q);
        let q = Variance::Constant(q);
        activation.apply(q, q, &mut fibres.nngp, Some(&mut fibres.ntk))
    }
}

impl Recursion {
    pub(crate) fn new(network: &Network) -> Self {
        let vector = matches!(network.input(), InputSpace::Vector { .. });
        let (first, rest) = match network.layers() {
            [Layer::Lifting { support, scale, .. }, rest @ ..] => ((*scale, support.clone()), rest),
            [Layer::Dense(scale), rest @ ..] => ((*scale, Support::Global), rest),
            _ => unreachable!("a network that was checked begins with a lifting or a dense layer"),
        };
        // A plain vector has the trivial group: its one fibre is pooled as soon as it is lifted.
        let pooled = if vector {
            0
        } else {
            rest.iter()
                .position(|layer| matches!(layer, Layer::GroupPooling | Layer::Flatten))
                .expect("a network that was checked has a readout")
        };
        Recursion {
            first,
            before: steps(&rest[..pooled]),
            after: steps(&rest[pooled..]),
        }
    }

    /// Whether an activation follows the pooling: only then are pooled variances needed.
    pub(crate) fn activates_after_pooling(&self) -> bool {
        fn activates(steps: &[Step]) -> bool {
            steps.iter().any(|step| match step {
                Step::Activation(_) => true,
                Step::Sum(branches) => branches.iter().any(|branch| activates(branch)),
                Step::Linear(..) => false,
            })
        }
        activates(&self.after)
    }

    /// Runs a signal against itself at the identity of the group.
    pub(crate) fn self_covariance<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
    ) -> Result<SelfCovariance<G::Scalar>> {
        let mut fibres = Fibres::default();
        let mut variances = Vec::new();
        self.own(geometry, signal, workspace, &mut fibres, &mut variances)?;
        let at_identity = KernelPair {
            nngp: fibres.nngp[0].wide(),
            ntk: fibres.ntk[0].wide(),
        };
        Ok(SelfCovariance {
            variances,
            at_identity,
        })
    }

    fn own<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        fibres: &mut Fibres<G::Scalar>,
        variances: &mut Vec<VarianceField<G::Scalar>>,
    ) -> Result<()> {
        let (scale, support) = &self.first;
        let region = geometry.lift_self(support, signal, workspace, &mut fibres.nngp);
        fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
        linear(*scale, &mut fibres.nngp, &mut fibres.ntk, true);
        let mut place = SelfPlace {
            geometry,
            workspace,
            region,
            variances,
            met: 0,
        };
        run(&self.before, &mut place, fibres)
    }

    /// The kernels of one pair after the mean over the group.
    ///
    /// # Arguments
    /// * `own` — the variances of the two signals, where they are numbers; where they are functions
    ///   they are computed here, which costs two of very many fibres and saves keeping them
    pub(crate) fn pooled<G: Geometry>(
        &self,
        geometry: &G,
        [a, b]: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        workspace: &mut G::Workspace,
        buffers: &mut FibreBuffers<G::Scalar>,
    ) -> Result<KernelPair> {
        let mut mean = KernelPair::default();
        let FibreBuffers {
            fibres,
            variances,
            gathered,
        } = buffers;
        let (scale, support) = &self.first;
        let [of_a, of_b] = variances;
        if G::FIELDS {
            self.own(geometry, a, workspace, fibres, of_a)?;
        }
        let orientations = geometry.orientation_count();
        for orientation in 0..orientations {
            let turned = geometry.oriented(b, orientation);
            let b = turned.as_ref().unwrap_or(b);
            if G::FIELDS {
                self.own(geometry, b, workspace, fibres, of_b)?;
            }
            let activations = if G::FIELDS { of_a.len() } else { 0 };
            gathered.resize_with(activations, Gathered::default);
            for of_activation in gathered.iter_mut() {
                of_activation.family = None;
            }
            for batch in 0..geometry.begin(a, b, workspace) {
                let region = geometry.lift(support, batch, workspace, &mut fibres.nngp);
                // The first linear layer overwrites the tangent kernel.
                fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
                linear(*scale, &mut fibres.nngp, &mut fibres.ntk, true);
                let variances = if G::FIELDS {
                    [&of_a[..], &of_b[..]]
                } else {
                    own
                };
                let mut place = PairPlace {
                    geometry,
                    workspace: &mut *workspace,
                    region,
                    variances: variances.map(<[_]>::iter),
                    gathered: gathered.iter_mut(),
                };
                run(&self.before, &mut place, fibres)?;
                let region = place.region;
                mean.nngp += geometry.mean(region, &fibres.nngp);
                mean.ntk += geometry.mean(region, &fibres.ntk);
            }
        }
        let weight = 1.0 / orientations as f64;
        Ok(KernelPair {
            nngp: mean.nngp * weight,
            ntk: mean.ntk * weight,
        })
    }

    /// The variances before each activation after pooling, from the pooled kernel of a signal with
    /// itself; `pair` is carried through to the outputs.
    pub(crate) fn pooled_variances(&self, pair: &mut KernelPair) -> Result<Vec<f64>> {
        let mut fibres = Fibres {
            nngp: vec![pair.nngp],
            ntk: vec![pair.ntk],
            waiting: Vec::new(),
        };
        let mut place = PooledSelfPlace {
            variances: Vec::new(),
        };
        run(&self.after, &mut place, &mut fibres)?;
        *pair = KernelPair {
            nngp: fibres.nngp[0],
            ntk: fibres.ntk[0],
        };
        Ok(place.variances)
    }

    /// Carries rows of pooled kernels through the layers after pooling.
    ///
    /// # Arguments
    /// * `row_variances` — one per activation, of the signal of the row
    /// * `column_variances` — per activation, one per signal of a column
    /// * `slack` — by how much, relatively, a covariance may exceed its bound through errors of the
    ///   quadrature; it is clamped to the bound then
    pub(crate) fn advance_row(
        &self,
        row_variances: &[f64],
        column_variances: &[Vec<f64>],
        slack: f64,
        nngp: &mut [f64],
        ntk: &mut [f64],
    ) -> Result<()> {
        if self.after.is_empty() {
            return Ok(());
        }
        let mut fibres = Fibres {
            nngp: nngp.to_vec(),
            ntk: ntk.to_vec(),
            waiting: Vec::new(),
        };
        let mut place = RowPlace {
            row_variances: row_variances.iter(),
            column_variances: column_variances.iter(),
            slack,
        };
        run(&self.after, &mut place, &mut fibres)?;
        nngp.copy_from_slice(&fibres.nngp);
        ntk.copy_from_slice(&fibres.ntk);
        Ok(())
    }
}

/// The steps of consecutive layers; a readout is none.
fn steps(layers: &[Layer]) -> Vec<Step> {
    layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::GroupConvolution { support, scale } => {
                Some(Step::Linear(*scale, Some(support.clone())))
            }
            Layer::Lifting { scale, .. } | Layer::Dense(scale) => Some(Step::Linear(*scale, None)),
            Layer::Activation(activation) => Some(Step::Activation(activation.clone())),
            Layer::Residual { branch, shortcut } => {
                Some(Step::Sum([steps(branch), steps(shortcut)]))
            }
            Layer::GroupPooling | Layer::Flatten => None,
        })
        .collect()
}

fn clamp(nngp: &mut [f64], row_variance: f64, column_variances: &[f64], slack: f64) -> Result<()> {
    for (k, &q) in nngp.iter_mut().zip(column_variances) {
        let bound = (row_variance * q).sqrt();
        if k.abs() > bound * (1.0 + slack) {
            return Err(Error::NotACovariance {
                q1: row_variance,
                q2: q,
                k: *k,
            });
        }
        *k = k.clamp(-bound, bound);
    }
    Ok(())
}
