//! `mpirun -n 4 haarmonic gram` makes the file of a single process, bit for bit, killed or not; `predict --solver cg` solves as one.

use crate::common::close::assert_close;
use crate::common::signals;
use crate::common::tol::predict as tol;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use haarmonic::data::arrays::{read_npz_real, write_npy};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const NETWORK: &str = r#"
[input]
space = "sphere"
bandlimit = 4
sampling = "coefficients"
channels = 1
[[layers]]
kind = "lifting"
group = "SO3"
[[layers]]
kind = "activation"
function = "erf"
[[layers]]
kind = "group-pooling"
"#;

/// A folder with a network and signals whose kernels take some seconds.
fn problem(n: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.toml"), NETWORK).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let signals = signals::random_signals(&mut rng, [n, 1, 4], 1);
    write_npy(folder.path().join("x.npy"), &signals).unwrap();
    folder
}

/// The program in a folder, under `mpirun` if there is more than one process.
fn program(folder: &Path, processes: usize) -> Command {
    let program = env!("CARGO_BIN_EXE_haarmonic");
    let mut command = if processes > 1 {
        let mut command = Command::new("mpirun");
        // As root in containers, and with more processes than cores.
        command
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            .args(["--oversubscribe", "-n", &processes.to_string(), program]);
        command
    } else {
        Command::new(program)
    };
    command
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn gram(folder: &Path, processes: usize, inputs: &str, out: &str) -> Command {
    let mut command = program(folder, processes);
    command
        .args(["gram", "net.toml", inputs, "--out", out])
        // Tiles of some ten signals.
        .args(["--memory", "50k", "--threads", "1"]);
    command
}

fn succeed(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn bytes(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

#[test]
fn four_processes_are_one() {
    let folder = problem(60);
    let folder = folder.path();
    succeed(gram(folder, 1, "x.npy", "one.npz"));
    let said = succeed(gram(folder, 4, "x.npy", "four.npz"));
    // One of them speaks.
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(bytes(folder, "one.npz") == bytes(folder, "four.npz"));
    // The same tiles, too.
    let tiles = |name: &str| -> Vec<PathBuf> {
        let mut names: Vec<_> = std::fs::read_dir(folder.join(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into())
            .collect();
        names.sort();
        names
    };
    assert_eq!(tiles("one.npz.tiles"), tiles("four.npz.tiles"));
}

#[test]
fn a_lost_process_is_made_up_for() {
    let folder = problem(60);
    let folder = folder.path();
    succeed(gram(folder, 1, "x.npy", "one.npz"));
    let tiles = folder.join("four.npz.tiles");
    let count = || std::fs::read_dir(&tiles).map_or(0, |entries| entries.count());
    let mut running = gram(folder, 4, "x.npy", "four.npz").spawn().unwrap();
    // A few tiles and the manifest are there.
    while count() < 4 && running.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let killed = Command::new("pkill")
        .args(["-KILL", "-n", "-f", "gram net.toml x.npy --out four.npz"])
        .status();
    let outcome = running.wait().unwrap();
    let was_killed = killed.is_ok_and(|status| status.success());
    assert!(
        !(was_killed && outcome.success()),
        "the processes go on without one of them"
    );
    succeed(gram(folder, 3, "x.npy", "four.npz"));
    assert!(bytes(folder, "one.npz") == bytes(folder, "four.npz"));
}

#[test]
fn errors_end_all_processes() {
    let folder = problem(3);
    let folder = folder.path();
    let output = gram(folder, 3, "missing.npy", "k.npz").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("missing.npy"), "{message}");
    let mut shared = gram(folder, 3, "x.npy", "k.npz");
    let output = shared.args(["--share", "1/3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.join("k.npz").exists());
}

/// A prediction by conjugate gradients that computes the kernels in each step.
fn solve(folder: &Path, processes: usize, out: &str, more: &str) -> Command {
    let mut command = program(folder, processes);
    let line = "predict net.toml --train-x x.npy --train-y y.npy --test-x x.npy --solver cg --ridge 1e-3 --rank 2 --threads 1";
    command
        .args(line.split_whitespace())
        .args(["--out", out])
        .args(more.split_whitespace());
    command
}

/// The number of steps in a checkpoint.
fn steps_in(path: &Path) -> usize {
    read_npz_real(path, "counts").map_or(0, |counts| counts[0] as usize)
}

/// Four processes solve as one, with kernels that are computed or on disk; after the loss of one, they lose one step at most.
#[test]
fn processes_solve_together() {
    const N: usize = 20;
    let folder = problem(N);
    let folder = folder.path();
    let y = Array2::from_shape_fn((N, 2), |(i, k)| ((3 * i + k) as f64).sin());
    write_npy(folder.join("y.npy"), &y).unwrap();
    let mean = |file: &str| read_npz_real(folder.join(file), "mean").unwrap();
    succeed(solve(folder, 1, "one.npz", ""));
    // At the training points K (K + ε)⁻¹ does not amplify the residuals; the norm of a target is at most √N times its largest entry.
    let tolerance = tol::from_residual(1e-6, N as f64);
    for (out, more) in [("four.npz", "--memory 1"), ("disk.npz", "--tiles tiles")] {
        let said = succeed(solve(folder, 4, out, more));
        let last = said.lines().last();
        assert_eq!(last, Some("20 predictions from 20 training inputs"));
        assert_close(mean(out), mean("one.npz"), tolerance);
    }

    let state = folder.join("state.npz");
    let more = "--memory 1 --checkpoint state.npz";
    let mut running = solve(folder, 4, "killed.npz", more).spawn().unwrap();
    while steps_in(&state) < 2 && running.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let seen = steps_in(&state);
    let children = Command::new("pgrep")
        .args(["-P", &running.id().to_string(), "haarmonic"])
        .output();
    let children = String::from_utf8(children.unwrap().stdout).unwrap();
    let child = children
        .split_whitespace()
        .last()
        .expect("a process")
        .to_owned();
    assert!(
        Command::new("kill")
            .args(["-KILL", &child])
            .status()
            .unwrap()
            .success()
    );
    assert!(
        !running.wait().unwrap().success(),
        "the processes go on without one of them"
    );
    assert!(!folder.join("killed.npz").exists());
    let kept = steps_in(&state);
    assert!(kept >= seen && seen >= 2);
    let said = succeed(solve(folder, 4, "killed.npz", more));
    assert!(
        said.contains(&format!("resumed after step {kept}")),
        "{said}"
    );
    assert!(mean("killed.npz") == mean("four.npz"), "not to the bit");

    // A file of other options ends all processes.
    let output = solve(
        folder,
        3,
        "no.npz",
        "--checkpoint state.npz --tolerance 1e-3",
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("another tolerance"), "{message}");
}
