//! The kernels of deep networks of one repeated block, from the products of their inputs.

use std::f64::consts::LN_2;
use std::ops::Range;

use faer::{Mat, Side};
use ndarray::{Array2, ArrayView1, Axis};

use super::block::RepeatedBlock;
use super::inputs::DeepInputs;
use super::moments::Moments;
use crate::activation::Variance;
use crate::numeric::powers::{exponent, times_power};
use crate::numeric::{geometric_mean, larger};
use crate::predict::{GradientFlow, Kernels, Ridge, Time};
use crate::{Error, Result, check};

/// Kernels are divided by a power of two where they leave this range.
const LARGEST: f64 = (1_u64 << 60) as f64;
/// Eigenvalues below this part of the largest one, times the number of inputs, are rounding.
const ROUNDING: f64 = 16.0 * f64::EPSILON;
/// A covariance that misses the variance by less, relatively, is of an input with itself.
const SAME: f64 = 64.0 * f64::EPSILON;

/// The kernels of a network of a certain depth.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AtDepth {
    /// The number of blocks.
    pub depth: usize,
    /// The condition number of the NTK of the training inputs; infinite where the smallest eigenvalue is rounding.
    pub condition: f64,
    /// The largest eigenvalue of the NTK of the training inputs, divided by $`e^{\mathtt{ln\_scale}}`$.
    pub largest: f64,
    /// The smallest eigenvalue, divided likewise; 0 where it is rounding.
    pub smallest: f64,
    /// The root mean square of the predictions at the further inputs, of a network trained without end; nothing without further inputs,
    /// or where the NTK is singular to working precision.
    pub predictor: Option<f64>,
    /// The NTK of all inputs, `[n, n]`, divided by $`e^{\mathtt{ln\_scale}}`$.
    pub ntk: Array2<f64>,
    /// The correlations of the outputs at initialisation, `[n, n]`, 1 on the diagonal.
    pub correlations: Array2<f64>,
    /// ln of the factor by which the NTK was divided, 0 unless it leaves the range of the numbers.
    pub ln_scale: f64,
}

