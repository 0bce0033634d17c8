//! Bad input leaves no file.

use super::*;

/// Draws into a folder and asserts that the error is the expected one and that nothing is left.
fn refused(name: &str, draw: impl Fn(&Path) -> Result<()>, expected: impl Fn(&Error) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let error = draw(&folder.path().join(name)).unwrap_err();
    assert!(expected(&error), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn bad_input_is_refused_and_leaves_no_file() {
    let empty = |e: &Error| matches!(e, Error::Empty { .. });
    let not_finite = |e: &Error| matches!(e, Error::NotFinite { .. });
    let shape = |e: &Error| matches!(e, Error::ShapeMismatch { .. });
    let value = |e: &Error| matches!(e, Error::InvalidValue { .. });
    let labels = Labels::default();
    let good = Curve {
        name: "",
        sizes: &[1.0, 2.0],
        mean: &[1.0, 2.0],
        error: None,
    };
    let curve = |path: &Path, curve: Curve<'_>| {
        learning_curves(&[curve], AxisScale::Automatic, &labels, path)
    };
    for name in ["p.pdf", "p", ".png", "p.svgz"] {
        refused(name, |path| curve(path, good), value);
        refused(
            name,
            |path| kernel_matrix(array![[1.0]].view(), &labels, path),
            value,
        );
    }
    for name in ["p.png", "p.svg"] {
        let bad = |bad: Curve<'_>, why: &dyn Fn(&Error) -> bool| {
            refused(name, |path| curve(path, bad), why);
        };
        refused(
            name,
            |path| learning_curves(&[], AxisScale::Linear, &labels, path),
            empty,
        );
        bad(
            Curve {
                sizes: &[],
                mean: &[],
                ..good
            },
            &empty,
        );
        bad(
            Curve {
                sizes: &[1.0, f64::NAN],
                ..good
            },
            &not_finite,
        );
        bad(
            Curve {
                mean: &[1.0, f64::INFINITY],
                ..good
            },
            &not_finite,
        );
        bad(
            Curve {
                mean: &[1.0, 1e305],
                ..good
            },
            &value,
        );
        bad(
            Curve {
                mean: &[1.0],
                ..good
            },
            &shape,
        );
        bad(
            Curve {
                error: Some(&[1.0]),
                ..good
            },
            &shape,
        );
        bad(
            Curve {
                error: Some(&[1.0, -1.0]),
                ..good
            },
            &value,
        );
        let zero = Curve {
            mean: &[1.0, 0.0],
            ..good
        };
        refused(
            name,
            |path| learning_curves(&[zero], AxisScale::Logarithmic, &labels, path),
            value,
        );
        refused(name, |path| convergence(&[zero], &labels, path), value);
        let narrow = Curve {
            sizes: &[0.0, 2.0],
            ..good
        };
        refused(name, |path| convergence(&[narrow], &labels, path), value);

        let matrix = |m: Array2<f64>| move |path: &Path| kernel_matrix(m.view(), &labels, path);
        refused(name, matrix(Array2::zeros((0, 3))), empty);
        refused(name, matrix(array![[1.0, f64::NAN]]), not_finite);

        let two = array![[0.0], [1.0]];
        let good = || Dynamics {
            times: &[0.0, 1.0],
            mean: two.view(),
            deviation: two.view(),
            targets: None,
            names: &[],
        };
        let bad = |bad: Dynamics<'_>, why: &dyn Fn(&Error) -> bool| {
            refused(name, |path| training_dynamics(&bad, &labels, path), why);
        };
        bad(
            Dynamics {
                times: &[],
                ..good()
            },
            &empty,
        );
        bad(
            Dynamics {
                times: &[0.0],
                ..good()
            },
            &shape,
        );
        bad(
            Dynamics {
                times: &[1.0, 1.0],
                ..good()
            },
            &value,
        );
        bad(
            Dynamics {
                times: &[-1.0, 1.0],
                ..good()
            },
            &value,
        );
        bad(
            Dynamics {
                targets: Some(&[1.0, 2.0]),
                ..good()
            },
            &shape,
        );
        bad(
            Dynamics {
                names: &["a", "b"],
                ..good()
            },
            &shape,
        );
        let negative = array![[0.0], [-1.0]];
        bad(
            Dynamics {
                deviation: negative.view(),
                ..good()
            },
            &value,
        );

        let good = Band {
            name: "",
            x: &[0.0, 1.0],
            mean: &[1.0, 2.0],
            deviation: &[1.0, 0.0],
        };
        let bad = |bad: Band<'_>, why: &dyn Fn(&Error) -> bool| {
            refused(name, |path| bands(&[bad], &[], &labels, path), why);
        };
        refused(name, |path| bands(&[], &[], &labels, path), empty);
        bad(Band { x: &[], ..good }, &empty);
        bad(Band { x: &[0.0], ..good }, &shape);
        bad(
            Band {
                x: &[1.0, 1.0],
                ..good
            },
            &value,
        );
        bad(
            Band {
                mean: &[1.0],
                ..good
            },
            &shape,
        );
        bad(
            Band {
                deviation: &[1.0],
                ..good
            },
            &shape,
        );
        bad(
            Band {
                deviation: &[1.0, -1.0],
                ..good
            },
            &value,
        );
        bad(
            Band {
                mean: &[1.0, f64::NAN],
                ..good
            },
            &not_finite,
        );
        let target = |path: &Path| bands(&[good], &[[0.0, f64::INFINITY]], &labels, path);
        refused(name, target, not_finite);

        let bins = Calibration {
            confidence: array![0.5, 0.0],
            accuracy: array![0.5, 0.0],
            counts: array![3, 0],
            expected_error: 0.0,
        };
        let bad = |bad: Calibration, why: &dyn Fn(&Error) -> bool| {
            refused(name, |path| calibration(&bad, &labels, path), why);
        };
        bad(
            Calibration {
                counts: array![0, 0],
                ..bins.clone()
            },
            &empty,
        );
        bad(
            Calibration {
                accuracy: array![0.5],
                ..bins.clone()
            },
            &shape,
        );
        bad(
            Calibration {
                accuracy: array![0.5, 1.5],
                ..bins.clone()
            },
            &value,
        );
        bad(
            Calibration {
                confidence: array![f64::NAN, 0.0],
                ..bins
            },
            &not_finite,
        );

        let coeffs = direction('z');
        let map = |c: &Array2<Complex64>, projection, path: &Path| {
            sphere_signal(
                SphereSignal::Coefficients(c.view()),
                projection,
                &labels,
                path,
            )
        };
        let mut unreal = coeffs.clone();
        unreal[[1, 2]] = 1.0.into();
        refused(
            name,
            |path| map(&unreal, Projection::Mollweide, path),
            value,
        );
        refused(
            name,
            |path| map(&Array2::zeros((2, 2)), Projection::Mollweide, path),
            shape,
        );
        refused(
            name,
            |path| map(&Array2::zeros((0, 0)), Projection::Mollweide, path),
            empty,
        );
        let below = Projection::Orthographic {
            colatitude: -1.0,
            longitude: 0.0,
        };
        refused(name, |path| map(&coeffs, below, path), value);
        let grid = |values: Array2<f64>, sampling| {
            move |path: &Path| {
                let signal = SphereSignal::Grid {
                    values: values.view(),
                    sampling,
                };
                sphere_signal(signal, Projection::Mollweide, &labels, path)
            }
        };
        refused(
            name,
            grid(Array2::zeros((3, 3)), Sampling::GaussLegendre),
            shape,
        );
        refused(
            name,
            grid(array![[f64::NAN]], Sampling::GaussLegendre),
            not_finite,
        );
        refused(
            name,
            grid(Array2::zeros((2049, 4097)), Sampling::GaussLegendre),
            value,
        );
    }
    let nowhere = Path::new("no-such-folder/p.svg");
    assert!(matches!(curve(nowhere, good), Err(Error::Io { .. })));
}
