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
        let parts: f64 = found.mode_risk.iter().sum();
        assert!((parts - found.risk).abs() <= tol::CURVE * found.risk.max(1e-3));
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

/// Linear regression on many points without noise: of a function with power the missing part, of one without what the fit adds.
#[test]
fn risks_have_their_parts() {
    let curve = LearningCurve::new(&[0.02, 0.02], &[20.0, 30.0], &[1.0, 0.0]).unwrap();
    let found = curve.at(10.0).unwrap();
    // With the share 1/5: test = 1 − 1/5, missing (4/5)², added 20 and 30 times (1/5)² · test/10.
    let want = [0.64 + 20.0 * 0.04 * 0.08, 30.0 * 0.04 * 0.08];
    for (found, want) in found.mode_risk.iter().zip(want) {
        assert!((found - want).abs() < tol::CURVE, "{found} {want}");
    }
}

#[test]
fn functions_are_learned_one_after_the_other() {
    let curve = LearningCurve::new(&[0.5, 0.01, 0.0], &[1.0, 3.0, 5.0], &[1.0; 3]).unwrap();
    let times = curve.half_times();
    assert_eq!(times[2], f64::INFINITY);
    for (i, &time) in times.iter().enumerate().take(2) {
        let learned = curve.learned_by(time).unwrap();
        assert!((learned[i] - 0.5).abs() < tol::CURVE);
        assert_eq!(learned[2], 0.0);
    }
    // Small times without cancellation.
    let learned = curve.learned_by(1e-12).unwrap();
    assert!((learned[0] / 0.5e-12 - 1.0).abs() < tol::CURVE);
    assert!(curve.learned_by(-1.0).is_err() && curve.learned_by(f64::NAN).is_err());
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
