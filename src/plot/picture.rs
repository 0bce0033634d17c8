//! A picture as a list of marks, in units of 1/96 inch, y downwards.

use super::axis::extremes;
use super::colour::{Colour, INK, PAPER};

/// A place on the page, x and y.
pub(super) type Place = [f64; 2];

/// A picture: its size, and its marks in the order of drawing. A raster must come before the marks that lie on it.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub size: [f64; 2],
    pub marks: Vec<Mark>,
}

/// An element of a picture.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    Line {
        places: Vec<Place>,
        colour: Colour,
        width: f64,
        opacity: f64,
    },
    Area {
        places: Vec<Place>,
        colour: Colour,
        opacity: f64,
    },
    Disc {
        centre: Place,
        radius: f64,
        colour: Colour,
    },
    Text(Text),
    Raster(Raster),
}

/// A line of text on a baseline.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub text: String,
    pub at: Place,
    pub anchor: Anchor,
    pub size: f64,
    pub colour: Colour,
    /// Rotated by a quarter turn, to be read from the right.
    pub turned: bool,
}

/// The part of a text that lies at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle of pixels (red, green, blue and opacity), row by row.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    pub corner: Place,
    pub size: [f64; 2],
    /// The numbers of rows and columns of pixels.
    pub shape: [usize; 2],
    pub pixels: Vec<[u8; 4]>,
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
}

impl Marker {
    /// The marker of a curve.
    pub(super) fn of_curve(number: usize) -> Marker {
        [
            Marker::Disc,
            Marker::Square,
            Marker::Triangle,
            Marker::Diamond,
        ][number % 4]
    }
}

impl Picture {
    pub(super) fn new(size: [f64; 2]) -> Picture {
        Picture {
            size,
            marks: Vec::new(),
        }
    }

    pub(super) fn line(&mut self, places: Vec<Place>, colour: Colour, width: f64) {
        if places.len() > 1 {
            self.marks.push(Mark::Line {
                places,
                colour,
                width,
                opacity: 1.0,
            });
        }
    }

    /// Draws a line that lets the marks under it show through.
    pub(super) fn faint_line(
        &mut self,
        places: Vec<Place>,
        colour: Colour,
        width: f64,
        opacity: f64,
    ) {
        if places.len() > 1 {
            self.marks.push(Mark::Line {
                places,
                colour,
                width,
                opacity,
            });
        }
    }

    /// Draws a dashed straight line; dashes and gaps are about `piece` long.
    pub(super) fn dashes(
        &mut self,
        [from, to]: [Place; 2],
        colour: Colour,
        width: f64,
        piece: f64,
    ) {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let count = ((length / piece) as usize).clamp(1, 1000) | 1;
        let at = |k: usize| {
            let t = k as f64 / count as f64;
            [0, 1].map(|c| from[c] + t * (to[c] - from[c]))
        };
        for k in (0..count).step_by(2) {
            self.line(vec![at(k), at(k + 1)], colour, width);
        }
    }

    pub(super) fn area(&mut self, places: Vec<Place>, colour: Colour, opacity: f64) {
        self.marks.push(Mark::Area {
            places,
            colour,
            opacity,
        });
    }

    pub(super) fn rectangle(&mut self, [a, b]: [Place; 2], colour: Colour, opacity: f64) {
        self.area(vec![a, [b[0], a[1]], b, [a[0], b[1]]], colour, opacity);
    }

    pub(super) fn disc(&mut self, centre: Place, radius: f64, colour: Colour) {
        self.marks.push(Mark::Disc {
            centre,
            radius,
            colour,
        });
    }

    pub(super) fn text(&mut self, text: &str, at: Place, size: f64, anchor: Anchor) {
        self.coloured_text(text, at, size, anchor, INK);
    }

    pub(super) fn coloured_text(
        &mut self,
        text: &str,
        at: Place,
        size: f64,
        anchor: Anchor,
        colour: Colour,
    ) {
        self.marks.push(Mark::Text(Text {
            text: one_line(text),
            at,
            anchor,
            size,
            colour,
            turned: false,
        }));
    }

    /// Writes a text rotated by a quarter turn, centred, as along a vertical axis.
    pub(super) fn turned_text(&mut self, text: &str, at: Place, size: f64) {
        self.marks.push(Mark::Text(Text {
            text: one_line(text),
            at,
            anchor: Anchor::Middle,
            size,
            colour: INK,
            turned: true,
        }));
    }

    pub(super) fn raster(&mut self, raster: Raster) {
        self.marks.push(Mark::Raster(raster));
    }

    /// Draws points with markers that are smaller the more points there are, so that each stays visible.
    pub(super) fn points(&mut self, marker: Marker, places: &[Place], radius: f64, colour: Colour) {
        const SMALLEST: f64 = 1.2;
        // The radius is half the mean distance of the points along both axes.
        let extent = |c: usize| {
            let (low, high) = extremes(places.iter().map(|at| at[c]));
            high - low
        };
        let step = (extent(0) + extent(1)) / places.len().max(1) as f64;
        let radius = match places.len() {
            0 | 1 => radius,
            _ => (0.5 * step).clamp(SMALLEST, radius),
        };
        for &at in places {
            self.marker(marker, at, radius, colour);
        }
    }

    /// Draws a marker with a white rim, which sets it off from lines.
    pub(super) fn marker(&mut self, marker: Marker, at: Place, radius: f64, colour: Colour) {
        // The rim is narrower around small markers.
        let rim = (0.3 * radius).min(1.0);
        for (radius, colour) in [(radius + rim, PAPER), (radius, colour)] {
            let corners: &[Place] = match marker {
                Marker::Disc => {
                    self.disc(at, radius, colour);
                    continue;
                }
                Marker::Square => &[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
                Marker::Triangle => &[[0.0, -1.25], [1.15, 0.75], [-1.15, 0.75]],
                Marker::Diamond => &[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]],
            };
            let places = corners
                .iter()
                .map(|c| [at[0] + radius * c[0], at[1] + radius * c[1]])
                .collect();
            self.area(places, colour, 1.0);
        }
    }
}

/// The distance of two places.
pub(super) fn distance(a: Place, b: Place) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A text without control characters, which neither a line of text nor XML may hold.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => ' ',
            c => c,
        })
        .collect()
}
