//! Matrices of covariances between points.

use std::ops::Range;

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use super::profile::{Covariance, Part};
use super::space::{Parameter, Space};
use crate::predict::KernelFunction;
use crate::{Error, Result, check, memory};

/// Rows and columns of a block that is mirrored at a time.
const BLOCK: usize = 64;

/// Unit vectors of the points of either space.
pub(super) enum Points {
    Sphere(Vec<[f64; 3]>),
    Rotations(Vec<[f64; 4]>),
}

impl Points {
    pub(super) fn new(space: Space, points: ArrayView2<'_, f64>) -> Result<Self> {
        let columns = space.coordinates();
        if points.ncols() != columns {
            let names = match space {
                Space::Sphere => "[n, 3], rows (x, y, z)",
                Space::Rotations => "[n, 4], rows (w, x, y, z)",
            };
            return Err(Error::shape(what(space), names, points.shape().to_vec()));
        }
        check::not_empty(what(space), points.nrows())?;
        check::finite(what(space), points)?;
        Ok(match space {
            Space::Sphere => Points::Sphere(unit_vectors(space, points)?),
            Space::Rotations => Points::Rotations(unit_vectors(space, points)?),
        })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Points::Sphere(points) => points.len(),
            Points::Rotations(points) => points.len(),
        }
    }
}

fn what(space: Space) -> &'static str {
    match space {
        Space::Sphere => "points on the sphere",
        Space::Rotations => "quaternions of rotations",
    }
}

fn unit_vectors<const N: usize>(
    space: Space,
    points: ArrayView2<'_, f64>,
) -> Result<Vec<[f64; N]>> {
    let unit = |(index, row): (usize, ndarray::ArrayView1<'_, f64>)| {
        let name = format!("row {index} of the {}", what(space));
        // Scaled first, so that squares stay within the range of numbers.
        let vector: [f64; N] = check::direction(&name, std::array::from_fn(|i| row[i]))?;
        let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        Ok(vector.map(|x| x / length))
    };
    points.outer_iter().enumerate().map(unit).collect()
}

/// The squared sine of half the angle between two points: |x − y|²/4.
#[inline(always)]
fn between_points(x: &[f64; 3], y: &[f64; 3]) -> f64 {
    let [a, b, c] = [x[0] - y[0], x[1] - y[1], x[2] - y[2]];
    0.25 * (a * a + b * b + c * c)
}

/// The squared sine of half the angle of the rotation from one to the other: m (1 − m/4) with the smaller m = |p ∓ q|².
#[inline(always)]
fn between_rotations(p: &[f64; 4], q: &[f64; 4]) -> f64 {
    let (mut minus, mut plus) = (0.0, 0.0);
    for i in 0..4 {
        let (difference, sum) = (p[i] - q[i], p[i] + q[i]);
        minus += difference * difference;
        plus += sum * sum;
    }
    let least = if minus < plus { minus } else { plus };
    least * (1.0 - 0.25 * least)
}

