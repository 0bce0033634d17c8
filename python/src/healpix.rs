//! Pixels of the HEALPix grid, for the functions of `haarmonic.healpix`, which check and document their arguments.

use haarmonic::group::SpherePoint;
use haarmonic::sphere::{Healpix, MaskRule, PixelOrder};
use numpy::ndarray::{Array1, ArrayD, ArrayViewD, Axis, Zip};
use numpy::{IntoPyArray, PyArray1, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::{broadcast, count};
use crate::arrays::{Input, output, real, where_it_lies, zeros};
use crate::errors::OrRaise;

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(healpix_pixel_at, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_centre, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_renumber, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_reorder, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_neighbours, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_disc, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_regrade, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_ring_weights, module)?)?;
    module.add_function(wrap_pyfunction!(healpix_max_radius, module)?)
}

fn order(nest: bool) -> PixelOrder {
    match nest {
        true => PixelOrder::Nested,
        false => PixelOrder::Ring,
    }
}

fn grid(nside: i64, nest: bool) -> PyResult<Healpix> {
    Healpix::new(count("nside", nside, 1)?, order(nest)).or_raise()
}

/// Numbers of pixels.
fn pixels<'py>(value: &Bound<'py, PyAny>) -> PyResult<Input<'py, i64>> {
    match where_it_lies(value, "ipix")? {
        Some(input) => Ok(input),
        None => Err(PyValueError::new_err(
            "ipix: expected an array of whole numbers",
        )),
    }
}

fn each_pixel<T: Clone + Default>(
    pixels: ArrayViewD<'_, i64>,
    value: impl Fn(usize) -> haarmonic::Result<T>,
) -> haarmonic::Result<ArrayD<T>> {
    let mut values = zeros(pixels.shape())?;
    for (out, pixel) in values.iter_mut().zip(&pixels) {
        // No grid has the pixel of a negative number.
        *out = value(usize::try_from(*pixel).unwrap_or(usize::MAX))?;
    }
    Ok(values)
}

/// The pixels of colatitudes and longitudes.
#[pyfunction]
fn healpix_pixel_at<'py>(
    py: Python<'py>,
    nside: i64,
    theta: &Bound<'py, PyAny>,
    phi: &Bound<'py, PyAny>,
    nest: bool,
) -> PyResult<Bound<'py, PyArrayDyn<i64>>> {
    let grid = grid(nside, nest)?;
    let [theta, phi] = broadcast(py, [theta, phi])?;
    let (theta, phi) = (real(&theta, "theta")?, real(&phi, "phi")?);
    let (theta, phi) = (theta.view(), phi.view());
    let pixels = py.detach(|| -> haarmonic::Result<_> {
        let mut pixels = zeros::<i64>(theta.shape())?;
        for ((pixel, theta), phi) in pixels.iter_mut().zip(&theta).zip(&phi) {
            *pixel = grid.pixel_at(&SpherePoint::new(*theta, *phi)?) as i64;
        }
        Ok(pixels)
    });
    Ok(output(py, pixels.or_raise()?))
}

/// Colatitudes and longitudes of the centres of pixels, along a first axis of two.
#[pyfunction]
fn healpix_centre<'py>(
    py: Python<'py>,
    nside: i64,
    ipix: &Bound<'py, PyAny>,
    nest: bool,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let (grid, input) = (grid(nside, nest)?, pixels(ipix)?);
    let view = input.view();
    let angles = py.detach(|| -> haarmonic::Result<_> {
        let centres = each_pixel(view.view(), |pixel| {
            let centre = grid.centre(pixel)?;
            Ok((centre.colatitude(), centre.longitude()))
        })?;
        let mut angles = zeros::<f64>(&[&[2], view.shape()].concat())?;
        let (theta, phi) = angles.view_mut().split_at(Axis(0), 1);
        let (theta, phi) = (
            theta.index_axis_move(Axis(0), 0),
            phi.index_axis_move(Axis(0), 0),
        );
        Zip::from(theta)
            .and(phi)
            .and(&centres)
            .for_each(|theta, phi, centre| {
                (*theta, *phi) = *centre;
            });
        Ok(angles)
    });
    Ok(output(py, angles.or_raise()?))
}

/// The numbers of pixels in the other order.
#[pyfunction]
fn healpix_renumber<'py>(
    py: Python<'py>,
    nside: i64,
    ipix: &Bound<'py, PyAny>,
    from_nest: bool,
) -> PyResult<Bound<'py, PyArrayDyn<i64>>> {
    let (grid, input) = (grid(nside, from_nest)?, pixels(ipix)?);
    let view = input.view();
    let numbers = py.detach(|| {
        each_pixel(view, |pixel| {
            Ok(grid.renumbered(pixel, order(!from_nest))? as i64)
        })
    });
    Ok(output(py, numbers.or_raise()?))
}

