//! Network files: the documented ones, and both directions.

use haarmonic::activation::{Activation, Elementwise};
use haarmonic::group::PointGroup;
use haarmonic::network::{
    Aggregation, AveragePooling, DEFAULT_TOLERANCE, EdgeScaling, Filter, GroupName, Init,
    InputSpace, Layer, Message, Network, Outputs, Padding, Quadrature, SphereSampling,
};
use haarmonic::sphere::Sampling;

use crate::common::network_files::{
    DOCUMENT, documented_files, every_activation, mlp_file, sphere_file,
};

#[test]
fn documented_files_parse_to_the_networks_they_describe() {
    let mlp = Network::from_toml(mlp_file()).unwrap();
    let built = Network::vector(7)
        .dense(Init::new(1.3, 0.2))
        .activation(Activation::Relu)
        .dense(Init::new(0.9, 0.1))
        .build()
        .unwrap();
    assert_eq!(mlp, built);

    let init = Init::new(1.3, 0.2);
    let built = Network::sphere(6, SphereSampling::Grid(Sampling::DriscollHealy), 2)
        .quadrature(Quadrature::BandLimit(12))
        .lifting(init)
        .activation(Activation::Erf)
        .group_convolution(init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::new(1.1, 0.0))
        .build()
        .unwrap();
    assert_eq!(Network::from_toml(sphere_file()).unwrap(), built);

    let filter = || Filter::window(3, Padding::Same);
    let built = Network::plane(32, 32, 3)
        .lifting(PointGroup::C4, filter(), Init::new(1.4, 0.1))
        .residual(|block| {
            block
                .activation(Activation::Relu)
                .group_convolution(filter(), Init::new(1.4, 0.0))
        })
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let [_, _, plane, local, graph, molecule, myrtle, lap, _] = documented_files()[..] else {
        panic!("the page has nine files")
    };
    let gcn = Aggregation::new()
        .scaling(EdgeScaling::Symmetric)
        .self_loops(1.0);
    let init = Init::new(1.4, 0.0);
    let built_graph = Network::graph(7, 1)
        .aggregation(gcn)
        .dense(init)
        .activation(Activation::Relu)
        .aggregation(gcn)
        .dense(init)
        .node_sum()
        .build()
        .unwrap();
    assert_eq!(Network::from_toml(graph).unwrap(), built_graph);
    assert_eq!(Network::from_toml(plane).unwrap(), built);
    let neighbours = Message::gaussian(3.4, 0.2)
        .fade(1.8)
        .power(3.0, 1.5)
        .charge_exponent(0.5)
        .bump(0.8, 4)
        .unwrap();
    let bonds = Message::shells(2.0, &[[1.1, 0.2], [1.5, 0.2]])
        .spectrum(&[0.5, 0.5])
        .self_share(0.7);
    let built = Network::molecule(&[1, 6, 7, 8, 9])
        .quadrature(Quadrature::BandLimit(5))
        .message(neighbours, Init::new(1.0, 0.8))
        .normalisation()
        .activation(Activation::Hermite { degree: 2 })
        .message(bonds, Init::default())
        .group_pooling()
        .element_sum()
        .dense(Init::default())
        .build()
        .unwrap();
    assert_eq!(Network::from_toml(molecule).unwrap(), built);

    let built = Network::sphere(6, SphereSampling::Coefficients, 1)
        .quadrature(Quadrature::BandLimit(12))
        .lifting_with(Filter::cap(0.9), Init::new(1.3, 0.2))
        .activation(Activation::Erf)
        .group_convolution_with(Filter::gaussian(0.4), Init::new(1.3, 0.2))
        .activation(Activation::Erf)
        .partial_pooling()
        .dense(Init::default())
        .outputs(Outputs::grid_points(Sampling::GaussLegendre, 4).unwrap())
        .build()
        .unwrap();
    assert_eq!(Network::from_toml(local).unwrap(), built);
    assert_eq!(
        Network::from_toml(myrtle).unwrap(),
        Network::myrtle(5).unwrap()
    );
    assert_eq!(
        Network::from_toml(lap).unwrap(),
        Network::cnn_lap(1, 4).unwrap()
    );
}

#[test]
fn strides_and_poolings_come_back() {
    let filter = Filter::Window {
        height: 3,
        width: 1,
        padding: Padding::Same,
        stride: [2, 3],
    };
    let pooling = AveragePooling {
        window: [2, 3],
        stride: [1, 2],
        padding: Padding::Same,
    };
    let network = Network::plane(9, 8, 2)
        .lifting(PointGroup::C1, filter, Init::default())
        .activation(Activation::Relu)
        .average_pooling(pooling)
        .group_convolution(Filter::window(1, Padding::Same), Init::default())
        .group_pooling()
        .build()
        .unwrap();
    let text = network.to_toml().unwrap();
    assert_eq!(Network::from_toml(&text).unwrap(), network, "{text}");
    // The defaults: windows side by side, without padding.
    let short = text.replacen(
        "window = [2, 3]\nstride = [1, 2]\npadding = \"same\"",
        "window = [2, 2]",
        1,
    );
    assert_ne!(short, text);
    let network = Network::from_toml(&short).unwrap();
    assert_eq!(
        network.layers()[2],
        Layer::AveragePooling(AveragePooling::new(2))
    );
}

