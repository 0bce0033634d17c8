//! The adjoints of products of functions on a finite set, of means over filters, and of reading functions at r g.

use crate::kernel::recursion::{Adjoint, Side};
use crate::network::Filter;

use super::geometry::{FiniteGeometry, FiniteRegion, FiniteWorkspace};
use super::signal::FiniteSignal;

impl FiniteGeometry {
    /// The cotangents of the products $`p_r(x)`$, from those after the filter of the lifting.
    fn products_adjoint<'w>(
        &self,
        filter: &Filter,
        workspace: &'w mut FiniteWorkspace,
        fibres: &[f64],
    ) -> &'w [f64] {
        let products = &mut workspace.means;
        products.clear();
        products.resize(self.action.points(), 0.0);
        match filter {
            Filter::Subset(points) => {
                for (g, value) in fibres.iter().enumerate() {
                    for &x in points.iter() {
                        products[self.action.image(g, x)] += value / points.len() as f64;
                    }
                }
            }
            _ => products.fill(fibres.iter().sum::<f64>() / self.action.points() as f64),
        }
        products
    }
}

impl Adjoint<FiniteGeometry> for FiniteGeometry {
    fn cotangent_len(&self, signal: &FiniteSignal) -> usize {
        signal.values.len()
    }

    fn spread(&self, _: FiniteRegion, cotangent: f64, fibres: &mut Vec<f64>) {
        let order = self.action.order();
        fibres.clear();
        fibres.resize(order, cotangent / (order * order) as f64);
    }

    fn average_adjoint(
        &self,
        filter: &Filter,
        _: [FiniteRegion; 2],
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
    ) {
        let group = self.action.group();
        match filter {
            Filter::Subset(elements) => {
                let sums = &mut workspace.means;
                sums.clear();
                sums.resize(fibres.len(), 0.0);
                for (g, value) in fibres.iter().enumerate() {
                    for &h in elements.iter() {
                        sums[group.product(g, h)] += value / elements.len() as f64;
                    }
                }
                std::mem::swap(sums, fibres);
            }
            // The mean over the group is its own adjoint.
            _ => {
                let mean = fibres.iter().sum::<f64>() / fibres.len() as f64;
                fibres.fill(mean);
            }
        }
    }

    fn scatter(&self, side: Side, region: FiniteRegion, values: &[f64], field: &mut [f64]) {
        for (g, value) in values.iter().enumerate() {
            let at = match side {
                Side::Left => g,
                Side::Right => self.action.group().product(region.relative, g),
            };
            field[at] += value;
        }
    }

    fn lift_adjoint(
        &self,
        [a, b]: [&FiniteSignal; 2],
        filter: &Filter,
        region: FiniteRegion,
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
        [mut to_a, mut to_b]: [Option<&mut [f64]>; 2],
    ) {
        let channels = self.channels;
        let products = self.products_adjoint(filter, workspace, fibres);
        for (x, product) in products.iter().enumerate() {
            let factor = product / channels as f64;
            let (left, right) = (
                x * channels,
                self.action.image(region.relative, x) * channels,
            );
            for channel in 0..channels {
                let (left, right) = (left + channel, right + channel);
                if let Some(to) = &mut to_a {
                    to[left] += factor * b.values[right];
                }
                if let Some(to) = &mut to_b {
                    to[right] += factor * a.values[left];
                }
            }
        }
    }

    fn lift_self_adjoint(
        &self,
        filter: &Filter,
        signal: &FiniteSignal,
        _: FiniteRegion,
        workspace: &mut FiniteWorkspace,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    ) {
        let channels = self.channels;
        let products = self.products_adjoint(filter, workspace, fibres);
        let values = signal.values.chunks_exact(channels).zip(products);
        for (to, (values, product)) in cotangent.chunks_exact_mut(channels).zip(values) {
            for (to, value) in to.iter_mut().zip(values) {
                *to += 2.0 * product * value / channels as f64;
            }
        }
    }
}
