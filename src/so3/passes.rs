//! The Wigner transform as a whole: a few blocks of nodes at a time go through both stages, in scratch of size O(L²).

use super::classes::{
    Analysis, ClassScratch, Coefficients, Layout, Resampling, Synthesis, Tabulate,
};
use super::grid::RotationGrid;
use super::method::tabulated;
use super::planes::{FromSamples, PlaneFft, PlaneScratch, Rings, ToSamples, rows_of};
use crate::Result;
use crate::group::haar::ProductRule;
use crate::simd::aligned::Aligned;
use crate::simd::fft::LANES;
use crate::sphere::Sample;
use crate::wigner::seeds::HalfAngle;
use crate::wigner::table::{WignerNodes, WignerTable};

use ndarray::{ArrayView3, ArrayViewMut3};
use num_complex::Complex64;
use pulp::Arch;
use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::ops::Range;

/// Aimed-at size of the planes in work, in bytes; at least one block is. Several blocks at a time keep the recursions of the Wigner
/// functions busy, which wait for one another in a single one: at L = 128 eight take 0.6 of the time of one by one. This is four
/// blocks at L = 256.
const PLANE_BYTES: usize = 256 << 20;

/// Pairs of nodes β, π − β in blocks, and the rings of the grid at them.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    nodes: WignerNodes,
    /// For each block, at its northern and its southern nodes.
    north: Vec<Rings>,
    south: Vec<Rings>,
    tabulated: Option<Vec<f64>>,
}

/// A node of the northern hemisphere with the rings there and opposite.
struct Pair {
    angle: HalfAngle,
    rings: [Option<usize>; 2],
}

impl Blocks {
    fn new(layout: &Layout, mut pairs: Vec<Pair>) -> Self {
        // Lanes beyond the last pair are idle; they need any valid angle.
        while !pairs.len().is_multiple_of(LANES) {
            pairs.push(Pair {
                angle: HalfAngle::new(FRAC_PI_2),
                rings: [None, None],
            });
        }
        let angles: Vec<HalfAngle> = pairs.iter().map(|pair| pair.angle).collect();
        let rings = |side: usize| -> Vec<Rings> {
            let lanes: Vec<Option<usize>> = pairs.iter().map(|pair| pair.rings[side]).collect();
            lanes.as_chunks::<LANES>().0.to_vec()
        };
        let (north, south) = (rings(0), rings(1));
        let nodes = WignerNodes::new(layout.band_limit, &angles);
        let pairs = angles.len();
        let tabulated = tabulated(layout.band_limit, layout.order_limit, pairs).then(|| {
            Arch::new().dispatch(Tabulate {
                layout: *layout,
                nodes: &nodes,
                blocks: north.len(),
            })
        });
        Blocks {
            nodes,
            north,
            south,
            tabulated,
        }
    }

    /// The angles and their mirror images belong to one another.
    fn symmetric(layout: &Layout, betas: &[f64]) -> Self {
        let count = betas.len();
        let pairs = (0..count.div_ceil(2)).map(|j| Pair {
            angle: HalfAngle::new(betas[j]),
            rings: [Some(j), Some(count - 1 - j).filter(|mirror| *mirror != j)],
        });
        Blocks::new(layout, pairs.collect())
    }

    /// No ring has a mirror image.
    fn single(layout: &Layout, betas: &[f64]) -> Self {
        let pairs = betas.iter().enumerate().map(|(ring, beta)| {
            let HalfAngle { cos, sin, .. } = HalfAngle::new(*beta);
            let south = sin > cos;
            Pair {
                angle: HalfAngle {
                    cos: cos.max(sin),
                    sin: sin.min(cos),
                    ..HalfAngle::new(*beta)
                },
                rings: [Some(ring).filter(|_| !south), Some(ring).filter(|_| south)],
            }
        });
        Blocks::new(layout, pairs.collect())
    }

    fn len(&self) -> usize {
        self.north.len()
    }

    /// The blocks of each pass.
    fn passes(&self, layout: &Layout) -> impl Iterator<Item = Range<usize>> + use<> {
        let (len, step) = (self.len(), self.pass_len(layout));
        (0..len)
            .step_by(step)
            .map(move |first| first..(first + step).min(len))
    }

    fn pass_len(&self, layout: &Layout) -> usize {
        if self.tabulated.is_some() {
            return self.len();
        }
        let block = 2 * layout.plane_len() * size_of::<f64>();
        let passes = self.len().div_ceil((PLANE_BYTES / block).max(1));
        self.len().div_ceil(passes)
    }
}

/// How planes of a grid become coefficients.
#[derive(Debug, Clone)]
pub(super) struct Quadrature {
    /// Nodes, if they differ from the nodes of synthesis.
    blocks: Option<Blocks>,
    /// The rings of the planes, if they differ from the rings of the blocks.
    rings: Vec<Rings>,
    /// For the lanes of each plane.
    weights: Vec<f64>,
    resampling: Option<Resampling>,
}

