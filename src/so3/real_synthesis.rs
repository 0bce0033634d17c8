//! The stages of [`RealCorrelator`](super::RealCorrelator): degrees, γ, α. Eight nodes β, and later sixteen nodes (γ, β),
//! go through them at once, in the lanes of vector registers.
//!
//! With a = max(m, n) and b = min(m, n), m, n ≥ 0, all functions follow from the functions of the class (a, b):
//!
//! ```math
//! d^l_{mn}(\beta) = \pm d^l_{ab}(\beta) , \qquad d^l_{m,-n}(\beta) = (-1)^{l+a} d^l_{ab}(\pi-\beta) ,
//! ```
//!
//! the sign being $`(-1)^{m-n}`$ where m < n.

use super::correlator_signal::{CorrelatorSignal, Order};
use super::real_correlator::{CorrelatorWorkspace, RealCorrelator};
use crate::simd::fft::{Direction, LANES, NUMBER};
use pulp::{Simd, WithSimd};
use std::f64::consts::PI;

/// Products of each degree that belong to orders (m, n) and (m, −n): real and imaginary part of either.
pub(super) const PRODUCTS: usize = 4;

/// The products of eight degrees: four rows.
pub(super) const BUNDLE: usize = PRODUCTS * LANES;

/// `f64`s that the products of one pair (m, n) take.
pub(super) fn products_len(band_limit: usize) -> usize {
    band_limit.div_ceil(LANES) * BUNDLE
}

/// Everything that precedes the sum over m: the sums over degrees and over n, at every β and γ.
pub(super) struct Begin<'a> {
    pub(super) plan: &'a RealCorrelator,
    pub(super) f: &'a CorrelatorSignal,
    pub(super) g: &'a CorrelatorSignal,
    pub(super) scratch: &'a mut CorrelatorWorkspace,
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
        let CorrelatorWorkspace {
            products,
            class,
            state,
            planes,
            other,
            extra,
            orders,
            ..
        } = scratch;
        let plane_len = plan.plane_len();
        let signs = Signs::new(simd, 1.0 / (4.0 * PI * f.channels() as f64));
        let order_planes = orders.chunks_exact_mut(2 * plan.stride);
        for (m, (a, orders)) in f.orders().zip(order_planes).enumerate() {
            for plane in planes.chunks_exact_mut(plane_len) {
                plane[plan.gap(NUMBER)].fill(0.0);
            }
            for (n, b) in g.orders().enumerate() {
                order_products(simd, (a, b), signs.of(m, n), products);
                let functions = match &plan.nodes.tabulated {
                    Some(table) => table.class(m.max(n), m.min(n)),
                    None => {
                        let len = plan.nodes.class_len(m.max(n));
                        let (orders, blocks) = ((m.max(n), m.min(n)), 0..plan.nodes.blocks);
                        let pairs = &plan.nodes.pairs;
                        pairs.fill(simd, orders, blocks, &mut class[..len], state);
                        &class[..len]
                    }
                };
                if plan.nodes.mirrored {
                    degree_sums::<S, true>(simd, plan, (m, n), functions, products, planes);
                } else {
                    degree_sums::<S, false>(simd, plan, (m, n), functions, products, planes);
                }
            }
            let mut start = 0;
            for (plane, &lanes) in planes.chunks_exact_mut(plane_len).zip(&plan.nodes.lanes) {
                plan.fft
                    .process(simd, Direction::Forward, plane, other, extra);
                let (re, im) = orders.split_at_mut(plan.stride);
                compress(simd, plane, lanes, &mut re[start..], &mut im[start..]);
                start += plan.angles * lanes;
            }
        }
    }
}

/// The scale of all products with the signs of [`order_products`].
pub(super) struct Signs<S: Simd> {
    /// Plus and minus.
    constant: [S::f64s; 2],
    /// Alternating signs that start with plus and with minus, for even and odd registers, which differ if a register holds one number.
    alternating: [[S::f64s; 2]; 2],
}

