//! Groups, their actions, and rotations.

mod laws;
mod planar_symmetry;
mod rotation;
mod tables;
