//! Arithmetic on whole vector registers, written once for both precisions.
//!
//! Loops that the compiler vectorises by itself stay at 256 bits and may branch. Code written with [`Pack`] uses the full width of the
//! machine, and its only control flow is the written one: both sides of a choice are computed and [`Truth::select`] picks per number.

use num_traits::Float;
use pulp::bytemuck::{NoUninit, Pod, bytes_of, cast_slice_mut, pod_read_unaligned};
use pulp::{Scalar, Simd};
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Sub};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident ( $($argument:ident),* ) -> $result:ident;)*) => {
        /// The registers of a floating-point number.
        pub trait Registers: Float + Pod {
            /// A register of numbers.
            type Register<S: Simd>: Pod;
            /// One truth value for each number of a register.
            type Mask<S: Simd>: Copy + NoUninit;

            /// A constant in this precision.
            fn rounded(value: f64) -> Self;
            /// The same number everywhere.
            fn splat<S: Simd>(simd: S, value: Self) -> Self::Register<S>;
            /// Whole registers and the rest.
            fn split<S: Simd>(values: &[Self]) -> (&[Self::Register<S>], &[Self]);
            /// Whole registers and the rest.
            fn split_mut<S: Simd>(values: &mut [Self]) -> (&mut [Self::Register<S>], &mut [Self]);
            /// Loads fewer numbers than a register holds; the other numbers are zero.
            fn load_part<S: Simd>(simd: S, values: &[Self]) -> Self::Register<S>;
            /// Stores the first numbers of a register, as many as `values` holds.
            fn store_part<S: Simd>(simd: S, values: &mut [Self], register: Self::Register<S>);
            /// Chooses number by number.
            fn select<S: Simd>(
                simd: S,
                mask: Self::Mask<S>,
                yes: Self::Register<S>,
                no: Self::Register<S>,
            ) -> Self::Register<S>;
            /// Whether both are true, number by number.
            fn both<S: Simd>(simd: S, a: Self::Mask<S>, b: Self::Mask<S>) -> Self::Mask<S>;
            /// Whether at least one is true, number by number.
            fn either<S: Simd>(simd: S, a: Self::Mask<S>, b: Self::Mask<S>) -> Self::Mask<S>;
            $(
                $(#[$doc])*
                fn $name<S: Simd>(
                    simd: S, $($argument: Self::Register<S>),*
                ) -> Self::$result<S>;
            )*
        }
    };
}

operations! {
    /// a + b
    add_each(a, b) -> Register;
    /// a − b
    sub_each(a, b) -> Register;
    /// a b
    mul_each(a, b) -> Register;
    /// a / b
    div_each(a, b) -> Register;
    /// a b + c, rounded once
    mul_add_each(a, b, c) -> Register;
    /// c − a b, rounded once
    negate_mul_add_each(a, b, c) -> Register;
    /// √a
    sqrt_each(a) -> Register;
    /// |a|
    abs_each(a) -> Register;
    /// −a
    neg_each(a) -> Register;
    /// The smaller of two.
    min_each(a, b) -> Register;
    /// The larger of two.
    max_each(a, b) -> Register;
    /// a ∧ b, bit by bit
    and_each(a, b) -> Register;
    /// a ⊕ b, bit by bit
    xor_each(a, b) -> Register;
    /// a < b
    less_than_each(a, b) -> Mask;
    /// a ≤ b
    less_than_or_equal_each(a, b) -> Mask;
    /// a = b
    equal_each(a, b) -> Mask;
}

