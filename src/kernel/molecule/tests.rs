//! Fibres at given relative rotations.

use std::sync::Arc;

use super::geometry::MoleculeGeometry;
use super::rotations::Rotations;
use crate::activation::Activation;
use crate::atoms::Atoms;
use crate::group::{EulerZyz, Rotation};
use crate::kernel::recursion::{FibreBuffers, Geometry, Recursion};
use crate::network::{Init, Message, Network};
use crate::tol;

fn message() -> Message {
    Message::gaussian(3.4, 0.3)
        .spectrum(&[0.4, 0.4, 0.2])
        .self_share(0.5)
}

fn network() -> Network {
    Network::molecule(&[1, 6, 8])
        .message(message(), Init::new(1.0, 0.3))
        .activation(Activation::Erf)
        .message(message().shared(), Init::new(0.9, 0.1))
        .activation(Activation::Relu)
        .at_nodes()
        .build()
        .unwrap()
}

/// Both kernels of all pairs of atoms at all relative rotations, as they lie in memory.
fn fibres(geometry: &MoleculeGeometry<f64>, [a, b]: [&Atoms; 2]) -> [Vec<f64>; 2] {
    let recursion = Recursion::new(&network());
    let mut workspace = geometry.make_workspace();
    let [a, b] = [a, b].map(|atoms| {
        let signal = Arc::new(geometry.signal(atoms));
        let own = recursion
            .self_covariance(geometry, &signal, &mut workspace)
            .unwrap();
        (signal, own)
    });
    let signals = [&a.0, &b.0];
    let variances = [&a.1.variances[..], &b.1.variances[..]];
    let mut buffers = FibreBuffers::default();
    let found =
        recursion.between_points(geometry, signals, variances, &mut workspace, &mut buffers);
    found.unwrap().1
}

/// K(r; q m, m') = K(r q; m, m'): a convention that differs between two messages, or from the stated one, fails.
#[test]
fn fibres_turn_with_the_molecules() {
    let rotation = |alpha, beta, gamma| Rotation::from(EulerZyz::new(alpha, beta, gamma).unwrap());
    let water = vec![[0.0, 0.0, 0.1], [0.1, 0.8, -0.5], [0.0, -0.7, -0.4]];
    let chiral = vec![
        [0.0, 0.0, 0.0],
        [1.4, 0.1, 0.0],
        [-0.3, 1.0, 0.2],
        [-0.4, -0.5, 0.9],
    ];
    let m = Atoms::new(vec![8, 1, 1], water).unwrap();
    let other = Atoms::new(vec![6, 8, 1, 1], chiral).unwrap();
    let q = rotation(0.4, 1.3, -0.8);
    let turned = m.rotated(&q).unwrap();
    let list = [
        rotation(0.0, 0.0, 0.0),
        rotation(1.0, 0.7, 0.3),
        rotation(-2.0, 2.5, 1.4),
    ];
    let geometry = |rotations: Vec<Rotation>| {
        let matrices: Vec<_> = rotations.iter().map(Rotation::to_matrix).collect();
        MoleculeGeometry::new(&network(), Rotations::some(&matrices))
    };
    let at_r = geometry(list.to_vec());
    let at_rq = geometry(list.iter().map(|r| r.compose(&q)).collect());
    let found = fibres(&at_r, [&turned, &other]);
    let want = fibres(&at_rq, [&m, &other]);
    // One block of registers per pair of atoms.
    let stride = found[0].len() / 12;
    for kind in 0..2 {
        for pair in 0..12 {
            for (index, r) in list.iter().enumerate() {
                let at = pair * stride + index;
                assert!((found[kind][at] - want[kind][at]).abs() < tol::HUNDREDS_OF_TERMS);
                // The same at r = e of the rotated molecule.
                let alone = geometry(vec![Rotation::identity()]);
                let direct = fibres(&alone, [&turned.rotated(r).unwrap(), &other]);
                let apart = (found[kind][at] - direct[kind][pair]).abs();
                assert!(
                    apart < tol::HUNDREDS_OF_TERMS,
                    "{kind} {pair} {index}: {apart}"
                );
            }
        }
    }
}
