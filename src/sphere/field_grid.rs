//! Grids of fields on the sphere: Gauss–Legendre rings in the lanes of vector registers.
//!
//! A *field* is a real function given on every node, longitude by longitude: entry `[k][ring]`, rings padded to a whole
//! number of cache lines. A rotation about the polar axis by a multiple of the step in longitude is then a cyclic
//! shift of rows, and Fourier transforms in longitude run over eight rings at once.

use crate::group::haar::ProductRule;
use crate::numeric::normalised_legendre;
use crate::simd::aligned::Aligned;
use crate::simd::fft::{Direction, LANES, LaneFft, NUMBER, lane_offset};

use crate::{Error, Result};
use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};
use std::f64::consts::PI;

/// Nodes for fields of one band limit, and transforms in longitude.
///
/// The rings are the Gauss–Legendre colatitudes, and on request the north pole as one more ring without weight: what is
/// computed on fields is then known there, too. Padding repeats the last ring, without weight.
#[derive(Debug, Clone)]
pub(crate) struct FieldGrid {
    band_limit: usize,
    longitudes: usize,
    /// One per ring; padding included.
    colatitudes: Vec<f64>,
    /// Of the mean over the sphere, one per ring, for a single node.
    weights: Vec<f64>,
    pole: Option<usize>,
    pub(super) fft: LaneFft,
}

/// Bundles of eight rings in the middle of a transform; the content never affects results.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldScratch {
    /// `[bundle][bin]` numbers.
    pub(super) bundles: Aligned,
    pub(super) other: Aligned,
    pub(super) extra: Aligned,
    /// One order on all rings: what goes into a product, and what comes out.
    pub(super) column: Aligned,
    pub(super) product: Aligned,
}

impl FieldGrid {
    /// # Arguments
    /// * `band_limit` — M ≥ 1: fields of degree below M are represented without error
    /// * `longitudes` — at least 2M − 1
    /// * `pole` — whether the north pole is a node
    pub(crate) fn new(band_limit: usize, longitudes: usize, pole: bool) -> Result<Self> {
        if longitudes + 1 < 2 * band_limit {
            return Err(Error::invalid(
                "number of longitudes",
                longitudes,
                format!("at least {}", 2 * band_limit - 1),
            ));
        }
        let rule = ProductRule::gauss_legendre(band_limit, longitudes, 1)?;
        let mut colatitudes = rule.betas().to_vec();
        let mut weights = rule.point_weights().to_vec();
        let pole = pole.then_some(band_limit);
        if pole.is_some() {
            colatitudes.push(0.0);
            weights.push(0.0);
        }
        let padded = colatitudes.len().next_multiple_of(LANES);
        colatitudes.resize(padded, colatitudes[colatitudes.len() - 1]);
        weights.resize(padded, 0.0);
        Ok(FieldGrid {
            band_limit,
            longitudes,
            colatitudes,
            weights,
            pole,
            fft: LaneFft::new(longitudes),
        })
    }

    /// M.
    pub(crate) fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Number of nodes on a ring.
    pub(crate) fn longitudes(&self) -> usize {
        self.longitudes
    }

    /// Number of rings, padding included: the length of a row of a field.
    pub(crate) fn row(&self) -> usize {
        self.colatitudes.len()
    }

    /// Length of a field.
    pub(crate) fn len(&self) -> usize {
        self.longitudes * self.row()
    }

    pub(super) fn colatitudes(&self) -> &[f64] {
        &self.colatitudes
    }

    /// Gauss–Legendre weight of a ring, of sum one; zero at the pole and in the padding.
    pub(super) fn ring_weight(&self, ring: usize) -> f64 {
        self.weights[ring] * self.longitudes as f64
    }

    /// The mean of a field over the sphere.
    pub(crate) fn mean(&self, field: &[f64]) -> f64 {
        let mut total = 0.0;
        for (first, weights) in self.weights.chunks_exact(LANES).enumerate() {
            let mut sums = [0.0; LANES];
            for row in field.chunks_exact(self.row()) {
                let ring = &row[first * LANES..][..LANES];
                for (sum, value) in sums.iter_mut().zip(ring) {
                    *sum += value;
                }
            }
            total += sums.iter().zip(weights).map(|(s, w)| s * w).sum::<f64>();
        }
        total
    }

