//! The adjoints of products of images, of means over windows and of parts of fields.

use crate::Result;
use crate::activation::Real;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::network::Filter;

use super::fields::Layout;
use super::geometry::{PlaneGeometry, PlaneRegion, PlaneWorkspace};
use super::plan::PlaneReadout;
use super::signal::PlaneSignal;
use super::windows::{sum, window_mean_adjoint};

impl<T: Real> Adjoint<PlaneGeometry<T>> for PlaneGeometry<T> {
    fn cotangent_len(&self, signal: &PlaneSignal) -> usize {
        signal.pixels.len()
    }

    /// Half of the displacements suffice for an image with itself, but not for the derivatives by either argument.
    fn gradient_workspace(&self, geometry: &PlaneGeometry<T>) -> PlaneWorkspace<T> {
        let mut workspace = geometry.make_workspace();
        workspace.takes_all = true;
        workspace
    }

    fn pass_on_adjoint(
        &self,
        stage: usize,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        kernels: [&mut Vec<f64>; 2],
    ) {
        let (_, plan) = &self.plans[workspace.plan];
        workspace
            .cotangents
            .read(plan, stage, region.layout, kernels);
    }

    fn resume_adjoint(
        &self,
        stage: usize,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        kernels: [&[f64]; 2],
    ) {
        let (_, plan) = &self.plans[workspace.plan];
        workspace
            .cotangents
            .take(plan, stage, region.layout, kernels);
    }

    fn spread(&self, region: PlaneRegion, cotangent: f64, fibres: &mut Vec<f64>) {
        let [height, width] = region.layout.size;
        let pixels = (height * width) as f64;
        let own = cotangent / (pixels * self.orientations.len() as f64);
        let value = match self.shapes.readout {
            PlaneReadout::Pooling => own * region.weight / pixels,
            PlaneReadout::Flatten => own,
        };
        fibres.clear();
        fibres.resize(region.layout.pixels(), value);
    }

    fn average_adjoint(
        &self,
        filter: &Filter,
        [before, _]: [PlaneRegion; 2],
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<f64>,
    ) {
        let Some(slides) = filter.slides() else {
            // The mean over a whole image is its own adjoint.
            let [height, width] = before.layout.size;
            for image in fibres.chunks_exact_mut(height * width) {
                let mean = sum(image) / (height * width) as f64;
                image.fill(mean);
            }
            return;
        };
        if slides.map(|slide| (slide.window, slide.stride)) != [(1, 1); 2] {
            window_mean_adjoint(fibres, before.layout, slides, &mut workspace.adjoint);
        }
    }

    fn scatter(&self, side: Side, region: PlaneRegion, values: &[f64], field: &mut [f64]) {
        let layout = region.layout;
        let width = layout.width();
        let mut values = values.chunks_exact(width);
        for vertical in layout.run.first..layout.run.end {
            for row in 0..layout.height(vertical) {
                let terms = values.next().expect("one row per row of the images");
                let at = layout.row(side, vertical, row);
                let field = &mut field[at..at + layout.size[1]];
                for ((to, _), part) in layout.columns(side, side) {
                    add(&mut field[to..], &terms[part], 1.0);
                }
            }
        }
    }

    fn lift_adjoint(
        &self,
        [a, b]: [&PlaneSignal; 2],
        filter: &Filter,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<f64>,
        [mut to_a, mut to_b]: [Option<&mut [f64]>; 2],
    ) {
        let start = self.lifted(region);
        self.average_adjoint(filter, [start, region], workspace, fibres);
        let layout = start.layout;
        let (width, pixels) = (layout.width(), layout.size[0] * layout.size[1]);
        let factor = pixels as f64 / a.pixels.len() as f64;
        // Of p(t) = Σ_c a_c(t) b_c(t + d) / C: ā_c(t) += p̄(t) b_c(t + d) / C, and b̄_c(t + d) += p̄(t) a_c(t) / C. Rows are contiguous; the
        // compiler vectorises the loops over their columns.
        let mut values = fibres.chunks_exact(width);
        for vertical in layout.run.first..layout.run.end {
            for row in 0..layout.height(vertical) {
                let terms = values.next().expect("one row per row of the images");
                let [left, right] =
                    [Side::Left, Side::Right].map(|side| layout.row(side, vertical, row));
                for channel in (0..a.pixels.len()).step_by(pixels) {
                    for ((of_a, of_b), part) in layout.columns(Side::Left, Side::Right) {
                        let (of_a, of_b) = (channel + left + of_a, channel + right + of_b);
                        let terms = &terms[part];
                        if let Some(to) = &mut to_a {
                            add_product(&mut to[of_a..], terms, &b.pixels[of_b..], factor);
                        }
                        if let Some(to) = &mut to_b {
                            add_product(&mut to[of_b..], terms, &a.pixels[of_a..], factor);
                        }
                    }
                }
            }
        }
    }

    fn lift_self_adjoint(
        &self,
        filter: &Filter,
        signal: &PlaneSignal,
        region: PlaneRegion,
        workspace: &mut PlaneWorkspace<T>,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    ) {
        self.average_adjoint(filter, [self.lifted(region), region], workspace, fibres);
        let factor = 2.0 * fibres.len() as f64 / signal.pixels.len() as f64;
        let channels = signal.pixels.chunks_exact(fibres.len());
        for (to, channel) in cotangent.chunks_exact_mut(fibres.len()).zip(channels) {
            add_product(to, fibres, channel, factor);
        }
    }

    fn turn_back(
        &self,
        _: Side,
        orientation: usize,
        turned: &[f64],
        _: &mut PlaneWorkspace<T>,
        cotangent: &mut [f64],
    ) -> Result<()> {
        let [height, width] = self.size;
        let channels = turned.chunks_exact(height * width);
        for (to, channel) in cotangent.chunks_exact_mut(height * width).zip(channels) {
            for (pixel, value) in channel.iter().enumerate() {
                let (y, x) = (pixel / width, pixel % width);
                let (y, x) = self.orientations[orientation].source(height, width, y, x);
                to[y * width + x] += value;
            }
        }
        Ok(())
    }
}

impl<T: Real> PlaneGeometry<T> {
    /// The region of a batch before the filter of the lifting.
    fn lifted(&self, region: PlaneRegion) -> PlaneRegion {
        PlaneRegion {
            layout: Layout {
                run: region.layout.run,
                ..self.shapes.stages[0].start
            },
            ..region
        }
    }
}

/// sums += factor · terms
fn add(sums: &mut [f64], terms: &[f64], factor: f64) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += factor * term;
    }
}

/// sums += factor · a · b, entry by entry
fn add_product(sums: &mut [f64], a: &[f64], b: &[f64], factor: f64) {
    for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
        *sum += factor * a * b;
    }
}
