//! Positive, finite, and in single precision.

use super::*;

use approx::assert_relative_eq;

#[test]
fn gram_matrices_are_positive_semidefinite() {
    let mut pixels = images(19, 12, [6, 6, 1]);
    // Rotated copies and an empty image make the matrix singular.
    let turn = haarmonic::group::PlanarSymmetry::new(1, false);
    let copies = turned(&pixels, turn);
    for i in 0..4 {
        pixels
            .index_axis_mut(Axis(0), i + 8)
            .assign(&copies.index_axis(Axis(0), i));
    }
    pixels.index_axis_mut(Axis(0), 7).fill(0.0);
    for group in [PointGroup::C1, PointGroup::C4, PointGroup::D4] {
        for activation in [Activation::Relu, Activation::Erf] {
            let network = network(
                [6, 6, 1],
                group,
                &Filter::window(3, Padding::Same),
                &activation,
                true,
            );
            let gram = Kernel::new(&network).unwrap().gram(pixels.view()).unwrap();
            for matrix in [&gram.nngp, &gram.ntk] {
                let n = matrix.nrows();
                let eigenvalues =
                    nalgebra::DMatrix::from_fn(n, n, |i, j| matrix[[i, j]]).symmetric_eigenvalues();
                let (least, trace) = (eigenvalues.min(), eigenvalues.sum());
                assert!(
                    least >= -tol::POSITIVE * trace,
                    "{group} {activation}: {least:e} of {trace}"
                );
            }
        }
    }
}

#[test]
fn empty_and_identical_images_give_numbers() {
    let mut pixels = Array4::zeros((3, 5, 5, 1));
    pixels.index_axis_mut(Axis(0), 1).fill(1.0);
    pixels.index_axis_mut(Axis(0), 2).fill(1.0);
    for padding in PADDINGS {
        for bias in [0.0, 0.3] {
            for activation in [
                Activation::Relu,
                Activation::Erf,
                Activation::Sign,
                Activation::Gelu,
            ] {
                let filter = Filter::window(3, padding);
                let init = Init::new(1.4, bias);
                let network = Network::plane(5, 5, 1)
                    .lifting(PointGroup::D4, filter.clone(), init)
                    .activation(activation.clone())
                    .group_convolution(filter.clone(), init)
                    .activation(activation.clone())
                    .group_pooling()
                    .dense(init)
                    .build()
                    .unwrap();
                let gram = Kernel::new(&network).unwrap().gram(pixels.view()).unwrap();
                assert!(
                    gram.nngp.iter().chain(&gram.ntk).all(|k| k.is_finite()),
                    "{activation}"
                );
                assert_relative_eq!(
                    gram.nngp[[1, 1]],
                    gram.nngp[[1, 2]],
                    epsilon = 0.0,
                    max_relative = tol::PLANE
                );
                assert_eq!(gram.ntk[[1, 1]], gram.ntk[[2, 2]]);
            }
        }
    }
}

#[test]
fn single_precision_comes_with_its_error() {
    let pixels = images(23, 4, [9, 9, 3]);
    for (group, pooling) in [(PointGroup::C4, true), (PointGroup::C1, false)] {
        for activation in [Activation::Relu, Activation::Erf, Activation::Gelu] {
            let network = network(
                [9, 9, 3],
                group,
                &Filter::window(3, Padding::Same),
                &activation,
                pooling,
            );
            let double = Kernel::new(&network).unwrap();
            let single = double.clone().with_precision(Precision::Single).unwrap();
            assert_eq!(
                (double.precision(), single.precision()),
                (Precision::Double, Precision::Single)
            );
            let want = double.gram(pixels.view()).unwrap();
            let found = single.gram(pixels.view()).unwrap();
            assert_entries_close("nngp", &found.nngp, &want.nngp, tol::SINGLE);
            assert_entries_close("ntk", &found.ntk, &want.ntk, tol::SINGLE);
            assert_ne!(
                found.nngp, want.nngp,
                "the precision changes the last digits"
            );
            let KernelError::Sampled { largest, pairs } = found.error else {
                panic!("{:?}", found.error)
            };
            assert!(
                pairs == 8 && largest.nngp > 0.0 && largest.nngp <= tol::SINGLE * want.nngp[[0, 0]]
            );
            let cross = single.cross(pixels.view(), pixels.view()).unwrap();
            assert_entries_close("cross", &cross.ntk, &want.ntk, tol::SINGLE);
        }
    }
}
