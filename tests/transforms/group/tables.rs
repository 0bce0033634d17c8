//! Finite groups given by tables and their actions: laws, and counts known from group theory.

use crate::common::groups::{discrete, elementary};
use crate::common::laws;
use crate::common::tol::group as tol;

use std::collections::HashSet;

use haarmonic::group::{
    CyclicGroup, DihedralElement, DihedralGroup, FiniteAction, FiniteGroup, Group, TableGroup,
};
use ndarray::{Array2, array};

fn table_of(group: &TableGroup) -> Array2<usize> {
    let n = group.order();
    Array2::from_shape_fn((n, n), |(g, h)| group.product(g, h))
}

fn images_of(action: &FiniteAction) -> Array2<usize> {
    Array2::from_shape_fn((action.order(), action.points()), |(g, x)| {
        action.image(g, x)
    })
}

/// The generic laws over all triples, and the table accepted by its own checks.
fn assert_group(group: &TableGroup) {
    let elements = laws::assert_finite_group_laws(group);
    laws::assert_group_laws(group, &elements, discrete, 0.0);
    assert_eq!(TableGroup::new(table_of(group).view()).as_ref(), Ok(group));
    for &g in &elements {
        assert_eq!(group.inverse_of(g), group.inverse(&g));
    }
}

/// The generic laws over all pairs and points, orbit-stabiliser and Burnside's count of the orbits.
fn assert_action(action: &FiniteAction) {
    let elements = laws::assert_finite_group_laws(action);
    let points: Vec<_> = (0..action.points()).collect();
    laws::assert_action_laws(action, &elements, &points, discrete, 0.0);
    let again = FiniteAction::new(action.group().clone(), images_of(action).view());
    assert_eq!(again.as_ref(), Ok(action));

    let mut orbits = HashSet::new();
    for &x in &points {
        let (orbit, stabiliser) = (action.orbit(x), action.stabiliser(x));
        assert_eq!(orbit.len() * stabiliser.len(), action.order());
        assert!(orbit.contains(&x) && stabiliser.contains(&0));
        orbits.insert(orbit);
    }
    let fixed = |g| points.iter().filter(|&&x| action.image(g, x) == x).count();
    let fixed: usize = elements.iter().map(|&g| fixed(g)).sum();
    assert_eq!(fixed, orbits.len() * action.order(), "Burnside's lemma");
    assert_eq!(action.is_transitive(), orbits.len() == 1);
}

/// How many elements there are of each order, at `counts[order]`.
fn element_orders(group: &TableGroup) -> Vec<usize> {
    let mut counts = vec![0; group.order() + 1];
    for g in 0..group.order() {
        let (mut power, mut exponent) = (g, 1);
        while power != 0 {
            power = group.product(power, g);
            exponent += 1;
        }
        counts[exponent] += 1;
    }
    counts
}

/// The sizes of the conjugacy classes, in increasing order.
fn class_sizes(group: &TableGroup) -> Vec<usize> {
    let elements = 0..group.order();
    let class = |g| -> Vec<usize> {
        let conjugates = elements
            .clone()
            .map(|h| group.product(group.product(h, g), group.inverse_of(h)));
        let class: HashSet<_> = conjugates.collect();
        let mut class: Vec<_> = class.into_iter().collect();
        class.sort_unstable();
        class
    };
    let classes: HashSet<_> = elements.clone().map(class).collect();
    let mut sizes: Vec<_> = classes.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn constructors_are_groups() {
    for n in [1, 2, 3, 4, 5, 8, 12] {
        let cyclic = TableGroup::cyclic(n).unwrap();
        assert_eq!(cyclic.order(), n);
        assert_group(&cyclic);
        let dihedral = TableGroup::dihedral(n).unwrap();
        assert_eq!(dihedral.order(), 2 * n);
        assert_group(&dihedral);
    }
    for (n, order) in [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120)] {
        let symmetric = TableGroup::symmetric(n).unwrap();
        assert_eq!(symmetric.order(), order);
        assert_group(&symmetric);
    }
    assert_group(&TableGroup::octahedral());
    assert_group(&TableGroup::icosahedral());
    assert_eq!(TableGroup::symmetric(6).unwrap().order(), 720);
}

#[test]
fn actions_are_actions() {
    for n in [1, 2, 3, 4, 5, 8] {
        assert_action(&FiniteAction::cyclic(n).unwrap());
        assert_action(&FiniteAction::dihedral(n).unwrap());
        assert_action(&FiniteAction::regular(TableGroup::dihedral(n).unwrap()));
    }
    for n in 1..=5 {
        let action = FiniteAction::symmetric(n).unwrap();
        assert_eq!(action.points(), n);
        assert_action(&action);
    }
    assert_action(&FiniteAction::octahedral());
    assert_action(&FiniteAction::octahedral_on_cube_vertices());
    assert_action(&FiniteAction::icosahedral());
}

