//! Prepared variances and single precision: the same expectations as the table and as the general pass.

use super::table::{Row, table};
use crate::common::tol::activation as tol;

use haarmonic::Error;
use haarmonic::activation::Real;
use haarmonic::activation::{Activation, PreparedVariance, Variance, VarianceField};

/// Value and derivative at one point, through `points` equal ones.
fn prepared<T: Real>(a: &Activation, q1: T, q2: T, k: T, points: usize) -> (T, T) {
    let (f1, f2) = (
        a.prepare(&vec![q1; points]).unwrap(),
        a.prepare(&vec![q2; points]).unwrap(),
    );
    let (mut nngp, mut ntk) = (vec![k; points], vec![T::one(); points]);
    a.apply_prepared(f1.view(), f2.view(), &mut nngp, &mut ntk)
        .unwrap_or_else(|e| panic!("{a} {q1:?} {q2:?} {k:?}: {e}"));
    for (v, t) in nngp.iter().zip(&ntk) {
        assert!(
            (*v, *t) == (nngp[0], ntk[0]),
            "{a} {q1:?} {q2:?} {k:?} {} {nngp:?} {ntk:?}",
            f1.plain()
        );
    }
    (nngp[0], ntk[0])
}

fn fields<T: Real>(a: &Activation, q1: T, q2: T, k: T) -> (T, T) {
    let (mut nngp, mut ntk) = ([k], [T::one()]);
    let (q1, q2) = ([q1], [q2]);
    let (q1, q2) = (Variance::Field(&q1), Variance::Field(&q2));
    a.apply(q1, q2, &mut nngp, Some(&mut ntk)).unwrap();
    (nngp[0], ntk[0])
}

#[derive(Default)]
struct Report {
    failures: Vec<String>,
    /// Of the functions without a parameter.
    worst: f64,
}

impl Report {
    fn check(&mut self, what: &str, got: f64, want: f64, tolerance: f64, unit: f64, floor: f64) {
        let error = (got - want).abs();
        if error.is_nan() || error > tolerance + floor {
            self.failures.push(format!(
                "{what}: {got:e} for {want:e}, off by {error:e}, tolerance {tolerance:e}"
            ));
        }
        if want.abs() > floor && !what.contains('(') {
            self.worst = self.worst.max(error / unit);
        }
    }

    fn end(self, what: &str) {
        println!("{what}: largest error {:.1} ε", self.worst);
        assert!(
            self.failures.is_empty(),
            "{} failures\n{}",
            self.failures.len(),
            self.failures[..self.failures.len().min(40)].join("\n")
        );
    }
}

#[test]
fn prepared_variances_keep_the_digits_of_the_table() {
    let mut report = Report::default();
    for Row {
        activation,
        numbers,
    } in table()
    {
        let [q1, q2, k, value, derivative, value_scale, derivative_scale] = numbers;
        let tolerance =
            tol::PREPARED / tol::CLOSED_FORM * tol::recursion(activation.degree().unwrap_or(0));
        for points in [1, 19] {
            let got = prepared(&activation, q1, q2, k, points);
            for (what, got, want, scale) in [
                ("value", got.0, value, value_scale),
                ("derivative", got.1, derivative, derivative_scale),
            ] {
                let what = format!("{activation} {what} at {q1:e}, {q2:e}, {k:e}");
                report.check(
                    &what,
                    got,
                    want,
                    tolerance * scale,
                    f64::EPSILON * scale,
                    f64::MIN_POSITIVE,
                );
            }
        }
    }
    report.end("f64");
}

