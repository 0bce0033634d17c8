//! Bands: means with their standard deviations along an axis.

use std::path::Path;

use ndarray::ArrayView1;

use super::axis::Axis;
use super::check;
use super::colour::{INK, of_curve};
use super::format::Format;
use super::labels::{AxisScale, Labels};
use super::legend::{self, Data, Entry, Look};
use super::panel::Panel;
use super::picture::{Marker, Picture, Place};
use super::render;
use crate::Result;

/// A mean with a standard deviation along an axis, such as the predictions of an ensemble of networks along a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band<'a> {
    /// The name in the legend.
    pub name: &'a str,
    /// The places along the axis, finite and increasing.
    pub x: &'a [f64],
    /// The mean at each place, finite.
    pub mean: &'a [f64],
    /// The standard deviation at each place, finite and not negative.
    pub deviation: &'a [f64],
}

/// Draws means against a coordinate, with bands of one standard deviation to either side, and target points.
///
/// # Arguments
/// * `bands` — at least one, each with at least one place
/// * `targets` — points `[x, y]`; may be empty
/// * `labels` — default texts: `x` and `prediction`
/// * `path` — ends in `.png` (1120 × 800 pixels) or `.svg`
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite) or
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for bad bands or targets;
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for places that do not increase, for negative deviations and for a file name
/// of another format; [`Error::Io`](crate::Error::Io). After an error no file is written.
///
/// # Examples
/// ```
/// use haarmonic::plot::{Band, Labels, bands};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("bands.svg");
/// let band = Band {
///     name: "width 64",
///     x: &[-1.0, 0.0, 1.0],
///     mean: &[-0.8, 0.1, 0.9],
///     deviation: &[0.1, 0.4, 0.1],
/// };
/// bands(&[band], &[[-1.0, -0.8], [1.0, 0.8]], &Labels::default(), &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn bands(
    bands: &[Band<'_>],
    targets: &[[f64; 2]],
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    Format::of(&path)?;
    check(bands, targets)?;
    let points: Vec<Vec<[f64; 3]>> = bands
        .iter()
        .map(|band| {
            let point = |i| [band.x[i], band.mean[i], band.deviation[i]];
            (0..band.x.len()).map(point).collect()
        })
        .collect();
    let (mut places, mut heights): (Vec<f64>, Vec<f64>) =
        targets.iter().map(|&[x, y]| (x, y)).unzip();
    for [x, mean, deviation] in points.iter().flatten() {
        places.push(*x);
        heights.extend([mean - deviation, mean + deviation]);
    }
    let x = Axis::around(&places, AxisScale::Linear, 0.02);
    let y = Axis::around(&heights, AxisScale::Linear, 0.05);
    let labels = labels.or("x", "prediction");

    let names: Vec<&str> = bands.iter().map(|band| band.name).collect();
    let named = (!targets.is_empty()).then_some("target");
    let picture = legend::with_legend(&entries(&names, named), |above| {
        let mut picture = Picture::new([560.0, 400.0]);
        let panel = Panel::filling(picture.size, x.clone(), y.clone(), &labels, above);
        panel.draw(&mut picture, &labels);
        let mut data = draw(&mut picture, &panel, &points);
        let places: Vec<Place> = targets.iter().map(|&[x, y]| panel.at(x, y)).collect();
        picture.points(Marker::Diamond, &places, 3.8, INK);
        data.lines.extend(places.into_iter().map(|at| vec![at]));
        (picture, panel, data)
    });
    render::write(&picture, path.as_ref())
}

/// Checks bands and targets.
fn check(bands: &[Band<'_>], targets: &[[f64; 2]]) -> Result<()> {
    check::filled("bands", bands.len())?;
    for (number, band) in bands.iter().enumerate() {
        let what = |part: &str| match band.name {
            "" => format!("{part} of band {number}"),
            name => format!("{part} of band `{name}`"),
        };
        let count = band.x.len();
        check::filled(&what("places"), count)?;
        check::finite(&what("places"), ArrayView1::from(band.x))?;
        check::increasing(&what("places"), band.x)?;
        for (part, values) in [("mean", band.mean), ("deviation", band.deviation)] {
            check::shape(&what(part), &[values.len()], &[count])?;
            check::finite(&what(part), ArrayView1::from(values))?;
        }
        check::at_least(&what("deviation"), band.deviation, 0.0, false)?;
    }
    check::finite("targets", ArrayView1::from(targets.as_flattened()))
}

/// Draws bands, and then their means, so that no band covers a mean.
///
/// # Arguments
/// * `bands` — for each band its points `[place, mean, deviation]`
///
/// Returns the drawn lines and areas.
pub(super) fn draw(picture: &mut Picture, panel: &Panel, bands: &[Vec<[f64; 3]>]) -> Data {
    let mut data = Data::default();
    let edge = |points: &[[f64; 3]], part: f64| -> Vec<Place> {
        let place = |[x, mean, deviation]: &[f64; 3]| panel.at(*x, mean + part * deviation);
        points.iter().map(place).collect()
    };
    for (number, points) in bands.iter().enumerate() {
        let mut outline = edge(points, 1.0);
        outline.extend(edge(points, -1.0).into_iter().rev());
        picture.area(outline.clone(), of_curve(number), 0.2);
        data.areas.push(outline);
    }
    for (number, points) in bands.iter().enumerate() {
        let line = edge(points, 0.0);
        if let [alone] = line[..] {
            picture.marker(Marker::Disc, alone, 3.0, of_curve(number));
        }
        picture.line(line.clone(), of_curve(number), 1.8);
        data.lines.push(line);
    }
    data
}

/// The entries of the legend: one per band, the meaning of a band, and the name of the targets.
pub(super) fn entries<'a>(names: &[&'a str], targets: Option<&'a str>) -> Vec<Entry<'a>> {
    let lines = names.iter().enumerate().map(|(number, &name)| Entry {
        name,
        colour: of_curve(number),
        look: Look::Line(None),
    });
    let band = Entry {
        name: "± one standard deviation",
        colour: INK,
        look: Look::Band,
    };
    let targets = targets.map(|name| Entry {
        name,
        colour: INK,
        look: Look::Points(Marker::Diamond),
    });
    lines.chain([band]).chain(targets).collect()
}
