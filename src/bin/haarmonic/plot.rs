//! `haarmonic plot`: pictures of the results of the other commands and of the examples.

use std::path::Path;

use haarmonic::data::arrays::{Numbers, npz_keys, read_npz_real, read_numbers, read_real};
use haarmonic::error::number;
use haarmonic::plot::{self, AxisScale, Curve, Dynamics, Labels, Projection, SphereSignal};
use haarmonic::predict::classification;
use haarmonic::sphere::Sampling;
use haarmonic::{Error, Result};
use ndarray::{Array2, Array3, ArrayD, Axis, Dimension};
use num_complex::Complex64;

pub use super::plot_arguments::Arguments;
use super::plot_arguments::{Kind, Picture, ProjectionChoice, ScaleChoice, TableChoice};
use super::plot_table::Table;
use super::{KernelChoice, say, score};

/// The largest number of bins, about as many as a picture has columns of pixels.
const MAX_BINS: usize = 1000;

pub fn run(arguments: &Arguments) -> Result<()> {
    let kind = &arguments.kind;
    let picture = kind.picture();
    kind.check()?;
    match kind {
        Kind::Kernel { input, key, .. } => kernel(input, *key, picture),
        Kind::Dynamics {
            input,
            points,
            output,
            targets,
            ..
        } => dynamics(input, points, *output, targets.as_deref(), picture),
        Kind::Calibration {
            input,
            labels,
            bins,
            ..
        } => calibration(input, labels, *bins, picture),
        Kind::Curves { table, scale, .. } => {
            let scale = match scale {
                ScaleChoice::Automatic => AxisScale::Automatic,
                ScaleChoice::Linear => AxisScale::Linear,
                ScaleChoice::Logarithmic => AxisScale::Logarithmic,
            };
            curves(table, picture, |curves, labels| {
                plot::learning_curves(curves, scale, labels, &picture.out)
            })
        }
        Kind::Convergence { table, .. } => curves(table, picture, |curves, labels| {
            plot::convergence(curves, labels, &picture.out)
        }),
        Kind::Sphere {
            input,
            sampling,
            index,
            projection,
            from,
            ..
        } => {
            let projection = match projection {
                ProjectionChoice::Mollweide => Projection::Mollweide,
                ProjectionChoice::Orthographic => Projection::Orthographic {
                    colatitude: from[0].to_radians(),
                    longitude: from[1].to_radians(),
                },
            };
            sphere(input, *sampling, *index, projection, picture)
        }
    }
}

/// Draws a kernel matrix.
fn kernel(input: &Path, key: KernelChoice, picture: &Picture) -> Result<()> {
    let key = match key {
        KernelChoice::Ntk => "ntk",
        KernelChoice::Nngp => "nngp",
    };
    let matrix: Array2<f64> = shaped(read_npz_real(input, key)?, key, "[n1, n2]", input)?;
    let usual = Labels {
        value: key,
        ..picture.labels()
    };
    let labels = match picture.value_label.is_empty() {
        true => usual,
        false => picture.labels(),
    };
    plot::kernel_matrix(matrix.view(), &labels, &picture.out)
}

