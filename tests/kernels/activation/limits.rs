//! Closed forms against 700-digit values at hard arguments: k at and near ±sqrt(q1 q2), variances from
//! 1e-290 to 1e290.

use super::table::{Row, table};
use crate::common::tol::activation as tol;

use haarmonic::activation::{Activation, Variance};

#[test]
fn closed_forms_keep_their_digits_everywhere() {
    let rows = table();
    let mut worst = 0.0f64;
    let mut failures = Vec::new();
    for Row {
        activation,
        numbers,
    } in rows
    {
        let [q1, q2, k, value, derivative, value_scale, derivative_scale] = numbers;
        let (mut nngp, mut ntk) = ([k], [1.0]);
        let (v1, v2) = (Variance::Constant(q1), Variance::Constant(q2));
        activation
            .apply(v1, v2, &mut nngp, Some(&mut ntk))
            .unwrap_or_else(|e| panic!("{activation} {numbers:?}: {e}"));
        let tolerance = tol::recursion(activation.degree().unwrap_or(0));
        for (what, got, want, scale) in [
            ("value", nngp[0], value, value_scale),
            ("derivative", ntk[0], derivative, derivative_scale),
        ] {
            // Below the normal numbers there is no relative accuracy to keep.
            let error = (got - want).abs();
            if error.is_nan() || error > tolerance * scale + f64::MIN_POSITIVE {
                failures.push(format!(
                    "{activation} {what} at q1 = {q1:e}, q2 = {q2:e}, k = {k:e}: {got:e} for {want:e}, {:.1} ε",
                    error / scale / f64::EPSILON
                ));
            }
            if activation.degree().is_none() && scale > f64::MIN_POSITIVE {
                worst = worst.max(error / scale / f64::EPSILON);
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("largest error {worst:.1} ε");
}

#[test]
fn second_moments_are_the_diagonal() {
    for Row {
        activation,
        numbers,
    } in table()
    {
        let [q1, q2, k, value, derivative, value_scale, derivative_scale] = numbers;
        if q1 != q2 || k != q1 {
            continue;
        }
        let tolerance = tol::recursion(activation.degree().unwrap_or(0));
        let got = activation.variance(q1).unwrap();
        assert!(
            (got - value).abs() <= tolerance * value_scale,
            "{activation} {q1}"
        );
        let got = activation.derivative_variance(q1).unwrap();
        assert!(
            (got - derivative).abs() <= tolerance * derivative_scale,
            "{activation} {q1}"
        );
    }
}

/// σ(0) and the mean of the one-sided derivatives there.
#[test]
fn zero_variances_give_the_value_at_zero() {
    let cases = [
        ("relu", 0.0, 0.5),
        ("leaky-relu(0.2)", 0.0, 0.6),
        ("abs", 0.0, 0.0),
        ("erf", 0.0, 2.0 / std::f64::consts::PI.sqrt()),
        ("gelu", 0.0, 0.5),
        ("elu(0.6)", 0.0, 0.8),
        ("sin", 0.0, 1.0),
        ("cos", 1.0, 0.0),
        ("exp", 1.0, 1.0),
        ("gaussian", 1.0, 0.0),
        ("sign", 0.0, 0.0),
        ("monomial(0)", 1.0, 0.0),
        ("monomial(1)", 0.0, 1.0),
        ("monomial(3)", 0.0, 0.0),
        ("rectified-monomial(0)", 0.5, 0.0),
        ("rectified-monomial(1)", 0.0, 0.5),
        ("rectified-monomial(2)", 0.0, 0.0),
        ("hermite(2)", -(0.5f64.sqrt()), 0.0),
        ("hermite(3)", 0.0, -3.0 / 6f64.sqrt()),
    ];
    for (name, value, derivative) in cases {
        let activation: Activation = name.parse().unwrap();
        let (mut nngp, mut ntk) = ([0.0], [1.0]);
        let zero = Variance::Constant(0.0);
        activation
            .apply(zero, zero, &mut nngp, Some(&mut ntk))
            .unwrap();
        assert!(
            (nngp[0] - value * value).abs() <= tol::CLOSED_FORM,
            "{name} {}",
            nngp[0]
        );
        assert!(
            (ntk[0] - derivative * derivative).abs() <= tol::CLOSED_FORM,
            "{name} {}",
            ntk[0]
        );
        assert_eq!(activation.variance(0.0).unwrap(), nngp[0]);
        // One zero variance: the expectations factorise.
        let (mut nngp, mut ntk) = ([0.0], [1.0]);
        activation
            .apply(zero, Variance::Constant(1.7), &mut nngp, Some(&mut ntk))
            .unwrap();
        assert!(nngp[0].is_finite() && ntk[0].is_finite(), "{name}");
        if value == 0.0 {
            assert!(nngp[0].abs() <= tol::CLOSED_FORM, "{name} {}", nngp[0]);
        }
    }
}
