//! Checks of the numbers in a network, and the errors about networks.

use super::types::{Init, InputSpace, Quadrature};
use super::{Aggregation, Message, ZonalProfile};
use crate::activation::Activation;
use crate::atoms::symbol;
use crate::error::number;
use crate::sphere::MAX_BAND_LIMIT;
use crate::{Error, Result, check};

/// Images have at most this many pixels along an edge.
const MAX_EDGE: usize = 1 << 12;

/// A fibre of molecules has one number per pair of atoms and node of the quadrature, of which this band limit has 256,000.
pub(crate) const MAX_MOLECULE_BAND_LIMIT: usize = 40;

pub(super) fn check_input(input: &InputSpace) -> Result<()> {
    let at_least_one = |what: &str, value: usize| {
        if value == 0 {
            Err(Error::invalid(what, "0", "at least 1"))
        } else {
            Ok(())
        }
    };
    match input {
        InputSpace::Vector { dimension } => at_least_one("dimension", *dimension),
        InputSpace::Sphere {
            band_limit,
            channels,
            ..
        } => {
            check_band_limit("bandlimit of the input", *band_limit)?;
            at_least_one("channels", *channels)
        }
        InputSpace::Plane {
            height,
            width,
            channels,
        } => {
            for (what, edge) in [("height", *height), ("width", *width)] {
                if edge == 0 || edge > MAX_EDGE {
                    return Err(Error::invalid(
                        format!("{what} of the input"),
                        edge,
                        format!("a number from 1 to {MAX_EDGE}"),
                    ));
                }
            }
            at_least_one("channels", *channels)
        }
        InputSpace::Finite { channels, .. } => at_least_one("channels", *channels),
        InputSpace::Graph {
            channels,
            relations,
        } => {
            at_least_one("channels", *channels)?;
            at_least_one("relations", *relations)
        }
        InputSpace::Molecule { elements, .. } => check_elements(elements),
    }
}

fn check_elements(elements: &[u8]) -> Result<()> {
    check::not_empty("labels of the input", elements.len())?;
    for (index, &element) in elements.iter().enumerate() {
        let found = match symbol(element) {
            None => element.to_string(),
            Some(symbol) if elements[..index].contains(&element) => format!("{symbol} twice"),
            Some(_) => continue,
        };
        return Err(Error::invalid(
            "labels of the input",
            found,
            "different chemical elements",
        ));
    }
    Ok(())
}

fn check_band_limit(what: &str, band_limit: usize) -> Result<()> {
    if band_limit == 0 || band_limit > MAX_BAND_LIMIT {
        return Err(Error::invalid(
            what,
            band_limit,
            format!("a number from 1 to {MAX_BAND_LIMIT}"),
        ));
    }
    Ok(())
}

pub(super) fn check_quadrature(input: &InputSpace, quadrature: &Quadrature) -> Result<()> {
    let smallest = match input {
        InputSpace::Sphere { band_limit, .. } => Some(*band_limit),
        InputSpace::Molecule { .. } => Some(1),
        _ => None,
    };
    let Some(smallest) = smallest else {
        return if *quadrature == Quadrature::default() {
            Ok(())
        } else {
            Err(network_error(
                "a quadrature over the group, which is for signals on the sphere and for molecules",
                "remove the quadrature",
            ))
        };
    };
    match *quadrature {
        Quadrature::BandLimit(limit) => {
            check_band_limit("bandlimit of the quadrature", limit)?;
            if limit < smallest {
                return Err(Error::invalid(
                    "bandlimit of the quadrature",
                    limit,
                    format!("at least {smallest}, the bandlimit of the input"),
                ));
            }
            let molecule = matches!(input, InputSpace::Molecule { .. });
            if molecule && limit > MAX_MOLECULE_BAND_LIMIT {
                return Err(Error::invalid(
                    "bandlimit of the quadrature",
                    limit,
                    format!("at most {MAX_MOLECULE_BAND_LIMIT} for molecules"),
                ));
            }
        }
        Quadrature::Tolerance(tolerance) => {
            if !(tolerance > 0.0 && tolerance < 1.0) {
                return Err(Error::invalid(
                    "tolerance of the quadrature",
                    tolerance,
                    "a number between 0 and 1",
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn check_init(index: usize, init: &Init) -> Result<()> {
    if !(init.weight_std.is_finite() && init.weight_std > 0.0) {
        return Err(layer_error(
            index,
            &format!("weight_std is {}", number(init.weight_std)),
            "give a number greater than 0",
        ));
    }
    if !(init.bias_std.is_finite() && init.bias_std >= 0.0) {
        return Err(layer_error(
            index,
            &format!("bias_std is {}", number(init.bias_std)),
            "give 0 (no bias) or a number greater than 0",
        ));
    }
    Ok(())
}

pub(super) fn check_aggregation(index: usize, aggregation: &Aggregation) -> Result<()> {
    let weight = aggregation.self_loops;
    if weight.is_finite() && weight >= 0.0 {
        return Ok(());
    }
    Err(layer_error(
        index,
        &format!("self_loops is {}", number(weight)),
        "give 0 (no self loops) or a number greater than 0",
    ))
}

pub(super) fn check_message(index: usize, message: &Message) -> Result<()> {
    message.validate().map_err(|err| in_layer(index, err))
}

pub(super) fn check_activation(index: usize, activation: &Activation) -> Result<()> {
    if *activation == Activation::Normalisation {
        return Err(layer_error(
            index,
            "the normalisation as an activation",
            "use the layer `normalisation`",
        ));
    }
    activation.validate().map_err(|err| in_layer(index, err))
}

pub(super) fn check_profile(index: usize, profile: &ZonalProfile) -> Result<()> {
    profile.validate().map_err(|err| in_layer(index, err))
}

/// Says in which layer a value is wrong.
fn in_layer(index: usize, err: Error) -> Error {
    match err {
        Error::InvalidValue {
            what,
            found,
            expected,
        } => layer_error(
            index,
            &format!("{what} is {found}"),
            &format!("give {expected}"),
        ),
        Error::NotFinite { what, .. } => layer_error(
            index,
            &format!("{what} is NaN or infinite"),
            "give a finite number",
        ),
        other => other,
    }
}

pub(super) fn layer_error(index: usize, problem: &str, change: &str) -> Error {
    Error::network(Some(index), problem, change)
}

pub(super) fn network_error(problem: &str, change: &str) -> Error {
    Error::network(None, problem, change)
}
