//! Invariances of kernels of molecules, and what they do not identify.

use crate::common::close::assert_close;
use crate::common::tol::kernel as tol;

use super::{copy, mirrored, molecules, rotation};
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices};
use haarmonic::network::builder::{Activated, NetworkBuilder, OverMolecule};
use haarmonic::network::{Init, Message, Network, Quadrature};

fn message() -> Message {
    Message::gaussian(3.4, 0.3)
        .power(1.0, 1.5)
        .spectrum(&[0.4, 0.4, 0.2])
        .self_share(0.5)
}

/// Two messages with the third moments that tell mirror images apart.
fn start(improper: bool, quadrature: Quadrature) -> NetworkBuilder<OverMolecule, Activated> {
    let start = Network::molecule(&[1, 6, 8]).quadrature(quadrature);
    let start = if improper { start.improper() } else { start };
    start
        .message(message(), Init::new(1.0, 0.3))
        .activation(Activation::Monomial { degree: 3 })
}

fn gram(network: haarmonic::Result<Network>, atoms: &[Atoms]) -> KernelMatrices {
    Kernel::new(&network.unwrap()).unwrap().gram(atoms).unwrap()
}

#[test]
fn moved_turned_and_permuted_copies_are_equal() {
    let [water, _, chiral] = molecules();
    let atoms = [
        copy(&water, [0.7, 1.2, -0.4], [10.0, -3.0, 0.5]),
        copy(&chiral, [2.0, 0.3, 1.1], [0.3, 0.2, 7.0]),
        water,
        chiral,
    ];
    let cubic = start(false, Quadrature::default())
        .group_pooling()
        .element_sum()
        .dense(Init::new(1.1, 0.2))
        .build();
    let deeper = Network::molecule(&[1, 6, 8])
        .message(message().normalised(), Init::new(1.0, 0.3))
        .activation(Activation::Hermite { degree: 2 })
        .message(message(), Init::new(1.2, 0.1))
        .group_pooling()
        .normalisation()
        .activation(Activation::Relu)
        .dense(Init::default())
        .node_mean()
        .build();
    for network in [cubic, deeper] {
        let found = gram(network, &atoms);
        assert_eq!(found.error, KernelError::Exact);
        for matrix in [&found.nngp, &found.ntk] {
            for (i, j) in [(0, 2), (1, 3)] {
                let scale = matrix[[i, i]];
                for (x, y) in [((i, i), (i, j)), ((i, 1), (j, 1)), ((i, 0), (j, 0))] {
                    let apart = (matrix[x] - matrix[y]).abs() / scale;
                    assert!(apart < tol::INVARIANCE, "{x:?} {y:?}: {apart}");
                }
            }
        }
    }
}

#[test]
fn mirror_images_are_equal_with_reflections_alone() {
    let [_, _, chiral] = molecules();
    let atoms = [chiral.clone(), mirrored(&chiral)];
    for improper in [false, true] {
        let network = start(improper, Quadrature::default())
            .group_pooling()
            .element_sum()
            .dense(Init::default())
            .build();
        let found = gram(network, &atoms).nngp;
        let apart = 1.0 - found[[0, 1]] / found[[0, 0]];
        match improper {
            true => assert!(apart.abs() < tol::INVARIANCE, "{apart}"),
            false => assert!(apart > tol::ASKED, "{apart}"),
        }
    }
}

/// K(r; q m, m') = K(r q; m, m'), read at r = e of rotated molecules: rotating both molecules changes nothing, rotating one does.
#[test]
fn features_at_atoms_turn_with_the_molecule() {
    let [water, _, chiral] = molecules();
    let network = start(false, Quadrature::default())
        .message(message(), Init::new(0.8, 0.1))
        .at_nodes()
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let q = rotation([0.3, 1.0, 2.0]);
    let turned = [&water, &chiral].map(|m| m.rotated(&q).unwrap());
    let cross = |a: &Atoms, b: &Atoms| kernel.cross(&[a.clone()][..], &[b.clone()][..]).unwrap();
    let plain = cross(&water, &chiral).ntk;
    assert_close(cross(&turned[0], &turned[1]).ntk, &plain, tol::INVARIANCE);
    let one = cross(&turned[0], &chiral).ntk;
    let apart = (&one - &plain).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    assert!(apart > tol::COARSE, "{apart}");
    let other = water.rotated(&q.inverse()).unwrap();
    let back = cross(&other.rotated(&q).unwrap(), &chiral).ntk;
    assert_close(back, &plain, tol::INVARIANCE);
}

