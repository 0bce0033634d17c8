//! Small images in one cache: products of shifted images, means over windows, sub-images.
//!
//! Rows are handled a vector register at a time. The last step of a row may write beyond its end, where
//! the next row is written afterwards; every buffer has [`SPARE`] entries more than it needs.

use pulp::{Arch, Simd, WithSimd};

use crate::network::Padding;
use crate::special::Real;

/// Numbers in the largest register.
const SPARE: usize = 16;

/// The length of a row in whole registers.
#[inline(always)]
const fn padded<S: Simd, T: Real>(width: usize) -> usize {
    width.next_multiple_of(size_of::<T::Register<S>>() / size_of::<T>())
}

/// The registers of a row from `at` on, `len` numbers.
#[inline(always)]
fn row<S: Simd, T: Real>(values: &[T], at: usize, len: usize) -> &[T::Register<S>] {
    T::split::<S>(&values[at..at + len]).0
}

#[inline(always)]
fn row_mut<S: Simd, T: Real>(values: &mut [T], at: usize, len: usize) -> &mut [T::Register<S>] {
    T::split_mut::<S>(&mut values[at..at + len]).0
}

/// An image of several channels, one after the other, with entries to spare at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels<T> {
    values: Vec<T>,
    size: [usize; 2],
    count: usize,
}

impl<T: Real> Channels<T> {
    /// Takes an image over, `copies` times side by side, times a factor.
    ///
    /// # Arguments
    /// * `pixels` — shape `[count, size[0], size[1]]`
    pub(super) fn fill(
        &mut self,
        pixels: &[f64],
        size: [usize; 2],
        count: usize,
        copies: usize,
        factor: f64,
    ) {
        let [height, width] = size;
        self.size = [height, copies * width];
        self.count = count;
        self.values.clear();
        for row in pixels.chunks_exact(width) {
            for _ in 0..copies {
                self.values
                    .extend(row.iter().map(|&value| T::of(value * factor)));
            }
        }
        self.values.resize(self.values.len() + SPARE, T::zero());
    }
}

/// Writes $`\sum_c a_c(t)\, b_c(t + d)`$ for t in a rectangle.
///
/// # Arguments
/// * `starts` — the first pixel of the rectangle in `a` and in `b`; rows of `b` are counted modulo its
///   height
/// * `extent` — of the rectangle
pub(super) fn product<T: Real>(
    (a, b): (&Channels<T>, &Channels<T>),
    starts: [[usize; 2]; 2],
    extent: [usize; 2],
    out: &mut Vec<T>,
) {
    let pixels = extent[0] * extent[1];
    out.resize(pixels + SPARE, T::zero());
    Arch::new().dispatch(Product {
        a,
        b,
        starts,
        extent,
        out,
    });
    out.truncate(pixels);
}

struct Product<'a, T> {
    a: &'a Channels<T>,
    b: &'a Channels<T>,
    starts: [[usize; 2]; 2],
    extent: [usize; 2],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (a, b) = (self.a, self.b);
        let [[a_y, a_x], [b_y, b_x]] = self.starts;
        let [height, width] = self.extent;
        let len = padded::<S, T>(width);
        for y in 0..height {
            let out = row_mut::<S, T>(self.out, y * width, len);
            let mut from_a = (a_y + y) * a.size[1] + a_x;
            let mut from_b = (b_y + y) % b.size[0] * b.size[1] + b_x;
            for channel in 0..a.count {
                let p = row::<S, T>(&a.values, from_a, len);
                let q = row::<S, T>(&b.values, from_b, len);
                for ((out, p), q) in out.iter_mut().zip(p).zip(q) {
                    *out = if channel == 0 {
                        T::mul_each(simd, *p, *q)
                    } else {
                        T::mul_add_each(simd, *p, *q, *out)
                    };
                }
                from_a += a.size[0] * a.size[1];
                from_b += b.size[0] * b.size[1];
            }
        }
    }
}

/// Replaces an image by its means over a window around, or inside, each pixel. Returns its extent.
///
/// # Arguments
/// * `extent` — rows and columns of the image
/// * `window` — odd numbers of rows and columns; with circular padding at most the extent
/// * `rows` — scratch
pub(super) fn window_mean<T: Real>(
    field: &mut Vec<T>,
    [height, width]: [usize; 2],
    window: [usize; 2],
    padding: Padding,
    rows: &mut Vec<T>,
) -> [usize; 2] {
    let margin = match padding {
        Padding::Valid => [0, 0],
        Padding::Same | Padding::Circular => window.map(|edge| edge / 2),
    };
    let stride = width + 2 * margin[1];
    let new_height = height + 2 * margin[0] + 1 - window[0];
    let new_width = stride + 1 - window[1];
    // The image is read and then written in the same place.
    let pixels = (height * width).max(new_height * new_width);
    field.resize(pixels + SPARE, T::zero());
    let spare = new_height * stride + window[1] + SPARE;
    if rows.len() < spare {
        rows.resize(spare, T::zero());
    }
    Arch::new().dispatch(WindowMean {
        field,
        extent: [height, width],
        window,
        margin,
        padding,
        rows,
    });
    field.truncate(new_height * new_width);
    [new_height, new_width]
}

struct WindowMean<'a, T> {
    field: &'a mut [T],
    extent: [usize; 2],
    window: [usize; 2],
    /// Rows and columns that the padding adds on each side.
    margin: [usize; 2],
    padding: Padding,
    rows: &'a mut [T],
}

