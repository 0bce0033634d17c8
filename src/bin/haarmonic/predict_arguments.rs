//! Arguments of `haarmonic predict`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::predict::Time;
use haarmonic::{Error, Result};

use super::files::check_output;
use super::{CriterionChoice, KernelChoice, PrecisionChoice};

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    pub network: PathBuf,
    /// Training inputs (.npy), or graphs or molecules as for `gram`
    #[arg(long)]
    pub train_x: PathBuf,
    /// Training targets (.npy): [n] or [n, outputs]; [n, P] or [n, P, outputs] for a network with outputs at P places
    #[arg(long)]
    pub train_y: PathBuf,
    /// Test inputs, in the form of the training inputs
    #[arg(long)]
    pub test_x: PathBuf,
    /// The kernel that drives the training
    #[arg(long, value_enum, default_value = "ntk")]
    pub kernel: KernelChoice,
    /// Training time, or several separated by commas; without --time the training has converged
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    pub time: Vec<f64>,
    /// Number of steps of gradient descent with the learning rate, or several separated by commas, instead of times
    #[arg(long, value_delimiter = ',', conflicts_with = "time")]
    pub steps: Vec<u64>,
    /// Learning rate, the unit of time
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    pub learning_rate: f64,
    /// Ridge, as a multiple of the mean diagonal entry of the kernel
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub ridge: f64,
    /// Choose the ridge by the training points
    #[arg(long, value_enum, conflicts_with = "ridge")]
    pub select_ridge: Option<CriterionChoice>,
    /// The part of the covariance to write
    #[arg(long, value_enum, default_value = "full")]
    pub covariance: CovarianceChoice,
    /// Validation inputs (.npy); the time of the least error on them is reported (early stopping)
    #[arg(long, requires = "validation_y")]
    pub validation_x: Option<PathBuf>,
    /// Validation targets (.npy), in the form of the training targets
    #[arg(long, requires = "validation_x")]
    pub validation_y: Option<PathBuf>,
    /// Channels of each hidden layer, separated by commas: writes `width_std` too, the spread of the predictions of such networks with
    /// centred outputs, trained to convergence. Needs few inputs
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["time", "steps", "select_ridge"])]
    pub width: Vec<usize>,
    /// A training time, or `inf`: writes `ntk_change` and `ntk_change_centred` too, the mean change of the NTK of networks of these widths
    /// between all training inputs and then all test inputs. One target per input, and smooth activations
    #[arg(
        long,
        requires = "width",
        value_name = "TIME",
        allow_negative_numbers = true
    )]
    pub ntk_change: Option<f64>,
    /// Write `forces`, [atoms of all test molecules, 3], too: minus the derivatives of the mean in the positions of the atoms. For networks on molecules
    /// with explicit features, one output, trained to convergence
    #[arg(long, conflicts_with_all = ["time", "steps"])]
    pub forces: bool,
    /// Precision within a pair of images
    #[arg(long, value_enum, default_value = "f64")]
    pub precision: PrecisionChoice,
    /// Where to write `mean`, `covariance` or `variance`, `forces`, and for several times `times` or `steps` (.npz)
    #[arg(long)]
    pub out: PathBuf,
}

/// The part of the covariance between test points that is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CovarianceChoice {
    /// `covariance`, between all test points
    Full,
    /// `variance`, of each test point
    Diagonal,
    /// Neither; kernels between test points are not computed
    None,
}

impl Arguments {
    /// Checks the options and the output before any input is read, and returns the times.
    pub fn times(&self) -> Result<Vec<Time>> {
        let Arguments {
            network,
            train_x,
            train_y,
            test_x,
            ..
        } = self;
        let validation = [&self.validation_x, &self.validation_y];
        let files = [network, train_x, train_y, test_x].into_iter();
        let files = files.chain(validation.into_iter().flatten());
        check_output(&self.out, files.map(PathBuf::as_path))?;
        let finite = |what: &str, value: f64, allowed: bool, expected: &str| match value.is_finite()
            && allowed
        {
            true => Ok(()),
            false => Err(Error::invalid(what, value, expected)),
        };
        let (ridge, rate) = (self.ridge, self.learning_rate);
        finite(
            "ridge (--ridge)",
            ridge,
            ridge >= 0.0,
            "a finite number, at least 0",
        )?;
        finite(
            "learning rate (--learning-rate)",
            rate,
            rate > 0.0,
            "a finite number above 0",
        )?;
        let expected = "a finite number, at least 0; without --time the training has converged";
        for &time in &self.time {
            finite("training time (--time)", time, time >= 0.0, expected)?;
        }
        let steps = self.steps.iter().map(|steps| Time::Steps(*steps));
        let times = self.time.iter().map(|time| Time::Finite(*time));
        let times: Vec<Time> = times.chain(steps).collect();
        if times.len() <= 1 && self.validation_x.is_some() {
            return Err(Error::invalid(
                "--time",
                "a single time",
                "several with commas, to choose one by --validation-x",
            ));
        }
        Ok(if times.is_empty() {
            vec![Time::Infinite]
        } else {
            times
        })
    }
}
