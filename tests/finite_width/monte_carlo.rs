//! The kernels against networks of finite width, which know nothing of the recursion: means over initialisations of both
//! empirical kernels, for every geometry.
//!
//! The comparisons marked `ignore` have standard errors of one per cent:
//! `cargo test --release --features finite-width --test finite_width networks monte_carlo -- --ignored`.

use crate::common::signals;
use crate::common::statistics::{normal_errors, student_errors};
use crate::common::tol::FALSE_ALARM;
use crate::common::tol::finite_width as tol;

use std::time::Instant;

use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::DType;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, KernelEstimate, Width};
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{
    AveragePooling, Filter, Init, Network, Outputs, Padding, Quadrature, SphereSampling,
};
use ndarray::{Array, Array2, Array3, Array4, Dimension, ShapeBuilder};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Width n and number N of initialisations: standard errors are some $`1/\sqrt{n N}`$, the bias is less than 1/n.
#[derive(Clone, Copy)]
pub struct Effort(pub usize, pub u64);

impl Effort {
    /// Features behind a rectifier vary more than those behind the error function.
    fn of(self, activation: &Activation) -> Effort {
        let Effort(width, count) = self;
        Effort(
            width,
            if activation.is_kinked() {
                count
            } else {
                count / 2
            },
        )
    }
}

/// The largest deviation, relative to the one that is allowed, and the largest relative standard error, for each kernel.
pub type Worst = [[f64; 2]; 2];

pub fn estimate(
    network: &Network,
    signals: Signals<'_>,
    Effort(width, count): Effort,
) -> KernelEstimate {
    let finite = FiniteNetwork::new(network, Width::new(width, 1), 0, DType::F32).unwrap();
    let inputs = finite.prepare(signals).unwrap();
    EmpiricalKernel::default()
        .estimate(&finite, &inputs, 1..1 + count)
        .unwrap()
}

/// Compares the kernels of one network with those of finite networks of another, as a rule the same one.
pub fn compare(kernel: &Network, network: &Network, signals: Signals<'_>, effort: Effort) -> Worst {
    let started = Instant::now();
    let found = estimate(network, signals, effort);
    let worst = deviations(kernel, signals, &found);
    println!("{network}: {worst:.3?} in {:.1?}", started.elapsed());
    worst
}

/// Compares means over finite networks with the kernels of a network.
pub fn deviations(kernel: &Network, signals: Signals<'_>, found: &KernelEstimate) -> Worst {
    let exact = Kernel::new(kernel).unwrap().gram(signals).unwrap();
    let allowed = student_errors(FALSE_ALARM, 2 * exact.nngp.len(), found.initialisations);
    [(&exact.nngp, &found.nngp), (&exact.ntk, &found.ntk)].map(|(exact, found)| {
        let mut worst = [0.0_f64; 2];
        assert_eq!(exact.dim(), found.mean.dim());
        for ((&want, mean), error) in exact.iter().zip(&found.mean).zip(&found.standard_error) {
            assert!(mean.is_finite() && *error > 0.0);
            worst[0] = worst[0].max(((mean - want) / (allowed * error)).abs());
            worst[1] = worst[1].max((error / want).abs());
        }
        worst
    })
}

/// Asserts that every entry of both kernels is the mean over initialisations, within its standard error.
fn check(network: &Network, signals: Signals<'_>, effort: Effort) {
    assert_agreement(
        network,
        compare(network, network, signals, effort),
        tol::RELATIVE_ERROR,
    );
}

pub fn assert_agreement(network: &Network, worst: Worst, largest: f64) {
    for (kernel, [deviation, error]) in ["NNGP", "NTK"].iter().zip(worst) {
        assert!(
            error < largest,
            "{network}: standard error of the {kernel} {error}"
        );
        assert!(
            deviation <= 1.0,
            "{network}: the {kernel} is off by {deviation} times what its standard errors allow"
        );
    }
}

fn scales() -> [Init; 3] {
    [
        Init::new(1.3, 0.4),
        Init::new(1.1, 0.3),
        Init::new(0.9, 0.2),
    ]
}

fn both() -> [Activation; 2] {
    [Activation::Erf, Activation::Relu]
}

/// Numbers that are positive more often than not: no entry of a kernel is close to zero.
fn random<D: Dimension, S: ShapeBuilder<Dim = D>>(seed: u64, shape: S) -> Array<f64, D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array::from_shape_simple_fn(shape, || rng.random_range(-0.4..1.4))
}

fn mlp(activation: Activation) -> Network {
    let [first, second, third] = scales();
    Network::vector(4)
        .dense(first)
        .activation(activation.clone())
        .dense(second)
        .activation(activation)
        .dense(third)
        .build()
        .unwrap()
}

