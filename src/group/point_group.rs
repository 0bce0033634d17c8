//! The point groups of the plane, C_n and D_n, as abstract finite groups.

use super::traits::{FiniteGroup, Group};
use crate::{Error, Result};

/// The cyclic group C_n; element `j` is the rotation of the plane by 2πj/n.
///
/// Elements are numbers taken modulo n, so every `usize` is a valid element.
///
/// # Examples
/// ```
/// use haarmonic::group::{CyclicGroup, FiniteGroup};
///
/// assert_eq!(CyclicGroup::new(6)?.order(), 6);
/// assert!(CyclicGroup::new(0).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CyclicGroup {
    order: usize,
}

impl CyclicGroup {
    /// Makes C_n with n = `order`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the order is 0.
    pub fn new(order: usize) -> Result<CyclicGroup> {
        check_rotations("order of the cyclic group", order)?;
        Ok(CyclicGroup { order })
    }
}

impl Group for CyclicGroup {
    type Element = usize;

    fn identity(&self) -> usize {
        0
    }

    fn compose(&self, g: &usize, h: &usize) -> usize {
        add_modulo(*g % self.order, *h % self.order, self.order)
    }

    fn inverse(&self, g: &usize) -> usize {
        negate_modulo(*g % self.order, self.order)
    }
}

impl FiniteGroup for CyclicGroup {
    fn order(&self) -> usize {
        self.order
    }

    fn element(&self, i: usize) -> usize {
        i % self.order
    }

    fn index_of(&self, g: &usize) -> usize {
        *g % self.order
    }
}

/// An element $`r^j s^k`$ of a dihedral group: first the reflection s (if `reflected`), then j rotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DihedralElement {
    /// The number j of rotations by 2π/n, taken modulo n by the group.
    pub rotations: usize,
    /// Whether the reflection is applied, before the rotations.
    pub reflected: bool,
}

/// The dihedral group D_n of order 2n: rotations and reflections of the regular n-gon.
///
/// ```math
/// r^n = s^2 = e , \qquad s r s = r^{-1}
/// ```
/// Element number i is $`r^{i \bmod n}`$ for i < n and $`r^{i \bmod n} s`$ from n on.
///
/// # Examples
/// ```
/// use haarmonic::group::{DihedralElement, DihedralGroup, Group};
///
/// let square = DihedralGroup::new(4)?;
/// let turn = DihedralElement { rotations: 1, reflected: false };
/// let mirror = DihedralElement { rotations: 0, reflected: true };
/// assert_ne!(square.compose(&turn, &mirror), square.compose(&mirror, &turn));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DihedralGroup {
    rotations: usize,
}

impl DihedralGroup {
    /// Makes D_n with n = `rotations`, of order 2n.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if n is 0 or 2n overflows.
    pub fn new(rotations: usize) -> Result<DihedralGroup> {
        check_rotations("number of rotations of the dihedral group", rotations)?;
        Ok(DihedralGroup { rotations })
    }
}

impl Group for DihedralGroup {
    type Element = DihedralElement;

    fn identity(&self) -> DihedralElement {
        DihedralElement {
            rotations: 0,
            reflected: false,
        }
    }

    fn compose(&self, g: &DihedralElement, h: &DihedralElement) -> DihedralElement {
        let n = self.rotations;
        let (first, second) = (h.rotations % n, g.rotations % n);
        // s r^j = r^{-j} s: a reflection in g turns the rotations of h around.
        let turned = if g.reflected {
            negate_modulo(first, n)
        } else {
            first
        };
        DihedralElement {
            rotations: add_modulo(second, turned, n),
            reflected: g.reflected != h.reflected,
        }
    }

    fn inverse(&self, g: &DihedralElement) -> DihedralElement {
        let j = g.rotations % self.rotations;
        DihedralElement {
            rotations: if g.reflected {
                j
            } else {
                negate_modulo(j, self.rotations)
            },
            reflected: g.reflected,
        }
    }
}

impl FiniteGroup for DihedralGroup {
    fn order(&self) -> usize {
        2 * self.rotations
    }

    fn element(&self, i: usize) -> DihedralElement {
        let i = i % self.order();
        DihedralElement {
            rotations: i % self.rotations,
            reflected: i >= self.rotations,
        }
    }

    fn index_of(&self, g: &DihedralElement) -> usize {
        g.rotations % self.rotations + if g.reflected { self.rotations } else { 0 }
    }
}

/// n at least 1, and small enough that no sum of two reduced numbers overflows.
fn check_rotations(what: &str, n: usize) -> Result<()> {
    if (1..=usize::MAX / 2).contains(&n) {
        return Ok(());
    }
    Err(Error::invalid(
        what,
        n,
        format!("a number from 1 to {}", usize::MAX / 2),
    ))
}

fn add_modulo(a: usize, b: usize, n: usize) -> usize {
    (a + b) % n
}

fn negate_modulo(a: usize, n: usize) -> usize {
    (n - a) % n
}
