//! Files: arrays in NumPy's formats, tables, and writing that leaves nothing half done.

pub mod arrays;
pub mod atomic;
//! Loading of data: molecules of QM9, and their features on the sphere.

pub mod composition;
pub mod molecule;
pub mod qm9;
mod qm9_csv;
mod qm9_recognise;
pub mod qm9_sample;
mod qm9_text;
mod qm9_xyz;
