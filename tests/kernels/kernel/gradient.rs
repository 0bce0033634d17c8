//! Derivatives of kernels in their inputs.

use crate::common::close::assert_named_close;
use crate::common::tol::gradient as tol;

use haarmonic::Error;
use haarmonic::activation::{Activation, Elementwise};
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
use haarmonic::network::{Init, Network};
use ndarray::{Array1, Array2, Axis, Dimension, array};
use ndarray_npy::NpzReader;
use std::fs::File;

/// The file of stored derivatives.
struct Stored(NpzReader<File>);

impl Stored {
    fn open() -> Stored {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/derivatives.npz");
        Stored(NpzReader::new(File::open(path).unwrap()).unwrap())
    }

    fn read<D: Dimension>(&mut self, key: &str) -> ndarray::Array<f64, D> {
        self.0.by_name(key).unwrap()
    }
}

/// A layer with weight and bias variances.
fn init(weight: f64, bias: f64) -> Init {
    Init {
        weight_std: weight.sqrt(),
        bias_std: bias.sqrt(),
    }
}

/// The networks of the stored cases `mlp_…`.
fn mlp(dimension: usize, activation: &Activation) -> Network {
    Network::vector(dimension)
        .dense(init(1.69, 0.04))
        .activation(activation.clone())
        .dense(init(0.81, 0.01))
        .activation(activation.clone())
        .dense(init(1.21, 0.09))
        .build()
        .unwrap()
}

fn deep(dimension: usize, activation: &Activation) -> Network {
    Network::vector(dimension)
        .dense(init(1.69, 0.04))
        .activation(activation.clone())
        .dense(init(1.2, 0.01))
        .activation(activation.clone())
        .dense(init(1.1, 0.02))
        .activation(activation.clone())
        .dense(init(1.21, 0.09))
        .build()
        .unwrap()
}

fn vectors(signals: OwnedSignals) -> Array2<f64> {
    match signals {
        OwnedSignals::Vectors(array) => array,
        other => panic!("{other:?}"),
    }
}

/// Compares the derivatives of a network with a stored case.
fn check_vectors(case: &str, network: &Network) {
    let mut stored = Stored::open();
    let mut read = |key: &str| -> Array2<f64> { stored.read(&format!("{case}/{key}")) };
    let (x, y) = (read("x"), read("y"));
    let kernel = Kernel::new(network).unwrap();
    let matrices = kernel.cross(x.view(), y.view()).unwrap();
    assert_named_close(case, &matrices.ntk, read("ntk"), tol::GOLDEN);
    for name in ["nngp", "ntk"] {
        let cotangents = |factors| match name {
            "nngp" => Cotangents::nngp(factors),
            _ => Cotangents::ntk(factors),
        };
        let factors = read(&format!("{name}_cross"));
        let pulled = kernel
            .cross_gradient(x.view(), y.view(), cotangents(factors.view()))
            .unwrap();
        for (side, got) in ["x", "y"].into_iter().zip(pulled) {
            let want = read(&format!("{name}_grad_{side}"));
            let what = format!("{case} {name} {side}");
            assert_named_close(&what, vectors(got), &want, tol::GOLDEN);
        }
        let factors = read(&format!("{name}_gram"));
        let got = kernel
            .gradient(x.view(), cotangents(factors.view()))
            .unwrap();
        let want = read(&format!("{name}_grad_gram_x"));
        assert_named_close(
            format!("{case} {name} gram"),
            vectors(got),
            &want,
            tol::GOLDEN,
        );
    }
}

#[test]
fn vectors_have_the_stored_derivatives() {
    for (name, activation) in [
        ("erf", Activation::Erf),
        ("relu", Activation::Relu),
        ("leaky", Activation::LeakyRelu { slope: 0.1 }),
        ("abs", Activation::Abs),
        ("gelu", Activation::Gelu),
    ] {
        check_vectors(&format!("mlp_{name}"), &mlp(5, &activation));
    }
    for (name, activation) in [("erf", Activation::Erf), ("relu", Activation::Relu)] {
        check_vectors(&format!("mlp3_{name}"), &deep(5, &activation));
    }
}

