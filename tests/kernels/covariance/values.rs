//! Values at angles, and their derivatives.

use super::{KINDS, SPACES};
use crate::common::naive_rotations::golden;
use crate::common::tol::covariance as tol;
use haarmonic::Error;
use haarmonic::covariance::{Covariance, Family, Parameter, Space};
use ndarray::{Array1, Array2};
use std::f64::consts::PI;

#[test]
fn values_are_those_of_25_digits() {
    let angles: Array1<f64> = golden("spectra.npz", "angles");
    let scales: Array1<f64> = golden("spectra.npz", "heat_kappa");
    let kinds: Array2<f64> = golden("spectra.npz", "matern_nu_kappa");
    let heat = scales.iter().map(|&scale| (Family::Heat, scale)).collect();
    let matern: Vec<_> = kinds
        .outer_iter()
        .map(|kind| (Family::Matern { nu: kind[0] }, kind[1]))
        .collect();
    let matern_angles: Array1<f64> = golden("spectra.npz", "matern_angles");
    compare("heat", heat, angles);
    compare("matern", matern, matern_angles);
}

fn compare(name: &str, kinds: Vec<(Family, f64)>, angles: Array1<f64>) {
    for (space, suffix) in SPACES.into_iter().zip(["s2", "so3"]) {
        let want: Array2<f64> = golden("spectra.npz", &format!("{name}_{suffix}"));
        for (row, &(family, scale)) in want.outer_iter().zip(&kinds) {
            let covariance = Covariance::new(space, family, scale).unwrap();
            let found = covariance.at_angles(angles.as_slice().unwrap()).unwrap();
            for ((found, want), angle) in found.iter().zip(row).zip(&angles) {
                let error = (found - want).abs();
                assert!(
                    error <= tol::VALUE,
                    "{space} {family:?} {scale} {angle}: {error:e}"
                );
            }
        }
    }
}

/// Also length scales of 1e-3 and 10, and ν of 1/4 and 300. Derivatives are by ln κ and ln ν.
#[test]
fn values_and_derivatives_are_those_of_40_digits() {
    let table = include_str!("../../data/covariance_mp.csv");
    let mut rows = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let (name, numbers) = line.split_once(',').unwrap();
        let space = SPACES
            .into_iter()
            .find(|space| space.to_string() == name)
            .unwrap();
        let numbers: Vec<f64> = numbers
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect();
        let &[nu, scale, angle, value, by_log_scale, by_nu] = numbers.as_slice() else {
            panic!("{line}");
        };
        let family = if nu.is_finite() {
            Family::Matern { nu }
        } else {
            Family::Heat
        };
        let covariance = Covariance::new(space, family, scale).unwrap();
        let derivative = |parameter| {
            covariance
                .derivative_at_angles(parameter, &[angle])
                .map(|all| all[0])
        };
        let mut both = vec![
            (covariance.value(angle).unwrap(), value),
            (
                scale * derivative(Parameter::LengthScale).unwrap(),
                by_log_scale,
            ),
        ];
        match family {
            Family::Heat => assert!(derivative(Parameter::Smoothness).is_err()),
            Family::Matern { .. } => {
                both.push((nu * derivative(Parameter::Smoothness).unwrap(), nu * by_nu))
            }
        }
        for (part, (found, want)) in both.into_iter().enumerate() {
            let error = (found - want).abs();
            assert!(
                error <= tol::VALUE,
                "part {part} of {line}: {found:e}, {error:e}"
            );
        }
        rows += 1;
    }
    assert!(rows > 70, "{rows}");
}

#[test]
fn covariances_fall_with_the_angle_from_the_variance() {
    for space in SPACES {
        for (family, scale) in KINDS {
            let covariance = Covariance::new(space, family, scale)
                .unwrap()
                .with_variance(2.5)
                .unwrap();
            assert_eq!(covariance.value(0.0).unwrap(), 2.5);
            let angles: Vec<f64> = (0..1200).map(|i| PI * 0.97_f64.powi(i)).collect();
            let values = covariance.at_angles(&angles).unwrap();
            for (pair, angle) in values.windows(2).zip(&angles) {
                let [far, near] = pair else { unreachable!() };
                assert!(
                    far - near <= 2.5 * tol::VALUE,
                    "{space} {family:?} {scale} {angle}"
                );
                assert!((0.0..=2.5).contains(near));
            }
        }
    }
}

/// For ν = ½ it is e^{−θ/κ}, apart from the curvature; a large ν is near the heat kernel by 1/ν; wide kernels are constant.
#[test]
fn limits_are_those_of_flat_space_of_heat_and_of_constants() {
    for space in SPACES {
        let rough = Covariance::new(space, Family::Matern { nu: 0.5 }, 1e-3).unwrap();
        let heat = Covariance::new(space, Family::Heat, 1e-3).unwrap();
        let smooth = Covariance::new(space, Family::Matern { nu: 1000.0 }, 1e-3).unwrap();
        let distances = [0.01_f64, 0.3, 1.0, 3.0];
        for distance in distances {
            let angle = 1e-3 * distance;
            assert!((rough.value(angle).unwrap() - (-distance).exp()).abs() < 1e-6);
            let gauss = (-0.5 * distance * distance).exp();
            assert!((heat.value(angle).unwrap() - gauss).abs() < 1e-6);
            assert!((smooth.value(angle).unwrap() - gauss).abs() < 1e-3);
        }
        for family in [Family::Heat, Family::Matern { nu: 1.5 }] {
            let constant = Covariance::new(space, family, 1e6).unwrap();
            assert!((constant.value(PI).unwrap() - 1.0).abs() <= tol::VALUE);
            let spike = Covariance::new(space, family, 1e-6).unwrap();
            assert!(spike.value(1e-3).unwrap() <= tol::VALUE);
            let near = spike.value(1e-7).unwrap();
            assert!(near > 0.97 && near < 0.999, "{near}");
        }
    }
}

#[test]
fn bad_parameters_and_angles_are_named() {
    let family = Family::Matern { nu: 1.5 };
    for scale in [0.0, -1.0, 1e-7, 1e7, f64::NAN, f64::INFINITY] {
        let error = Covariance::new(Space::Sphere, family, scale).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("length scale of a covariance"),
            "{error}"
        );
    }
    for nu in [0.0, -0.5, 0.2, 2000.0, f64::NAN, f64::INFINITY] {
        let error = Covariance::new(Space::Sphere, Family::Matern { nu }, 1.0).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("smoothness of a Matérn kernel"),
            "{error}"
        );
    }
    let covariance = Covariance::new(Space::Rotations, family, 1.0).unwrap();
    for variance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(covariance.clone().with_variance(variance).is_err());
    }
    for angle in [-0.1, 3.2] {
        let error = covariance.value(angle).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    let error = covariance.at_angles(&[0.1, f64::NAN]).unwrap_err();
    assert_eq!(error, Error::not_finite("angles", [1]));
}
