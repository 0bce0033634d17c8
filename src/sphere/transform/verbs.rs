//! The common part of all plans on the sphere: the four directions, batches, layouts of coefficients, weights, threads.

use super::batch::BatchStage;
use super::chains::Chains;
use super::engine::Engine;
use super::fourier_stage::grow;
use super::method::{Batch, Functions, Places, batch};
use super::packed::{pack_all, unpack_all};
use super::planes::{Potential, join, pack_modes, split, unpack_modes};
use super::ring_pairs::RingPairs;
use super::ring_transform::RingTransform;
use super::sample::{AllFinite, Sample};
use super::scratch::ShtScratch;
use crate::check;
use crate::sphere::axes::{Layout, in_place, layout_of, leading};
use crate::sphere::grid::{Grid, MAX_LONGITUDES};
use crate::sphere::limits::Limits;
use crate::sphere::masks::check_unmasked;
use crate::sphere::rings::Rings;
use crate::sphere::sampling::Sampling;
use crate::{Error, Result};
use ndarray::{ArrayView, ArrayViewMut, Dimension, IxDyn, aview1};
use num_complex::Complex64;
use pulp::Arch;
use pulp::bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;
use rustfft::FftPlanner;
use std::f64::consts::PI;
use std::marker::PhantomData;

/// The kind of signals of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sphere) enum Form {
    /// Scalars.
    Scalar,
    /// Functions of a spin weight: complex numbers, or two real planes.
    Spin,
    /// Gradients of scalars: two planes.
    Gradient,
}

/// How the coefficients of one signal are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// The coefficients of the functions themselves.
    Plain(Layout),
    /// Gradient and curl modes of two real planes, `[2, L (L + 1) / 2]`.
    Modes,
    /// The coefficients of the scalar that has the gradient.
    Potential(Layout),
}

/// A transform with one set of functions on one set of rings.
///
/// On rings K is the kind of functions; elsewhere C is what takes the place of the rings.
pub(in crate::sphere) struct Transform<K, C = RingTransform<K>> {
    pub form: Form,
    pub places: Places,
    /// Axes of one component of a signal, after a two: `[2, rings, longitudes]` or `[2, samples]`.
    pub axes: Vec<usize>,
    pub core: C,
    /// Quadrature weights of the rings, longitude included; elsewhere of the samples.
    pub weights: Option<Vec<f64>>,
    pub functions: PhantomData<K>,
}

/// Whether quadrature weights are used: the transform and its adjoint use them, the inverse and its adjoint do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sphere) enum Weighting {
    Quadrature,
    None,
}

impl<K: Chains> Transform<K> {
    /// Plans a transform on a grid; `tables` makes the functions for pairs of rings.
    pub(super) fn on_grid(
        form: Form,
        limits: Limits,
        grid: &Grid,
        fft: &mut FftPlanner<f64>,
        tables: impl FnOnce(&RingPairs) -> K,
    ) -> Result<Self> {
        check_rings(limits, grid)?;
        let [count, longitudes] = grid.shape();
        check_longitudes(limits, longitudes)?;
        let circle = grid.circle(limits.degrees);
        let core = RingTransform::new(limits, Rings::of_grid(grid), circle, fft, tables);
        let mut weights = match core.extension_weight() {
            Some(weight) => vec![weight; count],
            None => grid.colatitude_weights(),
        };
        for weight in &mut weights {
            *weight *= 2.0 * PI / longitudes as f64;
        }
        Ok(Transform {
            form,
            places: match circle {
                Some(_) => Places::Extended,
                None => Places::Product,
            },
            axes: vec![2, count, longitudes],
            core,
            weights: Some(weights),
            functions: PhantomData,
        })
    }

    /// Plans a transform on any rings, without weights; `tables` makes the functions for pairs of rings.
    pub(super) fn on_rings(
        form: Form,
        limits: Limits,
        rings: Rings,
        tables: impl FnOnce(&RingPairs) -> K,
    ) -> Self {
        Transform {
            form,
            places: Places::Rings,
            axes: vec![2, rings.samples()],
            core: RingTransform::new(limits, rings, None, &mut FftPlanner::new(), tables),
            weights: None,
            functions: PhantomData,
        }
    }

    /// Sets the weight of a sample of each ring.
    pub(super) fn set_weights(&mut self, weights: &[f64]) -> Result<()> {
        let rings = self.core.fourier.rings.rings().len();
        check::shape("weights of rings", &[weights.len()], &[rings])?;
        check::finite("weights of rings", aview1(weights))?;
        self.weights = Some(weights.to_vec());
        Ok(())
    }
}

impl<K: Chains, C: Engine> Transform<K, C> {
    /// L and N.
    pub(in crate::sphere) fn limits(&self) -> Limits {
        self.core.limits()
    }

