//! Networks: which layers fit, and what each mistake is answered with.

use haarmonic::activation::Activation;
use haarmonic::network::{
    Filter, GroupName, Init, InputSpace, Layer, Network, Quadrature, SphereSampling,
};

fn dense() -> Layer {
    Layer::Dense(Init::default())
}

fn relu() -> Layer {
    Layer::Activation(Activation::Relu)
}

fn lifting() -> Layer {
    Layer::Lifting {
        group: GroupName::So3,
        filter: Filter::Global,
        init: Init::default(),
    }
}

fn convolution() -> Layer {
    Layer::GroupConvolution {
        filter: Filter::Global,
        init: Init::default(),
    }
}

fn vector(layers: Vec<Layer>) -> haarmonic::Result<Network> {
    let input = InputSpace::Vector { dimension: 3 };
    Network::new(input, Quadrature::default(), layers)
}

fn sphere(layers: Vec<Layer>) -> haarmonic::Result<Network> {
    sphere_with(Quadrature::default(), layers)
}

fn sphere_with(quadrature: Quadrature, layers: Vec<Layer>) -> haarmonic::Result<Network> {
    let input = InputSpace::Sphere {
        band_limit: 4,
        sampling: SphereSampling::Coefficients,
        channels: 1,
    };
    Network::new(input, quadrature, layers)
}

#[track_caller]
fn refused(result: haarmonic::Result<Network>, message: &str) {
    let error = result.expect_err("the network is not well formed");
    assert_eq!(error.to_string(), message);
    assert!(!message.contains('\n'));
}

#[test]
fn layers_that_fit() {
    vector(vec![dense()]).unwrap();
    vector(vec![dense(), dense(), relu()]).unwrap();
    sphere(vec![lifting(), Layer::GroupPooling]).unwrap();
    sphere(vec![lifting(), relu(), Layer::GroupPooling]).unwrap();
    sphere(vec![lifting(), Layer::GroupPooling, relu()]).unwrap();
    sphere(vec![
        lifting(),
        relu(),
        dense(),
        relu(),
        Layer::GroupPooling,
    ])
    .unwrap();
    sphere(vec![
        lifting(),
        relu(),
        convolution(),
        relu(),
        Layer::GroupPooling,
        dense(),
        relu(),
    ])
    .unwrap();
}

#[test]
fn layers_that_do_not_fit() {
    refused(vector(vec![]), "network: no layers; add a `dense` layer");
    refused(
        sphere(vec![]),
        "network: no layers; add a `lifting`, an `activation` and a `group-pooling` layer",
    );
    refused(
        vector(vec![relu(), dense()]),
        "layer 1: the network starts with `activation`; put a `dense` layer before it",
    );
    refused(
        vector(vec![dense(), relu(), relu()]),
        "layer 3: two activations in a row; put a `dense` layer between them",
    );
    refused(
        vector(vec![lifting()]),
        "layer 1: a `lifting` takes signals on the sphere or the plane, the inputs are vectors; use `dense`, or another `space`",
    );
    for (layer, kind) in [
        (convolution(), "group-convolution"),
        (Layer::GroupPooling, "group-pooling"),
    ] {
        refused(
            vector(vec![dense(), layer]),
            &format!(
                "layer 2: a `{kind}` takes features over a group, the inputs are vectors; use `dense` and `activation` only, or another `space`"
            ),
        );
    }
    for (layer, kind) in [
        (convolution(), "group-convolution"),
        (relu(), "activation"),
        (dense(), "dense"),
        (Layer::GroupPooling, "group-pooling"),
    ] {
        refused(
            sphere(vec![layer, Layer::GroupPooling]),
            &format!("layer 1: the network starts with `{kind}`; put a `lifting` layer before it"),
        );
    }
    refused(
        sphere(vec![lifting(), relu(), lifting()]),
        "layer 3: a second `lifting`, but only the first layer lifts; use `group-convolution` before pooling, `dense` after it",
    );
    refused(
        sphere(vec![lifting(), relu(), relu()]),
        "layer 3: two activations in a row; put a `group-convolution` or `dense` layer between them",
    );
    refused(
        sphere(vec![lifting(), relu(), Layer::GroupPooling, relu()]),
        "layer 4: two activations in a row; put a `dense` layer between them",
    );
    refused(
        sphere(vec![lifting(), Layer::GroupPooling, convolution()]),
        "layer 3: a `group-convolution` after the pooling, where no group is left; move it before `group-pooling`, or use `dense`",
    );
    refused(
        sphere(vec![lifting(), Layer::GroupPooling, Layer::GroupPooling]),
        "layer 3: a second readout, `group-pooling`; remove it",
    );
    refused(
        sphere(vec![lifting(), relu(), dense()]),
        "network: the outputs are functions on the group, a kernel needs numbers; add a `group-pooling` layer, or outputs at given rotations",
    );
}

