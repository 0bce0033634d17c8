//! Structures from xyz, extended xyz and SDF files, and graphs from edge lists and data sets.

use haarmonic::Error;
use haarmonic::data::graphs::{read_edges, read_tu};
use haarmonic::data::structure::{BondOrder, Structures, read_structures};
use ndarray::{Array2, array};
use std::fs;

fn read(name: &str, text: &str) -> haarmonic::Result<Structures> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    read_structures(&path)
}

#[test]
fn frames_of_extended_xyz() {
    let text = "2\nLattice=\"5 0 0 0 5 0 0 0 5\" Properties=species:S:1:pos:R:3:charge:R:1:forces:R:3 energy=-1.5e1 pbc=\"T T T\" config_type={a b}\n\
                Na 0 0 0 0.5 1 2 3\nCl 0.0 0.0 2.4 -0.5 -1 -2 -3.5\n\n1\na comment\n6 1 2 3 9\n";
    let found = read("frames.xyz", text).unwrap();
    assert_eq!(found.notices.len(), 3, "{:?}", found.notices);
    let [salt, carbon] = &found.structures[..] else {
        panic!("two frames")
    };
    assert_eq!(salt.symbols(), ["Na", "Cl"]);
    assert_eq!(salt.positions()[1], [0.0, 0.0, 2.4]);
    assert_eq!(salt.forces().unwrap()[1], [-1.0, -2.0, -3.5]);
    assert_eq!(salt.properties().len(), 1);
    assert_eq!(salt.properties()["energy"], -15.0);
    assert_eq!(carbon.atomic_numbers(), [6]);
    assert!(carbon.forces().is_none() && carbon.properties().is_empty());
    assert!(matches!(
        salt.molecule(0.0),
        Err(Error::InvalidValue { .. })
    ));
}

#[test]
fn records_of_sdf() {
    let record = |name: &str| {
        format!(
            "{name}\n  program\n\n  4  3  0  0  0  0  0  0  0  0999 V2000\n\
             \u{20}   0.0000    0.0000    0.0000 C   0  0\n    0.0000    0.0000    1.2000 O   0  0\n\
             \u{20}   0.9000   -0.1000   -0.5000 H   0  0\n   -0.9000    0.0000   -0.5000 Br  0  0\n\
             \u{20} 1  2  2  0\n  1  3  1  0\n  1  4  1  0\nM  END\n> <energy>\n-3.25\n\n> <name>\nx y\n\n$$$$\n"
        )
    };
    let found = read("two.sdf", &(record("a") + &record("b"))).unwrap();
    assert_eq!(found.structures.len(), 2);
    let molecule = &found.structures[1];
    assert_eq!(molecule.atomic_numbers(), [6, 8, 1, 35]);
    assert_eq!(molecule.positions()[2], [0.9, -0.1, -0.5]);
    assert_eq!(molecule.bonds()[0], ([0, 1], BondOrder::Double));
    assert_eq!(molecule.properties()["energy"], -3.25);
    let graph = molecule.graph(&[1, 6, 8, 35]).unwrap();
    assert_eq!(graph.features().row(3), array![0.0, 0.0, 0.0, 1.0]);
    assert_eq!((graph.relation_count(), graph.edge_count()), (4, 6));
    assert!(matches!(
        molecule.graph(&[1, 6]),
        Err(Error::InvalidValue { .. })
    ));
}

#[test]
fn damaged_files_are_refused() {
    let xyz = [
        "",
        "x\n",
        "0\n\n",
        "2\n\nH 0 0 0\n",
        "1\n",
        "1\n\nH 0 0\n",
        "1\n\nXx 0 0 0\n",
        "1\n\nH 0 0 nan\n",
        "1\nProperties=species:S:1\nH 0 0 0\n",
        "1\nProperties=species:S\nH 0 0 0\n",
        "99999999999\n\nH 0 0 0\n",
    ];
    for text in xyz {
        assert!(
            matches!(read("a.xyz", text), Err(Error::InFile { .. })),
            "{text:?}"
        );
    }
    let sdf = [
        "",
        "a\n\n\n  1  0 V3000\n",
        "a\n\n\n  0  0\n",
        "a\n\n\n  2  0\n    0.0       0.0       0.0    C\n",
        "a\n\n\n  1  1\n    0.0       0.0       0.0    C\n  1  2  1\n",
        "a\n\n\n  1  1\n    0.0       0.0       0.0    C\n  1  1  1\n",
        "a\n\n\n  1  0\n    0.0       0.0       0.0    Qq\n",
    ];
    for text in sdf {
        assert!(
            matches!(read("a.sdf", text), Err(Error::InFile { .. })),
            "{text:?}"
        );
    }
}

#[test]
fn edge_lists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edges.txt");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        read_edges(&path, Array2::ones((3, 2)), 2)
    };
    let graph = read("# nodes, weight, relation\n0 1\n1,2,0.5,1\n2 2 3\n").unwrap();
    assert_eq!((graph.relation_count(), graph.edge_count()), (2, 5));
    for text in [
        "0 3\n",
        "0 1 1 2\n",
        "0\n",
        "0 x\n",
        "0.5 1\n",
        "0 1 1 1 1\n",
    ] {
        assert!(matches!(read(text), Err(Error::InFile { .. })), "{text}");
    }
}

#[test]
fn data_sets_in_the_tu_format() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    assert!(matches!(read_tu(folder.path()), Err(Error::Missing { .. })));
    write("SET_A.txt", "1, 2\n2, 1\n3, 4\n4, 3\n4, 5\n");
    write("SET_graph_indicator.txt", "1\n1\n2\n2\n2\n");
    write("SET_graph_labels.txt", "-1\n1\n");
    let plain = read_tu(folder.path()).unwrap();
    assert_eq!(plain.labels, [-1.0, 1.0]);
    assert_eq!(plain.graphs[1].features(), Array2::<f64>::ones((3, 1)));
    write("SET_node_labels.txt", "7\n3\n3\n5\n7\n");
    write("SET_node_attributes.txt", "0.5\n1.5\n2.5\n3.5\n4.5\n");
    write("SET_edge_labels.txt", "2\n2\n1\n1\n2\n");
    let full = read_tu(folder.path()).unwrap();
    let graph = &full.graphs[1];
    assert_eq!(graph.features().row(1), array![0.0, 1.0, 0.0, 3.5]);
    assert_eq!(
        (graph.len(), graph.relation_count(), graph.edge_count()),
        (3, 2, 3)
    );
    let damages = [
        ("SET_A.txt", "1, 3\n"),
        ("SET_A.txt", "1, 6\n"),
        ("SET_A.txt", "1\n"),
        ("SET_graph_indicator.txt", "1\n3\n"),
        ("SET_node_labels.txt", "1\n"),
    ];
    for (name, text) in damages {
        let whole = fs::read(folder.path().join(name)).unwrap();
        write(name, text);
        assert!(read_tu(folder.path()).is_err(), "{name} {text}");
        fs::write(folder.path().join(name), whole).unwrap();
    }
}
