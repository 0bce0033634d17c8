//! Vectors, finite groups, images and the sphere, as printed formulas need them.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use super::evaluate::{Layer, Program, Value, World, at};
use super::parser::text_expression;
use crate::common::nested_quadrature::{
    Matrix, Profile, Signal, gauss_legendre, haar, pole, product, zyz,
};
use haarmonic::group::{FiniteAction, PlanarSymmetry};
use ndarray::{ArrayView1, ArrayView2, ArrayView3};

pub struct Vectors<'a>(pub [ArrayView1<'a, f64>; 2]);

impl World for Vectors<'_> {
    fn values(&self, signal: usize, _: Option<Value>) -> Vec<f64> {
        self.0[signal].to_vec()
    }
}

/// Each member with the same share.
fn uniform(members: Vec<Value>) -> Vec<(f64, Value)> {
    let share = 1.0 / members.len() as f64;
    members.into_iter().map(|member| (share, member)).collect()
}

/// The numbers of `{0, 1}`, `{0, …, 27}` or `{−1.5, −0.5, …, 1.5}`, doubled.
fn doubled(set: &str) -> Vec<i64> {
    let inner = set.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let inner = inner.replace('−', "-");
    let read = |text: &str| (2.0 * text.parse::<f64>().unwrap()) as i64;
    let list = |text: &str| text.split(", ").map(read).collect::<Vec<_>>();
    match inner.split_once(", …, ") {
        Some((first, last)) => {
            let first = list(first);
            let step = first.get(1).map_or(2, |second| second - first[0]);
            (first[0]..=read(last)).step_by(step as usize).collect()
        }
        None => list(&inner),
    }
}

/// Whole numbers.
fn numbers(set: &str) -> Vec<i64> {
    doubled(set).into_iter().map(|twice| twice / 2).collect()
}

pub struct Finite<'a> {
    pub action: Arc<FiniteAction>,
    pub signals: [ArrayView2<'a, f64>; 2],
}

impl World for Finite<'_> {
    fn values(&self, signal: usize, at: Option<Value>) -> Vec<f64> {
        let Some(Value::Member(x)) = at else {
            panic!("{at:?}")
        };
        self.signals[signal].row(x).to_vec()
    }

    fn product(&self, g: Value, x: Value) -> Value {
        match (g, x) {
            (Value::Element(g), Value::Element(h)) => {
                Value::Element(self.action.group().product(g, h))
            }
            (Value::Element(g), Value::Member(x)) => Value::Member(self.action.image(g, x)),
            other => panic!("{other:?}"),
        }
    }

    fn members(&self, variable: &str, set: &str, program: &Program) -> Vec<(f64, Value)> {
        let numbers = numbers(program.definition(set).split("  ").next().unwrap());
        let value = |n: i64| match variable {
            "x" => Value::Member(n as usize),
            _ => Value::Element(n as usize),
        };
        uniform(numbers.into_iter().map(value).collect())
    }
}

/// Pixels and offsets are doubled: the centre of an even window lies between two pixels.
pub struct Images<'a> {
    pub elements: &'static [PlanarSymmetry],
    pub signals: [ArrayView3<'a, f64>; 2],
}

impl Images<'_> {
    fn moved(&self, turn: usize, [y, x]: [i64; 2], [dy, dx]: [i64; 2]) -> [i64; 2] {
        let (dy, dx) = self.elements[turn].displacement(dy as isize, dx as isize);
        [y + dy as i64, x + dx as i64]
    }
}

