//! Files that are not TOML, or were.

use super::*;

#[test]
fn files_that_are_not_toml() {
    let error = |text: &str| Network::from_toml(text).unwrap_err();
    for text in [
        "[input",
        "space = ",
        "a = 1\na = 2",
        "\u{0}",
        "[input]\nspace = \"vec",
    ] {
        assert!(
            matches!(
                error(text),
                Error::Syntax {
                    format: "TOML",
                    line: Some(_),
                    ..
                }
            ),
            "{text:?}: {}",
            error(text)
        );
    }
    let Error::Syntax { line, .. } = error("[input]\n\nspace = = 3") else {
        panic!("not TOML");
    };
    assert_eq!(line, Some(3));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.toml");
    let message = || Network::read(&path).unwrap_err().to_string();
    let name = path.display().to_string();
    assert_eq!(
        message(),
        format!("{name}: cannot read: no such file or folder")
    );
    std::fs::write(&path, [0x93, b'N', b'U', b'M']).unwrap();
    assert_eq!(
        message(),
        format!("{name}: not valid TOML: not text in UTF-8")
    );
    std::fs::write(&path, "[input]\nspace = \"vector\"").unwrap();
    assert_eq!(
        message(),
        format!("{name}: key `dimension`: missing in [input], which has space")
    );
}

/// Every prefix of a good file, and good files with bytes changed at random, give a network or an
/// error of one line.
#[test]
fn damaged_files_never_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for file in documented_files() {
        let one_line = |text: &str| {
            if let Err(error) = Network::from_toml(text) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        };
        for end in 0..file.len() {
            one_line(&file[..end]);
        }
        for _ in 0..3000 {
            let mut bytes = file.as_bytes().to_vec();
            for _ in 0..rng.random_range(1..6) {
                let place = rng.random_range(0..bytes.len());
                bytes[place] = rng.random_range(0..128);
            }
            one_line(std::str::from_utf8(&bytes).unwrap());
        }
    }
    for _ in 0..3000 {
        let length = rng.random_range(0..200);
        let text: String = (0..length)
            .map(|_| rng.random_range('\u{0}'..'\u{250}'))
            .collect();
        Network::from_toml(&text).ok();
    }
    Network::from_toml(&"[".repeat(100_000)).unwrap_err();
    Network::from_toml(&format!("a = {}", "[".repeat(100_000))).unwrap_err();
    Network::from_toml(&format!("a = {}", "{a=".repeat(100_000))).unwrap_err();
    Network::from_toml(&format!("{} = 1", "a.".repeat(100_000) + "a")).unwrap_err();
}