    /// The adjoint of [`mean`](Self::mean): adds the cotangents of the nodes.
    pub(crate) fn add_mean_adjoint(&self, cotangent: f64, field: &mut [f64]) {
        for row in field.chunks_exact_mut(self.row()) {
            for (sum, weight) in row.iter_mut().zip(&self.weights) {
                *sum += cotangent * weight;
            }
        }
    }

    /// The adjoint of [`at_pole`](Self::at_pole).
    pub(crate) fn add_pole_adjoint(&self, cotangent: f64, field: &mut [f64]) {
        field[self.pole.expect("asked for when the grid was made")] += cotangent;
    }

    /// The value of a field at the north pole.
    pub(crate) fn at_pole(&self, field: &[f64]) -> f64 {
        field[self.pole.expect("asked for when the grid was made")]
    }

    pub(super) fn bundle_len(&self) -> usize {
        self.longitudes * NUMBER
    }

    pub(super) fn fit(&self, scratch: &mut FieldScratch) {
        scratch.bundles.grow(self.row() / LANES * self.bundle_len());
        scratch.other.grow(self.bundle_len());
        scratch.extra.grow(self.fft.extra() * NUMBER);
        scratch.column.grow(4 * self.row());
        scratch.product.grow(4 * self.row());
    }

    /// Transforms every bundle in longitude, without normalisation.
    #[inline(always)]
    pub(super) fn transform<S: Simd>(
        &self,
        simd: S,
        direction: Direction,
        scratch: &mut FieldScratch,
    ) {
        let FieldScratch {
            bundles,
            other,
            extra,
            ..
        } = scratch;
        let len = self.row() / LANES * self.bundle_len();
        for bundle in bundles[..len].chunks_exact_mut(self.bundle_len()) {
            self.fft.process(simd, direction, bundle, other, extra);
        }
    }

    /// Writes two fields, as real and imaginary parts, into the bundles; the second one is zero unless `both`.
    ///
    /// A field is `[longitude][ring]`, rings padded to whole registers. A bundle holds eight rings in its lanes, `[longitude][re, im]`, so
    /// this copies whole registers.
    #[inline(always)]
    pub(super) fn pack<S: Simd>(
        &self,
        simd: S,
        fields: [&[f64]; 2],
        both: bool,
        bundles: &mut [f64],
    ) {
        let zero = simd.splat_f64s(0.0);
        let per_number = LANES / S::F64_LANES;
        let per_row = self.row() / S::F64_LANES;
        let (first, _) = S::as_simd_f64s(&fields[0][..self.len()]);
        let second = if both { fields[1] } else { &[] };
        let (second, _) = S::as_simd_f64s(second);
        let len = self.row() / LANES * self.bundle_len();
        let (bundles, _) = S::as_mut_simd_f64s(&mut bundles[..len]);
        for (v, bundle) in bundles
            .chunks_exact_mut(self.longitudes * 2 * per_number)
            .enumerate()
        {
            for (k, number) in bundle.chunks_exact_mut(2 * per_number).enumerate() {
                let from = k * per_row + v * per_number;
                for h in 0..per_number {
                    number[2 * h] = first[from + h];
                    number[2 * h + 1] = if both { second[from + h] } else { zero };
                }
            }
        }
    }

    /// Reads two fields, or the first one only, from the real and imaginary parts of the bundles.
    #[inline(always)]
    pub(super) fn unpack<S: Simd>(
        &self,
        _: S,
        bundles: &[f64],
        first: &mut [f64],
        second: Option<&mut [f64]>,
    ) {
        let per_number = LANES / S::F64_LANES;
        let per_row = self.row() / S::F64_LANES;
        let len = self.row() / LANES * self.bundle_len();
        let (bundles, _) = S::as_simd_f64s(&bundles[..len]);
        let part = |field: &mut [f64], part: usize| {
            let (field, _) = S::as_mut_simd_f64s(field);
            for (v, bundle) in bundles
                .chunks_exact(self.longitudes * 2 * per_number)
                .enumerate()
            {
                for (k, number) in bundle.chunks_exact(2 * per_number).enumerate() {
                    let to = k * per_row + v * per_number;
                    for h in 0..per_number {
                        field[to + h] = number[2 * h + part];
                    }
                }
            }
        };
        part(first, 0);
        if let Some(second) = second {
            part(second, 1);
        }
    }
}

/// Synthesis of real signals of one band limit on the nodes of a grid.
#[derive(Debug, Clone)]
pub(crate) struct FieldSynthesis {
    band_limit: usize,
    /// $`\bar P_{\ell m}`$ on all rings, order by order, degree by degree.
    legendre: Aligned,
}

