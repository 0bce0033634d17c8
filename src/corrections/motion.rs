//! How the tangent kernel moves in training: the tensors P, Q of its first derivatives along the flow, and R, S, T, U of the second ones.
//!
//! Tensors have their indices in the order abcd. A linear layer acts on the pairs (ad)(bc) of P and U, (ab)(cd) of Q, R and S, (ac)(bd) of T.
//! Formulas as in `docs/theory.md`.

use rayon::prelude::*;

use crate::Result;
use crate::activation::joint::{Joint, Moving};
use crate::network::Init;
use crate::parallel::try_map;

use super::sources::{Sources, sets_from};
use super::state::{PairMean, State, block_mean};

/// P, Q, R, S, T, U.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Motion {
    pub(super) samples: usize,
    pub(super) tensors: [Vec<f64>; 6],
}

/// The order in which the indices of each tensor make up two pairs; each order is its own inverse.
const PAIRS: [Option<[usize; 4]>; 6] = [
    Some(AD_BC),
    None,
    None,
    None,
    Some([0, 2, 1, 3]),
    Some(AD_BC),
];

/// The indices a, d, b, c. Its inverse takes the third of four indices to the second place.
const AD_BC: [usize; 4] = [0, 3, 1, 2];

/// The inverse of [`AD_BC`].
const BACK: [usize; 4] = [0, 2, 3, 1];

impl Motion {
    /// After the first layer, which is linear in its parameters.
    pub(super) fn first(samples: usize) -> Motion {
        Motion {
            samples,
            tensors: std::array::from_fn(|_| vec![0.0; samples.pow(4)]),
        }
    }

    /// The braces of the recursion: an activation of channels of width 1/`share`.
    ///
    /// # Arguments
    /// * `state` — the kernels and covariances before the activation
    pub(super) fn activated(
        &self,
        state: &State,
        sources: &Sources,
        joint: &Joint,
        share: f64,
    ) -> Result<Motion> {
        let n = self.samples;
        let products = Products::new(joint, state, sources)?;
        let theta = |x: usize, y: usize| state.matrices[1][x * n + y];
        let at = |tensor: &[f64], [i, j, k, l]: [usize; 4]| tensor[((i * n + j) * n + k) * n + l];
        let [.., b, f] = &state.tensors;
        let [p, q, r, s, t, u] = &self.tensors;
        let slope = |x: usize, y: usize| sources.pair(x, y).slope.v;
        // ⟨σσ'⟩_xy and ⟨σ''σ'⟩_xy as weights of X_x and X_y.
        let lean = |x: usize, y: usize| {
            let pair = sources.pair(x, y);
            [(x, pair.slope.v), (y, pair.lean)]
        };
        let bend = |x: usize, y: usize| {
            let [third, second] = sources.pair(x, y).bends;
            [(x, third), (y, second)]
        };
        // The sum over two such pairs of weights of F with the indices (·, x), (·, y).
        let both = |first: [(usize, f64); 2], x: usize, second: [(usize, f64); 2], y: usize| {
            let mut sum = 0.0;
            for (i, v) in first {
                for (j, w) in second {
                    sum += v * w * at(f, [i, x, j, y]);
                }
            }
            sum
        };
        let one = |weights: [(usize, f64); 2], of: &dyn Fn(usize) -> f64| {
            weights.iter().map(|&(i, w)| w * of(i)).sum::<f64>()
        };
        // X of T.
        let x_of_t = |[a, b, c, d]: [usize; 4]| {
            theta(a, b) * theta(b, d) * products.first([b, a, d, c]) * share
                + theta(b, d) * both(lean(c, a), a, bend(b, d), b)
                + slope(b, d) * one(lean(c, a), &|i| at(q, [b, d, a, i]))
                + theta(a, c) * slope(b, d) * one(bend(a, c), &|i| at(q, [b, d, a, i]))
        };
        let entry = |abcd: usize| -> [f64; 6] {
            let index = [
                abcd / (n * n * n),
                abcd / (n * n) % n,
                abcd / n % n,
                abcd % n,
            ];
            let [x, y, z, w] = index;
            let (ab, ac, ad, bd) = (theta(x, y), theta(x, z), theta(x, w), theta(y, w));
            let first = products.first(index) * share;
            let second = products.second(index) * share * ab * ac * bd;
            let of_p = first * ab * ac
                + sources.pair(w, x).lean * slope(y, z) * at(b, [x, x, y, z])
                + slope(y, z) * one(lean(w, x), &|i| at(p, [x, y, z, i]));
            let of_q = first * ab * ac
                + sources.mixed([y, w, x, z]) * ac * share
                + ab * both(bend(x, y), x, lean(w, z), z)
                + both(lean(y, x), x, lean(w, z), z)
                + slope(x, y) * one(lean(w, z), &|i| at(q, [x, y, z, i]));
            let of_r = products.third(index) * share * ab * ac * ad
                + sources.pair(x, y).bends[0] * ab * slope(z, w) * at(b, [x, x, z, w])
                + ab * slope(z, w) * one(bend(x, y), &|i| at(p, [x, z, w, i]))
                + slope(x, y) * slope(z, w) * r[abcd];
            let of_s = second
                + sources.pair(x, y).bends[1] * slope(z, w) * ab * at(b, index)
                + slope(x, y) * slope(z, w) * s[abcd];
            let of_t = second
                + ac * bd * both(bend(x, z), x, bend(y, w), y)
                + slope(x, z) * slope(y, w) * t[abcd]
                + x_of_t(index)
                + x_of_t([y, x, w, z]);
            let of_u = second + slope(x, w) * slope(y, z) * u[abcd];
            [of_p, of_q, of_r, of_s, of_t, of_u]
        };
        let entries: Vec<[f64; 6]> = (0..n.pow(4)).into_par_iter().map(entry).collect();
        Ok(Motion {
            samples: n,
            tensors: std::array::from_fn(|i| entries.iter().map(|entry| entry[i]).collect()),
        })
    }

