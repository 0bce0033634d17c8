//! Wigner functions: golden values, closed forms, symmetries, orthogonality, sum rules.

use crate::common::naive_rotations as naive;
use crate::common::tol::so3 as tol;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use haarmonic::Error;
use haarmonic::numeric::GaussLegendre;
use haarmonic::wigner::{MAX_DEGREE, WignerDRecursion, wigner_d, wigner_d_matrix};
use ndarray::{Array2, Ix2};
use std::f64::consts::PI;

const ANGLES: [f64; 9] = [
    0.0,
    1e-9,
    1e-3,
    0.4,
    1.1,
    PI / 2.0,
    2.3,
    3.1405926535897932,
    PI,
];

#[test]
fn golden_table_up_to_degree_300() {
    let table: Array2<f64> = naive::golden::<f64, Ix2>("wigner_d.npz", "table");
    let mut worst = 0.0_f64;
    for row in table.rows() {
        let got = wigner_d(row[0] as usize, row[1] as i64, row[2] as i64, row[3]).unwrap();
        worst = worst.max((got - row[4]).abs());
        assert!((got - row[4]).abs() <= tol::GOLDEN, "{row}: got {got}");
    }
    println!("largest error {worst:e}");
}

#[test]
fn closed_forms_up_to_degree_two() {
    for beta in ANGLES {
        let (c, s) = (beta.cos(), beta.sin());
        let r2 = 2.0_f64.sqrt();
        let forms = [
            (0, 0, 0, 1.0),
            (1, 0, 0, c),
            (1, 1, 1, (1.0 + c) / 2.0),
            (1, 1, -1, (1.0 - c) / 2.0),
            (1, 1, 0, -s / r2),
            (1, 0, 1, s / r2),
            (1, -1, 0, s / r2),
            (2, 0, 0, 1.5 * c * c - 0.5),
            (2, 1, 0, -1.5_f64.sqrt() * s * c),
            (2, 2, 0, 0.375_f64.sqrt() * s * s),
            (2, 1, 1, (1.0 + c) / 2.0 * (2.0 * c - 1.0)),
            (2, 1, -1, (1.0 - c) / 2.0 * (2.0 * c + 1.0)),
            (2, 2, 1, -(1.0 + c) / 2.0 * s),
            (2, 2, -1, -(1.0 - c) / 2.0 * s),
            (2, 2, 2, ((1.0 + c) / 2.0).powi(2)),
            (2, 2, -2, ((1.0 - c) / 2.0).powi(2)),
        ];
        for (l, m, n, want) in forms {
            let got = wigner_d(l, m, n, beta).unwrap();
            assert!(
                (got - want).abs() <= tol::wigner_d(l),
                "d^{l}_{m},{n}({beta}): {got}, want {want}"
            );
        }
    }
}

#[test]
fn agrees_with_the_factorial_sum() {
    for l in 0..=12 {
        for beta in ANGLES.into_iter().chain([-0.7, 4.0, 9.0]) {
            for m in -l..=l {
                for n in -l..=l {
                    let got = wigner_d(l as usize, m, n, beta).unwrap();
                    let want = naive::naive_wigner_d(l, m, n, beta);
                    assert!(
                        (got - want).abs() <= tol::factorial_sum(l as usize),
                        "d^{l}_{m},{n}({beta}): {got}, want {want}"
                    );
                }
            }
        }
    }
}

#[test]
fn seeds_keep_their_relative_accuracy() {
    // d^l_ll = cos^2l(β/2): at β = π/2 it is 2^-l, and with l = 900 no factor may underflow on the way.
    let got = wigner_d(600, 600, 600, PI / 2.0).unwrap();
    let want = 2.0_f64.powi(-600);
    assert_relative_eq!(got, want, epsilon = 0.0, max_relative = tol::wigner_d(600));
    // d^l_l0 squared is binom(2l, l) / 4^l at the equator: 1/2 · 3/4 · 5/6 …
    let want: f64 = (1..=3000)
        .map(|k| 1.0 - 0.5 / k as f64)
        .product::<f64>()
        .sqrt();
    let got = wigner_d(3000, 3000, 0, PI / 2.0).unwrap();
    assert!(
        (got / want - 1.0).abs() <= tol::wigner_d(3000),
        "{got} {want}"
    );
}

