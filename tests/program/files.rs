//! What the command line does with files and names that it is given, before and after its work.

use std::process::{Command, Output, Stdio};

use crate::common::program::{Bench, MLP, SPHERE, export};
use haarmonic::data::arrays::{read_npz_real, write_npy};
use ndarray::{Array1, Array2, Array4};
use num_complex::Complex64;

/// A folder with a network, inputs, targets, predictions and a signal, and one command for each kind of output.
fn files() -> Bench {
    let bench = Bench::new();
    bench.text("net.toml", MLP);
    export(&bench, "mlp.npz", "x1", "x.npy");
    export(&bench, "mlp.npz", "x2", "z.npy");
    let y = Array2::from_shape_fn((5, 2), |(i, j)| (i as f64 - 2.0 * j as f64).sin());
    write_npy(bench.path("y.npy"), &y).unwrap();
    write_npy(bench.path("signal.npy"), &Array2::from_elem((3, 5), 1.0)).unwrap();
    bench.succeed("predict net.toml --train-x x.npy --train-y y.npy --test-x x.npy --out p.npz");
    bench
}

/// Each command that writes, without its `--out`.
const WRITERS: [&str; 6] = [
    "gram net.toml x.npy z.npy",
    "gram net.toml x.npy --resume",
    "predict net.toml --train-x x.npy --train-y y.npy --test-x z.npy",
    "select net.toml --train-x x.npy --train-y y.npy --iterations 1",
    "score p.npz --targets y.npy",
    "transform --space sphere --direction forward --bandlimit 3 --sampling gauss-legendre signal.npy",
];

#[cfg(unix)]
#[test]
fn links_and_modes_of_outputs_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let bench = files();
    for writer in WRITERS {
        bench.succeed(&format!("{writer} --out fresh"));
        let want = std::fs::read(bench.path("fresh")).unwrap();
        std::fs::create_dir(bench.path("d")).unwrap();
        for (name, mode) in [("private", 0o600), ("shared", 0o664)] {
            std::fs::write(bench.path("d").join(name), "old").unwrap();
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(bench.path("d").join(name), permissions).unwrap();
        }
        for (target, link) in [
            ("private", "d/link"),
            ("link", "d/chain"),
            ("absent", "d/dangling"),
            ("d/shared", "outside"),
        ] {
            symlink(target, bench.path(link)).unwrap();
        }
        let chained = format!("{writer} --out d/chain");
        for (line, file, mode) in [
            (chained.as_str(), "d/private", Some(0o600)),
            (&format!("{writer} --out d/dangling"), "d/absent", None),
            (&format!("{writer} --out outside"), "d/shared", Some(0o664)),
        ] {
            bench.succeed(line);
            let path = bench.path(file);
            assert_eq!(std::fs::read(&path).unwrap(), want, "{line}");
            let found = path.symlink_metadata().unwrap();
            assert!(found.is_file());
            if let Some(mode) = mode {
                assert_eq!(found.permissions().mode() & 0o777, mode, "{line}");
            }
        }
        for link in ["d/link", "d/chain", "d/dangling", "outside"] {
            assert!(bench.path(link).is_symlink(), "{writer}: {link}");
        }
        for entry in std::fs::read_dir(bench.path("d")).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(!name.to_string_lossy().contains("part"), "{name:?}");
        }
        std::fs::remove_dir_all(bench.path("d")).unwrap();
        for left in ["fresh", "outside"] {
            std::fs::remove_file(bench.path(left)).unwrap();
        }
        for left in ["fresh.tiles", "outside.tiles"] {
            std::fs::remove_dir_all(bench.path(left)).ok();
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_output() {
    use std::os::unix::fs::symlink;
    let bench = files();
    let made = Command::new("mkfifo").arg(bench.path("pipe")).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(bench.path("socket")).unwrap();
    std::fs::create_dir(bench.path("folder")).unwrap();
    for (target, link) in [
        ("round", "about"),
        ("about", "round"),
        ("pipe", "to-pipe"),
        ("nowhere/k.npz", "to-nowhere"),
    ] {
        symlink(target, bench.path(link)).unwrap();
    }
    let long = "a".repeat(260);
    for writer in WRITERS {
        for (out, word) in [
            ("/dev/null", "character device"),
            ("/dev/stdout", "expected a file"),
            ("pipe", "a pipe"),
            ("to-pipe", "a pipe"),
            ("socket", "a socket"),
            ("folder", "a folder"),
            ("folder/", "a folder"),
            ("k.npz/", "no file name"),
            ("k.npz/.", "no file name"),
            ("about", "links"),
            ("to-nowhere", "nowhere"),
            ("nowhere/k.npz", "nowhere"),
            ("x.npy/k.npz", "x.npy is a file"),
            (&long, "too long"),
        ] {
            bench.refuse(&format!("{writer} --out {out}"), &[word, out]);
        }
    }
}

/// An ordinary user hears at once that a file or a folder may not be written; the administrator may write everything.
#[cfg(unix)]
#[test]
fn protected_files_and_folders_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let bench = files();
    bench.text("kept.npz", "kept");
    std::fs::create_dir(bench.path("closed")).unwrap();
    for (name, mode) in [("kept.npz", 0o444), ("closed", 0o555)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(bench.path(name), permissions).unwrap();
    }
    if std::fs::write(bench.path("closed/probe"), "").is_ok() {
        return;
    }
    for writer in WRITERS {
        bench.refuse(&format!("{writer} --out kept.npz"), &["kept.npz", "denied"]);
        bench.refuse(
            &format!("{writer} --out closed/k"),
            &["closed", "permission"],
        );
    }
    assert_eq!(std::fs::read(bench.path("kept.npz")).unwrap(), b"kept");
}

