//! What the examples `augmentation` and `equivariance` share: digits and other images in all turns, CNNs and C4 networks with the
//! same filters, ensembles of them, and what can be said of an expectation from finitely many networks.
//!
//! Two things take noise away and leave expectations as they are. Networks of the same number have the same parameters in all
//! ensembles: what a C4 network and a CNN have in common cancels in their difference. And networks come in pairs that differ in the sign of
//! the last layer, and so in the sign of the function they begin with.

use std::path::PathBuf;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::image_set::ImageSet;
use haarmonic::data::image_source::read_images;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{Augmentation, FiniteNetwork, Trainer, UnbiasedRms, Width};
use haarmonic::group::PointGroup;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::{KernelKind, Kernels, Regression, classification::centred_one_hot};
use ndarray::{Array2, Array3, Array4, Axis, Slice, concatenate};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const CLASSES: usize = 10;
pub const TURNS: usize = 4;
/// Images that are no digits: letters of 5 × 5 pixels, row by row.
const LETTERS: [&str; 10] = [
    "01110 10001 11111 10001 10001",
    "11110 10001 11110 10001 11110",
    "01111 10000 10000 10000 01111",
    "11110 10001 10001 10001 11110",
    "11111 10000 11110 10000 11111",
    "11111 10000 11110 10000 10000",
    "01111 10000 10011 10001 01111",
    "10001 10001 11111 10001 10001",
    "00111 00010 00010 10010 01100",
    "10001 10010 11100 10010 10001",
];

#[derive(Parser)]
pub struct Options {
    /// Numbers of channels
    #[arg(long, value_delimiter = ',', default_value = "4,16,64")]
    pub widths: Vec<usize>,
    /// Networks of each ensemble, an even number
    #[arg(long, default_value_t = 24)]
    pub members: usize,
    /// Sizes of smaller ensembles to compare, at most a quarter of the members
    #[arg(long, value_delimiter = ',', default_value = "2,6")]
    pub sizes: Vec<usize>,
    /// Numbers of steps at which to look
    #[arg(long, value_delimiter = ',', default_value = "10,40")]
    pub steps: Vec<u64>,
    /// Learning rate, as a part of the largest stable one
    #[arg(long, default_value_t = 0.1)]
    rate: f64,
    /// Digits that are learned
    #[arg(long, default_value_t = 10)]
    train: usize,
    /// Digits, and images of noise, that are predicted
    #[arg(long, default_value_t = 10)]
    test: usize,
    /// Edge of the images
    #[arg(long, default_value_t = 7)]
    edge: usize,
    /// Group convolutions that see all orientations, instead of filters that are the same in both networks
    #[arg(long)]
    group_convolution: bool,
    /// Where to write all numbers [default: results/NAME.csv]
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Folder for pictures
    #[cfg(feature = "plot")]
    #[arg(long)]
    pub plot: Option<PathBuf>,
}

impl Options {
    pub fn check(&self) -> Result<()> {
        let sizes = 1..=self.members / 4;
        if self.members < 8
            || self.members % 2 == 1
            || self.sizes.iter().any(|size| !sizes.contains(size))
            || self.widths.is_empty()
            || self.steps.is_empty()
            || !self.steps.is_sorted()
        {
            return Err("expected widths, increasing steps, an even number of members, at least 8, and sizes up to a quarter of it".into());
        }
        Ok(())
    }

    /// Where to write the table of this example, in a folder that exists then.
    pub fn table(&self, name: &str) -> Result<PathBuf> {
        let default = || PathBuf::from(format!("results/{name}.csv"));
        let path = self.csv.clone().unwrap_or_else(default);
        crate::shared::create_folder_of(&path)?;
        Ok(path)
    }
}

