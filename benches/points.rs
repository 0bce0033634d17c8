//! Values at a million random points, L = 512: synthesis and adjoint, spin 0 and 2, tolerances 1e-6 and 1e-12; the plan itself; direct
//! sums at few points.
//!
//! `cargo bench --bench points`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::sphere::{PointPlan, PointSpinPlan, SphericalHarmonics, coefficients};
use ndarray::{Array1, Array2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;
use std::hint::black_box;

const BAND_LIMIT: usize = 512;
const POINTS: usize = 1_000_000;

fn random_points(count: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Array2::from_shape_fn((count, 2), |(_, k)| match k {
        0 => (1.0 - 2.0 * rng.random::<f64>()).acos(),
        _ => TAU * rng.random::<f64>(),
    })
}

fn random_half(parts: usize) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let len = BAND_LIMIT * (BAND_LIMIT + 1) / 2;
    Array2::from_shape_fn((parts, len), |(_, i)| {
        let im = if i < BAND_LIMIT { 0.0 } else { rng.random() };
        Complex64::new(rng.random(), im)
    })
}

fn many(c: &mut Criterion) {
    let points = random_points(POINTS);
    let mut group = c.benchmark_group("points");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(POINTS as u64));
    for tolerance in [1e-6, 1e-12] {
        group.bench_function(BenchmarkId::new("plan", tolerance), |b| {
            b.iter(|| PointPlan::with_tolerance(black_box(points.view()), BAND_LIMIT, tolerance));
        });
        let plan = PointPlan::with_tolerance(points.view(), BAND_LIMIT, tolerance);
        let plan = plan.expect("valid points");
        let mut coeffs = random_half(1).row(0).to_owned();
        let (mut values, mut scratch) = (Array1::<f64>::zeros(POINTS), plan.make_scratch());
        group.bench_function(BenchmarkId::new("synthesis", tolerance), |b| {
            b.iter(|| plan.inverse_into(black_box(coeffs.view()), values.view_mut(), &mut scratch));
        });
        group.bench_function(BenchmarkId::new("adjoint", tolerance), |b| {
            b.iter(|| {
                plan.inverse_adjoint_into(black_box(values.view()), coeffs.view_mut(), &mut scratch)
            });
        });
        let plan = PointSpinPlan::with_tolerance(points.view(), BAND_LIMIT, 2, tolerance);
        let plan = plan.expect("valid points");
        let mut modes = random_half(2);
        let mut planes = Array2::<f64>::zeros((2, POINTS));
        group.bench_function(BenchmarkId::new("synthesis_spin_2", tolerance), |b| {
            b.iter(|| plan.inverse_into(black_box(modes.view()), planes.view_mut(), &mut scratch));
        });
        group.bench_function(BenchmarkId::new("adjoint_spin_2", tolerance), |b| {
            b.iter(|| {
                plan.inverse_adjoint_into(black_box(planes.view()), modes.view_mut(), &mut scratch)
            });
        });
    }
    group.finish();
}

fn few(c: &mut Criterion) {
    let mut group = c.benchmark_group("points/few");
    let harmonics = SphericalHarmonics::new(BAND_LIMIT).expect("a valid band limit");
    let coeffs = coefficients::from_flat(&vec![Complex64::ONE; BAND_LIMIT * BAND_LIMIT]);
    let coeffs = coeffs.expect("a square");
    for count in [8, 64] {
        let points = random_points(count);
        let plan = PointPlan::new(points.view(), BAND_LIMIT).expect("valid points");
        let (mut values, mut scratch) = (Array1::<f64>::zeros(count), plan.make_scratch());
        group.bench_function(BenchmarkId::new("plan", count), |b| {
            b.iter(|| plan.inverse_into(black_box(coeffs.view()), values.view_mut(), &mut scratch));
        });
        group.bench_function(BenchmarkId::new("evaluate", count), |b| {
            b.iter(|| harmonics.evaluate_real(black_box(coeffs.view()), points.view()));
        });
    }
    group.finish();
}

criterion_group!(benches, many, few);
criterion_main!(benches);
