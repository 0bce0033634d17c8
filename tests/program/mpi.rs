//! `mpirun -n 4 haarmonic gram` makes the file of a single process, bit for bit, killed or not.

use crate::common::signals;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use haarmonic::data::arrays::write_npy;
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

/// Under `mpirun` if there is more than one process.
fn gram(folder: &Path, processes: usize, inputs: &str, out: &str) -> Command {
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
        .args(["gram", "net.toml", inputs, "--out", out])
        // Tiles of some ten signals.
        .args(["--memory", "50k", "--threads", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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
