//! Maps that healpy and astropy wrote, against the formulas of their values.

use haarmonic::data::fits::{
    ColumnChoice, ColumnType, KeyValue, MapChoice, PixelOrder, read_map, read_map_with,
};
use haarmonic::sphere::UNSEEN;
use ndarray::Array2;

use super::forge::{doubles, table};
use super::{message, stored, value};

fn choice(columns: &[usize]) -> MapChoice {
    MapChoice {
        columns: Some(columns.iter().map(|&c| ColumnChoice::Index(c)).collect()),
        ..MapChoice::default()
    }
}

#[test]
fn temperature_and_polarisation() {
    let map = read_map(stored("iqu_nside2.fits")).unwrap();
    assert_eq!((map.nside, map.ordering), (2, PixelOrder::Ring));
    let expected = Array2::from_shape_fn((3, 48), |(column, pixel)| value(column, pixel));
    assert_eq!(map.columns, expected);
    assert_eq!(
        map.names,
        ["TEMPERATURE", "Q_POLARISATION", "U_POLARISATION"]
    );
    assert_eq!(map.units, ["K"; 3]);
    assert_eq!(map.types, [ColumnType::F64; 3]);
    assert_eq!(map.coordinates.as_deref(), Some("G"));
    let keys: Vec<&str> = map.header.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys[0], "XTENSION");
    assert!(map.header.contains(&("FREQ".into(), KeyValue::Real(143.5))));
    assert!(map.header.contains(&("NSIDE".into(), KeyValue::Integer(2))));

    let some = read_map_with(stored("iqu_nside2.fits"), &choice(&[2, 0])).unwrap();
    assert_eq!(some.columns.row(0), expected.row(2));
    assert_eq!(some.columns.row(1), expected.row(0));
    let named = MapChoice {
        columns: Some(vec![ColumnChoice::Name("q_polarisation".into())]),
        ..MapChoice::default()
    };
    let named = read_map_with(stored("iqu_nside2.fits"), &named).unwrap();
    assert_eq!(named.columns.row(0), expected.row(1));
}

#[test]
fn nested_order_single_precision_and_rows_of_1024() {
    let path = stored("nested_nside4.fits");
    let map = read_map(&path).unwrap();
    assert_eq!((map.nside, map.ordering), (4, PixelOrder::Nested));
    assert_eq!(map.types, [ColumnType::F32]);
    assert!(
        map.columns
            .indexed_iter()
            .all(|((_, pixel), &x)| x == value(0, pixel))
    );
    let ordered = |ordering| MapChoice {
        ordering: Some(ordering),
        ..MapChoice::default()
    };
    assert_eq!(
        read_map_with(&path, &ordered(PixelOrder::Nested)).unwrap(),
        map
    );
    // Base pixel 0 of nside 4 in nested order: pixel 15 is the first at the north pole.
    let ring = read_map_with(&path, &ordered(PixelOrder::Ring)).unwrap();
    assert_eq!(ring.ordering, PixelOrder::Ring);
    assert_eq!(ring.columns[[0, 0]], value(0, 15));
    let mut back = ring;
    back.reorder(PixelOrder::Nested).unwrap();
    assert_eq!(back, map);

    let map = read_map(stored("rows_nside16.fits.gz")).unwrap();
    assert_eq!((map.nside, map.columns.dim()), (16, (1, 3072)));
    assert!(
        map.columns
            .indexed_iter()
            .all(|((_, pixel), &x)| x == (pixel % 32) as f64 / 4.0)
    );
}

#[test]
fn part_of_the_sky() {
    let map = read_map(stored("partial_nside4.fits")).unwrap();
    assert_eq!(map.columns.dim(), (2, 192));
    assert_eq!(map.names, ["Q_POLARISATION", "U_POLARISATION"]);
    assert_eq!(map.types, [ColumnType::F32, ColumnType::F64]);
    for ((column, pixel), &x) in map.columns.indexed_iter() {
        let expected = match pixel {
            3 | 5 | 140 => value(column, pixel),
            _ => UNSEEN,
        };
        assert_eq!(x, expected, "column {column}, pixel {pixel}");
    }
    let one = read_map_with(stored("partial_nside4.fits"), &choice(&[1])).unwrap();
    assert_eq!(one.columns.row(0), map.columns.row(1));
}

#[test]
fn integers_truth_values_and_masked_pixels() {
    let map = read_map(stored("integers_nside1.fits")).unwrap();
    assert_eq!(
        map.types,
        [ColumnType::I16, ColumnType::I32, ColumnType::I64]
    );
    assert!(
        map.columns
            .indexed_iter()
            .all(|((_, pixel), &x)| x == pixel as f64 * 1000.0 - 3000.0)
    );
    let mask = read_map(stored("mask_nside1.fits")).unwrap();
    assert_eq!(mask.types, [ColumnType::Bool]);
    assert!(
        mask.columns
            .indexed_iter()
            .all(|((_, pixel), &x)| x == f64::from(pixel % 3 == 0))
    );
    // The mark in single precision comes back as the mark.
    let masked = read_map(stored("masked_nside1.fits")).unwrap();
    for ((_, pixel), &x) in masked.columns.indexed_iter() {
        let expected = if [2, 7].contains(&pixel) {
            UNSEEN
        } else {
            value(0, pixel)
        };
        assert_eq!(x, expected);
    }
}

