//! The options of transforms on the sphere, and the plan that they describe.

use std::f64::consts::PI;

use clap::{Args, ValueEnum};
use haarmonic::sphere::{
    Grid, GridFamily, Healpix, PixelOrder, RingAnalysis, RingPlan, Rings, Sample, Sampling,
    ShtPlan, ShtPlanner, SpinPlan, SpinRingPlan, iterated_analysis_into, least_squares_analysis,
};
use haarmonic::{Error, Result};
use ndarray::ArrayD;
use num_complex::Complex64;
use std::sync::Arc;

use super::transform::Direction;

/// The most iterations of an analysis to a tolerance.
const MOST_ITERATIONS: usize = 1000;

#[derive(Args)]
pub struct SphereOptions {
    /// driscoll-healy, gauss-legendre, mcewen-wiaux or clenshaw-curtis; on the sphere also fejer1, fejer2, mcewen-wiaux-north and north-pole, with the fewest rings unless --rings is given
    #[arg(long, required_unless_present = "healpix", conflicts_with = "healpix")]
    sampling: Option<String>,
    /// The HEALPix grid of this nside in ring order; samples have the shape [.., 12 nside²]
    #[arg(long, value_name = "NSIDE")]
    healpix: Option<usize>,
    /// The number of rings of a grid, for maps of any size, such as 180 for cells of one degree (fejer1)
    #[arg(long, conflicts_with = "healpix")]
    rings: Option<usize>,
    /// The number of longitudes of a grid [default: the fewest, 2N - 1 for N orders]
    #[arg(long, conflicts_with = "healpix")]
    longitudes: Option<usize>,
    /// The longitude of the first sample of each ring, in radians
    #[arg(long, conflicts_with = "healpix", allow_negative_numbers = true)]
    first_longitude: Option<f64>,
    /// The spin weight
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    spin: i32,
    /// Order limit N, exclusive: orders |m| < N [default: L]
    #[arg(long)]
    orders: Option<usize>,
    /// full: complex samples and all orders, [.., L, 2N-1]. half: real samples and m >= 0, [.., N (2L+1-N)/2]; with spin samples [.., 2, ..] (Q, U) and coefficients [.., 2, ..] (E, B)
    #[arg(long, value_enum, default_value_t = LayoutChoice::Full)]
    layout: LayoutChoice,
    /// Jacobi iterations of an analysis on HEALPix [default: 3]
    #[arg(long, requires = "healpix")]
    iterations: Option<usize>,
    /// Analyse on HEALPix by conjugate gradients, until iterations change the coefficients by less than this part
    #[arg(
        long,
        requires = "healpix",
        conflicts_with = "iterations",
        allow_negative_numbers = true
    )]
    tolerance: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LayoutChoice {
    /// All orders
    Full,
    /// The orders m >= 0 of real signals
    Half,
}

