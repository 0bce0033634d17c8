//! The kernels of a network as polynomials in the correlation of two signals.
//!
//! If all filters are global, a fibre is one number, the correlation κ of both signals at the relative element r, and layers whose activations
//! are polynomials of degree 2 at most turn it into a polynomial in κ:
//! ```math
//! K_r(a, b) = \sum_t c_t \, u_t(a) \, u_t(b) \, \kappa_r(a, b)^{p_t} , \qquad c_t \ge 0 .
//! ```
//! The $`u_t`$ are products of numbers that belong to one signal: $`E[\sigma(u)]`$ of an activation, and $`1/\sqrt q`$ of a normalisation, for the
//! variance q of the signal. With $`\sigma(x) = c_0 + c_1 x + c_2 x^2`$,
//! ```math
//! E[\sigma(u)\sigma(v)] = E[\sigma(u)]\,E[\sigma(v)] + c_1^2\, k + 2 c_2^2\, k^2 , \qquad E[\sigma'(u)\sigma'(v)] = c_1^2 + 4 c_2^2\, k .
//! ```
//! The polynomials follow from the steps of the recursion, once per network. A geometry that writes the mean over the group of $`\kappa_r^p`$ as an
//! inner product of features of both signals thereby has features of the kernels.

use std::collections::BTreeMap;

use crate::Result;
use crate::activation::{Activation, Real, VarianceField};
use crate::network::{Filter, Init};

use super::place::{Fibres, Place};
use super::value::Value;

/// A polynomial in κ and in products $`s_i(a) s_i(b)`$ of the numbers of both signals.
///
/// The key of a term is the power of κ, followed by the exponents of the products, without zeros at the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Polynomial {
    terms: BTreeMap<Vec<u32>, f64>,
}

impl Polynomial {
    fn constant(value: f64) -> Self {
        Polynomial::term(vec![0], value)
    }

    fn term(key: Vec<u32>, coefficient: f64) -> Self {
        let mut terms = BTreeMap::new();
        if coefficient != 0.0 {
            terms.insert(key, coefficient);
        }
        Polynomial { terms }
    }

    /// κ itself.
    pub(super) fn correlation() -> Self {
        Polynomial::term(vec![1], 1.0)
    }

    /// The product $`s_i(a) s_i(b)`$.
    fn number_of_signals(index: usize) -> Self {
        let mut key = vec![0; index + 2];
        key[index + 1] = 1;
        Polynomial::term(key, 1.0)
    }

    fn times(&self, other: &Self) -> Self {
        let mut product = Polynomial::default();
        for (a, x) in &self.terms {
            for (b, y) in &other.terms {
                let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
                let mut key = long.clone();
                for (sum, exponent) in key.iter_mut().zip(short) {
                    *sum += exponent;
                }
                *product.terms.entry(key).or_default() += x * y;
            }
        }
        product
    }

    /// The highest power of κ.
    pub(crate) fn degree(&self) -> usize {
        self.terms
            .keys()
            .map(|key| key[0] as usize)
            .max()
            .unwrap_or(0)
    }
}

impl Value for Polynomial {
    type Number = f64;

    fn number(value: f64) -> f64 {
        value
    }

    fn affine(&self, weight: f64, bias: f64) -> Self {
        Polynomial::constant(bias).plus_scaled(weight, self)
    }

    fn plus_scaled(&self, weight: f64, tangent: &Self) -> Self {
        let mut sum = self.clone();
        // Terms without a coefficient would count in the degree.
        for (key, coefficient) in tangent.terms.iter().filter(|_| weight != 0.0) {
            *sum.terms.entry(key.clone()).or_default() += weight * coefficient;
        }
        sum
    }

    fn plus(&self, other: &Self) -> Self {
        self.plus_scaled(1.0, other)
    }
}

/// A number that belongs to a signal, from its variance before a layer.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignalNumber {
    /// $`E[\sigma(u)] = c_0 + c_2 q`$
    Mean([f64; 3]),
    /// $`1/\sqrt q`$
    Root,
}

/// The place of kernels that are polynomials.
#[derive(Debug, Default)]
pub(super) struct PolynomialPlace {
    /// One number per activation or normalisation met so far.
    pub(super) numbers: Vec<SignalNumber>,
    /// The kernel before each of these layers, whose value for a signal with itself is the variance.
    pub(super) variances: Vec<Polynomial>,
    /// Powers of κ beyond this one are not wanted.
    pub(super) largest_degree: usize,
    /// Whether a layer makes the kernel something else than a polynomial of this degree.
    pub(super) failed: bool,
}

