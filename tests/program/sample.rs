//! `haarmonic sample` from the outside.

use crate::common::program::run_in;
use std::process::Output;

use haarmonic::covariance::{Covariance, Family, Space};
use haarmonic::data::arrays::{read_real, write_npy};
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::so3::{self, RotationGrid, WignerPlanner};
use haarmonic::sphere::{RandomField, Sampling, ShtPlanner, SpinPlan};
use ndarray::{Array1, Array3, Array4, Axis};
use tempfile::TempDir;

fn sample(folder: &TempDir, arguments: &[&str]) -> Output {
    run_in(
        folder.path(),
        std::iter::once("sample").chain(arguments.iter().copied()),
    )
}

/// A folder with a spectrum of 12 degrees, `c.npy`, and spectra of two fields, `two.npy`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let spectrum = Array1::from_shape_fn(12, |l| 1.0 / (1 + l) as f64);
    write_npy(folder.path().join("c.npy"), &spectrum.into_dyn()).unwrap();
    let spectra = Array3::from_shape_fn((2, 2, 12), |(i, j, l)| {
        (if i == j { 1.0 } else { 0.5 }) / (1 + l) as f64
    });
    write_npy(folder.path().join("two.npy"), &spectra.into_dyn()).unwrap();
    folder
}

const OPTIONS: [&str; 6] = [
    "--bandlimit",
    "8",
    "--sampling",
    "clenshaw-curtis",
    "--seed",
    "5",
];

/// The file has what the library draws with this seed; one seed gives one file.
#[test]
fn samples_are_those_of_the_library() {
    let folder = folder();
    let run = |spectrum: &str, out: &str, count: &str| {
        let mut arguments = vec!["--spectrum", spectrum, "--out", out, "--count", count];
        arguments.extend(OPTIONS);
        let output = sample(&folder, &arguments);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        (read_real(folder.path().join(out)).unwrap(), said)
    };
    let (found, said) = run("c.npy", "f.npy", "3");
    assert_eq!(found.shape(), [3, 16, 15]);
    assert_eq!(run("c.npy", "g.npy", "3").0, found);
    let spectrum: Vec<f64> = (0..8).map(|l| 1.0 / (1 + l) as f64).collect();
    let field = RandomField::new(&spectrum).unwrap();
    let plan = ShtPlanner::new().plan(8, Sampling::ClenshawCurtis).unwrap();
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    let mut maps = Array4::<f64>::zeros((3, 1, 16, 15));
    for map in maps.outer_iter_mut() {
        let coeffs = field.sample(rng).unwrap();
        plan.inverse_into(coeffs.view(), map, &mut plan.make_scratch())
            .unwrap();
    }
    assert_eq!(found.as_slice(), maps.as_slice());
    // The mean over the sphere by quadrature, which is exact for squares of such fields.
    let weights = Sampling::ClenshawCurtis.colatitude_weights(8).unwrap();
    let squares = maps
        .indexed_iter()
        .map(|((_, _, t, _), value)| weights[t] / 2.0 * value * value);
    let mean = squares.sum::<f64>() / (3.0 * 15.0);
    assert!(
        said.contains(&format!("root mean square {:.6}", mean.sqrt())),
        "{said}"
    );
    let (both, said) = run("two.npy", "two-out.npy", "2");
    assert_eq!(both.shape(), [2, 2, 16, 15]);
    assert!(said.contains("field 1: root mean square"), "{said}");
}

