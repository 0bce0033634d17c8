//! The recursion of two signals 1 and 2 over the group.
//!
//! For each element r the pairs of samples (1, e)(1, e), (1, e)(2, r), (2, r)(2, r) make up the recursion of two inputs, whose sources are
//! means over t. For each r < r' four further numbers are V, D, Dᵀ and A between the pairs at r and at r'; B is carried for each triple.

use std::sync::Arc;

use crate::Result;
use crate::activation::joint::{Jet, Joint, Own};
use crate::network::Init;
use crate::parallel::try_map;
use crate::progress::Counter;

use super::super::layers::Steps;
use super::super::pair::{Input, Jets, Means, PairRecursion, TwoInputs};
use super::super::sources::SAME;
use super::Pooled;
use super::expect::Samples;
use super::places::{Pair, Places, Row};

/// The kernels of one pair of samples before one activation, and Ċ there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) k: f64,
    pub(super) theta: f64,
    pub(super) slope: f64,
}

/// E of σσ·σσ, σσ·σ'σ', σ'σ'·σσ and σ'σ'·σ'σ' for two pairs of samples.
pub(super) type Quad = [f64; 4];

/// Products at four samples, first pair 0 1, second pair 2 3; then the product of F between the pairs (1, 0) and (2, 3).
pub(super) const FOUR: [[[u8; 4]; 2]; 5] = [
    [[1, 1, 1, 1], [0, 0, 0, 0]],
    [[1, 1, 0, 0], [0, 0, 1, 1]],
    [[0, 0, 1, 1], [1, 1, 0, 0]],
    [[0, 0, 0, 0], [1, 1, 1, 1]],
    [[0, 1, 1, 0], [1, 0, 0, 1]],
];

/// Products at three samples, first pair 0 1, second pair 2 2; then the product of F between the pairs (1, 0) and (2, 2).
pub(super) const THREE: [[[u8; 3]; 2]; 5] = [
    [[1, 1, 2], [0, 0, 0]],
    [[1, 1, 0], [0, 0, 2]],
    [[0, 0, 2], [1, 1, 0]],
    [[0, 0, 0], [1, 1, 2]],
    [[0, 1, 1], [1, 0, 1]],
];

/// The product of F between the pairs (0, 0) and (1, 2) of three samples.
const BENT: [[[u8; 3]; 2]; 1] = [[[1, 1, 0], [1, 0, 1]]];

/// Products at two samples, pairs 0 0 and 1 1; then the product of F between them.
pub(super) const TWO: [[[u8; 2]; 2]; 5] = [
    [[2, 2], [0, 0]],
    [[2, 0], [0, 2]],
    [[0, 2], [2, 0]],
    [[0, 0], [2, 2]],
    [[1, 1], [1, 1]],
];

/// Two signals before and after every layer.
pub(super) struct Recursion<'a> {
    layers: &'a [(Arc<Joint>, f64, Init)],
    places: &'a Places,
    pair: Pair<'a>,
    inputs: [Input; 2],
    /// For each t and each layer, the samples (1, e) and (1, t), and the samples (1, e) and (2, t).
    first: Vec<Vec<Link>>,
    second: Vec<Vec<Link>>,
}

/// The two inputs at one element: before each layer, with the expansions of the layer; and after the last one.
struct Local {
    states: Vec<(TwoInputs, Jets)>,
    last: TwoInputs,
    /// The mean over t of both terms of B.
    crossed: f64,
}

impl<'a> Recursion<'a> {
    pub(super) fn new(
        steps: &Steps,
        recursion: &'a PairRecursion,
        places: &'a Places,
        signals: [usize; 2],
    ) -> Result<Self> {
        let pair = places.pair(signals)?;
        let input = |i: usize| {
            Input::new(steps, pair.variance(i)).map_err(|error| error.in_input(signals[i]))
        };
        let inputs = [input(0)?, input(1)?];
        let mut this = Recursion {
            layers: &recursion.layers,
            places,
            pair,
            inputs,
            first: Vec::new(),
            second: Vec::new(),
        };
        let links = |to: usize| -> Vec<Vec<Link>> {
            let at = |t: usize| this.chain([0, to], this.pair.with_first([0, to], t));
            (0..places.len()).map(at).collect()
        };
        let (first, second) = (links(0), links(1));
        (this.first, this.second) = (first, second);
        Ok(this)
    }

    /// The kernels of one pair of samples of signals i and j.
    fn chain(&self, [i, j]: [usize; 2], k: f64) -> Vec<Link> {
        chain(self.layers, [&self.inputs[i], &self.inputs[j]], k)
    }

