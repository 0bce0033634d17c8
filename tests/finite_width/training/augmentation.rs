//! Transformed copies of the training data, all or drawn.

use super::*;

/// All transformed copies are as good as a larger set, for images and for finite sets.
#[test]
fn augmentation_is_training_on_all_copies() {
    let train =
        |network: &Network, inputs: Tensor, copies: usize, augmentation: Option<Augmentation>| {
            let network = FiniteNetwork::new(network, Width::new(5, 2), 1, DType::F64).unwrap();
            let targets = Array2::from_shape_fn((3 * copies, 2), |(i, j)| {
                ((i / copies + 2 * j) as f64).cos()
            });
            let mut builder = Trainer::regression(&network, &inputs, targets.view());
            if let Some(augmentation) = augmentation {
                builder = builder.augmentation(augmentation);
            }
            let mut trainer = builder.build().unwrap();
            trainer.run(5).unwrap();
            let loss = trainer.loss().unwrap();
            let mut values = parameters(&network);
            values.push(loss);
            values
        };
    for group in [PointGroup::C4, PointGroup::D4] {
        let network = cnn(PointGroup::C1);
        let finite = FiniteNetwork::new(&network, Width::new(1, 1), 0, DType::F64).unwrap();
        let images = images(3);
        let mut copies = Vec::new();
        for image in images.outer_iter() {
            copies.extend(group.transforms(image).unwrap());
        }
        let views: Vec<_> = copies.iter().map(|copy| copy.view()).collect();
        let larger = finite
            .prepare(ndarray::stack(Axis(0), &views).unwrap().view())
            .unwrap();
        let want = train(&network, larger, group.order(), None);
        let augmentation = Augmentation::images(4, 4, group.elements()).unwrap();
        let smaller = finite.prepare(images.view()).unwrap();
        let found = train(&network, smaller.clone(), 1, Some(augmentation));
        assert_absolutely_close("values", &found, &want, tol::ROUNDING);
        let plain = train(&network, smaller, 1, None);
        let apart = largest(plain.iter().zip(&want).map(|(a, b)| a - b));
        assert!(apart > tol::SEEN, "{apart}");
    }

    // The network is invariant under turns of the five points, not under reflections.
    let action = FiniteAction::dihedral(5).unwrap();
    let network = Network::finite(FiniteAction::cyclic(5).unwrap(), 1)
        .lifting(Filter::subset(&[0, 1]), Init::default())
        .activation(Activation::Erf)
        .group_convolution(Filter::subset(&[0, 2]), Init::default())
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let finite = FiniteNetwork::new(&network, Width::new(1, 1), 0, DType::F64).unwrap();
    let points = Array3::from_shape_fn((3, 5, 1), |(n, x, _)| ((2 * n + x * x) as f64).cos());
    let larger = Array3::from_shape_fn((30, 5, 1), |(i, x, c)| {
        let back = (0..5).find(|&y| action.image(i % 10, y) == x).unwrap();
        points[[i / 10, back, c]]
    });
    let want = train(&network, finite.prepare(larger.view()).unwrap(), 10, None);
    let augmentation = Augmentation::points(&action).unwrap();
    let found = train(
        &network,
        finite.prepare(points.view()).unwrap(),
        1,
        Some(augmentation),
    );
    assert_absolutely_close("values", &found, &want, tol::ROUNDING);
}