/// Orders, conjugacy classes and element orders, from the character tables.
#[test]
fn counts_known_from_group_theory() {
    let octahedral = TableGroup::octahedral();
    assert_eq!(octahedral.order(), 24);
    assert_eq!(class_sizes(&octahedral), [1, 3, 6, 6, 8]);
    assert_eq!(element_orders(&octahedral)[1..5], [1, 9, 8, 6]);

    let icosahedral = TableGroup::icosahedral();
    assert_eq!(icosahedral.order(), 60);
    assert_eq!(class_sizes(&icosahedral), [1, 12, 12, 15, 20]);
    assert_eq!(element_orders(&icosahedral)[1..6], [1, 15, 20, 0, 24]);

    let s5 = TableGroup::symmetric(5).unwrap();
    assert_eq!(class_sizes(&s5), [1, 10, 15, 20, 20, 24, 30]);
    assert_eq!(element_orders(&s5)[1..7], [1, 25, 20, 30, 24, 20]);

    // D_n has (n + 3)/2 classes for odd n and n/2 + 3 for even n; a commutative group has one an element.
    assert_eq!(class_sizes(&TableGroup::dihedral(5).unwrap()), [1, 2, 2, 5]);
    assert_eq!(
        class_sizes(&TableGroup::dihedral(6).unwrap()),
        [1, 1, 2, 2, 3, 3]
    );
    assert_eq!(class_sizes(&TableGroup::cyclic(7).unwrap()), [1; 7]);
}

/// A bijection of the elements that respects products, found by the images of generators.
fn are_isomorphic(a: &TableGroup, b: &TableGroup) -> bool {
    if a.order() != b.order() {
        return false;
    }
    let generators = a.generators();
    let mut images = vec![0; generators.len()];
    'candidates: loop {
        if extends(a, b, &generators, &images) {
            return true;
        }
        for image in &mut images {
            *image += 1;
            if *image < b.order() {
                continue 'candidates;
            }
            *image = 0;
        }
        return false;
    }
}

fn extends(a: &TableGroup, b: &TableGroup, generators: &[usize], images: &[usize]) -> bool {
    let mut map = vec![None; a.order()];
    map[0] = Some(0);
    let mut waiting = vec![0];
    while let Some(g) = waiting.pop() {
        for (&s, &t) in generators.iter().zip(images) {
            let product = a.product(g, s);
            let image = b.product(map[g].unwrap(), t);
            match map[product] {
                None => {
                    map[product] = Some(image);
                    waiting.push(product);
                }
                Some(other) if other != image => return false,
                Some(_) => {}
            }
        }
    }
    let distinct: HashSet<_> = map.iter().collect();
    distinct.len() == a.order()
}

#[test]
fn isomorphisms() {
    let s3 = TableGroup::symmetric(3).unwrap();
    assert!(are_isomorphic(&s3, &TableGroup::dihedral(3).unwrap()));
    assert!(!are_isomorphic(&s3, &TableGroup::cyclic(6).unwrap()));
    // The rotations of the cube permute its four diagonals, those of the icosahedron five tetrahedra, evenly.
    let octahedral = TableGroup::octahedral();
    assert!(are_isomorphic(
        &octahedral,
        &TableGroup::symmetric(4).unwrap()
    ));
    assert!(!are_isomorphic(
        &octahedral,
        &TableGroup::dihedral(12).unwrap()
    ));
    let a5 = FiniteAction::from_generators(&[vec![1, 2, 3, 4, 0], vec![1, 2, 0, 3, 4]]).unwrap();
    assert!(are_isomorphic(a5.group(), &TableGroup::icosahedral()));
}

#[test]
fn tables_agree_with_the_abstract_groups() {
    for n in [1, 2, 3, 4, 7] {
        let (abstract_group, table) = (CyclicGroup::new(n).unwrap(), TableGroup::cyclic(n));
        assert_eq!(TableGroup::from_group(&abstract_group), table);
        assert_eq!(table.unwrap().product(n - 1, 1), 0);

        let abstract_group = DihedralGroup::new(n).unwrap();
        let table = TableGroup::dihedral(n).unwrap();
        assert_eq!(TableGroup::from_group(&abstract_group).as_ref(), Ok(&table));
        // r s = s r^{-1}, by number.
        assert_eq!(table.product(1 % n, n), table.product(n, n - 1));
        // The permutations of the vertices: first the reflection x → −x, then the rotations.
        let action = FiniteAction::dihedral(n).unwrap();
        for g in 0..2 * n {
            let DihedralElement {
                rotations,
                reflected,
            } = abstract_group.element(g);
            for x in 0..n {
                let mirrored = if reflected { n - x } else { x };
                assert_eq!(action.image(g, x), (mirrored + rotations) % n);
            }
        }
    }
}