    /// The means over a filter, as [`State::averaged`].
    pub(super) fn averaged(mut self, moved: &[Vec<usize>]) -> Motion {
        let n = self.samples;
        let mean = PairMean::new(n, moved);
        for (tensor, order) in self.tensors.iter_mut().zip(PAIRS) {
            let Some(order) = order else {
                mean.of_both(tensor);
                continue;
            };
            let back = if order == AD_BC { BACK } else { order };
            let mut pairs = permuted(n, tensor, order);
            mean.of_both(&mut pairs);
            *tensor = permuted(n, &pairs, back);
        }
        self
    }

    /// The means over blocks of samples, as [`State::pooled`].
    pub(super) fn pooled(self, block: usize) -> Motion {
        let n = self.samples;
        Motion {
            samples: n / block,
            tensors: self.tensors.map(|tensor| block_mean(n, block, tensor, 4)),
        }
    }

    /// A linear layer.
    ///
    /// # Arguments
    /// * `state` — the covariances after the layer
    pub(super) fn linear(mut self, init: Init, state: &State) -> Motion {
        let n = self.samples;
        let square = init.weight_std.powi(4);
        for tensor in &mut self.tensors {
            for entry in tensor {
                *entry *= square;
            }
        }
        let at = |tensor: &[f64], [i, j, k, l]: [usize; 4]| tensor[((i * n + j) * n + k) * n + l];
        let [.., b, f] = &state.tensors;
        let [p, _, r, s, t, _] = &mut self.tensors;
        for abcd in 0..n.pow(4) {
            let [x, y, z, w] = [
                abcd / (n * n * n),
                abcd / (n * n) % n,
                abcd / n % n,
                abcd % n,
            ];
            r[abcd] += at(p, [x, z, w, y]);
            s[abcd] += b[abcd];
            t[abcd] += at(f, [z, x, w, y]);
        }
        self
    }
}

