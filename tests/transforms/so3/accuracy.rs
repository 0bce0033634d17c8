//! The Wigner transform, each direction by itself, against Wigner functions in double-double arithmetic: every band limit up to 64 and
//! 128, all samplings, order limits from 1 to L, the first and the last ring (poles where the sampling has them).
//!
//! `cargo test --test transforms so3::accuracy -- --nocapture` prints the largest errors; `--ignored` runs L = 128 to 512.

use crate::common::tol::so3 as tol;

use crate::common::double_double::{Dd, PI};
use crate::common::exact_rings::exact_colatitudes;
use crate::common::harmonics_oracle::{Complex, roots_of_unity, wigner_d};
use haarmonic::so3::{RotationGrid, WignerPlan, WignerPlanner};
use haarmonic::sphere::Sampling;
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

fn plan(band_limit: usize, order_limit: usize, sampling: Sampling) -> Arc<WignerPlan> {
    let grid = RotationGrid::fast(band_limit, order_limit, sampling).unwrap();
    WignerPlanner::new().plan_on(band_limit, &grid).unwrap()
}

/// Coefficients uniform in the square of side 2, entry `[n + N − 1, l, m + L − 1]`, for pairs of orders that are `wanted`; those of
/// a real function on request.
fn random(
    band_limit: usize,
    order_limit: usize,
    real: bool,
    wanted: impl Fn(i64, i64) -> bool,
) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64((band_limit * 1000 + order_limit) as u64);
    let (columns, rows) = (2 * band_limit - 1, 2 * order_limit - 1);
    let orders = |n: usize, m: usize| {
        (
            m as i64 + 1 - band_limit as i64,
            n as i64 + 1 - order_limit as i64,
        )
    };
    let mut coeffs = Array3::from_shape_fn((rows, band_limit, columns), |(n, l, m)| {
        let value = Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
        let (m, n) = orders(n, m);
        let valid = m.abs().max(n.abs()) <= l as i64;
        if valid && (wanted(m, n) || (real && wanted(-m, -n))) {
            value
        } else {
            Complex64::ZERO
        }
    });
    if real {
        let full = coeffs.clone();
        for ((i, l, k), value) in coeffs.indexed_iter_mut() {
            let (m, n) = orders(i, k);
            let sign = if (m - n) % 2 == 0 { 1.0 } else { -1.0 };
            let opposite = sign * full[[rows - 1 - i, l, columns - 1 - k]].conj();
            *value = 0.5 * (*value + opposite);
        }
    }
    coeffs
}

/// $`F_{mn}(\beta) = \sum_\ell (2\ell+1)/8\pi^2 \hat f d^\ell_{mn}(\beta)`$, entry `[n + N − 1, m + L − 1]`.
fn fourier_coefficients(coeffs: &Array3<Complex64>, beta: Dd) -> Array2<Complex> {
    let (rows, band_limit, columns) = coeffs.dim();
    let volume = PI * PI * 8.0;
    Array2::from_shape_fn((rows, columns), |(i, k)| {
        let (m, n) = (
            k as i64 + 1 - band_limit as i64,
            i as i64 + 1 - rows.div_ceil(2) as i64,
        );
        let first = m.abs().max(n.abs()) as usize;
        let mut sum = Complex::default();
        if (first..band_limit).all(|l| coeffs[[i, l, k]] == Complex64::ZERO) {
            return sum;
        }
        for (j, value) in wigner_d(band_limit, m, n, beta).into_iter().enumerate() {
            let l = first + j;
            let value = value * (2 * l + 1) as f64 / volume;
            sum.add_scaled(value, coeffs[[i, l, k]]);
        }
        sum
    })
}

/// The value at angles 2πa/A and 2πg/G.
fn value(
    orders: &Array2<Complex>,
    [a, n_alpha]: [usize; 2],
    [g, n_gamma]: [usize; 2],
) -> Complex64 {
    let (rows, columns) = orders.dim();
    let (alphas, gammas) = (roots_of_unity(n_alpha), roots_of_unity(n_gamma));
    let root = |order: i64, step: usize, roots: &[Complex]| {
        roots[(order * step as i64).rem_euclid(roots.len() as i64) as usize]
    };
    let mut sum = Complex::default();
    for (i, row) in orders.rows().into_iter().enumerate() {
        let mut part = Complex::default();
        for (k, value) in row.iter().enumerate() {
            let m = k as i64 + 1 - columns.div_ceil(2) as i64;
            part.add_product(*value, root(m, a, &alphas));
        }
        let n = i as i64 + 1 - rows.div_ceil(2) as i64;
        sum.add_product(part, root(n, g, &gammas));
    }
    sum.round()
}

