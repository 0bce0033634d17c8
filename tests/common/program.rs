//! A folder in which the program runs, and files that several tests of it read.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use haarmonic::data::arrays::{Numbers, read_npz_numbers, write_npy};
use tempfile::TempDir;

pub const SPHERE: &str = r#"
[input]
space = "sphere"
bandlimit = 4
sampling = "coefficients"
channels = 2
[quadrature]
tolerance = 1e-10
[[layers]]
kind = "lifting"
group = "SO3"
weight_std = 1.3
bias_std = 0.2
[[layers]]
kind = "activation"
function = "erf"
[[layers]]
kind = "group-convolution"
weight_std = 1.3
bias_std = 0.2
[[layers]]
kind = "activation"
function = "erf"
[[layers]]
kind = "group-pooling"
[[layers]]
kind = "dense"
weight_std = 1.3
bias_std = 0.2
"#;

pub const MLP: &str = r#"
[input]
space = "vector"
dimension = 7
[[layers]]
kind = "dense"
weight_std = 1.3
bias_std = 0.2
[[layers]]
kind = "activation"
function = "gelu"
[[layers]]
kind = "dense"
weight_std = 0.9
bias_std = 0.1
[[layers]]
kind = "activation"
function = "gelu"
[[layers]]
kind = "dense"
weight_std = 1.1
bias_std = 0.3
"#;

/// Runs the program in a folder.
pub fn run_in<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_haarmonic"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// A folder with files in it, in which the program runs.
pub struct Bench(TempDir);

impl Bench {
    pub fn new() -> Self {
        Bench(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn run(&self, line: &str) -> Output {
        run_in(self.0.path(), line.split_whitespace())
    }

    pub fn succeed(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(
            output.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The command is refused with one line that holds all `words`, and leaves no output.
    pub fn refuse(&self, line: &str, words: &[&str]) {
        let before = files(self.0.path());
        let output = self.run(line);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{line}: {message}");
        for word in words {
            assert!(
                message.contains(word),
                "{line}: {word:?} is not in {message:?}"
            );
        }
        assert_eq!(files(self.0.path()), before, "{line} left something behind");
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

pub fn export(bench: &Bench, file: &str, key: &str, name: &str) {
    match read_npz_numbers(stored(file), key).unwrap() {
        Numbers::Real(array) => write_npy(bench.path(name), &array).unwrap(),
        Numbers::Complex(array) => write_npy(bench.path(name), &array).unwrap(),
    }
}
