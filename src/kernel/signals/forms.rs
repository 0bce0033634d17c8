//! Inputs in the forms that networks take.

use std::borrow::Cow;
use std::f64::consts::SQRT_2;

use ndarray::{
    Array2, Array3, Array4, ArrayView, ArrayView2, ArrayView3, ArrayView4, Axis, RemoveAxis,
};
use num_complex::Complex64;

use crate::atoms::Atoms;
use crate::check::first_not_finite;
use crate::graph::Graph;

/// A set of inputs, in one of the forms that networks accept.
#[derive(Debug, Clone, Copy)]
pub enum Signals<'a> {
    /// Vectors, shape `[n, dimension]`.
    Vectors(ArrayView2<'a, f64>),
    /// Real signals on a grid of the sphere, shape `[n, θ, φ, channels]`, or images, shape `[n, height, width, channels]`.
    Grid(ArrayView4<'a, f64>),
    /// Functions on a finite set, shape `[n, points, channels]`.
    Points(ArrayView3<'a, f64>),
    /// Coefficients of real signals on the sphere, shape `[n, channels, L, 2L − 1]`, entry `[n, c, l, m + L − 1]`.
    Coefficients(ArrayView4<'a, Complex64>),
    /// Graphs.
    Graphs(&'a [Graph]),
    /// Molecules.
    Atoms(&'a [Atoms]),
}

impl<'a> From<&'a [Graph]> for Signals<'a> {
    fn from(graphs: &'a [Graph]) -> Self {
        Signals::Graphs(graphs)
    }
}

impl<'a> From<&'a Vec<Graph>> for Signals<'a> {
    fn from(graphs: &'a Vec<Graph>) -> Self {
        Signals::Graphs(graphs)
    }
}

impl<'a> From<&'a [Atoms]> for Signals<'a> {
    fn from(atoms: &'a [Atoms]) -> Self {
        Signals::Atoms(atoms)
    }
}

impl<'a> From<&'a Vec<Atoms>> for Signals<'a> {
    fn from(atoms: &'a Vec<Atoms>) -> Self {
        Signals::Atoms(atoms)
    }
}

impl<'a> From<ArrayView2<'a, f64>> for Signals<'a> {
    fn from(array: ArrayView2<'a, f64>) -> Self {
        Signals::Vectors(array)
    }
}

impl<'a> From<ArrayView4<'a, f64>> for Signals<'a> {
    fn from(array: ArrayView4<'a, f64>) -> Self {
        Signals::Grid(array)
    }
}

impl<'a> From<ArrayView3<'a, f64>> for Signals<'a> {
    fn from(array: ArrayView3<'a, f64>) -> Self {
        Signals::Points(array)
    }
}

impl<'a> From<ArrayView4<'a, Complex64>> for Signals<'a> {
    fn from(array: ArrayView4<'a, Complex64>) -> Self {
        Signals::Coefficients(array)
    }
}

