//! What a trainer does not take.

use super::*;

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
