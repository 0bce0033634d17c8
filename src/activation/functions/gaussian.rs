//! $`e^{-x^2}`$: with $`D = (1+2q_1)(1+2q_2) - 4k^2`$, $`E = D^{-1/2}`$ and $`E[\sigma'\sigma'] = 4k D^{-3/2}`$.

use crate::activation::closed_form::{ClosedForm, define, k, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Formula, Lifted, Moments, Points};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use pulp::Simd;

/// $`e^{-x^2}`$.
#[derive(Clone, Copy)]
pub(super) struct Gaussian;

impl Function for Gaussian {
    const NAME: &'static str = "gaussian";
    const GAIN: Option<f64> = Some(2.0);

    fn value(self, x: f64) -> f64 {
        (-x * x).exp()
    }

    fn derivative(self, x: f64) -> f64 {
        -2.0 * x * self.value(x)
    }

    fn closed_form(self) -> ClosedForm {
        let whole = || Expression::from("D");
        let product = (1.0 + 2.0 * q()) * (1.0 + 2.0 * q2());
        ClosedForm {
            function: Some(Expression::call("exp", [0.0 - u().power(2)])),
            lines: vec![define("D", product - 4.0 * k().power(2))],
            value: 1.0 / whole().root(),
            derivative: 4.0 * k() / (whole() * whole().root()),
        }
    }

    /// With E² = 1/D of the file's formula.
    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        let square = at.value * at.value;
        let cube = square * at.value;
        let lifted = at.q.map(|q| 1.0 + 2.0 * q);
        let lean = -12.0 * at.k * cube * square;
        Slopes {
            value: [-lifted[1] * cube, -lifted[0] * cube],
            derivative: [lifted[1] * lean, lifted[0] * lean],
            bend: cube * (48.0 * at.k * at.k * square + 4.0),
        }
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for Gaussian {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        // Each lane is one pair of variables: one division gives D^{−1/2}, from which both expectations are products.
        let lifted = Lifted::new(points, 2.0);
        let inverse = lifted.root.constant(1.0) / lifted.root;
        let value = inverse * points.unit;
        Moments {
            value,
            derivative: value.constant(4.0) * (lifted.d.k * inverse) * (value * value),
            valid: lifted.d.valid,
        }
    }
}
