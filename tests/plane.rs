//! Kernels on images: stored values of an independent program, the definition by brute force,
//! invariance, positivity, precision.

#[path = "common/naive_plane.rs"]
mod naive_plane;
#[path = "common/tol_kernel.rs"]
mod tol;

use haarmonic::activation::Activation;
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::kernel::{Kernel, KernelError, Precision};
use haarmonic::network::{Network, Padding, Scale, Support};
use naive_plane::{Filter, Naive};
use ndarray::{Array2, Array3, Array4, Axis};
use ndarray_npy::NpzReader;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::File;

const PADDINGS: [Padding; 3] = [Padding::Valid, Padding::Same, Padding::Circular];

fn images(seed: u64, n: usize, [height, width, channels]: [usize; 3]) -> Array4<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array4::from_shape_fn((n, height, width, channels), |_| {
        rng.random_range(-1.0..1.0)
    })
}

fn assert_close(what: &str, found: &Array2<f64>, want: &Array2<f64>, tolerance: f64) {
    assert_eq!(found.dim(), want.dim(), "{what}");
    for ((index, found), want) in found.indexed_iter().zip(want) {
        assert!(found.is_finite(), "{what} {index:?}: {found}");
        let error = (found - want).abs();
        assert!(
            error <= tolerance * want.abs(),
            "{what} {index:?}: found {found}, want {want}, relative error {:e} > {tolerance:e}",
            error / want.abs()
        );
    }
}

/// Convolution, activation, convolution, activation, readout, dense.
fn network(
    [height, width, channels]: [usize; 3],
    group: PointGroup,
    support: &Support,
    activation: &Activation,
    pooling: bool,
) -> Network {
    let convolution = Scale::new(1.2, 0.15);
    let dense = Scale::new(1.1, 0.2);
    let features = Network::plane(height, width, channels)
        .lifting(group, support.clone(), convolution)
        .activation(activation.clone())
        .group_convolution(support.clone(), convolution)
        .activation(activation.clone());
    if pooling {
        features.group_pooling().dense(dense).build().unwrap()
    } else {
        features.flatten().dense(dense).build().unwrap()
    }
}