impl Place<Polynomial> for PolynomialPlace {
    type Region = ();

    fn region(&self) {}

    fn return_to(&mut self, (): ()) {}

    /// A fibre is one number, and equals its mean over a filter. Sums over neighbours couple fibres.
    fn average(&mut self, filter: &Filter, _: &mut Fibres<Polynomial>) {
        self.failed |= matches!(filter, Filter::Message(_) | Filter::Neighbours(_));
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<Polynomial>) -> Result<()> {
        let own = Polynomial::number_of_signals(self.numbers.len());
        let (k, t) = (&mut fibres.nngp[0], &mut fibres.ntk[0]);
        self.variances.push(k.clone());
        if *activation == Activation::Normalisation {
            self.numbers.push(SignalNumber::Root);
            (*k, *t) = (k.times(&own), t.times(&own));
            return Ok(());
        }
        let coefficients = activation.quadratic();
        let [c0, c1, c2] = coefficients.unwrap_or_default();
        self.numbers.push(SignalNumber::Mean([c0, c1, c2]));
        let mean = if c2 == 0.0 {
            Polynomial::constant(c0 * c0)
        } else {
            own
        };
        let derivative = k.affine(4.0 * c2 * c2, c1 * c1);
        *t = derivative.times(t);
        *k = mean
            .plus_scaled(c1 * c1, k)
            .plus_scaled(2.0 * c2 * c2, &k.times(k));
        self.failed |= coefficients.is_none() || k.degree().max(t.degree()) > self.largest_degree;
        if self.failed {
            // The layers that follow need not multiply long polynomials.
            (*k, *t) = (Polynomial::default(), Polynomial::default());
        }
        Ok(())
    }

    fn scaled(&mut self, _: Init) {}
}

/// A term $`u_t(a)\,u_t(b)\,\kappa^{p_t}`$ of both kernels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    /// $`p_t`$
    pub(crate) power: usize,
    /// The exponents of the numbers of a signal in $`u_t`$.
    exponents: Vec<u32>,
    /// The coefficients $`c_t`$ of K and Θ.
    pub(crate) coefficients: [f64; 2],
}

/// Both kernels of a network as polynomials in the correlation.
#[derive(Debug, Clone)]
pub(crate) struct PolynomialKernels {
    /// The terms of the kernels before the layers that follow the mean over the group.
    pub(crate) pooled: Vec<Term>,
    /// The terms of the kernels after the last layer, in terms of means over the group; none if an activation follows the mean.
    pub(crate) outputs: Option<Vec<Term>>,
    numbers: Vec<SignalNumber>,
}

/// Both kernels of two atoms of molecules as polynomials in the correlation of what both see, and the kernels of the molecules.
#[derive(Debug, Clone)]
pub(crate) struct AtomPolynomials {
    /// The terms of the kernels of two atoms before they are summed over pairs of atoms.
    pub(crate) atoms: Vec<Term>,
    /// The terms of the kernels of two molecules before the layers after the sum, and after all layers (none if an activation is among these). The
    /// power p + 1 stands for the sum of term p over pairs of atoms, and the power 0 for a constant.
    pub(crate) molecules: PolynomialKernels,
    numbers: Vec<SignalNumber>,
    variances: Vec<Polynomial>,
}

impl AtomPolynomials {
    /// Sorts the kernels of two atoms.
    ///
    /// # Arguments
    /// * `after` — carries the kernels of two molecules through the layers after the sum over atoms
    pub(super) fn new(
        atoms: [Polynomial; 2],
        place: PolynomialPlace,
        after: impl FnOnce([Polynomial; 2]) -> Option<[Polynomial; 2]>,
    ) -> Self {
        let atoms = terms(&atoms);
        let sums = [0, 1].map(|kind| {
            let mut sum = Polynomial::default();
            for (p, term) in (1..).zip(&atoms) {
                let unit = Polynomial::term(vec![p], 1.0);
                sum = sum.plus_scaled(term.coefficients[kind], &unit);
            }
            sum
        });
        let outputs = after(sums.clone());
        AtomPolynomials {
            atoms,
            molecules: PolynomialKernels::new(sums, outputs, Vec::new()),
            numbers: place.numbers,
            variances: place.variances,
        }
    }

