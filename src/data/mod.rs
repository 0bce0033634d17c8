//! Files: arrays in NumPy's formats and tables, written whole or not at all; molecules of QM9 and
//! their features on the sphere.

pub mod arrays;
pub mod atomic;
pub mod composition;
pub mod molecule;
pub mod qm9;
mod qm9_csv;
mod qm9_recognise;
pub mod qm9_sample;
mod qm9_text;
mod qm9_xyz;
pub mod radial;
pub mod spherical_features;
