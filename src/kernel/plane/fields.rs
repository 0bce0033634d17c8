//! Products of shifted images, and parts of images, small enough for one cache.
//!
//! A batch holds displacements with one horizontal part ([`Run`]). The columns that stay inside the image are cut out once for all of
//! these displacements ([`panel`]). The pixels of one vertical part are then consecutive, so all loops except the sums over the columns
//! of a window run over whole images as one array.
//!
//! Loops take one vector register of numbers at a time. The last step may write beyond the end of a row or an image; the next row or
//! image overwrites these numbers later. Every buffer has [`SPARE`] entries more than it needs.

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Real;
use crate::kernel::recursion::Side;

/// The number of entries of the largest register.
pub(super) const SPARE: usize = 16;

/// The length of a row, rounded up to whole registers.
#[inline(always)]
pub(super) const fn padded<S: Simd, T: Real>(width: usize) -> usize {
    width.next_multiple_of(size_of::<T::Register<S>>() / size_of::<T>())
}

/// The numbers `at .. at + len` as registers.
#[inline(always)]
pub(super) fn part<S: Simd, T: Real>(values: &[T], at: usize, len: usize) -> &[T::Register<S>] {
    T::split::<S>(&values[at..at + len]).0
}

/// The numbers `at .. at + len` as mutable registers.
#[inline(always)]
pub(super) fn part_mut<S: Simd, T: Real>(
    values: &mut [T],
    at: usize,
    len: usize,
) -> &mut [T::Register<S>] {
    T::split_mut::<S>(&mut values[at..at + len]).0
}

/// Displacements with one horizontal part and consecutive vertical parts, in the pixels of the features at the end of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) horizontal: i32,
    /// The first vertical part.
    pub(super) first: i32,
    /// One more than the last vertical part.
    pub(super) end: i32,
}

/// The images of a run: for each displacement d, the pixels t for which t and t + d are inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) run: Run,
    /// Rows and columns of the features.
    pub(super) size: [usize; 2],
    /// Pixels per unit of displacement, down and across: the strides between these features and the ones whose displacements the run lists.
    pub(super) step: [i32; 2],
    /// Whether opposite edges are joined, so that every pixel is inside.
    pub(super) periodic: bool,
}

impl Layout {
    /// Number of columns of each image.
    #[inline(always)]
    pub(super) fn width(&self) -> usize {
        self.inside(1, self.run.horizontal)
    }

    /// Number of rows of the image of a vertical part.
    #[inline(always)]
    pub(super) fn height(&self, vertical: i32) -> usize {
        self.inside(0, vertical)
    }

    /// Number of rows or columns that stay inside after a displacement.
    #[inline(always)]
    pub(super) fn inside(&self, axis: usize, displacement: i32) -> usize {
        if self.periodic {
            self.size[axis]
        } else {
            self.size[axis] - (displacement * self.step[axis]).unsigned_abs() as usize
        }
    }

    /// The first row or column of an image in a field of the first or of the second signal.
    #[inline(always)]
    pub(super) fn start(&self, side: Side, axis: usize, displacement: i32) -> usize {
        let moved = displacement * self.step[axis];
        match side {
            Side::Left if self.periodic => 0,
            Side::Left => (-moved).max(0) as usize,
            Side::Right if self.periodic => moved.rem_euclid(self.size[axis] as i32) as usize,
            Side::Right => moved.max(0) as usize,
        }
    }

    /// The first entry, in a field of one of the signals, of the row that a row of the image of a vertical part lies in.
    pub(super) fn row(&self, side: Side, vertical: i32, row: usize) -> usize {
        (self.start(side, 0, vertical) + row) % self.size[0] * self.size[1]
    }

    /// The columns of the images in fields of two signals: the first columns of each contiguous part, and its columns in an image.
    ///
    /// Joined edges part the columns of the second signal in two.
    pub(super) fn columns(
        &self,
        first: Side,
        second: Side,
    ) -> impl Iterator<Item = ((usize, usize), std::ops::Range<usize>)> {
        let starts = [first, second].map(|side| self.start(side, 1, self.run.horizontal));
        let width = self.width();
        // Of two sides at most the second one is shifted if edges are joined.
        let cut = match self.periodic {
            true => width - starts[1],
            false => width,
        };
        let wrapped = if starts[0] == starts[1] { 0 } else { cut };
        let parts = [((starts[0], starts[1]), 0..cut), ((wrapped, 0), cut..width)];
        parts.into_iter().filter(|(_, part)| !part.is_empty())
    }

    /// Number of pixels of all images.
    pub(super) fn pixels(&self) -> usize {
        let rows: usize = (self.run.first..self.run.end)
            .map(|vertical| self.height(vertical))
            .sum();
        rows * self.width()
    }
}

/// Cuts out the columns of a field that the images of a run cover.
///
/// The panel of a periodic field has all columns. For the second signal they begin at the displacement, and all rows follow twice, so
/// that every vertical displacement is a window of consecutive rows.
pub(super) fn panel<T: Real>(side: Side, field: &[T], layout: Layout, out: &mut Vec<T>) {
    out.clear();
    append_panel(side, field, layout, out);
}

/// Appends a panel to `out`.
fn append_panel<T: Real>(side: Side, field: &[T], layout: Layout, out: &mut Vec<T>) {
    let start = layout.start(side, 1, layout.run.horizontal);
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

/// The values of a panel at the pixels of the images of a run, image by image: a part of the panel for one image, copies in `out` for
/// several.
pub(super) fn restrict<'f, T: Real>(
    side: Side,
    panel: &'f [T],
    layout: Layout,
    out: &'f mut Vec<T>,
) -> &'f [T] {
    let image = |vertical: i32| {
        let start = layout.start(side, 0, vertical) * layout.width();
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

/// An image, channel by channel; a panel has spare entries at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels<T> {
    values: Vec<T>,
    /// Number of pixels of one channel.
    pixels: usize,
    /// Number of channels.
    count: usize,
}

impl<T: Real> Channels<T> {
    /// Copies an image and multiplies it by a factor.
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

    /// Replaces this image by the panel of another image.
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

/// Writes $`\sum_c a_c(t)\, b_c(t + d)`$ for all displacements d of a run and all their pixels t, from the panels of both images.
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

/// The loop of [`product`].
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
            let mut from_a = layout.start(Side::Left, 0, vertical) * width;
            let mut from_b = layout.start(Side::Right, 0, vertical) * width;
            // out(t) = Σ_c a_c(t) b_c(t + d): both factors are contiguous parts of their panels, channel by channel. Three channels
            // (colours) share a pass, so that their sum stays in a register.
            let mut channel = 0;
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

/// Three parts of one length, which begin at `at`, `at + step` and `at + 2 step`.
#[inline(always)]
pub(super) fn parts<S: Simd, T: Real>(
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
