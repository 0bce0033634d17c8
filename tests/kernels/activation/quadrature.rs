//! Each activation against the plane integral it stands for, and its two expectations against each other.

use crate::common::tol::activation as tol;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use haarmonic::activation::{Activation, Elementwise, Variance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, PI, TAU};

/// The error function, by the series of positive terms with a Gaussian in front.
fn erf(x: f64) -> f64 {
    if x.abs() > 3.0 {
        return x.signum() * (1.0 - erfc(x.abs()));
    }
    let (mut sum, mut term, mut n) = (x, x, 1.0);
    while term.abs() > 0.01 * f64::EPSILON * sum.abs() {
        n += 2.0;
        term *= 2.0 * x * x / n;
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// Its complement, beyond 3 by the continued fraction.
fn erfc(x: f64) -> f64 {
    if x < 3.0 {
        return 1.0 - erf(x);
    }
    let fraction = (1..80).rev().fold(x, |f, n| x + 0.5 * f64::from(n) / f);
    (-x * x).exp() / (PI.sqrt() * fraction)
}

type Function = Box<dyn Fn(f64) -> f64>;

/// The activation with σ and σ' as plain functions.
fn functions() -> Vec<(&'static str, Function, Function)> {
    let phi = |x: f64| (-0.5 * x * x).exp() / TAU.sqrt();
    let normal = |x: f64| 0.5 * erfc(-x * FRAC_1_SQRT_2);
    let bell = |x: f64| (-x * x).exp();
    let width = 2.4020563531719796;
    let step = |x: f64| if x > 0.0 { 1.0 } else { 0.0 };
    let slope = 2.0 / PI.sqrt();
    let power = |n: i32| move |x: f64| x.powi(n);
    vec![
        ("relu", Box::new(|x| x.max(0.0)), Box::new(step)),
        (
            "leaky-relu(0.3)",
            Box::new(|x| x.max(0.3 * x)),
            Box::new(move |x| 0.3 + 0.7 * step(x)),
        ),
        ("leaky-relu(-1)", Box::new(f64::abs), Box::new(f64::signum)),
        ("abs", Box::new(f64::abs), Box::new(f64::signum)),
        ("sign", Box::new(f64::signum), Box::new(|_| 0.0)),
        ("erf", Box::new(erf), Box::new(move |x| slope * bell(x))),
        (
            "sigmoid-like",
            Box::new(move |x| 0.5 * erfc(-x / width)),
            Box::new(move |x| 0.5 * slope / width * bell(x / width)),
        ),
        ("tanh", Box::new(f64::tanh), Box::new(|x| x.cosh().powi(-2))),
        (
            "sigmoid",
            Box::new(|x| 1.0 / (1.0 + (-x).exp())),
            Box::new(|x| 0.25 * (0.5 * x).cosh().powi(-2)),
        ),
        (
            "softplus",
            Box::new(|x| f64::max(x, 0.0) + (-x.abs()).exp().ln_1p()),
            Box::new(|x| 1.0 / (1.0 + (-x).exp())),
        ),
        (
            "silu",
            Box::new(|x| x / (1.0 + (-x).exp())),
            Box::new(|x| (1.0 + (1.0 + x) * (-x).exp()) / (1.0 + (-x).exp()).powi(2)),
        ),
        (
            "elu(1)",
            Box::new(|x| if x > 0.0 { x } else { x.exp_m1() }),
            Box::new(|x| if x > 0.0 { 1.0 } else { x.exp() }),
        ),
        (
            "elu(0.3)",
            Box::new(|x| if x > 0.0 { x } else { 0.3 * x.exp_m1() }),
            Box::new(|x| if x > 0.0 { 1.0 } else { 0.3 * x.exp() }),
        ),
        (
            "gelu",
            Box::new(move |x| x * normal(x)),
            Box::new(move |x| normal(x) + x * phi(x)),
        ),
        (
            "gaussian",
            Box::new(bell),
            Box::new(move |x| -2.0 * x * bell(x)),
        ),
        ("sin", Box::new(f64::sin), Box::new(f64::cos)),
        ("cos", Box::new(f64::cos), Box::new(|x: f64| -x.sin())),
        ("exp", Box::new(f64::exp), Box::new(f64::exp)),
        ("monomial(0)", Box::new(|_| 1.0), Box::new(|_| 0.0)),
        (
            "monomial(4)",
            Box::new(power(4)),
            Box::new(|x| 4.0 * x.powi(3)),
        ),
        ("rectified-monomial(0)", Box::new(step), Box::new(|_| 0.0)),
        (
            "rectified-monomial(1)",
            Box::new(|x| x.max(0.0)),
            Box::new(step),
        ),
        (
            "rectified-monomial(4)",
            Box::new(|x| x.max(0.0).powi(4)),
            Box::new(|x| 4.0 * x.max(0.0).powi(3)),
        ),
        (
            "hermite(3)",
            Box::new(|x| (x.powi(3) - 3.0 * x) / 6f64.sqrt()),
            Box::new(|x| (3.0 * x * x - 3.0) / 6f64.sqrt()),
        ),
    ]
}

/// Nodes and weights of the tanh-sinh rule on [0, 1], with each node's distance to the nearer end.
fn tanh_sinh() -> Vec<(f64, f64)> {
    let step = 1.0 / 24.0;
    (-84..=84)
        .map(|i| {
            let s = f64::from(i) * step;
            let u = FRAC_PI_2 * s.sinh();
            // Written so that small nodes keep their relative accuracy.
            let x = 1.0 / (1.0 + (-2.0 * u).exp());
            (x, step * FRAC_PI_2 * s.cosh() / (2.0 * u.cosh().powi(2)))
        })
        .filter(|&(_, w)| w > f64::MIN_POSITIVE)
        .collect()
}

/// E[f(u) f(v)] in polar coordinates, split at the four rays where u or v is zero.
fn plane_integral(f: &Function, q1: f64, q2: f64, c: f64) -> f64 {
    let rule = tanh_sinh();
    let turn = c.clamp(-1.0, 1.0).acos();
    let mut rays = [-FRAC_PI_2, FRAC_PI_2, turn - FRAC_PI_2, turn + FRAC_PI_2];
    rays.sort_by(f64::total_cmp);
    let (s1, s2) = (q1.sqrt(), q2.sqrt());
    // The radius goes far enough for exp((√q1 + √q2) r − r²/2).
    let end = 9.0 + s1 + s2;
    let mut sum = 0.0;
    for i in 0..4 {
        let from = rays[i];
        let to = if i < 3 { rays[i + 1] } else { rays[0] + TAU };
        for &(x, wx) in &rule {
            let angle = from + (to - from) * x;
            let (a, b) = (s1 * angle.cos(), s2 * (angle - turn).cos());
            for &(y, wy) in &rule {
                let r = end * y;
                let weight = wx * wy * (to - from) * end * r * (-0.5 * r * r).exp() / TAU;
                sum += weight * f(a * r) * f(b * r);
            }
        }
    }
    sum
}

fn apply(activation: &Activation, q1: f64, q2: f64, k: f64) -> (f64, f64) {
    let (mut nngp, mut ntk) = ([k], [1.0]);
    let (v1, v2) = (Variance::Constant(q1), Variance::Constant(q2));
    activation.apply(v1, v2, &mut nngp, Some(&mut ntk)).unwrap();
    (nngp[0], ntk[0])
}

/// σ and σ' at single numbers are the plain functions.
#[test]
fn functions_are_those_of_the_list() {
    for (name, function, derivative) in functions() {
        let activation: Activation = name.parse().unwrap();
        for i in -40..=40 {
            // Not at the kink.
            let x = 0.3 * f64::from(i) + 0.05;
            for (got, want) in [
                (activation.value(x), function(x)),
                (activation.derivative(x), derivative(x)),
            ] {
                let error = (got - want).abs();
                assert!(
                    error <= tol::PLAIN_FUNCTION * want.abs().max(1.0),
                    "{name} {x}"
                );
            }
        }
        let far = activation.value(-1000.0).abs() + activation.derivative(1000.0).abs();
        assert!(!far.is_nan(), "{name}");
    }
}

/// The error of functions that are computed as mixtures.
fn mixture(name: &str) -> f64 {
    match name {
        "tanh" | "sigmoid" | "softplus" | "silu" => tol::MIXTURE,
        _ => 0.0,
    }
}

/// Variances at which tanh is nearly a step, and softplus nearly a rectifier.
#[test]
fn large_variances() {
    for (name, function, derivative) in functions() {
        if mixture(name) == 0.0 && !name.starts_with("elu") {
            continue;
        }
        let activation: Activation = name.parse().unwrap();
        for (q1, q2, c) in [(30.0, 4.0, 0.3), (25.0, 25.0, 1.0), (16.0, 9.0, -0.95)] {
            let k = c * f64::sqrt(q1 * q2);
            let (value, slope) = apply(&activation, q1, q2, k);
            for (got, f) in [(value, &function), (slope, &derivative)] {
                let want = plane_integral(f, q1, q2, c);
                let [one, two] = [q1, q2].map(|q| plane_integral(f, q, q, 1.0));
                let scale = (one * two).sqrt();
                assert!(
                    (got - want).abs() <= tol::LARGE_VARIANCE * scale,
                    "{name} q1 {q1} q2 {q2} c {c}: {got} for {want}, scale {scale}"
                );
            }
            // Single precision has a mixture of its own.
            let (mut nngp, mut ntk) = ([k as f32], [1.0f32]);
            let [v1, v2] = [q1, q2].map(|q| Variance::Constant(q as f32));
            activation.apply(v1, v2, &mut nngp, Some(&mut ntk)).unwrap();
            let scale = activation.variance(q1.max(q2)).unwrap();
            let error = (f64::from(nngp[0]) - value).abs();
            assert!(error <= tol::SINGLE_MIXTURE * scale, "{name} {error:e}");
            let error = (f64::from(ntk[0]) - slope).abs();
            assert!(error <= tol::SINGLE_MIXTURE, "{name} {error:e}");
        }
    }
}

/// At variances from 0 to the largest, both expectations are those of the limits: the tangent at 0, and the step or rectifier.
#[test]
fn limits_of_small_and_large_variances() {
    let at = |name: &str, q: f64, c: f64| apply(&name.parse().unwrap(), q, q, c * q);
    for q in [1e-300, 1e-12] {
        for c in [-1.0, 0.25, 1.0] {
            let (value, slope) = at("tanh", q, c);
            assert_relative_eq!(value, c * q, epsilon = 0.0, max_relative = tol::MIXTURE);
            assert_relative_eq!(slope, 1.0, epsilon = 0.0, max_relative = tol::MIXTURE);
            let (value, slope) = at("elu(1)", q, c);
            assert_relative_eq!(
                value,
                c * q,
                epsilon = 0.0,
                max_relative = 2.0 * q.sqrt() + tol::MIXTURE
            );
            assert_relative_eq!(
                slope,
                1.0,
                epsilon = 0.0,
                max_relative = 2.0 * q.sqrt() + tol::MIXTURE
            );
        }
    }
    for q in [1e40, 1e300] {
        for (name, limit) in [
            ("tanh", "sign"),
            ("sigmoid", "rectified-monomial(0)"),
            ("softplus", "relu"),
            ("silu", "relu"),
            ("elu(1)", "relu"),
        ] {
            for c in [-0.5, 0.25, 1.0] {
                let (value, slope) = at(name, q, c);
                let (want, steep) = at(limit, q, c);
                assert_relative_eq!(value, want, epsilon = 0.0, max_relative = tol::MIXTURE);
                if limit == "relu" {
                    assert_relative_eq!(slope, steep, epsilon = 0.0, max_relative = tol::MIXTURE);
                } else {
                    assert!((0.0..tol::MIXTURE).contains(&slope), "{name} {slope}");
                }
            }
        }
    }
}

#[test]
fn expectations_are_the_plane_integral() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let correlations = [1.0, -1.0, 0.0, 0.9999, -0.9999];
    for (name, function, derivative) in functions() {
        let activation: Activation = name.parse().unwrap();
        for trial in 0..9 {
            let q1 = 10f64.powf(random.random_range(-2.0..0.3));
            // At c = ±1 the bound has to be a number: sqrt(q1 q2) = 2 q1.
            let q2 = if trial < 2 {
                4.0 * q1
            } else {
                10f64.powf(random.random_range(-2.0..0.3))
            };
            let c = correlations
                .get(trial)
                .copied()
                .unwrap_or_else(|| random.random_range(-1.0..1.0));
            let k = c * (q1 * q2).sqrt();
            let (value, slope) = apply(&activation, q1, q2, k);
            for (what, got, f) in [
                ("value", value, &function),
                ("derivative", slope, &derivative),
            ] {
                let want = plane_integral(f, q1, q2, c);
                // The bound of Cauchy and Schwarz; the other tests look at relative accuracy.
                let [one, two] = [q1, q2].map(|q| plane_integral(f, q, q, 1.0));
                let scale = (one * two).sqrt();
                assert!(
                    (got - want).abs() <= (tol::QUADRATURE + mixture(name)) * scale,
                    "{name} {what} q1 {q1} q2 {q2} c {c}: {got} for {want}, scale {scale}"
                );
            }
        }
    }
}

/// Price's theorem: the derivative of E[σ(u)σ(v)] by k is E[σ'(u)σ'(v)].
#[test]
fn derivative_expectation_is_the_slope_of_the_expectation() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for (name, _, _) in functions() {
        if name == "sign" || name == "rectified-monomial(0)" {
            continue; // Their derivative expectation leaves out a jump.
        }
        let activation: Activation = name.parse().unwrap();
        for _ in 0..20 {
            let q1 = 10f64.powf(random.random_range(-1.0..0.7));
            let q2 = 10f64.powf(random.random_range(-1.0..0.7));
            let scale = (q1 * q2).sqrt();
            let k = scale * random.random_range(-0.8..0.8);
            let h = scale / 1024.0;
            let value = |step: f64| apply(&activation, q1, q2, k + step * h).0;
            let near = value(1.0) - value(-1.0);
            let far = value(2.0) - value(-2.0);
            let slope = (8.0 * near - far) / (12.0 * h);
            let want = apply(&activation, q1, q2, k).1;
            let size = want.abs() + value(0.0).abs() / scale;
            assert!(
                (slope - want).abs() <= tol::DIFFERENCE * size,
                "{name} q1 {q1} q2 {q2} k {k}: slope {slope}, expectation {want}"
            );
        }
    }
}

