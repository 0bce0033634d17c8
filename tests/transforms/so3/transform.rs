//! The Wigner transform: golden values, a naive twin, round trips, finer grids, real signals, errors.

use crate::common::close::assert_close;
use crate::common::naive_rotations as naive;
use crate::common::tol::so3 as tol;

use crate::common::naive_rotations::{golden, naive_rotation_value, random_rotation_coeffs};
use haarmonic::Error;
use haarmonic::so3::grid::{MAX_ANGLES, MAX_BAND_LIMIT};
use haarmonic::so3::{RotationGrid, WignerPlanner, evaluate};
use haarmonic::sphere::Sampling;
use ndarray::{Array3, Ix3};
use num_complex::Complex64;
use std::sync::Arc;

type Field = Array3<Complex64>;

fn naive_inverse(coeffs: &Field, grid: &RotationGrid) -> Field {
    let (alphas, gammas) = (grid.alphas(), grid.gammas());
    Field::from_shape_fn(grid.shape(), |(g, b, a)| {
        naive_rotation_value(coeffs.view(), [alphas[a], grid.betas()[b], gammas[g]])
    })
}

#[test]
fn golden_samples_and_coefficients() {
    for band_limit in [4, 6, 8] {
        let name = format!("so3_coefficients_n_l_m_L{band_limit}");
        let coeffs = golden::<Complex64, Ix3>("transforms.npz", &name);
        let name = format!("so3_dh_gamma_beta_alpha_L{band_limit}");
        let samples = golden::<Complex64, Ix3>("transforms.npz", &name);
        let plan = WignerPlanner::new()
            .plan(band_limit, Sampling::DriscollHealy)
            .unwrap();
        assert_close(
            plan.inverse::<Complex64, _>(coeffs.view()).unwrap(),
            &samples,
            tol::GOLDEN,
        );
        assert_close(plan.forward(samples.view()).unwrap(), &coeffs, tol::GOLDEN);
    }
}

#[test]
fn inverse_agrees_with_the_direct_sum_on_every_sampling() {
    for band_limit in 1..=5 {
        for sampling in Sampling::ALL {
            let plan = WignerPlanner::new().plan(band_limit, sampling).unwrap();
            let coeffs = random_rotation_coeffs(band_limit, false, 7);
            let want = naive_inverse(&coeffs, plan.grid());
            let got: Array3<Complex64> = plan.inverse(coeffs.view()).unwrap();
            assert_close(&got, &want, tol::transform(band_limit));

            let coeffs = random_rotation_coeffs(band_limit, true, 8);
            let want = naive_inverse(&coeffs, plan.grid());
            let got = plan.inverse::<f64, _>(coeffs.view()).unwrap();
            assert_close(got.mapv(Complex64::from), &want, tol::transform(band_limit));
        }
    }
}

#[test]
fn forward_agrees_with_the_direct_quadrature() {
    // Samples of a function with more degrees than the plan keeps; the naive side is the quadrature itself.
    let (band_limit, finer) = (3, 5);
    let grid = RotationGrid::with_counts(finer, Sampling::GaussLegendre, 9, 12).unwrap();
    let plan = WignerPlanner::new().plan_on(band_limit, &grid).unwrap();
    let full = random_rotation_coeffs(finer, false, 3);
    let samples = naive_inverse(&full, &grid);
    let measure = 8.0 * std::f64::consts::PI.powi(2);
    let (alphas, gammas) = (grid.alphas(), grid.gammas());
    let mut want = plan.make_coeffs();
    for l in 0..band_limit as i64 {
        for m in -l..=l {
            for n in -l..=l {
                let mut sum = Complex64::default();
                for ((g, b, a), value) in samples.indexed_iter() {
                    let d = naive::naive_wigner_d(l, m, n, grid.betas()[b]);
                    let phase = -(m as f64 * alphas[a] + n as f64 * gammas[g]);
                    let weight = measure * grid.point_weights()[b] * d;
                    sum += value * Complex64::from_polar(1.0, phase) * weight;
                }
                want[[(n + 2) as usize, l as usize, (m + 2) as usize]] = sum;
            }
        }
    }
    let got = plan.forward(samples.view()).unwrap();
    assert_close(&got, &want, tol::transform(finer));
    // Both agree with the low degrees of the coefficients.
    for ((n, l, m), value) in got.indexed_iter() {
        let kept = full[[n + 2, l, m + 2]];
        assert!((value - kept).norm() <= tol::transform(finer));
    }
}

#[test]
fn round_trips_on_every_sampling() {
    for band_limit in (1..=16).chain([32]) {
        for sampling in Sampling::ALL {
            let mut planner = WignerPlanner::new();
            let plan = planner.plan(band_limit, sampling).unwrap();
            let coeffs = random_rotation_coeffs(band_limit, false, 11);
            let samples = plan.inverse::<Complex64, _>(coeffs.view()).unwrap();
            let back = plan.forward(samples.view()).unwrap();
            assert_close(&back, &coeffs, tol::transform(band_limit));

            let coeffs = random_rotation_coeffs(band_limit, true, 12);
            let samples = plan.inverse::<f64, _>(coeffs.view()).unwrap();
            let back = plan.forward(samples.view()).unwrap();
            assert_close(&back, &coeffs, tol::transform(band_limit));
        }
    }
}

