//! For whom: whoever has data with a symmetry that the crate does not list.
//! What: kernels of infinitely wide group-convolutional networks on a hexagonal lattice, whose group has sixth turns: the
//! group is written down here, as four short functions and an action, and nothing else is asked for.
//! Run: `cargo run --release --example bring_your_own_group`
//! Expect: the kernels by their definition and those of the fast engine, equal to rounding, and the same for an input
//! that is turned by 60° and moved.

use haarmonic::activation::Activation;
use haarmonic::group::{Action, FiniteAction, FiniteGroup, Group};
use haarmonic::kernel::{Definition, Kernel};
use haarmonic::network::{Filter, Init, Network};
use ndarray::Array3;

/// Sixth turns and translations of a hexagonal lattice, periodic after N steps along two axes 60° apart.
struct Hexagonal;
const N: i64 = 4;

/// A lattice point: steps along the two axes.
type Point = [i64; 2];

fn number([a, b]: Point) -> usize {
    (a * N + b) as usize
}

/// First the sixth turns, then the translation.
type Motion = (usize, Point);

/// The first axis turns into the second, the second into the second less the first.
fn turn(sixths: usize, point: Point) -> Point {
    (0..sixths % 6).fold(point, |[a, b], _| [-b, a + b])
}

impl Group for Hexagonal {
    type Element = Motion;
    fn identity(&self) -> Motion {
        (0, [0, 0])
    }
    fn compose(&self, g: &Motion, h: &Motion) -> Motion {
        ((g.0 + h.0) % 6, self.act(g, &h.1))
    }
    fn inverse(&self, &(sixths, t): &Motion) -> Motion {
        let back = turn(6 - sixths, t);
        ((6 - sixths) % 6, back.map(|a| (-a).rem_euclid(N)))
    }
}

impl Action<Point> for Hexagonal {
    fn act(&self, &(sixths, t): &Motion, &x: &Point) -> Point {
        let [a, b] = turn(sixths, x);
        [(a + t[0]).rem_euclid(N), (b + t[1]).rem_euclid(N)]
    }
}

impl FiniteGroup for Hexagonal {
    fn order(&self) -> usize {
        (6 * N * N) as usize
    }
    fn element(&self, i: usize) -> Motion {
        let t = i as i64 / 6 % (N * N);
        (i % 6, [t / N, t % N])
    }
    fn index_of(&self, &(sixths, t): &Motion) -> usize {
        6 * number(t) + sixths
    }
}

fn main() -> haarmonic::Result<()> {
    let points: Vec<Point> = (0..N * N).map(|x| [x / N, x % N]).collect();
    // Tabulating the group proves that it is one, and that it acts.
    let action = FiniteAction::from_action(&Hexagonal, &points)?;

    // Filters cover a point and its six neighbours; over the group, in all six orientations.
    let neighbour = |sixths| Hexagonal.act(&(sixths, [0, 0]), &[1, 0]);
    let disc: Vec<usize> = [[0, 0]]
        .into_iter()
        .chain((0..6).map(neighbour))
        .map(number)
        .collect();
    let elements: Vec<usize> = disc.iter().flat_map(|t| 6 * t..6 * t + 6).collect();
    let init = Init::new(1.3, 0.2);
    let network = Network::finite(action, 1)
        .lifting(Filter::subset(&disc), init)
        .activation(Activation::Gelu)
        .group_convolution(Filter::subset(&elements), init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(init)
        .build()?;

    // Two inputs, and the first one again, turned and moved: (g f)(x) = f(g⁻¹ x).
    let g = (1, [2, 3]);
    let mut signals = Array3::from_shape_fn((3, points.len(), 1), |(i, x, _)| {
        ((7 * i + x * x) as f64).sin()
    });
    for (x, point) in points.iter().enumerate() {
        let back = Hexagonal.act(&Hexagonal.inverse(&g), point);
        signals[[2, x, 0]] = signals[[0, number(back), 0]];
    }
    let definition =
        Definition::new(&Hexagonal, &points, network.layers())?.gram(signals.view())?;
    let fast = Kernel::new(&network)?.gram(signals.view())?;
    println!(
        "NTK by definition\n{:.12}\nfast\n{:.12}",
        definition.ntk, fast.ntk
    );
    assert!(
        (&definition.ntk - &fast.ntk)
            .iter()
            .all(|error| error.abs() < 1e-12)
    );
    assert!(
        (&definition.nngp - &fast.nngp)
            .iter()
            .all(|error| error.abs() < 1e-12)
    );
    let turned = &definition.ntk.row(2) - &definition.ntk.row(0);
    assert!(turned.iter().take(2).all(|error| error.abs() < 1e-12));
    Ok(())
}
