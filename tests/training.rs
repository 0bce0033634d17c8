//! Training of finite networks: ensembles against the kernels, steps against their formulas, checkpoints to the bit.

#[path = "common/rotated_signals.rs"]
mod rotated_signals;
#[path = "common/signals.rs"]
mod signals;
#[path = "common/tol_finite_width.rs"]
mod tol;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{
    Augmentation, EnsembleOutputs, FiniteNetwork, Optimiser, Trainer, TrainerBuilder, Width,
};
use haarmonic::group::{FiniteAction, PointGroup, Rotation};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Network, Outputs, Padding, Quadrature, Scale, SphereSampling, Support};
use haarmonic::predict::{GradientFlow, TestKernels, Time};
use ndarray::{Array2, Array3, Array4, ArrayView2, Axis, Slice, concatenate};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rotated_signals::rotated;

const TRAIN: usize = 6;

fn mlp() -> Network {
    Network::vector(2)
        .dense(Scale::new(1.3, 0.3))
        .activation(Activation::Erf)
        .dense(Scale::new(1.1, 0.2))
        .build()
        .unwrap()
}

/// The first ones are for training.
fn points() -> Array2<f64> {
    Array2::from_shape_fn((TRAIN + 3, 2), |(i, j)| {
        1.5 * ((5 * i + 3 * j * j) as f64).sin()
    })
}

fn head(array: &Array2<f64>, rows: usize) -> Array2<f64> {
    array.slice_axis(Axis(0), Slice::from(..rows)).to_owned()
}

fn targets(outputs: usize) -> Array2<f64> {
    Array2::from_shape_fn((TRAIN, outputs), |(i, j)| {
        1.0 + ((3 * i + 2 * j) as f64).cos()
    })
}

fn array(tensor: &Tensor) -> Array2<f64> {
    let rows = tensor.to_dtype(DType::F64).unwrap().to_vec2().unwrap();
    let rows: Vec<Vec<f64>> = rows;
    Array2::from_shape_fn(tensor.dims2().unwrap(), |(i, j)| rows[i][j])
}

/// All parameters one after the other.
fn parameters(network: &FiniteNetwork) -> Vec<f64> {
    let all = network.parameters().iter();
    all.flat_map(|p| {
        p.to_dtype(DType::F64)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f64>()
            .unwrap()
    })
    .collect()
}

fn assert_same(found: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(found.len(), want.len());
    for (i, (a, b)) in found.iter().zip(want).enumerate() {
        assert!(a.is_finite() && (a - b).abs() <= tolerance, "{i}: {a} {b}");
    }
}

fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |a, b| a.max(b.abs()))
}

