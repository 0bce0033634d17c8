//! Who: someone whose data set is too large for a kernel, or who wants to see what a kernel takes for typical.
//! What: learns ten digits from which the neural tangent kernel of a network recognises others, and compares them with ten random digits, with
//!       the means of the classes, and with the ten digits that differ most.
//! Run:  cargo run --release --features data --example distilled_digits
//! Expect: a table of accuracies, in which learned digits are best; some seconds.
//!
//! Random digits and means with solved labels are the baselines that count: their labels are the best ones for the kernel. More digits, steps and
//! kernels: `haarmonic distill` (docs/distillation.md).

#[macro_use]
mod shared;

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::data::image_source::read_images;
use haarmonic::distill::{Distillation, Distilled, Labels, start};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::predict::classification::{accuracy, centred_one_hot};
use haarmonic::predict::{KernelKind, KernelRidge, Ridge};
use ndarray::Array2;

const EDGE: usize = 14;
const CLASSES: usize = 10;
const TRAIN: usize = 400;
const TEST: usize = 300;
const RIDGE: Ridge = Ridge::Relative(1e-6);

fn main() -> Result<()> {
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = digits.resized(EDGE, EDGE)?.balanced_split(TRAIN, TEST, 0)?;
    let (train, statistics) = train.standardised()?;
    let test = statistics.apply(&test)?;
    // Each image is a vector here; images of a network on the plane need no other change.
    let vectors = |images: &ndarray::Array4<f64>| {
        let n = images.shape()[0];
        Array2::from_shape_vec((n, EDGE * EDGE), images.iter().copied().collect())
    };
    let fits = "an image has EDGE × EDGE pixels";
    let (x, z) = (
        vectors(train.images()).expect(fits),
        vectors(test.images()).expect(fits),
    );
    let y = centred_one_hot(train.labels(), CLASSES)?;
    let kernel = Kernel::new(&network()?)?;

    let score = |points: &Distilled| -> Result<f64> {
        let gram = kernel.gram(points.signals())?;
        let model = KernelRidge::fit(gram.ntk.view(), points.targets(), RIDGE)?;
        let cross = kernel.cross(z.view(), points.signals())?;
        accuracy(model.predict(cross.ntk.view())?.view(), test.labels())
    };
    // No step: only the labels are solved for.
    let moved = |labels: Labels, steps: usize, mut points: Distilled| -> Result<Distilled> {
        let distillation = Distillation::new(kernel.clone()).labels(labels);
        let distillation = distillation.ridge(RIDGE).steps(steps);
        distillation.run(x.view(), y.view(), &mut points)?;
        Ok(points)
    };
    let solved = Labels::Solved { penalty: 1.0 };
    let random = start::random(y.view(), 1, 0)?;
    let pivots = start::pivots(&kernel, KernelKind::Ntk, x.view(), y.view(), 1)?;
    let means = start::class_means(x.view(), y.view())?;
    let one_each = centred_one_hot(&(0..CLASSES).collect::<Vec<_>>(), CLASSES)?;
    let begun = |rows: &[usize]| start::of_examples(x.view(), y.view(), rows);

    say!("accuracy on {TEST} digits, in %, from ten digits that stand for {TRAIN}");
    say!("{:<28} {:>10} {:>10}", "digits", "labels", "solved");
    let mut best: f64 = 0.0;
    for (name, points) in [
        ("random", begun(&random)?),
        ("pivots of each class", begun(&pivots)?),
        (
            "means of the classes",
            Distilled::new(means.view(), one_each.view())?,
        ),
    ] {
        let (given, solved) = (score(&points)?, score(&moved(solved, 0, points)?)?);
        best = best.max(given).max(solved);
        say!(
            "{name:<28} {:>10.1} {:>10.1}",
            100.0 * given,
            100.0 * solved
        );
    }
    let learned = score(&moved(Labels::Fixed, STEPS, begun(&random)?)?)?;
    let with_labels = score(&moved(solved, STEPS, begun(&random)?)?)?;
    say!(
        "{:<28} {:>10.1} {:>10.1}",
        "learned",
        100.0 * learned,
        100.0 * with_labels
    );
    assert!(
        learned.max(with_labels) > best,
        "learned digits are not better than {best}"
    );
    Ok(())
}

const STEPS: usize = 150;

/// Two hidden layers with ReLU.
fn network() -> Result<Network> {
    let init = Init::new(2f64.sqrt(), 0.1);
    Network::vector(EDGE * EDGE)
        .dense(init)
        .activation(Activation::Relu)
        .dense(init)
        .activation(Activation::Relu)
        .dense(Init::default())
        .build()
}
