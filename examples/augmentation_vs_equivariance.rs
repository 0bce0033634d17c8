//! Who: someone who asks whether to augment the data or to build the symmetry into the network.
//! What: shows that in the limit of infinite width the two are the same: a CNN trained on all rotated copies of its data
//!       predicts what a C4 network predicts, at every time. Any other group and network: `AugmentedKernel::over_group`.
//! Run:  cargo run --release --features data --example augmentation_vs_equivariance
//! Expect: a table of differences that are rounding errors, and of the differences to the network that is not augmented.

#[macro_use]
mod shared;

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::data::image_source::read_images;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{AugmentedKernel, Kernel, KernelMatrices, Transformation};
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::classification::centred_one_hot;
use haarmonic::predict::{KernelKind, Kernels, Regression, Time};
use ndarray::{Array2, Axis, concatenate};

const EDGE: usize = 8;
const TRAIN: usize = 12;
const TEST: usize = 6;
const TIMES: [Time; 4] = [
    Time::Finite(1.0),
    Time::Finite(100.0),
    Time::Finite(10_000.0),
    Time::Infinite,
];
/// Differences of kernels and predictions below this are rounding, amplified by the kernel's condition number.
const ROUNDING: f64 = 1e-9;

fn main() -> Result<()> {
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = digits.resized(EDGE, EDGE)?.balanced_split(TRAIN, TEST, 0)?;
    let targets = centred_one_hot(train.labels(), 10)?;
    let (x, z) = (train.images().view(), test.images().view());

    // A CNN on images, and the network over C4 and translations with the same filters.
    let cnn = Kernel::new(&network(PointGroup::C1)?)?;
    let turns = Transformation::point_group(PointGroup::C4);
    let augmented = AugmentedKernel::over_group(cnn, turns)?;
    let c4 = Kernel::new(&network(PointGroup::C4)?)?;
    let mean = augmented.gram(x)?;
    let (gram, cross) = (c4.gram(x)?, c4.cross(z, x)?);
    let kernels = [
        relative(&mean.nngp, &gram.nngp),
        relative(&mean.ntk, &gram.ntk),
    ];
    say!(
        "mean kernel of the CNN over turns - kernel of the C4 network: NNGP {:.0e}, NTK {:.0e}",
        kernels[0],
        kernels[1]
    );
    assert!(kernels.iter().all(|&difference| difference < ROUNDING));
    let built_in = predictions(&gram, &cross, &targets)?;

    // The ensemble that is trained on every rotated copy, with the kernel of the network that knows no rotations.
    let cnn = augmented.kernel();
    let copies = augmented.augmented(x)?;
    let labels = vec![targets.view(); augmented.len()];
    let labels = concatenate(Axis(0), &labels).expect("equal widths");
    let (gram, cross) = (cnn.gram(copies.view())?, cnn.cross(z, copies.view())?);
    let copied = predictions(&gram, &cross, &labels)?;
    let unaware = predictions(&cnn.gram(x)?, &cnn.cross(z, x)?, &targets)?;

    say!("predictions for {TEST} digits - those of the C4 network");
    say!(
        "{:>10} {:>14} {:>22}",
        "time",
        "CNN, augmented",
        "CNN, as it is"
    );
    for (i, time) in TIMES.into_iter().enumerate() {
        let [same, other] = [&copied, &unaware].map(|means| relative(&means[i], &built_in[i]));
        say!("{time:>10} {same:>14.0e} {other:>22.0e}");
        assert!(same < ROUNDING && other > ROUNDING.sqrt());
    }
    Ok(())
}

fn network(group: PointGroup) -> Result<Network> {
    let (filter, scale) = (|| Filter::window(3, Padding::Same), Init::new(1.4, 0.1));
    Network::plane(EDGE, EDGE, 1)
        .lifting(group, filter(), scale)
        .activation(Activation::Relu)
        .group_convolution(filter(), scale)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(scale)
        .build()
}

/// Mean predictions of the ensemble for the test images, at every time.
fn predictions(
    gram: &KernelMatrices,
    cross: &KernelMatrices,
    targets: &Array2<f64>,
) -> Result<Vec<Array2<f64>>> {
    let model = Regression::new().fit(Kernels::of(KernelKind::Ntk, gram), targets.view())?;
    model.flow().predict_mean_at(cross.ntk.view(), &TIMES)
}

/// The largest difference, as a part of the largest value.
fn relative(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let largest = |values: Array2<f64>| values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    largest(a - b) / largest(b.clone())
}
