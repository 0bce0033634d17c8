//! Gradient flow against stored values of another program and against integration of the flow in time.

use crate::common::close::assert_named_close;
use crate::common::tol::predict as tol;

use approx::assert_relative_eq;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use crate::common::predict_problem::{KINDS, Problem};
use haarmonic::Error;
use haarmonic::kernel::{KernelError, KernelMatrices};
use haarmonic::predict::{
    Criterion, GaussianProcess, GradientFlow, KernelKind, Kernels, Regression, Ridge, RidgePath,
    Time, classification, metrics,
};
use ndarray::{Array2, ArrayD, Ix0, Ix2, array};
use ndarray_npy::NpzReader;
use rand::SeedableRng;

#[test]
fn golden_gradient_flow_and_gaussian_process() {
    let mut reader = NpzReader::new(File::open("tests/data/predict.npz").unwrap()).unwrap();
    let names = reader.names().unwrap();
    let mut golden: BTreeMap<String, ArrayD<f64>> = BTreeMap::new();
    for name in &names {
        golden.insert(
            name.trim_end_matches(".npy").to_string(),
            reader.by_name(name).unwrap(),
        );
    }
    let mut used: BTreeSet<String> = ["x_train", "x_test", "ntk_tt"].map(String::from).into();
    let mut matrix = |name: &str| -> Array2<f64> {
        used.insert(name.to_string());
        golden[name].clone().into_dimensionality::<Ix2>().unwrap()
    };
    let scalar = |name: &str| {
        golden[name]
            .clone()
            .into_dimensionality::<Ix0>()
            .unwrap()
            .into_scalar()
    };
    let problem = Problem {
        ntk_dd: matrix("ntk_dd"),
        nngp_dd: matrix("nngp_dd"),
        ntk_td: matrix("ntk_td"),
        nngp_td: matrix("nngp_td"),
        nngp_tt: matrix("nngp_tt"),
        targets: matrix("y_train"),
    };
    let ridge = Ridge::Relative(scalar("diag_reg"));
    let learning_rate = scalar("learning_rate");
    let times = [
        ("0.5", Time::Finite(0.5)),
        ("5.0", Time::Finite(5.0)),
        ("50.0", Time::Finite(50.0)),
        ("None", Time::Infinite),
    ];
    for (name, kind) in [("ntk", KernelKind::Ntk), ("nngp", KernelKind::Nngp)] {
        let flow = problem.flow(kind, ridge, learning_rate);
        let all_times = times.map(|(_, time)| time);
        let together = flow
            .predict_at(problem.cross(kind), problem.nngp_tt.view(), &all_times)
            .unwrap();
        for ((label, time), from_list) in times.into_iter().zip(together) {
            let on_test = flow
                .predict(problem.cross(kind), problem.nngp_tt.view(), time)
                .unwrap();
            assert_eq!(on_test, from_list);
            let on_train = flow.predict_train(time).unwrap();
            for (place, prediction) in [("", &on_test), ("train_", &on_train)] {
                let mean = format!("{name}_{place}mean_t{label}");
                assert_named_close(&mean, &prediction.mean, matrix(&mean), tol::golden());
                let covariance = format!("{name}_{place}cov_t{label}");
                assert_named_close(
                    &covariance,
                    &prediction.covariance,
                    matrix(&covariance),
                    tol::golden(),
                );
            }
            let mean = flow
                .predict_mean(problem.evolution(kind).1.view(), time)
                .unwrap();
            assert_named_close("mean alone", &mean, &on_test.mean, tol::golden());
        }
    }
    let process =
        GaussianProcess::fit(problem.nngp_dd.view(), problem.targets.view(), ridge).unwrap();
    let posterior = process
        .predict(problem.nngp_td.view(), problem.nngp_tt.view())
        .unwrap();
    assert_named_close(
        "gp mean",
        &posterior.mean,
        matrix("gp_nngp_mean"),
        tol::golden(),
    );
    assert_named_close(
        "gp covariance",
        &posterior.covariance,
        matrix("gp_nngp_cov"),
        tol::golden(),
    );

    used.extend(["diag_reg", "learning_rate"].map(String::from));
    assert_eq!(
        used,
        golden.keys().cloned().collect(),
        "every stored array is compared"
    );
}

