//! Evaluates printed formulas as they stand: every mean as a sum over its set, every kernel by its own line.

use std::cell::RefCell;
use std::collections::HashMap;
use std::f64::consts::PI;

use super::parser::{
    Ast, Block, Equation, canonical_text, is_equation, text_blocks, text_equation,
};
use crate::common::nested_quadrature::{Matrix, gauss_legendre};

/// What a symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Number(f64),
    Signal(usize),
    /// Of a finite group.
    Element(usize),
    /// Of a finite set.
    Member(usize),
    /// A number of an orientation, and a pixel.
    Plane(usize, [i64; 2]),
    Offset([i64; 2]),
    Rotation(Matrix),
    Point([f64; 3]),
}

impl Value {
    pub fn number(self) -> f64 {
        match self {
            Value::Number(value) => value,
            other => panic!("{other:?} is no number"),
        }
    }

    fn key(&self) -> Vec<u64> {
        match self {
            Value::Number(x) => vec![x.to_bits()],
            Value::Signal(i) | Value::Element(i) | Value::Member(i) => vec![*i as u64],
            Value::Plane(turn, [y, x]) => vec![*turn as u64, *y as u64, *x as u64],
            Value::Offset([y, x]) => vec![*y as u64, *x as u64],
            Value::Rotation(r) => r.iter().flatten().map(|x| x.to_bits()).collect(),
            Value::Point(p) => p.iter().map(|x| x.to_bits()).collect(),
        }
    }
}

/// The inputs, and how places are multiplied and enumerated.
pub trait World {
    /// The numbers of an input at a place; a vector has but one place.
    fn values(&self, signal: usize, at: Option<Value>) -> Vec<f64>;

    /// Two symbols side by side.
    fn product(&self, _: Value, _: Value) -> Value {
        panic!("no places")
    }

    /// The members of a set and their shares in a mean, for a variable of this name.
    fn members(&self, _variable: &str, set: &str, _: &Program) -> Vec<(f64, Value)> {
        panic!("no set {set}")
    }

    /// A place as the words of a layer want it; none where all is zero.
    fn located(&self, place: Value, _: &Layer, _: &Program) -> Option<Value> {
        Some(place)
    }

    fn call(&self, name: &str, _: &[Value]) -> Value {
        panic!("no function {name}")
    }
}

/// A block of the text.
pub struct Layer {
    pub label: String,
    pub equations: Vec<Equation>,
    /// All other lines.
    pub words: Vec<String>,
}

pub struct Program {
    pub layers: Vec<Layer>,
    /// Lines of the first block.
    symbols: Vec<String>,
    /// The names of the kernels of the outputs.
    pub outputs: [String; 2],
    memo: RefCell<HashMap<(String, Vec<u64>), f64>>,
}

type Environment = HashMap<String, Value>;

impl Program {
    pub fn new(text: &str) -> Self {
        let blocks = text_blocks(text);
        let [symbols, layers @ .., outputs] = &blocks[..] else {
            panic!("{text}")
        };
        assert_eq!([&symbols.title, &outputs.title], ["Symbols", "Outputs"]);
        let output = |line: usize, name: &str| {
            let kernel = outputs.lines[line].strip_prefix(name).unwrap();
            let end = kernel.find('(').unwrap();
            canonical_text(&kernel[..end])
        };
        Program {
            layers: layers.iter().map(Layer::new).collect(),
            symbols: symbols.lines.clone(),
            outputs: [output(0, "NNGP: "), output(1, "NTK: ")],
            memo: RefCell::default(),
        }
    }

    /// The right side of a line that is no equation, by its left side.
    pub fn definition(&self, name: &str) -> &str {
        let words = self.layers.iter().flat_map(|layer| &layer.words);
        words
            .chain(&self.symbols)
            .filter_map(|line| line.split_once(" = "))
            .find(|(left, _)| canonical_text(left) == name)
            .unwrap_or_else(|| panic!("no definition of {name}"))
            .1
    }

    /// Both kernels of the outputs.
    pub fn kernels(&self, world: &dyn World, arguments: &[Value]) -> [f64; 2] {
        [0, 1].map(|i| self.kernel(world, &self.outputs[i], arguments))
    }

    fn kernel(&self, world: &dyn World, name: &str, arguments: &[Value]) -> f64 {
        let key = (
            name.to_owned(),
            arguments.iter().flat_map(Value::key).collect(),
        );
        if let Some(known) = self.memo.borrow().get(&key) {
            return *known;
        }
        let label = name.split_once('_').unwrap().1;
        let layer = self.layers.iter().find(|layer| layer.label == label);
        let layer = layer.unwrap_or_else(|| panic!("no layer {label}"));
        let value = layer.kernel(self, world, name, arguments);
        self.memo.borrow_mut().insert(key, value);
        value
    }
}

