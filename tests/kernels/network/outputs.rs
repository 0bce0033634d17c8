//! Networks on the sphere with local filters, partial pooling, and outputs at given places.

use std::f64::consts::PI;

use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{
    Filter, GroupName, Init, InputSpace, Layer, Network, Outputs, Padding, Quadrature,
    SphereSampling, ZonalProfile,
};
use haarmonic::so3::RotationGrid;
use haarmonic::sphere::Sampling;

fn relu() -> Layer {
    Layer::Activation(Activation::Relu)
}

fn dense() -> Layer {
    Layer::Dense(Init::default())
}

fn lifting(filter: Filter) -> Layer {
    Layer::Lifting {
        group: GroupName::So3,
        filter,
        init: Init::default(),
    }
}

fn convolution(filter: Filter) -> Layer {
    Layer::GroupConvolution {
        filter,
        init: Init::default(),
    }
}

fn on_sphere() -> InputSpace {
    InputSpace::Sphere {
        band_limit: 4,
        sampling: SphereSampling::Coefficients,
        channels: 1,
    }
}

fn network(layers: Vec<Layer>, outputs: Outputs) -> haarmonic::Result<Network> {
    Network::new_with_outputs(on_sphere(), Quadrature::default(), layers, outputs)
}

fn pooled(layers: Vec<Layer>) -> haarmonic::Result<Network> {
    Network::new(on_sphere(), Quadrature::default(), layers)
}

fn rotations() -> Outputs {
    Outputs::rotations(&[[0.1, 0.2, 0.3], [-4.0, PI, 9.0]])
}

fn points() -> Outputs {
    Outputs::points(&[[0.0, 0.0], [PI, -1.0], [0.3, 7.0]])
}

