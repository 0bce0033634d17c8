//! Arrays in NumPy's formats: files written by NumPy, round trips, and every error.

use std::path::{Path, PathBuf};

use haarmonic::Error;
use haarmonic::data::arrays::{
    Numbers, npz_keys, read_complex, read_npz_complex, read_npz_numbers, read_npz_real,
    read_numbers, read_real, write_npy, write_npz,
};
use haarmonic::data::atomic::{check_target, write_atomically, write_csv};
use ndarray::{Array1, Array3, ArrayD, array};
use num_complex::Complex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A file written by NumPy (`tests/data/arrays/README.md`).
fn numpy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/arrays")
        .join(name)
}

/// What NumPy wrote: exact in f32 too.
fn real() -> ArrayD<f64> {
    Array3::from_shape_fn((2, 3, 4), |(i, j, k)| {
        100.0 * i as f64 + 10.0 * j as f64 + k as f64 + 0.5
    })
    .into_dyn()
}

fn complex() -> ArrayD<Complex<f64>> {
    real().mapv(|x| Complex::new(x, -x))
}

/// The message without the path in front.
#[track_caller]
fn message<T: std::fmt::Debug>(path: &Path, result: haarmonic::Result<T>) -> String {
    let message = result.expect_err("an error").to_string();
    assert!(!message.contains('\n'), "{message}");
    let prefix = format!("{}: ", path.display());
    message
        .strip_prefix(&prefix)
        .unwrap_or_else(|| panic!("{message} does not begin with the path"))
        .to_string()
}

/// A `.npy` file with the given header dictionary and data.
fn npy(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(dictionary.len() + 1).unwrap().to_le_bytes());
    bytes.extend(dictionary.as_bytes());
    bytes.push(b'\n');
    bytes.extend(data);
    bytes
}

/// Writes under a new file, which is far quicker than cutting an old one on some systems.
fn replace(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::remove_file(path).ok();
    std::fs::write(path, bytes).unwrap();
}

fn header(descriptor: &str, shape: &str) -> String {
    format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}")
}

#[test]
fn numpy_files_are_read() {
    for name in ["f64", "f64_fortran", "f64_big_endian", "f32"] {
        let array = read_real(numpy(&format!("{name}.npy"))).unwrap();
        assert_eq!(array, real(), "{name}");
        assert!(array.is_standard_layout(), "{name}");
    }
    for name in ["c128", "c64_fortran"] {
        let array = read_complex(numpy(&format!("{name}.npy"))).unwrap();
        assert_eq!(array, complex(), "{name}");
        assert!(array.is_standard_layout(), "{name}");
    }
    assert_eq!(read_numbers(numpy("f32.npy")).unwrap(), real().into());
    let numbers = read_numbers(numpy("c128.npy")).unwrap();
    assert_eq!(numbers, complex().into());
    assert_eq!(numbers.shape(), [2, 3, 4]);
    let scalar = read_real(numpy("scalar.npy")).unwrap();
    assert_eq!(scalar, ndarray::arr0(2.5).into_dyn());
}

#[test]
fn numpy_archives_are_read() {
    assert_eq!(
        npz_keys(numpy("stored.npz")).unwrap(),
        ["real", "complex", "bad"]
    );
    for name in ["stored.npz", "deflated.npz"] {
        let path = numpy(name);
        assert_eq!(read_npz_real(&path, "real").unwrap(), real());
        assert_eq!(read_npz_complex(&path, "complex").unwrap(), complex());
        assert_eq!(
            read_npz_numbers(&path, "complex").unwrap(),
            complex().into()
        );
    }
    let zeros = read_npz_real(numpy("deflated.npz"), "zeros").unwrap();
    assert_eq!(zeros, Array1::<f64>::zeros(4096).into_dyn());
}

#[test]
fn arrays_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let awkward = array![[0.1, -0.0], [f64::MIN_POSITIVE / 2.0, f64::MAX]];
    for array in [awkward.view(), awkward.t()] {
        write_npy(&path, &array).unwrap();
        assert_eq!(read_real(&path).unwrap(), array.to_owned().into_dyn());
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes[..80]).into_owned();
        assert!(text.contains("'fortran_order': False"), "{text}");
    }
    write_npy(&path, &complex()).unwrap();
    assert_eq!(read_complex(&path).unwrap(), complex());

    let path = folder.path().join("k.npz");
    let arrays = [
        ("ntk", awkward.clone().into()),
        ("coefficients", complex().into()),
    ];
    write_npz(&path, &arrays).unwrap();
    assert_eq!(npz_keys(&path).unwrap(), ["ntk", "coefficients"]);
    assert_eq!(read_npz_real(&path, "ntk").unwrap(), awkward.into_dyn());
    assert_eq!(read_npz_complex(&path, "coefficients").unwrap(), complex());
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.npy");
    let missing = "cannot read: no such file or folder";
    assert_eq!(message(&absent, read_real(&absent)), missing);
    assert_eq!(message(&absent, read_npz_real(&absent, "x")), missing);
    assert_eq!(message(&absent, npz_keys(&absent)), missing);
    assert_eq!(
        message(folder.path(), read_real(folder.path())),
        "cannot read: not a regular file"
    );
}