macro_rules! registers {
    (
        $number:ty, $register:ident, $mask:ident, $splat:ident, $split:ident, $split_mut:ident,
        $load:ident, $store:ident, $select:ident, $both:ident, $either:ident;
        $($name:ident $method:ident ($($argument:ident),*) $result:ident;)*
    ) => {
        impl Registers for $number {
            type Register<S: Simd> = S::$register;
            type Mask<S: Simd> = S::$mask;

            #[inline(always)]
            fn rounded(value: f64) -> Self {
                value as $number
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$register {
                simd.$splat(value)
            }
            #[inline(always)]
            fn split<S: Simd>(values: &[Self]) -> (&[S::$register], &[Self]) {
                S::$split(values)
            }
            #[inline(always)]
            fn split_mut<S: Simd>(values: &mut [Self]) -> (&mut [S::$register], &mut [Self]) {
                S::$split_mut(values)
            }
            #[inline(always)]
            fn load_part<S: Simd>(simd: S, values: &[Self]) -> S::$register {
                simd.$load(values)
            }
            #[inline(always)]
            fn store_part<S: Simd>(simd: S, values: &mut [Self], register: S::$register) {
                simd.$store(values, register);
            }
            #[inline(always)]
            fn select<S: Simd>(
                simd: S,
                mask: S::$mask,
                yes: S::$register,
                no: S::$register,
            ) -> S::$register {
                simd.$select(mask, yes, no)
            }
            #[inline(always)]
            fn both<S: Simd>(simd: S, a: S::$mask, b: S::$mask) -> S::$mask {
                simd.$both(a, b)
            }
            #[inline(always)]
            fn either<S: Simd>(simd: S, a: S::$mask, b: S::$mask) -> S::$mask {
                simd.$either(a, b)
            }
            $(
                #[inline(always)]
                fn $name<S: Simd>(simd: S, $($argument: S::$register),*) -> Self::$result<S> {
                    simd.$method($($argument),*)
                }
            )*
        }
    };
}

registers! {
    f64, f64s, m64s, splat_f64s, as_simd_f64s, as_mut_simd_f64s,
    partial_load_f64s, partial_store_f64s, select_f64s, and_m64s, or_m64s;
    add_each add_f64s(a, b) Register;
    sub_each sub_f64s(a, b) Register;
    mul_each mul_f64s(a, b) Register;
    div_each div_f64s(a, b) Register;
    mul_add_each mul_add_f64s(a, b, c) Register;
    negate_mul_add_each negate_mul_add_f64s(a, b, c) Register;
    sqrt_each sqrt_f64s(a) Register;
    abs_each abs_f64s(a) Register;
    neg_each neg_f64s(a) Register;
    min_each min_f64s(a, b) Register;
    max_each max_f64s(a, b) Register;
    and_each and_f64s(a, b) Register;
    xor_each xor_f64s(a, b) Register;
    less_than_each less_than_f64s(a, b) Mask;
    less_than_or_equal_each less_than_or_equal_f64s(a, b) Mask;
    equal_each equal_f64s(a, b) Mask;
}

registers! {
    f32, f32s, m32s, splat_f32s, as_simd_f32s, as_mut_simd_f32s,
    partial_load_f32s, partial_store_f32s, select_f32s, and_m32s, or_m32s;
    add_each add_f32s(a, b) Register;
    sub_each sub_f32s(a, b) Register;
    mul_each mul_f32s(a, b) Register;
    div_each div_f32s(a, b) Register;
    mul_add_each mul_add_f32s(a, b, c) Register;
    negate_mul_add_each negate_mul_add_f32s(a, b, c) Register;
    sqrt_each sqrt_f32s(a) Register;
    abs_each abs_f32s(a) Register;
    neg_each neg_f32s(a) Register;
    min_each min_f32s(a, b) Register;
    max_each max_f32s(a, b) Register;
    and_each and_f32s(a, b) Register;
    xor_each xor_f32s(a, b) Register;
    less_than_each less_than_f32s(a, b) Mask;
    less_than_or_equal_each less_than_or_equal_f32s(a, b) Mask;
    equal_each equal_f32s(a, b) Mask;
}

/// A register of numbers with its instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Pack<S: Simd, T: Registers> {
    simd: S,
    pub(crate) register: T::Register<S>,
}

/// A truth value for each number of a [`Pack`].
#[derive(Clone, Copy)]
pub(crate) struct Truth<S: Simd, T: Registers> {
    simd: S,
    mask: T::Mask<S>,
}

impl<S: Simd, T: Registers> Pack<S, T> {
    #[inline(always)]
    pub(crate) fn new(simd: S, register: T::Register<S>) -> Self {
        Self { simd, register }
    }

    #[inline(always)]
    pub(crate) fn splat(simd: S, value: T) -> Self {
        Self::new(simd, T::splat(simd, value))
    }

    /// The same number everywhere, beside another pack.
    #[inline(always)]
    pub(crate) fn splat_like(other: Self, value: T) -> Self {
        Self::splat(other.simd, value)
    }

    /// The same number everywhere, beside `self`.
    #[inline(always)]
    pub(crate) fn constant(self, value: f64) -> Self {
        Self::splat(self.simd, T::rounded(value))
    }

    /// `self * b + c`
    #[inline(always)]
    pub(crate) fn mul_add(self, b: Self, c: Self) -> Self {
        Self::new(
            self.simd,
            T::mul_add_each(self.simd, self.register, b.register, c.register),
        )
    }

    /// `c - self * b`
    #[inline(always)]
    pub(crate) fn negate_mul_add(self, b: Self, c: Self) -> Self {
        Self::new(
            self.simd,
            T::negate_mul_add_each(self.simd, self.register, b.register, c.register),
        )
    }

    /// $`ab - cd`$ with `a` = `self` within two units in the last place (Kahan).
    #[inline(always)]
    pub(crate) fn difference_of_products(self, b: Self, c: Self, d: Self) -> Self {
        // `low` is the rounding error of ab, exact by the fused multiplication.
        let product = self * b;
        let low = self.mul_add(b, -product);
        c.negate_mul_add(d, product) + low
    }

