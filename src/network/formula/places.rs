//! The inputs and the places at which features are compared, in symbols.

use super::items::{Item, equal, explained, numbered, spaced, times};
use crate::activation::Line;
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::group::PointGroup;
use crate::network::{GroupName, InputSpace, Layer, Network};

/// Where the features after some layers live.
#[derive(Debug, Clone)]
pub(super) enum Places {
    /// At no place.
    Pooled,
    /// On a group, with its symbol.
    Group(Symbol),
    /// On the sphere.
    Sphere,
    /// On the nodes of a graph.
    Nodes,
}

/// The space of the inputs, in symbols.
#[derive(Debug, Clone)]
pub(super) struct Space<'a> {
    pub(super) input: &'a InputSpace,
    /// The point group, on the plane.
    group: PointGroup,
    pub(super) places: Places,
    /// The rows and columns of the features on the plane.
    pub(super) pixels: [Pixels; 2],
}

/// Rows or columns of features, in the pixels of the image: the centres of the windows on which they depend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pixels {
    /// Twice the first one; the centre of an even window lies between two pixels.
    pub(super) twice_first: i64,
    /// The distance from one to the next.
    pub(super) spacing: i64,
    pub(super) count: usize,
}

impl Pixels {
    fn first(count: usize) -> Self {
        Pixels {
            twice_first: 0,
            spacing: 1,
            count,
        }
    }
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
            InputSpace::Plane { height, width, .. } => [height, width].map(Pixels::first),
            _ => [Pixels::first(1); 2],
        };
        let places = match input {
            InputSpace::Vector { .. } => Places::Pooled,
            InputSpace::Sphere { .. } => Places::Group(Symbol::new("SO(3)", r"\mathrm{SO}(3)")),
            InputSpace::Graph { .. } | InputSpace::Molecule { .. } => Places::Nodes,
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
            InputSpace::Vector { .. } | InputSpace::Graph { .. } | InputSpace::Molecule { .. } => {
                ["x", "x'"]
            }
            _ => ["f", "f'"],
        }
    }

    /// The symbols of the two places.
    pub(super) fn at(&self) -> Option<[Symbol; 2]> {
        match self.places {
            Places::Pooled => None,
            Places::Group(_) => Some(["g", "g'"].map(Symbol::plain)),
            Places::Sphere => Some(["y", "y'"].map(Symbol::plain)),
            Places::Nodes => Some(["i", "j"].map(Symbol::plain)),
        }
    }

    /// The product of two inputs where a filter of the first layer looks, and the number of entries that it sums over.
    pub(super) fn product(&self) -> (Expression, f64) {
        let (text, latex, count) = match self.input {
            InputSpace::Vector { dimension } => ("x·x'", r"x \cdot x'", *dimension),
            InputSpace::Graph { channels, .. } => ("x_i·x'_j", r"x_i \cdot x'_j", *channels),
            InputSpace::Molecule { .. } => ("δ(z_i, z'_j)", r"\delta_{z_i z'_j}", 1),
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
            InputSpace::Vector { dimension } => {
                let plural = if *dimension == 1 { "" } else { "s" };
                let said = format!("inputs, vectors of {dimension} number{plural}");
                vec![explained(inputs, &said)]
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
            InputSpace::Graph {
                channels,
                relations,
            } => {
                let edges = format!("weights of the edges, {relations} relation(s)");
                vec![
                    explained(
                        inputs,
                        &format!("inputs, graphs with {}", values(channels, "node")),
                    ),
                    explained(Symbol::plain("i, j"), "nodes of the two graphs"),
                    explained(Symbol::plain("w, w'"), &edges),
                ]
            }
            InputSpace::Molecule { .. } => {
                let kernels = "up to the group pooling, kernels are functions of the relative rotation r too, and variances are taken at r = e";
                vec![
                    explained(inputs, "inputs, molecules with elements z and z'"),
                    explained(Symbol::plain("i, j"), "atoms of the two molecules"),
                    Item::Words(None, Symbol::new(kernels, words(kernels))),
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

    pub(super) fn orientations(&self) -> Symbol {
        let name = self.group.to_string();
        let latex = format!("{}_{{{}}}", &name[..1], &name[1..]);
        Symbol::new(name, latex)
    }

    /// The elements of the group at which there are features.
    pub(super) fn pixels_of_group(&self) -> Symbol {
        let [rows, columns] = self
            .pixels
            .map(|pixels| spaced(pixels.twice_first, pixels.spacing, pixels.count));
        times(&self.orientations(), &times(&rows, &columns))
    }
}
