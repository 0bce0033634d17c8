//! Windows that move over the pixels of an image.

use super::Padding;

/// A window that moves along one axis of an image, with the conventions of XLA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slide {
    /// Number of pixels of the window.
    pub(crate) window: usize,
    /// Number of pixels from one window to the next.
    pub(crate) stride: usize,
    pub(crate) padding: Padding,
}

impl Slide {
    /// The windows of a layer along both axes.
    pub(crate) fn both(window: [usize; 2], stride: [usize; 2], padding: Padding) -> [Slide; 2] {
        std::array::from_fn(|i| Slide {
            window: window[i],
            stride: stride[i],
            padding,
        })
    }

    /// Number of windows on an edge: all that fit without padding, one per started stride otherwise.
    ///
    /// Without padding, the window must not be longer than the edge.
    pub(crate) fn count(&self, edge: usize) -> usize {
        match (self.padding, self.stride) {
            // Most windows leave out no pixel, and kernels ask once for every displacement: no division.
            (Padding::Valid, 1) => edge - self.window + 1,
            (Padding::Same | Padding::Circular, 1) => edge,
            (Padding::Valid, stride) => (edge - self.window) / stride + 1,
            (Padding::Same | Padding::Circular, stride) => edge.div_ceil(stride),
        }
    }

    /// Number of pixels by which the first window begins before the edge: the smaller half of the padding.
    pub(crate) fn front(&self, edge: usize) -> usize {
        match self.padding {
            Padding::Valid => 0,
            Padding::Same | Padding::Circular => self.excess(edge).max(0).cast_unsigned() / 2,
        }
    }

    /// Number of pixels from the first to the last window, minus the number of pixels of the edge.
    fn excess(&self, edge: usize) -> isize {
        let covered = (self.count(edge) - 1) * self.stride + self.window;
        covered.cast_signed() - edge.cast_signed()
    }

    /// Whether the windows of a reflected image are the reflected windows.
    pub(crate) fn is_symmetric(&self, edge: usize) -> bool {
        self.excess(edge) == 2 * self.front(edge).cast_signed()
    }

    /// Whether windows on an edge whose ends are joined give features whose ends are joined.
    pub(crate) fn keeps_period(&self, edge: usize) -> bool {
        self.count(edge) * self.stride == edge
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slide(window: usize, stride: usize, padding: Padding) -> Slide {
        Slide {
            window,
            stride,
            padding,
        }
    }

    #[test]
    fn counts_and_fronts_are_those_of_xla() {
        // (window, stride, padding, edge) → windows, pixels in front.
        for (window, stride, padding, edge, count, front) in [
            (3, 1, Padding::Valid, 9, 7, 0),
            (3, 2, Padding::Valid, 9, 4, 0),
            (3, 2, Padding::Valid, 8, 3, 0),
            (3, 1, Padding::Same, 9, 9, 1),
            (3, 2, Padding::Same, 9, 5, 1),
            (3, 2, Padding::Same, 8, 4, 0),
            (5, 2, Padding::Circular, 8, 4, 1),
            (2, 2, Padding::Valid, 9, 4, 0),
            (2, 2, Padding::Same, 9, 5, 0),
            (2, 1, Padding::Same, 4, 4, 0),
            (1, 2, Padding::Same, 8, 4, 0),
        ] {
            let slide = slide(window, stride, padding);
            assert_eq!(
                (slide.count(edge), slide.front(edge)),
                (count, front),
                "{slide:?} {edge}"
            );
        }
    }

    #[test]
    fn symmetric_windows_are_those_that_a_reflection_keeps() {
        for padding in [Padding::Valid, Padding::Same, Padding::Circular] {
            for (window, stride, edge) in (1..5)
                .flat_map(|window| (1..4).map(move |stride| (window, stride)))
                .flat_map(|(window, stride)| (window..9).map(move |edge| (window, stride, edge)))
            {
                let slide = slide(window, stride, padding);
                let starts = |reflected: bool| -> Vec<isize> {
                    let front = slide.front(edge).cast_signed();
                    let mut starts: Vec<_> = (0..slide.count(edge).cast_signed())
                        .map(|t| t * stride.cast_signed() - front)
                        .map(|start| match reflected {
                            true => edge.cast_signed() - start - window.cast_signed(),
                            false => start,
                        })
                        .collect();
                    starts.sort_unstable();
                    starts
                };
                let want = starts(false) == starts(true);
                assert_eq!(slide.is_symmetric(edge), want, "{slide:?} {edge}");
            }
        }
    }
}
