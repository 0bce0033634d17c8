//! All tensors of first order against random networks, with control variates for the biases.
//!
//! The covariances come from networks with two outputs: their tangent kernels $`\hat\Theta_{00}, \hat\Theta_{11}, \hat\Theta_{01}`$ give A
//! and B apart. F has its mean over the last weights taken exactly.
//!
//! A plain mean has too much noise for a bias: the standard deviation of n times a kernel grows like √n. So the bias is measured a second
//! time. The first layer is that of the random network, and the mean over the other layers is taken exactly, for all channels and for all
//! but a block of them. In the difference every term that is linear in the fluctuations of the first layer cancels.

use haarmonic::activation::Activation;
use haarmonic::corrections::{MatricesAtWidth, Tensors};
use haarmonic::finite_width::candle_core::{DType, Device, Tensor};
use haarmonic::finite_width::{FiniteNetwork, Width};
use haarmonic::group::FiniteAction;
use haarmonic::kernel::{KernelMatrices, Signals};
use haarmonic::network::{Filter, Init, Layer, Network, Outputs};
use haarmonic::so3::{RotationGrid, WignerPlan, WignerPlanner, evaluate};
use haarmonic::sphere::Sampling;
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use rayon::prelude::*;
use std::f64::consts::PI;
use std::sync::Arc;

use crate::common::tol::finite_width as tol;

/// The networks of one width are dealt into so many batches, whose scatter gives standard errors.
const BATCHES: usize = 40;

/// Of so many networks, one gives F and the control variate: they have less noise.
const EVERY: usize = 4;

/// The blocks of channels of the jackknife.
const BLOCKS: usize = 16;

/// The band limit of the quadrature over SO(3) of the mean given the first layer.
const QUADRATURE: usize = 3;

/// The second width is so many times the first one.
const RATIO: usize = 4;

/// Numbers of one width: biases as plain means and with the control variate; V, D, A, B, F; the variance of the NTK.
const NAMES: [&str; 10] = [
    "K1", "Θ1", "K1 given", "Θ1 given", "V", "D", "A", "B", "F", "Var Θ",
];

/// Where the numbers of each name begin, for two signals.
const STARTS: [usize; 11] = [0, 4, 8, 12, 16, 32, 48, 64, 80, 96, 100];

/// A network with two activations and global or local filters over a finite group.
pub struct Case {
    pub name: &'static str,
    pub network: Network,
    /// The control variate of the biases.
    pub given: Option<Given>,
    /// The kernels at infinite width that finite networks tend to.
    pub limit: KernelMatrices,
    /// The terms of first order, coefficients of 1/n.
    pub want: Vec<Option<f64>>,
}

/// One measured number with what theory says.
pub struct Row {
    pub name: String,
    pub kind: usize,
    pub want: f64,
    pub found: f64,
    pub error: f64,
    /// The standard error relative to the largest entry of the same kind.
    pub relative: f64,
}

/// The predictions in the order of the measured numbers.
pub fn predictions(tensors: &Tensors) -> Vec<Option<f64>> {
    let mut want = Vec::new();
    for _ in 0..2 {
        want.extend(tensors.nngp_bias.iter().copied().map(Some));
        want.extend(tensors.ntk_bias.iter().copied().map(Some));
    }
    for tensor in [&tensors.v, &tensors.d, &tensors.a, &tensors.b, &tensors.f] {
        want.extend(tensor.iter().copied().map(Some));
    }
    for x in 0..4 {
        let pair = [x / 2, x % 2];
        want.push(Some(tensors.ntk_covariance(pair, pair)));
    }
    want
}

/// Derivatives of two outputs at two inputs.
struct Sample {
    /// G, the covariance of an output given all layers but the last one.
    covariance: [f64; 4],
    /// Θ of outputs 00, 11 and 01.
    ntk: [[f64; 4]; 3],
    /// For each input the derivatives by the weights of the last layer that belong to an output.
    features: [Vec<f64>; 2],
}

