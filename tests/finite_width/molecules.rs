//! Networks of finite width on molecules: their kernels, their symmetries, their training, and what they refuse.

use crate::common::close::relative_difference as difference;
use crate::common::tol::finite_width as tol;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{Augmentation, FiniteNetwork, Trainer, Width};
use haarmonic::group::{EulerZyz, PointGroup, Rotation};
use haarmonic::network::{Init, Message, Network, Quadrature};
use ndarray::array;
use std::f64::consts::TAU;

use super::monte_carlo::{Effort, assert_agreement, compare, deviations, estimate};

const ELEMENTS: [u8; 3] = [1, 6, 8];

/// Water, and a molecule without symmetries.
fn molecules() -> Vec<Atoms> {
    let water = vec![
        [0.0, 0.0, 0.1173],
        [0.0, 0.7572, -0.4692],
        [0.0, -0.7572, -0.4692],
    ];
    let bent = vec![
        [0.0, 0.0, -0.5],
        [0.2, 0.1, 0.7],
        [0.3, 0.9, -1.1],
        [-0.6, -0.7, -0.9],
    ];
    vec![
        Atoms::new(vec![8, 1, 1], water).unwrap(),
        Atoms::new(vec![6, 8, 1, 1], bent).unwrap(),
    ]
}

/// The atoms in another order, turned and moved.
fn copy(atoms: &Atoms, rotation: &Rotation) -> Atoms {
    let turned = atoms.rotated(rotation).unwrap();
    let order = (0..atoms.len()).rev();
    let numbers = order.clone().map(|i| atoms.atomic_numbers()[i]);
    let positions = order.map(|i| {
        let [x, y, z] = turned.positions()[i];
        [x + 0.5, y - 1.0, z + 2.0]
    });
    Atoms::new(numbers.collect(), positions.collect()).unwrap()
}

fn near() -> Message {
    Message::shells(2.5, &[[0.8, 0.5], [1.6, 0.6]])
        .power(1.0, 1.0)
        .spectrum(&[0.5, 0.8])
}

fn bonds() -> Message {
    Message::shells(2.0, &[[1.1, 0.5]])
        .spectrum(&[0.3, 0.9])
        .self_share(0.6)
}

fn hermite() -> Activation {
    Activation::Hermite { degree: 2 }
}

fn limited(network: Network, band_limit: usize) -> Network {
    network
        .with_quadrature(Quadrature::BandLimit(band_limit))
        .unwrap()
}

/// Two messages with rectifiers.
fn rectified(second: Message) -> Network {
    Network::molecule(&ELEMENTS)
        .message(near(), Init::new(1.2, 0.3))
        .activation(Activation::Relu)
        .message(second, Init::new(1.1, 0.1))
        .activation(Activation::Relu)
        .group_pooling()
        .node_sum()
        .dense(Init::new(0.9, 0.2))
        .build()
        .unwrap()
}

#[test]
fn kernels_are_means_over_networks() {
    let molecules = molecules();
    let start = || Network::molecule(&ELEMENTS);
    // One hidden layer is not biased at any width.
    let one = start()
        .message(near().self_share(0.5), Init::new(1.1, 0.6))
        .activation(hermite())
        .group_pooling()
        .element_sum()
        .dense(Init::new(1.0, 0.3));
    let smooth = Message::gaussian(2.5, 0.6).fade(1.0).charge_exponent(0.3);
    let shared = start()
        .message(
            smooth.shared().self_share(0.7).spectrum(&[0.0, 1.0]),
            Init::new(0.5, 0.2),
        )
        .activation(Activation::Erf)
        .dense(Init::default())
        .group_pooling()
        .activation(Activation::Relu)
        .node_mean()
        .dense(Init::new(1.0, 0.3));
    // Linear networks are not biased either.
    let linear = start()
        .message(near(), Init::new(1.2, 0.3))
        .message(bonds().shared(), Init::new(1.0, 0.6))
        .group_pooling()
        .element_sum()
        .dense(Init::default());
    for (network, band_limit, effort) in [
        (one.build().unwrap(), 2, Effort(32, 300)),
        (limited(shared.build().unwrap(), 4), 3, Effort(32, 150)),
        (linear.build().unwrap(), 2, Effort(32, 240)),
    ] {
        let finite = limited(network.clone(), band_limit);
        let worst = compare(&network, &finite, (&molecules).into(), effort);
        assert_agreement(&network, worst, tol::MOLECULE_ERROR);
    }
}

