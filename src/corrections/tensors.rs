//! All biases and covariances of the kernels of a set of signals, and the samples they are computed for.

use std::sync::Arc;

use ndarray::{Array2, Array4};

use crate::group::FiniteAction;
use crate::kernel::{Kernel, Signals};
use crate::network::{Filter, Init, InputSpace};
use crate::{Error, Result, memory};

use super::layers::Steps;
use super::state::State;

/// The largest number of samples for which every pair of signals is computed: above it, a pair takes minutes.
const LARGEST_PAIR: usize = 64;

/// Tensors of four indices that are in memory at a time, in the worst case.
const TENSORS_AT_WORK: usize = 34;

/// Kernels of a set of signals with all biases and covariances of order 1/n.
///
/// With outputs i, j, k, l and connected parts (cumulants) on the left,
/// ```math
/// \begin{aligned}
/// \langle z_i(a) z_j(b) z_k(c) z_l(d) \rangle &= \delta_{ij}\delta_{kl} V_{ab,cd} + \delta_{ik}\delta_{jl} V_{ac,bd} + \delta_{il}\delta_{jk} V_{ad,bc} \\
/// \langle z_i(a) z_j(b) \hat\Theta_{kl}(cd) \rangle &= \delta_{ij}\delta_{kl} D_{ab,cd} + \delta_{ik}\delta_{jl} F_{ac,bd} + \delta_{il}\delta_{jk} F_{ad,bc} \\
/// \langle \hat\Theta_{ij}(ab) \hat\Theta_{kl}(cd) \rangle &= \delta_{ij}\delta_{kl} A_{ab,cd} + \delta_{ik}\delta_{jl} B_{ac,bd} + \delta_{il}\delta_{jk} B_{ad,bc}
/// \end{aligned}
/// ```
/// V, D, A are stored as `[a, b, c, d]`, B and F as `[a, c, b, d]`: indices in the order in which they are written.
///
/// Made by [`KernelAtWidth::tensors`](super::KernelAtWidth::tensors), with one index per signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensors {
    /// K, the covariance of the outputs at infinite width, shape `[m, m]`.
    pub nngp: Array2<f64>,
    /// Θ, the tangent kernel at infinite width, shape `[m, m]`.
    pub ntk: Array2<f64>,
    /// $`K_1`$, shape `[m, m]`.
    pub nngp_bias: Array2<f64>,
    /// $`\Theta_1`$, shape `[m, m]`.
    pub ntk_bias: Array2<f64>,
    /// $`V_{ab,cd}`$, shape `[m, m, m, m]`, as the following ones.
    pub v: Array4<f64>,
    /// $`D_{ab,cd}`$
    pub d: Array4<f64>,
    /// $`A_{ab,cd}`$
    pub a: Array4<f64>,
    /// $`B_{ac,bd}`$
    pub b: Array4<f64>,
    /// $`F_{ac,bd}`$
    pub f: Array4<f64>,
    /// For signals on the sphere, an error estimate of the quadrature over SO(3): the largest change of an entry of the five tensors from
    /// one of lower degree, relative to the largest entry of its tensor. None for exact means.
    pub quadrature_error: Option<f64>,
}

impl Tensors {
    /// Returns the covariance of two entries of the NTK of a network with one output, $`A_{ab,cd} + B_{ac,bd} + B_{ad,bc}`$.
    ///
    /// # Panics
    /// If an index is not below the number of samples.
    pub fn ntk_covariance(&self, [a, b]: [usize; 2], [c, d]: [usize; 2]) -> f64 {
        self.a[[a, b, c, d]] + self.b[[a, c, b, d]] + self.b[[a, d, b, c]]
    }
}

impl From<State> for Tensors {
    fn from(state: State) -> Tensors {
        let m = state.samples;
        let matrix = |values| Array2::from_shape_vec((m, m), values).expect("m² numbers");
        let tensor = |values| Array4::from_shape_vec((m, m, m, m), values).expect("m⁴ numbers");
        let [nngp, ntk, nngp_bias, ntk_bias] = state.matrices.map(matrix);
        let [v, d, a, b, f] = state.tensors.map(tensor);
        Tensors {
            nngp,
            ntk,
            nngp_bias,
            ntk_bias,
            v,
            d,
            a,
            b,
            f,
            quadrature_error: None,
        }
    }
}

/// Signals, each with one sample per element of a finite group; vectors have the trivial group.
pub(super) struct FiniteSamples {
    /// Values of each signal, `[points, channels]` or `[dimension]`.
    values: Vec<Vec<f64>>,
    channels: usize,
    action: Option<Arc<FiniteAction>>,
    first: (Init, Filter),
}

