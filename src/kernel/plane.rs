//! The geometry of images under translations by pixels and a point group.
//!
//! A window is mapped to itself by the point group, so the kernel depends on two orientations through
//! the relative one ρ only, and is that of a plain CNN for the pair f, ρ f'. For a CNN a fibre is a
//! displacement d: $`t \mapsto K_{t, t+d}`$, an image no larger than the features, on which a filter is
//! a running mean over windows. The pooled kernel is the mean over all ρ and all d.

use std::marker::PhantomData;

use ndarray::ArrayView3;

use crate::group::PointGroup;
use crate::network::{Layer, Padding, Support};
use crate::special::Real;

use super::geometry::{Geometry, Side};
use super::plane_fields::{Channels, product, rectangle, rolled, sum, window_mean};

/// How features over the plane become a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaneReadout {
    /// Mean over pixels and orientations.
    Pooling,
    /// All side by side.
    Flatten,
}

/// Images and a point group, in one precision.
#[derive(Debug, Clone)]
pub struct PlaneGeometry<T> {
    size: [usize; 2],
    channels: usize,
    periodic: bool,
    /// Per element of the group, which pixel each pixel of the turned image comes from.
    orientations: Vec<Vec<u32>>,
    displacements: Displacements,
    precision: PhantomData<T>,
}

/// The displacements that pooling needs, and how often each counts.
#[derive(Debug, Clone)]
struct Displacements {
    all: Vec<[i32; 2]>,
    /// For a signal with itself, d and −d give the same mean: one of the two, with its weight.
    half: Vec<([i32; 2], f64)>,
    readout: PlaneReadout,
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

/// Where a fibre is known: the pixels t, inside features of some size, for which t + d is inside, too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneRegion {
    displacement: [i32; 2],
    /// How often it counts in the mean.
    weight: f64,
    /// Rows and columns of the features.
    size: [usize; 2],
    /// Behind a global filter the fibre is one number.
    constant: bool,
}

/// Scratch of one thread: some images.
#[derive(Debug, Clone)]
pub struct PlaneWorkspace<T> {
    a: Channels<T>,
    b: Channels<T>,
    rows: Vec<T>,
    same: bool,
}

impl<T: Real> PlaneGeometry<T> {
    /// Images of one size under a group, for a network's layers.
    ///
    /// # Arguments
    /// * `size` — rows and columns of an image
    /// * `layers` — of a network on the plane: they say which displacements are needed
    pub(crate) fn new(
        size: [usize; 2],
        channels: usize,
        group: PointGroup,
        layers: &[Layer],
    ) -> Self {
        let readout = if layers.iter().any(|layer| matches!(layer, Layer::Flatten)) {
            PlaneReadout::Flatten
        } else {
            PlaneReadout::Pooling
        };
        let periodic = is_periodic(layers);
        // Flattened features meet at the same place in the same orientation only.
        let elements = match readout {
            PlaneReadout::Pooling => group.elements(),
            PlaneReadout::Flatten => &group.elements()[..1],
        };
        let [height, width] = size;
        let orientations = elements
            .iter()
            .map(|element| {
                let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
                pixels
                    .map(|(y, x)| {
                        let (y, x) = element.source(height, width, y, x);
                        (y * width + x) as u32
                    })
                    .collect()
            })
            .collect();
        PlaneGeometry {
            size,
            channels,
            periodic,
            orientations,
            displacements: Displacements::new(pooled_size(size, layers), periodic, readout),
            precision: PhantomData,
        }
    }

    /// The mean product of two shifted images, behind the filter of the lifting.
    fn lift_at(
        &self,
        support: &Support,
        (displacement, weight): ([i32; 2], f64),
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let region = PlaneRegion {
            displacement,
            weight,
            size: self.size,
            constant: false,
        };
        let images = (&workspace.a, &workspace.b);
        let starts = [Side::Left, Side::Right].map(|side| self.start(side, region));
        product(images, starts, self.extent(region), fibres);
        self.average(support, region, workspace, fibres)
    }

    /// The first pixel that a fibre visits.
    fn start(&self, side: Side, region: PlaneRegion) -> [usize; 2] {
        region.displacement.map(|d| match side {
            Side::Left if self.periodic => 0,
            Side::Left => (-d).max(0) as usize,
            Side::Right => d.max(0) as usize,
        })
    }

    /// Rows and columns of a fibre.
    fn extent(&self, region: PlaneRegion) -> [usize; 2] {
        if self.periodic {
            return region.size;
        }
        let [height, width] = region.size;
        let [dy, dx] = region.displacement.map(|d| d.unsigned_abs() as usize);
        [height - dy, width - dx]
    }

