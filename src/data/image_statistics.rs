//! Standardising images by the mean and the standard deviation of each channel.

use ndarray::Axis;

use super::image_set::ImageSet;
use crate::{Error, Result};

/// A deviation of at most this many ε times the largest entry is a rounding error.
const ROUNDING: f64 = 8.0;

/// Mean and standard deviation of each channel, over all pixels of all images of a set.
///
/// Test images are standardised with the statistics of the training images:
///
/// ```
/// use haarmonic::data::{image_set::ImageSet, image_statistics::ChannelStatistics};
/// let set = |x: f64| {
///     let images = ndarray::Array4::from_shape_fn((2, 1, 1, 1), |(i, ..)| x * i as f64);
///     ImageSet::new(images, vec![0, 1], vec!["a".into(), "b".into()])
/// };
/// let (train, statistics) = set(1.0)?.standardised()?;
/// assert_eq!(train.images()[[1, 0, 0, 0]], 1.0); // (1 - 1/2) / (1/2)
/// assert_eq!(statistics.apply(&set(2.0)?)?.images()[[1, 0, 0, 0]], 3.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelStatistics {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl ChannelStatistics {
    /// Computes the statistics of a set, with the population deviation $`\sqrt{\overline{(x - \bar x)^2}}`$.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a channel is constant up to rounding, or so large that its variance overflows.
    pub fn of(set: &ImageSet) -> Result<ChannelStatistics> {
        let mut mean = Vec::with_capacity(set.channels());
        let mut deviation = Vec::with_capacity(set.channels());
        for (channel, pixels) in set.images().axis_iter(Axis(3)).enumerate() {
            let count = pixels.len() as f64;
            // The mean is taken relative to the first pixel, so that a constant channel has a deviation of exactly zero.
            let first = *pixels.first().expect("a set has pixels");
            let average = first + pixels.iter().map(|x| x - first).sum::<f64>() / count;
            let variance = pixels.iter().map(|x| (x - average).powi(2)).sum::<f64>() / count;
            let largest = pixels.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
            let spread = variance.sqrt();
            if !spread.is_finite() || spread <= ROUNDING * f64::EPSILON * largest {
                return Err(Error::invalid(
                    format!("standard deviation of channel {channel}"),
                    spread,
                    "a finite number above zero, from pixels that differ",
                ));
            }
            mean.push(average);
            deviation.push(spread);
        }
        Ok(ChannelStatistics { mean, deviation })
    }

    /// Returns the mean of each channel.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Returns the standard deviation of each channel, above zero.
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// Subtracts the mean of each channel and divides by its deviation.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the set has another number of channels; [`Error::NotFinite`] if a quotient
    /// overflows.
    pub fn apply(&self, set: &ImageSet) -> Result<ImageSet> {
        if set.channels() != self.mean.len() {
            return Err(Error::shape(
                "images to standardise",
                format!("[n, H, W, {}], as the statistics", self.mean.len()),
                set.images().shape().to_vec(),
            ));
        }
        let mut images = set.images().clone();
        for ((mut pixels, mean), deviation) in images
            .axis_iter_mut(Axis(3))
            .zip(&self.mean)
            .zip(&self.deviation)
        {
            pixels.mapv_inplace(|x| (x - mean) / deviation);
        }
        set.with_images(images)
    }
}

impl ImageSet {
    /// Standardises every channel to mean 0 and deviation 1.
    ///
    /// Returns the standardised images, and the statistics with which other images can be standardised.
    ///
    /// # Errors
    /// As [`ChannelStatistics::of`].
    pub fn standardised(&self) -> Result<(ImageSet, ChannelStatistics)> {
        let statistics = ChannelStatistics::of(self)?;
        Ok((statistics.apply(self)?, statistics))
    }
}
