//! Networks on molecules that are refused, and network files.

use super::molecules;
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::kernel::Kernel;
use haarmonic::network::{
    Aggregation, Init, InputSpace, Layer, Message, Network, NodePooling, Quadrature,
};

fn message() -> Message {
    Message::gaussian(3.0, 0.3)
}

fn layer(message: Message) -> Layer {
    Layer::Message {
        message,
        init: Init::default(),
    }
}

fn refused(layers: Vec<Layer>, text: &str) {
    let input = InputSpace::Molecule {
        elements: [1, 8].into(),
        improper: false,
    };
    let error = Network::new(input, Quadrature::default(), layers).unwrap_err();
    let found = error.to_string();
    assert!(found.contains(text), "{found}");
    assert!(!found.contains('\n'));
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let first = || layer(message());
    let sum = || Layer::NodePooling(NodePooling::Sum);
    let labels = || Layer::NodePooling(NodePooling::LabelSum);
    let act = || Layer::Activation(Activation::Relu);
    let pool = || Layer::GroupPooling;
    refused(vec![], "no layers");
    refused(vec![Layer::Dense(Init::default())], "starts with `dense`");
    refused(vec![first()], "functions on the atoms");
    refused(vec![first(), sum()], "depend on a rotation");
    refused(vec![first(), pool()], "node-sum");
    refused(vec![first(), pool(), first(), sum()], "no directions");
    refused(vec![first(), pool(), pool()], "second `group-pooling`");
    refused(vec![first(), pool(), sum(), sum()], "second readout");
    refused(vec![first(), pool(), labels(), act()], "sum per element");
    refused(vec![first(), act(), act()], "two activations");
    refused(
        vec![first(), Layer::Aggregation(Aggregation::new())],
        "aggregation",
    );
    let numbers = [
        (message().fade(3.5), "fade"),
        (Message::gaussian(0.0, 0.3), "cutoff"),
        (Message::gaussian(3.0, -0.3), "width"),
        (Message::shells(3.0, &[]), "shells"),
        (Message::shells(3.0, &[[1.0, 0.0]]), "width of a shell"),
        (message().spectrum(&[]), "spectrum"),
        (message().spectrum(&[0.0]), "spectrum"),
        (message().spectrum(&[1.0, -0.1]), "spectrum"),
        (message().spectrum(&[1.0; 10]), "spectrum"),
        (message().power(f64::NAN, 1.0), "power"),
        (message().power(1.0, 0.0), "unit"),
        (message().self_share(-1.0), "self_share"),
    ];
    for (message, text) in numbers {
        refused(vec![layer(message), pool(), sum()], text);
    }
    assert!(message().bump(0.0, 3).is_err() && message().bump(0.5, 10).is_err());
    // Messages elsewhere.
    let graph = Network::new(
        InputSpace::Graph {
            channels: 1,
            relations: 1,
        },
        Quadrature::default(),
        vec![first(), sum()],
    );
    assert!(graph.unwrap_err().to_string().contains("molecule"));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    assert!(matches!(
        Atoms::new(vec![], vec![]),
        Err(Error::Empty { .. })
    ));
    assert!(Atoms::new(vec![1], vec![]).is_err());
    assert!(Atoms::new(vec![0], vec![[0.0; 3]]).is_err());
    assert!(Atoms::new(vec![1], vec![[f64::NAN, 0.0, 0.0]]).is_err());
    assert!(Atoms::new(vec![1, 1], vec![[0.0; 3]; 2]).is_err());
    let network = |elements: &[u8]| {
        Network::molecule(elements)
            .message(message(), Init::default())
            .group_pooling()
            .node_sum()
            .build()
    };
    assert!(network(&[]).is_err() && network(&[1, 1]).is_err() && network(&[0]).is_err());
    let kernel = Kernel::new(&network(&[1, 8]).unwrap()).unwrap();
    let error = kernel.gram(&molecules()[..]).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("one of H, O"), "{error}");
    assert!(kernel.gram(&Vec::<Atoms>::new()).is_err());
    assert!(kernel.gram(ndarray::array![[1.0]].view()).is_err());
}

const FILE: &str = r#"
[input]
space = "molecule"
labels = ["H", "C", "O"]
[quadrature]
bandlimit = 4
improper = true
[[layers]]
kind = "message"
cutoff = 3.4
fade = 1.8
radial = { kernel = "gaussian", width = 0.2, power = 3, unit = 1.5, charge_exponent = 0.5 }
angular = { bump = 0.78, bandlimit = 4 }
self_share = 0.5
normalise = true
bias_std = 0.8
[[layers]]
kind = "activation"
function = "hermite"
degree = 2
[[layers]]
kind = "message"
cutoff = 2
radial = { kernel = "shells", shells = [[1.1, 0.3], [1.5, 0.3]] }
angular = { spectrum = [0.5, 0.5] }
edge_labels = "shared"
[[layers]]
kind = "group-pooling"
[[layers]]
kind = "node-sum"
pairing = "same-label"
[[layers]]
kind = "dense"
"#;

#[test]
fn files_hold_networks_on_molecules() {
    let built = Network::molecule(&[1, 6, 8])
        .quadrature(Quadrature::BandLimit(4))
        .improper()
        .message(
            Message::gaussian(3.4, 0.2)
                .fade(1.8)
                .power(3.0, 1.5)
                .charge_exponent(0.5)
                .bump(0.78, 4)
                .unwrap()
                .self_share(0.5)
                .normalised(),
            Init::new(1.0, 0.8),
        )
        .activation(Activation::Hermite { degree: 2 })
        .message(
            Message::shells(2.0, &[[1.1, 0.3], [1.5, 0.3]])
                .spectrum(&[0.5, 0.5])
                .shared(),
            Init::default(),
        )
        .group_pooling()
        .element_sum()
        .dense(Init::default())
        .build()
        .unwrap();
    let read = Network::from_toml(FILE).unwrap();
    assert_eq!(read, built);
    assert_eq!(
        Network::from_toml(&built.to_toml().unwrap()).unwrap(),
        built
    );
    assert_eq!(read.inits().len(), 3);
    let text = read.to_string();
    assert!(
        text.contains("molecule of H, C, O, with reflections"),
        "{text}"
    );
    assert!(text.contains("node-sum of each element"), "{text}");
    for (from, to, message) in [
        ("\"O\"]", "\"Q\"]", "chemical symbols"),
        ("fade = 1.8", "fade = 9", "fade is 9"),
        ("\"gaussian\"", "\"box\"", "\"gaussian\" or \"shells\""),
        ("width = 0.2,", "", "key `width`"),
        (
            "bump = 0.78",
            "spectrum = [1], bump = 0.78",
            "one of the two",
        ),
        ("\"shared\"", "\"both\"", "\"separate\" or \"shared\""),
        ("\"same-label\"", "\"pairs\"", "\"all\" or \"same-label\""),
        ("normalise = true", "normalise = 1", "true or false"),
        ("improper = true", "inproper = true", "unknown key"),
        (
            "bandlimit = 4\nimproper",
            "bandlimit = 41\nimproper",
            "at most 40",
        ),
    ] {
        let changed = FILE.replacen(from, to, 1);
        assert_ne!(changed, FILE);
        let error = Network::from_toml(&changed).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let default = FILE.replace("bandlimit = 4\nimproper", "improper");
    assert_eq!(
        Network::from_toml(&default).unwrap().quadrature(),
        Quadrature::default()
    );
    assert!(
        read.formula().to_string().contains("SO(3)") || read.formula().to_string().contains("O(3)")
    );
}
