//! Conjugate gradients, partial Cholesky, Nyström and condition numbers against dense algebra of another library.

#[path = "common/predict_problem.rs"]
mod problem;
#[path = "common/tol_predict.rs"]
#[allow(dead_code)]
mod tol;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use haarmonic::predict::{
    ConjugateGradient, Evidence, KernelFunction, KernelMatrix, KernelRidge, KernelRows, Nystrom,
    PivotedCholesky, Preconditioner, Ridge, RidgePath,
};
use haarmonic::{Error, Result};
use nalgebra::DMatrix;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Slice, array};
use problem::{assert_close, block, linear_problem};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// exp(−|x − x'|² / 2 w²) of random points in the unit square.
fn gaussian_kernel(n: usize, width: f64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let points = Array2::from_shape_simple_fn((n, 2), || rng.random::<f64>());
    Array2::from_shape_fn((n, n), |(i, j)| {
        let difference = &points.row(i) - &points.row(j);
        (-difference.dot(&difference) / (2.0 * width * width)).exp()
    })
}

fn random(n: usize, columns: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    Array2::from_shape_simple_fn((n, columns), || 2.0 * rng.random::<f64>() - 1.0)
}

fn dense(matrix: ArrayView2<'_, f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[[i, j]])
}

fn array_of(matrix: &DMatrix<f64>) -> Array2<f64> {
    Array2::from_shape_fn(matrix.shape(), |index| matrix[index])
}

fn with_ridge(kernel: &Array2<f64>, epsilon: f64) -> DMatrix<f64> {
    let n = kernel.nrows();
    dense(kernel.view()) + DMatrix::identity(n, n) * epsilon
}

fn dense_solution(kernel: &Array2<f64>, targets: &Array2<f64>, epsilon: f64) -> Array2<f64> {
    let factor = with_ridge(kernel, epsilon).cholesky().unwrap();
    array_of(&factor.solve(&dense(targets.view())))
}

fn condition(kernel: &Array2<f64>, epsilon: f64) -> f64 {
    let values = dense(kernel.view()).symmetric_eigenvalues();
    (values.max() + epsilon) / (values.min() + epsilon)
}

/// Largest |y − (K + ε) a| / |y| of a target that is not zero.
fn relative_residual(
    kernel: &Array2<f64>,
    targets: &Array2<f64>,
    epsilon: f64,
    found: &Array2<f64>,
) -> f64 {
    let residual = dense(targets.view()) - with_ridge(kernel, epsilon) * dense(found.view());
    let norm = |c: usize| targets.column(c).dot(&targets.column(c)).sqrt();
    (0..targets.ncols())
        .filter(|&c| norm(c) > 0.0)
        .map(|c| residual.column(c).norm() / norm(c))
        .fold(0.0, f64::max)
}

type Rows<'a> = Box<dyn Fn(Range<usize>, ArrayViewMut2<'_, f64>) -> Result<()> + Sync + 'a>;

/// The rows of a matrix, as if they were computed.
fn computed(kernel: &Array2<f64>) -> KernelFunction<Rows<'_>> {
    let rows = |rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>| {
        out.assign(&kernel.slice_axis(Axis(0), Slice::from(rows)));
        Ok(())
    };
    KernelFunction::new(kernel.diag().to_owned(), Box::new(rows) as Rows<'_>).unwrap()
}

fn partial(kernel: &Array2<f64>, rank: usize) -> PivotedCholesky {
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    PivotedCholesky::new(&rows, rank, 0.0).unwrap()
}

fn is_singular(error: &Error) -> bool {
    matches!(error, Error::NotPositiveDefinite { .. })
}

