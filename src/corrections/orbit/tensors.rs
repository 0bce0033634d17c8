//! All tensors of some signals, as means over the elements r and r' of two pairs of samples.
//!
//! Between the pairs (x, e), (y, r) and (z, t), (w, r't) the recursion needs the tensors between the pairs xx, xy, yy at r and the pairs
//! zz, zw, ww at r': nine numbers, of which five depend on one element only or on none. Their sources are means over t. F needs the
//! pairs xy, yy and zw, ww, and B only xy and zw.

use std::sync::Arc;

use crate::Result;
use crate::activation::joint::{Joint, Own};
use crate::network::Init;
use crate::parallel::try_map;
use crate::progress::Counter;

use super::super::layers::Steps;
use super::super::pair::{
    Input, Jets, PairRecursion, Three, between, first_order, times, transposed,
};
use super::expect::Samples;
use super::pair::{FOUR, Link, Quad, THREE, TWO, add, chain, jets};
use super::places::Places;

/// F between the pairs xy and zw of four samples.
const FOUR_CROSSED: [[u8; 4]; 2] = [[1, 0, 1, 0], [0, 1, 0, 1]];

/// F between the pairs 0 1 and 2 2 of three samples.
const LEFT_CROSSED: [[u8; 3]; 2] = [[1, 0, 1], [0, 1, 1]];

/// Products at three samples, first pair 0 0, second pair 1 2; then F between them.
const RIGHT: [[[u8; 3]; 2]; 5] = [
    [[2, 1, 1], [0, 0, 0]],
    [[2, 0, 0], [0, 1, 1]],
    [[0, 1, 1], [2, 0, 0]],
    [[0, 0, 0], [2, 1, 1]],
    [[1, 1, 0], [1, 0, 1]],
];

/// Sources of V, D and A at one layer, and that of F times Θ.
type Source = (Quad, f64);

/// V, $`D_{ab,cd}`$, $`D_{cd,ab}`$, A, B and F.
type Six = [f64; 6];

/// Links of one pair of signals: for each element, or for each pair of elements, those of all layers.
type Links = Vec<Vec<Link>>;

/// Some signals at all elements.
struct Signals<'a> {
    layers: &'a [(Arc<Joint>, f64, Init)],
    places: &'a Places,
    inputs: Vec<Input>,
    /// Each signal at each element, and at each product r t, `[r · elements + t]`.
    moved: Vec<Vec<Vec<f64>>>,
    composed: Vec<Vec<Vec<f64>>>,
    /// For signals i and j, `[i · m + j]`: the samples (i, e) and (j, r); the samples (i, r) and (j, t); the samples (i, e) and (j, r t).
    first: Vec<Links>,
    cross: Vec<Links>,
    row: Vec<Links>,
    /// The samples (i, e) and (i, e).
    own: Links,
}

/// Computes V, D, A, B and F of the means over the group of some signals, after the layer that follows the mean.
///
/// # Arguments
/// * `recursion` — up to that layer
///
/// # Cost
/// For m signals and M elements, $`m^2 (m^2 + 1) / 2`$ times $`M^3`$ sets of expectations at four samples.
///
/// # Errors
/// The errors of expectations, and [`Error::Cancelled`](crate::Error::Cancelled).
pub(in super::super) fn tensors(
    (steps, recursion): (&Steps, &PairRecursion),
    places: &Places,
    signals: &[usize],
    counter: &Counter<'_>,
) -> Result<[Vec<f64>; 5]> {
    let all = Signals::new(steps, recursion, places, signals)?;
    let m = signals.len();
    let mut tensors: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; m.pow(4)]);
    let pairs = m * m;
    for first in 0..pairs {
        for second in first..pairs {
            let [x, y, z, w] = [first / m, first % m, second / m, second % m];
            let [v, d, turned, a, b, f] = all.six([x, y, z, w], counter)?;
            let (at, back) = (first * pairs + second, second * pairs + first);
            for (tensor, numbers) in
                tensors
                    .iter_mut()
                    .zip([[v, v], [d, turned], [a, a], [b, b], [f, f]])
            {
                [tensor[at], tensor[back]] = numbers;
            }
        }
    }
    Ok(tensors)
}

