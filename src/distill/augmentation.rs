//! Examples that are transformed at random in each step.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::group::{PointGroup, Rotation};
use crate::kernel::{OwnedSignals, Transformation};
use crate::network::{InputSpace, Network, SphereSampling};
use crate::{Error, Result};

/// The number of random rotations of signals on the sphere.
const ROTATIONS: usize = 256;

/// The largest shift of an image.
const MOST_PIXELS: usize = 16;

/// Returns the transformations of the inputs of a network that have a name, for [`Distillation::augment`](super::Distillation::augment).
///
/// # Arguments
/// * `group` — of images: a point group, `"C2"` to `"D4"`; of functions on a finite set: `"group"`, the group of the network; of coefficients on
///   the sphere: `"SO3"`, 256 random rotations
/// * `shift` — images move also by up to this many pixels along each axis
/// * `seed` — of the random rotations
///
/// # Errors
/// [`Error::InvalidValue`] for a group or a shift that the inputs do not have.
///
/// # Examples
/// ```
/// use haarmonic::distill::augmentations;
/// use haarmonic::group::PointGroup;
/// use haarmonic::network::{Filter, Init, Network, Padding};
///
/// let network = Network::plane(8, 8, 1)
///     .lifting(PointGroup::C1, Filter::window(3, Padding::Same), Init::default())
///     .group_pooling()
///     .dense(Init::default())
///     .build()?;
/// // Four quarter turns, each with nine shifts.
/// assert_eq!(augmentations(&network, Some("C4"), 1, 0)?.len(), 36);
/// assert!(augmentations(&network, Some("SO3"), 0, 0).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn augmentations(
    network: &Network,
    group: Option<&str>,
    shift: usize,
    seed: u64,
) -> Result<Vec<Transformation>> {
    let wrong = |expected: &str| {
        let found = group.unwrap_or_default();
        Error::invalid("group of an augmentation", found, expected)
    };
    let images = matches!(network.input(), InputSpace::Plane { .. });
    if shift > 0 && !(images && shift <= MOST_PIXELS) {
        let expected = format!("0, or up to {MOST_PIXELS} pixels for images");
        return Err(Error::invalid("shift of an augmentation", shift, expected));
    }
    let turned = match (network.input(), group) {
        (_, None) => Vec::new(),
        (InputSpace::Plane { .. }, Some(name)) => {
            Transformation::point_group(name.parse::<PointGroup>()?)
        }
        (InputSpace::Finite { action, .. }, Some("group")) => Transformation::finite_group(action),
        (InputSpace::Finite { .. }, Some(_)) => {
            return Err(wrong("\"group\", the group of the network"));
        }
        (
            InputSpace::Sphere {
                sampling: SphereSampling::Coefficients,
                ..
            },
            Some("SO3"),
        ) => {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (0..ROTATIONS)
                .map(|_| Transformation::of_coefficients(Rotation::random(&mut rng)))
                .collect()
        }
        (InputSpace::Sphere { .. }, Some(_)) => {
            return Err(wrong("\"SO3\", for signals that are given by coefficients"));
        }
        (_, Some(_)) => {
            return Err(wrong(
                "none: a group acts on images, finite sets and the sphere",
            ));
        }
    };
    if shift == 0 {
        return Ok(turned);
    }
    let reach = shift as isize;
    let shifts = (-reach..=reach)
        .flat_map(|down| (-reach..=reach).map(move |right| Transformation::shift([down, right])));
    Ok(match turned.is_empty() {
        true => shifts.collect(),
        false => shifts
            .flat_map(|shift| {
                turned
                    .iter()
                    .map(move |turned| turned.clone().then(shift.clone()))
            })
            .collect(),
    })
}

/// Applies to each signal a random one of some transformations; the choice depends on seed and step alone.
pub(super) fn transformed(
    transformations: &[Transformation],
    mut signals: OwnedSignals,
    seed: u64,
    step: usize,
) -> Result<OwnedSignals> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Batches use the streams from 0 on.
    rng.set_stream(u64::MAX - step as u64);
    let n = signals.view().len();
    let mut rows = vec![Vec::new(); transformations.len()];
    for row in 0..n {
        // The bias of a remainder of 64 random bits is below 1e-12.
        rows[(rng.next_u64() % transformations.len() as u64) as usize].push(row);
    }
    let mut numbers = signals.coordinates().expect("an array").into_owned();
    let len = numbers.len() / n.max(1);
    for (transformation, rows) in transformations.iter().zip(rows) {
        if rows.is_empty() {
            continue;
        }
        let chosen = signals.view().select(&rows);
        let moved = transformation.apply(chosen.view())?;
        if moved.view().shape() != chosen.view().shape() {
            return Err(Error::shape(
                "transformed examples",
                "the shape that they had before",
                moved.view().shape().to_vec(),
            ));
        }
        let moved = moved.coordinates().expect("an array");
        for (row, moved) in rows.into_iter().zip(moved.chunks(len.max(1))) {
            numbers[row * len..][..len].copy_from_slice(moved);
        }
    }
    signals.set_coordinates(&numbers);
    Ok(signals)
}
