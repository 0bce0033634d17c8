//! Spin-weighted transforms, gradients, adjoints and single precision against sums in double-double arithmetic.
//!
//! `cargo test --test transforms spin_accuracy -- --nocapture` prints the errors, with `--ignored` also those of L = 512;
//! `docs/accuracy.md` records them, and more than four times what is recorded fails.

use crate::common::close::{difference, largest, relative_difference};
use crate::common::tol::EXCESS;
use crate::common::tol::double_double as tol;

use crate::common::double_double::{Dd, PI};
use crate::common::exact_rings::{exact_colatitudes, rings};
use crate::common::fields_oracle::{adjoint, gradient, spin_synthesis};
use crate::common::harmonics_oracle::{gauss_legendre, real_synthesis, synthesis};
use haarmonic::sphere::{Gradient, Sampling, ShtPlanner, SpinPlan};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use ndarray_npy::NpzWriter;
use num_complex::{Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::File;

/// Coefficients uniform in the square of side 2 from degree `least` on, for the orders ±m with `wanted(m)`.
fn random(
    seed: u64,
    band_limit: usize,
    least: usize,
    wanted: impl Fn(usize) -> bool,
) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
    let middle = band_limit - 1;
    Array2::from_shape_fn((band_limit, 2 * band_limit - 1), |(l, k)| {
        let (value, m) = (uniform(), k.abs_diff(middle));
        if l < least || m > l || !wanted(m) {
            return Complex64::ZERO;
        }
        value
    })
}

/// Those of a real signal.
fn real(seed: u64, band_limit: usize) -> Array2<Complex64> {
    let coeffs = random(seed, band_limit, 0, |_| true);
    let middle = band_limit - 1;
    Array2::from_shape_fn(coeffs.dim(), |(l, k)| match k.abs_diff(middle) {
        0 => coeffs[[l, k]].re.into(),
        _ if k > middle => coeffs[[l, k]],
        m => coeffs[[l, middle + m]].conj() * if m % 2 == 0 { 1.0 } else { -1.0 },
    })
}

/// Orders of both ends and of the middle.
fn some_orders(band_limit: usize) -> impl Fn(usize) -> bool {
    let last = band_limit - 1;
    let few = [0, 1, 2, last / 2, last - 1, last];
    move |m| few.contains(&m)
}

fn stored(sampling: Sampling, band_limit: usize) -> Vec<Dd> {
    let angles = sampling.colatitudes(band_limit).unwrap();
    angles.into_iter().map(Dd::from).collect()
}

/// Fails above the bound of all transforms, and above four times what `docs/accuracy.md` records.
#[track_caller]
fn check(what: &str, measured: f64, recorded: f64, bound: f64) {
    println!("{what}: {measured:.1e} (recorded {recorded:.1e}, bound {bound:.1e})");
    assert!(
        measured <= bound && measured <= EXCESS * recorded,
        "{what}: {measured:e}, recorded {recorded:e}, bound {bound:e}"
    );
}

/// Errors of synthesis on the stored rings, relative to the largest sample, and of analysis of exact samples, absolute.
fn spin_errors(band_limit: usize, spin: i32) -> [f64; 2] {
    let sampling = Sampling::GaussLegendre;
    let plan = SpinPlan::new(band_limit, spin, sampling).unwrap();
    let [count, longitudes] = plan.signal_shape();
    let least = spin.unsigned_abs() as usize;
    let coeffs = random(1, band_limit, least, |_| true);
    let rings = rings(count, band_limit);
    let angles = stored(sampling, band_limit);
    let angles: Vec<Dd> = rings.iter().map(|&ring| angles[ring]).collect();
    let want = spin_synthesis(coeffs.view(), spin.into(), &angles, longitudes);
    let found: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
    let found = found.select(Axis(0), &rings);
    let synthesis = difference(&found, &want) / largest(&want);

    let few = random(2, band_limit, least, some_orders(band_limit));
    let exact = exact_colatitudes(sampling, band_limit);
    let samples = spin_synthesis(few.view(), spin.into(), &exact, longitudes);
    [
        synthesis,
        difference(plan.forward(samples.view()).unwrap(), &few),
    ]
}

