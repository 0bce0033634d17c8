//! `haarmonic distill` from the outside.

use crate::common::program::{Bench, MLP};
use haarmonic::data::arrays::{read_npz_complex, read_npz_real, write_npy};
use ndarray::{Array2, Array4, Axis};
use num_complex::Complex64;

/// A network on vectors of 7 entries, inputs and targets of two classes.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    let x = Array2::from_shape_fn((24, 7), |(i, j)| {
        let side = if i % 2 == 0 { 0.7 } else { -0.7 };
        side * [1.0, -0.4, 0.2, 0.9, -0.3, 0.0, 0.5][j] + (2.3 * i as f64 + 1.1 * j as f64).sin()
    });
    let y = Array2::from_shape_fn((24, 2), |(i, j)| if i % 2 == j { 0.5 } else { -0.5 });
    write_npy(bench.path("x.npy"), &x).unwrap();
    write_npy(bench.path("y.npy"), &y).unwrap();
    bench
}

const LINE: &str = "distill net.toml --train-x x.npy --train-y y.npy --labels learned --batch 16";

#[test]
fn a_run_in_parts_gives_the_file_of_one_run() {
    let bench = bench();
    let said = bench.succeed(&format!("{LINE} --steps 12 --every 5 --out whole.npz"));
    assert!(said.contains("2 inputs, 12 steps"), "{said}");
    bench.succeed(&format!("{LINE} --steps 4 --out parts.npz"));
    bench.succeed(&format!("{LINE} --steps 12 --resume --out parts.npz"));
    let bytes = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert_eq!(bytes("whole.npz"), bytes("parts.npz"));
    let losses = read_npz_real(bench.path("whole.npz"), "losses").unwrap();
    assert_eq!(losses.shape(), [12]);
    // `predict` takes what was learned.
    for key in ["x", "y"] {
        let array = read_npz_real(bench.path("whole.npz"), key).unwrap();
        assert_eq!(array.len_of(Axis(0)), 2);
        write_npy(bench.path(&format!("learned_{key}.npy")), &array).unwrap();
    }
    let learned = "--train-x learned_x.npy --train-y learned_y.npy";
    bench.succeed(&format!(
        "predict net.toml {learned} --test-x x.npy --out p.npz"
    ));
}

/// Coefficients of signals on the sphere are complex, in the file of a run and where it goes on.
#[test]
fn signals_on_the_sphere_go_on() {
    let bench = Bench::new();
    bench.text("net.toml", SPHERE);
    // Zonal signals of degree 0 and 1, whose power tells the classes.
    let mut x = Array4::<Complex64>::zeros((12, 1, 2, 3));
    for n in 0..12 {
        x[[n, 0, 0, 1]] = (0.3 * n as f64).cos().into();
        x[[n, 0, 1, 1]] = if n % 2 == 0 { 2.0 } else { 0.5 }.into();
    }
    let y = Array2::from_shape_fn((12, 2), |(i, j)| if i % 2 == j { 0.5 } else { -0.5 });
    write_npy(bench.path("x.npy"), &x).unwrap();
    write_npy(bench.path("y.npy"), &y).unwrap();
    let line = "distill net.toml --train-x x.npy --train-y y.npy --labels solved";
    bench.succeed(&format!("{line} --steps 4 --out whole.npz"));
    bench.succeed(&format!("{line} --steps 2 --out parts.npz"));
    bench.succeed(&format!("{line} --steps 4 --resume --out parts.npz"));
    let bytes = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert_eq!(bytes("whole.npz"), bytes("parts.npz"));
    let learned = read_npz_complex(bench.path("whole.npz"), "x").unwrap();
    assert_eq!(learned.shape(), [2, 1, 2, 3]);
}

const SPHERE: &str = r#"
[input]
space = "sphere"
bandlimit = 2
sampling = "coefficients"
channels = 1

[quadrature]
bandlimit = 3

[[layers]]
kind = "lifting"
group = "SO3"
weight_std = 1.2
bias_std = 0.2

[[layers]]
kind = "activation"
function = "erf"

[[layers]]
kind = "group-pooling"

[[layers]]
kind = "dense"
weight_std = 1.0
bias_std = 0.0
"#;

#[test]
fn starts_and_labels() {
    let bench = bench();
    for options in [
        "--start means --labels solved",
        "--start pivots --per-class 2 --kernel nngp --labels fixed",
    ] {
        let line = "distill net.toml --train-x x.npy --train-y y.npy --steps 3 --out d.npz";
        bench.succeed(&format!("{line} {options}"));
    }
}

#[test]
fn refusals() {
    let bench = bench();
    bench.refuse(
        &format!("{LINE} --start means --per-class 2 --out d.npz"),
        &["--per-class"],
    );
    for wrong in ["--augment C4", "--shift 1"] {
        bench.refuse(
            &format!("{LINE} {wrong} --out d.npz"),
            &["of an augmentation"],
        );
    }
    bench.refuse(&format!("{LINE} --per-class 13 --out d.npz"), &["12"]);
    bench.refuse(&format!("{LINE} --every 0 --out d.npz"), &["--every"]);
    bench.refuse(&format!("{LINE} --rate -1 --out d.npz"), &["rate"]);
    bench.succeed(&format!("{LINE} --steps 1 --out d.npz"));
    bench.refuse(
        &format!("{LINE} --seed 5 --steps 2 --resume --out d.npz"),
        &["d.npz", "options"],
    );
    // A file goes on with its own examples alone.
    let y = Array2::from_shape_fn((24, 2), |(i, j)| if i % 2 == j { 0.4 } else { -0.4 });
    write_npy(bench.path("y.npy"), &y).unwrap();
    bench.refuse(
        &format!("{LINE} --steps 2 --resume --out d.npz"),
        &["examples of a distillation"],
    );
}
