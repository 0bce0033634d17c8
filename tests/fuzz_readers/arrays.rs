//! Arrays in NumPy's formats.

use std::path::Path;

use haarmonic::data::array_elements::{read_npz_integers, read_npz_texts};
use haarmonic::data::arrays::{
    npz_keys, read_complex, read_npz_complex, read_npz_numbers, read_npz_real, read_numbers,
    read_real,
};
use haarmonic::data::image_npz::read_image_npz;
use tempfile::tempdir;

use crate::common::image_files::{self, npy, npz, utf32};
use crate::harness::{DEFLATE, Target, any, as_it_is, numbers};

/// What a header of at most 10,000 bytes takes while it is parsed.
const HEADER: usize = 6 << 20;

fn bytes<const N: usize>(numbers: &[f64], write: impl Fn(f64) -> [u8; N]) -> Vec<u8> {
    numbers.iter().flat_map(|&x| write(x)).collect()
}

fn arrays() -> Vec<Vec<u8>> {
    let f8 = bytes(&numbers(24), f64::to_le_bytes);
    let f4 = bytes(&numbers(24), |x| (x as f32).to_be_bytes());
    let fortran = String::from_utf8_lossy(&npy("<f8", "(2, 3, 4)", &[])).len();
    let mut columns = npy("<f8", "(2, 3, 4)", &f8);
    let at = columns[..fortran]
        .windows(5)
        .position(|word| word == b"False");
    let at = at.expect("a key of the header");
    columns.splice(at..at + 5, *b"True ");
    vec![
        npy("<f8", "(24,)", &f8),
        npy(">f4", "(4, 6)", &f4),
        npy("<c16", "(3, 4)", &f8),
        npy(">c8", "(2, 1, 6)", &f4),
        npy("<f8", "()", &f8[..8]),
        columns,
    ]
}

const NPY_WORDS: [&str; 12] = [
    "(", ")", "1,", "'<f8'", "'|O'", "'<U4'", "[", "{", "'shape':", "True", "\\x", "-1j",
];

#[test]
fn npy_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let shape = |shape: &str| npy("<f8", shape, &[0; 64]);
    let mut long = shape("(8,)");
    long[6] = 2;
    long.splice(8..10, [0xff; 4]);
    Target {
        name: "npy",
        seeds: arrays(),
        forged: vec![
            shape("(1099511627776,)"),
            shape("(9223372036854775807, 9223372036854775807)"),
            shape("(0, 18446744073709551615)"),
            shape("(99999999999999999999999999, 8)"),
            shape("(-8,)"),
            shape(&format!("({})", "1,".repeat(4000))),
            shape(&"(".repeat(9000)),
            npy("<f8", &"9".repeat(9000), &[]),
            long,
        ],
        words: &NPY_WORDS,
        wrap: &as_it_is,
        read: &|path| {
            any([
                read_numbers(path).is_ok(),
                read_real(path).is_ok(),
                read_complex(path).is_ok(),
            ])
        },
        // The elements in half precision, both layouts in full.
        memory: [HEADER, 5],
        share: 1,
    }
    .survive(&folder.path().join("array.npy"));
}

/// Reads all that an archive may hold.
fn read_npz(path: &Path) -> bool {
    let Ok(keys) = npz_keys(path) else {
        return false;
    };
    let mut accepted = read_image_npz(path).is_ok();
    for key in keys.iter().take(8) {
        accepted |= any([
            read_npz_numbers(path, key).is_ok(),
            read_npz_real(path, key).is_ok(),
            read_npz_complex(path, key).is_ok(),
            read_npz_integers(path, key).is_ok(),
            read_npz_texts(path, key).is_ok(),
        ]);
    }
    accepted
}

/// The arrays of a labelled set of images.
fn image_arrays() -> Vec<(&'static str, Vec<u8>)> {
    let names = utf32("ab");
    vec![
        image_files::x(),
        image_files::y(),
        ("classes", npy("<U1", "(2,)", &names)),
        ("is_test", npy("|b1", "(2,)", &[0, 1])),
    ]
}

#[test]
fn npz_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let plain: Vec<_> = ["a", "b", "c"].into_iter().zip(arrays()).collect();
    let archive = npz(&plain);
    // Sizes and counts of the directory at the end.
    let forge = |mark: &[u8; 4], at: usize, with: &[u8]| {
        let mut forged = npz(&plain[..1]);
        let mark = forged.windows(4).position(|word| word == mark).unwrap();
        forged.splice(mark + at..mark + at + with.len(), with.iter().copied());
        forged
    };
    Target {
        name: "npz",
        seeds: vec![archive, npz(&image_arrays())],
        forged: vec![
            forge(b"PK\x01\x02", 24, &[0xf0; 4]),
            forge(b"PK\x01\x02", 20, &[0xf0; 8]),
            forge(b"PK\x01\x02", 28, &[0xff; 6]),
            forge(b"PK\x05\x06", 16, &[0xf0; 4]),
        ],
        words: &[
            "PK\x01\x02",
            "PK\x03\x04",
            "PK\x05\x06",
            "PK\x06\x06",
            "PK\x06\x07",
            ".npy",
        ],
        wrap: &as_it_is,
        read: &read_npz,
        memory: [HEADER, 5 * DEFLATE],
        share: 2,
    }
    .survive(&folder.path().join("arrays.npz"));
}

#[test]
fn arrays_within_npz_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let good = image_arrays();
    let pixels = bytes(&numbers(12), f64::to_le_bytes);
    let other = [
        vec![
            good[0].1.clone(),
            npy("<f8", "(2, 2, 3, 1)", &pixels),
            npy("<f4", "(2, 1, 1)", &[0; 8]),
        ],
        vec![
            good[1].1.clone(),
            npy("<i8", "(2,)", &[0; 16]),
            npy(">u2", "(2,)", &[0; 4]),
        ],
        vec![
            good[2].1.clone(),
            npy("|S2", "(2,)", b"abcd"),
            npy(">U1", "(2,)", &[0, 0, 0, 65, 0, 0, 0, 66]),
        ],
        vec![good[3].1.clone(), npy("<u8", "(2,)", &[0; 16])],
    ];
    for (slot, seeds) in other.into_iter().enumerate() {
        let name = good[slot].0;
        let text = |length: &str| npy(&format!("<U{length}"), "(1,)", &[0; 8]);
        Target {
            name: &format!("array `{name}` of an npz"),
            seeds,
            forged: vec![
                text("4611686018427387904"),
                text("1000000000"),
                npy("|u1", "(65536, 65536, 65536)", &[0; 64]),
                npy("<i8", "(2,)", &[0xff; 16]),
            ],
            words: &NPY_WORDS,
            wrap: &|content| {
                let mut arrays = good.clone();
                arrays[slot].1 = content.to_vec();
                npz(&arrays)
            },
            read: &|path| {
                let accepted = read_image_npz(path).is_ok();
                read_npz(path);
                accepted
            },
            // A number for each byte, or a name for each; up to 65536 names of classes by number.
            memory: [HEADER, 64],
            share: 4,
        }
        .survive(&folder.path().join("images.npz"));
    }
}
