//! Broken, truncated and hostile files: one line that names the file, the HDU and the key or column.

use haarmonic::data::fits::{
    ColumnChoice, MapChoice, read_coefficients, read_map, read_map_with, read_spectra,
};

use super::forge::{BLOCK, doubles, header, table};
use super::{message, stored};

/// A table of one map of nside 1 with these cards.
fn map_with(cards: &[&str]) -> Vec<u8> {
    let all = [&["TTYPE1  = 'X'", "TFORM1  = 'D'"], cards].concat();
    table("8", "12", "1", &all, &doubles((0..12).map(f64::from)))
}

/// What [`read_map`] says about a file.
fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.fits");
    std::fs::write(&path, bytes).unwrap();
    message(&path, read_map(&path))
}

#[test]
fn keys_with_unexpected_values() {
    for (card, expected) in [
        (
            "NSIDE   = 0",
            "NSIDE in HDU 1: found 0, expected a whole number from 1 to 536870912",
        ),
        (
            "NSIDE   = -4",
            "NSIDE in HDU 1: found -4, expected a whole number from 1 to 536870912",
        ),
        (
            "NSIDE   = 1.5",
            "NSIDE in HDU 1: found 1.5, expected a whole number",
        ),
        (
            "NSIDE   = '1'",
            "NSIDE in HDU 1: found \"1\", expected a whole number",
        ),
        (
            "NSIDE   = 2",
            "numbers in column \"X\" of HDU 1: found 12, expected 48, 12 nside^2 pixels",
        ),
        (
            "ORDERING= 'NUNIQ'",
            "ORDERING in HDU 1: found NUNIQ, expected RING or NESTED",
        ),
        (
            "ORDERING= 3",
            "ORDERING in HDU 1: found 3, expected text in quotes",
        ),
        (
            "PIXTYPE = 'CAR'",
            "PIXTYPE in HDU 1: found CAR, expected HEALPIX",
        ),
        (
            "INDXSCHM= 'SOME'",
            "INDXSCHM in HDU 1: found SOME, expected IMPLICIT or EXPLICIT",
        ),
        (
            "INDXSCHM= 'EXPLICIT'",
            "columns of maps in HDU 1: empty, expected at least one entry",
        ),
        (
            "TSCAL1  = 'two'",
            "TSCAL1 in HDU 1: found \"two\", expected a finite number",
        ),
        (
            "BAD_DATA= (1, 2)",
            "BAD_DATA in HDU 1: found a complex number, expected a finite number",
        ),
        (
            "ZTABLE  = T",
            "HDU 1: found a compressed table, expected a plain table, as funpack writes it",
        ),
    ] {
        assert_eq!(refused(&map_with(&[card])), expected, "{card}");
    }
    for (cards, expected) in [
        (
            ["OBJECT  = 'PARTIAL'", "INDXSCHM= 'IMPLICIT'"],
            "EXPLICIT, as OBJECT is PARTIAL",
        ),
        (
            ["OBJECT  = 'FULLSKY'", "INDXSCHM= 'EXPLICIT'"],
            "IMPLICIT, as OBJECT is FULLSKY",
        ),
    ] {
        assert!(refused(&map_with(&cards)).ends_with(expected), "{cards:?}");
    }
    let cards = ["TFORM1  = '27D'", "NSIDE   = 3", "ORDERING= 'NESTED'"];
    assert_eq!(
        refused(&table("216", "4", "1", &cards, &[0; 864])),
        "NSIDE in HDU 1: found 3, expected a power of two, as ORDERING is NESTED"
    );
}

