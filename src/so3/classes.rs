//! The degree stage of the Wigner transform: coefficients ↔ Fourier coefficients at each β, class by class of orders.
//!
//! Synthesis computes, for each pair of orders and each node β,
//!
//! ```math
//! X_{mn}(\beta) = \sum_\ell \frac{2\ell+1}{8\pi^2} \, \hat f^\ell_{mn} \, d^\ell_{mn}(\beta) ,
//! ```
//! and analysis the transposed sums over β. Eight pairs of orders need one set of Wigner functions up to signs and the mirror
//! β → π − β, so the functions of a class are computed, or read from a table, once for all of them.
//!
//! The Fourier coefficients of eight β make a *plane* of numbers (see [`lane_fft`](crate::simd::fft)), one row for each
//! order of α; for real signals only the orders m ≥ 0. The planes of the northern nodes of some blocks are followed by
//! the planes of the southern nodes.

use super::products::{expand, project};
use crate::check::Finite;
use crate::simd::fft::{LANES, NUMBER, lane_offset};
use crate::wigner::table::{WignerNodes, WignerTable};
use num_complex::Complex64;
use pulp::{Simd, WithSimd};
use std::f64::consts::PI;
use std::ops::Range;

/// One of the eight pairs of orders that use the Wigner functions of a class (m, n), m ≥ n ≥ 0. Mirrored members take
/// $`d_{m,-n}(\beta) = (-1)^{\ell+m} d_{mn}(\pi-\beta)`$.
#[derive(Debug, Clone, Copy)]
struct Member {
    /// Whether the orders are (n, m) in place of (m, n), before the signs.
    swapped: bool,
    sign_m: i64,
    sign_n: i64,
    /// Whether the functions have the factor $`(-1)^{m-n}`$.
    alternating: bool,
}

const fn member(swapped: bool, sign_m: i64, sign_n: i64, alternating: bool) -> Member {
    Member {
        swapped,
        sign_m,
        sign_n,
        alternating,
    }
}

/// The members of a class. The second half of each list is mirrored: it uses the functions at π − β.
const ALL: [Member; 8] = [
    member(false, 1, 1, false),
    member(false, -1, -1, true),
    member(true, 1, 1, true),
    member(true, -1, -1, false),
    member(false, 1, -1, false),
    member(false, -1, 1, true),
    member(true, -1, 1, true),
    member(true, 1, -1, false),
];
/// Without exchanging m and n: where they are equal, or |m| is not an order of γ.
const UNSWAPPED: [Member; 4] = [ALL[0], ALL[1], ALL[4], ALL[5]];
/// One of each conjugate pair, the one with the order of α that is not negative.
const REAL: [Member; 4] = [ALL[0], ALL[2], ALL[4], ALL[7]];
const REAL_UNSWAPPED: [Member; 2] = [ALL[0], ALL[4]];

/// Where the Fourier coefficients of one plane are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// L.
    pub(super) band_limit: usize,
    /// N: orders of γ are below it in modulus.
    pub(super) order_limit: usize,
    /// Whether the orders of α are 0..L, and not −L + 1..L.
    pub(super) real: bool,
    pub(super) n_gamma: usize,
}

impl Layout {
    /// Orders of α.
    pub(super) fn rows(&self) -> usize {
        if self.real {
            self.band_limit
        } else {
            2 * self.band_limit - 1
        }
    }

    /// Numbers from row to row; odd, so that a column does not fall on few sets of a cache.
    pub(super) fn stride(&self) -> usize {
        self.n_gamma | 1
    }

    /// `f64`s of a plane.
    pub(super) fn plane_len(&self) -> usize {
        self.rows() * self.stride() * NUMBER
    }

    fn position(&self, order_m: i64, order_n: i64) -> usize {
        let wrapped = |order: i64, len: usize| {
            if order < 0 {
                len - order.unsigned_abs() as usize
            } else {
                order as usize
            }
        };
        wrapped(order_m, self.rows()) * self.stride() + wrapped(order_n, self.n_gamma)
    }

