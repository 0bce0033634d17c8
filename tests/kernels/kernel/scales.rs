//! Kernels of inputs from 1e-150 to 1e150: exact laws of scaling.
//!
//! Without biases a network of functions that are homogeneous of degree n obeys $`K(s f, s' f') = (s s')^N K(f, f')`$, with N the
//! product of the degrees of its layers, and other functions are homogeneous for inputs small or large enough. Scales are
//! powers of two, by which nothing is rounded.

use crate::common::signals;
use crate::common::tol::kernel as tol;

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::network::{Filter, Init, Network, Outputs, Padding, Quadrature, SphereSampling};
use ndarray::{Array2, Array3, Array4};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const GEOMETRIES: [&str; 9] = [
    "vector",
    "finite",
    "finite-local",
    "plane",
    "plane-flat",
    "sphere",
    "sphere-point",
    "cap",
    "cap-point",
];

const W: Init = Init {
    weight_std: 1.3,
    bias_std: 0.0,
};

fn network(geometry: &str, a: &Activation) -> Network {
    let act = || a.clone();
    let coeffs = SphereSampling::Coefficients;
    match geometry {
        "vector" => Network::vector(5)
            .dense(W)
            .activation(act())
            .dense(W)
            .activation(act())
            .dense(W)
            .build(),
        "finite" => Network::finite(FiniteAction::dihedral(5).unwrap(), 1)
            .lifting(Filter::Global, W)
            .activation(act())
            .group_convolution(Filter::Global, W)
            .activation(act())
            .group_pooling()
            .dense(W)
            .build(),
        "finite-local" => Network::finite(FiniteAction::cyclic(6).unwrap(), 1)
            .lifting(Filter::subset(&[0, 1, 5]), W)
            .activation(act())
            .group_convolution(Filter::subset(&[0, 1, 5]), W)
            .activation(act())
            .group_pooling()
            .dense(W)
            .build(),
        "plane" => Network::plane(6, 6, 1)
            .lifting(PointGroup::C4, Filter::window(3, Padding::Same), W)
            .activation(act())
            .group_convolution(Filter::window(3, Padding::Same), W)
            .activation(act())
            .group_pooling()
            .dense(W)
            .build(),
        "plane-flat" => Network::plane(6, 6, 1)
            .lifting(PointGroup::C1, Filter::window(3, Padding::Valid), W)
            .activation(act())
            .group_convolution(Filter::window(3, Padding::Valid), W)
            .activation(act())
            .flatten()
            .dense(W)
            .build(),
        "sphere" => Network::sphere(2, coeffs, 1)
            .quadrature(Quadrature::Tolerance(tol::COARSE))
            .lifting(W)
            .activation(act())
            .group_convolution(W)
            .activation(act())
            .group_pooling()
            .dense(W)
            .build(),
        "sphere-point" => Network::sphere(2, coeffs, 1)
            .quadrature(Quadrature::Tolerance(tol::COARSE))
            .lifting(W)
            .activation(act())
            .group_convolution(W)
            .activation(act())
            .partial_pooling()
            .outputs(Outputs::points(&[[0.3, 0.4]]))
            .build(),
        // The laws hold for every rule; this one takes an eighth of the time of the next.
        "cap" => Network::sphere(2, coeffs, 1)
            .quadrature(Quadrature::BandLimit(2))
            .lifting_with(Filter::cap(1.0), W)
            .activation(act())
            .group_convolution_with(Filter::cap(1.0), W)
            .activation(act())
            .group_pooling()
            .dense(W)
            .build(),
        "cap-point" => Network::sphere(2, coeffs, 1)
            .quadrature(Quadrature::BandLimit(4))
            .lifting_with(Filter::cap(1.0), W)
            .activation(act())
            .group_convolution_with(Filter::cap(1.0), W)
            .outputs(Outputs::rotations(&[[0.1, 0.5, 0.2]]))
            .build(),
        _ => unreachable!(),
    }
    .unwrap()
}