#[test]
fn directions_of_second_messages_matter() {
    let molecules = molecules();
    let finite = limited(rectified(bonds()), 3);
    let found = estimate(&finite, (&molecules).into(), Effort(32, 80));
    let worst = |message| {
        let kernel = limited(rectified(message), 5);
        deviations(&kernel, (&molecules).into(), &found)
    };
    assert_agreement(&finite, worst(bonds()), tol::MOLECULE_ERROR);
    // An isotropic second message of the same size has other kernels.
    let isotropic = bonds().spectrum(&[1.2]);
    let [[nngp, _], [ntk, _]] = worst(isotropic);
    assert!(nngp > 2.0 && ntk > 2.0, "{nngp} {ntk}");
}

fn outputs(network: &FiniteNetwork, molecules: &[Atoms]) -> Vec<f64> {
    let outputs = network.forward(&network.prepare(molecules).unwrap());
    let outputs = outputs.unwrap().to_dtype(DType::F64).unwrap();
    outputs.flatten_all().unwrap().to_vec1().unwrap()
}

fn finite(network: &Network) -> FiniteNetwork {
    FiniteNetwork::new(network, Width::new(6, 2), 5, DType::F64).unwrap()
}

#[test]
fn networks_are_equivariant() {
    let molecules = molecules();
    let rotation = Rotation::from(EulerZyz::new(0.4, 1.1, 2.3).unwrap());
    let copies = |rotation: &Rotation| -> Vec<Atoms> {
        molecules.iter().map(|m| copy(m, rotation)).collect()
    };
    let change = |network: &FiniteNetwork, others: &[Atoms]| {
        difference(outputs(network, others), outputs(network, &molecules))
    };
    // The quadrature of polynomials is exact: degree 2 (2 · 1 + 1), without a stated band limit.
    let start = |improper: bool| {
        let start = Network::molecule(&ELEMENTS);
        let start = if improper { start.improper() } else { start };
        start
            .message(near(), Init::new(1.2, 0.3))
            .activation(hermite())
            .message(bonds(), Init::new(1.1, 0.1))
            .activation(hermite())
            .group_pooling()
            .element_sum()
            .dense(Init::default())
            .build()
            .unwrap()
    };
    let exact = finite(&start(false));
    let apart = change(&exact, &copies(&rotation));
    assert!(apart < tol::ROUNDING, "{apart:e}");
    let apart = change(&finite(&limited(start(false), 2)), &copies(&rotation));
    assert!(apart > tol::SEEN, "two rings are too few: {apart:e}");
    // Mirror images.
    let mirrored: Vec<Atoms> = molecules
        .iter()
        .map(|atoms| {
            let positions = atoms.positions().iter().map(|&[x, y, z]| [x, y, -z]);
            Atoms::new(atoms.atomic_numbers().to_vec(), positions.collect()).unwrap()
        })
        .collect();
    let apart = change(&finite(&start(true)), &mirrored);
    assert!(apart < tol::ROUNDING, "{apart:e}");

    // Rotations about the z axis by the steps of the quadrature permute its nodes; for other rotations the change falls with the band limit.
    let mut last = f64::INFINITY;
    for band_limit in [2, 3, 4] {
        let network = finite(&limited(rectified(bonds()), band_limit));
        let step = Rotation::about_z(TAU / (2 * band_limit - 1) as f64).unwrap();
        let apart = change(&network, &copies(&step));
        assert!(apart < tol::ROUNDING, "{band_limit}: {apart:e}");
        let apart = change(&network, &copies(&rotation));
        println!("M = {band_limit}: {apart:.1e}");
        assert!(apart > tol::ROUNDING && apart < last, "{apart} {last}");
        last = apart;
    }
    assert!(last < tol::TURNED_MOLECULE, "{last}");
}

