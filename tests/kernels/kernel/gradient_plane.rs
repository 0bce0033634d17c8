//! Derivatives of kernels in images.

use crate::common::close::assert_named_close;
use crate::common::tol::gradient as tol;

use haarmonic::activation::Activation;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals, Precision};
use haarmonic::network::{AveragePooling, Filter, Init, Network, Padding};
use ndarray::{Array2, Array4};
use ndarray_npy::NpzReader;
use std::fs::File;

/// A layer with weight and bias variances.
fn init(weight: f64, bias: f64) -> Init {
    Init {
        weight_std: weight.sqrt(),
        bias_std: bias.sqrt(),
    }
}

/// The readout of the stored networks.
#[derive(Clone, Copy, PartialEq)]
enum Readout {
    Pool,
    Flatten,
    Tail,
}

/// The networks of the stored cases.
fn network(
    size: [usize; 3],
    group: PointGroup,
    padding: Padding,
    stride: usize,
    readout: Readout,
    activation: &Activation,
) -> Network {
    let (conv, dense) = (init(1.44, 0.0225), init(1.21, 0.04));
    let filter = || Filter::window(3, padding);
    let first = match stride {
        1 => filter(),
        _ => Filter::strided_window(3, stride, padding),
    };
    let convolved = Network::plane(size[0], size[1], size[2])
        .lifting(group, first, conv)
        .activation(activation.clone())
        .group_convolution(filter(), conv)
        .activation(activation.clone());
    let network = match readout {
        Readout::Flatten => convolved.flatten().dense(dense).build(),
        Readout::Pool => convolved.group_pooling().dense(dense).build(),
        Readout::Tail => convolved
            .group_pooling()
            .dense(dense)
            .activation(activation.clone())
            .dense(init(0.9, 0.02))
            .build(),
    };
    network.unwrap()
}

fn images(signals: OwnedSignals) -> Array4<f64> {
    match signals {
        OwnedSignals::Grid(array) => array,
        other => panic!("{other:?}"),
    }
}

fn stored() -> NpzReader<File> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/derivatives.npz");
    NpzReader::new(File::open(path).unwrap()).unwrap()
}

/// Compares the derivatives of a network with a stored case.
fn check_stored(case: &str, network: impl Fn([usize; 3]) -> Network) {
    let mut stored = stored();
    let mut images_of =
        |key: &str| -> Array4<f64> { stored.by_name(&format!("{case}/{key}")).unwrap() };
    let (x, y) = (images_of("x"), images_of("y"));
    let wants: Vec<Array4<f64>> = ["nngp", "ntk"]
        .iter()
        .flat_map(|name| ["grad_x", "grad_y", "grad_gram_x"].map(|key| format!("{name}_{key}")))
        .map(|key| images_of(&key))
        .collect();
    let mut matrix =
        |key: &str| -> Array2<f64> { stored.by_name(&format!("{case}/{key}")).unwrap() };
    let shape = x.shape();
    let kernel = Kernel::new(&network([shape[1], shape[2], shape[3]])).unwrap();
    let gram = kernel.gram(x.view()).unwrap();
    assert_named_close(case, &gram.ntk, matrix("gram_ntk"), tol::GOLDEN);
    for (name, want) in ["nngp", "ntk"].into_iter().zip(wants.chunks(3)) {
        let cotangents = |factors| match name {
            "nngp" => Cotangents::nngp(factors),
            _ => Cotangents::ntk(factors),
        };
        let factors = matrix(&format!("{name}_cross"));
        let pulled = kernel
            .cross_gradient(x.view(), y.view(), cotangents(factors.view()))
            .unwrap();
        for ((side, got), want) in ["x", "y"].into_iter().zip(pulled).zip(want) {
            assert_named_close(
                format!("{case} {name} {side}"),
                images(got),
                want,
                tol::GOLDEN,
            );
        }
        let factors = matrix(&format!("{name}_gram"));
        let got = kernel
            .gradient(x.view(), cotangents(factors.view()))
            .unwrap();
        assert_named_close(
            format!("{case} {name} gram"),
            images(got),
            &want[2],
            tol::GOLDEN,
        );
    }
}

const ACTIVATIONS: [(&str, Activation); 2] = [("erf", Activation::Erf), ("relu", Activation::Relu)];

#[test]
fn images_have_the_stored_derivatives() {
    use Padding::{Same, Valid};
    use PointGroup::{C1, C4};
    for (name, group, padding, stride, readout) in [
        ("cnn_valid_pool", C1, Valid, 1, Readout::Pool),
        ("cnn_valid_flatten", C1, Valid, 1, Readout::Flatten),
        ("cnn_same_pool", C1, Same, 1, Readout::Pool),
        ("cnn_same_flatten", C1, Same, 1, Readout::Flatten),
        ("c4_valid_pool", C4, Valid, 1, Readout::Pool),
        ("c4_same_pool", C4, Same, 1, Readout::Pool),
        ("c4_valid_pool_tail", C4, Valid, 1, Readout::Tail),
        ("stride2_valid_pool", C1, Valid, 2, Readout::Pool),
    ] {
        for (activation_name, activation) in &ACTIVATIONS {
            check_stored(&format!("{name}_{activation_name}"), |size| {
                network(size, group, padding, stride, readout, activation)
            });
        }
    }
}