#[test]
fn branches_have_the_stored_derivatives() {
    for (name, activation) in [("erf", Activation::Erf), ("relu", Activation::Relu)] {
        let network = Network::vector(5)
            .dense(init(1.69, 0.04))
            .residual(|branch| {
                branch
                    .activation(activation.clone())
                    .dense(init(0.81, 0.01))
                    .activation(activation.clone())
                    .dense(init(0.5, 0.0))
            })
            .activation(activation.clone())
            .dense(init(0.9, 0.02))
            .sum(
                |branch| {
                    branch
                        .activation(activation.clone())
                        .dense(init(1.21, 0.04))
                },
                |shortcut| shortcut.dense(init(0.7, 0.1)),
            )
            .dense(init(1.1, 0.05))
            .build()
            .unwrap();
        check_vectors(&format!("residual_{name}"), &network);
    }
}

/// Vectors of order one that are not parallel.
fn some_vectors(n: usize, phase: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, 4), |(i, j)| {
        (1.3 * i as f64 + 0.7 * (j * j) as f64 + phase).sin() + 0.2
    })
}

#[test]
fn all_activations_agree_with_differences() {
    const STEP: f64 = 1e-3;
    let (x, y) = (some_vectors(3, 0.1), some_vectors(2, 2.0));
    let factors = array![[0.3, -1.0], [0.8, 0.4], [-0.5, 1.1]];
    let mut activations = vec![
        Activation::Sin,
        Activation::Cos,
        Activation::Exp,
        Activation::Gaussian,
        Activation::SigmoidLike,
        Activation::Monomial { degree: 3 },
        Activation::Hermite { degree: 2 },
        Activation::RectifiedMonomial { degree: 2 },
        Activation::RectifiedMonomial { degree: 3 },
        Activation::Elu { slope: 0.7 },
    ];
    let wave = Elementwise::new("wave", 64, |x| x.sin() + 0.1 * x * x, |x| x.cos() + 0.2 * x);
    activations.push(Activation::Elementwise(wave.unwrap()));
    for activation in activations {
        let kernel = Kernel::new(&mlp(4, &activation)).unwrap();
        let cotangents = Cotangents {
            nngp: Some(factors.view()),
            ntk: Some(factors.view()),
        };
        let [of_x, of_y] = kernel
            .cross_gradient(x.view(), y.view(), cotangents)
            .unwrap();
        let sum = |x: &Array2<f64>, y: &Array2<f64>| {
            let matrices = kernel.cross(x.view(), y.view()).unwrap();
            ((&matrices.nngp + &matrices.ntk) * &factors).sum()
        };
        let differences = |of: &Array2<f64>, value: &dyn Fn(&Array2<f64>) -> f64| {
            Array2::from_shape_fn(of.dim(), |index| {
                let at = |steps: f64| {
                    let mut moved = of.clone();
                    moved[index] += steps * STEP;
                    value(&moved)
                };
                let d = |n: f64| (at(n) - at(-n)) / STEP;
                (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0
            })
        };
        let name = activation.to_string();
        let want = differences(&x, &|x| sum(x, &y));
        assert_named_close(&name, vectors(of_x), &want, tol::DIFFERENCE);
        let want = differences(&y, &|y| sum(&x, y));
        assert_named_close(&name, vectors(of_y), &want, tol::DIFFERENCE);
    }
}

#[test]
fn copies_and_near_copies_follow_their_convention() {
    let mut stored = Stored::open();
    let mut read1 = |key: &str| -> Array1<f64> { stored.read(&format!("near/{key}")) };
    let (x, u, distances) = (read1("x"), read1("u"), read1("eps"));
    let (weights, biases) = (read1("weight_var"), read1("bias_var"));
    let network = Network::vector(x.len())
        .dense(init(weights[0], biases[0]))
        .activation(Activation::Relu)
        .dense(init(weights[1], biases[1]))
        .activation(Activation::Relu)
        .dense(init(weights[2], biases[2]))
        .build();
    let kernel = Kernel::new(&network.unwrap()).unwrap();
    let one = array![[1.0]];
    let row = x.view().insert_axis(Axis(0));
    let of_pair = |y: &Array1<f64>| {
        let y = y.view().insert_axis(Axis(0));
        let pulled = kernel.cross_gradient(row, y, Cotangents::ntk(one.view()));
        pulled.unwrap().map(vectors)
    };
    let want: Array2<f64> = stored.read("near/ntk_grad_x");
    for (distance, want) in distances.iter().zip(want.rows()) {
        let y = &x + &(*distance * &u);
        // The angle of x and y.
        let norm = |a: &Array1<f64>| a.dot(a).sqrt();
        let sine = (1.0 - (x.dot(&u) / (norm(&x) * norm(&u))).powi(2)).sqrt();
        let angle = distance * sine * norm(&u) / norm(&x);
        let want = want.to_owned().insert_axis(Axis(0));
        let [got, _] = of_pair(&y);
        // Below an angle of 1e-7 a pair counts as parallel.
        if angle > tol::PARALLEL {
            assert_named_close(
                format!("distance {distance:.0e}"),
                &got,
                &want,
                tol::near(angle),
            );
        }
    }
    let [of_x, of_y] = of_pair(&x);
    let mut read2 = |key: &str| {
        let array: Array1<f64> = stored.read(&format!("near/{key}"));
        array.insert_axis(Axis(0))
    };
    assert_named_close("copy, x", &of_x, read2("copy_ntk_grad_x"), tol::GOLDEN);
    assert_named_close("copy, y", &of_y, read2("copy_ntk_grad_y"), tol::GOLDEN);
    let gram = vectors(kernel.gradient(row, Cotangents::ntk(one.view())).unwrap());
    assert_named_close("copy, gram", &gram, read2("gram_ntk_grad_x"), tol::GOLDEN);
}

#[test]
fn zeros_and_opposite_vectors_have_finite_derivatives() {
    let network = Network::vector(3)
        .dense(Init::default())
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let x = array![[1.0, 2.0, -1.0], [0.0, 0.0, 0.0], [-2.0, -4.0, 2.0]];
    let ones = Array2::ones((3, 3));
    let both = Cotangents {
        nngp: Some(ones.view()),
        ntk: Some(ones.view()),
    };
    let gradient = vectors(kernel.gradient(x.view(), both).unwrap());
    assert!(gradient.iter().all(|x| x.is_finite()));
    // The sum of kernels is homogeneous of degree 2 as long as no vector is zero.
    let kept = x.select(Axis(0), &[0, 2]);
    let ones = Array2::ones((2, 2));
    let gradient = vectors(
        kernel
            .gradient(kept.view(), Cotangents::ntk(ones.view()))
            .unwrap(),
    );
    let sum = kernel.gram(kept.view()).unwrap().ntk.sum();
    let product = (&gradient * &kept).sum();
    assert!((product - 2.0 * sum).abs() <= tol::ROUNDING * sum);
}

#[test]
fn sums_do_not_depend_on_threads() {
    let x = some_vectors(70, 0.3);
    let factors = Array2::from_shape_fn((70, 70), |(i, j)| (i as f64 - 0.3 * j as f64).cos());
    let kernel = Kernel::new(&mlp(4, &Activation::Relu)).unwrap();
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let gradient = || kernel.gradient(x.view(), Cotangents::ntk(factors.view()));
        pool.unwrap().install(gradient).unwrap()
    };
    assert_eq!(of(1), of(3));
    // The matrix of two copies of one set is that of the set, but for the kinks on the diagonal, where nothing moves apart.
    let [of_rows, of_columns] = Kernel::new(&mlp(4, &Activation::Erf))
        .unwrap()
        .cross_gradient(x.view(), x.view(), Cotangents::ntk(factors.view()))
        .unwrap()
        .map(vectors);
    let whole = Kernel::new(&mlp(4, &Activation::Erf))
        .unwrap()
        .gradient(x.view(), Cotangents::ntk(factors.view()));
    let sum = of_rows + of_columns;
    assert_named_close("both sides", vectors(whole.unwrap()), &sum, tol::ROUNDING);
}

#[test]
fn bad_input_is_refused() {
    let x = some_vectors(2, 0.0);
    let kernel = Kernel::new(&mlp(4, &Activation::Relu)).unwrap();
    let long = Array2::zeros((2, 3));
    let error = kernel
        .gradient(x.view(), Cotangents::ntk(long.view()))
        .unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let nan = Array2::from_elem((2, 2), f64::NAN);
    let error = kernel
        .gradient(x.view(), Cotangents::nngp(nan.view()))
        .unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let kernel = Kernel::new(&mlp(4, &Activation::Sign)).unwrap();
    let ones = Array2::ones((2, 2));
    let error = kernel
        .gradient(x.view(), Cotangents::nngp(ones.view()))
        .unwrap_err();
    assert!(error.to_string().contains("sign"), "{error}");
}
