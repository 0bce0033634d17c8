//! Network files: TOML to [`Network`] and back.

use std::f64::consts::PI;
use std::fmt::{self, Write};
use std::sync::Arc;

use toml::de::DeTable;

use super::Network;
use super::table::{Found, Table, line_of, short};
use super::types::{GroupName, InputSpace, Layer, Padding, Quadrature, Scale, Support};
use crate::activation::Activation;
use crate::group::FiniteAction;
use crate::{Error, Result};

const KINDS: &str = "one of \"lifting\", \"group-convolution\", \"activation\", \
                     \"group-pooling\", \"flatten\", \"dense\", \"residual\"";
const SPACES: &str = "one of \"vector\", \"sphere\", \"plane\", \"finite\"";
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
            if !matches!(input, InputSpace::Sphere { .. }) {
                return Err(root.wrong(
                    "quadrature",
                    found.line,
                    "a quadrature over the group for inputs that are not on the sphere",
                    "no such table",
                ));
            }
            parse_quadrature(&Table::new(text, found.value, "[quadrature]"))?
        }
    };
    let Some(tables) = root.tables("layers")? else {
        return Err(root.missing("layers"));
    };
    let layers = parse_layers(text, &tables, "layer", &input)?;
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
        "plane" => {
            table.accept(&["space", "height", "width", "channels"])?;
            Ok(InputSpace::Plane {
                height: required(table, "height")?,
                width: required(table, "width")?,
                channels: required(table, "channels")?,
            })
        }
        "finite" => {
            table.accept(&["space", "generators", "channels"])?;
            let Some(generators) = table.count_lists("generators")? else {
                return Err(table.missing("generators"));
            };
            let action = FiniteAction::from_generators(&generators.value);
            Ok(InputSpace::Finite {
                action: Arc::new(at_key(action, table, "generators", generators.line)?),
                channels: required(table, "channels")?,
            })
        }
        other => Err(table.wrong("space", space.line, format!("{:?}", short(other)), SPACES)),
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

/// Reads consecutive layers; `name` and a number are what errors call each of them.
fn parse_layers(
    text: &str,
    tables: &[Found<&DeTable<'_>>],
    name: &str,
    input: &InputSpace,
) -> Result<Vec<Layer>> {
    tables
        .iter()
        .enumerate()
        .map(|(index, found)| {
            let place = format!("{name} {}", index + 1);
            parse_layer(text, found.value, &place, input)
        })
        .collect()
}

fn parse_layer(text: &str, layer: &DeTable<'_>, place: &str, input: &InputSpace) -> Result<Layer> {
    let table = &Table::new(text, layer, place);
    let Some(kind) = table.string("kind")? else {
        return Err(table.missing("kind"));
    };
    match kind.value {
        "lifting" => {
            let group = match input {
                InputSpace::Finite { .. } => {
                    accept_filter(table, input, &["kind"], "points")?;
                    GroupName::Finite
                }
                _ => {
                    accept_filter(table, input, &["kind", "group"], "points")?;
                    let Some(group) = table.string("group")? else {
                        return Err(table.missing("group"));
                    };
                    at_key(group.value.parse(), table, "group", group.line)?
                }
            };
            Ok(Layer::Lifting {
                group,
                support: parse_support(table, "points")?,
                scale: parse_scale(table)?,
            })
        }
        "group-convolution" => {
            accept_filter(table, input, &["kind"], "elements")?;
            Ok(Layer::GroupConvolution {
                support: parse_support(table, "elements")?,
                scale: parse_scale(table)?,
            })
        }
        "activation" => parse_activation(table).map(Layer::Activation),
        "group-pooling" => {
            table.accept(&["kind"])?;
            Ok(Layer::GroupPooling)
        }
        "flatten" => {
            table.accept(&["kind"])?;
            Ok(Layer::Flatten)
        }
        "dense" => {
            table.accept(&["kind", "weight_std", "bias_std"])?;
            Ok(Layer::Dense(parse_scale(table)?))
        }
        "residual" => {
            table.accept(&["kind", "branch", "shortcut"])?;
            let Some(branch) = table.tables("branch")? else {
                return Err(table.missing("branch"));
            };
            let shortcut = table.tables("shortcut")?.unwrap_or_default();
            Ok(Layer::Residual {
                branch: parse_layers(text, &branch, &format!("{place}, branch, layer"), input)?,
                shortcut: parse_layers(
                    text,
                    &shortcut,
                    &format!("{place}, shortcut, layer"),
                    input,
                )?,
            })
        }
        other => Err(table.wrong("kind", kind.line, format!("{:?}", short(other)), KINDS)),
    }
}

/// Refuses keys that a layer with a filter does not have in this space.
fn accept_filter(
    table: &Table<'_>,
    input: &InputSpace,
    keys: &[&str],
    numbers: &'static str,
) -> Result<()> {
    let filter: &[&str] = match input {
        InputSpace::Plane { .. } => &["filter", "padding"],
        InputSpace::Finite { .. } => &[numbers],
        InputSpace::Sphere { .. } => &["cap"],
        // A layer with a filter is refused as such, in words of its own.
        InputSpace::Vector { .. } => &["cap", "filter", "padding", "points", "elements"],
    };
    let keys = [keys, filter, &["weight_std", "bias_std"]].concat();
    table.accept_or(&keys, |key| match key {
        "filter" | "padding" => Some("a key of layers on the plane"),
        "cap" => Some("a key of layers on the sphere"),
        "points" | "elements" => Some("a key of layers on a finite set"),
        _ => None,
    })
}

fn parse_support(table: &Table<'_>, numbers: &str) -> Result<Support> {
    if let Some(numbers) = table.counts(numbers)? {
        return Ok(Support::subset(&numbers.value));
    }
    let padding = table.string("padding")?;
    if let Some(filter) = table.counts("filter")? {
        let &[height, width] = filter.value.as_slice() else {
            return Err(table.wrong(
                "filter",
                filter.line,
                format!("{} numbers", filter.value.len()),
                "two, rows and columns",
            ));
        };
        let padding = match padding {
            None => Padding::default(),
            Some(padding) => at_key(padding.value.parse(), table, "padding", padding.line)?,
        };
        return Ok(Support::Window {
            height,
            width,
            padding,
        });
    }
    if let Some(padding) = padding {
        return Err(table.wrong(
            "padding",
            padding.line,
            "a padding without a filter",
            "a key `filter` beside it",
        ));
    }
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
        check_names(index, layer)?;
    }
    if let InputSpace::Finite { action, .. } = network.input()
        && !FiniteAction::from_generators(&permutations(action)).is_ok_and(|read| read == **action)
    {
        return Err(Error::InvalidNetwork {
            layer: None,
            problem:
                "different elements of the group move the points alike, or the group is too large \
                      for a file"
                    .into(),
            change: "let the group act on itself".into(),
        });
    }
    write_parts(network, &mut out).expect("writing to a String does not fail");
    Ok(out)
}