    /// The numbers of an atom from its correlation with itself, each with its derivative.
    pub(crate) fn numbers(&self, correlation: f64) -> Vec<[f64; 2]> {
        let mut found: Vec<[f64; 2]> = Vec::new();
        for (number, variance) in self.numbers.iter().zip(&self.variances) {
            let [mut q, mut slope] = [0.0; 2];
            for (key, coefficient) in &variance.terms {
                let power = correlation.powi(key[0] as i32);
                // Both atoms of the pair are one, so that each number enters squared.
                let exponents: Vec<u32> = key[1..].iter().map(|e| 2 * e).collect();
                let [factor, factor_slope] = product(&exponents, &found);
                q += coefficient * power * factor;
                let of_power = match key[0] {
                    0 => 0.0,
                    p => f64::from(p) * correlation.powi(p as i32 - 1),
                };
                slope += coefficient * (of_power * factor + power * factor_slope);
            }
            found.push(match number {
                SignalNumber::Mean([c0, _, c2]) => [c0 + c2 * q, c2 * slope],
                SignalNumber::Root if q > 0.0 => [q.sqrt().recip(), -0.5 * slope / (q * q.sqrt())],
                SignalNumber::Root => [0.0; 2],
            });
        }
        found
    }
}

/// A product of powers of numbers, with its derivative.
fn product(exponents: &[u32], numbers: &[[f64; 2]]) -> [f64; 2] {
    let mut found = [1.0, 0.0];
    for (&e, &[number, slope]) in exponents.iter().zip(numbers) {
        if e > 0 {
            let rest = number.powi(e as i32 - 1);
            let power = [rest * number, f64::from(e) * rest * slope];
            found = [
                found[0] * power[0],
                found[0] * power[1] + found[1] * power[0],
            ];
        }
    }
    found
}

impl PolynomialKernels {
    /// Kernels of terms that are known, of signals without numbers.
    pub(crate) fn of_terms(pooled: Vec<Term>, outputs: Option<Vec<Term>>) -> Self {
        PolynomialKernels {
            pooled,
            outputs,
            numbers: Vec::new(),
        }
    }

    pub(super) fn new(
        pooled: [Polynomial; 2],
        outputs: Option<[Polynomial; 2]>,
        numbers: Vec<SignalNumber>,
    ) -> Self {
        PolynomialKernels {
            pooled: terms(&pooled),
            outputs: outputs.as_ref().map(terms),
            numbers,
        }
    }

    /// The numbers of a signal from its variances before each activation and normalisation.
    pub(crate) fn numbers<T: Real>(&self, variances: &[VarianceField<T>]) -> Vec<f64> {
        let number = |(number, field): (&SignalNumber, &VarianceField<T>)| match number {
            SignalNumber::Mean([c0, _, c2]) => c0 + c2 * field.variance()[0].wide(),
            SignalNumber::Root => field.factor()[0].wide(),
        };
        self.numbers.iter().zip(variances).map(number).collect()
    }
}

impl Term {
    /// $`u_t`$ of a signal.
    pub(crate) fn factor(&self, numbers: &[f64]) -> f64 {
        let powers = self.exponents.iter().zip(numbers);
        powers.map(|(&e, number)| number.powi(e as i32)).product()
    }

    /// $`u_t`$ of a signal, and its derivative.
    pub(crate) fn factor_with_slope(&self, numbers: &[[f64; 2]]) -> [f64; 2] {
        product(&self.exponents, numbers)
    }

    /// Returns this term with another power.
    pub(crate) fn with_power(&self, power: usize) -> Term {
        Term {
            power,
            ..self.clone()
        }
    }
}

/// The terms of both polynomials.
fn terms([nngp, ntk]: &[Polynomial; 2]) -> Vec<Term> {
    let mut both = BTreeMap::new();
    for (side, polynomial) in [nngp, ntk].into_iter().enumerate() {
        for (key, &coefficient) in &polynomial.terms {
            both.entry(key.clone()).or_insert([0.0; 2])[side] = coefficient;
        }
    }
    let term = |(key, coefficients): (Vec<u32>, [f64; 2])| Term {
        power: key[0] as usize,
        exponents: key[1..].to_vec(),
        coefficients,
    };
    both.into_iter().map(term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_collect_equal_powers() {
        // (2κ + 3 s)² = 4κ² + 12 κ s + 9 s²
        let sum = Polynomial::number_of_signals(0).affine(3.0, 0.0);
        let sum = sum.plus_scaled(2.0, &Polynomial::correlation());
        let square = sum.times(&sum);
        assert_eq!(square.degree(), 2);
        let expected = [(vec![0, 2], 9.0), (vec![1, 1], 12.0), (vec![2], 4.0)];
        assert_eq!(square.terms, expected.into_iter().collect());
    }
}
