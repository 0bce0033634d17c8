//! Arguments of `haarmonic plot`: the kind of picture, its numbers, and the texts around it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use haarmonic::plot::{Format, Labels};
use haarmonic::sphere::Sampling;
use haarmonic::{Error, Result};

use super::KernelChoice;
use super::files::check_output;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    pub kind: Kind,
}

#[derive(Subcommand)]
pub enum Kind {
    /// A kernel matrix of `haarmonic gram` as a map of colours
    Kernel {
        /// Kernels (.npz)
        input: PathBuf,
        /// The kernel to draw
        #[arg(long, value_enum, default_value = "ntk")]
        key: KernelChoice,
        #[command(flatten)]
        picture: Picture,
    },
    /// Predictions of `haarmonic predict` at several times, with a band of one standard deviation
    Dynamics {
        /// Predictions (.npz) with `times`
        input: PathBuf,
        /// Points to draw, counted from 0, as a list
        #[arg(long, value_delimiter = ',', default_value = "0,1,2")]
        points: Vec<usize>,
        /// Output to draw, counted from 0
        #[arg(long, default_value_t = 0)]
        output: usize,
        /// Targets at all points of the predictions (.npy): [n] or [n, outputs]
        #[arg(long)]
        targets: Option<PathBuf>,
        #[command(flatten)]
        picture: Picture,
    },
    /// The accuracy of a classifier against its confidence
    Calibration {
        /// Probabilities of the classes [n, classes]: `probabilities` of an archive (.npz), or else from its `mean`; or an array (.npy)
        input: PathBuf,
        /// Labels (.npy), [n]: numbers of the classes from 0 on
        #[arg(long)]
        labels: PathBuf,
        /// Number of bins of the confidence
        #[arg(long, default_value_t = 10)]
        bins: usize,
        #[command(flatten)]
        picture: Picture,
    },
    /// Learning curves from a table, such as the tables of the examples
    Curves {
        #[command(flatten)]
        table: TableChoice,
        /// The vertical axis
        #[arg(long, value_enum, default_value = "automatic")]
        scale: ScaleChoice,
        #[command(flatten)]
        picture: Picture,
    },
    /// Deviations from infinite width, from a table
    Convergence {
        #[command(flatten)]
        table: TableChoice,
        #[command(flatten)]
        picture: Picture,
    },
    /// A signal on the sphere as a map
    Sphere {
        /// Coefficients [.., L, 2L-1], or samples [.., θ, φ] with --sampling (.npy)
        input: PathBuf,
        /// The input holds samples on this grid: driscoll-healy, gauss-legendre, mcewen-wiaux or clenshaw-curtis
        #[arg(long, value_parser = sampling)]
        sampling: Option<Sampling>,
        /// Index of the signal if the input holds several, counted from 0
        #[arg(long, default_value_t = 0)]
        index: usize,
        /// Projection of the sphere onto the page
        #[arg(long, value_enum, default_value = "mollweide")]
        projection: ProjectionChoice,
        /// Point of view of the orthographic projection: colatitude and longitude in degrees
        #[arg(long, num_args = 2, value_names = ["THETA", "PHI"], default_values_t = [60.0, 0.0], allow_negative_numbers = true)]
        from: Vec<f64>,
        #[command(flatten)]
        picture: Picture,
    },
}

/// The texts around a picture, and its file.
#[derive(Args)]
pub struct Picture {
    /// Where to write the picture (.png or .svg)
    #[arg(long)]
    pub out: PathBuf,
    /// Title
    #[arg(long, default_value = "")]
    pub title: String,
    /// Text along the horizontal axis
    #[arg(long, default_value = "")]
    pub x_label: String,
    /// Text along the vertical axis
    #[arg(long, default_value = "")]
    pub y_label: String,
    /// Text along the colour bar
    #[arg(long, default_value = "")]
    pub value_label: String,
}

/// The columns of a table that make curves.
#[derive(Args)]
pub struct TableChoice {
    /// Table with a header (.csv)
    pub input: PathBuf,
    /// Column of the sizes [default: train, or width, or the first]
    #[arg(long)]
    pub x: Option<String>,
    /// Column of the means
    #[arg(long)]
    pub y: String,
    /// Column of the errors of the means
    #[arg(long)]
    pub error: Option<String>,
    /// Columns whose values distinguish curves, as a list
    #[arg(long, value_delimiter = ',')]
    pub by: Vec<String>,
    /// Only rows with COLUMN=VALUE; may be given several times
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub only: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ScaleChoice {
    Automatic,
    Linear,
    Logarithmic,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ProjectionChoice {
    /// The whole sphere on an ellipse
    Mollweide,
    /// Both hemispheres, as seen from far away
    Orthographic,
}

fn sampling(name: &str) -> std::result::Result<Sampling, String> {
    name.parse().map_err(|error: Error| error.to_string())
}

impl Picture {
    /// Returns the texts in the form that the library takes.
    pub fn labels(&self) -> Labels<'_> {
        Labels {
            title: &self.title,
            x: &self.x_label,
            y: &self.y_label,
            value: &self.value_label,
        }
    }

    /// Refuses a file name of another format or an output that cannot be written, before any input is read.
    fn check<'a>(&self, inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
        Format::of(&self.out)?;
        check_output(&self.out, inputs)
    }
}

impl Kind {
    /// Refuses the file of the picture, if it must be, before any input is read.
    pub fn check(&self) -> Result<()> {
        let (input, more) = match self {
            Kind::Kernel { input, .. } | Kind::Sphere { input, .. } => (input, None),
            Kind::Dynamics { input, targets, .. } => (input, targets.as_ref()),
            Kind::Calibration { input, labels, .. } => (input, Some(labels)),
            Kind::Curves { table, .. } | Kind::Convergence { table, .. } => (&table.input, None),
        };
        let inputs = [input].into_iter().chain(more);
        self.picture().check(inputs.map(PathBuf::as_path))
    }

    /// Returns the texts and the file of the picture.
    pub fn picture(&self) -> &Picture {
        match self {
            Kind::Kernel { picture, .. }
            | Kind::Dynamics { picture, .. }
            | Kind::Calibration { picture, .. }
            | Kind::Curves { picture, .. }
            | Kind::Convergence { picture, .. }
            | Kind::Sphere { picture, .. } => picture,
        }
    }
}
