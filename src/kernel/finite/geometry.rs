//! The geometry of a finite group that acts on a finite set, by its multiplication table.

use std::sync::Arc;

use crate::Result;
use crate::group::FiniteAction;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::network::Filter;

use super::signal::FiniteSignal;

/// Functions on a finite set. A fibre is a function on the group, with one number per element.
///
/// # Cost
/// Per pair and layer O(m |G|²) time for a filter on m elements; scratch for three functions.
#[derive(Debug, Clone)]
pub(super) struct FiniteGeometry {
    pub(super) action: Arc<FiniteAction>,
    pub(super) channels: usize,
}

/// The relative element of a fibre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FiniteRegion {
    pub(super) relative: usize,
}

/// Scratch of one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct FiniteWorkspace {
    /// The first signal.
    a: Vec<f64>,
    /// The second signal.
    b: Vec<f64>,
    /// Means over a filter, or products of the signals.
    pub(super) means: Vec<f64>,
}

impl FiniteGeometry {
    /// Makes the geometry of functions with `channels` values at each point of the set.
    pub(super) fn new(action: Arc<FiniteAction>, channels: usize) -> Self {
        FiniteGeometry { action, channels }
    }

    /// Computes $`\varphi(g) = \operatorname{mean}_{x \in S} p_r(g x)`$ with $`p_r(x) = \frac1c \sum_c a_c(x) b_c(r x)`$.
    fn lift_at(
        &self,
        filter: &Filter,
        relative: usize,
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
    ) -> FiniteRegion {
        let FiniteWorkspace { a, b, means } = workspace;
        let products = means;
        products.clear();
        for (x, value) in a.chunks_exact(self.channels).enumerate() {
            let moved = self.action.image(relative, x) * self.channels;
            let other = &b[moved..moved + self.channels];
            let sum: f64 = value.iter().zip(other).map(|(p, q)| p * q).sum();
            products.push(sum / self.channels as f64);
        }
        fibres.clear();
        let order = self.action.order();
        match filter {
            Filter::Subset(points) => fibres.extend(
                (0..order).map(|g| mean(points.iter().map(|&x| products[self.action.image(g, x)]))),
            ),
            _ => fibres.resize(order, mean(products.iter().copied())),
        }
        FiniteRegion { relative }
    }
}

/// The mean of some numbers.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

impl Geometry for FiniteGeometry {
    type Scalar = f64;
    type Signal = FiniteSignal;
    type Workspace = FiniteWorkspace;
    type Region = FiniteRegion;

    const FIELDS: bool = true;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<FiniteSignal> {
        Ok(FiniteSignal::new(inputs.points(row)?))
    }

    fn make_workspace(&self) -> FiniteWorkspace {
        FiniteWorkspace::default()
    }

    fn begin(
        &self,
        [a, b]: [&FiniteSignal; 2],
        _: usize,
        workspace: &mut FiniteWorkspace,
    ) -> usize {
        workspace.a.clone_from(&a.values);
        workspace.b.clone_from(&b.values);
        self.action.order()
    }

    fn lift(
        &self,
        _: [&FiniteSignal; 2],
        filter: &Filter,
        batch: usize,
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
    ) -> FiniteRegion {
        self.lift_at(filter, batch, workspace, fibres)
    }

    fn lift_self(
        &self,
        filter: &Filter,
        signal: &FiniteSignal,
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
    ) -> FiniteRegion {
        self.begin([signal, signal], 0, workspace);
        self.lift_at(filter, 0, workspace, fibres)
    }

    fn average(
        &self,
        filter: &Filter,
        region: FiniteRegion,
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
    ) -> FiniteRegion {
        let group = self.action.group();
        match filter {
            Filter::Subset(elements) => {
                let means = &mut workspace.means;
                means.clear();
                means.extend(
                    (0..group.order())
                        .map(|g| mean(elements.iter().map(|&h| fibres[group.product(g, h)]))),
                );
                std::mem::swap(means, fibres);
            }
            // The mean fills the whole fibre, since another branch of a sum may have local filters.
            _ => {
                let mean = mean(fibres.iter().copied());
                fibres.fill(mean);
            }
        }
        region
    }

    fn family(&self, region: FiniteRegion) -> i64 {
        region.relative as i64
    }

    fn gather(&self, side: Side, field: &[f64], region: FiniteRegion, out: &mut Vec<f64>) {
        out.clear();
        match side {
            Side::Left => out.extend_from_slice(field),
            Side::Right => out.extend(
                (0..field.len()).map(|g| field[self.action.group().product(region.relative, g)]),
            ),
        }
    }

    fn adjoint(&self) -> Option<&dyn Adjoint<Self>> {
        Some(self)
    }

    fn mean(&self, _: FiniteRegion, fibres: &[f64]) -> f64 {
        mean(fibres.iter().copied()) / self.action.order() as f64
    }
}