#[test]
fn conjugate_gradients_solve_what_dense_algebra_solves() {
    let n = 90;
    let kernel = gaussian_kernel(n, 0.2);
    let mut targets = random(n, 4);
    targets.column_mut(2).fill(0.0);
    let transposed = kernel.t().as_standard_layout().into_owned();
    let spread = Array2::from_shape_fn((n, 2 * n), |(i, j)| kernel[[i, j / 2]]);
    let strided = spread.slice_axis(Axis(1), Slice::new(0, None, 2));
    let preconditioner = Preconditioner::new(&partial(&kernel, 25)).unwrap();
    let solver = ConjugateGradient {
        tolerance: 1e-10,
        ..ConjugateGradient::default()
    };
    for epsilon in [1.0, 1e-2, 1e-4] {
        let want = dense_solution(&kernel, &targets, epsilon);
        let tolerance = tol::from_residual(solver.tolerance, condition(&kernel, epsilon));
        let ridge = Ridge::Absolute(epsilon);
        for preconditioner in [None, Some(&preconditioner)] {
            let mut steps = Vec::new();
            for matrix in [kernel.view(), transposed.t(), strided] {
                let rows = KernelMatrix::new(matrix).unwrap();
                let found = solver.solve(&rows, targets.view(), ridge, preconditioner);
                steps.push(found.unwrap());
            }
            let found = solver.solve(&computed(&kernel), targets.view(), ridge, preconditioner);
            steps.push(found.unwrap());
            for found in steps {
                let solution = found.model.coefficients();
                assert_close("solution", solution, &want, tolerance);
                assert!(found.residual <= solver.tolerance);
                let want = relative_residual(&kernel, &targets, epsilon, solution);
                let size = n as f64 / epsilon;
                assert!(
                    (found.residual - want).abs() <= tol::residual(n, size),
                    "{want:e}"
                );
            }
        }
    }
    // A relative ridge is relative to the mean diagonal, which is 1.
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let solve = |ridge| solver.solve(&rows, targets.view(), ridge, None).unwrap();
    let [relative, absolute] = [Ridge::Relative(0.1), Ridge::Absolute(0.1)].map(solve);
    assert_close(
        "relative ridge",
        relative.model.coefficients(),
        absolute.model.coefficients(),
        tol::from_residual(solver.tolerance, condition(&kernel, 0.1)),
    );
}

/// Each target takes its own steps, whichever others are there.
#[test]
fn the_slowest_target_counts_the_steps() {
    let n = 60;
    let kernel = gaussian_kernel(n, 0.3);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let random = random(n, 2);
    // An eigenvector needs one step.
    let eigen = dense(kernel.view()).symmetric_eigen();
    let first = eigen.eigenvalues.imax();
    let targets = Array2::from_shape_fn((n, 3), |(i, c)| match c {
        0 => eigen.eigenvectors[(i, first)],
        _ => random[[i, c - 1]],
    });
    let solver = ConjugateGradient::default();
    let ridge = Ridge::Absolute(1.0);
    let alone: Vec<usize> = (0..3)
        .map(|c| {
            let one = block(targets.view(), .., c..c + 1);
            solver.solve(&rows, one, ridge, None).unwrap().iterations
        })
        .collect();
    assert_eq!(alone[0], 1);
    let together = solver.solve(&rows, targets.view(), ridge, None).unwrap();
    assert_eq!(together.iterations, *alone.iter().max().unwrap());
}

#[test]
fn no_more_than_blocks_of_rows_is_asked_for() {
    let n = 700;
    let kernel = gaussian_kernel(n, 0.2);
    let (most, entries) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let rows = |rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>| {
        assert_eq!(out.dim(), (rows.len(), n));
        most.fetch_max(rows.len(), Ordering::Relaxed);
        entries.fetch_add(out.len(), Ordering::Relaxed);
        out.assign(&kernel.slice_axis(Axis(0), Slice::from(rows)));
        Ok(())
    };
    let rows = KernelFunction::new(kernel.diag().to_owned(), rows).unwrap();
    let factor = PivotedCholesky::new(&rows, 20, 0.0).unwrap();
    assert_eq!(entries.swap(0, Ordering::Relaxed), 20 * n);
    assert_eq!(most.load(Ordering::Relaxed), 1);
    let preconditioner = Preconditioner::new(&factor).unwrap();
    let found = ConjugateGradient::default()
        .solve(
            &rows,
            random(n, 1).view(),
            Ridge::Absolute(0.1),
            Some(&preconditioner),
        )
        .unwrap();
    // One product a step, one for the residual.
    assert_eq!(
        entries.load(Ordering::Relaxed),
        (found.iterations + 1) * n * n
    );
    assert!(most.load(Ordering::Relaxed) <= (1 << 17) / n);
}

