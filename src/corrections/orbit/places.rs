//! Signals at the elements of a group: the covariances of the first layer.

use std::sync::Arc;

use ndarray::{Array3, Axis};
use num_complex::Complex64;

use crate::group::{FiniteAction, Group, Haar, Rotation, RotationGroup};
use crate::kernel::{Harmonics, Signals};
use crate::network::{Init, InputSpace};
use crate::sphere::CoefficientRotation;
use crate::{Error, Result};

/// Which elements carry the means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Rule {
    /// All elements of a finite group.
    All,
    /// A quadrature on SO(3), exact for Wigner functions up to this degree.
    Degree(usize),
}

/// Signals and the elements of the group at which they are samples.
pub(in super::super) struct Places {
    pub(super) weights: Vec<f64>,
    init: Init,
    form: Form,
}

enum Form {
    /// All elements of a finite group.
    Finite {
        action: Arc<FiniteAction>,
        /// The signals, `[points, channels]` each.
        values: Vec<Vec<f64>>,
        channels: usize,
    },
    /// Nodes on SO(3).
    Rotations {
        nodes: Vec<Rotation>,
        rotation: CoefficientRotation,
        signals: Vec<Array3<Complex64>>,
    },
}

impl Places {
    /// Signals of a checked network and of checked shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another kind of signals, and the errors of tables.
    pub(in super::super) fn new(
        input: &InputSpace,
        action: Option<&Arc<FiniteAction>>,
        rule: Rule,
        init: Init,
        sets: &[Signals<'_>],
    ) -> Result<Places> {
        let wrong = |signals: &Signals<'_>| {
            Error::shape(
                "signals",
                "the shape of the network's inputs",
                signals.shape().to_vec(),
            )
        };
        if let Rule::Degree(degree) = rule {
            let InputSpace::Sphere { band_limit, .. } = input else {
                return Err(wrong(&sets[0]));
            };
            let haar = RotationGroup.haar(degree)?;
            let mut signals = Vec::new();
            for set in sets {
                let harmonics = Harmonics::new(input, *set)?;
                for index in 0..set.len() {
                    signals.push(harmonics.coefficients(index)?);
                }
            }
            return Ok(Places {
                weights: haar.weights().to_vec(),
                init,
                form: Form::Rotations {
                    nodes: haar.nodes().to_vec(),
                    rotation: CoefficientRotation::real(*band_limit)?,
                    signals,
                },
            });
        }
        let (mut values, mut channels) = (Vec::new(), 1);
        for set in sets {
            let rows: Vec<Vec<f64>> = match set {
                Signals::Points(array) => {
                    channels = array.len_of(Axis(2));
                    let rows = array.outer_iter();
                    rows.map(|row| row.iter().copied().collect()).collect()
                }
                Signals::Grid(array) => {
                    channels = array.len_of(Axis(3));
                    let rows = array.outer_iter();
                    rows.map(|row| row.iter().copied().collect()).collect()
                }
                other => return Err(wrong(other)),
            };
            values.extend(rows);
        }
        let action = Arc::clone(action.ok_or_else(|| wrong(&sets[0]))?);
        let order = action.order();
        Ok(Places {
            weights: vec![1.0 / order as f64; order],
            init,
            form: Form::Finite {
                action,
                values,
                channels,
            },
        })
    }

