//! Rotations against independent matrices, golden values and closed forms; Euler angles at the poles.

use crate::common::close::assert_absolutely_close;
use crate::common::statistics::{assert_uniform, normal_errors};
use crate::common::tol::FALSE_ALARM;
use crate::common::tol::group as tol;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::fs::File;

use haarmonic::Error;
use haarmonic::group::{EulerZyz, Rotation, SpherePoint};
use ndarray::{Array1, Array2};
use ndarray_npy::NpzReader;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Matrix = [[f64; 3]; 3];

fn product(a: Matrix, b: Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Written out from the definition, without quaternions.
fn naive_matrix(alpha: f64, beta: f64, gamma: f64) -> Matrix {
    let about_z = |t: f64| {
        [
            [t.cos(), -t.sin(), 0.0],
            [t.sin(), t.cos(), 0.0],
            [0.0, 0.0, 1.0],
        ]
    };
    let about_y = |t: f64| {
        [
            [t.cos(), 0.0, t.sin()],
            [0.0, 1.0, 0.0],
            [-t.sin(), 0.0, t.cos()],
        ]
    };
    product(product(about_z(alpha), about_y(beta)), about_z(gamma))
}

/// Distance of two angles on the circle.
fn circle_distance(a: f64, b: f64) -> f64 {
    let d = (a - b).rem_euclid(TAU);
    d.min(TAU - d)
}

fn from_angles(alpha: f64, beta: f64, gamma: f64) -> Rotation {
    EulerZyz::new(alpha, beta, gamma).unwrap().into()
}

#[test]
fn golden_euler_angles_and_matrices() {
    let mut golden = NpzReader::new(File::open("tests/data/transforms.npz").unwrap()).unwrap();
    for band_limit in [4, 6, 8] {
        let angles: Array1<f64> = golden.by_name(&format!("euler_zyz_L{band_limit}")).unwrap();
        let matrix: Array2<f64> = golden
            .by_name(&format!("rotation_matrix_L{band_limit}"))
            .unwrap();
        let want: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| matrix[[i, j]]));
        let rotation = from_angles(angles[0], angles[1], angles[2]);
        assert_absolutely_close(
            "rotation",
            rotation.to_matrix().as_flattened(),
            want.as_flattened(),
            tol::golden_matrix(),
        );

        let read = Rotation::from_matrix(want).unwrap();
        assert!(read.angle_to(&rotation) <= tol::golden_matrix());
        let back = read.euler_zyz();
        let tolerance = tol::euler_angle_near_pole(angles[1].sin());
        assert!(circle_distance(back.alpha(), angles[0]) <= tolerance);
        assert!(circle_distance(back.beta(), angles[1]) <= tolerance);
        assert!(circle_distance(back.gamma(), angles[2]) <= tolerance);
    }
}

#[test]
fn angles_and_matrix_agree_with_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for _ in 0..500 {
        let (alpha, beta, gamma) = (
            TAU * rng.random::<f64>(),
            PI * rng.random::<f64>(),
            TAU * rng.random::<f64>(),
        );
        let rotation = from_angles(alpha, beta, gamma);
        let want = naive_matrix(alpha, beta, gamma);
        assert_absolutely_close(
            "rotation",
            rotation.to_matrix().as_flattened(),
            want.as_flattened(),
            tol::rotation(),
        );
        assert!(Rotation::from_matrix(want).unwrap().angle_to(&rotation) <= tol::rotation());

        let by_axes = Rotation::about_z(alpha)
            .unwrap()
            .compose(&Rotation::about_y(beta).unwrap())
            .compose(&Rotation::about_z(gamma).unwrap());
        assert!(by_axes.angle_to(&rotation) <= tol::rotation());

        let back = rotation.euler_zyz();
        let tolerance = tol::euler_angle_near_pole(beta.sin().min((beta / 2.0).sin()));
        assert!(circle_distance(back.alpha(), alpha) <= tolerance);
        assert_abs_diff_eq!(back.beta(), beta, epsilon = tol::euler_angle());
        assert!(circle_distance(back.gamma(), gamma) <= tolerance);
    }
}

