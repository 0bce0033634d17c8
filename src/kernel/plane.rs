//! The geometry of images under translations by pixels and a point group.
//!
//! A window is mapped to itself by the point group, so the kernel depends on two orientations through
//! the relative one ρ only, and is that of a plain CNN for the pair f, ρ f'. For a CNN a fibre is a
//! displacement d: $`t \mapsto K_{t, t+d}`$, an image no larger than the features, on which a filter is
//! a running mean over windows. The pooled kernel is the mean over all ρ and all d.

use std::cmp::Ordering;
use std::marker::PhantomData;

use ndarray::ArrayView3;

use crate::Result;
use crate::activation::Real;
use crate::group::{PlanarSymmetry, PointGroup};
use crate::network::{Layer, Padding, Support};

use super::geometry::{Geometry, Side};
use super::plane_fields::{
    Channels, Layout, Run, Window, WindowScratch, panel, product, restrict, sum, window_mean,
};

/// Pixels of a batch aimed at: enough that calls cost little, few enough for the innermost cache.
const BATCH: usize = 512;

/// How features over the plane become a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaneReadout {
    /// Mean over pixels and orientations.
    Pooling,
    /// All side by side.
    Flatten,
}

/// Images and a point group, in one precision.
#[derive(Debug, Clone)]
pub struct PlaneGeometry<T> {
    size: [usize; 2],
    periodic: bool,
    /// The elements of the group by which the second image is turned, the identity first.
    orientations: &'static [PlanarSymmetry],
    displacements: Displacements,
    precision: PhantomData<T>,
}

/// The displacements that pooling needs, and how often each counts.
#[derive(Debug, Clone)]
struct Displacements {
    all: Batches,
    /// For a signal with itself, d and −d give the same mean: one of the two, with its weight.
    half: Batches,
    readout: PlaneReadout,
}

/// Runs of displacements by their number, kept as strips: some for each horizontal part.
#[derive(Debug, Clone, Default)]
struct Batches {
    strips: Vec<Strip>,
    count: usize,
}

/// Consecutive runs of one length and weight, each beginning where the last one ends.
#[derive(Debug, Clone, Copy)]
struct Strip {
    /// The first one.
    run: Run,
    weight: f64,
    /// Its number.
    start: usize,
}

/// An image as the geometry keeps it: `[channels, height, width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaneSignal {
    pixels: Vec<f64>,
}

impl PlaneSignal {
    /// Takes an image over.
    ///
    /// # Arguments
    /// * `image` — shape `[height, width, channels]`
    pub fn new(image: ArrayView3<'_, f64>) -> Self {
        PlaneSignal {
            pixels: image.permuted_axes([2, 0, 1]).iter().copied().collect(),
        }
    }
}

/// The displacements of a batch, and the size of the features, which says where its fibres are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneRegion {
    layout: Layout,
    /// How often each displacement counts in the mean.
    weight: f64,
}

/// Scratch of one thread: some images.
#[derive(Debug, Clone)]
pub struct PlaneWorkspace<T> {
    a: Channels<T>,
    b: Channels<T>,
    /// Of both images, the columns that the current batches cover.
    panels: [Channels<T>; 2],
    horizontal: Option<i32>,
    /// The last batch is in this strip.
    strip: usize,
    scratch: WindowScratch<T>,
    same: bool,
}

