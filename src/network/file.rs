//! Network files: TOML to [`Network`] and back.

use std::f64::consts::PI;
use std::fmt::{self, Write};

use toml::de::DeTable;

use super::Network;
use super::table::{Found, Table, line_of, short};
use super::types::{InputSpace, Layer, Quadrature, Scale, Support};
use crate::activation::Activation;
use crate::{Error, Result};

const KINDS: &str = "one of \"lifting\", \"group-convolution\", \"activation\", \
                     \"group-pooling\", \"dense\"";
const PLANE: &str = "a key of plane inputs, which are not supported in this version";
const NARROW_CAP: &str = "a cap narrower than the sphere is not supported in this version; \
                          leave `cap` out for a global filter";

/// Reads the text of a network file.
pub(super) fn parse(text: &str) -> Result<Network> {
    let document = DeTable::parse(text).map_err(|err| Error::Syntax {
        format: "TOML".into(),
        line: err.span().map(|span| line_of(text, span.start)),
        message: short(err.message()),
    })?;
    let root = Table::new(text, document.get_ref(), "the network file");
    root.accept(&["input", "quadrature", "layers"])?;
    let Some(input) = root.table("input")? else {
        return Err(root.missing("input"));
    };
    let input = parse_input(&Table::new(text, input.value, "[input]"))?;
    let quadrature = match root.table("quadrature")? {
        None => Quadrature::default(),
        Some(found) => {
            if matches!(input, InputSpace::Vector { .. }) {
                return Err(root.wrong(
                    "quadrature",
                    found.line,
                    "a quadrature over the group for inputs that are vectors",
                    "no such table",
                ));
            }
            parse_quadrature(&Table::new(text, found.value, "[quadrature]"))?
        }
    };
    let Some(tables) = root.tables("layers")? else {
        return Err(root.missing("layers"));
    };
    let layers = tables
        .iter()
        .enumerate()
        .map(|(index, found)| {
            parse_layer(&Table::new(
                text,
                found.value,
                format!("layer {}", index + 1),
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    Network::new(input, quadrature, layers).map_err(|err| match err {
        Error::InvalidNetwork {
            layer: Some(layer),
            problem,
            change,
        } => Error::InvalidNetwork {
            layer: Some(layer),
            problem: match tables.get(layer) {
                Some(found) => format!("{problem} (line {})", found.line),
                None => problem,
            },
            change,
        },
        other => other,
    })
}

fn parse_input(table: &Table<'_>) -> Result<InputSpace> {
    let Some(space) = table.string("space")? else {
        return Err(table.missing("space"));
    };
    match space.value {
        "vector" => {
            table.accept(&["space", "dimension"])?;
            Ok(InputSpace::Vector {
                dimension: required(table, "dimension")?,
            })
        }
        "sphere" => {
            table.accept(&["space", "bandlimit", "sampling", "channels"])?;
            let band_limit = required(table, "bandlimit")?;
            let Some(sampling) = table.string("sampling")? else {
                return Err(table.missing("sampling"));
            };
            Ok(InputSpace::Sphere {
                band_limit,
                sampling: at_key(sampling.value.parse(), table, "sampling", sampling.line)?,
                channels: required(table, "channels")?,
            })
        }
        "plane" => Err(table.wrong(
            "space",
            space.line,
            "\"plane\", which is not supported in this version",
            "one of \"vector\", \"sphere\"",
        )),
        other => Err(table.wrong(
            "space",
            space.line,
            format!("{:?}", short(other)),
            "one of \"vector\", \"sphere\"",
        )),
    }
}

fn parse_quadrature(table: &Table<'_>) -> Result<Quadrature> {
    table.accept(&["bandlimit", "tolerance"])?;
    match (table.count("bandlimit")?, table.float("tolerance")?) {
        (Some(band_limit), None) => Ok(Quadrature::BandLimit(band_limit.value)),
        (None, Some(tolerance)) => Ok(Quadrature::Tolerance(tolerance.value)),
        (Some(_), Some(tolerance)) => Err(table.wrong(
            "tolerance",
            tolerance.line,
            "a tolerance beside a bandlimit",
            "one of the two",
        )),
        (None, None) => Err(table.missing("bandlimit` or `tolerance")),
    }
}

fn parse_layer(table: &Table<'_>) -> Result<Layer> {
    let Some(kind) = table.string("kind")? else {
        return Err(table.missing("kind"));
    };
    let of_the_plane = |key: &str| match key {
        "filter" | "padding" => Some(PLANE),
        _ => None,
    };
    match kind.value {
        "lifting" => {
            table.accept_or(
                &["kind", "group", "cap", "weight_std", "bias_std"],
                of_the_plane,
            )?;
            let Some(group) = table.string("group")? else {
                return Err(table.missing("group"));
            };
            Ok(Layer::Lifting {
                group: at_key(group.value.parse(), table, "group", group.line)?,
                support: parse_support(table)?,
                scale: parse_scale(table)?,
            })
        }
        "group-convolution" => {
            table.accept_or(&["kind", "cap", "weight_std", "bias_std"], of_the_plane)?;
            Ok(Layer::GroupConvolution {
                support: parse_support(table)?,
                scale: parse_scale(table)?,
            })
        }
        "activation" => parse_activation(table).map(Layer::Activation),
        "group-pooling" => {
            table.accept(&["kind"])?;
            Ok(Layer::GroupPooling)
        }
        "dense" => {
            table.accept(&["kind", "weight_std", "bias_std"])?;
            Ok(Layer::Dense(parse_scale(table)?))
        }
        "flatten" => Err(table.wrong(
            "kind",
            kind.line,
            "\"flatten\", which is for plane inputs and not supported in this version",
            KINDS,
        )),
        other => Err(table.wrong("kind", kind.line, format!("{:?}", short(other)), KINDS)),
    }
}

fn parse_support(table: &Table<'_>) -> Result<Support> {
    match table.float("cap")? {
        None => Ok(Support::Global),
        Some(cap) if cap.value >= PI => Ok(Support::Global),
        Some(cap) if cap.value > 0.0 => Err(table.wrong(
            "cap",
            cap.line,
            cap.value,
            &format!("no cap ({NARROW_CAP})"),
        )),
        Some(cap) => Err(table.wrong("cap", cap.line, cap.value, "an angle greater than 0")),
    }
}

fn parse_scale(table: &Table<'_>) -> Result<Scale> {
    let default = Scale::default();
    let std = |key, default| {
        table
            .float(key)
            .map(|found| found.map_or(default, |found| found.value))
    };
    Ok(Scale {
        weight_std: std("weight_std", default.weight_std)?,
        bias_std: std("bias_std", default.bias_std)?,
    })
}

fn parse_activation(table: &Table<'_>) -> Result<Activation> {
    let Some(Found {
        value: function,
        line,
    }) = table.string("function")?
    else {
        return Err(table.missing("function"));
    };
    // Without parameters, the error tells an unknown name from one that needs a parameter.
    let parameter = match Activation::from_name(function, None, None) {
        Ok(activation) => {
            table.accept(&["kind", "function"])?;
            return Ok(activation);
        }
        Err(Error::Missing { what, .. }) => what,
        Err(Error::InvalidValue { expected, .. }) => {
            return Err(table.wrong(
                "function",
                line,
                format!("{:?}", short(function)),
                &expected,
            ));
        }
        Err(other) => return Err(other),
    };
    let (slope, degree) = match parameter.as_str() {
        "slope" => (table.float("slope")?, None),
        _ => (None, table.count("degree")?),
    };
    let line = match (&slope, &degree) {
        (Some(slope), _) => slope.line,
        (_, Some(degree)) => degree.line,
        (None, None) => return Err(table.missing(&parameter)),
    };
    table.accept(&["kind", "function", &parameter])?;
    let slope = slope.map(|found| found.value);
    // A degree beyond u32 is beyond the largest one too.
    let degree = degree.map(|found| u32::try_from(found.value).unwrap_or(u32::MAX));
    Activation::from_name(function, slope, degree).map_err(|err| match err {
        Error::InvalidValue {
            found, expected, ..
        } => table.wrong(&parameter, line, found, &expected),
        Error::NotFinite { .. } => {
            table.wrong(&parameter, line, "NaN or infinity", "a finite number")
        }
        other => other,
    })
}

fn required(table: &Table<'_>, key: &str) -> Result<usize> {
    match table.count(key)? {
        Some(found) => Ok(found.value),
        None => Err(table.missing(key)),
    }
}

/// Names the key and its line in an error about a value.
fn at_key<T>(result: Result<T>, table: &Table<'_>, key: &str, line: usize) -> Result<T> {
    result.map_err(|err| match err {
        Error::InvalidValue {
            found, expected, ..
        } => table.wrong(key, line, found, &expected),
        other => other,
    })
}

/// Whether a network file can name this activation.
fn has_name(activation: &Activation) -> bool {
    Activation::from_name(activation.name(), activation.slope(), activation.degree())
        .is_ok_and(|named| named == *activation)
}

/// Writes a network file.
pub(super) fn write(network: &Network) -> Result<String> {
    let mut out = String::new();
    for (index, layer) in network.layers().iter().enumerate() {
        if let Layer::Activation(activation) = layer
            && !has_name(activation)
        {
            return Err(Error::InvalidNetwork {
                layer: Some(index),
                problem: format!("the function {activation} has no name in a network file"),
                change: "use one of the named activations".into(),
            });
        }
    }
    write_parts(network, &mut out).expect("writing to a String does not fail");
    Ok(out)
}

fn write_parts(network: &Network, out: &mut String) -> fmt::Result {
    writeln!(out, "[input]")?;
    match network.input() {
        InputSpace::Vector { dimension } => {
            writeln!(out, "space = \"vector\"\ndimension = {dimension}")?;
        }
        InputSpace::Sphere {
            band_limit,
            sampling,
            channels,
        } => {
            writeln!(out, "space = \"sphere\"\nbandlimit = {band_limit}")?;
            writeln!(out, "sampling = \"{sampling}\"\nchannels = {channels}")?;
            match network.quadrature() {
                Quadrature::BandLimit(limit) => {
                    writeln!(out, "\n[quadrature]\nbandlimit = {limit}")?;
                }
                Quadrature::Tolerance(tolerance) => {
                    writeln!(out, "\n[quadrature]\ntolerance = {tolerance:?}")?;
                }
            }
        }
    }
    for layer in network.layers() {
        writeln!(out, "\n[[layers]]\nkind = \"{}\"", layer.kind())?;
        match layer {
            Layer::Lifting {
                group,
                support: Support::Global,
                scale,
            } => {
                writeln!(out, "group = \"{group}\"")?;
                write_scale(scale, out)?;
            }
            Layer::GroupConvolution {
                support: Support::Global,
                scale,
            } => write_scale(scale, out)?,
            Layer::Dense(scale) => write_scale(scale, out)?,
            Layer::Activation(activation) => {
                writeln!(out, "function = \"{}\"", activation.name())?;
                if let Some(slope) = activation.slope() {
                    writeln!(out, "slope = {slope:?}")?;
                }
                if let Some(degree) = activation.degree() {
                    writeln!(out, "degree = {degree}")?;
                }
            }
            Layer::GroupPooling => {}
        }
    }
    Ok(())
}

fn write_scale(scale: &Scale, out: &mut String) -> fmt::Result {
    writeln!(out, "weight_std = {:?}", scale.weight_std)?;
    writeln!(out, "bias_std = {:?}", scale.bias_std)
}
