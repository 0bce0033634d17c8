//! `haarmonic spectrum`: the eigenvalues of the kernels of a network.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::network::Network;
use haarmonic::spectral::{NetworkSpectra, Spectrum, network_spectra};
use ndarray::{Array1, arr0};

use super::files::check_output;
use super::say;

/// The largest number of degrees that are printed.
const PRINTED: usize = 16;

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML), on vectors
    network: PathBuf,
    /// Number of degrees, from 0 on
    #[arg(long, default_value_t = 24)]
    degrees: usize,
    /// Where to write the eigenvalues `nngp` and `ntk`, `multiplicities`, and the sums of all further eigenvalues `nngp_tail` and
    /// `ntk_tail` (.npz)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.network.as_path()])?;
    let network = Network::read(&arguments.network)?;
    let spectra = network_spectra(&network, arguments.degrees)
        .map_err(|error| error.in_file(&arguments.network))?;
    let NetworkSpectra { nngp, ntk } = &spectra;
    let list = |values: &[f64]| Numbers::Real(Array1::from(values.to_vec()).into_dyn());
    let number = |value: f64| Numbers::Real(arr0(value).into_dyn());
    write_npz(
        &arguments.out,
        &[
            ("nngp", list(&nngp.eigenvalues)),
            ("ntk", list(&ntk.eigenvalues)),
            ("multiplicities", list(&nngp.multiplicities)),
            ("nngp_tail", number(nngp.tail)),
            ("ntk_tail", number(ntk.tail)),
        ],
    )?;
    say::lines(&table(&spectra))
}

/// The lines to print: the eigenvalues by degree, their tails, and their decay.
fn table(NetworkSpectra { nngp, ntk }: &NetworkSpectra) -> Vec<String> {
    let mut lines = vec![
        format!(
            "eigenvalues on the sphere in {} dimensions, |x|^2 = {}, for mass 1",
            nngp.dimension, nngp.dimension
        ),
        format!(
            "{:>6} {:>12} {:>12} {:>12}",
            "degree", "functions", "nngp", "ntk"
        ),
    ];
    let rows = nngp
        .multiplicities
        .iter()
        .zip(&nngp.eigenvalues)
        .zip(&ntk.eigenvalues);
    for (degree, ((count, nngp), ntk)) in rows.enumerate().take(PRINTED) {
        lines.push(format!(
            "{degree:>6} {count:>12} {nngp:>12.5e} {ntk:>12.5e}"
        ));
    }
    if nngp.eigenvalues.len() > PRINTED {
        lines.push(format!("{:>6}", "..."));
    }
    lines.push(format!(
        "further {:>11} {:>12.5e} {:>12.5e}",
        "", nngp.tail, ntk.tail
    ));
    for (name, spectrum) in [("nngp", nngp), ("ntk", ntk)] {
        if let Some(text) = decay(spectrum) {
            lines.push(format!("{name} falls like degree^-p with {text}"));
        }
    }
    lines
}

/// The decay exponents for even and odd degrees, as far as they are known.
fn decay(spectrum: &Spectrum) -> Option<String> {
    let said: Vec<String> = spectrum
        .decay_exponents()
        .into_iter()
        .zip(["even", "odd"])
        .filter_map(|(p, parity)| Some(format!("p = {:.2} ({parity} degrees)", p?)))
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}
