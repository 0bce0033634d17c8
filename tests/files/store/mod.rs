//! Kernel matrices in folders.

mod cancellation;
mod kernel_store;
