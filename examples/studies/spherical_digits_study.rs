//! Who: someone who classifies signals on the sphere that have no upright position, and asks which filters to take.
//! What: projects handwritten digits onto the sphere, rotates each at random, and classifies them with the neural tangent kernels of
//!       an MLP on the coefficients, of an invariant network with global filters and of one with local filters.
//! Run:  cargo run --release --features data --example spherical_digits_study
//!       cargo run --release --features data --example spherical_digits_study -- --sizes 20,50,100 --test 120
//!       cargo run --release --features plot --example spherical_digits_study -- --plot results
//! Expect: a table of accuracies against the number of training digits; ten seconds, and some minutes for the larger one.
//!
//! The invariant network with global filters is the MLP with all rotated copies of its data. A pair of digits takes milliseconds with
//! local filters and microseconds with the others. The ridge is chosen by cross-validation within the training digits. See docs/kernels.md.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;
#[path = "../shared/digits.rs"]
mod digits;

use std::f64::consts::{FRAC_PI_2, PI};
use std::time::Instant;

use clap::Parser;
use digits::{Digits, invariant, mlp, project};
use haarmonic::data::image_source::read_images;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Network};
use haarmonic::predict::classification::{accuracy, centred_one_hot, confusion};
use haarmonic::predict::{KernelRidge, Ridge, metrics};
use haarmonic::{Error, Result};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Candidates for the ridge, relative to the mean diagonal of the kernel: powers of √10.
const RIDGES: std::ops::RangeInclusive<i32> = -8..=0;
const FOLDS: usize = 5;
const CLASSES: usize = 10;

#[derive(Parser)]
struct Arguments {
    /// Band limit L of the digits on the sphere
    #[arg(long, default_value_t = 6)]
    band_limit: usize,
    /// Training digits for the table, as a list
    #[arg(long, value_delimiter = ',', default_value = "10,20")]
    sizes: Vec<usize>,
    /// Test digits
    #[arg(long, default_value_t = 20)]
    test: usize,
    /// Colatitude of the edges of an image, in radians
    #[arg(long, default_value_t = FRAC_PI_2)]
    reach: f64,
    /// Opening angles of the local filters, in radians
    #[arg(long, value_delimiter = ',', default_value = "1,1")]
    caps: Vec<f64>,
    /// Band limit of the quadrature over rotations, at least that of the digits
    #[arg(long, default_value_t = 8)]
    quadrature: usize,
    /// Leave the local filters out
    #[arg(long)]
    fast: bool,
    /// Seed of the draw and of the rotations
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for pictures
    #[cfg(feature = "plot")]
    #[arg(long)]
    plot: Option<std::path::PathBuf>,
}

