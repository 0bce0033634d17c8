//! Global filters: means over the group in place of tensors of all samples, for finite groups, images and the sphere.

use haarmonic::activation::Activation;
use haarmonic::corrections::MatricesAtWidth;
use haarmonic::group::{FiniteAction, PointGroup, TableGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network, Quadrature, SphereSampling};
use haarmonic::sphere::rotate_coefficients;
use ndarray::{Array2, Array3, Array4, ArrayView2, Axis};
use num_complex::Complex64;

use super::pairs::compare;
use crate::common::close::assert_named_close;
use crate::common::naive_rotations::random_sphere_coeffs;
use crate::common::tol::corrections as tol;

const WIDTHS: [usize; 3] = [16, 24, 20];

fn inits() -> [Init; 4] {
    [(1.3, 0.2), (1.5, 0.3), (1.2, 0.1), (1.4, 0.2)].map(|(w, b)| Init::new(w, b))
}

fn network(action: &FiniteAction, activation: &Activation) -> Network {
    let [first, second, third, last] = inits();
    Network::finite(action.clone(), 2)
        .lifting(Filter::Global, first)
        .activation(activation.clone())
        .group_convolution(Filter::Global, second)
        .activation(activation.clone())
        .group_convolution(Filter::Global, third)
        .activation(activation.clone())
        .group_pooling()
        .dense(last)
        .build()
        .unwrap()
}

fn signals(points: usize) -> Array3<f64> {
    Array3::from_shape_fn((2, points, 2), |(i, x, c)| {
        (1.7 * (x as f64) + 0.9 * (i as f64) + 0.3 * (x * x) as f64 + 2.0 * c as f64).sin()
    })
}

fn gram(network: &Network, signals: Signals<'_>, widths: &[usize]) -> MatricesAtWidth {
    let kernel = Kernel::new(network).unwrap().at_width(widths).unwrap();
    kernel.gram(signals).unwrap()
}

#[test]
fn means_over_the_group_are_those_of_all_samples() {
    let groups = [
        FiniteAction::cyclic(4).unwrap(),
        FiniteAction::regular(TableGroup::symmetric(3).unwrap()),
    ];
    for action in &groups {
        for activation in [Activation::Erf, Activation::Relu] {
            let network = network(action, &activation);
            let signals = signals(action.points());
            let points = Signals::Points(signals.view());
            let kernel = Kernel::new(&network).unwrap().at_width(&WIDTHS).unwrap();
            let tensors = kernel.tensors(points).unwrap();
            let what = format!("order {} {activation}", action.order());
            let gram = kernel.gram(points).unwrap();
            assert!(gram.quadrature_error.is_none());
            compare(&what, &gram, &tensors, tol::RECTIFIED);
        }
    }
}

/// Functions on 36 points with period 6 are functions of the cyclic group of order 6.
#[test]
fn large_groups_agree_with_their_quotients() {
    let small = signals(6);
    let large = Array3::from_shape_fn((2, 36, 2), |(i, x, c)| small[[i, x % 6, c]]);
    let erf = Activation::Erf;
    let [want, found] = [(6, &small), (36, &large)].map(|(order, signals)| {
        let network = network(&FiniteAction::cyclic(order).unwrap(), &erf);
        gram(&network, Signals::Points(signals.view()), &WIDTHS)
    });
    for (name, found, want) in [
        ("nngp bias", &found.nngp_bias, &want.nngp_bias),
        ("ntk bias", &found.ntk_bias, &want.ntk_bias),
        ("nngp std", &found.nngp_std, &want.nngp_std),
        ("ntk std", &found.ntk_std, &want.ntk_std),
    ] {
        assert_named_close(name, found, want, tol::ROUNDING);
    }
}

