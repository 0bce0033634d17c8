//! The displacements that each stage of a network needs, and how poolings combine them.
//!
//! A displacement D after a stage needs the displacement s D before it, where s is the stride of the stage. A pooling over windows of p
//! pixels with stride s needs the displacements s D + δ, |δ| < p: along one axis, with the pixels u and u + δ of two windows,
//!
//! ```math
//! K'(T, T + D) = \frac{1}{p^2} \sum_{\delta} \sum_{u,\, u + \delta < p} K(s T + u,\; s T + u + s D + \delta) .
//! ```
//! Rows and columns are independent of each other, so the displacements of a stage are a product of two sets.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::kernel::recursion::Side;
use crate::network::{Filter, Layer, Padding, Slide, common_stride, stages};

use super::batches::Batches;
use super::fields::{Layout, Run};
use super::slides::Axis;
use super::windows::layout_after;

/// The readout of features over the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaneReadout {
    /// The mean over pixels and orientations.
    Pooling,
    /// All features side by side in one vector.
    Flatten,
}

/// The aim of a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    /// The readout.
    Readout,
    /// The readout for a signal with itself: d and −d have equal means, so one of the two stands for both, with weight 2.
    Half,
    /// The fibre d = 0 at the start of a stage, as far as one of its links contributes.
    Start { stage: usize, link: usize },
}

/// The features before and after the layers of each stage.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    pub(super) stages: Vec<StageShape>,
    pub(super) readout: PlaneReadout,
}

/// The features before and after the layers of a stage.
#[derive(Debug, Clone)]
pub(super) struct StageShape {
    /// Before the layers, with the displacement zero.
    pub(super) start: Layout,
    /// After the layers, with the displacement zero.
    end: Layout,
    /// Stages before, the windows with which their features are averaged, and whether this is a pooling.
    links: Vec<(usize, [Slide; 2], bool)>,
}

/// The displacements of each stage for one aim.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) stages: Vec<StagePlan>,
}

/// The displacements of one stage; none if the aim does not need the stage.
#[derive(Debug, Clone, Default)]
pub(super) struct StagePlan {
    /// The vertical and horizontal parts, ascending, in pixels of the features after the stage.
    pub(super) parts: [Vec<i32>; 2],
    pub(super) batches: Batches,
    /// The numbers of the batches of each horizontal part.
    pub(super) strips: Vec<Range<usize>>,
    /// For all displacements with one horizontal part, one below the other: the first row of each vertical part at the start of the
    /// stage, and the number of all rows at the end.
    pub(super) tops: Vec<usize>,
    /// For each horizontal part, the number of contributions of strips of the stages before.
    pub(super) contributions: Vec<usize>,
    /// The stages to which the features go.
    pub(super) feeds: Vec<Feed>,
}

/// The contribution of the fibres of a stage to those of a later one.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    pub(super) to: usize,
    /// One divided by the number of pairs of pixels of a window.
    pub(super) scale: f64,
    /// For each vertical and each horizontal part of this stage, the numbers of parts of the later stage to which it contributes, with the sums
    /// over pixels.
    pub(super) parts: [Vec<Vec<(usize, Axis)>>; 2],
}

/// The run of displacement zero.
const HERE: Run = Run {
    horizontal: 0,
    first: 0,
    end: 1,
};

impl Shapes {
    /// Follows the features of images of one size through the layers of a network.
    pub(super) fn new(size: [usize; 2], layers: &[Layer]) -> Self {
        let end = layers.iter().position(Layer::is_readout);
        let over_plane = &layers[..end.unwrap_or(layers.len())];
        let mut shapes: Vec<StageShape> = Vec::new();
        for stage in stages(over_plane) {
            let links = stage.links.iter().map(|link| {
                let nothing = Slide::both([1, 1], [1, 1], Padding::Valid);
                let slides = link.pooling.map_or(nothing, |pooling| pooling.slides());
                (link.from, slides, link.pooling.is_some())
            });
            let links: Vec<_> = links.collect();
            let befores = links.iter().map(|(from, slides, _)| {
                let after = layout_after(*slides, shapes[*from].end);
                (after.size, after.periodic)
            });
            // Edges are joined only if they are joined in all features that are added.
            let (size, periodic) = befores
                .reduce(|a, b| (a.0, a.1 && b.1))
                .unwrap_or((size, is_periodic(layers)));
            let layers = || stage.layers.iter().map(|(_, layer)| *layer);
            let stride = common_stride(layers()).expect("a stage has a stride");
            let start = Layout {
                run: HERE,
                size,
                step: stride.map(|stride| stride as i32),
                periodic,
            };
            shapes.push(StageShape {
                start,
                end: layers().fold(start, after),
                links,
            });
        }
        let flatten = layers.iter().any(|layer| matches!(layer, Layer::Flatten));
        Shapes {
            stages: shapes,
            readout: if flatten {
                PlaneReadout::Flatten
            } else {
                PlaneReadout::Pooling
            },
        }
    }

