//! The adjoint of average poolings: cotangents of fibres at the starts of stages, and what they make of the fibres before.
//!
//! Unlike the fibres themselves, their cotangents are all kept until the stage before has read them: a fibre after a stage adds to fibres of
//! several strips.

use std::ops::Range;

use super::fields::{Layout, Run};
use super::plan::{Plan, StagePlan};
use super::slides::Axis;

/// The cotangents of both kernels at the starts of all stages.
#[derive(Debug, Clone, Default)]
pub(super) struct Cotangents {
    /// For each stage and each horizontal part, both kernels of all vertical parts, one below the other; empty for zeros.
    stages: Vec<Vec<[Vec<f64>; 2]>>,
    rows: Vec<f64>,
}

impl StagePlan {
    /// The numbers of the vertical parts and of the horizontal part of a run.
    fn numbers(&self, run: Run) -> (Range<usize>, usize) {
        let find = |axis: usize, part: i32| {
            self.parts[axis]
                .binary_search(&part)
                .expect("a displacement of the plan")
        };
        let first = find(0, run.first);
        let count = (run.end - run.first) as usize;
        (first..first + count, find(1, run.horizontal))
    }
}

impl Cotangents {
    /// Forgets all cotangents and begins with a plan.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.stages.resize_with(plan.stages.len(), Vec::new);
        for (strips, plan) in self.stages.iter_mut().zip(&plan.stages) {
            strips.resize_with(plan.strips.len(), Default::default);
            strips.iter_mut().flatten().for_each(Vec::clear);
        }
    }

    /// Takes the cotangents of both kernels of a batch at the start of a stage.
    ///
    /// # Arguments
    /// * `layout` — of the batch
    pub(super) fn take(&mut self, plan: &Plan, stage: usize, layout: Layout, kernels: [&[f64]; 2]) {
        let own = &plan.stages[stage];
        let (verticals, horizontal) = own.numbers(layout.run);
        let width = layout.width();
        let rows = own.tops[verticals.start]..own.tops[verticals.end];
        let strip = &mut self.stages[stage][horizontal];
        for (strip, kernel) in strip.iter_mut().zip(kernels) {
            strip.resize(own.tops[own.tops.len() - 1] * width, 0.0);
            strip[rows.start * width..rows.end * width].copy_from_slice(kernel);
        }
    }

    /// Writes the cotangents of both kernels of a batch after the last layer of a stage: the sums over all windows that read a pixel.
    ///
    /// # Arguments
    /// * `layout` — of the batch
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        stage: usize,
        layout: Layout,
        kernels: [&mut Vec<f64>; 2],
    ) {
        let Cotangents { stages, rows } = self;
        let own = &plan.stages[stage];
        let (verticals, horizontal) = own.numbers(layout.run);
        let width = layout.width();
        for (number, kernel) in kernels.into_iter().enumerate() {
            kernel.clear();
            kernel.resize(layout.pixels(), 0.0);
            for feed in &own.feeds {
                let (later, strips) = (&plan.stages[feed.to], &stages[feed.to]);
                let mut from = 0;
                for (vertical, targets) in
                    (layout.run.first..layout.run.end).zip(&feed.parts[0][verticals.clone()])
                {
                    let len = layout.height(vertical) * width;
                    let image = &mut kernel[from..from + len];
                    from += len;
                    for (strip, columns) in &feed.parts[1][horizontal] {
                        let strip = &strips[*strip][number];
                        if !strip.is_empty() {
                            spread_rows(
                                strip,
                                (targets, &later.tops),
                                columns.outputs,
                                len / width,
                                rows,
                            );
                            add_columns(rows, *columns, feed.scale, image);
                        }
                    }
                }
            }
        }
    }
}

/// The adjoint of sums of rows over windows: for each row of an image, the sum over all rows of a strip that read it.
///
/// # Arguments
/// * `strip` — rows of `width` numbers
/// * `targets`, `tops` — the vertical parts of the strip to which the image adds, and the first row of each vertical part
/// * `height` — the number of rows of the image
/// * `rows` — replaced
fn spread_rows(
    strip: &[f64],
    (targets, tops): (&[(usize, Axis)], &[usize]),
    width: usize,
    height: usize,
    rows: &mut Vec<f64>,
) {
    rows.clear();
    rows.resize(height * width, 0.0);
    for (target, axis) in targets {
        let top = tops[*target] * width;
        for output in 0..axis.outputs {
            let terms = &strip[top + output * width..][..width];
            for input in (0..axis.count).filter_map(|place| axis.input(output, place)) {
                // Rows are contiguous, and the loop over columns vectorises.
                let row = &mut rows[input * width..][..width];
                for (sum, term) in row.iter_mut().zip(terms) {
                    *sum += term;
                }
            }
        }
    }
}

/// The adjoint of sums of columns over windows, times a factor: adds to the rows of an image.
fn add_columns(rows: &[f64], axis: Axis, scale: f64, image: &mut [f64]) {
    let images = image.chunks_exact_mut(axis.inputs);
    for (row, image) in rows.chunks_exact(axis.outputs).zip(images) {
        for (output, term) in row.iter().enumerate() {
            for input in (0..axis.count).filter_map(|place| axis.input(output, place)) {
                image[input] += scale * term;
            }
        }
    }
}
