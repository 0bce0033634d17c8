//! `haarmonic predict`: predictions of an ensemble of infinitely wide networks.

use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::error::number;
use haarmonic::predict::{
    FittedRegression, KernelKind, Kernels, Regression, Ridge, RidgeRule, Time, ValidationCurve,
};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Axis, arr0, stack};

use super::predict_arguments::{Arguments, CovarianceChoice, SolverChoice};
use super::predict_files::Files;
use super::predict_forces as forces;
use super::predict_kernels::{FEWER, Grams, check_memory};
use super::predict_many as many;
use super::predict_width as width;
use super::progress::Watched;
use super::ranks::Ranks;
use super::{for_less_memory, gram, make_kernel, say};

pub fn run(arguments: &Arguments) -> Result<()> {
    let times = arguments.times()?;
    if let Some(threads) = arguments.threads {
        gram::use_threads(threads)?;
    }
    if arguments.many.plan || arguments.many.solver != SolverChoice::Direct {
        return many::run(arguments);
    }
    let ranks = Ranks::join()?;
    if ranks.several() {
        return ranks.agree(Err(Error::invalid(
            "--solver",
            "direct, for several processes of MPI",
            "cg, or one process",
        )));
    }
    let Files {
        network,
        train,
        test,
        validation,
    } = Files::read(arguments)?;
    let places = train.targets.places();
    check_memory(
        arguments,
        [&train.inputs, &test].map(|inputs| inputs.len() * places),
        times.len(),
    )?;

    let watched = Watched::new()?;
    let kernel = make_kernel(&network, arguments.precision)?.with_progress(watched.progress(true));
    let at_width = width::kernel(arguments, &kernel)?;
    let grams = Grams::compute(
        arguments,
        &kernel,
        &train.inputs,
        &test,
        validation.as_ref(),
    );
    let spread = (at_width.as_ref()).map(|kernel| width::spread(arguments, kernel, &train, &test));
    let change = (at_width.as_ref())
        .and_then(|kernel| width::change(arguments, kernel, &train, &test))
        .transpose();
    drop(watched);
    let grams = grams.map_err(|error| for_less_memory(error, FEWER))?;

    let kind = KernelKind::from(arguments.kernel);
    let rule = match arguments.select_ridge {
        Some(criterion) => RidgeRule::Chosen(criterion.into()),
        None => Ridge::Relative(arguments.ridge).into(),
    };
    let model = Regression::new()
        .ridge(rule)
        .learning_rate(arguments.learning_rate)
        .fit(
            Kernels::of(kind, &grams.train_train),
            train.targets.rows.view(),
        )?;
    let mut said = remarks(arguments, &model)?;
    said.push(format!(
        "{} predictions from {} training inputs; kernel: {}",
        grams.test_train.nngp.nrows(),
        train.inputs.len(),
        gram::describe(&grams.test_train.error)
    ));
    let mut arrays = Vec::new();
    if let (Some(known), Some(cross)) = (&validation, &grams.validation_train) {
        let targets = known.targets.rows.view();
        let curve = ValidationCurve::new(model.flow(), kind.of(cross), targets, &times)?;
        said.push(curve.to_string());
        arrays.push(("validation_error", list(curve.errors().to_vec())));
        arrays.push(("validation_best", single(curve.best() as f64)));
    }
    if let Some(std) = spread.transpose()? {
        arrays.push(("width_std", Numbers::Real(train.targets.shaped(std)?)));
        said.extend(at_width.as_ref().and_then(gram::doubt));
    }
    if let Some(change) = change? {
        arrays.push(("ntk_change", Numbers::Real(change.random.into_dyn())));
        arrays.push((
            "ntk_change_centred",
            Numbers::Real(change.centred.into_dyn()),
        ));
    }
    let (means, spreads) = predict(arguments, &model, &grams, &times)?;
    let means = means.into_iter().map(|mean| train.targets.shaped(mean));
    arrays.push(("mean", together(&means.collect::<Result<Vec<_>>>()?)));
    match arguments.covariance() {
        CovarianceChoice::Full => arrays.push(("covariance", together(&spreads))),
        CovarianceChoice::Diagonal => arrays.push(("variance", together(&spreads))),
        CovarianceChoice::None => {}
    }
    if times.len() > 1 {
        let steps = arguments.steps.iter().map(|steps| *steps as f64).collect();
        arrays.push(match arguments.steps.is_empty() {
            true => ("times", list(arguments.time.clone())),
            false => ("steps", list(steps)),
        });
    }
    if let Some(selected) = model.selected_ridge() {
        arrays.push(("ridge", single(selected.relative)));
    }
    if arguments.forces {
        let chosen = model.selected_ridge().map(|selected| selected.relative);
        let ridge = Ridge::Relative(chosen.unwrap_or(arguments.ridge));
        let found = forces::compute(&kernel, kind, ridge, &train, &test);
        arrays.push((
            "forces",
            found.map_err(|error| for_less_memory(error, FEWER))?,
        ));
    }
    write_npz(&arguments.out, &arrays)?;
    say::lines(&said)
}