impl<'a> Signals<'a> {
    fn new(
        steps: &Steps,
        recursion: &'a PairRecursion,
        places: &'a Places,
        signals: &[usize],
    ) -> Result<Self> {
        let (m, count) = (signals.len(), places.len());
        let each = |of: &dyn Fn(usize) -> Result<Vec<Vec<f64>>>| -> Result<Vec<_>> {
            signals.iter().map(|&signal| of(signal)).collect()
        };
        let plain: Vec<Vec<f64>> = signals
            .iter()
            .map(|&signal| places.at(signal, &[]))
            .collect::<Result<_>>()?;
        let moved = each(&|signal| (0..count).map(|r| places.at(signal, &[r])).collect())?;
        let composed = each(&|signal| {
            let at = |rt: usize| places.at(signal, &[rt / count, rt % count]);
            (0..count * count).map(at).collect()
        })?;
        let inputs = plain
            .iter()
            .zip(signals)
            .map(|(plain, &signal)| {
                let variance = places.product(plain, plain);
                Input::new(steps, variance).map_err(|error| error.in_input(signal))
            })
            .collect::<Result<Vec<_>>>()?;
        let layers = &recursion.layers;
        let link = |i: usize, j: usize, a: &[f64], b: &[f64]| {
            chain(layers, [&inputs[i], &inputs[j]], places.product(a, b))
        };
        let (mut first, mut cross, mut row) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..m {
            for j in 0..m {
                let to = |b: &Vec<f64>| link(i, j, &plain[i], b);
                first.push(moved[j].iter().map(to).collect());
                row.push(composed[j].iter().map(to).collect());
                let pairs = moved[i]
                    .iter()
                    .flat_map(|a| moved[j].iter().map(move |b| (a, b)));
                cross.push(pairs.map(|(a, b)| link(i, j, a, b)).collect());
            }
        }
        let own = (0..m).map(|i| link(i, i, &plain[i], &plain[i])).collect();
        Ok(Signals {
            layers,
            places,
            inputs,
            moved,
            composed,
            first,
            cross,
            row,
            own,
        })
    }

    fn of(&self, signal: usize, layer: usize) -> &Own {
        &self.inputs[signal].own[layer]
    }

    fn number(&self, i: usize, j: usize) -> usize {
        i * self.inputs.len() + j
    }

    /// The sources between pp and qq, without an element.
    fn corner(&self, [p, q]: [usize; 2]) -> Vec<Source> {
        let mut sources = vec![Source::default(); self.layers.len()];
        let links = &self.first[self.number(p, q)];
        for (links, &weight) in links.iter().zip(&self.places.weights) {
            for (layer, (joint, ..)) in self.layers.iter().enumerate() {
                let link = links[layer];
                let own = [self.of(p, layer), self.of(q, layer)];
                let [quad @ .., f] = Samples::new(joint, own, |_, _| link.k).means(&TWO);
                add(&mut sources[layer].0, weight, &quad);
                sources[layer].1 += weight * f * link.theta;
            }
        }
        sources
    }

    /// The sources between xy at r and qq.
    fn left(&self, [x, y, q]: [usize; 3], r: usize) -> Vec<Source> {
        let mut sources = vec![Source::default(); self.layers.len()];
        let pair = &self.first[self.number(x, y)][r];
        let count = self.places.len();
        for (t, &weight) in self.places.weights.iter().enumerate() {
            let to_first = &self.first[self.number(x, q)][t];
            let to_second = &self.cross[self.number(y, q)][r * count + t];
            for (layer, (joint, ..)) in self.layers.iter().enumerate() {
                let own = [x, y, q].map(|signal| self.of(signal, layer));
                let samples = Samples::new(joint, own, |i, j| match (i, j) {
                    (0, 1) => pair[layer].k,
                    (0, 2) => to_first[layer].k,
                    _ => to_second[layer].k,
                });
                let [a, b, c, d, _] = THREE;
                let [quad @ .., f] = samples.means(&[a, b, c, d, LEFT_CROSSED]);
                add(&mut sources[layer].0, weight, &quad);
                sources[layer].1 += weight * f * to_second[layer].theta;
            }
        }
        sources
    }

    /// The sources between pp and zw at r.
    fn right(&self, [p, z, w]: [usize; 3], r: usize) -> Vec<Source> {
        let mut sources = vec![Source::default(); self.layers.len()];
        let pair = &self.first[self.number(z, w)][r];
        let count = self.places.len();
        for (t, &weight) in self.places.weights.iter().enumerate() {
            let to_first = &self.first[self.number(p, z)][t];
            let to_second = &self.row[self.number(p, w)][r * count + t];
            for (layer, (joint, ..)) in self.layers.iter().enumerate() {
                let own = [p, z, w].map(|signal| self.of(signal, layer));
                let samples = Samples::new(joint, own, |i, j| match (i, j) {
                    (0, 1) => to_first[layer].k,
                    (0, 2) => to_second[layer].k,
                    _ => pair[layer].k,
                });
                let [quad @ .., f] = samples.means(&RIGHT);
                add(&mut sources[layer].0, weight, &quad);
                sources[layer].1 += weight * f * to_second[layer].theta;
            }
        }
        sources
    }