/// A covariance in place of a spectrum: the fields of its eigenvalues times 4π, and what is left out of the variance.
#[test]
fn covariances_have_their_spectrum() {
    let folder = folder();
    let draw = |arguments: &[&str]| {
        let output = sample(&folder, &[arguments, &OPTIONS].concat());
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        (read_real(folder.path().join("f.npy")).unwrap(), said)
    };
    let family = [
        "--family",
        "matern",
        "--nu",
        "1.5",
        "--length-scale",
        "0.4",
        "--out",
        "f.npy",
    ];
    let (found, said) = draw(&family);
    let covariance = Covariance::new(Space::Sphere, Family::Matern { nu: 1.5 }, 0.4).unwrap();
    let spectrum = Array1::from(covariance.spectrum(8).unwrap()) * (4.0 * std::f64::consts::PI);
    write_npy(folder.path().join("s.npy"), &spectrum).unwrap();
    let (same, _) = draw(&["--spectrum", "s.npy", "--out", "f.npy"]);
    assert_eq!(found, same);
    let tail = format!("{:.1e} of the variance", covariance.tail(8).unwrap());
    assert!(said.contains(&tail), "{said}");
    // Four times the variance, and the heat kernel, of which fewer degrees suffice.
    let (larger, _) = draw(&[&family[..], &["--variance", "4"]].concat());
    let largest = found.iter().fold(0.0_f64, |m, value| m.max(value.abs()));
    assert!(
        larger
            .iter()
            .zip(&found)
            .all(|(a, b)| (a - 2.0 * b).abs() <= 1e-13 * largest)
    );
    let (_, said) = draw(&[
        "--family",
        "heat",
        "--length-scale",
        "1.5",
        "--out",
        "f.npy",
    ]);
    assert!(said.contains("of the variance"), "{said}");
}

/// Temperature and the two maps of polarisation, of the modes that the library draws.
#[test]
fn the_last_two_fields_may_have_a_spin() {
    let folder = folder();
    // T and E are correlated; E and B have no degrees below 2.
    let spectra = Array3::from_shape_fn((3, 3, 8), |(i, j, l)| match (i, j) {
        (0, 0) => 1.0,
        _ if l < 2 => 0.0,
        (1, 1) => 0.5,
        (2, 2) => 0.1,
        (0, 1) | (1, 0) => -0.4,
        _ => 0.0,
    });
    write_npy(folder.path().join("teb.npy"), &spectra.clone().into_dyn()).unwrap();
    let arguments = ["--spectrum", "teb.npy", "--spin", "2", "--out", "f.npy"];
    let output = sample(&folder, &[&arguments[..], &OPTIONS].concat());
    assert!(output.status.success(), "{output:?}");
    let found = read_real(folder.path().join("f.npy")).unwrap();
    assert_eq!(found.shape(), [1, 3, 16, 15]);
    let field = RandomField::correlated(spectra.view()).unwrap();
    let coeffs = field
        .sample(&mut Xoshiro256PlusPlus::seed_from_u64(5))
        .unwrap();
    let plan = SpinPlan::new(8, 2, Sampling::ClenshawCurtis).unwrap();
    let mut polarisation = Array3::<f64>::zeros((2, 16, 15));
    let modes = coeffs.slice_axis(Axis(0), (1..).into());
    plan.inverse_into(modes, polarisation.view_mut(), &mut plan.make_scratch())
        .unwrap();
    let found = found.index_axis_move(Axis(0), 0);
    for (index, want) in polarisation.outer_iter().enumerate() {
        assert_eq!(found.index_axis(Axis(0), 1 + index), want.into_dyn());
    }
    // The mean of Q² + U² by quadrature.
    let weights = Sampling::ClenshawCurtis.colatitude_weights(8).unwrap();
    let squares = polarisation.indexed_iter();
    let mean = squares
        .map(|((_, t, _), value)| weights[t] / 2.0 * value * value)
        .sum::<f64>()
        / 15.0;
    let said = String::from_utf8(output.stdout).unwrap();
    let line = format!(
        "modulus of fields 1 and 2 (spin 2): root mean square {:.6}",
        mean.sqrt()
    );
    assert!(said.contains(&line), "{said}\n{line}");
}

