//! Who: someone who remaps a field on the sphere, such as the microwave background that is deflected by matter in between.
//! What: deflects a temperature map and a polarisation map by the gradient of a potential, and compares spectra before and after.
//! How: `cargo run --release --example lensing [L]`; with `--features plot` it draws the deflected temperature into `lensed.svg`.
//! Expect: peaks that are smeared and power in the curl modes B, which the fields did not have, in a few seconds.

#[macro_use]
mod shared;

use haarmonic::Result;
use haarmonic::sphere::{
    Gradient, PointPlan, PointSpinPlan, RandomField, Sampling, ShtPlanner, SpinPlan,
    fast_longitudes,
};
use ndarray::{Array1, Array2, Array3, ArrayView1, Axis};
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
    // In the meridian plane of the point: along the axis, and outwards; and across the plane.
    let z = ct * cd - a * st * sd;
    let (out, across) = (st * cd + a * ct * sd, b * sd);
    let there = [out.hypot(across).atan2(z), phi + across.atan2(out)];
    // The geodesic makes the angle ψ with e_θ at x, and ψ' at x': sin θ sin ψ is constant along it.
    let (sine, cosine) = (b * st, a * st * cd + ct * sd);
    let before = Complex64::new(a, b);
    let after = Complex64::new(cosine, sine) / cosine.hypot(sine);
    (there, before * after.conj())
}

/// The mean power of each degree, of coefficients m ≥ 0.
fn spectrum(coeffs: ArrayView1<'_, Complex64>, limit: usize) -> Vec<f64> {
    let mut power = vec![0.0; limit];
    for m in 0..limit {
        for (l, power) in power.iter_mut().enumerate().skip(m) {
            let twice = if m == 0 { 1.0 } else { 2.0 };
            let at = m * (2 * limit - 1 - m) / 2 + l;
            *power += twice * coeffs[at].norm_sqr() / (2 * l + 1) as f64;
        }
    }
    power
}

fn main() -> Result<()> {
    let limit = std::env::args()
        .nth(1)
        .and_then(|argument| argument.parse().ok())
        .unwrap_or(192);
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    // Peaks on a falling spectrum; deflections of some hundredths of a radian at these scales, far more than in nature.
    let peaks = |l: usize| (1.5 + (0.2 * l as f64).cos()) / (1.0 + (l as f64 / 30.0).powi(3));
    let below = |start: usize, c: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..limit)
            .map(|l| {
                if l < start || 3 * l > 2 * limit {
                    0.0
                } else {
                    c(l)
                }
            })
            .collect()
    };
    let potential = RandomField::new(&below(2, &|l| 2e-3 / (l as f64).powi(4)))?.sample(rng)?;
    let temperature = RandomField::new(&below(2, &peaks))?.sample(rng)?;
    let mut modes = Array2::<Complex64>::zeros((2, temperature.ncols()));
    modes
        .row_mut(0)
        .assign(&RandomField::new(&below(2, &peaks))?.sample(rng)?.row(0));

    // The deflection at the points of a grid, and where they come from.
    let (sampling, longitudes) = (Sampling::GaussLegendre, fast_longitudes(limit)?);
    let gradient = Gradient::with_longitudes(limit, sampling, longitudes)?;
    let mut field = Array3::<f64>::zeros(gradient.signal_shape());
    gradient.inverse_into(
        potential.row(0),
        field.view_mut(),
        &mut gradient.make_scratch(),
    )?;
    let thetas = sampling.colatitudes(limit)?;
    let count = limit * longitudes;
    let (mut points, mut phases) = (Array2::zeros((count, 2)), Array1::zeros(count));
    for i in 0..count {
        let (t, p) = (i / longitudes, i % longitudes);
        let phi = std::f64::consts::TAU * p as f64 / longitudes as f64;
        let (there, phase) = deflected(thetas[t], phi, [field[[0, t, p]], field[[1, t, p]]]);
        (points[[i, 0]], points[[i, 1]]) = (there[0], there[1]);
        phases[i] = phase;
    }

    // Values there, which are the deflected maps; polarisation is turned into the frames of the grid.
    let plan = PointPlan::with_tolerance(points.view(), limit, 1e-8)?;
    let mut lensed = Array1::<f64>::zeros(count);
    plan.inverse_into(
        temperature.row(0),
        lensed.view_mut(),
        &mut plan.make_scratch(),
    )?;
    let spin = PointSpinPlan::with_tolerance(points.view(), limit, 2, 1e-8)?;
    let mut planes = Array2::<f64>::zeros((2, count));
    spin.inverse_into(modes.view(), planes.view_mut(), &mut spin.make_scratch())?;
    for (i, phase) in phases.iter().enumerate() {
        let turned = Complex64::new(planes[[0, i]], planes[[1, i]]) * phase * phase;
        (planes[[0, i]], planes[[1, i]]) = (turned.re, turned.im);
    }

    // Back to coefficients.
    let grid = ShtPlanner::new().plan_with_longitudes(limit, sampling, longitudes)?;
    let map = lensed
        .into_shape_with_order((limit, longitudes))
        .expect("the grid");
    let mut after = Array1::zeros(grid.half_len());
    grid.forward_into(map.view(), after.view_mut(), &mut grid.make_scratch())?;
    let back = SpinPlan::with_longitudes(limit, 2, sampling, longitudes)?;
    let planes = planes
        .into_shape_with_order((2, limit, longitudes))
        .expect("the grid");
    let mut modes_after = Array2::zeros(modes.dim());
    back.forward_into(
        planes.view(),
        modes_after.view_mut(),
        &mut back.make_scratch(),
    )?;

    let rows = [
        spectrum(temperature.row(0), limit),
        spectrum(after.view(), limit),
        spectrum(modes.row(0), limit),
        spectrum(modes_after.row(0), limit),
        spectrum(modes_after.row(1), limit),
    ];
    say!("degree    TT before   TT after   EE before   EE after   BB after");
    for first in (8..2 * limit / 3).step_by(8) {
        let mean = |row: &[f64]| row[first..first + 8].iter().sum::<f64>() / 8.0;
        let [a, b, c, d, e] = rows.each_ref().map(|row| mean(row));
        say!(
            "{:>3}–{:<3}  {a:>10.5} {b:>10.5}  {c:>10.5} {d:>10.5} {e:>10.6}",
            first,
            first + 7
        );
    }
    let size = field
        .map_axis(Axis(0), |d| d.dot(&d))
        .mean()
        .expect("points")
        .sqrt();
    say!(
        "\nroot mean square of the deflection: {:.4} radians at L = {limit}",
        size
    );
    #[cfg(feature = "plot")]
    draw(after.view())?;
    // Deflections move power between degrees, and make some B from E, but little of either.
    let total = |row: &[f64]| {
        row.iter()
            .enumerate()
            .map(|(l, c)| (2 * l + 1) as f64 * c)
            .sum::<f64>()
    };
    let [a, b, c, d, e] = rows.each_ref().map(|row| total(row));
    assert!((b / a - 1.0).abs() < 0.1 && ((d + e) / c - 1.0).abs() < 0.1 && e > 0.0 && e < 0.5 * d);
    Ok(())
}

#[cfg(feature = "plot")]
fn draw(coeffs: ArrayView1<'_, Complex64>) -> Result<()> {
    use haarmonic::plot::{Labels, Projection, SphereSignal, sphere_signal};
    let full = haarmonic::sphere::layouts::from_healpy(coeffs)?;
    let signal = SphereSignal::Coefficients(full.view());
    sphere_signal(
        signal,
        Projection::Mollweide,
        &Labels::default(),
        "lensed.svg",
    )
}
