//! Refinement along two axes at once, without their product.
//!
//! With the differences of values $`V_{ij}`$ at the steps i and j of the two axes,
//! ```math
//! \Delta_{ij} = V_{ij} - V_{i-1,j} - V_{i,j-1} + V_{i-1,j-1} , \qquad V \approx \sum_{(i,j) \in I} \Delta_{ij}
//! ```
//! over a set I that contains, with each index, all smaller indices. The set grows where the differences are large. It combines fine
//! grids with coarse quadratures, and fine quadratures with coarse grids; the change from both refinements together is a product of two
//! small numbers. The sum of the outermost differences estimates the error.
//!
//! # References
//! Gerstner and Griebel, *Dimension-adaptive tensor-product quadrature*, Computing 71 (2003).

use crate::kernel::values::KernelPair;

use super::refinement::LevelIndex;

/// No error estimate is smaller than this fraction of the last change but one: two values may agree by accident, and three rarely do.
const TRUST: f64 = 0.02;
/// The factor of the error of a mixed difference. The change from a finer grid acts on the nodes of a quadrature like noise, and need not
/// decrease with the next quadrature; the larger of two successive changes counts, times this factor.
const COUPLED: f64 = 2.0;

/// What is refined: the kernels of a pair, or their derivatives.
pub(super) trait Refined: Sized {
    /// Σ c v over some terms, at least one.
    fn combination(terms: &[(f64, &Self)]) -> Self;

    /// The sizes of its two parts, not negative.
    fn size(&self) -> KernelPair;
}

impl Refined for KernelPair {
    fn combination(terms: &[(f64, &Self)]) -> Self {
        let add = |sum: KernelPair, (c, value): &(f64, &Self)| sum.plus(value.scaled(*c));
        terms.iter().fold(KernelPair::default(), add)
    }

    fn size(&self) -> KernelPair {
        self.distance(KernelPair::default())
    }
}

/// The levels at which a pair was evaluated.
#[derive(Debug)]
pub(super) struct IndexSet<V> {
    /// Whether each axis has more than one step.
    approximated: [bool; 2],
    terms: Vec<Term<V>>,
}

/// One level and its difference.
#[derive(Debug)]
struct Term<V> {
    level: LevelIndex,
    /// V, the kernels at this level.
    value: V,
    /// |Δ|.
    change: KernelPair,
    /// The estimate of the error from this difference.
    error: KernelPair,
    /// Whether the set contains finer levels, whose differences estimate the error better.
    expanded: bool,
}

impl<V: Refined> IndexSet<V> {
    /// Makes an empty set.
    ///
    /// # Arguments
    /// * `steps` — number of steps along each axis
    pub(super) fn new(steps: [usize; 2]) -> Self {
        IndexSet {
            approximated: steps.map(|steps| steps > 1),
            terms: Vec::new(),
        }
    }

    /// Adds the value of a level; the values of all smaller levels must be known.
    pub(super) fn add(&mut self, level: LevelIndex, value: V) {
        let [i, j] = level;
        let before = |di: usize, dj: usize| Some([i.checked_sub(di)?, j.checked_sub(dj)?]);
        let known = |level: Option<LevelIndex>| {
            let level = level?;
            self.terms.iter().find(|term| term.level == level)
        };
        let mut difference = vec![(1.0, &value)];
        for (coefficient, di, dj) in [(1.0, 1, 1), (-1.0, 1, 0), (-1.0, 0, 1)] {
            difference.extend(known(before(di, dj)).map(|term| (coefficient, &term.value)));
        }
        let change = V::combination(&difference).size();
        let changes = [known(before(1, 0)), known(before(0, 1))].map(|t| t.map(|t| t.change));
        let error = match changes {
            _ if self.approximated == [false; 2] => KernelPair::default(),
            // The first change along an axis is no estimate: two values may agree by accident.
            _ if i + j < 2 => KernelPair {
                nngp: f64::INFINITY,
                ntk: f64::INFINITY,
            },
            [Some(quadrature), Some(_)] => change.max(quadrature).scaled(COUPLED),
            [Some(last), None] | [None, Some(last)] => change.max(last.scaled(TRUST)),
            [None, None] => unreachable!("the set holds all smaller indices"),
        };
        self.terms.push(Term {
            level,
            value,
            change,
            error,
            expanded: false,
        });
    }

