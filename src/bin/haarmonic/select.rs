//! `haarmonic select`: the scales of a network, chosen by its training points.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::read_numbers;
use haarmonic::data::atomic::{check_target, write_atomically};
use haarmonic::kernel::Kernel;
use haarmonic::network::Network;
use haarmonic::predict::Ensemble;
use haarmonic::selection::ScaleSelection;

use super::targets::Targets;
use super::{CriterionChoice, KernelChoice, inputs};

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
    /// What is to be small
    #[arg(long, value_enum, default_value = "evidence")]
    criterion: CriterionChoice,
    /// The ridge to begin with, as a multiple of the mean diagonal entry of the kernel
    #[arg(long, default_value_t = 1e-2, allow_negative_numbers = true)]
    ridge: f64,
    /// Keep the ridge
    #[arg(long)]
    fixed_ridge: bool,
    /// Steps of the search at most
    #[arg(long, default_value_t = 50)]
    iterations: u64,
    /// Where to write the network with its new scales (.toml)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_target(&arguments.out)?;
    let network = Network::read(&arguments.network)?;
    let kernel = Kernel::new(&network)?;
    let targets = Targets::read(&network, &arguments.train_y)?;
    let numbers = read_numbers(&arguments.train_x)?;
    // Checks shapes and numbers, with the name of the file.
    let train = inputs::signals(&numbers)
        .and_then(|signals| kernel.prepare(signals))
        .map_err(|error| error.in_file(&arguments.train_x))?;
    targets
        .check(train.len())
        .map_err(|error| error.in_file(&arguments.train_y))?;
    let ensemble = match arguments.kernel {
        KernelChoice::Ntk => Ensemble::Ntk,
        KernelChoice::Nngp => Ensemble::Nngp,
    };
    let mut search = ScaleSelection::new(arguments.criterion.into(), ensemble)
        .noise(arguments.ridge)
        .iterations(arguments.iterations);
    if arguments.fixed_ridge {
        search = search.fixed_noise();
    }
    let kernels = |network: &Network| Kernel::new(network)?.gram(inputs::signals(&numbers)?);
    let selected = search.run(&network, targets.rows.view(), kernels)?;
    let name = arguments.criterion.of_cost();
    println!(
        "{name} {:.6e}, was {:.6e}",
        selected.cost, selected.first_cost
    );
    println!(
        "{} steps, {}",
        selected.iterations,
        if selected.converged {
            "converged"
        } else {
            "not converged: raise --iterations"
        }
    );
    println!(
        "{:>6} {:>12} {:>12} {:>12} {:>12}",
        "layer", "weight_std", "was", "bias_std", "was"
    );
    for (layer, (new, old)) in selected
        .network
        .scales()
        .iter()
        .zip(network.scales())
        .enumerate()
    {
        println!(
            "{layer:>6} {:>12.6} {:>12.6} {:>12.6} {:>12.6}",
            new.weight_std, old.weight_std, new.bias_std, old.bias_std
        );
    }
    println!("ridge {:.6e}, was {:.6e}", selected.noise, arguments.ridge);
    let text = selected.network.to_toml()?;
    write_atomically(&arguments.out, |file| file.write_all(text.as_bytes()))
}
