//! How wide must a network be for its kernels to be known to one per cent?
//!
//! Who: somebody who trains networks with some tens of channels and wants to know what the kernels of infinite width say about them.
//! What: standard deviation and bias of the NTK from `Kernel::at_width`, the layer that makes the noise, the width for one per cent, and
//! Monte Carlo over random networks as a check; for a perceptron and for a network with C4 symmetry.
//! Run: `cargo run --release --features finite-width --example how_wide`
//! Expect: a table with the widths, and measured standard deviations within the error of first order.

use haarmonic::activation::Activation;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width, candle_core::DType};
use haarmonic::group::FiniteAction;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array2, Array3};

const WIDTH: usize = 48;
const NETWORKS: u64 = 400;

fn main() -> haarmonic::Result<()> {
    let init = Init::new(1.3, 0.2);
    let perceptron = Network::vector(4)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .build()?;
    let equivariant = Network::finite(FiniteAction::cyclic(4)?, 1)
        .lifting(Filter::subset(&[0, 1]), init)
        .activation(Activation::Relu)
        .group_convolution(Filter::subset(&[0, 1]), init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init)
        .build()?;
    let signals = Array3::from_shape_fn((2, 4, 1), |(i, x, _)| ((3 * i + 2 * x + 1) as f64).sin());
    let vectors = Array2::from_shape_fn((2, 4), |(i, x)| signals[[i, x, 0]]);
    study("perceptron, erf", &perceptron, vectors.view().into())?;
    study("C4, relu", &equivariant, signals.view().into())
}

/// Prints the table of one network.
fn study(name: &str, network: &Network, signals: Signals<'_>) -> haarmonic::Result<()> {
    let kernel = Kernel::new(network)?;
    let relative = |widths: &[usize]| -> haarmonic::Result<[f64; 2]> {
        let gram = kernel.at_width(widths)?.gram(signals)?;
        let limit = gram.limit.ntk[[0, 1]];
        Ok([
            gram.ntk_std[[0, 1]] / limit.abs(),
            gram.ntk_bias[[0, 1]] / limit,
        ])
    };
    let [std, bias] = relative(&[WIDTH, WIDTH])?;
    println!("{name}: NTK of two signals at width {WIDTH}");
    println!(
        "  standard deviation {:.1} %, bias {:.2} %",
        100.0 * std,
        100.0 * bias
    );
    // The contributions of the layers to the variance add: a layer that is wide contributes nothing.
    let wide = 1_000_000_000;
    for (layer, widths) in [[WIDTH, wide], [wide, WIDTH]].iter().enumerate() {
        let share = (relative(widths)?[0] / std).powi(2);
        println!(
            "  hidden layer {} makes {:.0} % of the variance",
            layer + 1,
            100.0 * share
        );
    }
    let enough = (WIDTH as f64 * (std / 0.01).powi(2)).ceil() as usize;
    println!(
        "  one network has 1 % at width {enough}; the mean over many has 1 % at width {:.0}",
        WIDTH as f64 * bias.abs() / 0.01
    );
    assert!(relative(&[enough; 2])?[0] < 0.01);

    let finite = FiniteNetwork::new(network, Width::new(WIDTH, 1), 0, DType::F64)?;
    let inputs = finite.prepare(signals)?;
    let found = EmpiricalKernel::default().estimate(&finite, &inputs, 0..NETWORKS)?;
    let measured = found.ntk.standard_error[[0, 1]] * (NETWORKS as f64).sqrt();
    let predicted = std * kernel.gram(signals)?.ntk[[0, 1]].abs();
    println!(
        "  Monte Carlo, {NETWORKS} networks: {:.3} of the predicted standard deviation\n",
        measured / predicted
    );
    assert!((measured / predicted - 1.0).abs() < 0.25);
    Ok(())
}