    /// Axes of one component of a signal.
    pub(in crate::sphere) fn component(&self) -> &[usize] {
        &self.axes[1..]
    }

    /// The numbers of rings and longitudes of a product grid.
    pub(super) fn grid_shape(&self) -> [usize; 2] {
        [self.axes[1], self.axes[2]]
    }

    /// Makes room for one kind of samples; never shrinks.
    pub(in crate::sphere) fn fit<T: Sample>(&self, scratch: &mut ShtScratch) {
        if self.form == Form::Scalar {
            self.core.fit::<T>(&mut scratch.ring);
            grow(&mut scratch.packed, self.core.packed_len::<T>(), 0.0);
            return;
        }
        self.core.fit::<Complex64>(&mut scratch.ring);
        let packed = self.core.packed_len::<Complex64>();
        grow(&mut scratch.packed, packed, 0.0);
        if self.planes::<T>() {
            let samples = self.component().iter().product();
            grow(&mut scratch.map, samples, Complex64::ZERO);
        }
    }

    /// Whether the two components of a signal lie in two planes.
    fn planes<T: Sample>(&self) -> bool {
        self.form == Form::Gradient || (self.form == Form::Spin && T::ROWS == 1)
    }

    /// Axes of one signal.
    fn signal_axes<T: Sample>(&self) -> &[usize] {
        &self.axes[usize::from(!self.planes::<T>())..]
    }

    fn weights(&self, weighting: Weighting) -> Result<Option<&[f64]>> {
        match (weighting, &self.weights) {
            (Weighting::None, _) => Ok(None),
            (Weighting::Quadrature, Some(weights)) => Ok(Some(weights)),
            (Weighting::Quadrature, None) => Err(Error::missing(
                "quadrature weights",
                "a plan on rings (`with_weights`)",
            )),
        }
    }

    /// Reads the axes: whether there is no batch, and how the coefficients are packed.
    fn axes<T: Sample>(&self, signal: &[usize], coeffs: &[usize]) -> Result<(bool, Coding)> {
        let limits = self.limits();
        let about = |what: &str| match limits.degrees {
            limit if limit == limits.orders => format!("{what} of band limit {limit}"),
            limit => format!(
                "{what} of band limit {limit} and order limit {}",
                limits.orders
            ),
        };
        let leading = leading(&about("signal"), signal, self.signal_axes::<T>())?;
        let what = about("coefficients");
        let (full, half) = (limits.full_shape(), [2, limits.half_len()]);
        let coding = match (self.form, T::ROWS) {
            (Form::Spin, 1) => layout_of(&what, coeffs, leading, [(Coding::Modes, &half)]),
            (form, rows) => {
                let coding = |layout| match form {
                    Form::Gradient => Coding::Potential(layout),
                    _ => Coding::Plain(layout),
                };
                let full = (coding(Layout::Full), &full[..]);
                if rows == 1 {
                    let half = (coding(Layout::Half), &half[1..]);
                    layout_of(&what, coeffs, leading, [full, half])
                } else {
                    layout_of(&what, coeffs, leading, [full])
                }
            }
        };
        Ok((leading.is_empty(), coding?))
    }

    /// The number of leading axes of signals, and whether their coefficients are those with m ≥ 0.
    pub(super) fn form_of<T: Sample>(
        &self,
        signal: &[usize],
        coeffs: &[usize],
    ) -> Result<(usize, bool)> {
        let (_, coding) = self.axes::<T>(signal, coeffs)?;
        let full = [Coding::Plain(Layout::Full), Coding::Potential(Layout::Full)];
        let lead = signal.len() - self.signal_axes::<T>().len();
        Ok((lead, !full.contains(&coding)))
    }

    /// Computes coefficients from samples, times weights or not; on rings, none of them masked.
    pub(in crate::sphere) fn analyse<T: Sample, D: Dimension, E: Dimension>(
        &self,
        signal: ArrayView<'_, T, D>,
        coeffs: ArrayViewMut<'_, Complex64, E>,
        weighting: Weighting,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        let (signal, coeffs) = (signal.into_dyn(), coeffs.into_dyn());
        if self.places == Places::Rings {
            check_unmasked(&signal)?;
        }
        self.analyse_unmasked(signal, coeffs, weighting, scratch)
    }

    /// As [`Transform::analyse`], of samples that are no marks.
    pub(in crate::sphere) fn analyse_unmasked<T: Sample>(
        &self,
        signal: ArrayView<'_, T, IxDyn>,
        mut coeffs: ArrayViewMut<'_, Complex64, IxDyn>,
        weighting: Weighting,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        let axes = self.axes::<T>(signal.shape(), coeffs.shape())?;
        let weights = self.weights(weighting)?;
        let standard = signal.as_standard_layout();
        let samples = standard.as_slice().expect("the layout is standard");
        if in_place(&mut coeffs, |coeffs| {
            self.analyse_all(axes, samples, weights, coeffs, scratch)
        }) {
            return Ok(());
        }
        let what = match self.places {
            Places::Rings => {
                "signal (where NaN marks masked pixels, `sphere::masked_to` replaces them)"
            }
            Places::Product | Places::Extended | Places::Points => "signal",
        };
        check::finite(what, signal)?;
        // The weighted sums of finite samples overflowed.
        Err(Error::not_finite("signal times its weights", Vec::new()))
    }

