//! Rotation of coefficients by plans: against Wigner matrices, points turned back, the group law; batches; bad arguments.

use crate::common::close::largest;
use crate::common::signals;
use crate::common::tol::so3 as tol;

use haarmonic::Error;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::sphere::{CoefficientRotation, SphericalHarmonics, rotate_coefficients};
use haarmonic::wigner::wigner_d_matrix;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// β at and near the poles, on both sides of the change of recursion (sin β = 0.5), beyond [0, π].
const BETAS: [f64; 13] = [
    0.0,
    1e-9,
    1e-4,
    0.05,
    0.52,
    0.53,
    0.8,
    1.57,
    2.2,
    3.0,
    PI - 1e-4,
    PI,
    -4.0,
];

fn real(count: usize, band_limit: usize, seed: u64) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    signals::random_signals(&mut rng, [1, count, band_limit], 0).index_axis_move(Axis(0), 0)
}

fn complex(band_limit: usize, seed: u64) -> Array2<Complex64> {
    let pair = real(2, band_limit, seed);
    let (u, v) = (pair.index_axis(Axis(0), 0), pair.index_axis(Axis(0), 1));
    &u + &(v.mapv(|v| v * Complex64::I))
}

fn euler(alpha: f64, beta: f64, gamma: f64) -> EulerZyz {
    EulerZyz::new(alpha, beta, gamma).unwrap()
}

/// All degrees of small band limits, three of large ones: a matrix costs O(l³).
fn compared(limit: usize, degree: usize) -> bool {
    limit <= 65 || degree + 1 == limit || degree == limit / 2 || degree == limit - limit / 8
}

/// Matrix by matrix: the matrices come from another recursion, tested against stored values.
fn by_matrices(coeffs: &Array2<Complex64>, [alpha, beta, gamma]: [f64; 3]) -> Array2<Complex64> {
    let limit = coeffs.nrows();
    let mut rotated = Array2::zeros(coeffs.raw_dim());
    for l in (0..limit).filter(|l| compared(limit, *l)) {
        let d = wigner_d_matrix(l, beta).unwrap();
        for m in 0..=2 * l {
            let mut sum = Complex64::ZERO;
            for n in 0..=2 * l {
                let phase = Complex64::cis(-(n as f64 - l as f64) * gamma);
                sum += d[[m, n]] * phase * coeffs[[l, limit - 1 + n - l]];
            }
            let phase = Complex64::cis(-(m as f64 - l as f64) * alpha);
            rotated[[l, limit - 1 + m - l]] = phase * sum;
        }
    }
    rotated
}

/// The largest error of a degree, relative to the norm of the degree; refuses NaN.
#[track_caller]
fn error(found: &Array2<Complex64>, wanted: &Array2<Complex64>) -> f64 {
    let mut worst = 0.0_f64;
    for (found, wanted) in found.rows().into_iter().zip(wanted.rows()) {
        let norm = wanted.iter().map(|w| w.norm_sqr()).sum::<f64>().sqrt();
        if norm == 0.0 {
            assert_eq!(
                largest(found),
                0.0,
                "a degree that the signal does not have"
            );
            continue;
        }
        for (f, w) in found.iter().zip(&wanted) {
            assert!(f.is_finite());
            worst = worst.max((f - w).norm() / norm);
        }
    }
    worst
}

fn compare(band_limit: usize) {
    let rotation = CoefficientRotation::real(band_limit).unwrap();
    let of_complex = CoefficientRotation::complex(band_limit).unwrap();
    let f = complex(band_limit, 3);
    let u = real(1, band_limit, 4).index_axis_move(Axis(0), 0);
    let mut worst = 0.0_f64;
    for beta in BETAS {
        let angles = [0.7, beta, -1.9];
        let at = euler(angles[0], angles[1], angles[2]);
        let whole = error(
            &of_complex.rotate(f.view(), &at).unwrap(),
            &by_matrices(&f, angles),
        );
        let half = error(
            &rotation.rotate(u.view(), &at).unwrap(),
            &by_matrices(&u, angles),
        );
        let allowed = tol::rotation(band_limit);
        assert!(
            whole <= allowed,
            "complex, L = {band_limit}, β = {beta}: {whole:e}, allowed {allowed:e}"
        );
        assert!(
            half <= allowed,
            "real, L = {band_limit}, β = {beta}: {half:e}, allowed {allowed:e}"
        );
        println!("L = {band_limit}, β = {beta}: {whole:.1e} {half:.1e}");
        worst = worst.max(whole).max(half);
    }
    println!("L = {band_limit}: largest error {worst:.1e}");
}

