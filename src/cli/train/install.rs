//! Writes model files and cards: whole or not at all, since a daemon may load them at any moment.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::adapters::durable::sync_folder;
use crate::triage::classifier::Task;
use crate::triage::learning::card::card;
use crate::triage::learning::choose::Choice;
use crate::triage::learning::train::Trained;

/// Writes every model with its card.
///
/// # Errors
/// When the folder cannot be written to.
pub(super) fn all(trained: &Trained, folder: &Path, date: &str) -> anyhow::Result<()> {
    write(trained, folder, date, |_| true, false).map(drop)
}

/// Writes the models that were chosen, and keeps what they replace in the folder as `NAME.previous`.
/// Returns how many models it wrote.
///
/// # Errors
/// As [`all`].
pub(super) fn chosen(choice: &Choice, trained: &Trained, folder: &Path, date: &str) -> anyhow::Result<usize> {
    let replaces = |task| choice.fates.iter().any(|fate| fate.task == task && fate.replaces);
    write(trained, folder, date, replaces, true)
}

fn write(
    trained: &Trained,
    folder: &Path,
    date: &str,
    wanted: impl Fn(Task) -> bool,
    keep: bool,
) -> anyhow::Result<usize> {
    let chosen: Vec<_> = trained.models.iter().filter(|(task, _)| wanted(*task)).collect();
    if chosen.is_empty() {
        return Ok(0);
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    // All is written before the first name changes: a full disk changes nothing, and the names change at once.
    let mut ready: Vec<(NamedTempFile, String)> = Vec::new();
    let mut prepare = |name: String, bytes: &[u8]| -> anyhow::Result<()> {
        let file = unnamed(folder, bytes).with_context(|| format!("cannot write {}", folder.join(&name).display()))?;
        ready.push((file, name));
        Ok(())
    };
    for (task, stored) in &chosen {
        let new = [
            (format!("{}.model", task.as_str()), Trained::file(*task, stored).context("cannot compress a model")?),
            (format!("{}.card.toml", task.as_str()), card(*task, stored, trained, date).into_bytes()),
        ];
        for (name, bytes) in new {
            match std::fs::read(folder.join(&name)) {
                Ok(old) if keep => prepare(format!("{name}.previous"), &old)?,
                Err(error) if keep && error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot read {}", folder.join(&name).display()));
                }
                _ => {}
            }
            prepare(name, &bytes)?;
        }
    }
    for (file, name) in ready {
        let path = folder.join(name);
        file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    sync_folder(folder).with_context(|| format!("cannot write {}", folder.display()))?;
    Ok(chosen.len())
}

fn unnamed(folder: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    // The daemon runs as another user than whoever trains.
    let readable = std::fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}
