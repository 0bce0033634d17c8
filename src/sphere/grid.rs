//! Grids of rings and equispaced longitudes: families of rings with any number of rings, their nodes and quadrature weights.

use super::limits::{MAX_BAND_LIMIT, check_band_limit};
use crate::numeric::GaussLegendre;
use crate::{Error, Result, check};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// The largest number of longitudes of a grid.
pub(crate) const MAX_LONGITUDES: usize = 1 << 17;

/// A rule for the colatitudes of R rings, t = 0 … R − 1, from north to south.
///
/// | family | colatitudes | poles | fewest rings for band limit L | quadrature for band limit L | in ducc0 |
/// |---|---|---|---|---|---|
/// | `gauss-legendre` | zeros of $`P_R(\cos\theta)`$ | none | L | R ≥ L | `GL` |
/// | `clenshaw-curtis` | $`\pi t/(R-1)`$ | both | L + 1 | R ≥ 2L − 1 | `CC` |
/// | `fejer1` | $`(2t+1)\pi/(2R)`$ | none | L | R ≥ 2L − 1 | `F1` |
/// | `fejer2` | $`\pi(t+1)/(R+1)`$ | none | L | R ≥ 2L − 1 | `F2` |
/// | `mcewen-wiaux` | $`(2t+1)\pi/(2R-1)`$ | south | L | never | `MW` |
/// | `mcewen-wiaux-north` | $`2\pi t/(2R-1)`$ | north | L | never | `MWflip` |
/// | `north-pole` | $`\pi t/R`$ | north | L | R ≥ 2L | `DH` |
///
/// The last family is the grid of SHTOOLS, named after Driscoll and Healy there and in ducc0. The sampling
/// [`Sampling::DriscollHealy`](super::Sampling::DriscollHealy) of this crate is `fejer1` with 2L rings.
///
/// # Examples
/// ```
/// use haarmonic::sphere::GridFamily;
/// let family: GridFamily = "fejer1".parse()?;
/// assert_eq!(family, GridFamily::Fejer1);
/// assert_eq!(GridFamily::ClenshawCurtis.fewest_rings(180)?, 181);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Waldvogel06; MW11; DH94.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GridFamily {
    /// Gauss–Legendre nodes.
    GaussLegendre,
    /// Equispaced, both poles among them.
    ClenshawCurtis,
    /// Midpoints of equal intervals: the centres of the cells of a latitude–longitude map.
    Fejer1,
    /// Equispaced, both poles left out.
    Fejer2,
    /// Equispaced over an odd number of points of the circle, the last ring at the south pole.
    McEwenWiaux,
    /// The mirror image: the first ring at the north pole.
    McEwenWiauxNorth,
    /// Equispaced, the north pole among them and the south pole left out.
    NorthPole,
}

impl GridFamily {
    /// All families, in the order of the table above.
    pub const ALL: [GridFamily; 7] = [
        GridFamily::GaussLegendre,
        GridFamily::ClenshawCurtis,
        GridFamily::Fejer1,
        GridFamily::Fejer2,
        GridFamily::McEwenWiaux,
        GridFamily::McEwenWiauxNorth,
        GridFamily::NorthPole,
    ];

    /// Returns the name that [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        match self {
            GridFamily::GaussLegendre => "gauss-legendre",
            GridFamily::ClenshawCurtis => "clenshaw-curtis",
            GridFamily::Fejer1 => "fejer1",
            GridFamily::Fejer2 => "fejer2",
            GridFamily::McEwenWiaux => "mcewen-wiaux",
            GridFamily::McEwenWiauxNorth => "mcewen-wiaux-north",
            GridFamily::NorthPole => "north-pole",
        }
    }

    /// Returns the fewest rings that determine every signal of a band limit L: L + 1 with both poles, otherwise L.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    pub fn fewest_rings(self, band_limit: usize) -> Result<usize> {
        check_band_limit(band_limit)?;
        Ok(band_limit + usize::from(self == GridFamily::ClenshawCurtis))
    }
}

impl fmt::Display for GridFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for GridFamily {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = GridFamily::ALL.into_iter().find(|f| f.name() == text);
        found.ok_or_else(|| {
            let names = GridFamily::ALL.map(|family| format!("{:?}", family.name()));
            Error::invalid(
                "family of rings",
                format!("{text:?}"),
                format!("one of {}", names.join(", ")),
            )
        })
    }
}

