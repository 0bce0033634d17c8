//! The cyclic groups C_n: rotations of the plane.

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

/// Accepts n from 1 to a limit below which no sum of two reduced numbers overflows.
pub(super) fn check_rotations(what: &str, n: usize) -> Result<()> {
    if (1..=usize::MAX / 2).contains(&n) {
        return Ok(());
    }
    Err(Error::invalid(
        what,
        n,
        format!("a number from 1 to {}", usize::MAX / 2),
    ))
}

/// a + b modulo n, for a, b < n.
pub(super) fn add_modulo(a: usize, b: usize, n: usize) -> usize {
    (a + b) % n
}

/// −a modulo n, for a < n.
pub(super) fn negate_modulo(a: usize, n: usize) -> usize {
    (n - a) % n
}
