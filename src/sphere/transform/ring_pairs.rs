//! Rings as the Legendre stage sees them: mirror images about the equator share one colatitude.

use crate::sphere::rings::Rings;

/// Pairs of rings are taken in blocks of this many, the widest vector.
pub(in crate::sphere) const LANES: usize = 8;

/// A northern ring, its mirror image, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sphere) struct RingPair {
    pub north: Option<usize>,
    pub south: Option<usize>,
}

/// All rings of a grid, in pairs from the pole to the equator.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sphere) struct RingPairs {
    pub pairs: Vec<RingPair>,
    /// Sine and cosine of the northern colatitude of each pair, padded to a multiple of [`LANES`] with the last one.
    pub sine: Vec<f64>,
    pub cosine: Vec<f64>,
    /// The northern colatitude itself.
    pub colatitude: Vec<f64>,
}

impl RingPairs {
    /// Finds the pairs among colatitudes in any order. A mirror image is recognised within four roundings.
    pub(super) fn new(colatitudes: &[f64]) -> Self {
        use std::f64::consts::{FRAC_PI_2, PI};
        // The distance to the nearer pole, and whether that is the south pole.
        let mut rings: Vec<(f64, bool, usize)> = colatitudes
            .iter()
            .enumerate()
            .map(|(ring, &theta)| {
                let south = theta > FRAC_PI_2;
                (if south { PI - theta } else { theta }, south, ring)
            })
            .collect();
        rings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let (mut pairs, mut angles) = (Vec::new(), Vec::new());
        let mut waiting = rings.into_iter().peekable();
        while let Some((theta, south, ring)) = waiting.next() {
            // π − θ of an exact mirror image carries the rounding of π and of θ.
            let image = waiting.next_if(|(other, is_south, _)| {
                *is_south != south && (other - theta).abs() <= 4.0 * f64::EPSILON * PI
            });
            let (mut north, mut mirror) = (Some(ring), image.map(|(_, _, ring)| ring));
            if south {
                std::mem::swap(&mut north, &mut mirror);
            }
            pairs.push(RingPair {
                north,
                south: mirror,
            });
            // A northern angle is taken as it is; the sine and cosine of a southern one keep their accuracy too.
            let (s, c) = match north {
                Some(ring) => colatitudes[ring].sin_cos(),
                None => {
                    let (s, c) = colatitudes[ring].sin_cos();
                    (s, -c)
                }
            };
            let on_equator = (theta - FRAC_PI_2).abs() <= 4.0 * f64::EPSILON;
            angles.push(if on_equator {
                [FRAC_PI_2, 1.0, 0.0]
            } else {
                [theta, s, c]
            });
        }
        Self::padded(pairs, angles)
    }

    /// Fills the last block up; an angle is a colatitude, its sine and its cosine.
    fn padded(pairs: Vec<RingPair>, mut angles: Vec<[f64; 3]>) -> Self {
        let last = angles.last().copied().unwrap_or_default();
        angles.resize(pairs.len().next_multiple_of(LANES), last);
        let column = |k: usize| angles.iter().map(|angle| angle[k]).collect();
        RingPairs {
            pairs,
            colatitude: column(0),
            sine: column(1),
            cosine: column(2),
        }
    }

    /// The pairs of a set of rings; mirror images with different longitudes are taken apart.
    pub(super) fn of(rings: &Rings) -> Self {
        let rings = rings.rings();
        let colatitudes: Vec<f64> = rings.iter().map(|ring| ring.colatitude).collect();
        let pairs = Self::new(&colatitudes);
        let alike = |pair: &RingPair| match (pair.north, pair.south) {
            (Some(a), Some(b)) => {
                rings[a].longitudes == rings[b].longitudes
                    && rings[a].first_longitude == rings[b].first_longitude
            }
            _ => true,
        };
        if pairs.pairs.iter().all(alike) {
            return pairs;
        }
        let (mut split, mut angles) = (Vec::new(), Vec::new());
        for (i, pair) in pairs.pairs.iter().enumerate() {
            let RingPair { north, south } = *pair;
            let (whole, halves) = (
                [*pair],
                [
                    RingPair { north, south: None },
                    RingPair { north: None, south },
                ],
            );
            for part in if alike(pair) { &whole[..] } else { &halves[..] } {
                split.push(*part);
                angles.push([pairs.colatitude[i], pairs.sine[i], pairs.cosine[i]]);
            }
        }
        Self::padded(split, angles)
    }

    /// Neighbours in pairs, whatever their colatitudes: enough for the Fourier stage.
    pub(super) fn neighbours(count: usize) -> Self {
        let pairs: Vec<RingPair> = (0..count)
            .step_by(2)
            .map(|ring| RingPair {
                north: Some(ring),
                south: (ring + 1 < count).then_some(ring + 1),
            })
            .collect();
        let angles = vec![[0.0; 3]; pairs.len()];
        Self::padded(pairs, angles)
    }

    /// Blocks of [`LANES`] pairs.
    pub(super) fn blocks(&self) -> usize {
        self.sine.len() / LANES
    }

    /// The rings of one block, `[north, south]` pair after pair.
    pub(super) fn of_block(&self, block: usize) -> [Option<usize>; 2 * LANES] {
        let pairs = self.block(block);
        std::array::from_fn(|i| {
            let pair = pairs.get(i / 2)?;
            if i % 2 == 0 { pair.north } else { pair.south }
        })
    }

    /// The pairs of one block; the last one may hold fewer.
    pub(super) fn block(&self, block: usize) -> &[RingPair] {
        let end = self.pairs.len().min((block + 1) * LANES);
        &self.pairs[block * LANES..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn mirror_images_are_found() {
        let pairs = RingPairs::new(&[0.1, 0.5 * PI, 3.0, PI - 0.1]);
        let found: Vec<_> = pairs.pairs.iter().map(|p| (p.north, p.south)).collect();
        assert_eq!(
            found,
            [(Some(0), Some(3)), (None, Some(2)), (Some(1), None)]
        );
        assert_eq!((pairs.sine[2], pairs.cosine[2]), (1.0, 0.0));
        assert_eq!(pairs.blocks(), 1);
    }

    #[test]
    fn equal_rings_are_no_mirror_images() {
        let pairs = RingPairs::new(&[0.4, 0.4, PI - 0.4]);
        let found: Vec<_> = pairs.pairs.iter().map(|p| p.north).collect();
        assert!(pairs.pairs.len() == 2 && found.iter().all(Option::is_some));
        assert!(pairs.pairs.iter().all(|p| p.south.is_none_or(|s| s == 2)));
        assert_eq!(RingPairs::new(&[0.4, 0.4]).pairs.len(), 2);
        let near = RingPairs::new(&[0.4, PI - 0.4 - 1e-12]);
        assert_eq!(near.pairs.len(), 2);
    }
}
