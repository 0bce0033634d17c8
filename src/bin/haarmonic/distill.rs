//! `haarmonic distill`: learns a few inputs from which a kernel predicts a data set.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use haarmonic::distill::{Distillation, Distilled, Labels, augmentations, start};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::Network;
use haarmonic::predict::Ridge;
use haarmonic::{Error, Result};
use ndarray::{ArrayView2, Axis};

use super::files::check_output;
use super::progress::Watched;
use super::targets::Known;
use super::{KernelChoice, say};

/// What becomes of the targets of the learned inputs.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LabelsChoice {
    /// They stay
    Fixed,
    /// They are learned, too
    Learned,
    /// They are solved for in each step
    Solved,
}

/// The inputs to begin with.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum StartChoice {
    /// Random examples of each class
    Random,
    /// The mean of each class
    Means,
    /// The examples of each class that differ most from each other
    Pivots,
}

#[derive(Args)]
pub struct Arguments {
    /// The network whose kernel predicts (TOML)
    network: PathBuf,
    /// The inputs of the data set (.npy)
    #[arg(long)]
    train_x: PathBuf,
    /// The targets of the data set (.npy), as for `predict`; the class of an example is the output with the largest target
    #[arg(long)]
    train_y: PathBuf,
    /// The kernel that predicts
    #[arg(long, value_enum, default_value = "ntk")]
    kernel: KernelChoice,
    /// The inputs to begin with
    #[arg(long, value_enum, default_value = "random")]
    start: StartChoice,
    /// The number of inputs of each class to begin with
    #[arg(long, default_value_t = 1)]
    per_class: usize,
    /// What becomes of the targets of the learned inputs
    #[arg(long, value_enum, default_value = "fixed")]
    labels: LabelsChoice,
    /// The penalty on solved targets
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    penalty: f64,
    /// The ridge, as a multiple of the mean diagonal entry of the kernel
    #[arg(long, default_value_t = 1e-6, allow_negative_numbers = true)]
    ridge: f64,
    /// The number of steps
    #[arg(long, default_value_t = 400)]
    steps: usize,
    /// The number of examples of each step, drawn anew; all without it
    #[arg(long)]
    batch: Option<usize>,
    /// Transform each example of a step at random: a point group of images (C4, D1, ...), `group` for a finite set, SO3 for coefficients on the sphere
    #[arg(long, value_name = "GROUP")]
    augment: Option<String>,
    /// Move each image of a step at random by up to this many pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 0)]
    shift: usize,
    /// The length of the first step on each number of the inputs
    #[arg(long, default_value_t = 0.02, allow_negative_numbers = true)]
    rate: f64,
    /// The length of the first step on each learned target
    #[arg(long, default_value_t = 0.005, allow_negative_numbers = true)]
    label_rate: f64,
    /// The seed of random examples, of batches and of their transformations
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the file after each of this many steps
    #[arg(long, default_value_t = 50)]
    every: usize,
    /// Go on from the file of an earlier run with the same options, if there is one
    #[arg(long)]
    resume: bool,
    /// Where to write the learned inputs `x`, their targets `y` and the losses (.npz)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments {
        network: path,
        train_x,
        train_y,
        out,
        ..
    } = arguments;
    check_output(out, [path, train_x, train_y].map(PathBuf::as_path))?;
    if arguments.every == 0 {
        return Err(Error::invalid("--every", 0, "at least 1"));
    }
    let network = Network::read(path)?;
    let Known { inputs, targets } = Known::read(&network, train_x, train_y, "training")?;
    let targets = targets.rows.view();
    let kernel = Kernel::new(&network)?;
    let labels = match arguments.labels {
        LabelsChoice::Fixed => Labels::Fixed,
        LabelsChoice::Learned => Labels::Learned,
        LabelsChoice::Solved => Labels::Solved {
            penalty: arguments.penalty,
        },
    };
    let transformations = augmentations(
        &network,
        arguments.augment.as_deref(),
        arguments.shift,
        arguments.seed,
    )?;
    let distillation = Distillation::new(kernel.clone())
        .augment(transformations)
        .kind(arguments.kernel.into())
        .ridge(Ridge::Relative(arguments.ridge))
        .labels(labels)
        .batch(arguments.batch)
        .rates(arguments.rate, arguments.label_rate)
        .seed(arguments.seed);
    let mut state = match arguments.resume && out.exists() {
        true => distillation.read(out)?,
        false => begin(arguments, &kernel, inputs.signals()?, targets)?,
    };
    let watched = Watched::new()?.counting("steps");
    let listener = watched.progress(true);
    let total = arguments.steps;
    let distillation = distillation.with_progress(Arc::new(move |done, _| -> ControlFlow<()> {
        listener(done, total)
    }));
    let begun = state.steps();
    loop {
        let until = total.min((state.steps() / arguments.every + 1) * arguments.every);
        let part = distillation.clone().steps(until);
        let before = state.steps();
        let ended = part.run(inputs.signals()?, targets, &mut state);
        // A run that was ended keeps its steps; a refused one leaves no file.
        if ended.is_ok() || state.steps() > before {
            distillation.write(out, &state)?;
        }
        ended?;
        if state.steps() >= total {
            break;
        }
    }
    drop(watched);
    let losses = state.losses();
    let mut said = vec![format!(
        "{} inputs, {} steps, {} of them now",
        state.len(),
        state.steps(),
        state.steps() - begun
    )];
    if let [first, .., last] = losses {
        said.push(format!("loss per example {last:.6e}, was {first:.6e}"));
    }
    say::lines(&said)
}

/// The inputs and targets to begin with.
fn begin(
    arguments: &Arguments,
    kernel: &Kernel,
    examples: Signals<'_>,
    targets: ArrayView2<'_, f64>,
) -> Result<Distilled> {
    let per_class = arguments.per_class;
    let rows = match arguments.start {
        StartChoice::Random => start::random(targets, per_class, arguments.seed)?,
        StartChoice::Pivots => start::pivots(
            kernel,
            arguments.kernel.into(),
            examples,
            targets,
            per_class,
        )?,
        StartChoice::Means => {
            if per_class != 1 {
                return Err(Error::invalid(
                    "--per-class",
                    per_class,
                    "1 with --start means",
                ));
            }
            let means = start::class_means(examples, targets)?;
            let rows = start::random(targets, 1, arguments.seed)?;
            return Distilled::new(means.view(), targets.select(Axis(0), &rows).view());
        }
    };
    start::of_examples(examples, targets, &rows)
}
