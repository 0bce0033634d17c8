//! The places at which features are compared: their symbols, and the sets that filters and poolings take means over.

use super::Item;
use crate::activation::Line;
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::group::PointGroup;
use crate::network::{Filter, GroupName, InputSpace, Layer, Network, Padding, ZonalProfile};

/// Where the features after some layers live.
#[derive(Debug, Clone)]
pub(super) enum Places {
    /// At no place.
    Pooled,
    /// On a group, with its symbol.
    Group(Symbol),
    /// On the sphere.
    Sphere,
}

/// The space of the inputs, in symbols.
#[derive(Debug, Clone)]
pub(super) struct Space<'a> {
    input: &'a InputSpace,
    /// The point group, on the plane.
    group: PointGroup,
    pub(super) places: Places,
    /// The first row and column of the features on the plane, and how many there are.
    pixels: [(usize, usize); 2],
}

/// The mean over a filter.
pub(super) struct FilterMean {
    pub(super) over: Symbol,
    /// Lines that say what it is.
    pub(super) items: Vec<Item>,
}

pub(super) fn plain(text: impl Into<String>, latex: impl Into<String>) -> Item {
    Item::Words(None, Symbol::new(text, latex))
}

/// A symbol, and words without formulas.
fn explained(symbol: Symbol, text: &str) -> Item {
    Item::Words(Some(symbol), Symbol::new(text, words(text)))
}

fn equal(left: Symbol, right: Symbol) -> Item {
    Item::Equation(Line::new(left, right))
}

impl<'a> Space<'a> {
    pub(super) fn new(network: &'a Network) -> Self {
        let input = network.input();
        let mut group = PointGroup::C1;
        if let Some(Layer::Lifting {
            group: GroupName::Plane(given),
            ..
        }) = network.layers().first()
        {
            group = *given;
        }
        let pixels = match *input {
            InputSpace::Plane { height, width, .. } => [(0, height), (0, width)],
            _ => [(0, 1); 2],
        };
        let places = match input {
            InputSpace::Vector { .. } => Places::Pooled,
            InputSpace::Sphere { .. } => Places::Group(Symbol::new("SO(3)", r"\mathrm{SO}(3)")),
            _ => Places::Group(Symbol::plain("G")),
        };
        Space {
            input,
            group,
            places,
            pixels,
        }
    }

    /// The symbols of the two inputs.
    pub(super) fn inputs(&self) -> [&'static str; 2] {
        match self.input {
            InputSpace::Vector { .. } => ["x", "x'"],
            _ => ["f", "f'"],
        }
    }

    /// The symbols of the two places.
    pub(super) fn at(&self) -> Option<[Symbol; 2]> {
        match self.places {
            Places::Pooled => None,
            Places::Group(_) => Some(["g", "g'"].map(Symbol::plain)),
            Places::Sphere => Some(["y", "y'"].map(Symbol::plain)),
        }
    }

    /// The product of two inputs where a filter of the first layer looks, and the number of entries that it sums over.
    pub(super) fn product(&self) -> (Expression, f64) {
        let (text, latex, count) = match self.input {
            InputSpace::Vector { dimension } => ("x·x'", r"x \cdot x'", *dimension),
            InputSpace::Sphere { channels, .. }
            | InputSpace::Plane { channels, .. }
            | InputSpace::Finite { channels, .. } => match channels {
                1 => ("f(g x) f'(g' x)", r"f(g \, x) \, f'(g' \, x)", 1),
                _ => ("f(g x)·f'(g' x)", r"f(g \, x) \cdot f'(g' \, x)", *channels),
            },
        };
        (Expression::symbol(text, latex), count as f64)
    }

