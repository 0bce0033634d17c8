//! Rotation of spherical-harmonic coefficients: single signals, batches, and the tables apart.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::group::EulerZyz;
use haarmonic::sphere::{CoefficientRotation, rotate_coefficients_into};
use haarmonic::wigner::wigner_d_matrix;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

/// Coefficients of real signals.
fn signals(count: usize, band_limit: usize) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut coeffs = Array3::zeros((count, band_limit, 2 * band_limit - 1));
    for mut signal in coeffs.outer_iter_mut() {
        for l in 0..band_limit {
            for m in 0..=l {
                let im = if m == 0 {
                    0.0
                } else {
                    rng.random_range(-1.0..1.0)
                };
                let value = Complex64::new(rng.random_range(-1.0..1.0), im);
                let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
                signal[[l, band_limit - 1 - m]] = sign * value.conj();
                signal[[l, band_limit - 1 + m]] = value;
            }
        }
    }
    coeffs
}

/// The rotation by one Wigner matrix for each degree.
fn naive(coeffs: &Array2<Complex64>, euler: &EulerZyz) -> Array2<Complex64> {
    let band_limit = coeffs.nrows();
    let mut rotated = Array2::zeros(coeffs.raw_dim());
    for l in 0..band_limit {
        let d = wigner_d_matrix(l, euler.beta()).expect("valid");
        for m in 0..=2 * l {
            let mut sum = Complex64::ZERO;
            for n in 0..=2 * l {
                let phase = Complex64::cis(-(n as f64 - l as f64) * euler.gamma());
                sum += d[[m, n]] * phase * coeffs[[l, band_limit - 1 + n - l]];
            }
            let phase = Complex64::cis(-(m as f64 - l as f64) * euler.alpha());
            rotated[[l, band_limit - 1 + m - l]] = phase * sum;
        }
    }
    rotated
}

fn rotate(c: &mut Criterion) {
    let euler = EulerZyz::new(0.3, 1.1, 2.0).expect("finite");
    let tilt = EulerZyz::new(0.3, 0.05, 2.0).expect("finite");
    let mut group = c.benchmark_group("rotate");
    for band_limit in [16, 64, 128, 256, 512] {
        let coeffs = signals(1, band_limit).index_axis_move(Axis(0), 0);
        let mut out = coeffs.clone();
        let rotation = CoefficientRotation::real(band_limit).expect("valid");
        let of_complex = CoefficientRotation::complex(band_limit).expect("valid");
        let mut scratch = rotation.make_scratch();
        group.throughput(Throughput::Elements((band_limit * band_limit) as u64));
        for (name, euler) in [("real", &euler), ("real_small_tilt", &tilt)] {
            group.bench_function(BenchmarkId::new(name, band_limit), |b| {
                b.iter(|| {
                    rotation.rotate_into(
                        black_box(coeffs.view()),
                        euler,
                        out.view_mut(),
                        &mut scratch,
                    )
                })
            });
        }
        group.bench_function(BenchmarkId::new("complex", band_limit), |b| {
            b.iter(|| {
                of_complex.rotate_into(
                    black_box(coeffs.view()),
                    &euler,
                    out.view_mut(),
                    &mut scratch,
                )
            })
        });
        group.bench_function(BenchmarkId::new("complex_with_tables", band_limit), |b| {
            b.iter(|| {
                rotate_coefficients_into(black_box(coeffs.view()), 0.3, 1.1, 2.0, out.view_mut())
            })
        });
        if band_limit == 16 {
            group.bench_function(BenchmarkId::new("naive", band_limit), |b| {
                b.iter(|| naive(black_box(&coeffs), &euler))
            });
        }
    }
    group.finish();
}

fn batch(c: &mut Criterion) {
    let euler = EulerZyz::new(0.3, 1.1, 2.0).expect("finite");
    let mut group = c.benchmark_group("rotate_100");
    group.sample_size(10);
    for band_limit in [16, 64, 256] {
        let coeffs = signals(100, band_limit);
        let mut out = coeffs.clone();
        let rotation = CoefficientRotation::real(band_limit).expect("valid");
        group.throughput(Throughput::Elements(100 * (band_limit * band_limit) as u64));
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool");
            let mut scratch = rotation.make_parallel_scratch();
            let name = format!("real_{threads}_threads");
            group.bench_function(BenchmarkId::new(name, band_limit), |b| {
                b.iter(|| {
                    pool.install(|| {
                        rotation.rotate_into(
                            black_box(coeffs.view()),
                            &euler,
                            out.view_mut(),
                            &mut scratch,
                        )
                    })
                })
            });
        }
        if band_limit == 16 {
            let signals: Vec<_> = coeffs.outer_iter().map(|c| c.to_owned()).collect();
            group.bench_function(BenchmarkId::new("naive", band_limit), |b| {
                b.iter(|| -> Vec<_> {
                    let signals = black_box(&signals).iter();
                    signals.map(|coeffs| naive(coeffs, &euler)).collect()
                })
            });
        }
    }
    group.finish();
}

fn planning(c: &mut Criterion) {
    let mut group = c.benchmark_group("rotate_plan");
    for band_limit in [16, 64, 256] {
        group.bench_function(BenchmarkId::from_parameter(band_limit), |b| {
            b.iter(|| CoefficientRotation::real(black_box(band_limit)))
        });
    }
    group.finish();
}

criterion_group!(benches, rotate, batch, planning);
criterion_main!(benches);
