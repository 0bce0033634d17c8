//! Distilled data sets.

use crate::common::tol::gradient as tol;

use std::ops::ControlFlow;
use std::sync::Arc;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::distill::{Distillation, Distilled, Labels, augmentations, start};
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, OwnedSignals, Signals, Transformation};
use haarmonic::network::{Filter, Init, Network, Padding, Quadrature, SphereSampling};
use haarmonic::predict::{KernelKind, Ridge};
use haarmonic::sphere::{Sampling, ShtPlanner};
use ndarray::{Array2, Array4, array};

fn kernel() -> Kernel {
    let bias = Init {
        weight_std: 1.4,
        bias_std: 0.2,
    };
    let network = Network::vector(3)
        .dense(bias)
        .activation(Activation::Relu)
        .dense(bias)
        .activation(Activation::Relu)
        .dense(bias)
        .build();
    Kernel::new(&network.unwrap()).unwrap()
}

/// Points of two classes around two centres, and their targets.
fn examples() -> (Array2<f64>, Array2<f64>) {
    let x = Array2::from_shape_fn((40, 3), |(i, j)| {
        let side = if i % 2 == 0 { 0.8 } else { -0.8 };
        side * [1.0, 0.3, -0.5][j] + (2.7 * i as f64 + 1.9 * (j * i) as f64).sin()
    });
    let y = Array2::from_shape_fn((40, 2), |(i, j)| if i % 2 == j { 0.5 } else { -0.5 });
    (x, y)
}

fn begun() -> Distilled {
    let (x, y) = examples();
    let rows = start::random(y.view(), 2, 3).unwrap();
    start::of_examples(x.view(), y.view(), &rows).unwrap()
}

#[test]
fn losses_fall_for_all_labels_and_both_kernels() {
    let (x, y) = examples();
    for kind in [KernelKind::Ntk, KernelKind::Nngp] {
        for labels in [
            Labels::Fixed,
            Labels::Learned,
            Labels::Solved { penalty: 0.5 },
        ] {
            let mut state = begun();
            let distillation = Distillation::new(kernel()).kind(kind).labels(labels);
            let distillation = distillation.steps(60).rates(0.05, 0.02);
            distillation.run(x.view(), y.view(), &mut state).unwrap();
            let (first, last) = (state.losses()[0], state.losses()[59]);
            // Solved labels begin near their optimum.
            let part = match labels {
                Labels::Solved { .. } => 1.0,
                _ => tol::LEARNED,
            };
            assert!(
                last < part * first,
                "{kind:?}, {labels:?}: {last} of {first}"
            );
            let moved = state.targets() != begun().targets();
            assert_eq!(moved, labels != Labels::Fixed);
        }
    }
}

