//! [`AveragePooling`]: means over windows of pixels.

use std::fmt;

use super::Padding;
use super::slide::Slide;

/// Means of features over windows of pixels, on the plane.
///
/// The mean keeps the orientations of features apart. It divides by the number of pixels of the window everywhere: pixels beyond the edge
/// count as zeros with [`Padding::Same`].
///
/// # Examples
/// ```
/// use haarmonic::network::{AveragePooling, Padding};
/// let halved = AveragePooling::new(2);
/// assert_eq!((halved.window, halved.stride, halved.padding), ([2, 2], [2, 2], Padding::Valid));
/// let blurred = AveragePooling::new(5).with_stride(1).with_padding(Padding::Same);
/// assert_eq!(blurred.to_string(), " 5×5 same, stride 1×1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AveragePooling {
    /// Rows and columns of the window, at least 1.
    pub window: [usize; 2],
    /// Pixels from one window to the next, down and across, at least 1.
    pub stride: [usize; 2],
    /// What lies beyond the edge of the features.
    pub padding: Padding,
}

impl AveragePooling {
    /// Makes means over squares of `size` × `size` pixels that lie side by side: the stride is the size of the window, without padding.
    pub fn new(size: usize) -> Self {
        AveragePooling {
            window: [size; 2],
            stride: [size; 2],
            padding: Padding::Valid,
        }
    }

    /// Sets the number of pixels from one window to the next; the count of windows and the padding are as for
    /// [`Filter::strided_window`](super::Filter::strided_window).
    pub fn with_stride(self, stride: usize) -> Self {
        AveragePooling {
            stride: [stride; 2],
            ..self
        }
    }

    /// Sets what lies beyond the edge of the features.
    pub fn with_padding(self, padding: Padding) -> Self {
        AveragePooling { padding, ..self }
    }

    /// The windows along both axes.
    pub(crate) fn slides(&self) -> [Slide; 2] {
        Slide::both(self.window, self.stride, self.padding)
    }
}

/// Writes the window and the stride after a space.
impl fmt::Display for AveragePooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([rows, columns], [down, across]) = (self.window, self.stride);
        write!(
            f,
            " {rows}×{columns} {}, stride {down}×{across}",
            self.padding
        )
    }
}
