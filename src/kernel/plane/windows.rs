//! Means over windows of small images, and sums of images.

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Real;
use crate::network::{Padding, Slide};

use super::fields::{Layout, SPARE, padded, part, part_mut, parts};
use super::slides::{Axis, add_columns, scatter_columns, scatter_rows, sum_rows};
use crate::kernel::recursion::Side;

/// A window of odd numbers of rows and columns at every pixel.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Rows and columns.
    size: [usize; 2],
    padding: Padding,
}

impl Window {
    /// Numbers of rows and columns that the padding adds on each side.
    #[inline(always)]
    fn margin(&self) -> [usize; 2] {
        match self.padding {
            Padding::Valid => [0, 0],
            Padding::Same | Padding::Circular => [self.size[0] / 2, self.size[1] / 2],
        }
    }
}

/// The layout of the means over windows.
pub(super) fn layout_after(slides: [Slide; 2], layout: Layout) -> Layout {
    let mut after = layout;
    for (i, slide) in slides.iter().enumerate() {
        after.size[i] = slide.count(layout.size[i]);
        after.periodic &= slide.keeps_period(layout.size[i]);
        if slide.stride != 1 {
            after.step[i] /= slide.stride as i32;
        }
    }
    after
}

/// Scratch of [`window_mean`].
#[derive(Debug, Clone, Default)]
pub(super) struct WindowScratch<T> {
    rows: Vec<T>,
    means: Vec<T>,
}

/// Replaces the images of a run by their means over windows.
///
/// # Arguments
/// * `layout`, `after` — before and after the means, see [`layout_after`]
pub(super) fn window_mean<T: Real>(
    field: &mut Vec<T>,
    [layout, after]: [Layout; 2],
    slides: [Slide; 2],
    scratch: &mut WindowScratch<T>,
) {
    let pixels = after.pixels();
    let WindowScratch { rows, means } = scratch;
    let is_small = (0..2).any(|i| slides[i].window > layout.size[i]);
    if slides[0].stride != 1 || slides[1].stride != 1 || is_small {
        means.clear();
        means.resize(pixels, T::zero());
        strided_means(field, [layout, after], slides, rows, means);
        std::mem::swap(field, means);
        return;
    }
    let window = Window {
        size: slides.map(|slide| slide.window),
        padding: slides[0].padding,
    };
    field.resize(layout.pixels() + SPARE, T::zero());
    means.resize(pixels + SPARE, T::zero());
    let largest = layout.size[0] * layout.size[1] + window.size[1] + SPARE;
    if rows.len() < largest {
        rows.resize(largest, T::zero());
    }
    Arch::new().dispatch(WindowMean {
        field,
        layout,
        window,
        rows,
        means,
    });
    std::mem::swap(field, means);
    field.truncate(pixels);
}

/// The means over windows that leave out pixels or are larger than the features, image by image.
fn strided_means<T: Real>(
    field: &[T],
    [before, after]: [Layout; 2],
    slides: [Slide; 2],
    rows: &mut Vec<T>,
    means: &mut [T],
) {
    let axis = |i, displacement, lengths| {
        window_axis([before, after], slides[i], i, displacement, lengths)
    };
    let scale = T::of(1.0 / (slides[0].window * slides[1].window) as f64);
    let widths = [before, after].map(|layout| layout.width());
    let columns = axis(1, before.run.horizontal, widths);
    let (mut from, mut to) = (0, 0);
    for vertical in before.run.first..before.run.end {
        let heights = [before, after].map(|layout| layout.height(vertical));
        let [taken, written] = [heights[0] * widths[0], heights[1] * widths[1]];
        let image = &field[from..from + taken];
        sum_rows(image, axis(0, vertical, heights), widths[0], rows);
        add_columns(rows, columns, scale, &mut means[to..to + written]);
        (from, to) = (from + taken, to + written);
    }
}

/// The windows along one axis of the image of a displacement.
///
/// # Arguments
/// * `lengths` — numbers of rows or columns before and after
fn window_axis(
    [before, after]: [Layout; 2],
    slide: Slide,
    axis: usize,
    displacement: i32,
    [inputs, outputs]: [usize; 2],
) -> Axis {
    let [from, to] = [before, after].map(|layout| layout.start(Side::Left, axis, displacement));
    Axis {
        start: (slide.stride * to) as i32 - (from + slide.front(before.size[axis])) as i32,
        stride: slide.stride,
        count: slide.window,
        inputs,
        outputs,
        joined: before.periodic,
    }
}

