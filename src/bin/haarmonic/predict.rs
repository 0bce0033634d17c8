//! `haarmonic predict`: what an ensemble of infinitely wide networks predicts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::error::number;
use haarmonic::kernel::{Gram, Kernel};
use haarmonic::network::Network;
use haarmonic::predict::{
    GradientFlow, Prediction, Ridge, RidgePath, TestKernels, Time, ValidationCurve,
};
use haarmonic::{Error, Result, memory};
use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Axis, stack};

use super::files::check_output;
use super::inputs::Inputs;
use super::progress::Watched;
use super::targets::Targets;
use super::{
    CriterionChoice, KernelChoice, PrecisionChoice, for_less_memory, gram, make_kernel,
    read_network, say,
};

/// What to do about kernels that do not fit into memory.
const FEWER: &str = "use fewer inputs, or --covariance diagonal or none";

/// Ridges that are tried, as multiples of the mean diagonal entry.
const RIDGES: std::ops::RangeInclusive<f64> = 1e-10..=1e2;

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    network: PathBuf,
    /// Training inputs (.npy)
    #[arg(long)]
    train_x: PathBuf,
    /// Training targets (.npy): [n] or [n, outputs]; [n, P] or [n, P, outputs] for a network with outputs at P places
    #[arg(long)]
    train_y: PathBuf,
    /// Test inputs (.npy)
    #[arg(long)]
    test_x: PathBuf,
    /// The kernel that drives the training
    #[arg(long, value_enum, default_value = "ntk")]
    kernel: KernelChoice,
    /// Training time, or several with commas; without it the training has converged
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    time: Vec<f64>,
    /// Number of steps of gradient descent of the size of the learning rate, or several with commas, instead of times
    #[arg(long, value_delimiter = ',', conflicts_with = "time")]
    steps: Vec<u64>,
    /// Learning rate, the unit of time
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    learning_rate: f64,
    /// Ridge, as a multiple of the mean diagonal entry of the kernel
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    ridge: f64,
    /// Choose the ridge by the training points
    #[arg(long, value_enum, conflicts_with = "ridge")]
    select_ridge: Option<CriterionChoice>,
    /// Which part of the covariance to write
    #[arg(long, value_enum, default_value = "full")]
    covariance: CovarianceChoice,
    /// Validation inputs (.npy): the time of the least error on them is reported (early stopping)
    #[arg(long, requires = "validation_y")]
    validation_x: Option<PathBuf>,
    /// Validation targets (.npy), in the form of the training targets
    #[arg(long, requires = "validation_x")]
    validation_y: Option<PathBuf>,
    /// Precision within a pair of images
    #[arg(long, value_enum, default_value = "f64")]
    precision: PrecisionChoice,
    /// Where to write `mean`, `covariance` or `variance`, and for several times `times` or `steps` (.npz)
    #[arg(long)]
    out: PathBuf,
}

