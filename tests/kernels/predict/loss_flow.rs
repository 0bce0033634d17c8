//! Gradient flow on any loss: beside the closed form of the square loss, and beside an integration in small fixed steps.

use crate::common::predict_problem::Problem;
use crate::common::tol::predict as tol;
use haarmonic::Error;
use haarmonic::predict::{GradientFlow, KernelKind, Loss, LossFlow, Ridge, Time};
use ndarray::{Array2, ArrayView2, Axis, array, concatenate};

const TIMES: [f64; 4] = [0.0, 20.0, 3.0, 0.4];

fn assert_near(found: &Array2<f64>, want: &Array2<f64>, bound: f64) {
    assert_eq!(found.dim(), want.dim());
    let size = want.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (found, want) in found.iter().zip(want) {
        assert!(
            (found - want).abs() <= bound * size,
            "{found} {want} {size} {bound:e}"
        );
    }
}

#[test]
fn the_square_loss_is_gradient_flow() {
    let problem = Problem::new(12, 5, 2);
    let want: GradientFlow = problem.flow(KernelKind::Ntk, Ridge::NONE, 3.0);
    let times = TIMES.map(Time::Finite);
    let test = want.predict_mean_at(problem.ntk_td.view(), &times).unwrap();
    let train = times.map(|time| want.predict_train(time).unwrap().mean);
    for tolerance in [1e-5, 1e-8, 1e-11] {
        let flow = LossFlow::fit(problem.ntk_dd.view(), problem.targets.view(), Loss::Square)
            .unwrap()
            .with_learning_rate(3.0)
            .unwrap()
            .with_tolerance(tolerance)
            .unwrap();
        let on_test = flow.outputs_at(problem.ntk_td.view(), &TIMES).unwrap();
        let on_train = flow.train_outputs_at(&TIMES).unwrap();
        for (found, want) in on_test.iter().zip(&test).chain(on_train.iter().zip(&train)) {
            assert_near(found, want, tol::integrated(tolerance));
        }
    }
}

/// Classes of points, as probabilities.
fn classes(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 3), |(i, c)| match (i % 3 == c, i % 4 == 0) {
        (true, false) => 1.0,
        (true, true) => 0.8,
        (false, false) => 0.0,
        (false, true) => 0.1,
    })
}

/// The fourth-order method of Runge and Kutta in fixed steps, with losses written down once more. With momentum the state has velocities below the outputs.
fn fixed_steps(
    kernel: ArrayView2<'_, f64>,
    gradient: impl Fn(&Array2<f64>) -> Array2<f64>,
    friction: Option<f64>,
    outputs: usize,
    (time, steps): (f64, usize),
) -> Array2<f64> {
    let (rows, n) = kernel.dim();
    let slope = |state: &Array2<f64>| {
        let (f, v) = state.view().split_at(Axis(0), rows);
        let force = -kernel.dot(&gradient(&f.split_at(Axis(0), n).0.to_owned()));
        match friction {
            None => concatenate![Axis(0), force, v],
            Some(friction) => concatenate![Axis(0), v, force - friction * &v],
        }
    };
    let mut state = Array2::zeros((2 * rows, outputs));
    let h = time / steps as f64;
    for _ in 0..steps {
        let a = slope(&state);
        let b = slope(&(&state + &(0.5 * h * &a)));
        let c = slope(&(&state + &(0.5 * h * &b)));
        let d = slope(&(&state + &(h * &c)));
        state = state + (h / 6.0) * (a + 2.0 * b + 2.0 * c + d);
    }
    state.view().split_at(Axis(0), rows).0.to_owned()
}

