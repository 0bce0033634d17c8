//! Prediction from n training points: Cholesky (t = ∞) and eigendecomposition (finite t), made and reused.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haarmonic::predict::{GradientFlow, KernelRidge, Kernels, Ridge, RidgePath, Time};
use ndarray::{Array2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TEST: usize = 100;
const RIDGE: Ridge = Ridge::Relative(1e-6);

/// A Laplace-like kernel of random points in the unit cube of ten dimensions, training points first.
fn kernel_and_targets(train: usize) -> (Array2<f64>, Array2<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut points = Array2::zeros((train + TEST, 10));
    points.mapv_inplace(|_: f64| rng.random::<f64>());
    let squares = points.map_axis(Axis(1), |p| p.dot(&p));
    let mut kernel = points.dot(&points.t());
    for ((i, j), k) in kernel.indexed_iter_mut() {
        let distance = (squares[i] + squares[j] - 2.0 * *k).max(0.0).sqrt();
        *k = (-distance).exp();
    }
    let targets = points.select(Axis(1), &[0, 1]);
    (kernel, targets)
}

fn predict(criterion: &mut Criterion) {
    for n in [100, 1000] {
        let (kernel, targets) = kernel_and_targets(n);
        let (train_rows, test_rows) = kernel.view().split_at(Axis(0), n);
        let (train_train, _) = train_rows.split_at(Axis(1), n);
        let (test_train, test_test) = test_rows.split_at(Axis(1), n);
        let (y, _) = targets.view().split_at(Axis(0), n);

        let mut group = criterion.benchmark_group("predict");
        group
            .sample_size(10)
            .throughput(Throughput::Elements((n * n) as u64));

        group.bench_function(BenchmarkId::new("cholesky_fit", n), |b| {
            b.iter(|| {
                KernelRidge::fit(black_box(train_train), y, RIDGE).expect("positive definite")
            });
        });
        let model = KernelRidge::fit(train_train, y, RIDGE).expect("positive definite");
        group.bench_function(BenchmarkId::new("cholesky_predict", n), |b| {
            b.iter(|| model.predict(black_box(test_train)).expect("valid input"));
        });
        group.bench_function(BenchmarkId::new("eigen_fit", n), |b| {
            b.iter(|| RidgePath::fit(black_box(train_train), y).expect("positive semi-definite"));
        });
        let path = RidgePath::fit(train_train, y).expect("positive semi-definite");
        group.bench_function(BenchmarkId::new("eigen_one_more_ridge", n), |b| {
            b.iter(|| {
                path.predict(black_box(test_train), &[RIDGE])
                    .expect("positive definite")
            });
        });

        let flow = GradientFlow::fit(Kernels::ntk(train_train, train_train), y, RIDGE)
            .expect("valid input");
        let test = Kernels::ntk(test_train, test_train);
        for (name, time) in [
            ("flow_converged", Time::Infinite),
            ("flow_finite_time", Time::Finite(1e3)),
        ] {
            flow.predict(test, test_test, time).expect("valid input"); // decompose once
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter(|| {
                    flow.predict(black_box(test), test_test, time)
                        .expect("valid input")
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, predict);
criterion_main!(benches);
