//! Kernel matrices on disk, stored tile by tile, and states of solvers. Finished tiles and steps remain when the program ends.

mod fingerprint;
mod kernel_store;
mod manifest;
mod opening;
mod options;
mod share;
mod solver_checkpoint;
mod stored_rows;
mod tile;

pub use kernel_store::{KernelStore, Report};
pub use options::StoreOptions;
pub use share::Share;
pub use solver_checkpoint::SolverCheckpoint;
pub use stored_rows::StoredRows;