#[test]
fn euler_angles_give_back_the_rotation_at_and_near_the_poles() {
    let offsets = [
        0.0,
        f64::MIN_POSITIVE,
        1.0e-300,
        f64::EPSILON,
        1.0e-12,
        1.0e-8,
        1.0e-4,
    ];
    for alpha in [0.0, 1.0, PI, 5.9] {
        for gamma in [0.0, 2.5, PI, 4.0] {
            for offset in offsets {
                for beta in [offset, PI - offset] {
                    let rotation = from_angles(alpha, beta, gamma);
                    let angles = rotation.euler_zyz();
                    assert!((0.0..TAU).contains(&angles.alpha()));
                    assert!((0.0..TAU).contains(&angles.gamma()));
                    assert!((0.0..=PI).contains(&angles.beta()));
                    assert_abs_diff_eq!(angles.beta(), beta, epsilon = tol::euler_angle());
                    assert!(Rotation::from(angles).angle_to(&rotation) <= tol::rotation());
                    let through_matrix =
                        Rotation::from_matrix(naive_matrix(alpha, beta, gamma)).unwrap();
                    let again: Rotation = through_matrix.euler_zyz().into();
                    assert!(again.angle_to(&rotation) <= tol::rotation());
                }
            }
        }
    }
}

#[test]
fn third_angle_is_zero_where_it_is_undetermined() {
    let at_north = from_angles(1.0, 0.0, 0.5).euler_zyz();
    assert_eq!((at_north.beta(), at_north.gamma()), (0.0, 0.0));
    assert_abs_diff_eq!(at_north.alpha(), 1.5, epsilon = tol::euler_angle());

    // The half turn about an axis of the equator at longitude (α − γ + π)/2 is exactly β = π.
    let half_turn =
        Rotation::from_matrix([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]).unwrap();
    let at_south = half_turn.euler_zyz();
    assert_eq!((at_south.beta(), at_south.gamma()), (PI, 0.0));
    assert_abs_diff_eq!(at_south.alpha(), PI, epsilon = tol::euler_angle());
}

#[test]
fn north_pole_goes_to_beta_alpha() {
    let rotation = from_angles(2.0, 0.7, 5.0);
    let image = rotation.apply_to_point(SpherePoint::new(0.0, 0.0).unwrap());
    assert_abs_diff_eq!(image.colatitude(), 0.7, epsilon = tol::euler_angle());
    assert_abs_diff_eq!(image.longitude(), 2.0, epsilon = tol::euler_angle());
    let pole = rotation.inverse().apply_to_point(image);
    assert!(pole.colatitude() <= tol::euler_angle());
}

#[test]
fn application_is_the_matrix_vector_product() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for _ in 0..100 {
        let rotation = Rotation::random(&mut rng);
        let vector: [f64; 3] = std::array::from_fn(|_| 2.0 * rng.random::<f64>() - 1.0);
        let matrix = rotation.to_matrix();
        let image = rotation.apply(vector);
        for i in 0..3 {
            let want: f64 = (0..3).map(|j| matrix[i][j] * vector[j]).sum();
            assert_abs_diff_eq!(image[i], want, epsilon = tol::rotation());
        }
    }
}

#[test]
fn axes_turn_counter_clockwise() {
    for (rotation, from, to) in [
        (
            Rotation::about_x(FRAC_PI_2),
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
        ),
        (
            Rotation::about_y(FRAC_PI_2),
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0],
        ),
        (
            Rotation::about_z(FRAC_PI_2),
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
        ),
        (
            Rotation::about_axis([3.0, 3.0, 3.0], TAU / 3.0),
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
        ),
    ] {
        let image = rotation.unwrap().apply(from);
        for i in 0..3 {
            assert!(
                (image[i] - to[i]).abs() <= tol::rotation(),
                "{image:?} against {to:?}"
            );
        }
    }
}

#[test]
fn angle_is_the_trace_formula_and_keeps_small_angles() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    for _ in 0..100 {
        let rotation = Rotation::random(&mut rng);
        let m = rotation.to_matrix();
        let cos = 0.5 * (m[0][0] + m[1][1] + m[2][2] - 1.0);
        assert_abs_diff_eq!(rotation.angle().cos(), cos, epsilon = tol::rotation());
    }
    for angle in [1.0e-100, 1.0e-9, 1.0, 3.0] {
        let found = Rotation::about_axis([1.0, -2.0, 0.5], -angle)
            .unwrap()
            .angle();
        assert_relative_eq!(found, angle, epsilon = 0.0, max_relative = tol::rotation());
    }
    assert_abs_diff_eq!(
        Rotation::about_x(TAU - 1.0).unwrap().angle(),
        1.0,
        epsilon = tol::rotation()
    );
}

