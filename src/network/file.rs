//! Reading network files.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::file_filter::{accept_filter, parse_filter, parse_pooling};
use super::file_graph::{parse_aggregation, parse_graph_outputs};
use super::file_molecule::{parse_group, parse_message, parse_molecule, parse_node_sum};
use super::table::{Found, Lines, Table, short};
use super::types::{GroupName, Init, InputSpace, Layer, Quadrature};
use super::{Network, NodePooling, Outputs};
use crate::activation::Activation;
use crate::files::text::BYTE_ORDER_MARK;
use crate::group::FiniteAction;
use crate::{Error, Result};

const KINDS: &str = "one of \"lifting\", \"group-convolution\", \"activation\", \
                     \"average-pooling\", \"group-pooling\", \"partial-pooling\", \"flatten\", \"dense\", \"normalisation\", \"residual\", \
                     \"aggregation\", \"jumping-knowledge\", \"message\", \"node-sum\", \"node-mean\"";
const SPACES: &str =
    "one of \"vector\", \"sphere\", \"plane\", \"finite\", \"graph\", \"molecule\"";
/// Bytes that a network file may have: far more than the longest list of generators or multipliers takes.
const LARGEST: u64 = 16 << 20;

impl Network {
    /// Reads a network from the text of a network file (`docs/network-file.md`).
    ///
    /// # Errors
    /// [`Error::Syntax`](crate::Error::Syntax) if the text is not TOML, [`Error::Missing`](crate::Error::Missing) or [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// a key that is absent, unknown or of the wrong type, with its line; otherwise as
    /// [`Network::new`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Network;
    /// let error = Network::from_toml("[input]\nspace = \"vector\"\nsize = 7").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "key `size` in [input] (line 3): found an unknown key, expected one of space, dimension"
    /// );
    /// ```
    pub fn from_toml(text: &str) -> Result<Network> {
        parse(text)
    }

    /// Reads a network file.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if the file cannot be read or is no regular file, otherwise the errors of [`Network::from_toml`]
    /// inside [`Error::InFile`](crate::Error::InFile), with [`Error::InvalidValue`](crate::Error::InvalidValue) for a file above 16 MiB.
    pub fn read(path: impl AsRef<Path>) -> Result<Network> {
        let path = path.as_ref();
        let text = crate::files::reading::read_text(path, "TOML", LARGEST)?;
        Network::from_toml(&text).map_err(|err| err.in_file(path))
    }
}

fn parse(text: &str) -> Result<Network> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let lines = &Lines::of(text);
    let document = DeTable::parse(text).map_err(|err| {
        Error::syntax(
            "TOML",
            err.span().map(|span| lines.at(span.start)),
            short(err.message()),
        )
    })?;
    let root = Table::new(lines, document.get_ref(), "the network file");
    root.accept(&["input", "quadrature", "outputs", "layers"])?;
    let Some(input) = root.table("input")? else {
        return Err(root.missing("input"));
    };
    let mut input = parse_input(&Table::new(lines, input.value, "[input]"))?;
    let quadrature = match root.table("quadrature")? {
        None => Quadrature::default(),
        Some(found) => {
            if !matches!(
                input,
                InputSpace::Sphere { .. } | InputSpace::Molecule { .. }
            ) {
                return Err(root.wrong(
                    "quadrature",
                    found.line,
                    "a quadrature over the group for inputs that are neither on the sphere nor molecules",
                    "no such table",
                ));
            }
            let table = Table::new(lines, found.value, "[quadrature]");
            match &mut input {
                InputSpace::Molecule { improper, .. } => {
                    let (quadrature, reflections) = parse_group(&table, parse_quadrature)?;
                    *improper = reflections;
                    quadrature
                }
                _ => {
                    table.accept(&["bandlimit", "tolerance"])?;
                    parse_quadrature(&table)?
                }
            }
        }
    };
    let outputs = root.table("outputs")?;
    let placed = matches!(
        input,
        InputSpace::Sphere { .. } | InputSpace::Graph { .. } | InputSpace::Molecule { .. }
    );
    if let (Some(found), false) = (&outputs, placed) {
        return Err(root.wrong(
            "outputs",
            found.line,
            "outputs at given places for inputs that are neither on the sphere, nor graphs, nor molecules",
            "no such table",
        ));
    }
    let Some(tables) = root.tables("layers")? else {
        return Err(root.missing("layers"));
    };
    let layers = parse_layers(lines, &tables, "layer", &input)?;
    let outputs = match outputs {
        None => Outputs::Pooled,
        Some(found) => {
            let table = Table::new(lines, found.value, "[outputs]");
            match input {
                InputSpace::Graph { .. } | InputSpace::Molecule { .. } => {
                    parse_graph_outputs(&table)?
                }
                _ => parse_outputs(&table, &layers)?,
            }
        }
    };
    Network::new_with_outputs(input, quadrature, layers, outputs).map_err(|err| match err {
        Error::InvalidNetwork {
            layer: Some(layer),
            problem,
            change,
        } => Error::network(
            Some(layer),
            match tables.get(layer) {
                Some(found) => format!("{problem} (line {})", found.line),
                None => problem,
            },
            change,
        ),
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
        "graph" => {
            table.accept(&["space", "channels", "relations"])?;
            Ok(InputSpace::Graph {
                channels: required(table, "channels")?,
                relations: table.count("relations")?.map_or(1, |found| found.value),
            })
        }
        "molecule" => parse_molecule(table),
        other => Err(table.wrong("space", space.line, format!("{:?}", short(other)), SPACES)),
    }
}

