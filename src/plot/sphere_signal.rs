//! Signals on the sphere as maps.

use std::f64::consts::{PI, TAU};
use std::path::Path;

use ndarray::{Array2, ArrayView2};
use num_complex::Complex64;

use super::check;
use super::colour::{Colour, ColourScale, INK, PAPER, is_dark};
use super::colour_bar;
use super::format::Format;
use super::labels::Labels;
use super::panel::{TICK_SIZE, draw_title, remark, top_margin};
use super::picture::{Anchor, Picture, Place, Raster};
use super::projection::{Direction, Orthographic, mollweide};
use super::render;
use crate::sphere::coefficients::check_real;
use crate::sphere::{Sampling, ShtPlanner, fast_longitudes};
use crate::{Error, Result};

/// A real signal on the sphere to draw.
#[derive(Debug, Clone, Copy)]
pub enum SphereSignal<'a> {
    /// Coefficients `[L, 2L − 1]`, entry `[l, m + L − 1]`, of a real signal.
    Coefficients(ArrayView2<'a, Complex64>),
    /// Samples `[rings, 2L − 1]`; the drawn signal is the signal of band limit L with these samples.
    Grid {
        /// The samples, rings from north to south.
        values: ArrayView2<'a, f64>,
        /// The sampling, which determines the colatitudes of the rings.
        sampling: Sampling,
    },
}

/// The projection of the sphere onto the page.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Projection {
    /// The whole sphere on an ellipse, with areas in proportion; φ = 0 lies in the middle, and φ grows to the right.
    #[default]
    Mollweide,
    /// Both hemispheres as seen from far away, with north upwards: from the given point of view, and from the opposite side.
    Orthographic {
        /// Colatitude θ of the point of view in radians, from 0 to π.
        colatitude: f64,
        /// Longitude φ of the point of view in radians, finite.
        longitude: f64,
    },
}

/// Half the height of the ellipse.
const ELLIPSE: f64 = 135.0;
/// The radius of the discs.
const DISC: f64 = 132.0;
/// The largest band limit; the pixels of a picture cannot show a finer signal.
const LARGEST: usize = 2048;

/// Draws a map of a signal on the sphere, with lines of constant colatitude θ and longitude φ and a colour bar.
///
/// The signal is synthesised on a fine grid and interpolated linearly. The colours are as in [`kernel_matrix`](super::kernel_matrix).
///
/// # Arguments
/// * `signal` — real, with a band limit L of at most 2048
/// * `labels` — the title and the text along the colour bar are used
/// * `path` — ends in `.png` (1280 pixels wide) or `.svg`
///
/// # Cost and accuracy
/// For L ≤ 256 the step h of the grid is at most π / 8L. Linear interpolation then errs along each angle by h² L² / 8, two per cent of
/// the amplitude of the highest degree. For larger L the error is up to 31 per cent, for waves that are not much longer than a pixel.
///
/// # Errors
/// [`Error::Empty`], [`Error::ShapeMismatch`] or [`Error::NotFinite`] for bad arrays; [`Error::InvalidValue`] for coefficients of a
/// signal that is not real, for a band limit or a point of view out of range, and for a file name of another format; [`Error::Io`].
/// After an error no file is written.
///
/// # Examples
/// ```
/// use haarmonic::plot::{Labels, Projection, SphereSignal, sphere_signal};
/// use haarmonic::sphere::coefficients;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("y10.svg");
/// let mut coeffs = coefficients::zeros(2)?;
/// coeffs[[1, 1]] = 1.0.into();
/// let signal = SphereSignal::Coefficients(coeffs.view());
/// sphere_signal(signal, Projection::Mollweide, &Labels::default(), &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn sphere_signal(
    signal: SphereSignal<'_>,
    projection: Projection,
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    Format::of(&path)?;
    let field = Field::new(signal)?;
    let scale = ColourScale::of(field.values.iter());
    let top = top_margin(labels.title) - 4.0;
    let picture = match projection {
        Projection::Mollweide => whole(&field, &scale, labels, top),
        Projection::Orthographic {
            colatitude,
            longitude,
        } => {
            if !(0.0..=PI).contains(&colatitude) || !longitude.is_finite() {
                return Err(Error::invalid(
                    "point of view",
                    format!("θ = {colatitude:?}, φ = {longitude:?}"),
                    "θ from 0 to π, in radians, and a finite φ",
                ));
            }
            halves(&field, &scale, labels, top, [colatitude, longitude])
        }
    };
    render::write(&picture, path.as_ref())
}

