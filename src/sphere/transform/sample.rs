//! The kinds of samples, and the passage of rings between samples, Fourier rows and the cells of the Legendre stage.

use super::ring_pairs::LANES;
use crate::check::all_finite;
use num_complex::{Complex, Complex64};
use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Simd, WithSimd};

/// A sample of a signal on the sphere: real (`f64`, `f32`: half the cost) or complex (`Complex<f64>`, `Complex<f32>`). Sealed.
///
/// Single precision is for storage: the transforms compute in double precision.
pub trait Sample: sealed::Sample {}

impl Sample for f64 {}
impl Sample for f32 {}
impl Sample for Complex<f64> {}
impl Sample for Complex<f32> {}

pub(in crate::sphere) mod sealed {
    use super::Complex64;
    use crate::check::Finite;
    use pulp::Simd;

    /// Fourier coefficients of a pair of rings at the orders `[m, −m]`, each `[north, south]`.
    pub(crate) type Orders = [[Complex64; 2]; 2];

    /// The parts of the transform that depend on the kind of sample.
    ///
    /// A *row* is the place of a pair of rings of n longitudes in the Fourier stage: `ROWS * n` complex numbers.
    pub trait Sample: Finite + Default + Send + Sync + 'static {
        /// Signed orders that are kept for each |m|: `m` alone for real signals, `m` and `−m` for complex ones. Also the
        /// number of complex rows that a pair of rings takes.
        const ROWS: usize;
        /// The real part, or the imaginary one.
        fn part(self, part: usize) -> f64;
        /// Sets the real part, or the imaginary one, of which real samples have none.
        fn set_part(&mut self, part: usize, value: f64);
        /// The real numbers of samples in double precision: of each sample its part, or both its parts.
        fn doubles(samples: &[Self]) -> Option<&[f64]>;
        /// As [`Sample::doubles`], to be written.
        fn doubles_mut(samples: &mut [Self]) -> Option<&mut [f64]>;
        /// Fills a row with a pair of rings, times weights; a ring that is missing counts as zero. Says whether all is finite.
        fn load(rings: [Option<&[Self]>; 2], weights: [f64; 2], row: &mut [Complex64]) -> bool;
        /// Reads a pair of rings, times weights, off a row.
        fn store(row: &[Complex64], weights: [f64; 2], rings: [Option<&mut [Self]>; 2]);
        /// Reads the orders ±m of all lanes of one cell off rows of equal length.
        fn gather<S: Simd>(
            simd: S,
            rows: &[Complex64],
            longitudes: usize,
            order: usize,
            cell: &mut [f64],
        );
        /// Writes the orders ±m of up to [`RUN`](super::RUN) consecutive cells into rows of equal length.
        fn scatter<S: Simd>(
            simd: S,
            cells: &[f64],
            order: usize,
            longitudes: usize,
            rows: &mut [Complex64],
        );
        /// Reads the orders ±m of one row, which may be aliased.
        fn orders(row: &[Complex64], order: usize) -> Orders;
        /// Adds the orders ±m to one row, aliased where it is too short.
        fn add_orders(row: &mut [Complex64], order: usize, values: Orders);
    }
}

/// Returns the index of order −m in a spectrum of `n` numbers, from the index of m.
#[inline(always)]
fn negative(index: usize, n: usize) -> usize {
    if index == 0 { 0 } else { n - index }
}

/// Orders that are written to a row together.
pub(super) const RUN: usize = 4;

/// Writes a run of orders ±m to a row; `minus` is in order of growing m.
#[inline(always)]
fn write_run(
    row: &mut [Complex64],
    order: usize,
    plus: &[Complex64; RUN],
    minus: &[Complex64; RUN],
    count: usize,
) {
    if count == RUN {
        row[order..order + RUN].copy_from_slice(plus);
    } else {
        row[order..order + count].copy_from_slice(&plus[..count]);
    }
    // Order zero has been written.
    let first = usize::from(order == 0);
    let end = row.len() - order + 1 - first;
    let reversed = [minus[3], minus[2], minus[1], minus[0]];
    if count == RUN && first == 0 {
        row[end - RUN..end].copy_from_slice(&reversed);
    } else {
        row[end - (count - first)..end].copy_from_slice(&reversed[RUN - count..RUN - first]);
    }
}

