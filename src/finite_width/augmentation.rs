//! Data augmentation: inputs moved by the elements of a group.

use candle_core::{Result, Tensor};

use crate::Error;
use crate::group::{FiniteAction, PlanarSymmetry};

/// Transformations of the inputs that leave the targets as they are.
///
/// Each of them permutes the places of an input: the pixels of an image, the points of a finite set.
///
/// By default a network is trained on all transformed copies of every input: the training set is as many times larger as there
/// are transformations, and the mean of a wide ensemble is that of the kernel averaged over them
/// ([`AugmentedKernel`](crate::kernel::AugmentedKernel)). With [`sampled`](Self::sampled) each input is moved by a random one whenever it
/// is used.
///
/// # Examples
/// ```
/// use haarmonic::finite_width::Augmentation;
/// use haarmonic::group::PointGroup;
///
/// let turns = Augmentation::images(28, 28, PointGroup::C4.elements())?;
/// assert_eq!(turns.len(), 4);
/// // A quarter turn of an image of 2 × 3 pixels is one of 3 × 2.
/// assert!(Augmentation::images(2, 3, PointGroup::C4.elements()).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Augmentation {
    places: usize,
    /// For each transformation the place from which each place gets its values.
    sources: Vec<Vec<u32>>,
    draw: Draw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Draw {
    All,
    Sampled,
}

impl Augmentation {
    /// Images, turned and mirrored.
    ///
    /// # Arguments
    /// * `height`, `width` — pixels of an image
    /// * `symmetries` — those of a [`PointGroup`](crate::group::PointGroup), or any others
    ///
    /// # Errors
    /// [`Error::Empty`] without symmetries or pixels, [`Error::InvalidValue`] if a quarter turn is among them and the images are
    /// not square.
    pub fn images(
        height: usize,
        width: usize,
        symmetries: &[PlanarSymmetry],
    ) -> crate::Result<Self> {
        let fits = |s: &&PlanarSymmetry| s.shape_after(height, width) == (height, width);
        if let Some(turn) = symmetries.iter().find(|symmetry| !fits(symmetry)) {
            return Err(Error::InvalidValue {
                what: "symmetries of an augmentation".into(),
                found: format!(
                    "{} quarter turns of images of {height} × {width} pixels",
                    turn.quarter_turns
                ),
                expected: "square images, or even numbers of quarter turns".into(),
            });
        }
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
        let sources = symmetries.iter().map(|symmetry| {
            let source = |(y, x)| symmetry.source(height, width, y, x);
            let sources = places.clone().map(source);
            sources.map(|(y, x)| (y * width + x) as u32).collect()
        });
        Augmentation::new(height * width, sources.collect())
    }

    /// Functions on a finite set, moved by all elements of a group: $`(g f)(x) = f(g^{-1} x)`$.
    ///
    /// # Errors
    /// None that an action can cause.
    pub fn points(action: &FiniteAction) -> crate::Result<Self> {
        let sources = (0..action.order()).map(|g| {
            let mut sources = vec![0; action.points()];
            for x in 0..action.points() {
                sources[action.image(g, x)] = x as u32;
            }
            sources
        });
        Augmentation::new(action.points(), sources.collect())
    }

    fn new(places: usize, sources: Vec<Vec<u32>>) -> crate::Result<Self> {
        for (what, count) in [("transformations", sources.len()), ("places", places)] {
            if count == 0 {
                return Err(Error::Empty {
                    what: format!("{what} of an augmentation"),
                });
            }
        }
        Ok(Augmentation {
            places,
            sources,
            draw: Draw::All,
        })
    }

    /// Moves an input by one transformation each time it is used, all equally likely, instead of using all copies.
    pub fn sampled(mut self) -> Self {
        self.draw = Draw::Sampled;
        self
    }

    /// The number of transformations, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Copies of each input in the training set.
    pub(super) fn copies(&self) -> usize {
        match self.draw {
            Draw::All => self.len(),
            Draw::Sampled => 1,
        }
    }

    /// Transformations of which one is drawn.
    pub(super) fn drawn_from(&self) -> usize {
        match self.draw {
            Draw::All => 1,
            Draw::Sampled => self.len(),
        }
    }

    /// How a checkpoint calls it.
    pub(super) fn describe(&self) -> String {
        let draw = match self.draw {
            Draw::All => "all",
            Draw::Sampled => "sampled",
        };
        format!("{draw} {}", self.len())
    }

    /// Inputs, each moved by a transformation.
    ///
    /// # Arguments
    /// * `inputs` — `[n, places, channels]`
    /// * `items` — input and transformation
    pub(super) fn moved(&self, inputs: &Tensor, items: &[[usize; 2]]) -> Result<Tensor> {
        let (n, places, channels) = inputs.dims3()?;
        let rows = items.iter().flat_map(|&[input, element]| {
            let sources = self.sources[element].iter();
            sources.map(move |&source| (input * places) as u32 + source)
        });
        let rows = Tensor::from_iter(rows, inputs.device())?;
        inputs
            .reshape((n * places, channels))?
            .index_select(&rows, 0)?
            .reshape((items.len(), places, channels))
    }
}
