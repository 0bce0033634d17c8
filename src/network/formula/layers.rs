//! The recursion, layer by layer.

use super::items::{Block, Item, member, names, plain};
use super::places::{Places, Space};
use crate::activation::{Activation, Line};
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::network::{Init, InputSpace, Layer, Network, Outputs};

/// The blocks of the formula of a network.
pub(super) fn blocks(network: &Network) -> Vec<Block> {
    let space = Space::new(network);
    let mut walk = Walk {
        blocks: Vec::new(),
        label: String::new(),
        space,
    };
    walk.introduce();
    for (index, layer) in network.layers().iter().enumerate() {
        walk.layer((index + 1).to_string(), layer);
    }
    walk.outputs(network.outputs());
    walk.blocks
}

/// The features after the layers so far, and what has been written of them.
pub(super) struct Walk<'a> {
    blocks: Vec<Block>,
    /// The label of the last layer, an index of its kernels.
    pub(super) label: String,
    pub(super) space: Space<'a>,
}

/// Both kernels of two inputs at two places, after a layer.
pub(super) fn kernels(label: &str, inputs: [&str; 2], at: Option<&[Symbol; 2]>) -> [Symbol; 2] {
    let inputs = inputs.join(", ");
    let [text, latex] = match at {
        None => [inputs.clone(), inputs],
        Some([a, b]) => [
            format!("{inputs}; {}, {}", a.text, b.text),
            format!("{inputs}; {}, {}", a.latex, b.latex),
        ],
    };
    names().map(|name| {
        let indexed = Symbol::indexed(&name, label);
        Symbol::new(
            format!("{}({text})", indexed.text),
            format!("{}({latex})", indexed.latex),
        )
    })
}

