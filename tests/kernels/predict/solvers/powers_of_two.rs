//! Targets and kernels times powers of two: a factor that changes no digit changes no digit of a result.

use super::*;

use approx::assert_relative_eq;

const POINTS: usize = 12;
/// Of the targets: squares of the outer two are out of range.
const OF_TARGETS: [i32; 5] = [-660, -400, 0, 400, 600];
/// Of the kernels, even so that roots are exact: 10^±150 and one.
const OF_KERNELS: [i32; 3] = [-498, 0, 498];
const RIDGE: Ridge = Ridge::Relative(0.01);

fn times(matrix: &Array2<f64>, exponent: i32) -> Array2<f64> {
    matrix * 2f64.powi(exponent)
}

/// A kernel, targets of two sizes, and the kernels of three more points.
fn problem() -> (Array2<f64>, Array2<f64>, Array2<f64>, Array2<f64>) {
    let all = gaussian_kernel(POINTS + 3, 0.3);
    let part =
        |rows: Range<usize>, columns: Range<usize>| block(all.view(), rows, columns).to_owned();
    let (train, test) = (0..POINTS, POINTS..POINTS + 3);
    let mut targets = random(POINTS, 2);
    targets.column_mut(1).mapv_inplace(|y| y * 2f64.powi(-300));
    (
        part(train.clone(), train.clone()),
        targets,
        part(test.clone(), train),
        part(test.clone(), test),
    )
}

/// Asserts that `predictions(kernel, test kernels, targets)` follows the targets and does not know the scale of the kernels.
fn assert_law(
    what: &str,
    predictions: impl Fn(&Array2<f64>, [&Array2<f64>; 2], &Array2<f64>) -> Result<Array2<f64>>,
) {
    let (kernel, targets, test_train, test_test) = problem();
    let want = predictions(&kernel, [&test_train, &test_test], &targets).unwrap();
    assert!(want.iter().all(|p| *p != 0.0));
    for of_kernels in OF_KERNELS {
        let [kernel, test_train, test_test] =
            [&kernel, &test_train, &test_test].map(|kernel| times(kernel, of_kernels));
        for of_targets in OF_TARGETS {
            let targets = times(&targets, of_targets);
            let found = predictions(&kernel, [&test_train, &test_test], &targets);
            if let Err(Error::NotFinite { what, .. }) = &found
                && what == "coefficients of the regression"
            {
                // Weights of training points may be out of range where predictions are not.
                assert!(of_targets - of_kernels > 1000, "{what}, {of_targets}");
                continue;
            }
            let found = found.unwrap_or_else(|error| panic!("{what}, {of_targets}: {error}"));
            assert_eq!(found, times(&want, of_targets), "{what}, 2^{of_kernels}");
        }
    }
}

#[test]
fn predictions_follow_the_targets() {
    assert_law("Cholesky", |kernel, [test, _], y| {
        KernelRidge::fit(kernel.view(), y.view(), RIDGE)?.predict(test.view())
    });
    assert_law("path", |kernel, [test, _], y| {
        let path = RidgePath::fit(kernel.view(), y.view())?;
        let mut means = path.predict(test.view(), &[RIDGE])?;
        assert_eq!(means[0], path.at(RIDGE)?.predict(test.view())?);
        Ok(means.remove(0))
    });
    assert_law("flow", |kernel, [test, prior], y| {
        let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), y.view(), RIDGE)?;
        let test = Kernels::nngp(test.view());
        Ok(flow.predict(test, prior.view(), Time::Infinite)?.mean)
    });
    for preconditioned in [false, true] {
        assert_law("conjugate gradients", |kernel, [test, _], y| {
            let rows = KernelMatrix::new(kernel.view())?;
            let preconditioner = Preconditioner::new(&partial(kernel, 4))?;
            let preconditioner = preconditioned.then_some(&preconditioner);
            let solver = ConjugateGradient::default();
            let solved = solver.fit(&rows, y.view(), RIDGE, preconditioner)?;
            assert!(solved.condition.is_finite() && solved.residual <= solver.tolerance);
            solved.model.predict(test.view())
        });
    }
    assert_law("Nyström", |kernel, [test, _], y| {
        let factor = partial(kernel, 5);
        let columns = Array2::from_shape_fn((3, 5), |(i, j)| test[[i, factor.pivots()[j]]]);
        Nystrom::fit(&factor, y.view(), RIDGE)?.predict(columns.view())
    });
    assert_law("Nyström's bound", |kernel, _, y| {
        let model = Nystrom::fit(&partial(kernel, 5), y.view(), RIDGE)?;
        let bound = model.error_bound_with(&KernelMatrix::new(kernel.view())?)?;
        Ok(bound.on_train().insert_axis(Axis(0)))
    });
}

