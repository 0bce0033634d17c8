//! The oracles of the transforms are right: constants, identities, values of a computation with a thousand digits.

use crate::common::harmonics_oracle;
use crate::common::tol::double_double as tol;

use crate::common::double_double::{Dd, PI, UNIT};
use crate::common::harmonics_oracle::{
    for_each_legendre, gauss_legendre, spin_harmonic, synthesis,
};
use haarmonic::numeric::GaussLegendre;
use haarmonic::wigner::wigner_d;
use ndarray::Array2;
use num_complex::Complex64;

/// A decimal number, to the last digit of a double-double.
fn parse(text: &str) -> Dd {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mut power: i32 = exponent.parse().unwrap();
    let (mut value, mut behind_point) = (Dd::ZERO, false);
    for character in digits.chars() {
        match character {
            '.' => behind_point = true,
            '-' => {}
            digit => {
                value = value * 10.0 + Dd::from(f64::from(digit.to_digit(10).unwrap()));
                power -= i32::from(behind_point);
            }
        }
    }
    for _ in 0..power.abs() {
        value = if power < 0 {
            value / 10.0
        } else {
            value * 10.0
        };
    }
    if digits.starts_with('-') {
        -value
    } else {
        value
    }
}

#[track_caller]
fn assert_near(what: &str, found: Dd, want: Dd, units: f64) {
    let error = (found - want).hi.abs() / want.hi.abs();
    assert!(
        error <= units * UNIT,
        "{what}: {found:?}, want {want:?}: {} units",
        error / UNIT
    );
}

#[test]
fn constants_to_31_digits() {
    // The angles are exact in f64. A quarter turn and a half turn leave what the angle lacks.
    let sine = |angle: f64| Dd::from(angle).sin_cos().0;
    let cosine = |angle: f64| Dd::from(angle).sin_cos().1;
    for (what, found, want) in [
        (
            "root of 2",
            Dd::from(2.0).sqrt(),
            "1.41421356237309504880168872420969807857",
        ),
        (
            "sin 1",
            sine(1.0),
            "0.8414709848078965066525023216302989996226",
        ),
        (
            "cos 1",
            cosine(1.0),
            "0.5403023058681397174009366074429766037323",
        ),
        (
            "sin 5.5",
            sine(5.5),
            "-0.7055403255703919062319191755220700788473",
        ),
        (
            "cos 5.5",
            cosine(5.5),
            "0.7086697742912600000274211813258437349878",
        ),
        (
            "sin -5.5",
            sine(-5.5),
            "0.7055403255703919062319191755220700788473",
        ),
        (
            "sin 2^-10",
            sine(0.0009765625),
            "0.0009765623447795782989069101681197863668024",
        ),
        (
            "sin of the f64 π",
            sine(PI.hi),
            "1.224646799147353177226065932274997997083e-16",
        ),
        (
            "cos of the f64 π/2",
            cosine(0.5 * PI.hi),
            "6.12323399573676588613032966137500146464e-17",
        ),
    ] {
        assert_near(what, found, parse(want), tol::DD_CONSTANT);
    }
}

#[test]
fn arithmetic_keeps_106_bits() {
    let third = Dd::ONE / 3.0;
    assert_near("3 / 3", third * 3.0, Dd::ONE, tol::DD_OPERATION);
    for i in 1..200 {
        let a = (Dd::from(f64::from(i)) / 7.0).sqrt();
        let b = Dd::from(f64::from(3 * i - 400)) / 11.0;
        assert_near("(a b) / b", a * b / b, a, tol::DD_OPERATION);
        assert_near(
            "root",
            a * a,
            Dd::from(f64::from(i)) / 7.0,
            tol::DD_OPERATION,
        );
        // (a + b)(a − b) = a² − b², on the scale of the squares
        let error = ((a + b) * (a - b) - (a * a - b * b)).hi.abs();
        assert!(error <= tol::DD_OPERATION * UNIT * (a * a + b * b).hi);
        let (sin, cos) = b.sin_cos();
        assert_near(
            "sin² + cos²",
            sin * sin + cos * cos,
            Dd::ONE,
            tol::DD_OPERATION,
        );
        let (twice, _) = (b * 2.0).sin_cos();
        let error = (twice - sin * cos * 2.0).hi.abs();
        assert!(
            error <= tol::DD_ANGLE * UNIT * (1.0 + b.hi.abs()),
            "{i} {error:e}"
        );
    }
}

/// By explicit sums with up to 1500 digits (mpmath 1.4.1).
#[test]
fn wigner_functions_have_28_digits() {
    for (l, m, n, beta, want) in [
        (3, 2, -1, 0.7, "-0.197285461796171191771220256412835714"),
        (20, -13, 5, 2.5, "-0.123439062276935354230667696813348498"),
        (
            60,
            60,
            -7,
            1.25,
            "-0.000789950295272109520916888609503442709",
        ),
        (150, 40, -90, 1.0, "-0.107491940489227863148106572510802326"),
        (
            300,
            -300,
            -2,
            1.5,
            "0.0973222330420542083495296387737394807",
        ),
        (300, 7, 11, 3.0, "-0.00856541924524168429985697188363660859"),
    ] {
        let values = harmonics_oracle::wigner_d(l + 1, m, n, Dd::from(beta));
        let what = format!("d^{l}_{{{m},{n}}}({beta})");
        assert_near(
            &what,
            *values.last().unwrap(),
            parse(want),
            tol::dd_recursion(l),
        );
        let found = wigner_d(l, m, n, beta).unwrap();
        let error = (found - values.last().unwrap().round()).abs();
        assert!(error <= tol::wigner(l), "{what}: {error:e}");
    }
}

