//! Many networks against the kernels, and their members.

use super::*;

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
        GradientFlow::fit(Kernels::ntk(ntk.view(), nngp.view()), targets, Ridge::NONE)
            .and_then(|flow| flow.with_learning_rate(rate))
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
    let (test, prior) = (Kernels::ntk(ntk.view(), nngp.view()), gram.nngp.view());
    let bias = tol::TRAINED_BIAS / WIDTH as f64;
    let values = STEPS.len() * prior.nrows() * targets.ncols();
    let allowed = student_errors(FALSE_ALARM, values, MEMBERS as usize);
    let ratios = variance_ratios(FALSE_ALARM, values, MEMBERS as usize - 1);
    for (at, outputs) in ensemble.iter().enumerate() {
        assert_eq!(outputs.steps, STEPS[at]);
        let time = Time::Steps(STEPS[at]);
        let want = prediction.predict(test, prior, time).unwrap();
        let (mean, error) = (outputs.mean(), outputs.standard_error().unwrap());
        for ((index, found), error) in mean.indexed_iter().zip(&error) {
            let off = (found - want.mean[index]).abs();
            assert!(
                off <= allowed * error + bias,
                "{time:?} {index:?}: {found} {off:e} {error:e}"
            );
        }
        let spread = outputs.standard_deviation().unwrap();
        for ((row, column), found) in spread.indexed_iter() {
            // The variance of normal numbers; widths change it like the mean.
            let variance = want.covariance[[row, row]];
            let [least, most] = ratios.map(|ratio| ratio * variance);
            let square = found * found;
            assert!(
                least - bias <= square && square <= most + bias,
                "{time:?} {row} {column}: {found} {variance}"
            );
        }

        let z = gains.predict(test, prior, time).unwrap().mean;
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
                off <= allowed * error + bias,
                "{time:?} {index:?}: {found} {off:e} {error:e}"
            );
            assert!(*error < tol::ENSEMBLE_NOISE, "{error}");
        }
    }
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
    assert_absolutely_close(
        "values",
        outputs.mean().as_slice().unwrap(),
        [3.0],
        tol::ROUNDING,
    );
    // (4 + 1 + 9) / 2, and a third of it.
    let found = [
        outputs.standard_deviation().unwrap()[[0, 0]],
        outputs.standard_error().unwrap()[[0, 0]],
    ];
    let want = [7f64.sqrt(), (7f64 / 3.0).sqrt()];
    assert_absolutely_close("values", found, want, tol::ROUNDING);
}
