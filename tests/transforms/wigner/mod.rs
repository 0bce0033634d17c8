//! Wigner functions.

mod by_degree;
mod matrices;