/// The Schur complement of the pivots so far, whose largest diagonal entry is the next pivot.
#[test]
fn partial_factors_are_schur_complements() {
    let n = 40;
    let kernel = gaussian_kernel(n, 0.25) * 3.0;
    let whole = partial(&kernel, 12);
    assert_eq!(whole.rank(), 12);
    let k = dense(kernel.view());
    for rank in 1..=12 {
        let found = partial(&kernel, rank);
        let pivots = found.pivots();
        assert_eq!(pivots, &whole.pivots()[..rank]);
        let columns = k.select_columns(pivots);
        let inner = columns.select_rows(pivots).cholesky().unwrap();
        let left = &k - &columns * inner.solve(&columns.transpose());
        let size = tol::factor(n) * condition(&array_of(&columns.select_rows(pivots)), 0.0);
        let diagonal = Array1::from_iter(left.diagonal().iter().copied());
        for (found, want) in found.remainder_diagonal().iter().zip(&diagonal) {
            assert!((found - want).abs() <= 3.0 * size, "{rank}: {found} {want}");
        }
        assert!((found.remainder_trace() - left.trace()).abs() <= 3.0 * n as f64 * size);
        let largest = left.symmetric_eigenvalues().max();
        assert!(largest <= found.remainder_trace(), "{rank}");
        // Not an idle bound: the norm is at least the mean over the rank that is left.
        assert!(found.remainder_trace() <= (n - rank) as f64 * largest);
        if rank < 12 {
            assert_eq!(
                whole.pivots()[rank],
                diagonal.iter().enumerate().fold(0, |best, (i, d)| {
                    if *d > diagonal[best] { i } else { best }
                })
            );
        }
        // Lower triangular at the pivots, and L Lᵀ is K in their rows.
        let factor = found.factor();
        for (i, &pivot) in pivots.iter().enumerate() {
            assert!((i + 1..rank).all(|j| factor[[pivot, j]] == 0.0));
            for j in 0..n {
                let product = factor.row(pivot).dot(&factor.row(j));
                let error = (product - kernel[[pivot, j]]).abs();
                assert!(error <= 3.0 * tol::factor(n), "{rank} {pivot} {j}");
            }
        }
    }
    let product = |factor: &PivotedCholesky| factor.factor().dot(&factor.factor().t());
    let kernel = gaussian_kernel(n, 0.05);
    let full = partial(&kernel, usize::MAX);
    assert_eq!((full.rank(), full.remainder_trace()), (n, 0.0));
    assert_close("full factor", &product(&full), &kernel, tol::factor(n));
}

#[test]
fn factors_stop_at_a_trace_and_at_the_rank() {
    let kernel = gaussian_kernel(80, 0.3);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    for relative in [0.5, 1e-2, 1e-5] {
        let found = PivotedCholesky::new(&rows, 80, relative).unwrap();
        let enough = relative * 80.0;
        assert!(found.remainder_trace() <= enough);
        assert!(partial(&kernel, found.rank() - 1).remainder_trace() > enough || found.rank() == 1);
    }
    // Two features: rank two, and of a smooth kernel no more than rounding leaves.
    let (x, y, _) = linear_problem();
    let kernel = x.dot(&x.t());
    let found = partial(&kernel, 5);
    assert_eq!(found.rank(), 2);
    let largest = kernel.diag().fold(0.0_f64, |m, d| m.max(*d));
    assert!(found.remainder_trace() <= 5.0 * tol::factor(5) * largest);
    let smooth = gaussian_kernel(80, 2.0);
    let found = partial(&smooth, 80);
    assert!((10..60).contains(&found.rank()), "{}", found.rank());
    let product = found.factor().dot(&found.factor().t());
    assert_close("smooth", &product, &smooth, tol::factor(80));

    // The same with conjugate gradients: as many steps as eigenvalues, none beyond the rank with a ridge.
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let solver = ConjugateGradient {
        tolerance: 1e-11,
        max_iterations: 10,
    };
    let ridge = Ridge::Absolute(0.5);
    let found = solver.solve(&rows, y.view(), ridge, None).unwrap();
    assert_eq!(found.iterations, 3);
    let want = dense_solution(&kernel, &y, 0.5);
    let tolerance = tol::from_residual(solver.tolerance, condition(&kernel, 0.5));
    assert_close("rank two", found.model.coefficients(), &want, tolerance);
    let error = solver
        .solve(&rows, y.view(), Ridge::NONE, None)
        .unwrap_err();
    assert!(is_singular(&error), "{error}");
    assert!(error.to_string().contains("ridge"), "{error}");
}