    /// The sources between xy at r and zw at r', and that of B.
    fn centre(&self, [x, y, z, w]: [usize; 4], [r, r2]: [usize; 2]) -> Vec<(Source, f64)> {
        let mut sources = vec![(Source::default(), 0.0); self.layers.len()];
        let (left, right) = (
            &self.first[self.number(x, y)][r],
            &self.first[self.number(z, w)][r2],
        );
        let count = self.places.len();
        for (t, &weight) in self.places.weights.iter().enumerate() {
            let xz = &self.first[self.number(x, z)][t];
            let yz = &self.cross[self.number(y, z)][r * count + t];
            let xw = &self.row[self.number(x, w)][r2 * count + t];
            let product = self
                .places
                .product(&self.moved[y][r], &self.composed[w][r2 * count + t]);
            let yw = chain(self.layers, [&self.inputs[y], &self.inputs[w]], product);
            for (layer, (joint, ..)) in self.layers.iter().enumerate() {
                let own = [x, y, z, w].map(|signal| self.of(signal, layer));
                let samples = Samples::new(joint, own, |i, j| match (i, j) {
                    (0, 1) => left[layer].k,
                    (0, 2) => xz[layer].k,
                    (0, 3) => xw[layer].k,
                    (1, 2) => yz[layer].k,
                    (1, 3) => yw[layer].k,
                    _ => right[layer].k,
                });
                let [a, b, c, d, _] = FOUR;
                let [quad @ .., f] = samples.means(&[a, b, c, d, FOUR_CROSSED]);
                let ((sums, crossed), of_b) = &mut sources[layer];
                add(sums, weight, &quad);
                *crossed += weight * f * yw[layer].theta;
                *of_b += weight * quad[3] * xz[layer].theta * yw[layer].theta;
            }
        }
        sources
    }

    /// The tensors between the pairs xy and zw, averaged over both elements.
    fn six(&self, [x, y, z, w]: [usize; 4], counter: &Counter<'_>) -> Result<Six> {
        let (count, weights) = (self.places.len(), &self.places.weights);
        let corners = [[x, z], [x, w], [y, z], [y, w]].map(|pair| self.corner(pair));
        let lefts = try_map(count, |r| Ok([z, w].map(|q| self.left([x, y, q], r))))?;
        let rights = try_map(count, |r| Ok([x, y].map(|p| self.right([p, z, w], r))))?;
        let [left, right] =
            [[x, y], [z, w]].map(|pair| (0..count).map(|r| self.side(pair, r)).collect::<Vec<_>>());
        let rows = try_map(count, |r| {
            counter.add(0)?;
            let mut sums = Six::default();
            for r2 in 0..count {
                let centre = self.centre([x, y, z, w], [r, r2]);
                let mut block = Block::default();
                for (layer, (_, share, init)) in self.layers.iter().enumerate() {
                    let corner = |which: usize| corners[which][layer];
                    let side = |which: usize| lefts[r][which][layer];
                    let other = |which: usize| rights[r2][which][layer];
                    let ((middle, crossed), of_b) = centre[layer];
                    let quads = [
                        [corner(0).0, other(0).0, corner(1).0],
                        [side(0).0, middle, side(1).0],
                        [corner(2).0, other(1).0, corner(3).0],
                    ];
                    let bent = [[crossed, side(1).1], [other(1).1, corner(3).1]];
                    let sides = [&left[r][layer], &right[r2][layer]];
                    let square = init.weight_std.powi(4);
                    block = block.step(sides, &quads, (&bent, of_b), *share, square);
                }
                let weight = weights[r] * weights[r2];
                let middle = [block.v, block.d, block.turned, block.a].map(|three| three[1][1]);
                let found = middle.into_iter().chain([block.b, block.f[0][0]]);
                for (sum, number) in sums.iter_mut().zip(found) {
                    *sum += weight * number;
                }
            }
            Ok(sums)
        })?;
        let mut six = Six::default();
        for row in rows {
            for (sum, number) in six.iter_mut().zip(row) {
                *sum += number;
            }
        }
        Ok(six)
    }

