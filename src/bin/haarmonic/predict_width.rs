//! The spread of an ensemble of networks of finite width, for `haarmonic predict --width`.

use haarmonic::corrections::{KernelAtWidth, NtkChange};
use haarmonic::kernel::Kernel;
use haarmonic::predict::{Ridge, Time};
use haarmonic::{Error, Result};
use ndarray::Array2;

use super::KernelChoice;
use super::inputs::Inputs;
use super::predict_arguments::Arguments;
use super::targets::Known;

/// The kernel of networks of finite width, if widths are given.
pub(super) fn kernel(arguments: &Arguments, kernel: &Kernel) -> Result<Option<KernelAtWidth>> {
    if arguments.width.is_empty() {
        return Ok(None);
    }
    if !matches!(arguments.kernel, KernelChoice::Ntk) {
        return Err(Error::invalid(
            "--width",
            "widths for the kernel nngp",
            "--kernel ntk: the spread is that of networks whose layers are all trained",
        ));
    }
    kernel.at_width(&arguments.width).map(Some)
}

/// The mean change of the tangent kernel between all training and test inputs, if a time is given.
pub(super) fn change(
    arguments: &Arguments,
    kernel: &KernelAtWidth,
    train: &Known,
    test: &Inputs,
) -> Option<Result<NtkChange>> {
    let time = match arguments.ntk_change? {
        f64::INFINITY => Time::Infinite,
        time => Time::Finite(time * arguments.learning_rate),
    };
    let change = || {
        let targets = train.targets.rows.view();
        kernel.ntk_change(train.inputs.signals()?, targets, test.signals()?, time)
    };
    Some(change())
}

/// The standard deviation of the predictions of trained networks, one row per test point and place.
pub(super) fn spread(
    arguments: &Arguments,
    kernel: &KernelAtWidth,
    train: &Known,
    test: &Inputs,
) -> Result<Array2<f64>> {
    let targets = train.targets.rows.view();
    let ridge = Ridge::Relative(arguments.ridge);
    kernel.ensemble_std(train.inputs.signals()?, targets, test.signals()?, ridge)
}