fn gram(geometry: &str, a: &Activation, exponents: [i32; 3]) -> Result<KernelMatrices> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let kernel = Kernel::new(&network(geometry, a))?;
    let s = exponents.map(|e| 2f64.powi(e));
    match geometry {
        "vector" => {
            let x = Array2::from_shape_fn((3, 5), |(i, _)| s[i] * rng.random_range(-1.0..1.0));
            kernel.gram(x.view())
        }
        "finite" | "finite-local" => {
            let n = if geometry == "finite" { 5 } else { 6 };
            let x =
                Array3::from_shape_fn((3, n, 1), |(i, _, _)| s[i] * rng.random_range(-1.0..1.0));
            kernel.gram(x.view())
        }
        "plane" | "plane-flat" => {
            let x =
                Array4::from_shape_fn((3, 6, 6, 1), |(i, ..)| s[i] * rng.random_range(-1.0..1.0));
            kernel.gram(x.view())
        }
        _ => {
            let mut x = signals::random_signals(&mut rng, [3, 1, 2], 0);
            for (mut x, s) in x.outer_iter_mut().zip(s) {
                x.mapv_inplace(|c| c * s);
            }
            kernel.gram(x.view())
        }
    }
}

/// Powers of two near 1e-150, 1e-120, 1, 1e120 and 1e150.
const EXPONENTS: [i32; 5] = [-498, -400, 0, 400, 498];

fn assert_law(
    what: &str,
    found: &Array2<f64>,
    want: &Array2<f64>,
    exponents: [i32; 3],
    degree: i32,
) {
    for ((i, j), &found) in found.indexed_iter() {
        // In two factors: their product may be out of range.
        let [a, b] = [i, j].map(|i| 2f64.powi(degree * exponents[i]));
        let want = want[[i, j]] * a * b;
        let error = (found - want).abs();
        assert!(
            error <= tol::ROUNDING * want.abs(),
            "{what} {exponents:?} [{i}, {j}]: {found:e} for {want:e}"
        );
    }
}

/// Also of inputs of very different sizes.
#[test]
fn homogeneous_functions_scale_exactly() {
    for (name, degree) in [
        ("relu", 1),
        ("abs", 1),
        ("leaky-relu(0.3)", 1),
        ("monomial(1)", 1),
        ("sign", 0),
        ("rectified-monomial(0)", 0),
    ] {
        let activation: Activation = name.parse().unwrap();
        for geometry in GEOMETRIES {
            let want = gram(geometry, &activation, [0; 3]).unwrap();
            let mut sizes = EXPONENTS.map(|e| [e; 3]).to_vec();
            sizes.push([-498, 498, 0]);
            for exponents in sizes {
                let what = format!("{geometry}, {name}");
                let found = gram(geometry, &activation, exponents)
                    .unwrap_or_else(|e| panic!("{what} {exponents:?}: {e}"));
                assert_law(&what, &found.nngp, &want.nngp, exponents, degree);
                assert_law(&what, &found.ntk, &want.ntk, exponents, degree);
            }
        }
    }
}

/// Small inputs see the first terms of a function that is smooth at 0: its value, or else its slope.
#[test]
fn smooth_functions_of_small_inputs_scale() {
    for (name, degree) in [
        ("erf", 1),
        ("gelu", 1),
        ("sin", 1),
        ("hermite(3)", 1),
        ("cos", 0),
        ("exp", 0),
        ("gaussian", 0),
        ("sigmoid-like", 0),
        ("hermite(2)", 0),
    ] {
        let activation: Activation = name.parse().unwrap();
        for geometry in GEOMETRIES {
            let [found, want] = [-498, -400].map(|e| {
                gram(geometry, &activation, [e; 3])
                    .unwrap_or_else(|error| panic!("{geometry}, {name} {e}: {error}"))
            });
            let what = format!("{geometry}, {name}");
            assert_law(&what, &found.nngp, &want.nngp, [-98; 3], degree);
            assert_law(&what, &found.ntk, &want.ntk, [-98; 3], degree);
        }
    }
}

/// Large inputs see what a function does far from 0. Its tangent kernel may grow without bound at full correlation, so that
/// quadratures over SO(3) do not converge.
#[test]
fn functions_of_large_inputs_scale() {
    for (name, degree) in [
        ("erf", 0),
        ("gelu", 1),
        ("sin", 0),
        ("cos", 0),
        ("gaussian", 0),
        ("sigmoid-like", 0),
    ] {
        let activation: Activation = name.parse().unwrap();
        for geometry in GEOMETRIES {
            if geometry.starts_with("sphere") && degree == 0 {
                continue;
            }
            // After its only activation a bell of large arguments is left, which falls with them.
            if geometry == "cap-point" && name == "gaussian" {
                continue;
            }
            let [found, want] = [498, 400].map(|e| {
                gram(geometry, &activation, [e; 3])
                    .unwrap_or_else(|error| panic!("{geometry}, {name} {e}: {error}"))
            });
            assert!(found.ntk.iter().all(|value| value.is_finite()));
            assert_law(
                &format!("{geometry}, {name}"),
                &found.nngp,
                &want.nngp,
                [98; 3],
                degree,
            );
        }
    }
}

