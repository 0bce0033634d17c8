//! The normative page of conventions.
