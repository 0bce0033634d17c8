//! Matrices of points.

use super::{KINDS, SPACES};
use crate::common::tol::covariance as tol;
use haarmonic::Error;
use haarmonic::covariance::{Covariance, Family, Parameter, Space};
use haarmonic::group::{Rotation, SpherePoint};
use haarmonic::predict::{ConjugateGradient, Evidence, KernelRows, Ridge};
use ndarray::{Array2, ArrayView2, Axis, Slice, arr1, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Random points, of lengths other than 1, pairs that nearly coincide, and some that are opposite.
fn points(space: Space, n: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut points = Array2::zeros((n, space.coordinates()));
    for (i, mut row) in points.outer_iter_mut().enumerate() {
        let rotation = Rotation::random(&mut rng);
        match space {
            Space::Sphere => row.assign(&arr1(&rotation.apply([0.0, 0.0, 1.0]))),
            Space::Rotations => row.assign(&arr1(&rotation.to_quaternion())),
        }
        row *= 1.0 + 0.01 * i as f64;
    }
    for (target, factor) in [(0, 1.0), (1, -1.0)] {
        let copy = points.row(target + 2).to_owned() * factor;
        points.row_mut(target).assign(&copy);
    }
    points[[0, 1]] += 1e-9;
    points
}

fn angle(space: Space, a: ArrayView2<'_, f64>) -> f64 {
    match space {
        Space::Sphere => {
            let [x, y] = [0, 1]
                .map(|i| SpherePoint::from_vector([a[[i, 0]], a[[i, 1]], a[[i, 2]]]).unwrap());
            x.angle_to(&y)
        }
        Space::Rotations => {
            let [p, q] = [0, 1].map(|i| {
                Rotation::from_quaternion([a[[i, 0]], a[[i, 1]], a[[i, 2]], a[[i, 3]]]).unwrap()
            });
            p.angle_to(&q)
        }
    }
}

#[test]
fn entries_are_values_at_angles() {
    for space in SPACES {
        let points = points(space, 70);
        for (family, scale) in KINDS {
            let covariance = Covariance::new(space, family, scale)
                .unwrap()
                .with_variance(1.3)
                .unwrap();
            let gram = covariance.gram(points.view()).unwrap();
            assert_eq!(gram, gram.t());
            assert!(gram.diag().iter().all(|entry| *entry == 1.3));
            assert_eq!(gram.diag(), covariance.diagonal(points.view()).unwrap());
            // Errors of an angle count over the length scale, and near coincidence by the power 2ν where that is below 1.
            let rough = matches!(family, Family::Matern { nu } if nu < 1.0);
            let tolerance = if rough {
                1e-6
            } else {
                tol::ANGLE / scale.min(1.0)
            };
            for (i, j) in [(0, 2), (1, 3), (5, 9), (40, 69), (69, 68)] {
                let pair = points.select(Axis(0), &[i, j]);
                let want = covariance.value(angle(space, pair.view())).unwrap();
                let error = (gram[[i, j]] - want).abs();
                assert!(
                    error <= tolerance,
                    "{space} {family:?} {scale} {i} {j}: {error:e}"
                );
            }
            let cross = covariance
                .cross(points.slice_axis(Axis(0), Slice::from(3..9)), points.view())
                .unwrap();
            assert_eq!(cross, gram.slice_axis(Axis(0), Slice::from(3..9)));
        }
    }
}

#[test]
fn gram_matrices_are_positive_definite() {
    for space in SPACES {
        let points = points(space, 100);
        for (family, scale) in KINDS {
            let covariance = Covariance::new(space, family, scale).unwrap();
            let gram = covariance.gram(points.view()).unwrap();
            let matrix = nalgebra::DMatrix::from_fn(100, 100, |i, j| gram[[i, j]]);
            let eigenvalues = matrix.symmetric_eigenvalues();
            let least = eigenvalues.min();
            assert!(least >= -tol::GRAM, "{space} {family:?} {scale}: {least:e}");
        }
    }
}

/// A kernel with a wrong sign of an odd part would still be symmetric, and a wrong angle of −q would not.
#[test]
fn both_quaternions_are_one_rotation() {
    let covariance = Covariance::new(Space::Rotations, Family::Matern { nu: 1.5 }, 0.6).unwrap();
    let points = points(Space::Rotations, 20);
    let mut others = points.clone();
    others
        .outer_iter_mut()
        .step_by(2)
        .for_each(|mut row| row *= -1.0);
    assert_eq!(
        covariance.gram(points.view()).unwrap(),
        covariance.gram(others.view()).unwrap()
    );
    // An isometry from the left and from the right
    let moved = |left: Rotation, right: Rotation| {
        let mut moved = points.clone();
        for mut row in moved.outer_iter_mut() {
            let rotation = Rotation::from_quaternion([row[0], row[1], row[2], row[3]]).unwrap();
            row.assign(&arr1(
                &left.compose(&rotation).compose(&right).to_quaternion(),
            ));
        }
        covariance.gram(moved.view()).unwrap()
    };
    let [g, h] = [
        Rotation::about_x(0.4).unwrap(),
        Rotation::about_y(2.0).unwrap(),
    ];
    let error = moved(g, h) - covariance.gram(points.view()).unwrap();
    assert!(error.iter().all(|entry| entry.abs() <= tol::ANGLE));
}

#[test]
fn derivatives_of_matrices_are_differences() {
    for space in SPACES {
        let points = points(space, 30);
        let at = |nu: f64, scale: f64| {
            let covariance = Covariance::new(space, Family::Matern { nu }, scale)
                .unwrap()
                .with_variance(2.0)
                .unwrap();
            (covariance.gram(points.view()).unwrap(), covariance)
        };
        let (_, covariance) = at(1.2, 0.6);
        let h = 1e-3;
        let four = |f: &dyn Fn(f64) -> Array2<f64>| {
            (f(-2.0 * h) - 8.0 * f(-h) + 8.0 * f(h) - f(2.0 * h)) / (12.0 * h)
        };
        let by_scale = four(&|step| at(1.2, 0.6 + step).0);
        let by_nu = four(&|step| at(1.2 + step, 0.6).0);
        for (parameter, want) in [
            (Parameter::LengthScale, by_scale),
            (Parameter::Smoothness, by_nu),
        ] {
            let found = covariance
                .gram_derivative(parameter, points.view())
                .unwrap();
            assert_eq!(found, found.t());
            for (found, want) in found.iter().zip(&want) {
                assert!(
                    (found - want).abs() <= tol::DIFFERENCE,
                    "{space} {parameter:?}: {found} {want}"
                );
            }
        }
    }
}

#[test]
fn evidence_and_solvers_take_them() {
    let points = points(Space::Sphere, 40);
    let targets = points
        .map_axis(Axis(1), |row| row[0] / row.dot(&row).sqrt())
        .insert_axis(Axis(1));
    let evidence = |scale: f64| {
        let covariance = Covariance::new(Space::Sphere, Family::Matern { nu: 2.5 }, scale).unwrap();
        let gram = covariance.gram(points.view()).unwrap();
        let evidence = Evidence::fit(gram.view(), targets.view(), Ridge::Absolute(0.01)).unwrap();
        (evidence, covariance)
    };
    let (found, covariance) = evidence(0.7);
    let change = covariance
        .gram_derivative(Parameter::LengthScale, points.view())
        .unwrap();
    let slope = found.derivative(change.view()).unwrap();
    let h = 1e-4;
    let difference = (evidence(0.7 + h).0.log_marginal_likelihood()
        - evidence(0.7 - h).0.log_marginal_likelihood())
        / (2.0 * h);
    assert!(
        (slope - difference).abs() < 1e-4 * slope.abs(),
        "{slope} {difference}"
    );

    let rows = covariance.kernel_function(points.view()).unwrap();
    let gram = covariance.gram(points.view()).unwrap();
    let mut out = Array2::zeros((7, 40));
    rows.write_rows(5..12, out.view_mut()).unwrap();
    assert_eq!(out, gram.slice_axis(Axis(0), Slice::from(5..12)));
    let solved = ConjugateGradient::default()
        .fit(&rows, targets.view(), Ridge::Absolute(0.01), None)
        .unwrap();
    let mean = solved.model.predict(gram.view()).unwrap();
    assert!((&mean - &targets).iter().all(|error| error.abs() < 0.1));
}

#[test]
fn bad_points_are_named() {
    let sphere = Covariance::new(Space::Sphere, Family::Heat, 0.5).unwrap();
    let good = array![[1.0, 0.0, 0.0]];
    let quaternions = array![[1.0, 0.0, 0.0, 0.0]];
    let error = sphere.gram(quaternions.view()).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let error = sphere
        .cross(good.view(), Array2::zeros((0, 3)).view())
        .unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
    let error = sphere
        .kernel_function(array![[1.0, 0.0, 0.0], [0.0, f64::NAN, 0.0]].view())
        .err()
        .unwrap();
    assert_eq!(error, Error::not_finite("points on the sphere", [1, 1]));
    let error = sphere
        .features(array![[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]].view(), 3)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("row 1 of the points on the sphere"),
        "{error}"
    );
    let error = sphere
        .gram_derivative(Parameter::Smoothness, good.view())
        .unwrap_err();
    assert!(error.to_string().contains("Matérn"), "{error}");
    // Huge and tiny vectors have directions too.
    let wild = array![[1e300, 0.0, 0.0], [0.0, 1e-300, 0.0]];
    let gram = sphere.gram(wild.view()).unwrap();
    assert!(
        (gram[[0, 1]] - sphere.value(std::f64::consts::FRAC_PI_2).unwrap()).abs() <= tol::VALUE
    );
}
