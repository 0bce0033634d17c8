//! The command line from the outside: results, and what it says of bad input.

use crate::common::close::assert_close;
use crate::common::tol::kernel as tol;

use std::path::PathBuf;

use crate::common::program::{Bench, MLP, SPHERE, export, stored};
use haarmonic::data::arrays::{Numbers, npz_keys, read_npz_real, read_numbers, write_npy};
use ndarray::{Array1, Array2, Array4, ArrayD, IxDyn};
use num_complex::Complex64;

#[test]
fn gram_on_the_sphere() {
    let bench = Bench::new();
    bench.text("net.toml", SPHERE);
    bench.text(
        "grid.toml",
        &SPHERE.replace("coefficients", "driscoll-healy"),
    );
    for (network, form) in [("net", "coefficients"), ("grid", "dh")] {
        for set in ["x1", "x2"] {
            export(
                &bench,
                "so3_global.npz",
                &format!("{set}_{form}_L4"),
                &format!("{set}.npy"),
            );
        }
        bench.succeed(&format!("gram {network}.toml x1.npy x2.npy --out k.npz"));
        for kernel in ["nngp", "ntk"] {
            let found = read_npz_real(bench.path("k.npz"), kernel).unwrap();
            let key = format!("global_erf_depth2_L4_{kernel}");
            let want = read_npz_real(stored("so3_global.npz"), &key).unwrap();
            assert_close(&found, &want, tol::stored(0.0, tol::ASKED_BY_FILES));
        }
        assert!(
            npz_keys(bench.path("k.npz"))
                .unwrap()
                .contains(&"ntk_error".to_owned())
        );
    }
}

#[test]
fn gram_of_vectors() {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    export(&bench, "mlp.npz", "x1", "x1.npy");
    export(&bench, "mlp.npz", "x2", "x2.npy");
    bench.succeed("gram net.toml x1.npy x2.npy --out k.npz");
    for kernel in ["nngp", "ntk"] {
        let found = read_npz_real(bench.path("k.npz"), kernel).unwrap();
        let want = read_npz_real(stored("mlp.npz"), &format!("gelu_{kernel}")).unwrap();
        assert_close(&found, &want, tol::ROUNDING);
    }
}

/// Integers are the values they are, whatever their type; headers are those of any writer; text may have a mark in front.
#[test]
fn gram_of_integers_and_other_headers() {
    let bench = Bench::new();
    bench.text(
        "net.toml",
        &format!("\u{feff}{}", MLP.replace('\n', "\r\n")),
    );
    let bytes = |values: &[u8]| values.to_vec();
    let wide = |values: &[u8]| {
        values
            .iter()
            .flat_map(|&x| f64::from(x).to_le_bytes())
            .collect()
    };
    let values: Vec<u8> = (0..dimension(&bench) * 2)
        .map(|i| (37 * i % 256) as u8)
        .collect();
    let write = |name: &str, descriptor: &str, suffix: &str, data: Vec<u8>| {
        let shape = format!("(2{suffix}, {}{suffix})", values.len() / 2);
        let header =
            format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        std::fs::write(bench.path(name), file).unwrap();
    };
    write("f8.npy", "<f8", "", wide(&values));
    write("eq.npy", "=f8", "", wide(&values));
    write("long.npy", "<f8", "L", wide(&values));
    write("u1.npy", "|u1", "", bytes(&values));
    let gram = |name: &str| {
        bench.succeed(&format!("gram net.toml {name} --out k.npz"));
        read_npz_real(bench.path("k.npz"), "ntk").unwrap()
    };
    let wanted = gram("f8.npy");
    for name in ["eq.npy", "long.npy", "u1.npy"] {
        assert_eq!(gram(name), wanted, "{name}");
    }
}

/// The dimension of the inputs of [`MLP`].
fn dimension(bench: &Bench) -> usize {
    export(bench, "mlp.npz", "x1", "x1.npy");
    haarmonic::data::arrays::read_real(bench.path("x1.npy"))
        .unwrap()
        .shape()[1]
}

