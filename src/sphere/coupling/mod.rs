//! Spectra of masked maps: the matrices by which a mask couples the degrees, bins of degrees, and unbiased bandpowers.
//!
//! A map that is multiplied with a mask has a spectrum $`\tilde C_\ell`$ whose mean is a linear image of the spectrum of the whole sky.
//! [`ModeCoupling`] computes the matrix from the spectrum of the mask, [`Binning`] averages over degrees
#![cfg_attr(
    feature = "dense",
    doc = "and [`Decoupling`] and [`PolarisationDecoupling`] solve for the spectrum of the sky (MASTER)."
)]
#![cfg_attr(
    not(feature = "dense"),
    doc = "and the feature `dense` adds what solves for the spectrum of the sky (MASTER)."
)]

mod binning;
#[cfg(feature = "dense")]
mod decoupling;
mod matrices;
mod products;

pub use binning::Binning;
#[cfg(feature = "dense")]
pub use decoupling::{Decoupling, PolarisationDecoupling};
pub use matrices::ModeCoupling;