    /// The means over the group, and over the pairs of its elements.
    pub(super) fn pooled(&self, spread: bool, counter: &Counter<'_>) -> Result<Pooled> {
        let weights = &self.places.weights;
        let corners = self.corners();
        let locals = try_map(self.places.len(), |r| {
            counter.add(0)?;
            self.local(r, &corners)
        })?;
        let mut pooled = Pooled::default();
        for (local, weight) in locals.iter().zip(weights) {
            let last = &local.last;
            let numbers = [
                last.nngp[1],
                last.ntk[1],
                last.nngp_bias[1],
                last.ntk_bias[1],
            ];
            let [kernel, bias] = [&mut pooled.kernel, &mut pooled.bias];
            for (sum, number) in kernel.iter_mut().chain(bias).zip(numbers) {
                *sum += weight * number;
            }
        }
        if !spread {
            return Ok(pooled);
        }
        // One row for each r', the longest first; the elements r below it count twice.
        let count = self.places.len();
        let rows = try_map(count, |index| {
            let r2 = count - 1 - index;
            counter.add(0)?;
            let row = self.pair.row(r2)?;
            let ad = self.row_links(&row);
            let own = &locals[r2];
            let mut sums = [own.last.v[1][1], own.last.a[1][1] + own.crossed]
                .map(|x| weights[r2] * weights[r2] * x);
            for (r, local) in locals.iter().enumerate().take(r2) {
                let [v, a] = self.across((r, local), (r2, own), &row, &ad);
                let weight = 2.0 * weights[r] * weights[r2];
                sums[0] += weight * v;
                sums[1] += weight * a;
            }
            Ok(sums)
        })?;
        for row in rows {
            pooled.variance[0] += row[0];
            pooled.variance[1] += row[1];
        }
        Ok(pooled)
    }

    fn own(&self, layer: usize) -> [&Own; 2] {
        [&self.inputs[0].own[layer], &self.inputs[1].own[layer]]
    }

    /// For each t, the samples (1, e) and (2, r't).
    fn row_links(&self, row: &Row) -> Vec<Vec<Link>> {
        let at = |t: usize| self.chain([0, 1], self.pair.row_with_first(row, t));
        (0..self.places.len()).map(at).collect()
    }

    /// For each layer, the sources that do not depend on r: between (1, 1) and (1, 1), (1, 1) and (2, 2), (2, 2) and (2, 2), and that of F
    /// between the pairs (1, 1) and (2, 2), times Θ.
    fn corners(&self) -> Vec<([Quad; 3], f64)> {
        let count = self.places.len();
        let third: Vec<Vec<Link>> = (0..count)
            .map(|t| self.chain([1, 1], self.pair.with_first([1, 1], t)))
            .collect();
        let layer = |(layer, (joint, ..)): (usize, &(Arc<Joint>, f64, Init))| {
            let own = self.own(layer);
            let (mut quads, mut bent) = ([[0.0; 4]; 3], 0.0);
            for t in 0..count {
                let weight = self.places.weights[t];
                let links = [&self.first, &self.second, &third].map(|links| links[t][layer]);
                for (which, [i, j]) in [[0, 0], [0, 1], [1, 1]].into_iter().enumerate() {
                    let samples = Samples::new(joint, [own[i], own[j]], |_, _| links[which].k);
                    let [sums @ .., f] = samples.means(&TWO);
                    add(&mut quads[which], weight, &sums);
                    if which == 1 {
                        bent += weight * f * links[which].theta;
                    }
                }
            }
            (quads, bent)
        };
        self.layers.iter().enumerate().map(layer).collect()
    }

