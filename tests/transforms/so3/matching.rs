//! Rotational matching: random rotations are recovered, symmetric signals give one of their rotations.

use crate::common::signals;
use crate::common::tol::so3 as tol;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use haarmonic::Error;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::so3::{RotationMatcher, best_rotation};
use haarmonic::sphere::rotate_coefficients;
use ndarray::{Array3, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

fn random(
    channels: usize,
    band_limit: usize,
    rng: &mut ChaCha8Rng,
    falloff: i32,
) -> Array3<Complex64> {
    signals::random_signals(rng, [1, channels, band_limit], falloff).index_axis_move(Axis(0), 0)
}

fn rotated(f: &Array3<Complex64>, by: &Rotation) -> Array3<Complex64> {
    let mut out = f.clone();
    let at = by.euler_zyz();
    for (f, mut out) in f.outer_iter().zip(out.outer_iter_mut()) {
        out.assign(&rotate_coefficients(f, at.alpha(), at.beta(), at.gamma()).unwrap());
    }
    out
}

fn inner(f: &Array3<Complex64>, g: &Array3<Complex64>) -> f64 {
    f.iter().zip(g).map(|(f, g)| (f.conj() * g).re).sum()
}

#[test]
fn random_rotations_are_recovered() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for band_limit in [3, 4, 5, 8, 13, 16, 32] {
        let matcher = RotationMatcher::new(band_limit).unwrap();
        for falloff in [0, 1, 2] {
            let g = random(1, band_limit, &mut rng, falloff);
            let r = Rotation::random(&mut rng);
            let f = rotated(&g, &r).mapv(|value| 2.5 * value);
            let best = matcher.best_rotation(f.view(), g.view()).unwrap();
            let error = best.rotation.angle_to(&r);
            assert!(error <= tol::MATCHED, "L = {band_limit}: {error:e}");
            assert_abs_diff_eq!(best.score, 1.0, epsilon = tol::transform(band_limit));
            assert_abs_diff_eq!(
                2.5 * best.value / inner(&f, &f),
                1.0,
                epsilon = tol::transform(band_limit)
            );
            assert!(best.steps >= 1 && best.runner_up.is_none_or(|score| score < best.score));
        }
    }
}

#[test]
fn rotations_near_the_poles_are_recovered() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for band_limit in [4, 9, 16] {
        let matcher = RotationMatcher::new(band_limit).unwrap();
        let g = random(2, band_limit, &mut rng, 1);
        for beta in [0.0, 1e-9, 1e-3, PI - 1e-3, PI - 1e-9, PI] {
            let r = Rotation::from(EulerZyz::new(1.2, beta, -0.4).unwrap());
            let f = rotated(&g, &r);
            let best = matcher.best_rotation(f.view(), g.view()).unwrap();
            assert!(best.rotation.angle_to(&r) <= tol::MATCHED, "β = {beta}");
        }
    }
}

/// With noise the maximum is elsewhere; nothing in the neighbourhood or at random is higher.
#[test]
fn no_other_rotation_is_better() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (f, g) = (random(1, 8, &mut rng, 1), random(1, 8, &mut rng, 1));
    let best = best_rotation(f.view(), g.view()).unwrap();
    let value = |r: &Rotation| inner(&f, &rotated(&g, r));
    assert_relative_eq!(
        value(&best.rotation),
        best.value,
        epsilon = 0.0,
        max_relative = tol::transform(8)
    );
    assert!(best.runner_up.is_some());
    for _ in 0..2000 {
        assert!(value(&Rotation::random(&mut rng)) <= best.value);
    }
    for axis in [
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0],
        [1.0, -1.0, 1.0],
    ] {
        for angle in [-1e-3, 1e-3] {
            let near = Rotation::about_axis(axis, angle)
                .unwrap()
                .compose(&best.rotation);
            assert!(value(&near) < best.value);
        }
    }
}

#[test]
fn symmetric_signals_give_one_of_their_rotations() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let band_limit = 9;
    // Zonal, threefold about z, and constant but for one degree.
    for fold in [0, 3, 8] {
        let mut g = random(1, band_limit, &mut rng, 0);
        for ((_, _, k), value) in g.indexed_iter_mut() {
            let m = k.abs_diff(band_limit - 1);
            if (fold == 0 && m != 0) || (fold > 0 && m % fold != 0) {
                *value = Complex64::ZERO;
            }
        }
        let r = Rotation::random(&mut rng);
        let f = rotated(&g, &r);
        let best = best_rotation(f.view(), g.view()).unwrap();
        assert!(
            (best.score - 1.0).abs() <= tol::transform(band_limit),
            "{fold}: {}",
            best.score
        );
        let laid = rotated(&g, &best.rotation);
        let error = (&laid - &f)
            .iter()
            .map(|e| e.norm_sqr())
            .sum::<f64>()
            .sqrt();
        assert!(error <= tol::MATCHED * band_limit as f64 * inner(&f, &f).sqrt());
    }
    let mut constant = Array3::<Complex64>::zeros((1, 4, 7));
    constant[[0, 0, 3]] = (-2.0).into();
    let best = best_rotation(constant.view(), constant.view()).unwrap();
    assert_eq!((best.value, best.score), (4.0, 1.0));
    assert_eq!(best.rotation.angle_to(&Rotation::identity()), 0.0);
    assert_eq!((best.steps, best.runner_up), (0, None));
    // One of them is enough.
    let other = random(1, 4, &mut rng, 0);
    let best = best_rotation(other.view(), constant.view()).unwrap();
    assert_eq!(best.rotation.angle_to(&Rotation::identity()), 0.0);
    assert_eq!(best.value, -2.0 * other[[0, 0, 3]].re);
    let one = Array3::<Complex64>::ones((1, 1, 1));
    assert_eq!(best_rotation(one.view(), one.view()).unwrap().score, 1.0);
}

