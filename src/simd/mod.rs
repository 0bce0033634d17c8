//! Work on whole vector registers: lanes, Fourier transforms in lanes, aligned buffers.

pub(crate) mod aligned;
pub(crate) mod elementary;
pub(crate) mod fft;
mod fft_steps;
pub(crate) mod pack;
#[cfg(test)]
pub(crate) mod widths;
