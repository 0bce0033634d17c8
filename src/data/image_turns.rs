//! Turning images by multiples of 90°.

use ndarray::{Array4, Axis};

use super::image_set::ImageSet;
use super::shuffle;
use crate::{Error, Result};

impl ImageSet {
    /// Turns every image anticlockwise by `quarter_turns` times 90°, as seen with row 0 on top.
    ///
    /// One quarter turn takes the pixel in row i and column W − 1 − j to row j and column i,
    ///
    /// ```math
    /// y_{j i} = x_{i, \, W - 1 - j} ,
    /// ```
    /// and an image of H rows and W columns to one of W rows and H columns. Negative numbers turn clockwise.
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
        let turns = quarter_turns.rem_euclid(4);
        let mut view = self.images().view();
        if turns % 2 == 1 {
            view.swap_axes(1, 2);
        }
        if turns == 1 || turns == 2 {
            view.invert_axis(Axis(1));
        }
        if turns == 2 || turns == 3 {
            view.invert_axis(Axis(2));
        }
        self.with_images(view.as_standard_layout().into_owned())
            .expect("the same pixels in another order are valid images")
    }

    /// Turns every image by its own random multiple of 90°, all four equally likely; the sense is that of
    /// [`ImageSet::turned_by`].
    ///
    /// # Arguments
    /// * `seed` — any number; the turns are the same on every machine
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the images are not square.
    pub fn turned(&self, seed: u64) -> Result<ImageSet> {
        if self.height() != self.width() {
            return Err(Error::ShapeMismatch {
                what: "images to turn".into(),
                expected: "[n, H, H, c], square images".into(),
                found: self.images().shape().to_vec(),
            });
        }
        let mut rng = shuffle::generator(seed);
        let size = self.height();
        let mut images = Array4::zeros(self.images().raw_dim());
        for (image, mut turned) in self.images().outer_iter().zip(images.outer_iter_mut()) {
            let turns = shuffle::below(&mut rng, 4);
            for ((row, column, channel), pixel) in turned.indexed_iter_mut() {
                let (mut i, mut j) = (row, column);
                for _ in 0..turns {
                    (i, j) = (j, size - 1 - i);
                }
                *pixel = image[[i, j, channel]];
            }
        }
        self.with_images(images)
    }
}