fn sample(network: &FiniteNetwork, inputs: &Tensor) -> Sample {
    let outputs = network.forward(inputs).unwrap();
    // The last layer has weights and, with a bias, one more parameter.
    let names = network.names();
    let last = names.last().unwrap().split('.').next().unwrap();
    let is_last: Vec<bool> = names
        .iter()
        .map(|name| name.split('.').next().unwrap() == last)
        .collect();
    let rows: Vec<Vec<Vec<f64>>> = (0..4)
        .map(|x| {
            let [input, output] = [x / 2, x % 2];
            let one = outputs.get(input).unwrap().get(output).unwrap();
            let gradients = one.backward().unwrap();
            let of = |parameter| {
                let gradient: &Tensor = gradients.get(parameter).unwrap();
                gradient.flatten_all().unwrap().to_vec1::<f64>().unwrap()
            };
            network.parameters().iter().map(|p| of(p.as_tensor())).collect()
        })
        .collect();
    let dot = |a: &[Vec<f64>], b: &[Vec<f64>], last: bool| -> f64 {
        let each = a.iter().zip(b).zip(&is_last);
        let kept = each.filter(|(_, is_last)| !last || **is_last);
        kept.map(|((a, b), _)| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>())
            .sum()
    };
    let at = |input: usize, output: usize| &rows[2 * input + output];
    let pairs = |i: usize, j: usize, last: bool| -> [f64; 4] {
        std::array::from_fn(|x| dot(at(x / 2, i), at(x % 2, j), last))
    };
    let weights = is_last.iter().position(|is_last| *is_last).unwrap();
    let features = |input: usize| at(input, 0)[weights].iter().step_by(2).copied().collect();
    Sample {
        covariance: pairs(0, 0, true),
        ntk: [pairs(0, 0, false), pairs(1, 1, false), pairs(0, 1, false)],
        features: [features(0), features(1)],
    }
}

/// The mean of $`z_0(a) z_1(b) \hat\Theta_{01}(cd)`$ over the weights of the last layer, in the order of F.
///
/// It is the tangent kernel of two outputs whose last weights are the features at a and at b.
fn crossed(network: &FiniteNetwork, inputs: &Tensor, features: &[Vec<f64>; 2]) -> [f64; 16] {
    let parameters = network.parameters().iter().map(|p| p.as_tensor().clone());
    let mut parameters: Vec<Tensor> = parameters.collect();
    let pairs = features[0].iter().zip(&features[1]);
    let weights: Vec<f64> = pairs.flat_map(|(x, y)| [*x, *y]).collect();
    let last = parameters
        .iter()
        .rposition(|p| p.elem_count() == weights.len())
        .unwrap();
    parameters[last] = Tensor::from_vec(weights, (features[0].len(), 2), &Device::Cpu).unwrap();
    let changed = network.reinitialised(0).unwrap();
    changed.set_parameters(&parameters).unwrap();
    let found = sample(&changed, inputs);
    let below: [f64; 4] = std::array::from_fn(|x| found.ntk[0][x] - found.covariance[x]);
    let other: [f64; 4] = std::array::from_fn(|x| found.ntk[1][x] - found.covariance[x]);
    let mixed = found.ntk[2];
    std::array::from_fn(|x| {
        let [a, c, b, d] = [x / 8, x / 4 % 2, x / 2 % 2, x % 2];
        match [a, b] {
            [0, 0] => below[2 * c + d],
            [1, 1] => other[2 * c + d],
            [0, 1] => mixed[2 * c + d],
            _ => mixed[2 * d + c],
        }
    })
}

