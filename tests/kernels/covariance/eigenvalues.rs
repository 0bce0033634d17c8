//! Eigenvalues, normalisers, truncated series and their tails.

use super::{KINDS, SPACES};
use crate::common::naive_rotations::golden;
use crate::common::tol::covariance as tol;
use haarmonic::covariance::{Covariance, Family, Space};
use haarmonic::numeric::GaussLegendre;
use haarmonic::spectral::Spectrum;
use ndarray::{Array1, Array2, array};
use std::f64::consts::PI;

#[test]
fn normalisers_are_those_of_25_digits() {
    let kinds: Array2<f64> = golden("spectra.npz", "matern_nu_kappa");
    for (space, key) in SPACES
        .into_iter()
        .zip(["matern_norm_s2", "matern_norm_so3"])
    {
        let norms: Array1<f64> = golden("spectra.npz", key);
        for (kind, norm) in kinds.outer_iter().zip(&norms) {
            let (nu, scale) = (kind[0], kind[1]);
            let covariance = Covariance::new(space, Family::Matern { nu }, scale).unwrap();
            let first = (2.0 * nu / (scale * scale)).powf(-nu - 0.5 * space.dimension() as f64);
            let found = covariance.spectrum(1).unwrap()[0];
            let error = (found * norm / first - 1.0).abs();
            assert!(error <= tol::NORMALISER, "{space} {nu} {scale}: {error:e}");
        }
    }
}

/// Integrals of the values with Legendre polynomials, for kernels that are smooth functions of the angle.
#[test]
fn eigenvalues_on_the_sphere_are_integrals_of_the_values() {
    let matern = |nu| Family::Matern { nu };
    for (family, scale) in [
        (Family::Heat, 0.3),
        (Family::Heat, 2.0),
        (matern(0.5), 0.5),
        (matern(0.5), 10.0),
        (matern(1.5), 0.1),
        (matern(2.5), 3.0),
        (matern(20.0), 10.0),
    ] {
        let covariance = Covariance::new(Space::Sphere, family, scale)
            .unwrap()
            .with_variance(3.0)
            .unwrap();
        let found = covariance.spectrum(24).unwrap();
        let want = Spectrum::of_kernel(3, 24, |theta| covariance.at_angles(theta)).unwrap();
        for (l, (found, want)) in found.iter().zip(&want.eigenvalues).enumerate() {
            let error = (found - want).abs();
            assert!(
                error <= 3.0 * tol::NORMALISER,
                "{family:?} {scale} {l}: {error:e}"
            );
        }
    }
}

/// $`\lambda_\ell = \frac{1}{2\ell+1} \frac2\pi \int_0^\pi k(\omega) \sin((\ell+\tfrac12)\omega) \sin(\omega/2) \, d\omega`$
#[test]
fn eigenvalues_on_rotations_are_integrals_of_the_values() {
    let rule = GaussLegendre::new(400).unwrap();
    let angles: Vec<f64> = rule.nodes.iter().map(|x| 0.5 * PI * (1.0 + x)).collect();
    for (family, scale) in [
        (Family::Heat, 0.3),
        (Family::Matern { nu: 0.5 }, 0.5),
        (Family::Matern { nu: 1.5 }, 10.0),
        (Family::Matern { nu: 20.0 }, 0.5),
    ] {
        let covariance = Covariance::new(Space::Rotations, family, scale).unwrap();
        let values = covariance.at_angles(&angles).unwrap();
        for (l, found) in covariance.spectrum(12).unwrap().iter().enumerate() {
            let half = l as f64 + 0.5;
            let terms = angles.iter().zip(&rule.weights).zip(&values);
            let sum: f64 = terms
                .map(|((omega, weight), value)| {
                    weight * value * (half * omega).sin() * (0.5 * omega).sin()
                })
                .sum();
            let error = (found - sum / (2.0 * half)).abs();
            assert!(
                error <= tol::NORMALISER,
                "{family:?} {scale} {l}: {error:e}"
            );
        }
    }
}

