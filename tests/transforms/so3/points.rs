//! Values at arbitrary rotations against sums with 40 digits, direct sums, and the adjoint identity; total convolution.

use crate::common::tol::points as tol;
use haarmonic::Error;
use haarmonic::so3::{WignerPointPlan, correlation_coefficients, evaluate, total_convolution};
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, Axis, array};
use ndarray_npy::NpzReader;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::fs::File;

fn golden() -> NpzReader<File> {
    NpzReader::new(File::open("tests/data/points.npz").unwrap()).unwrap()
}

/// The root mean square over all rotations, whose mass is 8π².
fn size(coeffs: ArrayView3<'_, Complex64>) -> f64 {
    let power: f64 = coeffs
        .indexed_iter()
        .map(|((_, l, _), c)| (2 * l + 1) as f64 * c.norm_sqr())
        .sum();
    power.sqrt() / (8.0 * PI * PI)
}

fn assert_within(found: &Array1<Complex64>, want: &[Complex64], bound: f64) {
    let errors = found
        .iter()
        .zip(want.iter().cycle())
        .map(|(f, w)| (f - w).norm());
    let largest = errors.fold(0.0_f64, |a, e| if e.is_nan() { f64::NAN } else { a.max(e) });
    assert!(largest <= bound, "{largest:e} > {bound:e}");
}

/// Rotations of a file, many times over: enough for the fine grid.
fn repeated(few: ArrayView2<'_, f64>, count: usize) -> Array2<f64> {
    Array2::from_shape_fn((count, 3), |(i, k)| few[[i % few.nrows(), k]])
}

#[test]
fn golden_values() {
    let mut file = golden();
    let coeffs: Array3<Complex64> = file.by_name("so3_coeffs").unwrap();
    let rotations: Array2<f64> = file.by_name("so3_rotations").unwrap();
    let want: Array1<Complex64> = file.by_name("so3_values").unwrap();
    for count in [40, 8000] {
        let rotations = repeated(rotations.view(), count);
        for tolerance in [1e-4, 1e-8, 1e-12] {
            let plan = WignerPointPlan::with_tolerance(rotations.view(), 12, 4, tolerance).unwrap();
            let values: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
            let bound = tol::LARGEST * tolerance + tol::rounding(12);
            assert_within(
                &values,
                want.as_slice().unwrap(),
                bound * size(coeffs.view()),
            );
        }
    }
}

#[test]
fn golden_total_convolution() {
    let mut file = golden();
    let [sky, beam] = ["sky", "beam"]
        .map(|name| -> Array2<Complex64> { file.by_name(&format!("convolution_{name}")).unwrap() });
    let want: Array1<f64> = file.by_name("convolution_values").unwrap();
    let rotations: Array2<f64> = file.by_name("so3_rotations").unwrap();
    let coeffs = total_convolution(sky.view(), beam.view(), 12).unwrap();
    let (b, s) = (
        beam.view().insert_axis(Axis(0)),
        sky.view().insert_axis(Axis(0)),
    );
    let correlation = correlation_coefficients(b, s).unwrap();
    for (found, want) in coeffs.iter().zip(&correlation) {
        assert!((found - 4.0 * PI * want).norm() <= tol::rounding(1) * found.norm());
    }
    let plan = WignerPointPlan::new(rotations.view(), 12, 12).unwrap();
    let values: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
    let bound = tol::LARGEST * 1e-12 + tol::rounding(12);
    let want: Vec<Complex64> = want.iter().map(|w| Complex64::from(*w)).collect();
    assert_within(
        &values.mapv(Complex64::from),
        &want,
        bound * size(coeffs.view()),
    );
}

fn random(order_limit: usize, limit: usize, real: bool, seed: u64) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let shape = (2 * order_limit - 1, limit, 2 * limit - 1);
    let mut coeffs = Array3::from_shape_fn(shape, |(i, l, k)| {
        let (m, n) = (k.abs_diff(limit - 1), i.abs_diff(order_limit - 1));
        let value = Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5);
        if m > l || n > l {
            Complex64::ZERO
        } else {
            value
        }
    });
    if real {
        let copy = coeffs.clone();
        let (orders, _, width) = shape;
        for ((i, l, k), value) in coeffs.indexed_iter_mut() {
            let sign = if (i + order_limit + k + limit).is_multiple_of(2) {
                1.0
            } else {
                -1.0
            };
            *value = 0.5 * (*value + sign * copy[[orders - 1 - i, l, width - 1 - k]].conj());
        }
    }
    coeffs
}