/// What leaves the range of the numbers names the input, and the layer.
#[test]
fn overflow_and_underflow_are_named() {
    let vector = |a: Activation, depth: usize, weight: f64| {
        let init = Init::new(weight, 0.0);
        let mut network = Network::vector(2).dense(init);
        for _ in 1..depth {
            network = network.activation(a.clone()).dense(init);
        }
        network.build().unwrap()
    };
    let message = |network: &Network, x: [[f64; 2]; 2]| {
        let x = ndarray::arr2(&x);
        Kernel::new(network)
            .unwrap()
            .gram(x.view())
            .unwrap_err()
            .to_string()
    };
    let plain = [[1.0, 0.5], [0.5, -1.0]];
    let deep = message(&vector(Activation::Relu, 1100, 1.0), plain);
    assert!(
        deep.starts_with("input 0 (the first is 0): layer 20"),
        "{deep}"
    );
    assert!(
        deep.contains("below 2.2e-308") && deep.contains("weight_std"),
        "{deep}"
    );
    let steep = message(&vector(Activation::Relu, 1100, 2.0), plain);
    assert!(
        steep.contains("layer 20") && steep.contains("above 1.8e308"),
        "{steep}"
    );
    for (size, words) in [(1e200, "at most 1.3e154"), (1e-200, "at least 1.5e-154")] {
        let text = message(&vector(Activation::Relu, 2, 1.0), [[1.0, 0.5], [size, 0.0]]);
        assert!(
            text.starts_with("input 1")
                && text.contains(words)
                && text.contains(&format!("{size:e}")),
            "{text}"
        );
    }
    // A bias is all that matters beside them.
    let biased = Network::vector(2)
        .dense(Init::new(1.0, 0.5))
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
        .unwrap();
    let found = Kernel::new(&biased)
        .unwrap()
        .gram(ndarray::arr2(&[[1e-200, 0.0]]).view())
        .unwrap();
    assert_eq!(found.nngp[[0, 0]], 0.125);
    let cubic = message(
        &vector(Activation::Monomial { degree: 3 }, 3, 1.0),
        [[1e60, 0.0], [1e10, 0.0]],
    );
    assert!(
        cubic.starts_with("input 0") && cubic.contains("layer 2") && cubic.contains("above"),
        "{cubic}"
    );
    let cubic = message(
        &vector(Activation::Monomial { degree: 3 }, 3, 1.0),
        [[1e10, 0.0], [1e-60, 0.0]],
    );
    assert!(
        cubic.starts_with("input 1") && cubic.contains("layer 2") && cubic.contains("below"),
        "{cubic}"
    );
}

/// The arc-cosine recursion with 60 digits, to depth 2,000 and down to variances of 1e-301.
#[test]
fn deep_rectifiers_agree_with_the_recursion() {
    let text = include_str!("../../data/deep.csv");
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let lines: Vec<_> = lines.collect();
    assert!(!lines.is_empty());
    for line in lines {
        let numbers: Vec<f64> = line.split(',').map(|n| n.parse().unwrap()).collect();
        let (init, depth) = (Init::new(numbers[0], 0.0), numbers[1] as usize);
        let mut network = Network::vector(6).dense(init);
        for _ in 0..depth {
            network = network.activation(Activation::Relu).dense(init);
        }
        let x = Array2::from_shape_vec((2, 6), numbers[2..14].to_vec()).unwrap();
        let found = Kernel::new(&network.build().unwrap())
            .unwrap()
            .gram(x.view())
            .unwrap();
        for (what, found, want) in [
            ("nngp", &found.nngp, numbers[14]),
            ("ntk", &found.ntk, numbers[15]),
        ] {
            let error = (found[[0, 1]] / want - 1.0).abs();
            assert!(
                error <= tol::deep(depth),
                "{what} at depth {depth}: {:e} for {want:e}, {error:.1e}",
                found[[0, 1]]
            );
        }
    }
}