/// d/dτ of (e^{-τΘ}, Z) is (-Θ e^{-τΘ}, Θ_sx e^{-τΘ}); integrated step by step, nothing is diagonalised.
fn integrate_flow(
    evolution: &Array2<f64>,
    test: &Array2<f64>,
    tau: f64,
    steps: usize,
) -> (Array2<f64>, Array2<f64>) {
    let n = evolution.nrows();
    let h = tau / steps as f64;
    let mut left_over = Array2::eye(n);
    let mut z = Array2::zeros((test.nrows(), n));
    for _ in 0..steps {
        let slope = |at: &Array2<f64>| -evolution.dot(at);
        let k1 = slope(&left_over);
        let k2 = slope(&(&left_over + &(0.5 * h * &k1)));
        let k3 = slope(&(&left_over + &(0.5 * h * &k2)));
        let k4 = slope(&(&left_over + &(h * &k3)));
        // Simpson for Z, with e^{-τΘ} at both ends and in the middle, is the same Runge–Kutta step.
        let middle = &left_over + &(0.25 * h * (&k1 + &k2));
        let next = &left_over + &(h / 6.0 * (&k1 + &(2.0 * &k2) + &(2.0 * &k3) + &k4));
        z = z + test.dot(&(h / 6.0 * (&left_over + &(4.0 * &middle) + &next)));
        left_over = next;
    }
    (left_over, z)
}

#[test]
fn finite_time_is_the_solution_of_the_flow() {
    let problem = Problem::new(7, 3, 2);
    let (learning_rate, time) = (0.7, 11.0);
    let tau = learning_rate * time / 14.0;
    let steps = 4000;
    for kind in KINDS {
        let flow = problem.flow(kind, Ridge::NONE, learning_rate);
        let (evolution, test) = problem.evolution(kind);
        let (left_over, z) = integrate_flow(evolution, test, tau, steps);
        let trace: f64 = evolution.diag().sum();
        let tolerance = tol::runge_kutta(trace * tau / steps as f64, steps);

        let on_test = flow
            .predict(
                problem.cross(kind),
                problem.nngp_tt.view(),
                Time::Finite(time),
            )
            .unwrap();
        assert_named_close(
            "test mean",
            &on_test.mean,
            z.dot(&problem.targets),
            tolerance,
        );
        let cross = z.dot(&problem.nngp_td.t());
        let covariance =
            &problem.nngp_tt - &cross - cross.t() + z.dot(&problem.nngp_dd).dot(&z.t());
        assert_named_close(
            "test covariance",
            &on_test.covariance,
            &covariance,
            tolerance,
        );

        let on_train = flow.predict_train(Time::Finite(time)).unwrap();
        let mean = &problem.targets - &left_over.dot(&problem.targets);
        assert_named_close("train mean", &on_train.mean, &mean, tolerance);
        let covariance = left_over.dot(&problem.nngp_dd).dot(&left_over.t());
        assert_named_close(
            "train covariance",
            &on_train.covariance,
            &covariance,
            tolerance,
        );
    }
}

#[test]
fn at_time_zero_the_ensemble_is_the_prior() {
    let problem = Problem::new(9, 4, 3);
    for kind in KINDS {
        let flow = problem.flow(kind, Ridge::NONE, 0.5);
        let on_test = flow
            .predict(
                problem.cross(kind),
                problem.nngp_tt.view(),
                Time::Finite(0.0),
            )
            .unwrap();
        assert_eq!(on_test.mean, Array2::<f64>::zeros((4, 3)));
        assert_eq!(on_test.covariance, problem.nngp_tt);
        let on_train = flow.predict_train(Time::Finite(0.0)).unwrap();
        assert_eq!(on_train.mean, Array2::<f64>::zeros((9, 3)));
        assert_named_close(
            "prior",
            &on_train.covariance,
            &problem.nngp_dd,
            tol::solve(9.0),
        );
    }
}

#[test]
fn soon_after_the_start_the_mean_grows_with_the_gradient() {
    let problem = Problem::new(9, 4, 3);
    let (rate, time) = (0.5, f64::EPSILON.sqrt());
    let tau = rate * time / 27.0;
    for kind in KINDS {
        let (evolution, test) = problem.evolution(kind);
        let flow = problem.flow(kind, Ridge::NONE, rate);
        let mean = flow
            .predict(
                problem.cross(kind),
                problem.nngp_tt.view(),
                Time::Finite(time),
            )
            .unwrap()
            .mean;
        let trace: f64 = evolution.diag().sum();
        let tolerance = tol::first_order(trace * tau) + tol::solve(trace);
        assert_named_close(
            "gradient",
            &mean,
            &(tau * test.dot(&problem.targets)),
            tolerance,
        );
    }
}

