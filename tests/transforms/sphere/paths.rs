//! What every path through the spherical transforms has to keep: weights of rings in their places, shifted and short rings of equal
//! length, adjoints on all threads, other memory orders, and the checks for what is not finite.

use crate::common::tol::sphere as tol;

use crate::common::close::assert_close;
use haarmonic::Error;
use haarmonic::sphere::{
    Ring, RingPlan, Rings, Sampling, ShtPlan, ShtPlanner, SphericalHarmonics, SpinPlan,
    coefficients, evaluate, iterated_analysis,
};
use ndarray::{Array1, Array2, Array3, ShapeBuilder, aview1};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::sync::Arc;

fn numbers(count: usize, seed: u64) -> Vec<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || rng.random_range(-1.0..1.0);
    (0..count)
        .map(|_| Complex64::new(number(), number()))
        .collect()
}

fn random_coeffs(band_limit: usize, real: bool, seed: u64) -> Array2<Complex64> {
    let values = numbers(2 * band_limit * band_limit, seed);
    let mut coeffs = coefficients::zeros(band_limit).unwrap();
    for l in 0..band_limit {
        for m in 0..=l {
            let [plus, minus] = [values[2 * (l * l + m)], values[2 * (l * l + m) + 1]];
            let plus = if real && m == 0 { plus.re.into() } else { plus };
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            coeffs[[l, band_limit - 1 - m]] = if real { sign * plus.conj() } else { minus };
            coeffs[[l, band_limit - 1 + m]] = plus;
        }
    }
    coeffs
}

fn points(rings: &Rings) -> Array2<f64> {
    let mut points = Vec::new();
    for ring in rings.rings() {
        for p in 0..ring.longitudes {
            points.push(ring.colatitude);
            points.push(ring.first_longitude + 2.0 * PI * p as f64 / ring.longitudes as f64);
        }
    }
    Array2::from_shape_vec((points.len() / 2, 2), points).unwrap()
}

/// $`\sum_i w_i y_i \overline{Y_{lm}(x_i)}`$, coefficient by coefficient, by values of the harmonics at the points.
fn direct_adjoint(
    rings: &Rings,
    weights: &[f64],
    samples: &[Complex64],
    band_limit: usize,
) -> Array2<Complex64> {
    let harmonics = SphericalHarmonics::new(band_limit).unwrap();
    let mut values = vec![Complex64::ZERO; band_limit * band_limit];
    let mut coeffs = coefficients::zeros(band_limit).unwrap();
    let mut points = points(rings).into_raw_vec_and_offset().0.into_iter();
    for (i, weight) in weights.iter().enumerate() {
        for y in &samples[rings.range(i)] {
            let mut angle = || points.next().unwrap();
            let (theta, phi) = (angle(), angle());
            harmonics.write_at(theta, phi, &mut values).unwrap();
            for l in 0..band_limit {
                for k in 0..=2 * l {
                    coeffs[[l, band_limit - 1 - l + k]] += *weight * y * values[l * l + k].conj();
                }
            }
        }
    }
    coeffs
}

/// Rings of equal length that begin elsewhere, or are too short, are not those of a product grid; lone rings in both hemispheres.
fn ring_sets(band_limit: usize) -> [Rings; 4] {
    let set = |longitudes: usize, shift: f64, colatitudes: &[f64]| {
        let ring = |(i, &colatitude): (usize, &f64)| Ring {
            colatitude,
            longitudes,
            first_longitude: shift * (i + 1) as f64,
        };
        Rings::new(colatitudes.iter().enumerate().map(ring).collect()).unwrap()
    };
    let angles = [0.3, 1.0, 1.5, 2.2, 2.9];
    let mirrored = [0.3, 1.0, 0.5 * PI, PI - 1.0, PI - 0.3];
    [
        set(2 * band_limit - 1, 0.2, &angles),
        set(2 * band_limit - 1, 0.2, &mirrored),
        set(2 * band_limit - 2, 0.0, &mirrored),
        set(2 * band_limit, 0.0, &angles),
    ]
}

#[test]
fn rings_of_equal_length_and_weights() {
    for band_limit in [2, 5, 40] {
        for rings in ring_sets(band_limit) {
            let plan = RingPlan::new(rings.clone(), band_limit).unwrap();
            let weights: Vec<f64> = (0..rings.rings().len())
                .map(|i| 0.5 + (i * i) as f64)
                .collect();
            let plan = plan.with_weights(&weights).unwrap();
            for real in [true, false] {
                let coeffs = random_coeffs(band_limit, real, 1);
                let wanted = evaluate(coeffs.view(), points(&rings).view()).unwrap();
                let mut samples = numbers(rings.samples(), 2);
                let mut found = plan.make_coeffs();
                let scratch = &mut plan.make_scratch();
                if real {
                    samples.iter_mut().for_each(|y| y.im = 0.0);
                    let values: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
                    let wanted = wanted.mapv(|value| value.re);
                    assert_close(&values, &wanted, tol::transform(band_limit));
                    let samples: Vec<f64> = samples.iter().map(|y| y.re).collect();
                    plan.forward_into(aview1(&samples), found.view_mut(), scratch)
                        .unwrap();
                } else {
                    let values: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
                    assert_close(&values, &wanted, tol::transform(band_limit));
                    plan.forward_into(aview1(&samples), found.view_mut(), scratch)
                        .unwrap();
                }
                let wanted = direct_adjoint(&rings, &weights, &samples, band_limit);
                assert_close(&found, &wanted, tol::transform(band_limit));
            }
        }
    }
}

