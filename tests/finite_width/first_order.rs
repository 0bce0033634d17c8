//! All tensors of first order against random networks, with control variates for the biases.
//!
//! The covariances come from networks with two outputs: their tangent kernels $`\hat\Theta_{00}, \hat\Theta_{11}, \hat\Theta_{01}`$ give A
//! and B apart. A plain mean has too much noise for a bias: the standard deviation of n times a kernel grows like √n. So the bias is
//! measured a second time. The first layer is that of the random network, and the mean over the other layers is taken exactly, for all
//! channels and for each half of them. In the difference between the whole and the mean of the halves every term that is linear in the
//! fluctuations of the first layer cancels, and what is left is the bias of width n minus that of width n/2.

use haarmonic::activation::Activation;
use haarmonic::corrections::{MatricesAtWidth, Tensors};
use haarmonic::finite_width::candle_core::{DType, Device, Tensor};
use haarmonic::finite_width::{FiniteNetwork, Width};
use haarmonic::group::FiniteAction;
use haarmonic::kernel::{KernelMatrices, Signals};
use haarmonic::network::{Filter, Init, Layer, Network};
use ndarray::Array2;
use rayon::prelude::*;
use std::f64::consts::PI;
use std::ops::Range;

use crate::common::tol::finite_width as tol;

/// The networks of one width are dealt into so many batches, whose scatter gives standard errors.
const BATCHES: usize = 40;

