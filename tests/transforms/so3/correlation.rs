//! Rotation of coefficients and cross-correlation of signals on the sphere.

use crate::common::close::assert_close;
use crate::common::tol::so3 as tol;

use crate::common::naive_rotations::{
    angles, apply, composed, golden, matrix, naive_signal, random_sphere_coeffs, vector,
};
use approx::{assert_abs_diff_eq, assert_relative_eq};
use haarmonic::Error;
use haarmonic::numeric::GaussLegendre;
use haarmonic::so3::{
    RotationGrid, WignerPlanner, correlate, correlate_real, correlation_coefficients, evaluate,
};
use haarmonic::sphere::{Sampling, rotate_coefficients};
use ndarray::{Array1, Array2, Array3, Axis, Ix1, Ix2};
use num_complex::Complex64;
use std::f64::consts::PI;

fn one_channel(band_limit: usize, seed: u64) -> Array2<Complex64> {
    random_sphere_coeffs(1, band_limit, false, seed).index_axis_move(Axis(0), 0)
}

fn transposed(r: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| r[j][i]))
}

#[test]
fn golden_rotated_values() {
    for band_limit in [4, 6, 8] {
        let name = |key: &str| format!("{key}_L{band_limit}");
        let coeffs = golden::<Complex64, Ix2>("transforms.npz", &name("s2_coefficients"));
        let points = golden::<f64, Ix2>("transforms.npz", &name("s2_points"));
        let euler = golden::<f64, Ix1>("transforms.npz", &name("euler_zyz"));
        let want = golden::<f64, Ix1>("transforms.npz", &name("s2_rotated_values"));
        let rotated = rotate_coefficients(coeffs.view(), euler[0], euler[1], euler[2]).unwrap();
        let got: Array1<Complex64> = points
            .rows()
            .into_iter()
            .map(|p| {
                let (theta, phi) = angles([p[0], p[1], p[2]]);
                naive_signal(rotated.view(), theta, phi)
            })
            .collect();
        assert_close(&got, want.mapv(Complex64::from), tol::GOLDEN);

        let r = golden::<f64, Ix2>("transforms.npz", &name("rotation_matrix"));
        let ours = matrix([euler[0], euler[1], euler[2]]);
        for ((i, j), want) in r.indexed_iter() {
            assert_abs_diff_eq!(ours[i][j], want, epsilon = tol::wigner_d(1));
        }
    }
}

#[test]
fn a_rotated_signal_has_the_value_of_the_point_turned_back() {
    for band_limit in 1..=6 {
        let coeffs = one_channel(band_limit, 5);
        for euler in [
            [0.4, 1.3, -2.2],
            [1.0, 0.0, 0.3],
            [0.2, PI, 5.0],
            [0.0, -0.6, 0.0],
        ] {
            let rotated = rotate_coefficients(coeffs.view(), euler[0], euler[1], euler[2]).unwrap();
            let back = transposed(matrix(euler));
            for (theta, phi) in [(0.3, 0.2), (1.5, 4.0), (2.9, -1.0)] {
                let (theta_back, phi_back) = angles(apply(back, vector(theta, phi)));
                let got = naive_signal(rotated.view(), theta, phi);
                let want = naive_signal(coeffs.view(), theta_back, phi_back);
                assert!((got - want).norm() <= tol::quadrature(band_limit) * want.norm().max(1.0));
            }
        }
    }
}

#[test]
fn rotating_twice_is_rotating_by_the_product() {
    for band_limit in [1, 2, 3, 8, 16, 33] {
        let coeffs = one_channel(band_limit, 17);
        let (h, g) = ([0.3, 1.1, 2.5], [-1.7, 2.4, 0.9]);
        let gh = composed(g, h);
        let once = rotate_coefficients(coeffs.view(), h[0], h[1], h[2]).unwrap();
        let twice = rotate_coefficients(once.view(), g[0], g[1], g[2]).unwrap();
        let direct = rotate_coefficients(coeffs.view(), gh[0], gh[1], gh[2]).unwrap();
        assert_close(&twice, &direct, tol::quadrature(band_limit));
        let inverse = rotate_coefficients(once.view(), -h[2], -h[1], -h[0]).unwrap();
        assert_close(&inverse, &coeffs, tol::transform(band_limit));
    }
}

#[test]
fn rotation_keeps_the_power_of_each_degree() {
    let coeffs = one_channel(64, 23);
    let rotated = rotate_coefficients(coeffs.view(), 0.1, 0.002, 3.0).unwrap();
    let rotated = rotate_coefficients(rotated.view(), 2.1, 3.1, -3.0).unwrap();
    for l in 0..64 {
        let power = |c: &Array2<Complex64>| c.row(l).iter().map(|v| v.norm_sqr()).sum::<f64>();
        let (before, after) = (power(&coeffs), power(&rotated));
        assert_relative_eq!(
            after,
            before,
            epsilon = 0.0,
            max_relative = tol::transform(64)
        );
    }
}

