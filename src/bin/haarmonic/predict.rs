//! `haarmonic predict`: what an ensemble of infinitely wide networks predicts.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{Numbers, read_real, write_npz};
use haarmonic::data::atomic::check_target;
use haarmonic::predict::{GradientFlow, Ridge, TestKernels, Time};
use haarmonic::{Error, Result};
use ndarray::{Array2, Axis};

use super::{KernelChoice, PrecisionChoice, gram, inputs, progress, read_kernel};

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    network: PathBuf,
    /// Training inputs (.npy)
    #[arg(long)]
    train_x: PathBuf,
    /// Training targets (.npy): [n] or [n, outputs]
    #[arg(long)]
    train_y: PathBuf,
    /// Test inputs (.npy)
    #[arg(long)]
    test_x: PathBuf,
    /// The kernel that drives the training
    #[arg(long, value_enum, default_value = "ntk")]
    kernel: KernelChoice,
    /// Training time; without it the training has converged
    #[arg(long, allow_negative_numbers = true)]
    time: Option<f64>,
    /// Learning rate, the unit of time
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    learning_rate: f64,
    /// Ridge, as a multiple of the mean diagonal entry of the kernel
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    ridge: f64,
    /// Precision within a pair of images
    #[arg(long, value_enum, default_value = "f64")]
    precision: PrecisionChoice,
    /// Where to write `mean` and `covariance` (.npz)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_target(&arguments.out)?;
    let targets = targets(arguments)?;
    let (bar, report) = progress::pairs();
    let kernel = read_kernel(&arguments.network, arguments.precision)?.with_progress(report);
    let train = inputs::read(&kernel, &arguments.train_x)?;
    let test = inputs::read(&kernel, &arguments.test_x)?;
    if targets.nrows() != train.len() {
        return Err(Error::ShapeMismatch {
            what: "targets".into(),
            expected: format!("[{}, outputs], one row per training input", train.len()),
            found: targets.shape().to_vec(),
        }
        .in_file(&arguments.train_y));
    }
    let train_train = kernel.gram_prepared(&train)?;
    let test_train = kernel.cross_prepared(&test, &train)?;
    let test_test = kernel.gram_prepared(&test)?;
    bar.finish_and_clear();

    let (builder, test_kernels) = match arguments.kernel {
        KernelChoice::Ntk => (
            GradientFlow::ntk(
                train_train.ntk.view(),
                train_train.nngp.view(),
                targets.view(),
            ),
            TestKernels::ntk(
                test_train.ntk.view(),
                test_train.nngp.view(),
                test_test.nngp.view(),
            ),
        ),
        KernelChoice::Nngp => (
            GradientFlow::nngp(train_train.nngp.view(), targets.view()),
            TestKernels::nngp(test_train.nngp.view(), test_test.nngp.view()),
        ),
    };
    let flow = builder
        .ridge(Ridge::Relative(arguments.ridge))
        .learning_rate(arguments.learning_rate)
        .build()?;
    let time = arguments.time.map_or(Time::Infinite, Time::Finite);
    let prediction = flow.on_test(&test_kernels, time)?;
    println!(
        "{} predictions from {} training inputs; kernel: {}",
        test.len(),
        train.len(),
        gram::describe(&test_train.error)
    );
    write_npz(
        &arguments.out,
        &[
            ("mean", Numbers::Real(prediction.mean.into_dyn())),
            (
                "covariance",
                Numbers::Real(prediction.covariance.into_dyn()),
            ),
        ],
    )
}

fn targets(arguments: &Arguments) -> Result<Array2<f64>> {
    let array = read_real(&arguments.train_y)?;
    let shape = array.shape().to_vec();
    let array = if array.ndim() == 1 {
        array.insert_axis(Axis(1))
    } else {
        array
    };
    array.into_dimensionality().map_err(|_| {
        Error::ShapeMismatch {
            what: "targets".into(),
            expected: "[n] or [n, outputs]".into(),
            found: shape,
        }
        .in_file(&arguments.train_y)
    })
}
