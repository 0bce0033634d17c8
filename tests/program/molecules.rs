//! Molecules on the command line: xyz files, and folders of them.

use crate::common::close::assert_close;
use crate::common::program::Bench;
use crate::common::tol::gradient as slopes;
use crate::common::tol::kernel as tol;

use haarmonic::data::arrays::{read_npz_real, write_npy};
use haarmonic::data::structure::read_structures;
use haarmonic::kernel::Kernel;
use haarmonic::network::Network;
use ndarray::{Array1, Array2, Ix2};

const NETWORK: &str = r#"
[input]
space = "molecule"
labels = ["H", "C", "O"]
[[layers]]
kind = "message"
cutoff = 3.4
fade = 1.8
radial = { kernel = "gaussian", width = 0.3, power = 3, unit = 1.5, charge_exponent = 0.5 }
angular = { bump = 0.785398, bandlimit = 3 }
bias_std = 0.8
[[layers]]
kind = "normalisation"
[[layers]]
kind = "activation"
function = "hermite"
degree = 2
[[layers]]
kind = "group-pooling"
[[layers]]
kind = "node-sum"
pairing = "same-label"
[[layers]]
kind = "dense"
"#;

const WATER: &str = "3\n\nO 0 0 0.117\nH 0 0.757 -0.469\nH 0 -0.757 -0.469\n";
const OTHERS: &str =
    "4\n\nC 0 0 -0.53\nO 0 0 0.68\nH 0 0.94 -1.11\nH 0 -0.94 -1.1\n2\n\nC 0 0 0\nO 0 0 1.13\n";

#[test]
fn kernels_and_predictions_of_molecules() {
    let bench = Bench::new();
    bench.text("net.toml", NETWORK);
    std::fs::create_dir(bench.path("set")).unwrap();
    bench.text("set/b.xyz", OTHERS);
    bench.text("set/a.xyz", WATER);
    bench.text("set/notes.txt", "not a molecule");
    bench.text("all.xyz", &format!("{WATER}{OTHERS}"));
    bench.succeed("gram net.toml set --out k.npz");
    bench.succeed("gram net.toml all.xyz --out f.npz");
    let structures = read_structures(bench.path("all.xyz")).unwrap().structures;
    let atoms: Vec<_> = structures.iter().map(|s| s.atoms().unwrap()).collect();
    let network = Network::from_toml(NETWORK).unwrap();
    let want = Kernel::new(&network).unwrap().gram(&atoms).unwrap();
    let found = read_npz_real(bench.path("k.npz"), "ntk").unwrap();
    assert_close(&found, want.ntk.into_dyn(), tol::ROUNDING);
    assert_eq!(read_npz_real(bench.path("f.npz"), "ntk").unwrap(), found);
    // By tiles on disk.
    bench.succeed("gram net.toml set --resume --out t.npz");
    assert_eq!(read_npz_real(bench.path("t.npz"), "ntk").unwrap(), found);

    let targets = Array1::from_vec(vec![1.0, -2.0, 0.5]).into_dyn();
    write_npy(bench.path("y.npy"), &targets).unwrap();
    bench.succeed("predict net.toml --train-x set --train-y y.npy --test-x all.xyz --out p.npz");
    let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
    let [mean, targets] = [mean, targets].map(|a| a.iter().copied().collect::<Vec<f64>>());
    assert_close(mean, targets, tol::SOLVE);
}

