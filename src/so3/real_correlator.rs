//! The data of a correlator of real signals, and the places of orders in its spectra; see [`real_correlation`](super::real_correlation).

#[cfg(feature = "kernels")]
use super::real_adjoint::AdjointBuffers;
use super::real_nodes::Nodes;
use crate::simd::aligned::Aligned;
use crate::simd::fft::{LaneFft, NUMBER};
use crate::wigner::table::WignerTable;
use std::ops::Range;

/// Correlates real signals of one band limit at the nodes of one Haar quadrature.
///
/// ```math
/// K(r) = \frac{1}{4\pi C} \sum_c \int_{S^2} f_c(x) \, f'_c(r^{-1} x) \, d\Omega(x)
/// ```
///
/// The nodes are M Gauss–Legendre colatitudes β and N ≥ 2M − 1 equispaced angles α and γ: exact for
/// functions on SO(3) of degree up to 2M − 2 when K is mapped by a polynomial of suitable degree.
/// N is the number of angles for which transforms and activations together cost least.
/// The Haar measure is invariant under inversion, so means over r are equal for `$`f'(r^{-1} x)`$` and `$`f'(r x)`$`.
///
/// # Cost
/// O(M L³ + (M L² + M² L) log M) per pair. Memory: the table of Wigner d-functions, (1/6) L³ M numbers, as
/// long as it is below 16 MiB (otherwise they are recomputed for each pair); a workspace of
/// 2 N M L numbers per thread.
pub struct RealCorrelator {
    pub(super) band_limit: usize,
    /// M.
    pub(super) quadrature: usize,
    /// N.
    pub(super) angles: usize,
    pub(super) nodes: Nodes,
    pub(super) fft: LaneFft,
    /// Haar weights of the (γ, β) nodes for one α; padding has weight zero.
    pub(super) weights: Vec<f64>,
    /// Room for the (γ, β) nodes of one order m.
    pub(super) stride: usize,
    pub(super) pieces: Vec<Piece>,
}

/// Some of the (γ, β) nodes, with all α.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) first: usize,
    pub(super) lanes: usize,
}

/// Scratch for [`RealCorrelator`]; its content never affects a result.
#[derive(Debug, Clone)]
pub struct CorrelatorWorkspace {
    pub(super) products: Aligned,
    pub(super) class: Aligned,
    pub(super) state: WignerTable,
    pub(super) planes: Aligned,
    pub(super) line: Aligned,
    pub(super) other: Aligned,
    pub(super) extra: Aligned,
    pub(super) orders: Aligned,
    #[cfg(feature = "kernels")]
    pub(super) adjoint: AdjointBuffers,
}

impl RealCorrelator {
    /// `f64`s of a plane of one order m, or of sixteen (γ, β) nodes.
    pub(super) fn plane_len(&self) -> usize {
        self.angles * NUMBER
    }

    /// Whether there are more orders than angles, so that several fall on one place of a spectrum.
    pub(super) fn folded(&self) -> bool {
        2 * self.band_limit - 1 > self.angles
    }

    /// Where a spectrum has an order and its opposite.
    #[inline(always)]
    pub(super) fn places(&self, order: usize) -> [usize; 2] {
        // A division takes as long as a step of a short transform.
        let place = if order < self.angles {
            order
        } else {
            order % self.angles
        };
        [place, if place == 0 { 0 } else { self.angles - place }]
    }

    /// The part of a spectrum to be cleared before its orders are placed, `number` to each.
    pub(super) fn gap(&self, number: usize) -> Range<usize> {
        if self.folded() {
            0..self.angles * number
        } else {
            self.band_limit * number..(self.angles + 1 - self.band_limit) * number
        }
    }
}
