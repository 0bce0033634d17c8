//! Who: someone who trains networks of finite width and asks whether augmenting the data makes up for building the symmetry in.
//! What: ensembles of CNNs that are trained on all turned copies of some digits, against ensembles of C4 networks with the same
//!       filters. In the limit of infinite width their means are equal at all times, on all inputs; here is how close they are at
//!       finite width, on test digits, on their negatives and on noise, and how invariant members and means are. Beside it two
//!       ensembles that do not correspond: C4 networks with another activation, and CNNs without augmentation.
//! Run:  cargo run --release --features finite-width --example augmentation
//!       cargo run --release --features finite-width --example augmentation -- \
//!           --widths 8,32,128,512 --members 200 --train 40 --steps 0,10,50,200 --csv results/augmentation.csv
//! Expect: two tables; the corresponding ensembles agree within the noise of their means, the others differ by more, the more the wider. The
//!         mean of the augmented ensemble becomes invariant with the width, its members do not. Twenty seconds.
//!
//! Members come in pairs that differ in the sign of the last layer, and so in the sign of the function they begin with: the distribution
//! is the same, and most of what the beginning adds to the noise of a mean cancels.

use std::path::PathBuf;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::atomic::write_csv;
use haarmonic::data::image_source::read_images;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{Augmentation, FiniteNetwork, Trainer, Width};
use haarmonic::group::PointGroup;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Network, Padding, Scale, Support};
use haarmonic::predict::{GradientFlow, classification::centred_one_hot};
use ndarray::{Array2, Array3, Array4, Axis, Slice, concatenate};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const EDGE: usize = 7;
const CLASSES: usize = 10;
const KINDS: [&str; 3] = ["test digits", "negatives", "noise"];
const PAIRS: [(&str, usize); 3] = [
    ("augmented CNN", 1),
    ("other C4 network", 2),
    ("plain CNN", 3),
];

#[derive(Parser)]
struct Options {
    /// Numbers of channels
    #[arg(long, value_delimiter = ',', default_value = "4,32")]
    widths: Vec<usize>,
    /// Networks of an ensemble, an even number
    #[arg(long, default_value_t = 24)]
    members: u64,
    /// Digits that are learned
    #[arg(long, default_value_t = 10)]
    train: usize,
    /// Inputs of each kind that are predicted
    #[arg(long, default_value_t = 10)]
    test: usize,
    /// Numbers of steps at which to look
    #[arg(long, value_delimiter = ',', default_value = "0,10,40")]
    steps: Vec<u64>,
    /// Where to write distances and deviations from invariance
    #[arg(long, default_value = "results/augmentation.csv")]
    csv: PathBuf,
}

/// Outputs of all members, `[members, inputs · turns, classes]`, for each number of steps.
type Ensemble = Vec<Array3<f64>>;

