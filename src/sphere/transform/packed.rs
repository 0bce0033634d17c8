//! Coefficients in the order in which the Legendre stage works: m-major, `[m][l][component]`, l from m.
//!
//! The components are the real and imaginary part of $`\hat f_{\ell m}`$, and for complex signals also of $`(-1)^m \hat f_{\ell,-m}`$.

use super::cells::ORDERS;
use super::sample::Sample;
use crate::check::Finite;
use crate::sphere::coefficients::sign;
use crate::sphere::limits::Limits;
use num_complex::Complex64;
use rayon::prelude::*;
use std::ops::Range;

/// The orders in groups as the Legendre stage takes them.
pub(super) fn order_groups(order_limit: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
    (0..order_limit)
        .step_by(ORDERS)
        .map(move |m| m..order_limit.min(m + ORDERS))
}

/// Coefficients of the orders below `m`, `m ≥ 0`.
pub(super) fn packed_len(band_limit: usize, orders: usize) -> usize {
    orders * band_limit - orders * orders.saturating_sub(1) / 2
}

/// Rows of coefficients that are filled together: their cache lines stay in the cache while all groups of orders write to them.
const ROWS: usize = 32;

/// Packs the full coefficients of one kind of samples; returns whether all numbers are finite.
pub(super) fn pack_all<T: Sample>(
    coeffs: &[Complex64],
    packed: &mut [f64],
    limits: Limits,
    parallel: bool,
) -> bool {
    let mut rest = packed;
    let mut groups = order_groups(limits.orders).map(|orders| {
        let [start, end] = [orders.start, orders.end].map(|m| packed_len(limits.degrees, m));
        let len = end - start;
        let group = rest.split_off_mut(..2 * T::ROWS * len);
        (orders, group.expect("all orders have room"))
    });
    let fill = |(orders, group): (Range<usize>, &mut [f64])| {
        if T::ROWS == 1 {
            pack::<2>(coeffs, limits, orders, group)
        } else {
            pack::<4>(coeffs, limits, orders, group)
        }
    };
    if parallel {
        let groups: Vec<_> = groups.collect();
        groups.into_par_iter().all(fill)
    } else {
        groups.all(fill)
    }
}

/// Copies packed coefficients of one kind of samples into the full layout, zero where $`|m| > \ell`$.
pub(super) fn unpack_all<T: Sample>(
    packed: &[f64],
    coeffs: &mut [Complex64],
    limits: Limits,
    parallel: bool,
) {
    let fill = |(tile, rows): (usize, &mut [Complex64])| {
        if T::ROWS == 1 {
            unpack::<2>(packed, limits, tile * ROWS, rows);
        } else {
            unpack::<4>(packed, limits, tile * ROWS, rows);
        }
    };
    let size = ROWS * (2 * limits.orders - 1);
    if parallel {
        coeffs.par_chunks_mut(size).enumerate().for_each(fill);
    } else {
        coeffs.chunks_mut(size).enumerate().for_each(fill);
    }
}

/// Copies one group of orders out of full coefficients; returns whether all numbers are finite.
fn pack<const C: usize>(
    coeffs: &[Complex64],
    limits: Limits,
    orders: Range<usize>,
    packed: &mut [f64],
) -> bool {
    let (limit, width, zero) = (limits.degrees, 2 * limits.orders - 1, limits.orders - 1);
    // A transposition, `[l][m]` to `[m][l]`, eight orders at a time: each row of coefficients is read in contiguous pieces, and the
    // eight places that are written advance together.
    let starts = starts::<C>(limit, &orders);
    let mut defect = 0.0;
    for l in orders.start..limit {
        let row = &coeffs[l * width..][..width];
        for (i, m) in orders.clone().enumerate().take(l + 1 - orders.start) {
            let slot = &mut packed[starts[i] + C * (l - m)..][..C];
            let plus = row[zero + m];
            slot[0] = plus.re;
            slot[1] = plus.im;
            if C == 4 {
                let minus = sign(m) * row[zero - m];
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

/// Copies all orders into the rows of degrees from `first_degree` on of full coefficients, zero where $`|m| > \ell`$.
///
/// Goes by groups of orders, so that whole cache lines are written.
fn unpack<const C: usize>(
    packed: &[f64],
    limits: Limits,
    first_degree: usize,
    rows: &mut [Complex64],
) {
    for orders in order_groups(limits.orders) {
        let first = C * packed_len(limits.degrees, orders.start);
        unpack_group::<C>(&packed[first..], limits, orders, first_degree, rows);
    }
}

fn unpack_group<const C: usize>(
    packed: &[f64],
    limits: Limits,
    orders: Range<usize>,
    first_degree: usize,
    rows: &mut [Complex64],
) {
    let (width, zero) = (2 * limits.orders - 1, limits.orders - 1);
    let starts = starts::<C>(limits.degrees, &orders);
    for (l, row) in (first_degree..).zip(rows.chunks_exact_mut(width)) {
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
            row[zero - m] = minus;
            // Order zero comes last from `plus`.
            row[zero + m] = plus;
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