/// For the Haar measure the nine matrix entries have mean 0 and mean square 1/3, and
/// P(angle ≤ ω) = (ω − sin ω)/π.
#[test]
fn random_rotations_follow_the_haar_measure() {
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    let count = 200_000;
    let n = f64::from(count);
    let mut mean = [[0.0; 3]; 3];
    let mut square = [[0.0; 3]; 3];
    let mut angles = Vec::new();
    for _ in 0..count {
        let rotation = Rotation::random(&mut rng);
        let m = rotation.to_matrix();
        for i in 0..3 {
            for j in 0..3 {
                mean[i][j] += m[i][j] / n;
                square[i][j] += m[i][j] * m[i][j] / n;
            }
        }
        let angle = rotation.angle();
        angles.push((angle - angle.sin()) / PI);
    }
    // An entry is uniform on [-1, 1]: variance 1/3, and its square has variance 4/45.
    let allowed = normal_errors(FALSE_ALARM, 18);
    let mean_bound = allowed * (1.0 / 3.0 / n).sqrt();
    let square_bound = allowed * (4.0 / 45.0 / n).sqrt();
    for i in 0..3 {
        for j in 0..3 {
            assert!(mean[i][j].abs() <= mean_bound);
            assert_abs_diff_eq!(square[i][j], 1.0 / 3.0, epsilon = square_bound);
        }
    }
    assert_uniform("distribution function of the angles", angles, FALSE_ALARM);

    let same_seed = Rotation::random(&mut ChaCha8Rng::seed_from_u64(14));
    assert_eq!(
        same_seed.to_matrix(),
        Rotation::random(&mut ChaCha8Rng::seed_from_u64(14)).to_matrix()
    );
}

