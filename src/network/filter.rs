//! The part of the space or group that a filter covers.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::slide::Slide;
use super::{Aggregation, Message, ZonalProfile};
use crate::{Error, Result};

/// The part of the space or group that a filter covers.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Filter {
    /// All of it. On the plane: the whole image with its opposite edges joined, in every orientation.
    #[default]
    Global,
    /// On the plane: a window of pixels around the centre, in every orientation of the point group.
    Window {
        /// Number of rows, odd.
        height: usize,
        /// Number of columns, odd.
        width: usize,
        /// What lies beyond the edge of the image.
        padding: Padding,
        /// Pixels from one window to the next, down and across; `[1, 1]` places a window at every pixel.
        stride: [usize; 2],
    },
    /// A filter on a finite set or a finite group: the points or elements with these numbers.
    Subset(Arc<[usize]>),
    /// On the sphere: a weight by the distance from the north pole. In a convolution it is the
    /// weight of a rotation by the distance to which it takes the north pole.
    Zonal(ZonalProfile),
    /// On graphs: the neighbours of a node, by the layer `aggregation`.
    Neighbours(Aggregation),
    /// On molecules: the neighbours of an atom, by the layer `message`.
    Message(Message),
}

impl Filter {
    /// Returns a square window on the plane, `size` × `size` pixels.
    pub fn window(size: usize, padding: Padding) -> Self {
        Filter::Window {
            height: size,
            width: size,
            padding,
            stride: [1, 1],
        }
    }

    /// Returns a square window on the plane that moves by `stride` pixels, so that the features have fewer pixels than the image.
    ///
    /// Without padding there are `(H − size) / stride + 1` windows (rounded down) on an edge of H pixels, otherwise `H / stride` (rounded up). The
    /// paddings of XLA are used: the padding is as small as possible, and its smaller half lies before the first pixel.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{Filter, Padding};
    /// let filter = Filter::strided_window(3, 2, Padding::Valid);
    /// assert_eq!(filter.to_string(), " 3×3 valid, stride 2×2");
    /// assert_eq!(Filter::strided_window(3, 1, Padding::Same), Filter::window(3, Padding::Same));
    /// ```
    pub fn strided_window(size: usize, stride: usize, padding: Padding) -> Self {
        Filter::Window {
            height: size,
            width: size,
            padding,
            stride: [stride; 2],
        }
    }

    /// Makes a filter that covers some points of a finite set, or some elements of a finite group.
    pub fn subset(numbers: &[usize]) -> Self {
        Filter::Subset(numbers.into())
    }

    /// Returns a cap about the north pole; the whole sphere from π on.
    ///
    /// # Arguments
    /// * `angle` — from the pole to the rim, radians, greater than 0
    ///
    /// Parameters of profiles are checked when the network is built.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Filter;
    /// assert_eq!(Filter::cap(3.2), Filter::Global);
    /// assert_eq!(Filter::cap(0.9).to_string(), " cap 0.9");
    /// ```
    pub fn cap(angle: f64) -> Self {
        // Infinity is a mistake and is refused as such.
        if angle >= PI && angle.is_finite() {
            return Filter::Global;
        }
        Filter::Zonal(ZonalProfile::Cap { angle })
    }

    /// Returns the ring between two distances from the north pole.
    ///
    /// # Arguments
    /// * `inner`, `outer` — radians, `0 <= inner < outer <= π`
    pub fn ring(inner: f64, outer: f64) -> Self {
        Filter::zonal(ZonalProfile::Ring { inner, outer })
    }

    /// Returns a Gaussian of the distance from the north pole.
    ///
    /// # Arguments
    /// * `width` — its standard deviation in radians, greater than 0
    pub fn gaussian(width: f64) -> Self {
        Filter::Zonal(ZonalProfile::Gaussian { width })
    }

    /// Returns the heat kernel about the north pole.
    ///
    /// # Arguments
    /// * `time` — greater than 0
    pub fn heat(time: f64) -> Self {
        Filter::Zonal(ZonalProfile::Heat { time })
    }

    /// Returns a weight given by its multipliers.
    ///
    /// # Arguments
    /// * `multipliers` — $`a_0 = 1, a_1, \dots`$; zero beyond
    pub fn legendre(multipliers: &[f64]) -> Self {
        Filter::zonal(ZonalProfile::Legendre(multipliers.into()))
    }

    /// Returns a profile on the sphere; global if it is constant.
    pub fn zonal(profile: ZonalProfile) -> Self {
        if profile.is_constant() {
            Filter::Global
        } else {
            Filter::Zonal(profile)
        }
    }

    /// Returns whether the filter has constant weight: [`Filter::Global`], or a profile that is
    /// constant by its parameters.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{Filter, ZonalProfile};
    /// let everything = ZonalProfile::Ring { inner: 0.0, outer: std::f64::consts::PI };
    /// assert!(Filter::Zonal(everything).is_global());
    /// assert!(!Filter::heat(1e3).is_global());     // very nearly
    /// ```
    pub fn is_global(&self) -> bool {
        match self {
            Filter::Global => true,
            Filter::Zonal(profile) => profile.is_constant(),
            Filter::Window { .. }
            | Filter::Subset(_)
            | Filter::Neighbours(_)
            | Filter::Message(_) => false,
        }
    }
}

impl Filter {
    /// The windows of a filter of pixels along both axes; none for other filters.
    pub(crate) fn slides(&self) -> Option<[Slide; 2]> {
        match *self {
            Filter::Window {
                height,
                width,
                padding,
                stride,
            } => Some(Slide::both([height, width], stride, padding)),
            _ => None,
        }
    }
}

/// Writes the size of a filter after a space; nothing for a global filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Global => Ok(()),
            Filter::Window {
                height,
                width,
                padding,
                stride,
            } => {
                write!(f, " {height}×{width} {padding}")?;
                match stride {
                    [1, 1] => Ok(()),
                    [down, across] => write!(f, ", stride {down}×{across}"),
                }
            }
            Filter::Subset(numbers) => write!(f, " on {}", numbers.len()),
            Filter::Zonal(profile) => write!(f, " {profile}"),
            Filter::Neighbours(aggregation) => write!(f, " {aggregation}"),
            Filter::Message(message) => write!(f, " {message}"),
        }
    }
}

/// What a window meets beyond the edge of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// No padding: the window stays inside, and the features are a smaller image.
    #[default]
    Valid,
    /// Zeros: the features are an image of equal size.
    Same,
    /// The opposite edge: the image is periodic.
    Circular,
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Padding::Valid => "valid",
            Padding::Same => "same",
            Padding::Circular => "circular",
        })
    }
}

impl FromStr for Padding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "valid" => Ok(Padding::Valid),
            "same" => Ok(Padding::Same),
            "circular" => Ok(Padding::Circular),
            _ => Err(Error::invalid(
                "padding",
                format!("{text:?}"),
                "one of \"valid\", \"same\", \"circular\"",
            )),
        }
    }
}
