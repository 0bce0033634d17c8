//! Points sorted into bands of rows of the fine grid.

use super::lattice::Lattice;
use crate::numeric::legendre::check_colatitude;
use crate::{Error, Result, memory};
use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};
use std::f64::consts::TAU;
use std::ops::Range;

/// What the pass over the points needs of one point.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Record {
    /// Where the support starts in a plane.
    pub base: u32,
    /// The number of the point.
    pub index: u32,
    /// The place of the support relative to the point, in θ and in φ, from −1 to 1.
    pub offsets: [f64; 2],
}

/// A record in 24 bytes, read one after the other: an array of integers, of which the system gives zeros without writing them.
pub(super) type Packed = [u64; 3];

impl Record {
    #[inline(always)]
    fn pack(self) -> Packed {
        let Record {
            base,
            index,
            offsets: [theta, phi],
        } = self;
        let places = (u64::from(base) << 32) | u64::from(index);
        [places, theta.to_bits(), phi.to_bits()]
    }

    #[inline(always)]
    pub(super) fn unpack([places, theta, phi]: Packed) -> Self {
        Record {
            base: (places >> 32) as u32,
            index: places as u32,
            offsets: [theta, phi].map(f64::from_bits),
        }
    }
}

/// All points in bands; within a band in the order of their numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Records {
    pub records: Vec<Packed>,
    /// Where each band starts, and the number of points.
    starts: Vec<usize>,
    /// Rows of a band; a support reaches at most into the next band.
    pub rows: usize,
}

/// Numbers of a band: half a megabyte, a quarter to half of the second-level cache.
const BAND: usize = 1 << 16;

impl Records {
    /// Sorts the points, which are valid.
    pub(super) fn new(points: ArrayView2<'_, f64>, lattice: &Lattice) -> Result<Self> {
        let count = points.nrows();
        if count > u32::MAX as usize || lattice.plane() > u32::MAX as usize {
            return Err(Error::invalid(
                "number of points, or of grid points for them",
                count.max(lattice.plane()),
                "less than 2^32: a smaller band limit, or points in parts",
            ));
        }
        let bytes = (size_of::<Record>() * count) as u64;
        memory::check("a plan for points", bytes, "give the points in parts")?;
        let most = (BAND / lattice.stride).clamp(super::kernel::MAX_WIDTH, 256);
        // A power of two.
        let shift = most.ilog2();
        let points = points.as_standard_layout();
        let points = points.as_slice().expect("the layout is standard");
        let sort = Sort {
            points: points.as_chunks().0,
            lattice,
            shift,
        };
        let (records, starts) = Arch::new().dispatch(sort);
        Ok(Records {
            records,
            starts,
            rows: 1 << shift,
        })
    }

    /// The points of a band.
    pub(super) fn band(&self, band: usize) -> &[Packed] {
        match self.starts.get(band..band + 2) {
            Some(ends) => &self.records[ends[0]..ends[1]],
            None => &[],
        }
    }

    pub(super) fn bands(&self) -> usize {
        self.starts.len() - 1
    }

    /// The points of a band whose numbers are in a range.
    pub(super) fn part(&self, band: usize, numbers: &Range<usize>) -> &[Packed] {
        let records = self.band(band);
        let number = |record: &Packed| Record::unpack(*record).index as usize;
        let before = |end: usize| records.partition_point(|record| number(record) < end);
        &records[before(numbers.start)..before(numbers.end)]
    }
}

/// The sort by counting, in two passes over the points.
struct Sort<'a> {
    points: &'a [[f64; 2]],
    lattice: &'a Lattice,
    /// Rows of a band are this power of two.
    shift: u32,
}

impl WithSimd for Sort<'_> {
    type Output = (Vec<Packed>, Vec<usize>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Sort {
            points,
            lattice,
            shift,
        } = self;
        let bands = (lattice.rows() + 2 * lattice.border).div_ceil(1 << shift);
        let [rows, columns] = [(lattice.theta, lattice.border), (lattice.phi, lattice.left)].map(
            |(points, before)| Circle {
                scale: points as f64 / TAU,
                shift: 0.5 * lattice.width as f64,
                before: before as f64,
            },
        );
        let mut starts = vec![0; bands + 1];
        for [theta, _] in points {
            starts[(rows.place(*theta).0 >> shift) + 1] += 1;
        }
        for band in 0..bands {
            starts[band + 1] += starts[band];
        }
        let mut next = starts.clone();
        let mut records = vec![[0_u64; 3]; points.len()];
        for (index, [theta, phi]) in points.iter().enumerate() {
            let (row, theta) = rows.place(*theta);
            let (column, phi) = columns.place(reduced(*phi));
            let slot = &mut next[row >> shift];
            records[*slot] = Record {
                base: (row * lattice.stride + column) as u32,
                index: index as u32,
                offsets: [theta, phi],
            }
            .pack();
            *slot += 1;
        }
        (records, starts)
    }
}

