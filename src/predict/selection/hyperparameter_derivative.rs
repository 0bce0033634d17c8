//! The derivative of kernels by a weight or bias standard deviation of the network.

use ndarray::Array2;

use crate::kernel::{KernelMatrices, KernelPair};
use crate::network::{Hyperparameter, Network};
use crate::{Error, Result};

/// The step of the differences, relative to the standard deviation; with a step of 0.01, truncation exceeds rounding for erf.
const STEP: f64 = 0.005;
/// A standard deviation below this fraction of the largest one takes the step of this fraction: kernels are smooth functions of its square.
const SMALL: f64 = 0.1;
/// The weights of f(σ + kh) − f(σ − kh), k = 1, 2, 3, in h f'(σ) to sixth order in h.
const SIXTH: [f64; 3] = [45.0 / 60.0, -9.0 / 60.0, 1.0 / 60.0];
/// The weights of f(σ + kh) − f(σ − kh), k = 1, 2, 3, in h f'(σ) to fourth order in h.
const FOURTH: [f64; 3] = [8.0 / 12.0, -1.0 / 12.0, 0.0];

/// The derivative of kernel matrices by one weight or bias standard deviation, σw or σb of a layer.
///
/// Kernels are smooth functions of σ² for every activation, so central differences converge fast. Differences of sixth order with a step
/// of σ/200 are accurate to rounding, and their distance from differences of fourth order estimates the error. The method uses kernels
/// only, and so applies to every geometry, layer and activation, for NNGP and NTK.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init, Hyperparameter};
/// use haarmonic::predict::selection::HyperparameterDerivative;
/// use ndarray::array;
///
/// let network = Network::vector(1)
///     .dense(Init::new(1.5, 0.0))
///     .activation(Activation::Relu)
///     .dense(Init::new(2.0, 0.3))
///     .build()?;
/// let x = array![[1.0]];
/// let kernels = |network: &Network| Kernel::new(network)?.gram(x.view());
/// // K = σw² (1.5² / 2) + σb².
/// let by_weight = HyperparameterDerivative::new(&network, Hyperparameter::Weight(1), kernels)?;
/// assert!((by_weight.nngp[[0, 0]] - 2.0 * 2.0 * 1.125).abs() < 1e-11);
/// let by_bias = HyperparameterDerivative::new(&network, Hyperparameter::Bias(1), kernels)?;
/// assert!((by_bias.nngp[[0, 0]] - 2.0 * 0.3).abs() < 1e-11);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HyperparameterDerivative {
    /// ∂K/∂σ.
    pub nngp: Array2<f64>,
    /// ∂Θ/∂σ.
    pub ntk: Array2<f64>,
    /// The largest absolute error estimate of each derivative, from the differences and from the errors of the kernels.
    pub error: KernelPair,
}

