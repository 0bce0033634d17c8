//! Images, stored channel by channel.

use ndarray::ArrayView3;

use crate::group::PlanarSymmetry;

/// An image.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct PlaneSignal {
    /// Values, `[channels, height, width]`.
    pub(super) pixels: Vec<f64>,
}

impl PlaneSignal {
    /// Copies an image channel by channel.
    ///
    /// # Arguments
    /// * `image` — shape `[height, width, channels]`
    pub(super) fn new(image: ArrayView3<'_, f64>) -> Self {
        PlaneSignal {
            pixels: image.permuted_axes([2, 0, 1]).iter().copied().collect(),
        }
    }

    /// Writes the image transformed by an element of a point group.
    ///
    /// # Arguments
    /// * `size` — rows and columns
    pub(super) fn turn_into(
        &self,
        element: PlanarSymmetry,
        [height, width]: [usize; 2],
        turned: &mut PlaneSignal,
    ) {
        turned.pixels.clear();
        for channel in self.pixels.chunks_exact(height * width) {
            for y in 0..height {
                turned.pixels.extend((0..width).map(|x| {
                    let (y, x) = element.source(height, width, y, x);
                    channel[y * width + x]
                }));
            }
        }
    }
}