impl Layer {
    fn new(block: &Block) -> Self {
        let title = block.title.strip_prefix("Layer ").unwrap();
        let (equations, words): (Vec<_>, Vec<_>) = block
            .lines
            .iter()
            .cloned()
            .partition(|line| is_equation(line));
        Layer {
            label: title.split_once(':').unwrap().0.into(),
            equations: equations.iter().map(|line| text_equation(line)).collect(),
            words,
        }
    }

    fn kernel(&self, program: &Program, world: &dyn World, name: &str, arguments: &[Value]) -> f64 {
        let mut environment = Environment::new();
        let parameters = self
            .equations
            .iter()
            .find_map(|equation| match &equation.left {
                Ast::Call(left, parameters) if left == name => Some(parameters),
                _ => None,
            });
        let parameters = parameters.unwrap_or_else(|| panic!("no line for {name}"));
        assert_eq!(parameters.len(), arguments.len(), "{name}");
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let Ast::Name(parameter) = parameter else {
                panic!("{parameter:?}")
            };
            environment.insert(parameter.clone(), *argument);
        }
        for equation in &self.equations {
            let evaluate = |environment: &Environment| {
                Evaluation {
                    program,
                    world,
                    layer: self,
                    environment,
                }
                .value(&equation.right)
            };
            match &equation.left {
                Ast::Call(left, _) if left == name => return evaluate(&environment).number(),
                Ast::Call(..) => {}
                Ast::Name(left) if left.ends_with("_j") => {
                    // "for j = 2, …, n"
                    let last = equation.remark.rsplit(' ').next().unwrap();
                    let family = left.strip_suffix('j').unwrap();
                    for j in 2..=last.parse::<i32>().unwrap() {
                        environment.insert("j".into(), Value::Number(f64::from(j)));
                        for back in [1, 2] {
                            let value = environment[&format!("{family}{}", j - back)];
                            environment.insert(format!("{left}-{back}"), value);
                        }
                        let value = evaluate(&environment);
                        environment.insert(format!("{family}{j}"), value);
                    }
                }
                Ast::Name(left) => {
                    let zero = equation.remark == "(0 if q q' = 0)"
                        && ["q", "q'"]
                            .iter()
                            .any(|q| environment[*q] == Value::Number(0.0));
                    let value = if zero {
                        Value::Number(0.0)
                    } else {
                        evaluate(&environment)
                    };
                    environment.insert(left.clone(), value);
                }
                other => panic!("{other:?}"),
            }
        }
        unreachable!("the line of {name} was found above")
    }
}

struct Evaluation<'a> {
    program: &'a Program,
    world: &'a dyn World,
    layer: &'a Layer,
    environment: &'a Environment,
}

