//! The layers of networks on graphs.

use super::items::{Item, plain};
use super::layers::{Walk, kernels};
use super::places::Places;
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::network::{Aggregation, EdgeScaling, Layer, NodePooling};

/// A sum of terms over indices.
pub(super) fn sum(over: &str, term: Symbol) -> Symbol {
    let latex = over.replace(',', " ");
    Symbol::new(
        format!("Σ_({over}) {}", term.text),
        format!(r"\sum_{{{latex}}} {}", term.latex),
    )
}

impl Walk<'_> {
    /// The sum over the neighbours of both nodes.
    pub(super) fn aggregation(
        &self,
        label: &str,
        before: Option<&str>,
        aggregation: &Aggregation,
    ) -> Vec<Item> {
        let (matrix, over) = match aggregation.separate {
            true => (["Aᵃ_ik A'ᵃ_jl", r"A^a_{ik} A'^a_{jl}"], "a,k,l"),
            false => (["A_ik A'_jl", r"A_{ik} A'_{jl}"], "k,l"),
        };
        let scaled = match aggregation.scaling {
            EdgeScaling::Sum => "w",
            EdgeScaling::Mean => "D⁻¹ w",
            EdgeScaling::Symmetric => "D^(-1/2) w D^(-1/2)",
        };
        let own = match (aggregation.self_loops, aggregation.separate) {
            (0.0, _) => "without self loops".to_owned(),
            (s, false) => format!("where w includes self loops of weight {s}"),
            (s, true) => format!("and {s} times the unit matrix for the node itself"),
        };
        let said = format!("A is {scaled} {own}, with the sums of weights D");
        let mut items = vec![plain(said.clone(), words(&said))];
        let at = ["k", "l"].map(Symbol::plain);
        let terms = match before {
            None => [Some(Symbol::new("x_k·x'_l", r"x_k \cdot x'_l")), None],
            Some(before) => kernels(before, self.space.inputs(), Some(&at)).map(Some),
        };
        let right = terms.map(|term| match term {
            None => Expression::from(0.0),
            Some(term) => {
                let product = Symbol::new(
                    format!("{} {}", matrix[0], term.text),
                    format!(r"{} \, {}", matrix[1], term.latex),
                );
                Expression::from(sum(over, product))
            }
        });
        items.extend(self.equations(label, right));
        items
    }

    /// The sum or the mean over all pairs of nodes.
    pub(super) fn node_pooling(&mut self, label: &str, pooling: NodePooling) -> Vec<Item> {
        let before = self.here(&self.label);
        self.space.places = Places::Pooled;
        let right = before.map(|kernel| match pooling {
            NodePooling::Sum => Expression::from(sum("i,j", kernel)),
            NodePooling::LabelSum => Expression::from(sum("i,j: z_i = z'_j", kernel)),
            NodePooling::Mean => Expression::from(kernel).mean(Symbol::plain("i, j")),
        });
        self.equations(label, right)
    }

    /// The blocks one after the other, whose kernels add.
    pub(super) fn jumping_knowledge(&mut self, label: &str, blocks: &[Vec<Layer>]) -> Vec<Item> {
        let mut sums: [Vec<Expression>; 2] = Default::default();
        for (number, layers) in blocks.iter().enumerate() {
            for (index, layer) in layers.iter().enumerate() {
                self.layer(format!("{label}.{}.{}", number + 1, index + 1), layer);
            }
            for (sum, kernel) in sums.iter_mut().zip(self.here(&self.label)) {
                sum.push(kernel.into());
            }
        }
        self.equations(label, sums.map(Expression::Sum))
    }
}
