//! The geometry of images under translations by pixels and a point group.
//!
//! The point group maps a window to itself. The kernel therefore depends on two orientations only through the relative orientation ρ, and
//! equals the kernel of a convolutional network without orientations for the pair f, ρ f'. A fibre of such a network is a displacement d:
//! $`t \mapsto K_{t, t+d}`$ is an image no larger than the features, on which a filter is a running mean over windows. The pooled kernel
//! is the mean over all ρ and all d.

use std::marker::PhantomData;

use crate::Result;
use crate::activation::Real;
use crate::group::{PlanarSymmetry, PointGroup};
use crate::kernel::recursion::{Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::network::{Filter, Layer, Padding};

use super::displacements::{Displacements, PlaneReadout, pooled_size};
use super::fields::{Channels, Layout, Run, panel, product, restrict};
use super::signal::PlaneSignal;
use super::windows::{Window, WindowScratch, sum, window_mean};

/// Images and a point group, in one precision.
#[derive(Debug, Clone)]
pub(super) struct PlaneGeometry<T> {
    /// Rows and columns of an image.
    size: [usize; 2],
    /// Whether opposite edges are joined.
    periodic: bool,
    /// The elements of the group that transform the second image, the identity first.
    orientations: &'static [PlanarSymmetry],
    displacements: Displacements,
    precision: PhantomData<T>,
}

/// The displacements of a batch and the current size of the features, which determine the pixels of its fibres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlaneRegion {
    layout: Layout,
    /// The weight of each displacement in the mean.
    weight: f64,
}

/// Scratch of one thread.
#[derive(Debug, Clone)]
pub(super) struct PlaneWorkspace<T> {
    /// The first image, divided by the number of channels.
    a: Channels<T>,
    /// The second image.
    b: Channels<T>,
    /// The panels of both images for the current horizontal part.
    panels: [Channels<T>; 2],
    /// The horizontal part of the panels; none if they belong to another pair.
    horizontal: Option<i32>,
    /// The strip of the last batch.
    strip: usize,
    scratch: WindowScratch<T>,
    /// Whether both images are one signal, untransformed.
    same: bool,
}

impl<T: Real> PlaneGeometry<T> {
    /// Makes the geometry of images of one size, for the layers of a network.
    ///
    /// # Arguments
    /// * `size` — rows and columns of an image
    /// * `group` — the point group
    /// * `layers` — the layers, which determine the necessary displacements
    pub(super) fn new(size: [usize; 2], group: PointGroup, layers: &[Layer]) -> Self {
        let readout = if layers.iter().any(|layer| matches!(layer, Layer::Flatten)) {
            PlaneReadout::Flatten
        } else {
            PlaneReadout::Pooling
        };
        let periodic = is_periodic(layers);
        // A flattening readout multiplies features at equal places and equal orientations only.
        let orientations = match readout {
            PlaneReadout::Pooling => group.elements(),
            PlaneReadout::Flatten => &group.elements()[..1],
        };
        PlaneGeometry {
            size,
            periodic,
            orientations,
            displacements: Displacements::new(size, pooled_size(size, layers), periodic, readout),
            precision: PhantomData,
        }
    }

    /// Computes the mean products of the first image and the shifted second image, then averages them over the filter of the lifting.
    fn lift_at(
        &self,
        filter: &Filter,
        (run, weight): (Run, f64),
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let region = PlaneRegion {
            layout: Layout {
                run,
                size: self.size,
                periodic: self.periodic,
            },
            weight,
        };
        let PlaneWorkspace { a, b, panels, .. } = workspace;
        let [left, right] = panels;
        if workspace.horizontal != Some(run.horizontal) {
            left.cut(Side::Left, a, region.layout);
            right.cut(Side::Right, b, region.layout);
            workspace.horizontal = Some(run.horizontal);
        }
        product((left, right), region.layout, fibres);
        self.average(filter, region, workspace, fibres)
    }

    /// Converts both images to the precision of the fibres.
    fn load(&self, a: &PlaneSignal, b: &PlaneSignal, workspace: &mut PlaneWorkspace<T>) {
        let pixels = self.size[0] * self.size[1];
        let channels = a.pixels.len() / pixels;
        workspace.a.fill(&a.pixels, pixels, 1.0 / channels as f64);
        workspace.b.fill(&b.pixels, pixels, 1.0);
        workspace.horizontal = None;
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
            } => *padding == Padding::Circular && (*height, *width) != (1, 1),
            Filter::Subset(_) | Filter::Zonal(_) | Filter::Neighbours(_) => false,
        },
        Layer::Residual { branch, shortcut } => is_periodic(branch) || is_periodic(shortcut),
        _ => false,
    })
}

