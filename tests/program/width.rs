//! Kernels at finite width from the outside: `haarmonic gram --width` and `haarmonic predict --width`.

use haarmonic::data::arrays::{read_npz_real, write_npy};
use haarmonic::kernel::Kernel;
use haarmonic::network::Network;
use haarmonic::predict::{Ridge, Time};
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
    bench.text("erf.toml", &MLP.replace("gelu", "erf"));
    let smooth = Kernel::new(&Network::from_toml(&MLP.replace("gelu", "erf")).unwrap()).unwrap();
    let smooth = smooth.at_width(&[20, 30]).unwrap();
    bench.succeed("gram erf.toml z.npy --width 20,30 --tensors --out t.npz");
    let (tensors, motion) = (smooth.tensors(z.view()), smooth.motion(z.view()));
    let (tensors, motion) = (tensors.unwrap(), motion.unwrap());
    for (name, want) in [
        ("a", &tensors.a),
        ("f", &tensors.f),
        ("p", &motion.p),
        ("u", &motion.u),
    ] {
        let found = read_npz_real(bench.path("t.npz"), name).unwrap();
        assert_close(found, want.clone().into_dyn(), tol::ROUNDING);
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
    // On the sphere, with the errors of the quadrature; signals of band limit 2 take few nodes.
    let sphere = SPHERE
        .replace("bandlimit = 4", "bandlimit = 2")
        .replace("tolerance = 1e-10", "bandlimit = 3");
    bench.text("sphere.toml", &sphere);
    let mut coefficients = ndarray::Array4::<num_complex::Complex64>::zeros((1, 2, 2, 3));
    coefficients[[0, 0, 0, 1]].re = 1.5;
    coefficients[[0, 1, 1, 1]].re = 2.0;
    write_npy(bench.path("c.npy"), &coefficients).unwrap();
    bench.succeed("gram sphere.toml c.npy --width 90,90 --out k.npz");
    let kernel = Kernel::new(&Network::from_toml(&sphere).unwrap()).unwrap();
    let want = kernel.at_width(&[90, 90]).unwrap();
    let want = want.gram(coefficients.view()).unwrap();
    let errors = want.quadrature_error.unwrap();
    for (name, want) in [
        ("nngp_bias", &want.nngp_bias),
        ("ntk_std", &want.ntk_std),
        ("nngp_bias_error", &errors[0]),
        ("ntk_bias_error", &errors[1]),
        ("nngp_std_error", &errors[2]),
        ("ntk_std_error", &errors[3]),
    ] {
        let found = read_npz_real(bench.path("k.npz"), name).unwrap();
        assert_close(found, want.clone().into_dyn(), tol::ROUNDING);
    }
    bench.text(
        "caps.toml",
        &sphere.replace("group = \"SO3\"", "group = \"SO3\"\ncap = 0.9"),
    );
    bench.refuse(
        "gram caps.toml c.npy --width 9,9 --out k.npz",
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
    bench.refuse(
        &format!("{line} --width 20,30 --ntk-change 2"),
        &["targets", "[3, 1]", "[3, 2]"],
    );
    let line = line.replace("net.toml", "erf.toml");
    let smooth = MLP.replace("gelu", "erf");
    bench.text("erf.toml", &smooth);
    let kernel = Kernel::new(&Network::from_toml(&smooth).unwrap()).unwrap();
    let kernel = kernel.at_width(&[20, 30]).unwrap();
    let one = y.column(0).insert_axis(ndarray::Axis(1)).to_owned();
    write_npy(bench.path("y.npy"), &one).unwrap();
    for (time, argument) in [("2.5", Time::Finite(1.25)), ("inf", Time::Infinite)] {
        let options = format!("--width 20,30 --ntk-change {time} --learning-rate 0.5");
        bench.succeed(&format!("{line} {options}"));
        let want = kernel.ntk_change(x.view(), one.view(), z.view(), argument);
        let want = want.unwrap();
        for (name, want) in [
            ("ntk_change", want.random),
            ("ntk_change_centred", want.centred),
        ] {
            let found = read_npz_real(bench.path("p.npz"), name).unwrap();
            assert_close(found, want.into_dyn(), tol::ROUNDING);
        }
    }
    let line = format!("{line} --width 20,30 --time 3");
    assert_eq!(bench.run(&line).status.code(), Some(2));
}