/// Spins 1, 2 and three quarters of L.
fn check_spins(band_limit: usize, recorded: [[f64; 2]; 3]) {
    for (spin, recorded) in [1, 2, 3 * band_limit as i32 / 4].into_iter().zip(recorded) {
        let [synthesis, analysis] = spin_errors(band_limit, spin);
        let what = format!("L = {band_limit}, spin {spin}");
        let bounds = [tol::synthesis(band_limit), tol::analysis(band_limit)];
        check(
            &format!("{what}, synthesis"),
            synthesis,
            recorded[0],
            bounds[0],
        );
        check(
            &format!("{what}, analysis"),
            analysis,
            recorded[1],
            bounds[1],
        );
        // The same with the other sign: other chains.
        let [synthesis, analysis] = spin_errors(band_limit, -spin);
        check(
            &format!("{what} negative, synthesis"),
            synthesis,
            recorded[0],
            bounds[0],
        );
        check(
            &format!("{what} negative, analysis"),
            analysis,
            recorded[1],
            bounds[1],
        );
    }
}

#[test]
fn spins_against_the_band_limit() {
    check_spins(
        16,
        [[2.9e-15, 3.8e-15], [2.7e-15, 2.1e-15], [2.3e-15, 1.4e-15]],
    );
    check_spins(
        64,
        [[8.0e-15, 1.8e-14], [9.2e-15, 1.6e-14], [7.3e-15, 6.9e-15]],
    );
    check_spins(
        128,
        [[1.2e-14, 2.7e-14], [2.1e-14, 2.6e-14], [1.4e-14, 1.7e-14]],
    );
    check_spins(
        256,
        [[5.4e-14, 8.4e-14], [7.4e-14, 7.6e-14], [2.5e-14, 2.9e-14]],
    );
}

#[test]
#[ignore = "a minute"]
fn spins_at_512() {
    check_spins(512, [[1.0; 2]; 3]);
}

/// Every band limit, every sampling, some spins: all rings up to L = 16, some of them above.
#[test]
fn every_band_limit_and_sampling() {
    for band_limit in 1..=64_usize {
        for (i, sampling) in Sampling::ALL.into_iter().enumerate() {
            if band_limit > 24 && (band_limit + i) % 2 == 0 {
                continue; // the same sums, many times as many
            }
            for spin in [0, 1, -2, band_limit as i32 - 1] {
                if spin.unsigned_abs() as usize >= band_limit {
                    continue;
                }
                let plan = SpinPlan::new(band_limit, spin, sampling).unwrap();
                let [count, longitudes] = plan.signal_shape();
                let least = spin.unsigned_abs() as usize;
                let wanted = |m: usize| band_limit <= 16 || m % 5 == band_limit % 5 || m < 2;
                let coeffs = random(3, band_limit, least, wanted);
                let rings = rings(count, band_limit);
                let angles = stored(sampling, band_limit);
                let angles: Vec<Dd> = rings.iter().map(|&ring| angles[ring]).collect();
                let want = spin_synthesis(coeffs.view(), spin.into(), &angles, longitudes);
                let found: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                let error = difference(found.select(Axis(0), &rings), &want);
                // A single degree and few rings may miss the peaks: the bound of the sum is the scale.
                let size = largest(&want).max(((2 * band_limit) as f64).sqrt() / 4.0);
                let what = format!("{sampling}, L = {band_limit}, spin {spin}");
                assert!(
                    error <= tol::spin_synthesis(band_limit) * size,
                    "{what}: {error:e}"
                );
                let few = random(4, band_limit, least, |m| m < 2 || m + 2 > band_limit);
                let exact = exact_colatitudes(sampling, band_limit);
                let samples = spin_synthesis(few.view(), spin.into(), &exact, longitudes);
                let error = difference(plan.forward(samples.view()).unwrap(), &few);
                assert!(
                    error <= tol::analysis(band_limit),
                    "{what}, analysis: {error:e}"
                );
            }
        }
    }
}

