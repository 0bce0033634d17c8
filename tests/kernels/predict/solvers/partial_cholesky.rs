//! Partial factors by pivots.

use super::*;

use approx::assert_abs_diff_eq;

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
        assert_abs_diff_eq!(
            found.remainder_trace(),
            left.trace(),
            epsilon = 3.0 * n as f64 * size
        );
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
    assert_named_close("full factor", product(&full), &kernel, tol::factor(n));
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
    assert_named_close("smooth", &product, &smooth, tol::factor(80));

    // The same with conjugate gradients: as many steps as eigenvalues, none beyond the rank with a ridge.
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let solver = ConjugateGradient {
        tolerance: 1e-11,
        max_iterations: 10,
    };
    let ridge = Ridge::Absolute(0.5);
    let found = solver.fit(&rows, y.view(), ridge, None).unwrap();
    assert_eq!(found.iterations, 3);
    let want = dense_solution(&kernel, &y, 0.5);
    let tolerance = tol::from_residual(solver.tolerance, condition(&kernel, 0.5));
    assert_named_close("rank two", found.model.coefficients(), &want, tolerance);
    let error = solver.fit(&rows, y.view(), Ridge::NONE, None).unwrap_err();
    assert!(is_singular(&error), "{error}");
    assert!(error.to_string().contains("ridge"), "{error}");
}

/// The factor of given points needs their columns only; it is the one of the whole kernel if the points are its pivots.
#[test]
fn factors_on_given_points() {
    let n = 40;
    let kernel = gaussian_kernel(n, 0.25) * 3.0;
    let whole = partial(&kernel, 9);
    let mut points = whole.pivots().to_vec();
    points.sort_unstable();
    let columns = kernel.select(Axis(1), &points);
    let diagonal = kernel.diag().to_owned();
    let found = PivotedCholesky::at(&points, columns.view(), diagonal.view()).unwrap();
    assert_eq!(found.pivots(), whole.pivots());
    assert_eq!(found.factor(), whole.factor());
    assert_eq!(found.remainder_diagonal(), whole.remainder_diagonal());
    // A point that the others explain is left out: the last one is the first one once more.
    let twice: Vec<usize> = (0..n).chain([0]).collect();
    let doubled = kernel.select(Axis(0), &twice).select(Axis(1), &twice);
    let points = [0, 7, n];
    let columns = doubled.select(Axis(1), &points);
    let found = PivotedCholesky::at(&points, columns.view(), doubled.diag()).unwrap();
    assert_eq!(found.rank(), 2);
    for points in [&[][..], &[0, 0], &[0, n + 1]] {
        let columns = Array2::ones((n + 1, points.len()));
        assert!(PivotedCholesky::at(points, columns.view(), doubled.diag()).is_err());
    }
    let narrow = columns.select(Axis(1), &[0, 1]);
    assert!(PivotedCholesky::at(&points, narrow.view(), doubled.diag()).is_err());
}
