//! Kernel matrices on disk, stored tile by tile. Finished tiles remain when the program ends.

mod fingerprint;
mod kernel_store;
mod manifest;
mod opening;
mod options;
mod share;
mod stored_rows;
mod tile;

pub use kernel_store::{KernelStore, Report};
pub use options::StoreOptions;
pub use share::Share;
pub use stored_rows::StoredRows;
