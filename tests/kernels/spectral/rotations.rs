//! Spectra of kernels on SO(3), beside eigenvalues of kernel matrices on a Haar grid: an oracle without Wigner functions.

use crate::common::tol::spectral as tol;
use haarmonic::Error;
use haarmonic::group::{EulerZyz, Group, Rotation, RotationGroup};
use haarmonic::so3::RotationGrid;
use haarmonic::spectral::{LearningCurve, RotationSpectrum};
use haarmonic::sphere::Sampling;

/// Vectors x of a signal of several channels, of which c(R) = Σ x · R x is the kernel of the orbit.
const SIGNAL: [[f64; 3]; 2] = [[0.9, -0.2, 0.3], [0.1, 0.5, -0.4]];

fn product(rotation: &Rotation) -> f64 {
    SIGNAL
        .iter()
        .map(|&x| {
            let y = rotation.apply(x);
            x[0] * y[0] + x[1] * y[1] + x[2] * y[2]
        })
        .sum()
}

/// A polynomial of degree 2 in c, with positive coefficients.
fn orbit(rotation: &Rotation) -> f64 {
    let c = product(rotation);
    0.3 + c + 0.7 * c * c
}

/// 0.2 + 0.5 χ₁ + 0.25 χ₁².
fn class(angle: f64) -> f64 {
    let character = 1.0 + 2.0 * angle.cos();
    0.2 + 0.5 * character + 0.25 * character * character
}

/// The eigenvalues of √w k √w on a grid that is exact for products of two functions of degree 2.
fn on_a_grid(kernel: impl Fn(&Rotation) -> f64) -> Vec<f64> {
    let grid = RotationGrid::new(3, Sampling::GaussLegendre).unwrap();
    let (mut rotations, mut roots) = (Vec::new(), Vec::new());
    for gamma in grid.gammas() {
        for (beta, weight) in grid.betas().iter().zip(grid.point_weights()) {
            for alpha in grid.alphas() {
                rotations.push(Rotation::from(EulerZyz::new(alpha, *beta, gamma).unwrap()));
                roots.push(weight.sqrt());
            }
        }
    }
    let n = rotations.len();
    let weighted = nalgebra::DMatrix::from_fn(n, n, |i, j| {
        let between = RotationGroup.compose(&rotations[i].inverse(), &rotations[j]);
        roots[i] * roots[j] * kernel(&between)
    });
    let mut found: Vec<f64> = weighted.symmetric_eigenvalues().iter().copied().collect();
    found.sort_by(|a, b| b.total_cmp(a));
    found
}

/// All eigenvalues with their multiplicities, the largest first.
fn repeated(spectrum: &RotationSpectrum) -> Vec<f64> {
    let (values, counts) = spectrum.with_multiplicities();
    let mut all: Vec<f64> = values
        .iter()
        .zip(counts)
        .flat_map(|(value, count)| vec![*value; count as usize])
        .collect();
    all.sort_by(|a, b| b.total_cmp(a));
    all
}

/// Errors are relative to the largest eigenvalue.
fn assert_same(found: &RotationSpectrum, want: &[f64]) {
    let found = repeated(found);
    assert!(found.len() <= want.len());
    for (i, value) in want.iter().enumerate() {
        let found = found.get(i).copied().unwrap_or(0.0);
        let error = (found - value).abs();
        assert!(
            error <= tol::ROTATIONS * want[0],
            "{i}: {found:e} {value:e}"
        );
    }
}

#[test]
fn kernels_of_an_orbit_have_the_eigenvalues_of_their_gram_matrix() {
    let spectrum = RotationSpectrum::of_invariant_kernel(3, 1e-12, |rotations| {
        Ok(rotations.iter().map(orbit).collect())
    })
    .unwrap();
    assert_same(&spectrum, &on_a_grid(orbit));
    // The matrices are not multiples of the unit matrix, and nothing is left out.
    let first = &spectrum.eigenvalues[1];
    assert!(first[0] > 2.0 * first[1] && first[1] > 0.0);
    assert!(spectrum.tail <= tol::ROTATIONS * spectrum.trace);
    let traced: f64 = repeated(&spectrum).iter().sum();
    assert!((traced - orbit(&Rotation::identity())).abs() <= tol::ROTATIONS * traced);
}

