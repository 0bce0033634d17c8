//! Networks and their files.

mod definition;
mod file;
mod file_errors;
mod formula;
mod outputs;
mod zonal_profile;
