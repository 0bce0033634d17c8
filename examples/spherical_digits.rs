//! Who: someone who classifies signals on the sphere that have no upright position.
//! What: projects handwritten digits onto the sphere, rotates each at random, and classifies them with the neural tangent kernels of an MLP
//!       on the coefficients and of an invariant network, which is that MLP with all rotated copies of its data.
//! Run:  cargo run --release --features data --example spherical_digits
//! Expect: a table of accuracies: rotations leave the MLP nothing, and the invariant network much; a second or two.
//!
//! Local filters, more digits and pictures: the study `spherical_digits_study` (docs/kernels.md).

#[macro_use]
mod shared;
#[path = "shared/digits.rs"]
mod digits;

use std::f64::consts::FRAC_PI_2;

use digits::{Digits, invariant, mlp, project};
use haarmonic::Result;
use haarmonic::data::image_source::read_images;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Network};
use haarmonic::predict::classification::centred_one_hot;
use haarmonic::predict::{KernelKind, Kernels, Regression, Ridge};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 6;
/// Band limit of the quadrature over rotations.
const QUADRATURE: usize = 8;
/// Far above the error of the kernel, which is positive up to that error only.
const RIDGE: Ridge = Ridge::Relative(1e-2);
const CLASSES: usize = 10;
const TRAIN: usize = 60;
const TEST: usize = 60;

fn main() -> Result<()> {
    let images = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = images.balanced_split(TRAIN, TEST, 1)?;
    // The edges of an image come to the equator.
    let [train, test] = [train, test].map(|set| project(&set, BAND_LIMIT, FRAC_PI_2));
    let (mut train, mut test) = (train?, test?);
    // One scale for all: the training digits have mean square 1 on the sphere.
    let scale = train.mean_square().sqrt();
    for set in [&mut train, &mut test] {
        set.coeffs.mapv_inplace(|c| c / scale);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (rotated_train, rotated_test) = (train.turned(&mut rng)?, test.turned(&mut rng)?);

    say!("test accuracy in %, from {TRAIN} digits of band limit {BAND_LIMIT}");
    let (mlp, global) = (
        mlp(BAND_LIMIT)?,
        invariant(BAND_LIMIT, QUADRATURE, [Filter::Global, Filter::Global])?,
    );
    let upright = on_vectors("MLP, digits as they are", &mlp, [&train, &test])?;
    let rotated = on_vectors("MLP, rotated digits", &mlp, [&rotated_train, &rotated_test])?;
    let sets = [&rotated_train, &rotated_test];
    let signals = sets.map(|set| set.coeffs.view().into());
    let invariant = accuracy("invariant network, rotated digits", &global, signals, sets)?;
    assert!(invariant > 2.0 * rotated && upright > 2.0 * rotated);
    Ok(())
}

fn on_vectors(name: &str, network: &Network, sets: [&Digits; 2]) -> Result<f64> {
    let vectors = sets.map(Digits::vectors);
    let signals = vectors.each_ref().map(|vectors| vectors.view().into());
    accuracy(name, network, signals, sets)
}

/// The share of test digits that is recognised after training.
fn accuracy(
    name: &str,
    network: &Network,
    [x, z]: [Signals<'_>; 2],
    [train, test]: [&Digits; 2],
) -> Result<f64> {
    let kernel = Kernel::new(network)?;
    let (gram, cross) = (kernel.gram(x)?, kernel.cross(z, x)?);
    let targets = centred_one_hot(&train.labels, CLASSES)?;
    let accuracy = Regression::new()
        .ridge(RIDGE)
        .fit(Kernels::of(KernelKind::Ntk, &gram), targets.view())?
        .accuracy(cross.ntk.view(), &test.labels)?;
    say!("{name:<36} {:>6.1}", 100.0 * accuracy);
    Ok(accuracy)
}
