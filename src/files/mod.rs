//! Files: well-known formats, text, reading with errors that carry the path.
// Without the feature `data` only network files are read.
#![cfg_attr(not(feature = "data"), allow(dead_code))]

pub(crate) mod formats;
pub(crate) mod reading;
pub(crate) mod text;
