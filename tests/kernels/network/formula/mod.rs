//! The printed recursion against [`Kernel`]: the text is parsed and evaluated as it stands, by a program that shares nothing with the
//! crate. The LaTeX is parsed by the same grammar and must be the same formulas.

mod evaluate;
mod parser;
mod worlds;

use std::sync::Arc;

use crate::common::nested_quadrature::{Signal, zyz};
use crate::common::signals;
use crate::common::tol::formula as tol;
use evaluate::{Program, Value, at};
use haarmonic::activation::{Activation, Elementwise, NAMES};
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::network::{
    AveragePooling, Filter, Init, Layer, Network, Outputs, Padding, Quadrature, SphereSampling,
};
use ndarray::{Array2, Array3, Array4, Axis, array};
use num_complex::Complex64;
use parser::{is_equation, latex_blocks, latex_equation, text_blocks, text_equation};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{Finite, Images, Sphere, Vectors};

/// The text of a network, of which the LaTeX has the same blocks and formulas.
fn text(network: &Network) -> String {
    let formula = network.formula();
    let (text, latex) = (formula.to_string(), formula.to_latex());
    let (blocks, latex_blocks) = (text_blocks(&text), latex_blocks(&latex));
    assert_eq!(blocks.len(), latex_blocks.len());
    for (block, latex) in blocks.iter().zip(&latex_blocks) {
        assert_eq!(block.title, latex.title);
        assert_eq!(block.lines.len(), latex.lines.len(), "{text}\n{latex:?}");
        if !block.title.starts_with("Layer") {
            continue;
        }
        for (line, latex) in block.lines.iter().zip(&latex.lines) {
            assert_eq!(is_equation(line), is_equation(latex), "{line}\n{latex}");
            if is_equation(line) {
                let (read, of_latex) = (text_equation(line), latex_equation(latex));
                assert_eq!(
                    (&read.left, &read.right),
                    (&of_latex.left, &of_latex.right),
                    "{line}\n{latex}"
                );
                assert_eq!(read.remark.is_empty(), of_latex.remark.is_empty());
            }
        }
    }
    text
}

fn close(what: &str, found: f64, want: f64, size: f64, tolerance: f64) {
    assert!(
        found.is_finite() && want.is_finite(),
        "{what}: {found} {want}"
    );
    let error = (found - want).abs();
    assert!(
        error <= tolerance * size,
        "{what}: {found} for {want}, off by {:.1e} of {size}",
        error / size
    );
}

/// Compares every entry of both matrices; errors are relative to the diagonal.
fn compare(
    what: &str,
    gram: &KernelMatrices,
    tolerance: f64,
    entry: impl Fn(usize, usize) -> [f64; 2],
) {
    for i in 0..gram.nngp.nrows() {
        for j in i..gram.nngp.nrows() {
            let found = entry(i, j);
            for (found, want) in found.into_iter().zip([&gram.nngp, &gram.ntk]) {
                let size = (want[[i, i]] * want[[j, j]]).sqrt();
                close(
                    &format!("{what} {i} {j}"),
                    found,
                    want[[i, j]],
                    size,
                    tolerance,
                );
            }
        }
    }
}

const PAIR: [Value; 2] = [Value::Signal(0), Value::Signal(1)];

fn check_vectors(network: &Network, x: &Array2<f64>, tolerance: f64) {
    let text = text(network);
    let gram = Kernel::new(network).unwrap().gram(x.view()).unwrap();
    compare(&text, &gram, tolerance, |i, j| {
        let world = Vectors([x.row(i), x.row(j)]);
        Program::new(&text).kernels(&world, &PAIR)
    });
}

/// Vectors of many angles and sizes; no two of one direction.
fn vectors() -> Array2<f64> {
    array![
        [0.3, -0.8, 0.5],
        [0.9, 0.4, -0.2],
        [-0.5, 0.9, -0.4],
        [1.7, -1.1, 0.6],
        [0.05, 0.1, -0.07]
    ]
}

