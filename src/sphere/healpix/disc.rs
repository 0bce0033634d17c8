//! The pixels of a disc.

use super::faces::{OnRing, Place, pixels_before};
use super::grid::{Healpix, PixelOrder};
use crate::group::SpherePoint;
use crate::sphere::rings::healpix_ring;
use crate::{Error, Result};
use std::f64::consts::PI;

impl Healpix {
    /// Returns the pixels whose centres are at most an angle from a point, in growing order.
    ///
    /// Pixels that overlap the disc are among those of the disc that is larger by [`Healpix::max_pixel_radius`].
    ///
    /// # Arguments
    /// * `centre` — of the disc
    /// * `radius` — in radians, from 0 to π
    ///
    /// # Cost and accuracy
    /// O(nside) time, and O(log p) per pixel found; a centre within a few ε of the border may be counted or not.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the radius is not an angle from 0 to π.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::SpherePoint;
    /// use haarmonic::sphere::{Healpix, PixelOrder};
    /// let grid = Healpix::new(8, PixelOrder::Ring)?;
    /// let north = SpherePoint::new(0.0, 0.0)?;
    /// assert_eq!(grid.disc(&north, 0.15)?, [0, 1, 2, 3]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn disc(&self, centre: &SpherePoint, radius: f64) -> Result<Vec<usize>> {
        if !(0.0..=PI).contains(&radius) {
            return Err(Error::invalid(
                "radius of a disc",
                radius,
                "an angle in [0, π]",
            ));
        }
        let (nside, mut found) = (self.nside(), Vec::new());
        for index in 1..4 * nside {
            let ring = healpix_ring(nside, index);
            let distance = ring.colatitude - centre.colatitude();
            // sin²(r/2) − sin²(δ/2) = sin θ sin θ₀ sin²(Δφ/2)
            let room = (0.5 * (radius + distance)).sin() * (0.5 * (radius - distance)).sin();
            if distance.abs() > radius {
                continue;
            }
            let ratio = room / (ring.colatitude.sin() * centre.colatitude().sin());
            let (count, start) = (ring.longitudes, pixels_before(nside, index));
            // A disc around a pole has 0/0 or x/0 here: the ring is inside.
            if ratio.is_nan() || ratio >= 1.0 {
                found.extend(start..start + count);
                continue;
            }
            let half = 2.0 * ratio.max(0.0).sqrt().asin();
            let step = 2.0 * PI / count as f64;
            let middle = (centre.longitude() - ring.first_longitude) / step;
            let (first, last) = (
                (middle - half / step).ceil(),
                (middle + half / step).floor(),
            );
            let inside = ((last - first + 1.0).max(0.0) as usize).min(count);
            let first = (first as i64).rem_euclid(count as i64) as usize;
            found.extend((0..inside).map(|k| start + (first + k) % count));
        }
        if self.order() == PixelOrder::Nested {
            for pixel in &mut found {
                *pixel = Place::of_ring(nside, OnRing::of(nside, *pixel)).nested(nside);
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
