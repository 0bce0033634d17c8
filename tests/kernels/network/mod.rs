//! Networks and their files.

mod definition;
mod file;
mod file_errors;
mod outputs;
mod zonal_profile;
