//! `haarmonic transform`, `power`, `rotate` and `match` on the sphere from the outside.

use crate::common::program::run_in;
use crate::common::tol::sphere as tol;
use std::f64::consts::PI;
use std::path::Path;
use std::process::Output;

use haarmonic::data::arrays::{Numbers, read_numbers, read_real, write_npy};
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::rand::{RngExt, SeedableRng};
use haarmonic::sphere::layouts::{from_healpy, to_healpy};
use haarmonic::sphere::{
    Grid, GridFamily, RingPlan, Rings, ShtPlanner, SpinPlan, rotate_coefficients,
};
use ndarray::{Array, Array1, Array2, Array3, ArrayD, Dimension, Ix1, arr2};
use num_complex::Complex64;
use tempfile::TempDir;

fn run(folder: &TempDir, line: &str) -> Output {
    run_in(folder.path(), line.split_whitespace())
}

fn succeed(folder: &TempDir, line: &str) -> String {
    let output = run(folder, line);
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refuse(folder: &TempDir, line: &str, words: &[&str]) {
    let output = run(folder, line);
    assert_eq!(output.status.code(), Some(2), "{line}: {output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    for word in words {
        assert!(text.contains(word), "{line}: {text}");
    }
    assert!(!folder.path().join("none.npy").exists());
}

fn read_complex(path: &Path) -> ArrayD<Complex64> {
    match read_numbers(path).unwrap() {
        Numbers::Complex(array) => array,
        Numbers::Real(array) => panic!("{array:?} is real"),
    }
}

/// Coefficients with m ≥ 0 of a real signal, orders below a limit.
fn half(limit: usize, orders: usize, seed: u64) -> Array1<Complex64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let len = orders * (2 * limit + 1 - orders) / 2;
    Array1::from_shape_fn(len, |i| {
        let im = if i < limit {
            0.0
        } else {
            rng.random::<f64>() - 0.5
        };
        Complex64::new(rng.random::<f64>() - 0.5, im)
    })
}

fn write<D: Dimension>(folder: &TempDir, name: &str, array: &Array<Complex64, D>) {
    write_npy(folder.path().join(name), &array.clone().into_dyn()).unwrap();
}

fn close(found: &ArrayD<Complex64>, want: &ArrayD<Complex64>, tolerance: f64) {
    assert_eq!(found.shape(), want.shape());
    for (found, want) in found.iter().zip(want) {
        assert!((found - want).norm() <= tolerance, "{found} {want}");
    }
}

/// Maps of any size and any first longitude, real ones in half the memory.
#[test]
fn grids_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let (limit, orders) = (9, 5);
    let coeffs = half(limit, orders, 1);
    write(&folder, "c.npy", &coeffs);
    let options = "--space sphere --bandlimit 9 --orders 5 --sampling clenshaw-curtis --rings 10 --longitudes 12 --first-longitude -3.1 --layout half";
    succeed(
        &folder,
        &format!("transform {options} --direction inverse c.npy --out f.npy"),
    );
    let found = read_real(folder.path().join("f.npy")).unwrap();
    let grid = Grid::new(GridFamily::ClenshawCurtis, 10, 12).unwrap();
    let grid = grid.starting_at(-3.1).unwrap();
    let plan = ShtPlanner::new()
        .plan_with_orders(limit, orders, &grid)
        .unwrap();
    let mut want = plan.make_signal::<f64>();
    plan.inverse_into(coeffs.view(), want.view_mut(), &mut plan.make_scratch())
        .unwrap();
    assert_eq!(found, want.into_dyn());
    succeed(
        &folder,
        &format!("transform {options} --direction forward f.npy --out back.npy"),
    );
    let back = read_complex(&folder.path().join("back.npy"));
    close(&back, &coeffs.into_dyn(), tol::transform(limit));
    // The fewest rings unless they are given.
    let line = "transform --space sphere --bandlimit 9 --sampling fejer2 --direction inverse --layout half";
    write(&folder, "all.npy", &half(limit, limit, 2));
    succeed(&folder, &format!("{line} all.npy --out g.npy"));
    assert_eq!(
        read_real(folder.path().join("g.npy")).unwrap().shape(),
        [9, 17]
    );
}