#[test]
fn invalid_values_are_errors() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(
            EulerZyz::new(bad, 0.0, 0.0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            EulerZyz::new(0.0, bad, 0.0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            EulerZyz::new(0.0, 0.0, bad),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            Rotation::about_x(bad),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            Rotation::about_axis([0.0, bad, 1.0], 1.0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            SpherePoint::new(bad, 0.0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            SpherePoint::new(1.0, bad),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            SpherePoint::from_vector([bad, 0.0, 0.0]),
            Err(Error::InvalidValue { .. })
        ));
        let mut matrix = Rotation::identity().to_matrix();
        matrix[1][2] = bad;
        assert_eq!(
            Rotation::from_matrix(matrix).unwrap_err(),
            Error::NotFinite {
                what: "rotation matrix".into(),
                index: vec![1, 2]
            }
        );
    }
    assert!(Rotation::about_axis([0.0; 3], 1.0).is_err());
    assert!(SpherePoint::from_vector([0.0; 3]).is_err());
    assert!(SpherePoint::new(-0.1, 0.0).is_err());
    assert!(SpherePoint::new(3.2, 0.0).is_err());
    let scaled = [[1.001, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let reflection = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let inversion = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]];
    let doubled = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]];
    let shear = [[1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let zero = [[0.0; 3]; 3];
    let huge = [[f64::MAX; 3]; 3];
    let mixed = [
        [f64::MAX, -f64::MAX, 1.0],
        [1.0, 1.0, 1.0],
        [0.0, 0.0, f64::MAX],
    ];
    for matrix in [
        scaled, reflection, inversion, doubled, shear, zero, huge, mixed,
    ] {
        assert!(matches!(
            Rotation::from_matrix(matrix),
            Err(Error::InvalidValue { .. })
        ));
    }
}

/// Closed forms; in SciPy `Rotation.from_euler("ZYZ", [0.3, 1.2, 0.5]).as_quat(scalar_first=True)`.
#[test]
fn quaternions_have_their_real_part_first() {
    let half = 0.5_f64.sqrt();
    for (rotation, want) in [
        (Rotation::identity(), [1.0, 0.0, 0.0, 0.0]),
        (
            Rotation::about_x(FRAC_PI_2).unwrap(),
            [half, half, 0.0, 0.0],
        ),
        (
            Rotation::about_y(-FRAC_PI_2).unwrap(),
            [half, 0.0, -half, 0.0],
        ),
        (
            Rotation::about_z(1.5 * PI).unwrap(),
            [half, 0.0, 0.0, -half],
        ),
        (
            from_angles(0.3, 1.2, 0.5),
            [
                0.7601844418546907,
                0.056370187302942146,
                0.5618216129209471,
                0.3214008270064177,
            ],
        ),
    ] {
        for (found, want) in rotation.to_quaternion().into_iter().zip(want) {
            assert!((found - want).abs() <= tol::rotation(), "{found} {want}");
        }
        for factor in [1.0, -1.0, 1e-300, 1e300] {
            let read = Rotation::from_quaternion(want.map(|entry| factor * entry)).unwrap();
            assert!(read.angle_to(&rotation) <= tol::rotation());
        }
    }
    for bad in [
        [0.0; 4],
        [f64::NAN, 0.0, 0.0, 1.0],
        [1.0, 0.0, f64::INFINITY, 0.0],
    ] {
        let error = Rotation::from_quaternion(bad).unwrap_err();
        assert!(
            error.to_string().starts_with("quaternion: found ["),
            "{error}"
        );
    }
}

/// To rounding of single precision, and for a small rotation to the digits of its small entries.
#[test]
fn noisy_matrices_give_the_nearest_rotation() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for _ in 0..200 {
        let rotation = Rotation::random(&mut rng);
        let single = rotation
            .to_matrix()
            .map(|row| row.map(|entry| entry as f32));
        let read = Rotation::try_from(single).unwrap();
        assert!(read.angle_to(&rotation) <= tol::SINGLE);
        let wide = single.map(|row| row.map(f64::from));
        assert!(matches!(
            Rotation::from_matrix(wide),
            Err(Error::InvalidValue { .. })
        ));
        // No rotation nearby is nearer.
        let distance = |r: &Rotation| -> f64 {
            let entries = r.to_matrix().into_iter().flatten();
            let squares = entries
                .zip(wide.into_iter().flatten())
                .map(|(a, b)| (a - b).powi(2));
            squares.sum()
        };
        for axis in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] {
            for angle in [1e-8, -1e-8] {
                let other = read * Rotation::about_axis(axis, angle).unwrap();
                assert!(distance(&other) > distance(&read));
            }
        }
    }
    for angle in [1e-9, 1e-30, 1e-200] {
        let rotation = Rotation::about_y(angle).unwrap();
        let read = Rotation::from_matrix(rotation.to_matrix()).unwrap();
        assert_relative_eq!(
            read.angle(),
            angle,
            epsilon = 0.0,
            max_relative = tol::rotation()
        );
    }
    assert!(Rotation::nearest([[0.0; 3]; 3], 10.0).is_err());
    assert!(Rotation::nearest(Rotation::identity().to_matrix(), f64::NAN).is_err());
}

#[test]
fn rotations_and_points_convert_and_print() {
    let angles = EulerZyz::new(0.3, 1.2, 0.5).unwrap();
    let rotation = Rotation::from(angles);
    assert_eq!(
        rotation,
        Rotation::from_quaternion(rotation.to_quaternion().map(|q| -q)).unwrap()
    );
    assert_ne!(rotation, rotation * rotation);
    assert_eq!(format!("{rotation:.2}"), "α = 0.30, β = 1.20, γ = 0.50");
    assert_eq!(EulerZyz::from(rotation), rotation.euler_zyz());
    let matrix: Matrix = rotation.into();
    assert!(Rotation::try_from(matrix).unwrap().angle_to(&rotation) <= tol::rotation());
    let point = SpherePoint::try_from([0.0, 2.0, 0.0]).unwrap();
    assert_eq!(format!("{point:.3}"), "θ = 1.571, φ = 1.571");
    let vector: [f64; 3] = rotation.apply_to_point(point).into();
    assert_abs_diff_eq!(
        vector[2],
        rotation.to_matrix()[2][1],
        epsilon = tol::rotation()
    );
    let north = SpherePoint::new(0.0, 0.0).unwrap();
    let near = SpherePoint::new(1e-12, 4.0).unwrap();
    assert_relative_eq!(
        north.angle_to(&near),
        1e-12,
        epsilon = 0.0,
        max_relative = tol::rotation()
    );
    assert_abs_diff_eq!(point.angle_to(&north), FRAC_PI_2, epsilon = tol::rotation());
}