fn main() -> Result<()> {
    let options = Options::parse();
    if options.members < 4
        || options.members % 2 == 1
        || options.widths.is_empty()
        || options.steps.is_empty()
    {
        return Err("expected an even number of members, at least 4, and at least one width and number of steps".into());
    }
    if let Some(folder) = options.csv.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) =
        digits
            .resized(EDGE, EDGE)?
            .balanced_split(options.train, options.test, 0)?;
    let (train, statistics) = train.standardised()?;
    let test = statistics.apply(&test)?;
    let targets = centred_one_hot(train.labels(), CLASSES)?;
    let inputs = turned(&kinds(test.images())?);

    // The learning rate of the infinite network serves all widths, and the augmented ones: their loss is a mean over copies.
    let c4 = network(PointGroup::C4, Activation::Relu)?;
    let gram = Kernel::new(&c4)?.gram(train.images().view())?;
    let flow = GradientFlow::ntk(gram.ntk.view(), gram.nngp.view(), targets.view()).build()?;
    let rate = 0.5 * flow.stable_learning_rate()?;
    let networks = [
        (c4, false),
        (network(PointGroup::C1, Activation::Relu)?, true),
        (network(PointGroup::C4, Activation::Erf)?, false),
        (network(PointGroup::C1, Activation::Relu)?, false),
    ];

    println!(
        "learning rate {rate:.2}, {} members, {} digits\n",
        options.members, options.train
    );
    println!("distance of the mean logits to those of the C4 networks, ± the noise of both means");
    println!(
        "{:>6} {:>6} {:<12} {:>20} {:>20} {:>20}",
        "width", "steps", "inputs", PAIRS[0].0, PAIRS[1].0, PAIRS[2].0
    );
    let mut rows = Vec::new();
    let mut variances = Vec::new();
    let mut last = Vec::new();
    let setting = Setting {
        options: &options,
        images: train.images(),
        targets: &targets,
        inputs: &inputs,
        rate,
    };
    for &width in &options.widths {
        let ensembles = networks
            .iter()
            .map(|(network, augmented)| learn(&setting, network, width, *augmented))
            .collect::<Result<Vec<Ensemble>>>()?;
        for (at, steps) in options.steps.iter().enumerate() {
            for (kind, name) in KINDS.iter().enumerate() {
                let part = |ensemble: usize| upright(&ensembles[ensemble][at], kind, options.test);
                let found = PAIRS.map(|(_, other)| distance(&part(0), &part(other)));
                let cells: String = found
                    .iter()
                    .map(|[d, noise]| format!(" {d:>11.4} ± {noise:.4}"))
                    .collect();
                println!("{width:>6} {steps:>6} {name:<12}{cells}");
                for ((pair, _), [d, noise]) in PAIRS.iter().zip(found) {
                    rows.push([
                        width.to_string(),
                        steps.to_string(),
                        name.to_string(),
                        format!("C4 - {pair}"),
                        d.to_string(),
                        noise.to_string(),
                    ]);
                }
                if at + 1 == options.steps.len() && kind == 0 {
                    last.push(found);
                }
            }
            for (ensemble, name) in
                ensembles
                    .iter()
                    .zip(["C4", "augmented CNN", "other C4 network", "plain CNN"])
            {
                let [members, mean] = variance(&ensemble[at]);
                for (what, value) in [("members", members), ("mean", mean)] {
                    // The mean of pairs vanishes at the beginning.
                    if !value.is_finite() {
                        continue;
                    }
                    rows.push([
                        width.to_string(),
                        steps.to_string(),
                        "all".into(),
                        format!("variance of {what}: {name}"),
                        value.to_string(),
                        String::new(),
                    ]);
                }
                variances.push((width, *steps, name, members, mean));
            }
        }
    }
    println!("\nhow far outputs are from invariant under turns, relative to their size");
    println!(
        "{:>6} {:>6} {:<18} {:>12} {:>12}",
        "width", "steps", "ensemble", "members", "mean"
    );
    for (width, steps, name, members, mean) in &variances {
        let [members, mean] = [members, mean].map(|value| match value.is_finite() {
            true => format!("{value:.1e}"),
            false => "-".into(),
        });
        println!("{width:>6} {steps:>6} {name:<18} {members:>12} {mean:>12}");
    }
    write_csv(
        &options.csv,
        &["width", "steps", "inputs", "quantity", "value", "noise"],
        rows,
    )?;
    println!("\ntable in {}", options.csv.display());
    let rounding = 1e-4;
    assert!(
        variances
            .iter()
            .all(|(.., name, members, _)| !name.contains("C4") || *members < rounding)
    );
    // The corresponding ensembles agree within the noise of their means, the others do not come that close.
    if let Some([[same, noise], others @ ..]) = last.last() {
        assert!(same < &(4.0 * noise), "{last:?}");
        assert!(others.iter().all(|[other, _]| same < other), "{last:?}");
    }
    Ok(())
}

fn network(group: PointGroup, activation: Activation) -> haarmonic::Result<Network> {
    let (filter, scale) = (|| Support::window(3, Padding::Valid), Scale::new(1.4, 0.1));
    Network::plane(EDGE, EDGE, 1)
        .lifting(group, filter(), scale)
        .activation(activation.clone())
        .group_convolution(filter(), scale)
        .activation(activation)
        .group_pooling()
        .dense(scale)
        .build()
}

/// Digits, their negatives, and noise of the same variance.
fn kinds(test: &Array4<f64>) -> Result<Array4<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let noise = Array4::from_shape_simple_fn(test.dim(), || rng.sample::<f64, _>(StandardNormal));
    let negatives = test.map(|x| -x);
    Ok(concatenate(
        Axis(0),
        &[test.view(), negatives.view(), noise.view()],
    )?)
}

/// All turns of each image, one after the other.
fn turned(images: &Array4<f64>) -> Array4<f64> {
    let turns = PointGroup::C4.elements();
    let count = turns.len();
    Array4::from_shape_fn(
        (images.len_of(Axis(0)) * count, EDGE, EDGE, 1),
        |(i, y, x, c)| {
            let (y, x) = turns[i % count].source(EDGE, EDGE, y, x);
            images[[i / count, y, x, c]]
        },
    )
}

/// What all ensembles have in common.
struct Setting<'a> {
    options: &'a Options,
    images: &'a Array4<f64>,
    targets: &'a Array2<f64>,
    /// Where outputs are wanted, in all turns.
    inputs: &'a Array4<f64>,
    rate: f64,
}

