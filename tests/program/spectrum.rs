//! `haarmonic spectrum` from the outside.

use crate::common::program::run_in;
use std::fs::write;
use std::process::Output;

use haarmonic::data::arrays::{npz_keys, read_npz_real};
use tempfile::TempDir;

const NETWORK: &str = r#"
[input]
space = "vector"
dimension = 3
[[layers]]
kind = "dense"
weight_std = 1.4142135623730951
[[layers]]
kind = "activation"
function = "relu"
[[layers]]
kind = "dense"
weight_std = 1.4142135623730951
"#;

fn spectrum(folder: &TempDir, arguments: &[&str]) -> Output {
    run_in(
        folder.path(),
        std::iter::once("spectrum").chain(arguments.iter().copied()),
    )
}

#[test]
fn eigenvalues_and_tails_are_written() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("n.toml"), NETWORK).unwrap();
    let output = spectrum(&folder, &["n.toml", "--degrees", "6", "--out", "s.npz"]);
    assert!(output.status.success(), "{output:?}");
    let path = folder.path().join("s.npz");
    let mut keys = npz_keys(&path).unwrap();
    keys.sort();
    assert_eq!(
        keys,
        ["multiplicities", "nngp", "nngp_tail", "ntk", "ntk_tail"]
    );
    let ntk = read_npz_real(&path, "ntk").unwrap();
    // 1, 2/3, 5/32, 0, 1/96, 0
    for (value, want) in ntk
        .iter()
        .zip([1.0, 2.0 / 3.0, 5.0 / 32.0, 0.0, 1.0 / 96.0, 0.0])
    {
        assert!((value - want).abs() < 1e-14, "{value} {want}");
    }
    let tail = read_npz_real(&path, "ntk_tail").unwrap();
    let counts = read_npz_real(&path, "multiplicities").unwrap();
    let known: f64 = ntk
        .iter()
        .zip(&counts)
        .map(|(value, count)| value * count)
        .sum();
    assert!((tail.first().unwrap() + known - 4.0).abs() < 1e-13);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("further") && said.contains("p = "), "{said}");
}

#[test]
fn other_networks_and_degrees_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("n.toml"), NETWORK).unwrap();
    for arguments in [
        ["n.toml", "--degrees", "0", "--out", "s.npz"],
        ["n.toml", "--degrees", "100000", "--out", "s.npz"],
        ["n.toml", "--degrees", "4", "--out", "n.toml"],
        ["none.toml", "--degrees", "4", "--out", "s.npz"],
    ] {
        let output = spectrum(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!folder.path().join("s.npz").exists());
    }
}

#[cfg(feature = "plot")]
#[test]
fn spectra_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("n.toml"), NETWORK).unwrap();
    let arguments = ["n.toml", "--degrees", "12", "--out", "s.npz", "--picture"];
    let output = spectrum(&folder, &[&arguments[..], &["s.svg"]].concat());
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(folder.path().join("s.svg")).unwrap();
    assert!(crate::common::pictures::elements(&text).len() > 20);
    for name in ["nngp", "ntk", "ntk, sum of further degrees"] {
        assert!(text.contains(name), "{name}");
    }
    // A format that cannot be drawn is refused before the work, and no file is written.
    std::fs::remove_file(folder.path().join("s.npz")).unwrap();
    let output = spectrum(&folder, &[&arguments[..], &["s.gif"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("s.npz").exists());
}
