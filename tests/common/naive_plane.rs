//! Kernels of group-convolutional networks on images by their definition: every pair of group
//! elements (orientation and pixel) has its own entry, and nothing is shared, skipped or reordered.

use haarmonic::activation::{Activation, Variance};
use haarmonic::group::{PlanarSymmetry, PointGroup};
use haarmonic::network::Padding;
use ndarray::{Array3, ArrayView3};

/// A convolution: window, padding, σw, σb.
#[derive(Clone, Copy)]
pub struct NaiveFilter {
    pub window: [usize; 2],
    pub padding: Padding,
    pub weight_std: f64,
    pub bias_std: f64,
}

/// Both kernels of every feature (orientation, row, column) with every other.
struct Full {
    size: [usize; 2],
    nngp: Vec<f64>,
    ntk: Vec<f64>,
}

/// One feature: an orientation, and a pixel in the frame of the image.
#[derive(Clone, Copy)]
struct Place {
    orientation: usize,
    y: isize,
    x: isize,
}

pub struct Naive<'a> {
    pub group: PointGroup,
    pub filters: &'a [NaiveFilter],
    pub activation: Activation,
}

impl Naive<'_> {
    fn places(&self, [height, width]: [usize; 2]) -> Vec<Place> {
        let mut places = Vec::new();
        for orientation in 0..self.group.order() {
            for y in 0..height as isize {
                for x in 0..width as isize {
                    places.push(Place { orientation, y, x });
                }
            }
        }
        places
    }

    /// Where the offset (uy, ux) of a filter in orientation ρ lies: ρ u from the place.
    fn moved(symmetry: PlanarSymmetry, uy: isize, ux: isize) -> (isize, isize) {
        symmetry.displacement(uy, ux)
    }

    /// Convolves: `entry(i, j)` of the features before, `None` beyond the edge (a zero).
    fn convolve(
        &self,
        filter: NaiveFilter,
        size: [usize; 2],
        lifting: bool,
        entry: impl Fn(Place, Place) -> f64,
    ) -> ([usize; 2], Vec<f64>) {
        let [wy, wx] = filter.window.map(|edge| (edge / 2) as isize);
        let new_size = match filter.padding {
            Padding::Valid => [
                size[0] + 1 - filter.window[0],
                size[1] + 1 - filter.window[1],
            ],
            _ => size,
        };
        let offset = match filter.padding {
            Padding::Valid => [wy, wx],
            _ => [0, 0],
        };
        let elements = self.group.elements();
        let bounded = |place: Place| -> Option<Place> {
            let (height, width) = (size[0] as isize, size[1] as isize);
            if filter.padding == Padding::Circular {
                return Some(Place {
                    y: place.y.rem_euclid(height),
                    x: place.x.rem_euclid(width),
                    ..place
                });
            }
            let inside = (0..height).contains(&place.y) && (0..width).contains(&place.x);
            inside.then_some(place)
        };
        let places = self.places(new_size);
        let turns = if lifting { 1 } else { elements.len() };
        let count = (filter.window[0] * filter.window[1] * turns) as f64;
        let mut out = Vec::with_capacity(places.len() * places.len());
        for &i in &places {
            for &j in &places {
                let mut sum = 0.0;
                for uy in -wy..=wy {
                    for ux in -wx..=wx {
                        for turn in 0..turns {
                            let [a, b] = [i, j].map(|place| {
                                let rho = elements[place.orientation];
                                let (dy, dx) = Self::moved(rho, uy, ux);
                                let product = rho.compose(elements[turn]);
                                bounded(Place {
                                    orientation: elements
                                        .iter()
                                        .position(|e| *e == product)
                                        .unwrap(),
                                    y: place.y + offset[0] + dy,
                                    x: place.x + offset[1] + dx,
                                })
                            });
                            if let (Some(a), Some(b)) = (a, b) {
                                sum += entry(a, b);
                            }
                        }
                    }
                }
                out.push(filter.weight_std.powi(2) * sum / count + filter.bias_std.powi(2));
            }
        }
        (new_size, out)
    }

    /// Behind the last activation; `a` and `b` of shape [height, width, channels].
    fn full(
        &self,
        a: ArrayView3<'_, f64>,
        b: ArrayView3<'_, f64>,
        own: &[(Full, Full)],
    ) -> Vec<Full> {
        let (height, width, channels) = a.dim();
        let product = |i: Place, j: Place| {
            (0..channels)
                .map(|c| a[[i.y as usize, i.x as usize, c]] * b[[j.y as usize, j.x as usize, c]])
                .sum::<f64>()
                / channels as f64
        };
        let mut stages = Vec::new();
        let (size, nngp) = self.convolve(self.filters[0], [height, width], true, product);
        let mut state = Full {
            size,
            ntk: nngp.clone(),
            nngp,
        };
        for layer in 0..self.filters.len() {
            if layer > 0 {
                let filter = self.filters[layer];
                let places = self.places(state.size);
                let [_, w] = state.size;
                let number =
                    |p: Place| (p.orientation * state.size[0] + p.y as usize) * w + p.x as usize;
                let n = places.len();
                let (size, nngp) = self.convolve(filter, state.size, false, |i, j| {
                    state.nngp[number(i) * n + number(j)]
                });
                let without_bias = NaiveFilter {
                    bias_std: 0.0,
                    ..filter
                };
                let (_, ntk) = self.convolve(without_bias, state.size, false, |i, j| {
                    state.ntk[number(i) * n + number(j)]
                });
                let ntk = nngp.iter().zip(ntk).map(|(k, t)| k + t).collect();
                state = Full { size, nngp, ntk };
            }
            stages.push(Full {
                size: state.size,
                nngp: state.nngp.clone(),
                ntk: state.ntk.clone(),
            });
            let n = self.places(state.size).len();
            for i in 0..n {
                for j in 0..n {
                    let at = i * n + j;
                    let (q1, q2) = match own.get(layer) {
                        Some((of_a, of_b)) => (of_a.nngp[i * n + i], of_b.nngp[j * n + j]),
                        None => (stages[layer].nngp[i * n + i], stages[layer].nngp[j * n + j]),
                    };
                    // Entries computed by sums in another order may exceed the bound by rounding.
                    let bound = (q1 * q2).sqrt();
                    let mut k = [state.nngp[at].clamp(-bound, bound)];
                    let mut t = [state.ntk[at]];
                    let (q1, q2) = (Variance::Constant(q1), Variance::Constant(q2));
                    self.activation.apply(q1, q2, &mut k, Some(&mut t)).unwrap();
                    (state.nngp[at], state.ntk[at]) = (k[0], t[0]);
                }
            }
        }
        stages.push(state);
        stages
    }

    /// Pooled (mean over all pairs) and flattened (mean over pairs of the same element) kernels:
    /// [pooled NNGP, pooled NTK, flattened NNGP, flattened NTK].
    pub fn kernels(&self, a: &Array3<f64>, b: &Array3<f64>) -> [f64; 4] {
        let of_a = self.full(a.view(), a.view(), &[]);
        let of_b = self.full(b.view(), b.view(), &[]);
        let own: Vec<(Full, Full)> = of_a.into_iter().zip(of_b).collect();
        let last = self.full(a.view(), b.view(), &own).pop().unwrap();
        let n = self.places(last.size).len();
        let pooled = |values: &[f64]| values.iter().sum::<f64>() / (n * n) as f64;
        let flat = |values: &[f64]| (0..n).map(|i| values[i * n + i]).sum::<f64>() / n as f64;
        [
            pooled(&last.nngp),
            pooled(&last.ntk),
            flat(&last.nngp),
            flat(&last.ntk),
        ]
    }
}
