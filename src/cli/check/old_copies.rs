//! Copies of the store that no retention reaches: how old what they still hold may be.

use std::path::{Path, PathBuf};

use super::Findings;
use crate::config::Config;

/// Tells of the oldest backup and of damaged stores that were moved aside.
pub(super) fn look(config: &Config, findings: &Findings) {
    if let Some(folder) = &config.backup_dir
        && let Some((oldest, count)) = oldest(&below(folder, is_backup))
    {
        let kept = match config.backup_keep {
            Some(keep) => format!("the newest {keep} are kept"),
            None => "backup_keep is not set: all are kept".into(),
        };
        findings.note(format!(
            "{count} backup(s) in {}, the oldest {oldest}; they hold what retention has removed since ({kept})",
            folder.display()
        ));
    }
    if let Some((oldest, count)) = oldest(&below(&config.data_dir, |name| name.starts_with("store.broken-"))) {
        findings.note(format!(
            "{count} damaged store(s) lie in {}, the oldest {oldest}; neither retention nor `guichet erase` reaches them: \
             delete what you no longer need",
            config.data_dir.display()
        ));
    }
}

/// Both kinds carry their time in their name, so the first name is the oldest.
fn oldest(folders: &[PathBuf]) -> Option<(String, usize)> {
    let name = folders.iter().filter_map(|path| path.file_name()).min()?;
    Some((name.to_string_lossy().into_owned(), folders.len()))
}

fn below(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(&wanted)).map(|entry| entry.path()).collect()
}

/// `20260302T000000Z`.
fn is_backup(name: &str) -> bool {
    name.len() == 16 && name.starts_with(|c: char| c.is_ascii_digit()) && name.contains('T') && name.ends_with('Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_each_kind_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20260302T000000Z", "20260301T000000Z", "20260303T000000Z.partial", "mine"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = below(folder.path(), is_backup);
        assert_eq!(oldest(&found), Some(("20260301T000000Z".into(), 2)));
        assert_eq!(oldest(&below(Path::new("/nowhere"), is_backup)), None);
    }
}