/// Q and U of a field with spin, and the same field as complex numbers.
#[test]
fn fields_with_spin() {
    let folder = tempfile::tempdir().unwrap();
    let limit = 7;
    let mut modes = Array2::zeros((2, limit * (limit + 1) / 2));
    for (seed, mut row) in modes.outer_iter_mut().enumerate() {
        row.assign(&half(limit, limit, seed as u64));
        // No degrees below the spin.
        for at in [0, 1, limit] {
            row[at] = Complex64::ZERO;
        }
    }
    write(&folder, "eb.npy", &modes);
    let options = "--space sphere --bandlimit 7 --sampling gauss-legendre --spin 2";
    succeed(
        &folder,
        &format!("transform {options} --layout half --direction inverse eb.npy --out qu.npy"),
    );
    let qu = read_real(folder.path().join("qu.npy")).unwrap();
    assert_eq!(qu.shape(), [2, 7, 13]);
    let grid = haarmonic::sphere::Sampling::GaussLegendre
        .grid(limit)
        .unwrap();
    let plan = SpinPlan::on_grid(limit, 2, &grid).unwrap();
    let mut want = Array3::<f64>::zeros((2, 7, 13));
    plan.inverse_into(modes.view(), want.view_mut(), &mut plan.make_scratch())
        .unwrap();
    assert_eq!(qu, want.into_dyn());
    succeed(
        &folder,
        &format!("transform {options} --layout half --direction forward qu.npy --out back.npy"),
    );
    close(
        &read_complex(&folder.path().join("back.npy")),
        &modes.into_dyn(),
        tol::transform(limit),
    );
    let field = Array2::from_shape_fn((7, 13), |(t, p)| {
        Complex64::new(qu[[0, t, p]], qu[[1, t, p]])
    });
    write(&folder, "field.npy", &field);
    succeed(
        &folder,
        &format!("transform {options} --direction forward field.npy --out full.npy"),
    );
    let full = read_complex(&folder.path().join("full.npy"));
    let want = plan.forward(field.view()).unwrap();
    close(&full, &want.into_dyn(), tol::transform(limit));
}

#[test]
fn healpix_maps() {
    let folder = tempfile::tempdir().unwrap();
    let (nside, limit) = (4, 9);
    let coeffs = half(limit, limit, 3);
    write(&folder, "c.npy", &coeffs);
    let options = "--space sphere --bandlimit 9 --healpix 4 --layout half";
    succeed(
        &folder,
        &format!("transform {options} --direction inverse c.npy --out map.npy"),
    );
    let map = read_real(folder.path().join("map.npy")).unwrap();
    let rings = Rings::healpix(nside).unwrap();
    let weights = vec![4.0 * PI / 192.0; 15];
    let plan = RingPlan::new(rings, limit)
        .unwrap()
        .with_weights(&weights)
        .unwrap();
    let full = from_healpy(coeffs.view()).unwrap();
    let want: Array1<f64> = plan.inverse(full.view()).unwrap();
    assert_eq!(map, want.into_dyn());
    let said = succeed(
        &folder,
        &format!("transform {options} --direction forward map.npy --out back.npy"),
    );
    assert!(
        said.contains("3 iterations; the last one changed"),
        "{said}"
    );
    let error = |name: &str| {
        let found = read_complex(&folder.path().join(name));
        let found = found.into_dimensionality::<Ix1>().unwrap();
        (&found - &coeffs)
            .iter()
            .map(|e| e.norm())
            .fold(0.0, f64::max)
    };
    assert!(error("back.npy") < 1e-3);
    let said = succeed(
        &folder,
        &format!(
            "transform {options} --direction forward --tolerance 1e-12 map.npy --out exact.npy"
        ),
    );
    assert!(said.contains("conjugate gradients"), "{said}");
    assert!(error("exact.npy") < 1e-11);
    let spin =
        "--space sphere --bandlimit 9 --healpix 4 --spin 1 --layout half --direction forward";
    write_npy(
        folder.path().join("qu.npy"),
        &ArrayD::<f64>::from_elem(vec![3, 2, 192], 0.5),
    )
    .unwrap();
    succeed(
        &folder,
        &format!("transform {spin} --iterations 1 qu.npy --out eb.npy"),
    );
    assert_eq!(
        read_complex(&folder.path().join("eb.npy")).shape(),
        [3, 2, 45]
    );
}

