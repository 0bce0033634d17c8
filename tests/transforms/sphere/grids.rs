//! Transforms on other grids and of other kinds: numbers of longitudes, half of the orders, batches, single precision, threads,
//! adjoints, arbitrary rings, HEALPix.

use crate::common::tol::sphere as tol;

use crate::common::close::{Number, assert_close};
use approx::assert_abs_diff_eq;
use haarmonic::Error;
use haarmonic::sphere::{
    Ring, RingPlan, Rings, Sample, Sampling, ShtPlanner, SpinPlan, UNSEEN, coefficients, evaluate,
    fast_longitudes, iterated_analysis, iterated_analysis_into, layouts, masked_to,
};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, aview_mut1, aview1, stack};
use num_complex::{Complex, Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Random coefficients, zero where |m| > l; those of a real signal on request.
fn random_coeffs(band_limit: usize, real: bool, seed: u64) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || 2.0 * rng.random::<f64>() - 1.0;
    let mut coeffs = coefficients::zeros(band_limit).unwrap();
    for l in 0..band_limit {
        for m in 0..=l {
            let plus = Complex64::new(number(), if real && m == 0 { 0.0 } else { number() });
            let minus = Complex64::new(number(), number());
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            coeffs[[l, band_limit - 1 - m]] = if real { sign * plus.conj() } else { minus };
            coeffs[[l, band_limit - 1 + m]] = plus;
        }
    }
    coeffs
}

fn random_signal<T>(shape: [usize; 2], seed: u64, sample: impl Fn(f64, f64) -> T) -> Array2<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn(shape, || {
        sample(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5)
    })
}

/// Values of the signal at all points of rings, each by itself.
fn at_points(coeffs: ArrayView2<'_, Complex64>, rings: &Rings) -> Array1<Complex64> {
    let mut points = Vec::new();
    for ring in rings.rings() {
        for p in 0..ring.longitudes {
            points.push(ring.colatitude);
            points.push(ring.first_longitude + 2.0 * PI * p as f64 / ring.longitudes as f64);
        }
    }
    let points = Array2::from_shape_vec((points.len() / 2, 2), points).unwrap();
    evaluate(coeffs, points.view()).unwrap()
}

#[test]
fn any_number_of_longitudes() {
    let mut planner = ShtPlanner::new();
    for sampling in Sampling::ALL {
        for l in [1, 2, 5, 8, 17] {
            for longitudes in [2 * l - 1, 2 * l, 2 * l + 5] {
                let plan = planner
                    .plan_with_longitudes(l, sampling, longitudes)
                    .unwrap();
                let coeffs = random_coeffs(l, false, 1);
                let signal: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                let rings = Rings::product(sampling, l, longitudes).unwrap();
                let wanted = at_points(coeffs.view(), &rings);
                assert_close(signal.flatten(), &wanted, tol::transform(l));
                assert_close(
                    plan.forward(signal.view()).unwrap(),
                    &coeffs,
                    tol::transform(l),
                );
            }
        }
    }
    assert_eq!(fast_longitudes(64).unwrap(), 128);
    assert_eq!(fast_longitudes(7).unwrap(), 16);
    assert!(fast_longitudes(0).is_err());
}

#[test]
fn half_of_the_orders() {
    for l in [1, 2, 7, 8, 9, 16, 33] {
        let plan = ShtPlanner::new().plan(l, Sampling::GaussLegendre).unwrap();
        let coeffs = random_coeffs(l, true, 2);
        let mut half = Array1::from_elem(plan.half_len(), Complex64::ZERO);
        for m in 0..l {
            for degree in m..l {
                half[m * (2 * l - 1 - m) / 2 + degree] = coeffs[[degree, l - 1 + m]];
            }
        }
        let wanted: Array2<f64> = plan.inverse(coeffs.view()).unwrap();
        let mut signal = plan.make_signal::<f64>();
        let mut scratch = plan.make_scratch();
        plan.inverse_into(half.view(), signal.view_mut(), &mut scratch)
            .unwrap();
        assert_eq!(signal, wanted);
        let mut back = half.mapv(|_| Complex64::ONE);
        plan.forward_into(signal.view(), back.view_mut(), &mut scratch)
            .unwrap();
        assert_close(&back, &half, tol::transform(l));
        // The imaginary part of order zero is not used.
        half[0].im = 3.0;
        plan.inverse_into(half.view(), signal.view_mut(), &mut scratch)
            .unwrap();
        assert_eq!(signal, wanted);
    }
}

