//! Translations of a periodic image together with a point group, as a finite group.

use super::finite::{TableGroup, check_order, number};
use super::finite_action::FiniteAction;
use super::planar_group::PointGroup;
use super::traits::FiniteGroup;
use crate::Result;

impl FiniteAction {
    /// Lets translations and a point group act on the pixels of a periodic image.
    ///
    /// ```math
    /// (t, s) \cdot x = s x + t , \qquad (t, s) (t', s') = (t + S t', \; s s')
    /// ```
    /// The symmetry s acts about the centre of the image, as [`PlanarSymmetry`](super::PlanarSymmetry) does, and S is its
    /// linear part; coordinates are taken modulo height and width. Pixel (y, x) is point y · width + x; the element with
    /// translation (t_y, t_x) and symmetry number p is number (t_y · width + t_x) · |P| + p, where |P| is the order of
    /// the point group.
    ///
    /// On very small images (2 × 2 and less) several elements may act alike; they are distinct elements all the same.
    ///
    /// # Cost and accuracy
    /// Exact. With n = height · width · |P|: O(n²) time, 2 n² bytes for the table and 4 n · height · width for the images;
    /// an 8 × 8 image with D4 has n = 512, a 32 × 32 image with C4 n = 4096, which takes 50 MB.
    ///
    /// # Errors
    /// * [`Error::Empty`](crate::Error::Empty) if height or width is 0
    /// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if a group with quarter turns is asked for on a rectangle
    /// * [`Error::InvalidValue`](crate::Error::InvalidValue) if n exceeds [`MAX_TABLE_ORDER`](super::MAX_TABLE_ORDER)
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::{FiniteAction, PointGroup};
    ///
    /// let torus = FiniteAction::torus(3, 3, PointGroup::C4)?;
    /// assert_eq!((torus.order(), torus.points()), (36, 9));
    /// // Element 1 is the quarter turn: the top left corner goes to the bottom left one.
    /// assert_eq!(torus.image(1, 0), 6);
    /// // Element 4 is the translation by one column.
    /// assert_eq!(torus.image(4, 0), 1);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn torus(height: usize, width: usize, point_group: PointGroup) -> Result<FiniteAction> {
        point_group.check_shape(height, width)?;
        let symmetries = point_group.elements();
        let pixels = height.saturating_mul(width);
        let order = pixels.saturating_mul(symmetries.len());
        check_order(order)?;

        let pixel = |y: usize, x: usize| (y % height) * width + x % width;
        let group = TableGroup::from_rows(order, |g, table| {
            let (t, s) = (g / symmetries.len(), symmetries[g % symmetries.len()]);
            let products = symmetries
                .iter()
                .map(|&other| point_group.index_of(&s.compose(other)));
            let products: Vec<_> = products.collect();
            for other in 0..pixels {
                let (y, x) = wrapped(
                    s.displacement((other / width).cast_signed(), (other % width).cast_signed()),
                    height,
                    width,
                );
                let sum = pixel(t / width + y, t % width + x);
                table.extend(products.iter().map(|p| number(sum * symmetries.len() + p)));
            }
        });
        Ok(FiniteAction::from_formula(group, pixels, |g, x| {
            let (t, s) = (g / symmetries.len(), symmetries[g % symmetries.len()]);
            let (y, x) = s.destination(height, width, x / width, x % width);
            pixel(t / width + y, t % width + x)
        }))
    }
}

/// A displacement as numbers below height and width.
fn wrapped((dy, dx): (isize, isize), height: usize, width: usize) -> (usize, usize) {
    let wrap = |d: isize, n: usize| d.rem_euclid(n.cast_signed()).cast_unsigned();
    (wrap(dy, height), wrap(dx, width))
}