/// How much of the covariance between test points is wanted.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CovarianceChoice {
    /// `covariance`, between all test points
    Full,
    /// `variance`, of each test point
    Diagonal,
    /// Nothing; kernels between test points are not computed
    None,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let times = options(arguments)?;
    let network = read_network(&arguments.network, arguments.precision)?;
    let train_y = &arguments.train_y;
    let targets = Targets::read(&network, train_y)?;
    let train = Inputs::read(&network, &arguments.train_x)?;
    let test = Inputs::read(&network, &arguments.test_x)?;
    targets
        .check(train.len(), "training")
        .map_err(|error| error.in_file(train_y))?;
    let validation = Validation::read(arguments, &network, &targets)?;
    check_memory(arguments, &targets, [train.len(), test.len()], times.len())?;

    let watched = Watched::new()?;
    let kernel = make_kernel(&network, arguments.precision)?.with_progress(watched.progress(true));
    let kernels = Kernels::compute(arguments, &kernel, [&train, &test], validation.as_ref());
    drop(watched);
    let Kernels {
        train_train,
        test_train,
        test_test,
        validation_train,
    } = kernels.map_err(|error| for_less_memory(error, FEWER))?;

    let mut said = Vec::new();
    let of_kernel = |error| with_kernel_error(error, arguments.kernel, &train_train);
    let ridge = ridge(arguments, &train_train, &targets, &mut said).map_err(of_kernel)?;
    let flow = flow(arguments, &train_train, &targets, ridge, &mut said)?;
    let driving = |gram: &Gram| match arguments.kernel {
        KernelChoice::Ntk => gram.ntk.clone(),
        KernelChoice::Nngp => gram.nngp.clone(),
    };
    said.push(format!(
        "{} predictions from {} training inputs; kernel: {}",
        test_train.nngp.nrows(),
        train.len(),
        gram::describe(&test_train.error)
    ));
    let mut arrays = Vec::new();
    if let (Some(Validation { targets, .. }), Some(cross)) = (&validation, &validation_train) {
        let curve = ValidationCurve::new(&flow, driving(cross).view(), targets.view(), &times)
            .map_err(of_kernel)?;
        show(&curve, &mut said);
        let errors = Array1::from_vec(curve.errors().to_vec());
        arrays.push(("validation_error", Numbers::Real(errors.into_dyn())));
        let best = ndarray::arr0(curve.best() as f64);
        arrays.push(("validation_best", Numbers::Real(best.into_dyn())));
    }
    let predictions = match &test_test {
        None => flow
            .means_on_test(driving(&test_train).view(), &times)
            .map_err(of_kernel)?
            .into_iter()
            .map(|mean| Answer {
                mean,
                covariance: None,
            })
            .collect(),
        Some(test_test) => {
            predict(arguments, &flow, &test_train, test_test, &times).map_err(of_kernel)?
        }
    };
    let (mut means, mut covariances) = (Vec::new(), Vec::new());
    for Answer { mean, covariance } in predictions {
        means.push(targets.shaped(mean)?);
        covariances.extend(covariance);
    }
    let several = times.len() > 1;
    arrays.push(("mean", together(several, &means)));
    if !covariances.is_empty() {
        let key = match arguments.covariance {
            CovarianceChoice::Diagonal => "variance",
            _ => "covariance",
        };
        arrays.push((key, together(several, &covariances)));
    }
    if several {
        let (key, numbers) = if arguments.steps.is_empty() {
            ("times", arguments.time.clone())
        } else {
            let steps = arguments.steps.iter().map(|steps| *steps as f64);
            ("steps", steps.collect())
        };
        arrays.push((key, Numbers::Real(Array1::from_vec(numbers).into_dyn())));
    }
    if arguments.select_ridge.is_some() {
        arrays.push(("ridge", Numbers::Real(ndarray::arr0(ridge).into_dyn())));
    }
    write_npz(&arguments.out, &arrays)?;
    say::lines(&said)
}

/// Checks all that takes no file to be read, and returns the times.
fn options(arguments: &Arguments) -> Result<Vec<Time>> {
    let files = [
        &arguments.network,
        &arguments.train_x,
        &arguments.train_y,
        &arguments.test_x,
    ];
    let validation = [&arguments.validation_x, &arguments.validation_y];
    let files = files.into_iter().chain(validation.into_iter().flatten());
    check_output(&arguments.out, files.map(PathBuf::as_path))?;
    let allowed = |what: &str, value: f64, allowed: bool, expected: &str| match allowed {
        true => Ok(()),
        false => Err(Error::invalid(what, value, expected)),
    };
    let from_zero = |value: f64| value.is_finite() && value >= 0.0;
    let (ridge, rate) = (arguments.ridge, arguments.learning_rate);
    let expected = "a finite number, at least 0";
    allowed("ridge (--ridge)", ridge, from_zero(ridge), expected)?;
    let expected = "a finite number above 0";
    let positive = rate.is_finite() && rate > 0.0;
    allowed("learning rate (--learning-rate)", rate, positive, expected)?;
    let expected = "a finite number, at least 0; without --time the training has converged";
    for &time in &arguments.time {
        allowed("training time (--time)", time, from_zero(time), expected)?;
    }
    times(arguments)
}