#[test]
fn preconditioners_save_steps_and_say_how_many() {
    let n = 120;
    let kernel = gaussian_kernel(n, 0.4);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let targets = kernel.dot(&random(n, 2));
    let solver = ConjugateGradient {
        tolerance: 1e-9,
        max_iterations: 2000,
    };
    let epsilon = 1e-6;
    let ridge = Ridge::Absolute(epsilon);
    let plain = solver.solve(&rows, targets.view(), ridge, None).unwrap();
    let mut last = plain.iterations;
    for rank in [10, 25, 45] {
        let factor = partial(&kernel, rank);
        let preconditioner = Preconditioner::new(&factor).unwrap();
        assert_eq!(preconditioner.rank(), rank);
        let found = solver
            .solve(&rows, targets.view(), ridge, Some(&preconditioner))
            .unwrap();
        assert!(
            found.iterations < last,
            "{rank}: {} of {last}",
            found.iterations
        );
        last = found.iterations;
        // The eigenvalues of the preconditioned matrix lie between 1 and 1 + tr S / ε.
        let bound = 1.0 + factor.remainder_trace() / epsilon;
        assert!((1.0..=bound).contains(&(found.condition * (1.0 - tol::lanczos()))));
    }
    assert!(
        4 * last < plain.iterations,
        "{last} of {}",
        plain.iterations
    );
}

/// The ridge is at the rounding of the largest eigenvalue; the factor holds all of the kernel but rounding.
#[test]
fn the_smallest_ridges_keep_their_preconditioner() {
    let n = 120;
    let kernel = gaussian_kernel(n, 0.8);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let targets = kernel.dot(&random(n, 1));
    let preconditioner = Preconditioner::new(&partial(&kernel, n)).unwrap();
    let solver = ConjugateGradient {
        tolerance: 1e-11,
        max_iterations: 30,
    };
    for epsilon in [1e-9, 1e-11, 4e-13] {
        let ridge = Ridge::Absolute(epsilon);
        let found = solver
            .solve(&rows, targets.view(), ridge, Some(&preconditioner))
            .unwrap();
        let want = relative_residual(&kernel, &targets, epsilon, found.model.coefficients());
        assert!(want <= 2.0 * solver.tolerance, "{epsilon:e}: {want:e}");
    }
    assert!(matches!(
        solver.solve(&rows, targets.view(), Ridge::Absolute(1e-9), None),
        Err(Error::NotConverged { .. })
    ));
}

#[test]
fn condition_numbers_are_those_of_the_eigenvalues() {
    // Eigenvalues as given; every step sees them all.
    let values = Array1::from_shape_fn(50, |i| 10.0_f64.powf(3.0 * i as f64 / 49.0));
    let kernel = Array2::from_diag(&values);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let solver = ConjugateGradient {
        tolerance: 1e-12,
        ..ConjugateGradient::default()
    };
    let found = solver
        .solve(&rows, random(50, 2).view(), Ridge::NONE, None)
        .unwrap();
    assert!(found.condition <= 1e3 * (1.0 + tol::exact() * 1e3));
    assert!(
        found.condition >= 1e3 * (1.0 - tol::lanczos()),
        "{}",
        found.condition
    );

    for (n, width) in [(1, 0.3), (2, 0.3), (30, 0.2), (150, 0.2), (150, 1.0)] {
        let kernel = gaussian_kernel(n, width);
        let targets = random(n, 1);
        for epsilon in [1e-1, 1e-4, 1e-8] {
            let want = condition(&kernel, epsilon);
            let ridge = Ridge::Absolute(epsilon);
            let evidence = Evidence::new(kernel.view(), targets.view(), ridge).unwrap();
            let found = evidence.condition();
            let tolerance = tol::lanczos() + tol::solve(want);
            assert!(
                (found / want - 1.0).abs() <= tolerance,
                "{n} {width} {epsilon:e}: {found:e} {want:e}"
            );
            let path = RidgePath::new(kernel.view(), targets.view()).unwrap();
            let found = path.condition(ridge).unwrap();
            assert!(
                (found / want - 1.0).abs() <= tol::solve(want),
                "{n} {width}"
            );
        }
    }
    let path = RidgePath::new(array![[0.0]].view(), array![[1.0]].view()).unwrap();
    assert_eq!(path.condition(Ridge::NONE).unwrap(), f64::INFINITY);
    assert!(path.condition(Ridge::Absolute(-1.0)).is_err());
}