impl<T: Real> WithSimd for WindowMean<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [height, width] = self.extent;
        let [above, beside] = self.margin;
        let [window_height, window_width] = self.window;
        let stride = width + 2 * beside;
        let new_height = height + 2 * above + 1 - window_height;
        let one = T::splat(simd, T::one());
        let len = padded::<S, T>(width);
        for y in 0..new_height {
            let at = y * stride + beside;
            let out = row_mut::<S, T>(self.rows, at, len);
            if above <= y && y + window_height <= height + above {
                // Consecutive rows, all inside.
                let first = (y - above) * width;
                scaled_sum(simd, out, self.field, (first, width), window_height, one);
            } else {
                // Some rows are beyond the edge: they are missing, or those of the opposite edge.
                out.fill(T::splat(simd, T::zero()));
                for u in 0..window_height {
                    let from = match self.padding {
                        Padding::Circular => (height + y + u - above) % height,
                        _ => (y + u).wrapping_sub(above),
                    };
                    if from < height {
                        let terms = row::<S, T>(self.field, from * width, len);
                        for (out, term) in out.iter_mut().zip(terms) {
                            *out = T::add_each(simd, *out, *term);
                        }
                    }
                }
            }
            for i in 0..beside {
                let (left, right) = match self.padding {
                    Padding::Circular => (self.rows[at + width - beside + i], self.rows[at + i]),
                    _ => (T::zero(), T::zero()),
                };
                self.rows[at - beside + i] = left;
                self.rows[at + width + i] = right;
            }
        }
        let new_width = stride + 1 - window_width;
        let len = padded::<S, T>(new_width);
        let scale = T::splat(simd, T::of(1.0 / (window_height * window_width) as f64));
        for y in 0..new_height {
            let out = row_mut::<S, T>(self.field, y * new_width, len);
            scaled_sum(simd, out, self.rows, (y * stride, 1), window_width, scale);
        }
    }
}

/// Writes sums of an odd number of rows, the first one at `start` and each `step` further than the last.
#[inline(always)]
fn scaled_sum<S: Simd, T: Real>(
    simd: S,
    out: &mut [T::Register<S>],
    from: &[T],
    (start, step): (usize, usize),
    count: usize,
    scale: T::Register<S>,
) {
    let len = size_of_val(out) / size_of::<T>();
    let first = row::<S, T>(from, start, len);
    if count == 1 {
        for (out, a) in out.iter_mut().zip(first) {
            *out = T::mul_each(simd, *a, scale);
        }
        return;
    }
    let second = row::<S, T>(from, start + step, len);
    let third = row::<S, T>(from, start + 2 * step, len);
    for (((out, a), b), c) in out.iter_mut().zip(first).zip(second).zip(third) {
        let sum = T::add_each(simd, T::add_each(simd, *a, *b), *c);
        *out = T::mul_each(simd, sum, scale);
    }
    for u in (3..count).step_by(2) {
        let fourth = row::<S, T>(from, start + u * step, len);
        let fifth = row::<S, T>(from, start + (u + 1) * step, len);
        for ((out, a), b) in out.iter_mut().zip(fourth).zip(fifth) {
            let sum = T::add_each(simd, *a, *b);
            *out = T::mul_add_each(simd, sum, scale, *out);
        }
    }
}

/// Copies a rectangle of an image.
///
/// # Arguments
/// * `field_width` — columns of the image
/// * `start`, `extent` — of the rectangle, which lies inside
pub(super) fn rectangle<T: Real>(
    field: &[T],
    field_width: usize,
    start: [usize; 2],
    extent: [usize; 2],
    out: &mut Vec<T>,
) {
    let pixels = extent[0] * extent[1];
    out.resize(pixels + SPARE, T::zero());
    Arch::new().dispatch(Rectangle {
        field,
        field_width,
        start,
        extent,
        out,
    });
    out.truncate(pixels);
}

struct Rectangle<'a, T> {
    field: &'a [T],
    field_width: usize,
    start: [usize; 2],
    extent: [usize; 2],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Rectangle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let [height, width] = self.extent;
        let len = padded::<S, T>(width);
        for y in 0..height {
            let from = (self.start[0] + y) * self.field_width + self.start[1];
            let to = y * width;
            if from + len <= self.field.len() {
                let out = row_mut::<S, T>(self.out, to, len);
                for (out, value) in out.iter_mut().zip(row::<S, T>(self.field, from, len)) {
                    *out = *value;
                }
            } else {
                self.out[to..to + width].copy_from_slice(&self.field[from..from + width]);
            }
        }
    }
}

/// Copies a periodic image, seen from `start`.
pub(super) fn rolled<T: Real>(
    field: &[T],
    [height, width]: [usize; 2],
    [start_y, start_x]: [usize; 2],
    out: &mut Vec<T>,
) {
    out.clear();
    for y in 0..height {
        let row = &field[(start_y + y) % height * width..][..width];
        out.extend_from_slice(&row[start_x..]);
        out.extend_from_slice(&row[..start_x]);
    }
}

/// The sum of all pixels.
pub(super) fn sum<T: Real>(field: &[T]) -> f64 {
    Arch::new().dispatch(Sum { field })
}

struct Sum<'a, T> {
    field: &'a [T],
}

impl<T: Real> WithSimd for Sum<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let (chunks, rest) = self.field.as_chunks::<SPARE>();
        let mut sums = [0.0; SPARE];
        for chunk in chunks {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum += value.wide();
            }
        }
        sums.iter().sum::<f64>() + rest.iter().map(|value| value.wide()).sum::<f64>()
    }
}
