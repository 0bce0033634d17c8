//! Transforms between samples on rings and coefficients: the Legendre stage works order by order, the Fourier stage ring by ring.

mod batch;
mod batch_products;
pub(in crate::sphere) mod cells;
pub(in crate::sphere) mod chains;
pub(in crate::sphere) mod engine;
mod extension;
mod fourier_stage;
pub(in crate::sphere) mod gradient;
mod iteration;
mod least_squares;
mod legendre_stage;
pub(in crate::sphere) mod legendre_tables;
mod legendre_values;
pub(in crate::sphere) mod method;
mod packed;
mod plan;
pub(in crate::sphere) mod plan_methods;
mod planes;
mod planner;
mod ring_gradient;
pub(in crate::sphere) mod ring_pairs;
mod ring_plan;
pub(in crate::sphere) mod ring_transform;
pub(in crate::sphere) mod sample;
pub(in crate::sphere) mod scratch;
mod shared_chains;
mod shared_stage;
#[cfg(test)]
mod shared_tests;
pub(in crate::sphere) mod spin;
mod spin_ring_plan;
pub(in crate::sphere) mod spin_tables;
pub(in crate::sphere) mod verbs;
pub(in crate::sphere) mod workspace;

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
