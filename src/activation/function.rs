//! The activation functions by name.

/// A nonlinearity that acts on each number by itself.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// $`\max(x, 0)`$
    Relu,
    /// $`\operatorname{erf} x`$
    Erf,
}
