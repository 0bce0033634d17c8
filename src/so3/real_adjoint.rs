//! The adjoint of [`RealCorrelator`]: from cotangents of the correlation at the nodes to cotangents of both signals.
//!
//! The steps of the correlation in reverse order, each transposed: sums over α, over γ and over β, and then for each degree
//!
//! ```math
//! \bar F_{lm} = \frac1{4\pi C} \sum_n G^l_{mn} F'_{ln} , \quad \bar F'_{ln} = \frac1{4\pi C} \sum_m \overline{G^l_{mn}} F_{lm} , \qquad
//! G^l_{mn} = \sum_{\alpha\beta\gamma} \bar K(\alpha,\beta,\gamma) \, e^{-im\alpha} d^l_{mn}(\beta) e^{-in\gamma} .
//! ```
//! Cotangents of nodes carry the weights of the quadrature already, and no sum here has weights.

use super::correlator_signal::{CorrelatorSignal, Order};
use super::real_correlator::{CorrelatorWorkspace, Piece, RealCorrelator};
use super::real_synthesis::{BUNDLE, PRODUCTS, Signs};
use crate::simd::aligned::Aligned;
use crate::simd::fft::{Direction, LANES, NUMBER};
use pulp::{Arch, Simd, WithSimd};
use std::f64::consts::PI;

/// Buffers of the adjoint, which are empty as long as nobody needs them.
#[derive(Debug, Clone, Default)]
pub(super) struct AdjointBuffers {
    /// For each register of nodes β, the cotangents of the sums over degrees there and at π − β.
    sums: Aligned,
    /// Real and imaginary parts of the cotangents of both signals, in the layout of a [`CorrelatorSignal`].
    signals: [[Aligned; 2]; 2],
}

impl RealCorrelator {
    /// Takes the cotangents of the correlation at the nodes of a piece, in place of the values of
    /// [`piece_into`](Self::piece_into).
    ///
    /// It must follow `piece_into` for the piece, whose sums over α it replaces.
    ///
    /// # Arguments
    /// * `cotangents` — in the order of the values; used up
    pub(crate) fn piece_adjoint(
        &self,
        piece: usize,
        cotangents: &mut [f64],
        scratch: &mut CorrelatorWorkspace,
    ) {
        let Piece { first, .. } = self.pieces[piece];
        Arch::new().dispatch(LastSumAdjoint {
            plan: self,
            first,
            scratch,
            cotangents,
        });
    }

    /// Adds the cotangents of both signals, after [`piece_adjoint`](Self::piece_adjoint) of all pieces.
    ///
    /// # Arguments
    /// * `cotangents` — for each signal that is wanted, channel by channel, order m ≥ 0 by order, degree l ≥ m by degree, the derivatives by the
    ///   real and the imaginary part of the coefficient; those of order −m move with the coefficients of order m
    pub(crate) fn begin_adjoint(
        &self,
        [f, g]: [&CorrelatorSignal; 2],
        scratch: &mut CorrelatorWorkspace,
        cotangents: [Option<&mut [f64]>; 2],
    ) {
        Arch::new().dispatch(BeginAdjoint {
            plan: self,
            f,
            g,
            scratch,
        });
        let signals = [f, g].into_iter().zip(&scratch.adjoint.signals);
        for ((signal, [re, im]), out) in signals.zip(cotangents) {
            if let Some(out) = out {
                signal.add_orders(re, im, out);
            }
        }
    }
}

/// The adjoint of the sum over m at every α, for some nodes (γ, β).
struct LastSumAdjoint<'a> {
    plan: &'a RealCorrelator,
    first: usize,
    scratch: &'a mut CorrelatorWorkspace,
    cotangents: &'a mut [f64],
}

impl WithSimd for LastSumAdjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let LastSumAdjoint {
            plan,
            mut first,
            scratch,
            cotangents,
        } = self;
        let CorrelatorWorkspace {
            orders,
            line,
            other,
            extra,
            ..
        } = scratch;
        let mut bundles = cotangents.chunks_exact_mut(plan.plane_len());
        for bundle in &mut bundles {
            plan.fft
                .process(simd, Direction::Inverse, bundle, other, extra);
            scatter(simd, plan, bundle, first, orders);
            first += NUMBER;
        }
        let rest = bundles.into_remainder();
        if !rest.is_empty() {
            for (number, from) in line.chunks_exact_mut(NUMBER).zip(rest.chunks_exact(LANES)) {
                let (used, idle) = number.split_at_mut(LANES);
                used.copy_from_slice(from);
                idle.fill(0.0);
            }
            plan.fft
                .process(simd, Direction::Inverse, line, other, extra);
            scatter(simd, plan, line, first, orders);
        }
    }
}

