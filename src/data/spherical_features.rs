//! Features of molecules: signals on the sphere around each atom that show the directions of its neighbours.

use std::f64::consts::PI;

use ndarray::{Array3, Array4, Axis};
use num_complex::Complex64;

use super::molecule::{Element, Molecule};
use super::radial::{RadialChannel, RadialCutoff, RadialFunction};
use crate::atoms::distance;
use crate::error::{Error, Result, number};
use crate::sphere::{Sampling, SphericalHarmonics};

/// The signals on the sphere around each atom of a molecule.
///
/// For atom i, element z and radial function k the signal is
/// ```math
/// f^i_{z k}(x) = S_{z k} \sum_{j \ne i, \, Z_j = z} s_k \, (Z_i Z_j)^{a_k} \, h(r_{ij}) \, g_k(r_{ij}) \,
///     \exp\!\left(-\frac{(x \cdot \hat r_{ij} - 1)^2}{b_k}\right) , \qquad x \in S^2
/// ```
/// where $`\hat r_{ij}`$ is the direction from atom i to atom j, $`g_k, s_k, a_k, b_k`$ are as in [`RadialChannel`], h is
/// the [`RadialCutoff`], and S is the scale of each channel. Rotating a molecule rotates its signals. The default has ten
/// channels: $`g = r^{-2}, r^{-6}`$ with angular width π/4 and all scales 1, for the elements H, C, N, O, F.
///
/// **Channel index**: `element * radial_count + radial`, both counted in the order given to the builder.
/// Neighbours of other elements are left out.
///
/// Each signal is a sum of zonal functions, so its coefficients up to the band limit follow from a closed formula and not
/// from samples. The signals have no band limit, and [`SphericalFeatures::grid`] samples them without smoothing.
///
/// # Examples
/// ```
/// use haarmonic::data::molecule::{Element::*, Molecule};
/// use haarmonic::data::spherical_features::SphericalFeatures;
/// let features = SphericalFeatures::builder(6).build()?;
/// let molecule = Molecule::new(0, vec![H, F], vec![[0.; 3], [0., 0., 0.917]], -100.46)?;
/// let coeffs = features.coefficients(&molecule)?;
/// assert_eq!(coeffs.shape(), [2, 10, 6, 11]);
/// // Seen from hydrogen, fluorine is at the north pole: only orders m = 0, only the channels of fluorine.
/// let channel = features.channel(F, 0).expect("fluorine is among the elements");
/// assert!(coeffs[[0, channel, 1, 5]].re > 0.0 && coeffs[[1, channel, 1, 5]].re == 0.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// ESM23.
#[derive(Debug, Clone, PartialEq)]
pub struct SphericalFeatures {
    band_limit: usize,
    elements: Vec<Element>,
    radial: Vec<RadialChannel>,
    cutoff: RadialCutoff,
    centre: f64,
    channel_scales: Vec<f64>,
    /// Funk–Hecke coefficients, `[radial][l]`.
    profiles: Vec<Vec<f64>>,
    harmonics: SphericalHarmonics,
}

/// Collects the options of [`SphericalFeatures`]; see [`SphericalFeatures::builder`].
#[derive(Debug, Clone, PartialEq)]
pub struct SphericalFeaturesBuilder {
    band_limit: usize,
    elements: Vec<Element>,
    radial: Vec<RadialChannel>,
    cutoff: RadialCutoff,
    centre: f64,
    channel_scales: Option<Vec<f64>>,
}

impl SphericalFeaturesBuilder {
    /// Sets the elements of the channels; default [`Element::ALL`].
    pub fn elements(self, elements: impl Into<Vec<Element>>) -> Self {
        SphericalFeaturesBuilder {
            elements: elements.into(),
            ..self
        }
    }

    /// Sets the radial functions; default $`r^{-2}`$ and $`r^{-6}`$.
    pub fn radial(self, radial: impl Into<Vec<RadialChannel>>) -> Self {
        SphericalFeaturesBuilder {
            radial: radial.into(),
            ..self
        }
    }

    /// Sets the radial functions $`r^{-p}`$, all with one angular width in radians.
    pub fn powers(self, powers: &[f64], angular_width: f64) -> Self {
        let channel =
            |&p| RadialChannel::new(RadialFunction::Power(p)).with_angular_width(angular_width);
        self.radial(powers.iter().map(channel).collect::<Vec<_>>())
    }

    /// Sets the cutoff; default [`RadialCutoff::None`].
    pub fn cutoff(self, cutoff: RadialCutoff) -> Self {
        SphericalFeaturesBuilder { cutoff, ..self }
    }

