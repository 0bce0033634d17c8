//! The first message, whose neighbours are labels, by moments of the directions.
//!
//! Harmonics of a rotated direction are sums of harmonics of the direction, $`Y_{lm}(r u) = \sum_{m'} \Delta^l_{mm'}(r) Y_{lm'}(u)`$. A sum over pairs
//! of edges without kernels of the neighbours is therefore
//! ```math
//! \sum_{kl} w_{kl}\, p\big((r \hat u_k) \cdot \hat u'_l\big) = \sum_{lmm'} \Delta^l_{mm'}(r)\, M^l_{mm'} , \qquad
//! M^l_{mm'} = \sum_{kl} w_{kl} Y_{lm}(\hat u'_l) Y_{lm'}(\hat u_k) :
//! ```
//! pairs of edges meet once, and not at each rotation. For a spectrum of 4 degrees there are 84 moments per pair of atoms.

use std::f64::consts::TAU;

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Real;
use crate::network::Message;
use crate::numeric::GaussLegendre;
use crate::simd::pack::Pack;

use super::edge_pairs::EdgePairs;
use super::harmonics::{HarmonicTables, Harmonics};
use super::rotations::Rotations;
use super::signal::MoleculeSignal;

/// The largest number of degrees: there are (4L³ − L)/3 moments.
const LARGEST_DEGREES: usize = 6;
/// Functions of the largest number of degrees.
const LARGEST_FUNCTIONS: usize = LARGEST_DEGREES * LARGEST_DEGREES;
/// Tables of more numbers than these are not made.
const LARGEST_TABLE: usize = 1 << 20;

/// The functions of directions whose moments are taken, if the degree of the message allows it.
pub(super) fn functions(message: &Message) -> Option<Harmonics> {
    let degrees = message.degree() + 1;
    (degrees <= LARGEST_DEGREES).then(|| Harmonics::new(&message.spectrum[..degrees]))
}

/// The matrices $`\Delta^l`$ of rotations, up to a degree.
#[derive(Debug, Clone)]
pub(super) struct Moments<T> {
    degrees: usize,
    /// The number of moments of a pair of atoms.
    count: usize,
    /// One row over the rotations per entry (l, m, m').
    table: Vec<T>,
}

impl<T: Real> Moments<T> {
    /// Makes the tables; none if they would be large, or for a single rotation.
    pub(super) fn new(degrees: usize, rotations: &Rotations<T>) -> Option<Self> {
        let count = (0..degrees).map(|l| (2 * l + 1) * (2 * l + 1)).sum();
        let len = rotations.len();
        if len == 1 || count > LARGEST_TABLE / len {
            return None;
        }
        // Functions of mean square one.
        let norms: Vec<f64> = (0..degrees).map(|l| (2 * l + 1) as f64).collect();
        let harmonics = Harmonics::new(&norms);
        let grid = sphere(degrees)?;
        let (mut tables, mut values) = (HarmonicTables::default(), Vec::new());
        let mut before = Vec::new();
        for (u, weight) in &grid {
            harmonics.write(*u, &mut tables, &mut values);
            before.extend(values.iter().map(|y| weight * y));
        }
        let functions = degrees * degrees;
        let mut table = vec![T::of(0.0); count * len];
        let mut entries = vec![0.0; count];
        for r in 0..len {
            let matrix = rotations.matrix(r);
            entries.fill(0.0);
            // Δ is the mean over the sphere of the products of functions of the rotated and of the given direction.
            for ((u, _), before) in grid.iter().zip(before.chunks_exact(functions)) {
                let rotated = matrix.map(|row| row.iter().zip(u).map(|(a, b)| a * b).sum());
                harmonics.write(rotated, &mut tables, &mut values);
                let mut rest = &mut entries[..];
                for l in 0..degrees {
                    let of_degree = l * l..(l + 1) * (l + 1);
                    for y in &values[of_degree.clone()] {
                        let (row, others) = rest.split_at_mut(2 * l + 1);
                        for (sum, x) in row.iter_mut().zip(&before[of_degree.clone()]) {
                            *sum += y * x;
                        }
                        rest = others;
                    }
                }
            }
            for (x, value) in entries.iter().enumerate() {
                table[x * len + r] = T::of(*value);
            }
        }
        Some(Moments {
            degrees,
            count,
            table,
        })
    }

