//! Coefficients that healpy and astropy wrote.

use haarmonic::data::fits::{read_coefficients, read_coefficients_of};
use num_complex::Complex64;

use super::forge::{doubles, table};
use super::{message, stored};

/// The degrees and orders m ≥ 0 below a limit, order by order.
fn half(limit: usize) -> Vec<(usize, usize)> {
    (0..limit)
        .flat_map(|m| (m..limit).map(move |l| (l, m)))
        .collect()
}

/// The value that `make.py` gives a coefficient.
fn expected(component: usize, l: usize, m: usize) -> Complex64 {
    let c = component as f64;
    Complex64::new(c + l as f64 / 4.0, m as f64 * (1.5 + c))
}

#[test]
fn three_components() {
    let path = stored("alm_teb.fits");
    let teb = read_coefficients(&path).unwrap();
    assert_eq!(
        (teb.band_limit, teb.order_limit, teb.values.nrows()),
        (4, 4, 3)
    );
    for component in 0..3 {
        for (place, (l, m)) in half(4).into_iter().enumerate() {
            let found = teb.values[[component, place]];
            assert_eq!(found, expected(component, l, m), "{component}: {l}, {m}");
        }
    }
    // In any order, and one twice.
    let some = read_coefficients_of(&path, &[3, 1, 3]).unwrap();
    for (row, component) in [2, 0, 2].into_iter().enumerate() {
        assert_eq!(some.values.row(row), teb.values.row(component));
    }
    assert_eq!(
        message(&path, read_coefficients_of(&path, &[4])),
        "HDU 4: missing in the file, whose last one is HDU 3"
    );
}

#[test]
fn few_orders_and_sparse_lists() {
    let few = read_coefficients(stored("alm_mmax1_f32.fits")).unwrap();
    assert_eq!((few.band_limit, few.order_limit), (4, 2));
    for (place, (l, m)) in half(4).into_iter().enumerate() {
        let wanted = if m < 2 {
            expected(0, l, m)
        } else {
            Complex64::ZERO
        };
        assert_eq!(few.values[[0, place]], wanted);
    }
    let sparse = read_coefficients(stored("alm_sparse.fits")).unwrap();
    assert_eq!((sparse.band_limit, sparse.order_limit), (6, 3));
    for (place, lm) in half(6).into_iter().enumerate() {
        let wanted = match lm {
            (2, 2) => Complex64::new(1.0, 2.0),
            (0, 0) => Complex64::new(5.0, 0.0),
            (4, 1) => Complex64::new(0.0, -1.0),
            _ => Complex64::ZERO,
        };
        assert_eq!(sparse.values[[0, place]], wanted, "{lm:?}");
    }
}

#[test]
fn rows_that_are_no_coefficients() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alm.fits");
    let columns = [
        "TTYPE1  = 'index'",
        "TFORM1  = 'D'",
        "TFORM2  = 'D'",
        "TFORM3  = 'D'",
    ];
    let read = |rows: &[f64], more: &[&str]| {
        let cards = [&columns, more].concat();
        let count = (rows.len() / 3).to_string();
        let data = doubles(rows.iter().copied());
        std::fs::write(&path, table("24", &count, "3", &cards, &data)).unwrap();
        message(&path, read_coefficients(&path))
    };
    let entry = "column \"index\" of HDU 1, entry 0: found";
    // l = 1, m = -1; no degree; a fraction; NaN; too large for any memory.
    for bad in [2.0, 0.0, -3.0, 1.5, f64::NAN, 1e300] {
        let message = read(&[bad, 1.0, 0.0], &[]);
        let found = haarmonic::error::number(bad);
        assert_eq!(
            message,
            format!("{entry} {found}, expected l^2 + l + m + 1 with 0 <= m <= l")
        );
    }
    assert_eq!(
        read(&[1.0, 1.0, 0.0, 1.0, 2.0, 0.0], &[]),
        "column \"index\" of HDU 1, entry 1: found degree 0 and order 0, expected one row for each coefficient"
    );
    assert_eq!(
        read(&[1.0, 1.0, f64::NAN], &[]),
        "column 3 of HDU 1, entry 0: found NaN, expected a finite number"
    );
    assert_eq!(
        read(&[7.0, 1.0, 0.0], &["MAX-LPOL= 1"]),
        "MAX-LPOL in HDU 1: found 1, expected at least 2, which has a coefficient"
    );
    // l = 1023 and l = 1024 with m = 0.
    let two = |index: f64| read(&[1.0, 1.0, 0.0, index, 1.0, f64::NAN], &[]);
    assert!(two(1023.0 * 1024.0 + 1.0).ends_with("found NaN, expected a finite number"));
    assert_eq!(
        read(&[1.0, 1.0, 0.0, 1024.0 * 1025.0 + 1.0, 1.0, 0.0], &[]),
        "largest degree in column \"index\" of HDU 1: found 1024, expected below 1024 for 2 rows, or the key MAX-LPOL"
    );
    assert!(read(&[1.0, 1.0, 0.0], &["MAX-LPOL= 60000000"]).contains("memory needed"));
    assert!(read(&[1.0, 1.0, 0.0], &["MAX-LPOL= 1e300"]).starts_with("MAX-LPOL in HDU 1: found"));
    std::fs::write(&path, table("8", "1", "1", &["TFORM1  = 'D'"], &[0; 8])).unwrap();
    assert_eq!(
        message(&path, read_coefficients(&path)),
        "columns of HDU 1: found 1, expected three: index, real part, imaginary part"
    );
}
