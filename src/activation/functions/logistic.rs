//! The sum that the functions made of the logistic function share: sigmoid, tanh, softplus, silu.
//!
//! The logistic density is a mean of normal densities over their variances, so the logistic function is a mean of normal distribution
//! functions: $`1/(1+e^{-x}) = \int \Phi(x/s)\, \mu(ds)`$ (Stefanski91). A discrete mixture of few terms, [`LOGISTIC`](crate::activation::Precision::LOGISTIC), is
//! close to it for all x. With $`\Phi(x/s) = P(x + s\xi > 0)`$ for a normal ξ, every expectation is a sum over pairs of terms of closed forms
//! in the variances $`A = q_1 + s^2`$, $`B = q_2 + t^2`$ and the covariance k. Nothing depends on the size of the variances, and the
//! kernel is that of a function, so it is positive definite.

use crate::activation::pair::{Determinant, Formula, Moments, PER_TURN, Points, arcsine};
use crate::activation::precision::Precision;
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::simd::pack::{Pack, difference_of_products};
use pulp::Simd;
use std::f64::consts::FRAC_PI_2;

/// The largest number of terms of a mixture.
const MOST: usize = 12;

/// What a function sums over the pairs of terms, each of which has a weight and $`D = AB - k^2`$ in units of $`u^2`$.
trait Sum<S: Simd, T: Real> {
    /// Adds a pair of terms.
    fn add(&mut self, d: &Determinant<S, T>, term: Term<S, T>);
}

/// A pair of terms of the mixture.
struct Term<S: Simd, T: Real> {
    /// The product of both weights.
    weight: Pack<S, T>,
    /// The arc sine of $`|k|/\sqrt{AB}`$.
    angle: Pack<S, T>,
    /// D
    whole: Pack<S, T>,
    /// $`1/\sqrt D`$
    inverse: Pack<S, T>,
    /// $`s^2/A + t^2/B`$
    part: Pack<S, T>,
    /// $`s^2 t^2`$, in units of $`u^2`$.
    noise: Pack<S, T>,
}

/// Adds all pairs of terms of the mixture to a sum.
///
/// Each lane is one pair of variables. With the factors $`1/\sqrt A`$ and $`1/\sqrt B`$ of all terms, a pair of terms costs one root and one
/// division: sine $`|k|/\sqrt{AB}`$ and cosine $`\sqrt{D/(AB)}`$ are products, D is a sum of positive terms, and the
/// division yields the arc sine of the smaller of the two and $`1/\sqrt D`$.
///
/// # Arguments
/// * `scale` — the factor of all variances $`s^2`$: 1/g² for the function of gx
#[inline(always)]
fn add_pairs<S: Simd, T: Real>(
    points: Points<S, T>,
    scale: f64,
    sum: &mut impl Sum<S, T>,
) -> Determinant<S, T> {
    let zero = points.k.constant(0.0);
    let one = points.k.constant(1.0);
    let d = Determinant::exact(points);
    let scale = T::of(scale);
    let [q1, q2] = points.q;
    let [u1, u2] = points.units;
    let quarter = one.constant(FRAC_PI_2);
    // Of the second variable: B, 1/√B, t² in its units, and t² q₁ + q₁ q₂ − k².
    let mut second = [[zero; 4]; MOST];
    for (&(_, variance), second) in T::LOGISTIC.iter().zip(&mut second) {
        let noise = Pack::splat_like(one, variance * scale) * u2;
        let b = q2 + noise;
        *second = [b, one / b.sqrt(), noise, noise.mul_add(q1, d.value)];
    }
    for &(first_weight, variance) in T::LOGISTIC {
        let noise = Pack::splat_like(one, variance * scale) * u1;
        let factor = one / (q1 + noise).sqrt();
        let first_part = noise * factor * factor;
        for (&(weight, _), [b, second_factor, second_noise, floor]) in
            T::LOGISTIC.iter().zip(second)
        {
            let whole = noise.mul_add(b, floor);
            let root = whole.sqrt();
            let factors = factor * second_factor;
            let sine = d.size * factors;
            let cosine = root * factors;
            let t = sine.min(cosine);
            let (upper, lower) = arcsine(t.negate_mul_add(t, t.constant(0.5)));
            let quotient = one / (root * lower);
            let small = t * upper * (root * quotient);
            let term = Term {
                weight: Pack::splat_like(one, first_weight * weight),
                angle: cosine.below(sine).select(quarter - small, small),
                whole,
                inverse: lower * quotient,
                part: (second_noise * second_factor).mul_add(second_factor, first_part),
                noise: noise * second_noise,
            };
            sum.add(&d, term);
        }
    }
    d
}

