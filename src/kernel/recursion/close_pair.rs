//! Pairs of vectors that are nearly collinear, without cancellation.
//!
//! The angle θ between two signals follows from $`\sin^2\theta = 1 - k^2/(q_1 q_2)`$. This difference loses all digits to rounding if θ
//! is below $`\sqrt\varepsilon`$, and the kernels after rectifiers and `sign` depend on θ. A [`ClosePair`] therefore carries, beside its
//! covariance, two numbers that are small for nearly collinear vectors, each computed as a sum without cancellation:
//! ```math
//! u = 1 - \frac{|k|}{\sqrt{q_1 q_2}} = 2 \sin^2\frac\theta2, \qquad e = q_1 - q_2, \qquad
//! q_1 q_2 - k^2 = q_1 q_2\, u\,(2 - u) .
//! ```

use std::f64::consts::{PI, TAU};

use crate::Result;
use crate::activation::{Activation, Kink, Variance};
use crate::network::Init;
use crate::numeric::powers::{exponent, times_power};
use crate::numeric::{GaussLegendre, geometric_mean};
use crate::simd::pack::difference_of_products;

/// The distances of a correlation from 1 and from −1 below which the angle is carried; none for an activation without kink or jump.
///
/// A rounding error of ε in the correlation changes an angle θ by ε/θ. A kink passes this error on to the tangent kernel, and the errors
/// of many layers add up: the limit near 1 is θ = 0.02. Near −1 a rectifier leaves small values of both kernels, which need an accurate
/// angle for their relative accuracy: there the limit is 0.35. A jump passes the error on to the covariance, and the next jump takes a
/// root of it.
pub(super) fn closeness(activation: &Activation) -> Option<[f64; 2]> {
    activation.kink().map(|kink| match kink {
        Kink::Jump { .. } => [1.0 / 64.0; 2],
        Kink::Bend { .. } | Kink::Other => [1.0 / (1 << 12) as f64, 1.0 / 16.0],
    })
}

/// The relative difference of standard deviations in a difference quotient of second order. Its square and ε over its square, the
/// errors of truncation and rounding, are both about 1e-8.
const STEP: f64 = 1.0 / (1 << 13) as f64;

/// Nodes of the mean of the derivative between two covariances that nearly agree.
const NODES: usize = 8;

/// A covariance whose relative distance from its bound is smaller attains the bound up to rounding.
const SAME: f64 = 64.0 * f64::EPSILON;

/// Angles up to this one take $`\sin\theta - \theta\cos\theta`$ from its series.
const SMALL_ANGLE: f64 = 0.1;

/// Variances and covariance of two Gaussian variables, and two numbers that are small if the variables nearly determine each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClosePair {
    /// Variances $`q_1, q_2`$.
    q: [f64; 2],
    /// Covariance.
    pub(super) k: f64,
    /// $`u = 1 - |k|/\sqrt{q_1 q_2}`$
    gap: f64,
    /// $`e = q_1 - q_2`$
    difference: f64,
}

impl ClosePair {
    /// The pair of two vectors of equal length d: $`q_1 = |a|^2/d`$, $`q_2 = |b|^2/d`$, $`k = a \cdot b/d`$.
    ///
    /// Let $`a_j`$ be the entry of largest modulus. The entries of $`r = b_j a - a_j b`$ are accurate to their last digits, and
    /// $`a_j^2 (|a|^2 |b|^2 - (a \cdot b)^2) = |a|^2 |r|^2 - (a \cdot r)^2`$. Since $`r_j = 0`$ and $`a_j^2 \ge |a|^2/d`$, the right-hand
    /// side is at least $`|a|^2 |r|^2/d`$: it loses at most a factor d of precision.
    pub(crate) fn of_vectors(a: &[f64], b: &[f64]) -> ClosePair {
        let len = a.len() as f64;
        // Both vectors are divided by powers of two, so that squares of their entries neither overflow nor underflow.
        let [a_scale, b_scale] = [a, b].map(|x| times_power(1.0, exponent(x.iter().copied())));
        let both = a_scale.max(b_scale);
        let [a_share, b_share] = [a_scale / both, b_scale / both];
        let pairs = || a.iter().zip(b).map(|(x, y)| (x / a_scale, y / b_scale));
        let pivot = pairs().fold((0.0, 0.0), |best: (f64, f64), pair| {
            if pair.0.abs() > best.0.abs() {
                pair
            } else {
                best
            }
        });
        let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
        let (mut rr, mut ar) = (0.0, 0.0);
        let mut difference = 0.0;
        for (x, y) in pairs() {
            aa += x * x;
            bb += y * y;
            ab += x * y;
            let r = difference_of_products(pivot.1, x, pivot.0, y);
            rr += r * r;
            ar += x * r;
            let (x, y) = (x * a_share, y * b_share);
            difference += (x - y) * (x + y);
        }
        let size = geometric_mean(aa, bb);
        // A zero vector has no angle; any gap will do, since it is multiplied by a size of zero.
        let gap = if size > 0.0 {
            let square = (aa * rr - ar * ar).max(0.0) / (pivot.0 * pivot.0);
            square / (size * (size + ab.abs()))
        } else {
            1.0
        };
        ClosePair {
            q: [aa / len * a_scale * a_scale, bb / len * b_scale * b_scale],
            k: ab / len * a_scale * b_scale,
            gap,
            difference: difference / len * both * both,
        }
    }

