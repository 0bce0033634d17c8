//! Every activation in a network of three dense layers, against an independent program.

use crate::common::tol::activation as tol;

use haarmonic::activation::{Activation, Variance};
use ndarray::Array2;
use ndarray_npy::NpzReader;
use std::fs::File;

const WEIGHT_STD: [f64; 3] = [1.3, 0.9, 1.1];
const BIAS_STD: [f64; 3] = [0.2, 0.1, 0.3];

/// NNGP and NTK of the network for one pair of inputs, scalar calls only.
fn network(activation: &Activation, x1: &[f64], x2: &[f64]) -> (f64, f64) {
    let mean =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64;
    let dense = |layer: usize, k: f64| WEIGHT_STD[layer].powi(2) * k + BIAS_STD[layer].powi(2);
    let mut q1 = dense(0, mean(x1, x1));
    let mut q2 = dense(0, mean(x2, x2));
    let mut k = [dense(0, mean(x1, x2))];
    let mut theta = k;
    for (layer, weight_std) in WEIGHT_STD.iter().enumerate().skip(1) {
        let (v1, v2) = (Variance::Constant(q1), Variance::Constant(q2));
        activation.apply(v1, v2, &mut k, Some(&mut theta)).unwrap();
        if layer < 2 {
            q1 = dense(layer, activation.variance(q1).unwrap());
            q2 = dense(layer, activation.variance(q2).unwrap());
        }
        k[0] = dense(layer, k[0]);
        theta[0] = k[0] + weight_std.powi(2) * theta[0];
    }
    (k[0], theta[0])
}

fn check(key: &str, activation: &Activation) {
    let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mlp.npz")).unwrap();
    let mut golden = NpzReader::new(file).unwrap();
    let mut read = |name: &str| -> Array2<f64> { golden.by_name(name).unwrap() };
    let (x1, x2) = (read("x1"), read("x2"));
    let nngp = read(&format!("{key}_nngp"));
    let ntk = read(&format!("{key}_ntk"));
    for (i, x1) in x1.rows().into_iter().enumerate() {
        for (j, x2) in x2.rows().into_iter().enumerate() {
            let (k, theta) = network(activation, &x1.to_vec(), &x2.to_vec());
            for (what, got, want) in [("nngp", k, nngp[[i, j]]), ("ntk", theta, ntk[[i, j]])] {
                let error = (got - want).abs() / want.abs();
                assert!(
                    error <= tol::GOLDEN,
                    "{key} {what} [{i}, {j}]: {got} for {want}, relative error {error:.1e}"
                );
            }
        }
    }
}

macro_rules! golden {
    ($($name:ident, $activation:expr;)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name), &$activation);
        }
    )*};
}

golden! {
    erf, Activation::Erf;
    relu, Activation::Relu;
    leaky_relu_0_1, Activation::LeakyRelu { slope: 0.1 };
    abs, Activation::Abs;
    gelu, Activation::Gelu;
    sin, Activation::Sin;
    cos, Activation::Cos;
    exp, Activation::Exp;
    gaussian, Activation::Gaussian;
    sign, Activation::Sign;
    sigmoid_like, Activation::SigmoidLike;
    rectified_monomial_2, Activation::RectifiedMonomial { degree: 2 };
    monomial_3, Activation::Monomial { degree: 3 };
    hermite_4, Activation::Hermite { degree: 4 };
}