impl HyperparameterDerivative {
    /// Computes the derivative from kernels at six values of the standard deviation around the value in the network.
    ///
    /// For a bias standard deviation of zero the derivative is zero; the kernels are then computed once, for their shape.
    ///
    /// # Arguments
    /// * `parameter` — the standard deviation
    /// * `kernels` — computes the kernels of a network, for fixed inputs
    ///
    /// # Cost and accuracy
    /// Time for six computations of kernel matrices, memory for four more matrices. Without a quadrature over the group, or with a fixed
    /// one, errors are a few 10⁻¹³ of the kernels; see [`error`](Self::error). A quadrature with a tolerance may stop at another step for
    /// another σ; its errors are multiplied by about 400/σ.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is no such layer, [`Error::ShapeMismatch`] if `kernels` returns matrices of different shapes, and
    /// the errors of `kernels`.
    pub fn new(
        network: &Network,
        parameter: Hyperparameter,
        kernels: impl Fn(&Network) -> Result<KernelMatrices>,
    ) -> Result<Self> {
        let inits = network.inits();
        if parameter.layer() >= inits.len() {
            return Err(Error::invalid(
                "layer of a hyperparameter",
                parameter.layer(),
                format!("one of the {} layers with weights, from 0", inits.len()),
            ));
        }
        let scale = parameter.of(&inits);
        if scale == 0.0 {
            let KernelMatrices { nngp, ntk, .. } = kernels(network)?;
            return Ok(HyperparameterDerivative {
                nngp: Array2::zeros(nngp.dim()),
                ntk: Array2::zeros(ntk.dim()),
                error: KernelPair::default(),
            });
        }
        let largest = inits
            .iter()
            .fold(0.0_f64, |m, s| m.max(s.weight_std).max(s.bias_std));
        let step = STEP * scale.max(SMALL * largest);
        let at = |offset: f64| {
            let mut moved = inits.clone();
            // Kernels are even in each σ, so the modulus replaces a negative value. A weight standard deviation must not vanish; the least
            // value has a square of about the smallest normal number.
            let value = (scale + offset).abs().max(f64::MIN_POSITIVE.sqrt());
            parameter.set(&mut moved, value);
            kernels(&network.with_inits(&moved)?)
        };
        let mut sums: Option<[Differences; 2]> = None;
        let mut kernel_error = KernelPair::default();
        for (k, weights) in SIXTH.into_iter().zip(FOURTH).enumerate() {
            let offset = (k + 1) as f64 * step;
            let [above, below] = [at(offset)?, at(-offset)?];
            kernel_error = kernel_error
                .max(above.error.largest())
                .max(below.error.largest());
            let differences = [
                subtract(&above.nngp, &below.nngp)?,
                subtract(&above.ntk, &below.ntk)?,
            ];
            let sums = sums.get_or_insert_with(|| {
                [&differences[0], &differences[1]].map(|d| Differences::new(d.dim()))
            });
            for (sum, difference) in sums.iter_mut().zip(differences) {
                sum.add(weights, &difference, step)?;
            }
        }
        let [nngp, ntk] = sums.expect("three differences were added");
        let of_kernels = 2.0 * SIXTH.iter().map(|w| w.abs()).sum::<f64>() / step;
        Ok(HyperparameterDerivative {
            error: KernelPair {
                nngp: nngp.error() + of_kernels * kernel_error.nngp,
                ntk: ntk.error() + of_kernels * kernel_error.ntk,
            },
            nngp: nngp.sixth,
            ntk: ntk.sixth,
        })
    }
}

/// The derivative to sixth and to fourth order.
struct Differences {
    sixth: Array2<f64>,
    fourth: Array2<f64>,
}

impl Differences {
    fn new(shape: (usize, usize)) -> Self {
        Differences {
            sixth: Array2::zeros(shape),
            fourth: Array2::zeros(shape),
        }
    }

    /// Adds a difference f(σ + kh) − f(σ − kh) with its weights for both orders, divided by h.
    fn add(
        &mut self,
        (sixth, fourth): (f64, f64),
        difference: &Array2<f64>,
        step: f64,
    ) -> Result<()> {
        if difference.dim() != self.sixth.dim() {
            return Err(shape_changed(self.sixth.shape(), difference.shape()));
        }
        self.sixth.scaled_add(sixth / step, difference);
        self.fourth.scaled_add(fourth / step, difference);
        Ok(())
    }

    /// The largest distance between the two orders.
    fn error(&self) -> f64 {
        let changes = self.sixth.iter().zip(&self.fourth);
        changes.fold(0.0, |largest, (a, b)| largest.max((a - b).abs()))
    }
}

fn subtract(above: &Array2<f64>, below: &Array2<f64>) -> Result<Array2<f64>> {
    if above.dim() != below.dim() {
        return Err(shape_changed(above.shape(), below.shape()));
    }
    Ok(above - below)
}

fn shape_changed(expected: &[usize], found: &[usize]) -> Error {
    Error::shape(
        "kernels at another standard deviation",
        format!("{expected:?}, as at the value before"),
        found.to_vec(),
    )
}
