//! Sums over windows that move by any stride, rows first and columns second.

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Real;

/// Sums over sliding windows along one axis: output i is the sum of the inputs `start + stride · i + u`, u < `count`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    /// The first input of the first window; inputs before the first one are zeros or, if the ends are joined, those at the other end.
    pub(super) start: i32,
    pub(super) stride: usize,
    pub(super) count: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Whether the first input follows the last one.
    pub(super) joined: bool,
}

impl Axis {
    /// The input of an output for one place of the window.
    pub(super) fn input(&self, output: usize, place: usize) -> Option<usize> {
        let at = i64::from(self.start) + (output * self.stride + place) as i64;
        let inputs = self.inputs as i64;
        if self.joined {
            return Some(at.rem_euclid(inputs) as usize);
        }
        (0..inputs).contains(&at).then_some(at as usize)
    }

    /// The outputs whose input for one place of the window needs no wrapping, and the first such input.
    fn inside(&self, place: usize) -> (std::ops::Range<usize>, usize) {
        let first = i64::from(self.start) + place as i64;
        let stride = self.stride as i64;
        let bound = |from: i64| -> usize {
            let outputs = (from.max(0) as u64).div_ceil(stride as u64);
            outputs.min(self.outputs as u64) as usize
        };
        let (low, high) = (bound(-first), bound(self.inputs as i64 - first));
        let input = first + low as i64 * stride;
        (low..high.max(low), input.max(0) as usize)
    }
}

/// Sums the rows of each window of an image, into `rows`.
///
/// # Arguments
/// * `image` — `axis.inputs` rows of `width` numbers
/// * `rows` — replaced by `axis.outputs` rows
pub(super) fn sum_rows<T: Real>(image: &[T], axis: Axis, width: usize, rows: &mut Vec<T>) {
    let len = axis.outputs * width;
    if rows.len() < len {
        rows.resize(len, T::zero());
    }
    Arch::new().dispatch(SumRows {
        image,
        axis,
        width,
        rows: &mut rows[..len],
    });
}

/// The loop of [`sum_rows`].
struct SumRows<'a, T> {
    image: &'a [T],
    axis: Axis,
    width: usize,
    rows: &'a mut [T],
}

impl<T: Real> WithSimd for SumRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let SumRows {
            image,
            axis,
            width,
            rows,
        } = self;
        write_rows(image, axis, width, rows);
    }
}

/// The loop of [`sum_rows`].
#[inline(always)]
fn write_rows<T: Real>(image: &[T], axis: Axis, width: usize, rows: &mut [T]) {
    // rows(i, x) = Σ_u image(start + stride i + u, x): rows are contiguous, and the loops over x vectorise.
    for (output, row) in rows.chunks_exact_mut(width).enumerate() {
        let mut empty = true;
        for place in 0..axis.count {
            let Some(input) = axis.input(output, place) else {
                continue;
            };
            let terms = &image[input * width..(input + 1) * width];
            if empty {
                row.copy_from_slice(terms);
                empty = false;
            } else {
                for (sum, term) in row.iter_mut().zip(terms) {
                    *sum += *term;
                }
            }
        }
        if empty {
            row.fill(T::zero());
        }
    }
}

/// Adds to `out`, for each row, the sums over the columns of each window, times a factor.
///
/// # Arguments
/// * `rows` — rows of `axis.inputs` numbers
/// * `out` — as many rows of `axis.outputs` numbers
pub(super) fn add_columns<T: Real>(rows: &[T], axis: Axis, scale: T, out: &mut [T]) {
    Arch::new().dispatch(AddColumns {
        rows,
        axis,
        scale,
        out,
    });
}

/// The loop of [`add_columns`].
struct AddColumns<'a, T> {
    rows: &'a [T],
    axis: Axis,
    scale: T,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for AddColumns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let AddColumns {
            rows,
            axis,
            scale,
            out,
        } = self;
        add_to(rows, axis, scale, out);
    }
}