const PLANE: &str = r#"
[input]
space = "plane"
height = 9
width = 9
channels = 2
[[layers]]
kind = "lifting"
group = "C4"
filter = [3, 3]
padding = "same"
weight_std = 1.2
bias_std = 0.15
[[layers]]
kind = "activation"
function = "relu"
[[layers]]
kind = "group-convolution"
filter = [3, 3]
padding = "same"
weight_std = 1.2
bias_std = 0.15
[[layers]]
kind = "activation"
function = "relu"
[[layers]]
kind = "group-pooling"
[[layers]]
kind = "dense"
weight_std = 1.1
bias_std = 0.2
"#;

#[test]
fn gram_of_images() {
    let bench = Bench::new();
    export(&bench, "planar.npz", "x1", "x1.npy");
    export(&bench, "planar.npz", "x2", "x2.npy");
    let flat = PLANE
        .replace("C4", "C1")
        .replace("group-pooling", "flatten");
    for (network, precision, key, tolerance) in [
        (PLANE, "f64", "c4_same_relu_3", tol::PLANE),
        (PLANE, "f32", "c4_same_relu_3", tol::SINGLE),
        (&flat, "f64", "cnn_flatten_same_relu_3", tol::PLANE),
    ] {
        bench.text("net.toml", network);
        bench.succeed("check net.toml");
        bench.succeed(&format!(
            "gram net.toml x1.npy x2.npy --precision {precision} --out k.npz"
        ));
        for kernel in ["nngp", "ntk"] {
            let found = read_npz_real(bench.path("k.npz"), kernel).unwrap();
            let want = read_npz_real(stored("planar.npz"), &format!("{key}_{kernel}")).unwrap();
            assert_close(&found, &want, tolerance);
        }
    }
    // One image is predicted as its label says, behind the same network.
    bench.text("net.toml", PLANE);
    write_npy(bench.path("y.npy"), &Array1::from(vec![1.0, -2.0, 0.5])).unwrap();
    bench.succeed("predict net.toml --train-x x1.npy --train-y y.npy --test-x x1.npy --out p.npz");
    let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
    for (mean, want) in mean.iter().zip([1.0, -2.0, 0.5]) {
        assert!((mean - want).abs() <= tol::SOLVE, "{mean} {want}");
    }
}

#[test]
fn bad_plane_networks_are_refused() {
    let bench = Bench::new();
    export(&bench, "planar.npz", "x1", "x.npy");
    for (from, to, words) in [
        (
            "width = 9",
            "width = 8",
            &["layer 1", "C4", "9 × 8"] as &[&str],
        ),
        ("filter = [3, 3]", "filter = [2, 3]", &["layer 1"]),
        ("filter = [3, 3]", "filter = [3]", &["filter", "two"]),
        ("filter = [3, 3]", "filter = \"3\"", &["filter", "list"]),
        ("filter = [3, 3]", "cap = 0.3", &["cap", "sphere"]),
        ("\"same\"", "\"reflect\"", &["padding", "circular"]),
        ("group = \"C4\"", "group = \"C3\"", &["C3", "D4"]),
        ("group = \"C4\"", "group = \"SO3\"", &["SO3", "plane"]),
        ("group-pooling", "residual", &["branch"]),
        ("height = 9", "height = 0", &["height"]),
        ("channels = 2", "channels = 3", &["x.npy", "[n, 9, 9, 3]"]),
        ("height = 9", "depth = 9", &["depth", "height"]),
    ] {
        let text = PLANE.replacen(from, to, 1);
        assert_ne!(text, PLANE, "{from}");
        bench.text("net.toml", &text);
        bench.refuse("gram net.toml x.npy --out k.npz", words);
    }
    bench.text("net.toml", MLP);
    bench.refuse(
        "gram net.toml x.npy --precision f32 --out k.npz",
        &["precision"],
    );
}

