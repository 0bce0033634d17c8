//! Reliability diagrams: the accuracy of a classifier against its confidence.

use std::path::Path;

use super::axis::Axis;
use super::check;
use super::colour::{QUIET, of_curve};
use super::format::Format;
use super::labels::Labels;
use super::legend::{self, Data, Entry, Look};
use super::panel::{Panel, remark, top_margin};
use super::picture::{Anchor, Marker, Picture, Place};
use super::render;
use crate::predict::classification::Calibration;
use crate::{Error, Result};

/// Draws a reliability diagram: accuracy against confidence in bins, and the number of rows per bin.
///
/// The height of a bar is the accuracy of the rows in its bin. A point marks the accuracy at the mean confidence of the bin, with
/// its standard error. The classifier is calibrated in bins whose point lies on the diagonal, and too confident in bins whose point
/// lies below it.
///
/// # Arguments
/// * `found` — from [`predict::classification::calibration`](crate::predict::classification::calibration)
/// * `labels` — default texts: `confidence` and `accuracy`
/// * `path` — ends in `.png` (840 × 960 pixels, higher if the legend stands above the axes) or `.svg`
///
/// # Errors
/// [`Error::Empty`] without bins or rows; [`Error::ShapeMismatch`], [`Error::NotFinite`] or [`Error::InvalidValue`] for numbers that
/// are not a calibration; [`Error::InvalidValue`] for a file name of another format; [`Error::Io`]. After an error no file is
/// written.
///
/// # Examples
/// ```
/// use haarmonic::plot::{self, Labels};
/// use haarmonic::predict::classification::calibration;
/// use ndarray::array;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("calibration.svg");
/// let probabilities = array![[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.45, 0.55]];
/// let found = calibration(probabilities.view(), &[0, 0, 1, 0], 10)?;
/// plot::calibration(&found, &Labels::default(), &path)?;
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn calibration(found: &Calibration, labels: &Labels<'_>, path: impl AsRef<Path>) -> Result<()> {
    Format::of(&path)?;
    check(found)?;
    let bins = found.counts.len();
    let edge = |bin: usize| bin as f64 / bins as f64;
    let rows: usize = found.counts.iter().sum();
    let labels = labels.or("confidence", "accuracy");

    let filled: Vec<usize> = (0..bins).filter(|&bin| found.counts[bin] > 0).collect();
    let entries = [
        ("accuracy in the bin", of_curve(0), Look::Block(0.3)),
        ("± standard error", of_curve(1), Look::Points(Marker::Disc)),
        ("calibrated", QUIET, Look::Dashes),
    ]
    .map(|(name, colour, look)| Entry { name, colour, look });
    let picture = legend::with_legend(&entries, |above| {
        let mut picture = Picture::new([420.0, 480.0 + above]);
        let panel = Panel {
            left: 72.0,
            top: top_margin(labels.title) + above,
            width: 326.0,
            height: 290.0,
            x: Axis::exactly(0.0, 1.0),
            y: Axis::exactly(0.0, 1.0),
        };
        panel.draw_grid(&mut picture);
        let mut data = Data::default();
        for &bin in &filled {
            let corners = [
                panel.at(edge(bin), found.accuracy[bin]),
                panel.at(edge(bin + 1), 0.0),
            ];
            bar(&mut picture, corners, 0.3);
            let [[left, top], [right, bottom]] = corners;
            let bar = vec![[left, bottom], [left, top], [right, top], [right, bottom]];
            data.areas.push(bar);
        }
        let diagonal = [panel.at(0.0, 0.0), panel.at(1.0, 1.0)];
        picture.dashes(diagonal, QUIET, 1.4, 5.0);
        data.lines.push(diagonal.to_vec());
        let mut places = Vec::with_capacity(filled.len());
        // The standard error of an accuracy p over n rows is √(p (1 − p)/n).
        for &bin in &filled {
            let (part, count) = (found.accuracy[bin], found.counts[bin] as f64);
            let error = (part * (1.0 - part) / count).sqrt();
            let [x, y] = panel.at(found.confidence[bin], part);
            let ends =
                [part - error, part + error].map(|end| [x, panel.at(0.0, end.clamp(0.0, 1.0))[1]]);
            picture.line(ends.to_vec(), of_curve(1), 1.3);
            data.lines.push(ends.to_vec());
            places.push([x, y]);
        }
        picture.points(Marker::Disc, &places, 3.4, of_curve(1));
        panel.draw_x(&mut picture);
        panel.draw_y(&mut picture);
        panel.draw_texts(&mut picture, &Labels { x: "", ..labels });
        draw_counts(&mut picture, &panel, found, &labels);
        let text = format!(
            "expected calibration error {:.3}, {rows} rows",
            found.expected_error
        );
        let at = [panel.right(), panel.bottom() + 36.0];
        remark(&mut picture, &text, at, Anchor::End);
        (picture, panel, data)
    });
    render::write(&picture, path.as_ref())
}

/// Draws a histogram of the confidences below the diagram.
fn draw_counts(picture: &mut Picture, above: &Panel, found: &Calibration, labels: &Labels<'_>) {
    let bins = found.counts.len();
    let counts = found.counts.mapv(|count| count as f64);
    let most = counts.iter().copied().fold(0.0, f64::max);
    let top = above.bottom() + 46.0;
    let panel = Panel {
        top,
        height: picture.size[1] - top - 54.0,
        x: above.x.clone(),
        y: Axis::with_marks(0.0, 1.08 * most, vec![0.0, most]),
        ..*above
    };
    for bin in 0..bins {
        let [from, to] = [bin, bin + 1].map(|edge| edge as f64 / bins as f64);
        if counts[bin] > 0.0 {
            let corners = [panel.at(from, counts[bin]), panel.at(to, 0.0)];
            bar(picture, corners, 0.8);
        }
    }
    panel.draw_x(picture);
    panel.draw_y(picture);
    let texts = Labels {
        y: "rows",
        title: "",
        ..*labels
    };
    panel.draw_texts(picture, &texts);
}

/// Draws a bar with a narrow gap on either side.
fn bar(picture: &mut Picture, [mut upper, mut lower]: [Place; 2], opacity: f64) {
    let gap = (0.03 * (lower[0] - upper[0])).min(1.0);
    upper[0] += gap;
    lower[0] -= gap;
    picture.rectangle([upper, lower], of_curve(0), opacity);
}

/// Checks that the numbers are a calibration.
fn check(found: &Calibration) -> Result<()> {
    let bins = found.counts.len();
    check::filled("bins", bins)?;
    check::filled("rows in the bins", found.counts.iter().sum())?;
    for (what, values) in [
        ("confidence", &found.confidence),
        ("accuracy", &found.accuracy),
    ] {
        check::shape(what, values.shape(), &[bins])?;
        check::finite(what, values.view())?;
        if let Some(value) = values.iter().find(|v| !(0.0..=1.0 + 1e-5).contains(*v)) {
            return Err(Error::invalid(
                what,
                format!("{value:?}"),
                "numbers from 0 to 1",
            ));
        }
    }
    check::finite(
        "expected calibration error",
        ndarray::aview0(&found.expected_error),
    )
}
