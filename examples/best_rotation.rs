//! Who: someone with two noisy measurements of one body (a star, a protein, a planet) in different attitudes.
//! What: finds the rotation that lays the second one upon the first, and checks it against the truth.
//! How: `cargo run --release --example best_rotation`
//! Expect: for each level of noise the error of the rotation in degrees, the score and the runner-up.

#[macro_use]
mod shared;

use haarmonic::group::Rotation;
use haarmonic::so3::RotationMatcher;
use haarmonic::sphere::{CoefficientRotation, coefficients};
use ndarray::{Array2, Axis};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 24;

/// A random real signal; coefficients fall like 1 / (1 + l)^falloff.
fn signal(rng: &mut ChaCha8Rng, falloff: i32) -> Array2<Complex64> {
    let mut coeffs = coefficients::zeros(BAND_LIMIT).expect("a valid band limit");
    for l in 0..BAND_LIMIT {
        for m in 0..=l {
            let mut number = || rng.random_range(-1.0..1.0) / (1.0 + l as f64).powi(falloff);
            let value = Complex64::new(number(), if m == 0 { 0.0 } else { number() });
            coeffs[[l, BAND_LIMIT - 1 - m]] = value.conj() * if m % 2 == 0 { 1.0 } else { -1.0 };
            coeffs[[l, BAND_LIMIT - 1 + m]] = value;
        }
    }
    coeffs
}

fn main() -> haarmonic::Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(2024);
    let (rotation, matcher) = (
        CoefficientRotation::real(BAND_LIMIT)?,
        RotationMatcher::new(BAND_LIMIT)?,
    );
    let body = signal(&mut rng, 1);
    let size = coefficients::power_spectrum(body.view())?
        .iter()
        .sum::<f64>()
        .sqrt();
    say!("noise / signal   error (degrees)   score   runner-up   steps");
    for noise in [0.0, 0.1, 0.5, 1.0] {
        let truth = Rotation::random(&mut rng);
        let turned = rotation.rotate(body.view(), &truth.euler_zyz())?;
        let mut noisy = |clean: &Array2<Complex64>| -> haarmonic::Result<Array2<Complex64>> {
            let grain = signal(&mut rng, 0);
            let total = coefficients::power_spectrum(grain.view())?
                .iter()
                .sum::<f64>()
                .sqrt();
            Ok(clean + &grain.mapv(|value| value * (noise * size / total)))
        };
        let (first, second) = (noisy(&turned)?, noisy(&body)?);
        let channel = |signal: Array2<Complex64>| signal.insert_axis(Axis(0));
        let best = matcher.best_rotation(channel(first).view(), channel(second).view())?;
        let error = best.rotation.angle_to(&truth).to_degrees();
        say!(
            "{noise:14}   {error:15.1e}   {:5.3}   {:9.3}   {:5}",
            best.score,
            best.runner_up.unwrap_or(f64::NAN),
            best.steps
        );
        // Without noise to rounding; with it to a part of the resolution, 180 / 24 = 7.5 degrees.
        assert!(error < if noise == 0.0 { 1e-9 } else { 4.0 * noise });
    }
    Ok(())
}