#[test]
fn class_functions_have_the_eigenvalues_of_their_gram_matrix() {
    let spectrum = RotationSpectrum::of_class_function(3, |angles| {
        Ok(angles.iter().map(|&angle| class(angle)).collect())
    })
    .unwrap();
    assert_same(&spectrum, &on_a_grid(|rotation| class(rotation.angle())));
    // χ₁² = χ₀ + χ₁ + χ₂
    for (values, want) in spectrum
        .eigenvalues
        .iter()
        .zip([0.45, 0.75 / 3.0, 0.25 / 5.0])
    {
        for value in values {
            assert!((value - want).abs() <= tol::SPECTRUM, "{value} {want}");
        }
    }
    // The transform of all angles sees the same matrices, multiples of the unit matrix.
    let general = RotationSpectrum::of_invariant_kernel(3, 1e-12, |rotations| {
        Ok(rotations.iter().map(|r| class(r.angle())).collect())
    })
    .unwrap();
    for (a, b) in repeated(&general).iter().zip(repeated(&spectrum)) {
        assert!((a - b).abs() <= tol::ROTATIONS, "{a} {b}");
    }
}

/// A heat kernel: μ = exp(−t l (l + 1)) from its Poisson sum over windings, which has no characters.
#[test]
fn the_heat_kernel_has_its_eigenvalues() {
    let t: f64 = 0.05;
    let heat = |omega: f64| {
        let scale = 0.5 * (0.25 * t).exp() * std::f64::consts::PI.sqrt() * t.powf(-1.5);
        if omega < 1e-9 {
            return 2.0 * scale;
        }
        let sum: f64 = (-2..=2)
            .map(|n| {
                let angle = omega + std::f64::consts::TAU * f64::from(n);
                let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
                sign * angle * (-angle * angle / (4.0 * t)).exp()
            })
            .sum();
        scale * sum / (0.5 * omega).sin()
    };
    let spectrum = RotationSpectrum::of_class_function(12, |angles| {
        Ok(angles.iter().map(|&angle| heat(angle)).collect())
    })
    .unwrap();
    for (l, values) in spectrum.eigenvalues.iter().enumerate() {
        let want = (-t * (l * (l + 1)) as f64).exp();
        assert!(
            (values[0] - want).abs() <= tol::SPECTRUM,
            "{l}: {} {want}",
            values[0]
        );
    }
    let tail: f64 = (12..40)
        .map(|l| ((2 * l + 1) * (2 * l + 1)) as f64 * (-t * (l * (l + 1)) as f64).exp())
        .sum();
    assert!((spectrum.tail - tail).abs() <= tol::ROTATIONS * spectrum.trace);
}

#[test]
fn spectra_serve_learning_curves() {
    let spectrum = RotationSpectrum::of_class_function(3, |angles| {
        Ok(angles.iter().map(|&angle| class(angle)).collect())
    })
    .unwrap();
    let (values, counts) = spectrum.with_multiplicities();
    let mut power = vec![0.0; values.len()];
    power[1] = 1.0;
    let curve = LearningCurve::new(&values, &counts, &power).unwrap();
    // 1 + 9 + 25 functions, and no ridge: with as many points all is learned.
    assert_eq!(curve.at(35.0).unwrap().test, 0.0);
    assert!(curve.at(20.0).unwrap().test > 0.0);
    let dimension = spectrum.effective_dimension(0.05).unwrap();
    let want = 0.45 / 0.5 + 9.0 * 0.25 / 0.3 + 25.0 * 0.5;
    assert!((dimension - want).abs() <= tol::ROTATIONS * want);
    let square = 0.45_f64.powi(2) + 9.0 * 0.0625 + 25.0 * 0.0025;
    let ratio = spectrum.trace.powi(2) / square;
    assert!((spectrum.participation_ratio() - ratio).abs() <= tol::ROTATIONS * ratio);
}

#[test]
fn bad_arguments_are_named() {
    let of_angles = |degrees: usize, f: fn(f64) -> f64| {
        RotationSpectrum::of_class_function(degrees, |a| Ok(a.iter().map(|&a| f(a)).collect()))
    };
    let of_rotations = |degrees: usize, tolerance: f64, f: fn(&Rotation) -> f64| {
        RotationSpectrum::of_invariant_kernel(degrees, tolerance, |r| Ok(r.iter().map(f).collect()))
    };
    for error in [
        of_angles(0, f64::cos).unwrap_err(),
        of_angles(1 << 20, f64::cos).unwrap_err(),
        of_rotations(0, 1e-6, |_| 1.0).unwrap_err(),
        of_rotations(65, 1e-6, |_| 1.0).unwrap_err(),
        of_rotations(2, 0.0, |_| 1.0).unwrap_err(),
    ] {
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    let error = of_angles(2, |_| f64::NAN).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let error = RotationSpectrum::of_class_function(2, |_| Ok(vec![1.0; 3])).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let error = of_angles(2, |angle| -angle.cos()).unwrap_err();
    assert!(error.to_string().contains("positive definite"), "{error}");
    let error = of_rotations(3, 1e-8, |r| r.to_matrix()[0][1]).unwrap_err();
    assert!(error.to_string().contains("symmetric"), "{error}");
    let error = of_angles(3, |angle| f64::from(u8::from(angle < 1.0))).unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
    let error = of_rotations(34, 1e-12, |r| (-r.angle()).exp()).unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
}
