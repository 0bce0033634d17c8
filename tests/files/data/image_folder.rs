//! Folders of images: every format and pixel type, classes, held-out folders, and every error.

use std::fs;
use std::path::{Path, PathBuf};

use haarmonic::data::image_folder::read_image_folder;
use haarmonic::data::image_source::{read_images, read_images_resized};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use ndarray::Axis;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::{TempDir, tempdir};

/// The message without the path in front.
#[track_caller]
fn message<T: std::fmt::Debug>(path: &Path, result: haarmonic::Result<T>) -> String {
    let message = result.expect_err("an error").to_string();
    assert!(!message.contains('\n'), "{message}");
    let prefix = format!("{}: ", path.display());
    message
        .strip_prefix(&prefix)
        .unwrap_or_else(|| panic!("{message} does not begin with {prefix}"))
        .to_string()
}

/// A grey image of 3 rows and 2 columns; the pixel at row i, column j is `base + 2 i + j`.
fn grey(base: u8) -> DynamicImage {
    ImageBuffer::from_fn(2, 3, |j, i| Luma([base + (2 * i + j) as u8])).into()
}

fn save(folder: &Path, name: &str, image: &DynamicImage, format: ImageFormat) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save_with_format(&path, format).unwrap();
    path
}

/// Two classes with three grey images.
fn two_classes() -> TempDir {
    let folder = tempdir().unwrap();
    save(folder.path(), "b/z.png", &grey(10), ImageFormat::Png);
    save(folder.path(), "b/a.tif", &grey(20), ImageFormat::Tiff);
    save(folder.path(), "a/only.dat", &grey(30), ImageFormat::Png);
    folder
}

/// The pixels of all images times `scale`, in order.
fn pixels(set: &haarmonic::data::image_set::ImageSet, scale: f64) -> Vec<f64> {
    set.images().iter().map(|x| (x * scale).round()).collect()
}

#[test]
fn classes_and_images_come_in_order_of_their_names() {
    let folder = two_classes();
    // Passed over: files beside the classes, and what is hidden.
    fs::write(folder.path().join("README.txt"), "tiles").unwrap();
    for name in [
        "a/.DS_Store",
        "a/._only.dat",
        "a/Thumbs.db",
        "b/desktop.ini",
    ] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    fs::create_dir_all(folder.path().join("__MACOSX/a")).unwrap();
    fs::write(folder.path().join("__MACOSX/a/._only.dat"), "x").unwrap();
    fs::create_dir(folder.path().join("a/__MACOSX")).unwrap();
    fs::create_dir_all(folder.path().join(".cache/inner")).unwrap();
    fs::create_dir(folder.path().join("b/.hidden")).unwrap();
    let set = read_image_folder(folder.path(), None).unwrap();
    assert_eq!(set.classes(), ["a", "b"]);
    assert_eq!(set.labels(), [0, 1, 1]);
    assert_eq!(set.held_out(), None);
    assert_eq!(set.images().shape(), [3, 3, 2, 1]);
    for (n, base) in [30.0, 20.0, 10.0].into_iter().enumerate() {
        for ((i, j, _), &x) in set.images().index_axis(Axis(0), n).indexed_iter() {
            assert_eq!(x, (base + (2 * i + j) as f64) / 255.0);
        }
    }
    assert_eq!(read_images(folder.path()).unwrap(), set);
    // One class is enough.
    fs::remove_dir_all(folder.path().join("b")).unwrap();
    assert_eq!(read_images(folder.path()).unwrap().classes(), ["a"]);
}

