//! CIFAR-10 and CIFAR-100, in small files of the distributed forms.

use std::path::{Path, PathBuf};

use crate::common::image_files::{gzip, message};
use haarmonic::Error;
use haarmonic::data::cifar::{CifarLabels, read_cifar};
use haarmonic::data::image_source::read_images;
use tempfile::{TempDir, tempdir};

const PIXELS: usize = 3072;

/// Byte j of image i.
fn byte(i: usize, j: usize) -> u8 {
    ((7 * j + 100 * i) % 251) as u8
}

fn row(i: usize) -> Vec<u8> {
    (0..PIXELS).map(|j| byte(i, j)).collect()
}

/// A batch of the binary version: the labels of each image, and the number of the image.
fn binary(images: &[(&[u8], usize)]) -> Vec<u8> {
    let record = |(labels, i): &(&[u8], usize)| [labels.to_vec(), row(*i)].concat();
    images.iter().flat_map(record).collect()
}

/// A string as Python 2 pickles it, with a place in the memo.
fn string(text: &[u8]) -> Vec<u8> {
    let mut bytes = match u8::try_from(text.len()) {
        Ok(len) => vec![b'U', len],
        Err(_) => [vec![b'T'], (text.len() as u32).to_le_bytes().to_vec()].concat(),
    };
    bytes.extend(text);
    bytes.extend([b'r', 9, 1, 0, 0]);
    bytes
}

fn list(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<u8> = items.into_iter().flatten().collect();
    [b"](".to_vec(), items, b"e".to_vec()].concat()
}

fn integers(numbers: &[u8]) -> Vec<u8> {
    list(numbers.iter().map(|&n| vec![b'K', n]))
}

fn dictionary(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, Vec<u8>)| [string(key.as_bytes()), value.clone()].concat();
    let entries: Vec<u8> = entries.iter().flat_map(entry).collect();
    [b"\x80\x02}q\x01(".to_vec(), entries, b"u.".to_vec()].concat()
}

/// A matrix of bytes as Python 2 pickles it.
fn matrix(rows: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\0\x85U\x01b\x87Rq\x07(K\x01".to_vec();
    bytes.extend([b'K', rows.len() as u8, b'M', 0, 12, 0x86]);
    bytes.extend(
        b"cnumpy\ndtype\nq\x08U\x02u1K\0K\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89",
    );
    bytes.extend(string(&rows.concat()));
    bytes.extend(b"tb");
    bytes
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn archive(files: &[(&str, Vec<u8>)]) -> (TempDir, PathBuf) {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("cifar-batches/{name}"), &bytes[..])
            .unwrap();
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("data.tar.gz");
    std::fs::write(&path, gzip(&tar.into_inner().unwrap())).unwrap();
    (folder, path)
}

type NamedBytes<'a> = (&'a str, Vec<u8>);

type Files = Vec<NamedBytes<'static>>;

/// CIFAR-10: two batches and a test batch with images 0 to 4, of the classes 1, 0, 1, 1, 0.
fn cifar10() -> [Files; 2] {
    let names = |name: &&str| string(name.as_bytes());
    let pickled = |labels: &[u8], images: &[usize]| {
        let rows: Vec<Vec<u8>> = images.iter().map(|&i| row(i)).collect();
        dictionary(&[
            ("batch_label", string(b"batch")),
            ("labels", integers(labels)),
            ("data", matrix(&rows)),
            ("filenames", list(labels.iter().map(|_| string(b"a.png")))),
        ])
    };
    let meta = dictionary(&[
        ("num_cases_per_batch", vec![b'M', 16, 39]),
        (
            "label_names",
            list(["airplane", "automobile"].iter().map(names)),
        ),
        ("num_vis", vec![b'M', 0, 12]),
    ]);
    [
        vec![
            ("batches.meta.txt", b"airplane\nautomobile\n\n".to_vec()),
            ("test_batch.bin", binary(&[(&[0], 4)])),
            ("data_batch_2.bin", binary(&[(&[1], 2), (&[1], 3)])),
            ("data_batch_1.bin", binary(&[(&[1], 0), (&[0], 1)])),
            ("readme.html", b"<html>".to_vec()),
        ],
        vec![
            ("data_batch_1", pickled(&[1, 0], &[0, 1])),
            ("batches.meta", meta),
            ("data_batch_2", pickled(&[1, 1], &[2, 3])),
            ("test_batch", pickled(&[0], &[4])),
        ],
    ]
}

fn cifar100() -> [Files; 2] {
    let names = |text: &'static str| list(text.split(' ').map(|name| string(name.as_bytes())));
    let pickled = |fine: u8, coarse: u8, i: usize| {
        dictionary(&[
            ("filenames", list([string(b"a.png")])),
            ("fine_labels", integers(&[fine])),
            ("coarse_labels", integers(&[coarse])),
            ("data", matrix(&[row(i)])),
        ])
    };
    let meta = dictionary(&[
        ("fine_label_names", names("apple beaver cattle")),
        ("coarse_label_names", names("fruit mammals")),
    ]);
    [
        vec![
            ("fine_label_names.txt", b"apple\nbeaver\ncattle\n".to_vec()),
            ("coarse_label_names.txt", b"fruit\nmammals\n".to_vec()),
            ("train.bin", binary(&[(&[1, 2], 0)])),
            ("test.bin", binary(&[(&[0, 1], 1)])),
        ],
        vec![
            ("meta", meta),
            ("train", pickled(2, 1, 0)),
            ("test", pickled(1, 0, 1)),
        ],
    ]
}