    /// The symbols of inputs and places.
    pub(super) fn introduction(&self) -> Vec<Item> {
        let inputs = Symbol::plain(&self.inputs().join(", "));
        let values = |channels: &usize, place: &str| match channels {
            1 => format!("1 number per {place}"),
            _ => format!("{channels} numbers per {place}"),
        };
        let elements = || Symbol::plain("g, g'");
        match self.input {
            InputSpace::Vector { dimension: 1 } => {
                vec![explained(inputs, "inputs, vectors of 1 number")]
            }
            InputSpace::Vector { dimension } => {
                vec![explained(
                    inputs,
                    &format!("inputs, vectors of {dimension} numbers"),
                )]
            }
            InputSpace::Sphere { channels, .. } => vec![
                explained(
                    inputs,
                    &format!(
                        "inputs, functions on the sphere with {}",
                        values(channels, "point")
                    ),
                ),
                explained(elements(), "rotations"),
                explained(Symbol::plain("n"), "the north pole"),
            ],
            InputSpace::Plane {
                height,
                width,
                channels,
            } => {
                vec![
                    explained(
                        inputs,
                        &format!(
                            "inputs, images of {height} by {width} pixels with {}",
                            values(channels, "pixel")
                        ),
                    ),
                    equal(Symbol::plain("G"), self.pixels_of_group()),
                    Item::Words(
                        Some(Symbol::new(
                            "g = (ρ, t), g' = (ρ', t')",
                            r"g = (\rho, t), \; g' = (\rho', t')",
                        )),
                        Symbol::new(
                            "elements of G, an orientation and a pixel (row, column)",
                            words("elements of G, an orientation and a pixel (row, column)"),
                        ),
                    ),
                    Item::Equation(
                        Line::new(
                            Symbol::new("g x", r"g \, x"),
                            Expression::from("t") + Expression::symbol("ρ x", r"\rho \, x"),
                        )
                        .with_remark(Symbol::new(
                            "for an offset x of pixels",
                            r"\text{for an offset } x \text{ of pixels}",
                        )),
                    ),
                    Item::Equation(
                        Line::new(
                            Symbol::new("g h", r"g \, h"),
                            Symbol::new("(ρ τ, t + ρ x)", r"(\rho \, \tau, t + \rho \, x)"),
                        )
                        .with_remark(Symbol::new("for h = (τ, x)", r"\text{for } h = (\tau, x)")),
                    ),
                ]
            }
            InputSpace::Finite { action, channels } => vec![
                explained(
                    inputs,
                    &format!(
                        "inputs, functions on {} points with {}",
                        action.points(),
                        values(channels, "point")
                    ),
                ),
                numbered("X", action.points(), "points"),
                numbered("G", action.order(), "elements of the group"),
                explained(elements(), "elements of G"),
            ],
        }
    }

    /// The mean over a filter, which may leave fewer pixels.
    ///
    /// # Arguments
    /// * `label` — of the layer
    /// * `before` — of the layer before; none for the first one
    pub(super) fn filter(
        &mut self,
        filter: &Filter,
        label: &str,
        before: Option<&str>,
    ) -> FilterMean {
        let variable = if before.is_none() { "x" } else { "h" };
        let set = Symbol::indexed(&Symbol::plain("S"), label);
        let whole = match (self.input, before) {
            (InputSpace::Sphere { .. }, None) => Symbol::new("S²", "S^2"),
            (InputSpace::Sphere { .. }, Some(_)) => Symbol::new("SO(3)", r"\mathrm{SO}(3)"),
            (_, None) => Symbol::plain("X"),
            _ => Symbol::plain("G"),
        };
        let element = |set: &Symbol| member(variable, set);
        // What a zonal filter weighs by.
        let angle = match before {
            None => Symbol::new("angle(x, n)", r"\operatorname{angle}(x, n)"),
            Some(_) => Symbol::new("angle(h n, n)", r"\operatorname{angle}(h \, n, n)"),
        };
        match filter {
            Filter::Zonal(profile) => zonal(profile, label, variable, &whole, &angle),
            Filter::Subset(numbers) => FilterMean {
                over: element(&set),
                items: vec![equal(set, listed(numbers))],
            },
            Filter::Window {
                height,
                width,
                padding,
            } => {
                let offsets = [height, width].map(|edge| ((edge / 2) as i64, edge));
                let [rows, columns] = offsets.map(|(half, _)| numbers(-half, half));
                let mut items = vec![equal(set.clone(), self.with_group(before, &rows, &columns))];
                match padding {
                    Padding::Circular => items.push(self.modulo()),
                    Padding::Same if (*height, *width) != (1, 1) => items.push(self.zeros(before)),
                    Padding::Same => {}
                    Padding::Valid => self.shrink([*height, *width], label, &mut items),
                }
                FilterMean {
                    over: element(&set),
                    items,
                }
            }
            Filter::Global => match self.input {
                InputSpace::Plane { height, width, .. } => {
                    let [rows, columns] = [height, width].map(|size| numbers(0, *size as i64 - 1));
                    FilterMean {
                        over: element(&set),
                        items: vec![
                            equal(set, self.with_group(before, &rows, &columns)),
                            self.modulo(),
                        ],
                    }
                }
                _ => FilterMean {
                    over: element(&whole),
                    items: Vec::new(),
                },
            },
        }
    }