#[test]
fn every_pixel_type_is_scaled_to_one() {
    let words = |x: u32| (x * 9000 + 77) as u16;
    let images: [(&str, DynamicImage, usize, f64); 8] = [
        ("l8", grey(3), 1, 255.0),
        (
            "la8",
            ImageBuffer::from_fn(2, 3, |j, i| LumaA([3 + (2 * i + j) as u8, 128])).into(),
            1,
            255.0,
        ),
        (
            "rgb8",
            ImageBuffer::from_fn(2, 3, |j, i| Rgb([i as u8, j as u8, 200])).into(),
            3,
            255.0,
        ),
        (
            "rgba8",
            ImageBuffer::from_fn(2, 3, |j, i| Rgba([i as u8, j as u8, 200, 0])).into(),
            3,
            255.0,
        ),
        (
            "l16",
            ImageBuffer::from_fn(2, 3, |j, i| Luma([words(2 * i + j)])).into(),
            1,
            65535.0,
        ),
        (
            "la16",
            ImageBuffer::from_fn(2, 3, |j, i| LumaA([words(2 * i + j), 9])).into(),
            1,
            65535.0,
        ),
        (
            "rgb16",
            ImageBuffer::from_fn(2, 3, |j, i| Rgb([words(i), words(j), 65535])).into(),
            3,
            65535.0,
        ),
        (
            "rgba16",
            ImageBuffer::from_fn(2, 3, |j, i| Rgba([words(i), words(j), 65535, 0])).into(),
            3,
            65535.0,
        ),
    ];
    for (name, image, channels, scale) in &images {
        for format in [ImageFormat::Png, ImageFormat::Tiff] {
            if name.starts_with("la") && format == ImageFormat::Tiff {
                continue; // no encoder
            }
            let folder = tempdir().unwrap();
            save(folder.path(), "c/image", image, format);
            let set = read_image_folder(folder.path(), None).unwrap();
            assert_eq!(set.images().shape(), [1, 3, 2, *channels], "{name}");
            for ((_, i, j, c), &x) in set.images().indexed_iter() {
                let (row, column) = (i as u32, j as u32);
                let wanted = match (*channels, *scale) {
                    (1, 255.0) => f64::from(3 + 2 * row + column),
                    (1, _) => f64::from(words(2 * row + column)),
                    (_, 255.0) => [f64::from(row), f64::from(column), 200.0][c],
                    _ => [f64::from(words(row)), f64::from(words(column)), 65535.0][c],
                };
                assert_eq!(x, wanted / scale, "{name} {format:?} {i} {j} {c}");
            }
        }
    }
}

#[test]
fn jpeg_is_read() {
    // A constant block survives the compression up to a rounding of bytes.
    let folder = tempdir().unwrap();
    let image = ImageBuffer::from_pixel(16, 8, Luma([128_u8])).into();
    save(folder.path(), "c/grey.jpg", &image, ImageFormat::Jpeg);
    let set = read_image_folder(folder.path(), None).unwrap();
    assert_eq!(set.images().shape(), [1, 8, 16, 1]);
    assert!(pixels(&set, 255.0).iter().all(|x| (x - 128.0).abs() <= 1.0));
    let image = ImageBuffer::from_pixel(16, 8, Rgb([200_u8, 100, 50])).into();
    save(folder.path(), "c/colour.jpg", &image, ImageFormat::Jpeg);
    // Grey is repeated where there is colour.
    let set = read_image_folder(folder.path(), None).unwrap();
    assert_eq!(set.images().shape(), [2, 8, 16, 3]);
    for ((n, _, _, c), &x) in set.images().indexed_iter() {
        let wanted = [[200.0, 100.0, 50.0], [128.0; 3]][n][c];
        assert!((255.0 * x - wanted).abs() <= 3.0, "{n} {c} {x}");
    }
}

