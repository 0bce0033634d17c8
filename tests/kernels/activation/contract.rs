//! Slices, variance fields, names and errors.

use crate::common::tol::activation as tol;

use haarmonic::Error;
use haarmonic::activation::{
    Activation, COVARIANCE_GUARD, Elementwise, LARGEST_VARIANCE, MAX_DEGREE, NAMES, Variance,
};

fn all() -> Vec<Activation> {
    let mut all: Vec<Activation> = NAMES
        .iter()
        .map(|name| match *name {
            "leaky-relu" => Activation::LeakyRelu { slope: 0.1 },
            "elu" => Activation::Elu { slope: 0.7 },
            "monomial" => Activation::Monomial { degree: 3 },
            "rectified-monomial" => Activation::RectifiedMonomial { degree: 2 },
            "hermite" => Activation::Hermite { degree: 4 },
            name => Activation::from_name(name, None, None).unwrap(),
        })
        .collect();
    let tanh = Elementwise::new("tanh", 20, f64::tanh, |x| x.cosh().powi(-2)).unwrap();
    all.push(Activation::Elementwise(tanh));
    all
}

/// A spread of covariances for the variances `0.8` and `1.0 + i / 100`.
fn data(points: usize) -> (Vec<f64>, Vec<f64>) {
    let q2: Vec<f64> = (0..points).map(|i| 1.0 + i as f64 / 100.0).collect();
    let k = (0..points).map(|i| 0.85 * (1.7 * i as f64).sin()).collect();
    (q2, k)
}

#[test]
fn slices_give_what_single_points_give() {
    for activation in all() {
        for points in (0..40).chain([63, 64, 65, 257]) {
            let (q2, k) = data(points);
            let q1 = Variance::Constant(0.8);
            let mut nngp = k.clone();
            let mut ntk = vec![0.5; points];
            let field = Variance::Field(&q2);
            activation
                .apply(q1, field, &mut nngp, Some(&mut ntk))
                .unwrap();
            let mut alone = k.clone();
            activation.apply(field, q1, &mut alone, None).unwrap();
            let q1_field = vec![0.8; points];
            let (mut nngp_fields, mut ntk_fields) = (k.clone(), vec![0.5; points]);
            activation
                .apply(
                    Variance::Field(&q1_field),
                    field,
                    &mut nngp_fields,
                    Some(&mut ntk_fields),
                )
                .unwrap();
            for i in 0..points {
                let (mut value, mut slope) = ([k[i]], [0.5]);
                activation
                    .apply(q1, Variance::Constant(q2[i]), &mut value, Some(&mut slope))
                    .unwrap();
                let close = |a: f64, b: f64| (a - b).abs() <= tol::CLOSED_FORM * b.abs().max(1.0);
                assert!(
                    close(nngp[i], value[0]) && close(ntk[i], slope[0]),
                    "{activation}"
                );
                assert!(
                    close(alone[i], value[0]),
                    "{activation} without the tangent kernel"
                );
                assert!(close(nngp_fields[i], value[0]) && close(ntk_fields[i], slope[0]));
            }
            let mut variances = q2.clone();
            activation.variances_into(&mut variances).unwrap();
            for (q, v) in q2.iter().zip(variances) {
                assert_eq!(activation.variance(*q), Ok(v));
            }
        }
    }
}

#[test]
fn names_are_read_back() {
    for activation in &all()[..NAMES.len()] {
        assert_eq!(
            activation.to_string().parse::<Activation>().as_ref(),
            Ok(activation)
        );
        let again =
            Activation::from_name(activation.name(), activation.slope(), activation.degree());
        assert_eq!(again.as_ref(), Ok(activation));
    }
    let elementwise = all().pop().unwrap();
    assert_eq!(elementwise.name(), "tanh");
    assert_eq!(elementwise.clone(), elementwise);
    assert_ne!(all().pop().unwrap(), elementwise);
}

