//! Who: someone who needs spherical-harmonic transforms.
//! What: transforms a signal, rotates its coefficients, and goes back; power per degree does not change.
//! Run:  cargo run --release --example rotate_signal
//! Expect: the power spectrum before and after, in well under a second.

#[macro_use]
mod shared;

use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::sphere::coefficients::power_spectrum;
use haarmonic::sphere::{Sampling, ShtPlanner, rotate_coefficients};
use ndarray::Array2;

const BAND_LIMIT: usize = 16;

fn main() -> haarmonic::Result<()> {
    let sampling = Sampling::GaussLegendre;
    let plan = ShtPlanner::new().plan(BAND_LIMIT, sampling)?;
    let (theta, phi) = (
        sampling.colatitudes(BAND_LIMIT)?,
        sampling.longitudes(BAND_LIMIT)?,
    );
    let point = |t: usize, p: usize| {
        let (sin, cos) = f64::sin_cos(theta[t]);
        [sin * phi[p].cos(), sin * phi[p].sin(), cos]
    };
    let signal = |[x, y, z]: [f64; 3]| x * y * z + z.powi(7) - 0.5 * x;

    let samples = Array2::from_shape_fn(plan.signal_shape(), |(t, p)| signal(point(t, p)));
    let coeffs = plan.forward(samples.view())?;
    let angles = EulerZyz::new(0.3, 1.2, 2.5)?;
    let rotated =
        rotate_coefficients(coeffs.view(), angles.alpha(), angles.beta(), angles.gamma())?;
    let values: Array2<f64> = plan.inverse(rotated.view())?;

    say!("degree   power      power of the rotated signal");
    let (before, after) = (
        power_spectrum(coeffs.view())?,
        power_spectrum(rotated.view())?,
    );
    for (degree, (a, b)) in before.iter().zip(&after).enumerate().take(9) {
        say!("{degree:>6}   {a:.6}   {b:.6}");
        assert!((a - b).abs() < 1e-13);
    }
    // The rotated signal at x is the signal at R⁻¹ x.
    let back = Rotation::from(angles).inverse();
    for ((t, p), value) in values.indexed_iter() {
        assert!((value - signal(back.apply(point(t, p)))).abs() < 1e-13);
    }
    Ok(())
}
