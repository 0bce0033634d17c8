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

/// A falling curve of so many points at equal distances.
fn falling(count: usize, factor: f64) -> (Vec<f64>, Vec<f64>) {
    let part = |i: usize| i as f64 / (count - 1) as f64;
    let sizes = (0..count).map(|i| 1.0 + 9.0 * part(i)).collect();
    let mean = (0..count).map(|i| factor * (2.0 - part(i))).collect();
    (sizes, mean)
}

#[test]
fn long_curves_are_seen() {
    for count in [2, 5, 30, 100, 300, 1000] {
        let (sizes, mean) = falling(count, 1.0);
        let error = vec![0.1; count];
        let curve = Curve {
            name: "",
            sizes: &sizes,
            mean: &mean,
            error: Some(&error),
        };
        let draw =
            |path: &Path| learning_curves(&[curve], AxisScale::Linear, &Labels::default(), path);
        let all = svg(draw);
        let line = with(&all, "polyline", "stroke", "#0072B2");
        let line = line.iter().find(|line| line.len() == count).unwrap();
        // Each column of the picture has a pixel in the colour of the curve, where the curve is.
        let picture = png(draw);
        let line: Vec<_> = line.iter().map(|at| at.map(|units| units / 10.0)).collect();
        for x in line[0][0] as usize + 1..line[count - 1][0] as usize {
            let next = line.iter().position(|at| at[0] > x as f64).unwrap();
            let [from, to] = [line[next - 1], line[next]];
            let part = (x as f64 - from[0]) / (to[0] - from[0]);
            let y = (from[1] + part * (to[1] - from[1])) as usize;
            let seen = (y - 3..=y + 3).any(|y| picture.at(x, y) == [0, 114, 178]);
            // The rim of a marker is two pixels wide, to either side of it.
            let close =
                (x - 3..=x + 3).any(|x| (y - 9..=y + 9).any(|y| picture.at(x, y) == [0, 114, 178]));
            assert!(seen || close, "{count} points: nothing at {x}, {y}");
        }
        // Markers, discs with a rim, do not touch each other, and few points all have one.
        let discs: Vec<_> = all.iter().filter(|e| e.name == "circle").collect();
        let blue: Vec<_> = discs
            .iter()
            .filter(|disc| disc.attribute("fill") == "#0072B2")
            .map(|disc| [disc.number("cx"), disc.number("cy")])
            .collect();
        assert!(count > 20 || blue.len() == count, "{}", blue.len());
        for pair in blue.windows(2) {
            let apart = (pair[0][0] - pair[1][0]).hypot(pair[0][1] - pair[1][1]);
            assert!(apart >= 2.0 * 20.0 * 2.0 * 4.4, "{count} points: {apart}");
        }
    }
}

#[test]
fn points_that_are_many_leave_the_curve_to_be_seen() {
    let x: Vec<f64> = (0..1000).map(f64::from).collect();
    let mean = vec![0.0; 1000];
    let deviation = vec![1.0; 1000];
    let targets: Vec<[f64; 2]> = x.iter().map(|x| [*x, (0.7 * x).sin()]).collect();
    let band = Band {
        name: "",
        x: &x,
        mean: &mean,
        deviation: &deviation,
    };
    let draw = |path: &Path| bands(&[band], &targets, &Labels::default(), path);
    let line = with(&svg(draw), "polyline", "stroke", "#0072B2");
    let [from, to] = [line[0][0], line[0][999]].map(|place| (place[0] / 10.0) as usize);
    let y = (line[0][0][1] / 10.0) as usize;
    let picture = png(draw);
    let seen = (from..to)
        .filter(|&x| (y - 2..=y + 2).any(|y| picture.at(x, y) == [0, 114, 178]))
        .count();
    assert!(3 * seen > 2 * (to - from), "{seen} of {}", to - from);
}

/// Whether a place lies within a polygon: a ray to the right crosses an odd number of its sides.
fn within(polygon: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let sides = polygon.iter().zip(polygon.iter().cycle().skip(1));
    let crossed =
        |a: &[f64; 2], b: &[f64; 2]| x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
    sides
        .filter(|(a, b)| (a[1] > y) != (b[1] > y) && crossed(a, b))
        .count()
        % 2
        == 1
}

