//! Files that this crate writes: by the tables of another reader, and by our own reader.

use std::path::Path;

use fitsio_pure::bintable::{BinaryColumnData, read_binary_column};
use fitsio_pure::hdu::{FitsData, parse_fits};
use haarmonic::data::fits::{
    CoefficientFormat, ColumnType, KeyValue, Map, MapFormat, PixelOrder, Spectra,
    read_coefficients, read_map, read_spectra, write_coefficients, write_map, write_map_with,
    write_spectra,
};
use haarmonic::sphere::UNSEEN;
use ndarray::{Array2, array};
use num_complex::Complex64;

use super::value;

/// A map of several columns with one masked pixel in each.
fn maps(count: usize, nside: usize) -> Map {
    let values = Array2::from_shape_fn((count, 12 * nside * nside), |(column, pixel)| {
        match pixel == column + 1 {
            true => UNSEEN,
            false => value(column, pixel),
        }
    });
    Map::new(values).unwrap()
}

/// The file in the hands of another reader.
fn other(path: &Path) -> (Vec<u8>, FitsData) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.len() % 2880, 0);
    let parsed = parse_fits(&bytes).unwrap();
    (bytes, parsed)
}

fn column((bytes, parsed): &(Vec<u8>, FitsData), hdu: usize, column: usize) -> BinaryColumnData {
    read_binary_column(bytes, &parsed.hdus[hdu], column).unwrap()
}

/// The value of a card, as it stands in the header.
fn card(file: &(Vec<u8>, FitsData), hdu: usize, key: &str) -> Option<String> {
    let cards = file.1.hdus[hdu].cards.iter();
    let mut found = cards.filter(|card| card.keyword_str() == key);
    let value = format!("{:?}", found.next()?.value.as_ref()?);
    assert!(found.next().is_none(), "{key} stands twice");
    Some(value)
}

#[test]
fn maps_of_the_full_sky() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.fits");
    let mut map = maps(3, 2);
    map.units = vec!["K".into(), "".into(), "uK'".into()];
    map.types = vec![ColumnType::F64, ColumnType::F32, ColumnType::F64];
    map.coordinates = Some("C".into());
    map.ordering = PixelOrder::Nested;
    map.header = vec![
        ("FREQ".into(), KeyValue::Real(0.1)),
        ("NSIDE".into(), KeyValue::Integer(64)),
        ("TTYPE1".into(), KeyValue::Text("no".into())),
        ("NOTE".into(), KeyValue::Text("x".repeat(150))),
        ("DONE".into(), KeyValue::Flag(true)),
    ];
    write_map(&path, &map).unwrap();
    let file = other(&path);
    assert_eq!(
        column(&file, 1, 0),
        BinaryColumnData::Double(map.columns.row(0).to_vec())
    );
    let single: Vec<f32> = map.columns.row(1).iter().map(|&x| x as f32).collect();
    assert_eq!(column(&file, 1, 1), BinaryColumnData::Float(single));
    for (key, expected) in [
        ("NSIDE", Some("Integer(2)")),
        ("ORDERING", Some("String(\"NESTED\")")),
        ("INDXSCHM", Some("String(\"IMPLICIT\")")),
        ("LASTPIX", Some("Integer(47)")),
        ("COORDSYS", Some("String(\"C\")")),
        ("TFORM2", Some("String(\"E\")")),
        ("TUNIT2", None),
        ("TUNIT3", Some("String(\"uK'\")")),
        ("FREQ", Some("Float(0.1)")),
        ("DONE", Some("Logical(true)")),
    ] {
        assert_eq!(card(&file, 1, key).as_deref(), expected, "{key}");
    }
    let read = read_map(&path).unwrap();
    assert_eq!(read.columns, map.columns);
    assert_eq!(
        (&read.names, &read.units, &read.types),
        (&map.names, &map.units, &map.types)
    );
    assert_eq!(
        (read.ordering, &read.coordinates),
        (map.ordering, &map.coordinates)
    );
    assert!(read.header.contains(&map.header[3]));
    // What was read can be written, and says the same.
    write_map(&path, &read).unwrap();
    assert_eq!(read_map(&path).unwrap(), read);
}

