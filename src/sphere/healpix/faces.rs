//! The twelve faces of the HEALPix grid, squares of nside × nside pixels, and both numberings of pixels.
//!
//! Faces 0 … 3 touch the north pole, 4 … 7 lie on the equator, 8 … 11 touch the south pole. In a face x grows towards the north-east and y
//! towards the north-west, so pixels of equal x + y lie on one ring. (Gorski05, Sect. 4 and 5.)

/// A pixel in its face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub face: usize,
    pub x: usize,
    pub y: usize,
}

/// A pixel in its ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnRing {
    /// From 1 at the north pole to 4 nside − 1.
    pub ring: usize,
    /// From 0, eastwards.
    pub position: usize,
}

/// Pixels of all rings before a ring.
pub(super) fn pixels_before(nside: usize, ring: usize) -> usize {
    if ring < nside {
        2 * ring * (ring - 1)
    } else if ring <= 3 * nside {
        2 * nside * (nside - 1) + 4 * nside * (ring - nside)
    } else {
        let from_south = 4 * nside - ring;
        12 * nside * nside - 2 * from_south * (from_south + 1)
    }
}

impl OnRing {
    /// The pixel of a number in ring order.
    pub(super) fn of(nside: usize, pixel: usize) -> Self {
        let (all, cap) = (12 * nside * nside, 2 * nside * (nside - 1));
        // 2 i (i − 1) pixels lie before ring i of the northern cap, and 2 i (i + 1) from ring i of the southern cap on.
        let ring = if pixel < cap {
            (1 + 2 * pixel).isqrt().div_ceil(2)
        } else if pixel < all - cap {
            nside + (pixel - cap) / (4 * nside)
        } else {
            let rest = all - 1 - pixel;
            4 * nside - (1 + 2 * rest).isqrt().div_ceil(2)
        };
        OnRing {
            ring,
            position: pixel - pixels_before(nside, ring),
        }
    }

    /// The number in ring order.
    pub(super) fn pixel(self, nside: usize) -> usize {
        pixels_before(nside, self.ring) + self.position
    }
}

impl Place {
    /// The pixel at a place of the belt, from the numbers of the lines of both directions before it: those that rise to the north-east,
    /// and those that fall to the south-east.
    pub(super) fn of_lines(nside: usize, rising: usize, falling: usize) -> Self {
        let (first, second) = (rising / nside, falling / nside);
        let face = match first.cmp(&second) {
            std::cmp::Ordering::Equal => 4 + first % 4,
            std::cmp::Ordering::Less => first % 4,
            std::cmp::Ordering::Greater => 8 + second % 4,
        };
        Place {
            face,
            x: falling % nside,
            y: nside - 1 - rising % nside,
        }
    }

    /// The face of a pixel on a ring.
    pub(super) fn of_ring(nside: usize, OnRing { ring, position }: OnRing) -> Self {
        let from_south = 4 * nside - ring;
        if ring < nside {
            let (face, k) = (position / ring, position % ring);
            Place {
                face,
                x: nside - ring + k,
                y: nside - 1 - k,
            }
        } else if from_south < nside {
            let (face, k) = (position / from_south, position % from_south);
            Place {
                face: 8 + face,
                x: k,
                y: from_south - 1 - k,
            }
        } else {
            // Twice the coordinates of the centre along both directions; both are odd.
            let twice = 2 * position + usize::from((ring - nside).is_multiple_of(2));
            let rising = (twice + ring - nside) / 2;
            let falling = (twice + 3 * nside - ring) / 2;
            Self::of_lines(nside, rising, falling)
        }
    }

    pub(super) fn on_ring(self, nside: usize) -> OnRing {
        let Place { face, x, y } = self;
        let ring = (face / 4 + 2) * nside - x - y - 1;
        let position = if ring < nside {
            face * ring + x + ring - nside
        } else if ring > 3 * nside {
            (face - 8) * (4 * nside - ring) + x
        } else {
            // Eighths of the circle west of the middle of the face.
            let middle = [2 * (face % 4) + 1, 2 * (face % 4)][usize::from(face / 4 == 1)];
            let shift = (ring - nside) % 2;
            let twice = (middle * nside + x + shift) as i64 - y as i64 - 1;
            (twice.div_euclid(2)).rem_euclid(4 * nside as i64) as usize
        };
        OnRing { ring, position }
    }

    /// The place of a number in nested order; nside is a power of two.
    pub(super) fn of_nested(nside: usize, pixel: usize) -> Self {
        let (face, inside) = (pixel / (nside * nside), (pixel % (nside * nside)) as u64);
        Place {
            face,
            x: gather(inside) as usize,
            y: gather(inside >> 1) as usize,
        }
    }

    /// The number in nested order: bits of x and y alternate.
    pub(super) fn nested(self, nside: usize) -> usize {
        let inside = spread(self.x as u64) | spread(self.y as u64) << 1;
        self.face * nside * nside + inside as usize
    }
}

/// Masks of the steps of [`spread`]: groups of 16, 8, 4, 2 and 1 bits, with as many zeros in between.
const MASKS: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
];

/// Moves bit i of a number below 2³² to bit 2i.
fn spread(number: u64) -> u64 {
    let step = |bits: u64, (shift, mask): &(u32, u64)| (bits | bits << shift) & mask;
    MASKS.iter().fold(number, step)
}

/// Moves bit 2i of a number to bit i; the other bits are dropped.
fn gather(bits: u64) -> u64 {
    let mut number = bits & MASKS[4].1;
    for i in (0..5).rev() {
        let mask = if i == 0 { 0xffff_ffff } else { MASKS[i - 1].1 };
        number = (number | number >> MASKS[i].0) & mask;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_spread_one_by_one() {
        for number in [0, 1, 2, 3, 5, 0x1234, 0xffff_ffff, 0x8000_0001_u64] {
            let slow = (0..32).fold(0, |sum, i| sum | (number >> i & 1) << (2 * i));
            assert_eq!(spread(number), slow);
            assert_eq!(gather(slow | slow << 1), number);
        }
    }

    #[test]
    fn all_numberings_are_one_to_one() {
        for nside in [1, 2, 3, 4, 5, 8, 16] {
            let mut seen = vec![false; 12 * nside * nside];
            for pixel in 0..seen.len() {
                let on_ring = OnRing::of(nside, pixel);
                assert!((1..4 * nside).contains(&on_ring.ring));
                assert_eq!(on_ring.pixel(nside), pixel);
                let place = Place::of_ring(nside, on_ring);
                assert!(place.face < 12 && place.x < nside && place.y < nside);
                assert_eq!(place.on_ring(nside), on_ring, "{nside} {place:?}");
                let nested = place.face * nside * nside + place.x * nside + place.y;
                assert!(!std::mem::replace(&mut seen[nested], true));
                if nside.is_power_of_two() {
                    let nested = place.nested(nside);
                    assert_eq!(Place::of_nested(nside, nested), place);
                }
            }
        }
    }
}