fn plane(group: PointGroup, padding: Padding, activation: Activation) -> Network {
    let [first, second, third] = scales();
    let filter = || Filter::window(3, padding);
    let size = image_size(padding);
    Network::plane(size, size, 2)
        .lifting(group, filter(), first)
        .activation(activation.clone())
        .group_convolution(filter(), second)
        .activation(activation)
        .group_pooling()
        .dense(third)
        .build()
        .unwrap()
}

/// Two valid windows leave one pixel of five, and same and circular padding differ on three.
fn image_size(padding: Padding) -> usize {
    if padding == Padding::Valid { 5 } else { 3 }
}

fn images(padding: Padding) -> Array4<f64> {
    let size = image_size(padding);
    random(2, (3, size, size, 2))
}

/// Little bias, so that the size of the filters matters.
fn sphere(filters: [Filter; 2], activation: Activation, band_limit: usize) -> Network {
    let bias = if activation == Activation::Relu {
        0.0
    } else {
        0.4
    };
    let [first, second, third] = [1.5, 1.4, 1.1].map(|weight| Init::new(weight, bias));
    let [lifting, convolution] = filters;
    Network::sphere(3, SphereSampling::Coefficients, 2)
        .lifting_with(lifting, first)
        .activation(activation.clone())
        .group_convolution_with(convolution, second)
        .activation(activation)
        .group_pooling()
        .dense(third)
        .build()
        .unwrap()
        .with_quadrature(Quadrature::BandLimit(band_limit))
        .unwrap()
}

fn spherical_signals() -> Array4<Complex64> {
    signals::random_signals(&mut ChaCha8Rng::seed_from_u64(3), [2, 2, 3], 0)
}

fn global() -> [Filter; 2] {
    [Filter::Global, Filter::Global]
}

fn local() -> [Filter; 2] {
    [Filter::cap(0.5), Filter::cap(0.6)]
}

/// What activations lose beyond this band limit is below the standard errors (see the equivariance in
/// `networks.rs`).
const BAND_LIMIT: usize = 4;

/// The kernels need a quadrature for products of two features.
const KERNEL_BAND_LIMIT: usize = 6;

/// Compares a network on the sphere at a low band limit with the kernel at a higher one.
fn rotations(filters: [Filter; 2], activation: Activation, effort: Effort) {
    let effort = effort.of(&activation);
    let network = sphere(filters.clone(), activation.clone(), BAND_LIMIT);
    let kernel = sphere(filters, activation, KERNEL_BAND_LIMIT);
    let signals = spherical_signals();
    assert_agreement(
        &network,
        compare(&kernel, &network, signals.view().into(), effort),
        tol::RELATIVE_ERROR,
    );
}

#[test]
fn multilayer_perceptrons() {
    for activation in both() {
        let vectors = random(1, (4, 4));
        let effort = Effort(64, 512).of(&activation);
        check(&mlp(activation), vectors.view().into(), effort);
    }
}

#[test]
fn convolutional_networks() {
    for padding in [Padding::Valid, Padding::Same, Padding::Circular] {
        for activation in both() {
            let effort = Effort(64, 256).of(&activation);
            let network = plane(PointGroup::C1, padding, activation);
            check(&network, images(padding).view().into(), effort);
        }
    }
}

#[test]
fn strides_and_poolings() {
    let [first, second, third] = scales();
    let (window, strided) = (Filter::window, Filter::strided_window);
    for activation in both() {
        let act = || activation.clone();
        let start = |group, size: usize, filter| {
            Network::plane(size, size, 2)
                .lifting(group, filter, first)
                .activation(act())
        };
        let networks = [
            start(PointGroup::C1, 6, strided(3, 2, Padding::Same))
                .average_pooling(AveragePooling::new(2).with_stride(1))
                .group_convolution(window(3, Padding::Same), second)
                .activation(act())
                .flatten(),
            start(PointGroup::C4, 4, window(3, Padding::Same))
                .average_pooling(AveragePooling::new(2))
                .group_convolution(window(1, Padding::Same), second)
                .activation(act())
                .group_pooling(),
            start(PointGroup::C1, 4, window(3, Padding::Circular))
                .sum(
                    |branch| branch.group_convolution(strided(3, 2, Padding::Circular), second),
                    |shortcut| {
                        shortcut
                            .average_pooling(AveragePooling::new(2))
                            .group_convolution(window(1, Padding::Same), second)
                    },
                )
                .activation(act())
                .group_pooling(),
        ];
        for network in networks {
            let network = network.dense(third).build().unwrap();
            let haarmonic::network::InputSpace::Plane { height, width, .. } = *network.input()
            else {
                unreachable!("images")
            };
            let images = random(31, (3, height, width, 2));
            let effort = Effort(64, 256).of(&activation);
            check(&network, images.view().into(), effort);
        }
    }
}