/// The largest error of a component, relative to the largest component.
fn gradient_error(band_limit: usize) -> f64 {
    let sampling = Sampling::GaussLegendre;
    let coeffs = real(5, band_limit);
    let plan = Gradient::new(band_limit, sampling).unwrap();
    let [_, count, longitudes] = plan.signal_shape();
    let rings = rings(count, band_limit);
    let angles = stored(sampling, band_limit);
    let angles: Vec<Dd> = rings.iter().map(|&ring| angles[ring]).collect();
    let want = gradient(coeffs.view(), &angles, longitudes);
    let size = largest(&want[0]).max(largest(&want[1]));
    let mut worst = 0.0_f64;
    let real: Array3<f64> = plan.inverse(coeffs.view()).unwrap();
    let complex: Array3<Complex64> = plan.inverse(coeffs.view()).unwrap();
    for ((real, complex), want) in real.outer_iter().zip(complex.outer_iter()).zip(&want) {
        for found in [real.mapv(Complex64::from), complex.to_owned()] {
            let found = found.select(Axis(0), &rings);
            worst = worst.max(difference(&found, want) / size);
        }
    }
    worst
}

#[test]
fn gradients_against_the_band_limit() {
    for (band_limit, recorded) in [(16, 3.8e-15), (64, 7.8e-15), (128, 1.7e-14), (256, 7.0e-14)] {
        let what = format!("gradient, L = {band_limit}");
        let error = gradient_error(band_limit);
        check(&what, error, recorded, tol::synthesis(band_limit));
    }
}

/// Errors of the adjoints of synthesis and of analysis, relative to the largest entry of the result.
fn adjoint_errors(band_limit: usize) -> [f64; 2] {
    let sampling = Sampling::GaussLegendre;
    let plan = ShtPlanner::new().plan(band_limit, sampling).unwrap();
    let scratch = &mut plan.make_scratch();
    let [count, longitudes] = plan.signal_shape();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let samples = Array2::from_shape_simple_fn((count, longitudes), || {
        Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    });
    let angles = stored(sampling, band_limit);
    let ones = vec![Dd::ONE; count];
    let wanted = some_orders(band_limit);
    let want = adjoint(samples.view(), &ones, &angles, band_limit, &wanted);
    let mut found = plan.make_coeffs();
    plan.inverse_adjoint_into(samples.view(), found.view_mut(), scratch)
        .unwrap();
    for (k, mut column) in found.columns_mut().into_iter().enumerate() {
        if !wanted(k.abs_diff(band_limit - 1)) {
            column.fill(Complex64::ZERO);
        }
    }
    let of_synthesis = difference(&found, &want) / largest(&want);

    let coeffs = random(7, band_limit, 0, |_| true);
    let rings = rings(count, band_limit);
    let few: Vec<Dd> = rings.iter().map(|&ring| angles[ring]).collect();
    let rule = gauss_legendre(&sampling.colatitudes(band_limit).unwrap());
    let mut want = synthesis(coeffs.view(), &few, longitudes).mapv(|v| v.round());
    for (mut row, &ring) in want.rows_mut().into_iter().zip(&rings) {
        let weight = (rule[ring].1 * (PI * 2.0) / longitudes as f64).round();
        row.mapv_inplace(|value| weight * value);
    }
    let mut found = samples;
    plan.forward_adjoint_into(coeffs.view(), found.view_mut(), scratch)
        .unwrap();
    let found = found.select(Axis(0), &rings);
    [of_synthesis, difference(&found, &want) / largest(&want)]
}

#[test]
fn adjoints_against_the_band_limit() {
    for (band_limit, recorded) in [
        (16, [2.5e-15, 2.4e-15]),
        (64, [6.7e-15, 5.5e-15]),
        (256, [4.2e-14, 5.2e-14]),
    ] {
        let errors = adjoint_errors(band_limit);
        let bound = tol::synthesis(band_limit).max(tol::analysis(band_limit));
        for (which, (error, recorded)) in ["synthesis", "analysis"]
            .iter()
            .zip(errors.iter().zip(recorded))
        {
            let what = format!("adjoint of {which}, L = {band_limit}");
            check(&what, *error, recorded, bound);
        }
    }
}