/// n times biases and covariances, one row of numbers per batch.
fn batches(
    case: &Case,
    signals: Signals<'_>,
    n: usize,
    count: usize,
) -> Vec<Vec<f64>> {
    let finite = FiniteNetwork::new(&case.network, Width::new(n, 2), 0, DType::F64).unwrap();
    let inputs = finite.prepare(signals).unwrap();
    let size = count.div_ceil(BATCHES);
    let matrix = |m: &Array2<f64>| -> [f64; 4] { std::array::from_fn(|x| m[[x / 2, x % 2]]) };
    let (nngp, ntk) = (matrix(&case.limit.nngp), matrix(&case.limit.ntk));
    let batch = |batch: usize| -> Vec<f64> {
        let (mut g, mut t) = ([0.0; 4], [[0.0; 4]; 2]);
        let (mut halves, mut few) = ([0.0; 8], 0.0);
        let mut sums = [[0.0; 16]; 5];
        let mut squares = [[0.0; 4]; 2];
        for i in 0..size {
            let seed = (n as u64) << 40 | (batch * size + i) as u64;
            let one = finite.reinitialised(seed).unwrap();
            let found = sample(&one, &inputs);
            let dg: [f64; 4] = std::array::from_fn(|x| found.covariance[x] - nngp[x]);
            let [a, b]: [[f64; 4]; 2] =
                [0, 1].map(|o: usize| std::array::from_fn(|x| found.ntk[o][x] - ntk[x]));
            let mixed = found.ntk[2];
            for x in 0..4 {
                g[x] += dg[x];
                t[0][x] += a[x];
                t[1][x] += b[x];
                squares[0][x] += a[x] * a[x];
                squares[1][x] += b[x] * b[x];
                for y in 0..4 {
                    let at = 4 * x + y;
                    sums[0][at] += dg[x] * dg[y];
                    sums[1][at] += 0.5 * dg[x] * (a[y] + b[y]);
                    sums[2][at] += 0.5 * (a[x] * b[y] + b[x] * a[y]);
                    // B and F have the indices ac, bd: x = (a, c), y = (b, d).
                    let [[p, r], [q, s]] = [[x / 2, x % 2], [y / 2, y % 2]];
                    sums[3][at] += 0.5
                        * (mixed[2 * p + q] * mixed[2 * r + s]
                            + mixed[2 * q + p] * mixed[2 * s + r]);
                }
            }
            if i % EVERY != 0 {
                continue;
            }
            few += 1.0;
            let f = crossed(&one, &inputs, &found.features);
            for (sum, f) in sums[4].iter_mut().zip(f) {
                *sum += f;
            }
            if let Some(given) = &case.given {
                let bias = given.bias(&one);
                for (sum, bias) in halves.iter_mut().zip(bias) {
                    *sum += bias;
                }
            }
        }
        let (n, size) = (n as f64, size as f64);
        let mean = |x: f64| x / size;
        let both: [f64; 4] = std::array::from_fn(|x| 0.5 * (t[0][x] + t[1][x]));
        let mut row: Vec<f64> = g.iter().chain(&both).map(|x| n * mean(*x)).collect();
        row.extend(halves.iter().map(|x| match case.given {
            Some(_) => n * x / few,
            None => f64::NAN,
        }));
        let unbiased = |product: f64, x: f64, y: f64| {
            n * (mean(product) - mean(x) * mean(y)) * size / (size - 1.0)
        };
        for at in 0..16 {
            row.push(unbiased(sums[0][at], g[at / 4], g[at % 4]));
        }
        for at in 0..16 {
            row.push(unbiased(sums[1][at], g[at / 4], both[at % 4]));
        }
        for at in 0..16 {
            let (x, y) = (at / 4, at % 4);
            let first = unbiased(sums[2][at], 0.0, 0.0);
            let means = 0.5 * (mean(t[0][x]) * mean(t[1][y]) + mean(t[1][x]) * mean(t[0][y]));
            row.push(first - n * means * size / (size - 1.0));
        }
        row.extend(sums[3].iter().map(|x| n * mean(*x)));
        row.extend(sums[4].iter().map(|x| n * x / few));
        for x in 0..4 {
            let each = [0, 1].map(|o: usize| unbiased(squares[o][x], t[o][x], t[o][x]));
            row.push(0.5 * (each[0] + each[1]));
        }
        row
    };
    (0..BATCHES).into_par_iter().map(batch).collect()
}

/// Mean and standard error of each number.
fn mean(batches: &[Vec<f64>]) -> Vec<[f64; 2]> {
    let count = batches.len() as f64;
    (0..batches[0].len())
        .map(|i| {
            let mean = batches.iter().map(|batch| batch[i]).sum::<f64>() / count;
            let squares: f64 = batches.iter().map(|batch| (batch[i] - mean).powi(2)).sum();
            [mean, (squares / (count * (count - 1.0))).sqrt()]
        })
        .collect()
}

