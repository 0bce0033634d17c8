//! Networks of finite width: what they compute, their means, their training.

#[path = "../common/mod.rs"]
mod common;
mod corrections;
mod first_order;
mod molecules;
mod monte_carlo;
mod networks;
mod random_features;
mod training;
