//! Wigner functions at fixed nodes, and the two small matrix products that carry the transforms.

use crate::special::scaled::{Lanes, Scaled};
use crate::special::wigner_d::{CanonicalOrders, HalfAngle};

/// What the recursion needs at fixed angles β, so that starting a class costs three products a node. O(L²) memory.
#[derive(Debug, Clone)]
pub(crate) struct WignerNodes {
    band_limit: usize,
    poles: Vec<f64>,
    offsets: Vec<f64>,
    /// $`\cos^p(\beta_j/2)`$ and $`(-\sin(\beta_j/2))^p`$, entry `p * nodes + j`.
    cosines: Vec<Scaled>,
    sines: Vec<Scaled>,
    /// $`\binom{2m}{m-n}^{1/2}`$ for m ≥ n ≥ 0, entry `m (m + 1) / 2 + n`.
    binomials: Vec<Scaled>,
}

impl WignerNodes {
    /// Prepares degrees below the band limit at the given angles.
    pub(crate) fn new(band_limit: usize, betas: &[f64]) -> Self {
        let angles: Vec<HalfAngle> = betas.iter().map(|&beta| HalfAngle::new(beta)).collect();
        let powers = |base: &dyn Fn(&HalfAngle) -> f64| {
            let mut powers = vec![Scaled::ONE; angles.len()];
            for p in 1..(2 * band_limit - 1) {
                for (j, angle) in angles.iter().enumerate() {
                    powers.push(powers[(p - 1) * angles.len() + j] * Scaled::new(base(angle)));
                }
            }
            powers
        };
        let mut binomials = Vec::with_capacity(band_limit * (band_limit + 1) / 2);
        for m in 0..band_limit {
            let first = binomials.len();
            binomials.resize(first + m + 1, Scaled::ONE);
            for i in 1..=m {
                let factor = ((2 * m - i + 1) as f64 / i as f64).sqrt();
                binomials[first + m - i] = binomials[first + m - i + 1] * Scaled::new(factor);
            }
        }
        WignerNodes {
            band_limit,
            poles: angles.iter().map(|angle| angle.pole).collect(),
            offsets: angles.iter().map(|angle| angle.offset).collect(),
            cosines: powers(&|angle| angle.cos),
            sines: powers(&|angle| -angle.sin),
            binomials,
        }
    }

    /// Returns the number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.poles.len()
    }

    /// Writes $`d^\ell_{mn}(\beta_j)`$ to `table[(l − m) * nodes + j]` for ℓ = m..L, for orders m ≥ |n|.
    #[inline(always)]
    pub(crate) fn fill(&self, m: usize, n: i64, lanes: &mut Lanes, table: &mut [f64]) {
        let nodes = self.len();
        let binomial = self.binomials[m * (m + 1) / 2 + n.unsigned_abs() as usize];
        let sum = (m as i64 + n) as usize * nodes;
        let difference = (m as i64 - n) as usize * nodes;
        let cosines = &self.cosines[sum..sum + nodes];
        let sines = &self.sines[difference..difference + nodes];
        lanes.start(nodes, |j| binomial * cosines[j] * sines[j]);
        let orders = CanonicalOrders {
            major: m,
            minor: n,
            sign: 1.0,
        };
        let (poles, offsets) = (&self.poles[..nodes], &self.offsets[..nodes]);
        for (row, out) in table
            .chunks_exact_mut(nodes)
            .take(self.band_limit - m)
            .enumerate()
        {
            if row > 0 {
                let step = orders.step(m + row - 1);
                lanes
                    .advance(|j, term, increment| step.next(poles[j], offsets[j], term, increment));
            }
            lanes.write(out);
        }
    }
}

