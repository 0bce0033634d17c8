//! Groups of which networks are built.

mod errors;