/// Mean and spread of a wide ensemble are those that the kernels predict, step by step.
///
/// The noise of the mean is reduced by what the initialisation f₀ adds in the limit, f₀(s) − Z f₀(x), of mean zero.
#[test]
fn a_wide_ensemble_follows_its_kernel() {
    const WIDTH: usize = 1024;
    const MEMBERS: u64 = 200;
    const STEPS: [u64; 4] = [0, 1, 4, 16];
    let (points, targets) = (points(), targets(2));
    let gram = Kernel::new(&mlp()).unwrap().gram(points.view()).unwrap();
    let train = |kernel: &Array2<f64>| head(&head(kernel, TRAIN).t().to_owned(), TRAIN);
    let cross = |kernel: &Array2<f64>| kernel.slice_axis(Axis(1), Slice::from(..TRAIN)).to_owned();
    let (ntk, nngp) = (train(&gram.ntk), train(&gram.nngp));
    let flow = |targets: ArrayView2<'_, f64>, rate: f64| {
        GradientFlow::ntk(ntk.view(), nngp.view(), targets)
            .learning_rate(rate)
            .build()
            .unwrap()
    };
    let rate = 0.4 * flow(targets.view(), 1.0).stable_learning_rate().unwrap();
    let prediction = flow(targets.view(), rate);
    // With as many outputs as points the same steps have another rate.
    let gains = flow(Array2::eye(TRAIN).view(), rate * TRAIN as f64 / 2.0);

    let network = FiniteNetwork::new(&mlp(), Width::new(WIDTH, 2), 0, DType::F32).unwrap();
    let inputs = network.prepare(points.view()).unwrap();
    let ensemble = Trainer::regression(
        &network,
        &inputs.narrow(0, 0, TRAIN).unwrap(),
        targets.view(),
    )
    .learning_rate(rate)
    .ensemble_outputs(1..1 + MEMBERS, &STEPS, &inputs)
    .unwrap();

    let (ntk, nngp) = (cross(&gram.ntk), cross(&gram.nngp));
    let test = TestKernels::ntk(ntk.view(), nngp.view(), gram.nngp.view());
    let bias = tol::TRAINED_BIAS / WIDTH as f64;
    for (at, outputs) in ensemble.iter().enumerate() {
        assert_eq!(outputs.steps, STEPS[at]);
        let time = Time::Steps(STEPS[at]);
        let want = prediction.on_test(&test, time).unwrap();
        let (mean, error) = (outputs.mean(), outputs.standard_error().unwrap());
        for ((index, found), error) in mean.indexed_iter().zip(&error) {
            let off = (found - want.mean[index]).abs();
            assert!(
                off <= tol::ENSEMBLE_ERRORS * error + bias,
                "{time:?} {index:?}: {found} {off:e} {error:e}"
            );
        }
        let spread = outputs.standard_deviation().unwrap();
        for ((row, column), found) in spread.indexed_iter() {
            // The variance of a variance of normal numbers; widths change it like the mean.
            let variance = want.covariance[[row, row]];
            let error = variance * (2.0 / (MEMBERS - 1) as f64).sqrt();
            let off = (found * found - variance).abs();
            assert!(
                off <= tol::ENSEMBLE_ERRORS * error + bias,
                "{time:?} {row} {column}: {found} {variance}"
            );
        }

        let z = gains.on_test(&test, time).unwrap().mean;
        let start = &ensemble[0].outputs;
        let mut reduced = outputs.outputs.clone();
        for (mut one, start) in reduced.outer_iter_mut().zip(start.outer_iter()) {
            one += &z.dot(&start.slice_axis(Axis(0), Slice::from(..TRAIN)));
            one -= &start;
        }
        let mean = reduced.mean_axis(Axis(0)).unwrap();
        let error = reduced.std_axis(Axis(0), 1.0) / (MEMBERS as f64).sqrt();
        for ((index, found), error) in mean.indexed_iter().zip(&error) {
            let off = (found - want.mean[index]).abs();
            assert!(
                off <= tol::ENSEMBLE_ERRORS * error + bias,
                "{time:?} {index:?}: {found} {off:e} {error:e}"
            );
            assert!(*error < tol::ENSEMBLE_NOISE, "{error}");
        }
    }
}

/// Trainers of a small network in double precision, for values and for classes.
fn small(labels: bool) -> (FiniteNetwork, TrainerBuilder) {
    let network = FiniteNetwork::new(&mlp(), Width::new(7, 3), 2, DType::F64).unwrap();
    let inputs = network.prepare(head(&points(), TRAIN).view()).unwrap();
    let builder = if labels {
        Trainer::classification(&network, &inputs, &[0, 2, 1, 1, 0, 2])
    } else {
        Trainer::regression(&network, &inputs, targets(3).view())
    };
    (network, builder)
}

#[test]
fn losses_are_those_of_their_formulas() {
    for labels in [false, true] {
        let (network, builder) = small(labels);
        let inputs = network.prepare(head(&points(), TRAIN).view()).unwrap();
        let outputs = array(&network.forward(&inputs).unwrap());
        let want = if labels {
            let picked = [0, 2, 1, 1, 0, 2].iter().zip(outputs.outer_iter());
            let each = picked.map(|(&label, row)| {
                let all: f64 = row.iter().map(|f| f.exp()).sum();
                -(row[label].exp() / all).ln()
            });
            each.sum::<f64>() / TRAIN as f64
        } else {
            let squares = (&outputs - &targets(3)).mapv(|x| x * x);
            squares.sum() / (2.0 * squares.len() as f64)
        };
        let trainer = builder.clone().build().unwrap();
        assert_same(&[trainer.loss().unwrap()], &[want], tol::ROUNDING);
        let batches = builder.batch_size(4).build().unwrap();
        assert_same(&[batches.loss().unwrap()], &[want], tol::ROUNDING);
    }
}

