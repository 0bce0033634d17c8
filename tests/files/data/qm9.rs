//! Readers of QM9: each form on small literal files, every way in which a file can be wrong, the shipped sample.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use haarmonic::Error;
use haarmonic::data::molecule::{Element::*, Molecule};
use haarmonic::data::qm9::{QM9PACK_ROWS, Qm9Form, Qm9Progress, Qm9Record, Qm9Source};
use haarmonic::data::qm9_sample::{
    SAMPLE_COMMENT, SAMPLE_LEN, SAMPLE_SEED, sample_rows, write_sample,
};

const SAMPLE: &str = "examples/data/qm9_sample.csv";

/// Water, as QM9 writes it; one coordinate and one charge with the exponents that occur in the raw files.
const WATER: &str = "3\n\
gdb 3\t799.58812\t437.90386\t282.94545\t1.8511\t6.31\t-0.2928\t0.0687\t0.3615\t19.0002\t0.021375\t-76.404702\t-76.401867\t-76.400922\t-76.422349\t6.002\t\n\
O\t-0.0343604951\t 0.9775395708\t 7.6015923*^-3\t-0.589706\n\
H\t 0.0647664923\t 0.\t 1.5*^-6\t 0.294853\n\
H\t 0.8717903737\t 1.3007924048\t 0.0006931336\t 2.*^-6\n\
1671.4222\t3803.6305\t3907.698\n\
O\tO\t\n\
InChI=1S/H2O/h1H2\tInChI=1S/H2O/h1H2\n";

const HEADER: &str = "XYZ_file,Index,SMILES,Elements,XYZ_Ang,InternalEnergy_0K_au,Heatcapacity\n";
const ROWS: [&str; 4] = [
    "a.xyz,4,\"C#C\",\"['C','C']\",\"[[0.5995394918,0.,1.],[-0.5995394918,0.,1.]]\",-77.308427,8.574\n",
    "b.xyz,5,\"x,y\",\"['N','F']\",\"[[2.1997E-6,1.*^-3,-0.],[.5,-.25,1]]\",-3.,8.574\n",
    "c.xyz,7,\"O\",\"['O']\",\"[[0.,0.,0.]]\",-75.,1.\n",
    "d.xyz,9,\"H\",\"[ 'H', \"\"H\"\" ]\",\"[ [0, 0, 0] , [0, 0, 0.74] ]\",-1.17,1.\n",
];

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn write_wheel(folder: &Path, parts: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("qm9pack.whl");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, text) in parts {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    path
}

fn wanted() -> Vec<Qm9Record> {
    [
        (
            4,
            vec![C, C],
            vec![[0.5995394918, 0., 1.], [-0.5995394918, 0., 1.]],
            -77.308427,
        ),
        (
            5,
            vec![N, F],
            vec![[0.0000021997, 0.001, 0.], [0.5, -0.25, 1.]],
            -3.,
        ),
        (7, vec![O], vec![[0.; 3]], -75.),
        (9, vec![H, H], vec![[0.; 3], [0., 0., 0.74]], -1.17),
    ]
    .into_iter()
    .enumerate()
    .map(|(row, (id, elements, positions, energy))| Qm9Record {
        row,
        molecule: Molecule::new(id, elements, positions, energy).unwrap(),
    })
    .collect()
}

/// Reads everything; the error of opening or reading as text.
fn failure(path: &Path) -> String {
    let error = Qm9Source::open(path)
        .and_then(|source| source.read_all())
        .unwrap_err();
    let message = error.to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    assert!(
        message.contains(path.file_name().unwrap().to_str().unwrap()),
        "names the file: {message}"
    );
    message
}

