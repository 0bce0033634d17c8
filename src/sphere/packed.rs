//! Coefficients in the order in which the Legendre stage works: m-major, `[m][l][component]`, l from m.
//!
//! The components are the real and imaginary part of $`\hat f_{\ell m}`$, and for complex signals those of $`(-1)^m \hat f_{\ell,-m}`$.

use super::cells::ORDERS;
use super::coefficients::sign;
use super::sample::Sample;
use crate::check::Finite;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use num_complex::Complex64;
use rayon::prelude::*;
use std::ops::Range;

/// The orders in groups as the Legendre stage takes them.
pub(super) fn order_groups(band_limit: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
    (0..band_limit)
        .step_by(ORDERS)
        .map(move |m| m..band_limit.min(m + ORDERS))
}

/// Coefficients of the orders below `m`, `m ≥ 0`.
pub(super) fn packed_len(band_limit: usize, orders: usize) -> usize {
    orders * band_limit - orders * orders.saturating_sub(1) / 2
}

/// Rows of coefficients that are filled together: their lines stay in the cache while the orders go by.
const ROWS: usize = 32;

/// Packs the coefficients of one kind of samples; returns whether all numbers are finite.
pub(super) fn pack_all<T: Sample>(
    coeffs: ArrayView2<'_, Complex64>,
    packed: &mut [f64],
    parallel: bool,
) -> bool {
    let standard = coeffs.as_standard_layout();
    let limit = standard.nrows();
    let mut rest = packed;
    let mut groups = order_groups(limit).map(|orders| {
        let len = packed_len(limit, orders.end) - packed_len(limit, orders.start);
        let group = rest.split_off_mut(..2 * T::ROWS * len);
        (orders, group.expect("all orders have room"))
    });
    let fill = |(orders, group): (Range<usize>, &mut [f64])| {
        if T::ROWS == 1 {
            pack::<2>(standard.view(), orders, group)
        } else {
            pack::<4>(standard.view(), orders, group)
        }
    };
    if parallel {
        let groups: Vec<_> = groups.collect();
        groups.into_par_iter().all(fill)
    } else {
        groups.all(fill)
    }
}

/// Copies packed coefficients of one kind of samples into an array of shape `[L, 2L − 1]`, zero where $`|m| > \ell`$.
pub(super) fn unpack_all<T: Sample>(
    packed: &[f64],
    mut coeffs: ArrayViewMut2<'_, Complex64>,
    parallel: bool,
) {
    let fill = |first: usize, rows: ArrayViewMut2<'_, Complex64>| {
        if T::ROWS == 1 {
            unpack::<2>(packed, first, rows);
        } else {
            unpack::<4>(packed, first, rows);
        }
    };
    if coeffs.as_slice().is_none() {
        let mut copy = Array2::zeros(coeffs.dim());
        fill(0, copy.view_mut());
        coeffs.assign(&copy);
        return;
    }
    let tiles = coeffs.axis_chunks_iter_mut(Axis(0), ROWS);
    if parallel {
        let tiles = tiles.into_par_iter().enumerate();
        tiles.for_each(|(i, rows)| fill(i * ROWS, rows));
    } else {
        tiles.enumerate().for_each(|(i, rows)| fill(i * ROWS, rows));
    }
}

/// Copies one group of orders out of an array of shape `[L, 2L − 1]`; returns whether all numbers are finite.
fn pack<const C: usize>(
    coeffs: ArrayView2<'_, Complex64>,
    orders: Range<usize>,
    packed: &mut [f64],
) -> bool {
    let limit = coeffs.nrows();
    let starts = starts::<C>(limit, &orders);
    let mut defect = 0.0;
    for l in orders.start..limit {
        let row = coeffs.row(l);
        let row = row.as_slice().expect("rows are contiguous");
        for (i, m) in orders.clone().enumerate().take(l + 1 - orders.start) {
            let slot = &mut packed[starts[i] + C * (l - m)..][..C];
            let plus = row[limit - 1 + m];
            slot[0] = plus.re;
            slot[1] = plus.im;
            if C == 4 {
                let minus = sign(m) * row[limit - 1 - m];
                slot[2] = minus.re;
                slot[3] = minus.im;
            }
            for value in slot {
                defect += value.defect();
            }
        }
    }
    defect == 0.0
}

/// Copies all orders into the rows of degrees from `first_degree` on of an array of shape `[L, 2L − 1]`, zero where $`|m| > \ell`$.
///
/// Goes by groups of orders, so that whole cache lines are written.
fn unpack<const C: usize>(
    packed: &[f64],
    first_degree: usize,
    mut rows: ArrayViewMut2<'_, Complex64>,
) {
    let limit = rows.ncols().div_ceil(2);
    for orders in order_groups(limit) {
        let first = C * packed_len(limit, orders.start);
        unpack_group::<C>(&packed[first..], orders, first_degree, rows.view_mut());
    }
}

fn unpack_group<const C: usize>(
    packed: &[f64],
    orders: Range<usize>,
    first_degree: usize,
    mut rows: ArrayViewMut2<'_, Complex64>,
) {
    let limit = rows.ncols().div_ceil(2);
    let starts = starts::<C>(limit, &orders);
    for (l, mut row) in (first_degree..).zip(rows.rows_mut()) {
        let row = row.as_slice_mut().expect("rows are contiguous");
        for (i, m) in orders.clone().enumerate() {
            let (plus, minus) = if m > l {
                (Complex64::ZERO, Complex64::ZERO)
            } else {
                let slot = &packed[starts[i] + C * (l - m)..][..C];
                let plus = Complex64::new(slot[0], slot[1]);
                let minus = if C == 4 {
                    Complex64::new(slot[2], slot[3])
                } else {
                    plus.conj()
                };
                (plus, sign(m) * minus)
            };
            row[limit - 1 - m] = minus;
            // Order zero comes last from `plus`.
            row[limit - 1 + m] = plus;
        }
    }
}

/// Where each order of a group starts.
fn starts<const C: usize>(band_limit: usize, orders: &Range<usize>) -> [usize; ORDERS] {
    let mut starts = [0; ORDERS];
    let mut at = 0;
    for (start, m) in starts.iter_mut().zip(orders.clone()) {
        *start = at;
        at += C * (band_limit - m);
    }
    starts
}
