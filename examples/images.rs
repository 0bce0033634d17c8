//! Who: someone who classifies images and wants to know what equivariance is worth before training anything.
//! What: classifies digits with the neural tangent kernels of a CNN and of its C4-equivariant relative, as they are and turned by random
//!       multiples of 90°.
//! Run:  cargo run --release --features data --example images
//! Expect: a table of accuracies, in which only the C4 network does not mind the turns; a second or two.
//!
//! An infinitely wide network is regressed on one-hot labels; the ridge is that with which training digits are predicted best from all the
//! others. Your own images, learning curves and pictures: the study `images_study` (docs/images.md).

#[macro_use]
mod shared;

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::data::image_set::ImageSet;
use haarmonic::data::image_source::read_images;
use haarmonic::group::PointGroup;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::classification::centred_one_hot;
use haarmonic::predict::{Criterion, KernelKind, Kernels, Regression};

const EDGE: usize = 8;
const CLASSES: usize = 10;
const TRAIN: usize = 40;
const TEST: usize = 60;

fn main() -> Result<()> {
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = digits.resized(EDGE, EDGE)?.balanced_split(TRAIN, TEST, 0)?;
    // The statistics of the training images are applied to both.
    let (train, statistics) = train.standardised()?;
    let test = statistics.apply(&test)?;
    let turned = (train.turned(1)?, test.turned(2)?);

    say!("test accuracy in %, from {TRAIN} digits of {EDGE} × {EDGE} pixels");
    say!("{:<10} {:>12} {:>12}", "network", "as they are", "turned");
    let mut of_turned = Vec::new();
    for (name, group) in [("CNN", PointGroup::C1), ("C4", PointGroup::C4)] {
        let kernel = Kernel::new(&network(group)?)?;
        let upright = accuracy(&kernel, &train, &test)?;
        let turned = accuracy(&kernel, &turned.0, &turned.1)?;
        say!(
            "{name:<10} {:>12.1} {:>12.1}",
            100.0 * upright,
            100.0 * turned
        );
        of_turned.push(turned);
    }
    assert!(of_turned[1] > of_turned[0], "equivariance does not pay");
    Ok(())
}

/// Two convolutions with ReLU, and the mean over pixels and orientations.
fn network(group: PointGroup) -> Result<Network> {
    let init = Init::new(2f64.sqrt(), 0.1);
    let filter = || Filter::window(3, Padding::Valid);
    Network::plane(EDGE, EDGE, 1)
        .lifting(group, filter(), init)
        .activation(Activation::Relu)
        .group_convolution(filter(), init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
}

/// The share of test digits that is recognised after training.
fn accuracy(kernel: &Kernel, train: &ImageSet, test: &ImageSet) -> Result<f64> {
    let (x, z) = (train.images().view(), test.images().view());
    let (gram, cross) = (kernel.gram(x)?, kernel.cross(z, x)?);
    let targets = centred_one_hot(train.labels(), CLASSES)?;
    Regression::new()
        .ridge(Criterion::LeaveOneOutError)
        .fit(Kernels::of(KernelKind::Ntk, &gram), targets.view())?
        .accuracy(cross.ntk.view(), test.labels())
}
