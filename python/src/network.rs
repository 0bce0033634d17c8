//! Networks, by the text of their file.

use std::path::PathBuf;

use haarmonic::network::Network;
use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::errors::OrRaise;
use crate::pickle::{Reduced, reduced};

/// An infinitely wide network, from the text of a network file.
///
/// The format is described in `docs/network-file.md`; `haarmonic.stax` composes such texts from layers. Networks are immutable, compare by
/// value, and pickle.
///
/// Parameters
/// ----------
/// text : str
///     A network file in TOML.
///
/// Raises
/// ------
/// ValueError
///     If the text is no network; the message names key, layer and line.
///
/// Examples
/// --------
/// >>> from haarmonic import Network
/// >>> network = Network('''
/// ... [input]
/// ... space = "vector"
/// ... dimension = 7
/// ... [[layers]]
/// ... kind = "dense"
/// ... weight_std = 1.3
/// ... ''')
/// >>> network
/// <haarmonic.Network: vector of 7 → dense (σw 1.3, σb 0)>
/// >>> Network(network.to_toml()) == network
/// True
#[pyclass(frozen, name = "Network", module = "haarmonic")]
pub(crate) struct PyNetwork(pub(crate) Network);

#[pymethods]
impl PyNetwork {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        Network::from_toml(text).or_raise().map(PyNetwork)
    }

    /// Read a network file.
    ///
    /// Parameters
    /// ----------
    /// path : str or os.PathLike
    ///     A file in TOML.
    ///
    /// Raises
    /// ------
    /// OSError
    ///     If the file cannot be read.
    /// ValueError
    ///     If it holds no network.
    #[classmethod]
    fn read(_class: &Bound<'_, PyType>, path: PathBuf) -> PyResult<Self> {
        Network::read(path).or_raise().map(PyNetwork)
    }

    /// A Myrtle network on images of 32 × 32 pixels in three colours: 3 × 3 convolutions, rectifiers, 2 × 2 average poolings.
    ///
    /// Parameters
    /// ----------
    /// depth : {5, 7, 10}
    ///     The number of layers with weights.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Network
    /// >>> Network.myrtle(5).to_toml().count("average-pooling")
    /// 5
    #[classmethod]
    fn myrtle(_class: &Bound<'_, PyType>, depth: usize) -> PyResult<Self> {
        Network::myrtle(depth).or_raise().map(PyNetwork)
    }

    /// A network of 3 × 3 convolutions with rectifiers and the mean over all pixels, on images of 32 × 32 pixels in three colours.
    ///
    /// Parameters
    /// ----------
    /// depth : int
    ///     The number of convolutions, at least 1.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Network
    /// >>> Network.cnn_gap(3).to_toml().count("group-convolution")
    /// 2
    #[classmethod]
    fn cnn_gap(_class: &Bound<'_, PyType>, depth: usize) -> PyResult<Self> {
        Network::cnn_gap(depth).or_raise().map(PyNetwork)
    }

    /// A network like `cnn_gap` with means over (2 c + 1) × (2 c + 1) pixels about every pixel, which are flattened.
    ///
    /// Parameters
    /// ----------
    /// depth : int
    ///     The number of convolutions, at least 1.
    /// radius : int
    ///     c, at most 15.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Network
    /// >>> "window = [9, 9]" in Network.cnn_lap(3, 4).to_toml()
    /// True
    #[classmethod]
    fn cnn_lap(_class: &Bound<'_, PyType>, depth: usize, radius: usize) -> PyResult<Self> {
        Network::cnn_lap(depth, radius).or_raise().map(PyNetwork)
    }

    /// The text of the network file, from which an equal network is made.
    fn to_toml(&self) -> PyResult<String> {
        self.0.to_toml().or_raise()
    }

    /// The recursion of the kernels of this network in symbols, layer by layer.
    ///
    /// Parameters
    /// ----------
    /// latex : bool, default False
    ///     Whether to return LaTeX (one ``align*`` environment, for amsmath, KaTeX or MathJax) instead of plain text.
    ///
    /// Returns
    /// -------
    /// str
    ///     The symbols, the formulas of each layer with the numbers of this network, and the outputs. Notebooks show the LaTeX of a
    ///     network that is the value of a cell.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Network
    /// >>> network = Network('input = { space = "vector", dimension = 3 }\nlayers = [{ kind = "dense", weight_std = 1.3 }]')
    /// >>> print(network.formula())
    /// Symbols
    ///   x, x': inputs, vectors of 3 numbers
    ///   Kᵢ(x, x'): the NNGP after layer i
    ///   Θᵢ(x, x'): the NTK after layer i
    /// <BLANKLINE>
    /// Layer 1: dense
    ///   K₁(x, x') = 1.3² x·x'/3
    ///   Θ₁(x, x') = K₁(x, x')
    /// <BLANKLINE>
    /// Outputs
    ///   NNGP: K₁(x, x')
    ///   NTK: Θ₁(x, x')
    /// <BLANKLINE>
    #[pyo3(signature = (*, latex = false))]
    fn formula(&self, latex: bool) -> String {
        let formula = self.0.formula();
        match latex {
            true => formula.to_latex(),
            false => formula.to_string(),
        }
    }

    fn _repr_latex_(&self) -> String {
        self.0.formula().to_latex()
    }

    /// Rows of a kernel matrix for each signal: the number of places at which features are read, 1 after a pooling.
    #[getter]
    fn outputs(&self) -> usize {
        self.0.outputs().count()
    }

    fn __richcmp__(&self, other: &Self, operator: CompareOp) -> Option<bool> {
        match operator {
            CompareOp::Eq => Some(self.0 == other.0),
            CompareOp::Ne => Some(self.0 != other.0),
            _ => None,
        }
    }

    fn __hash__(&self) -> PyResult<isize> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.to_toml()?.hash(&mut hasher);
        Ok(hasher.finish() as isize)
    }

    fn __repr__(&self) -> String {
        format!("<haarmonic.Network: {}>", self.0)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        reduced::<PyNetwork>(py, &PyDict::new(py), (self.to_toml()?,))
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyNetwork>()
}
