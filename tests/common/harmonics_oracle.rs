//! Spherical harmonics, their sums and Wigner functions in double-double arithmetic: 28 digits and more.
//!
//! Recursions in the degree, written from the textbook formulas with explicit exponents; nothing of the crate is used.

use super::double_double::{Dd, PI};
use ndarray::{Array2, ArrayView2};
use num_complex::Complex64;

/// Numbers are kept as mantissa times this, 2²⁵⁶, to the power of an exponent.
const STEP: f64 = f64::from_bits((1023 + 256) << 52);
const INVERSE_STEP: f64 = 1.0 / STEP;

/// A factor that may be far below the smallest `f64`.
#[derive(Debug, Clone, Copy)]
struct Scaled {
    mantissa: Dd,
    exponent: i32,
}

impl Scaled {
    const ONE: Scaled = Scaled {
        mantissa: Dd::ONE,
        exponent: 0,
    };

    fn times(self, factor: Dd) -> Scaled {
        let mut product = Scaled {
            mantissa: self.mantissa * factor,
            exponent: self.exponent,
        };
        let size = product.mantissa.hi.abs();
        if size < INVERSE_STEP && size != 0.0 {
            product.mantissa = product.mantissa.times_power(STEP);
            product.exponent -= 1;
        } else if size > STEP {
            product.mantissa = product.mantissa.times_power(INVERSE_STEP);
            product.exponent += 1;
        }
        product
    }
}

/// Two consecutive values of a recursion with one exponent.
#[derive(Debug, Clone, Copy)]
struct Recursion {
    last: Dd,
    value: Dd,
    exponent: i32,
}

impl Recursion {
    fn starting(first: Scaled) -> Recursion {
        Recursion {
            last: Dd::ZERO,
            value: first.mantissa,
            exponent: first.exponent,
        }
    }

    fn advance(&mut self, a: Dd, b: Dd) {
        let next = self.value * a - self.last * b;
        (self.last, self.value) = (self.value, next);
        if self.value.hi.abs() > STEP {
            self.last = self.last.times_power(INVERSE_STEP);
            self.value = self.value.times_power(INVERSE_STEP);
            self.exponent += 1;
        }
    }

    /// The value as a number; zero if it is below 1e-200.
    fn number(&self) -> Dd {
        match self.exponent {
            0 => self.value,
            1 => self.value.times_power(STEP),
            -3..0 => {
                (self.exponent..0).fold(self.value, |value, _| value.times_power(INVERSE_STEP))
            }
            2.. => unreachable!("a normalised function is of moderate size"),
            _ => Dd::ZERO,
        }
    }
}

/// A complex number of two [`Dd`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Complex {
    pub re: Dd,
    pub im: Dd,
}

impl Complex {
    pub fn round(self) -> Complex64 {
        Complex64::new(self.re.round(), self.im.round())
    }

    pub fn add_product(&mut self, a: Complex, b: Complex) {
        self.re += a.re * b.re - a.im * b.im;
        self.im += a.re * b.im + a.im * b.re;
    }

    pub fn add_scaled(&mut self, factor: Dd, value: Complex64) {
        self.re += factor * value.re;
        self.im += factor * value.im;
    }
}

/// $`\cos (2\pi k/n) + i \sin (2\pi k/n)`$ for k < n.
pub fn roots_of_unity(n: usize) -> Vec<Complex> {
    (0..n)
        .map(|k| {
            let (im, re) = (PI * (2.0 * k as f64) / n as f64).sin_cos();
            Complex { re, im }
        })
        .collect()
}

/// The factors of $`\bar P_{l+1} = a_l \cos\theta\, \bar P_l - b_l \bar P_{l-1}`$ for fixed m, from l = m on:
/// $`a_l = \sqrt{(4 (l+1)^2 - 1) / ((l+1)^2 - m^2)}`$ and $`b_l = a_l / a_{l-1}`$.
fn legendre_factors(band_limit: usize, m: usize) -> Vec<(Dd, Dd)> {
    let mut before: Option<Dd> = None;
    (m..band_limit)
        .map(|l| {
            let (next, m) = ((l + 1) as f64, m as f64);
            let a = (Dd::from(4.0 * next * next - 1.0) / (next * next - m * m)).sqrt();
            let b = before.map_or(Dd::ZERO, |before| a / before);
            before = Some(a);
            (a, b)
        })
        .collect()
}

