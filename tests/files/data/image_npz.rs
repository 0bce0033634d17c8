//! Labelled images, integers and texts in npz files.

use crate::common::image_files::{PIXELS, expected_images, file, message, npy, npz, utf32, x, y};
use haarmonic::data::array_elements::{read_npz_integers, read_npz_texts};
use haarmonic::data::image_npz::read_image_npz;
use haarmonic::data::image_source::{read_images, read_images_resized};
use ndarray::Array4;

#[test]
fn npz_is_read_with_names_and_marks() {
    let classes = npy("<U2", "(2,)", &utf32("AC\u{3bb}\0"));
    let arrays = [
        x(),
        y(),
        ("classes", classes),
        ("is_test", npy("|b1", "(2,)", &[0, 1])),
        ("other", npy("|O", "(1,)", &[0])),
    ];
    let (_folder, path) = file("tiles.npz", &npz(&arrays));
    let set = read_image_npz(&path).unwrap();
    assert_eq!(set.images(), &expected_images());
    assert_eq!(set.labels(), [1, 0]);
    assert_eq!(set.classes(), ["AC", "λ"]);
    assert_eq!(set.held_out(), Some(&[false, true][..]));
    assert_eq!(read_images(&path).unwrap(), set);
    let resized = read_images_resized(&path, 1, 1).unwrap();
    assert_eq!(resized.images().shape(), [2, 1, 1, 1]);

    let (_folder, path) = file("tiles.npz", &npz(&[x(), y()]));
    let set = read_image_npz(&path).unwrap();
    assert_eq!(set.classes(), ["0", "1"]);
    assert_eq!(set.held_out(), None);
}

#[test]
fn npz_takes_floating_point_pixels_as_they_are() {
    let values: Vec<f64> = (0..12).map(|k| f64::from(k) * 0.5 - 3.0).collect();
    let f8: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let f4: Vec<u8> = values
        .iter()
        .flat_map(|&x| (x as f32).to_be_bytes())
        .collect();
    let wanted = Array4::from_shape_vec((2, 2, 3, 1), values).unwrap();
    for (descriptor, data) in [("<f8", f8), (">f4", f4)] {
        // Three axes are images of one channel.
        for shape in ["(2, 2, 3, 1)", "(2, 2, 3)"] {
            let (_folder, path) = file("a.npz", &npz(&[("x", npy(descriptor, shape, &data)), y()]));
            assert_eq!(read_image_npz(&path).unwrap().images(), &wanted);
        }
    }
}

/// Bytes and words are scaled as those of image files are; every other type is taken as it is.
#[test]
fn integers_are_pixels_and_columns_are_labels() {
    let y = ("y", npy("|u1", "(2, 1)", &[1, 0]));
    for (descriptor, width, scale) in [
        ("|u1", 1, 255.0),
        ("<u2", 2, 65535.0),
        ("|i1", 1, 1.0),
        ("<i4", 4, 1.0),
        ("<i8", 8, 1.0),
    ] {
        let data: Vec<u8> = (0..12_u64)
            .flat_map(|k| k.to_le_bytes()[..width].to_vec())
            .collect();
        let x = ("x", npy(descriptor, "(2, 2, 3)", &data));
        let (_folder, path) = file("a.npz", &npz(&[x, y.clone()]));
        let set = read_image_npz(&path).unwrap();
        assert_eq!(set.labels(), [1, 0]);
        for (k, &pixel) in set.images().iter().enumerate() {
            assert_eq!(pixel, k as f64 / scale, "{descriptor}");
        }
    }
}

/// A label is the number of a class, of which there are at most 65,536.
#[test]
fn labels_number_a_bounded_list_of_classes() {
    for (largest, accepted) in [(65_535_u32, true), (65_536, false)] {
        let data = [largest.to_le_bytes(), 0_u32.to_le_bytes()].concat();
        let (_folder, path) = file("a.npz", &npz(&[x(), ("y", npy("<u4", "(2,)", &data))]));
        let found = read_image_npz(&path);
        if accepted {
            assert_eq!(found.unwrap().classes().len(), 65_536);
        } else {
            assert_eq!(
                message(&path, found),
                "array `y`: found label 65536, expected labels below 65536"
            );
        }
    }
}

#[test]
fn every_integer_type_is_a_label() {
    for (descriptor, data) in [
        ("|i1", vec![7, 200]),
        (
            "<i2",
            [7_i16.to_le_bytes(), (-56_i16).to_le_bytes()].concat(),
        ),
        (
            ">i2",
            [7_i16.to_be_bytes(), (-56_i16).to_be_bytes()].concat(),
        ),
        (
            "<i4",
            [7_i32.to_le_bytes(), (-56_i32).to_le_bytes()].concat(),
        ),
        (
            "<i8",
            [7_i64.to_le_bytes(), (-56_i64).to_le_bytes()].concat(),
        ),
    ] {
        let (_folder, path) = file("a.npz", &npz(&[("k", npy(descriptor, "(2,)", &data))]));
        let found = read_npz_integers(&path, "k").unwrap();
        assert_eq!(found.as_slice().unwrap(), [7, -56], "{descriptor}");
    }
    for (descriptor, data) in [
        ("|u1", vec![7, 200]),
        ("<u2", [7_u16.to_le_bytes(), 200_u16.to_le_bytes()].concat()),
        (">u4", [7_u32.to_be_bytes(), 200_u32.to_be_bytes()].concat()),
        ("<u8", [7_u64.to_le_bytes(), 200_u64.to_le_bytes()].concat()),
    ] {
        let (_folder, path) = file("a.npz", &npz(&[("k", npy(descriptor, "(2,)", &data))]));
        let found = read_npz_integers(&path, "k").unwrap();
        assert_eq!(found.as_slice().unwrap(), [7, 200], "{descriptor}");
    }
    let (_folder, path) = file("a.npz", &npz(&[("k", npy("<u8", "(1,)", &[255; 8]))]));
    assert_eq!(
        message(&path, read_npz_integers(&path, "k")),
        format!(
            "array `k` at index [0]: found {}, expected at most {}",
            u64::MAX,
            i64::MAX
        )
    );
    assert_eq!(
        message(&path, read_npz_integers(&path, "l")),
        "array `l`: missing in the file, which holds k"
    );
}

