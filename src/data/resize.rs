//! Resizing images: an axis that shrinks is averaged over areas, and an axis that grows is interpolated linearly.

use ndarray::{Array4, Axis};

use super::image_set::ImageSet;
use crate::{Error, Result};

impl ImageSet {
    /// Resizes all images, one axis at a time.
    ///
    /// An axis that shrinks from N to n pixels is averaged: pixel i is the mean of the piecewise constant signal over the
    /// interval $`[i N / n, (i + 1) N / n)`$. The mean of the image does not change. An axis that grows is interpolated
    /// linearly between pixel centres, at $`(i + 1/2) N / n - 1/2`$; beyond the outermost centres the signal is constant.
    /// An axis whose length does not change is copied.
    ///
    /// # Arguments
    /// * `height`, `width` — the new size in pixels
    ///
    /// # Cost and accuracy
    /// O(c n (H W + H' W')) time for n images of c channels from size H × W to H' × W', and memory for a copy of the images
    /// after each axis. Weights are rounded once.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a size is zero or the images do not fit into memory.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::image_set::ImageSet;
    /// let image = ndarray::Array4::from_shape_fn((1, 4, 6, 1), |(_, i, j, _)| (i + j) as f64);
    /// let small = ImageSet::new(image, vec![0], vec!["ramp".into()])?.resized(2, 3)?;
    /// assert_eq!(small.images()[[0, 1, 2, 0]], 2.5 + 4.5);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn resized(&self, height: usize, width: usize) -> Result<ImageSet> {
        self.with_images(resize(self.images(), height, width)?)
    }
}

/// Resizes images of shape `[n, H, W, c]` to `[n, height, width, c]`.
pub(super) fn resize(images: &Array4<f64>, height: usize, width: usize) -> Result<Array4<f64>> {
    check_size(height, width)?;
    let (count, rows, columns, channels) = images.dim();
    // An axis that shrinks comes first, so that the intermediate image is not larger than both the old and the new image.
    let first = if height <= rows {
        (1, height)
    } else {
        (2, width)
    };
    let second = if height <= rows {
        (2, width)
    } else {
        (1, height)
    };
    for (h, w) in [
        (height, width),
        if first.0 == 1 {
            (height, columns)
        } else {
            (rows, width)
        },
    ] {
        check_memory(&[count, h, w, channels])?;
    }
    let between = resample(images, Axis(first.0), first.1);
    Ok(resample(&between, Axis(second.0), second.1))
}

/// Refuses a size of zero.
pub(super) fn check_size(height: usize, width: usize) -> Result<()> {
    if height == 0 || width == 0 {
        return Err(Error::invalid(
            "size of the images",
            format!("{height} by {width}"),
            "at least 1 by 1",
        ));
    }
    Ok(())
}

/// Refuses an array that does not fit into memory, before it is made.
pub(super) fn check_memory(shape: &[usize]) -> Result<()> {
    let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let fits = count.is_some_and(|count| Vec::<f64>::new().try_reserve_exact(count).is_ok());
    if fits {
        return Ok(());
    }
    Err(Error::invalid(
        "size of the images",
        format!("{shape:?}"),
        "an array that fits into memory",
    ))
}

/// Resamples one axis to `len` entries.
fn resample(array: &Array4<f64>, axis: Axis, len: usize) -> Array4<f64> {
    let old = array.len_of(axis);
    if len == old {
        return array.clone();
    }
    let mut shape = array.raw_dim();
    shape[axis.index()] = len;
    let mut out = Array4::zeros(shape);
    // out_i = Σ_j w_ij in_(start + j), for a whole slice across the axis at a time.
    for (i, mut target) in out.axis_iter_mut(axis).enumerate() {
        let (start, weights) = if len < old {
            area_weights(i, old, len)
        } else {
            linear_weights(i, old, len)
        };
        for (j, &weight) in weights.iter().enumerate() {
            target.scaled_add(weight, &array.index_axis(axis, start + j));
        }
    }
    out
}

/// The first old pixel that overlaps new pixel `i`, and the weight of each overlapping pixel in the mean.
///
/// Lengths are counted in 1/len of an old pixel, so that all of them are integers. The old pixel j covers
/// `[j len, (j + 1) len)`, and the new pixel i covers `[i old, (i + 1) old)`.
fn area_weights(i: usize, old: usize, len: usize) -> (usize, Vec<f64>) {
    let (begin, end) = (i * old, (i + 1) * old);
    let start = begin / len;
    let weights = (start..end.div_ceil(len))
        .map(|j| {
            let overlap = end.min((j + 1) * len) - begin.max(j * len);
            overlap as f64 / old as f64
        })
        .collect();
    (start, weights)
}

/// The last old pixel whose centre is not beyond the centre of new pixel `i`, and the weights of this pixel and the next.
///
/// Lengths are counted in 1/(2 len) of an old pixel from the centre of the first one. The centre of new pixel i then lies at the
/// integer (2 i + 1) old − len.
fn linear_weights(i: usize, old: usize, len: usize) -> (usize, Vec<f64>) {
    let centre = ((2 * i + 1) * old).saturating_sub(len);
    let (start, rest) = (centre / (2 * len), centre % (2 * len));
    if start + 1 >= old {
        return (old - 1, vec![1.0]);
    }
    let next = rest as f64 / (2 * len) as f64;
    (start, vec![1.0 - next, next])
}
