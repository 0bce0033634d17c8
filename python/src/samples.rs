//! Samples of signals in four types: real or complex, in double or single precision.

use crate::arrays::{self, Input};
use numpy::{Complex32, Complex64, PyArrayDescr, PyArrayDescrMethods, dtype};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// The type of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SampleType {
    Float64,
    Float32,
    Complex128,
    Complex64,
}

impl SampleType {
    /// Reads a dtype of NumPy, or what stands for one: `float`, `"complex64"`.
    ///
    /// # Errors
    /// `TypeError` for other types.
    pub(crate) fn read(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = value.py();
        let found = PyArrayDescr::new(py, value)?;
        let types = [
            (SampleType::Float64, dtype::<f64>(py)),
            (SampleType::Float32, dtype::<f32>(py)),
            (SampleType::Complex128, dtype::<Complex64>(py)),
            (SampleType::Complex64, dtype::<Complex32>(py)),
        ];
        match types.iter().find(|(_, known)| found.is_equiv_to(known)) {
            Some((kind, _)) => Ok(*kind),
            None => Err(PyTypeError::new_err(format!(
                "dtype: found {found}, expected float64, float32, complex128 or complex64"
            ))),
        }
    }

    /// Whether samples have no imaginary part.
    pub(crate) fn is_real(self) -> bool {
        matches!(self, SampleType::Float64 | SampleType::Float32)
    }
}

/// An array of samples.
pub(crate) enum Samples<'py> {
    Float64(Input<'py, f64>),
    Float32(Input<'py, f32>),
    Complex128(Input<'py, Complex64>),
    Complex64(Input<'py, Complex32>),
}

impl<'py> Samples<'py> {
    /// Reads an array: the four types where they lie, other numbers in double precision.
    ///
    /// # Errors
    /// `TypeError` if the array does not hold numbers.
    pub(crate) fn read(value: &Bound<'py, PyAny>, what: &str) -> PyResult<Self> {
        if let Some(input) = arrays::where_it_lies(value, what)? {
            return Ok(Samples::Float64(input));
        }
        if let Some(input) = arrays::where_it_lies(value, what)? {
            return Ok(Samples::Float32(input));
        }
        let array = value
            .py()
            .import("numpy")?
            .call_method1("asarray", (value,))?;
        let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
        if kind != "c" {
            return Ok(Samples::Float64(arrays::real(&array, what)?));
        }
        match arrays::where_it_lies(&array, what)? {
            Some(input) => Ok(Samples::Complex64(input)),
            None => Ok(Samples::Complex128(arrays::complex(&array, what)?)),
        }
    }

    /// Whether samples have no imaginary part.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self, Samples::Float64(_) | Samples::Float32(_))
    }

    /// The shape of the array.
    pub(crate) fn shape(&self) -> Vec<usize> {
        each_samples!(self, samples => samples.view().shape().to_vec())
    }
}

/// Works on samples of any type.
macro_rules! each_samples {
    ($samples:expr, $input:ident => $work:expr) => {
        match $samples {
            $crate::samples::Samples::Float64($input) => $work,
            $crate::samples::Samples::Float32($input) => $work,
            $crate::samples::Samples::Complex128($input) => $work,
            $crate::samples::Samples::Complex64($input) => $work,
        }
    };
}
pub(crate) use each_samples;

/// Works with the Rust type of a type of samples.
macro_rules! each_type {
    ($kind:expr, $name:ident => $work:expr) => {
        match $kind {
            $crate::samples::SampleType::Float64 => {
                type $name = f64;
                $work
            }
            $crate::samples::SampleType::Float32 => {
                type $name = f32;
                $work
            }
            $crate::samples::SampleType::Complex128 => {
                type $name = ::numpy::Complex64;
                $work
            }
            $crate::samples::SampleType::Complex64 => {
                type $name = ::numpy::Complex32;
                $work
            }
        }
    };
}
pub(crate) use each_type;
