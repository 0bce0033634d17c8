//! Who: someone who asks whether to augment the data or to build the symmetry into the network.
//! What: shows that in the limit of infinite width the two are the same: a CNN trained on all rotated copies of its data
//!       predicts what a C4 network predicts, and an MLP what a network with global filters predicts, at every time.
//! Run:  cargo run --release --features data --example augmentation_vs_equivariance
//!       cargo run --release --features plot --example augmentation_vs_equivariance -- results     # with a picture
//! Expect: a table of differences that are rounding errors, and of the differences to the network that is not augmented.

#[macro_use]
#[path = "say/mod.rs"]
mod say;

use haarmonic::activation::Activation;
use haarmonic::data::image_source::read_images;
use haarmonic::error::FileOperation;
use haarmonic::group::{FiniteAction, PlanarSymmetry, PointGroup};
use haarmonic::kernel::{AugmentedKernel, Gram, Kernel, Signals, Transformation};
use haarmonic::network::{Network, Padding, Scale, Support};
use haarmonic::predict::{GradientFlow, Time};
use ndarray::{Array2, Array3, concatenate};

const EDGE: usize = 8;
const TRAIN: usize = 12;
const TEST: usize = 6;
/// Training times, in units of the learning rate; the last is t = ∞.
const TIMES: [f64; 4] = [1.0, 100.0, 10_000.0, f64::INFINITY];
/// Differences of kernels and predictions below this are rounding, amplified by the kernel's condition number.
const ROUNDING: f64 = 1e-9;

fn main() -> haarmonic::Result<()> {
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = digits.resized(EDGE, EDGE)?.balanced_split(TRAIN, TEST, 0)?;
    let targets = Array2::from_shape_fn((TRAIN, 10), |(i, class)| {
        f64::from(u8::from(train.labels()[i] == class))
    });

    // A CNN on images, and the network over C4 and translations with the same filters.
    let (filter, scale) = (|| Support::window(3, Padding::Same), Scale::new(1.4, 0.1));
    let planar = |group| {
        Network::plane(EDGE, EDGE, 1)
            .lifting(group, filter(), scale)
            .activation(Activation::Relu)
            .group_convolution(filter(), scale)
            .activation(Activation::Relu)
            .group_pooling()
            .dense(scale)
            .build()
    };
    let cnn = Kernel::new(&planar(PointGroup::C1)?)?;
    let turns = Transformation::point_group(PointGroup::C4);
    let (x, z) = (train.images().view(), test.images().view());
    #[cfg(feature = "plot")]
    if let Some(folder) = std::env::args().nth(1) {
        let c4 = Kernel::new(&planar(PointGroup::C4)?)?;
        draw(
            &c4,
            [x.into(), z.into()],
            &targets,
            std::path::Path::new(&folder),
        )?;
    }
    compare(
        "CNN, augmented - C4 network",
        &AugmentedKernel::over_group(cnn, turns)?,
        (&Kernel::new(&planar(PointGroup::C4)?)?, x.into(), z.into()),
        (x.into(), z.into()),
        &targets,
    )?;

    // An MLP on the pixels as a vector, and the network over C4 alone whose filters cover everything.
    let quarter_turn = PlanarSymmetry::new(1, false);
    let permutation: Vec<usize> = (0..EDGE * EDGE)
        .map(|pixel| quarter_turn.destination(EDGE, EDGE, pixel / EDGE, pixel % EDGE))
        .map(|(y, x)| y * EDGE + x)
        .collect();
    let turns = FiniteAction::from_generators(&[permutation])?;
    let mlp = Network::vector(EDGE * EDGE)
        .dense(scale)
        .activation(Activation::Relu)
        .dense(scale)
        .activation(Activation::Relu)
        .dense(scale)
        .build()?;
    let global = Network::finite(turns.clone(), 1)
        .lifting(Support::Global, scale)
        .activation(Activation::Relu)
        .group_convolution(Support::Global, scale)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(scale)
        .build()?;
    let functions = |images: &ndarray::Array4<f64>| -> Array3<f64> {
        let n = images.len_of(ndarray::Axis(0));
        let flat = images.to_shape((n, EDGE * EDGE, 1));
        flat.expect("pixels in order").to_owned()
    };
    let (p, q) = (functions(train.images()), functions(test.images()));
    let vectors = |points: &Array3<f64>| points.index_axis(ndarray::Axis(2), 0).to_owned();
    let (v, w) = (vectors(&p), vectors(&q));
    compare(
        "MLP, augmented - global filters",
        &AugmentedKernel::over_group(Kernel::new(&mlp)?, Transformation::finite_group(&turns))?,
        (&Kernel::new(&global)?, p.view().into(), q.view().into()),
        (v.view().into(), w.view().into()),
        &targets,
    )
}

