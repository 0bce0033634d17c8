//! Convolution on SO(3) and with signals on the sphere, against quadrature of the definition.

use crate::common::tol::so3 as tol;

use crate::common::naive_rotations::{
    angles, naive_rotation_value, naive_signal, random_rotation_coeffs, random_sphere_coeffs,
    vector,
};
use approx::assert_relative_eq;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::so3::{
    RotationGrid, WignerPlanner, convolve, convolve_signal, correlate, correlate_real,
    correlation_coefficients,
};
use haarmonic::sphere::{Sampling, rotate_coefficients};
use haarmonic::{Error, so3::evaluate};
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use std::f64::consts::PI;

/// Rotations S and weights of mass 8π², exact for degrees below the band limit.
fn quadrature(band_limit: usize) -> Vec<([f64; 3], f64)> {
    let grid = RotationGrid::new(band_limit, Sampling::GaussLegendre).unwrap();
    let mut points = Vec::new();
    for gamma in grid.gammas() {
        for (beta, weight) in grid.betas().iter().zip(grid.point_weights()) {
            for alpha in grid.alphas() {
                points.push(([alpha, *beta, gamma], 8.0 * PI * PI * weight));
            }
        }
    }
    points
}

fn rotation([alpha, beta, gamma]: [f64; 3]) -> Rotation {
    Rotation::from(EulerZyz::new(alpha, beta, gamma).unwrap())
}

fn euler(rotation: &Rotation) -> [f64; 3] {
    let angles = rotation.euler_zyz();
    [angles.alpha(), angles.beta(), angles.gamma()]
}

#[test]
fn on_the_group_against_quadrature() {
    for band_limit in [1, 2, 3] {
        let f = random_rotation_coeffs(band_limit, false, 1);
        let g = random_rotation_coeffs(band_limit, false, 2);
        let product = convolve(f.view(), g.view()).unwrap();
        for at in [[0.3, 1.0, 2.0], [4.0, 2.5, -1.0]] {
            let mut want = Complex64::ZERO;
            for (s, weight) in quadrature(2 * band_limit - 1) {
                let rest = rotation(s).inverse().compose(&rotation(at));
                want += weight
                    * naive_rotation_value(f.view(), s)
                    * naive_rotation_value(g.view(), euler(&rest));
            }
            let got = evaluate(product.view(), &[at]).unwrap()[0];
            assert!(
                (got - want).norm() <= tol::quadrature(band_limit) * want.norm().max(1.0),
                "{got} {want}"
            );
        }
    }
}

#[test]
fn with_a_signal_against_quadrature() {
    for band_limit in [1, 2, 3] {
        let f = random_rotation_coeffs(band_limit, false, 3);
        let h = random_sphere_coeffs(1, band_limit, false, 4).index_axis_move(Axis(0), 0);
        let result = convolve_signal(f.view(), h.view()).unwrap();
        for (theta, phi) in [(0.4, 1.0), (2.0, 5.0)] {
            let mut want = Complex64::ZERO;
            for (s, weight) in quadrature(2 * band_limit - 1) {
                let (theta, phi) = angles(rotation(s).inverse().apply(vector(theta, phi)));
                want +=
                    weight * naive_rotation_value(f.view(), s) * naive_signal(h.view(), theta, phi);
            }
            let got = naive_signal(result.view(), theta, phi);
            assert!(
                (got - want).norm() <= tol::quadrature(band_limit) * want.norm().max(1.0),
                "{got} {want}"
            );
        }
    }
}

#[test]
fn products_are_associative_and_act_on_signals() {
    for band_limit in [2, 5, 9] {
        let [f, g] = [5, 6].map(|seed| random_rotation_coeffs(band_limit, false, seed));
        let h = random_sphere_coeffs(1, band_limit, false, 7).index_axis_move(Axis(0), 0);
        let left = convolve_signal(convolve(f.view(), g.view()).unwrap().view(), h.view()).unwrap();
        let right = convolve_signal(
            f.view(),
            convolve_signal(g.view(), h.view()).unwrap().view(),
        )
        .unwrap();
        crate::common::close::assert_close(&left, &right, tol::transform(band_limit));
    }
}