fn batch<T: Sample + Number>(real: bool) {
    let mut planner = ShtPlanner::new();
    for sampling in Sampling::ALL {
        for (l, count) in [(1, 3), (2, 8), (5, 9), (16, 17), (100, 2)] {
            let plan = planner.plan_with_longitudes(l, sampling, 2 * l).unwrap();
            let [rings, longitudes] = plan.signal_shape();
            let mut coeffs = Array3::zeros((count, l, 2 * l - 1));
            for (s, mut part) in coeffs.outer_iter_mut().enumerate() {
                part.assign(&random_coeffs(l, real, s as u64));
            }
            for mut scratch in [plan.make_scratch(), plan.make_parallel_scratch()] {
                let mut signals = Array3::from_elem((count, rings, longitudes), T::default());
                plan.inverse_into(coeffs.view(), signals.view_mut(), &mut scratch)
                    .unwrap();
                let mut back = coeffs.mapv(|_| Complex64::ONE);
                plan.forward_into(signals.view(), back.view_mut(), &mut scratch)
                    .unwrap();
                for s in 0..count {
                    let one: Array2<T> = plan.inverse(coeffs.index_axis(Axis(0), s)).unwrap();
                    assert_close(signals.index_axis(Axis(0), s), &one, tol::transform(l));
                    let again = plan.forward(one.view()).unwrap();
                    let round_trip = plan.forward(signals.index_axis(Axis(0), s)).unwrap();
                    assert_close(&round_trip, &again, tol::transform(l));
                    assert_close(back.index_axis(Axis(0), s), &again, tol::transform(l));
                }
            }
        }
    }
}

#[test]
fn batches() {
    batch::<f64>(true);
    batch::<Complex64>(false);
}

/// Signals and coefficients last by last in memory.
#[test]
fn batches_in_another_memory_order() {
    let (l, count) = (6, 9);
    let plan = ShtPlanner::new().plan(l, Sampling::GaussLegendre).unwrap();
    let scratch = &mut plan.make_scratch();
    let [rings, longitudes] = plan.signal_shape();
    let coeffs = Array3::from_shape_fn((count, l, 2 * l - 1), |(s, degree, m)| {
        random_coeffs(l, false, s as u64)[[degree, m]]
    });
    let mut signals = Array3::<Complex64>::zeros((longitudes, rings, count)).reversed_axes();
    plan.inverse_into(coeffs.view(), signals.view_mut(), scratch)
        .unwrap();
    let mut back = Array3::<Complex64>::zeros((2 * l - 1, l, count)).reversed_axes();
    plan.forward_into(signals.view(), back.view_mut(), scratch)
        .unwrap();
    for s in 0..count {
        let one: Array2<Complex64> = plan.inverse(coeffs.index_axis(Axis(0), s)).unwrap();
        assert_close(signals.index_axis(Axis(0), s), &one, tol::transform(l));
    }
    assert_close(&back, &coeffs, tol::transform(l));
}

#[test]
fn batches_of_half_of_the_orders() {
    for l in [1, 5, 16, 100] {
        let plan = ShtPlanner::new().plan(l, Sampling::GaussLegendre).unwrap();
        let scratch = &mut plan.make_scratch();
        let mut half = Array2::zeros((9, plan.half_len()));
        for (s, mut row) in half.outer_iter_mut().enumerate() {
            let coeffs = random_coeffs(l, true, s as u64);
            for m in 0..l {
                for degree in m..l {
                    row[m * (2 * l - 1 - m) / 2 + degree] = coeffs[[degree, l - 1 + m]];
                }
            }
        }
        let [rings, longitudes] = plan.signal_shape();
        let mut signals = Array3::<f64>::zeros((9, rings, longitudes));
        plan.inverse_into(half.view(), signals.view_mut(), scratch)
            .unwrap();
        for s in 0..9 {
            let wanted: Array2<f64> = plan.inverse(random_coeffs(l, true, s).view()).unwrap();
            assert_close(
                signals.index_axis(Axis(0), s as usize),
                &wanted,
                tol::transform(l),
            );
        }
        let mut back = half.mapv(|_| Complex64::ONE);
        plan.forward_into(signals.view(), back.view_mut(), scratch)
            .unwrap();
        assert_close(&back, &half, tol::transform(l));
        assert!(
            plan.forward_into(signals.view(), back.view_mut().reversed_axes(), scratch)
                .is_err()
        );
    }
}