/// Number of coefficients of order m ≥ 0 of a real signal.
pub(crate) fn half_len(band_limit: usize) -> usize {
    band_limit * (band_limit + 1) / 2
}

impl FieldSynthesis {
    /// Tabulates the Legendre functions: L (L + 1) / 2 numbers per ring.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals, with 2L − 1 at most the number of longitudes
    pub(crate) fn new(grid: &FieldGrid, band_limit: usize) -> Result<Self> {
        if grid.longitudes + 1 < 2 * band_limit {
            return Err(Error::invalid(
                "number of longitudes",
                grid.longitudes,
                format!("at least {}", 2 * band_limit - 1),
            ));
        }
        let row = grid.row();
        let mut legendre = Aligned::zeros(half_len(band_limit) * row);
        let mut degrees = vec![0.0; band_limit];
        for (ring, &colatitude) in grid.colatitudes.iter().enumerate() {
            let mut start = 0;
            for m in 0..band_limit {
                normalised_legendre(m, colatitude, &mut degrees)?;
                for (l, value) in degrees[m..].iter().enumerate() {
                    legendre[(start + l) * row + ring] = *value;
                }
                start += band_limit - m;
            }
        }
        Ok(FieldSynthesis {
            band_limit,
            legendre,
        })
    }

    /// Synthesises one or two real signals.
    ///
    /// # Arguments
    /// * `coeffs` — of order m ≥ 0, order by order: `half_len(L)` each; nothing for the second means one signal
    /// * `first`, `second` — fields; overwritten
    pub(crate) fn synthesise(
        &self,
        grid: &FieldGrid,
        coeffs: [&[Complex64]; 2],
        first: &mut [f64],
        second: Option<&mut [f64]>,
        scratch: &mut FieldScratch,
    ) {
        grid.fit(scratch);
        Arch::new().dispatch(Synthesise {
            synthesis: self,
            grid,
            coeffs,
            first,
            second,
            scratch,
        });
    }
}

impl FieldSynthesis {
    /// The adjoint of [`synthesise`](Self::synthesise) for sums over the nodes without weights: adds the derivatives by the real and the
    /// imaginary part of each coefficient.
    ///
    /// # Arguments
    /// * `fields` — the cotangents of one or two fields; an empty second one means one
    /// * `out` — for each field, in the order of its coefficients
    pub(crate) fn synthesise_adjoint(
        &self,
        grid: &FieldGrid,
        fields: [&[f64]; 2],
        out: [&mut [f64]; 2],
        scratch: &mut FieldScratch,
    ) {
        grid.fit(scratch);
        Arch::new().dispatch(SynthesiseAdjoint {
            synthesis: self,
            grid,
            fields,
            out,
            scratch,
        });
    }
}

struct SynthesiseAdjoint<'a> {
    synthesis: &'a FieldSynthesis,
    grid: &'a FieldGrid,
    fields: [&'a [f64]; 2],
    out: [&'a mut [f64]; 2],
    scratch: &'a mut FieldScratch,
}

impl WithSimd for SynthesiseAdjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SynthesiseAdjoint {
            synthesis,
            grid,
            fields,
            out: [first, second],
            scratch,
        } = self;
        let (row, longitudes) = (grid.row(), grid.longitudes);
        let bundle_len = grid.bundle_len();
        let both = !fields[1].is_empty();
        grid.pack(simd, fields, both, &mut scratch.bundles);
        grid.transform(simd, Direction::Forward, scratch);
        let mut start = 0;
        for m in 0..synthesis.band_limit {
            // The sums over the longitudes of both fields, times 2 for the orders ±m of a real field.
            let sums = &mut scratch.product[..4 * row];
            let (re1, rest) = sums.split_at_mut(row);
            let (im1, rest) = rest.split_at_mut(row);
            let (re2, im2) = rest.split_at_mut(row);
            for ring in 0..row {
                let bundle = &scratch.bundles[ring / LANES * bundle_len..][..bundle_len];
                let offset = lane_offset::<S>(ring % LANES);
                let get = |bin: usize| {
                    let at = bin * NUMBER + offset;
                    [bundle[at], bundle[at + S::F64_LANES]]
                };
                let z = get(m);
                if m == 0 {
                    (re1[ring], im1[ring]) = (z[0], 0.0);
                    (re2[ring], im2[ring]) = (z[1], 0.0);
                } else {
                    let w = get(longitudes - m);
                    (re1[ring], im1[ring]) = (z[0] + w[0], z[1] - w[1]);
                    (re2[ring], im2[ring]) = (z[1] + w[1], w[0] - z[0]);
                }
            }
            for l in 0..synthesis.band_limit - m {
                let at = start + l;
                let legendre = &synthesis.legendre[at * row..][..row];
                first[2 * at] += dot(simd, legendre, re1);
                first[2 * at + 1] += dot(simd, legendre, im1);
                if both {
                    second[2 * at] += dot(simd, legendre, re2);
                    second[2 * at + 1] += dot(simd, legendre, im2);
                }
            }
            start += synthesis.band_limit - m;
        }
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f64], b: &[f64]) -> f64 {
    let (a, _) = S::as_simd_f64s(a);
    let (b, _) = S::as_simd_f64s(b);
    let mut sum = simd.splat_f64s(0.0);
    for (a, b) in a.iter().zip(b) {
        sum = simd.mul_add_f64s(*a, *b, sum);
    }
    simd.reduce_sum_f64s(sum)
}