#[track_caller]
fn refused(result: haarmonic::Result<Network>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn what_fits() {
    let cap = || Filter::cap(0.9);
    network(vec![lifting(cap())], rotations()).unwrap();
    network(vec![lifting(Filter::Global), relu()], rotations()).unwrap();
    network(vec![lifting(cap()), Layer::PartialPooling], points()).unwrap();
    network(
        vec![
            lifting(cap()),
            relu(),
            convolution(Filter::ring(0.1, 0.2)),
            Layer::PartialPooling,
            relu(),
            dense(),
            relu(),
        ],
        points(),
    )
    .unwrap();
    pooled(vec![
        lifting(Filter::heat(0.1)),
        relu(),
        Layer::PartialPooling,
        dense(),
        relu(),
        Layer::GroupPooling,
        dense(),
    ])
    .unwrap();
}

#[test]
fn what_does_not_fit() {
    let global = || lifting(Filter::Global);
    refused(
        network(vec![global()], Outputs::Pooled),
        "network: the outputs are functions on the group, a kernel needs numbers; add a `group-pooling` layer, or outputs at given rotations",
    );
    refused(
        network(vec![global(), Layer::PartialPooling], Outputs::Pooled),
        "network: the outputs are functions on the sphere, a kernel needs numbers; add a `group-pooling` layer, or outputs at given points",
    );
    refused(
        network(vec![global()], points()),
        "network: outputs at points of the sphere of features that are functions on the group; add a `partial-pooling` layer, or give rotations",
    );
    refused(
        network(vec![global(), Layer::PartialPooling], rotations()),
        "network: outputs at rotations of features that are functions on the sphere; give points, or remove the `partial-pooling` layer",
    );
    for outputs in [points(), rotations()] {
        refused(
            network(vec![global(), Layer::GroupPooling], outputs.clone()),
            "network: outputs at given places of features that are pooled; remove the outputs, or the `group-pooling` layer",
        );
        let mlp = Network::vector(3).dense(Init::default()).build().unwrap();
        refused(
            mlp.with_outputs(outputs),
            "network: outputs at given places, which are for signals on the sphere; remove the outputs",
        );
    }
    let partly =
        |rest: Vec<Layer>| pooled([vec![global(), relu(), Layer::PartialPooling], rest].concat());
    refused(
        partly(vec![convolution(Filter::Global)]),
        "layer 4: a `group-convolution` after `partial-pooling`, where features are functions on the sphere; move it before `partial-pooling`, or use `dense`",
    );
    refused(
        partly(vec![Layer::PartialPooling]),
        "layer 4: a second `partial-pooling`; remove it",
    );
    refused(
        partly(vec![relu()]),
        "layer 4: two activations in a row; put a `dense` layer between them",
    );
    refused(
        partly(vec![global()]),
        "layer 4: a second `lifting`, but only the first layer lifts; use `group-convolution` before pooling, `dense` after it",
    );
    refused(
        pooled(vec![global(), Layer::GroupPooling, Layer::PartialPooling]),
        "layer 3: a `partial-pooling` of features that are pooled already; remove it",
    );
    refused(
        pooled(vec![Layer::PartialPooling]),
        "layer 1: the network starts with `partial-pooling`; put a `lifting` layer before it",
    );
    refused(
        pooled(vec![
            global(),
            Layer::Residual {
                branch: vec![Layer::PartialPooling, dense()],
                shortcut: vec![],
            },
        ]),
        "layer 2: a `partial-pooling` inside a `residual`; move it after the `residual`",
    );
    let plane = InputSpace::Plane {
        height: 4,
        width: 4,
        channels: 1,
    };
    let on_plane = |filter, readout| {
        let group = "C4".parse().unwrap();
        let init = Init::default();
        let lifting = Layer::Lifting {
            group,
            filter,
            init,
        };
        Network::new(plane.clone(), Quadrature::default(), vec![lifting, readout])
    };
    refused(
        on_plane(Filter::Global, Layer::PartialPooling),
        "layer 2: a `partial-pooling` outside the sphere; use `group-pooling`",
    );
    refused(
        on_plane(Filter::heat(0.1), Layer::GroupPooling),
        "layer 1: a filter `heat` outside the sphere; leave it out for a global filter",
    );
    refused(
        Network::new(
            InputSpace::Vector { dimension: 3 },
            Quadrature::default(),
            vec![dense(), Layer::PartialPooling],
        ),
        "layer 2: a `partial-pooling` takes features over a group, the inputs are vectors; use `dense` and `activation` only, or another `space`",
    );
    let change = "use one of `cap`, `ring`, `gaussian`, `heat`, `legendre`, or leave it out for a global filter";
    refused(
        pooled(vec![
            lifting(Filter::window(3, Padding::Same)),
            Layer::GroupPooling,
        ]),
        &format!("layer 1: a filter of pixels on the sphere; {change}"),
    );
    refused(
        pooled(vec![
            global(),
            convolution(Filter::subset(&[0])),
            Layer::GroupPooling,
        ]),
        &format!("layer 2: a filter on a list of points or elements on the sphere; {change}"),
    );
}

#[test]
fn values_out_of_range_name_their_layer() {
    for (filter, message) in [
        (
            Filter::cap(0.0),
            "cap is 0; give an angle in radians greater than 0 and at most π",
        ),
        (
            Filter::cap(f64::INFINITY),
            "cap is inf; give an angle in radians greater than 0 and at most π",
        ),
        (
            Filter::ring(0.9, 0.3),
            "ring is [0.9, 0.3]; give two angles in radians, 0 <= inner < outer <= π",
        ),
        (
            Filter::gaussian(-1.0),
            "gaussian is -1; give a finite width in radians greater than 0",
        ),
        (
            Filter::heat(f64::NAN),
            "heat is NaN; give a finite time greater than 0",
        ),
        (
            Filter::legendre(&[1.0, 0.5]),
            "legendre is multipliers of a density that is -3.979e-2 at 3.1416 rad; give a density that is nowhere negative",
        ),
    ] {
        refused(
            network(vec![lifting(filter.clone())], rotations()),
            &format!("layer 1: {message}"),
        );
        let branch = vec![convolution(filter)];
        let residual = Layer::Residual {
            branch,
            shortcut: vec![],
        };
        refused(
            network(vec![lifting(Filter::Global), relu(), residual], rotations()),
            &format!("layer 3: {message}"),
        );
    }
    let at =
        |angles: &[[f64; 3]]| network(vec![lifting(Filter::Global)], Outputs::rotations(angles));
    refused(
        at(&[]),
        "rotations of the outputs: found 0, expected 1 to 1048576 of them",
    );
    refused(
        at(&[[0.0; 3], [0.0, -0.1, 0.0]]),
        "beta of output 2: found -0.1, expected radians from 0 to π",
    );
    refused(
        at(&[[0.0, 3.2, 0.0]]),
        "beta of output 1: found 3.2, expected radians from 0 to π",
    );
    refused(
        at(&[[0.0, f64::NAN, 0.0]]),
        "beta of output 1: found NaN, expected radians from 0 to π",
    );
    refused(
        at(&[[f64::NAN, 0.0, 0.0]]),
        "alpha of output 1: found NaN, expected a finite angle in radians",
    );
    refused(
        at(&[[0.0, 0.0, f64::INFINITY]]),
        "gamma of output 1: found inf, expected a finite angle in radians",
    );
    let at = |angles: &[[f64; 2]]| {
        network(
            vec![lifting(Filter::Global), Layer::PartialPooling],
            Outputs::points(angles),
        )
    };
    refused(
        at(&[]),
        "points of the outputs: found 0, expected 1 to 1048576 of them",
    );
    refused(
        at(&[[f64::NAN, 0.0]]),
        "colatitude of output 1: found NaN, expected radians from 0 to π",
    );
    refused(
        at(&[[0.0, 0.0], [0.0, f64::NAN]]),
        "longitude of output 2: found NaN, expected a finite angle in radians",
    );
    refused(
        at(&[[PI.next_up(), 0.0]]),
        "colatitude of output 1: found 3.1415926535897936, expected radians from 0 to π",
    );
    refused(
        at(&vec![[0.0; 2]; (1 << 20) + 1]),
        "points of the outputs: found 1048577, expected 1 to 1048576 of them",
    );
    refused(
        at(&[[0.0, f64::NEG_INFINITY]]),
        "longitude of output 1: found -inf, expected a finite angle in radians",
    );
}

#[test]
fn builders_make_the_same_networks() {
    let init = Init::default();
    let built = Network::sphere(4, SphereSampling::Coefficients, 1)
        .lifting_with(Filter::cap(0.9), init)
        .activation(Activation::Relu)
        .group_convolution_with(Filter::gaussian(0.4), init)
        .partial_pooling()
        .activation(Activation::Relu)
        .dense(init);
    let layers = vec![
        lifting(Filter::cap(0.9)),
        relu(),
        convolution(Filter::gaussian(0.4)),
        Layer::PartialPooling,
        relu(),
        dense(),
    ];
    let local = network(layers.clone(), points()).unwrap();
    assert_eq!(built.clone().outputs(points()).build().unwrap(), local);
    assert_eq!(
        local.to_string(),
        "sphere, bandlimit 4, coefficients, 1 channel → lifting to SO3 cap 0.9 (σw 1, σb 0) → relu \
         → group-convolution gaussian 0.4 (σw 1, σb 0) → partial-pooling → relu → dense (σw 1, σb 0) \
         → at 3 points"
    );
    let mean = pooled([layers, vec![Layer::GroupPooling]].concat()).unwrap();
    assert_eq!(built.clone().group_pooling().build().unwrap(), mean);
    assert_eq!(*mean.outputs(), Outputs::Pooled);
    refused(
        built.outputs(rotations()).build(),
        "network: outputs at rotations of features that are functions on the sphere; give points, or remove the `partial-pooling` layer",
    );
    let one = Outputs::points(&[[0.5, 0.5]]);
    let moved = local.clone().with_outputs(one.clone()).unwrap();
    assert_eq!(*moved.outputs(), one);
    assert_eq!(moved.layers(), local.layers());
    assert!(moved.to_string().ends_with("→ at 1 point"));
    let coarse = moved.with_quadrature(Quadrature::BandLimit(9)).unwrap();
    assert_eq!(*coarse.outputs(), one);
}

#[test]
fn filters_on_everything_are_global_by_name() {
    let everything = Filter::Zonal(ZonalProfile::Cap { angle: PI });
    let residual = |filter| Layer::Residual {
        branch: vec![convolution(filter)],
        shortcut: vec![],
    };
    let found = network(
        vec![lifting(everything.clone()), relu(), residual(everything)],
        rotations(),
    );
    let wanted = network(
        vec![lifting(Filter::Global), relu(), residual(Filter::Global)],
        rotations(),
    );
    assert_eq!(found.unwrap(), wanted.unwrap());
}

#[test]
fn grids_are_in_the_order_of_arrays() {
    for sampling in Sampling::ALL {
        let Outputs::Points(points) = Outputs::grid_points(sampling, 3).unwrap() else {
            panic!("points")
        };
        let [rings, longitudes] = sampling.shape(3).unwrap();
        assert_eq!(points.len(), rings * longitudes);
        let thetas = sampling.colatitudes(3).unwrap();
        assert_eq!(points[longitudes + 1], [thetas[1], 2.0 * PI / 5.0]);
        let Outputs::Rotations(rotations) = Outputs::grid_rotations(sampling, 3).unwrap() else {
            panic!("rotations")
        };
        let grid = RotationGrid::new(3, sampling).unwrap();
        let shape = grid.shape();
        assert_eq!(rotations.len(), grid.points());
        let index = (2 * shape[1] + 1) * shape[2] + 3;
        assert_eq!(
            rotations[index],
            [grid.alphas()[3], grid.betas()[1], grid.gammas()[2]]
        );
    }
    for limit in [0, 20_000, usize::MAX] {
        assert!(Outputs::grid_points(Sampling::GaussLegendre, limit).is_err());
        assert!(Outputs::grid_rotations(Sampling::GaussLegendre, limit).is_err());
    }
}

/// A partial pooling before the pooling is part of it, unless an activation stands between them.
#[test]
fn activations_between_two_poolings_are_not_evaluated() {
    let plain = pooled(vec![
        lifting(Filter::Global),
        relu(),
        Layer::PartialPooling,
        dense(),
        Layer::GroupPooling,
    ]);
    assert!(Kernel::new(&plain.unwrap()).is_ok());
    let network = pooled(vec![
        lifting(Filter::Global),
        Layer::PartialPooling,
        relu(),
        Layer::GroupPooling,
    ]);
    let Err(error) = Kernel::new(&network.unwrap()) else {
        panic!("an activation of features over the sphere is not that of their mean")
    };
    assert_eq!(
        error.to_string(),
        "layer 2: an activation between `partial-pooling` and `group-pooling` has no kernel here; \
         use `outputs` at points, or `group-pooling` alone"
    );
}
