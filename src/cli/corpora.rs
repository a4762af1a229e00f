//! Reads annotated corpora from files and folders.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::domain::Asset;
use crate::triage::corpus::{Row, parse};

/// The files of the corpora named, folders by their `*.jsonl` in the order of their names, and their rows.
///
/// # Errors
/// When a path cannot be read, a row is not of the format (file, line and field are named), or an id stands twice.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<(Vec<Asset>, Vec<Row>)> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let listed =
                std::fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
            let listed: Result<Vec<_>, _> = listed.map(|entry| entry.map(|entry| entry.path())).collect();
            let mut inside = listed.with_context(|| format!("cannot read the folder {}", path.display()))?;
            inside.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    let read = parse_all(files.iter().map(|path| read_one(path)).collect::<anyhow::Result<Vec<_>>>()?)?;
    if read.1.is_empty() {
        bail!(
            "no annotated mail found in {}",
            paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(read)
}

/// The files and their rows.
///
/// # Errors
/// When a row is not of the format, or an id stands twice.
pub fn parse_all(assets: Vec<Asset>) -> anyhow::Result<(Vec<Asset>, Vec<Row>)> {
    let mut rows: Vec<Row> = Vec::new();
    let mut ids = std::collections::HashSet::new();
    for asset in &assets {
        for row in parse(asset)? {
            if !ids.insert(row.id.clone()) {
                bail!("{}: the id {} stands twice in the corpora", asset.origin, row.id);
            }
            rows.push(row);
        }
    }
    Ok((assets, rows))
}

fn read_one(path: &Path) -> anyhow::Result<Asset> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Asset { name, origin: path.display().to_string(), bytes })
}