#[test]
fn every_type_of_real_numbers_is_read() {
    assert_eq!(
        read_real(numpy("int64.npy")).unwrap(),
        array![0.0, 1.0, 2.0].into_dyn()
    );
    assert_eq!(
        read_numbers(numpy("bool.npy")).unwrap(),
        array![1.0, 0.0].into_dyn().into()
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let read = |descriptor: &str, bytes: &[u8]| {
        let count = format!("({},)", 3);
        replace(&path, npy(&header(descriptor, &count), bytes));
        read_real(&path)
    };
    // 1, 2 and 200 or −56, in each width and order.
    for (descriptor, width, signed) in [
        ("|i1", 1, true),
        ("|u1", 1, false),
        ("<i2", 2, true),
        (">i2", 2, true),
        ("<u2", 2, false),
        ("<i4", 4, true),
        (">u4", 4, false),
        ("<i8", 8, true),
        (">i8", 8, true),
        ("=u8", 8, false),
        ("int32", 4, true),
    ] {
        let numbers: [i64; 3] = [1, 2, if signed { -56 } else { 200 }];
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| {
                let mut bytes = number.to_le_bytes()[..width].to_vec();
                if descriptor.starts_with('>') {
                    bytes.reverse();
                }
                bytes
            })
            .collect();
        let wanted = ArrayD::from_shape_vec(vec![3], numbers.map(|x| x as f64).to_vec()).unwrap();
        assert_eq!(read(descriptor, &bytes).unwrap(), wanted, "{descriptor}");
    }
    // Halves: 1, −2, the smallest number above zero.
    for (descriptor, bytes) in [
        ("<f2", [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00]),
        (">f2", [0x3c, 0x00, 0xc0, 0x00, 0x00, 0x01]),
    ] {
        let wanted = array![1.0, -2.0, 1.0 / 16_777_216.0].into_dyn();
        assert_eq!(read(descriptor, &bytes).unwrap(), wanted, "{descriptor}");
    }
    replace(&path, npy(&header("<f2", "(1,)"), &[0x00, 0x7c]));
    assert_eq!(
        message(&path, read_real(&path)),
        "array: NaN or infinity at index [0], expected finite values"
    );
}

#[test]
fn integers_beyond_double_precision_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let with = |descriptor: &str, numbers: [u64; 4], order: &str| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let dictionary = header(descriptor, "(2, 2)").replace("False", order);
        replace(&path, npy(&dictionary, &bytes));
        read_real(&path)
    };
    let limit = 1 << 53;
    let held = with("<u8", [limit, limit + 2, 1 << 63, 0], "False").unwrap();
    assert_eq!(held[[1, 0]], 2.0_f64.powi(63));
    for (order, index) in [("False", "[0, 1]"), ("True", "[1, 0]")] {
        for (descriptor, number) in [("<u8", limit + 1), ("<i8", (-(limit as i64) - 1) as u64)] {
            let found = match descriptor {
                "<u8" => number.to_string(),
                _ => (number as i64).to_string(),
            };
            let result = with(descriptor, [1, number, number, number], order);
            assert_eq!(
                message(&path, result),
                format!(
                    "array at index {index}: found {found}, expected an integer that double precision holds exactly, \
                     such as any up to 2^53"
                )
            );
        }
    }
    replace(&path, npy(&header("|b1", "(2,)"), &[1, 2]));
    assert_eq!(
        message(&path, read_real(&path)),
        "array at index [1]: found the byte 2, expected a truth value, 0 or 1"
    );
}

