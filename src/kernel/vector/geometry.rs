//! The geometry of vectors: a trivial group with one fibre, which gives the kernels of a multilayer perceptron.

use crate::Result;
use crate::kernel::recursion::{Adjoint, ClosePair, Geometry, Side};
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

    fn write_products<'s>(
        &self,
        signal: &Vec<f64>,
        others: impl Iterator<Item = &'s Vec<f64>>,
        out: &mut [f64],
    ) -> bool {
        // out_j = Σ_i a_i b_ij / d. The dispatch for the registers is made once for the whole row.
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for (out, other) in out.iter_mut().zip(others) {
                    *out = sum_of_products(signal, other) / signal.len() as f64;
                }
            },
        );
        true
    }

    fn adjoint(&self) -> Option<&dyn Adjoint<Self>> {
        Some(self)
    }

    fn close_pair(&self, [a, b]: [&Vec<f64>; 2]) -> Option<ClosePair> {
        Some(ClosePair::of_vectors(a, b))
    }
}

impl Adjoint<VectorGeometry> for VectorGeometry {
    fn cotangent_len(&self, signal: &Vec<f64>) -> usize {
        signal.len()
    }

    fn spread(&self, (): (), cotangent: f64, fibres: &mut Vec<f64>) {
        fibres.clear();
        fibres.push(cotangent);
    }

    fn average_adjoint(&self, _: &Filter, _: [(); 2], _: &mut f64, _: &mut Vec<f64>) {}

    fn scatter(&self, _: Side, (): (), values: &[f64], field: &mut [f64]) {
        field[0] += values[0];
    }

    fn lift_adjoint(
        &self,
        [a, b]: [&Vec<f64>; 2],
        _: &Filter,
        (): (),
        _: &mut f64,
        fibres: &mut Vec<f64>,
        [to_a, to_b]: [Option<&mut [f64]>; 2],
    ) {
        let factor = fibres[0] / a.len() as f64;
        for (to, other) in [(to_a, b), (to_b, a)] {
            if let Some(to) = to {
                add_multiple(factor, other, to);
            }
        }
    }

    fn lift_self_adjoint(
        &self,
        _: &Filter,
        signal: &Vec<f64>,
        (): (),
        _: &mut f64,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    ) {
        let factor = 2.0 * fibres[0] / signal.len() as f64;
        add_multiple(factor, signal, cotangent);
    }
}

/// Adds a multiple of one array to another; the compiler vectorises the loop.
fn add_multiple(factor: f64, terms: &[f64], sums: &mut [f64]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += factor * term;
            }
        },
    );
}

/// The scalar product Σ x y.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || sum_of_products(a, b),
    )
}

/// The scalar product Σ x y, for the registers of the caller.
///
/// Entry i adds to the partial sum i mod 8. The eight sums are independent, so the compiler vectorises the loop; the result does not
/// depend on the width of the registers.
#[inline(always)]
fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
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
}