#[test]
fn train_and_test_folders_hold_images_out() {
    let folder = tempdir().unwrap();
    for (name, base) in [
        ("test/b/1.png", 1),
        ("train/b/2.png", 2),
        ("train/a/3.png", 3),
        ("train/b/4.png", 4),
        ("train/c/5.png", 5),
    ] {
        save(folder.path(), name, &grey(base), ImageFormat::Png);
    }
    let set = read_images(folder.path()).unwrap();
    assert_eq!(set.classes(), ["a", "b", "c"]);
    assert_eq!(set.labels(), [0, 1, 1, 2, 1]);
    assert_eq!(
        set.held_out(),
        Some(&[false, false, false, false, true][..])
    );
    let (train, test) = set.held_out_split().unwrap();
    let corners = |set: &haarmonic::data::image_set::ImageSet| -> Vec<f64> {
        pixels(set, 255.0).into_iter().step_by(6).collect()
    };
    assert_eq!(corners(&train), [3.0, 2.0, 4.0, 5.0]);
    assert_eq!((corners(&test), test.labels()), (vec![1.0], &[1][..]));

    save(folder.path(), "test/d/6.png", &grey(6), ImageFormat::Png);
    assert_eq!(
        message(folder.path(), read_images(folder.path())),
        "class \"d\" of `test`: missing in `train`"
    );
    // Beside other folders these two are classes, which must not hold folders.
    fs::create_dir(folder.path().join("other")).unwrap();
    save(folder.path(), "other/7.png", &grey(6), ImageFormat::Png);
    let test = folder.path().join("test");
    assert_eq!(
        message(&test, read_images(folder.path())),
        "folder of a class: found a folder \"b\" in it, expected images"
    );
}

#[test]
fn sizes_are_made_alike_or_refused() {
    let folder = two_classes();
    let odd = ImageBuffer::from_fn(4, 6, |j, i| Luma([(40 * (i / 2) + 10 * (j / 2)) as u8])).into();
    let path = save(folder.path(), "c/odd.png", &odd, ImageFormat::Png);
    assert_eq!(
        message(&path, read_image_folder(folder.path(), None)),
        format!(
            "image: expected shape [3, 2] as that of {} (or state a size for all), found [6, 4]",
            folder.path().join("a/only.dat").display()
        )
    );
    let set = read_image_folder(folder.path(), Some((3, 2))).unwrap();
    assert_eq!(set, read_images_resized(folder.path(), 3, 2).unwrap());
    assert_eq!(set.images().shape(), [4, 3, 2, 1]);
    // Blocks of equal pixels become one pixel; what had the size is untouched.
    assert_eq!(
        pixels(&set, 255.0)[18..],
        [0.0, 10.0, 40.0, 50.0, 80.0, 90.0]
    );
    assert_eq!(set.images()[[0, 0, 1, 0]], 31.0 / 255.0);
    for size in [(0, 2), (2, 0)] {
        assert_eq!(
            read_image_folder(folder.path(), Some(size))
                .unwrap_err()
                .to_string(),
            format!(
                "size of the images: found {} by {}, expected at least 1 by 1",
                size.0, size.1
            )
        );
    }
    assert!(read_image_folder(folder.path(), Some((1 << 40, 1 << 40))).is_err());
}

#[test]
fn folders_without_images_say_what_is_missing() {
    let folder = tempdir().unwrap();
    let root = folder.path().display();
    let missing = format!("folders of images, one for each class: missing in folder {root}");
    assert_eq!(read_images(folder.path()).unwrap_err().to_string(), missing);
    // Images beside no class folder.
    save(folder.path(), "a.png", &grey(1), ImageFormat::Png);
    assert_eq!(read_images(folder.path()).unwrap_err().to_string(), missing);
    let class = folder.path().join("c");
    fs::create_dir(&class).unwrap();
    assert_eq!(
        message(&class, read_images(folder.path())),
        "images of the class: empty, expected at least one entry"
    );
    let split = tempdir().unwrap();
    save(split.path(), "train/a/1.png", &grey(1), ImageFormat::Png);
    fs::create_dir(split.path().join("test")).unwrap();
    assert_eq!(
        read_images(split.path()).unwrap_err().to_string(),
        format!(
            "folders of images, one for each class: missing in folder {}",
            split.path().join("test").display()
        )
    );
    assert_eq!(
        message(Path::new("nowhere"), read_image_folder("nowhere", None)),
        "cannot read: no such file or folder"
    );
}