    /// The expansions of each activation at the pair xy at r.
    fn side(&self, [x, y]: [usize; 2], r: usize) -> Vec<Side> {
        let links = &self.first[self.number(x, y)][r];
        let of = |(layer, (joint, ..)): (usize, &(Arc<Joint>, f64, Init))| {
            let own = [self.of(x, layer), self.of(y, layer)];
            let link = links[layer];
            let jets = jets(joint, own, link.k);
            let [values, slopes] = [own.map(|own| own.value), own.map(|own| own.derivative)];
            Side {
                value: [values[0][0], jets.value.v, values[1][0]],
                slope: [slopes[0][0], jets.slope.v, slopes[1][0]],
                of_value: first_order(values, &jets.value),
                of_slope: first_order(slopes, &jets.slope),
                theta: [
                    self.own[x][layer].theta,
                    link.theta,
                    self.own[y][layer].theta,
                ],
                lean: lean(own[1], &jets),
            }
        };
        self.layers.iter().enumerate().map(of).collect()
    }
}

/// One activation at the samples x and y of a pair.
struct Side {
    /// C, Ċ and Θ of xx, xy, yy.
    value: [f64; 3],
    slope: [f64; 3],
    theta: [f64; 3],
    of_value: Three,
    of_slope: Three,
    /// The map of F from and to the pairs xy, yy.
    lean: [[f64; 2]; 2],
}

fn lean(second: &Own, jets: &Jets) -> [[f64; 2]; 2] {
    [[jets.slope.v, jets.lean[1]], [0.0, second.value[1]]]
}

/// The tensors between the pairs xx, xy, yy and the pairs zz, zw, ww; F between xy, yy and zw, ww; B between xy and zw.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    v: Three,
    /// $`D_{xy,zw}`$ and $`D_{zw,xy}`$, both with the first pair in rows.
    d: Three,
    turned: Three,
    a: Three,
    b: f64,
    f: [[f64; 2]; 2],
}

impl Block {
    /// One activation and one linear layer.
    ///
    /// # Arguments
    /// * `quads` — sources of V, D and A
    /// * `bent`, `of_b` — sources of F and B
    fn step(
        &self,
        [left, right]: [&Side; 2],
        quads: &[[Quad; 3]; 3],
        (bent, of_b): (&[[f64; 2]; 2], f64),
        share: f64,
        square: f64,
    ) -> Block {
        let vv = between(&left.of_value, &self.v, &right.of_value);
        let vs = between(&left.of_value, &self.v, &right.of_slope);
        let sv = between(&left.of_slope, &self.v, &right.of_value);
        let ss = between(&left.of_slope, &self.v, &right.of_slope);
        let value_d = times(&left.of_value, &self.d);
        let slope_d = times(&left.of_slope, &self.d);
        let d_value = times(&self.turned, &transposed(&right.of_value));
        let d_slope = times(&self.turned, &transposed(&right.of_slope));
        let mut next = Block::default();
        for p in 0..3 {
            for q in 0..3 {
                let [values, mixed, turned, slopes] = quads[p][q];
                let [c1, s1, theta1] = [left.value[p], left.slope[p], left.theta[p]];
                let [c2, s2, theta2] = [right.value[q], right.slope[q], right.theta[q]];
                let uu = (values - c1 * c2) * share + vv[p][q];
                let uq = theta2 * ((mixed - c1 * s2) * share + vs[p][q]) + s2 * value_d[p][q];
                let qu = theta1 * ((turned - s1 * c2) * share + sv[p][q]) + s1 * d_value[p][q];
                let qq = theta1 * theta2 * ((slopes - s1 * s2) * share + ss[p][q])
                    + theta1 * s2 * slope_d[p][q]
                    + theta2 * s1 * d_slope[p][q]
                    + s1 * s2 * self.a[p][q];
                next.v[p][q] = square * uu;
                next.d[p][q] = square * (uu + uq);
                next.turned[p][q] = square * (uu + qu);
                next.a[p][q] = square * (uu + uq + qu + qq);
            }
        }
        let moved = between(&left.lean, &self.f, &right.lean);
        for p in 0..2 {
            for q in 0..2 {
                next.f[p][q] = square * (bent[p][q] * share + moved[p][q]);
            }
        }
        next.b = square * (of_b * share + left.slope[1] * right.slope[1] * self.b);
        next
    }
}
