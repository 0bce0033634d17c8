//! Derivatives of kernels in their inputs beside the kernels themselves: NTK, one thread.
//!
//! The ratio of the two entries of a group is the cost of a gradient in kernels (docs/distillation.md).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use haarmonic::activation::Activation;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
use haarmonic::network::{Filter, Init, Network, Padding, Quadrature, SphereSampling};
use ndarray::{Array, Array2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn init() -> Init {
    Init::new(2f64.sqrt(), 0.1)
}

/// Random numbers of a shape.
fn random<D: ndarray::Dimension>(
    seed: u64,
    shape: impl ndarray::ShapeBuilder<Dim = D>,
) -> Array<f64, D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0))
}

fn vectors(activation: Activation) -> Network {
    Network::vector(196)
        .dense(init())
        .activation(activation.clone())
        .dense(init())
        .activation(activation)
        .dense(Init::default())
        .build()
        .expect("a valid network")
}

fn images(group: PointGroup) -> Network {
    let filter = || Filter::window(3, Padding::Same);
    Network::plane(14, 14, 1)
        .lifting(group, filter(), init())
        .activation(Activation::Relu)
        .group_convolution(filter(), init())
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
        .expect("a valid network")
}

fn sphere() -> Network {
    Network::sphere(6, SphereSampling::Coefficients, 2)
        .quadrature(Quadrature::BandLimit(12))
        .lifting(init())
        .activation(Activation::Erf)
        .group_convolution(init())
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::default())
        .build()
        .expect("a valid network")
}

/// Coefficients of real signals.
fn coefficients(seed: u64, n: usize) -> ndarray::Array4<Complex64> {
    let values = random(seed, (n, 2, 6, 11));
    ndarray::Array4::from_shape_fn((n, 2, 6, 11), |(i, c, l, column)| {
        let m = column as isize - 5;
        if m.unsigned_abs() > l {
            return Complex64::ZERO;
        }
        let (re, im) = (
            values[[i, c, l, 5 + m.unsigned_abs()]],
            values[[i, c, l, 5 - m.unsigned_abs()]],
        );
        let positive = Complex64::new(re, if m == 0 { 0.0 } else { im });
        match m {
            0.. => positive,
            _ if m % 2 == 0 => positive.conj(),
            _ => -positive.conj(),
        }
    })
}

fn gradients(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread");
    let vector = |seed| OwnedSignals::Vectors(random(seed, (100, 196)));
    let image = |seed| OwnedSignals::Grid(random(seed, (3, 14, 14, 1)));
    let signal = |seed| OwnedSignals::Coefficients(coefficients(seed, 4));
    let elu = Activation::Elu { slope: 1.0 };
    for (name, network, [x, y]) in [
        (
            "vectors-relu",
            vectors(Activation::Relu),
            [1, 2].map(vector),
        ),
        ("vectors-erf", vectors(Activation::Erf), [1, 2].map(vector)),
        ("vectors-elu", vectors(elu), [1, 2].map(vector)),
        ("cnn", images(PointGroup::C1), [1, 2].map(image)),
        ("c4", images(PointGroup::C4), [1, 2].map(image)),
        ("sphere", sphere(), [1, 2].map(signal)),
    ] {
        let kernel = Kernel::new(&network).expect("a kernel");
        let [x, y] = [x.view(), y.view()];
        let n = x.len();
        let factors: Array2<f64> = random(3, (n, n));
        let mut group = criterion.benchmark_group(format!("gradient/{name}"));
        group.sample_size(20);
        group.bench_function(BenchmarkId::new("kernel", n), |b| {
            b.iter(|| one.install(|| black_box(kernel.cross(x, y).expect("a matrix"))))
        });
        group.bench_function(BenchmarkId::new("gradient", n), |b| {
            let cotangents = || Cotangents::ntk(factors.view());
            b.iter(|| {
                one.install(|| {
                    black_box(
                        kernel
                            .cross_gradient(x, y, cotangents())
                            .expect("derivatives"),
                    )
                })
            })
        });
        group.finish();
    }
}

criterion_group!(benches, gradients);
criterion_main!(benches);