/// The largest error of synthesis at some angles of some rings, relative to the largest sample.
fn synthesis_error(
    plan: &WignerPlan,
    coeffs: &Array3<Complex64>,
    real: bool,
    rings: &[usize],
) -> f64 {
    let [n_gamma, _, n_alpha] = plan.signal_shape();
    let samples = if real {
        let samples = plan.inverse::<f64, _>(coeffs.view()).unwrap();
        samples.mapv(Complex64::from)
    } else {
        plan.inverse(coeffs.view()).unwrap()
    };
    assert!(samples.iter().all(|v| v.is_finite()));
    let size = samples.iter().fold(0.0_f64, |size, v| size.max(v.norm()));
    let mut worst = 0.0_f64;
    for &ring in rings {
        let orders = fourier_coefficients(coeffs, plan.grid().betas()[ring].into());
        for (a, g) in [
            (0, 0),
            (n_alpha - 1, n_gamma / 3),
            (n_alpha / 2, n_gamma - 1),
        ] {
            let want = value(&orders, [a, n_alpha], [g, n_gamma]);
            worst = worst.max((samples[[g, ring, a]] - want).norm());
        }
    }
    worst / size
}

/// Pairs of orders of all kinds: corners, edges, the centre, the diagonal, and inner ones.
fn some_orders(band_limit: usize, order_limit: usize) -> impl Fn(i64, i64) -> bool {
    let (m, n) = (band_limit as i64 - 1, order_limit as i64 - 1);
    let pairs = [
        (0, 0),
        (m, n),
        (-m, n),
        (m, -n),
        (0, -n),
        (m, 0),
        (n, n),
        (m / 2, -(n / 3)),
        (-(m / 3), n / 2),
    ];
    move |m, n| pairs.contains(&(m, n))
}

/// The largest error of a coefficient from samples that are right to the last digit, at exact rings; size one. Other orders must
/// come out as zero.
fn analysis_error(plan: &WignerPlan, coeffs: &Array3<Complex64>, real: bool) -> f64 {
    let [n_gamma, rings, n_alpha] = plan.signal_shape();
    let (rows, band_limit, columns) = coeffs.dim();
    let angles = exact_colatitudes(plan.grid().sampling(), plan.grid().band_limit());
    let (alphas, gammas) = [n_alpha, n_gamma]
        .map(|n| {
            let roots = roots_of_unity(n).into_iter().map(Complex::round);
            roots.collect::<Vec<Complex64>>()
        })
        .into();
    let present: Vec<(usize, usize)> = (0..rows)
        .flat_map(|i| (0..columns).map(move |k| (i, k)))
        .filter(|&(i, k)| (0..band_limit).any(|l| coeffs[[i, l, k]] != Complex64::ZERO))
        .collect();
    let mut samples = Array3::<Complex64>::zeros((n_gamma, rings, n_alpha));
    for (ring, angle) in angles.into_iter().enumerate() {
        let orders = fourier_coefficients(coeffs, angle);
        for &(i, k) in &present {
            let part = orders[[i, k]].round();
            let wrap = |order: usize, limit: usize, step: usize, count: usize| {
                (order + count * limit + 1 - limit) * step % count
            };
            for g in 0..n_gamma {
                let part = part * gammas[wrap(i, rows.div_ceil(2), g, n_gamma)];
                for a in 0..n_alpha {
                    samples[[g, ring, a]] += part * alphas[wrap(k, band_limit, a, n_alpha)];
                }
            }
        }
    }
    let found = if real {
        plan.forward(samples.mapv(|v| v.re).view()).unwrap()
    } else {
        plan.forward(samples.view()).unwrap()
    };
    let errors = found.iter().zip(coeffs).map(|(found, want)| {
        assert!(found.is_finite());
        (found - want).norm()
    });
    errors.fold(0.0, f64::max)
}

#[track_caller]
fn assert_within(what: &str, error: f64, tolerance: f64) -> f64 {
    assert!(
        error <= tolerance,
        "{what}: {error:e}, allowed {tolerance:e}"
    );
    error / tolerance
}

