//! FITS files: maps, coefficients, spectra.

use std::path::Path;

use haarmonic::data::fits::{read_coefficients, read_map, read_spectra};
use tempfile::tempdir;

use crate::harness::{DEFLATE, FIXED, Target, as_it_is};

/// A file written by healpy or astropy (`tests/data/fits/README.md`).
fn stored(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fits");
    std::fs::read(folder.join(name)).unwrap()
}

/// A file with another text in place of one that it has.
fn forged(name: &str, text: &str, other: &str) -> Vec<u8> {
    let mut bytes = stored(name);
    let found = bytes
        .windows(text.len())
        .position(|part| part == text.as_bytes());
    let at = found.expect("a text of the file");
    bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
    bytes
}

const WORDS: [&str; 12] = [
    "END     ",
    "XTENSION",
    "NAXIS1  =",
    "TFORM1  = '1024D'",
    "TFIELDS =",
    "SIMPLE  =",
    "'PE(9)'",
    "GROUPS  =",
    "CONTINUE",
    "&'",
    "TNULL1  =",
    "PCOUNT  =",
];

fn survive(name: &str, seeds: &[&str], forgeries: Vec<Vec<u8>>, read: &dyn Fn(&Path) -> bool) {
    let folder = tempdir().unwrap();
    Target {
        name,
        seeds: seeds.iter().map(|name| stored(name)).collect(),
        forged: forgeries,
        words: &WORDS,
        wrap: &as_it_is,
        read,
        // Numbers of one byte become eight; cards of headers become strings. Coefficients stand in lists before they are placed.
        memory: [FIXED, 64],
        share: 1,
    }
    .survive(&folder.path().join("damaged.fits"));
}

#[test]
fn maps_in_fits_files() {
    let _turn = crate::harness::turn();
    let seeds = [
        "iqu_nside2.fits",
        "nested_nside4.fits",
        "integers_nside1.fits",
        "mask_nside1.fits",
        "scaled_nside1.fits",
    ];
    let iqu = |text, other| forged("iqu_nside2.fits", text, other);
    let forgeries = vec![
        iqu(
            "NAXIS2  =                   48",
            "NAXIS2  =         999999999999",
        ),
        iqu(
            "NAXIS1  =                   24",
            "NAXIS1  =  9223372036854775807",
        ),
        iqu(
            "TFIELDS =                    3",
            "TFIELDS =      999999999999999",
        ),
        iqu("TFORM1  = 'D   ", "TFORM1  = '9999999999999D"),
        iqu(
            "NAXIS   =                    0",
            "NAXIS   =            999999999",
        ),
        iqu(
            "NSIDE   =                    2",
            "NSIDE   =            536870912",
        ),
    ];
    survive("maps in FITS files", &seeds, forgeries, &|path| {
        read_map(path).is_ok()
    });
}

#[test]
fn spectra_in_fits_files() {
    let _turn = crate::harness::turn();
    let seeds = ["cl.fits", "cl_one.fits", "cl_text.fits"];
    let text = |text, other| forged("cl_text.fits", text, other);
    let forgeries = vec![
        text(
            "TBCOL2  =                   16",
            "TBCOL2  =  9223372036854775807",
        ),
        text(
            "NAXIS2  =                    4",
            "NAXIS2  =         999999999999",
        ),
    ];
    survive("spectra in FITS files", &seeds, forgeries, &|path| {
        read_spectra(path).is_ok()
    });
}

#[test]
fn compressed_maps_in_fits_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    Target {
        name: "maps in FITS files, gzip",
        seeds: vec![stored("rows_nside16.fits.gz")],
        forged: vec![],
        words: &[],
        wrap: &as_it_is,
        read: &|path| read_map(path).is_ok(),
        memory: [FIXED, 16 * DEFLATE],
        share: 1,
    }
    .survive(&folder.path().join("damaged.fits.gz"));
}

/// What three tables may ask for without the key `MAX-LPOL`: the places of all coefficients below degree 1024, with their marks.
const PLACES: usize = 64 << 20;

/// One row asks for the places of all coefficients up to its degree.
#[test]
fn coefficients_in_fits_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    Target {
        name: "coefficients in FITS files",
        seeds: ["alm_teb.fits", "alm_mmax1_f32.fits", "alm_sparse.fits"]
            .map(stored)
            .to_vec(),
        forged: vec![forged(
            "alm_sparse.fits",
            "MAX-LPOL=                    5",
            "MAX-LPOL=             66666666",
        )],
        words: &WORDS,
        wrap: &as_it_is,
        read: &|path| read_coefficients(path).is_ok(),
        memory: [PLACES, 64],
        share: 1,
    }
    .survive(&folder.path().join("damaged.fits"));
}
