//! `haarmonic predict` from the outside.

use crate::common::close::assert_close;
use crate::common::tol::kernel as tol;
use crate::common::tol::predict as predict_tol;

use crate::common::program::{Bench, MLP, SPHERE, export};
use haarmonic::data::arrays::{read_npz_real, read_numbers, write_npy};
use ndarray::{Array2, Array3, ArrayD, Axis, IxDyn};

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
        assert_close(&mean, y.clone().into_dyn(), tol::SOLVE);
        // Known points have no variance, and `score` takes what `predict` writes.
        bench.succeed(&format!("{line} --covariance diagonal --out v.npz"));
        let variance = read_npz_real(bench.path("v.npz"), "variance").unwrap();
        assert!(variance.iter().all(|v| *v == 0.0), "{variance}");
        let labels = y.map_axis(Axis(1), |row| f64::from(u8::from(row[1] > row[0])));
        write_npy(bench.path("l.npy"), &labels).unwrap();
        bench.succeed("score v.npz --labels l.npy");
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

/// A regression with an MLP: `net.toml`, `x.npy`, `y.npy`, test inputs `z.npy`.
fn regression() -> Bench {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    export(&bench, "mlp.npz", "x1", "x.npy");
    export(&bench, "mlp.npz", "x2", "z.npy");
    let y = Array2::from_shape_fn((5, 2), |(i, j)| (i as f64 - 2.0 * j as f64).sin());
    write_npy(bench.path("y.npy"), &y).unwrap();
    bench
}

const REGRESSION: &str = "predict net.toml --train-x x.npy --train-y y.npy --test-x z.npy";

fn read(bench: &Bench, file: &str, key: &str) -> ArrayD<f64> {
    read_npz_real(bench.path(file), key).unwrap()
}

#[test]
fn several_times_are_each_of_them() {
    let bench = regression();
    for option in ["--time", "--steps"] {
        bench.succeed(&format!(
            "{REGRESSION} {option} 0,3,20 --learning-rate 0.5 --out all.npz"
        ));
        let [means, covariances] = ["mean", "covariance"].map(|key| read(&bench, "all.npz", key));
        let key = if option == "--time" { "times" } else { "steps" };
        assert_eq!(
            read(&bench, "all.npz", key),
            ndarray::arr1(&[0.0, 3.0, 20.0]).into_dyn()
        );
        for (k, time) in [0, 3, 20].into_iter().enumerate() {
            bench.succeed(&format!(
                "{REGRESSION} {option} {time} --learning-rate 0.5 --out one.npz"
            ));
            let [mean, covariance] = ["mean", "covariance"].map(|key| read(&bench, "one.npz", key));
            assert_eq!(means.index_axis(Axis(0), k), mean.view());
            assert_eq!(covariances.index_axis(Axis(0), k), covariance.view());
        }
    }
    // Parts of the covariance.
    bench.succeed(&format!("{REGRESSION} --time 3,20 --out full.npz"));
    bench.succeed(&format!(
        "{REGRESSION} --time 3,20 --covariance diagonal --out diagonal.npz"
    ));
    bench.succeed(&format!(
        "{REGRESSION} --time 3,20 --covariance none --out none.npz"
    ));
    let full = read(&bench, "full.npz", "covariance");
    let variance = read(&bench, "diagonal.npz", "variance");
    for ((k, i), value) in variance
        .into_dimensionality::<ndarray::Ix2>()
        .unwrap()
        .indexed_iter()
    {
        assert_eq!(full[[k, i, i]], *value);
    }
    let mean = read(&bench, "full.npz", "mean");
    assert_eq!(read(&bench, "diagonal.npz", "mean"), mean);
    assert_close(read(&bench, "none.npz", "mean"), &mean, tol::SOLVE);
    let keys = haarmonic::data::arrays::npz_keys(bench.path("none.npz")).unwrap();
    assert_eq!(keys, ["mean", "times"]);
}

#[test]
fn ridges_and_times_are_chosen() {
    let bench = regression();
    let said = bench.succeed(&format!(
        "{REGRESSION} --select-ridge loo-error --out p.npz"
    ));
    let ridge = read(&bench, "p.npz", "ridge")[[]];
    assert!(said.contains("leave-one-out mean square error"), "{said}");
    bench.succeed(&format!("{REGRESSION} --ridge {ridge:e} --out q.npz"));
    assert_eq!(read(&bench, "p.npz", "mean"), read(&bench, "q.npz", "mean"));
    // The choice is that of the library.
    bench.succeed("gram net.toml x.npy --out k.npz");
    let matrix = |array: ArrayD<f64>| array.into_dimensionality::<ndarray::Ix2>().unwrap();
    let kernel = matrix(read(&bench, "k.npz", "ntk"));
    let y = matrix(haarmonic::data::arrays::read_real(bench.path("y.npy")).unwrap());
    let path = haarmonic::predict::RidgePath::fit(kernel.view(), y.view()).unwrap();
    let criterion = haarmonic::predict::Criterion::LeaveOneOutError;
    assert_eq!(path.select(criterion, 1e-10..=1e2).unwrap().relative, ridge);

    // Early stopping on the training points themselves: the last time.
    let line = format!("{REGRESSION} --validation-x x.npy --validation-y y.npy --out p.npz");
    let said = bench.succeed(&format!("{line} --time 1,10,100"));
    assert!(
        said.lines()
            .any(|line| line.contains("100") && line.ends_with("least")),
        "{said}"
    );
    assert_eq!(read(&bench, "p.npz", "validation_best")[[]], 2.0);
    assert_eq!(read(&bench, "p.npz", "validation_error").shape(), [3]);
    bench.refuse(&line, &["--time", "several"]);
    bench.refuse(
        &format!("{REGRESSION} --time 1,-2 --out p.npz"),
        &["training time", "-2"],
    );
}

