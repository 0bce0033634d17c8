//! Spin on rings of any kind, HEALPix among them: sums over functions, values of healpy, iterated analysis.

use crate::common::close::assert_close;
use crate::common::spin_sums::{product, random_coeffs, spin_sums};
use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::sphere::{
    Ring, RingAnalysis, RingGradient, RingPlan, Rings, SpinRingPlan, UNSEEN, iterated_analysis,
    iterated_analysis_into, least_squares_analysis,
};
use ndarray::{Array1, Array2, Array3, ArrayBase, Axis, Dimension, OwnedRepr, stack};
use ndarray_npy::{NpzReader, ReadableElement};
use num_complex::{Complex32, Complex64};
use std::f64::consts::PI;
use std::fs::File;

/// Rings with more and with fewer longitudes than orders, with and without a mirror image, and both poles.
fn odd_rings() -> Rings {
    let ring = |colatitude, longitudes, first_longitude| Ring {
        colatitude,
        longitudes,
        first_longitude,
    };
    Rings::new(vec![
        ring(1.2, 7, 0.0),
        ring(0.0, 1, 0.0),
        ring(0.7, 5, 0.1),
        ring(PI - 0.7, 5, 0.1),
        ring(0.5 * PI, 24, -1.0),
        ring(PI, 3, 2.0),
        ring(0.4, 30, 0.0),
        ring(PI - 0.4, 31, 0.0),
        ring(1e-3, 4, 0.25),
    ])
    .unwrap()
}

fn healpix(nside: usize) -> (Rings, Vec<f64>) {
    let area = 4.0 * PI / (12 * nside * nside) as f64;
    (Rings::healpix(nside).unwrap(), vec![area; 4 * nside - 1])
}

#[test]
fn synthesis_and_adjoint() {
    for rings in [odd_rings(), healpix(1).0, healpix(4).0] {
        for limit in [2, 5, 12] {
            for spin in -3..=3_i32 {
                let least = spin.unsigned_abs() as usize;
                if least >= limit {
                    continue;
                }
                let plan = SpinRingPlan::new(rings.clone(), limit, spin).unwrap();
                let coeffs = random_coeffs([limit; 2], least, false, 1);
                let want = spin_sums(coeffs.view(), i64::from(spin), &rings);
                let map: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
                assert_close(&map, &want, tol::transform(limit));
                let narrow: Array1<Complex32> = plan.inverse(coeffs.view()).unwrap();
                let rounded = map.mapv(|c| Complex32::new(c.re as f32, c.im as f32));
                assert_eq!(narrow, rounded);

                let mut threads = map.clone();
                let parallel = &mut plan.make_parallel_scratch();
                plan.inverse_into(coeffs.view(), threads.view_mut(), parallel)
                    .unwrap();
                assert_eq!(threads, map);

                let y = want.mapv(|value| value * value + value.re);
                let mut aty = plan.make_coeffs();
                plan.inverse_adjoint_into(y.view(), aty.view_mut(), &mut plan.make_scratch())
                    .unwrap();
                let size = (product(&y, &y).re * product(&map, &map).re).sqrt();
                let error = product(&y, &map) - product(&aty, &coeffs);
                assert!(error.norm() <= tol::transform(limit) * size);
                let weights: Vec<f64> = (1..=rings.rings().len()).map(|t| t as f64).collect();
                let plan = plan.with_weights(&weights).unwrap();
                let by = plan.forward(y.view()).unwrap();
                let mut btx = map.clone();
                plan.forward_adjoint_into(coeffs.view(), btx.view_mut(), &mut plan.make_scratch())
                    .unwrap();
                let size = (product(&by, &by).re * product(&coeffs, &coeffs).re).sqrt();
                let error = product(&coeffs, &by) - product(&btx, &y);
                assert!(error.norm() <= 4.0 * tol::transform(limit) * size.max(1.0));
            }
        }
    }
}

fn golden<T, D>(name: &str) -> ArrayBase<OwnedRepr<T>, D>
where
    T: ReadableElement,
    D: Dimension,
{
    let mut file = NpzReader::new(File::open("tests/data/healpix.npz").unwrap()).unwrap();
    file.by_name(name).unwrap()
}

