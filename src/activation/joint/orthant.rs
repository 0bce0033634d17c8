//! Moments of up to four Gaussian variables with indicators of their positive halves.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, TAU};
use std::sync::OnceLock;

use crate::numeric::GaussLegendre;

type Law = [[f64; 4]; 4];

/// Nodes of the path of the orthant of four variables.
const NODES: usize = 48;

/// A conditional variance below this part of the unconditional one is rounding.
const NOISE: f64 = 64.0 * f64::EPSILON;

/// $`E\bigl[\prod_i z_i^{p_i} \prod_{i \in S} 1(z_i > 0)\bigr]`$ for d variables.
///
/// Stein's identity $`E[z_i f] = \sum_j K_{ij} E[\partial_j f]`$ removes one power after the other. The derivative of an indicator is the
/// density of $`z_j`$ at 0 times the mean of the other factors given $`z_j = 0`$. What remains are probabilities of orthants.
///
/// # Arguments
/// * `law` — the covariance, in the first d rows and columns
/// * `powers` — p
/// * `indicator` — S
pub(super) fn moment(d: usize, law: &Law, powers: [usize; 4], indicator: [bool; 4]) -> f64 {
    let Some(i) = (0..d).find(|&i| powers[i] > 0) else {
        return probability(d, law, indicator);
    };
    let mut rest = powers;
    rest[i] -= 1;
    let mut sum = 0.0;
    for j in 0..d {
        if law[i][j] == 0.0 {
            continue;
        }
        if rest[j] > 0 {
            let mut lower = rest;
            lower[j] -= 1;
            sum += law[i][j] * rest[j] as f64 * moment(d, law, lower, indicator);
        } else if indicator[j] {
            sum += law[i][j] * boundary(d, law, j, rest, indicator);
        }
    }
    sum
}

/// The density of $`z_j`$ at 0 times the mean of the other factors there.
fn boundary(d: usize, law: &Law, j: usize, powers: [usize; 4], indicator: [bool; 4]) -> f64 {
    if law[j][j] <= 0.0 {
        return 0.0;
    }
    let others = (0..d).filter(|&i| i != j);
    let (mut place, mut count) = ([0; 4], 0);
    for i in others {
        place[count] = i;
        count += 1;
    }
    let conditional =
        |row: usize, column: usize| law[row][column] - law[row][j] * law[j][column] / law[j][j];
    let alive = place.map(|row| conditional(row, row) > NOISE * law[row][row]);
    let (mut given, mut left, mut signs) = ([[0.0; 4]; 4], [0; 4], [false; 4]);
    for (p, &row) in place.iter().enumerate().take(count) {
        (left[p], signs[p]) = (powers[row], indicator[row]);
        for (q, &column) in place.iter().enumerate().take(count) {
            if alive[p] && alive[q] {
                given[p][q] = conditional(row, column);
            }
        }
    }
    moment(count, &given, left, signs) / (TAU * law[j][j]).sqrt()
}

/// The correlation of two variables, zero if one of them is zero.
fn correlation(law: &Law, i: usize, j: usize) -> f64 {
    let product = law[i][i] * law[j][j];
    if product > 0.0 {
        (law[i][j] / product.sqrt()).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// The probability that the variables with an indicator are positive; a variable that is zero counts one half.
fn probability(d: usize, law: &Law, indicator: [bool; 4]) -> f64 {
    let (mut place, mut count) = ([0; 4], 0);
    for i in (0..d).filter(|&i| indicator[i]) {
        place[count] = i;
        count += 1;
    }
    let place = &place[..count];
    let mut angles = 0.0;
    for (n, &i) in place.iter().enumerate() {
        for &j in &place[..n] {
            angles += correlation(law, i, j).asin();
        }
    }
    match count {
        0 => 1.0,
        1 => 0.5,
        2 => 0.25 + angles / TAU,
        3 => 0.125 + 0.5 * angles / TAU,
        _ => (1.0 + FRAC_2_PI * angles + signs(law)) / 16.0,
    }
}

/// $`E[\operatorname{sgn}\operatorname{sgn}\operatorname{sgn}\operatorname{sgn}]`$ of four variables: the covariance between the first
/// two and the last two is scaled by $`t = \sin(\pi u/2)`$, u from 0 to 1, whose slope softens a singular end.
fn signs(law: &Law) -> f64 {
    static RULE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    let rule = RULE.get_or_init(|| {
        let rule = GaussLegendre::new(NODES).expect("a small number of nodes");
        let nodes = rule.nodes.iter().zip(&rule.weights);
        let angle = |x: &f64| 0.5 * (1.0 + x) * FRAC_PI_2;
        nodes
            .map(|(x, w)| (angle(x).sin(), 0.5 * w * FRAC_PI_2 * angle(x).cos()))
            .collect()
    });
    let c: Law = std::array::from_fn(|i| std::array::from_fn(|j| correlation(law, i, j)));
    let mut connected = 0.0;
    for &(t, weight) in rule {
        for i in 0..2 {
            for j in 2..4 {
                let (k, l) = (1 - i, 5 - j);
                let across = t * c[i][j];
                let whole = 1.0 - across * across;
                if whole <= 0.0 {
                    continue;
                }
                // The covariance of k and l, given that i and j are zero.
                let given = |p: usize, q: usize, kept: f64| {
                    let at = |p: usize, q: usize| {
                        let scale = if (p < 2) != (q < 2) { t } else { 1.0 };
                        scale * c[p][q]
                    };
                    let [a, b, e, f] = [at(p, i), at(p, j), at(q, i), at(q, j)];
                    kept - (a * e + b * f - across * (a * f + b * e)) / whole
                };
                let (first, second) = (given(k, k, 1.0), given(l, l, 1.0));
                if first <= NOISE || second <= NOISE {
                    continue;
                }
                let both = given(k, l, t * c[k][l]);
                let sine = (both / (first * second).sqrt()).clamp(-1.0, 1.0);
                connected += weight * c[i][j] * FRAC_2_PI / whole.sqrt() * FRAC_2_PI * sine.asin();
            }
        }
    }
    connected + FRAC_2_PI * c[0][1].asin() * FRAC_2_PI * c[2][3].asin()
}
