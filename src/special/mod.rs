//! (under construction)

pub mod vector_math;