fn around(activation: Activation) -> Network {
    Network::vector(3)
        .dense(Init::new(1.3, 0.2))
        .activation(activation)
        .dense(Init::new(0.9, 0.1))
        .build()
        .unwrap()
}

fn activations() -> Vec<Activation> {
    let mut all = Vec::new();
    for name in NAMES {
        match name {
            // Their expectations are named and not written out.
            "sigmoid" | "tanh" | "softplus" | "silu" | "elu" => {}
            "leaky-relu" => {
                for slope in [0.1, -0.3, -1.0, 1.0, 0.0, 1e-7] {
                    all.push(Activation::LeakyRelu { slope });
                }
            }
            "monomial" | "rectified-monomial" | "hermite" => {
                let degrees = (0..=9).chain([17]);
                all.extend(degrees.map(|n| Activation::from_name(name, None, Some(n)).unwrap()));
            }
            _ => all.push(Activation::from_name(name, None, None).unwrap()),
        }
    }
    all
}

#[test]
fn every_activation() {
    for activation in activations() {
        let network = around(activation.clone());
        let degree = activation.degree().unwrap_or(0);
        check_vectors(&network, &vectors(), tol::activation(degree));
        // The function itself.
        let text = network.formula().to_string();
        let line = text.lines().find(|line| line.contains("σ(u) = ")).unwrap();
        let equation = text_equation(line.trim());
        for u in [-1.7, -0.4, 0.0, 0.3, 2.1] {
            let want = activation.value(u);
            let found = at(&equation.right, "u", u);
            close(&text, found, want, want.abs().max(1.0), tol::FUNCTION);
        }
    }
}

#[test]
fn polynomials_of_the_largest_degree() {
    for name in ["monomial", "hermite", "rectified-monomial"] {
        let activation = Activation::from_name(name, None, Some(128)).unwrap();
        let x = vectors().select(Axis(0), &[0, 1]);
        check_vectors(&around(activation), &x, tol::activation(128));
    }
}

#[test]
fn zero_variances() {
    for activation in activations() {
        let network = Network::vector(3)
            .dense(Init::default())
            .activation(activation.clone())
            .dense(Init::default())
            .build()
            .unwrap();
        let x = array![[0.0, 0.0, 0.0], [1.0, -0.5, 0.2]];
        let text = text(&network);
        let gram = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
        for (i, j) in [(0, 0), (0, 1)] {
            let world = Vectors([x.row(i), x.row(j)]);
            let found = Program::new(&text).kernels(&world, &PAIR);
            for (found, want) in found.into_iter().zip([gram.nngp[[i, j]], gram.ntk[[i, j]]]) {
                let degree = activation.degree().unwrap_or(0);
                close(
                    &text,
                    found,
                    want,
                    want.abs().max(1.0),
                    tol::activation(degree),
                );
            }
        }
    }
}

#[test]
fn functions_of_the_user() {
    let name = "my \\ {tanh}_1\n% $&#^~";
    let tanh = Elementwise::new(name, 120, f64::tanh, |x| 1.0 / x.cosh().powi(2)).unwrap();
    let network = around(Activation::Elementwise(tanh));
    let x = vectors().select(Axis(0), &[0, 1]);
    let text = network.formula().to_string();
    assert!(text.contains("Layer 2: my \\ {tanh}_1 % $&#^~\n"), "{text}");
    let latex = network.formula().to_latex();
    let escaped = r"\text{Layer 2: my \textbackslash{} \{tanh\}\_1 \% \$\&\#\textasciicircum{}\textasciitilde{}}";
    assert!(latex.contains(escaped), "{latex}");
    let gram = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
    // The rule of the oracle is for two different variables.
    let found = Program::new(&text).kernels(&Vectors([x.row(0), x.row(1)]), &PAIR);
    for (found, want) in found.into_iter().zip([gram.nngp[[0, 1]], gram.ntk[[0, 1]]]) {
        close(&text, found, want, 1.0, tol::EXPECTATION);
    }
}

