//! The kernels against networks of finite width, of which they know nothing.

#[path = "common/signals.rs"]
mod signals;
#[path = "common/tol_finite_width.rs"]
mod tol;

use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::DType;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width};
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Network, Padding, Quadrature, Scale, SphereSampling, Support};
use ndarray::{Array2, Array4};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a comparison takes: the width, the number of initialisations.
#[derive(Clone, Copy)]
struct Effort {
    width: usize,
    outputs: usize,
    initialisations: u64,
}

/// The largest deviation in standard errors and the largest relative standard error, of both kernels.
fn compare(network: &Network, signals: Signals<'_>, effort: Effort) -> [[f64; 2]; 2] {
    let started = std::time::Instant::now();
    let exact = Kernel::new(network).unwrap().gram(signals).unwrap();
    let width = Width::new(effort.width, effort.outputs);
    let finite = FiniteNetwork::new(network, width, 0, DType::F32).unwrap();
    let inputs = finite.prepare(signals).unwrap();
    let seeds = 1..1 + effort.initialisations;
    let found = EmpiricalKernel::default()
        .estimate(&finite, &inputs, seeds)
        .unwrap();
    let worst = [(&exact.nngp, &found.nngp), (&exact.ntk, &found.ntk)].map(|(exact, found)| {
        let mut worst = [0.0_f64; 2];
        for ((&want, mean), error) in exact.iter().zip(&found.mean).zip(&found.standard_error) {
            assert!(mean.is_finite() && error.is_finite());
            worst[0] = worst[0].max(((mean - want) / error).abs());
            worst[1] = worst[1].max((error / want).abs());
        }
        worst
    });
    println!("{network}\n  {worst:.3?} {:?}", started.elapsed());
    worst
}

/// Asserts that every entry of both kernels is the mean over initialisations, within its standard error.
fn check(network: &Network, signals: Signals<'_>, effort: Effort) {
    for (kernel, [deviation, error]) in ["NNGP", "NTK"]
        .iter()
        .zip(compare(network, signals, effort))
    {
        assert!(
            error < tol::RELATIVE_ERROR,
            "{network}: standard error of the {kernel} {error}"
        );
        assert!(
            deviation < tol::STANDARD_ERRORS,
            "{network}: the {kernel} is off by {deviation} standard errors"
        );
    }
}

fn scales() -> [Scale; 3] {
    [
        Scale::new(1.3, 0.4),
        Scale::new(1.1, 0.3),
        Scale::new(0.9, 0.2),
    ]
}

const MLP: Effort = Effort {
    width: 256,
    outputs: 1,
    initialisations: 80,
};

fn mlp(activation: Activation) {
    let [first, second, third] = scales();
    let network = Network::vector(4)
        .dense(first)
        .activation(activation.clone())
        .dense(second)
        .activation(activation)
        .dense(third)
        .build()
        .unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let vectors = Array2::from_shape_simple_fn((4, 4), || rng.random_range(-1.0..1.5));
    check(&network, vectors.view().into(), MLP);
}

#[test]
fn mlp_erf() {
    mlp(Activation::Erf);
}

#[test]
fn mlp_relu() {
    mlp(Activation::Relu);
}

const PLANE: Effort = Effort {
    width: 128,
    outputs: 1,
    initialisations: 80,
};

fn plane(group: PointGroup, padding: Padding, activation: Activation, effort: Effort) {
    let [first, second, third] = scales();
    let filter = || Support::window(3, padding);
    let size = if padding == Padding::Valid { 5 } else { 3 };
    let network = Network::plane(size, size, 2)
        .lifting(group, filter(), first)
        .activation(activation.clone())
        .group_convolution(filter(), second)
        .activation(activation)
        .group_pooling()
        .dense(third)
        .build()
        .unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let images = Array4::from_shape_simple_fn((3, size, size, 2), || rng.random_range(-1.0..1.5));
    check(&network, images.view().into(), effort);
}

#[test]
fn cnn() {
    for padding in [Padding::Valid, Padding::Same, Padding::Circular] {
        for activation in [Activation::Erf, Activation::Relu] {
            plane(PointGroup::C1, padding, activation, PLANE);
        }
    }
}

#[test]
fn c4() {
    for padding in [Padding::Valid, Padding::Same] {
        for activation in [Activation::Erf, Activation::Relu] {
            plane(PointGroup::C4, padding, activation, PLANE);
        }
    }
}

#[test]
fn d4() {
    for activation in [Activation::Erf, Activation::Relu] {
        plane(PointGroup::D4, Padding::Same, activation, PLANE);
    }
}

const SPHERE: Effort = Effort {
    width: 64,
    outputs: 1,
    initialisations: 100,
};

fn sphere(support: [Support; 2], activation: Activation, band_limit: usize) {
    let [first, second, third] = scales();
    let [lifting, convolution] = support;
    let network = Network::sphere(3, SphereSampling::Coefficients, 2)
        .lifting_with(lifting, first)
        .activation(activation.clone())
        .group_convolution_with(convolution, second)
        .activation(activation)
        .group_pooling()
        .dense(third)
        .build()
        .unwrap()
        .with_quadrature(Quadrature::BandLimit(band_limit))
        .unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let signals = signals::random_signals(&mut rng, [3, 2, 3], 0);
    check(&network, signals.view().into(), SPHERE);
}

#[test]
fn so3_global() {
    for activation in [Activation::Erf, Activation::Relu] {
        sphere([Support::Global, Support::Global], activation, 4);
    }
}

#[test]
fn so3_local() {
    for activation in [Activation::Erf, Activation::Relu] {
        sphere([Support::cap(1.2), Support::cap(1.0)], activation, 4);
    }
}
