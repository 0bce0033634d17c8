//! The parts of network files that concern graphs.

use super::file::at_key;
use super::table::Table;
use super::{Aggregation, EdgeScaling, Outputs};
use crate::Result;

/// Reads an `aggregation` layer.
pub(super) fn parse_aggregation(table: &Table<'_>) -> Result<Aggregation> {
    table.accept(&["kind", "normalisation", "self_loops", "relation_weights"])?;
    let scaling = match table.string("normalisation")? {
        None => EdgeScaling::Sum,
        Some(found) => at_key(found.value.parse(), table, "normalisation", found.line)?,
    };
    let separate = match table.string("relation_weights")? {
        None => false,
        Some(found) => match found.value {
            "shared" => false,
            "separate" => true,
            other => {
                return Err(table.wrong(
                    "relation_weights",
                    found.line,
                    format!("{other:?}"),
                    "\"shared\" or \"separate\"",
                ));
            }
        },
    };
    Ok(Aggregation {
        scaling,
        self_loops: table.float("self_loops")?.map_or(0.0, |found| found.value),
        separate,
    })
}

/// Reads where features on graphs are read: at the nodes.
pub(super) fn parse_graph_outputs(table: &Table<'_>) -> Result<Outputs> {
    table.accept(&["at"])?;
    match table.string("at")? {
        None => Err(table.missing("at")),
        Some(found) if found.value == "nodes" => Ok(Outputs::Nodes),
        Some(found) => {
            Err(table.wrong("at", found.line, format!("{:?}", found.value), "\"nodes\""))
        }
    }
}