/// The error of a failed factorisation names a ridge, with which it succeeds, and which is no larger than it has to be.
#[test]
fn the_ridge_that_is_named_suffices() {
    let (x, _, _) = linear_problem();
    let smooth = gaussian_kernel(150, 2.0);
    let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
    for kernel in [x.dot(&x.t()), smooth.clone(), smooth * 1e8, indefinite] {
        let targets = Array2::ones((kernel.nrows(), 1));
        let fit = |ridge| KernelRidge::fit(kernel.view(), targets.view(), Ridge::Absolute(ridge));
        let message = fit(0.0).unwrap_err().to_string();
        let (_, rest) = message.split_once("raise the ridge by ").unwrap();
        let named: f64 = rest.split(',').next().unwrap().parse().unwrap();
        fit(named).unwrap();
        let path = |ridge| {
            RidgePath::new(kernel.view(), targets.view())
                .and_then(|path| path.fit(Ridge::Absolute(ridge)))
        };
        // Indefinite matrices are not for this route.
        assert!(path(named).is_ok() || kernel.nrows() == 2);
        let values = dense(kernel.view()).symmetric_eigenvalues();
        let rounding = tol::factor(kernel.nrows()) * values.max();
        assert!(
            named <= rounding + 1.2 * (-values.min()).max(0.0),
            "{message}"
        );
    }
}

#[test]
fn nystrom_is_regression_on_the_kernels_of_the_pivots() {
    let (n, m, width, epsilon) = (100, 15, 0.3, 1e-3);
    let all = gaussian_kernel(n + m, width);
    let kernel = block(all.view(), ..n, ..n).to_owned();
    let test = block(all.view(), n.., ..n).to_owned();
    let variances = Array1::ones(m);
    let targets = random(n, 2);
    let dense_solution = dense_solution(&kernel, &targets, epsilon);
    let (exact, exact_on_train) = (test.dot(&dense_solution), kernel.dot(&dense_solution));
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let mut last = f64::INFINITY;
    for rank in [1, 5, 15, 40, 100] {
        let factor = partial(&kernel, rank);
        let model = Nystrom::fit(&factor, targets.view(), Ridge::Absolute(epsilon)).unwrap();
        let test_pivots = test.select(Axis(1), factor.pivots());
        let found = model.predict(test_pivots.view()).unwrap();
        assert_eq!(model.coefficients().dim(), (factor.rank(), 2));
        if rank <= 15 {
            // Normal equations.
            let columns = dense(kernel.select(Axis(1), factor.pivots()).view());
            let inner = columns.select_rows(factor.pivots());
            let normal = columns.transpose() * &columns + inner * epsilon;
            let right = columns.transpose() * dense(targets.view());
            let condition = condition(&array_of(&normal), 0.0);
            let want = array_of(&normal.lu().solve(&right).unwrap());
            let tolerance = tol::solve(condition);
            assert_close("coefficients", model.coefficients(), &want, tolerance);
        }
        let free = model.error_bound().unwrap();
        let sharp = model.error_bound_with(&rows).unwrap();
        let rounding = tol::solve(condition(&kernel, epsilon));
        let train_pivots = kernel.select(Axis(1), factor.pivots());
        let change = &model.predict(train_pivots.view()).unwrap() - &exact_on_train;
        let norms = change.map_axis(Axis(0), |c| c.dot(&c).sqrt());
        for bound in [&free, &sharp] {
            let at = bound.at(variances.view()).unwrap();
            for (index, error) in (&found - &exact).indexed_iter() {
                assert!(
                    error.abs() <= at[index] + rounding,
                    "{rank} {index:?}: {error}"
                );
            }
            for (norm, bound) in norms.iter().zip(&bound.on_train()) {
                assert!(*norm <= bound + rounding, "{rank}: {norm} {bound}");
            }
        }
        // Not an idle bound.
        for ((norm, sharp), free) in norms.iter().zip(&sharp.on_train()).zip(&free.on_train()) {
            assert!(sharp <= free, "{rank}: {sharp} {free}");
            assert!(rank > 40 || *sharp <= 20.0 * norm, "{rank}: {norm} {sharp}");
        }
        let largest = free.on_train().fold(0.0_f64, |m, b| m.max(*b));
        assert!(largest < last, "{rank}: {largest} {last}");
        last = largest;
    }
    // With the rank of the kernel to rounding nothing is left to bound.
    assert!(last <= tol::nothing_left(), "{last}");
}

