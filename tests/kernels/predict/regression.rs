//! Kernel ridge regression, Gaussian processes and metrics against closed forms; singular kernels.

use crate::common::close::assert_named_close;
use crate::common::tol::predict as tol;

use crate::common::predict_problem::{Problem, block, closed_form_ridge, linear_problem};
use approx::assert_abs_diff_eq;
use haarmonic::Error;
use haarmonic::predict::{
    GaussianProcess, GradientFlow, KernelRidge, Kernels, Prediction, Ridge, RidgePath, Time,
    metrics,
};
use ndarray::{Array2, ArrayView2, Axis, array, concatenate};

#[test]
fn linear_kernel_is_ridge_regression_in_closed_form() {
    let (x, y, test) = linear_problem();
    let kernel = x.dot(&x.t());
    let test_train = test.dot(&x.t());
    let mean_diagonal = kernel.diag().mean().unwrap();
    let path = RidgePath::fit(kernel.view(), y.view()).unwrap();
    for epsilon in [0.01, 0.5, 30.0] {
        let want = test.dot(&closed_form_ridge(&x, &y, epsilon));
        let tolerance = tol::solve(kernel.diag().sum() / epsilon);
        for ridge in [
            Ridge::Absolute(epsilon),
            Ridge::Relative(epsilon / mean_diagonal),
        ] {
            let direct = KernelRidge::fit(kernel.view(), y.view(), ridge).unwrap();
            assert_named_close(
                "cholesky",
                direct.predict(test_train.view()).unwrap(),
                &want,
                tolerance,
            );
            let from_path = path.at(ridge).unwrap();
            assert_named_close(
                "path",
                from_path.predict(test_train.view()).unwrap(),
                &want,
                tolerance,
            );
            assert_named_close(
                "coefficients",
                from_path.coefficients(),
                direct.coefficients(),
                tolerance,
            );
            let train = Kernels::ntk(kernel.view(), kernel.view());
            let flow = GradientFlow::fit(train, y.view(), ridge).unwrap();
            let mean = flow
                .predict_mean(test_train.view(), Time::Infinite)
                .unwrap();
            assert_named_close("flow", &mean, &want, tolerance);
        }
    }
    let ridges = [30.0, 0.5, 0.01].map(Ridge::Absolute);
    for (ridge, mean) in ridges
        .iter()
        .zip(path.predict(test_train.view(), &ridges).unwrap())
    {
        assert_eq!(
            mean,
            path.at(*ridge).unwrap().predict(test_train.view()).unwrap()
        );
    }
    assert!(path.predict(test_train.view(), &[]).unwrap().is_empty());
}

/// Five points, two features: Θ has rank two. Gradient flow is well defined and finds least squares.
#[test]
fn singular_kernels_flow_but_cannot_be_solved() {
    let (x, y, test) = linear_problem();
    let kernel = x.dot(&x.t());
    let test_train = test.dot(&x.t());
    let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), y.view(), Ridge::NONE).unwrap();
    let long = flow
        .predict_mean(test_train.view(), Time::Finite(1000.0))
        .unwrap();
    let want = test.dot(&closed_form_ridge(&x, &y, 0.0));
    assert_named_close("least squares", &long, &want, tol::solve(1000.0));

    let is_singular = |error: Error| matches!(error, Error::NotPositiveDefinite { .. });
    assert!(is_singular(
        flow.predict_mean(test_train.view(), Time::Infinite)
            .unwrap_err()
    ));
    assert!(is_singular(flow.predict_train(Time::Infinite).unwrap_err()));
    assert!(is_singular(
        KernelRidge::fit(kernel.view(), y.view(), Ridge::NONE).unwrap_err()
    ));
    assert!(is_singular(
        GaussianProcess::fit(kernel.view(), y.view(), Ridge::NONE).unwrap_err()
    ));
    let path = RidgePath::fit(kernel.view(), y.view()).unwrap();
    assert!(is_singular(path.at(Ridge::NONE).unwrap_err()));

    // A repeated training point.
    let mut problem = Problem::new(6, 1, 1);
    let twice = [0, 1, 2, 3, 4, 5, 2];
    problem.nngp_dd = Array2::from_shape_fn((7, 7), |(i, j)| problem.nngp_dd[[twice[i], twice[j]]]);
    let targets = Array2::ones((7, 1));
    assert!(is_singular(
        KernelRidge::fit(problem.nngp_dd.view(), targets.view(), Ridge::NONE).unwrap_err()
    ));
    assert!(KernelRidge::fit(problem.nngp_dd.view(), targets.view(), Ridge::Relative(0.1)).is_ok());

    // An indefinite matrix is not a kernel at any time.
    let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
    let targets = array![[1.0], [1.0]];
    let flow = GradientFlow::fit(
        Kernels::nngp(indefinite.view()),
        targets.view(),
        Ridge::NONE,
    )
    .unwrap();
    assert!(is_singular(
        flow.predict_train(Time::Finite(1.0)).unwrap_err()
    ));
    assert!(is_singular(
        RidgePath::fit(indefinite.view(), targets.view()).unwrap_err()
    ));
    let message = KernelRidge::fit(indefinite.view(), targets.view(), Ridge::NONE)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("train-train kernel") && message.contains("ridge"),
        "{message}"
    );
}

