//! Pictures hold what they are given, and bad input leaves none.

#[path = "common/pictures.rs"]
mod pictures;
#[path = "common/tol_plots.rs"]
mod tol;

use std::f64::consts::FRAC_PI_2;
use std::path::Path;

use haarmonic::plot::{
    AxisScale, Band, Curve, Dynamics, Labels, Projection, SphereSignal, bands, calibration,
    convergence, kernel_matrix, learning_curves, sphere_signal, training_dynamics,
};
use haarmonic::predict::classification::{self, Calibration};
use haarmonic::sphere::{Sampling, ShtPlanner, coefficients};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, array};
use num_complex::Complex64;
use pictures::{Element, Pixels, assert_colour, elements};

/// The published ends and two inner colours of viridis.
const VIRIDIS: [[u8; 3]; 4] = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [253, 231, 37]];
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

fn sphere(coeffs: &Array2<Complex64>, projection: Projection) -> Pixels {
    let signal = SphereSignal::Coefficients(coeffs.view());
    png(|path| sphere_signal(signal, projection, &Labels::default(), path))
}

#[test]
fn mollweide_has_the_poles_above_and_below_and_longitudes_to_the_right() {
    // Two pixels a unit: the ellipse has its middle at (330, 147) and half-axes of 270 and 135.
    let z = sphere(&direction('z'), Projection::Mollweide);
    assert_eq!((z.width, z.height), (1280, 676));
    // Inside the frame of the colour bar.
    let (low, high) = (z.at(394, 608), z.at(925, 608));
    assert!(low[2] > 2 * low[0] && high[0] > 2 * high[2], "blue and red");
    // z = 0.994 eight pixels below the pole, beside the lines of the graticule.
    assert_colour(z.at(670, 24 + 8), high, tol::NEAR_COLOUR);
    assert_colour(z.at(670, 24 + 540 - 9), low, tol::NEAR_COLOUR);
    // Zero is white, and so is what lies outside.
    assert_colour(z.at(560, 294 - 4), [246, 246, 246], tol::NEAR_COLOUR);
    for corner in [
        (0, 0),
        (1279, 0),
        (1279, 675),
        (0, 675),
        (130, 40),
        (1190, 40),
    ] {
        assert_eq!(z.at(corner.0, corner.1), WHITE);
    }
    let x = sphere(&direction('x'), Projection::Mollweide);
    assert_colour(x.at(666, 288), high, tol::NEAR_COLOUR);
    assert_colour(x.at(1190, 288), low, tol::NEAR_COLOUR);
    assert_colour(x.at(130, 288), low, tol::NEAR_COLOUR);
    // φ = 90° lies half way to the right.
    let y = sphere(&direction('y'), Projection::Mollweide);
    assert_colour(y.at(660 + 270, 288), high, tol::NEAR_COLOUR);
    assert_colour(y.at(660 - 270, 288), low, tol::NEAR_COLOUR);
}

#[test]
fn orthographic_shows_both_halves_with_east_to_the_right() {
    let from = |colatitude, longitude| Projection::Orthographic {
        colatitude,
        longitude,
    };
    // Middles of the discs at (170, 144) and (470, 144), radius 132.
    let pole = sphere(&direction('z'), from(0.0, 0.0));
    let (low, high) = (pole.at(374, 636), pole.at(905, 636));
    assert!(low[2] > 2 * low[0] && high[0] > 2 * high[2], "blue and red");
    assert_colour(pole.at(352, 288), high, tol::NEAR_COLOUR);
    assert_colour(pole.at(952, 288), low, tol::NEAR_COLOUR);
    // From φ = 90° on the equator: y towards the eye, x = cos φ falls towards the east, z upwards.
    let view = from(FRAC_PI_2, FRAC_PI_2);
    let y = sphere(&direction('y'), view);
    assert_colour(y.at(346, 282), high, tol::NEAR_COLOUR);
    assert_colour(y.at(946, 282), low, tol::NEAR_COLOUR);
    let x = sphere(&direction('x'), view);
    assert_colour(x.at(340 - 258, 282), high, tol::NEAR_COLOUR);
    assert_colour(x.at(340 + 258, 282), low, tol::NEAR_COLOUR);
    let z = sphere(&direction('z'), view);
    assert_colour(z.at(346, 288 - 258), high, tol::NEAR_COLOUR);
}

