//! All Wigner functions of one angle: against another recursion, the explicit sum, 400-digit values far below one; bad arguments.

use crate::common::naive_rotations as naive;
use crate::common::tol::so3 as tol;

use approx::assert_abs_diff_eq;
use haarmonic::Error;
use haarmonic::wigner::{WignerDegree, WignerDegrees, wigner_d};
use ndarray::{Array2, Ix2};
use std::f64::consts::PI;

const BETAS: [f64; 14] = [
    0.0,
    1e-200,
    1e-9,
    1e-3,
    0.05,
    0.52,
    0.53,
    1.1,
    PI / 2.0,
    2.2,
    2.7,
    3.1405926535897932,
    PI,
    -4.0,
];

fn each_degree(band_limit: usize, beta: f64, mut check: impl FnMut(WignerDegree<'_>)) {
    let mut degrees = WignerDegrees::new(band_limit, beta).unwrap();
    for l in 0..band_limit {
        let d = degrees.next_degree().unwrap();
        assert_eq!(d.degree(), l);
        check(d);
    }
    assert!(degrees.next_degree().is_none());
}

#[test]
fn agrees_with_the_factorial_sum() {
    for beta in BETAS {
        each_degree(13, beta, |d| {
            let l = d.degree() as i64;
            for m in -l..=l {
                for n in -l..=l {
                    let (got, want) = (d.value(m, n), naive::naive_wigner_d(l, m, n, beta));
                    assert!(
                        (got - want).abs() <= tol::factorial_sum(l as usize),
                        "d^{l}_{m},{n}({beta}): {got}, want {want}"
                    );
                }
            }
        });
    }
}

#[test]
fn agrees_with_single_functions() {
    for band_limit in (1..=16).chain([32, 33, 64, 65, 128]) {
        for beta in BETAS {
            each_degree(band_limit, beta, |d| {
                let l = d.degree();
                if band_limit > 33 && l + 1 != band_limit && l != band_limit / 2 {
                    return;
                }
                let span = l as i64;
                for m in (-span..=span).step_by(1 + l / 12) {
                    for n in (-span..=span).step_by(1 + l / 15) {
                        let (got, want) = (d.value(m, n), wigner_d(l, m, n, beta).unwrap());
                        assert!(
                            (got - want).abs() <= tol::wigner_d(l),
                            "d^{l}_{m},{n}({beta}): {got}, want {want}"
                        );
                    }
                }
            });
        }
    }
}

#[test]
fn stored_values_up_to_degree_300() {
    let table: Array2<f64> = naive::golden::<f64, Ix2>("wigner_d.npz", "table");
    let mut angles: Vec<f64> = table.column(3).to_vec();
    angles.sort_by(f64::total_cmp);
    angles.dedup();
    let (mut worst, mut seen) = (0.0_f64, 0);
    for beta in angles {
        each_degree(301, beta, |d| {
            let rows = table.rows().into_iter();
            for row in rows.filter(|row| row[3] == beta && row[0] == d.degree() as f64) {
                let error = (d.value(row[1] as i64, row[2] as i64) - row[4]).abs();
                assert!(error <= tol::wigner_d(d.degree()), "{row}: error {error:e}");
                worst = worst.max(error);
                seen += 1;
            }
        });
    }
    assert!(seen > 0 && seen == table.nrows(), "{seen} values compared");
    println!("largest error {worst:e}");
}

#[test]
fn tiny_functions_keep_their_relative_accuracy() {
    let text = include_str!("../../data/wigner_deep.csv");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .map(|value| value.parse().unwrap())
                .collect()
        })
        .collect();
    let mut angles: Vec<f64> = rows.iter().map(|row| row[3]).collect();
    angles.dedup();
    let (mut worst, mut seen) = (0.0_f64, 0);
    for beta in angles {
        each_degree(256, beta, |d| {
            for row in &rows {
                if row[3] == beta && row[0] == d.degree() as f64 {
                    let got = d.value(row[1] as i64, row[2] as i64);
                    let error = (got / row[4] - 1.0).abs();
                    worst = worst.max(error);
                    seen += 1;
                    assert!(
                        error <= tol::tiny_wigner_d(d.degree()),
                        "{row:?}: {got:e}, relative error {error:e}"
                    );
                }
            }
        });
    }
    assert!(seen > 0 && seen == rows.len(), "{seen} values compared");
    println!("largest relative error {worst:e}");
}