#[test]
fn gaussian_process_of_two_points_in_closed_form() {
    // K + ε = [[2, 1/2], [1/2, 2]], inverse [[8, -2], [-2, 8]]/15, k = (1/2, 1/4)
    let kernel = array![[1.0, 0.5], [0.5, 1.0]];
    let targets = array![[1.0], [2.0]];
    let process =
        GaussianProcess::fit(kernel.view(), targets.view(), Ridge::Absolute(1.0)).unwrap();
    let (test_train, test_test) = (array![[0.5, 0.25]], array![[1.0]]);
    let posterior = process
        .predict(test_train.view(), test_test.view())
        .unwrap();
    // (8/2 - 2/4, -2/2 + 8/4)/15 = (7/30, 1/15)
    assert_named_close(
        "mean",
        &posterior.mean,
        &array![[7.0 / 30.0 + 2.0 / 15.0]],
        tol::exact(),
    );
    assert_named_close(
        "covariance",
        &posterior.covariance,
        &array![[1.0 - 7.0 / 60.0 - 1.0 / 60.0]],
        tol::exact(),
    );
}

#[test]
fn layout_of_the_arrays_does_not_matter() {
    let problem = Problem::new(6, 3, 2);
    let transposed = problem.ntk_td.t().as_standard_layout().into_owned();
    let wide = concatenate![Axis(1), problem.targets, problem.targets];
    let model = |targets: ArrayView2<'_, f64>| {
        KernelRidge::fit(problem.ntk_dd.t(), targets, Ridge::NONE).unwrap()
    };
    let plain = model(problem.targets.view())
        .predict(problem.ntk_td.view())
        .unwrap();
    let strided = model(block(wide.view(), .., 2..))
        .predict(transposed.t())
        .unwrap();
    assert_eq!(plain, strided);
}

#[test]
fn one_point_and_zero_targets() {
    let one = array![[2.0]];
    let model = KernelRidge::fit(one.view(), array![[0.0]].view(), Ridge::NONE).unwrap();
    assert_eq!(model.predict(array![[5.0]].view()).unwrap(), array![[0.0]]);
    let flow =
        GradientFlow::fit(Kernels::nngp(one.view()), array![[0.0]].view(), Ridge::NONE).unwrap();
    let Prediction { mean, covariance } = flow.predict_train(Time::Finite(1.0)).unwrap();
    assert_eq!(mean, array![[0.0]]);
    assert_named_close(
        "covariance",
        &covariance,
        &array![[2.0 * (-4.0_f64).exp()]],
        tol::exact(),
    );
    // A kernel that is zero learns nothing.
    let flow = GradientFlow::fit(
        Kernels::nngp(array![[0.0]].view()),
        array![[1.0]].view(),
        Ridge::NONE,
    )
    .unwrap();
    assert_eq!(
        flow.predict_train(Time::Finite(1.0)).unwrap().mean,
        array![[0.0]]
    );
}

