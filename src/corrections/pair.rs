//! The corrections of two inputs: 16-entry tensors, which is all that bias and variance of one entry need.
//!
//! A pair of samples aa, ab, bb has the number 0, 1, 2. V, D, A are matrices over these pairs. B and F are matrices over the ordered pairs
//! aa, ab, ba, bb, numbered 2x + y. Every map of the recursion is a product of small matrices; formulas as in `docs/theory.md`.

use crate::Result;
use crate::activation::joint::{Jet, Joint, Own, Pair};
use crate::network::Init;

use super::layers::{Step, Steps};

pub(super) type Three = [[f64; 3]; 3];
pub(super) type Four = [[f64; 4]; 4];

/// Below this sine of the angle between two variables, biases after a bend are extrapolated: they are differences of terms that grow like
/// its inverse cube, and rounding leaves 1e-8 of them at this angle.
const CLOSE: f64 = 1e-2;

/// The largest angle from which is extrapolated.
const WIDE: f64 = 0.4;

/// The part of an angle that may remain in deeper layers if the inputs are collinear.
const REST: f64 = 0.01;

/// The number of angles of the extrapolation.
const ANGLES: usize = 4;

/// Kernels of two inputs, their biases and covariances.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TwoInputs {
    pub(super) nngp: [f64; 3],
    pub(super) ntk: [f64; 3],
    pub(super) nngp_bias: [f64; 3],
    pub(super) ntk_bias: [f64; 3],
    pub(super) v: Three,
    pub(super) d: Three,
    pub(super) a: Three,
    b: Four,
    f: Four,
}

impl TwoInputs {
    /// Variances of the entries of both kernels, for one output.
    pub(super) fn variances(&self) -> [[f64; 3]; 2] {
        let ntk = [
            self.a[0][0] + 2.0 * self.b[0][0],
            self.a[1][1] + self.b[0][3] + self.b[1][2],
            self.a[2][2] + 2.0 * self.b[3][3],
        ];
        [[self.v[0][0], self.v[1][1], self.v[2][2]], ntk]
    }
}

pub(super) fn times<const N: usize>(a: &[[f64; N]; N], b: &[[f64; N]; N]) -> [[f64; N]; N] {
    let mut product = [[0.0; N]; N];
    for (row, out) in a.iter().zip(&mut product) {
        for (x, other) in row.iter().zip(b) {
            for (sum, y) in out.iter_mut().zip(other) {
                *sum += x * y;
            }
        }
    }
    product
}

pub(super) fn transposed<const N: usize>(a: &[[f64; N]; N]) -> [[f64; N]; N] {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i]))
}

/// $`a x b^{\mathsf T}`$
pub(super) fn between<const N: usize>(
    a: &[[f64; N]; N],
    x: &[[f64; N]; N],
    b: &[[f64; N]; N],
) -> [[f64; N]; N] {
    times(&times(a, x), &transposed(b))
}

/// The linear map L of a function of the covariances, as a matrix over the pairs.
pub(super) fn first_order(own: [[f64; 3]; 2], pair: &Jet) -> Three {
    [
        [own[0][1], 0.0, 0.0],
        [pair.a, pair.k, pair.b],
        [0.0, 0.0, own[1][1]],
    ]
}

/// The means H V of second derivatives, for each pair.
fn second_order(own: [[f64; 3]; 2], pair: &Jet, v: &Three) -> [f64; 3] {
    let squares = pair.kk * v[1][1] + pair.aa * v[0][0] + pair.bb * v[2][2];
    let mixed = pair.ka * v[1][0] + pair.kb * v[1][2] + pair.ab * v[0][2];
    [
        0.5 * own[0][2] * v[0][0],
        0.5 * squares + mixed,
        0.5 * own[1][2] * v[2][2],
    ]
}

/// The map $`\langle\sigma\sigma'\rangle`$ of one pair of F: from the ordered pair (e, y) to (x, y), e ∈ {x, y}.
fn lean(own: [&Own; 2], jets: &Jets) -> Four {
    let derivative = jets.slope.v;
    let mut map = [[0.0; 4]; 4];
    map[0][0] = own[0].value[1];
    map[3][3] = own[1].value[1];
    map[1][1] = derivative;
    map[1][3] = jets.lean[1];
    map[2][2] = derivative;
    map[2][0] = jets.lean[0];
    map
}