#[test]
fn samples_and_coefficients_give_one_picture() {
    let coeffs = direction('y');
    for sampling in Sampling::ALL {
        let plan = ShtPlanner::new().plan(2, sampling).unwrap();
        let values: Array2<f64> = plan.inverse(coeffs.view()).unwrap();
        let signal = SphereSignal::Grid {
            values: values.view(),
            sampling,
        };
        let labels = Labels::default();
        let sampled = png(|path| sphere_signal(signal, Projection::Mollweide, &labels, path));
        let exact = sphere(&coeffs, Projection::Mollweide);
        for (x, y) in [(400, 200), (660, 100), (930, 288), (800, 450)] {
            assert_colour(sampled.at(x, y), exact.at(x, y), tol::COLOUR);
        }
    }
}

#[test]
fn entries_of_a_kernel_have_their_colours() {
    // The map begins at (72, 28) and is 340 wide.
    let kernel = array![[1.0, 0.5], [0.25, 0.0]];
    let draw = |path: &Path| kernel_matrix(kernel.view(), &Labels::default(), path);
    let picture = png(draw);
    let entry =
        |row: usize, column: usize| picture.at(144 + 170 + 340 * column, 56 + 170 + 340 * row);
    assert_colour(entry(1, 1), VIRIDIS[0], tol::COLOUR);
    assert_colour(entry(1, 0), VIRIDIS[1], tol::COLOUR);
    assert_colour(entry(0, 1), VIRIDIS[2], tol::COLOUR);
    assert_colour(entry(0, 0), VIRIDIS[3], tol::COLOUR);
    // An SVG has the same size, half as many units as pixels, and holds the map as an image.
    let elements = svg(draw);
    assert_eq!(elements[0].number("width"), picture.width as f64 / 2.0);
    assert_eq!(elements[0].number("height"), picture.height as f64 / 2.0);
    let images: Vec<_> = elements.iter().filter(|e| e.name == "image").collect();
    assert_eq!(
        (images[0].number("x"), images[0].number("width")),
        (72.0 * 20.0, 340.0 * 20.0)
    );
    // Both signs: symmetric about zero, which is nearly white.
    let signed = array![[-1.0, 0.0], [0.5, -0.5]];
    let picture = png(|path| kernel_matrix(signed.view(), &Labels::default(), path));
    let entry = |row: usize, column: usize| picture.at(314 + 340 * column, 226 + 340 * row);
    assert!(entry(0, 1).iter().all(|c| *c > 240));
    let (blue, red, paler) = (entry(0, 0), entry(1, 0), entry(1, 1));
    assert!(blue[2] > 2 * blue[0] && red[0] > red[2] && paler[2] > paler[0]);
    assert!(paler[0] > blue[0] && red[2] > 100);
}

#[test]
fn points_of_curves_lie_where_the_axes_say() {
    let curve = |mean| Curve {
        name: "a < b & \"c\"\u{1}",
        sizes: &[1000.0, 10.0, 100.0],
        mean,
        error: Some(&[5.0, 1.0, 0.0]),
    };
    let draw = |scale, mean| {
        let curve = curve(mean);
        let all = svg(|path| learning_curves(&[curve], scale, &Labels::default(), path));
        let line = with(&all, "polyline", "stroke", "#0072B2");
        line.into_iter().find(|line| line.len() == 3).unwrap()
    };
    // In the order of the sizes, although they were not given so; equal ratios at equal distances.
    let line = draw(AxisScale::Linear, &[100.0, 1.0, 10.0]);
    assert_near(line[1][0] - line[0][0], line[2][0] - line[1][0]);
    assert!(line[1][0] > line[0][0] + 100.0);
    assert_near(line[0][1] - line[1][1], 0.1 * (line[1][1] - line[2][1]));
    let line = draw(AxisScale::Logarithmic, &[100.0, 1.0, 10.0]);
    assert_near(line[0][1] - line[1][1], line[1][1] - line[2][1]);
    // A picture in pixels of the usual size, with the colour of the curve.
    let curve = curve(&[100.0, 1.0, 10.0]);
    let picture =
        png(|path| learning_curves(&[curve], AxisScale::Automatic, &Labels::default(), path));
    assert_eq!((picture.width, picture.height), (1120, 800));
    let picture = &picture;
    let blue = |x| (0..800).any(|y| picture.at(x, y) == [0, 114, 178]);
    assert!((300..500).all(blue));
}