#[test]
fn matrices_and_quarters_hold_the_values() {
    for band_limit in (1..=16).chain([17, 23, 24, 25, 64, 67]) {
        for beta in [0.0, 0.3, 1.1, 2.0, 3.0, PI] {
            each_degree(band_limit, beta, |d| {
                let l = d.degree() as i64;
                let size = d.degree() + 1;
                let matrix = d.matrix();
                let mut other = Array2::from_elem((2 * size - 1, 2 * size - 1), f64::NAN);
                d.write_matrix(other.view_mut()).unwrap();
                assert_eq!(matrix, other);
                other.fill(f64::NAN);
                d.write_matrix(other.view_mut().reversed_axes()).unwrap();
                assert_eq!(matrix.t(), other);
                let mut quarter = vec![f64::NAN; size * size];
                d.write_quarter(&mut quarter).unwrap();
                for m in -l..=l {
                    for n in -l..=l {
                        let value = d.value(m, n);
                        assert_eq!(matrix[[(m + l) as usize, (n + l) as usize]], value);
                        if n.abs() <= m {
                            assert_eq!(quarter[(m * m + m + n) as usize], value);
                        }
                    }
                }
            });
        }
    }
}

#[test]
fn poles() {
    each_degree(70, 0.0, |d| {
        let matrix = d.matrix();
        for ((m, n), value) in matrix.indexed_iter() {
            if m == n {
                assert_abs_diff_eq!(*value, 1.0, epsilon = tol::wigner_d(d.degree()));
            } else {
                assert_eq!(*value, 0.0);
            }
        }
    });
    each_degree(70, PI, |d| {
        let l = d.degree() as i64;
        for m in -l..=l {
            let sign = if (l + m) % 2 == 0 { 1.0 } else { -1.0 };
            assert_abs_diff_eq!(d.value(m, -m), sign, epsilon = tol::wigner_d(d.degree()));
        }
    });
}

#[test]
fn matrices_are_orthogonal() {
    for beta in BETAS {
        each_degree(90, beta, |d| {
            if d.degree() % 11 == 0 {
                let matrix = d.matrix();
                let product = matrix.dot(&matrix.t());
                let eye = Array2::<f64>::eye(matrix.nrows());
                for (got, want) in product.iter().zip(&eye) {
                    let error = (got - want).abs();
                    assert!(
                        error <= tol::wigner_d(d.degree()),
                        "l = {}, β = {beta}: {error:e}",
                        d.degree()
                    );
                }
            }
        });
    }
}

#[test]
fn bad_arguments_are_errors() {
    assert!(matches!(
        WignerDegrees::new(0, 1.0),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        WignerDegrees::new(usize::MAX, 1.0),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        WignerDegrees::new(4, f64::NAN),
        Err(Error::NotFinite { .. })
    ));
    let mut degrees = WignerDegrees::new(2, 1.0).unwrap();
    degrees.next_degree();
    let d = degrees.next_degree().unwrap();
    let message = d.write_quarter(&mut [0.0; 3]).unwrap_err().to_string();
    assert_eq!(
        message,
        "quarter of a Wigner matrix: expected shape [4], found [3]"
    );
    let message = d
        .write_matrix(Array2::zeros((3, 2)).view_mut())
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "Wigner matrix: expected shape [3, 3], found [3, 2]"
    );
    assert_eq!(d.value(2, 0), 0.0);
    assert_eq!(d.value(0, i64::MIN), 0.0);
}