fn parse_quadrature(table: &Table<'_>) -> Result<Quadrature> {
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

/// Reads where the features are read: a list, or a grid, whose kind the layers decide.
fn parse_outputs(table: &Table<'_>, layers: &[Layer]) -> Result<Outputs> {
    let keys = ["rotations", "points", "sampling", "bandlimit"];
    table.accept(&keys)?;
    table.at_most_one(&["rotations", "points", "sampling"])?;
    table.at_most_one(&["rotations", "points", "bandlimit"])?;
    if let Some(angles) = table.float_lists("rotations")? {
        return Ok(Outputs::rotations(&angles.value));
    }
    if let Some(angles) = table.float_lists("points")? {
        return Ok(Outputs::points(&angles.value));
    }
    match (table.string("sampling")?, table.count("bandlimit")?) {
        (Some(sampling), Some(band_limit)) => {
            let grid = at_key(sampling.value.parse(), table, "sampling", sampling.line)?;
            let partly = layers
                .iter()
                .any(|layer| matches!(layer, Layer::PartialPooling));
            let outputs = if partly {
                Outputs::grid_points(grid, band_limit.value)
            } else {
                Outputs::grid_rotations(grid, band_limit.value)
            };
            at_key(outputs, table, "bandlimit", band_limit.line)
        }
        (Some(_), None) => Err(table.missing("bandlimit")),
        (None, Some(_)) => Err(table.missing("sampling")),
        (None, None) => Err(table.missing("rotations`, `points` or `sampling")),
    }
}

/// Reads consecutive layers; `name` and a number are what errors call each of them.
fn parse_layers(
    lines: &Lines,
    tables: &[Found<&DeTable<'_>>],
    name: &str,
    input: &InputSpace,
) -> Result<Vec<Layer>> {
    tables
        .iter()
        .enumerate()
        .map(|(index, found)| {
            let place = format!("{name} {}", index + 1);
            parse_layer(lines, found.value, &place, input)
        })
        .collect()
}

fn parse_layer(
    lines: &Lines,
    layer: &DeTable<'_>,
    place: &str,
    input: &InputSpace,
) -> Result<Layer> {
    let table = &Table::new(lines, layer, place);
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
                filter: parse_filter(table, "points")?,
                init: parse_init(table)?,
            })
        }
        "group-convolution" => {
            accept_filter(table, input, &["kind"], "elements")?;
            Ok(Layer::GroupConvolution {
                filter: parse_filter(table, "elements")?,
                init: parse_init(table)?,
            })
        }
        "activation" => parse_activation(table).map(Layer::Activation),
        "average-pooling" => parse_pooling(table).map(Layer::AveragePooling),
        "group-pooling" => {
            table.accept(&["kind"])?;
            Ok(Layer::GroupPooling)
        }
        "partial-pooling" => {
            table.accept(&["kind"])?;
            Ok(Layer::PartialPooling)
        }
        "flatten" => {
            table.accept(&["kind"])?;
            Ok(Layer::Flatten)
        }
        "dense" => {
            table.accept(&["kind", "weight_std", "bias_std"])?;
            Ok(Layer::Dense(parse_init(table)?))
        }
        "normalisation" => {
            table.accept(&["kind"])?;
            Ok(Layer::Normalisation)
        }
        "aggregation" => parse_aggregation(table).map(Layer::Aggregation),
        "jumping-knowledge" => {
            table.accept(&["kind", "blocks"])?;
            let Some(blocks) = table.tables("blocks")? else {
                return Err(table.missing("blocks"));
            };
            let block = |(index, found): (usize, &Found<&DeTable<'_>>)| {
                let name = format!("{place}, block {}", index + 1);
                let table = Table::new(lines, found.value, &name);
                table.accept(&["layers"])?;
                let layers = table.tables("layers")?.unwrap_or_default();
                parse_layers(lines, &layers, &format!("{name}, layer"), input)
            };
            Ok(Layer::JumpingKnowledge {
                blocks: blocks
                    .iter()
                    .enumerate()
                    .map(block)
                    .collect::<Result<_>>()?,
            })
        }
        "message" => Ok(Layer::Message {
            message: parse_message(table)?,
            init: parse_init(table)?,
        }),
        "node-sum" => parse_node_sum(table, input).map(Layer::NodePooling),
        "node-mean" => {
            table.accept(&["kind"])?;
            Ok(Layer::NodePooling(NodePooling::Mean))
        }
        "residual" => {
            table.accept(&["kind", "branch", "shortcut"])?;
            let Some(branch) = table.tables("branch")? else {
                return Err(table.missing("branch"));
            };
            let shortcut = table.tables("shortcut")?.unwrap_or_default();
            Ok(Layer::Residual {
                branch: parse_layers(lines, &branch, &format!("{place}, branch, layer"), input)?,
                shortcut: parse_layers(
                    lines,
                    &shortcut,
                    &format!("{place}, shortcut, layer"),
                    input,
                )?,
            })
        }
        other => Err(table.wrong("kind", kind.line, format!("{:?}", short(other)), KINDS)),
    }
}

fn parse_init(table: &Table<'_>) -> Result<Init> {
    let default = Init::default();
    let std = |key, default| {
        table
            .float(key)
            .map(|found| found.map_or(default, |found| found.value))
    };
    Ok(Init {
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
pub(super) fn at_key<T>(result: Result<T>, table: &Table<'_>, key: &str, line: usize) -> Result<T> {
    result.map_err(|err| match err {
        Error::InvalidValue {
            found, expected, ..
        } => table.wrong(key, line, found, &expected),
        other => other,
    })
}