/// The supports of angles on a circle of the grid.
struct Circle {
    /// Grid points per radian.
    scale: f64,
    /// w/2.
    shift: f64,
    /// Grid points before angle 0.
    before: f64,
}

impl Circle {
    /// Returns the first grid point of the support, $`\lceil x - w/2 \rceil`$ for the angle in grid steps, x, and
    /// 2 (first − (x − w/2)) − 1.
    #[inline(always)]
    fn place(&self, angle: f64) -> (usize, f64) {
        let start = angle * self.scale - self.shift;
        let first = start.ceil();
        let offset = 2.0 * (first - start) - 1.0;
        // Rounded to an unsigned number by way of a signed one, which is one instruction.
        ((first + self.before) as i64 as usize, offset)
    }
}

/// 2π less its value in double precision.
const TAU_REST: f64 = 2.4492935982947064e-16;

/// Beyond this many turns their number times the rest of 2π is no longer exact enough.
const MOST_TURNS: f64 = 1e5;

/// An angle modulo 2π, in [0, 2π]; relative to the size of the angle as accurate as the angle itself.
#[inline(always)]
pub(super) fn reduced(angle: f64) -> f64 {
    if (0.0..TAU).contains(&angle) {
        return angle;
    }
    reduced_by_turns(angle)
}

#[cold]
fn reduced_by_turns(angle: f64) -> f64 {
    let turns = (angle / TAU).floor();
    let mut reduced = if turns.abs() < MOST_TURNS {
        (-turns).mul_add(TAU_REST, (-turns).mul_add(TAU, angle))
    } else {
        // Sine and cosine reduce their argument with as many digits of π as it needs.
        angle.sin().atan2(angle.cos())
    };
    if reduced < 0.0 {
        reduced += TAU;
    }
    reduced.clamp(0.0, TAU)
}

/// Refuses arrays that are no points on the sphere.
pub(super) fn check_points(points: ArrayView2<'_, f64>) -> Result<()> {
    if points.ncols() != 2 {
        return Err(Error::shape(
            "points on the sphere",
            "[points, 2], rows (theta, phi)",
            points.shape().to_vec(),
        ));
    }
    crate::check::not_empty("points on the sphere", points.nrows())?;
    crate::check::finite("points on the sphere", points)?;
    points
        .column(0)
        .iter()
        .try_for_each(|theta| check_colatitude(*theta))
}

#[cfg(test)]
mod tests {
    use super::super::kernel::SHAPES;
    use super::*;
    use crate::tol;
    use ndarray::Array2;
    use std::f64::consts::PI;

    #[test]
    fn angles_are_reduced_with_all_digits_of_pi() {
        for angle in [
            -0.0, 0.0, 1e-300, -1e-300, 3.0, TAU, -TAU, 7.0, -7.0, 1e3, -1e5, 6.2e5, 1e9, -1e15,
        ] {
            let found = reduced(angle);
            assert!((0.0..=TAU).contains(&found), "{angle}: {found}");
            let error = (found.sin() - angle.sin()).hypot(found.cos() - angle.cos());
            assert!(error <= tol::ANGLE, "{angle}: {error:e}");
        }
    }

    #[test]
    fn supports_lie_on_the_grid_with_its_borders() {
        let ends = [0.0, 1e-9, 0.3, PI / 2.0, 3.0, PI - 1e-9, PI];
        let turns = [0.0, -0.0, 1e-17, -1e-17, 1.0, PI, 6.25, TAU, 1e9, -5.0];
        let points = Array2::from_shape_fn((ends.len() * turns.len(), 2), |(i, k)| match k {
            0 => ends[i / turns.len()],
            _ => turns[i % turns.len()],
        });
        for shape in SHAPES {
            for band_limit in [1, 5, 40] {
                let lattice = Lattice::new(shape, band_limit);
                let records = Records::new(points.view(), &lattice).unwrap();
                let mut seen = vec![false; points.nrows()];
                for band in 0..records.bands() {
                    let mut last = None;
                    for record in records.band(band) {
                        let record = Record::unpack(*record);
                        let base = record.base as usize;
                        let (row, column) = (base / lattice.stride, base % lattice.stride);
                        assert_eq!(row / records.rows, band);
                        assert!(row + shape.width <= lattice.rows() + 2 * lattice.border);
                        assert!(column + shape.lanes() <= lattice.stride);
                        assert!(record.offsets.iter().all(|x| (-1.0..=1.0).contains(x)));
                        assert!(last.is_none_or(|last| last < record.index));
                        last = Some(record.index);
                        seen[record.index as usize] = true;
                    }
                }
                assert!(seen.iter().all(|seen| *seen));
                let parts = (0..records.bands()).map(|band| records.part(band, &(3..20)).len());
                assert_eq!(parts.sum::<usize>(), 17);
            }
        }
    }
}
