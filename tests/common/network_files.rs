//! The network files of the documentation, for the tests of the file format.

use haarmonic::activation::Activation;

/// The documentation of the file format.
pub const DOCUMENT: &str = include_str!("../../docs/network-file.md");

/// The TOML files of the documentation, in order.
pub fn documented_files() -> Vec<&'static str> {
    DOCUMENT
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// The documented multilayer perceptron.
pub fn mlp_file() -> &'static str {
    documented_files()[0]
}

/// The documented network on the sphere.
pub fn sphere_file() -> &'static str {
    documented_files()[1]
}

/// Every activation that has a name, with its name and its parameter as a file has them.
pub fn every_activation() -> Vec<(Activation, &'static str)> {
    vec![
        (Activation::Relu, "relu"),
        (
            Activation::LeakyRelu { slope: 0.1 },
            "leaky-relu\"\nslope = 0.1 #",
        ),
        (Activation::Abs, "abs"),
        (Activation::Erf, "erf"),
        (Activation::Gelu, "gelu"),
        (Activation::Sin, "sin"),
        (Activation::Cos, "cos"),
        (Activation::Exp, "exp"),
        (Activation::Gaussian, "gaussian"),
        (Activation::Sign, "sign"),
        (Activation::SigmoidLike, "sigmoid-like"),
        (
            Activation::Monomial { degree: 3 },
            "monomial\"\ndegree = 3 #",
        ),
        (
            Activation::RectifiedMonomial { degree: 2 },
            "rectified-monomial\"\ndegree = 2 #",
        ),
        (Activation::Hermite { degree: 4 }, "hermite\"\ndegree = 4 #"),
    ]
}
