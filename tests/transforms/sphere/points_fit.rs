//! Coefficients from values at points: least squares against normal equations, and the table of iterations.

use super::points::{direct, half, random_coeffs};
use crate::common::tol::points as tol;
use haarmonic::Error;
use haarmonic::sphere::{
    FitReport, LeastSquares, PointGradient, PointPlan, PointSpinPlan, StopReason,
};
use ndarray::{Array1, Array2, Axis};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

/// Independent points of the uniform distribution.
fn uniform(count: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut points = Array2::zeros((count, 2));
    for mut row in points.rows_mut() {
        row[0] = (1.0 - 2.0 * rng.random::<f64>()).acos();
        row[1] = TAU * rng.random::<f64>();
    }
    points
}

/// Fibonacci's spiral.
fn spiral(count: usize) -> Array2<f64> {
    let golden = PI * (3.0 - 5.0_f64.sqrt());
    Array2::from_shape_fn((count, 2), |(i, k)| match k {
        0 => (1.0 - (2 * i + 1) as f64 / count as f64).acos(),
        _ => golden * i as f64,
    })
}

fn fit(points: &Array2<f64>, limit: usize, fit: &LeastSquares) -> (f64, FitReport) {
    let plan = PointPlan::with_tolerance(points.view(), limit, 1e-13).unwrap();
    let coeffs = random_coeffs(limit, 0, true, 3);
    let values: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
    let mut found = plan.make_coeffs();
    let scratch = &mut plan.make_scratch();
    let report = fit
        .solve_into(&plan, values.view(), found.view_mut(), scratch)
        .unwrap();
    let error = (&found - &coeffs)
        .iter()
        .fold(0.0_f64, |a, e| a.max(e.norm()));
    (error, report)
}

#[test]
fn coefficients_come_back_in_the_expected_iterations() {
    let limit = 24;
    let least = LeastSquares::new().tolerance(1e-12);
    // Points, condition numbers and iterations that were seen with other random points, without weights.
    for (points, condition, iterations) in [
        (spiral(2 * limit * limit), 1.15, 10),
        (uniform(4 * limit * limit, 1), 5.4, 64),
        (uniform(16 * limit * limit, 2), 1.9, 24),
    ] {
        let (error, report) = fit(&points, limit, &least);
        assert!(error <= tol::fit(1e-12, condition), "{error:e} {report:?}");
        assert!(report.iterations <= 2 * iterations, "{report:?}");
        assert!(
            report.condition <= 2.0 * condition && report.condition >= 1.0,
            "{report:?}"
        );
        assert_eq!(report.reason, StopReason::Residual);
    }
}

/// Density weights cure a cluster.
#[test]
fn density_weights_help_with_clusters() {
    let limit = 24;
    let mut points = spiral(4 * limit * limit);
    for mut row in points.rows_mut().into_iter().take(2 * limit * limit) {
        row[0] *= 0.2;
    }
    let background = spiral(2 * limit * limit);
    let points = ndarray::concatenate(
        Axis(0),
        &[
            points.slice_axis(Axis(0), (..2 * limit * limit).into()),
            background.view(),
        ],
    )
    .unwrap();
    let plain = LeastSquares::new().tolerance(1e-12);
    let (error, report) = fit(&points, limit, &plain);
    let plan = PointPlan::new(points.view(), limit).unwrap();
    let weights = plan.density_weights().unwrap();
    assert!(weights.iter().all(|w| *w > 0.0));
    assert!((weights.sum() - 4.0 * PI).abs() < tol::rounding(limit) * 4.0 * PI);
    let weighted = plain.clone().weights(weights.as_slice().unwrap());
    let (weighted_error, weighted) = fit(&points, limit, &weighted);
    assert!(error <= tol::fit(1e-12, report.condition) && weighted_error <= tol::fit(1e-12, 2.0));
    assert!(
        2 * weighted.iterations < report.iterations,
        "{weighted:?} {report:?}"
    );
}

/// The gradient of the damped sum of squares vanishes, by direct sums; noisy values, spin, gradients.
#[test]
fn normal_equations() {
    let (limit, count) = (6, 300);
    let points = uniform(count, 5);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let values = Array1::from_shape_fn(count, |_| Complex64::new(rng.random(), rng.random()));
    let weights: Vec<f64> = (0..count).map(|_| rng.random::<f64>()).collect();
    for damping in [0.0, 2.0] {
        for spin in [0, 1, -2] {
            let plan = PointSpinPlan::new(points.view(), limit, spin).unwrap();
            let mut coeffs = plan.make_coeffs();
            let scratch = &mut plan.make_scratch();
            let report = LeastSquares::new()
                .tolerance(1e-13)
                .damping(damping)
                .weights(&weights)
                .solve_into(&plan, values.view(), coeffs.view_mut(), scratch)
                .unwrap();
            assert_eq!(report.reason, StopReason::Gradient);
            let fitted = direct(coeffs.view(), spin, points.view());
            let residual = &values - &fitted;
            let square: f64 = residual
                .iter()
                .zip(&weights)
                .map(|(r, w)| w * r.norm_sqr())
                .sum();
            assert!((square.sqrt() / report.residual_norm - 1.0).abs() < tol::fit(1e-12, 10.0));
            // Aᵀ W r = λ² f̂, each coefficient by its own direct sum.
            for l in spin.unsigned_abs() as usize..limit {
                for k in limit - 1 - l..limit + l {
                    let mut unit = plan.make_coeffs();
                    unit[[l, k]] = Complex64::ONE;
                    let y = direct(unit.view(), spin, points.view());
                    let sum: Complex64 = (0..count)
                        .map(|j| weights[j] * y[j].conj() * residual[j])
                        .sum();
                    let error = (sum - damping * damping * coeffs[[l, k]]).norm();
                    assert!(error <= tol::fit(1e-12, 1e2), "{error:e}");
                }
            }
        }
    }
}