/// What all ensembles have in common.
pub struct Setting {
    pub options: Options,
    pub train: Array4<f64>,
    pub targets: Array2<f64>,
    /// Where outputs are wanted: digits, letters, noise.
    pub inputs: Array4<f64>,
    pub kinds: [(&'static str, std::ops::Range<usize>); 3],
    pub rate: f64,
}

impl Setting {
    pub fn new(options: Options) -> Result<Setting> {
        options.check()?;
        let edge = options.edge;
        let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
        let (train, test) =
            digits
                .resized(edge, edge)?
                .balanced_split(options.train, options.test, 0)?;
        let (train, statistics) = train.standardised()?;
        let test = statistics.apply(&test)?;
        let targets = centred_one_hot(train.labels(), CLASSES)?;
        let letters = letters(edge)?;
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let noise = Array4::from_shape_simple_fn(test.images().dim(), || {
            rng.sample::<f64, _>(StandardNormal)
        });
        let counts = [test.len(), test.len() + letters.len()];
        let inputs = [test.images().view(), letters.images().view(), noise.view()];
        let inputs = concatenate(Axis(0), &inputs)?;
        let kinds = [
            ("test digits", 0..counts[0]),
            ("letters", counts[0]..counts[1]),
            ("noise", counts[1]..inputs.len_of(Axis(0))),
        ];
        let mut setting = Setting {
            train: train.images().clone(),
            options,
            targets,
            inputs,
            kinds,
            rate: 0.0,
        };
        // The learning rate of the infinite network serves all widths, and the augmented ones: their loss is a mean over copies.
        let c4 = setting.network(PointGroup::C4, 2)?;
        let gram = Kernel::new(&c4)?.gram(setting.train.view())?;
        let train = Kernels::of(KernelKind::Ntk, &gram);
        let model = Regression::new().fit(train, setting.targets.view())?;
        setting.rate = setting.options.rate * model.flow().stable_learning_rate()?;
        Ok(setting)
    }

    /// A lifting, and at will a second layer with weights: for each orientation by itself, so that its weights are those of the CNN, or over
    /// all of them.
    pub fn network(&self, group: PointGroup, layers: usize) -> Result<Network> {
        let (filter, scale) = (|| Filter::window(3, Padding::Valid), Init::new(1.4, 0.1));
        let edge = self.options.edge;
        let mut features = Network::plane(edge, edge, 1)
            .lifting(group, filter(), scale)
            .activation(Activation::Erf);
        if layers > 1 {
            features = match self.options.group_convolution {
                true => features.group_convolution(filter(), scale),
                false => features.dense(scale),
            }
            .activation(Activation::Erf);
        }
        Ok(features.group_pooling().dense(scale).build()?)
    }

    /// Trains an ensemble, on all turned copies of the digits if it is augmented.
    pub fn learn(&self, network: &Network, width: usize, augmented: bool) -> Result<Vec<Outputs>> {
        let options = &self.options;
        let finite = FiniteNetwork::new(network, Width::new(width, CLASSES), 0, DType::F32)?;
        let train = finite.prepare(self.train.view())?;
        let inputs = finite.prepare(turned(&self.inputs).view())?;
        let turns = Augmentation::images(options.edge, options.edge, PointGroup::C4.elements())?;
        let member = |member: usize| {
            let finite = finite.reinitialised(1 + member as u64 / 2)?;
            if member % 2 == 1 {
                negate_last_layer(&finite)?;
            }
            let mut trainer =
                Trainer::regression(&finite, &train, self.targets.view()).learning_rate(self.rate);
            if augmented {
                trainer = trainer.augmentation(turns.clone());
            }
            let mut trainer = trainer.build()?;
            let mut outputs = Vec::new();
            for steps in &options.steps {
                trainer.run(steps - trainer.steps())?;
                outputs.push(array(&finite.forward(&inputs)?)?);
            }
            Ok(outputs)
        };
        let members = (0..options.members)
            .into_par_iter()
            .map(member)
            .collect::<Result<Vec<_>>>()?;
        (0..options.steps.len())
            .map(|at| {
                let outputs: Vec<_> = members.iter().map(|member| member[at].view()).collect();
                Ok(Outputs(ndarray::stack(Axis(0), &outputs)?))
            })
            .collect()
    }
}

fn letters(edge: usize) -> Result<ImageSet> {
    let pixels: Vec<Vec<u8>> = LETTERS.map(|l| l.replace(' ', "").into_bytes()).to_vec();
    let images = Array4::from_shape_fn((pixels.len(), 7, 7, 1), |(i, y, x, _)| {
        let inside = (1..6).contains(&y) && (1..6).contains(&x);
        f64::from(u8::from(inside && pixels[i][5 * (y - 1) + x - 1] == b'1'))
    });
    let labels = (0..pixels.len()).collect();
    let names = "ABCDEFGHJK".chars().map(String::from).collect();
    let letters = ImageSet::new(images, labels, names)?;
    Ok(letters.resized(edge, edge)?.standardised()?.0)
}

/// All turns of each image, one after the other.
fn turned(images: &Array4<f64>) -> Array4<f64> {
    let turns = PointGroup::C4.elements();
    let (count, edge, ..) = images.dim();
    Array4::from_shape_fn((count * TURNS, edge, edge, 1), |(i, y, x, c)| {
        let (y, x) = turns[i % TURNS].source(edge, edge, y, x);
        images[[i / TURNS, y, x, c]]
    })
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

/// Outputs of an ensemble at one time, `[members, inputs · turns, classes]`.
#[derive(Clone)]
pub struct Outputs(pub Array3<f64>);

impl Outputs {
    /// Those for some inputs.
    pub fn of(&self, inputs: &std::ops::Range<usize>) -> Outputs {
        let rows = Slice::from(inputs.start * TURNS..inputs.end * TURNS);
        Outputs(self.0.slice_axis(Axis(1), rows).to_owned())
    }

    /// The means over the turns of each image.
    pub fn turn_means(&self) -> Array3<f64> {
        let (members, rows, classes) = self.0.dim();
        let shape = (members, rows / TURNS, classes);
        Array3::from_shape_fn(shape, |(m, i, c)| {
            (0..TURNS)
                .map(|turn| self.0[[m, i * TURNS + turn, c]])
                .sum::<f64>()
                / TURNS as f64
        })
    }
}

/// Means of the two networks of each pair. Pairs are independent of each other.
pub fn pairs(outputs: &Array3<f64>) -> Array3<f64> {
    let (members, rows, classes) = outputs.dim();
    Array3::from_shape_fn((members / 2, rows, classes), |(p, i, c)| {
        0.5 * (outputs[[2 * p, i, c]] + outputs[[2 * p + 1, i, c]])
    })
}

/// One network of each pair: independent ones, as an ensemble has them.
pub fn singles(outputs: &Array3<f64>) -> Array3<f64> {
    let members = Slice::from(..).step_by(2);
    outputs.slice_axis(Axis(0), members).to_owned()
}

/// Mean square of the entries.
pub fn mean_square(values: &Array2<f64>) -> f64 {
    values.map(|x| x * x).sum() / values.len() as f64
}

/// A root mean square, and between which numbers it lies: two standard errors of its square to either side, for an expectation.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Size {
    /// From independent samples `[n, rows, classes]`.
    pub fn of_expectation(samples: &Array3<f64>) -> Result<Size> {
        let UnbiasedRms { value, low, high } = UnbiasedRms::of(samples.view())?;
        Ok(Size { value, low, high })
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.4} [{:.4}, {:.4}]", self.value, self.low, self.high)
    }
}