impl<S: Simd> Signs<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, scale: f64) -> Self {
        let plus = simd.splat_f64s(scale);
        let (signs, _) = S::as_simd_f64s(&ALTERNATING);
        let even = [0, 1].map(|v| simd.mul_f64s(plus, signs[v % signs.len()]));
        Signs {
            constant: [plus, simd.neg_f64s(plus)],
            alternating: [even, even.map(|sign| simd.neg_f64s(sign))],
        }
    }

    /// Returns the factor of n, and the factors of −n at even and odd registers of degrees.
    #[inline(always)]
    pub(super) fn of(&self, m: usize, n: usize) -> (S::f64s, [S::f64s; 2]) {
        // g_{l,−n} = (−1)^n conj(g_ln).
        if m < n {
            (self.constant[(n - m) % 2], self.alternating[0])
        } else {
            (self.constant[0], self.alternating[(m + n) % 2])
        }
    }
}

/// The products of the coefficients of orders m and n, summed over channels, with all signs and weights:
/// conj(f_lm) g_ln and conj(f_lm) g_{l,−n}, of eight degrees after the other, those that both orders have.
///
/// Lanes are degrees; the result is `[eight degrees][product][lane]`, with the real and imaginary parts
/// (rr + ii) + i (ri − ir) of conj(f) g and (rr − ii) − i (ri + ir) of conj(f) conj(g). Coefficients of an order start at a multiple of eight
/// degrees, so the last `count` registers of both orders hold equal degrees. Kernels of small signals have short rows, so
/// signs and weights are prepared once per pair of orders.
#[inline(always)]
fn order_products<S: Simd>(
    simd: S,
    (a, b): (Order<'_>, Order<'_>),
    (plus, minus): (S::f64s, [S::f64s; 2]),
    out: &mut [f64],
) {
    let per_row = LANES / S::F64_LANES;
    let (out, _) = S::as_mut_simd_f64s(out);
    let (a_re, a_im) = (S::as_simd_f64s(a.re).0, S::as_simd_f64s(a.im).0);
    let (b_re, b_im) = (S::as_simd_f64s(b.re).0, S::as_simd_f64s(b.im).0);
    let (a_im, b_im) = (&a_im[..a_re.len()], &b_im[..b_re.len()]);
    let (a_width, b_width) = (a.width / S::F64_LANES, b.width / S::F64_LANES);
    let count = a_width.min(b_width);
    let zero = simd.splat_f64s(0.0);
    for (v, out) in out.chunks_exact_mut(PRODUCTS * per_row).enumerate() {
        for part in 0..per_row {
            let at = v * per_row + part;
            if at >= count {
                return;
            }
            let (mut rr, mut ii, mut ri, mut ir) = (zero, zero, zero, zero);
            let (mut i, mut j) = (a_width - count + at, b_width - count + at);
            while i < a_re.len() && j < b_re.len() {
                rr = simd.mul_add_e_f64s(a_re[i], b_re[j], rr);
                ii = simd.mul_add_e_f64s(a_im[i], b_im[j], ii);
                ri = simd.mul_add_e_f64s(a_re[i], b_im[j], ri);
                ir = simd.mul_add_e_f64s(a_im[i], b_re[j], ir);
                (i, j) = (i + a_width, j + b_width);
            }
            let minus = minus[part % 2];
            out[part] = simd.mul_f64s(plus, simd.add_f64s(rr, ii));
            out[per_row + part] = simd.mul_f64s(plus, simd.sub_f64s(ri, ir));
            out[2 * per_row + part] = simd.mul_f64s(minus, simd.sub_f64s(rr, ii));
            let last = simd.neg_f64s(simd.add_f64s(ri, ir));
            out[3 * per_row + part] = simd.mul_f64s(minus, last);
        }
    }
}

/// Signs of even and odd degrees.
const ALTERNATING: [f64; LANES] = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];

