//! Turning images by multiples of 90°.

use ndarray::Array4;

use super::image_set::ImageSet;
use super::shuffle;
use crate::group::PlanarSymmetry;
use crate::{Error, Result};

impl ImageSet {
    /// Turns every image anticlockwise by `quarter_turns` times 90°, as seen with row 0 on top.
    ///
    /// One quarter turn moves the pixel in row i and column W − 1 − j to row j and column i:
    ///
    /// ```math
    /// y_{j i} = x_{i, \, W - 1 - j}
    /// ```
    /// An odd number of quarter turns exchanges height and width. Negative numbers turn clockwise.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::image_set::ImageSet;
    /// let image = ndarray::array![[1.0, 2.0], [3.0, 4.0]].into_shape_with_order((1, 2, 2, 1)).unwrap();
    /// let turned = ImageSet::new(image, vec![0], vec!["only".into()])?.turned_by(1);
    /// assert_eq!(turned.images().iter().copied().collect::<Vec<_>>(), [2.0, 4.0, 1.0, 3.0]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn turned_by(&self, quarter_turns: i32) -> ImageSet {
        let turn = PlanarSymmetry::new(quarter_turns.rem_euclid(4) as u8, false);
        let (height, width) = turn.shape_after(self.height(), self.width());
        let shape = (self.len(), height, width, self.channels());
        self.with_images(moved(self.images(), shape, || turn))
            .expect("the same pixels in another order are valid images")
    }

    /// Turns every image by its own random multiple of 90°; all four are equally likely.
    ///
    /// # Arguments
    /// * `seed` — any number; the turns are the same on every machine
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the images are not square.
    pub fn turned(&self, seed: u64) -> Result<ImageSet> {
        if self.height() != self.width() {
            return Err(Error::shape(
                "images to turn",
                "[n, H, H, c], square images",
                self.images().shape().to_vec(),
            ));
        }
        let mut rng = shuffle::generator(seed);
        let turn = || PlanarSymmetry::new(shuffle::below(&mut rng, 4) as u8, false);
        self.with_images(moved(self.images(), self.images().dim(), turn))
    }
}

/// Applies to each image the next value of `symmetry`.
///
/// # Arguments
/// * `shape` — the shape of the result, which every symmetry must give
fn moved(
    images: &Array4<f64>,
    shape: (usize, usize, usize, usize),
    mut symmetry: impl FnMut() -> PlanarSymmetry,
) -> Array4<f64> {
    let mut out = Array4::zeros(shape);
    for (image, mut out) in images.outer_iter().zip(out.outer_iter_mut()) {
        let moved = symmetry().transform(image);
        out.assign(&moved.expect("images of a set have pixels and channels"));
    }
    out
}