/// Calls `visit(m, l, ring, value)` with $`\bar P_{lm}(\cos\theta) = Y_{lm}(\theta, 0)`$ for every l < `band_limit`, every ring
/// and those m ≥ 0 for which `wanted(m)`.
pub fn for_each_legendre(
    band_limit: usize,
    colatitudes: &[Dd],
    wanted: impl Fn(usize) -> bool,
    mut visit: impl FnMut(usize, usize, usize, Dd),
) {
    let angles: Vec<(Dd, Dd)> = colatitudes.iter().map(|angle| angle.sin_cos()).collect();
    let unit = (Dd::ONE / (PI * 4.0)).sqrt();
    // Values at l = m, with the Condon–Shortley sign.
    let mut sectors = vec![Scaled::ONE.times(unit); angles.len()];
    for m in 0..band_limit {
        if m > 0 {
            let ratio = -(Dd::from((2 * m + 1) as f64) / (2 * m) as f64).sqrt();
            for (sector, (sin, _)) in sectors.iter_mut().zip(&angles) {
                *sector = sector.times(ratio * *sin);
            }
        }
        if !wanted(m) {
            continue;
        }
        let factors = legendre_factors(band_limit, m);
        for (ring, (sector, (_, cos))) in sectors.iter().zip(&angles).enumerate() {
            let mut state = Recursion::starting(*sector);
            for (i, &(a, b)) in factors.iter().enumerate() {
                visit(m, m + i, ring, state.number());
                state.advance(a * *cos, b);
            }
        }
    }
}

/// Samples $`\sum_{lm} f_{lm} Y_{lm}(\theta_t, 2\pi p/n)`$, shape `[rings, n]`.
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; orders that are zero cost nothing
pub fn synthesis(
    coeffs: ArrayView2<'_, Complex64>,
    colatitudes: &[Dd],
    longitudes: usize,
) -> Array2<Complex> {
    let (band_limit, columns) = coeffs.dim();
    let middle = band_limit - 1;
    let present: Vec<bool> = (0..columns)
        .map(|column| coeffs.column(column).iter().any(|c| *c != Complex64::ZERO))
        .collect();
    let mut orders = Array2::from_elem((colatitudes.len(), columns), Complex::default());
    for_each_legendre(
        band_limit,
        colatitudes,
        |m| present[middle + m] || present[middle - m],
        |m, l, ring, value| {
            orders[[ring, middle + m]].add_scaled(value, coeffs[[l, middle + m]]);
            if m > 0 {
                let value = if m % 2 == 0 { value } else { -value };
                orders[[ring, middle - m]].add_scaled(value, coeffs[[l, middle - m]]);
            }
        },
    );
    fourier_synthesis(&orders, longitudes)
}

/// Samples $`\sum_m F_m(\theta_t) e^{2\pi imp/n}`$, shape `[rings, n]`, from $`F_m`$ at `[t, m + L − 1]`.
pub fn fourier_synthesis(orders: &Array2<Complex>, longitudes: usize) -> Array2<Complex> {
    let (rings, columns) = orders.dim();
    let band_limit = columns.div_ceil(2);
    let roots = roots_of_unity(longitudes);
    let present: Vec<usize> = (0..columns)
        .filter(|&column| {
            orders
                .column(column)
                .iter()
                .any(|c| *c != Complex::default())
        })
        .collect();
    Array2::from_shape_fn((rings, longitudes), |(ring, p)| {
        let mut sum = Complex::default();
        for &column in &present {
            let m = (column + longitudes * band_limit + 1 - band_limit) % longitudes;
            sum.add_product(orders[[ring, column]], roots[m * p % longitudes]);
        }
        sum
    })
}

/// The same for a real signal, of which only the orders m ≥ 0 are read: half of the sums.
pub fn real_synthesis(
    coeffs: ArrayView2<'_, Complex64>,
    colatitudes: &[Dd],
    longitudes: usize,
) -> Array2<f64> {
    let (band_limit, columns) = coeffs.dim();
    let middle = band_limit - 1;
    let present: Vec<usize> = (0..band_limit)
        .filter(|m| {
            coeffs
                .column(middle + m)
                .iter()
                .any(|c| *c != Complex64::ZERO)
        })
        .collect();
    let mut orders = Array2::from_elem((colatitudes.len(), columns - middle), Complex::default());
    for_each_legendre(
        band_limit,
        colatitudes,
        |m| present.binary_search(&m).is_ok(),
        |m, l, ring, value| orders[[ring, m]].add_scaled(value, coeffs[[l, middle + m]]),
    );
    let roots = roots_of_unity(longitudes);
    Array2::from_shape_fn((colatitudes.len(), longitudes), |(ring, p)| {
        let mut sum = Dd::ZERO;
        for &m in &present {
            let (a, b) = (orders[[ring, m]], roots[m * p % longitudes]);
            let part = a.re * b.re - a.im * b.im;
            sum += if m == 0 { part } else { part.times_power(2.0) };
        }
        sum.round()
    })
}

