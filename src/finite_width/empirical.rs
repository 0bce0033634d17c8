//! The kernels of networks of finite width, and their means over initialisations.

use std::ops::Range;

use candle_core::Tensor;
use ndarray::Array2;

use crate::parallel::try_map;
use crate::{Error, Result};

use super::FiniteNetwork;
use super::backend::{Backend, matrix};
use super::derivatives::derivatives;

/// The kernels of one network of finite width.
#[derive(Debug, Clone, PartialEq)]
pub struct EmpiricalMatrices {
    /// Shape `[n1, n2]`, the covariance of the outputs over the parameters of the last layer.
    pub nngp: Array2<f64>,
    /// Shape `[n1, n2]`, products of gradients, averaged over the channels of the output.
    pub ntk: Array2<f64>,
}

/// A mean over initialisations.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: Array2<f64>,
    /// The standard error of each entry of the mean.
    pub standard_error: Array2<f64>,
}

/// The kernels of networks of finite width, averaged over initialisations.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelEstimate {
    /// The covariance of the outputs.
    pub nngp: Estimate,
    /// The tangent kernel.
    pub ntk: Estimate,
    /// Number of initialisations.
    pub initialisations: usize,
}

/// Computes kernels of networks of finite width, within a budget of memory.
///
/// With parameters $`\theta_p`$ and C output channels j, the tangent kernel is
///
/// ```math
/// \hat\Theta(x, x') = \frac1C \sum_j \sum_p \frac{\partial f_j(x)}{\partial\theta_p} \frac{\partial f_j(x')}{\partial\theta_p} .
/// ```
/// If the network ends in a dense layer with n features v before it, the covariance is
/// $`\hat K(x, x') = \frac{\sigma_w^2}{n} \sum_i v_i(x) v_i(x') + \sigma_b^2`$; otherwise it is the mean of $`f_j(x) f_j(x')`$ over the channels.
///
/// # Examples
/// ```
/// use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width, candle_core::DType};
/// use haarmonic::network::{Network, Init};
///
/// // One linear layer has its limit at every width: both kernels are x · x' / 2.
/// let network = Network::vector(2).dense(Init::default()).build()?;
/// let finite = FiniteNetwork::new(&network, Width::new(1, 1), 0, DType::F64)?;
/// let inputs = finite.prepare(ndarray::array![[1.0, 2.0], [3.0, -1.0]].view())?;
/// let gram = EmpiricalKernel::default().gram(&finite, &inputs)?;
/// assert!((gram.ntk[[0, 1]] - 0.5).abs() < 1e-14 && (gram.nngp[[0, 0]] - 2.5).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmpiricalKernel {
    memory: usize,
}

impl Default for EmpiricalKernel {
    /// A budget of one gibibyte.
    fn default() -> Self {
        EmpiricalKernel { memory: 1 << 30 }
    }
}

impl EmpiricalKernel {
    /// Sets the memory for derivatives.
    ///
    /// Rows of derivatives are kept in blocks. The derivatives of one block are computed again for each other block.
    ///
    /// # Arguments
    /// * `memory` — the number of bytes that derivatives may take
    pub fn with_memory(memory: usize) -> Self {
        EmpiricalKernel { memory }
    }

    /// Computes the empirical kernel matrices of a set of inputs with itself.
    ///
    /// # Arguments
    /// * `inputs` — of [`FiniteNetwork::prepare`]
    ///
    /// # Cost
    /// One evaluation; per input, block, place and channel of the output one derivative; per pair of outputs one product of two rows as
    /// long as the number of parameters.
    ///
    /// # Errors
    /// As [`FiniteNetwork::forward`], and [`Error::InvalidValue`] if the memory does not hold the derivatives of two inputs.
    pub fn gram(&self, network: &FiniteNetwork, inputs: &Tensor) -> Result<EmpiricalMatrices> {
        Ok(EmpiricalMatrices {
            nngp: self.nngp(network, inputs, inputs)?,
            ntk: self.ntk(network, inputs, None)?,
        })
    }

    /// Computes the empirical kernel matrices of the inputs of one set (rows) with the inputs of another set (columns).
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn cross(
        &self,
        network: &FiniteNetwork,
        rows: &Tensor,
        columns: &Tensor,
    ) -> Result<EmpiricalMatrices> {
        Ok(EmpiricalMatrices {
            nngp: self.nngp(network, rows, columns)?,
            ntk: self.ntk(network, rows, Some(columns))?,
        })
    }

    /// Estimates the mean kernels over initialisations, on all threads.
    ///
    /// # Arguments
    /// * `seeds` — one per initialisation, at least two; the parameters of `network` itself do not matter
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and [`Error::InvalidValue`] for fewer than two seeds.
    pub fn estimate(
        &self,
        network: &FiniteNetwork,
        inputs: &Tensor,
        seeds: Range<u64>,
    ) -> Result<KernelEstimate> {
        let count = seeds.end.saturating_sub(seeds.start);
        if count < 2 {
            return Err(Error::invalid(
                "number of initialisations",
                count,
                "at least 2, for a standard error",
            ));
        }
        let threads = rayon::current_num_threads();
        let share = EmpiricalKernel::with_memory(self.memory / threads);
        let (mut nngp, mut ntk) = (Moments::default(), Moments::default());
        // The kernels are added in the order of the seeds, so that the sums do not depend on the number of threads.
        for first in seeds.clone().step_by(threads) {
            let last = seeds.end.min(first + threads as u64);
            let grams = try_map((last - first) as usize, |i| {
                share.gram(&network.reinitialised(first + i as u64)?, inputs)
            })?;
            for gram in grams {
                nngp.push(&gram.nngp);
                ntk.push(&gram.ntk);
            }
        }
        Ok(KernelEstimate {
            nngp: nngp.finish(),
            ntk: ntk.finish(),
            initialisations: count as usize,
        })
    }

