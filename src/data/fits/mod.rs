//! HEALPix maps, coefficients and power spectra in FITS files, as healpy and the other programs of HEALPix read and write them.
//!
//! | content | reading | writing | healpy |
//! |---|---|---|---|
//! | maps | [`read_map`], [`read_map_with`] | [`write_map`], [`write_map_with`] | `read_map`, `write_map` |
//! | coefficients | [`read_coefficients`], [`read_coefficients_of`] | [`write_coefficients`] | `read_alm`, `write_alm` |
//! | spectra | [`read_spectra`] | [`write_spectra`] | `read_cl`, `write_cl` |
//!
//! Files may be compressed with gzip, which their first bytes show. Readers compare the sizes that a header announces with the size
//! of the file before they take memory. Only maps of a part of the sky and sparse lists of coefficients can take more than eight
//! bytes for each byte of the file: their result has a place for every pixel or coefficient, and is compared with the free memory.
//! Every error names the file, the HDU and the key or column. Files are written whole or not at all.

mod coefficients;
mod column;
mod file;
mod header;
mod key;
mod map;
mod map_reading;
mod map_writing;
mod seen;
mod spectra;
mod table;
mod writing;

pub use crate::sphere::PixelOrder;
pub use coefficients::{
    CoefficientFormat, Coefficients, read_coefficients, read_coefficients_of, write_coefficients,
};
pub use column::ColumnType;
pub use key::KeyValue;
pub use map::Map;
pub use map_reading::{ColumnChoice, MapChoice, read_map, read_map_with};
pub use map_writing::{MapFormat, write_map, write_map_with};
pub use spectra::{Spectra, read_spectra, write_spectra};