const I: Complex64 = Complex64::new(0.0, 1.0);

/// Components of one parity of a cell.
#[inline(always)]
fn lanes(cell: &[f64], components: usize, parity: usize, component: usize) -> &[f64; LANES] {
    cell[(components * parity + component) * LANES..]
        .first_chunk()
        .expect("a cell has whole vectors")
}

/// Returns sums and differences of eight lanes: the northern and the southern ring from the even and the odd part, or twice the even
/// and the odd part from the rings.
///
/// The additions are explicit vector instructions: the compiler would split additions whose results are stored at scattered places.
#[inline(always)]
fn butterfly<S: Simd>(simd: S, a: &[f64; LANES], b: &[f64; LANES]) -> [[f64; LANES]; 2] {
    let (mut sum, mut difference) = ([0.0; LANES], [0.0; LANES]);
    let (a, b) = (S::as_simd_f64s(a).0, S::as_simd_f64s(b).0);
    let sums = S::as_mut_simd_f64s(&mut sum).0;
    let differences = S::as_mut_simd_f64s(&mut difference).0;
    for ((a, b), (sum, difference)) in a.iter().zip(b).zip(sums.iter_mut().zip(differences)) {
        *sum = simd.add_f64s(*a, *b);
        *difference = simd.sub_f64s(*a, *b);
    }
    [sum, difference]
}

/// Writes half of eight numbers.
#[inline(always)]
fn store_half<S: Simd>(simd: S, values: &[f64; LANES], out: &mut [f64]) {
    let half = simd.splat_f64s(0.5);
    let out = S::as_mut_simd_f64s(out).0;
    for (value, out) in S::as_simd_f64s(values).0.iter().zip(out) {
        *out = simd.mul_f64s(half, *value);
    }
}

/// Whether all coefficients are finite.
pub(super) struct AllFinite<'a>(pub &'a [Complex64]);

impl WithSimd for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        all_finite(self.0)
    }
}

/// [`load`](sealed::Sample::load) with the widest vectors.
pub(super) struct Load<'a, T> {
    pub rings: [Option<&'a [T]>; 2],
    pub weights: [f64; 2],
    pub row: &'a mut [Complex64],
}

impl<T: Sample> WithSimd for Load<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        T::load(self.rings, self.weights, self.row)
    }
}

/// [`store`](sealed::Sample::store) with the widest vectors.
pub(super) struct Store<'a, T> {
    pub row: &'a [Complex64],
    pub weights: [f64; 2],
    pub rings: [Option<&'a mut [T]>; 2],
}

impl<T: Sample> WithSimd for Store<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        T::store(self.row, self.weights, self.rings);
    }
}