/// Logits beyond the range of the exponential.
#[test]
fn cross_entropy_of_large_outputs_is_finite() {
    let network = Network::vector(1).dense(Scale::default()).build().unwrap();
    let network = FiniteNetwork::new(&network, Width::new(1, 2), 0, DType::F64).unwrap();
    let weights = Tensor::new(&[[2000.0_f64, -1000.0]], network.parameters()[0].device()).unwrap();
    network.set_parameters(&[weights]).unwrap();
    let inputs = network.prepare(ndarray::array![[1.0]].view()).unwrap();
    let loss = |label| {
        let trainer = Trainer::classification(&network, &inputs, &[label]).build();
        trainer.unwrap().loss().unwrap()
    };
    assert_eq!([loss(0), loss(1)], [0.0, 3000.0]);
}

/// A step of gradient descent is the negative gradient times the rate: along a direction, against differences of the loss.
#[test]
fn a_step_follows_the_gradient_of_the_loss() {
    for labels in [false, true] {
        let (network, builder) = small(labels);
        let mut trainer = builder.learning_rate(0.25).build().unwrap();
        let start: Vec<Tensor> = network
            .parameters()
            .iter()
            .map(|p| p.copy().unwrap())
            .collect();
        let direction: Vec<Tensor> = start
            .iter()
            .map(|p| (p * 3.0).unwrap().sin().unwrap())
            .collect();
        let moved = |step: f64| {
            let moved = start
                .iter()
                .zip(&direction)
                .map(|(p, d)| (p + (d * step).unwrap()).unwrap());
            network.set_parameters(&moved.collect::<Vec<_>>()).unwrap();
            trainer.loss().unwrap()
        };
        let want = (moved(tol::STEP) - moved(-tol::STEP)) / (2.0 * tol::STEP);
        let loss = moved(0.0);
        assert_eq!(trainer.step().unwrap(), loss);
        let slope: f64 = network
            .parameters()
            .iter()
            .zip(start.iter().zip(&direction))
            .map(|(p, (start, d))| {
                let change = ((start - p.as_tensor()).unwrap() / 0.25).unwrap();
                (change * d)
                    .unwrap()
                    .sum_all()
                    .unwrap()
                    .to_scalar::<f64>()
                    .unwrap()
            })
            .sum();
        assert!(
            (slope / want - 1.0).abs() < tol::DIFFERENCE,
            "{labels}: {slope} {want}"
        );
    }
}

/// Three steps, number by number, with gradients taken from gradient descent.
#[test]
fn adam_follows_its_formula() {
    let (rate, beta1, beta2, epsilon) = (0.01, 0.8, 0.95, 1e-3);
    let adam = Optimiser::Adam {
        beta1,
        beta2,
        epsilon,
    };
    let (network, builder) = small(false);
    let mut trainer = builder.optimiser(adam).learning_rate(rate).build().unwrap();
    let mut theta = parameters(&network);
    let (mut m, mut v) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
    for k in 1..=3 {
        let (other, builder) = small(false);
        let now: Vec<Tensor> = network
            .parameters()
            .iter()
            .map(|p| p.copy().unwrap())
            .collect();
        other.set_parameters(&now).unwrap();
        builder.build().unwrap().step().unwrap();
        let descended = parameters(&other);
        trainer.step().unwrap();
        let found = parameters(&network);
        for i in 0..theta.len() {
            let g = theta[i] - descended[i];
            m[i] = beta1 * m[i] + (1.0 - beta1) * g;
            v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
            let (m, v) = (m[i] / (1.0 - beta1.powi(k)), v[i] / (1.0 - beta2.powi(k)));
            theta[i] -= rate * m / (v.sqrt() + epsilon);
        }
        assert_same(&found, &theta, tol::ADAM * rate);
        if k == 1 {
            assert!(theta.len() > 30);
        }
        theta = found;
    }
}