/// Costs are quadratic in the targets: they follow them as long as they are numbers, and are refused beyond.
#[test]
fn costs_are_numbers_or_errors() {
    let (kernel, targets, ..) = problem();
    let criteria = [
        Criterion::MarginalLikelihood,
        Criterion::LeaveOneOutProbability,
        Criterion::LeaveOneOutError,
    ];
    let here = Evidence::fit(kernel.view(), targets.view(), RIDGE).unwrap();
    let loo = here.leave_one_out().unwrap();
    for exponent in [-660, -498, -100, 0, 100, 498] {
        let scaled = times(&targets, exponent);
        let evidence = Evidence::fit(kernel.view(), scaled.view(), RIDGE).unwrap();
        let found = evidence.leave_one_out().unwrap();
        assert_eq!(found.mean, times(&loo.mean, exponent));
        assert_eq!(found.variance, loo.variance);
        let folds: Vec<usize> = (0..POINTS).map(|i| i % 3).collect();
        assert_eq!(
            evidence.leave_fold_out(&folds).unwrap().mean,
            times(&here.leave_fold_out(&folds).unwrap().mean, exponent)
        );
        let square = evidence.cost(Criterion::LeaveOneOutError);
        assert_eq!(
            square,
            here.cost(Criterion::LeaveOneOutError) * 2f64.powi(exponent).powi(2)
        );
        let refitted = found.mean_square_error(scaled.view()).unwrap();
        assert_relative_eq!(
            refitted,
            square,
            epsilon = 0.0,
            max_relative = tol::solve(1e3)
        );
        let path = RidgePath::fit(kernel.view(), scaled.view()).unwrap();
        for criterion in criteria {
            assert!(evidence.cost(criterion).is_finite());
            let selected = path.select(criterion, 1e-6..=1e2).unwrap();
            assert!(selected.cost.is_finite() && selected.ridge.is_finite());
        }
    }
    // Kernels of the size of the targets' squares leave all but a constant as it is.
    for exponent in [-498, 498] {
        let scaled = times(&targets, exponent / 2);
        let kernel = times(&kernel, exponent);
        let evidence = Evidence::fit(kernel.view(), scaled.view(), RIDGE).unwrap();
        let volume = (POINTS * 2) as f64 * 0.5 * f64::from(exponent) * 2f64.ln();
        let want = here.log_marginal_likelihood() - volume;
        let found = evidence.log_marginal_likelihood();
        assert!(
            (found - want).abs() <= tol::sum(POINTS, volume.abs()),
            "{found} {want}"
        );
        let [derivative, of_here] = [&evidence, &here].map(Evidence::ridge_derivative);
        assert_eq!(derivative, of_here * 2f64.powi(-exponent));
        let condition = evidence.condition();
        assert_eq!(condition, here.condition());
    }
    // Squares beyond the range.
    let huge = times(&targets, 600);
    let refused = |error: Error| {
        let text = error.to_string();
        assert!(
            text.contains("beyond 1.8e308") && !text.contains('\n'),
            "{text}"
        );
    };
    refused(Evidence::fit(kernel.view(), huge.view(), RIDGE).unwrap_err());
    let path = RidgePath::fit(kernel.view(), huge.view()).unwrap();
    for criterion in criteria {
        refused(path.cost(criterion, RIDGE).unwrap_err());
        refused(path.select(criterion, 1e-6..=1e2).unwrap_err());
    }
    refused(loo.mean_square_error(huge.view()).unwrap_err());
    refused(loo.log_probability(huge.view()).unwrap_err());
}

/// Eigenvalues and condition numbers of kernels of all sizes.
#[test]
fn spectra_follow_the_kernel() {
    let (kernel, targets, ..) = problem();
    let here = RidgePath::fit(kernel.view(), targets.view()).unwrap();
    for exponent in [-900, -498, 498, 900] {
        let scaled = times(&kernel, exponent);
        let path = RidgePath::fit(scaled.view(), targets.view()).unwrap();
        let want: Vec<f64> = here
            .eigenvalues()
            .iter()
            .map(|v| v * 2f64.powi(exponent))
            .collect();
        assert_eq!(path.eigenvalues(), want);
        assert_eq!(
            path.condition(RIDGE).unwrap(),
            here.condition(RIDGE).unwrap()
        );
        let factor = partial(&scaled, 5);
        assert_eq!(factor.pivots(), partial(&kernel, 5).pivots());
    }
}