impl Walk<'_> {
    /// Both kernels after a layer at the places where features are now.
    pub(super) fn here(&self, label: &str) -> [Symbol; 2] {
        kernels(label, self.space.inputs(), self.space.at().as_ref())
    }

    fn introduce(&mut self) {
        let mut items = self.space.introduction();
        let [k, theta] = kernels("i", self.space.inputs(), self.space.at().as_ref());
        let of = match self.space.places {
            Places::Pooled => "after layer i",
            _ => "after layer i, of the features of f at g and of f' at g'",
        };
        for (symbol, name) in [(k, "NNGP"), (theta, "NTK")] {
            let said = format!("the {name} {of}");
            let latex = words(&said);
            items.push(Item::Words(Some(symbol), Symbol::new(said, latex)));
        }
        self.push("Symbols".into(), items);
    }

    fn push(&mut self, title: String, items: Vec<Item>) {
        self.blocks.push(Block { title, items });
    }

    pub(super) fn layer(&mut self, label: String, layer: &Layer) {
        let name = match layer {
            Layer::Activation(activation) => activation.name(),
            _ => layer.kind(),
        };
        // A user may have given a name of several lines.
        let title = format!("Layer {label}: {}", name.replace(char::is_control, " "));
        let before = (!self.label.is_empty()).then(|| self.label.clone());
        let items = match layer {
            Layer::Lifting { filter, init, .. } => {
                let mean = self.space.filter(filter, &label, None);
                let (product, count) = self.space.product();
                let mean_product = square(init.weight_std) * (product / count).mean(mean.over);
                [mean.items, self.first(&label, *init, mean_product)].concat()
            }
            Layer::Dense(init) => match before {
                None => {
                    let (product, count) = self.space.product();
                    self.first(&label, *init, square(init.weight_std) * product / count)
                }
                Some(before) => {
                    let before = self.here(&before).map(Expression::from);
                    self.weighted(&label, *init, before)
                }
            },
            Layer::GroupConvolution { filter, init } => {
                let mean = self.space.filter(filter, &label, before.as_deref());
                let moved = [("g h", r"g \, h"), ("g' h", r"g' \, h")];
                let moved = moved.map(|(text, latex)| Symbol::new(text, latex));
                let before = kernels(&self.label, self.space.inputs(), Some(&moved));
                let means = before.map(|k| Expression::from(k).mean(mean.over.clone()));
                [mean.items, self.weighted(&label, *init, means)].concat()
            }
            Layer::Activation(activation) => self.activation(&label, activation),
            Layer::GroupPooling if matches!(self.space.input, InputSpace::Molecule { .. }) => {
                self.rotation_pooling(&label)
            }
            Layer::GroupPooling | Layer::Flatten => {
                self.pooling(&label, matches!(layer, Layer::Flatten))
            }
            Layer::AveragePooling(pooling) => {
                let mean = self.space.pooling(*pooling, &label, &self.label);
                let moved = [("g h", r"g \, h"), ("g' h'", r"g' \, h'")];
                let moved = moved.map(|(text, latex)| Symbol::new(text, latex));
                let before = kernels(&self.label, self.space.inputs(), Some(&moved));
                let means = before.map(|k| Expression::from(k).mean(mean.over.clone()));
                [mean.items, self.equations(&label, means)].concat()
            }
            Layer::PartialPooling => self.partial_pooling(&label),
            Layer::Normalisation => self.activation(&label, &Activation::Normalisation),
            Layer::Aggregation(aggregation) => {
                self.aggregation(&label, before.as_deref(), aggregation)
            }
            Layer::Message { message, init } => {
                self.message(&label, before.as_deref(), message, *init)
            }
            Layer::NodePooling(pooling) => self.node_pooling(&label, *pooling),
            Layer::JumpingKnowledge { blocks } => self.jumping_knowledge(&label, blocks),
            Layer::Residual { branch, shortcut } => self.residual(&label, branch, shortcut),
        };
        self.push(title, items);
        self.label = label;
    }

    /// Equations for both kernels after a layer.
    pub(super) fn equations(&self, label: &str, right: [Expression; 2]) -> Vec<Item> {
        let lines = self.here(label).into_iter().zip(right);
        lines
            .map(|(left, right)| Item::Equation(Line::new(left, right)))
            .collect()
    }

    fn first(&self, label: &str, init: Init, product: Expression) -> Vec<Item> {
        let [k, _] = self.here(label);
        let nngp = product + square(init.bias_std);
        self.equations(label, [nngp, k.into()])
    }

    pub(super) fn weighted(
        &self,
        label: &str,
        init: Init,
        [nngp, ntk]: [Expression; 2],
    ) -> Vec<Item> {
        let [k, _] = self.here(label);
        let nngp = square(init.weight_std) * nngp + square(init.bias_std);
        let ntk = Expression::from(k) + square(init.weight_std) * ntk;
        self.equations(label, [nngp, ntk])
    }

    fn activation(&self, label: &str, activation: &Activation) -> Vec<Item> {
        let closed = activation.closed_form();
        let mut items = Vec::new();
        match closed.function {
            Some(function) => {
                let sigma = Symbol::new("σ(u)", r"\sigma(u)");
                items.push(Item::Equation(Line::new(sigma, function)));
            }
            None => items.push(plain(
                "u, v: Gaussian with mean 0, variances q and q', covariance k",
                r"u, v \text{: Gaussian with mean 0, variances } q \text{ and } q', \text{ covariance } k",
            )),
        }
        let [a, b] = self.space.inputs();
        let at = self.space.at();
        let own = |input, place: usize| {
            let both = at.as_ref().map(|at| [at[place].clone(), at[place].clone()]);
            let [k, _] = kernels(&self.label, [input, input], both.as_ref());
            k
        };
        let [k, theta] = self.here(&self.label);
        for (name, covariance) in [("q", own(a, 0)), ("q'", own(b, 1)), ("k", k)] {
            items.push(Item::Equation(Line::new(Symbol::plain(name), covariance)));
        }
        items.extend(closed.lines.into_iter().map(Item::Equation));
        items.extend(self.equations(label, [closed.value, closed.derivative * theta]));
        items
    }

    fn pooling(&mut self, label: &str, flatten: bool) -> Vec<Item> {
        let at = self
            .space
            .at()
            .expect("features that are pooled have places");
        let set = match &self.space.places {
            Places::Group(group) => group.clone(),
            _ => Symbol::new("S²", "S^2"),
        };
        // Flattened features are multiplied at equal places only.
        let (at, over) = match flatten {
            true => ([at[0].clone(), at[0].clone()], member(&at[0].text, &set)),
            false => {
                let over = format!("{}, {}", at[0].text, at[1].text);
                (at, member(&over, &set))
            }
        };
        let before = kernels(&self.label, self.space.inputs(), Some(&at));
        self.space.places = Places::Pooled;
        let means = before.map(|k| Expression::from(k).mean(over.clone()));
        self.equations(label, means)
    }

    fn partial_pooling(&mut self, label: &str) -> Vec<Item> {
        let at = [
            Symbol::new("r(y) z(γ)", r"r(y) \, z(\gamma)"),
            Symbol::new("r(y') z(γ')", r"r(y') \, z(\gamma')"),
        ];
        let over = Symbol::new("γ, γ' ∈ [0, 2π]", r"\gamma, \gamma' \in [0, 2\pi]");
        let before = kernels(&self.label, self.space.inputs(), Some(&at));
        self.space.places = Places::Sphere;
        let mut items = vec![
            plain(
                "y, y': points of the sphere",
                r"y, y' \text{: points of the sphere}",
            ),
            plain(
                "r(y): a rotation with r(y) n = y",
                r"r(y) \text{: a rotation with } r(y) \, n = y",
            ),
            plain(
                "z(γ): the rotation by γ about n",
                r"z(\gamma) \text{: the rotation by } \gamma \text{ about } n",
            ),
        ];
        let means = before.map(|k| Expression::from(k).mean(over.clone()));
        items.extend(self.equations(label, means));
        items
    }

    fn residual(&mut self, label: &str, branch: &[Layer], shortcut: &[Layer]) -> Vec<Item> {
        let (start, space) = (self.label.clone(), self.space.clone());
        let mut sums: [Vec<Expression>; 2] = Default::default();
        for (number, layers) in [branch, shortcut].into_iter().enumerate() {
            self.label.clone_from(&start);
            self.space = space.clone();
            for (index, layer) in layers.iter().enumerate() {
                self.layer(format!("{label}.{}.{}", number + 1, index + 1), layer);
            }
            for (sum, kernel) in sums.iter_mut().zip(self.here(&self.label)) {
                sum.push(kernel.into());
            }
        }
        self.equations(label, sums.map(Expression::Sum))
    }

    fn outputs(&mut self, outputs: &Outputs) {
        let mut items: Vec<_> = ["NNGP", "NTK"]
            .into_iter()
            .zip(self.here(&self.label))
            .map(|(name, kernel)| Item::Words(Some(Symbol::new(name, words(name))), kernel))
            .collect();
        let (count, of) = match outputs {
            Outputs::Pooled => (1, None),
            Outputs::Nodes => {
                let said = "features are read at all nodes i and j";
                items.push(plain(said, words(said)));
                (1, None)
            }
            Outputs::Rotations(angles) => (angles.len(), Some("g and g' are the rotations")),
            Outputs::Points(angles) => (angles.len(), Some("y and y' are the points")),
        };
        if let Some(of) = of {
            let said = format!("{of} at which features are read, {count} in all");
            items.push(plain(said.clone(), words(&said)));
        }
        self.push("Outputs".into(), items);
    }
}

/// The square of a standard deviation.
fn square(deviation: f64) -> Expression {
    Expression::from(deviation).power(2)
}
