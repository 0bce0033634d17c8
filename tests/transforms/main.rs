//! Transforms on the sphere and on the rotation group, and what they stand on: no feature is needed.

#[path = "../common/mod.rs"]
mod common;
mod comparisons;
mod group;
mod numeric;
mod oracles;
mod so3;
mod sphere;
mod wigner;
