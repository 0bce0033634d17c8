//! What a check knows of the features after the layers so far.

use super::types::{InputSpace, Layer};
use crate::group::PointGroup;

/// The kind of features after a layer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Features {
    Input,
    OverGroup,
    OverSphere,
    OverNodes,
    Vector,
}

/// The properties of the features after the layers so far.
#[derive(Clone, Copy)]
pub(super) struct State<'a> {
    pub(super) features: Features,
    /// After an activation, so that another one needs weights before it.
    pub(super) activated: bool,
    /// Rows and columns of the features on the plane.
    pub(super) size: [usize; 2],
    /// The point group, on the plane.
    pub(super) group: Option<PointGroup>,
    /// The first window that does, or does not, join opposite edges.
    pub(super) periodic: Option<bool>,
    /// Whether the opposite edges of the features may be joined: no stride has left pixels over.
    pub(super) joined: bool,
    /// The network, for an error that names a size of images that fits; none during the search for this size.
    pub(super) layers: Option<(&'a InputSpace, &'a [Layer])>,
}

impl<'a> State<'a> {
    /// The state before the first layer.
    pub(super) fn new(input: &'a InputSpace, layers: &'a [Layer]) -> Self {
        State {
            features: Features::Input,
            activated: false,
            size: match *input {
                InputSpace::Plane { height, width, .. } => [height, width],
                _ => [1, 1],
            },
            group: None,
            periodic: None,
            joined: true,
            layers: Some((input, layers)),
        }
    }
}
