//! Strides and average poolings against the definition, pixel pair by pixel pair.

use super::*;

use crate::common::naive_pixels::kernels;
use haarmonic::group::PlanarSymmetry;
use haarmonic::network::{AveragePooling, GroupName, InputSpace, Layer, Quadrature};

fn convolution(filter: Filter) -> Layer {
    Layer::GroupConvolution {
        filter,
        init: Init::new(1.3, 0.2),
    }
}

fn rectangle(window: [usize; 2], stride: [usize; 2], padding: Padding) -> Filter {
    Filter::Window {
        height: window[0],
        width: window[1],
        padding,
        stride,
    }
}

fn pool(window: [usize; 2], stride: [usize; 2], padding: Padding) -> Layer {
    Layer::AveragePooling(AveragePooling {
        window,
        stride,
        padding,
    })
}

fn square_pool(size: usize) -> Layer {
    Layer::AveragePooling(AveragePooling::new(size))
}

/// Layers between the lifting and the readout for images of a size, with the filter of the lifting.
fn cases() -> Vec<(&'static str, [usize; 2], Filter, Vec<Layer>)> {
    use Padding::{Circular, Same, Valid};
    let act = || Layer::Activation(Activation::Relu);
    let erf = || Layer::Activation(Activation::Erf);
    let (window, strided) = (Filter::window, Filter::strided_window);
    let sum = |branch: Vec<Layer>, shortcut: Vec<Layer>| Layer::Residual { branch, shortcut };
    vec![
        ("strided lifting", [7, 6], strided(3, 2, Valid), vec![act()]),
        (
            "strided lifting, padded",
            [7, 6],
            strided(3, 2, Same),
            vec![act()],
        ),
        (
            "strided twice",
            [9, 8],
            strided(3, 2, Same),
            vec![act(), convolution(strided(3, 2, Same)), erf()],
        ),
        (
            "oblong strides",
            [7, 8],
            rectangle([3, 1], [2, 3], Same),
            vec![act(), convolution(rectangle([1, 3], [1, 2], Valid))],
        ),
        (
            "wide stride",
            [9, 8],
            strided(1, 3, Same),
            vec![act(), convolution(window(3, Same))],
        ),
        (
            "circular strides",
            [8, 6],
            strided(3, 2, Circular),
            vec![act(), convolution(window(3, Circular)), act()],
        ),
        (
            "circular strides that do not divide",
            [7, 5],
            window(3, Circular),
            vec![act(), convolution(strided(3, 2, Circular)), act()],
        ),
        (
            "stride, then global",
            [6, 4],
            strided(3, 2, Circular),
            vec![act(), convolution(Filter::Global), act()],
        ),
        (
            "pool of the lifting",
            [6, 4],
            window(3, Same),
            vec![square_pool(2), act()],
        ),
        (
            "pool",
            [7, 6],
            window(3, Same),
            vec![act(), square_pool(2), convolution(window(3, Same)), act()],
        ),
        (
            "pool twice in a row",
            [8, 8],
            window(3, Same),
            vec![
                act(),
                square_pool(2),
                square_pool(2),
                convolution(window(1, Same)),
                act(),
            ],
        ),
        (
            "pool twice",
            [8, 7],
            window(3, Same),
            vec![
                act(),
                square_pool(2),
                convolution(window(3, Same)),
                erf(),
                square_pool(2),
                convolution(window(1, Same)),
                act(),
            ],
        ),
        (
            "oblong pool",
            [6, 7],
            window(3, Valid),
            vec![
                act(),
                pool([2, 3], [1, 2], Valid),
                convolution(window(1, Valid)),
                act(),
            ],
        ),
        (
            "overlapping pool",
            [7, 6],
            window(3, Same),
            vec![
                act(),
                pool([3, 3], [2, 2], Same),
                convolution(window(3, Same)),
                act(),
            ],
        ),
        (
            "even padded pool",
            [5, 6],
            window(3, Same),
            vec![
                act(),
                pool([2, 2], [1, 1], Same),
                convolution(window(3, Same)),
                act(),
            ],
        ),
        (
            "pool with gaps",
            [7, 7],
            window(3, Same),
            vec![
                act(),
                pool([2, 1], [3, 3], Valid),
                convolution(window(1, Same)),
                act(),
            ],
        ),
        (
            "blur",
            [5, 4],
            window(3, Same),
            vec![act(), pool([3, 3], [1, 1], Same)],
        ),
        (
            "circular pool",
            [6, 4],
            window(3, Circular),
            vec![
                act(),
                pool([3, 3], [1, 1], Circular),
                convolution(window(3, Circular)),
                act(),
            ],
        ),
        (
            "wide circular pool",
            [5, 4],
            window(3, Circular),
            vec![
                act(),
                pool([4, 3], [1, 1], Circular),
                convolution(window(3, Circular)),
                act(),
            ],
        ),
        (
            "circular strided pool",
            [6, 4],
            window(3, Circular),
            vec![
                act(),
                pool([2, 2], [2, 2], Valid),
                convolution(window(1, Valid)),
                act(),
                convolution(rectangle([3, 1], [1, 1], Circular)),
            ],
        ),
        (
            "circular pool that does not divide",
            [7, 5],
            window(3, Circular),
            vec![
                act(),
                pool([3, 3], [2, 2], Circular),
                convolution(window(1, Circular)),
                act(),
            ],
        ),
        (
            "stride, then pool",
            [9, 8],
            strided(3, 2, Same),
            vec![act(), square_pool(2), convolution(window(1, Same)), act()],
        ),
        (
            "pool, then stride",
            [8, 9],
            window(3, Same),
            vec![
                act(),
                square_pool(2),
                convolution(strided(3, 2, Same)),
                act(),
            ],
        ),
        (
            "pool, strides and a pool",
            [11, 10],
            window(3, Same),
            vec![
                act(),
                square_pool(2),
                convolution(strided(3, 2, Same)),
                act(),
                pool([2, 2], [1, 1], Valid),
                convolution(window(1, Same)),
                act(),
            ],
        ),
        (
            "strided sum",
            [7, 6],
            window(3, Same),
            vec![
                sum(
                    vec![act(), convolution(strided(3, 2, Same))],
                    vec![convolution(strided(1, 2, Same))],
                ),
                act(),
            ],
        ),
        (
            "sum of a stride and none",
            [4, 4],
            window(3, Same),
            vec![
                sum(
                    vec![act(), convolution(window(3, Valid))],
                    vec![convolution(strided(1, 2, Valid))],
                ),
                act(),
            ],
        ),
        (
            "sum with a pool",
            [8, 6],
            window(3, Same),
            vec![
                act(),
                sum(
                    vec![
                        convolution(strided(3, 2, Same)),
                        act(),
                        convolution(window(3, Same)),
                    ],
                    vec![square_pool(2), convolution(window(1, Same))],
                ),
                act(),
            ],
        ),
        (
            "sum with a pool for a shortcut",
            [8, 6],
            window(3, Same),
            vec![
                act(),
                sum(
                    vec![
                        convolution(strided(3, 2, Same)),
                        act(),
                        convolution(window(3, Same)),
                    ],
                    vec![square_pool(2)],
                ),
                convolution(window(1, Same)),
                act(),
            ],
        ),
        (
            "sum with pools inside",
            [8, 8],
            window(3, Same),
            vec![
                sum(
                    vec![
                        act(),
                        convolution(window(3, Same)),
                        act(),
                        square_pool(2),
                        convolution(window(3, Same)),
                    ],
                    vec![square_pool(2)],
                ),
                act(),
                convolution(window(3, Same)),
                sum(
                    vec![act(), square_pool(2), convolution(window(1, Same))],
                    vec![pool([1, 1], [2, 2], Valid)],
                ),
                act(),
            ],
        ),
        (
            "blur in a sum with the identity",
            [5, 4],
            window(3, Same),
            vec![
                sum(
                    vec![
                        act(),
                        pool([3, 3], [1, 1], Same),
                        convolution(window(3, Same)),
                    ],
                    vec![],
                ),
                act(),
            ],
        ),
        (
            "sums in sums",
            [6, 6],
            window(3, Same),
            vec![
                sum(
                    vec![
                        act(),
                        sum(
                            vec![
                                convolution(window(3, Same)),
                                act(),
                                square_pool(2),
                                convolution(window(1, Same)),
                            ],
                            vec![square_pool(2), convolution(window(1, Same))],
                        ),
                        act(),
                        convolution(window(1, Same)),
                    ],
                    vec![square_pool(2)],
                ),
                act(),
            ],
        ),
        (
            "circular sum with a pool",
            [6, 4],
            window(3, Circular),
            vec![
                act(),
                sum(
                    vec![convolution(strided(3, 2, Circular))],
                    vec![square_pool(2), convolution(window(1, Same))],
                ),
                act(),
                convolution(window(1, Same)),
            ],
        ),
    ]
}