/// Reads the cotangents of the spectra of sixteen real functions of α from the spectrum of a line that holds them as eight complex ones: the
/// adjoint of `gather` in the synthesis.
#[inline(always)]
fn scatter<S: Simd>(
    simd: S,
    plan: &RealCorrelator,
    line: &[f64],
    first: usize,
    orders: &mut [f64],
) {
    let per_number = NUMBER / S::F64_LANES;
    let (line, _) = S::as_simd_f64s(line);
    let zero = simd.splat_f64s(0.0);
    for (m, order) in orders.chunks_exact_mut(2 * plan.stride).enumerate() {
        let (re, im) = order.split_at_mut(plan.stride);
        let (re, _) = S::as_mut_simd_f64s(&mut re[first..first + NUMBER]);
        let (im, _) = S::as_mut_simd_f64s(&mut im[first..first + NUMBER]);
        let [plus, minus] = plan.places(m).map(|place| place * per_number);
        for part in (0..per_number).step_by(2) {
            let [z_re, z_im] = [line[plus + part], line[plus + part + 1]];
            if m == 0 {
                (re[part], re[part + 1]) = (z_re, z_im);
                (im[part], im[part + 1]) = (zero, zero);
            } else {
                let [w_re, w_im] = [line[minus + part], line[minus + part + 1]];
                re[part] = simd.add_f64s(z_re, w_re);
                re[part + 1] = simd.add_f64s(z_im, w_im);
                im[part] = simd.sub_f64s(z_im, w_im);
                im[part + 1] = simd.sub_f64s(w_re, z_re);
            }
        }
    }
}

/// The adjoint of everything that precedes the sum over m.
struct BeginAdjoint<'a> {
    plan: &'a RealCorrelator,
    f: &'a CorrelatorSignal,
    g: &'a CorrelatorSignal,
    scratch: &'a mut CorrelatorWorkspace,
}

impl WithSimd for BeginAdjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let BeginAdjoint {
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
            adjoint: AdjointBuffers { sums, signals },
            ..
        } = scratch;
        sums.fit(plan.nodes.blocks * LANES * 2 * PRODUCTS);
        for (signal, parts) in [f, g].into_iter().zip(&mut *signals) {
            for part in parts {
                part.fit(signal.padded_len());
                part.fill(0.0);
            }
        }
        let [to_f, to_g] = signals;
        let plane_len = plan.plane_len();
        let signs = Signs::new(simd, 1.0 / (4.0 * PI * f.channels() as f64));
        let mut start_a = 0;
        for (m, (a, orders)) in f
            .orders()
            .zip(orders.chunks_exact(2 * plan.stride))
            .enumerate()
        {
            let mut start = 0;
            for (plane, &lanes) in planes.chunks_exact_mut(plane_len).zip(&plan.nodes.lanes) {
                let (re, im) = orders.split_at(plan.stride);
                expand(simd, &re[start..], &im[start..], lanes, plane);
                plan.fft
                    .process(simd, Direction::Inverse, plane, other, extra);
                start += plan.angles * lanes;
            }
            let range_a = start_a..start_a + a.re.len();
            let mut start_b = 0;
            for (n, b) in g.orders().enumerate() {
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
                let planes = &planes[..];
                degree_sums_adjoint(simd, plan, (m, n), functions, planes, sums, products);
                let range_b = start_b..start_b + b.re.len();
                let [a_re, a_im] = &mut *to_f;
                let [b_re, b_im] = &mut *to_g;
                let to_a = [&mut a_re[range_a.clone()], &mut a_im[range_a.clone()]];
                let to_b = [&mut b_re[range_b.clone()], &mut b_im[range_b.clone()]];
                order_products_adjoint(simd, (a, b), signs.of(m, n), products, to_a, to_b);
                start_b = range_b.end;
            }
            start_a = range_a.end;
        }
    }
}

/// Copies the rows of an order to the used lanes of a plane, `[γ][lane]`, with zeros in the idle lanes.
#[inline(always)]
fn expand<S: Simd>(simd: S, re: &[f64], im: &[f64], lanes: usize, plane: &mut [f64]) {
    let zero = simd.splat_f64s(0.0);
    for (k, number) in plane.chunks_exact_mut(NUMBER).enumerate() {
        let mut parts = [[0.0; LANES]; 2];
        for (part, from) in parts.iter_mut().zip([re, im]) {
            part[..lanes].copy_from_slice(&from[k * lanes..(k + 1) * lanes]);
        }
        let (number, _) = S::as_mut_simd_f64s(number);
        number.fill(zero);
        let [(re, _), (im, _)] = parts.each_ref().map(|part| S::as_simd_f64s(part));
        for part in 0..LANES / S::F64_LANES {
            number[2 * part] = re[part];
            number[2 * part + 1] = im[part];
        }
    }
}

