//! Kernels of molecules against stored values of an independent program.

use crate::common::close::assert_named_close;
use crate::common::tol::{activation as stored_tol, kernel as tol};

use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, KernelError};
use haarmonic::network::builder::{Gaussian, NetworkBuilder, OverMolecule};
use haarmonic::network::{Init, Message, Network, Quadrature};
use ndarray::{Array0, Array1, Array2, Array3, Axis};
use ndarray_npy::NpzReader;
use std::fs::File;

struct Stored(NpzReader<File>);

impl Stored {
    fn open() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/molecules.npz");
        Stored(NpzReader::new(File::open(path).unwrap()).unwrap())
    }

    fn molecule(&mut self, name: char) -> Atoms {
        let numbers: Array1<i64> = self.0.by_name(&format!("mol_{name}_z")).unwrap();
        let positions: Array2<f64> = self.0.by_name(&format!("mol_{name}_x")).unwrap();
        let numbers = numbers.iter().map(|&z| u8::try_from(z).unwrap());
        let positions = positions.outer_iter().map(|x| [x[0], x[1], x[2]]);
        Atoms::new(numbers.collect(), positions.collect()).unwrap()
    }

    fn rotations(&mut self) -> Vec<Rotation> {
        let matrices: Array3<f64> = self.0.by_name("rotations").unwrap();
        let matrix = |m: ndarray::ArrayView2<'_, f64>| {
            let rows = std::array::from_fn(|c| std::array::from_fn(|b| m[[c, b]]));
            Rotation::from_matrix(rows).unwrap()
        };
        matrices.outer_iter().map(matrix).collect()
    }
}

fn first() -> Message {
    Message::shells(4.0, &[[0.8, 0.6], [1.8, 0.6]])
        .spectrum(&[0.3, 0.5, 0.2])
        .self_share(0.3)
        .shared()
}

fn second() -> Message {
    Message::shells(3.0, &[[1.2, 0.8]])
        .spectrum(&[0.4, 0.6])
        .self_share(0.7)
        .shared()
}

fn start(quadrature: Quadrature) -> NetworkBuilder<OverMolecule, Gaussian> {
    Network::molecule(&[1, 6, 8])
        .quadrature(quadrature)
        .message(first(), Init::new(1.3, 0.2))
}

const ACTIVATIONS: [(&str, Activation); 4] = [
    ("linear", Activation::Monomial { degree: 1 }),
    ("square", Activation::Monomial { degree: 2 }),
    ("erf", Activation::Erf),
    ("relu", Activation::Relu),
];

/// Features at the identity of the first molecule after a rotation r: the kernel at the relative rotation r.
#[test]
fn kernels_between_atoms_are_the_stored_ones() {
    let mut stored = Stored::open();
    let rotations = stored.rotations();
    for (name, activation) in ACTIVATIONS {
        let start = || start(Quadrature::default());
        let one = || start().activation(activation.clone());
        let two = || one().message(second(), Init::new(1.1, 0.1));
        let networks = [
            start().at_nodes().build(),
            one().at_nodes().build(),
            two().at_nodes().build(),
            two().activation(activation.clone()).at_nodes().build(),
        ];
        for (step, network) in networks.into_iter().enumerate() {
            let kernel = Kernel::new(&network.unwrap()).unwrap();
            for pair in ["ww", "wf", "wr", "fr", "rr"] {
                let mut names = pair.chars();
                let [a, b] =
                    [names.next(), names.next()].map(|name| stored.molecule(name.unwrap()));
                let key = |kind| format!("so3_{name}_{pair}_{step}_{kind}");
                let [k, t]: [Array3<f64>; 2] =
                    ["K", "T"].map(|kind| stored.0.by_name(&key(kind)).unwrap());
                for (index, r) in rotations.iter().enumerate() {
                    let found = kernel
                        .cross(&[a.rotated(r).unwrap()][..], &[b.clone()][..])
                        .unwrap();
                    assert_eq!(found.error, KernelError::Exact);
                    for (kind, found, want) in [("K", found.nngp, &k), ("T", found.ntk, &t)] {
                        let want = want.index_axis(Axis(0), index);
                        assert_named_close(key(kind), found, want, stored_tol::GOLDEN);
                    }
                }
            }
        }
    }
}

fn assert_pooled(name: &str, activation: &Activation, quadrature: Quadrature, slack: f64) {
    let mut stored = Stored::open();
    let network = start(quadrature)
        .activation(activation.clone())
        .message(second(), Init::new(1.1, 0.1))
        .activation(activation.clone())
        .group_pooling()
        .node_sum()
        .dense(Init::default())
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    for pair in ["ww", "wf", "wr", "fr", "rr"] {
        let key = format!("so3_{name}_{pair}_pooled");
        let Ok(want): Result<Array1<f64>, _> = stored.0.by_name(&key) else {
            continue;
        };
        let error: Array0<f64> = stored.0.by_name(&format!("{key}_error")).unwrap();
        let mut names = pair.chars();
        let [a, b] = [names.next(), names.next()].map(|name| stored.molecule(name.unwrap()));
        let found = kernel.cross(&[a][..], &[b][..]).unwrap();
        let estimate = error.into_scalar();
        let values = [found.nngp[[0, 0]], found.ntk[[0, 0]]];
        let tolerance = stored_tol::GOLDEN.max(tol::stored(estimate, slack));
        assert_named_close(&key, values, &want, tolerance);
        let exact = slack == 0.0;
        assert_eq!(found.error == KernelError::Exact, exact, "{key}");
    }
}

/// The quadrature is the smallest that is exact for these polynomials.
#[test]
fn pooled_polynomials_are_the_stored_ones() {
    for (name, activation) in &ACTIVATIONS[..2] {
        assert_pooled(name, activation, Quadrature::default(), 0.0);
    }
}

#[test]
fn pooled_kernels_refine_to_the_stored_ones() {
    let asked = tol::ASKED;
    let (name, activation) = &ACTIVATIONS[2];
    assert_pooled(name, activation, Quadrature::Tolerance(asked), asked);
}