/// Measures with widths n and 4n, extrapolated in 1/n.
///
/// # Arguments
/// * `counts` — the numbers of networks of both widths
pub fn measure(case: &Case, signals: Signals<'_>, n: usize, counts: [usize; 2]) -> Vec<Row> {
    let widths = [n, RATIO * n];
    let [few, many] =
        [0, 1].map(|i| mean(&batches(case, signals, widths[i], counts[i])));
    let ratio = RATIO as f64;
    let mut rows = Vec::new();
    for (kind, name) in NAMES.iter().enumerate() {
        let range = STARTS[kind]..STARTS[kind + 1];
        let largest = case.want[range.clone()]
            .iter()
            .flatten()
            .fold(0.0_f64, |max, x| max.max(x.abs()));
        for at in range.clone() {
            let (Some(want), [low, low_error], [high, high_error]) =
                (case.want[at], few[at], many[at])
            else {
                continue;
            };
            if high.is_nan() {
                continue;
            }
            let found = (ratio * high - low) / (ratio - 1.0);
            let error = (ratio * high_error).hypot(low_error) / (ratio - 1.0);
            let index = at - range.start;
            let digits = match range.len() {
                4 => format!("{}{}", index / 2, index % 2),
                _ => format!("{}{},{}{}", index / 8, index / 4 % 2, index / 2 % 2, index % 2),
            };
            rows.push(Row {
                name: format!("{name} {digits}"),
                kind,
                want,
                found,
                error,
                relative: error / largest,
            });
        }
    }
    rows
}

/// The mean of both kernels given the channels of the first layer, for networks with two activations.
///
/// The kernels of the second layer are functions of pairs of places. With global filters they depend on the quotient of the two places,
/// so that one of them is the neutral element.
pub struct Given {
    inits: [Init; 2],
    activation: Activation,
    /// For each sample, a signal at a place, the derivatives of a feature of the first layer by its weights and by its bias.
    responses: Vec<Vec<f64>>,
    /// The weights of the pairs of places in the mean over the group.
    weights: Vec<f64>,
    space: Space,
}

enum Space {
    Finite {
        /// For each place g and each place h of the filter of the convolution, the place g h.
        moved: Vec<Vec<usize>>,
        pairs: Vec<[usize; 2]>,
    },
    Rotations {
        plan: Arc<WignerPlan>,
        /// Shape of samples on the grid of rotations.
        shape: [usize; 3],
        /// For each rotation of a quadrature, the functions $`\overline{D^l_{mn}}`$ in the order of [`packed`].
        functions: Vec<Vec<Complex64>>,
        identity: Vec<Complex64>,
    },
}

/// Sums over channels at a pair of samples x, y: products of features xx, xy, yy, the tangent kernel of the first layer, and what the
/// derivatives of $`\sigma'_x \sigma'_y`$ by two weights of the second layer multiply: $`\sigma'''_x\sigma'_y`$, $`\sigma''_x\sigma''_y`$,
/// $`\sigma'_x\sigma'''_y`$.
type Sums = [f64; 7];

/// The entries of a symmetric matrix of two signals.
const ENTRIES: [[usize; 2]; 3] = [[0, 0], [0, 1], [1, 1]];

impl Given {
    /// The layers of a network with two activations: first filter, activation, second filter, and σw, σb of the last two layers with
    /// weights.
    fn layers(network: &Network) -> (&Filter, Init, &Activation, &Filter, [Init; 2]) {
        let [
            Layer::Lifting {
                filter: lifting,
                init,
                ..
            },
            Layer::Activation(activation),
            Layer::GroupConvolution {
                filter,
                init: second,
            },
            _,
            Layer::GroupPooling,
            Layer::Dense(last),
        ] = network.layers()
        else {
            panic!("a network of two activations");
        };
        (lifting, *init, activation, filter, [*second, *last])
    }

