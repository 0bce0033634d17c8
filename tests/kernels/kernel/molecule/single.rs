//! Kernels of molecules in single precision.

use crate::common::tol::kernel as tol;

use super::{copy, molecules};
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices, Precision};
use haarmonic::network::builder::{Gaussian, NetworkBuilder, OverMolecule};
use haarmonic::network::{Init, Message, Network, Quadrature};
use ndarray::Array2;

fn first() -> Message {
    Message::gaussian(3.4, 0.3)
        .power(1.0, 1.5)
        .spectrum(&[0.4, 0.4, 0.2])
        .self_share(0.5)
}

fn second() -> Message {
    Message::shells(2.4, &[[1.2, 0.4], [1.8, 0.4]])
        .spectrum(&[0.5, 0.5])
        .self_share(0.5)
}

/// Two messages and two activations.
fn two(
    quadrature: Quadrature,
    message: [Message; 2],
    activation: &Activation,
) -> NetworkBuilder<OverMolecule, Gaussian> {
    let [first, second] = message;
    Network::molecule(&[1, 6, 8])
        .quadrature(quadrature)
        .message(first, Init::new(1.0, 0.3))
        .normalisation()
        .activation(activation.clone())
        .message(second, Init::new(0.9, 0.2))
}

/// Networks, the factors by which their activations multiply errors, and whether their quadrature is exact.
fn networks() -> Vec<(Network, Vec<usize>, bool)> {
    let square = Activation::Hermite { degree: 2 };
    let cubic = Activation::Monomial { degree: 3 };
    let exact = Quadrature::default();
    let fixed = Quadrature::BandLimit(4);
    let ends = |start: NetworkBuilder<OverMolecule, Gaussian>, activation: &Activation| {
        start
            .normalisation()
            .activation(activation.clone())
            .group_pooling()
            .element_sum()
            .dense(Init::new(1.0, 0.1))
            .build()
            .unwrap()
    };
    let kinked = two(fixed, [first(), second()], &Activation::Relu);
    let shared = [first().shared().normalised(), second().shared()];
    vec![
        (
            ends(two(exact, [first(), second()], &square), &square),
            vec![2, 2],
            true,
        ),
        (
            ends(two(fixed, [first(), second()], &square), &cubic),
            vec![2, 3],
            false,
        ),
        (ends(kinked, &Activation::Erf), vec![1, 1], false),
        (
            two(exact, shared, &square)
                .group_pooling()
                .normalisation()
                .activation(cubic)
                .dense(Init::default())
                .node_mean()
                .build()
                .unwrap(),
            vec![2, 3],
            true,
        ),
        (
            two(exact, [first(), second()], &Activation::Relu)
                .at_nodes()
                .build()
                .unwrap(),
            vec![1],
            true,
        ),
    ]
}

fn largest(values: &Array2<f64>) -> f64 {
    values.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

fn apart(found: &KernelMatrices, want: &KernelMatrices) -> [f64; 2] {
    let distance = |a: &Array2<f64>, b: &Array2<f64>| largest(&(a - b));
    [
        distance(&found.nngp, &want.nngp),
        distance(&found.ntk, &want.ntk),
    ]
}

#[test]
fn single_precision_rounds_each_operation() {
    let [water, formaldehyde, chiral] = molecules();
    let atoms = [
        copy(&chiral, [2.0, 0.3, 1.1], [0.3, 0.2, 7.0]),
        water,
        formaldehyde,
        chiral,
    ];
    for (network, powers, exact) in networks() {
        let double = Kernel::new(&network).unwrap();
        let single = double.clone().with_precision(Precision::Single).unwrap();
        assert_eq!(single.precision(), Precision::Single);
        let want = double.gram(&atoms[..]).unwrap();
        let found = single.gram(&atoms[..]).unwrap();
        let bound = tol::single_on_molecules(2, &powers);
        let errors = apart(&found, &want);
        let scales = [largest(&want.nngp), largest(&want.ntk)];
        for (error, scale) in errors.iter().zip(scales) {
            assert!(
                *error > 0.0 && *error <= bound * scale,
                "{error:e} of {scale}"
            );
        }
        // Molecules and their moved, rotated and permuted copies, whose rows begin and end the matrices.
        if found.nngp.nrows() == atoms.len() && exact {
            for matrix in [&found.nngp, &found.ntk] {
                for (x, y) in [([0, 0], [3, 3]), ([0, 3], [3, 3]), ([0, 1], [3, 1])] {
                    let apart = (matrix[x] - matrix[y]).abs();
                    assert!(apart <= bound * matrix[[3, 3]], "{apart:e}");
                }
            }
        }
        let KernelError::Sampled { largest, pairs } = found.error else {
            panic!("{:?}", found.error)
        };
        assert_eq!(pairs, 8);
        let reported = [largest.nngp, largest.ntk];
        if exact {
            for (reported, error) in reported.iter().zip(errors) {
                assert!(tol::SAMPLED * reported >= error, "{reported:e} {error:e}");
                assert!(*reported <= error, "{reported:e} {error:e}");
            }
        } else {
            // The error of the quadrature counts, too.
            let KernelError::Sampled { largest, .. } = want.error else {
                panic!("{:?}", want.error)
            };
            for (reported, alone) in reported.iter().zip([largest.nngp, largest.ntk]) {
                let scale = scales[0].max(scales[1]);
                assert!(
                    (reported - alone).abs() <= bound * scale,
                    "{reported:e} {alone:e}"
                );
            }
        }
    }
}

/// One pair is its own sample.
#[test]
fn the_error_of_one_pair_is_its_rounding() {
    let [water, _, chiral] = molecules();
    let (network, ..) = networks().swap_remove(0);
    let double = Kernel::new(&network).unwrap();
    let single = double.clone().with_precision(Precision::Single).unwrap();
    let cross = |kernel: &Kernel| {
        let side = |atoms: &Atoms| kernel.prepare(std::slice::from_ref(atoms)).unwrap();
        kernel
            .cross_prepared(&side(&water), &side(&chiral))
            .unwrap()
    };
    let (found, want) = (cross(&single), cross(&double));
    let [nngp, ntk] = apart(&found, &want);
    let reported = found.error.largest();
    assert_eq!([reported.nngp, reported.ntk], [nngp, ntk]);
    assert_eq!(want.error, KernelError::Exact);
}

/// Products of features are cheaper than fibres and stay in double precision; changes of a quadrature would be rounding.
#[test]
fn features_stay_in_double_precision_and_tolerances_are_refused() {
    let network = |activation| {
        Network::molecule(&[1, 6, 8])
            .message(first(), Init::new(1.0, 0.3))
            .activation(activation)
            .group_pooling()
            .element_sum()
            .dense(Init::default())
            .build()
            .unwrap()
    };
    let atoms = molecules();
    let double = Kernel::new(&network(Activation::Monomial { degree: 2 })).unwrap();
    let single = double.clone().with_precision(Precision::Single).unwrap();
    let (found, want) = (
        single.gram(&atoms[..]).unwrap(),
        double.gram(&atoms[..]).unwrap(),
    );
    assert_eq!(found, want);
    let kernel = Kernel::new(&network(Activation::Relu)).unwrap();
    let error = kernel.with_precision(Precision::Single).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("tolerance") && text.contains("band limit"),
        "{text}"
    );
}
