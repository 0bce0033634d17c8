//! Files: arrays in NumPy's formats, tables, and writing that leaves nothing half done.

pub mod arrays;
pub mod atomic;