#[test]
fn agrees_with_wigner_matrices() {
    for band_limit in (1..=34).chain([64, 65]) {
        compare(band_limit);
    }
}

#[test]
#[ignore = "takes a minute"]
fn agrees_with_wigner_matrices_at_large_band_limits() {
    for band_limit in [128, 256, 512] {
        compare(band_limit);
    }
}

#[test]
fn values_at_points_turned_back() {
    for band_limit in [2, 5, 32, 33, 128] {
        let rotation = CoefficientRotation::real(band_limit).unwrap();
        let harmonics = SphericalHarmonics::new(band_limit).unwrap();
        let f = real(1, band_limit, 8).index_axis_move(Axis(0), 0);
        for beta in [1e-9, 0.1, 1.3, 2.5, PI] {
            let at = euler(2.0, beta, 0.3);
            let rotated = rotation.rotate(f.view(), &at).unwrap();
            let back = Rotation::from(at).inverse();
            for direction in [[0.1, 0.2, 0.97], [-0.6, 0.5, 0.1], [0.3, -0.1, -0.9]] {
                let value = |coeffs: &Array2<Complex64>, x: [f64; 3]| {
                    let theta = x[0].hypot(x[1]).atan2(x[2]);
                    let points = ndarray::array![[theta, x[1].atan2(x[0])]];
                    harmonics
                        .evaluate_real(coeffs.view(), points.view())
                        .unwrap()[0]
                };
                let (got, want) = (value(&rotated, direction), value(&f, back.apply(direction)));
                let scale = band_limit as f64;
                assert!(
                    (got - want).abs() <= tol::transform(band_limit) * scale,
                    "L = {band_limit}, β = {beta}: {got} {want}"
                );
            }
        }
    }
}

#[test]
fn two_rotations_make_their_product_and_the_inverse_undoes() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for band_limit in [1, 7, 31, 64, 128] {
        let rotation = CoefficientRotation::real(band_limit).unwrap();
        let f = real(1, band_limit, 9).index_axis_move(Axis(0), 0);
        for _ in 0..4 {
            let (h, g) = (Rotation::random(&mut rng), Rotation::random(&mut rng));
            let once = rotation.rotate(f.view(), &h.euler_zyz()).unwrap();
            let twice = rotation.rotate(once.view(), &g.euler_zyz()).unwrap();
            let direct = rotation
                .rotate(f.view(), &g.compose(&h).euler_zyz())
                .unwrap();
            // The product of the quaternions is known to ε, which degree l sees l-fold.
            assert!(error(&twice, &direct) <= 4.0 * tol::rotation(band_limit));
            let back = rotation
                .rotate(once.view(), &h.inverse().euler_zyz())
                .unwrap();
            assert!(error(&back, &f) <= 4.0 * tol::rotation(band_limit));
        }
    }
}

#[test]
fn the_power_of_each_degree_stays() {
    for (band_limit, beta) in [(64, 0.01), (64, 1.0), (150, 0.3), (150, 3.1), (150, 2.0)] {
        let f = complex(band_limit, 10);
        let turned = rotate_coefficients(f.view(), 0.2, beta, 0.9).unwrap();
        for l in 0..band_limit {
            let power = |c: &Array2<Complex64>| c.row(l).iter().map(|v| v.norm_sqr()).sum::<f64>();
            let change = (power(&turned) / power(&f) - 1.0).abs();
            assert!(
                // A square counts an error twice.
                change <= 2.0 * tol::rotation(band_limit),
                "L = {band_limit}, β = {beta}, l = {l}: {change:e}"
            );
        }
    }
}

#[test]
fn no_tilt_leaves_phases_and_a_half_turn_mirrors() {
    let f = complex(40, 11);
    let same = rotate_coefficients(f.view(), 0.0, 0.0, 0.0).unwrap();
    assert!(error(&same, &f) <= tol::rotation(1));
    // d^l_{mn}(π) = (−1)^{l+m} δ_{m,−n}
    let turned = rotate_coefficients(f.view(), 0.0, PI, 0.0).unwrap();
    let mirrored = Array2::from_shape_fn(f.raw_dim(), |(l, k)| {
        let sign = if (l + k + 39) % 2 == 0 { 1.0 } else { -1.0 };
        sign * f[[l, 78 - k]]
    });
    assert!(error(&turned, &mirrored) <= tol::rotation(40));
}

