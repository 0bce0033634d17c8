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

mod haar;
mod point_group;
mod rotation;
mod sphere_point;
mod traits;

pub use haar::{Exactness, HaarQuadrature, MAX_HAAR_DEGREE};
pub use point_group::{CyclicGroup, DihedralElement, DihedralGroup};
pub use rotation::{EulerZyz, Rotation, RotationGroup};
pub use sphere_point::SpherePoint;
pub use traits::{Action, FiniteGroup, Group};