#[test]
fn nystrom_bound_by_hand() {
    let kernel = array![[1.0, 0.0], [0.0, 1e-4]];
    let factor = partial(&kernel, 1);
    let model = Nystrom::fit(&factor, array![[1.0], [1.0]].view(), Ridge::Absolute(1e-2)).unwrap();
    // d = (0, 1e-4) and α̃ = (1/1.01, 100): a = 100 + 1/1.01, b = (Σ √d |α̃|)² = 1.
    let a: f64 = 100.0 + 1.0 / 1.01;
    let gap = a / (a + 1.0);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    for bound in [
        model.error_bound().unwrap(),
        model.error_bound_with(&rows).unwrap(),
    ] {
        let want = array![(1e-2 * gap).sqrt()];
        // The product with the kernel cancels to a part in 100.
        let tolerance = 100.0 * tol::exact();
        assert_close("training points", &bound.on_train(), &want, tolerance);
        let want = array![[gap.sqrt()], [2.0 * gap.sqrt()]];
        let found = bound.at(array![1.0, 4.0].view()).unwrap();
        assert_close("test points", &found, &want, tolerance);
        assert!(
            bound.at(array![-1.0].view()).is_err() && bound.at(array![f64::NAN].view()).is_err()
        );
    }
}

#[test]
fn one_point_and_no_kernel() {
    let solver = ConjugateGradient::default();
    let one = array![[2.0]];
    let rows = KernelMatrix::new(one.view()).unwrap();
    let found = solver
        .solve(&rows, array![[6.0]].view(), Ridge::Absolute(1.0), None)
        .unwrap();
    assert_close(
        "one",
        found.model.coefficients(),
        &array![[2.0]],
        tol::exact(),
    );
    assert_eq!((found.iterations, found.condition), (1, 1.0));
    let factor = partial(&one, 1);
    assert_eq!((factor.pivots(), factor.remainder_trace()), (&[0][..], 0.0));
    let model = Nystrom::fit(&factor, array![[6.0]].view(), Ridge::NONE).unwrap();
    assert_close(
        "one",
        &model.predict(one.view()).unwrap(),
        &array![[6.0]],
        tol::exact(),
    );
    for error in [model.error_bound(), model.error_bound_with(&rows)] {
        assert!(matches!(error, Err(Error::InvalidValue { .. })));
    }

    let zero = Array2::zeros((3, 3));
    let rows = KernelMatrix::new(zero.view()).unwrap();
    let factor = partial(&zero, 2);
    assert_eq!((factor.rank(), factor.remainder_trace()), (0, 0.0));
    let preconditioner = Preconditioner::new(&factor).unwrap();
    let targets = array![[1.0], [2.0], [3.0]];
    for preconditioner in [None, Some(&preconditioner)] {
        let found = solver.solve(&rows, targets.view(), Ridge::Absolute(0.5), preconditioner);
        assert_close(
            "zero",
            found.unwrap().model.coefficients(),
            &(&targets * 2.0),
            tol::exact(),
        );
    }
    let error = solver
        .solve(&rows, targets.view(), Ridge::NONE, None)
        .unwrap_err();
    assert!(is_singular(&error), "{error}");
    let error = Nystrom::fit(&factor, targets.view(), Ridge::Absolute(0.5)).unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }));
    // Nothing to learn takes no steps.
    let found = solver
        .solve(&rows, Array2::zeros((3, 2)).view(), Ridge::NONE, None)
        .unwrap();
    assert_eq!((found.iterations, found.residual), (0, 0.0));
    assert_eq!(found.model.coefficients(), Array2::<f64>::zeros((3, 2)));
}

