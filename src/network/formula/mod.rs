//! [`Formula`]: the recursion of the kernels of a network in symbols.

mod graphs;
mod items;
mod layers;
mod molecules;
mod places;
mod sets;

use std::fmt;

use super::definition::Network;
use crate::expression::latex::words;
use items::Block;

/// The recursion of both kernels of a network in symbols, layer by layer, with the numbers of this network and the closed forms of its
/// activations.
///
/// Both written forms, [`Display`](fmt::Display) for plain text and [`to_latex`](Self::to_latex), are made of the same expressions. The text
/// introduces its symbols first, has one block per layer, and ends with the symbols of the outputs. Layers have the numbers that they have
/// in error messages; layer 3.1.2 is the second one of the branch of a residual layer 3, and 3.2.1 the first one of its shortcut.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Init, Network};
///
/// let network = Network::vector(3)
///     .dense(Init::new(1.3, 0.2))
///     .activation(Activation::Erf)
///     .dense(Init::default())
///     .build()?;
/// let formula = network.formula();
/// let text = formula.to_string();
/// assert!(text.contains("K₁(x, x') = 1.3² x·x'/3 + 0.2²"));
/// assert!(text.contains("Θ₃(x, x') = K₃(x, x') + Θ₂(x, x')"));
/// assert!(formula.to_latex().contains(r"K_{1}(x, x') = \frac{1.3^{2} \, x \cdot x'}{3} + 0.2^{2}"));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// The recursions of `docs/theory.md`, section 2; Misof25, Jacot18, Lee19.
#[derive(Debug, Clone)]
pub struct Formula {
    blocks: Vec<Block>,
}

impl Network {
    /// Returns the recursion of the kernels of this network in symbols.
    ///
    /// # Cost
    /// O(size of the network); no kernel is computed.
    ///
    /// # Examples
    /// See [`Formula`].
    pub fn formula(&self) -> Formula {
        Formula {
            blocks: layers::blocks(self),
        }
    }
}

impl Formula {
    /// Returns the formulas as LaTeX: one `align*` environment, which needs the package amsmath and nothing else. KaTeX and MathJax
    /// render it in display mode.
    ///
    /// The name of a function of the user stands in it as text; a name beyond ASCII needs a program that reads UTF-8.
    pub fn to_latex(&self) -> String {
        let mut rows = Vec::new();
        for block in &self.blocks {
            rows.push(format!(r"& \textbf{{{}}}", words(&block.title)));
            for item in &block.items {
                rows.push(format!(r"& \quad {}", item.to_latex()));
            }
        }
        format!(
            "\\begin{{align*}}\n{}\n\\end{{align*}}\n",
            rows.join(" \\\\\n")
        )
    }
}

/// Plain text: blocks with a blank line between them.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", block.title)?;
            for item in &block.items {
                writeln!(f, "  {item}")?;
            }
        }
        Ok(())
    }
}
