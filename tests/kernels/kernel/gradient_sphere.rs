//! Derivatives of kernels in signals on the sphere.

use crate::common::close::assert_named_close;
use crate::common::tol::gradient as tol;

use haarmonic::activation::Activation;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
use haarmonic::network::builder::{Activated, Gaussian, OverGroup};
use haarmonic::network::{
    Filter, Init, Network, NetworkBuilder, Outputs, Quadrature, SphereSampling,
};
use haarmonic::sphere::Sampling;
use ndarray::{Array2, Array4, array};
use ndarray_npy::NpzReader;
use num_complex::Complex64;
use std::fs::File;

/// A layer with weight and bias variances.
fn init(weight: f64, bias: f64) -> Init {
    Init::new(weight.sqrt(), bias.sqrt())
}

fn samples(signals: OwnedSignals) -> Array4<f64> {
    match signals {
        OwnedSignals::Grid(array) => array,
        other => panic!("{other:?}"),
    }
}

fn coefficients(signals: OwnedSignals) -> Array4<Complex64> {
    match signals {
        OwnedSignals::Coefficients(array) => array,
        other => panic!("{other:?}"),
    }
}

/// Compares the derivatives of a network on samples with a stored case.
fn check_stored(case: &str, network: &Network, gram: bool) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/derivatives.npz");
    let mut stored = NpzReader::new(File::open(path).unwrap()).unwrap();
    let mut signals_of =
        |key: &str| -> Array4<f64> { stored.by_name(&format!("{case}/{key}")).unwrap() };
    let (x, y) = (signals_of("x"), signals_of("y"));
    let kernel = Kernel::new(network).unwrap();
    for name in ["nngp", "ntk"] {
        let mut read =
            |key: &str| -> Array2<f64> { stored.by_name(&format!("{case}/{name}_{key}")).unwrap() };
        let cotangents = |factors| match name {
            "nngp" => Cotangents::nngp(factors),
            _ => Cotangents::ntk(factors),
        };
        let factors = read("cross");
        let own = gram.then(|| read("gram"));
        let mut read =
            |key: &str| -> Array4<f64> { stored.by_name(&format!("{case}/{name}_{key}")).unwrap() };
        let pulled = kernel
            .cross_gradient(x.view(), y.view(), cotangents(factors.view()))
            .unwrap();
        for (side, got) in ["x", "y"].into_iter().zip(pulled) {
            let want = read(&format!("grad_{side}"));
            let what = format!("{case} {name} {side}");
            assert_named_close(&what, samples(got), &want, tol::GOLDEN);
        }
        if let Some(factors) = own {
            let got = kernel.gradient(x.view(), cotangents(factors.view()));
            let want = read("grad_gram_x");
            let what = format!("{case} {name} gram");
            assert_named_close(&what, samples(got.unwrap()), &want, tol::GOLDEN);
        }
    }
}

/// A network whose filters are global.
fn global(
    sampling: SphereSampling,
    channels: usize,
    quadrature: Quadrature,
) -> NetworkBuilder<OverGroup, Gaussian> {
    Network::sphere(3, sampling, channels)
        .quadrature(quadrature)
        .lifting(init(1.44, 0.0225))
}

#[test]
fn global_filters_have_the_stored_derivatives() {
    let begin = |nodes| {
        let sampling = SphereSampling::Grid(Sampling::GaussLegendre);
        global(sampling, 2, Quadrature::BandLimit(nodes))
    };
    let two = |activation: Activation| {
        begin(18)
            .activation(activation.clone())
            .group_convolution(init(1.44, 0.0225))
            .activation(activation)
            .group_pooling()
            .dense(init(1.21, 0.04))
    };
    let network = two(Activation::Erf).build().unwrap();
    check_stored("sphere_global_erf", &network, true);
    let network = two(Activation::Erf).activation(Activation::Erf);
    let network = network.dense(init(1.1, 0.0)).build().unwrap();
    check_stored("sphere_global_tail_erf", &network, true);
    let network = begin(22).activation(Activation::Relu).group_pooling();
    let network = network.dense(init(1.21, 0.04)).build().unwrap();
    check_stored("sphere_global_relu", &network, false);
}

/// A network whose filters are local.
fn local(sampling: SphereSampling, activation: Activation) -> NetworkBuilder<OverGroup, Activated> {
    Network::sphere(2, sampling, 1)
        .quadrature(Quadrature::BandLimit(7))
        .lifting_with(Filter::cap(0.9), init(1.44, 0.0225))
        .activation(activation.clone())
        .group_convolution_with(Filter::cap(0.7), init(1.44, 0.0225))
        .activation(activation)
}

#[test]
fn local_filters_have_the_stored_derivatives() {
    let sampling = SphereSampling::Grid(Sampling::GaussLegendre);
    let network = local(sampling, Activation::Erf).group_pooling();
    let network = network.dense(init(1.21, 0.04)).build().unwrap();
    check_stored("sphere_local_erf", &network, true);
}