/// Maps [.., npix] with their pixels in the other order.
#[pyfunction]
fn healpix_reorder<'py>(
    py: Python<'py>,
    maps: &Bound<'py, PyAny>,
    from_nest: bool,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let input = real(maps, "maps")?;
    let view = input.view();
    let maps = py.detach(|| -> haarmonic::Result<_> {
        let of_map = view.shape().last().copied().unwrap_or_default();
        let grid = Healpix::of_map(of_map, order(from_nest))?;
        let mut maps = zeros::<f64>(view.shape())?;
        for (mut out, map) in maps.rows_mut().into_iter().zip(view.rows()) {
            let values = grid.reordered(&map.to_vec(), order(!from_nest))?;
            out.assign(&Array1::from(values));
        }
        Ok(maps)
    });
    Ok(output(py, maps.or_raise()?))
}

/// The pixels around pixels, along a first axis of eight; −1 for none.
#[pyfunction]
fn healpix_neighbours<'py>(
    py: Python<'py>,
    nside: i64,
    ipix: &Bound<'py, PyAny>,
    nest: bool,
) -> PyResult<Bound<'py, PyArrayDyn<i64>>> {
    let (grid, input) = (grid(nside, nest)?, pixels(ipix)?);
    let view = input.view();
    let around = py.detach(|| -> haarmonic::Result<_> {
        let each = each_pixel(view.view(), |pixel| {
            Ok(grid
                .neighbours(pixel)?
                .map(|other| other.map_or(-1, |p| p as i64)))
        })?;
        let mut around = zeros::<i64>(&[&[8], view.shape()].concat())?;
        for (direction, mut out) in around.outer_iter_mut().enumerate() {
            Zip::from(&mut out)
                .and(&each)
                .for_each(|out, all| *out = all[direction]);
        }
        Ok(around)
    });
    Ok(output(py, around.or_raise()?))
}

/// The pixels of a disc; with `inclusive` at least all that overlap with it.
#[pyfunction]
fn healpix_disc<'py>(
    py: Python<'py>,
    nside: i64,
    vector: [f64; 3],
    radius: f64,
    inclusive: bool,
    nest: bool,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let grid = grid(nside, nest)?;
    let found = py.detach(|| {
        let margin = if inclusive {
            grid.max_pixel_radius()
        } else {
            0.0
        };
        let centre = SpherePoint::from_vector(vector)?;
        grid.disc(
            &centre,
            (radius + margin).min(std::f64::consts::PI.max(radius)),
        )
    });
    let pixels: Vec<i64> = found.or_raise()?.into_iter().map(|p| p as i64).collect();
    Ok(pixels.into_pyarray(py))
}

/// Maps [.., npix] at another resolution.
#[pyfunction]
fn healpix_regrade<'py>(
    py: Python<'py>,
    maps: &Bound<'py, PyAny>,
    nside: i64,
    from_nest: bool,
    to_nest: bool,
    pessimistic: bool,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let input = real(maps, "maps")?;
    let (view, to) = (input.view(), grid(nside, to_nest)?);
    let rule = match pessimistic {
        true => MaskRule::Any,
        false => MaskRule::All,
    };
    let maps = py.detach(|| -> haarmonic::Result<_> {
        let (last, leading) = match view.shape().split_last() {
            Some((last, leading)) => (*last, leading),
            None => (0, &[][..]),
        };
        let grid = Healpix::of_map(last, order(from_nest))?;
        let shape = [leading, &[to.pixels()]].concat();
        let mut maps = zeros::<f64>(&shape)?;
        for (mut out, map) in maps.rows_mut().into_iter().zip(view.rows()) {
            let values = grid.regraded(&map.to_vec(), &to, rule)?;
            out.assign(&Array1::from(values));
        }
        Ok(maps)
    });
    Ok(output(py, maps.or_raise()?))
}

/// The solid angles of the samples of each ring, exact for polynomials up to a degree.
#[pyfunction]
fn healpix_ring_weights<'py>(
    py: Python<'py>,
    nside: i64,
    degree: i64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (grid, degree) = (grid(nside, false)?, count("degree", degree, 0)?);
    let weights = py.detach(|| grid.ring_weights(degree));
    Ok(weights.or_raise()?.into_pyarray(py))
}

/// The largest angle between the centre of a pixel and a point of it.
#[pyfunction]
fn healpix_max_radius(nside: i64) -> PyResult<f64> {
    Ok(grid(nside, false)?.max_pixel_radius())
}
