//! Who: someone with measurements at a few hundred places of the globe, who wants a map and its uncertainty.
//! What: temperatures at stations; length scale, variation and noise by evidence; held-out errors and calibration; a map with uncertainty.
//! How: `cargo run --release --example gp_on_the_sphere`; with `--features plot` it draws the map into `temperatures.svg`.
//! Expect: numbers near those with which the data were made, and intervals that hold as many stations as they say.

#[macro_use]
mod shared;

use std::f64::consts::{PI, TAU};

use haarmonic::Result;
use haarmonic::covariance::{Covariance, Family, Parameter, Space};
use haarmonic::predict::selection::KernelSelection;
use haarmonic::predict::{Criterion, GaussianProcess, Ridge};
use haarmonic::sphere::{RandomField, Sampling, SphericalHarmonics, layouts};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const STATIONS: usize = 400;
/// Without a hundred stations, which are held out.
const KNOWN: usize = STATIONS - 100;
/// In degrees Celsius and radians, as are the following.
const DEVIATION: f64 = 8.0;
const NOISE: f64 = 1.0;
const SCALE: f64 = 0.5;

fn covariance(deviation: f64, scale: f64) -> Result<Covariance> {
    Covariance::new(Space::Sphere, Family::Matern { nu: 1.5 }, scale)?
        .with_variance(deviation * deviation)
}

/// Unit vectors of rows (θ, φ).
fn vectors(angles: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((angles.nrows(), 3), |(i, k)| {
        let (sin_theta, cos_theta) = angles[[i, 0]].sin_cos();
        let (sin_phi, cos_phi) = angles[[i, 1]].sin_cos();
        [sin_theta * cos_phi, sin_theta * sin_phi, cos_theta][k]
    })
}

/// Rows (θ, φ) of stations, dense in the north, and temperatures there: a random field of 64 degrees, and noise.
fn measurements(rng: &mut ChaCha8Rng) -> Result<(Array2<f64>, Array1<f64>)> {
    let spectrum = 4.0 * PI * Array1::from(covariance(DEVIATION, SCALE)?.spectrum(64)?);
    let field = RandomField::new(&spectrum.to_vec())?.sample(rng)?;
    let field = layouts::from_healpy(field.row(0))?;
    let angles = Array2::from_shape_fn((STATIONS, 2), |(_, k)| match k {
        0 => (1.0 - 2.0 * rng.random::<f64>().powf(1.5)).acos(),
        _ => TAU * rng.random::<f64>(),
    });
    let exact = SphericalHarmonics::new(64)?.evaluate_real(field.view(), angles.view())?;
    let mut noise = || NOISE * rng.sample::<f64, _>(StandardNormal);
    Ok((angles, exact.mapv(|t| 12.0 + t + noise())))
}

fn main() -> Result<()> {
    let (angles, temperatures) = measurements(&mut ChaCha8Rng::seed_from_u64(2024))?;
    let places = vectors(&angles);
    let (known, held_out) = places.view().split_at(Axis(0), KNOWN);
    let (measured, others) = temperatures.view().split_at(Axis(0), KNOWN);
    let mean = measured.sum() / KNOWN as f64;
    let targets = measured.mapv(|t| t - mean).insert_axis(Axis(1));

    // From a guess of the logarithms of deviation and length scale.
    let selection = KernelSelection::new(Criterion::MarginalLikelihood);
    let found = selection.fit(&[1.0, -2.0], targets.view(), |theta| {
        let covariance = covariance(theta[0].exp(), theta[1].exp())?;
        let gram = covariance.gram(known)?;
        let by_scale = covariance.gram_derivative(Parameter::LengthScale, known)?;
        Ok((gram.clone(), vec![2.0 * gram, theta[1].exp() * by_scale]))
    })?;
    let [deviation, scale] = [found.parameters[0].exp(), found.parameters[1].exp()];
    let (covariance, noise) = (covariance(deviation, scale)?, Ridge::Relative(found.noise));
    let process = GaussianProcess::fit(covariance.gram(known)?.view(), targets.view(), noise)?;
    let marginals = |points: ArrayView2<'_, f64>| {
        let cross = covariance.cross(points, known)?;
        process.predict_marginals(cross.view(), covariance.diagonal(points)?.view())
    };
    say!("                      made with   found");
    say!("deviation, °C         {DEVIATION:>9.2} {deviation:>7.2}");
    say!("length scale, rad     {SCALE:>9.2} {scale:>7.2}");
    let noise = process.noise().sqrt();
    say!("noise, °C             {NOISE:>9.2} {noise:>7.2}");
    let found = marginals(held_out)?.with_noise(process.noise());
    let errors = &others - &found.mean.column(0) - mean;
    let rmse = errors.pow2().mean().expect("stations").sqrt();
    let stated = found.variance.mean().expect("stations").sqrt();
    say!("\nat other stations: error {rmse:.2} °C, stated {stated:.2} °C");
    for (share, width) in [(50, 0.674), (80, 1.282), (95, 1.960)] {
        let both = errors.iter().zip(&found.variance);
        let inside = both.filter(|(e, v)| e.abs() < width * v.sqrt()).count();
        say!("  {inside} % of them are in the {share} % interval");
    }
    let theta = Sampling::GaussLegendre.colatitudes(24)?;
    let phi = Sampling::GaussLegendre.longitudes(24)?;
    let grid = Array2::from_shape_fn((24 * 47, 2), |(i, k)| [theta[i / 47], phi[i % 47]][k]);
    let map = marginals(vectors(&grid).view())?;
    say!("\ntemperatures in °C along the prime meridian");
    for i in (0..grid.nrows()).step_by(3 * 47) {
        let (t, deviation) = (mean + map.mean[[i, 0]], map.variance[i].sqrt());
        let latitude = 90.0 - grid[[i, 0]].to_degrees();
        say!("  latitude {latitude:>3.0}°: {t:>5.1} ± {deviation:.1}");
    }
    #[cfg(feature = "plot")]
    draw(map.mean + mean)?;
    assert!(rmse < 1.2 * stated && stated < 1.2 * rmse);
    Ok(())
}

#[cfg(feature = "plot")]
fn draw(map: Array2<f64>) -> Result<()> {
    use haarmonic::plot::{Labels, Projection, SphereSignal, sphere_signal};
    let map = map.to_shape((24, 47)).expect("rings and longitudes");
    let (values, sampling) = (map.view(), Sampling::GaussLegendre);
    let signal = SphereSignal::Grid { values, sampling };
    let labels = Labels::default();
    sphere_signal(signal, Projection::Mollweide, &labels, "temperatures.svg")
}