    /// The links with poolings: stage, and number of the link.
    pub(super) fn poolings(&self) -> Vec<(usize, usize)> {
        let of_stage = |(stage, shape): (usize, &StageShape)| {
            let links = shape.links.iter().enumerate();
            let poolings = links.filter(|(_, (_, _, pooling))| *pooling);
            poolings.map(|(link, _)| (stage, link)).collect::<Vec<_>>()
        };
        self.stages.iter().enumerate().flat_map(of_stage).collect()
    }

    /// Finds the displacements that each stage needs for an aim.
    pub(super) fn plan(&self, aim: Aim) -> Plan {
        let last = self.stages.len() - 1;
        let weight = |d: [i32; 2]| match aim {
            Aim::Half => self.twins(d),
            _ => 1.0,
        };
        let mut needs = vec![[BTreeSet::new(), BTreeSet::new()]; self.stages.len()];
        let top = match aim {
            Aim::Start { stage, .. } => {
                needs[stage] = [BTreeSet::from([0]), BTreeSet::from([0])];
                stage
            }
            Aim::Readout | Aim::Half => {
                let [verticals, horizontals] = self.of_readout();
                let used = |horizontal: &i32| {
                    let mut verticals = verticals.clone();
                    verticals.any(|vertical| weight([vertical, *horizontal]) != 0.0)
                };
                needs[last] = [
                    verticals.clone().collect(),
                    horizontals.filter(used).collect(),
                ];
                last
            }
        };
        let counts = |stage: usize, link: usize| match aim {
            Aim::Start { stage: s, link: l } => stage != s || link == l,
            _ => true,
        };
        for number in (1..=top).rev() {
            for (index, (from, ..)) in self.stages[number].links.iter().enumerate() {
                if counts(number, index) {
                    for axis in [0, 1] {
                        for d in needs[number][axis].clone() {
                            let sources = self.sources(number, index, axis, d);
                            needs[*from][axis].extend(sources.map(|(source, _)| source));
                        }
                    }
                }
            }
        }
        let parts: Vec<[Vec<i32>; 2]> = needs
            .into_iter()
            .map(|axes| axes.map(|axis| axis.into_iter().collect()))
            .collect();
        let mut plans = vec![StagePlan::default(); self.stages.len()];
        for (number, parts) in parts.iter().enumerate() {
            let [verticals, horizontals] = parts;
            let start = self.stages[number].start;
            let plan = &mut plans[number];
            let of_stage = |d| if number == last { weight(d) } else { 1.0 };
            (plan.batches, plan.strips) = Batches::new([verticals, horizontals], start, of_stage);
            plan.tops.push(0);
            for &vertical in verticals {
                let above = plan.tops.last().copied().unwrap_or_default();
                plan.tops.push(above + start.height(vertical));
            }
            plan.contributions = vec![0; horizontals.len()];
            plan.parts = parts.clone();
        }
        for number in 1..=top {
            for (index, &(from, slides, _)) in self.stages[number].links.iter().enumerate() {
                if parts[number][0].is_empty() || !counts(number, index) {
                    continue;
                }
                let both = [0, 1].map(|axis| {
                    let mut feeds = vec![Vec::new(); parts[from][axis].len()];
                    for (target, &d) in parts[number][axis].iter().enumerate() {
                        for (source, delta) in self.sources(number, index, axis, d) {
                            let at = parts[from][axis]
                                .binary_search(&source)
                                .expect("a displacement that is needed");
                            let sums = self.sums(number, index, axis, (d, source, delta));
                            feeds[at].push((target, sums));
                        }
                    }
                    feeds
                });
                for (target, _) in both[1].iter().flatten() {
                    plans[number].contributions[*target] += 1;
                }
                plans[from].feeds.push(Feed {
                    to: number,
                    scale: 1.0 / ((slides[0].window * slides[1].window) as f64).powi(2),
                    parts: both,
                });
            }
        }
        Plan { stages: plans }
    }

