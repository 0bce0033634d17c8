//! Rotations of many signals by the same β, degree by degree: the Wigner functions are computed once for all of them.
//!
//! Eight real signals stand in the lanes of a vector; a complex one counts as two. For one degree the rotation about y is a product of two
//! symmetric matrices with the real and with the imaginary parts: see [`crate::wigner::triangle`].

use super::product::{LANES, Product};
use super::signals::{Kind, Tilt, sign};
use crate::check::Finite;
use crate::simd::aligned::Aligned;
use crate::sphere::axes::{Layout, half_index};
use crate::wigner::triangle::{EDGE, WignerTriangle};

use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// A signal and the phases of the two rotations about z that go with it.
pub(super) struct Passenger<'a> {
    pub coeffs: &'a [Complex64],
    pub phases: &'a [Complex64],
    pub rotated: &'a mut [Complex64],
}

/// Largest number of signals in a group: their coefficients of one degree stay in a near cache.
const MOST: usize = 128;

/// Rotates signals in groups, which the threads of the current pool may share; the result is whether all coefficients that were read are
/// finite.
pub(super) fn rotate_all(
    band_limit: usize,
    kind: Kind,
    layout: Layout,
    tilt: &Tilt,
    signals: &mut [Passenger<'_>],
    parallel: bool,
) -> bool {
    let threads = if parallel {
        rayon::current_num_threads()
    } else {
        1
    };
    let share = signals.len().div_ceil(threads).max(1);
    let size = share.div_ceil(share.div_ceil(MOST));
    let rotate = |signals: &mut [Passenger<'_>]| {
        Arch::new().dispatch(Batch {
            band_limit,
            kind,
            layout,
            tilt,
            signals,
        })
    };
    // `&` without short circuit: all signals are written.
    if parallel {
        let groups = signals.par_chunks_mut(size).map(rotate);
        groups.reduce(|| true, |a, b| a & b)
    } else {
        let groups = signals.chunks_mut(size).map(rotate);
        groups.fold(true, |a, b| a & b)
    }
}

/// The working memory of a batch.
#[derive(Debug, Default)]
struct Buffers {
    /// Real and imaginary parts, each `[block][order][signal]`.
    input: [Aligned; 2],
    output: [Aligned; 2],
}

/// One group.
struct Batch<'a, 'b> {
    band_limit: usize,
    kind: Kind,
    layout: Layout,
    tilt: &'a Tilt,
    signals: &'a mut [Passenger<'b>],
}

type Tile = [[f64; LANES]; EDGE];

impl WithSimd for Batch<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> bool {
        let limit = self.band_limit;
        let columns = self.kind.columns() * self.signals.len();
        let blocks = columns.div_ceil(LANES);
        let width = limit.next_multiple_of(EDGE);
        let mut buffers = Buffers::default();
        for buffer in buffers.input.iter_mut().chain(&mut buffers.output) {
            buffer.fit(blocks * width * LANES);
        }
        let mut triangle = WignerTriangle::new(self.tilt.angle, limit, true);
        let mut finite = true;
        for l in 0..limit {
            triangle.advance::<S, true>(simd);
            let scale = triangle.scale();
            for block in 0..blocks {
                finite &= match self.kind {
                    Kind::Real => self.load_real(l, block, width, scale, &mut buffers.input),
                    Kind::Complex => self.load_complex(l, block, width, scale, &mut buffers.input),
                };
            }
            for part in 0..2 {
                let mut product = Product {
                    matrix: &triangle.sums()[part],
                    size: (l + 1).next_multiple_of(EDGE),
                    width,
                    input: &buffers.input[part],
                    output: &mut buffers.output[part],
                };
                product.run(simd);
            }
            for block in 0..blocks {
                match self.kind {
                    Kind::Real => self.store_real(l, block, width, scale, &buffers.output),
                    Kind::Complex => self.store_complex(l, block, width, scale, &buffers.output),
                }
            }
        }
        finite
    }
}

impl Batch<'_, '_> {
    /// The signals of a block.
    #[inline(always)]
    fn range(&self, block: usize) -> std::ops::Range<usize> {
        let each = LANES / self.kind.columns();
        block * each..((block + 1) * each).min(self.signals.len())
    }