/// Everything that both directions need.
#[derive(Debug, Clone)]
pub(super) struct Passes {
    blocks: Blocks,
    quadrature: Quadrature,
    complex: PlaneFft,
    real: PlaneFft,
}

/// Work space; its content never affects results.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers {
    planes: Aligned,
    table: Aligned,
    packed: Aligned,
    data: Aligned,
    resampled: Aligned,
    lines: [Aligned; 2],
    extra: Aligned,
    state: WignerTable,
}

/// The first `len` numbers; grows the buffer if needed.
fn room(buffer: &mut Aligned, len: usize) -> &mut [f64] {
    buffer.grow(len);
    &mut buffer[..len]
}

impl Passes {
    pub(super) fn new(band_limit: usize, order_limit: usize, grid: &RotationGrid) -> Result<Self> {
        let [n_gamma, _, n_alpha] = grid.shape();
        let layout = |real| Layout {
            band_limit,
            order_limit,
            real,
            n_gamma,
        };
        let betas = grid.betas();
        let measure = 8.0 * PI * PI;
        let (blocks, quadrature) = if grid.sampling().is_symmetric() {
            let blocks = Blocks::symmetric(&layout(false), betas);
            let weight = |ring: &Option<usize>| {
                ring.map_or(0.0, |ring| measure * grid.point_weights()[ring])
            };
            let planes = blocks.north.iter().chain(&blocks.south);
            let quadrature = Quadrature {
                blocks: None,
                rings: Vec::new(),
                weights: planes.flatten().map(weight).collect(),
                resampling: None,
            };
            (blocks, quadrature)
        } else {
            // McEwen–Wiaux rings determine the periodic extension in β, of degrees below M. It is evaluated at Gauss–Legendre nodes, which
            // integrate its product with a Wigner function exactly.
            let rule = ProductRule::gauss_legendre(grid.band_limit(), n_alpha, n_gamma)?;
            let nodes = Blocks::symmetric(&layout(false), rule.betas());
            let count = betas.len();
            let mut rings: Vec<Option<usize>> = (0..count).map(Some).collect();
            rings.resize(count.next_multiple_of(LANES), None);
            let pairs = nodes
                .north
                .iter()
                .flatten()
                .zip(nodes.south.iter().flatten());
            let pairs = pairs.map(|(north, south)| {
                let weight = north.map_or(0.0, |node| rule.point_weights()[node]);
                ([*north, *south], measure * weight)
            });
            let resampling = Resampling {
                padded_rings: rings.len(),
                matrices: [1.0, -1.0]
                    .map(|parity| resampling(betas, rings.len(), rule.betas(), parity)),
                pairs: pairs.collect(),
            };
            let quadrature = Quadrature {
                weights: rings.iter().map(|ring| f64::from(ring.is_some())).collect(),
                rings: rings.as_chunks::<LANES>().0.to_vec(),
                blocks: Some(nodes),
                resampling: Some(resampling),
            };
            (Blocks::single(&layout(false), betas), quadrature)
        };
        Ok(Passes {
            blocks,
            quadrature,
            complex: PlaneFft::new(layout(false), n_alpha),
            real: PlaneFft::new(layout(true), n_alpha),
        })
    }

    fn fft<T: Sample>(&self) -> &PlaneFft {
        if rows_of::<T>() == 1 {
            &self.complex
        } else {
            &self.real
        }
    }

    /// Computes samples from coefficients; returns false if some coefficient that is read is NaN or infinite.
    pub(super) fn inverse<T: Sample>(
        &self,
        coeffs: &dyn Coefficients,
        mut samples: ArrayViewMut3<'_, T>,
        buffers: &mut Buffers,
    ) -> bool {
        let fft = self.fft::<T>();
        let mut finite = true;
        let (layout, arch) = (fft.layout(), Arch::new());
        for blocks in self.blocks.passes(&layout) {
            let half = blocks.len() * layout.plane_len();
            let (planes, classes, scratch) = buffers.split(fft, 2 * half, blocks.len(), None);
            finite &= arch.dispatch(Synthesis {
                layout,
                nodes: &self.blocks.nodes,
                tabulated: self.blocks.tabulated.as_deref(),
                blocks: blocks.clone(),
                coeffs,
                scratch: classes,
                planes,
            });
            let rings = [
                &self.blocks.north[blocks.clone()],
                &self.blocks.south[blocks],
            ];
            let PlaneScratch { mut lines, extra } = scratch;
            for (planes, rings) in planes.chunks_exact_mut(half).zip(rings) {
                arch.dispatch(ToSamples {
                    fft,
                    planes,
                    rings,
                    scratch: PlaneScratch {
                        lines: lines.each_mut().map(|line| &mut **line),
                        extra,
                    },
                    samples: &mut samples,
                });
            }
        }
        finite
    }

