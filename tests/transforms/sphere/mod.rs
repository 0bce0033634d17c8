//! Functions on the sphere.

mod accuracy;
mod functions;
mod grids;
mod layouts;
mod paths;
mod plans;
mod points;
mod points_fit;
mod random_field;
mod rotation;
mod spectra;
mod spin;
mod spin_accuracy;
mod transform;
