//! Harmonic analysis on the sphere S² and the rotation group SO(3), and the kernels of infinitely wide
//! group-convolutional networks built on it.
//!
//! ```
//! use haarmonic::activation::Activation;
//! use haarmonic::kernel::Kernel;
//! use haarmonic::network::{Network, Scale};
//!
//! let mlp = Network::vector(1).dense(Scale::default()).activation(Activation::Erf).build()?;
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
//! | [`numeric`] | quadrature nodes, Legendre functions |
//! | [`wigner`] | Wigner functions of all degrees and orders |
//! | [`group`] | groups, actions, Haar quadrature |
//! | [`sphere`] | sampling, the spherical-harmonic transform, coefficients, zonal functions |
//! | [`rotation_group`] | the Wigner transform, correlations on SO(3) |
//! | [`activation`] | Gaussian expectations of activation functions |
//! | [`network`] | networks: builder, file, validation |
//! | [`kernel`] | the recursion, its geometries, kernel matrices |
//! | `finite_width` | networks of finite width, their empirical kernels (feature `finite-width`) |
//! | [`predict`] | regression with kernels: gradient flow, Gaussian processes, solvers, the choice of ridge and scales |
//! | `plot` | pictures: learning curves, dynamics, convergence, kernels, calibration, signals on the sphere (feature `plot`) |
//! | [`store`] | kernel matrices in folders, tile by tile |
//! | [`data`] | array files, QM9, molecular features, labelled images |
//! | [`progress`] | how far a kernel matrix has come, and how to stop it |
//! | [`memory`] | how much memory is free, and whether an array fits |
//!
//! # Features
//! * `cli` (default) builds the program `haarmonic`; the library does not need it.
//! * `finite-width` adds `finite_width`: the same networks with finitely many channels, on tensors of candle.
//! * `images` (default) reads folders of PNG, JPEG and TIFF images; the other forms of images need no feature.
//! * `mpi`: the program computes kernel matrices with several processes (`mpirun`); needs an installed MPI.
//! * `plot` draws pictures as PNG and SVG, in the library (`plot`) and on the command line (`haarmonic plot`).
//!
//! # Threads
//! Kernel matrices, and those of finite networks, are computed on all threads of the current `rayon` pool: the global one, unless the call is
//! made within another one (`ThreadPool::install`). Everything else runs where it is called.
//! Plans and kernels are immutable and may be shared.

pub mod activation;
mod check;
pub mod conventions;
pub mod data;
pub mod error;
#[cfg(feature = "finite-width")]
pub mod finite_width;
pub mod group;
pub mod kernel;
pub mod memory;
pub mod network;
pub mod numeric;
#[cfg(feature = "plot")]
pub mod plot;
pub mod predict;
pub mod progress;
pub mod rotation_group;
mod simd;

pub mod sphere;
pub mod store;
#[cfg(test)]
mod tol;
pub mod wigner;

pub use error::{Error, Result};
pub use {ndarray, num_complex};

/// The examples of the README, the guides and the theory pages are compiled and run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/kernels.md")]
    mod kernels {}
    #[doc = include_str!("../docs/images.md")]
    mod images {}
    #[doc = include_str!("../docs/transforms.md")]
    mod transforms {}
    #[cfg(feature = "plot")]
    #[doc = include_str!("../docs/plots.md")]
    mod plots {}
    #[cfg(feature = "finite-width")]
    #[doc = include_str!("../docs/finite-width.md")]
    mod finite_width {}
    #[cfg(feature = "finite-width")]
    #[doc = include_str!("../docs/training.md")]
    mod training {}
}
