//! The parts of network files that concern molecules.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::file::at_key;
use super::table::{Found, Table};
use super::types::InputSpace;
use super::{EdgeLabels, Message, NodePooling, Quadrature, RadialKernel};
use crate::atoms::{atomic_number, symbol};
use crate::{Error, Result};

/// Reads the input space `molecule`.
pub(super) fn parse_molecule(table: &Table<'_>) -> Result<InputSpace> {
    table.accept(&["space", "labels"])?;
    let Some(labels) = table.strings("labels")? else {
        return Err(table.missing("labels"));
    };
    let element = |label: &&str| {
        atomic_number(label).ok_or_else(|| {
            let expected = "chemical symbols, such as \"C\"";
            table.wrong("labels", labels.line, format!("{label:?}"), expected)
        })
    };
    let elements = labels.value.iter().map(element);
    Ok(InputSpace::Molecule {
        elements: elements.collect::<Result<Arc<[u8]>>>()?,
        improper: false,
    })
}

/// Reads the quadrature, and whether it includes reflections.
pub(super) fn parse_group(
    table: &Table<'_>,
    rest: impl Fn(&Table<'_>) -> Result<Quadrature>,
) -> Result<(Quadrature, bool)> {
    table.accept(&["bandlimit", "tolerance", "improper"])?;
    let improper = table.flag("improper")?;
    let stated = table.has("bandlimit") || table.has("tolerance");
    let quadrature = match (stated, &improper) {
        (false, Some(_)) => Quadrature::default(),
        _ => rest(table)?,
    };
    Ok((quadrature, improper.is_some_and(|found| found.value)))
}

/// Reads the keys of a `message` layer but those of its weights.
pub(super) fn parse_message(table: &Table<'_>) -> Result<Message> {
    table.accept(&[
        "kind",
        "cutoff",
        "fade",
        "radial",
        "angular",
        "edge_labels",
        "self_share",
        "normalise",
        "weight_std",
        "bias_std",
    ])?;
    let Some(cutoff) = table.float("cutoff")? else {
        return Err(table.missing("cutoff"));
    };
    let Some(radial) = table.table("radial")? else {
        return Err(table.missing("radial"));
    };
    let mut message = parse_radial(&table.inner(radial.value, "radial"), cutoff.value)?;
    if let Some(angular) = table.table("angular")? {
        message = parse_angular(&table.inner(angular.value, "angular"), message)?;
    }
    message.fade = table.float("fade")?.map_or(0.0, |found| found.value);
    message.self_share = table.float("self_share")?.map_or(0.0, |found| found.value);
    message.normalise = table.flag("normalise")?.is_some_and(|found| found.value);
    if let Some(found) = table.string("edge_labels")? {
        message.edge_labels = match found.value {
            "separate" => EdgeLabels::Separate,
            "shared" => EdgeLabels::Shared,
            other => {
                return Err(table.wrong(
                    "edge_labels",
                    found.line,
                    format!("{other:?}"),
                    "\"separate\" or \"shared\"",
                ));
            }
        };
    }
    Ok(message)
}

fn parse_radial(table: &Table<'_>, cutoff: f64) -> Result<Message> {
    let Some(kernel) = table.string("kernel")? else {
        return Err(table.missing("kernel"));
    };
    let common = ["kernel", "power", "unit", "charge_exponent"];
    let mut message = match kernel.value {
        "gaussian" => {
            table.accept(&[&common[..], &["width"]].concat())?;
            match table.float("width")? {
                Some(width) => Message::gaussian(cutoff, width.value),
                None => return Err(table.missing("width")),
            }
        }
        "shells" => {
            table.accept(&[&common[..], &["shells"]].concat())?;
            match table.float_lists::<2>("shells")? {
                Some(shells) => Message::shells(cutoff, &shells.value),
                None => return Err(table.missing("shells")),
            }
        }
        other => {
            let expected = "\"gaussian\" or \"shells\"";
            return Err(table.wrong("kernel", kernel.line, format!("{other:?}"), expected));
        }
    };
    let number = |key, default| -> Result<f64> {
        Ok(table.float(key)?.map_or(default, |found| found.value))
    };
    message.power = number("power", message.power)?;
    message.unit = number("unit", message.unit)?;
    message.charge_exponent = number("charge_exponent", message.charge_exponent)?;
    Ok(message)
}

fn parse_angular(table: &Table<'_>, message: Message) -> Result<Message> {
    table.accept(&["spectrum", "bump", "bandlimit"])?;
    table.at_most_one(&["spectrum", "bump"])?;
    table.at_most_one(&["spectrum", "bandlimit"])?;
    if let Some(spectrum) = table.floats("spectrum")? {
        return Ok(message.spectrum(&spectrum.value));
    }
    let Some(Found { value: width, line }) = table.float("bump")? else {
        return Err(table.missing("spectrum` or `bump"));
    };
    let Some(band_limit) = table.count("bandlimit")? else {
        return Err(table.missing("bandlimit"));
    };
    at_key(message.bump(width, band_limit.value), table, "bump", line)
}

/// Reads the pairs of nodes of a `node-sum` layer.
pub(super) fn parse_node_sum(table: &Table<'_>, input: &InputSpace) -> Result<NodePooling> {
    let InputSpace::Molecule { .. } = input else {
        table.accept(&["kind"])?;
        return Ok(NodePooling::Sum);
    };
    table.accept(&["kind", "pairing"])?;
    match table.string("pairing")? {
        None => Ok(NodePooling::Sum),
        Some(found) => match found.value {
            "all" => Ok(NodePooling::Sum),
            "same-label" => Ok(NodePooling::LabelSum),
            other => Err(table.wrong(
                "pairing",
                found.line,
                format!("{other:?}"),
                "\"all\" or \"same-label\"",
            )),
        },
    }
}

/// Writes the input space.
pub(super) fn write_molecule(elements: &[u8], out: &mut String) -> fmt::Result {
    let symbols: Vec<&str> = elements.iter().filter_map(|&z| symbol(z)).collect();
    writeln!(out, "space = \"molecule\"\nlabels = {symbols:?}")
}

/// Writes the keys of a `message` layer but those of its weights.
pub(super) fn write_message(message: &Message, out: &mut String) -> fmt::Result {
    writeln!(out, "cutoff = {:?}", message.cutoff)?;
    writeln!(out, "fade = {:?}", message.fade)?;
    match &message.radial {
        RadialKernel::Gaussian { width } => {
            write!(out, "radial = {{ kernel = \"gaussian\", width = {width:?}")?;
        }
        RadialKernel::Shells(shells) => {
            write!(out, "radial = {{ kernel = \"shells\", shells = {shells:?}")?;
        }
    }
    writeln!(
        out,
        ", power = {:?}, unit = {:?}, charge_exponent = {:?} }}",
        message.power, message.unit, message.charge_exponent
    )?;
    match message.bump {
        Some((width, limit)) => {
            writeln!(out, "angular = {{ bump = {width:?}, bandlimit = {limit} }}")?;
        }
        None => writeln!(out, "angular = {{ spectrum = {:?} }}", message.spectrum)?,
    }
    if message.edge_labels == EdgeLabels::Shared {
        writeln!(out, "edge_labels = \"shared\"")?;
    }
    if message.self_share != 0.0 {
        writeln!(out, "self_share = {:?}", message.self_share)?;
    }
    if message.normalise {
        writeln!(out, "normalise = true")?;
    }
    Ok(())
}

/// Refuses a network whose bump was changed after it was made, which a file could not state.
pub(super) fn check_bump(index: usize, message: &Message) -> Result<()> {
    let Some((width, band_limit)) = message.bump else {
        return Ok(());
    };
    match message.clone().bump(width, band_limit)?.spectrum == message.spectrum {
        true => Ok(()),
        false => Err(Error::network(
            Some(index),
            "a spectrum that was changed after it was made from a bump",
            "use the method `spectrum`",
        )),
    }
}
