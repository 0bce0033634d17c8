//! Quarter turns and reflections of images, and of periodic images together with translations, against coordinates.

use crate::common::groups::discrete;
use crate::common::laws;

use haarmonic::Error;
use haarmonic::group::{
    Action, CyclicGroup, DihedralGroup, FiniteAction, FiniteGroup, Group, PlanarSymmetry,
    PointGroup, TableGroup,
};
use ndarray::{Array3, array};

/// All pixels different, and all channels.
fn image(height: usize, width: usize, channels: usize) -> Array3<usize> {
    Array3::from_shape_fn((height, width, channels), |(y, x, c)| 100 * y + 10 * x + c)
}

/// A point (right, up) of the plane, moved by the definition: first the mirror, then turns counter-clockwise.
fn moved(s: PlanarSymmetry, [right, up]: [i64; 2]) -> [i64; 2] {
    let mut point = if s.mirrored {
        [-right, up]
    } else {
        [right, up]
    };
    for _ in 0..s.quarter_turns {
        point = [-point[1], point[0]];
    }
    point
}

/// Twice the position (right, up) of a pixel relative to the centre of its image.
fn position(height: usize, width: usize, y: usize, x: usize) -> [i64; 2] {
    let [height, width, y, x] = [height, width, y, x].map(|i| i as i64);
    [2 * x - (width - 1), (height - 1) - 2 * y]
}

const SHAPES: [(usize, usize); 8] = [
    (1, 1),
    (1, 4),
    (2, 2),
    (2, 3),
    (3, 2),
    (3, 3),
    (4, 4),
    (5, 4),
];

#[test]
fn pixels_move_as_points_of_the_plane() {
    for &s in PointGroup::D4.elements() {
        for (h, w) in SHAPES {
            let (new_h, new_w) = s.shape_after(h, w);
            assert_eq!(s.transposes(), s.quarter_turns % 2 == 1);
            assert_eq!((new_h, new_w), if s.transposes() { (w, h) } else { (h, w) });
            let transformed = s.transform(image(h, w, 2).view()).unwrap();
            assert_eq!(transformed.dim(), (new_h, new_w, 2));
            for y in 0..h {
                for x in 0..w {
                    let (to_y, to_x) = s.destination(h, w, y, x);
                    assert_eq!(
                        position(new_h, new_w, to_y, to_x),
                        moved(s, position(h, w, y, x)),
                        "{s:?} of a {h} x {w} image at ({y}, {x})"
                    );
                    assert_eq!(s.source(h, w, to_y, to_x), (y, x));
                    for c in 0..2 {
                        assert_eq!(transformed[[to_y, to_x, c]], image(h, w, 2)[[y, x, c]]);
                    }
                }
            }
        }
        for (dy, dx) in [(0, 0), (0, 1), (1, 0), (-2, 5)] {
            let [right, up] = moved(s, [dx as i64, -dy as i64]);
            assert_eq!(s.displacement(dy, dx), (-up as isize, right as isize));
        }
    }
}

#[test]
fn transforming_twice_is_transforming_by_the_product() {
    for &s in PointGroup::D4.elements() {
        for &t in PointGroup::D4.elements() {
            for (h, w) in SHAPES {
                let image = image(h, w, 1);
                let in_turn = s.transform(t.transform(image.view()).unwrap().view());
                assert_eq!(in_turn, s.compose(t).transform(image.view()));
            }
        }
        assert_eq!(s.compose(s.inverse()), PlanarSymmetry::IDENTITY);
        assert_eq!(s.inverse().compose(s), PlanarSymmetry::IDENTITY);
    }
}

#[test]
fn turns_are_taken_modulo_four() {
    let plain = array![[[0, 5], [1, 6], [2, 7]]];
    for mirrored in [false, true] {
        for turns in 0..=u8::MAX {
            let (reduced, s) = (
                PlanarSymmetry::new(turns, mirrored),
                PlanarSymmetry {
                    quarter_turns: turns,
                    mirrored,
                },
            );
            assert_eq!(reduced.quarter_turns, turns % 4);
            assert_eq!(s.compose(s), reduced.compose(reduced));
            assert_eq!(s.inverse(), reduced.inverse());
            assert_eq!(s.displacement(1, 2), reduced.displacement(1, 2));
            assert_eq!(s.transform(plain.view()), reduced.transform(plain.view()));
            for group in PointGroup::ALL {
                assert_eq!(group.contains(s), group.contains(reduced));
                assert_eq!(group.index_of(&s), group.index_of(&reduced));
            }
        }
    }
}