/// Fibres in single precision, at once and by tiles on disk; a folder of tiles keeps its precision.
#[test]
fn kernels_in_single_precision() {
    let bench = Bench::new();
    let cubic = NETWORK.replace("degree = 2", "degree = 3");
    assert_ne!(cubic, NETWORK);
    bench.text("net.toml", &cubic);
    bench.text("all.xyz", &format!("{WATER}{OTHERS}"));
    bench.succeed("gram net.toml all.xyz --out d.npz");
    let said = bench.succeed("gram net.toml all.xyz --precision f32 --out k.npz");
    assert!(said.contains("8 pairs computed more accurately"), "{said}");
    bench.succeed("gram net.toml all.xyz --precision f32 --resume --out t.npz");
    let read = |file: &str, name: &str| read_npz_real(bench.path(file), name).unwrap();
    let bound = tol::single_on_molecules(1, &[3]);
    for kernel in ["nngp", "ntk"] {
        let (want, found) = (read("d.npz", kernel), read("k.npz", kernel));
        assert_ne!(found, want);
        assert_close(&found, want, bound);
        assert_eq!(read("t.npz", kernel), found);
    }
    let words = &["precision", "f32", "f64"];
    bench.refuse("gram net.toml all.xyz --resume --out t.npz", words);
    // A quadrature that is refined to a tolerance.
    let relu = cubic.replace("\"hermite\"\ndegree = 3", "\"relu\"");
    assert_ne!(relu, cubic);
    bench.text("net.toml", &relu);
    let words = &["precision", "tolerance", "band limit"];
    bench.refuse("gram net.toml all.xyz --precision f32 --out r.npz", words);
}

#[test]
fn features_and_forces_of_molecules() {
    let bench = Bench::new();
    bench.text("net.toml", NETWORK);
    bench.text("all.xyz", &format!("{WATER}{OTHERS}"));
    bench.succeed("gram net.toml all.xyz --out k.npz");
    for kernel in ["ntk", "nngp"] {
        bench.succeed(&format!(
            "features net.toml all.xyz --kernel {kernel} --out f.npz"
        ));
        let features = read_npz_real(bench.path("f.npz"), "features").unwrap();
        let features = features.into_dimensionality::<Ix2>().unwrap();
        let want = read_npz_real(bench.path("k.npz"), kernel).unwrap();
        assert_close(features.dot(&features.t()).into_dyn(), want, tol::ROUNDING);
    }

    // The second atom of a molecule of two moves along its bond, by a small step to and fro.
    let step = slopes::POSITION_STEP;
    let bonds = [1.2, 1.2 + step, 1.2 - step];
    let bond = |d: &f64| format!("2\n\nC 0 0 0\nO 0 0 {d}\n");
    let text: Vec<String> = bonds.iter().map(bond).collect();
    bench.text("test.xyz", &text.concat());
    let targets = Array1::from_vec(vec![1.0, -2.0, 0.5]).into_dyn();
    write_npy(bench.path("y.npy"), &targets).unwrap();
    let predict = "predict net.toml --train-x all.xyz --train-y y.npy --test-x test.xyz --ridge 1e-6 --forces --out p.npz";
    for kernel in ["ntk", "nngp"] {
        bench.succeed(&format!("{predict} --kernel {kernel}"));
        let forces = read_npz_real(bench.path("p.npz"), "forces").unwrap();
        assert_eq!(forces.shape(), [6, 3]);
        let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
        let mean: Vec<f64> = mean.iter().copied().collect();
        let slope = (mean[1] - mean[2]) / (2.0 * step);
        assert_close(
            [forces[[0, 2]], forces[[1, 2]]],
            [slope, -slope],
            slopes::FORCE,
        );
    }
    let pairs = Array2::<f64>::ones((3, 2)).into_dyn();
    write_npy(bench.path("y.npy"), &pairs).unwrap();
    bench.refuse(predict, &["2 outputs", "one output"]);
}

#[test]
fn molecules_that_do_not_fit_are_refused() {
    let bench = Bench::new();
    bench.text("net.toml", NETWORK);
    bench.text("salt.xyz", "2\n\nNa 0 0 0\nCl 0 0 2.4\n");
    bench.refuse(
        "gram net.toml salt.xyz --out k.npz",
        &["salt.xyz", "Na", "H, C, O"],
    );
    std::fs::create_dir(bench.path("empty")).unwrap();
    bench.refuse("gram net.toml empty --out k.npz", &["empty", ".xyz"]);
    bench.text("same.xyz", "2\n\nH 0 0 0\nH 0 0 0\n");
    bench.refuse(
        "gram net.toml same.xyz --out k.npz",
        &["same.xyz", "distance"],
    );
}