#[test]
fn xyz_file_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "dsgdb9nsd_000003.xyz", WATER);
    let source = Qm9Source::open(&path).unwrap();
    assert_eq!(source.form(), Qm9Form::Xyz);
    let water = Molecule::new(
        3,
        vec![O, H, H],
        vec![
            [-0.0343604951, 0.9775395708, 0.0076015923],
            [0.0647664923, 0.0, 0.0000015],
            [0.8717903737, 1.3007924048, 0.0006931336],
        ],
        -76.404702,
    )
    .unwrap();
    let record = |row| Qm9Record {
        row,
        molecule: water.clone(),
    };
    assert_eq!(source.read_all().unwrap(), [record(0)]);

    // A folder: in order of the names, other files aside; blanks instead of tabs, Windows line ends.
    let second = WATER
        .replace("gdb 3", "gdb 5")
        .replace('\t', " ")
        .replace('\n', "\r\n");
    write(
        folder.path(),
        "dsgdb9nsd_000001.xyz",
        WATER.replace("gdb 3", "gdb 1"),
    );
    write(folder.path(), "dsgdb9nsd_000005.XYZ", second);
    write(folder.path(), "readme.txt", "not a molecule");
    let source = Qm9Source::open(folder.path()).unwrap();
    assert_eq!(
        (source.form(), source.count().unwrap()),
        (Qm9Form::XyzFolder, 3)
    );
    let mut reports = Vec::new();
    let records = source
        .read_where(|row| row > 0, |p| reports.push(p))
        .unwrap();
    assert_eq!(records[0], record(1));
    assert_eq!(records[1].molecule.positions(), water.positions());
    let ids: Vec<_> = records.iter().map(|r| (r.row, r.molecule.id())).collect();
    assert_eq!(ids, [(1, 3), (2, 5)]);
    let last = Qm9Progress {
        done: 3,
        total: 3,
        selected: 2,
    };
    assert_eq!(reports.last(), Some(&last));
}

/// Hidden files, and what systems add to folders and archives, hold no molecules.
#[test]
fn files_of_systems_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "dsgdb9nsd_000003.xyz", WATER);
    for name in [
        "._dsgdb9nsd_000003.xyz",
        ".DS_Store",
        "Thumbs.db",
        ".hidden.xyz",
    ] {
        write(folder.path(), name, "Mac OS X");
    }
    let records = Qm9Source::open(folder.path()).unwrap().read_all().unwrap();
    assert_eq!(records.len(), 1);
    let other = tempfile::tempdir().unwrap();
    let part = format!("{HEADER}{}", ROWS[0]);
    let wheel = write_wheel(
        other.path(),
        &[
            ("qm9pack/data/qm9_part1.csv", &part),
            ("__MACOSX/qm9pack/data/qm9_part1.csv", "resource fork"),
            ("qm9pack/data/._qm9_part1.csv", "resource fork"),
        ],
    );
    assert_eq!(Qm9Source::open(&wheel).unwrap().count().unwrap(), 1);
}

