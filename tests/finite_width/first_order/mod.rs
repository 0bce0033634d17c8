//! All tensors of first order against random networks, with control variates for the biases.
//!
//! The covariances come from networks with two outputs: their tangent kernels $`\hat\Theta_{00}, \hat\Theta_{11}, \hat\Theta_{01}`$ give A
//! and B apart. F has its mean over the last weights taken exactly.
//!
//! A plain mean has too much noise for a bias: the standard deviation of n times a kernel grows like √n. So the bias is measured a second
//! time. The first layer is that of the random network, and the mean over the other layers is taken exactly, for all channels and for all
//! but a block of them. In the difference every term that is linear in the fluctuations of the first layer cancels.

mod given;

use haarmonic::activation::Activation;
use haarmonic::corrections::{MatricesAtWidth, Tensors};
use haarmonic::finite_width::candle_core::{DType, Device, Tensor};
use haarmonic::finite_width::{FiniteNetwork, Width};
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::{Kernel, KernelMatrices, Signals};
use haarmonic::network::{Filter, Init, InputSpace, Network, Outputs, Quadrature, SphereSampling};
use ndarray::{Array2, Array4, Axis};
use num_complex::Complex64;
use rayon::prelude::*;

use crate::common::tol::finite_width as tol;
use crate::corrections::mean;
use given::Given;

/// The networks of one width are dealt into so many batches, whose scatter gives standard errors.
const BATCHES: usize = 40;

/// F and the control variate have less noise than the other numbers: one of so many networks measures them.
const EVERY: usize = 4;

/// The second width is so many times the first one.
const RATIO: usize = 4;

/// Numbers of one width: biases as plain means and with the control variate; V, D, A, B, F; the variance of the NTK.
const NAMES: [&str; 10] = [
    "K1",
    "Θ1",
    "K1 given",
    "Θ1 given",
    "V",
    "D",
    "A",
    "B",
    "F",
    "Var Θ",
];

/// Where the numbers of each name begin, for two signals.
const STARTS: [usize; 11] = [0, 4, 8, 12, 16, 32, 48, 64, 80, 96, 100];

/// A network with two activations.
struct Case {
    network: Network,
    /// The control variate of the biases.
    given: Given,
    /// The kernels at infinite width that finite networks tend to.
    limit: KernelMatrices,
    /// The terms of first order, coefficients of 1/n.
    want: Vec<Option<f64>>,
}

impl Case {
    /// # Arguments
    /// * `all` — whether all tensors are predicted, or biases and variances alone
    fn new(network: Network, given: Given, signals: Signals<'_>, all: bool) -> Case {
        let kernel = Kernel::new(&network).unwrap();
        let at_width = kernel.at_width(&[1, 1]).unwrap();
        let want = match all {
            true => predictions(&at_width.tensors(signals).unwrap()),
            false => of_gram(&at_width.gram(signals).unwrap()),
        };
        // On the sphere the quadrature of the network is the band limit of its features.
        let exact = match network.input() {
            InputSpace::Sphere { .. } => {
                let tolerance = Quadrature::Tolerance(tol::LIMIT);
                Kernel::new(&network.clone().with_quadrature(tolerance).unwrap()).unwrap()
            }
            _ => kernel,
        };
        Case {
            limit: exact.gram(signals).unwrap(),
            network,
            given,
            want,
        }
    }
}

/// One measured number with what theory says.
struct Row {
    name: String,
    /// Whether it is a bias without the control variate.
    plain: bool,
    want: f64,
    found: f64,
    error: f64,
    /// The standard error relative to the largest entry of the same kind.
    relative: f64,
}