#[test]
fn rectified_monomial_of_degree_one_is_the_rectifier() {
    let rectified = Activation::RectifiedMonomial { degree: 1 };
    for i in -100..=100 {
        let k = f64::from(i) / 100.0;
        let (a, b) = (
            apply(&Activation::Relu, 1.0, 1.0, k),
            apply(&rectified, 1.0, 1.0, k),
        );
        assert_relative_eq!(a.0, b.0, epsilon = 0.0, max_relative = tol::CLOSED_FORM);
        assert_relative_eq!(a.1, b.1, epsilon = 0.0, max_relative = tol::CLOSED_FORM);
    }
}

#[test]
fn quadrature_reproduces_polynomials_and_erf() {
    let cubic = Elementwise::new("cubic", 6, |x| x.powi(3), |x| 3.0 * x * x).unwrap();
    let slope = 2.0 / PI.sqrt();
    let smooth = Elementwise::new("erf", 200, erf, move |x| slope * (-x * x).exp()).unwrap();
    let pairs = [
        (
            Activation::Elementwise(cubic),
            Activation::Monomial { degree: 3 },
            tol::moments(6),
        ),
        (
            Activation::Elementwise(smooth),
            Activation::Erf,
            tol::HERMITE_TAIL,
        ),
    ];
    let covariances = [0.0, 0.3, -0.7, 0.97, -0.99];
    for (quadrature, closed, tolerance) in pairs {
        for (q1, q2) in [(0.5f64, 0.5f64), (1.0, 0.2), (0.7, 1.0)] {
            let scale = closed.variance(q1.max(q2)).unwrap();
            let slope = closed.derivative_variance(q1.max(q2)).unwrap().max(1.0);
            for c in covariances {
                let k = c * f64::sqrt(q1 * q2);
                let (got, want) = (apply(&quadrature, q1, q2, k), apply(&closed, q1, q2, k));
                assert!(
                    (got.0 - want.0).abs() <= tolerance * scale,
                    "{closed} {c} {got:?} {want:?}"
                );
                assert!(
                    (got.1 - want.1).abs() <= tolerance * slope,
                    "{closed} {c} {got:?} {want:?}"
                );
            }
            let (got, want) = (
                quadrature.variance(q1).unwrap(),
                closed.variance(q1).unwrap(),
            );
            assert_abs_diff_eq!(got, want, epsilon = tolerance * scale);
            let got = quadrature.derivative_variance(q1).unwrap();
            let want = closed.derivative_variance(q1).unwrap();
            assert_abs_diff_eq!(got, want, epsilon = tolerance * slope);
            // At c = 1 the expansion is the quadrature of σ², to rounding.
            let (got, want) = (
                apply(&quadrature, q1, q1, q1).0,
                quadrature.variance(q1).unwrap(),
            );
            assert_relative_eq!(got, want, epsilon = 0.0, max_relative = tol::moments(200));
        }
    }
}
