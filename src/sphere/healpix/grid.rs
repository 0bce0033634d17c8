//! The HEALPix grid with a numbering of its pixels.

use super::faces::{OnRing, Place};
use crate::group::SpherePoint;
use crate::sphere::rings::{check_nside, healpix_ring};
use crate::{Error, Result, check};
use std::f64::consts::{FRAC_PI_2, PI};
use std::fmt;

/// How the pixels of a HEALPix map are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelOrder {
    /// Ring after ring from the north pole, `RING` of healpy: the order of the samples of [`Rings::healpix`](crate::sphere::Rings::healpix).
    Ring,
    /// Face after face, each a tree of four parts, `NEST` of healpy: pixels 4p … 4p + 3 are the parts of pixel p of half the resolution.
    Nested,
}

impl fmt::Display for PixelOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PixelOrder::Ring => "RING",
            PixelOrder::Nested => "NESTED",
        })
    }
}

/// The `12 nside²` pixels of equal area of the HEALPix grid, in one order.
///
/// # Examples
/// ```
/// use haarmonic::group::SpherePoint;
/// use haarmonic::sphere::{Healpix, PixelOrder};
/// let grid = Healpix::new(4, PixelOrder::Ring)?;
/// let point = SpherePoint::new(1.0, 0.3)?;
/// let pixel = grid.pixel_at(&point);
/// assert!(grid.centre(pixel)?.angle_to(&point) <= grid.max_pixel_radius());
/// let nested = grid.renumbered(pixel, PixelOrder::Nested)?;
/// assert_eq!(Healpix::new(4, PixelOrder::Nested)?.pixel_at(&point), nested);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Gorski05.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Healpix {
    nside: usize,
    order: PixelOrder,
}

impl Healpix {
    /// Makes the grid of a resolution.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `nside` is 0 or above [`MAX_NSIDE`](crate::sphere::rings::MAX_NSIDE), or no power of two in nested order.
    pub fn new(nside: usize, order: PixelOrder) -> Result<Self> {
        check_nside(nside)?;
        if order == PixelOrder::Nested && !nside.is_power_of_two() {
            let what = "HEALPix resolution nside in nested order";
            return Err(Error::invalid(what, nside, "a power of two"));
        }
        Ok(Healpix { nside, order })
    }

    /// Makes the grid of a map from its number of pixels.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if no grid has this number of pixels, or as [`Healpix::new`].
    pub fn of_map(pixels: usize, order: PixelOrder) -> Result<Self> {
        let nside = (pixels / 12).isqrt();
        if nside == 0 || pixels != 12 * nside * nside {
            return Err(Error::invalid(
                "number of pixels of a HEALPix map",
                pixels,
                "12 nside²",
            ));
        }
        Self::new(nside, order)
    }

    /// Returns the resolution.
    pub fn nside(&self) -> usize {
        self.nside
    }

    /// Returns the order of the pixels.
    pub fn order(&self) -> PixelOrder {
        self.order
    }

    /// Returns the number of pixels, `12 nside²`.
    pub fn pixels(&self) -> usize {
        12 * self.nside * self.nside
    }

    /// Returns the solid angle of a pixel, $`4\pi/(12 nside^2)`$.
    pub fn pixel_area(&self) -> f64 {
        4.0 * PI / self.pixels() as f64
    }

    /// Returns the largest angle between the centre of a pixel and a point of it, in radians.
    pub fn max_pixel_radius(&self) -> f64 {
        // From the centre of a pixel at the corner of the belt, z = 2/3, to its northern corner.
        let step = 1.0 - 1.0 / self.nside as f64;
        let corner = 1.0 - step * step / 3.0;
        let centre = 2.0_f64 / 3.0;
        let at = |z: f64, phi: f64| {
            SpherePoint::of_finite([
                (1.0 - z * z).sqrt() * phi.cos(),
                (1.0 - z * z).sqrt() * phi.sin(),
                z,
            ])
        };
        at(centre, PI / (4 * self.nside) as f64).angle_to(&at(corner, 0.0))
    }

    /// Returns the ring of a pixel, from 0 at the north pole to `4 nside − 2`, and its position on the ring.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is no such pixel.
    pub fn ring_of(&self, pixel: usize) -> Result<(usize, usize)> {
        let OnRing { ring, position } = self.on_ring(pixel)?;
        Ok((ring - 1, position))
    }

