//! The forms of QM9.

use std::io::Write;
use std::path::Path;

use haarmonic::data::qm9::Qm9Source;
use tempfile::tempdir;

use crate::harness::{DEFLATE, FIXED, Target, as_it_is};

const WATER: &str = "3\n\
gdb 3\t799.58812\t437.90386\t282.94545\t1.8511\t6.31\t-0.2928\t0.0687\t0.3615\t19.0002\t0.021375\t-76.404702\t-76.401867\t-76.400922\t-76.422349\t6.002\t\n\
O\t-0.0343604951\t 0.9775395708\t 7.6015923*^-3\t-0.589706\n\
H\t 0.0647664923\t 0.\t 1.5*^-6\t 0.294853\n\
H\t 0.8717903737\t 1.3007924048\t 0.0006931336\t 2.*^-6\n\
1671.4222\t3803.6305\t3907.698\nO\tO\t\nInChI=1S/H2O/h1H2\tInChI=1S/H2O/h1H2\n";
const PART: &str = "Index,SMILES,Elements,XYZ_Ang,InternalEnergy_0K_au\n\
4,\"C#C\",\"['C','C']\",\"[[0.5995394918,0.,1.],[-0.5995394918,0.,1.]]\",-77.308427\n\
5,\"x,y\",\"['N','F']\",\"[[2.1997E-6,1.*^-3,-0.],[.5,-.25,1]]\",-3.\n";
const SAMPLE: &str = "# two molecules\n# molecules: 2\nrow,index,elements,positions_angstrom,u0_hartree\n\
3,7,HH,0 0 0 0 -.5 .0000001,-1.25\n58522,9,O,1 2 3,-75\n";

#[test]
fn qm9_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let path = folder.path().join("molecules.xyz");
    let inside = tempdir().unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let seeds: Vec<Vec<u8>> = texts(&[WATER, PART, SAMPLE]);
    let atoms: String = (0..60_000).map(|k| format!("H 0 0 {k} 0\n")).collect();
    let (before, after) = (WATER.lines().nth(1).unwrap(), "1\nH\nH\n");
    let forged = texts(&[
        &format!("60000\n{before}\n{atoms}{after}"),
        &WATER.replacen('3', "18446744073709551615", 1),
        &WATER.replacen('3', "1000000000000", 1),
        &SAMPLE.replace("s: 2", "s: 18446744073709551615"),
        &PART.replace("\"['C','C']\"", ""),
        &PART.replace("\"[[0.5995394918,0.,1.],[-0.5995394918,0.,1.]]\"", ""),
        &SAMPLE.replace(",HH,", ",,"),
        &PART.replace("[[0.5", &"[".repeat(100_000)),
        &PART.replace("['C'", &"['C',".repeat(20_000)),
    ]);
    let read = |path: &Path| {
        let Ok(source) = Qm9Source::open(path) else {
            return false;
        };
        let read = source.read_all();
        assert!(read.is_err() || source.count().is_ok());
        read.is_ok()
    };
    let words = [
        ",", "\"", "\n", "\r", "[", "]", "'", "*^", "#", "\u{feff}", " ", "C", "\0",
    ];
    // Lists of words of a line, and of numbers, in texts of a few bytes each.
    let word = 64;
    Target {
        name: "QM9 text",
        seeds: seeds.clone(),
        forged: forged.clone(),
        words: &words,
        wrap: &as_it_is,
        read: &|path| {
            // Also as a part of a folder.
            for name in ["a.xyz", "qm9_part1.csv"] {
                std::fs::copy(path, inside.path().join(name)).unwrap();
                read(inside.path());
                std::fs::remove_file(inside.path().join(name)).unwrap();
            }
            read(path)
        },
        memory: [FIXED, word],
        share: 1,
    }
    .survive(&path);
    let wheel = |content: &[u8]| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in ["qm9/qm9_part1.csv", "qm9/qm9_part2.csv"] {
            archive
                .start_file(name, zip::write::SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    Target {
        name: "CSV within a wheel",
        seeds: vec![seeds[1].clone()],
        forged,
        words: &words,
        wrap: &wheel,
        read: &read,
        memory: [FIXED, word],
        share: 2,
    }
    .survive(&path);
    Target {
        name: "wheel",
        seeds: vec![wheel(PART.as_bytes())],
        forged: vec![],
        words: &[
            "PK\x01\x02",
            "PK\x05\x06",
            "PK\x06\x06",
            "qm9_part1.csv",
            "../",
            "\0",
        ],
        wrap: &as_it_is,
        read: &read,
        memory: [FIXED, word * DEFLATE],
        share: 2,
    }
    .survive(&path);
}