    /// Signals over a finite set, of one channel.
    pub fn finite(network: &Network, action: &FiniteAction, signals: &Array2<f64>) -> Given {
        let (lifting, init, activation, filter, inits) = Given::layers(network);
        let order = action.order();
        let elements = |filter: &Filter, all: usize| match filter {
            Filter::Subset(numbers) => numbers.to_vec(),
            _ => (0..all).collect::<Vec<usize>>(),
        };
        let points = elements(lifting, action.points());
        let factor = init.weight_std / (points.len() as f64).sqrt();
        let response = |x: usize| -> Vec<f64> {
            let at = |&p: &usize| factor * signals[[x / order, action.image(x % order, p)]];
            points.iter().map(at).chain([init.bias_std]).collect()
        };
        let moved = (0..order).map(|g| {
            let to = |&h: &usize| action.group().product(g, h);
            elements(filter, order).iter().map(to).collect()
        });
        let firsts = if *filter == Filter::Global { 1 } else { order };
        let pairs = (0..firsts).flat_map(|g| (0..order).map(move |h| [g, h]));
        Given {
            inits,
            activation: activation.clone(),
            responses: (0..2 * order).map(response).collect(),
            weights: vec![1.0 / (firsts * order) as f64; firsts * order],
            space: Space::Finite {
                moved: moved.collect(),
                pairs: pairs.collect(),
            },
        }
    }

    /// Signals on the sphere, with global filters.
    ///
    /// # Arguments
    /// * `lifting` — the first layer, with its features at given rotations
    /// * `band_limit` — of the features
    pub fn rotations(
        network: &Network,
        lifting: impl Fn(Outputs) -> Network,
        signals: Signals<'_>,
        band_limit: usize,
    ) -> Given {
        let (_, _, activation, _, inits) = Given::layers(network);
        let grid = RotationGrid::new(band_limit, Sampling::GaussLegendre).unwrap();
        let mut angles = Vec::new();
        for gamma in grid.gammas() {
            for &beta in grid.betas() {
                angles.extend(grid.alphas().iter().map(|&alpha| [alpha, beta, gamma]));
            }
        }
        // One channel for each weight and one for the bias.
        let first = lifting(Outputs::rotations(&angles));
        let one = FiniteNetwork::new(&first, Width::new(1, 1), 0, DType::F64).unwrap();
        let count = one.parameters()[0].elem_count();
        let width = Width::new(count + 1, count + 1);
        let unit = FiniteNetwork::new(&first, width, 0, DType::F64).unwrap();
        let mut weights = Array2::<f64>::zeros((count, count + 1));
        weights.diag_mut().fill(1.0);
        let mut biases = vec![0.0; count + 1];
        biases[count] = 1.0;
        let values = [weights.into_raw_vec_and_offset().0, biases];
        let tensors = values.into_iter().zip(unit.parameters()).map(|(values, p)| {
            Tensor::from_vec(values, p.dims(), &Device::Cpu).unwrap()
        });
        unit.set_parameters(&tensors.collect::<Vec<_>>()).unwrap();
        let inputs = unit.prepare(signals).unwrap();
        let responses = unit.forward(&inputs).unwrap().to_vec2().unwrap();
        let rule = RotationGrid::new(QUADRATURE, Sampling::GaussLegendre).unwrap();
        let (mut nodes, mut weights) = (Vec::new(), Vec::new());
        for gamma in rule.gammas() {
            for (&beta, &weight) in rule.betas().iter().zip(rule.point_weights()) {
                nodes.extend(rule.alphas().iter().map(|&alpha| [alpha, beta, gamma]));
                weights.extend(rule.alphas().iter().map(|_| weight));
            }
        }
        nodes.push([0.0; 3]);
        let mut functions = vec![Vec::new(); nodes.len()];
        let size = 2 * band_limit - 1;
        for (l, m, n) in packed(band_limit) {
            let mut coefficients = Array3::zeros((size, band_limit, size));
            let scale = 8.0 * PI * PI / (2 * l + 1) as f64;
            coefficients[[n, l, m]] = Complex64::from(scale);
            let values = evaluate(coefficients.view(), &nodes).unwrap();
            for (functions, value) in functions.iter_mut().zip(values) {
                functions.push(value);
            }
        }
        Given {
            inits,
            activation: activation.clone(),
            responses,
            weights,
            space: Space::Rotations {
                plan: WignerPlanner::new()
                    .plan(band_limit, Sampling::GaussLegendre)
                    .unwrap(),
                shape: [grid.gammas().len(), grid.betas().len(), grid.alphas().len()],
                identity: functions.pop().unwrap(),
                functions,
            },
        }
    }