#[test]
fn metrics_in_closed_form() {
    let (p, y) = (
        array![[1.0, 2.0], [3.0, 4.0]],
        array![[2.0, 2.0], [0.0, 4.0]],
    );
    assert_eq!(metrics::mae(p.view(), y.view()).unwrap(), 1.0);
    assert_eq!(metrics::rmse(p.view(), y.view()).unwrap(), 2.5_f64.sqrt());
    assert_eq!(metrics::mean(&[1.0, 2.0, 6.0]).unwrap(), 3.0);
    // deviations -2, -1, 3: sqrt(14 / (3 · 2))
    assert_eq!(
        metrics::standard_error(&[1.0, 2.0, 6.0]).unwrap(),
        (14.0_f64 / 6.0).sqrt()
    );

    let bad = array![[1.0, f64::NAN], [3.0, 4.0]];
    assert_eq!(
        metrics::mae(bad.view(), y.view()).unwrap_err(),
        Error::NotFinite {
            what: "predictions".into(),
            index: vec![0, 1]
        }
    );
    assert!(matches!(
        metrics::rmse(p.view(), bad.view()),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        metrics::mae(block(p.view(), ..1, ..), y.view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        metrics::rmse(block(p.view(), ..0, ..), block(y.view(), ..0, ..)),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(metrics::mean(&[]), Err(Error::Empty { .. })));
    assert!(matches!(
        metrics::standard_error(&[]),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(
        metrics::standard_error(&[1.0]),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        metrics::standard_error(&[1.0, f64::INFINITY]),
        Err(Error::NotFinite { .. })
    ));
}

/// Errors of numbers of any size: those of numbers of size one, times the size.
#[test]
fn metrics_follow_their_scale() {
    let (p, y) = (
        array![[1.0, 2.0], [3.0, 4.0], [-2.5, 0.3]],
        array![[2.0, 2.0], [0.0, 4.0], [0.1, -0.7]],
    );
    let errors = |factor: f64| {
        let [p, y] = [&p, &y].map(|a| a * factor);
        let repeats: Vec<f64> = p.iter().copied().collect();
        [
            metrics::mae(p.view(), y.view()).unwrap(),
            metrics::rmse(p.view(), y.view()).unwrap(),
            metrics::mean(&repeats).unwrap(),
            metrics::standard_error(&repeats).unwrap(),
        ]
    };
    let r_squared = |factor: f64| {
        let [p, y] = [&p, &y].map(|a| a * factor);
        metrics::r_squared(p.view(), y.view()).unwrap()
    };
    let (want, want_r_squared) = (errors(1.0), r_squared(1.0));
    for exponent in [-900, -600, 600, 900, 1020] {
        let power = 2f64.powi(exponent);
        assert_eq!(errors(power), want.map(|error| power * error), "{exponent}");
        assert_eq!(r_squared(power), want_r_squared);
    }
    // Sums that overflow, of means that do not; and differences that do.
    let (high, low) = (array![[f64::MAX], [f64::MAX]], array![[-f64::MAX], [0.0]]);
    assert_eq!(metrics::mean(&[f64::MAX, f64::MAX]).unwrap(), f64::MAX);
    assert_eq!(
        metrics::mae(high.view(), (&high * 0.5).view()).unwrap(),
        0.5 * f64::MAX
    );
    for error in [
        metrics::mae(high.view(), low.view()),
        metrics::rmse(high.view(), low.view()),
        metrics::r_squared(high.view(), (&low / f64::MAX).view()),
    ] {
        assert!(matches!(error, Err(Error::NotFinite { .. })), "{error:?}");
    }
    // A small difference beside large numbers that agree.
    let small = metrics::rmse(array![1e200, 3e-150].view(), array![1e200, 0.0].view()).unwrap();
    assert_abs_diff_eq!(small * 2f64.sqrt() / 3e-150, 1.0, epsilon = tol::exact());
}
