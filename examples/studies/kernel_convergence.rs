//! Who: someone who asks how wide is wide enough.
//! What: compares the kernels of finite networks, averaged over initialisations, with those of infinitely wide ones, as the
//!       width grows: over C4 and over SO(3), with global and with local filters.
//! Run:  cargo run --release --features finite-width --example kernel_convergence
//!       cargo run --release --features finite-width,plot --example kernel_convergence -- --widths 4,8,16,32,64 \
//!           --initialisations 600 --csv results/kernel_convergence.csv --plot results
//! Expect: a table of relative deviations with 90 % bootstrap intervals. Those of the mean fall like one over the width until
//!       they meet the noise of the average, those of single networks like its square root; ten seconds.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::error::FileOperation;
use haarmonic::finite_width::candle_core::DType;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width};
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, InputSpace, Network, Padding, Quadrature, SphereSampling};
use haarmonic::sphere::Sampling;
use haarmonic::{Error, Result};
use ndarray::{Array2, Array4};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Resampled means of an interval.
const RESAMPLES: usize = 400;
/// The parts of them below and above it.
const TAIL: f64 = 0.05;
/// Squares make the kernel of the first layer fluctuate, and the second kernel is curved, but bounded: deviations of the mean are
/// large enough to be seen with few networks.
const FIRST: Activation = Activation::Monomial { degree: 2 };
const SECOND: Activation = Activation::Gaussian;

/// Of the kernels; deviations are larger.
const QUADRATURE: Quadrature = Quadrature::Tolerance(1e-3);