/// The correlation, convolved with a signal: K(R) = (1/4π) ∫ conj f(x) f'(R x) dx of f = f' = Y_10 is cos β / 4π.
#[test]
fn correlation_and_convolution_fit_together() {
    let mut y = Array3::<Complex64>::zeros((1, 2, 3));
    y[[0, 1, 1]] = Complex64::ONE;
    let k = correlation_coefficients(y.view(), y.view()).unwrap();
    // ∫ (cos β / 4π) Y_10(S⁻¹ x) dS = (8π²/3) (1/4π) Y_10(x)
    let result = convolve_signal(k.view(), y.index_axis(Axis(0), 0)).unwrap();
    assert_relative_eq!(
        result[[1, 1]].re,
        (2.0 * PI / 3.0),
        epsilon = 0.0,
        max_relative = tol::transform(1)
    );
    // Rotating the signal after the convolution is rotating the function from the left: here by z, which multiplies by phases.
    let turned = rotate_coefficients(result.view(), 0.5, 0.0, 0.0).unwrap();
    assert!((turned[[1, 1]] - result[[1, 1]]).norm() <= tol::transform(1));
}

#[test]
fn bad_arguments_are_errors() {
    let good = Array3::<Complex64>::zeros((5, 3, 5));
    let other = Array3::<Complex64>::zeros((3, 2, 3));
    assert!(matches!(
        convolve(good.view(), other.view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(convolve(Array3::zeros((0, 0, 0)).view(), good.view()).is_err());
    assert!(convolve(Array3::zeros((5, 3, 4)).view(), good.view()).is_err());
    assert!(convolve_signal(good.view(), Array2::zeros((2, 3)).view()).is_err());
    let mut bad = good.clone();
    bad[[0, 2, 1]].re = f64::NAN;
    assert!(matches!(
        convolve(good.view(), bad.view()),
        Err(Error::NotFinite { .. })
    ));
    let mut signal = Array2::<Complex64>::zeros((3, 5));
    signal[[2, 1]].im = f64::INFINITY;
    assert!(convolve_signal(good.view(), signal.view()).is_err());
}

/// Coefficients of a correlation by their formula: two channels, arrays in either memory order.
#[test]
fn correlations_sum_over_channels() {
    let l = 4;
    let [f, g] = [1, 5].map(|seed| random_sphere_coeffs(2, l, false, seed));
    let mut strided = Array3::zeros((2 * l - 1, l, 2)).reversed_axes();
    strided.assign(&g);
    let plan = WignerPlanner::new()
        .plan(l, Sampling::GaussLegendre)
        .unwrap();
    let found = correlation_coefficients(f.view(), g.view()).unwrap();
    let of_strided = correlation_coefficients(f.view(), strided.view()).unwrap();
    for degree in 0..l {
        for n in l - 1 - degree..l + degree {
            for m in l - 1 - degree..l + degree {
                let sum: Complex64 = (0..2)
                    .map(|c| f[[c, degree, n]].conj() * g[[c, degree, m]])
                    .sum();
                let want = sum * 2.0 * PI / (2 * degree + 1) as f64;
                for found in [&found, &of_strided] {
                    let error = (found[[n, degree, m]] - want).norm();
                    assert!(
                        error <= tol::transform(l) * want.norm().max(1.0),
                        "{error:e}"
                    );
                }
            }
        }
    }
    let samples = correlate(&plan, f.view(), strided.view()).unwrap();
    assert_eq!(samples, plan.inverse(found.view()).unwrap());
}

#[test]
fn bad_correlations_are_errors() {
    let plan = WignerPlanner::new()
        .plan(4, Sampling::GaussLegendre)
        .unwrap();
    let good = Array3::<Complex64>::zeros((2, 4, 7));
    for bad in [(0, 4, 7), (2, 0, 0)].map(Array3::<Complex64>::zeros) {
        let found = correlation_coefficients(bad.view(), bad.view());
        assert!(matches!(found, Err(Error::Empty { .. })));
    }
    let fewer = Array3::<Complex64>::zeros((1, 4, 7));
    let found = correlation_coefficients(good.view(), fewer.view());
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
    let small = Array3::<Complex64>::zeros((2, 3, 5));
    let found = correlate(&plan, small.view(), small.view());
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
    let found = correlate_real(&plan, small.view(), small.view());
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
    let mut bad = good.clone();
    bad[[1, 2, 3]] = Complex64::new(0.0, f64::INFINITY);
    for (first, second, what) in [(&bad, &good, "first"), (&good, &bad, "second")] {
        let found = correlation_coefficients(first.view(), second.view()).unwrap_err();
        let wanted = Error::NotFinite {
            what: format!("{what} signal of a correlation"),
            index: vec![1, 2, 3],
        };
        assert_eq!(found, wanted);
    }
}
