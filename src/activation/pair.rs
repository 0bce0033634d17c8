//! Two Gaussian variables at the points of a register, and the quantities that formulas share.
//!
//! Most expectations are functions of the determinant $`(q_1 + s)(q_2 + s) - k^2`$ and of the angle whose sine is the correlation
//! $`k/\sqrt{(q_1+s)(q_2+s)}`$: with s = 0 for functions that are homogeneous on either side of 0, with s > 0 for those that are
//! means of such functions over a Gaussian noise of variance s, as erf is of the sign. In place of s stands a gain g = 1/s.

use super::real::Real;
use crate::simd::pack::{Pack, Truth};
use pulp::{Scalar, Simd};
use std::f64::consts::TAU;

/// 1/2π
pub(super) const PER_TURN: f64 = 1.0 / TAU;

/// Variances and covariance at the points of one register.
///
/// Where products of variances would leave the range of the numbers, variables are divided by powers of two: $`q_1`$ stands for
/// $`q_1 u_1`$, k for $`k u`$ with $`u = \sqrt{u_1 u_2}`$, and the noise s for $`s u_1`$ and $`s u_2`$. Otherwise all of these are one.
#[derive(Clone, Copy)]
pub(super) struct Points<S: Simd, T: Real> {
    /// The variances $`q_1`$ and $`q_2`$.
    pub(super) q: [Pack<S, T>; 2],
    /// Their factors $`1/\sqrt q`$ or $`1/\sqrt{1+gq}`$.
    pub(super) factors: [Pack<S, T>; 2],
    /// The covariance.
    pub(super) k: Pack<S, T>,
    /// The bound, relative to $`q_1 q_2`$, below which $`q_1 q_2 - k^2`$ counts as rounding, and so as zero, for functions with a kink.
    pub(super) noise: Pack<S, T>,
    /// $`u_1`$ and $`u_2`$.
    pub(super) units: [Pack<S, T>; 2],
    /// $`u`$
    pub(super) unit: Pack<S, T>,
    /// $`1/u`$
    pub(super) grow: Pack<S, T>,
}

impl<S: Simd, T: Real> Points<S, T> {
    /// Variables as they are.
    #[inline(always)]
    pub(super) fn plain(
        q: [Pack<S, T>; 2],
        factors: [Pack<S, T>; 2],
        k: Pack<S, T>,
        noise: Pack<S, T>,
    ) -> Self {
        let one = k.constant(1.0);
        Points {
            q,
            factors,
            k,
            noise,
            units: [one; 2],
            unit: one,
            grow: one,
        }
    }
}

impl Points<Scalar, f64> {
    /// One point, scaled by powers of two (which changes no digit) if factors with a gain are asked for.
    ///
    /// A variance below the normal numbers counts as zero where only the correlation matters, that is without a gain.
    pub(super) fn scaled(gain: Option<f64>, q: [f64; 2], k: f64, noise: f64) -> Self {
        let (mut q, mut k) = (q, k);
        let (mut factors, mut shrink, mut grow) = ([0.0; 2], [1.0; 2], 1.0);
        for i in 0..2 {
            match gain {
                Some(0.0) if q[i] < f64::MIN_POSITIVE => (q[i], k) = (0.0, 0.0),
                Some(gain) => {
                    // Small variances are nothing beside the noise.
                    let least = if gain == 0.0 { 0.0 } else { 1.0 };
                    let (down, up) = half_exponent(q[i].max(least));
                    q[i] *= down * down;
                    shrink[i] = down;
                    grow *= up;
                }
                None => {}
            }
        }
        let units = shrink.map(|down| down * down);
        for i in 0..2 {
            factors[i] = factor(gain, q[i], units[i]);
        }
        let pack = |x| Pack::new(Scalar::new(), x);
        Points {
            q: q.map(pack),
            factors: factors.map(pack),
            k: pack(k * (shrink[0] * shrink[1])),
            noise: pack(noise),
            units: units.map(pack),
            unit: pack(shrink[0] * shrink[1]),
            grow: pack(grow),
        }
    }
}

/// $`1/\sqrt q`$ without a gain, 0 for q = 0; with a gain g and the unit one $`1/\sqrt{1+gq}`$; else 0.
#[inline(always)]
pub(super) fn factor<T: Real>(gain: Option<f64>, q: T, unit: T) -> T {
    match gain {
        Some(0.0) if q > T::zero() => T::one() / q.sqrt(),
        Some(0.0) | None => T::zero(),
        Some(gain) => T::one() / (T::of(gain) * q + unit).sqrt(),
    }
}

