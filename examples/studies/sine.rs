//! Who: someone who asks what training does to a network, and when the kernel tells.
//! What: networks of growing width learn a sine from a few points; mean and band of the ensemble against those of the NTK, and
//!       how much the empirical NTK of a network changes while it is trained.
//! Run:  cargo run --release --features finite-width --example sine
//!       cargo run --release --features finite-width,plot --example sine -- --widths 8,64,256,1024,4096 --plot results
//! Expect: a table of distances to the NTK and of the change of the kernel. The mean comes as close as the noise of the ensemble
//!       lets it. That noise is smaller without what is left of the functions f₀ at the beginning, which infinitely wide
//!       networks tell, and which is zero in the mean. The change of the kernel falls: wide networks are frozen. A few seconds.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

#[cfg(feature = "plot")]
use std::path::Path;
use std::path::PathBuf;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::atomic::write_csv;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Trainer, Width};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::predict::{KernelKind, Kernels, Marginals, Regression, Time};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, Axis, Slice, concatenate};

/// Points that are learned, and points in between and around.
const TRAIN: usize = 8;
const TEST: usize = 33;
/// Networks whose kernels are followed, at most.
const FOLLOWED: u64 = 8;
const RANGE: f64 = std::f64::consts::PI;

#[derive(Parser)]
struct Options {
    /// Numbers of channels
    #[arg(long, value_delimiter = ',', default_value = "8,64,512")]
    widths: Vec<usize>,
    /// Networks of an ensemble
    #[arg(long, default_value_t = 24)]
    members: u64,
    /// Numbers of steps at which to look, beside the beginning
    #[arg(long, value_delimiter = ',', default_value = "2,10,50")]
    steps: Vec<u64>,
    /// Where to write the curves: mean and band at each point, width and time; the infinite width is `inf`
    #[arg(long, default_value = "results/sine.csv")]
    csv: PathBuf,
    /// Folder for pictures
    #[cfg(feature = "plot")]
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// Mean and standard deviation at all test points.
struct Curve {
    width: String,
    steps: u64,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Curve {
    /// Of the outputs of some networks.
    fn of(width: usize, steps: u64, outputs: &[&[f64]]) -> Curve {
        let count = outputs.len() as f64;
        let mean: Vec<f64> = (0..outputs[0].len())
            .map(|i| outputs.iter().map(|f| f[i]).sum::<f64>() / count)
            .collect();
        let variance = |i: usize| {
            outputs
                .iter()
                .map(|f| (f[i] - mean[i]).powi(2))
                .sum::<f64>()
        };
        Curve {
            width: width.to_string(),
            steps,
            deviation: (0..mean.len())
                .map(|i| (variance(i) / (count - 1.0)).sqrt())
                .collect(),
            mean,
        }
    }
}

/// Distances to the NTK, root mean squares over the test points.
#[derive(Debug)]
struct Row {
    width: usize,
    steps: u64,
    /// Of the means.
    mean: f64,
    /// Of the means less what is left of the functions at the beginning, with its noise.
    rest: f64,
    noise: f64,
    /// Of the standard deviations.
    band: f64,
    /// Of the empirical NTK, relative, since the beginning.
    change: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.members < 2
        || !options.steps.is_sorted()
        || options.widths.is_empty()
        || options.steps.is_empty()
    {
        return Err(Error::invalid(
            "members, widths and steps",
            format!(
                "{}, {:?}, {:?}",
                options.members, options.widths, options.steps
            ),
            "at least 2, at least one, at least one and increasing",
        ));
    }
    shared::create_folder_of(&options.csv)?;
    let (train, test) = (points(TRAIN, RANGE), points(TEST, 1.3 * RANGE));
    let targets = train.slice_axis(Axis(1), Slice::from(..1)).mapv(f64::sin);
    let network = mlp()?;

    let kernel = Kernel::new(&network)?;
    let (within, across) = (
        kernel.gram(train.view())?,
        kernel.cross(test.view(), train.view())?,
    );
    let prior = kernel.gram(test.view())?.nngp;
    let of_ntk = |gram| Kernels::of(KernelKind::Ntk, gram);
    let model = Regression::new().fit(of_ntk(&within), targets.view())?;
    let rate = 0.5 * model.flow().stable_learning_rate()?;
    let regression = Regression::new().learning_rate(rate);
    let mut steps = options.steps.clone();
    steps.insert(0, 0);
    steps.dedup();
    let times: Vec<Time> = steps.iter().map(|&steps| Time::Steps(steps)).collect();
    let model = regression.fit(of_ntk(&within), targets.view())?;
    let limit = model
        .flow()
        .predict_marginals_at(of_ntk(&across), prior.diag(), &times)?;
    // What is left after some steps of functions that infinitely wide networks begin with.
    let left_of = |first: &[f64]| -> Result<Vec<Array1<f64>>> {
        let on_train = Array2::from_shape_fn((TRAIN, 1), |(i, _)| first[i]);
        let learned = regression.fit(of_ntk(&within), on_train.view())?;
        let learned = learned.flow().predict_mean_at(across.ntk.view(), &times)?;
        let on_test = ArrayView1::from(&first[TRAIN..]);
        Ok(learned.iter().map(|l| &on_test - &l.column(0)).collect())
    };

