//! Small images in one cache: products of shifted images, means over windows, sub-images.
//!
//! Rows are handled [`LANES`] pixels at a time. The last step of a row may write beyond its end, where
//! the next row is written afterwards; every buffer has as many entries to spare.

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
    [height, width]: [usize; 2],
    out: &mut Vec<T>,
) {
    let [[a_y, a_x], [b_y, b_x]] = starts;
    out.resize(height * width + LANES, T::zero());
    let scale = T::of(1.0 / a.count as f64);
    let strides = [a, b].map(|image| image.size[0] * image.size[1]);
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
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
                    store(out, y * width + x, sum.map(|s| s * scale));
                }
            }
        },
    );
    out.truncate(height * width);
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
    [window_height, window_width]: [usize; 2],
    padding: Padding,
    rows: &mut Vec<T>,
) -> [usize; 2] {
    let (above, beside) = match padding {
        Padding::Valid => (0, 0),
        Padding::Same | Padding::Circular => (window_height / 2, window_width / 2),
    };
    let new_height = height + 2 * above + 1 - window_height;
    let stride = width + 2 * beside;
    let new_width = stride + 1 - window_width;
    let scale = T::of(1.0 / (window_height * window_width) as f64);
    field.resize(height * width + LANES, T::zero());
    let spare = new_height * stride + window_width + LANES;
    if rows.len() < spare {
        rows.resize(spare, T::zero());
    }
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            // Sums over the rows of a window; columns beyond the edges are put beside each row.
            for y in 0..new_height {
                let at = y * stride + beside;
                match padding {
                    Padding::Valid => {
                        let from = y..y + window_height;
                        sum_rows(field, width, from, rows, at);
                    }
                    Padding::Same => {
                        let from = y.saturating_sub(above)..(y + above + 1).min(height);
                        sum_rows(field, width, from, rows, at);
                        rows[at - beside..at].fill(T::zero());
                        rows[at + width..at + width + beside].fill(T::zero());
                    }
                    Padding::Circular => {
                        let from = (0..window_height).map(|u| (height + y + u - above) % height);
                        sum_rows(field, width, from, rows, at);
                        for i in 0..beside {
                            rows[at - beside + i] = rows[at + width - beside + i];
                            rows[at + width + i] = rows[at + i];
                        }
                    }
                }
            }
            field.resize(new_height * new_width + LANES, T::zero());
            for y in 0..new_height {
                for x in (0..new_width).step_by(LANES) {
                    let mut sum = load(rows, y * stride + x);
                    for u in 1..window_width {
                        let next = load(rows, y * stride + x + u);
                        for i in 0..LANES {
                            sum[i] += next[i];
                        }
                    }
                    store(field, y * new_width + x, sum.map(|s| s * scale));
                }
            }
        },
    );
    field.truncate(new_height * new_width);
    [new_height, new_width]
}

#[inline(always)]
fn sum_rows<T: Real>(
    field: &[T],
    width: usize,
    from: impl Iterator<Item = usize> + Clone,
    rows: &mut [T],
    at: usize,
) {
    for x in (0..width).step_by(LANES) {
        let mut sum = [T::zero(); LANES];
        for y in from.clone() {
            let next = load(field, y * width + x);
            for i in 0..LANES {
                sum[i] += next[i];
            }
        }
        store(rows, at + x, sum);
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
    [start_y, start_x]: [usize; 2],
    [height, width]: [usize; 2],
    out: &mut Vec<T>,
) {
    out.resize(height * width + LANES, T::zero());
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for y in 0..height {
                let from = (start_y + y) * field_width + start_x;
                let to = y * width;
                if from + width + LANES <= field.len() {
                    for x in (0..width).step_by(LANES) {
                        store(out, to + x, load(field, from + x));
                    }
                } else {
                    out[to..to + width].copy_from_slice(&field[from..from + width]);
                }
            }
        },
    );
    out.truncate(height * width);
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
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let (chunks, rest) = field.as_chunks::<LANES>();
            let mut sums = [0.0; LANES];
            for chunk in chunks {
                for i in 0..LANES {
                    sums[i] += chunk[i].wide();
                }
            }
            sums.iter().sum::<f64>() + rest.iter().map(|value| value.wide()).sum::<f64>()
        },
    )
}
