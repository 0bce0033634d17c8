//! The two layouts of spherical-harmonic coefficients, and how the shape of an array tells the layout.

use haarmonic::sphere::{MAX_BAND_LIMIT, layouts};
use numpy::Complex64;
use numpy::ndarray::{Array2, ArrayViewD, Ix1, Ix2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Where the coefficients of one signal lie, with L = lmax + 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[L (L + 1) / 2]`, entry `m (2 lmax + 1 − m) / 2 + l`, m ≥ 0: real signals, as in healpy and ducc0.
    Half,
    /// `[L, 2L − 1]`, entry `[l, m + lmax]`, as in s2fft.
    Full,
}

/// How an array of coefficients is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) layout: Layout,
    /// L.
    pub(crate) limit: usize,
}

impl Layout {
    /// Reads an argument `layout`.
    ///
    /// # Errors
    /// `ValueError` for other names.
    pub(crate) fn parse(name: Option<&str>) -> PyResult<Option<Layout>> {
        match name {
            None => Ok(None),
            Some("half") => Ok(Some(Layout::Half)),
            Some("full") => Ok(Some(Layout::Full)),
            Some(other) => Err(PyValueError::new_err(format!(
                "layout: found {other:?}, expected \"half\" or \"full\""
            ))),
        }
    }

    /// The name that [`Layout::parse`] reads.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Layout::Half => "half",
            Layout::Full => "full",
        }
    }

    /// The axes of the coefficients of one signal of all orders.
    pub(crate) fn axes(self, limit: usize) -> Vec<usize> {
        self.axes_of(limit, limit)
    }

    /// The axes of the coefficients of one signal of L and N: degrees below L and orders |m| below N.
    pub(crate) fn axes_of(self, limit: usize, orders: usize) -> Vec<usize> {
        match self {
            Layout::Half => vec![orders * (2 * limit + 1 - orders) / 2],
            Layout::Full => vec![limit, 2 * orders - 1],
        }
    }

    /// L, if the last axes of an array have this layout.
    fn limit(self, shape: &[usize]) -> Option<usize> {
        let last = *shape.last()?;
        let limit = match self {
            // Longer axes belong to no band limit, and 8 n + 1 would overflow.
            Layout::Half if last > MAX_BAND_LIMIT * MAX_BAND_LIMIT => return None,
            Layout::Half => ((8 * last + 1).isqrt() - 1) / 2,
            Layout::Full => last.div_ceil(2),
        };
        (limit > 0 && shape.ends_with(&self.axes(limit))).then_some(limit)
    }
}

/// Reads the shape of coefficients, whose leading axes are a batch.
///
/// # Arguments
/// * `given` — the layout, if the caller says so
/// * `limits` — L and N, if they are known; otherwise N is L
///
/// # Errors
/// `ValueError` if the shape fits no layout, or both.
pub(crate) fn read(
    shape: &[usize],
    given: Option<Layout>,
    limits: Option<[usize; 2]>,
) -> PyResult<Reading> {
    let read = |layout: Layout| {
        let limit = match limits {
            Some([limit, orders]) => {
                let fits = shape.ends_with(&layout.axes_of(limit, orders));
                fits.then_some(limit)?
            }
            None => layout.limit(shape)?,
        };
        let wanted = given.is_none_or(|given| given == layout);
        wanted.then_some(Reading { layout, limit })
    };
    match (read(Layout::Half), read(Layout::Full)) {
        (Some(reading), None) | (None, Some(reading)) => Ok(reading),
        (Some(_), Some(_)) => Err(PyValueError::new_err(format!(
            "coefficients: the shape {shape:?} fits both layouts, expected layout=\"half\" or layout=\"full\""
        ))),
        (None, None) => {
            let axes = |layout: Layout| match limits {
                Some([limit, orders]) => {
                    format!("{:?}", layout.axes_of(limit, orders)).replace('[', "[.., ")
                }
                None if layout == Layout::Half => "[.., L (L + 1) / 2]".to_owned(),
                None => "[.., L, 2 L - 1]".to_owned(),
            };
            let expected = match given {
                Some(layout) => axes(layout),
                None => format!("{} or {}", axes(Layout::Half), axes(Layout::Full)),
            };
            Err(PyValueError::new_err(format!(
                "coefficients: expected shape {expected}, found {shape:?}"
            )))
        }
    }
}

/// One signal in the full layout. Of the half layout the imaginary parts at m = 0 are not used.
///
/// # Errors
/// As [`layouts::from_healpy`].
pub(crate) fn full(
    coeffs: &ArrayViewD<'_, Complex64>,
    reading: Reading,
) -> haarmonic::Result<Array2<Complex64>> {
    match reading.layout {
        Layout::Full => Ok(coeffs
            .view()
            .into_dimensionality::<Ix2>()
            .expect("two axes")
            .to_owned()),
        Layout::Half => {
            let mut half = coeffs
                .view()
                .into_dimensionality::<Ix1>()
                .expect("one axis")
                .to_owned();
            for value in half.iter_mut().take(reading.limit) {
                value.im = 0.0;
            }
            layouts::from_healpy(half.view())
        }
    }
}