impl<T: Real> Geometry for PlaneGeometry<T> {
    type Scalar = T;
    type Signal = PlaneSignal;
    type Workspace = PlaneWorkspace<T>;
    type Region = PlaneRegion;

    const FIELDS: bool = true;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<PlaneSignal> {
        Ok(PlaneSignal::new(inputs.image(row)?))
    }

    fn make_workspace(&self) -> PlaneWorkspace<T> {
        PlaneWorkspace {
            a: Channels::default(),
            b: Channels::default(),
            panels: [Channels::default(), Channels::default()],
            horizontal: None,
            strip: 0,
            scratch: WindowScratch::default(),
            same: false,
        }
    }

    fn orientation_count(&self, _: [&PlaneSignal; 2], _: &mut PlaneWorkspace<T>) -> Result<usize> {
        Ok(self.orientations.len())
    }

    fn turn(
        &self,
        [_, signal]: [&PlaneSignal; 2],
        orientation: usize,
        [_, turned]: &mut [Option<PlaneSignal>; 2],
        _: &mut PlaneWorkspace<T>,
    ) -> Result<[bool; 2]> {
        if orientation == 0 {
            return Ok([true, true]);
        }
        let turned = turned.get_or_insert_default();
        signal.turn_into(self.orientations[orientation], self.size, turned);
        Ok([false, true])
    }

    fn begin(
        &self,
        [a, b]: [&PlaneSignal; 2],
        _: usize,
        workspace: &mut PlaneWorkspace<T>,
    ) -> usize {
        self.load(a, b, workspace);
        workspace.same = std::ptr::eq(a, b);
        workspace.strip = 0;
        if workspace.same {
            self.displacements.half.count
        } else {
            self.displacements.all.count
        }
    }

    fn lift(
        &self,
        _: [&PlaneSignal; 2],
        filter: &Filter,
        batch: usize,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let batches = if workspace.same {
            &self.displacements.half
        } else {
            &self.displacements.all
        };
        let run = batches.at(batch, &mut workspace.strip);
        self.lift_at(filter, run, workspace, fibres)
    }

    fn lift_self(
        &self,
        filter: &Filter,
        signal: &PlaneSignal,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        self.load(signal, signal, workspace);
        let here = Run {
            horizontal: 0,
            first: 0,
            end: 1,
        };
        self.lift_at(filter, (here, 1.0), workspace, fibres)
    }

    fn average(
        &self,
        filter: &Filter,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let window = match filter {
            Filter::Window {
                height,
                width,
                padding,
            } => Window {
                size: [*height, *width],
                padding: *padding,
            },
            _ => {
                let [height, width] = region.layout.size;
                let pixels = height * width;
                // The mean fills the whole image, since another branch of a sum may have local filters.
                for image in fibres.chunks_exact_mut(pixels) {
                    let mean = sum(image) / pixels as f64;
                    image.fill(T::of(mean));
                }
                return region;
            }
        };
        if window.size == [1, 1] {
            return region;
        }
        window_mean(fibres, region.layout, window, &mut workspace.scratch);
        PlaneRegion {
            layout: window.layout_after(region.layout),
            ..region
        }
    }

    /// Batches with one horizontal part share the panels of variance fields.
    fn family(&self, region: PlaneRegion) -> i64 {
        i64::from(region.layout.run.horizontal)
    }

    fn gather(&self, side: Side, field: &[T], region: PlaneRegion, out: &mut Vec<T>) {
        panel(side, field, region.layout, out);
    }

    fn restrict<'f>(
        &self,
        side: Side,
        gathered: &'f [T],
        region: PlaneRegion,
        out: &'f mut Vec<T>,
    ) -> &'f [T] {
        restrict(side, gathered, region.layout, out)
    }

    fn mean(&self, region: PlaneRegion, fibres: &[T]) -> f64 {
        let [height, width] = region.layout.size;
        let pixels = (height * width) as f64;
        let own = sum(fibres) / (pixels * self.orientations.len() as f64);
        match self.displacements.readout {
            PlaneReadout::Pooling => own * region.weight / pixels,
            PlaneReadout::Flatten => own,
        }
    }
}
