//! The cross-correlation of two real signals on the sphere, handed out piece by piece.
//!
//! A kernel needs the correlation at every node of a Haar quadrature, once, to be mapped pointwise
//! and summed. It is therefore computed in pieces that stay in the first-level cache; the grid as a
//! whole is never stored. Every loop runs over vectors of eight numbers without a remainder.
//!
//! With `$`F_{lm}, F'_{ln}`$` the coefficients of the two signals,
//!
//! ```math
//! K(\alpha,\beta,\gamma) = \mathrm{Re} \sum_{m \ge 0} e^{-im\alpha} \sum_n e^{-in\gamma}
//!     \underbrace{\sum_l \frac{2-\delta_{m0}}{4\pi C} \sum_c \overline{F_{lm}} F'_{ln} \, d^l_{mn}(\beta)}_{X_{mn}(\beta)}
//! ```
//!
//! The two angle sums take the angles in pairs ±γ, ±α: cosine and sine sums are formed once and
//! combined by addition and subtraction.

use std::f64::consts::PI;

use pulp::{Arch, Simd, WithSimd};

use crate::special::{GaussLegendre, WignerDRecursion};
use crate::{Error, Result};

use super::real_harmonics::{LANES, RealHarmonics, padded};

/// Aimed-at length of a piece: correlation and tangent kernel of a piece fit the first-level cache.
const PIECE_LEN: usize = 1024;
/// Largest number of (γ, β) nodes in a piece.
const PIECE_WIDTH: usize = 512;
/// Beyond this many bytes the Wigner d-functions are recomputed for each pair instead of tabulated.
const TABLE_BYTES: usize = 64 << 20;

/// Largest scratch of one thread, in numbers: 4 GiB.
const LARGEST_SCRATCH: u128 = 1 << 29;

/// Correlates real signals of one band limit at the nodes of one Haar quadrature.
///
/// ```math
/// K(r) = \frac{1}{4\pi C} \sum_c \int_{S^2} f_c(x) \, f'_c(r^{-1} x) \, d\Omega(x)
/// ```
///
/// The nodes are M Gauss–Legendre colatitudes β and 2M − 1 equispaced angles α and γ: exact for
/// functions on SO(3) of degree up to 2M − 2 when K is mapped by a polynomial of suitable degree.
/// Since the Haar measure does not change under inversion, means over r equal those with
/// `$`f'(r x)`$`.
///
/// # Cost
/// O(M L³ + M² L² + M³ L) a pair. Memory: the table of Wigner d-functions, (2/3) L³ M numbers, as
/// long as it is below 64 MiB (otherwise they are recomputed for each pair); a workspace of
/// 2 (2M − 1) M L numbers a thread.
pub struct RealCorrelator {
    band_limit: usize,
    /// M.
    nodes: usize,
    /// cos β/2 and sin β/2 are kept inside; one class is all degrees of one (m, ±n).
    colatitudes: Vec<f64>,
    table: Option<Vec<f64>>,
    /// cos and sin of 2πjk/(2M − 1), row k < M, column j < L.
    cosines: Vec<f64>,
    sines: Vec<f64>,
    /// Haar weights of the (γ, β) nodes for one α; padding has weight zero.
    weights: Vec<f64>,
    pieces: Vec<Piece>,
    product_starts: Vec<usize>,
}

/// The nodes of one piece: a range of (γ, β) nodes, times a range of pairs ±α.
#[derive(Debug, Clone, Copy)]
struct Piece {
    first_node: usize,
    width: usize,
    first_pair: usize,
    last_pair: usize,
}

impl Piece {
    fn rows(&self) -> usize {
        // The pair 0 is the single angle α = 0.
        2 * (self.last_pair - self.first_pair) - usize::from(self.first_pair == 0)
    }
}

/// Scratch for [`RealCorrelator`]; its content never affects a result.
#[derive(Debug, Clone)]
pub struct CorrelatorWorkspace {
    products: Vec<f64>,
    class: Vec<f64>,
    sums: Vec<f64>,
    orders: Vec<f64>,
}

