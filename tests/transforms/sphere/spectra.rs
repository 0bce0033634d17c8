//! Spectra and multipliers: Parseval against quadrature on a grid, closed forms, bad arguments.

use crate::common::signals;
use crate::common::tol::sphere as tol;

use approx::assert_abs_diff_eq;
use haarmonic::Error;
use haarmonic::sphere::spectra::{SpectrumNorm, all_pairs, cross, power};
use haarmonic::sphere::{Sampling, ShtPlanner, coefficients, layouts, smoothing, zonal};
use ndarray::{Array1, Array2, Array3, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

fn pair(band_limit: usize) -> [Array2<Complex64>; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let both = signals::random_signals(&mut rng, [1, 2, band_limit], 0).index_axis_move(Axis(0), 0);
    [0, 1].map(|i| both.index_axis(Axis(0), i).to_owned())
}

#[test]
fn sums_over_degrees_are_integrals() {
    for band_limit in [1, 2, 7, 16] {
        let [f, g] = pair(band_limit);
        let complex = &f + &g.mapv(|v| v * Complex64::new(0.0, 2.0));
        // Products have degrees below 2L − 1: a grid of that band limit integrates them.
        let finer = 2 * band_limit;
        let plan = ShtPlanner::new()
            .plan(finer, Sampling::GaussLegendre)
            .unwrap();
        let values = |coeffs: &Array2<Complex64>| {
            let mut wide = coefficients::zeros(finer).unwrap();
            for ((l, k), value) in coeffs.indexed_iter() {
                wide[[l, k + finer - band_limit]] = *value;
            }
            plan.inverse::<Complex64, _>(wide.view()).unwrap()
        };
        let (u, v) = (values(&complex), values(&g));
        let weights = Sampling::GaussLegendre.colatitude_weights(finer).unwrap();
        let mut integral = Complex64::ZERO;
        for ((t, p), u) in u.indexed_iter() {
            integral += u.conj() * v[[t, p]] * weights[t] * 2.0 * PI / (2 * finer - 1) as f64;
        }
        let sum: Complex64 = cross(complex.view(), g.view(), SpectrumNorm::Sum)
            .unwrap()
            .into_iter()
            .sum();
        assert!((sum - integral).norm() <= tol::transform(finer) * integral.norm());
        let means = cross(complex.view(), g.view(), SpectrumNorm::Mean).unwrap();
        let again: Complex64 = means
            .iter()
            .enumerate()
            .map(|(l, c)| c * (2 * l + 1) as f64)
            .sum();
        assert!((again - integral).norm() <= tol::transform(finer) * integral.norm());
    }
}

#[test]
fn power_is_the_cross_spectrum_with_itself() {
    let [f, g] = pair(9);
    let auto = power(f.view(), SpectrumNorm::Sum).unwrap();
    let known = coefficients::power_spectrum(f.view()).unwrap();
    assert!(
        auto.iter()
            .zip(&known)
            .all(|(a, b)| (a - b).abs() <= tol::CLOSED_FORM * b)
    );
    for ((crossed, a), b) in cross(f.view(), g.view(), SpectrumNorm::Mean)
        .unwrap()
        .iter()
        .zip(power(f.view(), SpectrumNorm::Mean).unwrap())
        .zip(power(g.view(), SpectrumNorm::Mean).unwrap())
    {
        assert!(crossed.im.abs() <= tol::CLOSED_FORM * (a * b).sqrt());
        assert!(crossed.norm_sqr() <= a * b);
    }
}

/// In both layouts, and in the order TT, EE, BB, TE, EB, TB.
#[test]
fn all_pairs_are_the_spectra_of_each_pair() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for limit in [1, 2, 3, 9] {
        let full = signals::random_signals(&mut rng, [1, 3, limit], 0).index_axis_move(Axis(0), 0);
        let mut half = Array2::zeros((3, limit * (limit + 1) / 2));
        for (mut row, field) in half.rows_mut().into_iter().zip(full.outer_iter()) {
            row.assign(&Array1::from_vec(layouts::to_healpy(field).unwrap()));
        }
        for norm in [SpectrumNorm::Sum, SpectrumNorm::Mean] {
            let found = all_pairs(full.view(), norm).unwrap();
            let from_half = all_pairs(half.view(), norm).unwrap();
            // The order of axes in memory has no effect.
            let mut other = Array2::zeros(half.t().raw_dim());
            other.assign(&half.t());
            assert_eq!(all_pairs(other.t(), norm).unwrap(), from_half);
            for (row, [i, j]) in [[0, 0], [1, 1], [2, 2], [0, 1], [1, 2], [0, 2]]
                .into_iter()
                .enumerate()
            {
                let [f, g] = [i, j].map(|field| full.index_axis(Axis(0), field));
                let want = cross(f, g, norm).unwrap();
                let sizes = [power(f, norm).unwrap(), power(g, norm).unwrap()];
                for l in 0..limit {
                    let allowed = tol::transform(limit) * (sizes[0][l] * sizes[1][l]).sqrt();
                    assert!((found[[row, l]] - want[l].re).abs() <= allowed);
                    assert!((from_half[[row, l]] - want[l].re).abs() <= allowed);
                }
            }
        }
    }
}

