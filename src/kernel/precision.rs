//! How precisely a pair is computed.

/// The precision of the arithmetic within a pair. Inputs and results are `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// `f64`.
    #[default]
    Double,
    /// `f32` for the fibres: on the plane in a half to two thirds of the time. Kernel matrices come with an error
    /// estimate from a sample of pairs in double precision.
    Single,
}
