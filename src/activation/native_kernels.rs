//! The closed forms of [`rectifier`](super::rectifier) and [`error_function`](super::error_function) for prepared,
//! plain variances.
//!
//! The angle comes from a rational function whose denominator joins the one division there is. Where
//! k = q₁ = q₂ the determinant is exactly 0 and so is every term beside the fully correlated ones.

use super::error_function::SigmoidLike;
use super::native::{Kernel, Moments, Points};
use crate::special::Real;
use crate::special::lanes::{Pack, Truth};
use pulp::Simd;
use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, TAU};

/// 1/2π
const PER_TURN: f64 = 1.0 / TAU;

/// What the variances and the covariance share in every kernel.
struct Determinant<S: Simd, T: Real> {
    /// The covariance, clamped if it exceeds the bound.
    k: Pack<S, T>,
    /// Its modulus.
    size: Pack<S, T>,
    /// $`q_1 q_2`$
    product: Pack<S, T>,
    /// $`q_1 q_2 - k^2`$, within 2 ulp (Kahan's determinant); zero where it is clamped.
    value: Pack<S, T>,
    /// Product of the prepared factors.
    inverse: Pack<S, T>,
    valid: Truth<S, T>,
}

impl<S: Simd, T: Real> Determinant<S, T> {
    /// For factors $`1/\sqrt q`$.
    ///
    /// # Arguments
    /// * `noise` — relative to $`q_1 q_2`$, what of $`q_1 q_2 - k^2`$ is rounding: less counts as zero
    #[inline(always)]
    fn homogeneous(points: Points<S, T>, noise: f64) -> Self {
        let (mut new, difference) = Self::new(points);
        let beyond = difference.below(new.product * new.k.constant(noise));
        let bound = new.product * new.inverse;
        new.valid = new
            .size
            .at_most(bound * Pack::splat_like(bound, T::GUARDED));
        if beyond.any() {
            new.clamp(beyond, bound);
        }
        new
    }

    /// For other factors.
    #[inline(always)]
    fn lifted(points: Points<S, T>) -> Self {
        let (mut new, difference) = Self::new(points);
        let k = new.k;
        let zero = k.constant(0.0);
        let beyond = difference.below(zero);
        let guard = Pack::splat_like(k, T::GUARDED * T::GUARDED);
        // A square may underflow.
        let possible = zero.below(new.product) | k.equals(zero);
        new.valid = (k * k).at_most(new.product * guard) & possible;
        if beyond.any() {
            new.clamp(beyond, new.product.sqrt());
        }
        new
    }

    /// All but the check and the clamp; and $`q_1 q_2 - k^2`$, which rounding may make negative.
    #[inline(always)]
    fn new(points: Points<S, T>) -> (Self, Pack<S, T>) {
        let Points { q1, q2, f1, f2, k } = points;
        let product = q1 * q2;
        let low = q1.mul_add(q2, -product);
        let difference = k.negate_mul_add(k, product) + low;
        let zero = k.constant(0.0);
        let new = Self {
            k,
            size: k.abs(),
            product,
            value: difference,
            inverse: f1 * f2,
            valid: difference.below(zero),
        };
        (new, difference)
    }

    #[inline(always)]
    fn clamp(&mut self, beyond: Truth<S, T>, bound: Pack<S, T>) {
        self.value = beyond.select(bound.constant(0.0), self.value);
        self.size = beyond.select(bound, self.size);
        self.k = self.size ^ self.k.sign_bit();
    }
}

/// Numerator and denominator of $`\arcsin\sqrt z/\sqrt z`$ at $`u = \tfrac12 - z`$.
#[inline(always)]
fn arcsine<S: Simd, T: Real>(u: Pack<S, T>) -> (Pack<S, T>, Pack<S, T>) {
    (u.polynomial(T::ARCSINE.0), u.polynomial(T::ARCSINE.1))
}

/// ψ/2π with ψ = π/2 ± the arc sine, from `small`, 1/2π times the arc sine of the smaller of sine and cosine.
#[inline(always)]
fn turn<S: Simd, T: Real>(steep: Truth<S, T>, small: Pack<S, T>, k: Pack<S, T>) -> Pack<S, T> {
    let sign = k.sign_bit();
    let quarter = k.constant(0.25);
    let signed = small ^ sign;
    // From exactly 0 or 1/2 where the angle is steep.
    steep.select((quarter + (quarter ^ sign)) - signed, quarter + signed)
}

