//! `haarmonic covariance` from the outside.

use crate::common::program::run_in;
use std::process::Output;

use haarmonic::covariance::{Covariance, Family, Space};
use haarmonic::data::arrays::{Numbers, read_numbers, write_npy};
use ndarray::{Array2, array};
use num_complex::Complex64;
use tempfile::TempDir;

fn covariance(folder: &TempDir, arguments: &[&str]) -> Output {
    run_in(
        folder.path(),
        std::iter::once("covariance").chain(arguments.iter().copied()),
    )
}

#[test]
fn covariances_have_the_shape_of_the_angles() {
    let folder = tempfile::tempdir().unwrap();
    let angles = array![[0.0, 0.3, 1.0], [2.0, 3.0, std::f64::consts::PI]];
    write_npy(folder.path().join("a.npy"), &angles).unwrap();
    let heat = ["--space", "rotations", "--family", "heat"];
    let matern = ["--space", "sphere", "--family", "matern", "--nu", "1.5"];
    let kinds = [
        (&heat[..], Space::Rotations, Family::Heat),
        (&matern[..], Space::Sphere, Family::Matern { nu: 1.5 }),
    ];
    for (options, space, family) in kinds {
        let rest = [
            "--length-scale",
            "0.4",
            "--variance",
            "2",
            "a.npy",
            "--out",
            "k.npy",
        ];
        let output = covariance(&folder, &[options, &rest].concat());
        assert!(output.status.success(), "{output:?}");
        let Numbers::Real(found) = read_numbers(folder.path().join("k.npy")).unwrap() else {
            panic!("complex numbers");
        };
        let expected = Covariance::new(space, family, 0.4)
            .unwrap()
            .with_variance(2.0)
            .unwrap();
        assert_eq!(
            found,
            angles
                .mapv(|angle| expected.value(angle).unwrap())
                .into_dyn()
        );
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            said.contains("eigenvalue") && said.contains("further degrees"),
            "{said}"
        );
    }
}

#[test]
fn bad_options_and_angles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_npy(at("a.npy"), &array![0.5, 1.0]).unwrap();
    write_npy(at("far.npy"), &array![0.5, 4.0]).unwrap();
    write_npy(at("nan.npy"), &array![0.5, f64::NAN]).unwrap();
    write_npy(at("complex.npy"), &Array2::<Complex64>::zeros((1, 1))).unwrap();
    let text = "--space sphere --family";
    for rest in [
        "matern --length-scale 1 a.npy --out k.npy",
        "heat --nu 1 --length-scale 1 a.npy --out k.npy",
        "heat --length-scale 0 a.npy --out k.npy",
        "heat --length-scale 1 --variance 0 a.npy --out k.npy",
        "matern --nu 0 --length-scale 1 a.npy --out k.npy",
        "gauss --length-scale 1 a.npy --out k.npy",
        "heat --length-scale 1 far.npy --out k.npy",
        "heat --length-scale 1 nan.npy --out k.npy",
        "heat --length-scale 1 complex.npy --out k.npy",
        "heat --length-scale 1 none.npy --out k.npy",
        "heat --length-scale 1 a.npy --out a.npy",
    ] {
        let line = format!("{text} {rest}");
        let arguments: Vec<&str> = line.split(' ').collect();
        let output = covariance(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{line}: {output:?}");
        assert!(!at("k.npy").exists());
    }
}