/// The tensor with the indices in another order: entry \[i0, i1, i2, i3\] of the result has index i_k at place `order[k]` of the argument.
fn permuted(n: usize, tensor: &[f64], order: [usize; 4]) -> Vec<f64> {
    let strides = [n * n * n, n * n, n, 1];
    let from = order.map(|place| strides[place]);
    (0..n.pow(4))
        .map(|index| {
            let parts = [
                index / (n * n * n),
                index / (n * n) % n,
                index / n % n,
                index % n,
            ];
            let place: usize = parts.iter().zip(from).map(|(i, stride)| i * stride).sum();
            tensor[place]
        })
        .collect()
}

/// Means of products of derivatives at all quadruples of variables.
struct Products<'a> {
    variables: usize,
    variable: &'a [usize],
    /// σ''σ'σ'σ, σ'''σ'σ'σ', σ''σ''σ'σ', in the order of the indices.
    tables: [Vec<f64>; 3],
}

impl<'a> Products<'a> {
    fn new(joint: &Joint, state: &State, sources: &'a Sources) -> Result<Products<'a>> {
        let (variables, variable) = sources.variables();
        let n = state.samples;
        let sample = |v: usize| {
            let first = variable.iter().position(|&other| other == v);
            first.expect("every variable is that of a sample")
        };
        let samples: Vec<usize> = (0..variables).map(sample).collect();
        let found = try_map(variables, |lowest| {
            let mut found = Vec::new();
            sets_from(lowest, variables, &mut |set: &[usize]| {
                let d = set.len();
                let law = std::array::from_fn(|i| {
                    std::array::from_fn(|j| match i.max(j) < d {
                        true => state.matrices[0][samples[set[i]] * n + samples[set[j]]],
                        false => 0.0,
                    })
                });
                let products = onto(d);
                let mut numbers = vec![0.0; products.len()];
                joint.moving(d, &law, &products, &mut numbers);
                for (product, number) in products.into_iter().zip(numbers) {
                    let variables = product.variables.map(|v| set[v]);
                    found.push((
                        Moving {
                            variables,
                            ..product
                        },
                        number,
                    ));
                }
            });
            Ok(found)
        })?;
        let mut tables = std::array::from_fn(|_| vec![0.0; variables.pow(4)]);
        for (product, number) in found.into_iter().flatten() {
            let [i, j, k, l] = product.variables;
            tables[product.kind][((i * variables + j) * variables + k) * variables + l] = number;
        }
        Ok(Products {
            variables,
            variable,
            tables,
        })
    }

    fn table(&self, kind: usize, samples: [usize; 4]) -> f64 {
        let v = samples.map(|x| self.variable[x]);
        let n = self.variables;
        self.tables[kind][((v[0] * n + v[1]) * n + v[2]) * n + v[3]]
    }

    /// $`E[\sigma''_a\sigma'_b\sigma'_c\sigma_d]`$
    fn first(&self, samples: [usize; 4]) -> f64 {
        self.table(0, samples)
    }

    /// $`E[\sigma'''_a\sigma'_b\sigma'_c\sigma'_d]`$
    fn third(&self, samples: [usize; 4]) -> f64 {
        self.table(1, samples)
    }

    /// $`E[\sigma''_a\sigma''_b\sigma'_c\sigma'_d]`$
    fn second(&self, samples: [usize; 4]) -> f64 {
        self.table(2, samples)
    }
}

/// All products of four factors in which each of d variables occurs.
fn onto(d: usize) -> Vec<Moving> {
    let mut all = Vec::new();
    for number in 0..d.pow(4) {
        let variables = [0, 1, 2, 3].map(|place| number / d.pow(place) % d);
        if (0..d).all(|v| variables.contains(&v)) {
            all.extend((0..3).map(|kind| Moving { kind, variables }));
        }
    }
    all
}
