//! Depth scales of deep networks over weight and bias variances.

use std::path::Path;

use super::axis::Axis;
use super::check;
use super::colour::{ColourScale, GRID, INK, PAPER};
use super::colour_bar;
use super::format::Format;
use super::labels::Labels;
use super::panel::{Panel, top_margin};
use super::picture::{Marker, Picture, Raster};
use super::render;
use crate::network::Init;
use crate::spectral::PhaseDiagram;
use crate::{Error, Result};

/// The map, and its place on the page.
const SIZE: [f64; 2] = [380.0, 290.0];
const LEFT: f64 = 78.0;
/// Longer depth scales have one colour.
const LONGEST: f64 = 1e3;

/// Draws the depth scales of correlations as a map of colours, with the line between order and chaos.
///
/// Colours are by the logarithm of the depth scale, up to 1000 layers. Where variances diverge or vanish the map is grey. A dot marks a
/// network.
///
/// # Arguments
/// * `diagram` — of [`spectral::phase_diagram`](crate::spectral::phase_diagram), on equidistant variances, at least two of each
/// * `network` — an initialisation that is marked, if it lies on the map
/// * `labels` — usual texts: `σw²`, `σb²` and `log10 of the depth scale / layers`
/// * `path` — ends in `.png` or `.svg`
///
/// # Errors
/// [`Error::InvalidValue`] for a diagram with one row or column, or for the name of another format;
/// [`Error::Io`]. No file is left then.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::plot::{Labels, phase_diagram};
/// use haarmonic::spectral;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("phases.svg");
/// let diagram = spectral::phase_diagram(&Activation::Erf, &[0.5, 1.5, 2.5], &[0.0, 0.1, 0.2])?;
/// phase_diagram(&diagram, None, &Labels::default(), &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn phase_diagram(
    diagram: &PhaseDiagram,
    network: Option<Init>,
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    Format::of(&path)?;
    let (rows, columns) = diagram.depths.dim();
    check::shape(
        "depths of a phase diagram",
        &[rows, columns],
        &[diagram.bias_variances.len(), diagram.weight_variances.len()],
    )?;
    if rows < 2 || columns < 2 {
        return Err(Error::invalid(
            "phase diagram",
            format!("{rows} rows and {columns} columns"),
            "at least two of each",
        ));
    }
    check::increasing("weight variances", &diagram.weight_variances)?;
    check::increasing("bias variances", &diagram.bias_variances)?;
    let colour_of = |depth: f64| depth.clamp(1.0 / LONGEST, LONGEST).log10();
    let known: Vec<f64> = diagram
        .depths
        .iter()
        .flatten()
        .map(|&d| colour_of(d))
        .collect();
    let scale = ColourScale::of(&mut known.iter());
    let labels = labels.or("σw²", "σb²");
    let value = match labels.value {
        "" => "log10 of the depth scale / layers",
        value => value,
    };

    let top = top_margin(labels.title) + 12.0;
    let [width, height] = SIZE;
    let right = 22.0 + colour_bar::room(&scale, value);
    let mut picture = Picture::new([LEFT + width + right, top + height + 58.0]);
    let mut pixels = Vec::with_capacity(rows * columns);
    for row in diagram.depths.outer_iter().rev() {
        pixels.extend(row.iter().map(|depth| {
            let [r, g, b] = depth.map_or(GRID, |depth| scale.colour(colour_of(depth))).0;
            [r, g, b, 255]
        }));
    }
    picture.raster(Raster {
        corner: [LEFT, top],
        size: SIZE,
        shape: [rows, columns],
        pixels,
    });
    colour_bar::frame(&mut picture, [[LEFT, top], [LEFT + width, top + height]]);
    let panel = Panel {
        left: LEFT,
        top,
        width,
        height,
        x: cells(&diagram.weight_variances),
        y: cells(&diagram.bias_variances),
    };
    panel.draw_x(&mut picture);
    panel.draw_y(&mut picture);
    panel.draw_texts(&mut picture, &labels);
    for piece in &diagram.critical {
        let places: Vec<_> = piece.iter().map(|&[w, b]| panel.at(w, b)).collect();
        match places[..] {
            [alone] => picture.marker(Marker::Diamond, alone, 5.0, PAPER),
            _ => {
                picture.line(places.clone(), INK, 3.6);
                picture.line(places, PAPER, 1.8);
            }
        }
    }
    if let Some(init) = network {
        let [w, b] = [init.weight_std, init.bias_std].map(|std| std * std);
        let inside = |axis: &Axis, x: f64| (0.0..=1.0).contains(&axis.fraction(x));
        if inside(&panel.x, w) && inside(&panel.y, b) {
            picture.disc(panel.at(w, b), 5.5, INK);
            picture.disc(panel.at(w, b), 3.5, PAPER);
        }
    }
    let at = [LEFT + width + 22.0, top];
    colour_bar::upright(&mut picture, &scale, at, height, value);
    render::write(&picture, path.as_ref())
}

/// An axis whose cells have these centres.
fn cells(centres: &[f64]) -> Axis {
    let (first, last) = (centres[0], centres[centres.len() - 1]);
    let half = 0.5 * (last - first) / (centres.len() - 1) as f64;
    Axis::exactly(first - half, last + half)
}
