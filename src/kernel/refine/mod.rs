//! The refinement of the mean over the group until it has the requested accuracy.

mod engine;
mod gradient;
mod index_set;
mod pairs;
mod points;
mod products;
mod refinement;
mod sample;

pub(crate) use engine::{Engine, Prepared};
pub(crate) use refinement::{Exact, LevelIndex, Refinement};
pub(crate) use sample::sample;
