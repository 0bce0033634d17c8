//! Inputs that are multiples of each other, or nearly, where rectifiers and `sign` turn a rounding error of ε in a correlation into
//! one of √ε: against 300-digit values.

use std::f64::consts::PI;

use crate::common::tol::kernel as tol;

use approx::assert_relative_eq;
use haarmonic::activation::Activation;
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, InputSpace, Layer, Network, Padding, Quadrature};
use ndarray::{Array2, Array3, Array4, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Row {
    layers: String,
    network: Network,
    vectors: Array2<f64>,
    nngp: f64,
    ntk: f64,
}

fn layer(text: &str) -> Layer {
    match text.strip_prefix("d ") {
        Some(init) => {
            let (weight, bias) = init.split_once(' ').unwrap();
            Layer::Dense(Init::new(weight.parse().unwrap(), bias.parse().unwrap()))
        }
        None => Layer::Activation(text.parse::<Activation>().unwrap()),
    }
}

fn table() -> Vec<Row> {
    let text = include_str!("../../data/collinear.csv");
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let (layers, numbers) = line.split_once(',').unwrap();
            let numbers: Vec<f64> = numbers.split(',').map(|n| n.parse().unwrap()).collect();
            let input = InputSpace::Vector { dimension: 6 };
            let list = layers.split("; ").map(layer).collect();
            Row {
                layers: layers.to_owned(),
                network: Network::new(input, Quadrature::default(), list).unwrap(),
                vectors: Array2::from_shape_vec((2, 6), numbers[..12].to_vec()).unwrap(),
                nngp: numbers[12],
                ntk: numbers[13],
            }
        })
        .collect()
}

#[test]
fn collinear_vectors_keep_their_digits() {
    let rows = table();
    assert!(rows.len() > 600);
    let mut failures = Vec::new();
    let mut largest = [0.0_f64; 2];
    for row in rows {
        let tolerance = if row.layers.contains("erf") {
            tol::COLLINEAR_AFTER_SMOOTH
        } else {
            tol::COLLINEAR
        };
        let gram = Kernel::new(&row.network)
            .unwrap()
            .gram(row.vectors.view())
            .unwrap();
        for (what, found, want) in [("nngp", &gram.nngp, row.nngp), ("ntk", &gram.ntk, row.ntk)] {
            let init = found[[0, 0]].sqrt() * found[[1, 1]].sqrt();
            let error = (found[[0, 1]] - want).abs() / init;
            let worst = &mut largest[usize::from(row.layers.contains("erf"))];
            *worst = worst.max(error);
            if error.is_nan() || error > tolerance {
                failures.push(format!(
                    "{what} {} {}: {:e} for {want:e}, {error:.1e}",
                    row.layers,
                    row.vectors,
                    found[[0, 1]]
                ));
            }
        }
    }
    println!(
        "largest error {:.1e}, after a smooth function {:.1e}",
        largest[0], largest[1]
    );
    assert!(
        failures.is_empty(),
        "{} {}",
        failures.len(),
        failures.join("\n")
    );
}

/// Networks without biases on vectors, finite sets and images: two layers of filters with an activation after each.
fn networks(activation: &Activation) -> Vec<(&'static str, Network)> {
    let init = Init::new(1.3, 0.0);
    let act = || activation.clone();
    let window = || Filter::window(3, Padding::Same);
    let points = || Filter::subset(&[0, 1, 5]);
    let plane = |group| {
        Network::plane(6, 6, 1)
            .lifting(group, window(), init)
            .activation(act())
            .group_convolution(window(), init)
            .activation(act())
    };
    let networks = [
        (
            "finite",
            Network::finite(FiniteAction::cyclic(36).unwrap(), 1)
                .lifting(points(), init)
                .activation(act())
                .group_convolution(points(), init)
                .activation(act())
                .group_pooling()
                .dense(init)
                .activation(act())
                .dense(init)
                .build(),
        ),
        (
            "pooled",
            plane(PointGroup::C4).group_pooling().dense(init).build(),
        ),
        (
            "flat",
            plane(PointGroup::C1)
                .flatten()
                .dense(init)
                .activation(act())
                .dense(init)
                .build(),
        ),
    ];
    networks
        .map(|(name, network)| (name, network.unwrap()))
        .into()
}

/// `K(f, s f) = s^n K(f, f)` for functions that are homogeneous of degree n, and s > 0.
#[test]
fn multiples_of_a_signal_have_multiples_of_its_kernel() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let signal: Vec<f64> = (0..36).map(|_| rng.random_range(-1.0..1.0)).collect();
    for (name, degree) in [
        ("relu", 1),
        ("abs", 1),
        ("leaky-relu(0.3)", 1),
        ("sign", 0),
        ("rectified-monomial(0)", 0),
    ] {
        let activation: Activation = name.parse().unwrap();
        for (geometry, network) in networks(&activation) {
            for factor in [3.0, 0.7, 1e-80, 1e90] {
                let values = signal
                    .iter()
                    .copied()
                    .chain(signal.iter().map(|x| factor * x))
                    .collect();
                let kernel = Kernel::new(&network).unwrap();
                let gram = match geometry {
                    "finite" => {
                        kernel.gram(Array3::from_shape_vec((2, 36, 1), values).unwrap().view())
                    }
                    _ => kernel.gram(Array4::from_shape_vec((2, 6, 6, 1), values).unwrap().view()),
                };
                let gram = gram.unwrap();
                for (what, found) in [("nngp", &gram.nngp), ("ntk", &gram.ntk)] {
                    let want = factor.powi(degree) * found[[0, 0]];
                    let error = (found[[0, 1]] - want).abs();
                    assert!(
                        error <= tol::ROUNDING * want.abs(),
                        "{geometry} {name} {factor} {what}: {:e} for {want:e}",
                        found[[0, 1]]
                    );
                }
            }
        }
    }
}