/// A grid on the sphere: R rings of a [`GridFamily`], each with n equispaced longitudes
/// $`\varphi_p = \varphi_0 + 2\pi p/n`$, from north to south and from west to east.
///
/// Samples have shape `[rings, longitudes]`. A transform on a grid exists up to [`Grid::max_band_limit`]. Where the rings are a
/// quadrature for the band limit (see the table of [`GridFamily`]), the forward transform is the weighted sum over samples.
/// With fewer rings it continues each order to a periodic function of θ. Both are exact for band-limited signals.
/// Other signals are projected by a quadrature, up to its error, and aliased by the fewest rings.
///
/// Latitude–longitude maps of geographers are grids: 181 × 360 samples with both poles are `clenshaw-curtis`, 180 × 360 centres
/// of cells are `fejer1`. Their latitude is 90° − θ, from north to south. A map from south to north is read through
/// `map.invert_axis(Axis(0))`; it is never turned silently.
///
/// # Examples
/// A map of cells of one degree, from 180° west on:
/// ```
/// use haarmonic::sphere::{Grid, GridFamily};
/// use std::f64::consts::PI;
/// let grid = Grid::new(GridFamily::Fejer1, 180, 360)?.starting_at(-PI + PI / 360.0)?;
/// assert_eq!(grid.max_band_limit(), 180);
/// assert!((grid.colatitudes()[0] - 0.5_f64.to_radians()).abs() < 1e-15);
/// assert!((grid.longitudes()[0] + 179.5_f64.to_radians()).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    family: GridFamily,
    rings: usize,
    longitudes: usize,
    first_longitude: f64,
}

/// The equispaced points of the circle of colatitudes on which a family places its rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Circle {
    /// M points, $`\theta = 2\pi (j + \tau)/M`$.
    pub points: usize,
    /// Whether τ is ½ instead of 0.
    pub half_step: bool,
    /// The point of the first ring.
    pub first: usize,
    /// The number of rings, at consecutive points.
    pub rings: usize,
}

impl Grid {
    /// Makes a grid with longitudes from φ = 0.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a number is 0 or too large (65536 rings, 131072 longitudes), or if there is one ring for both poles.
    pub fn new(family: GridFamily, rings: usize, longitudes: usize) -> Result<Self> {
        let least = 1 + usize::from(family == GridFamily::ClenshawCurtis);
        let most = 2 * MAX_BAND_LIMIT;
        if !(least..=most).contains(&rings) {
            let expected = format!("{least} to {most}");
            return Err(Error::invalid(
                format!("number of {family} rings"),
                rings,
                expected,
            ));
        }
        if !(1..=MAX_LONGITUDES).contains(&longitudes) {
            let expected = format!("1 to {MAX_LONGITUDES}");
            return Err(Error::invalid("number of longitudes", longitudes, expected));
        }
        Ok(Grid {
            family,
            rings,
            longitudes,
            first_longitude: 0.0,
        })
    }