/// Trains an ensemble; on all copies of the digits if it is augmented.
fn learn(
    setting: &Setting<'_>,
    network: &Network,
    width: usize,
    augmented: bool,
) -> Result<Ensemble> {
    let options = setting.options;
    let finite = FiniteNetwork::new(network, Width::new(width, CLASSES), 0, DType::F32)?;
    let (train, test) = (
        finite.prepare(setting.images.view())?,
        finite.prepare(setting.inputs.view())?,
    );
    let members = (0..options.members)
        .into_par_iter()
        .map(|member| {
            let finite = finite.reinitialised(1 + member / 2)?;
            if member % 2 == 1 {
                negate_last_layer(&finite)?;
            }
            let mut trainer = Trainer::regression(&finite, &train, setting.targets.view())
                .learning_rate(setting.rate);
            if augmented {
                trainer = trainer.augmentation(Augmentation::images(
                    EDGE,
                    EDGE,
                    PointGroup::C4.elements(),
                )?);
            }
            let mut trainer = trainer.build()?;
            let mut outputs = Vec::new();
            for steps in &options.steps {
                trainer.run(steps.saturating_sub(trainer.steps()))?;
                outputs.push(array(&finite.forward(&test)?)?);
            }
            Ok(outputs)
        })
        .collect::<Result<Vec<Vec<Array2<f64>>>>>()?;
    (0..options.steps.len())
        .map(|at| {
            let outputs: Vec<_> = members.iter().map(|member| member[at].view()).collect();
            Ok(ndarray::stack(Axis(0), &outputs)?)
        })
        .collect()
}

fn negate_last_layer(network: &FiniteNetwork) -> Result<()> {
    let names = network.names();
    let layer = |name: &str| name.split('.').next().map(str::to_owned);
    let last = names.last().and_then(|name| layer(name));
    let values = names
        .iter()
        .zip(network.parameters())
        .map(|(name, value)| match layer(name) == last {
            true => value.neg(),
            false => Ok(value.as_tensor().clone()),
        })
        .collect::<std::result::Result<Vec<Tensor>, _>>()?;
    Ok(network.set_parameters(&values)?)
}

fn array(tensor: &Tensor) -> Result<Array2<f64>> {
    let rows = tensor.to_dtype(DType::F64)?.to_vec2::<f64>()?;
    let width = tensor.dims()[1];
    Ok(Array2::from_shape_fn((rows.len(), width), |(i, j)| {
        rows[i][j]
    }))
}

/// The outputs for inputs of one kind, as they are.
fn upright(outputs: &Array3<f64>, kind: usize, count: usize) -> Array3<f64> {
    let turns = PointGroup::C4.elements().len();
    let range = Slice::new(
        (kind * count * turns) as isize,
        Some(((kind + 1) * count * turns) as isize),
        turns as isize,
    );
    outputs.slice_axis(Axis(1), range).to_owned()
}

/// Root mean square difference of the means, and what to expect of it from the noise of both.
fn distance(a: &Array3<f64>, b: &Array3<f64>) -> [f64; 2] {
    let mean = |e: &Array3<f64>| e.mean_axis(Axis(0)).expect("members");
    let size = |values: &Array2<f64>| (values.map(|x| x * x).sum() / values.len() as f64).sqrt();
    let noise = |e: &Array3<f64>| {
        // Pairs are independent, their members are not.
        let count = e.len_of(Axis(0)) / 2;
        let pairs = Array3::from_shape_fn(
            (count, e.len_of(Axis(1)), e.len_of(Axis(2))),
            |(p, i, c)| 0.5 * (e[[2 * p, i, c]] + e[[2 * p + 1, i, c]]),
        );
        size(&pairs.std_axis(Axis(0), 1.0)) / (count as f64).sqrt()
    };
    [size(&(mean(a) - mean(b))), noise(a).hypot(noise(b))]
}

/// How far outputs are from their mean over turns, relative to their size: of single members, and of the mean of the ensemble.
fn variance(outputs: &Array3<f64>) -> [f64; 2] {
    let turns = PointGroup::C4.elements().len();
    let relative = |outputs: &Array2<f64>| {
        let mut off = 0.0;
        for image in outputs.axis_chunks_iter(Axis(0), turns) {
            let mean = image.mean_axis(Axis(0)).expect("turns");
            off += (&image - &mean).map(|x| x * x).sum();
        }
        [off, outputs.map(|x| x * x).sum()]
    };
    let mut sums = [0.0; 2];
    for member in outputs.outer_iter() {
        let [off, all] = relative(&member.to_owned());
        sums[0] += off;
        sums[1] += all;
    }
    let [off, all] = relative(&outputs.mean_axis(Axis(0)).expect("members"));
    [(sums[0] / sums[1]).sqrt(), (off / all).sqrt()]
}
