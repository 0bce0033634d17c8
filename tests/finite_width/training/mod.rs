//! Training of finite networks: ensembles against the kernels, steps against their formulas, checkpoints to the bit.

use crate::common::close::assert_absolutely_close;
use crate::common::signals;
use crate::common::statistics::{student_errors, variance_ratios};
use crate::common::tol::FALSE_ALARM;
use crate::common::tol::finite_width as tol;

mod augmentation;
mod checkpoints;
mod ensembles;
mod refusals;
mod steps;

use crate::common::rotated_signals::rotated;
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{
    Augmentation, EnsembleOutputs, FiniteNetwork, Optimiser, Trainer, TrainerBuilder, Width,
};
use haarmonic::group::{FiniteAction, PointGroup, Rotation};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Outputs, Padding, Quadrature, SphereSampling};
use haarmonic::predict::{GradientFlow, Kernels, Ridge, Time};
use ndarray::{Array2, Array3, Array4, ArrayView2, Axis, Slice, concatenate};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const TRAIN: usize = 6;

fn mlp() -> Network {
    Network::vector(2)
        .dense(Init::new(1.3, 0.3))
        .activation(Activation::Erf)
        .dense(Init::new(1.1, 0.2))
        .build()
        .unwrap()
}

/// The first ones are for training.
fn points() -> Array2<f64> {
    Array2::from_shape_fn((TRAIN + 3, 2), |(i, j)| {
        1.5 * ((5 * i + 3 * j * j) as f64).sin()
    })
}

fn head(array: &Array2<f64>, rows: usize) -> Array2<f64> {
    array.slice_axis(Axis(0), Slice::from(..rows)).to_owned()
}

fn targets(outputs: usize) -> Array2<f64> {
    Array2::from_shape_fn((TRAIN, outputs), |(i, j)| {
        1.0 + ((3 * i + 2 * j) as f64).cos()
    })
}

fn array(tensor: &Tensor) -> Array2<f64> {
    let rows = tensor.to_dtype(DType::F64).unwrap().to_vec2().unwrap();
    let rows: Vec<Vec<f64>> = rows;
    Array2::from_shape_fn(tensor.dims2().unwrap(), |(i, j)| rows[i][j])
}

/// All parameters one after the other.
fn parameters(network: &FiniteNetwork) -> Vec<f64> {
    let all = network.parameters().iter();
    all.flat_map(|p| {
        p.to_dtype(DType::F64)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f64>()
            .unwrap()
    })
    .collect()
}

fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |a, b| a.max(b.abs()))
}

/// Trainers of a small network in double precision, for values and for classes.
fn small(labels: bool) -> (FiniteNetwork, TrainerBuilder) {
    let network = FiniteNetwork::new(&mlp(), Width::new(7, 3), 2, DType::F64).unwrap();
    let inputs = network.prepare(head(&points(), TRAIN).view()).unwrap();
    let builder = if labels {
        Trainer::classification(&network, &inputs, &[0, 2, 1, 1, 0, 2])
    } else {
        Trainer::regression(&network, &inputs, targets(3).view())
    };
    (network, builder)
}

fn images(count: usize) -> Array4<f64> {
    Array4::from_shape_fn((count, 4, 4, 2), |(n, y, x, c)| {
        ((1 + n + 3 * y + 5 * x * x + 7 * c) as f64).sin()
    })
}

fn cnn(group: PointGroup) -> Network {
    Network::plane(4, 4, 2)
        .lifting(group, Filter::window(3, Padding::Same), Init::new(1.2, 0.3))
        .activation(Activation::Erf)
        .flatten()
        .dense(Init::default())
        .build()
        .unwrap()
}

fn augmented(augmentation: Augmentation, seed: u64) -> Trainer {
    let network =
        FiniteNetwork::new(&cnn(PointGroup::C1), Width::new(5, 3), 1, DType::F32).unwrap();
    let inputs = network.prepare(images(7).view()).unwrap();
    Trainer::classification(&network, &inputs, &[0, 1, 2, 0, 1, 2, 0])
        .optimiser(Optimiser::ADAM)
        .learning_rate(0.02)
        .batch_size(3)
        .seed(seed)
        .augmentation(augmentation)
        .build()
        .unwrap()
}

fn turns() -> Augmentation {
    Augmentation::images(4, 4, PointGroup::C4.elements()).unwrap()
}

fn message<T>(result: haarmonic::Result<T>) -> String {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}