/// A file holds any number of molecules, and nothing else.
#[test]
fn all_molecules_of_an_xyz_file_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let other = WATER.replace("gdb 3", "gdb 7");
    let ids = |text: &str| {
        let path = write(folder.path(), "molecules.xyz", text);
        let source = Qm9Source::open(&path).unwrap();
        let records = source.read_all().unwrap();
        assert_eq!(source.count().unwrap(), records.len());
        let ids: Vec<_> = records.iter().map(|r| (r.row, r.molecule.id())).collect();
        assert_eq!(source.read_rows(&[ids.len() - 1], |_| ()).unwrap().len(), 1);
        ids
    };
    assert_eq!(ids(&format!("{WATER}{other}")), [(0, 3), (1, 7)]);
    assert_eq!(ids(&format!("{WATER}\n \n{other}\n\n")), [(0, 3), (1, 7)]);
    assert_eq!(ids(&format!("{other}{WATER}{other}")).len(), 3);
    // Without the last line end, of Windows, of old systems, with a mark of the order of bytes, in UTF-16.
    assert_eq!(ids(WATER.trim_end()), [(0, 3)]);
    assert_eq!(ids(&WATER.replace('\n', "\r\n")), [(0, 3)]);
    assert_eq!(ids(&WATER.replace('\n', "\r")), [(0, 3)]);
    assert_eq!(ids(&format!("\u{feff}{WATER}")), [(0, 3)]);
    for (rest, part) in [
        (
            "END\n",
            "line 9, number of atoms: found \"END\", expected a positive integer with which another",
        ),
        ("\n7 atoms\n", "line 10, number of atoms: found \"7 atoms\""),
        ("3\n", "(line 9): file ends here, expected line 10"),
        (&other[..other.len() - 60], "file ends here"),
        (
            &other[..other.len() - 8],
            "(line 16): file ends within a line, expected a complete line",
        ),
        (
            &other.replace("O\t-", "Cl\t-"),
            "line 11, element: found \"Cl\"",
        ),
    ] {
        let path = write(folder.path(), "molecules.xyz", format!("{WATER}{rest}"));
        let message = failure(&path);
        assert!(
            message.contains(part),
            "{message:?} should contain {part:?}"
        );
    }
    // In a folder rows go on from file to file.
    let both = tempfile::tempdir().unwrap();
    write(both.path(), "1.xyz", format!("{WATER}{other}"));
    write(both.path(), "2.xyz", WATER);
    let molecules = Qm9Source::open(both.path())
        .unwrap()
        .read_rows(&[2, 1], |_| ());
    let ids: Vec<_> = molecules.unwrap().iter().map(Molecule::id).collect();
    assert_eq!(ids, [3, 7]);
}

#[test]
fn wrong_xyz_files() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = WATER.lines().collect();
    let upto = |n: usize| lines[..n].join("\n");
    let cases = [
        (upto(1), "line 1): file ends here, expected line 2"),
        (upto(4), "line 4): file ends here, expected line 5"),
        (upto(5), "line 5): file ends here, expected line 6"),
        (upto(7), "line 7): file ends here, expected line 8"),
        (WATER.replacen('3', "4", 1), "line 6): found 3 entries"),
        (
            WATER.replacen('3', "2", 1),
            "line 5, frequencies after 2 atoms: found \"H\"",
        ),
        (WATER.replacen('3', "0", 1), "number of atoms: found \"0\""),
        (
            WATER.replacen("gdb 3", "gdb -3", 1),
            "line 2, gdb number: found \"-3\"",
        ),
        (WATER.replacen("gdb 3", "gd 3", 1), "starting with \"gd\""),
        (WATER.replacen("6.002", "", 1), "line 2): found 16 entries"),
        (
            WATER.replacen("-76.404702", "NaN", 1),
            "line 2, U0: found \"NaN\"",
        ),
        (
            WATER.replacen("O\t-", "Cl\t-", 1),
            "line 3, element: found \"Cl\"",
        ),
        (
            WATER.replacen("1.5*^-6", "1.5*-6", 1),
            "line 4, z: found \"1.5*-6\"",
        ),
        (
            WATER.replacen("0.8717903737", "inf", 1),
            "line 5, x: found \"inf\"",
        ),
        (
            WATER.replacen(" 0.294853\n", "\n", 1),
            "line 4): found 4 entries",
        ),
        (
            WATER.replacen(
                "H\t 0.8717903737\t 1.3007924048\t 0.0006931336",
                "H\t0.0647664923\t0\t0.0000015",
                1,
            ),
            "distance of atoms 1 and 2: found 0",
        ),
    ];
    for (text, part) in cases {
        let path = write(folder.path(), "molecule.xyz", &text);
        let message = failure(&path);
        assert!(
            message.contains(part),
            "{message:?} should contain {part:?}"
        );
    }
    write(folder.path(), "binary.xyz", [b'1', b'\n', 0xff, 0xfe]);
    failure(&folder.path().join("binary.xyz"));
}