#[test]
fn kernels_are_those_of_an_independent_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/planar.npz");
    let mut stored = NpzReader::new(File::open(path).unwrap()).unwrap();
    let x1: Array4<f64> = stored.by_name("x1").unwrap();
    let x2: Array4<f64> = stored.by_name("x2").unwrap();
    let mut seen = 0;
    for (name, group, pooling) in [
        ("cnn_gap", PointGroup::C1, true),
        ("cnn_flatten", PointGroup::C1, false),
        ("c4", PointGroup::C4, true),
        ("d4", PointGroup::D4, true),
    ] {
        for padding in PADDINGS {
            for activation in [Activation::Relu, Activation::Erf] {
                for window in [3, 5] {
                    let key = format!("{name}_{padding}_{activation}_{window}");
                    let Ok(nngp) = stored
                        .by_name::<ndarray::OwnedRepr<f64>, ndarray::Ix2>(&format!("{key}_nngp"))
                    else {
                        continue;
                    };
                    let ntk: Array2<f64> = stored.by_name(&format!("{key}_ntk")).unwrap();
                    let support = Support::window(window, padding);
                    let network = network([9, 9, 2], group, &support, &activation, pooling);
                    let gram = Kernel::new(&network)
                        .unwrap()
                        .cross(x1.view(), x2.view())
                        .unwrap();
                    assert_close(&format!("{key}_nngp"), &gram.nngp, &nngp, tol::PLANE);
                    assert_close(&format!("{key}_ntk"), &gram.ntk, &ntk, tol::PLANE);
                    assert_eq!(gram.error, KernelError::Exact);
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 40);
}

/// Window, group and image sizes that try what may go wrong: even and odd edges, windows that are not
/// square, images that are not, windows as large as the image.
fn shapes() -> Vec<(PointGroup, [usize; 2], [usize; 2])> {
    vec![
        (PointGroup::C1, [5, 4], [3, 3]),
        (PointGroup::C1, [3, 6], [3, 1]),
        (PointGroup::C2, [4, 3], [1, 3]),
        (PointGroup::D1, [3, 4], [3, 1]),
        (PointGroup::D2, [3, 4], [1, 3]),
        (PointGroup::C4, [4, 4], [3, 3]),
        (PointGroup::C4, [3, 3], [3, 3]),
        (PointGroup::D4, [3, 3], [1, 1]),
        (PointGroup::D4, [4, 4], [3, 3]),
    ]
}

#[test]
fn kernels_are_those_of_the_definition() {
    let activations = [Activation::Relu, Activation::Erf];
    for (case, (group, [height, width], [rows, columns])) in shapes().into_iter().enumerate() {
        let pair = images(case as u64, 2, [height, width, 2]);
        let [a, b]: [Array3<f64>; 2] = [0, 1].map(|i| pair.index_axis(Axis(0), i).to_owned());
        for padding in PADDINGS {
            // Two valid convolutions need room for both.
            let second = if padding == Padding::Valid {
                [1, 1]
            } else {
                [rows, columns]
            };
            let filter = |window, weight_std, bias_std| Filter {
                window,
                padding,
                weight_std,
                bias_std,
            };
            let filters = [filter([rows, columns], 1.3, 0.2), filter(second, 0.9, 0.1)];
            for activation in &activations {
                let support = |window: [usize; 2]| Support::Window {
                    height: window[0],
                    width: window[1],
                    padding,
                };
                let naive = Naive {
                    group,
                    filters: &filters,
                    activation: activation.clone(),
                };
                let want = naive.kernels(&a, &b);
                for pooling in [true, false] {
                    let features = Network::plane(height, width, 2)
                        .lifting(group, support(filters[0].window), Scale::new(1.3, 0.2))
                        .activation(activation.clone())
                        .group_convolution(support(second), Scale::new(0.9, 0.1))
                        .activation(activation.clone());
                    let network = if pooling {
                        features.group_pooling().build().unwrap()
                    } else {
                        features.flatten().build().unwrap()
                    };
                    let gram = Kernel::new(&network).unwrap().gram(pair.view()).unwrap();
                    let want = if pooling {
                        [want[0], want[1]]
                    } else {
                        [want[2], want[3]]
                    };
                    let what = format!(
                        "{group} {height}×{width} {rows}×{columns} {padding} {activation} {pooling}"
                    );
                    for (name, found, want) in [
                        ("nngp", gram.nngp[[0, 1]], want[0]),
                        ("ntk", gram.ntk[[0, 1]], want[1]),
                    ] {
                        let [found, want] =
                            [found, want].map(|value| Array2::from_elem((1, 1), value));
                        assert_close(&format!("{what} {name}"), &found, &want, tol::PLANE);
                    }
                }
            }
        }
    }
}

/// A network with a branch, a shortcut with weights, and layers behind the pooling.
macro_rules! branched {
    ($start:expr, $support:expr) => {
        $start
            .activation(Activation::Relu)
            .group_convolution($support, Scale::new(1.1, 0.1))
            .residual(|block| {
                block
                    .activation(Activation::Relu)
                    .group_convolution($support, Scale::new(0.8, 0.2))
                    .activation(Activation::Erf)
                    .dense(Scale::new(1.2, 0.1))
            })
            .sum(
                |block| {
                    block
                        .activation(Activation::Relu)
                        .group_convolution($support, Scale::new(0.7, 0.0))
                },
                |block| block.dense(Scale::new(0.5, 0.3)),
            )
            .activation(Activation::Relu)
            .group_pooling()
            .dense(Scale::new(1.3, 0.1))
            .activation(Activation::Erf)
            .dense(Scale::default())
            .build()
            .unwrap()
    };
}

#[test]
fn periodic_images_are_functions_on_a_finite_group() {
    for (group, [height, width], [rows, columns]) in [
        (PointGroup::C1, [3, 5], [3, 1]),
        (PointGroup::C4, [4, 4], [3, 3]),
        (PointGroup::C4, [3, 3], [3, 3]),
        (PointGroup::D2, [3, 4], [1, 3]),
        (PointGroup::D4, [3, 3], [3, 3]),
    ] {
        let pixels = images(7, 3, [height, width, 2]);
        let torus = FiniteAction::torus(height, width, group).unwrap();
        let near = |point: usize| {
            let along = |at: usize, edge: usize, window: usize| at.min(edge - at) <= window / 2;
            along(point / width, height, rows) && along(point % width, width, columns)
        };
        let points: Vec<usize> = (0..torus.points()).filter(|&x| near(x)).collect();
        let elements: Vec<usize> = (0..torus.order())
            .filter(|&g| near(torus.image(g, 0)))
            .collect();
        let window = Support::Window {
            height: rows,
            width: columns,
            padding: Padding::Circular,
        };
        let scale = Scale::new(1.3, 0.2);
        let plane = branched!(
            Network::plane(height, width, 2).lifting(group, window.clone(), scale),
            window.clone()
        );
        let functions = pixels.to_shape((3, height * width, 2)).unwrap();
        let table = branched!(
            Network::finite(torus, 2).lifting(Support::subset(&points), scale),
            Support::subset(&elements)
        );
        let found = Kernel::new(&plane).unwrap().gram(pixels.view()).unwrap();
        let want = Kernel::new(&table).unwrap().gram(functions.view()).unwrap();
        let what = format!("{group} {height}×{width}");
        assert_close(&format!("{what} nngp"), &found.nngp, &want.nngp, tol::PLANE);
        assert_close(&format!("{what} ntk"), &found.ntk, &want.ntk, tol::PLANE);

        // Global filters on both.
        let plane = branched!(
            Network::plane(height, width, 2).lifting(group, Support::Global, scale),
            Support::Global
        );
        let torus = FiniteAction::torus(height, width, group).unwrap();
        let table = branched!(
            Network::finite(torus, 2).lifting(Support::Global, scale),
            Support::Global
        );
        let found = Kernel::new(&plane).unwrap().gram(pixels.view()).unwrap();
        let want = Kernel::new(&table).unwrap().gram(functions.view()).unwrap();
        assert_close(
            &format!("{what} global nngp"),
            &found.nngp,
            &want.nngp,
            tol::PLANE,
        );
        assert_close(
            &format!("{what} global ntk"),
            &found.ntk,
            &want.ntk,
            tol::PLANE,
        );
    }
}

/// Residual sums whose branches differ in their filters, in both orders and with the identity.
macro_rules! mixed_branches {
    ($start:expr, $local:expr, $global:expr, $order:expr) => {{
        let start = $start;
        let (weak, strong) = (Scale::new(0.8, 0.2), Scale::new(1.1, 0.1));
        let summed = match $order {
            0 => start.residual(|b| {
                b.activation(Activation::Erf)
                    .group_convolution($global, strong)
            }),
            1 => start.sum(
                |b| {
                    b.activation(Activation::Erf)
                        .group_convolution($global, strong)
                },
                |b| b.group_convolution($local, weak),
            ),
            2 => start.sum(
                |b| {
                    b.activation(Activation::Erf)
                        .group_convolution($local, weak)
                },
                |b| b.group_convolution($global, strong),
            ),
            // A constant goes through further layers of its branch.
            _ => start.sum(
                |b| {
                    b.group_convolution($global, strong)
                        .activation(Activation::Erf)
                        .group_convolution($local, weak)
                },
                |b| b.dense(weak),
            ),
        };
        let network = summed
            .activation(Activation::Relu)
            .group_convolution($local, strong)
            .activation(Activation::Erf)
            .group_pooling()
            .build()
            .unwrap();
        Kernel::new(&network).unwrap()
    }};
}

#[test]
fn a_global_branch_and_a_local_one_add() {
    for (group, [height, width]) in [
        (PointGroup::C1, [3, 5]),
        (PointGroup::C4, [3, 3]),
        (PointGroup::D2, [5, 3]),
    ] {
        let pixels = images(31, 3, [height, width, 2]);
        let functions = pixels.to_shape((3, height * width, 2)).unwrap();
        let torus = FiniteAction::torus(height, width, group).unwrap();
        let near = |point: usize| {
            let along = |at: usize, edge: usize| at.min(edge - at) <= 1;
            along(point / width, height) && along(point % width, width)
        };
        let points: Vec<usize> = (0..torus.points()).filter(|&x| near(x)).collect();
        let elements: Vec<usize> = (0..torus.order())
            .filter(|&g| near(torus.image(g, 0)))
            .collect();
        let everywhere: Vec<usize> = (0..torus.order()).collect();
        let scale = Scale::new(1.3, 0.2);
        let window = || Support::window(3, Padding::Circular);
        // As large as the image, a periodic window is a global filter.
        let whole = || Support::Window {
            height,
            width,
            padding: Padding::Circular,
        };
        for order in 0..4 {
            let plane = |global: &Support| {
                let start = Network::plane(height, width, 2).lifting(group, window(), scale);
                let kernel = mixed_branches!(start, window(), global.clone(), order);
                kernel.gram(pixels.view()).unwrap()
            };
            let table = |global: &Support| {
                let start =
                    Network::finite(torus.clone(), 2).lifting(Support::subset(&points), scale);
                let local = || Support::subset(&elements);
                let kernel = mixed_branches!(start, local(), global.clone(), order);
                kernel.gram(functions.view()).unwrap()
            };
            let want = table(&Support::subset(&everywhere));
            for (name, found) in [
                ("table, global", table(&Support::Global)),
                ("plane, global", plane(&Support::Global)),
                ("plane, whole window", plane(&whole())),
            ] {
                let what = format!("{group} {height}×{width}, order {order}, {name}");
                assert_close(&format!("{what} nngp"), &found.nngp, &want.nngp, tol::PLANE);
                assert_close(&format!("{what} ntk"), &found.ntk, &want.ntk, tol::PLANE);
            }
        }
    }
}

#[test]
fn branches_add() {
    // On vectors: an identity and a branch, by the formulas for one pair.
    let x = ndarray::array![[0.3, -1.2, 0.7], [1.1, 0.4, -0.2]];
    let scale = Scale::new(1.3, 0.2);
    let plain = Network::vector(3).dense(scale).build().unwrap();
    let branch = Network::vector(3)
        .dense(scale)
        .activation(Activation::Relu)
        .dense(Scale::new(0.9, 0.1))
        .build()
        .unwrap();
    let both = Network::vector(3)
        .dense(scale)
        .residual(|block| {
            block
                .activation(Activation::Relu)
                .dense(Scale::new(0.9, 0.1))
        })
        .build()
        .unwrap();
    let [plain, branch, both] =
        [plain, branch, both].map(|n| Kernel::new(&n).unwrap().gram(x.view()).unwrap());
    assert_close(
        "nngp",
        &both.nngp,
        &(&plain.nngp + &branch.nngp),
        tol::ROUNDING,
    );
    assert_close("ntk", &both.ntk, &(&plain.ntk + &branch.ntk), tol::ROUNDING);
}

fn turned(images: &Array4<f64>, symmetry: haarmonic::group::PlanarSymmetry) -> Array4<f64> {
    let mut out = images.clone();
    for (image, mut out) in images.outer_iter().zip(out.outer_iter_mut()) {
        out.assign(&symmetry.transform(image).unwrap());
    }
    out
}

#[test]
fn pooled_kernels_are_invariant() {
    for (group, edge) in [
        (PointGroup::C4, 8),
        (PointGroup::D4, 7),
        (PointGroup::D2, 8),
        (PointGroup::C2, 7),
    ] {
        // The last image is constant in part, as digits are: many patches are alike.
        let mut pixels = images(11, 3, [edge, edge, 2]);
        pixels
            .index_axis_mut(Axis(0), 2)
            .slice_each_axis_mut(|axis| {
                if axis.axis.index() == 0 {
                    (0..5).into()
                } else {
                    (0..).into()
                }
            })
            .fill(0.0);
        for padding in PADDINGS {
            for activation in [Activation::Relu, Activation::Erf, Activation::Abs] {
                let network = network(
                    [edge, edge, 2],
                    group,
                    &Support::window(3, padding),
                    &activation,
                    true,
                );
                let kernel = Kernel::new(&network).unwrap();
                let fixed = kernel.gram(pixels.view()).unwrap();
                for &element in group.elements() {
                    let moved = turned(&pixels, element);
                    let what = format!("{group} {edge} {padding} {activation} {element:?}");
                    let one = kernel.cross(pixels.view(), moved.view()).unwrap();
                    assert_close(&what, &one.nngp, &fixed.nngp, tol::INVARIANCE);
                    assert_close(&what, &one.ntk, &fixed.ntk, tol::INVARIANCE);
                    let both = kernel.gram(moved.view()).unwrap();
                    assert_close(&what, &both.nngp, &fixed.nngp, tol::INVARIANCE);
                    assert_close(&what, &both.ntk, &fixed.ntk, tol::INVARIANCE);
                }
            }
        }
    }
}

#[test]
fn periodic_kernels_do_not_see_shifts() {
    let pixels = images(13, 2, [6, 5, 1]);
    let mut shifted = pixels.clone();
    for ((n, y, x, c), value) in pixels.indexed_iter() {
        shifted[[n, (y + 2) % 6, (x + 4) % 5, c]] = *value;
    }
    let support = Support::window(3, Padding::Circular);
    for activation in [Activation::Relu, Activation::Erf] {
        let network = network([6, 5, 1], PointGroup::C2, &support, &activation, true);
        let kernel = Kernel::new(&network).unwrap();
        let fixed = kernel.gram(pixels.view()).unwrap();
        let moved = kernel.cross(pixels.view(), shifted.view()).unwrap();
        assert_close("nngp", &moved.nngp, &fixed.nngp, tol::INVARIANCE);
        assert_close("ntk", &moved.ntk, &fixed.ntk, tol::INVARIANCE);
    }
}

#[test]
fn a_signal_with_itself_takes_half_the_displacements() {
    // The same image at another address takes all of them.
    let pixels = images(17, 2, [6, 7, 1]);
    let copy = pixels.clone();
    for padding in PADDINGS {
        let network = network(
            [6, 7, 1],
            PointGroup::D2,
            &Support::window(3, padding),
            &Activation::Relu,
            true,
        );
        let kernel = Kernel::new(&network).unwrap();
        let half = kernel.gram(pixels.view()).unwrap();
        let all = kernel.cross(pixels.view(), copy.view()).unwrap();
        assert_close("nngp", &half.nngp, &all.nngp, tol::PLANE);
        assert_close("ntk", &half.ntk, &all.ntk, tol::PLANE);
    }
}

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
                &Support::window(3, Padding::Same),
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
                let support = Support::window(3, padding);
                let scale = Scale::new(1.4, bias);
                let network = Network::plane(5, 5, 1)
                    .lifting(PointGroup::D4, support.clone(), scale)
                    .activation(activation.clone())
                    .group_convolution(support.clone(), scale)
                    .activation(activation.clone())
                    .group_pooling()
                    .dense(scale)
                    .build()
                    .unwrap();
                let gram = Kernel::new(&network).unwrap().gram(pixels.view()).unwrap();
                assert!(
                    gram.nngp.iter().chain(&gram.ntk).all(|k| k.is_finite()),
                    "{activation}"
                );
                assert!((gram.nngp[[1, 1]] / gram.nngp[[1, 2]] - 1.0).abs() <= tol::PLANE);
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
                &Support::window(3, Padding::Same),
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
            assert_close("nngp", &found.nngp, &want.nngp, tol::SINGLE);
            assert_close("ntk", &found.ntk, &want.ntk, tol::SINGLE);
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
            assert_close("cross", &cross.ntk, &want.ntk, tol::SINGLE);
        }
    }
}