    /// Position of (−L + 1.., l = 0) in an array of coefficients `[n, l, m]`, and the step to the next degree.
    #[inline(always)]
    pub(super) fn coefficient(&self, order_m: i64, order_n: i64) -> (usize, usize) {
        let orders = 2 * self.band_limit - 1;
        let row = (order_n + self.order_limit as i64 - 1) as usize * self.band_limit;
        (
            row * orders + (order_m + self.band_limit as i64 - 1) as usize,
            orders,
        )
    }

    /// All classes, such that neighbours use neighbouring coefficients: four orders n share a cache line.
    fn classes(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (band_limit, order_limit) = (self.band_limit, self.order_limit);
        (0..order_limit).step_by(4).flat_map(move |first| {
            (first..band_limit).flat_map(move |m| {
                (first..(first + 4).min(order_limit).min(m + 1)).map(move |n| (m, n))
            })
        })
    }

    fn swaps(&self, m: usize, n: usize) -> bool {
        m != n && m < self.order_limit
    }
}

/// A member with everything that does not depend on the degree.
#[derive(Clone, Copy)]
struct Place {
    order_m: i64,
    order_n: i64,
    position: usize,
    /// Sign at even and at odd ℓ − m.
    signs: [f64; 2],
}

#[inline(always)]
fn places<const M: usize>(
    layout: &Layout,
    m: usize,
    n: usize,
    members: &[Member; M],
) -> [Place; M] {
    std::array::from_fn(|k| {
        let member = members[k];
        let (first, second) = if member.swapped { (n, m) } else { (m, n) };
        let (order_m, order_n) = (member.sign_m * first as i64, member.sign_n * second as i64);
        let sign = if member.alternating && (m - n) % 2 == 1 {
            -1.0
        } else {
            1.0
        };
        Place {
            order_m,
            order_n,
            position: layout.position(order_m, order_n),
            signs: [sign, if k >= M / 2 { -sign } else { sign }],
        }
    })
}

/// Work space of this stage, each part aligned to registers.
pub(super) struct ClassScratch<'a> {
    pub(super) table: &'a mut [f64],
    pub(super) packed: &'a mut [f64],
    pub(super) data: &'a mut [f64],
    pub(super) resampled: &'a mut [f64],
    pub(super) state: &'a mut WignerTable,
}

/// The Wigner functions of a class for the nodes of some blocks: tabulated, or computed now.
#[inline(always)]
fn functions<'a, S: Simd>(
    simd: S,
    nodes: &WignerNodes,
    tabulated: Option<&'a [f64]>,
    used: &mut usize,
    class: (usize, usize),
    blocks: &Range<usize>,
    (table, state): (&'a mut [f64], &mut WignerTable),
) -> &'a [f64] {
    let len = nodes.rows(class.0) * 2 * blocks.len() * LANES;
    match tabulated {
        Some(all) => {
            *used += len;
            &all[*used - len..*used]
        }
        None => {
            let table = &mut table[..len];
            nodes.fill(simd, class, blocks.clone(), table, state);
            table
        }
    }
}

/// Tabulates the Wigner functions of all classes.
pub(super) struct Tabulate<'a> {
    pub(super) layout: Layout,
    pub(super) nodes: &'a WignerNodes,
    pub(super) blocks: usize,
}

impl WithSimd for Tabulate<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let (mut all, mut state) = (Vec::new(), WignerTable::default());
        for (m, n) in self.layout.classes() {
            let first = all.len();
            let len = self.nodes.rows(m) * 2 * self.blocks * LANES;
            all.resize(first + len, 0.0);
            let table = &mut all[first..];
            self.nodes
                .fill(simd, (m, n), 0..self.blocks, table, &mut state);
        }
        all
    }
}

