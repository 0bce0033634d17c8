//! Reading filters and poolings in network files.

use super::file::at_key;
use super::table::{Found, Table};
use super::types::InputSpace;
use super::{AveragePooling, Filter, Padding};
use crate::{Error, Result};

/// The keys of filters on the sphere, of which a layer has at most one.
const PROFILES: [&str; 5] = ["cap", "ring", "gaussian", "heat", "legendre"];

/// Refuses keys that a layer with a filter does not have in this space.
pub(super) fn accept_filter(
    table: &Table<'_>,
    input: &InputSpace,
    keys: &[&str],
    numbers: &'static str,
) -> Result<()> {
    let filter: &[&str] = match input {
        InputSpace::Plane { .. } => &["filter", "padding", "stride"],
        InputSpace::Finite { .. } => &[numbers],
        InputSpace::Sphere { .. } => &PROFILES,
        // A layer with a filter is refused as such, in words of its own.
        InputSpace::Vector { .. } | InputSpace::Graph { .. } | InputSpace::Molecule { .. } => &[
            &PROFILES[..],
            &["filter", "padding", "stride", "points", "elements"],
        ]
        .concat(),
    };
    let keys = [keys, filter, &["weight_std", "bias_std"]].concat();
    table.accept_or(&keys, |key| match key {
        "filter" | "padding" | "stride" => Some("a key of layers on the plane"),
        key if PROFILES.contains(&key) => Some("a key of layers on the sphere"),
        "points" | "elements" => Some("a key of layers on a finite set"),
        _ => None,
    })
}

pub(super) fn parse_filter(table: &Table<'_>, numbers: &str) -> Result<Filter> {
    if let Some(numbers) = table.counts(numbers)? {
        return Ok(Filter::subset(&numbers.value));
    }
    if let Some(filter) = table.counts("filter")? {
        let [height, width] = two(table, "filter", &filter)?;
        return Ok(Filter::Window {
            height,
            width,
            padding: parse_padding(table)?,
            stride: parse_stride(table)?.unwrap_or([1, 1]),
        });
    }
    if let Some(stride) = table.counts("stride")? {
        return Err(table.wrong(
            "stride",
            stride.line,
            "a stride without a filter",
            "a key `filter` beside it",
        ));
    }
    if let Some(padding) = table.string("padding")? {
        return Err(table.wrong(
            "padding",
            padding.line,
            "a padding without a filter",
            "a key `filter` beside it",
        ));
    }
    parse_profile(table)
}

/// Reads a layer of means over windows of pixels.
pub(super) fn parse_pooling(table: &Table<'_>) -> Result<AveragePooling> {
    table.accept(&["kind", "window", "stride", "padding"])?;
    let Some(window) = table.counts("window")? else {
        return Err(table.missing("window"));
    };
    let window = two(table, "window", &window)?;
    Ok(AveragePooling {
        window,
        stride: parse_stride(table)?.unwrap_or(window),
        padding: parse_padding(table)?,
    })
}

fn parse_padding(table: &Table<'_>) -> Result<Padding> {
    match table.string("padding")? {
        None => Ok(Padding::default()),
        Some(padding) => at_key(padding.value.parse(), table, "padding", padding.line),
    }
}

fn parse_stride(table: &Table<'_>) -> Result<Option<[usize; 2]>> {
    let stride = table.counts("stride")?;
    stride
        .map(|stride| two(table, "stride", &stride))
        .transpose()
}

/// The numbers of rows and columns under a key.
fn two(table: &Table<'_>, key: &str, found: &Found<Vec<usize>>) -> Result<[usize; 2]> {
    found.value.as_slice().try_into().map_err(|_| {
        table.wrong(
            key,
            found.line,
            format!("{} numbers", found.value.len()),
            "two, rows and columns",
        )
    })
}

/// Reads a filter on the sphere; without one it is global.
fn parse_profile(table: &Table<'_>) -> Result<Filter> {
    table.at_most_one(&PROFILES)?;
    let number = |key, make: fn(f64) -> Filter| {
        let found = table.float(key)?;
        Ok::<_, Error>(found.map(|found| (key, found.line, make(found.value))))
    };
    let numbers = |key| table.floats(key);
    let found = if let Some(ring) = numbers("ring")? {
        let &[inner, outer] = ring.value.as_slice() else {
            return Err(table.wrong(
                "ring",
                ring.line,
                format!("{} numbers", ring.value.len()),
                "two, the inner and the outer angle",
            ));
        };
        Some(("ring", ring.line, Filter::ring(inner, outer)))
    } else if let Some(given) = numbers("legendre")? {
        Some(("legendre", given.line, Filter::legendre(&given.value)))
    } else if let Some(found) = number("cap", Filter::cap)? {
        Some(found)
    } else if let Some(found) = number("gaussian", Filter::gaussian)? {
        Some(found)
    } else {
        number("heat", Filter::heat)?
    };
    match found {
        None => Ok(Filter::Global),
        Some((key, line, filter)) => {
            if let Filter::Zonal(profile) = &filter {
                at_key(profile.validate(), table, key, line)?;
            }
            Ok(filter)
        }
    }
}
