//! Kernel matrices in folders: the same values as in memory, whatever happens to the program and to the files.

use crate::common::signals;
use crate::common::tol::predict as tol;

use approx::assert_abs_diff_eq;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::data::arrays::read_npz_real;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices, Signals};
use haarmonic::network::{Filter, Init, Network, Outputs, Padding, Quadrature, SphereSampling};
use haarmonic::predict::{
    ConjugateGradient, KernelKind, KernelMatrix, KernelRows, PivotedCholesky, Ridge,
};
use haarmonic::store::{KernelStore, StoreOptions};
use ndarray::{Array2, Array4, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn vectors(seed: u64, n: usize) -> Array2<f64> {
    let mut rng = rng(seed);
    Array2::from_shape_simple_fn((n, 5), || rng.random_range(-1.0..1.0))
}

fn perceptron(weight: f64) -> Network {
    Network::vector(5)
        .dense(Init::new(weight, 0.1))
        .activation(Activation::Relu)
        .dense(Init::new(1.3, 0.2))
        .activation(Activation::Erf)
        .dense(Init::default())
        .build()
        .unwrap()
}

fn sphere(quadrature: Quadrature) -> Network {
    Network::sphere(3, SphereSampling::Coefficients, 1)
        .quadrature(quadrature)
        .lifting(Init::default())
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap()
}

fn side(side: usize) -> StoreOptions {
    StoreOptions {
        side: Some(side),
        ..StoreOptions::default()
    }
}

/// Every file of a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Completes a store and compares it with what the kernel says in memory.
fn assert_same<'a>(
    kernel: &'a Kernel,
    rows: impl Into<Signals<'a>>,
    columns: Option<Signals<'a>>,
    tiles: usize,
) {
    let rows = rows.into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (store, want) = match columns {
        None => (
            KernelStore::open(&path, kernel, rows, side(3)).unwrap(),
            kernel.gram(rows).unwrap(),
        ),
        Some(columns) => (
            KernelStore::open_cross(&path, kernel, rows, columns, side(3)).unwrap(),
            kernel.cross(rows, columns).unwrap(),
        ),
    };
    let missing = store.read().unwrap_err();
    assert!(matches!(missing, Error::Missing { .. }), "{missing}");
    let report = store.complete(None).unwrap();
    assert_eq!((report.found, report.computed), (0, tiles));
    assert_eq!(store.tile_count(), tiles);
    let KernelMatrices { nngp, ntk, error } = store.read().unwrap();
    assert_eq!((&nngp, &ntk), (&want.nngp, &want.ntk));
    assert_eq!(store.shape(), [nngp.nrows(), nngp.ncols()]);
    match (&error, &want.error) {
        // Samples differ.
        (KernelError::Sampled { pairs, .. }, KernelError::Sampled { .. }) => {
            assert!(*pairs >= tiles);
        }
        _ => assert_eq!(error, want.error),
    }
    let npz = folder.path().join("kernels.npz");
    let summary = store.write_npz(&npz).unwrap();
    assert_eq!(summary.largest(), error.largest());
    assert_eq!(read_npz_real(&npz, "nngp").unwrap(), nngp.into_dyn());
    assert_eq!(read_npz_real(&npz, "ntk").unwrap(), ntk.into_dyn());
    if let KernelError::Entries { nngp, ntk } = error {
        assert_eq!(read_npz_real(&npz, "nngp_error").unwrap(), nngp.into_dyn());
        assert_eq!(read_npz_real(&npz, "ntk_error").unwrap(), ntk.into_dyn());
    }
}