/// Pairs of atoms are checked, so that long lists are refused rather than paired for minutes.
#[test]
fn molecules_have_at_most_a_thousand_atoms() {
    let folder = tempfile::tempdir().unwrap();
    let join = |n: usize, part: &dyn Fn(usize) -> String, between: &str| -> String {
        (0..n).map(part).collect::<Vec<_>>().join(between)
    };
    let form = |form: usize, n: usize| match form {
        0 => {
            let properties = WATER.lines().nth(1).unwrap();
            let atoms = join(n, &|k| format!("H 0 0 {k} 0"), "\n");
            format!("{n}\n{properties}\n{atoms}\n1\nH\nH\n")
        }
        1 => {
            let elements = join(n, &|_| "'H'".into(), ",");
            let positions = join(n, &|k| format!("[0,0,{k}]"), ",");
            format!("{HEADER}a.xyz,1,H,\"[{elements}]\",\"[{positions}]\",-1.,1.\n")
        }
        _ => {
            let positions = join(n, &|k| format!("0 0 {k}"), " ");
            format!(
                "# molecules: 1\nrow,index,elements,positions_angstrom,u0_hartree\n1,1,{},{positions},-1\n",
                "H".repeat(n)
            )
        }
    };
    for case in 0..3 {
        let path = write(folder.path(), "molecule", form(case, 1000));
        let records = Qm9Source::open(&path).unwrap().read_all().unwrap();
        assert_eq!(records[0].molecule.len(), 1000);
        let path = write(folder.path(), "molecule", form(case, 1001));
        let message = failure(&path);
        let part = "number of atoms: found 1001, expected at most 1000";
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn csv_parts_and_wheel() {
    let folder = tempfile::tempdir().unwrap();
    let one = format!("{HEADER}{}{}", ROWS[0], ROWS[1]);
    let two = format!("{HEADER}{}{}", ROWS[2], ROWS[3]);
    write(folder.path(), "qm9_part2.csv", &two);
    write(folder.path(), "qm9_polarizability.csv", "XYZ_file,x\na,1\n");
    let path = write(folder.path(), "qm9_part1.csv", &one);
    let parts = folder.path().join("parts");
    fs::create_dir(&parts).unwrap();
    let wheel = write_wheel(
        &parts,
        &[
            ("qm9pack/__init__.py", "pass"),
            ("qm9pack/data/qm9_part2.csv", &two),
            ("qm9pack/data/qm9_part1.csv", &one),
        ],
    );
    let single = Qm9Source::open(&path).unwrap();
    assert_eq!(single.form(), Qm9Form::CsvParts);
    assert_eq!(single.read_all().unwrap(), wanted()[..2]);
    for (path, form) in [(folder.path(), Qm9Form::CsvParts), (&wheel, Qm9Form::Wheel)] {
        let source = Qm9Source::open(path).unwrap();
        assert_eq!(source.form(), form);
        assert_eq!(source.count().unwrap(), 4);
        let mut reports = Vec::new();
        let records = source.read_where(|_| true, |p| reports.push(p)).unwrap();
        assert_eq!(records, wanted());
        let total = (one.len() + two.len()) as u64;
        let last = Qm9Progress {
            done: total,
            total,
            selected: 4,
        };
        assert_eq!(reports.last(), Some(&last));
        assert!(reports.windows(2).all(|w| w[0].done <= w[1].done));
        // In the order asked for.
        let molecules = source.read_rows(&[3, 0], |_| ()).unwrap();
        assert_eq!(
            molecules,
            [wanted()[3].molecule.clone(), wanted()[0].molecule.clone()]
        );
    }
}

#[test]
fn a_stream_can_be_ended_and_skips_what_is_not_selected() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}{}a,b,c,d,e,f,g\n{}", ROWS[0], ROWS[2]);
    let path = write(folder.path(), "part.csv", text);
    let source = Qm9Source::open(&path).unwrap();
    // The middle row is nonsense: an error if it is wanted, else not.
    assert!(failure(&path).contains("line 3, column Index: found \"b\""));
    assert_eq!(
        source.read_rows(&[2], |_| ()).unwrap(),
        [wanted()[2].molecule.clone()]
    );
    assert_eq!(
        source.read_rows(&[0], |_| ()).unwrap(),
        [wanted()[0].molecule.clone()]
    );
    let mut seen = 0;
    source
        .for_each(
            |_| true,
            |_| {
                seen += 1;
                Ok(ControlFlow::Break(()))
            },
            |_| (),
        )
        .unwrap();
    assert_eq!(seen, 1);
    // The visitor's own error comes back as it is.
    let own = Error::Empty {
        what: "visitor".into(),
    };
    let result = source.for_each(|_| true, |_| Err(own.clone()), |_| ());
    assert_eq!(result, Err(own));
}

