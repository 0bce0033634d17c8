//! Fibres at given relative rotations.

use std::sync::Arc;

use super::geometry::MoleculeGeometry;
use super::rotations::Rotations;
use crate::activation::{Activation, Real};
use crate::atoms::{Atoms, distance};
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
fn fibres<T: Real>(
    network: &Network,
    geometry: &MoleculeGeometry<T>,
    [a, b]: [&Atoms; 2],
) -> [Vec<f64>; 2] {
    let recursion = Recursion::new(network);
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
        MoleculeGeometry::<f64>::new(&network(), Rotations::some(&matrices))
    };
    let at_r = geometry(list.to_vec());
    let at_rq = geometry(list.iter().map(|r| r.compose(&q)).collect());
    let found = fibres(&network(), &at_r, [&turned, &other]);
    let want = fibres(&network(), &at_rq, [&m, &other]);
    // One block of registers per pair of atoms.
    let stride = found[0].len() / 12;
    for kind in 0..2 {
        for pair in 0..12 {
            for (index, r) in list.iter().enumerate() {
                let at = pair * stride + index;
                assert!((found[kind][at] - want[kind][at]).abs() < tol::HUNDREDS_OF_TERMS);
                // The same at r = e of the rotated molecule.
                let alone = geometry(vec![Rotation::identity()]);
                let direct = fibres(&network(), &alone, [&turned.rotated(r).unwrap(), &other]);
                let apart = (found[kind][at] - direct[kind][pair]).abs();
                assert!(
                    apart < tol::HUNDREDS_OF_TERMS,
                    "{kind} {pair} {index}: {apart}"
                );
            }
        }
    }
}

/// Carbon and hydrogen at random places of a box, at least one Å apart.
fn crowd(count: usize, mut seed: u64) -> Atoms {
    let mut random = || {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        3.4 * ((seed >> 40) as f64 / (1u64 << 24) as f64)
    };
    let mut positions: Vec<[f64; 3]> = Vec::new();
    while positions.len() < count {
        let x = std::array::from_fn(|_| random());
        if positions.iter().all(|y| distance(&x, y) > 1.0) {
            positions.push(x);
        }
    }
    let numbers = (0..count).map(|n| if n % 3 == 0 { 1 } else { 6 });
    Atoms::new(numbers.collect(), positions).unwrap()
}

/// Moments of directions and sums over pairs of edges share the weights alone.
fn moments_are_sums_over_pairs<T: Real>(rounding: f64) {
    let (a, b) = (crowd(12, 1), crowd(13, 2));
    let spectra = [0.3, 0.4, 0.2, 0.15, 0.1, 0.25];
    for degrees in 1..=spectra.len() {
        // The third degree may be absent.
        let mut spectrum = spectra[..degrees].to_vec();
        if degrees == 4 {
            spectrum[2] = 0.0;
        }
        for first in [
            Message::gaussian(3.4, 0.3).self_share(0.5),
            Message::shells(3.0, &[[1.5, 0.5], [2.0, 0.5]]).shared(),
        ] {
            let network = Network::molecule(&[1, 6])
                .message(first.spectrum(&spectrum), Init::new(1.0, 0.3))
                .at_nodes()
                .build()
                .unwrap();
            let rotations = Rotations::haar(3, true).unwrap();
            let mut geometry = MoleculeGeometry::<T>::new(&network, rotations);
            let found = fibres(&network, &geometry, [&a, &b]);
            assert!(geometry.leave_moments());
            let want = fibres(&network, &geometry, [&a, &b]);
            let scale = want[0].iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            for (found, want) in found.iter().zip(&want) {
                for (x, y) in found.iter().zip(want) {
                    let apart = (x - y).abs() / scale;
                    assert!(apart <= rounding, "{degrees}: {apart:e}");
                }
            }
        }
    }
}

#[test]
fn moments_are_sums_over_pairs_of_edges() {
    moments_are_sums_over_pairs::<f64>(tol::HUNDREDS_OF_TERMS);
    moments_are_sums_over_pairs::<f32>(tol::HUNDREDS_OF_TERMS_SINGLE);
}
