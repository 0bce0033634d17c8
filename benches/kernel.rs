//! Kernels of pairs of signals on the sphere, and of matrices of them.
//!
//! lift-erf-conv-erf-pool-dense, NNGP and NTK, two channels, one thread; the first entry of each
//! group is the naive twin: rotate one signal to every node, sum over the grid, recur.

#[path = "../tests/common/signals.rs"]
mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use ndarray::{Array2, Array4};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random real signals with a falling spectrum.
fn signals(n: usize, channels: usize, band_limit: usize) -> Array4<Complex64> {
    common::random_signals(
        &mut ChaCha8Rng::seed_from_u64(5),
        [n, channels, band_limit],
        1,
    )
}

fn network(band_limit: usize, quadrature: usize, activation: Activation) -> Network {
    refined(band_limit, Quadrature::BandLimit(quadrature), activation)
}

fn refined(band_limit: usize, quadrature: Quadrature, activation: Activation) -> Network {
    let init = Init::new(1.3, 0.2);
    Network::sphere(band_limit, SphereSampling::Coefficients, 2)
        .quadrature(quadrature)
        .lifting(init)
        .activation(activation.clone())
        .group_convolution(init)
        .activation(activation)
        .group_pooling()
        .dense(init)
        .build()
        .expect("a valid network")
}

fn pairs(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    let mut group = criterion.benchmark_group("kernel/pair");
    for (band_limit, quadrature, n) in [(6, 6, 64), (6, 12, 32), (16, 32, 8), (32, 48, 4)] {
        for activation in [Activation::Erf, Activation::Relu] {
            let kernel = Kernel::new(&network(band_limit, quadrature, activation.clone()))
                .expect("a valid network");
            let x = kernel
                .prepare(signals(n, 2, band_limit).view())
                .expect("signals");
            let y = kernel
                .prepare(signals(n, 2, band_limit).view())
                .expect("signals");
            group.throughput(Throughput::Elements((n * n) as u64));
            let id = BenchmarkId::new(
                activation.to_string(),
                format!("L{band_limit}-M{quadrature}"),
            );
            group.bench_function(id, |b| {
                b.iter(|| one.install(|| kernel.cross_prepared(black_box(&x), &y)))
            });
        }
    }
    group.finish();
}

/// A signal with itself, where relu has a kink, to a tolerance.
fn kinks(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    let mut group = criterion.benchmark_group("kernel/itself");
    for tolerance in [1e-4, 1e-6, 1e-9] {
        let network = refined(6, Quadrature::Tolerance(tolerance), Activation::Relu);
        let kernel = Kernel::new(&network).expect("a valid network");
        let x = kernel.prepare(signals(1, 2, 6).view()).expect("signals");
        let run = || {
            one.install(|| {
                kernel
                    .gram_prepared(black_box(&x))
                    .expect("accurate kernels")
            })
        };
        println!(
            "relu, tolerance {tolerance:e}: {:?} of {}",
            run().error,
            run().ntk[[0, 0]]
        );
        let id = BenchmarkId::new("relu-L6", format!("{tolerance:e}"));
        group.bench_function(id, |b| b.iter(run));
    }
    group.finish();
}

fn matrices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernel/matrix");
    group.sample_size(10);
    let kernel = Kernel::new(&network(6, 12, Activation::Erf)).expect("a valid network");
    let x = kernel.prepare(signals(200, 2, 6).view()).expect("signals");
    group.throughput(Throughput::Elements(200 * 201 / 2));
    group.bench_function("sphere-200-L6-M12", |b| {
        b.iter(|| kernel.gram_prepared(black_box(&x)))
    });
    let mlp = Network::vector(64)
        .dense(Init::default())
        .activation(Activation::Relu)
        .dense(Init::default())
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
        .expect("a valid network");
    let kernel = Kernel::new(&mlp).expect("a valid network");
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let data = Array2::from_shape_simple_fn((1000, 64), || rng.random_range(-1.0..1.0));
    let x = kernel.prepare(data.view()).expect("signals");
    group.throughput(Throughput::Elements(1000 * 1001 / 2));
    group.bench_function("vector-1000-d64", |b| {
        b.iter(|| kernel.gram_prepared(black_box(&x)))
    });
    group.finish();
}

criterion_group!(benches, pairs, kinks, matrices);
criterion_main!(benches);