/// With small steps an epoch of batches of equal size is one of gradient descent, times their number.
#[test]
fn an_epoch_of_small_steps_is_a_full_batch() {
    let rate = tol::STEP;
    let (full, builder) = small(false);
    let start = parameters(&full);
    builder
        .learning_rate(3.0 * rate)
        .build()
        .unwrap()
        .step()
        .unwrap();
    let (batched, builder) = small(false);
    let mut trainer = builder
        .learning_rate(rate)
        .batch_size(2)
        .seed(4)
        .build()
        .unwrap();
    assert_eq!(trainer.steps_per_epoch(), 3);
    let before = trainer.loss().unwrap();
    let mean = trainer.epoch().unwrap();
    assert_eq!(trainer.steps(), 3);
    let change = |end: Vec<f64>| -> Vec<f64> {
        end.iter()
            .zip(&start)
            .map(|(a, b)| (a - b) / rate)
            .collect()
    };
    // The second order: gradients change by the rate times second derivatives.
    assert_same(
        &change(parameters(&batched)),
        &change(parameters(&full)),
        tol::CURVATURE * rate,
    );
    assert!((mean - before).abs() < tol::CURVATURE * rate);
}

fn images(count: usize) -> Array4<f64> {
    Array4::from_shape_fn((count, 4, 4, 2), |(n, y, x, c)| {
        ((1 + n + 3 * y + 5 * x * x + 7 * c) as f64).sin()
    })
}

fn cnn(group: PointGroup) -> Network {
    Network::plane(4, 4, 2)
        .lifting(
            group,
            Support::window(3, Padding::Same),
            Scale::new(1.2, 0.3),
        )
        .activation(Activation::Erf)
        .flatten()
        .dense(Scale::default())
        .build()
        .unwrap()
}

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
        assert_same(&found, &want, tol::ROUNDING);
        let plain = train(&network, smaller, 1, None);
        let apart = largest(plain.iter().zip(&want).map(|(a, b)| a - b));
        assert!(apart > tol::SEEN, "{apart}");
    }

    // The network is invariant under turns of the five points, not under reflections.
    let action = FiniteAction::dihedral(5).unwrap();
    let network = Network::finite(FiniteAction::cyclic(5).unwrap(), 1)
        .lifting(Support::subset(&[0, 1]), Scale::default())
        .activation(Activation::Erf)
        .group_convolution(Support::subset(&[0, 2]), Scale::default())
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Scale::default())
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
    assert_same(&found, &want, tol::ROUNDING);
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
        .lifting_with(Support::cap(0.8), Scale::new(1.2, 0.3))
        .activation(Activation::Erf)
        .group_convolution_with(Support::Global, Scale::new(1.1, 0.2))
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
    assert_same(&found, &want, tol::ROUNDING);
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

fn augmented(augmentation: Augmentation, seed: u64) -> Trainer {
    let network =
        FiniteNetwork::new(&cnn(PointGroup::C1), Width::new(5, 3), 1, DType::F32).unwrap();
    let inputs = network.prepare(images(7).view()).unwrap();
    Trainer::classification(&network, &inputs, &[0, 1, 2, 0, 1, 2, 0])
        .optimiser(Optimiser::ADAM)
        .learning_rate(0.02)
        .batch_size(3)
        .seed(seed)
        .augmentation(augmentation)
        .build()
        .unwrap()
}

fn turns() -> Augmentation {
    Augmentation::images(4, 4, PointGroup::C4.elements()).unwrap()
}

