//! Small images in one cache: products of shifted images, means over windows, sub-images.
//!
//! Rows are handled [`LANES`] pixels at a time. The last step of a row may write beyond its end, where
//! the next row is written afterwards; every buffer has as many entries to spare.

use pulp::{Arch, Simd, WithSimd};

use crate::network::Padding;
use crate::special::Real;

/// Pixels that are handled together.
pub(super) const LANES: usize = 8;

/// The pixels from `at` on.
#[inline(always)]
fn load<T: Real>(values: &[T], at: usize) -> [T; LANES] {
    let mut lanes = [T::zero(); LANES];
    lanes.copy_from_slice(&values[at..at + LANES]);
    lanes
}

#[inline(always)]
fn store<T: Real>(values: &mut [T], at: usize, lanes: [T; LANES]) {
    values[at..at + LANES].copy_from_slice(&lanes);
}

/// An image of several channels, one after the other, with entries to spare at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels<T> {
    values: Vec<T>,
    size: [usize; 2],
    count: usize,
}

impl<T: Real> Channels<T> {
    /// Takes an image over, `copies` times side by side.
    ///
    /// # Arguments
    /// * `pixels` — shape `[count, size[0], size[1]]`
    pub(super) fn fill(&mut self, pixels: &[f64], size: [usize; 2], count: usize, copies: usize) {
        let [height, width] = size;
        self.size = [height, copies * width];
        self.count = count;
        self.values.clear();
        for row in pixels.chunks_exact(width) {
            for _ in 0..copies {
                self.values.extend(row.iter().map(|&value| T::of(value)));
            }
        }
        self.values.resize(self.values.len() + LANES, T::zero());
    }
}

/// Writes $`\frac1c \sum_c a_c(t)\, b_c(t + d)`$ for t in a rectangle.
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
    out.resize(pixels + LANES, T::zero());
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
    fn with_simd<S: Simd>(self, _: S) {
        let (a, b, out) = (self.a, self.b, self.out);
        let [[a_y, a_x], [b_y, b_x]] = self.starts;
        let [height, width] = self.extent;
        let scale = T::of(1.0 / a.count as f64);
        let strides = [a, b].map(|image| image.size[0] * image.size[1]);
        for y in 0..height {
            let from_a = (a_y + y) * a.size[1] + a_x;
            let from_b = (b_y + y) % b.size[0] * b.size[1] + b_x;
            for x in (0..width).step_by(LANES) {
                let mut sum = [T::zero(); LANES];
                for c in 0..a.count {
                    let p = load(&a.values, c * strides[0] + from_a + x);
                    let q = load(&b.values, c * strides[1] + from_b + x);
                    for i in 0..LANES {
                        sum[i] = p[i].mul_add(q[i], sum[i]);
                    }
                }
                for value in &mut sum {
                    *value *= scale;
                }
                store(out, y * width + x, sum);
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
    field.resize(pixels + LANES, T::zero());
    let spare = new_height * stride + window[1] + LANES;
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
    fn with_simd<S: Simd>(mut self, _: S) {
        match self.window[0] {
            3 => self.sum_rows::<3>(),
            5 => self.sum_rows::<5>(),
            _ => self.sum_rows::<0>(),
        }
        match self.window[1] {
            3 => self.sum_columns::<3>(),
            5 => self.sum_columns::<5>(),
            _ => self.sum_columns::<0>(),
        }
    }
}

impl<T: Real> WindowMean<'_, T> {
    /// Sums over the rows of a window, with the columns that the padding adds beside each row.
    /// `COUNT` is the number of rows, or zero if it is not known beforehand.
    #[inline(always)]
    fn sum_rows<const COUNT: usize>(&mut self) {
        let [height, width] = self.extent;
        let [above, beside] = self.margin;
        let count = if COUNT == 0 { self.window[0] } else { COUNT };
        let stride = width + 2 * beside;
        for y in 0..height + 2 * above + 1 - count {
            let at = y * stride + beside;
            let inside = above <= y && y + count <= height + above;
            match self.padding {
                // Consecutive rows.
                _ if inside => {
                    let first = (y - above) * width;
                    for x in (0..width).step_by(LANES) {
                        let mut sum = load(self.field, first + x);
                        for u in 1..count {
                            add(&mut sum, load(self.field, first + u * width + x));
                        }
                        store(self.rows, at + x, sum);
                    }
                }
                Padding::Circular => {
                    for x in (0..width).step_by(LANES) {
                        let mut sum = [T::zero(); LANES];
                        for u in 0..count {
                            let row = (height + y + u - above) % height;
                            add(&mut sum, load(self.field, row * width + x));
                        }
                        store(self.rows, at + x, sum);
                    }
                }
                _ => {
                    let from = y.saturating_sub(above)..(y + count - above).min(height);
                    for x in (0..width).step_by(LANES) {
                        let mut sum = [T::zero(); LANES];
                        for row in from.clone() {
                            add(&mut sum, load(self.field, row * width + x));
                        }
                        store(self.rows, at + x, sum);
                    }
                }
            }
            for i in 0..beside {
                let (left, right) = if self.padding == Padding::Circular {
                    (self.rows[at + width - beside + i], self.rows[at + i])
                } else {
                    (T::zero(), T::zero())
                };
                self.rows[at - beside + i] = left;
                self.rows[at + width + i] = right;
            }
        }
    }

    /// Sums over the columns of a window, as means.
    #[inline(always)]
    fn sum_columns<const COUNT: usize>(&mut self) {
        let [height, width] = self.extent;
        let [above, beside] = self.margin;
        let count = if COUNT == 0 { self.window[1] } else { COUNT };
        let stride = width + 2 * beside;
        let new_width = stride + 1 - count;
        let scale = T::of(1.0 / (self.window[0] * count) as f64);
        for y in 0..height + 2 * above + 1 - self.window[0] {
            for x in (0..new_width).step_by(LANES) {
                let mut sum = load(self.rows, y * stride + x);
                for u in 1..count {
                    add(&mut sum, load(self.rows, y * stride + x + u));
                }
                for value in &mut sum {
                    *value *= scale;
                }
                store(self.field, y * new_width + x, sum);
            }
        }
    }
}

#[inline(always)]
fn add<T: Real>(sum: &mut [T; LANES], next: [T; LANES]) {
    for i in 0..LANES {
        sum[i] += next[i];
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
    out.resize(pixels + LANES, T::zero());
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
        for y in 0..height {
            let from = (self.start[0] + y) * self.field_width + self.start[1];
            let to = y * width;
            if from + width + LANES <= self.field.len() {
                for x in (0..width).step_by(LANES) {
                    store(self.out, to + x, load(self.field, from + x));
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
        let (chunks, rest) = self.field.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for chunk in chunks {
            for i in 0..LANES {
                sums[i] += chunk[i].wide();
            }
        }
        sums.iter().sum::<f64>() + rest.iter().map(|value| value.wide()).sum::<f64>()
    }
}
