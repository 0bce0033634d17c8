//! Kernels at finite width from the outside: `haarmonic gram --width` and `haarmonic predict --width`.

use haarmonic::data::arrays::{read_npz_real, write_npy};
use haarmonic::kernel::Kernel;
use haarmonic::network::Network;
use haarmonic::predict::Ridge;
use ndarray::Array2;

use crate::common::close::assert_close;
use crate::common::program::{Bench, MLP, SPHERE};
use crate::common::tol::corrections as tol;

fn inputs(n: usize, shift: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, 7), |(i, j)| (shift + (7 * i + 3 * j) as f64).sin())
}

#[test]
fn matrices_have_bias_and_spread() {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    let (x, z) = (inputs(3, 0.0), inputs(2, 0.5));
    write_npy(bench.path("x.npy"), &x).unwrap();
    write_npy(bench.path("z.npy"), &z).unwrap();
    let kernel = Kernel::new(&Network::from_toml(MLP).unwrap()).unwrap();
    let kernel = kernel.at_width(&[20, 30]).unwrap();
    for (line, want) in [
        ("gram net.toml x.npy", kernel.gram(x.view()).unwrap()),
        (
            "gram net.toml x.npy z.npy",
            kernel.cross(x.view(), z.view()).unwrap(),
        ),
    ] {
        let said = bench.succeed(&format!("{line} --width 20,30 --out k.npz"));
        // 2.5 (1/20 + 1/30)
        assert!(said.contains("21 %"), "{said}");
        for (name, want) in [
            ("nngp", &want.limit.nngp),
            ("ntk", &want.limit.ntk),
            ("nngp_bias", &want.nngp_bias),
            ("ntk_bias", &want.ntk_bias),
            ("nngp_std", &want.nngp_std),
            ("ntk_std", &want.ntk_std),
        ] {
            let found = read_npz_real(bench.path("k.npz"), name).unwrap();
            assert_close(found, want.clone().into_dyn(), tol::ROUNDING);
        }
    }
    let said = bench.succeed("gram net.toml x.npy --width 200,300 --out k.npz");
    assert!(!said.contains("warning"), "{said}");
    let line = "gram net.toml x.npy --out k.npz --width";
    bench.refuse(
        &format!("{line} 20"),
        &["widths", "[2], one width per hidden layer", "[1]"],
    );
    bench.refuse(
        &format!("{line} 20,0"),
        &["width of hidden layer 2", "at least 1"],
    );
    assert_eq!(
        bench.run(&format!("{line} 20,30 --resume")).status.code(),
        Some(2)
    );
    bench.text("sphere.toml", SPHERE);
    let coefficients = ndarray::Array4::<num_complex::Complex64>::zeros((1, 2, 4, 7));
    write_npy(bench.path("c.npy"), &coefficients).unwrap();
    bench.refuse(
        "gram sphere.toml c.npy --width 9,9 --out k.npz",
        &["corrections at finite width", "the sphere"],
    );
}

#[test]
fn predictions_have_the_spread_of_an_ensemble() {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    let (x, z) = (inputs(3, 0.0), inputs(2, 0.5));
    let y = Array2::from_shape_fn((3, 2), |(i, j)| i as f64 - 2.0 * j as f64);
    for (name, array) in [("x.npy", &x), ("y.npy", &y), ("z.npy", &z)] {
        write_npy(bench.path(name), array).unwrap();
    }
    let line =
        "predict net.toml --train-x x.npy --train-y y.npy --test-x z.npy --ridge 1e-3 --out p.npz";
    bench.succeed(&format!("{line} --width 20,30"));
    let kernel = Kernel::new(&Network::from_toml(MLP).unwrap()).unwrap();
    let kernel = kernel.at_width(&[20, 30]).unwrap();
    let want = kernel.ensemble_std(x.view(), y.view(), z.view(), Ridge::Relative(1e-3));
    let found = read_npz_real(bench.path("p.npz"), "width_std").unwrap();
    assert_close(found, want.unwrap().into_dyn(), tol::ROUNDING);
    bench.refuse(
        &format!("{line} --width 20,30 --kernel nngp"),
        &["--width", "ntk"],
    );
    let line = format!("{line} --width 20,30 --time 3");
    assert_eq!(bench.run(&line).status.code(), Some(2));
}