#[test]
fn quarter_turns() {
    for padding in [Padding::Valid, Padding::Same, Padding::Circular] {
        for activation in both() {
            let effort = Effort(64, 256).of(&activation);
            let network = plane(PointGroup::C4, padding, activation);
            check(&network, images(padding).view().into(), effort);
        }
    }
}

#[test]
fn turns_and_reflections() {
    for activation in both() {
        let effort = Effort(48, 160).of(&activation);
        let network = plane(PointGroup::D4, Padding::Same, activation);
        let images = images(Padding::Same);
        check(&network, images.view().into(), effort);
    }
}

#[test]
fn rotations_with_global_filters() {
    for activation in both() {
        rotations(global(), activation, Effort(48, 256));
    }
}

#[test]
fn rotations_with_local_filters() {
    for activation in both() {
        rotations(local(), activation, Effort(48, 320));
    }
}

#[test]
fn other_layers() {
    let [first, second, third] = scales();
    let effort = Effort(64, 512);
    let residual = Network::vector(4)
        .dense(first)
        .residual(|block| block.activation(Activation::Erf).dense(second))
        .activation(Activation::Relu)
        .sum(
            |branch| branch.dense(first),
            |shortcut| shortcut.dense(second),
        )
        .activation(Activation::Gelu)
        .dense(third)
        .build()
        .unwrap();
    let vectors = random(4, (3, 4));
    check(&residual, vectors.view().into(), effort);

    let flat = Network::plane(3, 3, 1)
        .lifting(PointGroup::D1, Filter::Global, first)
        .activation(Activation::Erf)
        .group_convolution(Filter::window(3, Padding::Circular), second)
        .activation(Activation::Erf)
        .flatten()
        .dense(third)
        .build()
        .unwrap();
    // The root mean square of n channels has a bias of the order 1/n.
    let normed = Network::vector(4)
        .dense(first)
        .normalisation()
        .activation(Activation::Relu)
        .dense(second)
        .normalisation()
        .activation(Activation::Erf)
        .dense(third)
        .build()
        .unwrap();
    check(&normed, vectors.view().into(), effort);

    let images = random(5, (3, 3, 3, 1));
    check(&flat, images.view().into(), Effort(64, 128));

    let finite = Network::finite(FiniteAction::dihedral(5).unwrap(), 1)
        .lifting(Filter::subset(&[0, 1]), first)
        .activation(Activation::Erf)
        .group_convolution(Filter::subset(&[0, 1, 5]), second)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(third)
        .build()
        .unwrap();
    let functions: Array3<f64> = random(6, (3, 5, 1));
    check(&finite, functions.view().into(), Effort(64, 128));
}

/// Features at places instead of their means, and filters with other profiles.
#[test]
fn outputs_at_places() {
    let [first, second, third] = scales();
    let signals = signals::random_signals(&mut ChaCha8Rng::seed_from_u64(7), [2, 1, 2], 2);
    let rotations = [[0.3, 0.8, -0.5], [2.0, 1.9, 0.7]];
    let points = [[0.8, 0.3], [1.9, 2.0]];
    let start = Network::sphere(2, SphereSampling::Coefficients, 1)
        .quadrature(Quadrature::Tolerance(tol::KERNEL))
        .lifting_with(Filter::heat(0.2), first)
        .activation(Activation::Erf)
        .group_convolution_with(Filter::ring(0.2, 1.4), second)
        .activation(Activation::Erf);
    let networks = [
        start
            .clone()
            .dense(third)
            .outputs(Outputs::rotations(&rotations)),
        start
            .partial_pooling()
            .dense(third)
            .outputs(Outputs::points(&points)),
    ];
    for network in networks {
        let network = network.build().unwrap();
        // Finite networks at twice the band limit of the signals, the kernel closer than they will come.
        check(&network, signals.view().into(), Effort(64, 192));
    }
}

/// The comparison fails where the two networks differ in one number, or in one part.
#[test]
fn networks_that_differ_are_told_apart() {
    let told_apart = |kernel: &Network, network: &Network, signals: Signals<'_>, effort| {
        let worst = compare(kernel, network, signals, effort);
        assert!(
            worst.iter().any(|[deviation, _]| *deviation > 1.0),
            "{kernel} passes for {network}: {worst:?}"
        );
    };
    let vectors = random(1, (4, 4));
    let [erf, relu] = both().map(mlp);
    told_apart(&erf, &relu, vectors.view().into(), Effort(64, 128));
    let same = plane(PointGroup::C4, Padding::Same, Activation::Erf);
    let images = images(Padding::Same);
    for other in [
        plane(PointGroup::C4, Padding::Circular, Activation::Erf),
        plane(PointGroup::C1, Padding::Same, Activation::Erf),
    ] {
        told_apart(&other, &same, images.view().into(), Effort(64, 128));
    }
    let signals = spherical_signals();
    let caps = sphere(local(), Activation::Erf, BAND_LIMIT);
    let other = sphere(global(), Activation::Erf, KERNEL_BAND_LIMIT);
    told_apart(&other, &caps, signals.view().into(), Effort(48, 128));
}