#[test]
fn planes_and_gradients_are_fitted() {
    let (limit, count) = (10, 1500);
    let points = uniform(count, 8);
    let least = LeastSquares::new().tolerance(1e-12);
    let spin = PointSpinPlan::with_tolerance(points.view(), limit, 2, 1e-13).unwrap();
    let modes = ndarray::stack(
        Axis(0),
        &[3, 4]
            .map(|seed| half(random_coeffs(limit, 2, true, seed).view()))
            .each_ref()
            .map(|h| h.view()),
    )
    .unwrap();
    let mut planes = Array2::<f64>::zeros((2, count));
    let scratch = &mut spin.make_scratch();
    spin.inverse_into(modes.view(), planes.view_mut(), scratch)
        .unwrap();
    let mut found = Array2::zeros(modes.dim());
    let report = least
        .solve_into(&spin, planes.view(), found.view_mut(), scratch)
        .unwrap();
    let error = (&found - &modes)
        .iter()
        .fold(0.0_f64, |a, e| a.max(e.norm()));
    assert!(
        error <= tol::fit(1e-12, report.condition.max(10.0)),
        "{error:e} {report:?}"
    );

    let gradient = PointGradient::with_tolerance(points.view(), limit, 1e-13).unwrap();
    let mut scalar = random_coeffs(limit, 0, true, 5);
    scalar[[0, limit - 1]] = Complex64::ZERO;
    let field: Array2<f64> = gradient.inverse(scalar.view()).unwrap();
    let mut found = gradient.make_coeffs();
    let report = least
        .solve_into(&gradient, field.view(), found.view_mut(), scratch)
        .unwrap();
    let error = (&found - &scalar)
        .iter()
        .fold(0.0_f64, |a, e| a.max(e.norm()));
    assert!(
        error <= tol::fit(1e-12, report.condition.max(10.0)),
        "{error:e} {report:?}"
    );
}

#[test]
fn ends_and_errors() {
    let limit = 12;
    // A half sphere does not determine the coefficients.
    let mut points = uniform(2000, 1);
    points.column_mut(0).mapv_inplace(|theta| 0.5 * theta);
    let (_, report) = fit(
        &points,
        limit,
        &LeastSquares::new().tolerance(1e-15).condition_limit(20.0),
    );
    assert_eq!(report.reason, StopReason::Condition);
    let (_, report) = fit(
        &points,
        limit,
        &LeastSquares::new().tolerance(1e-15).iterations(7),
    );
    assert_eq!(
        (report.reason, report.iterations),
        (StopReason::Iterations, 7)
    );

    let points = super::points::points(500, 2);
    let plan = PointPlan::new(points.view(), limit).unwrap();
    let (values, mut coeffs) = (Array1::<f64>::zeros(500), plan.make_coeffs());
    let scratch = &mut plan.make_scratch();
    let mut solve =
        |fit: LeastSquares| fit.solve_into(&plan, values.view(), coeffs.view_mut(), scratch);
    assert_eq!(solve(LeastSquares::new()).unwrap().reason, StopReason::Zero);
    for bad in [
        LeastSquares::new().tolerance(-1.0),
        LeastSquares::new().tolerance(f64::NAN),
        LeastSquares::new().damping(-1.0),
        LeastSquares::new().condition_limit(0.0),
        LeastSquares::new().weights(&[1.0]),
        LeastSquares::new().weights(&[-1.0; 500]),
        LeastSquares::new().weights(&[f64::NAN; 500]),
    ] {
        assert!(solve(bad).is_err());
    }
    let mut wrong = Array2::zeros((limit, limit));
    let done = LeastSquares::new().solve_into(&plan, values.view(), wrong.view_mut(), scratch);
    assert!(matches!(done, Err(Error::ShapeMismatch { .. })));
    let short = Array1::<f64>::zeros(499);
    let done = LeastSquares::new().solve_into(&plan, short.view(), coeffs.view_mut(), scratch);
    assert!(matches!(done, Err(Error::ShapeMismatch { .. })));
}