impl<T: Real> PlaneGeometry<T> {
    /// Images of one size under a group, for a network's layers.
    ///
    /// # Arguments
    /// * `size` — rows and columns of an image
    /// * `layers` — of a network on the plane: they say which displacements are needed
    pub(crate) fn new(size: [usize; 2], group: PointGroup, layers: &[Layer]) -> Self {
        let readout = if layers.iter().any(|layer| matches!(layer, Layer::Flatten)) {
            PlaneReadout::Flatten
        } else {
            PlaneReadout::Pooling
        };
        let periodic = is_periodic(layers);
        // Flattened features meet at the same place in the same orientation only.
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

    /// The mean products of two images, one shifted, behind the filter of the lifting.
    fn lift_at(
        &self,
        support: &Support,
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
        self.average(support, region, workspace, fibres)
    }

    fn load(&self, a: &PlaneSignal, b: &PlaneSignal, workspace: &mut PlaneWorkspace<T>) {
        let pixels = self.size[0] * self.size[1];
        let channels = a.pixels.len() / pixels;
        workspace.a.fill(&a.pixels, pixels, 1.0 / channels as f64);
        workspace.b.fill(&b.pixels, pixels, 1.0);
        workspace.horizontal = None;
    }
}

/// Whether windows join opposite edges; a network that was checked has it so everywhere or nowhere.
fn is_periodic(layers: &[Layer]) -> bool {
    layers.iter().any(|layer| match layer {
        Layer::Lifting { support, .. } | Layer::GroupConvolution { support, .. } => match support {
            Support::Global => true,
            Support::Window {
                height,
                width,
                padding,
            } => *padding == Padding::Circular && (*height, *width) != (1, 1),
            Support::Subset(_) | Support::Zonal(_) => false,
        },
        Layer::Residual { branch, shortcut } => is_periodic(branch) || is_periodic(shortcut),
        _ => false,
    })
}

/// Rows and columns of the features behind the last layer.
fn pooled_size(size: [usize; 2], layers: &[Layer]) -> [usize; 2] {
    layers
        .iter()
        .fold(size, |[height, width], layer| match layer {
            Layer::Lifting { support, .. } | Layer::GroupConvolution { support, .. } => {
                match support {
                    Support::Window {
                        height: rows,
                        width: columns,
                        padding: Padding::Valid,
                    } => [height + 1 - rows, width + 1 - columns],
                    _ => [height, width],
                }
            }
            Layer::Residual { branch, .. } => pooled_size([height, width], branch),
            _ => [height, width],
        })
}

impl Displacements {
    /// # Arguments
    /// * `size` — of the images
    /// * `pooled` — of the features behind the last layer: larger displacements have no pixels there
    fn new(size: [usize; 2], pooled: [usize; 2], periodic: bool, readout: PlaneReadout) -> Self {
        let edges = pooled.map(|edge| edge as i32);
        let [vertical, horizontal] = match readout {
            PlaneReadout::Flatten => [0..1, 0..1],
            PlaneReadout::Pooling => {
                edges.map(|edge| if periodic { 0..edge } else { 1 - edge..edge })
            }
        };
        let inverse = |d: [i32; 2]| -> [i32; 2] {
            std::array::from_fn(|i| {
                if periodic {
                    (-d[i]).rem_euclid(edges[i])
                } else {
                    -d[i]
                }
            })
        };
        let twin = |d: [i32; 2]| match inverse(d).cmp(&d) {
            Ordering::Less => 0.0,
            Ordering::Equal => 1.0,
            Ordering::Greater => 2.0,
        };
        let batches = |weight: &dyn Fn([i32; 2]) -> f64| {
            let mut batches = Batches::default();
            for horizontal in horizontal.clone() {
                // A run that may become longer, its weight and its pixels.
                let mut open: Option<(Run, f64, usize)> = None;
                for d in vertical.clone() {
                    let weight = weight([d, horizontal]);
                    if weight == 0.0 {
                        continue;
                    }
                    let run = Run {
                        horizontal,
                        first: d,
                        end: d + 1,
                    };
                    let layout = Layout {
                        run,
                        size,
                        periodic,
                    };
                    let pixels = layout.pixels();
                    if let Some((last, last_weight, sum)) = &mut open
                        && (last.end, *last_weight) == (d, weight)
                        && *sum + pixels <= BATCH
                    {
                        last.end = d + 1;
                        *sum += pixels;
                        continue;
                    }
                    if let Some((run, weight, _)) = open.replace((run, weight, pixels)) {
                        batches.push(run, weight);
                    }
                }
                if let Some((run, weight, _)) = open {
                    batches.push(run, weight);
                }
            }
            batches
        };
        Displacements {
            all: batches(&|_| 1.0),
            half: batches(&twin),
            readout,
        }
    }
}

impl Batches {
    /// Appends a run: to the last strip, if it goes on in the same way.
    fn push(&mut self, run: Run, weight: f64) {
        let number = self.count;
        self.count += 1;
        if let Some(strip) = self.strips.last()
            && strip.weight == weight
            && strip.run_at(number) == run
        {
            return;
        }
        self.strips.push(Strip {
            run,
            weight,
            start: number,
        });
    }

    /// A run and how often its displacements count.
    ///
    /// # Arguments
    /// * `strip` — the number of any strip, best of the one that was met last; of this run's strip afterwards
    fn at(&self, number: usize, strip: &mut usize) -> (Run, f64) {
        let starts_by_now = |strip: &Strip| strip.start <= number;
        let ends = |at: usize| {
            self.strips
                .get(at + 1)
                .is_none_or(|next| next.start > number)
        };
        if !(starts_by_now(&self.strips[*strip]) && ends(*strip)) {
            *strip = self.strips.partition_point(starts_by_now) - 1;
        }
        let found = &self.strips[*strip];
        (found.run_at(number), found.weight)
    }
}

impl Strip {
    fn run_at(&self, number: usize) -> Run {
        let length = self.run.end - self.run.first;
        let first = self.run.first + (number - self.start) as i32 * length;
        Run {
            horizontal: self.run.horizontal,
            first,
            end: first + length,
        }
    }
}

impl<T: Real> Geometry for PlaneGeometry<T> {
    type Scalar = T;
    type Signal = PlaneSignal;
    type Workspace = PlaneWorkspace<T>;
    type Region = PlaneRegion;

    const FIELDS: bool = true;

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
        let element = self.orientations[orientation];
        let [height, width] = self.size;
        let turned = turned.get_or_insert_with(|| PlaneSignal { pixels: Vec::new() });
        turned.pixels.clear();
        for channel in signal.pixels.chunks_exact(height * width) {
            for y in 0..height {
                turned.pixels.extend((0..width).map(|x| {
                    let (y, x) = element.source(height, width, y, x);
                    channel[y * width + x]
                }));
            }
        }
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
        support: &Support,
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
        self.lift_at(support, run, workspace, fibres)
    }

    fn lift_self(
        &self,
        support: &Support,
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
        self.lift_at(support, (here, 1.0), workspace, fibres)
    }

    fn average(
        &self,
        support: &Support,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let window = match support {
            Support::Window {
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
                // As many numbers as before: another branch may have local filters.
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

    /// Batches with one horizontal displacement share the columns that it leaves inside.
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