#[test]
fn legendre_functions_have_28_digits() {
    for (l, m, angle, want) in [
        (5, 3, 0.5, "-0.226111815043004765196614296923719757"),
        (100, 0, 0.25, "0.446727541486519996737872029787348131"),
        (400, 399, 1.0, "-2.5243051096647853061190278118644359e-29"),
        (1000, 500, 1.0, "0.363297706106199144318500124073803146"),
        (
            1000,
            1000,
            1.25,
            "3.06110106277599663713985058044786733e-23",
        ),
        (
            1500,
            1200,
            0.875,
            "0.000000114171030107582868590027871824190434",
        ),
        (2000, 3, 0.0078125, "2.00454722660329436820316508622608909"),
    ] {
        let mut found = Dd::ZERO;
        let keep = |_: usize, degree: usize, _: usize, value: Dd| {
            if degree == l {
                found = value;
            }
        };
        for_each_legendre(l + 1, &[Dd::from(angle)], |order| order == m, keep);
        let what = format!("P_{l},{m}({angle})");
        assert_near(&what, found, parse(want), tol::dd_recursion(l));
    }
}

#[test]
fn both_recursions_agree_and_squares_add_up() {
    let band_limit = 90;
    for angle in [1e-3, 0.4, 1.3, 2.0, 3.1] {
        let angle = Dd::from(angle);
        let mut squares = vec![Dd::ZERO; band_limit];
        let mut all = Vec::new();
        for_each_legendre(
            band_limit,
            &[angle],
            |_| true,
            |m, l, _, value| {
                let twice = if m == 0 { 1.0 } else { 2.0 };
                squares[l] += value * value * twice;
                all.push((m, l, value));
            },
        );
        for (l, square) in squares.into_iter().enumerate() {
            let want = Dd::from((2 * l + 1) as f64) / (PI * 4.0);
            assert_near("addition theorem", square, want, tol::dd_recursion(l));
        }
        for (m, l, value) in all {
            // Spin 0 from the other recursion.
            let other = spin_harmonic(l + 1, 0, m as i64, angle).pop().unwrap();
            let error = (value - other).hi.abs();
            assert!(error <= tol::dd_recursion(l) * UNIT, "{l} {m}: {error:e}");
        }
    }
    // Rows of d^l have length 1, for every second index, by an angle in each half.
    for (l, m, beta) in [(1, 1, 0.8), (7, -3, 2.9), (40, 0, 0.01), (63, 63, 1.5)] {
        let mut sum = Dd::ZERO;
        for n in -(l as i64)..=l as i64 {
            let value = *harmonics_oracle::wigner_d(l + 1, m, n, Dd::from(beta))
                .last()
                .unwrap();
            sum += value * value;
            let found = wigner_d(l, m, n, beta).unwrap();
            let error = (found - value.round()).abs();
            assert!(
                error <= tol::wigner(l),
                "d^{l}_{{{m},{n}}}({beta}): {error:e}"
            );
        }
        assert_near("row", sum, Dd::ONE, tol::dd_recursion(l));
    }
}

#[test]
fn sums_and_nodes_are_those_of_closed_forms() {
    // f = 1 + sin θ e^{iφ} = √(4π) Y_00 − √(8π/3) Y_11, and its mirror in m.
    let mut coeffs = Array2::zeros((3, 5));
    coeffs[[0, 2]] = Complex64::from((4.0 * std::f64::consts::PI).sqrt());
    coeffs[[1, 3]] = Complex64::from(-(8.0 * std::f64::consts::PI / 3.0).sqrt());
    coeffs[[1, 1]] = Complex64::new(0.0, (8.0 * std::f64::consts::PI / 3.0).sqrt());
    let angles = [0.3, 1.9];
    let found = synthesis(coeffs.view(), &angles.map(Dd::from), 7);
    for ((ring, p), found) in found.indexed_iter() {
        let phi = std::f64::consts::TAU * p as f64 / 7.0;
        let want =
            1.0 + angles[ring].sin() * (Complex64::cis(phi) + Complex64::I * Complex64::cis(-phi));
        assert!(
            (found.round() - want).norm() <= tol::CLOSED_FORM,
            "{found:?} {want}"
        );
    }
    for n in [1, 2, 5, 64, 301] {
        let rule = GaussLegendre::new(n).unwrap();
        let exact = gauss_legendre(&rule.colatitudes);
        let (mut mass, mut moment) = (Dd::ZERO, Dd::ZERO);
        for (i, (angle, weight)) in exact.iter().enumerate() {
            let (_, cos) = angle.sin_cos();
            mass += *weight;
            moment += *weight * cos * cos;
            let error = (*angle - Dd::from(rule.colatitudes[i])).hi.abs();
            assert!(error <= tol::NODE * angle.hi, "angle {i} of {n}: {error:e}");
            let error = (*weight - Dd::from(rule.weights[i])).hi.abs();
            assert!(
                error <= tol::NODE * weight.hi,
                "weight {i} of {n}: {error:e}"
            );
        }
        assert_near("mass", mass, Dd::from(2.0), tol::dd_recursion(n));
        if n > 1 {
            assert_near("moment", moment, Dd::from(2.0) / 3.0, tol::dd_recursion(n));
        }
    }
}