/// The adjoint of the sums over degrees of orders (m, n) and (m, −n): for each degree the four sums over all nodes of the cotangents, which the
/// planes hold, times the functions.
///
/// Lanes are nodes. The cotangents of all registers are first copied to `sums`, `[register][here, there][product]`; then each degree reads them
/// in order, with four sums in registers.
#[inline(always)]
fn degree_sums_adjoint<S: Simd>(
    simd: S,
    plan: &RealCorrelator,
    (m, n): (usize, usize),
    functions: &[f64],
    planes: &[f64],
    sums: &mut [f64],
    products: &mut [f64],
) {
    let (per_number, per_bundle) = (NUMBER / S::F64_LANES, LANES / S::F64_LANES);
    let per_plane = plan.plane_len() / S::F64_LANES;
    let mirrored = plan.nodes.mirrored;
    let half = plan.nodes.blocks * per_bundle;
    let zero = simd.splat_f64s(0.0);
    let places = plan.places(n).map(|place| place * per_number);
    {
        let (planes, _) = S::as_simd_f64s(planes);
        let (sums, _) = S::as_mut_simd_f64s(sums);
        for (register, sums) in sums.chunks_exact_mut(2 * PRODUCTS).enumerate() {
            let (plane, part) = (register / per_bundle, register % per_bundle);
            let read = |plane: usize, sums: &mut [S::f64s]| {
                for (place, sums) in places.iter().zip(sums.chunks_exact_mut(2)) {
                    let at = plane * per_plane + place + 2 * part;
                    sums.copy_from_slice(&planes[at..at + 2]);
                }
                // Order −0 is order 0.
                if n == 0 {
                    sums[2..].fill(zero);
                }
            };
            let (here, there) = sums.split_at_mut(PRODUCTS);
            read(plane, here);
            match mirrored {
                true => read(plan.nodes.blocks + plane, there),
                false => there.fill(zero),
            }
        }
    }
    products.fill(0.0);
    let (functions, _) = S::as_simd_f64s(functions);
    let (sums, _) = S::as_simd_f64s(&sums[..]);
    let first = m.max(n) % LANES;
    let degrees = plan.band_limit - m.max(n);
    for (degree, functions) in functions.chunks_exact(2 * half).take(degrees).enumerate() {
        let (u, v) = functions.split_at(half);
        let mut totals = [zero; PRODUCTS];
        for ((u, v), sums) in u.iter().zip(v).zip(sums.chunks_exact(2 * PRODUCTS)) {
            let (here, there) = sums.split_at(PRODUCTS);
            for (k, total) in totals.iter_mut().enumerate() {
                let (u, v) = if k < 2 { (u, v) } else { (v, u) };
                *total = simd.mul_add_e_f64s(here[k], *u, *total);
                if mirrored {
                    *total = simd.mul_add_e_f64s(there[k], *v, *total);
                }
            }
        }
        let lane = first + degree;
        let bundle = &mut products[lane / LANES * BUNDLE..][..BUNDLE];
        for (k, total) in totals.into_iter().enumerate() {
            bundle[k * LANES + lane % LANES] = simd.reduce_sum_f64s(total);
        }
    }
}

