//! The kernels of infinitely wide networks: one recursion over several geometries.
//!
//! [`Kernel`] holds one evaluator of its network. A folder for each geometry says how signals are kept, which fibres make up a
//! kernel and what a filter does to them; `recursion` carries both kernels through the layers, `refine` the mean over the
//! group to the accuracy that is asked for. A new geometry is one folder and one line of `evaluate`.

mod augmented;
mod definition;
mod evaluate;
mod evaluator;
mod fibre_rules;
mod finite;
mod matrix;
mod plane;
mod recursion;
mod refine;
mod sets;
mod signals;
mod sphere;
mod sphere_global;
mod sphere_local;
mod transformation;
mod values;
mod vector;

pub use augmented::AugmentedKernel;
pub use definition::Definition;
pub use evaluate::{Kernel, PreparedSignals};
pub use sets::{Pairing, SetKernel, SignalSet};
#[cfg(feature = "finite-width")]
pub(crate) use signals::Harmonics;
pub use signals::{OwnedSignals, Signals};
pub use sphere_local::Limits;
pub use transformation::Transformation;
pub use values::{KernelError, KernelMatrices, KernelPair, Precision};