#[test]
fn values_out_of_range() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(
            vector(vec![dense(), Layer::Dense(Init::new(bad, 0.0))]),
            &format!("layer 2: weight_std is {bad}; give a number greater than 0"),
        );
    }
    for bad in [-0.5, f64::NAN, f64::INFINITY] {
        let init = Init::new(1.0, bad);
        let message = format!("bias_std is {bad}; give 0 (no bias) or a number greater than 0");
        let group = GroupName::So3;
        let filter = Filter::Global;
        refused(
            sphere(vec![Layer::Lifting {
                group,
                filter: filter.clone(),
                init,
            }]),
            &format!("layer 1: {message}"),
        );
        refused(
            sphere(vec![lifting(), Layer::GroupConvolution { filter, init }]),
            &format!("layer 2: {message}"),
        );
    }
    let last = |activation| vector(vec![dense(), Layer::Activation(activation)]);
    refused(
        last(Activation::LeakyRelu { slope: f64::NAN }),
        "layer 2: slope of the activation leaky-relu is NaN or infinite; give a finite number",
    );
    let degree = u32::MAX;
    for (activation, name) in [
        (Activation::Monomial { degree }, "monomial"),
        (
            Activation::RectifiedMonomial { degree },
            "rectified-monomial",
        ),
        (Activation::Hermite { degree }, "hermite"),
    ] {
        let message = last(activation).unwrap_err().to_string();
        let expected =
            format!("layer 2: degree of the activation {name} is 4294967295; give at most ");
        assert!(message.starts_with(&expected), "{message}");
    }
    last(Activation::Hermite { degree: 0 }).unwrap();

    let sphere_of = |band_limit, channels| {
        Network::sphere(band_limit, SphereSampling::Coefficients, channels)
            .lifting(Init::default())
            .group_pooling()
            .build()
    };
    refused(
        Network::vector(0).dense(Init::default()).build(),
        "dimension: found 0, expected at least 1",
    );
    refused(sphere_of(4, 0), "channels: found 0, expected at least 1");
    refused(
        sphere_of(0, 1),
        "bandlimit of the input: found 0, expected a number from 1 to 32768",
    );
    assert!(sphere_of(usize::MAX, 1).is_err());
    for bad in [0.0, 1.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(
            sphere_with(
                Quadrature::Tolerance(bad),
                vec![lifting(), Layer::GroupPooling],
            ),
            &format!("tolerance of the quadrature: found {bad}, expected a number between 0 and 1"),
        );
    }
    let with_limit = |limit| {
        sphere_with(
            Quadrature::BandLimit(limit),
            vec![lifting(), Layer::GroupPooling],
        )
    };
    refused(
        with_limit(0),
        "bandlimit of the quadrature: found 0, expected a number from 1 to 32768",
    );
    refused(
        with_limit(3),
        "bandlimit of the quadrature: found 3, expected at least 4, the bandlimit of the input",
    );
    with_limit(4).unwrap();
    refused(
        vector(vec![dense()]).and_then(|network| network.with_quadrature(Quadrature::BandLimit(4))),
        "network: a quadrature over the group, which is for signals on the sphere and for molecules; remove the quadrature",
    );
}
