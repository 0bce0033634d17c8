//! Complex signals as two real planes: gradient and curl modes of a spin weight, and gradients.
//!
//! Packed coefficients belong to a complex signal, m-major: $`P_{\ell m}`$ and $`M_{\ell m} = (-1)^m P_{\ell,-m}`$.

use super::sample::Sample;
use crate::check::Finite;
use crate::sphere::axes::{Layout, half_index};
use crate::sphere::coefficients::sign;
use crate::sphere::limits::Limits;
use num_complex::Complex64;
use pulp::bytemuck::{cast_slice, cast_slice_mut};

/// Makes one complex signal of one part (real or imaginary) of the samples of two planes.
pub(super) fn join<T: Sample>(samples: &[T], part: usize, map: &mut [Complex64]) {
    let (first, second) = samples.split_at(samples.len() / 2);
    for ((out, a), b) in map.iter_mut().zip(first).zip(second) {
        *out = Complex64::new(a.part(part), b.part(part));
    }
}

/// The inverse of [`join`].
pub(super) fn split<T: Sample>(map: &[Complex64], part: usize, samples: &mut [T]) {
    let (first, second) = samples.split_at_mut(samples.len() / 2);
    for ((value, a), b) in map.iter().zip(first).zip(second) {
        a.set_part(part, value.re);
        b.set_part(part, value.im);
    }
}

/// Packs the modes `[E][B]`, $`P = -(E + iB)`$ and $`\overline M = -(E - iB)`$; says whether all numbers are finite.
///
/// Imaginary parts at m = 0 are not used.
pub(super) fn pack_modes(modes: &[Complex64], limit: usize, packed: &mut [f64]) -> bool {
    let (gradient, curl) = modes.split_at(modes.len() / 2);
    let mut defect = 0.0;
    let slots: &mut [[f64; 4]] = cast_slice_mut(&mut packed[..4 * gradient.len()]);
    for ((at, slot), (e, b)) in slots.iter_mut().enumerate().zip(gradient.iter().zip(curl)) {
        defect += e.defect() + b.defect();
        // The first L entries have m = 0.
        let (e, b) = if at < limit {
            (e.re.into(), b.re.into())
        } else {
            (*e, *b)
        };
        let turned: Complex64 = Complex64::I * b;
        let (plus, minus) = (-(e + turned), -(e - turned).conj());
        *slot = [plus.re, plus.im, minus.re, minus.im];
    }
    defect == 0.0
}

/// The inverse of [`pack_modes`].
pub(super) fn unpack_modes(packed: &[f64], modes: &mut [Complex64]) {
    let (gradient, curl) = modes.split_at_mut(modes.len() / 2);
    let slots: &[[f64; 4]] = cast_slice(&packed[..4 * gradient.len()]);
    for (slot, (e, b)) in slots.iter().zip(gradient.iter_mut().zip(curl)) {
        let (plus, minus) = both(slot);
        *e = -0.5 * (plus + minus);
        *b = Complex64::new(0.0, 0.5) * (plus - minus);
    }
}

/// $`P`$ and $`\overline M`$.
#[inline(always)]
fn both(slot: &[f64; 4]) -> (Complex64, Complex64) {
    (
        Complex64::new(slot[0], slot[1]),
        Complex64::new(slot[2], -slot[3]),
    )
}

/// Between a scalar f and its gradient $`\partial_\theta f + \tfrac{i}{\sin\theta} \partial_\varphi f = -\eth f`$, for one part of f:
/// $`P = -\sqrt{\ell(\ell+1)} \hat f`$ and $`\overline M = P`$, since the part is real.
pub(super) struct Potential {
    pub limits: Limits,
    pub layout: Layout,
    /// 0 for the real, 1 for the imaginary part of f.
    pub part: usize,
    /// Whether the factor of the scalar's coefficients is the inverse of $`-\sqrt{\ell(\ell+1)}`$, zero at ℓ = 0.
    pub divide: bool,
}

impl Potential {
    fn factor(&self, l: usize) -> f64 {
        let factor = -((l * (l + 1)) as f64).sqrt();
        if !self.divide {
            factor
        } else if l == 0 {
            0.0
        } else {
            1.0 / factor
        }
    }

