//! `haarmonic transform`: spherical-harmonic and Wigner transforms of stacks of signals.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::data::arrays::{Numbers, read_numbers, write_npy};
use haarmonic::so3::{RotationGrid, WignerPlanner};
use haarmonic::sphere::{Sampling, ShtPlanner};
use haarmonic::{Error, Result, memory};
use ndarray::{ArrayD, Axis, Ix2, Ix3, IxDyn};
use num_complex::Complex64;

use super::files::check_output;

#[derive(Args)]
pub struct Arguments {
    /// The domain of the signals
    #[arg(long, value_enum)]
    space: Space,
    /// From samples to coefficients, or from coefficients to samples
    #[arg(long, value_enum)]
    direction: Direction,
    /// Band limit L, exclusive: degrees l < L
    #[arg(long)]
    bandlimit: usize,
    /// driscoll-healy, gauss-legendre, mcewen-wiaux or clenshaw-curtis
    #[arg(long, value_parser = sampling)]
    sampling: Sampling,
    /// Samples [.., θ, φ] or [.., γ, β, α]; coefficients [.., L, 2L-1] or [.., n, l, m] (.npy)
    input: PathBuf,
    /// Where to write the result, complex (.npy)
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Space {
    Sphere,
    Rotations,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Direction {
    Forward,
    Inverse,
}

pub fn sampling(name: &str) -> std::result::Result<Sampling, String> {
    name.parse().map_err(|error: Error| error.to_string())
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.input.as_path()])?;
    let band_limit = arguments.bandlimit;
    let (samples, coefficients) = shapes(arguments)?;
    let (expected, produced) = match arguments.direction {
        Direction::Forward => (&samples, &coefficients),
        Direction::Inverse => (&coefficients, &samples),
    };
    let input = match read_numbers(&arguments.input)? {
        Numbers::Real(array) => array.mapv(Complex64::from),
        Numbers::Complex(array) => array,
    };
    let batch = input.ndim().checked_sub(expected.len());
    let Some(batch) = batch.filter(|&axes| input.shape()[axes..] == expected[..]) else {
        let words: Vec<String> = expected.iter().map(ToString::to_string).collect();
        return Err(Error::shape(
            format!("input at band limit {band_limit}"),
            format!("[.., {}]", words.join(", ")),
            input.shape().to_vec(),
        )
        .in_file(&arguments.input));
    };
    let leading = input.shape()[..batch].to_vec();
    let count: usize = leading.iter().product();
    let rows = input
        .to_shape([&[count], &expected[..]].concat())
        .expect("leading axes merge into one");
    let shape = [&[count], &produced[..]].concat();
    // The result has two real numbers per entry.
    let what = format!("complex array of shape {shape:?}");
    memory::check(
        &what,
        memory::bytes(2, &shape),
        "use fewer signals at a time",
    )?;
    let transform = plan(arguments)?;
    let mut output = ArrayD::zeros(IxDyn(&shape));
    for (row, mut result) in rows.axis_iter(Axis(0)).zip(output.axis_iter_mut(Axis(0))) {
        let found = transform(row.to_owned()).map_err(|error| error.in_file(&arguments.input))?;
        result.assign(&found);
    }
    let output = output
        .into_shape_with_order([&leading, &produced[..]].concat())
        .expect("the first axis splits into the leading ones");
    write_npy(&arguments.out, &output)
}

/// A transform of one signal.
type Transform = Box<dyn Fn(ArrayD<Complex64>) -> Result<ArrayD<Complex64>>>;

/// The shapes of the samples and of the coefficients, computed without a plan.
fn shapes(arguments: &Arguments) -> Result<(Vec<usize>, Vec<usize>)> {
    let (limit, sampling) = (arguments.bandlimit, arguments.sampling);
    Ok(match arguments.space {
        Space::Sphere => (sampling.shape(limit)?.to_vec(), vec![limit, 2 * limit - 1]),
        Space::Rotations => (
            RotationGrid::new(limit, sampling)?.shape().to_vec(),
            vec![2 * limit - 1, limit, 2 * limit - 1],
        ),
    })
}

/// Plans the transform of one signal.
fn plan(arguments: &Arguments) -> Result<Transform> {
    let direction = arguments.direction;
    Ok(match arguments.space {
        Space::Sphere => {
            let plan = ShtPlanner::new().plan(arguments.bandlimit, arguments.sampling)?;
            Box::new(move |signal: ArrayD<Complex64>| {
                let signal = signal
                    .into_dimensionality::<Ix2>()
                    .expect("a checked shape");
                Ok(match direction {
                    Direction::Forward => plan.forward(signal.view())?,
                    Direction::Inverse => plan.inverse(signal.view())?,
                }
                .into_dyn())
            })
        }
        Space::Rotations => {
            let grid = RotationGrid::new(arguments.bandlimit, arguments.sampling)?;
            let plan = WignerPlanner::new().plan_on(arguments.bandlimit, &grid)?;
            Box::new(move |signal: ArrayD<Complex64>| {
                let signal = signal
                    .into_dimensionality::<Ix3>()
                    .expect("a checked shape");
                Ok(match direction {
                    Direction::Forward => plan.forward(signal.view())?,
                    Direction::Inverse => plan.inverse(signal.view())?,
                }
                .into_dyn())
            })
        }
    })
}