    /// Whether a level is in the set.
    fn holds(&self, level: LevelIndex) -> bool {
        self.terms.iter().any(|term| term.level == level)
    }

    /// Σ Δ over the set, as a combination of values with coefficients 1, 0 and −1.
    pub(super) fn value(&self) -> V {
        let coefficient = |term: &Term<V>| {
            let [i, j] = term.level;
            let has = |level| i32::from(self.holds(level));
            1 - has([i + 1, j]) - has([i, j + 1]) + has([i + 1, j + 1])
        };
        let terms = self
            .terms
            .iter()
            .map(|term| (coefficient(term), &term.value));
        let terms: Vec<(f64, &V)> = terms
            .filter(|(coefficient, _)| *coefficient != 0)
            .map(|(coefficient, value)| (f64::from(coefficient), value))
            .collect();
        V::combination(&terms)
    }

    /// The finest step along each axis.
    pub(super) fn finest(&self) -> LevelIndex {
        self.terms.iter().fold([0, 0], |[i, j], term| {
            [i.max(term.level[0]), j.max(term.level[1])]
        })
    }

    /// The sum of the errors of the outermost differences; infinite as long as a first change along an axis is outermost.
    pub(super) fn error(&self) -> KernelPair {
        self.terms
            .iter()
            .filter(|term| !term.expanded)
            .fold(KernelPair::default(), |sum, term| sum.plus(term.error))
    }

    /// Returns the levels to add next, smaller levels first; none if no level may be added.
    ///
    /// They are successors of the level with the largest error whose successors are admitted.
    ///
    /// # Arguments
    /// * `size` — the size of an error
    /// * `admits` — whether a level exists and may be evaluated; the error of a level without successors remains
    pub(super) fn grow(
        &mut self,
        size: impl Fn(KernelPair) -> f64,
        admits: impl Fn(LevelIndex) -> bool,
    ) -> Option<Vec<LevelIndex>> {
        let mut order: Vec<usize> = (0..self.terms.len())
            .filter(|&t| !self.terms[t].expanded && size(self.terms[t].error) > 0.0)
            .collect();
        order.sort_by(|&s, &t| size(self.terms[t].error).total_cmp(&size(self.terms[s].error)));
        for t in order {
            let successors = self.successors(self.terms[t].level);
            let follows_expanded = |level: &LevelIndex| {
                before(*level).all(|level| {
                    let mut terms = self.terms.iter().enumerate();
                    terms.any(|(s, term)| term.level == level && (term.expanded || s == t))
                })
            };
            // A successor waits for the other level before it to be expanded, unless all successors would wait.
            let mut next: Vec<LevelIndex> = successors
                .iter()
                .copied()
                .filter(follows_expanded)
                .collect();
            if next.is_empty() {
                next = successors;
            }
            let next = self.missing(&next);
            if next.iter().all(|&level| admits(level)) {
                self.terms[t].expanded = true;
                return Some(next);
            }
        }
        None
    }

