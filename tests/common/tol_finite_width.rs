//! Tolerances of the tests of finite networks, each with its reason.

#![allow(dead_code)]

/// Entries of a mean over initialisations may be off by this many standard errors.
pub const STANDARD_ERRORS: f64 = 4.0;

/// Standard errors relative to the entry: small enough that a wrong factor shows.
pub const RELATIVE_ERROR: f64 = 0.02;
