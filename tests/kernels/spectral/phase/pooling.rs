//! Deep networks that pool over a group.

use super::depth::{critical, vectors};
use super::init;
use crate::common::tol::spectral as tol;
use haarmonic::activation::Activation;
use haarmonic::group::FiniteAction;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Quadrature, SphereSampling};
use haarmonic::spectral::{DeepInputs, RepeatedBlock};
use ndarray::{Array1, Array2, Array3, Array4, Axis, Slice};
use num_complex::Complex64;
use std::f64::consts::PI;

const PIXELS: usize = 8;
const INPUTS: usize = 5;

/// Signals on a circle, and their products with their translates.
fn on_a_circle() -> (Array2<f64>, DeepInputs, DeepInputs) {
    let x = vectors(INPUTS, PIXELS);
    let products = Array3::from_shape_fn((INPUTS, INPUTS, PIXELS), |(i, j, r)| {
        let terms = (0..PIXELS).map(|p| x[[i, p]] * x[[j, (p + r) % PIXELS]]);
        terms.sum::<f64>() / PIXELS as f64
    });
    let variances = products.index_axis(Axis(2), 0).diag().to_vec();
    let weights = [1.0 / PIXELS as f64; PIXELS];
    let pooled = DeepInputs::pooled(&variances, products.view(), &weights).unwrap();
    let plain = DeepInputs::from_gram(products.index_axis(Axis(2), 0)).unwrap();
    (x, pooled, plain)
}

/// The same products make the same kernels as a network on the circle.
#[test]
fn finite_groups_beside_their_networks() {
    let (x, pooled, _) = on_a_circle();
    let layer = Init::new(1.3, 0.2);
    let network = Network::finite(FiniteAction::cyclic(PIXELS).unwrap(), 1)
        .lifting(Filter::Global, layer)
        .activation(Activation::Relu)
        .group_convolution(Filter::Global, layer)
        .activation(Activation::Relu)
        .group_convolution(Filter::Global, layer)
        .group_pooling()
        .build()
        .unwrap();
    let signals = x.into_shape_with_order((INPUTS, PIXELS, 1)).unwrap();
    let want = Kernel::new(&network).unwrap().gram(signals.view()).unwrap();
    let block = RepeatedBlock::of_network(&network).unwrap();
    let found = block
        .at_depths(&pooled, Array1::zeros(INPUTS).view(), &[2])
        .unwrap()
        .remove(0);
    for (found, want) in found.ntk.iter().zip(&want.ntk) {
        assert!((found - want).abs() <= tol::FIXED * want, "{found} {want}");
    }
}

/// Pooling multiplies the condition number less 1 by |G| once all copies have one correlation.
#[test]
fn finite_groups_multiply_by_their_order() {
    let (_, pooled, plain) = on_a_circle();
    let labels = Array1::zeros(INPUTS);
    let bias = 0.18_f64.sqrt();
    for (block, depth) in [
        (critical(Activation::Erf, bias), 4000),
        (critical(Activation::Relu, 0.0), 4000),
        (RepeatedBlock::new(Activation::Erf, init(2.5, 0.18)), 40),
    ] {
        let [pooled, plain] = [&pooled, &plain].map(|inputs| {
            let found = block.at_depths(inputs, labels.view(), &[depth]).unwrap();
            found[0].condition
        });
        let ratio = (pooled - 1.0) / (plain - 1.0) / PIXELS as f64;
        assert!((ratio - 1.0).abs() <= tol::DEEP, "{block}: {ratio}");
        let point = block.phases().unwrap().fixed_points.remove(0);
        let limit = point.condition_limit(INPUTS, PIXELS).unwrap().unwrap();
        assert!(
            (pooled / limit - 1.0).abs() <= 2.0 * tol::DEEP,
            "{pooled} {limit}"
        );
    }
}

/// Real signals on the sphere with three degrees and mean square 1.
fn on_the_sphere(n: usize) -> Array4<Complex64> {
    let draws = vectors(n, 9);
    let mut coeffs = Array4::zeros((n, 1, 3, 5));
    for (mut signal, draw) in coeffs.outer_iter_mut().zip(draws.outer_iter()) {
        for l in 0..3_usize {
            let first = l * l;
            for m in 0..=l {
                let re = draw[first + m] * if m == 0 { 1.0 } else { 0.5_f64.sqrt() };
                let im = if m == 0 {
                    0.0
                } else {
                    draw[first + l + m] * 0.5_f64.sqrt()
                };
                let value = Complex64::new(re, im) * (4.0 * PI / 9.0).sqrt();
                signal[[0, l, 2 + m]] = value;
                signal[[0, l, 2 - m]] = value.conj() * if m % 2 == 0 { 1.0 } else { -1.0 };
            }
        }
    }
    coeffs
}