/// $`2^{-e/2}`$ and $`2^{e/2}`$ for $`q = 2^e m`$ with e even and 1 ≤ m < 4.
fn half_exponent(q: f64) -> (f64, f64) {
    let exponent = q.to_bits() >> 52;
    // The bias, 1023, is odd: this is the biased e/2, rounded down.
    let half = (exponent + 1023) >> 1;
    (
        f64::from_bits((2046 - half) << 52),
        f64::from_bits(half << 52),
    )
}

/// The expectations of one activation function at the points of a register.
pub(super) struct Moments<S: Simd, T: Real> {
    /// $`E[\sigma(u)\sigma(v)]`$
    pub(super) value: Pack<S, T>,
    /// $`E[\sigma'(u)\sigma'(v)]`$
    pub(super) derivative: Pack<S, T>,
    /// Whether every covariance is one.
    pub(super) valid: bool,
}

/// The closed form of the expectations of an activation function.
pub(super) trait Formula<T: Real>: Copy {
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T>;
}

impl<S: Simd, T: Real> Moments<S, T> {
    /// Whether all covariances are some, and value and tangent kernel are finite.
    #[inline(always)]
    pub(super) fn good(&self, tangent: Pack<S, T>) -> bool {
        // One comparison for both: if only their sum overflows, the register is computed again point by point, which is slower
        // and still correct.
        let largest = Pack::splat_like(tangent, T::max_value());
        let finite = (self.value.abs() + tangent.abs()).at_most(largest);
        self.valid && finite.all()
    }
}

/// The functions of variances and covariance that every formula uses.
///
/// Terms that depend on the variances alone are computed first: for constant variances the compiler moves them out of the loop.
pub(super) struct Determinant<S: Simd, T: Real> {
    /// The covariance, clamped if it exceeds the bound and the constructor says so.
    pub(super) k: Pack<S, T>,
    /// Its modulus.
    pub(super) size: Pack<S, T>,
    /// $`q_1 q_2`$
    pub(super) product: Pack<S, T>,
    /// $`q_1 q_2 - k^2`$, within 2 ulp; zero where the covariance is clamped.
    pub(super) value: Pack<S, T>,
    /// Product of the factors.
    pub(super) inverse: Pack<S, T>,
    /// Whether every covariance is one.
    pub(super) valid: bool,
}

impl<S: Simd, T: Real> Determinant<S, T> {
    /// At least zero, and zero where it is but rounding; the covariance is clamped.
    #[inline(always)]
    pub(super) fn clamped(points: Points<S, T>) -> Self {
        let mut new = Self::new(points);
        new.clamp(points.q, new.product * points.noise);
        new
    }

    /// At least zero; the covariance is clamped.
    #[inline(always)]
    pub(super) fn exact(points: Points<S, T>) -> Self {
        let mut new = Self::new(points);
        new.clamp(points.q, new.k.constant(0.0));
        new
    }

    #[inline(always)]
    fn clamp(&mut self, q: [Pack<S, T>; 2], least: Pack<S, T>) {
        if !least.below(self.value).all() {
            self.look_closer(q, Some(least));
        }
    }

    /// Within the guard it may be negative.
    #[inline(always)]
    pub(super) fn plain(points: Points<S, T>) -> Self {
        let mut new = Self::new(points);
        if !new.k.constant(0.0).below(new.value).all() {
            new.look_closer(points.q, None);
        }
        new
    }

    #[inline(always)]
    fn new(points: Points<S, T>) -> Self {
        let Points {
            q: [q1, q2],
            factors: [f1, f2],
            k,
            ..
        } = points;
        Determinant {
            k,
            size: k.abs(),
            product: q1 * q2,
            value: q1.difference_of_products(q2, k, k),
            inverse: f1 * f2,
            valid: true,
        }
    }

    /// Where the determinant is not clearly positive: whether all covariances are within the guard, and, if asked for, clamps
    /// those whose determinant is below `least`. Also zero variances come here.
    #[inline(always)]
    fn look_closer(&mut self, [q1, q2]: [Pack<S, T>; 2], least: Option<Pack<S, T>>) {
        // The bound is not taken from the determinant, which is useless where the square of the covariance underflows.
        let bound = q1.sqrt() * q2.sqrt();
        let guarded = bound * Pack::splat_like(bound, T::GUARDED);
        self.valid = self.size.at_most(guarded).all();
        if let Some(least) = least {
            let beyond = self.value.below(least);
            self.value = beyond.select(bound.constant(0.0), self.value);
            self.size = beyond.select(bound, self.size);
            self.k = self.size ^ self.k.sign_bit();
        }
    }
}

