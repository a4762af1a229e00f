//! Names and times of the files in a Maildir.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where a message lies now, by its unique name.
pub(super) type Listing = BTreeMap<String, PathBuf>;

/// The unique part of a Maildir file name.
pub(super) fn unique_name(file_name: &OsStr) -> String {
    let text = file_name.to_string_lossy();
    match text.split_once(':') {
        Some((name, _)) => name.to_owned(),
        None => text.into_owned(),
    }
}

/// Whether the file name carries a flag letter (`:2,RS`).
pub(super) fn has_flag(path: &Path, flag: char) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    name.split_once(":2,").is_some_and(|(_, flags)| flags.contains(flag))
}

/// All messages of `new/` and `cur/`. `new/` is read first: mail moves from there to `cur/`, so that
/// a message on its way is met twice rather than never.
pub(super) fn list(maildir: &Path) -> io::Result<Listing> {
    let mut found = Listing::new();
    for part in ["new", "cur"] {
        for entry in std::fs::read_dir(maildir.join(part))? {
            let entry = entry?;
            let file_name = entry.file_name();
            let regular = entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_symlink());
            if regular && !file_name.to_string_lossy().starts_with('.') {
                found.insert(unique_name(&file_name), entry.path());
            }
        }
    }
    Ok(found)
}

/// The folders' own times: they change with every name added, removed or changed in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp([SystemTime; 2]);

impl Stamp {
    /// The times now.
    pub(super) fn of(maildir: &Path) -> io::Result<Self> {
        let time = |part: &str| std::fs::metadata(maildir.join(part))?.modified();
        Ok(Self([time("new")?, time("cur")?]))
    }

    /// Whether a change since then would show: file systems keep times so coarsely that two
    /// changes within a moment look like one.
    pub(super) fn is_settled(self) -> bool {
        let coarse = std::time::Duration::from_secs(2);
        self.0.iter().all(|time| time.elapsed().is_ok_and(|age| age > coarse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stays_when_flags_change() {
        assert_eq!(unique_name(OsStr::new("1700000000.M1P2.host")), "1700000000.M1P2.host");
        assert_eq!(unique_name(OsStr::new("1700000000.M1P2.host:2,RS")), "1700000000.M1P2.host");
        assert!(has_flag(Path::new("cur/1700000000.M1P2.host:2,RS"), 'R'));
        assert!(!has_flag(Path::new("cur/1700000000.RP2.host:2,S"), 'R'));
    }
}