/// `f32` samples: synthesis, relative to the largest sample; analysis of samples rounded to `f32`, absolute, and what of it is not
/// the rounding itself.
fn single_errors(band_limit: usize) -> [f64; 3] {
    let sampling = Sampling::GaussLegendre;
    let plan = ShtPlanner::new().plan(band_limit, sampling).unwrap();
    let longitudes = plan.signal_shape()[1];
    let coeffs = real(8, band_limit);
    let exact = exact_colatitudes(sampling, band_limit);
    let want = real_synthesis(coeffs.view(), &exact, longitudes);
    let found: Array2<f32> = plan.inverse(coeffs.view()).unwrap();
    let synthesis = relative_difference(found.mapv(f64::from), &want);
    let rounded = want.mapv(|v| v as f32);
    let narrow = plan.forward(rounded.view()).unwrap();
    let wide = plan.forward(rounded.mapv(f64::from).view()).unwrap();
    let complex = rounded.mapv(|v| Complex32::new(v, 0.0));
    let complex = plan.forward(complex.view()).unwrap();
    let excess = difference(&narrow, &wide).max(difference(&complex, &wide));
    [synthesis, difference(&narrow, &coeffs), excess]
}

#[test]
fn single_precision_against_the_band_limit() {
    for (band_limit, recorded) in [
        (16, [3.6e-8, 4.5e-8]),
        (64, [3.3e-8, 4.7e-8]),
        (256, [3.7e-8, 5.4e-8]),
    ] {
        let [synthesis, analysis, excess] = single_errors(band_limit);
        let what = format!("f32, L = {band_limit}");
        check(
            &format!("{what}, synthesis"),
            synthesis,
            recorded[0],
            tol::SINGLE_SYNTHESIS,
        );
        check(
            &format!("{what}, analysis"),
            analysis,
            recorded[1],
            tol::SINGLE_ANALYSIS,
        );
        assert!(excess <= tol::analysis(band_limit), "{excess:e}");
    }
}

/// For `benches/transform_accuracy_peer.py`: coefficients of spin 1 and 2, their samples on some stored rings and on all exact ones,
/// and what the crate makes of them, in `results/spin_accuracy_S_L.npz`.
#[test]
#[ignore = "a minute; writes files"]
fn export_for_other_programs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/results");
    std::fs::create_dir_all(folder).unwrap();
    for (spin, band_limit) in [1, 2]
        .into_iter()
        .flat_map(|s| [16, 64, 256].map(|l| (s, l)))
    {
        let sampling = Sampling::GaussLegendre;
        let plan = SpinPlan::new(band_limit, spin, sampling).unwrap();
        let [count, longitudes] = plan.signal_shape();
        let coeffs = random(1, band_limit, spin.unsigned_abs() as usize, |_| true);
        let rings = rings(count, band_limit);
        let angles = stored(sampling, band_limit);
        let few: Vec<Dd> = rings.iter().map(|&ring| angles[ring]).collect();
        let exact = exact_colatitudes(sampling, band_limit);
        let view = |coeffs: &Array2<Complex64>, angles: &[Dd]| {
            spin_synthesis(ArrayView2::from(coeffs), spin.into(), angles, longitudes)
        };
        let (at_stored, at_exact) = (view(&coeffs, &few), view(&coeffs, &exact));
        let own: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
        let own_coeffs = plan.forward(at_exact.view()).unwrap();
        let file = File::create(format!("{folder}/spin_accuracy_{spin}_{band_limit}.npz")).unwrap();
        let mut npz = NpzWriter::new_compressed(file);
        let indices = Array1::from_iter(rings.iter().map(|&ring| ring as i64));
        npz.add_array("rings", &indices).unwrap();
        let colatitudes = Array1::from(sampling.colatitudes(band_limit).unwrap());
        npz.add_array("colatitudes", &colatitudes).unwrap();
        npz.add_array("coefficients", &coeffs).unwrap();
        npz.add_array("samples", &at_exact).unwrap();
        npz.add_array("samples_on_rounded_rings", &at_stored)
            .unwrap();
        npz.add_array("own_samples", &own.select(Axis(0), &rings))
            .unwrap();
        npz.add_array("own_coefficients", &own_coeffs).unwrap();
        npz.finish().unwrap();
    }
}
