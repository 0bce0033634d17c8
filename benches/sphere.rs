//! Spherical-harmonic transform: forward and inverse for each sampling, batches, and sums point by point at L = 16 and 64.
//!
//! `cargo bench --bench sphere`

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use haarmonic::sphere::{Sample, Sampling, ShtPlanner, SphericalHarmonics, coefficients};
use ndarray::{Array1, Array2, Array3};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

fn random_coeffs(band_limit: usize) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut flat = vec![Complex64::ZERO; band_limit * band_limit];
    for l in 0..band_limit {
        for m in 0..=l {
            let c = Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5);
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            flat[l * l + l - m] = sign * c.conj();
            flat[l * l + l + m] = if m == 0 { c.re.into() } else { c };
        }
    }
    coefficients::from_flat(&flat).expect("the length is a square")
}

fn transforms<T: Sample>(c: &mut Criterion, kind: &str) {
    for sampling in Sampling::ALL {
        let mut group = c.benchmark_group(format!("sphere/{sampling}/{kind}"));
        for l in [16, 64, 256] {
            let plan = ShtPlanner::new()
                .plan(l, sampling)
                .expect("a valid band limit");
            let coeffs = random_coeffs(l);
            let signal = plan.inverse::<T, _>(coeffs.view()).expect("shapes agree");
            let (mut scratch, mut out) = (plan.make_scratch(), plan.make_coeffs());
            let mut samples = plan.make_signal::<T>();
            group.throughput(Throughput::Elements((l * l) as u64));
            group.bench_function(BenchmarkId::new("forward", l), |b| {
                b.iter(|| {
                    plan.forward_into(black_box(signal.view()), out.view_mut(), &mut scratch)
                });
            });
            group.bench_function(BenchmarkId::new("inverse", l), |b| {
                b.iter(|| {
                    plan.inverse_into(black_box(coeffs.view()), samples.view_mut(), &mut scratch)
                });
            });
        }
        group.finish();
    }
}

/// Real signals on L Gauss–Legendre rings with 2L longitudes, the grid of the comparison with other programs.
fn smooth(c: &mut Criterion) {
    let mut group = c.benchmark_group("sphere/smooth");
    group.sample_size(20);
    for l in [8, 16, 32, 64, 128, 256, 512, 1024] {
        let plan = ShtPlanner::new()
            .plan_with_longitudes(l, Sampling::GaussLegendre, 2 * l)
            .expect("a valid band limit");
        let coeffs = random_coeffs(l);
        let signal = plan.inverse::<f64, _>(coeffs.view()).expect("shapes agree");
        let mut scratch = plan.make_scratch();
        let mut half = Array1::from_elem(plan.half_len(), Complex64::ZERO);
        let mut samples = plan.make_signal::<f64>();
        let mut out = plan.make_coeffs();
        group.throughput(Throughput::Elements((l * l) as u64));
        group.bench_function(BenchmarkId::new("forward_half", l), |b| {
            b.iter(|| plan.forward_into(black_box(signal.view()), half.view_mut(), &mut scratch));
        });
        group.bench_function(BenchmarkId::new("inverse_half", l), |b| {
            b.iter(|| plan.inverse_into(black_box(half.view()), samples.view_mut(), &mut scratch));
        });
        group.bench_function(BenchmarkId::new("forward", l), |b| {
            b.iter(|| plan.forward_into(black_box(signal.view()), out.view_mut(), &mut scratch));
        });
        group.bench_function(BenchmarkId::new("inverse", l), |b| {
            b.iter(|| {
                plan.inverse_into(black_box(coeffs.view()), samples.view_mut(), &mut scratch)
            });
        });
        if l >= 256 {
            let mut scratch = plan.make_parallel_scratch();
            group.bench_function(BenchmarkId::new("forward_half/two_threads", l), |b| {
                b.iter(|| {
                    plan.forward_into(black_box(signal.view()), half.view_mut(), &mut scratch)
                });
            });
            group.bench_function(BenchmarkId::new("inverse_half/two_threads", l), |b| {
                b.iter(|| {
                    plan.inverse_into(black_box(half.view()), samples.view_mut(), &mut scratch)
                });
            });
        }
    }
    for l in [16, 64] {
        naive(&mut group, l);
    }
    group.finish();
}

/// The synthesis point by point, on the same grid.
fn naive(group: &mut BenchmarkGroup<'_, WallTime>, l: usize) {
    let coeffs = random_coeffs(l);
    let harmonics = SphericalHarmonics::new(l).expect("a valid band limit");
    let thetas = Sampling::GaussLegendre
        .colatitudes(l)
        .expect("a valid band limit");
    let points = Array2::from_shape_fn((2 * l * l, 2), |(i, k)| match k {
        0 => thetas[i / (2 * l)],
        _ => (i % (2 * l)) as f64 * std::f64::consts::PI / l as f64,
    });
    group.throughput(Throughput::Elements((l * l) as u64));
    group.bench_function(BenchmarkId::new("naive inverse", l), |b| {
        b.iter(|| harmonics.evaluate_real(black_box(coeffs.view()), points.view()));
    });
}

/// A thousand real signals at once; the time is that of all.
fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("sphere/batch of 1000");
    for l in [8, 16, 32] {
        let plan = ShtPlanner::new()
            .plan_with_longitudes(l, Sampling::GaussLegendre, 2 * l)
            .expect("a valid band limit");
        let [rings, longitudes] = plan.signal_shape();
        let one = plan
            .inverse::<f64, _>(random_coeffs(l).view())
            .expect("shapes agree");
        let mut signals = Array3::from_shape_fn((1000, rings, longitudes), |(s, t, p)| {
            one[[t, p]] / (s + 1) as f64
        });
        let mut half = Array2::zeros((1000, plan.half_len()));
        group.throughput(Throughput::Elements((1000 * l * l) as u64));
        let scratches = [
            ("", plan.make_scratch()),
            ("/two_threads", plan.make_parallel_scratch()),
        ];
        for (threads, mut scratch) in scratches {
            group.bench_function(BenchmarkId::new(format!("forward_half{threads}"), l), |b| {
                b.iter(|| {
                    let signals = black_box(signals.view());
                    plan.forward_into(signals, half.view_mut(), &mut scratch)
                });
            });
            group.bench_function(BenchmarkId::new(format!("inverse_half{threads}"), l), |b| {
                b.iter(|| {
                    let half = black_box(half.view());
                    plan.inverse_into(half, signals.view_mut(), &mut scratch)
                });
            });
        }
    }
    group.finish();
}

fn planning(c: &mut Criterion) {
    let mut group = c.benchmark_group("sphere/planning");
    for l in [16, 64, 256] {
        for sampling in Sampling::ALL {
            group.bench_function(BenchmarkId::new(sampling.name(), l), |b| {
                b.iter(|| ShtPlanner::new().plan(black_box(l), sampling));
            });
        }
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    smooth(c);
    transforms::<f64>(c, "real");
    transforms::<Complex64>(c, "complex");
    batches(c);
    planning(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
