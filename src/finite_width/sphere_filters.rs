//! Filters on the sphere and on SO(3): white noise on their support, as coefficients.
//!
//! Only the degrees of the features enter the product with a filter. If κ is white noise and p the density of the support, the
//! coefficients of $`\sqrt p\, \kappa`$ are normal with covariance $`C_{ij} = \int p\, \Delta_i \Delta_j`$. Any root T with
//! $`T T^{\mathsf T} = C`$ gives coefficients T z of this distribution from independent standard normal numbers z. The tangent kernel
//! depends on T through $`T T^{\mathsf T}`$ only, so it is the tangent kernel of the noise.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use faer::{Mat, Side};
use ndarray::Array2;
use num_complex::Complex64;

use super::rotation_matrices::{Beta, count, entry, unitary_row};
use crate::network::Filter;
use crate::numeric::gauss_legendre::GaussLegendre;
use crate::sphere::SphericalHarmonics;
use crate::sphere::zonal::legendre_polynomials_at;
use crate::{Error, Result};

/// A square root of the covariance of a filter's coefficients.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Root {
    /// The diagonal of a diagonal root.
    Scales(Vec<f64>),
    /// A root that is not diagonal.
    Matrix(Array2<f64>),
}

/// The density of a filter at quadrature nodes in β; the quadrature is exact for products of two functions below the band limit.
struct Density {
    colatitudes: Vec<f64>,
    /// Weights for d cos β, times the density per solid angle.
    weights: Vec<f64>,
}

impl Density {
    /// Computes nodes and weights; the result is none for a filter on the whole space.
    ///
    /// Only degrees up to 2L − 2 of the profile enter the products, and the profile with these degrees is a polynomial.
    fn new(filter: &Filter, band_limit: usize) -> Result<Option<Density>> {
        let Filter::Zonal(profile) = filter else {
            return Ok(None);
        };
        let multipliers = profile.multipliers(2 * band_limit - 1)?;
        let rule = GaussLegendre::new(2 * band_limit)?;
        let mut polynomials = vec![0.0; multipliers.len()];
        let colatitudes: Vec<f64> = rule.colatitudes.clone();
        let weights = colatitudes.iter().zip(&rule.weights).map(|(&theta, w)| {
            legendre_polynomials_at(theta, &mut polynomials);
            let terms = multipliers.iter().zip(&polynomials).enumerate();
            let sum: f64 = terms
                .map(|(l, (a, p))| (2 * l + 1) as f64 / (4.0 * PI) * a * p)
                .sum();
            w * sum
        });
        Ok(Some(Density {
            weights: weights.collect(),
            colatitudes,
        }))
    }

    /// The symmetric square root of the matrix $`\int p\, u_i u_j \, d\cos\beta`$ of functions given at the nodes.
    fn root(&self, functions: &[Vec<f64>]) -> Result<Mat<f64>> {
        let size = functions.len();
        let covariance = Mat::from_fn(size, size, |i, j| {
            let values = functions[i].iter().zip(&functions[j]);
            let terms = values.zip(&self.weights).map(|((u, v), w)| u * v * w);
            terms.sum::<f64>()
        });
        let eigen = covariance
            .self_adjoint_eigen(Side::Lower)
            .map_err(|error| Error::backend("faer", format!("{error:?}")))?;
        let (vectors, values) = (eigen.U(), eigen.S());
        // Rounding can make small eigenvalues of a small support negative: they count as zero.
        let scaled = Mat::from_fn(size, size, |i, k| {
            vectors[(i, k)] * values[k].max(0.0).sqrt()
        });
        Ok(scaled * vectors.transpose())
    }
}