#[test]
fn long_training_is_the_limit() {
    let problem = Problem::new(8, 3, 2);
    for ridge in [Ridge::Relative(0.05), Ridge::Absolute(0.2)] {
        for kind in KINDS {
            let flow = problem.flow(kind, ridge, 1.0);
            let limit = flow
                .predict(problem.cross(kind), problem.nngp_tt.view(), Time::Infinite)
                .unwrap();
            let long = flow
                .predict(
                    problem.cross(kind),
                    problem.nngp_tt.view(),
                    Time::Finite(f64::MAX.sqrt()),
                )
                .unwrap();
            assert_named_close("mean", &long.mean, &limit.mean, tol::solve(1000.0));
            assert_named_close(
                "covariance",
                &long.covariance,
                &limit.covariance,
                tol::solve(1000.0),
            );
            let limit = flow.predict_train(Time::Infinite).unwrap();
            let long = flow.predict_train(Time::Finite(f64::MAX.sqrt())).unwrap();
            assert_named_close("train mean", &long.mean, &limit.mean, tol::solve(1000.0));
            assert_eq!(limit.mean, problem.targets);
            assert_eq!(limit.covariance, Array2::<f64>::zeros((8, 8)));
            assert_eq!(long.covariance, limit.covariance);
        }
    }
}

#[test]
fn covariances_are_positive_semi_definite() {
    let problem = Problem::new(9, 5, 2);
    let times = [0.0, 0.3, 10.0, 1e3].map(Time::Finite);
    let steps = [1, 50].map(Time::Steps);
    for ridge in [Ridge::NONE, Ridge::Relative(0.05)] {
        for kind in KINDS {
            let flow = problem.flow(kind, ridge, 0.5);
            for time in times.into_iter().chain(steps).chain([Time::Infinite]) {
                let on_test = flow
                    .predict(problem.cross(kind), problem.nngp_tt.view(), time)
                    .unwrap();
                let on_train = flow.predict_train(time).unwrap();
                for covariance in [on_test.covariance, on_train.covariance] {
                    let n = covariance.nrows();
                    let matrix = nalgebra::DMatrix::from_fn(n, n, |i, j| covariance[[i, j]]);
                    let smallest = matrix.symmetric_eigenvalues().min();
                    // What cancels is as large as the prior.
                    let prior: f64 = problem.nngp_tt.diag().sum() + problem.nngp_dd.diag().sum();
                    let rounding = tol::solve(1000.0) * prior;
                    assert!(smallest >= -rounding, "{kind:?} at {time:?}: {smallest:e}");
                }
            }
        }
    }
}

#[test]
fn training_points_as_test_points() {
    let problem = Problem::new(8, 1, 2);
    let flow = problem.flow(KernelKind::Ntk, Ridge::NONE, 1.0);
    let (test, prior) = (problem.train(KernelKind::Ntk), problem.nngp_dd.view());
    for time in [0.1, 3.0, 40.0] {
        let direct = flow.predict_train(Time::Finite(time)).unwrap();
        let as_test = flow.predict(test, prior, Time::Finite(time)).unwrap();
        assert_named_close("mean", &as_test.mean, &direct.mean, tol::solve(1000.0));
        assert_named_close(
            "covariance",
            &as_test.covariance,
            &direct.covariance,
            tol::solve(1000.0),
        );
    }
}

#[test]
fn ntk_equal_to_nngp_is_the_nngp_ensemble() {
    let mut problem = Problem::new(8, 3, 2);
    problem.ntk_dd = problem.nngp_dd.clone();
    problem.ntk_td = problem.nngp_td.clone();
    let [full, last] = KINDS.map(|kind| problem.flow(kind, Ridge::NONE, 1.0));
    for time in [Time::Finite(2.0), Time::Finite(200.0), Time::Infinite] {
        let a = full
            .predict(problem.cross(KernelKind::Ntk), problem.nngp_tt.view(), time)
            .unwrap();
        let b = last
            .predict(
                problem.cross(KernelKind::Nngp),
                problem.nngp_tt.view(),
                time,
            )
            .unwrap();
        assert_named_close("mean", &a.mean, &b.mean, tol::solve(1000.0));
        assert_named_close(
            "covariance",
            &a.covariance,
            &b.covariance,
            tol::solve(1000.0),
        );
    }
}

