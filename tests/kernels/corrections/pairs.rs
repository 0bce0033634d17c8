//! The two-input recursion against the tensors of all inputs, and against closed forms.

use std::fmt::Display;

use haarmonic::activation::{Activation, Elementwise};
use haarmonic::corrections::{KernelAtWidth, MatricesAtWidth, Tensors};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use ndarray::{Array2, array};

use crate::common::close::{assert_entries_close, assert_named_close};
use crate::common::tol::corrections as tol;

fn perceptron(activation: &Activation, init: Init, widths: &[usize]) -> KernelAtWidth {
    let mut network = Network::vector(3).dense(init);
    for _ in widths {
        network = network.activation(activation.clone()).dense(init);
    }
    let network = network.build().unwrap();
    Kernel::new(&network).unwrap().at_width(widths).unwrap()
}

fn inputs() -> Array2<f64> {
    array![
        [0.9, -1.1, 0.4],
        [0.2, 0.7, -1.3],
        [-0.5, 0.3, 1.6],
        [1.1, 0.1, 0.2]
    ]
}

fn erf_by_series() -> Activation {
    let slope = |x: f64| 2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp();
    Activation::Elementwise(Elementwise::new("error function", 64, libm::erf, slope).unwrap())
}

/// Compares the matrices with entries of the tensors.
pub(super) fn compare(
    what: impl Display,
    gram: &MatricesAtWidth,
    tensors: &Tensors,
    tolerance: f64,
) {
    let m = tensors.nngp.nrows();
    let of =
        |entry: &dyn Fn(usize, usize) -> f64| Array2::from_shape_fn((m, m), |(i, j)| entry(i, j));
    let nngp_std = of(&|i, j| tensors.v[[i, j, i, j]].sqrt());
    let ntk_std = of(&|i, j| tensors.ntk_covariance([i, j], [i, j]).sqrt());
    for (name, found, want) in [
        ("nngp", &gram.limit.nngp, &tensors.nngp),
        ("ntk", &gram.limit.ntk, &tensors.ntk),
        ("nngp bias", &gram.nngp_bias, &tensors.nngp_bias),
        ("ntk bias", &gram.ntk_bias, &tensors.ntk_bias),
        ("nngp std", &gram.nngp_std, &nngp_std),
        ("ntk std", &gram.ntk_std, &ntk_std),
    ] {
        // A bias that is zero on the diagonal is compared with the largest bias.
        assert_named_close(format!("{what} {name}"), found, want, tolerance);
    }
}

#[test]
fn pairs_need_no_other_inputs() {
    for (activation, init) in [
        (Activation::Erf, Init::new(1.3, 0.2)),
        (Activation::Relu, Init::new(1.4, 0.1)),
        (Activation::LeakyRelu { slope: 0.2 }, Init::new(1.4, 0.1)),
        (Activation::Abs, Init::new(1.0, 0.3)),
    ] {
        let kernel = perceptron(&activation, init, &[10, 20, 30]);
        let tensors = kernel.tensors(inputs().view()).unwrap();
        let gram = kernel.gram(inputs().view()).unwrap();
        compare(&activation, &gram, &tensors, tol::ROUNDING);
        let cross = kernel.cross(inputs().view(), inputs().view()).unwrap();
        compare(&activation, &cross, &tensors, tol::ROUNDING);
    }
}

/// Expectations of two variables by Hermite series, of three and four by the trapezoidal rule: the closed forms of erf know neither.
#[test]
fn series_and_grids_agree_with_closed_forms() {
    let init = Init::new(1.3, 0.2);
    let [exact, series] =
        [Activation::Erf, erf_by_series()].map(|f| perceptron(&f, init, &[10, 20]));
    let want = exact.gram(inputs().view()).unwrap();
    let found = series.gram(inputs().view()).unwrap();
    for (name, found, want) in [
        ("nngp bias", &found.nngp_bias, &want.nngp_bias),
        ("ntk bias", &found.ntk_bias, &want.ntk_bias),
        ("nngp std", &found.nngp_std, &want.nngp_std),
        ("ntk std", &found.ntk_std, &want.ntk_std),
    ] {
        assert_named_close(name, found, want, tol::SERIES);
    }
    let [want, found] = [exact, series].map(|kernel| kernel.tensors(inputs().view()).unwrap());
    for (name, found, want) in [
        ("V", &found.v, &want.v),
        ("D", &found.d, &want.d),
        ("A", &found.a, &want.a),
        ("B", &found.b, &want.b),
        ("F", &found.f, &want.f),
    ] {
        assert_named_close(name, found, want, tol::GRID);
    }
}

/// The function (1 + erf(x/w))/2 has the fluctuations of erf for inputs that are w times smaller.
#[test]
fn the_sigmoid_is_an_error_function() {
    const WIDTH: f64 = 2.4020563531719796;
    let first = Init::new(1.3, 0.2);
    let last = Init::new(0.8, 0.1);
    let of = |activation: Activation, first: Init, last: Init| {
        let network = Network::vector(3)
            .dense(first)
            .activation(activation)
            .dense(last);
        let kernel = Kernel::new(&network.build().unwrap()).unwrap();
        kernel
            .at_width(&[10])
            .unwrap()
            .tensors(inputs().view())
            .unwrap()
    };
    let sigmoid = of(Activation::SigmoidLike, first, last);
    let scaled = Init::new(1.3 / WIDTH, 0.2 / WIDTH);
    let erf = of(Activation::Erf, scaled, Init::new(0.4, 0.1));
    // The tangent kernel of the scaled first layer is smaller by w², and its derivative larger by w².
    assert_named_close("B", &sigmoid.b, &erf.b, tol::GRID);
}

