//! Real harmonics of directions with weights per degree, and their gradients.

/// Functions $`Y_{lm}`$ of a unit vector with $`\sum_m Y_{lm}(u) Y_{lm}(u') = s_l P_l(u \cdot u')`$.
///
/// Degree l has 2l + 1 functions from l² on: m = 0, then the cosine and the sine of each m. With $`\Pi_l^m = d^m P_l / dz^m`$ they are
/// ```math
/// Y_{lm} = \sqrt{s_l \tfrac{(l-m)!}{(l+m)!} (2 - \delta_{m0})}\; \Pi_l^m(z)\, \{\mathrm{Re}, \mathrm{Im}\} (x + iy)^m ,
/// ```
/// polynomials in x, y and z.
#[derive(Debug, Clone)]
pub(super) struct Harmonics {
    degrees: usize,
    /// The factor of degree l and order m, at l (l + 1) / 2 + m.
    factors: Vec<f64>,
}

/// Scratch for one direction: $`\Pi_l^m`$, and real and imaginary part of $`(x + iy)^m`$.
#[derive(Debug, Clone, Default)]
pub(super) struct HarmonicTables {
    derivatives: Vec<f64>,
    powers: Vec<[f64; 2]>,
}

impl Harmonics {
    /// Takes $`s_l`$.
    pub(super) fn new(spectrum: &[f64]) -> Self {
        let mut factors = Vec::new();
        for (l, &share) in spectrum.iter().enumerate() {
            for m in 0..=l {
                // (l − m)! / (l + m)!
                let ratio: f64 = (l - m + 1..=l + m).map(|k| (k as f64).recip()).product();
                let count = if m == 0 { 1.0 } else { 2.0 };
                factors.push((share * ratio * count).sqrt());
            }
        }
        Harmonics {
            degrees: spectrum.len(),
            factors,
        }
    }

    /// The number of degrees.
    pub(super) fn degrees(&self) -> usize {
        self.degrees
    }

    /// Fills the tables for a direction.
    fn tabulate(&self, [x, y, z]: [f64; 3], tables: &mut HarmonicTables) {
        let HarmonicTables {
            derivatives,
            powers,
        } = tables;
        derivatives.clear();
        powers.clear();
        let mut power = [1.0, 0.0];
        for l in 0..self.degrees {
            powers.push(power);
            power = [power[0] * x - power[1] * y, power[0] * y + power[1] * x];
            for m in 0..=l {
                let n = l as f64;
                let value = match l - m {
                    // (2m − 1)!!
                    0 => (1..=m).map(|k| (2 * k - 1) as f64).product(),
                    1 => (2.0 * n - 1.0) * z * derivatives[at(l - 1, m)],
                    _ => {
                        let (last, before) = (derivatives[at(l - 1, m)], derivatives[at(l - 2, m)]);
                        let rise = (2.0 * n - 1.0) * z * last - (n + m as f64 - 1.0) * before;
                        rise / (n - m as f64)
                    }
                };
                derivatives.push(value);
            }
        }
    }

    /// Writes the functions of a unit vector, degree² numbers.
    pub(super) fn write(&self, u: [f64; 3], tables: &mut HarmonicTables, out: &mut Vec<f64>) {
        self.tabulate(u, tables);
        out.clear();
        for l in 0..self.degrees {
            for m in 0..=l {
                let factor = self.factors[at(l, m)] * tables.derivatives[at(l, m)];
                let [re, im] = tables.powers[m];
                out.push(factor * re);
                if m > 0 {
                    out.push(factor * im);
                }
            }
        }
    }

    /// Writes the gradients of the polynomials in x, y and z, in the order of [`write`](Self::write). Their parts along the sphere are the
    /// gradients of the functions.
    pub(super) fn write_gradients(
        &self,
        u: [f64; 3],
        tables: &mut HarmonicTables,
        out: &mut Vec<[f64; 3]>,
    ) {
        self.tabulate(u, tables);
        out.clear();
        for l in 0..self.degrees {
            for m in 0..=l {
                let factor = self.factors[at(l, m)];
                let along = factor * tables.derivatives[at(l, m)];
                let rise = match m < l {
                    true => factor * tables.derivatives[at(l, m + 1)],
                    false => 0.0,
                };
                let [re, im] = tables.powers[m];
                if m == 0 {
                    out.push([0.0, 0.0, rise]);
                    continue;
                }
                // d (x + iy)^m = m (x + iy)^(m − 1) (dx + i dy)
                let [a, b] = tables.powers[m - 1].map(|part| along * m as f64 * part);
                out.push([a, -b, rise * re]);
                out.push([b, a, rise * im]);
            }
        }
    }
}

/// The place of degree l and order m in a triangle.
fn at(l: usize, m: usize) -> usize {
    l * (l + 1) / 2 + m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::legendre_polynomials;
    use crate::tol;

    const SPECTRUM: [f64; 9] = [0.3, 0.1, 0.2, 0.7, 0.2, 0.4, 0.05, 0.6, 0.9];

    fn unit([x, y, z]: [f64; 3]) -> [f64; 3] {
        let norm = (x * x + y * y + z * z).sqrt();
        [x / norm, y / norm, z / norm]
    }

    #[test]
    fn products_are_legendre_functions_and_gradients_are_slopes() {
        let harmonics = Harmonics::new(&SPECTRUM);
        let mut tables = HarmonicTables::default();
        let [u, v] = [[0.3, -0.8, 0.5], [-0.6, -0.1, 0.2]].map(unit);
        let mut values = |w: [f64; 3]| {
            let mut out = Vec::new();
            harmonics.write(w, &mut tables, &mut out);
            out
        };
        let (a, b) = (values(u), values(v));
        let t: f64 = u.iter().zip(v).map(|(x, y)| x * y).sum();
        let mut legendre = vec![0.0; SPECTRUM.len()];
        legendre_polynomials(1.0 - t, &mut legendre);
        for (l, (p, share)) in legendre.iter().zip(SPECTRUM).enumerate() {
            let range = l * l..(l + 1) * (l + 1);
            let found: f64 = range.map(|n| a[n] * b[n]).sum();
            assert!(
                (found - share * p).abs() < tol::HUNDREDS_OF_TERMS,
                "degree {l}"
            );
        }
        let step = tol::HARMONIC_STEP;
        let mut gradients = Vec::new();
        harmonics.write_gradients(u, &mut HarmonicTables::default(), &mut gradients);
        for axis in 0..3 {
            let shifted = |sign: f64| {
                let mut w = u;
                w[axis] += sign * step;
                w
            };
            let [more, less] = [1.0, -1.0].map(|sign| values(shifted(sign)));
            for (n, gradient) in gradients.iter().enumerate() {
                let slope = (more[n] - less[n]) / (2.0 * step);
                let apart = (gradient[axis] - slope).abs();
                assert!(apart < tol::HARMONIC_SLOPE, "{n} {axis}: {apart}");
            }
        }
    }
}
