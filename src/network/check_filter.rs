//! Checks of groups and filters against the input space.

use super::Filter;
use super::check_plane::{check_windows, settle};
use super::check_state::State;
use super::check_values::{check_profile, layer_error};
use super::types::{GroupName, InputSpace};
use crate::Result;

const ON_SPHERE: &str =
    "use one of `cap`, `ring`, `gaussian`, `heat`, `legendre`, or leave it out for a global filter";

/// Checks that a group acts on the inputs.
pub(super) fn check_group(input: &InputSpace, index: usize, group: GroupName) -> Result<()> {
    let wrong = |change: &str| {
        Err(layer_error(
            index,
            &format!("the group {group} does not act on the inputs"),
            change,
        ))
    };
    match (input, group) {
        (InputSpace::Sphere { .. }, GroupName::So3)
        | (InputSpace::Finite { .. }, GroupName::Finite) => Ok(()),
        (InputSpace::Plane { height, width, .. }, GroupName::Plane(group)) => {
            if group.needs_square() && height != width {
                return Err(layer_error(
                    index,
                    &format!(
                        "{group} turns images by 90°, and these have {height} × {width} pixels"
                    ),
                    "use square images, or one of the groups C1, C2, D1, D2",
                ));
            }
            Ok(())
        }
        (InputSpace::Sphere { .. }, _) => wrong("use \"SO3\" on the sphere"),
        (InputSpace::Plane { .. }, _) => {
            wrong("use one of \"C1\", \"C2\", \"C4\", \"D1\", \"D2\", \"D4\" on the plane")
        }
        _ => wrong("leave `group` out: it belongs to the input"),
    }
}

/// Checks a filter against the space, and sets `state` to the features after it.
pub(super) fn check_filter(
    input: &InputSpace,
    index: usize,
    filter: &Filter,
    lifting: bool,
    state: &mut State<'_>,
) -> Result<()> {
    let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
    match (input, filter) {
        (InputSpace::Plane { .. }, Filter::Global) => settle(index, true, state),
        (InputSpace::Plane { .. }, Filter::Window { height, width, .. }) => {
            if height % 2 == 0 || width % 2 == 0 {
                return wrong(
                    &format!("a filter of {height} × {width} pixels"),
                    "give odd numbers, so that the filter has a centre",
                );
            }
            let slides = filter.slides().expect("a window");
            check_windows(index, "filter", slides, state)
        }
        (InputSpace::Finite { action, .. }, Filter::Subset(numbers)) => {
            let (limit, of) = if lifting {
                (action.points(), "points")
            } else {
                (action.order(), "elements of the group")
            };
            if numbers.is_empty() {
                return wrong("a filter on nothing", "give at least one number");
            }
            if let Some(number) = numbers.iter().find(|&&number| number >= limit) {
                return wrong(
                    &format!("a filter on number {number} of {limit} {of}"),
                    "give numbers that start at 0",
                );
            }
            let mut sorted = numbers.to_vec();
            sorted.sort_unstable();
            if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                return wrong(
                    &format!("a filter on number {} twice", twice[0]),
                    "give each number once",
                );
            }
            Ok(())
        }
        (InputSpace::Sphere { .. } | InputSpace::Finite { .. }, Filter::Global) => Ok(()),
        (InputSpace::Sphere { .. }, Filter::Zonal(profile)) => check_profile(index, profile),
        (_, Filter::Zonal(profile)) => wrong(
            &format!("a filter `{}` outside the sphere", profile.name()),
            "leave it out for a global filter",
        ),
        (InputSpace::Sphere { .. }, Filter::Window { .. }) => {
            wrong("a filter of pixels on the sphere", ON_SPHERE)
        }
        (InputSpace::Sphere { .. }, Filter::Subset(_)) => wrong(
            "a filter on a list of points or elements on the sphere",
            ON_SPHERE,
        ),
        (_, Filter::Window { .. }) => wrong(
            "a filter of pixels outside the plane",
            "leave it out for a global filter",
        ),
        (_, Filter::Subset(_)) => wrong(
            "a filter on a list of points outside a finite set",
            "leave it out for a global filter",
        ),
        (_, Filter::Neighbours(_)) => wrong(
            "a filter on neighbours, which is for graphs",
            "use the layer `aggregation` on graphs",
        ),
        (_, Filter::Message(_)) => wrong(
            "a filter on neighbours, which is for molecules",
            "use the layer `message` on molecules",
        ),
        (
            InputSpace::Vector { .. } | InputSpace::Graph { .. } | InputSpace::Molecule { .. },
            Filter::Global,
        ) => Ok(()),
    }
}
