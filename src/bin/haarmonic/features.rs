//! `haarmonic features`: explicit features whose inner products are kernels.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::{Numbers, write_npz};

use super::files::check_output;
use super::inputs::Inputs;
use super::{KernelChoice, PrecisionChoice, make_kernel, read_network, say};

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML): global filters on the sphere, or one message on molecules, and an activation of degree 2 at most
    network: PathBuf,
    /// Inputs, as for `gram`
    inputs: PathBuf,
    /// The kernel whose features are computed
    #[arg(long, value_enum, default_value = "ntk")]
    kernel: KernelChoice,
    /// Where to write `features`, [n, features] (.npz)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let files = [&arguments.network, &arguments.inputs];
    check_output(&arguments.out, files.into_iter().map(PathBuf::as_path))?;
    let network = read_network(&arguments.network, PrecisionChoice::F64)?;
    let inputs = Inputs::read(&network, &arguments.inputs)?;
    let kernel = make_kernel(&network, PrecisionChoice::F64)?;
    let prepared = inputs.prepare(&kernel)?;
    let map = kernel.feature_map(&prepared)?;
    let features = match arguments.kernel {
        KernelChoice::Ntk => map.ntk()?,
        KernelChoice::Nngp => map.nngp()?,
    };
    let said = format!(
        "{} features of {} inputs",
        features.ncols(),
        features.nrows()
    );
    write_npz(
        &arguments.out,
        &[("features", Numbers::Real(features.into_dyn()))],
    )?;
    say::lines(&[said])
}