/// C and Ċ of two samples with their derivatives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Jets {
    pub(super) value: Jet,
    pub(super) slope: Jet,
    /// $`2\,\partial C/\partial q_a`$ and $`2\,\partial C/\partial q_b`$, the weights in $`\langle\sigma\sigma'\rangle`$.
    pub(super) lean: [f64; 2],
}

impl Jets {
    pub(super) fn of(pair: &Pair) -> Jets {
        Jets {
            value: pair.value,
            slope: pair.derivative,
            lean: [2.0 * pair.value.a, 2.0 * pair.value.b],
        }
    }

    /// Two samples that are one variable.
    pub(super) fn diagonal(own: &Own) -> Jets {
        Jets {
            value: Jet::diagonal(own.value),
            slope: Jet::diagonal(own.derivative),
            lean: [own.value[1] - own.derivative[0]; 2],
        }
    }
}

/// The expectations of four factors that an activation adds: of two pairs for V, D, A, of two ordered pairs for B and F.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Means {
    /// $`E[\sigma\sigma\sigma\sigma]`$
    pub(super) values: Three,
    /// $`E[\sigma\sigma\sigma'\sigma']`$, the second pair with the derivatives.
    pub(super) mixed: Three,
    /// $`E[\sigma'\sigma'\sigma'\sigma']`$
    pub(super) slopes: Three,
    /// $`E[\sigma'_a\sigma'_b\sigma'_c\sigma'_d]\, \Theta_{ab}\Theta_{cd}`$
    pub(super) b: Four,
    /// $`E[\sigma_a\sigma_b\sigma'_c\sigma'_d]\, \Theta_{cd}`$
    pub(super) f: Four,
}

impl Means {
    /// The expectations of two inputs of a multilayer perceptron.
    fn of(pair: &Pair, theta: &[f64; 3]) -> Means {
        let mut means = Means {
            mixed: pair.mixed,
            ..Means::default()
        };
        for p in 0..3 {
            for q in 0..3 {
                means.values[p][q] = pair.values[p + q];
                means.slopes[p][q] = pair.derivatives[p + q];
            }
        }
        for ac in 0..4 {
            for bd in 0..4 {
                let [a, c, b, d] = [ac / 2, ac % 2, bd / 2, bd % 2];
                means.b[ac][bd] = pair.derivatives[a + b + c + d] * theta[a + b] * theta[c + d];
                means.f[ac][bd] = pair.mixed[a + b][c + d] * theta[c + d];
            }
        }
        means
    }
}

impl TwoInputs {
    /// After the first layer: nothing fluctuates.
    pub(super) fn first(kernel: [f64; 3]) -> TwoInputs {
        TwoInputs {
            nngp: kernel,
            ntk: kernel,
            ..TwoInputs::default()
        }
    }

