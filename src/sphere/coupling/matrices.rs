//! Mode-coupling matrices by Gauss–Legendre quadrature.

use super::products::Rows;
use crate::numeric::GaussLegendre;
use crate::sphere::limits::check_band_limit;
use crate::wigner::WignerDRecursion;
use crate::{Result, check, memory};
use ndarray::{Array2, aview1};
use std::f64::consts::PI;

/// Tables for the mode-coupling matrices of any mask, for degrees below a band limit.
///
/// A mask w multiplies the maps. With the spectra $`\tilde C_\ell`$ of the masked maps and the spectrum of the mask, $`W_\ell`$, all with
/// [`SpectrumNorm::Mean`](crate::sphere::spectra::SpectrumNorm::Mean), an isotropic field has
///
/// ```math
/// \langle \tilde C_a \rangle = \sum_b M_{ab} C_b , \qquad M_{ab} = \frac{2b+1}{4\pi} \sum_\ell (2\ell+1) \, W_\ell \, K_{ab\ell}
/// ```
///
/// | spectra | matrix | kernel K |
/// |---|---|---|
/// | TT | [`scalar`](Self::scalar) | $`\begin{pmatrix} a & b & \ell \\ 0 & 0 & 0 \end{pmatrix}^2`$ |
/// | TE, TB | [`mixed`](Self::mixed) | $`\begin{pmatrix} a & b & \ell \\ 0 & 0 & 0 \end{pmatrix} \begin{pmatrix} a & b & \ell \\ 2 & -2 & 0 \end{pmatrix}`$ |
/// | EE from EE, BB from BB | [`polarised`](Self::polarised), first: $`M^+`$ | $`\begin{pmatrix} a & b & \ell \\ 2 & -2 & 0 \end{pmatrix}^2`$, even a + b + ℓ |
/// | EE from BB, BB from EE | [`polarised`](Self::polarised), second: $`M^-`$ | the same, odd a + b + ℓ |
/// | EB | $`M^+ - M^-`$ | |
///
/// T, E and B are the modes of a scalar and of a field of spin 2 ([`SpinPlan`](crate::sphere::SpinPlan)); rows and columns of degrees 0 and 1 are
/// zero for polarisation. For maps with different masks, $`W_\ell`$ is the cross spectrum of the two masks.
///
/// The matrices are products of tables of Wigner functions at 2L − 1 Gauss–Legendre nodes, of which the northern half suffices: no 3j symbol is
/// computed. With $`\xi = \sum_\ell \frac{2\ell+1}{4\pi} W_\ell P_\ell`$ the integrals are $`\int P_a P_b \, \xi`$, $`\int d^a_{20} d^b_{20} \, \xi`$,
/// $`\int d^a_{22} d^b_{22} \, \xi`$ and $`\int d^a_{2,-2} d^b_{2,-2} \, \xi`$, and the rule is exact.
///
/// # Cost and accuracy
/// O(L²) time and 4 L² numbers for the tables; L³/2 multiplications and additions for each matrix (twice as many for each of the polarised
/// ones), on all threads of the current rayon pool. Errors are some ε of the largest entry.
///
/// # Examples
/// ```
/// use haarmonic::sphere::coupling::ModeCoupling;
/// // The mask 1 has W_0 = 4π, and couples nothing.
/// let coupling = ModeCoupling::new(8)?.scalar(&[4.0 * std::f64::consts::PI])?;
/// assert!((coupling[[5, 5]] - 1.0).abs() < 1e-14 && coupling[[5, 4]].abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Hivon02, Eq. (A31); KCC03 (polarisation).
#[derive(Debug, Clone)]
pub struct ModeCoupling {
    band_limit: usize,
    /// Colatitudes of the northern nodes, the last one the equator.
    colatitudes: Vec<f64>,
    /// Weights of a node and its mirror image together.
    weights: Vec<f64>,
    /// $`P_\ell`$
    scalar: Rows,
    /// $`d^\ell_{20}`$
    mixed: Rows,
    /// $`d^\ell_{22}`$ at all nodes, then $`d^\ell_{2,-2}`$.
    polarised: Rows,
}