impl Signals<'_> {
    /// Returns the number of signals.
    pub fn len(&self) -> usize {
        match self {
            Signals::Graphs(graphs) => graphs.len(),
            Signals::Atoms(atoms) => atoms.len(),
            other => other.shape()[0],
        }
    }

    /// Returns whether there is no signal.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A view of all signals with the lifetime of this borrow.
    pub(crate) fn view(&self) -> Signals<'_> {
        self.range(0..self.len())
    }

    /// Some of the signals, without a copy.
    pub(crate) fn range(&self, range: std::ops::Range<usize>) -> Signals<'_> {
        if let Signals::Graphs(graphs) = self {
            return Signals::Graphs(&graphs[range]);
        }
        if let Signals::Atoms(atoms) = self {
            return Signals::Atoms(&atoms[range]);
        }
        let range = ndarray::Slice::from(range);
        match self {
            Signals::Graphs(graphs) => Signals::Graphs(graphs),
            Signals::Atoms(atoms) => Signals::Atoms(atoms),
            Signals::Vectors(a) => Signals::Vectors(a.slice_axis(Axis(0), range)),
            Signals::Grid(a) => Signals::Grid(a.slice_axis(Axis(0), range)),
            Signals::Points(a) => Signals::Points(a.slice_axis(Axis(0), range)),
            Signals::Coefficients(a) => Signals::Coefficients(a.slice_axis(Axis(0), range)),
        }
    }

    /// A copy of the first `n` signals, or of all if there are fewer.
    pub(crate) fn first(&self, n: usize) -> OwnedSignals {
        let n = n.min(self.len());
        match self {
            Signals::Vectors(a) => OwnedSignals::Vectors(standard(a.split_at(Axis(0), n).0)),
            Signals::Grid(a) => OwnedSignals::Grid(standard(a.split_at(Axis(0), n).0)),
            Signals::Points(a) => OwnedSignals::Points(standard(a.split_at(Axis(0), n).0)),
            Signals::Coefficients(a) => {
                OwnedSignals::Coefficients(a.split_at(Axis(0), n).0.to_owned())
            }
            Signals::Graphs(graphs) => OwnedSignals::Graphs(graphs[..n].to_vec()),
            Signals::Atoms(atoms) => OwnedSignals::Atoms(atoms[..n].to_vec()),
        }
    }

    /// A copy of some of the signals.
    pub(crate) fn select(&self, rows: &[usize]) -> OwnedSignals {
        match self {
            Signals::Vectors(a) => OwnedSignals::Vectors(a.select(Axis(0), rows)),
            Signals::Grid(a) => OwnedSignals::Grid(a.select(Axis(0), rows)),
            Signals::Points(a) => OwnedSignals::Points(a.select(Axis(0), rows)),
            Signals::Coefficients(a) => OwnedSignals::Coefficients(a.select(Axis(0), rows)),
            Signals::Graphs(graphs) => {
                OwnedSignals::Graphs(rows.iter().map(|&row| graphs[row].clone()).collect())
            }
            Signals::Atoms(atoms) => {
                OwnedSignals::Atoms(rows.iter().map(|&row| atoms[row].clone()).collect())
            }
        }
    }

    /// The shape of the array; empty for graphs and molecules, which are no array.
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Signals::Graphs(_) | Signals::Atoms(_) => &[],
            Signals::Vectors(a) => a.shape(),
            Signals::Grid(a) => a.shape(),
            Signals::Points(a) => a.shape(),
            Signals::Coefficients(a) => a.shape(),
        }
    }

    /// For each signal, the largest modulus of its entries; real and imaginary parts count separately.
    pub(super) fn sizes(&self) -> Vec<f64> {
        fn largest<A, D: RemoveAxis>(
            array: &ArrayView<'_, A, D>,
            size: impl Fn(&A) -> f64,
        ) -> Vec<f64> {
            let of_signal =
                |signal: ArrayView<'_, A, D::Smaller>| signal.iter().map(&size).fold(0.0, f64::max);
            array.outer_iter().map(of_signal).collect()
        }
        match self {
            Signals::Vectors(a) => largest(a, |x| x.abs()),
            Signals::Grid(a) => largest(a, |x| x.abs()),
            Signals::Points(a) => largest(a, |x| x.abs()),
            Signals::Coefficients(a) => largest(a, |z| z.re.abs().max(z.im.abs())),
            Signals::Graphs(graphs) => {
                let size = |graph: &Graph| {
                    graph
                        .features()
                        .iter()
                        .fold(0.0, |m: f64, x| m.max(x.abs()))
                };
                graphs.iter().map(size).collect()
            }
            // An element is a one among zeros.
            Signals::Atoms(atoms) => vec![1.0; atoms.len()],
        }
    }

    /// The index of the first entry that is not finite.
    pub(super) fn first_not_finite(&self) -> Option<Vec<usize>> {
        match self {
            Signals::Vectors(a) => first_not_finite(a),
            Signals::Grid(a) => first_not_finite(a),
            Signals::Points(a) => first_not_finite(a),
            Signals::Coefficients(a) => first_not_finite(a),
            // Graphs and atoms are checked when they are made.
            Signals::Graphs(_) | Signals::Atoms(_) => None,
        }
    }
}

/// A copy in C order.
fn standard<D: ndarray::Dimension>(array: ArrayView<'_, f64, D>) -> ndarray::Array<f64, D> {
    array.as_standard_layout().into_owned()
}

/// A set of inputs that owns its array, in one of the forms of [`Signals`].
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedSignals {
    /// Vectors, shape `[n, dimension]`.
    Vectors(Array2<f64>),
    /// Signals on a grid, shape `[n, θ, φ, channels]`, or images, shape `[n, height, width, channels]`.
    Grid(Array4<f64>),
    /// Functions on a finite set, shape `[n, points, channels]`.
    Points(Array3<f64>),
    /// Coefficients of real signals on the sphere, shape `[n, channels, L, 2L − 1]`.
    Coefficients(Array4<Complex64>),
    /// Graphs.
    Graphs(Vec<Graph>),
    /// Molecules.
    Atoms(Vec<Atoms>),
}