    /// Calls `visit` with the degree, the position in the packed coefficients, and the positions of the orders m and −m, ordered by m.
    fn each(&self, mut visit: impl FnMut(usize, usize, [usize; 2], f64)) {
        let limit = self.limits.degrees;
        for m in 0..self.limits.orders {
            let (start, stride) = self.layout.column(self.limits, m);
            for l in m..limit {
                let at = start + (l - m) * stride;
                let minus = if self.layout == Layout::Full {
                    at - 2 * m
                } else {
                    at
                };
                visit(l, half_index(limit, l, m), [at, minus], sign(m));
            }
        }
    }

    /// Packs the gradient of a scalar; says whether all coefficients that are used are finite.
    pub(super) fn pack<T: Sample>(&self, coeffs: &[Complex64], packed: &mut [f64]) -> bool {
        let slots: &mut [[f64; 4]] = cast_slice_mut(packed);
        let mut defect = 0.0;
        self.each(|l, slot, [plus, minus], sign| {
            let (plus, minus) = (coeffs[plus], coeffs[minus]);
            defect += plus.defect();
            // Coefficients of a real part: û of f = u + iv, or v̂.
            let mut value = plus;
            if T::ROWS == 2 {
                defect += minus.defect();
                let there = sign * minus.conj();
                value = match self.part {
                    0 => 0.5 * (plus + there),
                    _ => Complex64::new(0.0, -0.5) * (plus - there),
                };
            }
            if slot < self.limits.degrees {
                value.im = 0.0;
            }
            let value = self.factor(l) * value;
            slots[slot] = [value.re, value.im, value.re, -value.im];
        });
        defect == 0.0
    }

    /// The adjoint, or the inverse, of [`Potential::pack`]; the second part is added to the first.
    pub(super) fn unpack(&self, packed: &[f64], coeffs: &mut [Complex64]) {
        let slots: &[[f64; 4]] = cast_slice(packed);
        if self.part == 0 {
            coeffs.fill(Complex64::ZERO);
        }
        let unit = if self.part == 0 {
            Complex64::ONE
        } else {
            Complex64::I
        };
        self.each(|l, slot, [plus, minus], sign| {
            let (a, b) = both(&slots[slot]);
            let value = 0.5 * self.factor(l) * (a + b);
            coeffs[plus] += unit * value;
            if minus != plus {
                coeffs[minus] += unit * (sign * value.conj());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize) -> Vec<Complex64> {
        (0..len)
            .map(|i| Complex64::new(1.0 + i as f64, 0.5 - (3 * i % 7) as f64))
            .collect()
    }

    #[test]
    fn planes_and_modes_come_back() {
        let planes: Vec<f64> = (0..10).map(f64::from).collect();
        let (mut map, mut back) = (vec![Complex64::ZERO; 5], vec![0.0; 10]);
        join(&planes, 0, &mut map);
        assert_eq!(map[2], Complex64::new(2.0, 7.0));
        split(&map, 0, &mut back);
        assert_eq!(back, planes);

        let mut modes = numbers(12);
        for at in [0, 1, 2, 6, 7, 8] {
            modes[at].im = 0.0;
        }
        let (mut packed, mut back) = (vec![0.0; 24], numbers(12));
        assert!(pack_modes(&modes, 3, &mut packed));
        unpack_modes(&packed, &mut back);
        assert_eq!(back, modes);
        // At m = 0 both signs of m are one number.
        assert_eq!(packed[..2], packed[2..4]);
        modes[4].re = f64::NAN;
        assert!(!pack_modes(&modes, 3, &mut packed));
    }

    #[test]
    fn the_potential_comes_back_without_its_mean() {
        let coeffs = numbers(15);
        let mut back = numbers(15);
        for part in 0..2 {
            let potential = |divide| Potential {
                limits: Limits::all(3),
                layout: Layout::Full,
                part,
                divide,
            };
            let mut packed = vec![0.0; 24];
            assert!(potential(false).pack::<Complex64>(&coeffs, &mut packed));
            potential(true).unpack(&packed, &mut back);
        }
        for (at, (back, want)) in back.iter().zip(&coeffs).enumerate() {
            let (l, m) = (at / 5, (at % 5).abs_diff(2));
            let want = if l == 0 || m > l {
                Complex64::ZERO
            } else {
                *want
            };
            assert!(
                (back - want).norm() <= 8.0 * f64::EPSILON * want.norm(),
                "{at}"
            );
        }
    }
}