#[test]
fn whole_matrices_agree_with_single_values_and_are_orthogonal() {
    for l in [0, 1, 2, 3, 7, 16, 33, 150] {
        for beta in ANGLES {
            let d = wigner_d_matrix(l, beta).unwrap();
            let deviation = (&d.dot(&d.t()) - &Array2::<f64>::eye(2 * l + 1))
                .iter()
                .fold(0.0_f64, |worst, x| worst.max(x.abs()));
            assert!(
                deviation <= tol::wigner_d(l),
                "l = {l}, β = {beta}: {deviation:e}"
            );
            let span = l as i64;
            for m in (-span..=span).step_by(1 + l / 8) {
                for n in (-span..=span).step_by(1 + l / 8) {
                    let single = wigner_d(l, m, n, beta).unwrap();
                    let entry = d[[(m + span) as usize, (n + span) as usize]];
                    assert_abs_diff_eq!(single, entry, epsilon = tol::wigner_d(l));
                }
            }
        }
    }
}

#[test]
fn symmetry_about_the_equator() {
    // d_mn(π − β) = (−1)^(l+m) d_m,−n(β), with angles whose sum is π to the last bit.
    for (beta, mirrored) in [(PI / 4.0, 3.0 * PI / 4.0), (PI / 8.0, 7.0 * PI / 8.0)] {
        for (l, m, n) in [
            (3, 2, 1),
            (20, -7, 12),
            (64, 64, -1),
            (301, 150, -17),
            (300, 0, 299),
        ] {
            let sign = if (l as i64 + m) % 2 == 0 { 1.0 } else { -1.0 };
            let got = wigner_d(l, m, n, mirrored).unwrap();
            let want = sign * wigner_d(l, m, -n, beta).unwrap();
            assert!(
                (got - want).abs() <= tol::wigner_d(l),
                "{l} {m} {n}: {got} {want}"
            );
        }
    }
}

#[test]
fn orthogonality_over_the_angle() {
    // ∫ d^l_mn d^l'_mn sin β dβ = 2 δ_ll' / (2l + 1), exactly by Gauss–Legendre nodes.
    let rule = GaussLegendre::new(70).unwrap();
    for (m, n) in [(0, 0), (1, 0), (5, -3), (-20, 7), (-31, -31), (40, 64)] {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        let mut d = WignerDRecursion::new(m, n, &rule.colatitudes).unwrap();
        let first = d.degree();
        while d.degree() < 70 {
            rows.push(d.values().to_vec());
            d.advance();
        }
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                let integral: f64 = (0..70).map(|k| rule.weights[k] * a[k] * b[k]).sum();
                let want = if i == j {
                    2.0 / (2.0 * (first + i) as f64 + 1.0)
                } else {
                    0.0
                };
                assert!(
                    (integral - want).abs() <= tol::wigner_d(70),
                    "{m} {n} {i} {j}"
                );
            }
        }
    }
}

#[test]
fn row_sums_stay_one_at_high_degree() {
    // Σ_n d_mn² = 1 at l = 1000 without the matrix: all orders n of one m.
    for beta in [1e-3, 0.3, 2.0, 3.13] {
        for m in [0, 3, 700, 1000] {
            let sum: f64 = (-1000..=1000)
                .map(|n| wigner_d(1000, m, n, beta).unwrap().powi(2))
                .sum();
            assert!(
                (sum - 1.0).abs() <= tol::wigner_d(1000),
                "m = {m}, β = {beta}: {sum}"
            );
        }
    }
}

#[test]
fn bad_arguments_are_errors() {
    assert_eq!(wigner_d(1, 2, 0, 0.3), Ok(0.0));
    assert!(matches!(
        wigner_d(1, 0, 0, f64::NAN),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        wigner_d_matrix(2, f64::INFINITY),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        wigner_d(MAX_DEGREE + 1, 0, 0, 0.1),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        wigner_d(5, i64::MIN, 0, 0.1),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        wigner_d(5, 0, i64::MAX, 0.1),
        Err(Error::InvalidValue { .. })
    ));
    let error = WignerDRecursion::new(0, 0, &[0.1, f64::NAN]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "angles: NaN or infinity at index [1], expected finite values"
    );
    assert!(
        WignerDRecursion::new(3, 2, &[])
            .unwrap()
            .values()
            .is_empty()
    );
}