    /// Sets the weight w of the atom in the centre; default 0.
    ///
    /// The central atom i has no direction. It adds the constant $`w S_{z k} s_k (Z_i^2)^{a_k} \lambda_0 / 4\pi`$ to the
    /// signal of its own element z and each radial function k. The constant is a profile of weight w spread evenly over all
    /// directions.
    pub fn centre(self, weight: f64) -> Self {
        SphericalFeaturesBuilder {
            centre: weight,
            ..self
        }
    }

    /// Sets one factor S per channel, in the order of the channel index; default 1.
    pub fn channel_scales(self, channel_scales: impl Into<Vec<f64>>) -> Self {
        SphericalFeaturesBuilder {
            channel_scales: Some(channel_scales.into()),
            ..self
        }
    }

    /// Checks the options and tabulates the zonal coefficients.
    ///
    /// # Errors
    /// [`Error::Empty`] without elements or radial functions, [`Error::ShapeMismatch`] if the number of channel
    /// scales is wrong, [`Error::InvalidValue`] for a band limit of zero, an element that occurs twice, an angular
    /// width outside (0, π], a width or radius that is not positive, or a number that is not finite.
    pub fn build(self) -> Result<SphericalFeatures> {
        let harmonics = SphericalHarmonics::new(self.band_limit)?;
        let empty = |what: &str| Error::empty(what);
        if self.elements.is_empty() {
            return Err(empty("elements of the features"));
        }
        if self.radial.is_empty() {
            return Err(empty("radial functions of the features"));
        }
        for (index, element) in self.elements.iter().enumerate() {
            if self.elements[..index].contains(element) {
                return Err(Error::invalid(
                    "elements of the features",
                    format!("{element} twice"),
                    "distinct elements",
                ));
            }
        }
        self.cutoff.check()?;
        crate::check::finite_number("weight of the atom in the centre", self.centre)?;
        for channel in &self.radial {
            channel.check()?;
        }
        let channels = self.elements.len() * self.radial.len();
        let channel_scales = self.channel_scales.unwrap_or_else(|| vec![1.0; channels]);
        if channel_scales.len() != channels {
            return Err(Error::shape(
                "channel scales",
                format!("[{channels}], elements × radial functions"),
                vec![channel_scales.len()],
            ));
        }
        for scale in &channel_scales {
            crate::check::finite_number("channel scale", *scale)?;
        }
        let profiles = self
            .radial
            .iter()
            .map(|channel| channel.profile_coefficients(self.band_limit))
            .collect::<Result<_>>()?;
        Ok(SphericalFeatures {
            band_limit: self.band_limit,
            elements: self.elements,
            radial: self.radial,
            cutoff: self.cutoff,
            centre: self.centre,
            channel_scales,
            profiles,
            harmonics,
        })
    }
}

/// Atom j as a neighbour of atom i.
struct Neighbour {
    /// The unit vector from atom i to atom j.
    direction: [f64; 3],
    /// The channel of the first radial function.
    channel: usize,
    /// The weight of each radial function.
    weights: Vec<f64>,
}