/// The adjoint of [`window_mean`].
///
/// # Arguments
/// * `field` — the images after the means; replaced by those before
/// * `before` — the layout before the means
pub(super) fn window_mean_adjoint(
    field: &mut Vec<f64>,
    before: Layout,
    slides: [Slide; 2],
    scratch: &mut WindowScratch<f64>,
) {
    let after = layout_after(slides, before);
    let WindowScratch { rows, means } = scratch;
    means.clear();
    means.resize(before.pixels(), 0.0);
    let scale = 1.0 / (slides[0].window * slides[1].window) as f64;
    let widths = [before, after].map(|layout| layout.width());
    let layouts = [before, after];
    let columns = window_axis(layouts, slides[1], 1, before.run.horizontal, widths);
    let (mut from, mut to) = (0, 0);
    for vertical in before.run.first..before.run.end {
        let heights = layouts.map(|layout| layout.height(vertical));
        let [written, taken] = [heights[0] * widths[0], heights[1] * widths[1]];
        let axis = window_axis(layouts, slides[0], 0, vertical, heights);
        rows.clear();
        rows.resize(heights[1] * widths[0], 0.0);
        scatter_columns(&field[from..from + taken], columns, scale, rows);
        scatter_rows(rows, axis, widths[0], &mut means[to..to + written]);
        (from, to) = (from + taken, to + written);
    }
    std::mem::swap(field, means);
}

/// The loop of [`window_mean`]: image by image, first sums over the rows of each window, then sums over its columns.
struct WindowMean<'a, T> {
    field: &'a [T],
    layout: Layout,
    window: Window,
    /// Sums over the rows of each window of one image. They begin after half a window width of unused entries, which windows at the
    /// left edge of the first row read.
    rows: &'a mut [T],
    means: &'a mut [T],
}

impl<T: Real> WithSimd for WindowMean<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = self.layout.width();
        let [above, beside] = self.window.margin();
        let [window_height, window_width] = self.window.size;
        let (mut from, mut to) = (0, 0);
        let mut vertical = self.layout.run.first;
        while vertical < self.layout.run.end {
            let height = self.layout.height(vertical);
            let new_height = height + 2 * above + 1 - window_height;
            self.sum_rows(simd, from, height, new_height);
            self.sum_columns(simd, to, new_height);
            from += height * width;
            to += new_height * (width + 2 * beside + 1 - window_width);
            vertical += 1;
        }
    }
}

