//! Finite groups given by their multiplication tables.

use std::fmt;

use ndarray::ArrayView2;

use super::cyclic::CyclicGroup;
use super::dihedral::DihedralGroup;
use super::traits::{FiniteGroup, Group};
use crate::{Error, Result};

/// The largest order of a [`TableGroup`]; a table of this order takes 800 MB.
pub const MAX_TABLE_ORDER: usize = 20_000;

/// A finite group given by its multiplication table; its elements are numbers, and 0 is the identity.
///
/// ```math
/// \mathtt{table}[g, h] = g h , \qquad e = 0
/// ```
/// As everywhere in this crate, $`g h`$ means first $`h`$, then $`g`$. Elements are taken modulo the order, so every
/// `usize` is a valid element. A group acting on a finite set is a [`FiniteAction`](super::FiniteAction).
///
/// # Cost and accuracy
/// Products and inverses are exact look-ups. A table of order n takes 2 n² bytes, 800 MB at the largest order [`MAX_TABLE_ORDER`].
///
/// # Examples
/// ```
/// use haarmonic::group::TableGroup;
/// use ndarray::array;
///
/// // Klein's four-group: every element is its own inverse.
/// let table = array![[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]];
/// let klein = TableGroup::new(table.view())?;
/// assert_eq!(klein.product(1, 2), 3);
/// assert_eq!(klein.inverse_of(3), 3);
/// assert_ne!(klein, TableGroup::cyclic(4)?);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TableGroup {
    order: usize,
    /// Entry `g * order + h` is g h.
    table: Vec<u16>,
    inverses: Vec<u16>,
}

impl TableGroup {
    /// Makes the group with a given multiplication table, and checks the laws of a group completely.
    ///
    /// The checks are the range of the entries, the neutral element 0, a permutation in every row and every column (which gives inverses), and
    /// associativity by Light's test. If
    ///
    /// ```math
    /// (x s) y = x (s y) \qquad \text{for all } x, y
    /// ```
    /// holds for two elements s, it holds for their product, so a generating set is enough. The test finds the generators itself. The
    /// elements that pass generate a subgroup, whose order at least doubles with each generator, so there are at most log₂ n generators.
    ///
    /// # Arguments
    /// * `table` — shape `[n, n]`, entry `[g, h]` the number of g h
    ///
    /// # Cost and accuracy
    /// O(n² log n) time in the worst case, 2 n² bytes.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] if the table is not square, [`Error::Empty`] if it has no entries
    /// * [`Error::InvalidValue`] if n exceeds [`MAX_TABLE_ORDER`], or the table is not a group table with identity 0;
    ///   the message names the entries that break the law
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::TableGroup;
    ///
    /// // Logical "and" has the neutral element "true", here 0, but "false" has no inverse.
    /// let error = TableGroup::new(ndarray::array![[0, 1], [1, 1]].view()).unwrap_err();
    /// assert!(error.to_string().contains("row 1 holds 1 in columns 0 and 1"));
    /// ```
    ///
    /// # References
    /// CP61, section 1.2.
    pub fn new(table: ArrayView2<'_, usize>) -> Result<TableGroup> {
        let (rows, columns) = table.dim();
        if rows != columns {
            return Err(Error::shape(TABLE, "[n, n]", vec![rows, columns]));
        }
        TableGroup::checked(rows, |g, h| table[[g, h]])
    }