fn network(size: [usize; 2], group: PointGroup, filter: Filter, layers: &[Layer]) -> Network {
    let input = InputSpace::Plane {
        height: size[0],
        width: size[1],
        channels: 2,
    };
    let lifting = Layer::Lifting {
        group: GroupName::Plane(group),
        filter,
        init: Init::new(1.2, 0.15),
    };
    let layers = [&[lifting], layers].concat();
    Network::new(input, Quadrature::default(), layers).unwrap()
}

#[test]
fn strides_and_poolings_are_those_of_the_definition() {
    for (case, (name, size, filter, layers)) in cases().into_iter().enumerate() {
        let pair = images(100 + case as u64, 2, [size[0], size[1], 2]);
        let [a, b] = [0, 1].map(|i| pair.index_axis(Axis(0), i));
        for readout in [Layer::GroupPooling, Layer::Flatten] {
            let kind = readout.kind();
            let layers = [&layers[..], &[readout, Layer::Dense(Init::new(1.1, 0.3))]].concat();
            let network = network(size, PointGroup::C1, filter.clone(), &layers);
            let want = kernels(network.layers(), [a, b]);
            let kernel = Kernel::new(&network).unwrap();
            let gram = kernel.gram(pair.view()).unwrap();
            let cross = kernel.cross(pair.view(), pair.view()).unwrap();
            let single = kernel.clone().with_precision(Precision::Single).unwrap();
            let single = single.cross(pair.view(), pair.view()).unwrap();
            for (found, tolerance, how) in [
                (&gram, tol::PLANE, "gram"),
                (&cross, tol::PLANE, "cross"),
                (&single, tol::SINGLE, "single"),
            ] {
                for (which, matrix) in [&found.nngp, &found.ntk].into_iter().enumerate() {
                    let entry = |i: usize| want[i][which];
                    let want = ndarray::array![[entry(0), entry(2)], [entry(2), entry(1)]];
                    let what = format!("{name}, {kind}, {how}, kernel {which}");
                    assert_entries_close(what, matrix, &want, tolerance);
                }
            }
        }
    }
}

