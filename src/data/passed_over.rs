//! Recognising the entries of folders and archives that are not data: hidden files, and files that operating systems add.

/// The names of files and folders that operating systems add, in lower case.
const OF_SYSTEMS: [&str; 11] = [
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "@eadir",
    "#recycle",
];

/// Whether a name in a folder, or a path in an archive, is skipped.
///
/// A path is skipped if one of its names is hidden (begins with a dot, such as `._a.png` and `.DS_Store`) or belongs to an operating
/// system (`Thumbs.db`, `desktop.ini`, `__MACOSX`).
pub(super) fn is_passed_over(path: &str) -> bool {
    path.split(['/', '\\']).any(|name| {
        // The names `.` and `..` of relative paths are not hidden.
        (name.starts_with('.') && name != "." && name != "..")
            || OF_SYSTEMS.contains(&name.to_lowercase().as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::is_passed_over;

    #[test]
    fn hidden_and_system_names_are_passed_over() {
        for name in [
            "._a.png",
            ".DS_Store",
            "Thumbs.db",
            "THUMBS.DB",
            "Desktop.ini",
            "__MACOSX",
            "__MACOSX/a/b.npy",
            "package/.git/config",
            "Icon\r",
        ] {
            assert!(is_passed_over(name), "{name}");
        }
        for name in ["a.png", "a.b", "./package/a.json", "thumbs.dbx", "MACOSX"] {
            assert!(!is_passed_over(name), "{name}");
        }
    }
}
