//! Finite feature maps: kernels as products of features against the quadrature over rotations, and against sums written out.

use std::f64::consts::PI;

use crate::common::close::{assert_close, assert_named_close};
use crate::common::rotated_signals::rotated;
use crate::common::signals;
use crate::common::tol::kernel as tol;

use haarmonic::Error;
use haarmonic::activation::{Activation, Elementwise};
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::kernel::{Kernel, KernelError, Pairing, SetKernel, SignalSet};
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use ndarray::{Array2, Array4, ArrayView3, Axis, Slice};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const FIRST: Init = Init {
    weight_std: 1.3,
    bias_std: 0.4,
};
const LAST: Init = Init {
    weight_std: 0.9,
    bias_std: 0.2,
};

fn random(n: usize, channels: usize, band_limit: usize) -> Array4<Complex64> {
    signals::random_signals(
        &mut ChaCha8Rng::seed_from_u64(3),
        [n, channels, band_limit],
        1,
    )
}

/// A network before its pooling; `normalised` adds a normalisation before the activation, `deep` more layers around it.
fn network(
    [channels, band_limit]: [usize; 2],
    activation: Activation,
    [normalised, deep, after]: [bool; 3],
) -> Network {
    let start = Network::sphere(band_limit, SphereSampling::Coefficients, channels)
        .quadrature(Quadrature::BandLimit(band_limit))
        .lifting(FIRST);
    let start = match deep {
        true => start
            .activation(Activation::Monomial { degree: 1 })
            .group_convolution(LAST),
        false => start,
    };
    let start = match normalised {
        true => start.normalisation(),
        false => start,
    };
    let activated = start.activation(activation);
    let pooled = match deep {
        true => activated
            .residual(|block| block.group_convolution(FIRST))
            .dense(LAST)
            .group_pooling(),
        false => activated.dense(LAST).group_pooling(),
    };
    match after {
        true => pooled.activation(Activation::Relu).dense(FIRST).build(),
        false => pooled.dense(FIRST).build(),
    }
    .unwrap()
}

/// A function as Rust code has no known degree, so its kernels take the quadrature over rotations. The quadrature, and the one over the two
/// Gaussian variables, are exact for polynomials.
fn by_quadrature(activation: &Activation) -> Activation {
    let (function, derivative) = (activation.clone(), activation.clone());
    let elementwise = Elementwise::new(
        "polynomial",
        8,
        move |x| function.value(x),
        move |x| derivative.derivative(x),
    );
    Activation::Elementwise(elementwise.unwrap())
}

#[test]
fn products_of_features_are_means_over_rotations() {
    let polynomials = [
        Activation::Monomial { degree: 2 },
        Activation::Hermite { degree: 2 },
        Activation::Monomial { degree: 1 },
    ];
    for sizes in [[1, 1], [3, 2], [5, 4], [2, 7]] {
        let coeffs = random(5, sizes[0], sizes[1]);
        for activation in &polynomials {
            for bits in 0..8 {
                let options = [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0];
                let exact = Kernel::new(&network(sizes, activation.clone(), options)).unwrap();
                let gram = exact.gram(coeffs.view()).unwrap();
                assert_eq!(gram.error, KernelError::Exact);
                let quadrature = network(sizes, by_quadrature(activation), options);
                let want = Kernel::new(&quadrature)
                    .unwrap()
                    .gram(coeffs.view())
                    .unwrap();
                assert!(want.error != KernelError::Exact);
                let name = format!("{sizes:?} {activation} {options:?}");
                assert_named_close(&name, &gram.nngp, &want.nngp, tol::INVARIANCE);
                assert_named_close(&name, &gram.ntk, &want.ntk, tol::INVARIANCE);
            }
        }
    }
}

/// With many channels a pair takes the moments of its correlation, and no features.
#[test]
fn moments_of_many_channels_are_means_over_rotations() {
    let coeffs = random(4, 40, 2);
    for (activation, normalised) in [
        (Activation::Monomial { degree: 2 }, false),
        (Activation::Hermite { degree: 2 }, true),
    ] {
        let options = [normalised, false, false];
        let exact = network([40, 2], activation.clone(), options);
        let kernel = Kernel::new(&exact).unwrap();
        let found = kernel.gram(coeffs.view()).unwrap();
        let quadrature = network([40, 2], by_quadrature(&activation), options);
        let want = Kernel::new(&quadrature)
            .unwrap()
            .gram(coeffs.view())
            .unwrap();
        assert_close(&found.nngp, &want.nngp, tol::INVARIANCE);
        assert_close(&found.ntk, &want.ntk, tol::INVARIANCE);
        let map = kernel.prepare(coeffs.view()).unwrap();
        let features = kernel.feature_map(&map).unwrap().ntk().unwrap();
        assert_close(features.dot(&features.t()), &want.ntk, tol::INVARIANCE);
    }
}