    /// The bias of width n that the channels of a random network show, for both kernels, by the jackknife: the mean given all channels but a
    /// block has the bias of a smaller width.
    fn bias(&self, one: &FiniteNetwork) -> [f64; 8] {
        let [mut weights, biases] = [0, 1].map(|i| {
            let values = one.parameters()[i].as_tensor().flatten_all().unwrap();
            values.to_vec1::<f64>().unwrap()
        });
        let n = biases.len();
        weights.extend(biases);
        let channels: Vec<Vec<f64>> = (0..n)
            .map(|k| {
                let column: Vec<f64> = weights.iter().skip(k).step_by(n).copied().collect();
                self.responses.iter().map(|v| dot(v, &column)).collect()
            })
            .collect();
        let blocks: Vec<Vec<Sums>> = channels
            .chunks_exact(n / BLOCKS)
            .map(|block| self.sums(block))
            .collect();
        let mut whole = vec![[0.0; 7]; blocks[0].len()];
        for block in &blocks {
            for (whole, sums) in whole.iter_mut().zip(block) {
                add(whole, sums, 1.0);
            }
        }
        let all = self.means(&whole, n as f64);
        let mut bias = [0.0; 8];
        for block in &blocks {
            let mut rest = whole.clone();
            for (rest, sums) in rest.iter_mut().zip(block) {
                add(rest, sums, -1.0);
            }
            let rest = self.means(&rest, (n - n / BLOCKS) as f64);
            // The bias of n (1 − 1/B) is larger than that of n by 1/(B − 1) of it.
            let share = (BLOCKS - 1) as f64 / BLOCKS as f64;
            for (bias, (rest, all)) in bias.iter_mut().zip(rest.iter().zip(&all)) {
                *bias += share * (rest - all);
            }
        }
        bias
    }

    /// The sums over some channels, for each entry and each pair of places.
    fn sums(&self, channels: &[Vec<f64>]) -> Vec<Sums> {
        let mut sums = vec![[0.0; 7]; 3 * self.weights.len()];
        for z in channels {
            let value: Vec<f64> = z.iter().map(|&z| sigma(&self.activation, z)).collect();
            let slope: Vec<f64> = z.iter().map(|&z| sigma_slope(&self.activation, z)).collect();
            match &self.space {
                Space::Finite { moved, pairs } => {
                    self.add_finite(&mut sums, &value, &slope, moved, pairs);
                }
                Space::Rotations {
                    plan,
                    shape,
                    functions,
                    identity,
                } => {
                    let grid = (plan.as_ref(), *shape);
                    let at = (&functions[..], &identity[..]);
                    self.add_rotations(&mut sums, &value, &slope, grid, at);
                }
            }
        }
        sums
    }

    fn add_finite(
        &self,
        sums: &mut [Sums],
        value: &[f64],
        slope: &[f64],
        moved: &[Vec<usize>],
        pairs: &[[usize; 2]],
    ) {
        let share = 1.0 / moved[0].len() as f64;
        let places = |input: usize, g: usize| moved[g].iter().map(move |h| input * moved.len() + h);
        for (entry, [a, b]) in ENTRIES.into_iter().enumerate() {
            for (&[g, h], sums) in pairs.iter().zip(&mut sums[entry * pairs.len()..]) {
                let (xs, ys): (Vec<usize>, Vec<usize>) = places(a, g).zip(places(b, h)).unzip();
                for (i, (&x, &y)) in xs.iter().zip(&ys).enumerate() {
                    sums[0] += share * value[x] * value[x];
                    sums[1] += share * value[x] * value[y];
                    sums[2] += share * value[y] * value[y];
                    for (k, (&x2, &y2)) in xs.iter().zip(&ys).enumerate() {
                        // The weights of the places i and k, which see the samples x, y and x2, y2.
                        let tangent = slope[x] * slope[y2] * dot(&self.responses[x], &self.responses[y2]);
                        if i == k {
                            sums[3] += share * tangent;
                        }
                        let tangent = share * share * tangent;
                        sums[4] += tangent * value[x] * value[x2];
                        sums[5] += tangent * (value[x] * value[y2] + value[y] * value[x2]);
                        sums[6] += tangent * value[y] * value[y2];
                    }
                }
            }
        }
    }

