//! What examples share: text for a reader who may have seen enough (`example | head` is no error), folders, bars, exit codes.
#![allow(dead_code, unused_macros)]

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use haarmonic::error::FileOperation;
use haarmonic::progress::Progress;
use haarmonic::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// As `println!`, but a closed pipe or a full disk loses the line and nothing else.
macro_rules! say {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($arguments)*);
    }};
}

/// As `print!`, but a closed pipe or a full disk loses the text and nothing else.
macro_rules! say_part {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stdout(), $($arguments)*);
    }};
}

/// Says what went wrong in one line, with the exit code 2.
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Makes a folder unless it is there.
pub fn create_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, FileOperation::Create, error))
}

/// Makes the folder of a file unless it is there.
pub fn create_folder_of(file: &Path) -> Result<()> {
    create_folder(file.parent().unwrap_or(Path::new("")))
}

/// A bar on a terminal, nothing in a pipe; and what moves it.
pub fn bar(name: &str, unit: &str) -> (ProgressBar, Progress) {
    let template = format!("{{prefix:14}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{eta}} left");
    let style = ProgressStyle::with_template(&template).expect("the template is correct");
    let bar = ProgressBar::new(1)
        .with_style(style)
        .with_prefix(name.to_owned());
    let shown = bar.clone();
    let progress = move |done: usize, total: usize| {
        shown.set_length(total as u64);
        shown.set_position(done as u64);
        ControlFlow::Continue(())
    };
    (bar, Arc::new(progress))
}
