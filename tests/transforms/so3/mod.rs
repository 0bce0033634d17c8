//! Functions on SO(3).

mod accuracy;
mod convolution;
mod correlation;
mod matching;
mod orders;
mod real_correlation;
mod transform;