/// Asserts that the legend hides nothing: its box, if it has one, meets no polygon of the data, and without one it lies above all of them.
fn assert_legend_is_free(all: &[Element], what: &str) {
    let boxes = with(all, "polygon", "opacity", "0.85");
    let opaque =
        |e: &&Element| e.attribute("opacity") == "0.85" && e.attribute("fill") == "#FFFFFF";
    assert_eq!(all.iter().filter(opaque).count(), boxes.len());
    let data: Vec<_> = with(all, "polygon", "opacity", "0.2");
    let lines: Vec<_> = all
        .iter()
        .filter(|e| e.name == "polyline" && e.attribute("stroke") != "#E6E6E6")
        .map(Element::points)
        .filter(|points| points.len() > 2)
        .collect();
    for corners in &boxes {
        let [low, high] = [corners[0], corners[2]];
        const STEPS: usize = 40;
        for i in 0..=STEPS {
            for j in 0..=STEPS {
                let at = [(0, i), (1, j)]
                    .map(|(c, k)| low[c] + (high[c] - low[c]) * k as f64 / STEPS as f64);
                assert!(!data.iter().any(|area| within(area, at)), "{what}: {at:?}");
            }
        }
        for line in &lines {
            for pair in line.windows(2) {
                for k in 0..=STEPS {
                    let at = [0, 1]
                        .map(|c| pair[0][c] + (pair[1][c] - pair[0][c]) * k as f64 / STEPS as f64);
                    let inside = (0..2).all(|c| low[c] < at[c] && at[c] < high[c]);
                    assert!(!inside, "{what}: {at:?}");
                }
            }
        }
    }
    if boxes.is_empty() {
        let texts = all.iter().filter(|e| e.name == "text");
        let names = texts.filter(|e| e.attribute("text-anchor") == "start");
        let lowest = names.map(|e| e.number("y")).fold(0.0, f64::max);
        let highest = data.iter().chain(&lines).flatten().map(|at| at[1]);
        let highest = highest.fold(f64::INFINITY, f64::min);
        assert!(lowest < highest, "{what}: {lowest}, {highest}");
    }
}

#[test]
fn legends_hide_nothing() {
    let mut above = 0;
    for count in [3, 100] {
        let times: Vec<f64> = (0..count)
            .map(|i| 10f64.powf(4.0 * i as f64 / (count - 1) as f64 - 2.0))
            .collect();
        for points in [1, 2, 3, 8] {
            for wide in [0.01, 0.5, 3.0] {
                let goal = |c: usize| c as f64 - 0.5 * points as f64 + 0.7;
                let mean = Array2::from_shape_fn((count, points), |(i, c)| {
                    goal(c) * (1.0 - (-times[i]).exp())
                });
                let deviation = Array2::from_shape_fn((count, points), |(i, _)| {
                    wide * (0.2 + (-times[i]).exp())
                });
                let names: Vec<String> = (0..points).map(|c| format!("point {c}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let targets: Vec<f64> = (0..points).map(goal).collect();
                let dynamics = Dynamics {
                    times: &times,
                    mean: mean.view(),
                    deviation: deviation.view(),
                    targets: Some(&targets),
                    names: &names,
                };
                let all = svg(|path| training_dynamics(&dynamics, &Labels::default(), path));
                assert_legend_is_free(&all, &format!("{count} times, {points} points, {wide}"));
                above += usize::from(with(&all, "polygon", "opacity", "0.85").is_empty());
            }
        }
        for curves in [1, 8] {
            let data: Vec<_> = (0..curves)
                .map(|c| falling(count, 1.0 + c as f64))
                .collect();
            let names: Vec<String> = (0..curves).map(|c| format!("curve {c}")).collect();
            let curves: Vec<Curve<'_>> = data
                .iter()
                .zip(&names)
                .map(|((sizes, mean), name)| Curve {
                    name,
                    sizes,
                    mean,
                    error: None,
                })
                .collect();
            let labels = Labels::default();
            let scale = AxisScale::Automatic;
            assert_legend_is_free(
                &svg(|path| learning_curves(&curves, scale, &labels, path)),
                "curves",
            );
            assert_legend_is_free(
                &svg(|path| convergence(&curves, &labels, path)),
                "convergence",
            );
        }
    }
    // Both places of a legend occur.
    assert!((1..24).contains(&above), "{above}");
}
