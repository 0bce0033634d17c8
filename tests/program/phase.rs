//! `haarmonic phase` from the outside.

use crate::common::program::run_in;
use std::fs::write;
use std::process::Output;

use crate::common::tol::spectral as tol;
use haarmonic::data::arrays::{read_npz_real, write_npy};
use tempfile::TempDir;

/// A network on vectors with two hidden layers of one block.
fn network(function: &str, weight: f64, bias: f64) -> String {
    let dense =
        format!("[[layers]]\nkind = \"dense\"\nweight_std = {weight:?}\nbias_std = {bias:?}\n");
    let activation = format!("[[layers]]\nkind = \"activation\"\nfunction = \"{function}\"\n");
    let input = "[input]\nspace = \"vector\"\ndimension = 3\n";
    format!("{input}{dense}{activation}{dense}{activation}{dense}")
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [weight, bias] = [2.5_f64, 0.18].map(f64::sqrt);
    write(at("erf.toml"), network("erf", weight, bias)).unwrap();
    write(at("relu.toml"), network("relu", 3.0, 0.1)).unwrap();
    // The second of three activations is another one.
    let sine = "[[layers]]\nkind = \"activation\"\nfunction = \"sin\"\n";
    let dense = "[[layers]]\nkind = \"dense\"\n";
    let erf = sine.replace("sin", "erf");
    let input = "[input]\nspace = \"vector\"\ndimension = 3\n";
    let other = format!("{input}{dense}{erf}{dense}{sine}{dense}{erf}{dense}");
    write(at("other.toml"), other).unwrap();
    write_npy(at("x.npy"), &ndarray::Array2::<f64>::eye(3)).unwrap();
    write_npy(at("wide.npy"), &ndarray::Array2::<f64>::eye(4)).unwrap();
    folder
}

fn phase(folder: &TempDir, arguments: &str) -> Output {
    run_in(
        folder.path(),
        std::iter::once("phase").chain(arguments.split_whitespace()),
    )
}

#[test]
fn fixed_points_and_depths_are_written() {
    let folder = folder();
    let output = phase(&folder, "erf.toml --depths 100,10 --inputs 4 --out p.npz");
    assert!(output.status.success(), "{output:?}");
    let read = |key: &str| read_npz_real(folder.path().join("p.npz"), key).unwrap();
    // Another program's numbers.
    for (key, want) in [
        ("variance", 1.54222650210308),
        ("variance_slope", 0.2910648627278028),
        ("slope", 1.1888407529874279),
        ("correlation", 0.6162605396819048),
        ("correlation_slope", 0.8804784717279499),
    ] {
        let found = read(key);
        assert_eq!(found.len(), 1);
        assert!((found.first().unwrap() - want).abs() <= tol::PHASE, "{key}");
    }
    assert_eq!(read("errors").shape(), [1, 5]);
    assert_eq!(
        read("depths").iter().copied().collect::<Vec<_>>(),
        [100.0, 10.0]
    );
    assert!(read("condition")[[0]] < read("condition")[[1]]);
    assert!((read("critical_weight_std")[[0]].powi(2) - 1.7476037497677033).abs() <= tol::PHASE);
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "chaotic",
        "depth of predictions",
        "critical at weight std",
        "condition",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let output = phase(&folder, "relu.toml");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("no fixed point") && said.contains("no weight std"),
        "{said}"
    );
    assert!(
        phase(&folder, "erf.toml --depths 3 --x x.npy")
            .status
            .success()
    );
}

#[cfg(feature = "plot")]
#[test]
fn diagrams_are_drawn() {
    let folder = folder();
    for name in ["erf", "relu"] {
        let output = phase(&folder, &format!("{name}.toml --picture p.svg"));
        assert!(output.status.success(), "{output:?}");
        let text = std::fs::read_to_string(folder.path().join("p.svg")).unwrap();
        assert!(crate::common::pictures::elements(&text).len() > 20);
    }
    let output = phase(&folder, "erf.toml --picture p.gif");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn bad_input_is_refused_without_output() {
    let folder = folder();
    for (arguments, word) in [
        ("other.toml --out p.npz", "block"),
        ("none.toml --out p.npz", "none.toml"),
        ("erf.toml --out erf.toml", "--out"),
        ("erf.toml --depths 3 --x wide.npy --out p.npz", "wide.npy"),
        ("erf.toml --depths 3 --inputs 0 --out p.npz", "inputs"),
        ("erf.toml --depths x --out p.npz", "--depths"),
    ] {
        let output = phase(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(word), "{said}");
        assert!(!folder.path().join("p.npz").exists());
    }
}
