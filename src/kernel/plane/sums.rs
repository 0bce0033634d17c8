//! Fibres under construction at the starts of stages, where poolings add up the fibres of earlier stages.
//!
//! All displacements with one horizontal part are one strip. A strip is begun by the first contribution of an earlier stage and handed on in
//! batches after the last one. Horizontal parts come in ascending order, so few strips are open at a time.

use std::collections::VecDeque;
use std::ops::Range;

use pulp::Arch;

use crate::activation::Real;

use super::fields::{Layout, Run};
use super::plan::Plan;
use super::slides::{AddWindows, Image};

/// The open strips of all stages.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums<T> {
    stages: Vec<Open<T>>,
    /// Strips whose memory waits for its next use.
    spare: Vec<[Vec<T>; 2]>,
    rows: Vec<T>,
}

/// The open strips of one stage.
#[derive(Debug, Clone, Default)]
struct Open<T> {
    /// Both kernels of each horizontal part; empty if not open.
    strips: Vec<[Vec<T>; 2]>,
    /// The numbers of contributions that each horizontal part waits for.
    missing: Vec<usize>,
    /// Complete strips.
    complete: VecDeque<usize>,
    /// The strip that is being handed on, and its remaining batches.
    current: Option<(usize, Range<usize>)>,
    /// As in [`Batches::at`](super::batches::Batches::at).
    hint: usize,
}

impl<T: Real> Sums<T> {
    /// Forgets all strips and begins with a plan.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.stages.resize_with(plan.stages.len(), Open::default);
        for (open, plan) in self.stages.iter_mut().zip(&plan.stages) {
            let used = open.strips.drain(..);
            self.spare
                .extend(used.filter(|[nngp, _]| nngp.capacity() > 0));
            open.strips.resize_with(plan.strips.len(), Default::default);
            open.missing.clone_from(&plan.contributions);
            open.complete.clear();
            (open.current, open.hint) = (None, 0);
        }
    }

    /// Adds both kernels of a batch after the layers of a stage to the strips of later stages.
    ///
    /// # Arguments
    /// * `layout` — of the batch
    pub(super) fn add(&mut self, plan: &Plan, stage: usize, layout: Layout, kernels: [&[T]; 2]) {
        let own = &plan.stages[stage];
        let find = |axis: usize, part: i32| {
            own.parts[axis]
                .binary_search(&part)
                .expect("a displacement of the plan")
        };
        let Run {
            horizontal,
            first,
            end,
        } = layout.run;
        let (column, row) = (find(1, horizontal), find(0, first));
        let (width, is_last) = (
            layout.width(),
            row + (end - first) as usize == own.parts[0].len(),
        );
        for feed in &own.feeds {
            let (later, open) = (&plan.stages[feed.to], &mut self.stages[feed.to]);
            let (scale, columns) = (T::of(feed.scale), &feed.parts[1][column]);
            for (target, axis) in columns {
                let strip = &mut open.strips[*target];
                if strip[0].is_empty() {
                    *strip = self.spare.pop().unwrap_or_default();
                    let rows = later.tops[later.tops.len() - 1];
                    for kernel in strip {
                        kernel.clear();
                        kernel.resize(rows * axis.outputs, T::zero());
                    }
                }
            }
            let images: Vec<Image<'_>> = (first..end)
                .zip(&feed.parts[0][row..])
                .map(|(vertical, targets)| Image {
                    height: layout.height(vertical),
                    targets,
                })
                .collect();
            for (kernel, field) in kernels.into_iter().enumerate() {
                // The strips of a column have ascending numbers.
                let mut rest = open.strips.iter_mut().enumerate();
                let mut strips: Vec<_> = columns
                    .chunk_by(|(one, _), (other, _)| one == other)
                    .map(|columns| {
                        let strip = rest.find(|(number, _)| *number == columns[0].0);
                        let (_, strip) = strip.expect("strips in ascending order");
                        (&mut strip[kernel], columns)
                    })
                    .collect();
                Arch::new().dispatch(AddWindows {
                    field,
                    width,
                    images: &images,
                    tops: &later.tops,
                    strips: &mut strips,
                    scale,
                    rows: &mut self.rows,
                });
            }
            if is_last {
                for (target, _) in columns {
                    open.missing[*target] -= 1;
                    if open.missing[*target] == 0 {
                        open.complete.push_back(*target);
                    }
                }
            }
        }
    }

    /// Writes the next batch of a complete strip; returns its run and the weight of its displacements.
    pub(super) fn next(
        &mut self,
        plan: &Plan,
        stage: usize,
        kernels: [&mut Vec<T>; 2],
    ) -> Option<(Run, f64)> {
        let (own, open) = (&plan.stages[stage], &mut self.stages[stage]);
        if open.current.is_none() {
            let strip = open.complete.pop_front()?;
            open.current = Some((strip, own.strips[strip].clone()));
        }
        let (strip, batches) = open.current.as_mut()?;
        let number = batches.next().expect("a strip has a batch");
        let (run, weight) = own.batches.at(number, &mut open.hint);
        let first = own.parts[0]
            .binary_search(&run.first)
            .expect("a displacement of the plan");
        let rows = own.tops[first]..own.tops[first + (run.end - run.first) as usize];
        let all = own.tops[own.tops.len() - 1];
        for (kernel, sums) in kernels.into_iter().zip(&open.strips[*strip]) {
            let width = sums.len() / all;
            kernel.clear();
            kernel.extend_from_slice(&sums[rows.start * width..rows.end * width]);
        }
        if batches.start == batches.end {
            self.spare.push(std::mem::take(&mut open.strips[*strip]));
            open.current = None;
        }
        Some((run, weight))
    }
}
