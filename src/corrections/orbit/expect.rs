//! Expectations of four factors at up to four samples, some of which may be one variable.

use crate::activation::joint::{Joint, Own, Powers};

use super::super::sources::{SAME, of_one, of_two};

/// Some samples before one activation.
pub(super) struct Samples<'a, const N: usize> {
    joint: &'a Joint,
    /// The expectations of each variable.
    own: [&'a Own; N],
    /// The variable of each sample.
    variable: [usize; N],
    count: usize,
    /// The covariance of the variables.
    law: [[f64; 4]; 4],
}

impl<'a, const N: usize> Samples<'a, N> {
    /// Finds samples that are one variable.
    ///
    /// # Arguments
    /// * `own` — of each sample
    /// * `covariance` — of the samples i < j
    pub(super) fn new(
        joint: &'a Joint,
        own: [&'a Own; N],
        covariance: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let same = |i: usize, j: usize| {
            let (p, q) = (own[i].q, own[j].q);
            (p - q).abs() <= SAME * p && (covariance(i, j) - p).abs() <= SAME * p
        };
        let (mut first, mut variable, mut count) = ([0; N], [0; N], 0);
        for (j, variable) in variable.iter_mut().enumerate() {
            match (0..count).find(|&known| same(first[known], j)) {
                Some(known) => *variable = known,
                None => {
                    (first[count], *variable) = (j, count);
                    count += 1;
                }
            }
        }
        let mut law = [[0.0; 4]; 4];
        for i in 0..count {
            law[i][i] = own[first[i]].q;
            for j in 0..i {
                let k = covariance(first[j], first[i]);
                (law[i][j], law[j][i]) = (k, k);
            }
        }
        Samples {
            joint,
            own: first.map(|sample| own[sample]),
            variable,
            count,
            law,
        }
    }

    /// The means of some products, in each of which every sample occurs.
    ///
    /// # Arguments
    /// * `products` — for each, how often σ and σ' of each sample occur in it; four factors in all
    pub(super) fn means<const P: usize>(&self, products: &[[[u8; N]; 2]; P]) -> [f64; P] {
        let powers = products.map(|[value, derivative]| {
            let mut powers = Powers {
                value: [0; 4],
                derivative: [0; 4],
            };
            for (sample, &variable) in self.variable.iter().enumerate() {
                powers.value[variable] += value[sample];
                powers.derivative[variable] += derivative[sample];
            }
            powers
        });
        let mut means = [0.0; P];
        match self.count {
            1 => of_one(self.own[0], &powers, &mut means),
            2 => {
                let pair = (self.joint).pair(self.own[0], self.own[1], self.law[0][1]);
                of_two(&pair, &powers, &mut means);
            }
            count => self.joint.products(count, &self.law, &powers, &mut means),
        }
        means
    }
}
