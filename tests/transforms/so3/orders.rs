//! The Wigner transform with a limit on the orders n, and at large band limits, against sums that share nothing with it.

use crate::common::close::assert_close;
use crate::common::close::relative_difference;
use crate::common::tol::so3 as tol;

use crate::common::naive_rotations::{naive_rotation_value, random_rotation_coeffs};
use haarmonic::Error;
use haarmonic::so3::{RotationGrid, WignerPlan, WignerPlanner};
use haarmonic::sphere::{Sampling, ShtPlanner};
use haarmonic::wigner::{WignerDRecursion, wigner_d};
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use std::f64::consts::PI;
use std::sync::Arc;

type Field = Array3<Complex64>;

/// The blocks |n| < N of coefficients of all orders, and the coefficients without the others.
fn limited(full: &Field, order_limit: usize) -> (Field, Field) {
    let shift = full.shape()[1] - order_limit;
    let shape = [2 * order_limit - 1, full.shape()[1], full.shape()[2]];
    let kept = Field::from_shape_fn(shape, |(n, l, m)| full[[n + shift, l, m]]);
    let zeroed = Field::from_shape_fn(full.raw_dim(), |(n, l, m)| {
        if n < shift || n >= shift + shape[0] {
            Complex64::ZERO
        } else {
            full[[n, l, m]]
        }
    });
    (kept, zeroed)
}

fn fast_plan(band_limit: usize, order_limit: usize, sampling: Sampling) -> Arc<WignerPlan> {
    let grid = RotationGrid::fast(band_limit, order_limit, sampling).unwrap();
    WignerPlanner::new().plan_on(band_limit, &grid).unwrap()
}

#[test]
fn every_order_limit_agrees_with_the_direct_sum() {
    for band_limit in 1..=6 {
        for sampling in Sampling::ALL {
            for order_limit in 1..=band_limit {
                let plan = fast_plan(band_limit, order_limit, sampling);
                let grid = plan.grid();
                let (alphas, gammas) = (grid.alphas(), grid.gammas());
                for real in [false, true] {
                    let full = random_rotation_coeffs(band_limit, real, 5);
                    let (kept, zeroed) = limited(&full, order_limit);
                    let want = Field::from_shape_fn(grid.shape(), |(g, b, a)| {
                        let angles = [alphas[a], grid.betas()[b], gammas[g]];
                        naive_rotation_value(zeroed.view(), angles)
                    });
                    let tolerance = tol::transform(band_limit);
                    let (found, back) = if real {
                        let found = plan.inverse::<f64, _>(kept.view()).unwrap();
                        let back = plan.forward(found.view()).unwrap();
                        (found.mapv(Complex64::from), back)
                    } else {
                        let found = plan.inverse::<Complex64, _>(kept.view()).unwrap();
                        let back = plan.forward(found.view()).unwrap();
                        (found, back)
                    };
                    assert_close(&found, &want, tolerance);
                    assert_close(&back, &kept, tolerance);
                }
            }
        }
    }
}

#[test]
fn one_order_is_the_spherical_transform() {
    for (band_limit, sampling) in [
        (1, Sampling::GaussLegendre),
        (12, Sampling::GaussLegendre),
        (13, Sampling::DriscollHealy),
        (40, Sampling::McEwenWiaux),
        (65, Sampling::GaussLegendre),
    ] {
        let (kept, _) = limited(&random_rotation_coeffs(band_limit, false, 9), 1);
        let sphere = Array2::from_shape_fn((band_limit, 2 * band_limit - 1), |(l, m)| {
            let degree = (2 * l + 1) as f64;
            kept[[0, l, m]] * (degree / (8.0 * PI * PI) * (4.0 * PI / degree).sqrt())
        });
        let plan = ShtPlanner::new().plan(band_limit, sampling).unwrap();
        let want: Array2<Complex64> = plan.inverse(sphere.view()).unwrap();
        let grid = RotationGrid::fast(band_limit, 1, sampling).unwrap();
        assert_eq!(grid.shape()[0], 1);
        // The grid of the spherical transform is not the fast one.
        let [_, rings, n_alpha] = grid.shape();
        let plan = fast_plan(band_limit, 1, sampling);
        let found = plan.inverse::<Complex64, _>(kept.view()).unwrap();
        let coeffs = ShtPlanner::new()
            .plan(band_limit, sampling)
            .unwrap()
            .forward(want.view())
            .unwrap();
        assert_close(
            coeffs.insert_axis(ndarray::Axis(0)),
            sphere.clone().insert_axis(ndarray::Axis(0)),
            tol::transform(band_limit),
        );
        let harmonics = haarmonic::sphere::SphericalHarmonics::new(band_limit).unwrap();
        let mut values = vec![Complex64::ZERO; band_limit * band_limit];
        for ring in [0, rings / 2, rings - 1] {
            for a in [0, n_alpha / 3, n_alpha - 1] {
                harmonics
                    .write_at(grid.betas()[ring], grid.alphas()[a], &mut values)
                    .unwrap();
                let mut sum = Complex64::ZERO;
                for l in 0..band_limit {
                    for m in 0..=2 * l {
                        sum += sphere[[l, band_limit - 1 - l + m]] * values[l * l + m];
                    }
                }
                let scale = band_limit as f64;
                let error = (found[[0, ring, a]] - sum).norm();
                assert!(
                    error <= scale * tol::transform(band_limit),
                    "{ring} {a}: {error:e}"
                );
            }
        }
    }
}

