//! Finite groups acting on finite sets.

use std::fmt::{self, Debug};

use ndarray::{Array2, ArrayView2};

use super::table::{TableGroup, check_order, reduce};
use super::traits::{Action, FiniteGroup, Group};
use crate::{Error, Result};

/// The largest number of images, order times points, of a [`FiniteAction`]; they take 1.6 GB.
pub const MAX_ACTION_ENTRIES: usize = 400_000_000;

/// A finite group acting on the points 0, 1, …, `points` − 1 of a finite set.
///
/// ```math
/// 0 \cdot x = x , \qquad (g h) \cdot x = g \cdot (h \cdot x)
/// ```
/// The action may have several orbits, and elements other than the identity may fix every point. Elements are taken
/// modulo the order and points modulo their number, so every `usize` is valid.
///
/// # Cost and accuracy
/// The action is exact. Memory for order · points images of 4 bytes each, at most [`MAX_ACTION_ENTRIES`] of them, and for the table of the
/// group. An image is a look-up.
///
/// # Examples
/// ```
/// use haarmonic::group::FiniteAction;
///
/// let cube = FiniteAction::octahedral_on_cube_vertices();
/// assert_eq!((cube.order(), cube.points()), (24, 8));
/// assert!(cube.is_transitive());
/// assert_eq!(cube.stabiliser(0).len(), 3);           // the third turns about a space diagonal
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FiniteAction {
    group: TableGroup,
    points: usize,
    /// Entry `g * points + x` is g·x.
    images: Vec<u32>,
}

