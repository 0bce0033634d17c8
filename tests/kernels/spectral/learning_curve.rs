//! Predicted errors.

use crate::common::naive_rotations::golden;
use crate::common::tol::spectral as tol;
use haarmonic::spectral::LearningCurve;
use ndarray::{Array0, Array1, Array2};

#[test]
fn risks_are_those_of_another_program() {
    let eigenvalues: Array1<f64> = golden("spectra.npz", "curve_eigenvalues");
    let power: Array1<f64> = golden("spectra.npz", "curve_v2");
    let tail: Array0<f64> = golden("spectra.npz", "curve_tail");
    let rows: Array2<f64> = golden("spectra.npz", "curve_rows");
    let counts: Vec<f64> = (0..eigenvalues.len()).map(|l| (2 * l + 1) as f64).collect();
    for row in rows.outer_iter() {
        let curve = LearningCurve::new(
            eigenvalues.as_slice().unwrap(),
            &counts,
            power.as_slice().unwrap(),
        )
        .unwrap()
        .with_tail(tail[()], 0.0)
        .unwrap()
        .with_ridge(row[0])
        .unwrap()
        .with_noise(row[1])
        .unwrap();
        let found = curve.at(row[2]).unwrap();
        let found = [
            found.effective_ridge,
            found.overfitting,
            found.risk,
            found.train,
        ];
        for (found, want) in found.iter().zip(row.iter().skip(3)) {
            assert!(
                (found - want).abs() <= tol::CURVE * want.abs().max(1e-3),
                "{row}: {found} {want}"
            );
        }
    }
}

/// Linear regression in many dimensions without noise: with n < d points the share n/d of a target is learned, and nothing else.
#[test]
fn linear_regression() {
    let curve = LearningCurve::new(&[1.0 / 50.0], &[50.0], &[1.0]).unwrap();
    for n in [5.0, 25.0, 49.0] {
        let found = curve.at(n).unwrap();
        assert!((found.learnability[0] - n / 50.0).abs() < tol::CURVE);
        assert!((found.risk - (1.0 - n / 50.0)).abs() < tol::CURVE);
        assert!(found.train.abs() < tol::CURVE);
    }
    // With more points than functions all is learned, and noise of variance 1 costs d/(n − d) (in the limit of many).
    let noisy = LearningCurve::new(&[1.0 / 50.0], &[50.0], &[1.0])
        .unwrap()
        .with_noise(1.0)
        .unwrap();
    let found = noisy.at(200.0).unwrap();
    assert!((found.risk - 50.0 / 150.0).abs() < tol::CURVE);
    assert!((found.train - 0.75).abs() < tol::CURVE);
    assert_eq!(curve.at(200.0).unwrap().test, 0.0);
}

#[test]
fn bad_arguments_are_named() {
    assert!(LearningCurve::new(&[], &[], &[]).is_err());
    assert!(LearningCurve::new(&[0.0], &[1.0], &[1.0]).is_err());
    assert!(LearningCurve::new(&[1.0], &[1.0, 2.0], &[1.0]).is_err());
    assert!(LearningCurve::new(&[1.0], &[1.0], &[-1.0]).is_err());
    let curve = LearningCurve::new(&[1.0], &[1.0], &[1.0]).unwrap();
    assert!(curve.at(0.0).is_err() && curve.at(f64::NAN).is_err());
    assert!(
        curve.clone().with_noise(-1.0).is_err() && curve.with_tail(f64::INFINITY, 0.0).is_err()
    );
}
