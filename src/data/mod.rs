//! Reading and writing data: arrays in NumPy's formats, tables, molecules of QM9 with their features on the sphere,
//! structures from xyz and SDF files, graphs, and labelled images. With the feature `fits` also HEALPix maps, coefficients and spectra in FITS files. Files are written whole or not at
//! all.

pub mod array_elements;
pub(crate) mod array_writing;
pub mod arrays;
pub mod atomic;
pub mod cifar;
mod cifar_pickle;
pub mod composition;
#[cfg(feature = "fits")]
pub mod fits;
pub mod graphs;
mod gzip;
pub mod idx;
#[cfg(feature = "images")]
pub mod image_folder;
pub mod image_npz;
pub mod image_set;
pub mod image_source;
pub mod image_statistics;
mod image_turns;
#[cfg(feature = "images")]
mod image_whole;
#[cfg(feature = "images")]
mod jpeg_scan;
pub mod mnist_package;
pub mod molecule;
mod npy;
mod npy_header;
mod npy_writing;
mod numbers;
mod passed_over;
pub mod qm9;
mod qm9_csv;
mod qm9_reading;
mod qm9_recognise;
pub mod qm9_sample;
mod qm9_text;
mod qm9_xyz;
pub mod radial;
mod resize;
pub(crate) mod shuffle;
pub mod spherical_features;
pub mod structure;
mod structure_sdf;
mod structure_xyz;
mod tar_end;
