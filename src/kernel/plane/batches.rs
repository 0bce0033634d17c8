//! Runs of displacements that fit a cache.

use std::ops::Range;

use super::fields::{Layout, Run};

/// The intended number of pixels of a batch: many enough to make the cost of calls small, few enough for the innermost cache.
const BATCH: usize = 512;

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

impl Batches {
    /// Collects displacements in runs with one horizontal part, up to the intended size of a batch. Returns the numbers of the runs for
    /// each horizontal part, too.
    ///
    /// # Arguments
    /// * `horizontals`, `verticals` — the parts of the displacements, ascending
    /// * `layout` — the features of the batches, with any run
    /// * `weight` — of the displacement with a vertical and a horizontal part; displacements of weight zero are left out
    pub(super) fn new(
        [verticals, horizontals]: [&[i32]; 2],
        layout: Layout,
        weight: impl Fn([i32; 2]) -> f64,
    ) -> (Self, Vec<Range<usize>>) {
        let mut batches = Batches::default();
        let mut strips = Vec::with_capacity(horizontals.len());
        for &horizontal in horizontals {
            let start = batches.count;
            // The current run, to which displacements may be added, with its weight and its number of pixels.
            let mut open: Option<(Run, f64, usize)> = None;
            for &d in verticals {
                let weight = weight([d, horizontal]);
                if weight == 0.0 {
                    continue;
                }
                let run = Run {
                    horizontal,
                    first: d,
                    end: d + 1,
                };
                let pixels = Layout { run, ..layout }.pixels();
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
            strips.push(start..batches.count);
        }
        (batches, strips)
    }

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
