//! What a signal is sampled as, and how rings pass between samples, Fourier rows and the cells of the Legendre stage.

use super::ring_pairs::LANES;
use num_complex::{Complex, Complex64};

/// A sample of a signal on the sphere: real (`f64`, `f32`: half the cost) or complex (`Complex<f64>`, `Complex<f32>`). Sealed.
///
/// Single precision is for storage: the transforms compute in double precision.
pub trait Sample: sealed::Sample {}

impl Sample for f64 {}
impl Sample for f32 {}
impl Sample for Complex<f64> {}
impl Sample for Complex<f32> {}

pub(super) mod sealed {
    use super::Complex64;

    /// Fourier coefficients of a pair of rings at the orders `[m, −m]`, each `[north, south]`.
    pub type Orders = [[Complex64; 2]; 2];

    /// The parts of the transform that depend on the kind of sample.
    ///
    /// A *row* is the place of a pair of rings of n longitudes in the Fourier stage: `ROWS * n` complex numbers.
    pub trait Sample: Copy + Default + Send + Sync + 'static {
        /// Signed orders that are kept for each |m|: `m` alone for real signals, `m` and `−m` for complex ones. Also the
        /// number of complex rows that a pair of rings takes.
        const ROWS: usize;
        /// Whether the sample is neither infinite nor NaN.
        fn is_finite(self) -> bool;
        /// The difference of two samples.
        fn minus(self, other: Self) -> Self;
        /// Fills a row with a pair of rings, times weights; a ring that is missing counts as zero. Says whether all is finite.
        fn load(rings: [Option<&[Self]>; 2], weights: [f64; 2], row: &mut [Complex64]) -> bool;
        /// Reads a pair of rings, times weights, off a row.
        fn store(row: &[Complex64], weights: [f64; 2], rings: [Option<&mut [Self]>; 2]);
        /// Reads the orders ±m of all lanes of one cell off rows of equal length.
        fn gather(rows: &[Complex64], longitudes: usize, order: usize, cell: &mut [f64]);
        /// Writes the orders ±m of all lanes of one cell into rows of equal length.
        fn scatter(cell: &[f64], order: usize, longitudes: usize, rows: &mut [Complex64]);
        /// Reads the orders ±m of one row, which may be aliased.
        fn orders(row: &[Complex64], order: usize) -> Orders;
        /// Adds the orders ±m to one row, aliased where it is too short.
        fn add_orders(row: &mut [Complex64], order: usize, values: Orders);
    }
}

/// The index of order −m in a spectrum of `n` numbers, given that of m.
#[inline(always)]
fn negative(index: usize, n: usize) -> usize {
    if index == 0 { 0 } else { n - index }
}

const I: Complex64 = Complex64::new(0.0, 1.0);

/// Components of one parity of a cell.
#[inline(always)]
fn lanes(cell: &[f64], components: usize, parity: usize, component: usize) -> &[f64; LANES] {
    cell[(components * parity + component) * LANES..]
        .first_chunk()
        .expect("a cell has whole vectors")
}

/// Sum and difference: the northern and the southern ring from the even and the odd part, or twice the other way.
#[inline(always)]
fn butterfly(a: &[f64; LANES], b: &[f64; LANES]) -> [[f64; LANES]; 2] {
    let (mut sum, mut difference) = ([0.0; LANES], [0.0; LANES]);
    for i in 0..LANES {
        sum[i] = a[i] + b[i];
        difference[i] = a[i] - b[i];
    }
    [sum, difference]
}

