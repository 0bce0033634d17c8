//! Checks of windows on images, and the sizes of images that fit a network.

use super::Padding;
use super::check::check_layers;
use super::check_state::State;
use super::check_values::layer_error;
use super::slide::Slide;
use super::types::{InputSpace, Layer};
use crate::Result;
use crate::group::{PlanarSymmetry, PointGroup};

/// How far from its size another size of an image is looked for.
const SEARCH: usize = 64;

const MIXED: &str = "padding \"circular\" (or a global filter) beside another padding";
const UNMIX: &str = "use \"circular\" in all layers or in none";

/// Checks the windows of a convolution or of a pooling, and sets the state to the features after it.
///
/// # Arguments
/// * `name` — "filter" or "window"
pub(super) fn check_windows(
    index: usize,
    name: &str,
    slides: [Slide; 2],
    state: &mut State<'_>,
) -> Result<()> {
    let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
    let [height, width] = slides.map(|slide| slide.window);
    let [down, across] = slides.map(|slide| slide.stride);
    let padding = slides[0].padding;
    if let Some(group) = state.group
        && group.needs_square()
    {
        let other = "or one of the groups C1, C2, D1, D2";
        if height != width {
            return wrong(
                &format!("a {name} of {height} × {width} pixels, which {group} turns"),
                &format!("give a square {name}, {other}"),
            );
        }
        if down != across {
            return wrong(
                &format!("a stride of {down} × {across} pixels, which {group} turns"),
                &format!("give two equal numbers, {other}"),
            );
        }
    }
    for (slide, size) in slides.into_iter().zip(state.size) {
        let Slide { window, stride, .. } = slide;
        if window == 0 || stride == 0 {
            return wrong(
                &format!(
                    "a {name} of {height} × {width} pixels with a stride of {down} × {across}"
                ),
                "give positive numbers",
            );
        }
        // Zeros may surround small features, as long as every place of a filter meets a pixel.
        let largest = match padding {
            Padding::Same => 2 * size - 1,
            Padding::Valid | Padding::Circular => size,
        };
        if window > largest {
            return wrong(
                &format!("a {name} of {window} pixels on features of {size} pixels"),
                &format!("use a smaller {name} or a larger image"),
            );
        }
        if stride > size {
            return wrong(
                &format!("a stride of {stride} pixels on features of {size} pixels"),
                "use a smaller stride or a larger image",
            );
        }
    }
    let before = state.size;
    let apart = padding == Padding::Valid && name == "window";
    if (height, width) != (1, 1) && !apart {
        settle(index, padding == Padding::Circular, state)?;
    }
    state.size = std::array::from_fn(|i| slides[i].count(before[i]));
    state.joined &= (0..2).all(|i| slides[i].keeps_period(before[i]));
    if let Some(group) = state.group {
        let flipped = flips(group);
        if (0..2).any(|i| flipped[i] && !slides[i].is_symmetric(before[i])) {
            return wrong(
                &format!(
                    "{name} {height} × {width}, stride {down} × {across}, padding \"{padding}\" on features of {} × {} pixels \
                     does not commute with {group}",
                    before[0], before[1]
                ),
                &fitting(state, "another stride or padding, or the group C1"),
            );
        }
    }
    Ok(())
}

/// Checks that opposite edges are joined in all filters (or in none), and still are in these features.
pub(super) fn settle(index: usize, periodic: bool, state: &mut State<'_>) -> Result<()> {
    if state.periodic.is_some_and(|settled| settled != periodic) {
        return Err(layer_error(index, MIXED, UNMIX));
    }
    if periodic && !state.joined {
        let [height, width] = state.size;
        return Err(layer_error(
            index,
            &format!(
                "padding \"circular\" (or a global filter) on {height} × {width} features, whose opposite edges no longer join"
            ),
            &fitting(state, "other strides"),
        ));
    }
    state.periodic = Some(periodic);
    Ok(())
}

/// Compares what two branches say about opposite edges.
pub(super) fn same_edges(index: usize, a: &State<'_>, b: &State<'_>) -> Result<()> {
    match (a.periodic, b.periodic) {
        (Some(a), Some(b)) if a != b => Err(layer_error(index, MIXED, UNMIX)),
        _ => Ok(()),
    }
}

/// The axes, rows and columns, that some element of the group reverses or exchanges.
fn flips(group: PointGroup) -> [bool; 2] {
    let moves = |down: isize, across: isize| {
        let moved = |s: &PlanarSymmetry| s.displacement(down, across) != (down, across);
        group.elements().iter().any(moved)
    };
    [moves(1, 0), moves(0, 1)]
}

/// Says which size of images fits all layers, or else what to change.
fn fitting(state: &State<'_>, otherwise: &str) -> String {
    match state
        .layers
        .and_then(|(input, layers)| fitting_size(input, layers))
    {
        Some([height, width]) => format!("use images of {height} × {width} pixels, {otherwise}"),
        None => format!("use {otherwise}"),
    }
}

/// The nearest size of images with which all layers fit each other.
fn fitting_size(input: &InputSpace, layers: &[Layer]) -> Option<[usize; 2]> {
    let InputSpace::Plane {
        height,
        width,
        channels,
    } = *input
    else {
        return None;
    };
    let fits = |[height, width]: [usize; 2]| {
        let input = InputSpace::Plane {
            height,
            width,
            channels,
        };
        let state = State {
            layers: None,
            ..State::new(&input, layers)
        };
        check_layers(&input, layers, state).is_ok()
    };
    let moved = |edge: usize, by: isize| edge.checked_add_signed(by).filter(|edge| *edge > 0);
    (1..=SEARCH.cast_signed()).find_map(|by| {
        let steps = [[by, 0], [0, by], [by, by], [-by, 0], [0, -by], [-by, -by]];
        steps.into_iter().find_map(|[down, across]| {
            let size = [moved(height, down)?, moved(width, across)?];
            fits(size).then_some(size)
        })
    })
}
