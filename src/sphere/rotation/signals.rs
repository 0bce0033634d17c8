//! Between arrays of coefficients and the rows of the rotation: phases, signs, and the two real signals of a complex one.

use super::stage::{Stage, Workspace, reaches};
use super::tables::{CHUNK, RotationTables};
use crate::check;
use crate::wigner::seeds::Angle;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use num_complex::Complex64;
use pulp::Arch;

/// The kind of signals that the coefficients belong to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Real,
    Complex,
}

impl Kind {
    /// Real signals that a signal counts for.
    pub(super) fn columns(self) -> usize {
        match self {
            Kind::Real => 1,
            Kind::Complex => 2,
        }
    }
}

/// The working memory of [`CoefficientRotation`](super::CoefficientRotation); its content never affects results.
#[derive(Debug, Clone, Default)]
pub struct CoefficientRotationScratch {
    /// Whether the threads of the pool share batches; each then makes buffers of its own.
    pub(super) parallel: bool,
    work: Workspace,
    pub(super) phases: Vec<Complex64>,
    row: Vec<Complex64>,
}

/// A signal and the phases of the two rotations about z that go with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    pub coeffs: ArrayView2<'a, Complex64>,
    pub phases: &'a [Complex64],
}

/// The rotation about y.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tilt {
    pub angle: Angle,
    reach: [usize; 2],
    /// In the south $`d^\ell_{mn}(\beta) = (-1)^{\ell+m} d^\ell_{m,-n}(\pi-\beta)`$ is used.
    pub south: bool,
    band_limit: usize,
}

impl Tilt {
    pub(super) fn new(beta: f64, band_limit: usize) -> Self {
        let (angle, south) = Angle::new(beta);
        Tilt {
            angle,
            reach: reaches(&angle, band_limit),
            south,
            band_limit,
        }
    }

    /// The phases before and after, with the signs that go with orders; `buffer` is overwritten.
    pub(super) fn phases(
        &self,
        alpha: f64,
        gamma: f64,
        mut buffer: Vec<Complex64>,
    ) -> Vec<Complex64> {
        buffer.clear();
        for (angle, signed) in [(gamma, self.south), (alpha, !self.south)] {
            buffer.extend((0..self.band_limit).map(|n| {
                let phase = Complex64::cis(-(n as f64) * angle);
                if signed { sign(n) * phase } else { phase }
            }));
        }
        buffer
    }
}

/// The index of a coefficient that is read and not finite.
pub(super) fn first_not_finite(
    kind: Kind,
    coeffs: &ArrayView2<'_, Complex64>,
) -> Option<[usize; 2]> {
    let centre = coeffs.nrows() - 1;
    for (l, row) in coeffs.rows().into_iter().enumerate() {
        let start = if kind == Kind::Real {
            centre
        } else {
            centre - l
        };
        let (row, _) = row.split_at(Axis(0), centre + l + 1);
        let (_, row) = row.split_at(Axis(0), start);
        if let Some(at) = check::first_not_finite(&row) {
            return Some([l, start + at[0]]);
        }
    }
    None
}

impl CoefficientRotationScratch {
    pub(super) fn prepare(&mut self, tables: &RotationTables, slots: usize) {
        let limit = tables.band_limit;
        self.work.prepare(tables, slots);
        self.phases.reserve(2 * limit);
        self.row.resize(2 * limit - 1, Complex64::ZERO);
    }
}