#[test]
fn other_losses_are_their_integration_in_small_steps() {
    const TOLERANCE: f64 = 1e-9;
    let problem = Problem::new(9, 4, 3);
    let all = concatenate![Axis(0), problem.ntk_dd, problem.ntk_td];
    let y = classes(9);
    let softmax = |f: &Array2<f64>| {
        let mut p = f.mapv(f64::exp);
        for mut row in p.outer_iter_mut() {
            let sum = row.sum();
            row /= sum;
        }
        (p - &y) / 9.0
    };
    let logistic = |f: &Array2<f64>| (f.mapv(|f| 0.5 * (1.0 + (0.5 * f).tanh())) - &y) / 27.0;
    type Gradient<'a> = &'a dyn Fn(&Array2<f64>) -> Array2<f64>;
    let gradients: [(Loss, Gradient<'_>); 2] =
        [(Loss::CrossEntropy, &softmax), (Loss::Logistic, &logistic)];
    for (loss, gradient) in gradients {
        for friction in [None, Some(0.0), Some(0.7)] {
            let flow = LossFlow::fit(problem.ntk_dd.view(), y.view(), loss).unwrap();
            let mut flow = flow.with_tolerance(TOLERANCE).unwrap();
            if let Some(friction) = friction {
                flow = flow.with_friction(friction).unwrap();
            }
            let time = 12.0;
            let want = fixed_steps(all.view(), gradient, friction, 3, (time, 4000));
            let (train, test) = want.view().split_at(Axis(0), 9);
            let found = flow.outputs_at(problem.ntk_td.view(), &[time]).unwrap();
            assert_near(&found[0], &test.to_owned(), tol::integrated(TOLERANCE));
            let found = flow.train_outputs_at(&[time]).unwrap();
            assert_near(&found[0], &train.to_owned(), tol::integrated(TOLERANCE));
        }
    }
}

/// One point, Θ = 1, square loss: f'' + γ f' = η (1 − f) is an oscillation.
#[test]
fn momentum_oscillates() {
    let flow = LossFlow::fit(array![[1.0]].view(), array![[1.0]].view(), Loss::Square).unwrap();
    let flow = flow.with_learning_rate(4.0).unwrap();
    let flow = flow.with_friction(1.0).unwrap();
    let frequency = (4.0_f64 - 0.25).sqrt();
    for (found, t) in flow.train_outputs_at(&TIMES).unwrap().iter().zip(TIMES) {
        let (sin, cos) = (frequency * t).sin_cos();
        let want = 1.0 - (-0.5 * t).exp() * (cos + 0.5 / frequency * sin);
        assert!((found[[0, 0]] - want).abs() < tol::integrated(1e-8), "{t}");
    }
}

/// Outputs of square loss scale with the targets, and so do errors.
#[test]
fn scales_do_not_matter() {
    let problem = Problem::new(6, 2, 1);
    let at = |scale: f64| {
        let y = &problem.targets * scale;
        let flow = LossFlow::fit(problem.ntk_dd.view(), y.view(), Loss::Square).unwrap();
        flow.outputs_at(problem.ntk_td.view(), &[5.0])
            .unwrap()
            .remove(0)
    };
    for scale in [2.0_f64.powi(-100), 2.0_f64.powi(100)] {
        assert_eq!(at(scale), at(1.0) * scale);
    }
    // Targets of zero are there from the beginning.
    let none = at(0.0);
    assert!(none.iter().all(|value| *value == 0.0));
}

#[test]
fn gradients_are_derivatives_of_values() {
    let y = classes(4);
    let f = Array2::from_shape_fn((4, 3), |(i, c)| ((3 * i + c) as f64).sin() * 2.0);
    for loss in [Loss::Square, Loss::CrossEntropy, Loss::Logistic] {
        let gradient = loss.gradient(f.view(), y.view()).unwrap();
        for ((i, c), want) in gradient.indexed_iter() {
            let h = 1e-5;
            let at = |step: f64| {
                let mut moved = f.clone();
                moved[[i, c]] += step;
                loss.value(moved.view(), y.view()).unwrap()
            };
            let found = (at(h) - at(-h)) / (2.0 * h);
            assert!(
                (found - want).abs() < tol::first_order(h * h),
                "{loss:?}: {found} {want}"
            );
        }
        // Outputs beyond the range of the exponential function.
        let far = array![[1000.0, -1000.0, 0.0]];
        let y = array![[0.0, 1.0, 0.0]];
        let value = loss.value(far.view(), y.view()).unwrap();
        let gradient = loss.gradient(far.view(), y.view()).unwrap();
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
        if loss == Loss::CrossEntropy {
            assert_eq!((value, gradient), (2000.0, array![[1.0, -1.0, 0.0]]));
        }
    }
}

#[test]
fn bad_arguments_are_named() {
    let kernel = array![[1.0, 0.2], [0.2, 1.0]];
    let fit = |y: Array2<f64>, loss| LossFlow::fit(kernel.view(), y.view(), loss);
    let invalid = |error: Error| assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    invalid(fit(array![[1.0], [2.0]], Loss::Logistic).unwrap_err());
    invalid(fit(array![[0.5, 0.4], [0.5, 0.5]], Loss::CrossEntropy).unwrap_err());
    assert!(fit(array![[1.0]], Loss::Square).is_err());
    assert!(fit(Array2::zeros((2, 0)), Loss::Square).is_err());
    assert!(fit(array![[1.0], [f64::NAN]], Loss::Square).is_err());
    let flow = || fit(array![[1.0], [-1.0]], Loss::Square).unwrap();
    invalid(flow().with_learning_rate(0.0).unwrap_err());
    invalid(flow().with_friction(-1.0).unwrap_err());
    invalid(flow().with_tolerance(0.0).unwrap_err());
    invalid(flow().train_outputs_at(&[-1.0]).unwrap_err());
    invalid(flow().train_outputs_at(&[f64::INFINITY]).unwrap_err());
    assert!(matches!(
        flow().train_outputs_at(&[]).unwrap_err(),
        Error::Empty { .. }
    ));
    let cross = array![[1.0, 2.0, 3.0]];
    assert!(matches!(
        flow().outputs_at(cross.view(), &[1.0]).unwrap_err(),
        Error::ShapeMismatch { .. }
    ));
    let error = flow().train_outputs_at(&[1e12]).unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
    // Gradients of a user: of another shape, or no numbers.
    let y = array![[1.0], [-1.0]];
    let short = LossFlow::fit_gradient(kernel.view(), y.view(), |_, _| Array2::zeros((1, 1)));
    let error = short.unwrap().train_outputs_at(&[1.0]).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let nan = LossFlow::fit_gradient(kernel.view(), y.view(), |f, _| f.mapv(|_| f64::NAN));
    let error = nan.unwrap().train_outputs_at(&[1.0]).unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
}
