//! Kernels with a finite feature map: blocks of kernels as products of features.

use crate::kernel::evaluator::{AnySignals, FeatureRows, Features, KernelBlock, SignalsOf};
use crate::kernel::recursion::{Geometry, PolynomialKernels, Term};
use crate::simd::products::add_row_products;
use crate::{Error, Result};

use super::engine::{Engine, Prepared};
use super::refinement::Refinement;

/// Buffers of one thread for products of features.
#[derive(Debug, Clone, Default)]
pub(super) struct ProductBuffers {
    /// A panel of the features of the rows and of the columns.
    panels: [Vec<f64>; 2],
    /// The products of one term, row by row.
    products: Vec<f64>,
}

/// Computes the pooled kernels of all rows with all columns.
///
/// The features are made again for every block, panel by panel: of a block of 32 × 32 signals this takes a quarter of the time of the
/// products, and no memory.
pub(super) fn pooled_products<G: Geometry>(
    geometry: &G,
    kernels: &PolynomialKernels,
    sides: [&[Prepared<G>]; 2],
    buffers: &mut ProductBuffers,
    block: &mut KernelBlock,
) {
    let [rows, columns] = sides.map(<[_]>::len);
    let ProductBuffers { panels, products } = buffers;
    for term in &kernels.pooled {
        let [count, len] = geometry.power_panels()[term.power];
        products.clear();
        products.resize(rows * columns, 0.0);
        for panel in 0..count {
            for (signals, features) in sides.iter().zip(panels.iter_mut()) {
                features.resize(signals.len() * len, 0.0);
                for (signal, out) in signals.iter().zip(features.chunks_exact_mut(len)) {
                    geometry.write_power(&signal.signal, term.power, panel, out);
                    // Before the products, which may overflow without the factors of a normalisation.
                    let factor = term.factor(&signal.numbers);
                    out.iter_mut().for_each(|feature| *feature *= factor);
                }
            }
            add_row_products(&panels[0], &panels[1], len, products);
        }
        let [of_nngp, of_ntk] = term.coefficients;
        for (at, value) in products.iter().enumerate() {
            block.nngp[at] += of_nngp * value;
            block.ntk[at] += of_ntk * value;
        }
    }
}

impl<R: Refinement> Engine<R> {
    /// The geometry, which was built when the engine was made.
    fn geometry(&self) -> &R::Level {
        self.first_level()
            .expect("an engine with features has one level, which is built")
    }
}

impl<R: Refinement> Features for Engine<R> {
    fn terms(&self) -> &[Term] {
        let kernels = self.polynomials.as_ref();
        let terms = kernels.and_then(|kernels| kernels.outputs.as_deref());
        terms.expect("asked of engines with complete features only")
    }

    fn panels(&self) -> &[[usize; 2]] {
        self.geometry().power_panels()
    }

    fn preferred(&self) -> bool {
        self.geometry().prefers_features()
    }

    fn made_once(&self) -> bool {
        self.geometry().makes_features_once()
    }

    fn pull(
        &self,
        signals: &AnySignals,
        row: usize,
        factors: &[(usize, Vec<f64>)],
    ) -> Result<Vec<f64>> {
        let signals: SignalsOf<Prepared<R::Level>> = signals.of()?;
        let found = self.geometry().pull_features(&signals[row].signal, factors);
        found.ok_or_else(|| {
            Error::network(
                None,
                "forces of inputs without positions of atoms",
                "a network on molecules",
            )
        })
    }

    fn rows(&self, signals: &AnySignals) -> Result<Box<dyn FeatureRows + '_>> {
        Ok(Box::new(EngineRows {
            geometry: self.geometry(),
            signals: signals.of()?,
        }))
    }
}

/// Prepared signals and their geometry.
struct EngineRows<'a, G: Geometry> {
    geometry: &'a G,
    signals: SignalsOf<Prepared<G>>,
}

impl<G: Geometry> FeatureRows for EngineRows<'_, G> {
    fn holds(&self, row: usize, power: usize) -> bool {
        self.geometry.has_power(&self.signals[row].signal, power)
    }

    fn factor(&self, row: usize, term: &Term) -> f64 {
        term.factor(&self.signals[row].numbers)
    }

    fn write(&self, row: usize, power: usize, panel: usize, out: &mut [f64]) {
        let signal = &self.signals[row].signal;
        self.geometry.write_power(signal, power, panel, out);
    }
}