/// The loop of [`add_columns`]: out(i) += scale · Σ_u row(start + stride i + u), row by row.
///
/// Places of the window are outermost, since the outputs inside the row are the same ones for all rows.
#[inline(always)]
fn add_to<T: Real>(rows: &[T], axis: Axis, scale: T, out: &mut [T]) {
    let mut place = 0;
    while place < axis.count {
        let (inside, first) = axis.inside(place);
        // Both pixels of a window of 2 × 2 pixels, the usual case, in one pass.
        let next = (axis.stride == 2 && place + 1 < axis.count).then(|| axis.inside(place + 1));
        let pair = next == Some((inside.clone(), first + 1)) && !axis.joined;
        let lines = out.chunks_exact_mut(axis.outputs);
        for (row, out) in rows.chunks_exact(axis.inputs).zip(lines) {
            let target = &mut out[inside.clone()];
            if target.is_empty() {
                break;
            }
            let row = &row[first..];
            if pair {
                let (pairs, _) = row.as_chunks::<2>();
                for (sum, [one, two]) in target.iter_mut().zip(pairs) {
                    *sum += scale * (*one + *two);
                }
                continue;
            }
            // Inputs that are apart by the stride are read as the first ones of chunks; strides of 1 and 2, the usual ones, have loops
            // of their own, which vectorise.
            match axis.stride {
                1 => {
                    for (sum, term) in target.iter_mut().zip(row) {
                        *sum += scale * *term;
                    }
                }
                2 => {
                    let (pairs, last) = row.as_chunks::<2>();
                    let terms = pairs.iter().map(|[term, _]| term).chain(last);
                    for (sum, term) in target.iter_mut().zip(terms) {
                        *sum += scale * *term;
                    }
                }
                stride => {
                    for (sum, term) in target.iter_mut().zip(row.iter().step_by(stride)) {
                        *sum += scale * *term;
                    }
                }
            }
        }
        if axis.joined {
            let lines = out.chunks_exact_mut(axis.outputs);
            for (row, out) in rows.chunks_exact(axis.inputs).zip(lines) {
                for output in (0..inside.start).chain(inside.end..axis.outputs) {
                    if let Some(input) = axis.input(output, place) {
                        out[output] += scale * row[input];
                    }
                }
            }
        }
        place += if pair { 2 } else { 1 };
    }
}

/// The sums over windows of one kernel in one batch, added to images of strips.
pub(super) struct AddWindows<'a, T> {
    /// The images of the batch, one below the other.
    pub(super) field: &'a [T],
    /// The columns of an image.
    pub(super) width: usize,
    /// For each image, its rows, and the numbers of the images to which it contributes with the sums over rows.
    pub(super) images: &'a [Image<'a>],
    /// The first row of each image of a strip.
    pub(super) tops: &'a [usize],
    /// The strips to which the batch contributes, with the sums over columns.
    pub(super) strips: &'a mut [Strip<'a, T>],
    pub(super) scale: T,
    /// Scratch: sums over rows.
    pub(super) rows: &'a mut Vec<T>,
}

/// A strip, and the sums over columns with which a batch contributes to it; more than one where opposite edges are joined.
pub(super) type Strip<'a, T> = (&'a mut Vec<T>, &'a [(usize, Axis)]);

/// An image of a batch.
pub(super) struct Image<'a> {
    pub(super) height: usize,
    /// The numbers of the images to which it contributes, with the sums over rows.
    pub(super) targets: &'a [(usize, Axis)],
}

impl<T: Real> WithSimd for AddWindows<'_, T> {
    type Output = ();

    /// Sums over rows first, then over their columns. One call has all images of a batch: images are small, and a call has a price.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let mut from = 0;
        for image in self.images {
            let pixels = &self.field[from..from + image.height * self.width];
            from += pixels.len();
            for (target, axis) in image.targets {
                let len = axis.outputs * self.width;
                if self.rows.len() < len {
                    self.rows.resize(len, T::zero());
                }
                let rows = &mut self.rows[..len];
                write_rows(pixels, *axis, self.width, rows);
                for (strip, columns) in &mut *self.strips {
                    for (_, across) in *columns {
                        let start = self.tops[*target] * across.outputs;
                        let out = &mut strip[start..start + axis.outputs * across.outputs];
                        add_to(rows, *across, self.scale, out);
                    }
                }
            }
        }
    }
}

/// The adjoint of [`add_columns`]: adds each number times a factor to the inputs of its window, row by row.
///
/// # Arguments
/// * `rows` — rows of `axis.outputs` numbers
/// * `out` — as many rows of `axis.inputs` numbers
pub(super) fn scatter_columns(rows: &[f64], axis: Axis, scale: f64, out: &mut [f64]) {
    let lines = out.chunks_exact_mut(axis.inputs);
    for (row, out) in rows.chunks_exact(axis.outputs).zip(lines) {
        for place in 0..axis.count {
            let (inside, first) = axis.inside(place);
            let terms = &row[inside.clone()];
            if axis.stride == 1 && !terms.is_empty() {
                for (sum, term) in out[first..].iter_mut().zip(terms) {
                    *sum += scale * term;
                }
            } else {
                for (index, term) in terms.iter().enumerate() {
                    out[first + index * axis.stride] += scale * term;
                }
            }
            if axis.joined {
                for output in (0..inside.start).chain(inside.end..axis.outputs) {
                    if let Some(input) = axis.input(output, place) {
                        out[input] += scale * row[output];
                    }
                }
            }
        }
    }
}

