//! Quadrature rules of one variable.

mod gauss_hermite;