#[test]
fn every_band_limit() {
    let mut worst = [0.0_f64; 2];
    for band_limit in 1..=64_usize {
        for (i, sampling) in Sampling::ALL.into_iter().enumerate() {
            if (25..64).contains(&band_limit) && (band_limit + i) % 4 != 0 {
                continue; // the same sums, many times as many
            }
            // All orders; and one of the other limits, in turns.
            for (j, order_limit) in [band_limit, 1 + (band_limit * 7 + i) % band_limit]
                .into_iter()
                .enumerate()
            {
                let real = (band_limit + i + j) % 2 == 0;
                let plan = plan(band_limit, order_limit, sampling);
                let what = format!("{sampling}, L = {band_limit}, N = {order_limit}, real: {real}");
                let last = plan.signal_shape()[1] - 1;
                let rings = if band_limit <= 24 {
                    vec![0, last / 2, last]
                } else {
                    vec![[0, last / 2, last][(band_limit + i) % 3]]
                };
                let dense = |m: i64, n: i64| band_limit <= 24 || (m + 2 * n) % 3 == 0;
                let coeffs = random(band_limit, order_limit, real, dense);
                let error = synthesis_error(&plan, &coeffs, real, &rings);
                let part = assert_within(&what, error, tol::synthesis(band_limit));
                worst[0] = worst[0].max(part);
                let some = some_orders(band_limit, order_limit);
                let coeffs = random(band_limit, order_limit, real, some);
                let error = analysis_error(&plan, &coeffs, real);
                let part = assert_within(&what, error, tol::transform(band_limit));
                worst[1] = worst[1].max(part);
            }
        }
    }
    println!("synthesis and analysis: at most {worst:.2?} of the tolerance");
}

#[test]
fn every_order_limit() {
    for (band_limit, sampling) in [
        (9, Sampling::GaussLegendre),
        (12, Sampling::McEwenWiaux),
        (21, Sampling::GaussLegendre),
    ] {
        for order_limit in 1..=band_limit {
            for real in [false, true] {
                let plan = plan(band_limit, order_limit, sampling);
                let what = format!("{sampling}, L = {band_limit}, N = {order_limit}, real: {real}");
                let coeffs = random(band_limit, order_limit, real, |_, _| true);
                let last = plan.signal_shape()[1] - 1;
                let error = synthesis_error(&plan, &coeffs, real, &[0, last]);
                assert_within(&what, error, tol::synthesis(band_limit));
                let some = some_orders(band_limit, order_limit);
                let coeffs = random(band_limit, order_limit, real, some);
                let error = analysis_error(&plan, &coeffs, real);
                assert_within(&what, error, tol::transform(band_limit));
            }
        }
    }
}

/// Both directions of a large transform; printed for `docs/accuracy.md`.
fn check_large(band_limit: usize, order_limit: usize, sampling: Sampling, real: bool) {
    let plan = plan(band_limit, order_limit, sampling);
    let what = format!("{sampling}, L = {band_limit}, N = {order_limit}, real: {real}");
    let some = some_orders(band_limit, order_limit);
    // Every class of orders is there, not every pair.
    let coeffs = random(band_limit, order_limit, real, |m, n| {
        (3 * m + 5 * n) % 16 == 0 || some(m, n)
    });
    let last = plan.signal_shape()[1] - 1;
    let synthesis = synthesis_error(&plan, &coeffs, real, &[0, last / 2, last]);
    drop(coeffs);
    let some = some_orders(band_limit, order_limit);
    let analysis = analysis_error(&plan, &random(band_limit, order_limit, real, some), real);
    println!("{what}: synthesis {synthesis:.1e}, analysis {analysis:.1e}");
    assert_within(&what, synthesis, tol::synthesis(band_limit));
    assert_within(&what, analysis, tol::transform(band_limit));
}

#[test]
#[ignore = "a minute"]
fn band_limits_127_and_128() {
    for sampling in Sampling::ALL {
        check_large(128, 128, sampling, true);
    }
    check_large(128, 128, Sampling::GaussLegendre, false);
    check_large(127, 127, Sampling::GaussLegendre, true);
}

#[test]
#[ignore = "some gigabytes"]
fn band_limit_256() {
    check_large(256, 256, Sampling::GaussLegendre, true);
    check_large(256, 60, Sampling::GaussLegendre, false);
}

#[test]
#[ignore = "some gigabytes"]
fn band_limits_512_and_1024_with_few_orders() {
    check_large(512, 16, Sampling::GaussLegendre, true);
    check_large(1024, 3, Sampling::GaussLegendre, true);
    check_large(1024, 2, Sampling::GaussLegendre, false);
}