    /// Computes samples, times weights or not, from coefficients.
    pub(in crate::sphere) fn synthesise<T: Sample, D: Dimension, E: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, E>,
        signal: ArrayViewMut<'_, T, D>,
        weighting: Weighting,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        let (coeffs, mut signal) = (coeffs.into_dyn(), signal.into_dyn());
        let axes = self.axes::<T>(signal.shape(), coeffs.shape())?;
        let weights = self.weights(weighting)?;
        let standard = coeffs.as_standard_layout();
        let coefficients = standard.as_slice().expect("the layout is standard");
        if in_place(&mut signal, |samples| {
            self.synthesise_all(axes, coefficients, weights, samples, scratch)
        }) {
            return Ok(());
        }
        check::finite("coefficients", coeffs)
    }

    fn batch(&self, single: bool, scratch: &ShtScratch) -> Batch {
        let functions = match self.form {
            Form::Scalar => Functions::Scalar,
            Form::Spin | Form::Gradient => Functions::Spin,
        };
        let parallel = scratch.ring.parallel;
        batch(
            functions,
            self.limits().degrees,
            self.places,
            single,
            parallel,
        )
    }

    /// The lengths of one signal and of its coefficients.
    fn lengths<T: Sample>(&self, coding: Coding) -> [usize; 2] {
        let coefficients = match coding {
            Coding::Plain(layout) | Coding::Potential(layout) => layout.len(self.limits()),
            Coding::Modes => 2 * self.limits().half_len(),
        };
        [self.signal_axes::<T>().iter().product(), coefficients]
    }

    /// The stage of the signals that go eight to a vector.
    fn vectors<'a>(&'a self, weights: Option<&'a [f64]>, coding: Coding) -> Option<BatchStage<'a>> {
        match (coding, self.core.vectors()) {
            (Coding::Plain(layout), Some((values, fourier))) => Some(BatchStage {
                limits: self.limits(),
                values,
                fourier,
                weights,
                layout,
            }),
            _ => None,
        }
    }

    /// Signals one after the other in memory; says whether all samples are finite.
    fn analyse_all<T: Sample>(
        &self,
        (single, coding): (bool, Coding),
        samples: &[T],
        weights: Option<&[f64]>,
        coeffs: &mut [Complex64],
        scratch: &mut ShtScratch,
    ) -> bool {
        let method = self.batch(single, scratch);
        if method == Batch::Vectors
            && let Some(stage) = self.vectors(weights, coding)
        {
            return stage.analyse(samples, coeffs, scratch.ring.parallel, &mut scratch.batch);
        }
        let [size, len] = self.lengths::<T>(coding);
        let one = |(samples, coeffs): (&[T], &mut [Complex64]), scratch: &mut ShtScratch| {
            self.analyse_one(coding, samples, weights, coeffs, scratch)
        };
        if method == Batch::Apart {
            let signals = samples.par_chunks_exact(size);
            let pairs = signals.zip(coeffs.par_chunks_exact_mut(len));
            let finite = pairs.map_init(ShtScratch::default, |scratch, pair| one(pair, scratch));
            return finite.reduce(|| true, |a, b| a && b);
        }
        let signals = samples.chunks_exact(size);
        let mut pairs = signals.zip(coeffs.chunks_exact_mut(len));
        pairs.all(|pair| one(pair, scratch))
    }

    /// Signals one after the other in memory; says whether all coefficients that are used are finite.
    fn synthesise_all<T: Sample>(
        &self,
        (single, coding): (bool, Coding),
        coeffs: &[Complex64],
        weights: Option<&[f64]>,
        samples: &mut [T],
        scratch: &mut ShtScratch,
    ) -> bool {
        let method = self.batch(single, scratch);
        if method == Batch::Vectors
            && let Some(stage) = self.vectors(weights, coding)
        {
            return stage.synthesise(coeffs, samples, scratch.ring.parallel, &mut scratch.batch);
        }
        let [size, len] = self.lengths::<T>(coding);
        let one = |(samples, coeffs): (&mut [T], &[Complex64]), scratch: &mut ShtScratch| {
            self.synthesise_one(coding, coeffs, weights, samples, scratch)
        };
        if method == Batch::Apart {
            let signals = samples.par_chunks_exact_mut(size);
            let pairs = signals.zip(coeffs.par_chunks_exact(len));
            let finite = pairs.map_init(ShtScratch::default, |scratch, pair| one(pair, scratch));
            return finite.reduce(|| true, |a, b| a && b);
        }
        let signals = samples.chunks_exact_mut(size);
        let mut pairs = signals.zip(coeffs.chunks_exact(len));
        pairs.all(|pair| one(pair, scratch))
    }

    fn analyse_one<T: Sample>(
        &self,
        coding: Coding,
        samples: &[T],
        weights: Option<&[f64]>,
        coeffs: &mut [Complex64],
        scratch: &mut ShtScratch,
    ) -> bool {
        self.fit::<T>(scratch);
        let (limits, transposed) = (self.limits(), weights.is_none());
        let ShtScratch {
            ring, packed, map, ..
        } = scratch;
        match coding {
            Coding::Plain(Layout::Half) => {
                let half = cast_slice_mut(coeffs);
                self.core.analyse(samples, transposed, weights, half, ring)
            }
            Coding::Plain(Layout::Full) => {
                let finite = self
                    .core
                    .analyse(samples, transposed, weights, packed, ring);
                if finite {
                    unpack_all::<T>(packed, coeffs, limits, ring.parallel);
                }
                finite
            }
            Coding::Modes => {
                join(samples, 0, map);
                let finite = self.core.analyse(map, transposed, weights, packed, ring);
                if finite {
                    unpack_modes(packed, coeffs);
                }
                finite
            }
            Coding::Potential(layout) => (0..T::ROWS).all(|part| {
                join(samples, part, map);
                let finite = self.core.analyse(map, transposed, weights, packed, ring);
                if finite {
                    let potential = Potential {
                        limits,
                        layout,
                        part,
                        divide: !transposed,
                    };
                    potential.unpack(packed, coeffs);
                }
                finite
            }),
        }
    }

    fn synthesise_one<T: Sample>(
        &self,
        coding: Coding,
        coeffs: &[Complex64],
        weights: Option<&[f64]>,
        samples: &mut [T],
        scratch: &mut ShtScratch,
    ) -> bool {
        self.fit::<T>(scratch);
        let (limits, transposed) = (self.limits(), weights.is_some());
        let ShtScratch {
            ring, packed, map, ..
        } = scratch;
        match coding {
            Coding::Plain(Layout::Half) => {
                let finite = Arch::new().dispatch(AllFinite(coeffs));
                if finite {
                    let half = cast_slice(coeffs);
                    self.core
                        .synthesise(half, transposed, weights, samples, ring);
                }
                finite
            }
            Coding::Plain(Layout::Full) => {
                let finite = pack_all::<T>(coeffs, packed, limits, ring.parallel);
                if finite {
                    self.core
                        .synthesise(packed, transposed, weights, samples, ring);
                }
                finite
            }
            Coding::Modes => {
                let finite = pack_modes(coeffs, limits.degrees, packed);
                if finite {
                    self.core.synthesise(packed, transposed, weights, map, ring);
                    split(map, 0, samples);
                }
                finite
            }
            Coding::Potential(layout) => (0..T::ROWS).all(|part| {
                let potential = Potential {
                    limits,
                    layout,
                    part,
                    divide: transposed,
                };
                let finite = potential.pack::<T>(coeffs, packed);
                if finite {
                    self.core.synthesise(packed, transposed, weights, map, ring);
                    split(map, part, samples);
                }
                finite
            }),
        }
    }
}

