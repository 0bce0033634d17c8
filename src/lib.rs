//! Harmonic analysis on the sphere S² and the rotation group SO(3), and the kernels of infinitely wide
//! group-convolutional networks built on it.
//!
//! ```
//! use haarmonic::activation::Activation;
//! use haarmonic::kernel::Kernel;
//! use haarmonic::network::{Network, Init};
//!
//! let mlp = Network::vector(1).dense(Init::default()).activation(Activation::Erf).build()?;
//! let gram = Kernel::new(&mlp)?.gram(ndarray::array![[0.5_f64.sqrt()]].view())?;
//! // E[erf(u)²] for u of variance 1/2 is (2/π) asin(1/2).
//! assert!((gram.nngp[[0, 0]] - 1.0 / 3.0).abs() < 1e-15);
//! # Ok::<(), haarmonic::Error>(())
//! ```
//!
//! # Map
//! | module | what it holds |
//! |---|---|
//! | [`conventions`] | the normative page: phases, orders, angles, measures |
//! | [`atoms`] | molecules: elements and positions |
//! | [`numeric`] | quadrature nodes, Legendre functions |
//! | [`wigner`] | Wigner functions of all degrees and orders; 3j and 6j symbols, Clebsch–Gordan coefficients |
//! | [`group`] | groups, actions, Haar quadrature |
//! | [`sphere`] | sampling, the spherical-harmonic transform, coefficients, zonal functions, random fields |
//! | [`so3`] | the Wigner transform, correlations, random fields on SO(3) |
//! | [`activation`] | Gaussian expectations of activation functions |
//! | [`network`] | networks: builder, file, validation, their kernels in symbols |
//! | [`kernel`] | the recursion, its geometries, kernel matrices |
//! | [`corrections`] | bias and spread of the kernels of networks of finite width, to first order in 1/n |
//! | [`covariance`] | heat and Matérn kernels on S² and SO(3) |
//! | [`distill`] | distilled data sets: a few inputs from which a kernel predicts many |
//! | [`finite_width`] | networks of finite width, their empirical kernels |
//! | [`predict`] | regression with kernels: gradient flow, Gaussian processes, solvers, selection of ridge and hyperparameters, acquisition |
//! | [`spectral`] | eigenvalues of kernels, numbers of invariant functions, predicted learning curves |
//! | [`plot`] | pictures: learning curves, dynamics, convergence, kernels, calibration, signals on the sphere |
//! | [`store`] | kernel matrices in folders, tile by tile |
//! | [`data`] | array files, QM9, molecular features, labelled images |
//! | [`progress`] | progress and cancellation of the computation of a kernel matrix |
//! | [`memory`] | free memory, and checks that an array fits into it |
//!
//! Guides: [`guide`] (the folder `docs` of the repository).
//!
//! # Features
//! Features are additive. Without any feature, the crate holds the transforms: [`sphere`], [`so3`], [`group`],
//! [`numeric`], [`wigner`].
//!
//! | feature | what it adds | it includes |
//! |---|---|---|
//! | `kernels` (default) | [`activation`], [`network`], [`kernel`], [`corrections`], [`covariance`], [`predict`], [`distill`], [`spectral`] | `dense` |
//! | `dense` | dense linear algebra by the crate faer: spectra of masked maps, Slepian functions | |
//! | `exact` | [`wigner::exact`]: Wigner symbols and Clebsch–Gordan coefficients as roots of rational numbers | |
//! | `data` | [`data`]: NumPy's `.npy` and `.npz`, QM9, molecular features, labelled images from npz, IDX and archives | |
//! | `fits` | `data::fits`: HEALPix maps, coefficients and spectra in FITS files | `data` |
//! | `images` | folders of PNG, JPEG and TIFF images | `data` |
//! | `store` | [`store`]: kernel matrices in folders, tile by tile | `kernels`, `data` |
//! | `plot` | [`plot`]: pictures as PNG and SVG; `haarmonic plot` on the command line | `kernels`, `data` |
//! | `finite-width` | [`finite_width`]: networks with finitely many channels, on tensors of candle | `kernels`, `data` |
//! | `cli` | the program `haarmonic` | `store` |
//! | `mpi` | kernel matrices and conjugate gradients by several processes (`mpirun`); needs an installed MPI and libclang | `cli` |
//! | `serde` | `Serialize` and `Deserialize` for values: rotations, points, networks (as the text of their file), kernel matrices, predictions, initialisations; `Serialize` for errors | |
//! | `approx` | `AbsDiffEq` and `RelativeEq` for rotations and points of the sphere | |
//! | `full` | all but `mpi` | |
//!
//! # Threads
//! Threads come from the current `rayon` pool: the global pool, or the pool in whose `ThreadPool::install` the call is made.
//!
//! | computation | threads |
//! |---|---|
//! | kernel matrices of infinite and of finite networks, tiles of a store, ensembles of trained networks | all |
//! | tables, matrices and features of covariances | all |
//! | products of solvers with kernel rows; factorisations in [`predict`], by the crate faer | all; for faer unless `faer::set_global_parallelism` says otherwise |
//! | transforms on the sphere, rotations of coefficients | one with the scratch of `make_scratch`, all with the scratch of `make_parallel_scratch` |
//! | the Wigner transform, correlation and matching on SO(3), single kernel values | the calling thread |
//!
//! Plans and kernels are immutable and may be shared between threads.

// In the library alone: programs and tests have no public items.
#![deny(unreachable_pub)]

#[cfg(feature = "kernels")]
pub mod activation;
#[cfg(any(feature = "kernels", feature = "data"))]
pub mod atoms;
// Checks and errors of every part stand here, also of parts that are left out.
#[cfg_attr(not(feature = "store"), allow(dead_code))]
mod check;
pub mod conventions;
#[cfg(feature = "kernels")]
pub mod corrections;
#[cfg(feature = "kernels")]
pub mod covariance;
#[cfg(feature = "data")]
pub mod data;
#[cfg(feature = "kernels")]
pub mod distill;
pub mod error;
#[cfg(feature = "kernels")]
mod expression;
#[cfg(any(feature = "kernels", feature = "data"))]
mod files;
#[cfg(feature = "finite-width")]
pub mod finite_width;
#[cfg(any(feature = "kernels", feature = "data"))]
pub mod graph;
pub mod group;
#[cfg(all(doc, feature = "full"))]
pub mod guide;
#[cfg(feature = "kernels")]
pub mod kernel;
pub mod memory;
#[cfg(feature = "kernels")]
pub mod network;
pub mod numeric;
#[cfg(feature = "kernels")]
mod parallel;
#[cfg(feature = "plot")]
pub mod plot;
#[cfg(feature = "kernels")]
pub mod predict;
#[cfg(feature = "kernels")]
pub mod progress;
#[cfg(feature = "serde")]
mod serialised;
mod simd;
pub mod so3;
#[cfg(feature = "kernels")]
pub mod spectral;
pub mod sphere;
#[cfg(feature = "store")]
pub mod store;
#[cfg(test)]
#[cfg_attr(not(feature = "kernels"), allow(dead_code))]
mod tol;
pub mod wigner;

pub use error::{Error, Result};
/// The crates whose types stand in signatures.
pub use {ndarray, num_complex, rand};

/// The examples of the README are compiled and run as tests.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../README.md")]
mod readme {}
