//! The displacements that a kernel on images needs, in runs that fit a cache.

use std::cmp::Ordering;

use crate::network::{Filter, Layer, Padding};

use super::fields::{Layout, Run};

/// The intended number of pixels of a batch: many enough to make the cost of calls small, few enough for the innermost cache.
const BATCH: usize = 512;

/// The readout of features over the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaneReadout {
    /// The mean over pixels and orientations.
    Pooling,
    /// All features side by side in one vector.
    Flatten,
}

/// The displacements that a readout needs, in batches.
#[derive(Debug, Clone)]
pub(super) struct Displacements {
    /// All displacements.
    pub(super) all: Batches,
    /// The displacements for a signal with itself: d and −d have equal means, so one of the two stands for both, with weight 2.
    pub(super) half: Batches,
    pub(super) readout: PlaneReadout,
}

/// Runs of displacements, numbered from 0 on; each run is one batch.
///
/// Runs are stored as strips, a few for each horizontal part.
#[derive(Debug, Clone, Default)]
pub(super) struct Batches {
    strips: Vec<Strip>,
    /// Number of runs.
    pub(super) count: usize,
}

/// Consecutive runs of one length and weight, each of which begins at the end of the run before.
#[derive(Debug, Clone, Copy)]
struct Strip {
    /// The first run.
    run: Run,
    /// The weight of each displacement in the mean.
    weight: f64,
    /// The number of the first run.
    start: usize,
}

/// Returns the rows and columns of the features after the last layer.
pub(super) fn pooled_size(size: [usize; 2], layers: &[Layer]) -> [usize; 2] {
    layers
        .iter()
        .fold(size, |[height, width], layer| match layer {
            Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } => {
                match filter {
                    Filter::Window {
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
    /// Collects the displacements in runs with one horizontal part, up to the intended size of a batch.
    ///
    /// # Arguments
    /// * `size` — rows and columns of the images
    /// * `pooled` — rows and columns of the features after the last layer; larger displacements leave no pixels there
    /// * `periodic` — whether opposite edges are joined
    pub(super) fn new(
        size: [usize; 2],
        pooled: [usize; 2],
        periodic: bool,
        readout: PlaneReadout,
    ) -> Self {
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
                // The current run, to which displacements may be added, with its weight and its number of pixels.
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
    /// Appends a run to the last strip if the run continues it, or else in a new strip.
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

    /// Returns a run and the weight of its displacements.
    ///
    /// # Arguments
    /// * `number` — the number of the run
    /// * `strip` — the number of a strip, best of the strip of the last call; set to the strip of this run
    pub(super) fn at(&self, number: usize, strip: &mut usize) -> (Run, f64) {
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
    /// The run with a number, as if the strip had no end.
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
