//! The cross-correlation of two real signals on the sphere, handed out piece by piece.
//!
//! A kernel needs the correlation once at every node of a Haar quadrature, maps it pointwise and sums. The correlation is therefore
//! computed in pieces that stay in the first-level cache, and the whole grid is never stored. Every loop runs over vectors of eight numbers without a remainder.
//!
//! With `$`F_{lm}, F'_{ln}`$` the coefficients of the two signals,
//!
//! ```math
//! K(\alpha,\beta,\gamma) = \sum_m e^{-im\alpha} \sum_n e^{-in\gamma}
//!     \underbrace{\sum_l \frac{1}{4\pi C} \sum_c \overline{F_{lm}} F'_{ln} \, d^l_{mn}(\beta)}_{X_{mn}(\beta)} ,
//! \qquad X_{-m,-n} = \overline{X_{mn}} ,
//! ```
//!
//! so that only m ≥ 0 is computed. The sums over n and m are Fourier transforms, of eight β at once and then of sixteen
//! real functions of α at once.

use crate::group::haar::ProductRule;
use crate::simd::aligned::Aligned;

use crate::{Error, Result};
use pulp::Arch;

use super::correlator_signal::CorrelatorSignal;
#[cfg(feature = "kernels")]
use super::real_adjoint::AdjointBuffers;
use super::real_correlator::{CorrelatorWorkspace, Piece, RealCorrelator};
use super::real_nodes::Nodes;
use super::real_synthesis::{Begin, LastSum, WeightedSum, products_len};
use crate::simd::fft::{LANES, LaneFft, NUMBER, factors};
use crate::wigner::table::WignerTable;

/// Aimed-at length of a piece: correlation and tangent kernel of a piece fit the first-level cache.
const PIECE_LEN: usize = 1536;
/// Beyond this many bytes the Wigner d-functions are recomputed for each pair instead of tabulated: a table that does not
/// stay in the caches takes longer to read.
const TABLE_BYTES: usize = 16 << 20;

/// Largest scratch of one thread, in numbers: 4 GiB.
const LARGEST_SCRATCH: u128 = 1 << 29;

impl RealCorrelator {
    /// Builds the tables.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals, at least 1
    /// * `nodes` — M, the band limit of the quadrature, at least 1
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if either is zero, or the scratch of one thread would exceed 4 GiB.
    pub fn new(band_limit: usize, nodes: usize) -> Result<Self> {
        Self::with_table(band_limit, nodes, TABLE_BYTES)
    }

    /// Builds the tables; Wigner functions are tabulated if their table takes at most `table_bytes`.
    fn with_table(band_limit: usize, nodes: usize, table_bytes: usize) -> Result<Self> {
        for (what, value) in [("band limit", band_limit), ("quadrature band limit", nodes)] {
            if value == 0 {
                return Err(Error::invalid(what, "0", "at least 1"));
            }
        }
        if !Self::fits(band_limit, nodes) {
            return Err(Error::invalid(
                "band limits of signals and quadrature",
                format!("{band_limit} and {nodes}"),
                "smaller ones, for scratch of at most 4 GiB a thread",
            ));
        }
        let angles = angle_count(nodes);
        let rule = ProductRule::gauss_legendre(nodes, angles, angles)?;
        let colatitudes = Nodes::new(band_limit, rule.betas(), table_bytes);
        let planes = colatitudes.lanes.len();
        let mut weights = Vec::new();
        for (plane, &lanes) in colatitudes.lanes.iter().enumerate() {
            // The rule is symmetric: southern nodes have the weights of their mirror images.
            let first = if colatitudes.mirrored {
                plane % (planes / 2) * LANES
            } else {
                plane * LANES
            };
            for _ in 0..angles {
                weights.extend(&rule.point_weights()[first..first + lanes]);
            }
        }
        weights.resize(weights.len().next_multiple_of(LANES), 0.0);
        Ok(RealCorrelator {
            band_limit,
            quadrature: nodes,
            angles,
            nodes: colatitudes,
            fft: LaneFft::new(angles),
            stride: stride(nodes, angles),
            pieces: pieces(weights.len(), angles),
            weights,
        })
    }

