//! Messages between the atoms of a molecule: the layer `message`.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use crate::error::number;
use crate::sphere::bump::bump_coefficients;
use crate::{Error, Result, check};

/// The largest number of degrees of an angular spectrum: its sum is evaluated as a polynomial in the cosine, whose coefficients grow with the
/// degree.
pub const MAX_MESSAGE_DEGREES: usize = 9;

/// The covariance of a message's filter in the distances of two edges, without cutoff, powers and charges.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum RadialKernel {
    /// Gaussian shells $`\sum_n R_n(d) R_n(d')`$ with $`R_n(d) = \exp(-(d - c_n)^2 / (2 w_n^2))`$, as pairs $`[c_n, w_n]`$ of centre and width.
    Shells(Arc<[[f64; 2]]>),
    /// $`\exp(-(d - d')^2 / (4 w^2))`$: infinitely many shells of width w, up to a factor.
    Gaussian {
        /// The width w.
        width: f64,
    },
}

/// Which filters the edges of different elements have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EdgeLabels {
    /// Each pair of elements has filters of its own.
    #[default]
    Separate,
    /// All edges share their filters.
    Shared,
}

/// A message: the sum over the neighbours k of atom i of a filter that depends on the edge from i to k, applied to the features of k.
///
/// ```math
/// \varphi_i(g) \leftarrow \frac{\sigma_w}{\sqrt n} \sum_{k} \int_{SO(3)} \kappa(g^{-1} \hat u_{ik}, d_{ik}, z_i, z_k; h)\, \varphi_k(g h)\, dh
///   + \frac{\sigma_w s}{\sqrt n} \int_{SO(3)} \kappa_0(z_i; h)\, \varphi_i(g h)\, dh + \sigma_b b
/// ```
/// The entries of κ are Gaussian and independent for different h. For two edges of lengths d, d′ whose directions have the cosine t their
/// covariance is
/// ```math
/// \rho(d, d'; t) = a(d)\, a(d')\, \rho_{rad}(d, d') \sum_l s_l P_l(t) , \qquad
/// a(d) = c(d) \left(\tfrac{u}{d}\right)^{p} (Z_i Z_k)^e ,
/// ```
/// with the cutoff c, which is one up to the distance f, $`\tfrac12 (1 + \cos(\pi (d - f)/(R - f)))`$ from there to the radius R, and zero beyond.
///
/// The methods set the options; values are checked when the network is built.
///
/// # Examples
/// ```
/// use haarmonic::network::{EdgeLabels, Message};
/// let message = Message::gaussian(3.4, 0.2).fade(1.8).power(3.0, 1.5).charge_exponent(0.5).spectrum(&[0.4, 0.4, 0.2]);
/// assert_eq!(message.edge_labels, EdgeLabels::Separate);
/// let shells = Message::shells(4.0, &[[0.8, 0.6], [1.8, 0.6]]).shared().self_share(0.3);
/// assert_eq!(shells.self_share, 0.3);
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// R: atoms at this distance and beyond are no neighbours.
    pub cutoff: f64,
    /// f: the distance from which on neighbours fade.
    pub fade: f64,
    /// $`\rho_{rad}`$
    pub radial: RadialKernel,
    /// p
    pub power: f64,
    /// u
    pub unit: f64,
    /// e
    pub charge_exponent: f64,
    /// $`s_l`$, zero or positive.
    pub spectrum: Arc<[f64]>,
    /// The angular width and the band limit of the bump whose spectrum this is.
    pub(crate) bump: Option<(f64, usize)>,
    /// Which edges share filters.
    pub edge_labels: EdgeLabels,
    /// s: the share of the features of the atom itself, with weights of its own.
    pub self_share: f64,
    /// Whether the sum over neighbours is divided by its root mean square over the channels, at each atom by itself.
    pub normalise: bool,
}

impl Message {
    fn new(cutoff: f64, radial: RadialKernel) -> Self {
        Message {
            cutoff,
            fade: 0.0,
            radial,
            power: 0.0,
            unit: 1.0,
            charge_exponent: 0.0,
            spectrum: [1.0].into(),
            bump: None,
            edge_labels: EdgeLabels::Separate,
            self_share: 0.0,
            normalise: false,
        }
    }

    /// Makes a message with Gaussian shells, isotropic, with filters of its own for each pair of elements.
    ///
    /// # Arguments
    /// * `cutoff` — the radius R, beyond which there are no neighbours
    /// * `shells` — centre and width of each shell
    pub fn shells(cutoff: f64, shells: &[[f64; 2]]) -> Self {
        Message::new(cutoff, RadialKernel::Shells(shells.into()))
    }

    /// Makes a message with the smooth Gaussian kernel of the distances, isotropic, with filters of its own for each pair of elements.
    ///
    /// # Arguments
    /// * `cutoff` — the radius R, beyond which there are no neighbours
    /// * `width` — w
    pub fn gaussian(cutoff: f64, width: f64) -> Self {
        Message::new(cutoff, RadialKernel::Gaussian { width })
    }

    /// Sets the distance from which on neighbours fade; 0 if not set.
    pub fn fade(mut self, start: f64) -> Self {
        self.fade = start;
        self
    }

    /// Sets the factor $`(u/d)^p`$ of an edge of length d.
    ///
    /// # Arguments
    /// * `power` — p
    /// * `unit` — u, positive
    pub fn power(mut self, power: f64, unit: f64) -> Self {
        (self.power, self.unit) = (power, unit);
        self
    }

