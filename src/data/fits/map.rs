//! Maps on the HEALPix grid: what a file holds, and what is to be written.

use ndarray::{Array2, aview1};

use super::column::ColumnType;
use super::key::KeyValue;
use crate::sphere::{Healpix, PixelOrder};
use crate::{Error, Result};

/// The largest nside for which a pixel index fits into 64 bits.
pub(super) const LARGEST_NSIDE: usize = 1 << 29;

/// Maps of one resolution, with the names that a FITS file gives them.
///
/// # Examples
/// ```
/// use haarmonic::data::fits::{Map, PixelOrder};
/// let map = Map::new(ndarray::Array2::zeros((3, 48)))?;
/// assert_eq!((map.nside, map.ordering), (2, PixelOrder::Ring));
/// assert_eq!(map.names, ["TEMPERATURE", "Q_POLARISATION", "U_POLARISATION"]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The resolution: a map has 12 nside² pixels.
    pub nside: usize,
    /// The order of the pixels.
    pub ordering: PixelOrder,
    /// Shape `[n, 12 nside²]`, one row for each column of the file. Pixels without a value are
    /// [`UNSEEN`](crate::sphere::UNSEEN).
    pub columns: Array2<f64>,
    /// The name of each column, `TTYPE`.
    pub names: Vec<String>,
    /// The unit of each column, `TUNIT`; empty for none.
    pub units: Vec<String>,
    /// The type of each column in the file.
    pub types: Vec<ColumnType>,
    /// The coordinate system, `COORDSYS`, as the file has it: `G` or `GALACTIC`, `C`, `E`.
    pub coordinates: Option<String>,
    /// All keys of the header with a value. Writing leaves out those that follow from the other fields.
    pub header: Vec<(String, KeyValue)>,
}

impl Map {
    /// Maps in ring order and double precision, with the column names of healpy, without units and coordinates.
    ///
    /// # Arguments
    /// * `columns` — shape `[n, 12 nside²]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the number of pixels is not 12 nside² with nside ≥ 1; [`Error::Empty`] without columns.
    pub fn new(columns: Array2<f64>) -> Result<Map> {
        let (count, pixels) = columns.dim();
        crate::check::not_empty("columns of the map", count)?;
        let Some(nside) = nside_of(pixels) else {
            let expected = "[n, 12 nside^2] with nside >= 1";
            return Err(Error::shape(
                "columns of the map",
                expected,
                [count, pixels],
            ));
        };
        Ok(Map {
            nside,
            ordering: PixelOrder::Ring,
            names: default_names(count),
            units: vec![String::new(); count],
            types: vec![ColumnType::F64; count],
            coordinates: None,
            header: Vec::new(),
            columns,
        })
    }

    /// Brings the pixels into another order.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if nside is no power of two, or above [`MAX_NSIDE`](crate::sphere::rings::MAX_NSIDE).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::fits::{Map, PixelOrder};
    /// let mut map = Map::new(ndarray::Array2::from_shape_fn((1, 48), |(_, pixel)| pixel as f64))?;
    /// map.reorder(PixelOrder::Nested)?;
    /// // The last pixel of the first face touches the north pole.
    /// assert_eq!((map.ordering, map.columns[[0, 3]]), (PixelOrder::Nested, 0.0));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn reorder(&mut self, ordering: PixelOrder) -> Result<()> {
        if ordering == self.ordering {
            return Ok(());
        }
        let grid = Healpix::new(self.nside, self.ordering)?;
        for mut row in self.columns.rows_mut() {
            let pixels = grid.reordered(&row.to_vec(), ordering)?;
            row.assign(&aview1(&pixels));
        }
        self.ordering = ordering;
        Ok(())
    }
}

/// The nside of a number of pixels.
pub(super) fn nside_of(pixels: usize) -> Option<usize> {
    let nside = (pixels / 12).isqrt();
    (nside > 0 && 12 * nside * nside == pixels).then_some(nside)
}

/// The names of healpy for so many maps.
fn default_names(count: usize) -> Vec<String> {
    let known: &[&str] = match count {
        1 => &["TEMPERATURE"],
        2 => &["Q_POLARISATION", "U_POLARISATION"],
        3 => &["TEMPERATURE", "Q_POLARISATION", "U_POLARISATION"],
        6 => &["II", "IQ", "IU", "QQ", "QU", "UU"],
        _ => return (1..=count).map(|n| format!("COLUMN_{n}")).collect(),
    };
    known.iter().map(|name| name.to_string()).collect()
}
