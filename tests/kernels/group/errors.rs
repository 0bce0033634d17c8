//! Tables, actions and generators that are refused, each check provoked, and what the messages name.

use crate::common::groups::{Acting, elementary};

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::group::{
    CyclicGroup, FiniteAction, FiniteGroup, Group, MAX_ACTION_ENTRIES, MAX_TABLE_ORDER,
    PeriodicRotoTranslation, PointGroup, TableGroup,
};
use haarmonic::kernel::Definition;
use haarmonic::network::{Filter, GroupName, Init, Layer, Padding};
use ndarray::{Array2, Array3, array};

fn message(result: Result<impl std::fmt::Debug, Error>) -> String {
    let message = result.unwrap_err().to_string();
    assert!(!message.contains('\n'));
    message
}

#[track_caller]
fn assert_mentions(message: String, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} without {part:?}");
    }
}

#[test]
fn wrong_tables_are_rejected() {
    let new = |table: Array2<usize>| message(TableGroup::new(table.view()));
    assert_mentions(new(Array2::zeros((2, 3))), &["[n, n]", "[2, 3]"]);
    assert_mentions(new(Array2::zeros((0, 0))), &["empty"]);
    assert_mentions(new(array![[0, 1], [1, 2]]), &["2 at [1, 1]", "order 2"]);
    // The group of two elements with the identity last.
    assert_mentions(new(array![[1, 0], [0, 1]]), &["1 at [0, 0]", "neutral"]);
    // Neutral from the left only.
    let left = array![[0, 1, 2], [0, 1, 2], [0, 1, 2]];
    assert_mentions(new(left), &["0 at [1, 0]", "neutral"]);
    // Numbers modulo 4 under multiplication, 1 first: a monoid without inverses.
    let monoid = array![[0, 1, 2, 3], [1, 1, 1, 1], [2, 1, 1, 2], [3, 1, 2, 0]];
    assert_mentions(new(monoid), &["row 1 holds 1 in columns 0 and 1"]);
    // Rows are permutations, the second column is not.
    let columns = array![[0, 1, 2, 3], [1, 0, 3, 2], [2, 0, 1, 3], [3, 2, 1, 0]];
    assert_mentions(new(columns), &["column 1 holds 0 in rows 1 and 2"]);
    // The smallest loop that is not a group: a latin square with a neutral element.
    let quasigroup = array![
        [0, 1, 2, 3, 4],
        [1, 0, 3, 4, 2],
        [2, 4, 0, 1, 3],
        [3, 2, 4, 0, 1],
        [4, 3, 1, 2, 0]
    ];
    assert_mentions(new(quasigroup.clone()), &["associative"]);
    let error = new(quasigroup.clone());
    // The entries it names break the law: (x s) y = left and x (s y) = right.
    let numbers: Vec<usize> = error
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect();
    let [x, s, y, left, x2, s2, y2, right] = numbers[..] else {
        panic!("eight numbers in {error:?}");
    };
    assert_eq!([x, s, y], [x2, s2, y2]);
    assert_eq!(quasigroup[[quasigroup[[x, s]], y]], left);
    assert_eq!(quasigroup[[x, quasigroup[[s, y]]]], right);
    assert_ne!(left, right);
}

/// Two entries swapped in two rows of a larger group's table: still a latin square, but no group, wherever it is.
#[test]
fn single_switches_in_a_table_are_found() {
    let table = elementary(4);
    let mut switched = 0;
    for g in 1..16 {
        for h in g + 1..16 {
            for k in 1..16 {
                // The intercalate {g, h} × {k, l} with equal diagonals.
                let Some(l) = (1..16).find(|&l| table[[g, l]] == table[[h, k]]) else {
                    continue;
                };
                if l == k || table[[h, l]] != table[[g, k]] {
                    continue;
                }
                let mut wrong = table.clone();
                wrong.swap([g, k], [g, l]);
                wrong.swap([h, k], [h, l]);
                let error = message(TableGroup::new(wrong.view()));
                assert_mentions(error, &["associative"]);
                switched += 1;
            }
        }
    }
    assert!(switched > 1000);
}

/// A group of a user whose numbering or product is wrong.
struct Broken {
    order: usize,
    shift: usize,
}

impl Group for Broken {
    type Element = usize;
    fn identity(&self) -> usize {
        0
    }
    fn compose(&self, g: &usize, h: &usize) -> usize {
        g + h
    }
    fn inverse(&self, g: &usize) -> usize {
        self.order - g
    }
}

