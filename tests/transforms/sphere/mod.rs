//! Functions on the sphere.

mod accuracy;
mod coupling;
#[cfg(feature = "dense")]
mod decoupling;
mod functions;
mod grids;
mod layouts;
mod paths;
mod plans;
mod points;
mod points_fit;
mod products;
mod random_field;
mod rotation;
#[cfg(feature = "dense")]
mod slepian;
mod spectra;
mod spin;
mod spin_accuracy;
mod transform;