/// The picture of the whole sphere in the Mollweide projection.
fn whole(field: &Field, scale: &ColourScale, labels: &Labels<'_>, top: f64) -> Picture {
    let bar_top = top + 2.0 * ELLIPSE + 16.0;
    let mut picture = Picture::new([640.0, page_bottom(bar_top, labels)]);
    let centre = [330.0, top + ELLIPSE];
    let corner = [centre[0] - 2.0 * ELLIPSE, top];
    picture.raster(map(
        corner,
        [4.0 * ELLIPSE, 2.0 * ELLIPSE],
        |[x, y]| mollweide::direction([2.0 * x, y]),
        |direction| scale.colour(field.at(direction)),
    ));
    let page = |[x, y]: Place| [centre[0] + ELLIPSE * x, centre[1] - ELLIPSE * y];
    for line in graticule() {
        // Longitudes run from −π at the left edge to π at the right edge.
        let places = line
            .iter()
            .map(|&[theta, phi]| page(mollweide::place(theta, phi)));
        picture.faint_line(places.collect(), INK, 0.7, 0.3);
    }
    outline(&mut picture, centre, [2.0 * ELLIPSE, ELLIPSE]);
    for theta in [30, 60, 90, 120, 150] {
        let [x, y] = page(mollweide::place(f64::from(theta).to_radians(), -PI));
        let text = match theta {
            90 => "θ = 90°".to_owned(),
            _ => format!("{theta}°"),
        };

        // In the south the rim slopes towards the text, which is moved down.
        let lower = 7.0 * (f64::from(theta) / 90.0 - 1.0).max(0.0) / (2.0 / 3.0);
        let at = [x - 6.0, y + 4.0 + lower];
        remark(&mut picture, &text, at, Anchor::End);
    }
    for phi in [-120, -60, 0, 60, 120] {
        let [x, y] = page(mollweide::place(0.5 * PI, f64::from(phi).to_radians()));
        let below = mollweide::direction([
            (x + 14.0 - centre[0]) / ELLIPSE,
            (centre[1] - y - 9.0) / ELLIPSE,
        ]);
        let colour = match below {
            Some(direction) if is_dark(scale.colour(field.at(direction))) => PAPER,
            _ => INK,
        };
        let text = match phi {
            0 => "φ = 0°".to_owned(),
            _ => format!("{}°", (phi + 360) % 360),
        };
        let at = [x + 4.0, y + 13.0];
        picture.coloured_text(&text, at, TICK_SIZE - 1.0, Anchor::Start, colour);
    }
    colour_bar::lying(
        &mut picture,
        scale,
        [centre[0] - ELLIPSE, bar_top],
        2.0 * ELLIPSE,
        labels.value,
    );
    draw_title(&mut picture, labels.title);
    picture
}

/// The picture of both hemispheres as two discs side by side.
fn halves(
    field: &Field,
    scale: &ColourScale,
    labels: &Labels<'_>,
    top: f64,
    [colatitude, longitude]: [f64; 2],
) -> Picture {
    let bar_top = top + 2.0 * DISC + 36.0;
    let mut picture = Picture::new([640.0, page_bottom(bar_top, labels)]);
    let views = [
        (170.0, colatitude, longitude),
        (470.0, PI - colatitude, longitude + PI),
    ];
    for (middle, theta, phi) in views {
        let view = Orthographic::new(theta, phi);
        let centre = [middle, top + DISC];
        picture.raster(map(
            [centre[0] - DISC, top],
            [2.0 * DISC, 2.0 * DISC],
            |place| view.direction(place),
            |direction| scale.colour(field.at(direction)),
        ));
        for line in graticule() {
            // A line is interrupted where it runs on the far hemisphere.
            let places: Vec<_> = line
                .iter()
                .map(|&[theta, phi]| view.place(theta, phi))
                .collect();
            for piece in places.split(Option::is_none) {
                let page = |[x, y]: Place| [centre[0] + DISC * x, centre[1] - DISC * y];
                let seen = piece.iter().flatten().map(|place| page(*place));
                picture.faint_line(seen.collect(), INK, 0.7, 0.3);
            }
        }
        outline(&mut picture, centre, [DISC, DISC]);
        let phi = phi.rem_euclid(TAU).to_degrees().round() as u32 % 360;
        let text = format!("from above θ = {:.0}°, φ = {phi}°", theta.to_degrees());
        let at = [centre[0], top + 2.0 * DISC + 20.0];
        remark(&mut picture, &text, at, Anchor::Middle);
    }
    colour_bar::lying(&mut picture, scale, [185.0, bar_top], 270.0, labels.value);
    draw_title(&mut picture, labels.title);
    picture
}

fn page_bottom(bar_top: f64, labels: &Labels<'_>) -> f64 {
    bar_top + if labels.value.is_empty() { 40.0 } else { 62.0 }
}