#[test]
fn finer_grids_with_chosen_numbers_of_angles() {
    let coeffs = random_rotation_coeffs(4, true, 21);
    for sampling in Sampling::ALL {
        for (finer, n_alpha, n_gamma) in [(4, 8, 7), (5, 9, 16), (9, 17, 20), (9, 32, 18)] {
            let grid = RotationGrid::with_counts(finer, sampling, n_alpha, n_gamma).unwrap();
            let plan = WignerPlanner::new().plan_on(4, &grid).unwrap();
            let want = naive_inverse(&coeffs, &grid);
            let got: Array3<Complex64> = plan.inverse(coeffs.view()).unwrap();
            assert_close(&got, &want, tol::transform(finer));
            let real = plan.inverse::<f64, _>(coeffs.view()).unwrap();
            assert_close(real.mapv(Complex64::from), &want, tol::transform(finer));
            assert_close(
                plan.forward(got.view()).unwrap(),
                &coeffs,
                tol::transform(finer),
            );
            let back = plan.forward(real.view()).unwrap();
            assert_close(&back, &coeffs, tol::transform(finer));
        }
    }
}

#[test]
fn values_at_arbitrary_rotations() {
    let rotations = [
        [0.3, 1.2, -2.0],
        [0.0, 0.0, 0.0],
        [1.0, std::f64::consts::PI, 0.5],
        [7.0, 2.9, 100.0],
    ];
    for band_limit in [1, 2, 5, 8] {
        let coeffs = random_rotation_coeffs(band_limit, false, 31);
        let got = evaluate(coeffs.view(), &rotations).unwrap();
        for (rotation, got) in rotations.into_iter().zip(got) {
            let want = naive_rotation_value(coeffs.view(), rotation);
            let scale = want.norm().max(1.0);
            assert!(
                (got - want).norm() <= tol::quadrature(band_limit) * scale,
                "{rotation:?}"
            );
        }
    }
    assert!(
        evaluate(Field::zeros((3, 2, 3)).view(), &[])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn the_haar_mean_is_the_coefficient_of_degree_zero() {
    for sampling in Sampling::ALL {
        for band_limit in [1, 2, 7] {
            let plan = WignerPlanner::new().plan(band_limit, sampling).unwrap();
            let coeffs = random_rotation_coeffs(band_limit, true, 41);
            let samples = plan.inverse::<f64, _>(coeffs.view()).unwrap();
            let mean = plan.grid().mean(samples.view()).unwrap();
            let centre = band_limit - 1;
            let want = coeffs[[centre, 0, centre]].re / (8.0 * std::f64::consts::PI.powi(2));
            assert!(
                (mean - want).abs() <= tol::transform(band_limit),
                "{mean} {want}"
            );
        }
    }
}

#[test]
fn scratch_and_output_content_never_matter() {
    let mut planner = WignerPlanner::new();
    let large = planner.plan(9, Sampling::DriscollHealy).unwrap();
    let small = planner.plan(4, Sampling::McEwenWiaux).unwrap();
    let mut scratch = large.make_scratch();
    let other = random_rotation_coeffs(9, false, 51);
    let mut big = Field::zeros(large.signal_shape());
    large
        .inverse_into(other.view(), big.view_mut(), &mut scratch)
        .unwrap();

    let coeffs = random_rotation_coeffs(4, false, 52);
    let mut samples = Field::from_elem(small.signal_shape(), Complex64::new(f64::NAN, 1.0));
    small
        .inverse_into(coeffs.view(), samples.view_mut(), &mut scratch)
        .unwrap();
    assert_eq!(samples, small.inverse(coeffs.view()).unwrap());
    let mut back = Field::from_elem(small.coeffs_shape(), Complex64::new(f64::NAN, 1.0));
    small
        .forward_into(samples.view(), back.view_mut(), &mut scratch)
        .unwrap();
    assert_eq!(back, small.forward(samples.view()).unwrap());

    // Entries outside |m|, |n| ≤ l are ignored, transposed memory is fine.
    let mut dirty = coeffs.clone();
    dirty[[0, 0, 0]] = Complex64::ONE;
    assert_eq!(
        small.inverse::<Complex64, _>(dirty.view()).unwrap(),
        samples
    );
    let transposed = samples
        .clone()
        .reversed_axes()
        .as_standard_layout()
        .into_owned();
    let back_transposed = small.forward(transposed.view().reversed_axes()).unwrap();
    assert_eq!(back_transposed, back);
}

#[test]
fn plans_are_shared_between_threads() {
    fn assert_send_sync<T: Send + Sync>(_: &T) {}
    let mut planner = WignerPlanner::new();
    let plan = planner.plan(4, Sampling::GaussLegendre).unwrap();
    assert_send_sync(&plan);
    assert!(Arc::ptr_eq(
        &plan,
        &planner.plan(4, Sampling::GaussLegendre).unwrap()
    ));
    assert!(!Arc::ptr_eq(
        &plan,
        &planner.plan(4, Sampling::DriscollHealy).unwrap()
    ));
}

#[test]
fn bad_arguments_are_errors() {
    let mut planner = WignerPlanner::new();
    for band_limit in [0, MAX_BAND_LIMIT + 1, usize::MAX] {
        let error = planner
            .plan(band_limit, Sampling::GaussLegendre)
            .unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }));
    }
    let too_few = RotationGrid::with_counts(4, Sampling::GaussLegendre, 6, 7).unwrap_err();
    assert_eq!(
        too_few.to_string(),
        "number of angles alpha: found 6, expected 7 (twice the band limit, less one) to 16384"
    );
    assert!(RotationGrid::with_counts(4, Sampling::GaussLegendre, 7, MAX_ANGLES + 1).is_err());
    let grid = RotationGrid::new(4, Sampling::GaussLegendre).unwrap();
    assert!(matches!(
        planner.plan_on(5, &grid),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        planner.plan_on(0, &grid),
        Err(Error::InvalidValue { .. })
    ));

    let plan = planner.plan(4, Sampling::GaussLegendre).unwrap();
    let mut coeffs = plan.make_coeffs();
    assert!(matches!(
        plan.inverse::<Complex64, _>(Field::zeros((7, 4, 6)).view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        plan.forward(Field::zeros((7, 8, 7)).view()),
        Err(Error::ShapeMismatch { .. })
    ));
    let scratch = &mut plan.make_scratch();
    let mut wrong = Field::zeros((1, 1, 1));
    assert!(
        plan.inverse_into(coeffs.view(), wrong.view_mut(), scratch)
            .is_err()
    );
    let samples = Field::zeros(plan.signal_shape());
    assert!(
        plan.forward_into(samples.view(), wrong.view_mut(), scratch)
            .is_err()
    );
    let not_finite = |index: [usize; 3]| Error::NotFinite {
        what: "coefficients on SO(3)".into(),
        index: index.into(),
    };
    // Of real functions orders m ≥ 0 are read, of all functions those with |m|, |n| ≤ l.
    coeffs[[5, 1, 4]] = Complex64::new(f64::INFINITY, 0.0);
    assert!(plan.inverse::<Complex64, _>(coeffs.view()).is_ok());
    coeffs[[3, 1, 2]] = Complex64::new(0.0, f64::NAN);
    assert!(plan.inverse::<f64, _>(coeffs.view()).is_ok());
    let error = plan.inverse::<Complex64, _>(coeffs.view()).unwrap_err();
    assert_eq!(error, not_finite([3, 1, 2]));
    let mut real_coeffs = plan.make_coeffs();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (n, m) in [(0, 0), (-3, 3), (3, 3), (1, 2), (2, 0), (-2, 0), (0, 3)] {
            let index = [(n + 3) as usize, 3, m + 3];
            for part in [Complex64::new(value, 0.0), Complex64::new(0.0, value)] {
                real_coeffs[index] = part;
                let error = plan.inverse::<f64, _>(real_coeffs.view()).unwrap_err();
                assert_eq!(error, not_finite(index));
                let error = plan
                    .inverse::<Complex64, _>(real_coeffs.view())
                    .unwrap_err();
                assert_eq!(error, not_finite(index));
                real_coeffs[index] = Complex64::ZERO;
            }
        }
    }
    // The one that is read is named.
    real_coeffs[[0, 3, 2]] = Complex64::new(f64::NAN, 0.0);
    real_coeffs[[4, 3, 5]] = Complex64::new(f64::NAN, 0.0);
    let error = plan.inverse::<f64, _>(real_coeffs.view()).unwrap_err();
    assert_eq!(error, not_finite([4, 3, 5]));
    // In another memory order, too.
    let mut strided = Field::zeros((7, 4, 7)).reversed_axes();
    strided[[3, 1, 2]] = Complex64::new(0.0, f64::NAN);
    assert_eq!(
        plan.inverse::<Complex64, _>(strided.view()).unwrap_err(),
        not_finite([3, 1, 2])
    );
    let mut real = Array3::zeros(plan.signal_shape());
    real[[0, 2, 5]] = f64::INFINITY;
    assert_eq!(
        plan.forward(real.view()).unwrap_err(),
        Error::NotFinite {
            what: "samples on SO(3)".into(),
            index: vec![0, 2, 5]
        }
    );
    assert!(matches!(
        plan.grid().mean(real.view()),
        Err(Error::NotFinite { .. })
    ));
    assert!(plan.grid().mean(Array3::zeros((1, 2, 3)).view()).is_err());
    let good = plan.make_coeffs();
    assert!(evaluate(good.view(), &[[0.0, f64::NAN, 0.0]]).is_err());
    assert!(evaluate(coeffs.view(), &[[0.0; 3]]).is_err());
    assert!(evaluate(Field::zeros((0, 0, 0)).view(), &[]).is_err());
}
