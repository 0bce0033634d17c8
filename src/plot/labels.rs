//! The texts around a picture, and the scale of its axes.

/// The texts of a picture. An empty text for an axis is replaced by the default of the kind of picture; an empty title or value is
/// left out.
///
/// # Examples
/// ```
/// let labels = haarmonic::plot::Labels { title: "Rotated digits", ..Default::default() };
/// assert_eq!(labels.x, "");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// The text above the picture.
    pub title: &'a str,
    /// The text along the horizontal axis.
    pub x: &'a str,
    /// The text along the vertical axis.
    pub y: &'a str,
    /// The text along the colour bar, in pictures with one.
    pub value: &'a str,
}

impl<'a> Labels<'a> {
    /// Replaces empty texts of the axes by the defaults.
    pub(super) fn or(self, x: &'a str, y: &'a str) -> Labels<'a> {
        let choose = |own: &'a str, usual: &'a str| if own.is_empty() { usual } else { own };
        Labels {
            x: choose(self.x, x),
            y: choose(self.y, y),
            ..self
        }
    }
}

/// The scale of an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AxisScale {
    /// Logarithmic if all numbers are positive and the largest is at least ten times the smallest; otherwise linear.
    #[default]
    Automatic,
    /// Equal steps for equal differences.
    Linear,
    /// Equal steps for equal ratios; all numbers must be positive.
    Logarithmic,
}
