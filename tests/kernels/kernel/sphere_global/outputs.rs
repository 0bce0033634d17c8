//! Global filters on the sphere: kinks in means over the group and over circles, features at rotations and at points,
//! against closed forms and one-dimensional integrals.

use crate::common::signals;
use crate::common::tol::sphere_local as tol;

use std::f64::consts::{PI, TAU};

use crate::common::rotated_signals::rotated;
use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices};
use haarmonic::network::{Filter, Init, Network, Outputs, Quadrature, SphereSampling};
use ndarray::{Array2, Array3, Array4, Axis, concatenate};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const WEIGHT: f64 = 1.3;
const BIAS: f64 = 0.2;
const TOLERANCE: f64 = tol::ASKED_OUTPUTS;

/// lifting, relu, convolution, relu; what follows depends on the test.
macro_rules! begin {
    ($band_limit:expr, $channels:expr, $filter:expr, $tolerance:expr) => {
        Network::sphere($band_limit, SphereSampling::Coefficients, $channels)
            .quadrature(Quadrature::Tolerance($tolerance))
            .lifting_with($filter, Init::new(WEIGHT, BIAS))
            .activation(Activation::Relu)
            .group_convolution_with($filter, Init::new(WEIGHT, BIAS))
            .activation(Activation::Relu)
    };
}

/// lifting, relu, convolution, relu over a correlation and two variances of the input.
fn network(correlation: f64, variances: [f64; 2]) -> [f64; 2] {
    let linear = |k: f64| WEIGHT * WEIGHT * k + BIAS * BIAS;
    let mut own = variances.map(linear);
    let mut k = linear(correlation);
    let mut t = k;
    for layer in 0..2 {
        let root = (own[0] * own[1]).sqrt();
        let angle = (k / root).clamp(-1.0, 1.0).acos();
        t *= (PI - angle) / TAU;
        k = root * (angle.sin() + (PI - angle) * angle.cos()) / TAU;
        own = own.map(|q| q / 2.0);
        if layer == 0 {
            k = linear(k);
            t = k + WEIGHT * WEIGHT * t;
            own = own.map(linear);
        }
    }
    [k, t]
}

/// ∫ f over an interval, both kernels: three Gauss–Legendre nodes on each of many panels.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
    const PANELS: usize = 2000;
    let half = 0.5 * (to - from) / PANELS as f64;
    let mut sum = [0.0; 2];
    for panel in 0..PANELS {
        let centre = from + (2 * panel + 1) as f64 * half;
        for (node, weight) in [
            (-0.6_f64.sqrt(), 5.0 / 9.0),
            (0.0, 8.0 / 9.0),
            (0.6_f64.sqrt(), 5.0 / 9.0),
        ] {
            let value = f(centre + half * node);
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += half * weight * value;
            }
        }
    }
    sum
}

/// The mean over the sphere and the channels of the product of two signals.
fn inner(a: &Array3<Complex64>, b: &Array3<Complex64>) -> f64 {
    let sum: Complex64 = a.iter().zip(b).map(|(a, b)| a.conj() * b).sum();
    sum.re / (4.0 * PI * a.len_of(Axis(0)) as f64)
}

fn assert_entry(what: &str, gram: &KernelMatrices, index: [usize; 2], want: [f64; 2]) {
    let KernelError::Entries { nngp, ntk } = &gram.error else {
        panic!("{:?}", gram.error);
    };
    for (found, claimed, want) in [
        (gram.nngp[index], nngp[index], want[0]),
        (gram.ntk[index], ntk[index], want[1]),
    ] {
        let error = (found - want).abs();
        assert!(
            error <= claimed + tol::ROUNDING * want && claimed <= TOLERANCE * want,
            "{what} {index:?}: {found} {want}, off by {error:e}, claimed {claimed:e}"
        );
    }
}

/// Three channels x, y and z: the correlation is a ninth of the trace of the rotation, and the Haar measure of its
/// angle is (1 − cos ω) dω / π.
#[test]
fn mean_over_the_group_with_a_kink() {
    let mut xyz = Array3::<Complex64>::zeros((3, 2, 3));
    let (a, b) = ((TAU / 3.0).sqrt(), (2.0 * TAU / 3.0).sqrt());
    xyz[[0, 1, 0]] = Complex64::new(a, 0.0);
    xyz[[0, 1, 2]] = Complex64::new(-a, 0.0);
    xyz[[1, 1, 0]] = Complex64::new(0.0, a);
    xyz[[1, 1, 2]] = Complex64::new(0.0, a);
    xyz[[2, 1, 1]] = Complex64::new(b, 0.0);
    let third = 1.0 / 3.0;
    let want = integral(0.0, PI, |omega| {
        let value = network((1.0 + 2.0 * omega.cos()) / 9.0, [third, third]);
        value.map(|v| v * (1.0 - omega.cos()) / PI)
    });
    let network = begin!(2, 3, Filter::Global, TOLERANCE)
        .group_pooling()
        .build()
        .unwrap();
    let turn = Rotation::random(&mut ChaCha8Rng::seed_from_u64(1));
    let copy = rotated(xyz.view(), &turn);
    let signals = concatenate![Axis(0), xyz.insert_axis(Axis(0)), copy.insert_axis(Axis(0))];
    let gram = Kernel::new(&network).unwrap().gram(signals.view()).unwrap();
    for index in [[0, 0], [0, 1], [1, 1]] {
        assert_entry("trace", &gram, index, want);
    }
}

