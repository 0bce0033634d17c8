//! Exact symbols: a table of another program, their text, and the symbols in double precision.

use crate::common::close::{assert_absolutely_close, assert_entries_close};
use crate::common::tol::so3 as tol;

use haarmonic::wigner::{HarmonicBasis, WignerFamily, clebsch_gordan, exact, wigner_6j};

#[test]
fn exact_table() {
    for line in include_str!("../../data/symbols.csv").lines().skip(1) {
        let words: Vec<&str> = line.split(',').collect();
        let n: Vec<i64> = words[1..7]
            .iter()
            .map(|word| word.parse().unwrap())
            .collect();
        let unsigned = |i: usize| [n[i] as usize, n[i + 1] as usize, n[i + 2] as usize];
        let found = match words[0] {
            "3" => exact::wigner_3j(unsigned(0), [n[3], n[4], n[5]]),
            _ => exact::wigner_6j(unsigned(0), unsigned(3)),
        }
        .unwrap();
        let square = found.square();
        let [p, q] = [square.numer(), square.denom()].map(|number| number.to_string());
        assert_eq!(
            [&*found.signum().to_string(), &p, &q],
            words[7..10],
            "{line}"
        );
        let [sign, p, q] = [7, 8, 9].map(|i| words[i].parse::<f64>().unwrap());
        assert_entries_close(line, [found.to_f64()], [sign * (p / q).sqrt()], tol::EXACT);
    }
}

#[test]
fn text() {
    let three_j = |degrees, orders| exact::wigner_3j(degrees, orders).unwrap().to_string();
    assert_eq!(three_j([2, 2, 2], [0, 0, 0]), "-sqrt(2/35)");
    assert_eq!(three_j([1, 1, 0], [0, 0, 0]), "-sqrt(1/3)");
    assert_eq!(three_j([0, 0, 0], [0, 0, 0]), "1");
    assert_eq!(three_j([1, 1, 1], [0, 0, 0]), "0");
    assert_eq!(three_j([6, 6, 6], [0, 0, 0]), "-sqrt(400/46189)");
    let coupled = |degrees, orders| exact::clebsch_gordan(degrees, orders).unwrap().to_string();
    assert_eq!(coupled([1, 1, 2], [1, 1, 2]), "1");
    assert_eq!(coupled([2, 2, 2], [0, 0, 0]), "-sqrt(2/7)");
    assert_eq!(
        format!("{:>6}", exact::wigner_3j([1, 1, 1], [0; 3]).unwrap()),
        "     0"
    );
}

/// Whole families in double precision against exact values up to degree 220, and far below the range of numbers.
#[test]
fn families_in_double_precision() {
    let mut family = WignerFamily::new();
    for (degrees, orders, step) in [
        ([3, 5], [1, -4], 1),
        ([30, 30], [0, 0], 3),
        ([100, 120], [3, -40], 17),
        ([100, 100], [-99, 98], 17),
        ([90, 20], [-60, 20], 5),
    ] {
        family.three_j_over_degrees(degrees, orders).unwrap();
        let largest = family.values().iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let order = -orders[0] - orders[1];
        for (l, value) in (family.first()..).zip(family.values()).step_by(step) {
            let want = exact::wigner_3j(
                [l as usize, degrees[0], degrees[1]],
                [order, orders[0], orders[1]],
            );
            let want = want.unwrap().to_f64();
            let allowed = tol::symbol(220);
            assert_absolutely_close(
                format!("{degrees:?} {orders:?} {l}"),
                [*value],
                [want],
                allowed * largest,
            );
        }
    }
    for (upper, lower) in [([40, 50, 60], [55, 45, 35]), ([80, 3, 79], [2, 70, 71])] {
        let want = exact::wigner_6j(upper, lower).unwrap().to_f64();
        let found = wigner_6j(upper, lower).unwrap();
        assert_absolutely_close(
            format!("{upper:?} {lower:?}"),
            [found],
            [want],
            tol::symbol(80) / 80.0,
        );
    }
    let found = clebsch_gordan(HarmonicBasis::Complex, [7, 5, 4], [3, -2, 1]).unwrap();
    let want = exact::clebsch_gordan([7, 5, 4], [3, -2, 1])
        .unwrap()
        .to_f64();
    assert_absolutely_close("Clebsch-Gordan", [found], [want], tol::symbol(7));
    // Its square is far below the range, the symbol itself is not; then both are.
    let small = exact::wigner_3j([500, 500, 1000], [500, -500, 0]).unwrap();
    let digits = small.square().denom().to_string().len() as f64;
    assert!(small.to_f64() != 0.0 && small.to_f64().abs().log10() < -digits / 2.0 + 2.0);
    let tiny = exact::wigner_3j([1500, 1500, 3000], [1500, -1500, 0]).unwrap();
    assert_eq!((tiny.to_f64().abs(), tiny.signum().abs()), (0.0, 1));
}

#[test]
fn large_degrees_are_refused() {
    let error = exact::wigner_3j([1, 1, exact::MAX_EXACT_DEGREE + 1], [0; 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "degree of an exact Wigner symbol: found 4097, expected 0 to 4096"
    );
    assert!(exact::wigner_6j([1; 3], [usize::MAX; 3]).is_err());
    assert!(exact::clebsch_gordan([1; 3], [i64::MAX, 0, 0]).is_err());
}
