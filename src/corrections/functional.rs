//! The variance of one linear functional of the kernels, backwards through the layers: no array of four indices.
//!
//! For $`\varphi = \sum \alpha_{ab} \hat K_{ab} + \beta_{ab} \hat\Theta_{ab}`$ the weights go from the last layer to the first. With
//! g = α and t = β after the last layer, each layer has $`u = \sigma_w^2 (g + t)`$ and $`q = \sigma_w^2\, t \circ \Theta`$, adds
//! ```math
//! \frac1n \operatorname{Var}_{z \sim N(0, K)} \bigl[\sigma(z)^{\mathsf T} u\, \sigma(z) + \sigma'(z)^{\mathsf T} q\, \sigma'(z)\bigr] ,
//! ```
//! and hands on $`g \leftarrow L_C^{\mathsf T} u + L_{\dot C}^{\mathsf T} q`$, $`t \leftarrow \sigma_w^2\, t \circ \dot C`$. The terms B need
//! $`X = \operatorname{diag}(\sigma') (\beta \circ \Theta) \operatorname{diag}(\sigma')`$ and the product R of $`\sigma_w^2 \dot C`$ over the
//! layers above: $`\frac{\sigma_w^4}{n} E \sum (RX) \circ (XR) + (XR) \circ (R X^{\mathsf T})`$.
//!
//! Over a finite group the samples are signals at elements. A convolution and the mean over the group take g, t and R through the
//! transpose of their mean over pairs, $`\Pi^{\mathsf T}`$. The weights β of samples are constant over the group below the mean, so that
//! the weights of B remain products.

use ndarray::{Array1, Array2, Zip};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::Result;
use crate::activation::joint::{Jet, Joint};
use crate::network::Init;
use crate::parallel::try_map;

use super::sources::SAME;

/// The samples of an expectation are dealt into so many batches, whose scatter gives the standard error.
const BATCHES: usize = 20;

/// A pivot below this part of the variance is rounding.
const NOISE: f64 = 64.0 * f64::EPSILON;

/// One activation and the dense layer after it.
pub(super) struct Block<'a> {
    pub(super) joint: &'a Joint,
    /// 1/n
    pub(super) share: f64,
    pub(super) init: Init,
    /// For a convolution, the sample xh of each sample x for each element h of the filter.
    pub(super) filter: Option<Vec<Vec<usize>>>,
    /// The number of samples of each signal whose mean the layer takes; 1 for none.
    pub(super) pool: usize,
}

impl Block<'_> {
    /// The mean over pairs of samples that the layer takes.
    fn forward(&self, values: Array2<f64>) -> Array2<f64> {
        let mut values = values;
        if let Some(filter) = &self.filter {
            let mut mean = Array2::zeros(values.dim());
            for to in filter {
                for ((x, y), entry) in mean.indexed_iter_mut() {
                    *entry += values[[to[x], to[y]]] / filter.len() as f64;
                }
            }
            values = mean;
        }
        if self.pool > 1 {
            let m = values.nrows() / self.pool;
            let mut mean = Array2::zeros((m, m));
            for ((x, y), value) in values.indexed_iter() {
                mean[[x / self.pool, y / self.pool]] += value / (self.pool * self.pool) as f64;
            }
            values = mean;
        }
        values
    }

    /// The transpose of [`forward`](Self::forward).
    fn backward(&self, weights: &Array2<f64>) -> Array2<f64> {
        self.over_filter(self.spread(weights, (self.pool * self.pool) as f64))
    }

    /// The transpose for the factor R, a matrix of one pair of samples of B. The weights β already contain the share of a pair in the mean over the group.
    fn backward_factor(&self, factor: &Array2<f64>) -> Array2<f64> {
        self.over_filter(self.spread(factor, 1.0))
    }

    /// The entries of pairs of signals for all pairs of their samples, divided by a number.
    fn spread(&self, matrix: &Array2<f64>, divisor: f64) -> Array2<f64> {
        let m = matrix.nrows() * self.pool;
        Array2::from_shape_fn((m, m), |(x, y)| {
            matrix[[x / self.pool, y / self.pool]] / divisor
        })
    }

    /// The transpose of the mean over the filter.
    fn over_filter(&self, weights: Array2<f64>) -> Array2<f64> {
        let Some(filter) = &self.filter else {
            return weights;
        };
        let mut sum = Array2::zeros(weights.dim());
        for to in filter {
            for ((x, y), weight) in weights.indexed_iter() {
                sum[[to[x], to[y]]] += weight / filter.len() as f64;
            }
        }
        sum
    }
}