/// Prints how far the augmented ensemble is from the equivariant one.
fn compare(
    name: &str,
    augmented: &AugmentedKernel,
    (equivariant, train, test): (&Kernel, Signals<'_>, Signals<'_>),
    (plain_train, plain_test): (Signals<'_>, Signals<'_>),
    targets: &Array2<f64>,
) -> haarmonic::Result<()> {
    let (gram, cross) = (equivariant.gram(train)?, equivariant.cross(test, train)?);
    let mean = augmented.gram(plain_train)?;
    let kernels = [(&mean.nngp, &gram.nngp), (&mean.ntk, &gram.ntk)].map(|(a, b)| relative(a, b));
    say!(
        "{name}\n  kernels: NNGP {:.0e}, NTK {:.0e}",
        kernels[0],
        kernels[1]
    );
    assert!(kernels.iter().all(|&difference| difference < ROUNDING));

    // The ensemble that is trained on every rotated copy, with the kernel of the network that knows no rotations.
    let plain = augmented.kernel();
    let copies = augmented.augmented(plain_train)?;
    let repeated = vec![targets.view(); augmented.len()];
    let labels = concatenate(ndarray::Axis(0), &repeated).expect("equal widths");
    let own: Gram = plain.gram(copies.view())?;
    let ensembles = [
        predictions(&own, &plain.cross(plain_test, copies.view())?, &labels)?,
        predictions(&gram, &cross, targets)?,
        predictions(
            &plain.gram(plain_train)?,
            &plain.cross(plain_test, plain_train)?,
            targets,
        )?,
    ];
    say!(
        "  {:>10} {:>22} {:>22}",
        "time",
        "augmented",
        "without augmentation"
    );
    for (i, time) in TIMES.into_iter().enumerate() {
        let same = relative(&ensembles[0][i], &ensembles[1][i]);
        let other = relative(&ensembles[2][i], &ensembles[1][i]);
        say!("  {time:>10} {same:>22.0e} {other:>22.0e}");
        assert!(same < ROUNDING && other > ROUNDING.sqrt());
    }
    Ok(())
}

/// Mean predictions of the ensemble for the test images, at every time.
fn predictions(
    gram: &Gram,
    cross: &Gram,
    targets: &Array2<f64>,
) -> haarmonic::Result<Vec<Array2<f64>>> {
    let flow = GradientFlow::ntk(gram.ntk.view(), gram.nngp.view(), targets.view()).build()?;
    let times = TIMES.map(|time| {
        if time.is_finite() {
            Time::Finite(time)
        } else {
            Time::Infinite
        }
    });
    times
        .into_iter()
        .map(|time| flow.mean_on_test(cross.ntk.view(), time))
        .collect()
}

/// Draws how the score of one class develops at three test images, with the spread of the ensemble.
#[cfg(feature = "plot")]
fn draw(
    kernel: &Kernel,
    [train, test]: [Signals<'_>; 2],
    targets: &Array2<f64>,
    folder: &std::path::Path,
) -> haarmonic::Result<()> {
    use haarmonic::plot::{Dynamics, Labels, training_dynamics};
    use haarmonic::predict::TestKernels;
    let [gram, cross] = [kernel.gram(train)?, kernel.cross(test, train)?];
    let prior = kernel.gram(test)?.nngp;
    let flow = GradientFlow::ntk(gram.ntk.view(), gram.nngp.view(), targets.view()).build()?;
    let kernels = TestKernels::ntk(cross.ntk.view(), cross.nngp.view(), prior.view());
    let times: Vec<f64> = (0..=40)
        .map(|k| 10_f64.powf(0.125 * f64::from(k)))
        .collect();
    let mut mean = Array2::zeros((times.len(), 3));
    let mut deviation = Array2::zeros(mean.dim());
    for (row, time) in times.iter().enumerate() {
        let at = flow.on_test(&kernels, Time::Finite(*time))?;
        for point in 0..3 {
            mean[[row, point]] = at.mean[[point, 0]];
            deviation[[row, point]] = at.covariance[[point, point]].sqrt();
        }
    }
    let dynamics = Dynamics {
        times: &times,
        mean: mean.view(),
        deviation: deviation.view(),
        targets: None,
        names: &["digit 1", "digit 2", "digit 3"],
    };
    let labels = Labels {
        title: "C4 network: the score of the class 0",
        ..Labels::default()
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| haarmonic::Error::io(folder, FileOperation::Create, error))?;
    training_dynamics(&dynamics, &labels, folder.join("dynamics.svg"))
}

/// The largest difference, as a part of the largest value.
fn relative(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let largest = |values: Array2<f64>| values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    largest(a - b) / largest(b.clone())
}