#[test]
fn tiles_hold_what_the_kernel_says() {
    let kernel = Kernel::new(&perceptron(1.0)).unwrap();
    let (x, y) = (vectors(1, 8), vectors(2, 4));
    assert_same(&kernel, x.view(), None, 6);
    assert_same(&kernel, x.view(), Some(y.view().into()), 6);
    assert_same(&kernel, y.view(), Some(x.view().into()), 6);

    let signals = signals::random_signals(&mut rng(3), [5, 1, 3], 1);
    for quadrature in [Quadrature::Tolerance(1e-6), Quadrature::BandLimit(4)] {
        let kernel = Kernel::new(&sphere(quadrature)).unwrap();
        assert_same(&kernel, signals.view(), None, 3);
        assert_same(&kernel, signals.view(), Some(signals.view().into()), 4);
    }

    let images = Network::plane(4, 4, 1)
        .lifting(
            PointGroup::C4,
            Filter::window(3, Padding::Same),
            Init::default(),
        )
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let mut rng = rng(4);
    let x = Array4::from_shape_simple_fn((4, 4, 4, 1), || rng.random_range(-1.0..1.0));
    assert_same(&Kernel::new(&images).unwrap(), x.view(), None, 3);

    // Several outputs a signal.
    let outputs = Network::sphere(3, SphereSampling::Coefficients, 1)
        .lifting(Init::default())
        .activation(Activation::Erf)
        .outputs(Outputs::rotations(&[[0.0, 0.3, 0.1], [1.0, 1.0, 1.0]]))
        .build()
        .unwrap();
    assert_same(&Kernel::new(&outputs).unwrap(), signals.view(), None, 3);
}

#[test]
fn damaged_tiles_are_computed_again() {
    let kernel = Kernel::new(&perceptron(1.0)).unwrap();
    let x = vectors(5, 7);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = KernelStore::open(&path, &kernel, x.view(), side(2)).unwrap();
    store.complete(None).unwrap();
    let whole = files(&path);
    let tiles: Vec<&PathBuf> = whole
        .keys()
        .filter(|path| !path.ends_with("manifest.toml"))
        .collect();
    assert_eq!(tiles.len(), 10);
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        bytes
    };
    std::fs::write(tiles[0], flipped(&whole[tiles[0]])).unwrap();
    std::fs::write(tiles[3], &whole[tiles[3]][..50]).unwrap();
    std::fs::write(tiles[4], &whole[tiles[5]]).unwrap();
    std::fs::remove_file(tiles[9]).unwrap();
    assert!(matches!(store.read(), Err(Error::Missing { .. })));
    let report = KernelStore::open(&path, &kernel, x.view(), side(2))
        .unwrap()
        .complete(None)
        .unwrap();
    assert_eq!((report.found, report.computed), (6, 4));
    let damaged: Vec<&PathBuf> = report.damaged.iter().map(|(path, _)| path).collect();
    assert_eq!(damaged, [tiles[0], tiles[3], tiles[4]]);
    assert_eq!(files(&path), whole);
}

#[test]
fn added_signals_change_no_tile() {
    let kernel = Kernel::new(&perceptron(1.0)).unwrap();
    let x = vectors(6, 11);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let first = x.view().split_at(Axis(0), 5).0;
    KernelStore::open(&path, &kernel, first, side(2))
        .unwrap()
        .complete(None)
        .unwrap();
    let before = files(&path);
    // Another size of tile holds for what is new.
    let store = KernelStore::open(&path, &kernel, x.view(), side(4)).unwrap();
    let report = store.complete(None).unwrap();
    // Blocks of 2, 2, 1, 4 and 2 signals.
    assert_eq!((report.found, report.computed), (6, 9));
    let after = files(&path);
    for (name, bytes) in before
        .iter()
        .filter(|(name, _)| !name.ends_with("manifest.toml"))
    {
        assert_eq!(after[name], *bytes);
    }
    assert_eq!(store.read().unwrap(), kernel.gram(x.view()).unwrap());
}

