//! The spherical-harmonic transform against the golden file, closed forms and direct sums.

use crate::common::tol::sphere as tol;

use crate::common::close::assert_close;
use haarmonic::Error;
use haarmonic::sphere::{
    Sample, Sampling, ShtPlan, ShtPlanner, SphericalHarmonics, coefficients, evaluate,
};
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use ndarray_npy::NpzReader;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::fs::File;
use std::sync::Arc;

const I: Complex64 = Complex64::new(0.0, 1.0);

fn golden() -> NpzReader<File> {
    NpzReader::new(File::open("tests/data/transforms.npz").unwrap()).unwrap()
}

fn plan(band_limit: usize, sampling: Sampling) -> Arc<ShtPlan> {
    ShtPlanner::new().plan(band_limit, sampling).unwrap()
}

/// Random coefficients, zero where |m| > l; those of a real signal on request.
fn random_coeffs(band_limit: usize, real: bool, seed: u64) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || 2.0 * rng.random::<f64>() - 1.0;
    let mut coeffs = coefficients::zeros(band_limit).unwrap();
    for l in 0..band_limit {
        for m in 0..=l {
            let (plus, minus) = (
                Complex64::new(number(), number()),
                Complex64::new(number(), number()),
            );
            let mirrored = if m % 2 == 0 {
                plus.conj()
            } else {
                -plus.conj()
            };
            coeffs[[l, band_limit - 1 - m]] = if real { mirrored } else { minus };
            coeffs[[l, band_limit - 1 + m]] = if real && m == 0 { plus.re.into() } else { plus };
        }
    }
    coeffs
}

/// Y_lm for l ≤ 3, written out.
fn closed_form(l: usize, m: isize, theta: f64, phi: f64) -> Complex64 {
    let (s, c) = theta.sin_cos();
    let (size, exponent) = match (l, m.unsigned_abs()) {
        (0, 0) => ((1.0 / (4.0 * PI)).sqrt(), 0),
        (1, 0) => ((3.0 / (4.0 * PI)).sqrt() * c, 0),
        (1, 1) => (-(3.0 / (8.0 * PI)).sqrt() * s, 1),
        (2, 0) => ((5.0 / (16.0 * PI)).sqrt() * (3.0 * c * c - 1.0), 0),
        (2, 1) => (-(15.0 / (8.0 * PI)).sqrt() * s * c, 1),
        (2, 2) => ((15.0 / (32.0 * PI)).sqrt() * s * s, 2),
        (3, 0) => ((7.0 / (16.0 * PI)).sqrt() * c * (5.0 * c * c - 3.0), 0),
        (3, 1) => (-(21.0 / (64.0 * PI)).sqrt() * s * (5.0 * c * c - 1.0), 1),
        (3, 2) => ((105.0 / (32.0 * PI)).sqrt() * s * s * c, 2),
        (3, 3) => (-(35.0 / (64.0 * PI)).sqrt() * s * s * s, 3),
        _ => panic!("l <= 3"),
    };
    let y = size * Complex64::cis(f64::from(exponent) * phi);
    match (m < 0, exponent % 2) {
        (false, _) => y,
        (true, 0) => y.conj(),
        (true, _) => -y.conj(),
    }
}

#[test]
fn golden_grids_and_coefficients() {
    let mut file = golden();
    for l in [4, 6, 8] {
        let coeffs: Array2<Complex64> = file.by_name(&format!("s2_coefficients_L{l}")).unwrap();
        coefficients::check_real(coeffs.view(), tol::GOLDEN).unwrap();
        for (sampling, name) in [
            (Sampling::DriscollHealy, "dh"),
            (Sampling::GaussLegendre, "gl"),
            (Sampling::McEwenWiaux, "mw"),
        ] {
            let grid: Array2<f64> = file.by_name(&format!("s2_{name}_L{l}")).unwrap();
            let thetas: Array1<f64> = file.by_name(&format!("s2_{name}_thetas_L{l}")).unwrap();
            let phis: Array1<f64> = file.by_name(&format!("s2_{name}_phis_L{l}")).unwrap();
            assert_close(sampling.colatitudes(l).unwrap(), &thetas, tol::CLOSED_FORM);
            assert_close(sampling.longitudes(l).unwrap(), &phis, tol::CLOSED_FORM);
            let plan = plan(l, sampling);
            assert_close(
                plan.inverse::<f64, _>(coeffs.view()).unwrap(),
                &grid,
                tol::GOLDEN,
            );
            assert_close(plan.forward(grid.view()).unwrap(), &coeffs, tol::GOLDEN);
            let complex = grid.mapv(Complex64::from);
            assert_close(
                plan.inverse::<Complex64, _>(coeffs.view()).unwrap(),
                &complex,
                tol::GOLDEN,
            );
            assert_close(plan.forward(complex.view()).unwrap(), &coeffs, tol::GOLDEN);
        }
    }
}

