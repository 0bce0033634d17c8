//! Networks over finite groups: the tensors of the pooled output, and the theorem on augmentation.

use haarmonic::activation::Activation;
use haarmonic::corrections::{MotionTensors, Tensors};
use haarmonic::group::{FiniteAction, TableGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array, Array2, Array3, Axis, Dimension};

use crate::common::close::assert_named_close;
use crate::common::tol::corrections as tol;

fn inits() -> [Init; 4] {
    [(1.3, 0.2), (1.5, 0.3), (1.2, 0.1), (1.4, 0.2)].map(|(w, b)| Init::new(w, b))
}

const WIDTHS: [usize; 3] = [16, 24, 20];

fn signals(points: usize) -> Array3<f64> {
    Array3::from_shape_fn((2, points, 1), |(i, x, _)| {
        (1.7 * (x as f64) + 0.9 * (i as f64) + 0.3 * (x * x) as f64).sin()
    })
}

/// The tensors of a group-convolutional network with global filters.
fn equivariant(action: &FiniteAction) -> (Tensors, MotionTensors, Array2<f64>) {
    let erf = || Activation::Erf;
    let network = Network::finite(action.clone(), 1)
        .lifting(Filter::Global, inits()[0])
        .activation(erf())
        .group_convolution(Filter::Global, inits()[1])
        .activation(erf())
        .group_convolution(Filter::Global, inits()[2])
        .activation(erf())
        .group_pooling()
        .dense(inits()[3])
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&WIDTHS).unwrap();
    let signals = signals(action.points());
    let gram = kernel.gram(Signals::Points(signals.view())).unwrap();
    (
        kernel.tensors(Signals::Points(signals.view())).unwrap(),
        kernel.motion(Signals::Points(signals.view())).unwrap(),
        gram.ntk_std,
    )
}

/// The tensors of a multilayer perceptron that is averaged over the orbits of its inputs.
fn augmented(action: &FiniteAction) -> (Tensors, MotionTensors) {
    let (order, points) = (action.order(), action.points());
    let mut network = Network::vector(points).dense(inits()[0]);
    for init in &inits()[1..] {
        network = network.activation(Activation::Erf).dense(*init);
    }
    let kernel = Kernel::new(&network.build().unwrap()).unwrap();
    let kernel = kernel.at_width(&WIDTHS).unwrap();
    let signals = signals(points);
    let copies = Array2::from_shape_fn((2 * order, points), |(row, x)| {
        signals[[row / order, action.image(row % order, x), 0]]
    });
    let all = kernel.tensors(copies.view()).unwrap();
    let moving = kernel.motion(copies.view()).unwrap();
    let motion = MotionTensors {
        p: pooled(&moving.p, order),
        q: pooled(&moving.q, order),
        r: pooled(&moving.r, order),
        s: pooled(&moving.s, order),
        t: pooled(&moving.t, order),
        u: pooled(&moving.u, order),
    };
    let tensors = Tensors {
        nngp: pooled(&all.nngp, order),
        ntk: pooled(&all.ntk, order),
        nngp_bias: pooled(&all.nngp_bias, order),
        ntk_bias: pooled(&all.ntk_bias, order),
        v: pooled(&all.v, order),
        d: pooled(&all.d, order),
        a: pooled(&all.a, order),
        b: pooled(&all.b, order),
        f: pooled(&all.f, order),
        quadrature_error: None,
    };
    (tensors, motion)
}

/// The means over blocks of indices, each axis by itself.
fn pooled<D: Dimension>(array: &Array<f64, D>, block: usize) -> Array<f64, D> {
    let mut dynamic = array.to_owned().into_dyn();
    for axis in 0..array.ndim() {
        let chunks = dynamic.axis_chunks_iter(Axis(axis), block);
        let means: Vec<_> = chunks
            .map(|chunk| chunk.mean_axis(Axis(axis)).unwrap())
            .collect();
        let views: Vec<_> = means.iter().map(|mean| mean.view()).collect();
        dynamic = ndarray::stack(Axis(axis), &views).unwrap();
    }
    dynamic.into_dimensionality().unwrap()
}

