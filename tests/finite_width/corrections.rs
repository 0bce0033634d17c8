//! Bias and spread of the kernels against networks of finite width, extrapolated in 1/n.
//!
//! The comparison marked `ignore` has standard errors of some per cent of the variances.

use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::DType;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width};
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array2, Array3, Array4, array};
use rayon::prelude::*;

use crate::common::tol::finite_width as tol;

/// The networks of one width are dealt into so many batches, whose scatter gives standard errors.
const BATCHES: usize = 20;

/// Entries of a symmetric matrix of two signals.
const ENTRIES: [[usize; 2]; 3] = [[0, 0], [0, 1], [1, 1]];

/// n times bias and n times variance of both kernels for each entry, one row of numbers per batch.
fn batches(network: &Network, signals: Signals<'_>, n: usize, count: usize) -> Vec<Vec<f64>> {
    let limit = Kernel::new(network).unwrap().gram(signals).unwrap();
    let finite = FiniteNetwork::new(network, Width::new(n, 1), 0, DType::F64).unwrap();
    let inputs = finite.prepare(signals).unwrap();
    let size = count / BATCHES;
    let batch = |batch: usize| {
        let mut sums = [[[0.0; 2]; 3]; 2];
        for i in 0..size {
            let seed = (n * count + batch * size + i) as u64;
            let one = finite.reinitialised(seed).unwrap();
            let found = EmpiricalKernel::default().gram(&one, &inputs).unwrap();
            let pairs = [(&found.nngp, &limit.nngp), (&found.ntk, &limit.ntk)];
            for (sums, (found, limit)) in sums.iter_mut().zip(pairs) {
                for (sums, &entry) in sums.iter_mut().zip(&ENTRIES) {
                    let difference = found[entry] - limit[entry];
                    sums[0] += difference;
                    sums[1] += difference * difference;
                }
            }
        }
        let (n, size) = (n as f64, size as f64);
        let each = sums.iter().flatten().flat_map(|[first, second]| {
            let mean = first / size;
            [
                n * mean,
                n * (second / size - mean * mean) * size / (size - 1.0),
            ]
        });
        each.collect()
    };
    (0..BATCHES).into_par_iter().map(batch).collect()
}

/// Mean and standard error of each number.
pub fn mean(batches: &[Vec<f64>]) -> Vec<[f64; 2]> {
    let count = batches.len() as f64;
    (0..batches[0].len())
        .map(|i| {
            let mean = batches.iter().map(|batch| batch[i]).sum::<f64>() / count;
            let squares: f64 = batches.iter().map(|batch| (batch[i] - mean).powi(2)).sum();
            [mean, (squares / (count * (count - 1.0))).sqrt()]
        })
        .collect()
}

/// Compares with widths n and 2n: every entry within some standard errors; returns the largest standard error of a variance, relative to
/// the largest variance.
fn check(network: &Network, signals: Signals<'_>, n: usize, count: usize) -> f64 {
    let [few, many] = [n, 2 * n].map(|n| mean(&batches(network, signals, n, count)));
    let hidden = network
        .layers()
        .iter()
        .filter(|layer| matches!(layer.kind(), "dense" | "lifting" | "group-convolution"));
    let widths = vec![1; hidden.count() - 1];
    let kernel = Kernel::new(network).unwrap();
    let kernel = kernel.at_width(&widths).unwrap();
    let predicted = kernel.gram(signals).unwrap();
    let of = |bias: &Array2<f64>, std: &Array2<f64>| {
        ENTRIES
            .map(|entry| [bias[entry], std[entry].powi(2)])
            .concat()
    };
    let want = [
        of(&predicted.nngp_bias, &predicted.nngp_std),
        of(&predicted.ntk_bias, &predicted.ntk_std),
    ];
    let mut largest: f64 = 0.0;
    for (kernel, want) in want.iter().enumerate() {
        let variance = want.iter().skip(1).step_by(2).copied().fold(0.0, f64::max);
        for (i, want) in want.iter().enumerate() {
            let at = 6 * kernel + i;
            let found = 2.0 * many[at][0] - few[at][0];
            let error = (4.0 * many[at][1].powi(2) + few[at][1].powi(2)).sqrt();
            println!("{network} {kernel} {i}: {found:.4} ({error:.4}) for {want:.4}");
            assert!(
                (found - want).abs() < tol::CORRECTION_ERRORS * error,
                "{network}, kernel {kernel}, number {i}: {found} ± {error} for {want}"
            );
            if i % 2 == 1 {
                largest = largest.max(error / variance);
            }
        }
    }
    largest
}

fn vectors() -> Array2<f64> {
    array![[0.9, -1.1, 0.4], [0.2, 0.7, -1.3]]
}

fn perceptron(activation: Activation, init: Init) -> Network {
    Network::vector(3)
        .dense(init)
        .activation(activation.clone())
        .dense(init)
        .activation(activation)
        .dense(init)
        .build()
        .unwrap()
}

fn over_group(activation: Activation, init: Init) -> Network {
    Network::finite(FiniteAction::cyclic(4).unwrap(), 1)
        .lifting(Filter::subset(&[0, 1]), init)
        .activation(activation.clone())
        .group_convolution(Filter::subset(&[0, 1]), init)
        .activation(activation)
        .group_pooling()
        .dense(init)
        .build()
        .unwrap()
}

/// Global filters, whose corrections are means over the group.
fn global(activation: Activation, init: Init) -> Network {
    Network::finite(FiniteAction::cyclic(4).unwrap(), 1)
        .lifting(Filter::Global, init)
        .activation(activation.clone())
        .group_convolution(Filter::Global, init)
        .activation(activation)
        .group_pooling()
        .dense(init)
        .build()
        .unwrap()
}

/// Images under quarter turns and translations, with global filters.
fn on_images(activation: Activation, init: Init) -> Network {
    Network::plane(2, 2, 1)
        .lifting(PointGroup::C4, Filter::Global, init)
        .activation(activation.clone())
        .group_convolution(Filter::Global, init)
        .activation(activation)
        .group_pooling()
        .dense(init)
        .build()
        .unwrap()
}

fn functions() -> Array3<f64> {
    Array3::from_shape_fn((2, 4, 1), |(i, x, _)| ((3 * i + 2 * x + 1) as f64).sin())
}

fn all(count: usize) -> f64 {
    let (rectifier, smooth) = (Init::new(1.4, 0.1), Init::new(1.3, 0.2));
    let (vectors, functions) = (vectors(), functions());
    let points = Signals::Points(functions.view());
    let images = Array4::from_shape_fn((2, 2, 2, 1), |(i, y, x, _)| functions[[i, 2 * y + x, 0]]);
    [
        check(
            &perceptron(Activation::Relu, rectifier),
            vectors.view().into(),
            16,
            count,
        ),
        check(
            &perceptron(Activation::Gelu, rectifier),
            vectors.view().into(),
            16,
            count,
        ),
        check(&over_group(Activation::Relu, rectifier), points, 16, count),
        check(&over_group(Activation::Erf, smooth), points, 16, count),
        check(&global(Activation::Relu, rectifier), points, 16, count),
        check(
            &on_images(Activation::Relu, rectifier),
            images.view().into(),
            16,
            count / 2,
        ),
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

#[test]
fn first_order_is_that_of_random_networks() {
    all(1000);
}

#[test]
#[ignore = "takes minutes"]
fn first_order_is_that_of_many_random_networks() {
    let error = all(20_000);
    assert!(error < tol::CORRECTION_VARIANCE, "{error}");
}