#[test]
fn texts_are_read_in_every_form_and_checked() {
    let texts = |descriptor: &str, shape: &str, data: &[u8]| {
        let (folder, path) = file("a.npz", &npz(&[("k", npy(descriptor, shape, data))]));
        let result = read_npz_texts(&path, "k");
        drop(folder);
        result.map_err(|err| message::<()>(&path, Err(err)))
    };
    assert_eq!(
        texts("<U3", "(2,)", &utf32("abcd\0\0")).unwrap(),
        ["abc", "d"]
    );
    let big: Vec<u8> = "ab"
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    assert_eq!(texts(">U2", "(1,)", &big).unwrap(), ["ab"]);
    assert_eq!(texts("|S2", "(2,)", b"abc\0").unwrap(), ["ab", "c"]);
    assert_eq!(
        texts("<U1", "(1,)", &0xd800_u32.to_le_bytes()).unwrap_err(),
        "array `k` at index 0: found bytes that are not Unicode, expected a text"
    );
    assert!(texts("|S1", "(1,)", &[0xff]).is_err());
    assert_eq!(
        texts("<U2", "(2,)", &utf32("abc")).unwrap_err(),
        "not valid npy: array `k`: cut short: shape [2] needs 16 bytes of data, found 12"
    );
    for descriptor in ["<U0", "<U", "<Ux", "<U99999999999999999999", "<f8", "", "é"] {
        assert!(texts(descriptor, "(1,)", &[0; 8]).is_err(), "{descriptor}");
    }
    assert!(texts("<U4611686018427387904", "(4,)", &[0; 8]).is_err());
}

#[test]
fn npz_errors_name_the_array() {
    let refuse = |arrays: &[(&str, Vec<u8>)]| {
        let (_folder, path) = file("a.npz", &npz(arrays));
        message(&path, read_image_npz(&path))
    };
    assert_eq!(
        refuse(&[y()]),
        "array `x`: missing in the file, which holds y"
    );
    assert_eq!(
        refuse(&[x()]),
        "array `y`: missing in the file, which holds x"
    );
    assert_eq!(
        refuse(&[x(), ("y", npy("|u1", "(3,)", &[0, 1, 2]))]),
        "array `y`: expected shape [2], one entry for each image, found [3]"
    );
    assert_eq!(
        refuse(&[x(), ("y", npy("|i1", "(2,)", &[0, 255]))]),
        "array `y` at index 1: found -1, expected a label from 0"
    );
    assert_eq!(
        refuse(&[
            x(),
            ("y", npy("<u4", "(2,)", &[0, 0, 0, 0, 255, 255, 255, 255]))
        ]),
        "array `y`: found label 4294967295, expected labels below 65536"
    );
    assert_eq!(
        refuse(&[x(), ("y", npy("<f4", "(2,)", &[0; 8]))]),
        "element type of array `y`: found float32, expected integers or bool"
    );
    assert_eq!(
        refuse(&[x(), y(), ("classes", npy("<U1", "(1,)", &utf32("a")))]),
        "label of image 0: found 1, expected below 1, the number of classes"
    );
    assert_eq!(
        refuse(&[x(), y(), ("is_test", npy("|u1", "(2,)", &[0, 2]))]),
        "array `is_test` at index 1: found 2, expected 0 or 1"
    );
    assert_eq!(
        refuse(&[x(), y(), ("is_test", npy("|u1", "(1,)", &[0]))]),
        "array `is_test`: expected shape [2], one entry for each image, found [1]"
    );
    assert_eq!(
        refuse(&[("x", npy("|u1", "(2, 6)", &PIXELS)), y()]),
        "array `x`: expected shape [n, height, width, channels], found [2, 6]"
    );
    assert_eq!(
        refuse(&[("x", npy("<U1", "(1, 1, 3, 1)", &PIXELS)), y()]),
        "element type of array `x`: found the type <U1, expected real numbers (floating point, integers or bool)"
    );
    for bad in [f32::NAN, f32::INFINITY] {
        let data: Vec<u8> = [0.0, bad].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(
            refuse(&[("x", npy("<f4", "(2, 1, 1, 1)", &data)), y()]),
            "array `x`: NaN or infinity at index [1, 0, 0, 0], expected finite values"
        );
    }
    let forged = "(4294967295, 4294967295, 3, 1)";
    assert!(
        refuse(&[("x", npy("|u1", forged, &PIXELS)), y()])
            .starts_with("not valid npy: array `x`: ")
    );
    assert!(refuse(&[("x", npy("|u1", "(0, 2, 2, 1)", &[])), y()]).contains("empty"));
}