/// Every permutation of the letters, all at once: the oracle for what generators generate.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let smaller = permutations(n - 1);
    let inserted = smaller.iter().flat_map(|permutation| {
        (0..n).map(|position| {
            let mut longer = permutation.clone();
            longer.insert(position, n - 1);
            longer
        })
    });
    inserted.collect()
}

fn inversions(permutation: &[usize]) -> usize {
    let count = |(x, a): (usize, &usize)| permutation[x..].iter().filter(|b| *b < a).count();
    permutation.iter().enumerate().map(count).sum()
}

fn rows_of(action: &FiniteAction) -> HashSet<Vec<usize>> {
    let images = images_of(action);
    let rows: HashSet<_> = images.rows().into_iter().map(|row| row.to_vec()).collect();
    assert_eq!(rows.len(), action.order(), "the action is faithful");
    rows
}

#[test]
fn generators_give_the_symmetric_and_the_alternating_group() {
    let s4 = FiniteAction::from_generators(&[vec![1, 2, 3, 0], vec![1, 0, 2, 3]]).unwrap();
    assert_action(&s4);
    assert_eq!(rows_of(&s4), permutations(4).into_iter().collect());

    let a5 = FiniteAction::from_generators(&[vec![1, 2, 3, 4, 0], vec![1, 2, 0, 3, 4]]).unwrap();
    assert_action(&a5);
    let even = permutations(5)
        .into_iter()
        .filter(|p| inversions(p).is_multiple_of(2));
    assert_eq!(rows_of(&a5), even.collect());
    assert_eq!(element_orders(a5.group())[1..6], [1, 15, 20, 0, 24]);
}

#[test]
fn the_numbering_is_breadth_first() {
    // s = (0 1 2), t = (0 1): e, s, t, s s, s t, t s; t t = e.
    let action = FiniteAction::from_generators(&[vec![1, 2, 0], vec![1, 0, 2]]).unwrap();
    let expected = array![
        [0, 1, 2],
        [1, 2, 0],
        [1, 0, 2],
        [2, 0, 1],
        [2, 1, 0],
        [0, 2, 1]
    ];
    assert_eq!(images_of(&action), expected);
    assert_eq!(action.group().product(1, 2), 4);
    assert_eq!(action.group().product(2, 1), 5);
    // A repeated generator and the identity change nothing.
    let generators = [vec![1, 2, 0], vec![1, 0, 2], vec![1, 2, 0], vec![0, 1, 2]];
    assert_eq!(FiniteAction::from_generators(&generators), Ok(action));

    let s5 = FiniteAction::symmetric(5).unwrap();
    let lengths = images_of(&s5);
    let lengths = lengths
        .rows()
        .into_iter()
        .map(|row| inversions(&row.to_vec()));
    assert!(lengths.is_sorted());
}

/// Coordinates of the vertices, in the order the constructors document.
fn octahedron() -> Vec<[f64; 3]> {
    let signed =
        |axis: usize, sign: f64| std::array::from_fn(|i| if i == axis { sign } else { 0.0 });
    (0..6)
        .map(|v| signed(v / 2, if v % 2 == 0 { 1.0 } else { -1.0 }))
        .collect()
}

fn cube() -> Vec<[f64; 3]> {
    (0..8)
        .map(|v| std::array::from_fn(|i| if v >> i & 1 == 0 { 1.0 } else { -1.0 }))
        .collect()
}

fn icosahedron() -> Vec<[f64; 3]> {
    let colatitude = 2.0_f64.atan();
    let at = |colatitude: f64, degrees: f64| {
        let (sin, cos) = colatitude.sin_cos();
        let longitude = degrees.to_radians();
        [sin * longitude.cos(), sin * longitude.sin(), cos]
    };
    let upper = (0..5).map(|i| at(colatitude, 72.0 * f64::from(i)));
    let lower = (0..5).map(|i| {
        at(
            std::f64::consts::PI - colatitude,
            72.0 * f64::from(i) + 36.0,
        )
    });
    [[0.0, 0.0, 1.0]]
        .into_iter()
        .chain(upper)
        .chain(lower)
        .chain([[0.0, 0.0, -1.0]])
        .collect()
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| a[i] * b[i]).sum()
}

fn determinant([a, b, c]: [[f64; 3]; 3]) -> f64 {
    let cross = [
        b[1] * c[2] - b[2] * c[1],
        b[2] * c[0] - b[0] * c[2],
        b[0] * c[1] - b[1] * c[0],
    ];
    dot(a, cross)
}

