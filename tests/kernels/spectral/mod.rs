//! Spectra, numbers of invariants, learning curves, beside values of 25 digits and beside regression itself.

mod empirical;
mod invariants;
mod learning_curve;
mod mercer;
mod rotations;
mod simulation;
