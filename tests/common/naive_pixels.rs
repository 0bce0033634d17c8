//! Kernels of convolutional networks (without a point group) on images by their definition: every pair of pixels has its own entry.

use haarmonic::activation::{Activation, Variance};
use haarmonic::network::{Filter, Init, Layer, Padding};
use ndarray::{Array2, ArrayView3};

/// Both kernels of every pixel of two images with every other: a with a, b with b, and a with b.
#[derive(Clone)]
pub struct Pixels {
    pub size: [usize; 2],
    pub nngp: [Array2<f64>; 3],
    pub ntk: [Array2<f64>; 3],
}

/// Windows along one axis as lists of pixels, none for a pixel beyond the edge that counts as zero.
fn windows(edge: usize, size: usize, stride: usize, padding: Padding) -> Vec<Vec<Option<usize>>> {
    let (count, front) = match padding {
        Padding::Valid => ((edge - size + stride) / stride, 0),
        _ => {
            let count = edge.div_ceil(stride);
            let needed = (count - 1) * stride + size;
            (count, needed.saturating_sub(edge) / 2)
        }
    };
    let pixel = |at: isize| {
        let edge = edge as isize;
        match padding {
            Padding::Circular => Some(at.rem_euclid(edge) as usize),
            _ if at < 0 || at >= edge => None,
            _ => Some(at as usize),
        }
    };
    let window = |t: usize| {
        let first = (t * stride) as isize - front as isize;
        (0..size as isize).map(|u| pixel(first + u)).collect()
    };
    (0..count).map(window).collect()
}