/// Kinks, where copies have polar coordinates, branches with filters of both kinds, and layers after the pooling.
#[test]
fn branches_of_local_and_global_filters_agree_with_differences() {
    for activation in [Activation::Relu, Activation::Erf] {
        let network = Network::sphere(2, SphereSampling::Coefficients, 3)
            .quadrature(Quadrature::BandLimit(2))
            .lifting_with(Filter::cap(0.9), init(1.44, 0.0225))
            .sum(
                |branch| {
                    branch
                        .activation(activation.clone())
                        .group_convolution_with(Filter::cap(1.2), init(1.2, 0.1))
                },
                |shortcut| shortcut.group_convolution(init(0.7, 0.0)),
            )
            .activation(activation.clone())
            .group_pooling()
            .dense(init(1.21, 0.04))
            .activation(Activation::Erf)
            .dense(init(1.1, 0.1))
            .build();
        let kernel = Kernel::new(&network.unwrap()).unwrap();
        check_differences(&activation.to_string(), &kernel, 1, tol::RULE);
    }
}

/// Coefficients of real signals.
fn signals(n: usize, channels: usize, band_limit: usize, seed: f64) -> Array4<Complex64> {
    let shape = (n, channels, band_limit, 2 * band_limit - 1);
    let mut coeffs = Array4::zeros(shape);
    for i in 0..n {
        for c in 0..channels {
            for l in 0..band_limit {
                for m in 0..=l {
                    let x = seed + (3 * i + 5 * c + 2 * l * l + 7 * m * m) as f64;
                    let imaginary = if m == 0 { 0.0 } else { (1.7 * x).cos() };
                    let value = Complex64::new(x.sin(), imaginary) / (1 + l) as f64;
                    let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
                    coeffs[[i, c, l, band_limit - 1 - m]] = sign * value.conj();
                    coeffs[[i, c, l, band_limit - 1 + m]] = value;
                }
            }
        }
    }
    coeffs
}

/// Compares derivatives with central differences in the directions of some other signals.
fn check_differences(what: &str, kernel: &Kernel, rows: usize, tolerance: f64) {
    const STEP: f64 = 1e-3;
    let InputShape {
        channels,
        band_limit,
    } = shape(kernel.network());
    let x = signals(2, channels, band_limit, 0.2);
    let y = signals(1, channels, band_limit, 2.9);
    let factors = |n: usize, m: usize| {
        Array2::from_shape_fn((n, m), |(i, j)| {
            (1.1 * (i + 1) as f64 + 0.7 * (j * j) as f64).sin()
        })
    };
    let product = |a: &Array4<Complex64>, b: &Array4<Complex64>| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a.conj() * b).re).sum()
    };
    let difference = |x: &Array4<Complex64>,
                      direction: &Array4<Complex64>,
                      of: &dyn Fn(&Array4<Complex64>) -> f64| {
        let at = |steps: f64| of(&(x + &direction.mapv(|d| steps * STEP * d)));
        let d = |n: f64| (at(n) - at(-n)) / STEP;
        (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0
    };
    let norm = |a: &Array4<Complex64>| product(a, a).sqrt();
    let check = |side: &str, got: &Array4<Complex64>, direction: &Array4<Complex64>, want: f64| {
        let found = product(got, direction);
        let error = (found - want).abs() / (norm(got) * norm(direction));
        assert!(
            error <= tolerance,
            "{what} {side}: {found} {want} {error:e}"
        );
    };
    let cross = factors(2 * rows, rows);
    let both = Cotangents {
        nngp: Some(cross.view()),
        ntk: Some(cross.view()),
    };
    let sum = |x: &Array4<Complex64>, y: &Array4<Complex64>| {
        let matrices = kernel.cross(x.view(), y.view()).unwrap();
        ((&matrices.nngp + &matrices.ntk) * &cross).sum()
    };
    let [of_x, of_y] = kernel
        .cross_gradient(x.view(), y.view(), both)
        .unwrap()
        .map(coefficients);
    let direction = signals(2, channels, band_limit, 5.3);
    check(
        "x",
        &of_x,
        &direction,
        difference(&x, &direction, &|x| sum(x, &y)),
    );
    let direction = signals(1, channels, band_limit, 6.4);
    check(
        "y",
        &of_y,
        &direction,
        difference(&y, &direction, &|y| sum(&x, y)),
    );
    let own = factors(2 * rows, 2 * rows);
    let both = Cotangents {
        nngp: Some(own.view()),
        ntk: Some(own.view()),
    };
    let sum = |x: &Array4<Complex64>| {
        let matrices = kernel.gram(x.view()).unwrap();
        ((&matrices.nngp + &matrices.ntk) * &own).sum()
    };
    let of_x = coefficients(kernel.gradient(x.view(), both).unwrap());
    let direction = signals(2, channels, band_limit, 7.1);
    check("gram", &of_x, &direction, difference(&x, &direction, &sum));
}

