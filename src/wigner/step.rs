//! The recursion in the degree: one step, for one pair of orders ([`Step`]) and for registers of orders n ([`advance`]).
//!
//! With $`k = \ell + 1`$ and $`w_k(n) = (k^2-n^2)^{-1/2}`$ the three-term recursion
//!
//! ```math
//! d^k_{mn} = \frac{2\ell+1}{\ell}\,(\ell k\cos\beta - mn)\, w_k(m) w_k(n)\; d^\ell_{mn}
//!   - \frac{k}{\ell}\,\frac{w_k(m) w_k(n)}{w_\ell(m) w_\ell(n)}\; d^{\ell-1}_{mn}
//! ```
//!
//! becomes $`h^k = \frac{2\ell+1}{\ell}(\ell k\cos\beta - mn)\, t_\ell(m) t_\ell(n)\, h^\ell - h^{\ell-1}`$ for
//! $`d^\ell_{mn} = s_\ell(m) s_\ell(n) h^\ell_{mn}`$, where $`s_n(n) = 1`$, $`s_k s_\ell = \sqrt k\, w_k`$ and $`t_\ell = s_\ell^2/\sqrt k`$.
//! Near the poles it runs on deviations from its limit there as in [`Step`], without the scales s; all factors are products of one
//! that belongs to m and one that belongs to n.

use super::seeds::Angle;
use crate::numeric::extended::{LARGE, SHRINK};
use pulp::Simd;

/// The step from degree ℓ to ℓ + 1 of one pair of orders, in a form that does not cancel near either pole.
///
/// As β tends to a pole, $`d^{\ell+1}/d^\ell \to \rho_\ell`$. The recursion is run on the deviation from that limit,
/// $`\delta_{\ell+1} = d^{\ell+1} - \rho_\ell d^\ell`$, which is small where the three-term form would cancel (Reinsch's device):
///
/// ```math
/// \delta_{\ell+1} = \kappa_\ell \delta_\ell + c_\ell\, (\cos\beta \mp 1)\, d^\ell , \qquad d^{\ell+1} = \rho_\ell d^\ell + \delta_{\ell+1}
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Step {
    /// ρ, κ in the north and in the south.
    north: [f64; 2],
    south: [f64; 2],
    /// c
    source: f64,
}

impl Step {
    /// Computes the coefficients for ℓ ≥ m ≥ |n|.
    #[inline(always)]
    pub(crate) fn new(l: f64, m: f64, n: f64) -> Step {
        let k = l + 1.0;
        // For m = ±n the square root is exact, and so is the ratio 1 at the pole where d does not vanish.
        let norm = (((k - m) * (k + m)) * ((k - n) * (k + n))).sqrt();
        Step::divided(l, m, n, |x| x / norm)
    }

    /// Computes the coefficients with $`\sqrt{(k^2-m^2)(k^2-n^2)}^{-1}`$, k = ℓ + 1, from a table.
    #[inline(always)]
    pub(crate) fn with_root(l: f64, m: f64, n: f64, root: f64) -> Step {
        Step::divided(
            l,
            m,
            n,
            #[inline(always)]
            |x| x * root,
        )
    }

    #[inline(always)]
    fn divided(l: f64, m: f64, n: f64, over: impl Fn(f64) -> f64) -> Step {
        let k = l + 1.0;
        // At ℓ = 0 the increment is still zero.
        let damping = if l > 0.0 { over(k * (l - m) / l) } else { 0.0 };
        Step {
            north: [over((k + m) * (k - n)), damping * (l + n)],
            south: [-over((k + m) * (k + n)), -damping * (l - n)],
            source: over((2.0 * l + 1.0) * k),
        }
    }

    /// ρ, κ and c at a pole.
    #[inline(always)]
    pub(crate) fn at_pole(&self, south: bool) -> [f64; 3] {
        let [ratio, damping] = if south { self.south } else { self.north };
        [ratio, damping, self.source]
    }

    /// Computes the next term and increment.
    #[inline(always)]
    pub(crate) fn next(&self, pole: f64, offset: f64, term: f64, increment: f64) -> (f64, f64) {
        let [ratio, damping, source] = self.at_pole(pole < 0.0);
        let increment = damping * increment + source * offset * term;
        (ratio * term + increment, increment)
    }
}