/// The adjoint of [`sum_rows`]: adds each row to the rows of its window.
///
/// # Arguments
/// * `rows` — `axis.outputs` rows of `width` numbers
/// * `image` — `axis.inputs` rows; added to
pub(super) fn scatter_rows(rows: &[f64], axis: Axis, width: usize, image: &mut [f64]) {
    for (output, row) in rows.chunks_exact(width).enumerate() {
        for place in 0..axis.count {
            if let Some(input) = axis.input(output, place) {
                let sums = &mut image[input * width..(input + 1) * width];
                for (sum, term) in sums.iter_mut().zip(row) {
                    *sum += term;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sums by their definition.
    fn plain(image: &[f64], axes: [Axis; 2]) -> Vec<f64> {
        let mut sums = Vec::new();
        for y in 0..axes[0].outputs {
            for x in 0..axes[1].outputs {
                let mut sum = 0.0;
                for (v, u) in
                    (0..axes[0].count).flat_map(|v| (0..axes[1].count).map(move |u| (v, u)))
                {
                    let at = |axis: Axis, output: usize, place: usize| {
                        let at = axis.start as isize + (output * axis.stride + place) as isize;
                        let inputs = axis.inputs as isize;
                        match axis.joined {
                            true => Some(at.rem_euclid(inputs) as usize),
                            false if at >= 0 && at < inputs => Some(at as usize),
                            false => None,
                        }
                    };
                    if let (Some(y), Some(x)) = (at(axes[0], y, v), at(axes[1], x, u)) {
                        sum += image[y * axes[1].inputs + x];
                    }
                }
                sums.push(sum);
            }
        }
        sums
    }

    #[test]
    fn scattered_sums_are_adjoint() {
        for joined in [false, true] {
            for (stride, count, start) in [(1, 3, -1), (2, 3, -2), (2, 2, 0), (3, 4, 1), (1, 9, -4)]
            {
                let axis = |inputs, outputs| Axis {
                    start,
                    stride,
                    count,
                    inputs,
                    outputs,
                    joined,
                };
                let (down, across) = (axis(7, 4), axis(5, 3));
                // Small whole numbers have exact sums.
                let image: Vec<f64> = (0..35).map(|i| f64::from((i * i) % 17)).collect();
                let other: Vec<f64> = (0..12).map(|i| f64::from((i * 5) % 7)).collect();
                let (mut rows, mut sums) = (Vec::new(), vec![0.0; 12]);
                sum_rows(&image, down, 5, &mut rows);
                add_columns(&rows[..20], across, 0.5, &mut sums);
                let (mut wide, mut back) = (vec![0.0; 20], vec![0.0; 35]);
                scatter_columns(&other, across, 0.5, &mut wide);
                scatter_rows(&wide, down, 5, &mut back);
                let product =
                    |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                assert_eq!(product(&sums, &other), product(&image, &back));
            }
        }
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        let mut rows = vec![f64::NAN; 3];
        let axis = |start, stride, count, inputs, outputs, joined| Axis {
            start,
            stride,
            count,
            inputs,
            outputs,
            joined,
        };
        for joined in [false, true] {
            for stride in 1..5 {
                for count in 1..5 {
                    for start in [-9, -2, -1, 0, 1, 3] {
                        // Small whole numbers have exact sums.
                        let axes = [
                            axis(start, stride, count, 7, 4, joined),
                            axis(start / 2, stride, count, 5, 3, joined),
                        ];
                        let image: Vec<f64> = (0..35).map(|i| f64::from((i * i) % 17)).collect();
                        let mut out = vec![1.0; 12];
                        sum_rows(&image, axes[0], 5, &mut rows);
                        add_columns(&rows[..20], axes[1], 0.5, &mut out);
                        let want: Vec<f64> = plain(&image, axes)
                            .iter()
                            .map(|sum| 1.0 + 0.5 * sum)
                            .collect();
                        assert_eq!(out, want, "{axes:?}");
                    }
                }
            }
        }
    }
}