/// Against double precision at the rounded arguments, both entry points.
#[test]
fn single_precision_is_the_rounded_double_precision() {
    let mut report = Report::default();
    for Row {
        activation,
        numbers,
    } in table()
    {
        let [q1, q2, k, _, _, value_scale, derivative_scale] = numbers;
        let [s1, s2, s] = [q1, q2, k].map(|x| x as f32);
        let range = f64::from(f32::MIN_POSITIVE)..1e30;
        if ![q1, q2].iter().all(|q| *q == 0.0 || range.contains(q))
            || value_scale > 1e30
            || derivative_scale > 1e30
        {
            continue;
        }
        let (w1, w2) = (f64::from(s1), f64::from(s2));
        let bound = (w1 * w2).sqrt();
        let wide = f64::from(s);
        if wide.abs() > bound {
            continue;
        }
        let want = fields(&activation, w1, w2, wide);
        for got in [
            prepared(&activation, s1, s2, s, 1),
            prepared(&activation, s1, s2, s, 37),
            fields(&activation, s1, s2, s),
        ] {
            for (what, got, want, scale) in [
                ("value", got.0, want.0, value_scale),
                ("derivative", got.1, want.1, derivative_scale),
            ] {
                let sums = matches!(activation, Activation::Gelu | Activation::LeakyRelu { .. });
                let scale = if sums {
                    scale.max(want.abs())
                } else {
                    want.abs()
                };
                let what = format!("{activation} {what} at {s1:e}, {s2:e}, {s:e}");
                let unit = f64::from(f32::EPSILON) * scale;
                report.check(
                    &what,
                    f64::from(got),
                    want,
                    tol::SINGLE * scale,
                    unit,
                    f64::from(f32::MIN_POSITIVE),
                );
            }
        }
    }
    report.end("f32");
}

fn rectifiers() -> [Activation; 4] {
    [
        Activation::Relu,
        Activation::Abs,
        Activation::Sign,
        Activation::LeakyRelu { slope: 0.25 },
    ]
}

fn full_correlation<T: Real>() {
    for i in 1..500 {
        let q = T::of((0.37 * f64::from(i)).exp() * 1e-6);
        if q.wide() > 1e6 {
            break;
        }
        for sign in [T::one(), -T::one()] {
            let both = |a: &Activation| prepared(a, q, q, sign * q, 33);
            let half = T::of(0.5);
            let (zero, one) = (T::zero(), T::one());
            let passes = sign == one;
            let want = if passes {
                (q * half, half)
            } else {
                (zero, zero)
            };
            assert_eq!(both(&Activation::Relu), want);
            assert_eq!(both(&Activation::Abs), (q, sign));
            assert_eq!(both(&Activation::Sign), (sign, zero));
        }
    }
}

/// At k = ±q₁ = ±q₂ no rounding at all.
#[test]
fn full_correlation_is_exact() {
    full_correlation::<f64>();
    full_correlation::<f32>();
}

#[test]
fn zero_variances_among_others() {
    for activation in rectifiers() {
        let q = [0.0, 1.0, 0.0, 2.0, 0.5];
        let field = activation.prepare(&q).unwrap();
        assert!(field.plain());
        let reversed: Vec<f64> = q.iter().rev().copied().collect();
        let other = activation.prepare(&reversed).unwrap();
        let (mut nngp, mut ntk) = ([0.0; 5], [1.0; 5]);
        activation
            .apply_prepared(field.view(), other.view(), &mut nngp, &mut ntk)
            .unwrap();
        for i in 0..5 {
            let want = fields(&activation, q[i], reversed[i], 0.0);
            assert!(
                (nngp[i] - want.0).abs() <= tol::PREPARED,
                "{activation} {i}"
            );
            assert!((ntk[i] - want.1).abs() <= tol::PREPARED, "{activation} {i}");
        }
    }
}

fn natives() -> Vec<Activation> {
    let more = [
        Activation::Erf,
        Activation::Gelu,
        Activation::SigmoidLike,
        Activation::Gaussian,
    ];
    rectifiers()
        .into_iter()
        .chain(more)
        .chain([Activation::Sin])
        .collect()
}