struct Synthesise<'a> {
    synthesis: &'a FieldSynthesis,
    grid: &'a FieldGrid,
    coeffs: [&'a [Complex64]; 2],
    first: &'a mut [f64],
    second: Option<&'a mut [f64]>,
    scratch: &'a mut FieldScratch,
}

impl WithSimd for Synthesise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Synthesise {
            synthesis,
            grid,
            coeffs,
            first,
            second,
            scratch,
        } = self;
        let (row, longitudes) = (grid.row(), grid.longitudes);
        let band_limit = synthesis.band_limit;
        let bundle_len = grid.bundle_len();
        scratch.bundles[..row / LANES * bundle_len].fill(0.0);
        let mut start = 0;
        for m in 0..band_limit {
            let degrees = band_limit - m;
            // Σ_l P_lm times the coefficients of both signals, on all rings.
            let sums = &mut scratch.product[..4 * row];
            sums.fill(0.0);
            let (re1, rest) = sums.split_at_mut(row);
            let (im1, rest) = rest.split_at_mut(row);
            let (re2, im2) = rest.split_at_mut(row);
            for l in 0..degrees {
                let legendre = &synthesis.legendre[(start + l) * row..][..row];
                accumulate(simd, legendre, coeffs[0][start + l], re1, im1);
                if !coeffs[1].is_empty() {
                    accumulate(simd, legendre, coeffs[1][start + l], re2, im2);
                }
            }
            for ring in 0..row {
                let (f, g) = ([re1[ring], im1[ring]], [re2[ring], im2[ring]]);
                let lane = ring % LANES;
                let offset = lane_offset::<S>(lane);
                let bundle = &mut scratch.bundles[ring / LANES * bundle_len..][..bundle_len];
                // f + i g of order m, and of order −m, where both coefficients are conjugate.
                let mut put = |bin: usize, re: f64, im: f64| {
                    bundle[bin * NUMBER + offset] = re;
                    bundle[bin * NUMBER + offset + S::F64_LANES] = im;
                };
                if m == 0 {
                    put(0, f[0], g[0]);
                } else {
                    put(m, f[0] - g[1], f[1] + g[0]);
                    put(longitudes - m, f[0] + g[1], g[0] - f[1]);
                }
            }
            start += degrees;
        }
        grid.transform(simd, Direction::Inverse, scratch);
        grid.unpack(simd, &scratch.bundles, first, second);
    }
}

#[inline(always)]
fn accumulate<S: Simd>(
    simd: S,
    legendre: &[f64],
    coefficient: Complex64,
    re: &mut [f64],
    im: &mut [f64],
) {
    let (c, s) = (
        simd.splat_f64s(coefficient.re),
        simd.splat_f64s(coefficient.im),
    );
    let (legendre, _) = S::as_simd_f64s(legendre);
    let (re, _) = S::as_mut_simd_f64s(re);
    let (im, _) = S::as_mut_simd_f64s(im);
    for ((p, re), im) in legendre.iter().zip(re).zip(im) {
        *re = simd.mul_add_f64s(*p, c, *re);
        *im = simd.mul_add_f64s(*p, s, *im);
    }
}

/// Mass of dΩ.
pub(super) const SPHERE: f64 = 4.0 * PI;
