//! Signals on the sphere in both projections.

use super::*;

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
