//! The colatitudes of [`RealCorrelator`](super::RealCorrelator) in the lanes of registers, and the Wigner functions there.

use crate::simd::aligned::Aligned;
use crate::simd::fft::LANES;
use crate::wigner::seeds::HalfAngle;
use crate::wigner::table::{WignerNodes, WignerTable};

use pulp::{Arch, Simd, WithSimd};
use std::f64::consts::FRAC_PI_2;

/// The colatitudes, eight in the lanes of a plane.
pub(super) struct Nodes {
    /// Pairs β, π − β, eight in a block.
    pub(super) pairs: WignerNodes,
    /// Eights of lanes at which the functions are needed, each at β and at π − β.
    pub(super) blocks: usize,
    /// Whether the lanes hold the northern nodes, with planes of their own for the southern ones; otherwise they hold all.
    pub(super) mirrored: bool,
    /// Nodes in each plane.
    pub(super) lanes: Vec<usize>,
    pub(super) tabulated: Option<ClassTable>,
}

/// The Wigner functions of all classes (a, b), a ≥ b ≥ 0: for each degree the values at β in all lanes, then the values at π − β.
pub(super) struct ClassTable {
    values: Aligned,
    starts: Vec<usize>,
}

impl ClassTable {
    #[inline(always)]
    pub(super) fn class(&self, a: usize, b: usize) -> &[f64] {
        let index = a * (a + 1) / 2 + b;
        &self.values[self.starts[index]..self.starts[index + 1]]
    }
}

impl Nodes {
    /// Tabulates the functions if that takes at most `table_bytes`.
    pub(super) fn new(band_limit: usize, betas: &[f64], table_bytes: usize) -> Self {
        let count = betas.len();
        let (north, south) = (count.div_ceil(2), count / 2);
        let mut angles: Vec<HalfAngle> = betas[..north]
            .iter()
            .map(|beta| HalfAngle::new(*beta))
            .collect();
        // Lanes beyond the last node are idle; they need any valid angle.
        angles.resize_with(north.next_multiple_of(LANES), || HalfAngle::new(FRAC_PI_2));
        let blocks = angles.len() / LANES;
        let rows: usize = (0..band_limit).map(|a| (a + 1) * (band_limit - a)).sum();
        let bytes = |blocks: usize| rows * 2 * blocks * LANES * size_of::<f64>();
        let single = count.div_ceil(LANES);
        let mirrored = 2 * blocks <= single || bytes(single) > table_bytes;
        let lanes_of = |count: usize, planes: usize| -> Vec<usize> {
            (0..planes)
                .map(|plane| count.saturating_sub(plane * LANES).min(LANES))
                .collect()
        };
        let lanes = if mirrored {
            [lanes_of(north, blocks), lanes_of(south, blocks)].concat()
        } else {
            lanes_of(count, single)
        };
        let mut nodes = Nodes {
            pairs: WignerNodes::new(band_limit, &angles),
            blocks,
            mirrored,
            lanes,
            tabulated: None,
        };
        if bytes(blocks) <= table_bytes {
            let table = Arch::new().dispatch(Tabulate {
                nodes: &nodes,
                band_limit,
            });
            nodes.tabulated = Some(table);
            if !mirrored {
                nodes.unfold(band_limit, single);
            }
        }
        nodes
    }

    /// From a table at pairs of nodes makes one with the southern nodes in lanes of their own.
    fn unfold(&mut self, band_limit: usize, blocks: usize) {
        let Some(pairs) = self.tabulated.take() else {
            return;
        };
        let count: usize = self.lanes.iter().sum();
        let (from, to) = (self.blocks * LANES, blocks * LANES);
        self.blocks = blocks;
        let mut table = self.empty_table(band_limit);
        let rows = pairs.values.chunks_exact(2 * from);
        for (row, out) in rows.zip(table.values.chunks_exact_mut(2 * to)) {
            for j in 0..count {
                let mirror = count - 1 - j;
                let (here, there) = if j < count.div_ceil(2) {
                    (j, from + j)
                } else {
                    (from + mirror, mirror)
                };
                (out[j], out[to + j]) = (row[here], row[there]);
            }
        }
        self.tabulated = Some(table);
    }

    fn empty_table(&self, band_limit: usize) -> ClassTable {
        let mut starts = vec![0];
        for a in 0..band_limit {
            for _ in 0..=a {
                starts.push(starts[starts.len() - 1] + self.class_len(a));
            }
        }
        ClassTable {
            values: Aligned::zeros(starts[starts.len() - 1]),
            starts,
        }
    }

    pub(super) fn class_len(&self, a: usize) -> usize {
        self.pairs.rows(a) * 2 * self.blocks * LANES
    }
}

struct Tabulate<'a> {
    nodes: &'a Nodes,
    band_limit: usize,
}

impl WithSimd for Tabulate<'_> {
    type Output = ClassTable;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> ClassTable {
        let Tabulate { nodes, band_limit } = self;
        let mut table = nodes.empty_table(band_limit);
        let mut state = WignerTable::default();
        let mut rest = &mut table.values[..];
        for a in 0..band_limit {
            for b in 0..=a {
                let (class, tail) = rest.split_at_mut(nodes.class_len(a));
                let pairs = &nodes.pairs;
                pairs.fill(simd, (a, b), 0..nodes.blocks, class, &mut state);
                rest = tail;
            }
        }
        table
    }
}
