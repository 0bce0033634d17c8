//! Explicit features of networks with one message: products against fibres over the relative rotations, forces against differences.

use crate::common::close::{assert_close, assert_named_close};
use crate::common::tol::gradient as slopes;
use crate::common::tol::kernel as tol;

use super::{copy, mirrored, molecules, rotation};
use haarmonic::Error;
use haarmonic::activation::{Activation, Elementwise};
use haarmonic::atoms::Atoms;
use haarmonic::kernel::{Kernel, KernelError};
use haarmonic::network::{Init, Message, Network, NodePooling, Quadrature};
use ndarray::{Array1, Array2, Axis};

const FIRST: Init = Init {
    weight_std: 1.3,
    bias_std: 0.4,
};
const LAST: Init = Init {
    weight_std: 0.9,
    bias_std: 0.2,
};

/// A function as Rust code has no known degree, so its kernels are means over fibres, whose quadrature is exact for polynomials.
fn by_fibres(activation: &Activation) -> Activation {
    let (function, derivative) = (activation.clone(), activation.clone());
    let elementwise = Elementwise::new(
        "polynomial",
        8,
        move |x| function.value(x),
        move |x| derivative.derivative(x),
    );
    Activation::Elementwise(elementwise.unwrap())
}

fn messages() -> Vec<Message> {
    let smooth = Message::gaussian(2.6, 0.3)
        .fade(1.1)
        .power(1.5, 1.2)
        .charge_exponent(0.25)
        .spectrum(&[0.5, 0.3, 0.2]);
    let shells = Message::shells(3.0, &[[0.8, 0.4], [1.3, 0.5]]).spectrum(&[0.2, 0.0, 0.7, 0.0]);
    vec![
        smooth.clone().self_share(0.4),
        smooth.shared().self_share(0.6).normalised(),
        shells.clone().shared().self_share(0.3),
        shells.clone().normalised(),
        shells,
    ]
}

/// One message, layers around the activation, a readout, and with `after` an activation after it.
fn network(
    message: &Message,
    activation: Activation,
    [normalised, deep, after, improper]: [bool; 4],
    readout: NodePooling,
) -> Network {
    let start = Network::molecule(&[8, 1, 6, 9]).quadrature(Quadrature::BandLimit(4));
    let start = if improper { start.improper() } else { start };
    let start = start.message(message.clone(), FIRST);
    let start = match normalised {
        true => start.normalisation(),
        false => start,
    };
    let start = match deep {
        true => start.residual(|block| block.activation(activation.clone()).dense(LAST)),
        false => start.activation(activation.clone()).dense(LAST),
    };
    let pooled = start.dense(LAST).group_pooling().dense(FIRST);
    let sum = match readout {
        NodePooling::LabelSum => pooled.element_sum(),
        NodePooling::Mean => pooled.node_mean(),
        _ => pooled.node_sum(),
    };
    match after {
        true => sum
            .dense(LAST)
            .activation(Activation::Relu)
            .dense(FIRST)
            .build(),
        false => sum.dense(LAST).build(),
    }
    .unwrap()
}

/// The three molecules, one turned, and an atom alone.
fn all_molecules() -> Vec<Atoms> {
    let mut all = molecules().to_vec();
    all.push(copy(&all[2], [0.7, 1.1, -0.3], [4.0, 0.0, 1.0]));
    all.push(Atoms::new(vec![6], vec![[0.0; 3]]).unwrap());
    all
}

#[test]
fn products_of_features_are_means_over_fibres() {
    let atoms = all_molecules();
    let activations = [
        Activation::Hermite { degree: 2 },
        Activation::Monomial { degree: 2 },
        Activation::Monomial { degree: 1 },
    ];
    let readouts = [NodePooling::LabelSum, NodePooling::Sum, NodePooling::Mean];
    let mut case = 0;
    for message in &messages() {
        for readout in readouts {
            for bits in [[0b0000, 0b1101], [0b0011, 0b0110]][case / 2 % 2] {
                let options = [1, 2, 4, 8].map(|bit| bits & bit != 0);
                case += 1;
                let activation = &activations[case % 3];
                let found = network(message, activation.clone(), options, readout);
                let kernel = Kernel::new(&found).unwrap();
                let gram = kernel.gram(&atoms[..]).unwrap();
                assert_eq!(gram.error, KernelError::Exact);
                let want = network(message, by_fibres(activation), options, readout);
                let want = Kernel::new(&want).unwrap().gram(&atoms[..]).unwrap();
                assert!(want.error != KernelError::Exact);
                let name = format!("{message} {activation} {options:?} {readout:?}");
                assert_named_close(&name, &gram.nngp, &want.nngp, tol::INVARIANCE);
                assert_named_close(&name, &gram.ntk, &want.ntk, tol::INVARIANCE);

                let cross = kernel.cross(&atoms[..2], &atoms[1..]).unwrap();
                for (pair, value) in cross.ntk.indexed_iter() {
                    let want = gram.ntk[[pair.0, pair.1 + 1]];
                    assert!((value - want).abs() <= tol::ROUNDING * want.abs(), "{name}");
                }
                let prepared = kernel.prepare(&atoms[..]).unwrap();
                if options[2] {
                    assert!(kernel.feature_map(&prepared).is_err());
                    continue;
                }
                let map = kernel.feature_map(&prepared).unwrap();
                let features = map.nngp().unwrap();
                assert_eq!(features.dim(), (5, map.nngp_len()));
                assert_named_close(
                    &name,
                    features.dot(&features.t()),
                    &want.nngp,
                    tol::INVARIANCE,
                );
                let features = map.ntk().unwrap();
                assert_named_close(
                    &name,
                    features.dot(&features.t()),
                    &want.ntk,
                    tol::INVARIANCE,
                );
            }
        }
    }
}