    fn add_rotations(
        &self,
        sums: &mut [Sums],
        value: &[f64],
        slope: &[f64],
        (plan, shape): (&WignerPlan, [usize; 3]),
        (functions, identity): (&[Vec<Complex64>], &[Complex64]),
    ) {
        let places = value.len() / 2;
        let transform = |input: usize, of: &dyn Fn(usize) -> f64| -> Vec<Complex64> {
            let values = (input * places..(input + 1) * places).map(of).collect();
            let values = Array3::from_shape_vec(shape, values).unwrap();
            let coefficients = plan.forward(values.view()).unwrap();
            let limit = coefficients.shape()[1];
            packed(limit).map(|(l, m, n)| coefficients[[n, l, m]]).collect()
        };
        let features = [0, 1].map(|input| transform(input, &|x| value[x]));
        let weights = self.responses[0].len();
        // σ' times the derivative by each weight of the first layer.
        let tangents: Vec<[Vec<Complex64>; 2]> = (0..weights)
            .map(|d| [0, 1].map(|input| transform(input, &|x| slope[x] * self.responses[x][d])))
            .collect();
        let count = self.weights.len();
        for (entry, [a, b]) in ENTRIES.into_iter().enumerate() {
            let own = [a, b].map(|x| at(&correlation(&features[x], &features[x]), identity));
            let mixed = correlation(&features[a], &features[b]);
            let sums = &mut sums[entry * count..(entry + 1) * count];
            for (sums, functions) in sums.iter_mut().zip(functions) {
                sums[0] += own[0];
                sums[1] += at(&mixed, functions);
                sums[2] += own[1];
            }
            for tangents in &tangents {
                let bent = [a, b].map(|x| at(&correlation(&tangents[x], &features[x]), identity));
                let both = correlation(&tangents[a], &tangents[b]);
                let left = correlation(&tangents[a], &features[b]);
                let right = correlation(&features[a], &tangents[b]);
                for (sums, functions) in sums.iter_mut().zip(functions) {
                    let [both, left, right] = [&both, &left, &right].map(|c| at(c, functions));
                    sums[3] += both;
                    sums[4] += bent[0] * right;
                    sums[5] += bent[0] * bent[1] + left * right;
                    sums[6] += left * bent[1];
                }
            }
        }
    }

    /// The means of both kernels, from sums over n channels.
    fn means(&self, sums: &[Sums], n: f64) -> [f64; 8] {
        let [second, last] = &self.inits;
        let (share, bias) = (second.weight_std.powi(2) / n, second.bias_std.powi(2));
        let (weight, shift) = (last.weight_std.powi(2), last.bias_std.powi(2));
        let mut means = [0.0; 8];
        let entries = sums.chunks_exact(self.weights.len());
        for (entry, sums) in [0, 1, 3].into_iter().zip(entries) {
            let (mut values, mut slopes) = (0.0, 0.0);
            for (sums, weight) in sums.iter().zip(&self.weights) {
                let law = [0, 1, 2].map(|i: usize| share * sums[i] + bias);
                let two_point = TwoPoint::new(&self.activation, law);
                let tangent = law[1] + share * sums[3];
                let bends = two_point.bends.iter().zip(&sums[4..]);
                let bent: f64 = bends.map(|(x, y)| x * y).sum();
                values += weight * two_point.value;
                slopes += weight * (two_point.slope * tangent + share * share * bent);
            }
            means[entry] = weight * values + shift;
            means[4 + entry] = means[entry] + weight * slopes;
        }
        (means[2], means[6]) = (means[1], means[5]);
        means
    }
}