#[test]
fn networks_that_do_not_fit_are_refused() {
    let scale = Scale::default();
    let window = |height, width, padding| Support::Window {
        height,
        width,
        padding,
    };
    let start = |size: [usize; 2], group, support| {
        Network::plane(size[0], size[1], 1).lifting(group, support, scale)
    };
    let refused = |network: haarmonic::Result<Network>, words: &[&str]| {
        let message = network.unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let valid = Support::window(3, Padding::Valid);
    let same = Support::window(3, Padding::Same);
    refused(
        start([4, 5], PointGroup::C4, same.clone())
            .group_pooling()
            .build(),
        &["C4", "4 × 5", "C1, C2, D1, D2"],
    );
    refused(
        start([4, 4], PointGroup::D4, window(1, 3, Padding::Same))
            .group_pooling()
            .build(),
        &["D4", "1 × 3"],
    );
    refused(
        start([4, 4], PointGroup::C1, window(2, 3, Padding::Same))
            .group_pooling()
            .build(),
        &["2 × 3", "odd"],
    );
    refused(
        start([4, 4], PointGroup::C1, window(5, 3, Padding::Valid))
            .group_pooling()
            .build(),
        &["5 pixels", "4 pixels"],
    );
    refused(
        start([4, 4], PointGroup::C1, valid.clone())
            .group_convolution(valid.clone(), scale)
            .group_pooling()
            .build(),
        &["layer 2", "3 pixels", "2 pixels"],
    );
    refused(
        start([4, 4], PointGroup::C1, same.clone())
            .group_convolution(Support::window(3, Padding::Circular), scale)
            .group_pooling()
            .build(),
        &["circular", "another padding"],
    );
    refused(
        start([4, 4], PointGroup::C1, same.clone())
            .group_convolution(Support::Global, scale)
            .group_pooling()
            .build(),
        &["global filter"],
    );
    refused(
        start([5, 5], PointGroup::C1, same.clone())
            .residual(|block| {
                block
                    .activation(Activation::Relu)
                    .group_convolution(valid.clone(), scale)
            })
            .group_pooling()
            .build(),
        &["residual", "3 × 3", "5 × 5"],
    );
    refused(
        start([5, 5], PointGroup::C1, same.clone())
            .residual(|block| block)
            .group_pooling()
            .build(),
        &["does not end in a layer with weights"],
    );
    refused(
        start([5, 5], PointGroup::C1, Support::subset(&[0]))
            .group_pooling()
            .build(),
        &["finite set"],
    );
    refused(
        Network::plane(0, 3, 1)
            .lifting(PointGroup::C1, same.clone(), scale)
            .group_pooling()
            .build(),
        &["height"],
    );
    refused(
        Network::plane(3, 3, 0)
            .lifting(PointGroup::C1, same.clone(), scale)
            .group_pooling()
            .build(),
        &["channels"],
    );

    let kernel = Kernel::new(
        &start([4, 4], PointGroup::C1, same)
            .group_pooling()
            .build()
            .unwrap(),
    )
    .unwrap();
    let message = kernel
        .gram(Array4::<f64>::zeros((2, 4, 5, 1)).view())
        .unwrap_err()
        .to_string();
    assert!(message.contains("[n, 4, 4, 1]"), "{message}");
    let mut bad = Array4::zeros((2, 4, 4, 1));
    bad[[1, 2, 3, 0]] = f64::NAN;
    let message = kernel.gram(bad.view()).unwrap_err().to_string();
    assert!(message.contains("1, 2, 3, 0"), "{message}");
    assert!(
        kernel
            .gram(Array4::<f64>::zeros((0, 4, 4, 1)).view())
            .is_err()
    );
    assert!(kernel.gram(Array2::<f64>::zeros((2, 16)).view()).is_err());
    let mlp = Network::vector(3).dense(scale).build().unwrap();
    assert!(
        Kernel::new(&mlp)
            .unwrap()
            .with_precision(Precision::Single)
            .is_err()
    );
}

#[test]
fn files_give_the_networks_back() {
    let window = Support::window(3, Padding::Same);
    let scale = Scale::new(1.3, 0.2);
    let plane = branched!(
        Network::plane(6, 5, 3).lifting(
            PointGroup::D2,
            Support::Window {
                height: 1,
                width: 3,
                padding: Padding::Same
            },
            scale
        ),
        window.clone()
    );
    let finite = branched!(
        Network::finite(FiniteAction::dihedral(5).unwrap(), 2)
            .lifting(Support::subset(&[0, 3]), scale),
        Support::subset(&[0, 1, 9])
    );
    let flat = network(
        [5, 5, 1],
        PointGroup::C1,
        &Support::window(3, Padding::Valid),
        &Activation::Relu,
        false,
    );
    for network in [plane, finite, flat] {
        let text = network.to_toml().unwrap();
        assert_eq!(Network::from_toml(&text).unwrap(), network, "{text}");
    }
}