/// Atoms beyond the cutoff, a single atom, and molecules without a common element.
#[test]
fn atoms_without_neighbours_have_finite_kernels() {
    let atoms = [
        Atoms::new(vec![1, 1], vec![[0.0; 3], [9.0, 0.0, 0.0]]).unwrap(),
        Atoms::new(vec![8], vec![[0.0; 3]]).unwrap(),
        molecules()[0].clone(),
    ];
    let alone = Message::gaussian(3.0, 0.3).spectrum(&[0.5, 0.5]);
    for activation in [
        Activation::Relu,
        Activation::Erf,
        Activation::Hermite { degree: 2 },
    ] {
        for (normalised, bias) in [(false, 0.0), (true, 0.0), (true, 0.3)] {
            let message = match normalised {
                true => alone.clone().normalised(),
                false => alone.clone(),
            };
            let network = Network::molecule(&[1, 8])
                .quadrature(Quadrature::BandLimit(3))
                .message(message.clone(), Init::new(1.0, bias))
                .normalisation()
                .activation(activation.clone())
                .message(message, Init::new(1.0, bias))
                .group_pooling()
                .normalisation()
                .element_sum()
                .dense(Init::default())
                .build();
            let found = gram(network, &atoms);
            let all = found.nngp.iter().chain(&found.ntk);
            assert!(all.clone().all(|x| x.is_finite()), "{found:?}");
            assert!(found.nngp[[2, 2]] > 0.0);
            assert_eq!(found.nngp[[0, 1]], 0.0);
        }
    }
}

/// Outputs at the atoms after a mean over the group: with a tolerance the quadrature is refined, a fixed one has a sampled error.
#[test]
fn features_at_atoms_have_error_estimates() {
    let atoms = molecules();
    let network = |quadrature| {
        Network::molecule(&[1, 6, 8])
            .quadrature(quadrature)
            .message(message(), Init::new(1.0, 0.3))
            .activation(Activation::Erf)
            .group_pooling()
            .at_nodes()
            .build()
    };
    let fine = gram(network(Quadrature::BandLimit(12)), &atoms);
    assert_eq!(fine.nngp.dim(), (12, 12));
    let found = gram(network(Quadrature::Tolerance(tol::ASKED)), &atoms);
    assert!(matches!(found.error, KernelError::Entries { .. }));
    assert_close(&found.nngp, &fine.nngp, 2.0 * tol::ASKED);
    assert_close(&found.ntk, &fine.ntk, 2.0 * tol::ASKED);
    let coarse = gram(network(Quadrature::BandLimit(3)), &atoms);
    let apart = (&coarse.nngp - &fine.nngp)
        .iter()
        .fold(0.0, |m: f64, x| m.max(x.abs()));
    let KernelError::Sampled { largest, .. } = coarse.error else {
        panic!("a fixed quadrature that is not exact has a sampled error");
    };
    assert!(apart > 0.0 && largest.nngp > 0.5 * apart && largest.nngp < 2.0 * apart);
}

/// The layers after the mean over the group take its values at the level of the quadrature as variances.
#[test]
fn layers_after_the_mean_refine() {
    let atoms = molecules();
    let network = |quadrature| {
        Network::molecule(&[1, 6, 8])
            .quadrature(quadrature)
            .message(message(), Init::new(1.0, 0.3))
            .activation(Activation::Erf)
            .group_pooling()
            .dense(Init::new(1.0, 0.2))
            .normalisation()
            .activation(Activation::Hermite { degree: 2 })
            .element_sum()
            .dense(Init::default())
            .build()
    };
    let asked = tol::ASKED;
    let fine = gram(network(Quadrature::BandLimit(12)), &atoms);
    let found = gram(network(Quadrature::Tolerance(asked)), &atoms);
    assert_close(&found.ntk, &fine.ntk, 2.0 * asked);
    assert_close(&found.nngp, &fine.nngp, 2.0 * asked);
    // A molecule is nearer to its copy than to others: an atom with itself has correlation one.
    let KernelError::Entries { nngp, .. } = found.error else {
        panic!("a tolerance leads to an error per entry");
    };
    assert!(nngp.iter().zip(&found.nngp).all(|(e, k)| *e <= asked * k));
}
