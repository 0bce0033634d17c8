//! The kernels of infinitely wide networks: one recursion over several geometries.

mod engine;
mod evaluate;
mod geometry;
mod gram;
mod recursion;
mod sets;
mod signals;
mod sphere;
mod vector;

pub use evaluate::{Kernel, Progress};
pub use geometry::{Geometry, Refinement};
pub use gram::{Gram, KernelError};
pub use recursion::KernelPair;
pub use sets::{Pairing, SetKernel, SignalSet};
pub use signals::{PreparedSignals, Signals};
pub use sphere::{SphereGeometry, SphereRefinement};
pub use vector::VectorGeometry;