    /// Loads the coefficients of degree l of a block of real signals, rotated about z, times the scales: a transposition to `[order][signal]`
    /// in tiles of eight orders and eight signals.
    #[inline(always)]
    fn load_real(
        &self,
        l: usize,
        block: usize,
        width: usize,
        scale: Option<&[f64]>,
        input: &mut [Aligned; 2],
    ) -> bool {
        let limit = self.band_limit;
        let mut defect = 0.0;
        for first in (0..=l).step_by(EDGE) {
            let count = (l + 1 - first).min(EDGE);
            let (mut re, mut im): (Tile, Tile) = ([[0.0; LANES]; EDGE], [[0.0; LANES]; EDGE]);
            for (lane, signal) in self.signals[self.range(block)].iter().enumerate() {
                let mut values = [Complex64::ZERO; EDGE];
                match self.layout {
                    Layout::Full => {
                        let start = l * (2 * limit - 1) + limit - 1 + first;
                        let row = &signal.coeffs[start..start + count];
                        values[..count].copy_from_slice(row);
                    }
                    Layout::Half => {
                        for (j, value) in values[..count].iter_mut().enumerate() {
                            *value = signal.coeffs[half_index(limit, l, first + j)];
                        }
                    }
                }
                if first == 0 {
                    // Imaginary parts at m = 0 are ignored; the half layout may hold any value there.
                    if self.layout == Layout::Full {
                        defect += values[0].im.defect();
                    }
                    values[0].im = 0.0;
                }
                let phases = &signal.phases[first..first + count];
                for j in 0..count {
                    let value = values[j] * phases[j];
                    defect += values[j].defect();
                    (re[j][lane], im[j][lane]) = (value.re, value.im);
                }
            }
            write_tiles(block * width, first, scale, [&re, &im], input);
        }
        defect == 0.0
    }

    /// Loads the real and the imaginary part of complex signals, each as a real signal, in neighbouring lanes.
    #[inline(always)]
    fn load_complex(
        &self,
        l: usize,
        block: usize,
        width: usize,
        scale: Option<&[f64]>,
        input: &mut [Aligned; 2],
    ) -> bool {
        let limit = self.band_limit;
        let mut defect = 0.0;
        for first in (0..=l).step_by(EDGE) {
            let count = (l + 1 - first).min(EDGE);
            let (mut re, mut im): (Tile, Tile) = ([[0.0; LANES]; EDGE], [[0.0; LANES]; EDGE]);
            for (i, signal) in self.signals[self.range(block)].iter().enumerate() {
                let centre = l * (2 * limit - 1) + limit - 1;
                for j in 0..count {
                    let n = first + j;
                    let (plus, minus) = (signal.coeffs[centre + n], signal.coeffs[centre - n]);
                    defect += plus.defect() + minus.defect();
                    // f = u + i v with real u and v.
                    let there = sign(n) * minus.conj();
                    let twice_v = plus - there;
                    let phase = signal.phases[n] * 0.5;
                    let u = (plus + there) * phase;
                    let v = Complex64::new(twice_v.im, -twice_v.re) * phase;
                    (re[j][2 * i], im[j][2 * i]) = (u.re, u.im);
                    (re[j][2 * i + 1], im[j][2 * i + 1]) = (v.re, v.im);
                }
            }
            write_tiles(block * width, first, scale, [&re, &im], input);
        }
        defect == 0.0
    }

