//! Power spectra that healpy and astropy wrote.

use haarmonic::data::fits::{ColumnType, read_spectra};

use super::forge::{header, table};
use super::{message, stored};

#[test]
fn binary_tables() {
    let spectra = read_spectra(stored("cl.fits")).unwrap();
    assert_eq!(spectra.names, ["TEMPERATURE", "GRADIENT", "CURL", "G-T"]);
    assert_eq!(
        (spectra.values.dim(), &spectra.units),
        ((4, 6), &vec!["K2".to_string(); 4])
    );
    for ((column, l), &x) in spectra.values.indexed_iter() {
        let (c, l) = (column as f64, l as f64);
        assert_eq!(
            x,
            if column < 3 {
                l * c + 0.25 + c
            } else {
                l + 1.25
            }
        );
    }
    let one = read_spectra(stored("cl_one.fits")).unwrap();
    assert_eq!((one.types[0], one.units[0].as_str()), (ColumnType::F32, ""));
    assert_eq!(one.values.row(0).to_vec(), [0.0, 0.5, 1.0, 1.5, 2.0]);
}

/// The numbers of a table of text are those of the nearest decimals.
#[test]
fn tables_of_text() {
    let spectra = read_spectra(stored("cl_text.fits")).unwrap();
    assert_eq!(spectra.names, ["TEMPERATURE", "G-T"]);
    assert_eq!(spectra.values.row(0).to_vec(), [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(spectra.values.row(1).to_vec(), [0.0, -2e-3, -4e-3, -6e-3]);
}

#[test]
fn text_that_is_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.fits");
    let read = |rows: &str, form: &str| {
        let mut bytes = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
        let count = rows.len() / 8;
        bytes.extend(header(&[
            "XTENSION= 'TABLE'",
            "BITPIX  = 8",
            "NAXIS   = 2",
            "NAXIS1  = 8",
            &format!("NAXIS2  = {count}"),
            "PCOUNT  = 0",
            "GCOUNT  = 1",
            "TFIELDS = 1",
            "TBCOL1  = 2",
            &format!("TFORM1  = '{form}'"),
        ]));
        bytes.extend(rows.bytes());
        std::fs::write(&path, bytes).unwrap();
        read_spectra(&path).map(|spectra| spectra.values.row(0).to_vec())
    };
    assert_eq!(read("  1.5D+1     -2.", "D7.1").unwrap(), [15.0, -2.0]);
    for (rows, form, expected) in [
        (
            "     inf",
            "E7.1",
            "column 1 of HDU 1 at row 0: found \"inf\", expected a number",
        ),
        (
            "     1.2        ",
            "E7.1",
            "NaN or infinity at index [1], expected finite values",
        ),
        (
            "     1.2",
            "E8.1",
            "NAXIS1 in HDU 1: found 8, expected the bytes of a row, more with column 1 of HDU 1",
        ),
        (
            "     1.2",
            "Z7",
            "TFORM1 in HDU 1: found \"Z7\", expected the format of a column, such as 1024E or D",
        ),
        (
            "     abc",
            "A7",
            "column 1 of HDU 1: found text, expected real numbers",
        ),
    ] {
        let found = message(&path, read(rows, form));
        assert!(found.ends_with(expected), "{found}");
    }
}

#[test]
fn columns_of_unequal_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cl.fits");
    let cards = ["TFORM1  = '2D'", "TFORM2  = 'D'"];
    std::fs::write(&path, table("24", "1", "2", &cards, &[0; 24])).unwrap();
    assert_eq!(
        message(&path, read_spectra(&path)),
        "numbers in column 2 of HDU 1: found 1, expected 2, as in the first column"
    );
}
