//! Kernel matrices in folders.

use std::path::Path;

use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::store::{KernelStore, StoreOptions};
use ndarray::Array2;
use tempfile::tempdir;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::harness::{FIXED, Target, as_it_is, numbers};

#[test]
fn stores() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let path = folder.path().join("kernels");
    let network = Network::vector(3)
        .dense(Init::new(1.3, 0.2))
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let signals = Array2::from_shape_vec((5, 3), numbers(15)).unwrap();
    let options = StoreOptions {
        side: Some(3),
        ..StoreOptions::default()
    };
    let open = || KernelStore::open(&path, &kernel, signals.view(), options);
    open().unwrap().complete(None).unwrap();
    let want = open().unwrap().read().unwrap();
    let file = |name: &str| (path.join(name), std::fs::read(path.join(name)).unwrap());
    let names = [
        "manifest.toml",
        "tile-00000-00000",
        "tile-00000-00001",
        "tile-00001-00001",
    ];
    let files = names.map(file);
    // The others as they were, then all that the program does with a store.
    let read = |damaged: &Path, forged: bool| {
        for (path, bytes) in files.iter().filter(|(path, _)| path != damaged) {
            if std::fs::read(path).ok().as_ref() != Some(bytes) {
                std::fs::remove_file(path).ok();
                std::fs::write(path, bytes).unwrap();
            }
        }
        let Ok(store) = open() else {
            return false;
        };
        let early = store.read();
        assert!(forged || early.is_err() || early.as_ref() == Ok(&want));
        store.complete(None).unwrap();
        let read = store.read().unwrap();
        assert!(forged || read == want);
        early.is_ok()
    };
    let manifest = String::from_utf8(files[0].1.clone()).unwrap();
    let many = manifest.split("rows = [").next().unwrap();
    let row = manifest
        .lines()
        .find(|line| line.starts_with("  ["))
        .unwrap();
    let forge = |from: &str, to: &str| manifest.replace(from, to).into_bytes();
    Target {
        name: "manifest of a store",
        seeds: vec![files[0].1.clone()],
        forged: vec![
            forge("[3,", "[9223372036854775807,"),
            forge("[2,", "[9223372036854775807,"),
            forge("[3,", "[-3,"),
            format!("{many}rows = [\n{}]\n", format!("{row}\n").repeat(2_000)).into_bytes(),
            format!("{many}rows = {}", "[".repeat(100_000)).into_bytes(),
        ],
        words: &["rows", "columns = [", "[", "]", "\"", "\n", "0x"],
        wrap: &as_it_is,
        read: &|path| read(path, false),
        memory: [FIXED, 1024],
        share: 2,
    }
    .survive(&files[0].0);
    let tile = &files[2];
    // The header with its sum, then matrices of three rows and two columns with theirs.
    let (header, matrix) = (112, 6 * 8);
    let summed = |content: &[u8]| {
        let (header, matrices) = content.split_at(header.min(content.len()));
        let sum = xxh3_64(header);
        let mut bytes = [header, &sum.to_le_bytes()].concat();
        for (place, matrix) in (0..).zip(matrices.chunks(matrix)) {
            bytes.extend_from_slice(matrix);
            bytes.extend(xxh3_64_with_seed(matrix, sum.wrapping_add(place)).to_le_bytes());
        }
        bytes
    };
    let content = [
        &tile.1[..header],
        &tile.1[header + 8..][..matrix],
        &tile.1[header + 8 + matrix + 8..][..matrix],
    ]
    .concat();
    assert_eq!(summed(&content), tile.1);
    let sized = |at: usize, with: u64| {
        let mut forged = content.clone();
        forged[at..at + 8].copy_from_slice(&with.to_le_bytes());
        forged
    };
    // Damage, which the sum finds, and forgeries, which it does not.
    Target {
        name: "tile of a store",
        seeds: vec![tile.1.clone()],
        forged: vec![vec![0; 1 << 16]],
        words: &["haargram"],
        wrap: &as_it_is,
        read: &|path| read(path, false),
        memory: [FIXED, 4],
        share: 4,
    }
    .survive(&tile.0);
    Target {
        name: "tile of a store with its sum",
        seeds: vec![content.clone()],
        forged: vec![
            sized(64, u64::MAX),
            sized(72, 1 << 32),
            sized(80, 1),
            sized(80, u64::MAX),
        ],
        words: &["haargram"],
        wrap: &summed,
        read: &|path| read(path, true),
        memory: [FIXED, 4],
        share: 4,
    }
    .survive(&tile.0);
}