impl FiniteGroup for Broken {
    fn order(&self) -> usize {
        self.order
    }
    fn element(&self, i: usize) -> usize {
        i
    }
    fn index_of(&self, g: &usize) -> usize {
        g + self.shift
    }
}

#[test]
fn wrong_groups_are_rejected() {
    let from = |order, shift| message(TableGroup::from_group(&Broken { order, shift }));
    assert_mentions(from(3, 0), &["3 at [1, 2]"]);
    assert_mentions(from(2, 1), &["2 at [0, 1]"]);
    assert_mentions(from(0, 0), &["empty"]);
    assert_mentions(from(usize::MAX, 0), &["20000", "800 MB"]);
}

#[test]
fn wrong_orders_are_rejected() {
    for n in [0, MAX_TABLE_ORDER + 1, usize::MAX] {
        let part = if n == 0 { "empty" } else { "at most 20000" };
        assert_mentions(message(TableGroup::cyclic(n)), &[part]);
        assert_mentions(message(TableGroup::dihedral(n)), &[part]);
        assert_mentions(message(FiniteAction::cyclic(n)), &[part]);
        assert_mentions(message(FiniteAction::dihedral(n)), &[part]);
        assert_mentions(message(TableGroup::symmetric(n)), &["from 1 to 7"]);
        assert_mentions(message(FiniteAction::symmetric(n)), &["from 1 to 7"]);
    }
    assert_mentions(
        message(TableGroup::dihedral(MAX_TABLE_ORDER / 2 + 1)),
        &["20002"],
    );
    assert_mentions(
        message(FiniteAction::torus(100, 100, PointGroup::C4)),
        &["40000"],
    );
}

#[test]
fn wrong_actions_are_rejected() {
    let c3 = || TableGroup::cyclic(3).unwrap();
    let new = |images: Array2<usize>| message(FiniteAction::new(c3(), images.view()));
    assert_mentions(new(Array2::zeros((2, 2))), &["[3, points]", "[2, 2]"]);
    assert_mentions(new(Array2::zeros((3, 0))), &["empty"]);
    assert_mentions(
        new(array![[0, 1], [1, 0], [2, 1]]),
        &["2 at [2, 0]", "points, 2"],
    );
    assert_mentions(
        new(array![[1, 0], [0, 1], [0, 1]]),
        &["1 at [0, 0]", "fixes every point"],
    );
    // A swap has order 2, not 3.
    assert_mentions(
        new(array![[0, 1], [1, 0], [0, 1]]),
        &["(1 2)·0 = 0", "1·(2·0) = 1"],
    );
    // Not even permutations.
    assert_mentions(new(array![[0, 1], [0, 0], [0, 0]]), &["(1 2)·1"]);
    // An action from the right, x·g = g⁻¹ x, of a group that does not commute.
    let s3 = TableGroup::symmetric(3).unwrap();
    let natural = FiniteAction::symmetric(3).unwrap();
    let from_the_right = Array2::from_shape_fn((6, 3), |(g, x)| natural.image(s3.inverse_of(g), x));
    assert!(FiniteAction::new(s3, from_the_right.view()).is_err());
}

#[test]
fn wrong_generators_are_rejected() {
    let from = |generators: &[Vec<usize>]| message(FiniteAction::from_generators(generators));
    assert_mentions(from(&[]), &["generators", "empty"]);
    assert_mentions(from(&[vec![]]), &["points", "empty"]);
    assert_mentions(from(&[vec![1, 0], vec![0]]), &["generator 1", "[2]", "[1]"]);
    assert_mentions(
        from(&[vec![0, 2]]),
        &["generator 0", "image 2 of point 1", "below 2"],
    );
    assert_mentions(
        from(&[vec![0, 1, 2], vec![1, 2, 1]]),
        &["generator 1", "image 1 of both points 0 and 2"],
    );
    // S_8 has 40320 elements.
    let rotation: Vec<usize> = (0..8).map(|x| (x + 1) % 8).collect();
    let swap = vec![1, 0, 2, 3, 4, 5, 6, 7];
    assert_mentions(from(&[rotation, swap]), &["more than 20000", "800 MB"]);
}