#[test]
fn tables_of_another_shape() {
    let data = [0; 96];
    for (row_len, rows, fields, form, expected) in [
        (
            "8",
            "12",
            "1",
            "'9999999999999999999D'",
            "TFORM1 in HDU 1: found \"9999999999999999999D\", expected the format of a column, such as 1024E or D",
        ),
        (
            "8",
            "12",
            "1",
            "'2305843009213693952D'",
            "TFORM1 in HDU 1: found \"2305843009213693952D\", expected the format of a column, such as 1024E or D",
        ),
        (
            "8",
            "12",
            "1",
            "''",
            "TFORM1 in HDU 1: found \"\", expected the format of a column, such as 1024E or D",
        ),
        (
            "8",
            "12",
            "1",
            "'D8'",
            "TFORM1 in HDU 1: found \"D8\", expected the format of a column, such as 1024E or D",
        ),
        (
            "8",
            "12",
            "1",
            "'2D'",
            "NAXIS1 in HDU 1: found 8, expected the bytes of a row, more with column 1 of HDU 1",
        ),
        (
            "8",
            "12",
            "1",
            "'E'",
            "NAXIS1 in HDU 1: found 8, expected 4, the bytes of all columns",
        ),
        (
            "8",
            "12",
            "1000",
            "'D'",
            "TFIELDS in HDU 1: found 1000, expected at most 999",
        ),
        (
            "8",
            "12",
            "1000000000000000",
            "'D'",
            "TFIELDS in HDU 1: found 1000000000000000, expected at most 999",
        ),
        (
            "8",
            "12",
            "2",
            "'D'",
            "key TFORM2: missing in the header of HDU 1",
        ),
        (
            "8",
            "12",
            "-1",
            "'D'",
            "TFIELDS in HDU 1: found -1, expected a whole number, at least 0",
        ),
        (
            "8",
            "0",
            "1",
            "'D'",
            "column 1 of HDU 1: empty, expected at least one entry",
        ),
        (
            "0",
            "12",
            "1",
            "'0D'",
            "column 1 of HDU 1: empty, expected at least one entry",
        ),
        (
            "8",
            "12",
            "1",
            "'8A'",
            "column 1 of HDU 1: found text, expected real numbers",
        ),
        (
            "8",
            "12",
            "1",
            "'1PE(4)'",
            "column 1 of HDU 1: found arrays of variable length, expected real numbers",
        ),
        (
            "8",
            "12",
            "1",
            "'C'",
            "column 1 of HDU 1: found complex numbers, expected real numbers",
        ),
        (
            "8",
            "12",
            "1",
            "'64X'",
            "column 1 of HDU 1: found bits, expected real numbers",
        ),
        (
            "8",
            "13",
            "1",
            "'D'",
            "numbers in column 1 of HDU 1: found 13, expected 12 nside^2, or the key NSIDE",
        ),
    ] {
        let form = format!("TFORM1  = {form}");
        assert_eq!(
            refused(&table(row_len, rows, fields, &[&form], &data)),
            expected
        );
    }
    // Numbers that the file cannot hold are refused before memory is taken.
    for (row_len, rows) in [("8", "1000000000000"), ("9223372036854775807", "4")] {
        let found = refused(&table(row_len, rows, "1", &["TFORM1  = 'D'"], &data));
        let short =
            found.starts_with("not valid FITS: cut short: HDU 1 announces 8000000000000 bytes");
        assert!(
            short || found.ends_with("is longer than any file"),
            "{found}"
        );
    }
    // The letter E with an accent, which is not ASCII.
    let mut bytes = map_with(&[]);
    let place = bytes.windows(3).position(|part| part == b"'D'").unwrap();
    bytes[place + 1] = 0xc9;
    assert!(refused(&bytes).starts_with("TFORM1 in HDU 1: found"));
}