/// Computes $`X_{mn}(\beta) = \sum_\ell p_\ell \, d^\ell(\beta)`$ for orders (m, n) and (m, −n), and writes it to the planes.
///
/// Lanes are nodes β: rows of `functions` are `[degree][β, π − β]`, products of a degree are broadcast. The functions of
/// (m, −n) at β are the functions of (m, n) at π − β up to signs, which the products contain; so `u`, at β, serves the first two products here and the last
/// two at π − β (`there`, if southern nodes have planes of their own), and `v` the other way round. The eight sums stay in registers
/// over all degrees.
#[inline(always)]
fn degree_sums<S: Simd, const MIRRORED: bool>(
    simd: S,
    plan: &RealCorrelator,
    (m, n): (usize, usize),
    functions: &[f64],
    products: &[f64],
    planes: &mut [f64],
) {
    let (per_number, per_bundle) = (NUMBER / S::F64_LANES, LANES / S::F64_LANES);
    let per_plane = plan.plane_len() / S::F64_LANES;
    let (functions, _) = S::as_simd_f64s(functions);
    let (planes, _) = S::as_mut_simd_f64s(planes);
    let half = plan.nodes.blocks * per_bundle;
    let places = plan.places(n).map(|place| place * per_number);
    let signs = if n == 0 { 1 } else { 2 };
    let first = m.max(n) % LANES;
    let degrees = plan.band_limit - m.max(n);
    let (products, _) = products.as_chunks::<BUNDLE>();
    let zero = simd.splat_f64s(0.0);
    for register in 0..half {
        let (mut here, mut there) = ([zero; PRODUCTS], [zero; PRODUCTS]);
        let (mut at, mut lane, mut end) = (register, first, first + degrees);
        for products in products {
            for lane in lane..end.min(LANES) {
                let (u, v) = (functions[at], functions[at + half]);
                at += 2 * half;
                for k in 0..PRODUCTS {
                    let product = simd.splat_f64s(products[k * LANES + lane]);
                    let (u, v) = if k < 2 { (u, v) } else { (v, u) };
                    here[k] = simd.mul_add_e_f64s(product, u, here[k]);
                    if MIRRORED {
                        there[k] = simd.mul_add_e_f64s(product, v, there[k]);
                    }
                }
            }
            (lane, end) = (0, end.saturating_sub(LANES));
        }
        let (plane, part) = (register / per_bundle, register % per_bundle);
        let mut put = |plane: usize, sums: [S::f64s; PRODUCTS]| {
            for (place, sum) in places.iter().zip(sums.as_chunks::<2>().0).take(signs) {
                let at = plane * per_plane + place + 2 * part;
                place_number(simd, &mut planes[at..at + 2], *sum, plan.folded());
            }
        };
        put(plane, here);
        if MIRRORED {
            put(plan.nodes.blocks + plane, there);
        }
    }
}

/// Writes a number of a spectrum, or adds it if several orders may fall on its place.
#[inline(always)]
fn place_number<S: Simd>(simd: S, place: &mut [S::f64s], value: [S::f64s; 2], add: bool) {
    if add {
        place[0] = simd.add_f64s(place[0], value[0]);
        place[1] = simd.add_f64s(place[1], value[1]);
    } else {
        place.copy_from_slice(&value);
    }
}

/// Copies the used lanes of a plane, `[γ][lane]`, to the rows of an order, without the idle lanes.
///
/// Whole registers are stored and each store begins where the last one's used lanes end; so up to seven numbers after the last one are
/// overwritten.
#[inline(always)]
fn compress<S: Simd>(_: S, plane: &[f64], lanes: usize, re: &mut [f64], im: &mut [f64]) {
    if lanes == 0 {
        return;
    }
    for (k, number) in plane.chunks_exact(NUMBER).enumerate() {
        let (number, _) = S::as_simd_f64s(number);
        let place = k * lanes..k * lanes + LANES;
        let (re, _) = S::as_mut_simd_f64s(&mut re[place.clone()]);
        let (im, _) = S::as_mut_simd_f64s(&mut im[place]);
        for part in 0..LANES / S::F64_LANES {
            re[part] = number[2 * part];
            im[part] = number[2 * part + 1];
        }
    }
}

/// The sum over m at every α, for some nodes (γ, β).
pub(super) struct LastSum<'a> {
    pub(super) plan: &'a RealCorrelator,
    /// The first of the nodes.
    pub(super) first: usize,
    pub(super) scratch: &'a mut CorrelatorWorkspace,
    /// Sixteen nodes after the other, each with all α; at the end perhaps eight.
    pub(super) out: &'a mut [f64],
}

