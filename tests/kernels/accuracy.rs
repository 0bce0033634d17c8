//! The figures of docs/accuracy.md: measured again, and refused above four times what is recorded there.
//!
//! `cargo test --test kernels accuracy -- --nocapture` prints them.

use crate::common::signals;
use crate::common::tol::EXCESS;

use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use haarmonic::so3::WignerPlanner;
use haarmonic::sphere::{Sampling, ShtPlanner};
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn uniform(rng: &mut ChaCha8Rng) -> Complex64 {
    Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
}

fn check(what: &str, measured: f64, recorded: f64) {
    println!("{what}: {measured:.1e} (recorded {recorded:.1e})");
    assert!(
        measured <= EXCESS * recorded,
        "{what}: {measured:e}, recorded {recorded:e}"
    );
}

#[test]
fn sphere_round_trip() {
    let recorded = [
        (16, [2.6e-15, 7.3e-15, 6.4e-15]),
        (64, [1.4e-14, 1.6e-14, 1.3e-14]),
        (256, [7.6e-14, 7.9e-14, 6.7e-14]),
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (band_limit, errors) in recorded {
        for (sampling, recorded) in Sampling::ALL.into_iter().zip(errors) {
            let plan = ShtPlanner::new().plan(band_limit, sampling).unwrap();
            let mut coeffs = plan.make_coeffs();
            for l in 0..band_limit {
                for m in 0..=2 * l {
                    coeffs[[l, band_limit - 1 - l + m]] = uniform(&mut rng);
                }
            }
            let samples: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
            let back = plan.forward(samples.view()).unwrap();
            let error = (&back - &coeffs)
                .iter()
                .fold(0.0, |a: f64, e| a.max(e.norm()));
            check(
                &format!("sphere, {sampling}, L = {band_limit}"),
                error,
                recorded,
            );
        }
    }
}

#[test]
fn rotation_group_round_trip() {
    let recorded = [(8, 1.9e-15), (16, 4.1e-15), (32, 9.5e-15)];
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (band_limit, recorded) in recorded {
        let plan = WignerPlanner::new()
            .plan(band_limit, Sampling::GaussLegendre)
            .unwrap();
        let mut coeffs: Array3<Complex64> = plan.make_coeffs();
        for l in 0..band_limit {
            for n in 0..=2 * l {
                for m in 0..=2 * l {
                    let first = band_limit - 1 - l;
                    coeffs[[first + n, l, first + m]] = uniform(&mut rng);
                }
            }
        }
        let samples = plan.inverse::<Complex64, _>(coeffs.view()).unwrap();
        let back = plan.forward(samples.view()).unwrap();
        let error = (&back - &coeffs)
            .iter()
            .fold(0.0, |a: f64, e| a.max(e.norm()));
        check(
            &format!("rotation group, L = {band_limit}"),
            error,
            recorded,
        );
    }
}

/// Relative change of the NTK between a quadrature and one three times as fine.
fn quadrature_error(activation: &Activation, nodes: usize, diagonal: bool) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let signals = signals::random_signals(&mut rng, [2, 2, 6], 1);
    let value = |nodes: usize| {
        let init = Init::new(1.3, 0.2);
        let network = Network::sphere(6, SphereSampling::Coefficients, 2)
            .quadrature(Quadrature::BandLimit(nodes))
            .lifting(init)
            .activation(activation.clone())
            .group_convolution(init)
            .activation(activation.clone())
            .group_pooling()
            .dense(init)
            .build()
            .unwrap();
        let gram = Kernel::new(&network).unwrap().gram(signals.view()).unwrap();
        gram.ntk[[0, usize::from(!diagonal)]]
    };
    let fine = value(3 * nodes);
    ((value(nodes) - fine) / fine).abs()
}

#[test]
fn haar_quadrature() {
    let recorded = [
        (
            Activation::Erf,
            false,
            [(6, 1.0e-6), (12, 1.4e-11), (24, 1.0e-15)],
        ),
        (
            Activation::Erf,
            true,
            [(6, 1.6e-5), (12, 5.4e-10), (24, 1.0e-15)],
        ),
        (
            Activation::Relu,
            false,
            [(6, 8.1e-7), (12, 6.3e-11), (24, 1.0e-15)],
        ),
        (
            Activation::Relu,
            true,
            [(6, 8.0e-6), (12, 1.3e-6), (24, 9.8e-8)],
        ),
    ];
    for (activation, diagonal, errors) in recorded {
        for (nodes, recorded) in errors {
            let error = quadrature_error(&activation, nodes, diagonal);
            let place = if diagonal {
                "diagonal"
            } else {
                "distinct signals"
            };
            check(
                &format!("{activation}, {place}, L = 6, M = {nodes}"),
                error,
                recorded,
            );
        }
    }
}