/// Draws predictions against training time.
fn dynamics(
    input: &Path,
    points: &[usize],
    output: usize,
    targets: Option<&Path>,
    picture: &Picture,
) -> Result<()> {
    let times = read_npz_real(input, "times")?
        .into_iter()
        .collect::<Vec<_>>();
    let mean: Array3<f64> = shaped(
        read_npz_real(input, "mean")?,
        "mean",
        "[times, n, outputs]",
        input,
    )?;
    let variance = variance(input)?;
    if variance.dim() != (mean.dim().0, mean.dim().1) || mean.dim().0 != times.len() {
        return Err(Error::shape(
            "variance",
            format!(
                "[{}, {}], as `mean`, with {} times",
                mean.dim().0,
                mean.dim().1,
                times.len()
            ),
            variance.shape().to_vec(),
        )
        .in_file(input));
    }
    let (_, count, outputs) = mean.dim();
    below("--output", output, outputs)?;
    // The default points that a small set does not have are left out.
    let usual = points == [0, 1, 2];
    let points: Vec<usize> = points
        .iter()
        .copied()
        .filter(|&p| !usual || p < count)
        .collect();
    points
        .iter()
        .try_for_each(|&p| below("--points", p, count))?;
    let targets = match targets {
        None => None,
        Some(path) => {
            let array = read_real(path)?;
            let array = match array.ndim() {
                1 => array.insert_axis(Axis(1)),
                _ => array,
            };
            let array: Array2<f64> = shaped(array, "targets", "[n] or [n, outputs]", path)?;
            if array.dim() != (count, outputs) {
                return Err(Error::shape(
                    "targets",
                    format!("[{count}, {outputs}]"),
                    array.shape().to_vec(),
                )
                .in_file(path));
            }
            Some(
                points
                    .iter()
                    .map(|&p| array[[p, output]])
                    .collect::<Vec<_>>(),
            )
        }
    };
    let mean = mean.index_axis(Axis(2), output).select(Axis(1), &points);
    let variance = variance.select(Axis(1), &points);
    let names: Vec<String> = points.iter().map(|p| format!("point {p}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // A variance may be negative by a rounding error.
    let deviation = variance.mapv(|v| v.max(0.0).sqrt());
    let dynamics = Dynamics {
        times: &times,
        mean: mean.view(),
        deviation: deviation.view(),
        targets: targets.as_deref(),
        names: &names,
    };
    plot::training_dynamics(&dynamics, &picture.labels(), &picture.out)
}

/// Reads the variance of each point at each time, shape `[times, n]`; from the diagonals of the covariances if the file has them.
fn variance(input: &Path) -> Result<Array2<f64>> {
    if npz_keys(input)?.iter().any(|key| key == "covariance") {
        let covariance = read_npz_real(input, "covariance")?;
        let covariance: Array3<f64> = shaped(covariance, "covariance", "[times, n, n]", input)?;
        let (times, n, m) = covariance.dim();
        let n = n.min(m);
        return Ok(Array2::from_shape_fn((times, n), |(t, i)| {
            covariance[[t, i, i]]
        }));
    }
    shaped(
        read_npz_real(input, "variance")?,
        "variance",
        "[times, n]",
        input,
    )
}

/// Draws a reliability diagram and prints the expected calibration error.
fn calibration(input: &Path, labels: &Path, bins: usize, picture: &Picture) -> Result<()> {
    if !(1..=MAX_BINS).contains(&bins) {
        return Err(Error::invalid(
            "--bins",
            bins,
            format!("a number from 1 to {MAX_BINS}"),
        ));
    }
    let archive = input
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("npz"));
    let probabilities: Array2<f64> = if archive {
        score::probabilities(input)?.ok_or_else(|| {
            Error::invalid(
                "`mean`",
                "scores without `variance` or `covariance`",
                "probabilities of classes, or what they follow from",
            )
            .in_file(input)
        })?
    } else {
        shaped(read_real(input)?, "probabilities", "[n, classes]", input)?
    };
    let truth = score::labels(&read_real(labels)?).map_err(|error| error.in_file(labels))?;
    let found = classification::calibration(probabilities.view(), &truth, bins)
        .map_err(|error| error.in_file(input))?;
    plot::calibration(&found, &picture.labels(), &picture.out)?;
    say::lines(&[format!(
        "expected calibration error {:.4}",
        found.expected_error
    )])
}

/// Draws curves from the columns of a table.
fn curves(
    choice: &TableChoice,
    picture: &Picture,
    draw: impl Fn(&[Curve<'_>], &Labels<'_>) -> Result<()>,
) -> Result<()> {
    let in_table = |error: Error| error.in_file(&choice.input);
    let table = Table::read(&choice.input)?;
    let x = match &choice.x {
        Some(x) => x.clone(),
        None => table.first_of(&["train", "width"]),
    };
    let series = table
        .series(
            [&x, &choice.y],
            choice.error.as_deref(),
            &choice.by,
            &choice.only,
        )
        .map_err(in_table)?;
    let curves: Vec<Curve<'_>> = series
        .iter()
        .map(|series| Curve {
            name: &series.name,
            sizes: &series.sizes,
            mean: &series.mean,
            error: choice.error.is_some().then_some(&series.error),
        })
        .collect();
    let own = picture.labels();
    let choose = |own, column| if str::is_empty(own) { column } else { own };
    let labels = Labels {
        x: choose(own.x, &x),
        y: choose(own.y, &choice.y),
        ..own
    };
    draw(&curves, &labels).map_err(|error| match error {
        Error::Io { .. } => error,
        error => in_table(error),
    })
}

/// Draws a signal on the sphere from coefficients, or from samples if a sampling is given.
fn sphere(
    input: &Path,
    sampling: Option<Sampling>,
    index: usize,
    projection: Projection,
    picture: &Picture,
) -> Result<()> {
    let labels = picture.labels();
    let place = |error: Error| match error {
        Error::Io { .. } => error,
        error => error.in_file(input),
    };
    match (read_numbers(input)?, sampling) {
        (Numbers::Complex(array), None) => {
            let coeffs = one(array, index, "coefficients").map_err(place)?;
            let signal = SphereSignal::Coefficients(coeffs.view());
            plot::sphere_signal(signal, projection, &labels, &picture.out).map_err(place)
        }
        (Numbers::Real(array), None) => Err(Error::shape(
            "signal on the sphere",
            "complex coefficients [.., L, 2L-1]; samples need --sampling",
            array.shape().to_vec(),
        )
        .in_file(input)),
        (numbers, Some(sampling)) => {
            let values = match numbers {
                Numbers::Real(array) => one(array, index, "samples"),
                Numbers::Complex(array) => one(array, index, "samples").and_then(real_part),
            }
            .map_err(place)?;
            let signal = SphereSignal::Grid {
                values: values.view(),
                sampling,
            };
            plot::sphere_signal(signal, projection, &labels, &picture.out).map_err(place)
        }
    }
}

/// Selects one signal of a stack `[.., rows, columns]`.
fn one<T: Clone>(array: ArrayD<T>, index: usize, what: &str) -> Result<Array2<T>> {
    let shape = array.shape().to_vec();
    let [.., rows, columns] = shape[..] else {
        return Err(Error::shape(what, "[.., rows, columns]", shape));
    };
    let count = array.len() / (rows * columns);
    below("--index", index, count)?;
    let stack = array
        .as_standard_layout()
        .into_owned()
        .into_shape_with_order((count, rows, columns))
        .expect("leading axes merge into one");
    Ok(stack.index_axis_move(Axis(0), index))
}

/// The real part of complex samples, as `haarmonic transform` writes them; an error if the signal is not real.
fn real_part(values: Array2<Complex64>) -> Result<Array2<f64>> {
    const ROUNDING: f64 = 1e-5;
    let largest = values.iter().fold(0.0_f64, |a, z| a.max(z.re.abs()));
    match values.iter().find(|z| z.im.abs() > ROUNDING * largest) {
        None => Ok(values.mapv(|z| z.re)),
        Some(z) => Err(Error::invalid(
            "samples",
            format!("the imaginary part {}", number(z.im)),
            "those of a real signal",
        )),
    }
}

/// Refuses a value that is not below a count.
fn below(what: &str, value: usize, count: usize) -> Result<()> {
    if value < count {
        return Ok(());
    }
    Err(Error::invalid(
        what,
        value,
        format!("a number below {count}"),
    ))
}

/// An array with a fixed rank, or an error that names the expected shape.
fn shaped<D: Dimension>(
    array: ArrayD<f64>,
    what: &str,
    expected: &str,
    path: &Path,
) -> Result<ndarray::Array<f64, D>> {
    let found = array.shape().to_vec();
    array
        .into_dimensionality()
        .map_err(|_| Error::shape(what, expected, found).in_file(path))
}
