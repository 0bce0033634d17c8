//! Pictures hold what they are given, and bad input leaves none.

use crate::common::tol::plot as tol;

mod diagrams;
mod refusals;
mod spheres;

use crate::common::pictures::{Element, Pixels, assert_colour, elements};
use haarmonic::plot::{
    AxisScale, Band, Curve, Dynamics, Labels, Projection, SphereSignal, bands, calibration,
    convergence, kernel_matrix, learning_curves, sphere_signal, training_dynamics,
};
use haarmonic::predict::classification::{self, Calibration};
use haarmonic::sphere::{Sampling, ShtPlanner, coefficients};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, array};
use num_complex::Complex64;
use std::f64::consts::FRAC_PI_2;
use std::path::Path;

const WHITE: [u8; 3] = [255; 3];

fn png(draw: impl FnOnce(&Path) -> Result<()>) -> Pixels {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.png");
    draw(&path).unwrap();
    Pixels::read(&path)
}

fn svg(draw: impl FnOnce(&Path) -> Result<()>) -> Vec<Element> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.SVG");
    draw(&path).unwrap();
    elements(&std::fs::read_to_string(&path).unwrap())
}

/// The points of all elements with an attribute of this value.
fn with(elements: &[Element], name: &str, key: &str, value: &str) -> Vec<Vec<[f64; 2]>> {
    let chosen = |e: &&Element| e.name == name && e.attribute(key) == value;
    elements
        .iter()
        .filter(chosen)
        .map(Element::points)
        .collect()
}

fn assert_near(found: f64, wanted: f64) {
    assert!(
        (found - wanted).abs() < tol::UNITS,
        "{found}, wanted {wanted}"
    );
}

/// The coefficients of z, x or y times a positive constant.
fn direction(axis: char) -> Array2<Complex64> {
    let mut coeffs = coefficients::zeros(2).unwrap();
    // Y_{1,±1} = ∓ c sin θ exp(± i φ).
    let [minus, zero, plus] = match axis {
        'z' => [0.0.into(), 1.0.into(), 0.0.into()],
        'x' => [1.0.into(), 0.0.into(), (-1.0).into()],
        _ => [Complex64::I, 0.0.into(), Complex64::I],
    };
    (coeffs[[1, 0]], coeffs[[1, 1]], coeffs[[1, 2]]) = (minus, zero, plus);
    coeffs
}

#[test]
fn odd_numbers_give_sensible_pictures() {
    let labels = Labels {
        title: "a title that is far too long for the page on which it is written, with <, & and \u{7}, 猫",
        ..Labels::default()
    };
    let long = "n".repeat(300);
    let draw = |sizes: &[f64], mean: &[f64], scale| {
        let curve = Curve {
            name: &long,
            sizes,
            mean,
            error: None,
        };
        let all = svg(|path| learning_curves(&[curve], scale, &labels, path));
        // Nothing lies far outside the page.
        let page = [
            all[0].number("width") * 20.0,
            all[0].number("height") * 20.0,
        ];
        for place in all.iter().flat_map(Element::points) {
            assert!((-100.0..page[0] + 100.0).contains(&place[0]));
            assert!((-100.0..page[1] + 100.0).contains(&place[1]));
        }
    };
    for scale in [AxisScale::Automatic, AxisScale::Linear] {
        draw(&[5.0], &[0.0], scale);
        draw(&[0.0, 0.0], &[-3.0, -3.0], scale);
        draw(&[-1e300, 1e300], &[1e300, -1e300], scale);
        draw(&[1e-320, 1e300], &[1e-320, 1e300], scale);
        draw(&[1.0, 1.0 + 1e-15], &[1e9, 1e9 + 1e-7], scale);
    }
    draw(&[1.0, 2.0], &[1e-320, 1e300], AxisScale::Logarithmic);
    draw(&[1.0], &[7.0], AxisScale::Logarithmic);
    let alone = Curve {
        name: "",
        sizes: &[3.0],
        mean: &[0.1],
        error: Some(&[0.2]),
    };
    svg(|path| convergence(&[alone], &labels, path));
    let curves = vec![alone; 30];
    svg(|path| convergence(&curves, &labels, path));
    for matrix in [
        Array2::zeros((1, 1)),
        Array2::from_elem((1, 900), -2.0),
        Array2::from_elem((900, 2), 1e300),
        array![[-1e300, 1e300]],
        array![[1e-320, 2e-320]],
    ] {
        svg(|path| kernel_matrix(matrix.view(), &labels, path));
    }
    let zero = coefficients::zeros(1).unwrap();
    let signal = SphereSignal::Coefficients(zero.view());
    svg(|path| sphere_signal(signal, Projection::Mollweide, &labels, path));
    let (one, none) = (array![[2.0]], array![[0.0]]);
    let dynamics = Dynamics {
        times: &[0.0],
        mean: one.view(),
        deviation: none.view(),
        targets: None,
        names: &[],
    };
    svg(|path| training_dynamics(&dynamics, &labels, path));
    let bins = Calibration {
        confidence: Array1::ones(1),
        accuracy: Array1::ones(1),
        counts: array![1],
        expected_error: 0.0,
    };
    svg(|path| calibration(&bins, &labels, path));
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["p.png", "p.svg"] {
        let path = folder.path().join(name);
        let mut seen = Vec::new();
        for _ in 0..2 {
            kernel_matrix(array![[1.0, 2.0]].view(), &Labels::default(), &path).unwrap();
            seen.push(std::fs::read(&path).unwrap());
        }
        assert_eq!(seen[0], seen[1]);
    }
}