/// Two hidden layers of squares: the relative bias is 32/3n exactly. Linear networks: V = 2 L K²/n on the diagonal and no bias.
#[test]
fn polynomials_have_closed_forms() {
    let x = array![[1.0, 0.5, -0.2]];
    let kernel = perceptron(
        &Activation::Monomial { degree: 2 },
        Init::default(),
        &[50, 50],
    );
    let gram = kernel.gram(x.view()).unwrap();
    let relative = &gram.nngp_bias / &gram.limit.nngp;
    assert_entries_close("squares", relative, array![[32.0 / 150.0]], tol::SERIES);
    let init = Init::default();
    let mut linear = Network::vector(3).dense(init);
    for _ in 0..3 {
        linear = linear.dense(init);
    }
    let kernel = Kernel::new(&linear.build().unwrap()).unwrap();
    let gram = kernel.at_width(&[50; 3]).unwrap().gram(x.view()).unwrap();
    let k = gram.limit.nngp[[0, 0]];
    let want = array![[(6.0 * k * k / 50.0).sqrt()]];
    assert_entries_close("linear", &gram.nngp_std, want, tol::ROUNDING);
    assert_eq!((gram.nngp_bias[[0, 0]], gram.ntk_bias[[0, 0]]), (0.0, 0.0));
}

/// Off the diagonal the biases of a rectifier vanish like the angle; the angles of the extrapolation join the direct ones.
#[test]
fn biases_of_rectifiers_vanish_with_the_angle() {
    let kernel = perceptron(&Activation::Relu, Init::new(1.4, 0.1), &[10, 10, 10]);
    let at = |angle: f64| {
        let x = array![[1.0, 0.0, 0.0], [angle.cos(), angle.sin(), 0.0]];
        let gram = kernel.gram(x.view()).unwrap();
        [
            gram.nngp_bias[[0, 1]] / angle,
            gram.ntk_bias[[0, 1]] / angle,
        ]
    };
    // A cubic through four angles at which no bias is extrapolated.
    let nodes = [0.02, 0.03, 0.04, 0.05];
    let direct = nodes.map(at);
    for angle in [1e-2, 1e-3, 1e-4, 1e-5] {
        let found = at(angle);
        for (kernel, found) in found.into_iter().enumerate() {
            let mut want = 0.0;
            for (j, &node) in nodes.iter().enumerate() {
                let others = nodes.iter().filter(|&&other| other != node);
                let weight: f64 = others
                    .map(|other| (angle - other) / (node - other))
                    .product();
                want += weight * direct[j][kernel];
            }
            // The bias of the NNGP vanishes like the cube of the angle: both are held against the bias of the NTK.
            let error = (found - want).abs() / direct[0][1].abs();
            assert!(
                error < tol::EXTRAPOLATED,
                "angle {angle}, kernel {kernel}: {found} for {want}"
            );
        }
    }
    let same = array![[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]];
    let gram = kernel.gram(same.view()).unwrap();
    let relative = gram.nngp_std[[0, 0]] / gram.nngp_std[[0, 1]] - 1.0;
    assert!(relative.abs() < tol::ROUNDING);
    assert_eq!(gram.nngp_bias[[0, 1]], 0.0);
}

/// The functional goes backwards through the layers and knows no tensor.
#[test]
fn variances_of_functionals_are_contractions_of_tensors() {
    let init = Init::new(1.3, 0.2);
    let kernel = perceptron(&Activation::Erf, init, &[16, 24, 32]);
    let tensors = kernel.tensors(inputs().view()).unwrap();
    let alpha = Array2::from_shape_fn((4, 4), |(i, j)| ((4 * i + j) as f64).sin());
    let beta = Array2::from_shape_fn((4, 4), |(i, j)| ((7 * i + 2 * j + 1) as f64).cos());
    let mut want = 0.0;
    for ((a, b, c, d), v) in tensors.v.indexed_iter() {
        want += alpha[[a, b]] * alpha[[c, d]] * v;
        want += 2.0 * alpha[[a, b]] * beta[[c, d]] * tensors.d[[a, b, c, d]];
        want += beta[[a, b]] * beta[[c, d]] * tensors.ntk_covariance([a, b], [c, d]);
    }
    let layers = kernel.variance_by_layer(inputs().view(), alpha.view(), beta.view(), 40_000, 7);
    let layers = layers.unwrap();
    let found: f64 = layers.iter().map(|layer| layer.variance).sum();
    let squares: f64 = layers
        .iter()
        .map(|layer| layer.standard_error.powi(2))
        .sum();
    assert!(
        (found - want).abs() < tol::DEVIATIONS * squares.sqrt(),
        "{found} for {want}"
    );
    assert!(squares.sqrt() < tol::FUNCTIONAL * want);
}

/// More than 24 vectors take the functional in place of the tensors.
#[test]
fn spreads_of_ensembles_agree() {
    let kernel = perceptron(&Activation::Erf, Init::new(1.3, 0.2), &[30, 30]);
    let train = Array2::from_shape_fn((4, 3), |(i, j)| ((5 * i + 3 * j) as f64).sin());
    let targets = array![[1.0], [-0.5], [0.3], [0.8]];
    let test = Array2::from_shape_fn((22, 3), |(i, j)| ((3 * i + 7 * j + 2) as f64).cos());
    let ridge = haarmonic::predict::Ridge::Relative(1e-3);
    let sampled = kernel
        .ensemble_std(train.view(), targets.view(), test.view(), ridge)
        .unwrap();
    let few = test.view().split_at(ndarray::Axis(0), 5).0;
    let exact = kernel
        .ensemble_std(train.view(), targets.view(), few, ridge)
        .unwrap();
    for (found, want) in sampled.iter().zip(&exact) {
        assert!(
            (found / want - 1.0).abs() < tol::SAMPLED,
            "{found} for {want}"
        );
    }
}