/// $`\sum_m f_{c,lm} \overline{f_{c',lm}}`$
fn spectrum(signal: ArrayView3<'_, Complex64>, l: usize, [c, d]: [usize; 2]) -> f64 {
    let orders = 0..signal.dim().2;
    orders
        .map(|m| (signal[[c, l, m]] * signal[[d, l, m]].conj()).re)
        .sum()
}

/// x² without a bias: K = q q' + 2 ∫ k² with the mean of k² from the power spectra.
#[test]
fn the_kernel_of_a_square_in_closed_form() {
    let (channels, band_limit) = (3, 4);
    let coeffs = random(2, channels, band_limit);
    let network = Network::sphere(band_limit, SphereSampling::Coefficients, channels)
        .lifting(Init::default())
        .activation(Activation::Monomial { degree: 2 })
        .group_pooling()
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let gram = kernel.gram(coeffs.view()).unwrap();
    let signals: Vec<_> = coeffs.outer_iter().collect();
    let norm = 4.0 * PI * channels as f64;
    let mean_square = |signal: ArrayView3<'_, Complex64>| -> f64 {
        signal.iter().map(|z| z.norm_sqr()).sum::<f64>() / norm
    };
    let want = Array2::from_shape_fn((2, 2), |(i, j)| {
        let mut square = 0.0;
        for l in 0..band_limit {
            for c in 0..channels {
                for d in 0..channels {
                    let [a, b] = [i, j].map(|n| spectrum(signals[n], l, [c, d]));
                    square += a * b / (2 * l + 1) as f64 / (norm * norm);
                }
            }
        }
        mean_square(signals[i]) * mean_square(signals[j]) + 2.0 * square
    });
    assert_close(&gram.nngp, &want, tol::INVARIANCE);
    let prepared = kernel.prepare(coeffs.view()).unwrap();
    let map = kernel.feature_map(&prepared).unwrap();
    // One feature for q, and a symmetric matrix per degree.
    assert_eq!(
        map.nngp_len(),
        1 + band_limit * channels * (channels + 1) / 2
    );
    let features = map.nngp().unwrap();
    assert_close(features.dot(&features.t()), &want, tol::INVARIANCE);
}

const LABELS: [&[u32]; 4] = [&[1, 6, 1], &[6], &[8, 1, 6, 6], &[8, 8]];

fn sets() -> Vec<SignalSet> {
    let mut first = 0;
    let mut sets = Vec::new();
    for labels in LABELS {
        sets.push(SignalSet {
            first,
            labels: labels.to_vec(),
        });
        first += labels.len();
    }
    sets
}