#[test]
fn the_guide_has_slope_minus_one() {
    let widths = [10.0, 100.0, 1000.0];
    let deviations = widths.map(|width| 2.0 / width);
    let curve = Curve {
        name: "NTK",
        sizes: &widths,
        mean: &deviations,
        error: None,
    };
    let all = svg(|path| convergence(&[curve], &Labels::default(), path));
    let curve = with(&all, "polyline", "stroke", "#0072B2").remove(0);
    let dashes = with(&all, "polyline", "stroke", "#6E6E6E");
    assert!(dashes.len() > 20);
    // The means are 2 / width: the guide runs through all of them. The last dashes are those of the legend.
    let [[x, y], .., [x1, y1]] = curve[..] else {
        panic!("three points")
    };
    let slope = (y1 - y) / (x1 - x);
    for place in dashes[..dashes.len() - 4].iter().flatten() {
        assert_near(place[1], y + slope * (place[0] - x));
    }
}

#[test]
fn the_band_is_one_deviation_to_either_side() {
    let (mean, deviation) = (array![[0.0], [0.5], [1.0]], array![[1.0], [0.5], [0.25]]);
    let dynamics = Dynamics {
        times: &[0.0, 1.0, 3.0],
        mean: mean.view(),
        deviation: deviation.view(),
        targets: Some(&[1.0]),
        names: &["p"],
    };
    let all = svg(|path| training_dynamics(&dynamics, &Labels::default(), path));
    let band = with(&all, "polygon", "opacity", "0.2").remove(0);
    let line = with(&all, "polyline", "stroke", "#0072B2").remove(0);
    let unit = line[0][1] - line[2][1];
    for (t, place) in line.iter().enumerate() {
        assert_near(place[1] - band[t][1], unit * deviation[[t, 0]]);
        assert_near(band[5 - t][1] - place[1], unit * deviation[[t, 0]]);
    }
    // Linear in time, and the target at the height of the last mean.
    assert_near(line[2][0] - line[1][0], 2.0 * (line[1][0] - line[0][0]));
    let target = with(&all, "polygon", "fill", "#0072B2");
    let target = target
        .iter()
        .find(|corners| corners.len() == 4 && corners[1][0] > line[2][0]);
    assert_near(target.unwrap()[1][1], line[2][1]);
}

#[test]
fn bands_and_targets_lie_where_the_axes_say() {
    let band = |name, mean, deviation| Band {
        name,
        x: &[-2.0, 0.0, 1.0],
        mean,
        deviation,
    };
    let first = band("NTK", &[0.0, 1.0, 3.0], &[0.5, 1.0, 0.25]);
    let second = band("width 8", &[1.0, 1.0, 0.0], &[0.0, 0.5, 2.0]);
    let draw = |path: &Path| bands(&[first, second], &[[0.5, 1.0]], &Labels::default(), path);
    let all = svg(draw);
    let areas = with(&all, "polygon", "opacity", "0.2");
    let line = with(&all, "polyline", "stroke", "#0072B2").remove(0);
    let unit = [line[2][0] - line[1][0], (line[0][1] - line[2][1]) / 3.0];
    let at = |x: f64, y: f64| [line[1][0] + unit[0] * x, line[0][1] - unit[1] * y];
    // Of the two curves; the legend has an area of its own.
    for (band, area) in [first, second].iter().zip(&areas) {
        for i in 0..3 {
            for (corner, sign) in [(i, 1.0), (5 - i, -1.0)] {
                let [x, y] = at(band.x[i], band.mean[i] + sign * band.deviation[i]);
                assert_near(area[corner][0], x);
                assert_near(area[corner][1], y);
            }
        }
    }
    // A diamond around the target, in the colour of the axes.
    let [x, y] = at(0.5, 1.0);
    let diamonds = with(&all, "polygon", "fill", "#262626");
    let middle = |corners: &Vec<[f64; 2]>| {
        [0, 1].map(|i| corners.iter().map(|corner| corner[i]).sum::<f64>() / corners.len() as f64)
    };
    let near = |[a, b]: [f64; 2]| (a - x).abs() < tol::UNITS && (b - y).abs() < tol::UNITS;
    assert!(diamonds.iter().any(|corners| near(middle(corners))));
}