    /// Makes the grid with the fewest rings and the fewest longitudes, 2L − 1, for a band limit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Grid, GridFamily};
    /// assert_eq!(Grid::fewest(GridFamily::ClenshawCurtis, 8)?.shape(), [9, 15]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fewest(family: GridFamily, band_limit: usize) -> Result<Self> {
        Self::new(family, family.fewest_rings(band_limit)?, 2 * band_limit - 1)
    }

    /// Returns the grid with another first longitude φ₀, in radians.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if it is not finite, or not between −4π and 4π.
    pub fn starting_at(self, first_longitude: f64) -> Result<Self> {
        check::finite_number("first longitude", first_longitude)?;
        if first_longitude.abs() > 4.0 * PI {
            return Err(Error::invalid(
                "first longitude",
                first_longitude,
                "radians, from -4 pi to 4 pi",
            ));
        }
        Ok(Grid {
            // Adding zero takes the sign from −0.
            first_longitude: first_longitude + 0.0,
            ..self
        })
    }

    /// Returns the family of the rings.
    pub fn family(&self) -> GridFamily {
        self.family
    }

    /// Returns the first longitude φ₀ of each ring, in radians.
    pub fn first_longitude(&self) -> f64 {
        self.first_longitude
    }

    /// Returns the shape `[rings, longitudes]` of a sampled signal.
    pub fn shape(&self) -> [usize; 2] {
        [self.rings, self.longitudes]
    }

    /// Returns the largest band limit L that the samples determine: both the rings (see [`GridFamily`]) and the longitudes, at least
    /// 2L − 1, limit it.
    pub fn max_band_limit(&self) -> usize {
        self.max_degrees().min(self.longitudes.div_ceil(2))
    }

    /// The largest band limit that the rings determine.
    pub(super) fn max_degrees(&self) -> usize {
        let poles = usize::from(self.family == GridFamily::ClenshawCurtis);
        (self.rings - poles).min(MAX_BAND_LIMIT)
    }

    /// Computes the colatitudes θ of the rings, in radians, from north to south.
    pub fn colatitudes(&self) -> Vec<f64> {
        let rings = self.rings;
        // The southern half as mirror images, so that the poles and pairs are exact.
        let mirrored = |first: usize, intervals: usize| -> Vec<f64> {
            (0..rings)
                .map(|t| {
                    let north = (t.min(rings - 1 - t) + first) as f64 * PI / intervals as f64;
                    if 2 * t < rings { north } else { PI - north }
                })
                .collect()
        };
        // The south pole itself must not be overshot by a rounding.
        let from = |first: usize, denominator: usize| -> Vec<f64> {
            (0..rings)
                .map(|t| ((2 * t + first) as f64 * PI / denominator as f64).min(PI))
                .collect()
        };
        match self.family {
            GridFamily::GaussLegendre => gauss_legendre(rings).colatitudes,
            GridFamily::ClenshawCurtis => mirrored(0, rings - 1),
            GridFamily::Fejer1 => from(1, 2 * rings),
            GridFamily::Fejer2 => mirrored(1, rings + 1),
            GridFamily::McEwenWiaux => from(1, 2 * rings - 1),
            GridFamily::McEwenWiauxNorth => from(0, 2 * rings - 1),
            GridFamily::NorthPole => from(0, 2 * rings),
        }
    }

    /// Computes the longitudes $`\varphi_p = \varphi_0 + 2\pi p/n`$, in radians.
    pub fn longitudes(&self) -> Vec<f64> {
        let angle = |p: usize| self.first_longitude + 2.0 * PI * p as f64 / self.longitudes as f64;
        (0..self.longitudes).map(angle).collect()
    }

    /// Computes the quadrature weights of the rings.
    ///
    /// ```math
    /// \int_0^\pi g(\cos\theta) \sin\theta \, d\theta = \sum_t w_t \, g(\cos\theta_t)
    /// ```
    /// Exact for polynomials `g` of degree up to 2R − 1 (`gauss-legendre`), R − 2 (`north-pole`) or R − 1 (all others), and one more
    /// where a symmetric set of rings integrates an odd power. The weights sum to 2; the solid angle of a grid point is
    /// $`2\pi w_t/n`$. The weight of the pole in `north-pole` is zero, unless it is the only ring.
    ///
    /// # Cost and accuracy
    /// O(R²) time; errors of a few ε of the largest weight.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Grid, GridFamily};
    /// let weights = Grid::new(GridFamily::ClenshawCurtis, 3, 1)?.colatitude_weights();   // Simpson's rule
    /// assert!((weights[1] - 4.0 / 3.0).abs() < 4.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Waldvogel06; DH94, Lemma 2; MW11, Eq. (25).
    pub fn colatitude_weights(&self) -> Vec<f64> {
        let rings = self.rings;
        match self.family {
            GridFamily::GaussLegendre => gauss_legendre(rings).weights,
            GridFamily::ClenshawCurtis => mirror(&clenshaw_curtis(rings), rings),
            GridFamily::Fejer1 => mirror(&fejer1(rings), rings),
            GridFamily::Fejer2 => mirror(&fejer2(rings), rings),
            GridFamily::McEwenWiaux => mcewen_wiaux(rings),
            GridFamily::McEwenWiauxNorth => {
                let mut weights = mcewen_wiaux(rings);
                weights.reverse();
                weights
            }
            GridFamily::NorthPole if rings == 1 => vec![2.0],
            GridFamily::NorthPole => {
                let mut weights = vec![0.0];
                weights.extend(mirror(&fejer2(rings - 1), rings - 1));
                weights
            }
        }
    }

    /// Whether the weighted sum over the rings integrates products of two functions of a band limit exactly.
    fn is_quadrature(&self, band_limit: usize) -> bool {
        match self.family {
            GridFamily::GaussLegendre => self.rings >= band_limit,
            GridFamily::McEwenWiaux | GridFamily::McEwenWiauxNorth => false,
            GridFamily::NorthPole => self.rings >= 2 * band_limit,
            _ => self.rings >= 2 * band_limit - 1,
        }
    }

    /// The circle of the rings, if their columns are to be continued to it at a band limit.
    pub(super) fn circle(&self, band_limit: usize) -> Option<Circle> {
        if self.is_quadrature(band_limit) {
            return None;
        }
        let rings = self.rings;
        let (points, half_step, first) = match self.family {
            GridFamily::GaussLegendre => return None,
            GridFamily::ClenshawCurtis => (2 * rings - 2, false, 0),
            GridFamily::Fejer1 => (2 * rings, true, 0),
            GridFamily::Fejer2 => (2 * rings + 2, false, 1),
            GridFamily::McEwenWiaux => (2 * rings - 1, true, 0),
            GridFamily::McEwenWiauxNorth => (2 * rings - 1, false, 0),
            GridFamily::NorthPole => (2 * rings, false, 0),
        };
        Some(Circle {
            points,
            half_step,
            first,
            rings,
        })
    }

    /// What distinguishes grids from each other.
    pub(super) fn key(&self) -> (GridFamily, [usize; 2], u64) {
        (self.family, self.shape(), self.first_longitude.to_bits())
    }
}

