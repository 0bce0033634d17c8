//! Who: someone who asks what training does to a network, and when the kernel tells.
//! What: networks of growing width learn a sine from a few points; mean and band of the ensemble against those of the NTK, and
//!       how much the empirical NTK of a network changes while it is trained.
//! Run:  cargo run --release --features finite-width --example sine
//!       cargo run --release --features finite-width --example sine -- \
//!           --widths 8,64,256,1024,4096 --members 100 --csv results/sine.csv
//! Expect: a table of distances to the NTK and of the change of the kernel. The mean comes as close as the noise of the ensemble
//!       lets it; the change falls faster than one over the root of the width: wide networks are frozen. A few seconds.

use std::path::PathBuf;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::atomic::write_csv;
use haarmonic::finite_width::candle_core::DType;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Trainer, Width};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Network, Scale};
use haarmonic::predict::{GradientFlow, Prediction, TestKernels, Time};
use haarmonic::{Error, Result};
use ndarray::{Array2, Axis, Slice};

/// Points that are learned, and points in between and around.
const TRAIN: usize = 8;
const TEST: usize = 33;
/// Networks whose kernels are followed, at most.
const FOLLOWED: u64 = 8;
const RANGE: f64 = std::f64::consts::PI;

#[derive(Parser)]
struct Options {
    /// Numbers of channels
    #[arg(long, value_delimiter = ',', default_value = "8,64,512")]
    widths: Vec<usize>,
    /// Networks of an ensemble
    #[arg(long, default_value_t = 24)]
    members: u64,
    /// Numbers of steps at which to look
    #[arg(long, value_delimiter = ',', default_value = "0,2,10,50")]
    steps: Vec<u64>,
    /// Where to write the curves: mean and band at each point, width and time; the infinite width is `inf`
    #[arg(long, default_value = "results/sine.csv")]
    csv: PathBuf,
}

