//! Maps of inputs to inputs: rotations, quarter turns and reflections of images, elements of a finite group.

use std::sync::Arc;

use ndarray::{Array4, ArrayView4, Axis};

use crate::group::{FiniteAction, PlanarSymmetry, PointGroup, Rotation};
use crate::sphere::rotate_coefficients_into;
use crate::{Error, Result};

use super::signals::{OwnedSignals, Signals};

type Function = dyn Fn(Signals<'_>) -> Result<OwnedSignals> + Send + Sync;

/// A map of inputs to inputs, such as a rotation.
#[derive(Clone)]
pub struct Transformation {
    function: Arc<Function>,
}

impl Transformation {
    /// Makes a transformation from a function; the function must return as many signals as it takes, in the form in which it takes them.
    pub fn new(
        function: impl Fn(Signals<'_>) -> Result<OwnedSignals> + Send + Sync + 'static,
    ) -> Self {
        Transformation {
            function: Arc::new(function),
        }
    }

    /// Turns and mirrors images, `[n, height, width, channels]`.
    pub fn of_images(symmetry: PlanarSymmetry) -> Self {
        Self::new(move |signals| match signals {
            Signals::Grid(images) => Ok(OwnedSignals::Grid(turned(images, symmetry)?)),
            other => Err(wrong_form(&other, "images, [n, height, width, channels]")),
        })
    }

    /// Turns and mirrors images that are stored as vectors, `[n, height · width · channels]`.
    pub fn of_flat_images(symmetry: PlanarSymmetry, [height, width, channels]: [usize; 3]) -> Self {
        Self::new(move |signals| match signals {
            Signals::Vectors(vectors) => {
                let n = vectors.nrows();
                let shape = (n, height, width, channels);
                let images = vectors
                    .as_standard_layout()
                    .into_owned()
                    .into_shape_with_order(shape)
                    .map_err(|_| {
                        Error::shape(
                            "images as vectors",
                            format!("[n, {}]", height * width * channels),
                            vectors.shape().to_vec(),
                        )
                    })?;
                let turned = turned(images.view(), symmetry)?;
                let vectors = turned.into_shape_with_order((n, height * width * channels));
                Ok(OwnedSignals::Vectors(
                    vectors.expect("a new array holds its entries in order"),
                ))
            }
            other => Err(wrong_form(&other, "vectors, [n, dimension]")),
        })
    }

    /// Moves images, `[n, height, width, channels]`, by whole pixels; pixels that would come from outside of an image have the value of the
    /// nearest pixel.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::kernel::{OwnedSignals, Signals, Transformation};
    /// let image = ndarray::array![[[[1.0], [2.0]], [[3.0], [4.0]]]];
    /// let moved = Transformation::shift([0, 1]).apply(Signals::Grid(image.view()))?;
    /// assert_eq!(moved, OwnedSignals::Grid(ndarray::array![[[[1.0], [1.0]], [[3.0], [3.0]]]]));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # Arguments
    /// * `down`, `right` — the pixels by which an image moves; negative numbers move it up or to the left
    pub fn shift([down, right]: [isize; 2]) -> Self {
        Self::new(move |signals| match signals {
            Signals::Grid(images) => {
                let source = |place: usize, by: isize, len: usize| {
                    let place = (place as isize).saturating_sub(by);
                    place.clamp(0, len as isize - 1) as usize
                };
                let (_, height, width, _) = images.dim();
                let shifted = Array4::from_shape_fn(images.dim(), |(i, y, x, c)| {
                    images[[i, source(y, down, height), source(x, right, width), c]]
                });
                Ok(OwnedSignals::Grid(shifted))
            }
            other => Err(wrong_form(&other, "images, [n, height, width, channels]")),
        })
    }

    /// Returns the transformation that applies this one first, and another one to the result.
    pub fn then(self, next: Transformation) -> Self {
        Self::new(move |signals| next.apply(self.apply(signals)?.view()))
    }

    /// Moves functions on a finite set by an element of a group, $`(g f)(x) = f(g^{-1} x)`$.
    ///
    /// The functions have the shape `[n, points, channels]`, or `[n, points · channels]` for a multilayer perceptron.
    ///
    /// # Arguments
    /// * `element` — the number of g, modulo the order of the group
    pub fn of_points(action: &FiniteAction, element: usize) -> Self {
        let element = element % action.order();
        let inverse = action.group().inverse_of(element);
        let sources: Vec<usize> = (0..action.points())
            .map(|x| action.image(inverse, x))
            .collect();
        Self::new(move |signals| match signals {
            Signals::Points(points) if points.len_of(Axis(1)) == sources.len() => {
                Ok(OwnedSignals::Points(points.select(Axis(1), &sources)))
            }
            Signals::Vectors(vectors)
                if !sources.is_empty() && vectors.ncols().is_multiple_of(sources.len()) =>
            {
                let channels = vectors.ncols() / sources.len();
                let columns: Vec<usize> = sources
                    .iter()
                    .flat_map(|x| (0..channels).map(move |c| x * channels + c))
                    .collect();
                Ok(OwnedSignals::Vectors(vectors.select(Axis(1), &columns)))
            }
            other => Err(wrong_form(
                &other,
                &format!("functions on {} points", sources.len()),
            )),
        })
    }

    /// Rotates signals on the sphere that are given by coefficients, shape `[n, channels, L, 2L − 1]`.
    pub fn of_coefficients(rotation: Rotation) -> Self {
        Self::new(move |signals| match signals {
            Signals::Coefficients(coefficients) => {
                let angles = rotation.euler_zyz();
                let mut rotated = Array4::zeros(coefficients.raw_dim());
                for (from, mut to) in coefficients.outer_iter().zip(rotated.outer_iter_mut()) {
                    for (from, to) in from.outer_iter().zip(to.outer_iter_mut()) {
                        rotate_coefficients_into(
                            from,
                            angles.alpha(),
                            angles.beta(),
                            angles.gamma(),
                            to,
                        )?;
                    }
                }
                Ok(OwnedSignals::Coefficients(rotated))
            }
            other => Err(wrong_form(&other, "coefficients, [n, channels, L, 2L - 1]")),
        })
    }

    /// Returns the transformations of images by all elements of a point group, the identity first.
    pub fn point_group(group: PointGroup) -> Vec<Self> {
        let elements = group.elements().iter();
        elements.map(|&element| Self::of_images(element)).collect()
    }

    /// Returns the transformations of functions on a finite set by all elements of its group, the identity first.
    pub fn finite_group(action: &FiniteAction) -> Vec<Self> {
        (0..action.order())
            .map(|element| Self::of_points(action, element))
            .collect()
    }

    /// Transforms signals.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for signals that the transformation does not take, or if it returns another number of signals; any error
    /// of the function.
    pub fn apply(&self, signals: Signals<'_>) -> Result<OwnedSignals> {
        let transformed = (self.function)(signals)?;
        if transformed.view().len() != signals.len() {
            return Err(Error::shape(
                "transformed signals",
                format!("{} signals, as many as before", signals.len()),
                vec![transformed.view().len()],
            ));
        }
        Ok(transformed)
    }
}

fn turned(images: ArrayView4<'_, f64>, symmetry: PlanarSymmetry) -> Result<Array4<f64>> {
    let (n, height, width, channels) = images.dim();
    let (new_height, new_width) = symmetry.shape_after(height, width);
    let mut turned = Array4::zeros((n, new_height, new_width, channels));
    for (image, mut out) in images.outer_iter().zip(turned.outer_iter_mut()) {
        out.assign(&symmetry.transform(image)?);
    }
    Ok(turned)
}

pub(super) fn wrong_form(signals: &Signals<'_>, expected: &str) -> Error {
    Error::shape("signals to transform", expected, signals.shape().to_vec())
}
