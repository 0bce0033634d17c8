//! Kernel regression on many points, each step timed once: matrix, Cholesky, prediction; conjugate gradients beyond.
//!
//!     cargo bench --features store --bench large                        # n = 2000, a check that it runs
//!     cargo bench --features store --bench large -- 10000               # against benches/large_peer.py 10000
//!     cargo bench --features store --bench large -- 50000 --iterative   # rows computed anew for each product
//!     cargo bench --features store --bench large -- 50000 --store DIR   # tiles in a folder
//!     cargo bench --features store --bench large -- 50000 --store DIR --rank 500
//!
//! An MLP with two hidden layers of ReLU on 20 random features, ten smooth targets with a little noise, ridge 1e-2, NTK; 1000
//! test points.

use std::time::Instant;

use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::predict::metrics::rmse;
use haarmonic::predict::{
    ConjugateGradient, KernelFunction, KernelKind, KernelRidge, KernelRows, PivotedCholesky,
    Preconditioner, Ridge,
};
use haarmonic::store::{KernelStore, StoreOptions};
use ndarray::{Array1, Array2, Axis, Slice};
use peak_alloc::PeakAlloc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const FEATURES: usize = 20;
const OUTPUTS: usize = 10;
const TEST: usize = 1000;
const RIDGE: Ridge = Ridge::Relative(1e-2);
/// Of the preconditioner, unless stated.
const RANK: usize = 200;

fn points(rng: &mut ChaCha8Rng, n: usize) -> Array2<f64> {
    Array2::from_shape_simple_fn((n, FEATURES), || rng.random_range(-1.0..1.0))
}

fn targets(x: &Array2<f64>, rng: &mut ChaCha8Rng, noise: f64) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), OUTPUTS), |(i, c)| {
        let smooth = (2.0 * x[[i, c]]).sin() + x[[i, c + 1]] * x[[i, c + 2]];
        smooth + noise * rng.random_range(-1.0..1.0)
    })
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    MEMORY.reset_peak_usage();
    let start = Instant::now();
    let result = work();
    println!(
        "{what:<40} {:>9.2} s, peak {:>7.0} MB",
        start.elapsed().as_secs_f64(),
        MEMORY.peak_usage_as_mb()
    );
    result
}

fn main() {
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let rank = match arguments.iter().position(|a| a == "--rank") {
        Some(at) => {
            let rank = arguments.drain(at..).nth(1);
            let rank = rank.and_then(|rank| rank.parse().ok());
            rank.expect("--rank: expected a number of columns of the factor")
        }
        None => RANK,
    };
    let n = arguments
        .first()
        .map_or(2000, |n| n.parse().expect("a number of points"));
    let network = Network::vector(FEATURES)
        .dense(Init::new(1.5, 0.1))
        .activation(Activation::Relu)
        .dense(Init::new(1.5, 0.1))
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
        .expect("a network");
    let kernel = Kernel::new(&network).expect("a kernel");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (x, z) = (points(&mut rng, n), points(&mut rng, TEST));
    let y = targets(&x, &mut rng, 0.1);
    let truth = targets(&z, &mut rng, 0.0);
    println!("n = {n}, {} threads", rayon_threads());
    let cross = || kernel.cross(z.view(), x.view()).expect("kernels").ntk;
    let model = match arguments.get(1).map(String::as_str) {
        None => {
            let gram = timed("nngp and ntk, n x n", || {
                kernel.gram(x.view()).expect("kernels")
            });
            let ntk = gram.ntk;
            drop(gram.nngp);
            timed("Cholesky and solve", || {
                KernelRidge::fit(ntk.view(), y.view(), RIDGE).expect("positive definite")
            })
        }
        Some("--store") => {
            let folder = arguments.get(2).expect("a folder");
            let store = KernelStore::open(folder, &kernel, x.view(), StoreOptions::default())
                .expect("a store");
            timed("nngp and ntk, tiles to the disk", || {
                store.complete(None).expect("kernels")
            });
            iterate(
                &store.rows(KernelKind::Ntk).expect("one set of signals"),
                &y,
                rank,
            )
        }
        Some("--iterative") => {
            let prepared = kernel.prepare(x.view()).expect("vectors");
            let diagonal: Array1<f64> = (0..n)
                .map(|i| {
                    kernel
                        .gram(x.slice_axis(Axis(0), Slice::from(i..i + 1)))
                        .expect("kernels")
                        .ntk[[0, 0]]
                })
                .collect();
            let rows = KernelFunction::new(
                diagonal,
                |rows, mut out: ndarray::ArrayViewMut2<'_, f64>| {
                    let some = kernel.prepare(x.slice_axis(Axis(0), Slice::from(rows)))?;
                    out.assign(&kernel.cross_prepared(&some, &prepared)?.ntk);
                    Ok(())
                },
            );
            iterate(&rows.expect("a diagonal"), &y, rank)
        }
        Some(other) => panic!("{other}: expected --store DIR or --iterative"),
    };
    let test = timed("ntk, 1000 x n", cross);
    let mean = timed("prediction", || {
        model.predict(test.view()).expect("kernels")
    });
    println!(
        "root mean square error {:.4}",
        rmse(mean.view(), truth.view()).expect("numbers")
    );
}

fn iterate(rows: &impl KernelRows, y: &Array2<f64>, rank: usize) -> KernelRidge {
    let factor = timed(&format!("partial Cholesky of rank {rank}"), || {
        PivotedCholesky::new(rows, rank, 0.0).expect("a kernel")
    });
    let preconditioner = Preconditioner::new(&factor).expect("converges");
    let solver = ConjugateGradient {
        tolerance: 1e-4,
        max_iterations: 200,
    };
    let solved = timed("conjugate gradients to 1e-4", || {
        solver
            .fit(rows, y.view(), RIDGE, Some(&preconditioner))
            .expect("converges")
    });
    println!(
        "{} steps, condition {:.1e}, residual {:.1e}",
        solved.iterations, solved.condition, solved.residual
    );
    solved.model
}

fn rayon_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