    /// Sets the exponent of the product of the charges of both ends of an edge.
    pub fn charge_exponent(mut self, exponent: f64) -> Self {
        self.charge_exponent = exponent;
        self
    }

    /// Sets the angular spectrum $`s_0, s_1, \dots`$, at most [`MAX_MESSAGE_DEGREES`] numbers, zero or positive.
    pub fn spectrum(mut self, spectrum: &[f64]) -> Self {
        self.spectrum = spectrum.into();
        self.bump = None;
        self
    }

    /// Sets the angular spectrum of bumps $`\exp(-(x \cdot \hat u - 1)^2 / b)`$, which fall to 0.05 at the angular width.
    ///
    /// With the Funk–Hecke coefficients $`\lambda_l`$ of the bump, $`s_l = (2l + 1) (\lambda_l / 4\pi)^2`$: the first message then is the
    /// correlation of signals on the sphere with a bump in the direction of each neighbour.
    ///
    /// # Arguments
    /// * `width` — the angular width in radians, in (0, π]
    /// * `band_limit` — L, for the degrees l < L, at most [`MAX_MESSAGE_DEGREES`]
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a width or a band limit out of range.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Message;
    /// let message = Message::gaussian(3.4, 0.2).bump(std::f64::consts::FRAC_PI_4, 4)?;
    /// assert!(message.spectrum.iter().all(|&s| s > 0.0));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn bump(mut self, width: f64, band_limit: usize) -> Result<Self> {
        if band_limit == 0 || band_limit > MAX_MESSAGE_DEGREES {
            return Err(Error::invalid(
                "bandlimit of a bump",
                band_limit,
                format!("a number from 1 to {MAX_MESSAGE_DEGREES}"),
            ));
        }
        let coefficients = bump_coefficients(width, band_limit)?;
        let share = |(l, lambda): (usize, f64)| (2 * l + 1) as f64 * (lambda / (4.0 * PI)).powi(2);
        self.spectrum = coefficients.into_iter().enumerate().map(share).collect();
        self.bump = Some((width, band_limit));
        Ok(self)
    }

    /// Lets all edges share their filters.
    pub fn shared(mut self) -> Self {
        self.edge_labels = EdgeLabels::Shared;
        self
    }

    /// Sets the share s of the features of the atom itself.
    pub fn self_share(mut self, share: f64) -> Self {
        self.self_share = share;
        self
    }

    /// Divides the sum over neighbours by its root mean square over the channels, at each atom by itself, before the share of the atom itself is
    /// added.
    pub fn normalised(mut self) -> Self {
        self.normalise = true;
        self
    }

    /// The message of the neighbours alone, and the share of the atom itself.
    pub(crate) fn parts(&self) -> [Message; 2] {
        let neighbours = Message {
            self_share: 0.0,
            ..self.clone()
        };
        // Without a radius there are no neighbours.
        let own = Message {
            cutoff: 0.0,
            ..self.clone()
        };
        [neighbours, own]
    }

    /// The largest degree of the angular spectrum.
    pub(crate) fn degree(&self) -> usize {
        self.spectrum.iter().rposition(|&s| s > 0.0).unwrap_or(0)
    }

    /// Checks all numbers.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] or [`Error::Empty`] for numbers out of range.
    pub(crate) fn validate(&self) -> Result<()> {
        check::positive("cutoff", self.cutoff)?;
        check::not_negative("fade", self.fade)?;
        if self.fade >= self.cutoff {
            return Err(Error::invalid(
                "fade",
                self.fade,
                format!("a distance below the cutoff, {}", number(self.cutoff)),
            ));
        }
        match &self.radial {
            RadialKernel::Gaussian { width } => check::positive("width", *width)?,
            RadialKernel::Shells(shells) => {
                check::not_empty("shells", shells.len())?;
                for &[centre, width] in shells.iter() {
                    check::finite_number("centre of a shell", centre)?;
                    check::positive("width of a shell", width)?;
                }
            }
        }
        check::finite_number("power", self.power)?;
        check::positive("unit", self.unit)?;
        check::finite_number("charge_exponent", self.charge_exponent)?;
        check::not_negative("self_share", self.self_share)?;
        let count = self.spectrum.len();
        if count == 0 || count > MAX_MESSAGE_DEGREES {
            return Err(Error::invalid(
                "number of entries of the spectrum",
                count,
                format!("a number from 1 to {MAX_MESSAGE_DEGREES}"),
            ));
        }
        for &share in self.spectrum.iter() {
            check::not_negative("entry of the spectrum", share)?;
        }
        if self.spectrum.iter().all(|&share| share == 0.0) {
            return Err(Error::invalid(
                "largest entry of the spectrum",
                0.0,
                "a positive number",
            ));
        }
        Ok(())
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message up to {}", self.cutoff)?;
        match &self.radial {
            RadialKernel::Gaussian { width } => write!(f, ", gaussian {width}")?,
            RadialKernel::Shells(shells) => write!(f, ", {} shell(s)", shells.len())?,
        }
        write!(f, ", degree {}", self.degree())?;
        if self.edge_labels == EdgeLabels::Shared {
            f.write_str(", shared by all edges")?;
        }
        if self.self_share != 0.0 {
            write!(f, ", self share {}", self.self_share)?;
        }
        if self.normalise {
            f.write_str(", normalised")?;
        }
        Ok(())
    }
}
