//! The point groups of the square grid, acting on images.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array3, ArrayView3};

use super::planar_symmetry::PlanarSymmetry;
use super::traits::{Action, FiniteGroup, Group};
use crate::{Error, Result};

/// The point groups that map pixels to pixels: rotations C_n, with reflections D_n, for n = 1, 2, 4.
///
/// For i < n, element i consists of i rotations by 360°/n. For i ≥ n it is the mirror followed by i − n rotations, as in
/// [`CyclicGroup`](super::CyclicGroup) and [`DihedralGroup`](super::DihedralGroup). The mirror is left-right and the rotations are
/// counter-clockwise on a screen; see [`PlanarSymmetry`] and [`crate::conventions`].
///
/// # Examples
/// ```
/// use haarmonic::group::{PlanarSymmetry, PointGroup};
///
/// let group: PointGroup = "D2".parse()?;
/// assert_eq!((group.order(), group.rotations(), group.has_reflections()), (4, 2, true));
/// assert_eq!(group.elements()[1], PlanarSymmetry::new(2, false));               // the half turn
/// assert_eq!(group.elements()[3], PlanarSymmetry::new(2, true));                // upside down
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PointGroup {
    /// Only the identity.
    C1,
    /// Half turns.
    C2,
    /// Quarter turns.
    C4,
    /// The identity and the left-right mirror.
    D1,
    /// Half turns and reflections: the symmetries of a rectangle.
    D2,
    /// Quarter turns and reflections: the symmetries of the square.
    D4,
}

const fn turns(quarter_turns: u8) -> PlanarSymmetry {
    PlanarSymmetry::new(quarter_turns, false)
}

const fn mirror_then(quarter_turns: u8) -> PlanarSymmetry {
    PlanarSymmetry::new(quarter_turns, true)
}

impl PointGroup {
    /// All point groups.
    pub const ALL: [PointGroup; 6] = [
        PointGroup::C1,
        PointGroup::C2,
        PointGroup::C4,
        PointGroup::D1,
        PointGroup::D2,
        PointGroup::D4,
    ];

    /// Returns the elements in the order of their numbers, the identity first.
    pub const fn elements(self) -> &'static [PlanarSymmetry] {
        match self {
            PointGroup::C1 => const { &[turns(0)] },
            PointGroup::C2 => const { &[turns(0), turns(2)] },
            PointGroup::C4 => const { &[turns(0), turns(1), turns(2), turns(3)] },
            PointGroup::D1 => const { &[turns(0), mirror_then(0)] },
            PointGroup::D2 => const { &[turns(0), turns(2), mirror_then(0), mirror_then(2)] },
            PointGroup::D4 => {
                const {
                    &[
                        turns(0),
                        turns(1),
                        turns(2),
                        turns(3),
                        mirror_then(0),
                        mirror_then(1),
                        mirror_then(2),
                        mirror_then(3),
                    ]
                }
            }
        }
    }

    /// Returns the number of elements.
    pub const fn order(self) -> usize {
        self.elements().len()
    }

    /// Returns the number n of rotations.
    pub const fn rotations(self) -> usize {
        match self {
            PointGroup::C1 | PointGroup::D1 => 1,
            PointGroup::C2 | PointGroup::D2 => 2,
            PointGroup::C4 | PointGroup::D4 => 4,
        }
    }

    /// Returns whether the group has reflections.
    pub const fn has_reflections(self) -> bool {
        matches!(self, PointGroup::D1 | PointGroup::D2 | PointGroup::D4)
    }

    /// Returns whether the group has quarter turns, which map only square images to themselves.
    pub const fn needs_square(self) -> bool {
        self.rotations() == 4
    }

    /// Returns whether a symmetry belongs to the group.
    pub const fn contains(self, symmetry: PlanarSymmetry) -> bool {
        (symmetry.quarter_turns as usize * self.rotations()).is_multiple_of(4)
            && (self.has_reflections() || !symmetry.mirrored)
    }

    /// Checks that the group maps images of `height` × `width` pixels to images of equal shape.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are no pixels, [`Error::ShapeMismatch`] if the group has quarter turns and the image is
    /// not square.
    pub fn check_shape(self, height: usize, width: usize) -> Result<()> {
        if height == 0 || width == 0 {
            return Err(Error::empty("image"));
        }
        if self.needs_square() && height != width {
            return Err(Error::shape(
                "image",
                format!("a square, since {self} has quarter turns"),
                vec![height, width],
            ));
        }
        Ok(())
    }

    /// Transforms an image by every element, in the order of their numbers; all results have the shape of the image.
    ///
    /// # Arguments
    /// * `image` — shape `[height, width, channels]`
    ///
    /// # Errors
    /// [`Error::Empty`] if the image has no pixels or channels, [`Error::ShapeMismatch`] if the group has quarter turns
    /// and the image is not square.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::PointGroup;
    ///
    /// let image = ndarray::array![[[1], [2], [3]]];
    /// let half_turned = &PointGroup::C2.transforms(image.view())?[1];
    /// assert_eq!(half_turned, ndarray::array![[[3], [2], [1]]]);
    /// assert!(PointGroup::C4.transforms(image.view()).is_err());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn transforms<A: Clone>(self, image: ArrayView3<'_, A>) -> Result<Vec<Array3<A>>> {
        let (height, width, _) = image.dim();
        self.check_shape(height, width)?;
        let elements = self.elements().iter();
        elements.map(|s| s.transform(image.view())).collect()
    }
}

impl Group for PointGroup {
    type Element = PlanarSymmetry;

    fn identity(&self) -> PlanarSymmetry {
        PlanarSymmetry::IDENTITY
    }

    fn compose(&self, g: &PlanarSymmetry, h: &PlanarSymmetry) -> PlanarSymmetry {
        g.compose(*h)
    }

    fn inverse(&self, g: &PlanarSymmetry) -> PlanarSymmetry {
        PlanarSymmetry::inverse(*g)
    }
}

/// Pixels \[row, column\] of the infinite plane, about the pixel \[0, 0\].
impl Action<[isize; 2]> for PointGroup {
    fn act(&self, g: &PlanarSymmetry, x: &[isize; 2]) -> [isize; 2] {
        g.displacement(x[0], x[1]).into()
    }
}

/// A symmetry that the group does not [contain](PointGroup::contains) gets the number of a nearby element: its turns are rounded down to
/// turns of the group, and a mirror is dropped if the group has none.
impl FiniteGroup for PointGroup {
    fn order(&self) -> usize {
        PointGroup::order(*self)
    }

    fn element(&self, i: usize) -> PlanarSymmetry {
        self.elements()[i % PointGroup::order(*self)]
    }

    fn index_of(&self, g: &PlanarSymmetry) -> usize {
        let turns = usize::from(g.quarter_turns % 4) * self.rotations() / 4;
        if g.mirrored && self.has_reflections() {
            self.rotations() + turns
        } else {
            turns
        }
    }
}

impl fmt::Display for PointGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PointGroup::C1 => "C1",
            PointGroup::C2 => "C2",
            PointGroup::C4 => "C4",
            PointGroup::D1 => "D1",
            PointGroup::D2 => "D2",
            PointGroup::D4 => "D4",
        })
    }
}

impl FromStr for PointGroup {
    type Err = Error;

    fn from_str(name: &str) -> Result<PointGroup> {
        let mut groups = PointGroup::ALL.into_iter();
        groups
            .find(|group| group.to_string() == name)
            .ok_or_else(|| {
                Error::invalid(
                    "point group",
                    format!("{name:?}"),
                    "one of C1, C2, C4, D1, D2, D4",
                )
            })
    }
}
