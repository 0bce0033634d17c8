//! `haarmonic score`: the quality of predictions.

use std::path::{Path, PathBuf};

use clap::Args;
use haarmonic::data::arrays::{npz_keys, read_npz_real, read_real};
use haarmonic::data::atomic::write_csv;
use haarmonic::predict::classification::{calibration, class_probabilities, confusion};
use haarmonic::predict::metrics::Score;
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, ArrayD, ArrayView1, Ix2};

use super::files::check_output;
use super::say;

/// The number of bins of the calibration error.
const BINS: usize = 10;

#[derive(Args)]
pub struct Arguments {
    /// Predictions as `haarmonic predict` writes them (.npz)
    prediction: PathBuf,
    #[command(flatten)]
    truth: Truth,
    /// Where to write the scores, or the confusion matrix (.csv)
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Truth {
    /// Targets of a regression (.npy), of the shape of the predictions; [n] for a single output
    #[arg(long)]
    targets: Option<PathBuf>,
    /// Labels of a classification (.npy), [n]: numbers of the classes from 0 on, in the order of the outputs
    #[arg(long)]
    labels: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let truth = &arguments.truth;
    if let Some(out) = &arguments.out {
        let truths = [&truth.targets, &truth.labels].into_iter().flatten();
        let read = [&arguments.prediction].into_iter().chain(truths);
        check_output(out, read.map(PathBuf::as_path))?;
    }
    let mean = read_npz_real(&arguments.prediction, "mean")?;
    match (&truth.targets, &truth.labels) {
        (Some(path), _) => regression(arguments, mean, path),
        (None, Some(path)) => classification(arguments, mean, path),
        (None, None) => unreachable!("one of them is required"),
    }
}

/// Prints and writes the scores of a regression.
fn regression(arguments: &Arguments, mean: ArrayD<f64>, path: &Path) -> Result<()> {
    let mut targets = read_real(path)?;
    // Targets of a single output may lack the last axis.
    if targets.ndim() + 1 == mean.ndim() && mean.shape().last() == Some(&1) {
        targets = targets.insert_axis(ndarray::Axis(mean.ndim() - 1));
    }
    let score = Score::of(mean.view(), targets.view()).map_err(|error| error.in_file(path))?;
    // R² is undefined if all targets are equal.
    let r_squared = score.r_squared.map(|r_squared| ("r2", r_squared));
    let scores = [("mae", score.mae), ("rmse", score.rmse)];
    let (names, values): (Vec<_>, Vec<_>) = scores.into_iter().chain(r_squared).unzip();
    let scores = names.iter().zip(&values);
    let said: Vec<String> = scores
        .map(|(name, score)| format!("{name:>5} {score:.6e}"))
        .collect();
    if let Some(out) = &arguments.out {
        write_csv(out, &names, [values])?;
    }
    say::lines(&said)
}

/// Prints the accuracy, the confusion matrix and the calibration error, and writes the confusion matrix.
fn classification(arguments: &Arguments, mean: ArrayD<f64>, path: &Path) -> Result<()> {
    let shape = mean.shape().to_vec();
    let scores: Array2<f64> = mean
        .into_dimensionality::<Ix2>()
        .map_err(|_| Error::shape("mean", "[n, classes]", shape))
        .map_err(|error| error.in_file(&arguments.prediction))?;
    let labels = labels(&read_real(path)?).map_err(|error| error.in_file(path))?;
    let counts = confusion(scores.view(), &labels).map_err(|error| error.in_file(path))?;
    let right: usize = counts.diag().iter().sum();
    let mut said = vec![
        format!(
            "accuracy {:.4} ({right} of {})",
            right as f64 / labels.len() as f64,
            labels.len()
        ),
        "rows: labels, columns: predicted classes".into(),
    ];
    let width = counts.iter().max().unwrap_or(&0).to_string().len().max(2) + 1;
    for row in counts.outer_iter() {
        said.push(row.iter().map(|count| format!("{count:>width$}")).collect());
    }
    if let Some(probabilities) = probabilities(&arguments.prediction)? {
        let found = calibration(probabilities.view(), &labels, BINS)
            .map_err(|error| error.in_file(&arguments.prediction))?;
        said.push(format!(
            "expected calibration error {:.4}",
            found.expected_error
        ));
    }
    let Some(out) = &arguments.out else {
        return say::lines(&said);
    };
    let header: Vec<String> = (0..counts.ncols())
        .map(|class| format!("predicted_{class}"))
        .collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows = counts
        .outer_iter()
        .map(|row| row.iter().map(|count| *count as f64).collect::<Vec<_>>());
    write_csv(out, &header, rows)?;
    say::lines(&said)
}

/// Reads the probabilities of classes `[n, classes]` for one time.
///
/// They are the array `probabilities`; or else they follow from `mean` and its variances; or else they are `mean`, if its rows are
/// probabilities. Returns `None` in all other cases.
pub fn probabilities(path: &Path) -> Result<Option<Array2<f64>>> {
    let keys = npz_keys(path)?;
    let has = |name: &str| keys.iter().any(|key| key == name);
    let read = |key: &str| -> Result<Array2<f64>> {
        let array = read_npz_real(path, key)?;
        let found = array.shape().to_vec();
        array.into_dimensionality().map_err(|_| {
            let expected = match key {
                "covariance" => "[n, n], for one time",
                _ => "[n, classes], for one time",
            };
            Error::shape(key, expected, found).in_file(path)
        })
    };
    if has("probabilities") {
        return read("probabilities").map(Some);
    }
    let mean = read("mean")?;
    let variance = if has("covariance") {
        read("covariance")?.diag().to_owned().into_dyn()
    } else if has("variance") {
        read_npz_real(path, "variance")?
    } else {
        let sums_to_one = |row: ArrayView1<'_, f64>| (row.sum() - 1.0).abs() < 1e-5;
        let within = mean.iter().all(|p| (0.0..=1.0).contains(p));
        return Ok((within && mean.outer_iter().all(sums_to_one)).then_some(mean));
    };
    let found = variance.shape().to_vec();
    let variance: Array1<f64> = variance
        .into_dimensionality()
        .map_err(|_| Error::shape("variance", "[n], for one time", found).in_file(path))?;
    class_probabilities(mean.view(), variance.view())
        .map(Some)
        .map_err(|error| error.in_file(path))
}

/// Converts numbers of shape `[n]` or `[n, 1]` to labels; an error unless they are integers from 0 on.
pub fn labels(numbers: &ArrayD<f64>) -> Result<Vec<usize>> {
    if !matches!(numbers.shape(), [_] | [_, 1]) {
        return Err(Error::shape(
            "labels",
            "[n] or [n, 1]",
            numbers.shape().to_vec(),
        ));
    }
    let whole = |number: &f64| (0.0..4e9).contains(number) && number.fract() == 0.0;
    match numbers.iter().enumerate().find(|(_, label)| !whole(label)) {
        Some((index, &label)) => Err(Error::invalid(
            format!("label {index}"),
            label,
            "a whole number, at least 0",
        )),
        None => Ok(numbers.iter().map(|number| *number as usize).collect()),
    }
}
