//! The smallest problems, and input that does not fit.

use super::*;

#[test]
fn one_point_and_no_kernel() {
    let solver = ConjugateGradient::default();
    let one = array![[2.0]];
    let rows = KernelMatrix::new(one.view()).unwrap();
    let found = solver
        .fit(&rows, array![[6.0]].view(), Ridge::Absolute(1.0), None)
        .unwrap();
    assert_named_close(
        "one",
        found.model.coefficients(),
        &array![[2.0]],
        tol::exact(),
    );
    assert_eq!((found.iterations, found.condition), (1, 1.0));
    let factor = partial(&one, 1);
    assert_eq!((factor.pivots(), factor.remainder_trace()), (&[0][..], 0.0));
    let model = Nystrom::fit(&factor, array![[6.0]].view(), Ridge::NONE).unwrap();
    assert_named_close(
        "one",
        model.predict(one.view()).unwrap(),
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
        let found = solver.fit(&rows, targets.view(), Ridge::Absolute(0.5), preconditioner);
        assert_named_close(
            "zero",
            found.unwrap().model.coefficients(),
            &(&targets * 2.0),
            tol::exact(),
        );
    }
    let error = solver
        .fit(&rows, targets.view(), Ridge::NONE, None)
        .unwrap_err();
    assert!(is_singular(&error), "{error}");
    let error = Nystrom::fit(&factor, targets.view(), Ridge::Absolute(0.5)).unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }));
    // Nothing to learn takes no steps.
    let found = solver
        .fit(&rows, Array2::zeros((3, 2)).view(), Ridge::NONE, None)
        .unwrap();
    assert_eq!((found.iterations, found.residual), (0, 0.0));
    assert_eq!(found.model.coefficients(), Array2::<f64>::zeros((3, 2)));
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
    let solve =
        |targets: ArrayView2<'_, f64>, ridge| solver.fit(&rows, targets, ridge, None).unwrap_err();
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
                .fit(&rows, targets.view(), Ridge::NONE, None)
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
                .fit(&rows, targets.view(), Ridge::NONE, None)
                .unwrap_err()
        ));
    }
    assert!(value(PivotedCholesky::new(&rows, 0, 0.0).unwrap_err()));
    assert!(value(PivotedCholesky::new(&rows, 2, 1.0).unwrap_err()));

    // Preconditioners of another kernel, or without a ridge.
    let factor = partial(&kernel, 3);
    let preconditioner = Preconditioner::new(&factor).unwrap();
    let error = solver.fit(&rows, targets.view(), Ridge::NONE, Some(&preconditioner));
    assert!(value(error.unwrap_err()));
    let five = block(kernel.view(), ..5, ..5);
    let other = KernelMatrix::new(five).unwrap();
    let one = Ridge::Absolute(1.0);
    let error = solver.fit(&other, random(5, 1).view(), one, Some(&preconditioner));
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
        let solved = solver.fit(&kernel, targets.view(), one, None);
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
    let error = solver.fit(&rows, array![[1.0], [-1.0]].view(), Ridge::NONE, None);
    assert!(is_singular(&error.unwrap_err()));
}
