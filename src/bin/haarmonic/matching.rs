//! `haarmonic match`: the rotation that brings one signal on the sphere nearest to another.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::write_npy;
use haarmonic::so3::best_rotation;
use haarmonic::{Error, Result};
use ndarray::arr1;

use super::files::check_output;
use super::say;
use super::signals::{LayoutChoice, Signals};

#[derive(Args)]
pub struct Arguments {
    /// Coefficients of the real signals that stay, [L, 2L-1], [channels, L, 2L-1], [L (L+1) / 2] or [channels, L (L+1) / 2] (.npy)
    first: PathBuf,
    /// Coefficients of the real signals that are rotated, of the same shape (.npy)
    second: PathBuf,
    /// The layout of the coefficients, where the shape fits both
    #[arg(long, value_enum)]
    layout: Option<LayoutChoice>,
    /// Where to write the Euler angles [α, β, γ] of the rotation, for `haarmonic rotate` (.npy)
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { first, second, .. } = arguments;
    if let Some(out) = &arguments.out {
        check_output(out, [first.as_path(), second.as_path()])?;
    }
    let [f, g] = [first, second].map(|path| Signals::read(path, arguments.layout));
    let (f, g) = (f?, g?);
    if g.coefficients.shape() != f.coefficients.shape() {
        let expected = format!("{:?}, as {}", f.coefficients.shape(), first.display());
        let found = g.coefficients.shape().to_vec();
        return Err(Error::shape("coefficients", expected, found).in_file(second));
    }
    let full = f.full().map_err(|error| error.in_file(first))?;
    let other = g.full().map_err(|error| error.in_file(second))?;
    let best = best_rotation(full.view(), other.view())?;
    let euler = best.rotation.euler_zyz();
    let angles = [euler.alpha(), euler.beta(), euler.gamma()];
    if let Some(out) = &arguments.out {
        write_npy(out, &arr1(&angles).into_dyn())?;
    }
    let [alpha, beta, gamma] = angles;
    let mut lines = vec![
        format!("rotation (α, β, γ) = ({alpha:.9}, {beta:.9}, {gamma:.9}) radians"),
        format!(
            "score {:.6} (1: the rotated signal is a multiple of the other)",
            best.score
        ),
    ];
    if let Some(score) = best.runner_up {
        lines.push(format!("score of the next best rotation {score:.6}"));
    }
    say::lines(&lines)
}
