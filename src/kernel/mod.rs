//! The kernels of infinitely wide networks: one recursion over several geometries.

mod augmented;
mod axial;
mod close_pair;
mod engine;
mod evaluate;
mod fibre_rules;
mod field_refinement;
mod finite;
mod geometry;
mod gram;
mod index_set;
mod place;
mod plane;
mod plane_fields;
mod precision;
mod recursion;
mod ring_tables;
mod samples;
mod sets;
mod signals;
mod sphere;
mod sphere_fields;
mod sphere_loops;
mod sphere_readout;
mod sphere_refinement;
mod sphere_signal;
mod tiles;
mod vector;

pub use augmented::{AugmentedKernel, OwnedSignals, Transformation};
pub use evaluate::{Kernel, Progress};
pub use field_refinement::{FieldRefinement, Limits};
pub use finite::{FiniteGeometry, FiniteRegion, FiniteSignal, FiniteWorkspace};
pub use geometry::{Exact, Geometry, LevelIndex, Refinement, Side};
pub use gram::{Gram, KernelError};
pub use plane::{PlaneGeometry, PlaneRegion, PlaneSignal, PlaneWorkspace};
pub use precision::Precision;
pub use recursion::KernelPair;
pub use sets::{Pairing, SetKernel, SignalSet};
pub use signals::{PreparedSignals, Signals};
#[cfg(feature = "finite-width")]
pub(crate) use signals::{check_signals, harmonics};
pub use sphere::{GlobalRegion, GlobalSignal, SphereGeometry, SphereGeometryWorkspace};
pub use sphere_fields::{Resolution, SphereFields, SphereRegion, SphereWorkspace};
pub use sphere_refinement::SphereRefinement;
pub use sphere_signal::SphereSignal;
pub use vector::VectorGeometry;
