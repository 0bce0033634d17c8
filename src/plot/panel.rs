//! A panel with two axes: the places of numbers on the page, ticks, and texts along the axes.

use super::axis::{Axis, Tick};
use super::colour::{GRID, INK, QUIET};
use super::font;
use super::labels::Labels;
use super::picture::{Anchor, Picture, Place};

pub(super) const TITLE_SIZE: f64 = 15.0;
pub(super) const LABEL_SIZE: f64 = 14.0;
pub(super) const TICK_SIZE: f64 = 12.0;
const TICK_LEN: f64 = 4.5;
const SMALL_TICK_LEN: f64 = 2.5;

/// A rectangle on the page with a range of numbers along each side.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Panel {
    /// A panel that fills a page, with room for the ticks and the texts.
    ///
    /// # Arguments
    /// * `above` — the height of further room above the panel
    pub(super) fn filling(
        [width, height]: [f64; 2],
        x: Axis,
        y: Axis,
        labels: &Labels<'_>,
        above: f64,
    ) -> Panel {
        let ticks = y.ticks(6);
        let widest = ticks.iter().map(tick_width).fold(0.0, f64::max);
        let name = if labels.y.is_empty() { 0.0 } else { 24.0 };
        let left = 10.0 + name + widest + 8.0;
        let top = top_margin(labels.title) + above + exponent_room(&y);
        Panel {
            left,
            top,
            width: width - left - 20.0,
            height: height - top - 54.0,
            x,
            y,
        }
    }

    /// The height above the panel for the power of ten that the labels of the vertical axis share.
    pub(super) fn exponent_room(&self) -> f64 {
        exponent_room(&self.y)
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The place of a pair of numbers on the page. A pair far outside the panel is moved to just outside it.
    pub(super) fn at(&self, x: f64, y: f64) -> Place {
        const BEYOND: f64 = 0.02;
        let inside = |fraction: f64| fraction.clamp(-BEYOND, 1.0 + BEYOND);
        [
            self.left + self.width * inside(self.x.fraction(x)),
            self.bottom() - self.height * inside(self.y.fraction(y)),
        ]
    }

    /// Draws the grid, the two axes and the texts.
    pub(super) fn draw(&self, picture: &mut Picture, labels: &Labels<'_>) {
        self.draw_grid(picture);
        self.draw_x(picture);
        self.draw_y(picture);
        self.draw_texts(picture, labels);
    }

    /// Draws lines across the panel at the labelled ticks.
    pub(super) fn draw_grid(&self, picture: &mut Picture) {
        for tick in self.x.ticks(6).iter().filter(|tick| tick.label.is_some()) {
            let x = self.at(tick.value, self.y.low)[0];
            picture.line(vec![[x, self.top], [x, self.bottom()]], GRID, 0.8);
        }
        for tick in self.y.ticks(6).iter().filter(|tick| tick.label.is_some()) {
            let y = self.at(self.x.low, tick.value)[1];
            picture.line(vec![[self.left, y], [self.right(), y]], GRID, 0.8);
        }
    }

    /// Draws the horizontal axis with its ticks.
    pub(super) fn draw_x(&self, picture: &mut Picture) {
        let bottom = self.bottom();
        picture.line(vec![[self.left, bottom], [self.right(), bottom]], INK, 1.0);
        for tick in self.x.ticks(6) {
            let x = self.left + self.width * self.x.fraction(tick.value);
            let length = tick_len(&tick);
            picture.line(vec![[x, bottom], [x, bottom + length]], INK, 1.0);
            draw_label(picture, &tick, [x, bottom + 18.5], Anchor::Middle);
        }
        let exponent = self.x.exponent();
        if exponent != 0 {
            draw_factor(
                picture,
                exponent,
                [self.right(), bottom + 36.0],
                Anchor::End,
            );
        }
    }

    /// Draws the vertical axis with its ticks.
    pub(super) fn draw_y(&self, picture: &mut Picture) {
        let (left, bottom) = (self.left, self.bottom());
        picture.line(vec![[left, self.top], [left, bottom]], INK, 1.0);
        for tick in self.y.ticks(6) {
            let y = bottom - self.height * self.y.fraction(tick.value);
            let length = tick_len(&tick);
            picture.line(vec![[left - length, y], [left, y]], INK, 1.0);
            draw_label(
                picture,
                &tick,
                [left - 8.0, y + 0.35 * TICK_SIZE],
                Anchor::End,
            );
        }
        let exponent = self.y.exponent();
        if exponent != 0 {
            draw_factor(picture, exponent, [left, self.top - 8.0], Anchor::Start);
        }
    }

    /// Writes the texts along the axes and the title.
    pub(super) fn draw_texts(&self, picture: &mut Picture, labels: &Labels<'_>) {
        let middle = self.left + 0.5 * self.width;
        let (text, size) = fitted(labels.x, LABEL_SIZE, self.width);
        picture.text(&text, [middle, self.bottom() + 42.0], size, Anchor::Middle);
        if !labels.y.is_empty() {
            let (text, size) = fitted(labels.y, LABEL_SIZE, self.height);
            picture.turned_text(&text, [22.0, self.top + 0.5 * self.height], size);
        }
        draw_title(picture, labels.title);
    }
}

