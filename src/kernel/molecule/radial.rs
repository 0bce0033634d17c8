//! Radial kernels as sums of products of finitely many functions of the distance.

use crate::network::{Message, RadialKernel};

/// The largest error of the smooth kernel, whose value for equal distances is one, as a sum of products.
const SMOOTH_ERROR: f64 = 1e-13;
/// Candidates for a centre per width.
const PER_WIDTH: f64 = 8.0;
/// More functions than these have too many products.
const MOST_FUNCTIONS: usize = 96;
/// Candidates at least: widths above the cutoff need few functions, but a choice of them.
const LEAST_CANDIDATES: f64 = 64.0;
/// More candidates than these have more functions than [`MOST_FUNCTIONS`].
const MOST_CANDIDATES: f64 = 4096.0;

/// Functions $`R_n`$ of a distance with $`\sum_n R_n(d) R_n(d') = \rho_{rad}(d, d')`$.
///
/// Shells are these functions. The smooth kernel has infinitely many shells; its functions are those of a Cholesky factorisation that takes, of a
/// grid of distances up to the cutoff, the one with the largest error next, until all errors are below [`SMOOTH_ERROR`]:
/// ```math
/// R(d) = \Lambda^{-1} \bigl(\rho(c_1, d), \dots, \rho(c_k, d)\bigr)^\top , \qquad \Lambda \Lambda^\top = \rho(c_m, c_n) .
/// ```
#[derive(Debug, Clone)]
pub(super) enum RadialFunctions {
    Shells(Vec<[f64; 2]>),
    Smooth {
        width: f64,
        centres: Vec<f64>,
        /// Λ row by row, without the zeros.
        factor: Vec<f64>,
    },
}

impl RadialFunctions {
    /// The functions of a message; none if there are too many.
    pub(super) fn new(message: &Message) -> Option<Self> {
        match &message.radial {
            RadialKernel::Shells(shells) => Some(RadialFunctions::Shells(shells.to_vec())),
            RadialKernel::Gaussian { width } => smooth(message.cutoff, *width),
        }
    }

    /// The number of functions.
    pub(super) fn len(&self) -> usize {
        match self {
            RadialFunctions::Shells(shells) => shells.len(),
            RadialFunctions::Smooth { centres, .. } => centres.len(),
        }
    }

    /// Writes the functions of a distance, and their derivatives if these are wanted.
    pub(super) fn write(&self, d: f64, out: &mut [f64], slopes: Option<&mut [f64]>) {
        match self {
            RadialFunctions::Shells(shells) => {
                let mut slopes = slopes;
                for (n, [centre, width]) in shells.iter().enumerate() {
                    let u = (d - centre) / width;
                    out[n] = (-0.5 * u * u).exp();
                    if let Some(slopes) = &mut slopes {
                        slopes[n] = -u / width * out[n];
                    }
                }
            }
            RadialFunctions::Smooth {
                width,
                centres,
                factor,
            } => {
                for (value, c) in out.iter_mut().zip(centres) {
                    *value = gaussian(*width, d - c);
                }
                if let Some(slopes) = slopes {
                    for ((slope, value), c) in slopes.iter_mut().zip(&*out).zip(centres) {
                        *slope = -(d - c) / (2.0 * width * width) * value;
                    }
                    substitute(factor, slopes);
                }
                substitute(factor, out);
            }
        }
    }
}

/// $`\exp(-x^2 / 4 w^2)`$
fn gaussian(width: f64, x: f64) -> f64 {
    let u = x / (2.0 * width);
    (-u * u).exp()
}

/// Replaces v by $`\Lambda^{-1} v`$.
fn substitute(factor: &[f64], values: &mut [f64]) {
    let mut start = 0;
    for n in 0..values.len() {
        let row = &factor[start..start + n + 1];
        let (known, rest) = values.split_at_mut(n);
        let sum: f64 = row.iter().zip(known).map(|(a, b)| a * *b).sum();
        rest[0] = (rest[0] - sum) / row[n];
        start += n + 1;
    }
}

fn smooth(cutoff: f64, width: f64) -> Option<RadialFunctions> {
    let count = (cutoff / width * PER_WIDTH).ceil().max(LEAST_CANDIDATES);
    if count > MOST_CANDIDATES {
        return None;
    }
    let count = count as usize;
    let grid: Vec<f64> = (0..count)
        .map(|n| cutoff * n as f64 / (count - 1) as f64)
        .collect();
    let mut errors = vec![1.0_f64; count];
    // Entry m of a candidate is the product of its row with the m-th centre.
    let mut rows: Vec<Vec<f64>> = vec![Vec::new(); count];
    let (mut centres, mut factor) = (Vec::new(), Vec::new());
    loop {
        let next = (0..count).max_by(|&a, &b| errors[a].total_cmp(&errors[b]))?;
        if errors[next] <= SMOOTH_ERROR {
            break;
        }
        if centres.len() == MOST_FUNCTIONS {
            return None;
        }
        let (pivot, row) = (errors[next].sqrt(), rows[next].clone());
        for ((d, error), own) in grid.iter().zip(&mut errors).zip(&mut rows) {
            let sum: f64 = own.iter().zip(&row).map(|(a, b)| a * b).sum();
            let entry = (gaussian(width, d - grid[next]) - sum) / pivot;
            own.push(entry);
            *error -= entry * entry;
        }
        errors[next] = 0.0;
        centres.push(grid[next]);
        factor.extend(row);
        factor.push(pivot);
    }
    Some(RadialFunctions::Smooth {
        width,
        centres,
        factor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    #[test]
    fn sums_of_products_are_the_smooth_kernel() {
        for (cutoff, width, most) in [
            (3.4, 0.2, 40),
            (2.0, 0.5, 16),
            (1.0, 5.0, 8),
            (6.0, 0.2, 64),
        ] {
            let functions = RadialFunctions::new(&Message::gaussian(cutoff, width)).unwrap();
            let count = functions.len();
            assert!(count <= most, "{count} functions for {cutoff} and {width}");
            let values = |d: f64| {
                let (mut values, mut slopes) = (vec![0.0; count], vec![0.0; count]);
                functions.write(d, &mut values, Some(&mut slopes));
                (values, slopes)
            };
            let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
            for (d, e) in [(0.013, 0.4), (0.77, 0.9), (0.951, 0.9503), (0.2, 0.99)] {
                let (d, e) = (d * cutoff, e * cutoff);
                let ((a, slopes), (b, _)) = (values(d), values(e));
                let want = gaussian(width, d - e);
                let apart = (dot(&a, &b) - want).abs();
                assert!(
                    apart < tol::HUNDREDS_OF_TERMS,
                    "{cutoff} {width} {d} {e}: {apart}"
                );
                // The slope of the kernel in its first distance, which is less accurate.
                let slope = -(d - e) / (2.0 * width * width) * want;
                let apart = (dot(&slopes, &b) - slope).abs() * width;
                assert!(
                    apart < tol::RADIAL_SLOPE,
                    "{cutoff} {width} {d} {e}: {apart}"
                );
            }
        }
        assert!(RadialFunctions::new(&Message::gaussian(10.0, 1e-9)).is_none());
        assert!(RadialFunctions::new(&Message::gaussian(10.0, 0.05)).is_none());
    }
}
