//! The shapes of the parameters of a network, and their initial values.

use candle_core::{DType, Device, Tensor, Var};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::backend::Backend;
use crate::Result;

/// Name and shape of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    pub name: String,
    pub shape: Vec<usize>,
}

/// The parameters of the layers so far.
#[derive(Debug, Default)]
pub(super) struct Slots(pub Vec<Slot>);

impl Slots {
    /// Appends a parameter and returns its number.
    pub(super) fn push(&mut self, name: String, shape: Vec<usize>) -> usize {
        self.0.push(Slot { name, shape });
        self.0.len() - 1
    }
}

/// Draws independent standard normal numbers.
///
/// Each parameter has its own random stream: its values depend on the seed, its number and its size alone. Values in single precision
/// are rounded from double precision.
pub(super) fn draw(slots: &[Slot], seed: u64, dtype: DType) -> Result<Vec<Var>> {
    slots
        .iter()
        .enumerate()
        .map(|(number, slot)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number as u64);
            let values = normals(&mut rng, slot.shape.iter().product());
            Tensor::from_vec(values, &slot.shape[..], &Device::Cpu)
                .and_then(|values| Var::from_tensor(&values.to_dtype(dtype)?))
                .backend()
        })
        .collect()
}

fn normals<R: Rng>(rng: &mut R, count: usize) -> Vec<f64> {
    (0..count).map(|_| rng.sample(StandardNormal)).collect()
}
