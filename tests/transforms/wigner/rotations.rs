//! Matrices of rotations among complex and real harmonics: their definition by harmonics at turned points, composition, and
//! the rotation of coefficients.

use crate::common::tol::so3 as tol;

use haarmonic::Error;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::sphere::{SphericalHarmonics, rotate_coefficients};
use haarmonic::wigner::{real_wigner_matrix, wigner_matrix};
use ndarray::Array2;
use num_complex::Complex64;

fn angles() -> [EulerZyz; 3] {
    [[0.3, 1.1, -0.7], [2.0, 0.0, 0.4], [-1.0, 3.0, 5.0]]
        .map(|[alpha, beta, gamma]| EulerZyz::new(alpha, beta, gamma).unwrap())
}

#[test]
fn harmonics_at_turned_points() {
    let limit = 7;
    let harmonics = SphericalHarmonics::new(limit).unwrap();
    let [mut here, mut there] = [vec![0.0; limit * limit], vec![0.0; limit * limit]];
    for euler in angles() {
        let rotation = Rotation::from(euler);
        for x in [[0.3, -0.5, 0.8], [1.0, 0.2, -0.1], [0.0, 0.0, -1.0]] {
            harmonics.write_real(x, &mut here).unwrap();
            let before = rotation.inverse().apply(x);
            harmonics.write_real(before, &mut there).unwrap();
            for l in 0..limit {
                let matrix = real_wigner_matrix(l, &euler).unwrap();
                for n in 0..2 * l + 1 {
                    let sum: f64 = (0..2 * l + 1)
                        .map(|m| matrix[[m, n]] * here[l * l + m])
                        .sum();
                    let error = (sum - there[l * l + n]).abs();
                    assert!(error < tol::transform(l), "{l} {n} {error:e}");
                }
            }
        }
    }
}

#[test]
fn complex_matrices_rotate_coefficients() {
    let limit = 6;
    let coeffs = Array2::from_shape_fn((limit, 2 * limit - 1), |(l, m)| {
        let inside = m + l + 1 >= limit && m < limit + l;
        let value = Complex64::new((3 * l + m) as f64 % 5.0 - 2.0, (l + 2 * m) as f64 % 3.0);
        if inside { value } else { Complex64::ZERO }
    });
    for euler in angles() {
        let (a, b, c) = (euler.alpha(), euler.beta(), euler.gamma());
        let rotated = rotate_coefficients(coeffs.view(), a, b, c).unwrap();
        for l in 0..limit {
            let matrix = wigner_matrix(l, &euler).unwrap();
            for m in 0..2 * l + 1 {
                let sum: Complex64 = (0..2 * l + 1)
                    .map(|n| matrix[[m, n]] * coeffs[[l, limit - 1 - l + n]])
                    .sum();
                let error = (sum - rotated[[l, limit - 1 - l + m]]).norm();
                assert!(error < 10.0 * tol::transform(l), "{l} {m} {error:e}");
            }
        }
    }
}

#[test]
fn real_matrices_compose_and_are_orthogonal() {
    let [first, _, second] = angles();
    let both = Rotation::from(second)
        .compose(&Rotation::from(first))
        .euler_zyz();
    for l in [1, 2, 9, 40] {
        let [a, b, product] = [&second, &first, &both].map(|r| real_wigner_matrix(l, r).unwrap());
        let error =
            |x: Array2<f64>, y: Array2<f64>| (x - y).iter().map(|e| e.abs()).fold(0.0, f64::max);
        assert!(error(a.dot(&b), product) < tol::transform(l));
        assert!(error(a.dot(&a.t()), Array2::eye(2 * l + 1)) < tol::transform(l));
    }
    let euler = EulerZyz::new(0.1, 0.2, 0.3).unwrap();
    let error = real_wigner_matrix(usize::MAX, &euler).unwrap_err();
    assert!(matches!(
        error,
        Error::InvalidValue { .. } | Error::OutOfMemory { .. }
    ));
}
