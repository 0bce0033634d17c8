//! Power spectra: the features of squares of correlations.

use std::f64::consts::SQRT_2;

/// Adds the power spectrum $`p_{cc'} = \sum_m a_{mc} a_{mc'}`$ of one degree, times a number.
///
/// The entries c ≤ c' follow each other row by row; those with c < c' stand for two and have the factor √2.
///
/// # Arguments
/// * `rows` — one row per order m, of one number per channel
pub(super) fn add_power_spectrum(rows: &[f64], channels: usize, scale: f64, out: &mut [f64]) {
    pulp::Arch::new().dispatch(Spectrum {
        rows,
        channels,
        scale,
        out,
    });
}

/// The loop of [`add_power_spectrum`].
///
/// The numbers of one order m lie along the channels, and so do the entries of a row of the spectrum: the inner loop runs over c' and is
/// vectorised by the compiler. Channels that are zero are common, since few elements are near an atom.
struct Spectrum<'a> {
    rows: &'a [f64],
    channels: usize,
    scale: f64,
    out: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Spectrum<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut start = 0;
        for c in 0..self.channels {
            let end = start + self.channels - c;
            let entries = &mut self.out[start..end];
            for row in self.rows.chunks_exact(self.channels) {
                if row[c] == 0.0 {
                    continue;
                }
                let factor = self.scale * row[c];
                entries[0] += factor * row[c];
                let factor = SQRT_2 * factor;
                for (entry, value) in entries[1..].iter_mut().zip(&row[c + 1..]) {
                    *entry += factor * value;
                }
            }
            start = end;
        }
    }
}