#[test]
fn wrong_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "part.csv", format!("{HEADER}{}", ROWS[0]));
    let source = Qm9Source::open(&path).unwrap();
    let read = |rows: &[usize]| source.read_rows(rows, |_| ()).unwrap_err();
    assert!(matches!(read(&[]), Error::Empty { .. }));
    assert!(matches!(read(&[0, 0]), Error::InvalidValue { .. }));
    let missing = read(&[0, 1]);
    assert!(
        matches!(&missing, Error::Missing { what, .. } if what == "row 1"),
        "{missing}"
    );
}

#[test]
fn wrong_csv_files() {
    let folder = tempfile::tempdir().unwrap();
    let whole = format!("{HEADER}{}{}", ROWS[0], ROWS[1]);
    let cut = |after: &str| whole[..whole.rfind(after).unwrap() + after.len()].to_owned();
    let cases = [
        (cut("x,y\""), "(line 3): found 3 columns, expected 7"),
        (cut("['N',"), "(line 3): found 4 columns, expected 7"),
        (cut("[.5,-."), "(line 3): found 5 columns, expected 7"),
        (cut(",-3"), "(line 3): found 6 columns, expected 7"),
        (
            cut("8.5"),
            "file ends within a line, expected a complete line",
        ),
        (
            format!("{whole}trailing words\n"),
            "(line 4): found 1 columns, expected 7",
        ),
        (
            whole.replacen("'C','C'", "'C','Q'", 1),
            "line 2, column Elements, element: found \"Q\"",
        ),
        (
            whole.replacen("['C','C']", "['C']", 1),
            "line 2, positions: expected shape [1, 3]",
        ),
        (
            whole.replacen("['C','C']", "[]", 1),
            "line 2, elements: empty",
        ),
        (
            whole.replacen("['C','C']", "CC", 1),
            "line 2, column Elements: found \"CC\"",
        ),
        (
            whole.replacen("[[2.1997E-6,", "[[nan,", 1),
            "line 3, column XYZ_Ang, atom 1: found \"nan\"",
        ),
        (
            whole.replacen("[[2.1997E-6,", "[[1e999,", 1),
            "atom 1: found \"1e999\"",
        ),
        (
            whole.replacen("[[2.1997E-6,", "[[", 1),
            "line 3, column XYZ_Ang: found",
        ),
        (
            whole.replacen("[[2.1997E-6,", "[[0.,1.,", 1),
            "three coordinates",
        ),
        (whole.replacen("-.25,1]]", "-.25,1],]", 1), "a list such as"),
        (whole.replacen("-.25,1]]", "-.25,1", 1), "a list such as"),
        (
            whole.replacen("[.5,-.25,1]", "[2.1997E-6,1.*^-3,0]", 1),
            "distance of atoms 0 and 1: found 0",
        ),
        (
            whole.replacen("-77.308427", "", 1),
            "line 2, column InternalEnergy_0K_au: found \"\"",
        ),
        (
            whole.replacen(",4,", ",4.5,", 1),
            "line 2, column Index: found \"4.5\"",
        ),
        (
            whole.replacen("Index", "Number", 1),
            "column Index: missing in the header",
        ),
    ];
    for (text, part) in cases {
        let path = write(folder.path(), "part.csv", &text);
        let message = failure(&path);
        assert!(
            message.contains(part),
            "{message:?} should contain {part:?}"
        );
    }
}