impl SphericalFeatures {
    /// Returns a builder with the options of the published features: five elements, $`r^{-2}`$ and $`r^{-6}`$, angular width
    /// π/4.
    ///
    /// # Arguments
    /// * `band_limit` — L; coefficients have degrees ℓ < L
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::radial::{RadialChannel, RadialCutoff, RadialFunction};
    /// use haarmonic::data::spherical_features::SphericalFeatures;
    /// let shell = |centre| RadialChannel::new(RadialFunction::Gaussian { centre, width: 0.3, power: 0.0 });
    /// let features = SphericalFeatures::builder(8)
    ///     .radial([shell(1.0), shell(1.5), shell(2.5).with_charge_exponent(0.5)])
    ///     .cutoff(RadialCutoff::Cosine { radius: 4.0 })
    ///     .build()?;
    /// assert_eq!(features.channel_count(), 15);
    /// assert!(SphericalFeatures::builder(0).build().is_err());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn builder(band_limit: usize) -> SphericalFeaturesBuilder {
        SphericalFeaturesBuilder {
            band_limit,
            elements: Element::ALL.to_vec(),
            radial: [2.0, 6.0]
                .map(|p| RadialChannel::new(RadialFunction::Power(p)))
                .to_vec(),
            cutoff: RadialCutoff::None,
            centre: 0.0,
            channel_scales: None,
        }
    }

    /// Returns the band limit L of the coefficients and the grids.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the elements of the channels.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Returns the radial functions of the channels.
    pub fn radial(&self) -> &[RadialChannel] {
        &self.radial
    }

    /// Returns the number of channels, elements times radial functions.
    pub fn channel_count(&self) -> usize {
        self.channel_scales.len()
    }

    /// Returns the index of the channel of an element and a radial function; `None` if the features have no such channel.
    pub fn channel(&self, element: Element, radial: usize) -> Option<usize> {
        let place = self.elements.iter().position(|e| *e == element)?;
        (radial < self.radial.len()).then_some(place * self.radial.len() + radial)
    }

    /// Computes the spherical-harmonic coefficients of the signals of every atom.
    ///
    /// ```math
    /// \hat f_{\ell m} = \sum_j w_j \, \lambda_\ell \, \overline{Y_{\ell m}(\hat r_{ij})}
    /// ```
    /// Conventions: see [`crate::conventions`].
    ///
    /// # Arguments
    /// * `molecule` — unchanged
    ///
    /// Returns coefficients of shape `[atoms, channels, L, 2L − 1]`, entry `[.., l, m + L − 1]`; zero where |m| > l.
    ///
    /// # Cost and accuracy
    /// O(atoms² · radial · L²) time; error of a few ε · ℓ times $`\lambda_0 \sum_j |w_j|`$.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if two atoms are so close that a weight overflows.
    pub fn coefficients(&self, molecule: &Molecule) -> Result<Array4<Complex64>> {
        let limit = self.band_limit;
        let mut coeffs =
            Array4::zeros((molecule.len(), self.channel_count(), limit, 2 * limit - 1));
        // The harmonics lie packed, entry l² + l + m. They are computed once per neighbour and serve all radial functions.
        let mut harmonics = vec![Complex64::ZERO; limit * limit];
        for (i, mut signals) in coeffs.outer_iter_mut().enumerate() {
            for (channel, mean) in self.centre_means(molecule.elements()[i]) {
                // The coefficient of a constant c in degree 0 is √(4π) c.
                signals[[channel, 0, limit - 1]] += mean * (4.0 * PI).sqrt();
            }
            for neighbour in self.neighbours(molecule, i)? {
                self.harmonics.write(neighbour.direction, &mut harmonics)?;
                for (k, (weight, profile)) in
                    neighbour.weights.iter().zip(&self.profiles).enumerate()
                {
                    let mut signal = signals.index_axis_mut(Axis(0), neighbour.channel + k);
                    for (l, lambda) in profile.iter().enumerate() {
                        let factor = weight * lambda;
                        let orders = &harmonics[l * l..(l + 1) * (l + 1)];
                        for (index, y) in orders.iter().enumerate() {
                            signal[[l, limit - 1 - l + index]] += factor * y.conj();
                        }
                    }
                }
            }
        }
        Ok(coeffs)
    }

    /// Samples the signals of every atom on a grid of the sphere.
    ///
    /// # Arguments
    /// * `molecule` — unchanged
    /// * `sampling` — the grid, with the band limit of the features
    ///
    /// Returns values of shape `[atoms, θ, φ, channels]`, without a band limit.
    ///
    /// # Cost and accuracy
    /// O(atoms² · points · radial) time; error of a few ε · $`\sum_j |w_j| / b`$.
    ///
    /// # Errors
    /// As for [`SphericalFeatures::coefficients`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::molecule::{Element::*, Molecule};
    /// use haarmonic::data::spherical_features::SphericalFeatures;
    /// use haarmonic::sphere::Sampling;
    /// let features = SphericalFeatures::builder(3).build()?;
    /// let molecule = Molecule::new(0, vec![H, F], vec![[0.; 3], [0., 0., -2.0]], -100.46)?;
    /// let grid = features.grid(&molecule, Sampling::McEwenWiaux)?;   // its last ring is the south pole
    /// let channel = features.channel(F, 0).expect("fluorine is among the elements");
    /// assert!((grid[[0, 2, 0, channel]] - 9.0 / 4.0).abs() < 1e-12);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn grid(&self, molecule: &Molecule, sampling: Sampling) -> Result<Array4<f64>> {
        let colatitudes = sampling.colatitudes(self.band_limit)?;
        let longitudes = sampling.longitudes(self.band_limit)?;
        let mut directions = Vec::with_capacity(colatitudes.len() * longitudes.len());
        for theta in &colatitudes {
            for phi in &longitudes {
                let ring = theta.sin();
                directions.push([ring * phi.cos(), ring * phi.sin(), theta.cos()]);
            }
        }
        let shape = (
            molecule.len(),
            colatitudes.len(),
            longitudes.len(),
            self.channel_count(),
        );
        Ok(self
            .values_at(molecule, &directions)?
            .into_shape_with_order(shape)
            .expect("there is one direction for each ring and longitude"))
    }

    /// Evaluates the signals of every atom at arbitrary points of the sphere.
    ///
    /// # Arguments
    /// * `molecule` — unchanged
    /// * `directions` — vectors of any positive length
    ///
    /// Returns values of shape `[atoms, points, channels]`; without points the array is empty.
    ///
    /// # Cost and accuracy
    /// As [`SphericalFeatures::grid`].
    ///
    /// # Errors
    /// [`Error::NotFinite`] or [`Error::InvalidValue`] for a direction that is NaN, infinite or zero; otherwise as for
    /// [`SphericalFeatures::coefficients`].
    pub fn values_at(&self, molecule: &Molecule, directions: &[[f64; 3]]) -> Result<Array3<f64>> {
        let directions = normalise(directions)?;
        let mut values = Array3::zeros((molecule.len(), directions.len(), self.channel_count()));
        // Values lie `[points, channels]` per atom. One profile over all points is computed at a time, and added to a column with the
        // weight of its radial function.
        let mut profile = vec![0.0; directions.len()];
        for (i, mut signals) in values.outer_iter_mut().enumerate() {
            for (channel, mean) in self.centre_means(molecule.elements()[i]) {
                signals.column_mut(channel).fill(mean);
            }
            for neighbour in self.neighbours(molecule, i)? {
                for (k, channel) in self.radial.iter().enumerate() {
                    // Consecutive radial functions of equal angular width share the exponentials.
                    if k == 0 || channel.angular_width != self.radial[k - 1].angular_width {
                        let rate = -1.0 / channel.profile_variance();
                        for (entry, x) in profile.iter_mut().zip(&directions) {
                            let u = dot(x, &neighbour.direction) - 1.0;
                            *entry = (rate * u * u).exp();
                        }
                    }
                    let mut column = signals.column_mut(neighbour.channel + k);
                    for (value, p) in column.iter_mut().zip(&profile) {
                        *value += neighbour.weights[k] * p;
                    }
                }
            }
        }
        Ok(values)
    }

    /// The constants that the central atom adds to its own signals, each with its channel.
    fn centre_means(&self, element: Element) -> impl Iterator<Item = (usize, f64)> {
        let first = self.channel(element, 0).filter(|_| self.centre != 0.0);
        let charge = f64::from(element.atomic_number());
        first.into_iter().flat_map(move |first| {
            self.radial.iter().enumerate().map(move |(k, channel)| {
                let charges = (charge * charge).powf(channel.charge_exponent);
                let weight = self.centre * channel.scale * self.channel_scales[first + k] * charges;
                (first + k, weight * self.profiles[k][0] / (4.0 * PI))
            })
        })
    }

    /// Lists the neighbours of atom i within the cutoff, with direction, channel and weights.
    fn neighbours(&self, molecule: &Molecule, i: usize) -> Result<Vec<Neighbour>> {
        let (elements, positions) = (molecule.elements(), molecule.positions());
        let mut neighbours = Vec::with_capacity(molecule.len());
        for j in (0..molecule.len()).filter(|j| *j != i) {
            let r = distance(&positions[i], &positions[j]);
            let cutoff = self.cutoff.value(r);
            let Some(first) = self.channel(elements[j], 0).filter(|_| cutoff != 0.0) else {
                continue;
            };
            let charges =
                f64::from(elements[i].atomic_number()) * f64::from(elements[j].atomic_number());
            let weights: Vec<f64> = self
                .radial
                .iter()
                .zip(&self.channel_scales[first..])
                .map(|(channel, scale)| {
                    scale
                        * channel.scale
                        * charges.powf(channel.charge_exponent)
                        * cutoff
                        * channel.function.value(r)
                })
                .collect();
            if let Some(k) = weights.iter().position(|w| !w.is_finite()) {
                return Err(Error::invalid(
                    format!("weight of atoms {i} and {j} in radial function {k}"),
                    format!("{} at the distance {} Å", number(weights[k]), number(r)),
                    "a finite weight",
                ));
            }
            let direction =
                std::array::from_fn(|axis| (positions[j][axis] - positions[i][axis]) / r);
            neighbours.push(Neighbour {
                direction,
                channel: first,
                weights,
            });
        }
        Ok(neighbours)
    }
}

/// Scales directions to unit length.
fn normalise(directions: &[[f64; 3]]) -> Result<Vec<[f64; 3]>> {
    let mut units = Vec::with_capacity(directions.len());
    for (point, direction) in directions.iter().enumerate() {
        if let Some(axis) = direction.iter().position(|x| !x.is_finite()) {
            return Err(Error::not_finite("directions", vec![point, axis]));
        }
        let length = distance(direction, &[0.0; 3]);
        if !(length > 0.0 && length.is_finite()) {
            return Err(Error::invalid(
                format!("length of direction {point}"),
                length,
                "a positive finite length",
            ));
        }
        units.push(direction.map(|x| x / length));
    }
    Ok(units)
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