/// Refuses kernels and covariances that do not fit into memory, before anything is computed.
fn check_memory(
    arguments: &Arguments,
    targets: &Targets,
    [train, test]: [usize; 2],
    times: usize,
) -> Result<()> {
    let [n, m] = [train, test].map(|inputs| inputs.saturating_mul(targets.places()));
    // Both kernels, and the eigenvectors of one of them.
    let mut bytes = memory::bytes(3, &[n, n]).saturating_add(memory::bytes(2, &[m, n]));
    if arguments.covariance != CovarianceChoice::None {
        bytes = bytes.saturating_add(memory::bytes(2, &[m, m]));
    }
    if arguments.covariance == CovarianceChoice::Full {
        bytes = bytes.saturating_add(memory::bytes(times, &[m, m]));
    }
    let what = format!("kernels of {n} training and {m} test outputs");
    memory::check(&what, bytes, FEWER)
}

/// All kernels of a prediction.
struct Kernels {
    train_train: Gram,
    test_train: Gram,
    /// Where a part of the covariance is wanted.
    test_test: Option<Gram>,
    validation_train: Option<Gram>,
}

impl Kernels {
    fn compute(
        arguments: &Arguments,
        kernel: &Kernel,
        [train, test]: [&Inputs; 2],
        validation: Option<&Validation>,
    ) -> Result<Kernels> {
        // All inputs are taken apart before any pair of them: that may fail, too.
        let (train, test) = (train.prepare(kernel)?, test.prepare(kernel)?);
        let validation = validation.map(|validation| validation.inputs.prepare(kernel));
        let validation = validation.transpose()?;
        Ok(Kernels {
            train_train: kernel.gram_prepared(&train)?,
            test_train: kernel.cross_prepared(&test, &train)?,
            test_test: match arguments.covariance {
                CovarianceChoice::None => None,
                _ => Some(kernel.gram_prepared(&test)?),
            },
            validation_train: validation
                .map(|validation| kernel.cross_prepared(&validation, &train))
                .transpose()?,
        })
    }
}

/// Adds the error that the kernel reports to an eigenvalue or a pivot that is not positive: they are to be compared.
fn with_kernel_error(error: Error, choice: KernelChoice, kernel: &Gram) -> Error {
    let largest = kernel.error.largest();
    let reported = match choice {
        KernelChoice::Ntk => largest.ntk,
        KernelChoice::Nngp => largest.nngp,
    };
    match error {
        Error::NotPositiveDefinite {
            what,
            found,
            change,
        } if reported > 0.0 => Error::not_positive_definite(
            what,
            format!("{found}; the kernel reports an error of {reported:.1e}"),
            change,
        ),
        other => other,
    }
}

/// Those asked for; the converged state otherwise.
fn times(arguments: &Arguments) -> Result<Vec<Time>> {
    let steps = arguments.steps.iter().map(|steps| Time::Steps(*steps));
    let mut times: Vec<Time> = arguments
        .time
        .iter()
        .map(|t| Time::Finite(*t))
        .chain(steps)
        .collect();
    if times.is_empty() {
        times.push(Time::Infinite);
    }
    if times.len() == 1 && arguments.validation_x.is_some() {
        return Err(Error::invalid(
            "--time",
            "a single time",
            "several with commas, to choose one by --validation-x",
        ));
    }
    Ok(times)
}

/// Validation points.
struct Validation {
    targets: Array2<f64>,
    inputs: Inputs,
}

impl Validation {
    fn read(
        arguments: &Arguments,
        network: &Network,
        train: &Targets,
    ) -> Result<Option<Validation>> {
        let (Some(x), Some(y)) = (&arguments.validation_x, &arguments.validation_y) else {
            return Ok(None);
        };
        let targets = Targets::read(network, y)?;
        let inputs = Inputs::read(network, x)?;
        targets
            .check(inputs.len(), "validation")
            .map_err(|error| error.in_file(y))?;
        if targets.rows.ncols() != train.rows.ncols() {
            let error = Error::shape(
                "validation targets",
                format!("{} outputs, as the training targets", train.rows.ncols()),
                targets.rows.shape().to_vec(),
            );
            return Err(error.in_file(y));
        }
        Ok(Some(Validation {
            targets: targets.rows,
            inputs,
        }))
    }
}