impl World for Images<'_> {
    fn values(&self, signal: usize, at: Option<Value>) -> Vec<f64> {
        let Some(Value::Offset([y, x])) = at else {
            panic!("{at:?}")
        };
        let pixels = self.signals[signal];
        (0..pixels.dim().2)
            .map(|c| pixels[[y as usize / 2, x as usize / 2, c]])
            .collect()
    }

    fn product(&self, g: Value, h: Value) -> Value {
        match (g, h) {
            (Value::Plane(turn, at), Value::Offset(offset)) => {
                Value::Offset(self.moved(turn, at, offset))
            }
            (Value::Plane(first, at), Value::Plane(second, offset)) => {
                let both = self.elements[first].compose(self.elements[second]);
                let both = self.elements.iter().position(|e| *e == both).unwrap();
                Value::Plane(both, self.moved(first, at, offset))
            }
            other => panic!("{other:?}"),
        }
    }

    /// `C4 × {0, 1, 2} × {0, 1, 2}`, or offsets without orientations.
    fn members(&self, variable: &str, set: &str, program: &Program) -> Vec<(f64, Value)> {
        let definition = program.definition(set).split("  ").next().unwrap();
        let factors: Vec<&str> = definition.split(" × ").collect();
        let [rows, columns] = [2, 1].map(|back| doubled(factors[factors.len() - back]));
        assert_eq!(variable == "x", factors.len() == 2, "{factors:?}");
        // The first element of a point group is its identity.
        let turns = match factors.len() {
            3 if factors[0] != "{1}" => self.elements.len(),
            _ => 1,
        };
        let mut members = Vec::new();
        for turn in 0..turns {
            for y in &rows {
                for x in &columns {
                    members.push(match factors.len() {
                        2 => Value::Offset([*y, *x]),
                        _ => Value::Plane(turn, [*y, *x]),
                    });
                }
            }
        }
        uniform(members)
    }

    fn located(&self, place: Value, layer: &Layer, program: &Program) -> Option<Value> {
        let (turn, mut at) = match place {
            Value::Offset(at) => (None, at),
            Value::Plane(turn, at) => (Some(turn), at),
            other => panic!("{other:?}"),
        };
        let (height, width, _) = self.signals[0].dim();
        let image = [(0, 2 * height as i64 - 2), (0, 2 * width as i64 - 2)];
        for words in &layer.words {
            if let Some(moduli) = words.strip_prefix("rows modulo ") {
                let (rows, columns) = moduli.split_once(", columns modulo ").unwrap();
                for (at, modulus) in at.iter_mut().zip([rows, columns]) {
                    *at = at.rem_euclid(2 * modulus.parse::<i64>().unwrap());
                }
            } else if let Some((_, set)) = words.split_once("= 0 outside ") {
                let ranges = match set {
                    "the image" => image,
                    set => {
                        let set = super::parser::canonical_text(set);
                        let factors: Vec<&str> = program.definition(&set).split(" × ").collect();
                        [1, 2].map(|i| {
                            let range = doubled(factors[i]);
                            (range[0], *range.last().unwrap())
                        })
                    }
                };
                let inside = |(at, (first, last)): (&i64, (i64, i64))| (first..=last).contains(at);
                if !at.iter().zip(ranges).all(inside) {
                    return None;
                }
            }
        }
        Some(match turn {
            None => Value::Offset(at),
            Some(turn) => Value::Plane(turn, at),
        })
    }
}

/// Signals on the sphere. Means are quadratures with the given numbers of nodes.
pub struct Sphere {
    pub signals: [Signal; 2],
    /// Rings and longitudes of filters.
    pub nodes: [usize; 2],
    /// Limit of the rule over all rotations.
    pub haar: usize,
}

impl World for Sphere {
    fn values(&self, signal: usize, at: Option<Value>) -> Vec<f64> {
        let Some(Value::Point(x)) = at else {
            panic!("{at:?}")
        };
        self.signals[signal].values(x).collect()
    }

    fn product(&self, g: Value, h: Value) -> Value {
        match (g, h) {
            (Value::Rotation(g), Value::Rotation(h)) => Value::Rotation(product(&g, &h)),
            (Value::Rotation(g), Value::Point(x)) => Value::Point(std::array::from_fn(|i| {
                (0..3).map(|j| g[i][j] * x[j]).sum()
            })),
            other => panic!("{other:?}"),
        }
    }