/// The bound holds, and is not far above: beside the terms themselves where all of them are known, and beside values.
#[test]
fn tails_are_bounded() {
    for space in SPACES {
        for (family, scale) in KINDS {
            let covariance = Covariance::new(space, family, scale)
                .unwrap()
                .with_variance(2.0)
                .unwrap();
            let eigenvalues = covariance.spectrum(40_000).unwrap();
            let terms: Vec<f64> = eigenvalues
                .iter()
                .enumerate()
                .map(|(l, value)| space.multiplicity(l) * value)
                .collect();
            for degrees in [1, 2, 5, 20, 100, 400, 3000] {
                let bound = covariance.tail(degrees).unwrap();
                let known: f64 = terms[degrees..].iter().rev().sum();
                assert!(
                    known <= bound * (1.0 + tol::SERIES),
                    "{space} {family:?} {scale} {degrees}: {known:e} {bound:e}"
                );
                let whole = match family {
                    Family::Matern { nu } => nu >= 2.0,
                    Family::Heat => true,
                };
                // Above rounding, and where the integral is good
                if whole && known > 1e-12 {
                    assert!(
                        bound <= 1.01 * known,
                        "{space} {family:?} {scale} {degrees}: {known:e} {bound:e}"
                    );
                }
            }
        }
    }
    let rotations = Covariance::new(Space::Rotations, Family::Heat, 0.1).unwrap();
    // What twenty degrees leave out
    assert!((rotations.tail(20).unwrap() - 0.2613).abs() < 1e-4);
}

/// Scalar products of features are series over degrees, and differ from the whole kernel by the tail at most.
#[test]
fn features_give_the_truncated_series() {
    let third = 1.0 / 3.0_f64;
    let points = [
        array![
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -2.0],
            [third, 0.3, -0.4],
            [third, 0.3001, -0.4],
            [1.0, 0.0, 0.0]
        ],
        array![
            [1.0, 0.0, 0.0, 0.0],
            [0.1, 0.7, -0.3, 0.5],
            [-0.1, -0.7, 0.3, -0.499],
            [0.0, 1.0, 0.0, 0.0],
            [0.6, 0.0, 0.0, -0.8]
        ],
    ];
    for (space, points) in SPACES.into_iter().zip(points) {
        let (sphere, degrees) = (space == Space::Sphere, 12);
        let covariance = Covariance::new(space, Family::Matern { nu: 1.5 }, 0.8)
            .unwrap()
            .with_variance(1.7)
            .unwrap();
        let features = covariance.features(points.view(), degrees).unwrap();
        let columns: f64 = (0..degrees).map(|l| space.multiplicity(l)).sum();
        assert_eq!(features.ncols(), columns as usize);
        let found = features.dot(&features.t());
        let whole = covariance.gram(points.view()).unwrap();
        let eigenvalues = covariance.spectrum(degrees).unwrap();
        let unit = |i: usize| {
            let row = points.row(i);
            row.to_owned() / row.dot(&row).sqrt()
        };
        for i in 0..points.nrows() {
            for j in 0..points.nrows() {
                let product = unit(i).dot(&unit(j));
                let cosine = if sphere {
                    product
                } else {
                    2.0 * product * product - 1.0
                };
                let want = series(space, &eigenvalues, cosine);
                let error = (found[[i, j]] - want).abs();
                assert!(error <= tol::SERIES, "{space} {i} {j}: {error:e}");
                let lost = (whole[[i, j]] - want).abs();
                assert!(lost <= covariance.tail(degrees).unwrap() + tol::SERIES);
            }
        }
    }
}

/// $`\sum_\ell (2\ell+1) \lambda_\ell P_\ell`$ or $`\chi_\ell`$, by their recursions.
fn series(space: Space, eigenvalues: &[f64], cosine: f64) -> f64 {
    let (mut last, mut now) = if space == Space::Sphere {
        (0.0, 1.0)
    } else {
        (-1.0, 1.0)
    };
    let mut sum = 0.0;
    for (l, value) in eigenvalues.iter().enumerate() {
        let l = l as f64;
        sum += (2.0 * l + 1.0) * value * now;
        let next = match space {
            Space::Sphere => ((2.0 * l + 1.0) * cosine * now - l * last) / (l + 1.0),
            Space::Rotations => 2.0 * cosine * now - last,
        };
        (last, now) = (now, next);
    }
    sum
}

#[test]
fn no_degrees_and_too_many_are_refused() {
    for space in SPACES {
        let covariance = Covariance::new(space, Family::Heat, 1.0).unwrap();
        assert!(covariance.spectrum(0).is_err() && covariance.tail(0).is_err());
        assert!(covariance.spectrum(usize::MAX).is_err());
        let points = Array2::from_elem((2, space.coordinates()), 1.0);
        for degrees in [0, 1 << 20, usize::MAX] {
            assert!(covariance.features(points.view(), degrees).is_err());
        }
    }
}
