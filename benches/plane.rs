//! Kernels of pairs of images: convolution 3 × 3, relu, …, pooling, dense; NNGP and NTK, one thread.
//!
//! The naive twin keeps both kernels of every pixel with every other, as an array of H⁴ numbers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::activation::{Activation, Variance};
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, Precision};
use haarmonic::network::{Filter, Init, Network, Padding};
use ndarray::Array4;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn images(n: usize, edge: usize, channels: usize) -> Array4<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(29);
    Array4::from_shape_fn((n, edge, edge, channels), |_| rng.random_range(-1.0..1.0))
}

fn network(
    edge: usize,
    channels: usize,
    group: PointGroup,
    padding: Padding,
    depth: usize,
    activation: &Activation,
) -> Network {
    let init = Init::new(2f64.sqrt(), 0.1);
    let filter = || Filter::window(3, padding);
    let mut features = Network::plane(edge, edge, channels)
        .lifting(group, filter(), init)
        .activation(activation.clone());
    for _ in 1..depth {
        features = features
            .group_convolution(filter(), init)
            .activation(activation.clone());
    }
    features
        .group_pooling()
        .dense(init)
        .build()
        .expect("a valid network")
}

fn one_thread() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread")
}

/// Kernels between two images and two others, four pairs.
fn pairs(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    id: BenchmarkId,
    network: &Network,
    precision: Precision,
    (edge, channels): (usize, usize),
) {
    let one = one_thread();
    let kernel = Kernel::new(network)
        .and_then(|kernel| kernel.with_precision(precision))
        .expect("a valid network");
    // Single precision computes eight pairs again; of many that is a smaller part.
    let n = if precision == Precision::Single { 6 } else { 2 };
    let x = kernel
        .prepare(images(n, edge, channels).view())
        .expect("images");
    let y = kernel
        .prepare(images(2 * n, edge, channels).view())
        .expect("images");
    group.throughput(Throughput::Elements(2 * (n * n) as u64));
    group.bench_function(id, |b| {
        b.iter(|| one.install(|| kernel.cross_prepared(black_box(&x), &y)))
    });
}

fn groups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plane/pair-32x32x3-valid");
    group.sample_size(10);
    for point_group in [PointGroup::C1, PointGroup::C4, PointGroup::D4] {
        for activation in [Activation::Relu, Activation::Erf] {
            let network = network(32, 3, point_group, Padding::Valid, 2, &activation);
            let id = BenchmarkId::new(format!("{point_group}-f64"), &activation);
            pairs(&mut group, id, &network, Precision::Double, (32, 3));
        }
    }
    let network = network(32, 3, PointGroup::C1, Padding::Valid, 2, &Activation::Relu);
    let id = BenchmarkId::new("C1-f32", Activation::Relu);
    pairs(&mut group, id, &network, Precision::Single, (32, 3));
    group.finish();
}

/// How the cost grows with one number while the others stay.
fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plane/growth-C1-same");
    group.sample_size(10);
    for (edge, depth, channels) in [
        (8, 2, 3),
        (16, 2, 3),
        (32, 2, 3),
        (64, 2, 3),
        (32, 1, 3),
        (32, 4, 3),
        (32, 8, 3),
        (32, 2, 1),
        (32, 2, 16),
        (32, 2, 64),
    ] {
        let network = network(
            edge,
            channels,
            PointGroup::C1,
            Padding::Same,
            depth,
            &Activation::Relu,
        );
        let id = BenchmarkId::from_parameter(format!("H{edge}-depth{depth}-c{channels}"));
        pairs(
            &mut group,
            id,
            &network,
            Precision::Double,
            (edge, channels),
        );
    }
    group.finish();
}

fn deep(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plane/deep-21-same-32x32x3");
    group.sample_size(10);
    let network = network(32, 3, PointGroup::C1, Padding::Same, 21, &Activation::Relu);
    for (name, precision) in [("f64", Precision::Double), ("f32", Precision::Single)] {
        let id = BenchmarkId::from_parameter(name);
        pairs(&mut group, id, &network, precision, (32, 3));
    }
    group.finish();
}

