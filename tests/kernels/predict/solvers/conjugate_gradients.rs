//! Conjugate gradients, with and without a preconditioner.

use super::*;

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
                let found = solver.fit(&rows, targets.view(), ridge, preconditioner);
                steps.push(found.unwrap());
            }
            let found = solver.fit(&computed(&kernel), targets.view(), ridge, preconditioner);
            steps.push(found.unwrap());
            for found in steps {
                let solution = found.model.coefficients();
                assert_named_close("solution", solution, &want, tolerance);
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
    let solve = |ridge| solver.fit(&rows, targets.view(), ridge, None).unwrap();
    let [relative, absolute] = [Ridge::Relative(0.1), Ridge::Absolute(0.1)].map(solve);
    assert_named_close(
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
    // Far from where rounding, which depends on the other targets, decides about a last step.
    let solver = ConjugateGradient {
        tolerance: tol::FEW_STEPS,
        ..ConjugateGradient::default()
    };
    let ridge = Ridge::Absolute(1.0);
    let alone: Vec<usize> = (0..3)
        .map(|c| {
            let one = block(targets.view(), .., c..c + 1);
            solver.fit(&rows, one, ridge, None).unwrap().iterations
        })
        .collect();
    assert_eq!(alone[0], 1);
    let together = solver.fit(&rows, targets.view(), ridge, None).unwrap();
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
        .fit(
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
    let plain = solver.fit(&rows, targets.view(), ridge, None).unwrap();
    let mut last = plain.iterations;
    for rank in [10, 25, 45] {
        let factor = partial(&kernel, rank);
        let preconditioner = Preconditioner::new(&factor).unwrap();
        assert_eq!(preconditioner.rank(), rank);
        let found = solver
            .fit(&rows, targets.view(), ridge, Some(&preconditioner))
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
            .fit(&rows, targets.view(), ridge, Some(&preconditioner))
            .unwrap();
        let want = relative_residual(&kernel, &targets, epsilon, found.model.coefficients());
        assert!(want <= 2.0 * solver.tolerance, "{epsilon:e}: {want:e}");
    }
    assert!(matches!(
        solver.fit(&rows, targets.view(), Ridge::Absolute(1e-9), None),
        Err(Error::NotConverged { .. })
    ));
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
        solver.fit(&rows, targets.view(), Ridge::Absolute(epsilon), None)
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