#[test]
fn transforms_both_ways_and_batched() {
    let bench = Bench::new();
    for (sampling, name) in [
        ("driscoll-healy", "dh"),
        ("gauss-legendre", "gl"),
        ("mcewen-wiaux", "mw"),
    ] {
        export(
            &bench,
            "transforms.npz",
            &format!("s2_{name}_L6"),
            "grid.npy",
        );
        export(
            &bench,
            "transforms.npz",
            "s2_coefficients_L6",
            "coefficients.npy",
        );
        check_pair(&bench, "sphere", sampling);
    }
    export(
        &bench,
        "transforms.npz",
        "so3_dh_gamma_beta_alpha_L6",
        "grid.npy",
    );
    export(
        &bench,
        "transforms.npz",
        "so3_coefficients_n_l_m_L6",
        "coefficients.npy",
    );
    check_pair(&bench, "rotations", "driscoll-healy");
}

fn complex(path: PathBuf) -> ArrayD<Complex64> {
    match read_numbers(path).unwrap() {
        Numbers::Real(array) => array.mapv(Complex64::from),
        Numbers::Complex(array) => array,
    }
}

fn check_pair(bench: &Bench, space: &str, sampling: &str) {
    for (direction, from, to) in [
        ("forward", "grid.npy", "coefficients.npy"),
        ("inverse", "coefficients.npy", "grid.npy"),
    ] {
        let line = format!(
            "transform --space {space} --direction {direction} --bandlimit 6 --sampling {sampling}"
        );
        bench.succeed(&format!("{line} {from} --out out.npy"));
        let (found, want) = (complex(bench.path("out.npy")), complex(bench.path(to)));
        let scale = want.iter().fold(0.0, |a: f64, b| a.max(b.norm()));
        assert_eq!(found.shape(), want.shape());
        for (f, w) in found.iter().zip(&want) {
            assert!((f - w).norm() <= tol::TRANSFORM * scale, "{line}: {f} {w}");
        }
        // A batch of two by three copies, the k-th scaled by k.
        let one = complex(bench.path(from));
        let shape = [&[2, 3], one.shape()].concat();
        let mut stack = ArrayD::zeros(IxDyn(&shape));
        for (k, mut row) in stack.outer_iter_mut().enumerate() {
            for (j, mut entry) in row.outer_iter_mut().enumerate() {
                entry.assign(&(&one * Complex64::from((3 * k + j) as f64)));
            }
        }
        write_npy(bench.path("stack.npy"), &stack).unwrap();
        bench.succeed(&format!("{line} stack.npy --out stack-out.npy"));
        let result = complex(bench.path("stack-out.npy"));
        for (f, w) in result
            .index_axis(ndarray::Axis(0), 1)
            .index_axis(ndarray::Axis(0), 2)
            .iter()
            .zip(&want)
        {
            assert!((f - w * 5.0).norm() <= 5.0 * tol::TRANSFORM * scale);
        }
    }
}

#[test]
fn values_at_points_and_rotations() {
    let bench = Bench::new();
    for (points, coefficients, values, options) in [
        (
            "points",
            "points_complex_coeffs",
            "points_complex_values",
            "",
        ),
        (
            "points",
            "points_spin2_coeffs",
            "points_spin2_values",
            "--spin 2",
        ),
        (
            "so3_rotations",
            "so3_coeffs",
            "so3_values",
            "--tolerance 1e-13",
        ),
    ] {
        export(&bench, "points.npz", points, "points.npy");
        export(&bench, "points.npz", coefficients, "coefficients.npy");
        export(&bench, "points.npz", values, "values.npy");
        bench.succeed(&format!(
            "evaluate coefficients.npy points.npy {options} --out out.npy"
        ));
        let (found, want) = (
            complex(bench.path("out.npy")),
            complex(bench.path("values.npy")),
        );
        let scale = want.iter().fold(0.0, |a: f64, b| a.max(b.norm()));
        assert_eq!(found.shape(), want.shape());
        for (f, w) in found.iter().zip(&want) {
            assert!(
                (f - w).norm() <= tol::TRANSFORM * scale,
                "{values}: {f} {w}"
            );
        }
    }
    bench.refuse(
        "evaluate coefficients.npy points.npy --spin 1 --out o.npy",
        &["--spin"],
    );
    bench.refuse(
        "evaluate points.npy points.npy --out o.npy",
        &["coefficients"],
    );
    bench.refuse(
        "evaluate coefficients.npy values.npy --out o.npy",
        &["points"],
    );
    let line = "evaluate coefficients.npy points.npy --tolerance 1 --out o.npy";
    bench.refuse(line, &["tolerance"]);
}

