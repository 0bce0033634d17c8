//! `haarmonic rotate`: rotates signals on the sphere by their coefficients.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::write_npy;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::sphere::CoefficientRotation;
use ndarray::ArrayD;

use super::files::check_output;
use super::signals::{LayoutChoice, Signals};

#[derive(Args)]
pub struct Arguments {
    /// Coefficients [L, 2L-1] or [n, L, 2L-1], or those of real signals with m >= 0, [L (L+1) / 2] or [n, L (L+1) / 2] (.npy)
    coefficients: PathBuf,
    /// Euler angles α, β, γ in radians: the signals are turned by γ about z, then β about y, then α about z
    #[arg(long, num_args = 3, value_names = ["ALPHA", "BETA", "GAMMA"], allow_negative_numbers = true)]
    angles: Vec<f64>,
    /// Rotate by the inverse of the rotation
    #[arg(long)]
    inverse: bool,
    /// The layout of the coefficients, where the shape fits both
    #[arg(long, value_enum)]
    layout: Option<LayoutChoice>,
    /// Where to write the coefficients of the rotated signals, in the layout of the input (.npy)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.coefficients.as_path()])?;
    let [alpha, beta, gamma] = arguments.angles[..] else {
        unreachable!("three angles are required");
    };
    let mut euler = EulerZyz::new(alpha, beta, gamma)?;
    if arguments.inverse {
        euler = Rotation::from(euler).inverse().euler_zyz();
    }
    let path = &arguments.coefficients;
    let signals = Signals::read(path, arguments.layout)?;
    let rotation = match signals.is_half() {
        true => CoefficientRotation::half(signals.limit)?,
        false => CoefficientRotation::complex(signals.limit)?,
    };
    let mut rotated = ArrayD::zeros(signals.coefficients.raw_dim());
    rotation
        .rotate_into(
            signals.coefficients.view(),
            &euler,
            rotated.view_mut(),
            &mut rotation.make_parallel_scratch(),
        )
        .map_err(|error| error.in_file(path))?;
    write_npy(&arguments.out, &rotated)
}
