//! Functions on the sphere.

mod accuracy;
mod any_grid;
mod functions;
mod grids;
mod layouts;
mod orders;
mod paths;
mod plans;
mod random_field;
mod rotation;
mod spectra;
mod spin;
mod spin_accuracy;
mod spin_rings;
mod transform;
