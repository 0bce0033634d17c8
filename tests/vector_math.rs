//! The vectorised elementary functions, densely, against the standard library and series.

#[path = "common/tol_activation.rs"]
mod tol;

use haarmonic::special::gauss_hermite::GaussHermite;
use haarmonic::special::vector_math::{asin_of_pair, exp, exp_m1, half_turn};
use std::f64::consts::{FRAC_PI_2, PI};

const SAMPLES: i32 = 200_000;

fn check(what: &str, x: f64, got: f64, want: f64) {
    let error = (got - want).abs();
    assert!(
        error <= tol::ELEMENTARY * want.abs(),
        "{what}({x:e}) = {got:e}, expected {want:e}, off by {:.1} ε",
        error / want.abs() / f64::EPSILON
    );
}

#[test]
fn exponentials() {
    for i in -SAMPLES..=SAMPLES {
        let x = 708.0 * f64::from(i) / f64::from(SAMPLES);
        check("exp", x, exp(x), x.exp());
        let x = -x.abs() / 708.0 * 50.0;
        check("exp_m1", x, exp_m1(x), x.exp_m1());
    }
    for exponent in -300..2 {
        let x = -(10f64.powi(exponent));
        check("exp_m1", x, exp_m1(x), x.exp_m1());
        check("exp", x, exp(x), x.exp());
    }
    assert_eq!((exp(0.0), exp_m1(0.0), exp_m1(-800.0)), (1.0, 0.0, -1.0));
    assert_eq!(
        (exp(800.0), exp(f64::INFINITY)),
        (f64::INFINITY, f64::INFINITY)
    );
    assert_eq!((exp(-800.0), exp(f64::NEG_INFINITY)), (0.0, 0.0));
    assert!((exp(-740.0) - (-740f64).exp()).abs() <= f64::from_bits(1));
    assert!(exp(f64::NAN).is_nan() && exp_m1(f64::NAN).is_nan());
}

#[test]
fn arc_sine_of_a_pair() {
    for i in -SAMPLES..=SAMPLES {
        let angle = FRAC_PI_2 * f64::from(i) / f64::from(SAMPLES);
        check(
            "asin_of_pair",
            angle,
            asin_of_pair(angle.sin(), angle.cos()),
            angle,
        );
    }
    for exponent in -300..0 {
        let x = 10f64.powi(exponent);
        check(
            "asin_of_pair",
            x,
            asin_of_pair(x, (1.0 - x * x).sqrt()),
            x.asin(),
        );
    }
    assert_eq!(asin_of_pair(1.0, 0.0), FRAC_PI_2);
    assert_eq!(asin_of_pair(-1.0, 0.0), -FRAC_PI_2);
    assert_eq!(asin_of_pair(0.0, 1.0), 0.0);
}

/// sin ψ − ψ cos ψ, by its series below 1.
fn lift(psi: f64) -> f64 {
    if psi > 1.0 {
        return psi.sin() - psi * psi.cos();
    }
    let (mut sum, mut term) = (0.0, psi);
    for m in 1..15 {
        let m = f64::from(m);
        term *= -psi * psi / (2.0 * m * (2.0 * m + 1.0));
        sum -= 2.0 * m * term;
    }
    sum
}

#[test]
fn half_turns() {
    let check_angle = |psi: f64| {
        let (c, sine) = (-psi.cos(), psi.sin());
        let turn = half_turn(c, sine);
        check("half_turn angle", psi, turn.angle, psi);
        let error = (turn.lift(c, sine) - lift(psi)).abs();
        // The rounding of the sine enters three times.
        assert!(error <= 3.0 * tol::ELEMENTARY * lift(psi), "lift({psi:e})");
    };
    for i in 1..SAMPLES {
        check_angle(PI * f64::from(i) / f64::from(SAMPLES));
    }
    for exponent in -100..0 {
        check_angle(10f64.powi(exponent));
    }
    assert_eq!(half_turn(-1.0, 0.0).angle, 0.0);
    assert_eq!(half_turn(1.0, 0.0).angle, PI);
    assert_eq!(half_turn(-1.0, 0.0).lift(-1.0, 0.0), 0.0);
}

/// Moments of the standard normal law: (2m − 1)!!, exact for degrees below twice the number of nodes.
#[test]
fn gauss_hermite_moments() {
    for n in (1..=40).chain([64, 100, 181, 255, 256]) {
        let rule = GaussHermite::new(n).unwrap();
        let (x, w) = (rule.nodes(), rule.weights());
        assert!(x.windows(2).all(|pair| pair[0] < pair[1]), "{n} nodes rise");
        assert!(w.iter().all(|&w| w > 0.0));
        let mut double_factorial = 1.0;
        for m in 0..n.min(20) {
            let even: f64 = x.iter().zip(w).map(|(x, w)| w * x.powi(2 * m as i32)).sum();
            let tolerance = tol::moments(n) * (m + 1) as f64;
            assert!(
                (even / double_factorial - 1.0).abs() <= tolerance,
                "n = {n}, moment {}",
                2 * m
            );
            double_factorial *= (2 * m + 1) as f64;
        }
        let first: f64 = x.iter().zip(w).map(|(x, w)| w * x).sum();
        assert!(first.abs() <= tol::moments(n));
    }
    // Known in closed form: He₃ has the roots 0 and ±√3 with weights 2/3 and 1/6.
    let rule = GaussHermite::new(3).unwrap();
    assert!((rule.nodes()[2] - 3f64.sqrt()).abs() <= tol::moments(3));
    assert!((rule.weights()[2] - 1.0 / 6.0).abs() <= tol::moments(3));
    assert!(GaussHermite::new(0).is_err() && GaussHermite::new(257).is_err());
}
