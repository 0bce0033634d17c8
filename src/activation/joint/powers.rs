//! Products of four factors σ or σ' at up to four variables.

/// The powers of σ and of σ' of each variable; four factors in all, and an even number of derivatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Powers {
    pub(crate) value: [u8; 4],
    pub(crate) derivative: [u8; 4],
}

impl Powers {
    /// The variables of the factors σ, then the variables of the factors σ'.
    pub(crate) fn factors(&self) -> ([usize; 4], usize) {
        let mut factors = [0; 4];
        let mut filled = 0;
        let mut values = 0;
        for (kind, powers) in [&self.value, &self.derivative].into_iter().enumerate() {
            for (variable, &power) in powers.iter().enumerate() {
                for _ in 0..power {
                    factors[filled] = variable;
                    filled += 1;
                }
            }
            if kind == 0 {
                values = filled;
            }
        }
        (factors, values)
    }
}

/// All products of four factors in which each of d variables occurs, 1 ≤ d ≤ 4, with 0, 2 or 4 derivatives.
pub(crate) fn powers(d: usize) -> Vec<Powers> {
    let mut all = Vec::new();
    let mut each = |value: [u8; 4], derivative: [u8; 4]| {
        let occurs = |i: usize| value[i] + derivative[i] > 0;
        if (0..4).all(|i| occurs(i) == (i < d)) {
            all.push(Powers { value, derivative });
        }
    };
    for value in exponents(4) {
        each(value, [0; 4]);
        each([0; 4], value);
    }
    for value in exponents(2) {
        for derivative in exponents(2) {
            each(value, derivative);
        }
    }
    all
}

/// All exponents of four variables with a given sum.
fn exponents(sum: u8) -> Vec<[u8; 4]> {
    let mut all = Vec::new();
    for a in 0..=sum {
        for b in 0..=sum - a {
            for c in 0..=sum - a - b {
                all.push([a, b, c, sum - a - b - c]);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_counted() {
        assert_eq!([1, 2, 3, 4].map(|d| powers(d).len()), [3, 13, 18, 8]);
        let product = Powers {
            value: [0, 1, 0, 1],
            derivative: [2, 0, 0, 0],
        };
        assert_eq!(product.factors(), ([1, 3, 0, 0], 2));
    }
}
