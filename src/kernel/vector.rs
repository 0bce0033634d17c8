//! The geometry of plain vectors: a trivial group, one fibre. Its kernels are those of an MLP.

use crate::Result;

use super::geometry::{Geometry, Refinement};

/// Vectors of one dimension; the mean of a product is `$`x \cdot x' / d`$`.
#[derive(Debug, Clone, Copy)]
pub struct VectorGeometry;

impl Geometry for VectorGeometry {
    type Signal = Vec<f64>;
    type Workspace = ();

    fn make_workspace(&self) {}

    fn batch_count(&self) -> usize {
        1
    }

    fn begin(&self, _: &Vec<f64>, _: &Vec<f64>, (): &mut ()) {}

    fn lift(&self, a: &Vec<f64>, b: &Vec<f64>, _: usize, (): &mut (), fibres: &mut Vec<f64>) {
        fibres.clear();
        fibres.push(dot(a, b) / a.len() as f64);
    }

    fn mean(&self, _: usize, fibres: &[f64]) -> f64 {
        fibres[0]
    }

    fn mean_square(&self, signal: &Vec<f64>) -> f64 {
        dot(signal, signal) / signal.len() as f64
    }
}

impl Refinement for VectorGeometry {
    type Level = VectorGeometry;
    const EXACT: bool = true;

    fn level_count(&self) -> usize {
        1
    }

    fn level(&self, _: usize) -> Result<&VectorGeometry> {
        Ok(self)
    }

    fn band_limit(&self, _: usize) -> usize {
        1
    }
}

/// The scalar product, in eight partial sums so that it vectorises.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let (a_rows, a_rest) = a.as_chunks::<8>();
            let (b_rows, b_rest) = b.as_chunks::<8>();
            let mut sums = [0.0; 8];
            for (x, y) in a_rows.iter().zip(b_rows) {
                for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                    *sum += x * y;
                }
            }
            let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
            sums.iter().sum::<f64>() + rest
        },
    )
}
