//! Checks of the numbers in a network, and the errors about networks.

use super::types::{Init, InputSpace, Quadrature};
use super::{Aggregation, ZonalProfile};
use crate::activation::Activation;
use crate::error::number;
use crate::sphere::MAX_BAND_LIMIT;
use crate::{Error, Result};

/// Images have at most this many pixels along an edge.
const MAX_EDGE: usize = 1 << 12;

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
    }
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
    let InputSpace::Sphere { band_limit, .. } = input else {
        return if *quadrature == Quadrature::default() {
            Ok(())
        } else {
            Err(network_error(
                "a quadrature over the group, which is for signals on the sphere",
                "remove the quadrature",
            ))
        };
    };
    match *quadrature {
        Quadrature::BandLimit(limit) => {
            check_band_limit("bandlimit of the quadrature", limit)?;
            if limit < *band_limit {
                return Err(Error::invalid(
                    "bandlimit of the quadrature",
                    limit,
                    format!("at least {band_limit}, the bandlimit of the input"),
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
