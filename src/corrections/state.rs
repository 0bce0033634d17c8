//! Kernels, biases and covariances of all samples, and what the layers do to them.
//!
//! A sample is an input, or an input at a group element. Tensors have four indices, the last one fastest: V, D, A in the order (ab)(cd),
//! B and F in the order (ac)(bd).

use rayon::prelude::*;

use crate::Result;
use crate::activation::joint::{Jet, Joint};
use crate::network::Init;

use super::sources::Sources;

/// The two- and four-index quantities, either of Gaussian features or of products of activated features.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) samples: usize,
    /// K, Θ, K1, Θ1.
    pub(super) matrices: [Vec<f64>; 4],
    /// V, D, A, B, F.
    pub(super) tensors: [Vec<f64>; 5],
}

impl State {
    /// After the first layer, where nothing fluctuates.
    pub(super) fn first(samples: usize, covariance: Vec<f64>) -> State {
        let zeros = || vec![0.0; covariance.len()];
        let (bias, ntk_bias) = (zeros(), zeros());
        State {
            samples,
            tensors: std::array::from_fn(|_| vec![0.0; covariance.len().pow(2)]),
            matrices: [covariance.clone(), covariance, bias, ntk_bias],
        }
    }

    /// The expectations of an activation.
    ///
    /// # Errors
    /// The errors of the expectations.
    pub(super) fn sources(&self, joint: &Joint) -> Result<Sources> {
        Sources::new(joint, self.samples, &self.matrices[0])
    }

