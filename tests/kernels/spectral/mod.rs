//! Spectra, numbers of invariants, learning curves, phases, beside values of 25 digits and beside regression itself.

mod empirical;
mod invariants;
mod learning_curve;
mod mercer;
mod phase;
mod rotations;
mod simulation;