/// With filters of one pixel every patch of a positive image is a multiple of every other: the kernels are products of means.
#[test]
fn patches_that_are_multiples_of_each_other_are_collinear() {
    let init = Init::new(1.3, 0.0);
    let weight = init.weight_std * init.weight_std;
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let brightness = Array3::from_shape_simple_fn((2, 5, 5), || rng.random_range(0.1..1.0));
    let colour = [0.3, 0.7, 0.9];
    let images = Array4::from_shape_fn((2, 5, 5, 3), |(n, y, x, c)| {
        brightness[[n, y, x]] * colour[c]
    });
    let square = colour.iter().map(|c| c * c).sum::<f64>() / 3.0;
    let mean = |n: usize| brightness.index_axis(Axis(0), n).mean().unwrap();
    for (activation, layers) in [(Activation::Relu, 2), (Activation::Sign, 3)] {
        let one = || Filter::window(1, Padding::Valid);
        let mut network = Network::plane(5, 5, 3)
            .lifting(PointGroup::C4, one(), init)
            .activation(activation.clone());
        for _ in 1..layers {
            network = network
                .group_convolution(one(), init)
                .activation(activation.clone());
        }
        let network = network.group_pooling().dense(init).build().unwrap();
        let gram = Kernel::new(&network).unwrap().gram(images.view()).unwrap();
        // E[σσ] = k/2, E[σ'σ'] = 1/2 of a rectifier; 1 and 0 of the sign.
        let (nngp, ntk) = match activation {
            Activation::Relu => {
                let value = mean(0) * mean(1) * square * weight * (weight / 2.0).powi(2);
                (value, 3.0 * value)
            }
            _ => (weight, weight),
        };
        for (what, found, want) in [("nngp", &gram.nngp, nngp), ("ntk", &gram.ntk, ntk)] {
            let error = (found[[0, 1]] / want - 1.0).abs();
            assert!(
                error <= tol::ROUNDING,
                "{activation} {what}: {:e} for {want:e}, {error:.1e}",
                found[[0, 1]]
            );
        }
    }
}

/// In a chaotic network every layer multiplies the distance of a correlation from 1. A signal and its copy stay one signal: with erf,
/// K' = σw² (2/π) asin(2K/(1 + 2K)) + σb² and Θ' = K' + σw² (4/π) (1 + 4K)^{−1/2} Θ.
#[test]
fn copies_stay_copies_in_deep_chaotic_networks() {
    let (weight, bias) = (2.5_f64, 0.18_f64);
    let init = Init::new(weight.sqrt(), bias.sqrt());
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for depth in [1, 30, 300] {
        let mut network = Network::vector(5).dense(init);
        for _ in 0..depth {
            network = network.activation(Activation::Erf).dense(init);
        }
        let kernel = Kernel::new(&network.build().unwrap()).unwrap();
        let mut x = Array2::from_shape_simple_fn((4, 5), || rng.random_range(-2.0..2.0));
        let copy = x.row(0).to_owned();
        x.row_mut(2).assign(&copy);
        let gram = kernel.gram(x.view()).unwrap();
        for (i, j) in [(0, 0), (1, 1), (0, 2), (2, 0)] {
            let mut k = weight * x.row(i).dot(&x.row(i)) / 5.0 + bias;
            let mut theta = k;
            for _ in 0..depth {
                let slope = weight * 4.0 / PI / (1.0 + 4.0 * k).sqrt();
                k = weight * 2.0 / PI * (2.0 * k / (1.0 + 2.0 * k)).asin() + bias;
                theta = k + slope * theta;
            }
            let tolerance = tol::deep(depth);
            assert_relative_eq!(gram.nngp[[i, j]], k, max_relative = tolerance);
            assert_relative_eq!(gram.ntk[[i, j]], theta, max_relative = tolerance);
        }
    }
}

/// Copies, opposite inputs and near copies far apart in a long row are found as they are in a matrix of two inputs.
#[test]
fn long_rows_find_their_copies() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut x = Array2::from_shape_simple_fn((150, 5), || rng.random_range(-2.0..2.0));
    let pairs = [(3, 140, 1.0), (5, 100, -1.0), (7, 70, 1.0 + 1e-9)];
    for (of, at, factor) in pairs {
        let multiple = &x.row(of) * factor;
        x.row_mut(at).assign(&multiple);
    }
    for (function, init, depth) in [
        (
            Activation::Erf,
            Init::new(2.5_f64.sqrt(), 0.18_f64.sqrt()),
            30,
        ),
        (Activation::Relu, Init::new(2.0_f64.sqrt(), 0.0), 3),
    ] {
        let mut network = Network::vector(5).dense(init);
        for _ in 0..depth {
            network = network.activation(function.clone()).dense(init);
        }
        let kernel = Kernel::new(&network.build().unwrap()).unwrap();
        let gram = kernel.gram(x.view()).unwrap();
        let others = [(2, 141, 0.0), (4, 63, 0.0), (63, 64, 0.0), (127, 128, 0.0)];
        for (i, j, _) in pairs.into_iter().chain(others) {
            let two = kernel.gram(x.select(Axis(0), &[i, j]).view()).unwrap();
            let tolerance = tol::deep(depth);
            for (found, want) in [(&gram.nngp, &two.nngp), (&gram.ntk, &two.ntk)] {
                assert_relative_eq!(found[[i, j]], want[[0, 1]], max_relative = tolerance);
                assert_relative_eq!(found[[j, i]], want[[1, 0]], max_relative = tolerance);
            }
        }
    }
}
