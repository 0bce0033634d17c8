//! Kernel ridge regression with 2000 training points: Cholesky, conjugate gradients, Nyström.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use haarmonic::predict::{
    ConjugateGradient, KernelMatrix, KernelRidge, Nystrom, PivotedCholesky, Preconditioner, Ridge,
};
use ndarray::{Array2, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const POINTS: usize = 2000;
const RANK: usize = 200;
const RIDGE: Ridge = Ridge::Relative(1e-4);

/// exp(−|x − x'|²) from the scalar product and both squares.
fn gaussian(product: f64, a: f64, b: f64) -> f64 {
    (2.0 * product - a - b).min(0.0).exp()
}

fn solvers(criterion: &mut Criterion) {
    // Random points in the cube [0, 2)⁴, two smooth targets with a little noise.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let points = Array2::from_shape_simple_fn((POINTS, 4), || 2.0 * rng.random::<f64>());
    let squares = points.map_axis(Axis(1), |p| p.dot(&p));
    let mut kernel = points.dot(&points.t());
    for ((i, j), k) in kernel.indexed_iter_mut() {
        *k = gaussian(*k, squares[i], squares[j]);
    }
    let targets = Array2::from_shape_fn((POINTS, 2), |(i, c)| {
        (points[[i, c]] * points[[i, c + 1]]).sin() + 0.01 * (rng.random::<f64>() - 0.5)
    });
    let rows = KernelMatrix::new(kernel.view()).expect("a kernel");
    let factor = PivotedCholesky::new(&rows, RANK, 0.0).expect("a kernel");
    let preconditioner = Preconditioner::new(&factor).expect("converges");
    let solver = ConjugateGradient {
        tolerance: 1e-8,
        max_iterations: 5000,
    };

    // Steps and errors, which do not depend on the machine.
    let dense = KernelRidge::fit(kernel.view(), targets.view(), RIDGE).expect("positive definite");
    let on_train = dense.predict(kernel.view()).expect("valid input");
    let error = |found: &Array2<f64>| (found - &on_train).fold(0.0_f64, |m, e| m.max(e.abs()));
    let deep = PivotedCholesky::new(&rows, 4 * RANK, 0.0).expect("a kernel");
    let deep = Preconditioner::new(&deep).expect("converges");
    let runs = [
        ("plain", None),
        ("rank 200", Some(&preconditioner)),
        ("rank 800", Some(&deep)),
    ];
    for (name, preconditioner) in runs {
        let solved = solver
            .fit(&rows, targets.view(), RIDGE, preconditioner)
            .expect("converges");
        let found = solved.model.predict(kernel.view()).expect("valid input");
        println!(
            "{name}: {} steps, condition {:.1e}, residual {:.1e}, predictions differ by {:.1e}",
            solved.iterations,
            solved.condition,
            solved.residual,
            error(&found)
        );
    }
    for rank in [50, 100, 200, 400, 800] {
        let factor = PivotedCholesky::new(&rows, rank, 0.0).expect("a kernel");
        let model = Nystrom::fit(&factor, targets.view(), RIDGE).expect("positive definite");
        let pivots = kernel.select(Axis(1), factor.pivots());
        let found = model.predict(pivots.view()).expect("valid input");
        let change = (&found - &on_train).column(0).to_owned();
        let [free, sharp] = [model.error_bound(), model.error_bound_with(&rows)]
            .map(|bound| bound.expect("a ridge").on_train()[0] / (POINTS as f64).sqrt());
        println!(
            "Nystrom, rank {rank}: tr S / tr K = {:.1e}, root mean square {:.1e}, bounds {free:.1e} and {sharp:.1e}",
            factor.remainder_trace() / POINTS as f64,
            (change.dot(&change) / POINTS as f64).sqrt(),
        );
    }

    let mut group = criterion.benchmark_group("solvers");
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("cholesky", POINTS), |b| {
        b.iter(|| KernelRidge::fit(black_box(kernel.view()), targets.view(), RIDGE));
    });
    group.bench_function(BenchmarkId::new("nystrom_fit_200", POINTS), |b| {
        b.iter(|| Nystrom::fit(black_box(&factor), targets.view(), RIDGE));
    });
    for (rank, preconditioner) in [(RANK, &preconditioner), (4 * RANK, &deep)] {
        group.bench_function(BenchmarkId::new("preconditioner", rank), |b| {
            b.iter(|| {
                let factor = PivotedCholesky::new(black_box(&rows), rank, 0.0)?;
                Preconditioner::new(&factor)
            });
        });
        group.bench_function(BenchmarkId::new("conjugate_gradients", rank), |b| {
            let preconditioner = Some(preconditioner);
            b.iter(|| solver.fit(black_box(&rows), targets.view(), RIDGE, preconditioner));
        });
    }
    group.bench_function(BenchmarkId::new("conjugate_gradients", 0), |b| {
        b.iter(|| solver.fit(black_box(&rows), targets.view(), RIDGE, None));
    });
    group.finish();
}

criterion_group!(benches, solvers);
criterion_main!(benches);