    /// Returns the centre of a pixel.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is no such pixel.
    pub fn centre(&self, pixel: usize) -> Result<SpherePoint> {
        let OnRing { ring, position } = self.on_ring(pixel)?;
        let ring = healpix_ring(self.nside, ring);
        let step = 2.0 * PI / ring.longitudes as f64;
        SpherePoint::new(
            ring.colatitude,
            ring.first_longitude + position as f64 * step,
        )
    }

    /// Returns the pixel that holds a point.
    pub fn pixel_at(&self, point: &SpherePoint) -> usize {
        self.number(self.place_at(point))
    }

    /// Returns the number of a pixel in another order.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is no such pixel, or nside is no power of two in nested order.
    pub fn renumbered(&self, pixel: usize, order: PixelOrder) -> Result<usize> {
        let other = Healpix::new(self.nside, order)?;
        Ok(other.number(self.place(pixel)?))
    }

    /// Returns a map with its pixels in another order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the map does not have the pixels of the grid, [`Error::InvalidValue`] if nside is no power of two
    /// in nested order.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Healpix, PixelOrder};
    /// let nested = Healpix::new(2, PixelOrder::Nested)?;
    /// let map: Vec<usize> = (0..48).collect();
    /// // The first pixel at the north pole is the northern corner of face 0.
    /// assert_eq!(nested.reordered(&map, PixelOrder::Ring)?[0], 3);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn reordered<T: Copy>(&self, map: &[T], order: PixelOrder) -> Result<Vec<T>> {
        check::shape("map", &[map.len()], &[self.pixels()])?;
        let other = Healpix::new(self.nside, order)?;
        let here = |pixel: usize| self.number(other.place_of(pixel));
        Ok((0..map.len()).map(|pixel| map[here(pixel)]).collect())
    }

    fn check(&self, pixel: usize) -> Result<()> {
        if pixel < self.pixels() {
            return Ok(());
        }
        let expected = format!("below {}", self.pixels());
        Err(Error::invalid("pixel", pixel, expected))
    }

    fn on_ring(&self, pixel: usize) -> Result<OnRing> {
        self.check(pixel)?;
        Ok(match self.order {
            PixelOrder::Ring => OnRing::of(self.nside, pixel),
            PixelOrder::Nested => Place::of_nested(self.nside, pixel).on_ring(self.nside),
        })
    }

    /// The place of a pixel in its face.
    pub(super) fn place(&self, pixel: usize) -> Result<Place> {
        self.check(pixel)?;
        Ok(self.place_of(pixel))
    }

    /// The place of a pixel that is there.
    pub(super) fn place_of(&self, pixel: usize) -> Place {
        match self.order {
            PixelOrder::Ring => Place::of_ring(self.nside, OnRing::of(self.nside, pixel)),
            PixelOrder::Nested => Place::of_nested(self.nside, pixel),
        }
    }

    /// The number of the pixel at a place.
    pub(super) fn number(&self, place: Place) -> usize {
        match self.order {
            PixelOrder::Ring => place.on_ring(self.nside).pixel(self.nside),
            PixelOrder::Nested => place.nested(self.nside),
        }
    }

    fn place_at(&self, point: &SpherePoint) -> Place {
        let nside = self.nside as f64;
        let (sine, z) = point.colatitude().sin_cos();
        let quarters = (point.longitude() / FRAC_PI_2).min(4.0 * (1.0 - f64::EPSILON));
        if z.abs() <= 2.0 / 3.0 {
            let (along, up) = (nside * (0.5 + quarters), nside * z * 0.75);
            return Place::of_lines(self.nside, (along - up) as usize, (along + up) as usize);
        }
        // √(3 (1 − |z|)), without loss of digits at the pole.
        let width = nside * sine * (3.0 / (1.0 + z.abs())).sqrt();
        let (face, part) = (quarters as usize, quarters.fract());
        let last = self.nside - 1;
        let rising = ((part * width) as usize).min(last);
        let falling = (((1.0 - part) * width) as usize).min(last);
        if z > 0.0 {
            Place {
                face,
                x: last - falling,
                y: last - rising,
            }
        } else {
            Place {
                face: 8 + face,
                x: rising,
                y: falling,
            }
        }
    }
}
