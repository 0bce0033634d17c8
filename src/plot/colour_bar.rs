//! The colour bar, which shows the number of each colour.

use super::colour::{ColourScale, INK};
use super::panel::{LABEL_SIZE, draw_factor, draw_label, fitted, tick_width};
use super::picture::{Anchor, Picture, Place, Raster};

/// The width of an upright bar.
const WIDTH: f64 = 15.0;

/// Draws an upright bar with its numbers to the right; the label is rotated by a quarter turn.
pub(super) fn upright(
    picture: &mut Picture,
    scale: &ColourScale,
    [left, top]: Place,
    height: f64,
    label: &str,
) {
    const STEPS: usize = 256;
    picture.raster(Raster {
        corner: [left, top],
        size: [WIDTH, height],
        shape: [STEPS, 1],
        pixels: (0..STEPS)
            .map(|k| opaque(scale, 1.0 - (k as f64 + 0.5) / STEPS as f64))
            .collect(),
    });
    frame(picture, [[left, top], [left + WIDTH, top + height]]);
    let ticks = scale.axis.ticks(6);
    for tick in &ticks {
        let y = top + height * (1.0 - scale.axis.fraction(tick.value));
        let right = left + WIDTH;
        picture.line(vec![[right, y], [right + 4.0, y]], INK, 1.0);
        draw_label(picture, tick, [right + 8.0, y + 4.2], Anchor::Start);
    }
    if scale.axis.exponent() != 0 {
        draw_factor(
            picture,
            scale.axis.exponent(),
            [left, top - 7.0],
            Anchor::Start,
        );
    }
    if !label.is_empty() {
        let widest = ticks.iter().map(tick_width).fold(0.0, f64::max);
        let x = left + WIDTH + 8.0 + widest + 17.0;
        let (text, size) = fitted(label, LABEL_SIZE, height);
        picture.turned_text(&text, [x, top + 0.5 * height], size);
    }
}

/// The width of an upright bar with its numbers and its label.
pub(super) fn room(scale: &ColourScale, label: &str) -> f64 {
    let widest = scale
        .axis
        .ticks(6)
        .iter()
        .map(tick_width)
        .fold(0.0, f64::max);
    WIDTH + 8.0 + widest + if label.is_empty() { 14.0 } else { 34.0 }
}

/// Draws a horizontal bar with its numbers and its label below.
pub(super) fn lying(
    picture: &mut Picture,
    scale: &ColourScale,
    [left, top]: Place,
    width: f64,
    label: &str,
) {
    const STEPS: usize = 256;
    let height = 12.0;
    picture.raster(Raster {
        corner: [left, top],
        size: [width, height],
        shape: [1, STEPS],
        pixels: (0..STEPS)
            .map(|k| opaque(scale, (k as f64 + 0.5) / STEPS as f64))
            .collect(),
    });
    frame(picture, [[left, top], [left + width, top + height]]);
    for tick in scale.axis.ticks(6) {
        let x = left + width * scale.axis.fraction(tick.value);
        picture.line(vec![[x, top + height], [x, top + height + 4.0]], INK, 1.0);
        draw_label(picture, &tick, [x, top + height + 18.0], Anchor::Middle);
    }
    if scale.axis.exponent() != 0 {
        let at = [left + width + 8.0, top + height - 1.0];
        draw_factor(picture, scale.axis.exponent(), at, Anchor::Start);
    }
    if !label.is_empty() {
        let (text, size) = fitted(label, LABEL_SIZE, picture.size[0] - 20.0);
        let at = [left + 0.5 * width, top + height + 38.0];
        picture.text(&text, at, size, Anchor::Middle);
    }
}

/// The colour at `part` of the scale, from 0 to 1, as an opaque pixel.
fn opaque(scale: &ColourScale, part: f64) -> [u8; 4] {
    let axis = &scale.axis;
    let [r, g, b] = scale.colour(axis.low + part * (axis.high - axis.low)).0;
    [r, g, b, 255]
}

/// Draws a thin line around a rectangle.
pub(super) fn frame(picture: &mut Picture, [a, b]: [Place; 2]) {
    let corners = vec![a, [b[0], a[1]], b, [a[0], b[1]], a];
    picture.line(corners, INK, 0.8);
}