#[test]
fn headers_of_another_kind() {
    let primary = |cards: &[&str]| header(&[&["SIMPLE  = T", "BITPIX  = 8"], cards].concat());
    for (bytes, expected) in [
        (
            vec![],
            "not valid FITS: found an empty file, expected a FITS file",
        ),
        (
            b"x,y\n1,2\n".to_vec(),
            "not valid FITS: found text that starts with \"x,y\", expected a FITS file",
        ),
        (
            b"\x93NUMPY\x01\0".to_vec(),
            "not valid FITS: found a NumPy .npy file, expected a FITS file",
        ),
        (
            primary(&["NAXIS   = 0"]),
            "HDU 1: missing in the file, whose last one is HDU 0",
        ),
        (
            primary(&["NAXIS   = -1"]),
            "NAXIS in HDU 0: found -1, expected a whole number, at least 0",
        ),
        (
            primary(&["NAXIS   = 9999999999"]),
            "NAXIS in HDU 0: found 9999999999, expected at most 999",
        ),
        (
            primary(&["NAXIS   = 1"]),
            "key NAXIS1: missing in the header of HDU 0",
        ),
        (primary(&[]), "key NAXIS: missing in the header of HDU 0"),
        (
            header(&["SIMPLE  = T", "BITPIX  = 7", "NAXIS   = 0"]),
            "BITPIX in HDU 0: found 7, expected 8, 16, 32, 64, -32 or -64",
        ),
        (
            map_with(&[])[..BLOCK + 800].to_vec(),
            "not valid FITS: cut short: the file ends inside the header of HDU 1",
        ),
        (
            map_with(&[])[..2 * BLOCK + 95].to_vec(),
            "not valid FITS: cut short: HDU 1 announces 96 bytes of data, the file can hold at most 95 more",
        ),
        (
            [
                header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]),
                b"more".to_vec(),
            ]
            .concat(),
            "not valid FITS: found text that starts with \"more\" after HDU 0, expected the end of the file or another extension",
        ),
    ] {
        assert_eq!(refused(&bytes), expected);
    }
    let mut image = primary(&["NAXIS   = 0"]);
    image.extend(header(&["XTENSION= 'IMAGE'", "BITPIX  = 8", "NAXIS   = 0"]));
    assert_eq!(
        refused(&image),
        "HDU 1: found IMAGE, expected a table (BINTABLE or TABLE)"
    );
    let mut card = primary(&["NAXIS   = 0"]);
    card[80] = 7;
    assert_eq!(
        refused(&card),
        "not valid FITS: header of HDU 0: found the card \"\\u{7}ITPIX  = 8\", expected printable ASCII"
    );
    let endless = [
        primary(&["NAXIS   = 0"])[..240].to_vec(),
        vec![b' '; 600 * BLOCK],
    ]
    .concat();
    assert_eq!(
        refused(&endless),
        "not valid FITS: header of HDU 0: no END in 1474560 bytes"
    );
}

#[test]
fn pixels_that_are_none() {
    let listed = |numbers: [f64; 2]| {
        let cards = [
            "TTYPE1  = 'PIXEL'",
            "TFORM1  = 'D'",
            "TFORM2  = 'D'",
            "NSIDE   = 1",
            "INDXSCHM= 'EXPLICIT'",
        ];
        refused(&table(
            "16",
            "2",
            "2",
            &cards,
            &doubles([numbers[0], 1.0, numbers[1], 2.0]),
        ))
    };
    for bad in [-1.0, 12.0, 0.5, f64::NAN, f64::INFINITY, 1e300] {
        let found = haarmonic::error::number(bad);
        let expected = format!(
            "column \"PIXEL\" of HDU 1, entry 1: found {found}, expected a pixel, from 0 to 11"
        );
        assert_eq!(listed([3.0, bad]), expected);
    }
    assert_eq!(
        listed([3.0, 3.0]),
        "column \"PIXEL\" of HDU 1, entry 1: found 3, expected a pixel that is not listed before"
    );
    let cards = ["TFORM1  = 'D'", "TFORM2  = 'D'", "INDXSCHM= 'EXPLICIT'"];
    let bytes = table("16", "1", "2", &cards, &[0; 16]);
    assert_eq!(
        refused(&bytes),
        "key NSIDE: missing in the header of HDU 1, as a part of the sky needs it"
    );
    let cards = [
        "TFORM1  = 'D'",
        "TFORM2  = 'D'",
        "INDXSCHM= 'EXPLICIT'",
        "NSIDE   = 536870912",
    ];
    assert!(refused(&table("16", "1", "2", &cards, &[0; 16])).contains("memory needed"));
    let mut infinite: Vec<f64> = (0..12).map(f64::from).collect();
    infinite[9] = f64::NEG_INFINITY;
    assert_eq!(
        refused(&table(
            "8",
            "12",
            "1",
            &["TFORM1  = 'D'"],
            &doubles(infinite)
        )),
        "column 1 of HDU 1: NaN or infinity at index [9], expected finite values"
    );
    assert_eq!(
        refused(&table("1", "12", "1", &["TFORM1  = 'L'"], b"TFTFTFTxTFTF")),
        "column 1 of HDU 1 at row 7: found the byte 120, expected a truth value, T or F"
    );
}

