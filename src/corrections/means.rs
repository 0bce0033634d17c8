//! Kernels at finite width of networks with global filters, as means over the group.

use crate::kernel::Signals;
use crate::network::{InputSpace, Quadrature};
use crate::progress::Counter;
use crate::{Error, Result, memory};

use super::at_width::{Entry, KernelAtWidth, OfPair};
use super::layers::{LARGEST_GROUP, Step, Steps, too_large};
use super::orbit::{Places, Rule, pooled, tensors};
use super::pair::PairRecursion;
use super::state::State;
use super::tensors::Tensors;

/// The largest degree of the quadrature for variances on SO(3): 75 nodes, so 2·10⁵ triples.
const LARGEST_SPREAD: usize = 4;

/// The largest degree of the quadrature for biases on SO(3): 1183 nodes, so 10⁶ pairs.
const LARGEST_BIAS: usize = 12;

/// Signals at the elements that carry the means.
struct Rules {
    /// For biases.
    fine: Places,
    /// For variances and for their error; none for all elements of a finite group.
    coarser: Option<[Places; 2]>,
}

impl Rules {
    fn spread(&self) -> &Places {
        self.coarser
            .as_ref()
            .map_or(&self.fine, |[middle, _]| middle)
    }
}

impl KernelAtWidth {
    /// Whether entries are means over the group, for global filters: with dense layers after the mean, the tensors of all samples of a
    /// finite group take less time.
    pub(super) fn goes_by_means(&self) -> bool {
        let finite = matches!(self.kernel.network().input(), InputSpace::Finite { .. });
        !finite || self.steps.tail().is_empty()
    }

    /// # Errors
    /// [`Error::InvalidValue`] for groups and quadratures that would take hours.
    fn rules(&self, head: &Steps, sets: &[Signals<'_>]) -> Result<Rules> {
        let network = self.kernel.network();
        let action = head.action.as_ref();
        let order = action.map_or(1, |action| action.order());
        if order > LARGEST_GROUP {
            return Err(too_large(order));
        }
        let places = |rule: Rule| {
            let places = Places::new(network.input(), action, rule, head.first.0, sets)?;
            head.check_closed(places.len())?;
            Ok::<_, Error>(places)
        };
        let InputSpace::Sphere { band_limit, .. } = network.input() else {
            return Ok(Rules {
                fine: places(Rule::All)?,
                coarser: None,
            });
        };
        let [fine, middle, coarse] = degrees(*band_limit, network.quadrature());
        Ok(Rules {
            fine: places(Rule::Degree(fine))?,
            coarser: Some([places(Rule::Degree(middle))?, places(Rule::Degree(coarse))?]),
        })
    }

    /// The entry of any two signals of a network with global filters, as means over the group.
    ///
    /// # Errors
    /// As for [`rules`](Self::rules).
    pub(super) fn by_means<'s>(
        &'s self,
        sets: &[Signals<'_>],
        counter: &'s Counter<'s>,
    ) -> Result<OfPair<'s>> {
        let head = self.steps.head();
        let rules = self.rules(&head, sets)?;
        if !self.steps.tail().is_empty() {
            return Ok(Box::new(move |i, j| {
                let signals = if i == j { vec![i] } else { vec![i, j] };
                let of = |places: [&Places; 2]| {
                    let state = self.state_by_means(&head, places, &signals, counter)?;
                    Ok::<_, Error>(Entry::of_tensors(&Tensors::from(state)))
                };
                let entry = of([&rules.fine, rules.spread()])?;
                match &rules.coarser {
                    None => Ok(entry),
                    Some([_, coarse]) => Ok(with_error(entry, &of([rules.spread(), coarse])?)),
                }
            }));
        }
        let recursion = PairRecursion::new(&head, &self.widths);
        Ok(Box::new(move |i, j| {
            let of = |places: &Places, spread: bool| {
                pooled((&head, &recursion), places, [i, j], spread, counter)
            };
            let Some([middle, coarse]) = &rules.coarser else {
                let both = of(&rules.fine, true)?;
                return Ok(Entry::of_means(&both, &both));
            };
            let (biases, spread) = (of(&rules.fine, false)?, of(middle, true)?);
            let rough = Entry::of_means(&spread, &of(coarse, true)?);
            Ok(with_error(Entry::of_means(&biases, &spread), &rough))
        }))
    }

