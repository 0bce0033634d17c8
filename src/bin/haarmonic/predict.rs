//! `haarmonic predict`: what an ensemble of infinitely wide networks predicts.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::data::atomic::check_target;
use haarmonic::predict::{GradientFlow, Ridge, TestKernels, Time};

use super::targets::Targets;
use super::{KernelChoice, PrecisionChoice, gram, inputs, progress, read_kernel};

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    network: PathBuf,
    /// Training inputs (.npy)
    #[arg(long)]
    train_x: PathBuf,
    /// Training targets (.npy): [n] or [n, outputs]; [n, P] or [n, P, outputs] for a network with outputs at P places
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
    let (bar, report) = progress::pairs();
    let kernel = read_kernel(&arguments.network, arguments.precision)?.with_progress(report);
    let targets = Targets::read(kernel.network(), &arguments.train_y)?;
    let train = inputs::read(&kernel, &arguments.train_x)?;
    let test = inputs::read(&kernel, &arguments.test_x)?;
    targets
        .check(train.len())
        .map_err(|error| error.in_file(&arguments.train_y))?;
    let train_train = kernel.gram_prepared(&train)?;
    let test_train = kernel.cross_prepared(&test, &train)?;
    let test_test = kernel.gram_prepared(&test)?;
    bar.finish_and_clear();

    let (builder, test_kernels) = match arguments.kernel {
        KernelChoice::Ntk => (
            GradientFlow::ntk(
                train_train.ntk.view(),
                train_train.nngp.view(),
                targets.rows.view(),
            ),
            TestKernels::ntk(
                test_train.ntk.view(),
                test_train.nngp.view(),
                test_test.nngp.view(),
            ),
        ),
        KernelChoice::Nngp => (
            GradientFlow::nngp(train_train.nngp.view(), targets.rows.view()),
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
        prediction.mean.nrows(),
        train.len() / targets.places(),
        gram::describe(&test_train.error)
    );
    write_npz(
        &arguments.out,
        &[
            ("mean", Numbers::Real(targets.shaped(prediction.mean)?)),
            (
                "covariance",
                Numbers::Real(prediction.covariance.into_dyn()),
            ),
        ],
    )
}