#[test]
fn branches() {
    let init = |weight: f64| Init::new(weight, 0.3);
    let network = Network::vector(3)
        .dense(init(1.1))
        .residual(|block| {
            block
                .activation(Activation::Relu)
                .dense(init(0.7))
                .sum(
                    |block| block.activation(Activation::Erf).dense(init(1.2)),
                    |block| block.dense(Init::new(1e-3, 1e-7)),
                )
                .dense(init(0.6))
        })
        .activation(Activation::Gelu)
        .residual(|block| block.dense(init(0.8)))
        .dense(Init::default())
        .build()
        .unwrap();
    let text = network.formula().to_string();
    assert!(
        text.contains("K₂.₁.₃(x, x') = K₂.₁.₃.₁.₂(x, x') + K₂.₁.₃.₂.₁(x, x')"),
        "{text}"
    );
    assert!(
        text.contains("Θ₂(x, x') = Θ₂.₁.₄(x, x') + Θ₁(x, x')"),
        "{text}"
    );
    check_vectors(&network, &vectors(), tol::activation(0));
}

#[test]
fn finite_groups() {
    let action = Arc::new(FiniteAction::dihedral(5).unwrap());
    let relu = || Activation::Relu;
    let builder = |channels| Network::finite(Arc::clone(&action), channels);
    let networks = [
        builder(2)
            .lifting(Filter::subset(&[0, 2]), Init::new(1.3, 0.2))
            .activation(relu())
            .group_convolution(Filter::subset(&[0, 3, 7]), Init::new(0.9, 0.1))
            .residual(|block| {
                block
                    .activation(Activation::Erf)
                    .group_convolution(Filter::subset(&[1, 6]), Init::default())
            })
            .activation(Activation::Erf)
            .dense(Init::new(1.2, 0.0))
            .group_pooling()
            .dense(Init::new(1.1, 0.4))
            .activation(relu())
            .build(),
        builder(1)
            .lifting(Filter::Global, Init::default())
            .activation(relu())
            .group_convolution(Filter::Global, Init::new(1.0, 0.5))
            .group_pooling()
            .build(),
    ];
    for network in networks.map(Result::unwrap) {
        let channels = if network.layers().len() > 4 { 2 } else { 1 };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let shape = (2, action.points(), channels);
        let signals = Array3::from_shape_fn(shape, |_| rng.random_range(-1.0..1.0));
        let text = text(&network);
        let gram = Kernel::new(&network).unwrap().gram(signals.view()).unwrap();
        compare(&text, &gram, tol::MEAN, |i, j| {
            let signals = [i, j].map(|i| signals.index_axis(Axis(0), i));
            let world = Finite {
                action: Arc::clone(&action),
                signals,
            };
            Program::new(&text).kernels(&world, &PAIR)
        });
    }
}

fn check_images(network: &Network, group: PointGroup, shape: [usize; 3]) {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let [height, width, channels] = shape;
    let images = Array4::from_shape_fn((2, height, width, channels), |_| {
        rng.random_range(-1.0..1.0)
    });
    let text = text(network);
    let gram = Kernel::new(network).unwrap().gram(images.view()).unwrap();
    compare(&text, &gram, tol::MEAN, |i, j| {
        let signals = [i, j].map(|i| images.index_axis(Axis(0), i));
        let world = Images {
            elements: group.elements(),
            signals,
        };
        Program::new(&text).kernels(&world, &PAIR)
    });
}