    /// $`\sqrt{q_1 q_2}`$
    fn size(&self) -> f64 {
        geometric_mean(self.q[0], self.q[1])
    }

    /// $`(\sqrt{q_1} - \sqrt{q_2})^2`$
    fn spread(&self) -> f64 {
        (self.difference / (self.q[0].sqrt() + self.q[1].sqrt())).powi(2)
    }

    /// $`\sin^2\theta`$
    fn sine_squared(&self) -> f64 {
        self.gap * (2.0 - self.gap)
    }

    /// The angle between the first direction and the nearer of ± the second one, from 0 to π/2.
    fn angle(&self) -> f64 {
        2.0 * (0.5 * self.gap).sqrt().asin()
    }

    /// The pair after a linear layer with weight variance w and bias variance b.
    ///
    /// ```math
    /// q_1' q_2' - k'^2 = w^2 (q_1 q_2 - k^2) + w b\,(q_1 + q_2 - 2 k)
    /// ```
    /// Both terms on the right are positive, and $`q_1 + q_2 - 2 k = (\sqrt{q_1} - \sqrt{q_2})^2 + 2 u \sqrt{q_1 q_2}`$ for k > 0.
    pub(super) fn scaled(self, init: Init) -> ClosePair {
        let (weight, bias) = (init.weight_std.powi(2), init.bias_std.powi(2));
        let size = self.size();
        let apart = if self.k > 0.0 {
            self.spread() + 2.0 * size * self.gap
        } else {
            self.q[0] + self.q[1] + 2.0 * self.k.abs()
        };
        let new = ClosePair {
            q: self.q.map(|q| weight * q + bias),
            k: weight * self.k + bias,
            gap: 0.0,
            difference: weight * self.difference,
        };
        // Each factor is divided by the new size √(q₁' q₂') before it is multiplied: products of two variances may overflow or underflow.
        let new_size = new.size();
        let (old, added) = (weight * size / new_size, weight * apart / new_size);
        let square = old * old * self.sine_squared() + added * (bias / new_size);
        ClosePair {
            gap: square / (1.0 + new.k.abs() / new_size),
            ..new
        }
    }

    /// The sum with an independent pair, whose variances and covariance add.
    ///
    /// With the pairs $`(a_1, a_2, k_a)`$ and $`(b_1, b_2, k_b)`$,
    ///
    /// ```math
    /// q_1 q_2 - k^2 = (a_1 a_2 - k_a^2) + (b_1 b_2 - k_b^2) + \big(\sqrt{a_1 b_2} - \sqrt{b_1 a_2}\big)^2
    ///               + 2 \big(\sqrt{a_1 a_2\, b_1 b_2} - k_a k_b\big) .
    /// ```
    pub(super) fn plus(self, other: ClosePair) -> ClosePair {
        let new = ClosePair {
            q: [self.q[0] + other.q[0], self.q[1] + other.q[1]],
            k: self.k + other.k,
            gap: 0.0,
            difference: self.difference + other.difference,
        };
        let size = new.size();
        let [x, y] = [self.size() / size, other.size() / size];
        // All terms are relative to the new size. `across` is √(a₁ b₂) − √(b₁ a₂) as a quotient, whose numerator has the differences
        // e_a b₂ − e_b a₂; `between` is √(a₁ a₂ b₁ b₂) − k_a k_b, in terms of the gaps if the covariances have one sign.
        let [first, second] = [
            geometric_mean(self.q[0], other.q[1]) / size,
            geometric_mean(other.q[0], self.q[1]) / size,
        ];
        let across = if first + second > 0.0 {
            (self.difference / size * (other.q[1] / size)
                - other.difference / size * (self.q[1] / size))
                / (first + second)
        } else {
            0.0
        };
        let same_sign = (self.k < 0.0) == (other.k < 0.0);
        let between = if same_sign {
            x * y * (self.gap + other.gap - self.gap * other.gap)
        } else {
            x * y + (self.k / size).abs() * (other.k / size).abs()
        };
        let square = x * x * self.sine_squared()
            + y * y * other.sine_squared()
            + across * across
            + 2.0 * between;
        ClosePair {
            gap: square / (1.0 + new.k.abs() / size),
            ..new
        }
    }

