//! Data augmentation: inputs moved by the elements of a group.

use candle_core::{Device, Result, Tensor};
use ndarray::{Array2, Axis, Slice};

use crate::Error;
use crate::group::{FiniteAction, PlanarSymmetry, Rotation};

use super::backend::Backend;
use super::rotation_matrices::{Beta, count, offset};

/// Transformations of the inputs that leave the targets as they are.
///
/// A transformation permutes the places of an input (the pixels of an image, the points of a finite set), or rotates a signal on the
/// sphere.
///
/// By default a network is trained on all transformed copies of every input. The size of the training set is multiplied by the number
/// of transformations, and the mean of a wide ensemble is the prediction from the kernel averaged over the transformations
/// ([`AugmentedKernel`](crate::kernel::AugmentedKernel)). With [`sampled`](Self::sampled) each use of an input applies a random
/// transformation to it.
///
/// # Examples
/// ```
/// use haarmonic::finite_width::Augmentation;
/// use haarmonic::group::PointGroup;
///
/// let turns = Augmentation::images(28, 28, PointGroup::C4.elements())?;
/// assert_eq!(turns.len(), 4);
/// // A quarter turn of an image of 2 × 3 pixels has 3 × 2 pixels.
/// assert!(Augmentation::images(2, 3, PointGroup::C4.elements()).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Augmentation {
    places: usize,
    len: usize,
    moves: Moves,
    draw: Draw,
}

