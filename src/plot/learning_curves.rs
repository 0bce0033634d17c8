//! Learning curves: errors or accuracies against the number of training examples.

use std::path::Path;

use super::axis::{Axis, extremes};
use super::check;
use super::curves::{self, Curve};
use super::format::Format;
use super::labels::{AxisScale, Labels};
use crate::Result;

/// Draws scores against the number of training examples, with error bars.
///
/// Each point has a marker and an error bar. On a curve with many points only some points have them, far enough apart to keep the curve
/// visible. The horizontal axis is logarithmic if all sizes are positive and the largest is at least four times the smallest.
///
/// # Arguments
/// * `curves` — at least one, each with at least one point
/// * `scale` — the scale of the vertical axis; on a logarithmic axis, an error bar that reaches zero runs out of the picture
/// * `labels` — default texts: `training examples` and `test error`
/// * `path` — ends in `.png` (1120 × 800 pixels) or `.svg`
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite),
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for bad curves;
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for negative errors, for means that are not positive on a logarithmic axis,
/// and for a file name of another format; [`Error::Io`](crate::Error::Io). After an error no file is written.
///
/// # Examples
/// See [`crate::plot`].
pub fn learning_curves(
    curves: &[Curve<'_>],
    scale: AxisScale,
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    Format::of(&path)?;
    let points = curves::points(curves)?;
    if scale == AxisScale::Logarithmic {
        for curve in curves {
            check::at_least("mean on a logarithmic axis", curve.mean, 0.0, true)?;
        }
    }
    let [sizes, means] = curves::columns(&points);
    // The means alone determine the scale of the axis; error bars widen its range.
    let scale = match Axis::around(&means, scale, 0.0).logarithmic {
        true => AxisScale::Logarithmic,
        false => AxisScale::Linear,
    };

    let (least, most) = extremes(sizes.iter().copied());
    let along = if least > 0.0 && most >= 4.0 * least {
        AxisScale::Logarithmic
    } else {
        AxisScale::Linear
    };
    let x = Axis::around(&sizes, along, 0.05).marked(&sizes);
    let mut heights = curves::heights(&points);
    if scale == AxisScale::Logarithmic {
        // Ends of error bars below a third of the smallest mean do not widen the axis.
        let floor = means.iter().copied().fold(f64::INFINITY, f64::min) / 3.0;
        heights.retain(|height| *height >= floor);
    }
    let y = Axis::around(&heights, scale, 0.06).down_to_zero();
    let labels = labels.or("training examples", "test error");

    curves::write(curves, &points, [x, y], &labels, None, path.as_ref())
}
