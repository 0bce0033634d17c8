//! The pixels around a pixel of the HEALPix grid, across the edges of faces.

use super::faces::Place;
use super::grid::Healpix;
use crate::Result;

/// Steps to the south-west, west, north-west, north, north-east, east, south-east and south.
const STEPS: [[i64; 2]; 8] = [
    [-1, 0],
    [-1, 1],
    [0, 1],
    [1, 1],
    [1, 0],
    [1, -1],
    [0, -1],
    [-1, -1],
];

impl Healpix {
    /// Returns the pixels around a pixel: to the south-west, west, north-west, north, north-east, east, south-east and south.
    ///
    /// At the eight points where three faces meet, some pixels have no neighbour in one direction. (The order is that of healpy, which has −1 for
    /// none.)
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if there is no such pixel.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Healpix, PixelOrder};
    /// let grid = Healpix::new(2, PixelOrder::Ring)?;
    /// // Around the north pole.
    /// assert_eq!(grid.neighbours(0)?[2..6], [Some(3), Some(2), Some(1), Some(6)]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn neighbours(&self, pixel: usize) -> Result<[Option<usize>; 8]> {
        let Place { face, x, y } = self.place(pixel)?;
        Ok(STEPS.map(|[dx, dy]| {
            let found = locate(self.nside() as i64, face, x as i64 + dx, y as i64 + dy);
            found.map(|place| self.number(place))
        }))
    }
}

/// The pixel at coordinates of a face that may lie one step outside of it.
///
/// Edges of faces are crossed one at a time. A pixel beyond a corner at which three faces meet does not exist: the corners in the east and in the
/// west of the polar faces, in the north and in the south of the others.
fn locate(nside: i64, face: usize, x: i64, y: i64) -> Option<Place> {
    let outside = |v: i64| v < 0 || v >= nside;
    let equatorial = face / 4 == 1;
    if outside(x) && outside(y) && equatorial == ((x < 0) == (y < 0)) {
        return None;
    }
    let (row, column) = (face / 4, face % 4);
    let (east, west) = ((column + 1) % 4, (column + 3) % 4);
    let last = nside - 1;
    // Around a pole the edges of two faces meet at a right angle; elsewhere coordinates go on.
    let (face, x, y) = if x >= nside {
        match row {
            0 => (east, y, last - (x - nside)),
            1 => (column, x - nside, y),
            _ => (4 + east, x - nside, y),
        }
    } else if y >= nside {
        match row {
            0 => (west, last - (y - nside), x),
            1 => (west, x, y - nside),
            _ => (4 + column, x, y - nside),
        }
    } else if x < 0 {
        match row {
            0 => (4 + column, x + nside, y),
            1 => (8 + west, x + nside, y),
            _ => (8 + west, y, -1 - x),
        }
    } else if y < 0 {
        match row {
            0 => (4 + east, x, y + nside),
            1 => (8 + column, x, y + nside),
            _ => (8 + east, -1 - y, x),
        }
    } else {
        let (x, y) = (x as usize, y as usize);
        return Some(Place { face, x, y });
    };
    locate(nside, face, x, y)
}