fn main() -> std::process::ExitCode {
    shared::exit_code(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<()> {
    let largest = arguments.sizes.iter().copied().max().unwrap_or(0);
    if let Some(size) = arguments.sizes.iter().find(|&&size| size < 2 * FOLDS) {
        return Err(wrong(
            "--sizes",
            *size,
            format!("{} digits or more, two for each fold", 2 * FOLDS),
        ));
    }
    if !(arguments.reach > 0.0 && arguments.reach < PI) {
        return Err(wrong(
            "--reach",
            arguments.reach,
            "radians between 0 and π".into(),
        ));
    }
    let &[first, second] = &arguments.caps[..] else {
        return Err(wrong("--caps", arguments.caps.len(), "two angles".into()));
    };
    let invariant = |filters| invariant(arguments.band_limit, arguments.quadrature, filters);
    let global = invariant([Filter::Global, Filter::Global])?;
    let mlp = mlp(arguments.band_limit)?;
    let local = invariant([Filter::cap(first), Filter::cap(second)])?;
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = digits.balanced_split(largest, arguments.test, arguments.seed)?;
    let [train, test] =
        [train, test].map(|set| project(&set, arguments.band_limit, arguments.reach));
    let (mut train, mut test) = (train?, test?);
    // One scale for all: the training digits have mean square 1 on the sphere.
    let scale = train.mean_square().sqrt();
    for set in [&mut train, &mut test] {
        set.coeffs.mapv_inplace(|c| c / scale);
    }

    let mut rng = ChaCha8Rng::seed_from_u64(arguments.seed);
    let [turned_train, turned_test] = [&train, &test].map(|set| set.turned(&mut rng));
    let turned = [turned_train?, turned_test?];
    #[cfg(feature = "plot")]
    if let Some(folder) = &arguments.plot {
        draw(&train, folder, "digit.svg")?;
        draw(&turned[0], folder, "turned-digit.svg")?;
    }
    say!(
        "{largest} training and {} test digits, band limit {}; accuracy in %, ± its standard error over disjoint training sets",
        arguments.test,
        arguments.band_limit
    );
    say_part!("{:<32}", "training digits");
    arguments
        .sizes
        .iter()
        .for_each(|size| say_part!("{size:>13}"));
    say!("{:>11}{:>11}", "time", "error");
    let labels = [&train.labels[..], &test.labels];
    let vectors = [&train, &test].map(Digits::vectors);
    let turned_vectors = turned.each_ref().map(Digits::vectors);
    let row = |name, network, signals| classify(name, network, signals, labels, &arguments.sizes);
    row(
        "MLP, digits as they are",
        &mlp,
        vectors.each_ref().map(|v| v.view().into()),
    )?;
    row(
        "MLP, rotated digits",
        &mlp,
        turned_vectors.each_ref().map(|v| v.view().into()),
    )?;
    let signals = turned.each_ref().map(|digits| digits.coeffs.view().into());
    row("global filters, rotated digits", &global, signals)?;
    if !arguments.fast {
        row("local filters, rotated digits", &local, signals)?;
    }
    Ok(())
}

/// Draws the first of the digits as it lies on the sphere.
#[cfg(feature = "plot")]
fn draw(digits: &Digits, folder: &std::path::Path, name: &str) -> Result<()> {
    use haarmonic::plot::{Labels, Projection, SphereSignal, sphere_signal};
    shared::create_folder(folder)?;
    let digit = digits.coeffs.index_axis(Axis(0), 0);
    let signal = SphereSignal::Coefficients(digit.index_axis_move(Axis(0), 0));
    let title = format!("A digit {}", digits.labels[0]);
    let labels = Labels {
        title: &title,
        ..Labels::default()
    };
    sphere_signal(signal, Projection::Mollweide, &labels, folder.join(name))
}

fn wrong(what: &str, found: impl Into<haarmonic::error::Value>, expected: String) -> Error {
    Error::invalid(what, found, expected)
}

/// Prints the accuracies of one network for all training sizes, each on disjoint parts of the training digits.
fn classify(
    name: &str,
    network: &Network,
    [train, test]: [Signals<'_>; 2],
    [labels, truth]: [&[usize]; 2],
    sizes: &[usize],
) -> Result<()> {
    let start = Instant::now();
    let kernel = Kernel::new(network)?;
    let inputs = kernel.prepare(train)?;
    let gram = kernel.gram_prepared(&inputs)?;
    let cross = kernel.cross_prepared(&kernel.prepare(test)?, &inputs)?;
    let seconds = start.elapsed().as_secs_f64();
    say_part!("{name:<32}");
    for &size in sizes {
        let scores = (0..labels.len() / size)
            .map(|split| {
                let part: Vec<usize> = (split * size..(split + 1) * size).collect();
                let model = regression(
                    &gram.ntk,
                    labels,
                    &part,
                    best_ridge(&gram.ntk, labels, &part)?,
                )?;
                let scores = model.predict(cross.ntk.select(Axis(1), &part).view())?;
                accuracy(scores.view(), truth)
            })
            .collect::<Result<Vec<f64>>>()?;
        let mean = 100.0 * metrics::mean(&scores)?;
        match scores.len() {
            1 => say_part!("{mean:>8.1}     "),
            _ => say_part!(
                "{mean:>8.1} ±{:>3.1}",
                100.0 * metrics::standard_error(&scores)?
            ),
        }
        assert!(mean > 0.0 && mean <= 100.0);
    }
    say!("{seconds:>9.1} s{:>11.0e}", gram.error.largest().ntk);
    Ok(())
}

/// The ridge with the most hits in cross-validation within a part of the training digits, the largest among equals.
fn best_ridge(gram: &Array2<f64>, labels: &[usize], part: &[usize]) -> Result<Ridge> {
    let diagonal = part.iter().map(|&i| gram[[i, i]]).sum::<f64>() / part.len() as f64;
    let ridges = RIDGES.map(|e| Ridge::Absolute(diagonal * 10f64.powf(f64::from(e) / 2.0)));
    // A fixed quadrature leaves a kernel positive up to its error only: ridges below that are out.
    let above = |ridge: &Ridge| regression(gram, labels, part, *ridge).is_ok();
    let ridges: Vec<Ridge> = ridges.filter(above).collect();
    let mut hits = vec![0; ridges.len()];
    for fold in 0..FOLDS {
        let (own, rest): (Vec<usize>, Vec<usize>) = part.iter().partition(|&i| i % FOLDS == fold);
        let block = gram.select(Axis(0), &own).select(Axis(1), &rest);
        let own: Vec<usize> = own.iter().map(|&i| labels[i]).collect();
        for (hits, ridge) in hits.iter_mut().zip(&ridges) {
            let scores = regression(gram, labels, &rest, *ridge)?.predict(block.view())?;
            *hits += confusion(scores.view(), &own)?.diag().sum();
        }
    }
    let most = hits.iter().copied().max().unwrap_or(0);
    let best = hits.iter().rposition(|&h| h == most).unwrap_or(0);
    ridges.get(best).copied().ok_or_else(|| {
        wrong(
            "--quadrature",
            "kernels with a large error",
            "a finer one".into(),
        )
    })
}

/// Regression on one-hot labels from a part of the digits.
fn regression(
    gram: &Array2<f64>,
    labels: &[usize],
    part: &[usize],
    ridge: Ridge,
) -> Result<KernelRidge> {
    let own: Vec<usize> = part.iter().map(|&i| labels[i]).collect();
    let one_hot = centred_one_hot(&own, CLASSES)?;
    let square = gram.select(Axis(0), part).select(Axis(1), part);
    KernelRidge::fit(square.view(), one_hot.view(), ridge)
}
