//! Kernels of every geometry.

mod augmented;
mod collinear;
mod feature_map;
mod gradient;
mod gradient_finite;
mod gradient_graphs;
mod gradient_plane;
mod gradient_sets;
mod gradient_sphere;
mod graph;
mod molecule;
mod plane;
mod scales;
mod sets;
mod sphere_global;
mod sphere_local;