    fn load(&self, a: &PlaneSignal, b: &PlaneSignal, workspace: &mut PlaneWorkspace<T>) {
        let copies = if self.periodic { 2 } else { 1 };
        let mean = 1.0 / self.channels as f64;
        workspace
            .a
            .fill(&a.pixels, self.size, self.channels, 1, mean);
        workspace
            .b
            .fill(&b.pixels, self.size, self.channels, copies, 1.0);
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
            Support::Subset(_) => false,
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
    fn new([height, width]: [usize; 2], periodic: bool, readout: PlaneReadout) -> Self {
        let (height, width) = (height as i32, width as i32);
        let all: Vec<[i32; 2]> = match readout {
            PlaneReadout::Flatten => vec![[0, 0]],
            PlaneReadout::Pooling => {
                let along = |edge: i32| if periodic { 0..edge } else { 1 - edge..edge };
                along(height)
                    .flat_map(|dy| along(width).map(move |dx| [dy, dx]))
                    .collect()
            }
        };
        let edges = [height, width];
        let inverse = |d: [i32; 2]| -> [i32; 2] {
            std::array::from_fn(|i| {
                if periodic {
                    (-d[i]).rem_euclid(edges[i])
                } else {
                    -d[i]
                }
            })
        };
        let half = all
            .iter()
            .filter_map(|&d| match inverse(d).cmp(&d) {
                std::cmp::Ordering::Less => None,
                std::cmp::Ordering::Equal => Some((d, 1.0)),
                std::cmp::Ordering::Greater => Some((d, 2.0)),
            })
            .collect();
        Displacements { all, half, readout }
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
            rows: Vec::new(),
            same: false,
        }
    }

    fn orientation_count(&self) -> usize {
        self.orientations.len()
    }

    fn oriented(&self, signal: &PlaneSignal, orientation: usize) -> Option<PlaneSignal> {
        let sources = (orientation > 0).then(|| &self.orientations[orientation])?;
        let mut pixels = Vec::with_capacity(signal.pixels.len());
        for channel in signal.pixels.chunks_exact(sources.len()) {
            pixels.extend(sources.iter().map(|&source| channel[source as usize]));
        }
        Some(PlaneSignal { pixels })
    }

    fn begin(&self, a: &PlaneSignal, b: &PlaneSignal, workspace: &mut PlaneWorkspace<T>) -> usize {
        self.load(a, b, workspace);
        workspace.same = std::ptr::eq(a, b);
        if workspace.same {
            self.displacements.half.len()
        } else {
            self.displacements.all.len()
        }
    }

    fn lift(
        &self,
        support: &Support,
        batch: usize,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        let displacement = if workspace.same {
            self.displacements.half[batch]
        } else {
            (self.displacements.all[batch], 1.0)
        };
        self.lift_at(support, displacement, workspace, fibres)
    }

    fn lift_self(
        &self,
        support: &Support,
        signal: &PlaneSignal,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        self.load(signal, signal, workspace);
        self.lift_at(support, ([0, 0], 1.0), workspace, fibres)
    }

    fn average(
        &self,
        support: &Support,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> PlaneRegion {
        if region.constant {
            return region;
        }
        let (window, padding) = match support {
            Support::Window {
                height,
                width,
                padding,
            } => ([*height, *width], *padding),
            _ => {
                let mean = sum(fibres) / fibres.len() as f64;
                fibres.clear();
                fibres.push(T::of(mean));
                return PlaneRegion {
                    constant: true,
                    ..region
                };
            }
        };
        if window == [1, 1] {
            return region;
        }
        window_mean(
            fibres,
            self.extent(region),
            window,
            padding,
            &mut workspace.rows,
        );
        if padding != Padding::Valid {
            return region;
        }
        let [height, width] = region.size;
        PlaneRegion {
            size: [height + 1 - window[0], width + 1 - window[1]],
            ..region
        }
    }

    fn restrict(&self, side: Side, field: &[T], region: PlaneRegion, out: &mut Vec<T>) {
        let start = self.start(side, region);
        if self.periodic {
            rolled(field, region.size, start, out);
        } else {
            rectangle(field, region.size[1], start, self.extent(region), out);
        }
    }

    fn mean(&self, region: PlaneRegion, fibres: &[T]) -> f64 {
        let pixels = (region.size[0] * region.size[1]) as f64;
        let own = if region.constant {
            fibres[0].wide()
        } else {
            sum(fibres) / pixels
        };
        match self.displacements.readout {
            PlaneReadout::Pooling => own * region.weight / pixels,
            PlaneReadout::Flatten => own,
        }
    }
}