/// Returns the root for the real coefficients $`\int \sqrt p\, \kappa\, S_{lm}\, d\Omega`$ of a filter on the sphere, at l² + l + m.
///
/// The density p is invariant about the pole, so the covariance couples coefficients of one order only: one small root per order.
pub(super) fn lifting_root(filter: &Filter, band_limit: usize) -> Result<Root> {
    let size = band_limit * band_limit;
    let Some(density) = Density::new(filter, band_limit)? else {
        return Ok(Root::Scales(vec![(4.0 * PI).sqrt().recip(); size]));
    };
    let harmonics = SphericalHarmonics::new(band_limit)?;
    let mut values = vec![Complex64::ZERO; size];
    let mut at_nodes = Vec::new();
    for &theta in &density.colatitudes {
        harmonics.write_at(theta, 0.0, &mut values)?;
        at_nodes.push(values.clone());
    }
    let mut matrix = Array2::zeros((size, size));
    let at = |l: usize, m: i64| ((l * l + l) as i64 + m) as usize;
    for order in 0..band_limit {
        let m = order as i64;
        // The integral over longitudes of the square of a real harmonic of order ±m is 2π times the square of P̄_lm(θ).
        let functions: Vec<Vec<f64>> = (order..band_limit)
            .map(|l| {
                let nodes = at_nodes.iter();
                nodes.map(|y| y[at(l, m)].re * (2.0 * PI).sqrt()).collect()
            })
            .collect();
        let root = density.root(&functions)?;
        for (i, j) in pairs(functions.len()) {
            for sign in [-1, 1] {
                matrix[[at(order + i, sign * m), at(order + j, sign * m)]] = root[(i, j)];
            }
        }
    }
    Ok(Root::Matrix(matrix))
}

/// Returns the root for the coefficients $`\int \sqrt p\, \kappa\, \Delta^l_{mn}\, dh`$ of a filter on SO(3), in the order of [`entry`].
///
/// p is the density of the point h n with respect to the uniform law, where n is the north pole. It depends on β only, so the covariance
/// couples entries of one pair ±(m, n) only: one small root per pair.
pub(super) fn convolution_root(filter: &Filter, band_limit: usize) -> Result<Root> {
    let size = count(band_limit);
    let Some(density) = Density::new(filter, band_limit)? else {
        let degrees = (0..band_limit).map(|l| 2 * l + 1);
        let scales = degrees.flat_map(|d| vec![(d as f64).sqrt().recip(); d * d]);
        return Ok(Root::Scales(scales.collect()));
    };
    let tables = density
        .colatitudes
        .iter()
        .map(|&beta| Beta::new(band_limit, beta))
        .collect::<Result<Vec<_>>>()?;
    let mut matrix = Array2::zeros((size, size));
    let limit = band_limit as i64;
    for (m, n) in (0..limit).flat_map(|m| (1 - limit..limit).map(move |n| (m, n))) {
        // The pairs (0, n) and (0, −n) are conjugates, and one of them suffices.
        if m == 0 && n < 0 {
            continue;
        }
        let first = m.max(n.abs()) as usize;
        // The factor 2π is 1/2 for the Haar measure d cos β / 2, times 4π for a density of mean one.
        let functions: Vec<Vec<f64>> = (first..band_limit)
            .map(|l| {
                let nodes = tables.iter();
                nodes
                    .map(|table| table.value(l, m, n) * (2.0 * PI).sqrt())
                    .collect()
            })
            .collect();
        let root = density.root(&functions)?;
        for (i, j) in pairs(functions.len()) {
            let (to, from) = (first + i, first + j);
            if (m, n) == (0, 0) {
                matrix[[entry(to, 0, 0), entry(from, 0, 0)]] += root[(i, j)];
                continue;
            }
            // V_mn = Σ root (z + i z') / √2 and V_{−m,−n} = (−1)^{m−n} times its conjugate, with z at (m, n), z' at
            // (−m, −n); the real coefficients are U V U†.
            let size = root[(i, j)] * FRAC_1_SQRT_2;
            let sign = if (m - n) % 2 == 0 { size } else { -size };
            let parts = [
                (entry(from, m, n), Complex64::ONE),
                (entry(from, -m, -n), Complex64::I),
            ];
            let orders = signs(m)
                .into_iter()
                .flat_map(|a| signs(n).into_iter().map(move |b| (a, b)));
            for (a, b) in orders {
                let (row, column) = (unitary_row(a), unitary_row(b));
                let factor = |m: i64, n: i64| {
                    let find = |row: &[(i64, Complex64)], m| {
                        row.iter().find(|(order, _)| *order == m).map(|(_, u)| *u)
                    };
                    let both = find(&row, m).zip(find(&column, n));
                    both.map_or(Complex64::ZERO, |(u, v)| u * v.conj())
                };
                for (number, part) in parts {
                    let value = factor(m, n) * part * size + factor(-m, -n) * part.conj() * sign;
                    matrix[[entry(to, a, b), number]] += value.re;
                }
            }
        }
    }
    Ok(Root::Matrix(matrix))
}

