//! Order and chaos in deep networks: fixed points of variances and correlations, depth scales, the line between the phases, and
//! kernels of networks of thousands of layers.

mod block;
mod critical;
mod depth;
mod diagram;
mod fixed_point;
mod fixed_points;
mod inputs;
mod moments;
mod roots;

pub use block::RepeatedBlock;
pub use critical::{CriticalPoint, critical_init, critical_points};
pub use depth::AtDepth;
pub use diagram::{PhaseDiagram, phase_diagram};
pub use fixed_point::{FixedPoint, FixedPointError, Phase};
pub use fixed_points::{Phases, phases};
pub use inputs::DeepInputs;