#[test]
fn wrong_arrays_of_several_signals_are_errors() {
    let error = |shape: (usize, usize)| {
        all_pairs(Array2::zeros(shape).view(), SpectrumNorm::Sum)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error((3, 7)),
        "coefficients of several signals: expected shape [fields, L (L + 1) / 2] or [fields, L, 2L - 1], found [3, 7]"
    );
    assert!(error((3, 0)).contains("found [3, 0]") && error((0, 3)).contains("empty"));
    let mut fields = Array3::<Complex64>::zeros((2, 2, 3));
    assert!(all_pairs(fields.view(), SpectrumNorm::Sum).is_ok());
    fields[[1, 0, 2]] = f64::NAN.into();
    assert!(matches!(
        all_pairs(fields.view(), SpectrumNorm::Sum),
        Err(Error::NotFinite { .. })
    ));
    assert!(all_pairs(Array3::zeros((2, 2, 2)).view(), SpectrumNorm::Sum).is_err());
    assert!(all_pairs(Array1::zeros(3).view(), SpectrumNorm::Sum).is_err());
}

#[test]
fn filtering_scales_the_spectrum() {
    let [f, _] = pair(12);
    for multipliers in [
        smoothing::gaussian_beam(12, 0.3).unwrap(),
        smoothing::heat_kernel(12, 0.02).unwrap(),
        smoothing::low_pass(12, 5).unwrap(),
        zonal::cap_multipliers(12, 0.4).unwrap(),
    ] {
        assert_abs_diff_eq!(multipliers[0], 1.0, epsilon = tol::CLOSED_FORM);
        let mut smooth = f.clone();
        zonal::filter(&multipliers, smooth.view_mut()).unwrap();
        let (before, after) = (
            power(f.view(), SpectrumNorm::Sum).unwrap(),
            power(smooth.view(), SpectrumNorm::Sum).unwrap(),
        );
        for l in 0..12 {
            let want = multipliers[l] * multipliers[l] * before[l];
            assert_abs_diff_eq!(after[l], want, epsilon = tol::CLOSED_FORM * before[l]);
        }
    }
}

#[test]
fn a_narrow_beam_is_a_gaussian_of_the_stated_width() {
    // At half its full width the beam has half the value of its centre, up to O(width²): flat-space limit.
    let (band_limit, width) = (700, 0.04_f64);
    let beam = smoothing::gaussian_beam(band_limit, width).unwrap();
    let at = |theta: f64| {
        let mut legendre = vec![0.0; band_limit];
        let t = 1.0 - theta.cos();
        haarmonic::numeric::legendre_polynomials(t, &mut legendre);
        beam.iter()
            .zip(&legendre)
            .enumerate()
            .map(|(l, (b, p))| (2 * l + 1) as f64 * b * p)
            .sum::<f64>()
    };
    let ratio = at(0.5 * width) / at(0.0);
    assert!((ratio - 0.5).abs() <= width * width, "{ratio}");
}

#[test]
fn bad_arguments_are_errors() {
    let [f, _] = pair(4);
    let [g, _] = pair(5);
    let wrong = cross(f.view(), g.view(), SpectrumNorm::Sum).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "second signal of a cross spectrum: expected shape [4, 7], found [5, 9]"
    );
    assert!(power(Array2::zeros((2, 2)).view(), SpectrumNorm::Sum).is_err());
    for width in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            smoothing::gaussian_beam(4, width),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            smoothing::heat_kernel(4, width),
            Err(Error::InvalidValue { .. })
        ));
    }
    let error = smoothing::gaussian_beam(4, f64::INFINITY).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("full width of a beam: found inf")
    );
    assert_eq!(
        smoothing::gaussian_beam(3, f64::MAX).unwrap(),
        [1.0, 0.0, 0.0]
    );
    assert!(smoothing::low_pass(0, 1).is_err() && smoothing::heat_kernel(0, 1.0).is_err());
}