/// Stored values of healpy for nside 4 and L = 8.
#[test]
fn polarisation_is_that_of_healpy() {
    let (rings, weights) = healpix(4);
    let limit = 8;
    let [t, e, b] = ["hp_T", "hp_E", "hp_B"].map(golden::<Complex64, ndarray::Ix1>);
    let maps = ["hp_I", "hp_Q", "hp_U"].map(golden::<f64, ndarray::Ix1>);
    let scalar = RingPlan::new(rings.clone(), limit).unwrap();
    let scalar = scalar.with_weights(&weights).unwrap();
    let spin = SpinRingPlan::new(rings.clone(), limit, 2).unwrap();
    let spin = spin.with_weights(&weights).unwrap();
    let scratch = &mut spin.make_scratch();

    let modes = stack(Axis(0), &[e.view(), b.view()]).unwrap();
    let mut found = Array2::<f64>::zeros((2, rings.samples()));
    spin.inverse_into(modes.view(), found.view_mut(), scratch)
        .unwrap();
    let polarised = stack(Axis(0), &[maps[1].view(), maps[2].view()]).unwrap();
    assert_close(&found, &polarised, tol::GOLDEN);
    let mut intensity = Array1::<f64>::zeros(rings.samples());
    scalar
        .inverse_into(t.view(), intensity.view_mut(), scratch)
        .unwrap();
    assert_close(&intensity, &maps[0], tol::GOLDEN);

    for iterations in [0, 3] {
        let want: Array2<Complex64> = golden(&format!("hp_map2alm_iter{iterations}"));
        let mut modes = Array2::zeros((2, 36));
        let (polarised, out) = (polarised.view(), modes.view_mut());
        iterated_analysis_into(&spin, polarised, out, iterations, scratch).unwrap();
        let mut temperature = Array1::zeros(36);
        let (map, out) = (maps[0].view(), temperature.view_mut());
        iterated_analysis_into(&scalar, map, out, iterations, scratch).unwrap();
        assert_close(&temperature, want.row(0), tol::GOLDEN);
        assert_close(modes.row(0), want.row(1), tol::GOLDEN);
        assert_close(modes.row(1), want.row(2), tol::GOLDEN);
    }

    let gradient = RingGradient::new(rings.clone(), limit).unwrap();
    let mut field = Array2::<f64>::zeros((2, rings.samples()));
    gradient
        .inverse_into(t.view(), field.view_mut(), scratch)
        .unwrap();
    for (row, name) in ["hp_dtheta", "hp_dphi"].into_iter().enumerate() {
        assert_close(
            field.row(row),
            golden::<f64, ndarray::Ix1>(name),
            tol::GOLDEN,
        );
    }
}

/// Q + iU = −Σ (E + iB) ₛY for the half layout of any spin, and both layouts are one transform.
#[test]
fn modes_are_coefficients() {
    let rings = odd_rings();
    for spin in [-2, 1, 2, 3_i32] {
        let limit = 7;
        let plan = SpinRingPlan::new(rings.clone(), limit, spin).unwrap();
        let least = spin.unsigned_abs() as usize;
        let [e, b] = [2, 3].map(|seed| random_coeffs([limit; 2], least, true, seed));
        let full = -(&e + &b.mapv(|c| Complex64::I * c));
        let orders = || (0..limit).flat_map(|m| (m..limit).map(move |l| [l, limit - 1 + m]));
        let modes = [&e, &b].map(|a| orders().map(|at| a[at]).collect::<Array1<_>>());
        let modes = stack(Axis(0), &[modes[0].view(), modes[1].view()]).unwrap();
        let want = spin_sums(full.view(), i64::from(spin), &rings);
        let mut batch = Array3::<f64>::zeros((2, 2, rings.samples()));
        let twice = stack(Axis(0), &[modes.view(), modes.view()]).unwrap();
        plan.inverse_into(twice.view(), batch.view_mut(), &mut plan.make_scratch())
            .unwrap();
        for map in batch.outer_iter() {
            assert_close(
                map.row(0),
                want.mapv(|value| value.re),
                tol::transform(limit),
            );
            assert_close(
                map.row(1),
                want.mapv(|value| value.im),
                tol::transform(limit),
            );
        }
    }
}

/// The change that [`iterated_analysis`] reports, and the error, fall as measured with other programs.
#[test]
fn jacobi_iterations_converge() {
    let (rings, weights) = healpix(8);
    for (limit, rounds, bound) in [(16, 3, 3e-5), (16, 12, 1e-11), (20, 10, 1e-7)] {
        let plan = SpinRingPlan::new(rings.clone(), limit, 2).unwrap();
        let plan = plan.with_weights(&weights).unwrap();
        let coeffs = random_coeffs([limit; 2], 2, false, 4);
        let map: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
        let (found, change) = iterated_analysis(&plan, map.view(), rounds).unwrap();
        let error = &found - &coeffs;
        let error = (product(&error, &error).re / product(&coeffs, &coeffs).re).sqrt();
        assert!(
            error < bound && change < 10.0 * bound,
            "{limit} {rounds} {error} {change}"
        );
        assert!(error < change);
    }
}

