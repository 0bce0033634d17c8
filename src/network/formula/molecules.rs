//! The layers of networks on molecules.

use super::graphs::sum;
use super::items::{Item, plain};
use super::layers::{Walk, kernels};
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::network::{EdgeLabels, Init, InputSpace, Message};

impl Walk<'_> {
    /// The sum over the neighbours of both atoms.
    pub(super) fn message(
        &self,
        label: &str,
        before: Option<&str>,
        message: &Message,
        init: Init,
    ) -> Vec<Item> {
        let mut items = Vec::new();
        let mut say = |said: String| items.push(plain(said.clone(), words(&said)));
        let degrees: Vec<String> = message
            .spectrum
            .iter()
            .enumerate()
            .map(|(l, s)| format!("{s} P_{l}(t)"))
            .collect();
        say(format!(
            "rho is the covariance of the filters of two edges with the cosine t = (r u) u': radial kernel times {}",
            degrees.join(" + ")
        ));
        if message.edge_labels == EdgeLabels::Separate {
            say("rho is zero for edges between different elements".into());
        }
        if message.normalise {
            say("the sum over neighbours is divided by the roots of its values for i and j alone at r = e".into());
        }
        let at = ["k", "l"].map(Symbol::plain);
        let terms = match before {
            None => [
                Some(Symbol::new("δ(z_k, z'_l)", r"\delta_{z_k z'_l}")),
                None,
            ],
            Some(before) => kernels(before, self.space.inputs(), Some(&at)).map(Some),
        };
        let own = match before {
            None => [
                Some(Symbol::new("δ(z_i, z'_j)", r"\delta_{z_i z'_j}")),
                None,
            ],
            Some(before) => self.here(before).map(Some),
        };
        let mut pairs = terms.into_iter().zip(own);
        let share = message.self_share * message.self_share;
        let mut right = || {
            let (term, own) = pairs.next().unwrap_or_default();
            let Some(term) = term else {
                return Expression::from(0.0);
            };
            let product = Symbol::new(
                format!("ρ_ik,jl {}", term.text),
                format!(r"\rho_{{ik,jl}} \, {}", term.latex),
            );
            let neighbours = Expression::from(sum("k,l", product));
            match own {
                Some(own) if share > 0.0 => {
                    neighbours + Expression::from(share) * Expression::from(own)
                }
                _ => neighbours,
            }
        };
        let right = [right(), right()];
        items.extend(self.weighted(label, init, right));
        items
    }

    /// The mean over the group at each atom.
    pub(super) fn rotation_pooling(&self, label: &str) -> Vec<Item> {
        let group = match self.space.input {
            InputSpace::Molecule { improper: true, .. } => ["r ∈ O(3)", r"r \in \mathrm{O}(3)"],
            _ => ["r ∈ SO(3)", r"r \in \mathrm{SO}(3)"],
        };
        let [text, latex] = group;
        let before = self.here(&self.label);
        let right = before.map(|k| Expression::from(k).mean(Symbol::new(text, latex)));
        self.equations(label, right)
    }
}
