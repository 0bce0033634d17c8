//! Curves, bands, bars and matrices, point by point.

use super::*;

/// The published ends and two inner colours of viridis.
const VIRIDIS: [[u8; 3]; 4] = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [253, 231, 37]];

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