#[test]
fn files_that_are_no_images_are_named() {
    let folder = two_classes();
    let path = folder.path().join("b/notes.txt");
    fs::write(&path, "not an image").unwrap();
    assert_eq!(
        message(&path, read_images(folder.path())),
        "not valid image: found text that starts with \"not an image\", expected PNG, JPEG or TIFF"
    );
    // A format that is not read.
    fs::write(&path, b"GIF89a\x01\0\x01\0\0\0\0;").unwrap();
    assert!(message(&path, read_images(folder.path())).contains("found a GIF image"));
    fs::write(&path, b"").unwrap();
    assert!(message(&path, read_images(folder.path())).contains("found an empty file"));
    fs::remove_file(&path).unwrap();

    let whole = fs::read(folder.path().join("b/z.png")).unwrap();
    let path = folder.path().join("b/z.png");
    for end in 8..whole.len() {
        fs::remove_file(&path).unwrap();
        fs::write(&path, &whole[..end]).unwrap();
        let message = message(&path, read_images(folder.path()));
        assert!(message.starts_with("not valid image: "), "{end}: {message}");
    }
    // A floating-point TIFF has pixels of another type.
    let float = DynamicImage::from(ImageBuffer::from_pixel(2, 3, Rgb([0.5_f32; 3])));
    save(folder.path(), "b/z.png", &float, ImageFormat::Tiff);
    assert_eq!(
        message(&path, read_images(folder.path())),
        "pixels: found Rgb32F, expected grey or colour, 8 or 16 bits"
    );
}

/// An image of a kind that the encoders here do not write (`tests/data/images/README.md`).
fn stored(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/images");
    fs::read(folder.join(name)).unwrap()
}

/// An image, cut at any byte, is never filled up with grey: not even with an end put on it.
#[test]
fn cut_images_are_refused() {
    let folder = tempdir().unwrap();
    let colours = DynamicImage::from(ImageBuffer::from_fn(37, 21, |j, i| {
        Rgb([(11 * i) as u8, (6 * j) as u8, (i * j) as u8])
    }));
    let path = folder.path().join("c/image");
    let mut images: Vec<(String, Vec<u8>)> =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff]
            .into_iter()
            .map(|format| {
                save(folder.path(), "c/image", &colours, format);
                (format!("{format:?}"), fs::read(&path).unwrap())
            })
            .collect();
    for name in [
        "progressive.jpg",
        "progressive_restarts.jpg",
        "progressive_grey.jpg",
        "restarts.jpg",
        "lzw.tif",
    ] {
        images.push((name.into(), stored(name)));
    }
    let read = |bytes: &[u8]| {
        fs::remove_file(&path).ok();
        fs::write(&path, bytes).unwrap();
        read_images(folder.path())
    };
    for (name, whole) in &images {
        read(whole).unwrap_or_else(|error| panic!("{name}: {error}"));
        for end in 0..whole.len() {
            let found = message(&path, read(&whole[..end]));
            assert!(
                found.starts_with("not valid image: "),
                "{name} {end}: {found}"
            );
            if whole.starts_with(b"\xff\xd8") && end < whole.len() - 2 {
                let ended = [&whole[..end], b"\xff\xd9"].concat();
                let found = message(&path, read(&ended));
                assert!(
                    found.starts_with("not valid image: "),
                    "{name} {end}: {found}"
                );
            }
        }
    }
}

