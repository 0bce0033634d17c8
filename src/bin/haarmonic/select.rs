//! `haarmonic select`: selects the weight and bias standard deviations of a network by its training points.

use std::path::PathBuf;

use clap::Args;
use haarmonic::data::atomic::write_atomically;
use haarmonic::kernel::Kernel;
use haarmonic::network::Network;
use haarmonic::predict::selection::HyperparameterSelection;
use haarmonic::{Error, Result, memory};

use super::files::check_output;
use super::progress::Watched;
use super::targets::Known;
use super::{CriterionChoice, KernelChoice, for_less_memory, say};

/// The advice for kernels that do not fit into memory.
const FEWER: &str = "use fewer training inputs";

#[derive(Args)]
pub struct Arguments {
    /// The network to begin with (TOML)
    network: PathBuf,
    /// Training inputs (.npy)
    #[arg(long)]
    train_x: PathBuf,
    /// Training targets (.npy), as for `predict`
    #[arg(long)]
    train_y: PathBuf,
    /// The kernel that predicts
    #[arg(long, value_enum, default_value = "nngp")]
    kernel: KernelChoice,
    /// The cost to minimise
    #[arg(long, value_enum, default_value = "evidence")]
    criterion: CriterionChoice,
    /// The ridge to begin with, as a multiple of the mean diagonal entry of the kernel
    #[arg(long, default_value_t = 1e-2, allow_negative_numbers = true)]
    ridge: f64,
    /// Keep the ridge
    #[arg(long)]
    fixed_ridge: bool,
    /// Largest number of steps of the search
    #[arg(long, default_value_t = 50)]
    iterations: u64,
    /// Where to write the network with its new weight and bias standard deviations (.toml)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments {
        network: path,
        train_x,
        train_y,
        out,
        ..
    } = arguments;
    check_output(out, [path, train_x, train_y].map(PathBuf::as_path))?;
    if !(arguments.ridge > 0.0 && arguments.ridge.is_finite()) {
        return Err(Error::invalid(
            "ridge to begin with (--ridge), the variance of the noise",
            arguments.ridge,
            "a finite number above 0",
        ));
    }
    let network = Network::read(path)?;
    let Known { inputs, targets } = Known::read(&network, train_x, train_y, "training")?;
    let rows = targets.rows.nrows();
    memory::check(
        &format!("kernels of {rows} rows and their derivatives"),
        memory::bytes(4, &[rows, rows]),
        FEWER,
    )?;
    let mut search =
        HyperparameterSelection::new(arguments.criterion.into(), arguments.kernel.into())
            .noise(arguments.ridge)
            .iterations(arguments.iterations);
    if arguments.fixed_ridge {
        search = search.fixed_noise();
    }
    let watched = Watched::new()?;
    let kernels = |network: &Network| {
        let kernel = Kernel::new(network)?.with_progress(watched.progress(false));
        kernel.gram(inputs.signals()?)
    };
    let selected = search
        .fit(&network, targets.rows.view(), kernels)
        .map_err(|error| for_less_memory(error, FEWER))?;
    drop(watched);
    let text = selected.network.to_toml()?;
    write_atomically(out, |file| file.write_all(text.as_bytes()))?;
    let mut said = vec![
        format!(
            "{} {:.6e}, was {:.6e}",
            arguments.criterion.of_cost(),
            selected.cost,
            selected.first_cost
        ),
        format!(
            "{} steps, {}",
            selected.iterations,
            if selected.converged {
                "converged"
            } else {
                "not converged: raise --iterations"
            }
        ),
        format!(
            "{:>6} {:>12} {:>12} {:>12} {:>12}",
            "layer", "weight_std", "was", "bias_std", "was"
        ),
    ];
    let scales = selected.network.inits();
    for (layer, (new, old)) in scales.iter().zip(network.inits()).enumerate() {
        said.push(format!(
            "{layer:>6} {:>12.6} {:>12.6} {:>12.6} {:>12.6}",
            new.weight_std, old.weight_std, new.bias_std, old.bias_std
        ));
    }
    said.push(format!(
        "ridge {:.6e}, was {:.6e}",
        selected.noise, arguments.ridge
    ));
    say::lines(&said)
}