impl FiniteSamples {
    /// Signals that were checked.
    pub(super) fn new(kernel: &Kernel, steps: &Steps, signals: Signals<'_>) -> Result<Self> {
        let channels = match kernel.network().input() {
            InputSpace::Finite { channels, .. } | InputSpace::Plane { channels, .. } => *channels,
            InputSpace::Sphere { .. } => {
                return Err(Error::network(
                    None,
                    "the motion of the tangent kernel, ensembles, and variances by layer of features over the sphere",
                    "compute `gram` or `tensors`, or use a finite group of rotations",
                ));
            }
            _ => 1,
        };
        let action = steps.action.clone();
        let values = match signals {
            Signals::Vectors(array) => array.outer_iter().map(|row| row.to_vec()).collect(),
            Signals::Points(array) => {
                let rows = array.outer_iter();
                rows.map(|row| row.iter().copied().collect()).collect()
            }
            Signals::Grid(array) => {
                let rows = array.outer_iter();
                rows.map(|row| row.iter().copied().collect()).collect()
            }
            Signals::Coefficients(_) | Signals::Graphs(_) | Signals::Atoms(_) => {
                return Err(Error::shape(
                    "signals",
                    "[n, dimension] or [n, points, channels]",
                    signals.shape().to_vec(),
                ));
            }
        };
        Ok(FiniteSamples {
            values,
            channels,
            action,
            first: steps.first.clone(),
        })
    }

    /// The signals of rows, then those of columns.
    pub(super) fn joined(
        kernel: &Kernel,
        steps: &Steps,
        rows: Signals<'_>,
        columns: Option<Signals<'_>>,
    ) -> Result<Self> {
        let mut all = Self::new(kernel, steps, rows)?;
        if let Some(columns) = columns {
            all.values.extend(Self::new(kernel, steps, columns)?.values);
        }
        Ok(all)
    }

    pub(super) fn signals(&self) -> usize {
        self.values.len()
    }

    /// The number of samples per signal before the pooling.
    pub(super) fn order(&self) -> usize {
        self.action.as_ref().map_or(1, |action| action.order())
    }

    /// Refuses tensors that do not fit into memory.
    pub(super) fn check_memory(&self) -> Result<()> {
        let m = self.signals() * self.order();
        memory::check(
            &format!("{TENSORS_AT_WORK} tensors of {m} x {m} x {m} x {m}"),
            memory::bytes(TENSORS_AT_WORK, &[m, m, m, m]),
            "use fewer signals",
        )
    }

    /// Refuses groups for which a pair of signals takes too long.
    pub(super) fn check_pair(&self) -> Result<()> {
        let samples = 2 * self.order();
        if samples <= LARGEST_PAIR {
            return Ok(());
        }
        Err(Error::invalid(
            "order of the group",
            self.order(),
            format!(
                "at most {}, for corrections of every pair of signals at finite width",
                LARGEST_PAIR / 2
            ),
        ))
    }

    /// The features of some signals after the first layer.
    pub(super) fn first(&self, signals: &[usize]) -> State {
        let covariance = self.first_covariance(signals);
        State::first(covariance.nrows(), covariance.into_raw_vec_and_offset().0)
    }

    /// The covariance of some signals at all elements after the first layer.
    pub(super) fn first_covariance(&self, signals: &[usize]) -> Array2<f64> {
        let (init, filter) = &self.first;
        let [weight, bias] = [
            init.weight_std * init.weight_std,
            init.bias_std * init.bias_std,
        ];
        let order = self.order();
        let n = signals.len() * order;
        // The values that meet the filter of each sample.
        let seen: Vec<Vec<f64>> = (0..n)
            .map(|x| {
                let (values, g) = (&self.values[signals[x / order]], x % order);
                let Some(action) = &self.action else {
                    return values.clone();
                };
                let points: Vec<usize> = match filter {
                    Filter::Subset(points) => points.to_vec(),
                    _ => (0..action.points()).collect(),
                };
                let at = |point: usize| {
                    let start = action.image(g, point) * self.channels;
                    values[start..start + self.channels].iter().copied()
                };
                points.into_iter().flat_map(at).collect()
            })
            .collect();
        let mut covariance = Array2::zeros((n, n));
        for x in 0..n {
            for y in 0..=x {
                let products = seen[x].iter().zip(&seen[y]).map(|(p, q)| p * q);
                let mean = products.sum::<f64>() / seen[x].len() as f64;
                let value = weight * mean + bias;
                (covariance[[x, y]], covariance[[y, x]]) = (value, value);
            }
        }
        covariance
    }

    /// For each element h of a filter, the sample (f, gh) of each sample (f, g).
    pub(super) fn moved(&self, signals: usize, filter: &Filter) -> Vec<Vec<usize>> {
        let Some(action) = &self.action else {
            return vec![(0..signals).collect()];
        };
        let order = action.order();
        let elements: Vec<usize> = match filter {
            Filter::Subset(elements) => elements.to_vec(),
            _ => (0..order).collect(),
        };
        let of = |h: usize| {
            let to = |x: usize| x / order * order + action.group().product(x % order, h);
            (0..signals * order).map(to).collect()
        };
        elements.into_iter().map(of).collect()
    }
}
