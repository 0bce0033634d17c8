//! Kernels with local filters on the sphere.

/// The stored values are accurate to 1e-9; ours are asked for with this tolerance.
pub const GOLDEN: f64 = 1e-8;

pub const ROUNDING: f64 = super::kernel::ROUNDING;

/// A cap that leaves out a part 1e-10 of the sphere differs from it by about as much: far below this tolerance.
pub const WIDE: f64 = 1e-5;

/// Deviation of the ratio 4 of two corrections of second order, the next one being a thousandth of them.
pub const LEADING: f64 = 0.05;

/// What filters of 0.02 rad change in a network of points: second order in the angle, 4e-4, with factors of some ten.
pub const NARROW: f64 = 0.01;

/// What features at rotations and at points are asked for where they are compared with closed forms.
pub const ASKED_OUTPUTS: f64 = 1e-9;

/// What networks are asked for in comparisons with nested quadrature.
pub const COARSE: f64 = 1e-4;
pub const BRUTE_SMOOTH: f64 = 1e-7;
pub const BRUTE_KINKED: f64 = 1e-5;

/// By how much nested quadrature may move when its nodes are doubled, so that comparisons with it bite.
pub const OWN_SMOOTH: f64 = 1e-5;
pub const OWN_KINKED: f64 = 1e-5;
/// The same where it averages over rotations at which a signal meets itself.
pub const OWN_PEAKED: f64 = 1e-2;

/// Tolerances of which the claimed errors are looked at, and the one that stands for the truth.
pub const ASKED: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];
pub const TRUTH: f64 = 1e-8;
pub const TRUTH_KINKED: f64 = 1e-7;
/// Features at rotations, of which 40 make up the truth.
pub const TURNS: f64 = 1e-9;
