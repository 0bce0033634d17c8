//! `haarmonic phase`: order and chaos in the network that repeats a block, and its kernels at several depths.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{Numbers, read_real, write_npz};
use haarmonic::network::{Filter, InputSpace, Network};
use haarmonic::spectral::{
    AtDepth, CriticalPoint, DeepInputs, FixedPoint, Phases, RepeatedBlock, critical_points,
};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, Ix2};

use super::files::check_output;
use super::say;

/// Degrees of a local filter that are shown.
const MODES: usize = 6;

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML); its hidden layers repeat one block
    network: PathBuf,
    /// Depths at which the condition number of the neural tangent kernel is computed, as a list
    #[arg(long, value_delimiter = ',')]
    depths: Vec<usize>,
    /// Inputs for the depths (.npy), [n, dimension]; without them, as many orthogonal inputs as --inputs says
    #[arg(long)]
    x: Option<PathBuf>,
    /// Number of orthogonal inputs of length √dimension
    #[arg(long, default_value_t = 12, conflicts_with = "x")]
    inputs: usize,
    /// Where to write the numbers (.npz)
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where to draw depth scales over weight and bias variances (.png or .svg)
    #[cfg(feature = "plot")]
    #[arg(long)]
    picture: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let inputs = [Some(&arguments.network), arguments.x.as_ref()];
    let outputs = [
        arguments.out.as_ref(),
        #[cfg(feature = "plot")]
        arguments.picture.as_ref(),
    ];
    for out in outputs.iter().flatten() {
        check_output(out, inputs.iter().flatten().map(|path| path.as_path()))?;
    }
    let network = Network::read(&arguments.network)?;
    let found =
        Found::new(arguments, &network).map_err(|error| error.in_file(&arguments.network))?;
    let deep = match arguments.depths.is_empty() {
        true => Vec::new(),
        false => {
            let (inputs, n) = deep_inputs(arguments, &network)?;
            // Labels have no effect on condition numbers.
            let labels = Array1::zeros(n);
            found
                .block
                .at_depths(&inputs, labels.view(), &arguments.depths)
                .map_err(|error| error.in_file(&arguments.network))?
        }
    };
    #[cfg(feature = "plot")]
    if let Some(path) = &arguments.picture {
        draw(&found.block, path)?;
    }
    if let Some(out) = &arguments.out {
        write_npz(out, &found.arrays(&deep))?;
    }
    say::lines(&found.table(&deep))
}

/// What there is to say of a block.
struct Found {
    block: RepeatedBlock,
    /// Nothing for residual blocks.
    phases: Option<Phases>,
    critical: Vec<CriticalPoint>,
    /// The multipliers of a local filter on the sphere.
    multipliers: Vec<f64>,
}

impl Found {
    fn new(_: &Arguments, network: &Network) -> Result<Found> {
        let block = RepeatedBlock::of_network(network)?;
        let phases = match block.residual {
            true => None,
            false => Some(block.phases()?),
        };
        Ok(Found {
            critical: critical_points(&block.activation, block.init.bias_std)?,
            multipliers: match &block.filter {
                Filter::Zonal(profile) => profile.multipliers(MODES)?,
                _ => Vec::new(),
            },
            phases,
            block,
        })
    }

    fn points(&self) -> &[FixedPoint] {
        self.phases
            .as_ref()
            .map_or(&[], |phases| &phases.fixed_points)
    }