#[test]
fn spectra_rotations_and_matches() {
    let folder = tempfile::tempdir().unwrap();
    let limit = 6;
    let signals = [half(limit, limit, 4), half(limit, limit, 5)];
    let mut both = Array2::zeros((2, 21));
    for (mut row, signal) in both.outer_iter_mut().zip(&signals) {
        row.assign(signal);
    }
    write(&folder, "both.npy", &both);
    write(&folder, "f.npy", &signals[0]);
    let said = succeed(&folder, "power both.npy --out cl.npy");
    assert!(said.contains("0 x 0") && said.contains("0 x 1"), "{said}");
    let cl = read_real(folder.path().join("cl.npy")).unwrap();
    assert_eq!(cl.shape(), [3, 6]);
    // Degree 5, by the definition.
    let [f, g] = [&signals[0], &signals[1]].map(|half| from_healpy(half.view()).unwrap());
    let sum: f64 = (0..11).map(|m| (f[[5, m]].conj() * g[[5, m]]).re).sum();
    assert!((cl[[2, 5]] - sum / 11.0).abs() < tol::transform(limit));
    succeed(&folder, "power f.npy --norm sum --out one.npy");
    let one = read_real(folder.path().join("one.npy")).unwrap();
    assert_eq!(one.shape(), [6]);
    assert!((one[3] - 7.0 * cl[[0, 3]]).abs() < tol::transform(limit));

    succeed(
        &folder,
        "rotate f.npy --angles 0.4 1.1 -0.7 --out turned.npy",
    );
    let turned = read_complex(&folder.path().join("turned.npy"));
    let euler = EulerZyz::new(0.4, 1.1, -0.7).unwrap();
    let want = rotate_coefficients(f.view(), 0.4, 1.1, -0.7).unwrap();
    close(
        &turned,
        &Array1::from(to_healpy(want.view()).unwrap()).into_dyn(),
        tol::transform(limit),
    );
    succeed(
        &folder,
        "rotate turned.npy --angles 0.4 1.1 -0.7 --inverse --out back.npy",
    );
    close(
        &read_complex(&folder.path().join("back.npy")),
        &signals[0].clone().into_dyn(),
        tol::transform(limit),
    );
    // The full layout gives the same.
    write(&folder, "full.npy", &f);
    succeed(
        &folder,
        "rotate full.npy --angles 0.4 1.1 -0.7 --out full-turned.npy",
    );
    let full = read_complex(&folder.path().join("full-turned.npy"));
    close(&full, &want.into_dyn(), tol::transform(limit));

    let said = succeed(&folder, "match turned.npy f.npy --out angles.npy");
    assert!(said.contains("score 1.000000"), "{said}");
    let angles = read_real(folder.path().join("angles.npy")).unwrap();
    let found = EulerZyz::new(angles[0], angles[1], angles[2]).unwrap();
    assert!(Rotation::from(found).angle_to(&Rotation::from(euler)) < 1e-11);
    // Without --out the rotation is printed alone.
    let said = succeed(&folder, "match full-turned.npy full.npy --noise 1e-6");
    assert!(said.contains("standard deviations"), "{said}");

    // Points, turned and in another order.
    let cloud = arr2(&[
        [1.0, 0.0, 0.0],
        [0.0, 1.5, 0.0],
        [0.3, 0.2, 1.2],
        [-0.5, -0.9, 0.4],
    ]);
    let mut moved = cloud.clone();
    for (i, point) in cloud.outer_iter().enumerate() {
        let there = Rotation::from(euler).apply([point[0], point[1], point[2]]);
        moved.row_mut(3 - i).assign(&Array1::from(there.to_vec()));
    }
    write_npy(folder.path().join("p.npy"), &cloud).unwrap();
    write_npy(folder.path().join("q.npy"), &moved).unwrap();
    let options = "--radii 0.9,1.2,1.5 --width 0.2 --bandlimit 8";
    succeed(&folder, &format!("match q.npy p.npy {options} --out r.npy"));
    let angles = read_real(folder.path().join("r.npy")).unwrap();
    let found = EulerZyz::new(angles[0], angles[1], angles[2]).unwrap();
    assert!(Rotation::from(found).angle_to(&Rotation::from(euler)) < 1e-10);
    refuse(
        &folder,
        "match q.npy p.npy --radii 1 --out none.npy",
        &["--width"],
    );
    refuse(
        &folder,
        &format!("match f.npy p.npy {options} --out none.npy"),
        &["f.npy"],
    );
}