impl SphereOptions {
    /// The sampling on rotations, where no other option has a meaning.
    pub fn on_rotations(&self) -> Result<Sampling> {
        let given = [
            ("--healpix", self.healpix.is_some()),
            ("--rings", self.rings.is_some()),
            ("--longitudes", self.longitudes.is_some()),
            ("--first-longitude", self.first_longitude.is_some()),
            ("--spin", self.spin != 0),
            ("--orders", self.orders.is_some()),
            ("--layout half", self.layout == LayoutChoice::Half),
        ];
        if let Some((name, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(Error::invalid(name, "it", "--space sphere with it"));
        }
        self.sampling.as_deref().unwrap_or_default().parse()
    }

    /// The grid of the samples.
    fn grid(&self, limit: usize, orders: usize) -> Result<Grid> {
        let name = self.sampling.as_deref().unwrap_or_default();
        let family = name.parse::<GridFamily>();
        let grid = match (self.rings, name.parse::<Sampling>()) {
            (None, Ok(sampling)) => sampling.grid(limit)?,
            (None, Err(_)) => Grid::fewest(family.map_err(|_| unknown(name))?, limit)?,
            (Some(rings), sampling) => match family {
                Ok(family) => Grid::new(family, rings, 2 * orders - 1)?,
                Err(_) if sampling.is_ok() => {
                    let expected =
                        format!("none with {name}, which has twice as many as the band limit");
                    return Err(Error::invalid("--rings", rings, expected));
                }
                Err(_) => return Err(unknown(name)),
            },
        };
        let (rings, least) = (grid.shape()[0], grid.family().fewest_rings(limit)?);
        if rings < least {
            let expected = format!("{least} or more for band limit {limit}");
            return Err(Error::invalid("--rings", rings, expected));
        }
        let least = 2 * orders - 1;
        let longitudes = self.longitudes.unwrap_or(least);
        if longitudes < least {
            let expected = format!("{least} or more for the orders below {orders}");
            return Err(Error::invalid("--longitudes", longitudes, expected));
        }
        let grid = Grid::new(grid.family(), grid.shape()[0], longitudes)?;
        grid.starting_at(self.first_longitude.unwrap_or(0.0))
    }
}

fn unknown(name: &str) -> Error {
    let mut names: Vec<&str> = Sampling::ALL.map(Sampling::name).to_vec();
    names.extend(GridFamily::ALL.map(GridFamily::name));
    names.sort_unstable();
    names.dedup();
    let expected = format!("one of {}", names.join(", "));
    Error::invalid("--sampling", format!("{name:?}"), expected)
}

/// How an analysis on rings is improved.
#[derive(Clone, Copy)]
pub enum Improvement {
    Iterations(usize),
    Tolerance(f64),
}

/// Where the samples lie.
enum Places {
    Grid(Grid),
    Healpix(usize),
}

/// A transform that can be made: its shapes are known before its tables are there.
pub struct Request {
    limit: usize,
    orders: usize,
    spin: i32,
    places: Places,
    layout: LayoutChoice,
    improvement: Improvement,
}

impl Request {
    pub fn new(options: &SphereOptions, limit: usize, direction: Direction) -> Result<Self> {
        // Refuses limits that are out of range.
        Sampling::GaussLegendre.shape(limit)?;
        let orders = options.orders.unwrap_or(limit);
        if orders == 0 || orders > limit {
            let expected = format!("1 to the band limit, {limit}");
            return Err(Error::invalid("--orders", orders, expected));
        }
        if direction == Direction::Inverse {
            let names = ["--iterations", "--tolerance"];
            let given = [options.iterations.is_some(), options.tolerance.is_some()];
            if let Some((name, _)) = names.into_iter().zip(given).find(|(_, given)| *given) {
                return Err(Error::invalid(name, "it", "--direction forward with it"));
            }
        }
        let places = match options.healpix {
            Some(nside) => {
                // Refuses a resolution that is out of range.
                Healpix::new(nside, PixelOrder::Ring)?;
                Places::Healpix(nside)
            }
            None => Places::Grid(options.grid(limit, orders)?),
        };
        Ok(Request {
            limit,
            orders,
            spin: options.spin,
            places,
            layout: options.layout,
            improvement: match options.tolerance {
                Some(tolerance) => Improvement::Tolerance(tolerance),
                None => Improvement::Iterations(options.iterations.unwrap_or(3)),
            },
        })
    }

    /// Whether samples are real, and coefficients have the half layout.
    pub fn is_real(&self) -> bool {
        self.layout == LayoutChoice::Half
    }

    /// The last axes of samples.
    pub fn samples(&self) -> Vec<usize> {
        let axes = match &self.places {
            Places::Grid(grid) => grid.shape().to_vec(),
            Places::Healpix(nside) => vec![nside.saturating_mul(*nside).saturating_mul(12)],
        };
        self.with_parts(axes)
    }

    /// The last axes of coefficients.
    pub fn coefficients(&self) -> Vec<usize> {
        let (limit, orders) = (self.limit, self.orders);
        match self.layout {
            LayoutChoice::Full => vec![limit, 2 * orders - 1],
            LayoutChoice::Half => self.with_parts(vec![orders * (2 * limit + 1 - orders) / 2]),
        }
    }