    /// Whether moments are cheaper than sums over pairs of edges.
    pub(super) fn pays(&self, pairs: &EdgePairs) -> bool {
        // Per rotation a pair of edges takes a cosine, Horner's rule, and one product.
        let sums = pairs.pairs.len() * (self.degrees + 3);
        self.count * pairs.shares.len() <= sums
    }

    /// Writes the sums over pairs of edges of all pairs of atoms.
    ///
    /// # Arguments
    /// * `signals` — with harmonics
    /// * `before` — K before the sum, one row over the rotations per pair of atoms
    /// * `moments` — scratch
    /// * `out` — as `before`; overwritten
    pub(super) fn sum(
        &self,
        pairs: &EdgePairs,
        signals: [&MoleculeSignal; 2],
        before: &[T],
        moments: &mut Vec<T>,
        out: &mut [T],
    ) {
        moments.resize(pairs.shares.len() * self.count, T::of(0.0));
        let harmonics = signals.map(|signal| &signal.messages[0].harmonics[..]);
        let arch = Arch::new();
        let (count, moments) = (self.count, &mut moments[..]);
        macro_rules! gather {
            ($($degrees:literal),*) => {
                match self.degrees {
                    $($degrees => arch.dispatch(Gather::<T, $degrees, { $degrees * $degrees }> {
                        pairs, harmonics, count, moments: &mut *moments,
                    }),)*
                    _ => unreachable!("tables have few degrees"),
                }
            };
        }
        gather!(1, 2, 3, 4, 5, 6);
        arch.dispatch(Synthesis {
            count,
            moments,
            table: &self.table,
            shares: &pairs.shares,
            before,
            out,
        });
    }
}

/// Points of the sphere and weights, exact for products of two functions.
fn sphere(degrees: usize) -> Option<Vec<([f64; 3], f64)>> {
    let rule = GaussLegendre::new(degrees).ok()?;
    let longitudes = 2 * degrees - 1;
    let rings = rule.nodes.iter().zip(&rule.weights);
    let points = rings.flat_map(|(&z, weight)| {
        let root = (1.0 - z * z).sqrt();
        (0..longitudes).map(move |n| {
            let (sine, cosine) = (TAU * n as f64 / longitudes as f64).sin_cos();
            let u = [root * cosine, root * sine, z];
            (u, weight / (2 * longitudes) as f64)
        })
    });
    Some(points.collect())
}

/// Computes the moments of all pairs of atoms, in double precision, and rounds them once.
///
/// The pairs of edges of a pair of atoms come by the first edge: all second edges are added up first, $`h_{lm} = \sum w Y_{lm}(\hat u')`$, N numbers in
/// a row, and then meet the first edge once, $`M^l_{mm'} \mathrel{+}= h_{lm} Y_{lm'}(\hat u)`$.
struct Gather<'a, T, const L: usize, const N: usize> {
    pairs: &'a EdgePairs,
    harmonics: [&'a [f64]; 2],
    count: usize,
    moments: &'a mut [T],
}

