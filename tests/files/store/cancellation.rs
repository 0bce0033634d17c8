//! Kernel matrices that are ended early: nothing is returned, finished tiles stay, and a later run gives the same bits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use haarmonic::activation::Activation;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{
    AugmentedKernel, Kernel, KernelMatrices, Pairing, Precision, SetKernel, SignalSet,
    Transformation,
};
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::selection::HyperparameterSelection;
use haarmonic::predict::{Criterion, KernelKind};
use haarmonic::progress::Progress;
use haarmonic::store::{KernelStore, StoreOptions};
use haarmonic::{Error, Result};
use ndarray::{Array2, Array4};

/// A listener that ends the computation at its k-th call, and counts all calls.
fn break_at(call: usize) -> (Progress, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let progress = move |done: usize, total: usize| {
        assert!(0 < done && done <= total);
        match counted.fetch_add(1, Ordering::SeqCst) + 1 >= call {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    (Arc::new(progress), calls)
}

fn perceptron() -> Network {
    Network::vector(3)
        .dense(Init::new(1.2, 0.1))
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
        .unwrap()
}

fn vectors(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 3), |(i, j)| (1.7 * i as f64 + 0.6 * j as f64).sin())
}

fn image_network() -> Network {
    Network::plane(4, 4, 1)
        .lifting(
            PointGroup::C1,
            Filter::window(3, Padding::Same),
            Init::default(),
        )
        .activation(Activation::Erf)
        .group_pooling()
        .build()
        .unwrap()
}

fn images(n: usize) -> Array4<f64> {
    Array4::from_shape_fn((n, 4, 4, 1), |(n, y, x, _)| {
        (0.9 * n as f64 + 0.4 * y as f64 - 0.7 * x as f64).cos()
    })
}

fn is_cancelled<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::Cancelled { .. }))
}

#[test]
fn every_matrix_ends_at_the_first_break() {
    let x = vectors(40);
    let pool = |threads| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().unwrap()
    };
    // One thread: no block is begun after the k-th.
    pool(1).install(|| {
        for call in [1, 3] {
            let (progress, calls) = break_at(call);
            let kernel = Kernel::new(&perceptron()).unwrap().with_progress(progress);
            assert!(is_cancelled(kernel.gram(x.view())));
            assert_eq!(calls.load(Ordering::SeqCst), call);
        }
    });
    pool(3).install(|| {
        let (progress, calls) = break_at(2);
        let kernel = Kernel::new(&perceptron()).unwrap().with_progress(progress);
        assert!(is_cancelled(kernel.cross(x.view(), vectors(30).view())));
        assert!(calls.load(Ordering::SeqCst) <= 4);

        let signals = kernel.prepare(x.view()).unwrap();
        let sets: Vec<_> = (0..10)
            .map(|set| SignalSet {
                first: 4 * set,
                labels: vec![1; 4],
            })
            .collect();
        assert!(is_cancelled(SetKernel::new(kernel).gram(
            &signals,
            &sets,
            &[Pairing::All]
        )));

        let (progress, _) = break_at(1);
        let kernel = Kernel::new(&image_network())
            .unwrap()
            .with_precision(Precision::Single)
            .unwrap()
            .with_progress(progress);
        let turns = Transformation::point_group(PointGroup::C2);
        let augmented = AugmentedKernel::over_subset(kernel, turns).unwrap();
        assert!(is_cancelled(augmented.gram(images(3).view())));
    });
}

#[test]
fn a_block_of_slow_pairs_is_ended_in_its_middle() {
    let filter = || Filter::window(3, Padding::Same);
    let network = Network::plane(28, 28, 1)
        .lifting(PointGroup::C1, filter(), Init::default())
        .activation(Activation::Erf)
        .group_convolution(filter(), Init::default())
        .group_pooling()
        .build()
        .unwrap();
    let images = Array4::from_shape_fn((40, 28, 28, 1), |(n, y, x, _)| {
        (0.9 * n as f64 + 0.4 * y as f64 - 0.7 * x as f64).cos()
    });
    let seen = Arc::new(AtomicUsize::new(usize::MAX));
    let first = Arc::clone(&seen);
    let progress = move |done: usize, _: usize| {
        first.store(done, Ordering::SeqCst);
        ControlFlow::Break(())
    };
    let kernel = Kernel::new(&network)
        .unwrap()
        .with_progress(Arc::new(progress));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(|| {
        assert!(is_cancelled(kernel.gram(images.view())));
    });
    // No block was done: the listener was asked while the first was computed.
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[test]
fn a_choice_of_scales_ends_with_its_kernels() {
    let x = vectors(6);
    let (progress, calls) = break_at(2);
    let kernels = |network: &Network| -> Result<KernelMatrices> {
        let kernel = Kernel::new(network)?.with_progress(Arc::clone(&progress));
        kernel.gram(x.view())
    };
    let search = HyperparameterSelection::new(Criterion::MarginalLikelihood, KernelKind::Nngp);
    let y = x.map(|x| x * x);
    assert!(is_cancelled(search.fit(&perceptron(), y.view(), kernels)));
    assert!(calls.load(Ordering::SeqCst) >= 2);
}

#[test]
fn a_store_keeps_its_tiles_and_is_completed_later() {
    let kernel = Kernel::new(&perceptron()).unwrap();
    let x = vectors(20);
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        side: Some(5),
        ..StoreOptions::default()
    };
    let open = |name: &str| {
        let path = folder.path().join(name);
        KernelStore::open(path, &kernel, x.view(), options).unwrap()
    };
    open("whole").complete(None).unwrap();
    let whole = open("whole").read().unwrap();

    let store = open("parts");
    // Ends after some tiles: a tile is reported block by block, and once more when it is on the disk.
    let (progress, _) = break_at(30);
    assert!(is_cancelled(store.complete(Some(progress))));
    let missing = store.read().unwrap_err();
    assert!(matches!(missing, Error::Missing { .. }), "{missing}");
    let report = open("parts").complete(None).unwrap();
    assert!(report.found > 0 && report.computed > 0, "{report:?}");
    assert_eq!(report.found + report.computed, store.tile_count());
    let parts = store.read().unwrap();
    assert_eq!((parts.nngp, parts.ntk), (whole.nngp, whole.ntk));
}
