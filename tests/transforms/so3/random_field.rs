//! Random fields on SO(3): reality, variances of coefficients, covariances of values, refusals.

use crate::common::statistics::{normal_errors, variance_ratios};
use crate::common::tol::{self, so3 as so3_tol};
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::so3::{RandomField, WignerPlanner, evaluate};
use haarmonic::sphere::Sampling;
use haarmonic::{Error, Result};
use ndarray::Array3;
use num_complex::Complex64;
use std::f64::consts::PI;

fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

const MULTIPLIERS: [f64; 5] = [0.4, 0.2, 0.05, 0.02, 0.01];

/// All coefficients, read as those of a complex function, give real values; a plan for real samples gives the same.
#[test]
fn samples_are_real() -> Result<()> {
    let field = RandomField::new(&MULTIPLIERS)?;
    let coeffs = field.sample(&mut generator(1))?;
    let limit = field.band_limit();
    for ((n, l, m), value) in coeffs.indexed_iter() {
        let (n, m) = (n as i32 - 4, m as i32 - 4);
        let inside = n.unsigned_abs() as usize <= l && m.unsigned_abs() as usize <= l;
        assert_eq!(*value != Complex64::ZERO, inside, "{n} {l} {m}");
    }
    let plan = WignerPlanner::new().plan(limit, Sampling::GaussLegendre)?;
    let complex: Array3<Complex64> = plan.inverse(coeffs.view())?;
    let real: Array3<f64> = plan.inverse(coeffs.view())?;
    let largest = real.iter().fold(0.0_f64, |m, value| m.max(value.abs()));
    for (a, b) in complex.iter().zip(&real) {
        assert!((a - b).norm() <= so3_tol::synthesis(limit) * largest);
    }
    Ok(())
}

/// Σ |f̂|² of a degree is a sum of the squares of (2ℓ + 1)² independent real numbers.
#[test]
fn coefficients_have_their_variance() -> Result<()> {
    const SAMPLES: usize = 200;
    let field = RandomField::new(&MULTIPLIERS)?;
    let rng = &mut generator(2);
    let mut sums = [0.0; 5];
    for _ in 0..SAMPLES {
        for ((_, l, _), value) in field.sample(rng)?.indexed_iter() {
            sums[l] += value.norm_sqr();
        }
    }
    for (l, (sum, multiplier)) in sums.iter().zip(MULTIPLIERS).enumerate() {
        let orders = 2 * l + 1;
        let want = (8.0 * PI * PI).powi(2) * multiplier / orders as f64;
        let freedom = SAMPLES * orders * orders;
        let [least, largest] = variance_ratios(tol::FALSE_ALARM, sums.len(), freedom);
        let ratio = sum / freedom as f64 / want;
        assert!((least..largest).contains(&ratio), "degree {l}: {ratio}");
    }
    Ok(())
}

/// Values at rotations have the class function as their covariance, whichever rotation comes first.
#[test]
fn values_have_the_covariance() -> Result<()> {
    const SAMPLES: usize = 4000;
    let field = RandomField::new(&MULTIPLIERS)?;
    let angles = [
        [0.3, 1.1, 2.0],
        [0.5, 1.3, 1.8],
        [4.0, 0.2, 0.1],
        [0.3, 2.9, 5.0],
    ];
    let rotations: Vec<Rotation> = angles
        .iter()
        .map(|[a, b, c]| Ok(Rotation::from(EulerZyz::new(*a, *b, *c)?)))
        .collect::<Result<_>>()?;
    let rng = &mut generator(3);
    let mut sums = [[0.0; 4]; 4];
    for _ in 0..SAMPLES {
        let values = evaluate(field.sample(rng)?.view(), &angles)?;
        for i in 0..4 {
            for j in 0..4 {
                sums[i][j] += values[i].re * values[j].re;
            }
        }
    }
    let covariance = |omega: f64| -> f64 {
        let terms = MULTIPLIERS.iter().enumerate();
        terms
            .map(|(l, multiplier)| {
                // χ_ℓ(ω) = 1 + 2 Σ_k cos kω.
                let character = 1.0 + 2.0 * (1..=l).map(|k| (k as f64 * omega).cos()).sum::<f64>();
                (2 * l + 1) as f64 * multiplier * character
            })
            .sum()
    };
    let variance = covariance(0.0);
    let errors = normal_errors(tol::FALSE_ALARM, 10);
    for i in 0..4 {
        for j in 0..=i {
            let omega = (rotations[i].inverse() * rotations[j]).angle();
            let want = covariance(omega);
            let deviation = ((variance * variance + want * want) / SAMPLES as f64).sqrt();
            let found = sums[i][j] / SAMPLES as f64;
            assert!(
                (found - want).abs() < errors * deviation,
                "{i} {j}: {found} {want}"
            );
        }
    }
    Ok(())
}

/// One seed gives one field; a larger band limit adds degrees to it.
#[test]
fn seeds_reproduce_fields() -> Result<()> {
    let draw = |limit: usize| RandomField::new(&MULTIPLIERS[..limit])?.sample(&mut generator(4));
    let (small, large) = (draw(3)?, draw(5)?);
    assert_eq!(small, draw(3)?);
    for ((n, l, m), value) in small.indexed_iter() {
        assert_eq!(*value, large[[n + 2, l, m + 2]]);
    }
    Ok(())
}

#[test]
fn bad_multipliers_are_refused() {
    for multipliers in [&[][..], &[1.0, -1e-300]] {
        let result = RandomField::new(multipliers);
        assert!(
            matches!(result, Err(Error::InvalidValue { .. })),
            "{multipliers:?}"
        );
    }
    let result = RandomField::new(&[f64::INFINITY]);
    assert!(matches!(result, Err(Error::NotFinite { .. })));
}
