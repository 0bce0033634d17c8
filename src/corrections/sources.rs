//! Expectations at all pairs and quadruples of samples, before one activation.

use std::sync::Arc;

use crate::Result;
use crate::activation::joint::{Jet, Joint, Own, Pair, Powers, powers};
use crate::parallel::try_map;

/// Two samples whose variances and covariance differ by less than this part of them are one variable.
pub(super) const SAME: f64 = 64.0 * f64::EPSILON;

/// The numbers of one ordered pair of samples (x, y).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TwoPoint {
    /// $`E[\sigma_x\sigma_y]`$
    pub(super) value: Jet,
    /// $`E[\sigma'_x\sigma'_y]`$
    pub(super) slope: Jet,
    /// $`2\,\partial C_{xy}/\partial q_y`$, the weight of $`X_y`$ in $`\langle\sigma\sigma'\rangle_{xy} X`$.
    pub(super) lean: f64,
    /// $`E[\sigma'''_x\sigma'_y]`$ and $`E[\sigma''_x\sigma''_y]`$, for smooth functions.
    pub(super) bends: [f64; 2],
}

/// All expectations that one activation needs.
#[derive(Debug)]
pub(super) struct Sources {
    samples: usize,
    /// For each ordered pair.
    pairs: Vec<TwoPoint>,
    /// The number of the variable of each sample: equal samples share one.
    variable: Vec<usize>,
    variables: usize,
    /// $`E[\sigma\sigma\sigma\sigma]`$, $`E[\sigma\sigma\sigma'\sigma']`$ and $`E[\sigma'\sigma'\sigma'\sigma']`$ for four variables.
    tables: [Vec<f64>; 3],
}

/// The expectations of some distinct variables, one number for each of the products.
struct Found {
    variables: [usize; 4],
    count: usize,
    numbers: Vec<f64>,
}

impl Sources {
    /// Computes all expectations.
    ///
    /// # Arguments
    /// * `covariance` — of the samples, row by row
    ///
    /// # Errors
    /// The errors of [`Joint::own`].
    pub(super) fn new(joint: &Joint, samples: usize, covariance: &[f64]) -> Result<Sources> {
        let at = |x: usize, y: usize| covariance[x * samples + y];
        let same = |x: usize, y: usize| {
            let (p, q) = (at(x, x), at(y, y));
            (p - q).abs() <= SAME * p && (at(x, y) - p).abs() <= SAME * p
        };
        let (mut first, mut variable): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for x in 0..samples {
            let known = first.iter().position(|&y| same(x, y));
            variable.push(known.unwrap_or(first.len()));
            if known.is_none() {
                first.push(x);
            }
        }
        let variables = first.len();
        let of = |x: usize, y: usize| at(first[x], first[y]);
        let own = try_map(variables, |x| joint.own(of(x, x)).map(Arc::new))?;
        let pair_of: Vec<Pair> = (0..variables * variables)
            .map(|xy| {
                let (x, y) = (xy / variables, xy % variables);
                joint.pair(&own[x], &own[y], of(x, y))
            })
            .collect();
        let pairs = (0..samples * samples).map(|xy| {
            let (x, y) = (variable[xy / samples], variable[xy % samples]);
            let pair = &pair_of[x * variables + y];
            let bends = [2.0 * pair.derivative.a, pair.derivative.k];
            if x == y {
                let [value, slope] = [own[x].value, own[x].derivative];
                return TwoPoint {
                    value: Jet::diagonal(value),
                    slope: Jet::diagonal(slope),
                    lean: value[1] - slope[0],
                    bends,
                };
            }
            TwoPoint {
                value: pair.value,
                slope: pair.derivative,
                lean: 2.0 * pair.value.b,
                bends,
            }
        });
        let pairs = pairs.collect();
        let mut sources = Sources {
            samples,
            pairs,
            variable,
            variables,
            tables: std::array::from_fn(|_| vec![0.0; variables.pow(4)]),
        };
        let products: Vec<Vec<Powers>> = (1..=4).map(powers).collect();
        let found = try_map(variables, |lowest| {
            let mut found = Vec::new();
            sets_from(lowest, variables, &mut |set: &[usize]| {
                let count = set.len();
                let products = &products[count - 1];
                let mut numbers = vec![0.0; products.len()];
                let mut members = [set[0]; 4];
                members[..count].copy_from_slice(set);
                match *set {
                    [x] => of_one(&own[x], products, &mut numbers),
                    [x, y] => of_two(&pair_of[x * variables + y], products, &mut numbers),
                    _ => {
                        let covariance: [[f64; 4]; 4] = std::array::from_fn(|i| {
                            std::array::from_fn(|j| of(members[i], members[j]))
                        });
                        joint.products(count, &covariance, products, &mut numbers);
                    }
                }
                found.push(Found {
                    variables: members,
                    count,
                    numbers,
                });
            });
            Ok(found)
        })?;
        for found in found.iter().flatten() {
            let products = &products[found.count - 1];
            for (product, &number) in products.iter().zip(&found.numbers) {
                sources.write(product, found.variables, number);
            }
        }
        Ok(sources)
    }

