//! Small images in one cache: products of shifted images, means over windows, sub-images.
//!
//! Batches hold displacements with one horizontal part ([`Run`]). The columns that it leaves inside are
//! cut out once for all of them ([`panel`]); what belongs to one vertical part is then consecutive, and
//! all but the sums over the columns of a window run over whole images without regard to rows.
//!
//! Numbers are handled a vector register at a time. The last step may write beyond an end, where the
//! next row or image is written afterwards; every buffer has [`SPARE`] entries more than it needs.

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Real;
use crate::network::Padding;

use super::geometry::Side;

/// Numbers in the largest register.
const SPARE: usize = 16;

/// The length of a row in whole registers.
#[inline(always)]
const fn padded<S: Simd, T: Real>(width: usize) -> usize {
    width.next_multiple_of(size_of::<T::Register<S>>() / size_of::<T>())
}

/// The registers from `at` on, `len` numbers.
#[inline(always)]
fn part<S: Simd, T: Real>(values: &[T], at: usize, len: usize) -> &[T::Register<S>] {
    T::split::<S>(&values[at..at + len]).0
}

#[inline(always)]
fn part_mut<S: Simd, T: Real>(values: &mut [T], at: usize, len: usize) -> &mut [T::Register<S>] {
    T::split_mut::<S>(&mut values[at..at + len]).0
}

/// Displacements with one horizontal part and consecutive vertical ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) horizontal: i32,
    /// The first vertical part.
    pub(super) first: i32,
    /// One more than the last.
    pub(super) end: i32,
}

/// The images that belong to a run: for each displacement d the pixels t for which t + d is inside, too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) run: Run,
    /// Rows and columns of the features.
    pub(super) size: [usize; 2],
    /// Whether opposite edges are joined: then every pixel is inside.
    pub(super) periodic: bool,
}

impl Layout {
    #[inline(always)]
    fn width(&self) -> usize {
        self.inside(self.size[1], self.run.horizontal)
    }

    #[inline(always)]
    fn height(&self, vertical: i32) -> usize {
        self.inside(self.size[0], vertical)
    }

    #[inline(always)]
    fn inside(&self, edge: usize, displacement: i32) -> usize {
        if self.periodic {
            edge
        } else {
            edge - displacement.unsigned_abs() as usize
        }
    }

    /// The first row or column of an image, for a field of the first signal or of the second.
    #[inline(always)]
    fn start(&self, side: Side, displacement: i32) -> usize {
        match side {
            Side::Left if self.periodic => 0,
            Side::Left => (-displacement).max(0) as usize,
            Side::Right => displacement.max(0) as usize,
        }
    }

    /// Pixels of all images.
    pub(super) fn pixels(&self) -> usize {
        let rows: usize = (self.run.first..self.run.end)
            .map(|vertical| self.height(vertical))
            .sum();
        rows * self.width()
    }
}

/// Cuts out the columns of a field that the images of a run cover. Of a periodic field on the right
/// hand these are all, in another order, and twice one below the other.
pub(super) fn panel<T: Real>(side: Side, field: &[T], layout: Layout, out: &mut Vec<T>) {
    out.clear();
    append_panel(side, field, layout, out);
}

fn append_panel<T: Real>(side: Side, field: &[T], layout: Layout, out: &mut Vec<T>) {
    let start = layout.start(side, layout.run.horizontal);
    let rows = field.chunks_exact(layout.size[1]);
    if layout.periodic {
        let copies = if side == Side::Right { 2 } else { 1 };
        for _ in 0..copies {
            for row in rows.clone() {
                out.extend_from_slice(&row[start..]);
                out.extend_from_slice(&row[..start]);
            }
        }
    } else {
        for row in rows {
            out.extend_from_slice(&row[start..start + layout.width()]);
        }
    }
}

/// The values of a panel at the pixels of the images: a part of it, or copies in `out`.
pub(super) fn restrict<'f, T: Real>(
    side: Side,
    panel: &'f [T],
    layout: Layout,
    out: &'f mut Vec<T>,
) -> &'f [T] {
    let image = |vertical: i32| {
        let start = layout.start(side, vertical) * layout.width();
        &panel[start..start + layout.height(vertical) * layout.width()]
    };
    if layout.run.end == layout.run.first + 1 {
        return image(layout.run.first);
    }
    out.clear();
    for vertical in layout.run.first..layout.run.end {
        out.extend_from_slice(image(vertical));
    }
    out
}

/// An image of several channels, one after the other, with entries to spare at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels<T> {
    values: Vec<T>,
    /// Pixels of one channel.
    pixels: usize,
    count: usize,
}

impl<T: Real> Channels<T> {
    /// Takes an image over, times a factor.
    ///
    /// # Arguments
    /// * `image` — one channel after the other, `pixels` numbers each
    pub(super) fn fill(&mut self, image: &[f64], pixels: usize, factor: f64) {
        self.pixels = pixels;
        self.count = image.len() / pixels;
        self.values.clear();
        self.values
            .extend(image.iter().map(|&value| T::of(value * factor)));
    }

    /// Becomes the panel of another image, channel by channel.
    pub(super) fn cut(&mut self, side: Side, image: &Channels<T>, layout: Layout) {
        self.values.clear();
        self.count = image.count;
        for channel in image.values.chunks_exact(image.pixels) {
            append_panel(side, channel, layout, &mut self.values);
        }
        self.pixels = self.values.len() / self.count;
        self.values.resize(self.values.len() + SPARE, T::zero());
    }
}

