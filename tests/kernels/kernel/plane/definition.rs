//! Values of an independent program, and the definition by brute force.

use super::*;

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
                    let filter = Filter::window(window, padding);
                    let network = network([9, 9, 2], group, &filter, &activation, pooling);
                    let gram = Kernel::new(&network)
                        .unwrap()
                        .cross(x1.view(), x2.view())
                        .unwrap();
                    assert_entries_close(format!("{key}_nngp"), &gram.nngp, &nngp, tol::PLANE);
                    assert_entries_close(format!("{key}_ntk"), &gram.ntk, &ntk, tol::PLANE);
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
            let filter = |window, weight_std, bias_std| NaiveFilter {
                window,
                padding,
                weight_std,
                bias_std,
            };
            let filters = [filter([rows, columns], 1.3, 0.2), filter(second, 0.9, 0.1)];
            for activation in &activations {
                let filter = |window: [usize; 2]| Filter::Window {
                    height: window[0],
                    width: window[1],
                    padding,
                    stride: [1, 1],
                };
                let naive = Naive {
                    group,
                    filters: &filters,
                    activation: activation.clone(),
                };
                let want = naive.kernels(&a, &b);
                for pooling in [true, false] {
                    let features = Network::plane(height, width, 2)
                        .lifting(group, filter(filters[0].window), Init::new(1.3, 0.2))
                        .activation(activation.clone())
                        .group_convolution(filter(second), Init::new(0.9, 0.1))
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
                        assert_entries_close(format!("{what} {name}"), &found, &want, tol::PLANE);
                    }
                }
            }
        }
    }
}
