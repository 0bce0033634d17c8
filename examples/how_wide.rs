//! How wide must a network be for its kernels to be known to one per cent?
//!
//! Who: somebody who trains networks with some tens of channels and wants to know what the kernels of infinite width say about them.
//! What: standard deviation and bias of the NTK from `Kernel::at_width`, the layer that makes the noise, the width for one per cent, and
//! Monte Carlo over random networks as a check; for a perceptron, for a network with C4 symmetry and for one with SO(3) symmetry.
//! Run: `cargo run --release --features finite-width,plot --example how_wide -- how_wide.svg`; the name of a picture may be left out
//! Expect: a table per network, and measured standard deviations within the error of first order; some seconds.

use haarmonic::activation::Activation;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width, candle_core::DType};
use haarmonic::group::FiniteAction;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network, SphereSampling};
use ndarray::{Array2, Array3, Array4};
use num_complex::Complex64;

const WIDTHS: [usize; 3] = [12, 24, 48];

fn main() -> haarmonic::Result<()> {
    let init = Init::new(1.3, 0.2);
    let perceptron = Network::vector(4)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .build()?;
    let cyclic = Network::finite(FiniteAction::cyclic(4)?, 1)
        .lifting(Filter::subset(&[0, 1]), init)
        .activation(Activation::Relu)
        .group_convolution(Filter::subset(&[0, 1]), init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init)
        .build()?;
    let rotations = Network::sphere(2, SphereSampling::Coefficients, 1)
        .lifting(init)
        .activation(Activation::Erf)
        .group_convolution(init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(init)
        .build()?;
    let signals = Array3::from_shape_fn((2, 4, 1), |(i, x, _)| ((3 * i + 2 * x + 1) as f64).sin());
    let vectors = Array2::from_shape_fn((2, 4), |(i, x)| signals[[i, x, 0]]);
    // c + v·x on the sphere.
    let mut fields = Array4::<Complex64>::zeros((2, 1, 2, 3));
    for (i, mut field) in fields.outer_iter_mut().enumerate() {
        field[[0, 0, 1]].re = 1.4 - i as f64;
        field[[0, 1, 1]].re = 1.0 + i as f64;
        let first = Complex64::new(1.1, 0.9 * i as f64 - 0.6);
        (field[[0, 1, 2]], field[[0, 1, 0]]) = (first, -first.conj());
    }
    let cases: [(&str, &Network, Signals<'_>, u64); 3] = [
        ("perceptron, erf", &perceptron, vectors.view().into(), 400),
        ("C4, relu", &cyclic, signals.view().into(), 400),
        ("SO(3), erf", &rotations, fields.view().into(), 40),
    ];
    let mut curves = Vec::new();
    for (name, network, signals, networks) in cases {
        curves.push((name, study(name, network, signals, networks)?));
    }
    picture(&curves)
}

/// Prints the table of one network; returns its relative variances, predicted and measured, at all widths.
fn study(
    name: &str,
    network: &Network,
    signals: Signals<'_>,
    networks: u64,
) -> haarmonic::Result<[Vec<f64>; 2]> {
    let kernel = Kernel::new(network)?;
    // Variances and biases are proportional to 1/n: one computation serves all widths.
    let unit = |widths: [usize; 2]| kernel.at_width(&widths)?.gram(signals);
    let wide = 1_000_000_000;
    let all = unit([1, 1])?;
    let limit = all.limit.ntk[[0, 1]];
    let [std, bias] = [&all.ntk_std, &all.ntk_bias].map(|array| array[[0, 1]] / limit.abs());
    let first = (unit([1, wide])?.ntk_std[[0, 1]] / limit.abs() / std).powi(2);
    println!("{name}: NTK of two signals");
    println!(
        "  standard deviation {:.1} % and bias {:.2} % at width {}",
        100.0 * std / (WIDTHS[2] as f64).sqrt(),
        100.0 * bias / WIDTHS[2] as f64,
        WIDTHS[2]
    );
    let [left, right] = [first, 1.0 - first].map(|share| 100.0 * share);
    println!("  the hidden layers make {left:.0} % and {right:.0} % of the variance");
    println!(
        "  one network has 1 % at width {:.0}; the mean over many has 1 % at width {:.0}",
        (std / 0.01).powi(2),
        bias.abs() / 0.01
    );
    let (mut predicted, mut measured) = (Vec::new(), Vec::new());
    for width in WIDTHS {
        let finite = FiniteNetwork::new(network, Width::new(width, 1), 0, DType::F64)?;
        let inputs = finite.prepare(signals)?;
        let found = EmpiricalKernel::default().estimate(&finite, &inputs, 0..networks)?;
        let error = found.ntk.standard_error[[0, 1]] / limit;
        predicted.push(std * std / width as f64);
        measured.push(error * error * networks as f64);
    }
    let ratio = measured[2] / predicted[2];
    println!("  Monte Carlo at width 48, {networks} networks: {ratio:.3} of the variance\n");
    // The standard error of a variance, and the error of first order.
    let error = (2.0 / networks as f64).sqrt() + 5.0 / WIDTHS[2] as f64;
    assert!((ratio - 1.0).abs() < 4.0 * error, "{name}: {ratio}");
    Ok([predicted, measured])
}

/// Draws the variances against the width, if a file is named.
#[cfg(feature = "plot")]
fn picture(curves: &[(&str, [Vec<f64>; 2])]) -> haarmonic::Result<()> {
    use haarmonic::plot::{Curve, Labels, convergence};
    let Some(path) = std::env::args().nth(1) else {
        return Ok(());
    };
    let sizes = WIDTHS.map(|width| width as f64);
    let names: Vec<String> = curves
        .iter()
        .map(|(name, _)| format!("{name}, measured"))
        .collect();
    let mut drawn = Vec::new();
    for ((name, [predicted, measured]), other) in curves.iter().zip(&names) {
        for (name, mean) in [(*name, predicted), (other.as_str(), measured)] {
            drawn.push(Curve {
                name,
                sizes: &sizes,
                mean,
                error: None,
            });
        }
    }
    let labels = Labels {
        y: "variance of the NTK, relative to its square",
        ..Labels::default()
    };
    convergence(&drawn, &labels, path)
}

#[cfg(not(feature = "plot"))]
fn picture(_: &[(&str, [Vec<f64>; 2])]) -> haarmonic::Result<()> {
    Ok(())
}