    /// The number of elements.
    pub(in super::super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// The covariance of the first layer whose mean product of values is given.
    fn covariance(&self, product: f64) -> f64 {
        let [weight, bias] = [self.init.weight_std, self.init.bias_std].map(|s| s * s);
        weight * product + bias
    }

    /// Two signals at all elements.
    pub(super) fn pair(&self, signals: [usize; 2]) -> Result<Pair<'_>> {
        let count = self.len();
        match &self.form {
            Form::Finite {
                action,
                values,
                channels,
            } => {
                let table = |i: usize, j: usize| -> Vec<f64> {
                    let (f, g) = (&values[signals[i]], &values[signals[j]]);
                    let at = |element: usize| {
                        let mut sum = 0.0;
                        for (point, f) in f.chunks_exact(*channels).enumerate() {
                            let start = action.image(element, point) * channels;
                            let g = &g[start..start + channels];
                            sum += f.iter().zip(g).map(|(x, y)| x * y).sum::<f64>();
                        }
                        self.covariance(sum / f.len() as f64)
                    };
                    (0..count).map(at).collect()
                };
                let group = action.group();
                let identity = (0..count)
                    .find(|&e| group.product(e, e) == e)
                    .expect("a group has an identity");
                Ok(Pair {
                    places: self,
                    identity: Some(identity),
                    kind: Kind::Finite {
                        tables: [[table(0, 0), table(0, 1)], [table(1, 0), table(1, 1)]],
                        inverse: (0..count).map(|g| group.inverse(&g)).collect(),
                        action,
                    },
                })
            }
            Form::Rotations {
                nodes,
                signals: all,
                ..
            } => {
                let vectors = |signal: usize| -> Result<Vec<Vec<f64>>> {
                    let seen = nodes.iter().map(|g| self.seen(&all[signal], Some(g)));
                    seen.collect()
                };
                Ok(Pair {
                    places: self,
                    identity: None,
                    kind: Kind::Rotations {
                        plain: [
                            self.seen(&all[signals[0]], None)?,
                            self.seen(&all[signals[1]], None)?,
                        ],
                        moved: [vectors(signals[0])?, vectors(signals[1])?],
                        second: &all[signals[1]],
                    },
                })
            }
        }
    }

    /// A signal at the product of some elements as real numbers, for [`product`](Self::product).
    pub(super) fn at(&self, signal: usize, elements: &[usize]) -> Result<Vec<f64>> {
        match &self.form {
            Form::Finite {
                action,
                values,
                channels,
            } => {
                let values = &values[signal];
                let points = 0..values.len() / channels;
                let image = |point: usize| {
                    let elements = elements.iter().rev();
                    elements.fold(point, |point, &element| action.image(element, point))
                };
                let seen = points.flat_map(|point| {
                    let start = image(point) * channels;
                    values[start..start + channels].iter().copied()
                });
                Ok(seen.collect())
            }
            Form::Rotations { nodes, signals, .. } => {
                let rotation = elements.iter().map(|&element| nodes[element]);
                let product = rotation.reduce(|product, next| product.compose(&next));
                self.seen(&signals[signal], product.as_ref())
            }
        }
    }

    /// The covariance in the first layer of two samples of [`at`](Self::at).
    pub(super) fn product(&self, a: &[f64], b: &[f64]) -> f64 {
        let sum: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
        let count = match &self.form {
            Form::Finite { .. } => a.len() as f64,
            Form::Rotations { signals, .. } => {
                4.0 * std::f64::consts::PI * signals[0].dim().0 as f64
            }
        };
        self.covariance(sum / count)
    }

    /// The signal x ↦ f(g x) as real numbers, whose inner products are integrals over the sphere.
    fn seen(&self, signal: &Array3<Complex64>, g: Option<&Rotation>) -> Result<Vec<f64>> {
        let Form::Rotations { rotation, .. } = &self.form else {
            unreachable!("signals on the sphere have rotations");
        };
        let (_, band_limit, _) = signal.dim();
        let mut turned = signal.clone();
        if let Some(g) = g {
            let euler = g.inverse().euler_zyz();
            let mut scratch = rotation.make_scratch();
            for (from, to) in signal.outer_iter().zip(turned.outer_iter_mut()) {
                rotation.rotate_into(from, &euler, to, &mut scratch)?;
            }
        }
        let mut numbers = Vec::new();
        for channel in turned.outer_iter() {
            for (l, degree) in channel.outer_iter().enumerate() {
                numbers.push(degree[band_limit - 1].re);
                for m in 1..=l {
                    let c = degree[band_limit - 1 + m] * std::f64::consts::SQRT_2;
                    numbers.extend([c.re, c.im]);
                }
            }
        }
        Ok(numbers)
    }
}