#[derive(Clone, Copy)]
pub(crate) struct Relu {
    /// As for [`Determinant::homogeneous`].
    pub(crate) noise: f64,
}

impl<T: Real> Kernel<T> for Relu {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        rectify(&Determinant::homogeneous(points, self.noise))
    }
}

#[inline(always)]
fn rectify<S: Simd, T: Real>(d: &Determinant<S, T>) -> Moments<S, T> {
    let sine = d.value.sqrt();
    let steep = sine.below(d.size);
    let t = sine.min(d.size);
    let m = sine.max(d.size).max(Pack::splat_like(d.k, T::TINY));
    let ratio = t * d.inverse;
    let z = ratio * ratio;
    let u = z.constant(0.5) - z;
    let (upper, lower) = (u.polynomial(T::DEFECT.0), u.polynomial(T::DEFECT.1));
    let lifted = z * upper;
    let scaled = t.constant(PER_TURN) * t / (m * lower);
    let turn = turn(steep, scaled * (lower - lifted), d.k);
    let near_zero = steep & d.k.below(d.k.constant(0.0));
    let direct = d.k.mul_add(turn, sine * sine.constant(PER_TURN));
    Moments {
        value: near_zero.select(scaled * (m * lifted), direct),
        derivative: turn,
        valid: d.valid,
    }
}

#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu {
    pub(crate) slope: f64,
    /// As for [`Determinant::homogeneous`].
    pub(crate) noise: f64,
}

impl<T: Real> Kernel<T> for LeakyRelu {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let d = Determinant::homogeneous(points, self.noise);
        let (moments, k) = (rectify(&d), d.k);
        let slope = k.constant(self.slope);
        let bend = k.constant((1.0 - self.slope) * (1.0 - self.slope));
        let value = bend.mul_add(moments.value, slope * k);
        let largest = Pack::splat_like(k, T::max_value());
        Moments {
            value,
            derivative: bend.mul_add(moments.derivative, slope),
            valid: moments.valid & value.abs().at_most(largest),
        }
    }
}

/// $`\tfrac2\pi \arcsin c`$ without its sign.
#[inline(always)]
fn arcsine_size<S: Simd, T: Real>(d: &Determinant<S, T>, sine: Pack<S, T>) -> Pack<S, T> {
    let ratio = sine.min(d.size) * d.inverse;
    let (upper, lower) = arcsine(ratio.negate_mul_add(ratio, ratio.constant(0.5)));
    let small = ratio * ratio.constant(FRAC_2_PI) * upper / lower;
    sine.below(d.size)
        .select(small.constant(1.0) - small, small)
}

/// $`|x|`$
#[derive(Clone, Copy)]
pub(crate) struct Modulus {
    /// As for [`Determinant::homogeneous`].
    pub(crate) noise: f64,
}

impl<T: Real> Kernel<T> for Modulus {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let d = Determinant::homogeneous(points, self.noise);
        let sine = d.value.sqrt();
        let angle = arcsine_size(&d, sine);
        Moments {
            value: d.size.mul_add(angle, sine * sine.constant(FRAC_2_PI)),
            derivative: angle ^ d.k.sign_bit(),
            valid: d.valid,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sign {
    /// As for [`Determinant::homogeneous`].
    pub(crate) noise: f64,
}

impl<T: Real> Kernel<T> for Sign {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let d = Determinant::homogeneous(points, self.noise);
        let angle = arcsine_size(&d, d.value.sqrt());
        Moments {
            value: angle ^ d.k.sign_bit(),
            derivative: angle.constant(0.0),
            valid: d.valid,
        }
    }
}

/// The numbers of a function of $`D = (1+gq_1)(1+gq_2) - g^2k^2`$.
struct Lifted<S: Simd, T: Real> {
    d: Determinant<S, T>,
    /// $`1 + gq_1 + gq_2`$
    floor: Pack<S, T>,
    /// D
    whole: Pack<S, T>,
    /// $`\sqrt D`$
    root: Pack<S, T>,
}

impl<S: Simd, T: Real> Lifted<S, T> {
    #[inline(always)]
    fn new(points: Points<S, T>, gain: f64) -> Self {
        let d = Determinant::lifted(points);
        let one = d.k.constant(1.0);
        let floor = (points.q1 + points.q2).mul_add(one.constant(gain), one);
        let whole = d.value.mul_add(one.constant(gain * gain), floor);
        Self {
            d,
            floor,
            whole,
            root: whole.sqrt(),
        }
    }