/// Images with global filters are functions on a torus, and a filter on a list of all elements takes the tensors of all samples.
#[test]
fn images_are_functions_on_a_torus() {
    let [first, second, _, last] = inits();
    let network = Network::plane(2, 2, 2)
        .lifting(PointGroup::C4, Filter::Global, first)
        .activation(Activation::Erf)
        .group_convolution(Filter::Global, second)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(last)
        .build()
        .unwrap();
    let points = signals(4);
    let images = Array4::from_shape_fn((2, 2, 2, 2), |(i, y, x, c)| points[[i, 2 * y + x, c]]);
    let found = gram(&network, Signals::Grid(images.view()), &WIDTHS[..2]);
    let torus = FiniteAction::torus(2, 2, PointGroup::C4).unwrap();
    let all: Vec<usize> = (0..torus.order()).collect();
    let listed = Network::finite(torus, 2)
        .lifting(Filter::subset(&[0, 1, 2, 3]), first)
        .activation(Activation::Erf)
        .group_convolution(Filter::subset(&all), second)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(last)
        .build()
        .unwrap();
    let kernel = Kernel::new(&listed)
        .unwrap()
        .at_width(&WIDTHS[..2])
        .unwrap();
    let tensors = kernel.tensors(Signals::Points(points.view())).unwrap();
    compare("torus", &found, &tensors, tol::RECTIFIED);
}

/// A network on the sphere with global filters and two activations.
fn on_sphere(band_limit: usize, activation: &Activation) -> Network {
    let [first, second, _, last] = inits();
    Network::sphere(band_limit, SphereSampling::Coefficients, 1)
        .lifting(first)
        .activation(activation.clone())
        .group_convolution(second)
        .activation(activation.clone())
        .group_pooling()
        .dense(last)
        .build()
        .unwrap()
}

/// The vertices of the icosahedron in the numbering of its action.
fn vertices() -> Vec<[f64; 3]> {
    let height = 1.0 / 5.0_f64.sqrt();
    let ring = |height: f64, shift: f64| {
        (0..5).map(move |k| {
            let angle = (f64::from(k) + shift) * 0.4 * std::f64::consts::PI;
            let radius = (1.0 - height * height).sqrt();
            [radius * angle.cos(), radius * angle.sin(), height]
        })
    };
    let mut all = vec![[0.0, 0.0, 1.0]];
    all.extend(ring(height, 0.0));
    all.extend(ring(-height, 0.5));
    all.push([0.0, 0.0, -1.0]);
    all
}