    fn arrays(&self, deep: &[AtDepth]) -> Vec<(&'static str, Numbers)> {
        let points = self.points();
        let list = |values: Vec<f64>| Numbers::Real(Array1::from(values).into_dyn());
        let of_points = |number: fn(&FixedPoint) -> f64| list(points.iter().map(number).collect());
        // A distance that does not fall has an infinite depth scale.
        let endless = |depth: Option<f64>| depth.unwrap_or(f64::INFINITY);
        let errors = Array2::from_shape_fn((points.len(), 5), |(i, k)| {
            let error = &points[i].error;
            [
                error.variance,
                error.variance_slope,
                error.slope,
                error.correlation,
                error.correlation_slope,
            ][k]
        });
        let scales = |scale: &dyn Fn(&FixedPoint) -> Option<f64>| {
            list(points.iter().map(|point| endless(scale(point))).collect())
        };
        let of_critical =
            |number: fn(&CriticalPoint) -> f64| list(self.critical.iter().map(number).collect());
        let of_depths = |number: fn(&AtDepth) -> f64| list(deep.iter().map(number).collect());
        vec![
            ("variance", of_points(|point| point.variance)),
            ("variance_slope", of_points(|point| point.variance_slope)),
            ("slope", of_points(|point| point.slope)),
            ("correlation", of_points(|point| point.correlation)),
            (
                "correlation_slope",
                of_points(|point| point.correlation_slope),
            ),
            ("errors", Numbers::Real(errors.into_dyn())),
            ("variance_depth", scales(&FixedPoint::variance_depth)),
            ("correlation_depth", scales(&FixedPoint::correlation_depth)),
            (
                "generalisation_depth",
                scales(&FixedPoint::generalisation_depth),
            ),
            (
                "critical_weight_std",
                of_critical(|point| point.init.weight_std),
            ),
            ("critical_variance", of_critical(|point| point.variance)),
            ("multipliers", list(self.multipliers.clone())),
            ("depths", of_depths(|deep| deep.depth as f64)),
            ("condition", of_depths(|deep| deep.condition)),
            (
                "log_largest",
                of_depths(|deep| deep.largest.ln() + deep.ln_scale),
            ),
        ]
    }

    fn table(&self, deep: &[AtDepth]) -> Vec<String> {
        let mut lines = vec![format!("block: {}", self.block)];
        if self.phases.is_none() {
            lines.push("a residual block: variances grow and have no fixed point".into());
        }
        if let Some(growth) = self.phases.as_ref().and_then(|phases| phases.growth) {
            lines.push(format!(
                "without bias a layer multiplies variances by {growth:.6}"
            ));
        }
        if self.phases.is_some() && self.points().is_empty() {
            lines.push("no fixed point: variances grow without bound".into());
        }
        for point in self.points() {
            lines.extend(self.of_point(point));
        }
        lines.extend(self.distance());
        if !deep.is_empty() {
            lines.push(format!(
                "{:>8} {:>14} {:>16}",
                "depth", "condition", "ln of largest"
            ));
        }
        for deep in deep {
            lines.push(format!(
                "{:>8} {:>14.6e} {:>16.6}",
                deep.depth,
                deep.condition,
                deep.largest.ln() + deep.ln_scale
            ));
        }
        lines
    }

    fn of_point(&self, point: &FixedPoint) -> Vec<String> {
        let layers = |depth: Option<f64>| match depth {
            Some(depth) if depth.is_finite() => format!("{depth:.4} layers"),
            Some(_) => "infinite".into(),
            None => "none".into(),
        };
        let (number, error) = (point, &point.error);
        let attracts = match number.variance_depth() {
            Some(_) => "",
            None => ", which repels variances",
        };
        let mut lines = vec![
            format!("fixed point: {}{attracts}", number.phase.name()),
            row("variance q", number.variance, error.variance),
            row(
                "slope of variances",
                number.variance_slope,
                error.variance_slope,
            ),
            row("slope at 1, chi_1", number.slope, error.slope),
            row("correlation c", number.correlation, error.correlation),
            row(
                "slope at c",
                number.correlation_slope,
                error.correlation_slope,
            ),
            format!(
                "  {:<22} {}",
                "depth of variances",
                layers(number.variance_depth())
            ),
            format!(
                "  {:<22} {}",
                "depth of correlations",
                layers(number.correlation_depth())
            ),
        ];
        if let Some(depth) = number.generalisation_depth() {
            let name = "depth of predictions";
            lines.push(format!("  {name:<22} {}", layers(Some(depth))));
        }
        if let Ok(depths) = number.mode_depths(&self.multipliers)
            && !depths.is_empty()
        {
            let depths: Vec<String> = depths.iter().map(|depth| format!("{depth:.3}")).collect();
            let name = "by degree of the filter";
            lines.push(format!("  {name:<22} {}", depths.join(" ")));
        }
        lines
    }

