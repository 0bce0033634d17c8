//! Filters on images: the pixels and orientations that a filter covers.
//!
//! Features over the pixels and the point group P have the number pixel · |P| + symmetry. The element $`(t, s)`$ takes the
//! place u of the filter to $`t + s u`$ and its orientation p to $`s p`$.

use crate::group::{FiniteGroup, PointGroup};
use crate::network::{AveragePooling, Filter, Padding, Slide};

use super::gather::Table;

/// The places of features on an image: pixels and orientations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlanarPlaces {
    /// Height and width in pixels.
    pub size: [usize; 2],
    /// The point group, whose elements are the orientations.
    pub group: PointGroup,
}

impl PlanarPlaces {
    /// The table of a filter, and the features after it.
    ///
    /// # Arguments
    /// * `lifting` — whether the features before the layer are on pixels, without orientations
    pub(super) fn table(self, filter: &Filter, lifting: bool) -> (Table, PlanarPlaces) {
        let [height, width] = self.size;
        // A global filter is a window of the size of the image on the torus: each displacement gives every pixel once.
        let torus = || Slide::both(self.size, [1, 1], Padding::Circular);
        let slides = filter.slides().unwrap_or_else(torus);
        let (window, padding) = (slides.map(|slide| slide.window), slides[0].padding);
        let size: [usize; 2] = std::array::from_fn(|i| slides[i].count(self.size[i]));
        let centre = window.map(|edge| (edge / 2).cast_signed());
        // The centre of the first window.
        let first: [isize; 2] =
            std::array::from_fn(|i| centre[i] - slides[i].front(self.size[i]).cast_signed());
        let symmetries = self.group.elements();
        // A pixel is one source for a lifting, and one source per orientation for a convolution.
        let orientations = if lifting { 1 } else { symmetries.len() };
        let mut sources = Vec::new();
        for t in 0..size[0] * size[1] {
            let pixel = [t / size[1], t % size[1]];
            for s in symmetries {
                for u in 0..window[0] * window[1] {
                    let place = [u / window[1], u % window[1]];
                    let [dy, dx] = [0, 1].map(|i| place[i].cast_signed() - centre[i]);
                    let (dy, dx) = s.displacement(dy, dx);
                    let [y, x] = [(0, dy), (1, dx)]
                        .map(|(i, d)| (pixel[i] * slides[i].stride).cast_signed() + first[i] + d);
                    let source = source([y, x], self.size, padding);
                    for p in &symmetries[..orientations] {
                        let turned = if lifting {
                            0
                        } else {
                            self.group.index_of(&s.compose(*p))
                        };
                        sources.push(source.map(|pixel| pixel * orientations + turned));
                    }
                }
            }
        }
        let table = Table {
            sources,
            filter: window[0] * window[1] * orientations,
            slots: height * width * orientations,
        };
        let after = PlanarPlaces { size, ..self };
        (table, after)
    }
}

impl PlanarPlaces {
    /// The weights of means over windows of pixels, one row of the places before for each place after, and the features after them.
    pub(super) fn means(self, pooling: AveragePooling) -> (Vec<f64>, PlanarPlaces) {
        let slides = pooling.slides();
        let size: [usize; 2] = std::array::from_fn(|i| slides[i].count(self.size[i]));
        let [rows, columns] = pooling.window;
        let (orientations, weight) = (self.group.elements().len(), 1.0 / (rows * columns) as f64);
        let before = self.size[0] * self.size[1] * orientations;
        let mut weights = vec![0.0; size[0] * size[1] * orientations * before];
        for (place, row) in weights.chunks_exact_mut(before).enumerate() {
            let (pixel, orientation) = (place / orientations, place % orientations);
            let pixel = [pixel / size[1], pixel % size[1]];
            for u in 0..rows * columns {
                let [y, x] = [(0, u / columns), (1, u % columns)].map(|(i, u)| {
                    let start = pixel[i] * slides[i].stride + u;
                    start.cast_signed() - slides[i].front(self.size[i]).cast_signed()
                });
                if let Some(source) = source([y, x], self.size, pooling.padding) {
                    row[source * orientations + orientation] += weight;
                }
            }
        }
        (weights, PlanarPlaces { size, ..self })
    }
}

/// The number of a pixel, or none beyond the edge.
fn source([y, x]: [isize; 2], [height, width]: [usize; 2], padding: Padding) -> Option<usize> {
    let [h, w] = [height.cast_signed(), width.cast_signed()];
    let (y, x) = match padding {
        Padding::Circular => (y.rem_euclid(h), x.rem_euclid(w)),
        Padding::Valid | Padding::Same => (y, x),
    };
    let inside = (0..h).contains(&y) && (0..w).contains(&x);
    inside.then(|| (y * w + x).cast_unsigned())
}