/// Signals c + v·x, whose products have the same means over the sphere and over the vertices of an icosahedron. The 60 rotations of the
/// icosahedron integrate Wigner functions up to degree 5, so both networks agree to what the activations make beyond.
#[test]
fn rotations_agree_with_those_of_the_icosahedron() {
    let vectors = [[0.4, 1.1, -0.6, 0.9], [-0.3, 0.5, 1.2, 0.4]];
    let mut coefficients = Array4::<Complex64>::zeros((2, 1, 2, 3));
    let constant = (4.0 * std::f64::consts::PI).sqrt();
    let linear = (4.0 * std::f64::consts::PI / 3.0).sqrt();
    for (i, [c, x, y, z]) in vectors.into_iter().enumerate() {
        coefficients[[i, 0, 0, 1]] = Complex64::new(constant * c, 0.0);
        coefficients[[i, 0, 1, 1]] = Complex64::new(linear * z, 0.0);
        let first = Complex64::new(-linear * x, linear * y) * 0.5_f64.sqrt();
        coefficients[[i, 0, 1, 2]] = first;
        coefficients[[i, 0, 1, 0]] = -first.conj();
    }
    let octahedron = (0..6).map(|point| {
        let mut vertex = [0.0; 3];
        vertex[point / 2] = if point % 2 == 0 { 1.0 } else { -1.0 };
        vertex
    });
    let [first, second, _, last] = inits();
    for (activation, action, vertices, tolerance) in [
        (
            Activation::Erf,
            FiniteAction::icosahedral(),
            vertices(),
            tol::ICOSAHEDRON,
        ),
        (
            Activation::Relu,
            FiniteAction::octahedral(),
            octahedron.collect(),
            tol::OCTAHEDRON,
        ),
    ] {
        let points = Array3::from_shape_fn((2, vertices.len(), 1), |(i, point, _)| {
            let ([c, x, y, z], [u, v, w]) = (vectors[i], vertices[point]);
            c + x * u + y * v + z * w
        });
        let finite = Network::finite(action, 1)
            .lifting(Filter::Global, first)
            .activation(activation.clone())
            .group_convolution(Filter::Global, second)
            .activation(activation.clone())
            .group_pooling()
            .dense(last)
            .build()
            .unwrap();
        let (p, q) = points.view().split_at(Axis(0), 1);
        let (c, d) = coefficients.view().split_at(Axis(0), 1);
        let finite = Kernel::new(&finite).unwrap().at_width(&[30, 40]).unwrap();
        let want = finite
            .cross(Signals::Points(p), Signals::Points(q))
            .unwrap();
        let sphere = Kernel::new(&on_sphere(2, &activation)).unwrap();
        let found = sphere.at_width(&[30, 40]).unwrap().cross(c, d).unwrap();
        let errors = found.quadrature_error.as_ref().unwrap();
        let largest = |bias: &Array2<f64>, std: &Array2<f64>| bias[[0, 0]].abs().max(std[[0, 0]]);
        let scale = [
            largest(&want.nngp_bias, &want.nngp_std),
            largest(&want.ntk_bias, &want.ntk_std),
        ];
        for (index, (name, found, want)) in [
            ("nngp bias", &found.nngp_bias, &want.nngp_bias),
            ("ntk bias", &found.ntk_bias, &want.ntk_bias),
            ("nngp std", &found.nngp_std, &want.nngp_std),
            ("ntk std", &found.ntk_std, &want.ntk_std),
        ]
        .into_iter()
        .enumerate()
        {
            let difference = (found[[0, 0]] - want[[0, 0]]).abs();
            println!("{activation} {name} {found} {want} error {}", errors[index]);
            // The icosahedron has no quadrature; the estimate covers the one on the sphere.
            assert!(
                difference < tolerance * scale[index % 2],
                "{activation} {name}: {found} for {want}"
            );
        }
    }
}

/// A rotation of one signal changes nothing beyond the error estimate.
#[test]
fn corrections_on_the_sphere_are_invariant() {
    let network = on_sphere(3, &Activation::Erf)
        .with_quadrature(Quadrature::BandLimit(3))
        .unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&[30, 40]).unwrap();
    let coeffs = random_sphere_coeffs(2, 3, true, 5);
    let rotated = rotate_coefficients(coeffs.index_axis(Axis(0), 1), 0.4, 1.1, -0.7).unwrap();
    let batch =
        |one: ArrayView2<'_, Complex64>| one.to_owned().insert_axis(Axis(0)).insert_axis(Axis(0));
    let first = batch(coeffs.index_axis(Axis(0), 0));
    let second = batch(coeffs.index_axis(Axis(0), 1));
    let [plain, moved] = [second, batch(rotated.view())]
        .map(|second| kernel.cross(first.view(), second.view()).unwrap());
    let errors = plain.quadrature_error.as_ref().unwrap();
    for (index, (found, want)) in [
        (&moved.nngp_bias, &plain.nngp_bias),
        (&moved.ntk_bias, &plain.ntk_bias),
        (&moved.nngp_std, &plain.nngp_std),
        (&moved.ntk_std, &plain.ntk_std),
    ]
    .into_iter()
    .enumerate()
    {
        let (difference, error) = ((found - want)[[0, 0]].abs(), errors[index][[0, 0]]);
        println!("number {index}: {found} {want} {difference:.2e} error {error:.2e}");
        assert!(
            difference < tol::ESTIMATES * error,
            "number {index}: {found} for {want}, error {error}"
        );
    }
}

