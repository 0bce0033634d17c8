//! `haarmonic gram`: kernel matrices.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::data::atomic::check_target;
use haarmonic::kernel::{Gram, KernelError};

use super::{PrecisionChoice, inputs, progress, read_kernel};

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    network: PathBuf,
    /// Inputs of the rows (.npy): [n, d], [n, H, W, c], [n, θ, φ, c], or complex [n, c, L, 2L-1]
    rows: PathBuf,
    /// Inputs of the columns; the same as those of the rows if left out
    columns: Option<PathBuf>,
    /// Precision within a pair of images
    #[arg(long, value_enum, default_value = "f64")]
    precision: PrecisionChoice,
    /// Where to write `nngp`, `ntk` and their error estimates (.npz)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_target(&arguments.out)?;
    let (bar, report) = progress::pairs();
    let kernel = read_kernel(&arguments.network, arguments.precision)?.with_progress(report);
    let rows = inputs::read(&kernel, &arguments.rows)?;
    let gram = match &arguments.columns {
        None => kernel.gram_prepared(&rows)?,
        Some(path) => kernel.cross_prepared(&rows, &inputs::read(&kernel, path)?)?,
    };
    bar.finish_and_clear();
    let (n1, n2) = gram.nngp.dim();
    println!("{n1} x {n2} kernels, {}", describe(&gram.error));
    write(arguments, gram)
}

pub fn describe(error: &KernelError) -> String {
    let largest = error.largest();
    let numbers = format!("nngp {:.1e}, ntk {:.1e}", largest.nngp, largest.ntk);
    match error {
        KernelError::Exact => "exact to rounding".into(),
        KernelError::Entries { .. } => format!("largest error estimate: {numbers}"),
        KernelError::Sampled { pairs, .. } => {
            format!("largest change in {pairs} pairs computed more accurately: {numbers}")
        }
    }
}

fn write(arguments: &Arguments, gram: Gram) -> Result<()> {
    let mut arrays = vec![
        ("nngp", Numbers::Real(gram.nngp.into_dyn())),
        ("ntk", Numbers::Real(gram.ntk.into_dyn())),
    ];
    if let KernelError::Entries { nngp, ntk } = gram.error {
        arrays.push(("nngp_error", Numbers::Real(nngp.into_dyn())));
        arrays.push(("ntk_error", Numbers::Real(ntk.into_dyn())));
    }
    write_npz(&arguments.out, &arrays)
}
