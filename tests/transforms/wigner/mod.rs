//! Wigner functions and symbols.

mod by_degree;
#[cfg(feature = "exact")]
mod exact;
mod matrices;
mod rotations;
mod symbols;