    say!("learning rate {rate:.3}, {} members\n", options.members);
    say!("  width   steps   mean to NTK   without f₀ ± noise   band to NTK   change of the kernel");
    let mut curves: Vec<Curve> = limit.iter().zip(&steps).map(exact).collect();
    let mut rows = Vec::new();
    for &width in &options.widths {
        let finite = FiniteNetwork::new(&network, Width::new(width, 1), 0, DType::F32)?;
        let inputs = finite.prepare(train.view())?;
        let all = finite.prepare(concatenate![Axis(0), train, test].view())?;
        let trainer = Trainer::regression(&finite, &inputs, targets.view()).learning_rate(rate);
        let members = trainer.ensemble(1..1 + options.members, &steps, |trainer| {
            let network = trainer.network();
            let ntk = match network.seed() <= FOLLOWED {
                true => Some(EmpiricalKernel::default().gram(network, &inputs)?.ntk),
                false => None,
            };
            Ok((values(&network.forward(&all)?)?, ntk))
        })?;
        for (at, &steps) in steps.iter().enumerate() {
            let outputs: Vec<&[f64]> = members.iter().map(|m| &m[at].0[TRAIN..]).collect();
            let curve = Curve::of(width, steps, &outputs);
            // The same, less what is left of the beginning, which is zero in the mean.
            let rest: Vec<Vec<f64>> = members
                .iter()
                .map(|m| {
                    let left = &left_of(&m[0].0)?[at];
                    Ok(m[at].0[TRAIN..]
                        .iter()
                        .zip(left)
                        .map(|(f, l)| f - l)
                        .collect())
                })
                .collect::<Result<_>>()?;
            let rest: Vec<&[f64]> = rest.iter().map(Vec::as_slice).collect();
            let rest = Curve::of(width, steps, &rest);
            let changes: Vec<f64> = members
                .iter()
                .filter_map(|m| Some((m[0].1.as_ref()?, m[at].1.as_ref()?)))
                .map(|(before, now)| norm(&(now - before)) / norm(before))
                .collect();
            let row = Row {
                width,
                steps,
                mean: distance(&curve.mean, &curves[at].mean),
                rest: distance(&rest.mean, &curves[at].mean),
                noise: root_mean_square(rest.deviation.iter().copied())
                    / (options.members as f64).sqrt(),
                band: distance(&curve.deviation, &curves[at].deviation),
                change: changes.iter().sum::<f64>() / changes.len() as f64,
            };
            say!(
                "  {width:5}   {steps:5}   {:11.4}   {:9.4} ± {:.4}   {:11.4}   {:20.4}",
                row.mean,
                row.rest,
                row.noise,
                row.band,
                row.change
            );
            rows.push(row);
            curves.push(curve);
        }
    }
    write(&options.csv, &test, &curves)?;
    say!("\ncurves in {}", options.csv.display());
    #[cfg(feature = "plot")]
    if let Some(folder) = &options.plot {
        draw(&rows, &curves, &test, folder)?;
    }
    check(&rows, steps.last());
    Ok(())
}

/// Wide networks are closer to the NTK, up to noise, and change less.
fn check(rows: &[Row], last: Option<&u64>) {
    let trained: Vec<&Row> = rows.iter().filter(|row| Some(&row.steps) == last).collect();
    if let [narrow, .., wide] = trained[..] {
        assert!(
            wide.rest < narrow.rest.max(2.0 * wide.noise),
            "wide networks are no closer to the NTK: {trained:?}"
        );
        // The bound for smooth activations; wide networks do better.
        let bound = narrow.change * (narrow.width as f64 / wide.width as f64).sqrt();
        assert!(
            narrow.steps == 0 || wide.change < bound,
            "the kernel does not freeze: {trained:?}"
        );
    }
}

/// Outputs of one channel.
fn values(outputs: &Tensor) -> Result<Vec<f64>> {
    outputs
        .to_dtype(DType::F64)
        .and_then(|outputs| outputs.flatten_all()?.to_vec1())
        .map_err(|error| Error::backend("candle", error))
}

/// Equidistant points, and a constant beside the coordinate.
fn points(count: usize, range: f64) -> Array2<f64> {
    let x = |i: usize| range * (2.0 * i as f64 / (count - 1) as f64 - 1.0);
    Array2::from_shape_fn((count, 2), |(i, c)| if c == 0 { x(i) } else { 1.0 })
}

fn mlp() -> Result<Network> {
    let init = Init::new(1.5, 0.1);
    Network::vector(2)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .build()
}

fn exact((prediction, &steps): (&Marginals, &u64)) -> Curve {
    Curve {
        width: "inf".into(),
        steps,
        mean: prediction.mean.iter().copied().collect(),
        deviation: prediction.variance.iter().map(|v| v.sqrt()).collect(),
    }
}

fn norm(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn root_mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    (values.map(|x| x * x).sum::<f64>() / count).sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    root_mean_square(a.iter().zip(b).map(|(a, b)| a - b))
}

fn write(path: &PathBuf, test: &Array2<f64>, curves: &[Curve]) -> Result<()> {
    let rows = curves.iter().flat_map(|curve| {
        test.column(0).into_iter().enumerate().map(|(i, x)| {
            [
                curve.width.clone(),
                curve.steps.to_string(),
                x.to_string(),
                x.sin().to_string(),
                curve.mean[i].to_string(),
                curve.deviation[i].to_string(),
            ]
        })
    });
    write_csv(
        path,
        &["width", "steps", "x", "sine", "mean", "deviation"],
        rows,
    )
}

/// Draws mean and band of the narrowest and of the widest networks beside those of the NTK after each number of steps, and what falls
/// with the width.
#[cfg(feature = "plot")]
fn draw(rows: &[Row], curves: &[Curve], test: &Array2<f64>, folder: &Path) -> Result<()> {
    use haarmonic::plot::{Band, Curve as Line, Labels, bands, convergence};
    shared::create_folder(folder)?;
    let x = test.column(0).to_vec();
    let sine: Vec<[f64; 2]> = points(TRAIN, RANGE)
        .rows()
        .into_iter()
        .map(|x| [x[0], x[0].sin()])
        .collect();
    let (narrow, wide) = (
        rows[0].width.to_string(),
        rows[rows.len() - 1].width.to_string(),
    );
    let mut steps: Vec<u64> = rows.iter().map(|row| row.steps).collect();
    steps.sort_unstable();
    steps.dedup();
    for &steps in &steps {
        let mut shown = vec![("inf", "NTK".to_owned()), (&wide, format!("width {wide}"))];
        if wide != narrow {
            shown.push((&narrow, format!("width {narrow}")));
        }
        let shown: Vec<Band<'_>> = shown
            .iter()
            .filter_map(|(width, name)| {
                let curve = curves
                    .iter()
                    .find(|c| c.steps == steps && c.width == *width)?;
                Some(Band {
                    name,
                    x: &x,
                    mean: &curve.mean,
                    deviation: &curve.deviation,
                })
            })
            .collect();
        let title = format!("after {steps} steps");
        let labels = Labels {
            title: &title,
            x: "x",
            y: "f(x)",
            ..Labels::default()
        };
        bands(
            &shown,
            &sine,
            &labels,
            folder.join(format!("sine-{steps}.svg")),
        )?;
    }
    let trained: Vec<&Row> = rows
        .iter()
        .filter(|row| Some(&row.steps) == steps.last())
        .collect();
    let column =
        |value: fn(&Row) -> f64| -> Vec<f64> { trained.iter().map(|row| value(row)).collect() };
    let widths = column(|row| row.width as f64);
    let values = [
        ("change of the NTK", column(|row| row.change)),
        ("mean against the NTK's", column(|row| row.rest)),
        ("band against the NTK's", column(|row| row.band)),
    ];
    let lines: Vec<Line<'_>> = values
        .iter()
        .filter(|(_, mean)| mean.iter().all(|value| *value > 0.0))
        .map(|(name, mean)| Line {
            name,
            sizes: &widths,
            mean,
            error: None,
        })
        .collect();
    if !lines.is_empty() {
        let labels = Labels {
            y: "distance",
            ..Labels::default()
        };
        convergence(&lines, &labels, folder.join("sine-freezing.svg"))?;
    }
    say!("pictures in {}", folder.display());
    Ok(())
}
