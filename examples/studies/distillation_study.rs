//! Who: someone who distils images for a convolutional kernel, and asks whether what one kernel learned serves another.
//! What: learns one or several digits of each class with the NTKs of a CNN and of a network that is equivariant under quarter turns (C4), from upright
//!       digits and from digits in all turns, and scores them with both kernels.
//! Run:  cargo run --release --features data --example distillation_study
//!       cargo run --release --features data --example distillation_study -- --edge 14 --train 400 --test 300 --per-class 1,5 --steps 100
//!       cargo run --release --features plot --example distillation_study -- --plot results
//! Expect: a table of accuracies of random and of learned digits, with the kernel that learned them and with the other one. Half a minute.
//!
//! Labels are solved for in every row, so that rows differ in the digits alone. Pictures show the learned digits, one row per class.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

#[cfg(feature = "plot")]
use std::path::PathBuf;

use clap::Parser;
use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::data::image_source::read_images;
use haarmonic::distill::{Distillation, Distilled, Labels, start};
use haarmonic::group::PointGroup;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::classification::{accuracy, centred_one_hot};
use haarmonic::predict::{KernelRidge, Ridge};
use ndarray::{Array2, Array4, ArrayView4, Axis};

const CLASSES: usize = 10;
const RIDGE: Ridge = Ridge::Relative(1e-6);
const GROUPS: [(&str, PointGroup); 2] = [("CNN", PointGroup::C1), ("C4", PointGroup::C4)];