/// Where synthesis takes its coefficients from.
pub(super) trait Coefficients {
    /// Writes the coefficients of the given orders (m, n), one degree in each row, from degree `first` on.
    fn write(&self, first: usize, orders: &[[i64; 2]], rows: &mut [f64]);
}

/// Planes from coefficients; false if some coefficient that is read is NaN or infinite.
pub(super) struct Synthesis<'a> {
    pub(super) layout: Layout,
    pub(super) nodes: &'a WignerNodes,
    pub(super) tabulated: Option<&'a [f64]>,
    pub(super) blocks: Range<usize>,
    pub(super) coeffs: &'a dyn Coefficients,
    pub(super) scratch: ClassScratch<'a>,
    pub(super) planes: &'a mut [f64],
}

impl WithSimd for Synthesis<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> bool {
        let layout = self.layout;
        let stride = layout.stride() * NUMBER;
        let gap = layout.order_limit * NUMBER..(layout.n_gamma + 1 - layout.order_limit) * NUMBER;
        for row in self.planes.chunks_exact_mut(stride) {
            row[gap.clone()].fill(0.0);
        }
        // K columns (real and imaginary part per member) times V registers of nodes: 16 or fewer sums stay in registers.
        let (mut used, mut defect) = (0, 0.0);
        for (m, n) in layout.classes() {
            defect += match (layout.real, layout.swaps(m, n)) {
                (false, true) => self.class::<S, 16, 8, 1>(simd, m, n, &ALL, &mut used),
                (false, false) => self.class::<S, 8, 4, 2>(simd, m, n, &UNSWAPPED, &mut used),
                (true, true) => self.class::<S, 8, 4, 2>(simd, m, n, &REAL, &mut used),
                (true, false) => self.class::<S, 4, 2, 2>(simd, m, n, &REAL_UNSWAPPED, &mut used),
            };
        }
        defect == 0.0
    }
}

impl Synthesis<'_> {
    /// `K` is twice the number `M` of members; `V` registers of nodes are summed at once. Returns zero, unless some
    /// coefficient is NaN or infinite.
    #[inline(always)]
    fn class<S: Simd, const K: usize, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        m: usize,
        n: usize,
        members: &[Member; M],
        used: &mut usize,
    ) -> f64 {
        let places = places(&self.layout, m, n, members);
        let scratch = &mut self.scratch;
        let packed = &mut scratch.packed[..self.nodes.rows(m) * K];
        let orders = places.map(|place| [place.order_m, place.order_n]);
        self.coeffs.write(m, &orders, packed);
        let mut signs = [[0.0; K]; 2];
        for k in 0..K {
            (signs[0][k], signs[1][k]) = (places[k / 2].signs[0], places[k / 2].signs[1]);
        }
        let (packed, _) = packed.as_chunks_mut::<K>();
        // Signs and the factor (2ℓ + 1)/8π² go into the few coefficients, not into the functions at every node.
        let mut defects = [0.0; K];
        for (i, row) in packed.iter_mut().enumerate() {
            let norm = (2 * (m + i) + 1) as f64 / (8.0 * PI * PI);
            for k in 0..K {
                defects[k] += row[k].defect();
                row[k] *= norm * signs[i & 1][k];
            }
        }
        let table = functions(
            simd,
            self.nodes,
            self.tabulated,
            used,
            (m, n),
            &self.blocks,
            (scratch.table, scratch.state),
        );
        let (table, _) = S::as_simd_f64s(table);
        let (planes, _) = S::as_mut_simd_f64s(self.planes);
        let per_plane = self.layout.plane_len() / S::F64_LANES;
        let (per_number, per_bundle) = (NUMBER / S::F64_LANES, LANES / S::F64_LANES);
        let count = self.blocks.len();
        let width = 2 * count * per_bundle;
        for column in (0..width).step_by(V) {
            let start = match self.tabulated {
                Some(_) => 0,
                None => *scratch.state.starts[column..column + V]
                    .iter()
                    .min()
                    .expect("V is not zero"),
            };
            // The functions at a group of nodes serve its own plane for the first half of the members, and the plane of the mirrored
            // group for the second half.
            let sums = expand::<S, K, V>(simd, table, (width, column), start, packed);
            for (v, sums) in sums.iter().enumerate() {
                let (group, part) = ((column + v) / per_bundle, (column + v) % per_bundle);
                let mirror = if group < count {
                    group + count
                } else {
                    group - count
                };
                for k in 0..M {
                    let plane = if k < M / 2 { group } else { mirror };
                    let at = plane * per_plane + places[k].position * per_number + 2 * part;
                    let number = &mut planes[at..at + 2];
                    number[0] = sums[2 * k];
                    number[1] = sums[2 * k + 1];
                }
            }
        }
        defects.iter().sum()
    }
}