#[test]
fn choices_that_do_not_fit() {
    let path = stored("iqu_nside2.fits");
    let read = |choice: MapChoice| message(&path, read_map_with(&path, &choice));
    let columns = |columns| MapChoice {
        columns: Some(columns),
        ..MapChoice::default()
    };
    assert_eq!(
        read(columns(vec![ColumnChoice::Index(3)])),
        "chosen column: found 3, expected at most 2: there are 3 columns of maps in HDU 1"
    );
    assert_eq!(
        read(columns(vec![ColumnChoice::Name("V".into())])),
        "column \"V\": missing in HDU 1, which has TEMPERATURE, Q_POLARISATION, U_POLARISATION"
    );
    assert_eq!(
        read(columns(vec![])),
        "chosen columns: empty, expected at least one entry"
    );
    let hdu = |hdu| MapChoice {
        hdu,
        ..MapChoice::default()
    };
    assert_eq!(
        read(hdu(0)),
        "HDU 0: found the primary HDU, expected a table (BINTABLE or TABLE)"
    );
}

/// Files cut anywhere before their padding are refused, and so are compressed ones with any changed byte of data.
#[test]
fn files_cut_short_and_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.fits");
    let whole = std::fs::read(stored("iqu_nside2.fits")).unwrap();
    let data = whole.len() - BLOCK + 48 * 24;
    for len in (0..data).step_by(7) {
        std::fs::remove_file(&path).ok();
        std::fs::write(&path, &whole[..len]).unwrap();
        message(&path, read_map(&path));
    }
    std::fs::write(&path, &whole[..data]).unwrap();
    read_map(&path).unwrap();
    let packed = std::fs::read(stored("rows_nside16.fits.gz")).unwrap();
    for len in 0..packed.len() {
        std::fs::remove_file(&path).ok();
        std::fs::write(&path, &packed[..len]).unwrap();
        message(&path, read_map(&path));
    }
    // The check sum before the length at the end.
    let mut wrong = packed.clone();
    let sum = wrong.len() - 8;
    wrong[sum] ^= 1;
    std::fs::write(&path, &wrong).unwrap();
    message(&path, read_map(&path));
}

/// Every byte of every file of another program, changed at random: an error or a value, never a panic.
#[test]
fn damaged_files_never_panic() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(22);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.fits");
    for name in [
        "partial_nside4.fits",
        "scaled_nside1.fits",
        "alm_teb.fits",
        "cl_text.fits",
    ] {
        let whole = std::fs::read(stored(name)).unwrap();
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..rng.random_range(1..4) {
                let place = rng.random_range(0..bytes.len());
                bytes[place] = rng.random();
            }
            std::fs::remove_file(&path).ok();
            std::fs::write(&path, bytes).unwrap();
            read_map(&path).ok();
            read_spectra(&path).ok();
            if !name.starts_with("alm") {
                read_coefficients(&path).ok();
            }
        }
    }
}