#[derive(Parser)]
struct Options {
    /// Rows and columns of an image
    #[arg(long, default_value_t = 7)]
    edge: usize,
    /// Digits to learn from
    #[arg(long, default_value_t = 200)]
    train: usize,
    /// Digits to recognise
    #[arg(long, default_value_t = 300)]
    test: usize,
    /// Numbers of learned digits of each class
    #[arg(long, value_delimiter = ',', default_value = "1")]
    per_class: Vec<usize>,
    /// Steps of a distillation
    #[arg(long, default_value_t = 40)]
    steps: usize,
    /// Digits of a step
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Length of the first step on each pixel
    #[arg(long, default_value_t = 0.05)]
    rate: f64,
    /// Seed of splits, turns and starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for pictures of the learned digits
    #[cfg(feature = "plot")]
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// Images with their classes and targets.
struct Digits {
    images: Array4<f64>,
    labels: Vec<usize>,
    targets: Array2<f64>,
}

impl Digits {
    /// Turns image i by i quarter turns if asked for: every class has all turns.
    fn new(images: ArrayView4<'_, f64>, labels: &[usize], turned: bool) -> Result<Digits> {
        let mut images = images.as_standard_layout().into_owned();
        if turned {
            let edge = images.len_of(Axis(1));
            for (i, mut image) in images.outer_iter_mut().enumerate() {
                let upright = image.to_owned();
                for ((y, x, c), value) in image.indexed_iter_mut() {
                    let (y, x) = (0..(i / CLASSES) % 4).fold((y, x), |(y, x), _| (x, edge - 1 - y));
                    *value = upright[[y, x, c]];
                }
            }
        }
        Ok(Digits {
            images,
            labels: labels.to_vec(),
            targets: centred_one_hot(labels, CLASSES)?,
        })
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let Options {
        edge, train, test, ..
    } = options;
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let digits = digits.resized(edge, edge)?;
    let (learned_from, tested) = digits.balanced_split(train, test, options.seed)?;
    let (learned_from, statistics) = learned_from.standardised()?;
    let tested = statistics.apply(&tested)?;
    let kernels = GROUPS
        .into_iter()
        .map(|(name, group)| Ok((name, Kernel::new(&network(edge, group)?)?)))
        .collect::<Result<Vec<_>>>()?;
    say!(
        "accuracy on {test} digits in %, labels solved for on {train} digits of {edge} × {edge} pixels"
    );
    say!(
        "{:<8} {:>4} {:<16} {:>8} {:>8}",
        "digits",
        "n",
        "learned with",
        "CNN",
        "C4"
    );
    for (pose, turned) in [("upright", false), ("turned", true)] {
        let learned_from =
            Digits::new(learned_from.images().view(), learned_from.labels(), turned)?;
        let tested = Digits::new(tested.images().view(), tested.labels(), turned)?;
        let score = |points: &Distilled| -> Result<[f64; 2]> {
            let mut scores = [0.0; 2];
            for (score, (_, kernel)) in scores.iter_mut().zip(&kernels) {
                *score = 100.0 * accuracy_of(kernel, points, &learned_from, &tested)?;
            }
            Ok(scores)
        };
        for &per_class in &options.per_class {
            let rows = start::random(learned_from.targets.view(), per_class, options.seed)?;
            let begun = || {
                start::of_examples(
                    learned_from.images.view(),
                    learned_from.targets.view(),
                    &rows,
                )
            };
            let row = |name: &str, [a, b]: [f64; 2]| {
                let n = per_class * CLASSES;
                say!("{pose:<8} {n:>4} {name:<16} {a:>8.1} {b:>8.1}");
            };
            row("nothing (random)", score(&begun()?)?);
            for (name, kernel) in &kernels {
                let mut points = begun()?;
                Distillation::new(kernel.clone())
                    .labels(Labels::Solved { penalty: 1.0 })
                    .ridge(RIDGE)
                    .batch(Some(options.batch))
                    .rates(options.rate, 1.0)
                    .steps(options.steps)
                    .run(
                        learned_from.images.view(),
                        learned_from.targets.view(),
                        &mut points,
                    )?;
                row(name, score(&points)?);
                picture(&options, &format!("{pose}_{name}_{per_class}.png"), &points)?;
            }
        }
    }
    Ok(())
}

/// The accuracy of a kernel from some digits, with the labels that suit the kernel best.
fn accuracy_of(
    kernel: &Kernel,
    points: &Distilled,
    learned_from: &Digits,
    tested: &Digits,
) -> Result<f64> {
    let mut points = Distilled::new(points.signals(), points.targets())?;
    Distillation::new(kernel.clone())
        .labels(Labels::Solved { penalty: 1.0 })
        .ridge(RIDGE)
        .steps(0)
        .run(
            learned_from.images.view(),
            learned_from.targets.view(),
            &mut points,
        )?;
    let gram = kernel.gram(points.signals())?;
    let model = KernelRidge::fit(gram.ntk.view(), points.targets(), RIDGE)?;
    let cross = kernel.cross(tested.images.view(), points.signals())?;
    accuracy(model.predict(cross.ntk.view())?.view(), &tested.labels)
}

/// Two convolutions with ReLU, and a mean over pixels and orientations.
fn network(edge: usize, group: PointGroup) -> Result<Network> {
    let init = Init::new(2f64.sqrt(), 0.1);
    let filter = || Filter::window(3, Padding::Same);
    Network::plane(edge, edge, 1)
        .lifting(group, filter(), init)
        .activation(Activation::Relu)
        .group_convolution(filter(), init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
}

/// Draws the learned digits side by side, if asked for.
#[cfg(feature = "plot")]
fn picture(options: &Options, name: &str, points: &Distilled) -> Result<()> {
    use haarmonic::kernel::Signals;
    use haarmonic::plot::{Labels as Texts, kernel_matrix};
    let (Some(folder), Signals::Grid(images)) = (&options.plot, points.signals()) else {
        return Ok(());
    };
    let edge = images.len_of(Axis(1));
    let per_class = images.len_of(Axis(0)) / CLASSES;
    // One pixel of zeros parts the images.
    let shape = (CLASSES * (edge + 1), per_class * (edge + 1));
    let mut sheet = Array2::zeros(shape);
    for (i, image) in images.outer_iter().enumerate() {
        let (top, left) = (i / per_class * (edge + 1), i % per_class * (edge + 1));
        for ((y, x, _), value) in image.indexed_iter() {
            sheet[[top + y, left + x]] = *value;
        }
    }
    let texts = Texts {
        value: "pixel",
        ..Texts::default()
    };
    kernel_matrix(sheet.view(), &texts, folder.join(name))
}

#[cfg(not(feature = "plot"))]
fn picture(_: &Options, _: &str, _: &Distilled) -> Result<()> {
    Ok(())
}
