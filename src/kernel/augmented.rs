//! Data augmentation: the kernel of an ensemble that is trained on transformed copies of its inputs.

use ndarray::{Array2, ArrayView2, Axis, concatenate};

use crate::numeric::larger;
use crate::{Error, Result};

use super::evaluate::{Kernel, PreparedSignals};
use super::signals::{OwnedSignals, Signals};
use super::transformation::{Transformation, wrong_form};
use super::values::{KernelError, KernelMatrices};

/// The largest number of signals in a check of invariance.
const CHECKED_SIGNALS: usize = 3;
/// The largest number of transformations in a check of invariance.
const CHECKED_TRANSFORMATIONS: usize = 8;
/// The relative change of a kernel, beyond its error estimate, that a check of invariance attributes to rounding.
const INVARIANT: f64 = 1e-9;

/// A kernel averaged over transformations of its inputs.
///
/// Consider the quadratic loss and an ensemble that is trained on all transforms of its training data, each with the label of its
/// original. The predictions of this ensemble equal, at all times, the predictions from the averaged kernel and the original data.
/// If the transformations are a group under which the kernel is invariant, $`K(g x, g x') = K(x, x')`$, the average over one of the two
/// inputs suffices. The average is then the kernel of the corresponding equivariant network (`docs/theory.md`).
///
/// # Examples
/// An augmented CNN has the kernel of the group-convolutional network with filters of equal size:
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::group::PointGroup;
/// use haarmonic::kernel::{AugmentedKernel, Kernel, Transformation};
/// use haarmonic::network::{Network, Padding, Init, Filter};
///
/// let network = |group| {
///     Network::plane(5, 5, 1)
///         .lifting(group, Filter::window(3, Padding::Same), Init::default())
///         .activation(Activation::Relu)
///         .group_convolution(Filter::window(3, Padding::Same), Init::default())
///         .group_pooling()
///         .build()
/// };
/// let cnn = Kernel::new(&network(PointGroup::C1)?)?;
/// let equivariant = Kernel::new(&network(PointGroup::C4)?)?;
/// let augmented = AugmentedKernel::over_group(cnn, Transformation::point_group(PointGroup::C4))?;
///
/// let images = ndarray::Array4::from_shape_fn((2, 5, 5, 1), |(n, y, x, _)| (n * x + y * y) as f64);
/// let difference = augmented.gram(images.view())?.ntk - equivariant.gram(images.view())?.ntk;
/// assert!(difference.iter().all(|d| d.abs() < 1e-11));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Misof25.
#[derive(Clone)]
pub struct AugmentedKernel {
    kernel: Kernel,
    transformations: Vec<Transformation>,
    one_sided: bool,
}

impl AugmentedKernel {
    /// Makes the kernel averaged over a group of transformations of one input.
    ///
    /// Each computation of a matrix checks the invariance of the kernel on some of the signals.
    ///
    /// # Arguments
    /// * `transformations` — every element of a group once, in any order
    ///
    /// # Errors
    /// [`Error::Empty`] without transformations.
    pub fn over_group(kernel: Kernel, transformations: Vec<Transformation>) -> Result<Self> {
        Self::new(kernel, transformations, true)
    }

    /// Makes the kernel averaged over any transformations of both inputs.
    ///
    /// It is the kernel of augmentation with a subset of a group, or with maps that form no group.
    ///
    /// # Errors
    /// [`Error::Empty`] without transformations.
    pub fn over_subset(kernel: Kernel, transformations: Vec<Transformation>) -> Result<Self> {
        Self::new(kernel, transformations, false)
    }

    fn new(kernel: Kernel, transformations: Vec<Transformation>, one_sided: bool) -> Result<Self> {
        if transformations.is_empty() {
            return Err(Error::empty("transformations"));
        }
        Ok(AugmentedKernel {
            kernel,
            transformations,
            one_sided,
        })
    }

    /// Returns the kernel that is averaged.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Returns the number of transformations.
    pub fn len(&self) -> usize {
        self.transformations.len()
    }

    /// Returns whether there is no transformation; never true.
    pub fn is_empty(&self) -> bool {
        self.transformations.is_empty()
    }

