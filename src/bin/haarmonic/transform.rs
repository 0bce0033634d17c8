//! `haarmonic transform`: spherical-harmonic and Wigner transforms of stacks of signals.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::data::arrays::{Numbers, read_numbers, write_npy};
use haarmonic::so3::{RotationGrid, WignerPlanner};
use haarmonic::sphere::{Sampling, UNSEEN};
use haarmonic::{Error, Result, memory};
use ndarray::{ArrayD, IxDyn};
use num_complex::Complex64;

use super::files::check_output;
use super::say;
use super::sphere_plan::{Plan, Request, SphereOptions};

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
    #[command(flatten)]
    options: SphereOptions,
    /// Samples [.., θ, φ], [.., pixels] or [.., γ, β, α]; coefficients [.., L, 2L-1] or [.., n, l, m] (.npy)
    input: PathBuf,
    /// Where to write the result (.npy): complex, but for real samples (`--layout half`)
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Space {
    Sphere,
    Rotations,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Direction {
    Forward,
    Inverse,
}

pub fn sampling(name: &str) -> std::result::Result<Sampling, String> {
    name.parse().map_err(|error: Error| error.to_string())
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.input.as_path()])?;
    match arguments.space {
        Space::Sphere => on_sphere(arguments),
        Space::Rotations => on_rotations(arguments),
    }
}

fn on_sphere(arguments: &Arguments) -> Result<()> {
    let (limit, direction) = (arguments.bandlimit, arguments.direction);
    let request = Request::new(&arguments.options, limit, direction)?;
    let real = request.is_real();
    let (samples, coefficients) = (request.samples(), request.coefficients());
    let numbers = read_numbers(&arguments.input)?;
    let in_input = |error: Error| error.in_file(&arguments.input);
    let note = match direction {
        Direction::Forward => {
            let shape = result_shape(arguments, numbers.shape(), &samples, &coefficients, 2)?;
            let plan = Plan::new(&request)?;
            let mut coeffs = ArrayD::zeros(IxDyn(&shape));
            let note = match numbers {
                Numbers::Real(samples) if real => {
                    check_unmasked(&samples).and_then(|()| plan.analyse(&samples, &mut coeffs))
                }
                Numbers::Complex(samples) if real => Err(Error::invalid(
                    "samples",
                    format!("complex numbers of shape {:?}", samples.shape()),
                    "real ones with --layout half",
                )),
                numbers => plan.analyse(&complex(numbers), &mut coeffs),
            };
            let note = note.map_err(in_input)?;
            write_npy(&arguments.out, &coeffs)?;
            note
        }
        Direction::Inverse => {
            let parts = if real { 1 } else { 2 };
            let shape = result_shape(arguments, numbers.shape(), &coefficients, &samples, parts)?;
            let plan = Plan::new(&request)?;
            let coeffs = complex(numbers);
            if real {
                let mut samples = ArrayD::<f64>::zeros(IxDyn(&shape));
                plan.synthesise(&coeffs, &mut samples).map_err(in_input)?;
                write_npy(&arguments.out, &samples)?;
            } else {
                let mut samples = ArrayD::<Complex64>::zeros(IxDyn(&shape));
                plan.synthesise(&coeffs, &mut samples).map_err(in_input)?;
                write_npy(&arguments.out, &samples)?;
            }
            None
        }
    };
    note.map_or(Ok(()), |note| say::lines(&[note]))
}

fn on_rotations(arguments: &Arguments) -> Result<()> {
    let limit = arguments.bandlimit;
    let sampling = arguments.options.on_rotations()?;
    let grid = RotationGrid::new(limit, sampling)?;
    let samples = grid.shape().to_vec();
    let coefficients = [2 * limit - 1, limit, 2 * limit - 1];
    let numbers = read_numbers(&arguments.input)?;
    let found = numbers.shape();
    let shape = match arguments.direction {
        Direction::Forward => result_shape(arguments, found, &samples, &coefficients, 2)?,
        Direction::Inverse => result_shape(arguments, found, &coefficients, &samples, 2)?,
    };
    let plan = WignerPlanner::new().plan_on(limit, &grid)?;
    let (input, mut output) = (complex(numbers), ArrayD::zeros(IxDyn(&shape)));
    let scratch = &mut plan.make_scratch();
    match arguments.direction {
        Direction::Forward => plan.forward_into(input.view(), output.view_mut(), scratch),
        Direction::Inverse => plan.inverse_into(input.view(), output.view_mut(), scratch),
    }
    .map_err(|error| error.in_file(&arguments.input))?;
    write_npy(&arguments.out, &output)
}

/// Refuses the mark of masked pixels, in either precision.
fn check_unmasked(samples: &ArrayD<f64>) -> Result<()> {
    let is_mark = |value: &&f64| **value == UNSEEN || **value as f32 == UNSEEN as f32;
    match samples.iter().filter(is_mark).count() {
        0 => Ok(()),
        marks => Err(Error::invalid(
            "samples",
            format!("{marks} masked pixels ({UNSEEN:e})"),
            "values everywhere: set masked pixels to zero or another value first",
        )),
    }
}

fn complex(numbers: Numbers) -> ArrayD<Complex64> {
    match numbers {
        Numbers::Real(array) => array.mapv(Complex64::from),
        Numbers::Complex(array) => array,
    }
}

/// The shape of the result, of which each entry is so many real numbers, once the input has the expected last axes and the result
/// fits into memory.
fn result_shape(
    arguments: &Arguments,
    found: &[usize],
    expected: &[usize],
    produced: &[usize],
    parts: usize,
) -> Result<Vec<usize>> {
    let batch = found.len().checked_sub(expected.len());
    let Some(batch) = batch.filter(|&axes| found[axes..] == *expected) else {
        let words: Vec<String> = expected.iter().map(ToString::to_string).collect();
        return Err(Error::shape(
            format!("input at band limit {}", arguments.bandlimit),
            format!("[.., {}]", words.join(", ")),
            found.to_vec(),
        )
        .in_file(&arguments.input));
    };
    let shape = [&found[..batch], produced].concat();
    let what = format!("result of shape {shape:?}");
    memory::check(
        &what,
        memory::bytes(parts, &shape),
        "use fewer signals at a time",
    )?;
    Ok(shape)
}
