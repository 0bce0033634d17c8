//! Pooled kernels with local filters on the sphere: limits with known answers, invariance, definiteness, honest errors.

use crate::common::close::difference;
use crate::common::signals;
use crate::common::tol::sphere_local as tol;

use crate::common::rotated_signals::rotated;
use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices, Limits};
use haarmonic::network::{Filter, Init, Network, Outputs, Quadrature, SphereSampling};
use ndarray::{Array2, Array4, Axis, concatenate};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 3;

fn network(activation: &Activation, filters: [Filter; 2], tolerance: f64) -> Network {
    let init = Init::new(1.3, 0.2);
    let [lifting, convolution] = filters;
    Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, 2)
        .quadrature(Quadrature::Tolerance(tolerance))
        .lifting_with(lifting, init)
        .activation(activation.clone())
        .group_convolution_with(convolution, init)
        .activation(activation.clone())
        .group_pooling()
        .dense(init)
        .build()
        .unwrap()
}

fn signals(seed: u64, count: usize) -> Array4<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    signals::random_signals(&mut rng, [count, 2, BAND_LIMIT], 1)
}

fn claimed(gram: &KernelMatrices) -> [&Array2<f64>; 2] {
    match &gram.error {
        KernelError::Entries { nngp, ntk } => [nngp, ntk],
        other => panic!("{other:?}"),
    }
}

/// Both kernels agree to `tolerance`, relative to the largest entry, and to what both of them claim.
fn assert_same(what: &str, one: &KernelMatrices, other: &KernelMatrices, tolerance: f64) {
    let values = [(&one.nngp, &other.nngp), (&one.ntk, &other.ntk)];
    for (side, (a, b)) in values.into_iter().enumerate() {
        let init = a.iter().fold(0.0, |s: f64, v| s.max(v.abs()));
        for ((index, a), b) in a.indexed_iter().zip(b) {
            let error = (a - b).abs();
            let claims = claimed(one)[side][index] + claimed(other)[side][index];
            assert!(
                error <= tolerance * init && error <= claims + tol::ROUNDING * init,
                "{what} {side} {index:?}: {a} {b}, claimed {claims:e}"
            );
        }
    }
}

#[test]
fn caps_as_wide_as_the_sphere_are_global() {
    // A cap that leaves out a millionth of the sphere takes the path of local filters.
    let almost = || Filter::cap(std::f64::consts::PI - 2e-5);
    let x = signals(1, 2);
    for activation in [Activation::Erf, Activation::Relu] {
        let local = Kernel::new(&network(&activation, [almost(), almost()], tol::WIDE)).unwrap();
        let global = [Filter::Global, Filter::Global];
        let global = Kernel::new(&network(&activation, global, tol::WIDE)).unwrap();
        let (local, global) = (
            local.gram(x.view()).unwrap(),
            global.gram(x.view()).unwrap(),
        );
        assert_same(&activation.to_string(), &local, &global, 10.0 * tol::WIDE);
    }
}

#[test]
fn rotating_an_input_changes_nothing() {
    let x = signals(2, 2);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (turn, other) = (Rotation::random(&mut rng), Rotation::random(&mut rng));
    // Rotated copies have their kink at that rotation.
    let columns = concatenate![Axis(0), signals(4, 1), rotated(x.view(), &other)];
    for (activation, tolerances) in [
        (Activation::Erf, &[1e-4, 1e-6, 1e-8][..]),
        (Activation::Relu, &[1e-4, 1e-6]),
    ] {
        for &tolerance in tolerances {
            let filters = [Filter::cap(0.9), Filter::cap(0.7)];
            let kernel = Kernel::new(&network(&activation, filters, tolerance)).unwrap();
            let gram = kernel.cross(x.view(), columns.view()).unwrap();
            let left = kernel.cross(rotated(x.view(), &turn).view(), columns.view());
            let right = kernel.cross(x.view(), rotated(columns.view(), &turn).view());
            let what = format!("{activation} {tolerance:e}");
            assert_same(&what, &gram, &left.unwrap(), 10.0 * tolerance);
            assert_same(&what, &gram, &right.unwrap(), 10.0 * tolerance);
        }
    }
}

#[test]
fn gram_matrices_are_positive() {
    let x = signals(5, 3);
    let filters = [Filter::cap(0.8), Filter::cap(1.2)];
    let kernel = Kernel::new(&network(&Activation::Relu, filters, 1e-4)).unwrap();
    let gram = kernel.gram(x.view()).unwrap();
    for k in [&gram.nngp, &gram.ntk] {
        let matrix = nalgebra::DMatrix::from_fn(3, 3, |i, j| k[[i, j]]);
        assert!(matrix == matrix.transpose());
        let smallest = matrix.symmetric_eigenvalues().min();
        assert!(smallest > 0.0, "{smallest}");
    }
}

/// Filters that see one point make the network a perceptron of the values there; the first correction grows like the square
/// of the angle.
#[test]
fn small_caps_see_the_values_at_one_point() {
    let init = Init::new(1.3, 0.2);
    let x = signals(6, 2);
    let outputs = Outputs::rotations(&[[0.3, 1.1, -0.4]]);
    let kernel = |angle: f64| {
        let network = Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, 2)
            .quadrature(Quadrature::Tolerance(1e-9))
            .lifting_with(Filter::cap(angle), init)
            .activation(Activation::Erf)
            .group_convolution_with(Filter::cap(angle), init)
            .outputs(outputs.clone())
            .build()
            .unwrap();
        Kernel::new(&network).unwrap().gram(x.view()).unwrap().ntk
    };
    let perceptron = Network::vector(2)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .build()
        .unwrap();
    let points = Array2::from_shape_fn((2, 2), |(i, c)| {
        let coeffs = x.index_axis(Axis(0), i);
        let coeffs = coeffs.index_axis(Axis(0), c);
        let point = ndarray::array![[1.1, 0.3]];
        haarmonic::sphere::evaluate(coeffs, point.view()).unwrap()[0].re
    });
    let limit = Kernel::new(&perceptron)
        .unwrap()
        .gram(points.view())
        .unwrap()
        .ntk;
    let far = |angle: f64| difference(kernel(angle), &limit);
    let (wide, narrow) = (far(0.04), far(0.02));
    assert!(narrow < tol::NARROW, "{narrow}");
    let ratio = wide / narrow;
    assert!((ratio - 4.0).abs() < tol::LEADING, "{ratio}");
}

#[test]
fn limits_end_in_a_clear_error() {
    let x = signals(7, 1);
    let filters = [Filter::cap(0.9), Filter::cap(0.7)];
    let network = network(&Activation::Erf, filters, 1e-10);
    let limits = Limits {
        points: 200_000,
        ..Limits::default()
    };
    let kernel = Kernel::with_limits(&network, limits).unwrap();
    let error = kernel.gram(x.view()).unwrap_err();
    assert!(
        matches!(error, haarmonic::Error::NotConverged { .. }),
        "{error}"
    );
    let none = Limits {
        points: 1,
        ..Limits::default()
    };
    assert!(matches!(
        Kernel::with_limits(&network, none),
        Err(haarmonic::Error::InvalidValue { .. })
    ));
}