    /// Orientations, after the first layer, and offsets.
    fn with_group(&self, before: Option<&str>, rows: &Symbol, columns: &Symbol) -> Symbol {
        let pixels = times(rows, columns);
        match before {
            None => pixels,
            Some(_) => times(&self.orientations(), &pixels),
        }
    }

    fn orientations(&self) -> Symbol {
        let name = self.group.to_string();
        let latex = format!("{}_{{{}}}", &name[..1], &name[1..]);
        Symbol::new(name, latex)
    }

    /// The elements of the group at which there are features.
    fn pixels_of_group(&self) -> Symbol {
        let [rows, columns] = self.pixels.map(|(first, count)| {
            let first = first as i64;
            numbers(first, first + count as i64 - 1)
        });
        times(&self.orientations(), &times(&rows, &columns))
    }

    fn modulo(&self) -> Item {
        let [height, width] = self.pixels.map(|(_, count)| count);
        let said = format!("rows modulo {height}, columns modulo {width}");
        plain(said.clone(), words(&said))
    }

    /// What lies beyond the edge.
    fn zeros(&self, before: Option<&str>) -> Item {
        match before {
            None => plain(
                "f = f' = 0 outside the image",
                r"f = f' = 0 \text{ outside the image}",
            ),
            Some(before) => {
                let [k, theta] = super::layers::names().map(|name| Symbol::indexed(&name, before));
                let Places::Group(group) = &self.places else {
                    unreachable!("a convolution is over a group")
                };
                plain(
                    format!("{} = {} = 0 outside {}", k.text, theta.text, group.text),
                    format!(
                        r"{} = {} = 0 \text{{ outside }} {}",
                        k.latex, theta.latex, group.latex
                    ),
                )
            }
        }
    }

    /// The pixels whose windows are inside.
    fn shrink(&mut self, window: [usize; 2], label: &str, items: &mut Vec<Item>) {
        if window == [1, 1] {
            return;
        }
        for ((first, count), edge) in self.pixels.iter_mut().zip(window) {
            *first += edge / 2;
            *count -= edge - 1;
        }
        let group = Symbol::indexed(&Symbol::plain("G"), label);
        items.push(equal(group.clone(), self.pixels_of_group()));
        self.places = Places::Group(group);
    }
}

/// `x ∈ S`
pub(super) fn member(variable: &str, set: &Symbol) -> Symbol {
    Symbol::new(
        format!("{variable} ∈ {}", set.text),
        format!(r"{variable} \in {}", set.latex),
    )
}

fn times(first: &Symbol, second: &Symbol) -> Symbol {
    Symbol::new(
        format!("{} × {}", first.text, second.text),
        format!(r"{} \times {}", first.latex, second.latex),
    )
}

/// A set whose members have numbers.
fn numbered(name: &str, count: usize, members: &str) -> Item {
    let said = format!("the {members}, by number");
    let remark = Symbol::new(said.clone(), words(&said));
    let set = numbers(0, count as i64 - 1);
    Item::Equation(Line::new(Symbol::plain(name), set).with_remark(remark))
}

/// Consecutive whole numbers.
fn numbers(first: i64, last: i64) -> Symbol {
    let (shown, dots): (Vec<i64>, _) = match last - first {
        ..=2 => ((first..=last).collect(), false),
        _ => (vec![first, last], true),
    };
    let shown: Vec<_> = shown
        .iter()
        .map(|n| n.to_string().replace('-', "−"))
        .collect();
    let text = shown.join(if dots { ", …, " } else { ", " });
    let latex = shown
        .join(if dots { r", \dots, " } else { ", " })
        .replace('−', "-");
    Symbol::new(format!("{{{text}}}"), format!(r"\{{{latex}\}}"))
}

