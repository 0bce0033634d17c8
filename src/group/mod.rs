//! Groups, their actions, and integration over them.
//!
//! A group is a value, since its order may be known only at run time; its elements have a type of their own.
//! [`Group`] has identity, product and inverse. [`Action`] lets a group act on a space. [`FiniteGroup`] lists the elements of a group.
//! [`Haar`] returns nodes and weights for the invariant measure of total mass 1, a [`HaarQuadrature`]. Users add a group by
//! implementing these traits; `docs/kernels.md` computes the kernels of such a group.
//!
//! | group | value | element |
//! |---|---|---|
//! | rotations of space, SO(3) | [`RotationGroup`] | [`Rotation`], angles [`EulerZyz`] |
//! | rotations of the regular n-gon, C_n | [`CyclicGroup`] | `usize`, a multiple of 2π/n |
//! | rotations and reflections of the regular n-gon, D_n | [`DihedralGroup`] | [`DihedralElement`] |
//! | quarter turns and reflections of images, C1 to D4 | [`PointGroup`] | [`PlanarSymmetry`] |
//! | the pixel plane: a point group with translations, C_n ⋉ Z² and D_n ⋉ Z² | [`RotoTranslation`] | [`PlanarMotion`] |
//! | a point group with translations of a periodic image, a finite group | [`PeriodicRotoTranslation`] | [`PlanarMotion`] |
//! | any finite group, by its multiplication table | [`TableGroup`] | `usize` |
//! | a finite group acting on a finite set: permutation groups, Platonic solids, periodic images | [`FiniteAction`] | `usize` |

mod cyclic;
mod dihedral;
mod finite_action;
pub(crate) mod haar;
mod permutations;
mod planar_symmetry;
mod point_group;
mod polyhedra;
mod rotation;
mod rotation_forms;
mod roto_translation;
mod sphere_point;
mod table;
mod traits;

pub use cyclic::CyclicGroup;
pub use dihedral::{DihedralElement, DihedralGroup};
pub use finite_action::{FiniteAction, MAX_ACTION_ENTRIES};
pub use haar::{Exactness, Haar, HaarQuadrature, MAX_HAAR_DEGREE};
pub use planar_symmetry::PlanarSymmetry;
pub use point_group::PointGroup;
pub use rotation::{EulerZyz, Rotation, RotationGroup};
pub use roto_translation::{PeriodicRotoTranslation, PlanarMotion, RotoTranslation};
pub use sphere_point::SpherePoint;
pub use table::{MAX_TABLE_ORDER, TableGroup};
pub use traits::{Action, FiniteGroup, Group};
