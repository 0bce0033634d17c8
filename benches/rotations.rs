//! The hot paths on SO(3): Wigner functions, the Wigner transform, correlation.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::so3::{RotationGrid, WignerPlan, WignerPlanner, correlate_real_into};
use haarmonic::sphere::Sampling;
use haarmonic::wigner::{WignerDRecursion, WignerDegrees, wigner_d_matrix};
use ndarray::{Array3, ArrayViewMut2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::sync::Arc;

const BAND_LIMITS: [usize; 5] = [8, 16, 32, 64, 128];

fn plan(band_limit: usize, finer: usize) -> Arc<WignerPlan> {
    let grid = RotationGrid::fast(finer, finer, Sampling::GaussLegendre).expect("valid band limit");
    WignerPlanner::new()
        .plan_on(band_limit, &grid)
        .expect("grid is fine enough")
}

fn random(shape: [usize; 3]) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    Array3::from_shape_simple_fn(shape, || {
        Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

fn transform(c: &mut Criterion) {
    let mut group = c.benchmark_group("wigner_transform");
    group.sample_size(20);
    for band_limit in BAND_LIMITS {
        let plan = plan(band_limit, band_limit);
        let mut scratch = plan.make_scratch();
        let coeffs = random(plan.coeffs_shape());
        let samples = plan.inverse::<Complex64, _>(coeffs.view()).expect("finite");
        let real = samples.mapv(|value| value.re);
        let (mut out, mut back) = (samples.clone(), plan.make_coeffs());
        let mut out_real = real.clone();
        group.throughput(Throughput::Elements(plan.grid().points() as u64));
        group.bench_function(BenchmarkId::new("inverse", band_limit), |b| {
            b.iter(|| plan.inverse_into(black_box(coeffs.view()), out.view_mut(), &mut scratch))
        });
        group.bench_function(BenchmarkId::new("inverse_real", band_limit), |b| {
            b.iter(|| {
                plan.inverse_into(black_box(coeffs.view()), out_real.view_mut(), &mut scratch)
            })
        });
        group.bench_function(BenchmarkId::new("forward", band_limit), |b| {
            b.iter(|| plan.forward_into(black_box(samples.view()), back.view_mut(), &mut scratch))
        });
        group.bench_function(BenchmarkId::new("forward_real", band_limit), |b| {
            b.iter(|| plan.forward_into(black_box(real.view()), back.view_mut(), &mut scratch))
        });
    }
    group.finish();
}

fn planning(c: &mut Criterion) {
    let mut group = c.benchmark_group("wigner_plan");
    for band_limit in [8, 32] {
        group.bench_function(BenchmarkId::new("gauss_legendre", band_limit), |b| {
            b.iter(|| plan(black_box(band_limit), band_limit))
        });
    }
    group.finish();
}

fn correlation(c: &mut Criterion) {
    let mut group = c.benchmark_group("correlation_two_channels");
    for (band_limit, finer) in [(6, 6), (6, 12), (16, 32), (16, 16), (32, 32), (64, 64)] {
        let plan = plan(band_limit, finer);
        let mut scratch = plan.make_scratch();
        let f = random([2, band_limit, 2 * band_limit - 1]);
        let mut out = Array3::zeros(plan.signal_shape());
        group.throughput(Throughput::Elements(plan.grid().points() as u64));
        let name = format!("{band_limit}_on_{finer}");
        group.bench_function(BenchmarkId::new("real", name), |b| {
            b.iter(|| {
                correlate_real_into(
                    &plan,
                    black_box(f.view()),
                    f.view(),
                    out.view_mut(),
                    &mut scratch,
                )
            })
        });
    }
    group.finish();
}

fn wigner(c: &mut Criterion) {
    let mut group = c.benchmark_group("wigner_d");
    for band_limit in [32, 256] {
        let betas: Vec<f64> = (0..band_limit)
            .map(|j| (j as f64 + 0.5) * 3.0 / band_limit as f64)
            .collect();
        group.throughput(Throughput::Elements((band_limit * band_limit) as u64));
        group.bench_function(BenchmarkId::new("class_3_2", band_limit), |b| {
            b.iter(|| {
                let mut d = WignerDRecursion::new(3, 2, black_box(&betas)).expect("valid");
                let mut sum = 0.0;
                while d.degree() < band_limit {
                    sum += d.values()[0];
                    d.advance();
                }
                sum
            })
        });
        group.throughput(Throughput::Elements((2 * band_limit as u64 + 1).pow(2)));
        group.bench_function(BenchmarkId::new("matrix", band_limit), |b| {
            b.iter(|| wigner_d_matrix(black_box(band_limit), 0.7))
        });
    }
    group.finish();
}

/// The matrices of all degrees below L at one angle; the naive twin makes them one by one.
fn degrees(c: &mut Criterion) {
    let mut group = c.benchmark_group("wigner_degrees");
    for band_limit in [16, 64, 256] {
        let size = 2 * band_limit - 1;
        let mut space = vec![0.0; size * size];
        let entries: usize = (0..band_limit).map(|l| (2 * l + 1) * (2 * l + 1)).sum();
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(BenchmarkId::new("matrices", band_limit), |b| {
            b.iter(|| {
                let mut degrees = WignerDegrees::new(band_limit, black_box(1.1)).expect("valid");
                while let Some(d) = degrees.next_degree() {
                    let size = 2 * d.degree() + 1;
                    let space = &mut space[..size * size];
                    d.write_matrix(ArrayViewMut2::from_shape((size, size), space).expect("square"))
                        .expect("the shape of the degree");
                }
            })
        });
        group.bench_function(BenchmarkId::new("quarters", band_limit), |b| {
            b.iter(|| {
                let mut degrees = WignerDegrees::new(band_limit, black_box(1.1)).expect("valid");
                while let Some(d) = degrees.next_degree() {
                    d.write_quarter(&mut space[..(d.degree() + 1).pow(2)])
                        .expect("the length of the degree");
                }
            })
        });
        if band_limit <= 64 {
            group.bench_function(BenchmarkId::new("naive", band_limit), |b| {
                b.iter(|| {
                    (0..band_limit)
                        .map(|l| wigner_d_matrix(l, black_box(1.1)).expect("valid")[[0, 0]])
                        .sum::<f64>()
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, transform, planning, correlation, wigner, degrees);
criterion_main!(benches);