#[test]
fn batches_are_what_single_signals_are() {
    for band_limit in [1, 6, 33] {
        let rotation = CoefficientRotation::real(band_limit).unwrap();
        let of_complex = CoefficientRotation::complex(band_limit).unwrap();
        let mut scratch = rotation.make_parallel_scratch();
        let at = euler(0.3, 2.0, 1.0);
        for count in [0, 1, 2, 3, 4, 5, 9] {
            let f = real(count, band_limit, 20);
            let mut out = f.clone();
            out.fill(Complex64::new(f64::NAN, 1.0));
            rotation
                .rotate_into(f.view(), &at, out.view_mut(), &mut scratch)
                .unwrap();
            let mut whole = out.clone();
            of_complex
                .rotate_into(f.view(), &at, whole.view_mut(), &mut scratch)
                .unwrap();
            for i in 0..count {
                let single = rotation.rotate(f.index_axis(Axis(0), i), &at).unwrap();
                assert!(error(&out.index_axis(Axis(0), i).to_owned(), &single) <= tol::rotation(1));
                assert!(
                    error(&whole.index_axis(Axis(0), i).to_owned(), &single) <= tol::rotation(1)
                );
            }
        }
        let f = real(1, band_limit, 21).index_axis_move(Axis(0), 0);
        let turns = [[0.1, 0.2], [3.0, -1.0], [0.0, 0.0]];
        let mut out = Array3::zeros((3, band_limit, 2 * band_limit - 1));
        rotation
            .rotate_by_each_into(f.view(), 2.0, &turns, out.view_mut(), &mut scratch)
            .unwrap();
        let of_half = CoefficientRotation::half(band_limit).unwrap();
        let halves = half(&f.clone().insert_axis(Axis(0)));
        let mut half_out = Array2::zeros((3, halves.ncols()));
        of_half
            .rotate_by_each_into(
                halves.row(0),
                2.0,
                &turns,
                half_out.view_mut(),
                &mut scratch,
            )
            .unwrap();
        assert_eq!(half_out, half(&out));
        for (turn, out) in turns.iter().zip(out.outer_iter()) {
            let single = rotation
                .rotate(f.view(), &euler(turn[0], 2.0, turn[1]))
                .unwrap();
            assert!(error(&out.to_owned(), &single) <= tol::rotation(1));
        }
    }
}

/// The m ≥ 0 of each signal, m-major.
fn half(coeffs: &Array3<Complex64>) -> Array2<Complex64> {
    let (count, limit, _) = coeffs.dim();
    let mut half = Array2::zeros((count, limit * (limit + 1) / 2));
    for (mut half, coeffs) in half.outer_iter_mut().zip(coeffs.outer_iter()) {
        let orders = (0..limit).flat_map(|m| (m..limit).map(move |l| (l, limit - 1 + m)));
        for (value, at) in half.iter_mut().zip(orders) {
            *value = coeffs[at];
        }
    }
    half
}