/// The colatitudes of the `n` Gauss–Legendre rings and their weights, by Newton's method on $`P_n`$.
///
/// # Arguments
/// * `near` — colatitudes correct to some digits, from north to south
pub fn gauss_legendre(near: &[f64]) -> Vec<(Dd, Dd)> {
    let n = near.len() as f64;
    near.iter()
        .map(|&guess| {
            let mut angle = Dd::from(guess);
            let mut slope = Dd::ONE;
            for _ in 0..3 {
                let (sin, cos) = angle.sin_cos();
                // (k + 1) P_{k+1} = (2k + 1) x P_k − k P_{k−1}
                let (mut last, mut value) = (Dd::ZERO, Dd::ONE);
                for k in 0..near.len() {
                    let k = k as f64;
                    let next = (value * cos * (2.0 * k + 1.0) - last * k) / (k + 1.0);
                    (last, value) = (value, next);
                }
                // dP_n/dθ = −n (P_{n−1} − x P_n) / sin θ
                slope = -((last - cos * value) * n) / sin;
                angle = angle - value / slope;
            }
            (angle, Dd::from(2.0) / (slope * slope))
        })
        .collect()
}

/// $`d^l_{mn}(\beta)`$ for l from max(|m|, |n|) to `band_limit` − 1, with $`d^1_{10} = -\sin\beta/\sqrt2`$.
pub fn wigner_d(band_limit: usize, m: i64, n: i64, beta: Dd) -> Vec<Dd> {
    let first = m.unsigned_abs().max(n.unsigned_abs()) as i64;
    let parity = |k: i64| if k % 2 == 0 { Dd::ONE } else { -Dd::ONE };
    // d^j_{j k} from d_{mn} = (−1)^{m−n} d_{nm} = d_{−n,−m}.
    let (k, sign) = if m == first {
        (n, Dd::ONE)
    } else if m == -first {
        (-n, parity(m - n))
    } else if n == first {
        (m, parity(m - n))
    } else {
        (-m, Dd::ONE)
    };
    let (sin, cos) = beta.times_power(0.5).sin_cos();
    // d^j_{jk} = (−1)^{j−k} sqrt(binomial(2j, j − k)) cos^{j+k} sin^{j−k}: the factors one by one.
    let mut start = Scaled::ONE.times(sign * parity(first - k));
    let (mut cosines, mut sines) = (first + k, first - k);
    let fewer = cosines.min(sines);
    for i in 0..fewer {
        let ratio = (Dd::from((2 * first - i) as f64) / (i + 1) as f64).sqrt();
        start = start.times(ratio * sin * cos);
    }
    cosines -= fewer;
    sines -= fewer;
    for _ in 0..cosines {
        start = start.times(cos);
    }
    for _ in 0..sines {
        start = start.times(sin);
    }
    let (_, cos) = beta.sin_cos();
    let mut state = Recursion::starting(start);
    let root =
        |l: f64| ((Dd::from(l * l) - Dd::from((m * m) as f64)) * (l * l - (n * n) as f64)).sqrt();
    (first..band_limit as i64)
        .map(|l| {
            let value = state.number();
            let (l, next) = (l as f64, (l + 1) as f64);
            // l r_{l+1} d^{l+1} = (2l + 1) (l (l + 1) cos β − m n) d^l − (l + 1) r_l d^{l−1}, r_l² = (l² − m²)(l² − n²)
            let (a, b) = if l == 0.0 {
                (cos, Dd::ZERO)
            } else {
                let denominator = root(next) * l;
                (
                    (cos * (l * next) - Dd::from((m * n) as f64)) * (2.0 * l + 1.0) / denominator,
                    root(l) * next / denominator,
                )
            };
            state.advance(a, b);
            value
        })
        .collect()
}

/// The spin-weighted harmonic $`{}_sY_{lm}(\theta, 0) = (-1)^s \sqrt{(2l+1)/4\pi}\; d^l_{m,-s}(\theta)`$, for the same l.
pub fn spin_harmonic(band_limit: usize, spin: i64, m: i64, colatitude: Dd) -> Vec<Dd> {
    let first = m.unsigned_abs().max(spin.unsigned_abs()) as usize;
    let sign = if spin % 2 == 0 { 1.0 } else { -1.0 };
    wigner_d(band_limit, m, -spin, colatitude)
        .into_iter()
        .enumerate()
        .map(|(i, d)| d * (Dd::from((2 * (first + i) + 1) as f64) / (PI * 4.0)).sqrt() * sign)
        .collect()
}