    fn members(&self, variable: &str, set: &str, program: &Program) -> Vec<(f64, Value)> {
        // A rule for rotations; on the sphere, where they take the pole.
        let [rings, longitudes] = self.nodes;
        let rule: Vec<(Matrix, f64)> = match set {
            "[0,2π]" => {
                return uniform(
                    (0..longitudes)
                        .map(|k| Value::Number(TAU * k as f64 / longitudes as f64))
                        .collect(),
                );
            }
            "SO(3)" if variable == "g" => haar(self.haar, 2 * self.haar - 1),
            "SO(3)" | "S^2" => Profile::cap(PI).rule(self.nodes),
            _ if set.starts_with('S') => {
                // "{x ∈ S² : 0.2 ≤ angle(x, n) ≤ 0.9}"
                let (head, bounds) = program.definition(set).split_once(" : ").unwrap();
                let angle = match variable {
                    "x" => "angle(x, n)",
                    _ => "angle(h n, n)",
                };
                assert!(head.ends_with(if variable == "x" {
                    "x ∈ S²"
                } else {
                    "h ∈ SO(3)"
                }));
                let (inner, outer) = bounds.strip_suffix('}').unwrap().split_once(angle).unwrap();
                let inner = inner
                    .strip_suffix(" ≤ ")
                    .map_or(0.0, |inner| inner.parse().unwrap());
                let outer = outer.strip_prefix(" ≤ ").unwrap().parse().unwrap();
                Profile::Ring(inner, outer).rule(self.nodes)
            }
            _ => {
                let line = program.definition(&format!("{set}(θ)"));
                let (density, remark) = line.split_once("  ").unwrap();
                let angle = if variable == "x" {
                    "angle(x, n)"
                } else {
                    "angle(h n, n)"
                };
                assert_eq!(remark, format!("scaled to mass 1, for θ = {angle}"));
                let nodes = gauss_legendre(rings, [0.0, PI]);
                let weigh = |(theta, w): &(f64, f64)| {
                    w * theta.sin() * density_at(density, *theta, program)
                };
                let weights: Vec<f64> = nodes.iter().map(weigh).collect();
                let mass: f64 = weights.iter().sum();
                let mut rule = Vec::new();
                for ((theta, _), weight) in nodes.iter().zip(weights) {
                    for k in 0..longitudes {
                        let phi = TAU * k as f64 / longitudes as f64;
                        let h = zyz([phi, *theta, 2.4 * rule.len() as f64]);
                        rule.push((h, weight / mass / longitudes as f64));
                    }
                }
                rule
            }
        };
        let place = |r: Matrix| match variable {
            "x" | "y" => Value::Point(pole(&r)),
            _ => Value::Rotation(r),
        };
        rule.into_iter()
            .map(|(r, weight)| (weight, place(r)))
            .collect()
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Value {
        Value::Rotation(match (name, arguments) {
            ("r", [Value::Point([x, y, z])]) => zyz([y.atan2(*x), x.hypot(*y).atan2(*z), 0.0]),
            ("z", [Value::Number(gamma)]) => zyz([*gamma, 0.0, 0.0]),
            other => panic!("{other:?}"),
        })
    }
}

/// A density as printed: a formula in θ, or a sum over degrees.
fn density_at(density: &str, theta: f64, program: &Program) -> f64 {
    let Some((count, term)) = density
        .split_once("] ")
        .filter(|(count, _)| count.starts_with('Σ'))
    else {
        return at(&text_expression(density), "θ", theta);
    };
    let multipliers: Vec<f64> = match count {
        // exp(−t l (l + 1)) is zero long before.
        "Σ[l ≥ 0" => {
            let body = term
                .strip_prefix("(2 l + 1) ")
                .unwrap()
                .strip_suffix(" P_l(cos(θ))")
                .unwrap();
            let tree = text_expression(body);
            (0..60).map(|l| at(&tree, "l", f64::from(l))).collect()
        }
        _ => {
            assert_eq!(term, "(2 l + 1) a_l P_l(cos(θ))");
            let list = program.definition("(a_0,a_1,…)");
            let list = list.strip_prefix('(').unwrap().strip_suffix(')').unwrap();
            let list: Vec<f64> = list
                .split(", ")
                .map(|a| a.replace('−', "-").parse().unwrap())
                .collect();
            assert_eq!(count, format!("Σ[l < {}", list.len()));
            list
        }
    };
    let z = theta.cos();
    let (mut before, mut legendre, mut sum) = (0.0, 1.0, 0.0);
    for (l, a) in multipliers.iter().enumerate() {
        let l = l as f64;
        sum += (2.0 * l + 1.0) * a * legendre;
        (before, legendre) = (
            legendre,
            ((2.0 * l + 1.0) * z * legendre - l * before) / (l + 1.0),
        );
    }
    sum
}
