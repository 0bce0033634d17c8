//! Work done with vectors of every width, for tests: a machine by itself takes the widest that it has.

use pulp::{Arch, Scalar, Simd, WithSimd};

/// Vectors of one number, of four, and the widest there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Width {
    One,
    #[cfg(target_arch = "x86_64")]
    Four,
    Widest,
}

impl Width {
    pub(crate) const ALL: &[Width] = &[
        Width::One,
        #[cfg(target_arch = "x86_64")]
        Width::Four,
        Width::Widest,
    ];

    /// Where the machine has no vectors of four numbers the widest ones take their place.
    pub(crate) fn run<W: WithSimd>(self, work: W) -> W::Output {
        match self {
            Width::One => Simd::vectorize(Scalar::new(), work),
            #[cfg(target_arch = "x86_64")]
            Width::Four => match pulp::x86::V3::try_new() {
                Some(simd) => Simd::vectorize(simd, work),
                None => Arch::new().dispatch(work),
            },
            Width::Widest => Arch::new().dispatch(work),
        }
    }
}