#[test]
fn no_pixel_is_a_panic() {
    for &s in PointGroup::D4.elements() {
        for size in [0, 1, usize::MAX] {
            for at in [0, 1, usize::MAX] {
                let _ = s.source(size, size, at, at);
                let _ = s.destination(size, size, at, at);
            }
        }
        let _ = s.displacement(isize::MIN, isize::MIN);
    }
}

#[test]
fn point_groups_are_groups() {
    for group in PointGroup::ALL {
        let elements = laws::assert_finite_group_laws(&group);
        assert_eq!(elements, group.elements());
        laws::assert_group_laws(&group, &elements, discrete, 0.0);
        for g in &elements {
            for h in &elements {
                assert!(group.contains(group.compose(g, h)));
            }
        }
        let all = PointGroup::D4.elements().iter();
        let contained: Vec<_> = all.copied().filter(|&s| group.contains(s)).collect();
        assert_eq!(contained.len(), group.order());
        for symmetry in PointGroup::D4.elements() {
            assert!(group.index_of(symmetry) < group.order());
        }
    }
}

/// The same numbering as the abstract groups, and the same products.
#[test]
fn point_groups_are_the_cyclic_and_dihedral_groups() {
    for group in PointGroup::ALL {
        let table = TableGroup::from_group(&group).unwrap();
        let n = group.rotations();
        if group.has_reflections() {
            assert_eq!(table, TableGroup::dihedral(n).unwrap());
            let same = TableGroup::from_group(&DihedralGroup::new(n).unwrap()).unwrap();
            assert_eq!(table, same);
        } else {
            assert_eq!(table, TableGroup::cyclic(n).unwrap());
            let same = TableGroup::from_group(&CyclicGroup::new(n).unwrap()).unwrap();
            assert_eq!(table, same);
        }
        assert_eq!(
            group.order(),
            n * (1 + usize::from(group.has_reflections()))
        );
        assert_eq!(group.needs_square(), n == 4);
    }
}

#[test]
fn names() {
    let names = PointGroup::ALL.map(|group| group.to_string());
    assert_eq!(names, ["C1", "C2", "C4", "D1", "D2", "D4"]);
    for group in PointGroup::ALL {
        assert_eq!(group.to_string().parse(), Ok(group));
    }
    for wrong in ["", "c4", "C3", "D4 ", "SO3"] {
        let error = wrong.parse::<PointGroup>().unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }));
        assert!(error.to_string().contains("C1, C2, C4, D1, D2, D4"));
    }
}

#[test]
fn images_that_do_not_fit_are_rejected() {
    let wide = image(2, 3, 1);
    for group in PointGroup::ALL {
        let transforms = group.transforms(wide.view());
        assert_eq!(transforms.is_err(), group.needs_square());
        match transforms {
            Ok(images) => assert!(images.iter().all(|image| image.dim() == (2, 3, 1))),
            Err(error) => {
                assert!(matches!(error, Error::ShapeMismatch { .. }));
                assert!(error.to_string().contains(&group.to_string()));
            }
        }
        let square = image(3, 3, 1);
        let images = group.transforms(square.view()).unwrap();
        assert_eq!(images.len(), group.order());
        assert_eq!(images[0], square);
        for (height, width, channels) in [(0, 0, 1), (0, 3, 1), (2, 0, 1), (2, 2, 0)] {
            let empty = image(height, width, channels);
            let error = group.transforms(empty.view());
            assert!(matches!(error, Err(Error::Empty { .. })));
        }
        assert!(matches!(
            FiniteAction::torus(0, 3, group),
            Err(Error::Empty { .. })
        ));
        let torus = FiniteAction::torus(2, 3, group);
        assert_eq!(torus.is_err(), group.needs_square());
    }
    let empty = PlanarSymmetry::IDENTITY.transform(image(0, 1, 1).view());
    assert!(matches!(empty, Err(Error::Empty { .. })));
    let huge = FiniteAction::torus(usize::MAX, usize::MAX, PointGroup::D4);
    assert!(matches!(huge, Err(Error::InvalidValue { .. })));
}