    /// Writes a number to all orders of its factors.
    fn write(&mut self, product: &Powers, variables: [usize; 4], number: f64) {
        let (factors, values) = product.factors();
        let f = factors.map(|factor| variables[factor]);
        let mut write = |table: usize, order: [usize; 4]| {
            let index = self.index(order.map(|i| f[i]));
            self.tables[table][index] = number;
        };
        if values == 2 {
            for order in [[0, 1, 2, 3], [1, 0, 2, 3], [0, 1, 3, 2], [1, 0, 3, 2]] {
                write(1, order);
            }
            return;
        }
        let table = if values == 4 { 0 } else { 2 };
        for order in ORDERS {
            write(table, order);
        }
    }

    fn index(&self, [a, b, c, d]: [usize; 4]) -> usize {
        let n = self.variables;
        ((a * n + b) * n + c) * n + d
    }

    /// The number of variables, and the variable of each sample.
    pub(super) fn variables(&self) -> (usize, &[usize]) {
        (self.variables, &self.variable)
    }

    fn table(&self, table: usize, samples: [usize; 4]) -> f64 {
        self.tables[table][self.index(samples.map(|x| self.variable[x]))]
    }

    /// $`E[\sigma_a\sigma_b\sigma_c\sigma_d]`$
    pub(super) fn values(&self, samples: [usize; 4]) -> f64 {
        self.table(0, samples)
    }

    /// $`E[\sigma_a\sigma_b\sigma'_c\sigma'_d]`$
    pub(super) fn mixed(&self, samples: [usize; 4]) -> f64 {
        self.table(1, samples)
    }

    /// $`E[\sigma'_a\sigma'_b\sigma'_c\sigma'_d]`$
    pub(super) fn slopes(&self, samples: [usize; 4]) -> f64 {
        self.table(2, samples)
    }

    pub(super) fn pair(&self, x: usize, y: usize) -> &TwoPoint {
        &self.pairs[x * self.samples + y]
    }
}

/// All orders of four factors.
const ORDERS: [[usize; 4]; 24] = [
    [0, 1, 2, 3],
    [0, 1, 3, 2],
    [0, 2, 1, 3],
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [0, 3, 2, 1],
    [1, 0, 2, 3],
    [1, 0, 3, 2],
    [1, 2, 0, 3],
    [1, 2, 3, 0],
    [1, 3, 0, 2],
    [1, 3, 2, 0],
    [2, 0, 1, 3],
    [2, 0, 3, 1],
    [2, 1, 0, 3],
    [2, 1, 3, 0],
    [2, 3, 0, 1],
    [2, 3, 1, 0],
    [3, 0, 1, 2],
    [3, 0, 2, 1],
    [3, 1, 0, 2],
    [3, 1, 2, 0],
    [3, 2, 0, 1],
    [3, 2, 1, 0],
];

/// Visits all sets of at most four numbers below n whose least number is given.
pub(super) fn sets_from(lowest: usize, n: usize, visit: &mut impl FnMut(&[usize])) {
    visit(&[lowest]);
    for b in lowest + 1..n {
        visit(&[lowest, b]);
        for c in b + 1..n {
            visit(&[lowest, b, c]);
            for d in c + 1..n {
                visit(&[lowest, b, c, d]);
            }
        }
    }
}

pub(super) fn of_one(own: &Own, products: &[Powers], numbers: &mut [f64]) {
    for (number, product) in numbers.iter_mut().zip(products) {
        *number = own.fourth[usize::from(product.derivative[0]) / 2];
    }
}

pub(super) fn of_two(pair: &Pair, products: &[Powers], numbers: &mut [f64]) {
    for (number, product) in numbers.iter_mut().zip(products) {
        let [_, of_value, ..] = product.value.map(usize::from);
        let [_, of_slope, ..] = product.derivative.map(usize::from);
        *number = match product.derivative.iter().sum::<u8>() {
            0 => pair.values[of_value],
            2 => pair.mixed[of_value][of_slope],
            _ => pair.derivatives[of_slope],
        };
    }
}
