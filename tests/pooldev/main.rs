//! Development only.
#[path = "../common/mod.rs"]
mod common;
#[path = "../kernels/kernel/plane/mod.rs"]
mod plane;