/// The predictions in the order of the measured numbers.
fn predictions(tensors: &Tensors) -> Vec<Option<f64>> {
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

/// The predictions for a network whose tensors are not known: biases and variances.
fn of_gram(gram: &MatricesAtWidth) -> Vec<Option<f64>> {
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
            network
                .parameters()
                .iter()
                .map(|p| of(p.as_tensor()))
                .collect()
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
fn batches(case: &Case, signals: Signals<'_>, n: usize, count: usize) -> Vec<Vec<f64>> {
    let finite = FiniteNetwork::new(&case.network, Width::new(n, 2), 0, DType::F64).unwrap();
    let inputs = finite.prepare(signals).unwrap();
    let size = count.div_ceil(BATCHES);
    let matrix = |m: &Array2<f64>| -> [f64; 4] { std::array::from_fn(|x| m[[x / 2, x % 2]]) };
    let (nngp, ntk) = (matrix(&case.limit.nngp), matrix(&case.limit.ntk));
    let batch = |batch: usize| -> Vec<f64> {
        let (mut g, mut t) = ([0.0; 4], [[0.0; 4]; 2]);
        let (mut given, mut few) = ([0.0; 8], 0.0);
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
            for (sum, bias) in given.iter_mut().zip(case.given.bias(&one)) {
                *sum += bias;
            }
        }
        let (n, size) = (n as f64, size as f64);
        let mean = |x: f64| x / size;
        let both: [f64; 4] = std::array::from_fn(|x| 0.5 * (t[0][x] + t[1][x]));
        let mut row: Vec<f64> = g.iter().chain(&both).map(|x| n * mean(*x)).collect();
        row.extend(given.iter().map(|x| n * x / few));
        let unbiased = |product: f64, x: f64, y: f64| {
            n * (mean(product) - mean(x) * mean(y)) * size / (size - 1.0)
        };
        for (at, sum) in sums[0].iter().enumerate() {
            row.push(unbiased(*sum, g[at / 4], g[at % 4]));
        }
        for (at, sum) in sums[1].iter().enumerate() {
            row.push(unbiased(*sum, g[at / 4], both[at % 4]));
        }
        for (at, sum) in sums[2].iter().enumerate() {
            let (x, y) = (at / 4, at % 4);
            let first = unbiased(*sum, 0.0, 0.0);
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

/// Measures with widths n and 4n, extrapolated in 1/n.
///
/// # Arguments
/// * `counts` — the numbers of networks of both widths
fn measure(case: &Case, signals: Signals<'_>, n: usize, counts: [usize; 2]) -> Vec<Row> {
    let widths = [n, RATIO * n];
    let [few, many] = [0, 1].map(|i| mean(&batches(case, signals, widths[i], counts[i])));
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
            let found = (ratio * high - low) / (ratio - 1.0);
            let error = (ratio * high_error).hypot(low_error) / (ratio - 1.0);
            let index = at - range.start;
            let digits = match range.len() {
                4 => format!("{}{}", index / 2, index % 2),
                _ => format!(
                    "{}{},{}{}",
                    index / 8,
                    index / 4 % 2,
                    index / 2 % 2,
                    index % 2
                ),
            };
            rows.push(Row {
                name: format!("{name} {digits}"),
                plain: kind < 2,
                want,
                found,
                error,
                relative: error / largest,
            });
        }
    }
    rows
}

/// Two convolutions over C4 with rectifiers and local filters.
fn over_group(counts: [usize; 2]) -> Vec<Row> {
    let (init, filter) = (Init::new(1.4, 0.1), || Filter::subset(&[0, 1]));
    let action = FiniteAction::cyclic(4).unwrap();
    let network = Network::finite(action.clone(), 1)
        .lifting(filter(), init)
        .activation(Activation::Relu)
        .group_convolution(filter(), init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init)
        .build()
        .unwrap();
    let values = values();
    let signals = values.clone().insert_axis(Axis(2));
    let given = Given::finite(&network, &action, &values);
    let signals = Signals::Points(signals.view());
    let case = Case::new(network, given, signals, true);
    measure(&case, signals, 16, counts)
}

/// Images under quarter turns and translations, with rectifiers and global filters.
fn on_images(counts: [usize; 2]) -> Vec<Row> {
    let init = Init::new(1.4, 0.1);
    let network = Network::plane(2, 2, 1)
        .lifting(PointGroup::C4, Filter::Global, init)
        .activation(Activation::Relu)
        .group_convolution(Filter::Global, init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init)
        .build()
        .unwrap();
    let values = values();
    let images = Array4::from_shape_fn((2, 2, 2, 1), |(i, y, x, _)| values[[i, 2 * y + x]]);
    let torus = FiniteAction::torus(2, 2, PointGroup::C4).unwrap();
    let given = Given::finite(&network, &torus, &values);
    let signals = Signals::Grid(images.view());
    let case = Case::new(network, given, signals, true);
    measure(&case, signals, 16, counts)
}

/// Signals of degree 1 on the sphere with erf and global filters.
///
/// # Arguments
/// * `features` — the band limit of the features of the finite network; degrees that are lost change its biases
/// * `all` — whether all tensors are predicted
fn on_sphere(counts: [usize; 2], features: usize, all: bool) -> Vec<Row> {
    let init = Init::new(1.3, 0.2);
    let lifting = || {
        Network::sphere(2, SphereSampling::Coefficients, 1)
            .quadrature(Quadrature::BandLimit(features))
            .lifting(init)
    };
    let network = lifting()
        .activation(Activation::Erf)
        .group_convolution(init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(init)
        .build()
        .unwrap();
    let mut coefficients = Array4::zeros((2, 1, 2, 3));
    for (i, [constant, zonal, re, im]) in [[2.4, 0.9, 1.1, -0.6], [1.6, 1.5, 0.4, 1.2]]
        .into_iter()
        .enumerate()
    {
        coefficients[[i, 0, 0, 1]] = Complex64::from(constant);
        coefficients[[i, 0, 1, 1]] = Complex64::from(zonal);
        let first = Complex64::new(re, im);
        coefficients[[i, 0, 1, 2]] = first;
        coefficients[[i, 0, 1, 0]] = -first.conj();
    }
    let signals = Signals::Coefficients(coefficients.view());
    let first = |outputs: Outputs| lifting().outputs(outputs).build().unwrap();
    let given = Given::rotations(&network, first, signals, features);
    let case = Case::new(network, given, signals, all);
    measure(&case, signals, 8, counts)
}

fn values() -> Array2<f64> {
    Array2::from_shape_fn((2, 4), |(i, x)| ((3 * i + 2 * x + 1) as f64).sin())
}

/// Asserts agreement within so many standard errors; returns the largest standard error, relative to the largest entry of its kind, of all
/// numbers but the plain means.
fn check(name: &str, rows: &[Row], errors: f64) -> f64 {
    let mut largest: f64 = 0.0;
    for row in rows {
        let deviation = (row.found - row.want) / row.error;
        println!(
            "{name} {}: {:.5} ± {:.5} for {:.5}, {deviation:.2}",
            row.name, row.found, row.error, row.want
        );
        assert!(
            deviation.abs() < errors,
            "{name} {}: {} ± {} for {}",
            row.name,
            row.found,
            row.error,
            row.want
        );
        if !row.plain {
            largest = largest.max(row.relative);
        }
    }
    largest
}

#[test]
fn tensors_are_those_of_random_networks() {
    check("C4", &over_group([320, 320]), tol::CORRECTION_ERRORS);
    check("images", &on_images([80, 80]), tol::CORRECTION_ERRORS);
    check(
        "SO(3)",
        &on_sphere([80, 80], 3, false),
        tol::CORRECTION_ERRORS,
    );
}

/// Standard errors below five per cent of the largest entry of each tensor (`docs/finite-width.md`).
#[test]
#[ignore = "takes a quarter of an hour on one core"]
fn tensors_are_those_of_many_random_networks() {
    for (name, rows) in [
        ("C4", over_group([20_000, 20_000])),
        ("images", on_images([7000, 7000])),
    ] {
        let error = check(name, &rows, tol::FEW_ERRORS);
        assert!(error < tol::CORRECTION_VARIANCE, "{name}: {error}");
    }
}

/// Features below degree 3 change biases by some standard errors, so that this comparison keeps more of them.
#[test]
#[ignore = "takes hours"]
fn tensors_on_the_sphere_are_those_of_many_random_networks() {
    let rows = on_sphere([6000, 8000], 5, true);
    let error = check("SO(3)", &rows, tol::FEW_ERRORS);
    assert!(error < tol::CORRECTION_VARIANCE, "{error}");
}
