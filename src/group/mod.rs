//! Groups, their actions, and integration over them.
//!
//! A group is a value (its order may be known only at run time); its elements are a type of their own.
//! [`Group`] has identity, product and inverse, [`Action`] lets a group act on a space, [`FiniteGroup`]
//! lists its elements, and [`HaarQuadrature`] integrates over the invariant measure of total mass 1.
//!
//! | group | value | element |
//! |---|---|---|
//! | rotations of space, SO(3) | [`RotationGroup`] | [`Rotation`], angles [`EulerZyz`] |
//! | rotations of the regular n-gon, C_n | [`CyclicGroup`] | `usize`, a multiple of 2π/n |
//! | rotations and reflections of the regular n-gon, D_n | [`DihedralGroup`] | [`DihedralElement`] |
//! | quarter turns and reflections of images, C1 to D4 | [`PointGroup`] | [`PlanarSymmetry`] |
//! | any finite group, by its multiplication table | [`TableGroup`] | `usize` |
//! | a finite group acting on a finite set: permutation groups, Platonic solids, periodic images | [`FiniteAction`] | `usize` |

mod finite;
mod finite_action;
mod haar;
mod permutation;
mod planar_group;
mod planar_symmetry;
mod point_group;
mod polyhedral;
mod rotation;
mod rotation_forms;
mod roto_translation;
mod sphere_point;
mod traits;

pub use finite::{MAX_TABLE_ORDER, TableGroup};
pub use finite_action::{FiniteAction, MAX_ACTION_ENTRIES};
pub use haar::{Exactness, HaarQuadrature, MAX_HAAR_DEGREE};
pub use planar_group::PointGroup;
pub use planar_symmetry::PlanarSymmetry;
pub use point_group::{CyclicGroup, DihedralElement, DihedralGroup};
pub use rotation::{EulerZyz, Rotation, RotationGroup};
pub use sphere_point::SpherePoint;
pub use traits::{Action, FiniteGroup, Group};
