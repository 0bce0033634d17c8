//! The recursion of NNGP and NTK through the layers, written once for all geometries.

use crate::activation::{Activation, Variance};
use crate::network::{InputSpace, Layer, Network, Scale};
use crate::{Error, Result};

use super::geometry::Geometry;

/// One step of the recursion.
#[derive(Debug, Clone)]
enum Step {
    /// The first linear layer: `$`K = \sigma_w^2 p + \sigma_b^2,\ \Theta = K`$`.
    First(Scale),
    /// Any other linear layer: `$`K' = \sigma_w^2 K + \sigma_b^2,\ \Theta' = K' + \sigma_w^2 \Theta`$`.
    /// A convolution with a global filter leaves a fibre, which is constant, as it is.
    Linear(Scale),
    /// `$`K' = E[\sigma(u)\sigma(v)],\ \Theta' = E[\sigma'(u)\sigma'(v)]\,\Theta`$`.
    Activation(Activation),
}

/// The layers of a network as maps of covariances: those before the mean over the group, and those
/// after it.
///
/// # References
/// Misof25 for group convolutions and pooling, Jacot18 and Lee19 for the rest.
#[derive(Debug, Clone)]
pub(crate) struct Recursion {
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
/// itself at the identity of the group behind the last layer before pooling.
#[derive(Debug, Clone)]
pub(crate) struct SelfCovariance {
    /// One per activation before pooling.
    pub variances: Vec<f64>,
    /// Values at r = e; they bound the kernel at every other r.
    pub at_identity: KernelPair,
}

/// Buffers of one thread for [`Recursion::pooled`].
#[derive(Debug, Clone, Default)]
pub(crate) struct FibreBuffers {
    nngp: Vec<f64>,
    ntk: Vec<f64>,
}

impl Recursion {
    pub(crate) fn new(network: &Network) -> Self {
        let mut stages = [Vec::new(), Vec::new()];
        // A plain vector has the trivial group: its one fibre is pooled as soon as it is lifted.
        let mut stage = 0;
        for layer in network.layers() {
            let step = match layer {
                Layer::GroupPooling => {
                    stage = 1;
                    continue;
                }
                Layer::Lifting { scale, .. } => Step::First(*scale),
                Layer::GroupConvolution { scale, .. } => Step::Linear(*scale),
                Layer::Dense(scale) if stages[0].is_empty() => Step::First(*scale),
                Layer::Dense(scale) => Step::Linear(*scale),
                Layer::Activation(activation) => Step::Activation(activation.clone()),
            };
            stages[stage].push(step);
            if matches!(network.input(), InputSpace::Vector { .. }) {
                stage = 1;
            }
        }
        let [before, after] = stages;
        Recursion { before, after }
    }

    /// Whether an activation follows the pooling: only then are pooled variances needed.
    pub(crate) fn activates_after_pooling(&self) -> bool {
        self.after
            .iter()
            .any(|step| matches!(step, Step::Activation(_)))
    }

    /// Runs a signal against itself at the identity of the group.
    pub(crate) fn self_covariance(&self, mean_square: f64) -> Result<SelfCovariance> {
        let mut at_identity = KernelPair {
            nngp: mean_square,
            ntk: mean_square,
        };
        let variances = advance_self(&self.before, &mut at_identity)?;
        Ok(SelfCovariance {
            variances,
            at_identity,
        })
    }

    /// The kernels of one pair after the mean over the group.
    pub(crate) fn pooled<G: Geometry>(
        &self,
        geometry: &G,
        (a, a_variances): (&G::Signal, &[f64]),
        (b, b_variances): (&G::Signal, &[f64]),
        workspace: &mut G::Workspace,
        buffers: &mut FibreBuffers,
    ) -> Result<KernelPair> {
        let mut mean = KernelPair::default();
        let FibreBuffers { nngp, ntk } = buffers;
        geometry.begin(a, b, workspace);
        for batch in 0..geometry.batch_count() {
            geometry.lift(a, b, batch, workspace, nngp);
            ntk.resize(nngp.len(), 0.0);
            let mut variances = a_variances.iter().zip(b_variances);
            for step in &self.before {
                step.advance(nngp, ntk, || {
                    let (&q1, &q2) = variances.next().expect("one variance per activation");
                    (Variance::Constant(q1), Variance::Constant(q2))
                })?;
            }
            mean.nngp += geometry.mean(batch, nngp);
            mean.ntk += geometry.mean(batch, ntk);
        }
        Ok(mean)
    }

    /// The variances before each activation after pooling, from the pooled kernel of a signal with
    /// itself; `pair` is carried through to the outputs.
    pub(crate) fn pooled_variances(&self, pair: &mut KernelPair) -> Result<Vec<f64>> {
        advance_self(&self.after, pair)
    }

    /// Carries one row of pooled kernels through the layers after pooling.
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
        let mut activation = 0;
        for step in &self.after {
            if matches!(step, Step::Activation(_)) {
                clamp(
                    nngp,
                    row_variances[activation],
                    &column_variances[activation],
                    slack,
                )?;
            }
            step.advance(nngp, ntk, || {
                activation += 1;
                (
                    Variance::Constant(row_variances[activation - 1]),
                    Variance::Field(&column_variances[activation - 1]),
                )
            })?;
        }
        Ok(())
    }
}

impl Step {
    fn advance<'v>(
        &self,
        nngp: &mut [f64],
        ntk: &mut [f64],
        variances: impl FnOnce() -> (Variance<'v>, Variance<'v>),
    ) -> Result<()> {
        match self {
            Step::First(scale) => {
                linear(*scale, nngp, ntk, true);
                Ok(())
            }
            Step::Linear(scale) => {
                linear(*scale, nngp, ntk, false);
                Ok(())
            }
            Step::Activation(activation) => {
                let (q1, q2) = variances();
                activation.apply(q1, q2, nngp, Some(ntk))
            }
        }
    }
}

fn linear(scale: Scale, nngp: &mut [f64], ntk: &mut [f64], first: bool) {
    let weight = scale.weight_std * scale.weight_std;
    let bias = scale.bias_std * scale.bias_std;
    let carried = if first { 0.0 } else { weight };
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (k, t) in nngp.iter_mut().zip(ntk.iter_mut()) {
                *k = weight * *k + bias;
                *t = *k + carried * *t;
            }
        },
    );
}

/// Carries the kernel of a signal with itself through `steps`; returns the variances met.
fn advance_self(steps: &[Step], pair: &mut KernelPair) -> Result<Vec<f64>> {
    let mut variances = Vec::new();
    for step in steps {
        let (mut nngp, mut ntk) = ([pair.nngp], [pair.ntk]);
        let q = pair.nngp;
        step.advance(&mut nngp, &mut ntk, || {
            variances.push(q);
            (Variance::Constant(q), Variance::Constant(q))
        })?;
        *pair = KernelPair {
            nngp: nngp[0],
            ntk: ntk[0],
        };
    }
    Ok(variances)
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