/// Windows of images as lists of pixels, with the new size.
fn planar(
    size: [usize; 2],
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> ([usize; 2], Vec<Vec<Option<usize>>>) {
    let axes = [0, 1].map(|i| windows(size[i], window[i], stride[i], padding));
    let mut all = Vec::new();
    for rows in &axes[0] {
        for columns in &axes[1] {
            let mut pixels = Vec::new();
            for row in rows {
                for column in columns {
                    pixels.push(row.and_then(|y| column.map(|x| y * size[1] + x)));
                }
            }
            all.push(pixels);
        }
    }
    ([axes[0].len(), axes[1].len()], all)
}

fn of_filter(size: [usize; 2], filter: &Filter) -> ([usize; 2], Vec<Vec<Option<usize>>>) {
    match filter {
        Filter::Window {
            height,
            width,
            padding,
            stride,
        } => planar(size, [*height, *width], *stride, *padding),
        Filter::Global => {
            let pixels = size[0] * size[1];
            let torus = |t: usize| {
                let all = (0..pixels).map(|u| {
                    let (y, x) = (t / size[1] + u / size[1], t % size[1] + u % size[1]);
                    Some((y % size[0]) * size[1] + x % size[1])
                });
                all.collect()
            };
            (size, (0..pixels).map(torus).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// The mean over pairs of equal places of two windows.
fn convolved(k: &Array2<f64>, windows: &[Vec<Option<usize>>]) -> Array2<f64> {
    Array2::from_shape_fn((windows.len(), windows.len()), |(s, t)| {
        let mut sum = 0.0;
        for (a, b) in windows[s].iter().zip(&windows[t]) {
            if let (Some(a), Some(b)) = (a, b) {
                sum += k[[*a, *b]];
            }
        }
        sum / windows[s].len() as f64
    })
}

/// The mean over all pairs of places of two windows.
fn averaged(k: &Array2<f64>, windows: &[Vec<Option<usize>>]) -> Array2<f64> {
    Array2::from_shape_fn((windows.len(), windows.len()), |(s, t)| {
        let mut sum = 0.0;
        for a in windows[s].iter().flatten() {
            for b in windows[t].iter().flatten() {
                sum += k[[*a, *b]];
            }
        }
        sum / (windows[s].len() * windows[t].len()) as f64
    })
}

impl Pixels {
    fn new([a, b]: [ArrayView3<'_, f64>; 2]) -> Self {
        let (height, width, channels) = a.dim();
        let pixels = height * width;
        let product = |f: ArrayView3<'_, f64>, g: ArrayView3<'_, f64>| {
            Array2::from_shape_fn((pixels, pixels), |(s, t)| {
                let at =
                    |image: &ArrayView3<'_, f64>, t: usize, c| image[[t / width, t % width, c]];
                (0..channels)
                    .map(|c| at(&f, s, c) * at(&g, t, c))
                    .sum::<f64>()
                    / channels as f64
            })
        };
        let nngp = [product(a, a), product(b, b), product(a, b)];
        Pixels {
            size: [height, width],
            ntk: nngp.clone().map(|k| k * 0.0),
            nngp,
        }
    }

    fn linear(self, init: Init) -> Self {
        let (weight, bias) = (init.weight_std.powi(2), init.bias_std.powi(2));
        let nngp = self.nngp.map(|k| k * weight + bias);
        let ntk = [0, 1, 2].map(|i| &nngp[i] + &(&self.ntk[i] * weight));
        Pixels { nngp, ntk, ..self }
    }

    fn map(self, size: [usize; 2], f: impl Fn(&Array2<f64>) -> Array2<f64>) -> Self {
        Pixels {
            size,
            nngp: self.nngp.each_ref().map(&f),
            ntk: self.ntk.each_ref().map(&f),
        }
    }

    fn activated(mut self, activation: &Activation) -> Self {
        let own = [0, 1].map(|i| self.nngp[i].diag().to_vec());
        for (which, [left, right]) in [[0, 0], [1, 1], [0, 1]].into_iter().enumerate() {
            let (nngp, ntk) = (&mut self.nngp[which], &mut self.ntk[which]);
            for ((s, t), k) in nngp.indexed_iter_mut() {
                let (q1, q2) = (own[left][s], own[right][t]);
                // Entries computed by sums in another order may exceed the bound by rounding.
                let bound = (q1 * q2).sqrt();
                let (mut value, mut tangent) = ([k.clamp(-bound, bound)], [ntk[[s, t]]]);
                let variances = [q1, q2].map(Variance::Constant);
                let [q1, q2] = variances;
                activation
                    .apply(q1, q2, &mut value, Some(&mut tangent))
                    .unwrap();
                (*k, ntk[[s, t]]) = (value[0], tangent[0]);
            }
        }
        self
    }

    fn layer(self, layer: &Layer) -> Self {
        match layer {
            Layer::Lifting { filter, init, .. } | Layer::GroupConvolution { filter, init } => {
                let (size, windows) = of_filter(self.size, filter);
                self.map(size, |k| convolved(k, &windows)).linear(*init)
            }
            Layer::Dense(init) => self.linear(*init),
            Layer::Activation(activation) => self.activated(activation),
            Layer::AveragePooling(pooling) => {
                let (size, windows) =
                    planar(self.size, pooling.window, pooling.stride, pooling.padding);
                self.map(size, |k| averaged(k, &windows))
            }
            Layer::GroupPooling => {
                self.map([1, 1], |k| Array2::from_elem((1, 1), k.mean().unwrap()))
            }
            Layer::Flatten => self.map([1, 1], |k| {
                Array2::from_elem((1, 1), k.diag().mean().unwrap())
            }),
            Layer::Residual { branch, shortcut } => {
                let run = |layers: &[Layer]| layers.iter().fold(self.clone(), Pixels::layer);
                let (a, b) = (run(branch), run(shortcut));
                assert_eq!(a.size, b.size);
                Pixels {
                    size: a.size,
                    nngp: [0, 1, 2].map(|i| &a.nngp[i] + &b.nngp[i]),
                    ntk: [0, 1, 2].map(|i| &a.ntk[i] + &b.ntk[i]),
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Both kernels of the image a with itself, of b with itself, and of a with b, after layers that end in a readout.
pub fn kernels(layers: &[Layer], pair: [ArrayView3<'_, f64>; 2]) -> [[f64; 2]; 3] {
    let last = layers.iter().fold(Pixels::new(pair), Pixels::layer);
    assert_eq!(last.size, [1, 1]);
    [0, 1, 2].map(|i| [last.nngp[i][[0, 0]], last.ntk[i][[0, 0]]])
}