    /// Computes the coefficients `[n, l, m]` with |m|, |n| ≤ l; returns false if some sample is NaN or infinite.
    pub(super) fn forward<T: Sample>(
        &self,
        samples: ArrayView3<'_, T>,
        coeffs: &mut [Complex64],
        buffers: &mut Buffers,
    ) -> bool {
        let fft = self.fft::<T>();
        let (layout, arch) = (fft.layout(), Arch::new());
        let quadrature = &self.quadrature;
        let nodes = quadrature.blocks.as_ref().unwrap_or(&self.blocks);
        let step = match quadrature.resampling {
            Some(_) => nodes.len(),
            None => nodes.pass_len(&layout),
        };
        for first in (0..nodes.len()).step_by(step) {
            let blocks = first..(first + step).min(nodes.len());
            let (north, south) = quadrature.weights.split_at(quadrature.weights.len() / 2);
            let lanes = blocks.start * LANES..blocks.end * LANES;
            let parts = match quadrature.resampling {
                Some(_) => [
                    (&quadrature.rings[..], &quadrature.weights[..]),
                    (&[][..], &[][..]),
                ],
                None => [
                    (&nodes.north[blocks.clone()], &north[lanes.clone()]),
                    (&nodes.south[blocks.clone()], &south[lanes]),
                ],
            };
            let len = parts.map(|part| part.0.len() * layout.plane_len());
            let resampling = quadrature.resampling.as_ref();
            let (planes, classes, scratch) =
                buffers.split(fft, len[0] + len[1], blocks.len(), resampling);
            let PlaneScratch { mut lines, extra } = scratch;
            let (head, tail) = planes.split_at_mut(len[0]);
            for (planes, (rings, weights)) in [head, tail].into_iter().zip(parts) {
                let finite = arch.dispatch(FromSamples {
                    fft,
                    planes,
                    rings,
                    weights,
                    scratch: PlaneScratch {
                        lines: lines.each_mut().map(|line| &mut **line),
                        extra,
                    },
                    samples: &samples,
                });
                if !finite {
                    return false;
                }
            }
            arch.dispatch(Analysis {
                layout,
                nodes: &nodes.nodes,
                tabulated: nodes.tabulated.as_deref(),
                resampling,
                blocks,
                scratch: classes,
                planes,
                coeffs,
            });
        }
        true
    }

    /// Makes room for all that the plan does.
    pub(super) fn fit(&self, buffers: &mut Buffers) {
        let blocks = self.blocks.pass_len(&self.complex.layout());
        let len = 2 * blocks * self.complex.layout().plane_len();
        buffers.split(&self.complex, len, blocks, None);
        if let (Some(nodes), Some(resampling)) =
            (&self.quadrature.blocks, &self.quadrature.resampling)
        {
            let len = self.quadrature.rings.len() * self.complex.layout().plane_len();
            buffers.split(&self.complex, len, nodes.len(), Some(resampling));
        }
        let blocks = self.blocks.pass_len(&self.real.layout());
        let len = 2 * blocks * self.real.layout().plane_len();
        buffers.split(&self.real, len, blocks, None);
    }
}

impl Buffers {
    fn split(
        &mut self,
        fft: &PlaneFft,
        planes: usize,
        blocks: usize,
        resampling: Option<&Resampling>,
    ) -> (&mut [f64], ClassScratch<'_>, PlaneScratch<'_>) {
        let (rows, nodes) = (fft.layout().band_limit, 2 * blocks * LANES);
        let columns = 16;
        let resampled = resampling.map_or(0, |resampling| {
            let rings = resampling.padded_rings;
            (rings + resampling.matrices[0].len() / rings) * columns
        });
        let [line, other] = &mut self.lines;
        (
            room(&mut self.planes, planes),
            ClassScratch {
                table: room(&mut self.table, rows * nodes),
                packed: room(&mut self.packed, rows * columns),
                data: room(&mut self.data, nodes * columns),
                resampled: room(&mut self.resampled, resampled),
                state: &mut self.state,
            },
            PlaneScratch {
                lines: [line, other].map(|line| room(line, fft.line_len())),
                extra: room(&mut self.extra, fft.extra_len()),
            },
        )
    }
}

/// The matrix, entry `node * padded_rings + ring`, that evaluates at `nodes` the periodic extension
/// $`f(2\pi-\beta) = \pm f(\beta)`$ of samples at the rings $`(2t+1)\pi/(2M-1)`$, t < M: sums of Dirichlet kernels.
fn resampling(rings: &[f64], padded_rings: usize, nodes: &[f64], parity: f64) -> Vec<f64> {
    let count = (2 * rings.len() - 1) as f64;
    let dirichlet = |x: f64| {
        let half = (0.5 * x).sin();
        if half == 0.0 {
            1.0
        } else {
            (0.5 * count * x).sin() / (count * half)
        }
    };
    let mut matrix = vec![0.0; padded_rings * nodes.len()];
    for (row, node) in matrix.chunks_exact_mut(padded_rings).zip(nodes) {
        for (t, (entry, ring)) in row.iter_mut().zip(rings).enumerate() {
            let (direct, image) = (dirichlet(node - ring), dirichlet(node + ring - TAU));
            *entry = if t + 1 < rings.len() {
                direct + parity * image
            } else {
                // The south pole is its own image; an odd extension vanishes there.
                0.5 * (1.0 + parity) * direct
            };
        }
    }
    matrix
}
