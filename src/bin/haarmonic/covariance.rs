//! `haarmonic covariance`: heat and Matérn kernels at angles.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::covariance::{Covariance, Family, Space};
use haarmonic::data::arrays::{Numbers, read_numbers, write_npy};
use haarmonic::{Error, Result};
use ndarray::ArrayD;

use super::files::check_output;
use super::say;

/// Degrees whose eigenvalues are printed.
const PRINTED: usize = 8;

#[derive(Args)]
pub struct Arguments {
    /// Where the points are
    #[arg(long, value_enum)]
    space: SpaceChoice,
    /// The form of the covariance
    #[arg(long, value_enum)]
    family: FamilyChoice,
    /// Smoothness of a Matérn kernel, from 0.25 to 1000
    #[arg(long)]
    nu: Option<f64>,
    /// Length scale in radians
    #[arg(long)]
    length_scale: f64,
    /// Variance, the covariance at angle 0
    #[arg(long, default_value_t = 1.0)]
    variance: f64,
    /// Angles from 0 to pi in radians, of any shape (.npy): between points, or of the rotation from one rotation to the other
    angles: PathBuf,
    /// Where to write the covariances, of the same shape (.npy)
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum SpaceChoice {
    /// S²
    Sphere,
    /// SO(3)
    Rotations,
}

#[derive(Clone, Copy, ValueEnum)]
enum FamilyChoice {
    /// The heat kernel
    Heat,
    /// The Matérn kernel of smoothness --nu
    Matern,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.angles.as_path()])?;
    let space = match arguments.space {
        SpaceChoice::Sphere => Space::Sphere,
        SpaceChoice::Rotations => Space::Rotations,
    };
    let family = match (arguments.family, arguments.nu) {
        (FamilyChoice::Heat, None) => Family::Heat,
        (FamilyChoice::Matern, Some(nu)) => Family::Matern { nu },
        (FamilyChoice::Heat, Some(nu)) => {
            return Err(Error::invalid("--nu", nu, "none for a heat kernel"));
        }
        (FamilyChoice::Matern, None) => {
            return Err(Error::missing("--nu", "the options of a Matérn kernel"));
        }
    };
    let covariance = Covariance::new(space, family, arguments.length_scale)?
        .with_variance(arguments.variance)?;
    let Numbers::Real(angles) = read_numbers(&arguments.angles)? else {
        let error = Error::invalid("angles", "complex numbers", "real numbers");
        return Err(error.in_file(&arguments.angles));
    };
    let values: Vec<f64> = angles.iter().copied().collect();
    let found = covariance
        .at_angles(&values)
        .map_err(|error| error.in_file(&arguments.angles))?;
    let found = ArrayD::from_shape_vec(angles.raw_dim(), found).expect("a value for each angle");
    write_npy(&arguments.out, &found)?;
    say::lines(&summary(&covariance)?)
}

fn summary(covariance: &Covariance) -> Result<Vec<String>> {
    let mut lines = vec![
        format!(
            "eigenvalues on the {}, for mass 1",
            name(covariance.space())
        ),
        format!("{:>6} {:>12} {:>12}", "degree", "functions", "eigenvalue"),
    ];
    for (degree, value) in covariance.spectrum(PRINTED)?.iter().enumerate() {
        let count = covariance.space().multiplicity(degree);
        lines.push(format!("{degree:>6} {count:>12} {value:>12.5e}"));
    }
    lines.push(format!(
        "further degrees add {:.5e} of {} at most",
        covariance.tail(PRINTED)?,
        covariance.variance()
    ));
    Ok(lines)
}

fn name(space: Space) -> &'static str {
    match space {
        Space::Sphere => "sphere",
        Space::Rotations => "rotation group",
    }
}
