//! Which method a transform uses, from its sizes alone, before anything is built.

/// The kind of functions that are transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Functions {
    /// Scalar signals: Legendre functions.
    Scalar,
    /// Functions of a spin weight, gradients.
    Spin,
}

/// Where the samples lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sphere) enum Places {
    /// Rings of equal length that start at the same longitude.
    Product,
    /// A product grid whose columns pass through symmetric midpoints.
    Extended,
    /// Any rings.
    Rings,
    /// Any points.
    Points,
}

/// How one signal meets the functions of its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Products with a table of values.
    Table,
    /// Recursions, one for each parity of $`\ell - m`$ or each sign of the spin.
    Chains,
    /// One recursion for both parities, where the rings allow it.
    SharedChains,
}

/// How the signals of a batch share the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batch {
    /// Eight to a vector, by products with a table of values; eights are for threads to share.
    Vectors,
    /// Each by a thread of its own.
    Apart,
    /// One after the other, each by all threads.
    InTurn,
}

/// Up to this band limit the transform of one signal uses a table of values: half a megabyte at 64.
const MAX_TABULATED: usize = 64;

/// From this band limit on there are shared chains; where there are less rings they cost as much as they save.
const MIN_SHARED: usize = 192;

/// Up to this band limit eight signals fill a vector; beyond, one alone does, and tables would leave the cache.
const MAX_VECTORS: usize = 96;

/// From this band limit on threads share the work of one signal; below they cost more than they save.
const MIN_DIVIDED: usize = 128;

/// The method of one signal.
pub(super) fn method(functions: Functions, band_limit: usize) -> Method {
    match functions {
        Functions::Scalar if band_limit <= MAX_TABULATED => Method::Table,
        Functions::Scalar if band_limit >= MIN_SHARED => Method::SharedChains,
        _ => Method::Chains,
    }
}

/// The method of a batch; `single` is whether there is one signal without a batch axis.
pub(super) fn batch(
    functions: Functions,
    band_limit: usize,
    places: Places,
    single: bool,
    parallel: bool,
) -> Batch {
    let vectors = functions == Functions::Scalar && places == Places::Product;
    if single {
        Batch::InTurn
    } else if vectors && band_limit <= MAX_VECTORS {
        Batch::Vectors
    } else if parallel && band_limit < MIN_DIVIDED {
        Batch::Apart
    } else {
        Batch::InTurn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_then_chains_then_shared_chains() {
        for (band_limit, scalar) in [
            (1, Method::Table),
            (64, Method::Table),
            (65, Method::Chains),
            (191, Method::Chains),
            (192, Method::SharedChains),
            (1024, Method::SharedChains),
        ] {
            assert_eq!(
                method(Functions::Scalar, band_limit),
                scalar,
                "{band_limit}"
            );
            assert_eq!(
                method(Functions::Spin, band_limit),
                Method::Chains,
                "{band_limit}"
            );
        }
    }

    #[test]
    fn batches_fill_vectors_or_threads() {
        use Functions::{Scalar, Spin};
        for (functions, band_limit, places, [serial, parallel]) in [
            (
                Scalar,
                96,
                Places::Product,
                [Batch::Vectors, Batch::Vectors],
            ),
            (Scalar, 97, Places::Product, [Batch::InTurn, Batch::Apart]),
            (Scalar, 127, Places::Product, [Batch::InTurn, Batch::Apart]),
            (Scalar, 128, Places::Product, [Batch::InTurn, Batch::InTurn]),
            (Scalar, 8, Places::Extended, [Batch::InTurn, Batch::Apart]),
            (Scalar, 8, Places::Rings, [Batch::InTurn, Batch::Apart]),
            (Scalar, 256, Places::Rings, [Batch::InTurn, Batch::InTurn]),
            (Spin, 8, Places::Product, [Batch::InTurn, Batch::Apart]),
            (Spin, 128, Places::Product, [Batch::InTurn, Batch::InTurn]),
        ] {
            let of = |single, parallel| batch(functions, band_limit, places, single, parallel);
            assert_eq!([of(false, false), of(false, true)], [serial, parallel]);
            assert_eq!([of(true, false), of(true, true)], [Batch::InTurn; 2]);
        }
    }
}