#[test]
fn batches_refuse_bad_input() {
    let plan = ShtPlanner::new().plan(4, Sampling::GaussLegendre).unwrap();
    let scratch = &mut plan.make_scratch();
    let mut signals = Array3::<f64>::zeros((10, 4, 7));
    let mut coeffs = Array3::zeros((10, 4, 7));
    signals[[9, 1, 2]] = f64::INFINITY;
    assert_eq!(
        plan.forward_into(signals.view(), coeffs.view_mut(), scratch),
        Err(Error::NotFinite {
            what: "signal".into(),
            index: vec![9, 1, 2]
        })
    );
    coeffs[[3, 2, 5]] = Complex64::new(f64::NAN, 0.0);
    assert!(matches!(
        plan.inverse_into(coeffs.view(), signals.view_mut(), scratch),
        Err(Error::NotFinite { .. })
    ));
    let wide = Array3::<f64>::zeros((10, 4, 8));
    assert!(matches!(
        plan.forward_into(wide.view(), coeffs.view_mut(), scratch),
        Err(Error::ShapeMismatch { .. })
    ));
    let mut fewer = Array3::zeros((9, 4, 7));
    assert!(matches!(
        plan.forward_into(signals.view(), fewer.view_mut(), scratch),
        Err(Error::ShapeMismatch { .. })
    ));
    // No signals are no error.
    let none = Array3::<f64>::zeros((0, 4, 7));
    let mut nothing = Array3::zeros((0, 4, 7));
    plan.forward_into(none.view(), nothing.view_mut(), scratch)
        .unwrap();
}

#[test]
fn single_precision_is_storage() {
    let l = 12;
    let plan = ShtPlanner::new().plan(l, Sampling::GaussLegendre).unwrap();
    let coeffs = random_coeffs(l, true, 4);
    let wide: Array2<f64> = plan.inverse(coeffs.view()).unwrap();
    let narrow: Array2<f32> = plan.inverse(coeffs.view()).unwrap();
    assert_eq!(narrow, wide.mapv(|value| value as f32));
    let exact = plan.forward(narrow.mapv(f64::from).view()).unwrap();
    assert_eq!(plan.forward(narrow.view()).unwrap(), exact);
    let narrow: Array2<Complex32> = plan.inverse(coeffs.view()).unwrap();
    let wide: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
    assert_eq!(
        narrow,
        wide.mapv(|v| Complex32::new(v.re as f32, v.im as f32))
    );
}

#[test]
fn threads_change_nothing() {
    for sampling in Sampling::ALL {
        let l = 70;
        let plan = ShtPlanner::new().plan(l, sampling).unwrap();
        let coeffs = random_coeffs(l, false, 5);
        let mut one = (plan.make_signal::<Complex64>(), plan.make_coeffs());
        let mut all = one.clone();
        for (out, mut scratch) in [
            (&mut one, plan.make_scratch()),
            (&mut all, plan.make_parallel_scratch()),
        ] {
            plan.inverse_into(coeffs.view(), out.0.view_mut(), &mut scratch)
                .unwrap();
            plan.forward_into(out.0.view(), out.1.view_mut(), &mut scratch)
                .unwrap();
        }
        assert_eq!(one, all);
    }
}