    /// One activation of channels of width 1/`share`, then a dense layer.
    ///
    /// # Arguments
    /// * `jets` — of the two samples
    /// * `means` — the expectations of four factors
    pub(super) fn step(
        &self,
        own: [&Own; 2],
        jets: &Jets,
        means: &Means,
        share: f64,
        init: Init,
    ) -> TwoInputs {
        let [weight, bias] = [
            init.weight_std * init.weight_std,
            init.bias_std * init.bias_std,
        ];
        let values = own.map(|own| own.value);
        let slopes = own.map(|own| own.derivative);
        let c = [values[0][0], jets.value.v, values[1][0]];
        let s = [slopes[0][0], jets.slope.v, slopes[1][0]];
        let theta = self.ntk;
        let of_value = first_order(values, &jets.value);
        let of_slope = first_order(slopes, &jets.slope);

        let vv = between(&of_value, &self.v, &of_value);
        let vs = between(&of_value, &self.v, &of_slope);
        let ss = between(&of_slope, &self.v, &of_slope);
        let value_d = times(&of_value, &self.d);
        let slope_d = times(&of_slope, &self.d);
        let value_curve = second_order(values, &jets.value, &self.v);
        let slope_curve = second_order(slopes, &jets.slope, &self.v);
        let apply = |map: &Three, x: &[f64; 3]| -> [f64; 3] {
            std::array::from_fn(|p| (0..3).map(|q| map[p][q] * x[q]).sum())
        };
        let value_bias = apply(&of_value, &self.nngp_bias);
        let slope_bias = apply(&of_slope, &self.nngp_bias);
        let f = &self.f;
        let crossed = [
            2.0 * slopes[0][1] * f[0][0],
            jets.slope.k * (f[0][3] + f[2][1])
                + 2.0 * jets.slope.a * f[0][1]
                + 2.0 * jets.slope.b * f[2][3],
            2.0 * slopes[1][1] * f[3][3],
        ];

        let mut next = TwoInputs::default();
        for p in 0..3 {
            next.nngp[p] = weight * c[p] + bias;
            next.ntk[p] = next.nngp[p] + weight * s[p] * theta[p];
            next.nngp_bias[p] = weight * (value_bias[p] + value_curve[p]);
            let moved = theta[p] * (slope_bias[p] + slope_curve[p]) + slope_d[p][p] + crossed[p];
            next.ntk_bias[p] = next.nngp_bias[p] + weight * (s[p] * self.ntk_bias[p] + moved);
        }
        let (mut uq, mut qq) = ([[0.0; 3]; 3], [[0.0; 3]; 3]);
        let square = weight * weight;
        for p in 0..3 {
            for q in 0..3 {
                let uu = (means.values[p][q] - c[p] * c[q]) * share + vv[p][q];
                next.v[p][q] = square * uu;
                let source = (means.mixed[p][q] - c[p] * s[q]) * share + vs[p][q];
                uq[p][q] = square * (theta[q] * source + s[q] * value_d[p][q]);
                let source = (means.slopes[p][q] - s[p] * s[q]) * share + ss[p][q];
                qq[p][q] = square
                    * (theta[p] * theta[q] * source
                        + theta[p] * s[q] * slope_d[p][q]
                        + theta[q] * s[p] * slope_d[q][p]
                        + s[p] * s[q] * self.a[p][q]);
            }
        }
        let lean = lean(own, jets);
        let leaned = between(&lean, &self.f, &lean);
        for p in 0..3 {
            for q in 0..3 {
                next.d[p][q] = next.v[p][q] + uq[p][q];
                next.a[p][q] = next.v[p][q] + uq[p][q] + uq[q][p] + qq[p][q];
            }
        }
        for (ac, (b_row, f_row)) in next.b.iter_mut().zip(&mut next.f).enumerate() {
            for bd in 0..4 {
                let [first, second] = [s[ac / 2 + ac % 2], s[bd / 2 + bd % 2]];
                b_row[bd] = square * (means.b[ac][bd] * share + first * second * self.b[ac][bd]);
                f_row[bd] = square * (means.f[ac][bd] * share + leaned[ac][bd]);
            }
        }
        next
    }
}

/// What the two-input recursion needs of one input: its expectations at each activation.
#[derive(Debug, Clone, Default)]
pub(super) struct Input {
    pub(super) own: Vec<Own>,
    /// The variance after the first layer.
    pub(super) variance: f64,
}

impl Input {
    /// Carries the variance of an input through the layers.
    pub(super) fn new(steps: &Steps, variance: f64) -> Result<Input> {
        let mut input = Input {
            own: Vec::new(),
            variance,
        };
        let (mut q, mut after) = (variance, variance);
        for step in &steps.steps {
            match step {
                Step::Activation { joint, layer, .. } => {
                    let own = joint.own(q).map_err(|error| error.in_layer(*layer))?;
                    after = own.value[0];
                    input.own.push(own);
                }
                Step::Linear(init, _) => {
                    q = init.weight_std * init.weight_std * after + init.bias_std * init.bias_std;
                }
                Step::Pool => {}
            }
        }
        Ok(input)
    }
}