#[test]
fn golden_values_at_points() {
    let mut file = golden();
    for l in [4, 6, 8] {
        let coeffs: Array2<Complex64> = file.by_name(&format!("s2_coefficients_L{l}")).unwrap();
        let points: Array2<f64> = file.by_name(&format!("s2_points_L{l}")).unwrap();
        let values: Array1<f64> = file.by_name(&format!("s2_values_L{l}")).unwrap();
        let angles = Array2::from_shape_fn((points.nrows(), 2), |(i, k)| {
            let p = points.row(i);
            if k == 0 {
                p[2].acos()
            } else {
                p[1].atan2(p[0])
            }
        });
        let harmonics = SphericalHarmonics::new(l).unwrap();
        let real = harmonics
            .evaluate_real(coeffs.view(), angles.view())
            .unwrap();
        assert_close(&real, &values, tol::GOLDEN);
        let complex = evaluate(coeffs.view(), angles.view()).unwrap();
        assert_close(&complex, values.mapv(Complex64::from), tol::GOLDEN);
        let mut y = vec![Complex64::ZERO; l * l];
        for (point, value) in points.rows().into_iter().zip(&values) {
            harmonics
                .write([point[0], point[1], point[2]], &mut y)
                .unwrap();
            let flat = coefficients::to_flat(coeffs.view()).unwrap();
            let sum: Complex64 = flat.iter().zip(&y).map(|(c, y)| c * y).sum();
            assert_close([sum], [Complex64::from(*value)], tol::GOLDEN);
        }
    }
}

#[test]
fn direct_sums_with_closed_forms() {
    for sampling in Sampling::ALL {
        for l in 1..=4 {
            let coeffs = random_coeffs(l, false, 7);
            let (thetas, phis) = (
                sampling.colatitudes(l).unwrap(),
                sampling.longitudes(l).unwrap(),
            );
            let naive = Array2::from_shape_fn((thetas.len(), phis.len()), |(t, p)| {
                let mut sum = Complex64::ZERO;
                for degree in 0..l {
                    for k in 0..2 * l - 1 {
                        let m = k as isize + 1 - l as isize;
                        if m.unsigned_abs() <= degree {
                            sum += coeffs[[degree, k]] * closed_form(degree, m, thetas[t], phis[p]);
                        }
                    }
                }
                sum
            });
            let plan = plan(l, sampling);
            assert_close(
                plan.inverse::<Complex64, _>(coeffs.view()).unwrap(),
                &naive,
                tol::transform(l),
            );
            assert_close(
                plan.forward(naive.view()).unwrap(),
                &coeffs,
                tol::transform(l),
            );
        }
    }
}

#[test]
fn harmonics_of_low_degree_are_orthonormal() {
    // Sampled from the closed forms, integrated with the weights: no transform involved.
    for sampling in [Sampling::DriscollHealy, Sampling::GaussLegendre] {
        let l = 4;
        let (thetas, phis) = (
            sampling.colatitudes(l).unwrap(),
            sampling.longitudes(l).unwrap(),
        );
        let weights = sampling.colatitude_weights(l).unwrap();
        let labels: Vec<(usize, isize)> = (0..4)
            .flat_map(|l| (-(l as isize)..=l as isize).map(move |m| (l, m)))
            .collect();
        for a in &labels {
            for b in &labels {
                let mut sum = Complex64::ZERO;
                for (theta, w) in thetas.iter().zip(&weights) {
                    for phi in &phis {
                        let (y, z) = (
                            closed_form(a.0, a.1, *theta, *phi),
                            closed_form(b.0, b.1, *theta, *phi),
                        );
                        sum += w * 2.0 * PI / phis.len() as f64 * y * z.conj();
                    }
                }
                let wanted = if a == b { 1.0 } else { 0.0 };
                assert_close(
                    [sum, Complex64::ONE],
                    [Complex64::from(wanted), Complex64::ONE],
                    tol::CLOSED_FORM,
                );
            }
        }
    }
}