#[test]
fn check_prints_the_network_as_read() {
    let bench = Bench::new();
    let local = SPHERE
        .replacen("group = \"SO3\"", "group = \"SO3\"\nring = [0.3, 0.9]", 1)
        .replace("group-pooling", "partial-pooling")
        + "\n[outputs]\nsampling = \"gauss-legendre\"\nbandlimit = 2\n";
    for (network, words) in [
        (SPHERE, &["kind = \"group-pooling\""][..]),
        (
            &local,
            &[
                "ring = [0.3, 0.9]",
                "kind = \"partial-pooling\"",
                "[outputs]\nsampling = \"gauss-legendre\"\nbandlimit = 2",
            ],
        ),
    ] {
        bench.text("net.toml", network);
        let output = bench.run("check net.toml");
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        for word in words {
            assert!(printed.contains(word), "{word:?} is not in {printed:?}");
        }
        bench.text("again.toml", &printed);
        assert_eq!(bench.run("check again.toml").stdout, printed.as_bytes());
    }
}

#[test]
fn check_prints_formulas() {
    use haarmonic::network::Network;

    let bench = Bench::new();
    bench.text("net.toml", SPHERE);
    let formula = Network::from_toml(SPHERE).unwrap().formula();
    let text = bench.succeed("check net.toml --formula");
    assert_eq!(text, formula.to_string());
    assert_eq!(bench.succeed("check net.toml --formula text"), text);
    assert_eq!(
        bench.succeed("check net.toml --formula latex"),
        formula.to_latex()
    );
    bench.refuse("check absent.toml --formula", &["absent.toml"]);
    let refused = bench.run("check net.toml --formula html");
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
}