#[test]
fn what_was_reached_is_reported() {
    let kernel = gaussian_kernel(80, 0.3);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let targets = kernel.dot(&random(80, 1));
    let solve = |tolerance, max_iterations, epsilon| {
        let solver = ConjugateGradient {
            tolerance,
            max_iterations,
        };
        solver.solve(&rows, targets.view(), Ridge::Absolute(epsilon), None)
    };
    match solve(1e-8, 3, 1e-3).unwrap_err() {
        Error::NotConverged {
            achieved,
            requested,
            limit,
            ..
        } => {
            assert!(achieved > 1e-4 && achieved < 0.9, "{achieved}");
            assert_eq!((requested, limit.as_str()), (1e-8, "3 iterations"));
            // It is the residual of three steps.
            assert!(solve(1.001 * achieved, 3, 1e-3).unwrap().residual <= 1.001 * achieved);
        }
        other => panic!("{other}"),
    }
    // Below what rounding lets be reached.
    match solve(1e-17, 100_000, 1e-6).unwrap_err() {
        Error::NotConverged {
            achieved, limit, ..
        } => {
            assert!((1e-17..1e-6).contains(&achieved), "{achieved:e}");
            assert!(limit.contains("rounding"), "{limit}");
        }
        other => panic!("{other}"),
    }
    assert!(matches!(
        solve(1e-8, 0, 1.0),
        Err(Error::NotConverged { .. })
    ));
}

/// A kernel that says what it is told to.
struct Odd {
    points: usize,
    diagonal: Array1<f64>,
    entry: f64,
}

impl KernelRows for Odd {
    fn points(&self) -> usize {
        self.points
    }

    fn diagonal(&self) -> Result<Array1<f64>> {
        Ok(self.diagonal.clone())
    }

    fn write_rows(&self, rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        if rows.start > 1 {
            return Err(Error::Empty {
                what: "row 2".into(),
            });
        }
        out.fill(0.1);
        for (i, row) in rows.enumerate() {
            out[[i, row]] = 1.0;
        }
        let last = out.ncols() - 1;
        out[[0, last]] = self.entry;
        Ok(())
    }
}