/// All pairs of indices below a number.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |i| (0..count).map(move |j| (i, j)))
}

/// m and −m, once each.
fn signs(m: i64) -> Vec<i64> {
    if m == 0 { vec![0] } else { vec![m, -m] }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::tol::HUNDREDS_OF_TERMS as ROUNDING;

    fn covariance(root: Root) -> Array2<f64> {
        let root = match root {
            Root::Scales(scales) => Array2::from_diag(&Array1::from(scales)),
            Root::Matrix(matrix) => matrix,
        };
        root.dot(&root.t())
    }

    /// Products of Δ, averaged by a product quadrature with the density written out.
    fn brute_force(band_limit: usize, density: impl Fn(f64) -> f64) -> Array2<f64> {
        let size = count(band_limit);
        let rule = GaussLegendre::new(3 * band_limit).unwrap();
        let turns = 2 * band_limit;
        let angle = |k: usize| 2.0 * PI * k as f64 / turns as f64;
        let mut sum = Array2::<f64>::zeros((size, size));
        for (x, w) in rule.nodes.iter().zip(&rule.weights) {
            let table = Beta::new(band_limit, x.acos()).unwrap();
            let mut rows = Array2::<f64>::zeros((turns * turns, size));
            for (k, row) in rows.outer_iter_mut().enumerate() {
                table.write(angle(k / turns), angle(k % turns), row);
            }
            let weight = w / 2.0 / (turns * turns) as f64 * density(*x);
            sum = sum + rows.t().dot(&rows) * weight;
        }
        sum
    }

    #[test]
    fn noise_on_so3_has_the_covariance_of_its_filter() {
        // The density 1 + a₁ · 3 x with respect to the uniform one.
        let local = Filter::legendre(&[1.0, 0.3]);
        for (filter, slope) in [(Filter::Global, 0.0), (local, 0.9)] {
            let found = covariance(convolution_root(&filter, 3).unwrap());
            let want = brute_force(3, |x| 1.0 + slope * x);
            let error = (&found - &want).fold(0.0, |a: f64, b| a.max(b.abs()));
            assert!(error < ROUNDING, "{filter}: {error:e}");
        }
    }

    #[test]
    fn noise_on_the_sphere_has_the_covariance_of_its_support() {
        let limit = 3;
        let found = covariance(lifting_root(&Filter::legendre(&[1.0, 0.3]), limit).unwrap());
        let harmonics = SphericalHarmonics::new(limit).unwrap();
        let rule = GaussLegendre::new(8).unwrap();
        let mut want = Array2::<f64>::zeros((limit * limit, limit * limit));
        for (x, w) in rule.nodes.iter().zip(&rule.weights) {
            for k in 0..8 {
                let (phi, r) = (2.0 * PI * f64::from(k) / 8.0, (1.0 - x * x).sqrt());
                let mut s = Array2::<f64>::zeros((1, limit * limit));
                let values = s.as_slice_mut().unwrap();
                harmonics
                    .write_real([r * phi.cos(), r * phi.sin(), *x], values)
                    .unwrap();
                let weight = w * 2.0 * PI / 8.0 * (1.0 + 0.9 * x) / (4.0 * PI);
                want = want + s.t().dot(&s) * weight;
            }
        }
        let error = (&found - &want).fold(0.0, |a: f64, b| a.max(b.abs()));
        assert!(error < ROUNDING, "{error:e}");
    }
}