#[test]
fn bad_input_is_refused() {
    let bench = Bench::new();
    bench.text("net.toml", SPHERE);
    bench.text("mlp.toml", MLP);
    export(&bench, "so3_global.npz", "x1_coefficients_L4", "x.npy");
    export(&bench, "mlp.npz", "x1", "v.npy");

    bench.refuse("gram absent.toml x.npy --out k.npz", &["absent.toml"]);
    bench.refuse("gram net.toml absent.npy --out k.npz", &["absent.npy"]);
    bench.refuse("gram net.toml v.npy --out k.npz", &["v.npy", "[5, 7]"]);
    bench.refuse("gram mlp.toml x.npy --out k.npz", &["x.npy", "expected"]);
    bench.refuse("gram net.toml x.npy --out absent/k.npz", &["absent"]);

    for (name, wrong, words) in [
        (
            "band limit 0",
            SPHERE.replace("bandlimit = 4", "bandlimit = 0"),
            &["bandlimit", "0"][..],
        ),
        (
            "activation",
            SPHERE.replace("\"erf\"", "\"softmax\""),
            &["softmax"],
        ),
        (
            "missing key",
            SPHERE.replace("channels = 2", ""),
            &["channels"],
        ),
        (
            "unknown key",
            SPHERE.replace("channels = 2", "channels = 2\ncolour = 3"),
            &["colour"],
        ),
        (
            "no pooling",
            SPHERE.replace("[[layers]]\nkind = \"group-pooling\"", ""),
            &["pooling"],
        ),
        (
            "cap",
            SPHERE.replace("group = \"SO3\"", "group = \"SO3\"\ncap = -0.9"),
            &["cap", "-0.9"],
        ),
        (
            "plane",
            SPHERE.replace("\"sphere\"", "\"plane\""),
            &["bandlimit", "height"],
        ),
        (
            "group of the plane",
            SPHERE.replace("\"SO3\"", "\"C4\""),
            &["layer 1", "C4", "SO3"],
        ),
        (
            "filter of the plane",
            SPHERE.replace("group = \"SO3\"", "group = \"SO3\"\nfilter = [3, 3]"),
            &["filter", "plane"],
        ),
        ("garbage", "][".into(), &["wrong.toml"]),
        (
            "std",
            SPHERE.replace("weight_std = 1.3", "weight_std = -1.3"),
            &["weight_std"],
        ),
    ] {
        assert_ne!(wrong, SPHERE, "{name}");
        bench.text("wrong.toml", &wrong);
        bench.refuse(
            "gram wrong.toml x.npy --out k.npz",
            &[&["wrong.toml"], words].concat(),
        );
        bench.refuse("check wrong.toml", words);
    }

    let huge = SPHERE.replace("tolerance = 1e-10", "bandlimit = 30000");
    assert_ne!(huge, SPHERE);
    bench.text("huge.toml", &huge);
    bench.refuse("gram huge.toml x.npy --out k.npz", &["30000", "4 GiB"]);

    let mut values: Array2<f64> = Array2::zeros((5, 7));
    values[[3, 2]] = f64::NAN;
    write_npy(bench.path("nan.npy"), &values).unwrap();
    bench.refuse("gram mlp.toml nan.npy --out k.npz", &["nan.npy", "[3, 2]"]);
    write_npy(bench.path("none.npy"), &Array2::<f64>::zeros((0, 7))).unwrap();
    bench.refuse("gram mlp.toml none.npy --out k.npz", &["none.npy", "empty"]);
    let bytes = std::fs::read(bench.path("v.npy")).unwrap();
    std::fs::write(bench.path("cut.npy"), &bytes[..bytes.len() - 9]).unwrap();
    bench.refuse("gram mlp.toml cut.npy --out k.npz", &["cut.npy"]);
    std::fs::write(bench.path("text.npy"), "not an array").unwrap();
    bench.refuse("gram mlp.toml text.npy --out k.npz", &["text.npy"]);
    let mut complex: Array4<Complex64> = Array4::zeros((1, 2, 4, 7));
    complex[[0, 1, 2, 4]] = Complex64::I;
    write_npy(bench.path("complex.npy"), &complex).unwrap();
    bench.refuse(
        "gram net.toml complex.npy --out k.npz",
        &["complex.npy", "real signal"],
    );

    write_npy(bench.path("y.npy"), &Array1::<f64>::zeros(4)).unwrap();
    let predict = "predict mlp.toml --train-x v.npy --test-x v.npy --out p.npz --train-y";
    bench.refuse(&format!("{predict} y.npy"), &["y.npy", "[5, outputs]"]);
    write_npy(bench.path("y.npy"), &Array1::<f64>::zeros(5)).unwrap();
    bench.refuse(&format!("{predict} y.npy --time -1"), &["-1"]);
    bench.refuse(
        &format!("{predict} y.npy --time 1 --learning-rate 0"),
        &["learning rate"],
    );
    bench.refuse(&format!("{predict} y.npy --ridge -0.5"), &["ridge"]);

    let transform =
        "transform --space sphere --direction forward --sampling gauss-legendre --out o.npy";
    bench.refuse(
        &format!("{transform} --bandlimit 0 v.npy"),
        &["band limit", "0"],
    );
    bench.refuse(
        &format!("{transform} --bandlimit 5 v.npy"),
        &["v.npy", "[5, 7]", "[.., 5, 9]"],
    );
    bench.refuse(&format!("{transform} --bandlimit 4 nan.npy"), &["nan.npy"]);
}
