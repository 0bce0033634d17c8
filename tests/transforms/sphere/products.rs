//! Products of signals and bispectra: point values, sums over Gaunt integrals, rotations.

use crate::common::close::{assert_absolutely_close, assert_named_close};
use crate::common::signals;
use crate::common::tol::sphere as tol;

use haarmonic::sphere::{evaluate, product, reduced_bispectrum, rotate_coefficients};
use haarmonic::wigner::{HarmonicBasis, gaunt, wigner_3j};
use ndarray::{Array2, Array3, Axis, array};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

fn signal(rng: &mut ChaCha8Rng, band_limit: usize) -> Array2<Complex64> {
    signals::random_signals(rng, [1, 1, band_limit], 0)
        .index_axis_move(Axis(0), 0)
        .index_axis_move(Axis(0), 0)
}

#[test]
fn products_have_the_values_of_the_factors() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let points = array![[0.0, 0.0], [0.4, 1.0], [1.7, -2.0], [2.9, 5.0], [PI, 1.0]];
    for (a, b) in [(1, 1), (1, 5), (6, 3), (12, 12)] {
        let f = signal(&mut rng, a);
        // A complex signal; what stands at |m| > l has no effect.
        let mut g = signal(&mut rng, b).mapv(|v| v * Complex64::new(0.5, 2.0));
        let clean = g.clone();
        if b > 1 {
            g[[0, 0]] = 7.0.into();
        }
        let found = product(f.view(), g.view()).unwrap();
        assert_eq!(found.nrows(), a + b - 1);
        let [u, v, w] = [&f, &clean, &found].map(|c| evaluate(c.view(), points.view()).unwrap());
        assert_named_close(
            format!("{a} {b}"),
            w,
            &u * &v,
            tol::transform(a + b) * (a + b) as f64,
        );
    }
    let f = signal(&mut rng, 2);
    assert!(product(f.view(), Array2::zeros((2, 2)).view()).is_err());
    let bad = f.mapv(|v| v * f64::NAN);
    let error = product(f.view(), bad.view()).unwrap_err().to_string();
    assert!(
        error.starts_with("second factor: NaN or infinity"),
        "{error}"
    );
}

/// The bispectrum against sums over all orders with Gaunt integrals.
#[test]
fn bispectra_are_sums_over_gaunt_integrals() {
    let mut rng = ChaCha8Rng::seed_from_u64(22);
    for limit in [1, 2, 5] {
        let f = signal(&mut rng, limit);
        let found = reduced_bispectrum(f.view()).unwrap();
        let mut want = Array3::zeros((limit, limit, limit));
        let at = |l: usize, m: i64| f[[l, (m + limit as i64 - 1) as usize]];
        for ([l1, l2, l3], value) in want.indexed_iter_mut().map(|((a, b, c), v)| ([a, b, c], v)) {
            let zeros = wigner_3j([l1, l2, l3], [0; 3]).unwrap();
            if zeros == 0.0 {
                continue;
            }
            let mut sum = Complex64::ZERO;
            for m1 in -(l1 as i64)..=l1 as i64 {
                for m2 in -(l2 as i64)..=l2 as i64 {
                    if (m1 + m2).unsigned_abs() as usize <= l3 {
                        let orders = [m1, m2, -m1 - m2];
                        let integral = gaunt(HarmonicBasis::Complex, [l1, l2, l3], orders).unwrap();
                        sum += integral * at(l1, m1) * at(l2, m2) * at(l3, -m1 - m2);
                    }
                }
            }
            let dimensions = ((2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1)) as f64;
            *value = sum.re * 4.0 * PI / (dimensions * zeros * zeros);
        }
        assert_named_close(format!("{limit}"), &found, want, tol::transform(limit));
    }
}

#[test]
fn rotations_do_not_change_a_bispectrum() {
    let mut rng = ChaCha8Rng::seed_from_u64(23);
    let f = signal(&mut rng, 8);
    let rotated = rotate_coefficients(f.view(), 0.4, 1.1, -2.0).unwrap();
    let [a, b] = [&f, &rotated].map(|f| reduced_bispectrum(f.view()).unwrap());
    assert_named_close("rotated", &a, b, tol::transform(8));
    assert_absolutely_close(
        "odd sums",
        [a[[1, 1, 1]], a[[2, 3, 2]], a[[1, 2, 5]]],
        [0.0; 3],
        0.0,
    );
    let complex = f.mapv(|v| v * Complex64::I);
    assert!(reduced_bispectrum(complex.view()).is_err());
}