/// The adjoint of the products of the coefficients of orders m and n: adds to the cotangents of both.
///
/// Lanes are degrees. With the cotangents of the four sums rr, ii, ri and ir over the channels, which are the same for all channels, each channel
/// adds products of them with the coefficients of the other signal.
#[inline(always)]
fn order_products_adjoint<S: Simd>(
    simd: S,
    (a, b): (Order<'_>, Order<'_>),
    (plus, minus): (S::f64s, [S::f64s; 2]),
    products: &[f64],
    [a_to_re, a_to_im]: [&mut [f64]; 2],
    [b_to_re, b_to_im]: [&mut [f64]; 2],
) {
    let per_row = LANES / S::F64_LANES;
    let (products, _) = S::as_simd_f64s(products);
    let (a_re, a_im) = (S::as_simd_f64s(a.re).0, S::as_simd_f64s(a.im).0);
    let (b_re, b_im) = (S::as_simd_f64s(b.re).0, S::as_simd_f64s(b.im).0);
    let (a_to_re, a_to_im) = (
        S::as_mut_simd_f64s(a_to_re).0,
        S::as_mut_simd_f64s(a_to_im).0,
    );
    let (b_to_re, b_to_im) = (
        S::as_mut_simd_f64s(b_to_re).0,
        S::as_mut_simd_f64s(b_to_im).0,
    );
    let (a_width, b_width) = (a.width / S::F64_LANES, b.width / S::F64_LANES);
    let count = a_width.min(b_width);
    for (v, products) in products.chunks_exact(PRODUCTS * per_row).enumerate() {
        for part in 0..per_row {
            let at = v * per_row + part;
            if at >= count {
                return;
            }
            let minus = minus[part % 2];
            let same = simd.mul_f64s(plus, products[part]);
            let turned = simd.mul_f64s(plus, products[per_row + part]);
            let same_minus = simd.mul_f64s(minus, products[2 * per_row + part]);
            let turned_minus = simd.mul_f64s(minus, products[3 * per_row + part]);
            let rr = simd.add_f64s(same, same_minus);
            let ii = simd.sub_f64s(same, same_minus);
            let ri = simd.sub_f64s(turned, turned_minus);
            let ir = simd.neg_f64s(simd.add_f64s(turned, turned_minus));
            let (mut i, mut j) = (a_width - count + at, b_width - count + at);
            while i < a_re.len() && j < b_re.len() {
                let [p, q] = [a_re[i], a_im[i]];
                let [s, t] = [b_re[j], b_im[j]];
                a_to_re[i] = add_products(simd, a_to_re[i], [rr, s], [ri, t]);
                a_to_im[i] = add_products(simd, a_to_im[i], [ii, t], [ir, s]);
                b_to_re[j] = add_products(simd, b_to_re[j], [rr, p], [ir, q]);
                b_to_im[j] = add_products(simd, b_to_im[j], [ii, q], [ri, p]);
                (i, j) = (i + a_width, j + b_width);
            }
        }
    }
}

/// A sum plus two products.
#[inline(always)]
fn add_products<S: Simd>(
    simd: S,
    sum: S::f64s,
    [a, b]: [S::f64s; 2],
    [c, d]: [S::f64s; 2],
) -> S::f64s {
    simd.mul_add_e_f64s(c, d, simd.mul_add_e_f64s(a, b, sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use ndarray::Array3;
    use num_complex::Complex64;

    fn signal(channels: usize, band_limit: usize, seed: f64) -> CorrelatorSignal {
        let shape = (channels, band_limit, 2 * band_limit - 1);
        let coeffs = Array3::from_shape_fn(shape, |(c, l, m)| {
            let x = seed + (c + 2 * l * l + 5 * m * m) as f64;
            Complex64::new(x.sin(), (1.7 * x).cos()) / (1 + l) as f64
        });
        CorrelatorSignal::new(coeffs.view()).unwrap()
    }

    /// The correlation is linear in either signal: ⟨C, K(f, g)⟩ = ⟨f̄, f⟩ = ⟨ḡ, g⟩.
    #[test]
    fn correlation_and_its_adjoint_have_equal_products() {
        for (band_limit, nodes) in [(1, 1), (3, 5), (9, 6), (9, 20), (17, 33), (20, 9)] {
            let correlator = RealCorrelator::new(band_limit, nodes).unwrap();
            let (f, g) = (signal(2, band_limit, 0.3), signal(2, band_limit, 0.7));
            let mut scratch = correlator.make_workspace();
            correlator.begin(&f, &g, &mut scratch);
            let (mut values, mut factors) = (Vec::new(), Vec::new());
            let (mut product, mut size) = (0.0, 0.0);
            for piece in 0..correlator.piece_count() {
                correlator.piece_into(piece, &mut scratch, &mut values);
                // The padding at the end of the last piece has weight zero.
                correlator.piece_spread(piece, 1.0, &mut factors);
                for (i, factor) in factors.iter_mut().enumerate() {
                    *factor *= ((i * i) as f64 + 0.3 * piece as f64).sin();
                }
                product += values.iter().zip(&factors).map(|(k, c)| k * c).sum::<f64>();
                size += values
                    .iter()
                    .zip(&factors)
                    .map(|(k, c)| (k * c).abs())
                    .sum::<f64>();
                correlator.piece_adjoint(piece, &mut factors, &mut scratch);
            }
            let len = 2 * band_limit * (band_limit + 1);
            let (mut of_f, mut of_g) = (vec![0.0; len], vec![0.0; len]);
            let out = [Some(&mut of_f[..]), Some(&mut of_g[..])];
            correlator.begin_adjoint([&f, &g], &mut scratch, out);
            for (signal, cotangent) in [(&f, &of_f), (&g, &of_g)] {
                let numbers = signal.numbers();
                let got: f64 = numbers.iter().zip(cotangent).map(|(x, c)| x * c).sum();
                assert!(
                    (got - product).abs() <= tol::MEAN * size,
                    "{band_limit} {nodes}: {got} {product}"
                );
            }
        }
    }
}
