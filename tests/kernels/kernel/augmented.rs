//! Augmented kernels, and what they say: training on transformed copies is the same as building the
//! symmetry into the network.

use crate::common::close::relative_difference as difference;
use crate::common::tol::kernel as tol;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::group::{EulerZyz, FiniteAction, PlanarSymmetry, PointGroup, Rotation};
use haarmonic::kernel::{
    AugmentedKernel, Kernel, KernelError, KernelMatrices, OwnedSignals, Precision, Signals,
    Transformation,
};
use haarmonic::network::{Filter, Init, Network, Padding, Quadrature, SphereSampling};
use haarmonic::predict::{GradientFlow, KernelKind, Kernels, Ridge, Time};
use ndarray::{Array2, Array4, Axis, concatenate};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PADDINGS: [Padding; 3] = [Padding::Valid, Padding::Same, Padding::Circular];
const TIMES: [Time; 5] = [
    Time::Finite(0.0),
    Time::Finite(0.5),
    Time::Finite(20.0),
    Time::Finite(1000.0),
    Time::Infinite,
];

fn random(seed: u64, shape: [usize; 4]) -> Array4<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array4::from_shape_fn(shape, |_| rng.random_range(-1.0..1.0))
}

fn cnn(group: PointGroup, edge: usize, padding: Padding, activation: &Activation) -> Kernel {
    let filter = || Filter::window(3, padding);
    let network = Network::plane(edge, edge, 2)
        .lifting(group, filter(), Init::new(1.3, 0.2))
        .activation(activation.clone())
        .group_convolution(filter(), Init::new(1.1, 0.1))
        .activation(activation.clone())
        .group_pooling()
        .dense(Init::new(1.2, 0.3))
        .build()
        .unwrap();
    Kernel::new(&network).unwrap()
}

/// Mean predictions at all times.
fn predictions(
    gram: &KernelMatrices,
    cross: &KernelMatrices,
    targets: &Array2<f64>,
    ntk: bool,
) -> Vec<Array2<f64>> {
    let kind = if ntk {
        KernelKind::Ntk
    } else {
        KernelKind::Nngp
    };
    let train = Kernels::of(kind, gram);
    let flow = GradientFlow::fit(train, targets.view(), Ridge::NONE).unwrap();
    TIMES
        .iter()
        .map(|&time| flow.predict_mean(kind.of(cross), time).unwrap())
        .collect()
}

