//! The methods that all plans on the sphere have: written once, so that they have one shape.

/// The methods that all plans on the sphere have, which hold a [`Transform`](super::verbs::Transform) as `transform`.
macro_rules! sphere_verbs {
    ($plan:ident, $sample:ty) => {
        impl $plan {
            /// Returns the band limit L (exclusive).
            pub fn band_limit(&self) -> usize {
                self.transform.limits().degrees
            }

            /// Returns the order limit N (exclusive): |m| < N. It is the band limit, unless the plan was made with fewer orders.
            pub fn order_limit(&self) -> usize {
                self.transform.limits().orders
            }

            /// Returns the shape of the coefficients of one signal in the full layout, `[L, 2N − 1]`; `[L, 2L − 1]` for all orders.
            pub fn coeffs_shape(&self) -> [usize; 2] {
                self.transform.limits().full_shape()
            }

            /// Returns the number of coefficients with m ≥ 0, `N (2L + 1 − N) / 2`; `L (L + 1) / 2` for all orders.
            pub fn half_len(&self) -> usize {
                self.transform.limits().half_len()
            }

            /// Makes an array for the coefficients of one signal in the full layout, all zero.
            pub fn make_coeffs(&self) -> ::ndarray::Array2<::num_complex::Complex64> {
                ::ndarray::Array2::zeros(self.coeffs_shape())
            }

            /// Makes the working memory of the `*_into` methods; it grows to fit any plan and kind of signals.
            ///
            /// About 3 L² numbers on `L` rings: 25 MB at L = 1024. Every call with it uses one thread.
            pub fn make_scratch(&self) -> $crate::sphere::ShtScratch {
                let mut scratch = $crate::sphere::ShtScratch::default();
                self.transform.fit::<$sample>(&mut scratch);
                scratch
            }

            /// Makes working memory with which calls share the work among the threads of the current `rayon` pool.
            ///
            /// Results do not depend on the number of threads. Threads pay for batches, and for one signal from about L = 128 on.
            /// Each call allocates buffers per thread.
            pub fn make_parallel_scratch(&self) -> $crate::sphere::ShtScratch {
                let mut scratch = self.make_scratch();
                scratch.ring.parallel = true;
                scratch
            }

            /// Computes the coefficients of sampled signals.
            ///
            /// # Arguments
            /// * `signal` — one signal, or more of them along leading axes
            /// * `coeffs` — the leading axes of `signal`, followed by the axes of a layout; overwritten
            /// * `scratch` — from [`make_scratch`](Self::make_scratch) or [`make_parallel_scratch`](Self::make_parallel_scratch)
            ///
            /// # Cost and accuracy
            /// On one thread nothing is allocated for single signals in contiguous arrays, with scratch from
            /// [`make_scratch`](Self::make_scratch) of this plan and kind of samples. Otherwise calls allocate: arrays of other strides are
            /// copied, the first batch makes its table and working memory, and calls on several threads make buffers per thread.
            ///
            /// # Errors
            /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if an array does not have the axes of the plan,
            /// [`Error::NotFinite`](crate::Error::NotFinite) for NaN or infinite samples; then coefficients of other signals of the
            /// batch may have been overwritten.
            pub fn forward_into<T, D, E>(
                &self,
                signal: ::ndarray::ArrayView<'_, T, D>,
                coeffs: ::ndarray::ArrayViewMut<'_, ::num_complex::Complex64, E>,
                scratch: &mut $crate::sphere::ShtScratch,
            ) -> $crate::Result<()>
            where
                T: $crate::sphere::Sample,
                D: ::ndarray::Dimension,
                E: ::ndarray::Dimension,
            {
                let weighting = $crate::sphere::transform::verbs::Weighting::Quadrature;
                self.transform.analyse(signal, coeffs, weighting, scratch)
            }

            /// Computes the samples of signals from their coefficients; arguments as for [`forward_into`](Self::forward_into).
            ///
            /// Entries with $`|m| > \ell`$ are not used. For a real signal only the entries $`m \ge 0`$ are used, and the imaginary
            /// part of $`m = 0`$ is not. [`check_real`](crate::sphere::coefficients::check_real) tests the other entries.
            ///
            /// # Errors
            /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if an array does not have the axes of the plan,
            /// [`Error::NotFinite`](crate::Error::NotFinite) if a coefficient that is used is NaN or infinite; then samples of other
            /// signals of the batch may have been overwritten.
            pub fn inverse_into<T, D, E>(
                &self,
                coeffs: ::ndarray::ArrayView<'_, ::num_complex::Complex64, E>,
                signal: ::ndarray::ArrayViewMut<'_, T, D>,
                scratch: &mut $crate::sphere::ShtScratch,
            ) -> $crate::Result<()>
            where
                T: $crate::sphere::Sample,
                D: ::ndarray::Dimension,
                E: ::ndarray::Dimension,
            {
                let weighting = $crate::sphere::transform::verbs::Weighting::None;
                self.transform
                    .synthesise(coeffs, signal, weighting, scratch)
            }

            /// Applies the adjoint of [`forward_into`](Self::forward_into): synthesis, times the weights of the quadrature.
            ///
            /// # Errors
            /// As [`inverse_into`](Self::inverse_into).
            pub fn forward_adjoint_into<T, D, E>(
                &self,
                coeffs: ::ndarray::ArrayView<'_, ::num_complex::Complex64, E>,
                signal: ::ndarray::ArrayViewMut<'_, T, D>,
                scratch: &mut $crate::sphere::ShtScratch,
            ) -> $crate::Result<()>
            where
                T: $crate::sphere::Sample,
                D: ::ndarray::Dimension,
                E: ::ndarray::Dimension,
            {
                let weighting = $crate::sphere::transform::verbs::Weighting::Quadrature;
                self.transform
                    .synthesise(coeffs, signal, weighting, scratch)
            }

            /// Applies the adjoint of [`inverse_into`](Self::inverse_into): sums over the samples without weights.
            ///
            /// ```math
            /// \sum_j \overline{(A x)_j} \, y_j = \sum_{\ell m} \overline{x_{\ell m}} \, (A^* y)_{\ell m}
            /// ```
            /// For real signals x are the coefficients of a real signal; in a half layout the sum counts m > 0 twice.
            ///
            /// # Errors
            /// As [`forward_into`](Self::forward_into).
            pub fn inverse_adjoint_into<T, D, E>(
                &self,
                signal: ::ndarray::ArrayView<'_, T, D>,
                coeffs: ::ndarray::ArrayViewMut<'_, ::num_complex::Complex64, E>,
                scratch: &mut $crate::sphere::ShtScratch,
            ) -> $crate::Result<()>
            where
                T: $crate::sphere::Sample,
                D: ::ndarray::Dimension,
                E: ::ndarray::Dimension,
            {
                let weighting = $crate::sphere::transform::verbs::Weighting::None;
                self.transform.analyse(signal, coeffs, weighting, scratch)
            }
        }
    };
}
pub(in crate::sphere) use sphere_verbs;