#[test]
fn branches_of_images_have_the_stored_derivatives() {
    for (name, activation) in &ACTIVATIONS {
        check_stored(&format!("cnn_residual_same_pool_{name}"), |size| {
            let conv = init(1.44, 0.0225);
            let filter = || Filter::window(3, Padding::Same);
            Network::plane(size[0], size[1], size[2])
                .lifting(PointGroup::C1, filter(), conv)
                .residual(|branch| {
                    branch
                        .activation(activation.clone())
                        .group_convolution(filter(), conv)
                        .activation(activation.clone())
                        .group_convolution(filter(), conv)
                })
                .activation(activation.clone())
                .group_pooling()
                .dense(init(1.21, 0.04))
                .build()
                .unwrap()
        });
    }
}

#[test]
fn a_turned_copy_follows_its_convention() {
    let mut stored = stored();
    let mut read =
        |key: &str| -> Array4<f64> { stored.by_name(&format!("turned_copy/{key}")).unwrap() };
    let (x, y) = (read("x"), read("y"));
    let network = Network::plane(4, 4, 1)
        .lifting(
            PointGroup::C4,
            Filter::window(3, Padding::Valid),
            init(1.44, 0.0225),
        )
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init(1.21, 0.04));
    let kernel = Kernel::new(&network.build().unwrap()).unwrap();
    let one = Array2::ones((1, 1));
    let cross = |cotangents| kernel.cross_gradient(x.view(), y.view(), cotangents);
    let [of_x, of_y] = cross(Cotangents::ntk(one.view())).unwrap().map(images);
    assert_named_close("ntk x", &of_x, read("ntk_grad_x"), tol::TURNED);
    assert_named_close("ntk y", &of_y, read("ntk_grad_y"), tol::TURNED);
    let [of_x, of_y] = cross(Cotangents::nngp(one.view())).unwrap().map(images);
    assert_named_close("nngp x", &of_x, read("nngp_grad_x"), tol::TURNED);
    assert_named_close("nngp y", &of_y, read("nngp_grad_y"), tol::TURNED);
}

/// Images of order one without symmetry.
fn some_images(shape: [usize; 4], phase: f64) -> Array4<f64> {
    Array4::from_shape_fn(shape, |(n, y, x, c)| {
        (1.3 * (n * n) as f64 + 2.1 * y as f64 + 0.9 * (x * x) as f64 + 3.7 * c as f64 + phase)
            .sin()
    })
}

#[test]
fn circular_images_and_reflections_agree_with_differences() {
    for (group, padding, stride, size) in [
        (PointGroup::C1, Padding::Circular, 1, [4, 5]),
        (PointGroup::D4, Padding::Circular, 1, [4, 4]),
        (PointGroup::D1, Padding::Same, 1, [5, 5]),
        (PointGroup::C1, Padding::Same, 2, [5, 6]),
        (PointGroup::C1, Padding::Circular, 2, [6, 6]),
    ] {
        let [height, width] = size;
        let network = network(
            [height, width, 2],
            group,
            padding,
            stride,
            Readout::Tail,
            &Activation::Erf,
        );
        let what = format!("{group:?} {padding:?} {stride}");
        check_differences(&what, &network, [2, height, width, 2]);
    }
}

