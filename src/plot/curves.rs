//! Curves of means with their errors, as learning curves and convergence draw them.

use ndarray::ArrayView1;

use super::check;
use super::colour::of_curve;
use super::legend::along;
use super::panel::Panel;
use super::picture::{Marker, Picture, Place};
use crate::Result;

/// A mean, with its error, against a size: of a training set, or of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve<'a> {
    /// In the legend; a curve without a name has no place there.
    pub name: &'a str,
    /// Sizes, finite, in any order.
    pub sizes: &'a [f64],
    /// The mean at each size.
    pub mean: &'a [f64],
    /// Half the length of the error bar at each mean, not negative.
    pub error: Option<&'a [f64]>,
}

impl Curve<'_> {
    fn what(&self, number: usize, part: &str) -> String {
        match self.name {
            "" => format!("{part} of curve {number}"),
            name => format!("{part} of curve `{name}`"),
        }
    }

    /// Points by increasing size: size, mean, error.
    fn sorted(&self) -> Vec<[f64; 3]> {
        let error = |i: usize| self.error.map_or(0.0, |error| error[i]);
        let mut points: Vec<_> = (0..self.sizes.len())
            .map(|i| [self.sizes[i], self.mean[i], error(i)])
            .collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        points
    }
}

/// Checks curves and brings their points into order.
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

/// Means and the ends of their error bars.
pub(super) fn heights(points: &[Vec<[f64; 3]>]) -> Vec<f64> {
    let ends = |[_, mean, error]: &[f64; 3]| [*mean, mean - error, mean + error];
    points.iter().flatten().flat_map(ends).collect()
}

/// Draws one curve with its error bars; returns places along it.
pub(super) fn draw(
    picture: &mut Picture,
    panel: &Panel,
    number: usize,
    points: &[[f64; 3]],
) -> Vec<Place> {
    const CAP: f64 = 3.5;
    let colour = of_curve(number);
    let places: Vec<Place> = points.iter().map(|p| panel.at(p[0], p[1])).collect();
    for (at, [size, mean, error]) in places.iter().zip(points) {
        if *error > 0.0 {
            let [top, bottom] = [mean + error, mean - error].map(|end| panel.at(*size, end)[1]);
            picture.line(vec![[at[0], top], [at[0], bottom]], colour, 1.2);
            for y in [top, bottom] {
                picture.line(vec![[at[0] - CAP, y], [at[0] + CAP, y]], colour, 1.2);
            }
        }
    }
    picture.line(places.clone(), colour, 1.8);
    for at in &places {
        picture.marker(Marker::of_curve(number), *at, 3.4, colour);
    }
    along(&places)
}
