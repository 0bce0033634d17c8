//! Transforms between samples on rings and coefficients: the Legendre stage works order by order, the Fourier stage ring by ring.

mod batch;
mod batch_products;
mod cells;
mod chains;
mod extension;
mod fourier_stage;
mod gradient;
mod iteration;
mod least_squares;
mod legendre_stage;
mod legendre_tables;
mod legendre_values;
mod method;
mod packed;
mod plan;
mod plan_methods;
mod planes;
mod planner;
mod ring_gradient;
mod ring_pairs;
mod ring_plan;
mod ring_transform;
mod sample;
mod scratch;
mod shared_chains;
mod shared_stage;
#[cfg(test)]
mod shared_tests;
mod spin;
mod spin_ring_plan;
mod spin_tables;
mod verbs;

pub use gradient::Gradient;
pub use iteration::{RingAnalysis, iterated_analysis, iterated_analysis_into};
pub use least_squares::{AnalysisReport, least_squares_analysis};
pub use plan::ShtPlan;
pub use planner::ShtPlanner;
pub use ring_gradient::RingGradient;
pub use ring_plan::RingPlan;
pub use sample::Sample;
pub use scratch::ShtScratch;
pub use spin::{MAX_SPIN, SpinPlan};
pub use spin_ring_plan::SpinRingPlan;
