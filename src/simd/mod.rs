//! Work on whole vector registers: lanes, Fourier transforms in lanes, aligned buffers.

pub(crate) mod aligned;
#[cfg(feature = "kernels")]
pub(crate) mod elementary;
pub(crate) mod fft;
mod fft_steps;
#[cfg(feature = "kernels")]
pub(crate) mod pack;
#[cfg(feature = "kernels")]
pub(crate) mod products;
#[cfg(test)]
pub(crate) mod widths;