/// Headers that NumPy reads: of Python 2, native order, other keys first, versions 2 and 3.
#[test]
fn headers_of_every_writer_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let data: Vec<u8> = (0..6).flat_map(|i| f64::from(i).to_le_bytes()).collect();
    let wanted = ArrayD::from_shape_vec(vec![2, 3], (0..6).map(f64::from).collect()).unwrap();
    for dictionary in [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 3L), }",
        "{'descr': '=f8', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': 'float64', 'fortran_order': False, 'shape': (2, 3)}",
        "{\"shape\":(2,3,),\"fortran_order\":False,\"descr\":\"<f8\"}",
    ] {
        replace(&path, npy(dictionary, &data));
        assert_eq!(read_real(&path).unwrap(), wanted, "{dictionary}");
        for version in [2, 3] {
            let mut bytes = b"\x93NUMPY".to_vec();
            bytes.extend([version, 0]);
            bytes.extend((dictionary.len() as u32).to_le_bytes());
            bytes.extend(dictionary.as_bytes());
            bytes.extend(&data);
            replace(&path, bytes);
            assert_eq!(read_real(&path).unwrap(), wanted, "version {version}");
        }
    }
    // NumPy cannot read this one either.
    let dictionary = header("<f8", "(np.int64(2), 3)");
    replace(&path, npy(&dictionary, &data));
    assert_eq!(
        message(&path, read_real(&path)),
        "not valid npy: array: header: found \"np.int64(2), 3), }\", expected a tuple of whole numbers for shape, \
         such as (12, 7) or (12,)"
    );
}

#[test]
fn archives_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.npz");
    let write = |entries: &[(&str, &[u8])]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(*name, options).unwrap();
            std::io::Write::write_all(&mut zip, bytes).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        replace(&path, &bytes);
        bytes
    };
    let one = npy(&header("<f8", "(1,)"), &1.0_f64.to_le_bytes());
    let whole = write(&[
        ("x", &one),
        ("folder/y.npy", &one),
        ("notes.txt", b"no array"),
        ("__MACOSX/._x.npy", b"resource fork"),
        (".DS_Store", b"x"),
    ]);
    assert_eq!(npz_keys(&path).unwrap(), ["x", "folder/y"]);
    for key in ["x", "folder/y"] {
        assert_eq!(
            read_npz_real(&path, key).unwrap(),
            array![1.0].into_dyn(),
            "{key}"
        );
    }
    // Nothing before or after the archive is passed over in silence.
    replace(&path, [&whole[..], b"more"].concat());
    assert_eq!(
        message(&path, npz_keys(&path)),
        "not valid npz: found more bytes after the end of the archive"
    );
    replace(&path, [b"more", &whole[..]].concat());
    assert!(message(&path, npz_keys(&path)).contains("expected a zip archive"));
}

#[test]
fn other_element_types() {
    for (name, found) in [
        ("c128", "complex128"),
        ("text", "the type <U2"),
        ("structured", "the type [('a', '<f8'), ('b', '<i4')]"),
    ] {
        let path = numpy(&format!("{name}.npy"));
        assert_eq!(
            message(&path, read_real(&path)),
            format!(
                "element type of array: found {found}, expected real numbers (floating point, integers or bool)"
            )
        );
    }
    let path = numpy("f64.npy");
    assert_eq!(
        message(&path, read_complex(&path)),
        "element type of array: found float64, expected complex128 or complex64"
    );
    let path = numpy("text.npy");
    assert_eq!(
        message(&path, read_numbers(&path)),
        "element type of array: found the type <U2, expected real or complex numbers"
    );
    let path = numpy("stored.npz");
    assert_eq!(
        message(&path, read_npz_real(&path, "complex")),
        "element type of array `complex`: found complex128, expected real numbers (floating point, integers or bool)"
    );
}

