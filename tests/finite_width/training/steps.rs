//! Losses and optimisers, number by number.

use super::*;

use approx::assert_abs_diff_eq;

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
        assert_absolutely_close("values", [trainer.loss().unwrap()], [want], tol::ROUNDING);
        let batches = builder.batch_size(4).build().unwrap();
        assert_absolutely_close("values", [batches.loss().unwrap()], [want], tol::ROUNDING);
    }
}

/// Logits beyond the range of the exponential.
#[test]
fn cross_entropy_of_large_outputs_is_finite() {
    let network = Network::vector(1).dense(Init::default()).build().unwrap();
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
        assert_absolutely_close("values", &found, &theta, tol::ADAM * rate);
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
    assert_absolutely_close(
        "values",
        change(parameters(&batched)),
        change(parameters(&full)),
        tol::CURVATURE * rate,
    );
    assert_abs_diff_eq!(mean, before, epsilon = tol::CURVATURE * rate);
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
    assert_absolutely_close("values", [trainer.epoch().unwrap()], [whole], tol::ROUNDING);
}
