//! Derivatives of kernels between sets in the signals of the sets.

use crate::common::close::assert_named_close;
use crate::common::tol::gradient as tol;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals, Pairing, SetKernel, SignalSet};
use haarmonic::network::{Init, Network};
use ndarray::{Array2, array};

/// Sets of consecutive signals with these labels.
fn sets(labels: &[&[u32]]) -> Vec<SignalSet> {
    let mut first = 0;
    let set = |labels: &&[u32]| {
        let set = SignalSet {
            first,
            labels: labels.to_vec(),
        };
        first += labels.len();
        set
    };
    labels.iter().map(set).collect()
}

fn kernel() -> Kernel {
    let network = Network::vector(2)
        .dense(Init::new(1.3, 0.2))
        .activation(Activation::Erf)
        .dense(Init::new(1.1, 0.1))
        .build();
    Kernel::new(&network.unwrap()).unwrap()
}

fn vectors(n: usize, phase: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, 2), |(i, j)| {
        (1.3 * i as f64 + 0.7 * j as f64 + phase).sin()
    })
}

fn differences(x: &Array2<f64>, value: impl Fn(&Array2<f64>) -> f64) -> Array2<f64> {
    const STEP: f64 = 1e-3;
    Array2::from_shape_fn(x.dim(), |index| {
        let at = |steps: f64| {
            let mut moved = x.clone();
            moved[index] += steps * STEP;
            value(&moved)
        };
        let d = |n: f64| (at(n) - at(-n)) / STEP;
        (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0
    })
}

#[test]
fn sets_agree_with_differences() {
    let of_rows = sets(&[&[1, 6, 1], &[6], &[8, 1]]);
    let of_columns = sets(&[&[6, 1], &[1, 8, 6]]);
    let (x, y) = (vectors(6, 0.1), vectors(5, 2.2));
    let factors = array![[0.3, -1.0], [0.8, 0.4], [-0.5, 1.1]];
    let own = array![[0.7, -0.4, 0.1], [1.1, 0.3, 0.9], [-0.2, 0.6, 1.3]];
    for pairing in [Pairing::Index, Pairing::All, Pairing::SameLabel] {
        for normalised in [false, true] {
            let mut kernel = SetKernel::new(kernel()).with_bias(0.3).unwrap();
            if normalised {
                kernel = kernel.normalised();
            }
            let prepare = |x: &Array2<f64>| kernel.kernel().prepare(x.view()).unwrap();
            let both = |factors| Cotangents {
                nngp: Some(factors),
                ntk: Some(factors),
            };
            let what = format!("{pairing:?} {normalised}");
            let gram = |x: &Array2<f64>| {
                let found = kernel.gram(&prepare(x), &of_rows, &[pairing]).unwrap();
                ((&found[0].nngp + &found[0].ntk) * &own).sum()
            };
            let got = kernel.gradient(&prepare(&x), &of_rows, pairing, both(own.view()));
            let OwnedSignals::Vectors(got) = got.unwrap() else {
                panic!("vectors have gradients that are vectors");
            };
            assert_named_close(&what, got, differences(&x, gram), tol::DIFFERENCE);
            let cross = |x: &Array2<f64>, y: &Array2<f64>| {
                let sides = ((&prepare(x), &of_rows[..]), (&prepare(y), &of_columns[..]));
                let found = kernel.cross(sides.0, sides.1, &[pairing]).unwrap();
                ((&found[0].nngp + &found[0].ntk) * &factors).sum()
            };
            let sides = (
                (&prepare(&x), &of_rows[..]),
                (&prepare(&y), &of_columns[..]),
            );
            let got = kernel.cross_gradient(sides.0, sides.1, pairing, both(factors.view()));
            let wants = [
                differences(&x, |x| cross(x, &y)),
                differences(&y, |y| cross(&x, y)),
            ];
            for (got, want) in got.unwrap().into_iter().zip(wants) {
                let OwnedSignals::Vectors(got) = got else {
                    panic!("vectors have gradients that are vectors");
                };
                assert_named_close(&what, got, &want, tol::DIFFERENCE);
            }
        }
    }
}

#[test]
fn bad_sets_and_factors_are_refused() {
    let kernel = SetKernel::new(kernel());
    let x = kernel.kernel().prepare(vectors(2, 0.1).view()).unwrap();
    let ones = Array2::ones((1, 1));
    let gradient = |labels: &[&[u32]]| {
        let cotangents = Cotangents::ntk(ones.view());
        kernel.gradient(&x, &sets(labels), Pairing::All, cotangents)
    };
    for labels in [&[&[1, 1, 1][..]][..], &[&[1], &[1]]] {
        let error = gradient(labels).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    }
    assert!(gradient(&[&[1, 1]]).is_ok());
}
