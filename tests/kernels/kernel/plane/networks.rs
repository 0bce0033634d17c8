//! Networks on images that are not well formed.

use super::*;

use haarmonic::network::AveragePooling;

#[test]
fn networks_that_do_not_fit_are_refused() {
    let init = Init::default();
    let window = |height, width, padding| Filter::Window {
        height,
        width,
        padding,
        stride: [1, 1],
    };
    let start = |size: [usize; 2], group, filter| {
        Network::plane(size[0], size[1], 1).lifting(group, filter, init)
    };
    let refused = |network: haarmonic::Result<Network>, words: &[&str]| {
        let message = network.unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    let valid = Filter::window(3, Padding::Valid);
    let same = Filter::window(3, Padding::Same);
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
            .group_convolution(valid.clone(), init)
            .group_pooling()
            .build(),
        &["layer 2", "3 pixels", "2 pixels"],
    );
    refused(
        start([4, 4], PointGroup::C1, same.clone())
            .group_convolution(Filter::window(3, Padding::Circular), init)
            .group_pooling()
            .build(),
        &["circular", "another padding"],
    );
    refused(
        start([4, 4], PointGroup::C1, same.clone())
            .group_convolution(Filter::Global, init)
            .group_pooling()
            .build(),
        &["global filter"],
    );
    refused(
        start([5, 5], PointGroup::C1, same.clone())
            .residual(|block| {
                block
                    .activation(Activation::Relu)
                    .group_convolution(valid.clone(), init)
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
        start([5, 5], PointGroup::C1, Filter::subset(&[0]))
            .group_pooling()
            .build(),
        &["finite set"],
    );
    refused(
        start(
            [8, 8],
            PointGroup::C4,
            Filter::strided_window(3, 2, Padding::Valid),
        )
        .group_pooling()
        .build(),
        &[
            "layer 1: filter 3 × 3, stride 2 × 2, padding \"valid\" on features of 8 × 8 pixels does not commute with C4",
            "use images of 9 × 9 pixels, another stride or padding, or the group C1",
        ],
    );
    refused(
        start(
            [32, 32],
            PointGroup::D4,
            Filter::strided_window(3, 2, Padding::Same),
        )
        .activation(Activation::Relu)
        .average_pooling(AveragePooling::new(4))
        .group_pooling()
        .build(),
        &["layer 1", "use images of 31 × 31 pixels"],
    );
    // Columns are mirrored, rows are not.
    refused(
        start(
            [9, 8],
            PointGroup::D1,
            Filter::strided_window(3, 2, Padding::Valid),
        )
        .group_pooling()
        .build(),
        &["D1", "use images of 9 × 9 pixels"],
    );
    start(
        [8, 9],
        PointGroup::D1,
        Filter::strided_window(3, 2, Padding::Valid),
    )
    .group_pooling()
    .build()
    .unwrap();
    refused(
        start([7, 7], PointGroup::C2, same.clone())
            .average_pooling(AveragePooling::new(2))
            .group_pooling()
            .build(),
        &["layer 2: window 2 × 2", "use images of 8 × 8 pixels"],
    );
    refused(
        start(
            [7, 7],
            PointGroup::C1,
            Filter::strided_window(3, 2, Padding::Circular),
        )
        .group_convolution(Filter::window(3, Padding::Circular), init)
        .group_pooling()
        .build(),
        &["layer 2", "no longer join", "use images of 8 × 8 pixels"],
    );
    refused(
        start([8, 8], PointGroup::C1, Filter::window(3, Padding::Circular))
            .average_pooling(AveragePooling::new(3).with_padding(Padding::Same))
            .group_pooling()
            .build(),
        &["layer 2", "beside another padding"],
    );
    refused(
        start([4, 4], PointGroup::C1, same.clone())
            .average_pooling(AveragePooling::new(5))
            .group_pooling()
            .build(),
        &["a window of 5 pixels on features of 4 pixels"],
    );
    refused(
        start([4, 4], PointGroup::C1, same.clone())
            .average_pooling(AveragePooling::new(0))
            .group_pooling()
            .build(),
        &["a window of 0 × 0 pixels", "positive"],
    );
    refused(
        start(
            [4, 4],
            PointGroup::C1,
            Filter::strided_window(3, 5, Padding::Same),
        )
        .group_pooling()
        .build(),
        &["a stride of 5 pixels on features of 4 pixels"],
    );
    refused(
        start([4, 4], PointGroup::C4, same.clone())
            .average_pooling(AveragePooling {
                window: [2, 2],
                stride: [2, 1],
                padding: Padding::Valid,
            })
            .group_pooling()
            .build(),
        &["a stride of 2 × 1 pixels, which C4 turns"],
    );
    refused(
        Network::plane(0, 3, 1)
            .lifting(PointGroup::C1, same.clone(), init)
            .group_pooling()
            .build(),
        &["height"],
    );
    refused(
        Network::plane(3, 3, 0)
            .lifting(PointGroup::C1, same.clone(), init)
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
    let mlp = Network::vector(3).dense(init).build().unwrap();
    assert!(
        Kernel::new(&mlp)
            .unwrap()
            .with_precision(Precision::Single)
            .is_err()
    );
}
