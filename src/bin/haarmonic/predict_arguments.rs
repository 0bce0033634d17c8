//! Arguments of `haarmonic predict`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haarmonic::predict::Time;
use haarmonic::{Error, Result};

use super::files::check_output;
use super::gram::parse_bytes;
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
    /// The part of the covariance to write, with `--solver direct` [default: full]
    #[arg(long, value_enum)]
    pub covariance: Option<CovarianceChoice>,
    /// Validation inputs (.npy); the time of the least error on them is reported (early stopping), or the ridge of --ridges that predicts
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
    #[command(flatten)]
    pub many: Many,
    /// Precision within a pair of images or molecules
    #[arg(long, value_enum, default_value = "f64")]
    pub precision: PrecisionChoice,
    /// Number of threads of each process, at most 1024; one per core by default
    #[arg(long)]
    pub threads: Option<usize>,
    /// Where to write `mean`, `covariance` or `variance`, `forces`, and for several times `times` or `steps` (.npz)
    #[arg(long)]
    pub out: PathBuf,
}

/// Options for many training inputs.
#[derive(Args)]
#[command(next_help_heading = "Many training inputs")]
pub struct Many {
    /// How the regression is solved; all but `direct` write the mean only, for a training that has converged
    #[arg(long, value_enum, default_value = "direct")]
    pub solver: SolverChoice,
    /// Print what each solver would cost and how well it would solve, from a pilot of a few hundred inputs, and write nothing
    #[arg(long)]
    pub plan: bool,
    /// Number of training inputs whose kernels precondition `cg`, or whose kernels are the regression of `nystrom`
    #[arg(long, default_value_t = 500)]
    pub rank: usize,
    /// Channels of the finite networks of `random-features` together
    #[arg(long, default_value_t = 2048)]
    pub channels: usize,
    /// Largest relative residual of `cg`
    #[arg(long, default_value_t = 1e-6, allow_negative_numbers = true)]
    pub tolerance: f64,
    /// Largest number of steps of `cg`
    #[arg(long, default_value_t = 1000)]
    pub max_steps: usize,
    /// Ridges separated by commas, of which the validation inputs choose one
    #[arg(
        long,
        value_delimiter = ',',
        requires = "validation_x",
        conflicts_with = "ridge",
        allow_negative_numbers = true
    )]
    pub ridges: Vec<f64>,
    /// Keep the state of `cg` in this file (.npz) after each step, and resume from it
    #[arg(long)]
    pub checkpoint: Option<PathBuf>,
    /// Memory for kernels that `cg` keeps from step to step, such as 2G; kernels beyond it are computed again in each step
    #[arg(long, value_parser = parse_bytes, default_value = "1G")]
    pub memory: usize,
    /// Keep the kernels of the training inputs in this folder, and read them from it in each step of `cg`
    #[arg(long, conflicts_with = "memory")]
    pub tiles: Option<PathBuf>,
}

/// How the regression is solved.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SolverChoice {
    /// A factorisation of the whole matrix
    Direct,
    /// Conjugate gradients, also by the processes of MPI together
    Cg,
    /// The kernels of a few training inputs
    Nystrom,
    /// The finitely many features of a kernel that has them
    Features,
    /// Random features of a network on vectors or images with one activation
    RandomFeatures,
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
        check_output(&self.out, files.clone().map(PathBuf::as_path))?;
        if let Some(checkpoint) = &self.many.checkpoint {
            check_output(checkpoint, files.chain([&self.out]).map(PathBuf::as_path))?;
        }
        self.check_solver()?;
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
        let by_time = self.many.ridges.is_empty();
        if by_time && times.len() <= 1 && self.validation_x.is_some() {
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

    /// The part of the covariance to write.
    pub fn covariance(&self) -> CovarianceChoice {
        self.covariance.unwrap_or(CovarianceChoice::Full)
    }

    /// Refuses options that the solver does not take.
    fn check_solver(&self) -> Result<()> {
        let Many { solver, .. } = self.many;
        let refuse =
            |what: &str, found: &str, expected: &str| Err(Error::invalid(what, found, expected));
        let only_direct = [
            ("--time", !self.time.is_empty()),
            ("--steps", !self.steps.is_empty()),
            ("--width", !self.width.is_empty()),
            ("--select-ridge", self.select_ridge.is_some()),
            ("--forces", self.forces),
            (
                "--covariance",
                !matches!(self.covariance, None | Some(CovarianceChoice::None)),
            ),
        ];
        if solver != SolverChoice::Direct
            && let Some((option, _)) = only_direct.iter().find(|(_, given)| *given)
        {
            return refuse(option, "a solver for many inputs", "--solver direct");
        }
        let only_cg = [
            ("--checkpoint", self.many.checkpoint.is_some()),
            ("--tiles", self.many.tiles.is_some()),
        ];
        if solver != SolverChoice::Cg
            && let Some((option, _)) = only_cg.iter().find(|(_, given)| *given)
        {
            return refuse(option, "another solver", "--solver cg");
        }
        if solver == SolverChoice::Direct && !self.many.ridges.is_empty() {
            return refuse(
                "--ridges",
                "--solver direct",
                "--select-ridge, or another solver",
            );
        }
        let finite = |ridge: &f64| ridge.is_finite() && *ridge >= 0.0;
        if let Some(ridge) = self.many.ridges.iter().find(|ridge| !finite(ridge)) {
            return Err(Error::invalid(
                "ridge (--ridges)",
                *ridge,
                "finite numbers, at least 0",
            ));
        }
        Ok(())
    }
}
