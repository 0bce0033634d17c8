//! `haarmonic spectrum`: the eigenvalues of the kernels of a network.

use std::path::PathBuf;

use clap::Args;
use haarmonic::Result;
use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::network::Network;
#[cfg(feature = "plot")]
use haarmonic::plot::{AxisScale, Curve, Format, Labels, learning_curves};
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
    /// Where to draw the eigenvalues by degree, and the sums of all further ones (.png or .svg)
    #[cfg(feature = "plot")]
    #[arg(long)]
    picture: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_output(&arguments.out, [arguments.network.as_path()])?;
    #[cfg(feature = "plot")]
    if let Some(picture) = &arguments.picture {
        let others = [&arguments.network, &arguments.out];
        check_output(picture, others.map(PathBuf::as_path))?;
        Format::of(picture)?;
    }
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
    #[cfg(feature = "plot")]
    if let Some(picture) = &arguments.picture {
        draw(&spectra, picture)?;
    }
    say::lines(&table(&spectra))
}

/// Draws the eigenvalues from degree 1 on, and what is left after each degree; eigenvalues that are zero have no place on a logarithmic axis.
#[cfg(feature = "plot")]
fn draw(NetworkSpectra { nngp, ntk }: &NetworkSpectra, picture: &std::path::Path) -> Result<()> {
    let positive = |values: Vec<f64>| -> [Vec<f64>; 2] {
        let places = values.into_iter().enumerate().skip(1);
        let shown = places.filter(|(_, value)| *value > 0.0);
        let (degrees, values) = shown.map(|(degree, value)| (degree as f64, value)).unzip();
        [degrees, values]
    };
    let columns = [
        ("nngp", positive(nngp.eigenvalues.clone())),
        ("ntk", positive(ntk.eigenvalues.clone())),
        ("nngp, sum of further degrees", positive(left_after(nngp))),
        ("ntk, sum of further degrees", positive(left_after(ntk))),
    ];
    let curves: Vec<Curve<'_>> = columns
        .iter()
        .filter(|(_, [degrees, _])| !degrees.is_empty())
        .map(|(name, [degrees, values])| Curve {
            name,
            sizes: degrees,
            mean: values,
            error: None,
        })
        .collect();
    if curves.is_empty() {
        return Err(haarmonic::Error::invalid(
            "picture of a spectrum",
            "no positive eigenvalue from degree 1 on",
            "a spectrum of at least two degrees",
        ));
    }
    let labels = Labels {
        x: "degree",
        y: "eigenvalue for mass 1",
        ..Labels::default()
    };
    learning_curves(&curves, AxisScale::Logarithmic, &labels, picture)
}

/// The sum of the eigenvalues of all degrees after each degree, with their multiplicities; without what rounding hides.
#[cfg(feature = "plot")]
fn left_after(spectrum: &Spectrum) -> Vec<f64> {
    let rounding = spectrum.trace * spectrum.floor;
    let mut left = spectrum.tail;
    let pairs = spectrum.eigenvalues.iter().zip(&spectrum.multiplicities);
    let mut sums: Vec<f64> = pairs
        .rev()
        .map(|(value, count)| {
            let after = left;
            left += value * count;
            if after > rounding { after } else { 0.0 }
        })
        .collect();
    sums.reverse();
    sums
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