    /// The pair after an activation, and the factor E[σ'(u) σ'(v)] of the tangent kernel.
    pub(super) fn activated(self, activation: &Activation) -> Result<(ClosePair, f64)> {
        if *activation == Activation::Normalisation {
            return Ok(self.normalised());
        }
        match activation.kink() {
            Some(Kink::Bend { slope }) => Ok(self.bent(slope)),
            Some(Kink::Jump { below }) => Ok((self.stepped(below), 0.0)),
            Some(Kink::Other) | None => self.between(activation),
        }
    }

    /// The pair divided by the roots of its variances, which keeps its angle.
    fn normalised(self) -> (ClosePair, f64) {
        let size = self.size();
        if size == 0.0 {
            let q = self.q.map(|q| if q > 0.0 { 1.0 } else { 0.0 });
            let pair = ClosePair {
                q,
                k: 0.0,
                gap: 1.0,
                difference: q[0] - q[1],
            };
            return (pair, 0.0);
        }
        let pair = ClosePair {
            q: [1.0; 2],
            k: (1.0 - self.gap).copysign(self.k),
            gap: self.gap,
            difference: 0.0,
        };
        (pair, size.recip())
    }

    /// The pair after $`\sigma(x) = \max(x, 0) + a \min(x, 0)`$, with $`g = \sin\theta - \theta\cos\theta`$ and the expectation
    /// $`E = E[\sigma(u) \sigma(v)]`$:
    ///
    /// ```math
    /// \frac{2 E}{\sqrt{q_1 q_2}} = (1 + a^2)(1 - u) + \frac{(1-a)^2}\pi g \quad (k \ge 0), \qquad
    /// \frac{(1-a)^2}\pi g - 2 a (1 - u) \quad (k < 0)
    /// ```
    fn bent(self, slope: f64) -> (ClosePair, f64) {
        let (size, angle, gap) = (self.size(), self.angle(), self.gap);
        let g = sine_minus_angle_cosine(angle);
        let bend = (1.0 - slope) * (1.0 - slope);
        let power = 1.0 + slope * slope;
        let bent = bend * g / PI;
        // The new gap is 1 − |2E/√(q₁q₂)| / (1 + a²) = rest / (1 + a²); `rest` is written without the terms that cancel.
        let (twice, rest, derivative) = if self.k >= 0.0 {
            let rest = power * gap - bent;
            (power - rest, rest, bend * (PI - angle) / TAU + slope)
        } else {
            let twice = bent - 2.0 * slope * (1.0 - gap);
            let rest = if twice < 0.0 {
                bend + 2.0 * slope * gap + bent
            } else {
                (1.0 + slope) * (1.0 + slope) - 2.0 * slope * gap - bent
            };
            (twice, rest, bend * angle / TAU + slope)
        };
        let pair = ClosePair {
            q: self.q.map(|q| 0.5 * power * q),
            k: 0.5 * size * twice,
            gap: (rest / power).max(0.0),
            difference: 0.5 * power * self.difference,
        };
        (pair, derivative)
    }

    /// The pair after a jump at 0 from `below`, which is −1 or 0, to 1.
    ///
    /// The covariance is $`1 - 2\theta/\pi`$ for −1, and the probability that both variables are positive for 0.
    fn stepped(self, below: f64) -> ClosePair {
        let share = self.angle() / PI;
        let size = 0.5 * (1.0 + below * below);
        let (k, gap) = if below < 0.0 {
            ((1.0 - 2.0 * share).copysign(self.k), 2.0 * share)
        } else if self.k >= 0.0 {
            (0.5 * (1.0 - share), share)
        } else {
            (0.5 * share, 1.0 - share)
        };
        ClosePair {
            q: [size; 2],
            k,
            gap,
            difference: 0.0,
        }
    }

