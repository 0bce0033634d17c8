//! `haarmonic learning-curve`: the error that the kernel of a network makes, predicted from its spectrum and measured.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{Numbers, read_real, write_npz};
use haarmonic::network::{InputSpace, Network};
#[cfg(feature = "plot")]
use haarmonic::plot::{AxisScale, Curve, Format, Labels, learning_curves};
use haarmonic::spectral::{
    LearningCurve, MeasuredRisk, PredictedRisk, SimulatedCurve, Spectrum, network_spectra,
};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, Axis};

use super::files::check_output;
use super::{KernelChoice, say};

/// Rows in which the ridge is less than this share of the effective ridge (times the number of points) are marked.
const LITTLE_RIDGE: f64 = 0.1;

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML), on vectors
    network: PathBuf,
    /// The mean square of the target in degree 0, 1, ...: an array (.npy), or numbers with commas
    #[arg(long, allow_hyphen_values = true)]
    target_power: String,
    /// Numbers of training points, with commas
    #[arg(long, value_delimiter = ',', required = true)]
    points: Vec<usize>,
    /// The kernel that predicts
    #[arg(long, value_enum, default_value = "ntk")]
    kernel: KernelChoice,
    /// The number added to the diagonal of the kernel matrix
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    ridge: f64,
    /// Variance of the noise of the targets
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    noise: f64,
    /// Number of degrees of the spectrum; usually 64, and fewer in more than 8 dimensions
    #[arg(long)]
    degrees: Option<usize>,
    /// Measure as well: the number of regressions on random points with random targets
    #[arg(long)]
    simulate: Option<usize>,
    /// Seed of points, targets and noise
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to draw the curves (.png or .svg)
    #[cfg(feature = "plot")]
    #[arg(long)]
    picture: Option<PathBuf>,
    /// Where to write `points`, `risk`, `test`, `train`, `effective_ridge`, `learnability` and `mode_risk` by degree, and with --simulate `measured`,
    /// `measured_error`, `leave_one_out`, `leave_one_out_error` (.npz)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.network.as_path()])?;
    #[cfg(feature = "plot")]
    if let Some(picture) = &arguments.picture {
        check_output(
            picture,
            [&arguments.network, &arguments.out].map(PathBuf::as_path),
        )?;
        Format::of(picture)?;
    }
    let power = power(arguments)?;
    let network = Network::read(&arguments.network)?;
    let degrees = degrees(arguments, &network, power.len())?;
    let simulation = simulation(arguments, &network, &power)?;
    let spectra =
        network_spectra(&network, degrees).map_err(|error| error.in_file(&arguments.network))?;
    let spectrum = match arguments.kernel {
        KernelChoice::Ntk => spectra.ntk,
        KernelChoice::Nngp => spectra.nngp,
    };
    let mut padded = power;
    padded.resize(degrees, 0.0);
    let curve = LearningCurve::new(&spectrum.eigenvalues, &spectrum.multiplicities, &padded)?
        .with_tail(spectrum.tail, 0.0)?
        .with_ridge(arguments.ridge)?
        .with_noise(arguments.noise)?;
    let points = arguments.points.iter();
    let predicted: Vec<PredictedRisk> =
        points.map(|&n| curve.at(n as f64)).collect::<Result<_>>()?;
    let measured = match &simulation {
        Some(simulation) => Some(simulation.run(&arguments.points)?),
        None => None,
    };
    write(arguments, &spectrum, &predicted, measured.as_deref())?;
    #[cfg(feature = "plot")]
    if let Some(picture) = &arguments.picture {
        draw(arguments, &predicted, measured.as_deref(), picture)?;
    }
    say::lines(&table(
        arguments,
        &spectrum,
        &predicted,
        measured.as_deref(),
    ))
}

/// The power of the target, from numbers or from a file.
fn power(arguments: &Arguments) -> Result<Vec<f64>> {
    let text = &arguments.target_power;
    let numbers = text.split(',').map(|number| number.trim().parse::<f64>());
    if let Ok(numbers) = numbers.collect::<std::result::Result<Vec<_>, _>>() {
        return checked(numbers);
    }
    let path = PathBuf::from(text);
    check_output(&arguments.out, [path.as_path()])?;
    let array = read_real(&path)?;
    match array.ndim() {
        1 => checked(array.into_iter().collect()).map_err(|error| error.in_file(&path)),
        _ => Err(Error::shape("power of the target", "[degrees]", array.shape()).in_file(&path)),
    }
}

/// Powers that are none are named by their degree.
fn checked(power: Vec<f64>) -> Result<Vec<f64>> {
    let wrong = |value: &f64| !(value.is_finite() && *value >= 0.0);
    match power.iter().position(wrong) {
        None => Ok(power),
        Some(degree) => Err(Error::invalid(
            format!("--target-power in degree {degree}"),
            power[degree],
            "a finite number, 0 or more",
        )),
    }
}

fn degrees(arguments: &Arguments, network: &Network, known: usize) -> Result<usize> {
    let usual = match network.input() {
        InputSpace::Vector { dimension: ..=8 } => 64,
        InputSpace::Vector { dimension: ..=16 } => 32,
        InputSpace::Vector { dimension: ..=64 } => 8,
        _ => 4,
    };
    match arguments.degrees {
        None => Ok(usual.max(known)),
        Some(degrees) if degrees < known => Err(Error::invalid(
            "number of degrees (--degrees)",
            degrees,
            format!("at least {known}, the number of degrees of the target"),
        )),
        Some(degrees) => Ok(degrees),
    }
}

