//! Reading files: well-known formats, text, and errors that name the path.
// Without the feature `data` the crate reads network files only.
#![cfg_attr(not(feature = "data"), allow(dead_code))]

pub(crate) mod formats;
pub(crate) mod reading;
pub(crate) mod text;
