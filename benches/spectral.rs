//! Spectra of networks, heat and Matérn kernels, random fields.

use criterion::{Criterion, criterion_group, criterion_main};
use haarmonic::activation::Activation;
use haarmonic::covariance::{Covariance, Family, Space};
use haarmonic::network::{Init, Network};
use haarmonic::spectral::{Spectrum, network_spectra, phases};
use haarmonic::sphere::{RandomField, Sampling, ShtPlanner};
use ndarray::{Array2, Array3};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;

/// Directions (or quaternions) that are uniformly distributed.
fn points(n: usize, coordinates: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    Array2::from_shape_simple_fn((n, coordinates), || StandardNormal.sample(&mut rng))
}

fn spectra(c: &mut Criterion) {
    let mut group = c.benchmark_group("spectrum");
    group.sample_size(20);
    let layer = Init::new(2.0_f64.sqrt(), 0.1);
    let network = Network::vector(3)
        .dense(layer)
        .activation(Activation::Relu)
        .dense(layer)
        .activation(Activation::Relu)
        .dense(layer)
        .build()
        .expect("valid network");
    group.bench_function("relu-depth2/512", |b| {
        b.iter(|| network_spectra(black_box(&network), 512))
    });
    group.bench_function("heat/512", |b| {
        b.iter(|| {
            Spectrum::of_kernel(3, 512, |theta| {
                Ok(theta
                    .iter()
                    .map(|theta| (theta.cos() - 1.0).exp())
                    .collect())
            })
        })
    });
    group.bench_function("phases/erf", |b| {
        b.iter(|| phases(black_box(&Activation::Erf), Init::new(1.5, 0.3)))
    });
    group.finish();
}

fn covariances(c: &mut Criterion) {
    let mut group = c.benchmark_group("covariance");
    group.sample_size(10);
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread");
    for (space, coordinates) in [(Space::Sphere, 3), (Space::Rotations, 4)] {
        for (family, scale) in [(Family::Heat, 0.3), (Family::Matern { nu: 1.5 }, 0.3)] {
            let name = format!("{space}/{family:?}");
            group.bench_function(format!("{name}/tables"), |b| {
                b.iter(|| Covariance::new(black_box(space), family, scale))
            });
            let covariance = Covariance::new(space, family, scale).expect("valid");
            for n in [1000, 5000] {
                let points = points(n, coordinates);
                group.bench_function(format!("{name}/gram/{n}"), |b| {
                    b.iter(|| one.install(|| covariance.gram(points.view())))
                });
            }
        }
    }
    group.finish();
}

/// A field in the time of one synthesis and of the random numbers.
fn fields(c: &mut Criterion) {
    let mut group = c.benchmark_group("random_field");
    group.sample_size(10);
    for limit in [256, 1024] {
        let spectrum: Vec<f64> = (0..limit)
            .map(|l| 1.0 / ((l + 1) * (l + 1)) as f64)
            .collect();
        let field = RandomField::new(&spectrum).expect("valid spectrum");
        let plan = ShtPlanner::new()
            .plan(limit, Sampling::GaussLegendre)
            .expect("valid band limit");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut scratch = plan.make_scratch();
        let [rings, longitudes] = plan.signal_shape();
        let mut maps = Array3::<f64>::zeros((1, rings, longitudes));
        group.bench_function(format!("coefficients/{limit}"), |b| {
            b.iter(|| field.sample(&mut rng))
        });
        let coeffs = field.sample(&mut rng).expect("finite");
        group.bench_function(format!("synthesis/{limit}"), |b| {
            b.iter(|| plan.inverse_into(coeffs.view(), maps.view_mut(), &mut scratch))
        });
    }
    group.finish();
}

criterion_group!(benches, spectra, covariances, fields);
criterion_main!(benches);
