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
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::network::{Filter, Layer};

use super::fields::{Channels, Layout, Run, panel, product, restrict};
use super::plan::{Aim, Plan, PlaneReadout, Shapes};
use super::signal::PlaneSignal;
use super::sums::Sums;
use super::sums_adjoint::Cotangents;
use super::windows::{WindowScratch, layout_after, sum, window_mean};

/// Images and a point group, in one precision.
#[derive(Debug, Clone)]
pub(super) struct PlaneGeometry<T> {
    /// Rows and columns of an image.
    pub(super) size: [usize; 2],
    /// The elements of the group that transform the second image, the identity first.
    pub(super) orientations: &'static [PlanarSymmetry],
    /// The features before and after the layers.
    pub(super) shapes: Shapes,
    /// The displacements of each stage for each aim, the readout first and a signal with itself second.
    pub(super) plans: Vec<(Aim, Plan)>,
    precision: PhantomData<T>,
}

/// The displacements of a batch and the current size of the features, which determine the pixels of its fibres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlaneRegion {
    pub(super) layout: Layout,
    /// The weight of each displacement in the mean.
    pub(super) weight: f64,
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
    /// Scratch of adjoint means, which are in double precision.
    pub(super) adjoint: WindowScratch<f64>,
    /// The number of the plan.
    pub(super) plan: usize,
    /// The fibres at the starts of later stages.
    sums: Sums<T>,
    /// Their cotangents.
    pub(super) cotangents: Cotangents,
    /// Whether an image with itself takes all displacements.
    pub(super) takes_all: bool,
}

impl<T: Real> PlaneGeometry<T> {
    /// Makes the geometry of images of one size, for the layers of a network.
    ///
    /// # Arguments
    /// * `size` — rows and columns of an image
    /// * `group` — the point group
    /// * `layers` — the layers, which determine the necessary displacements
    pub(super) fn new(size: [usize; 2], group: PointGroup, layers: &[Layer]) -> Self {
        let shapes = Shapes::new(size, layers);
        // A flattening readout multiplies features at equal places and equal orientations only.
        let orientations = match shapes.readout {
            PlaneReadout::Pooling => group.elements(),
            PlaneReadout::Flatten => &group.elements()[..1],
        };
        let starts = shapes.poolings().into_iter();
        let starts = starts.map(|(stage, link)| Aim::Start { stage, link });
        let aims = [Aim::Readout, Aim::Half].into_iter().chain(starts);
        PlaneGeometry {
            size,
            orientations,
            plans: aims.map(|aim| (aim, shapes.plan(aim))).collect(),
            shapes,
            precision: PhantomData,
        }
    }

    /// Begins a plan. Returns the number of its batches.
    fn begin_plan(&self, plan: usize, workspace: &mut PlaneWorkspace<T>) -> usize {
        (workspace.plan, workspace.strip) = (plan, 0);
        let (_, plan) = &self.plans[plan];
        workspace.sums.begin(plan);
        workspace.cotangents.begin(plan);
        plan.stages[0].batches.count
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
                ..self.shapes.stages[0].start
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

    /// Replaces the fibres of some kernels by their means over a filter; returns the new region.
    fn average_each<const N: usize>(
        &self,
        filter: &Filter,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        kernels: [&mut Vec<T>; N],
    ) -> PlaneRegion {
        let Some(slides) = filter.slides() else {
            let [height, width] = region.layout.size;
            let pixels = height * width;
            // The mean fills the whole image, since another branch of a sum may have local filters.
            for image in kernels
                .into_iter()
                .flat_map(|fibres| fibres.chunks_exact_mut(pixels))
            {
                let mean = sum(image) / pixels as f64;
                image.fill(T::of(mean));
            }
            return region;
        };
        if slides.map(|slide| (slide.window, slide.stride)) == [(1, 1); 2] {
            return region;
        }
        let layout = layout_after(slides, region.layout);
        for fibres in kernels {
            window_mean(
                fibres,
                [region.layout, layout],
                slides,
                &mut workspace.scratch,
            );
        }
        PlaneRegion { layout, ..region }
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
            adjoint: WindowScratch::default(),
            plan: 0,
            sums: Sums::default(),
            cotangents: Cotangents::default(),
            takes_all: false,
        }
    }