#[test]
fn what_is_not_qm9_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent");
    assert!(matches!(Qm9Source::open(&path), Err(Error::Io { .. })));
    assert!(matches!(
        Qm9Source::open(folder.path()),
        Err(Error::Missing { .. })
    ));
    for (name, bytes, part) in [
        ("empty", &b""[..], "an empty file"),
        ("words", b"hello world\n", "starts with \"hello world\""),
        ("noise", &[0xff, 0x00, 0x80], "raw .xyz"),
        (
            "archive.tar.bz2",
            b"BZh91AY&SY",
            "found a bzip2 file (unpack",
        ),
        ("array.npy", b"\x93NUMPY\x01\0", "found a NumPy .npy file"),
        ("wide.csv", b"\xff\xfeX\0Y\0", "found text in UTF-16"),
        ("table.csv", b"a,b\n1,2\n", "raw .xyz"),
        ("broken.whl", b"PK\x03\x04 and nothing else", "zip archive"),
    ] {
        let message = failure(&write(folder.path(), name, bytes));
        assert!(
            message.contains(part),
            "{message:?} should contain {part:?}"
        );
    }
    let other = write_wheel(folder.path(), &[("other/data.csv", "a,b\n")]);
    assert!(failure(&other).contains("qm9_part*.csv: missing"));

    // A wheel that was cut off, and one with a flipped byte inside.
    let text = format!("{HEADER}{}", ROWS[0].repeat(500));
    let wheel = write_wheel(folder.path(), &[("qm9pack/data/qm9_part1.csv", &text)]);
    let bytes = fs::read(&wheel).unwrap();
    fs::write(&wheel, &bytes[..bytes.len() / 2]).unwrap();
    failure(&wheel);
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x55;
    fs::write(&wheel, &flipped).unwrap();
    failure(&wheel);
}

#[test]
fn sample_file_round_trip_and_errors() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    write_sample(&mut bytes, &wanted(), "first line\nsecond line").unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let path = write(folder.path(), "sample.csv", &text);
    let source = Qm9Source::open(&path).unwrap();
    assert_eq!(source.form(), Qm9Form::Sample);
    assert_eq!(source.read_all().unwrap(), wanted());
    assert_eq!(
        source.read_rows(&[2], |_| ()).unwrap(),
        [wanted()[2].molecule.clone()]
    );
    let cases = [
        (text[..text.len() - 3].to_owned(), "ends within a line"),
        (
            text[..text.rfind("3,9").unwrap()].to_owned(),
            "found 3 molecules, expected 4",
        ),
        (text.replacen("# molecules: 4\n", "", 1), "molecules: N"),
        (
            text.replacen("molecules: 4", "molecules: many", 1),
            "expected many",
        ),
        (
            text.replacen(",HH,", ",HX,", 1),
            "column elements, element: found \"X\"",
        ),
        (
            text.replacen(",HH,", ",H,", 1),
            "positions: expected shape [1, 3]",
        ),
        (
            text.replacen(" .74,", ",", 1),
            "[2, 3], three coordinates an atom, found [5]",
        ),
        (
            text.replacen(" .74,", " 0.7.4,", 1),
            "column positions_angstrom: found \"0.7.4\"",
        ),
        (
            text.replacen(" .74,", " 0,", 1),
            "distance of atoms 0 and 1",
        ),
        (
            text.replacen(",-1.17", ",NaN", 1),
            "column u0_hartree: found \"NaN\"",
        ),
        (
            text.replacen(",-1.17", "", 1),
            "found 4 columns, expected 5",
        ),
        (
            text.replacen("\n3,9", "\n-3,9", 1),
            "column row: found \"-3\"",
        ),
    ];
    for (text, part) in cases {
        let message = failure(&write(folder.path(), "sample.csv", &text));
        assert!(
            message.contains(part),
            "{message:?} should contain {part:?}"
        );
    }
}