/// An equivariant network that ends invariant does not see by which turn an input was moved; another one does.
#[test]
fn sampled_transformations_are_those_of_the_group() {
    let losses = |group: PointGroup, augmentation: Option<Augmentation>| {
        let network = Network::plane(4, 4, 2)
            .lifting(
                group,
                Support::window(3, Padding::Same),
                Scale::new(1.2, 0.3),
            )
            .activation(Activation::Erf)
            .group_pooling()
            .dense(Scale::default())
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
    assert_same(&sampled, &plain, tol::ROUNDING);
    let identity = Augmentation::images(4, 4, PointGroup::C1.elements()).unwrap();
    assert_eq!(
        losses(PointGroup::C1, Some(identity.sampled())),
        losses(PointGroup::C1, None)
    );
    let plain = losses(PointGroup::C1, None);
    let sampled = losses(PointGroup::C1, Some(turns().sampled()));
    assert!((plain[0] - sampled[0]).abs() > tol::SEEN);
}

/// In the middle of an epoch, with moments, mini-batches and drawn transformations.
#[test]
fn a_restored_trainer_goes_on_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut first = augmented(turns().sampled(), 5);
    first.run(7).unwrap();
    first.set_learning_rate(0.013).unwrap();
    first.save(&path).unwrap();
    let written = std::fs::read(&path).unwrap();
    let want: Vec<f64> = (0..8).map(|_| first.step().unwrap()).collect();

    let mut second = augmented(turns().sampled(), 5);
    second.run(2).unwrap();
    second.restore(&path).unwrap();
    assert_eq!((second.steps(), second.learning_rate()), (7, 0.013));
    second.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), written);
    let found: Vec<f64> = (0..8).map(|_| second.step().unwrap()).collect();
    assert_eq!(found, want);
    assert_eq!(parameters(second.network()), parameters(first.network()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn checkpoints_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut trainer = augmented(turns(), 5);
    trainer.run(2).unwrap();
    trainer.save(&path).unwrap();
    let before = parameters(trainer.network());
    let refuses = |trainer: &mut Trainer, part: &str| {
        let values = parameters(trainer.network());
        let error = trainer.restore(&path).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(parameters(trainer.network()), values);
    };
    refuses(&mut augmented(turns().sampled(), 5), "items");
    refuses(&mut augmented(turns(), 6), "seed");
    refuses(&mut small(false).1.build().unwrap(), "loss");
    refuses(&mut small(true).1.build().unwrap(), "optimiser");
    assert!(matches!(
        trainer.restore(folder.path().join("none")),
        Err(Error::Io { .. })
    ));
    assert!(matches!(
        trainer.save(folder.path().join("none/file")),
        Err(Error::Io { .. })
    ));

    // Cut off, or with a byte that is another.
    let bytes = std::fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged");
    for len in (0..bytes.len()).step_by(97) {
        std::fs::write(&damaged, &bytes[..len]).unwrap();
        assert!(matches!(
            trainer.restore(&damaged),
            Err(Error::InFile { .. })
        ));
    }
    for at in (0..1200.min(bytes.len())).step_by(7) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x11;
        std::fs::write(&damaged, bytes).unwrap();
        assert!(
            matches!(trainer.restore(&damaged), Err(Error::InFile { .. })),
            "{at}"
        );
    }
    trainer.restore(&path).unwrap();
    assert_eq!(parameters(trainer.network()), before);
}

fn message<T>(result: haarmonic::Result<T>) -> String {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (network, builder) = small(false);
    let inputs = network.prepare(head(&points(), TRAIN).view()).unwrap();
    let check = |result: haarmonic::Result<Trainer>, parts: &[&str]| {
        let message = message(result);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        check(
            builder.clone().learning_rate(rate).build(),
            &["learning rate"],
        );
    }
    check(builder.clone().batch_size(0).build(), &["batch size", "0"]);
    for (beta1, beta2, epsilon, part) in [
        (1.0, 0.9, 1e-8, "β1"),
        (0.9, -0.1, 1e-8, "β2"),
        (0.9, f64::NAN, 1e-8, "β2"),
        (0.9, 0.9, 0.0, "ϵ"),
    ] {
        let adam = Optimiser::Adam {
            beta1,
            beta2,
            epsilon,
        };
        check(builder.clone().optimiser(adam).build(), &[part]);
    }
    let regression =
        |targets: Array2<f64>| Trainer::regression(&network, &inputs, targets.view()).build();
    check(regression(targets(2)), &["targets", "[6, 3]", "[6, 2]"]);
    let mut undefined = targets(3);
    undefined[[4, 1]] = f64::NAN;
    check(regression(undefined), &["targets", "[4, 1]"]);
    let classes = |labels: &[usize]| Trainer::classification(&network, &inputs, labels).build();
    check(classes(&[0, 1]), &["targets", "[6]", "[2]"]);
    check(classes(&[0, 1, 2, 3, 0, 0]), &["label 3", "below 3"]);
    let other = inputs.to_dtype(DType::F32).unwrap();
    check(
        Trainer::regression(&network, &other, targets(3).view()).build(),
        &["data type"],
    );
    for shape in [
        &inputs.narrow(0, 0, 0).unwrap(),
        &inputs.flatten_all().unwrap(),
    ] {
        check(
            Trainer::regression(&network, shape, targets(3).view()).build(),
            &["inputs", "[n, 1, 2]"],
        );
    }
    let undefined = (&inputs / 0.0).unwrap();
    check(
        Trainer::regression(&network, &undefined, targets(3).view()).build(),
        &["inputs", "finite"],
    );
    check(
        builder.clone().augmentation(turns()).build(),
        &["[n, 16, channels]", "augmentation"],
    );
    assert!(message(Augmentation::images(2, 2, &[])).contains("transformations"));
    assert!(message(Augmentation::images(0, 2, PointGroup::C2.elements())).contains("places"));
    assert!(message(Augmentation::images(2, 3, PointGroup::C4.elements())).contains("2 × 3"));

    let ensemble = |seeds, steps: &[u64]| builder.ensemble(seeds, steps, |trainer| trainer.loss());
    assert!(message(ensemble(3..3, &[1])).contains("seeds"));
    assert!(message(ensemble(0..2, &[4, 1])).contains("[4, 1]"));
    let one = builder.ensemble_outputs(0..1, &[0], &inputs).unwrap();
    assert!(message(one[0].standard_error()).contains("at least 2"));

    // A rate far too large is noticed before parameters are undefined.
    let mut diverging = builder.clone().learning_rate(1e9).build().unwrap();
    let error = message(diverging.run(100));
    assert!(
        error.contains("loss after") && error.contains("1000000000"),
        "{error}"
    );
}