fn gauss_legendre(rings: usize) -> GaussLegendre {
    GaussLegendre::new(rings).expect("the number of rings has been checked")
}

/// All weights from those of the northern half.
fn mirror(half: &[f64], rings: usize) -> Vec<f64> {
    (0..rings).map(|t| half[t.min(rings - 1 - t)]).collect()
}

/// Weights of the northern half, $`w_t = \sin\theta_t \bigl(\tfrac4R \sum_{j \le (R+1)/2} \tfrac{\sin (2j-1)\theta_t}{2j-1} - \tfrac{2(-1)^t}{R^2}\bigr)`$,
/// the last term for odd R only. The factor sin θ keeps the digits of the small weights near the poles.
fn fejer1(rings: usize) -> Vec<f64> {
    let period = 4 * rings;
    let sines: Vec<f64> = (0..period)
        .map(|i| (i as f64 * PI / (2 * rings) as f64).sin())
        .collect();
    let count = rings as f64;
    (0..rings.div_ceil(2))
        .map(|t| {
            // Smallest terms first.
            let sum: f64 = (0..rings.div_ceil(2))
                .rev()
                .map(|k| sines[(2 * k + 1) * (2 * t + 1) % period] / (2 * k + 1) as f64)
                .sum();
            let odd = match (rings % 2, t % 2) {
                (0, _) => 0.0,
                (_, 0) => 2.0 / (count * count),
                _ => -2.0 / (count * count),
            };
            sines[2 * t + 1] * (4.0 / count * sum - odd)
        })
        .collect()
}

/// Weights of the northern half with n = R + 1 intervals: $`w_t = \tfrac4n \sin\theta_t \sum_{j \le (n+1)/2} \tfrac{\sin (2j-1)\theta_t}{2j-1}`$.
fn fejer2(rings: usize) -> Vec<f64> {
    let intervals = rings + 1;
    let sines: Vec<f64> = (0..2 * intervals)
        .map(|i| (i as f64 * PI / intervals as f64).sin())
        .collect();
    (1..=rings.div_ceil(2))
        .map(|t| {
            let sum: f64 = (0..intervals.div_ceil(2))
                .rev()
                .map(|k| sines[(2 * k + 1) * t % (2 * intervals)] / (2 * k + 1) as f64)
                .sum();
            4.0 / intervals as f64 * sines[t] * sum
        })
        .collect()
}

/// Weights of the northern half, with n = R − 1 intervals:
/// $`w_t = \tfrac{2 - \delta_{t0}}{n} \bigl(1 - \sum_{0 < k \le n/2} b_k \tfrac{\cos 2k\theta_t}{4k^2-1}\bigr)`$, $`b_k`$ = 1 if 2k = n, otherwise 2.
fn clenshaw_curtis(rings: usize) -> Vec<f64> {
    let intervals = rings - 1;
    let cosines: Vec<f64> = (0..2 * intervals)
        .map(|i| (i as f64 * PI / intervals as f64).cos())
        .collect();
    (0..rings.div_ceil(2))
        .map(|t| {
            let sum: f64 = (1..=intervals / 2)
                .rev()
                .map(|k| {
                    let square = (2.0 * k as f64).powi(2);
                    let images = if 2 * k == intervals { 1.0 } else { 2.0 };
                    images * cosines[2 * k * t % (2 * intervals)] / (square - 1.0)
                })
                .sum();
            let images = if t == 0 { 1.0 } else { 2.0 };
            images * (1.0 - sum) / intervals as f64
        })
        .collect()
}

/// Weights of the rings for order zero; the sine terms of the extension cancel between θ and 2π − θ.
fn mcewen_wiaux(rings: usize) -> Vec<f64> {
    let count = 2 * rings - 1;
    let cosines: Vec<f64> = (0..2 * count)
        .map(|i| (i as f64 * PI / count as f64).cos())
        .collect();
    (0..rings)
        .map(|t| {
            let sum: f64 = (2..rings)
                .step_by(2)
                .rev()
                .map(|m| {
                    let square = (m as f64) * (m as f64);
                    4.0 / (1.0 - square) * cosines[m * (2 * t + 1) % (2 * count)]
                })
                .sum();
            let images = if t + 1 == rings { 1.0 } else { 2.0 };
            images * (2.0 + sum) / count as f64
        })
        .collect()
}