#[derive(Parser)]
struct Options {
    /// Numbers of channels
    #[arg(long, value_delimiter = ',', default_value = "4,8,16,32")]
    widths: Vec<usize>,
    /// Networks to average over
    #[arg(long, default_value_t = 120)]
    initialisations: u64,
    /// Where to write all numbers
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Folder for pictures
    #[cfg(feature = "plot")]
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// Deviations at one width.
struct Row {
    width: usize,
    /// Of the mean, with the ends of its interval.
    mean: [f64; 3],
    /// Root mean square of single networks.
    single: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.initialisations < 2 || options.widths.is_empty() {
        return Err(Error::invalid(
            "initialisations and widths",
            format!("{}, {:?}", options.initialisations, options.widths),
            "at least 2, and at least one width",
        ));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let images = Array4::from_shape_simple_fn((2, 4, 4, 1), || rng.random_range(-0.5..1.5));
    let [rings, longitudes] = Sampling::GaussLegendre.shape(3)?;
    let maps =
        Array4::from_shape_simple_fn((2, rings, longitudes, 1), || rng.random_range(-0.5..1.5));

    let window = || Filter::window(3, Padding::Circular);
    let cases: [(&str, Network, Signals<'_>); 4] = [
        (
            "C4 global",
            planar(|| Filter::Global)?,
            images.view().into(),
        ),
        ("C4 local", planar(window)?, images.view().into()),
        (
            "SO(3) global",
            spherical(|| Filter::Global)?,
            maps.view().into(),
        ),
        (
            "SO(3) local",
            spherical(|| Filter::cap(0.8))?,
            maps.view().into(),
        ),
    ];
    let mut csv = String::from("network,kernel,width,deviation,low,high,single\n");
    let mut all = Vec::new();
    for (name, network, signals) in &cases {
        say!("{name}\n       width   deviation of the mean          times width   of one network");
        for (kernel, rows) in ["NNGP", "NTK"]
            .iter()
            .zip(convergence(network, *signals, &options)?)
        {
            for row in &rows {
                let [mean, low, high] = row.mean;
                say!(
                    "  {kernel:4} {:5}   {mean:.4}  [{low:.4}, {high:.4}]   {:11.2}   {:14.3}",
                    row.width,
                    mean * row.width as f64,
                    row.single
                );
                writeln!(
                    csv,
                    "{name},{kernel},{},{mean},{low},{high},{}",
                    row.width, row.single
                )
                .expect("a string takes all there is");
            }
            if let [first, .., last] = &rows[..] {
                assert!(
                    last.mean[0] < first.mean[0],
                    "{name}, {kernel}: no convergence"
                );
            }
            all.push((*name, *kernel, rows));
        }
    }
    #[cfg(feature = "plot")]
    if let Some(folder) = &options.plot {
        draw_pictures(&all, folder)?;
    }
    if let Some(path) = options.csv {
        shared::create_folder_of(&path)?;
        std::fs::write(&path, csv).map_err(|error| Error::io(path, FileOperation::Write, error))?;
    }
    Ok(())
}

/// Draws the deviations of the mean against the width, a picture for each kernel.
#[cfg(feature = "plot")]
fn draw_pictures(all: &[(&str, &str, Vec<Row>)], folder: &std::path::Path) -> Result<()> {
    use haarmonic::plot::{Curve, Labels, convergence};
    shared::create_folder(folder)?;
    for (kernel, file) in [
        ("NNGP", "convergence-nngp.svg"),
        ("NTK", "convergence-ntk.svg"),
    ] {
        let shown = all.iter().filter(|(_, of, _)| *of == kernel);
        let columns: Vec<_> = shown
            .map(|(name, _, rows)| {
                let column =
                    |value: fn(&Row) -> f64| -> Vec<f64> { rows.iter().map(value).collect() };
                let columns = [
                    column(|row| row.width as f64),
                    column(|row| row.mean[0]),
                    column(|row| 0.5 * (row.mean[2] - row.mean[1])),
                ];
                (*name, columns)
            })
            .collect();
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
            title: kernel,
            y: "relative deviation of the mean",
            ..Labels::default()
        };
        convergence(&curves, &labels, folder.join(file))?;
    }
    say!("pictures in {}", folder.display());
    Ok(())
}

fn planar(filter: impl Fn() -> Filter) -> Result<Network> {
    let init = Init::new(1.0, 0.3);
    Network::plane(4, 4, 1)
        .lifting(PointGroup::C4, filter(), init)
        .activation(FIRST)
        .group_convolution(filter(), init)
        .activation(SECOND)
        .group_pooling()
        .dense(Init::default())
        .build()
}

/// With squares of signals of band limit 3 features have a band limit of 5, and the convolution loses nothing.
fn spherical(filter: impl Fn() -> Filter) -> Result<Network> {
    let init = Init::new(1.0, 0.3);
    Network::sphere(3, SphereSampling::Grid(Sampling::GaussLegendre), 1)
        .quadrature(Quadrature::BandLimit(5))
        .lifting_with(filter(), init)
        .activation(FIRST)
        .group_convolution_with(filter(), init)
        .activation(SECOND)
        .group_pooling()
        .dense(Init::default())
        .build()
}

/// The kernel, on the sphere with a finer quadrature than that of finite networks.
fn exact_kernel(network: &Network) -> Result<Kernel> {
    match network.input() {
        InputSpace::Sphere { .. } => Kernel::new(&network.clone().with_quadrature(QUADRATURE)?),
        _ => Kernel::new(network),
    }
}

/// The rows of both kernels.
fn convergence(
    network: &Network,
    signals: Signals<'_>,
    options: &Options,
) -> Result<[Vec<Row>; 2]> {
    let exact = exact_kernel(network)?.gram(signals)?;
    let mut rows = [Vec::new(), Vec::new()];
    for &width in &options.widths {
        let finite = FiniteNetwork::new(network, Width::new(width, 1), 0, DType::F32)?;
        let inputs = finite.prepare(signals)?;
        let grams = (1..=options.initialisations)
            .into_par_iter()
            .map(|seed| EmpiricalKernel::default().gram(&finite.reinitialised(seed)?, &inputs))
            .collect::<Result<Vec<_>>>()?;
        let [nngp, ntk]: [Vec<_>; 2] = [
            grams.iter().map(|gram| &gram.nngp).collect(),
            grams.iter().map(|gram| &gram.ntk).collect(),
        ];
        rows[0].push(row(width, &nngp, &exact.nngp));
        rows[1].push(row(width, &ntk, &exact.ntk));
    }
    Ok(rows)
}

fn row(width: usize, found: &[&Array2<f64>], exact: &Array2<f64>) -> Row {
    let norm = |matrix: &Array2<f64>| matrix.iter().map(|x| x * x).sum::<f64>().sqrt();
    let deviation = |mean: &Array2<f64>| norm(&(mean - exact)) / norm(exact);
    let mean_of = |choose: &mut dyn FnMut(usize) -> usize| {
        let mut sum = Array2::zeros(exact.dim());
        for i in 0..found.len() {
            sum += found[choose(i)];
        }
        sum / found.len() as f64
    };
    let mean = deviation(&mean_of(&mut |i| i));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| deviation(&mean_of(&mut |_| draw(&mut rng, found.len()))))
        .collect();
    resampled.sort_by(f64::total_cmp);
    let quantile = |part: f64| resampled[(part * (RESAMPLES - 1) as f64).round() as usize];
    let squares = found.iter().map(|one| deviation(one).powi(2)).sum::<f64>();
    Row {
        width,
        mean: [mean, quantile(TAIL), quantile(1.0 - TAIL)],
        single: (squares / found.len() as f64).sqrt(),
    }
}

fn draw<R: Rng>(rng: &mut R, count: usize) -> usize {
    rng.random_range(0..count)
}
