//! `haarmonic learning-curve` from the outside.

use crate::common::program::run_in;
use std::fs::write;
use std::process::Output;

use haarmonic::data::arrays::{npz_keys, read_npz_real, write_npy};
use tempfile::TempDir;

const NETWORK: &str = r#"
[input]
space = "vector"
dimension = 8
[[layers]]
kind = "dense"
weight_std = 1.4142135623730951
bias_std = 0.3
[[layers]]
kind = "activation"
function = "relu"
[[layers]]
kind = "dense"
weight_std = 1.4142135623730951
bias_std = 0.3
"#;

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    run_in(
        folder.path(),
        std::iter::once("learning-curve").chain(arguments.iter().copied()),
    )
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("n.toml"), NETWORK).unwrap();
    write_npy(folder.path().join("p.npy"), &ndarray::array![0.0, 1.0, 0.5]).unwrap();
    folder
}

#[test]
fn predictions_are_written_and_said() {
    let folder = folder();
    let arguments = ["n.toml", "--target-power", "p.npy", "--points", "25,100"];
    let output = run(
        &folder,
        &[&arguments[..], &["--ridge", "0.1", "--out", "c.npz"]].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    let path = folder.path().join("c.npz");
    let mut keys = npz_keys(&path).unwrap();
    keys.sort();
    let want = [
        "effective_ridge",
        "learnability",
        "mode_risk",
        "points",
        "risk",
        "test",
        "train",
    ];
    assert_eq!(keys, want);
    let risk = read_npz_real(&path, "risk").unwrap();
    let parts = read_npz_real(&path, "mode_risk").unwrap();
    assert_eq!(parts.shape(), [2, 64]);
    for (risk, parts) in risk.iter().zip(parts.outer_iter()) {
        assert!((parts.sum() - risk).abs() < 1e-12 * risk);
    }
    assert!(risk[1] < risk[0] && risk[0] < 1.5);
    // Numbers in place of a file say the same.
    let arguments = ["n.toml", "--target-power", "0,1,0.5", "--points", "25,100"];
    let again = run(
        &folder,
        &[&arguments[..], &["--ridge", "0.1", "--out", "d.npz"]].concat(),
    );
    assert_eq!(again.stdout, output.stdout);
}

#[test]
fn measured_errors_stand_beside_predicted_ones() {
    let folder = folder();
    let arguments = [
        "n.toml",
        "--target-power",
        "p.npy",
        "--points",
        "10,40",
        "--simulate",
        "3",
    ];
    let output = run(
        &folder,
        &[&arguments[..], &["--noise", "0.1", "--out", "c.npz"]].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    let path = folder.path().join("c.npz");
    for key in [
        "measured",
        "measured_error",
        "leave_one_out",
        "leave_one_out_error",
    ] {
        assert!(
            read_npz_real(&path, key)
                .unwrap()
                .iter()
                .all(|value| *value > 0.0),
            "{key}"
        );
    }
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("measured") && said.contains("little ridge"),
        "{said}"
    );
    assert!(said.contains("include the noise"), "{said}");
}

#[cfg(feature = "plot")]
#[test]
fn curves_are_drawn() {
    let folder = folder();
    let arguments = [
        "n.toml",
        "--target-power",
        "p.npy",
        "--points",
        "10,40",
        "--simulate",
        "2",
    ];
    let output = run(
        &folder,
        &[&arguments[..], &["--picture", "c.svg", "--out", "c.npz"]].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    let picture = std::fs::read_to_string(folder.path().join("c.svg")).unwrap();
    assert!(picture.contains("predicted") && picture.contains("measured"));
}

#[test]
fn bad_input_is_refused_before_anything_is_written() {
    let folder = folder();
    let points = ["--points", "25"];
    for arguments in [
        ["n.toml", "--target-power", "q.npy", "--degrees", "8"],
        ["n.toml", "--target-power", "0,-1", "--degrees", "8"],
        ["n.toml", "--target-power", "0,1,1", "--degrees", "2"],
        ["n.toml", "--target-power", "0,1", "--ridge", "-1"],
        ["n.toml", "--target-power", "0,1", "--noise", "-1"],
        ["n.toml", "--target-power", "0,1", "--simulate", "1"],
        ["none.toml", "--target-power", "0,1", "--degrees", "8"],
    ] {
        let output = run(
            &folder,
            &[&arguments[..], &points, &["--out", "c.npz"]].concat(),
        );
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!folder.path().join("c.npz").exists());
    }
    for (power, degree) in [("0,-1", 1), ("-1,0", 0), ("0,1,nan", 2)] {
        let arguments = ["n.toml", "--target-power", power, "--out", "c.npz"];
        let output = run(&folder, &[&arguments[..], &points].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.contains(&format!("--target-power in degree {degree}")),
            "{text}"
        );
    }
    let zero = [
        "n.toml",
        "--target-power",
        "0,1",
        "--points",
        "0",
        "--out",
        "c.npz",
    ];
    assert_eq!(run(&folder, &zero).status.code(), Some(2));
    let same = [
        "n.toml",
        "--target-power",
        "p.npy",
        "--points",
        "5",
        "--out",
        "p.npy",
    ];
    assert_eq!(run(&folder, &same).status.code(), Some(2));
}