#[test]
fn rotations_beside_their_networks() {
    let coeffs = on_the_sphere(2);
    let layer = Init::new(1.3, 0.2);
    let network = Network::sphere(3, SphereSampling::Coefficients, 1)
        .quadrature(Quadrature::BandLimit(32))
        .lifting(layer)
        .activation(Activation::Erf)
        .group_convolution(layer)
        .activation(Activation::Erf)
        .group_convolution(layer)
        .group_pooling()
        .build()
        .unwrap();
    let want = Kernel::new(&network).unwrap().gram(coeffs.view()).unwrap();
    let inputs = DeepInputs::over_rotations(coeffs.view(), 24, 4).unwrap();
    let block = RepeatedBlock::of_network(&network).unwrap();
    let found = block
        .at_depths(&inputs, Array1::zeros(2).view(), &[2])
        .unwrap()
        .remove(0);
    for (found, want) in found.ntk.iter().zip(&want.ntk) {
        assert!(
            (found - want).abs() <= tol::CROWDED * want,
            "{found} {want}"
        );
    }
}

/// Pooled over SO(3), condition numbers of chaotic networks grow like χ₁^{l/2} in place of 1, of critical ones like l in place of a limit.
#[test]
fn rotations_let_condition_numbers_grow() {
    let inputs = DeepInputs::over_rotations(on_the_sphere(2).view(), 12, 13).unwrap();
    let labels = Array1::zeros(2);
    let chaotic = RepeatedBlock::new(Activation::Erf, init(2.5, 0.18));
    let found = chaotic
        .at_depths(&inputs, labels.view(), &[88, 104])
        .unwrap();
    let [_, want] = chaotic.phases().unwrap().fixed_points[0]
        .rotation_pooled_growth()
        .unwrap();
    let rate = (found[1].condition / found[0].condition).ln() / 16.0;
    assert!((rate / want - 1.0).abs() <= tol::RATE, "{rate} {want}");
    // The exponent rises to 1 slowly, as corrections are like 1/l.
    let rectified = critical(Activation::Relu, 0.0);
    let found = rectified
        .at_depths(&inputs, labels.view(), &[40, 80, 160])
        .unwrap();
    let exponents = [0, 1].map(|i| (found[i + 1].condition / found[i].condition).log2());
    assert!(
        exponents[0] < exponents[1] && exponents[1] > 0.75 && exponents[1] < 1.0,
        "{exponents:?}"
    );
    let point = rectified.phases().unwrap().fixed_points.remove(0);
    assert_eq!(point.rotation_pooled_growth(), Some([1.0, 0.0]));
}

#[test]
fn bad_arguments_are_named() {
    let coeffs = on_the_sphere(1);
    assert!(DeepInputs::over_rotations(coeffs.view(), 0, 4).is_err());
    assert!(DeepInputs::over_rotations(coeffs.view(), 4, 0).is_err());
    assert!(DeepInputs::over_rotations(coeffs.view(), 4, 100).is_err());
    assert!(
        DeepInputs::over_rotations(coeffs.slice_axis(Axis(0), Slice::from(..0)), 4, 4).is_err()
    );
    assert!(
        DeepInputs::over_rotations(coeffs.slice_axis(Axis(3), Slice::from(..4)), 4, 4).is_err()
    );
    let products = Array3::from_elem((1, 1, 2), 1.0);
    for (variances, weights) in [
        (vec![1.0], vec![0.5, 0.6]),
        (vec![1.0], vec![1.5, -0.5]),
        (vec![1.0], vec![1.0]),
        (vec![0.5], vec![0.5, 0.5]),
        (vec![], vec![0.5, 0.5]),
        (vec![-1.0], vec![0.5, 0.5]),
    ] {
        assert!(DeepInputs::pooled(&variances, products.view(), &weights).is_err());
    }
}