#[test]
fn rows_of_1024_and_compressed_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.fits");
    let map = maps(2, 16);
    write_map(&path, &map).unwrap();
    let file = other(&path);
    assert_eq!(card(&file, 1, "NAXIS2").unwrap(), "Integer(3)");
    assert_eq!(card(&file, 1, "TFORM1").unwrap(), "String(\"1024D\")");
    assert_eq!(
        column(&file, 1, 1),
        BinaryColumnData::Double(map.columns.row(1).to_vec())
    );
    assert_eq!(read_map(&path).unwrap().columns, map.columns);
    let short = MapFormat {
        long_rows: false,
        ..MapFormat::default()
    };
    write_map_with(&path, &map, short).unwrap();
    assert_eq!(card(&other(&path), 1, "NAXIS2").unwrap(), "Integer(3072)");
    assert_eq!(read_map(&path).unwrap().columns, map.columns);

    // 1200 pixels are no multiple of 1024.
    let odd = maps(1, 10);
    write_map(&path, &odd).unwrap();
    assert_eq!(card(&other(&path), 1, "NAXIS2").unwrap(), "Integer(1200)");
    assert_eq!(read_map(&path).unwrap().columns, odd.columns);

    let packed = folder.path().join("map.fits.gz");
    write_map(&packed, &map).unwrap();
    assert!(std::fs::read(&packed).unwrap().starts_with(b"\x1f\x8b"));
    assert_eq!(read_map(&packed).unwrap().columns, map.columns);
}

#[test]
fn parts_of_the_sky() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.fits");
    let mut map = maps(2, 2);
    map.columns.fill(UNSEEN);
    map.columns[[0, 7]] = 1.5;
    map.columns[[1, 40]] = -2.5;
    let explicit = MapFormat {
        explicit: true,
        ..MapFormat::default()
    };
    write_map_with(&path, &map, explicit).unwrap();
    let file = other(&path);
    assert_eq!(column(&file, 1, 0), BinaryColumnData::Int(vec![7, 40]));
    assert_eq!(
        column(&file, 1, 2),
        BinaryColumnData::Double(vec![UNSEEN, -2.5])
    );
    assert_eq!(card(&file, 1, "OBJECT").unwrap(), "String(\"PARTIAL\")");
    let read = read_map(&path).unwrap();
    assert_eq!((&read.columns, &read.names), (&map.columns, &map.names));
    map.columns.fill(UNSEEN);
    assert_eq!(
        write_map_with(&path, &map, explicit)
            .unwrap_err()
            .to_string(),
        "pixels with a value: empty, expected at least one entry"
    );
}

#[test]
fn columns_of_integers_and_truth_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.fits");
    let types = [
        (ColumnType::U8, "B", 255),
        (ColumnType::I16, "I", -32768),
        (ColumnType::I32, "J", -2147483648),
        (ColumnType::I64, "K", i64::MIN),
    ];
    let mut map = Map::new(Array2::from_shape_fn((4, 12), |(_, pixel)| pixel as f64)).unwrap();
    map.types = types.map(|(kind, ..)| kind).to_vec();
    map.columns.column_mut(5).fill(UNSEEN);
    write_map(&path, &map).unwrap();
    let file = other(&path);
    for (number, (_, letter, null)) in (1..).zip(types) {
        let form = format!("String(\"{letter}\")");
        assert_eq!(card(&file, 1, &format!("TFORM{number}")), Some(form));
        let found = card(&file, 1, &format!("TNULL{number}"));
        assert_eq!(found, Some(format!("Integer({null})")));
    }
    let read = read_map(&path).unwrap();
    assert_eq!((&read.columns, &read.types), (&map.columns, &map.types));

    let mut mask = Map::new(Array2::from_shape_fn((1, 12), |(_, p)| {
        f64::from(p % 2 == 0)
    }))
    .unwrap();
    mask.types = vec![ColumnType::Bool];
    mask.columns[[0, 3]] = UNSEEN;
    write_map(&path, &mask).unwrap();
    assert_eq!(read_map(&path).unwrap().columns, mask.columns);
}

