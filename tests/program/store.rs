//! `haarmonic gram` with a folder of tiles: killed, without room, in shares.

use crate::common::signals;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use haarmonic::activation::Activation;
use haarmonic::data::arrays::{read_npz_real, write_npy};
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn sphere(quadrature: Quadrature) -> Network {
    Network::sphere(3, SphereSampling::Coefficients, 1)
        .quadrature(quadrature)
        .lifting(Init::default())
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap()
}

/// Every file of a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Files of a network and of its inputs.
fn problem(folder: &Path, n: usize) -> [PathBuf; 2] {
    let [network, inputs] = ["net.toml", "x.npy"].map(|name| folder.join(name));
    std::fs::write(
        &network,
        sphere(Quadrature::Tolerance(1e-6)).to_toml().unwrap(),
    )
    .unwrap();
    let signals = signals::random_signals(&mut rng(9), [n, 1, 3], 1);
    write_npy(&inputs, &signals).unwrap();
    [network, inputs]
}

fn gram(network: &Path, inputs: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haarmonic"));
    command
        .arg("gram")
        .arg(network)
        .arg(inputs)
        .arg("--out")
        .arg(out);
    // Tiles of six signals.
    command
        .args(["--resume", "--memory", "27000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Killed at fifty moments, the computation ends with the file of an undisturbed one, bit for bit.
#[test]
fn killed_programs_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let [network, inputs] = problem(folder.path(), 240);
    let [whole, broken] = ["whole.npz", "broken.npz"].map(|name| folder.path().join(name));
    let start = Instant::now();
    assert!(gram(&network, &inputs, &whole).status().unwrap().success());
    // Some of 820 tiles, however slow the build is.
    let longest = Duration::from_millis(25).max(start.elapsed() / 200);
    let mut rng = rng(10);
    let tiles = folder.path().join("broken.npz.tiles");
    // A program that was killed while it wrote leaves a temporary file, which is no tile.
    let is_tile = |name: std::ffi::OsString| name.to_string_lossy().starts_with("tile-");
    let found = || {
        std::fs::read_dir(&tiles)
            .is_ok_and(|entries| entries.flatten().any(|entry| is_tile(entry.file_name())))
    };
    let mut kills = 0;
    // Something is to be found in the end.
    while kills < 50 || !found() {
        let mut child = gram(&network, &inputs, &broken).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(
            rng.random_range(1_000..longest.as_micros() as u64),
        ));
        // Where it was done already, the result is removed: it has to come again.
        match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success());
                std::fs::remove_file(&broken).unwrap();
                std::fs::remove_dir_all(&tiles).unwrap();
            }
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
            }
        }
    }
    let output = gram(&network, &inputs, &broken).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("found") && !text.contains(" 0 found"),
        "{text}"
    );
    assert!(!text.contains("computed again"), "{text}");
    assert_eq!(
        std::fs::read(&whole).unwrap(),
        std::fs::read(&broken).unwrap()
    );
}

/// A file system that takes no more is an error that names the file; what was finished stays.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_store_usable() {
    let folder = tempfile::tempdir().unwrap();
    let [network, inputs] = problem(folder.path(), 20);
    let out = folder.path().join("k.npz");
    let command = gram(&network, &inputs, &out);
    let mut limited = Command::new("sh");
    limited
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 1; exec \"$@\"")
        .arg("sh")
        .arg(command.get_program())
        .args(command.get_args());
    let output = limited.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("k.npz.tiles"), "{text}");
    assert!(!out.exists());
    let store = folder.path().join("k.npz.tiles");
    assert!(
        files(&store)
            .keys()
            .all(|name| !name.to_string_lossy().ends_with(".part"))
    );
    assert!(gram(&network, &inputs, &out).status().unwrap().success());
    assert_eq!(read_npz_real(&out, "ntk").unwrap().shape(), [20, 20]);
}

#[test]
fn command_line_says_what_it_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let [network, inputs] = problem(folder.path(), 3);
    let out = folder.path().join("k.npz");
    for (arguments, words) in [
        (["--memory", "0"], "bytes"),
        (["--memory", "12Q"], "bytes"),
        (["--memory", "99999999999T"], "bytes"),
        (["--memory", "10"], "memory"),
        (["--threads", "0"], "threads"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haarmonic"));
        command
            .arg("gram")
            .arg(&network)
            .arg(&inputs)
            .arg("--out")
            .arg(&out);
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(words), "{text}");
    }
    let mut command = gram(&network, &inputs, &out);
    assert!(command.args(["--threads", "1"]).status().unwrap().success());
}

/// Three processes with one folder, at the same time, and two that compute the same tiles.
#[test]
fn shares_make_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let [network, inputs] = problem(folder.path(), 120);
    let alone = folder.path().join("alone.npz");
    assert!(gram(&network, &inputs, &alone).status().unwrap().success());
    let shared = folder.path().join("shared.npz");
    let shares = ["1/3", "2/3", "3/3", "2/3"];
    let running: Vec<_> = shares
        .iter()
        .map(|share| {
            gram(&network, &inputs, &shared)
                .args(["--share", share])
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    assert!(!shared.exists());
    let last = gram(&network, &inputs, &shared).output().unwrap();
    let said = String::from_utf8(last.stdout).unwrap();
    assert!(said.contains(" 0 tiles computed"), "{said}");
    assert_eq!(
        std::fs::read(&shared).unwrap(),
        std::fs::read(&alone).unwrap()
    );
    for share in ["0/3", "4/3", "3", "1/0", "a/b"] {
        let refused = gram(&network, &inputs, &shared)
            .args(["--share", share])
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(2), "{share}");
    }
}
