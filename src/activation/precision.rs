//! What the activations need to know of each of the two precisions.

/// How far, relative to $`\sqrt{q_1 q_2}`$, a covariance may exceed the Cauchy–Schwarz bound
/// before it is refused: 1024 ε. A covariance and its variances come from different sums (a
/// correlation on a grid, a sum of squares), whose rounding differs by some tens of ε; a true
/// mistake exceeds the bound by far more. Inside the guard the covariance is clamped. In `f32` the guard
/// is as many `f32::EPSILON`.
pub const COVARIANCE_GUARD: f64 = 1024.0 * f64::EPSILON;

/// The largest variance that [`Activation::apply`](super::Activation::apply) accepts, a quarter of the largest `f64`, so that four times a variance is finite, too; in
/// `f32` every finite one is.
pub const LARGEST_VARIANCE: f64 = f64::MAX / 4.0;

/// Numerator and denominator of a rational function at $`u = \tfrac12 - z`$, 0 ≤ u ≤ ½. All coefficients are positive.
pub(super) type Rational<T> = (&'static [T], &'static [T]);

/// The part of [`Real`] that belongs to the activations.
pub trait Precision: Sized + 'static {
    /// The largest variance that is accepted.
    const LARGEST_VARIANCE: Self;
    /// How far a covariance may go, relative to its bound.
    const GUARDED: Self;
    /// What of $`1 - c^2`$, with a correlation c, is rounding where covariances and variances are sums of some terms; none in
    /// `f32`, whose kernels come with errors from samples.
    const NOISE: f64;
    /// Between these two, products of two variances and the rounding errors of the products are normal numbers.
    const COMFORTABLE: (Self, Self);
    /// Below the square root of every product of comfortable variances.
    const TINY: Self;
    /// $`\arcsin\sqrt z/\sqrt z`$, by Remez exchange with 60 digits: relative error 5.6e-17 (`f32`: 9e-9).
    const ARCSINE: Rational<Self>;
    /// $`(1 - \sqrt{1-z}\,\arcsin\sqrt z/\sqrt z)/z`$, likewise: 4.3e-18 (`f32`: 1.5e-8).
    const DEFECT: Rational<Self>;
    /// Weights w and variances s² with $`\sum w\, \Phi(x/s)`$ close to the logistic function $`1/(1+e^{-x})`$ for all x: least squares of the
    /// errors of function and derivative, with 50 digits. Error of the function 1.2e-11, of its derivative 3.1e-11 (`f32`: 5.3e-8 and 1.0e-7);
    /// see `docs/design/logistic-activations.md`.
    const LOGISTIC: &'static [(Self, Self)];
}

impl Precision for f64 {
    const LARGEST_VARIANCE: f64 = LARGEST_VARIANCE;
    const GUARDED: f64 = 1.0 + COVARIANCE_GUARD;
    const NOISE: f64 = 16.0 * f64::EPSILON;
    const COMFORTABLE: (f64, f64) = (
        f64::from_bits((1023 - 200) << 52),
        f64::from_bits((1023 + 200) << 52),
    );
    const TINY: f64 = f64::from_bits((1023 - 210) << 52);
    const ARCSINE: Rational<f64> = (
        &[
            1.1107207345395915,
            5.014142185407075,
            7.961705541285403,
            5.297121139192641,
            1.36030046518008,
            0.09146255764409414,
        ],
        &[
            1.0,
            4.787553565788757,
            8.249441904710066,
            6.196216194412724,
            1.9425015777366792,
            0.19613017901569685,
            0.002280888795188505,
        ],
    );
    const DEFECT: Rational<f64> = (
        &[
            0.4292036732051034,
            2.0935811931671338,
            3.690594962594458,
            2.849473268685734,
            0.9214379121202502,
            0.09474205186849734,
            0.0007615435569241598,
        ],
        &[
            1.0,
            5.537619197426891,
            11.571966723679825,
            11.358417507394472,
            5.297591962220631,
            1.0411075855587157,
            0.05960336404754386,
        ],
    );
    const LOGISTIC: &'static [(f64, f64)] = &[
        (0.0001004427491800544, 0.3802261154229556),
        (0.003301303759704434, 0.5646534880433862),
        (0.026124119907687992, 0.8147903458001401),
        (0.09065680495724135, 1.1675012413372146),
        (0.17973790339497037, 1.6734987304756237),
        (0.23552263270542348, 2.4066713863491347),
        (0.22065986015119107, 3.4744209315713768),
        (0.15057914692972, 5.03039732904559),
        (0.07082969677088183, 7.296128673307493),
        (0.0198751279327923, 10.613503230633933),
        (0.0025329469750328443, 15.582111090254998),
        (8.001376617429424e-05, 23.587716869242175),
    ];
}

impl Precision for f32 {
    const LARGEST_VARIANCE: f32 = f32::MAX;
    const GUARDED: f32 = 1.0 + 1024.0 * f32::EPSILON;
    const NOISE: f64 = 0.0;
    const COMFORTABLE: (f32, f32) = (
        f32::from_bits((127 - 50) << 23),
        f32::from_bits((127 + 25) << 23),
    );
    const TINY: f32 = f32::from_bits((127 - 60) << 23);
    const ARCSINE: Rational<f32> = (
        &[1.1107208, 1.9638902, 0.6032844],
        &[1.0, 2.0413604, 0.87422, 0.034014564],
    );
    const DEFECT: Rational<f32> = (
        &[0.42920366, 0.73693746, 0.21116589],
        &[1.0, 2.3767774, 1.3798494, 0.14432503],
    );
    const LOGISTIC: &'static [(f32, f32)] = &[
        (0.007021684, 0.59292305),
        (0.086473435, 1.0127587),
        (0.26186293, 1.6974213),
        (0.34103113, 2.8610482),
        (0.2277871, 4.8681808),
        (0.0700781, 8.344347),
        (0.0057455963, 14.662408),
    ];
}