/// The raster of a map.
///
/// # Arguments
/// * `direction` — the direction at a place whose coordinates run from −1 to 1 over the rectangle; `None` outside the map
/// * `colour` — the colour of a direction
fn map(
    corner: Place,
    size: [f64; 2],
    direction: impl Fn(Place) -> Option<Direction>,
    colour: impl Fn(Direction) -> Colour,
) -> Raster {
    let [columns, rows] = size.map(|side| side as usize * render::PIXELS);
    let middle = |k: usize, n: usize| (2 * k + 1) as f64 / n as f64 - 1.0;
    let mut pixels = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            let place = [middle(column, columns), -middle(row, rows)];
            pixels.push(direction(place).map_or([255, 255, 255, 0], |direction| {
                let [r, g, b] = colour(direction).0;
                [r, g, b, 255]
            }));
        }
    }
    Raster {
        corner,
        size,
        shape: [rows, columns],
        pixels,
    }
}

/// Lines of constant θ and φ, each a list of points `[θ, φ]` with φ from −π to π.
fn graticule() -> Vec<Vec<[f64; 2]>> {
    const PIECES: usize = 90;
    let part = |k: usize| k as f64 / PIECES as f64;
    let parallel = |theta: f64| {
        (0..=PIECES)
            .map(|k| [theta, TAU * part(k) - PI])
            .collect::<Vec<_>>()
    };
    let meridian = |phi: f64| {
        (0..=PIECES)
            .map(|k| [PI * part(k), phi])
            .collect::<Vec<_>>()
    };
    let parallels = (1..6).map(|k| parallel(f64::from(k) * PI / 6.0));
    let meridians = (-2..=3).map(|k| meridian(f64::from(k) * PI / 3.0));
    parallels.chain(meridians).collect()
}

/// Draws the rim of an ellipse.
fn outline(picture: &mut Picture, centre: Place, radii: [f64; 2]) {
    const PIECES: usize = 180;
    let places = (0..=PIECES).map(|k| {
        let (sin, cos) = (TAU * k as f64 / PIECES as f64).sin_cos();
        [centre[0] + radii[0] * cos, centre[1] + radii[1] * sin]
    });
    picture.line(places.collect(), INK, 1.1);
}

/// The values of a signal on a fine grid that includes both poles.
struct Field {
    /// Shape `[rings, longitudes]`.
    values: Array2<f64>,
}

impl Field {
    fn new(signal: SphereSignal<'_>) -> Result<Field> {
        /// The tolerance for coefficients of a real signal, which may have been computed in single precision.
        const ROUNDING: f64 = 1e-5;
        let mut planner = ShtPlanner::new();
        let coeffs = match signal {
            SphereSignal::Coefficients(coeffs) => {
                small(coeffs.nrows())?;
                check_real(coeffs, ROUNDING)?;
                coeffs.to_owned()
            }
            SphereSignal::Grid { values, sampling } => {
                let limit = values.ncols().div_ceil(2);
                small(limit)?;
                check::shape(
                    "samples on the sphere",
                    values.shape(),
                    &sampling.shape(limit)?,
                )?;
                check::finite("samples on the sphere", values)?;
                planner.plan(limit, sampling)?.forward(values)?
            }
        };
        let limit = coeffs.nrows();
        let fine = (4 * limit).clamp(256, 1024).max(limit);
        let plan =
            planner.plan_with_longitudes(fine, Sampling::ClenshawCurtis, fast_longitudes(fine)?)?;
        let mut wide = plan.make_coeffs();
        for ((l, k), c) in coeffs.indexed_iter() {
            wide[[l, k + fine - limit]] = *c;
        }
        let values: Array2<f64> = plan.inverse(wide.view())?;
        // Sums of finite coefficients may overflow.
        check::finite("signal on the sphere", values.view())?;
        Ok(Field { values })
    }

    /// The value in a direction, interpolated linearly along θ and φ.
    fn at(&self, direction: Direction) -> f64 {
        let (rings, longitudes) = self.values.dim();
        let row = direction.colatitude / PI * (rings - 1) as f64;
        let column = direction.longitude / TAU * longitudes as f64;
        let north = (row as usize).min(rings - 2);
        let west = (column as usize).min(longitudes - 1);
        let east = (west + 1) % longitudes;
        let (v, u) = (row - north as f64, column - west as f64);
        let ring = |t: usize| (1.0 - u) * self.values[[t, west]] + u * self.values[[t, east]];
        (1.0 - v) * ring(north) + v * ring(north + 1)
    }
}

/// Refuses a band limit out of range.
fn small(limit: usize) -> Result<()> {
    match limit {
        0 => Err(Error::empty("signal on the sphere")),
        1..=LARGEST => Ok(()),
        _ => Err(Error::invalid(
            "band limit of the signal",
            limit,
            format!("at most {LARGEST}: a picture shows no higher degrees"),
        )),
    }
}
