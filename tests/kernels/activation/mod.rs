//! Activations and their expectations.

mod contract;
mod golden;
mod limits;
mod prepared;
mod quadrature;
mod table;
