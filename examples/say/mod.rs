//! Text for a reader who may have seen enough: `example | head` is no error.

/// As `println!`, but a closed pipe or a full disk loses the line and nothing else.
#[allow(unused_macros)]
macro_rules! say {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($arguments)*);
    }};
}

/// As `print!`, but a closed pipe or a full disk loses the text and nothing else.
#[allow(unused_macros)]
macro_rules! say_part {
    ($($arguments:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stdout(), $($arguments)*);
    }};
}
