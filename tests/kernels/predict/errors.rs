//! Bad input to prediction: every error is provoked, and no scale of the input gives a panic or a NaN.

use crate::common::predict_problem::{Problem, block};
use haarmonic::Error;
use haarmonic::predict::{GradientFlow, KernelKind, KernelRidge, Kernels, Ridge, RidgePath, Time};
use ndarray::{Array2, ArrayView2};

#[test]
fn invalid_input_is_an_error() {
    let problem = Problem::new(5, 3, 2);
    let (kernel, y) = (problem.nngp_dd.view(), problem.targets.view());
    let shape = |error: Error| matches!(error, Error::ShapeMismatch { .. });
    let value = |error: Error| matches!(error, Error::InvalidValue { .. });
    let empty = |error: Error| matches!(error, Error::Empty { .. });
    let none = Array2::<f64>::zeros((0, 0));

    // Train-train kernel and targets.
    let fit = |kernel: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>| {
        KernelRidge::fit(kernel, y, Ridge::NONE).unwrap_err()
    };
    assert!(empty(fit(none.view(), none.view())));
    assert!(shape(fit(problem.nngp_td.view(), y)));
    assert!(shape(fit(kernel, block(y, ..4, ..))));
    assert!(empty(fit(kernel, block(y, .., ..0))));
    for bad in [f64::NAN, f64::INFINITY] {
        let mut broken = problem.nngp_dd.clone();
        broken[[3, 1]] = bad;
        let error = fit(broken.view(), y);
        assert_eq!(
            error,
            Error::NotFinite {
                what: "train-train kernel".into(),
                index: vec![3, 1]
            }
        );
        let mut broken = problem.targets.clone();
        broken[[4, 1]] = bad;
        assert_eq!(
            fit(kernel, broken.view()),
            Error::NotFinite {
                what: "targets".into(),
                index: vec![4, 1]
            }
        );
    }
    let mut skew = problem.nngp_dd.clone();
    skew[[3, 1]] += 0.01;
    assert!(value(fit(skew.view(), y)));
    assert!(value(RidgePath::fit(skew.view(), y).unwrap_err()));
    let flow =
        |train: Kernels<'_>, y: ArrayView2<'_, f64>| GradientFlow::fit(train, y, Ridge::NONE);
    assert!(value(flow(Kernels::nngp(skew.view()), y).unwrap_err()));
    assert!(value(
        flow(Kernels::ntk(kernel, skew.view()), y).unwrap_err()
    ));
    let smaller = block(kernel, ..4, ..4);
    assert!(shape(flow(Kernels::ntk(kernel, smaller), y).unwrap_err()));
    assert!(empty(
        flow(Kernels::nngp(none.view()), none.view()).unwrap_err()
    ));

    // Options.
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(value(
            KernelRidge::fit(kernel, y, Ridge::Absolute(bad)).unwrap_err()
        ));
        assert!(value(
            KernelRidge::fit(kernel, y, Ridge::Relative(bad)).unwrap_err()
        ));
        let path = RidgePath::fit(kernel, y).unwrap();
        assert!(value(path.at(Ridge::Relative(bad)).unwrap_err()));
        assert!(value(
            path.predict(problem.nngp_td.view(), &[Ridge::Absolute(bad)])
                .unwrap_err()
        ));
        assert!(value(
            flow(Kernels::nngp(kernel), y)
                .and_then(|flow| flow.with_learning_rate(bad))
                .unwrap_err()
        ));
        assert!(value(
            GradientFlow::fit(Kernels::nngp(kernel), y, Ridge::Absolute(bad)).unwrap_err()
        ));
        let flow = problem.flow(KernelKind::Nngp, Ridge::NONE, 1.0);
        assert!(value(flow.predict_train(Time::Finite(bad)).unwrap_err()));
        assert!(value(
            flow.predict(
                problem.cross(KernelKind::Nngp),
                problem.nngp_tt.view(),
                Time::Finite(bad)
            )
            .unwrap_err()
        ));
        assert!(value(
            flow.predict_mean(problem.nngp_td.view(), Time::Finite(bad))
                .unwrap_err()
        ));
    }
    assert!(value(
        flow(Kernels::nngp(kernel), y)
            .and_then(|flow| flow.with_learning_rate(0.0))
            .unwrap_err()
    ));

    // Test kernels.
    let flow = problem.flow(KernelKind::Ntk, Ridge::NONE, 1.0);
    let (ntk, nngp, prior) = (
        problem.ntk_td.view(),
        problem.nngp_td.view(),
        problem.nngp_tt.view(),
    );
    let test = |ntk, nngp, prior| {
        flow.predict(Kernels::ntk(ntk, nngp), prior, Time::Infinite)
            .unwrap_err()
    };
    assert!(value(
        flow.predict(
            problem.cross(KernelKind::Nngp),
            problem.nngp_tt.view(),
            Time::Infinite
        )
        .unwrap_err()
    ));
    assert!(shape(test(block(ntk, .., ..4), nngp, prior)));
    assert!(shape(test(ntk, block(nngp, ..2, ..), prior)));
    assert!(shape(test(ntk, nngp, block(prior, ..2, ..2))));
    assert!(empty(test(
        block(ntk, ..0, ..),
        block(nngp, ..0, ..),
        block(prior, ..0, ..0)
    )));
    let mut broken = problem.nngp_tt.clone();
    broken[[0, 2]] = 9.0;
    assert!(value(test(ntk, nngp, broken.view())));
    let mut broken = problem.nngp_td.clone();
    broken[[2, 4]] = f64::NAN;
    assert_eq!(
        test(ntk, broken.view(), prior),
        Error::NotFinite {
            what: "test-train NNGP".into(),
            index: vec![2, 4]
        }
    );
    let model = KernelRidge::fit(kernel, y, Ridge::NONE).unwrap();
    assert!(shape(model.predict(block(nngp, .., ..3)).unwrap_err()));
    assert!(empty(model.predict(block(nngp, ..0, ..)).unwrap_err()));
    assert!(matches!(
        model.predict(broken.view()),
        Err(Error::NotFinite { .. })
    ));
}

