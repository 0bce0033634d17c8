//! What is written around a picture, and how its axes run.

/// Texts of a picture. An empty one is replaced by the usual one of the kind of picture; a title is left out.
///
/// # Examples
/// ```
/// let labels = haarmonic::plot::Labels { title: "Rotated digits", ..Default::default() };
/// assert_eq!(labels.x, "");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// Above the picture.
    pub title: &'a str,
    /// Along the horizontal axis.
    pub x: &'a str,
    /// Along the vertical axis.
    pub y: &'a str,
    /// Along the colour bar, where there is one.
    pub value: &'a str,
}

impl<'a> Labels<'a> {
    /// Fills in the usual texts.
    pub(super) fn or(self, x: &'a str, y: &'a str) -> Labels<'a> {
        let choose = |own: &'a str, usual: &'a str| if own.is_empty() { usual } else { own };
        Labels {
            x: choose(self.x, x),
            y: choose(self.y, y),
            ..self
        }
    }
}

/// How numbers are laid out along an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AxisScale {
    /// Logarithmic for positive numbers of which the largest is at least ten times the smallest.
    #[default]
    Automatic,
    /// Equal steps for equal differences.
    Linear,
    /// Equal steps for equal ratios; all numbers have to be positive.
    Logarithmic,
}