/// Batches of both layouts and kinds against single signals and, small ones, Wigner matrices.
fn compare_batches(band_limit: usize, count: usize, beta: f64) {
    let rotation = CoefficientRotation::real(band_limit).unwrap();
    let of_complex = CoefficientRotation::complex(band_limit).unwrap();
    let of_half = CoefficientRotation::half(band_limit).unwrap();
    let scratch = &mut rotation.make_parallel_scratch();
    let angles = [0.3, beta, 1.0];
    let at = euler(angles[0], angles[1], angles[2]);
    let f = real(count, band_limit, 20);
    let mixed = &f + &real(count, band_limit, 21).mapv(|v| v * Complex64::I);
    let dirty = Array3::from_elem(f.raw_dim(), Complex64::new(f64::NAN, 1.0));
    let (mut out, mut whole) = (dirty.clone(), dirty);
    rotation
        .rotate_into(f.view(), &at, out.view_mut(), scratch)
        .unwrap();
    of_complex
        .rotate_into(mixed.view(), &at, whole.view_mut(), scratch)
        .unwrap();
    let mut quarter = half(&out).mapv(|_| Complex64::new(f64::NAN, 0.0));
    of_half
        .rotate_into(half(&f).view(), &at, quarter.view_mut(), scratch)
        .unwrap();
    // On one thread, too.
    let serial = &mut rotation.make_scratch();
    let mut again = quarter.mapv(|_| Complex64::ZERO);
    of_half
        .rotate_into(half(&f).view(), &at, again.view_mut(), serial)
        .unwrap();
    assert_eq!(again, quarter);
    if count >= 3 {
        assert_eq!(quarter, half(&out));
    }
    let allowed = tol::rotation(band_limit);
    for i in (0..count).filter(|i| count < 10 || i % 13 == 0 || i + 1 == count) {
        let (f, mixed) = (f.index_axis(Axis(0), i), mixed.index_axis(Axis(0), i));
        let out = out.index_axis(Axis(0), i).to_owned();
        let whole = whole.index_axis(Axis(0), i).to_owned();
        let single = rotation.rotate(f, &at).unwrap();
        assert!(
            error(&out, &single) <= allowed,
            "L = {band_limit}, {count}, {beta}"
        );
        let single = of_complex.rotate(mixed, &at).unwrap();
        assert!(
            error(&whole, &single) <= allowed,
            "L = {band_limit}, {count}, {beta}"
        );
        if band_limit <= 33 {
            let wanted = by_matrices(&f.to_owned(), angles);
            assert!(error(&out, &wanted) <= allowed);
            assert!(error(&whole, &by_matrices(&mixed.to_owned(), angles)) <= allowed);
        }
    }
}

#[test]
fn batches_are_what_single_signals_and_matrices_make_of_them() {
    for band_limit in 1..=16 {
        for count in [1, 7, 8, 9, 100] {
            for beta in [0.0, 0.4, 1.3, 2.0, PI] {
                compare_batches(band_limit, count, beta);
            }
        }
    }
    for (band_limit, count) in [(32, 9), (33, 100), (64, 25), (65, 130), (128, 17)] {
        for beta in [1e-9, 0.05, 1.3, 2.9] {
            compare_batches(band_limit, count, beta);
        }
    }
}

#[test]
fn batches_of_any_layout() {
    let (rotation, at) = (CoefficientRotation::real(9).unwrap(), euler(0.1, 0.7, 0.2));
    let of_half = CoefficientRotation::half(9).unwrap();
    let scratch = &mut rotation.make_scratch();
    let f = real(11, 9, 30);
    let mut want = f.clone();
    rotation
        .rotate_into(f.view(), &at, want.view_mut(), scratch)
        .unwrap();
    let columns = f.t().as_standard_layout().to_owned();
    let mut out = Array3::zeros((17, 9, 11));
    rotation
        .rotate_into(columns.t(), &at, out.view_mut().reversed_axes(), scratch)
        .unwrap();
    assert_eq!(out.t(), want);
    let columns = half(&f).t().as_standard_layout().to_owned();
    let mut out = Array2::zeros((45, 11));
    of_half
        .rotate_into(columns.t(), &at, out.view_mut().reversed_axes(), scratch)
        .unwrap();
    assert_eq!(out.t(), half(&want));
}

#[test]
fn bad_batches_are_errors() {
    let (rotation, at) = (CoefficientRotation::real(4).unwrap(), euler(0.0, 1.0, 0.0));
    let of_half = CoefficientRotation::half(4).unwrap();
    let scratch = &mut rotation.make_scratch();
    let mut f = half(&real(9, 4, 31));
    let mut out = f.clone();
    // The imaginary part of order 0 is not read.
    f[[3, 2]].im = f64::NAN;
    of_half
        .rotate_into(f.view(), &at, out.view_mut(), scratch)
        .unwrap();
    f[[8, 5]].re = f64::INFINITY;
    let found = of_half.rotate_into(f.view(), &at, out.view_mut(), scratch);
    assert!(matches!(found, Err(Error::NotFinite { index, .. }) if index == [8, 5]));
    let mut short = Array2::zeros((9, 9));
    let found = of_half.rotate_into(f.view(), &at, short.view_mut(), scratch);
    assert_eq!(
        found.unwrap_err().to_string(),
        "rotated spherical-harmonic coefficients: expected shape [9, 10], found [9, 9]"
    );
    // Entries outside of the triangle are ignored.
    let mut f = real(5, 4, 32);
    f[[2, 1, 6]].re = f64::NAN;
    let mut out = f.clone();
    rotation
        .rotate_into(f.view(), &at, out.view_mut(), scratch)
        .unwrap();
    assert_eq!(out[[2, 1, 6]], Complex64::ZERO);
}