impl Covariance {
    /// Returns the covariances of all pairs of points, shape `[n, n]`, symmetric, with σ² on the diagonal.
    ///
    /// # Arguments
    /// * `points` — rows as [`Space`] says, of any positive length: shape `[n, 3]` or `[n, 4]`
    ///
    /// # Cost and accuracy
    /// One polynomial of 22 terms per pair, on all threads. Angles are found from differences of coordinates, so that pairs of near points keep their
    /// digits.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`], [`Error::InvalidValue`] for a row of zeros, [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::covariance::{Covariance, Family, Space};
    /// use haarmonic::group::Rotation;
    /// use ndarray::{arr2, array};
    ///
    /// let sphere = Covariance::new(Space::Sphere, Family::Heat, 0.5)?;
    /// let gram = sphere.gram(array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]].view())?;
    /// assert_eq!(gram[[0, 0]], 1.0);
    /// assert!((gram[[0, 1]] - sphere.value(std::f64::consts::FRAC_PI_2)?).abs() < 1e-15);
    ///
    /// let rotations = Covariance::new(Space::Rotations, Family::Heat, 0.5)?;
    /// let points = [Rotation::identity(), Rotation::about_z(0.4)?];
    /// let gram = rotations.gram(arr2(&points.map(|rotation| rotation.to_quaternion())).view())?;
    /// assert!((gram[[0, 1]] - rotations.value(0.4)?).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn gram(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.symmetric(Part::VALUE, points)
    }

    /// Returns the covariances of the points of one set with those of another, shape `[a, b]`.
    ///
    /// # Arguments
    /// * `a`, `b` — as the points of [`gram`](Self::gram)
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn cross(&self, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let (a, b) = (Points::new(self.space, a)?, Points::new(self.space, b)?);
        let mut matrix = zeros(a.len(), b.len())?;
        let rows = matrix.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        rows.for_each(|(i, mut row)| {
            self.write(Part::VALUE, (&a, i), (&b, 0..b.len()), row.iter_mut());
        });
        Ok(matrix)
    }

    /// Returns the covariances of points with themselves, σ² for each.
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn diagonal(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        let points = Points::new(self.space, points)?;
        Ok(Array1::from_elem(points.len(), self.variance))
    }

    /// Returns the derivatives of [`gram`](Self::gram) by κ or ν; those by σ² are the matrix itself over σ².
    ///
    /// [`Evidence::derivative`](crate::predict::Evidence::derivative) makes of it the derivative of the log marginal likelihood.
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and [`Error::InvalidValue`] for the smoothness of a heat kernel.
    pub fn gram_derivative(
        &self,
        parameter: Parameter,
        points: ArrayView2<'_, f64>,
    ) -> Result<Array2<f64>> {
        self.symmetric(self.derivative_part(parameter)?, points)
    }

    /// Returns the Gram matrix as a function that computes rows when a solver needs them.
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::covariance::{Covariance, Family, Space};
    /// use haarmonic::predict::{ConjugateGradient, Ridge};
    /// use ndarray::array;
    ///
    /// let covariance = Covariance::new(Space::Sphere, Family::Matern { nu: 2.5 }, 0.7)?;
    /// let points = array![[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
    /// let kernel = covariance.kernel_function(points.view())?;
    /// let targets = array![[1.0], [0.0], [0.5]];
    /// let solved = ConjugateGradient::default().fit(&kernel, targets.view(), Ridge::Absolute(1e-6), None)?;
    /// let mean = solved.model.predict(covariance.cross(points.view(), points.view())?.view())?;
    /// assert!((mean[[0, 0]] - 1.0).abs() < 1e-4);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn kernel_function<'a>(
        &'a self,
        points: ArrayView2<'_, f64>,
    ) -> Result<
        KernelFunction<
            impl Fn(Range<usize>, ArrayViewMut2<'_, f64>) -> Result<()> + Sync + use<'a>,
        >,
    > {
        let points = Points::new(self.space, points)?;
        let diagonal = Array1::from_elem(points.len(), self.variance);
        KernelFunction::new(diagonal, move |rows, mut out: ArrayViewMut2<'_, f64>| {
            for (i, mut row) in rows.zip(out.outer_iter_mut()) {
                let all = 0..points.len();
                self.write(Part::VALUE, (&points, i), (&points, all), row.iter_mut());
            }
            Ok(())
        })
    }

    fn symmetric(&self, part: Part, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let points = Points::new(self.space, points)?;
        let mut matrix = zeros(points.len(), points.len())?;
        let rows = matrix.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        rows.for_each(|(i, mut row)| {
            self.write(part, (&points, i), (&points, 0..i + 1), row.iter_mut());
        });
        mirror(&mut matrix);
        Ok(matrix)
    }

    /// Writes the covariances of one point with some others.
    fn write<'a>(
        &self,
        part: Part,
        (from, index): (&Points, usize),
        (to, range): (&Points, Range<usize>),
        out: impl Iterator<Item = &'a mut f64>,
    ) {
        match (from, to) {
            (Points::Sphere(from), Points::Sphere(to)) => {
                let x = &from[index];
                for (out, y) in out.zip(&to[range]) {
                    *out = self.part(part, between_points(x, y));
                }
            }
            (Points::Rotations(from), Points::Rotations(to)) => {
                let p = &from[index];
                for (out, q) in out.zip(&to[range]) {
                    *out = self.part(part, between_rotations(p, q));
                }
            }
            _ => unreachable!("both are points of the space of the covariance"),
        }
    }
}

fn zeros(rows: usize, columns: usize) -> Result<Array2<f64>> {
    memory::zeros(
        &format!("covariance matrix of {rows} x {columns}"),
        ndarray::Ix2(rows, columns),
        "use fewer points, or an iterative solver, which computes rows when it needs them",
    )
}

/// Copies what is below the diagonal to above it, block by block, as columns far apart share no cache lines.
fn mirror(matrix: &mut Array2<f64>) {
    let n = matrix.nrows();
    for rows in (0..n).step_by(BLOCK) {
        for columns in (0..rows + 1).step_by(BLOCK) {
            for i in rows..n.min(rows + BLOCK) {
                for j in columns..i.min(columns + BLOCK) {
                    matrix[[j, i]] = matrix[[i, j]];
                }
            }
        }
    }
}