#[test]
fn interrupted_runs_give_the_same_bits() {
    let (x, y) = examples();
    for labels in [Labels::Learned, Labels::Solved { penalty: 0.5 }] {
        for batch in [None, Some(16)] {
            let distillation = Distillation::new(kernel())
                .labels(labels)
                .batch(batch)
                .seed(7);
            let run = |steps: usize, state: &mut Distilled| {
                let part = distillation.clone().steps(steps);
                part.run(x.view(), y.view(), state).unwrap();
            };
            let (mut whole, mut parts) = (begun(), begun());
            run(12, &mut whole);
            run(5, &mut parts);
            #[cfg(feature = "data")]
            {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("state.npz");
                distillation.write(&path, &parts).unwrap();
                parts = distillation.read(&path).unwrap();
                let other = distillation.clone().seed(8);
                assert!(matches!(other.read(&path), Err(Error::InFile { .. })));
            }
            let listener = |done: usize, _: usize| match done {
                9 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            let ended = distillation
                .clone()
                .steps(12)
                .with_progress(Arc::new(listener));
            let error = ended.run(x.view(), y.view(), &mut parts).unwrap_err();
            assert!(matches!(error, Error::Cancelled { .. }));
            assert_eq!(parts.steps(), 9);
            run(12, &mut parts);
            assert_eq!(whole, parts);
        }
    }
}

#[test]
fn images_are_distilled() {
    let network = Network::plane(5, 5, 1)
        .lifting(
            PointGroup::C1,
            Filter::window(3, Padding::Same),
            Init::default(),
        )
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let x = Array4::from_shape_fn((12, 5, 5, 1), |(n, i, j, _)| {
        let edge = if n % 2 == 0 { i } else { j };
        (1.3 * edge as f64 + 0.4 * n as f64).sin() + 0.2 * ((n * i + j) as f64).cos()
    });
    let y = Array2::from_shape_fn((12, 1), |(n, _)| if n % 2 == 0 { 1.0 } else { -1.0 });
    let mut state = start::of_examples(x.view(), y.view(), &[0, 1]).unwrap();
    let distillation = Distillation::new(Kernel::new(&network).unwrap()).steps(30);
    distillation.run(x.view(), y.view(), &mut state).unwrap();
    assert!(matches!(state.signals(), Signals::Grid(_)));
    let losses = state.losses();
    assert!(losses[29] < losses[0]);
}

/// Images of 5 × 5 pixels of two classes, their targets, and a network of a point group.
fn images(group: PointGroup) -> (Network, Array4<f64>, Array2<f64>) {
    let network = Network::plane(5, 5, 1)
        .lifting(group, Filter::window(3, Padding::Same), Init::new(1.2, 0.2))
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let x = Array4::from_shape_fn((8, 5, 5, 1), |(n, i, j, _)| {
        (1.3 * (i * i + n) as f64 + 0.4 * (j * n) as f64).sin() + 0.2 * ((n * i + j) as f64).cos()
    });
    let y = Array2::from_shape_fn((8, 1), |(n, _)| if n % 2 == 0 { 1.0 } else { -1.0 });
    (network, x, y)
}

/// Losses of some steps from the first two images.
fn losses(
    network: &Network,
    (x, y): (&Array4<f64>, &Array2<f64>),
    transformations: Vec<Transformation>,
    batch: Option<usize>,
) -> Vec<f64> {
    let mut state = start::of_examples(x.view(), y.view(), &[0, 1]).unwrap();
    Distillation::new(Kernel::new(network).unwrap())
        .augment(transformations)
        .batch(batch)
        .steps(4)
        .run(x.view(), y.view(), &mut state)
        .unwrap();
    state.losses().to_vec()
}

/// Turned examples are nothing new to a network that is invariant under turns, and something new to another one. A single transformation is
/// that of the data set.
#[test]
fn examples_are_transformed_in_each_step() {
    for (group, invariant) in [(PointGroup::C4, true), (PointGroup::C1, false)] {
        let (network, x, y) = images(group);
        let turns = augmentations(&network, Some("C4"), 0, 0).unwrap();
        for batch in [None, Some(5)] {
            let plain = losses(&network, (&x, &y), Vec::new(), batch);
            let turned = losses(&network, (&x, &y), turns.clone(), batch);
            let close = plain
                .iter()
                .zip(&turned)
                .all(|(plain, turned)| (plain - turned).abs() <= tol::INVARIANT * plain);
            assert_eq!(close, invariant, "{group:?}: {plain:?} and {turned:?}");
        }
        let quarter = &turns[1..2];
        let OwnedSignals::Grid(moved) = quarter[0].apply(Signals::Grid(x.view())).unwrap() else {
            panic!("images")
        };
        let in_steps = losses(&network, (&x, &y), quarter.to_vec(), None);
        let mut state = start::of_examples(x.view(), y.view(), &[0, 1]).unwrap();
        Distillation::new(Kernel::new(&network).unwrap())
            .steps(4)
            .run(moved.view(), y.view(), &mut state)
            .unwrap();
        assert_eq!(in_steps, state.losses());
    }
}

#[test]
fn transformed_runs_resume_and_keep_their_transformations() {
    let (network, x, y) = images(PointGroup::C1);
    let shifts = augmentations(&network, None, 1, 0).unwrap();
    assert_eq!(shifts.len(), 9);
    let both = augmentations(&network, Some("D4"), 1, 0).unwrap();
    assert_eq!(both.len(), 72);
    let run = |steps: usize, transformations: &[Transformation], state: &mut Distilled| {
        Distillation::new(Kernel::new(&network).unwrap())
            .augment(transformations.to_vec())
            .batch(Some(5))
            .steps(steps)
            .run(x.view(), y.view(), state)
    };
    let begun = || start::of_examples(x.view(), y.view(), &[0, 1]).unwrap();
    let (mut whole, mut parts) = (begun(), begun());
    run(5, &both, &mut whole).unwrap();
    run(2, &both, &mut parts).unwrap();
    let error = run(5, &shifts, &mut parts).unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    run(5, &both, &mut parts).unwrap();
    assert_eq!(whole, parts);
    // Shifted by one pixel to the left and down, at the edges with the nearest pixel.
    let moved = Transformation::shift([1, -1]).apply(Signals::Grid(x.view()));
    let OwnedSignals::Grid(moved) = moved.unwrap() else {
        panic!("images")
    };
    for ((n, i, j, c), value) in moved.indexed_iter() {
        assert_eq!(*value, x[[n, i.saturating_sub(1), (j + 1).min(4), c]]);
    }
}

/// Signals on the sphere by their coefficients stay real, also in a file; those by their samples have the same loss at first.
#[test]
fn spherical_signals_are_distilled() {
    let network = |sampling| {
        Network::sphere(3, sampling, 1)
            .quadrature(Quadrature::BandLimit(3))
            .lifting(Init::new(1.4, 0.1))
            .activation(Activation::Erf)
            .group_pooling()
            .dense(Init::default())
            .build()
            .unwrap()
    };
    let plan = ShtPlanner::new().plan(3, Sampling::GaussLegendre).unwrap();
    // Two classes with power in degree 1 and in degree 2.
    let samples = Array4::from_shape_fn((10, 3, 5, 1), |(n, theta, phi, _)| {
        let (a, b) = (0.7 * n as f64, (theta * 5 + phi) as f64);
        if n % 2 == 0 {
            (b + a).sin()
        } else {
            (2.3 * b + a).cos() + 1.0
        }
    });
    let coeffs = plan
        .forward(samples.view().permuted_axes([0, 3, 1, 2]))
        .unwrap();
    let samples = plan.inverse::<f64, _>(coeffs.view()).unwrap();
    let samples = samples.permuted_axes([0, 2, 3, 1]);
    let y = Array2::from_shape_fn((10, 1), |(n, _)| if n % 2 == 0 { 1.0 } else { -1.0 });
    let by_coefficients =
        Distillation::new(Kernel::new(&network(SphereSampling::Coefficients)).unwrap()).steps(20);
    let mut state = start::of_examples(coeffs.view(), y.view(), &[0, 1]).unwrap();
    by_coefficients
        .run(coeffs.view(), y.view(), &mut state)
        .unwrap();
    let losses = state.losses().to_vec();
    assert!(losses[19] < tol::LEARNED * losses[0], "{losses:?}");
    #[cfg(feature = "data")]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.npz");
        by_coefficients.write(&path, &state).unwrap();
        assert_eq!(by_coefficients.read(&path).unwrap(), state);
    }
    let sampling = SphereSampling::Grid(Sampling::GaussLegendre);
    let by_samples = Distillation::new(Kernel::new(&network(sampling)).unwrap()).steps(20);
    let mut state = start::of_examples(samples.view(), y.view(), &[0, 1]).unwrap();
    by_samples
        .run(samples.view(), y.view(), &mut state)
        .unwrap();
    let (first, last) = (state.losses()[0], state.losses()[19]);
    assert!((first - losses[0]).abs() <= tol::SOLVED * first);
    assert!(last < tol::LEARNED * first);
    // Means of classes are means of coefficients.
    let two = Array2::from_shape_fn((10, 2), |(n, j)| if n % 2 == j { 1.0 } else { 0.0 });
    let OwnedSignals::Coefficients(means) = start::class_means(coeffs.view(), two.view()).unwrap()
    else {
        panic!("means have the form of the examples");
    };
    let rows = coeffs.select(ndarray::Axis(0), &[1, 3, 5, 7, 9]);
    let want = rows.mean_axis(ndarray::Axis(0)).unwrap();
    let got = means.index_axis(ndarray::Axis(0), 1);
    assert!((&got - &want).iter().all(|z| z.norm() <= tol::ROUNDING));
}

