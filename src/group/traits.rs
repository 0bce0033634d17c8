//! The traits of groups, for the groups of this crate and for users' own groups.

use std::fmt::Debug;

/// A group, as a value: identity, product and inverse of its elements.
///
/// ```math
/// e g = g e = g , \qquad g g^{-1} = g^{-1} g = e , \qquad (g h) k = g (h k)
/// ```
/// These laws hold exactly for finite groups and to rounding for continuous ones.
///
/// # Examples
/// ```
/// use haarmonic::group::{CyclicGroup, Group};
///
/// let quarter_turns = CyclicGroup::new(4)?;
/// assert_eq!(quarter_turns.compose(&3, &2), 1);
/// assert_eq!(quarter_turns.inverse(&3), 1);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub trait Group {
    /// One element of the group.
    type Element: Clone + Debug;

    /// Returns the neutral element.
    fn identity(&self) -> Self::Element;

    /// Returns the product `g h`: first `h`, then `g`.
    fn compose(&self, g: &Self::Element, h: &Self::Element) -> Self::Element;

    /// Returns the inverse of `g`.
    fn inverse(&self, g: &Self::Element) -> Self::Element;
}

/// A left action of a group on a space with points `X`.
///
/// ```math
/// e \cdot x = x , \qquad (g h) \cdot x = g \cdot (h \cdot x)
/// ```
///
/// # Examples
/// ```
/// use haarmonic::group::{Action, Rotation, RotationGroup};
///
/// let half_turn = Rotation::about_z(std::f64::consts::PI)?;
/// let moved = RotationGroup.act(&half_turn, &[1.0, 0.0, 0.0]);
/// assert!((moved[0] + 1.0).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub trait Action<X>: Group {
    /// Returns `g · x`.
    fn act(&self, g: &Self::Element, x: &X) -> X;
}

/// A finite group, whose elements are numbered from 0.
///
/// `index_of(element(i)) == i` for every `i` below [`order`](FiniteGroup::order), and element 0 is the identity.
///
/// # Examples
/// ```
/// use haarmonic::group::{DihedralGroup, FiniteGroup, Group};
///
/// let square = DihedralGroup::new(4)?;
/// assert_eq!(square.order(), 8);
/// assert_eq!(square.index_of(&square.identity()), 0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub trait FiniteGroup: Group {
    /// Returns the number of elements, at least 1.
    fn order(&self) -> usize;

    /// Returns element number `i`; `i` is taken modulo the order.
    fn element(&self, i: usize) -> Self::Element;

    /// Returns the number of `g`, below [`order`](FiniteGroup::order).
    fn index_of(&self, g: &Self::Element) -> usize;
}