fn listed(numbers: &[usize]) -> Symbol {
    let numbers: Vec<_> = numbers.iter().map(usize::to_string).collect();
    let numbers = numbers.join(", ");
    Symbol::new(format!("{{{numbers}}}"), format!(r"\{{{numbers}\}}"))
}

/// The mean over a filter that weighs by an angle.
fn zonal(
    profile: &ZonalProfile,
    label: &str,
    variable: &str,
    whole: &Symbol,
    angle: &Symbol,
) -> FilterMean {
    let set = Symbol::indexed(&Symbol::plain("S"), label);
    let supported = |[text, latex]: [String; 2]| FilterMean {
        over: member(variable, &set),
        items: vec![equal(
            set.clone(),
            Symbol::new(
                format!("{{{} : {text}}}", member(variable, whole).text),
                format!(r"\{{{} : {latex}\}}", member(variable, whole).latex),
            ),
        )],
    };
    let density = Symbol::indexed(&Symbol::plain("p"), label);
    let weighted = |right: Expression, mut items: Vec<Item>| {
        let left = Symbol::new(
            format!("{}(θ)", density.text),
            format!(r"{}(\theta)", density.latex),
        );
        let remark = Symbol::new(
            format!("scaled to mass 1, for θ = {}", angle.text),
            format!(r"\text{{scaled to mass 1, for }} \theta = {}", angle.latex),
        );
        items.push(Item::Equation(Line::new(left, right).with_remark(remark)));
        FilterMean {
            over: Symbol::new(
                format!("{variable} ~ {}", density.text),
                format!(r"{variable} \sim {}", density.latex),
            ),
            items,
        }
    };
    let theta = || Expression::symbol("θ", r"\theta");
    match profile {
        ZonalProfile::Cap { angle: rim } => {
            let rim = Expression::from(*rim);
            supported([
                format!("{} ≤ {rim}", angle.text),
                format!(r"{} \le {}", angle.latex, rim.to_latex()),
            ])
        }
        ZonalProfile::Ring { inner, outer } => {
            let [inner, outer] = [*inner, *outer].map(Expression::from);
            supported([
                format!("{inner} ≤ {} ≤ {outer}", angle.text),
                format!(
                    r"{} \le {} \le {}",
                    inner.to_latex(),
                    angle.latex,
                    outer.to_latex()
                ),
            ])
        }
        ZonalProfile::Gaussian { width } => {
            let square = (theta() / *width).power(2);
            weighted(Expression::call("exp", [0.0 - square / 2.0]), Vec::new())
        }
        ZonalProfile::Heat { time } => {
            let time = Expression::from(*time);
            let text = format!("Σ[l ≥ 0] (2 l + 1) exp(−{time} l (l + 1)) P_l(cos(θ))");
            let latex = format!(
                r"\sum_{{l \ge 0}} (2 l + 1) \exp\left( -{} \, l \, (l + 1) \right) P_l(\cos \theta)",
                time.to_latex()
            );
            weighted(Expression::symbol(&text, &latex), Vec::new())
        }
        ZonalProfile::Legendre(multipliers) => {
            let count = multipliers.len();
            let text = format!("Σ[l < {count}] (2 l + 1) a_l P_l(cos(θ))");
            let latex = format!(r"\sum_{{l < {count}}} (2 l + 1) \, a_l \, P_l(\cos \theta)");
            let listed = |write: fn(&Expression) -> String| {
                let numbers: Vec<_> = multipliers
                    .iter()
                    .map(|a| write(&Expression::from(*a)))
                    .collect();
                format!("({})", numbers.join(", "))
            };
            let given = Symbol::new(listed(ToString::to_string), listed(Expression::to_latex));
            let items = vec![equal(
                Symbol::new("(a_0, a_1, …)", r"(a_0, a_1, \dots)"),
                given,
            )];
            weighted(Expression::symbol(&text, &latex), items)
        }
    }
}