    /// Whether the scratch of one thread stays within its limit.
    pub(crate) fn fits(band_limit: usize, nodes: usize) -> bool {
        let (l, m) = (band_limit as u128, nodes as u128);
        let numbers = |angles: u128| {
            let orders = 2 * l * (angles * m + 4 * LANES as u128);
            let planes = (angles + 2 * l) * 2 * (m + 2 * LANES as u128);
            orders + planes
        };
        numbers(2 * m) <= LARGEST_SCRATCH && numbers(angle_count(nodes) as u128) <= LARGEST_SCRATCH
    }

    /// Returns the band limit L of the signals.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the band limit M of the quadrature.
    pub fn quadrature_band_limit(&self) -> usize {
        self.quadrature
    }

    /// Returns the number N of angles α, equal to the number of angles γ; at least 2M − 1.
    pub fn angle_count(&self) -> usize {
        self.angles
    }

    /// Returns the number of quadrature nodes, `N² M`.
    pub fn node_count(&self) -> usize {
        self.angles.pow(2) * self.quadrature
    }

    /// Returns the number of pieces into which the nodes are divided.
    pub fn piece_count(&self) -> usize {
        self.pieces.len()
    }

    /// Makes the working memory of one thread.
    pub fn make_workspace(&self) -> CorrelatorWorkspace {
        let class = match self.nodes.tabulated {
            Some(_) => 0,
            None => self.nodes.class_len(0),
        };
        let zeros = Aligned::zeros;
        CorrelatorWorkspace {
            products: zeros(products_len(self.band_limit)),
            class: zeros(class),
            state: WignerTable::default(),
            planes: zeros(self.nodes.lanes.len() * self.plane_len()),
            line: zeros(self.plane_len()),
            other: zeros(self.plane_len()),
            extra: zeros(self.fft.extra() * NUMBER),
            orders: zeros(2 * self.band_limit * self.stride),
            #[cfg(feature = "kernels")]
            adjoint: AdjointBuffers::default(),
        }
    }

    /// Begins a pair of signals: computes the sums over degrees and γ that all pieces share.
    ///
    /// # Panics
    /// If a signal has another band limit than the correlator, or the two differ in channels.
    pub fn begin(
        &self,
        f: &CorrelatorSignal,
        g: &CorrelatorSignal,
        scratch: &mut CorrelatorWorkspace,
    ) {
        assert!(f.band_limit() == self.band_limit && g.band_limit() == self.band_limit);
        assert_eq!(
            f.channels(),
            g.channels(),
            "both signals have the same channels"
        );
        Arch::new().dispatch(Begin {
            plan: self,
            f,
            g,
            scratch,
        });
    }

    /// Writes the correlation at the nodes of a piece; `out` is resized to their number.
    pub fn piece_into(&self, piece: usize, scratch: &mut CorrelatorWorkspace, out: &mut Vec<f64>) {
        let Piece { first, lanes } = self.pieces[piece];
        out.resize(lanes * self.angles, 0.0);
        Arch::new().dispatch(LastSum {
            plan: self,
            first,
            scratch,
            out,
        });
    }

    /// Writes the cotangents of the values of a piece, for the cotangent of the Haar mean of a function: the adjoint of
    /// [`piece_mean`](Self::piece_mean).
    #[cfg(feature = "kernels")]
    pub(crate) fn piece_spread(&self, piece: usize, cotangent: f64, out: &mut Vec<f64>) {
        let Piece { first, lanes } = self.pieces[piece];
        out.clear();
        for weights in self.weights[first..first + lanes].chunks(NUMBER) {
            for _ in 0..self.angles {
                out.extend(weights.iter().map(|weight| cotangent * weight));
            }
        }
    }

    /// Returns the contribution of a piece to the Haar mean of a function with the given values at its nodes.
    pub fn piece_mean(&self, piece: usize, values: &[f64]) -> f64 {
        let Piece { first, lanes } = self.pieces[piece];
        Arch::new().dispatch(WeightedSum {
            angles: self.angles,
            weights: &self.weights[first..first + lanes],
            values,
        })
    }
}

