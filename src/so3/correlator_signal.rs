//! Coefficients of a real signal on the sphere, laid out for vector arithmetic.

use std::f64::consts::PI;

use ndarray::ArrayView3;
use num_complex::Complex64;

use crate::simd::aligned::Aligned;
use crate::{Error, Result};

use crate::simd::fft::LANES;

/// The degree at which the rows of an order begin.
fn first_degree(m: usize) -> usize {
    m / LANES * LANES
}

fn row_width(band_limit: usize, m: usize) -> usize {
    band_limit.next_multiple_of(LANES) - first_degree(m)
}

/// Numbers before the rows of order m.
fn row_start(band_limit: usize, channels: usize, m: usize) -> usize {
    let (whole, rest) = (m / LANES, m % LANES);
    let missing = LANES * LANES * whole * whole.saturating_sub(1) / 2 + LANES * whole * rest;
    channels * (m * band_limit.next_multiple_of(LANES) - missing)
}

/// The coefficients of order m ≥ 0 of a real signal with several channels, split into real and
/// imaginary parts and laid out for [`RealCorrelator`](super::RealCorrelator).
///
/// Memory: about `$`C (L + 8) (L + 4)`$` numbers.
#[derive(Debug, Clone)]
pub struct CorrelatorSignal {
    pub(super) band_limit: usize,
    pub(super) channels: usize,
    /// Order by order, channel by channel, the degrees from [`first_degree`] of the order on; padded with zeros.
    re: Aligned,
    im: Aligned,
    mean_square: f64,
}

/// The coefficients of one order, channel by channel.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) re: &'a [f64],
    pub(super) im: &'a [f64],
    /// Numbers of a channel: the degrees from [`first_degree`] on, padded to whole registers at their end.
    pub(super) width: usize,
}

impl CorrelatorSignal {
    /// Copies the orders m ≥ 0 of the coefficients of a real signal.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[channels, L, 2L − 1]`, entry `[c, l, m + L − 1]`; orders m < 0 are not
    ///   read, since a real signal has `$`f_{l,-m} = (-1)^m \overline{f_{lm}}`$`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] or [`Error::Empty`] if the shape is not as above,
    /// [`Error::NotFinite`] if a coefficient is not finite.
    pub fn new(coeffs: ArrayView3<'_, Complex64>) -> Result<Self> {
        let (channels, band_limit, width) = coeffs.dim();
        if channels == 0 || band_limit == 0 {
            return Err(Error::empty("coefficients"));
        }
        if width != 2 * band_limit - 1 {
            return Err(Error::shape(
                "coefficients",
                format!("[channels, {band_limit}, {}]", 2 * band_limit - 1),
                coeffs.shape().to_vec(),
            ));
        }
        let len = row_start(band_limit, channels, band_limit);
        let (mut re, mut im) = (Aligned::zeros(len), Aligned::zeros(len));
        let mut square = 0.0;
        for ((c, l, column), value) in coeffs.indexed_iter() {
            let Some(m) = (column + 1).checked_sub(band_limit).filter(|m| *m <= l) else {
                continue;
            };
            if !(value.re.is_finite() && value.im.is_finite()) {
                return Err(Error::not_finite("coefficients", vec![c, l, column]));
            }
            // The imaginary part of order zero vanishes for a real signal.
            let imaginary = if m == 0 { 0.0 } else { value.im };
            let width = row_width(band_limit, m);
            let at = row_start(band_limit, channels, m) + c * width + l - first_degree(m);
            re[at] = value.re;
            im[at] = imaginary;
            let multiplicity = if m == 0 { 1.0 } else { 2.0 };
            square += multiplicity * (value.re * value.re + imaginary * imaginary);
        }
        Ok(CorrelatorSignal {
            band_limit,
            channels,
            re,
            im,
            mean_square: square / (4.0 * PI * channels as f64),
        })
    }

    /// The orders from 0 on.
    #[inline(always)]
    pub(super) fn orders(&self) -> impl Iterator<Item = Order<'_>> {
        let (mut re, mut im) = (&self.re[..], &self.im[..]);
        (0..self.band_limit).map(move |m| {
            let width = row_width(self.band_limit, m);
            let (re_here, im_here);
            (re_here, re) = re.split_at(self.channels * width);
            (im_here, im) = im.split_at(re_here.len());
            Order {
                re: re_here,
                im: im_here,
                width,
            }
        })
    }

    /// The length of the arrays of real and of imaginary parts, padding included.
    #[cfg(feature = "kernels")]
    pub(super) fn padded_len(&self) -> usize {
        self.re.len()
    }

    /// Adds arrays in the layout of this signal to the numbers channel by channel, order by order, degree by degree, real and imaginary
    /// part. The imaginary parts of order 0 are no numbers of a real signal and are left out.
    #[cfg(feature = "kernels")]
    pub(super) fn add_orders(&self, re: &[f64], im: &[f64], out: &mut [f64]) {
        let (band_limit, channels) = (self.band_limit, self.channels);
        let mut numbers = out.chunks_exact_mut(2);
        for c in 0..channels {
            for m in 0..band_limit {
                let width = row_width(band_limit, m);
                let row = row_start(band_limit, channels, m) + c * width;
                for l in m..band_limit {
                    let at = row + l - first_degree(m);
                    let number = numbers.next().expect("one number per coefficient");
                    number[0] += re[at];
                    if m > 0 {
                        number[1] += im[at];
                    }
                }
            }
        }
    }

    /// Adds a multiple of the derivative of [`mean_square`](Self::mean_square) by the numbers of the signal, in the order of
    /// [`add_orders`](Self::add_orders).
    #[cfg(feature = "kernels")]
    pub(crate) fn add_mean_square_adjoint(&self, factor: f64, out: &mut [f64]) {
        let scale = 2.0 * factor / (4.0 * PI * self.channels as f64);
        let [re, im] = [&self.re, &self.im].map(|part| {
            let mut part = part.clone();
            let (zonal, others) = part.split_at_mut(row_start(self.band_limit, self.channels, 1));
            zonal.iter_mut().for_each(|x| *x *= scale);
            others.iter_mut().for_each(|x| *x *= 2.0 * scale);
            part
        });
        self.add_orders(&re, &im, out);
    }

    /// The numbers of the signal in the order of [`add_orders`](Self::add_orders).
    #[cfg(all(test, feature = "kernels"))]
    pub(super) fn numbers(&self) -> Vec<f64> {
        let mut numbers = vec![0.0; self.channels * self.band_limit * (self.band_limit + 1)];
        self.add_orders(&self.re, &self.im, &mut numbers);
        numbers
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Returns the mean over the sphere of the mean over the channels of the squared signal: the
    /// correlation of the signal with itself at the identity.
    pub fn mean_square(&self) -> f64 {
        self.mean_square
    }
}