    /// The covariance of the outputs of rows and columns.
    fn nngp(
        &self,
        network: &FiniteNetwork,
        rows: &Tensor,
        columns: &Tensor,
    ) -> Result<Array2<f64>> {
        let (a, b, [weight, bias]) = match network.last_features(rows)? {
            Some((a, factors)) => {
                let b = network.last_features(columns)?;
                (a, b.map_or_else(|| unreachable!(), |(b, _)| b), factors)
            }
            None => (
                network.forward(rows)?,
                network.forward(columns)?,
                [1.0, 0.0],
            ),
        };
        let mut product = product(&a, &b)?;
        product *= weight / a.dims()[1] as f64;
        product += bias;
        Ok(product)
    }

    /// The tangent kernel of rows and columns, or of rows with themselves.
    fn ntk(
        &self,
        network: &FiniteNetwork,
        rows: &Tensor,
        columns: Option<&Tensor>,
    ) -> Result<Array2<f64>> {
        let [places, channels] = network.output_shape();
        let one = places * channels * network.parameter_count() * network.dtype().size_in_bytes();
        // Two blocks are held at a time, and the rows of a block exist twice while it is put together: three blocks at most.
        let block = self.memory / (3 * one);
        if block == 0 {
            return Err(Error::invalid(
                "memory for an empirical kernel",
                format!("{} bytes", self.memory),
                format!("at least {}, for the derivatives of two inputs", 3 * one),
            ));
        }
        let len = |tensor: &Tensor| tensor.dims().first().copied().unwrap_or(0);
        // Each block of rows meets each block of columns once. A Gram matrix needs the blocks on and above the diagonal only; its
        // lower triangle is a copy.
        let (n1, n2) = (len(rows), columns.map_or(len(rows), len));
        let mut ntk = Array2::zeros((n1 * places, n2 * places));
        for i in (0..n1).step_by(block) {
            let left = Derivatives::new(network, rows, i..n1.min(i + block))?;
            if columns.is_none() {
                left.products(&left, [i, i], places, &mut ntk)?;
            }
            let first = if columns.is_some() { 0 } else { i + block };
            for j in (first..n2).step_by(block) {
                let range = j..n2.min(j + block);
                let right = Derivatives::new(network, columns.unwrap_or(rows), range)?;
                left.products(&right, [i, j], places, &mut ntk)?;
            }
        }
        if columns.is_none() {
            for i in 0..n1 * places {
                for j in 0..i {
                    ntk[[i, j]] = ntk[[j, i]];
                }
            }
        }
        Ok(ntk)
    }
}

/// For each channel of the output, the derivatives at some inputs, `[rows, parameters]`.
struct Derivatives(Vec<Tensor>);

impl Derivatives {
    fn new(network: &FiniteNetwork, inputs: &Tensor, range: Range<usize>) -> Result<Derivatives> {
        let inputs = inputs.narrow(0, range.start, range.len()).backend()?;
        Ok(Derivatives(derivatives(network, &inputs)?))
    }

    /// Adds to the tangent kernel the products of two blocks, which begin at the inputs i and j, averaged over the channels.
    fn products(
        &self,
        other: &Derivatives,
        [i, j]: [usize; 2],
        places: usize,
        ntk: &mut Array2<f64>,
    ) -> Result<()> {
        for (a, b) in self.0.iter().zip(&other.0) {
            let block = product(a, b)?;
            for ((row, column), value) in block.indexed_iter() {
                ntk[[i * places + row, j * places + column]] += value / self.0.len() as f64;
            }
        }
        Ok(())
    }
}

/// $`a b^{\mathsf T}`$.
fn product(a: &Tensor, b: &Tensor) -> Result<Array2<f64>> {
    matrix(&b.t().and_then(|b| a.matmul(&b)).backend()?)
}

/// Sums for mean and variance of each entry, by Welford's recursion.
#[derive(Default)]
pub(super) struct Moments {
    count: usize,
    mean: Array2<f64>,
    /// Σ (x − mean)².
    squares: Array2<f64>,
}

impl Moments {
    /// Adds one value.
    pub(super) fn push(&mut self, value: &Array2<f64>) {
        if self.count == 0 {
            self.mean = Array2::zeros(value.dim());
            self.squares = Array2::zeros(value.dim());
        }
        self.count += 1;
        let before = value - &self.mean;
        self.mean += &(&before / self.count as f64);
        self.squares += &(before * (value - &self.mean));
    }

    /// The mean and its standard error, √(Σ (x − mean)² / (n (n − 1))).
    pub(super) fn finish(self) -> Estimate {
        let count = self.count as f64;
        Estimate {
            mean: self.mean,
            standard_error: self.squares.mapv(|s| (s / (count * (count - 1.0))).sqrt()),
        }
    }
}
