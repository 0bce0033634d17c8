//! Normalisation over the channels between convolutions, and between dense layers.

use super::*;

/// neural-tangents 0.6.5 in double precision: `stax.LayerNorm` adds 1e-12 to variances. Pixels are
/// sin(0.7 i + 1.3 y + 0.9 x² + 2.1 c) + 0.3 c; convolutions 3 x 3, `SAME`, W_std 1.2, b_std 0.15; dense 1.1, 0.2.
const POOLED: [[f64; 3]; 2] = [
    [
        0.10238246824560701,
        0.10213704712726761,
        0.10585526348807552,
    ],
    [
        0.22022282546691777,
        0.21281484097641581,
        0.23115072162033418,
    ],
];
const FLATTENED: [[f64; 3]; 2] = [
    [0.6021164558205538, 0.45641686692846095, 0.6021164558205538],
    [2.0967260003707486, 1.4054447389114024, 2.0967260003707477],
];
/// Vectors sin(0.7 i + 1.3 j), three dense layers with 1.3, 0.2: the entries (0, 0), (0, 1), (1, 2).
const DENSE: [[f64; 3]; 2] = [
    [0.825104801931454, 0.6071847167018082, 0.6740014844807418],
    [2.909722140760124, 1.884494199490196, 2.1664648688750647],
];

#[test]
fn values_of_another_program() {
    let pixels = Array4::from_shape_fn((2, 5, 5, 2), |(i, y, x, c)| {
        let [i, y, x, c] = [i, y, x, c].map(|n| n as f64);
        (0.7 * i + 1.3 * y + 0.9 * x * x + 2.1 * c).sin() + 0.3 * c
    });
    let (init, filter) = (Init::new(1.2, 0.15), Filter::window(3, Padding::Same));
    for (flatten, want) in [(false, POOLED), (true, FLATTENED)] {
        let body = Network::plane(5, 5, 2)
            .lifting(PointGroup::C1, filter.clone(), init)
            .normalisation()
            .activation(Activation::Erf)
            .group_convolution(filter.clone(), init)
            .normalisation()
            .activation(Activation::Erf);
        let body = if flatten {
            body.flatten()
        } else {
            body.group_pooling()
        };
        let network = body.dense(Init::new(1.1, 0.2)).build().unwrap();
        let gram = Kernel::new(&network).unwrap().gram(pixels.view()).unwrap();
        for (matrix, want) in [&gram.nngp, &gram.ntk].into_iter().zip(want) {
            for (at, want) in [[0, 0], [0, 1], [1, 1]].into_iter().zip(want) {
                let error = (matrix[at] - want).abs();
                assert!(error <= tol::ADDED_TO_VARIANCES * want, "{at:?} {error:e}");
            }
        }
    }
}

#[test]
fn vectors_of_another_program() {
    let x =
        ndarray::Array2::from_shape_fn((3, 4), |(i, j)| (0.7 * i as f64 + 1.3 * j as f64).sin());
    let init = Init::new(1.3, 0.2);
    let network = Network::vector(4)
        .dense(init)
        .normalisation()
        .activation(Activation::Erf)
        .dense(init)
        .normalisation()
        .activation(Activation::Erf)
        .dense(init)
        .build()
        .unwrap();
    let gram = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
    for (matrix, want) in [&gram.nngp, &gram.ntk].into_iter().zip(DENSE) {
        for (at, want) in [[0, 0], [0, 1], [1, 2]].into_iter().zip(want) {
            let error = (matrix[at] - want).abs();
            assert!(error <= tol::ADDED_TO_VARIANCES * want, "{at:?} {error:e}");
        }
    }
}
