//! Names of curves, placed where they hide no data.

use super::colour::{Colour, INK, PAPER};
use super::font;
use super::panel::{Panel, TICK_SIZE, fitted};
use super::picture::{Anchor, Marker, Picture, Place};

/// The sample of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    /// A line, with a marker on it if there is one.
    Line(Option<Marker>),
    /// A marker without a line.
    Points(Marker),
    /// A dashed line.
    Dashes,
    /// A faint area.
    Band,
    /// An area of the given opacity.
    Block(f64),
}

/// One line of a legend.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub name: &'a str,
    pub colour: Colour,
    pub look: Look,
}

const LINE_HEIGHT: f64 = 19.0;
const SAMPLE: f64 = 26.0;
const PADDING: f64 = 8.0;

/// The parts of a picture that a legend must not hide.
#[derive(Debug, Clone, Default)]
pub(super) struct Data {
    /// Curves as polygonal lines; a single place is a point.
    pub lines: Vec<Vec<Place>>,
    /// Polygons with their interior.
    pub areas: Vec<Vec<Place>>,
}

/// A picture without its legend, its axes, and the data in it.
pub(super) type Drawn = (Picture, Panel, Data);

/// Draws a picture with its legend, which stands within the axes where there is no data, or else above the axes.
///
/// # Arguments
/// * `draw` — draws the picture without the legend, with the given height free above the axes
pub(super) fn with_legend(entries: &[Entry<'_>], draw: impl Fn(f64) -> Drawn) -> Picture {
    let (mut picture, panel, data) = draw(0.0);
    let legend = Legend::new(entries, &panel);
    if legend.lines.is_empty() {
        return picture;
    }
    let size = legend.size(1);
    if let Some([x, y]) = free_place(&panel, &data, size) {
        picture.rectangle([[x, y], [x + size[0], y + size[1]]], PAPER, 0.85);
        legend.draw(&mut picture, [x, y], 1);
        return picture;
    }
    // Above the axes, the legend has as many columns as fit beside each other, and at most 0.4 of the height of the axes. The picture
    // is drawn again with room for it.
    let columns = (1..=legend.lines.len())
        .rev()
        .find(|&columns| legend.size(columns)[0] <= panel.width)
        .unwrap_or(1);
    let legend = legend.shortened(columns * most_lines(0.4 * panel.height).max(1));
    let height = legend.size(columns)[1];
    let (mut picture, panel, _) = draw(height);
    let corner = [panel.left, panel.top - panel.exponent_room() - height];
    legend.draw(&mut picture, corner, columns);
    picture
}

/// The number of lines of a legend that fit into a height.
fn most_lines(height: f64) -> usize {
    ((height - PADDING) / LINE_HEIGHT) as usize
}

/// The corner of a rectangle of the given size within the axes that hides no data; `None` if there is no such place.
fn free_place(panel: &Panel, data: &Data, [width, height]: [f64; 2]) -> Option<Place> {
    /// The distance between the rectangle and the data, which leaves room for markers.
    const MARGIN: f64 = 6.0;
    const STEPS: usize = 24;
    let (right, bottom) = (panel.right() - width - 4.0, panel.bottom() - height - 6.0);
    let (left, top) = (panel.left + 6.0, panel.top + 2.0);
    if right < left || bottom < top {
        return None;
    }
    // The corners are tried first, then places along the left and right side, then along the top and bottom.
    let corners = [[right, top], [left, top], [right, bottom], [left, bottom]];
    let between = |from: f64, to: f64, k: usize| from + (to - from) * k as f64 / STEPS as f64;
    let sides = (1..STEPS).flat_map(|k| {
        let y = between(top, bottom, k);
        [[right, y], [left, y]]
    });
    let ends = (1..STEPS).flat_map(|k| {
        let x = between(left, right, k);
        [[x, top], [x, bottom]]
    });
    corners.into_iter().chain(sides).chain(ends).find(|[x, y]| {
        let low = [x - MARGIN, y - MARGIN];
        let high = [x + width + MARGIN, y + height + MARGIN];
        !data.touches([low, high])
    })
}

impl Data {
    /// Whether a line or an area meets a rectangle.
    fn touches(&self, rectangle: [Place; 2]) -> bool {
        let [low, high] = rectangle;
        let inside = |p: &Place| (0..2).all(|c| (low[c]..=high[c]).contains(&p[c]));
        let crossed = |places: &[Place]| {
            places.first().is_some_and(inside)
                || places
                    .windows(2)
                    .any(|ends| crosses([ends[0], ends[1]], rectangle))
        };
        self.lines.iter().any(|line| crossed(line))
            || self
                .areas
                .iter()
                .any(|area| crossed(area) || contains(area, low))
    }
}

/// Whether a line segment meets a rectangle.
///
/// For each coordinate, the loop intersects the range `first..=last` of the parameter with the part of the segment between the sides.
fn crosses([from, to]: [Place; 2], [low, high]: [Place; 2]) -> bool {
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for c in 0..2 {
        let along = to[c] - from[c];
        if along == 0.0 {
            if from[c] < low[c] || from[c] > high[c] {
                return false;
            }
            continue;
        }
        let [a, b] = [low[c], high[c]].map(|side| (side - from[c]) / along);
        first = first.max(a.min(b));
        last = last.min(a.max(b));
    }
    first <= last
}

/// Whether a place lies within a polygon: a ray to the right crosses an odd number of its sides.
fn contains(polygon: &[Place], [x, y]: Place) -> bool {
    let sides = polygon.iter().zip(polygon.iter().cycle().skip(1));
    let crossed = sides.filter(|(a, b)| {
        (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    });
    crossed.count() % 2 == 1
}

/// A legend whose names fit: each line is an entry, its name, possibly shortened, and the size of the name.
#[derive(Debug, Clone)]
struct Legend<'a> {
    lines: Vec<(&'a Entry<'a>, String, f64)>,
}

impl<'a> Legend<'a> {
    fn new(entries: &'a [Entry<'a>], panel: &Panel) -> Legend<'a> {
        let room = 0.6 * panel.width - SAMPLE;
        let lines = entries
            .iter()
            .filter(|entry| !entry.name.is_empty())
            .map(|entry| {
                let (name, size) = fitted(entry.name, TICK_SIZE, room);
                (entry, name, size)
            })
            .collect();
        Legend { lines }.shortened(most_lines(panel.height - 8.0))
    }

    /// Cuts the legend to `most` lines; the last line then states the number of missing entries.
    fn shortened(mut self, most: usize) -> Legend<'a> {
        let left_out = self.lines.len().saturating_sub(most);
        self.lines.truncate(most);
        if let (Some((_, name, _)), 1..) = (self.lines.last_mut(), left_out) {
            *name = format!("… and {} more", left_out + 1);
        }
        self
    }

    /// The width of each column if the entries fill the given number of columns row by row.
    fn widths(&self, columns: usize) -> Vec<f64> {
        let width = |column: usize| {
            let lines = self.lines.iter().skip(column).step_by(columns);
            let widest = lines
                .map(|(_, name, size)| font::width(name, *size))
                .fold(0.0, f64::max);
            SAMPLE + 6.0 + 1.06 * widest + 2.0 * PADDING
        };
        (0..columns).map(width).collect()
    }

    /// The width and height of the legend in the given number of columns.
    fn size(&self, columns: usize) -> [f64; 2] {
        let rows = self.lines.len().div_ceil(columns);
        [
            self.widths(columns).iter().sum(),
            LINE_HEIGHT * rows as f64 + PADDING,
        ]
    }

    /// Draws the entries row by row.
    fn draw(&self, picture: &mut Picture, [x, y]: Place, columns: usize) {
        let widths = self.widths(columns);
        for (number, (entry, name, size)) in self.lines.iter().enumerate() {
            let (row, column) = (number / columns, number % columns);
            let line = y + 0.5 * PADDING + LINE_HEIGHT * (row as f64 + 0.5);
            let from = x + PADDING + widths[..column].iter().sum::<f64>();
            let to = from + SAMPLE;
            sample(picture, entry, [[from, line], [to, line]]);
            let at = [to + 6.0, line + 0.35 * TICK_SIZE];
            picture.coloured_text(name, at, *size, Anchor::Start, INK);
        }
    }
}

/// Draws the sample of an entry between two places.
fn sample(picture: &mut Picture, entry: &Entry<'_>, [from, to]: [Place; 2]) {
    let middle = [0.5 * (from[0] + to[0]), from[1]];
    let block = |half: f64| [[from[0], from[1] - half], [to[0], to[1] + half]];
    match entry.look {
        Look::Line(marker) => {
            picture.line(vec![from, to], entry.colour, 1.8);
            if let Some(marker) = marker {
                picture.marker(marker, middle, 3.4, entry.colour);
            }
        }
        Look::Points(marker) => picture.marker(marker, middle, 3.4, entry.colour),
        Look::Dashes => picture.dashes([from, to], entry.colour, 1.4, 5.0),
        Look::Band => picture.rectangle(block(5.0), entry.colour, 0.25),
        Look::Block(opacity) => picture.rectangle(block(5.0), entry.colour, opacity),
    }
}
