//! `haarmonic evaluate`: values of signals at arbitrary points of the sphere, or at arbitrary rotations, from their coefficients.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{Numbers, read_numbers, write_npy};
use haarmonic::so3::WignerPointPlan;
use haarmonic::sphere::{DEFAULT_TOLERANCE, PointSpinPlan};
use haarmonic::{Error, Result, memory};
use ndarray::{Array2, ArrayD, Ix2, IxDyn};
use num_complex::Complex64;

use super::files::check_output;

#[derive(Args)]
pub struct Arguments {
    /// Coefficients [.., L, 2L-1] for points, [.., 2N-1, L, 2L-1] for rotations (.npy)
    coefficients: PathBuf,
    /// Points [n, 2], rows (θ, φ); or rotations [n, 3], rows (α, β, γ); in radians (.npy)
    points: PathBuf,
    /// The spin weight of the signals at points
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    spin: i32,
    /// The error that is allowed, relative to the root mean square of a signal: 1e-13 to 1e-2
    #[arg(long, default_value_t = DEFAULT_TOLERANCE)]
    tolerance: f64,
    /// Where to write the values [.., n], complex (.npy)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let inputs = [arguments.coefficients.as_path(), arguments.points.as_path()];
    check_output(&arguments.out, inputs)?;
    let coeffs = match read_numbers(&arguments.coefficients)? {
        Numbers::Real(array) => array.mapv(Complex64::from),
        Numbers::Complex(array) => array,
    };
    let points = read_points(arguments)?;
    let in_points = |error: Error| error.in_file(&arguments.points);
    let in_coefficients = |error: Error| error.in_file(&arguments.coefficients);
    let axes = points.ncols();
    let shape = coeffs.shape();
    let Some(batch) = shape.len().checked_sub(axes).filter(|_| fits(shape, axes)) else {
        let expected = match axes {
            2 => "[.., L, 2L - 1] for points [n, 2]",
            _ => "[.., 2N - 1, L, 2L - 1] for rotations [n, 3]",
        };
        return Err(in_coefficients(Error::shape(
            "coefficients",
            expected,
            shape.to_vec(),
        )));
    };
    if axes == 3 && arguments.spin != 0 {
        return Err(Error::invalid(
            "--spin",
            arguments.spin,
            "none: rotations have no spin",
        ));
    }
    let limit = shape[shape.len() - 2];
    let values = [&shape[..batch], &[points.nrows()]].concat();
    let what = format!("complex array of shape {values:?}");
    memory::check(&what, memory::bytes(2, &values), "use fewer points")?;
    let mut output = ArrayD::<Complex64>::zeros(IxDyn(&values));
    let (view, tolerance) = (points.view(), arguments.tolerance);
    if axes == 2 {
        let plan = PointSpinPlan::with_tolerance(view, limit, arguments.spin, tolerance);
        let plan = plan.map_err(in_points)?;
        let scratch = &mut plan.make_parallel_scratch();
        plan.inverse_into(coeffs.view(), output.view_mut(), scratch)
            .map_err(in_coefficients)?;
    } else {
        let orders = shape[batch].div_ceil(2);
        let plan = WignerPointPlan::with_tolerance(view, limit, orders, tolerance);
        let plan = plan.map_err(in_points)?;
        let scratch = &mut plan.make_parallel_scratch();
        plan.inverse_into(coeffs.view(), output.view_mut(), scratch)
            .map_err(in_coefficients)?;
    }
    write_npy(&arguments.out, &output)
}

/// Whether the last axes are those of coefficients.
fn fits(shape: &[usize], axes: usize) -> bool {
    match shape[shape.len() - axes..] {
        [limit, width] => limit > 0 && width == 2 * limit - 1,
        [orders, limit, width] => limit > 0 && width == 2 * limit - 1 && orders % 2 == 1,
        _ => false,
    }
}

fn read_points(arguments: &Arguments) -> Result<Array2<f64>> {
    let refused = |shape: &[usize]| {
        let expected = "[n, 2] or [n, 3], real";
        Err(Error::shape("points", expected, shape.to_vec()).in_file(&arguments.points))
    };
    let points = match read_numbers(&arguments.points)? {
        Numbers::Real(array) => array,
        Numbers::Complex(array) => return refused(array.shape()),
    };
    match points.shape() {
        [_, 2 | 3] => Ok(points
            .into_dimensionality::<Ix2>()
            .expect("an array of two axes")),
        shape => refused(shape),
    }
}
