//! Derivatives of losses, predictions and the evidence.

use crate::common::tol::gradient as tol;

use haarmonic::activation::Activation;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
use haarmonic::network::{Init, Network};
use haarmonic::predict::gradients::{self, ValueGradient};
use haarmonic::predict::{Evidence, KernelKind, Ridge};
use haarmonic::{Error, Result};
use ndarray::{Array2, Array3, Dimension, array};
use ndarray_npy::NpzReader;
use std::fs::File;

fn assert_close(what: &str, got: &Array2<f64>, want: &Array2<f64>, tolerance: f64) {
    assert_eq!(got.dim(), want.dim(), "{what}");
    let scale = want.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    for ((index, got), want) in got.indexed_iter().zip(want) {
        let error = (got - want).abs();
        assert!(
            error <= tolerance * scale,
            "{what} at {index:?}: {got} for {want}"
        );
    }
}

#[test]
fn inducing_points_have_the_stored_derivatives() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/derivatives.npz");
    let mut stored = NpzReader::new(File::open(path).unwrap()).unwrap();
    fn read<D: Dimension>(stored: &mut NpzReader<File>, key: &str) -> ndarray::Array<f64, D> {
        stored.by_name(&format!("kip/{key}")).unwrap()
    }
    let mut matrix = |key: &str| -> Array2<f64> { read(&mut stored, key) };
    let [xs, ys, xt, yt] = ["xs", "ys", "xt", "yt"].map(&mut matrix);
    let mut numbers = |key: &str| -> Vec<f64> {
        let array: ndarray::ArrayD<f64> = stored.by_name(&format!("kip/{key}")).unwrap();
        array.into_iter().collect()
    };
    let (weights, biases) = (numbers("weight_var"), numbers("bias_var"));
    let ridge = Ridge::Relative(numbers("ridge")[0]);
    let init = |i: usize| Init {
        weight_std: weights[i].sqrt(),
        bias_std: biases[i].sqrt(),
    };
    let network = Network::vector(xs.ncols())
        .dense(init(0))
        .activation(Activation::Relu)
        .dense(init(1))
        .activation(Activation::Relu)
        .dense(init(2))
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let (own, cross) = (
        kernel.gram(xs.view()).unwrap(),
        kernel.cross(xt.view(), xs.view()).unwrap(),
    );
    for (name, kind) in [("nngp", KernelKind::Nngp), ("ntk", KernelKind::Ntk)] {
        let (own, cross) = (kind.of(&own), kind.of(&cross));
        // The derivative of a loss in the inputs.
        let of_inputs = |found: &ValueGradient| -> Array2<f64> {
            let of = |matrix: &Array2<f64>| -> [OwnedSignals; 2] {
                let cotangents = match kind {
                    KernelKind::Ntk => Cotangents::ntk(matrix.view()),
                    KernelKind::Nngp => Cotangents::nngp(matrix.view()),
                };
                if matrix.dim() == found.train_train.dim() {
                    let gradient = kernel.gradient(xs.view(), cotangents).unwrap();
                    [gradient.clone(), gradient]
                } else {
                    kernel
                        .cross_gradient(xt.view(), xs.view(), cotangents)
                        .unwrap()
                }
            };
            let [_, OwnedSignals::Vectors(cross)] = of(&found.test_train) else {
                panic!("vectors");
            };
            let [OwnedSignals::Vectors(own), _] = of(&found.train_train) else {
                panic!("vectors");
            };
            own + cross
        };
        let found = gradients::squared_error(own, cross, ys.view(), yt.view(), ridge).unwrap();
        let mut want = |key: &str| -> Array2<f64> { read(&mut stored, &format!("{name}_{key}")) };
        assert_close(name, &of_inputs(&found), &want("grad_xs"), tol::GOLDEN);
        assert_close(name, &found.targets, &want("grad_ys"), tol::GOLDEN);
        let (targets, solved) =
            gradients::solved_targets(own, cross, yt.view(), 0.0, ridge).unwrap();
        assert_close(name, &targets, &want("solved_ys"), tol::SOLVED);
        assert_close(
            name,
            &of_inputs(&solved),
            &want("solved_grad_xs"),
            tol::SOLVED,
        );
        let mut number = |key: &str| -> f64 {
            let array: ndarray::Array0<f64> = read(&mut stored, &format!("{name}_{key}"));
            array.into_scalar()
        };
        for (got, key) in [(found.value, "loss"), (solved.value, "solved_loss")] {
            let want = number(key);
            assert!((got - want).abs() <= tol::GOLDEN * want, "{name} {key}");
        }
    }
}

