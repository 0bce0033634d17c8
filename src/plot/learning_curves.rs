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
/// Each point has a marker and its error bar; on a curve with many points, only some points have one, far enough apart for the curve to be seen
/// between them. The horizontal axis is logarithmic if the largest size is at least four times the smallest, all sizes being positive.
///
/// # Arguments
/// * `curves` — at least one, each with at least one point
/// * `scale` — of the vertical axis; on a logarithmic one, an error bar that reaches zero runs out of the picture
/// * `labels` — usual texts: `training examples` and `test error`
/// * `path` — ends in `.png` (1120 × 800 pixels) or `.svg`
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite),
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for bad curves;
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for negative errors, for means that are not positive on a logarithmic axis,
/// and for the name of another format; [`Error::Io`](crate::Error::Io). No file is left then.
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
    // The means decide on the kind of axis, the bars only widen it.
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
        // Bars do not reach further below a mean than they would if they were a factor of three.
        let floor = means.iter().copied().fold(f64::INFINITY, f64::min) / 3.0;
        heights.retain(|height| *height >= floor);
    }
    let y = Axis::around(&heights, scale, 0.06).down_to_zero();
    let labels = labels.or("training examples", "test error");

    curves::write(curves, &points, [x, y], &labels, None, path.as_ref())
}