/// ⟨a, b⟩, conjugate in the first.
fn product<'a>(
    a: impl IntoIterator<Item = &'a Complex64>,
    b: impl IntoIterator<Item = &'a Complex64>,
) -> Complex64 {
    a.into_iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

#[test]
fn adjoints() {
    let mut planner = ShtPlanner::new();
    for sampling in Sampling::ALL {
        for l in [1, 2, 5, 8, 11, 40] {
            let plan = planner.plan_with_longitudes(l, sampling, 2 * l).unwrap();
            let scratch = &mut plan.make_scratch();
            for real in [true, false] {
                let x = random_coeffs(l, real, 6);
                let y = random_signal(plan.signal_shape(), 7, |a, b| {
                    Complex64::new(a, if real { 0.0 } else { b })
                });
                let (mut ax, mut fx) = (y.clone(), y.clone());
                let (mut at_y, mut fy) = (plan.make_coeffs(), plan.make_coeffs());
                if real {
                    let y = y.mapv(|value| value.re);
                    let (mut a, mut f) = (y.clone(), y.clone());
                    plan.inverse_into(x.view(), a.view_mut(), scratch).unwrap();
                    plan.forward_adjoint_into(x.view(), f.view_mut(), scratch)
                        .unwrap();
                    (ax, fx) = (a.mapv(Complex64::from), f.mapv(Complex64::from));
                    plan.inverse_adjoint_into(y.view(), at_y.view_mut(), scratch)
                        .unwrap();
                    plan.forward_into(y.view(), fy.view_mut(), scratch).unwrap();
                } else {
                    plan.inverse_into(x.view(), ax.view_mut(), scratch).unwrap();
                    plan.forward_adjoint_into(x.view(), fx.view_mut(), scratch)
                        .unwrap();
                    plan.inverse_adjoint_into(y.view(), at_y.view_mut(), scratch)
                        .unwrap();
                    plan.forward_into(y.view(), fy.view_mut(), scratch).unwrap();
                }
                let size = (product(&ax, &ax).re * product(&y, &y).re).sqrt();
                let error = (product(&ax, &y) - product(&x, &at_y)).norm();
                assert!(
                    error <= tol::transform(l) * size,
                    "{sampling} {l}: {error:e}"
                );
                let size = (product(&fy, &fy).re * product(&x, &x).re).sqrt();
                let error = (product(&fx, &y) - product(&x, &fy)).norm();
                assert!(
                    error <= tol::transform(l) * size,
                    "{sampling} {l}: {error:e}"
                );
            }
        }
    }
}

#[test]
fn adjoints_with_spin() {
    for sampling in Sampling::ALL {
        for (l, spin) in [(3, 1), (8, -2), (12, 5)] {
            let plan = SpinPlan::new(l, spin, sampling).unwrap();
            let scratch = &mut plan.make_scratch();
            let x = random_coeffs(l, false, 8);
            let y = random_signal(plan.signal_shape(), 9, Complex64::new);
            let (mut ax, mut fx) = (y.clone(), y.clone());
            let (mut at_y, mut fy) = (plan.make_coeffs(), plan.make_coeffs());
            plan.inverse_into(x.view(), ax.view_mut(), scratch).unwrap();
            plan.forward_adjoint_into(x.view(), fx.view_mut(), scratch)
                .unwrap();
            plan.inverse_adjoint_into(y.view(), at_y.view_mut(), scratch)
                .unwrap();
            plan.forward_into(y.view(), fy.view_mut(), scratch).unwrap();
            let size = (product(&ax, &ax).re * product(&y, &y).re).sqrt();
            let error = (product(&ax, &y) - product(&x, &at_y)).norm();
            assert!(error <= tol::transform(l) * size, "{sampling}: {error:e}");
            let size = (product(&fy, &fy).re * product(&x, &x).re).sqrt();
            let error = (product(&fx, &y) - product(&x, &fy)).norm();
            assert!(error <= tol::transform(l) * size, "{sampling}: {error:e}");
        }
    }
}

/// Rings of all kinds: poles, the equator, mirror images alike and not, too few longitudes, shifts.
fn odd_rings() -> Rings {
    let ring = |colatitude: f64, longitudes: usize, first_longitude: f64| Ring {
        colatitude,
        longitudes,
        first_longitude,
    };
    Rings::new(vec![
        ring(2.0, 9, 0.3),
        ring(0.0, 1, 0.0),
        ring(0.7, 5, 0.1),
        ring(PI - 0.7, 5, 0.1),
        ring(0.5 * PI, 24, -1.0),
        ring(PI, 3, 2.0),
        ring(0.4, 30, 0.0),
        ring(PI - 0.4, 31, 0.0),
        ring(0.4, 2, 0.0),
        ring(1e-3, 4, 0.25),
    ])
    .unwrap()
}

#[test]
fn synthesis_on_any_rings() {
    for l in [1, 2, 6, 13] {
        let plan = RingPlan::new(odd_rings(), l).unwrap();
        let coeffs = random_coeffs(l, false, 10);
        let wanted = at_points(coeffs.view(), plan.rings());
        let samples: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
        assert_close(&samples, &wanted, tol::transform(l));
        let real = random_coeffs(l, true, 11);
        let wanted = at_points(real.view(), plan.rings()).mapv(|value| value.re);
        let samples: Array1<f64> = plan.inverse(real.view()).unwrap();
        assert_close(&samples, &wanted, tol::transform(l));
        let mut threads = samples.mapv(|_| 0.0);
        plan.inverse_into(
            real.view(),
            threads.view_mut(),
            &mut plan.make_parallel_scratch(),
        )
        .unwrap();
        assert_eq!(threads, samples);
    }
}

/// One block of eight rings so far apart that high orders are far below the smallest numbers in some when others see them; at the
/// higher band limit those see them later on.
#[test]
fn rings_far_apart() {
    let colatitudes = [0.2, 0.21, 0.25, 0.3, 0.6, 0.9, 1.1, 1.2, PI - 0.2];
    let rings = colatitudes.map(|colatitude| Ring {
        colatitude,
        longitudes: 2,
        first_longitude: 0.1,
    });
    let rings = Rings::new(rings.to_vec()).unwrap();
    for l in [200, 1200] {
        let plan = RingPlan::new(rings.clone(), l).unwrap();
        let real = random_coeffs(l, true, 14);
        let wanted = at_points(real.view(), plan.rings()).mapv(|value| value.re);
        let samples: Array1<f64> = plan.inverse(real.view()).unwrap();
        assert_close(&samples, &wanted, tol::transform(l));
        let coeffs = random_coeffs(l, false, 15);
        let wanted = at_points(coeffs.view(), plan.rings());
        let samples: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
        assert_close(&samples, &wanted, tol::transform(l));
        let y = random_signal([1, samples.len()], 16, Complex64::new);
        let mut at_y = plan.make_coeffs();
        let scratch = &mut plan.make_scratch();
        plan.inverse_adjoint_into(y.row(0), at_y.view_mut(), scratch)
            .unwrap();
        let size = (product(&samples, &samples).re * product(&y, &y).re).sqrt();
        let difference = product(&samples, &y) - product(&coeffs, &at_y);
        assert!(difference.norm() <= tol::transform(l) * size);
    }
}

#[test]
fn adjoint_on_any_rings() {
    for l in [1, 6, 13] {
        let plan = RingPlan::new(odd_rings(), l).unwrap();
        let scratch = &mut plan.make_scratch();
        let x = random_coeffs(l, false, 12);
        let ax: Array1<Complex64> = plan.inverse(x.view()).unwrap();
        let y = random_signal([1, ax.len()], 13, Complex64::new);
        let mut at_y = plan.make_coeffs();
        plan.inverse_adjoint_into(y.row(0), at_y.view_mut(), scratch)
            .unwrap();
        let size = (product(&ax, &ax).re * product(&y, &y).re).sqrt();
        assert!((product(&ax, &y) - product(&x, &at_y)).norm() <= tol::transform(l) * size);
    }
}

#[test]
fn healpix() {
    for nside in [1, 2, 3, 8] {
        let rings = Rings::healpix(nside).unwrap();
        assert_eq!(rings.samples(), 12 * nside * nside);
        let l = (2 * nside).max(2);
        let plan = RingPlan::new(rings, l).unwrap();
        let coeffs = random_coeffs(l, true, 14);
        let wanted = at_points(coeffs.view(), plan.rings()).mapv(|value| value.re);
        let map: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
        assert_close(&map, &wanted, tol::transform(l));
        // Points of equal area: the mean of a constant, and of degree one, is exact.
        let weights = vec![4.0 * PI / map.len() as f64; plan.rings().rings().len()];
        let ones = vec![1.0; map.len()];
        let plan = plan.with_weights(&weights).unwrap();
        let ones = aview1(&ones);
        let (found, change) = iterated_analysis(&plan, ones, 0).unwrap();
        assert_eq!(found, plan.forward(ones).unwrap());
        // Without iterations, what a first one would change: nothing of a constant but other degrees, where the quadrature is not exact.
        let (better, first) = iterated_analysis(&plan, ones, 1).unwrap();
        let distance = (&better - &found)
            .iter()
            .map(|c| c.norm_sqr())
            .sum::<f64>()
            .sqrt();
        let size = |c: &Array2<Complex64>| c.iter().map(|c| c.norm_sqr()).sum::<f64>().sqrt();
        assert_abs_diff_eq!(
            change * size(&found),
            distance,
            epsilon = tol::transform(l) * size(&found)
        );
        assert_abs_diff_eq!(
            first * size(&better),
            distance,
            epsilon = tol::transform(l) * size(&found)
        );
        assert_close(
            [found[[0, l - 1]]],
            [Complex64::from((4.0 * PI).sqrt())],
            tol::CLOSED_FORM,
        );
        // Iterations converge to the coefficients where the band limit is below 2 nside.
        let l = nside.max(1);
        let plan = RingPlan::new(Rings::healpix(nside).unwrap(), l).unwrap();
        let plan = plan.with_weights(&weights).unwrap();
        let coeffs = random_coeffs(l, true, 15);
        let map: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
        let (found, change) = iterated_analysis(&plan, map.view(), 30).unwrap();
        assert!(change <= tol::transform(l), "{change:e}");
        assert_close(&found, &coeffs, tol::transform(l));
        // A batch in the half layout.
        let maps = stack![Axis(0), map, 2.0 * &map];
        let mut half = Array2::zeros((2, plan.half_len()));
        let scratch = &mut plan.make_scratch();
        iterated_analysis_into(&plan, maps.view(), half.view_mut(), 30, scratch).unwrap();
        for (half, factor) in half.outer_iter().zip([1.0, 2.0]) {
            let wanted = layouts::to_healpy(coeffs.mapv(|c| factor * c).view()).unwrap();
            assert_close(half, &wanted, tol::transform(l));
        }
    }
    for nside in [0, usize::MAX] {
        assert!(matches!(
            Rings::healpix(nside),
            Err(Error::InvalidValue { .. })
        ));
    }
}

/// The mark of a masked pixel is refused, in either precision, and replaced on demand.
#[test]
fn masked_pixels_are_no_values() {
    let plan = RingPlan::new(Rings::healpix(2).unwrap(), 4).unwrap();
    let plan = plan.with_weights(&[4.0 * PI / 48.0; 7]).unwrap();
    let mut map: Vec<f64> = (0..48).map(|i| f64::from(i) - 20.0).collect();
    let expected =
        "values everywhere: set masked pixels to zero or another value first (`sphere::masked_to`)";
    let refused = |result: haarmonic::Result<(Array2<Complex64>, f64)>, count: usize| {
        assert_eq!(
            result.unwrap_err().to_string(),
            format!(
                "samples: found {count} masked pixels of 48 (UNSEEN, -1.6375e30), expected {expected}"
            )
        );
    };
    for (count, pixel) in [(1, 5), (2, 47), (3, 0)] {
        map[pixel] = UNSEEN;
        refused(iterated_analysis(&plan, aview1(&map), 3), count);
        let single: Vec<f32> = map.iter().map(|&x| x as f32).collect();
        refused(iterated_analysis(&plan, aview1(&single), 0), count);
        let rounded: Vec<f64> = single.iter().map(|&x| x.into()).collect();
        refused(iterated_analysis(&plan, aview1(&rounded), 0), count);
        let complex: Vec<Complex64> = map.iter().map(|&x| Complex::new(0.0, x)).collect();
        refused(iterated_analysis(&plan, aview1(&complex), 0), count);
    }
    map[7] = f64::NAN;
    let message = iterated_analysis(&plan, aview1(&map), 0)
        .unwrap_err()
        .to_string();
    assert!(message.contains("3 masked pixels of 48"), "{message}");
    let mask = masked_to(&mut map, 1.5).unwrap();
    let masked: Vec<usize> = (0..48).filter(|&i| mask[i]).collect();
    assert_eq!(masked, [0, 5, 7, 47]);
    assert!(masked.iter().all(|&i| map[i] == 1.5));
    iterated_analysis(&plan, aview1(&map), 0).unwrap();
    map[7] = f64::NAN;
    let message = iterated_analysis(&plan, aview1(&map), 0)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`sphere::masked_to` replaces them"),
        "{message}"
    );
    // Large values that are no marks, and infinities, stay what they are.
    map[7] = 0.999 * UNSEEN;
    iterated_analysis(&plan, aview1(&map), 0).unwrap();
    assert!(
        masked_to(&mut map, 0.0)
            .unwrap()
            .iter()
            .all(|masked| !masked)
    );
    map[7] = f64::INFINITY;
    assert!(masked_to(&mut map, 0.0).is_err() && masked_to(&mut map, f64::NAN).is_err());
}

