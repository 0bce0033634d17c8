//! Functions on the sphere.

mod accuracy;
mod any_grid;
mod coupling;
#[cfg(feature = "dense")]
mod decoupling;
mod functions;
mod grids;
mod healpix;
mod layouts;
mod orders;
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
mod spin_rings;
mod transform;