#[test]
fn documented_filters_on_the_sphere() {
    for (line, filter) in [
        ("cap = 0.9", Filter::cap(0.9)),
        ("ring = [0.3, 0.9]", Filter::ring(0.3, 0.9)),
        ("gaussian = 0.4", Filter::gaussian(0.4)),
        ("heat = 0.1", Filter::heat(0.1)),
        (
            "legendre = [1.0, 0.5, 0.2]",
            Filter::legendre(&[1.0, 0.5, 0.2]),
        ),
    ] {
        assert!(DOCUMENT.contains(&format!("`{line}`")), "{line}");
        let text = sphere_file().replacen("\"SO3\"", &format!("\"SO3\"\n{line}"), 1);
        let network = Network::from_toml(&text).unwrap();
        let Layer::Lifting { filter: found, .. } = &network.layers()[0] else {
            panic!("a lifting")
        };
        assert_eq!(*found, filter);
        assert!(network.to_toml().unwrap().contains(line));
    }
}

#[test]
fn networks_with_outputs_come_back() {
    let awkward = 0.1 + 0.2;
    let filters = [
        Filter::cap(awkward),
        Filter::ring(0.0, awkward),
        Filter::gaussian(1e-3 * awkward),
        Filter::gaussian(1e300),
        Filter::heat(f64::MIN_POSITIVE),
        Filter::legendre(&[1.0, awkward, 0.1]),
        Filter::legendre(&[1.0, 1.0 / 3.0, 0.0]),
        Filter::Global,
    ];
    let rotations = [
        Outputs::rotations(&[[awkward, 0.0, -7.5], [0.0, 1.0 / 3.0, 1e9]]),
        Outputs::grid_rotations(Sampling::DriscollHealy, 3).unwrap(),
    ];
    let points = [
        Outputs::points(&[[awkward, 4.0]]),
        Outputs::grid_points(Sampling::GaussLegendre, 5).unwrap(),
        Outputs::grid_points(Sampling::McEwenWiaux, 1).unwrap(),
        Outputs::grid_points(Sampling::ClenshawCurtis, 2).unwrap(),
    ];
    for filter in filters {
        let features = || {
            Network::sphere(4, SphereSampling::Coefficients, 1)
                .lifting_with(filter.clone(), Init::default())
                .residual(|block| {
                    block
                        .activation(Activation::Relu)
                        .group_convolution_with(filter.clone(), Init::default())
                })
        };
        let over_group = rotations
            .iter()
            .map(|at| features().outputs(at.clone()).build());
        let over_sphere =
            (points.iter()).map(|at| features().partial_pooling().outputs(at.clone()).build());
        for network in over_group.chain(over_sphere) {
            let network = network.unwrap();
            let text = network.to_toml().unwrap();
            assert_eq!(Network::from_toml(&text).unwrap(), network, "{text}");
        }
    }
    // A grid is written by its name, one point off is not.
    let text = |outputs: Outputs| {
        let network = Network::sphere(4, SphereSampling::Coefficients, 1).lifting(Init::default());
        let network = network.partial_pooling().outputs(outputs).build().unwrap();
        network.to_toml().unwrap()
    };
    let grid = Outputs::grid_points(Sampling::GaussLegendre, 2).unwrap();
    assert!(
        text(grid.clone()).contains("[outputs]\nsampling = \"gauss-legendre\"\nbandlimit = 2\n")
    );
    let Outputs::Points(grid) = grid else {
        panic!("points")
    };
    let mut other = grid.to_vec();
    other[0][1] = 1.0;
    assert!(text(Outputs::points(&other)).contains("[outputs]\npoints = [\n    [0.955"));
}

#[test]
fn documented_messages_are_the_real_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlp.toml");
    let message = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = Network::read(&path).unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    };
    let misspelt = message(&mlp_file().replacen("weight_std", "weigth_std", 1));
    assert!(DOCUMENT.contains(&misspelt), "{misspelt}");
    let twice = mlp_file().replacen(
        "kind = \"dense\"\nweight_std = 0.9\nbias_std = 0.1",
        "kind = \"activation\"\nfunction = \"erf\"",
        1,
    );
    let twice = message(&twice);
    assert!(DOCUMENT.contains(&twice), "{twice}");
}

