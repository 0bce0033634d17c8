//! The Legendre stage at blocks of rings with shared chains, with vectors of every width, and where rings are too far apart for them.

use super::cells::{CellLayout, ORDERS};
use super::chains::Chains;
use super::legendre_stage::{Analysis, Synthesis, workspace_len};
use super::legendre_tables::LegendreTables;
use super::method::{Functions, method};
use super::packed::packed_len;
use super::ring_pairs::LANES;
use crate::numeric::normalised_legendre;
use crate::simd::aligned::Aligned;
use crate::simd::widths::Width;
use crate::tol;
use std::f64::consts::FRAC_PI_2;
use std::ops::Range;

/// Rings in pairs, and the functions at them by another recursion.
struct Case {
    tables: LegendreTables,
    colatitudes: Vec<f64>,
}

impl Case {
    fn new(band_limit: usize, colatitudes: Vec<f64>) -> Self {
        let (sine, cosine): (Vec<f64>, Vec<f64>) =
            colatitudes.iter().map(|theta| theta.sin_cos()).unzip();
        Case {
            tables: LegendreTables::new(
                method(Functions::Scalar, band_limit),
                crate::sphere::limits::Limits::all(band_limit),
                &sine,
                &cosine,
            ),
            colatitudes,
        }
    }

    fn layout<const C: usize>(&self) -> CellLayout {
        CellLayout::by_orders(C, self.tables.band_limit(), self.tables.blocks())
    }

    /// Both directions for one group of orders, `D` is twice `C`.
    fn check<const C: usize, const D: usize>(&self, width: Width, group: usize) {
        let limit = self.tables.band_limit();
        let orders = group * ORDERS..limit.min((group + 1) * ORDERS);
        self.check_synthesis::<C, D>(width, orders.clone());
        self.check_analysis::<C, D>(width, orders);
    }

    fn check_synthesis<const C: usize, const D: usize>(&self, width: Width, orders: Range<usize>) {
        let limit = self.tables.band_limit();
        let layout = self.layout::<C>();
        let packed = numbers(C * packed_len(limit, limit));
        let packed = &packed[C * packed_len(limit, orders.start)..];
        // What is there before does not matter.
        let mut cells = Aligned::from(vec![f64::NAN; layout.group_stride]);
        width.run(Synthesis::<_, C, D> {
            tables: &self.tables,
            orders: orders.clone(),
            packed,
            workspace: &mut Aligned::from(vec![f64::NAN; workspace_len(&self.tables, C)]),
            layout,
            cells: &mut cells,
        });
        for (row, m) in orders.clone().enumerate() {
            let before = packed_len(limit, m) - packed_len(limit, orders.start);
            self.each_ring(m, |ring, functions| {
                let cell = layout.position(row, ring / LANES) + ring % LANES;
                for parity in 0..2 {
                    for c in 0..C {
                        let want: f64 = (m + parity..limit)
                            .step_by(2)
                            .map(|l| functions[l] * packed[C * (before + l - m) + c])
                            .sum();
                        let found = cells[cell + (parity * C + c) * LANES];
                        assert!(
                            (found - want).abs() <= tol::chains(limit),
                            "{width:?}, order {m}, ring {ring}, parity {parity}, component {c}: {found} {want}"
                        );
                    }
                }
            });
        }
    }

    fn check_analysis<const C: usize, const D: usize>(&self, width: Width, orders: Range<usize>) {
        let limit = self.tables.band_limit();
        let layout = self.layout::<C>();
        let cells = Aligned::from(numbers(layout.len));
        let before = packed_len(limit, orders.start);
        let len = C * (packed_len(limit, orders.end) - before);
        let mut packed = vec![f64::NAN; len];
        width.run(Analysis::<_, C, D> {
            tables: &self.tables,
            orders: orders.clone(),
            layout,
            cells: &cells,
            workspace: &mut Aligned::from(vec![f64::NAN; workspace_len(&self.tables, C)]),
            packed: &mut packed,
        });
        let mut want = vec![0.0; len];
        for m in orders {
            let start = packed_len(limit, m) - before;
            self.each_ring(m, |ring, functions| {
                let cell = layout.position(m, ring / LANES) + ring % LANES;
                for l in m..limit {
                    for c in 0..C {
                        let data = cells[cell + ((l - m) % 2 * C + c) * LANES];
                        want[C * (start + l - m) + c] += functions[l] * data;
                    }
                }
            });
        }
        for (i, (found, want)) in packed.iter().zip(&want).enumerate() {
            assert!(
                (found - want).abs() <= tol::chains(limit),
                "{width:?}, coefficient {i}: {found} {want}"
            );
        }
    }

    /// All functions of an order at each ring that sees it.
    fn each_ring(&self, order: usize, mut visit: impl FnMut(usize, &[f64])) {
        let mut functions = vec![0.0; self.tables.band_limit()];
        for (ring, &colatitude) in self.colatitudes.iter().enumerate() {
            if order < self.tables.orders()[ring / LANES] {
                normalised_legendre(order, colatitude, &mut functions).unwrap();
                visit(ring, &functions);
            }
        }
    }
}

/// Numbers between −1 and 1.
fn numbers(count: usize) -> Vec<f64> {
    (0..count)
        .map(|i| (i as f64 * 1.7 + (i * i % 1009) as f64).sin())
        .collect()
}

/// High orders at which chains of blocks with either variable start late.
#[test]
fn chains_that_start_late() {
    let (limit, rings) = (1200, 8 * LANES);
    let step = FRAC_PI_2 / rings as f64;
    let case = Case::new(
        limit,
        (0..rings).map(|ring| (ring as f64 + 0.5) * step).collect(),
    );
    for &width in Width::ALL {
        for group in [40, 64] {
            case.check::<2, 4>(width, group);
        }
    }
}

/// Equispaced rings to the equator: blocks with both variables have shared chains, the last one has none.
#[test]
fn vectors_of_every_width() {
    let (limit, rings) = (200, 8 * LANES);
    let step = FRAC_PI_2 / rings as f64;
    let case = Case::new(
        limit,
        (0..rings).map(|ring| (ring as f64 + 0.5) * step).collect(),
    );
    let polar = case.tables.polar_blocks();
    assert!(polar == 4 && case.tables.shared_blocks() == case.tables.blocks() - 1);
    for &width in Width::ALL {
        // The last orders are seen by no block near the pole.
        for group in [0, 1, 7, 24] {
            case.check::<2, 4>(width, group);
            case.check::<4, 8>(width, group);
        }
    }
}

/// A block of rings so far apart that an order which some of them see from the first degree on is below the smallest numbers in another,
/// which sees it later: it has the two chains of each order.
#[test]
fn rings_too_far_apart_to_start_together() {
    let mut colatitudes = vec![0.26, 0.3, 0.4, 0.5, 0.6, 0.9, 1.1, 1.2];
    let far = Case::new(1200, colatitudes.clone());
    // So near to the pole that it never sees the orders that start far below.
    colatitudes[0] = 1e-3;
    let near = Case::new(200, colatitudes);
    assert_eq!(near.tables.shared_blocks(), 1);
    assert!(far.tables.shared().is_none());
    for &width in Width::ALL {
        for group in [0, 42, 60] {
            far.check::<2, 4>(width, group);
        }
        for group in [0, 12] {
            near.check::<2, 4>(width, group);
        }
    }
}
