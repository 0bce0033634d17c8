//! Maps of one resolution at another.

use super::faces::Place;
use super::grid::Healpix;
use crate::sphere::masks::{Pixel, UNSEEN, is_masked};
use crate::{Error, Result, check};

/// When a pixel that is the mean of smaller pixels is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MaskRule {
    /// If all of the smaller pixels are; otherwise it is the mean of the others.
    All,
    /// If any of the smaller pixels is (`pess` of healpy's `ud_grade`).
    Any,
}

impl Healpix {
    /// Returns a map at another resolution: means of the pixels inside of larger ones, or copies for smaller ones.
    ///
    /// Masked pixels, [`UNSEEN`] or NaN, have no part in means; masked pixels of the result are [`UNSEEN`].
    ///
    /// # Arguments
    /// * `map` — one value per pixel
    /// * `to` — the grid of the result, in any order, whose `nside` is a multiple or a divisor of this one's
    /// * `rule` — which means are masked
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the map does not have the pixels of the grid, [`Error::InvalidValue`] for another `nside`,
    /// [`Error::NotFinite`] if a pixel is infinite.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Healpix, MaskRule, PixelOrder, UNSEEN};
    /// let fine = Healpix::new(2, PixelOrder::Nested)?;
    /// let mut map: Vec<f64> = (0..48).map(|p| (p / 4) as f64).collect();
    /// map[5] = UNSEEN;
    /// let coarse = Healpix::new(1, PixelOrder::Ring)?;
    /// assert_eq!(fine.regraded(&map, &coarse, MaskRule::All)?[1], 1.0);
    /// assert_eq!(fine.regraded(&map, &coarse, MaskRule::Any)?[1], UNSEEN);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn regraded<T: Pixel>(&self, map: &[T], to: &Healpix, rule: MaskRule) -> Result<Vec<T>> {
        check::shape("map", &[map.len()], &[self.pixels()])?;
        if let Some(index) = map.iter().position(|pixel| pixel.value().is_infinite()) {
            return Err(Error::not_finite("map", vec![index]));
        }
        let (here, there) = (self.nside(), to.nside());
        let unseen = {
            let mut mark = T::default();
            mark.set_part(0, UNSEEN);
            mark
        };
        if there.is_multiple_of(here) {
            let times = there / here;
            let copy = |pixel: usize| {
                let Place { face, x, y } = to.place_of(pixel);
                let place = Place {
                    face,
                    x: x / times,
                    y: y / times,
                };
                let value = map[self.number(place)];
                if is_masked(value) { unseen } else { value }
            };
            return Ok((0..to.pixels()).map(copy).collect());
        }
        if !here.is_multiple_of(there) {
            let expected = format!("a multiple or a divisor of {here}");
            return Err(Error::invalid("HEALPix resolution nside", there, expected));
        }
        let times = here / there;
        let mean = |pixel: usize| {
            let Place { face, x, y } = to.place_of(pixel);
            let (mut sum, mut count) = (0.0, 0);
            for part in 0..times * times {
                let place = Place {
                    face,
                    x: x * times + part % times,
                    y: y * times + part / times,
                };
                let value = map[self.number(place)];
                if !is_masked(value) {
                    sum += value.value();
                    count += 1;
                }
            }
            let masked = match rule {
                MaskRule::All => count == 0,
                MaskRule::Any => count < times * times,
            };
            if masked {
                return unseen;
            }
            let mut value = T::default();
            value.set_part(0, sum / count as f64);
            value
        };
        Ok((0..to.pixels()).map(mean).collect())
    }
}
