//! Groups that tests bring along.

use haarmonic::group::{Action, FiniteGroup, Group};
use ndarray::Array2;

/// A group of the crate with another action, right or wrong.
#[derive(Debug, Clone)]
pub struct Acting<G: Group, X> {
    pub group: G,
    pub action: fn(&G, &G::Element, &X) -> X,
}

impl<G: Group, X> Group for Acting<G, X> {
    type Element = G::Element;

    fn identity(&self) -> G::Element {
        self.group.identity()
    }

    fn compose(&self, g: &G::Element, h: &G::Element) -> G::Element {
        self.group.compose(g, h)
    }

    fn inverse(&self, g: &G::Element) -> G::Element {
        self.group.inverse(g)
    }
}

impl<G: FiniteGroup, X> FiniteGroup for Acting<G, X> {
    fn order(&self) -> usize {
        self.group.order()
    }

    fn element(&self, i: usize) -> G::Element {
        self.group.element(i)
    }

    fn index_of(&self, g: &G::Element) -> usize {
        self.group.index_of(g)
    }
}

impl<G: Group, X> Action<X> for Acting<G, X> {
    fn act(&self, g: &G::Element, x: &X) -> X {
        (self.action)(&self.group, g, x)
    }
}

/// Distance in exact groups: two elements are equal or not.
pub fn discrete<E: PartialEq>(a: &E, b: &E) -> f64 {
    if a == b { 0.0 } else { 1.0 }
}

/// The table of the elementary group of order 2^bits.
pub fn elementary(bits: u32) -> Array2<usize> {
    let n = 2_usize.pow(bits);
    Array2::from_shape_fn((n, n), |(g, h)| g ^ h)
}