/// Of so many networks, one gives F and the control variate: they have less noise.
const EVERY: usize = 4;

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
    /// The group with the numbering of places that the finite network has; none on the sphere.
    pub action: Option<FiniteAction>,
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
    given: Option<&Given>,
    n: usize,
    [first, count]: [usize; 2],
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
            let seed = (n as u64) << 40 | (first + batch * size + i) as u64;
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
            if let Some(given) = given {
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
        row.extend(halves.iter().map(|x| match given {
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
    let given = case
        .action
        .as_ref()
        .map(|action| Given::new(case, action, &signals));
    let widths = [n, RATIO * n];
    let [few, many] =
        [0, 1].map(|i| mean(&batches(case, signals, given.as_ref(), widths[i], [0, counts[i]])));
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

/// The mean of both kernels given the channels of the first layer, for networks with two activations over a finite group.
struct Given {
    /// The values that meet the filter of the first layer, for each sample.
    seen: Vec<Vec<f64>>,
    /// For each place g and each place h of the filter of the convolution, the place g h.
    moved: Vec<Vec<usize>>,
    /// The covariance of the first layer at all pairs of samples.
    covariance: Array2<f64>,
    inits: [Init; 3],
    activation: Activation,
    order: usize,
    /// The pairs of places that stand for all pairs in the mean over the group.
    pairs: Vec<[usize; 2]>,
}

impl Given {
    fn new(case: &Case, action: &FiniteAction, signals: &Signals<'_>) -> Given {
        let layers = case.network.layers();
        let [
            Layer::Lifting {
                filter: lifting,
                init: one,
                ..
            },
            Layer::Activation(activation),
            Layer::GroupConvolution { filter, init: two },
            _,
            Layer::GroupPooling,
            Layer::Dense(last),
        ] = layers
        else {
            panic!("a network of two activations");
        };
        let order = action.order();
        let values: Vec<Vec<f64>> = match signals {
            Signals::Points(array) => {
                let rows = array.outer_iter();
                rows.map(|row| row.iter().copied().collect()).collect()
            }
            Signals::Grid(array) => {
                let rows = array.outer_iter();
                rows.map(|row| row.iter().copied().collect()).collect()
            }
            _ => panic!("signals over a finite set"),
        };
        let elements = |filter: &Filter, all: usize| match filter {
            Filter::Subset(numbers) => numbers.to_vec(),
            _ => (0..all).collect::<Vec<usize>>(),
        };
        let points = elements(lifting, action.points());
        let seen = |x: usize| -> Vec<f64> {
            let at = |&p: &usize| values[x / order][action.image(x % order, p)];
            points.iter().map(at).collect()
        };
        let (weight, bias) = (one.weight_std.powi(2), one.bias_std.powi(2));
        let seen: Vec<Vec<f64>> = (0..2 * order).map(seen).collect();
        let covariance = Array2::from_shape_fn((2 * order, 2 * order), |(x, y)| {
            weight * dot(&seen[x], &seen[y]) / points.len() as f64 + bias
        });
        let moved = (0..order)
            .map(|g| {
                let to = |&h: &usize| action.group().product(g, h);
                elements(filter, order).iter().map(to).collect()
            })
            .collect();
        // With global filters the kernels of (g, g') depend on the quotient alone.
        let firsts = if *filter == Filter::Global { 1 } else { order };
        let pairs = (0..firsts)
            .flat_map(|g| (0..order).map(move |h| [g, h]))
            .collect();
        Given {
            seen,
            moved,
            covariance,
            inits: [*one, *two, *last],
            activation: activation.clone(),
            order,
            pairs,
        }
    }

    /// The bias of width n that the channels of a random network show, for both kernels.
    ///
    /// The mean given all channels, minus the mean of those given the halves, is the bias of n minus that of n/2 in the mean.
    fn bias(&self, one: &FiniteNetwork) -> [f64; 8] {
        let [weights, biases] = [0, 1].map(|i| one.parameters()[i].as_tensor());
        let weights: Vec<Vec<f64>> = weights.to_vec2().unwrap();
        let biases: Vec<f64> = biases.to_vec1().unwrap();
        let n = biases.len();
        let init = self.inits[0];
        let factor = init.weight_std / (weights.len() as f64).sqrt();
        let feature = |seen: &Vec<f64>| -> Vec<f64> {
            let at = |k: usize| {
                let sum: f64 = seen.iter().zip(&weights).map(|(x, w)| x * w[k]).sum();
                factor * sum + init.bias_std * biases[k]
            };
            (0..n).map(at).collect()
        };
        let features: Vec<Vec<f64>> = self.seen.iter().map(feature).collect();
        let [whole, left, right] =
            [0..n, 0..n / 2, n / 2..n].map(|channels| self.mean(&features, channels));
        std::array::from_fn(|x| 0.5 * (left[x] + right[x]) - whole[x])
    }

    /// The means of both kernels given some channels of the first layer.
    fn mean(&self, features: &[Vec<f64>], channels: Range<usize>) -> [f64; 8] {
        let [_, two, last] = &self.inits;
        let (weight, bias) = (two.weight_std.powi(2), two.bias_std.powi(2));
        let n = channels.len() as f64;
        let cut = |f: fn(&Activation, f64) -> f64| -> Vec<Vec<f64>> {
            let row = |row: &Vec<f64>| {
                let channels = row[channels.clone()].iter();
                channels.map(|&z| f(&self.activation, z)).collect()
            };
            features.iter().map(row).collect()
        };
        let (value, slope) = (cut(sigma), cut(sigma_slope));
        // The weight of one product of features in the covariance of the second layer.
        let share = weight / (n * self.moved[0].len() as f64);
        let place = |input: usize, g: usize| input * self.order + g;
        let second = |x: [usize; 2], y: [usize; 2]| {
            let pairs = self.moved[x[1]].iter().zip(&self.moved[y[1]]);
            let sum: f64 = pairs
                .map(|(&h, &k)| dot(&value[place(x[0], h)], &value[place(y[0], k)]))
                .sum();
            share * sum + bias
        };
        let mut means = [0.0; 8];
        for (entry, [a, b]) in [(0, [0, 0]), (1, [0, 1]), (3, [1, 1])] {
            let (mut values, mut slopes) = (0.0, 0.0);
            for &[g, h] in &self.pairs {
                let (x, y) = ([a, g], [b, h]);
                let law = [second(x, x), second(x, y), second(y, y)];
                let two_point = TwoPoint::new(&self.activation, law);
                let (mut tangent, mut bent) = (law[1], 0.0);
                for (i, &gi) in self.moved[g].iter().enumerate() {
                    for (k, &hk) in self.moved[h].iter().enumerate() {
                        let [p, p2] = [gi, self.moved[g][k]].map(|g| place(a, g));
                        let [q, q2] = [hk, self.moved[h][i]].map(|g| place(b, g));
                        let theta = self.covariance[[p, q]] * share;
                        // Derivatives of σ'σ' by the weights of the places i and k.
                        let mut sum = [0.0; 4];
                        for c in 0..channels.len() {
                            let s = slope[p][c] * slope[q][c];
                            let [v, v2] = [value[p][c], value[p2][c]];
                            let [w, w2] = [value[q][c], value[q2][c]];
                            sum[0] += s;
                            sum[1] += s * v * v2;
                            sum[2] += s * (v * w + w2 * v2);
                            sum[3] += s * w2 * w;
                        }
                        if i == k {
                            tangent += theta * sum[0];
                        }
                        let bends = two_point.bends.iter().zip(&sum[1..]);
                        bent += theta * share * bends.map(|(x, y)| x * y).sum::<f64>();
                    }
                }
                values += two_point.value;
                slopes += two_point.slope * tangent + bent;
            }
            let weight = last.weight_std.powi(2) / self.pairs.len() as f64;
            means[entry] = weight * values + last.bias_std.powi(2);
            means[4 + entry] = means[entry] + weight * slopes;
        }
        (means[2], means[6]) = (means[1], means[5]);
        means
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