    /// Whether the sine exceeds the cosine, `scale` times the arc sine of the smaller of the two, and $`1/\sqrt D`$.
    #[inline(always)]
    fn angle(&self, gain: f64, scale: f64) -> (Truth<S, T>, Pack<S, T>, Pack<S, T>) {
        let sine = self.d.size * self.d.inverse * self.root.constant(gain);
        let cosine = self.root * self.d.inverse;
        let t = sine.min(cosine);
        let (upper, lower) = arcsine(t.negate_mul_add(t, t.constant(0.5)));
        let quotient = t.constant(1.0) / (self.root * lower);
        let small = t * t.constant(scale) * upper * (self.root * quotient);
        (cosine.below(sine), small, lower * quotient)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Erf;

impl<T: Real> Kernel<T> for Erf {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let lifted = Lifted::new(points, 2.0);
        let (steep, small, inverse) = lifted.angle(2.0, FRAC_2_PI);
        let size = steep.select(small.constant(1.0) - small, small);
        Moments {
            value: size ^ lifted.d.k.sign_bit(),
            derivative: inverse * inverse.constant(4.0 * FRAC_1_PI),
            valid: lifted.d.valid,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl<T: Real> Kernel<T> for Sigmoid {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let lifted = Lifted::new(points, SigmoidLike::GAIN);
        let (steep, small, inverse) = lifted.angle(SigmoidLike::GAIN, PER_TURN);
        Moments {
            value: turn(steep, small, lifted.d.k),
            derivative: inverse * inverse.constant(SigmoidLike::GAIN / TAU),
            valid: lifted.d.valid,
        }
    }
}

/// $`e^{-x^2}`$
#[derive(Clone, Copy)]
pub(crate) struct Bell;

impl<T: Real> Kernel<T> for Bell {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let lifted = Lifted::new(points, 2.0);
        let value = lifted.root.constant(1.0) / lifted.root;
        Moments {
            value,
            derivative: value.constant(4.0) * (lifted.d.k * value) * (value * value),
            valid: lifted.d.valid,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Gelu;

impl<T: Real> Kernel<T> for Gelu {
    /// As in [`error_function`](super::error_function), with $`t/(m Q)`$ and $`1/\sqrt D`$ from one division.
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let Lifted {
            d,
            floor,
            whole,
            root,
        } = Lifted::new(points, 1.0);
        let one = root.constant(1.0);
        let (sine, cosine) = (d.size * d.inverse, root * d.inverse);
        let steep = cosine.below(sine);
        // One of the two is at least √½, except where a part of a register is filled up with zeros.
        let (t, m) = (sine.min(cosine), sine.max(cosine).max(one.constant(0.5)));
        let z = t * t;
        let u = z.constant(0.5) - z;
        let (upper, lower) = (u.polynomial(T::DEFECT.0), u.polynomial(T::DEFECT.1));
        let lifted = z * upper;
        let slope = m * lower;
        let quotient = one / (root * slope);
        let inverse = slope * quotient;
        let part = root * quotient;
        let turn = turn(
            steep,
            t * t.constant(PER_TURN) * part * (lower - lifted),
            d.k,
        );
        let defect = lifted * m * part;
        let factors = d.inverse * d.inverse;
        let square = d.k * d.k;
        let over = inverse * factors * one.constant(PER_TURN);
        let direct = d.k.mul_add(turn, d.product.mul_add(whole, square) * over);
        let product = (points.q1 + one) * (points.q2 + one);
        let series = whole.mul_add(product.mul_add(defect, -floor), square) * over;
        let near_zero = steep & d.k.below(one.constant(0.0));
        let bend = inverse.mul_add(inverse, (one + floor) * factors);
        let lean = d.k * inverse * one.constant(PER_TURN);
        Moments {
            value: near_zero.select(series, direct),
            derivative: lean.mul_add(bend, turn),
            valid: d.valid,
        }
    }
}