impl RealCorrelator {
    /// Builds the tables.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals, at least 1
    /// * `nodes` — M, the band limit of the quadrature, at least 1
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if either is zero, or the scratch of one thread would exceed 4 GiB.
    pub fn new(band_limit: usize, nodes: usize) -> Result<Self> {
        for (what, value) in [("band limit", band_limit), ("quadrature band limit", nodes)] {
            if value == 0 {
                return Err(Error::InvalidValue {
                    what: what.into(),
                    found: "0".into(),
                    expected: "at least 1".into(),
                });
            }
        }
        if !Self::fits(band_limit, nodes) {
            return Err(Error::InvalidValue {
                what: "band limits of signals and quadrature".into(),
                found: format!("{band_limit} and {nodes}"),
                expected: "smaller ones, for scratch of at most 4 GiB a thread".into(),
            });
        }
        let rule = GaussLegendre::new(nodes)?;
        let angles = 2 * nodes - 1;
        let angle = |j: usize, k: usize| 2.0 * PI * ((j * k) % angles) as f64 / angles as f64;
        let turn = |f: fn(f64) -> f64| -> Vec<f64> {
            (0..nodes)
                .flat_map(|k| (0..band_limit).map(move |j| f(angle(j, k))))
                .collect()
        };
        let (cosines, sines) = (turn(f64::cos), turn(f64::sin));
        let measure = 2.0 * (angles * angles) as f64;
        let mut weights: Vec<f64> = (0..angles)
            .flat_map(|_| rule.weights.iter().map(|w| w / measure))
            .collect();
        weights.resize(padded(weights.len()), 0.0);
        let mut correlator = RealCorrelator {
            band_limit,
            nodes,
            colatitudes: rule.colatitudes,
            table: None,
            cosines,
            sines,
            pieces: pieces(weights.len(), nodes),
            product_starts: product_starts(band_limit),
            weights,
        };
        let class_lens = (0..band_limit).flat_map(|m| (0..band_limit).map(move |n| m.max(n)));
        let len: usize = class_lens.map(|lo| 2 * (band_limit - lo)).sum::<usize>() * padded(nodes);
        if len * size_of::<f64>() <= TABLE_BYTES {
            let mut table = vec![0.0; len];
            let mut start = 0;
            for m in 0..band_limit {
                for n in 0..band_limit {
                    let end = start + correlator.class_len(m, n);
                    correlator.fill_class(m, n, &mut table[start..end]);
                    start = end;
                }
            }
            correlator.table = Some(table);
        }
        Ok(correlator)
    }

    /// Whether the scratch of one thread stays within its limit.
    pub(crate) fn fits(band_limit: usize, nodes: usize) -> bool {
        let (l, m) = (band_limit as u128, nodes as u128);
        let rounding = LANES as u128;
        let products = 4 * l * l * (l + rounding);
        let sums = 4 * l * l * (m + rounding);
        let orders = 2 * l * (m * (2 * m - 1) + rounding);
        products + sums + orders <= LARGEST_SCRATCH
    }

    /// Band limit of the signals.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Band limit M of the quadrature.
    pub fn quadrature_band_limit(&self) -> usize {
        self.nodes
    }

    /// Number of quadrature nodes, `(2M − 1)² M`.
    pub fn node_count(&self) -> usize {
        (2 * self.nodes - 1).pow(2) * self.nodes
    }

    /// Number of pieces the nodes are handed out in.
    pub fn piece_count(&self) -> usize {
        self.pieces.len()
    }

    /// Allocates the scratch for one thread.
    pub fn make_workspace(&self) -> CorrelatorWorkspace {
        let l = self.band_limit;
        CorrelatorWorkspace {
            products: vec![0.0; 4 * l * l * padded(l)],
            class: match self.table {
                Some(_) => Vec::new(),
                None => vec![0.0; self.class_len(0, 0)],
            },
            sums: vec![0.0; 4 * l * l * padded(self.nodes)],
            orders: vec![0.0; 2 * l * self.weights.len()],
        }
    }

    fn class_len(&self, m: usize, n: usize) -> usize {
        2 * (self.band_limit - m.max(n)) * padded(self.nodes)
    }

    /// Degrees from max(m, n) on: d^l_{m,n} at all β, then d^l_{m,−n} at all β.
    fn fill_class(&self, m: usize, n: usize, out: &mut [f64]) {
        let width = padded(self.nodes);
        for (half, order_n) in [n as i64, -(n as i64)].into_iter().enumerate() {
            let mut class = WignerDRecursion::new(m as i64, order_n, &self.colatitudes)
                .expect("the colatitudes are nodes of a quadrature on [0, π]");
            for row in out.chunks_exact_mut(2 * width) {
                row[half * width..half * width + self.nodes].copy_from_slice(class.values());
                class.advance();
            }
        }
    }