#[test]
fn bars_are_as_high_as_the_accuracy() {
    let probabilities = array![
        [0.75, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.25, 0.75],
        [0.45, 0.55]
    ];
    let found = classification::calibration(probabilities.view(), &[0, 0, 1, 0, 1], 10).unwrap();
    let all = svg(|path| calibration(&found, &Labels::default(), path));
    // The panel is 290 high and 326 wide: bins 5 and 7, and the sample of the legend.
    let bars = with(&all, "polygon", "opacity", "0.3");
    assert_eq!(bars.len(), 3);
    for (bar, (bin, accuracy)) in bars.iter().zip([(5.0, 1.0), (7.0, 0.75)]) {
        assert_near(bar[2][1] - bar[1][1], 290.0 * 20.0 * accuracy);
        let middle = 0.5 * (bar[0][0] + bar[1][0]);
        assert_near(middle, 20.0 * (72.0 + 326.0 * (bin + 0.5) / 10.0));
    }
}

/// Draws into a folder and asserts that the error is the expected one and that nothing is left.
fn refused(name: &str, draw: impl Fn(&Path) -> Result<()>, expected: impl Fn(&Error) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let error = draw(&folder.path().join(name)).unwrap_err();
    assert!(expected(&error), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn bad_input_is_refused_and_leaves_no_file() {
    let empty = |e: &Error| matches!(e, Error::Empty { .. });
    let not_finite = |e: &Error| matches!(e, Error::NotFinite { .. });
    let shape = |e: &Error| matches!(e, Error::ShapeMismatch { .. });
    let value = |e: &Error| matches!(e, Error::InvalidValue { .. });
    let labels = Labels::default();
    let good = Curve {
        name: "",
        sizes: &[1.0, 2.0],
        mean: &[1.0, 2.0],
        error: None,
    };
    let curve = |path: &Path, curve: Curve<'_>| {
        learning_curves(&[curve], AxisScale::Automatic, &labels, path)
    };
    for name in ["p.pdf", "p", ".png", "p.svgz"] {
        refused(name, |path| curve(path, good), value);
        refused(
            name,
            |path| kernel_matrix(array![[1.0]].view(), &labels, path),
            value,
        );
    }
    for name in ["p.png", "p.svg"] {
        refused(
            name,
            |path| learning_curves(&[], AxisScale::Linear, &labels, path),
            empty,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        sizes: &[],
                        mean: &[],
                        ..good
                    },
                )
            },
            empty,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        sizes: &[1.0, f64::NAN],
                        ..good
                    },
                )
            },
            not_finite,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        mean: &[1.0, f64::INFINITY],
                        ..good
                    },
                )
            },
            not_finite,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        mean: &[1.0, 1e305],
                        ..good
                    },
                )
            },
            value,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        mean: &[1.0],
                        ..good
                    },
                )
            },
            shape,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        error: Some(&[1.0]),
                        ..good
                    },
                )
            },
            shape,
        );
        refused(
            name,
            |path| {
                curve(
                    path,
                    Curve {
                        error: Some(&[1.0, -1.0]),
                        ..good
                    },
                )
            },
            value,
        );
        let zero = Curve {
            mean: &[1.0, 0.0],
            ..good
        };
        refused(
            name,
            |path| learning_curves(&[zero], AxisScale::Logarithmic, &labels, path),
            value,
        );
        refused(name, |path| convergence(&[zero], &labels, path), value);
        let narrow = Curve {
            sizes: &[0.0, 2.0],
            ..good
        };
        refused(name, |path| convergence(&[narrow], &labels, path), value);

        let matrix = |m: Array2<f64>| move |path: &Path| kernel_matrix(m.view(), &labels, path);
        refused(name, matrix(Array2::zeros((0, 3))), empty);
        refused(name, matrix(array![[1.0, f64::NAN]]), not_finite);

        let two = array![[0.0], [1.0]];
        let good = || Dynamics {
            times: &[0.0, 1.0],
            mean: two.view(),
            deviation: two.view(),
            targets: None,
            names: &[],
        };
        let dynamics = |path: &Path, d: Dynamics<'_>| training_dynamics(&d, &labels, path);
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        times: &[],
                        ..good()
                    },
                )
            },
            empty,
        );
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        times: &[0.0],
                        ..good()
                    },
                )
            },
            shape,
        );
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        times: &[1.0, 1.0],
                        ..good()
                    },
                )
            },
            value,
        );
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        times: &[-1.0, 1.0],
                        ..good()
                    },
                )
            },
            value,
        );
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        targets: Some(&[1.0, 2.0]),
                        ..good()
                    },
                )
            },
            shape,
        );
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        names: &["a", "b"],
                        ..good()
                    },
                )
            },
            shape,
        );
        let negative = array![[0.0], [-1.0]];
        refused(
            name,
            |path| {
                dynamics(
                    path,
                    Dynamics {
                        deviation: negative.view(),
                        ..good()
                    },
                )
            },
            value,
        );

        let good = Band {
            name: "",
            x: &[0.0, 1.0],
            mean: &[1.0, 2.0],
            deviation: &[1.0, 0.0],
        };
        let draw = |path: &Path, band| bands(&[band], &[], &labels, path);
        refused(name, |path| bands(&[], &[], &labels, path), empty);
        refused(name, |path| draw(path, Band { x: &[], ..good }), empty);
        refused(name, |path| draw(path, Band { x: &[0.0], ..good }), shape);
        let twice = Band {
            x: &[1.0, 1.0],
            ..good
        };
        refused(name, |path| draw(path, twice), value);
        let short = Band {
            mean: &[1.0],
            ..good
        };
        refused(name, |path| draw(path, short), shape);
        let short = Band {
            deviation: &[1.0],
            ..good
        };
        refused(name, |path| draw(path, short), shape);
        let negative = Band {
            deviation: &[1.0, -1.0],
            ..good
        };
        refused(name, |path| draw(path, negative), value);
        let nan = Band {
            mean: &[1.0, f64::NAN],
            ..good
        };
        refused(name, |path| draw(path, nan), not_finite);
        let target = |path: &Path| bands(&[good], &[[0.0, f64::INFINITY]], &labels, path);
        refused(name, target, not_finite);

        let bins = Calibration {
            confidence: array![0.5, 0.0],
            accuracy: array![0.5, 0.0],
            counts: array![3, 0],
            expected_error: 0.0,
        };
        let reliability = |b: Calibration| move |path: &Path| calibration(&b, &labels, path);
        refused(
            name,
            reliability(Calibration {
                counts: array![0, 0],
                ..bins.clone()
            }),
            empty,
        );
        refused(
            name,
            reliability(Calibration {
                accuracy: array![0.5],
                ..bins.clone()
            }),
            shape,
        );
        refused(
            name,
            reliability(Calibration {
                accuracy: array![0.5, 1.5],
                ..bins.clone()
            }),
            value,
        );
        refused(
            name,
            reliability(Calibration {
                confidence: array![f64::NAN, 0.0],
                ..bins
            }),
            not_finite,
        );

        let coeffs = direction('z');
        let map = |c: &Array2<Complex64>, projection, path: &Path| {
            sphere_signal(
                SphereSignal::Coefficients(c.view()),
                projection,
                &labels,
                path,
            )
        };
        let mut unreal = coeffs.clone();
        unreal[[1, 2]] = 1.0.into();
        refused(
            name,
            |path| map(&unreal, Projection::Mollweide, path),
            value,
        );
        refused(
            name,
            |path| map(&Array2::zeros((2, 2)), Projection::Mollweide, path),
            shape,
        );
        refused(
            name,
            |path| map(&Array2::zeros((0, 0)), Projection::Mollweide, path),
            empty,
        );
        let below = Projection::Orthographic {
            colatitude: -1.0,
            longitude: 0.0,
        };
        refused(name, |path| map(&coeffs, below, path), value);
        let grid = |values: Array2<f64>, sampling| {
            move |path: &Path| {
                let signal = SphereSignal::Grid {
                    values: values.view(),
                    sampling,
                };
                sphere_signal(signal, Projection::Mollweide, &labels, path)
            }
        };
        refused(
            name,
            grid(Array2::zeros((3, 3)), Sampling::GaussLegendre),
            shape,
        );
        refused(
            name,
            grid(array![[f64::NAN]], Sampling::GaussLegendre),
            not_finite,
        );
        refused(
            name,
            grid(Array2::zeros((2049, 4097)), Sampling::GaussLegendre),
            value,
        );
    }
    let nowhere = Path::new("no-such-folder/p.svg");
    assert!(matches!(curve(nowhere, good), Err(Error::Io { .. })));
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
