//! Mercer spectra of dot-product kernels on spheres.

use ndarray::Array2;

use super::refined::{MOST_DEGREES, PRECISION, angles, check_degrees, checked, refined, size};
use crate::kernel::Kernel;
use crate::network::{InputSpace, Network};
use crate::{Error, Result, check};

/// The eigenvalues of a kernel $`k(x \cdot y)`$ on the unit sphere in d dimensions, with respect to the uniform law of mass 1.
///
/// ```math
/// k(t) = \sum_\ell N_\ell \, \bar\lambda_\ell \, P_\ell(t) , \qquad
/// \bar\lambda_\ell = \frac{\int_0^\pi k(\cos\theta) P_\ell(\cos\theta) \sin^{d-2}\theta \, d\theta}{\int_0^\pi \sin^{d-2}\theta \, d\theta}
/// ```
/// with the Legendre polynomials of d dimensions, $`P_\ell(1) = 1`$, and the multiplicities $`N_\ell`$. The quadrature is of Gauss–Legendre
/// in the angle θ, not in t: kernels of networks with kinks are smooth functions of θ up to both ends, and not of t.
///
/// # Examples
/// ```
/// use haarmonic::spectral::Spectrum;
/// // k(t) = t² = 1/3 P₀ + 2/3 P₂ on S², where degree 2 has five functions
/// let spectrum = Spectrum::of_kernel(3, 4, |theta| Ok(theta.iter().map(|theta| theta.cos().powi(2)).collect()))?;
/// assert!((spectrum.eigenvalues[0] - 1.0 / 3.0).abs() < 1e-15);
/// assert!((spectrum.eigenvalues[2] - 2.0 / 15.0).abs() < 1e-15);
/// assert_eq!((spectrum.eigenvalues[1], spectrum.eigenvalues[3]), (0.0, 0.0));
/// assert!(spectrum.tail < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// BM19, BB21.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Spectrum {
    /// The dimension d of the space in which the sphere is.
    pub dimension: usize,
    /// $`\bar\lambda_\ell`$ for ℓ = 0, 1, …; zero where it is below [`floor`](Self::floor).
    pub eigenvalues: Vec<f64>,
    /// $`N_\ell`$, the number of functions of each degree.
    pub multiplicities: Vec<f64>,
    /// k(1), which is the sum of all eigenvalues.
    pub trace: f64,
    /// The sum of the eigenvalues of all further degrees, and so the largest error of the kernel without them.
    pub tail: f64,
    /// The error of each eigenvalue: smaller ones have no digits.
    pub floor: f64,
}

impl Spectrum {
    /// Computes the eigenvalues of the degrees below `degrees`.
    ///
    /// # Arguments
    /// * `dimension` — d, at least 2
    /// * `degrees` — number of degrees, at least 1
    /// * `kernel` — the kernel at angles θ in `[0, π]`, radians, between its arguments
    ///
    /// # Cost and accuracy
    /// O(n) values of the kernel and O(n · degrees) time with n nodes; n is doubled until no eigenvalue changes by more than 32 ε of
    /// the largest one. That error is [`floor`](Self::floor).
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — arguments out of range, multiplicities that are larger than 2⁵³, a kernel whose eigenvalues are negative
    /// * [`Error::NotFinite`], [`Error::ShapeMismatch`] — for bad values of the kernel
    /// * [`Error::NotConverged`] — 8192 nodes are not enough
    pub fn of_kernel(
        dimension: usize,
        degrees: usize,
        mut kernel: impl FnMut(&[f64]) -> Result<Vec<f64>>,
    ) -> Result<Self> {
        let [spectrum] = spectra(dimension, degrees, |theta| Ok([kernel(theta)?]))?;
        Ok(spectrum)
    }

    /// Returns $`\sum_\ell N_\ell \bar\lambda_\ell/(\bar\lambda_\ell + \delta)`$, the number of functions that a ridge of nδ for n points
    /// leaves free; for known degrees alone.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless δ > 0.
    pub fn effective_dimension(&self, ridge: f64) -> Result<f64> {
        check::positive("ridge of an effective dimension", ridge)?;
        Ok(self.sum(|value| value / (value + ridge)))
    }

    /// Returns $`(\sum_\ell N_\ell \bar\lambda_\ell)^2/\sum_\ell N_\ell \bar\lambda_\ell^2`$, the number of functions that carry the kernel.
    pub fn participation_ratio(&self) -> f64 {
        self.trace * self.trace / self.sum(|value| value * value)
    }

