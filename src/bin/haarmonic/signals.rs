//! Coefficients of signals on the sphere, in files.

use std::path::Path;

use clap::ValueEnum;
use haarmonic::data::arrays::{Numbers, read_numbers};
use haarmonic::sphere::layouts::from_healpy;
use haarmonic::{Error, Result};
use ndarray::{Array3, ArrayD, Axis, Ix1, Ix2, IxDyn};
use num_complex::Complex64;

/// Where the coefficients of one signal lie.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum LayoutChoice {
    /// All orders, [L, 2L-1]
    Full,
    /// The orders m >= 0 of real signals, [L (L+1) / 2]
    Half,
}

/// Several signals of one band limit.
pub struct Signals {
    /// `[.., axes of the layout]` as in the file.
    pub coefficients: ArrayD<Complex64>,
    pub limit: usize,
    layout: LayoutChoice,
}

impl Signals {
    /// Reads coefficients with one leading axis at most; the shape tells the layout where both are possible.
    pub fn read(path: &Path, given: Option<LayoutChoice>) -> Result<Self> {
        let coefficients = match read_numbers(path)? {
            Numbers::Real(array) => array.mapv(Complex64::from),
            Numbers::Complex(array) => array,
        };
        let shape = coefficients.shape();
        let full = match *shape {
            [.., limit, width] if limit > 0 && width == 2 * limit - 1 => Some(limit),
            _ => None,
        };
        let half = shape.last().and_then(|&len| {
            let limit = (len.checked_mul(8)?.checked_add(1)?.isqrt() - 1) / 2;
            (limit > 0 && limit * (limit + 1) / 2 == len).then_some(limit)
        });
        let wanted = |layout| given.is_none_or(|given| given == layout);
        let full = full.filter(|_| wanted(LayoutChoice::Full) && shape.len() <= 3);
        let half = half.filter(|_| wanted(LayoutChoice::Half) && shape.len() <= 2);
        let (limit, layout) = match (full, half) {
            (Some(limit), None) => (limit, LayoutChoice::Full),
            (None, Some(limit)) => (limit, LayoutChoice::Half),
            (Some(_), Some(_)) => {
                let found = format!("the shape {shape:?}, which fits both layouts");
                let expected = "--layout full or --layout half with it";
                return Err(Error::invalid("coefficients", found, expected).in_file(path));
            }
            (None, None) => {
                let expected = match given {
                    Some(LayoutChoice::Full) => "[L, 2L-1] or [n, L, 2L-1]",
                    Some(LayoutChoice::Half) => "[L (L+1) / 2] or [n, L (L+1) / 2]",
                    None => "[L, 2L-1], [n, L, 2L-1], [L (L+1) / 2] or [n, L (L+1) / 2]",
                };
                return Err(Error::shape("coefficients", expected, shape.to_vec()).in_file(path));
            }
        };
        Ok(Signals {
            coefficients,
            limit,
            layout,
        })
    }

    /// The axes of one signal.
    fn axes(&self) -> usize {
        match self.layout {
            LayoutChoice::Full => 2,
            LayoutChoice::Half => 1,
        }
    }

    pub fn is_half(&self) -> bool {
        self.layout == LayoutChoice::Half
    }

    /// Whether the file has an axis for several signals.
    pub fn several(&self) -> bool {
        self.coefficients.ndim() > self.axes()
    }

    /// All signals along a first axis.
    pub fn stacked(&self) -> ArrayD<Complex64> {
        let mut all = self.coefficients.clone();
        if !self.several() {
            all.insert_axis_inplace(Axis(0));
        }
        all
    }

    /// All signals in the full layout, `[n, L, 2L − 1]`.
    pub fn full(&self) -> Result<Array3<Complex64>> {
        let all = self.stacked();
        let (count, limit) = (all.shape()[0], self.limit);
        let mut full = ArrayD::zeros(IxDyn(&[count, limit, 2 * limit - 1]));
        for (mut out, signal) in full.outer_iter_mut().zip(all.outer_iter()) {
            match self.layout {
                LayoutChoice::Full => out.assign(&signal),
                LayoutChoice::Half => {
                    let half = signal.into_dimensionality::<Ix1>().expect("one axis");
                    let mut out = out.into_dimensionality::<Ix2>().expect("two axes");
                    out.assign(&from_healpy(half)?);
                }
            }
        }
        Ok(full.into_dimensionality().expect("three axes"))
    }
}