/// Conjugate gradients reach 1e-12 in about the rounds of LSMR, where Jacobi iterations are slow.
#[test]
fn least_squares_converge() {
    fn error<P: RingAnalysis>(
        plan: &P,
        map: &Array1<Complex64>,
        coeffs: &Array2<Complex64>,
        most: usize,
    ) {
        let mut found = coeffs.mapv(|_| Complex64::ZERO);
        let tolerance = 1e-13;
        let scratch = &mut Default::default();
        let out = found.view_mut();
        let report =
            least_squares_analysis(plan, map.view(), out, tolerance, most, scratch).unwrap();
        assert!(report.change <= tolerance && report.iterations > 2);
        // The smallest eigenvalue is above a quarter.
        assert_close(&found, coeffs, 4.0 * tolerance + tol::transform(24) * 4.0);
    }
    let (rings, weights) = healpix(8);
    for (limit, most) in [(16, 11), (20, 15), (24, 40)] {
        let plan = RingPlan::new(rings.clone(), limit).unwrap();
        let plan = plan.with_weights(&weights).unwrap();
        let coeffs = random_coeffs([limit; 2], 0, false, 5);
        error(&plan, &plan.inverse(coeffs.view()).unwrap(), &coeffs, most);
        let plan = SpinRingPlan::new(rings.clone(), limit, 2).unwrap();
        let plan = plan.with_weights(&weights).unwrap();
        let coeffs = random_coeffs([limit; 2], 2, false, 6);
        error(&plan, &plan.inverse(coeffs.view()).unwrap(), &coeffs, most);
    }
}

/// The half layout of a batch of signals of very different sizes, one of them zero.
#[test]
fn least_squares_of_batches() {
    let (rings, weights) = healpix(4);
    let limit = 10;
    let plan = SpinRingPlan::new(rings.clone(), limit, 2).unwrap();
    let plan = plan.with_weights(&weights).unwrap();
    let coeffs = [7, 8].map(|seed| random_coeffs([limit; 2], 2, true, seed));
    let mut modes = Array3::zeros((3, 2, plan.half_len()));
    for m in 0..limit {
        for l in m..limit {
            let at = m * (2 * limit - 1 - m) / 2 + l;
            for (part, coeffs) in coeffs.iter().enumerate() {
                let value = coeffs[[l, limit - 1 + m]];
                modes[[0, part, at]] = value;
                modes[[2, part, at]] = 1e200 * value;
            }
        }
    }
    let scratch = &mut plan.make_parallel_scratch();
    let mut maps = Array3::<f64>::zeros((3, 2, rings.samples()));
    plan.inverse_into(modes.view(), maps.view_mut(), scratch)
        .unwrap();
    let mut found = modes.mapv(|_| Complex64::ZERO);
    least_squares_analysis(&plan, maps.view(), found.view_mut(), 1e-13, 60, scratch).unwrap();
    for (found, want) in found.outer_iter().zip(modes.outer_iter()) {
        assert_close(found, want, 1e-12);
    }
    let few = least_squares_analysis(&plan, maps.view(), found.view_mut(), 1e-13, 3, scratch);
    let error = few.unwrap_err();
    assert!(matches!(error, Error::NotConverged { .. }), "{error}");
    for tolerance in [0.0, -1.0, f64::NAN] {
        let out = found.view_mut();
        assert!(least_squares_analysis(&plan, maps.view(), out, tolerance, 3, scratch).is_err());
    }
    let negative: Vec<f64> = weights.iter().map(|weight| -weight).collect();
    let plan = plan.with_weights(&negative).unwrap();
    let error = least_squares_analysis(&plan, maps.view(), found.view_mut(), 1e-9, 3, scratch);
    assert!(matches!(error, Err(Error::NotPositiveDefinite { .. })));
}

#[test]
fn bad_arguments_are_refused() {
    let rings = Rings::healpix(2).unwrap();
    for (limit, spin) in [(0, 0), (3, 3), (3, -3), (4, i32::MIN)] {
        let plan = SpinRingPlan::new(rings.clone(), limit, spin);
        assert!(matches!(plan, Err(Error::InvalidValue { .. })));
    }
    let plan = SpinRingPlan::new(rings, 4, 1).unwrap();
    let map = Array1::from_elem(48, Complex64::ONE);
    assert!(matches!(
        plan.forward(map.view()),
        Err(Error::Missing { .. })
    ));
    assert!(plan.with_weights(&[1.0; 3]).is_err());
    let (rings, weights) = healpix(2);
    let plan = SpinRingPlan::new(rings, 4, 1).unwrap();
    let plan = plan.with_weights(&weights).unwrap();
    let mut masked = map;
    masked[5].im = UNSEEN;
    let error = plan.forward(masked.view()).unwrap_err();
    assert!(error.to_string().contains("1 masked pixels"), "{error}");
    masked[5].im = f64::NAN;
    assert!(matches!(
        plan.forward(masked.view()),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        plan.forward(masked.slice_axis(Axis(0), (..9).into())),
        Err(Error::ShapeMismatch { .. })
    ));
}
