//! Who: someone who classifies signals on the sphere that have no upright position, and asks which filters to take.
//! What: projects handwritten digits onto the sphere, rotates each at random, and classifies them with the neural tangent kernels of
//!       an MLP on the coefficients, of an invariant network with global filters and of one with local filters.
//! Run:  cargo run --release --features data --example spherical_digits
//!       cargo run --release --features data --example spherical_digits -- --sizes 20,50,100 --test 120
//!       cargo run --release --features plot --example spherical_digits -- --plot results
//! Expect: a table of accuracies against the number of training digits; ten seconds, and some minutes for the larger one.
//!
//! The invariant network with global filters is the MLP with all rotated copies of its data. A pair of digits takes milliseconds with
//! local filters and microseconds with the others. The ridge is chosen by cross-validation within the training digits. See docs/kernels.md.

#[macro_use]
#[path = "say/mod.rs"]
mod say;

use std::f64::consts::{FRAC_PI_2, PI};
use std::time::Instant;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::image_set::ImageSet;
use haarmonic::data::image_source::read_images;
use haarmonic::error::FileOperation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Network, Quadrature, Scale, SphereSampling, Support};
use haarmonic::predict::classification::{accuracy, centred_one_hot, confusion};
use haarmonic::predict::{KernelRidge, Ridge, metrics};
use haarmonic::sphere::{CoefficientRotation, Sampling, ShtPlanner};
use haarmonic::{Error, Result};
use ndarray::{Array2, Array4, ArrayView2, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Digits are sampled at this band limit before the high degrees are dropped.
const FINE: usize = 32;
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
    #[arg(long, default_value_t = 40)]
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
    match run(&Arguments::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::from(2)
        }
    }
}

/// Coefficients `[n, 1, L, 2L − 1]` of digits and their classes.
struct Digits {
    coeffs: Array4<Complex64>,
    labels: Vec<usize>,
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
    let invariant = |supports| invariant(arguments.band_limit, arguments.quadrature, supports);
    let global = invariant([Support::Global, Support::Global])?;
    let mlp = mlp(arguments.band_limit)?;
    let local = invariant([Support::cap(first), Support::cap(second)])?;
    let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
    let (train, test) = digits.balanced_split(largest, arguments.test, arguments.seed)?;
    let [train, test] = [train, test].map(|set| project(&set, arguments));
    let (mut train, mut test) = (train?, test?);
    // One scale for all: the training digits have mean square 1 on the sphere.
    let power: f64 = train.coeffs.iter().map(|c| c.norm_sqr()).sum();
    let scale = (power / (4.0 * PI * largest as f64)).sqrt();
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
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::io(folder, FileOperation::Create, error))?;
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

fn mlp(band_limit: usize) -> Result<Network> {
    let scale = Scale::new(1.3, 0.1);
    Network::vector(band_limit * band_limit)
        .dense(scale)
        .activation(Activation::Erf)
        .dense(scale)
        .activation(Activation::Erf)
        .dense(Scale::default())
        .build()
}

fn invariant(
    band_limit: usize,
    quadrature: usize,
    [first, second]: [Support; 2],
) -> Result<Network> {
    let scale = Scale::new(1.3, 0.1);
    Network::sphere(band_limit, SphereSampling::Coefficients, 1)
        .quadrature(Quadrature::BandLimit(quadrature))
        .lifting_with(first, scale)
        .activation(Activation::Erf)
        .group_convolution_with(second, scale)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Scale::default())
        .build()
}

/// Stereographic projection from the south pole: the middle of an image comes to the north pole, its edges to `reach`.
fn project(set: &ImageSet, arguments: &Arguments) -> Result<Digits> {
    let (sampling, limit) = (Sampling::GaussLegendre, arguments.band_limit);
    let plan = ShtPlanner::new().plan(FINE.max(limit), sampling)?;
    let (thetas, phis) = (
        sampling.colatitudes(FINE.max(limit))?,
        sampling.longitudes(FINE.max(limit))?,
    );
    let mut coeffs = Array4::zeros((set.len(), 1, limit, 2 * limit - 1));
    for (image, mut coeffs) in set.images().outer_iter().zip(coeffs.outer_iter_mut()) {
        let image = image.index_axis(Axis(2), 0);
        let samples = Array2::from_shape_fn(plan.signal_shape(), |(t, p)| {
            let radius = (thetas[t] / 2.0).tan() / (arguments.reach / 2.0).tan();
            let (sin, cos) = phis[p].sin_cos();
            // Row 0 is on top; x to the right.
            interpolate(image, [-radius * sin, radius * cos])
        });
        let fine = plan.forward(samples.view())?;
        for ((_, l, k), c) in coeffs.indexed_iter_mut() {
            *c = fine[[l, k + FINE.max(limit) - limit]];
        }
    }
    let labels = set.labels().to_vec();
    Ok(Digits { coeffs, labels })
}

/// Bilinear in the image, which covers the square from −1 to 1; zero outside.
fn interpolate(image: ArrayView2<'_, f64>, place: [f64; 2]) -> f64 {
    let (height, width) = image.dim();
    let [y, x] =
        [(place[0], height), (place[1], width)].map(|(u, n)| 0.5 * ((u + 1.0) * n as f64 - 1.0));
    let pixel = |row: f64, column: f64| {
        let inside = row >= 0.0 && column >= 0.0;
        let at = (row as usize, column as usize);
        if inside {
            image.get(at).copied().unwrap_or(0.0)
        } else {
            0.0
        }
    };
    let (row, column) = (y.floor(), x.floor());
    let (v, u) = (y - row, x - column);
    (1.0 - v) * ((1.0 - u) * pixel(row, column) + u * pixel(row, column + 1.0))
        + v * ((1.0 - u) * pixel(row + 1.0, column) + u * pixel(row + 1.0, column + 1.0))
}

impl Digits {
    /// Each digit rotated by its own random rotation.
    fn turned(&self, rng: &mut ChaCha8Rng) -> Result<Digits> {
        let rotation = CoefficientRotation::new(self.coeffs.len_of(Axis(2)))?;
        let mut coeffs = self.coeffs.clone();
        for mut digit in coeffs.outer_iter_mut() {
            let euler = Rotation::random(rng).euler_zyz();
            let turned = rotation.rotate_real(digit.index_axis(Axis(0), 0), &euler)?;
            digit.index_axis_mut(Axis(0), 0).assign(&turned);
        }
        let labels = self.labels.clone();
        Ok(Digits { coeffs, labels })
    }

    /// Real coefficients as a vector, with the mean square of the signal.
    fn vectors(&self) -> Array2<f64> {
        let (n, _, limit, _) = self.coeffs.dim();
        let unit = (limit * limit) as f64 / (4.0 * PI);
        Array2::from_shape_fn((n, limit * limit), |(i, entry)| {
            let l = entry.isqrt();
            let m = entry as isize - (l * (l + 1)) as isize;
            let value = self.coeffs[[i, 0, l, limit - 1 + m.unsigned_abs()]];
            match m {
                0 => unit.sqrt() * value.re,
                1.. => (2.0 * unit).sqrt() * value.re,
                _ => (2.0 * unit).sqrt() * value.im,
            }
        })
    }
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
