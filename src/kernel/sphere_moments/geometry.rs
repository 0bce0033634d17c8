//! The geometry of signals on the sphere under SO(3) with global filters, for kernels that are polynomials of degree 2 in the correlation.
//!
//! With the coefficients $`a_{c,lm}, b_{c,lm}`$ of both signals in real harmonics, over $`\sqrt{4\pi c}`$,
//! ```math
//! \kappa(r) = \sum_{c,l,m,n} a_{c,lm} D^l_{mn}(r)\, b_{c,ln} , \qquad
//! \int \kappa = \sum_c a_{c,00} b_{c,00} , \qquad
//! \int \kappa^2 = \sum_l \frac1{2l+1} \sum_{m,n} \Bigl(\sum_c a_{c,lm} b_{c,ln}\Bigr)^2
//!   = \sum_l \frac1{2l+1} \sum_{c,c'} p_{l,cc'}(a)\, p_{l,cc'}(b) , \qquad p_{l,cc'}(a) = \sum_m a_{c,lm} a_{c',lm} .
//! ```
//! The power spectra p are features of κ². A pair without features takes three nodes instead of rotations: κ = 0, B, −B with the bound B of the
//! correlation, and the weights with which they have these two means.

use crate::Result;
use crate::kernel::power_spectrum::add_power_spectrum;
use crate::kernel::recursion::{Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::network::Filter;
use crate::numeric::geometric_mean;
use crate::simd::products::add_row_products;

use super::signal::MomentSignal;

/// The largest degree of the kernels as polynomials in the correlation.
pub(super) const LARGEST_DEGREE: usize = 2;

/// Features are preferred up to this many channels, times L²: a pair takes L c²/2 products by features, and 4 L³ c/3 without, and products of
/// matrices of features are several times faster than the others.
const MANY_CHANNELS: usize = 8;

/// Signals on the sphere, by the first two moments of their correlation.
#[derive(Debug, Clone)]
pub(super) struct MomentGeometry {
    band_limit: usize,
    channels: usize,
    /// For the powers 0, 1, 2 of the correlation: panels and their length.
    panels: [[usize; 2]; LARGEST_DEGREE + 1],
}

/// The weights of the nodes 0, B and −B.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MomentRegion {
    weights: [f64; 3],
}

/// Scratch of one thread: the products of the rows of both signals in one degree.
#[derive(Debug, Clone, Default)]
pub(super) struct MomentWorkspace {
    products: Vec<f64>,
}

impl MomentGeometry {
    /// Makes the geometry of signals with coefficients l < `band_limit`.
    pub(super) fn new(band_limit: usize, channels: usize) -> Self {
        let pairs = channels.saturating_mul(channels + 1) / 2;
        MomentGeometry {
            band_limit,
            channels,
            panels: [[1, 1], [1, channels], [band_limit, pairs]],
        }
    }

    /// The means of κ and κ² over SO(3).
    fn moments(&self, [a, b]: [&MomentSignal; 2], products: &mut Vec<f64>) -> [f64; 2] {
        let mut moments = [0.0; 2];
        for l in 0..self.band_limit {
            let orders = 2 * l + 1;
            products.clear();
            products.resize(orders * orders, 0.0);
            add_row_products(a.degree(l), b.degree(l), self.channels, products);
            if l == 0 {
                moments[0] = products[0];
            }
            moments[1] += products.iter().map(|p| p * p).sum::<f64>() / orders as f64;
        }
        moments
    }
}

impl Geometry for MomentGeometry {
    type Scalar = f64;
    type Signal = MomentSignal;
    type Workspace = MomentWorkspace;
    type Region = MomentRegion;

    const FIELDS: bool = false;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<MomentSignal> {
        Ok(MomentSignal::new(inputs.coefficients(row)?.view()))
    }

    fn make_workspace(&self) -> MomentWorkspace {
        MomentWorkspace::default()
    }

    fn begin(&self, _: [&MomentSignal; 2], _: usize, _: &mut MomentWorkspace) -> usize {
        1
    }

    fn lift(
        &self,
        pair: [&MomentSignal; 2],
        _: &Filter,
        _: usize,
        workspace: &mut MomentWorkspace,
        fibres: &mut Vec<f64>,
    ) -> MomentRegion {
        let [first, second] = self.moments(pair, &mut workspace.products);
        let bound = geometric_mean(pair[0].mean_square(), pair[1].mean_square());
        fibres.clear();
        if bound == 0.0 {
            fibres.push(0.0);
            return MomentRegion {
                weights: [1.0, 0.0, 0.0],
            };
        }
        fibres.extend([0.0, bound, -bound]);
        let (first, second) = (first / bound, second / bound / bound);
        MomentRegion {
            weights: [1.0 - second, 0.5 * (second + first), 0.5 * (second - first)],
        }
    }

    fn lift_self(
        &self,
        _: &Filter,
        signal: &MomentSignal,
        _: &mut MomentWorkspace,
        fibres: &mut Vec<f64>,
    ) -> MomentRegion {
        fibres.clear();
        fibres.push(signal.mean_square());
        MomentRegion {
            weights: [1.0, 0.0, 0.0],
        }
    }

    /// A fibre is constant, so its mean over a filter is the fibre.
    fn average(
        &self,
        _: &Filter,
        region: MomentRegion,
        _: &mut MomentWorkspace,
        _: &mut Vec<f64>,
    ) -> MomentRegion {
        region
    }

    fn family(&self, _: MomentRegion) -> i64 {
        0
    }

    fn gather(&self, _: Side, field: &[f64], _: MomentRegion, out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(field);
    }

    fn mean(&self, region: MomentRegion, fibres: &[f64]) -> f64 {
        let terms = fibres.iter().zip(region.weights);
        terms.map(|(value, weight)| value * weight).sum()
    }

    fn power_panels(&self) -> &[[usize; 2]] {
        &self.panels
    }

    /// The panel l of the power 2 is the power spectrum of degree l.
    fn write_power(&self, signal: &MomentSignal, power: usize, panel: usize, out: &mut [f64]) {
        match power {
            0 => out.fill(1.0),
            1 => out.copy_from_slice(signal.degree(0)),
            _ => {
                let rows = signal.degree(panel);
                let scale = ((2 * panel + 1) as f64).sqrt().recip();
                out.fill(0.0);
                add_power_spectrum(rows, self.channels, scale, out);
            }
        }
    }

    fn prefers_features(&self) -> bool {
        self.channels <= MANY_CHANNELS * self.band_limit * self.band_limit
    }
}
