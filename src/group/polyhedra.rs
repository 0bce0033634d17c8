//! The rotation groups of the Platonic solids, acting on vertices.

use super::finite_action::FiniteAction;
use super::table::TableGroup;

impl FiniteAction {
    /// Lets the 24 rotations of the octahedron act on its 6 vertices.
    ///
    /// Vertices 0 to 5 are +x, −x, +y, −y, +z, −z. The generators, in the sense of [`FiniteAction::from_generators`], are
    /// the quarter turn about z, x → y → −x, and the third turn x → y → z → x.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::FiniteAction;
    ///
    /// let octahedron = FiniteAction::octahedral();
    /// assert_eq!(octahedron.order(), 24);
    /// assert_eq!(octahedron.image(1, 0), 2);             // element 1 is the quarter turn
    /// ```
    pub fn octahedral() -> FiniteAction {
        generated(&[vec![2, 3, 1, 0, 4, 5], vec![2, 3, 4, 5, 0, 1]])
    }

    /// Lets the 24 rotations, numbered as in [`FiniteAction::octahedral`], act on the 8 vertices of
    /// the cube.
    ///
    /// Vertex $`b_x + 2 b_y + 4 b_z`$ is $`((-1)^{b_x}, (-1)^{b_y}, (-1)^{b_z})`$.
    pub fn octahedral_on_cube_vertices() -> FiniteAction {
        let bits = |v: usize| (v & 1, v >> 1 & 1, v >> 2 & 1);
        let quarter_turn = (0..8).map(|v| {
            let (x, y, z) = bits(v);
            (1 - y) + 2 * x + 4 * z
        });
        let third_turn = (0..8).map(|v| {
            let (x, y, z) = bits(v);
            z + 2 * x + 4 * y
        });
        generated(&[quarter_turn.collect(), third_turn.collect()])
    }

    /// Lets the 60 rotations of the icosahedron act on its 12 vertices.
    ///
    /// Vertex 0 is the north pole, 1 to 5 are a ring at the longitudes 0°, 72°, …, 6 to 10 a southern ring at 36°, 108°, …,
    /// and 11 is the south pole. The generators, in the sense of [`FiniteAction::from_generators`], are the fifth of a turn
    /// about the north pole and the third of a turn about a face, 0 → 1 → 2 → 0.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::FiniteAction;
    ///
    /// let icosahedron = FiniteAction::icosahedral();
    /// assert_eq!(icosahedron.order(), 60);
    /// assert_eq!(icosahedron.stabiliser(0).len(), 5);
    /// ```
    pub fn icosahedral() -> FiniteAction {
        generated(&[
            vec![0, 2, 3, 4, 5, 1, 7, 8, 9, 10, 6, 11],
            vec![1, 2, 0, 5, 10, 6, 3, 4, 9, 11, 7, 8],
        ])
    }
}

impl TableGroup {
    /// Makes the group of the 24 rotations of the octahedron and of the cube, numbered as by
    /// [`FiniteAction::octahedral`].
    pub fn octahedral() -> TableGroup {
        FiniteAction::octahedral().into_group()
    }

    /// Makes the group of the 60 rotations of the icosahedron and of the dodecahedron, numbered as by
    /// [`FiniteAction::icosahedral`].
    pub fn icosahedral() -> TableGroup {
        FiniteAction::icosahedral().into_group()
    }
}

fn generated(generators: &[Vec<usize>]) -> FiniteAction {
    FiniteAction::from_generators(generators)
        .expect("the generators are permutations, and the group is small")
}