/// The length N ≥ 2M − 1 at which transforms and activations of N angles cost least.
fn angle_count(nodes: usize) -> usize {
    // Cycles for sixteen numbers in registers: two activations, and the steps of a transform.
    const ACTIVATIONS: usize = 200;
    let cost = |angles: usize| {
        let steps = factors(angles).into_iter().map(|radix| match radix {
            2..=5 => 8,
            7..=13 => 5 + radix,
            _ => 13 + radix,
        });
        angles * (ACTIVATIONS + steps.sum::<usize>())
    };
    let least = 2 * nodes - 1;
    let limit = least.next_power_of_two();
    (least..=limit)
        .min_by_key(|angles| cost(*angles))
        .unwrap_or(least)
}

/// Room for the nodes (γ, β), whole bundles of them, and for the numbers that [`Begin`] writes after the last one; an odd number of cache
/// lines, so that the orders at one node do not fall on few sets of a cache.
fn stride(nodes: usize, angles: usize) -> usize {
    (nodes * angles + LANES).next_multiple_of(NUMBER) + LANES
}

/// Cuts the nodes into pieces of about [`PIECE_LEN`], of whole bundles.
fn pieces(nodes: usize, angles: usize) -> Vec<Piece> {
    let step = (PIECE_LEN / (angles * NUMBER)).max(1) * NUMBER;
    (0..nodes)
        .step_by(step)
        .map(|first| Piece {
            first,
            lanes: step.min(nodes - first),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::widths::Width;
    use crate::tol;
    use ndarray::Array3;
    use num_complex::Complex64;

    /// Means of some functions of the correlation of two signals.
    fn moments(correlator: &RealCorrelator, width: Width) -> [f64; 4] {
        let band_limit = correlator.band_limit();
        let [f, g] = [0.3, 0.7].map(|seed| {
            let shape = (2, band_limit, 2 * band_limit - 1);
            let coeffs = Array3::from_shape_fn(shape, |(c, l, m)| {
                let x = seed + (c + 2 * l * l + 5 * m * m) as f64;
                Complex64::new(x.sin(), (1.7 * x).cos()) / (1 + l) as f64
            });
            CorrelatorSignal::new(coeffs.view()).unwrap()
        });
        let mut scratch = correlator.make_workspace();
        // Dirty scratch.
        for f in [&g, &f] {
            width.run(Begin {
                plan: correlator,
                f,
                g: &g,
                scratch: &mut scratch,
            });
        }
        let (mut moments, mut values) = ([0.0; 4], Vec::new());
        for &Piece { first, lanes } in &correlator.pieces {
            values.resize(lanes * correlator.angles, 0.0);
            width.run(LastSum {
                plan: correlator,
                first,
                scratch: &mut scratch,
                out: &mut values,
            });
            for (p, moment) in moments.iter_mut().enumerate() {
                let mapped: Vec<f64> = values.iter().map(|v| (v + p as f64).sin()).collect();
                *moment += width.run(WeightedSum {
                    angles: correlator.angles,
                    weights: &correlator.weights[first..first + lanes],
                    values: &mapped,
                });
            }
        }
        moments
    }

    #[test]
    fn functions_recomputed_are_those_tabulated_with_vectors_of_every_width() {
        for (band_limit, nodes) in [(1, 1), (9, 6), (9, 20), (20, 9), (17, 33)] {
            let tabulated = RealCorrelator::new(band_limit, nodes).unwrap();
            let recomputed = RealCorrelator::with_table(band_limit, nodes, 0).unwrap();
            assert!(tabulated.nodes.tabulated.is_some() && recomputed.nodes.tabulated.is_none());
            let wanted = moments(&tabulated, Width::Widest);
            for correlator in [&tabulated, &recomputed] {
                for &width in Width::ALL {
                    for (found, want) in moments(correlator, width).iter().zip(wanted) {
                        let error = (found - want).abs();
                        assert!(error < tol::MEAN, "{width:?}: {found} {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn angles_suffice_and_are_few() {
        for nodes in 1..300 {
            let angles = angle_count(nodes);
            assert!(angles >= 2 * nodes - 1 && 10 * angles <= 11 * (2 * nodes - 1));
        }
    }
}