/// The grid of a sampling with a given number of longitudes.
pub(super) fn sampling_grid(
    band_limit: usize,
    sampling: Sampling,
    longitudes: usize,
) -> Result<Grid> {
    let grid = sampling.grid(band_limit)?;
    check_longitudes(Limits::all(band_limit), longitudes)?;
    Grid::new(grid.family(), grid.shape()[0], longitudes)
}

/// Accepts grids whose rings determine the signals.
fn check_rings(limits: Limits, grid: &Grid) -> Result<()> {
    let (limit, most) = (limits.degrees, grid.max_degrees());
    if limit <= most {
        return Ok(());
    }
    let [rings, _] = grid.shape();
    let what = format!("band limit on {rings} {} rings", grid.family());
    Err(Error::invalid(what, limit, format!("at most {most}")))
}

fn check_longitudes(limits: Limits, longitudes: usize) -> Result<()> {
    let least = limits.longitudes();
    if (least..=MAX_LONGITUDES).contains(&longitudes) {
        return Ok(());
    }
    let limit = if limits.orders == limits.degrees {
        "band"
    } else {
        "order"
    };
    Err(Error::invalid(
        "number of longitudes",
        longitudes,
        format!("{least} (twice the {limit} limit, less one) to {MAX_LONGITUDES}"),
    ))
}
