//! Names of curves, where they hide least.

use super::colour::{Colour, INK, PAPER};
use super::font;
use super::panel::{Panel, TICK_SIZE, fitted};
use super::picture::{Anchor, Marker, Picture, Place};

/// How a curve looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    /// A line, with points if they have a shape.
    Line(Option<Marker>),
    /// Points alone.
    Points(Marker),
    /// A broken line.
    Dashes,
    /// A faint area.
    Band,
    /// A full area.
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

/// Draws a legend where it hides the fewest of these places of data.
pub(super) fn draw(picture: &mut Picture, panel: &Panel, entries: &[Entry<'_>], data: &[Place]) {
    let room = 0.6 * panel.width - SAMPLE;
    let mut entries: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.name.is_empty())
        .map(|entry| (entry, fitted(entry.name, TICK_SIZE, room)))
        .collect();
    if entries.is_empty() {
        return;
    }
    // As many as the panel has room for.
    let most = ((panel.height - PADDING - 8.0) / LINE_HEIGHT) as usize;
    let left_out = entries.len().saturating_sub(most);
    entries.truncate(most);
    if let (Some((_, (name, _))), 1..) = (entries.last_mut(), left_out) {
        *name = format!("… and {left_out} more");
    }
    let widest = entries
        .iter()
        .map(|(_, (name, size))| font::width(name, *size))
        .fold(0.0, f64::max);
    let [width, height] = [
        SAMPLE + 6.0 + 1.06 * widest + 2.0 * PADDING,
        LINE_HEIGHT * entries.len() as f64 + PADDING,
    ];
    let (right, bottom) = (panel.right() - width - 4.0, panel.bottom() - height - 6.0);
    let (left, top) = (panel.left + 6.0, panel.top + 2.0);

    // The corners first, then along the sides.
    const STEPS: usize = 24;
    let sides = (1..STEPS).flat_map(|k| {
        let y = top + (bottom - top) * k as f64 / STEPS as f64;
        [[right, y], [left, y]]
    });
    let middle = 0.5 * (left + right);
    let corners = [[right, top], [left, top], [right, bottom], [left, bottom]];
    let places = corners
        .into_iter()
        .chain(sides)
        .chain([[middle, top], [middle, bottom]]);
    let hidden = |[x, y]: Place| {
        let inside = |p: &&Place| {
            (x - 6.0..x + width + 6.0).contains(&p[0])
                && (y - 6.0..y + height + 6.0).contains(&p[1])
        };
        data.iter().filter(inside).count()
    };
    let [x, y] = places
        .min_by_key(|corner| hidden(*corner))
        .unwrap_or([right, top]);
    picture.rectangle([[x, y], [x + width, y + height]], PAPER, 0.85);
    for (number, (entry, (name, size))) in entries.iter().enumerate() {
        let line = y + 0.5 * PADDING + LINE_HEIGHT * (number as f64 + 0.5);
        let [from, to] = [x + PADDING, x + PADDING + SAMPLE];
        sample(picture, entry, [[from, line], [to, line]]);
        let at = [to + 6.0, line + 0.35 * TICK_SIZE];
        picture.coloured_text(name, at, *size, Anchor::Start, INK);
    }
}

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

/// Places along a curve, close enough together that none slips through a legend.
pub(super) fn along(places: &[Place]) -> Vec<Place> {
    const PIECES: usize = 16;
    let mut all = places.to_vec();
    for pair in places.windows(2) {
        all.extend((1..PIECES).map(|k| {
            let t = k as f64 / PIECES as f64;
            [0, 1].map(|c| pair[0][c] + t * (pair[1][c] - pair[0][c]))
        }));
    }
    all
}