/// The two-input recursion of a network at given widths.
#[derive(Debug, Clone)]
pub(super) struct PairRecursion {
    /// For each activation its function, 1/n, and the dense layer after it.
    pub(super) layers: Vec<(std::sync::Arc<Joint>, f64, Init)>,
}

impl PairRecursion {
    pub(super) fn new(steps: &Steps, widths: &[usize]) -> PairRecursion {
        let mut layers = Vec::new();
        let mut waiting = None;
        for step in &steps.steps {
            match step {
                Step::Activation { joint, hidden, .. } => {
                    waiting = Some((joint.clone(), 1.0 / widths[*hidden] as f64));
                }
                Step::Linear(init, _) => {
                    let (joint, share) = waiting.take().expect("an activation before each layer");
                    layers.push((joint, share, *init));
                }
                Step::Pool => {}
            }
        }
        PairRecursion { layers }
    }

    /// Computes kernels and corrections of a pair.
    ///
    /// # Arguments
    /// * `k` — the covariance after the first layer
    pub(super) fn pair(&self, a: &Input, b: &Input, k: f64) -> TwoInputs {
        let (mut found, sine) = self.run(a, b, k);
        if let Some(sine) = sine.filter(|&sine| sine < CLOSE && sine > 0.0) {
            self.extrapolate(a, b, k, sine, &mut found);
        }
        found
    }

    /// The recursion, and the least sine of the angle at a bend that meets fluctuations.
    fn run(&self, a: &Input, b: &Input, k: f64) -> (TwoInputs, Option<f64>) {
        let mut state = TwoInputs::first([a.variance, k, b.variance]);
        let mut least = None;
        for (index, (joint, share, init)) in self.layers.iter().enumerate() {
            let own = [&a.own[index], &b.own[index]];
            let k = state.nngp[1];
            if index > 0 && joint.is_bent() {
                let sine = sine([own[0].q, own[1].q, k]);
                least = Some(least.map_or(sine, |least: f64| least.min(sine)));
            }
            let pair = joint.pair(own[0], own[1], k);
            let means = Means::of(&pair, &state.ntk);
            state = state.step(own, &Jets::of(&pair), &means, *share, *init);
        }
        (state, least)
    }

    /// Replaces the biases of a nearly collinear pair by their extrapolation from larger angles between the inputs. Divided by the angle,
    /// they depend on it analytically.
    fn extrapolate(&self, a: &Input, b: &Input, k: f64, sine: f64, found: &mut TwoInputs) {
        let bound = (a.variance * b.variance).sqrt().copysign(k);
        let angle = self::sine([a.variance, b.variance, k]).asin();
        // Inputs of one direction and two lengths keep an angle in deeper layers: then the biases do not vanish with the angle of the inputs.
        let (_, collinear) = self.run(a, b, bound);
        let vanishes =
            collinear.is_some_and(|rest| rest < REST * sine) || sine < f64::EPSILON.sqrt();
        let widest = (angle * CLOSE / sine * ANGLES as f64).min(WIDE);
        let at = |j: usize| widest * (j + 1) as f64 / ANGLES as f64;
        if !vanishes || angle >= at(0) || angle == 0.0 {
            return;
        }
        let (mut nngp, mut ntk) = (0.0, 0.0);
        for j in 0..ANGLES {
            let others = (0..ANGLES).filter(|&i| i != j);
            let weight: f64 = others.map(|i| (angle - at(i)) / (at(j) - at(i))).product();
            let (other, _) = self.run(a, b, bound * at(j).cos());
            nngp += weight * angle / at(j) * other.nngp_bias[1];
            ntk += weight * angle / at(j) * other.ntk_bias[1];
        }
        (found.nngp_bias[1], found.ntk_bias[1]) = (nngp, ntk);
    }
}

/// The sine of the angle between two variables; 1 if a variable is zero.
fn sine([a, b, k]: [f64; 3]) -> f64 {
    let product = a * b;
    if product > 0.0 {
        let square = crate::simd::pack::difference_of_products(a, b, k, k) / product;
        square.clamp(0.0, 1.0).sqrt()
    } else {
        1.0
    }
}