struct InputShape {
    channels: usize,
    band_limit: usize,
}

fn shape(network: &Network) -> InputShape {
    match network.input() {
        haarmonic::network::InputSpace::Sphere {
            band_limit,
            channels,
            ..
        } => InputShape {
            channels: *channels,
            band_limit: *band_limit,
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn features_at_places_agree_with_differences() {
    let begin = || {
        let quadrature = Quadrature::BandLimit(7);
        global(SphereSampling::Coefficients, 2, quadrature).activation(Activation::Erf)
    };
    let rotations = Outputs::rotations(&[[0.3, 1.1, 2.0], [4.0, 0.2, 1.0]]);
    let at_rotations = begin()
        .group_convolution(init(1.2, 0.1))
        .activation(Activation::Erf)
        .outputs(rotations.clone())
        .build();
    let points = Outputs::points(&[[0.5, 1.0], [2.1, 3.0]]);
    let at_points = begin()
        .group_convolution(init(1.2, 0.1))
        .partial_pooling()
        .outputs(points.clone())
        .build();
    let local = || local(SphereSampling::Coefficients, Activation::Erf);
    let local_at_rotations = local().outputs(rotations).build();
    let local_at_points = local().partial_pooling().outputs(points).build();
    for (what, network) in [
        ("rotations", at_rotations),
        ("points", at_points),
        ("rotations, local filters", local_at_rotations),
        ("points, local filters", local_at_points),
    ] {
        let kernel = Kernel::new(&network.unwrap()).unwrap();
        check_differences(what, &kernel, 2, tol::DIFFERENCE);
    }
}

/// With a tolerance a pair takes the quadrature that its derivatives need, and copies take polar coordinates about their kink.
#[test]
fn derivatives_are_refined_to_their_tolerance() {
    for activation in [Activation::Erf, Activation::Relu] {
        let network = |tolerance: f64| {
            let quadrature = Quadrature::Tolerance(tolerance);
            let network = global(SphereSampling::Coefficients, 1, quadrature)
                .activation(activation.clone())
                .group_pooling()
                .dense(init(1.1, 0.0));
            Kernel::new(&network.build().unwrap()).unwrap()
        };
        let x = signals(2, 1, 3, 0.4);
        let factors = array![[0.7, -0.3], [0.2, 1.1]];
        let gradient = |tolerance: f64| {
            let pulled = network(tolerance).gradient(x.view(), Cotangents::ntk(factors.view()));
            coefficients(pulled.unwrap())
        };
        let fine = gradient(tol::FINE);
        let coarse = gradient(tol::COARSE);
        assert_named_close(activation.to_string(), &coarse, &fine, tol::COARSE);
        assert!(coarse != fine);
    }
}

/// Without biases the NTK of a rectifier has degree two in both signals together.
#[test]
fn homogeneous_kernels_obey_euler() {
    let network = Network::sphere(3, SphereSampling::Coefficients, 2)
        .quadrature(Quadrature::Tolerance(tol::COARSE))
        .lifting(init(1.5, 0.0))
        .activation(Activation::Relu)
        .group_convolution(init(2.0, 0.0))
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init(1.1, 0.0));
    let kernel = Kernel::new(&network.build().unwrap()).unwrap();
    let x = signals(2, 2, 3, 0.4);
    let ones = Array2::ones((2, 2));
    let pulled = kernel.gradient(x.view(), Cotangents::ntk(ones.view()));
    let product: f64 = coefficients(pulled.unwrap())
        .iter()
        .zip(&x)
        .map(|(a, b)| (a.conj() * b).re)
        .sum();
    let want = 2.0 * kernel.gram(x.view()).unwrap().ntk.sum();
    assert!(
        (product - want).abs() <= 2.0 * tol::COARSE * want,
        "{product} {want}"
    );
}

/// Both derivatives of a signal and its copy are those of either argument, though the quadrature of a signal with itself takes half of the
/// nodes.
#[test]
fn copies_have_the_derivatives_of_either_argument() {
    let quadrature = Quadrature::Tolerance(tol::COARSE);
    let network = global(SphereSampling::Coefficients, 1, quadrature)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init(1.1, 0.0));
    let kernel = Kernel::new(&network.build().unwrap()).unwrap();
    let x = signals(1, 1, 3, 0.4);
    let one = array![[1.0]];
    let cotangents = Cotangents::nngp(one.view());
    let [of_rows, of_columns] = kernel
        .cross_gradient(x.view(), x.view(), cotangents)
        .unwrap()
        .map(coefficients);
    let whole = coefficients(kernel.gradient(x.view(), cotangents).unwrap());
    assert_named_close("rows", of_rows.mapv(|z| 2.0 * z), &whole, tol::COARSE);
    assert_named_close("columns", of_columns.mapv(|z| 2.0 * z), &whole, tol::COARSE);
}
