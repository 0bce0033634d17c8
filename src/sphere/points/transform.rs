//! The transform at points in place of the one on rings: direct sums, or the fine grid.

use super::choice::{Method, method};
use super::colatitudes::{self, Cells};
use super::grid::PointGrid;
use super::records::{Records, check_points, reduced};
use crate::Result;
use crate::check;
use crate::sphere::limits::{Limits, check_band_limit};
use crate::sphere::rings::{Ring, Rings};
use crate::sphere::transform::Sample;
use crate::sphere::transform::chains::Chains;
use crate::sphere::transform::engine::Engine;
use crate::sphere::transform::method::Places;
use crate::sphere::transform::ring_pairs::RingPairs;
use crate::sphere::transform::ring_transform::{RingScratch, RingTransform};
use crate::sphere::transform::verbs::{Form, Transform};
use ndarray::{ArrayView2, aview1};
use rustfft::FftPlanner;
use std::marker::PhantomData;
use std::sync::Arc;

/// Synthesis at points and its adjoint.
pub(in crate::sphere) struct PointEngine<K> {
    /// On the rings of the fine grid; without one, on rings that are the points.
    rings: RingTransform<K>,
    grid: Option<PointGrid>,
}

impl<K> PointEngine<K> {
    /// The kernel's refinement and support; `None` for direct sums.
    pub(super) fn refinement_and_width(&self) -> Option<(f64, usize)> {
        let shape = self.grid.as_ref()?.shape();
        Some((shape.refinement, shape.width))
    }

    /// The sorted points.
    pub(super) fn records(&self) -> Option<Arc<Records>> {
        self.grid.as_ref().map(PointGrid::records)
    }
}

/// What a plan needs to know.
pub(super) struct Request<'a> {
    pub form: Form,
    pub band_limit: usize,
    pub spin: i32,
    pub points: ArrayView2<'a, f64>,
    pub tolerance: f64,
    /// The sorted points of another plan for the same points, band limit and tolerance.
    pub records: Option<Arc<Records>>,
}

impl<K: Chains> Transform<K, PointEngine<K>> {
    /// Plans a transform at points; `tables` makes the functions for pairs of rings.
    pub(super) fn at_points(
        request: &Request<'_>,
        tables: impl FnOnce(&RingPairs) -> K,
    ) -> Result<Self> {
        let Request {
            form,
            band_limit,
            spin,
            points,
            tolerance,
            ref records,
        } = *request;
        check_band_limit(band_limit)?;
        let method = method(band_limit, points.nrows(), tolerance)?;
        check_points(points)?;
        let ring = |colatitude: f64, first_longitude: f64| Ring {
            colatitude,
            longitudes: 1,
            first_longitude,
        };
        let (rings, grid): (Vec<Ring>, _) = match method {
            Method::Direct => {
                let points = points.rows().into_iter();
                let rings = points.map(|point| ring(point[0], reduced(point[1])));
                (rings.collect(), None)
            }
            Method::Grid(shape) => {
                let rings = colatitudes::rings(band_limit).into_iter();
                let grid =
                    PointGrid::new(band_limit, spin % 2 != 0, shape, points, records.clone())?;
                (rings.map(|theta| ring(theta, 0.0)).collect(), Some(grid))
            }
        };
        let planner = &mut FftPlanner::new();
        let rings = RingTransform::new(
            Limits::all(band_limit),
            Rings::new(rings)?,
            None,
            planner,
            tables,
        );
        Ok(Transform {
            form,
            places: Places::Points,
            axes: vec![2, points.nrows()],
            core: PointEngine { rings, grid },
            weights: None,
            functions: PhantomData,
        })
    }

    /// Sets the weight of each point in the analysis.
    pub(super) fn set_point_weights(&mut self, weights: &[f64]) -> Result<()> {
        check::shape("weights of points", &[weights.len()], self.component())?;
        check::finite("weights of points", aview1(weights))?;
        self.weights = Some(weights.to_vec());
        Ok(())
    }
}

impl<K: Chains> Engine for PointEngine<K> {
    fn limits(&self) -> Limits {
        self.rings.limits
    }

    fn fit<T: Sample>(&self, scratch: &mut RingScratch) {
        self.rings.fit::<T>(scratch);
        if let Some(grid) = &self.grid {
            grid.fit::<T>(&mut scratch.points);
        }
    }

    fn synthesise<T: Sample>(
        &self,
        packed: &[f64],
        transposed: bool,
        weights: Option<&[f64]>,
        samples: &mut [T],
        scratch: &mut RingScratch,
    ) {
        let Some(grid) = &self.grid else {
            let rings = &self.rings;
            return rings.synthesise(packed, transposed, weights, samples, scratch);
        };
        let layout = self.rings.expand_columns::<T>(packed, scratch);
        let places = Cells {
            layout,
            seen: self.rings.tables.orders(),
            component: 0,
        };
        let RingScratch {
            parallel,
            cells,
            points,
            ..
        } = scratch;
        grid.synthesise((places, &*cells), weights, samples, *parallel, points);
    }

    fn analyse<T: Sample>(
        &self,
        samples: &[T],
        transposed: bool,
        weights: Option<&[f64]>,
        packed: &mut [f64],
        scratch: &mut RingScratch,
    ) -> bool {
        let Some(grid) = &self.grid else {
            let rings = &self.rings;
            return rings.analyse(samples, transposed, weights, packed, scratch);
        };
        if !check::all_finite(samples) {
            return false;
        }
        self.fit::<T>(scratch);
        let layout = self.rings.columns_layout::<T>();
        let places = Cells {
            layout,
            seen: self.rings.tables.orders(),
            component: 0,
        };
        let RingScratch {
            parallel,
            cells,
            points,
            ..
        } = &mut *scratch;
        cells[..layout.len].fill(0.0);
        grid.analyse(samples, weights, (places, &mut *cells), *parallel, points);
        self.rings.project_columns::<T>(packed, scratch);
        true
    }
}