/// The numbers of a function of $`D = (1+gq_1)(1+gq_2) - g^2k^2`$, in units of $`u^2`$.
pub(super) struct Lifted<S: Simd, T: Real> {
    pub(super) d: Determinant<S, T>,
    /// $`1 + gq_1 + gq_2`$
    pub(super) floor: Pack<S, T>,
    /// D
    pub(super) whole: Pack<S, T>,
    /// $`\sqrt D`$
    pub(super) root: Pack<S, T>,
}

impl<S: Simd, T: Real> Lifted<S, T> {
    #[inline(always)]
    pub(super) fn new(points: Points<S, T>, gain: f64) -> Self {
        let Points {
            q: [q1, q2],
            units: [u1, u2],
            ..
        } = points;
        let zero = q1.constant(0.0);
        let d = Determinant::exact(points);
        let floor = (q1 * u2 + q2 * u1).mul_add(zero.constant(gain), u1 * u2);
        let whole = d.value.mul_add(zero.constant(gain * gain), floor);
        Self {
            d,
            floor,
            whole,
            root: whole.sqrt(),
        }
    }

    /// Whether the sine exceeds the cosine, `scale` times the arc sine of the smaller of the two, and $`1/\sqrt D`$.
    #[inline(always)]
    pub(super) fn angle(&self, gain: f64, scale: f64) -> (Truth<S, T>, Pack<S, T>, Pack<S, T>) {
        // sin ψ = g|k| / √((1 + gq₁)(1 + gq₂)) and cos ψ = √D / √(…): the arc sine of the smaller one is well conditioned. arcsin t =
        // t · upper/lower is a rational function of 1/2 − t², and one division yields both 1/lower and 1/√D.
        let sine = self.d.size * self.d.inverse * self.root.constant(gain);
        let cosine = self.root * self.d.inverse;
        let t = sine.min(cosine);
        let (upper, lower) = arcsine(t.negate_mul_add(t, t.constant(0.5)));
        let quotient = t.constant(1.0) / (self.root * lower);
        let small = t * t.constant(scale) * upper * (self.root * quotient);
        (cosine.below(sine), small, lower * quotient)
    }
}

/// Numerator and denominator of $`\arcsin\sqrt z/\sqrt z`$ at $`u = \tfrac12 - z`$.
#[inline(always)]
pub(super) fn arcsine<S: Simd, T: Real>(u: Pack<S, T>) -> (Pack<S, T>, Pack<S, T>) {
    (u.polynomial(T::ARCSINE.0), u.polynomial(T::ARCSINE.1))
}

/// Numerator and denominator of $`(1 - \sqrt{1-z}\,\arcsin\sqrt z/\sqrt z)/z`$ at $`u = \tfrac12 - z`$.
#[inline(always)]
pub(super) fn defect<S: Simd, T: Real>(u: Pack<S, T>) -> (Pack<S, T>, Pack<S, T>) {
    (u.polynomial(T::DEFECT.0), u.polynomial(T::DEFECT.1))
}

/// ψ/2π with ψ = π/2 ± the arc sine, from `small`, 1/2π times the arc sine of the smaller of sine and cosine.
#[inline(always)]
pub(super) fn turn<S: Simd, T: Real>(
    steep: Truth<S, T>,
    small: Pack<S, T>,
    k: Pack<S, T>,
) -> Pack<S, T> {
    let sign = k.sign_bit();
    let quarter = k.constant(0.25);
    let signed = small ^ sign;
    // From exactly 0 or 1/2 where the angle is steep.
    steep.select((quarter + (quarter ^ sign)) - signed, quarter + signed)
}

#[cfg(test)]
impl Determinant<Scalar, f64> {
    /// Unit variances of a correlation and its sine.
    pub(super) fn of_correlation(k: f64, sine: f64) -> Self {
        let pack = |x| Pack::new(Scalar::new(), x);
        let k = pack(k);
        Determinant {
            k,
            size: k.abs(),
            product: pack(1.0),
            value: pack(sine * sine),
            inverse: pack(1.0),
            valid: true,
        }
    }
}