#[test]
fn coefficients_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alm.fits");
    let coeffs = Array2::from_shape_fn((2, 10), |(i, k)| Complex64::new(k as f64 + 0.5, i as f64));
    write_coefficients(&path, coeffs.view(), CoefficientFormat::default()).unwrap();
    let file = other(&path);
    // Degrees and orders of the half layout at L = 4, order by order.
    let index = vec![1, 3, 7, 13, 4, 8, 14, 9, 15, 16];
    assert_eq!(column(&file, 2, 0), BinaryColumnData::Int(index));
    let real = coeffs.row(1).iter().map(|c| c.re).collect();
    assert_eq!(column(&file, 2, 1), BinaryColumnData::Double(real));
    assert_eq!(read_coefficients(&path).unwrap().values, coeffs);

    let format = CoefficientFormat {
        band_limit: Some(3),
        order_limit: Some(2),
        precision: ColumnType::F32,
    };
    write_coefficients(&path, coeffs.row(0), format).unwrap();
    let file = other(&path);
    assert_eq!(
        column(&file, 1, 0),
        BinaryColumnData::Int(vec![1, 3, 7, 4, 8])
    );
    let real = vec![0.5, 1.5, 2.5, 4.5, 5.5];
    assert_eq!(column(&file, 1, 1), BinaryColumnData::Float(real));
    let read = read_coefficients(&path).unwrap();
    assert_eq!((read.band_limit, read.order_limit), (3, 2));
}

#[test]
fn spectra_of_two_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cl.fits");
    let mut spectra = Spectra::new(array![[0.0, 0.1, 0.25], [1.0, 2.0, 4.0]]).unwrap();
    spectra.types[1] = ColumnType::F32;
    spectra.units[0] = "uK^2".into();
    write_spectra(&path, &spectra).unwrap();
    let file = other(&path);
    assert_eq!(
        column(&file, 1, 0),
        BinaryColumnData::Double(vec![0.0, 0.1, 0.25])
    );
    assert_eq!(
        column(&file, 1, 1),
        BinaryColumnData::Float(vec![1.0, 2.0, 4.0])
    );
    let read = read_spectra(&path).unwrap();
    assert_eq!(
        (&read.values, &read.names),
        (&spectra.values, &spectra.names)
    );
    assert_eq!((&read.units, &read.types), (&spectra.units, &spectra.types));
    assert_eq!(
        Spectra::new(Array2::zeros((7, 2))).unwrap().names[6],
        "COLUMN_7"
    );
}