#[test]
fn single_coefficients_are_wigner_functions() {
    for band_limit in 1..=16_usize {
        for sampling in Sampling::ALL {
            let plan = WignerPlanner::new().plan(band_limit, sampling).unwrap();
            let l = band_limit as i64 - 1;
            let mut orders = vec![(l, l), (-l, l), (l, -l), (-l, -l), (0, 0), (l, 0), (0, -l)];
            orders.extend([
                (l / 2, -l),
                (-l, l / 3),
                (-(l / 2), -(l / 3)),
                (l / 3, l / 2),
            ]);
            for (m, n) in orders {
                let mut coeffs = plan.make_coeffs();
                let index = [(n + l) as usize, l as usize, (m + l) as usize];
                coeffs[index] = Complex64::from(8.0 * PI * PI / (2 * l + 1) as f64);
                let samples = plan.inverse::<Complex64, _>(coeffs.view()).unwrap();
                // The phase at the last α and a γ in the middle, its argument reduced in integers.
                let [n_gamma, _, n_alpha] = plan.signal_shape();
                let (a, g) = (n_alpha - 1, n_gamma / 2);
                let turn = |order: i64, step: usize, count: usize| {
                    (order * step as i64).rem_euclid(count as i64) as f64 / count as f64
                };
                let turns = turn(m, a, n_alpha) + turn(n, g, n_gamma);
                let phase = Complex64::cis(2.0 * PI * turns);
                for (b, beta) in plan.grid().betas().iter().enumerate() {
                    let want = phase * wigner_d(l as usize, m, n, *beta).unwrap();
                    let error = (samples[[g, b, a]] - want).norm();
                    assert!(
                        error <= tol::wigner_d(band_limit),
                        "{band_limit} {m} {n} {beta}: {error:e}"
                    );
                }
                let back = plan.forward(samples.view()).unwrap();
                assert_close(&back, &coeffs, tol::transform(band_limit));
            }
        }
    }
}

/// The value at a rotation, with the public recursion, class by class.
fn direct_sum(coeffs: &Field, [alpha, beta, gamma]: [f64; 3]) -> Complex64 {
    let (orders, band_limit, _) = coeffs.dim();
    let (order_limit, limit) = (orders as i64 / 2 + 1, band_limit as i64);
    let mut sum = Complex64::ZERO;
    for n in 1 - order_limit..order_limit {
        for m in 1 - limit..limit {
            let mut d = WignerDRecursion::new(m, n, &[beta]).unwrap();
            let mut part = Complex64::ZERO;
            while d.degree() < band_limit {
                let l = d.degree();
                let index = [(n + order_limit - 1) as usize, l, (m + limit - 1) as usize];
                part += coeffs[index] * ((2 * l + 1) as f64 * d.values()[0]);
                d.advance();
            }
            sum += part * Complex64::cis(m as f64 * alpha + n as f64 * gamma);
        }
    }
    sum / (8.0 * PI * PI)
}

