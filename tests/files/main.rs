//! Files that are read and written: data, kernel matrices, pictures.

#[path = "../common/mod.rs"]
mod common;
mod data;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "store")]
mod store;