/// A mean value does not depend on the rotation, however large it is.
#[test]
fn mean_values_cost_no_digit() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let band_limit = 8;
    let g = random(1, band_limit, &mut rng, 0);
    let r = Rotation::from(EulerZyz::new(0.4, 1.1, 2.0).unwrap());
    let f = rotated(&g, &r);
    let without = best_rotation(f.view(), g.view()).unwrap();
    for [of_f, of_g] in [
        [1e8, 1e8],
        [1e10, 1e10],
        [1e15, 1e15],
        [1e200, -3.0],
        [0.0, 1e10],
    ] {
        let (mut f, mut g) = (f.clone(), g.clone());
        f[[0, 0, band_limit - 1]] = of_f.into();
        g[[0, 0, band_limit - 1]] = of_g.into();
        let best = best_rotation(f.view(), g.view()).unwrap();
        let error = best.rotation.angle_to(&r);
        assert!(error <= tol::MATCHED, "{of_f:e}, {of_g:e}: {error:e}");
        assert_eq!(best.steps, without.steps);
        // The value and the score are those of the whole signals.
        let whole = inner(&f, &rotated(&g, &best.rotation));
        let size = inner(&f, &f).sqrt() * inner(&g, &g).sqrt();
        if size.is_finite() {
            assert_abs_diff_eq!(
                best.value,
                whole,
                epsilon = tol::transform(band_limit) * size
            );
            assert_abs_diff_eq!(
                best.score,
                whole / size,
                epsilon = tol::transform(band_limit)
            );
        }
        assert!(best.score.abs() <= 1.0 + tol::transform(band_limit));
    }
}

/// Neither does the size of the signals.
#[test]
fn signals_of_all_sizes_are_matched_alike() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let g = random(2, 6, &mut rng, 1);
    let r = Rotation::random(&mut rng);
    let f = rotated(&g, &r);
    let want = best_rotation(f.view(), g.view()).unwrap();
    assert!(want.rotation.angle_to(&r) <= tol::MATCHED);
    for [of_f, of_g] in [[-560, -560], [560, 560], [-560, 560], [0, -1000], [1000, 3]] {
        let [f, g] =
            [(&f, of_f), (&g, of_g)].map(|(signal, e)| signal * Complex64::from(2f64.powi(e)));
        let best = best_rotation(f.view(), g.view()).unwrap();
        let [found, wanted] = [&best, &want].map(|best| best.rotation.euler_zyz());
        assert_eq!(found, wanted);
        assert_eq!((best.score, best.runner_up), (want.score, want.runner_up));
        assert_eq!(best.steps, want.steps);
        let power = 2f64.powi(of_f) * 2f64.powi(of_g);
        assert_eq!(best.value, want.value * power);
    }
}

#[test]
fn bad_arguments_are_errors() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let f = random(1, 4, &mut rng, 0);
    let zero = Array3::<Complex64>::zeros((1, 4, 7));
    let message = best_rotation(f.view(), zero.view())
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "second signal of a match: found zero everywhere, expected a signal that is not zero"
    );
    assert!(best_rotation(zero.view(), f.view()).is_err());
    let mut complex = f.clone();
    complex[[0, 1, 3]].im = 1.0;
    assert!(matches!(
        best_rotation(f.view(), complex.view()),
        Err(Error::InvalidValue { .. })
    ));
    let two = random(2, 4, &mut rng, 0);
    assert!(matches!(
        best_rotation(f.view(), two.view()),
        Err(Error::ShapeMismatch { .. })
    ));
    let none = Array3::<Complex64>::zeros((0, 4, 7));
    assert!(matches!(
        best_rotation(none.view(), none.view()),
        Err(Error::Empty { .. })
    ));
    let mut bad = f.clone();
    bad[[0, 0, 3]].re = f64::NAN;
    assert!(matches!(
        best_rotation(f.view(), bad.view()),
        Err(Error::NotFinite { .. })
    ));
}
