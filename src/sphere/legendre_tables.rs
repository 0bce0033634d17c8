//! Tables of the Legendre stage: start values of the recursion on the rings, and its variable.

use crate::special::legendre::Sectoral;
use crate::special::legendre_chains::{LegendreChains, Step, variable};

/// Rings are padded to a multiple of this, the widest vector.
pub(super) const RING_BLOCK: usize = 8;

/// Everything the Legendre stage needs, for the northern half of a symmetric set of rings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LegendreTables {
    pub band_limit: usize,
    /// Rings of the northern half, equator included, padded to a multiple of [`RING_BLOCK`].
    pub padded_rings: usize,
    /// The rings before this index use the polar variable.
    pub polar_rings: usize,
    /// $`\cos\theta`$.
    pub cosine: Vec<f64>,
    /// The variable y of the recursion.
    pub variable: Vec<f64>,
    /// Mantissas of $`\bar P_{mm}`$ without the factor that is in `Step::factor`, `[m][ring]`.
    pub seed: Vec<f64>,
    /// Their scales.
    pub scale: Vec<f64>,
    chains: LegendreChains,
}

impl LegendreTables {
    /// Builds the tables for `rings` symmetric rings, given the colatitudes of the northern half.
    pub fn new(band_limit: usize, rings: usize, colatitudes: &[f64]) -> Self {
        let half = rings.div_ceil(2);
        let padded_rings = half.next_multiple_of(RING_BLOCK);
        let (mut sine, mut cosine): (Vec<f64>, Vec<f64>) =
            colatitudes[..half].iter().map(|t| t.sin_cos()).unzip();
        if !rings.is_multiple_of(2) {
            (sine[half - 1], cosine[half - 1]) = (1.0, 0.0);
        }
        sine.resize(padded_rings, sine[half - 1]);
        cosine.resize(padded_rings, cosine[half - 1]);
        let polar_rings = (0..padded_rings)
            .step_by(RING_BLOCK)
            .take_while(|first| cosine[first + RING_BLOCK / 2] > sine[first + RING_BLOCK / 2])
            .count()
            * RING_BLOCK;
        let variable = (0..padded_rings)
            .map(|r| variable(usize::from(r >= polar_rings), sine[r], cosine[r]))
            .collect();

        let mut start: Vec<Sectoral> = sine
            .iter()
            .zip(&cosine)
            .map(|(s, c)| Sectoral::new(*s, *c))
            .collect();
        let mut seed = Vec::with_capacity(band_limit * padded_rings);
        let mut scale = Vec::with_capacity(band_limit * padded_rings);
        for _ in 0..band_limit {
            for ring in &mut start {
                seed.push(ring.mantissa);
                scale.push(f64::from(ring.scale));
                ring.advance();
            }
        }
        LegendreTables {
            band_limit,
            padded_rings,
            polar_rings,
            cosine,
            variable,
            seed,
            scale,
            chains: LegendreChains::new(band_limit),
        }
    }

    /// The steps of one chain: degrees `m + parity`, `m + parity + 2`, … below the band limit.
    #[inline(always)]
    pub fn chain(&self, order: usize, parity: usize) -> &[Step] {
        self.chains.chain(order, parity)
    }
}