fn check(path: &Path, kind: CifarLabels, labels: &[usize], classes: &[&str], tests: usize) {
    let set = read_cifar(path, kind).unwrap();
    assert_eq!(set.images().shape(), [labels.len(), 32, 32, 3]);
    assert_eq!(set.labels(), labels);
    assert_eq!(set.classes(), classes);
    let first_test = labels.len() - tests;
    let held_out: Vec<bool> = (0..labels.len()).map(|i| i >= first_test).collect();
    assert_eq!(set.held_out(), Some(&held_out[..]));
    for ((i, y, x, c), pixel) in set.images().indexed_iter() {
        assert_eq!(*pixel, f64::from(byte(i, 1024 * c + 32 * y + x)) / 255.0);
    }
}

#[test]
fn every_version_is_read_from_folders_and_archives() {
    for files in cifar10() {
        let labels = [1, 0, 1, 1, 0];
        let names = ["airplane", "automobile"];
        let (unpacked, (_kept, packed)) = (folder(&files), archive(&files));
        for path in [unpacked.path(), &packed] {
            check(path, CifarLabels::Fine, &labels, &names, 1);
            assert_eq!(
                read_images(path).unwrap(),
                read_cifar(path, CifarLabels::Fine).unwrap()
            );
            let error = message(path, read_cifar(path, CifarLabels::Coarse));
            assert!(error.contains("coarse"), "{error}");
        }
    }
    for files in cifar100() {
        let (unpacked, (_kept, packed)) = (folder(&files), archive(&files));
        for path in [unpacked.path(), &packed] {
            let fine = ["apple", "beaver", "cattle"];
            check(path, CifarLabels::Fine, &[2, 1], &fine, 1);
            check(path, CifarLabels::Coarse, &[1, 0], &["fruit", "mammals"], 1);
        }
    }
}

/// Pickles of NumPy and Python 3: bytes as text in protocol 2; frames, memo and Fortran order in protocol 4.
#[test]
fn pickles_of_newer_programs_are_read() {
    let [_, python] = cifar10();
    for protocol in [2, 4] {
        let data = format!(
            "{}/tests/data/images/cifar_protocol{protocol}.pkl",
            env!("CARGO_MANIFEST_DIR")
        );
        let batch = std::fs::read(data).unwrap();
        let meta = python.iter().find(|(name, _)| *name == "batches.meta");
        let files = [("data_batch_1", batch), meta.unwrap().clone()];
        let folder = folder(&files);
        let names = ["airplane", "automobile"];
        check(folder.path(), CifarLabels::Fine, &[1, 0], &names, 0);
    }
}

#[test]
fn damaged_files_are_errors_in_one_line() {
    let [binary_files, python] = cifar10();
    let meta = |files: &Files, name: &str| {
        let found = files.iter().find(|(own, _)| *own == name);
        found.unwrap().1.clone()
    };
    let names = meta(&binary_files, "batches.meta.txt");
    let pickled_names = meta(&python, "batches.meta");
    let batch = meta(&python, "data_batch_1");
    let short = binary(&[(&[1], 0)])[..3000].to_vec();
    let cases: [(Vec<NamedBytes<'_>>, &str); 8] = [
        (
            vec![("batches.meta.txt", names.clone())],
            "a batch of images",
        ),
        (
            vec![("data_batch_1.bin", binary(&[(&[1], 0)]))],
            "batches.meta.txt",
        ),
        (
            vec![
                ("data_batch_1.bin", short),
                ("batches.meta.txt", names.clone()),
            ],
            "bytes of data_batch_1.bin",
        ),
        (
            vec![
                ("data_batch_1.bin", binary(&[(&[2], 0)])),
                ("batches.meta.txt", names),
            ],
            "label of image 0",
        ),
        (
            vec![
                ("data_batch_1", dictionary(&[("labels", integers(&[1]))])),
                ("batches.meta", pickled_names.clone()),
            ],
            "\"data\" is missing",
        ),
        (
            vec![
                (
                    "data_batch_1",
                    dictionary(&[
                        ("labels", integers(&[1])),
                        ("data", matrix(&[row(0), row(1)])),
                    ]),
                ),
                ("batches.meta", pickled_names.clone()),
            ],
            "images of data_batch_1",
        ),
        (
            vec![
                (
                    "data_batch_1",
                    b"\x80\x02cos\nsystem\nU\x02ls\x85R.".to_vec(),
                ),
                ("batches.meta", pickled_names.clone()),
            ],
            "without a dictionary",
        ),
        (
            vec![
                ("data_batch_1", b"\x80\x02\x80\x02i".to_vec()),
                ("batches.meta", pickled_names.clone()),
            ],
            "instruction 0x69",
        ),
    ];
    for (files, expected) in cases {
        let folder = folder(&files);
        let error = message(folder.path(), read_cifar(folder.path(), CifarLabels::Fine));
        assert!(error.contains(expected), "{error}");
    }
    // Cut short at any byte.
    for len in (0..batch.len()).step_by(7) {
        let files = [
            ("data_batch_1", batch[..len].to_vec()),
            ("batches.meta", pickled_names.clone()),
        ];
        let folder = folder(&files);
        let error = read_cifar(folder.path(), CifarLabels::Fine).unwrap_err();
        assert!(matches!(error, Error::InFile { .. }), "{error}");
    }
    let (_kept, packed) = archive(&binary_files);
    let bytes = std::fs::read(&packed).unwrap();
    std::fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    assert!(read_cifar(&packed, CifarLabels::Fine).is_err());
    assert!(read_cifar("no such folder", CifarLabels::Fine).is_err());
}