fn signals(seed: u64, count: usize) -> Array4<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    signals::random_signals(&mut rng, [count, 2, 3], 1)
}

/// Features at g and g' see the signals turned there.
#[test]
fn features_at_rotations() {
    let angles = [[0.3, 1.1, -0.4], [2.0, 0.6, 0.9], [0.0, 0.0, 0.0]];
    let places = angles.map(|[a, b, c]| {
        let about_z = |angle| Rotation::about_z(angle).unwrap();
        about_z(a)
            .compose(&Rotation::about_y(b).unwrap())
            .compose(&about_z(c))
    });
    let x = signals(2, 2);
    let network = begin!(3, 2, Filter::Global, TOLERANCE)
        .outputs(Outputs::rotations(&angles))
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let gram = kernel.gram(x.view()).unwrap();
    let mut pairs = Vec::new();
    for (i, f) in x.outer_iter().enumerate() {
        for (j, f2) in x.outer_iter().enumerate() {
            for (p, g) in places.iter().enumerate() {
                for (q, g2) in places.iter().enumerate() {
                    // x ↦ f(g x) is the signal rotated by g⁻¹.
                    let (a, b) = (rotated(f, &g.inverse()), rotated(f2, &g2.inverse()));
                    let want = self::network(inner(&a, &b), [inner(&a, &a), inner(&b, &b)]);
                    assert_entry("rotations", &gram, [3 * i + p, 3 * j + q], want);
                    if i + j == 0 {
                        pairs.push([*g, *g2]);
                    }
                }
            }
        }
    }
    let listed = kernel.at_rotations(x.view(), x.view(), &pairs).unwrap();
    for (k, at_pair) in listed.iter().enumerate() {
        let picked = |all: &Array2<f64>| {
            Array2::from_shape_fn((2, 2), |(i, j)| all[[3 * i + k / 3, 3 * j + k % 3]])
        };
        assert_eq!(at_pair.nngp, picked(&gram.nngp));
        assert_eq!(at_pair.ntk, picked(&gram.ntk));
    }
    let pooled = begin!(3, 2, Filter::Global, TOLERANCE)
        .group_pooling()
        .build()
        .unwrap();
    let refused = Kernel::new(&pooled)
        .unwrap()
        .at_rotations(x.view(), x.view(), &pairs);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("features at rotations")
    );
}

/// The mean over rotations about the own axis, with kinks where a signal meets itself or a copy that was turned about
/// the point: an integral over a circle. With global filters, and with caps that leave out next to nothing.
#[test]
fn features_at_points() {
    let points = [[0.0, 0.0], [1.2, 0.5]];
    let x = signals(3, 1);
    let turn = Rotation::about_z(0.7).unwrap();
    let copy = rotated(x.index_axis(Axis(0), 0), &turn);
    let x = concatenate![Axis(0), x, copy.insert_axis(Axis(0))];
    let want = |i: usize, j: usize| {
        let place = |[theta, phi]: [f64; 2]| {
            let about_y = Rotation::about_y(theta).unwrap();
            Rotation::about_z(phi).unwrap().compose(&about_y)
        };
        let of = |k: usize, omega: f64| {
            let g = place(points[k % 2]).compose(&Rotation::about_z(omega).unwrap());
            rotated(x.index_axis(Axis(0), k / 2), &g.inverse())
        };
        let a = of(i, 0.0);
        let at = |omega: f64| {
            let b = of(j, omega);
            network(inner(&a, &b), [inner(&a, &a), inner(&b, &b)])
        };
        // All kinks are ends of intervals.
        let ends = [0.0, 0.7, TAU - 0.7, TAU];
        ends.windows(2).fold([0.0; 2], |sum: [f64; 2], ends| {
            let part = integral(ends[0], ends[1], at);
            [sum[0] + part[0] / TAU, sum[1] + part[1] / TAU]
        })
    };
    let network = begin!(3, 2, Filter::Global, TOLERANCE)
        .partial_pooling()
        .outputs(Outputs::points(&points))
        .build()
        .unwrap();
    let gram = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
    for i in 0..4 {
        for j in 0..4 {
            assert_entry("points", &gram, [i, j], want(i, j));
        }
    }
    let almost = || Filter::cap(PI - 2e-5);
    let network = begin!(3, 2, almost(), 0.1 * tol::WIDE)
        .partial_pooling()
        .outputs(Outputs::points(&points))
        .build()
        .unwrap();
    let local = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
    for (one, other) in [(&local.nngp, &gram.nngp), (&local.ntk, &gram.ntk)] {
        for (one, other) in one.iter().zip(other) {
            assert!((one - other).abs() < tol::WIDE * other, "{one} {other}");
        }
    }
}
