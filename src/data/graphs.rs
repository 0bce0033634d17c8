//! Graphs from files: edge lists, and data sets in the text format of the TU collection.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;

use super::qm9_text::{excerpt, parse_number};
use crate::error::{Error, Result};
use crate::files::reading::read_text;
use crate::graph::Graph;

/// Bytes that one file may have.
const LARGEST: u64 = 1 << 30;

/// Graphs with a label or a value each.
///
/// # Examples
/// ```
/// use haarmonic::data::graphs::read_tu;
/// # let folder = tempfile::tempdir().unwrap();
/// # let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
/// write("TINY_A.txt", "1, 2\n2, 1\n3, 4\n4, 3\n");
/// write("TINY_graph_indicator.txt", "1\n1\n2\n2\n");
/// write("TINY_graph_labels.txt", "1\n-1\n");
/// write("TINY_node_labels.txt", "0\n2\n2\n2\n");
/// let set = read_tu(folder.path())?;
/// assert_eq!((set.graphs.len(), set.graphs[0].len(), set.graphs[0].channels()), (2, 2, 2));
/// assert_eq!(set.labels, [1.0, -1.0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GraphSet {
    /// The graphs.
    pub graphs: Vec<Graph>,
    /// One number per graph; empty if the data set has none.
    pub labels: Vec<f64>,
}

fn wrong(format: &'static str, line: usize, found: &str, expected: &str) -> Error {
    let message = format!("found {:?}, expected {expected}", excerpt(found));
    Error::syntax(format, Some(line), message)
}

/// The numbers of each line of a text, separated by commas or spaces.
fn rows(text: &str, format: &'static str) -> Result<Vec<Vec<f64>>> {
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let entries = line
            .split([',', ' ', '\t', '\r'])
            .filter(|entry| !entry.is_empty());
        let number =
            |entry| parse_number(entry).ok_or_else(|| wrong(format, index + 1, entry, "a number"));
        rows.push(entries.map(number).collect::<Result<Vec<_>>>()?);
    }
    Ok(rows)
}

/// Whole numbers, zero or more.
fn whole(value: f64, what: &str) -> Result<usize> {
    if value >= 0.0 && value.fract() == 0.0 && value < 1e15 {
        return Ok(value as usize);
    }
    Err(Error::invalid(what, value, "a whole number, zero or more"))
}

/// Reads the edges of one graph.
///
/// Each line has two nodes, counted from 0, then the weight (1 if left out), then the relation (0 if left out), separated by spaces or commas. Lines
/// that begin with `#` are comments. An edge counts in both directions.
///
/// # Arguments
/// * `path` — a text file
/// * `features` — shape `[nodes, channels]`
/// * `relations` — the number of relations
///
/// # Errors
/// Inside [`Error::InFile`]: [`Error::Syntax`] for entries that are no numbers, [`Error::InvalidValue`] for a node or a relation that does not
/// exist; [`Error::Io`] if the file cannot be read.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("edges.txt");
/// std::fs::write(&path, "# a triangle\n0 1\n1 2 0.5\n0 2\n").unwrap();
/// let graph = haarmonic::data::graphs::read_edges(&path, ndarray::Array2::ones((3, 1)), 1)?;
/// assert_eq!((graph.len(), graph.edge_count()), (3, 6));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_edges(
    path: impl AsRef<Path>,
    features: Array2<f64>,
    relations: usize,
) -> Result<Graph> {
    const FORMAT: &str = "edge list";
    let path = path.as_ref();
    let text = read_text(path, FORMAT, LARGEST)?;
    let parse = || -> Result<Graph> {
        let mut edges = vec![Vec::new(); relations];
        for row in rows(&text, FORMAT)? {
            let (&[i, k], rest) = match row.split_first_chunk::<2>() {
                Some((ends, rest)) if rest.len() <= 2 => (ends, rest),
                _ => {
                    return Err(Error::invalid(
                        "entries of an edge",
                        row.len(),
                        "two nodes, a weight and a relation",
                    ));
                }
            };
            let (i, k) = (whole(i, "node of an edge")?, whole(k, "node of an edge")?);
            let weight = rest.first().copied().unwrap_or(1.0);
            let relation = whole(rest.get(1).copied().unwrap_or(0.0), "relation of an edge")?;
            let Some(edges) = edges.get_mut(relation) else {
                return Err(Error::invalid(
                    "relation of an edge",
                    relation,
                    format!("a number below {relations}"),
                ));
            };
            edges.push((i, k, weight));
            if i != k {
                edges.push((k, i, weight));
            }
        }
        Graph::new(features, &edges)
    };
    parse().map_err(|error| error.in_file(path))
}