#[derive(Debug, Clone)]
enum Moves {
    /// For each transformation, the source of each place: the place from which its values come.
    Permutations(Vec<Vec<u32>>),
    /// For each degree l, the matrices of all transformations, `[len, 2l + 1, 2l + 1]`; places are the coefficients of real harmonics.
    Rotations(Vec<Tensor>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Draw {
    All,
    Sampled,
}

impl Augmentation {
    /// Makes an augmentation of images by quarter turns and reflections.
    ///
    /// # Arguments
    /// * `height`, `width` — pixels of an image
    /// * `symmetries` — the elements of a [`PointGroup`](crate::group::PointGroup), or any others
    ///
    /// # Errors
    /// * [`Error::Empty`] — no symmetries or no pixels
    /// * [`Error::InvalidValue`] — an odd number of quarter turns for images that are not square
    pub fn images(
        height: usize,
        width: usize,
        symmetries: &[PlanarSymmetry],
    ) -> crate::Result<Self> {
        let fits = |s: &&PlanarSymmetry| s.shape_after(height, width) == (height, width);
        if let Some(turn) = symmetries.iter().find(|symmetry| !fits(symmetry)) {
            return Err(Error::invalid(
                "symmetries of an augmentation",
                format!(
                    "{} quarter turns of images of {height} × {width} pixels",
                    turn.quarter_turns
                ),
                "square images, or even numbers of quarter turns",
            ));
        }
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
        let sources = symmetries.iter().map(|symmetry| {
            let source = |(y, x)| symmetry.source(height, width, y, x);
            let sources = places.clone().map(source);
            sources.map(|(y, x)| (y * width + x) as u32).collect()
        });
        Augmentation::permutations(height * width, sources.collect())
    }

    /// Makes an augmentation of functions on a finite set by all elements of a group: $`(g f)(x) = f(g^{-1} x)`$.
    ///
    /// # Errors
    /// [`Error::Empty`] without points; no [`FiniteAction`] causes it.
    pub fn points(action: &FiniteAction) -> crate::Result<Self> {
        let sources = (0..action.order()).map(|g| {
            let mut sources = vec![0; action.points()];
            for x in 0..action.points() {
                sources[action.image(g, x)] = x as u32;
            }
            sources
        });
        Augmentation::permutations(action.points(), sources.collect())
    }

    /// Makes an augmentation of signals on the sphere by rotations, $`(R f)(x) = f(R^{-1} x)`$.
    ///
    /// The rotations act on coefficients, so that no interpolation is involved.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals
    /// * `rotations` — the elements of a finite group, or a sample of SO(3); for [`sampled`](Self::sampled), many rotations of
    ///   [`Rotation::random`](crate::group::Rotation::random) stand for all of SO(3)
    ///
    /// # Memory
    /// L (4 L² − 1) / 3 numbers per rotation.
    ///
    /// # Errors
    /// [`Error::Empty`] without rotations or with band limit 0.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::finite_width::Augmentation;
    /// use haarmonic::group::Rotation;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let rotations: Vec<Rotation> = (0..24).map(|_| Rotation::random(&mut rng)).collect();
    /// assert_eq!(Augmentation::rotations(6, &rotations)?.sampled().len(), 24);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn rotations(band_limit: usize, rotations: &[Rotation]) -> crate::Result<Self> {
        let mut matrices = Array2::zeros((rotations.len(), count(band_limit)));
        for (rotation, row) in rotations.iter().zip(matrices.outer_iter_mut()) {
            let euler = rotation.euler_zyz();
            // S_m(R x) = Σ_n Δ_mn S_n(x) and Δ is orthogonal: R f has the coefficients Δ a if f has the coefficients a.
            Beta::new(band_limit, euler.beta())?.write(euler.alpha(), euler.gamma(), row);
        }
        let degrees = (0..band_limit).map(|l| {
            let part = matrices.slice_axis(Axis(1), Slice::from(offset(l)..offset(l + 1)));
            let values: Vec<f64> = part.iter().copied().collect();
            let shape = (rotations.len(), 2 * l + 1, 2 * l + 1);
            Tensor::from_vec(values, shape, &Device::Cpu).backend()
        });
        let degrees = degrees.collect::<crate::Result<_>>()?;
        let places = band_limit * band_limit;
        Augmentation::new(places, rotations.len(), Moves::Rotations(degrees))
    }

    fn permutations(places: usize, sources: Vec<Vec<u32>>) -> crate::Result<Self> {
        Augmentation::new(places, sources.len(), Moves::Permutations(sources))
    }

    fn new(places: usize, len: usize, moves: Moves) -> crate::Result<Self> {
        for (what, count) in [("transformations", len), ("places", places)] {
            if count == 0 {
                return Err(Error::empty(format!("{what} of an augmentation")));
            }
        }
        Ok(Augmentation {
            places,
            len,
            moves,
            draw: Draw::All,
        })
    }

    /// Replaces the copies of each input by one random transformation per use of the input; all transformations are equally likely.
    pub fn sampled(mut self) -> Self {
        self.draw = Draw::Sampled;
        self
    }

    /// Returns the number of transformations, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Number of places of an input.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Number of copies of each input in the training set.
    pub(super) fn copies(&self) -> usize {
        match self.draw {
            Draw::All => self.len(),
            Draw::Sampled => 1,
        }
    }

    /// Number of transformations among which one is drawn for each item.
    pub(super) fn drawn_from(&self) -> usize {
        match self.draw {
            Draw::All => 1,
            Draw::Sampled => self.len(),
        }
    }

    /// The name of the augmentation in a checkpoint.
    pub(super) fn describe(&self) -> String {
        let draw = match self.draw {
            Draw::All => "all",
            Draw::Sampled => "sampled",
        };
        format!("{draw} {}", self.len())
    }

    /// Returns transformed inputs, `[items, places, channels]`.
    ///
    /// # Arguments
    /// * `inputs` — `[n, places, channels]`
    /// * `items` — the numbers of an input and of a transformation
    pub(super) fn moved(&self, inputs: &Tensor, items: &[[usize; 2]]) -> Result<Tensor> {
        match &self.moves {
            Moves::Permutations(sources) => permuted(inputs, items, sources),
            Moves::Rotations(degrees) => rotated(inputs, items, degrees),
        }
    }
}

/// Transforms inputs by permutations of their places: one gather of rows of channels.
fn permuted(inputs: &Tensor, items: &[[usize; 2]], sources: &[Vec<u32>]) -> Result<Tensor> {
    let (n, places, channels) = inputs.dims3()?;
    let rows = items.iter().flat_map(|&[input, element]| {
        let sources = sources[element].iter();
        sources.map(move |&source| (input * places) as u32 + source)
    });
    let rows = Tensor::from_iter(rows, inputs.device())?;
    inputs
        .reshape((n * places, channels))?
        .index_select(&rows, 0)?
        .reshape((items.len(), places, channels))
}

/// Transforms coefficients of signals by rotations: for each degree, one batched product of the items' matrices with their parts.
fn rotated(inputs: &Tensor, items: &[[usize; 2]], degrees: &[Tensor]) -> Result<Tensor> {
    let numbers = |which: usize| {
        let numbers = items.iter().map(|item| item[which] as u32);
        Tensor::from_iter(numbers, inputs.device())
    };
    let (inputs, elements) = (inputs.index_select(&numbers(0)?, 0)?, numbers(1)?);
    let moved = degrees.iter().enumerate().map(|(l, matrices)| {
        let matrices = matrices.index_select(&elements, 0)?;
        let part = inputs.narrow(1, l * l, 2 * l + 1)?.contiguous()?;
        matrices.to_dtype(inputs.dtype())?.matmul(&part)
    });
    Tensor::cat(&moved.collect::<Result<Vec<_>>>()?, 1)
}