fn round_trip<T: Sample>(l: usize, sampling: Sampling, real: bool) {
    let plan = plan(l, sampling);
    let coeffs = random_coeffs(l, real, l as u64);
    let signal = plan.inverse::<T, _>(coeffs.view()).unwrap();
    let back = plan.forward(signal.view()).unwrap();
    assert_close(&back, &coeffs, tol::transform(l));
}

#[test]
fn round_trips() {
    for l in (1..=16).chain([32, 64, 128]) {
        for sampling in Sampling::ALL {
            round_trip::<f64>(l, sampling, true);
            round_trip::<Complex64>(l, sampling, false);
        }
    }
}

/// Spherical Bessel functions by downward recursion, normalised by Σ (2l+1) j_l² = 1.
fn spherical_bessel(x: f64, count: usize) -> Vec<f64> {
    let top = count + 300;
    let mut j = vec![0.0; top + 2];
    j[top] = f64::MIN_POSITIVE;
    for i in (1..=top).rev() {
        j[i - 1] = (2 * i + 1) as f64 / x * j[i] - j[i + 1];
        if j[i - 1].abs() > f64::MAX.sqrt() {
            j.iter_mut().for_each(|v| *v /= f64::MAX.sqrt());
        }
    }
    let largest = j.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    j.iter_mut().for_each(|v| *v /= largest);
    let norm: f64 = j
        .iter()
        .enumerate()
        .map(|(i, v)| (2 * i + 1) as f64 * v * v)
        .sum();
    let sign = (j[0] * x.sin()).signum();
    j.truncate(count);
    j.iter().map(|v| sign * v / norm.sqrt()).collect()
}

/// e^{ik n·x} has the coefficients 4π i^l j_l(k) conj Y_lm(n): every degree up to about k takes part.
fn plane_wave(l: usize, k: f64) {
    let n = [0.6, -0.48, 0.64];
    let bessel = spherical_bessel(k, l);
    let mut y = vec![Complex64::ZERO; l * l];
    SphericalHarmonics::new(l)
        .unwrap()
        .write(n, &mut y)
        .unwrap();
    let mut flat = y;
    for degree in 0..l {
        let factor = 4.0 * PI * bessel[degree] * I.powu(degree as u32 % 4);
        flat[degree * degree..(degree + 1) * (degree + 1)]
            .iter_mut()
            .for_each(|v| *v = factor * v.conj());
    }
    let coeffs = coefficients::from_flat(&flat).unwrap();
    for sampling in Sampling::ALL {
        let (thetas, phis) = (
            sampling.colatitudes(l).unwrap(),
            sampling.longitudes(l).unwrap(),
        );
        let wave = Array2::from_shape_fn((thetas.len(), phis.len()), |(t, p)| {
            let across = n[0] * phis[p].cos() + n[1] * phis[p].sin();
            Complex64::cis(k * (n[2] * thetas[t].cos() + thetas[t].sin() * across))
        });
        let plan = plan(l, sampling);
        let found = plan.forward(wave.view()).unwrap();
        assert_close(&found, &coeffs, tol::transform(l));
        assert_close(
            plan.inverse::<Complex64, _>(coeffs.view()).unwrap(),
            &wave,
            tol::transform(l),
        );
        let real = wave.mapv(|v| v.re);
        let of_real = plan.forward(real.view()).unwrap();
        assert_close(
            plan.inverse::<f64, _>(of_real.view()).unwrap(),
            &real,
            tol::transform(l),
        );
        // Power of each degree: only the Bessel functions are needed for that.
        let power = coefficients::power_spectrum(found.view()).unwrap();
        let wanted: Vec<f64> = (0..l)
            .map(|d| 4.0 * PI * (2 * d + 1) as f64 * bessel[d].powi(2))
            .collect();
        assert_close(&power, &wanted, tol::transform(l));
    }
}

#[test]
fn plane_waves() {
    plane_wave(65, 30.0);
    plane_wave(160, 100.0);
}

#[test]
#[ignore = "seconds long; run nightly"]
fn plane_wave_of_high_degree() {
    plane_wave(512, 420.0);
    plane_wave(1024, 880.0);
}

