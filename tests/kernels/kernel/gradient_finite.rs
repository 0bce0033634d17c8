//! Derivatives of kernels in functions on a finite set.

use crate::common::tol::gradient as tol;

use haarmonic::activation::Activation;
use haarmonic::group::FiniteAction;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array3, array};

/// The rotations of a cube, acting on its vertices: a sum of branches with local filters, and a tail.
fn network(local: bool) -> Network {
    let init = |weight: f64, bias: f64| Init::new(weight.sqrt(), bias.sqrt());
    let filter = |elements: &[usize]| match local {
        true => Filter::subset(elements),
        false => Filter::Global,
    };
    let activation = || Activation::Erf;
    Network::finite(FiniteAction::octahedral_on_cube_vertices(), 2)
        .lifting(filter(&[0, 1, 3]), init(1.44, 0.0225))
        .residual(|branch| {
            branch
                .activation(activation())
                .group_convolution(filter(&[0, 2, 17]), init(1.2, 0.03))
                .activation(activation())
                .group_convolution(filter(&[1, 4, 5, 9]), init(0.8, 0.0))
        })
        .activation(activation())
        .group_pooling()
        .dense(init(1.21, 0.04))
        .activation(activation())
        .dense(init(1.1, 0.1))
        .build()
        .unwrap()
}

#[test]
fn functions_on_a_finite_set_agree_with_differences() {
    const STEP: f64 = 1e-3;
    for local in [true, false] {
        let kernel = Kernel::new(&network(local)).unwrap();
        let x = Array3::from_shape_fn((2, 8, 2), |(n, p, c)| {
            (1.7 * (n * n + p * p) as f64 + 0.8 * c as f64).sin()
        });
        let factors = array![[0.7, -0.4], [1.1, 0.3]];
        let both = Cotangents {
            nngp: Some(factors.view()),
            ntk: Some(factors.view()),
        };
        let sum = |x: &Array3<f64>| {
            let matrices = kernel.gram(x.view()).unwrap();
            ((&matrices.nngp + &matrices.ntk) * &factors).sum()
        };
        let OwnedSignals::Points(got) = kernel.gradient(x.view(), both).unwrap() else {
            panic!("functions have gradients that are functions");
        };
        let scale = got.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (index, got) in got.indexed_iter() {
            let at = |steps: f64| {
                let mut moved = x.clone();
                moved[index] += steps * STEP;
                sum(&moved)
            };
            let d = |n: f64| (at(n) - at(-n)) / STEP;
            let want = (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0;
            assert!(
                (got - want).abs() <= tol::DIFFERENCE * scale.max(1.0),
                "local {local} at {index:?}: {got} for {want}"
            );
        }
    }
}
