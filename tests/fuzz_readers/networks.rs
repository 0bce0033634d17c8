//! Network files.

use haarmonic::network::Network;
use tempfile::tempdir;

use crate::common::network_files;
use crate::harness::{FIXED, Target, as_it_is};

#[test]
fn network_files() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let mut texts: Vec<String> = network_files::documented_files()
        .iter()
        .filter(|text| Network::from_toml(text).is_ok())
        .map(|text| text.to_string())
        .collect();
    assert!(texts.len() >= 4);
    texts.push(
        "[input]\nspace = \"finite\"\ngenerators = [[1, 2, 3, 0], [0, 3, 2, 1]]\nchannels = 2\n\n\
         [[layers]]\nkind = \"lifting\"\npoints = [0, 1]\n\n[[layers]]\nkind = \"activation\"\nfunction = \"hermite\"\ndegree = 3\n\n\
         [[layers]]\nkind = \"residual\"\nbranch = [{ kind = \"group-convolution\", elements = [0, 2] }]\nshortcut = [{ kind = \"group-convolution\" }]\n\n\
         [[layers]]\nkind = \"activation\"\nfunction = \"erf\"\n\n[[layers]]\nkind = \"group-pooling\"\n"
            .into(),
    );
    texts.push(
        "[input]\nspace = \"sphere\"\nbandlimit = 3\nsampling = \"coefficients\"\nchannels = 1\n\n\
         [outputs]\nsampling = \"gauss-legendre\"\nbandlimit = 2\n\n\
         [[layers]]\nkind = \"lifting\"\ngroup = \"SO3\"\nring = [0.1, 0.5]\n\n[[layers]]\nkind = \"activation\"\nfunction = \"relu\"\n\n\
         [[layers]]\nkind = \"group-convolution\"\nlegendre = [1.0, 0.5, 0.25]\n"
            .into(),
    );
    let mut nested = "[input]\nspace = \"vector\"\ndimension = 7\n".to_string();
    let mut place = "layers".to_string();
    for _ in 0..78 {
        nested += &format!("[[{place}]]\nkind = \"residual\"\n");
        place += ".branch";
    }
    // The first file that holds some words, with others in their place.
    let replaced = |words: &str, others: &str| {
        let text = texts.iter().find(|text| text.contains(words)).unwrap();
        text.replace(words, others)
    };
    let outputs = |degree: &str| texts.last().unwrap().replace("bandlimit = 2", degree);
    let forged = [
        nested,
        "[[a.".repeat(20_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a{} = 1", ".a".repeat(50_000)),
        replaced("dimension = 7", "dimension = 18446744073709551615"),
        replaced("bandlimit = 6", "bandlimit = 9223372036854775807"),
        outputs("bandlimit = 9223372036854775807"),
        // 32 million rotations.
        outputs("bandlimit = 200"),
        outputs("bandlimit = 4000"),
        // Thousands of layers, the last of them wrong.
        format!("{}[[layers]]\n", texts[0].split("[[").next().unwrap())
            + &"[[layers]]\nkind = \"dense\"\nweight_std = 1.0\nbias_std = 0.5\n".repeat(20_000),
    ];
    Target {
        name: "network file",
        seeds: texts.into_iter().map(String::into_bytes).collect(),
        forged: forged.into_iter().map(String::into_bytes).collect(),
        words: &[
            "[[layers]]\n",
            "[",
            "]",
            "{",
            "}",
            "\"",
            "=",
            "\n",
            ".",
            "'''",
            "\"\"\"",
            "0x",
            "_",
            "kind = \"flatten\"\n",
            "kind = \"residual\"\n",
            "branch",
            "1979-05-27T07:32:00Z",
            "\\u",
            "\u{feff}",
            "#",
            "true",
        ],
        wrap: &as_it_is,
        read: &|path| {
            let Ok(network) = Network::read(path) else {
                return false;
            };
            // What is read can be written, and is the same again.
            let text = network.to_toml().expect("a network of a file has a file");
            assert_eq!(Network::from_toml(&text).as_ref(), Ok(&network));
            true
        },
        // At most 2²⁰ outputs of three angles in two copies; a table for each key.
        memory: [FIXED + 2 * 3 * size_of::<f64>() * (1 << 20), 1024],
        share: 1,
    }
    .survive(&folder.path().join("network.toml"));
}