    /// Tabulates a group; the elements keep their numbers.
    ///
    /// # Cost and accuracy
    /// n² products for order n, then the checks of [`TableGroup::new`], since a user's own group may be wrong.
    ///
    /// # Errors
    /// As [`TableGroup::new`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::{DihedralGroup, TableGroup};
    ///
    /// let square = TableGroup::from_group(&DihedralGroup::new(4)?)?;
    /// assert_eq!(square, TableGroup::dihedral(4)?);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn from_group<G: FiniteGroup>(group: &G) -> Result<TableGroup> {
        let order = group.order();
        check_order(order)?;
        let elements: Vec<_> = (0..order).map(|i| group.element(i)).collect();
        TableGroup::checked(order, |g, h| {
            group.index_of(&group.compose(&elements[g], &elements[h]))
        })
    }

    /// Makes the cyclic group C_n with the numbering of [`CyclicGroup`].
    ///
    /// # Errors
    /// [`Error::Empty`] or [`Error::InvalidValue`] if n is 0 or exceeds [`MAX_TABLE_ORDER`].
    pub fn cyclic(n: usize) -> Result<TableGroup> {
        check_order(n)?;
        Ok(TableGroup::tabulated(&CyclicGroup::new(n)?))
    }

    /// Makes the dihedral group D_n of order 2n with the numbering of [`DihedralGroup`].
    ///
    /// # Errors
    /// [`Error::Empty`] or [`Error::InvalidValue`] if n is 0 or 2n exceeds [`MAX_TABLE_ORDER`].
    pub fn dihedral(n: usize) -> Result<TableGroup> {
        check_order(n.saturating_mul(2))?;
        Ok(TableGroup::tabulated(&DihedralGroup::new(n)?))
    }

    /// Returns g h: first `h`, then `g`; both are taken modulo the order.
    #[inline]
    pub fn product(&self, g: usize, h: usize) -> usize {
        self.at(reduce(g, self.order), reduce(h, self.order))
    }

    /// Returns the inverse of `g`, which is taken modulo the order.
    #[inline]
    pub fn inverse_of(&self, g: usize) -> usize {
        self.inverses[reduce(g, self.order)].into()
    }

    /// Returns the number of elements, at least 1.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Returns a generating set of at most log₂ n elements, in increasing order; it is empty for the trivial group.
    ///
    /// Each generator is the smallest element that the generators before it do not generate.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::TableGroup;
    ///
    /// // D_4: the quarter turn and the first reflection.
    /// assert_eq!(TableGroup::dihedral(4)?.generators(), [1, 4]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn generators(&self) -> Vec<usize> {
        let mut generators = Vec::new();
        while let Some(next) = self.first_not_generated(&generators) {
            generators.push(next);
        }
        generators
    }

    /// Makes a table whose rows are appended by `append_row(g, table)` and are known to form a group.
    pub(super) fn from_rows(
        order: usize,
        mut append_row: impl FnMut(usize, &mut Vec<u16>),
    ) -> TableGroup {
        let mut table = Vec::with_capacity(order * order);
        let mut inverses = vec![0; order];
        for (g, inverse) in inverses.iter_mut().enumerate() {
            let start = table.len();
            append_row(g, &mut table);
            let position = table[start..].iter().position(|&product| product == 0);
            *inverse = number(position.expect("every row of a group's table holds the identity"));
        }
        TableGroup {
            order,
            table,
            inverses,
        }
    }

    /// The table of a group of this crate; the laws of these groups are tested and not checked again.
    pub(super) fn tabulated<G: FiniteGroup>(group: &G) -> TableGroup {
        let elements: Vec<_> = (0..group.order()).map(|i| group.element(i)).collect();
        TableGroup::from_rows(group.order(), |g, table| {
            let products = elements.iter().map(|h| group.compose(&elements[g], h));
            table.extend(products.map(|product| number(group.index_of(&product))));
        })
    }

    /// Makes a table from its entries and checks all laws.
    fn checked(order: usize, entry: impl Fn(usize, usize) -> usize) -> Result<TableGroup> {
        check_order(order)?;
        let mut table = Vec::with_capacity(order * order);
        for g in 0..order {
            for h in 0..order {
                let product = entry(g, h);
                if product >= order {
                    return Err(not_a_group(
                        format!("{product} at [{g}, {h}]"),
                        format!("numbers below the order {order}"),
                    ));
                }
                table.push(number(product));
            }
        }
        let mut group = TableGroup {
            order,
            table,
            inverses: vec![0; order],
        };
        group.check_neutral()?;
        group.check_latin()?;
        group.check_associative()?;
        for g in 0..order {
            let position = group.row(g).iter().position(|&product| product == 0);
            group.inverses[g] = number(position.expect("every row holds every element"));
        }
        Ok(group)
    }

    /// Element 0 is neutral.
    fn check_neutral(&self) -> Result<()> {
        for g in 0..self.order {
            for (row, column) in [(0, g), (g, 0)] {
                let product = self.at(row, column);
                if product != g {
                    return Err(not_a_group(
                        format!("{product} at [{row}, {column}]"),
                        format!("{g}, since element 0 is neutral"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every row and every column is a permutation.
    fn check_latin(&self) -> Result<()> {
        let n = self.order;
        let mut first = vec![None; n];
        for line in 0..n {
            let row = (0..n).map(|h| self.at(line, h));
            check_line(["row", "columns"], line, row, &mut first)?;
            let column = (0..n).map(|g| self.at(g, line));
            check_line(["column", "rows"], line, column, &mut first)?;
        }
        Ok(())
    }

    /// Associativity by Light's test, on generators that the test finds itself.
    fn check_associative(&self) -> Result<()> {
        let mut generators = Vec::new();
        while let Some(s) = self.first_not_generated(&generators) {
            for x in 0..self.order {
                let (xs, row) = (self.at(x, s), self.row(x));
                let pairs = self.row(xs).iter().zip(self.row(s));
                for (y, (&left, &sy)) in pairs.enumerate() {
                    let right = row[usize::from(sy)];
                    if left != right {
                        return Err(not_a_group(
                            format!("({x} {s}) {y} = {left} and {x} ({s} {y}) = {right}"),
                            "an associative product".into(),
                        ));
                    }
                }
            }
            generators.push(s);
        }
        Ok(())
    }

    /// The smallest element that is not a product of `generators`.
    fn first_not_generated(&self, generators: &[usize]) -> Option<usize> {
        let mut reached = vec![false; self.order];
        reached[0] = true;
        let mut waiting = vec![0];
        while let Some(g) = waiting.pop() {
            for &s in generators {
                let product = self.at(g, s);
                if !reached[product] {
                    reached[product] = true;
                    waiting.push(product);
                }
            }
        }
        reached.iter().position(|reached| !reached)
    }

    fn at(&self, g: usize, h: usize) -> usize {
        self.table[g * self.order + h].into()
    }

    /// The products g h for every h.
    pub(super) fn row(&self, g: usize) -> &[u16] {
        &self.table[g * self.order..][..self.order]
    }
}

impl fmt::Debug for TableGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableGroup")
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}

impl Group for TableGroup {
    type Element = usize;

    fn identity(&self) -> usize {
        0
    }

    fn compose(&self, g: &usize, h: &usize) -> usize {
        self.product(*g, *h)
    }

    fn inverse(&self, g: &usize) -> usize {
        self.inverse_of(*g)
    }
}

impl FiniteGroup for TableGroup {
    fn order(&self) -> usize {
        self.order
    }

    fn element(&self, i: usize) -> usize {
        reduce(i, self.order)
    }

    fn index_of(&self, g: &usize) -> usize {
        reduce(*g, self.order)
    }
}

const TABLE: &str = "multiplication table";

/// Accepts the order of a table, from 1 to [`MAX_TABLE_ORDER`].
pub(super) fn check_order(order: usize) -> Result<()> {
    match order {
        0 => Err(Error::empty(TABLE)),
        1..=MAX_TABLE_ORDER => Ok(()),
        _ => Err(Error::invalid(
            "order of a group given by its table",
            order,
            format!(
                "at most {MAX_TABLE_ORDER}, for which the table takes {} MB",
                2 * MAX_TABLE_ORDER * MAX_TABLE_ORDER / 1_000_000
            ),
        )),
    }
}

/// A number below [`MAX_TABLE_ORDER`], as a table stores it.
pub(super) fn number(i: usize) -> u16 {
    u16::try_from(i).expect("orders of tables are below 2^16")
}

/// Returns `i` modulo `n`, without a division if `i < n`.
#[inline]
pub(super) fn reduce(i: usize, n: usize) -> usize {
    if i < n { i } else { i % n }
}

/// Accepts a row or column without repeated elements; `first` is scratch for the position of each element.
fn check_line(
    [this, others]: [&str; 2],
    line: usize,
    products: impl Iterator<Item = usize>,
    first: &mut [Option<usize>],
) -> Result<()> {
    first.fill(None);
    for (i, product) in products.enumerate() {
        if let Some(j) = first[product].replace(i) {
            return Err(not_a_group(
                format!("{this} {line} holds {product} in {others} {j} and {i}"),
                "every element once in each row and column".into(),
            ));
        }
    }
    Ok(())
}

fn not_a_group(found: String, expected: String) -> Error {
    Error::invalid(TABLE, found, expected)
}
