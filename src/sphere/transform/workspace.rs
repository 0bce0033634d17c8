//! Working memory of transforms at points, which the scratch of all plans has.

use crate::simd::aligned::Aligned;
use num_complex::Complex64;

/// Arrays of a transform at points; their content never affects results.
#[derive(Debug, Clone, Default)]
pub(in crate::sphere) struct PointWorkspace {
    /// Samples on the fine grid with its borders, one plane after the other.
    pub planes: Aligned,
    /// All orders on the rows of the fine grid.
    pub columns: Aligned,
    /// Samples of single precision, as numbers of double precision.
    pub samples: Vec<f64>,
    /// The working memory of one thread.
    pub thread: ThreadWorkspace,
}

/// Arrays of one thread.
#[derive(Debug, Clone, Default)]
pub(in crate::sphere) struct ThreadWorkspace {
    /// Two bundles of columns.
    pub bundles: [Aligned; 2],
    /// One row of the fine grid, and the work space of its Fourier transform.
    pub row: Vec<Complex64>,
    pub fourier: Vec<Complex64>,
}