impl FiniteAction {
    /// Makes an action from the images of all points, and checks the laws of an action completely.
    ///
    /// # Arguments
    /// * `group` — the group that acts
    /// * `images` — shape `[order, points]`, entry `[g, x]` the number of the point g·x
    ///
    /// # Cost and accuracy
    /// O(order · points · log order) time. The law $`(s h) \cdot x = s \cdot (h \cdot x)`$ is checked for the generators s, all h and all x; it
    /// follows for all products.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] if there is not one row per element, [`Error::Empty`] if there are no points
    /// * [`Error::InvalidValue`] if there are more than [`MAX_ACTION_ENTRIES`] images, or they are not an action; the
    ///   message names the elements and the point that break the law
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::{FiniteAction, TableGroup};
    /// use ndarray::array;
    ///
    /// // A swap of two points; the third point stays.
    /// let swap = FiniteAction::new(TableGroup::cyclic(2)?, array![[0, 1, 2], [1, 0, 2]].view())?;
    /// assert!(!swap.is_transitive());
    /// assert!(FiniteAction::new(TableGroup::cyclic(2)?, array![[0, 1, 2], [1, 2, 0]].view()).is_err());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn new(group: TableGroup, images: ArrayView2<'_, usize>) -> Result<FiniteAction> {
        let (rows, points) = images.dim();
        if rows != group.order() {
            return Err(Error::shape(
                IMAGES,
                format!("[{}, points], one row an element", group.order()),
                vec![rows, points],
            ));
        }
        check_points(points)?;
        check_entries(rows, points)?;
        let mut stored = Vec::with_capacity(rows * points);
        for ((g, x), &image) in images.indexed_iter() {
            if image >= points {
                return Err(not_an_action(
                    format!("{image} at [{g}, {x}]"),
                    format!("numbers below the number of points, {points}"),
                ));
            }
            stored.push(point(image));
        }
        let action = FiniteAction {
            group,
            points,
            images: stored,
        };
        action.check_laws()?;
        Ok(action)
    }

    /// Tabulates the action of a group on a finite set, and checks its laws completely.
    ///
    /// Elements keep their numbers, and points are numbered in the given order. The result makes a user's own group the input space of a
    /// network ([`Network::finite`](crate::network::Network::finite)).
    ///
    /// # Arguments
    /// * `group` — the group that acts
    /// * `points` — at least one, all different; the group must permute them
    ///
    /// # Cost and accuracy
    /// For a group of order n, n² products and n · points images, each of which is found by comparison with all points; then the checks of
    /// [`TableGroup::new`] and [`FiniteAction::new`].
    ///
    /// # Errors
    /// As [`TableGroup::from_group`] and [`FiniteAction::new`]; [`Error::InvalidValue`] if the image of a point is not among the points.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::{FiniteAction, PeriodicRotoTranslation, PointGroup};
    ///
    /// let group = PeriodicRotoTranslation::new(PointGroup::D2, 2, 3)?;
    /// let pixels: Vec<_> = (0..6).map(|x| [x / 3, x % 3]).collect();
    /// let action = FiniteAction::from_action(&group, &pixels)?;
    /// assert_eq!(action, FiniteAction::torus(2, 3, PointGroup::D2)?);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn from_action<X, G>(group: &G, points: &[X]) -> Result<FiniteAction>
    where
        G: FiniteGroup + Action<X>,
        X: PartialEq + Debug,
    {
        let table = TableGroup::from_group(group)?;
        check_points(points.len())?;
        check_entries(table.order(), points.len())?;
        let mut images = Array2::zeros((table.order(), points.len()));
        for ((g, x), image) in images.indexed_iter_mut() {
            *image = number_of(&group.act(&group.element(g), &points[x]), points)?;
        }
        FiniteAction::new(table, images.view())
    }

    /// Lets a group act on itself by multiplication from the left; point x is element x.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::{FiniteAction, TableGroup};
    ///
    /// let action = FiniteAction::regular(TableGroup::dihedral(3)?);
    /// assert_eq!(action.image(4, 5), action.group().product(4, 5));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn regular(group: TableGroup) -> FiniteAction {
        let points = group.order();
        let images = (0..points).flat_map(|g| group.row(g).iter().map(|&product| product.into()));
        FiniteAction {
            images: images.collect(),
            points,
            group,
        }
    }

    /// Lets C_n rotate n points on a circle: element j takes point x to x + j modulo n.
    ///
    /// # Errors
    /// As [`TableGroup::cyclic`].
    pub fn cyclic(n: usize) -> Result<FiniteAction> {
        Ok(FiniteAction::regular(TableGroup::cyclic(n)?))
    }

    /// Lets D_n act on the n vertices of the regular n-gon.
    ///
    /// In the numbering of [`DihedralGroup`](super::DihedralGroup), element j < n takes vertex x to x + j, and element n + j takes it to
    /// j − x, modulo n.
    ///
    /// # Errors
    /// As [`TableGroup::dihedral`].
    pub fn dihedral(n: usize) -> Result<FiniteAction> {
        check_order(n.saturating_mul(2))?;
        Ok(FiniteAction::from_formula(
            TableGroup::dihedral(n)?,
            n,
            |g, x| if g < n { (g + x) % n } else { (g - x) % n },
        ))
    }

    /// An action whose laws are known to hold.
    pub(super) fn from_formula(
        group: TableGroup,
        points: usize,
        image: impl Fn(usize, usize) -> usize,
    ) -> FiniteAction {
        let mut images = Vec::with_capacity(group.order() * points);
        for g in 0..group.order() {
            images.extend((0..points).map(|x| point(image(g, x))));
        }
        FiniteAction {
            group,
            points,
            images,
        }
    }

    /// Returns the number of elements of the group.
    pub fn order(&self) -> usize {
        self.group.order()
    }

    /// Returns the number of points, at least 1.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Returns the group.
    pub fn group(&self) -> &TableGroup {
        &self.group
    }

    /// Returns the group without its action.
    pub fn into_group(self) -> TableGroup {
        self.group
    }

    /// Returns g·x; `g` is taken modulo the order, `x` modulo the number of points.
    #[inline]
    pub fn image(&self, g: usize, x: usize) -> usize {
        let (g, x) = (reduce(g, self.order()), reduce(x, self.points));
        self.images[g * self.points + x] as usize
    }

    /// Returns the orbit of `x`, in increasing order.
    pub fn orbit(&self, x: usize) -> Vec<usize> {
        let mut orbit: Vec<_> = (0..self.order()).map(|g| self.image(g, x)).collect();
        orbit.sort_unstable();
        orbit.dedup();
        orbit
    }

    /// Returns the elements that fix `x`, in increasing order; their number is the order divided by the length of the orbit of `x`.
    pub fn stabiliser(&self, x: usize) -> Vec<usize> {
        let x = reduce(x, self.points);
        let elements = 0..self.order();
        elements.filter(|&g| self.image(g, x) == x).collect()
    }

    /// Returns whether the group takes every point to every other point.
    pub fn is_transitive(&self) -> bool {
        self.orbit(0).len() == self.points
    }

    /// Checks that element 0 fixes every point, and (s h)·x = s·(h·x) for generators s and all h, x.
    fn check_laws(&self) -> Result<()> {
        for x in 0..self.points {
            if self.image(0, x) != x {
                return Err(not_an_action(
                    format!("{} at [0, {x}]", self.image(0, x)),
                    format!("{x}, since element 0 fixes every point"),
                ));
            }
        }
        for s in self.group.generators() {
            for h in 0..self.order() {
                let sh = self.group.product(s, h);
                for x in 0..self.points {
                    let (product, in_turn) = (self.image(sh, x), self.image(s, self.image(h, x)));
                    if product != in_turn {
                        return Err(not_an_action(
                            format!("({s} {h})·{x} = {product} and {s}·({h}·{x}) = {in_turn}"),
                            "the same point".into(),
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FiniteAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiniteAction")
            .field("order", &self.order())
            .field("points", &self.points)
            .finish_non_exhaustive()
    }
}

impl Group for FiniteAction {
    type Element = usize;

    fn identity(&self) -> usize {
        0
    }

    fn compose(&self, g: &usize, h: &usize) -> usize {
        self.group.product(*g, *h)
    }

    fn inverse(&self, g: &usize) -> usize {
        self.group.inverse_of(*g)
    }
}

impl FiniteGroup for FiniteAction {
    fn order(&self) -> usize {
        self.group.order()
    }

    fn element(&self, i: usize) -> usize {
        self.group.element(i)
    }

    fn index_of(&self, g: &usize) -> usize {
        self.group.index_of(g)
    }
}

impl Action<usize> for FiniteAction {
    fn act(&self, g: &usize, x: &usize) -> usize {
        self.image(*g, *x)
    }
}

const IMAGES: &str = "images of a finite action";

/// The number of a point, as an action stores it.
pub(super) fn point(x: usize) -> u32 {
    u32::try_from(x).expect("the number of points is limited to far below 2^32")
}

/// Accepts a number of points from 1 to the largest one that can be stored.
pub(super) fn check_points(points: usize) -> Result<()> {
    if points == 0 {
        return Err(Error::empty("points of a finite action"));
    }
    check_entries(1, points)
}

/// Accepts numbers of elements and points whose images do not exceed the limit.
pub(super) fn check_entries(order: usize, points: usize) -> Result<()> {
    if order.saturating_mul(points) <= MAX_ACTION_ENTRIES {
        return Ok(());
    }
    Err(Error::invalid(
        "finite action",
        format!("{order} elements times {points} points"),
        format!(
            "at most {MAX_ACTION_ENTRIES} images, which take {} MB",
            MAX_ACTION_ENTRIES / 250_000
        ),
    ))
}

/// The position of `x` among the points of a finite set.
fn number_of<X: PartialEq + Debug>(x: &X, points: &[X]) -> Result<usize> {
    points.iter().position(|point| point == x).ok_or_else(|| {
        not_an_action(
            format!("{x:?}"),
            format!("one of the {} points of the set", points.len()),
        )
    })
}

fn not_an_action(found: String, expected: String) -> Error {
    Error::invalid(IMAGES, found, expected)
}