impl ModeCoupling {
    /// Computes the tables for degrees below a band limit L.
    ///
    /// The matrices must reach beyond the last degree of interest, since a mask moves power across the edge: take L larger by some widths of
    /// the spectrum of the mask.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if `band_limit` is 0 or too large, [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn new(band_limit: usize) -> Result<Self> {
        check_band_limit(band_limit)?;
        let bytes = memory::bytes(4, &[band_limit, band_limit]);
        memory::check("tables of mode coupling", bytes, "use a smaller band limit")?;
        let rule = GaussLegendre::new(2 * band_limit - 1)?;
        let colatitudes = rule.colatitudes[..band_limit].to_vec();
        let mut weights: Vec<f64> = rule.weights[..band_limit].iter().map(|w| 2.0 * w).collect();
        // The equator is its own mirror image.
        weights[band_limit - 1] *= 0.5;
        let table = |orders: &[[i64; 2]]| -> Result<Rows> {
            let mut rows = Rows::zeros(band_limit, orders.len() * band_limit);
            for (i, [m, n]) in orders.iter().enumerate() {
                let mut functions = WignerDRecursion::new(*m, *n, &colatitudes)?;
                for degree in functions.degree()..band_limit {
                    rows.write(degree, i * band_limit, functions.values());
                    functions.advance();
                }
            }
            Ok(rows)
        };
        Ok(ModeCoupling {
            band_limit,
            scalar: table(&[[0, 0]])?,
            mixed: table(&[[2, 0]])?,
            polarised: table(&[[2, 2], [2, -2]])?,
            colatitudes,
            weights,
        })
    }

    /// Returns the band limit L (exclusive) of rows and columns.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Computes the matrix of TT, shape `[L, L]`, entry `[a, b]`.
    ///
    /// # Arguments
    /// * `mask` — the spectrum of the mask, $`W_\ell`$ from ℓ = 0 on; degrees above 2L − 2 have no effect, and missing ones count as zero
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite).
    pub fn scalar(&self, mask: &[f64]) -> Result<Array2<f64>> {
        let [even, odd] = self.correlation(mask)?;
        Ok(self
            .scalar
            .product(&even, &odd, |b| 0.5 * (2 * b + 1) as f64))
    }

    /// Computes the matrix of TE and TB, as [`scalar`](Self::scalar).
    ///
    /// # Errors
    /// As [`scalar`](Self::scalar).
    pub fn mixed(&self, mask: &[f64]) -> Result<Array2<f64>> {
        let [even, odd] = self.correlation(mask)?;
        Ok(self
            .mixed
            .product(&even, &odd, |b| 0.5 * (2 * b + 1) as f64))
    }

    /// Computes the matrices $`M^+`$ and $`M^-`$ of EE and BB, as [`scalar`](Self::scalar).
    ///
    /// # Errors
    /// As [`scalar`](Self::scalar).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::coupling::ModeCoupling;
    /// let [plus, minus] = ModeCoupling::new(8)?.polarised(&[1.0, 0.2])?;
    /// // Odd degrees of the mask move power from B to E between equal degrees, even degrees do between neighbours.
    /// assert!(minus[[3, 3]] > 0.0 && minus[[3, 4]].abs() < 1e-15 && plus[[3, 4]] > 0.0);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn polarised(&self, mask: &[f64]) -> Result<[Array2<f64>; 2]> {
        let [even, odd] = self.correlation(mask)?;
        // With p = d_22 and q = d_{2,−2}, mirror images of each other up to (−1)^ℓ, both integrals over the sphere are sums over the northern
        // nodes, and M± has half of their sum and difference: p p + q q, or p p − q q with the other part of ξ.
        let factor = |b: usize| 0.25 * (2 * b + 1) as f64;
        let twice = |values: &[f64]| [values, values].concat();
        let opposite = |values: &[f64]| {
            let negative = values.iter().map(|value| -value);
            values.iter().copied().chain(negative).collect::<Vec<_>>()
        };
        let rows = &self.polarised;
        Ok([
            rows.product(&twice(&even), &twice(&odd), factor),
            rows.product(&opposite(&odd), &opposite(&even), factor),
        ])
    }

    /// The weighted even and odd part of $`\xi(\cos\theta) = \sum_\ell \frac{2\ell+1}{4\pi} W_\ell P_\ell`$ at the northern nodes.
    fn correlation(&self, mask: &[f64]) -> Result<[Vec<f64>; 2]> {
        check::not_empty("spectrum of the mask", mask.len())?;
        check::finite("spectrum of the mask", aview1(mask))?;
        let mut parts = [(); 2].map(|()| vec![0.0; self.band_limit]);
        let mut legendre = WignerDRecursion::new(0, 0, &self.colatitudes)?;
        for (degree, power) in mask.iter().enumerate().take(2 * self.band_limit - 1) {
            let factor = (2 * degree + 1) as f64 / (4.0 * PI) * power;
            let values = legendre.values().iter().zip(&self.weights);
            for (part, (value, weight)) in parts[degree % 2].iter_mut().zip(values) {
                *part += factor * weight * value;
            }
            legendre.advance();
        }
        Ok(parts)
    }
}
