//! Quarter turns and reflections of images.

use ndarray::{Array3, ArrayView3};

use crate::{Error, Result};

/// A symmetry of the square grid about the centre of an image: first a mirror, then quarter turns.
///
/// The mirror is left-right: it reverses the order of the columns. The turns are counter-clockwise on a screen, where row y = 0 is the top
/// row. A symmetry moves the image:
///
/// ```math
/// (s f)(x) = f(s^{-1} x) , \qquad s (t f) = (s t) f
/// ```
/// An odd number of turns makes an H × W image a W × H image.
///
/// Conventions: see [`crate::conventions`].
///
/// # Examples
/// ```
/// use haarmonic::group::PlanarSymmetry;
/// use ndarray::array;
///
/// let image = array![[[1], [2], [3]], [[4], [5], [6]]];                        // 2 rows, 3 columns, 1 channel
/// let turned = PlanarSymmetry::new(1, false).transform(image.view())?;
/// assert_eq!(turned, array![[[3], [6]], [[2], [5]], [[1], [4]]]);
/// let mirrored = PlanarSymmetry::new(0, true).transform(image.view())?;
/// assert_eq!(mirrored, array![[[3], [2], [1]], [[6], [5], [4]]]);
/// // First the mirror, then the turn.
/// let both = PlanarSymmetry::new(1, true);
/// assert_eq!(both, PlanarSymmetry::new(1, false).compose(PlanarSymmetry::new(0, true)));
/// assert_eq!(both.transform(image.view())?, array![[[1], [4]], [[2], [5]], [[3], [6]]]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlanarSymmetry {
    /// The number of quarter turns counter-clockwise, after the mirror; taken modulo 4 by all operations.
    pub quarter_turns: u8,
    /// Whether the columns are reversed first.
    pub mirrored: bool,
}

impl PlanarSymmetry {
    /// The identity.
    pub const IDENTITY: PlanarSymmetry = PlanarSymmetry::new(0, false);

    /// Makes a symmetry; the quarter turns are reduced modulo 4.
    pub const fn new(quarter_turns: u8, mirrored: bool) -> PlanarSymmetry {
        PlanarSymmetry {
            quarter_turns: quarter_turns % 4,
            mirrored,
        }
    }

    /// Returns the product `self other`: first `other`, then `self`.
    pub const fn compose(self, other: PlanarSymmetry) -> PlanarSymmetry {
        // A mirror after j turns equals j clockwise turns after a mirror.
        let (second, first) = (self.quarter_turns % 4, other.quarter_turns % 4);
        let first = if self.mirrored { 4 - first } else { first };
        PlanarSymmetry::new(second + first, self.mirrored != other.mirrored)
    }

    /// Returns the inverse; a reflection is its own inverse.
    pub const fn inverse(self) -> PlanarSymmetry {
        let turns = self.quarter_turns % 4;
        PlanarSymmetry::new(if self.mirrored { turns } else { 4 - turns }, self.mirrored)
    }

    /// Returns whether rows become columns.
    pub const fn transposes(self) -> bool {
        self.quarter_turns % 2 == 1
    }

    /// Returns height and width of a transformed image of `height` × `width` pixels.
    pub const fn shape_after(self, height: usize, width: usize) -> (usize, usize) {
        if self.transposes() {
            (width, height)
        } else {
            (height, width)
        }
    }

    /// Returns the pixel $`s^{-1} x`$ of the image whose value goes to pixel (`y`, `x`) of the transformed image.
    ///
    /// # Arguments
    /// * `height`, `width` — the image before the transformation
    /// * `y`, `x` — a pixel of the transformed image, within [`shape_after`](PlanarSymmetry::shape_after); for other numbers the result has
    ///   no meaning
    pub const fn source(self, height: usize, width: usize, y: usize, x: usize) -> (usize, usize) {
        let (up, left) = (
            height.saturating_sub(1).saturating_sub(y),
            width.saturating_sub(1).saturating_sub(x),
        );
        // In an image that will be transposed, y counts columns and x counts rows.
        let (row_back, column_back) = (
            height.saturating_sub(1).saturating_sub(x),
            width.saturating_sub(1).saturating_sub(y),
        );
        match (self.quarter_turns % 4, self.mirrored) {
            (0, false) => (y, x),
            (1, false) => (x, column_back),
            (2, false) => (up, left),
            (3, false) => (row_back, y),
            (0, true) => (y, left),
            (1, true) => (x, y),
            (2, true) => (up, x),
            _ => (row_back, column_back),
        }
    }

    /// Returns the pixel s x of the transformed image to which the value of pixel (`y`, `x`) goes.
    ///
    /// # Arguments
    /// * `height`, `width` — the image before the transformation
    /// * `y`, `x` — a pixel of this image; for other numbers the result has no meaning
    pub const fn destination(
        self,
        height: usize,
        width: usize,
        y: usize,
        x: usize,
    ) -> (usize, usize) {
        let (height, width) = self.shape_after(height, width);
        self.inverse().source(height, width, y, x)
    }

    /// Returns the displacement between the images of two pixels whose displacement is (`dy`, `dx`).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::PlanarSymmetry;
    ///
    /// // A quarter turn takes one column to the right to one row above.
    /// assert_eq!(PlanarSymmetry::new(1, false).displacement(0, 1), (-1, 0));
    /// ```
    pub const fn displacement(self, dy: isize, dx: isize) -> (isize, isize) {
        let dx = if self.mirrored { dx.wrapping_neg() } else { dx };
        match self.quarter_turns % 4 {
            0 => (dy, dx),
            1 => (dx.wrapping_neg(), dy),
            2 => (dy.wrapping_neg(), dx.wrapping_neg()),
            _ => (dx, dy.wrapping_neg()),
        }
    }

    /// Transforms an image.
    ///
    /// # Arguments
    /// * `image` — shape `[height, width, channels]`
    ///
    /// # Cost and accuracy
    /// The result is exact: the pixels are permuted.
    ///
    /// # Errors
    /// [`Error::Empty`] if the image has no pixels or no channels.
    pub fn transform<A: Clone>(self, image: ArrayView3<'_, A>) -> Result<Array3<A>> {
        let (height, width, channels) = image.dim();
        if image.is_empty() {
            return Err(Error::empty("image"));
        }
        let (new_height, new_width) = self.shape_after(height, width);
        Ok(Array3::from_shape_fn(
            (new_height, new_width, channels),
            |(y, x, c)| {
                let (y, x) = self.source(height, width, y, x);
                image[[y, x, c]].clone()
            },
        ))
    }
}