    /// The vertical and horizontal displacements of the readout.
    fn of_readout(&self) -> [Range<i32>; 2] {
        let end = self.stages[self.stages.len() - 1].end;
        end.size.map(|edge| match self.readout {
            PlaneReadout::Flatten => 0..1,
            PlaneReadout::Pooling if end.periodic => 0..edge as i32,
            PlaneReadout::Pooling => 1 - edge as i32..edge as i32,
        })
    }

    /// The number of displacements, among d and −d, for which the displacement d stands, which has a vertical and a horizontal part.
    fn twins(&self, d: [i32; 2]) -> f64 {
        let end = self.stages[self.stages.len() - 1].end;
        let inverse: [i32; 2] = std::array::from_fn(|i| {
            if end.periodic {
                (-d[i]).rem_euclid(end.size[i] as i32)
            } else {
                -d[i]
            }
        });
        // Horizontal parts are compared first, so that whole strips are left out.
        match [inverse[1], inverse[0]].cmp(&[d[1], d[0]]) {
            Ordering::Less => 2.0,
            Ordering::Equal => 1.0,
            Ordering::Greater => 0.0,
        }
    }

    /// The displacements s D + δ after an earlier stage, with δ, that a displacement D of a stage needs along one axis.
    fn sources(
        &self,
        number: usize,
        link: usize,
        axis: usize,
        d: i32,
    ) -> impl Iterator<Item = (i32, i32)> {
        let shape = &self.stages[number];
        let (from, slides, _) = shape.links[link];
        let before = self.stages[from].end;
        let (edge, reach) = (before.size[axis] as i32, slides[axis].window as i32);
        let centre = slides[axis].stride as i32 * d * shape.start.step[axis];
        (1 - reach..reach).filter_map(move |delta| {
            let moved = centre + delta;
            if before.periodic {
                Some((moved.rem_euclid(edge), delta))
            } else {
                // Windows that far apart have no such pair of pixels inside the features.
                (moved.abs() < edge).then_some((moved, delta))
            }
        })
    }

    /// The sums along one axis with which a displacement after an earlier stage contributes to a displacement of a stage.
    ///
    /// # Arguments
    /// * `displacements` — D, the displacement s D + δ after the earlier stage, and δ
    fn sums(
        &self,
        number: usize,
        link: usize,
        axis: usize,
        (d, source, delta): (i32, i32, i32),
    ) -> Axis {
        let shape = &self.stages[number];
        let (from, slides, _) = shape.links[link];
        let (before, after, slide) = (self.stages[from].end, shape.start, slides[axis]);
        // Row T of the later image is the row T + A of the features, and the same holds with a before. Pixel u of its window is row
        // s (T + A) + u − front of the features before, hence s T + s A + u − front − a of the earlier image. The pixels u and u + δ are both
        // inside the window from u = max(0, −δ) on.
        let to = after.start(Side::Left, axis, d) as i32;
        let from = before.start(Side::Left, axis, source) as i32;
        let front = slide.front(before.size[axis]) as i32;
        Axis {
            start: slide.stride as i32 * to - front - from + (-delta).max(0),
            stride: slide.stride,
            count: slide.window - delta.unsigned_abs() as usize,
            inputs: before.inside(axis, source),
            outputs: after.inside(axis, d),
            joined: before.periodic,
        }
    }
}

/// The features after a layer.
fn after(layout: Layout, layer: &Layer) -> Layout {
    match layer {
        Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } => {
            match filter.slides() {
                Some(slides) => layout_after(slides, layout),
                None => layout,
            }
        }
        Layer::Residual { branch, .. } => branch.iter().fold(layout, after),
        _ => layout,
    }
}

/// Whether filters join opposite edges; the check of a network allows this for all of its filters or for none.
fn is_periodic(layers: &[Layer]) -> bool {
    layers.iter().any(|layer| match layer {
        Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } => match filter {
            Filter::Global => true,
            Filter::Window {
                height,
                width,
                padding,
                ..
            } => *padding == Padding::Circular && (*height, *width) != (1, 1),
            Filter::Subset(_) | Filter::Zonal(_) | Filter::Neighbours(_) | Filter::Message(_) => {
                false
            }
        },
        Layer::AveragePooling(pooling) => {
            pooling.padding == Padding::Circular && pooling.window != [1, 1]
        }
        Layer::Residual { branch, shortcut } => is_periodic(branch) || is_periodic(shortcut),
        _ => false,
    })
}
