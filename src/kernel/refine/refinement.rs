//! Sequences of geometries from coarse to fine.

use crate::Result;
use crate::kernel::recursion::Geometry;

/// One geometry, or several that approximate one mean over the group more and more closely.
pub(crate) trait Refinement: Send + Sync + 'static {
    /// The geometry of each level.
    type Level: Geometry;

    /// Number of steps along each of the two axes, at least one: first the quadratures over the group, then the grids of a fibre.
    fn steps(&self) -> [usize; 2];

    /// The geometry of a level, built on first use.
    ///
    /// # Errors
    /// The errors of the construction of its tables.
    fn level(&self, level: LevelIndex) -> Result<&Self::Level>;

    /// Whether memory and time admit a level.
    fn admits(&self, level: LevelIndex) -> bool {
        let _ = level;
        true
    }

    /// The description of a level in messages.
    fn describe(&self, level: LevelIndex) -> String;
}

/// A step along each of the two axes of a [`Refinement`].
pub(crate) type LevelIndex = [usize; 2];

/// A geometry whose mean over the group is a finite sum.
pub(crate) struct Exact<G>(pub(super) G);

impl<G: Geometry> Refinement for Exact<G> {
    type Level = G;
    fn steps(&self) -> [usize; 2] {
        [1, 1]
    }

    fn level(&self, _: LevelIndex) -> Result<&G> {
        Ok(&self.0)
    }

    fn describe(&self, _: LevelIndex) -> String {
        "no quadrature".into()
    }
}