/// Two hidden layers of squares, where the bias has a closed form: with the fourth moments $`v_i = u_i^4`$ of n features the
/// NNGP is the mean of $`3 (\frac1n \sum v_i)^2`$, and $`E v = 3 q^2`$, $`\mathrm{Var}\, v = 96 q^4`$.
#[test]
fn the_bias_falls_like_one_over_the_width() {
    let squares = Activation::Monomial { degree: 2 };
    let network = Network::vector(2)
        .dense(Init::default())
        .activation(squares.clone())
        .dense(Init::default())
        .activation(squares)
        .dense(Init::default())
        .build()
        .unwrap();
    let vectors: Array2<f64> = ndarray::array![[1.0, 0.8]];
    let exact = Kernel::new(&network).unwrap().gram(vectors.view()).unwrap();
    let mut tangent = Vec::new();
    for (width, count) in [(16, 6000), (32, 4000), (64, 4000)] {
        let found = estimate(&network, vectors.view().into(), Effort(width, count));
        let [(nngp, error), (ntk, ntk_error)] =
            [(&found.nngp, &exact.nngp), (&found.ntk, &exact.ntk)].map(|(found, exact)| {
                let want = exact[[0, 0]];
                (
                    found.mean[[0, 0]] / want - 1.0,
                    found.standard_error[[0, 0]] / want,
                )
            });
        println!("{width}: NNGP {nngp:.4} ± {error:.4}, NTK {ntk:.4} ± {ntk_error:.4}");
        let want = 32.0 / (3 * width) as f64;
        let allowed = student_errors(FALSE_ALARM, 3, count as usize);
        assert!(want > allowed * error);
        assert!(
            (nngp - want).abs() < allowed * error,
            "{width}: {nngp} ± {error}, {want} expected"
        );
        tangent.push((ntk * width as f64, ntk_error * width as f64));
    }
    // Of the tangent kernel the first order does the same, up to the second.
    for pair in tangent.windows(2) {
        let [(narrow, error), (wide, wide_error)] = [pair[0], pair[1]];
        let allowed = normal_errors(FALSE_ALARM, 2);
        assert!(wide > allowed * wide_error);
        let error = allowed * error.hypot(wide_error);
        assert!((wide - narrow).abs() < error + 0.2 * wide, "{tangent:?}");
    }
}

fn check_small_errors(network: &Network, kernel: &Network, signals: Signals<'_>, effort: Effort) {
    let worst = compare(kernel, network, signals, effort);
    assert_agreement(network, worst, tol::SMALL_ERROR);
}

fn one_per_cent_of_vectors_and_images(activation: Activation) {
    let network = mlp(activation.clone());
    let vectors = random(1, (4, 4));
    let effort = Effort(256, 2000);
    check_small_errors(&network, &network, vectors.view().into(), effort);
    for group in [PointGroup::C1, PointGroup::C4, PointGroup::D4] {
        for padding in [Padding::Valid, Padding::Same, Padding::Circular] {
            let network = plane(group, padding, activation.clone());
            let images = images(padding);
            let effort = Effort(128, 1000).of(&activation);
            check_small_errors(&network, &network, images.view().into(), effort);
        }
    }
}

#[test]
#[ignore = "minutes; see the top of this file"]
fn one_per_cent_of_vectors_and_images_with_erf() {
    one_per_cent_of_vectors_and_images(Activation::Erf);
}

#[test]
#[ignore = "minutes; see the top of this file"]
fn one_per_cent_of_vectors_and_images_with_relu() {
    one_per_cent_of_vectors_and_images(Activation::Relu);
}

fn one_per_cent_of_rotations(activation: Activation) {
    for filters in [global(), local()] {
        let [network, kernel] = [6, 8].map(|m| sphere(filters.clone(), activation.clone(), m));
        let signals = spherical_signals();
        check_small_errors(&network, &kernel, signals.view().into(), Effort(64, 700));
    }
}

#[test]
#[ignore = "minutes; see the top of this file"]
fn one_per_cent_of_rotations_with_erf() {
    one_per_cent_of_rotations(Activation::Erf);
}

#[test]
#[ignore = "minutes; see the top of this file"]
fn one_per_cent_of_rotations_with_relu() {
    one_per_cent_of_rotations(Activation::Relu);
}
