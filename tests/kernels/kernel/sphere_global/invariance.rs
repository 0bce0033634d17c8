//! Kernels on the sphere do not change when an input is rotated; error estimates are honest.

use crate::common::close::difference;
use crate::common::signals;
use crate::common::tol::kernel as tol;

use crate::common::rotated_signals::rotated;
use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices};
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use ndarray::{Array4, Axis, concatenate};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 5;

fn network(activation: &Activation, quadrature: Quadrature, readout: bool) -> Network {
    let init = Init::new(1.4, 0.2);
    let builder = Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, 2)
        .quadrature(quadrature)
        .lifting(init)
        .activation(activation.clone())
        .group_convolution(init)
        .activation(activation.clone())
        .group_pooling()
        .dense(init);
    if readout {
        builder
            .activation(activation.clone())
            .dense(init)
            .build()
            .unwrap()
    } else {
        builder.build().unwrap()
    }
}

fn signals(rng: &mut ChaCha8Rng, count: usize) -> Array4<Complex64> {
    signals::random_signals(rng, [count, 2, BAND_LIMIT], 0)
}

fn estimates(gram: &KernelMatrices) -> [&ndarray::Array2<f64>; 2] {
    match &gram.error {
        KernelError::Entries { nngp, ntk } => [nngp, ntk],
        other => panic!("{other:?}"),
    }
}

#[test]
fn rotating_either_input_changes_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let x = signals(&mut rng, 3);
    let y = signals(&mut rng, 2);
    // Rotated copies of x make pairs whose kernel has its kink inside the mean.
    let copies = concatenate![Axis(0), y, rotated(x.view(), &Rotation::random(&mut rng))];
    for (activation, tolerances) in [
        (Activation::Erf, &[1e-4, 1e-6, 1e-8][..]),
        (Activation::Relu, &[1e-4, 1e-6]),
    ] {
        for &tolerance in tolerances {
            for readout in [false, true] {
                // Behind the pooling, the derivative of a rectifier jumps where two signals agree: its kernel is
                // ill-conditioned for copies, and no tolerance can be promised.
                let columns = if readout && activation == Activation::Relu {
                    &y
                } else {
                    &copies
                };
                let network = network(&activation, Quadrature::Tolerance(tolerance), readout);
                let kernel = Kernel::new(&network).unwrap();
                let gram = kernel.cross(x.view(), columns.view()).unwrap();
                let turn = Rotation::random(&mut rng);
                let moved = [
                    kernel
                        .cross(rotated(x.view(), &turn).view(), columns.view())
                        .unwrap(),
                    kernel
                        .cross(x.view(), rotated(columns.view(), &turn).view())
                        .unwrap(),
                ];
                let init =
                    [&gram.nngp, &gram.ntk].map(|k| k.iter().fold(0.0, |a: f64, b| a.max(b.abs())));
                for other in &moved {
                    let pairs = [(&gram.nngp, &other.nngp), (&gram.ntk, &other.ntk)];
                    for (side, (a, b)) in pairs.into_iter().enumerate() {
                        for ((index, a), b) in a.indexed_iter().zip(b) {
                            let claimed =
                                estimates(&gram)[side][index] + estimates(other)[side][index];
                            assert!(
                                (a - b).abs() <= tolerance * init[side],
                                "{activation} {tolerance:e} {index:?}: {a} {b}"
                            );
                            assert!(
                                (a - b).abs() <= claimed + tol::ROUNDING * init[side],
                                "{activation} {tolerance:e} {readout} {index:?}: {a} {b} {claimed:e}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_fixed_quadrature_reports_its_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let x = signals(&mut rng, 3);
    let exact = network(&Activation::Erf, Quadrature::Tolerance(1e-11), true);
    let exact = Kernel::new(&exact).unwrap().gram(x.view()).unwrap();
    let coarse = network(&Activation::Erf, Quadrature::BandLimit(BAND_LIMIT), true);
    let coarse = Kernel::new(&coarse).unwrap().gram(x.view()).unwrap();
    let KernelError::Sampled { largest, pairs } = coarse.error else {
        panic!("{:?}", coarse.error);
    };
    assert_eq!(pairs, 8);
    // All but one of the nine pairs are in the sample; the finer quadrature has an error of its own.
    let true_error = difference(&exact.ntk, &coarse.ntk);
    assert!(largest.ntk > 0.5 * true_error && largest.ntk < 2.0 * true_error);
    assert!(largest.nngp > 0.5 * difference(&exact.nngp, &coarse.nngp));
}

#[test]
fn a_tolerance_out_of_reach_is_an_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    // A signal that turns about the axis do not change meets itself along a circle of rotations, not at one of them.
    let mut x = signals(&mut rng, 1);
    for ((.., column), value) in x.indexed_iter_mut() {
        if column + 1 != BAND_LIMIT {
            *value = Complex64::ZERO;
        }
    }
    let network = network(&Activation::Relu, Quadrature::Tolerance(1e-13), false);
    let error = Kernel::new(&network).unwrap().gram(x.view()).unwrap_err();
    assert!(
        matches!(error, haarmonic::Error::NotConverged { .. }),
        "{error}"
    );
}