#[test]
fn bad_input_is_refused() {
    let (x, y) = examples();
    let run = |distillation: Distillation, state: &mut Distilled| {
        distillation.run(x.view(), y.view(), state)
    };
    let new = || Distillation::new(kernel()).steps(1);
    for wrong in [
        new().rates(0.0, 1.0),
        new().rates(0.1, f64::NAN),
        new().batch(Some(0)),
        new().labels(Labels::Solved { penalty: -1.0 }),
    ] {
        let error = run(wrong, &mut begun()).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    let (images, ..) = images(PointGroup::C1);
    for (network, group, shift) in [
        (kernel().network(), Some("C4"), 0),
        (kernel().network(), None, 1),
        (&images, Some("SO3"), 0),
        (&images, None, 100),
    ] {
        let error = augmentations(network, group, shift, 0).err().unwrap();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    // A quarter turn of a single row of pixels has another shape.
    let row = Network::plane(1, 3, 1)
        .lifting(
            PointGroup::C1,
            Filter::window(1, Padding::Same),
            Init::default(),
        )
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let turns = augmentations(&row, Some("C4"), 0, 0).unwrap();
    let x = Array4::from_elem((2, 1, 3, 1), 0.5);
    let y = array![[1.0], [-1.0]];
    let mut state = start::of_examples(x.view(), y.view(), &[0, 1]).unwrap();
    let turning = Distillation::new(Kernel::new(&row).unwrap())
        .augment(turns)
        .ridge(Ridge::Absolute(1.0))
        .steps(9);
    let error = turning.run(x.view(), y.view(), &mut state).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let one = Distilled::new(array![[1.0, 0.0, 0.0]].view(), array![[1.0]].view());
    let error = run(new(), &mut one.unwrap()).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    assert!(Distilled::new(x.view(), array![[1.0]].view()).is_err());
    assert!(start::random(y.view(), 21, 0).is_err());
    assert!(start::of_examples(x.view(), y.view(), &[40]).is_err());
}
