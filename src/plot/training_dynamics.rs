//! Training dynamics: predictions of an ensemble against training time.

use std::path::Path;

use ndarray::{ArrayView1, ArrayView2, Axis as ArrayAxis};

use super::axis::Axis;
use super::bands;
use super::check;
use super::colour::of_curve;
use super::format::Format;
use super::labels::{AxisScale, Labels};
use super::legend;
use super::panel::Panel;
use super::picture::{Marker, Picture};
use super::render;
use crate::Result;

/// The predictions of an ensemble of networks at some points, at several training times.
#[derive(Debug, Clone, Copy)]
pub struct Dynamics<'a> {
    /// The T training times, increasing and not negative.
    pub times: &'a [f64],
    /// The mean over the ensemble, shape `[T, points]`.
    pub mean: ArrayView2<'a, f64>,
    /// The standard deviation over the ensemble, shape `[T, points]`, not negative.
    pub deviation: ArrayView2<'a, f64>,
    /// The target of each point, if there are targets.
    pub targets: Option<&'a [f64]>,
    /// The name of each point in the legend; empty for no names.
    pub names: &'a [&'a str],
}

/// Draws the mean over an ensemble against time, with bands of one standard deviation to either side, and the targets at the right edge.
///
/// The time axis is logarithmic if the largest time is at least thirty times the smallest positive one. A logarithmic axis leaves out
/// time 0.
///
/// # Arguments
/// * `dynamics` — at least one time and one point
/// * `labels` — default texts: `training time` and `prediction`
/// * `path` — ends in `.png` (1120 × 800 pixels) or `.svg`
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite) or
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for bad numbers; [`Error::InvalidValue`](crate::Error::InvalidValue) for
/// times that are negative or do not increase, for negative deviations and for a file name of another format;
/// [`Error::Io`](crate::Error::Io). After an error no file is written.
///
/// # Examples
/// ```
/// use haarmonic::plot::{Dynamics, Labels, training_dynamics};
/// use ndarray::array;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("dynamics.svg");
/// let (mean, deviation) = (array![[0.0], [0.6], [0.9]], array![[1.0], [0.4], [0.1]]);
/// let dynamics = Dynamics {
///     times: &[0.0, 1.0, 2.0],
///     mean: mean.view(),
///     deviation: deviation.view(),
///     targets: Some(&[1.0]),
///     names: &["first test point"],
/// };
/// training_dynamics(&dynamics, &Labels::default(), &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn training_dynamics(
    dynamics: &Dynamics<'_>,
    labels: &Labels<'_>,
    path: impl AsRef<Path>,
) -> Result<()> {
    /// The ratio of the largest and the smallest positive time from which the axis is logarithmic.
    const LOGARITHMIC: f64 = 30.0;
    Format::of(&path)?;
    check(dynamics)?;
    let Dynamics {
        times,
        mean,
        deviation,
        ..
    } = *dynamics;
    let positive: Vec<f64> = times.iter().copied().filter(|time| *time > 0.0).collect();
    let logarithmic = match (positive.first(), positive.last()) {
        (Some(first), Some(last)) => last / first >= LOGARITHMIC,
        _ => false,
    };
    let x = if logarithmic {
        Axis::around(&positive, AxisScale::Logarithmic, 0.04)
    } else {
        Axis::around(times, AxisScale::Linear, 0.03).down_to_zero()
    };
    let shown: Vec<usize> = (0..times.len())
        .filter(|&t| !logarithmic || times[t] > 0.0)
        .collect();
    let mut heights = dynamics.targets.unwrap_or(&[]).to_vec();
    for &t in &shown {
        for (m, d) in mean.row(t).iter().zip(deviation.row(t)) {
            heights.extend([m - d, m + d]);
        }
    }
    let y = Axis::around(&heights, AxisScale::Linear, 0.05);
    let labels = labels.or("training time", "prediction");

    let points: Vec<Vec<[f64; 3]>> = (0..mean.ncols())
        .map(|point| {
            let at = |&t: &usize| [times[t], mean[[t, point]], deviation[[t, point]]];
            shown.iter().map(at).collect()
        })
        .collect();
    let targets = dynamics.targets.map(|_| "target");
    let entries = bands::entries(dynamics.names, targets);
    let picture = legend::with_legend(&entries, |above| {
        let mut picture = Picture::new([560.0, 400.0]);
        let panel = Panel::filling(picture.size, x.clone(), y.clone(), &labels, above);
        panel.draw(&mut picture, &labels);
        let mut data = bands::draw(&mut picture, &panel, &points);
        for (point, target) in dynamics.targets.unwrap_or(&[]).iter().enumerate() {
            let at = [panel.right(), panel.at(panel.x.low, *target)[1]];
            picture.marker(Marker::Diamond, at, 3.8, of_curve(point));
            data.lines.push(vec![at]);
        }
        (picture, panel, data)
    });
    render::write(&picture, path.as_ref())
}

/// Checks the numbers of the dynamics.
fn check(dynamics: &Dynamics<'_>) -> Result<()> {
    let (times, points) = (dynamics.times, dynamics.mean.ncols());
    check::filled("times", times.len())?;
    check::filled("points", points)?;
    let shape = [times.len(), points];
    check::shape("mean", dynamics.mean.shape(), &shape)?;
    check::shape("deviation", dynamics.deviation.shape(), &shape)?;
    check::finite("times", ArrayView1::from(times))?;
    check::at_least("times", times, 0.0, false)?;
    check::finite("mean", dynamics.mean)?;
    check::finite("deviation", dynamics.deviation)?;
    for row in dynamics.deviation.axis_iter(ArrayAxis(0)) {
        check::at_least("deviation", &row.to_vec(), 0.0, false)?;
    }
    check::increasing("times", times)?;
    if let Some(targets) = dynamics.targets {
        check::shape("targets", &[targets.len()], &[points])?;
        check::finite("targets", ArrayView1::from(targets))?;
    }
    if !dynamics.names.is_empty() {
        check::shape("names of the points", &[dynamics.names.len()], &[points])?;
    }
    Ok(())
}
