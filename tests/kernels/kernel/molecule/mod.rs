//! Kernels of molecules: networks that pass messages and are equivariant under rotations and permutations.

mod definition;
mod features;
mod golden;
mod invariance;
mod monte_carlo;
mod refusals;
mod single;

use haarmonic::atoms::Atoms;
use haarmonic::group::{EulerZyz, Rotation};

/// Water, formaldehyde and a third molecule without symmetries.
pub fn molecules() -> [Atoms; 3] {
    let water = vec![
        [0.0, 0.0, 0.1173],
        [0.0, 0.7572, -0.4692],
        [0.0, -0.7572, -0.4692],
    ];
    let formaldehyde = vec![
        [0.0, 0.0, -0.5255],
        [0.0, 0.0, 0.6755],
        [0.0, 0.9426, -1.108],
        [0.05, -0.9426, -1.1],
    ];
    let chiral = vec![
        [0.0, 0.0, 0.0],
        [1.4, 0.1, 0.0],
        [-0.3, 1.0, 0.2],
        [-0.4, -0.5, 0.9],
        [1.8, 0.6, 0.8],
    ];
    [
        Atoms::new(vec![8, 1, 1], water).unwrap(),
        Atoms::new(vec![6, 8, 1, 1], formaldehyde).unwrap(),
        Atoms::new(vec![6, 8, 1, 1, 1], chiral).unwrap(),
    ]
}

pub fn rotation(angles: [f64; 3]) -> Rotation {
    let [alpha, beta, gamma] = angles;
    Rotation::from(EulerZyz::new(alpha, beta, gamma).unwrap())
}

/// The atoms in another order, turned and moved.
pub fn copy(atoms: &Atoms, angles: [f64; 3], shift: [f64; 3]) -> Atoms {
    let turned = atoms.rotated(&rotation(angles)).unwrap();
    let order = (0..atoms.len()).rev();
    let numbers = order.clone().map(|i| atoms.atomic_numbers()[i]);
    let positions = order.map(|i| {
        let x = turned.positions()[i];
        std::array::from_fn(|b| x[b] + shift[b])
    });
    Atoms::new(numbers.collect(), positions.collect()).unwrap()
}

/// The mirror image.
pub fn mirrored(atoms: &Atoms) -> Atoms {
    let positions = atoms.positions().iter().map(|&[x, y, z]| [x, y, -z]);
    Atoms::new(atoms.atomic_numbers().to_vec(), positions.collect()).unwrap()
}