#[test]
fn values_that_are_not_finite_and_arrays_without_entries() {
    let path = numpy("nan.npy");
    assert_eq!(
        message(&path, read_real(&path)),
        "array: NaN or infinity at index [1, 1, 2], expected finite values"
    );
    let path = numpy("stored.npz");
    assert_eq!(
        message(&path, read_npz_real(&path, "bad")),
        "array `bad`: NaN or infinity at index [1], expected finite values"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("z.npy");
    for bad in [
        Complex::new(0.0, f64::NAN),
        Complex::new(f64::INFINITY, 0.0),
    ] {
        write_npy(&path, &array![[Complex::new(1.0, 0.0), bad]]).unwrap();
        assert_eq!(
            message(&path, read_complex(&path)),
            "array: NaN or infinity at index [0, 1], expected finite values"
        );
    }
    let path = numpy("empty.npy");
    assert_eq!(
        message(&path, read_real(&path)),
        "array of shape [0, 3]: empty, expected at least one entry"
    );
}

#[test]
fn headers_that_claim_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.npy");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        message(&path, read_real(&path))
    };
    let with_shape = |shape: &str| read(&npy(&header("<f8", shape), &[0; 48]));
    // A terabyte that is not there: answered without taking the memory.
    assert_eq!(
        with_shape("(137438953472,)"),
        "not valid npy: array: cut short: shape [137438953472] needs 1099511627776 bytes of data, found 48"
    );
    for shape in [
        "(9223372036854775807, 4)",
        "(4294967296, 4294967296)",
        "(2305843009213693952,)",
    ] {
        let listed = shape.replace('(', "[").replace([')', ','], "");
        let message = with_shape(shape);
        assert!(
            message.ends_with("is too large, the file holds 48 bytes of data"),
            "{listed}: {message}"
        );
    }
    for shape in ["(99999999999999999999999999,)", "(-1, 6)", "('a',)", "6"] {
        let message = with_shape(shape);
        assert!(
            message.contains("expected a tuple of whole numbers for shape"),
            "{message}"
        );
    }
    assert_eq!(
        with_shape("(0, 9223372036854775807, 9223372036854775807)"),
        "array of shape [0, 9223372036854775807, 9223372036854775807]: empty, expected at least one entry"
    );
    assert_eq!(
        with_shape("(7,)"),
        "not valid npy: array: cut short: shape [7] needs 56 bytes of data, found 48"
    );
    assert_eq!(
        with_shape("(2, 2)"),
        "not valid npy: array: too long: shape [2, 2] needs 32 bytes of data, found 48"
    );
    let rank = format!("({})", "1, ".repeat(65));
    assert_eq!(
        with_shape(&rank),
        "not valid npy: array: an array of rank 65, expected at most 64"
    );
    // A header of 4 GB, and one that nests deeper than a stack is high.
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    assert_eq!(
        read(&long),
        "not valid npy: array: header of 4294967295 bytes, expected at most 10000"
    );
    let nested = "(".repeat(9000);
    assert!(read(&npy(&nested, &[])).ends_with("expected a dictionary in braces"));
    let nested = header("<f8", "(6,)").replace("'<f8'", &"[(".repeat(4000));
    assert!(read(&npy(&nested, &[])).ends_with("expected a type in closed brackets"));
}

#[test]
fn files_that_are_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        message(&path, read_real(&path))
    };
    for (bytes, found) in [
        (&b""[..], "an empty file"),
        (b"1.0,2.0\n3.0,4.0\n", "text that starts with \"1.0,2.0\""),
        (b"\x1f\x8b\x08\0\0", "a gzip file"),
        (b"PK\x03\x04\x14\0\0\0", "a zip archive (.npz and others)"),
        (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
        (b"\x80\x04\x95\x10\0\0\0\0", "a Python pickle"),
        (b"MATLAB 5.0 MAT-file, Platform", "a MATLAB file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (
            b"\0\x01\x02\x03\x04",
            "a file that begins with the bytes [0, 1, 2, 3]",
        ),
    ] {
        let expected = format!("not valid npy: array: found {found}, expected a NumPy .npy file");
        assert_eq!(read(bytes), expected);
    }
    assert_eq!(
        read(b"\x93NUMPY\x01\x00"),
        "not valid npy: array: cut short: 8 bytes, inside the header"
    );
    assert_eq!(
        read(b"\x93NUMPY\x09\x00\x00\x00\x00\x00"),
        "not valid npy: array: found version 9.0 of the format, expected 1.0, 2.0 or 3.0"
    );
    std::fs::write(&path, b"no archive").unwrap();
    assert_eq!(
        message(&path, npz_keys(&path)),
        "not valid npz: found text that starts with \"no archive\", expected a zip archive"
    );
    assert_eq!(
        message(&numpy("f64.npy"), npz_keys(numpy("f64.npy"))),
        "not valid npz: found a NumPy .npy file, expected a zip archive"
    );
    let path = numpy("stored.npz");
    assert_eq!(
        message(&path, read_npz_real(&path, "ntk")),
        "array `ntk`: missing in the file, which holds real, complex, bad"
    );
}