impl OwnedSignals {
    /// Returns a view of the inputs.
    pub fn view(&self) -> Signals<'_> {
        match self {
            OwnedSignals::Vectors(array) => Signals::Vectors(array.view()),
            OwnedSignals::Grid(array) => Signals::Grid(array.view()),
            OwnedSignals::Points(array) => Signals::Points(array.view()),
            OwnedSignals::Coefficients(array) => Signals::Coefficients(array.view()),
            OwnedSignals::Graphs(graphs) => Signals::Graphs(graphs),
            OwnedSignals::Atoms(atoms) => Signals::Atoms(atoms),
        }
    }

    /// Returns all numbers of real inputs in C order; none for coefficients, graphs and molecules, and for arrays in another order.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::kernel::OwnedSignals;
    /// let vectors = OwnedSignals::Vectors(ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(vectors.values(), Some(&[1.0, 2.0, 3.0, 4.0][..]));
    /// ```
    pub fn values(&self) -> Option<&[f64]> {
        match self {
            OwnedSignals::Vectors(array) => array.as_slice(),
            OwnedSignals::Grid(array) => array.as_slice(),
            OwnedSignals::Points(array) => array.as_slice(),
            OwnedSignals::Coefficients(_) | OwnedSignals::Graphs(_) | OwnedSignals::Atoms(_) => {
                None
            }
        }
    }

    /// The numbers of [`values`](Self::values).
    fn values_mut(&mut self) -> Option<&mut [f64]> {
        match self {
            OwnedSignals::Vectors(array) => array.as_slice_mut(),
            OwnedSignals::Grid(array) => array.as_slice_mut(),
            OwnedSignals::Points(array) => array.as_slice_mut(),
            OwnedSignals::Coefficients(_) | OwnedSignals::Graphs(_) | OwnedSignals::Atoms(_) => {
                None
            }
        }
    }

    /// The coordinates of the signals in an orthonormal basis, signal by signal; none for graphs.
    ///
    /// For coefficients, these are coordinates of real functions: $`f_{l0}`$, and $`\sqrt2`$ times the real and the imaginary part of
    /// $`f_{lm}`$ for m > 0.
    pub(crate) fn coordinates(&self) -> Option<Cow<'_, [f64]>> {
        let OwnedSignals::Coefficients(array) = self else {
            return self.values().map(Cow::Borrowed);
        };
        let mut numbers = Vec::new();
        for degrees in array.lanes(Axis(3)) {
            let zero = degrees.len() / 2;
            numbers.push(degrees[zero].re);
            for value in degrees.iter().skip(zero + 1) {
                numbers.extend([SQRT_2 * value.re, SQRT_2 * value.im]);
            }
        }
        Some(Cow::Owned(numbers))
    }

    /// Adds other arrays of the same form.
    ///
    /// # Panics
    /// For graphs, and for another number of coordinates.
    pub(crate) fn add(&mut self, other: &OwnedSignals) {
        let parts = [&*self, other].map(|part| part.coordinates().expect("graphs are no arrays"));
        assert_eq!(parts[0].len(), parts[1].len());
        let sum: Vec<f64> = parts[0]
            .iter()
            .zip(&*parts[1])
            .map(|(a, b)| a + b)
            .collect();
        self.set_coordinates(&sum);
    }

    /// Replaces all signals by those of some [`coordinates`](Self::coordinates).
    ///
    /// # Panics
    /// For graphs, and for another number of coordinates.
    pub(crate) fn set_coordinates(&mut self, numbers: &[f64]) {
        let OwnedSignals::Coefficients(array) = self else {
            let values = self.values_mut().expect("graphs have no coordinates");
            values.copy_from_slice(numbers);
            return;
        };
        let width = array.len_of(Axis(3));
        let (zero, lanes) = (width / 2, array.lanes_mut(Axis(3)));
        for (mut degrees, numbers) in lanes.into_iter().zip(numbers.chunks_exact(width)) {
            degrees[zero] = numbers[0].into();
            for (m, part) in (1..).zip(numbers[1..].chunks_exact(2)) {
                let value = Complex64::new(part[0], part[1]) / SQRT_2;
                let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
                degrees[zero + m] = value;
                degrees[zero - m] = sign * value.conj();
            }
        }
    }
}