/// Two signals 1 and 2 at the elements.
pub(super) struct Pair<'a> {
    places: &'a Places,
    /// The number of the neutral element, if it is a node.
    pub(super) identity: Option<usize>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Finite {
        /// The covariance of (i, e) and (j, g).
        tables: [[Vec<f64>; 2]; 2],
        inverse: Vec<usize>,
        action: &'a FiniteAction,
    },
    Rotations {
        plain: [Vec<f64>; 2],
        moved: [Vec<Vec<f64>>; 2],
        second: &'a Array3<Complex64>,
    },
}

/// The samples (2, r't) of one element r' and all t.
pub(super) struct Row {
    /// The numbers of r't in a finite group.
    products: Vec<usize>,
    /// The signal at r't on SO(3).
    vectors: Vec<Vec<f64>>,
}

impl Pair<'_> {
    /// The variance of a signal.
    pub(super) fn variance(&self, i: usize) -> f64 {
        match &self.kind {
            Kind::Finite { tables, .. } => {
                tables[i][i][self.identity.expect("an element of a finite group")]
            }
            Kind::Rotations { plain, .. } => self.product(&plain[i], &plain[i]),
        }
    }

    /// The covariance of (i, e) and (j, t).
    pub(super) fn with_first(&self, [i, j]: [usize; 2], t: usize) -> f64 {
        match &self.kind {
            Kind::Finite { tables, .. } => tables[i][j][t],
            Kind::Rotations { plain, moved, .. } => self.product(&plain[i], &moved[j][t]),
        }
    }

    /// The covariance of (2, r) and (j, t).
    pub(super) fn with_second(&self, r: usize, j: usize, t: usize) -> f64 {
        match &self.kind {
            Kind::Finite {
                tables,
                inverse,
                action,
            } => tables[1][j][action.group().product(t, inverse[r])],
            Kind::Rotations { moved, .. } => self.product(&moved[1][r], &moved[j][t]),
        }
    }

    /// The samples (2, r't) for all t.
    pub(super) fn row(&self, r: usize) -> Result<Row> {
        let all = 0..self.places.len();
        Ok(match (&self.kind, &self.places.form) {
            (Kind::Finite { action, .. }, _) => Row {
                products: all.map(|t| action.group().product(r, t)).collect(),
                vectors: Vec::new(),
            },
            (Kind::Rotations { second, .. }, Form::Rotations { nodes, .. }) => {
                let seen =
                    all.map(|t| self.places.seen(second, Some(&nodes[r].compose(&nodes[t]))));
                Row {
                    products: Vec::new(),
                    vectors: seen.collect::<Result<_>>()?,
                }
            }
            _ => unreachable!("a pair on SO(3) has nodes on SO(3)"),
        })
    }

    /// The covariance of (1, e) and (2, r't).
    pub(super) fn row_with_first(&self, row: &Row, t: usize) -> f64 {
        match &self.kind {
            Kind::Finite { tables, .. } => tables[0][1][row.products[t]],
            Kind::Rotations { plain, .. } => self.product(&plain[0], &row.vectors[t]),
        }
    }

    /// The covariance of (2, r) and (2, r't).
    pub(super) fn row_with_second(&self, row: &Row, r: usize, t: usize) -> f64 {
        match &self.kind {
            Kind::Finite {
                tables,
                inverse,
                action,
            } => tables[1][1][action.group().product(row.products[t], inverse[r])],
            Kind::Rotations { moved, .. } => self.product(&moved[1][r], &row.vectors[t]),
        }
    }

    fn product(&self, a: &[f64], b: &[f64]) -> f64 {
        self.places.product(a, b)
    }
}