    /// The recursion of two inputs at one element.
    fn local(&self, r: usize, corners: &[([Quad; 3], f64)]) -> Result<Local> {
        let row = self.pair.row(r)?;
        let ad = self.row_links(&row);
        let ab = &self.second[r];
        let depth = self.layers.len();
        let mut means = vec![Means::default(); depth];
        let mut crossed = 0.0;
        for (t, &weight) in self.places.weights.iter().enumerate() {
            let ac = &self.first[t];
            let ad = &ad[t];
            let bc = self.chain([1, 0], self.pair.with_second(r, 0, t));
            let bd = self.chain([1, 1], self.pair.row_with_second(&row, r, t));
            // The samples (2, t), which (2, r't) is for another t.
            let ax = &self.second[t];
            let bx = self.chain([1, 1], self.pair.with_second(r, 1, t));
            let mut terms = [0.0; 2];
            for (layer, (joint, share, init)) in self.layers.iter().enumerate() {
                let [p, q] = self.own(layer);
                let [ab, ac, ad] = [ab[layer], ac[layer], ad[layer]];
                let [bc, bd, ax, bx] = [bc[layer], bd[layer], ax[layer], bx[layer]];
                let means = &mut means[layer];
                let whole = Samples::new(joint, [p, q, p, q], |i, j| match (i, j) {
                    (0, 1) | (2, 3) => ab.k,
                    (0, 2) => ac.k,
                    (0, 3) => ad.k,
                    (1, 2) => bc.k,
                    _ => bd.k,
                });
                let [quad @ .., f] = whole.means(&FOUR);
                let quad_of_slopes = quad[3];
                place(means, [1, 1], weight, &quad);
                means.f[2][1] += weight * f * ad.theta;
                let left = Samples::new(joint, [p, q, p], |i, j| match (i, j) {
                    (0, 1) => ab.k,
                    (0, 2) => ac.k,
                    _ => bc.k,
                });
                let [quad @ .., _] = left.means(&THREE);
                place(means, [1, 0], weight, &quad);
                let right = Samples::new(joint, [p, q, q], |i, j| match (i, j) {
                    (0, 1) => ab.k,
                    (0, 2) => ax.k,
                    _ => bx.k,
                });
                let [quad @ .., f] = right.means(&THREE);
                place(means, [1, 2], weight, &quad);
                means.f[2][3] += weight * f * ax.theta;
                // The samples (1, e), (1, t), (2, rt).
                let bent = Samples::new(joint, [p, p, q], |i, j| match (i, j) {
                    (0, 1) => ac.k,
                    (0, 2) => ad.k,
                    _ => ab.k,
                });
                let [f] = bent.means(&BENT);
                means.f[0][1] += weight * f * ad.theta;
                let source = share * quad_of_slopes * ab.theta * ab.theta;
                let factors = [ac.slope * bd.slope, ad.slope * bc.slope];
                carry(&mut terms, init.weight_std.powi(4), source, factors);
            }
            crossed += weight * (terms[0] + terms[1]);
        }
        for (means, (quads, bent)) in means.iter_mut().zip(corners) {
            for (which, at) in [[0, 0], [0, 2], [2, 2]].into_iter().enumerate() {
                place(means, at, 1.0, &quads[which]);
            }
            means.f[0][3] = *bent;
        }
        let first = [self.inputs[0].variance, ab[0].k, self.inputs[1].variance];
        let mut state = TwoInputs::first(first);
        let mut states = Vec::new();
        for (layer, (joint, share, init)) in self.layers.iter().enumerate() {
            let own = self.own(layer);
            let jets = jets(joint, own, state.nngp[1]);
            let next = state.step(own, &jets, &means[layer], *share, *init);
            states.push((std::mem::replace(&mut state, next), jets));
        }
        Ok(Local {
            states,
            last: state,
            crossed,
        })
    }

    /// V between the pairs at r and at r', and A with both terms of B, after the last layer.
    ///
    /// # Arguments
    /// * `row`, `ad` — of r'
    fn across(
        &self,
        (r, here): (usize, &Local),
        (r2, there): (usize, &Local),
        row: &Row,
        ad: &[Vec<Link>],
    ) -> [f64; 2] {
        let (ab, cd) = (&self.second[r], &self.second[r2]);
        let mut quads = vec![[0.0; 4]; self.layers.len()];
        let mut crossed = 0.0;
        for (t, &weight) in self.places.weights.iter().enumerate() {
            let (ac, ad) = (&self.first[t], &ad[t]);
            let bc = self.chain([1, 0], self.pair.with_second(r, 0, t));
            let bd = self.chain([1, 1], self.pair.row_with_second(row, r, t));
            let mut terms = [0.0; 2];
            for (layer, (joint, share, init)) in self.layers.iter().enumerate() {
                let [p, q] = self.own(layer);
                let whole = Samples::new(joint, [p, q, p, q], |i, j| match (i, j) {
                    (0, 1) => ab[layer].k,
                    (2, 3) => cd[layer].k,
                    (0, 2) => ac[layer].k,
                    (0, 3) => ad[layer].k,
                    (1, 2) => bc[layer].k,
                    _ => bd[layer].k,
                });
                let [a, b, c, d, _] = FOUR;
                let quad: Quad = whole.means(&[a, b, c, d]);
                add(&mut quads[layer], weight, &quad);
                let source = share * quad[3] * ab[layer].theta * cd[layer].theta;
                let factors = [
                    ac[layer].slope * bd[layer].slope,
                    ad[layer].slope * bc[layer].slope,
                ];
                carry(&mut terms, init.weight_std.powi(4), source, factors);
            }
            crossed += weight * (terms[0] + terms[1]);
        }
        let mut state = Across::default();
        for (layer, (_, share, init)) in self.layers.iter().enumerate() {
            let sides = [&here.states[layer], &there.states[layer]];
            state = state.step(sides, &quads[layer], *share, init.weight_std.powi(4));
        }
        [state.v, state.a + crossed]
    }
}