fn check_names(index: usize, layer: &Layer) -> Result<()> {
    match layer {
        Layer::Activation(activation) if !has_name(activation) => Err(Error::InvalidNetwork {
            layer: Some(index),
            problem: format!("the function {activation} has no name in a network file"),
            change: "use one of the named activations".into(),
        }),
        Layer::Residual { branch, shortcut } => branch
            .iter()
            .chain(shortcut)
            .try_for_each(|layer| check_names(index, layer)),
        _ => Ok(()),
    }
}

/// Every element but the identity as a permutation of the points: generators that keep its number.
fn permutations(action: &FiniteAction) -> Vec<Vec<usize>> {
    // The trivial group is generated by its identity.
    let first = usize::from(action.order() > 1);
    (first..action.order())
        .map(|g| (0..action.points()).map(|x| action.image(g, x)).collect())
        .collect()
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
        InputSpace::Plane {
            height,
            width,
            channels,
        } => {
            writeln!(out, "space = \"plane\"\nheight = {height}\nwidth = {width}")?;
            writeln!(out, "channels = {channels}")?;
        }
        InputSpace::Finite { action, channels } => {
            writeln!(
                out,
                "space = \"finite\"\nchannels = {channels}\ngenerators = ["
            )?;
            for permutation in permutations(action) {
                writeln!(out, "    {permutation:?},")?;
            }
            writeln!(out, "]")?;
        }
    }
    for layer in network.layers() {
        write_layer("layers", layer, out)?;
    }
    Ok(())
}

fn write_layer(path: &str, layer: &Layer, out: &mut String) -> fmt::Result {
    writeln!(out, "\n[[{path}]]\nkind = \"{}\"", layer.kind())?;
    match layer {
        Layer::Lifting {
            group,
            support,
            scale,
        } => {
            if *group != GroupName::Finite {
                writeln!(out, "group = \"{group}\"")?;
            }
            write_support(support, "points", out)?;
            write_scale(scale, out)
        }
        Layer::GroupConvolution { support, scale } => {
            write_support(support, "elements", out)?;
            write_scale(scale, out)
        }
        Layer::Dense(scale) => write_scale(scale, out),
        Layer::Activation(activation) => {
            writeln!(out, "function = \"{}\"", activation.name())?;
            if let Some(slope) = activation.slope() {
                writeln!(out, "slope = {slope:?}")?;
            }
            if let Some(degree) = activation.degree() {
                writeln!(out, "degree = {degree}")?;
            }
            Ok(())
        }
        Layer::GroupPooling | Layer::Flatten => Ok(()),
        Layer::Residual { branch, shortcut } => {
            for (name, layers) in [("branch", branch), ("shortcut", shortcut)] {
                for layer in layers {
                    write_layer(&format!("{path}.{name}"), layer, out)?;
                }
            }
            Ok(())
        }
    }
}

fn write_support(support: &Support, numbers: &str, out: &mut String) -> fmt::Result {
    match support {
        Support::Global => Ok(()),
        Support::Window {
            height,
            width,
            padding,
        } => writeln!(out, "filter = [{height}, {width}]\npadding = \"{padding}\""),
        Support::Subset(subset) => writeln!(out, "{numbers} = {subset:?}"),
    }
}

fn write_scale(scale: &Scale, out: &mut String) -> fmt::Result {
    writeln!(out, "weight_std = {:?}", scale.weight_std)?;
    writeln!(out, "bias_std = {:?}", scale.bias_std)
}
