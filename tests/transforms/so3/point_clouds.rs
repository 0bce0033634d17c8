//! Matching of point clouds, and the covariance of a matched rotation against repeated experiments.

use crate::common::signals;
use crate::common::tol::so3 as tol;

use haarmonic::Error;
use haarmonic::group::Rotation;
use haarmonic::so3::{PointShells, RotationMatcher, best_rotation};
use haarmonic::sphere::{
    RandomField, SphericalHarmonics, layouts::from_healpy, rotate_coefficients,
};
use ndarray::{Array2, Array3, Axis, arr2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn cloud(points: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((points, 3), || rng.random::<f64>() - 0.5)
}

fn turned(cloud: &Array2<f64>, rotation: &Rotation) -> Array2<f64> {
    let mut turned = cloud.clone();
    for mut point in turned.outer_iter_mut() {
        let moved = rotation.apply([point[0], point[1], point[2]]);
        point
            .iter_mut()
            .zip(moved)
            .for_each(|(out, value)| *out = value);
    }
    turned
}

#[test]
fn clouds_are_aligned_without_pairs() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let shells = PointShells::new(10, &[0.2, 0.4, 0.6], 0.1).unwrap();
    for points in [4, 9, 60] {
        let first = cloud(points, &mut rng);
        let rotation = Rotation::random(&mut rng);
        let mut second = turned(&first, &rotation);
        second.invert_axis(Axis(0));
        let signals = [&second, &first].map(|c| shells.signals(c.view(), None).unwrap());
        let best = best_rotation(signals[0].view(), signals[1].view()).unwrap();
        let error = best.rotation.angle_to(&rotation);
        assert!(error <= tol::MATCHED, "{points}: {error:e}");
        assert!((best.score - 1.0).abs() < tol::transform(10));
    }
}

/// The coefficients by their definition, with weights; points at the origin have no direction.
#[test]
fn signals_by_their_definition() {
    let points = arr2(&[[0.3, -0.4, 1.2], [0.0, 0.0, 0.0], [0.0, 0.0, -0.5]]);
    let (weights, radii, width) = ([2.0, 3.0, -1.0], [0.5, 1.0], 0.4);
    let shells = PointShells::new(4, &radii, width).unwrap();
    let signals = shells.signals(points.view(), Some(&weights)).unwrap();
    let harmonics = SphericalHarmonics::new(4).unwrap();
    let mut values = vec![Default::default(); 16];
    let share = |radius: f64, shell: f64| (-((radius - shell) / width).powi(2) / 2.0).exp();
    for (c, shell) in radii.into_iter().enumerate() {
        let mut want = [haarmonic::num_complex::Complex64::ZERO; 16];
        for (i, direction) in [(0, [0.3, -0.4, 1.2]), (2, [0.0, 0.0, -1.0])] {
            harmonics.write(direction, &mut values).unwrap();
            let radius = [1.3, 0.0, 0.5][i];
            for (want, value) in want.iter_mut().zip(&values) {
                *want += weights[i] * share(radius, shell) * value.conj();
            }
        }
        want[0] += weights[1] * share(0.0, shell) * (0.25 / std::f64::consts::PI).sqrt();
        for l in 0..4 {
            for m in 0..2 * l + 1 {
                let error = (signals[[c, l, 3 - l + m]] - want[l * l + m]).norm();
                assert!(error < tol::transform(4), "{c} {l} {m} {error:e}");
            }
        }
    }
}

/// The covariance of the rotation is that of repeated matches with noise, within the errors of 400 of them.
#[test]
fn the_covariance_is_that_of_repeated_experiments() {
    let limit = 6;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let g = signals::random_signals(&mut rng, [1, 2, limit], 1).index_axis_move(Axis(0), 0);
    let rotation = Rotation::random(&mut rng);
    let at = rotation.euler_zyz();
    let mut f = g.clone();
    for (g, mut f) in g.outer_iter().zip(f.outer_iter_mut()) {
        f.assign(&rotate_coefficients(g, at.alpha(), at.beta(), at.gamma()).unwrap());
    }
    let noise = 1e-6;
    let field = RandomField::new(&[noise; 6]).unwrap();
    let matcher = RotationMatcher::new(limit).unwrap();
    let exact = matcher.best_rotation(f.view(), g.view()).unwrap();
    let covariance = exact.covariance(noise).unwrap();
    let (count, mut found) = (400, [[0.0; 3]; 3]);
    for _ in 0..count {
        let mut noisy: Array3<_> = f.clone();
        for mut channel in noisy.outer_iter_mut() {
            let drawn = field.sample(&mut rng).unwrap();
            channel += &from_healpy(drawn.row(0)).unwrap();
        }
        let best = matcher.best_rotation(noisy.view(), g.view()).unwrap();
        // e^ω R: a small rotation has the antisymmetric part of its matrix as ω.
        let step = best.rotation.compose(&rotation.inverse()).to_matrix();
        let omega = [
            0.5 * (step[2][1] - step[1][2]),
            0.5 * (step[0][2] - step[2][0]),
            0.5 * (step[1][0] - step[0][1]),
        ];
        for (a, row) in found.iter_mut().enumerate() {
            for (b, sum) in row.iter_mut().enumerate() {
                *sum += omega[a] * omega[b] / f64::from(count);
            }
        }
    }
    for a in 0..3 {
        for b in 0..3 {
            // The variance of a product of Gaussian variables.
            let variance = covariance[a][a] * covariance[b][b] + covariance[a][b].powi(2);
            let sigma = (variance / f64::from(count)).sqrt();
            let error = found[a][b] - covariance[a][b];
            assert!(error.abs() < 4.0 * sigma, "{a} {b} {error:e} {sigma:e}");
        }
    }
}

#[test]
fn bad_arguments_are_refused() {
    let invalid = |error: Result<PointShells, Error>| {
        assert!(matches!(error, Err(Error::InvalidValue { .. })));
    };
    invalid(PointShells::new(0, &[1.0], 0.1));
    invalid(PointShells::new(4, &[-1.0], 0.1));
    invalid(PointShells::new(4, &[1.0], 0.0));
    assert!(matches!(
        PointShells::new(4, &[], 0.1),
        Err(Error::Empty { .. })
    ));
    let shells = PointShells::new(4, &[1.0], 0.5).unwrap();
    let points = Array2::<f64>::ones((2, 3));
    let short = shells.signals(points.view(), Some(&[1.0]));
    assert!(matches!(short, Err(Error::ShapeMismatch { .. })));
    let plane = shells.signals(Array2::ones((2, 2)).view(), None);
    assert!(matches!(plane, Err(Error::ShapeMismatch { .. })));
    let none = shells.signals(Array2::zeros((0, 3)).view(), None);
    assert!(matches!(none, Err(Error::Empty { .. })));
    let nan = shells.signals(Array2::from_elem((1, 3), f64::NAN).view(), None);
    assert!(matches!(nan, Err(Error::NotFinite { .. })));
    // Points on one axis determine no rotation about it.
    let axis = shells
        .signals(arr2(&[[0.0, 0.0, 1.0]]).view(), None)
        .unwrap();
    let best = best_rotation(axis.view(), axis.view()).unwrap();
    let error = best.covariance(1e-3);
    assert!(matches!(error, Err(Error::NotPositiveDefinite { .. })));
    assert!(matches!(
        best.covariance(-1.0),
        Err(Error::InvalidValue { .. })
    ));
}
