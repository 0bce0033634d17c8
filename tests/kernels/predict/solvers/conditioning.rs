//! Condition numbers, and the ridge that a failed factorisation names.

use super::*;

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
        .fit(&rows, random(50, 2).view(), Ridge::NONE, None)
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
            let evidence = Evidence::fit(kernel.view(), targets.view(), ridge).unwrap();
            let found = evidence.condition();
            let tolerance = tol::lanczos() + tol::solve(want);
            assert!(
                (found / want - 1.0).abs() <= tolerance,
                "{n} {width} {epsilon:e}: {found:e} {want:e}"
            );
            let path = RidgePath::fit(kernel.view(), targets.view()).unwrap();
            let found = path.condition(ridge).unwrap();
            assert!(
                (found / want - 1.0).abs() <= tol::solve(want),
                "{n} {width}"
            );
        }
    }
    let path = RidgePath::fit(array![[0.0]].view(), array![[1.0]].view()).unwrap();
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
            RidgePath::fit(kernel.view(), targets.view())
                .and_then(|path| path.at(Ridge::Absolute(ridge)))
        };
        // Indefinite matrices are not for this route.
        assert_eq!(path(named).is_ok(), kernel.nrows() != 2);
        let values = dense(kernel.view()).symmetric_eigenvalues();
        let rounding = tol::factor(kernel.nrows()) * values.max();
        assert!(
            named <= rounding + 1.2 * (-values.min()).max(0.0),
            "{message}"
        );
    }
}
