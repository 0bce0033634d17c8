//! The manifest of a store: its network, and the fingerprints of its blocks of signals.

use std::fmt::Write as _;
use std::path::Path;

use toml::{Table, Value};

use crate::data::atomic::{read_text, write_atomically, write_new};
use crate::{Error, Result};

use super::fingerprint::Fingerprint;

/// The file name of a manifest.
const NAME: &str = "manifest.toml";
/// The version of the format.
const FORMAT: i64 = 1;
/// The largest number of bytes of a manifest that is read; a block takes about fifty bytes.
const LARGEST: u64 = 64 << 20;

/// Consecutive signals along one side of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub len: usize,
    pub fingerprint: Fingerprint,
}

/// The content of `manifest.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The text of the network file.
    pub network: String,
    /// The precision of the kernel: `f64` or `f32`.
    pub precision: String,
    /// The version of this crate that computes the tiles.
    pub version: String,
    pub rows: Vec<Block>,
    /// `None` if the columns are the rows.
    pub columns: Option<Vec<Block>>,
}

impl Manifest {
    /// The fingerprint of network, precision and version, which with the signals determine the values of a tile.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_text(&format!(
            "{}\n{}\n{}",
            self.version, self.precision, self.network
        ))
    }

    /// The blocks of the columns.
    pub(super) fn columns(&self) -> &[Block] {
        self.columns.as_deref().unwrap_or(&self.rows)
    }

    /// Reads the manifest of a folder; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::InFile`] if the file is not a manifest; [`Error::Io`] if it cannot be read.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let text = read_text(&path, "TOML", LARGEST)?;
        parse(&text).map(Some).map_err(|err| err.in_file(&path))
    }

    /// Writes the manifest, in place of an existing one.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = self.text();
        write_atomically(folder.join(NAME), |out| out.write_all(text.as_bytes()))
    }

    /// Writes the manifest unless the folder has one.
    ///
    /// # Returns
    /// Whether the manifest was written; if not, another process has written one since.
    pub(super) fn write_first(&self, folder: &Path) -> Result<bool> {
        let text = self.text();
        write_new(&folder.join(NAME), |out| out.write_all(text.as_bytes()))
    }

    /// The content of the file.
    fn text(&self) -> String {
        let mut text = format!(
            "format = {FORMAT}\nversion = {}\nprecision = {}\nnetwork = {}\n",
            quoted(&self.version),
            quoted(&self.precision),
            quoted(&self.network),
        );
        let sides = [
            ("rows", Some(&self.rows)),
            ("columns", self.columns.as_ref()),
        ];
        for (name, blocks) in sides {
            let Some(blocks) = blocks else { continue };
            let _ = writeln!(text, "{name} = [");
            for block in blocks {
                let _ = writeln!(
                    text,
                    "  [{}, \"{}\"],",
                    block.len,
                    block.fingerprint.to_hex()
                );
            }
            text.push_str("]\n");
        }
        text
    }
}

/// A text as a TOML string.
fn quoted(text: &str) -> String {
    Value::String(text.into()).to_string()
}

/// Parses the content of a manifest.
fn parse(text: &str) -> Result<Manifest> {
    let table: Table = text
        .parse()
        .map_err(|err: toml::de::Error| Error::syntax("TOML", None, err.message()))?;
    let invalid = |what: &str, expected: &str| {
        Error::invalid(
            format!("`{what}` of the store"),
            table
                .get(what)
                .map_or("nothing".into(), |value| shortened(&value.to_string())),
            expected,
        )
    };
    if table.get("format").and_then(Value::as_integer) != Some(FORMAT) {
        return Err(invalid("format", "1"));
    }
    let text_of = |what: &str| {
        let value = table.get(what).and_then(Value::as_str);
        value
            .map(str::to_owned)
            .ok_or_else(|| invalid(what, "text"))
    };
    let blocks_of = |what: &str| -> Result<Option<Vec<Block>>> {
        let Some(value) = table.get(what) else {
            return Ok(None);
        };
        let block = |value: &Value| {
            let [len, fingerprint] = value.as_array()?.as_slice() else {
                return None;
            };
            let len = usize::try_from(len.as_integer()?)
                .ok()
                .filter(|len| *len > 0)?;
            let fingerprint = Fingerprint::from_hex(fingerprint.as_str()?)?;
            Some(Block { len, fingerprint })
        };
        let blocks: Option<Vec<Block>> = value
            .as_array()
            .and_then(|all| all.iter().map(block).collect());
        let blocks = blocks.filter(|blocks| !blocks.is_empty());
        blocks
            .map(Some)
            .ok_or_else(|| invalid(what, "pairs of a length and a fingerprint"))
    };
    Ok(Manifest {
        network: text_of("network")?,
        precision: text_of("precision")?,
        version: text_of("version")?,
        rows: blocks_of("rows")?.ok_or_else(|| invalid("rows", "a list of blocks"))?,
        columns: blocks_of("columns")?,
    })
}

/// The first characters of a text, for errors.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let block = |len, print| Block {
            len,
            fingerprint: Fingerprint(print),
        };
        Manifest {
            network: "[input]\nkind = \"vector\"\n# '''\"\"\" \\".into(),
            precision: "f64".into(),
            version: "0.1.0".into(),
            rows: vec![block(4, 7), block(2, u128::MAX)],
            columns: None,
        }
    }

    #[test]
    fn manifests_come_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), None);
        let mut manifest = manifest();
        for columns in [None, Some(vec![manifest.rows[0]])] {
            manifest.columns = columns;
            manifest.write(folder.path()).unwrap();
            assert_eq!(
                Manifest::read(folder.path()).unwrap(),
                Some(manifest.clone())
            );
        }
    }

    #[test]
    fn manifests_cut_short_or_changed_are_errors_or_others() {
        let folder = tempfile::tempdir().unwrap();
        manifest().write(folder.path()).unwrap();
        let path = folder.path().join(NAME);
        let text = std::fs::read_to_string(&path).unwrap();
        for len in 0..text.len() - 2 {
            std::fs::write(&path, &text.as_bytes()[..len]).unwrap();
            assert!(Manifest::read(folder.path()).is_err(), "{len}");
        }
        for wrong in [
            text.replace("format = 1", "format = 2"),
            text.replace("[4,", "[-4,"),
            text.replace("[4,", "[0,"),
            text.replace("ffff", "fffg"),
            text.replace("rows = [", "rows = [3,"),
        ] {
            std::fs::write(&path, &wrong).unwrap();
            let error = Manifest::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains("manifest.toml"), "{error}");
        }
    }
}