#[test]
fn damaged_and_further_data_is_not_passed_over() {
    let folder = tempdir().unwrap();
    let path = save(folder.path(), "c/image", &grey(1), ImageFormat::Png);
    let png = fs::read(&path).unwrap();
    let read = |bytes: &[u8]| {
        fs::remove_file(&path).ok();
        fs::write(&path, bytes).unwrap();
        read_images(folder.path())
    };
    for at in 8..png.len() {
        let mut bytes = png.clone();
        bytes[at] ^= 4;
        assert!(read(&bytes).is_err(), "{at}");
    }
    let refused = |bytes: &[u8], found: &str| {
        let expected = format!("not valid image: found {found}");
        assert_eq!(message(&path, read(bytes)), expected);
    };
    refused(
        &[&png[..], b"more"].concat(),
        "4 bytes after the end of the image, expected none",
    );
    refused(
        &stored("animation.png"),
        "an animation of 2 frames, expected one image",
    );
    refused(&stored("pages.tif"), "several pages, expected one image");
    // JPEG: what lies between two restarts is taken out, or comes twice.
    let whole = stored("restarts.jpg");
    let restart = |number: u8| {
        let mark = [0xff, 0xd0 + number];
        whole.windows(2).position(|two| two == mark).unwrap()
    };
    let (from, to) = (restart(0), restart(1));
    for bytes in [
        [&whole[..from], &whole[to..]].concat(),
        [&whole[..to], &whole[from..]].concat(),
    ] {
        assert!(message(&path, read(&bytes)).contains("restart"));
    }
    // Cameras put previews behind the end.
    let set = read(&whole).unwrap();
    assert_eq!(read(&[&whole[..], &whole[..]].concat()).unwrap(), set);
}

#[test]
fn forged_sizes_take_no_memory() {
    let folder = tempdir().unwrap();
    let path = save(folder.path(), "c/image", &grey(1), ImageFormat::Png);
    let mut png = fs::read(&path).unwrap();
    for (width, height) in [
        (u32::MAX >> 1, u32::MAX >> 1),
        (65_000, 65_000),
        (70_000, 1),
    ] {
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        fs::remove_file(&path).unwrap();
        fs::write(&path, &png).unwrap();
        let message = message(&path, read_images(folder.path()));
        assert!(message.starts_with("not valid image: "), "{message}");
        assert!(message.contains("imit"), "{message}"); // of the decoder
    }
    // Three gigabytes that lie nowhere on the disk.
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(3 << 30).unwrap();
    assert_eq!(
        message(&path, read_images(folder.path())),
        "not valid image: found 3221225472 bytes, expected at most 1073741824"
    );
}

/// The check sum of PNG, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[test]
fn random_damage_never_panics() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let folder = tempdir().unwrap();
    let image = DynamicImage::from(ImageBuffer::from_fn(9, 8, |j, i| {
        Rgb([(20 * i) as u8, (20 * j) as u8, 7_u8])
    }));
    let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff];
    let path = folder.path().join("c/image");
    let sources = formats.map(|format| {
        save(folder.path(), "c/image", &image, format);
        fs::read(&path).unwrap()
    });
    for round in 0..600 {
        let mut bytes = sources[round % 3].clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
        }
        fs::remove_file(&path).ok();
        fs::write(&path, &bytes).unwrap();
        if let Err(error) = read_images(folder.path()) {
            assert!(!error.to_string().contains('\n'));
        }
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_end() {
    use std::os::unix::fs::symlink;
    let folder = two_classes();
    symlink(
        folder.path().join("b/z.png"),
        folder.path().join("a/linked.png"),
    )
    .unwrap();
    symlink(folder.path().join("b"), folder.path().join("d")).unwrap();
    let set = read_images(folder.path()).unwrap();
    assert_eq!(set.class_counts(), [2, 2, 2]);
    // The folder within itself is a class that holds folders.
    let inner = folder.path().join("e");
    symlink(folder.path(), &inner).unwrap();
    assert!(message(&inner, read_images(folder.path())).contains("found a folder"));
    fs::remove_file(&inner).unwrap();
    let broken = folder.path().join("a/broken");
    symlink("nowhere", &broken).unwrap();
    assert_eq!(
        message(&broken, read_images(folder.path())),
        "cannot read: no such file or folder"
    );
}