    fn orientation_count(&self, _: [&PlaneSignal; 2], _: &mut PlaneWorkspace<T>) -> Result<usize> {
        Ok(self.orientations.len())
    }

    fn changes(&self, orientation: usize, _: &PlaneWorkspace<T>) -> [bool; 2] {
        [orientation == 0, true]
    }

    fn turn(
        &self,
        [_, signal]: [&PlaneSignal; 2],
        orientation: usize,
        [_, turned]: &mut [Option<PlaneSignal>; 2],
        _: &mut PlaneWorkspace<T>,
    ) -> Result<()> {
        if orientation > 0 {
            let turned = turned.get_or_insert_default();
            signal.turn_into(self.orientations[orientation], self.size, turned);
        }
        Ok(())
    }

    fn begin(
        &self,
        [a, b]: [&PlaneSignal; 2],
        _: usize,
        workspace: &mut PlaneWorkspace<T>,
    ) -> usize {
        self.load(a, b, workspace);
        let half = std::ptr::eq(a, b) && !workspace.takes_all;
        self.begin_plan(usize::from(half), workspace)
    }

    fn lift(
        &self,
        _: [&PlaneSignal; 2],
        filter: &Filter,
        batch: usize,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let (_, plan) = &self.plans[workspace.plan];
        let run = plan.stages[0].batches.at(batch, &mut workspace.strip);
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
        let PlaneRegion { layout, weight } = self.identity(0);
        self.lift_at(filter, (layout.run, weight), workspace, fibres)
    }

    fn average(
        &self,
        filter: &Filter,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        self.average_each(filter, region, workspace, [fibres])
    }

    fn average_both(
        &self,
        filter: &Filter,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        kernels: [&mut Vec<T>; 2],
    ) -> PlaneRegion {
        self.average_each(filter, region, workspace, kernels)
    }

    fn begin_own(
        &self,
        signal: &PlaneSignal,
        (stage, link): (usize, usize),
        workspace: &mut PlaneWorkspace<T>,
    ) -> usize {
        let start = Aim::Start { stage, link };
        let plan = self.plans.iter().position(|(aim, _)| *aim == start);
        self.load(signal, signal, workspace);
        self.begin_plan(plan.expect("every pooling has a plan"), workspace)
    }

    fn identity(&self, stage: usize) -> PlaneRegion {
        PlaneRegion {
            layout: self.shapes.stages[stage].start,
            weight: 1.0,
        }
    }

    fn pass_on(
        &self,
        stage: usize,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        kernels: [&[T]; 2],
    ) {
        let (_, plan) = &self.plans[workspace.plan];
        workspace.sums.add(plan, stage, region.layout, kernels);
    }

    fn resume(
        &self,
        stage: usize,
        workspace: &mut PlaneWorkspace<T>,
        kernels: [&mut Vec<T>; 2],
    ) -> Option<PlaneRegion> {
        let (_, plan) = &self.plans[workspace.plan];
        let (run, weight) = workspace.sums.next(plan, stage, kernels)?;
        let layout = Layout {
            run,
            ..self.shapes.stages[stage].start
        };
        Some(PlaneRegion { layout, weight })
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

    fn adjoint(&self) -> Option<&dyn Adjoint<Self>> {
        Some(self)
    }

    fn mean(&self, region: PlaneRegion, fibres: &[T]) -> f64 {
        let [height, width] = region.layout.size;
        let pixels = (height * width) as f64;
        let own = sum(fibres) / (pixels * self.orientations.len() as f64);
        match self.shapes.readout {
            PlaneReadout::Pooling => own * region.weight / pixels,
            PlaneReadout::Flatten => own,
        }
    }
}