/// Angles of all sizes and signs, both poles.
fn angles(count: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut angles = Array2::zeros((count, 3));
    angles.mapv_inplace(|_: f64| 20.0 * rng.random::<f64>() - 10.0);
    for (mut row, special) in angles.rows_mut().into_iter().zip([
        [0.0, 0.0, 0.0],
        [1.0, PI, -0.0],
        [1.0, -PI, 2.0],
        [-3.0, 2.0 * PI, 0.5],
        [1e9, -1e-9, -1e9],
    ]) {
        for (slot, value) in row.iter_mut().zip(special) {
            *slot = value;
        }
    }
    angles
}

#[test]
fn direct_sums_and_real_functions() {
    for (limit, order_limit) in [(1, 1), (2, 2), (6, 6), (9, 3)] {
        for real in [false, true] {
            let coeffs = random(order_limit, limit, real, 3);
            let mut all = Array3::zeros((2 * limit - 1, limit, 2 * limit - 1));
            for i in 0..2 * order_limit - 1 {
                all.index_axis_mut(Axis(0), i + limit - order_limit)
                    .assign(&coeffs.index_axis(Axis(0), i));
            }
            for count in [20, 4000] {
                let rotations = angles(count, 4);
                let rows: Vec<[f64; 3]> = rotations
                    .rows()
                    .into_iter()
                    .map(|r| [r[0], r[1], r[2]])
                    .collect();
                let want = evaluate(all.view(), &rows).unwrap();
                let plan = WignerPointPlan::new(rotations.view(), limit, order_limit).unwrap();
                let bound = (tol::LARGEST * 1e-12 + tol::rounding(limit)) * size(coeffs.view());
                let values: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
                assert_within(&values, &want, bound);
                if real {
                    let values: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
                    assert_within(&values.mapv(Complex64::from), &want, bound);
                }
            }
        }
    }
}

#[test]
fn adjoint_identity_and_threads() {
    let (limit, order_limit, count) = (16, 4, 3000);
    let plan =
        WignerPointPlan::with_tolerance(angles(count, 1).view(), limit, order_limit, 1e-5).unwrap();
    let scratch = &mut plan.make_scratch();
    let parallel = &mut plan.make_parallel_scratch();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for real in [false, true] {
        let x = random(order_limit, limit, real, 5);
        let mut y = Array1::from_elem(count, Complex64::ZERO);
        y.mapv_inplace(|_| {
            Complex64::new(
                rng.random::<f64>() - 0.5,
                if real { 0.0 } else { rng.random::<f64>() - 0.5 },
            )
        });
        let ax: Array1<Complex64> = plan.inverse(x.view()).unwrap();
        let mut ay = Array3::zeros(plan.coeffs_shape());
        if real {
            let y = y.mapv(|y| y.re);
            plan.inverse_adjoint_into(y.view(), ay.view_mut(), scratch)
                .unwrap();
        } else {
            plan.inverse_adjoint_into(y.view(), ay.view_mut(), scratch)
                .unwrap();
            let mut again = Array3::zeros(plan.coeffs_shape());
            plan.inverse_adjoint_into(y.view(), again.view_mut(), parallel)
                .unwrap();
            assert_eq!(again, ay);
        }
        let left: Complex64 = ax.iter().zip(&y).map(|(a, y)| a.conj() * y).sum();
        let right: Complex64 = x.iter().zip(&ay).map(|(x, a)| x.conj() * a).sum();
        let norm = |v: &Array1<Complex64>| v.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
        let error = (left - right).norm();
        assert!(
            error <= tol::adjoint(count) * norm(&ax) * norm(&y),
            "{error:e}"
        );
    }
}

#[test]
fn bad_input_is_refused() {
    let one = array![[0.1, 0.2, 0.3]];
    assert!(WignerPointPlan::new(one.view(), 4, 5).is_err());
    assert!(WignerPointPlan::new(one.view(), 0, 0).is_err());
    assert!(WignerPointPlan::new(array![[0.1, 0.2]].view(), 4, 2).is_err());
    assert!(WignerPointPlan::new(array![[0.1, f64::NAN, 0.0]].view(), 4, 2).is_err());
    assert!(WignerPointPlan::new(Array2::zeros((0, 3)).view(), 4, 2).is_err());
    let plan = WignerPointPlan::new(one.view(), 4, 2).unwrap();
    let mut coeffs = Array3::zeros(plan.coeffs_shape());
    coeffs[[0, 0, 0]] = Complex64::new(f64::NAN, 0.0);
    let values = plan.inverse::<f64, _>(coeffs.view());
    assert!(matches!(values, Err(Error::NotFinite { .. })));
    let values = plan.inverse::<f64, _>(Array3::zeros((3, 4, 6)).view());
    assert!(matches!(values, Err(Error::ShapeMismatch { .. })));
    let sky = Array2::zeros((4, 7));
    assert!(total_convolution(sky.view(), Array2::zeros((3, 5)).view(), 2).is_err());
    assert!(total_convolution(sky.view(), sky.view(), 5).is_err());
}
