//! The geometry of vectors: a trivial group with one fibre, which gives the kernels of a multilayer perceptron.

use crate::Result;
use crate::kernel::recursion::{ClosePair, Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::network::Filter;

/// Vectors of one dimension; the mean of a product is `$`x \cdot x' / d`$`.
#[derive(Debug, Clone, Copy)]
pub(super) struct VectorGeometry;

impl Geometry for VectorGeometry {
    type Scalar = f64;
    type Signal = Vec<f64>;
    /// The mean product of the pair.
    type Workspace = f64;
    type Region = ();

    const FIELDS: bool = false;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<Vec<f64>> {
        Ok(inputs.vector(row)?.to_vec())
    }

    fn make_workspace(&self) -> f64 {
        0.0
    }

    fn begin(&self, [a, b]: [&Vec<f64>; 2], _: usize, product: &mut f64) -> usize {
        *product = dot(a, b) / a.len() as f64;
        1
    }

    fn lift(
        &self,
        _: [&Vec<f64>; 2],
        _: &Filter,
        _: usize,
        product: &mut f64,
        fibres: &mut Vec<f64>,
    ) {
        fibres.clear();
        fibres.push(*product);
    }

    fn lift_self(&self, _: &Filter, signal: &Vec<f64>, _: &mut f64, fibres: &mut Vec<f64>) {
        fibres.clear();
        fibres.push(dot(signal, signal) / signal.len() as f64);
    }

    fn average(&self, _: &Filter, (): (), _: &mut f64, _: &mut Vec<f64>) {}

    fn family(&self, (): ()) -> i64 {
        0
    }

    fn gather(&self, _: Side, field: &[f64], (): (), out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(field);
    }

    fn mean(&self, (): (), fibres: &[f64]) -> f64 {
        fibres[0]
    }

    fn close_pair(&self, [a, b]: [&Vec<f64>; 2]) -> Option<ClosePair> {
        Some(ClosePair::of_vectors(a, b))
    }
}

/// The scalar product Σ x y.
///
/// Entry i adds to the partial sum i mod 8. The eight sums are independent, so the compiler vectorises the loop; the result does not
/// depend on the width of the registers.
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
