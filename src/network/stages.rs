//! The layers of a network in stages, which begin and end at average poolings.

use super::pooling::AveragePooling;
use super::types::Layer;

/// Layers that keep displacements apart up to a common stride: each displacement after these layers needs one displacement before them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stage<'a> {
    /// The layers, with their numbers in the network.
    pub(crate) layers: Vec<(usize, &'a Layer)>,
    /// The earlier stages whose features, added, are the features before these layers; none for the first stage.
    pub(crate) links: Vec<Link>,
}

/// The features after an earlier stage, averaged over windows of pixels or as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    /// The number of the earlier stage.
    pub(crate) from: usize,
    pub(crate) pooling: Option<AveragePooling>,
}

/// Splits layers over a group into stages. The last stage has the features after the last layer.
///
/// A residual sum is split only if one of its branches has an average pooling, or if its branches differ in their strides.
pub(crate) fn stages(layers: &[Layer]) -> Vec<Stage<'_>> {
    let mut stages = vec![Stage {
        layers: Vec::new(),
        links: Vec::new(),
    }];
    walk(layers.iter().enumerate(), &mut stages);
    stages
}

/// Appends layers to the last stage, or to new stages.
fn walk<'a>(layers: impl Iterator<Item = (usize, &'a Layer)>, stages: &mut Vec<Stage<'a>>) {
    let after = |stages: &mut Vec<Stage<'a>>, links: &[Link]| {
        stages.push(Stage {
            layers: Vec::new(),
            links: links.to_vec(),
        });
    };
    for (index, layer) in layers {
        let last = stages.len() - 1;
        match layer {
            Layer::AveragePooling(pooling) => after(
                stages,
                &[Link {
                    from: last,
                    pooling: Some(*pooling),
                }],
            ),
            Layer::Residual { branch, shortcut } if stride_of(layer).is_none() => {
                let ends = [branch, shortcut].map(|branch| {
                    after(
                        stages,
                        &[Link {
                            from: last,
                            pooling: None,
                        }],
                    );
                    // Layers of a branch are named by the sum that they belong to. The walk of a branch has its own type, so that it may
                    // call itself.
                    let layers: Box<dyn Iterator<Item = _>> =
                        Box::new(branch.iter().map(move |layer| (index, layer)));
                    walk(layers, stages);
                    Link {
                        from: stages.len() - 1,
                        pooling: None,
                    }
                });
                after(stages, &ends);
            }
            _ => stages[last].layers.push((index, layer)),
        }
    }
}

/// The stride from the features before layers to the features after them, down and across; none if there is no common one.
pub(crate) fn common_stride<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Option<[usize; 2]> {
    layers.into_iter().try_fold([1, 1], |stride, layer| {
        let own = stride_of(layer)?;
        Some(std::array::from_fn(|i| stride[i] * own[i]))
    })
}

/// The stride of one layer; none for an average pooling, or for a sum of branches without a common stride.
fn stride_of(layer: &Layer) -> Option<[usize; 2]> {
    match layer {
        Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } => {
            Some(match filter.slides() {
                Some(slides) => slides.map(|slide| slide.stride),
                None => [1, 1],
            })
        }
        Layer::AveragePooling(_) => None,
        Layer::Residual { branch, shortcut } => {
            let stride = common_stride(branch)?;
            (common_stride(shortcut)? == stride).then_some(stride)
        }
        _ => Some([1, 1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Filter, Init, Padding};

    fn convolution(stride: usize) -> Layer {
        Layer::GroupConvolution {
            filter: Filter::strided_window(3, stride, Padding::Same),
            init: Init::default(),
        }
    }

    fn pooling() -> Layer {
        Layer::AveragePooling(AveragePooling::new(2))
    }

    fn shape(layers: &[Layer]) -> Vec<(usize, Vec<(usize, bool)>)> {
        let link = |link: &Link| (link.from, link.pooling.is_some());
        let shape =
            |stage: &Stage<'_>| (stage.layers.len(), stage.links.iter().map(link).collect());
        stages(layers).iter().map(shape).collect()
    }

    #[test]
    fn poolings_part_stages() {
        let layers = [convolution(2), pooling(), pooling(), convolution(1)];
        let want = [(1, vec![]), (0, vec![(0, true)]), (1, vec![(1, true)])];
        assert_eq!(shape(&layers), want);
        assert_eq!(
            common_stride(&[convolution(2), convolution(3)]),
            Some([6, 6])
        );
    }

    #[test]
    fn sums_are_split_if_their_branches_differ() {
        let sum = |branch: Vec<Layer>, shortcut: Vec<Layer>| Layer::Residual { branch, shortcut };
        let whole = [
            convolution(1),
            sum(vec![convolution(2)], vec![convolution(2)]),
        ];
        assert_eq!(shape(&whole), [(2, vec![])]);
        let direct = |from| vec![(from, false)];
        let strided = [
            convolution(1),
            sum(vec![convolution(2)], vec![convolution(1)]),
        ];
        let both = vec![(1, false), (2, false)];
        let want = [(1, vec![]), (1, direct(0)), (1, direct(0)), (0, both)];
        assert_eq!(shape(&strided), want);
        let pooled = [
            convolution(1),
            sum(vec![convolution(2)], vec![pooling(), convolution(1)]),
            convolution(1),
        ];
        let want = [
            (1, vec![]),
            (1, direct(0)),
            (0, direct(0)),
            (1, vec![(2, true)]),
            (1, vec![(1, false), (3, false)]),
        ];
        assert_eq!(shape(&pooled), want);
    }
}