fn tori() -> Vec<(usize, usize, PointGroup)> {
    let mut tori = Vec::new();
    for group in PointGroup::ALL {
        for (h, w) in [(1, 1), (2, 2), (3, 3), (4, 4), (1, 3), (2, 3), (4, 2)] {
            if h == w || !group.needs_square() {
                tori.push((h, w, group));
            }
        }
    }
    tori
}

#[test]
fn tori_are_group_actions() {
    for (h, w, group) in tori() {
        let action = FiniteAction::torus(h, w, group).unwrap();
        assert_eq!(action.order(), h * w * group.order());
        assert_eq!(action.points(), h * w);
        assert!(action.is_transitive());
        assert_eq!(action.stabiliser(h * w - 1).len(), group.order());
        if action.order() <= 72 {
            let elements = laws::assert_finite_group_laws(action.group());
            laws::assert_group_laws(action.group(), &elements, discrete, 0.0);
            let points: Vec<_> = (0..h * w).collect();
            laws::assert_action_laws(&action, &elements, &points, discrete, 0.0);
        }
        let table = ndarray::Array2::from_shape_fn((action.order(), action.order()), |(g, k)| {
            action.group().product(g, k)
        });
        let checked = TableGroup::new(table.view()).unwrap();
        assert_eq!(&checked, action.group());
        let images =
            ndarray::Array2::from_shape_fn((action.order(), h * w), |(g, x)| action.image(g, x));
        assert_eq!(FiniteAction::new(checked, images.view()), Ok(action));
    }
}

/// Coordinates in the plane, twice as fine and about the centre, reduced by the periods.
#[test]
fn tori_move_pixels_as_points_of_the_plane() {
    for (h, w, group) in tori() {
        let action = FiniteAction::torus(h, w, group).unwrap();
        let parts = |g: usize| {
            let (t, p) = (g / group.order(), g % group.order());
            ((t / w) as i64, (t % w) as i64, group.elements()[p])
        };
        let near = |a: [i64; 2], b: [i64; 2]| {
            (a[0] - b[0]).rem_euclid(2 * w as i64) == 0
                && (a[1] - b[1]).rem_euclid(2 * h as i64) == 0
        };
        for g in 0..action.order() {
            let (down, right, s) = parts(g);
            for y in 0..h {
                for x in 0..w {
                    let image = action.image(g, y * w + x);
                    let found = position(h, w, image / w, image % w);
                    let turned = moved(s, position(h, w, y, x));
                    assert!(near(found, [turned[0] + 2 * right, turned[1] - 2 * down]));
                }
            }
            for k in 0..action.order() {
                let (next_down, next_right, next_s) = parts(k);
                let (found_down, found_right, found_s) = parts(action.group().product(g, k));
                let turned = moved(s, [2 * next_right, -2 * next_down]);
                let expected = [turned[0] + 2 * right, turned[1] - 2 * down];
                assert!(near([2 * found_right, -2 * found_down], expected));
                for point in [[1, 0], [0, 1]] {
                    assert_eq!(moved(found_s, point), moved(s, moved(next_s, point)));
                }
            }
        }
    }
}

/// The pixels of a transformed image are where the torus puts them; translations roll the image.
#[test]
fn tori_agree_with_transformed_images() {
    for (h, w, group) in tori() {
        let action = FiniteAction::torus(h, w, group).unwrap();
        let image = image(h, w, 1);
        let transforms = group.transforms(image.view()).unwrap();
        for g in 0..action.order() {
            let (t, p) = (g / group.order(), g % group.order());
            for x in 0..h * w {
                let to = action.act(&g, &x);
                let unshifted = ((to / w + h - t / w) % h, (to % w + w - t % w) % w);
                assert_eq!(
                    transforms[p][[unshifted.0, unshifted.1, 0]],
                    image[[x / w, x % w, 0]]
                );
            }
        }
    }
}
