//! Where the features of a network on the sphere are read.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use crate::error::number;
use crate::so3::RotationGrid;
use crate::sphere::{MAX_BAND_LIMIT, Sampling};
use crate::{Error, Result};

/// A network has at most this many outputs.
const MAX_OUTPUTS: usize = 1 << 20;

/// The outputs of a network: numbers after a pooling, or the features at given places.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Outputs, Init, SphereSampling, Filter};
/// use haarmonic::sphere::Sampling;
///
/// // One output per point of a grid: a map on the sphere that rotates with the input.
/// let network = Network::sphere(6, SphereSampling::Coefficients, 1)
///     .lifting_with(Filter::cap(0.9), Init::default())
///     .activation(Activation::Erf)
///     .partial_pooling()
///     .dense(Init::default())
///     .outputs(Outputs::grid_points(Sampling::GaussLegendre, 4)?)
///     .build()?;
/// assert_eq!(network.outputs().count(), 4 * 7);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Outputs {
    /// The pooled, or flattened, features.
    #[default]
    Pooled,
    /// The features over SO(3) at these rotations, ZYZ angles `[α, β, γ]` in radians.
    Rotations(Arc<[[f64; 3]]>),
    /// The features over the sphere, after a partial pooling, at these points: colatitude and
    /// longitude `[θ, φ]` in radians.
    Points(Arc<[[f64; 2]]>),
    /// On graphs and molecules: the features of every node or atom, one after the other.
    Nodes,
}

impl Outputs {
    /// Makes outputs at rotations.
    ///
    /// # Arguments
    /// * `angles` — ZYZ angles `[α, β, γ]` in radians, β in `[0, π]`
    ///
    /// The values are checked when the network is built.
    pub fn rotations(angles: &[[f64; 3]]) -> Self {
        Outputs::Rotations(angles.into())
    }

    /// Makes outputs at points of the sphere.
    ///
    /// # Arguments
    /// * `angles` — colatitude and longitude `[θ, φ]` in radians, θ in `[0, π]`
    ///
    /// The values are checked when the network is built.
    pub fn points(angles: &[[f64; 2]]) -> Self {
        Outputs::Points(angles.into())
    }

    /// Makes outputs at the points of a grid, ring after ring from north to south, φ increasing from 0 on
    /// each: the order of an array of samples `[θ, φ]`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a band limit of 0 or one with more than 2²⁰ points.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Outputs;
    /// use haarmonic::sphere::Sampling;
    /// let pole = std::f64::consts::FRAC_PI_2;
    /// assert_eq!(Outputs::grid_points(Sampling::GaussLegendre, 1)?, Outputs::points(&[[pole, 0.0]]));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn grid_points(sampling: Sampling, band_limit: usize) -> Result<Self> {
        check_grid(sampling, band_limit, 1)?;
        let longitudes = sampling.longitudes(band_limit)?;
        let points = sampling
            .colatitudes(band_limit)?
            .into_iter()
            .flat_map(|theta| longitudes.iter().map(move |&phi| [theta, phi]))
            .collect();
        Ok(Outputs::Points(points))
    }

    /// Makes outputs at the rotations of the smallest grid of a band limit, in the order of an array of
    /// samples `[γ, β, α]`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a band limit of 0 or one with more than 2²⁰ rotations.
    pub fn grid_rotations(sampling: Sampling, band_limit: usize) -> Result<Self> {
        check_grid(sampling, band_limit, 2)?;
        let grid = RotationGrid::new(band_limit, sampling)?;
        let mut rotations = Vec::with_capacity(grid.points());
        for gamma in grid.gammas() {
            for &beta in grid.betas() {
                rotations.extend(grid.alphas().iter().map(|&alpha| [alpha, beta, gamma]));
            }
        }
        Ok(Outputs::Rotations(rotations.into()))
    }

    /// Returns the number of outputs of one input; 1 if they are pooled.
    pub fn count(&self) -> usize {
        match self {
            Outputs::Pooled | Outputs::Nodes => 1,
            Outputs::Rotations(angles) => angles.len(),
            Outputs::Points(angles) => angles.len(),
        }
    }

    /// The sampling and the band limit of the grid that these outputs are, if they are one.
    pub(super) fn grid(&self) -> Option<(Sampling, usize)> {
        let (make, further): (fn(_, _) -> _, _) = match self {
            Outputs::Pooled | Outputs::Nodes => return None,
            Outputs::Rotations(_) => (Outputs::grid_rotations, 2),
            Outputs::Points(_) => (Outputs::grid_points, 1),
        };
        Sampling::ALL.into_iter().find_map(|sampling| {
            // The number of outputs grows with the band limit, so that one grid at most is made.
            let band_limit = (1..=MAX_BAND_LIMIT).find(|&limit| {
                grid_count(sampling, limit, further).is_ok_and(|n| n >= self.count())
            })?;
            let grid = make(sampling, band_limit).ok()?;
            (grid == *self).then_some((sampling, band_limit))
        })
    }

    /// Checks the numbers.
    pub(super) fn validate(&self) -> Result<()> {
        match self {
            Outputs::Pooled | Outputs::Nodes => Ok(()),
            Outputs::Rotations(angles) => {
                check_angles("rotations", ["alpha", "beta", "gamma"], 1, angles)
            }
            Outputs::Points(angles) => {
                check_angles("points", ["colatitude", "longitude"], 0, angles)
            }
        }
    }
}

/// The number of outputs of a grid, each ring of which has one or two further angles.
fn grid_count(sampling: Sampling, band_limit: usize, further: u32) -> Result<usize> {
    let [rings, angles] = sampling.shape(band_limit)?;
    Ok(rings.saturating_mul(angles.saturating_pow(further)))
}

fn check_grid(sampling: Sampling, band_limit: usize, further: u32) -> Result<()> {
    if grid_count(sampling, band_limit, further)? > MAX_OUTPUTS {
        return Err(Error::invalid(
            "bandlimit of the outputs",
            band_limit,
            format!("one with at most {MAX_OUTPUTS} outputs"),
        ));
    }
    Ok(())
}

/// Checks angles, of which one is a colatitude and the others are any number.
fn check_angles<const N: usize>(
    key: &str,
    names: [&str; N],
    colatitude: usize,
    angles: &[[f64; N]],
) -> Result<()> {
    let wrong =
        |what: String, found: String, expected: String| Err(Error::invalid(what, found, expected));
    if angles.is_empty() || angles.len() > MAX_OUTPUTS {
        return wrong(
            format!("{key} of the outputs"),
            angles.len().to_string(),
            format!("1 to {MAX_OUTPUTS} of them"),
        );
    }
    for (index, angles) in angles.iter().enumerate() {
        for (place, (name, angle)) in names.iter().zip(angles).enumerate() {
            let (accepted, expected) = if place == colatitude {
                ((0.0..=PI).contains(angle), "radians from 0 to π")
            } else {
                (angle.is_finite(), "a finite angle in radians")
            };
            if !accepted {
                return wrong(
                    format!("{name} of output {}", index + 1),
                    number(*angle).to_string(),
                    expected.into(),
                );
            }
        }
    }
    Ok(())
}

/// Nothing for pooled outputs, otherwise how many there are and on what.
impl fmt::Display for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count() == 1 { "" } else { "s" };
        match self {
            Outputs::Pooled => Ok(()),
            Outputs::Nodes => f.write_str("at every node"),
            Outputs::Rotations(angles) => write!(f, "at {} rotation{plural}", angles.len()),
            Outputs::Points(angles) => write!(f, "at {} point{plural}", angles.len()),
        }
    }
}