#[test]
fn first_pixels_of_healpix() {
    // nside = 2: the first ring at cos θ = 1 − 1/12, longitudes π/4 + kπ/2; the third, the first full one, at 2/3 − 1/3... (Gorski05).
    let rings = Rings::healpix(2).unwrap();
    let rings = rings.rings();
    assert_eq!(
        rings.iter().map(|r| r.longitudes).collect::<Vec<_>>(),
        [4, 8, 8, 8, 8, 8, 4]
    );
    let cosines: Vec<f64> = rings.iter().map(|r| r.colatitude.cos()).collect();
    let third = 1.0 / 3.0;
    assert_close(
        &cosines,
        [
            11.0 / 12.0,
            2.0 * third,
            third,
            0.0,
            -third,
            -2.0 * third,
            -11.0 / 12.0,
        ],
        tol::CLOSED_FORM,
    );
    let shifts: Vec<f64> = rings.iter().map(|r| r.first_longitude).collect();
    let (a, b) = (0.25 * PI, 0.125 * PI);
    assert_close(&shifts, [a, b, 0.0, b, 0.0, b, a], tol::CLOSED_FORM);
}

#[test]
fn rings_refuse_bad_input() {
    let ring = Ring {
        colatitude: 1.0,
        longitudes: 4,
        first_longitude: 0.0,
    };
    assert!(matches!(Rings::new(Vec::new()), Err(Error::Empty { .. })));
    for bad in [
        Ring {
            colatitude: -0.1,
            ..ring
        },
        Ring {
            colatitude: f64::NAN,
            ..ring
        },
        Ring {
            longitudes: 0,
            ..ring
        },
        Ring {
            first_longitude: f64::INFINITY,
            ..ring
        },
    ] {
        assert!(Rings::new(vec![ring, bad]).is_err());
    }
    let plan = || RingPlan::new(Rings::new(vec![ring]).unwrap(), 3).unwrap();
    assert!(matches!(
        plan().with_weights(&[1.0, 1.0]),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        plan().with_weights(&[f64::NAN]),
        Err(Error::NotFinite { .. })
    ));
    let plan = plan();
    let scratch = &mut plan.make_scratch();
    let mut coeffs = plan.make_coeffs();
    assert!(matches!(
        plan.inverse_adjoint_into(aview1(&[1.0, f64::NAN, 0.0, 0.0]), coeffs.view_mut(), scratch),
        Err(Error::NotFinite { index, .. }) if index == [1]
    ));
    // Without weights there is no quadrature.
    assert!(matches!(
        plan.forward(aview1(&[1.0; 4])),
        Err(Error::Missing { .. })
    ));
    assert!(matches!(
        plan.inverse_into(coeffs.view(), aview_mut1(&mut [0.0; 5]), scratch),
        Err(Error::ShapeMismatch { .. })
    ));
    coeffs[[0, 2]] = Complex::new(f64::INFINITY, 0.0);
    assert!(matches!(
        plan.inverse::<f64, _>(coeffs.view()),
        Err(Error::NotFinite { .. })
    ));
    assert!(RingPlan::new(odd_rings(), 0).is_err());
}
