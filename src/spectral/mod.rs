//! What a kernel can learn: eigenvalues of kernels, numbers of invariant functions, predicted learning curves, phases of deep networks.
//!
//! All spectra are for a law of mass 1: the eigenvalues of a Gram matrix divided by n tend to them for n random inputs.
//!
//! * [`Spectrum`]: a dot-product kernel on the sphere in d dimensions, degree by degree, with the size of what is left out;
//!   [`network_spectra`] for the kernels of a network
//! * [`RotationSpectrum`]: class functions and left-invariant kernels on SO(3)
//! * [`EmpiricalSpectrum`]: a kernel matrix, with alignment to targets and other diagnostics
//! * [`invariant_counts`], [`permutation_invariant_counts`], [`matrix_invariant_counts`]: how many functions of each degree a mean over SO(3)
//!   or over a finite group leaves
//! * [`phases`], [`critical_points`]: order and chaos in deep networks; [`RepeatedBlock`]: the kernels of networks of any depth
//! * [`LearningCurve`]: the error that a kernel of known eigenvalues makes with n random training points, and learning in time;
//!   [`SimulatedCurve`] for the errors that regression does make

mod empirical;
mod invariants;
mod learning_curve;
mod mercer;
mod phase;
mod refined;
mod rotations;
mod simulation;

pub use empirical::EmpiricalSpectrum;
pub use invariants::{invariant_counts, matrix_invariant_counts, permutation_invariant_counts};
pub use learning_curve::{LearningCurve, PredictedRisk};
pub use mercer::{NetworkSpectra, Spectrum, network_spectra};
pub use phase::{
    AtDepth, CriticalPoint, DeepInputs, FixedPoint, FixedPointError, Phase, PhaseDiagram, Phases,
    RepeatedBlock, critical_init, critical_points, phase_diagram, phases,
};
pub use rotations::RotationSpectrum;
pub use simulation::{MeasuredRisk, SimulatedCurve};
