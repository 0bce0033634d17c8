//! The sign −1, 0 or 1 (arc-cosine kernel of order 0): $`E = \tfrac2\pi \arcsin c`$ with the correlation c. The derivative counts as zero.

use crate::activation::closed_form::{ClosedForm, correlation, pi, u};
use crate::activation::formula::{Function, Kink, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points, arcsine};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use crate::simd::pack::Pack;
use pulp::Simd;
use std::f64::consts::FRAC_2_PI;

/// The sign −1, 0 or 1.
#[derive(Clone, Copy)]
pub(super) struct Sign;

impl Function for Sign {
    const NAME: &'static str = "sign";
    const GAIN: Option<f64> = Some(0.0);

    fn kink(self) -> Option<Kink> {
        Some(Kink::Jump { below: -1.0 })
    }

    fn value(self, x: f64) -> f64 {
        sign(x)
    }

    fn derivative(self, _: f64) -> f64 {
        0.0
    }

    fn closed_form(self) -> ClosedForm {
        ClosedForm {
            function: Some(Expression::call("sign", [u()])),
            lines: vec![correlation()],
            value: 2.0 * Expression::call("asin", ["c".into()]) / pi(),
            derivative: 0.0.into(),
        }
    }

    /// Not called: the kernels of a jump have no bounded derivatives.
    fn slopes(self, _: At) -> Slopes {
        Slopes::default()
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for Sign {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let d = Determinant::clamped(points);
        let angle = arcsine_size(&d, d.value.sqrt());
        Moments {
            value: angle ^ d.k.sign_bit(),
            derivative: angle.constant(0.0),
            valid: d.valid,
        }
    }
}

/// $`\tfrac2\pi \arcsin |c|`$, one pair of variables per lane.
///
/// The arc sine takes the smaller of $`|c|`$ and $`\sqrt{1-c^2}`$, for which it is well conditioned; a mask selects 1 minus the result for
/// the latter.
#[inline(always)]
pub(super) fn arcsine_size<S: Simd, T: Real>(
    d: &Determinant<S, T>,
    sine: Pack<S, T>,
) -> Pack<S, T> {
    let ratio = sine.min(d.size) * d.inverse;
    let (upper, lower) = arcsine(ratio.negate_mul_add(ratio, ratio.constant(0.5)));
    let small = ratio * ratio.constant(FRAC_2_PI) * upper / lower;
    sine.below(d.size)
        .select(small.constant(1.0) - small, small)
}

/// The sign of a number: −1, 0 or 1.
pub(super) fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// The step function: 0, ½ or 1.
pub(super) fn step(x: f64) -> f64 {
    0.5 + 0.5 * sign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use pulp::Scalar;
    use std::f64::consts::FRAC_PI_2;

    /// The arc sine of a sine and cosine that are both known to their last digits.
    fn check(angle: f64, sine: f64, cosine: f64) {
        let d = Determinant::of_correlation(sine, cosine);
        let got = FRAC_PI_2 * arcsine_size(&d, Pack::new(Scalar::new(), cosine)).register;
        let error = (got - angle).abs();
        assert!(error <= tol::ELEMENTARY * angle, "{got:e} for {angle:e}");
    }

    #[test]
    fn arc_sine_of_a_pair() {
        const SAMPLES: i32 = 200_000;
        for i in 0..=SAMPLES {
            let angle = FRAC_PI_2 * f64::from(i) / f64::from(SAMPLES);
            check(angle, angle.sin(), angle.cos());
        }
        for exponent in -150..0 {
            let x = 10f64.powi(exponent);
            check(x.asin(), x, (1.0 - x * x).sqrt());
        }
        check(FRAC_PI_2, 1.0, 0.0);
    }
}