/// Any numbers of order one.
fn weights(count: usize) -> Array1<f64> {
    Array1::from_shape_fn(count, |n| (n as f64 * 1.7 + 0.3).sin())
}

/// A function of molecules, linear in the features for K (0) or Θ (1), with its forces.
fn function(kernel: &Kernel, kind: usize, atoms: &[Atoms]) -> (Array1<f64>, Vec<Array2<f64>>) {
    let prepared = kernel.prepare(atoms).unwrap();
    let map = kernel.feature_map(&prepared).unwrap();
    match kind {
        0 => {
            let weights = weights(map.nngp_len());
            let forces = map.nngp_forces(weights.view()).unwrap();
            (map.nngp().unwrap().dot(&weights), forces)
        }
        _ => {
            let weights = weights(map.ntk_len());
            let forces = map.ntk_forces(weights.view()).unwrap();
            (map.ntk().unwrap().dot(&weights), forces)
        }
    }
}

fn moved(atoms: &Atoms, [atom, axis]: [usize; 2], step: f64) -> Atoms {
    let mut positions = atoms.positions().to_vec();
    positions[atom][axis] += step;
    Atoms::new(atoms.atomic_numbers().to_vec(), positions).unwrap()
}

#[test]
fn forces_are_slopes_and_turn_with_the_molecule() {
    let readouts = [NodePooling::LabelSum, NodePooling::Sum, NodePooling::Mean];
    let [water, _, chiral] = molecules();
    let angles = [0.4, 1.3, -0.8];
    let turned = chiral.rotated(&rotation(angles)).unwrap();
    for (n, message) in messages().iter().enumerate() {
        let options = [n % 2 == 0, n % 3 == 1, false, false];
        let network = network(
            message,
            Activation::Hermite { degree: 2 },
            options,
            readouts[n % 3],
        );
        let kernel = Kernel::new(&network).unwrap();
        for kind in 0..2 {
            let given = [
                water.clone(),
                chiral.clone(),
                turned.clone(),
                mirrored(&chiral),
            ];
            let (values, forces) = function(&kernel, kind, &given);
            for (m, atoms) in [&water, &chiral].into_iter().enumerate() {
                let want = Array2::from_shape_fn((atoms.len(), 3), |(atom, axis)| {
                    let step = slopes::POSITION_STEP;
                    let ends = [step, -step].map(|step| moved(atoms, [atom, axis], step));
                    let (values, _) = function(&kernel, kind, &ends);
                    (values[1] - values[0]) / (2.0 * step)
                });
                let name = format!("{message} {kind} {m}");
                assert_named_close(&name, &forces[m], &want, slopes::FORCE);
                // Nothing pushes or turns a molecule as a whole.
                let total = forces[m].sum_axis(Axis(0));
                assert_close(total + 1.0, [1.0; 3], tol::INVARIANCE);
                let torque = torque(atoms, &forces[m]);
                assert_close(torque.map(|t| t + 1.0), [1.0; 3], tol::INVARIANCE);
            }
            assert_close(
                [values[2], values[3]],
                [values[1]; 2],
                slopes::TURNED_FEATURES,
            );
            let matrix = rotation(angles).to_matrix();
            let want = Array2::from_shape_fn((chiral.len(), 3), |(atom, axis)| {
                (0..3)
                    .map(|b| matrix[axis][b] * forces[1][[atom, b]])
                    .sum::<f64>()
            });
            assert_close(&forces[2], &want, slopes::TURNED_FEATURES);
        }
    }
}

fn torque(atoms: &Atoms, forces: &Array2<f64>) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for (x, f) in atoms.positions().iter().zip(forces.outer_iter()) {
        for (axis, sum) in sum.iter_mut().enumerate() {
            let [b, c] = [(axis + 1) % 3, (axis + 2) % 3];
            *sum += x[b] * f[c] - x[c] * f[b];
        }
    }
    sum
}

#[test]
fn networks_without_features_say_so() {
    let message = || Message::gaussian(2.0, 0.3);
    let square = Activation::Hermite { degree: 2 };
    let start = || Network::molecule(&[1, 6, 8]).message(message(), FIRST);
    let networks = [
        // A second message, another function, and a function after the mean over the group.
        start()
            .activation(square.clone())
            .message(message(), LAST)
            .group_pooling()
            .element_sum()
            .dense(LAST),
        start()
            .activation(Activation::Relu)
            .group_pooling()
            .element_sum()
            .dense(LAST),
        start()
            .activation(square.clone())
            .group_pooling()
            .normalisation()
            .element_sum()
            .dense(LAST),
    ];
    let atoms = molecules();
    for network in networks {
        let kernel = Kernel::new(&network.build().unwrap()).unwrap();
        let prepared = kernel.prepare(&atoms[..]).unwrap();
        let refused = kernel.feature_map(&prepared).err().unwrap();
        assert!(matches!(refused, Error::InvalidValue { .. }), "{refused}");
        kernel.gram(&atoms[..]).unwrap();
    }
    let network = start()
        .activation(square)
        .group_pooling()
        .element_sum()
        .dense(LAST);
    let kernel = Kernel::new(&network.build().unwrap()).unwrap();
    let prepared = kernel.prepare(&atoms[..]).unwrap();
    let map = kernel.feature_map(&prepared).unwrap();
    let wrong = map.ntk_forces(weights(3).view()).err().unwrap();
    assert!(matches!(wrong, Error::ShapeMismatch { .. }), "{wrong}");
    let mut given = weights(map.ntk_len());
    given[1] = f64::NAN;
    let wrong = map.ntk_forces(given.view()).err().unwrap();
    assert!(matches!(wrong, Error::NotFinite { .. }), "{wrong}");
}