/// Dense layers after the mean over the group: images by means over the group, and a filter on a list of all elements by all samples.
#[test]
fn dense_layers_may_follow_the_pooling() {
    let [first, second, third, last] = inits();
    let erf = || Activation::Erf;
    let network = Network::plane(2, 2, 1)
        .lifting(PointGroup::C2, Filter::Global, first)
        .activation(erf())
        .group_convolution(Filter::Global, second)
        .activation(erf())
        .group_pooling()
        .dense(third)
        .activation(erf())
        .dense(last)
        .build()
        .unwrap();
    let points = signals(4).slice_axis(Axis(2), (0..1).into()).to_owned();
    let images = Array4::from_shape_fn((2, 2, 2, 1), |(i, y, x, c)| points[[i, 2 * y + x, c]]);
    let found = gram(&network, Signals::Grid(images.view()), &WIDTHS);
    let torus = FiniteAction::torus(2, 2, PointGroup::C2).unwrap();
    let all: Vec<usize> = (0..torus.order()).collect();
    let listed = Network::finite(torus, 1)
        .lifting(Filter::subset(&[0, 1, 2, 3]), first)
        .activation(erf())
        .group_convolution(Filter::subset(&all), second)
        .activation(erf())
        .group_pooling()
        .dense(third)
        .activation(erf())
        .dense(last)
        .build()
        .unwrap();
    let kernel = Kernel::new(&listed).unwrap().at_width(&WIDTHS).unwrap();
    let tensors = kernel.tensors(Signals::Points(points.view())).unwrap();
    compare("torus", &found, &tensors, tol::RECTIFIED);
}

/// On the sphere the tensors have the variances of the entries, and a linear layer of n channels after the pooling adds to the variance of
/// a covariance what n products of Gaussian variables have.
#[test]
fn tensors_on_the_sphere_have_the_variances_of_entries() {
    let with_tail = |tail: bool| {
        let [first, second, third, last] = inits();
        let network = Network::sphere(2, SphereSampling::Coefficients, 1)
            .lifting(first)
            .activation(Activation::Erf)
            .group_convolution(second)
            .activation(Activation::Erf)
            .group_pooling()
            .dense(third);
        let network = if tail { network.dense(last) } else { network };
        let network = network.build().unwrap();
        network.with_quadrature(Quadrature::BandLimit(2)).unwrap()
    };
    let coeffs = random_sphere_coeffs(2, 2, true, 5);
    let signals = coeffs.insert_axis(Axis(1));
    let [short, long] = [(false, 2), (true, 3)].map(|(tail, hidden)| {
        let kernel = Kernel::new(&with_tail(tail)).unwrap();
        kernel.at_width(&WIDTHS[..hidden]).unwrap()
    });
    let tensors = short.tensors(signals.view()).unwrap();
    let (gram, after) = (
        short.gram(signals.view()).unwrap(),
        long.gram(signals.view()).unwrap(),
    );
    // Two orders of the signals are two quadratures.
    compare("sphere", &gram, &tensors, tol::QUADRATURE);
    // The rougher quadrature has degree 0 here, so that the change is large.
    assert!(tensors.quadrature_error.unwrap() > 0.0);
    // K before the last layer, with its weights.
    let k = &gram.limit.nngp;
    let weight = inits()[3].weight_std.powi(4);
    let want = Array2::from_shape_fn((2, 2), |(a, b)| {
        let product = k[[a, a]] * k[[b, b]] + k[[a, b]].powi(2);
        let variance = tensors.v[[a, b, a, b]] + product / WIDTHS[2] as f64;
        (weight * variance).sqrt()
    });
    // The kernel inside the recursion is that of the quadrature.
    assert_named_close("identity", &after.nngp_std, &want, tol::QUADRATURE);
}