#[inline(always)]
pub(super) fn sign(order: usize) -> f64 {
    if order.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// Rotates signals that take `B` real ones together, by the same β.
pub(super) fn rotate_group<const B: usize>(
    tables: &RotationTables,
    kind: Kind,
    tilt: &Tilt,
    turns: &[Turn<'_>],
    rotated: &mut [ArrayViewMut2<'_, Complex64>],
    scratch: &mut CoefficientRotationScratch,
) {
    let limit = tables.band_limit;
    let slots = kind.columns();
    scratch.prepare(tables, B);
    let Tilt {
        angle,
        reach,
        south,
        ..
    } = *tilt;
    if turns.len() * slots < B {
        let used = tables.rows() * 2 * B * CHUNK;
        scratch.work.input[..used].fill(0.0);
    }
    for (i, turn) in turns.iter().enumerate() {
        load::<B>(
            tables,
            kind,
            turn,
            i * slots,
            &mut scratch.work.input,
            &mut scratch.row,
        );
    }
    Arch::new().dispatch(Stage::<B> {
        tables,
        angle,
        reach,
        work: &mut scratch.work,
    });
    for (i, (out, turn)) in rotated.iter_mut().zip(turns).enumerate() {
        let after = &turn.phases[limit..];
        let scaled = !angle.polar;
        for l in 0..limit {
            let row = &mut scratch.row;
            row.fill(Complex64::ZERO);
            let flip = if south { sign(l) } else { 1.0 };
            for chunk in 0..=l / CHUNK {
                let index = tables.row(chunk, l);
                let scale = &tables.scale[index * CHUNK..(index + 1) * CHUNK];
                let first = chunk * CHUNK;
                let count = (l + 1 - first).min(CHUNK);
                let (re, im) = scratch.work.columns::<B>(index, i * slots);
                let value = |re: &[f64], im: &[f64], j: usize| {
                    let factor = if scaled { flip * scale[j] } else { flip };
                    let im = if south { -im[j] } else { im[j] };
                    after[first + j] * Complex64::new(factor * re[j], factor * im)
                };
                match kind {
                    Kind::Real => {
                        for j in 0..count {
                            let m = first + j;
                            let value = value(re, im, j);
                            row[limit - 1 + m] = value;
                            row[limit - 1 - m] = sign(m) * value.conj();
                        }
                    }
                    Kind::Complex => {
                        let (re2, im2) = scratch.work.columns::<B>(index, i * slots + 1);
                        for j in 0..count {
                            let m = first + j;
                            let (u, v) = (value(re, im, j), value(re2, im2, j));
                            row[limit - 1 + m] = Complex64::new(u.re - v.im, u.im + v.re);
                            row[limit - 1 - m] = sign(m) * Complex64::new(u.re + v.im, v.re - u.im);
                        }
                    }
                }
            }
            let mut out = out.row_mut(l);
            match out.as_slice_mut() {
                Some(out) => out.copy_from_slice(row),
                None => out.iter_mut().zip(row.iter()).for_each(|(o, v)| *o = *v),
            }
        }
    }
}

/// Writes the coefficients, rotated about z, into the rows of the stage.
fn load<const B: usize>(
    tables: &RotationTables,
    kind: Kind,
    turn: &Turn<'_>,
    slot: usize,
    input: &mut [f64],
    buffer: &mut [Complex64],
) {
    let centre = tables.band_limit - 1;
    for (l, row) in turn.coeffs.rows().into_iter().enumerate() {
        let row = match row.to_slice() {
            Some(row) => row,
            None => {
                buffer.iter_mut().zip(&row).for_each(|(b, v)| *b = *v);
                &*buffer
            }
        };
        for chunk in 0..=l / CHUNK {
            let first = chunk * CHUNK;
            let count = (l + 1 - first).min(CHUNK);
            let start = (tables.row(chunk, l) * B + slot) * 2 * CHUNK;
            let slots = kind.columns();
            let (here, next) = input[start..start + 2 * CHUNK * slots].split_at_mut(2 * CHUNK);
            let (re, im) = here.split_at_mut(CHUNK);
            let upper = &row[centre + first..centre + first + count];
            let phases = &turn.phases[first..first + count];
            match kind {
                Kind::Real => {
                    for j in 0..count {
                        let value = upper[j] * phases[j];
                        (re[j], im[j]) = (value.re, value.im);
                    }
                    if first == 0 {
                        (re[0], im[0]) = (upper[0].re * phases[0].re, 0.0);
                    }
                }
                Kind::Complex => {
                    // f = u + i v with real u and v.
                    let (re2, im2) = next.split_at_mut(CHUNK);
                    for j in 0..count {
                        let n = first + j;
                        let (here, there) = (upper[j], sign(n) * row[centre - n].conj());
                        let u = 0.5 * (here + there) * phases[j];
                        let twice_v = here - there;
                        let v = 0.5 * Complex64::new(twice_v.im, -twice_v.re) * phases[j];
                        (re[j], im[j], re2[j], im2[j]) = (u.re, u.im, v.re, v.im);
                    }
                }
            }
        }
    }
}