    /// Returns the augmented set: all signals under the first transformation, then all signals under the second, and so on.
    ///
    /// # Errors
    /// As [`Transformation::apply`].
    pub fn augmented<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<OwnedSignals> {
        let signals = signals.into();
        let parts = self
            .transformations
            .iter()
            .map(|transformation| transformation.apply(signals))
            .collect::<Result<Vec<_>>>()?;
        macro_rules! joined {
            ($form:ident) => {{
                let mut views = Vec::with_capacity(parts.len());
                for part in &parts {
                    match part {
                        OwnedSignals::$form(array) => views.push(array.view()),
                        other => return Err(wrong_form(&other.view(), "one form for all")),
                    }
                }
                concatenate(Axis(0), &views)
                    .map(OwnedSignals::$form)
                    .map_err(|_| wrong_form(&parts[0].view(), "one shape for all"))
            }};
        }
        match &parts[0] {
            OwnedSignals::Vectors(_) => joined!(Vectors),
            OwnedSignals::Grid(_) => joined!(Grid),
            OwnedSignals::Points(_) => joined!(Points),
            OwnedSignals::Coefficients(_) => joined!(Coefficients),
            OwnedSignals::Graphs(_) => {
                let mut graphs = Vec::new();
                for part in &parts {
                    match part {
                        OwnedSignals::Graphs(part) => graphs.extend_from_slice(part),
                        other => return Err(wrong_form(&other.view(), "one form for all")),
                    }
                }
                Ok(OwnedSignals::Graphs(graphs))
            }
            OwnedSignals::Atoms(_) => {
                let mut atoms = Vec::new();
                for part in &parts {
                    match part {
                        OwnedSignals::Atoms(part) => atoms.extend_from_slice(part),
                        other => return Err(wrong_form(&other.view(), "one form for all")),
                    }
                }
                Ok(OwnedSignals::Atoms(atoms))
            }
        }
    }

    /// Computes the averaged kernel matrices of a set of signals with itself.
    ///
    /// # Cost
    /// * Over a group: one kernel matrix per transformation; memory for two matrices and one set of transformed signals.
    /// * Over a subset: one kernel matrix per unordered pair of transformations; memory for two matrices and for the transformed signals
    ///   of all transformations.
    ///
    /// # Errors
    /// As [`Kernel::gram`] and [`Transformation::apply`]; [`Error::InvalidValue`] if the average is over a group and the kernel is not
    /// invariant.
    pub fn gram<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<KernelMatrices> {
        let signals = signals.into();
        let mut gram = if self.one_sided {
            self.cross(signals, signals)?
        } else {
            self.gram_over_pairs(signals)?
        };
        // The mean over a group is symmetric up to rounding, since a group contains the inverse of each element.
        symmetrise([&mut gram.nngp, &mut gram.ntk]);
        if let KernelError::Entries { nngp, ntk } = &mut gram.error {
            symmetrise([nngp, ntk]);
        }
        Ok(gram)
    }

    /// The mean over pairs of transformations, with each unordered pair computed once; the symmetric part of it is the kernel.
    fn gram_over_pairs(&self, signals: Signals<'_>) -> Result<KernelMatrices> {
        let moved = self.prepared(signals)?;
        let mut sum = Sum::default();
        for (i, left) in moved.iter().enumerate() {
            sum.add(self.kernel.gram_prepared(left)?, 1.0);
            for right in &moved[i + 1..] {
                sum.add(self.kernel.cross_prepared(left, right)?, 2.0);
            }
        }
        Ok(sum.mean())
    }

    /// The signals under each transformation.
    fn prepared(&self, signals: Signals<'_>) -> Result<Vec<PreparedSignals>> {
        self.transformations
            .iter()
            .map(|transformation| {
                let moved = transformation.apply(signals)?;
                self.kernel.prepare(moved.view())
            })
            .collect()
    }