fn exponent_room(y: &Axis) -> f64 {
    if y.exponent() == 0 { 0.0 } else { 12.0 }
}

/// The height above a panel for the title.
pub(super) fn top_margin(title: &str) -> f64 {
    if title.is_empty() { 16.0 } else { 42.0 }
}

/// Writes the title in the middle of the page.
pub(super) fn draw_title(picture: &mut Picture, title: &str) {
    if !title.is_empty() {
        let [width, _] = picture.size;
        let (title, size) = fitted(title, TITLE_SIZE, width - 20.0);
        picture.text(&title, [0.5 * width, 25.0], size, Anchor::Middle);
    }
}

/// A text and its size, so that the text fits into the given width: in a smaller size if it is too long, and cut if it is still too
/// long in the smallest size.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> (String, f64) {
    const SMALLEST: f64 = 0.65;
    let width = font::width(text, size);
    if width <= room {
        return (text.to_owned(), size);
    }
    let smaller = size * (room / width).max(SMALLEST);
    // Bisection finds the longest beginning that fits: `fits` letters do, and `exceeds` letters do not.
    let letters: Vec<char> = text.chars().collect();
    let cut = |keep: usize| {
        let beginning: String = letters[..keep].iter().collect();
        format!("{}…", beginning.trim_end())
    };
    if font::width(text, smaller) <= room * (1.0 + 1e-9) {
        return (text.to_owned(), smaller);
    }
    let (mut fits, mut exceeds) = (0, letters.len());
    while exceeds - fits > 1 {
        let middle = fits.midpoint(exceeds);
        if font::width(&cut(middle), smaller) <= room {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    (cut(fits), smaller)
}

fn tick_len(tick: &Tick) -> f64 {
    match tick.label {
        Some(_) => TICK_LEN,
        None => SMALL_TICK_LEN,
    }
}

/// The width of the label of a tick.
pub(super) fn tick_width(tick: &Tick) -> f64 {
    tick.label.as_ref().map_or(0.0, |label| {
        font::width(&label.text, TICK_SIZE) + font::width(&label.exponent, 0.72 * TICK_SIZE)
    })
}

/// Writes the label of a tick, if it has one.
pub(super) fn draw_label(picture: &mut Picture, tick: &Tick, at: Place, anchor: Anchor) {
    let Some(label) = &tick.label else {
        return;
    };
    draw_power(picture, &label.text, &label.exponent, at, anchor);
}

/// Writes the power of ten that all labels of an axis share.
pub(super) fn draw_factor(picture: &mut Picture, exponent: i32, at: Place, anchor: Anchor) {
    let exponent = exponent.to_string().replace('-', "−");
    draw_power(picture, "×10", &exponent, at, anchor);
}

/// Writes a text with a raised exponent; the anchor refers to both together.
fn draw_power(picture: &mut Picture, text: &str, exponent: &str, [x, y]: Place, anchor: Anchor) {
    if exponent.is_empty() {
        picture.coloured_text(text, [x, y], TICK_SIZE, anchor, INK);
        return;
    }
    let raised = 0.72 * TICK_SIZE;
    let [base, width] = [font::width(text, TICK_SIZE), font::width(exponent, raised)];
    let seam = match anchor {
        Anchor::Start => x + base,
        Anchor::Middle => x + 0.5 * (base - width),
        Anchor::End => x - width,
    };
    picture.text(text, [seam, y], TICK_SIZE, Anchor::End);
    let at = [seam + 0.5, y - 0.38 * TICK_SIZE];
    picture.text(exponent, at, raised, Anchor::Start);
}

/// Writes a remark in a quiet colour.
pub(super) fn remark(picture: &mut Picture, text: &str, at: Place, anchor: Anchor) {
    picture.coloured_text(text, at, TICK_SIZE, anchor, QUIET);
}