    /// All tensors of signals on the sphere.
    pub(super) fn tensors_by_means(&self, signals: Signals<'_>) -> Result<Tensors> {
        let head = self.steps.head();
        let rules = self.rules(&head, &[signals.view()])?;
        let (m, count) = (signals.len(), rules.spread().len());
        // Two tables of all pairs of elements, with two links, for each pair of signals.
        memory::check(
            &format!("the kernels of {m} x {m} signals at {count} x {count} rotations"),
            memory::bytes(16 * self.widths.len(), &[m, m, count, count]),
            "use fewer signals",
        )?;
        let all: Vec<usize> = (0..m).collect();
        let counter = self.kernel.counter(1);
        let of = |places: [&Places; 2]| {
            let state = self.state_by_means(&head, places, &all, &counter)?;
            Ok::<_, Error>(Tensors::from(state))
        };
        let mut found = of([&rules.fine, rules.spread()])?;
        if let Some([middle, coarse]) = &rules.coarser {
            let rough = of([middle, coarse])?;
            let pairs = five(&found).into_iter().zip(five(&rough));
            let changes = pairs.map(|(found, rough)| {
                let largest = found.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
                let change = (found - rough)
                    .iter()
                    .fold(0.0_f64, |max, x| max.max(x.abs()));
                if change > 0.0 { change / largest } else { 0.0 }
            });
            found.quadrature_error = Some(changes.fold(0.0, f64::max));
        }
        let limit = self.kernel.without_progress().gram(signals)?;
        (found.nngp, found.ntk) = (limit.nngp, limit.ntk);
        counter.add(1)?;
        Ok(found)
    }

    /// Kernels and tensors of some signals after the last layer.
    ///
    /// # Arguments
    /// * `head` — the layers up to the dense layer after the mean
    /// * `places` — for kernels and biases, and for tensors
    pub(super) fn state_by_means(
        &self,
        head: &Steps,
        [fine, spread]: [&Places; 2],
        signals: &[usize],
        counter: &Counter<'_>,
    ) -> Result<State> {
        let recursion = PairRecursion::new(head, &self.widths);
        let m = signals.len();
        let mut matrices: [Vec<f64>; 4] = std::array::from_fn(|_| vec![0.0; m * m]);
        for i in 0..m {
            for j in i..m {
                let pair = [signals[i], signals[j]];
                let pooled = pooled((head, &recursion), fine, pair, false, counter)?;
                let numbers = pooled.kernel.into_iter().chain(pooled.bias);
                for (matrix, number) in matrices.iter_mut().zip(numbers) {
                    (matrix[i * m + j], matrix[j * m + i]) = (number, number);
                }
            }
        }
        let mut state = State {
            samples: m,
            matrices,
            tensors: tensors((head, &recursion), spread, signals, counter)?,
        };
        for step in self.steps.tail() {
            state = match step {
                Step::Activation {
                    joint,
                    hidden,
                    layer,
                } => {
                    let share = 1.0 / self.widths[*hidden] as f64;
                    let sources = state.sources(joint);
                    state.activated(&sources.map_err(|error| error.in_layer(*layer))?, share)
                }
                Step::Linear(init, _) => state.linear(*init),
                Step::Pool => unreachable!("one mean over the group"),
            };
        }
        Ok(state)
    }
}

/// V, D, A, B, F.
fn five(tensors: &Tensors) -> [&ndarray::Array4<f64>; 5] {
    [&tensors.v, &tensors.d, &tensors.a, &tensors.b, &tensors.f]
}

/// The entry with the changes from a rougher one as its errors.
fn with_error(mut entry: Entry, rough: &Entry) -> Entry {
    let [std, other] = [entry.std(), rough.std()];
    for kernel in 0..2 {
        entry.error[kernel] = (entry.bias[kernel] - rough.bias[kernel]).abs();
        entry.error[2 + kernel] = (std[kernel] - other[kernel]).abs();
    }
    entry
}

/// The degrees of the quadratures on SO(3): for biases, for variances, and for the error of variances.
///
/// Biases take pairs of nodes and variances take triples, so their quadrature is coarser. Products of two covariances of signals below
/// the band limit L have degree 2L − 2.
fn degrees(band_limit: usize, quadrature: Quadrature) -> [usize; 3] {
    let fine = match quadrature {
        Quadrature::BandLimit(limit) => 2 * limit.clamp(2, LARGEST_BIAS) - 2,
        Quadrature::Tolerance(_) => 2 * band_limit.min(LARGEST_BIAS),
    };
    let fine = fine.min(LARGEST_BIAS);
    let middle = (fine - 1).min(LARGEST_SPREAD);
    [fine, middle, middle - 1]
}
