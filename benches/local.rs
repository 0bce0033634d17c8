//! Kernels with local filters on the sphere: one pair, one thread.
//!
//! lift (cap), relu, conv (cap), relu, pool, dense; two channels. The cost against the band limit and the
//! tolerance, between two signals and of a signal with itself.

#[path = "../tests/common/signals.rs"]
mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Quadrature, SphereSampling};
use ndarray::Array4;
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn signals(n: usize, band_limit: usize) -> Array4<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    common::random_signals(&mut rng, [n, 2, band_limit], 1)
}

fn network(band_limit: usize, quadrature: Quadrature, activation: Activation) -> Network {
    let init = Init::new(1.3, 0.2);
    Network::sphere(band_limit, SphereSampling::Coefficients, 2)
        .quadrature(quadrature)
        .lifting_with(Filter::cap(0.9), init)
        .activation(activation.clone())
        .group_convolution_with(Filter::cap(0.7), init)
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
    let mut group = criterion.benchmark_group("local/pair");
    group.sample_size(10);
    let mut cases = Vec::new();
    for (name, activation) in [("erf", Activation::Erf), ("relu", Activation::Relu)] {
        for band_limit in [4, 6, 8, 12, 16] {
            for tolerance in [1e-3, 1e-4, 1e-6] {
                if band_limit > 6 && tolerance < 1e-3 {
                    continue;
                }
                cases.push((name, activation.clone(), band_limit, tolerance));
            }
        }
    }
    for (name, activation, band_limit, tolerance) in cases {
        let network = network(
            band_limit,
            Quadrature::Tolerance(tolerance),
            activation.clone(),
        );
        let kernel = Kernel::new(&network).expect("a valid network");
        let all = signals(2, band_limit);
        let (x, y) = all.view().split_at(ndarray::Axis(0), 1);
        let x = kernel.prepare(x).expect("signals");
        let y = kernel.prepare(y).expect("signals");
        let run = || one.install(|| kernel.cross_prepared(&x, &y).expect("finite kernels"));
        let other = run();
        println!(
            "{name} L = {band_limit}, tolerance {tolerance:e}: {} {}, estimated error {:?}",
            other.nngp[[0, 0]],
            other.ntk[[0, 0]],
            other.error.largest()
        );
        let id = BenchmarkId::new(format!("{name}/{tolerance:e}"), band_limit);
        group.bench_function(id, |bencher| bencher.iter(|| black_box(run())));
        if tolerance < 1e-5 || band_limit > 6 {
            continue;
        }
        let own = || one.install(|| kernel.gram_prepared(&x).expect("finite kernels"));
        let id = BenchmarkId::new(format!("{name}/{tolerance:e}/with itself"), band_limit);
        group.bench_function(id, |bencher| bencher.iter(|| black_box(own())));
    }
    group.finish();
}

criterion_group!(benches, pairs);
criterion_main!(benches);