/// The lines to print about the ridge and the learning rate.
fn remarks(arguments: &Arguments, model: &FittedRegression) -> Result<Vec<String>> {
    let mut said = Vec::new();
    if let (Some(criterion), Some(selected)) = (arguments.select_ridge, model.selected_ridge()) {
        said.push(format!(
            "ridge {:.3e} times the mean diagonal entry, {} {:.6e}; condition {:.1e}",
            selected.relative,
            criterion.of_cost(),
            selected.cost,
            selected.condition
        ));
    }
    if !arguments.steps.is_empty() {
        let (rate, stable) = (
            arguments.learning_rate,
            model.flow().stable_learning_rate()?,
        );
        if rate >= stable {
            let rate = number(rate);
            said.push(format!(
                "learning rate {rate} is above {stable:.3e}: gradient descent diverges"
            ));
        }
    }
    Ok(said)
}

/// The means at all times, and the covariances or variances if they are wanted.
type Answers = (Vec<Array2<f64>>, Vec<ArrayD<f64>>);

/// Predicts the test points at all times.
fn predict(
    arguments: &Arguments,
    model: &FittedRegression,
    grams: &Grams,
    times: &[Time],
) -> Result<Answers> {
    let flow = model.flow();
    let cross = Kernels::of(flow.kind(), &grams.test_train);
    Ok(match &grams.test_test {
        None => (flow.predict_mean_at(cross.driving(), times)?, Vec::new()),
        // The variances equal the diagonal of the covariance to the bit. Only one covariance is in memory at a time.
        Some(prior) if arguments.covariance() == CovarianceChoice::Diagonal => {
            let at = |&time| flow.predict(cross, prior.nngp.view(), time);
            let found = times.iter().map(|time| Ok(at(time)?.marginals()));
            let found = found.collect::<Result<Vec<_>>>()?.into_iter();
            found.map(|f| (f.mean, f.variance.into_dyn())).unzip()
        }
        Some(prior) => {
            let found = flow.predict_at(cross, prior.nngp.view(), times)?;
            found
                .into_iter()
                .map(|f| (f.mean, f.covariance.into_dyn()))
                .unzip()
        }
    })
}

/// The array of a single time, or the arrays of all times along a new first axis.
fn together(arrays: &[ArrayD<f64>]) -> Numbers {
    let views: Vec<ArrayViewD<'_, f64>> = arrays.iter().map(|array| array.view()).collect();
    Numbers::Real(match &views[..] {
        [one] => one.to_owned(),
        several => stack(Axis(0), several).expect("equal shapes for all times"),
    })
}

fn list(numbers: Vec<f64>) -> Numbers {
    Numbers::Real(Array1::from_vec(numbers).into_dyn())
}

fn single(number: f64) -> Numbers {
    Numbers::Real(arr0(number).into_dyn())
}