    /// Does the part of the work that all pieces of a pair share.
    ///
    /// # Panics
    /// If a signal has another band limit than the correlator, or the two differ in channels.
    pub fn begin(&self, f: &RealHarmonics, g: &RealHarmonics, scratch: &mut CorrelatorWorkspace) {
        assert!(f.band_limit == self.band_limit && g.band_limit == self.band_limit);
        assert_eq!(
            f.channels, g.channels,
            "both signals have the same channels"
        );
        Arch::new().dispatch(Begin {
            plan: self,
            f,
            g,
            scratch,
        });
    }

    /// Writes the correlation at the nodes of a piece; the length of `out` is set.
    pub fn piece_into(&self, piece: usize, scratch: &CorrelatorWorkspace, out: &mut Vec<f64>) {
        let piece = self.pieces[piece];
        out.resize(piece.rows() * piece.width, 0.0);
        Arch::new().dispatch(Synthesis {
            plan: self,
            piece,
            orders: &scratch.orders,
            out,
        });
    }

    /// The part of the Haar mean that a piece contributes, of a function given at its nodes.
    pub fn piece_mean(&self, piece: usize, values: &[f64]) -> f64 {
        let Piece {
            first_node, width, ..
        } = self.pieces[piece];
        Arch::new().dispatch(WeightedSum {
            weights: &self.weights[first_node..first_node + width],
            values,
        })
    }
}

/// Cuts the nodes into pieces of about [`PIECE_LEN`].
fn pieces(lanes: usize, pairs: usize) -> Vec<Piece> {
    let columns = lanes.div_ceil(PIECE_WIDTH);
    let width = padded(lanes.div_ceil(columns));
    let rows = (PIECE_LEN / (2 * width)).max(1);
    let mut pieces = Vec::new();
    for first_node in (0..lanes).step_by(width) {
        for first_pair in (0..pairs).step_by(rows) {
            pieces.push(Piece {
                first_node,
                width: width.min(lanes - first_node),
                first_pair,
                last_pair: (first_pair + rows).min(pairs),
            });
        }
    }
    pieces
}

struct Begin<'a> {
    plan: &'a RealCorrelator,
    f: &'a RealHarmonics,
    g: &'a RealHarmonics,
    scratch: &'a mut CorrelatorWorkspace,
}

impl WithSimd for Begin<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Begin {
            plan,
            f,
            g,
            scratch,
        } = self;
        products(simd, f, g, &mut scratch.products);
        class_sums(simd, plan, scratch);
        longitude_sums(simd, plan, &scratch.sums, &mut scratch.orders);
    }
}

/// Per degree the outer product of the coefficient vectors, summed over channels, for m, n ≥ 0:
/// conj(f_lm) g_ln and conj(f_lm) g_{l,−n}, the weights of the formula included.
///
/// Layout: `[l][m][4][padded n]`, the four being real and imaginary part for n and for −n.
#[inline(always)]
fn products<S: Simd>(simd: S, f: &RealHarmonics, g: &RealHarmonics, out: &mut [f64]) {
    let scale = 1.0 / (4.0 * PI * f.channels as f64);
    let mut signs = [0.0; LANES];
    for (n, sign) in signs.iter_mut().enumerate() {
        *sign = if n % 2 == 0 { 1.0 } else { -1.0 };
    }
    let (signs, _) = S::as_simd_f64s(&signs);
    let (mut row, mut start) = (0, 0);
    for l in 0..f.band_limit {
        let width = padded(l + 1);
        let vectors = width / S::F64_LANES;
        let block = row..row + f.channels * width;
        let (f_re, f_im) = (&f.re[block.clone()], &f.im[block.clone()]);
        let (g_re, _) = S::as_simd_f64s(&g.re[block.clone()]);
        let (g_im, _) = S::as_simd_f64s(&g.im[block]);
        for m in 0..=l {
            let weight = simd.splat_f64s(if m == 0 { scale } else { 2.0 * scale });
            let (quad, _) = S::as_mut_simd_f64s(&mut out[start..start + 4 * width]);
            for v in 0..vectors {
                let zero = simd.splat_f64s(0.0);
                let (mut rr, mut ii, mut ri, mut ir) = (zero, zero, zero, zero);
                for c in 0..f.channels {
                    let a_re = simd.splat_f64s(f_re[c * width + m]);
                    let a_im = simd.splat_f64s(f_im[c * width + m]);
                    let (b_re, b_im) = (g_re[c * vectors + v], g_im[c * vectors + v]);
                    rr = simd.mul_add_e_f64s(a_re, b_re, rr);
                    ii = simd.mul_add_e_f64s(a_im, b_im, ii);
                    ri = simd.mul_add_e_f64s(a_re, b_im, ri);
                    ir = simd.mul_add_e_f64s(a_im, b_re, ir);
                }
                // g_{l,−n} = (−1)^n conj(g_ln).
                let sign = simd.mul_f64s(weight, signs[v % signs.len()]);
                quad[v] = simd.mul_f64s(weight, simd.add_f64s(rr, ii));
                quad[vectors + v] = simd.mul_f64s(weight, simd.sub_f64s(ri, ir));
                quad[2 * vectors + v] = simd.mul_f64s(sign, simd.sub_f64s(rr, ii));
                quad[3 * vectors + v] = simd.mul_f64s(sign, simd.neg_f64s(simd.add_f64s(ri, ir)));
            }
            start += 4 * width;
        }
        row += f.channels * width;
    }
}