#[test]
fn molecules_of_different_sizes_make_batches_and_train() {
    let molecules = molecules();
    let network = finite(&limited(rectified(bonds()), 2));
    assert_eq!(network.output_shape(), [1, 2]);
    assert_eq!(
        network.names(),
        [
            "0.weight", "0.bias", "2.weight", "2.bias", "6.weight", "6.bias"
        ]
    );
    // Three elements, with as many kinds of neighbours, two shells and four harmonics; then one shell, and the atom itself.
    let shapes: Vec<Vec<usize>> = network
        .parameters()
        .iter()
        .map(|p| p.dims().to_vec())
        .collect();
    assert_eq!(shapes[0], [3, 3 * 2 * 4, 6]);
    assert_eq!(shapes[2], [3, (3 * 4 + 1) * 6, 6]);
    let inputs = network.prepare(&molecules).unwrap();
    assert_eq!(inputs.dims(), [2, 4, 4]);
    let together = outputs(&network, &molecules);
    let alone: Vec<f64> = molecules
        .iter()
        .flat_map(|m| outputs(&network, std::slice::from_ref(m)))
        .collect();
    assert!(difference(&together, &alone) < tol::ROUNDING);
    // An atom without neighbours, and without a bias: zero divided by zero stays zero.
    let lonely = vec![Atoms::new(vec![8], vec![[0.0; 3]]).unwrap()];
    let normed = Network::molecule(&ELEMENTS)
        .message(near(), Init::default())
        .normalisation()
        .activation(Activation::Erf)
        .group_pooling()
        .node_sum()
        .dense(Init::default())
        .build()
        .unwrap();
    assert_eq!(outputs(&finite(&limited(normed, 2)), &lonely), [0.0, 0.0]);
    // Training.
    let targets = array![[0.4, -0.2], [-0.3, 0.5]];
    let trainer = || {
        Trainer::regression(&network, &inputs, targets.view())
            .learning_rate(0.05)
            .batch_size(1)
    };
    let runs = trainer()
        .ensemble(3..5, &[0, 40], |member| member.loss())
        .unwrap();
    for losses in runs {
        assert!(losses[1] < 0.5 * losses[0], "{losses:?}");
    }
    let turns = Augmentation::images(2, 2, PointGroup::C4.elements()).unwrap();
    let error = trainer().augmentation(turns).build().unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |network: &Network, words: &str| {
        let error = FiniteNetwork::new(network, Width::new(2, 1), 0, DType::F32).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, Error::InvalidValue { .. }) && text.contains(words),
            "{text}"
        );
    };
    let start = |message| {
        Network::molecule(&ELEMENTS)
            .message(message, Init::default())
            .group_pooling()
    };
    refused(&rectified(bonds()), "quadrature");
    refused(&start(near()).at_nodes().build().unwrap(), "outputs");
    let summed = |message| start(message).node_sum().build().unwrap();
    refused(&summed(near().normalised()), "normalised");
    refused(&summed(Message::gaussian(9.0, 0.01)), "radial kernel");

    let network = finite(&summed(near()));
    let inputs = network.prepare(&molecules()).unwrap();
    let stranger = vec![Atoms::new(vec![7], vec![[0.0; 3]]).unwrap()];
    assert!(network.prepare(&stranger).is_err());
    let error = network
        .forward(&inputs.narrow(2, 0, 3).unwrap())
        .unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let changed = |values: [f64; 8]| {
        let atoms = Tensor::new(
            &[[&values[..4], &values[4..]].map(|row| <[f64; 4]>::try_from(row).unwrap())],
            inputs.device(),
        );
        network.forward(&atoms.unwrap()).unwrap_err()
    };
    let error = changed([1.0, 0.0, 0.0, 0.0, 7.0, 1.0, 0.0, 0.0]);
    assert!(error.to_string().contains("atom 1 of input 0"), "{error}");
    let error = changed([1.0, 0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0]);
    assert!(
        error.to_string().contains("distance of atoms 0 and 1"),
        "{error}"
    );
    let error = changed([1.0, 0.0, f64::NAN, 0.0, 8.0, 0.0, 0.0, 0.0]);
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
}