    /// Products of features after an activation of channels of width 1/`share`: K holds C, V the covariances of products of σ, D those of
    /// products of σ with tangent terms, A those of tangent terms.
    ///
    /// # Arguments
    /// * `sources` — the expectations, from [`sources`](Self::sources)
    pub(super) fn activated(&self, sources: &Sources, share: f64) -> State {
        let n = self.samples;
        let [_, theta, bias, ntk_bias] = &self.matrices;
        let [v, d, a, b, f] = &self.tensors;
        let value = |x: usize, y: usize| &sources.pair(x, y).value;
        let slope = |x: usize, y: usize| &sources.pair(x, y).slope;

        // L on the first pair of V and D.
        let value_v = first_order(n, v, value);
        let slope_v = first_order(n, v, slope);
        let value_d = first_order(n, d, value);
        let slope_d = first_order(n, d, slope);

        let mut matrices: [Vec<f64>; 4] = std::array::from_fn(|_| vec![0.0; n * n]);
        for x in 0..n {
            for y in 0..n {
                let [xy, xx, yy] = [x * n + y, x * n + x, y * n + y];
                let (c, s) = (value(x, y), slope(x, y));
                let of =
                    |tensor: &[f64], first: usize, second: usize| tensor[first * n * n + second];
                let linear = |jet: &Jet| jet.k * bias[xy] + jet.a * bias[xx] + jet.b * bias[yy];
                let curve = |jet: &Jet| {
                    let squares =
                        jet.kk * of(v, xy, xy) + jet.aa * of(v, xx, xx) + jet.bb * of(v, yy, yy);
                    let mixed =
                        jet.ka * of(v, xy, xx) + jet.kb * of(v, xy, yy) + jet.ab * of(v, xx, yy);
                    0.5 * squares + mixed
                };
                let yx = y * n + x;
                let crossed = s.k * (of(f, xx, yy) + of(f, yx, xy))
                    + 2.0 * s.a * of(f, xx, xy)
                    + 2.0 * s.b * of(f, yx, yy);
                matrices[0][xy] = c.v;
                matrices[1][xy] = s.v * theta[xy];
                matrices[2][xy] = linear(c) + curve(c);
                matrices[3][xy] = s.v * ntk_bias[xy]
                    + theta[xy] * (linear(s) + curve(s))
                    + of(&slope_d, xy, xy)
                    + crossed;
            }
        }
        let leaned = lean(n, sources, &lean_second(n, sources, f));
        let mut tensors: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; n.pow(4)]);
        let [uu, uq, qq, bb, ff] = &mut tensors;
        let slab = n * n * n;
        uu.par_chunks_mut(slab)
            .zip(uq.par_chunks_mut(slab))
            .zip(qq.par_chunks_mut(slab))
            .zip(bb.par_chunks_mut(slab).zip(ff.par_chunks_mut(slab)))
            .enumerate()
            .for_each(|(i, (((uu, uq), qq), (bb, ff)))| {
                for rest in 0..slab {
                    let (j, k, l) = (rest / (n * n), rest / n % n, rest % n);
                    let (first, second) = (i * n + j, k * n + l);
                    // V, D, A: (i, j) and (k, l) are the pairs ab and cd.
                    let (c1, c2) = (value(i, j), value(k, l));
                    let (s1, s2) = (slope(i, j), slope(k, l));
                    let (t1, t2) = (theta[first], theta[second]);
                    let row = |tensor: &'_ [f64], jet: &Jet| {
                        let row = &tensor[first * n * n..][..n * n];
                        jet.k * row[second] + jet.a * row[k * n + k] + jet.b * row[l * n + l]
                    };
                    let whole = first * n * n + second;
                    let source = sources.values([i, j, k, l]) - c1.v * c2.v;
                    uu[rest] = source * share + row(&value_v, c2);
                    let source = sources.mixed([i, j, k, l]) - c1.v * s2.v;
                    uq[rest] = t2 * (source * share + row(&value_v, s2)) + s2.v * value_d[whole];
                    let source = sources.slopes([i, j, k, l]) - s1.v * s2.v;
                    qq[rest] = t1 * t2 * (source * share + row(&slope_v, s2))
                        + t1 * s2.v * slope_d[whole]
                        + t2 * s1.v * slope_d[second * n * n + first]
                        + s1.v * s2.v * a[whole];
                    // B, F: (i, j) and (k, l) are the pairs ac and bd.
                    let (ab, cd) = (theta[i * n + k], theta[j * n + l]);
                    let source = sources.slopes([i, j, k, l]) * ab * cd;
                    bb[rest] = source * share + s1.v * s2.v * b[whole];
                    ff[rest] = sources.mixed([i, k, j, l]) * cd * share + leaned[whole];
                }
            });
        State {
            samples: n,
            matrices,
            tensors,
        }
    }

    /// A linear layer on products of features.
    pub(super) fn linear(mut self, init: Init) -> State {
        let n = self.samples;
        let [weight, bias] = [
            init.weight_std * init.weight_std,
            init.bias_std * init.bias_std,
        ];
        let [nngp, ntk, nngp_bias, ntk_bias] = &mut self.matrices;
        for i in 0..n * n {
            nngp[i] = weight * nngp[i] + bias;
            ntk[i] = nngp[i] + weight * ntk[i];
            nngp_bias[i] *= weight;
            ntk_bias[i] = nngp_bias[i] + weight * ntk_bias[i];
        }
        let square = weight * weight;
        for tensor in &mut self.tensors {
            for entry in tensor {
                *entry *= square;
            }
        }
        // A = V + D + Dᵀ + A, D = V + D, in this order.
        let [v, d, a, ..] = &mut self.tensors;
        for first in 0..n * n {
            for second in 0..n * n {
                let at = first * n * n + second;
                a[at] += v[at] + d[at] + d[second * n * n + first];
            }
        }
        for (d, v) in d.iter_mut().zip(v) {
            *d += *v;
        }
        self
    }

    /// Replaces pairs (x, y) by the mean of (xh, yh) over the elements h of a filter, for the first and the second pair of each tensor.
    ///
    /// # Arguments
    /// * `moved` — for each h, the sample xh of each sample x
    pub(super) fn averaged(mut self, moved: &[Vec<usize>]) -> State {
        let mean = PairMean::new(self.samples, moved);
        for matrix in &mut self.matrices {
            *matrix = mean.of(matrix);
        }
        for tensor in &mut self.tensors {
            mean.of_both(tensor);
        }
        self
    }

    /// Replaces samples by the means over blocks of consecutive samples, each index by itself.
    pub(super) fn pooled(self, block: usize) -> State {
        let n = self.samples;
        State {
            samples: n / block,
            matrices: self.matrices.map(|matrix| block_mean(n, block, matrix, 2)),
            tensors: self.tensors.map(|tensor| block_mean(n, block, tensor, 4)),
        }
    }
}

/// The mean of pairs (xh, yh) over the elements h of a filter.
pub(super) struct PairMean {
    /// For each h, the number of (xh, yh) for each pair (x, y).
    targets: Vec<Vec<usize>>,
}

impl PairMean {
    pub(super) fn new(n: usize, moved: &[Vec<usize>]) -> PairMean {
        let of = |to: &Vec<usize>| (0..n * n).map(|xy| to[xy / n] * n + to[xy % n]).collect();
        PairMean {
            targets: moved.iter().map(of).collect(),
        }
    }

