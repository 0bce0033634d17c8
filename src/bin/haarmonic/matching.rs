//! `haarmonic match`: the rotation that brings one signal on the sphere nearest to another.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{read_real, write_npy};
use haarmonic::so3::{PointShells, best_rotation};
use haarmonic::{Error, Result};
use ndarray::{Array3, Ix2, arr1};
use num_complex::Complex64;

use super::files::check_output;
use super::say;
use super::signals::{LayoutChoice, Signals};

#[derive(Args)]
pub struct Arguments {
    /// Coefficients of the real signals that stay, or points with `--radii`: [L, 2L-1], [channels, L, 2L-1], [L (L+1) / 2] or [channels, L (L+1) / 2] (.npy)
    first: PathBuf,
    /// Coefficients of the real signals that are rotated, of the same shape (.npy)
    second: PathBuf,
    /// The layout of the coefficients, where the shape fits both
    #[arg(long, value_enum, conflicts_with = "radii")]
    layout: Option<LayoutChoice>,
    /// Match clouds of points, [n, 3] and [m, 3], by their signals on shells of these radii, with commas
    #[arg(long, value_delimiter = ',', requires_all = ["width", "bandlimit"])]
    radii: Option<Vec<f64>>,
    /// The width of shells, about the distance of neighbouring ones
    #[arg(long, requires = "radii", allow_negative_numbers = true)]
    width: Option<f64>,
    /// Band limit L of the signals of clouds
    #[arg(long, requires = "radii")]
    bandlimit: Option<usize>,
    /// Print the standard deviations of the rotation for this variance of the coefficients of noise, the spectrum of white noise
    #[arg(long, allow_negative_numbers = true)]
    noise: Option<f64>,
    /// Where to write the Euler angles [α, β, γ] of the rotation, for `haarmonic rotate` (.npy)
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { first, second, .. } = arguments;
    if let Some(out) = &arguments.out {
        check_output(out, [first.as_path(), second.as_path()])?;
    }
    let (full, other) = match &arguments.radii {
        Some(radii) => clouds(arguments, radii)?,
        None => signals(arguments)?,
    };
    let best = best_rotation(full.view(), other.view())?;
    let euler = best.rotation.euler_zyz();
    let angles = [euler.alpha(), euler.beta(), euler.gamma()];
    let deviations = arguments.noise.map(|noise| best.covariance(noise));
    let deviations = deviations.transpose()?;
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
    if let Some(covariance) = deviations {
        let [x, y, z] = [0, 1, 2].map(|axis| covariance[axis][axis].sqrt());
        lines.push(format!(
            "standard deviations about x, y, z: {x:.3e}, {y:.3e}, {z:.3e} radians"
        ));
    }
    say::lines(&lines)
}

/// The signals of both files, in the full layout.
fn signals(arguments: &Arguments) -> Result<(Array3<Complex64>, Array3<Complex64>)> {
    let Arguments { first, second, .. } = arguments;
    let [f, g] = [first, second].map(|path| Signals::read(path, arguments.layout));
    let (f, g) = (f?, g?);
    if g.coefficients.shape() != f.coefficients.shape() {
        let expected = format!("{:?}, as {}", f.coefficients.shape(), first.display());
        let found = g.coefficients.shape().to_vec();
        return Err(Error::shape("coefficients", expected, found).in_file(second));
    }
    let f = f.full().map_err(|error| error.in_file(first))?;
    let g = g.full().map_err(|error| error.in_file(second))?;
    Ok((f, g))
}

/// The signals of the clouds of points in both files.
fn clouds(arguments: &Arguments, radii: &[f64]) -> Result<(Array3<Complex64>, Array3<Complex64>)> {
    let limit = arguments.bandlimit.unwrap_or_default();
    let shells = PointShells::new(limit, radii, arguments.width.unwrap_or_default())?;
    let of = |path: &PathBuf| {
        let array = read_real(path)?;
        let found = array.shape().to_vec();
        let points = array.into_dimensionality::<Ix2>();
        let points = points.map_err(|_| Error::shape("points", "[n, 3]", found).in_file(path))?;
        let signals = shells.signals(points.view(), None);
        signals.map_err(|error| error.in_file(path))
    };
    Ok((of(&arguments.first)?, of(&arguments.second)?))
}