/// Compares derivatives at some of the pixels with central differences.
fn check_differences(what: &str, network: &Network, shape: [usize; 4]) {
    const STEP: f64 = 1e-3;
    let kernel = Kernel::new(network).unwrap();
    let x = some_images(shape, 0.2);
    let factors = ndarray::array![[0.7, -0.4], [1.1, 0.3]];
    let both = Cotangents {
        nngp: Some(factors.view()),
        ntk: Some(factors.view()),
    };
    let got = images(kernel.gradient(x.view(), both).unwrap());
    let sum = |x: &Array4<f64>| {
        let matrices = kernel.gram(x.view()).unwrap();
        ((&matrices.nngp + &matrices.ntk) * &factors).sum()
    };
    let every = (got.len() / 10) | 1;
    for (number, (index, got)) in got.indexed_iter().enumerate() {
        if number % every != 0 {
            continue;
        }
        let at = |steps: f64| {
            let mut moved = x.clone();
            moved[index] += steps * STEP;
            sum(&moved)
        };
        let d = |n: f64| (at(n) - at(-n)) / STEP;
        let want = (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0;
        assert!(
            (got - want).abs() <= tol::DIFFERENCE,
            "{what} at {index:?}: {got} for {want}"
        );
    }
}

#[test]
fn average_poolings_have_the_stored_derivatives() {
    for (name, activation) in [("erf", Activation::Erf), ("relu", Activation::Relu)] {
        check_stored(
            &format!("average_pooling_same_pool_{name}"),
            |[height, width, channels]| {
                let conv = init(1.44, 0.0225);
                let filter = || Filter::window(3, Padding::Same);
                Network::plane(height, width, channels)
                    .lifting(PointGroup::C1, filter(), conv)
                    .activation(activation.clone())
                    .average_pooling(AveragePooling::new(2))
                    .group_convolution(filter(), conv)
                    .activation(activation.clone())
                    .group_pooling()
                    .dense(init(1.21, 0.04))
                    .build()
                    .unwrap()
            },
        );
    }
}

/// Two poolings, windows that overlap, joined edges, poolings in branches, poolings at the end, and orientations.
#[test]
fn average_poolings_agree_with_differences() {
    let conv = init(1.44, 0.0225);
    let overlapping = AveragePooling::new(3)
        .with_stride(2)
        .with_padding(Padding::Same);
    for (what, group, padding, pooling, flatten) in [
        ("overlap", PointGroup::C1, Padding::Same, overlapping, false),
        (
            "circular",
            PointGroup::C1,
            Padding::Circular,
            AveragePooling::new(2).with_padding(Padding::Circular),
            false,
        ),
        (
            "C4",
            PointGroup::C4,
            Padding::Same,
            AveragePooling::new(2),
            false,
        ),
        (
            "flatten",
            PointGroup::C1,
            Padding::Same,
            AveragePooling::new(2),
            true,
        ),
    ] {
        let filter = || Filter::window(3, padding);
        let convolved = Network::plane(8, 8, 1)
            .lifting(group, filter(), conv)
            .residual(|branch| {
                branch
                    .activation(Activation::Erf)
                    .group_convolution(filter(), init(0.8, 0.01))
            })
            .activation(Activation::Erf)
            .average_pooling(pooling)
            .group_convolution(filter(), conv)
            .activation(Activation::Erf)
            .average_pooling(AveragePooling::new(2));
        let dense = init(1.21, 0.04);
        let network = match flatten {
            true => convolved.flatten().dense(dense).build(),
            false => convolved
                .group_convolution(Filter::window(1, padding), conv)
                .activation(Activation::Erf)
                .group_pooling()
                .dense(dense)
                .activation(Activation::Erf)
                .dense(dense)
                .build(),
        };
        check_differences(what, &network.unwrap(), [2, 8, 8, 1]);
    }
    // Branches with different strides, one of them with a pooling.
    let filter = || Filter::window(3, Padding::Same);
    let network = Network::plane(4, 4, 1)
        .lifting(PointGroup::C1, filter(), conv)
        .activation(Activation::Erf)
        .sum(
            |branch| branch.group_convolution(Filter::strided_window(3, 2, Padding::Same), conv),
            |shortcut| {
                shortcut
                    .average_pooling(AveragePooling::new(2))
                    .group_convolution(Filter::window(1, Padding::Same), conv)
            },
        )
        .activation(Activation::Erf)
        .group_pooling()
        .dense(conv)
        .build();
    check_differences("branches", &network.unwrap(), [2, 4, 4, 1]);
}

/// Values of an image with itself take half of the displacements; the derivatives by either argument need all.
#[test]
fn an_image_with_itself_has_the_derivatives_of_either_argument() {
    let kernel = Kernel::new(&network_of_single([4, 4, 1])).unwrap();
    let x = some_images([1, 4, 4, 1], 0.3);
    let prepared = kernel.prepare(x.view()).unwrap();
    let one = Array2::ones((1, 1));
    let cotangents = Cotangents::ntk(one.view());
    let [of_rows, of_columns] = kernel
        .cross_gradient_prepared(&prepared, &prepared, cotangents)
        .unwrap()
        .map(images);
    let whole = images(kernel.gradient(x.view(), cotangents).unwrap());
    assert_named_close("rows", of_rows.mapv(|v| 2.0 * v), &whole, tol::ROUNDING);
    let columns = of_columns.mapv(|v| 2.0 * v);
    assert_named_close("columns", columns, &whole, tol::ROUNDING);
}

#[test]
fn derivatives_of_single_precision_are_double() {
    let x = some_images([1, 6, 6, 1], 0.0);
    let one = Array2::ones((1, 1));
    let network = network_of_single([6, 6, 1]);
    let kernel = Kernel::new(&network)
        .unwrap()
        .with_precision(Precision::Single)
        .unwrap();
    let single = kernel.gradient(x.view(), Cotangents::ntk(one.view()));
    let double = Kernel::new(&network).unwrap();
    let double = double.gradient(x.view(), Cotangents::ntk(one.view()));
    assert_eq!(single, double);
}

fn network_of_single(size: [usize; 3]) -> Network {
    network(
        size,
        PointGroup::C1,
        Padding::Same,
        1,
        Readout::Pool,
        &Activation::Erf,
    )
}