/// Points that are known exactly have no variance, whatever the rounding: none is negative, and a known point varies with nothing.
#[test]
fn variances_are_never_negative() {
    for factor in [1.0, 2f64.powi(500), 2f64.powi(-500)] {
        let mut problem = Problem::new(12, 1, 2);
        problem.ntk_dd *= factor;
        problem.nngp_dd *= factor;
        for kind in KINDS {
            let (test, prior) = (problem.train(kind), problem.nngp_dd.view());
            let flow = problem.flow(kind, Ridge::NONE, 1.0);
            for time in [0.0, 1.0, 1e3, 1e9, 1e300]
                .map(Time::Finite)
                .into_iter()
                .chain([Time::Infinite])
                // Steps of a fixed length diverge for large kernels.
                .chain((factor <= 1.0).then_some(Time::Steps(1 << 40)))
            {
                let predictions = [flow.predict(test, prior, time), flow.predict_train(time)];
                for prediction in predictions.map(Result::unwrap) {
                    let diagonal = prediction.covariance.diag().to_owned();
                    assert!(diagonal.iter().all(|v| *v >= 0.0), "{time:?}: {diagonal}");
                    for (i, _) in diagonal.iter().enumerate().filter(|(_, v)| **v == 0.0) {
                        assert!(prediction.covariance.row(i).iter().all(|c| *c == 0.0));
                    }
                }
            }
            let process = flow.predict(test, prior, Time::Infinite).unwrap();
            assert_eq!(process.covariance, Array2::<f64>::zeros((12, 12)));
            // Its members are the targets.
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
            let members = process.samples(&mut rng, 2).unwrap();
            assert!(members.outer_iter().all(|member| member == process.mean));
        }
    }
    // Kernels that do not fit together are no rounding.
    let (train, test) = (array![[1.0]], array![[1.01]]);
    let process = GaussianProcess::fit(train.view(), array![[2.0]].view(), Ridge::NONE).unwrap();
    let error = process.predict(test.view(), train.view()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("predicted variance -2.0e-2 at point 0, prior variance 1.0e0"),
        "{text}"
    );
}

/// A kernel with a negative eigenvalue far above rounding is not one that lacks a ridge: the message says where it comes from.
#[test]
fn inaccurate_kernels_are_named() {
    let kernel = array![[1.0, 1.001], [1.001, 1.0]];
    let y = array![[1.0], [2.0]];
    let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), y.view(), Ridge::NONE).unwrap();
    for time in [Time::Infinite, Time::Finite(1.0)] {
        let text = flow.predict_train(time).unwrap_err().to_string();
        assert!(
            text.contains("-1.0e-3") && text.contains("quadrature"),
            "{text}"
        );
        assert!(!text.contains("repeated"), "{text}");
    }
    // Repeated points are.
    let kernel = array![[1.0, 1.0], [1.0, 1.0]];
    let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), y.view(), Ridge::NONE).unwrap();
    let text = flow.predict_train(Time::Infinite).unwrap_err().to_string();
    assert!(
        text.contains("repeated") && !text.contains("quadrature"),
        "{text}"
    );
}

/// Variances alone are the diagonal of the covariance, at all times.
#[test]
fn marginals_are_the_diagonal() {
    let problem = Problem::new(9, 4, 2);
    let times = [
        Time::Finite(0.0),
        Time::Finite(7.0),
        Time::Steps(20),
        Time::Infinite,
    ];
    let prior = problem.nngp_tt.view();
    for ridge in [Ridge::NONE, Ridge::Relative(0.1)] {
        for kind in KINDS {
            let (flow, cross) = (problem.flow(kind, ridge, 0.5), problem.cross(kind));
            let whole = flow.predict_at(cross, prior, &times).unwrap();
            let each = flow
                .predict_marginals_at(cross, prior.diag(), &times)
                .unwrap();
            for ((whole, each), time) in whole.iter().zip(&each).zip(times) {
                assert_eq!(whole.mean, each.mean);
                let diagonal = whole.covariance.diag().to_owned();
                assert_named_close("variance", &each.variance, &diagonal, tol::solve(1000.0));
                let alone = flow.predict_marginals(cross, prior.diag(), time).unwrap();
                assert_eq!(&alone, each);
            }
            // Known points have no variance, by themselves as together.
            let known = flow
                .predict_marginals(problem.train(kind), problem.nngp_dd.diag(), Time::Infinite)
                .unwrap();
            if ridge == Ridge::NONE {
                assert!(known.variance.iter().all(|variance| *variance == 0.0));
            }
            let wrong = flow.predict_marginals(cross, problem.nngp_dd.diag(), Time::Infinite);
            assert!(matches!(wrong, Err(Error::ShapeMismatch { .. })));
        }
    }
}