/// A pair of terms for derivatives.
struct Bend {
    /// The product of both weights.
    weight: f64,
    /// A and B.
    variances: [f64; 2],
    /// s² and t².
    noises: [f64; 2],
    /// $`1/\sqrt D`$
    inverse: f64,
}

/// The derivatives of a sum over all pairs of terms, times `factor`.
///
/// # Arguments
/// * `scale` — as for [`add_pairs`]
#[inline(always)]
fn sum_slopes(at: At, scale: f64, factor: f64, of: impl Fn(Bend) -> Slopes) -> Slopes {
    let [q1, q2] = at.q;
    let determinant = difference_of_products(q1, q2, at.k, at.k).max(0.0);
    let mut sum = Slopes::default();
    for &(first, s) in f64::LOGISTIC {
        for &(second, t) in f64::LOGISTIC {
            let noises = [scale * s, scale * t];
            let variances = [q1 + noises[0], q2 + noises[1]];
            // D as a sum of positive terms.
            let whole = determinant + noises[0] * q2 + noises[1] * variances[0];
            let term = of(Bend {
                weight: factor * first * second,
                variances,
                noises,
                inverse: 1.0 / whole.sqrt(),
            });
            for i in 0..2 {
                sum.value[i] += term.value[i];
                sum.derivative[i] += term.derivative[i];
            }
            sum.bend += term.bend;
        }
    }
    sum
}

impl Steps {
    /// With $`r = 1/\sqrt D`$, term by term
    /// ```math
    /// E_{q_1} = -\frac{k r}{2A}, \qquad D_k = k r^3, \qquad D_{q_1} = -\tfrac12 B r^3 .
    /// ```
    #[inline(always)]
    pub(super) fn slopes(self, at: At) -> Slopes {
        sum_slopes(
            at,
            self.scale,
            self.factor,
            #[inline(always)]
            |Bend {
                 weight,
                 variances: [a, b],
                 inverse,
                 ..
             }| {
                let cube = weight * inverse * inverse * inverse;
                let lean = -0.5 * weight * inverse * at.k;
                Slopes {
                    value: [lean / a, lean / b],
                    derivative: [-0.5 * cube * b, -0.5 * cube * a],
                    bend: cube * at.k,
                }
            },
        )
    }
}

/// Functions with two ends: $`a + b \sum w\,(\Phi(x/s) - \tfrac12)`$.
///
/// Numbers that tell the functions apart are data, since a formula is compiled for many kinds of registers.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    /// The factor of the variances s².
    pub(super) scale: f64,
    /// $`b^2/2\pi`$
    pub(super) factor: f64,
    /// $`a^2`$
    pub(super) middle: f64,
}

/// Angles, and $`1/\sqrt D`$.
struct Angles<S: Simd, T: Real> {
    angle: Pack<S, T>,
    inverse: Pack<S, T>,
}

impl<S: Simd, T: Real> Sum<S, T> for Angles<S, T> {
    #[inline(always)]
    fn add(&mut self, _: &Determinant<S, T>, term: Term<S, T>) {
        self.angle = term.weight.mul_add(term.angle, self.angle);
        self.inverse = term.weight.mul_add(term.inverse, self.inverse);
    }
}

impl<T: Real> Formula<T> for Steps {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let zero = points.k.constant(0.0);
        let mut sum = Angles {
            angle: zero,
            inverse: zero,
        };
        let d = add_pairs(points, self.scale, &mut sum);
        let factor = zero.constant(self.factor);
        Moments {
            value: ((sum.angle * factor) ^ d.k.sign_bit()) + zero.constant(self.middle),
            derivative: sum.inverse * factor * points.unit,
            valid: d.valid,
        }
    }
}

/// Functions that grow like the rectifier: softplus, the integral of the logistic function, and silu, x times the logistic function.
#[derive(Clone, Copy)]
pub(super) struct Ramps {
    /// 1 for the integral, 0 for the product with x.
    pub(super) integral: f64,
}

/// Angles, and what value and derivative have beside them.
struct Ends<S: Simd, T: Real> {
    integral: Pack<S, T>,
    product: Pack<S, T>,
    angle: Pack<S, T>,
    value: Pack<S, T>,
    derivative: Pack<S, T>,
}

impl<S: Simd, T: Real> Sum<S, T> for Ends<S, T> {
    /// Integral: D/√D. Product, with $`\nu = s^2/A + t^2/B`$: $`(q_1q_2 - k^2 + k^2\nu)/\sqrt D`$, and $`(\nu + s^2t^2/D)/\sqrt D`$ in the derivative.
    #[inline(always)]
    fn add(&mut self, d: &Determinant<S, T>, term: Term<S, T>) {
        let inverse = term.weight * term.inverse;
        let square = term.inverse * term.inverse;
        let value = (d.k * d.k).mul_add(term.part, d.value);
        let value = self.integral.mul_add(term.whole, self.product * value);
        self.angle = term.weight.mul_add(term.angle, self.angle);
        self.value = inverse.mul_add(value, self.value);
        self.derivative = inverse.mul_add(term.noise.mul_add(square, term.part), self.derivative);
    }
}