/// Reads a data set in the text format of the TU collection (a folder with the files `NAME_A.txt`, `NAME_graph_indicator.txt` and others).
///
/// Features of a node are one for its label and zero for the others, followed by its attributes; a data set without both has one feature,
/// one. Labels of edges are relations; edges have weight one, in the directions that the file has.
///
/// # Arguments
/// * `folder` — with one data set
///
/// # Errors
/// [`Error::Missing`] for a folder without a data set, [`Error::Io`] if a file cannot be read, and inside [`Error::InFile`]
/// [`Error::Syntax`] or [`Error::InvalidValue`] for files that do not fit together.
///
/// # Examples
/// An example is at [`GraphSet`].
///
/// # References
/// C. Morris et al., *TUDataset: a collection of benchmark datasets for learning with graphs* (2020), arXiv:2007.08663.
pub fn read_tu(folder: impl AsRef<Path>) -> Result<GraphSet> {
    let folder = folder.as_ref();
    let name = name_of(folder)?;
    let path = |part: &str| folder.join(format!("{name}_{part}.txt"));
    let needed = |part: &str| table(&path(part));
    let optional = |part: &str| match path(part).exists() {
        true => table(&path(part)).map(Some),
        false => Ok(None),
    };
    let edges = needed("A")?;
    let indicator = needed("graph_indicator")?;
    let nodes = indicator.len();
    let fits = |part: &str, rows: Option<Vec<Vec<f64>>>, count: usize| match rows {
        Some(rows) if rows.len() != count => {
            Err(Error::shape("lines", format!("[{count}]"), vec![rows.len()]).in_file(path(part)))
        }
        rows => Ok(rows),
    };
    let labels = fits("node_labels", optional("node_labels")?, nodes)?;
    let attributes = fits("node_attributes", optional("node_attributes")?, nodes)?;
    let edge_labels = fits("edge_labels", optional("edge_labels")?, edges.len())?;
    let values = match optional("graph_labels")? {
        None => optional("graph_attributes")?,
        labels => labels,
    };

    // The graph of each node, and its number among the nodes of the graph.
    let mut places = Vec::with_capacity(nodes);
    let mut sizes: Vec<usize> = Vec::new();
    for row in &indicator {
        let graph = row.first().copied().unwrap_or(0.0);
        let graph = whole(graph, "number of a graph")
            .map_err(|error| error.in_file(path("graph_indicator")))?;
        // Graphs are counted from 1 in the order of their nodes.
        if graph == 0 || graph > sizes.len() + 1 {
            return Err(Error::invalid(
                "number of a graph",
                graph,
                format!("a number from 1 to {}", sizes.len() + 1),
            )
            .in_file(path("graph_indicator")));
        }
        if graph > sizes.len() {
            sizes.push(0);
        }
        places.push((graph - 1, sizes[graph - 1]));
        sizes[graph - 1] += 1;
    }
    let features = features(labels.as_deref(), attributes.as_deref(), nodes)
        .map_err(|error| error.in_file(path("node_attributes")))?;
    let (kinds, relations) = relations(edge_labels.as_deref());
    let mut per_graph = vec![vec![Vec::new(); relations]; sizes.len()];
    for (index, row) in edges.iter().enumerate() {
        let refused = |found: String, expected: String| {
            Err(Error::invalid(format!("edge {index}"), found, expected).in_file(path("A")))
        };
        let &[i, k] = row.as_slice() else {
            return refused(format!("{} entries", row.len()), "two nodes".into());
        };
        let ends = [i, k].map(|end| whole(end, "node of an edge"));
        let [i, k] = ends.map(|end| end.map_err(|error| error.in_file(path("A"))));
        let (i, k) = (i?, k?);
        if !(1..=nodes).contains(&i) || !(1..=nodes).contains(&k) {
            return refused(
                format!("nodes {i} and {k}"),
                format!("numbers from 1 to {nodes}"),
            );
        }
        let ((graph, i), (other, k)) = (places[i - 1], places[k - 1]);
        if graph != other {
            return refused("nodes of two graphs".into(), "nodes of one graph".into());
        }
        let relation = edge_labels.as_ref().map_or(0, |labels| {
            kinds[&labels[index].first().copied().unwrap_or(0.0).to_bits()]
        });
        per_graph[graph][relation].push((i, k, 1.0));
    }
    let mut graphs = Vec::with_capacity(sizes.len());
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); sizes.len()];
    for (node, &(graph, _)) in places.iter().enumerate() {
        members[graph].push(node);
    }
    for (nodes, edges) in members.iter().zip(&per_graph) {
        graphs.push(Graph::new(features.select(ndarray::Axis(0), nodes), edges)?);
    }
    let labels = match values {
        None => Vec::new(),
        Some(rows) if rows.len() == graphs.len() => rows
            .iter()
            .map(|row| row.first().copied().unwrap_or(0.0))
            .collect(),
        Some(rows) => {
            return Err(Error::shape(
                "labels of graphs",
                format!("[{}]", graphs.len()),
                vec![rows.len()],
            ));
        }
    };
    Ok(GraphSet { graphs, labels })
}