impl WithSimd for LastSum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let LastSum {
            plan,
            mut first,
            scratch,
            out,
        } = self;
        let CorrelatorWorkspace {
            orders,
            line,
            other,
            extra,
            ..
        } = scratch;
        let mut bundles = out.chunks_exact_mut(plan.plane_len());
        for out in &mut bundles {
            gather(simd, plan, orders, first, out);
            plan.fft
                .process(simd, Direction::Forward, out, other, extra);
            first += NUMBER;
        }
        let rest = bundles.into_remainder();
        if !rest.is_empty() {
            gather(simd, plan, orders, first, line);
            plan.fft
                .process(simd, Direction::Forward, line, other, extra);
            for (out, number) in rest.chunks_exact_mut(LANES).zip(line.chunks_exact(NUMBER)) {
                out.copy_from_slice(&number[..LANES]);
            }
        }
    }
}

/// Writes the spectrum of x + i y, where x and y are eight real functions of α each, with spectra X and Y: X + i Y at orders m,
/// conj X + i conj Y at −m. One complex transform then yields sixteen real functions.
#[inline(always)]
fn gather<S: Simd>(simd: S, plan: &RealCorrelator, orders: &[f64], first: usize, line: &mut [f64]) {
    let per_number = NUMBER / S::F64_LANES;
    line[plan.gap(NUMBER)].fill(0.0);
    let (line, _) = S::as_mut_simd_f64s(line);
    let mut put = |order: usize, part: usize, value: [S::f64s; 2]| {
        let at = order * per_number + part;
        place_number(simd, &mut line[at..at + 2], value, plan.folded());
    };
    for (m, order) in orders.chunks_exact(2 * plan.stride).enumerate() {
        let (re, im) = order.split_at(plan.stride);
        let (re, _) = S::as_simd_f64s(&re[first..first + NUMBER]);
        let (im, _) = S::as_simd_f64s(&im[first..first + NUMBER]);
        let [plus, minus] = plan.places(m);
        for part in (0..per_number).step_by(2) {
            let [x_re, y_re] = [re[part], re[part + 1]];
            let [x_im, y_im] = [im[part], im[part + 1]];
            if m == 0 {
                put(0, part, [x_re, y_re]);
            } else {
                let value = [simd.sub_f64s(x_re, y_im), simd.add_f64s(x_im, y_re)];
                put(plus, part, value);
                let value = [simd.add_f64s(x_re, y_im), simd.sub_f64s(y_re, x_im)];
                put(minus, part, value);
            }
        }
    }
}

/// The sum of values of [`LastSum`], with the weights of their nodes.
pub(super) struct WeightedSum<'a> {
    pub(super) angles: usize,
    pub(super) weights: &'a [f64],
    pub(super) values: &'a [f64],
}

impl WithSimd for WeightedSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut total = simd.splat_f64s(0.0);
        let bundles = self.values.chunks(self.angles * NUMBER);
        for (weights, values) in self.weights.chunks(NUMBER).zip(bundles) {
            let (weights, _) = S::as_simd_f64s(weights);
            let (values, _) = S::as_simd_f64s(values);
            let count = weights.len();
            for (r, weight) in weights.iter().enumerate() {
                // Four sums at once: an addition need not wait for the last one.
                let mut sums = [simd.splat_f64s(0.0); 4];
                let mut values = values.chunks_exact(4 * count);
                for values in &mut values {
                    for (k, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.add_f64s(*sum, values[k * count + r]);
                    }
                }
                for values in values.remainder().chunks_exact(count) {
                    sums[0] = simd.add_f64s(sums[0], values[r]);
                }
                let sum = simd.add_f64s(
                    simd.add_f64s(sums[0], sums[1]),
                    simd.add_f64s(sums[2], sums[3]),
                );
                total = simd.mul_add_e_f64s(*weight, sum, total);
            }
        }
        simd.reduce_sum_f64s(total)
    }
}