/// Signals on the sphere, turned by the crate's transforms of complex coefficients.
#[test]
fn augmentation_by_rotations_is_training_on_turned_signals() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let signals = signals::random_signals(&mut rng, [TRAIN, 2, 3], 0);
    let rotations = [
        Rotation::identity(),
        Rotation::random(&mut rng),
        Rotation::random(&mut rng),
    ];
    // Read at one rotation, so that the network is not invariant.
    let network = Network::sphere(3, SphereSampling::Coefficients, 2)
        .lifting_with(Filter::cap(0.8), Init::new(1.2, 0.3))
        .activation(Activation::Erf)
        .group_convolution_with(Filter::Global, Init::new(1.1, 0.2))
        .activation(Activation::Erf)
        .outputs(Outputs::rotations(&[[0.1, 0.7, 2.0]]))
        .build()
        .unwrap()
        .with_quadrature(Quadrature::BandLimit(4))
        .unwrap();
    let train = |signals: &Array4<Complex64>, targets: &Array2<f64>, augmentation| {
        let network = FiniteNetwork::new(&network, Width::new(4, 1), 1, DType::F64).unwrap();
        let inputs = network.prepare(signals.view()).unwrap();
        let mut builder = Trainer::regression(&network, &inputs, targets.view());
        if let Some(augmentation) = augmentation {
            builder = builder.augmentation(augmentation);
        }
        let mut trainer = builder.build().unwrap();
        trainer.run(3).unwrap();
        let mut values = parameters(&network);
        values.push(trainer.loss().unwrap());
        values
    };
    let targets = targets(1);
    let copies: Vec<_> = (rotations.iter())
        .map(|rotation| rotated(signals.view(), rotation))
        .collect();
    let views: Vec<_> = copies.iter().map(|copy| copy.view()).collect();
    let larger = concatenate(Axis(0), &views).unwrap();
    let repeated = concatenate(Axis(0), &[targets.view(); 3]).unwrap();
    let want = train(&larger, &repeated, None);
    let augmentation = Augmentation::rotations(3, &rotations).unwrap();
    let found = train(&signals, &targets, Some(augmentation));
    assert_absolutely_close("values", &found, &want, tol::ROUNDING);
    let inverses = rotations.map(|rotation| rotation.inverse());
    let inverses = Augmentation::rotations(3, &inverses).unwrap();
    for other in [None, Some(inverses)] {
        let other = train(&signals, &targets, other);
        let apart = largest(other.iter().zip(&want).map(|(a, b)| a - b));
        assert!(apart > tol::SEEN, "{apart}");
    }
    for (limit, rotations) in [(0, &rotations[..]), (3, &[])] {
        let empty = Augmentation::rotations(limit, rotations);
        assert!(matches!(empty, Err(Error::Empty { .. })));
    }
}

/// An equivariant network that ends invariant does not see by which turn an input was moved; another one does.
#[test]
fn sampled_transformations_are_those_of_the_group() {
    let losses = |group: PointGroup, augmentation: Option<Augmentation>| {
        let network = Network::plane(4, 4, 2)
            .lifting(group, Filter::window(3, Padding::Same), Init::new(1.2, 0.3))
            .activation(Activation::Erf)
            .group_pooling()
            .dense(Init::default())
            .build()
            .unwrap();
        let network = FiniteNetwork::new(&network, Width::new(5, 1), 1, DType::F64).unwrap();
        let inputs = network.prepare(images(TRAIN).view()).unwrap();
        let mut builder = Trainer::regression(&network, &inputs, targets(1).view())
            .batch_size(4)
            .learning_rate(0.1);
        if let Some(augmentation) = augmentation {
            builder = builder.augmentation(augmentation);
        }
        let mut trainer = builder.build().unwrap();
        (0..6)
            .map(|_| trainer.step().unwrap())
            .collect::<Vec<f64>>()
    };
    // The order of the first epoch is drawn before the transformations.
    let plain = losses(PointGroup::C4, None);
    let sampled = losses(PointGroup::C4, Some(turns().sampled()));
    assert_absolutely_close("values", &sampled, &plain, tol::ROUNDING);
    let identity = Augmentation::images(4, 4, PointGroup::C1.elements()).unwrap();
    assert_eq!(
        losses(PointGroup::C1, Some(identity.sampled())),
        losses(PointGroup::C1, None)
    );
    let plain = losses(PointGroup::C1, None);
    let sampled = losses(PointGroup::C1, Some(turns().sampled()));
    assert!((plain[0] - sampled[0]).abs() > tol::SEEN);
}
