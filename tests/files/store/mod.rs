//! Kernel matrices in folders.

mod cancellation;
mod gram_store;