#[test]
fn what_does_not_belong_is_refused_and_nothing_changes() {
    let kernel = Kernel::new(&perceptron(1.0)).unwrap();
    let x = vectors(7, 6);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    KernelStore::open(&path, &kernel, x.view(), side(2))
        .unwrap()
        .complete(None)
        .unwrap();
    let before = files(&path);
    let refused = |result: haarmonic::Result<KernelStore<'_>>, words: &str| {
        let error = result.err().expect("an error").to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(files(&path), before);
    };
    let other = Kernel::new(&perceptron(1.1)).unwrap();
    refused(
        KernelStore::open(&path, &other, x.view(), side(2)),
        "network",
    );
    let mut changed = x.clone();
    changed[[3, 0]] += 1e-15;
    refused(
        KernelStore::open(&path, &kernel, changed.view(), side(2)),
        "between 2 and 4",
    );
    let fewer = x.view().split_at(Axis(0), 5).0;
    refused(
        KernelStore::open(&path, &kernel, fewer, side(2)),
        "at least 6",
    );
    refused(
        KernelStore::open_cross(&path, &kernel, x.view(), x.view(), side(2)),
        "two sets",
    );
    let wrong = Array2::zeros((6, 4));
    refused(
        KernelStore::open(&path, &kernel, wrong.view(), side(2)),
        "[n, 5]",
    );
    let little = StoreOptions {
        memory: 400,
        side: None,
    };
    refused(
        KernelStore::open(&path, &kernel, x.view(), little),
        "memory",
    );
    refused(
        KernelStore::open(&path, &kernel, x.view(), side(0)),
        "at least 1",
    );
    let none = Array2::zeros((0, 5));
    refused(
        KernelStore::open(&path, &kernel, none.view(), side(2)),
        "signals",
    );

    let missing = folder.path().join("no").join("store");
    let error = KernelStore::open(&missing, &kernel, x.view(), side(2))
        .err()
        .unwrap();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    std::fs::write(path.join("manifest.toml"), "format = 1").unwrap();
    let error = KernelStore::open(&path, &kernel, x.view(), side(2))
        .err()
        .unwrap();
    assert!(error.to_string().contains("manifest.toml"), "{error}");
}

/// A tile of another network in the place of one's own is told as what it is.
#[test]
fn a_foreign_tile_is_named() {
    let x = vectors(7, 6);
    let folder = tempfile::tempdir().unwrap();
    let kernels = [1.0, 1.1].map(|scale| Kernel::new(&perceptron(scale)).unwrap());
    let paths = ["own", "other"].map(|name| folder.path().join(name));
    let stores: Vec<KernelStore<'_>> = paths
        .iter()
        .zip(&kernels)
        .map(|(path, kernel)| KernelStore::open(path, kernel, x.view(), side(6)).unwrap())
        .collect();
    for store in &stores {
        store.complete(None).unwrap();
    }
    let name = "tile-00000-00000";
    std::fs::copy(paths[1].join(name), paths[0].join(name)).unwrap();
    let error = stores[0].read().unwrap_err().to_string();
    let place = format!(
        "tile {name}: missing in the folder {}, which holds a tile of other data",
        paths[0].display()
    );
    assert!(error.starts_with(&place), "{error}");
    let out = folder.path().join("k.npz");
    assert_eq!(
        stores[0].write_npz(&out).unwrap_err().to_string(),
        error.clone()
    );
    assert!(!out.exists());
}

/// Matrices of terabytes are refused before a pair is computed.
#[test]
fn matrices_beyond_the_memory_are_refused() {
    const N: usize = 500_000;
    let kernel = Kernel::new(&perceptron(1.0)).unwrap();
    let x = Array2::ones((N, 5));
    let columns = x.view().split_at(Axis(0), N / 2).0;
    for (result, bytes) in [
        (kernel.gram(x.view()), 16 * N * N),
        (kernel.cross(x.view(), columns), 8 * N * N),
    ] {
        let error = result.expect_err("more than there is");
        assert!(
            matches!(error, Error::OutOfMemory { needed, .. } if needed == bytes as u64),
            "{error}"
        );
        assert!(error.to_string().contains("KernelStore"), "{error}");
    }
}