    /// The levels that must be added before some levels are in the set: these levels and all smaller ones, without the levels of the set;
    /// sorted.
    fn missing(&self, levels: &[LevelIndex]) -> Vec<LevelIndex> {
        let mut missing: Vec<LevelIndex> = levels
            .iter()
            .flat_map(|&[i, j]| (0..=i).flat_map(move |i| (0..=j).map(move |j| [i, j])))
            .filter(|&level| !self.holds(level))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// The successors of a level, one step finer along one axis.
    fn successors(&self, [i, j]: LevelIndex) -> Vec<LevelIndex> {
        [[i + 1, j], [i, j + 1]]
            .into_iter()
            .zip(self.approximated)
            .filter_map(|(level, approximated)| approximated.then_some(level))
            .collect()
    }
}

/// The levels one step before another one.
fn before([i, j]: LevelIndex) -> impl Iterator<Item = LevelIndex> {
    let first = i.checked_sub(1).map(|i| [i, j]);
    let second = j.checked_sub(1).map(|j| [i, j]);
    first.into_iter().chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(value: f64) -> KernelPair {
        KernelPair {
            nngp: value,
            ntk: 2.0 * value,
        }
    }

    /// Refines until the error is below the tolerance; returns the value, the error and the levels.
    fn refine(
        steps: [usize; 2],
        tolerance: f64,
        value: impl Fn(usize, usize) -> f64,
    ) -> Option<(f64, f64, Vec<LevelIndex>)> {
        let mut set = IndexSet::new(steps);
        let mut levels = vec![[0, 0]];
        set.add([0, 0], pair(value(0, 0)));
        while set.error().nngp > tolerance {
            let next = set.grow(|e| e.nngp, |[i, j]| i < steps[0] && j < steps[1])?;
            for level in next {
                set.add(level, pair(value(level[0], level[1])));
                levels.push(level);
            }
        }
        assert_eq!(set.value().ntk, 2.0 * set.value().nngp);
        Some((set.value().nngp, set.error().nngp, levels))
    }

    fn decay(base: f64, step: usize) -> f64 {
        base.powi(step as i32)
    }

    #[test]
    fn errors_that_decay_are_bounded_by_the_estimate() {
        for (a, b) in [(0.1, 0.1), (0.01, 0.3), (0.4, 0.05), (0.2, 0.2)] {
            let value = |i, j| (1.0 + decay(a, i)) * (2.0 - decay(b, j));
            for tolerance in [1e-2, 1e-4, 1e-8] {
                let (found, error, levels) = refine([40, 40], tolerance, value).unwrap();
                assert!(error <= tolerance);
                assert!(
                    (found - 2.0).abs() <= error,
                    "{a} {b} {tolerance}: {found} {error}"
                );
                // The product of the finest steps is not among them.
                let finest = |axis: usize| levels.iter().map(|level| level[axis]).max().unwrap();
                assert!(!levels.contains(&[finest(0), finest(1)]));
            }
        }
    }

    /// The error of a grid fluctuates with the rotation, and coarse quadratures do not average it out.
    #[test]
    fn errors_of_grids_that_fluctuate_are_bounded() {
        for seed in 0..200 {
            let noise = |i: usize, j: usize| {
                let phase = (seed * 131 + i * 17 + j * 29) as f64;
                (phase * 12.9898).sin() * decay(0.05, j) * decay(0.4, i)
            };
            let value = |i, j| 1.0 + decay(0.1, i) + 1e-3 * noise(i, j);
            for tolerance in [1e-3, 1e-5, 1e-7] {
                let (found, error, _) = refine([60, 40], tolerance, value).unwrap();
                assert!(
                    (found - 1.0).abs() <= error,
                    "{seed} {tolerance}: {found} {error}"
                );
            }
        }
    }

    #[test]
    fn one_axis_ends_at_the_value_of_its_last_step() {
        let value = |i, _| 1.0 + 0.3 * decay(0.1, i);
        let (found, error, levels) = refine([20, 1], 1e-5, value).unwrap();
        let last = levels.len() - 1;
        assert_eq!(levels, (0..=last).map(|i| [i, 0]).collect::<Vec<_>>());
        assert_eq!(found, value(last, 0));
        assert_eq!(error, (value(last, 0) - value(last - 1, 0)).abs());
    }

    #[test]
    fn exact_and_accidental_values() {
        // Neither axis is approximated, so the error is zero.
        assert_eq!(refine([1, 1], 0.0, |_, _| 3.0).unwrap().2, [[0, 0]]);
        // Two values that agree by accident do not end the refinement.
        let accident = |i, _| [1.0, 1.0, 1.5, 1.4, 1.41, 1.41][std::cmp::min(i, 5)];
        let (found, _, _) = refine([8, 1], 1e-3, accident).unwrap();
        assert_eq!(found, 1.41);
        let accident = |i, _| [2.0, 1.0, 1.0, 1.4, 1.41, 1.411, 1.411][std::cmp::min(i, 6)];
        let (found, _, _) = refine([8, 1], 1e-3, accident).unwrap();
        assert_eq!(found, 1.411);
    }

    #[test]
    fn where_steps_end_the_error_remains() {
        assert!(refine([5, 5], 1e-8, |i, j| decay(0.5, i) + decay(0.5, j)).is_none());
        // The value couples both axes, so the set also grows along the diagonal.
        let coupled = |i: usize, j: usize| 1.0 + decay(0.1, i.min(j));
        let (found, error, levels) = refine([40, 40], 1e-6, coupled).unwrap();
        assert!(
            (found - 1.0).abs() <= error && levels.contains(&[4, 4]),
            "{levels:?}"
        );
    }
}