/// The ensemble of `augmented`'s kernel trained on all copies predicts as that of `equivariant` on the
/// originals, and not as that of the kernel itself on the originals.
fn assert_same_ensemble(
    what: &str,
    augmented: &AugmentedKernel,
    equivariant: &Kernel,
    [plain_train, plain_test]: [Signals<'_>; 2],
    [train, test]: [Signals<'_>; 2],
) {
    let gram = equivariant.gram(train).unwrap();
    let cross = equivariant.cross(test, train).unwrap();
    let mean_gram = augmented.gram(plain_train).unwrap();
    let mean_cross = augmented.cross(plain_test, plain_train).unwrap();
    for (found, want) in [
        (&mean_gram.nngp, &gram.nngp),
        (&mean_gram.ntk, &gram.ntk),
        (&mean_cross.nngp, &cross.nngp),
        (&mean_cross.ntk, &cross.ntk),
    ] {
        let difference = difference(found, want);
        assert!(
            difference <= tol::INVARIANCE,
            "{what}: kernels {difference:e}"
        );
    }
    let n = gram.nngp.nrows();
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    let targets = Array2::from_shape_fn((n, 2), |_| rng.random_range(-1.0..1.0));
    let copies = augmented.augmented(plain_train).unwrap();
    let labels = concatenate(Axis(0), &vec![targets.view(); augmented.len()]).unwrap();
    let plain = augmented.kernel();
    let own = plain.gram(copies.view()).unwrap();
    let own_cross = plain.cross(plain_test, copies.view()).unwrap();
    let alone = plain.gram(plain_train).unwrap();
    let alone_cross = plain.cross(plain_test, plain_train).unwrap();
    for ntk in [true, false] {
        let want = predictions(&gram, &cross, &targets, ntk);
        let found = predictions(&own, &own_cross, &labels, ntk);
        let other = predictions(&alone, &alone_cross, &targets, ntk);
        assert!(
            want[0].iter().all(|mean| *mean == 0.0),
            "{what}: starts at zero"
        );
        for i in 1..TIMES.len() {
            let same = difference(&found[i], &want[i]);
            assert!(same <= tol::SOLVE, "{what} {:?}: {same:e}", TIMES[i]);
            let change = difference(&other[i], &want[i]);
            assert!(
                change > tol::SOLVE.sqrt(),
                "{what} {:?}: {change:e}",
                TIMES[i]
            );
        }
    }
}

#[test]
fn augmented_cnns_are_group_convolutional() {
    let (train, test) = (random(1, [5, 5, 5, 2]), random(2, [3, 5, 5, 2]));
    for group in [PointGroup::C4, PointGroup::D4, PointGroup::D2] {
        for padding in PADDINGS {
            let activation = if padding == Padding::Same {
                Activation::Relu
            } else {
                Activation::Erf
            };
            let plain = cnn(PointGroup::C1, 5, padding, &activation);
            let augmented =
                AugmentedKernel::over_group(plain, Transformation::point_group(group)).unwrap();
            let signals: [Signals<'_>; 2] = [train.view().into(), test.view().into()];
            assert_same_ensemble(
                &format!("{group} {padding}"),
                &augmented,
                &cnn(group, 5, padding, &activation),
                signals,
                signals,
            );
        }
    }
}

#[test]
fn augmented_mlps_have_global_filters() {
    let actions = [
        FiniteAction::cyclic(7).unwrap(),
        FiniteAction::octahedral(),
        FiniteAction::torus(3, 3, PointGroup::C4).unwrap(),
    ];
    for action in actions {
        let points = action.points();
        let inputs = |seed, n| {
            let values = random(seed, [n, points, 2, 1]);
            values.into_shape_with_order((n, points, 2)).unwrap()
        };
        let (train, test) = (inputs(3, 4), inputs(4, 2));
        let flat = |values: &ndarray::Array3<f64>| {
            let n = values.len_of(Axis(0));
            values.to_shape((n, 2 * points)).unwrap().to_owned()
        };
        let init = Init::new(1.3, 0.2);
        let mlp = Network::vector(2 * points)
            .dense(init)
            .activation(Activation::Relu)
            .dense(init)
            .activation(Activation::Erf)
            .dense(init)
            .build()
            .unwrap();
        let global = Network::finite(action.clone(), 2)
            .lifting(Filter::Global, init)
            .activation(Activation::Relu)
            .group_convolution(Filter::Global, init)
            .activation(Activation::Erf)
            .group_pooling()
            .dense(init)
            .build()
            .unwrap();
        let augmented = AugmentedKernel::over_group(
            Kernel::new(&mlp).unwrap(),
            Transformation::finite_group(&action),
        )
        .unwrap();
        let (v, w) = (flat(&train), flat(&test));
        assert_same_ensemble(
            &format!("order {}", action.order()),
            &augmented,
            &Kernel::new(&global).unwrap(),
            [v.view().into(), w.view().into()],
            [train.view().into(), test.view().into()],
        );
    }
}

#[test]
fn a_subset_takes_the_mean_over_both_inputs() {
    let images = random(5, [3, 4, 4, 2]);
    let kernel = cnn(PointGroup::C1, 4, Padding::Same, &Activation::Relu);
    // The identity and one quarter turn: no group.
    let turn = Transformation::of_images(PlanarSymmetry::new(1, false));
    let identity = Transformation::of_images(PlanarSymmetry::IDENTITY);
    let moved = turn.apply(images.view().into()).unwrap();
    let all = [images.view().into(), moved.view()];
    let mut want = Array2::<f64>::zeros((3, 3));
    for a in all {
        for b in all {
            want += &kernel.cross(a, b).unwrap().ntk;
        }
    }
    want /= 4.0;
    let subset = AugmentedKernel::over_subset(kernel, vec![identity, turn]).unwrap();
    let found = subset.gram(images.view()).unwrap();
    assert!(difference(&found.ntk, &want) <= tol::INVARIANCE);
    assert_eq!(found.ntk, found.ntk.t());
    let cross = subset.cross(images.view(), images.view()).unwrap();
    assert!(difference(&cross.ntk, &want) <= tol::INVARIANCE);
}

#[test]
fn rotations_of_the_sphere_change_nothing_for_an_invariant_kernel() {
    let init = Init::new(1.3, 0.2);
    let network = Network::sphere(3, SphereSampling::Coefficients, 1)
        .quadrature(Quadrature::Tolerance(1e-8))
        .lifting(init)
        .activation(Activation::Erf)
        .group_pooling()
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let mut signals = Array4::<Complex64>::zeros((2, 1, 3, 5));
    signals[[0, 0, 1, 2]] = Complex64::new(0.7, 0.0);
    signals[[0, 0, 2, 2]] = Complex64::new(-0.4, 0.0);
    signals[[1, 0, 0, 2]] = Complex64::new(0.5, 0.0);
    signals[[1, 0, 1, 2]] = Complex64::new(1.1, 0.0);
    let rotation = |angle| Rotation::from(EulerZyz::new(angle, 2.0 * angle, 0.3).unwrap());
    let turns = vec![
        Transformation::of_coefficients(rotation(0.4)),
        Transformation::of_coefficients(rotation(1.1)),
    ];
    let fixed = kernel.gram(signals.view()).unwrap();
    for augmented in [
        AugmentedKernel::over_group(kernel.clone(), turns.clone()).unwrap(),
        AugmentedKernel::over_subset(kernel, turns).unwrap(),
    ] {
        let mean = augmented.gram(signals.view()).unwrap();
        let error = fixed.error.largest().ntk + mean.error.largest().ntk;
        assert!(matches!(mean.error, KernelError::Entries { .. }));
        assert!(
            (&mean.ntk - &fixed.ntk)
                .iter()
                .all(|d| d.abs() <= 2.0 * error + tol::ROUNDING),
            "{} {}",
            mean.ntk,
            fixed.ntk
        );
    }
}

#[test]
fn what_is_no_group_or_does_not_fit_is_refused() {
    let images = random(6, [3, 4, 4, 2]);
    // A CNN whose filters are not square is not invariant when both images are turned.
    let network = Network::plane(4, 4, 2)
        .lifting(
            PointGroup::C1,
            Filter::Window {
                height: 1,
                width: 3,
                padding: Padding::Same,
                stride: [1, 1],
            },
            Init::default(),
        )
        .activation(Activation::Relu)
        .group_pooling()
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let turns = Transformation::point_group(PointGroup::C4);
    let error = AugmentedKernel::over_group(kernel.clone(), turns.clone())
        .unwrap()
        .gram(images.view())
        .unwrap_err();
    assert!(error.to_string().contains("over_subset"), "{error}");
    // As a subset it is fine.
    assert!(
        AugmentedKernel::over_subset(kernel.clone(), turns.clone())
            .unwrap()
            .gram(images.view())
            .is_ok()
    );

    assert!(matches!(
        AugmentedKernel::over_group(kernel.clone(), Vec::new()),
        Err(Error::Empty { .. })
    ));
    let on_vectors = Transformation::of_flat_images(PlanarSymmetry::new(1, false), [4, 4, 2]);
    let vectors = images.to_shape((3, 32)).unwrap();
    let moved = on_vectors.apply(vectors.view().into()).unwrap();
    let OwnedSignals::Vectors(moved) = moved else {
        panic!("vectors stay vectors")
    };
    let want = turns[1].apply(images.view().into()).unwrap();
    let OwnedSignals::Grid(want) = want else {
        panic!("images stay images")
    };
    assert_eq!(moved, want.to_shape((3, 32)).unwrap());
    for (transformation, signals) in [
        (&turns[1], Signals::Vectors(vectors.view())),
        (&on_vectors, Signals::Grid(images.view())),
        (
            &on_vectors,
            Signals::Vectors(vectors.slice_axis(Axis(1), (0..31).into())),
        ),
    ] {
        assert!(matches!(
            transformation.apply(signals),
            Err(Error::ShapeMismatch { .. })
        ));
    }
    let loses = Transformation::new(|signals| match signals {
        Signals::Grid(images) => Ok(OwnedSignals::Grid(images.split_at(Axis(0), 1).0.to_owned())),
        _ => unreachable!("images go in"),
    });
    let error = AugmentedKernel::over_group(kernel.clone(), vec![loses])
        .unwrap()
        .gram(images.view());
    assert!(error.unwrap_err().to_string().contains("3 signals"));
    // Single precision is averaged with its error.
    let single = cnn(PointGroup::C1, 4, Padding::Same, &Activation::Relu)
        .with_precision(Precision::Single)
        .unwrap();
    let gram = AugmentedKernel::over_subset(single, turns)
        .unwrap()
        .gram(images.view())
        .unwrap();
    assert!(matches!(gram.error, KernelError::Sampled { .. }) && gram.error.largest().ntk > 0.0);
}