#[test]
fn images() {
    let [valid, same, circular] = [Padding::Valid, Padding::Same, Padding::Circular];
    let window = |height, width, padding| Filter::Window {
        height,
        width,
        padding,
        stride: [1, 1],
    };
    let cases = [
        (
            PointGroup::C4,
            [5, 5, 1],
            [window(3, 3, valid), window(3, 3, same)],
        ),
        (
            PointGroup::D1,
            [3, 5, 2],
            [window(1, 3, same), window(3, 3, valid)],
        ),
        (
            PointGroup::C2,
            [3, 4, 1],
            [window(3, 1, circular), window(1, 1, valid)],
        ),
        (
            PointGroup::D2,
            [3, 3, 1],
            [window(3, 3, circular), Filter::Global],
        ),
        (
            PointGroup::C1,
            [3, 4, 2],
            [Filter::Global, window(3, 3, circular)],
        ),
        (
            PointGroup::C1,
            [5, 5, 1],
            [window(3, 3, valid), window(3, 3, valid)],
        ),
    ];
    for (group, [height, width, channels], [first, second]) in cases {
        let features = || {
            Network::plane(height, width, channels)
                .lifting(group, first.clone(), Init::new(1.2, 0.15))
                .activation(Activation::Relu)
                .group_convolution(second.clone(), Init::new(0.9, 0.3))
                .activation(Activation::Erf)
        };
        let networks = [
            features().group_pooling().dense(Init::default()).build(),
            features().flatten().dense(Init::new(1.1, 0.2)).build(),
        ];
        for network in networks {
            check_images(&network.unwrap(), group, [height, width, channels]);
        }
    }
}

#[test]
fn images_with_strides_and_poolings() {
    let [valid, same, circular] = [Padding::Valid, Padding::Same, Padding::Circular];
    let pool = AveragePooling::new;
    let blur = |padding| pool(3).with_stride(1).with_padding(padding);
    let strided = Filter::strided_window;
    for (group, size, first, pooling, second) in [
        (
            PointGroup::C4,
            6,
            Filter::window(3, same),
            pool(2),
            Filter::window(3, same),
        ),
        (
            PointGroup::C4,
            5,
            strided(3, 2, valid),
            pool(1),
            Filter::window(1, same),
        ),
        (
            PointGroup::D1,
            5,
            strided(3, 2, same),
            blur(same),
            Filter::window(3, same),
        ),
        (
            PointGroup::C1,
            6,
            strided(3, 2, circular),
            blur(circular),
            Filter::window(3, circular),
        ),
        (
            PointGroup::C1,
            7,
            Filter::window(3, same),
            pool(4).with_stride(2),
            strided(1, 2, same),
        ),
    ] {
        let features = || {
            Network::plane(size, size, 1)
                .lifting(group, first.clone(), Init::new(1.2, 0.15))
                .activation(Activation::Relu)
                .average_pooling(pooling)
                .group_convolution(second.clone(), Init::new(0.9, 0.3))
                .activation(Activation::Erf)
        };
        let networks = [
            features().group_pooling().dense(Init::default()).build(),
            features().flatten().dense(Init::new(1.1, 0.2)).build(),
        ];
        for network in networks {
            check_images(&network.unwrap(), group, [size, size, 1]);
        }
    }
}

fn on_sphere(seed: u64, band_limit: usize, channels: usize) -> Array4<Complex64> {
    signals::random_signals(
        &mut ChaCha8Rng::seed_from_u64(seed),
        [2, channels, band_limit],
        1,
    )
}

/// Compares at places, or pooled ones, with quadratures of the given numbers of nodes.
fn check_sphere(
    network: &Network,
    places: &[Value],
    nodes: [usize; 2],
    haar: usize,
    tolerance: f64,
) {
    let haarmonic::network::InputSpace::Sphere {
        band_limit,
        channels,
        ..
    } = *network.input()
    else {
        panic!("{network}")
    };
    let x = on_sphere(3, band_limit, channels);
    let text = text(network);
    let gram = Kernel::new(network).unwrap().gram(x.view()).unwrap();
    let count = places.len().max(1);
    for (a, b) in [(0, count), (0, 2 * count - 1), (0, count - 1)] {
        let signals = [a, b].map(|row| Signal::new(x.index_axis(Axis(0), row / count)));
        let world = Sphere {
            signals,
            nodes,
            haar,
        };
        let at = [a, b]
            .into_iter()
            .filter_map(|row| places.get(row % count).copied());
        let arguments: Vec<Value> = PAIR.into_iter().chain(at).collect();
        let found = Program::new(&text).kernels(&world, &arguments);
        if a == b && places.is_empty() {
            continue;
        }
        for (found, want) in found.into_iter().zip([&gram.nngp, &gram.ntk]) {
            let size = (want[[a, a]] * want[[b, b]]).sqrt();
            close(&text, found, want[[a, b]], size, tolerance);
        }
    }
}

