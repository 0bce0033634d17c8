//! Labelled images of one size, and their division into training and test sets.

use std::collections::HashSet;

use ndarray::{Array4, Axis};
use rand_chacha::ChaCha8Rng;

use super::shuffle;
use crate::check;
use crate::{Error, Result};

/// Labelled images of one size.
///
/// Images have shape `[n, height, width, channels]` in standard layout, with row 0 on top. The readers of this crate scale
/// pixels of 8 and 16 bits to 0..1.
///
/// # Examples
/// ```
/// use haarmonic::data::image_set::ImageSet;
/// let images = ndarray::Array4::from_shape_fn((6, 2, 2, 1), |(i, ..)| i as f64 / 5.0);
/// let classes = vec!["cat".to_string(), "dog".to_string()];
/// let set = ImageSet::new(images, vec![0, 0, 0, 1, 1, 1], classes)?;
/// let (train, test) = set.balanced_split(4, 2, 1)?;
/// assert_eq!((train.class_counts(), test.class_counts()), (vec![2, 2], vec![1, 1]));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSet {
    images: Array4<f64>,
    labels: Vec<usize>,
    classes: Vec<String>,
    held_out: Option<Vec<bool>>,
}

impl ImageSet {
    /// Makes a set from images and their labels.
    ///
    /// # Arguments
    /// * `images` — shape `[n, height, width, channels]`, any layout
    /// * `labels` — n indices into `classes`
    /// * `classes` — the names of the classes, each once; a class may have no images
    ///
    /// # Errors
    /// [`Error::Empty`] without images, pixels, channels or classes; [`Error::ShapeMismatch`] if the numbers of
    /// images and labels differ; [`Error::NotFinite`]; [`Error::InvalidValue`] for a label without a class or a
    /// name that occurs twice.
    pub fn new(images: Array4<f64>, labels: Vec<usize>, classes: Vec<String>) -> Result<ImageSet> {
        if images.is_empty() {
            return Err(Error::empty(format!(
                "images of shape {:?}",
                images.shape()
            )));
        }
        if classes.is_empty() {
            return Err(Error::empty("names of the classes"));
        }
        if labels.len() != images.len_of(Axis(0)) {
            return Err(Error::shape(
                "labels",
                format!("[{}], one for each image", images.len_of(Axis(0))),
                vec![labels.len()],
            ));
        }
        if let Some(index) = labels.iter().position(|&label| label >= classes.len()) {
            return Err(Error::invalid(
                format!("label of image {index}"),
                labels[index],
                format!("below {}, the number of classes", classes.len()),
            ));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = classes.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Error::invalid(
                "names of the classes",
                format!("{twice:?} twice"),
                "each name once",
            ));
        }
        check::finite("images", images.view())?;
        let images = if images.is_standard_layout() {
            images
        } else {
            images.as_standard_layout().into_owned()
        };
        Ok(ImageSet {
            images,
            labels,
            classes,
            held_out: None,
        })
    }

    /// Marks the images that are held out for testing.
    ///
    /// # Arguments
    /// * `held_out` — one entry per image, true for a held-out image
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the number of entries is not the number of images.
    pub fn with_held_out(mut self, held_out: Vec<bool>) -> Result<ImageSet> {
        if held_out.len() != self.len() {
            return Err(Error::shape(
                "marks of held-out images",
                format!("[{}], one for each image", self.len()),
                vec![held_out.len()],
            ));
        }
        self.held_out = Some(held_out);
        Ok(self)
    }

    /// Returns the images, shape `[n, height, width, channels]`, standard layout.
    pub fn images(&self) -> &Array4<f64> {
        &self.images
    }

    /// Returns the class of each image, an index into [`ImageSet::classes`].
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Returns the names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Returns one entry per image, true for an image held out for testing; `None` if the source marks no images.
    pub fn held_out(&self) -> Option<&[bool]> {
        self.held_out.as_deref()
    }

    /// Returns the number of images.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns the number of rows of each image.
    pub fn height(&self) -> usize {
        self.images.len_of(Axis(1))
    }

    /// Returns the number of columns of each image.
    pub fn width(&self) -> usize {
        self.images.len_of(Axis(2))
    }

    /// Returns the number of channels of each image.
    pub fn channels(&self) -> usize {
        self.images.len_of(Axis(3))
    }

    /// Returns the number of images of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &label in &self.labels {
            counts[label] += 1;
        }
        counts
    }

    /// Returns a set with other images and the labels, classes and marks of this one.
    ///
    /// # Errors
    /// As [`ImageSet::new`].
    pub(super) fn with_images(&self, images: Array4<f64>) -> Result<ImageSet> {
        let mut set = ImageSet::new(images, self.labels.clone(), self.classes.clone())?;
        set.held_out.clone_from(&self.held_out);
        Ok(set)
    }

    /// Returns the images at the given indices, in the order of the indices; an index may occur more than once. The classes are
    /// unchanged.
    ///
    /// # Errors
    /// [`Error::Empty`] without indices, [`Error::InvalidValue`] for an index that is not below [`ImageSet::len`].
    pub fn select(&self, indices: &[usize]) -> Result<ImageSet> {
        if indices.is_empty() {
            return Err(Error::empty("indices of the images to select"));
        }
        if let Some(index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(Error::invalid(
                "index of an image",
                *index,
                format!("below {}, the number of images", self.len()),
            ));
        }
        Ok(ImageSet {
            images: self.images.select(Axis(0), indices),
            labels: indices.iter().map(|&i| self.labels[i]).collect(),
            classes: self.classes.clone(),
            held_out: self
                .held_out
                .as_ref()
                .map(|held_out| indices.iter().map(|&i| held_out[i]).collect()),
        })
    }

    /// Divides the images into training images and images held out for testing, as marked by their source.
    ///
    /// # Errors
    /// [`Error::Missing`] if the source marks no images; [`Error::Empty`] if all images are held out, or none.
    pub fn held_out_split(&self) -> Result<(ImageSet, ImageSet)> {
        let Some(held_out) = &self.held_out else {
            return Err(Error::missing(
                "marks of held-out images",
                "the image set; expected folders `train` and `test`, or an array `is_test`",
            ));
        };
        let (test, train): (Vec<usize>, Vec<usize>) = (0..self.len()).partition(|&i| held_out[i]);
        for (what, part) in [("training", &train), ("held-out", &test)] {
            if part.is_empty() {
                return Err(Error::empty(format!("{what} images")));
            }
        }
        Ok((self.part(&train)?, self.part(&test)?))
    }

    /// Draws two disjoint sets of images at random, with equally many images of each class.
    ///
    /// Classes without images are skipped. Each set is drawn in rounds; a round takes one image of each class, in a random order.
    /// The first images of a set are therefore balanced too, and the numbers of images of two classes differ by at most one.
    ///
    /// With equal `test` and `seed`, the test set does not depend on `train`, and a smaller training set is the beginning of
    /// a larger one. Marks of held-out images are ignored.
    ///
    /// # Arguments
    /// * `train`, `test` — the numbers of images, each at least 1
    /// * `seed` — any number; the draw is the same on every machine
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a number is zero, or if there are too few images in all or of one class.
    pub fn balanced_split(
        &self,
        train: usize,
        test: usize,
        seed: u64,
    ) -> Result<(ImageSet, ImageSet)> {
        positive("number of test images", test)?;
        let (train, test) = self.balanced(train, test, seed)?;
        Ok((self.part(&train)?, self.part(&test)?))
    }

    /// Draws one set of images at random, with equally many images of each class, as [`ImageSet::balanced_split`] does.
    ///
    /// With equal seeds, a smaller set is the beginning of a larger one.
    ///
    /// # Arguments
    /// * `count` — the number of images, at least 1
    /// * `seed` — any number; the draw is the same on every machine
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `count` is zero, or if there are too few images in all or of one class.
    pub fn balanced_subset(&self, count: usize, seed: u64) -> Result<ImageSet> {
        let (indices, _) = self.balanced(count, 0, seed)?;
        self.select(&indices)
    }

    /// Selects the images of a part, without the marks of held-out images.
    fn part(&self, indices: &[usize]) -> Result<ImageSet> {
        let mut set = self.select(indices)?;
        set.held_out = None;
        Ok(set)
    }

    /// The indices of a training set and of a test set, in the order in which they are drawn.
    ///
    /// The test set is drawn first, so that it does not depend on the size of the training set.
    fn balanced(&self, train: usize, test: usize, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
        positive("number of training images", train)?;
        if train.checked_add(test).is_none_or(|all| all > self.len()) {
            return Err(Error::invalid(
                "number of images to draw",
                format!("{train} to train and {test} to test with"),
                format!("at most {} in all, the number of images", self.len()),
            ));
        }
        // The images of each class are put into a random order. Each set has a random order of classes, and takes the next image of
        // each class in turn, the test set first.
        let mut members = vec![Vec::new(); self.classes.len()];
        for (index, &label) in self.labels.iter().enumerate() {
            members[label].push(index);
        }
        let occurring: Vec<usize> = (0..members.len())
            .filter(|&class| !members[class].is_empty())
            .collect();
        let mut rng = shuffle::generator(seed);
        for &class in &occurring {
            shuffle::shuffle(&mut members[class], &mut rng);
        }
        let of_test = rounds(&occurring, test, &mut rng);
        let of_train = rounds(&occurring, train, &mut rng);
        let shares = |order: &[usize]| {
            let mut shares = vec![0; members.len()];
            order.iter().for_each(|&class| shares[class] += 1);
            shares
        };
        let (train_shares, test_shares) = (shares(&of_train), shares(&of_test));
        for &class in &occurring {
            let (to_train, to_test) = (train_shares[class], test_shares[class]);
            if to_train + to_test > members[class].len() {
                return Err(Error::invalid(
                    format!("number of images of class {:?}", self.classes[class]),
                    members[class].len(),
                    format!("at least {to_train} to train and {to_test} to test with"),
                ));
            }
        }
        let mut taken = vec![0; members.len()];
        let mut take = |order: &[usize]| -> Vec<usize> {
            let next = |&class: &usize| {
                taken[class] += 1;
                members[class][taken[class] - 1]
            };
            order.iter().map(next).collect()
        };
        let test = take(&of_test);
        Ok((take(&of_train), test))
    }
}

/// Returns `count` classes: all classes in a random order, again and again, each round in a new order.
fn rounds(classes: &[usize], count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    while order.len() < count {
        let mut round = classes.to_vec();
        shuffle::shuffle(&mut round, rng);
        round.truncate(count - order.len());
        order.extend(round);
    }
    order
}

fn positive(what: &str, number: usize) -> Result<()> {
    if number == 0 {
        return Err(Error::invalid(what, "0", "at least 1"));
    }
    Ok(())
}
