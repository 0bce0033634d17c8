//! The samplings of the sphere, their nodes and their quadrature weights in colatitude.

use super::grid::{Grid, GridFamily};
use super::limits::check_band_limit;
use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// A grid on the sphere that a band limit L determines: rings of constant colatitude θ, each with `2L − 1` equispaced longitudes
/// from φ = 0. [`Grid`] has any number of rings and longitudes.
///
/// | name              | rings  | colatitudes                          | sampling theorem |
/// |-------------------|--------|--------------------------------------|------------------|
/// | `driscoll-healy`  | `2L`   | $`(2t+1)\pi/(4L)`$                   | quadrature, exact to degree `2L − 1` |
/// | `gauss-legendre`  | `L`    | zeros of $`P_L(\cos\theta)`$         | quadrature, exact to degree `2L − 1` |
/// | `mcewen-wiaux`    | `L`    | $`(2t+1)\pi/(2L-1)`$, last ring at the south pole | periodic extension in θ |
/// | `clenshaw-curtis` | `2L`   | $`\pi t/(2L-1)`$, first and last ring at the poles | quadrature, exact to degree `2L − 1` |
///
/// Rings run from north to south. Arrays of samples have shape `[rings, 2L − 1]`.
///
/// # Examples
/// ```
/// use haarmonic::sphere::Sampling;
/// let sampling: Sampling = "mcewen-wiaux".parse()?;
/// assert_eq!(sampling.shape(4)?, [4, 7]);
/// assert_eq!(sampling.colatitudes(4)?[3], std::f64::consts::PI);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// DH94, MW11; Waldvogel06.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// `2L` equispaced rings, none at a pole.
    DriscollHealy,
    /// `L` rings at the Gauss–Legendre nodes.
    GaussLegendre,
    /// `L` equispaced rings, the last one at the south pole.
    McEwenWiaux,
    /// `2L` equispaced rings, both poles among them.
    ClenshawCurtis,
}

impl Sampling {
    /// All samplings, in the order of the table above.
    pub const ALL: [Sampling; 4] = [
        Sampling::DriscollHealy,
        Sampling::GaussLegendre,
        Sampling::McEwenWiaux,
        Sampling::ClenshawCurtis,
    ];

    /// Returns the name that [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Sampling::DriscollHealy => "driscoll-healy",
            Sampling::GaussLegendre => "gauss-legendre",
            Sampling::McEwenWiaux => "mcewen-wiaux",
            Sampling::ClenshawCurtis => "clenshaw-curtis",
        }
    }

    /// Returns whether the rings are placed symmetrically about the equator.
    pub fn is_symmetric(self) -> bool {
        !matches!(self, Sampling::McEwenWiaux)
    }

    /// Returns the grid for a band limit L, with 2L − 1 longitudes from φ = 0.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::MAX_BAND_LIMIT).
    pub fn grid(self, band_limit: usize) -> Result<Grid> {
        check_band_limit(band_limit)?;
        let (family, rings) = match self {
            Sampling::DriscollHealy => (GridFamily::Fejer1, 2 * band_limit),
            Sampling::GaussLegendre => (GridFamily::GaussLegendre, band_limit),
            Sampling::McEwenWiaux => (GridFamily::McEwenWiaux, band_limit),
            Sampling::ClenshawCurtis => (GridFamily::ClenshawCurtis, 2 * band_limit),
        };
        Grid::new(family, rings, 2 * band_limit - 1)
    }

    /// Returns the sampling whose rings for a band limit a grid has, if there is one.
    pub(super) fn of(grid: &Grid, band_limit: usize) -> Option<Sampling> {
        let alike =
            |other: &Grid| (other.family(), other.shape()[0]) == (grid.family(), grid.shape()[0]);
        Sampling::ALL.into_iter().find(|sampling| {
            grid.first_longitude() == 0.0 && sampling.grid(band_limit).is_ok_and(|it| alike(&it))
        })
    }

    /// Returns the shape `[rings, longitudes]` of a sampled signal.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::MAX_BAND_LIMIT).
    pub fn shape(self, band_limit: usize) -> Result<[usize; 2]> {
        Ok(self.grid(band_limit)?.shape())
    }

    /// Computes the colatitudes θ of the rings, in radians, from north to south.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::MAX_BAND_LIMIT).
    pub fn colatitudes(self, band_limit: usize) -> Result<Vec<f64>> {
        Ok(self.grid(band_limit)?.colatitudes())
    }

    /// Computes the longitudes $`\varphi_p = 2\pi p/(2L-1)`$, in radians.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::MAX_BAND_LIMIT).
    pub fn longitudes(self, band_limit: usize) -> Result<Vec<f64>> {
        Ok(self.grid(band_limit)?.longitudes())
    }

    /// Computes the quadrature weights of the rings.
    ///
    /// ```math
    /// \int_0^\pi g(\cos\theta) \sin\theta \, d\theta = \sum_t w_t \, g(\cos\theta_t)
    /// ```
    /// Exact for polynomials `g` of degree at most `2L − 1` (Driscoll–Healy, Gauss–Legendre, Clenshaw–Curtis) or `L − 1` (McEwen–Wiaux:
    /// there the product of two band-limited functions is not integrated exactly, and the forward transform goes
    /// through the periodic extension in θ instead). The weights sum to 2; the solid angle of a grid point is
    /// $`2\pi w_t/(2L-1)`$.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::MAX_BAND_LIMIT).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::Sampling;
    /// let weights = Sampling::DriscollHealy.colatitude_weights(1)?;   // θ = π/4, 3π/4
    /// assert!((weights[0] - 1.0).abs() < 4.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// DH94, Lemma 2; MW11, Eq. (25).
    pub fn colatitude_weights(self, band_limit: usize) -> Result<Vec<f64>> {
        Ok(self.grid(band_limit)?.colatitude_weights())
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Sampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Sampling::ALL
            .into_iter()
            .find(|sampling| sampling.name() == text)
            .ok_or_else(|| Error::invalid("sampling", format!("{text:?}"), "\"driscoll-healy\", \"gauss-legendre\", \"mcewen-wiaux\" or \"clenshaw-curtis\""
                        ))
    }
}
