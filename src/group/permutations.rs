//! Groups of permutations, listed from their generators.

use std::collections::HashMap;
use std::rc::Rc;

use super::finite_action::{FiniteAction, check_entries, check_points, point};
use super::table::{MAX_TABLE_ORDER, TableGroup, number};
use crate::{Error, Result};

/// The largest n for which S_n is listed, 7! = 5040 elements.
const MAX_SYMMETRIC_DEGREE: usize = 7;

impl FiniteAction {
    /// Lists the group that some permutations generate, acting on the permuted points.
    ///
    /// The numbering is breadth first from the identity. Beginning with g = 0, the new ones among the products g s with the generators s, in
    /// their order, get the next free numbers; then g is the next element.
    ///
    /// # Arguments
    /// * `generators` — at least one; entry x of each is the image of the point x, and all have equal lengths
    ///
    /// # Cost and accuracy
    /// For order n, O(n · points · generators) time for the search and O(n²) time for the table. Memory for 2 n² bytes of the table and,
    /// during the search, for 8 n · points bytes of images.
    ///
    /// # Errors
    /// * [`Error::Empty`] if there are no generators or no points
    /// * [`Error::ShapeMismatch`] if the generators have different lengths
    /// * [`Error::InvalidValue`] if a generator is not a permutation, or if the group has more than
    ///   [`MAX_TABLE_ORDER`](super::MAX_TABLE_ORDER) elements or more than
    ///   [`MAX_ACTION_ENTRIES`](super::MAX_ACTION_ENTRIES) images
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::FiniteAction;
    ///
    /// // The rotations of a tetrahedron: third turns about two of its vertices.
    /// let tetrahedron = FiniteAction::from_generators(&[vec![0, 2, 3, 1], vec![2, 1, 3, 0]])?;
    /// assert_eq!(tetrahedron.order(), 12);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn from_generators(generators: &[Vec<usize>]) -> Result<FiniteAction> {
        let Some(first) = generators.first() else {
            return Err(Error::empty("generators"));
        };
        let points = first.len();
        check_points(points)?;
        for (s, generator) in generators.iter().enumerate() {
            check_permutation(s, generator, points)?;
        }

        let identity: Rc<[u32]> = (0..points).map(point).collect();
        let mut numbers = HashMap::from([(Rc::clone(&identity), 0)]);
        let mut elements = vec![identity];
        // The search records the parent g and the generator s of each element h = g s. A row of the table then follows without comparing
        // permutations: k h = (k g) s, and the search has tabulated right multiplication by s.
        let mut parents = vec![(0, 0)];
        let mut right = vec![Vec::new(); generators.len()];
        let mut g = 0;
        while g < elements.len() {
            for (s, generator) in generators.iter().enumerate() {
                let product: Rc<[u32]> = generator.iter().map(|&x| elements[g][x]).collect();
                let next = elements.len();
                let found = *numbers.entry(Rc::clone(&product)).or_insert(next);
                if found == next {
                    check_size(next + 1, points)?;
                    elements.push(product);
                    parents.push((g, s));
                }
                right[s].push(number(found));
            }
            g += 1;
        }

        let group = TableGroup::from_rows(elements.len(), |k, table| {
            let start = table.len();
            table.push(number(k));
            for &(parent, s) in &parents[1..] {
                let product = usize::from(table[start + parent]);
                table.push(right[s][product]);
            }
        });
        Ok(FiniteAction::from_formula(group, points, |g, x| {
            elements[g][x] as usize
        }))
    }

    /// Lets the symmetric group S_n permute n points.
    ///
    /// [`FiniteAction::from_generators`] numbers the elements, with the transpositions (0 1), (1 2), … as generators: permutations with
    /// fewer inversions come first.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if n is not from 1 to 7; S_7 has 5040 elements and a table of 51 MB, S_8 would have 40320.
    pub fn symmetric(n: usize) -> Result<FiniteAction> {
        if !(1..=MAX_SYMMETRIC_DEGREE).contains(&n) {
            return Err(Error::invalid(
                "degree of the symmetric group",
                n,
                format!("a number from 1 to {MAX_SYMMETRIC_DEGREE}"),
            ));
        }
        let mut generators: Vec<Vec<usize>> = vec![(0..n).collect(); (n - 1).max(1)];
        for (x, generator) in generators.iter_mut().enumerate().take(n - 1) {
            generator.swap(x, x + 1);
        }
        FiniteAction::from_generators(&generators)
    }
}

impl TableGroup {
    /// Makes the symmetric group S_n of order n!, numbered as by [`FiniteAction::symmetric`].
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if n is not from 1 to 7.
    pub fn symmetric(n: usize) -> Result<TableGroup> {
        Ok(FiniteAction::symmetric(n)?.into_group())
    }
}

fn check_size(order: usize, points: usize) -> Result<()> {
    if order > MAX_TABLE_ORDER {
        return Err(Error::invalid(
            "group generated by permutations",
            format!("more than {MAX_TABLE_ORDER} elements"),
            format!(
                "at most {MAX_TABLE_ORDER}, for which the table takes {} MB",
                2 * MAX_TABLE_ORDER * MAX_TABLE_ORDER / 1_000_000
            ),
        ));
    }
    check_entries(order, points)
}

/// Accepts a generator that is a permutation of the points.
fn check_permutation(s: usize, generator: &[usize], points: usize) -> Result<()> {
    let what = || format!("generator {s}");
    if generator.len() != points {
        return Err(Error::shape(
            what(),
            format!("[{points}], as generator 0"),
            vec![generator.len()],
        ));
    }
    let mut origin = vec![None; points];
    for (x, &image) in generator.iter().enumerate() {
        let problem = match origin.get(image) {
            None => format!("image {image} of point {x}"),
            Some(Some(other)) => format!("image {image} of both points {other} and {x}"),
            Some(None) => {
                origin[image] = Some(x);
                continue;
            }
        };
        return Err(Error::invalid(
            what(),
            problem,
            format!("a permutation of the numbers below {points}"),
        ));
    }
    Ok(())
}
