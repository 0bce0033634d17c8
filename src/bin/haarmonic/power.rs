//! `haarmonic power`: auto and cross spectra of signals on the sphere.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::Result;
use haarmonic::data::arrays::write_npy;
use haarmonic::sphere::spectra::{SpectrumNorm, all_pairs};
use ndarray::Axis;

use super::files::check_output;
use super::say;
use super::signals::{LayoutChoice, Signals};

#[derive(Args)]
pub struct Arguments {
    /// Coefficients [L, 2L-1] or [n, L, 2L-1], or those of real signals with m >= 0, [L (L+1) / 2] or [n, L (L+1) / 2] (.npy)
    coefficients: PathBuf,
    /// The layout of the coefficients, where the shape fits both
    #[arg(long, value_enum)]
    layout: Option<LayoutChoice>,
    /// The mean over the orders (C_l, as healpy's anafast) or the sum
    #[arg(long, value_enum, default_value_t = NormChoice::Mean)]
    norm: NormChoice,
    /// Where to write the spectra (.npy): [L] of one signal, else [n (n+1) / 2, L], first all auto spectra, then cross spectra of neighbours, and so on: TT, EE, BB, TE, EB, TB
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum NormChoice {
    Mean,
    Sum,
}

/// Degrees of the printed table at most.
const PRINTED: usize = 12;

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.coefficients.as_path()])?;
    let path = &arguments.coefficients;
    let signals = Signals::read(path, arguments.layout)?;
    let norm = match arguments.norm {
        NormChoice::Mean => SpectrumNorm::Mean,
        NormChoice::Sum => SpectrumNorm::Sum,
    };
    let spectra = all_pairs(signals.stacked().view(), norm).map_err(|e| e.in_file(path))?;
    let count = signals.stacked().shape()[0];
    let names: Vec<String> = (0..count)
        .flat_map(|apart| (0..count - apart).map(move |i| [i, i + apart]))
        .map(|[i, j]| format!("{:>12}", format!("{i} x {j}")))
        .collect();
    let mut lines = vec![format!("degree  {}", names.join("  "))];
    for degree in 0..signals.limit.min(PRINTED) {
        let values: Vec<String> = spectra
            .column(degree)
            .iter()
            .map(|value| format!("{value:>12.5e}"))
            .collect();
        lines.push(format!("{degree:>6}  {}", values.join("  ")));
    }
    if signals.limit > PRINTED {
        let rest = signals.limit - PRINTED;
        lines.push(format!(
            "and {rest} more degrees in {}",
            arguments.out.display()
        ));
    }
    if signals.several() {
        write_npy(&arguments.out, &spectra.into_dyn())?;
    } else {
        write_npy(
            &arguments.out,
            &spectra.index_axis_move(Axis(0), 0).into_dyn(),
        )?;
    }
    say::lines(&lines)
}
