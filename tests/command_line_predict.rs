//! `haarmonic predict` from the outside.

#[path = "common/bench.rs"]
mod bench;
#[path = "common/tol_kernel.rs"]
mod tol;

use bench::{Bench, MLP, SPHERE, assert_close, export};
use haarmonic::data::arrays::{read_npz_real, read_numbers, write_npy};
use ndarray::{Array2, Array3, ArrayD, IxDyn};

#[test]
fn prediction_interpolates_and_starts_at_zero() {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    export(&bench, "mlp.npz", "x1", "x.npy");
    let y = Array2::from_shape_fn((5, 2), |(i, j)| i as f64 - 2.0 * j as f64);
    write_npy(bench.path("y.npy"), &y).unwrap();
    for kernel in ["ntk", "nngp"] {
        let line = format!(
            "predict net.toml --train-x x.npy --train-y y.npy --test-x x.npy --kernel {kernel}"
        );
        bench.succeed(&format!("{line} --out p.npz"));
        let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
        assert_close(&mean, &y.clone().into_dyn(), tol::SOLVE);
        bench.succeed(&format!(
            "{line} --time 0 --learning-rate 0.3 --ridge 1e-3 --out p.npz"
        ));
        let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
        assert!(mean.iter().all(|m| *m == 0.0));
        bench.succeed("gram net.toml x.npy --out k.npz");
        let prior = read_npz_real(bench.path("k.npz"), "nngp").unwrap();
        let covariance = read_npz_real(bench.path("p.npz"), "covariance").unwrap();
        assert_close(&covariance, &prior, tol::ROUNDING);
    }
}

/// A network with outputs at three rotations takes `[n, P]` or `[n, P, outputs]` and answers in the same form.
#[test]
fn prediction_of_functions() {
    let bench = Bench::new();
    let outputs = "\n[outputs]\nrotations = [[0, 0, 0], [0.3, 1, -2], [2, 2.5, 0.1]]\n";
    let network = SPHERE.replace("[[layers]]\nkind = \"group-pooling\"\n", "") + outputs;
    bench.text("net.toml", &network);
    export(&bench, "so3_global.npz", "x1_coefficients_L4", "x.npy");
    let n = read_numbers(bench.path("x.npy")).unwrap().shape()[0];
    let line = "predict net.toml --train-x x.npy --test-x x.npy --out p.npz --train-y";
    let value = |i: usize, p: usize, k: usize| (3 * i + p) as f64 - 2.0 * k as f64;
    let y = Array2::from_shape_fn((n, 3), |(i, p)| value(i, p, 0)).into_dyn();
    let several = Array3::from_shape_fn((n, 3, 2), |(i, p, k)| value(i, p, k)).into_dyn();
    for targets in [y.clone(), several] {
        write_npy(bench.path("y.npy"), &targets).unwrap();
        bench.succeed(&format!("{line} y.npy"));
        let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
        assert_close(&mean, &targets, tol::SOLVE);
        let covariance = read_npz_real(bench.path("p.npz"), "covariance").unwrap();
        assert_eq!(covariance.shape(), [3 * n, 3 * n]);
    }
    for shape in [
        &[n][..],
        &[3 * n],
        &[n, 2],
        &[n + 1, 3],
        &[3 * n, 1],
        &[n, 2, 3],
        &[n, 3, 1, 1],
    ] {
        write_npy(bench.path("y.npy"), &ArrayD::<f64>::zeros(shape)).unwrap();
        let found = format!("{shape:?}");
        bench.refuse(
            &format!("{line} y.npy"),
            &["y.npy", "targets", ", 3", &found],
        );
    }
    // A pooled network has no places.
    bench.text("net.toml", SPHERE);
    write_npy(
        bench.path("y.npy"),
        &ArrayD::<f64>::zeros(IxDyn(&[n, 3, 1])),
    )
    .unwrap();
    bench.refuse(&format!("{line} y.npy"), &["y.npy", "[n, outputs]"]);
}