macro_rules! real {
    ($($number:ty)*) => {$(
        /// Two real rings are the real and imaginary part of one complex row.
        impl sealed::Sample for $number {
            const ROWS: usize = 1;

            #[inline(always)]
            fn is_finite(self) -> bool {
                <$number>::is_finite(self)
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn load(
                rings: [Option<&[Self]>; 2],
                weights: [f64; 2],
                row: &mut [Complex64],
            ) -> bool {
                let mut defect = 0.0;
                match rings {
                    [Some(north), Some(south)] => {
                        for ((slot, a), b) in row.iter_mut().zip(north).zip(south) {
                            let value = Complex64::new(weights[0] * f64::from(*a), weights[1] * f64::from(*b));
                            defect += (value.re + value.im) * 0.0;
                            *slot = value;
                        }
                    }
                    [Some(north), None] => {
                        for (slot, a) in row.iter_mut().zip(north) {
                            *slot = (weights[0] * f64::from(*a)).into();
                            defect += slot.re * 0.0;
                        }
                    }
                    [None, Some(south)] => {
                        for (slot, b) in row.iter_mut().zip(south) {
                            *slot = Complex64::new(0.0, weights[1] * f64::from(*b));
                            defect += slot.im * 0.0;
                        }
                    }
                    [None, None] => row.fill(Complex64::ZERO),
                }
                defect == 0.0
            }

            #[inline(always)]
            fn store(row: &[Complex64], weights: [f64; 2], [north, south]: [Option<&mut [Self]>; 2]) {
                if let Some(north) = north {
                    for (out, value) in north.iter_mut().zip(row) {
                        *out = (weights[0] * value.re) as $number;
                    }
                }
                if let Some(south) = south {
                    for (out, value) in south.iter_mut().zip(row) {
                        *out = (weights[1] * value.im) as $number;
                    }
                }
            }

            #[inline(always)]
            fn gather(rows: &[Complex64], longitudes: usize, order: usize, cell: &mut [f64]) {
                let minus = negative(order, longitudes);
                let mut north = [[0.0; LANES]; 2];
                let mut south = [[0.0; LANES]; 2];
                for (i, row) in rows.chunks_exact(longitudes).enumerate() {
                    let (a, b) = (row[order], row[minus]);
                    north[0][i] = 0.5 * (a.re + b.re);
                    north[1][i] = 0.5 * (a.im - b.im);
                    south[0][i] = 0.5 * (a.im + b.im);
                    south[1][i] = 0.5 * (b.re - a.re);
                }
                for c in 0..2 {
                    let [even, odd] = butterfly(&north[c], &south[c]);
                    cell[c * LANES..][..LANES].copy_from_slice(&even);
                    cell[(2 + c) * LANES..][..LANES].copy_from_slice(&odd);
                }
            }

            #[inline(always)]
            fn scatter(cell: &[f64], order: usize, longitudes: usize, rows: &mut [Complex64]) {
                let minus = negative(order, longitudes);
                let [north_re, south_re] = butterfly(lanes(cell, 2, 0, 0), lanes(cell, 2, 1, 0));
                let [north_im, south_im] = butterfly(lanes(cell, 2, 0, 1), lanes(cell, 2, 1, 1));
                for (i, row) in rows.chunks_exact_mut(longitudes).enumerate() {
                    row[minus] =
                        Complex64::new(north_re[i] + south_im[i], south_re[i] - north_im[i]);
                    row[order] =
                        Complex64::new(north_re[i] - south_im[i], north_im[i] + south_re[i]);
                }
                if order == 0 {
                    // A real signal has real coefficients there.
                    for (i, row) in rows.chunks_exact_mut(longitudes).enumerate() {
                        row[0] = Complex64::new(north_re[i], south_re[i]);
                    }
                }
            }

            #[inline(always)]
            fn orders(row: &[Complex64], order: usize) -> sealed::Orders {
                let index = order % row.len();
                let plus = row[index];
                let minus = row[negative(index, row.len())].conj();
                let (north, south) = (0.5 * (plus + minus), -I * 0.5 * (plus - minus));
                [[north, south], [Complex64::ZERO; 2]]
            }

            #[inline(always)]
            fn add_orders(row: &mut [Complex64], order: usize, [values, _]: sealed::Orders) {
                let [a, b] = values;
                let index = order % row.len();
                if order == 0 {
                    row[0] += Complex64::new(a.re, b.re);
                } else {
                    let minus = negative(index, row.len());
                    row[index] += a + I * b;
                    row[minus] += a.conj() + I * b.conj();
                }
            }
        }
    )*};
}

real! { f64 f32 }

macro_rules! complex {
    ($($number:ty)*) => {$(
        /// Each complex ring has half of the row.
        impl sealed::Sample for Complex<$number> {
            const ROWS: usize = 2;

            #[inline(always)]
            fn is_finite(self) -> bool {
                self.re.is_finite() && self.im.is_finite()
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn load(
                rings: [Option<&[Self]>; 2],
                weights: [f64; 2],
                row: &mut [Complex64],
            ) -> bool {
                let mut defect = 0.0;
                let half = row.len() / 2;
                for ((ring, weight), row) in
                    rings.into_iter().zip(weights).zip(row.chunks_exact_mut(half))
                {
                    match ring {
                        Some(ring) => {
                            for (slot, a) in row.iter_mut().zip(ring) {
                                *slot = Complex64::new(
                                    weight * f64::from(a.re),
                                    weight * f64::from(a.im),
                                );
                                defect += (slot.re + slot.im) * 0.0;
                            }
                        }
                        None => row.fill(Complex64::ZERO),
                    }
                }
                defect == 0.0
            }

            #[inline(always)]
            fn store(row: &[Complex64], weights: [f64; 2], rings: [Option<&mut [Self]>; 2]) {
                let half = row.len() / 2;
                for ((ring, weight), row) in
                    rings.into_iter().zip(weights).zip(row.chunks_exact(half))
                {
                    if let Some(ring) = ring {
                        for (out, value) in ring.iter_mut().zip(row) {
                            *out = Complex::new(
                                (weight * value.re) as $number,
                                (weight * value.im) as $number,
                            );
                        }
                    }
                }
            }

            #[inline(always)]
            fn gather(rows: &[Complex64], longitudes: usize, order: usize, cell: &mut [f64]) {
                let minus = negative(order, longitudes);
                let mut north = [[0.0; LANES]; 4];
                let mut south = [[0.0; LANES]; 4];
                for (i, row) in rows.chunks_exact(2 * longitudes).enumerate() {
                    for (k, index) in [order, minus].into_iter().enumerate() {
                        let (a, b) = (row[index], row[longitudes + index]);
                        north[2 * k][i] = a.re;
                        north[2 * k + 1][i] = a.im;
                        south[2 * k][i] = b.re;
                        south[2 * k + 1][i] = b.im;
                    }
                }
                for c in 0..4 {
                    let [even, odd] = butterfly(&north[c], &south[c]);
                    cell[c * LANES..][..LANES].copy_from_slice(&even);
                    cell[(4 + c) * LANES..][..LANES].copy_from_slice(&odd);
                }
            }

            #[inline(always)]
            fn scatter(cell: &[f64], order: usize, longitudes: usize, rows: &mut [Complex64]) {
                let minus = negative(order, longitudes);
                // Order zero comes last from `order`.
                for (k, index) in [minus, order].into_iter().enumerate() {
                    let c = 2 * (1 - k);
                    let [north_re, south_re] =
                        butterfly(lanes(cell, 4, 0, c), lanes(cell, 4, 1, c));
                    let [north_im, south_im] =
                        butterfly(lanes(cell, 4, 0, c + 1), lanes(cell, 4, 1, c + 1));
                    for (i, row) in rows.chunks_exact_mut(2 * longitudes).enumerate() {
                        row[index] = Complex64::new(north_re[i], north_im[i]);
                        row[longitudes + index] = Complex64::new(south_re[i], south_im[i]);
                    }
                }
            }

            #[inline(always)]
            fn orders(row: &[Complex64], order: usize) -> sealed::Orders {
                let n = row.len() / 2;
                let plus = order % n;
                let minus = negative(plus, n);
                [[row[plus], row[n + plus]], [row[minus], row[n + minus]]]
            }

            #[inline(always)]
            fn add_orders(row: &mut [Complex64], order: usize, [plus, minus]: sealed::Orders) {
                let n = row.len() / 2;
                let index = order % n;
                row[index] += plus[0];
                row[n + index] += plus[1];
                if order > 0 {
                    let index = negative(index, n);
                    row[index] += minus[0];
                    row[n + index] += minus[1];
                }
            }
        }
    )*};
}

complex! { f64 f32 }