#[test]
fn filters_on_the_sphere() {
    let rotations = [[0.3, 0.9, -0.4], [2.0, 1.4, 0.6]];
    let places = rotations.map(|angles| Value::Rotation(zyz(angles)));
    let filters = [
        Filter::Global,
        Filter::cap(0.9),
        Filter::ring(0.2, 1.1),
        Filter::gaussian(0.4),
        Filter::heat(0.1),
        Filter::legendre(&[1.0, 0.4, 0.1]),
    ];
    for filter in filters {
        let lifted = || {
            Network::sphere(3, SphereSampling::Coefficients, 2)
                .quadrature(Quadrature::Tolerance(tol::ASKED))
                .lifting_with(filter.clone(), Init::new(1.3, 0.2))
        };
        let outputs = || Outputs::rotations(&rotations);
        let network = lifted().outputs(outputs()).build().unwrap();
        check_sphere(&network, &places, [40, 9], 0, tol::SPHERE);
        let network = lifted()
            .activation(Activation::Erf)
            .group_convolution_with(filter.clone(), Init::new(0.9, 0.1))
            .outputs(outputs())
            .build()
            .unwrap();
        check_sphere(&network, &places, [12, 11], 0, tol::SPHERE);
    }
}

#[test]
fn poolings_on_the_sphere() {
    let init = Init::new(0.8, 0.2);
    let lifted = || {
        Network::sphere(2, SphereSampling::Coefficients, 1)
            .quadrature(Quadrature::Tolerance(tol::ASKED))
            .lifting_with(Filter::cap(1.2), init)
            .activation(Activation::Erf)
    };
    let points = [[0.4, 1.0], [1.9, -0.7]];
    let network = lifted()
        .partial_pooling()
        .dense(init)
        .outputs(Outputs::points(&points))
        .build()
        .unwrap();
    let places = points.map(|[theta, phi]| {
        let r = zyz([phi, theta, 0.0]);
        Value::Point([r[0][2], r[1][2], r[2][2]])
    });
    check_sphere(&network, &places, [6, 9], 0, tol::SPHERE);
    let network = lifted().group_pooling().dense(init).build().unwrap();
    check_sphere(&network, &[], [4, 4], 4, tol::SPHERE);
    let network = lifted().partial_pooling().group_pooling().build().unwrap();
    check_sphere(&network, &[], [4, 5], 0, tol::SPHERE);
}

#[test]
fn layers_have_the_numbers_of_messages() {
    let network = around(Activation::Erf);
    let text = network.formula().to_string();
    for (index, layer) in network.layers().iter().enumerate() {
        let name = match layer {
            Layer::Activation(activation) => activation.name(),
            layer => layer.kind(),
        };
        assert!(
            text.contains(&format!("\nLayer {}: {name}\n", index + 1)),
            "{text}"
        );
    }
    assert!(
        text.ends_with("Outputs\n  NNGP: K₃(x, x')\n  NTK: Θ₃(x, x')\n"),
        "{text}"
    );
}

#[test]
fn the_documented_example() {
    let page = include_str!("../../../../docs/network-file.md");
    let section = page.split_once("## The kernels in symbols\n").unwrap().1;
    let block = |fence: &str| {
        let after = section.split_once(fence).unwrap().1;
        after.split_once("```\n").unwrap().0
    };
    let network = Network::from_toml(block("```toml\n")).unwrap();
    assert_eq!(network.formula().to_string(), block("```text\n"));
}