#[test]
fn sums_of_features_are_sums_over_pairs() {
    let sizes = [3, 4];
    let coeffs = random(10, sizes[0], sizes[1]);
    let options = [true, false, false];
    let activation = Activation::Hermite { degree: 2 };
    let pairings = [Pairing::All, Pairing::SameLabel];
    for normalised in [false, true] {
        let kernel_of = |network: &Network| {
            let kernel = SetKernel::new(Kernel::new(network).unwrap());
            let kernel = match normalised {
                true => kernel.normalised(),
                false => kernel,
            };
            kernel.with_bias(0.3).unwrap()
        };
        let kernel = kernel_of(&network(sizes, activation.clone(), options));
        let plain = kernel_of(&network(sizes, by_quadrature(&activation), options));
        let signals = kernel.kernel().prepare(coeffs.view()).unwrap();
        let plain_signals = plain.kernel().prepare(coeffs.view()).unwrap();
        let sets = sets();
        let found = kernel.gram(&signals, &sets, &pairings).unwrap();
        let want = plain.gram(&plain_signals, &sets, &pairings).unwrap();
        let rows = (&signals, &sets[1..3]);
        let cross = kernel.cross(rows, (&signals, &sets), &pairings).unwrap();
        let plain_rows = (&plain_signals, &sets[1..3]);
        let plain_cross = plain
            .cross(plain_rows, (&plain_signals, &sets), &pairings)
            .unwrap();
        for (found, want) in found
            .iter()
            .zip(&want)
            .chain(cross.iter().zip(&plain_cross))
        {
            assert_eq!(found.error, KernelError::Exact);
            assert_close(&found.nngp, &want.nngp, tol::INVARIANCE);
            assert_close(&found.ntk, &want.ntk, tol::INVARIANCE);
        }
        for (pairing, want) in pairings.into_iter().zip(&want) {
            let map = kernel
                .feature_map(&signals, &sets, pairing, &[1, 6, 8])
                .unwrap();
            let [nngp, ntk] = [map.nngp().unwrap(), map.ntk().unwrap()];
            assert_eq!((nngp.ncols(), ntk.ncols()), (map.nngp_len(), map.ntk_len()));
            assert_close(nngp.dot(&nngp.t()), &want.nngp, tol::INVARIANCE);
            assert_close(ntk.dot(&ntk.t()), &want.ntk, tol::INVARIANCE);
        }
        // Pairs by index have no such sums, and take the pairs of signals.
        let found = kernel.gram(&signals, &sets, &[Pairing::Index]).unwrap();
        let want = plain
            .gram(&plain_signals, &sets, &[Pairing::Index])
            .unwrap();
        assert_close(&found[0].ntk, &want[0].ntk, tol::INVARIANCE);
        let refused = kernel.feature_map(&signals, &sets, Pairing::Index, &[]);
        assert!(matches!(refused.err(), Some(Error::InvalidValue { .. })));
    }
}

#[test]
fn rotated_signals_have_equal_features() {
    let sizes = [2, 5];
    let coeffs = random(1, sizes[0], sizes[1]);
    let rotation = Rotation::from(EulerZyz::new(0.3, 1.1, -0.7).unwrap());
    let turned = rotated(coeffs.view(), &rotation);
    let kernel = Kernel::new(&network(
        sizes,
        Activation::Monomial { degree: 2 },
        [true, false, false],
    ))
    .unwrap();
    let [a, b] = [&coeffs, &turned].map(|coeffs| {
        let prepared = kernel.prepare(coeffs.view()).unwrap();
        kernel.feature_map(&prepared).unwrap().ntk().unwrap()
    });
    assert_close(a, b, tol::INVARIANCE);
}

#[test]
fn other_networks_have_no_feature_map() {
    let coeffs = random(2, 1, 2);
    for network in [
        network([1, 2], Activation::Erf, [false; 3]),
        network([1, 2], Activation::Monomial { degree: 3 }, [false; 3]),
        // Layers after the pooling act on kernels that are products, but have no features of their own.
        network(
            [1, 2],
            Activation::Monomial { degree: 2 },
            [false, false, true],
        ),
    ] {
        let kernel = Kernel::new(&network).unwrap();
        let prepared = kernel.prepare(coeffs.view()).unwrap();
        let refused = kernel.feature_map(&prepared).err();
        assert!(
            matches!(refused, Some(Error::InvalidValue { .. })),
            "{network}"
        );
    }
}

/// As every kernel value: it depends on its two signals alone, and not on the block in which it is computed.
#[test]
fn entries_do_not_depend_on_the_others() {
    let sizes = [3, 4];
    let coeffs = random(37, sizes[0], sizes[1]);
    let network = network(
        sizes,
        Activation::Hermite { degree: 2 },
        [true, false, false],
    );
    let kernel = Kernel::new(&network).unwrap();
    let gram = kernel.gram(coeffs.view()).unwrap();
    assert_eq!(gram.ntk, gram.ntk.t());
    for (i, j) in [(0, 0), (3, 36), (36, 3), (17, 20)] {
        let one = |n: usize| coeffs.slice_axis(Axis(0), Slice::from(n..n + 1));
        let alone = kernel.cross(one(i), one(j)).unwrap();
        assert_eq!(alone.ntk[[0, 0]], gram.ntk[[i, j]], "{i} {j}");
        assert_eq!(alone.nngp[[0, 0]], gram.nngp[[i, j]], "{i} {j}");
    }
}