/// Where the products of each degree start.
fn product_starts(band_limit: usize) -> Vec<usize> {
    let mut starts = vec![0; band_limit];
    for l in 1..band_limit {
        starts[l] = starts[l - 1] + l * 4 * padded(l);
    }
    starts
}

/// X_{m,n} ± X_{m,−n} at every β, for m, n ≥ 0. Layout: `[m][n][4][padded β]`, the four being real
/// and imaginary part of the sum and of the difference.
#[inline(always)]
fn class_sums<S: Simd>(simd: S, plan: &RealCorrelator, scratch: &mut CorrelatorWorkspace) {
    let width = padded(plan.nodes);
    let vectors = width / S::F64_LANES;
    let CorrelatorWorkspace {
        products,
        class,
        sums,
        ..
    } = scratch;
    let (sums, _) = S::as_mut_simd_f64s(sums);
    let mut table_start = 0;
    for m in 0..plan.band_limit {
        for n in 0..plan.band_limit {
            let len = plan.class_len(m, n);
            let d = match &plan.table {
                Some(table) => &table[table_start..table_start + len],
                None => {
                    plan.fill_class(m, n, &mut class[..len]);
                    &class[..len]
                }
            };
            table_start += len;
            let (d, _) = S::as_simd_f64s(d);
            let out = &mut sums[(m * plan.band_limit + n) * 4 * vectors..][..4 * vectors];
            for v in 0..vectors {
                let zero = simd.splat_f64s(0.0);
                let (mut plus_re, mut plus_im) = (zero, zero);
                let (mut minus_re, mut minus_im) = (zero, zero);
                for (row, l) in d.chunks_exact(2 * vectors).zip(m.max(n)..) {
                    let step = padded(l + 1);
                    let at = plan.product_starts[l] + m * 4 * step + n;
                    let (d_plus, d_minus) = (row[v], row[vectors + v]);
                    let p = |k: usize| simd.splat_f64s(products[at + k * step]);
                    plus_re = simd.mul_add_e_f64s(p(0), d_plus, plus_re);
                    plus_im = simd.mul_add_e_f64s(p(1), d_plus, plus_im);
                    minus_re = simd.mul_add_e_f64s(p(2), d_minus, minus_re);
                    minus_im = simd.mul_add_e_f64s(p(3), d_minus, minus_im);
                }
                if n == 0 {
                    (minus_re, minus_im) = (zero, zero);
                }
                out[v] = simd.add_f64s(plus_re, minus_re);
                out[vectors + v] = simd.add_f64s(plus_im, minus_im);
                out[2 * vectors + v] = simd.sub_f64s(plus_re, minus_re);
                out[3 * vectors + v] = simd.sub_f64s(plus_im, minus_im);
            }
        }
    }
}

