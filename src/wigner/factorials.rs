//! Products and quotients of factorials as products of powers of primes.

use num_bigint::BigUint;
use num_traits::One;

/// A product of factorials and their inverses.
#[derive(Debug, Clone)]
pub(super) struct Factorials {
    /// Each prime with its exponent.
    powers: Vec<(u64, i64)>,
}

impl Factorials {
    /// One; factorials of numbers up to `largest` may enter.
    pub(super) fn new(largest: i64) -> Self {
        let largest = largest as usize;
        let mut composite = vec![false; largest + 1];
        let mut powers = Vec::new();
        for number in 2..=largest {
            if !composite[number] {
                powers.push((number as u64, 0));
                for multiple in (number * number..=largest).step_by(number) {
                    composite[multiple] = true;
                }
            }
        }
        Factorials { powers }
    }

    /// Multiplies with n!.
    pub(super) fn multiply(&mut self, n: i64) {
        self.add(n as u64, 1);
    }

    /// Divides by n!.
    pub(super) fn divide(&mut self, n: i64) {
        self.add(n as u64, -1);
    }

    /// The exponent of a prime p in n! is the sum of the quotients of n by p, p², ….
    fn add(&mut self, n: u64, sign: i64) {
        for (prime, exponent) in &mut self.powers {
            let mut quotient = n / *prime;
            while quotient > 0 {
                *exponent += sign * quotient as i64;
                quotient /= *prime;
            }
        }
    }

    /// Numerator and denominator, which have no common factor.
    pub(super) fn fraction(&self) -> (BigUint, BigUint) {
        let product = |sign: i64| {
            let powers = self.powers.iter().filter(|(_, e)| e * sign > 0);
            powers.fold(BigUint::one(), |product, &(prime, exponent)| {
                product * BigUint::from(prime).pow(exponent.unsigned_abs() as u32)
            })
        };
        (product(1), product(-1))
    }
}
