//! Spectra of dot-product kernels.

use crate::common::naive_rotations::golden;
use crate::common::tol::spectral as tol;
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::numeric::GaussLegendre;
use haarmonic::spectral::{Spectrum, network_spectra};
use ndarray::{Array1, Array2};
use std::f64::consts::PI;

/// Dense, then some times activation and dense.
fn network(dimension: usize, activation: Activation, depth: usize, init: Init) -> Network {
    let layers = (1..depth).fold(
        Network::vector(dimension)
            .dense(init)
            .activation(activation.clone()),
        |network, _| network.dense(init).activation(activation.clone()),
    );
    layers.dense(init).build().unwrap()
}

fn stored_networks() -> Vec<Network> {
    let init = |w: f64, b: f64| Init::new(w.sqrt(), b.sqrt());
    vec![
        network(3, Activation::Relu, 1, init(2.0, 0.0)),
        network(3, Activation::Relu, 2, init(2.0, 0.1)),
        network(3, Activation::Relu, 3, init(2.0, 0.1)),
        network(3, Activation::Erf, 2, init(1.5, 0.1)),
    ]
}

#[test]
fn spectra_are_those_of_25_digits() {
    let [nngp, ntk] =
        ["spectrum_nngp", "spectrum_ntk"].map(|key| golden::<f64, _>("spectra.npz", key));
    let (nngp, ntk): (Array2<f64>, Array2<f64>) = (nngp, ntk);
    let traces: Array2<f64> = golden("spectra.npz", "spectrum_trace");
    for (i, network) in stored_networks().iter().enumerate() {
        let spectra = network_spectra(network, 24).unwrap();
        let both = [(&spectra.nngp, &nngp, 0), (&spectra.ntk, &ntk, 1)];
        for (found, want, kernel) in both {
            let size = want[[i, 0]];
            assert!((found.trace - traces[[i, kernel]]).abs() <= tol::SPECTRUM * found.trace);
            for (degree, value) in found.eigenvalues.iter().enumerate() {
                let error = (value - want[[i, degree]]).abs();
                assert!(
                    error <= tol::SPECTRUM * size,
                    "network {i}, degree {degree}: {error:e}"
                );
            }
        }
    }
}

/// The sum of all eigenvalues is the kernel of an input with itself; the tail is what is missing of it, and bounds the error.
#[test]
fn the_tail_bounds_what_is_left_out() {
    let network = network(3, Activation::Relu, 2, Init::new(2.0_f64.sqrt(), 0.3));
    let spectra = network_spectra(&network, 40).unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let length = 3.0_f64.sqrt();
    for theta in [0.0, 1e-3, 0.2, 1.3, 2.9, PI] {
        let x = ndarray::array![[length, 0.0, 0.0]];
        let y = ndarray::array![[length * theta.cos(), length * theta.sin(), 0.0]];
        let exact = kernel.cross(x.view(), y.view()).unwrap().ntk[[0, 0]];
        let sum = legendre_sum(&spectra.ntk, theta.cos());
        let gap = (exact - sum).abs();
        assert!(
            gap <= spectra.ntk.tail * (1.0 + tol::SPECTRUM),
            "{theta}: {gap:e} {:e}",
            spectra.ntk.tail
        );
        if theta == 0.0 {
            assert!(gap >= spectra.ntk.tail * (1.0 - 1e-9));
        }
    }
}

fn legendre_sum(spectrum: &Spectrum, t: f64) -> f64 {
    let d = spectrum.dimension as f64;
    let (mut last, mut now, mut sum) = (0.0, 1.0, 0.0);
    for (l, (value, count)) in spectrum
        .eigenvalues
        .iter()
        .zip(&spectrum.multiplicities)
        .enumerate()
    {
        sum += count * value * now;
        let l = l as f64;
        let next = if l == 0.0 {
            t
        } else {
            ((2.0 * l + d - 2.0) * t * now - l * last) / (l + d - 2.0)
        };
        (last, now) = (now, next);
    }
    sum
}