#[test]
fn scratch_and_layout_do_not_matter() {
    let (rotation, at) = (
        CoefficientRotation::complex(37).unwrap(),
        euler(0.1, 0.7, 0.2),
    );
    let of_real = CoefficientRotation::real(37).unwrap();
    let f = complex(37, 30);
    let want = rotation.rotate(f.view(), &at).unwrap();
    let mut scratch = CoefficientRotation::real(5).unwrap().make_scratch();
    let mut out = want.clone();
    // Dirty scratch of another size, after another angle and kind.
    of_real
        .rotate_into(
            f.view(),
            &euler(3.0, 3.0, 3.0),
            out.view_mut(),
            &mut scratch,
        )
        .unwrap();
    rotation
        .rotate_into(f.view(), &at, out.view_mut(), &mut scratch)
        .unwrap();
    assert_eq!(out, want);
    // Columns first.
    let transposed = f.t().as_standard_layout().to_owned();
    let mut columns = Array2::zeros((73, 37));
    rotation
        .rotate_into(
            transposed.t(),
            &at,
            columns.view_mut().reversed_axes(),
            &mut scratch,
        )
        .unwrap();
    assert_eq!(columns.t(), want);
    // Entries outside of the triangle are ignored, and orders below zero of real signals.
    let u = real(1, 37, 31).index_axis_move(Axis(0), 0);
    let want = of_real.rotate(u.view(), &at).unwrap();
    let junk = Array2::from_shape_fn(u.raw_dim(), |(l, k)| {
        if k < 36 || k - 36 > l {
            Complex64::new(3.0, -7.0)
        } else {
            u[[l, k]]
        }
    });
    assert_eq!(of_real.rotate(junk.view(), &at).unwrap(), want);
}

#[test]
fn bad_arguments_are_errors() {
    let rotation = CoefficientRotation::real(3).unwrap();
    let of_complex = CoefficientRotation::complex(3).unwrap();
    let at = euler(0.0, 1.0, 0.0);
    assert!(CoefficientRotation::real(0).is_err());
    let good = Array2::<Complex64>::zeros((3, 5));
    let wrong = Array2::<Complex64>::zeros((4, 7));
    let message = rotation.rotate(wrong.view(), &at).unwrap_err().to_string();
    assert_eq!(
        message,
        "spherical-harmonic coefficients: expected shape [.., 3, 5], found [4, 7]"
    );
    let mut out = wrong.clone();
    let scratch = &mut rotation.make_scratch();
    let message = rotation
        .rotate_into(good.view(), &at, out.view_mut(), scratch)
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "rotated spherical-harmonic coefficients: expected shape [3, 5], found [4, 7]"
    );
    let mut bad = Array3::<Complex64>::zeros((2, 3, 5));
    bad[[1, 2, 4]].im = f64::INFINITY;
    let mut out = bad.clone();
    let found = rotation
        .rotate_into(bad.view(), &at, out.view_mut(), scratch)
        .unwrap_err();
    assert!(matches!(found, Error::NotFinite { index, .. } if index == [1, 2, 4]));
    // One by one, in pairs and together; in the part that the other orders imply, too.
    for count in [1, 2, 3, 9, 17] {
        for at_order in [[count - 1, 1, 2], [count / 2, 2, 3], [0, 0, 2]] {
            let mut bad = Array3::<Complex64>::zeros((count, 3, 5));
            bad[at_order].im = f64::NAN;
            let mut out = bad.clone();
            for found in [
                rotation.rotate_into(bad.view(), &at, out.view_mut(), scratch),
                of_complex.rotate_into(bad.view(), &at, out.view_mut(), scratch),
            ] {
                assert!(
                    matches!(found, Err(Error::NotFinite { index, .. }) if index == at_order),
                    "{count} signals, {at_order:?}"
                );
            }
        }
    }
    let mut short = Array3::<Complex64>::zeros((1, 3, 5));
    assert!(matches!(
        of_complex.rotate_into(bad.view(), &at, short.view_mut(), scratch),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        rotation.rotate_by_each_into(
            good.view(),
            1.0,
            &[[0.0, f64::NAN]],
            short.view_mut(),
            scratch
        ),
        Err(Error::NotFinite { .. })
    ));
}