macro_rules! real {
    ($($number:ty)*) => {$(
        /// Two real rings are the real and imaginary part of one complex row.
        impl sealed::Sample for $number {
            const ROWS: usize = 1;

            #[inline(always)]
            fn part(self, _: usize) -> f64 {
                self.into()
            }

            #[inline(always)]
            fn set_part(&mut self, _: usize, value: f64) {
                *self = value as $number;
            }

            fn doubles(samples: &[Self]) -> Option<&[f64]> {
                (size_of::<$number>() == size_of::<f64>()).then(|| cast_slice(samples))
            }

            fn doubles_mut(samples: &mut [Self]) -> Option<&mut [f64]> {
                (size_of::<$number>() == size_of::<f64>()).then(|| cast_slice_mut(samples))
            }

            #[inline(always)]
            fn load(
                rings: [Option<&[Self]>; 2],
                weights: [f64; 2],
                row: &mut [Complex64],
            ) -> bool {
                let mut finite = true;
                for ring in rings {
                    if let Some(ring) = ring {
                        finite &= all_finite(ring);
                    }
                }
                let [north, south] = weights;
                match rings {
                    [Some(a), Some(b)] => {
                        for ((slot, a), b) in row.iter_mut().zip(a).zip(b) {
                            *slot = Complex64::new(north * f64::from(*a), south * f64::from(*b));
                        }
                    }
                    [Some(a), None] => {
                        for (slot, a) in row.iter_mut().zip(a) {
                            *slot = (north * f64::from(*a)).into();
                        }
                    }
                    [None, Some(b)] => {
                        for (slot, b) in row.iter_mut().zip(b) {
                            *slot = Complex64::new(0.0, south * f64::from(*b));
                        }
                    }
                    [None, None] => row.fill(Complex64::ZERO),
                }
                finite
            }

            #[inline(always)]
            fn store(row: &[Complex64], weights: [f64; 2], rings: [Option<&mut [Self]>; 2]) {
                let [north, south] = weights;
                match rings {
                    [Some(a), Some(b)] => {
                        for ((value, a), b) in row.iter().zip(a).zip(b) {
                            *a = (north * value.re) as $number;
                            *b = (south * value.im) as $number;
                        }
                    }
                    [Some(a), None] => {
                        for (value, a) in row.iter().zip(a) {
                            *a = (north * value.re) as $number;
                        }
                    }
                    [None, Some(b)] => {
                        for (value, b) in row.iter().zip(b) {
                            *b = (south * value.im) as $number;
                        }
                    }
                    [None, None] => {}
                }
            }

            #[inline(always)]
            fn gather<S: Simd>(
 simd: S, rows: &[Complex64], longitudes: usize, order: usize, cell: &mut [f64]) {
                // `parts`: real and imaginary parts of z_m, then of z_{−m}, with the pairs of rings in the lanes.
                let minus = negative(order, longitudes);
                let mut parts = [[0.0; LANES]; 4];
                for (i, row) in rows.chunks_exact(longitudes).enumerate() {
                    let (a, b) = (row[order], row[minus]);
                    parts[0][i] = a.re;
                    parts[1][i] = a.im;
                    parts[2][i] = b.re;
                    parts[3][i] = b.im;
                }
                // With z = north + i south: 2 N_m = z_m + conj z_{−m} and 2 i S_m = z_m − conj z_{−m}, lane by lane; even and odd
                // parts are N ± S.
                let [north_re, minus_south_im] = butterfly(simd, &parts[0], &parts[2]);
                let [south_re, north_im] = butterfly(simd, &parts[1], &parts[3]);
                let [even_re, odd_re] = butterfly(simd, &north_re, &south_re);
                let [odd_im, even_im] = butterfly(simd, &north_im, &minus_south_im);
                for (part, values) in [even_re, even_im, odd_re, odd_im].iter().enumerate() {
                    store_half(simd, values, &mut cell[part * LANES..(part + 1) * LANES]);
                }
            }

            #[inline(always)]
            fn scatter<S: Simd>(
 simd: S, cells: &[f64], order: usize, longitudes: usize, rows: &mut [Complex64]) {
                // The inverse of `gather`: z_m = N_m + i S_m and z_{−m} = conj N_m + i conj S_m. `plus` and `minus` transpose a run of
                // orders, from cells with rings in the lanes to contiguous orders per ring.
                let mut plus = [[Complex64::ZERO; RUN]; LANES];
                let mut minus = plus;
                let mut count = 0;
                for cell in cells.chunks_exact(4 * LANES) {
                    let [north_re, south_re] = butterfly(simd, lanes(cell, 2, 0, 0), lanes(cell, 2, 1, 0));
                    let [north_im, south_im] = butterfly(simd, lanes(cell, 2, 0, 1), lanes(cell, 2, 1, 1));
                    // A real signal has real coefficients of order zero.
                    let (north_im, south_im) = if order + count == 0 {
                        ([0.0; LANES], [0.0; LANES])
                    } else {
                        (north_im, south_im)
                    };
                    let [minus_re, plus_re] = butterfly(simd, &north_re, &south_im);
                    let [plus_im, minus_im] = butterfly(simd, &south_re, &north_im);
                    for i in 0..LANES {
                        plus[i][count] = Complex64::new(plus_re[i], plus_im[i]);
                        minus[i][count] = Complex64::new(minus_re[i], minus_im[i]);
                    }
                    count += 1;
                }
                for ((row, plus), minus) in rows.chunks_exact_mut(longitudes).zip(&plus).zip(&minus) {
                    write_run(row, order, plus, minus, count);
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
            fn part(self, part: usize) -> f64 {
                [self.re, self.im][part].into()
            }

            #[inline(always)]
            fn set_part(&mut self, part: usize, value: f64) {
                *[&mut self.re, &mut self.im][part] = value as $number;
            }

            fn doubles(samples: &[Self]) -> Option<&[f64]> {
                (size_of::<$number>() == size_of::<f64>()).then(|| cast_slice(samples))
            }

            fn doubles_mut(samples: &mut [Self]) -> Option<&mut [f64]> {
                (size_of::<$number>() == size_of::<f64>()).then(|| cast_slice_mut(samples))
            }

            #[inline(always)]
            fn load(
                rings: [Option<&[Self]>; 2],
                weights: [f64; 2],
                row: &mut [Complex64],
            ) -> bool {
                let half = row.len() / 2;
                let mut finite = true;
                for ((ring, weight), row) in rings
                    .into_iter()
                    .zip(weights)
                    .zip(row.chunks_exact_mut(half))
                {
                    match ring {
                        Some(ring) => {
                            finite &= all_finite(ring);
                            for (slot, a) in row.iter_mut().zip(ring) {
                                *slot = Complex64::new(
                                    weight * f64::from(a.re),
                                    weight * f64::from(a.im),
                                );
                            }
                        }
                        None => row.fill(Complex64::ZERO),
                    }
                }
                finite
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
            fn gather<S: Simd>(
 simd: S, rows: &[Complex64], longitudes: usize, order: usize, cell: &mut [f64]) {
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
                    let [even, odd] = butterfly(simd, &north[c], &south[c]);
                    cell[c * LANES..][..LANES].copy_from_slice(&even);
                    cell[(4 + c) * LANES..][..LANES].copy_from_slice(&odd);
                }
            }

            #[inline(always)]
            fn scatter<S: Simd>(
 simd: S, cells: &[f64], order: usize, longitudes: usize, rows: &mut [Complex64]) {
                // North and south, each with orders m and −m.
                let mut values = [[[[Complex64::ZERO; RUN]; 2]; 2]; LANES];
                let mut count = 0;
                for cell in cells.chunks_exact(8 * LANES) {
                    for k in 0..2 {
                        let c = 2 * k;
                        let re = butterfly(simd, lanes(cell, 4, 0, c), lanes(cell, 4, 1, c));
                        let im = butterfly(simd, lanes(cell, 4, 0, c + 1), lanes(cell, 4, 1, c + 1));
                        for i in 0..LANES {
                            for ring in 0..2 {
                                values[i][ring][k][count] = Complex64::new(re[ring][i], im[ring][i]);
                            }
                        }
                    }
                    count += 1;
                }
                for (rows, values) in rows.chunks_exact_mut(2 * longitudes).zip(&values) {
                    for (row, [plus, minus]) in rows.chunks_exact_mut(longitudes).zip(values) {
                        write_run(row, order, plus, minus, count);
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

#[cfg(test)]
mod tests {
    use super::sealed::Sample as _;
    use super::*;

    /// Each ring has its own weight, whether the other one is there or not.
    #[test]
    fn rings_are_stored_with_their_weights() {
        let row: Vec<Complex64> = (0..11)
            .map(|k| Complex64::new(1.0 + k as f64, -2.0 * k as f64))
            .collect();
        let north: Vec<f64> = row.iter().map(|value| 2.0 * value.re).collect();
        let south: Vec<f64> = row.iter().map(|value| 0.5 * value.im).collect();
        for there in [[true, true], [true, false], [false, true], [false, false]] {
            let mut rings = [vec![0.0; 11], vec![0.0; 11]];
            let places = rings.each_mut().map(|ring| &mut ring[..]);
            let mut kept = there.into_iter();
            let places = places.map(|ring| kept.next().expect("two").then_some(ring));
            f64::store(&row, [2.0, 0.5], places);
            for ((ring, want), there) in rings.iter().zip([&north, &south]).zip(there) {
                let none = vec![0.0; 11];
                assert_eq!(ring, if there { want } else { &none });
            }
        }
    }
}