/// Kernel matrices of a covariance, targets and factors.
fn problem() -> (Array2<f64>, Array2<f64>, Array2<f64>, Array2<f64>) {
    let points = [0.1, 0.7, 1.6];
    let others = [0.4, 2.0];
    let kernel = |x: f64, y: f64| (-(x - y) * (x - y)).exp() + 0.2 * x * y;
    (
        Array2::from_shape_fn((3, 3), |(i, j)| kernel(points[i], points[j])),
        Array2::from_shape_fn((2, 3), |(i, j)| kernel(others[i], points[j])),
        array![[1.0, 0.2], [-0.5, 0.4], [0.3, -1.0]],
        array![[0.6, -0.3], [0.1, 0.9]],
    )
}

/// Compares derivatives with sixth-order differences of the value.
fn check_differences(
    what: &str,
    value: impl Fn(&Array2<f64>, &Array2<f64>, &Array2<f64>) -> Result<ValueGradient>,
) {
    const STEP: f64 = 1e-3;
    let (own, cross, targets, _) = problem();
    let found = value(&own, &cross, &targets).unwrap();
    let all = Array3::from_shape_fn((3, 3, 3), |(which, i, j)| {
        let at = |steps: f64| {
            let moved = steps * STEP;
            let (mut own, mut cross, mut targets) = (own.clone(), cross.clone(), targets.clone());
            match which {
                // Both entries of a symmetric matrix move, each by half.
                0 => {
                    own[[i, j]] += 0.5 * moved;
                    own[[j, i]] += 0.5 * moved;
                }
                1 if i < 2 => cross[[i, j]] += moved,
                2 if j < 2 => targets[[i, j]] += moved,
                _ => {}
            }
            value(&own, &cross, &targets).unwrap().value
        };
        let d = |n: f64| (at(n) - at(-n)) / STEP;
        (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0
    });
    let part = |which: usize, shape: (usize, usize)| {
        Array2::from_shape_fn(shape, |(i, j)| all[[which, i, j]])
    };
    assert_close(what, &found.train_train, &part(0, (3, 3)), tol::DIFFERENCE);
    if found.test_train.nrows() > 0 {
        assert_close(what, &found.test_train, &part(1, (2, 3)), tol::DIFFERENCE);
    }
    if found.targets.iter().any(|entry| *entry != 0.0) {
        assert_close(what, &found.targets, &part(2, (3, 2)), tol::DIFFERENCE);
    }
}

#[test]
fn derivatives_are_differences() {
    let (_, _, _, factors) = problem();
    for ridge in [Ridge::Relative(0.1), Ridge::Absolute(0.05)] {
        check_differences("loss", |own, cross, targets| {
            gradients::squared_error(
                own.view(),
                cross.view(),
                targets.view(),
                factors.view(),
                ridge,
            )
        });
        check_differences("prediction", |own, cross, targets| {
            gradients::prediction(
                own.view(),
                cross.view(),
                targets.view(),
                factors.view(),
                ridge,
            )
        });
        check_differences("solved", |own, cross, _| {
            let (_, found) =
                gradients::solved_targets(own.view(), cross.view(), factors.view(), 0.7, ridge)?;
            Ok(found)
        });
        check_differences("evidence", |own, _, targets| {
            gradients::evidence(own.view(), targets.view(), ridge)
        });
    }
}

#[test]
fn evidence_agrees_with_the_other_implementation() {
    let (own, _, targets, _) = problem();
    let noise = Ridge::Relative(0.1);
    let found = gradients::evidence(own.view(), targets.view(), noise).unwrap();
    let want = Evidence::fit(own.view(), targets.view(), noise).unwrap();
    assert!((found.value - want.log_marginal_likelihood()).abs() <= tol::ROUNDING);
}

#[test]
fn bad_input_is_refused() {
    let (own, cross, targets, factors) = problem();
    let wide = Array2::zeros((2, 3));
    let error = gradients::squared_error(
        own.view(),
        cross.view(),
        targets.view(),
        wide.view(),
        Ridge::NONE,
    );
    assert!(matches!(error, Err(Error::ShapeMismatch { .. })));
    let error =
        gradients::solved_targets(own.view(), cross.view(), factors.view(), -1.0, Ridge::NONE);
    assert!(matches!(error, Err(Error::InvalidValue { .. })));
}
