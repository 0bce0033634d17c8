//! Who: someone with measurements at a few hundred places of the globe, who wants a map and its uncertainty.
//! What: temperatures at stations; length scale, variation and noise by evidence; a map with uncertainty; held-out errors and calibration.
//! How: `cargo run --release --example gp_on_the_sphere`; with `--features plot` it draws the map into `temperatures.svg`.
//! Expect: numbers near those with which the data were made, and intervals that hold as many stations as they say.

#[macro_use]
mod shared;

use std::f64::consts::{PI, TAU};

use haarmonic::Result;
use haarmonic::covariance::{Covariance, Family, Parameter, Space};
use haarmonic::group::SpherePoint;
use haarmonic::predict::selection::KernelSelection;
use haarmonic::predict::{Criterion, GaussianProcess, Ridge};
use haarmonic::sphere::{RandomField, Sampling, SphericalHarmonics, layouts};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const STATIONS: usize = 400;
const KNOWN: usize = 300;
/// Degrees Celsius; radians.
const MEAN: f64 = 12.0;
const DEVIATION: f64 = 8.0;
const NOISE: f64 = 1.0;
const SCALE: f64 = 0.5;

fn covariance(length_scale: f64) -> Result<Covariance> {
    Covariance::new(Space::Sphere, Family::Matern { nu: 1.5 }, length_scale)
}

/// Unit vectors of rows (θ, φ).
fn vectors(angles: &Array2<f64>) -> Result<Array2<f64>> {
    let mut vectors = Array2::zeros((angles.nrows(), 3));
    for (mut vector, angles) in vectors.outer_iter_mut().zip(angles.outer_iter()) {
        let point = SpherePoint::new(angles[0], angles[1])?.to_vector();
        vector.assign(&Array1::from(point.to_vec()));
    }
    Ok(vectors)
}

fn main() -> Result<()> {
    let rng = &mut ChaCha8Rng::seed_from_u64(2024);
    // The truth: a field of 64 degrees, at stations that are dense in the north.
    let eigenvalues = covariance(SCALE)?
        .with_variance(DEVIATION * DEVIATION)?
        .spectrum(64)?;
    let spectrum: Vec<f64> = eigenvalues.iter().map(|value| 4.0 * PI * value).collect();
    let truth = layouts::from_healpy(RandomField::new(&spectrum)?.sample(rng)?.row(0))?;
    let angles = Array2::from_shape_fn((STATIONS, 2), |(_, k)| match k {
        0 => (1.0 - 2.0 * rng.random::<f64>().powf(1.5)).acos(),
        _ => TAU * rng.random::<f64>(),
    });
    let exact = SphericalHarmonics::new(64)?.evaluate_real(truth.view(), angles.view())?;
    let temperatures = exact.mapv(|t| MEAN + t + NOISE * rng.sample::<f64, _>(StandardNormal));
    let places = vectors(&angles)?;
    let (known, held_out) = places.view().split_at(Axis(0), KNOWN);
    let (measured, others) = temperatures.view().split_at(Axis(0), KNOWN);
    let mean = measured.sum() / KNOWN as f64;
    let targets = measured.mapv(|t| t - mean);
    let targets = targets.to_shape((KNOWN, 1)).expect("one column");

    // θ = (ln of the deviation, ln of the length scale), from a rough guess.
    let family = |theta: &[f64]| covariance(theta[1].exp())?.with_variance((2.0 * theta[0]).exp());
    let found = KernelSelection::new(Criterion::MarginalLikelihood).fit(
        &[1.0, -2.0],
        targets.view(),
        |theta| {
            let covariance = family(theta)?;
            let kernel = covariance.gram(known)?;
            let by_scale = covariance.gram_derivative(Parameter::LengthScale, known)?
                * covariance.length_scale();
            let by_deviation = 2.0 * &kernel;
            Ok((kernel, vec![by_deviation, by_scale]))
        },
    )?;
    let covariance = family(&found.parameters)?;
    let process = GaussianProcess::fit(
        covariance.gram(known)?.view(),
        targets.view(),
        Ridge::Relative(found.noise),
    )?;
    say!("{:<28} {:>8} {:>8}", "", "made with", "found");
    let rows = [
        (
            "deviation of the field, °C",
            DEVIATION,
            covariance.variance().sqrt(),
        ),
        ("length scale, rad", SCALE, covariance.length_scale()),
        ("noise, °C", NOISE, process.noise().sqrt()),
    ];
    for (name, made, found) in rows {
        say!("{name:<28} {made:>9.2} {found:>8.2}");
    }

    let marginals = |points: ArrayView2<'_, f64>| {
        process.predict_marginals(
            covariance.cross(points, known)?.view(),
            covariance.diagonal(points)?.view(),
        )
    };
    let found = marginals(held_out)?.with_noise(process.noise());
    let errors = &others - &found.mean.column(0) - mean;
    let rmse = errors.pow2().mean().expect("stations").sqrt();
    let stated = found.variance.mean().expect("stations").sqrt();
    say!(
        "\n{} other stations: error {rmse:.2} °C, stated {stated:.2} °C",
        errors.len()
    );
    for (share, deviations) in [(50, 0.674), (80, 1.282), (95, 1.960)] {
        let inside = errors
            .iter()
            .zip(&found.variance)
            .filter(|(e, v)| e.abs() < deviations * v.sqrt());
        say!(
            "  within the {share} % interval: {} %",
            100 * inside.count() / errors.len()
        );
    }

    // A map on the grid of band limit 24, of which every fourth place is printed.
    let (sampling, limit) = (Sampling::GaussLegendre, 24);
    let (theta, phi) = (sampling.colatitudes(limit)?, sampling.longitudes(limit)?);
    let grid = Array2::from_shape_fn((theta.len() * phi.len(), 2), |(i, k)| match k {
        0 => theta[i / phi.len()],
        _ => phi[i % phi.len()],
    });
    let map = marginals(vectors(&grid)?.view())?;
    say!("\ntemperatures in °C, by latitude (rows) and longitude");
    let columns = (0..phi.len()).step_by(8);
    say!(
        "      {}",
        columns
            .clone()
            .map(|p| format!("{:>11.0}°", phi[p].to_degrees()))
            .collect::<String>()
    );
    for t in (1..theta.len()).step_by(3) {
        let value = |p: usize| {
            (
                mean + map.mean[[t * phi.len() + p, 0]],
                map.variance[t * phi.len() + p].sqrt(),
            )
        };
        let cells = columns
            .clone()
            .map(value)
            .map(|(m, d)| format!("{m:>6.1} ±{d:>4.1}"));
        say!(
            "{:>5.0}° {}",
            90.0 - theta[t].to_degrees(),
            cells.collect::<Vec<_>>().join(" ")
        );
    }
    #[cfg(feature = "plot")]
    {
        use haarmonic::plot::{Labels, Projection, SphereSignal, sphere_signal};
        let values = map
            .mean
            .to_shape([theta.len(), phi.len()])
            .expect("the grid")
            .mapv(|t| t + mean);
        let values = values.view();
        let labels = Labels {
            title: "Temperature, °C",
            ..Labels::default()
        };
        sphere_signal(
            SphereSignal::Grid { values, sampling },
            Projection::Mollweide,
            &labels,
            "temperatures.svg",
        )?;
    }
    assert!(rmse < 1.2 * stated && stated < 1.2 * rmse);
    Ok(())
}
