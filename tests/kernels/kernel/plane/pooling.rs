//! Strides and average poolings: stored values of an independent program.

use super::*;

use haarmonic::network::builder::{Activated, OverPlane, Vectors};
use haarmonic::network::{AveragePooling, NetworkBuilder};

/// The layers of a stored network from the first convolution to the last activation.
fn features(
    name: &str,
    size: usize,
    group: PointGroup,
    activation: &Activation,
) -> NetworkBuilder<OverPlane, Activated> {
    let init = Init::new(1.2, 0.15);
    let act = || activation.clone();
    let plane = || Network::plane(size, size, 2);
    let two = |first: Filter, second: Filter| {
        plane()
            .lifting(group, first, init)
            .activation(act())
            .group_convolution(second, init)
            .activation(act())
    };
    let (window, strided) = (Filter::window, Filter::strided_window);
    let [valid, same, circular] = PADDINGS;
    let pool = AveragePooling::new;
    match name {
        "stride2_valid_gap" | "stride2_valid_flatten" => {
            two(strided(3, 2, valid), window(3, valid))
        }
        "stride2_same_gap" => two(strided(3, 2, same), window(3, same)),
        "stride2_second_circular_gap" => two(window(3, circular), strided(3, 2, circular)),
        "pool2_middle_same_gap" | "pool2_middle_same_flatten" => plane()
            .lifting(group, window(3, same), init)
            .activation(act())
            .average_pooling(pool(2))
            .group_convolution(window(3, same), init)
            .activation(act()),
        "pool2_twice_same_gap" => plane()
            .lifting(group, window(3, same), init)
            .activation(act())
            .average_pooling(pool(2))
            .group_convolution(window(3, same), init)
            .activation(act())
            .average_pooling(pool(2))
            .group_convolution(window(3, same), init)
            .activation(act()),
        "pool4_middle_dense_act" => plane()
            .lifting(group, window(3, same), init)
            .activation(act())
            .average_pooling(pool(4))
            .group_convolution(window(1, same), init)
            .activation(act()),
        _ => {
            let padding = name.split('_').nth(2).unwrap().parse().unwrap();
            // Convolutions of the networks whose pooling is not padded are padded, too.
            let filter = if padding == valid { same } else { padding };
            plane()
                .lifting(group, window(3, filter), init)
                .activation(act())
                .average_pooling(pool(3).with_stride(1).with_padding(padding))
        }
    }
}

fn network(name: &str, size: usize, group: PointGroup, activation: &Activation) -> Network {
    let features = features(name, size, group, activation);
    let dense = Init::new(1.1, 0.2);
    let readout: NetworkBuilder<Vectors, Activated> = if name.ends_with("flatten") {
        features.flatten()
    } else {
        features.group_pooling()
    };
    if name == "pool4_middle_dense_act" {
        let hidden = readout.dense(Init::new(1.2, 0.15));
        return hidden
            .activation(activation.clone())
            .dense(dense)
            .build()
            .unwrap();
    }
    readout.dense(dense).build().unwrap()
}

const NAMES: [(&str, usize); 11] = [
    ("stride2_valid_gap", 9),
    ("stride2_same_gap", 8),
    ("stride2_second_circular_gap", 8),
    ("stride2_valid_flatten", 9),
    ("pool2_middle_same_gap", 8),
    ("pool2_twice_same_gap", 8),
    ("pool2_middle_same_flatten", 8),
    ("pool3_stride1_valid_flatten", 8),
    ("pool3_stride1_same_flatten", 8),
    ("pool3_stride1_circular_flatten", 8),
    ("pool4_middle_dense_act", 8),
];

#[test]
fn kernels_with_strides_and_poolings_are_those_of_an_independent_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/planar_pool.npz");
    let mut stored = NpzReader::new(File::open(path).unwrap()).unwrap();
    let mut array = |key: &str| -> Array4<f64> { stored.by_name(key).unwrap() };
    let inputs = [8, 9].map(|size| [1, 2].map(|which| array(&format!("x{which}_{size}"))));
    let mut seen = 0;
    for (name, size) in NAMES {
        for activation in [Activation::Relu, Activation::Erf] {
            for (prefix, group) in [("", PointGroup::C1), ("c4_", PointGroup::C4)] {
                let key = format!("{prefix}{name}_{activation}");
                let stored = &mut stored;
                let mut wanted = |kernel: &str| -> Option<Array2<f64>> {
                    stored.by_name(&format!("{key}_{kernel}")).ok()
                };
                let (Some(nngp), Some(ntk)) = (wanted("nngp"), wanted("ntk")) else {
                    continue;
                };
                let network = network(name, size, group, &activation);
                let [x1, x2] = &inputs[size - 8];
                let kernel = Kernel::new(&network).unwrap();
                let cross = kernel.cross(x1.view(), x2.view()).unwrap();
                assert_entries_close(format!("{key}_nngp"), &cross.nngp, &nngp, tol::PLANE);
                assert_entries_close(format!("{key}_ntk"), &cross.ntk, &ntk, tol::PLANE);
                seen += 2;
            }
        }
    }
    // All keys but inputs and standard deviations.
    assert_eq!(seen, stored.names().unwrap().len() - 8);
}
