//! The kernels of infinitely wide networks: one recursion over several geometries.
//!
//! [`Kernel`] holds one evaluator of its network. Each geometry has a folder, which decides how signals are stored, which fibres make
//! up a kernel, and what a filter does to a fibre. `recursion` carries both kernels through the layers. `refine` refines the mean over
//! the group until it has the requested accuracy. A new geometry is one folder and one line of `evaluate`.

mod augmented;
mod definition;
mod evaluate;
mod evaluator;
mod feature_map;
mod fibre_rules;
mod finite;
mod gradient;
mod graph;
mod matrix;
pub(crate) mod molecule;
mod plane;
mod power_spectrum;
mod recursion;
mod refine;
mod set_gradient;
mod set_products;
mod sets;
mod signals;
mod single;
mod sphere;
mod sphere_global;
mod sphere_local;
mod sphere_moments;
mod transformation;
mod values;
mod vector;

pub use augmented::AugmentedKernel;
pub use definition::Definition;
pub use evaluate::{Kernel, PreparedSignals};
pub use feature_map::FeatureMap;
pub use gradient::Cotangents;
pub use sets::{Pairing, SetKernel, SignalSet};
pub(crate) use signals::Harmonics;
pub use signals::{OwnedSignals, Signals};
pub use sphere_local::Limits;
pub use transformation::Transformation;
pub use values::{KernelError, KernelMatrices, KernelPair, Precision};