#[test]
fn values_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.fits");
    let refused = |change: &dyn Fn(&mut Map)| {
        let mut map = maps(1, 1);
        change(&mut map);
        let message = write_map(&path, &map).unwrap_err().to_string();
        assert!(!path.exists() && !message.contains('\n'));
        message
    };
    let what = "column \"TEMPERATURE\" to write";
    for (message, expected) in [
        (refused(&|map| map.columns[[0, 3]] = f64::NAN), format!("{what}: NaN or infinity at index [3], expected finite values")),
        (
            refused(&|map| {
                map.types[0] = ColumnType::F32;
                map.columns[[0, 3]] = 1e39;
            }),
            format!("{what}, entry 3: found 1e39, expected a number of single precision"),
        ),
        (refused(&|map| map.types[0] = ColumnType::I16), format!("{what}, entry 2: found 0.25, expected a whole number from -32768 to 32767")),
        (
            refused(&|map| {
                map.types[0] = ColumnType::U8;
                map.columns.fill(255.0);
                map.columns[[0, 1]] = UNSEEN;
            }),
            format!("{what}, entry 0: found 255, expected another number, since 255 marks UNSEEN"),
        ),
        (refused(&|map| map.types[0] = ColumnType::Bool), format!("{what}, entry 2: found 0.25, expected 0 or 1")),
        (refused(&|map| map.nside = 2), "columns of the map: expected shape [n, 12 nside^2] with nside = 2, found [1, 12]".into()),
        (refused(&|map| map.units.clear()), "units of the columns: expected shape [1], found [0]".into()),
        (
            refused(&|map| map.units[0] = "µK".into()),
            format!("unit of {what}: found \"µK\", expected printable ASCII, which is all that FITS headers hold"),
        ),
        (
            refused(&|map| map.header.push(("lower".into(), KeyValue::Flag(true)))),
            "key of the header: found \"lower\", expected 1 to 8 characters of A to Z, 0 to 9, - and _".into(),
        ),
        (
            refused(&|map| map.header.push(("X".into(), KeyValue::Real(f64::NAN)))),
            "key \"X\": found NaN, expected a finite number".into(),
        ),
    ] {
        assert_eq!(message, expected);
    }
    assert_eq!(
        Map::new(Array2::zeros((1, 13))).unwrap_err().to_string(),
        "columns of the map: expected shape [n, 12 nside^2] with nside >= 1, found [1, 13]"
    );
    let coeffs = array![Complex64::ONE, Complex64::ONE];
    let error = write_coefficients(&path, coeffs.view(), CoefficientFormat::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "coefficients to write: expected shape [L (L + 1) / 2] or [n, L (L + 1) / 2] with L >= 1, found [2]"
    );
    let format = CoefficientFormat {
        band_limit: Some(3),
        ..CoefficientFormat::default()
    };
    let coeffs = array![Complex64::ONE, Complex64::ONE, Complex64::ONE];
    let error = write_coefficients(&path, coeffs.view(), format).unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit of the degrees: found 3, expected from 1 to 2"
    );
}

/// Writes the files that `tests/data/fits/check.py` reads with healpy: `HAARMONIC_FITS=FOLDER cargo test --features fits --test files
/// files_for_healpy -- --ignored`, then `python tests/data/fits/check.py FOLDER`.
#[test]
#[ignore = "needs a folder and healpy"]
fn files_for_healpy() {
    let folder = std::env::var("HAARMONIC_FITS").expect("a folder in HAARMONIC_FITS");
    let path = |name: &str| Path::new(&folder).join(name);
    let mut map = maps(3, 4);
    map.coordinates = Some("G".into());
    map.units = vec!["K".into(); 3];
    map.types[1] = ColumnType::F32;
    map.header = vec![("FREQ".into(), KeyValue::Real(143.5))];
    write_map(path("map.fits"), &map).unwrap();
    write_map(path("map.fits.gz"), &map).unwrap();
    let explicit = MapFormat {
        explicit: true,
        ..MapFormat::default()
    };
    write_map_with(path("partial.fits"), &map, explicit).unwrap();
    map.ordering = PixelOrder::Nested;
    write_map(path("nested.fits"), &map).unwrap();
    write_map(path("rows.fits"), &maps(1, 16)).unwrap();
    let coeffs = Array2::from_shape_fn((3, 10), |(i, k)| Complex64::new(k as f64 + 0.5, i as f64));
    write_coefficients(
        path("alm.fits"),
        coeffs.view(),
        CoefficientFormat::default(),
    )
    .unwrap();
    let format = CoefficientFormat {
        order_limit: Some(2),
        precision: ColumnType::F32,
        ..CoefficientFormat::default()
    };
    write_coefficients(path("alm_mmax1.fits"), coeffs.row(1), format).unwrap();
    let spectra = Array2::from_shape_fn((6, 5), |(i, l)| value(i, l));
    write_spectra(path("cl.fits"), &Spectra::new(spectra).unwrap()).unwrap();
}