/// The front gives what the solvers behind it give.
#[test]
fn regression_is_flow_and_path() {
    let problem = Problem::new(9, 4, 2);
    let (y, prior) = (problem.targets.view(), problem.nngp_tt.view());
    for kind in KINDS {
        let (train, cross) = (problem.train(kind), problem.cross(kind));
        for time in [Time::Infinite, Time::Steps(30)] {
            let ridge = Ridge::Relative(0.05);
            let regression = Regression::new().time(time).learning_rate(0.5);
            let model = regression.ridge(ridge).fit(train, y).unwrap();
            let flow = problem.flow(kind, ridge, 0.5);
            let want = flow.predict(cross, prior, time).unwrap();
            assert_eq!(model.predict(cross, prior).unwrap(), want);
            let marginals = flow.predict_marginals(cross, prior.diag(), time).unwrap();
            assert_eq!(
                model.predict_marginals(cross, prior.diag()).unwrap(),
                marginals
            );
            let mean = flow.predict_mean(cross.driving(), time).unwrap();
            assert_eq!(model.predict_mean(cross.driving()).unwrap(), mean);
            assert_eq!(model.selected_ridge(), None);
            let epsilon = 0.05 * train.driving().diag().mean().unwrap();
            assert_relative_eq!(
                model.ridge(),
                epsilon,
                epsilon = 0.0,
                max_relative = tol::exact()
            );

            let truth = Array2::from_shape_fn((4, 2), |(i, c)| (i + 2 * c) as f64);
            let score = model.score(cross.driving(), truth.view()).unwrap();
            let rmse = metrics::rmse(mean.view(), truth.view()).unwrap();
            let r_squared = metrics::r_squared(mean.view(), truth.view()).ok();
            assert_eq!((score.rmse, score.r_squared), (rmse, r_squared));
            let labels = classification::predicted_classes(mean.view()).unwrap();
            assert_eq!(model.accuracy(cross.driving(), &labels).unwrap(), 1.0);
        }
        let criterion = Criterion::LeaveOneOutProbability;
        let chosen = Regression::new().ridge(criterion).fit(train, y).unwrap();
        let path = RidgePath::fit(train.driving(), y).unwrap();
        let selected = path.select(criterion, 1e-10..=1e2).unwrap();
        assert_eq!(chosen.selected_ridge(), Some(selected));
        let condition = path.condition(Ridge::Absolute(selected.ridge)).unwrap();
        assert_eq!(selected.condition, condition);
        let same = Regression::new().ridge(Ridge::Relative(selected.relative));
        let same = same.fit(train, y).unwrap().predict(cross, prior).unwrap();
        assert_eq!(chosen.predict(cross, prior).unwrap(), same);
    }
}

/// Messages about eigenvalues name the error that the kernel reports, so that both can be compared.
#[test]
fn the_error_of_the_kernel_is_named() {
    let kernel = array![[1.0, 1.001], [1.001, 1.0]];
    let error = KernelError::Entries {
        nngp: Array2::from_elem((2, 2), 1e-4),
        ntk: Array2::from_elem((2, 2), 3e-3),
    };
    let gram = KernelMatrices {
        nngp: kernel.clone(),
        ntk: kernel,
        error,
    };
    let y = array![[1.0], [2.0]];
    for (kind, reported) in KINDS.into_iter().zip(["3.0e-3", "1.0e-4"]) {
        let train = Kernels::of(kind, &gram);
        let chosen = Regression::new().ridge(Criterion::LeaveOneOutError);
        let fixed = Regression::new().fit(train, y.view()).unwrap();
        for error in [
            chosen.fit(train, y.view()).unwrap_err(),
            fixed.predict_mean(kind.of(&gram)).unwrap_err(),
        ] {
            let text = format!("the kernel reports an error of {reported}");
            assert!(error.to_string().contains(&text), "{error}");
        }
    }
}
