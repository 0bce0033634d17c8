//! Kernels of molecules: one pair, or a matrix of 32 molecules, one thread.
//!
//! The setting of one message on 18 and 19 atoms, and networks with two messages. The count in the name is the band limit of the quadrature. One message and
//! x² are products of features, which pay in matrices. A matrix of 32 molecules has 528 pairs, eight of which are computed once more, with a finer
//! quadrature in double precision, for the estimate of the error.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::kernel::{Kernel, Precision};
use haarmonic::network::{Init, Message, Network, Quadrature};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A chain of carbon and oxygen with hydrogen around it, in the proportions and at the distances of a small organic molecule.
fn molecule(heavy: usize, seed: u64) -> Atoms {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut jitter = || rng.random_range(-0.15..0.15);
    let (mut numbers, mut positions) = (Vec::new(), Vec::new());
    for n in 0..heavy {
        let x = 1.3 * n as f64;
        let z = if n % 2 == 0 { 0.4 } else { -0.4 };
        numbers.push(if n % 5 == 4 { 8 } else { 6 });
        positions.push([x + jitter(), jitter(), z + jitter()]);
        if n % 5 != 4 {
            numbers.push(1);
            positions.push([x + jitter(), 0.9 + jitter(), 1.5 * z + jitter()]);
        }
    }
    Atoms::new(numbers, positions).expect("atoms apart")
}

/// One message up to 3.4 Å with degrees up to 3, and a second one along the bonds.
fn network(messages: usize, band_limit: usize, activation: &Activation) -> Network {
    let first = Message::gaussian(3.4, 0.2)
        .fade(1.8)
        .power(3.0, 1.5)
        .charge_exponent(0.5)
        .spectrum(&[0.3, 0.3, 0.2, 0.2]);
    let second = Message::gaussian(2.4, 0.2)
        .fade(1.2)
        .spectrum(&[0.5, 0.5])
        .self_share(0.5);
    let start = Network::molecule(&[1, 6, 8])
        .quadrature(Quadrature::BandLimit(band_limit))
        .message(first, Init::new(1.0, 0.8))
        .normalisation()
        .activation(activation.clone());
    let atoms = match messages {
        1 => start.group_pooling(),
        _ => start
            .message(second, Init::new(1.0, 0.5))
            .normalisation()
            .activation(activation.clone())
            .group_pooling(),
    };
    atoms
        .element_sum()
        .dense(Init::default())
        .build()
        .expect("a valid network")
}

fn pairs(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread");
    let mut group = criterion.benchmark_group("message");
    group.sample_size(20);
    let square = Activation::Hermite { degree: 2 };
    let [a, b] = [molecule(10, 1), molecule(11, 2)];
    for (name, messages, band_limit, activation) in [
        ("one-cubic/6", 1, 6, &Activation::Hermite { degree: 3 }),
        ("two/4", 2, 4, &square),
        ("two/5", 2, 5, &square),
        ("two-relu/5", 2, 5, &Activation::Relu),
    ] {
        let kernel = Kernel::new(&network(messages, band_limit, activation)).expect("a kernel");
        let prepare = |atoms: &Atoms| kernel.prepare(std::slice::from_ref(atoms));
        let [rows, columns] = [&a, &b].map(|atoms| prepare(atoms).expect("valid atoms"));
        // A quadrature that is not exact computes a pair once more for its error.
        group.bench_function(name, |bencher| {
            one.install(|| bencher.iter(|| kernel.cross_prepared(black_box(&rows), &columns)));
        });
    }
    let kernel = Kernel::new(&network(1, 4, &square)).expect("a kernel");
    let many: Vec<Atoms> = (0..32).map(|n| molecule(10, n)).collect();
    let prepared = kernel.prepare(&many[..]).expect("valid atoms");
    group.bench_function("one-matrix", |bencher| {
        one.install(|| bencher.iter(|| kernel.gram_prepared(black_box(&prepared))));
    });
    for (name, activation, precision) in [
        ("two-matrix/4", &square, Precision::Double),
        ("two-matrix-single/4", &square, Precision::Single),
        ("two-relu-matrix/4", &Activation::Relu, Precision::Double),
        (
            "two-relu-matrix-single/4",
            &Activation::Relu,
            Precision::Single,
        ),
    ] {
        let kernel = Kernel::new(&network(2, 4, activation)).expect("a kernel");
        let kernel = kernel.with_precision(precision).expect("a molecule");
        let prepared = kernel.prepare(&many[..]).expect("valid atoms");
        group.bench_function(name, |bencher| {
            one.install(|| bencher.iter(|| kernel.gram_prepared(black_box(&prepared))));
        });
    }
    group.finish();
}

criterion_group!(benches, pairs);
criterion_main!(benches);
