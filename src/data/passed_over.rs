//! Which entries of folders and archives are no data: hidden files, and what systems put beside them.

/// Names of files and folders that systems make on their own, in small letters.
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

/// Whether a name in a folder, or a path in an archive, is passed over: it or a folder above it is hidden (a dot in
/// front, such as `._a.png` and `.DS_Store`) or made by a system (`Thumbs.db`, `desktop.ini`, `__MACOSX`).
pub(super) fn is_passed_over(path: &str) -> bool {
    path.split(['/', '\\']).any(|name| {
        // `./a` and `../a` are paths, not hidden names.
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
