//! The filters of a message as finitely many functions of an edge, for networks of finite width.

use crate::network::{Message, Network};

use super::harmonics::{HarmonicTables, Harmonics};
use super::radial::RadialFunctions;
use super::refinement::degree;
use super::signal::edge_weight;

/// Functions $`b_f(d, \hat u)`$ of an edge with $`\sum_f b_f(d, \hat u)\, b_f(d', \hat u') = \rho(d, d'; \hat u \cdot \hat u')`$, where ρ is the
/// covariance of the filters of a message: independent standard normal numbers times these functions are a filter.
///
/// Function $`n A + a`$ is the product of the radial function n and the angular function a of A.
#[derive(Debug, Clone)]
pub(crate) struct FilterBank {
    message: Message,
    radial: RadialFunctions,
    harmonics: Harmonics,
    /// The harmonics of degrees that the spectrum has.
    kept: Vec<usize>,
}

/// Scratch for one edge.
#[derive(Debug, Clone, Default)]
pub(crate) struct BankScratch {
    tables: HarmonicTables,
    harmonics: Vec<f64>,
}

impl FilterBank {
    /// The functions of a message; none if its radial kernel has too many.
    pub(crate) fn new(message: &Message) -> Option<FilterBank> {
        let spectrum = &message.spectrum[..=message.degree()];
        let degrees = spectrum.iter().enumerate().filter(|(_, s)| **s > 0.0);
        Some(FilterBank {
            radial: RadialFunctions::new(message)?,
            harmonics: Harmonics::new(spectrum),
            kept: degrees
                .flat_map(|(l, _)| l * l..(l + 1) * (l + 1))
                .collect(),
            message: message.clone(),
        })
    }

    /// The number of functions.
    pub(crate) fn len(&self) -> usize {
        self.radial.len() * self.kept.len()
    }

    /// The number of angular functions.
    pub(crate) fn angular_len(&self) -> usize {
        self.kept.len()
    }

    /// Atoms at this distance and beyond are no neighbours.
    pub(crate) fn cutoff(&self) -> f64 {
        self.message.cutoff
    }

    /// Computes the radial functions of an edge, with its cutoff and weight.
    ///
    /// # Arguments
    /// * `d` — the distance
    /// * `numbers` — the atomic numbers of both ends
    pub(crate) fn radial(&self, d: f64, numbers: [u8; 2]) -> Vec<f64> {
        let [a, b] = numbers.map(f64::from);
        let [weight, _] = edge_weight(&self.message, d, (a * b).powf(self.message.charge_exponent));
        let mut values = vec![0.0; self.radial.len()];
        self.radial.write(d, &mut values, None);
        values.iter_mut().for_each(|value| *value *= weight);
        values
    }

    /// Writes the angular functions of a unit vector.
    pub(crate) fn angular(&self, u: [f64; 3], scratch: &mut BankScratch, out: &mut [f64]) {
        self.harmonics
            .write(u, &mut scratch.tables, &mut scratch.harmonics);
        for (out, &number) in out.iter_mut().zip(&self.kept) {
            *out = scratch.harmonics[number];
        }
    }
}

/// The band limit of the quadrature that is exact for all features of a network before its mean over the group; none if they are no polynomials.
pub(crate) fn exact_band_limit(network: &Network) -> Option<usize> {
    // The Gauss–Legendre rule with M rings is exact up to degree 2M − 2.
    degree(network.layers()).map(|degree| degree.div_ceil(2) + 1)
}