/// As a multiple of the mean diagonal entry: the one given, or the one of the least cost.
fn ridge(
    arguments: &Arguments,
    train: &Gram,
    targets: &Targets,
    said: &mut Vec<String>,
) -> Result<f64> {
    let Some(criterion) = arguments.select_ridge else {
        return Ok(arguments.ridge);
    };
    let kernel = match arguments.kernel {
        KernelChoice::Ntk => &train.ntk,
        KernelChoice::Nngp => &train.nngp,
    };
    let path = RidgePath::new(kernel.view(), targets.rows.view())?;
    let selected = path.select(criterion.into(), RIDGES)?;
    said.push(format!(
        "ridge {:.3e} times the mean diagonal entry, {} {:.6e}; condition {:.1e}",
        selected.relative,
        criterion.of_cost(),
        selected.cost,
        path.condition(Ridge::Absolute(selected.ridge))?
    ));
    Ok(selected.relative)
}

fn flow(
    arguments: &Arguments,
    train: &Gram,
    targets: &Targets,
    ridge: f64,
    said: &mut Vec<String>,
) -> Result<GradientFlow> {
    let (ntk, nngp, rows) = (train.ntk.view(), train.nngp.view(), targets.rows.view());
    let builder = match arguments.kernel {
        KernelChoice::Ntk => GradientFlow::ntk(ntk, nngp, rows),
        KernelChoice::Nngp => GradientFlow::nngp(nngp, rows),
    };
    let flow = builder
        .ridge(Ridge::Relative(ridge))
        .learning_rate(arguments.learning_rate)
        .build()?;
    if !arguments.steps.is_empty() {
        let stable = flow.stable_learning_rate()?;
        if arguments.learning_rate >= stable {
            said.push(format!(
                "learning rate {} is above {stable:.3e}: gradient descent diverges",
                number(arguments.learning_rate)
            ));
        }
    }
    Ok(flow)
}

/// What is written for one time.
struct Answer {
    mean: Array2<f64>,
    /// All of it, or its diagonal.
    covariance: Option<ArrayD<f64>>,
}

/// Means, with covariances or variances.
fn predict(
    arguments: &Arguments,
    flow: &GradientFlow,
    test_train: &Gram,
    test_test: &Gram,
    times: &[Time],
) -> Result<Vec<Answer>> {
    let (ntk, nngp, prior) = (
        test_train.ntk.view(),
        test_train.nngp.view(),
        test_test.nngp.view(),
    );
    let kernels = match arguments.kernel {
        KernelChoice::Ntk => TestKernels::ntk(ntk, nngp, prior),
        KernelChoice::Nngp => TestKernels::nngp(nngp, prior),
    };
    let full = arguments.covariance != CovarianceChoice::Diagonal;
    let answer = |Prediction { mean, covariance }| Answer {
        mean,
        covariance: Some(match full {
            true => covariance.into_dyn(),
            false => covariance.diag().to_owned().into_dyn(),
        }),
    };
    // One time after the other where only a part of large covariances is wanted.
    let at_a_time = if full { times.len() } else { 1 };
    let mut answers = Vec::new();
    for times in times.chunks(at_a_time) {
        let predictions = flow.on_test_at(&kernels, times)?;
        answers.extend(predictions.into_iter().map(answer));
    }
    Ok(answers)
}

/// One array, or all of them along a new first axis.
fn together(several: bool, arrays: &[ArrayD<f64>]) -> Numbers {
    let views: Vec<ArrayViewD<'_, f64>> = arrays.iter().map(|array| array.view()).collect();
    Numbers::Real(if several {
        stack(Axis(0), &views).expect("equal shapes for all times")
    } else {
        views[0].to_owned()
    })
}

/// The validation curve as a table.
fn show(curve: &ValidationCurve, said: &mut Vec<String>) {
    said.push(format!("{:>14} {:>14}", "time", "rmse"));
    for (index, (time, error)) in curve.times().iter().zip(curve.errors()).enumerate() {
        let time = match time {
            Time::Finite(t) => number(*t).to_string(),
            Time::Steps(steps) => format!("{steps} steps"),
            Time::Infinite => "converged".into(),
        };
        let mark = if index == curve.best() { "  least" } else { "" };
        said.push(format!("{time:>14} {error:>14.6e}{mark}"));
    }
}