/// Mean and standard deviation at all test points.
struct Curve {
    width: String,
    steps: u64,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.members < 2 || options.widths.is_empty() || options.steps.is_empty() {
        return Err(Error::InvalidValue {
            what: "members, widths and steps".into(),
            found: format!(
                "{}, {:?}, {:?}",
                options.members, options.widths, options.steps
            ),
            expected: "at least 2, at least one, at least one".into(),
        });
    }
    if let Some(folder) = options.csv.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::Io {
            path: folder.into(),
            operation: "create",
            message: error.to_string(),
        })?;
    }
    // A constant beside the coordinate.
    let points = |count: usize, range: f64| {
        let x = move |i: usize| range * (2.0 * i as f64 / (count - 1) as f64 - 1.0);
        Array2::from_shape_fn((count, 2), |(i, c)| if c == 0 { x(i) } else { 1.0 })
    };
    let (train, test) = (points(TRAIN, RANGE), points(TEST, 1.3 * RANGE));
    let targets = train.slice_axis(Axis(1), Slice::from(..1)).mapv(f64::sin);
    let network = mlp()?;

    let kernel = Kernel::new(&network)?;
    let (within, across) = (
        kernel.gram(train.view())?,
        kernel.cross(test.view(), train.view())?,
    );
    let prior = kernel.gram(test.view())?.nngp;
    let flow = |rate: f64| {
        GradientFlow::ntk(within.ntk.view(), within.nngp.view(), targets.view())
            .learning_rate(rate)
            .build()
    };
    let rate = 0.5 * flow(1.0)?.stable_learning_rate()?;
    let kernels = TestKernels::ntk(across.ntk.view(), across.nngp.view(), prior.view());
    let times: Vec<Time> = options
        .steps
        .iter()
        .map(|&steps| Time::Steps(steps))
        .collect();
    let limit = flow(rate)?.on_test_at(&kernels, &times)?;

    println!("learning rate {rate:.3}, {} members\n", options.members);
    println!("  width   steps   mean to NTK   band to NTK   expected noise   change of the kernel");
    let mut curves: Vec<Curve> = limit.iter().zip(&options.steps).map(exact).collect();
    let mut summary = Vec::new();
    for &width in &options.widths {
        let finite = FiniteNetwork::new(&network, Width::new(width, 1), 0, DType::F32)?;
        let (inputs, tests) = (finite.prepare(train.view())?, finite.prepare(test.view())?);
        let trainer = Trainer::regression(&finite, &inputs, targets.view()).learning_rate(rate);
        let ensemble = trainer.ensemble_outputs(1..1 + options.members, &options.steps, &tests)?;
        let followed = options.members.min(FOLLOWED);
        let changes = trainer.ensemble(1..1 + followed, &options.steps, |trainer| {
            let fresh = finite.reinitialised(trainer.network().seed())?;
            let ntk = |network| EmpiricalKernel::default().gram(network, &inputs);
            let (before, now) = (ntk(&fresh)?.ntk, ntk(trainer.network())?.ntk);
            Ok(norm(&(now - &before)) / norm(&before))
        })?;
        for (at, outputs) in ensemble.iter().enumerate() {
            let curve = Curve {
                width: width.to_string(),
                steps: outputs.steps,
                mean: outputs.mean().into_iter().collect(),
                deviation: outputs.standard_deviation()?.into_iter().collect(),
            };
            let exact = &curves[at];
            let change = changes.iter().map(|member| member[at]).sum::<f64>() / followed as f64;
            let (mean, band) = (
                distance(&curve.mean, &exact.mean),
                distance(&curve.deviation, &exact.deviation),
            );
            let noise =
                root_mean_square(exact.deviation.iter().copied()) / (options.members as f64).sqrt();
            println!(
                "  {width:5}   {:5}   {mean:11.4}   {band:11.4}   {noise:14.4}   {change:20.4}",
                curve.steps
            );
            if at + 1 == ensemble.len() {
                // Members start from the same distribution as in the limit: what differs is learned.
                summary.push([width as f64, mean, change, noise]);
            }
            curves.push(curve);
        }
    }
    write(&options.csv, &test, &curves)?;
    println!("\ncurves in {}", options.csv.display());
    if let [first, .., last] = &summary[..] {
        // Two wide ensembles are both as close as their noise lets them be.
        assert!(
            last[1] < first[1].max(2.0 * last[3]),
            "wide networks are no closer to the NTK: {summary:?}"
        );
        // The bound for smooth activations; wide networks do better.
        let bound = first[2] * (first[0] / last[0]).sqrt();
        assert!(last[2] < bound, "the kernel does not freeze: {summary:?}");
    }
    Ok(())
}

fn mlp() -> Result<Network> {
    let scale = Scale::new(1.5, 0.1);
    Network::vector(2)
        .dense(scale)
        .activation(Activation::Erf)
        .dense(scale)
        .activation(Activation::Erf)
        .dense(scale)
        .build()
}

fn exact((prediction, &steps): (&Prediction, &u64)) -> Curve {
    Curve {
        width: "inf".into(),
        steps,
        mean: prediction.mean.iter().copied().collect(),
        deviation: prediction
            .covariance
            .diag()
            .iter()
            .map(|v| v.max(0.0).sqrt())
            .collect(),
    }
}

fn norm(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn root_mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    (values.map(|x| x * x).sum::<f64>() / count).sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    root_mean_square(a.iter().zip(b).map(|(a, b)| a - b))
}

fn write(path: &PathBuf, test: &Array2<f64>, curves: &[Curve]) -> Result<()> {
    let rows = curves.iter().flat_map(|curve| {
        test.column(0).into_iter().enumerate().map(|(i, x)| {
            [
                curve.width.clone(),
                curve.steps.to_string(),
                x.to_string(),
                x.sin().to_string(),
                curve.mean[i].to_string(),
                curve.deviation[i].to_string(),
            ]
        })
    });
    write_csv(
        path,
        &["width", "steps", "x", "sine", "mean", "deviation"],
        rows,
    )
}