/// Values at the ends of the range of f64 give a result or an error, never a panic or a NaN.
#[test]
fn extreme_scales() {
    let problem = Problem::new(5, 3, 2);
    for scale in [f64::MIN_POSITIVE, 1.0e-200, 1.0e150, 1.0e307] {
        let kernel = scale * &problem.nngp_dd;
        let test_train = scale * &problem.nngp_td;
        let prior = scale * &problem.nngp_tt;
        let y = problem.targets.view();
        let finite = |array: &Array2<f64>| assert!(array.iter().all(|x| x.is_finite()));
        for ridge in [Ridge::NONE, Ridge::Relative(0.1), Ridge::Absolute(f64::MAX)] {
            if let Ok(mean) =
                KernelRidge::fit(kernel.view(), y, ridge).and_then(|m| m.predict(test_train.view()))
            {
                finite(&mean);
            }
            if let Ok(path) = RidgePath::fit(kernel.view(), y)
                && let Ok(means) = path.predict(test_train.view(), &[ridge])
            {
                finite(&means[0]);
            }
            let Ok(flow) = GradientFlow::fit(Kernels::nngp(kernel.view()), y, ridge) else {
                continue;
            };
            for time in [Time::Finite(1.0), Time::Finite(1.0e300), Time::Infinite] {
                let test = Kernels::nngp(test_train.view());
                for prediction in [
                    flow.predict(test, prior.view(), time),
                    flow.predict_train(time),
                ]
                .into_iter()
                .flatten()
                {
                    finite(&prediction.mean);
                    finite(&prediction.covariance);
                }
            }
        }
    }
}

/// Messages speak of what a user gave, in short numbers.
#[test]
fn messages_name_no_item_of_the_program() {
    let problem = Problem::new(5, 3, 2);
    let flow = problem.flow(KernelKind::Nngp, Ridge::NONE, 1.0);
    assert_eq!(
        flow.predict_train(Time::Finite(-2.5e-17))
            .unwrap_err()
            .to_string(),
        "training time: found -2.5e-17, expected a number of at least 0, or infinite"
    );
    let wrong = block(problem.targets.view(), ..2, ..);
    let times = [Time::Finite(1.0)];
    let test = problem.nngp_td.view();
    let error = haarmonic::predict::ValidationCurve::new(&flow, test, wrong, &times).unwrap_err();
    assert_eq!(
        error.to_string(),
        "targets of the validation inputs: expected shape [3, 2], one row per validation input, found [2, 2]"
    );
}