    /// How far σw is from criticality at this σb.
    fn distance(&self) -> Vec<String> {
        let init = self.block.init;
        if self.critical.is_empty() {
            return vec![format!(
                "no weight std is critical with bias std {}",
                init.bias_std
            )];
        }
        let line = |point: &CriticalPoint| {
            let repels = match point.variance_slope > 1.0 + 1e-9 {
                true => ", where variances leave the fixed point",
                false => "",
            };
            format!(
                "critical at weight std {:.12} (±{:.0e}), {:+.6} from here{repels}",
                point.init.weight_std,
                point.weight_std_error,
                point.init.weight_std - init.weight_std
            )
        };
        self.critical.iter().map(line).collect()
    }
}

fn row(name: &str, value: f64, error: f64) -> String {
    format!("  {name:<22} {value:.14} (±{error:.0e})")
}

/// Inputs of the depths, and their number.
fn deep_inputs(arguments: &Arguments, network: &Network) -> Result<(DeepInputs, usize)> {
    let gram = match (&arguments.x, network.input()) {
        (None, _) => Array2::eye(arguments.inputs),
        (Some(path), &InputSpace::Vector { dimension }) => {
            let x = read_real(path)?;
            let shape = x.shape().to_vec();
            let expected = format!("[n, {dimension}]");
            let wrong = || Error::shape("inputs", expected, shape).in_file(path);
            let x = x
                .into_dimensionality::<Ix2>()
                .ok()
                .filter(|x| x.ncols() == dimension)
                .ok_or_else(wrong)?;
            x.dot(&x.t()) / dimension as f64
        }
        (Some(_), _) => {
            return Err(Error::invalid(
                "--x",
                "inputs of a network that is not on vectors",
                "--inputs, or a network on vectors",
            ));
        }
    };
    let inputs = DeepInputs::from_gram(gram.view());
    let inputs = match &arguments.x {
        None => inputs,
        Some(path) => inputs.map_err(|error| error.in_file(path)),
    };
    Ok((inputs?, gram.nrows()))
}

/// Draws the plane about the network and its critical point.
#[cfg(feature = "plot")]
fn draw(block: &RepeatedBlock, path: &std::path::Path) -> Result<()> {
    use haarmonic::plot::{self, Labels};
    use haarmonic::spectral::phase_diagram;
    const CELLS: usize = 60;

    let square = |std: f64| std * std;
    let [weight, bias] = [block.init.weight_std, block.init.bias_std].map(square);
    let critical = critical_points(&block.activation, block.init.bias_std)?;
    let nearest = critical.iter().map(|point| square(point.init.weight_std));
    let widest = nearest.fold(weight, |widest, next| match next <= 10.0 * weight {
        true => widest.max(next),
        false => widest,
    });
    let centres = |highest: f64| -> Vec<f64> {
        let step = highest / CELLS as f64;
        (0..CELLS).map(|i| step * (i as f64 + 0.5)).collect()
    };
    let weights = centres(2.0 * widest);
    let biases = centres(2.0 * if bias > 0.0 { bias } else { 0.1 });
    let diagram = phase_diagram(&block.activation, &weights, &biases)?;
    let title = format!("{}", block.activation);
    let labels = Labels {
        title: &title,
        ..Labels::default()
    };
    plot::phase_diagram(&diagram, Some(block.init), &labels, path)
}