/// Spot samples against the direct sum, relative to the largest sample, and the round trip; both signals.
fn check_large(band_limit: usize, order_limit: usize, sampling: Sampling, tolerance: f64) {
    let plan = fast_plan(band_limit, order_limit, sampling);
    for real in [false, true] {
        let (kept, _) = limited(&random_rotation_coeffs(band_limit, real, 3), order_limit);
        let (samples, back) = if real {
            let samples = plan.inverse::<f64, _>(kept.view()).unwrap();
            let back = plan.forward(samples.view()).unwrap();
            (samples.mapv(Complex64::from), back)
        } else {
            let samples = plan.inverse::<Complex64, _>(kept.view()).unwrap();
            let back = plan.forward(samples.view()).unwrap();
            (samples, back)
        };
        let size = samples
            .iter()
            .fold(0.0_f64, |size, value| size.max(value.norm()));
        let [n_gamma, n_beta, n_alpha] = plan.signal_shape();
        let (alphas, betas, gammas) = (
            plan.grid().alphas(),
            plan.grid().betas(),
            plan.grid().gammas(),
        );
        let mut worst = 0.0_f64;
        for (g, b, a) in [
            (0, 0, 0),
            (n_gamma / 3, n_beta - 1, n_alpha - 1),
            (n_gamma - 1, n_beta / 2, n_alpha / 2),
            (n_gamma / 2, n_beta / 5, 1),
        ] {
            let want = direct_sum(&kept, [alphas[a], betas[b], gammas[g]]);
            worst = worst.max((samples[[g, b, a]] - want).norm() / size);
        }
        let trip = relative_difference(&back, &kept);
        println!(
            "{sampling}, L = {band_limit}, N = {order_limit}, real = {real}: samples {worst:.1e}, round trip {trip:.1e}"
        );
        assert!(
            worst <= tolerance && trip <= tolerance,
            "{worst:e} {trip:e}"
        );
    }
}

#[test]
fn band_limits_to_64_agree_with_the_direct_sum() {
    for (band_limit, order_limit, sampling) in [
        (31, 31, Sampling::GaussLegendre),
        (33, 5, Sampling::DriscollHealy),
        (48, 48, Sampling::McEwenWiaux),
        (64, 64, Sampling::GaussLegendre),
        (64, 9, Sampling::McEwenWiaux),
    ] {
        check_large(
            band_limit,
            order_limit,
            sampling,
            tol::transform(band_limit),
        );
    }
}

#[test]
#[ignore = "some seconds"]
fn band_limit_128_is_exact() {
    for (order_limit, sampling) in [
        (128, Sampling::GaussLegendre),
        (17, Sampling::DriscollHealy),
        (40, Sampling::McEwenWiaux),
    ] {
        check_large(128, order_limit, sampling, tol::transform(128));
    }
    check_large(127, 127, Sampling::GaussLegendre, tol::transform(127));
}

#[test]
#[ignore = "some gigabytes"]
fn band_limit_256_is_exact() {
    check_large(256, 256, Sampling::GaussLegendre, tol::transform(256));
}

#[test]
fn bad_order_limits_are_errors() {
    for order_limit in [0, 5, usize::MAX] {
        let error = RotationGrid::fast(4, order_limit, Sampling::GaussLegendre).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }));
        assert_eq!(
            error.to_string(),
            format!("order limit on SO(3): found {order_limit}, expected 1 to 4, the band limit")
        );
    }
    assert!(RotationGrid::fast(0, 1, Sampling::GaussLegendre).is_err());
    assert!(RotationGrid::fast(usize::MAX, 1, Sampling::GaussLegendre).is_err());
    let grid = RotationGrid::fast(4, 2, Sampling::GaussLegendre).unwrap();
    let mut planner = WignerPlanner::new();
    assert!(planner.plan_orders(4, 3, &grid).is_err());
    assert!(planner.plan_orders(4, 0, &grid).is_err());
    let plan = planner.plan_orders(4, 1, &grid).unwrap();
    assert_eq!(plan.coeffs_shape(), [1, 4, 7]);
    assert!(!Arc::ptr_eq(&plan, &planner.plan_on(4, &grid).unwrap()));
    assert!(
        plan.inverse::<Complex64, _>(Field::zeros((3, 4, 7)).view())
            .is_err()
    );
}