/// The tensors between the pair ab at one element and the pair cd at another one.
#[derive(Debug, Clone, Copy, Default)]
struct Across {
    v: f64,
    /// $`D_{ab,cd}`$ and $`D_{cd,ab}`$
    d: [f64; 2],
    a: f64,
}

impl Across {
    /// One activation and one linear layer.
    ///
    /// # Arguments
    /// * `sides` — the two inputs before the activation, and its expansions, at both elements
    fn step(
        &self,
        [(here, left), (there, right)]: [&(TwoInputs, Jets); 2],
        quad: &Quad,
        share: f64,
        square: f64,
    ) -> Across {
        // The pairs aa, ab, bb in rows, cc, cd, dd in columns.
        let v = [there.v[0], [here.v[1][0], self.v, here.v[1][2]], there.v[2]];
        let first = [there.d[0][1], self.d[0], there.d[2][1]];
        let second = [here.d[0][1], self.d[1], here.d[2][1]];
        let weights = |jet: &Jet| [jet.a, jet.k, jet.b];
        let dot = |x: &[f64; 3], y: &[f64; 3]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let [c1, s1] = [left.value, left.slope].map(|jet| weights(&jet));
        let [c2, s2] = [right.value, right.slope].map(|jet| weights(&jet));
        let form = |x: &[f64; 3], y: &[f64; 3]| dot(x, &v.map(|row| dot(&row, y)));
        let [theta1, theta2] = [here.ntk[1], there.ntk[1]];
        let [value1, slope1] = [left.value.v, left.slope.v];
        let [value2, slope2] = [right.value.v, right.slope.v];
        let uu = (quad[0] - value1 * value2) * share + form(&c1, &c2);
        let uq = theta2 * ((quad[1] - value1 * slope2) * share + form(&c1, &s2))
            + slope2 * dot(&c1, &first);
        let qu = theta1 * ((quad[2] - value2 * slope1) * share + form(&s1, &c2))
            + slope1 * dot(&c2, &second);
        let qq = theta1 * theta2 * ((quad[3] - slope1 * slope2) * share + form(&s1, &s2))
            + theta1 * slope2 * dot(&s1, &first)
            + theta2 * slope1 * dot(&s2, &second)
            + slope1 * slope2 * self.a;
        Across {
            v: square * uu,
            d: [square * (uu + uq), square * (uu + qu)],
            a: square * (uu + uq + qu + qq),
        }
    }
}

/// Carries the kernels of one pair of samples through the layers, from their covariance in the first layer.
pub(super) fn chain(
    layers: &[(Arc<Joint>, f64, Init)],
    inputs: [&Input; 2],
    mut k: f64,
) -> Vec<Link> {
    let mut theta = k;
    let of = |(layer, (joint, _, init)): (usize, &(Arc<Joint>, f64, Init))| {
        let own = inputs.map(|input| &input.own[layer]);
        let [value, slope] = joint.two(own[0], own[1], k);
        let link = Link { k, theta, slope };
        let [weight, bias] = [init.weight_std, init.bias_std].map(|s| s * s);
        k = weight * value + bias;
        theta = k + weight * slope * theta;
        link
    };
    layers.iter().enumerate().map(of).collect()
}

/// Adds a multiple of some numbers to others.
pub(super) fn add(sums: &mut Quad, weight: f64, numbers: &Quad) {
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum += weight * number;
    }
}

/// Adds sources between the pairs p and q, both ways.
fn place(means: &mut Means, [p, q]: [usize; 2], weight: f64, quad: &Quad) {
    let [values, mixed, turned, slopes] = quad.map(|number| weight * number);
    means.values[p][q] += values;
    means.mixed[p][q] += mixed;
    means.slopes[p][q] += slopes;
    if p != q {
        means.values[q][p] += values;
        means.mixed[q][p] += turned;
        means.slopes[q][p] += slopes;
    }
}

/// One layer of both terms of B at four samples.
fn carry(terms: &mut [f64; 2], square: f64, source: f64, factors: [f64; 2]) {
    for (term, factor) in terms.iter_mut().zip(factors) {
        *term = square * (source + factor * *term);
    }
}

/// The expansions of an activation at a pair of samples, which may be one variable.
pub(super) fn jets(joint: &Joint, own: [&Own; 2], k: f64) -> Jets {
    let (p, q) = (own[0].q, own[1].q);
    if (p - q).abs() <= SAME * p && (k - p).abs() <= SAME * p {
        Jets::diagonal(own[0])
    } else {
        Jets::of(&joint.pair(own[0], own[1], k))
    }
}