#[test]
fn unknown_names_and_parameters_are_refused() {
    for text in [
        "rleu",
        "",
        "relu(1)",
        "hermite",
        "hermite(",
        "hermite(x)",
        "hermite(-1)",
        "leaky-relu(a)",
    ] {
        assert!(text.parse::<Activation>().is_err(), "{text}");
    }
    let unknown = Activation::from_name("tanhh", None, None).unwrap_err();
    assert!(unknown.to_string().contains("one of relu, leaky-relu"));
    assert!(matches!(
        Activation::from_name("leaky-relu", None, None),
        Err(Error::Missing { .. })
    ));
    for (name, slope, degree) in [
        ("relu", Some(0.1), None),
        ("erf", None, Some(2)),
        ("hermite", Some(1.0), Some(2)),
        ("monomial", None, Some(MAX_DEGREE + 1)),
    ] {
        assert!(matches!(
            Activation::from_name(name, slope, degree),
            Err(Error::InvalidValue { .. })
        ));
    }
    assert!(matches!(
        Activation::from_name("leaky-relu", Some(f64::NAN), None),
        Err(Error::NotFinite { .. })
    ));
    assert!(Elementwise::new("none", 0, f64::sin, f64::cos).is_err());
    assert!(Elementwise::new("many", 257, f64::sin, f64::cos).is_err());
}

#[test]
fn bad_input_is_reported_and_left_alone() {
    let one = Variance::Constant(1.0);
    for activation in all() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut nngp = [0.5, bad];
            let error = activation.apply(one, one, &mut nngp, None).unwrap_err();
            assert!(matches!(error, Error::NotFinite { ref index, .. } if *index == [1]));
            assert_eq!(nngp[0], 0.5);
            let mut ntk = [bad, 1.0];
            let error = activation
                .apply(one, one, &mut [0.5, 0.5], Some(&mut ntk))
                .unwrap_err();
            assert!(matches!(error, Error::NotFinite { ref index, .. } if *index == [0]));
            let field = [1.0, bad];
            assert!(
                activation
                    .apply(Variance::Field(&field), one, &mut [0.5, 0.5], None)
                    .is_err()
            );
            assert!(activation.variance(bad).is_err());
            assert!(activation.derivative_variance(bad).is_err());
        }
        for q in [-1.0, -1e-300, 2.0 * LARGEST_VARIANCE] {
            let error = activation
                .apply(Variance::Constant(q), one, &mut [0.0], None)
                .unwrap_err();
            assert!(matches!(error, Error::InvalidValue { .. }));
        }
        let error = activation
            .apply(one, one, &mut [0.5, 1.001], None)
            .unwrap_err();
        let expected = Error::NotACovariance {
            q1: 1.0,
            q2: 1.0,
            k: 1.001,
        };
        assert_eq!(error, expected);
        assert!(
            activation
                .apply(Variance::Constant(0.0), one, &mut [0.1], None)
                .is_err()
        );
        let short = Variance::Field(&[1.0]);
        for (v1, v2) in [(short, one), (one, short)] {
            let error = activation.apply(v1, v2, &mut [0.5, 0.5], None).unwrap_err();
            assert!(matches!(error, Error::ShapeMismatch { ref found, .. } if *found == [1]));
        }
        let error = activation
            .apply(one, one, &mut [0.5, 0.5], Some(&mut [1.0]))
            .unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }));
    }
}

#[test]
fn rounding_beyond_the_bound_is_the_bound() {
    for activation in all() {
        for sign in [1.0, -1.0] {
            for q in [0.3, 1.0, 40.0] {
                let v = Variance::Constant(q);
                let mut nngp = [sign * q, sign * q * (1.0 + 0.5 * COVARIANCE_GUARD)];
                let mut ntk = [1.0; 2];
                activation.apply(v, v, &mut nngp, Some(&mut ntk)).unwrap();
                // The expectations continue: the difference is of the order of the excess.
                let size = activation.variance(q).unwrap().abs() * (1.0 + q);
                assert!(
                    (nngp[1] - nngp[0]).abs() <= 8.0 * COVARIANCE_GUARD * size,
                    "{activation} {nngp:?}"
                );
                assert!(ntk.iter().all(|t| t.is_finite()));
            }
        }
    }
}

#[test]
fn overflow_is_an_error() {
    let huge = Variance::Constant(1e200);
    for activation in [
        Activation::Exp,
        Activation::Monomial { degree: 4 },
        Activation::RectifiedMonomial { degree: 4 },
        Activation::Hermite { degree: 4 },
    ] {
        let error = activation
            .apply(huge, huge, &mut [1e200], None)
            .unwrap_err();
        assert!(matches!(error, Error::NotFinite { .. }));
        assert!(activation.variance(1e200).is_err());
    }
}
