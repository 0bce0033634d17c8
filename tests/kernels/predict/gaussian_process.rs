//! Points added to a Gaussian process against a new fit, and Matheron's rule against the posterior in closed form.

use crate::common::close::assert_named_close;
use crate::common::predict_problem::{Problem, block};
use crate::common::statistics::{normal_errors, variance_ratios};
use crate::common::tol::{self, predict as predict_tol};
use haarmonic::Error;
use haarmonic::predict::{Evidence, GaussianProcess, Prediction, Ridge};
use ndarray::{Array2, Array3, Axis, array, concatenate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Points one by one and three at a time, with a ridge that was relative to the first points.
#[test]
fn added_points_are_as_if_fitted() {
    let problem = Problem::new(12, 5, 2);
    let (kernel, targets) = (problem.nngp_dd.view(), problem.targets.view());
    for ridge in [
        Ridge::Absolute(0.0),
        Ridge::Absolute(0.1),
        Ridge::Relative(0.03),
    ] {
        let first = GaussianProcess::fit(block(kernel, ..5, ..5), block(targets, ..5, ..), ridge);
        let mut process = first.unwrap();
        let mut known = 5;
        for added in [1, 3, 1, 2] {
            let next = known..known + added;
            let cross = block(kernel, next.clone(), ..known);
            let corner = block(kernel, next.clone(), next.clone());
            process
                .extend(cross, corner, block(targets, next, ..))
                .unwrap();
            known += added;
            assert_eq!(process.train_len(), known);
            let noise = Ridge::Absolute(process.noise());
            let (kernel, targets) = (block(kernel, ..known, ..known), block(targets, ..known, ..));
            let again = GaussianProcess::fit(kernel, targets, noise).unwrap();
            let condition = Evidence::fit(kernel, targets, noise).unwrap().condition();
            let cross = block(problem.nngp_td.view(), .., ..known);
            let [a, b] =
                [&process, &again].map(|p| p.predict(cross, problem.nngp_tt.view()).unwrap());
            let tolerance = predict_tol::solve(condition);
            assert_named_close("mean", &a.mean, &b.mean, tolerance);
            assert_named_close("covariance", &a.covariance, &b.covariance, tolerance);
            let diagonal = problem.nngp_tt.diag().to_owned();
            let marginals = process.predict_marginals(cross, diagonal.view()).unwrap();
            assert_named_close(
                "variance",
                &marginals.variance,
                b.covariance.diag().to_owned(),
                tolerance,
            );
            assert_named_close(
                "mean",
                process.predict_mean(cross).unwrap(),
                &b.mean,
                tolerance,
            );
        }
    }
}

/// A point that is already there, without noise, and shapes that do not fit: the process is as before.
#[test]
fn refused_points_leave_the_process() {
    let problem = Problem::new(6, 3, 1);
    let (kernel, targets) = (problem.nngp_dd.view(), problem.targets.view());
    let mut process = GaussianProcess::fit(kernel, targets, Ridge::NONE).unwrap();
    let before = process
        .predict(problem.nngp_td.view(), problem.nngp_tt.view())
        .unwrap();
    let (cross, corner, target) = (
        block(kernel, 2..3, ..),
        block(kernel, 2..3, 2..3),
        block(targets, 2..3, ..),
    );
    let refused = process.extend(cross, corner, target).unwrap_err();
    assert!(
        matches!(refused, Error::NotPositiveDefinite { .. }),
        "{refused}"
    );
    for result in [
        process.extend(block(kernel, 2..3, ..5), corner, target),
        process.extend(block(kernel, ..2, ..), corner, target),
        process.extend(cross, corner, array![[1.0, 2.0]].view()),
        process.extend(cross, corner, Array2::zeros((2, 1)).view()),
    ] {
        assert!(
            matches!(result, Err(Error::ShapeMismatch { .. })),
            "{result:?}"
        );
    }
    let result = process.extend(
        Array2::zeros((0, 6)).view(),
        Array2::zeros((0, 0)).view(),
        Array2::zeros((0, 1)).view(),
    );
    assert!(matches!(result, Err(Error::Empty { .. })));
    let result = process.extend(cross, array![[f64::NAN]].view(), target);
    assert!(matches!(result, Err(Error::NotFinite { .. })));
    let after = process
        .predict(problem.nngp_td.view(), problem.nngp_tt.view())
        .unwrap();
    assert_eq!(before, after);
}

/// The whole prior: train and test points together.
fn joint(problem: &Problem) -> Array2<f64> {
    let upper = concatenate![Axis(1), problem.nngp_dd, problem.nngp_td.t()];
    let lower = concatenate![Axis(1), problem.nngp_td, problem.nngp_tt];
    concatenate![Axis(0), upper, lower]
}

/// Mean and covariance of many samples of the posterior.
#[test]
fn matherons_rule_samples_the_posterior() {
    const SAMPLES: usize = 20_000;
    let problem = Problem::new(7, 4, 2);
    let (n, m) = (7, 4);
    let noise = Ridge::Absolute(0.05);
    let process =
        GaussianProcess::fit(problem.nngp_dd.view(), problem.targets.view(), noise).unwrap();
    let posterior = process
        .predict(problem.nngp_td.view(), problem.nngp_tt.view())
        .unwrap();
    let prior = Prediction {
        mean: Array2::zeros((n + m, 2)),
        covariance: joint(&problem),
    };
    let rng = &mut ChaCha8Rng::seed_from_u64(8);
    let prior = prior.samples(rng, SAMPLES).unwrap();
    let (train, test) = (
        prior.slice_axis(Axis(1), (..n).into()),
        prior.slice_axis(Axis(1), (n..).into()),
    );
    let samples = process
        .posterior_samples(rng, problem.nngp_td.view(), test, train)
        .unwrap();
    let errors = normal_errors(tol::FALSE_ALARM, 2 * m);
    let mean = samples.mean_axis(Axis(0)).unwrap();
    for ((s, c), want) in posterior.mean.indexed_iter() {
        let deviation = (posterior.covariance[[s, s]] / SAMPLES as f64).sqrt();
        assert!(
            (mean[[s, c]] - want).abs() < errors * deviation,
            "mean {s} {c}"
        );
    }
    let centred = &samples - &posterior.mean;
    // Both outputs are samples; they are independent.
    let count = 2 * SAMPLES;
    let [least, largest] = variance_ratios(tol::FALSE_ALARM, m, count);
    let errors = normal_errors(tol::FALSE_ALARM, m * m + m);
    for i in 0..m {
        for j in 0..m {
            let products = &centred.index_axis(Axis(1), i) * &centred.index_axis(Axis(1), j);
            let found = products.sum() / count as f64;
            let want = posterior.covariance[[i, j]];
            let size = posterior.covariance[[i, i]] * posterior.covariance[[j, j]];
            let deviation = ((size + want * want) / count as f64).sqrt();
            assert!(
                (found - want).abs() < errors * deviation,
                "{i} {j}: {found} {want}"
            );
            if i == j {
                assert!((least..largest).contains(&(found / want)));
            }
        }
        let here = centred.index_axis(Axis(1), i);
        let across = &here.column(0) * &here.column(1);
        let deviation = posterior.covariance[[i, i]] / (SAMPLES as f64).sqrt();
        assert!(
            (across.sum() / SAMPLES as f64).abs() < errors * deviation,
            "outputs of {i}"
        );
    }
}

/// Without noise samples pass through the targets, and one seed gives one sample.
#[test]
fn samples_without_noise_interpolate() {
    let problem = Problem::new(5, 3, 1);
    let process =
        GaussianProcess::fit(problem.nngp_dd.view(), problem.targets.view(), Ridge::NONE).unwrap();
    let prior = Prediction {
        mean: Array2::zeros((5, 1)),
        covariance: problem.nngp_dd.clone(),
    };
    let draw = || {
        let rng = &mut ChaCha8Rng::seed_from_u64(9);
        let prior = prior.samples(rng, 4).unwrap();
        process
            .posterior_samples(rng, problem.nngp_dd.view(), prior.view(), prior.view())
            .unwrap()
    };
    let samples = draw();
    let evidence =
        Evidence::fit(problem.nngp_dd.view(), problem.targets.view(), Ridge::NONE).unwrap();
    let tolerance = predict_tol::solve(evidence.condition());
    for sample in samples.outer_iter() {
        assert_named_close("sample", sample, &problem.targets, tolerance);
    }
    assert_eq!(samples, draw());
}

#[test]
fn bad_samples_are_refused() {
    let problem = Problem::new(5, 3, 1);
    let process = GaussianProcess::fit(
        problem.nngp_dd.view(),
        problem.targets.view(),
        Ridge::Absolute(0.1),
    )
    .unwrap();
    let cross = problem.nngp_td.view();
    let draw = |test: &Array3<f64>, train: &Array3<f64>| {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        process.posterior_samples(rng, cross, test.view(), train.view())
    };
    let of = |count, points, outputs| Array3::<f64>::zeros((count, points, outputs));
    assert!(draw(&of(2, 3, 1), &of(2, 5, 1)).is_ok());
    for (test, train) in [
        (of(2, 4, 1), of(2, 5, 1)),
        (of(2, 3, 2), of(2, 5, 2)),
        (of(2, 3, 1), of(2, 4, 1)),
        (of(2, 3, 1), of(3, 5, 1)),
    ] {
        assert!(matches!(
            draw(&test, &train),
            Err(Error::ShapeMismatch { .. })
        ));
    }
    assert!(matches!(
        draw(&of(0, 3, 1), &of(0, 5, 1)),
        Err(Error::Empty { .. })
    ));
    let mut infinite = of(2, 5, 1);
    infinite[[1, 2, 0]] = f64::INFINITY;
    let refused = draw(&of(2, 3, 1), &infinite).unwrap_err();
    assert_eq!(
        refused,
        Error::not_finite("samples of the prior", vec![1, 2, 0])
    );
}
