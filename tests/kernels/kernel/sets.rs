//! Kernels between sets of signals against sums over the matrix of all signals.

use crate::common::signals;
use crate::common::tol::kernel as tol;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{
    Kernel, KernelError, KernelMatrices, Pairing, Precision, SetKernel, SignalSet,
};
use haarmonic::network::{Filter, Init, Network, Padding, Quadrature, SphereSampling};
use ndarray::{Array2, Array4};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PAIRINGS: [Pairing; 3] = [Pairing::Index, Pairing::All, Pairing::SameLabel];
const LABELS: [&[u32]; 3] = [&[1, 6, 1], &[6], &[8, 1, 6, 6]];
const SIGNALS: usize = 8;

fn sets() -> Vec<SignalSet> {
    let mut first = 0;
    LABELS
        .iter()
        .map(|labels| {
            let set = SignalSet {
                first,
                labels: labels.to_vec(),
            };
            first += labels.len();
            set
        })
        .collect()
}

/// Sums over the matrix of all signals, written out.
fn naive(matrix: &Array2<f64>, pairing: Pairing, normalised: bool, bias: f64) -> Array2<f64> {
    let sets = sets();
    Array2::from_shape_fn((sets.len(), sets.len()), |(x, y)| {
        let mut sum = bias;
        for (i, a) in sets[x].labels.iter().enumerate() {
            for (j, b) in sets[y].labels.iter().enumerate() {
                let counts = match pairing {
                    Pairing::Index => i == j,
                    Pairing::All => true,
                    Pairing::SameLabel => a == b,
                };
                let (i, j) = (sets[x].first + i, sets[y].first + j);
                let init = (matrix[[i, i]] * matrix[[j, j]]).sqrt();
                if counts {
                    sum += matrix[[i, j]] / if normalised { init } else { 1.0 };
                }
            }
        }
        sum
    })
}

fn assert_sums(
    found: &[KernelMatrices],
    all: &KernelMatrices,
    normalised: bool,
    bias: f64,
    tolerance: f64,
) {
    for (gram, pairing) in found.iter().zip(PAIRINGS) {
        for (found, all) in [(&gram.nngp, &all.nngp), (&gram.ntk, &all.ntk)] {
            let want = naive(all, pairing, normalised, bias);
            let init = want.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            for ((index, found), want) in found.indexed_iter().zip(&want) {
                assert!(
                    (found - want).abs() <= tolerance * init,
                    "{pairing:?} {index:?}: {found} {want}"
                );
            }
        }
    }
}

#[test]
fn sums_of_vector_kernels() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let data = Array2::from_shape_simple_fn((SIGNALS, 5), || rng.random_range(-1.0..1.0));
    let network = Network::vector(5)
        .dense(Init::new(1.2, 0.3))
        .activation(Activation::Relu)
        .dense(Init::new(0.9, 0.1))
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let signals = kernel.prepare(data.view()).unwrap();
    let all = kernel.gram_prepared(&signals).unwrap();
    let sums = SetKernel::new(kernel.clone());
    let found = sums.gram(&signals, &sets(), &PAIRINGS).unwrap();
    assert_sums(&found, &all, false, 0.0, tol::ROUNDING);
    assert_eq!(found[0].error, KernelError::Exact);
    let sums = sums.normalised().with_bias(2.5).unwrap();
    let found = sums.gram(&signals, &sets(), &PAIRINGS).unwrap();
    assert_sums(&found, &all, true, 2.5, tol::ROUNDING);
    let pair = (&signals, &sets()[..]);
    let crossed = sums.cross(pair, pair, &PAIRINGS).unwrap();
    assert_sums(&crossed, &all, true, 2.5, tol::ROUNDING);
}

fn sphere_signals() -> Array4<Complex64> {
    signals::random_signals(&mut ChaCha8Rng::seed_from_u64(8), [SIGNALS, 1, 3], 0)
}