impl Angle {
    /// The scalars of order m for the step from degree ℓ; `root` is $`w_{\ell+1}(m)`$ near the poles, otherwise $`t_\ell(m)`$.
    #[inline(always)]
    pub(crate) fn step<const POLAR: bool>(&self, degree: usize, order: f64, root: f64) -> [f64; 4] {
        let (degree, next) = (degree as f64, (degree + 1) as f64);
        let odd = degree + next;
        if POLAR {
            [
                (next + order) * root,
                next * (degree - order) * root / degree.max(1.0),
                odd * next * root * self.offset,
                next,
            ]
        } else {
            let constant = odd * next * self.cos * root;
            [constant, odd * order * root / degree.max(1.0), 0.0, 0.0]
        }
    }
}

/// The roots $`w_{\ell+1}(n)`$, $`t_\ell(n)`$ and the scale $`s_{\ell+1}(n)`$ from the scale $`s_\ell(n)`$, n ≤ ℓ.
#[inline(always)]
pub(crate) fn roots(degree: f64, n: f64, scale: f64) -> [f64; 3] {
    let next = degree + 1.0;
    let root = next.sqrt();
    let w = 1.0 / ((next - n) * (next + n)).sqrt();
    [w, scale * scale / root, root * w / scale]
}

/// A register of functions.
#[derive(Clone, Copy)]
pub(crate) struct Term<S: Simd> {
    /// The function of the present degree.
    pub(crate) here: S::f64s,
    /// The term of the degree before; near the poles, the increment.
    pub(crate) other: S::f64s,
}

impl<S: Simd> Term<S> {
    /// Takes a unit off the scale of numbers that have grown large.
    #[inline(always)]
    pub(crate) fn shrink(&mut self, simd: S, scale: &mut S::f64s) {
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let size = simd.abs_f64s(self.here);
        let large = simd.and_m64s(
            simd.greater_than_f64s(*scale, zero),
            simd.greater_than_or_equal_f64s(size, simd.splat_f64s(LARGE)),
        );
        let factor = simd.select_f64s(large, simd.splat_f64s(SHRINK), one);
        self.here = simd.mul_f64s(self.here, factor);
        self.other = simd.mul_f64s(self.other, factor);
        *scale = simd.sub_f64s(*scale, simd.select_f64s(large, one, zero));
    }
}

/// Takes the functions of n (first) and −n (second) to the next degree.
///
/// `step` comes from [`Angle::step`]; `table` holds $`w_{\ell+1}(n)`$ and n near the poles, otherwise $`t_\ell(n)`$ and $`n\,t_\ell(n)`$.
#[inline(always)]
pub(crate) fn advance<S: Simd, const POLAR: bool>(
    simd: S,
    step: &[f64],
    table: [S::f64s; 2],
    terms: [Term<S>; 2],
) -> [Term<S>; 2] {
    if POLAR {
        let (ratio, damping) = (simd.splat_f64s(step[0]), simd.splat_f64s(step[1]));
        let (source, next) = (simd.splat_f64s(step[2]), simd.splat_f64s(step[3]));
        let [w, n] = table;
        let source = simd.mul_f64s(source, w);
        // (k ∓ n) w and (k − 1 ± n) w
        let less = simd.mul_f64s(simd.sub_f64s(next, n), w);
        let more = simd.mul_f64s(simd.add_f64s(next, n), w);
        let mut next = terms;
        for (term, (to_pole, damped)) in next.iter_mut().zip([(less, more), (more, less)]) {
            let damped = simd.mul_f64s(damping, simd.sub_f64s(damped, w));
            let source = simd.mul_f64s(source, term.here);
            term.other = simd.mul_add_e_f64s(damped, term.other, source);
            let ratio = simd.mul_f64s(ratio, to_pole);
            term.here = simd.mul_add_e_f64s(ratio, term.here, term.other);
        }
        next
    } else {
        let constant = simd.mul_f64s(simd.splat_f64s(step[0]), table[0]);
        let slope = simd.mul_f64s(simd.splat_f64s(step[1]), table[1]);
        let factors = [
            simd.sub_f64s(constant, slope),
            simd.add_f64s(constant, slope),
        ];
        let mut next = terms;
        for (term, factor) in next.iter_mut().zip(factors) {
            let before = simd.neg_f64s(term.other);
            term.other = term.here;
            term.here = simd.mul_add_e_f64s(factor, term.here, before);
        }
        next
    }
}