/// K(R) = (1/4π) Σ_c ∫ conj f_c(x) f'_c(R x) dx by a product rule on the sphere.
fn naive_correlation(f: &Array3<Complex64>, g: &Array3<Complex64>, euler: [f64; 3]) -> Complex64 {
    let band_limit = f.shape()[1];
    let rule = GaussLegendre::new(band_limit).unwrap();
    let (count, r) = (2 * band_limit, matrix(euler));
    let mut sum = Complex64::default();
    for (theta, weight) in rule.colatitudes.iter().zip(&rule.weights) {
        for p in 0..count {
            let phi = 2.0 * PI * p as f64 / count as f64;
            let (theta_r, phi_r) = angles(apply(r, vector(*theta, phi)));
            for c in 0..f.shape()[0] {
                let here = naive_signal(f.index_axis(Axis(0), c), *theta, phi);
                let there = naive_signal(g.index_axis(Axis(0), c), theta_r, phi_r);
                sum += here.conj() * there * (weight * 2.0 * PI / count as f64);
            }
        }
    }
    sum / (4.0 * PI)
}

#[test]
fn correlation_agrees_with_quadrature_over_the_sphere() {
    for band_limit in [1, 2, 4] {
        for (real, seed) in [(false, 1), (true, 2)] {
            let f = random_sphere_coeffs(2, band_limit, real, seed);
            let g = random_sphere_coeffs(2, band_limit, real, seed + 100);
            let grid =
                RotationGrid::with_counts(band_limit + 1, Sampling::GaussLegendre, 9, 10).unwrap();
            let plan = WignerPlanner::new().plan_on(band_limit, &grid).unwrap();
            let got = correlate(&plan, f.view(), g.view()).unwrap();
            let (alphas, gammas) = (grid.alphas(), grid.gammas());
            let want = Array3::from_shape_fn(grid.shape(), |(c, b, a)| {
                naive_correlation(&f, &g, [alphas[a], grid.betas()[b], gammas[c]])
            });
            assert_close(&got, &want, tol::quadrature(band_limit));
            if real {
                let got = correlate_real(&plan, f.view(), g.view()).unwrap();
                assert_close(
                    got.mapv(Complex64::from),
                    &want,
                    tol::quadrature(band_limit),
                );
            }
        }
    }
}

#[test]
fn rotating_the_second_signal_moves_the_correlation() {
    // f'(h⁻¹ R x): the correlation with the rotated signal at h R is the old one at R; with f rotated, at R h⁻¹.
    let (f, g) = (
        random_sphere_coeffs(1, 5, true, 61),
        random_sphere_coeffs(1, 5, true, 62),
    );
    let (h, r) = ([0.5, 2.0, 1.0], [1.4, 0.7, -0.2]);
    let turn = |signal: &Array3<Complex64>| {
        rotate_coefficients(signal.index_axis(Axis(0), 0), h[0], h[1], h[2])
            .unwrap()
            .insert_axis(Axis(0))
    };
    let value = |f: &Array3<Complex64>, g: &Array3<Complex64>, at: [f64; 3]| {
        let coeffs = correlation_coefficients(f.view(), g.view()).unwrap();
        evaluate(coeffs.view(), &[at]).unwrap()[0]
    };
    let want = value(&f, &g, r);
    let second = value(&f, &turn(&g), composed(h, r));
    let first = value(&turn(&f), &g, composed(r, [-h[2], -h[1], -h[0]]));
    assert!((second - want).norm() <= tol::transform(5));
    assert!((first - want).norm() <= tol::transform(5));
    assert!(want.im.abs() <= tol::transform(5) && want.re.abs() > tol::transform(5).sqrt());
}

#[test]
fn bad_arguments_are_errors() {
    let good = one_channel(3, 1);
    let shape = rotate_coefficients(Array2::zeros((3, 4)).view(), 0.0, 0.0, 0.0);
    assert_eq!(
        shape.unwrap_err().to_string(),
        "spherical-harmonic coefficients: expected shape [.., 3, 5], found [3, 4]"
    );
    assert!(rotate_coefficients(Array2::zeros((0, 0)).view(), 0.0, 0.0, 0.0).is_err());
    assert!(rotate_coefficients(good.view(), 0.0, f64::NAN, 0.0).is_err());
    let mut bad = good.clone();
    bad[[1, 2]] = Complex64::new(f64::NAN, 0.0);
    assert!(matches!(
        rotate_coefficients(bad.view(), 0.0, 0.0, 0.0),
        Err(Error::NotFinite { .. })
    ));

    let plan = WignerPlanner::new()
        .plan(3, Sampling::GaussLegendre)
        .unwrap();
    let f = random_sphere_coeffs(2, 3, true, 1);
    let other = random_sphere_coeffs(1, 3, true, 1);
    let longer = random_sphere_coeffs(2, 4, true, 1);
    let none = Array3::zeros((0, 3, 5));
    assert!(matches!(
        correlate_real(&plan, f.view(), other.view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        correlate(&plan, longer.view(), longer.view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        correlate(&plan, none.view(), none.view()),
        Err(Error::Empty { .. })
    ));
    let bad = bad.insert_axis(Axis(0));
    assert!(matches!(
        correlate_real(&plan, bad.view(), bad.view()),
        Err(Error::NotFinite { .. })
    ));
    let large = f.mapv(|value| 1e200 * value);
    assert!(matches!(
        correlate_real(&plan, large.view(), large.view()),
        Err(Error::InvalidValue { .. })
    ));
    assert!(correlate(&plan, large.view(), large.view()).is_err());
}
