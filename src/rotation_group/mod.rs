//! Functions on the rotation group SO(3): grids, the Wigner transform, correlations.

mod real_correlation;

pub use real_correlation::{CorrelatorWorkspace, RealCorrelator, RealHarmonics};