#[test]
fn scratch_and_strides_do_not_matter() {
    for sampling in Sampling::ALL {
        let plan = plan(9, sampling);
        let mut scratch = plan.make_scratch();
        let noise = plan
            .inverse::<Complex64, _>(random_coeffs(9, false, 1).view())
            .unwrap();
        plan.forward_into(noise.view(), plan.make_coeffs().view_mut(), &mut scratch)
            .unwrap();
        let coeffs = random_coeffs(9, true, 2);
        let clean = plan.inverse::<f64, _>(coeffs.view()).unwrap();
        let [rings, longitudes] = plan.signal_shape();
        let mut wide = Array2::from_elem((longitudes, 2 * rings), f64::NAN);
        let strided = wide
            .slice_axis_mut(Axis(1), Slice::from(..).step_by(2))
            .reversed_axes();
        plan.inverse_into(coeffs.view(), strided, &mut scratch)
            .unwrap();
        let strided = wide
            .slice_axis(Axis(1), Slice::from(..).step_by(2))
            .reversed_axes();
        assert_eq!(strided, clean);
        plan.inverse_into(coeffs.view(), noise.clone().view_mut(), &mut scratch)
            .unwrap();
        let mut found = Array2::from_elem(coeffs.dim(), Complex64::new(f64::NAN, 0.0));
        plan.forward_into(strided, found.view_mut(), &mut scratch)
            .unwrap();
        assert_eq!(found, plan.forward(clean.view()).unwrap());
    }
}

#[test]
fn planner_returns_the_same_plan() {
    fn shared<T: Send + Sync>(_: &T) {}
    let mut planner = ShtPlanner::new();
    let a = planner.plan(5, Sampling::McEwenWiaux).unwrap();
    let b = planner.plan(5, Sampling::McEwenWiaux).unwrap();
    shared(&a);
    assert!(Arc::ptr_eq(&a, &b));
    assert_eq!(
        (a.band_limit(), a.sampling(), a.coeff_len()),
        (5, Some(Sampling::McEwenWiaux), 25)
    );
}

#[test]
fn band_limit_one_is_the_mean() {
    for sampling in Sampling::ALL {
        let plan = plan(1, sampling);
        let signal = Array2::from_elem(plan.signal_shape(), 2.0);
        let coeffs = plan.forward(signal.view()).unwrap();
        assert_close(
            [coeffs[[0, 0]].re],
            [2.0 * (4.0 * PI).sqrt()],
            tol::CLOSED_FORM,
        );
        assert_close(
            plan.inverse::<f64, _>(coeffs.view()).unwrap(),
            &signal,
            tol::CLOSED_FORM,
        );
    }
}

#[test]
fn bad_input_is_refused() {
    let mut planner = ShtPlanner::new();
    for l in [0, usize::MAX] {
        assert!(matches!(
            planner.plan(l, Sampling::DriscollHealy),
            Err(Error::InvalidValue { .. })
        ));
    }
    let plan = planner.plan(4, Sampling::GaussLegendre).unwrap();
    let coeffs = plan.make_coeffs();
    let short: ArrayView2<'_, f64> = ArrayView2::from_shape((0, 7), &[]).unwrap();
    assert!(matches!(
        plan.forward(short),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        plan.inverse::<f64, _>(coeffs.t()),
        Err(Error::ShapeMismatch { .. })
    ));
    let mut signal = plan.make_signal::<f64>();
    signal[[2, 5]] = f64::NAN;
    let error = plan.forward(signal.view()).unwrap_err();
    assert_eq!(
        error,
        Error::NotFinite {
            what: "signal".into(),
            index: vec![2, 5]
        }
    );
    let mut infinite = coeffs.clone();
    infinite[[1, 3]] = Complex64::new(0.0, f64::INFINITY);
    assert!(matches!(
        plan.inverse::<Complex64, _>(infinite.view()),
        Err(Error::NotFinite { .. })
    ));
    let mut half = Array1::from_elem(plan.half_len(), Complex64::ZERO);
    let scratch = &mut plan.make_scratch();
    let complex = plan.make_signal::<Complex64>();
    assert!(matches!(
        plan.forward_into(complex.view(), half.view_mut(), scratch),
        Err(Error::ShapeMismatch { .. })
    ));
    half[3].im = f64::NAN;
    let mut signal = plan.make_signal::<f64>();
    assert!(matches!(
        plan.inverse_into(half.view(), signal.view_mut(), scratch),
        Err(Error::NotFinite { index, .. }) if index == [3]
    ));
    assert!(matches!(
        plan.inverse_into(
            half.slice_axis(Axis(0), Slice::from(1..)),
            signal.view_mut(),
            scratch
        ),
        Err(Error::ShapeMismatch { .. })
    ));
    for longitudes in [0, 6, usize::MAX] {
        assert!(matches!(
            planner.plan_with_longitudes(4, Sampling::GaussLegendre, longitudes),
            Err(Error::InvalidValue { .. })
        ));
    }
}