impl<T: Real, const L: usize, const N: usize> WithSimd for Gather<'_, T, L, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        const ROOM: usize = LARGEST_FUNCTIONS * (2 * LARGEST_DEGREES - 1);
        let [near, far] = self.harmonics.map(|values| values.as_chunks::<N>().0);
        let pairs = self.pairs;
        let mut room = [0.0; ROOM];
        let sums = &mut room[..self.count];
        let rows = self.moments.chunks_exact_mut(self.count);
        for (row, ends) in rows.zip(pairs.starts.windows(2)) {
            sums.fill(0.0);
            let edges = &pairs.pairs[ends[0]..ends[1]];
            let weights = &pairs.weights[ends[0]..ends[1]];
            let mut at = 0;
            while at < edges.len() {
                let first = edges[at].edges[0];
                let mut h = [0.0; N];
                while at < edges.len() && edges[at].edges[0] == first {
                    let y = &far[edges[at].edges[1] as usize];
                    let weight = weights[at];
                    for i in 0..N {
                        h[i] += weight * y[i];
                    }
                    at += 1;
                }
                let y = &near[first as usize];
                let mut next = 0;
                for l in 0..L {
                    let (start, len) = (l * l, 2 * l + 1);
                    for h in &h[start..start + len] {
                        let sums = &mut sums[next..next + len];
                        for (sum, y) in sums.iter_mut().zip(&y[start..start + len]) {
                            *sum += h * y;
                        }
                        next += len;
                    }
                }
            }
            for (moment, sum) in row.iter_mut().zip(&*sums) {
                *moment = T::of(*sum);
            }
        }
    }
}

/// Pairs of atoms that meet the table at once: with P × R sums in registers, every register that is loaded enters P products.
const P: usize = 4;

/// Computes $`K'_{ij}(r) = s_{ij} K_{ij}(r) + \sum_x M_{ij,x} \Delta_x(r)`$, a product of two matrices.
///
/// Rotations run along registers. Some registers of all rows of the table stay in the nearest cache, where all pairs of atoms meet them.
struct Synthesis<'a, T> {
    count: usize,
    moments: &'a [T],
    table: &'a [T],
    shares: &'a [f64],
    before: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> Synthesis<'_, T> {
    /// R registers of all rows.
    #[inline(always)]
    fn columns<S: Simd, const R: usize>(&mut self, simd: S, start: usize) {
        let mut pair = 0;
        while pair + P <= self.shares.len() {
            self.tile::<S, P, R>(simd, pair, start);
            pair += P;
        }
        while pair < self.shares.len() {
            self.tile::<S, 1, R>(simd, pair, start);
            pair += 1;
        }
    }

    /// Q rows and R registers.
    #[inline(always)]
    fn tile<S: Simd, const Q: usize, const R: usize>(
        &mut self,
        simd: S,
        pair: usize,
        start: usize,
    ) {
        let (table, _) = T::split::<S>(self.table);
        let (before, _) = T::split::<S>(self.before);
        let (out, _) = T::split_mut::<S>(self.out);
        let width = before.len() / self.shares.len();
        let mut sums = [[Pack::splat(simd, T::of(0.0)); R]; Q];
        let mut moments = [&self.moments[..0]; Q];
        for i in 0..Q {
            let at = (pair + i) * self.count;
            moments[i] = &self.moments[at..at + self.count];
            let share = Pack::splat(simd, T::of(self.shares[pair + i]));
            let before = &before[(pair + i) * width + start..][..R];
            for q in 0..R {
                sums[i][q] = share * Pack::new(simd, before[q]);
            }
        }
        for (x, row) in table.chunks_exact(width).enumerate() {
            let row = &row[start..start + R];
            for i in 0..Q {
                let moment = Pack::splat(simd, moments[i][x]);
                for q in 0..R {
                    sums[i][q] = moment.mul_add(Pack::new(simd, row[q]), sums[i][q]);
                }
            }
        }
        for i in 0..Q {
            let out = &mut out[(pair + i) * width + start..][..R];
            for q in 0..R {
                out[q] = sums[i][q].register;
            }
        }
    }
}

impl<T: Real> WithSimd for Synthesis<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.shares.is_empty() {
            return;
        }
        let lanes = size_of::<T::Register<S>>() / size_of::<T>();
        let width = self.before.len() / self.shares.len() / lanes;
        let mut start = 0;
        while start + 2 <= width {
            self.columns::<S, 2>(simd, start);
            start += 2;
        }
        if start < width {
            self.columns::<S, 1>(simd, start);
        }
    }
}
