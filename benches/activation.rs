//! Activation expectations over slices: nanoseconds a point, beside a plain scalar loop.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::activation::Real;
use haarmonic::activation::{Activation, Elementwise, Variance};
use std::f64::consts::PI;
use std::hint::black_box;
use std::time::Duration;

const Q1: f64 = 1.3;
const Q2: f64 = 0.8;

/// Correlations spread over [-1, 1] in an order without pattern.
fn covariances(points: usize) -> Vec<f64> {
    let scale = (Q1 * Q2).sqrt();
    (0..points)
        .map(|i| scale * (2.0 * (i as f64 * 0.618_033_988_749_894_9).fract() - 1.0))
        .collect()
}

fn naive_erf(k: &mut [f64], t: &mut [f64]) {
    for (k, t) in k.iter_mut().zip(t) {
        let p = (1.0 + 2.0 * Q1) * (1.0 + 2.0 * Q2);
        *t *= 4.0 / PI / (p - 4.0 * *k * *k).sqrt();
        *k = 2.0 / PI * (2.0 * *k / p.sqrt()).asin();
    }
}

fn naive_relu(k: &mut [f64], t: &mut [f64]) {
    for (k, t) in k.iter_mut().zip(t) {
        let s = (Q1 * Q2).sqrt();
        let angle = (*k / s).clamp(-1.0, 1.0).acos();
        *k = s * (angle.sin() + (PI - angle) * angle.cos()) / (2.0 * PI);
        *t *= (PI - angle) / (2.0 * PI);
    }
}

fn naive_gelu(k: &mut [f64], t: &mut [f64]) {
    for (k, t) in k.iter_mut().zip(t) {
        let (s, p) = (Q1 * Q2, (1.0 + Q1) * (1.0 + Q2));
        let d2 = p - *k * *k;
        let d = d2.sqrt();
        let angle = k.atan2(d);
        *t *= 0.25 + (angle + *k / d * (1.0 / d2 + (1.0 - s) / p + 1.0)) / (2.0 * PI);
        *k = 0.25 * *k + ((*k * *k + s * d2) / (p * d) + *k * angle) / (2.0 * PI);
    }
}

type Naive = fn(&mut [f64], &mut [f64]);

fn bench(criterion: &mut Criterion) {
    let elementwise = Elementwise::new("tanh", 64, f64::tanh, |x| 1.0 / x.cosh().powi(2))
        .expect("64 nodes are allowed");
    let cases: [(Activation, Option<Naive>); 15] = [
        (Activation::Erf, Some(naive_erf)),
        (Activation::Relu, Some(naive_relu)),
        (Activation::Gelu, Some(naive_gelu)),
        (Activation::LeakyRelu { slope: 0.1 }, None),
        (Activation::Abs, None),
        (Activation::Sin, None),
        (Activation::Cos, None),
        (Activation::Exp, None),
        (Activation::Gaussian, None),
        (Activation::Sign, None),
        (Activation::SigmoidLike, None),
        (Activation::Monomial { degree: 3 }, None),
        (Activation::RectifiedMonomial { degree: 2 }, None),
        (Activation::Hermite { degree: 4 }, None),
        (Activation::Elementwise(elementwise), None),
    ];
    for (activation, naive) in &cases {
        let mut group = criterion.benchmark_group(activation.to_string());
        group
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600))
            .sample_size(20);
        for points in [726, 6348] {
            let start = covariances(points);
            let (mut k, mut t) = (start.clone(), start.clone());
            group.throughput(Throughput::Elements(points as u64));
            let (q1, q2) = (Variance::Constant(Q1), Variance::Constant(Q2));
            // Every iteration starts from the same covariances; the copy costs about 0.1 ns a point.
            group.bench_function(BenchmarkId::new("nngp", points), |b| {
                b.iter(|| {
                    k.copy_from_slice(black_box(&start));
                    activation.apply(q1, q2, black_box(&mut k), None)
                });
            });
            group.bench_function(BenchmarkId::new("nngp+ntk", points), |b| {
                b.iter(|| {
                    k.copy_from_slice(black_box(&start));
                    t.copy_from_slice(black_box(&start));
                    activation.apply(q1, q2, black_box(&mut k), Some(black_box(&mut t)))
                });
            });
            let field = vec![Q2; points];
            group.bench_function(BenchmarkId::new("nngp+ntk, variance field", points), |b| {
                b.iter(|| {
                    k.copy_from_slice(black_box(&start));
                    t.copy_from_slice(black_box(&start));
                    let q2 = Variance::Field(black_box(&field));
                    activation.apply(q1, q2, black_box(&mut k), Some(black_box(&mut t)))
                });
            });
            if let Some(naive) = naive {
                group.bench_function(BenchmarkId::new("nngp+ntk, naive", points), |b| {
                    b.iter(|| {
                        k.copy_from_slice(black_box(&start));
                        t.copy_from_slice(black_box(&start));
                        naive(black_box(&mut k), black_box(&mut t));
                    });
                });
            }
        }
        group.finish();
    }
}

/// Two fields of variances, prepared and not; the covariances and tangent kernels start afresh.
fn bench_fields<T: Real>(criterion: &mut Criterion, precision: &str) {
    for activation in [Activation::Relu, Activation::Erf, Activation::Gelu] {
        let mut group = criterion.benchmark_group(format!("{activation}, two fields, {precision}"));
        group
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600))
            .sample_size(20);
        for points in [64, 256, 1024] {
            let start: Vec<T> = covariances(points).into_iter().map(T::of).collect();
            let (mut k, mut t) = (start.clone(), start.clone());
            let field = |q: f64| -> Vec<T> {
                (0..points)
                    .map(|i| T::of(q * (1.0 + 1e-3 * i as f64)))
                    .collect()
            };
            let (q1, q2) = (field(Q1), field(Q2));
            group.throughput(Throughput::Elements(points as u64));
            group.bench_function(BenchmarkId::new("apply", points), |b| {
                b.iter(|| {
                    k.copy_from_slice(black_box(&start));
                    t.copy_from_slice(black_box(&start));
                    let (q1, q2) = (Variance::Field(black_box(&q1)), Variance::Field(&q2));
                    activation.apply(q1, q2, black_box(&mut k), Some(black_box(&mut t)))
                });
            });
            let (p1, p2) = (
                activation.prepare(&q1).expect("these are variances"),
                activation.prepare(&q2).expect("these are variances"),
            );
            group.bench_function(BenchmarkId::new("apply_prepared", points), |b| {
                b.iter(|| {
                    k.copy_from_slice(black_box(&start));
                    t.copy_from_slice(black_box(&start));
                    let (v1, v2) = (black_box(&p1).view(), p2.view());
                    activation.apply_prepared(v1, v2, black_box(&mut k), black_box(&mut t))
                });
            });
        }
        group.finish();
    }
}

fn fields(criterion: &mut Criterion) {
    bench_fields::<f64>(criterion, "f64");
    bench_fields::<f32>(criterion, "f32");
}

criterion_group!(benches, bench, fields);
criterion_main!(benches);
