//! Slepian functions: stored concentrations, orthogonality over sphere and region, a dense problem for the same cap, rotations, tapers.

use crate::common::close::{assert_absolutely_close, assert_named_close};
use crate::common::naive_rotations as naive;
use crate::common::statistics::student_errors;
use crate::common::tol::{FALSE_ALARM, sphere as tol};

use haarmonic::group::SpherePoint;
use haarmonic::numeric::GaussLegendre;
use haarmonic::sphere::coupling::ModeCoupling;
use haarmonic::sphere::{
    RandomField, SlepianFunctions, SphericalHarmonics, coefficients, evaluate, layouts, zonal,
};
use ndarray::{Array1, Array2, Axis, Ix1, array};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Concentrations of one order, by their functions.
fn of_order(functions: &SlepianFunctions, m: usize) -> Vec<f64> {
    let limit = functions.band_limit();
    let coefficients = functions.coefficients();
    let pairs = functions
        .concentrations()
        .iter()
        .zip(coefficients.outer_iter());
    let mut values: Vec<f64> = pairs
        .filter(|(_, c)| {
            c.column(limit - 1 + m)
                .iter()
                .any(|v| *v != Complex64::ZERO)
        })
        .map(|(value, _)| *value)
        .collect();
    // Cosine and sine.
    if m > 0 {
        values = values.into_iter().step_by(2).collect();
    }
    values
}

#[test]
fn stored_concentrations_of_a_cap() {
    let functions = SlepianFunctions::of_cap(10, 0.7, 100).unwrap();
    for m in [0, 2] {
        let want: Array1<f64> =
            naive::golden::<f64, Ix1>("coupling.npz", &format!("slepian_L10_cap0.7_m{m}"));
        let found = of_order(&functions, m);
        assert_absolutely_close(format!("order {m}"), &found, want, tol::transform(10));
        assert!(found.iter().all(|value| *value >= 0.0));
    }
    let sum: f64 = functions.concentrations().iter().sum();
    // The trace of the matrix: L² times the area of the cap over 4π.
    let trace = 100.0 * (1.0 - 0.7_f64.cos()) / 2.0;
    assert_absolutely_close("trace", [sum], [trace], tol::transform(10));
}

/// Functions are orthonormal on the sphere, and orthogonal with their concentrations on the cap.
#[test]
fn functions_are_orthogonal_twice() {
    let (limit, angle) = (6, 1.1_f64);
    let functions = SlepianFunctions::of_cap(limit, angle, limit * limit).unwrap();
    let rule = GaussLegendre::new(limit).unwrap();
    let longitudes = 2 * limit;
    for (from, [low, high]) in [("sphere", [-1.0, 1.0]), ("cap", [angle.cos(), 1.0])] {
        let half = 0.5 * (high - low);
        let points = Array2::from_shape_fn((limit * longitudes, 2), |(i, k)| {
            let x: f64 = low + half * (1.0 + rule.nodes[i / longitudes]);
            [
                x.clamp(-1.0, 1.0).acos(),
                2.0 * PI * (i % longitudes) as f64 / longitudes as f64,
            ][k]
        });
        let values: Vec<Array1<f64>> = functions
            .coefficients()
            .outer_iter()
            .map(|c| {
                let values = evaluate(c, points.view()).unwrap();
                assert!(values.iter().all(|v| v.im.abs() <= tol::transform(limit)));
                values.mapv(|v| v.re)
            })
            .collect();
        for (i, f) in values.iter().enumerate() {
            for (j, g) in values.iter().enumerate() {
                let terms = f.iter().zip(g).enumerate().map(|(p, (f, g))| {
                    half * rule.weights[p / longitudes] * 2.0 * PI / longitudes as f64 * f * g
                });
                let size = match from {
                    "sphere" => 1.0,
                    _ => functions.concentrations()[i],
                };
                let want = if i == j { size } else { 0.0 };
                assert_absolutely_close(
                    format!("{from} {i} {j}"),
                    [terms.sum::<f64>()],
                    [want],
                    tol::point(limit) * 4.0,
                );
            }
        }
    }
}