#[test]
fn bad_input_is_refused() {
    let shape = |error: Error| matches!(error, Error::ShapeMismatch { .. });
    let empty = |error: Error| matches!(error, Error::Empty { .. });
    let value = |error: Error| matches!(error, Error::InvalidValue { .. });
    let finite = |error: Error| matches!(error, Error::NotFinite { .. });

    let kernel = gaussian_kernel(6, 0.3);
    let targets = random(6, 2);
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let wrong = |matrix: &Array2<f64>| KernelMatrix::new(matrix.view()).unwrap_err();
    assert!(shape(wrong(&Array2::zeros((2, 3)))));
    assert!(empty(wrong(&Array2::zeros((0, 0)))));
    assert!(finite(wrong(&array![[1.0, f64::NAN], [0.0, 1.0]])));
    assert!(value(wrong(&array![[1.0, 0.5], [0.4, 1.0]])));

    let solver = ConjugateGradient::default();
    let solve = |targets: ArrayView2<'_, f64>, ridge| {
        solver.solve(&rows, targets, ridge, None).unwrap_err()
    };
    assert!(shape(solve(random(5, 1).view(), Ridge::NONE)));
    assert!(empty(solve(random(6, 0).view(), Ridge::NONE)));
    assert!(finite(solve(
        Array2::from_elem((6, 1), f64::INFINITY).view(),
        Ridge::NONE
    )));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(value(solve(targets.view(), Ridge::Absolute(bad))));
        let solver = ConjugateGradient {
            tolerance: bad,
            ..solver
        };
        assert!(value(
            solver
                .solve(&rows, targets.view(), Ridge::NONE, None)
                .unwrap_err()
        ));
        assert!(value(PivotedCholesky::new(&rows, 2, bad).unwrap_err()));
    }
    for tolerance in [0.0, 1.0] {
        let solver = ConjugateGradient {
            tolerance,
            ..solver
        };
        assert!(value(
            solver
                .solve(&rows, targets.view(), Ridge::NONE, None)
                .unwrap_err()
        ));
    }
    assert!(value(PivotedCholesky::new(&rows, 0, 0.0).unwrap_err()));
    assert!(value(PivotedCholesky::new(&rows, 2, 1.0).unwrap_err()));

    // Preconditioners of another kernel, or without a ridge.
    let factor = partial(&kernel, 3);
    let preconditioner = Preconditioner::new(&factor).unwrap();
    let error = solver.solve(&rows, targets.view(), Ridge::NONE, Some(&preconditioner));
    assert!(value(error.unwrap_err()));
    let five = block(kernel.view(), ..5, ..5);
    let other = KernelMatrix::new(five).unwrap();
    let one = Ridge::Absolute(1.0);
    let error = solver.solve(&other, random(5, 1).view(), one, Some(&preconditioner));
    assert!(shape(error.unwrap_err()));

    // Nyström.
    assert!(shape(
        Nystrom::fit(&factor, random(5, 1).view(), one).unwrap_err()
    ));
    assert!(value(
        Nystrom::fit(&factor, targets.view(), Ridge::Absolute(-1.0)).unwrap_err()
    ));
    let model = Nystrom::fit(&factor, targets.view(), one).unwrap();
    assert!(shape(model.predict(kernel.view()).unwrap_err()));
    assert!(shape(model.error_bound_with(&other).unwrap_err()));

    // Kernels of others.
    let odd = |points, diagonal: &[f64], entry| {
        let diagonal = Array1::from(diagonal.to_vec());
        let kernel = Odd {
            points,
            diagonal,
            entry,
        };
        let targets = Array2::from_shape_fn((points, 1), |(i, _)| i as f64);
        let solved = solver.solve(&kernel, targets.view(), one, None);
        [solved.err(), PivotedCholesky::new(&kernel, 2, 0.0).err()].map(Option::unwrap)
    };
    assert!(odd(2, &[1.0], 0.1).into_iter().all(shape));
    assert!(odd(0, &[], 0.1).into_iter().all(empty));
    assert!(odd(1, &[f64::NAN], 0.1).into_iter().all(finite));
    for error in odd(2, &[1.0, 1.0], f64::NAN) {
        assert!(
            matches!(error, Error::NotFinite { ref index, .. } if index[1] == 1),
            "{error}"
        );
    }
    for error in odd(2, &[1.0, -1.0], 0.1) {
        assert!(is_singular(&error), "{error}");
    }
    // What the rows say comes through: row 2 is the pivot, and in no first block.
    let diagonal = Array1::from(vec![1.0, 1.0, 2.0]);
    let kernel = Odd {
        points: 3,
        diagonal,
        entry: 0.1,
    };
    assert!(empty(PivotedCholesky::new(&kernel, 2, 0.0).unwrap_err()));
    let function = |_: Range<usize>, _: ArrayViewMut2<'_, f64>| Ok(());
    assert!(empty(
        KernelFunction::new(Array1::zeros(0), function)
            .err()
            .unwrap()
    ));
    assert!(is_singular(
        &KernelFunction::new(array![-1.0], function).err().unwrap()
    ));
    // Not positive semi-definite: what is left of the second point is 1 − 2².
    let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
    let error = PivotedCholesky::new(&KernelMatrix::new(indefinite.view()).unwrap(), 2, 0.0);
    assert!(is_singular(&error.unwrap_err()));
    let rows = KernelMatrix::new(indefinite.view()).unwrap();
    let error = solver.solve(&rows, array![[1.0], [-1.0]].view(), Ridge::NONE, None);
    assert!(is_singular(&error.unwrap_err()));
}