    /// Returns p of $`\bar\lambda_\ell \sim (\ell + \tfrac{d-2}{2})^{-p}`$ for even and for odd degrees, from the last degree and the one at half
    /// of it; nothing where one of the two is zero.
    ///
    /// On S², with ReLU at any depth, p tends to 3 for the NTK and to 5 for the NNGP.
    pub fn decay_exponents(&self) -> [Option<f64>; 2] {
        [0, 1].map(|parity| {
            let last = self.eigenvalues.len().checked_sub(1)?;
            let last = last - (last + parity) % 2;
            let half = last / 2 + (last / 2 + parity) % 2;
            let at = |degree: usize| self.eigenvalues.get(degree).copied().filter(|&v| v > 0.0);
            let shifted = |degree: usize| degree as f64 + (self.dimension as f64 - 2.0) / 2.0;
            if half == 0 || half >= last {
                return None;
            }
            let ratio = at(half)? / at(last)?;
            Some(ratio.ln() / (shifted(last) / shifted(half)).ln())
        })
    }

    fn sum(&self, term: impl Fn(f64) -> f64) -> f64 {
        let both = self.multiplicities.iter().zip(&self.eigenvalues);
        both.map(|(count, &value)| count * term(value)).sum()
    }
}

/// The spectra of both kernels of a network.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetworkSpectra {
    /// The spectrum of the covariance of the outputs.
    pub nngp: Spectrum,
    /// The spectrum of the neural tangent kernel.
    pub ntk: Spectrum,
}

/// Computes the spectra of the kernels of a network on vectors, for inputs with $`|x|^2 = d`$ in d dimensions.
///
/// # Arguments
/// * `network` — on vectors of at least 2 entries
/// * `degrees` — number of degrees
///
/// # Cost and accuracy
/// As [`Spectrum::of_kernel`]: some milliseconds for hundreds of degrees.
///
/// # Errors
/// As [`Spectrum::of_kernel`], and [`Error::InvalidValue`] for a network on other signals.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Init, Network};
/// use haarmonic::spectral::network_spectra;
///
/// // One hidden layer of ReLU without biases: odd degrees from 3 on are never learned.
/// let layer = Init::new(2.0_f64.sqrt(), 0.0);
/// let network = Network::vector(3).dense(layer).activation(Activation::Relu).dense(layer).build()?;
/// let ntk = network_spectra(&network, 6)?.ntk;
/// assert!((ntk.eigenvalues[1] - 2.0 / 3.0).abs() < 1e-14);
/// assert_eq!((ntk.eigenvalues[3], ntk.eigenvalues[5]), (0.0, 0.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn network_spectra(network: &Network, degrees: usize) -> Result<NetworkSpectra> {
    let InputSpace::Vector { dimension } = *network.input() else {
        return Err(Error::invalid(
            "network of a spectrum",
            "signals that are not vectors",
            "a network on vectors",
        ));
    };
    check_dimension(dimension)?;
    let kernel = Kernel::new(network)?;
    let length = (dimension as f64).sqrt();
    let mut pole = Array2::zeros((1, dimension));
    pole[[0, 0]] = length;
    let [nngp, ntk] = spectra(dimension, degrees, |theta| {
        let mut others = Array2::zeros((theta.len(), dimension));
        for (mut other, theta) in others.outer_iter_mut().zip(theta) {
            (other[0], other[1]) = (length * theta.cos(), length * theta.sin());
        }
        let matrices = kernel.cross(pole.view(), others.view())?;
        Ok([matrices.nngp, matrices.ntk].map(|matrix| matrix.into_raw_vec_and_offset().0))
    })?;
    Ok(NetworkSpectra { nngp, ntk })
}

/// The spectra of some kernels that are computed together.
fn spectra<const K: usize>(
    dimension: usize,
    degrees: usize,
    mut kernels: impl FnMut(&[f64]) -> Result<[Vec<f64>; K]>,
) -> Result<[Spectrum; K]> {
    check_dimension(dimension)?;
    let multiplicities = multiplicities(dimension, degrees)?;
    let mut values = |theta: &[f64]| -> Result<[Vec<f64>; K]> {
        let values = kernels(theta)?;
        for value in &values {
            checked(value, theta.len())?;
        }
        Ok(values)
    };
    let traces = values(&[0.0])?.map(|value| value[0]);
    let eigenvalues = refined("spectrum", degrees, |nodes| {
        coefficients(dimension, degrees, nodes, &mut values)
    })?;
    let mut found = Vec::with_capacity(K);
    for (eigenvalues, trace) in eigenvalues.into_iter().zip(traces) {
        found.push(cut(dimension, eigenvalues, multiplicities.clone(), trace)?);
    }
    found.try_into().map_err(|_| Error::empty("kernels"))
}