#[test]
fn sums_of_sphere_kernels_carry_their_errors() {
    let tolerance = tol::ASKED;
    for quadrature in [Quadrature::Tolerance(tolerance), Quadrature::BandLimit(9)] {
        let network = Network::sphere(3, SphereSampling::Coefficients, 1)
            .quadrature(quadrature)
            .lifting(Init::new(1.2, 0.3))
            .activation(Activation::Erf)
            .group_pooling()
            .dense(Init::default())
            .activation(Activation::Erf)
            .dense(Init::default())
            .build()
            .unwrap();
        let kernel = Kernel::new(&network).unwrap();
        let signals = kernel.prepare(sphere_signals().view()).unwrap();
        let all = kernel.gram_prepared(&signals).unwrap();
        let sums = SetKernel::new(kernel.clone()).normalised();
        let found = sums.gram(&signals, &sets(), &PAIRINGS).unwrap();
        assert_sums(&found, &all, true, 0.0, tol::stored(0.0, tolerance));
        for gram in &found {
            let largest = gram.error.largest();
            assert!(largest.nngp < 20.0 * tolerance && largest.ntk < 20.0 * tolerance);
        }
        assert!(matches!(
            (quadrature, &found[1].error),
            (Quadrature::Tolerance(_), KernelError::Entries { .. })
                | (Quadrature::BandLimit(_), KernelError::Sampled { .. })
        ));
    }
}

#[test]
fn sums_in_single_precision_come_with_a_sample_of_their_errors() {
    let network = Network::plane(4, 4, 1)
        .lifting(
            PointGroup::C4,
            Filter::window(3, Padding::Same),
            Init::new(1.2, 0.3),
        )
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .activation(Activation::Erf)
        .dense(Init::default())
        .build()
        .unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let images = Array4::from_shape_simple_fn((SIGNALS, 4, 4, 1), || rng.random_range(-1.0..1.0));
    let double = Kernel::new(&network).unwrap();
    let all = double.gram(images.view()).unwrap();
    let single = double.clone().with_precision(Precision::Single).unwrap();
    let signals = single.prepare(images.view()).unwrap();
    let sums = SetKernel::new(single.clone()).normalised();
    let found = sums.gram(&signals, &sets(), &PAIRINGS).unwrap();
    assert_sums(&found, &all, true, 0.0, tol::SINGLE);
    for gram in &found {
        assert!(matches!(gram.error, KernelError::Sampled { .. }));
        let largest = gram.error.largest();
        assert!(0.0 < largest.ntk && largest.ntk < 20.0 * tol::SINGLE);
    }
    // What one precision prepared is nothing for the other.
    let refused = double.gram_prepared(&signals);
    assert!(matches!(refused, Err(Error::InvalidValue { .. })));
}

#[test]
fn bad_sets_are_refused() {
    let network = Network::vector(5).dense(Init::default()).build().unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let signals = kernel.prepare(Array2::ones((SIGNALS, 5)).view()).unwrap();
    let other = Network::vector(5)
        .dense(Init::new(2.0, 0.0))
        .build()
        .unwrap();
    let foreign = Kernel::new(&other)
        .unwrap()
        .prepare(Array2::ones((1, 5)).view())
        .unwrap();
    let sums = SetKernel::new(kernel.clone());
    let set = |first, labels: &[u32]| SignalSet {
        first,
        labels: labels.to_vec(),
    };
    assert!(matches!(
        sums.gram(&signals, &[], &PAIRINGS),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(
        sums.gram(&signals, &[set(0, &[])], &PAIRINGS),
        Err(Error::Empty { .. })
    ));
    let beyond = sums.gram(&signals, &[set(7, &[1, 1])], &PAIRINGS);
    assert!(matches!(beyond, Err(Error::ShapeMismatch { .. })));
    let beyond = sums.gram(&signals, &[set(usize::MAX, &[1])], &PAIRINGS);
    assert!(matches!(beyond, Err(Error::ShapeMismatch { .. })));
    let mixed = sums.gram(&foreign, &[set(0, &[1])], &PAIRINGS);
    assert!(matches!(mixed, Err(Error::InvalidValue { .. })));
    assert!(matches!(
        kernel.gram_prepared(&foreign),
        Err(Error::InvalidValue { .. })
    ));
    for variance in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(sums.clone().with_bias(variance).is_err());
    }
}
