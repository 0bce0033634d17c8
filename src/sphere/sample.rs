//! What a signal is sampled as, and how a pair of rings goes through one FFT stage.

use num_complex::Complex64;

/// A sample of a signal on the sphere: `f64` (half the cost) or `Complex<f64>`. Sealed.
pub trait Sample: sealed::Sample {}

impl Sample for f64 {}
impl Sample for Complex64 {}

pub(super) mod sealed {
    use super::Complex64;

    /// Fourier coefficients of a pair of rings at orders `[m, −m]`, each `[first ring, second ring]`.
    pub type Orders = [[Complex64; 2]; 2];

    /// The parts of the transform that depend on the kind of sample.
    pub trait Sample: Copy + Default + Send + Sync + 'static {
        /// Signed orders that are kept for each |m|: `m` alone for real signals, `m` and `−m` for complex ones.
        const ORDERS: usize;
        /// Complex rows of `2L − 1` numbers that a pair of rings occupies.
        const ROWS: usize;
        fn is_finite(self) -> bool;
        /// Writes a pair of samples at one longitude.
        fn load(pair: [Self; 2], index: usize, rows: &mut [Complex64]);
        /// Reads a pair of samples at one longitude.
        fn store(rows: &[Complex64], index: usize) -> [Self; 2];
        /// Reads the Fourier coefficients of the orders ±m.
        fn orders(rows: &[Complex64], order: usize) -> Orders;
        /// Writes the Fourier coefficients of the orders ±m.
        fn set_orders(rows: &mut [Complex64], order: usize, values: Orders);
    }
}

/// The index of order −m in a spectrum of `n` numbers.
#[inline(always)]
fn negative(order: usize, n: usize) -> usize {
    if order == 0 { 0 } else { n - order }
}

const I: Complex64 = Complex64::new(0.0, 1.0);

/// Two real rings are the real and imaginary part of one complex ring.
impl sealed::Sample for f64 {
    const ORDERS: usize = 1;
    const ROWS: usize = 1;

    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }

    #[inline(always)]
    fn load(pair: [Self; 2], index: usize, rows: &mut [Complex64]) {
        rows[index] = Complex64::new(pair[0], pair[1]);
    }

    #[inline(always)]
    fn store(rows: &[Complex64], index: usize) -> [Self; 2] {
        [rows[index].re, rows[index].im]
    }

    #[inline(always)]
    fn orders(rows: &[Complex64], order: usize) -> sealed::Orders {
        let plus = rows[order];
        let minus = rows[negative(order, rows.len())].conj();
        let (first, second) = (0.5 * (plus + minus), 0.5 * (plus - minus));
        // second = i B
        let second = Complex64::new(second.im, -second.re);
        [[first, second], [Complex64::ZERO; 2]]
    }

    #[inline(always)]
    fn set_orders(rows: &mut [Complex64], order: usize, [values, _]: sealed::Orders) {
        let [a, b] = values;
        if order == 0 {
            rows[0] = Complex64::new(a.re, b.re);
        } else {
            let n = rows.len();
            rows[order] = a + I * b;
            rows[n - order] = a.conj() + I * b.conj();
        }
    }
}

/// Each complex ring has a row of its own.
impl sealed::Sample for Complex64 {
    const ORDERS: usize = 2;
    const ROWS: usize = 2;

    #[inline(always)]
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }

    #[inline(always)]
    fn load(pair: [Self; 2], index: usize, rows: &mut [Complex64]) {
        let n = rows.len() / 2;
        rows[index] = pair[0];
        rows[n + index] = pair[1];
    }

    #[inline(always)]
    fn store(rows: &[Complex64], index: usize) -> [Self; 2] {
        [rows[index], rows[rows.len() / 2 + index]]
    }

    #[inline(always)]
    fn orders(rows: &[Complex64], order: usize) -> sealed::Orders {
        let n = rows.len() / 2;
        let minus = negative(order, n);
        [
            [rows[order], rows[n + order]],
            [rows[minus], rows[n + minus]],
        ]
    }

    #[inline(always)]
    fn set_orders(rows: &mut [Complex64], order: usize, [plus, minus]: sealed::Orders) {
        let n = rows.len() / 2;
        let index = negative(order, n);
        // Order zero comes last from `plus`.
        (rows[index], rows[n + index]) = (minus[0], minus[1]);
        (rows[order], rows[n + order]) = (plus[0], plus[1]);
    }
}
