//! Acquisition functions against quadrature, far into the tail.

use crate::common::tol::predict as tol;
use haarmonic::Error;
use haarmonic::numeric::GaussLegendre;
use haarmonic::predict::Marginals;
use haarmonic::predict::acquisition::{
    Goal, confidence_bound, expected_improvement, log_expected_improvement,
};
use ndarray::{Array2, Axis, array};
use std::f64::consts::TAU;

fn one(mean: f64, variance: f64) -> Marginals {
    Marginals {
        mean: array![[mean]],
        variance: array![variance],
    }
}

/// ∫_a^b by pieces of 40 nodes.
fn integral(a: f64, b: f64, pieces: usize, f: impl Fn(f64) -> f64) -> f64 {
    let rule = GaussLegendre::new(40).unwrap();
    let width = (b - a) / pieces as f64;
    let piece = |k: usize| {
        let middle = a + (k as f64 + 0.5) * width;
        let nodes = rule.colatitudes.iter().zip(&rule.weights);
        nodes
            .map(|(c, w)| w * f(middle + 0.5 * width * c.cos()))
            .sum::<f64>()
            * 0.5
            * width
    };
    (0..pieces).map(piece).sum()
}

/// ln E max(z + Z, 0) = −z²/2 − ln √(2π) + ln ∫_0^∞ v exp(−v²/2 + z v) dv.
fn log_improvement(z: f64) -> f64 {
    if z > 0.0 {
        // The density is around v = z, so that the square is completed.
        let inner = integral(0.0, z + 40.0, 100, |v| v * (-0.5 * (v - z).powi(2)).exp());
        return inner.ln() - 0.5 * TAU.ln();
    }
    // Its width is 1/|z| in the tail.
    let scale = 1.0 / (1.0 - z);
    let inner = integral(0.0, 60.0, 100, |w| {
        let v = w * scale;
        w * (-0.5 * v * v + z * v).exp()
    });
    -0.5 * z * z - 0.5 * TAU.ln() + (inner * scale * scale).ln()
}

#[test]
fn improvements_are_their_integrals() {
    let z = [
        -1e5,
        -3000.0,
        -100.0,
        -38.0,
        -20.0,
        -7.0,
        -3.0,
        -2.0 - 1e-9,
        -2.0,
        -1.0,
        -0.1,
        0.0,
        0.3,
        2.0,
        9.0,
    ];
    for z in z {
        for deviation in [1e-3, 1.0, 50.0] {
            let found = one(4.0 + z * deviation, deviation * deviation);
            // As the sum was rounded.
            let z = (found.mean[[0, 0]] - 4.0) / deviation;
            let want = log_improvement(z) + deviation.ln();
            let tolerance = tol::improvement(z);
            let log = log_expected_improvement(&found, 4.0, Goal::Maximum).unwrap()[[0, 0]];
            assert!(
                (log - want).abs() <= tolerance * (1.0 + deviation.ln().abs()),
                "{z}: {log} {want}"
            );
            if z > -37.0 {
                let plain = expected_improvement(&found, 4.0, Goal::Maximum).unwrap()[[0, 0]];
                assert!(
                    (plain.ln() - want).abs() <= tolerance * (1.0 + deviation.ln().abs()),
                    "{z}"
                );
            }
            // The minimum of −f is the maximum of f.
            let mirrored = one(-found.mean[[0, 0]], found.variance[0]);
            let minimum = log_expected_improvement(&mirrored, -4.0, Goal::Minimum).unwrap();
            assert_eq!(minimum[[0, 0]], log);
        }
    }
}

#[test]
fn points_without_variance_and_outputs_of_all_sizes() {
    let found = Marginals {
        mean: array![[3.0, 1.0], [1e300, -1e300], [2.0, 2.0]],
        variance: array![0.0, 1e-200, 4.0],
    };
    let improvement = expected_improvement(&found, 2.0, Goal::Maximum).unwrap();
    let far = 2.0 / TAU.sqrt();
    assert_eq!(
        improvement.slice_axis(Axis(0), (..2).into()),
        array![[1.0, 0.0], [1e300, 0.0]]
    );
    assert!(
        (improvement[[2, 0]] - far).abs() <= tol::exact()
            && improvement[[2, 1]] == improvement[[2, 0]]
    );
    let log = log_expected_improvement(&found, 2.0, Goal::Maximum).unwrap();
    assert_eq!(log.row(0), array![0.0, f64::NEG_INFINITY]);
    assert!(log.iter().all(|value| !value.is_nan()));
    let bound = |goal| confidence_bound(&found, 1.5, goal).unwrap();
    assert_eq!(bound(Goal::Maximum).row(2), array![5.0, 5.0]);
    assert_eq!(bound(Goal::Minimum).row(2), array![-1.0, -1.0]);
    assert_eq!(bound(Goal::Minimum)[[0, 0]], 3.0);
}

#[test]
fn bad_predictions_are_refused() {
    type Function = fn(&Marginals, f64) -> haarmonic::Result<Array2<f64>>;
    let functions: [Function; 2] = [
        |found, best| expected_improvement(found, best, Goal::Maximum),
        |found, best| log_expected_improvement(found, best, Goal::Minimum),
    ];
    for function in functions {
        assert!(matches!(
            function(&one(0.0, -1e-9), 0.0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            function(&one(f64::NAN, 1.0), 0.0),
            Err(Error::NotFinite { .. })
        ));
        assert!(matches!(
            function(&one(0.0, f64::INFINITY), 0.0),
            Err(Error::NotFinite { .. })
        ));
        assert!(matches!(
            function(&one(0.0, 1.0), f64::NAN),
            Err(Error::InvalidValue { .. })
        ));
        let uneven = Marginals {
            mean: array![[1.0], [2.0]],
            variance: array![1.0],
        };
        assert!(matches!(
            function(&uneven, 0.0),
            Err(Error::ShapeMismatch { .. })
        ));
    }
    for deviations in [-1.0, f64::NAN] {
        let result = confidence_bound(&one(0.0, 1.0), deviations, Goal::Maximum);
        assert!(matches!(result, Err(Error::InvalidValue { .. })));
    }
    let result = confidence_bound(&one(1e308, 1e300), 1e200, Goal::Maximum);
    assert!(matches!(result, Err(Error::NotFinite { .. })));
}