pub(super) fn check_dimension(dimension: usize) -> Result<()> {
    if dimension < 2 {
        return Err(Error::invalid(
            "dimension of a sphere",
            dimension,
            "at least 2",
        ));
    }
    Ok(())
}

/// $`N_\ell = \binom{\ell+d-1}{d-1} - \binom{\ell+d-3}{d-1}`$.
pub(super) fn multiplicities(dimension: usize, degrees: usize) -> Result<Vec<f64>> {
    check_degrees(degrees, MOST_DEGREES)?;
    let d = dimension as f64;
    // C(ℓ + d − 3, ℓ) from degree to degree; N is that times (2ℓ + d − 2)/(d − 2), in two dimensions the limit 2.
    let mut choices = 1.0;
    let mut counts = vec![1.0];
    for degree in 1..degrees {
        let l = degree as f64;
        let count = if dimension == 2 {
            2.0
        } else {
            choices *= (l + d - 3.0) / l;
            (choices * (2.0 * l + d - 2.0) / (d - 2.0)).round()
        };
        if count > 1.0 / f64::EPSILON {
            return Err(Error::invalid(
                "number of degrees",
                degrees,
                format!(
                    "at most {degree} in {dimension} dimensions: beyond, more than 2^52 functions share a degree"
                ),
            ));
        }
        counts.push(count);
    }
    Ok(counts)
}

/// The integrals with the Legendre polynomials, from n nodes in the angle.
fn coefficients<const K: usize>(
    dimension: usize,
    degrees: usize,
    nodes: usize,
    values: &mut impl FnMut(&[f64]) -> Result<[Vec<f64>; K]>,
) -> Result<[Vec<f64>; K]> {
    let (theta, rule) = angles(nodes)?;
    let cosines: Vec<f64> = theta.iter().map(|theta| theta.cos()).collect();
    let power = dimension as i32 - 2;
    let mut weights: Vec<f64> = rule
        .iter()
        .zip(&theta)
        .map(|(w, theta)| w * theta.sin().powi(power))
        .collect();
    let mass: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= mass);
    let weighted = values(&theta)?.map(|mut values| {
        values.iter_mut().zip(&weights).for_each(|(v, w)| *v *= w);
        values
    });
    let mut found = [(); K].map(|()| Vec::with_capacity(degrees));
    let (mut last, mut now) = (vec![0.0; nodes], vec![1.0; nodes]);
    let d = dimension as f64;
    for degree in 0..degrees {
        for (found, weighted) in found.iter_mut().zip(&weighted) {
            found.push(weighted.iter().zip(&now).map(|(w, p)| w * p).sum());
        }
        // (ℓ + d − 2) P_{ℓ+1} = (2ℓ + d − 2) t P_ℓ − ℓ P_{ℓ−1}; for ℓ = 0, P₁ = t in every dimension.
        let l = degree as f64;
        let [a, b] = match degree {
            0 => [1.0, 0.0],
            _ => [(2.0 * l + d - 2.0) / (l + d - 2.0), l / (l + d - 2.0)],
        };
        for ((last, now), t) in last.iter_mut().zip(&mut now).zip(&cosines) {
            let next = a * t * *now - b * *last;
            (*last, *now) = (*now, next);
        }
    }
    Ok(found)
}

/// Sets what has no digits to zero and finds what is left.
fn cut(
    dimension: usize,
    mut eigenvalues: Vec<f64>,
    multiplicities: Vec<f64>,
    trace: f64,
) -> Result<Spectrum> {
    let floor = PRECISION * size(&eigenvalues);
    for (degree, value) in eigenvalues.iter_mut().enumerate() {
        without_noise(degree, std::slice::from_mut(value), floor)?;
    }
    let known: f64 = eigenvalues
        .iter()
        .zip(&multiplicities)
        .map(|(v, n)| n * v)
        .sum();
    Ok(Spectrum {
        dimension,
        eigenvalues,
        multiplicities,
        trace,
        tail: (trace - known).max(0.0),
        floor,
    })
}

/// Sets eigenvalues below the error of all to zero, and refuses those that are negative beyond it.
pub(super) fn without_noise(degree: usize, values: &mut [f64], floor: f64) -> Result<()> {
    for value in values {
        if *value < -floor {
            return Err(Error::invalid(
                format!("eigenvalue of degree {degree}"),
                *value,
                "at least 0: a kernel that is positive definite",
            ));
        }
        if *value < floor {
            *value = 0.0;
        }
    }
    Ok(())
}
