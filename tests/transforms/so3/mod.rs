//! Functions on SO(3).

mod accuracy;
mod convolution;
mod correlation;
mod matching;
mod orders;
mod point_clouds;
mod points;
mod random_field;
mod real_correlation;
mod transform;
