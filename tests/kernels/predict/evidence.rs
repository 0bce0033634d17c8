//! Evidence and left-out predictions against definitions: eigenvalues, refitting, differences; scores of classifiers;
//! gradient descent against its own steps.

use crate::common::close::assert_named_close;
use crate::common::statistics::{normal_errors, variance_ratios};
use crate::common::tol::FALSE_ALARM;
use crate::common::tol::predict as tol;

use crate::common::predict_problem::{KINDS, Problem};
use approx::assert_abs_diff_eq;
use haarmonic::Error;
use haarmonic::predict::classification::{
    accuracy, calibration, centred_one_hot, class_probabilities, confusion, predicted_classes,
};
use haarmonic::predict::{Evidence, GaussianProcess, KernelKind, Ridge, Time};
use nalgebra::DMatrix;
use ndarray::{Array1, Array2, ArrayView2, Axis, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NOISE: f64 = 0.05;

fn dense(matrix: ArrayView2<'_, f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[[i, j]])
}

fn evidence(kernel: &Array2<f64>, targets: &Array2<f64>, noise: f64) -> Evidence {
    Evidence::fit(kernel.view(), targets.view(), Ridge::Absolute(noise)).unwrap()
}

/// Rows of a matrix by their numbers.
fn rows(matrix: &Array2<f64>, numbers: &[usize]) -> Array2<f64> {
    matrix.select(Axis(0), numbers)
}

fn condition(kernel: &Array2<f64>) -> f64 {
    let values = dense(kernel.view()).symmetric_eigenvalues();
    (values.max() + NOISE) / (values.min().max(0.0) + NOISE)
}

#[test]
fn likelihood_is_that_of_the_eigenvalues() {
    let problem = Problem::new(12, 5, 2);
    let (kernel, targets) = (&problem.nngp_dd, &problem.targets);
    let found = evidence(kernel, targets, NOISE).log_marginal_likelihood();
    let eigen = dense(kernel.view()).symmetric_eigen();
    let coordinates = eigen.eigenvectors.transpose() * dense(targets.view());
    let mut want = 0.0;
    for output in 0..targets.ncols() {
        for (i, value) in eigen.eigenvalues.iter().enumerate() {
            let variance = value + NOISE;
            want -= 0.5 * coordinates[(i, output)].powi(2) / variance;
            want -= 0.5 * (std::f64::consts::TAU * variance).ln();
        }
    }
    let tolerance = tol::solve(condition(kernel));
    assert!(
        (found - want).abs() <= tolerance * want.abs(),
        "{found} {want}"
    );
}

#[test]
fn derivatives_are_those_of_differences() {
    let problem = Problem::new(12, 5, 2);
    let (kernel, targets) = (&problem.nngp_dd, &problem.targets);
    let change = &problem.ntk_dd;
    let at = |along: f64, noise: f64| {
        let kernel = kernel + &(change * along);
        evidence(&kernel, targets, noise).log_marginal_likelihood()
    };
    let here = evidence(kernel, targets, NOISE);
    let h = 1e-5;
    let along = (at(h, NOISE) - at(-h, NOISE)) / (2.0 * h);
    let found = here.derivative(change.view()).unwrap();
    assert!(
        (found - along).abs() < tol::evidence_differences() * along.abs(),
        "{found} {along}"
    );
    let noise = (at(0.0, NOISE + h) - at(0.0, NOISE - h)) / (2.0 * h);
    let found = here.ridge_derivative();
    assert!(
        (found - noise).abs() < tol::evidence_differences() * noise.abs(),
        "{found} {noise}"
    );
    assert_eq!(here.ridge(), NOISE);
}

/// Trains on some points and predicts the others.
fn refitted(problem: &Problem, out: &[usize]) -> (Array2<f64>, Array1<f64>) {
    let n = problem.targets.nrows();
    let kept: Vec<usize> = (0..n).filter(|i| !out.contains(i)).collect();
    let part = |a: &[usize], b: &[usize]| rows(&problem.nngp_dd, a).select(Axis(1), b);
    let process = GaussianProcess::fit(
        part(&kept, &kept).view(),
        rows(&problem.targets, &kept).view(),
        Ridge::Absolute(NOISE),
    );
    let posterior = process
        .unwrap()
        .predict(part(out, &kept).view(), part(out, out).view())
        .unwrap();
    (
        posterior.mean,
        posterior.covariance.diag().map(|v| v + NOISE),
    )
}

#[test]
fn left_out_points_are_those_of_refitting() {
    let problem = Problem::new(12, 5, 2);
    let n = problem.targets.nrows();
    let found = evidence(&problem.nngp_dd, &problem.targets, NOISE);
    let tolerance = 16.0 * tol::solve(condition(&problem.nngp_dd));
    let loo = found.leave_one_out().unwrap();
    for i in 0..n {
        let (mean, variance) = refitted(&problem, &[i]);
        let row = loo.mean.row(i).insert_axis(Axis(0)).to_owned();
        assert_named_close("mean", &row, &mean, tolerance);
        assert_named_close("variance", &array![loo.variance[i]], &variance, tolerance);
    }
    // Single points are folds, too.
    let single = found.leave_fold_out(&(0..n).collect::<Vec<_>>()).unwrap();
    assert_named_close("folds of one", &single.mean, &loo.mean, tolerance);
    let folds: Vec<usize> = (0..n).map(|i| [7, 1, 4][i % 3]).collect();
    let cross = found.leave_fold_out(&folds).unwrap();
    for fold in [1, 4, 7] {
        let out: Vec<usize> = (0..n).filter(|&i| folds[i] == fold).collect();
        let (mean, variance) = refitted(&problem, &out);
        assert_named_close("mean", rows(&cross.mean, &out), &mean, tolerance);
        assert_named_close(
            "variance",
            cross.variance.select(Axis(0), &out),
            &variance,
            tolerance,
        );
    }
    let short = found.leave_fold_out(&folds[1..]).unwrap_err();
    assert!(matches!(short, Error::ShapeMismatch { .. }));
    let one = found.leave_fold_out(&vec![3; n]).unwrap_err();
    assert!(matches!(one, Error::InvalidValue { .. }));
    let singular = Array2::from_elem((2, 2), 1.0);
    let targets = array![[1.0], [2.0]];
    let error = Evidence::fit(singular.view(), targets.view(), Ridge::NONE).unwrap_err();
    assert!(matches!(error, Error::NotPositiveDefinite { .. }));
}

/// Gradient descent on the linear model, step by step.
#[test]
fn steps_of_gradient_descent() {
    let problem = Problem::new(12, 5, 2);
    for kind in KINDS {
        let ridge = Ridge::Absolute(NOISE);
        let stable = problem
            .flow(kind, ridge, 1.0)
            .stable_learning_rate()
            .unwrap();
        let rate = 0.9 * stable;
        let flow = problem.flow(kind, ridge, rate);
        let (evolution, test) = match kind {
            KernelKind::Ntk => (&problem.ntk_dd, &problem.ntk_td),
            KernelKind::Nngp => (&problem.nngp_dd, &problem.nngp_td),
        };
        let (n, outputs) = problem.targets.dim();
        let theta = dense(evolution.view()) + NOISE * DMatrix::identity(n, n);
        let step = rate / (n * outputs) as f64;
        let targets = dense(problem.targets.view());
        let prior = dense(problem.nngp_dd.view())
            + match kind {
                KernelKind::Nngp => NOISE * DMatrix::identity(n, n),
                KernelKind::Ntk => DMatrix::zeros(n, n),
            };
        let mut coefficients = DMatrix::zeros(n, outputs);
        let mut left = DMatrix::identity(n, n);
        for steps in 0..12_u64 {
            let want = dense(test.view()) * &coefficients;
            let found = flow
                .predict(
                    problem.cross(kind),
                    problem.nngp_tt.view(),
                    Time::Steps(steps),
                )
                .unwrap();
            let as_array = |m: &DMatrix<f64>| Array2::from_shape_fn(m.shape(), |ij| m[ij]);
            let tolerance = 64.0 * tol::exact() * (1 + steps) as f64;
            assert_named_close(
                "mean",
                &(found.mean + 1.0),
                &(as_array(&want) + 1.0),
                tolerance,
            );
            let mean = flow.predict_mean(test.view(), Time::Steps(steps)).unwrap();
            assert_named_close(
                "mean alone",
                &(mean + 1.0),
                &(as_array(&want) + 1.0),
                tolerance,
            );
            let train = flow.predict_train(Time::Steps(steps)).unwrap();
            let want = &left * &prior * left.transpose();
            assert_named_close("covariance", &train.covariance, as_array(&want), tolerance);
            coefficients += step * (&targets - &theta * &coefficients);
            left -= step * &theta * left.clone();
        }
        // Beyond the bound the largest mode grows.
        let wild = problem.flow(kind, ridge, 1.05 * stable);
        let size = |steps| {
            let mean = wild.predict_train(Time::Steps(steps)).unwrap().mean;
            mean.iter().fold(0.0_f64, |m, v| m.max(v.abs()))
        };
        assert!(size(400) > 1e6 * size(4));
        assert!(matches!(
            wild.predict_train(Time::Steps(u64::MAX)),
            Err(Error::NotFinite { .. })
        ));
    }
}

/// Means, variances and covariances of many members: those of normal numbers with known means.
#[test]
fn members_of_the_ensemble() {
    let problem = Problem::new(12, 5, 2);
    let flow = problem.flow(KernelKind::Ntk, Ridge::Absolute(NOISE), 1.0);
    let prediction = flow
        .predict(
            problem.cross(KernelKind::Ntk),
            problem.nngp_tt.view(),
            Time::Finite(30.0),
        )
        .unwrap();
    const COUNT: usize = 20_000;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let members = prediction.samples(&mut rng, COUNT).unwrap();
    let mean = members.mean_axis(Axis(0)).unwrap();
    let entries = mean.len() * (mean.len() + 1);
    let bound = normal_errors(FALSE_ALARM, entries) / (COUNT as f64).sqrt();
    let ratios = variance_ratios(FALSE_ALARM, entries, COUNT);
    for ((i, c), value) in mean.indexed_iter() {
        let deviation = prediction.covariance[[i, i]].sqrt();
        assert_abs_diff_eq!(*value, prediction.mean[[i, c]], epsilon = bound * deviation);
        for j in 0..mean.nrows() {
            for d in 0..mean.ncols() {
                let products = members.outer_iter().map(|f| {
                    (f[[i, c]] - prediction.mean[[i, c]]) * (f[[j, d]] - prediction.mean[[j, d]])
                });
                let found = products.sum::<f64>() / COUNT as f64;
                let want = if c == d {
                    prediction.covariance[[i, j]]
                } else {
                    0.0
                };
                if (i, c) == (j, d) {
                    let ratio = found / want;
                    assert!(ratios[0] <= ratio && ratio <= ratios[1], "{found} {want}");
                } else {
                    // The variance of a product of normal numbers.
                    let variances = prediction.covariance[[i, i]] * prediction.covariance[[j, j]];
                    let error = bound * (variances + want * want).sqrt();
                    assert!((found - want).abs() < error, "{found} {want}");
                }
            }
        }
    }
    // What is known for certain does not vary.
    let known = flow.predict_train(Time::Infinite).unwrap();
    let members = known.samples(&mut rng, 2).unwrap();
    assert!(members.outer_iter().all(|member| member == known.mean));
    let mut wrong = prediction;
    wrong.covariance[[0, 0]] = -1.0;
    assert!(matches!(
        wrong.samples(&mut rng, 1),
        Err(Error::NotPositiveDefinite { .. })
    ));
    wrong.covariance[[0, 0]] = f64::NAN;
    assert!(wrong.samples(&mut rng, 1).is_err());
}

/// Two classes have a closed form, three are averaged over many draws, equal ones share.
#[test]
fn probabilities_of_classes() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    // Φ(d / √2 / σ) from a table: Φ(0.5), Φ(1), Φ(2), Φ(-3).
    let table = [
        (0.5, 0.6914624612740131),
        (1.0, 0.8413447460685429),
        (2.0, 0.9772498680518208),
        (-3.0, 0.0013498980316300933),
    ];
    for (x, want) in table {
        for deviation in [1e-3, 1.0, 50.0] {
            let ahead = x * deviation * std::f64::consts::SQRT_2;
            let variance = array![deviation * deviation];
            let found = class_probabilities(array![[ahead, 0.0]].view(), variance.view()).unwrap();
            assert!(
                (found[[0, 0]] - want).abs() < tol::class_probability(),
                "{x}: {found}"
            );
        }
    }
    let mean = array![[0.3, -0.2, 0.9, 0.1]];
    let found = class_probabilities(mean.view(), array![0.49].view()).unwrap();
    const DRAWS: usize = 200_000;
    let mut counts = [0; 4];
    for _ in 0..DRAWS {
        let scores = mean.map(|m| m + 0.7 * rng.sample::<f64, _>(rand_distr::StandardNormal));
        counts[predicted_classes(scores.view()).unwrap()[0]] += 1;
    }
    let allowed = normal_errors(FALSE_ALARM, counts.len());
    for (class, count) in counts.into_iter().enumerate() {
        let p = found[[0, class]];
        let standard_error = (p * (1.0 - p) / DRAWS as f64).sqrt();
        assert!(
            (count as f64 / DRAWS as f64 - p).abs() < allowed * standard_error,
            "{class}: {p}"
        );
    }
    let equal = class_probabilities(Array2::zeros((1, 10)).view(), array![2.0].view()).unwrap();
    assert!(
        equal
            .iter()
            .all(|p| (p - 0.1).abs() < tol::class_probability())
    );
    let certain = class_probabilities(
        array![[1.0, 0.0], [2.0, 2.0]].view(),
        array![0.0, 0.0].view(),
    );
    assert_eq!(certain.unwrap(), array![[1.0, 0.0], [0.5, 0.5]]);
    // Far apart: no NaN.
    let far = class_probabilities(array![[1e9, 0.0, -1e9]].view(), array![1.0].view()).unwrap();
    assert_eq!(far, array![[1.0, 0.0, 0.0]]);
    // Rounding of a prior variance of size one, which is all that is left of it at a training point.
    let mean = array![[1.0, 0.0], [0.0, 1.0], [-0.5, 0.5]];
    let rounding = array![-1.1e-16, 2.2e-16, -4.4e-16];
    let limit = array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]];
    for factor in [1.0, 2f64.powi(600), 2f64.powi(-500)] {
        let variance = &rounding * factor * factor.min(1.0);
        let found = class_probabilities((&mean * factor).view(), variance.view()).unwrap();
        assert_eq!(found, limit);
    }
    for (mean, variance) in [
        (array![[1.0, 0.0]], array![-1.0]),
        (array![[1.0, 0.0]], array![1.0, 1.0]),
        (array![[1.0]], array![1.0]),
        (array![[f64::NAN, 0.0]], array![1.0]),
        (array![[1.0, 0.0]], array![f64::INFINITY]),
    ] {
        assert!(class_probabilities(mean.view(), variance.view()).is_err());
    }
}