/// Views that repeat one number: the size is refused before anything is allocated.
#[test]
fn tables_and_actions_too_large_are_rejected() {
    let zero = array![[0_usize]];
    let n = MAX_TABLE_ORDER + 1;
    let table = zero.broadcast((n, n)).unwrap();
    assert_mentions(message(TableGroup::new(table)), &["20001", "800 MB"]);
    let images = zero.broadcast((2, MAX_ACTION_ENTRIES / 2 + 1)).unwrap();
    let action = FiniteAction::new(TableGroup::cyclic(2).unwrap(), images);
    assert_mentions(message(action), &["2 elements times 200000001", "1600 MB"]);
}

/// Points that the group leaves, and groups that are none.
#[test]
fn wrong_groups_of_users_are_rejected() {
    let torus = PeriodicRotoTranslation::new(PointGroup::C1, 1, 3).unwrap();
    let missing = FiniteAction::from_action(&torus, &[[0, 0], [0, 1]]);
    assert_mentions(message(missing), &["[0, 2]", "one of the 2 points"]);
    let none = FiniteAction::from_action(&torus, &[] as &[[usize; 2]]);
    assert_mentions(message(none), &["points", "empty"]);

    // A cyclic group that turns its points the wrong way round at one of its elements.
    let wrong = Acting {
        group: CyclicGroup::new(3).unwrap(),
        action: |_: &CyclicGroup, g: &usize, x: &usize| {
            if *g == 2 { (x + 1) % 3 } else { (x + g) % 3 }
        },
    };
    let action = FiniteAction::from_action(&wrong, &[0, 1, 2]);
    assert_mentions(message(action), &["(1 1)·0 = 1", "1·(1·0) = 2"]);
}

/// Layers that do not fit together, or are not for finite groups, and signals that do not fit the points.
#[test]
fn wrong_definitions_are_rejected() {
    let torus = PeriodicRotoTranslation::new(PointGroup::C1, 1, 3).unwrap();
    let pixels = [[0, 0], [0, 1], [0, 2]];
    let init = Init::default();
    let lifting = |filter| Layer::Lifting {
        group: GroupName::Finite,
        filter,
        init,
    };
    let convolution = |filter| Layer::GroupConvolution { filter, init };
    let erf = || Layer::Activation(Activation::Erf);
    let gram = |layers: &[Layer], shape: [usize; 3]| {
        let definition = Definition::new(&torus, &pixels, layers).unwrap();
        definition.gram(Array3::<f64>::ones(shape).view())
    };
    let lifted = |further: &[Layer]| {
        let layers = [&[lifting(Filter::Global)], further].concat();
        gram(&layers, [2, 3, 1])
    };
    assert!(lifted(&[Layer::GroupPooling]).is_ok());
    assert_mentions(message(gram(&[], [2, 3, 1])), &["lifting"]);
    assert_mentions(message(gram(&[erf()], [2, 3, 1])), &["lifting"]);
    assert_mentions(message(lifted(&[])), &["functions on the group"]);
    assert_mentions(message(lifted(&[erf(), erf()])), &["layer 3", "Gaussian"]);
    assert_mentions(message(lifted(&[Layer::Flatten])), &["`flatten`"]);
    let again = [Layer::GroupPooling, convolution(Filter::Global)];
    assert_mentions(message(lifted(&again)), &["no functions on the group"]);
    let beyond = convolution(Filter::subset(&[0, 3]));
    assert_mentions(message(lifted(&[beyond])), &["3", "below 3"]);
    let none = convolution(Filter::subset(&[]));
    assert_mentions(message(lifted(&[none])), &["filter", "empty"]);
    let window = convolution(Filter::window(3, Padding::Circular));
    assert_mentions(message(lifted(&[window])), &["not for finite groups"]);
    let negative = Layer::Dense(Init::new(-1.0, 0.0));
    assert_mentions(message(lifted(&[negative])), &["weight_std", "-1"]);
    let torn = Layer::Residual {
        branch: vec![Layer::GroupPooling, Layer::Dense(init)],
        shortcut: vec![],
    };
    assert_mentions(message(lifted(&[torn])), &["branches"]);
    let pooled = [lifting(Filter::Global), Layer::GroupPooling];
    assert_mentions(message(gram(&pooled, [2, 4, 1])), &["[n, 3, channels]"]);
    assert_mentions(message(gram(&pooled, [2, 3, 0])), &["signals", "empty"]);
    let points: &[[usize; 2]] = &[];
    assert_mentions(
        message(Definition::new(&torus, points, &pooled)),
        &["points"],
    );
}
