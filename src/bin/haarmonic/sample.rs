//! `haarmonic sample`: random fields on the sphere and on SO(3) whose law no rotation changes.

use std::f64::consts::PI;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::covariance::{self, Covariance, Family};
use haarmonic::data::arrays::{read_real, write_npy};
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::so3::{self, RotationGrid, WignerPlanner};
use haarmonic::sphere::{self, Sampling, ShtPlanner, SpinPlan};
use haarmonic::{Error, Result, memory};
use ndarray::{ArrayD, ArrayView2, ArrayView3, ArrayViewMutD, Axis, Ix1, Ix3, IxDyn, Slice};
use num_complex::Complex64;

use super::files::check_output;
use super::say;
use super::transform::{Space, sampling};

#[derive(Args)]
pub struct Arguments {
    /// The domain of the fields
    #[arg(long, value_enum, default_value_t = Space::Sphere)]
    space: Space,
    /// The spectrum C_l, [l], or the spectra of correlated fields, [fields, fields, l]; on rotations the multipliers mu_l, [l] (.npy). For at least the degrees below the band limit
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
    /// The spin of the last two fields, which are gradient and curl modes (E and B): samples are real and imaginary part (Q and U)
    #[arg(long, requires = "spectrum", allow_negative_numbers = true)]
    spin: Option<i32>,
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
    /// Where to write the samples, [count, θ, φ] or [count, fields, θ, φ], on rotations [count, γ, β, α] (.npy)
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

/// Draws one sample into an array of its shape and returns the mean squares that are reported.
type Draw = Box<dyn FnMut(&mut Xoshiro256PlusPlus, ArrayViewMutD<'_, f64>) -> Result<Vec<f64>>>;

/// What is drawn.
struct Law {
    /// The shape of a sample.
    shape: Vec<usize>,
    /// What each mean square belongs to.
    names: Vec<String>,
    draw: Draw,
}

/// The spectrum or the multipliers of the law, and the part of its variance that they leave out, where it is known.
struct Degrees {
    values: ArrayD<f64>,
    left_out: Option<f64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, arguments.spectrum.as_deref())?;
    let (limit, count) = (arguments.bandlimit, arguments.count);
    arguments.sampling.shape(limit)?;
    if count == 0 {
        return Err(Error::invalid("--count", count, "at least 1"));
    }
    let degrees = degrees(arguments)?;
    let Law {
        shape,
        names,
        mut draw,
    } = law(arguments, degrees.values).map_err(|error| match &arguments.spectrum {
        Some(path) => error.in_file(path),
        None => error,
    })?;
    let all = [&[count], &shape[..]].concat();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(arguments.seed);
    let mut samples = ArrayD::<f64>::zeros(IxDyn(&all));
    let mut squares = vec![0.0; names.len()];
    for sample in samples.outer_iter_mut() {
        for (sum, square) in squares.iter_mut().zip(draw(&mut rng, sample)?) {
            *sum += square / count as f64;
        }
    }
    write_npy(&arguments.out, &samples)?;
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let plural = if count == 1 { "" } else { "s" };
    let mut lines = vec![format!(
        "{count} sample{plural} of shape [{}], band limit {limit}, seed {}",
        sizes.join(", "),
        arguments.seed
    )];
    for (name, square) in names.into_iter().zip(squares) {
        lines.push(format!("{name}root mean square {:.6}", square.sqrt()));
    }
    if let Some(part) = degrees.left_out {
        lines.push(format!(
            "degrees from {limit} on, which are left out, have {part:.1e} of the variance"
        ));
    }
    say::lines(&lines)
}

fn degrees(arguments: &Arguments) -> Result<Degrees> {
    let limit = arguments.bandlimit;
    if let Some(path) = &arguments.spectrum {
        let mut values = read_real(path)?;
        let (axes, expected) = match arguments.space {
            Space::Sphere => (&[1, 3][..], "[l] or [fields, fields, l]"),
            Space::Rotations => (&[1][..], "[l]"),
        };
        let last = values.ndim().saturating_sub(1);
        if !axes.contains(&values.ndim()) || values.shape()[last] < limit {
            return Err(Error::shape(
                format!("spectrum for band limit {limit}"),
                format!("{expected} with at least {limit} degrees"),
                values.shape(),
            )
            .in_file(path));
        }
        values.slice_axis_inplace(Axis(last), Slice::from(..limit));
        return Ok(Degrees {
            values,
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
    // Eigenvalues are for a law of mass 1, as multipliers are; the sphere has the area 4π.
    let (space, area) = match arguments.space {
        Space::Sphere => (covariance::Space::Sphere, 4.0 * PI),
        Space::Rotations => (covariance::Space::Rotations, 1.0),
    };
    let variance = arguments.variance.unwrap_or(1.0);
    let length_scale = arguments.length_scale.unwrap_or_default();
    let covariance = Covariance::new(space, family, length_scale)?.with_variance(variance)?;
    let eigenvalues = covariance.spectrum(limit)?;
    let values = eigenvalues.iter().map(|value| area * value).collect();
    Ok(Degrees {
        values: ArrayD::from_shape_vec(IxDyn(&[limit]), values).expect("one number a degree"),
        left_out: Some(covariance.tail(limit)? / variance),
    })
}

/// Compares the samples with the free memory, before anything is planned.
fn check_memory(count: usize, shape: &[usize]) -> Result<()> {
    let all = [&[count], shape].concat();
    let what = format!("samples of shape {all:?}");
    memory::check(&what, memory::bytes(1, &all), "draw fewer at a time")
}

fn law(arguments: &Arguments, degrees: ArrayD<f64>) -> Result<Law> {
    match (arguments.space, arguments.spin) {
        (Space::Sphere, _) => on_sphere(arguments, degrees),
        (Space::Rotations, None) => on_rotations(arguments, degrees),
        (Space::Rotations, Some(spin)) => {
            Err(Error::invalid("--spin", spin, "--space sphere with it"))
        }
    }
}

/// Fields on the sphere: those without spin first, then the two of a spin.
fn on_sphere(arguments: &Arguments, spectra: ArrayD<f64>) -> Result<Law> {
    let limit = arguments.bandlimit;
    let several = spectra.ndim() == 3;
    let field = match spectra.view().into_dimensionality::<Ix1>() {
        Ok(spectrum) => sphere::RandomField::new(&spectrum.to_vec())?,
        Err(_) => {
            let spectra = spectra.view().into_dimensionality::<Ix3>();
            sphere::RandomField::correlated(spectra.expect("three axes"))?
        }
    };
    let fields = field.fields();
    let [rings, longitudes] = arguments.sampling.shape(limit)?;
    let shape = match several {
        true => vec![fields, rings, longitudes],
        false => vec![rings, longitudes],
    };
    check_memory(arguments.count, &shape)?;
    let spin_plan = match arguments.spin {
        None => None,
        Some(_) if fields < 2 => {
            return Err(Error::shape(
                "spectra of fields with a spin",
                "[fields, fields, l] with at least 2 fields",
                spectra.shape(),
            ));
        }
        Some(spin) => Some(SpinPlan::new(limit, spin, arguments.sampling)?),
    };
    let scalars = fields - if spin_plan.is_some() { 2 } else { 0 };
    let names = (0..scalars).map(|index| match several {
        true => format!("field {index}: "),
        false => String::new(),
    });
    let of_spin = arguments.spin.map(|spin| {
        let last = fields - 1;
        format!("modulus of fields {scalars} and {last} (spin {spin}): ")
    });
    let names = names.chain(of_spin).collect();
    let plan = ShtPlanner::new().plan(limit, arguments.sampling)?;
    let mut scratch = plan.make_parallel_scratch();
    let mut spin_scratch = spin_plan.as_ref().map(SpinPlan::make_parallel_scratch);
    let draw: Draw = Box::new(move |rng, mut sample| {
        let coeffs = field.sample(rng)?;
        let mut squares = mean_squares(coeffs.view(), limit);
        if !several {
            sample.insert_axis_inplace(Axis(0));
        }
        let sample = sample.into_dimensionality::<Ix3>().expect("three axes");
        let (scalar, spinning) = sample.split_at(Axis(0), scalars);
        let (scalar_coeffs, spin_coeffs) = coeffs.view().split_at(Axis(0), scalars);
        plan.inverse_into(scalar_coeffs, scalar, &mut scratch)?;
        if let (Some(plan), Some(scratch)) = (&spin_plan, &mut spin_scratch) {
            plan.inverse_into(spin_coeffs, spinning, scratch)?;
            // The modes have the mean square of the modulus.
            squares[scalars] += squares[scalars + 1];
            squares.truncate(scalars + 1);
        }
        Ok(squares)
    });
    Ok(Law { shape, names, draw })
}

fn on_rotations(arguments: &Arguments, multipliers: ArrayD<f64>) -> Result<Law> {
    let limit = arguments.bandlimit;
    let field = so3::RandomField::new(&multipliers.iter().copied().collect::<Vec<_>>())?;
    let grid = RotationGrid::new(limit, arguments.sampling)?;
    check_memory(arguments.count, &grid.shape())?;
    let plan = WignerPlanner::new().plan_on(limit, &grid)?;
    let mut scratch = plan.make_scratch();
    let draw: Draw = Box::new(move |rng, sample| {
        let coeffs = field.sample(rng)?;
        plan.inverse_into(coeffs.view().into_dyn(), sample, &mut scratch)?;
        Ok(vec![mean_square_on_rotations(coeffs.view())])
    });
    Ok(Law {
        shape: grid.shape().to_vec(),
        names: vec![String::new()],
        draw,
    })
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

/// The mean square over SO(3), from Wigner coefficients.
fn mean_square_on_rotations(coeffs: ArrayView3<'_, Complex64>) -> f64 {
    let degrees = coeffs.axis_iter(Axis(1)).enumerate();
    let sum: f64 = degrees
        .map(|(l, degree)| {
            let squares: f64 = degree.iter().map(|value| value.norm_sqr()).sum();
            (2 * l + 1) as f64 * squares
        })
        .sum();
    sum / (8.0 * PI * PI).powi(2)
}