/// The numbers l, m, n of the coefficients below a band limit; m and n begin at 0.
fn packed(band_limit: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..band_limit).flat_map(move |l| {
        let orders = move || band_limit - 1 - l..band_limit + l;
        orders().flat_map(move |m| orders().map(move |n| (l, m, n)))
    })
}

/// The coefficients of the mean over t of p(r t) q(t), so that [`at`] gives its values; p and q are real.
fn correlation(p: &[Complex64], q: &[Complex64]) -> Vec<Complex64> {
    let mut product = vec![Complex64::ZERO; p.len()];
    let (mut start, mut size) = (0, 1);
    while start < p.len() {
        // The factors of coefficients, and the mean of |D|².
        let scale = size as f64 / (8.0 * PI * PI).powi(2);
        for m in 0..size {
            for k in 0..size {
                let [p, q] = [(p, m), (q, k)].map(|(x, row)| &x[start + row * size..][..size]);
                let sum: Complex64 = p.iter().zip(q).map(|(p, q)| p * q.conj()).sum();
                product[start + m * size + k] = scale * sum;
            }
        }
        start += size * size;
        size += 2;
    }
    product
}

/// The real part of a sum of functions.
fn at(coefficients: &[Complex64], functions: &[Complex64]) -> f64 {
    let products = coefficients.iter().zip(functions);
    products.map(|(c, f)| c.re * f.re - c.im * f.im).sum()
}

fn add(sums: &mut Sums, others: &Sums, factor: f64) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += factor * other;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn sigma(activation: &Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => z.max(0.0),
        Activation::Erf => statrs::function::erf::erf(z),
        other => panic!("no closed form here for {other}"),
    }
}

fn sigma_slope(activation: &Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => f64::from(z > 0.0),
        _ => 2.0 / PI.sqrt() * (-z * z).exp(),
    }
}

/// Means of σσ and σ'σ' at two Gaussian variables, and of σ'''σ', σ''σ'', σ'σ''', from the closed forms of relu and erf.
struct TwoPoint {
    value: f64,
    slope: f64,
    bends: [f64; 3],
}

impl TwoPoint {
    fn new(activation: &Activation, [p, k, q]: [f64; 3]) -> TwoPoint {
        let square = p * q - k * k;
        match activation {
            // One variable: the mean of the slopes does not depend on its variance.
            Activation::Relu if square < tol::ROUNDING * p * q => TwoPoint {
                value: 0.5 * k,
                slope: 0.5,
                bends: [0.0; 3],
            },
            Activation::Relu => {
                let sine = square.sqrt();
                let angle = PI - sine.atan2(k);
                let bend = 1.0 / (2.0 * PI * sine);
                TwoPoint {
                    value: (sine + k * angle) / (2.0 * PI),
                    slope: angle / (2.0 * PI),
                    bends: [-k / p * bend, bend, -k / q * bend],
                }
            }
            _ => {
                let (a, b) = (p + 0.5, q + 0.5);
                let root = 1.0 / (a * b - k * k).sqrt();
                TwoPoint {
                    value: 2.0 / PI * (k / (a * b).sqrt()).asin(),
                    slope: 2.0 / PI * root,
                    bends: [-b, k, -a].map(|x| 2.0 / PI * x * root.powi(3)),
                }
            }
        }
    }
}

/// The predictions for a network whose tensors are not known: biases and variances.
pub fn of_gram(gram: &MatricesAtWidth) -> Vec<Option<f64>> {
    let mut want = vec![None; STARTS[NAMES.len()]];
    for x in 0..4 {
        let at = [x / 2, x % 2];
        for start in [0, 8] {
            want[start + x] = Some(gram.nngp_bias[at]);
            want[start + 4 + x] = Some(gram.ntk_bias[at]);
        }
        want[16 + 5 * x] = Some(gram.nngp_std[at].powi(2));
        want[96 + x] = Some(gram.ntk_std[at].powi(2));
    }
    want
}
