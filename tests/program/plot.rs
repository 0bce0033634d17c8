//! `haarmonic plot` from the outside.

use crate::common::program::run_in;
use std::path::Path;
use std::process::Output;

use crate::common::pictures::elements;
use haarmonic::data::arrays::{Numbers, write_npy, write_npz};
use haarmonic::sphere::coefficients;
use ndarray::{Array2, Array3, ArrayD, array};

fn run(folder: &Path, line: &str) -> Output {
    run_in(folder, line.split_whitespace())
}

fn plot(folder: &Path, arguments: &str) -> Output {
    run(folder, &format!("plot {arguments}"))
}

/// Files as the other commands and the examples write them.
fn inputs(folder: &Path) {
    let at = |name: &str| folder.join(name);
    let real = |array: ArrayD<f64>| Numbers::Real(array);
    let kernel = array![[1.0, 0.5], [0.5, 2.0]].into_dyn();
    write_npz(at("k.npz"), &[("ntk", real(kernel))]).unwrap();
    let (mean, variance) = (Array3::zeros((4, 2, 1)), Array2::ones((4, 2)));
    let times = array![0.0, 1.0, 10.0, 100.0].into_dyn();
    let arrays = [
        ("times", real(times)),
        ("mean", real(mean.into_dyn())),
        ("variance", real(variance.into_dyn())),
    ];
    write_npz(at("p.npz"), &arrays).unwrap();
    write_npz(at("once.npz"), &[("mean", real(array![[0.5]].into_dyn()))]).unwrap();
    write_npy(at("y.npy"), &array![0.5, -0.5]).unwrap();
    let probabilities = array![[0.75, 0.25], [0.25, 0.75]].into_dyn();
    write_npz(at("c.npz"), &[("mean", real(probabilities))]).unwrap();
    write_npy(at("l.npy"), &array![0.0, 1.0]).unwrap();
    let mut coeffs = coefficients::zeros(2).unwrap();
    coeffs[[1, 1]] = 1.0.into();
    write_npy(at("f.npy"), &coeffs).unwrap();
    write_npy(at("g.npy"), &array![[[0.0]], [[1.0]]]).unwrap();
    let table = "group,turned,train,accuracy,standard_error\n\
                 C1,false,10,0.5,0.1\nC1,false,20,0.6,0.05\nC4,false,10,0.4,\nC4,false,20,0.7,0\nC1,true,10,0.3,0\n";
    std::fs::write(at("t.csv"), table).unwrap();
}

#[test]
fn every_kind_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    for arguments in [
        "kernel k.npz",
        "dynamics p.npz --targets y.npy",
        "dynamics p.npz --points 1",
        "calibration c.npz --labels l.npy --bins 5",
        "curves t.csv --y accuracy --error standard_error --by group --only turned=false",
        "convergence t.csv --y accuracy --by group,turned",
        "sphere f.npy",
        "sphere f.npy --projection orthographic --from 90 -30",
        "sphere g.npy --sampling gauss-legendre --index 1",
    ] {
        let out = plot(folder.path(), &format!("{arguments} --out p.svg --title T"));
        assert!(
            out.status.success(),
            "{arguments}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        let path = folder.path().join("p.svg");
        assert!(elements(&std::fs::read_to_string(&path).unwrap()).len() > 20);
        std::fs::remove_file(path).unwrap();
    }
}

/// What `predict` writes for several times, with either part of the covariance, is what `plot dynamics` reads.
#[test]
fn predictions_become_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let network = "[input]\nspace = \"vector\"\ndimension = 2\n[[layers]]\nkind = \"dense\"\n";
    std::fs::write(folder.path().join("net.toml"), network).unwrap();
    let x = array![[1.0, 0.0], [0.0, 1.0]];
    write_npy(folder.path().join("x.npy"), &x).unwrap();
    write_npy(folder.path().join("y.npy"), &array![0.5, -0.5]).unwrap();
    for part in ["full", "diagonal"] {
        let line = format!(
            "predict net.toml --train-x x.npy --train-y y.npy --test-x x.npy --time 1,10 --covariance {part} --out r.npz"
        );
        assert!(run(folder.path(), &line).status.success());
        let out = plot(folder.path(), "dynamics r.npz --targets y.npy --out r.svg");
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        std::fs::remove_file(folder.path().join("r.svg")).unwrap();
    }
}

#[test]
fn what_does_not_fit_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    for (arguments, words) in [
        ("kernel k.npz --key nngp --out p.svg", "holds ntk"),
        ("kernel k.npz --out p.pdf", ".png or .svg"),
        ("kernel none.npz --out p.svg", "none.npz"),
        ("kernel k.npz --out none/p.svg", "does not exist"),
        ("dynamics once.npz --out p.svg", "`times`"),
        ("dynamics p.npz --points 2 --out p.svg", "below 2"),
        ("dynamics p.npz --output 1 --out p.svg", "below 1"),
        ("dynamics p.npz --targets f.npy --out p.svg", "f.npy"),
        ("calibration k.npz --labels l.npy --out p.svg", "`mean`"),
        (
            "calibration once.npz --labels l.npy --out p.svg",
            "once.npz",
        ),
        (
            "curves t.csv --y none --out p.svg",
            "turned, train, accuracy",
        ),
        ("curves t.csv --y group --out p.svg", "finite number"),
        ("curves t.csv --y accuracy --out p.svg", "second time"),
        (
            "curves t.csv --y accuracy --only group=C9 --out p.svg",
            "empty",
        ),
        ("sphere g.npy --out p.svg", "--sampling"),
        ("sphere f.npy --index 1 --out p.svg", "below 1"),
        (
            "sphere y.npy --sampling gauss-legendre --out p.svg",
            "y.npy",
        ),
    ] {
        let out = plot(folder.path(), arguments);
        let message = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{arguments}: {message}");
        assert!(
            message.contains(words) && message.trim().lines().count() == 1,
            "{arguments}: {message}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);
}