/// The sum over n at every γ. Layout: `[m][2][padded (γ, β)]`.
#[inline(always)]
fn longitude_sums<S: Simd>(simd: S, plan: &RealCorrelator, sums: &[f64], orders: &mut [f64]) {
    let (band_limit, nodes) = (plan.band_limit, plan.nodes);
    let angles = 2 * nodes - 1;
    let vectors = padded(nodes) / S::F64_LANES;
    let lanes = plan.weights.len();
    let (sums, _) = S::as_simd_f64s(sums);
    for m in 0..band_limit {
        let sums = &sums[m * band_limit * 4 * vectors..][..band_limit * 4 * vectors];
        let (re, im) = orders[2 * m * lanes..2 * (m + 1) * lanes].split_at_mut(lanes);
        for k in 0..nodes {
            let cosines = &plan.cosines[k * band_limit..(k + 1) * band_limit];
            let sines = &plan.sines[k * band_limit..(k + 1) * band_limit];
            for v in 0..vectors {
                let zero = simd.splat_f64s(0.0);
                let (mut c_re, mut c_im, mut s_re, mut s_im) = (zero, zero, zero, zero);
                for ((quad, &cos), &sin) in sums.chunks_exact(4 * vectors).zip(cosines).zip(sines) {
                    let (cos, sin) = (simd.splat_f64s(cos), simd.splat_f64s(sin));
                    c_re = simd.mul_add_e_f64s(cos, quad[v], c_re);
                    c_im = simd.mul_add_e_f64s(cos, quad[vectors + v], c_im);
                    s_re = simd.mul_add_e_f64s(sin, quad[2 * vectors + v], s_re);
                    s_im = simd.mul_add_e_f64s(sin, quad[3 * vectors + v], s_im);
                }
                // Y(γ) = C − iT and Y(−γ) = C + iT.
                let first = v * S::F64_LANES;
                let len = S::F64_LANES.min(nodes.saturating_sub(first));
                let mut store = |j: usize, y_re: S::f64s, y_im: S::f64s| {
                    let at = j * nodes + first;
                    simd.partial_store_f64s(&mut re[at..at + len], y_re);
                    simd.partial_store_f64s(&mut im[at..at + len], y_im);
                };
                store(k, simd.add_f64s(c_re, s_im), simd.sub_f64s(c_im, s_re));
                if k > 0 {
                    store(
                        angles - k,
                        simd.sub_f64s(c_re, s_im),
                        simd.add_f64s(c_im, s_re),
                    );
                }
            }
        }
    }
}

struct Synthesis<'a> {
    plan: &'a RealCorrelator,
    piece: Piece,
    orders: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Synthesis<'_> {
    type Output = ();

    /// The sum over m at the angles ±α of the piece: rows α, columns the (γ, β) nodes.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Synthesis {
            plan,
            piece,
            orders,
            out,
        } = self;
        let lanes = plan.weights.len() / S::F64_LANES;
        let first = piece.first_node / S::F64_LANES;
        let width = piece.width / S::F64_LANES;
        let (orders, _) = S::as_simd_f64s(orders);
        let (out, _) = S::as_mut_simd_f64s(out);
        let mut rows = out.chunks_exact_mut(width);
        for k in piece.first_pair..piece.last_pair {
            let cosines = &plan.cosines[k * plan.band_limit..(k + 1) * plan.band_limit];
            let sines = &plan.sines[k * plan.band_limit..(k + 1) * plan.band_limit];
            let plus = rows.next().expect("a row for α");
            let mut minus = if k > 0 { rows.next() } else { None };
            for v in 0..width {
                let zero = simd.splat_f64s(0.0);
                let (mut even, mut odd) = (zero, zero);
                for ((order, &cos), &sin) in orders.chunks_exact(2 * lanes).zip(cosines).zip(sines)
                {
                    even = simd.mul_add_e_f64s(simd.splat_f64s(cos), order[first + v], even);
                    odd = simd.mul_add_e_f64s(simd.splat_f64s(sin), order[lanes + first + v], odd);
                }
                plus[v] = simd.add_f64s(even, odd);
                if let Some(row) = &mut minus {
                    row[v] = simd.sub_f64s(even, odd);
                }
            }
        }
    }
}

struct WeightedSum<'a> {
    weights: &'a [f64],
    values: &'a [f64],
}

impl WithSimd for WeightedSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (weights, _) = S::as_simd_f64s(self.weights);
        let (values, _) = S::as_simd_f64s(self.values);
        let mut sum = simd.splat_f64s(0.0);
        for row in values.chunks_exact(weights.len()) {
            for (&w, &v) in weights.iter().zip(row) {
                sum = simd.mul_add_e_f64s(w, v, sum);
            }
        }
        simd.reduce_sum_f64s(sum)
    }
}
