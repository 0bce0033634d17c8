//! Checks of inputs: form and shape, finite entries, and squares in the range of numbers.

use ndarray::ArrayView3;
use num_complex::Complex64;

use crate::atoms::{Atoms, symbol};
use crate::graph::Graph;
use crate::kernel::values::Precision;
use crate::network::{InputSpace, Layer, Network, SphereSampling};
use crate::sphere::coefficients;
use crate::{Error, Result, check};

use super::forms::Signals;

/// Refuses inputs whose squares overflow, and inputs whose squares underflow if the first layer has no bias.
pub(super) fn check_sizes(
    network: &Network,
    precision: Precision,
    signals: &Signals<'_>,
) -> Result<()> {
    // The square roots of the smallest normal number and of the largest number.
    let (smallest, largest) = match precision {
        Precision::Double => (f64::MIN_POSITIVE.sqrt(), f64::MAX.sqrt()),
        Precision::Single => (
            f64::from(f32::MIN_POSITIVE).sqrt(),
            f64::from(f32::MAX).sqrt(),
        ),
    };
    let biased = match network.layers() {
        [Layer::Lifting { init, .. } | Layer::Dense(init), ..] => init.bias_std > 0.0,
        [Layer::Aggregation(_), ..] => true,
        _ => false,
    };
    for (input, size) in signals.sizes().into_iter().enumerate() {
        let expected = if size > largest {
            format!("at most {largest:.1e}, so that squares do not overflow")
        } else if size > 0.0 && size < smallest && !biased {
            format!("zero or at least {smallest:.1e}, so that squares do not underflow")
        } else {
            continue;
        };
        return Err(Error::invalid("largest entry", size, expected).in_input(input));
    }
    Ok(())
}

impl Signals<'_> {
    /// Checks that the signals are finite and belong to an input space.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] — the signals do not belong to the space
    /// * [`Error::NotFinite`] — a value is NaN or infinite
    /// * [`Error::Empty`] — there are no signals
    pub fn check(&self, input: &InputSpace) -> Result<()> {
        check_shape(input, self)?;
        match self.first_not_finite() {
            Some(index) => Err(Error::not_finite("signals", index)),
            None => Ok(()),
        }
    }
}

fn check_graphs(graphs: &[Graph], channels: usize, relations: usize) -> Result<()> {
    check::not_empty("graphs", graphs.len())?;
    for (index, graph) in graphs.iter().enumerate() {
        let counts = [
            ("features per node", graph.channels(), channels),
            ("relations", graph.relation_count(), relations),
        ];
        for (what, found, expected) in counts {
            if found != expected {
                return Err(Error::invalid(what, found, expected.to_string()).in_input(index));
            }
        }
    }
    Ok(())
}

fn check_atoms(molecules: &[Atoms], elements: &[u8]) -> Result<()> {
    check::not_empty("molecules", molecules.len())?;
    let name = |&z: &u8| symbol(z).unwrap_or("?");
    for (index, atoms) in molecules.iter().enumerate() {
        let numbers = atoms.atomic_numbers();
        if let Some(atom) = numbers.iter().position(|z| !elements.contains(z)) {
            let known: Vec<&str> = elements.iter().map(name).collect();
            return Err(Error::invalid(
                format!("element of atom {atom}"),
                name(&numbers[atom]),
                format!("one of {}, the labels of the network", known.join(", ")),
            )
            .in_input(index));
        }
    }
    Ok(())
}

fn check_shape(input: &InputSpace, signals: &Signals<'_>) -> Result<()> {
    if let (
        &InputSpace::Graph {
            channels,
            relations,
        },
        Signals::Graphs(graphs),
    ) = (input, signals)
    {
        return check_graphs(graphs, channels, relations);
    }
    if let (InputSpace::Molecule { elements, .. }, Signals::Atoms(atoms)) = (input, signals) {
        return check_atoms(atoms, elements);
    }
    let expected = match (input.clone(), signals) {
        (InputSpace::Vector { dimension }, Signals::Vectors(_)) => vec![dimension],
        (
            InputSpace::Sphere {
                band_limit,
                sampling: SphereSampling::Grid(sampling),
                channels,
            },
            Signals::Grid(_),
        ) => {
            let [rings, ring] = sampling.shape(band_limit)?;
            vec![rings, ring, channels]
        }
        (
            InputSpace::Sphere {
                band_limit,
                sampling: SphereSampling::Coefficients,
                channels,
            },
            Signals::Coefficients(_),
        ) => vec![channels, band_limit, 2 * band_limit - 1],
        (
            InputSpace::Plane {
                height,
                width,
                channels,
            },
            Signals::Grid(_),
        ) => vec![height, width, channels],
        (InputSpace::Finite { action, channels }, Signals::Points(_)) => {
            vec![action.points(), channels]
        }
        _ => return Err(wrong_form(input, signals)),
    };
    let shape = signals.shape();
    if shape[1..] != expected[..] {
        let words: Vec<String> = expected.iter().map(ToString::to_string).collect();
        return Err(Error::shape(
            "signals",
            format!("[n, {}]", words.join(", ")),
            shape.to_vec(),
        ));
    }
    if shape[0] == 0 {
        return Err(Error::empty("signals"));
    }
    Ok(())
}

pub(super) fn wrong_form(input: &InputSpace, signals: &Signals<'_>) -> Error {
    let expected = match input {
        InputSpace::Vector { dimension } => format!("real [n, {dimension}]"),
        InputSpace::Sphere {
            band_limit,
            sampling: SphereSampling::Coefficients,
            channels,
        } => format!(
            "complex [n, {channels}, {band_limit}, {}]",
            2 * band_limit - 1
        ),
        InputSpace::Sphere { channels, .. } => format!("real [n, θ, φ, {channels}]"),
        InputSpace::Plane {
            height,
            width,
            channels,
        } => format!("real [n, {height}, {width}, {channels}]"),
        InputSpace::Finite { action, channels } => {
            format!("real [n, {}, {channels}]", action.points())
        }
        InputSpace::Graph { channels, .. } => format!("graphs with {channels} features per node"),
        InputSpace::Molecule { .. } => "molecules, with elements and positions".into(),
    };
    let kind = match signals {
        Signals::Coefficients(_) => "complex",
        Signals::Graphs(_) => "graphs",
        Signals::Atoms(_) => "molecules",
        _ => "real",
    };
    Error::shape(
        format!("signals ({kind})"),
        expected,
        signals.shape().to_vec(),
    )
}

/// Refuses coefficients of signals that are not real.
pub(super) fn check_real(signal: ArrayView3<'_, Complex64>) -> Result<()> {
    signal
        .outer_iter()
        .try_for_each(|channel| coefficients::check_real(channel, REALITY))
}

/// The relative deviation from the symmetry of a real signal that counts as rounding, also for coefficients that were 32-bit numbers.
const REALITY: f64 = 1e-5;
