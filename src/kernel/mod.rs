//! The kernels of infinitely wide networks: one recursion over several geometries.

mod augmented;
mod engine;
mod evaluate;
mod finite;
mod geometry;
mod gram;
mod place;
mod plane;
mod plane_fields;
mod precision;
mod recursion;
mod sets;
mod signals;
mod sphere;
mod vector;

pub use augmented::{AugmentedKernel, OwnedSignals, Transformation};
pub use evaluate::{Kernel, Progress};
pub use finite::{FiniteGeometry, FiniteRegion, FiniteSignal, FiniteWorkspace};
pub use geometry::{Exact, Geometry, Refinement, Side};
pub use gram::{Gram, KernelError};
pub use plane::{PlaneGeometry, PlaneRegion, PlaneSignal, PlaneWorkspace};
pub use precision::Precision;
pub use recursion::KernelPair;
pub use sets::{Pairing, SetKernel, SignalSet};
pub use signals::{PreparedSignals, Signals};
pub use sphere::{SphereGeometry, SphereRefinement};
pub use vector::VectorGeometry;