#[test]
fn scales_are_chosen() {
    let bench = regression();
    let line = "select net.toml --train-x x.npy --train-y y.npy --out tuned.toml";
    let said = bench.succeed(line);
    assert!(said.contains("minus log evidence"), "{said}");
    bench.succeed("check tuned.toml");
    let cost = |network: &str| {
        let options = "--train-x x.npy --train-y y.npy --iterations 0 --out again.toml";
        let said = bench.succeed(&format!(
            "select {network} {options} --ridge 0.01 --fixed-ridge"
        ));
        let words = said.split_whitespace().nth(3).unwrap();
        words.trim_end_matches(',').parse::<f64>().unwrap()
    };
    bench.succeed(&format!("{line} --ridge 0.01 --fixed-ridge"));
    assert!(cost("tuned.toml") < cost("net.toml"));
    bench.refuse(&format!("{line} --ridge 0"), &["noise", "found 0"]);
    write_npy(bench.path("y.npy"), &Array2::<f64>::zeros((4, 2))).unwrap();
    bench.refuse(line, &["y.npy", "[5, outputs]"]);
}

/// Iterative and approximate solvers against the factorisation, the choice of a ridge by validation, and an interrupted run.
#[test]
fn solvers_for_many_inputs() {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    let x = Array2::from_shape_fn((60, 7), |(i, j)| ((5 * i + 3 * j * j) as f64).sin());
    let y = x.map_axis(Axis(1), |x| x[0] * x[1] + x[2]);
    write_npy(bench.path("x.npy"), &x).unwrap();
    write_npy(bench.path("y.npy"), &y).unwrap();
    let mean = |file: &str| read_npz_real(bench.path(file), "mean").unwrap();
    let line = "predict net.toml --train-x x.npy --train-y y.npy --test-x x.npy";
    bench.succeed(&format!(
        "{line} --ridge 1e-2 --covariance none --out direct.npz"
    ));
    let tolerance = predict_tol::from_residual(1e-10, 6e3);
    for more in [
        "--solver cg --tolerance 1e-10 --rank 10",
        "--solver cg --tolerance 1e-10 --rank 0 --memory 1",
        "--solver cg --tolerance 1e-10 --tiles tiles",
        "--solver nystrom --rank 60",
    ] {
        bench.succeed(&format!("{line} --ridge 1e-2 {more} --out p.npz"));
        assert_close(mean("p.npz"), mean("direct.npz"), tolerance);
    }

    // Two of three candidates are far too large, so the middle one is chosen, whose predictions are those of its own run.
    let validated = "--validation-x x.npy --validation-y y.npy";
    let said = bench.succeed(&format!(
        "{line} {validated} --solver cg --tolerance 1e-10 --ridges 100,1e-2,10 --out v.npz"
    ));
    assert_eq!(said.matches("validation error").count(), 3, "{said}");
    assert_close(mean("v.npz"), mean("direct.npz"), tolerance);
    let found = |key: &str| read_npz_real(bench.path("v.npz"), key).unwrap();
    assert_eq!(found("ridge").iter().copied().collect::<Vec<_>>(), [0.01]);
    let errors = found("validation_error");
    assert!(errors[1] < errors[2] && errors[2] < errors[0], "{errors}");

    // A run that stops resumes to the bit; other data and options are refused.
    let cg = format!("{line} --solver cg --rank 2 --tolerance 1e-10");
    bench.succeed(&format!("{cg} --ridge 1e-2 --out whole.npz"));
    let state = "--checkpoint state.npz";
    let stopped = bench.run(&format!(
        "{cg} --ridge 1e-2 {state} --max-steps 3 --out p.npz"
    ));
    let message = String::from_utf8(stopped.stderr).unwrap();
    assert_eq!(stopped.status.code(), Some(2), "{message}");
    assert!(message.contains("3 iterations"), "{message}");
    let said = bench.succeed(&format!("{cg} --ridge 1e-2 {state} --out resumed.npz"));
    assert!(said.contains("resumed after step 2"), "{said}");
    assert!(mean("resumed.npz") == mean("whole.npz"));
    write_npy(bench.path("other.npy"), &(&x * 0.5)).unwrap();
    write_npy(bench.path("y2.npy"), &(&y + 1.0)).unwrap();
    for (other, what) in [
        (format!("{cg} --ridge 2e-2 {state}"), "other ridges"),
        (
            format!("{cg} --ridge 1e-2 {state} --kernel nngp"),
            "another kernel",
        ),
        (
            cg.replace("--train-x x.npy", "--train-x other.npy")
                + " --ridge 1e-2 --checkpoint state.npz",
            "other signals",
        ),
        (
            cg.replace("y.npy", "y2.npy") + " --ridge 1e-2 --checkpoint state.npz",
            "other targets",
        ),
    ] {
        bench.refuse(&format!("{other} --out p.npz"), &["state.npz", what]);
    }

    let plan = bench.succeed(&format!(
        "{line} --ridge 1e-2 --plan --rank 10 --out none.npz"
    ));
    assert_eq!(plan.lines().count(), 3, "{plan}");
    assert!(plan.contains("direct: 1.8e3 pairs"), "{plan}");
    assert!(!bench.path("none.npz").exists());
    for (more, what) in [
        ("--solver cg --time 1", "--time"),
        ("--solver nystrom --checkpoint s.npz", "--checkpoint"),
        ("--solver cg --covariance full", "--covariance"),
        ("--solver features", "no finite feature map"),
        (
            "--ridges 1,2 --validation-x x.npy --validation-y y.npy",
            "--ridges",
        ),
    ] {
        bench.refuse(&format!("{line} {more} --out p.npz"), &[what]);
    }
}