    /// Computes the averaged kernel matrices of the signals of one set (rows) with the signals of another set (columns).
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn cross<'a, 'b>(
        &self,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'b>>,
    ) -> Result<KernelMatrices> {
        let (rows, columns) = (rows.into(), columns.into());
        let mut sum = Sum::default();
        if self.one_sided {
            self.check_invariance(rows)?;
            let rows = self.kernel.prepare(rows)?;
            for transformation in &self.transformations {
                let moved = transformation.apply(columns)?;
                let moved = self.kernel.prepare(moved.view())?;
                sum.add(self.kernel.cross_prepared(&rows, &moved)?, 1.0);
            }
        } else {
            let columns = self.prepared(columns)?;
            for transformation in &self.transformations {
                let moved = transformation.apply(rows)?;
                let moved = self.kernel.prepare(moved.view())?;
                for column in &columns {
                    sum.add(self.kernel.cross_prepared(&moved, column)?, 1.0);
                }
            }
        }
        Ok(sum.mean())
    }

    /// Compares the kernel of some signals with the kernel of their transforms.
    fn check_invariance(&self, signals: Signals<'_>) -> Result<()> {
        let some = signals.first(CHECKED_SIGNALS);
        let fixed = self.kernel.gram(some.view())?;
        for transformation in self.transformations.iter().take(CHECKED_TRANSFORMATIONS) {
            let moved = transformation.apply(some.view())?;
            let moved = self.kernel.gram(moved.view())?;
            let error = (fixed.error.largest(), moved.error.largest());
            let pairs = [
                (&fixed.nngp, &moved.nngp, error.0.nngp + error.1.nngp),
                (&fixed.ntk, &moved.ntk, error.0.ntk + error.1.ntk),
            ];
            for (fixed, moved, estimate) in pairs {
                let largest = largest(fixed.view());
                let change = largest_difference(fixed.view(), moved.view());
                if change > INVARIANT * largest + 2.0 * estimate {
                    return Err(Error::invalid(
                        "transformations of a group",
                        format!(
                            "a kernel that changes by {:.1e} of its size when both inputs are transformed",
                            change / largest
                        ),
                        "a kernel that is invariant, or `AugmentedKernel::over_subset`",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The largest modulus of the values, or NaN if one of them is NaN.
fn largest(values: ArrayView2<'_, f64>) -> f64 {
    values
        .iter()
        .fold(0.0, |largest, v| larger(largest, v.abs()))
}

/// The largest modulus of the differences, or NaN if one of them is NaN.
fn largest_difference(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> f64 {
    a.iter()
        .zip(b)
        .fold(0.0, |largest, (a, b)| larger(largest, (a - b).abs()))
}

/// Replaces matrices by their symmetric parts.
fn symmetrise(matrices: [&mut Array2<f64>; 2]) {
    for matrix in matrices {
        *matrix = (&*matrix + &matrix.t()) * 0.5;
    }
}

/// A weighted sum of kernel matrices and of their error estimates.
#[derive(Default)]
struct Sum {
    sum: Option<KernelMatrices>,
    weights: f64,
}

impl Sum {
    fn add(&mut self, mut gram: KernelMatrices, weight: f64) {
        scale(&mut gram, weight);
        self.weights += weight;
        let Some(sum) = &mut self.sum else {
            self.sum = Some(gram);
            return;
        };
        sum.nngp += &gram.nngp;
        sum.ntk += &gram.ntk;
        match (&mut sum.error, gram.error) {
            (KernelError::Entries { nngp, ntk }, KernelError::Entries { nngp: k, ntk: t }) => {
                *nngp += &k;
                *ntk += &t;
            }
            (
                KernelError::Sampled { largest, pairs },
                KernelError::Sampled {
                    largest: l,
                    pairs: p,
                },
            ) => {
                largest.nngp += l.nngp;
                largest.ntk += l.ntk;
                *pairs += p;
            }
            _ => {}
        }
    }

    fn mean(self) -> KernelMatrices {
        let mut gram = self.sum.expect("there is a transformation");
        scale(&mut gram, 1.0 / self.weights);
        gram
    }
}

/// Multiplies kernel matrices and their error estimates by a positive weight.
fn scale(gram: &mut KernelMatrices, weight: f64) {
    gram.nngp *= weight;
    gram.ntk *= weight;
    match &mut gram.error {
        KernelError::Exact => {}
        KernelError::Entries { nngp, ntk } => {
            *nngp *= weight;
            *ntk *= weight;
        }
        KernelError::Sampled { largest, .. } => {
            largest.nngp *= weight;
            largest.ntk *= weight;
        }
    }
}
