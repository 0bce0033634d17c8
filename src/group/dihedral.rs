//! The dihedral groups D_n: rotations and reflections of the plane.

use super::cyclic::{add_modulo, check_rotations, negate_modulo};
use super::traits::{FiniteGroup, Group};
use crate::Result;

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
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if n is 0 or 2n overflows.
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
        // s r^j = r^{-j} s: a reflection in g reverses the rotations of h.
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
