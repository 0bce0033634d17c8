//! `haarmonic sample`: random isotropic fields on the sphere.

use std::f64::consts::PI;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::covariance::{Covariance, Family, Space};
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
    #[arg(long, required_unless_present = "family", conflicts_with = "family")]
    spectrum: Option<PathBuf>,
    /// The covariance, in place of a spectrum
    #[arg(long, value_enum, requires = "length_scale")]
    family: Option<FamilyChoice>,
    /// Smoothness of a Matérn covariance
    #[arg(long, requires = "family")]
    nu: Option<f64>,
    /// Length scale of a covariance, in radians
    #[arg(long, requires = "family")]
    length_scale: Option<f64>,
    /// Variance of the field at a point [default: 1]
    #[arg(long, requires = "family")]
    variance: Option<f64>,
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

#[derive(Clone, Copy, ValueEnum)]
enum FamilyChoice {
    /// Smooth samples; also called squared exponential
    Heat,
    /// Samples with fewer than nu derivatives
    Matern,
}

/// What is drawn.
struct Law {
    field: RandomField,
    /// Whether the result has an axis for the fields.
    several: bool,
    /// The part of the variance in degrees from the band limit on, where it is known.
    left_out: Option<f64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, arguments.spectrum.as_deref())?;
    let (limit, count) = (arguments.bandlimit, arguments.count);
    let [rings, longitudes] = arguments.sampling.shape(limit)?;
    if count == 0 {
        return Err(Error::invalid("--count", count, "at least 1"));
    }
    let Law {
        field,
        several,
        left_out,
    } = law(arguments)?;
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
    if let Some(part) = left_out {
        lines.push(format!(
            "degrees from {limit} on, which are left out, have {part:.1e} of the variance"
        ));
    }
    say::lines(&lines)
}

fn law(arguments: &Arguments) -> Result<Law> {
    let limit = arguments.bandlimit;
    if let Some(path) = &arguments.spectrum {
        let spectrum = read_real(path)?;
        return Ok(Law {
            several: spectrum.ndim() == 3,
            field: field(spectrum, limit).map_err(|error| error.in_file(path))?,
            left_out: None,
        });
    }
    let family = match (arguments.family, arguments.nu) {
        (Some(FamilyChoice::Matern), Some(nu)) => Family::Matern { nu },
        (Some(FamilyChoice::Matern), None) => {
            return Err(Error::missing("--nu", "the options of a Matérn covariance"));
        }
        (_, Some(nu)) => {
            return Err(Error::invalid("--nu", nu, "--family matern with it"));
        }
        (_, None) => Family::Heat,
    };
    let length_scale = arguments.length_scale.unwrap_or_default();
    let variance = arguments.variance.unwrap_or(1.0);
    let covariance =
        Covariance::new(Space::Sphere, family, length_scale)?.with_variance(variance)?;
    // Eigenvalues are for a law of mass 1, and the sphere has the area 4π.
    let eigenvalues = covariance.spectrum(limit)?;
    let spectrum: Vec<f64> = eigenvalues.iter().map(|value| 4.0 * PI * value).collect();
    Ok(Law {
        field: RandomField::new(&spectrum)?,
        several: false,
        left_out: Some(covariance.tail(limit)? / variance),
    })
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