/// The reported change is that of the last iteration, relative to the coefficients.
#[test]
fn iterations_report_a_relative_change() {
    let plan = RingPlan::new(Rings::healpix(4).unwrap(), 8).unwrap();
    let coeffs = random_coeffs(8, true, 3) * Complex64::from(1e3);
    let map: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
    let weights = vec![4.0 * PI / map.len() as f64; plan.rings().rings().len()];
    let (plan, map) = (plan.with_weights(&weights).unwrap(), map.view());
    let (before, _) = iterated_analysis(&plan, map, 1).unwrap();
    let (after, change) = iterated_analysis(&plan, map, 2).unwrap();
    let norm = |c: &Array2<Complex64>| c.iter().map(|c| c.norm_sqr()).sum::<f64>().sqrt();
    let wanted = norm(&(&after - &before)) / norm(&after);
    assert!(wanted > 1e6 * f64::EPSILON);
    assert!((change - wanted).abs() <= tol::transform(8), "{change:e}");
    // And it falls.
    let (_, first) = iterated_analysis(&plan, map, 1).unwrap();
    assert!(change < 0.5 * first, "{first:e} {change:e}");
}

fn gauss_legendre(band_limit: usize) -> Arc<ShtPlan> {
    ShtPlanner::new()
        .plan(band_limit, Sampling::GaussLegendre)
        .unwrap()
}

#[test]
fn adjoints_on_all_threads() {
    for sampling in Sampling::ALL {
        let l = 40;
        let plan = ShtPlanner::new().plan(l, sampling).unwrap();
        let coeffs = random_coeffs(l, false, 4);
        let [rings, longitudes] = plan.signal_shape();
        let signal = numbers(rings * longitudes, 5);
        let signal = Array2::from_shape_vec((rings, longitudes), signal).unwrap();
        let spin = SpinPlan::new(l, 2, sampling).unwrap();
        let mut results = Vec::new();
        for parallel in [false, true] {
            let scratch = || match parallel {
                false => [plan.make_scratch(), spin.make_scratch()],
                true => [plan.make_parallel_scratch(), spin.make_parallel_scratch()],
            };
            let [mut scratch, mut of_spin] = scratch();
            let [mut a, mut b] = [plan.make_coeffs(), plan.make_coeffs()];
            let [mut c, mut d] = [signal.clone(), signal.clone()];
            plan.inverse_adjoint_into(signal.view(), a.view_mut(), &mut scratch)
                .unwrap();
            plan.forward_adjoint_into(coeffs.view(), c.view_mut(), &mut scratch)
                .unwrap();
            spin.inverse_adjoint_into(signal.view(), b.view_mut(), &mut of_spin)
                .unwrap();
            spin.forward_adjoint_into(coeffs.view(), d.view_mut(), &mut of_spin)
                .unwrap();
            results.push((a, b, c, d));
        }
        assert_eq!(results[0], results[1], "{sampling}");
    }
}

/// Orders that the rings next to the poles do not see are not taken from what an earlier transform left behind.
#[test]
fn scratch_does_not_matter_where_orders_are_not_seen() {
    let l = 200;
    for sampling in Sampling::ALL {
        let plan = ShtPlanner::new().plan(l, sampling).unwrap();
        let coeffs = random_coeffs(l, false, 8);
        let clean: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
        let scratch = &mut plan.make_scratch();
        let [rings, longitudes] = plan.signal_shape();
        let noise = Array2::from_shape_vec((rings, longitudes), numbers(rings * longitudes, 9));
        plan.forward_into(
            noise.unwrap().view(),
            plan.make_coeffs().view_mut(),
            scratch,
        )
        .unwrap();
        let mut signal = Array2::<Complex64>::zeros(clean.dim());
        plan.inverse_into(coeffs.view(), signal.view_mut(), scratch)
            .unwrap();
        assert_eq!(signal, clean, "{sampling}");
    }
}

/// Arrays in another memory order are written all the same.
#[test]
fn columns_first() {
    let l = 9;
    let plan = gauss_legendre(l);
    let coeffs = random_coeffs(l, false, 6);
    let scratch = &mut plan.make_scratch();
    let wanted: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
    let mut signal = Array2::<Complex64>::zeros(plan.signal_shape().f());
    plan.inverse_into(coeffs.view(), signal.view_mut(), scratch)
        .unwrap();
    assert_eq!(signal, wanted);
    let mut back = Array2::<Complex64>::zeros(plan.coeffs_shape().f());
    plan.forward_into(signal.view(), back.view_mut(), scratch)
        .unwrap();
    assert_eq!(back, plan.forward(wanted.view()).unwrap());
}