impl<T: Real> Formula<T> for Ramps {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let zero = points.k.constant(0.0);
        let mut sum = Ends {
            integral: zero.constant(self.integral),
            product: zero.constant(1.0 - self.integral),
            angle: zero,
            value: zero,
            derivative: zero,
        };
        let d = add_pairs(points, 1.0, &mut sum);
        let per_turn = zero.constant(PER_TURN);
        let turn = ((sum.angle * per_turn) ^ d.k.sign_bit()) + zero.constant(0.25);
        let slope = d.k * per_turn * sum.product;
        Moments {
            value: d.k.mul_add(turn, sum.value * per_turn) * points.grow,
            derivative: slope.mul_add(sum.derivative, turn),
            valid: d.valid,
        }
    }
}

impl Ramps {
    /// With $`r = 1/\sqrt D`$ and $`2\pi`$ left out, term by term. Integral:
    /// ```math
    /// E_{q_1} = \frac{\sqrt D}{2A}, \qquad D_k = r, \qquad D_{q_1} = -\frac{k r}{2A} .
    /// ```
    /// Product, with $`V = q_1q_2 - k^2 + k^2\nu`$ and $`P = \nu + s^2t^2r^2`$:
    /// ```math
    /// E_{q_1} = r\left(q_2 - \frac{k^2}{2A} - \frac{k^2s^2}{A^2} - \tfrac12 V B r^2\right), \qquad
    /// D_k = r + (r + k^2r^3) P + 2 s^2t^2k^2r^5, \qquad
    /// D_{q_1} = -k r\left(\frac1{2A} + \tfrac12 B r^2 P + \frac{s^2}{A^2} + s^2t^2 B r^4\right) .
    /// ```
    #[inline(always)]
    pub(super) fn slopes(self, at: At) -> Slopes {
        let [q1, q2] = at.q;
        let k = at.k;
        let determinant = difference_of_products(q1, q2, k, k).max(0.0);
        let integral = self.integral;
        let product = 1.0 - integral;
        sum_slopes(
            at,
            1.0,
            PER_TURN,
            #[inline(always)]
            |Bend {
                 weight,
                 variances: [a, b],
                 noises: [s, t],
                 inverse: r,
             }| {
                let square = r * r;
                let both = s * t * square;
                let part = s / a + t / b;
                let level = determinant + k * k * part;
                let slope = part + both;
                // The derivatives by the first variance; those by the second one follow by exchange.
                let of = |a: f64, b: f64, s: f64, other: f64| {
                    let half = 0.5 / a;
                    let lean = k * k * (half + s / (a * a));
                    let value = other - lean - 0.5 * level * b * square;
                    let derivative =
                        half + product * (b * square * (0.5 * slope + both) + s / (a * a));
                    let value = integral * half / square + product * value;
                    [weight * r * value, -weight * r * k * derivative]
                };
                let [first, second] = [of(a, b, s, q2), of(b, a, t, q1)];
                let lean = k * k * square;
                let bend = 1.0 + product * ((1.0 + lean) * slope + 2.0 * both * lean);
                Slopes {
                    value: [first[0], second[0]],
                    derivative: [first[1], second[1]],
                    bend: weight * r * bend,
                }
            },
        )
    }
}

/// The logistic function.
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// The mixture and its density, in double precision.
    fn mixture(terms: &[(f64, f64)], x: f64) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for &(weight, variance) in terms {
            let z = x / variance.sqrt();
            let density = (-0.5 * z * z).exp() / (std::f64::consts::TAU * variance).sqrt();
            sums[0] += weight * 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2);
            sums[1] += weight * density;
        }
        sums
    }

    fn check(terms: &[(f64, f64)], [value, density]: [f64; 2]) {
        assert!(terms.len() <= MOST && terms.iter().all(|(w, v)| *w > 0.0 && *v > 0.0));
        for i in -6000..=6000 {
            let x = 0.01 * f64::from(i);
            let [got, slope] = mixture(terms, x);
            let want = logistic(x);
            assert!((got - want).abs() <= value, "{x}: {got} for {want}");
            assert!((slope - want * (1.0 - want)).abs() <= density, "{x}");
        }
    }

    #[test]
    fn mixtures_are_close_to_the_logistic_function() {
        check(f64::LOGISTIC, tol::LOGISTIC);
        let single: Vec<(f64, f64)> = f32::LOGISTIC
            .iter()
            .map(|&(w, v)| (f64::from(w), f64::from(v)))
            .collect();
        check(&single, tol::LOGISTIC_SINGLE);
    }
}
