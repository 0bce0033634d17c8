//! Curves of means with error bars, shared by learning curves and convergence.

use std::path::Path;

use ndarray::ArrayView1;

use super::axis::Axis;
use super::check;
use super::colour::of_curve;
use super::labels::Labels;
use super::legend::{self, Data, Entry, Look};
use super::panel::Panel;
use super::picture::{Marker, Picture, Place, distance};
use super::render;
use crate::Result;

/// The radius of the markers.
const RADIUS: f64 = 3.4;

/// A mean with its error against the size of a training set or of a network. An example is at [`plot`](crate::plot).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve<'a> {
    /// The name in the legend; a curve with an empty name has no entry.
    pub name: &'a str,
    /// The sizes, finite, in any order.
    pub sizes: &'a [f64],
    /// The mean at each size, finite.
    pub mean: &'a [f64],
    /// Half the length of the error bar at each size, finite and not negative; `None` for no error bars.
    pub error: Option<&'a [f64]>,
}

impl Curve<'_> {
    /// The name of a part of the curve in errors.
    fn what(&self, number: usize, part: &str) -> String {
        match self.name {
            "" => format!("{part} of curve {number}"),
            name => format!("{part} of curve `{name}`"),
        }
    }

    /// The points `[size, mean, error]` by increasing size.
    fn sorted(&self) -> Vec<[f64; 3]> {
        let error = |i: usize| self.error.map_or(0.0, |error| error[i]);
        let mut points: Vec<_> = (0..self.sizes.len())
            .map(|i| [self.sizes[i], self.mean[i], error(i)])
            .collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        points
    }
}

/// Checks curves, and returns the points `[size, mean, error]` of each by increasing size.
pub(super) fn points(curves: &[Curve<'_>]) -> Result<Vec<Vec<[f64; 3]>>> {
    check::filled("curves", curves.len())?;
    for (number, curve) in curves.iter().enumerate() {
        let what = |part: &str| curve.what(number, part);
        let count = curve.sizes.len();
        check::filled(&what("sizes"), count)?;
        check::shape(&what("mean"), &[curve.mean.len()], &[count])?;
        check::finite(&what("sizes"), ArrayView1::from(curve.sizes))?;
        check::finite(&what("mean"), ArrayView1::from(curve.mean))?;
        if let Some(error) = curve.error {
            check::shape(&what("error"), &[error.len()], &[count])?;
            check::finite(&what("error"), ArrayView1::from(error))?;
            check::at_least(&what("error"), error, 0.0, false)?;
        }
    }
    Ok(curves.iter().map(Curve::sorted).collect())
}

/// All sizes and all means.
pub(super) fn columns(points: &[Vec<[f64; 3]>]) -> [Vec<f64>; 2] {
    [0, 1].map(|column| points.iter().flatten().map(|point| point[column]).collect())
}

/// All means, and the ends of their error bars.
pub(super) fn heights(points: &[Vec<[f64; 3]>]) -> Vec<f64> {
    let ends = |[_, mean, error]: &[f64; 3]| [*mean, mean - error, mean + error];
    points.iter().flatten().flat_map(ends).collect()
}

/// Draws all curves on two axes, with a legend.
///
/// # Arguments
/// * `points` — the points of the curves, from [`points`]
/// * `guide` — the entry of a guide line under the curves, and the function that draws it
pub(super) fn write(
    curves: &[Curve<'_>],
    points: &[Vec<[f64; 3]>],
    [x, y]: [Axis; 2],
    labels: &Labels<'_>,
    guide: Option<(Entry<'_>, &Guide<'_>)>,
    path: &Path,
) -> Result<()> {
    let entries = curves.iter().enumerate().map(|(number, curve)| Entry {
        name: curve.name,
        colour: of_curve(number),
        look: Look::Line(Some(Marker::of_curve(number))),
    });
    let of_guide = guide.as_ref().map(|(entry, _)| entry.clone());
    let entries: Vec<Entry<'_>> = entries.chain(of_guide).collect();
    let picture = legend::with_legend(&entries, |above| {
        let mut picture = Picture::new([560.0, 400.0]);
        let panel = Panel::filling(picture.size, x.clone(), y.clone(), labels, above);
        panel.draw(&mut picture, labels);
        let mut data = Data::default();
        if let Some((_, draw)) = &guide {
            data.lines.push(draw(&mut picture, &panel));
        }
        for (number, points) in points.iter().enumerate() {
            draw(&mut picture, &panel, number, points, &mut data);
        }
        (picture, panel, data)
    });
    render::write(&picture, path)
}

/// A function that draws a guide line under the curves and returns its ends.
pub(super) type Guide<'a> = dyn Fn(&mut Picture, &Panel) -> Vec<Place> + 'a;

/// Draws one curve, with markers and error bars on points that are far enough apart.
fn draw(picture: &mut Picture, panel: &Panel, number: usize, points: &[[f64; 3]], data: &mut Data) {
    const CAP: f64 = 3.5;
    let colour = of_curve(number);
    let places: Vec<Place> = points.iter().map(|p| panel.at(p[0], p[1])).collect();
    let marked = apart(&places);
    for &i in &marked {
        let ([size, mean, error], at) = (points[i], places[i]);
        if error > 0.0 {
            let [top, bottom] = [mean + error, mean - error].map(|end| panel.at(size, end)[1]);
            let bar = vec![[at[0], top], [at[0], bottom]];
            picture.line(bar.clone(), colour, 1.2);
            for y in [top, bottom] {
                picture.line(vec![[at[0] - CAP, y], [at[0] + CAP, y]], colour, 1.2);
            }
            data.lines.push(bar);
        }
    }
    picture.line(places.clone(), colour, 1.8);
    for i in marked {
        picture.marker(Marker::of_curve(number), places[i], RADIUS, colour);
    }
    data.lines.push(places);
}

/// The indices of the points of a curve that have a marker.
///
/// A point has a marker if it is at least six radii from every earlier point with a marker, so that the curve stays visible between
/// markers.
fn apart(places: &[Place]) -> Vec<usize> {
    const LEAST: f64 = 6.0 * RADIUS;
    let mut marked: Vec<usize> = Vec::new();
    for (i, at) in places.iter().enumerate() {
        if marked.iter().all(|&j| distance(places[j], *at) >= LEAST) {
            marked.push(i);
        }
    }
    marked
}