fn simulation(
    arguments: &Arguments,
    network: &Network,
    power: &[f64],
) -> Result<Option<SimulatedCurve>> {
    let Some(repeats) = arguments.simulate else {
        return Ok(None);
    };
    let simulation = SimulatedCurve::new(network, power)
        .map_err(|error| error.in_file(&arguments.network))?
        .with_kernel(arguments.kernel.into())
        .with_ridge(arguments.ridge)?
        .with_noise(arguments.noise)?
        .with_repeats(repeats)?
        .with_seed(arguments.seed);
    Ok(Some(simulation))
}

fn write(
    arguments: &Arguments,
    spectrum: &Spectrum,
    predicted: &[PredictedRisk],
    measured: Option<&[MeasuredRisk]>,
) -> Result<()> {
    let list = |values: Vec<f64>| Numbers::Real(Array1::from(values).into_dyn());
    let of = |value: fn(&PredictedRisk) -> f64| list(predicted.iter().map(value).collect());
    let by_degree = |values: fn(&PredictedRisk) -> &[f64]| {
        let mut table = Array2::zeros((predicted.len(), spectrum.eigenvalues.len()));
        for (mut row, risk) in table.axis_iter_mut(Axis(0)).zip(predicted) {
            row.assign(&ndarray::aview1(values(risk)));
        }
        Numbers::Real(table.into_dyn())
    };
    let mut arrays = vec![
        (
            "points",
            list(arguments.points.iter().map(|&n| n as f64).collect()),
        ),
        ("risk", of(|risk| risk.risk)),
        ("test", of(|risk| risk.test)),
        ("train", of(|risk| risk.train)),
        ("effective_ridge", of(|risk| risk.effective_ridge)),
        ("learnability", by_degree(|risk| &risk.learnability)),
        ("mode_risk", by_degree(|risk| &risk.mode_risk)),
    ];
    if let Some(measured) = measured {
        let of = |value: fn(&MeasuredRisk) -> f64| list(measured.iter().map(value).collect());
        arrays.extend([
            ("measured", of(|risk| risk.risk)),
            ("measured_error", of(|risk| risk.risk_error)),
            ("leave_one_out", of(|risk| risk.leave_one_out)),
            ("leave_one_out_error", of(|risk| risk.leave_one_out_error)),
        ]);
    }
    write_npz(&arguments.out, &arrays)
}

fn table(
    arguments: &Arguments,
    spectrum: &Spectrum,
    predicted: &[PredictedRisk],
    measured: Option<&[MeasuredRisk]>,
) -> Vec<String> {
    let mut lines = vec![format!(
        "mean square errors without noise, on the sphere in {} dimensions",
        spectrum.dimension
    )];
    let mut header = format!("{:>7} {:>11}", "points", "predicted");
    if measured.is_some() {
        header.push_str(&format!(
            " {:>24} {:>8} {:>24}",
            "measured", "ratio", "leave-one-out"
        ));
    }
    lines.push(header);
    let mut little = false;
    for (i, (&n, risk)) in arguments.points.iter().zip(predicted).enumerate() {
        let mut line = format!("{n:>7} {:>11.4e}", risk.risk);
        if let Some(found) = measured.map(|measured| measured[i]) {
            line.push_str(&format!(
                " {:>11.4e} +- {:>9.1e} {:>8.3} {:>11.4e} +- {:>9.1e}",
                found.risk,
                found.risk_error,
                risk.risk / found.risk,
                found.leave_one_out,
                found.leave_one_out_error,
            ));
        }
        if arguments.ridge < LITTLE_RIDGE * n as f64 * risk.effective_ridge {
            line.push_str(" *");
            little = true;
        }
        lines.push(line);
    }
    if measured.is_some() && arguments.noise > 0.0 {
        lines.push(format!(
            "leave-one-out errors include the noise, {}",
            arguments.noise
        ));
    }
    if little {
        lines.push(
            "* little ridge: the theory takes eigenfunctions for independent Gaussian variables; in few dimensions the predicted error is too small"
                .into(),
        );
        if measured.is_none() {
            lines.push("  leave-one-out errors are not: look at both (--simulate)".into());
        }
    }
    lines
}

#[cfg(feature = "plot")]
fn draw(
    arguments: &Arguments,
    predicted: &[PredictedRisk],
    measured: Option<&[MeasuredRisk]>,
    picture: &std::path::Path,
) -> Result<()> {
    let sizes: Vec<f64> = arguments.points.iter().map(|&n| n as f64).collect();
    let risk: Vec<f64> = predicted.iter().map(|risk| risk.risk).collect();
    let measured = measured.unwrap_or_default();
    let column = |of: fn(&MeasuredRisk) -> f64| -> Vec<f64> { measured.iter().map(of).collect() };
    let [found, error] = [column(|risk| risk.risk), column(|risk| risk.risk_error)];
    // Left-out targets carry the noise; the risk does not.
    let noise = arguments.noise;
    let mut left_out = column(|risk| risk.leave_one_out);
    left_out.iter_mut().for_each(|error| *error -= noise);
    let left_out_error = column(|risk| risk.leave_one_out_error);
    let mut curves = vec![Curve {
        name: "predicted",
        sizes: &sizes,
        mean: &risk,
        error: None,
    }];
    if !found.is_empty() {
        curves.push(Curve {
            name: "measured",
            sizes: &sizes,
            mean: &found,
            error: Some(&error),
        });
        curves.push(Curve {
            name: "leave-one-out, less the noise",
            sizes: &sizes,
            mean: &left_out,
            error: Some(&left_out_error),
        });
    }
    let labels = Labels {
        x: "training points",
        y: "mean square error",
        ..Labels::default()
    };
    learning_curves(&curves, AxisScale::Automatic, &labels, picture)
}