/// Every element keeps all angles between vertices and the orientation of a triple: it is a rotation of space.
#[test]
fn solids_are_rotated() {
    let solids = [
        (FiniteAction::octahedral(), octahedron(), [0, 2, 4]),
        (
            FiniteAction::octahedral_on_cube_vertices(),
            cube(),
            [0, 1, 2],
        ),
        (FiniteAction::icosahedral(), icosahedron(), [0, 1, 2]),
    ];
    for (action, vertices, triple) in solids {
        assert_eq!(action.points(), vertices.len());
        let orientation = determinant(triple.map(|v| vertices[v]));
        for g in 0..action.order() {
            let moved: Vec<_> = (0..vertices.len())
                .map(|v| vertices[action.image(g, v)])
                .collect();
            for a in 0..vertices.len() {
                for b in 0..vertices.len() {
                    let defect = dot(moved[a], moved[b]) - dot(vertices[a], vertices[b]);
                    assert!(
                        defect.abs() <= tol::vertex_products(),
                        "element {g}: {defect:e}"
                    );
                }
            }
            let defect = determinant(triple.map(|v| moved[v])) - orientation;
            assert!(
                defect.abs() <= tol::vertex_determinants(),
                "element {g} is not a rotation"
            );
        }
        assert_eq!(rows_of(&action).len(), action.order());
    }
}

/// Elements 1 and 2 are the documented generators; three vertices in general position fix a rotation.
#[test]
fn solids_have_the_documented_generators() {
    let octahedral = FiniteAction::octahedral();
    assert_eq!([0, 2, 4].map(|v| octahedral.image(1, v)), [2, 1, 4]);
    assert_eq!([0, 2, 4].map(|v| octahedral.image(2, v)), [2, 4, 0]);
    let icosahedral = FiniteAction::icosahedral();
    assert_eq!([0, 1, 2].map(|v| icosahedral.image(1, v)), [0, 2, 3]);
    assert_eq!([0, 1, 2].map(|v| icosahedral.image(2, v)), [1, 2, 0]);
}

/// Octahedron and cube have one group with one numbering: the image of a face centre is the centre of the image.
#[test]
fn cube_and_octahedron_turn_together() {
    let (faces, corners) = (
        FiniteAction::octahedral(),
        FiniteAction::octahedral_on_cube_vertices(),
    );
    assert_eq!(faces.group(), corners.group());
    let (octahedron, cube) = (octahedron(), cube());
    for g in 0..24 {
        for (f, &face) in octahedron.iter().enumerate() {
            for (c, &corner) in cube.iter().enumerate() {
                let moved = dot(octahedron[faces.image(g, f)], cube[corners.image(g, c)]);
                assert_eq!(moved, dot(face, corner));
            }
        }
    }
}

#[test]
fn elements_and_points_beyond_the_end_are_reduced() {
    let action = FiniteAction::dihedral(3).unwrap();
    let group = action.group();
    assert_eq!(group.product(6 + 4, 12 + 2), group.product(4, 2));
    assert_eq!(
        group.inverse_of(usize::MAX),
        group.inverse_of(usize::MAX % 6)
    );
    assert_eq!(action.image(6 + 4, 3 + 1), action.image(4, 1));
    assert_eq!(action.stabiliser(4), action.stabiliser(1));
    assert_eq!(action.orbit(5), [0, 1, 2]);
}

#[test]
fn actions_need_not_be_transitive_or_faithful() {
    let swap = FiniteAction::new(
        TableGroup::cyclic(4).unwrap(),
        array![[0, 1, 2], [1, 0, 2], [0, 1, 2], [1, 0, 2]].view(),
    )
    .unwrap();
    assert_action(&swap);
    assert!(!swap.is_transitive());
    assert_eq!(swap.orbit(0), [0, 1]);
    assert_eq!(swap.stabiliser(0), [0, 2]);
    let trivial = FiniteAction::new(TableGroup::octahedral(), Array2::zeros((24, 1)).view());
    assert!(trivial.unwrap().is_transitive());
}

#[test]
fn generating_sets_are_small() {
    assert_eq!(
        TableGroup::new(elementary(5).view()).unwrap().generators(),
        [1, 2, 4, 8, 16]
    );
    assert_eq!(TableGroup::cyclic(12).unwrap().generators(), [1]);
    assert_eq!(TableGroup::cyclic(1).unwrap().generators(), [0; 0]);
}

#[test]
fn debug_output_is_short() {
    let action = FiniteAction::icosahedral();
    assert_eq!(
        format!("{action:?}"),
        "FiniteAction { order: 60, points: 12, .. }"
    );
    assert_eq!(
        format!("{:?}", action.group()),
        "TableGroup { order: 60, .. }"
    );
}