    /// Real fields with spin have two components.
    fn with_parts(&self, mut axes: Vec<usize>) -> Vec<usize> {
        if self.is_real() && self.spin != 0 {
            axes.insert(0, 2);
        }
        axes
    }
}

/// The plan of a transform.
pub enum Plan {
    Grid(Arc<ShtPlan>),
    SpinGrid(Box<SpinPlan>),
    Rings(Box<RingPlan>, Improvement),
    SpinRings(Box<SpinRingPlan>, Improvement),
}

impl Plan {
    pub fn new(request: &Request) -> Result<Self> {
        let &Request {
            limit,
            orders,
            spin,
            improvement,
            ..
        } = request;
        Ok(match (&request.places, spin) {
            (Places::Grid(grid), 0) => {
                Plan::Grid(ShtPlanner::new().plan_with_orders(limit, orders, grid)?)
            }
            (Places::Grid(grid), _) => {
                Plan::SpinGrid(Box::new(SpinPlan::with_orders(limit, orders, spin, grid)?))
            }
            (Places::Healpix(nside), 0) => {
                let (rings, weights) = healpix(*nside)?;
                let plan = RingPlan::with_orders(rings, limit, orders)?;
                Plan::Rings(Box::new(plan.with_weights(&weights)?), improvement)
            }
            (Places::Healpix(nside), _) => {
                let (rings, weights) = healpix(*nside)?;
                let plan = SpinRingPlan::with_orders(rings, limit, orders, spin)?;
                Plan::SpinRings(Box::new(plan.with_weights(&weights)?), improvement)
            }
        })
    }

    /// Computes coefficients; says how far they are from converged, where they are improved.
    pub fn analyse<T: Sample>(
        &self,
        samples: &ArrayD<T>,
        coeffs: &mut ArrayD<Complex64>,
    ) -> Result<Option<String>> {
        let (from, to) = (samples.view(), coeffs.view_mut());
        match self {
            Plan::Grid(plan) => plan.forward_into(from, to, &mut plan.make_parallel_scratch())?,
            Plan::SpinGrid(plan) => {
                plan.forward_into(from, to, &mut plan.make_parallel_scratch())?
            }
            Plan::Rings(plan, improvement) => {
                let scratch = plan.make_parallel_scratch();
                return improved(&**plan, *improvement, samples, coeffs, scratch).map(Some);
            }
            Plan::SpinRings(plan, improvement) => {
                let scratch = plan.make_parallel_scratch();
                return improved(&**plan, *improvement, samples, coeffs, scratch).map(Some);
            }
        }
        Ok(None)
    }

    /// Computes samples.
    pub fn synthesise<T: Sample>(
        &self,
        coeffs: &ArrayD<Complex64>,
        samples: &mut ArrayD<T>,
    ) -> Result<()> {
        let (from, to) = (coeffs.view(), samples.view_mut());
        match self {
            Plan::Grid(plan) => plan.inverse_into(from, to, &mut plan.make_parallel_scratch()),
            Plan::SpinGrid(plan) => plan.inverse_into(from, to, &mut plan.make_parallel_scratch()),
            Plan::Rings(plan, _) => plan.inverse_into(from, to, &mut plan.make_parallel_scratch()),
            Plan::SpinRings(plan, _) => {
                plan.inverse_into(from, to, &mut plan.make_parallel_scratch())
            }
        }
    }
}

/// The rings of HEALPix with equal weights.
fn healpix(nside: usize) -> Result<(Rings, Vec<f64>)> {
    let rings = Rings::healpix(nside)?;
    let weights = vec![4.0 * PI / rings.samples() as f64; rings.rings().len()];
    Ok((rings, weights))
}

fn improved<P: RingAnalysis, T: Sample>(
    plan: &P,
    improvement: Improvement,
    samples: &ArrayD<T>,
    coeffs: &mut ArrayD<Complex64>,
    mut scratch: haarmonic::sphere::ShtScratch,
) -> Result<String> {
    let (from, to) = (samples.view(), coeffs.view_mut());
    Ok(match improvement {
        Improvement::Iterations(count) => {
            let change = iterated_analysis_into(plan, from, to, count, &mut scratch)?;
            let s = if count == 1 { "" } else { "s" };
            match count {
                0 => format!(
                    "without iterations; one would change the coefficients by {change:.1e} of their norm"
                ),
                _ => format!(
                    "{count} iteration{s}; the last one changed the coefficients by {change:.1e} of their norm"
                ),
            }
        }
        Improvement::Tolerance(tolerance) => {
            let most = MOST_ITERATIONS;
            let report = least_squares_analysis(plan, from, to, tolerance, most, &mut scratch)?;
            format!(
                "{} iterations of conjugate gradients; another one would change the coefficients by {:.1e} of their norm",
                report.iterations, report.change
            )
        }
    })
}