/// Computes `out[j] = Σ_i table[i * nodes + j] · packed[i]`, K columns at a time.
#[inline(always)]
pub(crate) fn expand<const K: usize>(table: &[f64], packed: &[[f64; K]], out: &mut [[f64; K]]) {
    let nodes = out.len();
    let mut j = 0;
    while j + 2 <= nodes {
        let mut sums = [[0.0; K]; 2];
        for (row, packed) in table.chunks_exact(nodes).zip(packed) {
            let pair = &row[j..j + 2];
            for k in 0..K {
                sums[0][k] += pair[0] * packed[k];
                sums[1][k] += pair[1] * packed[k];
            }
        }
        out[j] = sums[0];
        out[j + 1] = sums[1];
        j += 2;
    }
    if j < nodes {
        let mut sum = [0.0; K];
        for (row, packed) in table.chunks_exact(nodes).zip(packed) {
            for k in 0..K {
                sum[k] += row[j] * packed[k];
            }
        }
        out[j] = sum;
    }
}

/// Computes `packed[i] = Σ_j table[i * nodes + j] · values[j]`, K columns at a time.
#[inline(always)]
pub(crate) fn project<const K: usize>(table: &[f64], values: &[[f64; K]], packed: &mut [[f64; K]]) {
    let nodes = values.len();
    for (rows, packed) in table.chunks(2 * nodes).zip(packed.chunks_mut(2)) {
        if let [first, second] = packed {
            let (upper, lower) = rows.split_at(nodes);
            let mut sums = [[0.0; K]; 2];
            for ((values, a), b) in values.iter().zip(upper).zip(lower) {
                for k in 0..K {
                    sums[0][k] += a * values[k];
                    sums[1][k] += b * values[k];
                }
            }
            *first = sums[0];
            *second = sums[1];
        } else if let [last] = packed {
            let mut sum = [0.0; K];
            for (values, a) in values.iter().zip(rows) {
                for k in 0..K {
                    sum[k] += a * values[k];
                }
            }
            *last = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::wigner_d;

    #[test]
    fn tables_agree_with_single_values() {
        let betas = [0.0, 1e-3, 0.4, 1.6, 3.0, std::f64::consts::PI];
        let band_limit = 40;
        let nodes = WignerNodes::new(band_limit, &betas);
        let mut lanes = Lanes::default();
        let mut table = vec![f64::NAN; band_limit * betas.len()];
        for (m, n) in [(0, 0), (3, -3), (39, 12), (39, -39), (17, 0), (5, 5)] {
            nodes.fill(m, n, &mut lanes, &mut table);
            for l in m..band_limit {
                for (j, &beta) in betas.iter().enumerate() {
                    let want = wigner_d(l, m as i64, n, beta).unwrap();
                    let got = table[(l - m) * betas.len() + j];
                    assert!(
                        (got - want).abs() < 64.0 * f64::EPSILON,
                        "{l} {m} {n} {beta}"
                    );
                }
            }
        }
    }

    #[test]
    fn products_agree_with_their_sums() {
        for nodes in 1..5 {
            for rows in 1..5 {
                let table: Vec<f64> = (0..rows * nodes).map(|i| (i * i) as f64 - 3.0).collect();
                let packed: Vec<[f64; 3]> = (0..rows).map(|i| [i as f64, 1.0, -2.0]).collect();
                let mut out = vec![[f64::NAN; 3]; nodes];
                expand(&table, &packed, &mut out);
                let values: Vec<[f64; 3]> = (0..nodes).map(|j| [1.0, j as f64, 0.5]).collect();
                let mut back = vec![[f64::NAN; 3]; rows];
                project(&table, &values, &mut back);
                for k in 0..3 {
                    for (j, got) in out.iter().enumerate() {
                        let want: f64 =
                            (0..rows).map(|i| table[i * nodes + j] * packed[i][k]).sum();
                        assert_eq!(got[k], want);
                    }
                    for (i, got) in back.iter().enumerate() {
                        let want: f64 = (0..nodes)
                            .map(|j| table[i * nodes + j] * values[j][k])
                            .sum();
                        assert_eq!(got[k], want);
                    }
                }
            }
        }
    }
}