fn bad_input<T: Real>() {
    let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(T::of);
    let (one, half) = (T::one(), T::of(0.5));
    for activation in natives() {
        for points in [1, 8, 19, 64] {
            let field = activation.prepare(&vec![one; points]).unwrap();
            let view = field.view();
            for place in [0, points / 2, points - 1] {
                for bad in bad {
                    let (mut nngp, mut ntk) = (vec![half; points], vec![one; points]);
                    nngp[place] = bad;
                    let error = activation
                        .apply_prepared(view, view, &mut nngp, &mut ntk)
                        .unwrap_err();
                    assert!(
                        matches!(error, Error::NotFinite { ref index, .. } if *index == [place]),
                        "{error}"
                    );
                    let (mut nngp, mut ntk) = (vec![half; points], vec![one; points]);
                    ntk[place] = bad;
                    let error = activation
                        .apply_prepared(view, view, &mut nngp, &mut ntk)
                        .unwrap_err();
                    assert!(
                        matches!(error, Error::NotFinite { ref index, .. } if *index == [place]),
                        "{error}"
                    );
                    let mut variances = vec![one; points];
                    variances[place] = bad;
                    assert!(activation.prepare(&variances).is_err());
                }
                let (mut nngp, mut ntk) = (vec![half; points], vec![one; points]);
                nngp[place] = T::of(1.001);
                let error = activation
                    .apply_prepared(view, view, &mut nngp, &mut ntk)
                    .unwrap_err();
                assert!(
                    matches!(error, Error::NotACovariance { q1, .. } if q1 == 1.0),
                    "{error}"
                );
            }
            let short = PreparedVariance {
                factor: &view.factor[1..],
                ..view
            };
            for (v1, v2) in [(short, view), (view, short)] {
                let (mut nngp, mut ntk) = (vec![half; points], vec![one; points]);
                let error = activation
                    .apply_prepared(v1, v2, &mut nngp, &mut ntk)
                    .unwrap_err();
                assert!(matches!(error, Error::ShapeMismatch { .. }));
            }
        }
        // Nothing is a covariance of a constant, however small.
        let zero = activation.prepare(&[T::zero()]).unwrap();
        let small = T::min_positive_value();
        let error = activation.apply_prepared(zero.view(), zero.view(), &mut [small], &mut [one]);
        assert!(
            matches!(error, Err(Error::NotACovariance { .. })),
            "{activation}"
        );
    }
}

#[test]
fn bad_input_is_reported() {
    bad_input::<f64>();
    bad_input::<f32>();
}

#[test]
fn a_used_field_is_as_good_as_a_new_one() {
    let mut field = VarianceField::default();
    Activation::Erf
        .prepare_into(&[1e290, 3.0, 4.0], &mut field)
        .unwrap();
    assert!(!field.plain());
    Activation::Relu
        .prepare_into(&[0.25, 4.0], &mut field)
        .unwrap();
    assert_eq!(field, Activation::Relu.prepare(&[0.25, 4.0]).unwrap());
    assert_eq!(field.factor(), [2.0, 0.5]);
    assert_eq!(field.variance(), [0.25, 4.0]);
    assert!(field.plain());
    assert!(Activation::Relu.prepare_into(&[-1.0], &mut field).is_err());
    assert_eq!(field.variance(), [0.25, 4.0]);
}

/// A covariance beyond its bound by rounding counts as the bound.
#[test]
fn rounding_beyond_the_bound_is_clamped() {
    for activation in natives() {
        for q in [0.3f32, 1.0, 7.0] {
            let beyond = q * (1.0 + 500.0 * f32::EPSILON);
            let (got, want) = (
                prepared(&activation, q, q, beyond, 5),
                prepared(&activation, q, q, q, 5),
            );
            let close =
                |a: f32, b: f32| f64::from((a - b).abs()) <= tol::SINGLE * f64::from(b.abs());
            assert!(
                close(got.0, want.0) && close(got.1, want.1),
                "{activation} {got:?} {want:?}"
            );
        }
    }
}
