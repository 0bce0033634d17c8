//! (under construction)

pub mod gauss_hermite;
pub mod vector_math;