/// Members depend on their seeds alone, not on the threads or on each other.
#[test]
fn members_are_trainings_of_their_own() {
    let (network, builder) = small(true);
    let before = parameters(&network);
    let builder = builder.batch_size(4).learning_rate(0.1).seed(10);
    let found = builder
        .ensemble(3..9, &[0, 2, 5], |trainer| trainer.loss())
        .unwrap();
    assert_eq!(parameters(&network), before);
    for (seed, found) in (3..9).zip(found) {
        let network = network.reinitialised(seed).unwrap();
        let inputs = network.prepare(head(&points(), TRAIN).view()).unwrap();
        let mut trainer = Trainer::classification(&network, &inputs, &[0, 2, 1, 1, 0, 2])
            .batch_size(4)
            .learning_rate(0.1)
            .seed(10 + seed)
            .build()
            .unwrap();
        let mut want = vec![trainer.loss().unwrap()];
        for steps in [2, 3] {
            trainer.run(steps).unwrap();
            want.push(trainer.loss().unwrap());
        }
        assert_eq!(found, want);
    }
}

/// Of one output of three members by hand.
#[test]
fn deviations_are_those_of_a_sample() {
    let outputs = EnsembleOutputs {
        steps: 0,
        outputs: Array3::from_shape_vec((3, 1, 1), vec![1.0, 2.0, 6.0]).unwrap(),
    };
    assert_same(outputs.mean().as_slice().unwrap(), &[3.0], tol::ROUNDING);
    // (4 + 1 + 9) / 2, and a third of it.
    let found = [
        outputs.standard_deviation().unwrap()[[0, 0]],
        outputs.standard_error().unwrap()[[0, 0]],
    ];
    let want = [7f64.sqrt(), (7f64 / 3.0).sqrt()];
    assert_same(&found, &want, tol::ROUNDING);
}

/// With steps too small to change anything, the mean over an epoch is the loss, although the last batch has one item of five.
#[test]
fn the_loss_of_an_epoch_is_a_mean_over_items() {
    let network = FiniteNetwork::new(&mlp(), Width::new(5, 1), 1, DType::F64).unwrap();
    let inputs = network.prepare(head(&points(), 5).view()).unwrap();
    let targets = head(&targets(1), 5);
    let mut trainer = Trainer::regression(&network, &inputs, targets.view())
        .batch_size(2)
        .learning_rate(f64::MIN_POSITIVE)
        .build()
        .unwrap();
    let whole = trainer.loss().unwrap();
    let parts: Vec<f64> = (0..3).map(|_| trainer.step().unwrap()).collect();
    // Batches that have the same loss would not tell.
    assert!((parts[2] - whole).abs() > tol::SEEN, "{parts:?}");
    assert_same(&[trainer.epoch().unwrap()], &[whole], tol::ROUNDING);
}