#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for name in ["f64.npy", "c64_fortran.npy", "f32.npy", "structured.npy"] {
        let whole = std::fs::read(numpy(name)).unwrap();
        for end in 0..whole.len() {
            replace(&path, &whole[..end]);
            message(&path, read_numbers(&path));
        }
        for _ in 0..1500 {
            let mut bytes = whole.clone();
            for _ in 0..rng.random_range(1..4) {
                // Mostly in the header, where there is something to misread.
                let place = rng.random_range(0..bytes.len().min(130));
                bytes[place] = rng.random();
            }
            replace(&path, bytes);
            read_numbers(&path).ok();
        }
    }
    for name in ["stored.npz", "deflated.npz"] {
        let whole = std::fs::read(numpy(name)).unwrap();
        let read_all = |bytes: &[u8]| {
            replace(&path, bytes);
            npz_keys(&path).ok();
            ["real", "complex"].map(|key| read_npz_numbers(&path, key).is_ok())
        };
        for end in 0..whole.len() {
            assert_eq!(
                read_all(&whole[..end]),
                [false, false],
                "{name} cut at {end}"
            );
        }
        for _ in 0..1500 {
            let mut bytes = whole.clone();
            for _ in 0..rng.random_range(1..4) {
                let place = rng.random_range(0..bytes.len());
                bytes[place] = rng.random();
            }
            read_all(&bytes);
        }
    }
    for _ in 0..500 {
        let length = rng.random_range(0..300);
        let mut bytes: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        if rng.random() {
            bytes.splice(0..0, *b"\x93NUMPY\x01\x00\x40\x00");
        }
        replace(&path, bytes);
        assert!(read_numbers(&path).is_err());
        assert!(read_npz_numbers(&path, "x").is_err());
    }
}

/// One flipped bit in the data of an archive is noticed by its checksum.
#[test]
fn checksums_of_archives_are_compared() {
    let mut bytes = std::fs::read(numpy("stored.npz")).unwrap();
    let needle = 0.5f64.to_le_bytes();
    let place = bytes
        .windows(8)
        .position(|window| window == needle)
        .unwrap();
    bytes[place] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.npz");
    std::fs::write(&path, bytes).unwrap();
    let message = message(&path, read_npz_real(&path, "real"));
    assert!(message.contains("checksum"), "{message}");
}

#[test]
fn failed_writing_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.npz");
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let failing = || {
        write_atomically(&path, |out| {
            out.write_all(&[1; 1 << 20])?;
            Err(std::io::Error::other("the disk is full"))
        })
    };
    assert_eq!(message(&path, failing()), "cannot write: the disk is full");
    assert!(names().is_empty());
    std::fs::write(&path, b"before").unwrap();
    failing().unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    assert_eq!(names(), ["k.npz"]);
    write_npz(&path, &[("x", real().into())]).unwrap();
    assert_eq!(read_npz_real(&path, "x").unwrap(), real());
    assert_eq!(names(), ["k.npz"]);
}

#[test]
fn targets_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere/k.npz");
    let expected = format!(
        "cannot create: the folder {} does not exist",
        folder.path().join("nowhere").display()
    );
    assert_eq!(message(&path, check_target(&path)), expected);
    assert_eq!(message(&path, write_npy(&path, &real())), expected);
    let expected = "cannot create: found a folder, expected a file name";
    assert_eq!(
        message(folder.path(), check_target(folder.path())),
        expected
    );
    assert_eq!(
        message(folder.path(), write_npy(folder.path(), &real())),
        expected
    );
    check_target("bare_name.npz").unwrap();
    let error = check_target("").unwrap_err();
    assert!(
        matches!(
            error,
            Error::Io {
                operation: haarmonic::error::FileOperation::Create,
                ..
            }
        ),
        "{error}"
    );

    let path = folder.path().join("k.npz");
    let numbers = || Numbers::from(real());
    let error = |arrays: &[(&str, Numbers)]| write_npz(&path, arrays).unwrap_err().to_string();
    assert_eq!(
        error(&[]),
        "arrays to write: empty, expected at least one entry"
    );
    let expected = "a name that is not empty and not taken";
    assert_eq!(
        error(&[("x", numbers()), ("x", numbers())]),
        format!("name of array 2: found \"x\", expected {expected}")
    );
    assert_eq!(
        error(&[("", numbers())]),
        format!("name of array 1: found \"\", expected {expected}")
    );
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn written_files_have_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| {
        let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
        metadata.permissions().mode()
    };
    std::fs::write(folder.path().join("ordinary"), b"x").unwrap();
    write_npy(folder.path().join("atomic"), &real()).unwrap();
    assert_eq!(mode("atomic"), mode("ordinary"));
}

#[test]
fn tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    write_csv(&path, &["x", "1/x, rounded"], [[0.1 + 0.2, 1.0 / 3.0]]).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "x,\"1/x, rounded\"\n0.30000000000000004,0.3333333333333333\n"
    );
    write_csv(&path, &["method", "error"], [["SO(3)", "1.5"]]).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "method,error\nSO(3),1.5\n"
    );
    let error = write_csv(&path, &["a", "b"], [vec![1, 2], vec![3]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 2 of the table: expected shape [2], found [1]"
    );
    let error = write_csv(&path, &[], [[0.0; 0]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "header of the table: empty, expected at least one entry"
    );
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "method,error\nSO(3),1.5\n"
    );
}
