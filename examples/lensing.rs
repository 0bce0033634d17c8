//! Who: someone who remaps a field on the sphere, such as the microwave background that is deflected by matter in between.
//! What: deflects a temperature map and a polarisation map by the gradient of a potential, and compares spectra before and after.
//! How: `cargo run --release --example lensing [L]`; with `--features plot` it draws the deflected temperature into `lensed.svg`.
//! Expect: peaks that are smeared and power in the curl modes B, which the fields did not have, in a few seconds.

#[macro_use]
mod shared;

use haarmonic::Result;
use haarmonic::sphere::layouts::from_healpy;
use haarmonic::sphere::spectra::{SpectrumNorm, power};
use haarmonic::sphere::{
    Gradient, PointPlan, PointSpinPlan, RandomField, Sampling, ShtPlanner, SpinPlan,
    fast_longitudes,
};
use ndarray::{Array1, Array2, Array3, Axis, concatenate};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Where a deflection d = (d_θ, d_φ) takes a point, and the phase $`e^{i(ψ − ψ')}`$ between the frames along the way:
/// x' = x cos|d| + (d / |d|) sin|d|.
fn deflected(theta: f64, phi: f64, d: [f64; 2]) -> ([f64; 2], Complex64) {
    let size = d[0].hypot(d[1]);
    if size == 0.0 {
        return ([theta, phi], Complex64::ONE);
    }
    let ((st, ct), (sd, cd)) = (theta.sin_cos(), size.sin_cos());
    let [a, b] = d.map(|d| d / size);
    // Along the axis; in the meridian plane of the point outwards; across it.
    let (z, out, across) = (ct * cd - a * st * sd, st * cd + a * ct * sd, b * sd);
    let there = [out.hypot(across).atan2(z), phi + across.atan2(out)];
    // The geodesic makes the angle ψ with e_θ at x, and ψ' at x': sin θ sin ψ is constant along it.
    let after = Complex64::new(a * st * cd + ct * sd, b * st);
    (there, Complex64::new(a, b) * after.conj() / after.norm())
}

fn main() -> Result<()> {
    let limit = std::env::args()
        .nth(1)
        .and_then(|l| l.parse().ok())
        .unwrap_or(192);
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    // Peaks on a falling spectrum; deflections of some hundredths of a radian, far more than in nature.
    let peaks = |l: usize| (1.5 + (0.2 * l as f64).cos()) / (1.0 + (l as f64 / 30.0).powi(3));
    let mut field = |c: &dyn Fn(usize) -> f64| {
        let inside = |l| {
            if l >= 2 && 3 * l <= 2 * limit {
                c(l)
            } else {
                0.0
            }
        };
        let spectrum: Vec<_> = (0..limit).map(inside).collect();
        RandomField::new(&spectrum)?.sample(rng)
    };
    let potential = field(&|l| 2e-3 / (l as f64).powi(4))?;
    let temperature = field(&peaks)?;
    // The modes E, and no B.
    let none = Array2::zeros((1, temperature.ncols()));
    let modes = concatenate![Axis(0), field(&peaks)?, none];
    // The deflection at the points of a grid, and where they come from.
    let (sampling, longitudes) = (Sampling::GaussLegendre, fast_longitudes(limit)?);
    let gradient = Gradient::with_longitudes(limit, sampling, longitudes)?;
    let field: Array3<f64> = gradient.inverse(from_healpy(potential.row(0))?.view())?;
    let thetas = sampling.colatitudes(limit)?;
    let count = limit * longitudes;
    let (mut points, mut phases) = (Array2::zeros((count, 2)), Array1::zeros(count));
    for i in 0..count {
        let (t, p) = (i / longitudes, i % longitudes);
        let phi = std::f64::consts::TAU * p as f64 / longitudes as f64;
        let (there, phase) = deflected(thetas[t], phi, [field[[0, t, p]], field[[1, t, p]]]);
        (points[[i, 0]], points[[i, 1]], phases[i]) = (there[0], there[1], phase);
    }
    // Values there, which are the deflected maps; polarisation is turned into the frames of the grid.
    let plan = PointPlan::with_tolerance(points.view(), limit, 1e-8)?;
    let lensed: Array1<f64> = plan.inverse(from_healpy(temperature.row(0))?.view())?;
    let spin = PointSpinPlan::with_tolerance(points.view(), limit, 2, 1e-8)?;
    let mut planes = Array2::<f64>::zeros((2, count));
    spin.inverse_into(modes.view(), planes.view_mut(), &mut spin.make_scratch())?;
    for (mut plane, phase) in planes.columns_mut().into_iter().zip(&phases) {
        let turned = Complex64::new(plane[0], plane[1]) * phase * phase;
        (plane[0], plane[1]) = (turned.re, turned.im);
    }

    let grid = ShtPlanner::new().plan_with_longitudes(limit, sampling, longitudes)?;
    let map = lensed.to_shape((limit, longitudes)).expect("the grid");
    let after = grid.forward(map.view())?;
    let back = SpinPlan::with_longitudes(limit, 2, sampling, longitudes)?;
    let planes = planes.to_shape((2, limit, longitudes)).expect("the grid");
    let mut modes_after = Array2::zeros(modes.dim());
    let scratch = &mut back.make_scratch();
    back.forward_into(planes.view(), modes_after.view_mut(), scratch)?;
    let spectrum = |coeffs| power(from_healpy(coeffs)?.view(), SpectrumNorm::Mean);
    let rows = [
        spectrum(temperature.row(0))?,
        power(after.view(), SpectrumNorm::Mean)?,
        spectrum(modes.row(0))?,
        spectrum(modes_after.row(0))?,
        spectrum(modes_after.row(1))?,
    ];
    say!("degree    TT before   TT after   EE before   EE after   BB after");
    for first in (8..2 * limit / 3).step_by(8) {
        let mean = |row: &[f64]| row[first..first + 8].iter().sum::<f64>() / 8.0;
        let [a, b, c, d, e] = rows.each_ref().map(|row| mean(row));
        let last = first + 7;
        say!("{first:>3}–{last:<3}  {a:>10.5} {b:>10.5}  {c:>10.5} {d:>10.5} {e:>10.6}");
    }
    #[cfg(feature = "plot")]
    {
        use haarmonic::plot::{Labels, Projection, SphereSignal, sphere_signal};
        let (signal, labels) = (SphereSignal::Coefficients(after.view()), Labels::default());
        sphere_signal(signal, Projection::Mollweide, &labels, "lensed.svg")?;
    }
    // Deflections move power between degrees, and make some B from E, but little of either.
    let total = |row: &[f64]| (0..limit).map(|l| (2 * l + 1) as f64 * row[l]).sum::<f64>();
    let [a, b, c, d, e] = rows.each_ref().map(|row| total(row));
    assert!((b / a - 1.0).abs() < 0.1 && ((d + e) / c - 1.0).abs() < 0.1 && e > 0.0 && e < 0.5 * d);
    Ok(())
}