impl<T: Real> WindowMean<'_, T> {
    /// Sums the rows of each window: the first half of a separable mean, into `rows`.
    ///
    /// Rows of an image are contiguous and a window moves by one row, so all windows inside the image are one long sum of shifted
    /// arrays; only windows beyond the upper or lower edge are summed row by row.
    #[inline(always)]
    fn sum_rows<S: Simd>(&mut self, simd: S, from: usize, height: usize, new_height: usize) {
        let width = self.layout.width();
        let [above, beside] = self.window.margin();
        let count = self.window.size[0];
        let one = T::splat(simd, T::one());
        // Windows of the rows in this range lie inside the image; windows of the rows before and after it reach beyond an edge.
        let inside =
            above.min(new_height)..new_height.saturating_sub(above).max(above.min(new_height));
        let mut y = 0;
        while y < new_height {
            let at = beside + y * width;
            if y == inside.start && !inside.is_empty() {
                let len = padded::<S, T>(inside.len() * width);
                let out = part_mut::<S, T>(self.rows, at, len);
                scaled_sum(simd, out, self.field, (from, width), count, one);
                y = inside.end;
                continue;
            }
            // Rows beyond the edge are the rows at the opposite edge with circular padding, and missing otherwise.
            let len = padded::<S, T>(width);
            let out = part_mut::<S, T>(self.rows, at, len);
            out.fill(T::splat(simd, T::zero()));
            for u in 0..count {
                let row = match self.window.padding {
                    Padding::Circular => (height + y + u - above) % height,
                    _ => (y + u).wrapping_sub(above),
                };
                if row < height {
                    let terms = part::<S, T>(self.field, from + row * width, len);
                    for (out, term) in out.iter_mut().zip(terms) {
                        *out = T::add_each(simd, *out, *term);
                    }
                }
            }
            y += 1;
        }
    }

    /// Sums the columns of each window of summed rows, times 1 / (height · width): the second half of the mean, into `means`.
    #[inline(always)]
    fn sum_columns<S: Simd>(&mut self, simd: S, to: usize, new_height: usize) {
        let width = self.layout.width();
        let [_, beside] = self.window.margin();
        let count = self.window.size[1];
        let scale = T::of(1.0 / (self.window.size[0] * count) as f64);
        let scales = T::splat(simd, scale);
        if self.window.padding == Padding::Valid {
            let new_width = width + 1 - count;
            let len = padded::<S, T>(new_width);
            for y in 0..new_height {
                let out = part_mut::<S, T>(self.means, to + y * new_width, len);
                scaled_sum(simd, out, self.rows, (y * width, 1), count, scales);
            }
            return;
        }
        // All rows are summed as one long array. Windows at the left and right edges read from neighbouring rows; these few means are
        // computed again.
        let len = padded::<S, T>(new_height * width);
        let out = part_mut::<S, T>(self.means, to, len);
        scaled_sum(simd, out, self.rows, (0, 1), count, scales);
        let edge = beside.min(width);
        for y in 0..new_height {
            let row = &self.rows[beside + y * width..beside + (y + 1) * width];
            let means = &mut self.means[to + y * width..to + (y + 1) * width];
            for x in (0..edge).chain(width - edge..width) {
                means[x] = edge_sum(row, x, beside, self.window.padding) * scale;
            }
        }
    }
}

/// The sum over the columns of a window at the edge, in the order of [`scaled_sum`].
#[inline(always)]
fn edge_sum<T: Real>(row: &[T], x: usize, beside: usize, padding: Padding) -> T {
    let width = row.len();
    let at = |u: usize| match padding {
        Padding::Circular => row[(width + x + u - beside) % width],
        _ => {
            let place = (x + u).wrapping_sub(beside);
            if place < width { row[place] } else { T::zero() }
        }
    };
    let mut sum = at(0);
    for u in 1..2 * beside + 1 {
        sum += at(u);
    }
    sum
}

/// Computes `out[i] = scale · Σ_u from[start + u · step + i]`, u < `count`, for an odd `count`.
///
/// Lanes are consecutive pixels i. A window of three, the most frequent one, takes one pass with three terms. A larger window takes a
/// further pass per two terms, so that `out` is read and written once per two terms.
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
    if count == 1 {
        let first = part::<S, T>(from, start, len);
        for (out, a) in out.iter_mut().zip(first) {
            *out = T::mul_each(simd, *a, scale);
        }
        return;
    }
    let [first, second, third] = parts::<S, T>(from, start, step, len);
    let terms = first.iter().zip(second).zip(third);
    if count == 3 {
        for (out, ((a, b), c)) in out.iter_mut().zip(terms) {
            let sum = T::add_each(simd, T::add_each(simd, *a, *b), *c);
            *out = T::mul_each(simd, sum, scale);
        }
        return;
    }
    for (out, ((a, b), c)) in out.iter_mut().zip(terms) {
        *out = T::add_each(simd, T::add_each(simd, *a, *b), *c);
    }
    let mut u = 3;
    while u < count {
        let next = part::<S, T>(from, start + u * step, len);
        let after = part::<S, T>(from, start + (u + 1) * step, len);
        for ((out, a), b) in out.iter_mut().zip(next).zip(after) {
            *out = T::add_each(simd, T::add_each(simd, *out, *a), *b);
        }
        u += 2;
    }
    for out in out {
        *out = T::mul_each(simd, *out, scale);
    }
}

/// The sum of all pixels.
pub(super) fn sum<T: Real>(field: &[T]) -> f64 {
    Arch::new().dispatch(Sum { field })
}

/// The loop of [`sum`].
struct Sum<'a, T> {
    field: &'a [T],
}

impl<T: Real> WithSimd for Sum<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        // Pixel i adds to the partial sum i mod 16, in double precision: the additions of a chunk are independent and vectorise, and the
        // result does not depend on the width of the registers.
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