    /// Replaces number by number; straight-line arithmetic becomes instructions on the whole register.
    #[inline(always)]
    pub(crate) fn map(mut self, function: impl Fn(T) -> T) -> Self {
        let numbers: &mut [T] = cast_slice_mut(std::slice::from_mut(&mut self.register));
        for number in numbers {
            *number = function(*number);
        }
        self
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self::new(self.simd, T::sqrt_each(self.simd, self.register))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        Self::new(self.simd, T::abs_each(self.simd, self.register))
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self::new(
            self.simd,
            T::min_each(self.simd, self.register, other.register),
        )
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self::new(
            self.simd,
            T::max_each(self.simd, self.register, other.register),
        )
    }

    /// The sign bit alone, to be given to others by `^`.
    #[inline(always)]
    pub(crate) fn sign_bit(self) -> Self {
        let minus = self.constant(-0.0);
        Self::new(
            self.simd,
            T::and_each(self.simd, self.register, minus.register),
        )
    }

    #[inline(always)]
    pub(crate) fn below(self, other: Self) -> Truth<S, T> {
        Truth {
            simd: self.simd,
            mask: T::less_than_each(self.simd, self.register, other.register),
        }
    }

    #[inline(always)]
    pub(crate) fn at_most(self, other: Self) -> Truth<S, T> {
        Truth {
            simd: self.simd,
            mask: T::less_than_or_equal_each(self.simd, self.register, other.register),
        }
    }

    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> Truth<S, T> {
        Truth {
            simd: self.simd,
            mask: T::equal_each(self.simd, self.register, other.register),
        }
    }

    /// Evaluates $`\sum_i c_i x^i`$ by Horner's rule.
    #[inline(always)]
    pub(crate) fn polynomial(self, coefficients: &[T]) -> Self {
        // A loop, not a fold: a closure might stay a call, outside of the instruction set.
        let mut i = coefficients.len() - 1;
        let mut sum = Self::splat(self.simd, coefficients[i]);
        while i > 0 {
            i -= 1;
            sum = sum.mul_add(self, Self::splat(self.simd, coefficients[i]));
        }
        sum
    }
}

/// $`ab - cd`$ within two units in the last place.
pub(crate) fn difference_of_products(a: f64, b: f64, c: f64, d: f64) -> f64 {
    let [a, b, c, d] = [a, b, c, d].map(|x| Pack::<Scalar, f64>::new(Scalar::new(), x));
    a.difference_of_products(b, c, d).register
}

impl<S: Simd, T: Registers> Truth<S, T> {
    #[inline(always)]
    pub(crate) fn select(self, yes: Pack<S, T>, no: Pack<S, T>) -> Pack<S, T> {
        Pack::new(
            self.simd,
            T::select(self.simd, self.mask, yes.register, no.register),
        )
    }

    /// Whether all are true.
    #[inline(always)]
    pub(crate) fn all(self) -> bool {
        // Masks are registers on some machines, all bits of which are set where true: words and their conjunction are compiled to one
        // test of a register, a comparison of bytes goes through memory. On others they hold one bit for each number.
        let bytes = bytes_of(&self.mask);
        if size_of::<T::Mask<S>>() >= size_of::<u64>() {
            let mut both = u64::MAX;
            let mut start = 0;
            while start < bytes.len() {
                both &= pod_read_unaligned::<u64>(&bytes[start..start + size_of::<u64>()]);
                start += size_of::<u64>();
            }
            return both == u64::MAX;
        }
        let lanes = size_of::<T::Register<S>>() / size_of::<T>();
        let full = u64::MAX >> (u64::BITS as usize - lanes);
        let mut bits = [0; size_of::<u64>()];
        bits[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(bits) == full
    }
}

impl<S: Simd, T: Registers> BitAnd for Truth<S, T> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        let mask = T::both(self.simd, self.mask, other.mask);
        Self { mask, ..self }
    }
}

impl<S: Simd, T: Registers> BitOr for Truth<S, T> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        let mask = T::either(self.simd, self.mask, other.mask);
        Self { mask, ..self }
    }
}

macro_rules! operator {
    ($($operator:ident $method:ident $operation:ident;)*) => {$(
        impl<S: Simd, T: Registers> $operator for Pack<S, T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self::new(
                    self.simd,
                    T::$operation(self.simd, self.register, other.register),
                )
            }
        }
    )*};
}

operator! {
    Add add add_each;
    Sub sub sub_each;
    Mul mul mul_each;
    Div div div_each;
    BitXor bitxor xor_each;
}

impl<S: Simd, T: Registers> Neg for Pack<S, T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(self.simd, T::neg_each(self.simd, self.register))
    }
}