    pub(super) fn of(&self, values: &[f64]) -> Vec<f64> {
        let share = 1.0 / self.targets.len() as f64;
        let sum = |xy: usize| self.targets.iter().map(|to| values[to[xy]]).sum::<f64>();
        (0..values.len()).map(|xy| share * sum(xy)).collect()
    }

    /// The first pair and the second pair of a tensor, each by itself.
    pub(super) fn of_both(&self, tensor: &mut [f64]) {
        let pairs = self.targets[0].len();
        let share = 1.0 / self.targets.len() as f64;
        // The second pair, row by row; then the first pair, as sums of rows.
        let rows: Vec<Vec<f64>> = tensor.par_chunks(pairs).map(|row| self.of(row)).collect();
        tensor
            .par_chunks_mut(pairs)
            .enumerate()
            .for_each(|(xy, out)| {
                out.fill(0.0);
                for to in &self.targets {
                    for (out, value) in out.iter_mut().zip(&rows[to[xy]]) {
                        *out += share * value;
                    }
                }
            });
    }
}

/// The means over blocks of consecutive indices, each of some axes of length n by itself.
pub(super) fn block_mean(n: usize, block: usize, values: Vec<f64>, axes: u32) -> Vec<f64> {
    let fewer = n / block;
    let mut values = values;
    for axis in 0..axes {
        // The axes before `axis` are pooled already.
        let (before, after) = (fewer.pow(axis), n.pow(axes - 1 - axis));
        let mut means = vec![0.0; before * fewer * after];
        for outer in 0..before {
            for i in 0..n {
                let from = &values[(outer * n + i) * after..][..after];
                let to = &mut means[(outer * fewer + i / block) * after..][..after];
                for (mean, value) in to.iter_mut().zip(from) {
                    *mean += value / block as f64;
                }
            }
        }
        values = means;
    }
    values
}

/// L on the first pair of a tensor: $`C_k X_{ab} + C_a X_{aa} + C_b X_{bb}`$, row by row.
fn first_order<'a>(
    n: usize,
    tensor: &[f64],
    jet: impl Fn(usize, usize) -> &'a Jet + Sync,
) -> Vec<f64> {
    let pairs = n * n;
    let mut out = vec![0.0; pairs * pairs];
    out.par_chunks_mut(pairs).enumerate().for_each(|(xy, out)| {
        let (x, y) = (xy / n, xy % n);
        let jet = jet(x, y);
        let row = |pair: usize| &tensor[pair * pairs..][..pairs];
        let rows = row(xy).iter().zip(row(x * n + x)).zip(row(y * n + y));
        for (out, ((k, a), b)) in out.iter_mut().zip(rows) {
            *out = jet.k * k + jet.a * a + jet.b * b;
        }
    });
    out
}

/// $`\langle\sigma\sigma'\rangle`$ on the first pair of F: $`\dot C_{xy} F_{xy} + 2\,\partial C_{xy}/\partial q_y\, F_{yy}`$.
fn lean(n: usize, sources: &Sources, tensor: &[f64]) -> Vec<f64> {
    let pairs = n * n;
    let mut out = vec![0.0; pairs * pairs];
    out.par_chunks_mut(pairs).enumerate().for_each(|(xy, out)| {
        let (x, y) = (xy / n, xy % n);
        let pair = sources.pair(x, y);
        let row = |pair: usize| &tensor[pair * pairs..][..pairs];
        for (out, (own, other)) in out.iter_mut().zip(row(xy).iter().zip(row(y * n + y))) {
            *out = pair.slope.v * own + pair.lean * other;
        }
    });
    out
}

/// $`\langle\sigma\sigma'\rangle`$ on the second pair of F.
fn lean_second(n: usize, sources: &Sources, tensor: &[f64]) -> Vec<f64> {
    let pairs = n * n;
    let mut out = vec![0.0; pairs * pairs];
    let rows = out.par_chunks_mut(pairs).zip(tensor.par_chunks(pairs));
    rows.for_each(|(out, row)| {
        for (xy, out) in out.iter_mut().enumerate() {
            let (x, y) = (xy / n, xy % n);
            let pair = sources.pair(x, y);
            *out = pair.slope.v * row[xy] + pair.lean * row[y * n + y];
        }
    });
    out
}