/// The example of the design document, comments included.
#[test]
fn commented_file_parses() {
    let text = r#"
    [input]                      # vector: space, dimension
    space = "sphere"
    bandlimit = 6
    sampling = "driscoll-healy"  # "gauss-legendre", "mcewen-wiaux", "coefficients"
    channels = 2
    [quadrature]                 # sphere only
    bandlimit = 12
    [[layers]]
    kind = "lifting"
    group = "SO3"
    # cap = 0.9                  # opening angle; absent = global
    weight_std = 1.3             # default 1
    bias_std = 0.2               # default 0
    [[layers]]
    kind = "activation"
    function = "erf"
    [[layers]]
    kind = "group-convolution"   # cap = ..
    weight_std = 1.3
    bias_std = 0.2
    [[layers]]
    kind = "group-pooling"
    [[layers]]
    kind = "dense"
    weight_std = 1.1
"#;
    let network = Network::from_toml(text).unwrap();
    let kinds: Vec<_> = network.layers().iter().map(Layer::kind).collect();
    assert_eq!(
        kinds,
        [
            "lifting",
            "activation",
            "group-convolution",
            "group-pooling",
            "dense"
        ]
    );
    assert_eq!(network.quadrature(), Quadrature::BandLimit(12));
    assert_eq!(
        network.to_string(),
        "sphere, bandlimit 6, driscoll-healy, 2 channels → lifting to SO3 (σw 1.3, σb 0.2) → erf \
         → group-convolution (σw 1.3, σb 0.2) → group-pooling → dense (σw 1.1, σb 0)"
    );
}

#[test]
fn every_activation_has_its_name() {
    for (activation, name) in every_activation() {
        let text = mlp_file().replace("\"relu\"", &format!("\"{name}\""));
        let network = Network::from_toml(&text).unwrap();
        assert_eq!(network.layers()[1], Layer::Activation(activation), "{name}");
        let documented = format!("`\"{}\"`", name.split('"').next().unwrap());
        assert!(DOCUMENT.contains(&documented), "{documented}");
    }
}

#[test]
fn files_come_back_as_they_were_written() {
    let mlp = |layers| {
        let input = InputSpace::Vector { dimension: 3 };
        Network::new(input, Quadrature::default(), layers).unwrap()
    };
    let awkward = Init::new(0.1 + 0.2, 1.0 / 3.0);
    let mut networks = vec![
        Network::from_toml(mlp_file()).unwrap(),
        Network::from_toml(sphere_file()).unwrap(),
        mlp(vec![Layer::Dense(awkward)]),
        mlp(vec![Layer::Dense(Init::new(f64::MIN_POSITIVE, f64::MAX))]),
    ];
    for sampling in [
        "driscoll-healy",
        "gauss-legendre",
        "mcewen-wiaux",
        "coefficients",
    ] {
        let sampling = sampling.parse().unwrap();
        for quadrature in [
            Quadrature::default(),
            Quadrature::Tolerance(0.1 * 0.3),
            Quadrature::BandLimit(17),
        ] {
            let network = Network::sphere(16, sampling, 3)
                .quadrature(quadrature)
                .lifting(awkward)
                .group_pooling()
                .build();
            networks.push(network.unwrap());
        }
    }
    for (activation, _) in every_activation() {
        networks.push(mlp(vec![
            Layer::Dense(Init::default()),
            Layer::Activation(activation),
        ]));
    }
    for network in networks {
        let text = network.to_toml().unwrap();
        assert_eq!(Network::from_toml(&text).unwrap(), network, "{text}");
    }
}

#[test]
fn defaults_are_the_stated_ones() {
    let text = "[input]\nspace = \"sphere\"\nbandlimit = 1\nsampling = \"coefficients\"\nchannels = 1\n\
                [[layers]]\nkind = \"lifting\"\ngroup = \"SO3\"\n[[layers]]\nkind = \"group-pooling\"";
    let network = Network::from_toml(text).unwrap();
    assert_eq!(
        network.quadrature(),
        Quadrature::Tolerance(DEFAULT_TOLERANCE)
    );
    let lifting = Layer::Lifting {
        group: GroupName::So3,
        filter: Filter::Global,
        init: Init::default(),
    };
    assert_eq!(network.layers()[0], lifting);
    assert_eq!(Init::default(), Init::new(1.0, 0.0));
    assert!(DOCUMENT.contains(&format!("tolerance = {DEFAULT_TOLERANCE:?}")));
}

#[test]
fn integers_are_numbers_and_bases_are_understood() {
    let text = mlp_file().replace("1.3", "2").replace("= 7", "= 0x0_7");
    let network = Network::from_toml(&text).unwrap();
    assert_eq!(network.layers()[0], Layer::Dense(Init::new(2.0, 0.2)));
    assert_eq!(*network.input(), InputSpace::Vector { dimension: 7 });
}

/// A function given as Rust code has no name, whatever it calls itself.
#[test]
fn functions_without_a_name_are_not_written() {
    for name in ["softsign", "relu"] {
        let function = Elementwise::new(name, 8, |x| x, |_| 1.0).unwrap();
        let network = Network::vector(3)
            .dense(Init::default())
            .activation(Activation::Elementwise(function))
            .build()
            .unwrap();
        assert_eq!(
            network.to_toml().unwrap_err().to_string(),
            format!(
                "layer 2: the function {name} has no name in a network file; use one of the named activations"
            )
        );
    }
}