/// `TSCAL` and `TZERO`, `TNULL`, unsigned integers by an offset, `BAD_DATA`, NaN.
#[test]
fn scales_and_undefined_values() {
    let map = read_map(stored("scaled_nside1.fits")).unwrap();
    for pixel in 0..12 {
        let (column, number) = (map.columns.column(pixel), pixel as f64);
        let unless = |undefined: bool| if undefined { UNSEEN } else { number };
        assert_eq!(column[0], 100.0 + 2.0 * number);
        assert_eq!(column[1], unless(pixel == 4));
        assert_eq!(column[2], number + 2_147_483_648.0);
        assert_eq!(column[3], unless(pixel == 6 || pixel == 8));
    }
    // A scaled column is no longer one of integers.
    let types = [
        ColumnType::F64,
        ColumnType::I32,
        ColumnType::F64,
        ColumnType::F64,
    ];
    assert_eq!(map.types, types);
}

/// Unsigned integers of 64 bits, and integers that double precision does not hold.
#[test]
fn integers_of_64_bits_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.fits");
    let cards = |zero: &'static str| ["TTYPE1  = 'X'", "TFORM1  = 'K'", zero];
    let write = |zero, numbers: [i64; 12]| {
        let data: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        std::fs::write(&path, table("8", "12", "1", &cards(zero), &data)).unwrap();
    };
    let two_to_63 = 9_223_372_036_854_775_808.0;
    write("TZERO1  = 9223372036854775808", [i64::MIN; 12]);
    assert_eq!(read_map(&path).unwrap().columns[[0, 0]], 0.0);
    write("TZERO1  = 9223372036854775808", [0; 12]);
    assert_eq!(read_map(&path).unwrap().columns[[0, 3]], two_to_63);
    write("TZERO1  = 9223372036854775808", [i64::MIN + 5; 12]);
    assert_eq!(read_map(&path).unwrap().columns[[0, 3]], 5.0);
    let mut numbers = [1_i64 << 53; 12];
    write("TZERO1  = 0", numbers);
    assert_eq!(
        read_map(&path).unwrap().columns[[0, 3]],
        9_007_199_254_740_992.0
    );
    numbers[7] += 1;
    write("TZERO1  = 0", numbers);
    assert_eq!(
        message(&path, read_map(&path)),
        "column \"X\" of HDU 1 at row 7: found 9007199254740993, expected an integer that double precision holds exactly, such as \
         any up to 2^53"
    );
}

/// What headers leave out: the resolution, the order, names, the letter's count; the table in another HDU.
#[test]
fn headers_may_be_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.fits");
    let data = doubles((0..12).map(f64::from));
    std::fs::write(&path, table("96", "1", "1", &["TFORM1  = '12D'"], &data)).unwrap();
    let map = read_map(&path).unwrap();
    assert_eq!((map.nside, map.ordering), (1, PixelOrder::Ring));
    assert_eq!(
        map.columns.row(0).to_vec(),
        (0..12).map(f64::from).collect::<Vec<_>>()
    );
    assert_eq!((map.names[0].as_str(), map.coordinates), ("", None));
    // At nside 1 both orders are one.
    let nested = MapChoice {
        ordering: Some(PixelOrder::Nested),
        ..MapChoice::default()
    };
    assert_eq!(
        read_map_with(&path, &nested).unwrap().ordering,
        PixelOrder::Nested
    );

    // Two tables after each other, and no padding after the last.
    let mut two = table("8", "2", "1", &["TFORM1  = 'D'"], &data[..16]);
    let one = table(
        "8",
        "12",
        "1",
        &["TFORM1  = 'D'", "ORDERING= 'NESTED'"],
        &data,
    );
    two.extend(&one[2880..2880 + 2880 + 96]);
    std::fs::write(&path, &two).unwrap();
    let second = MapChoice {
        hdu: 2,
        ..MapChoice::default()
    };
    let map = read_map_with(&path, &second).unwrap();
    assert_eq!(
        (map.ordering, map.columns[[0, 11]]),
        (PixelOrder::Nested, 11.0)
    );

    // Pixel numbers without any key that says so.
    let rows = doubles([5.0, 0.5, 2.0, 0.25]);
    let cards = ["TFORM1  = 'D'", "TFORM2  = 'D'", "NSIDE   = 1.0"];
    std::fs::write(&path, table("16", "2", "2", &cards, &rows)).unwrap();
    let listed = MapChoice {
        explicit: true,
        ..MapChoice::default()
    };
    let map = read_map_with(&path, &listed).unwrap();
    let found: Vec<f64> = [5, 2, 0].map(|pixel| map.columns[[0, pixel]]).to_vec();
    assert_eq!(found, [0.5, 0.25, UNSEEN]);
}