/// Samples at rings without an equator between them, brought to symmetric nodes.
#[derive(Debug, Clone)]
pub(super) struct Resampling {
    /// Rings, rounded up to whole planes.
    pub(super) padded_rings: usize,
    /// For even and odd m − n, the matrix from rings to nodes, entry `node * padded_rings + ring`.
    pub(super) matrices: [Vec<f64>; 2],
    /// For each pair of nodes the rows of the northern and the southern one, and their weight.
    pub(super) pairs: Vec<([Option<usize>; 2], f64)>,
}

/// Coefficients from weighted planes.
pub(super) struct Analysis<'a> {
    pub(super) layout: Layout,
    pub(super) nodes: &'a WignerNodes,
    pub(super) tabulated: Option<&'a [f64]>,
    pub(super) resampling: Option<&'a Resampling>,
    pub(super) blocks: Range<usize>,
    pub(super) scratch: ClassScratch<'a>,
    pub(super) planes: &'a [f64],
    /// Overwritten if `blocks` starts at 0, added to otherwise.
    pub(super) coeffs: &'a mut [Complex64],
}

impl WithSimd for Analysis<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut used = 0;
        for (m, n) in self.layout.classes() {
            match (self.layout.real, self.layout.swaps(m, n)) {
                (false, true) => self.class::<S, 16, 8>(simd, m, n, &ALL, &mut used),
                (false, false) => self.class::<S, 8, 4>(simd, m, n, &UNSWAPPED, &mut used),
                (true, true) => self.class::<S, 8, 4>(simd, m, n, &REAL, &mut used),
                (true, false) => self.class::<S, 8, 2>(simd, m, n, &REAL_UNSWAPPED, &mut used),
            }
        }
    }
}