    #[inline(always)]
    fn store_real(
        &mut self,
        l: usize,
        block: usize,
        width: usize,
        scale: Option<&[f64]>,
        output: &[Aligned; 2],
    ) {
        let (limit, layout) = (self.band_limit, self.layout);
        let range = self.range(block);
        let centre = l * (2 * limit - 1) + limit - 1;
        if layout == Layout::Full {
            for signal in &mut self.signals[range.clone()] {
                signal.rotated[centre + 1 - limit..centre - l].fill(Complex64::ZERO);
                signal.rotated[centre + l + 1..centre + limit].fill(Complex64::ZERO);
            }
        }
        for first in (0..=l).step_by(EDGE) {
            let count = (l + 1 - first).min(EDGE);
            let [re, im] = self.read_tiles(l, block * width, first, scale, output);
            for (lane, signal) in self.signals[range.clone()].iter_mut().enumerate() {
                let phases = &signal.phases[limit + first..limit + first + count];
                let mut values = [Complex64::ZERO; EDGE];
                for j in 0..count {
                    values[j] = phases[j] * Complex64::new(re[j][lane], im[j][lane]);
                }
                match layout {
                    Layout::Full => {
                        let lower = centre + 1 - first - count..centre + 1 - first;
                        let lower = signal.rotated[lower].iter_mut().rev();
                        for (j, (out, value)) in lower.zip(&values).enumerate() {
                            *out = sign(j) * value.conj();
                        }
                        // Order zero comes last from here.
                        let upper = centre + first..centre + first + count;
                        signal.rotated[upper].copy_from_slice(&values[..count]);
                    }
                    Layout::Half => {
                        for (j, value) in values[..count].iter().enumerate() {
                            signal.rotated[half_index(limit, l, first + j)] = *value;
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn store_complex(
        &mut self,
        l: usize,
        block: usize,
        width: usize,
        scale: Option<&[f64]>,
        output: &[Aligned; 2],
    ) {
        let limit = self.band_limit;
        let range = self.range(block);
        let centre = l * (2 * limit - 1) + limit - 1;
        for signal in &mut self.signals[range.clone()] {
            signal.rotated[centre + 1 - limit..centre - l].fill(Complex64::ZERO);
            signal.rotated[centre + l + 1..centre + limit].fill(Complex64::ZERO);
        }
        for first in (0..=l).step_by(EDGE) {
            let count = (l + 1 - first).min(EDGE);
            let [re, im] = self.read_tiles(l, block * width, first, scale, output);
            for (i, signal) in self.signals[range.clone()].iter_mut().enumerate() {
                for j in 0..count {
                    let m = first + j;
                    let phase = signal.phases[limit + m];
                    let u = phase * Complex64::new(re[j][2 * i], im[j][2 * i]);
                    let v = phase * Complex64::new(re[j][2 * i + 1], im[j][2 * i + 1]);
                    signal.rotated[centre + m] = Complex64::new(u.re - v.im, u.im + v.re);
                    signal.rotated[centre - m] = sign(m) * Complex64::new(u.re + v.im, v.re - u.im);
                }
            }
        }
    }

    /// Returns real and imaginary parts of eight orders with all scales and signs except the phases.
    #[inline(always)]
    fn read_tiles(
        &self,
        l: usize,
        start: usize,
        first: usize,
        scale: Option<&[f64]>,
        output: &[Aligned; 2],
    ) -> [Tile; 2] {
        let south = self.tilt.south;
        let flip = if south { sign(l) } else { 1.0 };
        let mut tiles = [[[0.0; LANES]; EDGE]; 2];
        for (part, (tile, output)) in tiles.iter_mut().zip(output).enumerate() {
            let flip = if south && part == 1 { -flip } else { flip };
            let output = &output.as_chunks::<LANES>().0[start + first..start + first + EDGE];
            for (j, (row, output)) in tile.iter_mut().zip(output).enumerate() {
                let scale = scale.map_or(1.0, |scale| *scale.get(first + j).unwrap_or(&0.0));
                for lane in 0..LANES {
                    row[lane] = flip * scale * output[lane];
                }
            }
        }
        tiles
    }
}

/// Writes eight orders, zero beyond the degree.
#[inline(always)]
fn write_tiles(
    start: usize,
    first: usize,
    scale: Option<&[f64]>,
    tiles: [&Tile; 2],
    input: &mut [Aligned; 2],
) {
    // At n = 0 the functions of n and −n both are d_m0, so order 0 counts half.
    let half = if first == 0 { 0.5 } else { 1.0 };
    for (tile, input) in tiles.into_iter().zip(input) {
        let input = &mut input.as_chunks_mut::<LANES>().0[start + first..start + first + EDGE];
        for (j, (row, input)) in tile.iter().zip(input).enumerate() {
            let scale = scale.map_or(1.0, |scale| *scale.get(first + j).unwrap_or(&0.0));
            let scale = if j == 0 { half * scale } else { scale };
            for lane in 0..LANES {
                input[lane] = scale * row[lane];
            }
        }
    }
}
