//! Convergence of finite networks: the deviation from the infinitely wide network against the width.

use std::path::Path;

use super::axis::Axis;
use super::check;
use super::colour::QUIET;
use super::curves::{self, Curve};
use super::format::Format;
use super::labels::{AxisScale, Labels};
use super::legend::{Entry, Look};
use super::panel::Panel;
use super::picture::{Picture, Place};
use crate::Result;

/// Draws deviations from the infinitely wide network against the width, on two logarithmic axes.
///
/// A dashed line of slope −1 shows c / width. Its constant c is the geometric mean of width × deviation over the first curve.
///
/// # Arguments
/// * `curves` — sizes are widths; widths and means must be positive
/// * `labels` — default texts: `width` and `deviation from the limit`
/// * `path` — ends in `.png` (1120 × 800 pixels) or `.svg`
///
/// # Errors
/// As [`learning_curves`](super::learning_curves); [`Error::InvalidValue`](crate::Error::InvalidValue) for widths or means that
/// are not positive.
///
/// # Examples
/// ```
/// use haarmonic::plot::{Curve, Labels, convergence};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("convergence.svg");
/// let curve = Curve {
///     name: "NTK",
///     sizes: &[64.0, 256.0, 1024.0],
///     mean: &[0.12, 0.031, 0.008],
///     error: None,
/// };
/// convergence(&[curve], &Labels::default(), &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn convergence(
    curves: &[Curve<'_>],
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    Format::of(&path)?;
    let points = curves::points(curves)?;
    for curve in curves {
        check::at_least("widths", curve.sizes, 0.0, true)?;
        check::at_least("deviations", curve.mean, 0.0, true)?;
    }
    let [widths, means] = curves::columns(&points);
    // An error bar may reach zero, which has no place on a logarithmic axis. The axis ends at a tenth of the smallest mean.
    let floor = means.iter().copied().fold(f64::INFINITY, f64::min) / 10.0;
    let heights: Vec<f64> = curves::heights(&points)
        .into_iter()
        .map(|height| height.max(floor))
        .collect();
    let x = Axis::around(&widths, AxisScale::Logarithmic, 0.05).marked(&widths);
    let y = Axis::around(&heights, AxisScale::Logarithmic, 0.06);
    let labels = labels.or("width", "deviation from the limit");

    let guide = Entry {
        name: "c / width",
        colour: QUIET,
        look: Look::Dashes,
    };
    let draw = |picture: &mut Picture, panel: &Panel| draw_guide(picture, panel, &points[0]);
    let guide = Some((guide, &draw as &curves::Guide<'_>));
    curves::write(curves, &points, [x, y], &labels, guide, path.as_ref())
}

/// Draws the line c / width within the panel and returns its ends.
fn draw_guide(picture: &mut Picture, panel: &Panel, points: &[[f64; 3]]) -> Vec<Place> {
    let logarithm = points.iter().map(|p| p[0].ln() + p[1].ln()).sum::<f64>() / points.len() as f64;
    // c / width is computed in logarithms, so that the product of width and deviation cannot overflow.
    let height = |width: f64| (logarithm - width.ln()).exp();
    let from = panel.x.low.max((logarithm - panel.y.high.ln()).exp());
    let to = panel.x.high.min((logarithm - panel.y.low.ln()).exp());
    let ends = [from, to].map(|width| panel.at(width, height(width)));
    picture.dashes(ends, QUIET, 1.4, 5.0);
    ends.to_vec()
}