impl Analysis<'_> {
    /// `C` columns hold the `M` members.
    #[inline(always)]
    fn class<S: Simd, const C: usize, const M: usize>(
        &mut self,
        simd: S,
        m: usize,
        n: usize,
        members: &[Member; M],
        used: &mut usize,
    ) {
        let places = places(&self.layout, m, n, members);
        let pairs = self.blocks.len() * LANES;
        let data = &mut self.scratch.data[..2 * pairs * C];
        if 2 * M < C {
            data.fill(0.0);
        }
        let plane_len = self.layout.plane_len();
        // `data` is `[node][member][re, im]`: planes have nodes in the lanes, the product needs members there, so numbers are transposed.
        match self.resampling {
            None => {
                for (group, rows) in data.chunks_exact_mut(LANES * C).enumerate() {
                    let count = self.blocks.len();
                    let mirror = if group < count {
                        group + count
                    } else {
                        group - count
                    };
                    for (k, place) in places.iter().enumerate() {
                        let plane = if k < M / 2 { group } else { mirror };
                        let at = plane * plane_len + place.position * NUMBER;
                        spread::<S, C>(&self.planes[at..at + NUMBER], k, rows);
                    }
                }
            }
            Some(resampling) => {
                let rings = &mut self.scratch.resampled[..];
                let (rings, found) = rings.split_at_mut(resampling.padded_rings * C);
                let found =
                    &mut found[..resampling.matrices[0].len() / resampling.padded_rings * C];
                rings.fill(0.0);
                for (group, rows) in rings.chunks_exact_mut(LANES * C).enumerate() {
                    for (k, place) in places.iter().enumerate() {
                        let at = group * plane_len + place.position * NUMBER;
                        spread::<S, C>(&self.planes[at..at + NUMBER], k, rows);
                    }
                }
                let matrix = &resampling.matrices[(m - n) % 2];
                project::<S, C>(simd, matrix, resampling.padded_rings, &[], rings, found);
                data.fill(0.0);
                let (north, south) = data.split_at_mut(pairs * C);
                for (j, (nodes, weight)) in resampling.pairs.iter().enumerate() {
                    for (side, node) in nodes.iter().enumerate() {
                        let Some(node) = node else { continue };
                        for (column, value) in found[node * C..][..C].iter().enumerate() {
                            // The mirrored half of the members crosses the equator.
                            let target = if (side == 1) == (column >= M) {
                                &mut *north
                            } else {
                                &mut *south
                            };
                            target[j * C + column] = weight * value;
                        }
                    }
                }
            }
        }
        let table = functions(
            simd,
            self.nodes,
            self.tabulated,
            used,
            (m, n),
            &self.blocks,
            (self.scratch.table, self.scratch.state),
        );
        let starts = match self.tabulated {
            Some(_) => &[],
            None => &self.scratch.state.starts[..],
        };
        let rows = self.nodes.rows(m);
        let packed = &mut self.scratch.packed[..rows * C];
        project::<S, C>(simd, table, 2 * pairs, starts, data, packed);
        // For n = 0 the mirrored members repeat the others, and for m = 0 all members are one pair of orders.
        let distinct = match (m, n) {
            (0, _) => 1,
            (_, 0) => M / 2,
            _ => M,
        };
        let add = self.blocks.start > 0;
        for (k, place) in places[..distinct].iter().enumerate() {
            self.store::<C>(m, k, place, false, add);
            if self.layout.real && m > 0 {
                self.store::<C>(m, k, place, true, add);
            }
        }
    }

    /// Takes member `k` from the packed rows; or its partner (−m, −n), by the symmetry of a real function.
    #[inline(always)]
    fn store<const C: usize>(
        &mut self,
        m: usize,
        k: usize,
        place: &Place,
        partner: bool,
        add: bool,
    ) {
        let (mut order_m, mut order_n, mut conjugate) = (place.order_m, place.order_n, 1.0);
        let mut signs = place.signs;
        if partner {
            if (order_m - order_n) % 2 != 0 {
                signs = signs.map(|sign| -sign);
            }
            (order_m, order_n, conjugate) = (-order_m, -order_n, -1.0);
        }
        let (first, step) = self.layout.coefficient(order_m, order_n);
        let rows = self.scratch.packed.as_chunks::<C>().0.iter();
        let targets = self.coeffs[first + m * step..].iter_mut().step_by(step);
        for (i, (row, target)) in rows.take(self.nodes.rows(m)).zip(targets).enumerate() {
            let sign = signs[i & 1];
            let value = Complex64::new(sign * row[2 * k], conjugate * sign * row[2 * k + 1]);
            *target = if add { *target + value } else { value };
        }
    }
}

/// Writes the eight values of a number to column `k` of eight rows: a transposition from nodes in lanes to nodes in rows.
#[inline(always)]
fn spread<S: Simd, const C: usize>(number: &[f64], k: usize, rows: &mut [f64]) {
    for (lane, row) in rows.as_chunks_mut::<C>().0.iter_mut().enumerate() {
        let at = lane_offset::<S>(lane);
        row[2 * k] = number[at];
        row[2 * k + 1] = number[at + S::F64_LANES];
    }
}
