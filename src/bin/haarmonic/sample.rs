//! `haarmonic sample`: random isotropic fields on the sphere.

use std::f64::consts::PI;
use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{read_real, write_npy};
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::sphere::{RandomField, Sampling, ShtPlanner};
use haarmonic::{Error, Result, memory};
use ndarray::{Array4, ArrayD, ArrayView2, Axis, Ix1, Ix3, Slice};
use num_complex::Complex64;

use super::files::check_output;
use super::say;
use super::transform::sampling;

#[derive(Args)]
pub struct Arguments {
    /// The spectrum C_l, [l], or the spectra of correlated fields, [fields, fields, l] (.npy), for at least the degrees below the band limit
    #[arg(long)]
    spectrum: PathBuf,
    /// Band limit L, exclusive: degrees l < L
    #[arg(long)]
    bandlimit: usize,
    /// driscoll-healy, gauss-legendre, mcewen-wiaux or clenshaw-curtis
    #[arg(long, value_parser = sampling)]
    sampling: Sampling,
    /// Number of samples
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Seed of the random numbers: one seed gives one result, on every machine
    #[arg(long)]
    seed: u64,
    /// Where to write the samples, [count, θ, φ] or [count, fields, θ, φ] (.npy)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.spectrum.as_path()])?;
    let (limit, count) = (arguments.bandlimit, arguments.count);
    let [rings, longitudes] = arguments.sampling.shape(limit)?;
    if count == 0 {
        return Err(Error::invalid("--count", count, "at least 1"));
    }
    let spectrum = read_real(&arguments.spectrum)?;
    let in_file = |error: Error| error.in_file(&arguments.spectrum);
    let several = spectrum.ndim() == 3;
    let field = field(spectrum, limit).map_err(in_file)?;
    let shape = [count, field.fields(), rings, longitudes];
    let what = format!("samples of shape {shape:?}");
    memory::check(&what, memory::bytes(1, &shape), "draw fewer at a time")?;
    let plan = ShtPlanner::new().plan(limit, arguments.sampling)?;
    let mut scratch = plan.make_parallel_scratch();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(arguments.seed);
    let mut samples = Array4::<f64>::zeros(shape);
    let mut squares = vec![0.0; field.fields()];
    for sample in samples.outer_iter_mut() {
        let coeffs = field.sample(&mut rng)?;
        plan.inverse_into(coeffs.view(), sample, &mut scratch)?;
        for (sum, coeffs) in squares.iter_mut().zip(mean_squares(coeffs.view(), limit)) {
            *sum += coeffs / count as f64;
        }
    }
    let samples = match several {
        true => samples.into_dyn(),
        false => samples.index_axis_move(Axis(1), 0).into_dyn(),
    };
    write_npy(&arguments.out, &samples)?;
    let mut lines = vec![format!(
        "{count} samples on {rings} rings of {longitudes} longitudes, band limit {limit}, seed {}",
        arguments.seed
    )];
    for (index, square) in squares.into_iter().enumerate() {
        let name = match several {
            true => format!("field {index}: "),
            false => String::new(),
        };
        lines.push(format!("{name}root mean square {:.6}", square.sqrt()));
    }
    say::lines(&lines)
}

/// The field with the degrees of a spectrum below the band limit.
fn field(mut spectrum: ArrayD<f64>, limit: usize) -> Result<RandomField> {
    let refused = |found: &[usize]| {
        Error::shape(
            format!("spectrum for band limit {limit}"),
            format!("[l] or [fields, fields, l] with at least {limit} degrees"),
            found,
        )
    };
    let axes = spectrum.ndim();
    if !matches!(axes, 1 | 3) || spectrum.shape()[axes - 1] < limit {
        return Err(refused(spectrum.shape()));
    }
    spectrum.slice_axis_inplace(Axis(axes - 1), Slice::from(..limit));
    match spectrum.view().into_dimensionality::<Ix1>() {
        Ok(spectrum) => RandomField::new(&spectrum.to_vec()),
        Err(_) => {
            let spectra = spectrum.view().into_dimensionality::<Ix3>();
            RandomField::correlated(spectra.expect("three axes"))
        }
    }
}

/// The mean square of each field over the sphere, from its coefficients.
fn mean_squares(coeffs: ArrayView2<'_, Complex64>, limit: usize) -> Vec<f64> {
    let square = |field: ndarray::ArrayView1<'_, Complex64>| {
        // The first L coefficients have m = 0; all others stand for two orders.
        let all: f64 = field.iter().map(|value| value.norm_sqr()).sum();
        let axial: f64 = field.iter().take(limit).map(|value| value.norm_sqr()).sum();
        (2.0 * all - axial) / (4.0 * PI)
    };
    coeffs.outer_iter().map(square).collect()
}