    /// The gap 1 − |correlation| after an activation of a fully correlated pair with these variances.
    ///
    /// The difference `direct` loses its digits if the variances nearly agree. The gap grows with the square of the difference of the
    /// standard deviations, so it is then scaled from the gap at a larger difference.
    fn short_of_bound(&self, activation: &Activation, direct: f64) -> Result<f64> {
        let [s1, s2] = self.q.map(f64::sqrt);
        let apart = (self.difference / (s1 + s2)).abs();
        let (middle, step) = (0.5 * (s1 + s2), 0.5 * (s1 + s2) * STEP);
        if apart < step {
            let q = [middle + 0.5 * step, middle - 0.5 * step].map(|s| s * s);
            let wide = at_full_correlation(activation, q, self.k)?;
            // A function that is neither even nor odd does not attain its bound at correlation −1, even for equal variances: its gap is
            // not small and is taken directly.
            if wide < STEP {
                return Ok(wide.max(0.0) * (apart / step).powi(2));
            }
        }
        Ok(if direct < SAME { 0.0 } else { direct })
    }

    /// The pair after any other activation.
    ///
    /// The distance of its covariance κ(k) from the value at full correlation is an integral without cancellation,
    /// $`\kappa(K) - \kappa(k) = \int_k^K \dot\kappa`$ with $`K = \pm\sqrt{q_1 q_2}`$ and $`\dot\kappa = E[\sigma'(u)\sigma'(v)]`$.
    fn between(self, activation: &Activation) -> Result<(ClosePair, f64)> {
        let [q1, q2] = self.q.map(Variance::Constant);
        let bound = self.size().copysign(self.k);
        let rule = GaussLegendre::new(NODES)?;
        // One call of the activation takes the covariance itself, the bound K, and Gauss–Legendre nodes between the two.
        let mut values = vec![self.k, bound];
        let nodes = rule.nodes.iter();
        values.extend(nodes.map(|x| bound * (1.0 - self.gap * (0.5 + 0.5 * x))));
        let mut derivatives = vec![1.0; values.len()];
        activation.apply(q1, q2, &mut values, Some(&mut derivatives))?;
        let mean: f64 = rule
            .weights
            .iter()
            .zip(&derivatives[2..])
            .map(|(weight, derivative)| 0.5 * weight * derivative)
            .sum();
        let mut q = self.q;
        activation.variances_into(&mut q)?;
        let size = geometric_mean(q[0], q[1]);
        let towards = bound * values[1].signum() * self.gap * mean / size;
        let beyond = self.short_of_bound(activation, 1.0 - values[1].abs() / size)?;
        let pair = ClosePair {
            q,
            k: values[0],
            gap: (beyond + towards).max(0.0),
            difference: q[0] - q[1],
        };
        Ok((pair, derivatives[0]))
    }
}

/// The gap 1 − |correlation| after an activation of a pair with the variances q and the correlation ±1, by direct subtraction.
fn at_full_correlation(activation: &Activation, q: [f64; 2], sign: f64) -> Result<f64> {
    let mut value = [geometric_mean(q[0], q[1]).copysign(sign)];
    let [q1, q2] = q.map(Variance::Constant);
    activation.apply(q1, q2, &mut value, None)?;
    let mut q = q;
    activation.variances_into(&mut q)?;
    Ok(1.0 - value[0].abs() / geometric_mean(q[0], q[1]))
}

/// $`\sin\theta - \theta\cos\theta`$, which is θ³/3 for small angles.
fn sine_minus_angle_cosine(angle: f64) -> f64 {
    if angle > SMALL_ANGLE {
        return angle.sin() - angle * angle.cos();
    }
    // Σ (−1)^n 2(n+1) θ^{2n+3} / (2n+3)!
    let square = angle * angle;
    let mut power = angle * square / 6.0;
    let mut sum = 0.0;
    for n in 0..8 {
        let n = f64::from(n);
        sum += 2.0 * (n + 1.0) * power;
        power *= -square / ((2.0 * n + 4.0) * (2.0 * n + 5.0));
    }
    sum
}