/// Whether the layers commute with the symmetries of a square.
fn symmetric_cases() -> Vec<(&'static str, usize, Filter, Vec<Layer>)> {
    use Padding::{Circular, Same, Valid};
    let act = || Layer::Activation(Activation::Relu);
    let (window, strided) = (Filter::window, Filter::strided_window);
    let sum = |branch: Vec<Layer>, shortcut: Vec<Layer>| Layer::Residual { branch, shortcut };
    vec![
        (
            "valid strides",
            9,
            strided(3, 2, Valid),
            vec![act(), convolution(strided(3, 1, Valid)), act()],
        ),
        (
            "padded strides",
            7,
            strided(3, 2, Same),
            vec![act(), convolution(window(3, Same)), act()],
        ),
        (
            "circular strides",
            9,
            strided(3, 3, Circular),
            vec![act(), convolution(window(3, Circular)), act()],
        ),
        (
            "pools",
            8,
            window(3, Same),
            vec![
                act(),
                square_pool(2),
                convolution(window(3, Same)),
                act(),
                square_pool(2),
                convolution(window(1, Same)),
                act(),
            ],
        ),
        (
            "blur",
            6,
            window(3, Same),
            vec![
                act(),
                pool([3, 3], [1, 1], Same),
                convolution(window(3, Same)),
                act(),
            ],
        ),
        (
            "residual",
            9,
            window(3, Same),
            vec![
                sum(
                    vec![act(), convolution(strided(3, 2, Same))],
                    vec![pool([3, 3], [2, 2], Same), convolution(window(1, Same))],
                ),
                act(),
            ],
        ),
    ]
}

#[test]
fn pooled_kernels_are_the_mean_over_symmetries_and_keep_them() {
    for (case, (name, size, filter, layers)) in symmetric_cases().into_iter().enumerate() {
        let layers = [&layers[..], &[Layer::GroupPooling]].concat();
        let pair = images(200 + case as u64, 2, [size, size, 2]);
        for group in [
            PointGroup::C4,
            PointGroup::D4,
            PointGroup::C2,
            PointGroup::D1,
        ] {
            let network = network([size, size], group, filter.clone(), &layers);
            let kernel = Kernel::new(&network).unwrap();
            let found = kernel.gram(pair.view()).unwrap();
            let elements: &[PlanarSymmetry] = group.elements();
            let mut want = [Array2::<f64>::zeros((2, 2)), Array2::zeros((2, 2))];
            for &element in elements {
                let moved = turned(&pair, element);
                for i in 0..2 {
                    for j in 0..2 {
                        let [a, b] = [pair.index_axis(Axis(0), i), moved.index_axis(Axis(0), j)];
                        let [.., between] = kernels(network.layers(), [a, b]);
                        for (mean, value) in want.iter_mut().zip(between) {
                            mean[[i, j]] += value / elements.len() as f64;
                        }
                    }
                }
            }
            let [nngp, ntk] = want;
            assert_entries_close(
                format!("{name} {group} nngp"),
                &found.nngp,
                &nngp,
                tol::PLANE,
            );
            assert_entries_close(format!("{name} {group} ntk"), &found.ntk, &ntk, tol::PLANE);
            for &element in elements {
                let moved = kernel
                    .cross(pair.view(), turned(&pair, element).view())
                    .unwrap();
                let what = format!("{name} {group} {element:?}");
                assert_entries_close(&what, &moved.nngp, &found.nngp, tol::INVARIANCE);
                assert_entries_close(&what, &moved.ntk, &found.ntk, tol::INVARIANCE);
            }
        }
    }
}