#[test]
fn refusals() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "c.npy", &half(4, 4, 1));
    write(&folder, "odd.npy", &Array1::<Complex64>::zeros(7));
    write(&folder, "both.npy", &Array2::<Complex64>::zeros((2, 3)));
    let transform =
        "transform --space sphere --direction inverse --bandlimit 4 --out none.npy c.npy";
    for (options, words) in [
        ("", &["--sampling"][..]),
        ("--sampling moon", &["--sampling", "\"moon\"", "fejer1"]),
        (
            "--sampling driscoll-healy --rings 9",
            &["--rings", "found 9"],
        ),
        (
            "--sampling fejer1 --rings 3",
            &["--rings", "found 3", "4 or more"],
        ),
        (
            "--sampling fejer1 --longitudes 4",
            &["--longitudes", "found 4", "7 or more"],
        ),
        (
            "--sampling fejer1 --orders 5",
            &["--orders", "found 5", "1 to the band limit, 4"],
        ),
        ("--sampling fejer1 --healpix 4", &["--healpix"]),
        ("--healpix 0", &["nside"]),
        ("--healpix 4 --iterations 3", &["--iterations", "forward"]),
        (
            "--sampling fejer1 --spin 4 --layout half",
            &["input at band limit 4"],
        ),
        (
            "--sampling gauss-legendre --first-longitude nan --layout half",
            &["first longitude"],
        ),
    ] {
        refuse(&folder, &format!("{transform} {options}"), words);
    }
    let mut map = ArrayD::<f64>::ones(vec![192]);
    map[7] = haarmonic::sphere::UNSEEN;
    write_npy(folder.path().join("masked.npy"), &map).unwrap();
    let healpix = "transform --space sphere --direction forward --bandlimit 4 --healpix 4 --layout half --out none.npy masked.npy";
    refuse(
        &folder,
        healpix,
        &["masked.npy", "1 masked pixels", "set masked pixels"],
    );
    refuse(
        &folder,
        &format!("{healpix} --tolerance -1"),
        &["masked.npy"],
    );
    refuse(
        &folder,
        "match c.npy c.npy --noise -1",
        &["noise", "found -1"],
    );
    let rotations = "transform --space rotations --direction inverse --bandlimit 4 --sampling gauss-legendre --out none.npy c.npy";
    for option in [
        "--spin 1",
        "--rings 4",
        "--longitudes 9",
        "--orders 2",
        "--layout half",
    ] {
        let name = option.split(' ').next().unwrap();
        refuse(
            &folder,
            &format!("{rotations} {option}"),
            &[name, "--space sphere"],
        );
    }
    let forward = "transform --space sphere --direction forward --bandlimit 4 --sampling gauss-legendre --layout half --out none.npy";
    write(&folder, "field.npy", &Array2::<Complex64>::zeros((4, 7)));
    refuse(
        &folder,
        &format!("{forward} field.npy"),
        &["field.npy", "complex", "--layout half"],
    );
    refuse(
        &folder,
        "power odd.npy --out none.npy",
        &["odd.npy", "[L, 2L-1]", "found [7]"],
    );
    refuse(
        &folder,
        "power both.npy --out none.npy",
        &["both.npy", "both layouts", "--layout"],
    );
    refuse(
        &folder,
        "power c.npy --out c.npy",
        &["--out", "another file"],
    );
    refuse(
        &folder,
        "rotate c.npy --angles 1 2 --out none.npy",
        &["--angles"],
    );
    refuse(
        &folder,
        "rotate c.npy --angles 1 2 nan --out none.npy",
        &["angle"],
    );
    refuse(
        &folder,
        "match c.npy both.npy --layout half --out none.npy",
        &["both.npy", "as c.npy"],
    );
}