/// Fields on SO(3) are those of the library, with the variance of a covariance.
#[test]
fn fields_on_rotations() {
    let folder = folder();
    let draw = |arguments: &[&str]| {
        let arguments = [arguments, &["--space", "rotations", "--out", "f.npy"]].concat();
        let output = sample(&folder, &[&arguments[..], &OPTIONS].concat());
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        (read_real(folder.path().join("f.npy")).unwrap(), said)
    };
    let (found, said) = draw(&["--family", "heat", "--length-scale", "0.8"]);
    let covariance = Covariance::new(Space::Rotations, Family::Heat, 0.8).unwrap();
    let field = so3::RandomField::new(&covariance.spectrum(8).unwrap()).unwrap();
    let coeffs = field
        .sample(&mut Xoshiro256PlusPlus::seed_from_u64(5))
        .unwrap();
    let grid = RotationGrid::new(8, Sampling::ClenshawCurtis).unwrap();
    let plan = WignerPlanner::new().plan_on(8, &grid).unwrap();
    let want: Array3<f64> = plan.inverse(coeffs.view()).unwrap();
    let shape = want.shape().to_vec();
    assert_eq!(found, want.clone().insert_axis(Axis(0)).into_dyn());
    let weights = Sampling::ClenshawCurtis.colatitude_weights(8).unwrap();
    let squares = want.indexed_iter();
    let mean = squares
        .map(|((_, b, _), value)| weights[b] / 2.0 * value * value)
        .sum::<f64>()
        / (shape[0] * shape[2]) as f64;
    let line = format!("root mean square {:.6}", mean.sqrt());
    assert!(said.contains(&line), "{said}\n{line}");
    assert!(said.contains("of the variance"), "{said}");
    let multipliers = Array1::from(covariance.spectrum(8).unwrap());
    write_npy(folder.path().join("mu.npy"), &multipliers.into_dyn()).unwrap();
    assert_eq!(draw(&["--spectrum", "mu.npy"]).0, found);
}

#[test]
fn bad_input_is_refused_and_leaves_no_file() {
    let folder = folder();
    let bad = Array1::from(vec![1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    write_npy(folder.path().join("bad.npy"), &bad.into_dyn()).unwrap();
    let flat = Array3::<f64>::zeros((2, 1, 8));
    write_npy(folder.path().join("flat.npy"), &flat.into_dyn()).unwrap();
    for arguments in [
        &["--spectrum", "c.npy", "--out", "c.npy"][..],
        &["--spectrum", "none.npy", "--out", "f.npy"],
        &["--spectrum", "bad.npy", "--out", "f.npy"],
        &["--spectrum", "flat.npy", "--out", "f.npy"],
        &["--out", "f.npy"],
        &["--family", "heat", "--out", "f.npy"],
        &["--family", "heat", "--length-scale", "-1", "--out", "f.npy"],
        &[
            "--family",
            "heat",
            "--length-scale",
            "1",
            "--nu",
            "2",
            "--out",
            "f.npy",
        ],
        &[
            "--family",
            "matern",
            "--length-scale",
            "1",
            "--out",
            "f.npy",
        ],
        &[
            "--family",
            "matern",
            "--length-scale",
            "1",
            "--nu",
            "0",
            "--out",
            "f.npy",
        ],
        &[
            "--family",
            "heat",
            "--length-scale",
            "1",
            "--variance",
            "0",
            "--out",
            "f.npy",
        ],
        &[
            "--family",
            "heat",
            "--length-scale",
            "1",
            "--spectrum",
            "c.npy",
            "--out",
            "f.npy",
        ],
        &["--spectrum", "c.npy", "--variance", "2", "--out", "f.npy"],
        &["--spectrum", "c.npy", "--out", "f.npy", "--count", "0"],
        &["--spectrum", "c.npy", "--out", "f.npy", "--spin", "2"],
        &["--spectrum", "two.npy", "--out", "f.npy", "--spin", "8"],
        &[
            "--spectrum",
            "two.npy",
            "--out",
            "f.npy",
            "--space",
            "rotations",
        ],
        &[
            "--spectrum",
            "c.npy",
            "--out",
            "f.npy",
            "--space",
            "rotations",
            "--spin",
            "1",
        ],
        &[
            "--spectrum",
            "c.npy",
            "--out",
            "f.npy",
            "--count",
            "100000000000",
        ],
    ] {
        let output = sample(&folder, &[arguments, &OPTIONS].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!folder.path().join("f.npy").exists());
    }
    for (option, value) in [
        ("8", "13"),
        ("8", "0"),
        ("clenshaw-curtis", "healpix"),
        ("5", "-1"),
    ] {
        let options = OPTIONS.map(|word| if word == option { value } else { word });
        let output = sample(
            &folder,
            &[&["--spectrum", "c.npy", "--out", "f.npy"], &options[..]].concat(),
        );
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!folder.path().join("f.npy").exists());
    }
}
