//! The recursion of both kernels through the layers, and the interface of a geometry to it.

mod backward;
mod close_pair;
mod geometry;
mod layers;
mod orientations;
mod place;
mod polynomial;
mod runs;
mod steps;
mod sweep;
mod tape;
mod value;

pub(crate) use backward::{PullBuffers, SignalPull, TailPull};
pub(crate) use close_pair::ClosePair;
pub(crate) use geometry::{Adjoint, Geometry, Runs, Side};
pub(crate) use layers::{FibreBuffers, Recursion, SelfCovariance};
pub(crate) use polynomial::{AtomPolynomials, PolynomialKernels, Term};
