//! Kernel matrices as colour maps.

use std::path::Path;

use ndarray::{ArrayView2, Slice};

use super::axis::Axis;
use super::check;
use super::colour::ColourScale;
use super::colour_bar;
use super::format::Format;
use super::labels::Labels;
use super::panel::{Panel, top_margin};
use super::picture::{Picture, Raster};
use super::render;
use crate::Result;

/// The length of the longer side of the map.
const SIDE: f64 = 340.0;
/// The distance of the map from the left edge of the page.
const LEFT: f64 = 72.0;

/// Draws a matrix as a colour map with a colour bar; row 0 is on top.
///
/// Numbers of one sign have the colours of viridis, from the smallest to the largest. Numbers of both signs have a scale from blue to
/// red that is symmetric about zero. Each entry is drawn as a square. If a side has more than 680 entries, each square shows the mean
/// of a block of entries.
///
/// # Arguments
/// * `matrix` — any shape, at least one entry
/// * `labels` — default texts: `column` and `row`
/// * `path` — ends in `.png` or `.svg`
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty) or [`Error::NotFinite`](crate::Error::NotFinite) for a bad matrix;
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a file name of another format; [`Error::Io`](crate::Error::Io). After an
/// error no file is written.
///
/// # Examples
/// ```
/// use haarmonic::plot::{Labels, kernel_matrix};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("kernel.svg");
/// let kernel = ndarray::array![[1.0, 0.5], [0.5, 1.0]];
/// kernel_matrix(kernel.view(), &Labels { value: "NTK", ..Labels::default() }, &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn kernel_matrix(
    matrix: ArrayView2<'_, f64>,
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    Format::of(&path)?;
    check::filled("kernel matrix", matrix.len())?;
    check::finite("kernel matrix", matrix)?;
    let scale = ColourScale::of(matrix.iter());
    let (rows, columns) = matrix.dim();
    let longer = rows.max(columns) as f64;
    // The shorter side is at least 20 units long, so that a narrow matrix stays visible.
    let [width, height] = [columns, rows].map(|n| (SIDE * n as f64 / longer).max(20.0).round());
    let top = top_margin(labels.title) + 12.0;
    let labels = labels.or("column", "row");

    let right = 22.0 + colour_bar::room(&scale, labels.value);
    let mut picture = Picture::new([LEFT + width + right, (top + height + 58.0).max(220.0)]);
    picture.raster(raster(matrix, &scale, [LEFT, top], [width, height]));
    colour_bar::frame(&mut picture, [[LEFT, top], [LEFT + width, top + height]]);
    // Entry k covers the axis from k − 1/2 to k + 1/2. The vertical axis runs downwards.
    let x = Axis::with_marks(-0.5, columns as f64 - 0.5, indices(columns));
    let y = Axis::with_marks(rows as f64 - 0.5, -0.5, indices(rows));
    let panel = Panel {
        left: LEFT,
        top,
        width,
        height,
        x,
        y,
    };
    panel.draw_x(&mut picture);
    panel.draw_y(&mut picture);
    panel.draw_texts(&mut picture, &labels);
    let bar_height = height.max(120.0);
    let at = [LEFT + width + 22.0, top];
    colour_bar::upright(&mut picture, &scale, at, bar_height, labels.value);
    render::write(&picture, path.as_ref())
}

/// At most seven indices below n with ticks, at a step of 1, 2 or 5 times a power of ten.
fn indices(n: usize) -> Vec<f64> {
    let mut step = 1;
    while (n - 1) / step > 6 {
        let digits = step.to_string();
        step = if digits.starts_with('2') {
            step / 2 * 5
        } else {
            step * 2
        };
    }
    (0..n).step_by(step).map(|k| k as f64).collect()
}

/// The pixels of the map, one per entry or per block of entries.
fn raster(
    matrix: ArrayView2<'_, f64>,
    scale: &ColourScale,
    corner: [f64; 2],
    size: [f64; 2],
) -> Raster {
    const MOST: usize = SIDE as usize * render::PIXELS;
    let (rows, columns) = matrix.dim();
    let [high, wide] = [rows, columns].map(|n| n.div_ceil(MOST));
    let shape = [rows.div_ceil(high), columns.div_ceil(wide)];
    // Pixels lie row by row. Each is the mean of a block of high × wide entries; blocks at the ends may be smaller.
    let mut pixels = Vec::with_capacity(shape[0] * shape[1]);
    for row in (0..rows).step_by(high) {
        for column in (0..columns).step_by(wide) {
            let end = |from: usize, by: usize, n: usize| Slice::from(from..(from + by).min(n));
            let block = matrix.slice_axis(ndarray::Axis(0), end(row, high, rows));
            let block = block.slice_axis(ndarray::Axis(1), end(column, wide, columns));
            let mean = block.sum() / block.len() as f64;
            let [r, g, b] = scale.colour(mean).0;
            pixels.push([r, g, b, 255]);
        }
    }
    Raster {
        corner,
        size,
        shape,
        pixels,
    }
}
