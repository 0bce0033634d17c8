//! Kernels on images: stored values of an independent program, the definition by brute force,
//! invariance, positivity, precision.

use crate::common::close::assert_entries_close;
use crate::common::tol::kernel as tol;

mod branches;
mod definition;
mod networks;
mod normalisation;
mod pixels;
mod pooling;
mod symmetries;
mod values;

use crate::common::naive_plane::{Naive, NaiveFilter};
use haarmonic::activation::Activation;
use haarmonic::group::{FiniteAction, PeriodicRotoTranslation, PointGroup};
use haarmonic::kernel::{Definition, Kernel, KernelError, Precision};
use haarmonic::network::{Filter, Init, Network, Padding};
use ndarray::{Array2, Array3, Array4, Axis};
use ndarray_npy::NpzReader;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::File;

const PADDINGS: [Padding; 3] = [Padding::Valid, Padding::Same, Padding::Circular];

fn images(seed: u64, n: usize, [height, width, channels]: [usize; 3]) -> Array4<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array4::from_shape_fn((n, height, width, channels), |_| {
        rng.random_range(-1.0..1.0)
    })
}

/// Convolution, activation, convolution, activation, readout, dense.
fn network(
    [height, width, channels]: [usize; 3],
    group: PointGroup,
    filter: &Filter,
    activation: &Activation,
    pooling: bool,
) -> Network {
    let convolution = Init::new(1.2, 0.15);
    let dense = Init::new(1.1, 0.2);
    let features = Network::plane(height, width, channels)
        .lifting(group, filter.clone(), convolution)
        .activation(activation.clone())
        .group_convolution(filter.clone(), convolution)
        .activation(activation.clone());
    if pooling {
        features.group_pooling().dense(dense).build().unwrap()
    } else {
        features.flatten().dense(dense).build().unwrap()
    }
}

fn turned(images: &Array4<f64>, symmetry: haarmonic::group::PlanarSymmetry) -> Array4<f64> {
    let mut out = images.clone();
    for (image, mut out) in images.outer_iter().zip(out.outer_iter_mut()) {
        out.assign(&symmetry.transform(image).unwrap());
    }
    out
}
