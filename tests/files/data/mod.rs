//! Readers of arrays, images and molecules.

mod arrays;
mod cifar;
#[cfg(feature = "fits")]
mod fits;
mod image_files;
#[cfg(feature = "images")]
mod image_folder;
mod image_npz;
mod image_set;
mod molecules;
mod qm9;
mod spherical_features;
mod structures;
