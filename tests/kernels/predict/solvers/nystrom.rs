//! Regression on the kernels of a few points, and its bound.

use super::*;

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
            assert_named_close("coefficients", model.coefficients(), &want, tolerance);
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
        assert_named_close("training points", bound.on_train(), &want, tolerance);
        let want = array![[gap.sqrt()], [2.0 * gap.sqrt()]];
        let found = bound.at(array![1.0, 4.0].view()).unwrap();
        assert_named_close("test points", &found, &want, tolerance);
        assert!(
            bound.at(array![-1.0].view()).is_err() && bound.at(array![f64::NAN].view()).is_err()
        );
    }
}