/// One bad entry among good ones, in each place where it could be overlooked: first, in the middle, last; on one thread and on all;
/// as a real and as an imaginary part.
#[test]
fn what_is_not_finite_is_found_on_every_path() {
    let (l, count) = (12, 19);
    let plan = gauss_legendre(l);
    let [rings, longitudes] = plan.signal_shape();
    let bad = [
        Complex64::new(f64::NAN, 0.0),
        Complex64::new(0.0, f64::INFINITY),
    ];
    for mut scratch in [plan.make_scratch(), plan.make_parallel_scratch()] {
        for s in [0, 7, 8, count - 1] {
            for value in bad {
                // Batches of complex signals, positive and negative orders.
                for m in [-5, 0, 5_i64] {
                    let mut coeffs = Array3::<Complex64>::zeros((count, l, 2 * l - 1));
                    let column = (m + l as i64 - 1) as usize;
                    coeffs[[s, 7, column]] = value;
                    let mut signals = Array3::<Complex64>::zeros((count, rings, longitudes));
                    let found = plan.inverse_into(coeffs.view(), signals.view_mut(), &mut scratch);
                    assert_not_finite(found, &[s, 7, column]);
                    let one = coeffs.index_axis(ndarray::Axis(0), s);
                    let mut signal = signals.index_axis_mut(ndarray::Axis(0), s);
                    let found = plan.inverse_into(one, signal.view_mut(), &mut scratch);
                    assert_not_finite(found, &[7, column]);
                }
                let mut signals = Array3::<Complex64>::zeros((count, rings, longitudes));
                signals[[s, 3, 4]] = value;
                let mut coeffs = Array3::zeros((count, l, 2 * l - 1));
                let found = plan.forward_into(signals.view(), coeffs.view_mut(), &mut scratch);
                assert_not_finite(found, &[s, 3, 4]);
                let signal = signals.index_axis(ndarray::Axis(0), s);
                let mut target = coeffs.index_axis_mut(ndarray::Axis(0), s);
                let found = plan.forward_into(signal, target.view_mut(), &mut scratch);
                assert_not_finite(found, &[3, 4]);

                // The orders m >= 0 of real signals.
                let mut half = Array2::<Complex64>::zeros((count, plan.half_len()));
                half[[s, 20]] = value;
                let mut signals = Array3::<f64>::zeros((count, rings, longitudes));
                let found = plan.inverse_into(half.view(), signals.view_mut(), &mut scratch);
                assert_not_finite(found, &[s, 20]);
                let mut signal = signals.index_axis_mut(ndarray::Axis(0), s);
                let row = half.row(s);
                let found = plan.inverse_into(row, signal.view_mut(), &mut scratch);
                assert_not_finite(found, &[20]);
            }
            let mut signals = Array3::<f32>::zeros((count, rings, longitudes));
            signals[[s, rings - 1, 2]] = f32::NEG_INFINITY;
            let mut half = Array2::<Complex64>::zeros((count, plan.half_len()));
            let found = plan.forward_into(signals.view(), half.view_mut(), &mut scratch);
            assert_not_finite(found, &[s, rings - 1, 2]);
            let signal = signals.index_axis(ndarray::Axis(0), s);
            let mut row = Array1::from_elem(plan.half_len(), Complex64::ZERO);
            let found = plan.forward_into(signal, row.view_mut(), &mut scratch);
            assert_not_finite(found, &[rings - 1, 2]);
        }
    }
}

#[track_caller]
fn assert_not_finite(found: Result<(), Error>, place: &[usize]) {
    match found {
        Err(Error::NotFinite { index, .. }) => assert_eq!(index, place),
        other => panic!("{other:?} at {place:?}"),
    }
}

/// Only real signals are determined by their orders m >= 0.
#[test]
fn complex_signals_have_both_signs_of_the_order() {
    let plan = gauss_legendre(3);
    let scratch = &mut plan.make_scratch();
    let mut half = Array1::from_elem(plan.half_len(), Complex64::ZERO);
    let mut signal = Array2::<Complex64>::zeros(plan.signal_shape());
    let found = plan.forward_into(signal.view(), half.view_mut(), scratch);
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
    let found = plan.inverse_into(half.view(), signal.view_mut(), scratch);
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
    let mut half = half.insert_axis(ndarray::Axis(0));
    let mut signals = signal.insert_axis(ndarray::Axis(0));
    let found = plan.forward_into(signals.view(), half.view_mut(), scratch);
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
    let found = plan.inverse_into(half.view(), signals.view_mut(), scratch);
    assert!(matches!(found, Err(Error::ShapeMismatch { .. })));
}