#[test]
fn inputs_are_no_outputs() {
    let bench = files();
    for writer in WRITERS {
        for input in ["net.toml", "x.npy", "y.npy", "z.npy", "p.npz", "signal.npy"] {
            if !writer.contains(input) {
                continue;
            }
            let before = std::fs::read(bench.path(input)).unwrap();
            let words = ["--out", input, "another file"];
            bench.refuse(&format!("{writer} --out {input}"), &words);
            bench.refuse(&format!("{writer} --out ./{input}"), &words);
            #[cfg(unix)]
            {
                std::os::unix::fs::symlink(input, bench.path("link")).unwrap();
                bench.refuse(&format!("{writer} --out link"), &words);
                std::fs::remove_file(bench.path("link")).unwrap();
            }
            std::fs::hard_link(bench.path(input), bench.path("hard")).unwrap();
            bench.refuse(&format!("{writer} --out hard"), &words);
            std::fs::remove_file(bench.path("hard")).unwrap();
            assert_eq!(std::fs::read(bench.path(input)).unwrap(), before);
        }
    }
}

/// Runs with some standard output.
fn with_output(bench: &Bench, line: &str, out: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haarmonic"));
    command
        .args(line.split_whitespace())
        .current_dir(bench.path(""))
        .stdout(out)
        .stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

/// A pipe of which nobody reads the other end.
fn broken_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[cfg(target_os = "linux")]
#[test]
fn text_that_cannot_be_printed_loses_no_result() {
    let bench = files();
    let full = || {
        let file = std::fs::OpenOptions::new().write(true).open("/dev/full");
        Stdio::from(file.unwrap())
    };
    for writer in WRITERS {
        bench.succeed(&format!("{writer} --out fresh"));
        let want = std::fs::read(bench.path("fresh")).unwrap();
        let quiet = with_output(&bench, &format!("{writer} --out broken"), broken_pipe());
        assert!(quiet.status.success(), "{writer}: {quiet:?}");
        assert!(quiet.stderr.is_empty(), "{writer}: {quiet:?}");
        let said = with_output(&bench, &format!("{writer} --out full"), full());
        if !writer.starts_with("transform") {
            let message = String::from_utf8(said.stderr).unwrap();
            assert_eq!(said.status.code(), Some(2), "{writer}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(message.contains("standard output"), "{message}");
        }
        for name in ["broken", "full"] {
            assert_eq!(std::fs::read(bench.path(name)).unwrap(), want, "{writer}");
        }
        for name in ["fresh", "broken", "full"] {
            std::fs::remove_file(bench.path(name)).unwrap();
            std::fs::remove_dir_all(bench.path(&format!("{name}.tiles"))).ok();
        }
    }
    for talker in [
        "check net.toml",
        "score p.npz --targets y.npy",
        "--help",
        "gram --help",
        "-V",
    ] {
        let quiet = with_output(&bench, talker, broken_pipe());
        assert!(quiet.status.success(), "{talker}: {quiet:?}");
        assert!(quiet.stderr.is_empty(), "{talker}: {quiet:?}");
        let said = with_output(&bench, talker, full());
        assert_eq!(said.status.code(), Some(2), "{talker}");
        assert!(
            String::from_utf8(said.stderr)
                .unwrap()
                .starts_with("error: standard output")
        );
    }
}

/// What is wrong with an option shows before files are read, and what is wrong with a file before kernels are computed: these
/// would not fit into the memory of any machine.
#[test]
fn cheap_checks_come_first() {
    const MANY: usize = 3_000_000;
    let bench = Bench::new();
    bench.text("net.toml", &MLP.replace("dimension = 7", "dimension = 1"));
    write_npy(bench.path("many.npy"), &Array2::<f32>::ones((MANY, 1))).unwrap();
    write_npy(bench.path("y.npy"), &Array1::<f32>::ones(MANY)).unwrap();
    write_npy(bench.path("few.npy"), &Array2::<f32>::ones((3, 1))).unwrap();
    write_npy(bench.path("wide.npy"), &Array2::<f32>::ones((3, 2))).unwrap();
    write_npy(bench.path("short.npy"), &Array1::<f32>::ones(3)).unwrap();

    let absent = "predict absent.toml --train-x a.npy --train-y a.npy --test-x a.npy --out p.npz";
    for (option, words) in [
        ("--ridge=-1", ["--ridge", "found -1"]),
        ("--ridge=nan", ["--ridge", "found NaN"]),
        ("--ridge=inf", ["--ridge", "found inf"]),
        ("--time=-1e-9", ["--time", "found -1e-9"]),
        ("--time=nan", ["--time", "found NaN"]),
        ("--time=1,inf", ["--time", "found inf"]),
        ("--learning-rate=0", ["--learning-rate", "found 0"]),
        ("--learning-rate=nan", ["--learning-rate", "found NaN"]),
    ] {
        bench.refuse(&format!("{absent} {option}"), &words);
    }
    let select = "select absent.toml --train-x a.npy --train-y a.npy --out n.toml";
    for ridge in ["0", "-1", "nan", "inf"] {
        bench.refuse(&format!("{select} --ridge={ridge}"), &["--ridge"]);
    }
    for threads in ["0", "1025", "100000"] {
        let line = format!("gram absent.toml a.npy --out k.npz --threads {threads}");
        bench.refuse(&line, &["--threads", threads, "1 to 1024"]);
    }

    let predict = "predict net.toml --train-x many.npy --out p.npz";
    for (rest, words) in [
        (
            "--train-y y.npy --test-x absent.npy",
            ["absent.npy", "no such file"],
        ),
        ("--train-y y.npy --test-x wide.npy", ["wide.npy", "[3, 2]"]),
        (
            "--train-y short.npy --test-x few.npy",
            ["short.npy", "training input"],
        ),
        (
            "--train-y y.npy --test-x few.npy --time 1,2 --validation-x few.npy --validation-y y.npy",
            ["y.npy", "validation input"],
        ),
        (
            "--train-y y.npy --test-x few.npy",
            ["TB of memory", "fewer"],
        ),
    ] {
        bench.refuse(&format!("{predict} {rest}"), &words);
    }
    for (line, words) in [
        (
            "gram net.toml many.npy absent.npy --out k.npz",
            ["absent.npy", "no such file"],
        ),
        (
            "gram net.toml many.npy wide.npy --out k.npz",
            ["wide.npy", "[3, 2]"],
        ),
        (
            "gram net.toml many.npy --out k.npz",
            ["two matrices of 3000000 x 3000000: 144 TB", "--memory"],
        ),
        (
            "select net.toml --train-x many.npy --train-y y.npy --out n.toml",
            ["TB of memory", "fewer"],
        ),
    ] {
        bench.refuse(line, &words);
    }
    // A plan at this band limit takes a minute.
    for direction in ["forward", "inverse"] {
        let line = "--bandlimit 12000 --sampling gauss-legendre few.npy --out o.npy";
        bench.refuse(
            &format!("transform --space sphere --direction {direction} {line}"),
            &["few.npy", "[.., 12000, 23999]", "[3, 1]"],
        );
    }
}

#[test]
fn networks_come_from_small_files() {
    let bench = Bench::new();
    bench.text("large.toml", &"#".repeat((16 << 20) + 1));
    bench.refuse("check large.toml", &["large.toml", "16777217", "16777216"]);
    bench.text(
        "largest.toml",
        &format!("{MLP}{}", "#".repeat((16 << 20) - MLP.len())),
    );
    bench.succeed("check largest.toml");
    #[cfg(unix)]
    {
        let made = Command::new("mkfifo").arg(bench.path("pipe")).status();
        assert!(made.unwrap().success());
        bench.refuse("check pipe", &["pipe", "regular file"]);
        bench.refuse("check /dev/zero", &["/dev/zero", "regular file"]);
        bench.refuse("check .", &["folder", "regular file"]);
        // A pipe that the shell makes has a writer.
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, MLP.as_bytes()).unwrap();
        drop(writer);
        let mut command = Command::new(env!("CARGO_BIN_EXE_haarmonic"));
        let output = command.args(["check", "/dev/stdin"]).stdin(reader).output();
        assert!(output.unwrap().status.success());
    }
}

/// Two networks that begin with one folder at the same time: one of them has it, and the other one is told so.
#[test]
fn two_networks_do_not_share_a_folder() {
    let bench = files();
    bench.text("other.toml", &MLP.replace("gelu", "erf"));
    let spawn = |network: &str| {
        Command::new(env!("CARGO_BIN_EXE_haarmonic"))
            .args(["gram", network, "x.npy", "--resume", "--out", "k.npz"])
            .current_dir(bench.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    for network in ["net", "other"] {
        bench.succeed(&format!("gram {network}.toml x.npy --out {network}.npz"));
    }
    let matrix = |name: &str| read_npz_real(bench.path(name), "ntk").unwrap();
    for _ in 0..10 {
        let runs = [spawn("net.toml"), spawn("other.toml")];
        let [first, second] = runs.map(|run| run.wait_with_output().unwrap());
        assert_ne!(first.status.success(), second.status.success());
        let (won, lost) = match first.status.success() {
            true => ("net.npz", second),
            false => ("other.npz", first),
        };
        let message = String::from_utf8(lost.stderr).unwrap();
        assert!(message.contains("network of the store"), "{message}");
        assert_eq!(matrix("k.npz"), matrix(won));
        std::fs::remove_dir_all(bench.path("k.npz.tiles")).unwrap();
    }
}

#[cfg(not(feature = "plot"))]
#[test]
fn plots_need_a_build_with_them() {
    let bench = Bench::new();
    for line in ["plot", "plot --help", "plot kernel k.npz --out k.png"] {
        bench.refuse(line, &["feature `plot`", "--features cli,plot"]);
    }
}

#[test]
fn numbers_in_messages_are_short() {
    let bench = Bench::new();
    bench.text("net.toml", SPHERE);
    let mut coefficients = Array4::<Complex64>::zeros((1, 2, 4, 7));
    coefficients[[0, 0, 0, 3]] = Complex64::new(f64::MIN_POSITIVE, f64::MIN_POSITIVE);
    write_npy(bench.path("c.npy"), &coefficients).unwrap();
    bench.refuse(
        "gram net.toml c.npy --out k.npz",
        &["2.2250738585072014e-308"],
    );
    bench.text("net.toml", &MLP.replacen("1.3", "-1e-200", 1));
    bench.refuse("check net.toml", &["-1e-200"]);
}