/// What one activation sees of all inputs.
struct Level {
    nngp: Array2<f64>,
    ntk: Array2<f64>,
    value: Array2<Jet>,
    slope: Array2<Jet>,
}

/// A variance and its standard error.
pub(super) type Estimate = [f64; 2];

/// Computes, for each block, its contribution to the variance of $`\sum \alpha_{ab} \hat K_{ab} + \beta_{ab} \hat\Theta_{ab}`$ of a network
/// with one output.
///
/// # Arguments
/// * `first` — the covariance after the first layer
/// * `alpha`, `beta` — the weights, square
/// * `samples` — of each expectation
pub(super) fn contributions(
    blocks: &[Block<'_>],
    first: &Array2<f64>,
    [alpha, beta]: [&Array2<f64>; 2],
    samples: usize,
    seed: u64,
) -> Result<Vec<Estimate>> {
    let levels = levels(blocks, first)?;
    let m = alpha.nrows();
    // V, D and A are symmetric in each pair.
    let symmetric = |weights: &Array2<f64>| (weights + &weights.t()) * 0.5;
    let (mut g, mut t) = (symmetric(alpha), symmetric(beta));
    let (mut above, mut beta) = (Array2::ones((m, m)), beta.clone());
    let mut found = Vec::new();
    for (index, (block, level)) in blocks.iter().zip(&levels).enumerate().rev() {
        let weight = block.init.weight_std * block.init.weight_std;
        (g, t) = (block.backward(&g), block.backward(&t));
        above = block.backward_factor(&above);
        beta = block.spread(&beta, (block.pool * block.pool) as f64);
        let u = (&g + &t) * weight;
        let q = &t * &level.ntk * weight;
        let task = Task {
            block,
            factor: cholesky(&level.nngp),
            u: &u,
            q: &q,
            crossed: &beta * &level.ntk,
            above: &above,
        };
        found.push(task.estimate(samples, seed.wrapping_add(index as u64))?);
        g = adjoint(&level.value, &u) + adjoint(&level.slope, &q);
        let slopes = level.slope.mapv(|jet| jet.v) * weight;
        t *= &slopes;
        above *= &slopes;
    }
    found.reverse();
    Ok(found)
}

/// Carries the kernels of infinite width through the blocks.
fn levels(blocks: &[Block<'_>], first: &Array2<f64>) -> Result<Vec<Level>> {
    let (mut nngp, mut ntk) = (first.clone(), first.clone());
    let mut levels = Vec::new();
    for block in blocks {
        let m = nngp.nrows();
        let own = try_map(m, |x| block.joint.own(nngp[[x, x]]))?;
        let same = |x: usize, y: usize| {
            let (p, q): (f64, f64) = (nngp[[x, x]], nngp[[y, y]]);
            (p - q).abs() <= SAME * p && (nngp[[x, y]] - p).abs() <= SAME * p
        };
        let [mut value, mut slope] = [(); 2].map(|()| Array2::default((m, m)));
        for x in 0..m {
            value[[x, x]] = Jet::diagonal(own[x].value);
            slope[[x, x]] = Jet::diagonal(own[x].derivative);
            for y in 0..x {
                // Two samples that are one variable: a bend has derivatives on the diagonal only.
                if same(x, y) {
                    let diagonal = |jet: [f64; 3]| Jet::diagonal(jet);
                    let (c, s) = (diagonal(own[x].value), diagonal(own[x].derivative));
                    (value[[x, y]], slope[[x, y]]) = (c, s);
                    (value[[y, x]], slope[[y, x]]) = (c, s);
                    continue;
                }
                let pair = block.joint.pair(&own[x], &own[y], nngp[[x, y]]);
                let (c, s) = (pair.value, pair.derivative);
                (value[[x, y]], slope[[x, y]]) = (c, s);
                (value[[y, x]], slope[[y, x]]) = (c.reversed(), s.reversed());
            }
        }
        let weight = block.init.weight_std * block.init.weight_std;
        let bias = block.init.bias_std * block.init.bias_std;
        let next = block.forward(value.mapv(|jet: Jet| weight * jet.v)) + bias;
        let next_ntk = &next + &block.forward(slope.mapv(|jet: Jet| weight * jet.v) * &ntk);
        levels.push(Level {
            nngp: std::mem::replace(&mut nngp, next),
            ntk: std::mem::replace(&mut ntk, next_ntk),
            value,
            slope,
        });
    }
    Ok(levels)
}

/// $`L^{\mathsf T} u`$: C_k ∘ u, with $`\sum_b u_{ab} C_a + u_{ba} C_b`$ added to the diagonal.
fn adjoint(jets: &Array2<Jet>, u: &Array2<f64>) -> Array2<f64> {
    let mut out = Zip::from(jets).and(u).map_collect(|jet, u| jet.k * u);
    for ((x, y), jet) in jets.indexed_iter() {
        out[[x, x]] += u[[x, y]] * jet.a;
        out[[y, y]] += u[[x, y]] * jet.b;
    }
    out
}

/// The expectations of one block.
struct Task<'a> {
    block: &'a Block<'a>,
    factor: Array2<f64>,
    u: &'a Array2<f64>,
    q: &'a Array2<f64>,
    /// β ∘ Θ
    crossed: Array2<f64>,
    above: &'a Array2<f64>,
}

impl Task<'_> {
    /// The contribution of the block, from batches of samples.
    fn estimate(&self, samples: usize, seed: u64) -> Result<Estimate> {
        let size = samples.div_ceil(BATCHES).max(2);
        let batches = try_map(BATCHES, |batch| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(batch as u64);
            Ok(self.batch(&mut rng, size))
        })?;
        let count = BATCHES as f64;
        let mean = batches.iter().sum::<f64>() / count;
        let squares: f64 = batches.iter().map(|x| (x - mean).powi(2)).sum();
        Ok([mean, (squares / (count * (count - 1.0))).sqrt()])
    }

    fn batch(&self, rng: &mut ChaCha8Rng, size: usize) -> f64 {
        let m = self.u.nrows();
        let weight = self.block.init.weight_std.powi(4);
        let crossing = self.crossed.iter().any(|x| *x != 0.0);
        let (mut sum, mut squares, mut moved) = (0.0, 0.0, 0.0);
        for _ in 0..size {
            let normal = Array1::from_shape_simple_fn(m, || rng.sample::<f64, _>(StandardNormal));
            let z = self.factor.dot(&normal);
            let value = z.mapv(|z| self.block.joint.value(z));
            let slope = z.mapv(|z| self.block.joint.derivative(z));
            let form = value.dot(&self.u.dot(&value)) + slope.dot(&self.q.dot(&slope));
            sum += form;
            squares += form * form;
            if crossing {
                let mut x = self.crossed.clone();
                for (mut row, s) in x.outer_iter_mut().zip(&slope) {
                    Zip::from(&mut row).and(&slope).for_each(|x, t| *x *= s * t);
                }
                let (rx, xr) = (self.above.dot(&x), x.dot(self.above));
                let reversed = self.above.dot(&x.t());
                moved += Zip::from(&rx)
                    .and(&xr)
                    .and(&reversed)
                    .fold(0.0, |sum, rx, xr, reversed| sum + xr * (rx + reversed));
            }
        }
        let count = size as f64;
        let mean = sum / count;
        let variance = (squares / count - mean * mean) * count / (count - 1.0);
        self.block.share * (variance + weight * moved / count)
    }
}

/// The lower triangular factor of a covariance that may be singular.
fn cholesky(covariance: &Array2<f64>) -> Array2<f64> {
    let m = covariance.nrows();
    let mut factor = Array2::<f64>::zeros((m, m));
    for j in 0..m {
        let done = factor.row(j).dot(&factor.row(j));
        let pivot = covariance[[j, j]] - done;
        if pivot <= NOISE * covariance[[j, j]] {
            continue;
        }
        let root = pivot.sqrt();
        for i in j + 1..m {
            let products = factor.row(i).dot(&factor.row(j));
            factor[[i, j]] = (covariance[[i, j]] - products) / root;
        }
        factor[[j, j]] = root;
    }
    factor
}