/// The dense problem of the mask of a cap, whose coefficients are known, and the cap moved to another place.
#[test]
fn masks_and_caps_agree() {
    let (limit, angle) = (5, 0.9);
    let centre = SpherePoint::new(1.2, -2.0).unwrap();
    let harmonics = SphericalHarmonics::new(2 * limit).unwrap();
    let mut mask = coefficients::zeros(2 * limit).unwrap();
    let area = 2.0 * PI * (1.0 - f64::cos(angle));
    let multipliers = zonal::cap_multipliers(2 * limit, angle).unwrap();
    zonal::add_bumps(
        &harmonics,
        &multipliers,
        &[centre.to_vector()],
        &[area],
        mask.view_mut(),
    )
    .unwrap();
    let count = limit * limit;
    let dense = SlepianFunctions::of_mask(limit, mask.view(), count).unwrap();
    let north = SlepianFunctions::of_cap(limit, angle, count).unwrap();
    let cap = north.centred_at(centre).unwrap();
    assert_absolutely_close(
        "concentrations",
        dense.concentrations(),
        cap.concentrations(),
        tol::transform(limit),
    );
    // Single functions of one concentration may be mixed; the sum of their squares at a point is not.
    let points = array![[1.2, -2.0], [0.3, 0.8], [2.0, 3.0]];
    let weights: [fn(f64) -> f64; 2] = [|v| v, |v| v * v];
    for weight in weights {
        let [a, b] = [&dense, &cap].map(|functions| {
            let mut sum = Array1::<f64>::zeros(3);
            for (value, c) in functions
                .concentrations()
                .iter()
                .zip(functions.coefficients().outer_iter())
            {
                let values = evaluate(c, points.view()).unwrap();
                sum = sum + weight(*value) * values.mapv(|v| v.norm_sqr());
            }
            sum
        });
        assert_named_close("projections", a, b, tol::transform(limit) * 4.0);
    }
}

/// The mean of multitaper spectra is the mode coupling of the spectrum of the tapers.
#[test]
fn multitaper_spectra_have_the_mean_of_their_mask() {
    const SKIES: usize = 100;
    let limit = 16;
    let tapers = SlepianFunctions::of_cap(6, 1.2, 8).unwrap();
    let mut coupling = ModeCoupling::new(limit)
        .unwrap()
        .scalar(&tapers.mean_spectrum().unwrap())
        .unwrap();
    let sky: Vec<f64> = (0..limit).map(|l| 1.0 / (1.0 + l as f64)).collect();
    for mut row in coupling.rows_mut() {
        row *= &Array1::from_vec(sky.clone());
    }
    let want = coupling.sum_axis(Axis(1));
    let field = RandomField::new(&sky).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut found = Array2::zeros((SKIES, limit));
    for mut row in found.rows_mut() {
        let sample = field.sample(&mut rng).unwrap();
        let coeffs = layouts::from_healpy(sample.row(0)).unwrap();
        row.assign(&Array1::from_vec(tapers.multitaper(coeffs.view()).unwrap()));
    }
    let mean = found.mean_axis(Axis(0)).unwrap();
    let errors = found.std_axis(Axis(0), 1.0) / (SKIES as f64).sqrt();
    let allowed = student_errors(FALSE_ALARM, limit, SKIES);
    for l in 0..limit {
        assert!(
            (mean[l] - want[l]).abs() <= allowed * errors[l],
            "{l}: {} ± {}, want {}",
            mean[l],
            errors[l],
            want[l]
        );
    }
}

#[test]
fn bad_arguments_are_errors() {
    for count in [0, 10] {
        let error = SlepianFunctions::of_cap(3, 0.5, count)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!(
                "number of Slepian functions: found {count}, expected 1 to the square of the band limit, 9"
            )
        );
    }
    for angle in [0.0, PI, f64::NAN, -1.0] {
        let error = SlepianFunctions::of_cap(3, angle, 2)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("opening angle of a cap: found "),
            "{error}"
        );
    }
    assert!(SlepianFunctions::of_cap(0, 1.0, 1).is_err());
    assert!(SlepianFunctions::of_mask(3, Array2::zeros((3, 4)).view(), 1).is_err());
    let mut imaginary = coefficients::zeros(2).unwrap();
    imaginary[[0, 1]] = Complex64::I;
    assert!(SlepianFunctions::of_mask(3, imaginary.view(), 1).is_err());
}