/// Writes $`\sum_c a_c(t)\, b_c(t + d)`$ for all pixels, from the panels of both images.
pub(super) fn product<T: Real>(
    (a, b): (&Channels<T>, &Channels<T>),
    layout: Layout,
    out: &mut Vec<T>,
) {
    let pixels = layout.pixels();
    out.resize(pixels + SPARE, T::zero());
    Arch::new().dispatch(Product { a, b, layout, out });
    out.truncate(pixels);
}

struct Product<'a, T> {
    a: &'a Channels<T>,
    b: &'a Channels<T>,
    layout: Layout,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (a, b, layout) = (self.a, self.b, self.layout);
        let width = layout.width();
        let mut to = 0;
        let mut vertical = layout.run.first;
        while vertical < layout.run.end {
            let pixels = layout.height(vertical) * width;
            let len = padded::<S, T>(pixels);
            let out = part_mut::<S, T>(self.out, to, len);
            let mut from_a = layout.start(Side::Left, vertical) * width;
            let mut from_b = layout.start(Side::Right, vertical) * width;
            let mut channel = 0;
            // Colours together: then sums stay in registers.
            while channel + 3 <= a.count {
                let [p0, p1, p2] = parts::<S, T>(&a.values, from_a, a.pixels, len);
                let [q0, q1, q2] = parts::<S, T>(&b.values, from_b, b.pixels, len);
                let terms = p0
                    .iter()
                    .zip(q0)
                    .zip(p1.iter().zip(q1))
                    .zip(p2.iter().zip(q2));
                for (out, (((p0, q0), (p1, q1)), (p2, q2))) in out.iter_mut().zip(terms) {
                    let sum = if channel == 0 {
                        T::mul_each(simd, *p0, *q0)
                    } else {
                        T::mul_add_each(simd, *p0, *q0, *out)
                    };
                    let sum = T::mul_add_each(simd, *p1, *q1, sum);
                    *out = T::mul_add_each(simd, *p2, *q2, sum);
                }
                from_a += 3 * a.pixels;
                from_b += 3 * b.pixels;
                channel += 3;
            }
            while channel < a.count {
                let p = part::<S, T>(&a.values, from_a, len);
                let q = part::<S, T>(&b.values, from_b, len);
                for ((out, p), q) in out.iter_mut().zip(p).zip(q) {
                    *out = if channel == 0 {
                        T::mul_each(simd, *p, *q)
                    } else {
                        T::mul_add_each(simd, *p, *q, *out)
                    };
                }
                from_a += a.pixels;
                from_b += b.pixels;
                channel += 1;
            }
            to += pixels;
            vertical += 1;
        }
    }
}

/// Three parts, each `step` further than the last.
#[inline(always)]
fn parts<S: Simd, T: Real>(
    values: &[T],
    at: usize,
    step: usize,
    len: usize,
) -> [&[T::Register<S>]; 3] {
    [
        part::<S, T>(values, at, len),
        part::<S, T>(values, at + step, len),
        part::<S, T>(values, at + 2 * step, len),
    ]
}

/// A window around, or inside, each pixel: odd numbers of rows and columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) size: [usize; 2],
    pub(super) padding: Padding,
}

impl Window {
    /// Rows and columns that the padding adds on each side.
    #[inline(always)]
    fn margin(&self) -> [usize; 2] {
        match self.padding {
            Padding::Valid => [0, 0],
            Padding::Same | Padding::Circular => [self.size[0] / 2, self.size[1] / 2],
        }
    }

    /// The layout of the means.
    pub(super) fn layout_after(&self, layout: Layout) -> Layout {
        let margin = self.margin();
        Layout {
            size: std::array::from_fn(|i| layout.size[i] + 2 * margin[i] + 1 - self.size[i]),
            ..layout
        }
    }
}

/// Scratch of [`window_mean`].
#[derive(Debug, Clone, Default)]
pub(super) struct WindowScratch<T> {
    rows: Vec<T>,
    means: Vec<T>,
}

/// Replaces images by their means over a window.
pub(super) fn window_mean<T: Real>(
    field: &mut Vec<T>,
    layout: Layout,
    window: Window,
    scratch: &mut WindowScratch<T>,
) {
    let pixels = window.layout_after(layout).pixels();
    let WindowScratch { rows, means } = scratch;
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

struct WindowMean<'a, T> {
    field: &'a [T],
    layout: Layout,
    window: Window,
    /// Sums over the rows of a window, behind as many entries as a window has beside its centre.
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
    #[inline(always)]
    fn sum_rows<S: Simd>(&mut self, simd: S, from: usize, height: usize, new_height: usize) {
        let width = self.layout.width();
        let [above, beside] = self.window.margin();
        let count = self.window.size[0];
        let one = T::splat(simd, T::one());
        // Rows whose windows are inside; the others come before and after them.
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
            // Some rows are beyond the edge: they are missing, or those of the opposite edge.
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
        // Without regard to rows, and then again where a window goes beyond its row.
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

/// Writes scaled sums of an odd number of terms, the first one at `start` and each `step` further than the last.
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