/// k = exp(κ t) has known eigenvalues in two dimensions (Bessel functions by their series), and powers of t in nine.
#[test]
fn closed_forms_in_other_dimensions() {
    let circle = Spectrum::of_kernel(2, 12, |theta| {
        Ok(theta.iter().map(|t| t.cos().exp()).collect())
    })
    .unwrap();
    for (l, value) in circle.eigenvalues.iter().enumerate() {
        // I_l(1) = Σ (1/2)^{2j+l}/(j! (j+l)!)
        let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
        let bessel: f64 = (0..12)
            .map(|j| 0.5_f64.powi((2 * j + l) as i32) / (factorial(j) * factorial(j + l)))
            .sum();
        assert!(
            (value - bessel).abs() <= tol::SPECTRUM * circle.eigenvalues[0],
            "{l}"
        );
    }
    // t² = 1/d + (t² − 1/d), and the second term has N₂ functions of equal eigenvalue, (1 − 1/d)/N₂.
    let nine = Spectrum::of_kernel(9, 4, |theta| {
        Ok(theta.iter().map(|t| t.cos().powi(2)).collect())
    })
    .unwrap();
    assert_eq!(nine.multiplicities, [1.0, 9.0, 44.0, 156.0]);
    let want = [1.0 / 9.0, 0.0, (8.0 / 9.0) / 44.0, 0.0];
    for (value, want) in nine.eigenvalues.iter().zip(want) {
        assert!((value - want).abs() <= tol::SPECTRUM, "{value} {want}");
    }
    assert_eq!(nine.effective_dimension(1.0 / 9.0).unwrap().floor(), 7.0);
    let ratio = nine.participation_ratio();
    let want = 1.0 / (1.0 / 81.0 + (64.0 / 81.0) / 44.0);
    assert!((ratio - want).abs() <= tol::SPECTRUM * want);
}

/// ReLU at any depth falls like l⁻³ (NTK) and l⁻⁵ (NNGP).
#[test]
fn kinks_make_powers() {
    let network = network(3, Activation::Relu, 2, Init::new(2.0_f64.sqrt(), 0.3));
    let spectra = network_spectra(&network, 256).unwrap();
    for p in spectra.ntk.decay_exponents() {
        assert!((p.unwrap() - 3.0).abs() < tol::POWER, "{p:?}");
    }
    // The last degrees of the NNGP have few digits left.
    let short = network_spectra(&network, 96).unwrap();
    for p in short.nngp.decay_exponents() {
        assert!((p.unwrap() - 5.0).abs() < 10.0 * tol::POWER, "{p:?}");
    }
}

/// Eigenvalues of a Gram matrix on quadrature nodes of S², weighted: an oracle without Legendre polynomials.
#[test]
fn gram_matrices_on_nodes_have_the_same_eigenvalues() {
    let network = network(3, Activation::Erf, 2, Init::new(1.2, 0.3));
    let spectra = network_spectra(&network, 4).unwrap();
    // So many that products of the kernel's further degrees with the tested ones are rounding.
    let rings = 16;
    let rule = GaussLegendre::new(rings).unwrap();
    let mut points = Vec::new();
    let mut roots = Vec::new();
    for (theta, w) in rule.colatitudes.iter().zip(&rule.weights) {
        for j in 0..2 * rings {
            let phi = PI * j as f64 / rings as f64;
            points.extend(
                [
                    theta.sin() * phi.cos(),
                    theta.sin() * phi.sin(),
                    theta.cos(),
                ]
                .map(|x| x * 3.0_f64.sqrt()),
            );
            roots.push((w / (4.0 * rings as f64)).sqrt());
        }
    }
    let points = Array2::from_shape_vec((roots.len(), 3), points).unwrap();
    let roots = Array1::from(roots);
    let gram = Kernel::new(&network)
        .unwrap()
        .gram(points.view())
        .unwrap()
        .nngp;
    let weighted = nalgebra::DMatrix::from_fn(roots.len(), roots.len(), |i, j| {
        gram[[i, j]] * roots[i] * roots[j]
    });
    let mut eigenvalues: Vec<f64> = weighted.symmetric_eigenvalues().iter().copied().collect();
    eigenvalues.sort_by(|a, b| b.total_cmp(a));
    let mut want: Vec<f64> = spectra
        .nngp
        .eigenvalues
        .iter()
        .enumerate()
        .flat_map(|(l, value)| vec![*value; 2 * l + 1])
        .collect();
    want.sort_by(|a, b| b.total_cmp(a));
    for (found, want) in eigenvalues.iter().zip(&want).take(9) {
        assert!(
            (found - want).abs() <= tol::GRAM * eigenvalues[0],
            "{found} {want}"
        );
    }
}

#[test]
fn bad_arguments_are_named() {
    let flat = |theta: &[f64]| Ok(vec![1.0; theta.len()]);
    for (dimension, degrees) in [(1, 3), (3, 0), (3, 1 << 20), (784, 400)] {
        let error = Spectrum::of_kernel(dimension, degrees, flat).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    let error = Spectrum::of_kernel(3, 2, |theta| Ok(vec![f64::NAN; theta.len()])).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let error = Spectrum::of_kernel(3, 2, |_| Ok(vec![1.0])).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let error = Spectrum::of_kernel(3, 2, |theta| Ok(theta.iter().map(|t| -t.cos()).collect()))
        .unwrap_err();
    assert!(error.to_string().contains("positive definite"), "{error}");
    let jump = |theta: &[f64]| {
        Ok(theta
            .iter()
            .map(|t| if *t < 1.0 { 1.0 } else { 0.0 })
            .collect())
    };
    let error = Spectrum::of_kernel(3, 2, jump).unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
}