impl RepeatedBlock {
    /// Computes the kernels of a network of a first dense layer and some of these blocks, at several depths.
    ///
    /// The first layer has the initialisation of the block, and makes $`K = \Theta = \sigma_w^2 \langle x, x' \rangle + \sigma_b^2`$. Each block takes
    ///
    /// ```math
    /// \Theta \leftarrow K' + \sigma_w^2 E[\sigma'\sigma'] \, \Theta , \qquad K \leftarrow K' = \sigma_w^2 E[\sigma\sigma] + \sigma_b^2
    /// ```
    /// and a residual block adds both to the kernels before it. Inputs with several products ([`DeepInputs::pooled`]) take the
    /// mean over them in the end. Kernels that grow or shrink beyond the range of the numbers are divided by powers of two on the way, K with
    /// homogeneous activations alone.
    ///
    /// # Arguments
    /// * `inputs` — n inputs by their products
    /// * `labels` — of the first inputs, which are the training set; [`AtDepth::predictor`] is for the others. Shape `[m]`, 1 ≤ m ≤ n.
    ///   Labels have no effect on the condition number.
    /// * `depths` — numbers of blocks, in any order
    ///
    /// # Cost and accuracy
    /// O(n² · nodes) activations per block. Errors of the kernels grow like depth · ε; with a kink, where inputs come to an angle θ, by
    /// ε/θ per block: 10⁻¹⁰ after a thousand critical blocks of ReLU.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] — no labels, more labels than inputs, no depth
    /// * [`Error::NotFinite`] — variances overflow; the message has the block
    /// * [`Error::InvalidValue`] — a block with a local filter, whose kernels depend on more than the products
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::Init;
    /// use haarmonic::spectral::{DeepInputs, RepeatedBlock};
    /// use ndarray::array;
    ///
    /// let block = RepeatedBlock::new(Activation::Relu, Init::new(2.0_f64.sqrt(), 0.0));
    /// let inputs = DeepInputs::from_gram(array![[1.0, 0.2], [0.2, 1.0]].view())?;
    /// let deep = block.at_depths(&inputs, array![1.0, -1.0].view(), &[10, 3000])?;
    /// // (m + 3)/3 for m = 2, in the limit
    /// assert!((deep[1].condition - 5.0 / 3.0).abs() < 0.01);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Xiao20.
    pub fn at_depths(
        &self,
        inputs: &DeepInputs,
        labels: ArrayView1<'_, f64>,
        depths: &[usize],
    ) -> Result<Vec<AtDepth>> {
        check::not_empty("depths", depths.len())?;
        check::not_empty("labels", labels.len())?;
        check::finite("labels", labels)?;
        if labels.len() > inputs.len() {
            return Err(Error::shape(
                "labels",
                format!("[m] with m <= {}, the number of inputs", inputs.len()),
                vec![labels.len()],
            ));
        }
        if !self.filter.is_global() {
            return Err(Error::invalid(
                "block",
                "a local filter",
                "a block without filters, or with filters that cover all",
            ));
        }
        let mut order: Vec<usize> = (0..depths.len()).collect();
        order.sort_by_key(|&i| depths[i]);
        let mut stack = Stack::new(self, inputs)?;
        let mut found = vec![None; depths.len()];
        for i in order {
            while stack.depth < depths[i] {
                let depth = stack.depth;
                stack.advance().map_err(|error| {
                    error.renamed(|what| format!("{what} in block {depth}, counted from 0"))
                })?;
            }
            found[i] = Some(stack.report(labels)?);
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// The kernels at one depth, with their scales.
struct Stack<'a> {
    block: &'a RepeatedBlock,
    inputs: &'a DeepInputs,
    homogeneous: bool,
    depth: usize,
    /// K, Θ of pairs i ≤ j, row by row; then nodes.
    nngp: Vec<f64>,
    ntk: Vec<f64>,
    variances: Vec<f64>,
    /// Kernels are these numbers times 2 to these powers.
    nngp_power: i32,
    ntk_power: i32,
    /// σσ and σ'σ'Θ on the way.
    room: [Vec<f64>; 2],
}

impl<'a> Stack<'a> {
    fn new(block: &'a RepeatedBlock, inputs: &'a DeepInputs) -> Result<Self> {
        let [weight, bias] = block.squares()?;
        let first = |product: f64| weight * product + bias;
        let nngp: Vec<f64> = inputs.products().iter().map(|&p| first(p)).collect();
        let mut stack = Stack {
            block,
            inputs,
            homogeneous: Moments::new(&block.activation)?.homogeneous()?.is_some(),
            depth: 0,
            ntk: nngp.clone(),
            room: [nngp.clone(), nngp.clone()],
            nngp,
            variances: inputs.variances().iter().map(|&q| first(q)).collect(),
            nngp_power: 0,
            ntk_power: 0,
        };
        stack.confine();
        Ok(stack)
    }

    /// Removes what rounding adds to covariances.
    ///
    /// They are at most the root of the product of variances. An input with itself has the variance itself: a chaotic network would
    /// take a smaller number for another input, and a kink passes on its root.
    fn confine(&mut self) {
        for ([i, j], range) in pairs(self.inputs.len(), self.inputs.nodes()) {
            let [a, b] = [i, j].map(|i| self.variances[i]);
            let same = if a == b {
                a * (1.0 - SAME)
            } else {
                f64::INFINITY
            };
            let bound = if a == b { a } else { geometric_mean(a, b) };
            for k in &mut self.nngp[range] {
                *k = if *k >= same {
                    a
                } else {
                    k.clamp(-bound, bound)
                };
            }
        }
    }

    /// One block.
    fn advance(&mut self) -> Result<()> {
        let activation = &self.block.activation;
        let [weight, bias] = self.block.squares()?;
        let bias = times_power(bias, -self.nngp_power);
        let [value, slope] = &mut self.room;
        value.copy_from_slice(&self.nngp);
        slope.copy_from_slice(&self.ntk);
        let first = self.variances[0];
        if self.variances.iter().all(|&q| q == first) {
            let q = Variance::Constant(first);
            activation.apply_rounded(q, q, value, Some(slope), SAME)?;
        } else {
            let (n, nodes) = (self.inputs.len(), self.inputs.nodes());
            let mut parts = value.chunks_mut(nodes).zip(slope.chunks_mut(nodes));
            for ([i, j], _) in pairs(n, nodes) {
                let [a, b] = [i, j].map(|i| Variance::Constant(self.variances[i]));
                if let Some((value, slope)) = parts.next() {
                    activation.apply_rounded(a, b, value, Some(slope), SAME)?;
                }
            }
        }
        let kept = if self.block.residual { 1.0 } else { 0.0 };
        let to_ntk = times_power(1.0, self.nngp_power - self.ntk_power);
        // K' = w E + b, Θ' = K' + w χ Θ, point by point.
        let new = value.iter().zip(&*slope);
        for ((k, t), (v, d)) in self.nngp.iter_mut().zip(&mut self.ntk).zip(new) {
            let new = weight * v + bias;
            *k = kept * *k + new;
            *t = kept * *t + new * to_ntk + weight * d;
        }
        for q in &mut self.variances {
            *q = kept * *q + weight * activation.variance(*q)? + bias;
        }
        self.depth += 1;
        self.rescale()?;
        self.confine();
        Ok(())
    }

    /// Brings numbers that leave a comfortable range back to it, by powers of two.
    fn rescale(&mut self) -> Result<()> {
        let size = |values: &[f64]| values.iter().fold(0.0, |m: f64, v| larger(m, v.abs()));
        let outside = |size: f64| !(1.0 / LARGEST..=LARGEST).contains(&size) && size > 0.0;
        let largest = size(&self.variances);
        check::finite_number("variance", largest)?;
        if self.homogeneous && outside(largest) {
            let power = exponent([largest]);
            let all = self.nngp.iter_mut().chain(&mut self.variances);
            all.for_each(|k| *k = times_power(*k, -power));
            self.nngp_power += power;
        }
        let largest = size(&self.ntk);
        check::finite_number("tangent kernel", largest)?;
        if outside(largest) {
            let power = exponent([largest]);
            self.ntk
                .iter_mut()
                .for_each(|t| *t = times_power(*t, -power));
            self.ntk_power += power;
        }
        Ok(())
    }

    /// The mean over nodes of each pair, as a symmetric matrix.
    fn means(&self, values: &[f64]) -> Array2<f64> {
        let (n, nodes) = (self.inputs.len(), self.inputs.nodes());
        let mut matrix = Array2::zeros((n, n));
        for ([i, j], range) in pairs(n, nodes) {
            let terms = values[range].iter().zip(self.inputs.weights());
            let mean: f64 = terms.map(|(value, weight)| weight * value).sum();
            (matrix[[i, j]], matrix[[j, i]]) = (mean, mean);
        }
        matrix
    }

    fn report(&self, labels: ArrayView1<'_, f64>) -> Result<AtDepth> {
        let ntk = self.means(&self.ntk);
        let mut correlations = self.means(&self.nngp);
        let roots: Vec<f64> = correlations.diag().iter().map(|q| q.sqrt()).collect();
        for ((i, j), c) in correlations.indexed_iter_mut() {
            let product = roots[i] * roots[j];
            *c = match i == j {
                true => 1.0,
                // Kernels that have shrunk to nothing have no correlation.
                false if product > 0.0 => (*c / product).clamp(-1.0, 1.0),
                false => 0.0,
            };
        }
        let m = labels.len();
        let matrix = Mat::from_fn(m, m, |i, j| ntk[[i, j]]);
        let values = matrix
            .self_adjoint_eigenvalues(Side::Lower)
            .map_err(|error| {
                Error::backend("faer", format!("eigenvalues of the NTK: {error:?}"))
            })?;
        let (least, largest) = (values[0], values[m - 1]);
        let floor = ROUNDING * m as f64 * largest;
        let smallest = if least > floor { least } else { 0.0 };
        let condition = match smallest > 0.0 {
            true => largest / smallest,
            false => f64::INFINITY,
        };
        Ok(AtDepth {
            depth: self.depth,
            condition,
            largest,
            smallest,
            predictor: match condition.is_finite() {
                true => predictor(&ntk, labels),
                false => None,
            },
            ntk,
            correlations,
            ln_scale: LN_2 * f64::from(self.ntk_power),
        })
    }
}

/// The root mean square of the predictions at all inputs that have no labels.
fn predictor(ntk: &Array2<f64>, labels: ArrayView1<'_, f64>) -> Option<f64> {
    let (n, m) = (ntk.nrows(), labels.len());
    if n == m {
        return None;
    }
    let (train, test) = ntk.view().split_at(Axis(0), m);
    let [train, test] = [train, test].map(|rows| rows.split_at(Axis(1), m).0);
    let targets = labels.insert_axis(Axis(1));
    // A matrix that is singular to working precision has no prediction.
    let flow = GradientFlow::fit(Kernels::nngp(train), targets, Ridge::NONE).ok()?;
    let mean = flow.predict_mean(test, Time::Infinite).ok()?;
    Some((mean.iter().map(|value| value * value).sum::<f64>() / (n - m) as f64).sqrt())
}

/// The pairs i ≤ j, row by row, with the places of their numbers.
fn pairs(n: usize, nodes: usize) -> impl Iterator<Item = ([usize; 2], Range<usize>)> {
    let pairs = (0..n).flat_map(move |i| (i..n).map(move |j| [i, j]));
    let place = move |(k, pair)| (pair, k * nodes..(k + 1) * nodes);
    pairs.enumerate().map(place)
}
