//! Tensors of the features over a group, which no network has as outputs, against the values of an independent program.

use std::fs::File;

use ndarray::{Array2, Array3, Array4, Axis};
use ndarray_npy::{NpzReader, ReadableElement};

use crate::activation::Activation;
use crate::group::{FiniteAction, TableGroup};
use crate::kernel::{Kernel, Signals};
use crate::network::{Filter, Init, Network};
use crate::tol::FINITE_WIDTH as GOLDEN;

use super::orbit::{Places, Rule};
use super::{KernelAtWidth, MotionTensors, Tensors};

fn read<T: ReadableElement, D: ndarray::Dimension>(name: &str) -> ndarray::Array<T, D> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/finite_width.npz");
    let mut arrays = NpzReader::new(File::open(path).unwrap()).unwrap();
    arrays.by_name(name).unwrap()
}

/// Two activations and convolutions, cut off after some steps of the recursion.
fn cut(action: FiniteAction, filter: &Filter, widths: [usize; 2], steps: usize) -> KernelAtWidth {
    let (first, other) = (Init::new(1.3, 0.2), Init::new(1.5, 0.2));
    let network = Network::finite(action, 1)
        .lifting(filter.clone(), first)
        .activation(Activation::Erf)
        .group_convolution(filter.clone(), other)
        .activation(Activation::Erf)
        .group_convolution(filter.clone(), other)
        .group_pooling()
        .build()
        .unwrap();
    let mut kernel = Kernel::new(&network).unwrap().at_width(&widths).unwrap();
    kernel.steps.steps.truncate(steps);
    kernel
}

/// All entries agree, relative to the largest.
fn close<'a>(
    what: String,
    found: impl Iterator<Item = &'a f64>,
    want: impl Iterator<Item = &'a f64> + Clone,
) {
    let largest = want.clone().fold(0.0_f64, |max, x| max.max(x.abs()));
    for (index, (found, want)) in found.zip(want).enumerate() {
        assert!(
            (found - want).abs() <= GOLDEN * largest,
            "{what}, number {index}: {found} for {want}"
        );
    }
}

fn compare(case: &str, tensors: &Tensors, motion: Option<&MotionTensors>) {
    for (name, found) in [
        ("K", &tensors.nngp),
        ("Theta", &tensors.ntk),
        ("K1", &tensors.nngp_bias),
        ("Theta1", &tensors.ntk_bias),
    ] {
        let want: Array2<f64> = read(&format!("{case}/{name}"));
        assert_eq!(found.dim(), want.dim());
        close(format!("{case} {name}"), found.iter(), want.iter());
    }
    let fluctuations = [
        ("V", &tensors.v),
        ("D", &tensors.d),
        ("A", &tensors.a),
        ("B", &tensors.b),
        ("F", &tensors.f),
    ];
    let moving = motion.map(|motion| {
        [
            ("P", &motion.p),
            ("Q", &motion.q),
            ("Rdd", &motion.r),
            ("Sdd", &motion.s),
            ("Tdd", &motion.t),
            ("Udd", &motion.u),
        ]
    });
    for (name, found) in fluctuations.into_iter().chain(moving.into_iter().flatten()) {
        let want: Array4<f64> = read(&format!("{case}/{name}"));
        assert_eq!(found.dim(), want.dim());
        close(format!("{case} {name}"), found.iter(), want.iter());
    }
}

#[test]
fn convolutions_over_cyclic_groups_with_local_filters() {
    let action = FiniteAction::regular(TableGroup::cyclic(4).unwrap());
    let kernel = cut(action, &Filter::subset(&[0, 1]), [16, 24], 2);
    let signals: Array2<f64> = read("x/c4");
    let signals = signals.insert_axis(Axis(2));
    let points = Signals::Points(signals.view());
    let tensors = kernel.tensors(points).unwrap();
    compare(
        "c4_local_conv",
        &tensors,
        Some(&kernel.motion(points).unwrap()),
    );
}

#[test]
fn convolutions_over_permutations_with_global_filters() {
    let table: Array2<i64> = read("s3/mul");
    let table = TableGroup::new(table.mapv(|g| g as usize).view()).unwrap();
    let kernel = cut(FiniteAction::regular(table), &Filter::Global, [16, 16], 4);
    let signals: Array2<f64> = read("x/s3");
    let signals = signals.insert_axis(Axis(2));
    let tensors = kernel.tensors(Signals::Points(signals.view())).unwrap();
    compare("s3_global_conv", &tensors, None);
}

/// The means over elements of pairs, against the tensors of all samples that are averaged at the end.
#[test]
fn means_over_elements_are_those_of_all_samples() {
    let init = Init::new(1.3, 0.2);
    for (action, activation) in [
        (FiniteAction::cyclic(4).unwrap(), Activation::Erf),
        (
            FiniteAction::regular(TableGroup::symmetric(3).unwrap()),
            Activation::Relu,
        ),
    ] {
        let network = Network::finite(action.clone(), 1)
            .lifting(Filter::Global, init)
            .activation(activation.clone())
            .group_convolution(Filter::Global, init)
            .activation(activation.clone())
            .group_pooling()
            .dense(init)
            .activation(activation)
            .dense(init)
            .build()
            .unwrap();
        let kernel = Kernel::new(&network)
            .unwrap()
            .at_width(&[16, 24, 20])
            .unwrap();
        let signals = Array3::from_shape_fn((2, action.points(), 1), |(i, x, _)| {
            (1.7 * (x as f64) + 0.9 * (i as f64) + 0.3 * (x * x) as f64).sin()
        });
        let points = Signals::Points(signals.view());
        let want = kernel.tensors(points).unwrap();
        let head = kernel.steps.head();
        let places = Places::new(
            network.input(),
            head.action.as_ref(),
            Rule::All,
            init,
            &[points],
        )
        .unwrap();
        let counter = kernel.kernel.counter(1);
        let state = kernel.state_by_means(&head, [&places, &places], &[0, 1], &counter);
        let found = Tensors::from(state.unwrap());
        for (name, found, want) in [
            ("K", &found.nngp, &want.nngp),
            ("Theta", &found.ntk, &want.ntk),
            ("K1", &found.nngp_bias, &want.nngp_bias),
            ("Theta1", &found.ntk_bias, &want.ntk_bias),
        ] {
            close(name.to_string(), found.iter(), want.iter());
        }
        for (name, found, want) in [
            ("V", &found.v, &want.v),
            ("D", &found.d, &want.d),
            ("A", &found.a, &want.a),
            ("B", &found.b, &want.b),
            ("F", &found.f, &want.f),
        ] {
            close(
                format!("order {} {name}", action.order()),
                found.iter(),
                want.iter(),
            );
        }
    }
}