fn matrices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plane/gram-100-16x16x3-valid-C4");
    group.sample_size(10);
    group.throughput(Throughput::Elements(100 * 101 / 2));
    let network = network(16, 3, PointGroup::C4, Padding::Valid, 2, &Activation::Relu);
    let kernel = Kernel::new(&network).expect("a valid network");
    let x = kernel.prepare(images(100, 16, 3).view()).expect("images");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        group.bench_function(BenchmarkId::new("threads", threads), |b| {
            b.iter(|| pool.install(|| kernel.gram_prepared(black_box(&x))))
        });
    }
    group.finish();
}

/// Both kernels of every pixel of a feature with every pixel of another, `[y, x, y', x']`.
struct Naive {
    edge: usize,
    nngp: Vec<f64>,
    ntk: Vec<f64>,
}

impl Naive {
    fn lift(a: &Array4<f64>, i: usize, j: usize) -> Self {
        let (_, edge, _, channels) = a.dim();
        let mut nngp = Vec::new();
        for t in 0..edge * edge {
            for s in 0..edge * edge {
                let product =
                    |c: usize| a[[i, t / edge, t % edge, c]] * a[[j, s / edge, s % edge, c]];
                nngp.push((0..channels).map(product).sum::<f64>() / channels as f64);
            }
        }
        Naive {
            edge,
            ntk: vec![0.0; nngp.len()],
            nngp,
        }
    }

    fn convolve(&mut self, first: bool) {
        let old = self.edge;
        let edge = old - 2;
        let window = |values: &[f64]| {
            let mut out = Vec::with_capacity(edge.pow(4));
            for t in 0..edge * edge {
                for s in 0..edge * edge {
                    let mut sum = 0.0;
                    for u in 0..9 {
                        let shifted = |p: usize| (p / edge + u / 3) * old + p % edge + u % 3;
                        sum += values[shifted(t) * old * old + shifted(s)];
                    }
                    out.push(2.0 * sum / 9.0);
                }
            }
            out
        };
        let nngp: Vec<f64> = window(&self.nngp).iter().map(|k| k + 0.01).collect();
        let ntk = window(&self.ntk);
        self.ntk = nngp
            .iter()
            .zip(ntk)
            .map(|(k, t)| if first { *k } else { k + t })
            .collect();
        self.nngp = nngp;
        self.edge = edge;
    }

    fn variances(&self) -> Vec<f64> {
        let n = self.edge * self.edge;
        (0..n).map(|t| self.nngp[t * n + t]).collect()
    }

    fn activate(&mut self, q1: &[f64], q2: &[f64]) {
        let n = q2.len();
        let rows = self.nngp.chunks_mut(n).zip(self.ntk.chunks_mut(n));
        for ((nngp, ntk), &q) in rows.zip(q1) {
            Activation::Relu
                .apply(Variance::Constant(q), Variance::Field(q2), nngp, Some(ntk))
                .expect("a covariance");
        }
    }
}

fn naive_pair(x: &Array4<f64>) -> f64 {
    let [mut own, mut other, mut pair] =
        [(0, 0), (1, 1), (0, 1)].map(|(i, j)| Naive::lift(x, i, j));
    for layer in 0..2 {
        for state in [&mut own, &mut other, &mut pair] {
            state.convolve(layer == 0);
        }
        let (q1, q2) = (own.variances(), other.variances());
        own.activate(&q1, &q1);
        other.activate(&q2, &q2);
        pair.activate(&q1, &q2);
    }
    pair.ntk.iter().sum()
}

fn naive(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plane/naive-C1-valid-c3");
    group.sample_size(10);
    for edge in [8, 16, 32] {
        let x = images(2, edge, 3);
        group.bench_function(BenchmarkId::new("twin", edge), |b| {
            b.iter(|| naive_pair(black_box(&x)))
        });
        let network = network(
            edge,
            3,
            PointGroup::C1,
            Padding::Valid,
            2,
            &Activation::Relu,
        );
        let id = BenchmarkId::new("eight-pairs", edge);
        pairs(&mut group, id, &network, Precision::Double, (edge, 3));
    }
    group.finish();
}

criterion_group!(benches, groups, growth, deep, matrices, naive);
criterion_main!(benches);
