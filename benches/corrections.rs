//! Bias and spread of kernels at finite width: time per pair of vectors, beside the kernel of infinite width.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::activation::{Activation, Elementwise};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use ndarray::Array2;

const INPUTS: usize = 64;
const DIMENSION: usize = 16;

/// Inputs without pattern.
fn inputs(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, DIMENSION), |(i, j)| {
        let phase = (i * DIMENSION + j) as f64 * 0.618_033_988_749_894_9;
        3.0 * (phase.fract() - 0.5)
    })
}

fn bench(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread");
    let tanh = Elementwise::new("tanh", 64, f64::tanh, |x| 1.0 / x.cosh().powi(2))
        .expect("64 nodes are allowed");
    let init = Init::new(1.3, 0.2);
    let mut group = criterion.benchmark_group("corrections");
    group
        .measurement_time(Duration::from_secs(3))
        .sample_size(10);
    for activation in [
        Activation::Erf,
        Activation::Relu,
        Activation::Elementwise(tanh),
    ] {
        for hidden in [1, 3] {
            let mut network = Network::vector(DIMENSION).dense(init);
            for _ in 0..hidden {
                network = network.activation(activation.clone()).dense(init);
            }
            let kernel = Kernel::new(&network.build().expect("a network")).expect("a kernel");
            let at_width = kernel.at_width(&vec![64; hidden]).expect("widths");
            let x = inputs(INPUTS);
            let pairs = (INPUTS * (INPUTS + 1) / 2) as u64;
            group.throughput(Throughput::Elements(pairs * hidden as u64));
            let name = |what: &str| format!("{what}/{activation}");
            group.bench_function(BenchmarkId::new(name("at width"), hidden), |bencher| {
                one.install(|| bencher.iter(|| at_width.gram(black_box(x.view()))));
            });
            group.bench_function(BenchmarkId::new(name("limit"), hidden), |bencher| {
                one.install(|| bencher.iter(|| kernel.gram(black_box(x.view()))));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