#[test]
fn draw_equals_an_independent_program() {
    // ChaCha8 and the exchange written out in Python, seed 9 among 130,831 rows.
    let rows = sample_rows(QM9PACK_ROWS, SAMPLE_LEN, SAMPLE_SEED).unwrap();
    assert_eq!(
        rows[..8],
        [58522, 77505, 26976, 27747, 128815, 23377, 117768, 94022]
    );
    assert_eq!(rows[SAMPLE_LEN - 3..], [25687, 52523, 123617]);
    let distinct: std::collections::HashSet<_> = rows.iter().collect();
    assert_eq!(distinct.len(), SAMPLE_LEN);
    assert!(rows.iter().all(|row| row % 10 != 0 && *row < QM9PACK_ROWS));
    assert!(sample_rows(0, 0, 1).unwrap().is_empty());
    assert!(matches!(
        sample_rows(1, 1, 1),
        Err(Error::InvalidValue { .. })
    ));
}

#[test]
fn shipped_sample_is_that_draw_as_far_as_the_rows() {
    let records = Qm9Source::open(SAMPLE).unwrap().read_all().unwrap();
    let rows: Vec<usize> = records.iter().map(|record| record.row).collect();
    assert_eq!(
        rows,
        sample_rows(QM9PACK_ROWS, SAMPLE_LEN, SAMPLE_SEED).unwrap()
    );
    assert!(fs::metadata(SAMPLE).unwrap().len() < 1_000_000);
    // Molecules of QM9 have at most 29 atoms, 9 of them heavy, and are bound by 1 to 3 hartree, small ones by less.
    for Qm9Record { row, molecule } in &records {
        let [hydrogen, heavy @ ..] = molecule.element_counts();
        assert!(
            molecule.len() <= 29 && heavy.iter().sum::<usize>() <= 9 && hydrogen <= 20,
            "row {row}"
        );
        let energy = molecule.atomisation_energy();
        assert!((-5.0..-0.5).contains(&energy), "row {row}: {energy}");
    }
}

/// Needs the wheel: `HAARMONIC_QM9=path/to/qm9pack-1.0.3-py3-none-any.whl cargo test --features data --test files qm9 -- --ignored`.
#[test]
#[ignore = "needs the qm9pack wheel, named by HAARMONIC_QM9"]
fn shipped_sample_is_that_draw_byte_for_byte() {
    let wheel = std::env::var_os("HAARMONIC_QM9").expect("HAARMONIC_QM9 names the wheel");
    let source = Qm9Source::open(wheel).unwrap();
    let start = std::time::Instant::now();
    let mut atoms = 0;
    let mut count = 0;
    source
        .for_each(
            |_| true,
            |record| {
                assert_eq!(record.row, count);
                count += 1;
                atoms += record.molecule.len();
                Ok(ControlFlow::Continue(()))
            },
            |_| (),
        )
        .unwrap();
    println!("{count} molecules, {atoms} atoms, {:?}", start.elapsed());
    assert_eq!((count, atoms), (QM9PACK_ROWS, 2_359_210));

    let rows = sample_rows(QM9PACK_ROWS, SAMPLE_LEN, SAMPLE_SEED).unwrap();
    let molecules = source.read_rows(&rows, |_| ()).unwrap();
    let records: Vec<_> = rows
        .into_iter()
        .zip(molecules)
        .map(|(row, molecule)| Qm9Record { row, molecule })
        .collect();
    let mut bytes = Vec::new();
    write_sample(&mut bytes, &records, SAMPLE_COMMENT).unwrap();
    assert!(
        bytes == fs::read(SAMPLE).unwrap(),
        "the sample differs from the draw"
    );
}
