//! Kernels and functions that the prediction tests share.
use std::ops::{Bound, RangeBounds};

use haarmonic::predict::{GradientFlow, KernelKind, Kernels, Ridge};
use ndarray::{Array2, ArrayView2, Axis, Slice, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The sub-matrix with these rows and columns.
pub fn block<'a>(
    matrix: ArrayView2<'a, f64>,
    rows: impl RangeBounds<usize>,
    columns: impl RangeBounds<usize>,
) -> ArrayView2<'a, f64> {
    let mut part = matrix;
    part.slice_axis_inplace(Axis(0), slice(&rows));
    part.slice_axis_inplace(Axis(1), slice(&columns));
    part
}

fn slice(range: &impl RangeBounds<usize>) -> Slice {
    let start = match range.start_bound() {
        Bound::Included(&i) => i as isize,
        _ => 0,
    };
    let end = match range.end_bound() {
        Bound::Excluded(&i) => Some(i as isize),
        _ => None,
    };
    Slice::new(start, end, 1)
}

/// Train and test kernels of a random but reproducible problem with well separated points.
pub struct Problem {
    pub ntk_dd: Array2<f64>,
    pub nngp_dd: Array2<f64>,
    pub ntk_td: Array2<f64>,
    pub nngp_td: Array2<f64>,
    pub nngp_tt: Array2<f64>,
    pub targets: Array2<f64>,
}

impl Problem {
    /// Two different kernels that are positive definite: exp(-|x - x'|²) and (1 + x·x')² + that.
    pub fn new(train: usize, test: usize, outputs: usize) -> Problem {
        let mut rng = ChaCha8Rng::seed_from_u64(31);
        let mut points = Array2::zeros((train + test, 4));
        points.mapv_inplace(|_: f64| 2.0 * rng.random::<f64>() - 1.0);
        let mut targets = Array2::zeros((train, outputs));
        targets.mapv_inplace(|_: f64| 2.0 * rng.random::<f64>() - 1.0);
        let kernel = |f: &dyn Fn(f64, f64) -> f64| {
            let n = train + test;
            Array2::from_shape_fn((n, n), |(i, j)| {
                let (a, b) = (points.row(i), points.row(j));
                let distance: f64 = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum();
                f(distance, a.dot(&b))
            })
        };
        let nngp = kernel(&|d, _| (-d).exp());
        let ntk = kernel(&|d, p| 2.0 * (-d).exp() + 0.3 * (1.0 + p).powi(2));
        Problem {
            ntk_dd: block(ntk.view(), ..train, ..train).to_owned(),
            nngp_dd: block(nngp.view(), ..train, ..train).to_owned(),
            ntk_td: block(ntk.view(), train.., ..train).to_owned(),
            nngp_td: block(nngp.view(), train.., ..train).to_owned(),
            nngp_tt: block(nngp.view(), train.., train..).to_owned(),
            targets,
        }
    }

    pub fn flow(&self, kind: KernelKind, ridge: Ridge, learning_rate: f64) -> GradientFlow {
        GradientFlow::fit(self.train(kind), self.targets.view(), ridge)
            .and_then(|flow| flow.with_learning_rate(learning_rate))
            .unwrap()
    }

    pub fn train(&self, kind: KernelKind) -> Kernels<'_> {
        match kind {
            KernelKind::Ntk => Kernels::ntk(self.ntk_dd.view(), self.nngp_dd.view()),
            KernelKind::Nngp => Kernels::nngp(self.nngp_dd.view()),
        }
    }

    pub fn cross(&self, kind: KernelKind) -> Kernels<'_> {
        match kind {
            KernelKind::Ntk => Kernels::ntk(self.ntk_td.view(), self.nngp_td.view()),
            KernelKind::Nngp => Kernels::nngp(self.nngp_td.view()),
        }
    }

    pub fn evolution(&self, kind: KernelKind) -> (&Array2<f64>, &Array2<f64>) {
        match kind {
            KernelKind::Ntk => (&self.ntk_dd, &self.ntk_td),
            KernelKind::Nngp => (&self.nngp_dd, &self.nngp_td),
        }
    }
}

pub const KINDS: [KernelKind; 2] = [KernelKind::Ntk, KernelKind::Nngp];

/// (XᵀX + ε)⁻¹ Xᵀ y for two features, by Cramer's rule.
pub fn closed_form_ridge(x: &Array2<f64>, y: &Array2<f64>, epsilon: f64) -> Array2<f64> {
    let normal = x.t().dot(x) + epsilon * Array2::<f64>::eye(2);
    let right = x.t().dot(y);
    let determinant = normal[[0, 0]] * normal[[1, 1]] - normal[[0, 1]] * normal[[1, 0]];
    let adjugate = array![
        [normal[[1, 1]], -normal[[0, 1]]],
        [-normal[[1, 0]], normal[[0, 0]]]
    ];
    adjugate.dot(&right) / determinant
}

pub fn linear_problem() -> (Array2<f64>, Array2<f64>, Array2<f64>) {
    let x = array![
        [1.0, 0.5],
        [-0.3, 2.0],
        [0.7, -1.1],
        [0.2, 0.4],
        [-1.5, 0.3]
    ];
    let y = array![[1.0, 0.0], [0.3, -2.0], [0.5, 1.0], [-0.7, 0.2], [0.9, 0.1]];
    let test = array![[0.3, 0.3], [2.0, -1.0], [0.0, 0.0]];
    (x, y, test)
}
