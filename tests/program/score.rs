//! `haarmonic score` from the outside.

use crate::common::program::run_in;
use std::path::Path;
use std::process::Output;

use haarmonic::data::arrays::{Numbers, write_npy, write_npz};
use ndarray::{Array1, ArrayD, array};
use tempfile::TempDir;

fn score(folder: &TempDir, arguments: &[&str]) -> Output {
    run_in(
        folder.path(),
        std::iter::once("score").chain(arguments.iter().copied()),
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn prediction(path: &Path, mean: ArrayD<f64>) {
    write_npz(path, &[("mean", Numbers::Real(mean))]).unwrap();
}

#[test]
fn regression_and_classification() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    prediction(&at("p.npz"), array![[1.0], [2.0], [5.0]].into_dyn());
    write_npy(at("y.npy"), &array![1.0, 4.0, 1.0]).unwrap();
    let output = score(&folder, &["p.npz", "--targets", "y.npy", "--out", "s.csv"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("mae 2.000000e0"),
        "{}",
        text(&output.stdout)
    );
    // √((0 + 4 + 16) / 3).
    let csv = std::fs::read_to_string(at("s.csv")).unwrap();
    let (rmse, r2) = ((20.0_f64 / 3.0).sqrt(), 1.0 - 20.0 / 6.0);
    assert_eq!(csv, format!("mae,rmse,r2\n2,{rmse},{r2}\n"));

    // Targets that are all the same have no R².
    write_npy(at("y.npy"), &array![1.0, 1.0, 1.0]).unwrap();
    let output = score(&folder, &["p.npz", "--targets", "y.npy", "--out", "s.csv"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("r2"));

    prediction(
        &at("c.npz"),
        array![[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]].into_dyn(),
    );
    write_npy(at("l.npy"), &array![0.0, 1.0, 1.0]).unwrap();
    let output = score(&folder, &["c.npz", "--labels", "l.npy", "--out", "c.csv"]);
    assert!(text(&output.stdout).starts_with("accuracy 0.6667 (2 of 3)"));
    // Rows that sum to one are probabilities: (|0.9 − 1| + |0.8 − 1| + |0.6 − 0|) / 3.
    assert!(text(&output.stdout).contains("expected calibration error 0.3000"));
    let csv = std::fs::read_to_string(at("c.csv")).unwrap();
    assert_eq!(csv, "predicted_0,predicted_1\n1,0\n1,1\n");
}

#[test]
fn what_does_not_fit_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    prediction(&at("c.npz"), array![[0.9, 0.1], [0.2, 0.8]].into_dyn());
    let write =
        |name: &str, labels: &[f64]| write_npy(at(name), &Array1::from(labels.to_vec())).unwrap();
    write("half.npy", &[0.0, 0.5]);
    write("beyond.npy", &[0.0, 2.0]);
    write("short.npy", &[0.0]);
    for (arguments, words) in [
        (["--labels", "half.npy"], "label 1"),
        (["--labels", "beyond.npy"], "below 2"),
        (["--labels", "short.npy"], "short.npy"),
        (["--targets", "short.npy"], "short.npy"),
        (["--targets", "none.npy"], "none.npy"),
    ] {
        let output = score(&folder, &[&["c.npz"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(
            message.contains(words) && message.trim().lines().count() == 1,
            "{message}"
        );
    }
    // Neither truth, or both.
    assert_eq!(score(&folder, &["c.npz"]).status.code(), Some(2));
    let both = ["c.npz", "--labels", "short.npy", "--targets", "short.npy"];
    assert_eq!(score(&folder, &both).status.code(), Some(2));
}

/// Errors of numbers whose squares are out of range, and probabilities from variances that are rounding.
#[test]
fn numbers_of_all_sizes_are_scored() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (factor, shown) in [
        (1e200, "2.160247e200"),
        (1.0, "2.160247e0"),
        (1e-200, "2.160247e-200"),
    ] {
        let mean = array![[1.0], [4.0], [8.0]] * factor;
        prediction(&at("p.npz"), mean.into_dyn());
        write_npy(at("y.npy"), &(array![3.0, 1.0, 7.0] * factor)).unwrap();
        // √((4 + 9 + 1) / 3), and 1 − 14 / (56 / 3).
        let output = score(&folder, &["p.npz", "--targets", "y.npy"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let out = text(&output.stdout);
        assert!(out.contains(&format!("rmse {shown}")), "{out}");
        assert!(out.contains("r2 2.500000e-1"), "{out}");
    }
    let arrays = [
        (
            "mean",
            Numbers::Real(array![[-0.5, 0.5], [0.5, -0.5]].into_dyn()),
        ),
        (
            "variance",
            Numbers::Real(array![-1.1e-16, 2.2e-16].into_dyn()),
        ),
    ];
    write_npz(at("c.npz"), &arrays).unwrap();
    write_npy(at("l.npy"), &array![1.0, 0.0]).unwrap();
    let output = score(&folder, &["c.npz", "--labels", "l.npy"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let out = text(&output.stdout);
    assert!(
        out.contains("accuracy 1.0000") && out.contains("error 0.0000"),
        "{out}"
    );
}