#[test]
fn tiles_keep_to_the_memory() {
    let kernel = Kernel::new(&perceptron(1.0)).unwrap();
    let x = vectors(8, 40);
    let folder = tempfile::tempdir().unwrap();
    let tiles = |memory: usize| {
        let path = folder.path().join(memory.to_string());
        let options = StoreOptions { memory, side: None };
        KernelStore::open(&path, &kernel, x.view(), options)
            .unwrap()
            .tile_count()
    };
    assert_eq!(tiles(1 << 20), 1);
    // 12 numbers an entry and 8 for each number of a row or a column: 13 signals.
    assert_eq!(tiles(8 * (12 * 13 * 13 + 8 * 26 * 5)), 10);
}

/// Rows, diagonals and products of both kernels, with ragged tiles.
#[test]
fn rows_are_those_of_the_matrix() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = Kernel::new(&perceptron(1.2)).unwrap();
    let x = vectors(8, 23);
    let want = kernel.gram(x.view()).unwrap();
    let path = folder.path().join("store");
    let store = KernelStore::open(&path, &kernel, x.view(), side(5)).unwrap();
    store.complete(None).unwrap();
    let mut rng = rng(3);
    let vectors = Array2::from_shape_simple_fn((23, 2), || rng.random_range(-1.0..1.0));
    for (kind, want) in [(KernelKind::Nngp, &want.nngp), (KernelKind::Ntk, &want.ntk)] {
        let rows = store.rows(kind).unwrap();
        assert_eq!(rows.points(), 23);
        assert_eq!(rows.diagonal().unwrap(), want.diag());
        for range in [0..23, 0..1, 3..12, 22..23, 5..10] {
            let mut out = Array2::from_elem((range.len(), 23), f64::NAN);
            rows.write_rows(range.clone(), out.view_mut()).unwrap();
            assert_eq!(out, want.slice_axis(Axis(0), range.into()));
        }
        let mut product = Array2::from_elem((23, 2), f64::NAN);
        assert!(
            rows.write_product(vectors.view(), product.view_mut())
                .unwrap()
        );
        let expected = want.dot(&vectors);
        for (found, expected) in product.iter().zip(&expected) {
            assert_abs_diff_eq!(found, expected, epsilon = tol::sum(23, 10.0));
        }
        // The factor reads rows, the solver products.
        let targets = vectors.view();
        let ridge = Ridge::Relative(1e-2);
        let factor = PivotedCholesky::new(&rows, 6, 0.0).unwrap();
        let from_disk = ConjugateGradient::default()
            .fit(&rows, targets, ridge, None)
            .unwrap();
        let matrix = KernelMatrix::new(want.view()).unwrap();
        let in_memory = ConjugateGradient::default()
            .fit(&matrix, targets, ridge, None)
            .unwrap();
        let same = PivotedCholesky::new(&matrix, 6, 0.0).unwrap();
        assert_eq!(factor.pivots(), same.pivots());
        let difference = from_disk.model.coefficients() - in_memory.model.coefficients();
        let largest = in_memory
            .model
            .coefficients()
            .iter()
            .fold(0.0_f64, |m, c| m.max(c.abs()));
        // Of condition numbers of some hundred.
        let tolerance = tol::from_residual(ConjugateGradient::default().tolerance, 400.0);
        assert!(difference.iter().all(|d| d.abs() <= tolerance * largest));
    }
    let other = folder.path().join("cross");
    let cross = KernelStore::open_cross(&other, &kernel, x.view(), x.view(), side(5)).unwrap();
    assert!(matches!(
        cross.rows(KernelKind::Ntk).err(),
        Some(Error::InvalidValue { .. })
    ));
    std::fs::remove_file(path.join("tile-00001-00003")).unwrap();
    let rows = store.rows(KernelKind::Ntk).unwrap();
    let missing = rows.write_product(vectors.view(), Array2::zeros((23, 2)).view_mut());
    assert!(matches!(missing, Err(Error::Missing { .. })));
}