/// The name of the data set of a folder.
fn name_of(folder: &Path) -> Result<String> {
    let missing = || {
        Error::missing(
            "file NAME_A.txt",
            format!("the folder {}", folder.display()),
        )
    };
    let entries = std::fs::read_dir(folder)
        .map_err(|err| Error::io(folder, crate::error::FileOperation::Read, err))?;
    let names = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_suffix("_A.txt").map(str::to_owned)
    });
    // The same one on every system, where there are several.
    names.min().ok_or_else(missing)
}

fn table(path: &Path) -> Result<Vec<Vec<f64>>> {
    const FORMAT: &str = "TU";
    let text = read_text(path, FORMAT, LARGEST)?;
    rows(&text, FORMAT).map_err(|error| error.in_file(path))
}

/// The features of all nodes: labels as ones and zeros, then attributes.
fn features(
    labels: Option<&[Vec<f64>]>,
    attributes: Option<&[Vec<f64>]>,
    nodes: usize,
) -> Result<Array2<f64>> {
    let (kinds, count) = match labels {
        Some(labels) => relations(Some(labels)),
        None => (BTreeMap::new(), 0),
    };
    let width = attributes.and_then(|rows| rows.first()).map_or(0, Vec::len);
    if count + width == 0 {
        return Ok(Array2::ones((nodes, 1)));
    }
    let mut features = Array2::zeros((nodes, count + width));
    for (node, mut row) in features.outer_iter_mut().enumerate() {
        if let Some(labels) = labels {
            row[kinds[&labels[node].first().copied().unwrap_or(0.0).to_bits()]] = 1.0;
        }
        if let Some(attributes) = attributes {
            let of_node = &attributes[node];
            if of_node.len() != width {
                return Err(Error::shape(
                    format!("attributes of node {node}"),
                    format!("[{width}]"),
                    vec![of_node.len()],
                ));
            }
            for (feature, value) in row.iter_mut().skip(count).zip(of_node) {
                *feature = *value;
            }
        }
    }
    Ok(features)
}

/// The numbers of labels in their order, by their bits, and how many there are; one without labels.
fn relations(labels: Option<&[Vec<f64>]>) -> (BTreeMap<u64, usize>, usize) {
    let Some(labels) = labels else {
        return (BTreeMap::new(), 1);
    };
    let mut values: Vec<f64> = labels
        .iter()
        .map(|row| row.first().copied().unwrap_or(0.0))
        .collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let count = values.len().max(1);
    let numbered = values.into_iter().enumerate();
    (
        numbered
            .map(|(index, value)| (value.to_bits(), index))
            .collect(),
        count,
    )
}
