//! How deep may a network be? Depth scales of a network with a standard initialisation, and the initialisation that has none.
//!
//! Who: somebody who trains deep networks, or computes kernels of them.
//! Run: `cargo run --release --example phase_diagram`
//! Expect: a table over the weight variance, with the phase, the depth scale of correlations and the condition numbers of the neural tangent
//! kernel at 10 and at 100 layers; then the critical weight standard deviation. Some seconds.

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::network::Init;
use haarmonic::spectral::{DeepInputs, Phase, RepeatedBlock, critical_points, phases};
use ndarray::{Array1, Array2};

const BIAS_STD: f64 = 0.3;
/// Orthogonal inputs, of the length at which the first layer has unit weights.
const INPUTS: usize = 8;

fn main() -> Result<()> {
    let activation = Activation::Erf;
    let inputs = DeepInputs::from_gram(Array2::eye(INPUTS).view())?;
    // Condition numbers need no labels.
    let labels = Array1::zeros(INPUTS);

    println!("erf, bias std {BIAS_STD}, {INPUTS} orthogonal inputs");
    println!("weight var.     phase  depth scale      cond(10)     cond(100)");
    let critical = critical_points(&activation, BIAS_STD)?[0].init;
    let variances = [0.5, 1.0, critical.weight_std.powi(2), 2.0, 3.0];
    let mut conditions = Vec::new();
    for weight_variance in variances {
        let init = Init::new(weight_variance.sqrt(), BIAS_STD);
        let point = phases(&activation, init)?.fixed_points.remove(0);
        let block = RepeatedBlock::new(activation.clone(), init);
        let deep = block.at_depths(&inputs, labels.view(), &[10, 100])?;
        println!(
            "{weight_variance:11.6} {:>9} {:12.3} {:13.4e} {:13.4e}",
            point.phase.name(),
            point.correlation_depth().unwrap_or(f64::INFINITY),
            deep[0].condition,
            deep[1].condition
        );
        conditions.push((point.phase, deep[1].condition));
    }
    println!("critical weight std: {:.12}", critical.weight_std);

    // Ordered networks of 100 layers do not train, critical and chaotic ones do.
    assert_eq!(conditions[0], (Phase::Ordered, f64::INFINITY));
    assert_eq!(conditions[2].0, Phase::Critical);
    let limit = (INPUTS as f64 + 2.0) / 2.0;
    assert!((conditions[2].1 / limit - 1.0).abs() < 0.1);
    assert_eq!(conditions[4].0, Phase::Chaotic);
    assert!(conditions[4].1 < 1.01);
    Ok(())
}