/// Theorem (docs/theory.md): with global filters, all fluctuations of an augmented perceptron and of the group-convolutional network are
/// equal at order 1/n, and their biases are not.
#[test]
fn augmentation_has_the_fluctuations_of_equivariance() {
    let groups = [
        FiniteAction::regular(TableGroup::cyclic(4).unwrap()),
        FiniteAction::regular(TableGroup::symmetric(3).unwrap()),
    ];
    for action in groups {
        let (equivariant, motion, ntk_std) = equivariant(&action);
        let (augmented, augmented_motion) = augmented(&action);
        for (name, found, want) in [
            ("P", &augmented_motion.p, &motion.p),
            ("Q", &augmented_motion.q, &motion.q),
            ("R", &augmented_motion.r, &motion.r),
            ("S", &augmented_motion.s, &motion.s),
            ("T", &augmented_motion.t, &motion.t),
            ("U", &augmented_motion.u, &motion.u),
        ] {
            assert_named_close(name, found, want, tol::ROUNDING);
        }
        for (name, found, want) in [
            ("K", &augmented.nngp, &equivariant.nngp),
            ("Theta", &augmented.ntk, &equivariant.ntk),
        ] {
            assert_named_close(name, found, want, tol::ROUNDING);
        }
        for (name, found, want) in [
            ("V", &augmented.v, &equivariant.v),
            ("D", &augmented.d, &equivariant.d),
            ("A", &augmented.a, &equivariant.a),
            ("B", &augmented.b, &equivariant.b),
            ("F", &augmented.f, &equivariant.f),
        ] {
            assert_named_close(name, found, want, tol::ROUNDING);
        }
        for (found, want) in [
            (&augmented.nngp_bias, &equivariant.nngp_bias),
            (&augmented.ntk_bias, &equivariant.ntk_bias),
        ] {
            let relative = (found[[0, 0]] / want[[0, 0]] - 1.0).abs();
            assert!(relative > tol::BIASES_DIFFER, "biases differ by {relative}");
        }
        let std = equivariant.ntk_covariance([0, 1], [0, 1]).sqrt();
        assert_named_close("std", [ntk_std[[0, 1]]], [std], tol::ROUNDING);
    }
}

/// Biases are invariant under the group.
#[test]
fn biases_are_invariant() {
    let action = FiniteAction::regular(TableGroup::symmetric(3).unwrap());
    let network = Network::finite(action.clone(), 1)
        .lifting(Filter::subset(&[0, 1, 3]), inits()[0])
        .activation(Activation::Relu)
        .group_convolution(Filter::subset(&[0, 2]), inits()[1])
        .activation(Activation::Relu)
        .group_pooling()
        .dense(inits()[2])
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&[10, 10]).unwrap();
    let signals = signals(6);
    let mut moved = signals.clone();
    for x in 0..6 {
        moved[[1, x, 0]] = signals[[1, action.image(4, x), 0]];
    }
    let [before, after] = [&signals, &moved].map(|signals| {
        let gram = kernel.gram(Signals::Points(signals.view())).unwrap();
        [gram.nngp_bias, gram.ntk_bias, gram.nngp_std, gram.ntk_std]
    });
    for (found, want) in after.iter().zip(&before) {
        assert_named_close("moved", found, want, tol::ROUNDING);
    }
}

/// The functional goes backwards through convolutions and the mean over the group, and knows no tensor.
#[test]
fn variances_of_functionals_over_groups_are_contractions() {
    let action = FiniteAction::regular(TableGroup::symmetric(3).unwrap());
    let network = Network::finite(action, 1)
        .lifting(Filter::subset(&[0, 1, 3]), inits()[0])
        .activation(Activation::Erf)
        .group_convolution(Filter::subset(&[0, 2]), inits()[1])
        .activation(Activation::Erf)
        .group_pooling()
        .dense(inits()[2])
        .activation(Activation::Erf)
        .dense(inits()[3])
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&WIDTHS).unwrap();
    let signals = signals(6);
    let points = Signals::Points(signals.view());
    let tensors = kernel.tensors(points).unwrap();
    let alpha = Array2::from_shape_fn((2, 2), |(i, j)| ((4 * i + j) as f64).sin());
    let beta = Array2::from_shape_fn((2, 2), |(i, j)| ((7 * i + 2 * j + 1) as f64).cos());
    let layers = kernel.variance_by_layer(points, alpha.view(), beta.view(), 20_000, 7);
    let layers = layers.unwrap();
    assert_eq!(layers.len(), 3);
    // The contributions of layers that are wide vanish, so each layer has its own tensors.
    let far = 1e12 as usize;
    let mut sum = 0.0;
    for (index, layer) in layers.iter().enumerate() {
        let mut widths = [far; 3];
        widths[index] = WIDTHS[index];
        let alone = Kernel::new(&network).unwrap().at_width(&widths).unwrap();
        let want = contraction(&alone.tensors(points).unwrap(), &alpha, &beta);
        let error = (layer.variance - want).abs();
        assert!(
            error < tol::DEVIATIONS * layer.standard_error,
            "layer {index}: {} ± {} for {want}",
            layer.variance,
            layer.standard_error
        );
        assert!(layer.standard_error < 2.0 * tol::FUNCTIONAL * want);
        sum += want;
    }
    let all = contraction(&tensors, &alpha, &beta);
    assert_named_close("sum", [sum], [all], tol::SERIES);
}

/// The variance of a functional of both kernels.
fn contraction(tensors: &Tensors, alpha: &Array2<f64>, beta: &Array2<f64>) -> f64 {
    let mut sum = 0.0;
    for ((a, b, c, d), v) in tensors.v.indexed_iter() {
        sum += alpha[[a, b]] * alpha[[c, d]] * v;
        sum += 2.0 * alpha[[a, b]] * beta[[c, d]] * tensors.d[[a, b, c, d]];
        sum += beta[[a, b]] * beta[[c, d]] * tensors.ntk_covariance([a, b], [c, d]);
    }
    sum
}
