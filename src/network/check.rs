//! What makes a list of layers a network, with errors that say what to add or change.

use super::types::{InputSpace, Layer, Quadrature, Scale};
use crate::activation::Activation;
use crate::sphere::sampling::MAX_BAND_LIMIT;
use crate::{Error, Result};

/// What a layer hands on.
#[derive(Clone, Copy, PartialEq)]
enum Features {
    Input,
    OverGroup,
    Vector,
}

/// Checks a network as a whole.
pub(super) fn check(input: &InputSpace, quadrature: &Quadrature, layers: &[Layer]) -> Result<()> {
    check_input(input)?;
    check_quadrature(input, quadrature)?;
    let vector = matches!(input, InputSpace::Vector { .. });
    if layers.is_empty() {
        return Err(network_error(
            "no layers",
            if vector {
                "add a `dense` layer"
            } else {
                "add a `lifting`, an `activation` and a `group-pooling` layer"
            },
        ));
    }
    let mut features = Features::Input;
    let mut activated = false;
    for (index, layer) in layers.iter().enumerate() {
        let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
        match (layer, features) {
            (Layer::Lifting { .. }, _) if vector => {
                return wrong(
                    "a `lifting` takes signals on the sphere, the inputs are vectors",
                    "use `dense`, or `space = \"sphere\"`",
                );
            }
            (Layer::GroupConvolution { .. } | Layer::GroupPooling, _) if vector => {
                return wrong(
                    &format!(
                        "a `{}` takes features over a group, the inputs are vectors",
                        layer.kind()
                    ),
                    "use `dense` and `activation` only, or `space = \"sphere\"`",
                );
            }
            (Layer::Lifting { .. }, Features::OverGroup | Features::Vector) => {
                return wrong(
                    "a second `lifting`, but only the first layer lifts",
                    "use `group-convolution` before pooling, `dense` after it",
                );
            }
            (Layer::Dense(_), Features::Input) if vector => {}
            (Layer::Lifting { .. }, Features::Input) => {}
            (_, Features::Input) => {
                return wrong(
                    &format!("the network starts with `{}`", layer.kind()),
                    if vector {
                        "put a `dense` layer before it"
                    } else {
                        "put a `lifting` layer before it"
                    },
                );
            }
            (Layer::GroupConvolution { .. }, Features::Vector) => {
                return wrong(
                    "a `group-convolution` after the pooling, where no group is left",
                    "move it before `group-pooling`, or use `dense`",
                );
            }
            (Layer::GroupPooling, Features::Vector) => {
                return wrong("a second `group-pooling`", "remove it");
            }
            (Layer::Activation(_), _) if activated => {
                return wrong(
                    "two activations in a row",
                    if features == Features::OverGroup {
                        "put a `group-convolution` or `dense` layer between them"
                    } else {
                        "put a `dense` layer between them"
                    },
                );
            }
            _ => {}
        }
        match layer {
            Layer::Lifting { scale, .. } => {
                check_scale(index, scale)?;
                features = Features::OverGroup;
                activated = false;
            }
            Layer::GroupConvolution { scale, .. } => {
                check_scale(index, scale)?;
                activated = false;
            }
            Layer::Dense(scale) => {
                check_scale(index, scale)?;
                activated = false;
                if vector {
                    features = Features::Vector;
                }
            }
            Layer::Activation(activation) => {
                check_activation(index, activation)?;
                activated = true;
            }
            // The mean of an activation over the group is still not Gaussian: `activated` stays.
            Layer::GroupPooling => features = Features::Vector,
        }
    }
    if features == Features::OverGroup {
        return Err(network_error(
            "the outputs are functions on the group, a kernel needs numbers",
            "add a `group-pooling` layer",
        ));
    }
    Ok(())
}

fn check_input(input: &InputSpace) -> Result<()> {
    let at_least_one = |what: &str, value: usize| {
        if value == 0 {
            Err(invalid(what, "0", "at least 1"))
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
    }
}

fn check_band_limit(what: &str, band_limit: usize) -> Result<()> {
    if band_limit == 0 || band_limit > MAX_BAND_LIMIT {
        return Err(invalid(
            what,
            band_limit,
            format!("a number from 1 to {MAX_BAND_LIMIT}"),
        ));
    }
    Ok(())
}

fn check_quadrature(input: &InputSpace, quadrature: &Quadrature) -> Result<()> {
    let InputSpace::Sphere { band_limit, .. } = input else {
        return if *quadrature == Quadrature::default() {
            Ok(())
        } else {
            Err(network_error(
                "a quadrature over the group, but the inputs are vectors",
                "remove the quadrature",
            ))
        };
    };
    match *quadrature {
        Quadrature::BandLimit(limit) => {
            check_band_limit("bandlimit of the quadrature", limit)?;
            if limit < *band_limit {
                return Err(invalid(
                    "bandlimit of the quadrature",
                    limit,
                    format!("at least {band_limit}, the bandlimit of the input"),
                ));
            }
        }
        Quadrature::Tolerance(tolerance) => {
            if !(tolerance > 0.0 && tolerance < 1.0) {
                return Err(invalid(
                    "tolerance of the quadrature",
                    tolerance,
                    "a number between 0 and 1",
                ));
            }
        }
    }
    Ok(())
}

fn check_scale(index: usize, scale: &Scale) -> Result<()> {
    if !(scale.weight_std.is_finite() && scale.weight_std > 0.0) {
        return Err(layer_error(
            index,
            &format!("weight_std is {}", scale.weight_std),
            "give a number greater than 0",
        ));
    }
    if !(scale.bias_std.is_finite() && scale.bias_std >= 0.0) {
        return Err(layer_error(
            index,
            &format!("bias_std is {}", scale.bias_std),
            "give 0 (no bias) or a number greater than 0",
        ));
    }
    Ok(())
}

fn check_activation(index: usize, activation: &Activation) -> Result<()> {
    activation.validate().map_err(|err| match err {
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
    })
}

fn invalid(
    what: impl Into<String>,
    found: impl std::fmt::Display,
    expected: impl Into<String>,
) -> Error {
    Error::InvalidValue {
        what: what.into(),
        found: found.to_string(),
        expected: expected.into(),
    }
}

fn layer_error(index: usize, problem: &str, change: &str) -> Error {
    Error::InvalidNetwork {
        layer: Some(index),
        problem: problem.into(),
        change: change.into(),
    }
}

fn network_error(problem: &str, change: &str) -> Error {
    Error::InvalidNetwork {
        layer: None,
        problem: problem.into(),
        change: change.into(),
    }
}
