//! Ctrl-C while the program computes a kernel matrix.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::program::{Bench, SPHERE};
use haarmonic::data::arrays::write_npy;
use ndarray::Array4;
use num_complex::Complex64;

#[test]
fn an_interrupt_leaves_tiles_and_one_line() {
    let bench = Bench::new();
    bench.text("net.toml", SPHERE);
    let n = 200;
    // Zonal signals, which are real: m = 0 alone.
    let coefficients = Array4::from_shape_fn((n, 2, 4, 7), |(n, c, l, m)| match m {
        3 => Complex64::new((1.0 + (n + 3 * c + 5 * l) as f64).sin(), 0.0),
        _ => Complex64::ZERO,
    });
    write_npy(bench.path("x.npy"), &coefficients).unwrap();
    let line = "gram net.toml x.npy --memory 100k --threads 2 --out k.npz";
    let program = Command::new(env!("CARGO_BIN_EXE_haarmonic"))
        .args(line.split_whitespace())
        .current_dir(bench.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let tiles = || {
        let folder = std::fs::read_dir(bench.path("k.npz.tiles"));
        folder.map_or(0, |folder| {
            let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.starts_with("tile-")).count()
        })
    };
    let start = Instant::now();
    while tiles() == 0 {
        assert!(start.elapsed() < Duration::from_secs(120), "no tile");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = program.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    let output = program.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    assert!(message.contains("cancelled"), "{message}");
    assert!(!bench.path("k.npz").exists());
    assert!(tiles() > 0);
    let names = std::fs::read_dir(bench.path("k.npz.tiles")).unwrap();
    for entry in names {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".part"), "{name}");
    }
}