#[test]
fn scores_of_classifiers() {
    let scores = array![
        [0.1, 0.7, 0.2],
        [0.5, 0.5, 0.0],
        [0.2, 0.2, 0.6],
        [0.3, 0.3, 0.4]
    ];
    let labels = [1, 1, 2, 0];
    assert_eq!(predicted_classes(scores.view()).unwrap(), [1, 0, 2, 2]);
    assert_eq!(accuracy(scores.view(), &labels).unwrap(), 0.5);
    let want = array![[0, 0, 1], [1, 1, 0], [0, 0, 1]];
    assert_eq!(confusion(scores.view(), &labels).unwrap(), want);
    let found = calibration(scores.view(), &labels, 2).unwrap();
    assert_eq!(found.counts, array![1, 3]);
    assert_abs_diff_eq!(found.confidence[0], 0.4, epsilon = tol::exact());
    assert_abs_diff_eq!(found.confidence[1], 0.6, epsilon = tol::exact());
    assert_eq!((found.accuracy[0], found.accuracy[1]), (0.0, 2.0 / 3.0));
    // (0.4 − 0 + 3 (2/3 − 0.6)) / 4.
    assert_abs_diff_eq!(found.expected_error, 0.15, epsilon = tol::exact());
    let targets = centred_one_hot(&labels, 3).unwrap();
    assert!(
        targets
            .sum_axis(Axis(1))
            .iter()
            .all(|sum| sum.abs() < tol::exact())
    );
    assert_eq!(predicted_classes(targets.view()).unwrap(), labels);

    assert!(accuracy(scores.view(), &labels[1..]).is_err());
    assert!(accuracy(scores.view(), &[1, 1, 2, 3]).is_err());
    assert!(centred_one_hot(&[], 3).is_err());
    assert!(centred_one_hot(&[0], 1).is_err());
    assert!(calibration(scores.view(), &labels, 0).is_err());
    assert!(calibration((&scores * 1.1).view(), &labels, 2).is_err());
    assert!(calibration((&scores - 0.05).view(), &labels, 2).is_err());
    let mut wrong = scores;
    wrong[[2, 1]] = f64::NAN;
    assert!(predicted_classes(wrong.view()).is_err());
}