impl Evaluation<'_> {
    fn number(&self, tree: &Ast) -> f64 {
        self.value(tree).number()
    }

    fn value(&self, tree: &Ast) -> Value {
        Value::Number(match tree {
            Ast::Number(value) => *value,
            Ast::Name(name) if name == "π" => PI,
            Ast::Name(name) => {
                let found = self.environment.get(name);
                return *found.unwrap_or_else(|| panic!("{name} is not defined"));
            }
            Ast::Negative(inner) => -self.number(inner),
            Ast::Sum(terms) => terms.iter().map(|term| self.number(term)).sum(),
            Ast::Product(factors) => {
                let values: Vec<Value> = factors.iter().map(|factor| self.value(factor)).collect();
                let mut values = values.into_iter();
                let first = values.next().unwrap();
                return values.fold(first, |a, b| match (a, b) {
                    (Value::Number(a), Value::Number(b)) => Value::Number(a * b),
                    (a, b) => self.world.product(a, b),
                });
            }
            Ast::Quotient(above, below) => self.number(above) / self.number(below),
            Ast::Power(base, exponent) => self.number(base).powi(*exponent),
            Ast::Factorial(n) => {
                let n = self.number(n) as u32;
                (1..=n).map(f64::from).product()
            }
            // Rounding may leave a square below zero.
            Ast::Root(inner) => self.number(inner).max(0.0).sqrt(),
            Ast::Dot(a, b) => {
                let (a, b) = (self.values(a), self.values(b));
                a.iter().zip(&b).map(|(a, b)| a * b).sum()
            }
            Ast::Call(name, arguments) => return self.call(name, arguments),
            Ast::Mean(set, inner) => self.mean(set, inner),
        })
    }

    /// The numbers of an input at a place.
    fn values(&self, tree: &Ast) -> Vec<f64> {
        match tree {
            Ast::Name(_) => {
                let Value::Signal(signal) = self.value(tree) else {
                    panic!("{tree:?}")
                };
                self.world.values(signal, None)
            }
            Ast::Call(name, place) => {
                let Some(Value::Signal(signal)) = self.environment.get(name) else {
                    panic!("{tree:?}")
                };
                let place = self
                    .world
                    .located(self.value(&place[0]), self.layer, self.program);
                match place {
                    None => vec![0.0],
                    place => self.world.values(*signal, place),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn call(&self, name: &str, arguments: &[Ast]) -> Value {
        if self.environment.contains_key(name) {
            let [value] = self.values(&Ast::Call(name.into(), arguments.to_vec()))[..] else {
                panic!("several channels in a product")
            };
            return Value::Number(value);
        }
        if name == "E" {
            return Value::Number(self.expectation(&arguments[0]));
        }
        let values: Vec<Value> = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        if name.starts_with("K_") || name.starts_with("Θ_") {
            let mut located = Vec::new();
            for value in values {
                match value {
                    Value::Signal(_) => located.push(value),
                    place => match self.world.located(place, self.layer, self.program) {
                        None => return Value::Number(0.0),
                        Some(place) => located.push(place),
                    },
                }
            }
            return Value::Number(self.program.kernel(self.world, name, &located));
        }
        match &values[..] {
            [Value::Number(x)] => function(name, *x).map(Value::Number),
            [Value::Number(x), Value::Number(y)] => match name {
                "max" => Some(Value::Number(x.max(*y))),
                "min" => Some(Value::Number(x.min(*y))),
                _ => None,
            },
            _ => None,
        }
        .unwrap_or_else(|| self.world.call(name, &values))
    }

    fn mean(&self, set: &str, inner: &Ast) -> f64 {
        let (variables, set) = set.split_once(['∈', '~']).unwrap();
        let mut environment = self.environment.clone();
        let variables: Vec<&str> = variables.split(',').collect();
        let members = self.world.members(variables[0], set, self.program);
        let mut mean = 0.0;
        for (weight, first) in &members {
            environment.insert(variables[0].into(), *first);
            let Some(second_variable) = variables.get(1) else {
                mean += weight * self.within(&environment).number(inner);
                continue;
            };
            for (other_weight, second) in &members {
                environment.insert((*second_variable).into(), *second);
                mean += weight * other_weight * self.within(&environment).number(inner);
            }
        }
        mean
    }

    fn within<'a>(&'a self, environment: &'a Environment) -> Evaluation<'a> {
        Evaluation {
            environment,
            ..*self
        }
    }

    /// The expectation for Gaussian u, v, by a fine product rule.
    fn expectation(&self, inner: &Ast) -> f64 {
        let [q, q2, k] = ["q", "q'", "k"].map(|name| self.environment[name].number());
        let rule = gauss_legendre(60, [-9.0, 9.0]);
        let lower = (q2 - k * k / q).sqrt();
        let mut environment = self.environment.clone();
        let mut sum = 0.0;
        for (a, wa) in &rule {
            for (b, wb) in &rule {
                environment.insert("u".into(), Value::Number(q.sqrt() * a));
                environment.insert("v".into(), Value::Number(k / q.sqrt() * a + lower * b));
                let density = (-0.5 * (a * a + b * b)).exp() / (2.0 * PI);
                sum += wa * wb * density * self.within(&environment).number(inner);
            }
        }
        sum
    }
}

/// Functions of one number by their names in formulas.
fn function(name: &str, x: f64) -> Option<f64> {
    Some(match name {
        // Rounding may take a sine beyond one.
        "asin" => x.clamp(-1.0, 1.0).asin(),
        "exp" => x.exp(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        "abs" => x.abs(),
        "sign" if x == 0.0 => 0.0,
        "sign" => x.signum(),
        "erf" => statrs::function::erf::erf(x),
        "Φ" => 0.5 * statrs::function::erf::erfc(-x / 2f64.sqrt()),
        // The user's own function of the tests.
        "σ" => x.tanh(),
        "σ'" => 1.0 / x.cosh().powi(2),
        _ => {
            let degree = name.strip_prefix("He_")?.parse().ok()?;
            let (mut before, mut last) = (0.0, 1.0);
            for n in 0..degree {
                (before, last) = (last, x * last - f64::from(n) * before);
            }
            last
        }
    })
}

/// A formula of one symbol at a number.
pub fn at(tree: &Ast, symbol: &str, x: f64) -> f64 {
    struct Nowhere;
    impl World for Nowhere {
        fn values(&self, _: usize, _: Option<Value>) -> Vec<f64> {
            panic!("no inputs")
        }
        fn call(&self, name: &str, arguments: &[Value]) -> Value {
            let degree = arguments[0].number();
            panic!("{name}({degree})")
        }
    }
    let layer = Layer {
        label: String::new(),
        equations: Vec::new(),
        words: Vec::new(),
    };
    let program = Program {
        layers: Vec::new(),
        symbols: Vec::new(),
        outputs: Default::default(),
        memo: RefCell::default(),
    };
    let environment = Environment::from([(symbol.into(), Value::Number(x))]);
    let evaluation = Evaluation {
        program: &program,
        world: &Nowhere,
        layer: &layer,
        environment: &environment,
    };
    evaluation.number(tree)
}
